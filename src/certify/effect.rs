//! The number that a result rests on, and which way of it is worse.

use super::spec;
use crate::format::certificate::ResultRecord;
use crate::format::policy::{DemandRecord, Direction, MeasureRecord, Over, RuleRecord, Task};
use crate::measure::Better;

/// What a result found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Effect {
    /// The value, difference or ratio that is judged.
    pub value: f64,
    /// The worst it may be as far as was known then: its bound on the bad side, where it has one, and never better than the value.
    pub at_worst: f64,
    better: Better,
}

impl Effect {
    /// What `result` found; nothing of one that nothing was measured for. Without a rule, as of regression cases, something is counted
    /// that should not be there.
    pub(super) fn of(task: Task, rule: Option<&RuleRecord>, result: &ResultRecord) -> Option<Self> {
        let (value, better) = match rule.map(|rule| (rule, rule.demand)) {
            None | Some((_, DemandRecord::Max { .. })) => (result.candidate, Better::Lower),
            Some((_, DemandRecord::Min { .. })) => (result.candidate, Better::Higher),
            Some((_, DemandRecord::MaxRatio { .. })) => (result.delta, Better::Lower),
            Some((_, DemandRecord::MinRatio { .. })) => (result.delta, Better::Higher),
            Some((rule, _)) => (result.delta, direction(task, rule)?),
        };
        let value = value?;
        let at_worst = match better {
            Better::Higher => result.lower.map_or(value, |lower| lower.min(value)),
            Better::Lower => result.upper.map_or(value, |upper| upper.max(value)),
        };
        Some(Self { value, at_worst, better })
    }

    /// Whether it is no worse than `seen` may have been. What is no number is not.
    pub(super) fn is_within(&self, seen: &Self) -> bool {
        match self.better {
            Better::Higher => self.value >= seen.at_worst,
            Better::Lower => self.value <= seen.at_worst,
        }
    }
}

/// Which way is better of what a rule compares.
pub(super) fn direction(task: Task, rule: &RuleRecord) -> Option<Better> {
    match &rule.measure {
        MeasureRecord::Metric { over: Some(Over::Gap { .. } | Over::Odds { .. }), .. } => Some(Better::Lower),
        MeasureRecord::Metric { .. } => spec::settled(rule, task).ok().map(|(spec, _)| spec.better()),
        MeasureRecord::Reported { better, .. } | MeasureRecord::Command { better, .. } => Some(match better {
            Direction::Higher => Better::Higher,
            Direction::Lower => Better::Lower,
        }),
        _ => None,
    }
}
