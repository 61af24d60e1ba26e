//! Predictions of two versions, row by row.

use super::item::Change;
use crate::certify::ChangedAnswers;
use crate::format::policy::Task;
use crate::name::SetName;

/// A predictions set that is not the same in both versions.
#[derive(Debug, Clone, PartialEq)]
pub struct PredictionsDiff {
    /// The set.
    pub set: SetName,
    /// Whether both have it.
    pub change: Change,
    /// What kind of prediction it holds, where both have it and that is known.
    pub task: Option<Task>,
    /// Its rows, or why they are not compared; none of a set that one version has.
    pub rows: Option<Result<RowsCompared, String>>,
}

/// The rows of a set in two versions.
#[derive(Debug, Clone, PartialEq)]
pub struct RowsCompared {
    /// Rows in both.
    pub both: u64,
    /// Rows that only `a` has.
    pub only_a: u64,
    /// Rows that only `b` has.
    pub only_b: u64,
    /// Rows in both with another label in each; their answers are not compared.
    pub relabelled: u64,
    /// What changed in the answers of all others, or why that is not known.
    pub answers: Result<ChangedAnswers, String>,
}
