//! How far apart the values of a metric in several groups are, and whether that grew.
//!
//! The gap is the largest value less the smallest. Its plug-in bootstrap is no guide: where the groups are equal, the gap of
//! a resample is always larger than the one of the rows, which is larger than none. So bounds of one model's gap are those
//! of its pairs. All pairs are at most g apart where each upper bound of a pair says so, which needs no correction (an
//! intersection-union test: Berger, "Multiparameter hypothesis testing and acceptance sampling", Technometrics 24, 1982);
//! some pair is further apart where any lower bound says so, each at 1 - α / K(K - 1). Groups share no rows, so bounds of a
//! pair follow from those of its two values by MOVER (Zou & Donner, Stat. Med. 27, 2008), which for proportions are
//! Newcombe's ("Interval estimation for the difference between independent proportions", Stat. Med. 17, 1998).
//!
//! The growth of the gap, with its bias on both sides, is drawn: each group's two values from the normal distribution with
//! their variances and covariance, bias-corrected quantiles.

use rand_core::Rng as _;
use rayon::prelude::*;

use super::bca::Replicates;
use super::distribution::{normal_quantile, one_sided};
use super::outcome::{Comparison, Estimate, Interval, Method, Sampling, Sufficient};
use super::random::Key;
use super::undefined::Undefined;

/// Both models' values in one group.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GroupPair {
    /// Rows of the group.
    pub n: u64,
    /// The candidate's value.
    pub candidate: f64,
    /// The baseline's value.
    pub baseline: f64,
    /// Standard error of the candidate's value.
    pub candidate_error: f64,
    /// Standard error of the baseline's value.
    pub baseline_error: f64,
    /// Standard error of their difference.
    pub difference_error: f64,
}

/// The gap among `values`; none among fewer than two, not a number if one of them is none.
pub fn gap(values: impl Iterator<Item = f64>) -> Option<f64> {
    let values: Vec<f64> = values.collect();
    if values.iter().any(|value| value.is_nan()) {
        return Some(f64::NAN);
    }
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let greatest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (values.len() > 1).then_some(greatest - least)
}

/// The gap of one model among groups, each measured twice: at the confidence of the upper bound, and at [`pairs_confidence`] for
/// the lower one.
///
/// # Errors
/// Fewer than two groups.
pub fn gap_bounds(at_confidence: &[Estimate], at_pairs: &[Estimate], confidence: f64) -> Result<Estimate, Undefined> {
    let z = one_sided(confidence)?;
    let pairs = |groups: &[Estimate], bound: &dyn Fn(&Estimate, &Estimate) -> f64| -> f64 {
        let mut largest = f64::NEG_INFINITY;
        for (i, high) in groups.iter().enumerate() {
            for (_, low) in groups.iter().enumerate().filter(|(j, _)| *j != i) {
                let bound = bound(high, low);
                if bound.is_nan() {
                    return bound;
                }
                largest = largest.max(bound);
            }
        }
        largest
    };
    let upper = pairs(at_confidence, &|high, low| {
        high.value - low.value + (high.upper - high.value).hypot(low.value - low.lower)
    });
    let lower =
        pairs(at_pairs, &|high, low| high.value - low.value - (high.value - high.lower).hypot(low.upper - low.value));
    let n = at_confidence.iter().map(|group| group.n).sum();
    let Some(value) = gap(at_confidence.iter().map(|group| group.value)) else {
        return Err(Undefined::TooFewGroups { n: at_confidence.len() as u64, needed: 2 });
    };
    Interval::new(Method::PairwiseMover, lower.max(0.0), upper, (upper - value) / z).estimate(
        n,
        value,
        (0.0, f64::INFINITY),
    )
}

/// The confidence of each of the bounds among which the largest is a lower bound of the gap of `groups`.
pub fn pairs_confidence(confidence: f64, groups: usize) -> f64 {
    let groups = groups.max(2) as f64;
    1.0 - (1.0 - confidence) / (groups * (groups - 1.0))
}

/// The standard error, or where there is none (a perfect score) the one that bounds at `confidence` would come from.
///
/// # Errors
/// A confidence outside its range.
pub fn error_of(error: Option<f64>, lower: f64, upper: f64, confidence: f64) -> Result<f64, Undefined> {
    let z = one_sided(confidence)?;
    Ok(error.unwrap_or((upper - lower) / (2.0 * z)))
}

/// By how much the candidate's gap exceeds the baseline's.
///
/// # Errors
/// Fewer than two groups, or values that do not vary.
pub fn gap_growth(groups: &[GroupPair], sampling: &Sampling) -> Result<Comparison, Undefined> {
    let of = |value: fn(&GroupPair) -> f64| {
        let too_few = Undefined::TooFewGroups { n: groups.len() as u64, needed: 2 };
        gap(groups.iter().map(value)).ok_or(too_few)
    };
    let (candidate, baseline) = (of(|group| group.candidate)?, of(|group| group.baseline)?);
    let key = Key::new(&sampling.seed, "gap");
    let draw = |number: u32| {
        let mut generator = key.resample(number);
        let mut normal = || normal_quantile(((generator.next_u64() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64);
        let drawn: Vec<(f64, f64)> = groups
            .iter()
            .map(|group| {
                let (first, second) = (normal(), normal());
                let r = group.correlation();
                (
                    group.candidate + group.candidate_error * first,
                    group.baseline + group.baseline_error * (r * first + (1.0 - r * r).max(0.0).sqrt() * second),
                )
            })
            .collect();
        let [ours, theirs] = [|pair: &(f64, f64)| pair.0, |pair: &(f64, f64)| pair.1];
        gap(drawn.iter().map(ours)).unwrap_or(f64::NAN) - gap(drawn.iter().map(theirs)).unwrap_or(f64::NAN)
    };
    let values = (0..sampling.resamples).into_par_iter().with_min_len(64).map(draw).collect();
    let (interval, sufficient): (Interval, Sufficient) = Replicates::new(values)?.interval(
        Method::ParametricBootstrap,
        candidate - baseline,
        0.0,
        sampling.confidence,
    )?;
    let n = groups.iter().map(|group| group.n).sum();
    interval.comparison(n, (candidate, baseline), (f64::NEG_INFINITY, f64::INFINITY), sufficient)
}

impl GroupPair {
    /// Of the two values: Var(a - b) = Var a + Var b - 2 Cov.
    fn correlation(&self) -> f64 {
        let (a, b, d) = (self.candidate_error, self.baseline_error, self.difference_error);
        let scale = 2.0 * a * b;
        if scale > 0.0 { ((a * a + b * b - d * d) / scale).clamp(-1.0, 1.0) } else { 0.0 }
    }
}
