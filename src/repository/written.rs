//! Two configuration files as one, every word of which knows the file and the line it stands in.

use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::ConfigError;
use crate::format::config::ConfigFile;
use crate::nearest::nearest_key;

/// The configuration, and what overrides it on this machine.
pub(super) struct Written<'w> {
    pub(super) path: &'w Path,
    pub(super) text: &'w str,
    pub(super) local: &'w Path,
    /// The text of the second file behind as many line ends as the first has bytes: a place is in one of the two.
    pub(super) over: Option<String>,
}

/// Puts a text behind another one's bytes.
pub(super) fn behind(text: &str) -> impl Fn(&str) -> String {
    let before = "\n".repeat(text.len());
    move |over| format!("{before}{}", over.strip_prefix('\u{feff}').unwrap_or(over))
}

impl<'w> Written<'w> {
    /// What both say, and where. The first must be whole by itself: others have it without the second.
    pub(super) fn read(&'w self) -> Result<(ConfigFile, DeTable<'w>), ConfigError> {
        let alone = toml::from_str(self.text).map_err(|e| self.explain(&e))?;
        let mut table = DeTable::parse(self.text).map_err(|e| self.explain(&e))?.into_inner();
        let Some(over) = &self.over else { return Ok((alone, table)) };
        let over = DeTable::parse(over).map_err(|e| self.explain(&e))?;
        let whole = over.span();
        drop_other_forms(&mut table, over.get_ref());
        merge(&mut table, over.into_inner());
        let file = ConfigFile::of_table(Spanned::new(whole, table.clone())).map_err(|e| self.explain(&e))?;
        Ok((file, table))
    }

    /// The file and the line of a dotted key, or of the nearest table above it.
    pub(super) fn place(&self, table: &DeTable<'_>, key: &str) -> (PathBuf, Option<usize>) {
        let (path, line) = self.line(find(table, key).map(|span| span.start));
        (path.to_path_buf(), line)
    }

    fn line(&self, at: Option<usize>) -> (&Path, Option<usize>) {
        let lines = |text: &str| 1 + text.bytes().filter(|byte| *byte == b'\n').count();
        match (at, &self.over) {
            (None, _) => (self.path, None),
            (Some(at), Some(over)) if at >= self.text.len() => {
                (self.local, over.get(self.text.len()..at.min(over.len())).map(lines))
            }
            (Some(at), _) => (self.path, self.text.get(..at.min(self.text.len())).map(lines)),
        }
    }

    fn explain(&self, error: &toml::de::Error) -> ConfigError {
        let reason = error.message().to_owned();
        let nearest = nearest_key(&reason);
        let (path, line) = self.line(error.span().map(|span| span.start));
        ConfigError::Toml { path: path.to_path_buf(), line, reason, nearest }
    }
}

/// Keys of `over` win; tables are merged.
fn merge<'t>(base: &mut DeTable<'t>, over: DeTable<'t>) {
    for (key, value) in over {
        match (base.get_mut(key.get_ref().as_ref()).map(Spanned::get_mut), value.get_ref()) {
            (Some(DeValue::Table(below)), DeValue::Table(_)) => {
                if let DeValue::Table(above) = value.into_inner() {
                    merge(below, above);
                }
            }
            _ => {
                base.remove(key.get_ref().as_ref());
                base.insert(key, value);
            }
        }
    }
}

/// Where data lies on this machine takes the place of whatever the project says, in whichever form.
fn drop_other_forms(base: &mut DeTable<'_>, over: &DeTable<'_>) {
    const FORMS: [&str; 4] = ["path", "uri", "dvc", "checksum"];
    let Some(models) = over.get("model").and_then(|models| table(models.get_ref())) else { return };
    for (model, file) in models {
        let sources = table(file.get_ref()).and_then(|file| table(file.get("data")?.get_ref()));
        for (name, source) in sources.into_iter().flatten() {
            if !table(source.get_ref()).is_some_and(|source| FORMS[..3].iter().any(|form| source.contains_key(*form))) {
                continue;
            }
            let way = ["model", model.get_ref(), "data", name.get_ref()];
            if let Some(below) = way.iter().try_fold(&mut *base, |at, key| table_mut(at.get_mut(*key)?.get_mut())) {
                FORMS.iter().for_each(|form| drop(below.remove(*form)));
            }
        }
    }
}

fn table<'v, 't>(value: &'v DeValue<'t>) -> Option<&'v DeTable<'t>> {
    if let DeValue::Table(table) = value { Some(table) } else { None }
}

fn table_mut<'v, 't>(value: &'v mut DeValue<'t>) -> Option<&'v mut DeTable<'t>> {
    if let DeValue::Table(table) = value { Some(table) } else { None }
}

fn find(table: &DeTable<'_>, key: &str) -> Option<Range<usize>> {
    table.iter().find_map(|(name, value)| {
        let rest = key.strip_prefix(name.get_ref().as_ref())?;
        if rest.is_empty() {
            return Some(name.span());
        }
        let rest = rest.strip_prefix('.')?;
        match value.get_ref() {
            DeValue::Table(inner) => find(inner, rest).or_else(|| Some(name.span())),
            _ => None,
        }
    })
}
