//! When a capture is no new version: model, parameters, data, results, code in scope, seeds and notes are those of the newest one.

use std::collections::HashMap;

use super::build::Built;
use super::folders::{self, TreeFile};
use crate::digest::Digest;
use crate::format::snapshot::{CodeRecord, EnvironmentRecord, SeedRecord, SeedSource, SnapshotRecord};
use crate::store::Store;

/// The parts in which `built` differs from `a`, the earlier one, of those that make a new version.
///
/// Saying nothing is no change: a snapshot taken again without notes, or without the seed that a run was given, is the same
/// version. The store is asked only
/// where notebooks may be all that differs.
pub fn differs_in(store: &Store, a: &SnapshotRecord, built: &Built) -> Vec<&'static str> {
    let b = &built.record;
    let parts = [
        ("model", a.model_files == b.model_files),
        ("params", a.params == b.params && a.params_files == b.params_files),
        ("metrics", a.metrics == b.metrics && a.metrics_files == b.metrics_files),
        (
            "results",
            a.results == b.results
                && a.predictions == b.predictions
                && a.samples == b.samples
                && a.reports == b.reports,
        ),
        ("data", a.data == b.data),
        ("code", same_code(store, &a.code, &b.code, &built.code_files)),
        ("seeds", same_seeds(a, b)),
        ("notes", b.notes.is_none() || a.notes == b.notes),
    ];
    parts.into_iter().filter(|(_, same)| !same).map(|(part, _)| part).collect()
}

fn same_seeds(a: &SnapshotRecord, b: &SnapshotRecord) -> bool {
    let is_told = |seed: &&SeedRecord| matches!(seed.source, SeedSource::Given | SeedSource::Issued);
    let nothing_said = b.argv.is_none() && !b.seeds.iter().any(|seed| is_told(&seed));
    let before = a.seeds.iter().filter(|seed| !nothing_said || !is_told(seed));
    before.eq(&b.seeds)
}

/// The code in scope is its files. A commit that changes nothing in scope changes no code; nor does
/// committing what was captured uncommitted, nor running a notebook again.
fn same_code(store: &Store, a: &CodeRecord, b: &CodeRecord, files: &[TreeFile]) -> bool {
    let same_place = a.kind == b.kind && a.prefix == b.prefix && a.scope == b.scope;
    same_place && (a.tree == b.tree || same_sources(store, a, b, files))
}

/// Whether two trees differ in nothing but what running notebooks changes in them. One that cannot be read is another one.
fn same_sources(store: &Store, a: &CodeRecord, b: &CodeRecord, files: &[TreeFile]) -> bool {
    let (Some(tree), false) = (a.tree, a.notebooks.is_empty() || b.notebooks.is_empty()) else { return false };
    let sources = Sources::of(a, b);
    let Ok(before) = folders::files_of(store, tree.tree) else { return false };
    let mut files: Vec<&TreeFile> = files.iter().collect();
    files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    before.len() == files.len()
        && before.iter().zip(files).all(|(a, b)| {
            let only_outputs = || a.path == b.path && a.kind == b.kind && sources.are_the_same(&a.path);
            a == b || only_outputs()
        })
}

/// What the notebooks of two versions say.
#[derive(Debug)]
pub struct Sources<'r> {
    a: HashMap<&'r str, Digest>,
    b: HashMap<&'r str, Digest>,
}

impl<'r> Sources<'r> {
    /// Of these two.
    pub fn of(a: &'r CodeRecord, b: &'r CodeRecord) -> Self {
        let of = |code: &'r CodeRecord| code.notebooks.iter().map(|n| (n.path.as_str(), n.sha256)).collect();
        Self { a: of(a), b: of(b) }
    }

    /// Whether the file at `path` is a notebook in both, with the same sources.
    pub fn are_the_same(&self, path: &str) -> bool {
        self.a.get(path).is_some_and(|sources| self.b.get(path) == Some(sources))
    }
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
    if a.image != b.image {
        let text = |image: &Option<String>| image.as_deref().unwrap_or("none").to_owned();
        lines.push(format!("image {} → {}", text(&a.image), text(&b.image)));
    }
    lines
}
