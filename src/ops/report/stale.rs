//! Results of a version that are another model's, byte for byte.

use crate::ops::diff::of_another::OfAnother;
use crate::page::report::{Quality, Samples};

/// What a record calls metrics that were written down: no curve is drawn of them.
const METRICS: &str = "metrics";

/// Results, and whose they are.
#[derive(Debug, Clone, Default)]
pub(super) struct Stale {
    found: Vec<OfAnother>,
}

impl Stale {
    /// Of what is another model's, all but reports: these are made of data.
    pub(super) fn of(found: Vec<OfAnother>) -> Self {
        Self { found: found.into_iter().filter(|one| !one.set.starts_with("reports.")).collect() }
    }

    /// Sentences.
    pub(super) fn words(&self) -> Vec<String> {
        self.found.iter().map(OfAnother::words).collect()
    }

    fn of_set(&self, set: &str) -> Option<String> {
        self.found.iter().find(|one| one.set == set && one.set != METRICS).map(OfAnother::words)
    }

    /// Above the curves they are drawn of.
    pub(super) fn beside_curves(&self, mut sets: Vec<Quality>) -> Vec<Quality> {
        for set in &mut sets {
            let note = self.of_set(&set.set);
            set.notes.splice(..0, note);
        }
        sets
    }

    /// Above the distributions.
    pub(super) fn beside_samples(&self, mut sets: Vec<Samples>) -> Vec<Samples> {
        for set in &mut sets {
            let note = self.of_set(&set.set);
            set.notes.splice(..0, note);
        }
        sets
    }
}
