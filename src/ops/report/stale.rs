//! Results of a version that are another model's, byte for byte.

use crate::certify;
use crate::format::snapshot::SnapshotRecord;
use crate::ops::snapshot::stale_evidence;
use crate::page::report::{Quality, Samples};

/// What `stale_evidence` calls metrics that were written down.
const METRICS: &str = "metrics";

/// Results, and whose they are.
#[derive(Debug, Clone, Default)]
pub(super) struct Stale {
    found: Vec<(String, String)>,
}

impl Stale {
    /// Those that are another version's; each is told of once.
    pub(super) fn add(&mut self, record: &SnapshotRecord, other: &SnapshotRecord, label: &str) {
        for name in stale_evidence(record, other) {
            // Reports are made of data, and no curve shows them.
            if !name.starts_with("reports.") && self.found.iter().all(|(known, _)| *known != name) {
                self.found.push((name, label.to_owned()));
            }
        }
    }

    /// Sentences, to stand above everything.
    pub(super) fn words(&self) -> Vec<String> {
        self.found.iter().map(|(name, whose)| certify::of_another(name, whose)).collect()
    }

    fn of(&self, set: &str) -> Option<String> {
        let (name, whose) = self.found.iter().find(|(name, _)| name == set && name != METRICS)?;
        Some(certify::of_another(name, whose))
    }

    /// Above the curves they are drawn of.
    pub(super) fn beside_curves(&self, mut sets: Vec<Quality>) -> Vec<Quality> {
        for set in &mut sets {
            let note = self.of(&set.set);
            set.notes.splice(..0, note);
        }
        sets
    }

    /// Above the distributions.
    pub(super) fn beside_samples(&self, mut sets: Vec<Samples>) -> Vec<Samples> {
        for set in &mut sets {
            let note = self.of(&set.set);
            set.notes.splice(..0, note);
        }
        sets
    }
}
