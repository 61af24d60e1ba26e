//! Floors and ceilings, on metrics, reported numbers and quantiles alike.

use super::decision::{Level, ceiling, floor};
use super::outcome::{explained_in, inconclusive, n_rows, needed_by_width};
use super::spec;
use super::wording::{level, significant};
use crate::format::certificate::{ResultRecord, Verdict};
use crate::format::policy::{Bound, DemandRecord, PolicyRecord};
use crate::measure::Better;

/// What the bounds of a difference were held against, as a difference: what a rule allows in the direction that is worse, or the gain it
/// asks for in the one that is better. None of a result that is no difference of two models.
pub fn limit_of_difference(policy: &PolicyRecord, result: &ResultRecord) -> Option<f64> {
    let rule = policy.rules.iter().find(|rule| rule.id == result.rule)?;
    let (spec, _) = spec::settled(rule, policy.task).ok()?;
    let better = match rule.demand {
        DemandRecord::Superior { .. } => result.margin?,
        DemandRecord::NonInferior { .. }
        | DemandRecord::NonInferiorRelative { .. }
        | DemandRecord::NotWorseDetected { .. } => -result.margin?,
        _ => return None,
    };
    Some(if spec.better() == Better::Higher { better } else { -better })
}

/// A floor or a ceiling.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit {
    /// None: nobody has decided yet.
    pub limit: Option<f64>,
    /// Which bound is held against it.
    pub on: Bound,
    side: Side,
}

#[derive(Debug, Clone, Copy)]
enum Side {
    Floor,
    Ceiling,
}

/// A value to hold against a limit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measurement<'a> {
    /// The value, and its bounds; the value itself where there are none.
    pub level: Level,
    /// Whether the bounds are bounds.
    pub bounded: bool,
    /// How they were found.
    pub method: &'a str,
}

impl<'a> Measurement<'a> {
    /// A value without bounds.
    pub(super) const fn point(value: f64, method: &'a str) -> Self {
        Self { level: Level { value, lower: value, upper: value }, bounded: false, method }
    }
}

impl Limit {
    /// What a floor or ceiling asks; none of a comparison.
    pub(super) const fn of(demand: &DemandRecord) -> Option<Self> {
        match *demand {
            DemandRecord::Min { limit, on } => Some(Self { limit, on, side: Side::Floor }),
            DemandRecord::Max { limit, on } => Some(Self { limit, on, side: Side::Ceiling }),
            _ => None,
        }
    }

    /// What the bounds say; nothing of a limit that nobody has set.
    pub(super) fn decide(self, level: Level) -> Verdict {
        match (self.limit, self.side) {
            (None, _) => Verdict::Inconclusive,
            (Some(limit), Side::Floor) => floor(level, limit, self.on),
            (Some(limit), Side::Ceiling) => ceiling(level, limit, self.on),
        }
    }

    /// The result, whose `rows_needed` is what would decide, should it be inconclusive.
    pub(super) fn judge(self, result: ResultRecord, found: &Measurement<'_>) -> ResultRecord {
        self.judge_in("rows", result, found)
    }

    /// The same of what is no rows, with what would decide by the width of the bounds.
    pub(super) fn judge_counted(self, units: &str, result: ResultRecord, found: &Measurement<'_>) -> ResultRecord {
        let rows_needed = self.limit.and_then(|limit| needed_by_width(result.n, found.level, limit));
        self.judge_in(units, ResultRecord { rows_needed, ..result }, found)
    }

    fn judge_in(self, units: &str, result: ResultRecord, found: &Measurement<'_>) -> ResultRecord {
        let Level { value, lower, upper } = found.level;
        if ![value, lower, upper].into_iter().all(f64::is_finite) {
            return inconclusive(ResultRecord { rows_needed: None, ..result }, "the result is not a finite number");
        }
        let bounds = found.bounded.then_some((lower, upper));
        let result = ResultRecord {
            candidate: Some(value),
            lower: bounds.map(|bounds| bounds.0),
            upper: bounds.map(|bounds| bounds.1),
            method: Some(found.method.to_owned()),
            ..result
        };
        let number = level(value, bounds, self.limit);
        let Some(limit) = self.limit else {
            let reason = format!("the limit is unset; today's value is {number}{}", n_rows(result.n));
            return inconclusive(ResultRecord { rows_needed: None, ..result }, reason);
        };
        let verdict = self.decide(found.level);
        let (name, failed) = match self.side {
            Side::Floor => ("floor", "below the floor"),
            Side::Ceiling => ("ceiling", "above the ceiling"),
        };
        let rows_needed = result.rows_needed.filter(|_| verdict == Verdict::Inconclusive);
        let text = format!("{number}, {name} {}{}", significant(limit), n_rows(result.n));
        explained_in(units, ResultRecord { verdict, rows_needed, ..result }, &text, failed)
    }
}
