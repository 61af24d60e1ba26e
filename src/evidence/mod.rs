//! What certificates rest on: predictions of both models matched row by row, samples, reported numbers.
//!
//! Evidence comes from stored versions, never from loose files. Reading it judges nothing: what is missing, undefined or
//! contradictory is returned as a [`Defect`], and the [certifier](crate::certify) decides what that means.

mod evaluation;
mod hashing;
mod join;
mod label;
mod pick;
mod predictions;
mod recognized;
mod row_changes;
mod samples;
mod spelling;
mod training;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use self::join::{Overlap, join, join_covering, overlap};
pub use self::label::labels;
pub use self::predictions::{
    Asked, PredictionTable, key_hash, read as read_predictions, read_asked as read_predictions_asked,
};
pub use self::recognized::{Recognized, likely_slices, recognize, task_of};
pub use self::row_changes::{RowChanges, TableRows, row_changes};
pub use self::samples::read as read_samples;
pub use self::training::{
    ColumnRows, EvaluationRows, RepeatedKeys, TrainingColumns, Wanted, column_kinds, distinct_texts,
};

use self::predictions::KeyCells;
use crate::digest::Digest;
use crate::format::certificate::replacing;
use crate::name::SetName;

/// One predictions set of one or two models, row by row, sorted by row key.
#[derive(Debug, Clone)]
pub struct JoinedRows {
    /// The set.
    pub set: SetName,
    /// A 64-bit hash of each row's key, ascending; distinct.
    pub keys: Vec<u64>,
    /// The truth, of length `keys.len()` like everything below.
    pub truth: TruthColumn,
    /// What the candidate said.
    pub candidate: PredictedColumns,
    /// What the baseline said; none where there is no baseline.
    pub baseline: Option<PredictedColumns>,
    /// How much each row counts; none: 1 each.
    pub weights: Option<Vec<f64>>,
    /// A hash of the cluster of each row.
    pub clusters: Option<Vec<u64>>,
    /// The query of each row, numbered.
    pub groups: Option<Vec<u32>>,
    /// The columns of numbers that a rule asks for.
    pub columns: BTreeMap<String, NumberColumns>,
    /// Columns of numbers in which some cell of the candidate's is no finite number, and such of the baseline's.
    pub unfit: [BTreeMap<String, Defect>; 2],
    /// The keys as people read them.
    pub names: RowNames,
    /// The columns named as slices (and those a rule asks for): column → value of each row.
    pub slices: BTreeMap<String, SliceColumn>,
    /// SHA-256 over keys, truth, both predictions, weights, clusters and queries: the seed of every resampling.
    pub digest: Digest,
    /// Rows only the candidate has.
    pub only_candidate: u64,
    /// Rows only the baseline has.
    pub only_baseline: u64,
}

impl JoinedRows {
    /// The place of the row whose key cells have these canonical texts.
    pub fn place(&self, key: &[String]) -> Option<usize> {
        self.keys.binary_search(&key_hash(key)).ok()
    }
}

/// The truth of every row.
#[derive(Debug, Clone)]
pub enum TruthColumn {
    /// Whether the row is positive.
    Binary(Vec<bool>),
    /// The row's class, as an index into `names`, which is sorted.
    Classes {
        /// One index for each row.
        labels: Vec<u32>,
        /// Every class that occurs as a label, a prediction or a score column.
        names: Vec<String>,
    },
    /// The row's number.
    Real(Vec<f64>),
    /// How relevant the row's document is to its query.
    Relevance(Vec<f64>),
    /// The row's reference answer.
    Texts(Vec<String>),
}

/// What one model said about every row.
#[derive(Debug, Clone, Default)]
pub struct PredictedColumns {
    /// Score of the positive class.
    pub scores: Option<Vec<f64>>,
    /// Predicted class: an index into the truth's names; for two classes 1 is positive.
    pub classes: Option<Vec<u32>>,
    /// One column of probabilities for each of the truth's names.
    pub probabilities: Option<Vec<Vec<f64>>>,
    /// Predicted number.
    pub values: Option<Vec<f64>>,
    /// Answer.
    pub texts: Option<Vec<String>>,
}

