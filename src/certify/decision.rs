//! From bounds to verdicts. Every comparison is written positively, so that NaN neither passes nor fails.

use crate::format::certificate::Verdict;
use crate::format::policy::Bound;

/// A difference, turned so that more is better, with its one-sided bounds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gap {
    pub delta: f64,
    pub lower: f64,
    pub upper: f64,
    /// Known without sampling error: both models said the same.
    pub exact: bool,
}

/// A value with its one-sided bounds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Level {
    pub value: f64,
    pub lower: f64,
    pub upper: f64,
}

fn decide(pass: bool, fail: bool) -> Verdict {
    if pass && !fail {
        Verdict::Pass
    } else if fail && !pass {
        Verdict::Fail
    } else {
        Verdict::Inconclusive
    }
}

/// At most `margin` worse, shown. At margin 0 only an exact zero can touch the limit, and no difference is not inferior.
pub(super) fn non_inferior(gap: Gap, margin: f64) -> Verdict {
    if gap.exact {
        return decide(gap.delta >= -margin, gap.delta < -margin);
    }
    decide(gap.lower > -margin, gap.upper < -margin)
}

/// More than `gain` better, shown.
pub(super) fn superior(gap: Gap, gain: f64) -> Verdict {
    if gap.exact {
        return decide(gap.delta > gain, gap.delta <= gain);
    }
    decide(gap.lower > gain, gap.upper < gain)
}

/// Not shown to be more than `margin` worse.
pub(super) fn not_worse_detected(gap: Gap, margin: f64) -> Verdict {
    decide(gap.upper >= -margin, gap.upper < -margin)
}

/// At most `limit` worse, shown; the limit itself is kept.
pub(super) fn drop_of_lists(gap: Gap, limit: f64) -> Verdict {
    decide(gap.lower >= -limit, gap.upper < -limit)
}

/// At most `limit` worse, of two single numbers, whose difference is `delta` (more is better).
///
/// 0.9 − 0.898 exceeds 0.002 by rounding alone: what the decimals say decides, so the rounding of two subtractions is allowed
/// for, except at limit 0, where the difference is as exact as the numbers.
pub(super) fn drop_of_numbers(candidate: f64, baseline: f64, delta: f64, limit: f64) -> Verdict {
    let rounding = 2.0 * f64::EPSILON * candidate.abs().max(baseline.abs());
    let allowed = if limit > 0.0 { limit + rounding } else { limit };
    decide(-delta <= allowed, -delta > allowed)
}

/// At most `limit` times as much, shown.
pub(super) fn ratio(lower: f64, upper: f64, limit: f64) -> Verdict {
    decide(upper <= limit, lower > limit)
}

/// At least `limit`.
pub(super) fn floor(level: Level, limit: f64, on: Bound) -> Verdict {
    match on {
        Bound::Lower => decide(level.lower >= limit, level.upper < limit),
        Bound::Point => decide(level.value >= limit, level.value < limit),
        Bound::Upper => decide(level.upper >= limit, level.upper < limit),
    }
}

/// At most `limit`.
pub(super) fn ceiling(level: Level, limit: f64, on: Bound) -> Verdict {
    match on {
        Bound::Upper => decide(level.upper <= limit, level.lower > limit),
        Bound::Point => decide(level.value <= limit, level.value > limit),
        Bound::Lower => decide(level.lower <= limit, level.lower > limit),
    }
}
