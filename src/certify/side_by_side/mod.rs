//! Two models side by side, judged by nobody: the numbers of a certificate, whether or not a rule asks for them.
//!
//! Metrics from the rows, seeds and arithmetic of [`certify`](super::certify); the same in every slice; answers that changed and which
//! rows that is; the drift of training data. A certificate holds a one-sided bound against a limit; people read an interval, so here
//! both ends of one are at `(1 + confidence) / 2`, unless one-sided bounds are [asked for](Terms::tails).

mod answers;
mod columns;
mod metrics;
mod slices;

pub use self::answers::{ChangedAnswers, NumbersChanged, SidesChanged, SliceChange, What, changed_answers};
pub use self::columns::{ColumnDrift, DataDrift, Shape, data_drift};
pub use self::metrics::{ComparedMetric, compared_metrics};
pub use self::slices::{Interval, SliceValues, SlicedColumn, SlicedMetric, sliced_metric};

use super::measured::sampling;
use super::policy::{CONFIDENCE, RESAMPLES};
use super::rows::View;
use crate::format::policy::{IntervalMethod, PolicyRecord, RuleRecord, Task};
use crate::measure::{MetricSpec, Sampling};

/// What a confidence is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tails {
    /// Each bound by itself, as a certificate holds it against a limit.
    One,
    /// Both ends of an interval together: each of them is at `(1 + confidence) / 2`.
    Two,
}

impl Tails {
    /// How many sides there are, as in JSON.
    pub const fn number(self) -> u8 {
        match self {
            Self::One => 1,
            Self::Two => 2,
        }
    }

    /// The confidence of each bound by itself.
    pub const fn of_each(self, confidence: f64) -> f64 {
        match self {
            Self::One => confidence,
            Self::Two => f64::midpoint(1.0, confidence),
        }
    }
}

/// How two models are compared.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// What kind of prediction it is.
    pub task: Task,
    /// What is asked of the model: its metrics come first.
    pub rules: &'a [RuleRecord],
    /// Confidence of what [`tails`](Self::tails) says.
    pub confidence: f64,
    /// Whether that is of an interval or of each bound by itself.
    pub tails: Tails,
    /// Number of resamples.
    pub resamples: u32,
    /// Which intervals are resampled.
    pub method: IntervalMethod,
    /// The share of the larger set's rows that must be in both.
    pub coverage: f64,
}

impl<'a> Terms<'a> {
    /// Those of a policy; intervals, where its rules have one-sided bounds.
    pub fn of(policy: &'a PolicyRecord) -> Self {
        let PolicyRecord { task, rules, confidence, resamples, method, min_coverage, .. } = policy;
        Self {
            task: *task,
            rules,
            confidence: *confidence,
            tails: Tails::Two,
            resamples: *resamples,
            method: *method,
            coverage: min_coverage.unwrap_or(1.0),
        }
    }

    /// Those of a policy that says nothing.
    pub const fn without_rules(task: Task) -> Self {
        Self {
            task,
            rules: &[],
            confidence: CONFIDENCE,
            tails: Tails::Two,
            resamples: RESAMPLES,
            method: IntervalMethod::Auto,
            coverage: 1.0,
        }
    }

    /// How to resample these rows.
    fn sampling(&self, view: &View<'_>, spec: &MetricSpec) -> Sampling {
        sampling(self.tails.of_each(self.confidence), self.resamples, self.method, view.seed(spec.metric))
    }
}
