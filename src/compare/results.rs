//! What models came out with, and what they started from, as facts that compare one by one.

use std::collections::BTreeMap;

use super::files::FileFacts;
use crate::format::scalar::Scalar;
use crate::format::snapshot::SnapshotRecord;

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
        all.insert("results".to_owned(), facts(tree.tree.to_string(), tree.bytes));
    }
    all
}
