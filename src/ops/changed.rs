//! Differences as rows of one table, for files and pages that hold them all.

use crate::compare::{Change, Command, Diff, Item};
use crate::shell;

/// Something that is different.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Changed {
    /// Of which part: `parameter`, `metric`, `model file`…
    pub part: &'static str,
    /// Which.
    pub name: String,
    /// How.
    pub change: String,
    /// What it was.
    pub a: Option<String>,
    /// What it is.
    pub b: Option<String>,
}

/// Everything that is different, part by part.
pub(super) fn items(diff: &Diff) -> Vec<Changed> {
    let mut items = Vec::new();
    add(&mut items, "model file", &diff.files, |file| file.content.clone());
    add(&mut items, "parameter", &diff.params, ToString::to_string);
    add(&mut items, "metric", &diff.metrics, ToString::to_string);
    add(&mut items, "data", &diff.data, |data| {
        data.sha256.clone().or_else(|| data.checksum.clone()).unwrap_or_default()
    });
    if let Some((a, b)) = &diff.code.commit {
        items.push(changed("commit", a.as_ref(), b.as_ref()));
    }
    add(&mut items, "code", &diff.code.files, |file| file.content.clone());
    add(&mut items, "environment", &diff.environment, ToString::to_string);
    add(&mut items, "seed", &diff.seeds, ToString::to_string);
    if let Some((a, b)) = &diff.command {
        let line = |command: &Option<Command>| command.as_ref().map(|command| shell::line(&command.argv));
        items.push(changed("command", line(a).as_ref(), line(b).as_ref()));
    }
    add(&mut items, "result", &diff.results, |file| file.content.clone());
    if let Some((a, b)) = &diff.notes {
        items.push(changed("notes", a.as_ref(), b.as_ref()));
    }
    items
}

/// Of a part that is one thing.
fn changed(part: &'static str, a: Option<&String>, b: Option<&String>) -> Changed {
    Changed { part, name: String::new(), change: "changed".to_owned(), a: a.cloned(), b: b.cloned() }
}

fn add<T>(items: &mut Vec<Changed>, part: &'static str, found: &[Item<T>], view: impl Fn(&T) -> String) {
    items.extend(found.iter().map(|one| Changed {
        part,
        name: one.name.clone(),
        change: match &one.change {
            Change::Renamed(from) => format!("renamed from {from}"),
            other => other.name().to_owned(),
        },
        a: one.a.as_ref().map(&view),
        b: one.b.as_ref().map(&view),
    }));
}
