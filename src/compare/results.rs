//! What models came out with, and what they started from, as facts that compare one by one.

use std::collections::BTreeMap;

use super::files::{FileFacts, compare_files};
use super::inside::Inside;
use super::item::Item;
use super::{SamplesDiff, Side};
use crate::format::scalar::Scalar;
use crate::format::snapshot::SnapshotRecord;

/// The name that all files of results have together.
pub(super) const ALL_FILES: &str = "results";

/// What is different in files of results and in samples.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ResultsDiff {
    /// The files that are nothing else besides, by path; none where one side's cannot be listed.
    pub files: Option<Vec<Item<FileFacts>>>,
    /// What is different inside of them, as far as they can be looked into, by path.
    pub inside: BTreeMap<String, Inside>,
    /// Files that differ and are compared as something else, and as what (`metrics`, `predictions.test`).
    pub elsewhere: Vec<(Item<FileFacts>, String)>,
    /// Sets of samples.
    pub samples: Vec<SamplesDiff>,
}

impl ResultsDiff {
    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.files.as_ref().is_none_or(Vec::is_empty) && self.elsewhere.is_empty() && self.samples.is_empty()
    }

    /// The files that differ and are nothing else besides.
    pub fn files(&self) -> &[Item<FileFacts>] {
        self.files.as_deref().unwrap_or_default()
    }
}

/// Seeds by name.
pub(super) fn seed_values(record: &SnapshotRecord) -> BTreeMap<String, Scalar> {
    record.seeds.iter().map(|seed| (seed.name.clone(), seed.value.clone())).collect()
}

/// Files of evidence and other results by name.
pub(super) fn result_facts(record: &SnapshotRecord) -> BTreeMap<String, FileFacts> {
    let facts = |content: String, size: u64| FileFacts { content, size, executable: false };
    let mut all = BTreeMap::new();
    for set in &record.predictions {
        all.insert(format!("predictions.{}", set.name), facts(set.file.to_string(), set.size));
    }
    for set in &record.samples {
        all.insert(format!("samples.{}", set.name), facts(set.file.to_string(), set.size));
    }
    for report in &record.reports {
        all.insert(format!("reports.{}", report.name), facts(report.file.to_string(), report.size));
    }
    if let Some(tree) = &record.results {
        all.insert(ALL_FILES.to_owned(), facts(tree.tree.to_string(), tree.bytes));
    }
    all
}

/// The files of results, without those that are metrics or evidence: these are compared as what they are.
pub(super) fn compare_results(a: &Side, b: &Side) -> ResultsDiff {
    let (Some(old), Some(new)) = (&a.result_files, &b.result_files) else { return ResultsDiff::default() };
    let mut known = BTreeMap::new();
    let mut tell = |path: &str, what: String| drop(known.insert(path.to_owned(), what));
    for side in [a, b] {
        side.metric_paths.iter().for_each(|path| tell(path, "metrics".to_owned()));
        side.record.predictions.iter().for_each(|set| tell(&set.path, format!("predictions.{}", set.name)));
        side.record.samples.iter().for_each(|set| tell(&set.path, format!("samples.{}", set.name)));
        side.record.reports.iter().for_each(|report| tell(&report.path, format!("reports.{}", report.name)));
    }
    let (mut elsewhere, mut files) = (Vec::new(), Vec::new());
    for item in compare_files(old, new) {
        match known.get(&item.name) {
            Some(what) => elsewhere.push((item, what.clone())),
            None => files.push(item),
        }
    }
    ResultsDiff { files: Some(files), elsewhere, ..ResultsDiff::default() }
}
