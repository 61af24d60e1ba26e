//! The policy: as people write it (TOML), and as it is judged by and stored: resolved, with every default spelled out.
//!
//! Two policies are the same rules when their resolved records are the same bytes: a comment changes nothing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::scalar::Scalar;
use crate::name::{SetName, StageName};

/// Name and version of the resolved record. 1: first form.
pub const FORMAT: &str = "mlrun/policy/1";

/// A policy file, as written.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyFile {
    /// 1.
    pub schema: u32,
    /// For people.
    #[serde(default)]
    pub name: Option<String>,
    /// What kind of prediction is judged.
    pub task: Task,
    /// What to compare with.
    #[serde(default)]
    pub baseline: BaselineFile,
    /// How sure to be.
    #[serde(default)]
    pub stats: StatsFile,
    /// The rules.
    #[serde(default)]
    pub rule: Vec<RuleFile>,
}

/// `[baseline]`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaselineFile {
    /// The stage whose occupant is the baseline; `production` unless said.
    #[serde(default, rename = "ref")]
    pub stage: Option<StageName>,
}

/// `[stats]`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatsFile {
    /// One-sided confidence of each bound, 0.95 unless said.
    #[serde(default)]
    pub confidence: Option<f64>,
    /// Power the "rows needed" are computed for, 0.80 unless said.
    #[serde(default)]
    pub power: Option<f64>,
    /// Resamples of a bootstrap, 2,000 unless said.
    #[serde(default)]
    pub resamples: Option<u32>,
}

/// `[[rule]]`, as written.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleFile {
    /// Its name in reports.
    pub id: String,
    /// What is measured.
    pub metric: MetricFile,
    /// Which predictions set, where there are several.
    #[serde(default)]
    pub set: Option<SetName>,
    /// A score at or above it is positive.
    #[serde(default)]
    pub threshold: Option<f64>,
    /// Only rows whose column has one of these values.
    #[serde(default, rename = "where")]
    pub only: BTreeMap<String, Vec<ScalarFile>>,
    /// One verdict for each value of each of these columns.
    #[serde(default)]
    pub each: Vec<String>,
    /// Slices with fewer rows are pooled.
    #[serde(default)]
    pub min_rows: Option<u64>,
    /// Which side bears the burden of proof.
    #[serde(default)]
    pub prove: Option<Prove>,
    /// How much worse still counts as not worse.
    #[serde(default)]
    pub margin: Option<f64>,
    /// How much better is asked for.
    #[serde(default)]
    pub gain: Option<f64>,
    /// A floor, or `"unset"`.
    #[serde(default)]
    pub min: Option<LimitFile>,
    /// A ceiling, or `"unset"`.
    #[serde(default)]
    pub max: Option<LimitFile>,
    /// Which bound a floor or ceiling is held against.
    #[serde(default)]
    pub on: Option<Bound>,
    /// For reported metrics: how much worse than the baseline's.
    #[serde(default)]
    pub max_drop: Option<f64>,
    /// For sample quantiles: the largest ratio to the baseline's.
    #[serde(default)]
    pub max_ratio: Option<f64>,
    /// Whether it blocks.
    #[serde(default)]
    pub severity: Severity,
}

/// A value in `where`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum ScalarFile {
    /// true, false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// Text.
    Text(String),
}

/// What a rule measures, as written.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(
    untagged,
    expecting = "a metric's name, { reported = \"…\", better = \"higher\" }, { quantile = 0.99, of = \"latency\" } or { check = \"…\" }"
)]
pub enum MetricFile {
    /// Computed from predictions.
    Named(String),
    /// A number the trainer wrote down.
    Reported(ReportedFile),
    /// A quantile of samples.
    Quantile(QuantileFile),
    /// What a version's provenance lacks.
    Check(CheckFile),
}

/// `{ reported = "valid.auc", better = "higher" }`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportedFile {
    /// The metric's dotted key.
    pub reported: String,
    /// Which way is better.
    pub better: Direction,
}