/// A column of numbers in the tables of one or two models.
#[derive(Debug, Clone, Default)]
pub struct NumberColumns {
    /// The candidate's.
    pub candidate: Vec<f64>,
    /// The baseline's; none where there is no baseline, or its table has no such column.
    pub baseline: Option<Vec<f64>>,
}

/// The keys of joined rows, as people read them.
#[derive(Debug, Clone, Default)]
pub struct RowNames(Option<Arc<KeyCells>>);

impl RowNames {
    /// The texts of the cells that make the key at `place`, whole; none of rows that came from no table.
    pub fn cells(&self, place: usize) -> Option<Vec<String>> {
        self.0.as_ref().filter(|keys| place < keys.len()).map(|keys| keys.cells(place))
    }

    /// The key at `place`: `row_id=17, day=3`, each value cut to 40 characters; none of rows that came from no table.
    pub fn text(&self, place: usize) -> Option<String> {
        self.0.as_ref().filter(|keys| place < keys.len()).map(|keys| keys.text(place))
    }
}

/// The value of a slice column in every row.
#[derive(Debug, Clone)]
pub struct SliceColumn {
    /// Distinct values as text, sorted; an empty cell is `(none)`.
    pub values: Vec<String>,
    /// One index into `values` for each row.
    pub rows: Vec<u32>,
}

fn rows_have(rows: u64) -> String {
    if rows == 1 { "1 row has".to_owned() } else { format!("{rows} rows have") }
}

/// A word for a table whose only column is all of them.
fn separated_otherwise(columns: &[String]) -> &'static str {
    match columns {
        [one] if one.contains(';') => ": cells are separated by commas, these seem to be by semicolons",
        [one] if one.contains('\t') => ": cells are separated by commas, these seem to be by tabs",
        _ => "",
    }
}

