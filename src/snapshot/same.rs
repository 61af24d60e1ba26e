//! When a capture is no new version: model, parameters, data, results, code in scope, seeds and notes are those of the newest one.

use crate::format::snapshot::{CodeRecord, EnvironmentRecord, SnapshotRecord};

/// The parts in which `b`, the later one, differs from `a`, of those that make a new version.
///
/// Saying nothing is not a change of notes: a snapshot taken again without notes is the same version.
pub fn differs_in(a: &SnapshotRecord, b: &SnapshotRecord) -> Vec<&'static str> {
    let parts = [
        ("model", a.model_files == b.model_files),
        ("params", a.params == b.params && a.params_files == b.params_files),
        ("metrics", a.metrics == b.metrics && a.metrics_files == b.metrics_files),
        ("results", a.results == b.results && a.predictions == b.predictions && a.samples == b.samples),
        ("data", a.data == b.data),
        ("code", same_code(&a.code, &b.code)),
        ("seeds", a.seeds == b.seeds),
        ("notes", b.notes.is_none() || a.notes == b.notes),
    ];
    parts.into_iter().filter(|(_, same)| !same).map(|(part, _)| part).collect()
}

/// The code in scope is its files. A commit that changes nothing in scope changes no code; nor does
/// committing what was captured uncommitted.
fn same_code(a: &CodeRecord, b: &CodeRecord) -> bool {
    a.kind == b.kind && a.tree == b.tree && a.prefix == b.prefix && a.scope == b.scope
}

/// Packages, runtimes and lock files in which two environments differ, one line each.
pub fn environment_differences(a: &EnvironmentRecord, b: &EnvironmentRecord) -> Vec<String> {
    let mut lines = Vec::new();
    let languages: std::collections::BTreeSet<&str> =
        a.runtimes.iter().chain(&b.runtimes).map(|r| r.language.as_str()).collect();
    for language in languages {
        let find = |e: &EnvironmentRecord| e.runtimes.iter().find(|r| r.language == language).cloned();
        let (a, b) = (find(a), find(b));
        let version = |r: &Option<crate::format::snapshot::RuntimeRecord>| {
            r.as_ref().map_or_else(|| "none".to_owned(), |r| r.version.clone().unwrap_or_else(|| "unknown".to_owned()))
        };
        if version(&a) != version(&b) {
            lines.push(format!("{language} {} → {}", version(&a), version(&b)));
        }
        let packages = |r: &Option<crate::format::snapshot::RuntimeRecord>| {
            r.as_ref().map(|r| r.packages.clone()).unwrap_or_default()
        };
        let (a, b) = (packages(&a), packages(&b));
        let names: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
        for name in names {
            let (old, new) = (a.get(name), b.get(name));
            if old != new {
                let text = |v: Option<&String>| v.map_or("none", String::as_str).to_owned();
                lines.push(format!("{name} {} → {}", text(old), text(new)));
            }
        }
    }
    lines
}
