//! Text that comes from outside into what we generate: cleaned of secrets, and counted.

use std::collections::BTreeMap;

use super::secrets::Scanner;
use crate::format::found::FoundRecord;
use crate::format::scalar::Scalar;
use crate::format::snapshot::RedactionRecord;

/// Replaces secrets and remembers where.
#[derive(Debug, Default)]
pub struct Redacted {
    /// Generated text knows no allowances.
    scanner: Scanner,
    counted: BTreeMap<(String, &'static str), u64>,
}

impl Redacted {
    /// `text`, which is to stand in `field`, without secrets.
    pub fn text(&mut self, field: &str, text: &str) -> String {
        let (clean, counts) = self.scanner.redact(text);
        self.count(field, counts);
        clean
    }

    /// The same in place.
    pub fn clean(&mut self, field: &str, text: &mut String) {
        let clean = self.text(field, text);
        if clean != *text {
            *text = clean;
        }
    }

    /// Whether there is no secret in `text`: of many short texts together, that is found out sooner than of each.
    pub fn is_clean(&self, text: &str) -> bool {
        self.scanner.redact(text).1.is_empty()
    }

    /// A value that has a name: the name counts, so that the value alone need not look like a secret.
    pub fn named(&mut self, field: &str, name: &str, value: &str) -> String {
        let (clean, counts) = self.scanner.redact_arguments(&[format!("{name}={value}")]);
        let assigned = clean.into_iter().next().unwrap_or_default();
        match assigned.strip_prefix(name).and_then(|behind| behind.strip_prefix('=')) {
            Some(clean) => {
                self.count(field, counts);
                clean.to_owned()
            }
            // A name that is itself a secret is not there any more: it is replaced, and counted, where it stands.
            None => self.text(field, value),
        }
    }

    fn count(&mut self, field: &str, counts: Vec<(&'static str, u64)>) {
        if counts.is_empty() {
            return;
        }
        // The field may be named after what it holds.
        let field = self.scanner.redact(field).0;
        for (rule, count) in counts {
            *self.counted.entry((field.clone(), rule)).or_default() += count;
        }
    }

    /// What model files say of themselves.
    pub fn found(&mut self, found: &mut FoundRecord) {
        for file in &mut found.files {
            let field = format!("found.{}", file.path);
            let texts = file.class.iter_mut().chain(&mut file.findings);
            let library = file.library.iter_mut().flat_map(|library| [&mut library.name, &mut library.version]);
            let imports = file.imports.iter_mut().flat_map(|import| [&mut import.module, &mut import.name]);
            texts.chain(library).chain(imports).for_each(|text| self.clean(&field, text));
            for values in [&mut file.params, &mut file.state, &mut file.seeds] {
                let clean = |(name, value): (String, Scalar)| {
                    let value = self.value(&field, &name, value);
                    (self.text(&field, &name), value)
                };
                *values = std::mem::take(values).into_iter().map(clean).collect();
            }
        }
    }

    fn value(&mut self, field: &str, name: &str, value: Scalar) -> Scalar {
        match value {
            Scalar::Text(text) => Scalar::Text(self.named(field, name, &text)),
            Scalar::List(items) => {
                // The first of a pair is the name of the second.
                let mut name = name.to_owned();
                let clean = items.into_iter().map(|item| {
                    let before = if let Scalar::Text(text) = &item { text.clone() } else { name.clone() };
                    let item = self.value(field, &name, item);
                    name = before;
                    item
                });
                Scalar::List(clean.collect())
            }
            other => other,
        }
    }

    /// Every replacement, by field, then rule.
    pub fn into_records(self) -> Vec<RedactionRecord> {
        let record =
            |((field, rule), count): ((String, &str), u64)| RedactionRecord { field, rule: rule.to_owned(), count };
        self.counted.into_iter().map(record).collect()
    }
}
