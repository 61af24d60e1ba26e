//! The rows of two models' sets, matched by key.
//!
//! Nothing is paired by position: that is how regenerated keys pass unnoticed. Knows tables only as they were
//! [read](super::predictions). Columns are moved, not copied: with ten million rows each copy would be felt.

mod agreement;
mod classes;
mod digest;
mod overlap;
mod picked;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use self::overlap::{Overlap, overlap};

use super::predictions::{Answers, Keys, Labels, Named, PredictionTable, unreadable};
use super::{Defect, JoinedRows, NumberColumns, PredictedColumns, RowNames, TruthColumn};
use crate::format::policy::Task;
use crate::name::SetName;
use crate::table::Codes;

/// Matches the rows of both sets by key; without a baseline the candidate's rows are all there is.
///
/// Every row must be in both; see [`join_covering`]. Labels must agree, numbers exactly; so must the label that is positive, weights,
/// clusters and queries, which both have or neither; so must slices where both have them. Slices are the candidate's.
///
/// # Errors
/// Rows or roles of columns that are in one only, and whatever differs that must agree.
pub fn join(
    set: &SetName,
    task: Task,
    candidate: PredictionTable,
    baseline: Option<PredictionTable>,
) -> Result<JoinedRows, Defect> {
    join_covering(set, task, candidate, baseline, 1.0)
}

/// The same, of sets of which only so large a share of the larger one's rows need be in both: the others are counted, and left out.
///
/// # Errors
/// As [`join`], of the rows that are in both.
pub fn join_covering(
    set: &SetName,
    task: Task,
    mut candidate: PredictionTable,
    mut baseline: Option<PredictionTable>,
    coverage: f64,
) -> Result<JoinedRows, Defect> {
    let (mut only_candidate, mut only_baseline) = (0, 0);
    if let Some(baseline) = &mut baseline {
        let matched = agreement::of_keys(set, &candidate, baseline, coverage)?;
        (only_candidate, only_baseline) = (candidate.rows() - matched, baseline.rows() - matched);
        if only_candidate + only_baseline > 0 {
            let (ours, theirs) = candidate.keys.common(&baseline.keys);
            (candidate, *baseline) = (candidate.picked(&ours), baseline.picked(&theirs));
        }
    }
    for table in [Some(&candidate), baseline.as_ref()].into_iter().flatten() {
        if table.truth.task() != task {
            return Err(unreadable(&table.path, "it was read for another task"));
        }
    }
    if let Some(baseline) = &baseline {
        agreement::of_positive(set, &candidate, baseline)?;
        agreement::of_labels(set, &candidate, baseline)?;
        agreement::of_slices(set, &candidate, baseline)?;
    }
    let mut unfit = [std::mem::take(&mut candidate.unfit), BTreeMap::new()];
    if let Some(baseline) = &mut baseline {
        unfit[1] = std::mem::take(&mut baseline.unfit);
    }
    let theirs = baseline.as_mut();
    let (their_weights, their_clusters, their_groups, mut their_numbers) = match theirs {
        Some(theirs) => {
            (theirs.weights.take(), theirs.clusters.take(), theirs.groups.take(), std::mem::take(&mut theirs.numbers))
        }
        None => (None, None, None, BTreeMap::new()),
    };
    let keys = &candidate.keys;
    let of = (set, baseline.is_some());
    let weights = agreement::both(of, "weight", keys, candidate.weights.take(), their_weights)?;
    let clusters = agreement::both(of, "cluster", keys, candidate.clusters.take(), their_clusters)?;
    let groups = agreement::both(of, "group", keys, candidate.groups.take(), their_groups)?;
    let groups = groups.map(|groups| numbered(&groups));
    let columns = std::mem::take(&mut candidate.numbers)
        .into_iter()
        .map(|(name, candidate)| {
            let baseline = their_numbers.remove(&name);
            (name, NumberColumns { candidate, baseline })
        })
        .collect();
    let PredictionTable { keys, truth, predicted, slices, .. } = candidate;
    let baseline = baseline.map(|baseline| (baseline.truth, baseline.predicted));
    let (truth, candidate, baseline) = match truth {
        Labels::Classes(labels) => classes::numbered(labels, predicted, baseline),
        truth => (truth.into_column(), predicted.into(), baseline.map(|(_, predicted)| predicted.into())),
    };
    let mut joined = JoinedRows {
        set: set.clone(),
        names: RowNames(Some(Arc::clone(&keys.cells))),
        // No table holds them any more.
        keys: Arc::unwrap_or_clone(keys).hashes,
        truth,
        candidate,
        baseline,
        weights,
        clusters,
        groups,
        columns,
        unfit,
        slices,
        digest: crate::digest::Digest::of(b""),
        only_candidate: only_candidate as u64,
        only_baseline: only_baseline as u64,
    };
    joined.digest = digest::of(&joined);
    Ok(joined)
}

/// Numbers by first occurrence in the order of keys, which no file's order changes.
fn numbered(hashes: &[u64]) -> Vec<u32> {
    let mut known = std::collections::HashMap::new();
    hashes
        .iter()
        .map(|hash| {
            let next = known.len() as u32;
            *known.entry(hash).or_insert(next)
        })
        .collect()
}

impl Labels {
    const fn task(&self) -> Task {
        match self {
            Self::Binary(_) => Task::Binary,
            Self::Classes(_) => Task::Multiclass,
            Self::Real(_) => Task::Regression,
            Self::Relevance(_) => Task::Ranking,
            Self::Texts(_) => Task::Text,
        }
    }

    /// Labels that need no class names; of classes, their codes.
    fn into_column(self) -> TruthColumn {
        match self {
            Self::Binary(labels) => TruthColumn::Binary(labels),
            Self::Real(labels) => TruthColumn::Real(labels),
            Self::Relevance(labels) => TruthColumn::Relevance(labels),
            Self::Texts(labels) => TruthColumn::Texts(labels),
            Self::Classes(Codes { values, rows }) => TruthColumn::Classes { labels: rows, names: values },
        }
    }
}

impl From<Answers> for PredictedColumns {
    /// Columns that need no class names.
    fn from(answers: Answers) -> Self {
        Self {
            scores: answers.scores,
            classes: answers.classes.map(|classes| classes.rows),
            values: answers.values,
            texts: answers.texts,
            probabilities: None,
        }
    }
}