/// `{ quantile = 0.99, of = "latency" }`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuantileFile {
    /// Between 0 and 1.
    pub quantile: f64,
    /// The set of samples.
    pub of: SetName,
}

/// `{ check = "contradictions" }`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckFile {
    /// Its name: one of [`Check::ALL`].
    pub check: String,
}

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

/// A number, or `"unset"`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged, expecting = "a number or \"unset\"")]
pub enum LimitFile {
    /// A limit.
    Number(f64),
    /// A limit nobody has decided yet; only `"unset"`.
    Word(String),
}

/// What kind of prediction is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// Two classes, one of them positive.
    Binary,
    /// Several classes.
    Multiclass,
    /// A number.
    Regression,
}

impl Task {
    /// As written in a policy.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::Multiclass => "multiclass",
            Self::Regression => "regression",
        }
    }
}

/// Who bears the burden of proof in a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prove {
    /// The candidate is shown to be at most `margin` worse.
    NonInferior,
    /// The candidate is shown to be more than `gain` better.
    Superior,
    /// The candidate is not shown to be more than `margin` worse.
    NotWorseDetected,
}

/// Which bound of an interval is held against a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bound {
    /// The lower one-sided bound.
    Lower,
    /// The value itself.
    Point,
    /// The upper one-sided bound.
    Upper,
}

/// Whether a rule blocks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// It decides.
    #[default]
    Block,
    /// It is reported.
    Warn,
}

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
}

/// A policy as it is judged by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyRecord {
    /// [`FORMAT`].
    pub format: String,
    /// What kind of prediction is judged.
    pub task: Task,
    /// The stage whose occupant is the baseline.
    pub baseline: StageName,
    /// One-sided confidence of each bound.
    pub confidence: f64,
    /// Power the "rows needed" are computed for.
    pub power: f64,
    /// Resamples of a bootstrap.
    pub resamples: u32,
    /// Whose numbers the metrics are: `sklearn-1.9`.
    pub semantics: String,
    /// The rules, in the file's order.
    pub rules: Vec<RuleRecord>,
}

/// A rule as it is judged by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleRecord {
    /// Its name.
    pub id: String,
    /// What is measured.
    pub measure: MeasureRecord,
    /// What is asked of it.
    pub demand: DemandRecord,
    /// Whether it blocks.
    pub severity: Severity,
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
}

/// What a rule asks.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum DemandRecord {
    /// At most `margin` worse than the baseline, shown.
    NonInferior {
        /// In the metric's units.
        margin: f64,
    },
    /// More than `gain` better than the baseline, shown.
    Superior {
        /// In the metric's units.
        gain: f64,
    },
    /// Not shown to be more than `margin` worse.
    NotWorseDetected {
        /// In the metric's units.
        margin: f64,
    },
    /// At least `limit`.
    Min {
        /// None: `"unset"`.
        limit: Option<f64>,
        /// Which bound must reach it.
        on: Bound,
    },
    /// At most `limit`.
    Max {
        /// None: `"unset"`.
        limit: Option<f64>,
        /// Which bound must stay below it.
        on: Bound,
    },
    /// At most `limit` worse than the baseline's, on the point.
    MaxDrop {
        /// In the metric's units.
        limit: f64,
    },
    /// At most `limit` times the baseline's; the upper bound of the ratio is held against it.
    MaxRatio {
        /// A ratio.
        limit: f64,
    },
}

impl DemandRecord {
    /// Whether it compares with a baseline.
    pub const fn is_comparison(&self) -> bool {
        !matches!(self, Self::Min { .. } | Self::Max { .. })
    }

    /// The number it holds results against.
    pub const fn margin(&self) -> Option<f64> {
        match self {
            Self::NonInferior { margin } | Self::NotWorseDetected { margin } => Some(*margin),
            Self::Superior { gain } => Some(*gain),
            Self::Min { limit, .. } | Self::Max { limit, .. } => *limit,
            Self::MaxDrop { limit } | Self::MaxRatio { limit } => Some(*limit),
        }
    }
}
