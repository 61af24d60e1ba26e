//! The policy: as people write it (TOML), and as it is judged by and stored: resolved, with every default spelled out.
//!
//! Two policies are the same rules when their resolved records are the same bytes: a comment changes nothing.

mod data;
mod measure;
mod written;

use serde::{Deserialize, Serialize};

pub use self::data::{
    DataCheck, DataCheckRecord, Drift, DriftRecord, LeakageRecord, ReportRuleRecord, Reported, Shift, ShiftRecord,
    Surrounding, SurroundingRecord,
};
pub use self::measure::{Check, MeasureRecord};
pub use self::written::{
    BaselineFile, CheckFile, DataCheckFile, DriftFile, LeakageFile, LimitFile, MetricFile, PolicyFile, QuantileFile,
    ReportRuleFile, ReportedFile, RuleFile, ScalarFile, ShiftFile, StatsFile, SurroundingFile,
};
use crate::name::StageName;

/// Name and version of the resolved record. 1: first form.
pub const FORMAT: &str = "mlrun/policy/1";

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
    /// Documents of a query, in order of relevance.
    Ranking,
    /// An answer in words.
    Text,
}

impl Task {
    /// As written in a policy.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::Multiclass => "multiclass",
            Self::Regression => "regression",
            Self::Ranking => "ranking",
            Self::Text => "text",
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
