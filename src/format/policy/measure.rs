//! What a rule measures.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{DataCheckRecord, Direction, DriftRecord, LeakageRecord, ReportRuleRecord, ShiftRecord, SurroundingRecord};
use crate::format::scalar::Scalar;
use crate::name::SetName;

/// What of a candidate's provenance is counted: each thing that is not as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// Declared parameters of which the model's own files say something else.
    Contradictions,
    /// What loading the model would import and can run anything.
    DangerousImports,
    /// What loading the model would import and is not known to be harmless, or was not read.
    UnknownImports,
    /// Code that is in no commit.
    UncommittedCode,
    /// A commit that no remote-tracking branch contains.
    UnpushedCommit,
    /// No seed: neither declared, nor given, nor in the model.
    MissingSeed,
    /// No notes.
    MissingNotes,
    /// Parts that could not be captured.
    NotCaptured,
}

impl Check {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Contradictions,
        Self::DangerousImports,
        Self::UnknownImports,
        Self::UncommittedCode,
        Self::UnpushedCommit,
        Self::MissingSeed,
        Self::MissingNotes,
        Self::NotCaptured,
    ];

    /// As written in a policy.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Contradictions => "contradictions",
            Self::DangerousImports => "dangerous_imports",
            Self::UnknownImports => "unknown_imports",
            Self::UncommittedCode => "uncommitted_code",
            Self::UnpushedCommit => "unpushed_commit",
            Self::MissingSeed => "missing_seed",
            Self::MissingNotes => "missing_notes",
            Self::NotCaptured => "not_captured",
        }
    }
}

/// What a rule measures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum MeasureRecord {
    /// A metric computed from the rows of a predictions set.
    Metric {
        /// Its policy name.
        metric: String,
        /// The predictions set; none: the only one there is.
        set: Option<SetName>,
        /// A score at or above it is positive.
        threshold: f64,
        /// Only rows whose column has one of these values.
        only: BTreeMap<String, Vec<Scalar>>,
        /// One verdict for each value of each of these columns.
        each: Vec<String>,
        /// Slices with fewer rows are pooled.
        min_rows: u64,
    },
    /// A number the trainer wrote down.
    Reported {
        /// The metric's dotted key.
        name: String,
        /// Which way is better.
        better: Direction,
    },
    /// A quantile of samples; less is better.
    Quantile {
        /// The set of samples.
        of: SetName,
        /// Between 0 and 1.
        quantile: f64,
    },
    /// What the candidate's provenance lacks, counted; less is better.
    Provenance {
        /// Which part of it.
        check: Check,
    },
    /// How far training data is from the baseline's; less is better.
    Drift(DriftRecord),
    /// How far the model's answers are from the baseline's on the same rows; less is better.
    Shift(ShiftRecord),
    /// What the candidate's training data is like.
    Data(DataCheckRecord),
    /// Rows of an evaluation set that were trained on, counted; less is better.
    Leakage(LeakageRecord),
    /// Differences to what the baseline was made with, counted; less is better.
    Surrounding(SurroundingRecord),
    /// Checks of another tool that failed, counted; less is better.
    Report(ReportRuleRecord),
}

impl MeasureRecord {
    /// Whether it says how good the model is. Where a model comes from does not.
    pub const fn is_of_quality(&self) -> bool {
        matches!(self, Self::Metric { .. } | Self::Reported { .. } | Self::Quantile { .. })
    }
}
