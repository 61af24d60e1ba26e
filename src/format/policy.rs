//! The policy: as people write it (TOML), and as it is judged by and stored: resolved, with every default spelled out.
//!
//! Two policies are the same rules when their resolved records are the same bytes: a comment changes nothing.

mod data;
mod holdout;
mod measure;
mod predict;
mod threshold;
mod written;

use serde::{Deserialize, Serialize};

pub use self::data::{
    DataCheck, DataCheckRecord, Drift, DriftRecord, LeakageRecord, ReportRuleRecord, Reported, Shift, ShiftRecord,
    Surrounding, SurroundingRecord,
};
pub use self::holdout::{Adaptive, HoldoutFile, HoldoutRecord, OnExhausted};
pub use self::measure::{AnswersRecord, Check, Flips, MeasureRecord, Over, Quantity};
pub use self::predict::PredictRecord;
pub use self::written::{
    BaselineFile, CheckFile, ColumnQuantileFile, CommandFile, DataCheckFile, DriftFile, EvidenceFile, KeyFile,
    KeysFile, LeakageFile, LimitFile, MeanFile, MeasuredFile, MetricFile, MustNotFlipFile, ParameterFile, ParityFile,
    PolicyFile, QuantileFile, RatioFile, ReportRuleFile, ReportedFile, RuleFile, ScalarFile, ShiftFile, StatsFile,
    SurroundingFile, WithFile,
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

/// Which intervals are resampled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IntervalMethod {
    /// Those without a closed form that is as good.
    #[default]
    Auto,
    /// Every interval of a metric computed from rows.
    Bootstrap,
}

impl IntervalMethod {
    /// Records made before there was a choice say nothing.
    const fn is_auto(&self) -> bool {
        matches!(self, Self::Auto)
    }
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
    /// Which intervals are resampled.
    #[serde(default, skip_serializing_if = "IntervalMethod::is_auto")]
    pub method: IntervalMethod,
    /// Whose numbers the metrics are: `sklearn-1.9`.
    pub semantics: String,
    /// The rules, in the file's order.
    pub rules: Vec<RuleRecord>,
    /// How often an evaluation set may be used to choose; none: the defaults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holdout: Option<HoldoutRecord>,
    /// The share of the larger set's rows that must be in both models' predictions; none: all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_coverage: Option<f64>,
    /// How this program runs a model itself, from the configuration: part of the rules, so that nobody bypasses them by another
    /// command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predict: Option<PredictRecord>,
}

impl PolicyRecord {
    /// Whether the rule of this id judges how many times something a number is.
    pub fn is_ratio(&self, rule: &str) -> bool {
        self.rules.iter().any(|known| known.id == rule && known.demand.is_ratio())
    }
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
    /// Whether it compares with the best version that was ever in the stage, instead of the one that is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ratchet: bool,
    /// What it is compared with, if not the baseline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against: Option<Against>,
    /// Whose evidence it insists on; none: whatever there is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Origin>,
}

impl RuleRecord {
    /// Whether it compares with a baseline.
    pub const fn is_comparison(&self) -> bool {
        match self.measure {
            // What says the same of every row needs no version.
            _ if self.against.is_some() => false,
            MeasureRecord::Flips { .. } | MeasureRecord::MustNotFlip { .. } => true,
            // What is measured has no slices: its ratio is to the baseline's.
            MeasureRecord::Measured { .. } if matches!(self.demand, DemandRecord::MinRatio { .. }) => true,
            _ => self.demand.is_comparison(),
        }
    }
}

/// What a model is compared with that is no version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Against {
    /// A model that says the same of every row: the class most rows have, the shares of the classes, the mean.
    Constant,
}

/// Whose evidence it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// This program ran the model and looked; otherwise the trainer wrote it down.
    Measured,
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
    /// At most this share of the baseline's value worse, shown.
    NonInferiorRelative {
        /// 0.01: one percent of a baseline above 0.
        margin_rel: f64,
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
    /// The worst slice at least `limit` times the value on all rows; of a gap, the smallest group at least `limit` times the
    /// largest; of what was measured, at least `limit` times the
    /// baseline's, and the lower bound of the ratio is held against it.
    MinRatio {
        /// A ratio.
        limit: f64,
    },
}

impl DemandRecord {
    /// Whether it compares with a baseline.
    pub const fn is_comparison(&self) -> bool {
        !matches!(self, Self::Min { .. } | Self::Max { .. } | Self::MinRatio { .. })
    }

    /// Whether what it judges is so many times something else, and no difference.
    pub const fn is_ratio(&self) -> bool {
        matches!(self, Self::MaxRatio { .. } | Self::MinRatio { .. })
    }

    /// The number it holds results against; none where that depends on the baseline's value.
    pub const fn margin(&self) -> Option<f64> {
        match self {
            Self::NonInferior { margin } | Self::NotWorseDetected { margin } => Some(*margin),
            Self::Superior { gain } => Some(*gain),
            Self::Min { limit, .. } | Self::Max { limit, .. } => *limit,
            Self::MaxDrop { limit } | Self::MaxRatio { limit } | Self::MinRatio { limit } => Some(*limit),
            Self::NonInferiorRelative { .. } => None,
        }
    }
}
