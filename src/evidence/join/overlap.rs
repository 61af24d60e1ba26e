//! What two sets have in common, whatever else is in them: for whoever compares them without judging.

use std::sync::Arc;

use super::{PredictionTable, agreement, join};
use crate::evidence::{Defect, JoinedRows};
use crate::format::policy::Task;
use crate::name::SetName;

/// The rows of two sets.
#[derive(Debug, Clone)]
pub struct Overlap {
    /// Rows in both.
    pub both: u64,
    /// Rows that only the candidate has.
    pub only_candidate: u64,
    /// Rows that only the baseline has.
    pub only_baseline: u64,
    /// Rows in both with another label in each.
    pub relabelled: u64,
    /// What keeps the sets from being judged as they are: what the [join](join()) would say.
    pub unfit: Option<Defect>,
    /// The rows in both that have the same label, sorted into slices as the candidate does.
    pub rows: Result<JoinedRows, Defect>,
}

/// Compares the rows of both sets; `coverage` is the share of the larger set's rows that must be in both for them to be judged.
///
/// # Errors
/// Two different keys of one hash.
pub fn overlap(
    set: &SetName,
    task: Task,
    candidate: PredictionTable,
    mut baseline: PredictionTable,
    coverage: f64,
) -> Result<Overlap, Defect> {
    let (ours, theirs) = (candidate.rows(), baseline.rows());
    let (candidate, both, covered) = if Arc::ptr_eq(&candidate.keys, &baseline.keys) {
        (candidate, ours, Ok(ours))
    } else {
        let both = candidate.keys.matched(&baseline.keys, &candidate.path)?;
        let covered = agreement::of_keys(set, &candidate, &baseline, coverage);
        if both < ours.max(theirs) {
            let (mine, others) = candidate.keys.common(&baseline.keys);
            baseline = baseline.picked(&others);
            (candidate.picked(&mine), both, covered)
        } else {
            (candidate, both, covered)
        }
    };
    let found = |unfit, relabelled, rows| Overlap {
        both: both as u64,
        only_candidate: (ours - both) as u64,
        only_baseline: (theirs - both) as u64,
        relabelled,
        unfit,
        rows,
    };
    if both == 0 {
        let none = Defect::Coverage { set: set.clone(), matched: 0, larger: ours.max(theirs) as u64 };
        return Ok(found(Some(none.clone()), 0, Err(none)));
    }
    let agrees = agreement::of_labels(set, &candidate, &baseline);
    let relabelled = match &agrees {
        Err(Defect::LabelsDisagree { rows, .. }) => *rows,
        _ => 0,
    };
    let positive = agreement::of_positive(set, &candidate, &baseline);
    let slices = agreement::of_slices(set, &candidate, &baseline);
    let unfit = covered.err().or(positive.err()).or(agrees.err()).or(slices.err());
    baseline.slices.clear();
    let rows = match relabelled {
        0 => join(set, task, candidate, Some(baseline)),
        all if all as usize == both => Err(unfit.clone().unwrap_or(Defect::NoRows { path: candidate.path })),
        _ => {
            let same = agreement::same_labels(&candidate, &baseline);
            join(set, task, candidate.picked(&same), Some(baseline.picked(&same)))
        }
    };
    let unfit = unfit.or_else(|| rows.as_ref().err().cloned());
    Ok(found(unfit, relabelled, rows))
}
