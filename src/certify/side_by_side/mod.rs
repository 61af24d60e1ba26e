//! Two models side by side, judged by nobody: the numbers of a certificate, whether or not a rule asks for them.
//!
//! Metrics with the bounds that [`certify`](super::certify) would hold against a limit, from the same rows, seeds and arithmetic;
//! the same in every slice; answers that changed and which rows that is; the drift of training data.

mod answers;
mod columns;
mod metrics;
mod slices;

pub use self::answers::{ChangedAnswers, NumbersChanged, SidesChanged, SliceChange, What, changed_answers};
pub use self::columns::{ColumnDrift, DataDrift, Shape, data_drift};
pub use self::metrics::{ComparedMetric, compared_metrics};
pub use self::slices::{Interval, SliceValues, SlicedColumn, SlicedMetric, sliced_metric};

use super::policy::{CONFIDENCE, RESAMPLES};
use crate::format::policy::{IntervalMethod, PolicyRecord, RuleRecord, Task};

/// How two models are compared.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// What kind of prediction it is.
    pub task: Task,
    /// What is asked of the model: its metrics come first.
    pub rules: &'a [RuleRecord],
    /// Confidence of each bound by itself.
    pub confidence: f64,
    /// Number of resamples.
    pub resamples: u32,
    /// Which intervals are resampled.
    pub method: IntervalMethod,
    /// The share of the larger set's rows that must be in both.
    pub coverage: f64,
}

impl<'a> Terms<'a> {
    /// Those of a policy.
    pub fn of(policy: &'a PolicyRecord) -> Self {
        let PolicyRecord { task, rules, confidence, resamples, method, min_coverage, .. } = policy;
        Self {
            task: *task,
            rules,
            confidence: *confidence,
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
            resamples: RESAMPLES,
            method: IntervalMethod::Auto,
            coverage: 1.0,
        }
    }
}