/// Something that keeps evidence from being used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Defect {
    /// There is no such set.
    #[error("the {role} has no {kind} set `{set}`")]
    SetMissing {
        /// `candidate` or `baseline`.
        role: &'static str,
        /// `predictions` or `samples`.
        kind: &'static str,
        /// Which.
        set: SetName,
    },
    /// The table has no such column.
    #[error("`{path}` has no column `{column}`; it has {}{}", columns.join(", "), separated_otherwise(columns))]
    ColumnMissing {
        /// The table.
        path: String,
        /// The column asked for.
        column: String,
        /// Those there are, at most twenty.
        columns: Vec<String>,
    },
    /// The file is not a table that can be read.
    #[error("`{path}` cannot be read as a table: {reason}")]
    Unreadable {
        /// The table.
        path: String,
        /// Why.
        reason: String,
    },
    /// This program could not make the predictions.
    #[error("the {role} could not be measured: {reason}")]
    NotMeasured {
        /// `candidate` or `baseline`.
        role: &'static str,
        /// Why.
        reason: String,
    },
    /// A cell is empty where a value is needed.
    #[error("`{path}` row {row}: `{column}` is empty")]
    Empty {
        /// The table.
        path: String,
        /// Counted from 1, without the header.
        row: u64,
        /// Which column.
        column: String,
    },
    /// A cell is not of the kind needed.
    #[error("`{path}` row {row}: `{column}` is `{value}`, not {expected}")]
    Cell {
        /// The table.
        path: String,
        /// Counted from 1, without the header.
        row: u64,
        /// Which column.
        column: String,
        /// What it is, cut to 40 characters.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
    /// A number is NaN or infinite.
    #[error("`{path}` row {row}: `{column}` is {value}")]
    NotFinite {
        /// The table.
        path: String,
        /// Counted from 1, without the header.
        row: u64,
        /// Which column.
        column: String,
        /// `NaN`, `inf`, `-inf`.
        value: String,
    },
    /// A key occurs more than once.
    #[error("`{path}` has the key {key} in rows {first} and {second}")]
    DuplicateKey {
        /// The table.
        path: String,
        /// The key's columns and values.
        key: String,
        /// Counted from 1.
        first: u64,
        /// Counted from 1.
        second: u64,
    },
    /// The two models were told different truths.
    #[error(
        "{} another label in the baseline's `{set}` than in the candidate's, the first with key {key}", rows_have(*rows)
    )]
    LabelsDisagree {
        /// The set.
        set: SetName,
        /// How many.
        rows: u64,
        /// The first one's key.
        key: String,
    },
    /// The two models were told different positive labels.
    #[error("in `{set}` the candidate's positive label is `{candidate}`, the baseline's is `{baseline}`")]
    OtherPositive {
        /// The set.
        set: SetName,
        /// The candidate's.
        candidate: String,
        /// The baseline's.
        baseline: String,
    },
    /// The two models' rows were sorted into different slices, clusters or queries, or weigh differently.
    #[error(
        "{} another `{column}` in the baseline's `{set}` than in the candidate's, the first with key {key}", rows_have(*rows)
    )]
    SlicesDisagree {
        /// The set.
        set: SetName,
        /// The column.
        column: String,
        /// How many.
        rows: u64,
        /// The first one's key.
        key: String,
    },
    /// Only one of the two models has a column that says how rows count.
    #[error(
        "only the {whose}'s `{set}` has a `{role}` (`{column}`): name one for both, or for neither; the other set can be attached under \
         a name of its own"
    )]
    OneSided {
        /// The set.
        set: SetName,
        /// `weight`, `cluster` or `group`.
        role: &'static str,
        /// The column.
        column: String,
        /// `candidate` or `baseline`.
        whose: &'static str,
    },
    /// The samples were taken on different hardware.
    #[error(
        "the samples `{set}` were taken on {candidate}, the baseline's on {baseline}: their times cannot be compared"
    )]
    OtherMachine {
        /// The set.
        set: SetName,
        /// The candidate's hardware.
        candidate: String,
        /// The baseline's.
        baseline: String,
    },
    /// It is not what the version was certified with.
    #[error("the {role}'s `{set}` is not what it was certified with: {}", replacing(*certified, *now, *event))]
    Replaced {
        /// `baseline`, or `fraud@v3`.
        role: String,
        /// The set.
        set: SetName,
        /// The file that its certificate judged.
        certified: Digest,
        /// The file that is attached now.
        now: Digest,
        /// The number of the event that attached it.
        event: u64,
    },
    /// Too few rows are in both.
    #[error("only {matched} of {larger} rows of `{set}` are in both models' predictions")]
    Coverage {
        /// The set.
        set: SetName,
        /// Rows in both.
        matched: u64,
        /// Rows of the larger of the two.
        larger: u64,
    },
    /// Every row weighs nothing.
    #[error("`{path}`: every `{column}` is 0, so that no row counts")]
    NoWeight {
        /// The table.
        path: String,
        /// The column of weights.
        column: String,
    },
    /// The positive label never occurs.
    #[error("`{path}`: no row has the positive label `{positive}`; the labels are {}", labels.join(", "))]
    PositiveMissing {
        /// The table.
        path: String,
        /// As configured.
        positive: String,
        /// Those there are, at most ten.
        labels: Vec<String>,
    },
    /// Two classes were asked for and there are more.
    #[error("`{path}` has {found} labels; a binary task has two")]
    TooManyClasses {
        /// The table.
        path: String,
        /// How many.
        found: usize,
    },
    /// There are no rows.
    #[error("`{path}` has no rows")]
    NoRows {
        /// The table.
        path: String,
    },
}
