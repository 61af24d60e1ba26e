//! The difference of two proportions of the same rows: accuracy, recall of the positive rows, and the like.
//!
//! Δ = (c - b) / n with se = √(b + c - (c - b)²/n) / n, b and c counting the rows only one model gets right (McNemar's
//! cells). Below 25 such rows the normal approximation fails, at b = c = 0 altogether; there Tango's score interval
//! holds the error rate: Tango, "Equivalence test and confidence interval for the difference in proportions for the
//! paired-sample design", Stat. Med. 17 (1998).

use super::classification::is_plain;
use super::distribution::{Binomial, normal_cdf, one_sided, root};
use super::input::Labelled;
use super::metric::Metric;
use super::outcome::{Interval, Method, Sufficient};
use super::settings::MetricSpec;
use super::undefined::Undefined;

/// The usual limit of McNemar's approximation.
const FEW: u64 = 25;

/// The rows a metric is a proportion of, whatever the models say, and those of them that are its hits, from label and
/// predicted class; none of any other metric.
fn hit(metric: Metric) -> Option<fn(u32, u32) -> Option<bool>> {
    Some(match metric {
        Metric::Accuracy => |truth, predicted| Some(truth == predicted),
        Metric::Recall => |truth, predicted| (truth == 1).then_some(predicted == 1),
        Metric::FalseNegativeRate => |truth, predicted| (truth == 1).then_some(predicted == 0),
        Metric::Specificity => |truth, predicted| (truth == 0).then_some(predicted == 0),
        Metric::FalsePositiveRate => |truth, predicted| (truth == 0).then_some(predicted == 1),
        Metric::PositiveRate => |_, predicted| Some(predicted == 1),
        _ => return None,
    })
}

/// Whether two models' values are proportions of the same rows.
pub(super) fn applies(spec: &MetricSpec, classes: u32) -> bool {
    hit(spec.metric).is_some() && is_plain(spec, classes)
}

/// Bounds of the candidate's proportion less the baseline's, and the counts they follow from.
pub(super) fn compare(
    metric: Metric,
    candidate: &Labelled,
    baseline: &Labelled,
    confidence: f64,
) -> Result<(Interval, Sufficient), Undefined> {
    let mut counts = [0_u64; 4];
    let hit = hit(metric).unwrap_or(|_, _| None);
    for ((&truth, &a), &b) in candidate.truth.iter().zip(&candidate.predicted).zip(&baseline.predicted) {
        if let (Some(a), Some(b)) = (hit(truth, a), hit(truth, b)) {
            counts[usize::from(a) * 2 + usize::from(b)] += 1;
        }
    }
    let [neither, only_baseline, only_candidate, both] = counts;
    let interval = interval(counts.iter().sum(), only_baseline, only_candidate, confidence)?;
    Ok((interval, Sufficient::Discordant { both, only_baseline, only_candidate, neither }))
}

/// Bounds of Δ from `only_baseline`, `only_candidate` and all `rows`.
pub(super) fn interval(
    rows: u64,
    only_baseline: u64,
    only_candidate: u64,
    confidence: f64,
) -> Result<Interval, Undefined> {
    if rows == 0 {
        return Err(Undefined::NoRows);
    }
    let z = one_sided(confidence)?;
    let (n, b, c) = (rows as f64, only_baseline as f64, only_candidate as f64);
    let delta = (c - b) / n;
    let error = (b + c - (c - b) * (c - b) / n).max(0.0).sqrt() / n;
    if only_baseline + only_candidate >= FEW && error > 0.0 {
        return Ok(Interval::symmetric(Method::McNemar, delta, z, error));
    }
    Ok(Interval::new(
        Method::PairedScore,
        root(-1.0, delta, |d| statistic_above(n, b, c, d, z)),
        -root(-1.0, -delta, |d| statistic_above(n, c, b, d, z)),
        error,
    ))
}

/// Two-sided p values of "both models are right equally often", from the rows only one of them gets right:
/// `statsmodels.stats.contingency_tables.mcnemar`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct McNemar {
    /// 2 P(X ≤ min(b, c)) for X of Bin(b + c, ½), at most 1.
    pub exact: f64,
    /// Exact less half the probability of what was seen, twice: nearer to its level (Fagerland, Lydersen & Laake, "The
    /// McNemar test for binary matched-pairs data", BMC Med. Res. Methodol. 13, 2013).
    pub mid: f64,
    /// χ² of (|b - c| - 1)² / (b + c).
    pub corrected: f64,
}

impl McNemar {
    /// From the rows only the baseline, and only the candidate, gets right.
    pub fn of(only_baseline: u64, only_candidate: u64) -> Self {
        let (fewer, all) = (only_baseline.min(only_candidate), only_baseline + only_candidate);
        if all == 0 {
            return Self { exact: 1.0, mid: 1.0, corrected: 1.0 };
        }
        let counts = Binomial::new(all, 0.5);
        let (mut up_to, mut seen) = (0.0, 0.0);
        for (count, mass) in (counts.first..=fewer).zip(&counts.mass) {
            up_to += mass;
            seen = if count == fewer { *mass } else { 0.0 };
        }
        let apart = (only_baseline.abs_diff(only_candidate) as f64 - 1.0).max(0.0);
        Self {
            exact: (2.0 * up_to).min(1.0),
            mid: (2.0 * up_to - seen).min(1.0),
            corrected: (2.0 * normal_cdf(-apart / (all as f64).sqrt())).min(1.0),
        }
    }
}

/// Whether Tango's statistic at `delta` exceeds `z`, also where its variance vanishes.
fn statistic_above(n: f64, b: f64, c: f64, delta: f64, z: f64) -> bool {
    c - b - n * delta > z * spread(n, b, c, delta)
}

/// Tango's statistic at `delta`, (c - b - nδ) / √(n(2q + δ(1 - δ))).
pub(super) fn score(n: f64, b: f64, c: f64, delta: f64) -> f64 {
    (c - b - n * delta) / spread(n, b, c, delta)
}

/// √(n(2q + δ(1 - δ))), q being the probability of "only the baseline right" that is most likely given δ.
fn spread(n: f64, b: f64, c: f64, delta: f64) -> f64 {
    let two_a = 4.0 * n;
    let linear = (2.0 * n - c + b) * delta - b - c;
    let constant = -b * delta * (1.0 - delta);
    let q = ((linear * linear - 2.0 * two_a * constant).max(0.0).sqrt() - linear) / two_a;
    (n * (2.0 * q + delta * (1.0 - delta))).max(0.0).sqrt()
}
