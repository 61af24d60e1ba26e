//! What a rule measures.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::threshold::threshold_of;
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

/// Which rows changed sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flips {
    /// The baseline gets them right, the candidate wrong.
    Negative,
    /// The other way round.
    Positive,
}

impl Flips {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Negative, Self::Positive];

    /// As written in a policy.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Negative => "negative_flip_rate",
            Self::Positive => "positive_flip_rate",
        }
    }
}

/// When an answer in words is right.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswersRecord {
    /// A metric of answers, of which nothing may be missing: `exact_match`, `contains`, `numeric_match`.
    pub metric: String,
    /// What is set about it and is not what it would be anyway.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Scalar>,
}

/// How the values in several slices make one number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Over {
    /// The largest less the smallest; less is better.
    Gap {
        /// Whose values are the groups.
        column: String,
    },
    /// The larger of two gaps: of the true and of the false positive rate; less is better.
    Odds {
        /// Whose values are the groups.
        column: String,
    },
    /// The worst of them.
    Worst {
        /// Whose values are the slices.
        columns: Vec<String>,
    },
}

impl Over {
    /// The columns it slices by.
    pub fn columns(&self) -> &[String] {
        match self {
            Self::Gap { column } | Self::Odds { column } => std::slice::from_ref(column),
            Self::Worst { columns } => columns,
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
        /// Whether the rule says 0.5 itself: any other threshold was written.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        threshold_written: bool,
        /// Only rows whose column has one of these values.
        only: BTreeMap<String, Vec<Scalar>>,
        /// One verdict for each value of each of these columns.
        each: Vec<String>,
        /// Slices with fewer rows are pooled.
        min_rows: u64,
        /// What is set about the metric and is not what it would be anyway.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        parameters: BTreeMap<String, Scalar>,
        /// The columns of numbers that `mean`, `ratio` (the first over the second) and `quantile` are computed from.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        columns: Vec<String>,
        /// Which way is better, of columns.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        better: Option<Direction>,
        /// One number out of the values in several slices; none: the value itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        over: Option<Over>,
    },
    /// Rows that one model gets right and the other one wrong, as a share of all.
    Flips {
        /// Which of them.
        flips: Flips,
        /// The predictions set; none: the only one there is.
        set: Option<SetName>,
        /// A score at or above it is positive.
        threshold: f64,
        /// Whether the rule says 0.5 itself: any other threshold was written.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        threshold_written: bool,
        /// Only rows whose column has one of these values.
        only: BTreeMap<String, Vec<Scalar>>,
        /// One verdict for each value of each of these columns.
        each: Vec<String>,
        /// Slices with fewer rows are pooled.
        min_rows: u64,
        /// When an answer in words is right; none: when it is the reference.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        answers: Option<AnswersRecord>,
    },
    /// Rows that the candidate may not get wrong if the baseline gets them right, counted where it does.
    MustNotFlip {
        /// The cells of each row's key, as text.
        keys: Vec<Vec<String>>,
        /// The predictions set; none: the only one there is.
        set: Option<SetName>,
        /// A score at or above it is positive.
        threshold: f64,
        /// Whether the rule says 0.5 itself: any other threshold was written.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        threshold_written: bool,
        /// When an answer in words is right; none: when it is the reference.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        answers: Option<AnswersRecord>,
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
    /// What was seen of the model while this program ran it.
    Measured {
        /// What of it.
        quantity: Quantity,
        /// Of the calls of each run, where the command times them; of latency only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        quantile: Option<f64>,
    },
    /// Rows whose predictions, made by this program, are not those recorded with the version, counted; less is better.
    Parity {
        /// The predictions set.
        set: SetName,
        /// How far two numbers may be apart: times the recorded one where that is above 1.
        tolerance: f64,
    },
    /// A number that a program of the user's makes of a model.
    Command {
        /// A line for the shell, with any of `{model}`, `{input}`, `{predictions}`, `{output}`.
        command: String,
        /// What it is called.
        name: String,
        /// Which way is better.
        better: Direction,
        /// The predictions set; none: the only one there is.
        set: Option<SetName>,
        /// How long it may run, in seconds.
        timeout: u64,
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
    /// The threshold that the rule says scores are held against; none where it says nothing, or has no use for one.
    pub fn threshold(&self) -> Option<f64> {
        match self {
            Self::Metric { threshold, threshold_written, .. }
            | Self::Flips { threshold, threshold_written, .. }
            | Self::MustNotFlip { threshold, threshold_written, .. } => threshold_of(*threshold, *threshold_written),
            Self::Shift(record) => record.threshold(),
            _ => None,
        }
    }

    /// Whether running the model could show it: its answers, what it takes, what is computed from it. Data, surroundings and where
    /// a model comes from are no such thing.
    pub const fn is_of_a_run(&self) -> bool {
        match self {
            Self::Metric { .. }
            | Self::Flips { .. }
            | Self::MustNotFlip { .. }
            | Self::Reported { .. }
            | Self::Quantile { .. }
            | Self::Command { .. }
            | Self::Measured { .. }
            | Self::Parity { .. }
            | Self::Shift(_) => true,
            Self::Provenance { .. }
            | Self::Drift(_)
            | Self::Data(_)
            | Self::Leakage(_)
            | Self::Surrounding(_)
            | Self::Report(_) => false,
        }
    }

    /// Whether it says how good the model is. Where a model comes from does not.
    pub const fn is_of_quality(&self) -> bool {
        match self {
            Self::Metric { .. }
            | Self::Flips { .. }
            | Self::MustNotFlip { .. }
            | Self::Reported { .. }
            | Self::Quantile { .. }
            | Self::Command { .. } => true,
            Self::Measured { quantity, .. } => !matches!(quantity, Quantity::ExitStatus | Quantity::Size),
            Self::Provenance { .. }
            | Self::Parity { .. }
            | Self::Drift(_)
            | Self::Shift(_)
            | Self::Data(_)
            | Self::Leakage(_)
            | Self::Surrounding(_)
            | Self::Report(_) => false,
        }
    }
}

/// What is seen of a model while it runs, or of its files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// Milliseconds of a call, or of the whole run where the command does not time its calls. Less is better.
    Latency,
    /// Rows a second, over the whole run. More is better.
    Throughput,
    /// Bytes of memory of the largest of its processes. Less is better.
    PeakMemory,
    /// Its exit status; 128 and the signal where one ended it. Less is better.
    ExitStatus,
    /// Bytes of the model's files, which is known without running it. Less is better.
    Size,
}

impl Quantity {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Latency, Self::Throughput, Self::PeakMemory, Self::ExitStatus, Self::Size];

    /// As written in a policy.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Latency => "latency",
            Self::Throughput => "throughput",
            Self::PeakMemory => "peak_memory",
            Self::ExitStatus => "exit_status",
            Self::Size => "size",
        }
    }
}
