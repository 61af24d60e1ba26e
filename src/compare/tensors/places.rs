//! Which layers lie in an estimator that was replaced: found in one walk along the layer's name, however many were replaced.

use std::collections::{HashMap, HashSet};

/// What scikit-learn keeps estimators in: no part of the names of their parameters.
const COMPOSITIONS: [&str; 7] =
    ["steps", "transformer_list", "transformers", "transformers_", "estimators", "estimators_", "best_estimator_"];
/// A step may be called like a composition, so that a name can be read in several ways. No more are followed.
const READINGS: usize = 16;
/// Where the names of all parameters begin.
const ROOT: usize = 0;

/// The names of the parameters of replaced estimators in one set, as a tree of their parts.
#[derive(Debug, Default)]
pub(super) struct Places<'r> {
    next: HashMap<(usize, &'r str), usize>,
    ends: HashSet<usize>,
}

impl<'r> Places<'r> {
    /// Adds an estimator by the name of its parameter, `clf__estimator`; empty for the whole file's.
    pub(super) fn insert(&mut self, setting: &'r str) {
        let mut at = ROOT;
        for part in setting.split("__").filter(|part| !part.is_empty()) {
            let new = self.next.len() + 1;
            at = *self.next.entry((at, part)).or_insert(new);
        }
        self.ends.insert(at);
    }

    /// The shortest beginning of `layer` that is such an estimator, if it lies in one.
    pub(super) fn above<'n>(&self, layer: &'n str) -> Option<&'n str> {
        if self.ends.contains(&ROOT) {
            return layer.get(..0);
        }
        let (mut at, mut end) = (vec![ROOT], 0);
        for part in layer.split('.') {
            let mut reached: Vec<usize> = at.iter().filter_map(|from| self.next.get(&(*from, part)).copied()).collect();
            end += part.len();
            if reached.iter().any(|place| self.ends.contains(place)) {
                return layer.get(..end);
            }
            if COMPOSITIONS.contains(&part) {
                reached.append(&mut at);
                reached.sort_unstable();
                reached.dedup();
                reached.truncate(READINGS);
            }
            if reached.is_empty() {
                return None;
            }
            at = reached;
            end += 1;
        }
        None
    }
}
