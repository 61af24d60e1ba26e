//! Quantiles of samples such as latencies, and the ratio of two.
//!
//! One sample: the order statistics whose ranks bound a Bin(n, q) count, exact for any continuous distribution
//! (`scipy.stats.quantile_test`). Ratio: the bootstrap distribution of a sample quantile is that of the order statistic
//! with index Bin(n + 1, q) (Schultzberg & Ankargren, arXiv 2202.10992); two independent ones give the ratio's
//! distribution without drawing anything. Points are numpy's default, linear between order statistics.

use rayon::prelude::*;

use super::distribution::{Binomial, one_sided};
use super::input::finite;
use super::outcome::{Estimate, Interval, Method};
use super::undefined::Undefined;

/// Samples wanted on the short side of the quantile: 1,000 for a p99.
const BEYOND: f64 = 10.0;

/// Candidate's quantile over baseline's, from independent samples.
#[derive(Debug, Clone, PartialEq)]
pub struct QuantileRatio {
    /// The candidate's quantile, in the samples' unit.
    pub candidate: f64,
    /// The baseline's quantile, in the samples' unit.
    pub baseline: f64,
    /// `candidate / baseline`.
    pub ratio: f64,
    /// One-sided lower bound of the ratio.
    pub lower: f64,
    /// One-sided upper bound of the ratio.
    pub upper: f64,
    /// The candidate's samples.
    pub n_candidate: u64,
    /// The baseline's samples.
    pub n_baseline: u64,
    /// How the bounds were found.
    pub method: Method,
}

/// The `q`-quantile of `samples`, in any order, with distribution-free bounds, each at `confidence`.
///
/// # Errors
/// A sample that is not finite, `q` outside (0, 1), or fewer than ten samples expected on either side of the quantile.
pub fn quantile(samples: &[f64], q: f64, confidence: f64) -> Result<Estimate, Undefined> {
    one_sided(confidence)?;
    let sorted = sort(samples, q)?;
    let n = sorted.len();
    let counts = Binomial::new(n as u64, q);
    // x_(l) exceeds the quantile iff fewer than l samples lie below it; x_(u) falls short iff at least u do.
    let (mut below, mut lower, mut upper) = (0.0, counts.first, counts.first);
    for (count, mass) in (counts.first..).zip(&counts.mass) {
        below += mass;
        if below < 1.0 - confidence {
            lower = count + 1;
        }
        if below < confidence {
            upper = count + 1;
        }
    }
    let at = |rank: u64| sorted[(rank as usize).min(n - 1)];
    Interval::new(Method::OrderStatistics, at(lower.saturating_sub(1)), at(upper), 0.0).estimate(
        n as u64,
        point(&sorted, q),
        (f64::NEG_INFINITY, f64::INFINITY),
    )
}

/// The ratio of the `q`-quantiles of two independent samples of magnitudes, with bounds, each at `confidence`.
///
/// # Errors
/// As [`quantile`]; also a negative sample, or a baseline quantile that may be zero.
pub fn quantile_ratio(
    candidate: &[f64],
    baseline: &[f64],
    q: f64,
    confidence: f64,
) -> Result<QuantileRatio, Undefined> {
    one_sided(confidence)?;
    for samples in [candidate, baseline] {
        if let Some(row) = samples.iter().position(|&value| value < 0.0) {
            return Err(Undefined::Negative { row, value: samples[row] });
        }
    }
    let (top, bottom) = (sort(candidate, q)?, sort(baseline, q)?);
    let (over, under) = (Resampled::new(&top, q), Resampled::new(&bottom, q));
    if under.values.first().is_none_or(|&least| least <= 0.0) {
        return Err(Undefined::ZeroBaseline);
    }
    let (candidate, baseline) = (point(&top, q), point(&bottom, q));
    Ok(QuantileRatio {
        candidate,
        baseline,
        ratio: candidate / baseline,
        lower: ratio_at(&over, &under, 1.0 - confidence),
        upper: ratio_at(&over, &under, confidence),
        n_candidate: top.len() as u64,
        n_baseline: bottom.len() as u64,
        method: Method::OrderStatistics,
    })
}

/// The distribution of a sample quantile over resamples: ascending values and their probabilities.
struct Resampled {
    values: Vec<f64>,
    mass: Vec<f64>,
}

impl Resampled {
    fn new(sorted: &[f64], q: f64) -> Self {
        let n = sorted.len();
        let ranks = Binomial::new(n as u64 + 1, q);
        // Ranks 0 and n + 1 have next to no mass with ten samples beyond the quantile: they count as the extremes.
        let value = |rank: u64| sorted[(rank as usize).clamp(1, n) - 1];
        Self { values: (ranks.first..).zip(&ranks.mass).map(|(rank, _)| value(rank)).collect(), mass: ranks.mass }
    }
}

/// The smallest ratio that a share `probability` of all pairs does not exceed.
fn ratio_at(over: &Resampled, under: &Resampled, probability: f64) -> f64 {
    let (last_over, last_under) = (over.values.len() - 1, under.values.len() - 1);
    let mut low = over.values[0] / under.values[last_under];
    let mut high = over.values[last_over] / under.values[0];
    // Halving until neighbours: the distribution is a staircase, so the answer is one of the ratios.
    while share_up_to(over, under, low) < probability {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            return high;
        }
        if share_up_to(over, under, middle) < probability {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// P(over / under ≤ ratio).
fn share_up_to(over: &Resampled, under: &Resampled, ratio: f64) -> f64 {
    let (mut share, mut smaller, mut at) = (0.0, 0.0, 0);
    for (value, mass) in over.values.iter().zip(&over.mass) {
        while at < under.values.len() && value / under.values[at] > ratio {
            smaller += under.mass[at];
            at += 1;
        }
        share += mass * (1.0 - smaller);
    }
    share
}

fn sort(samples: &[f64], q: f64) -> Result<Vec<f64>, Undefined> {
    if !(q > 0.0 && q < 1.0) {
        return Err(Undefined::InvalidSetting { name: "quantile", value: q });
    }
    let mut sorted = finite(samples, samples.len())?.to_vec();
    // A hair below, so that 1,000 samples do for 0.99 although 1 - 0.99 is not quite 0.01 in f64.
    let needed = (BEYOND / q.min(1.0 - q) * (1.0 - 1e-9)).ceil();
    if (sorted.len() as f64) < needed {
        return Err(Undefined::TooFewRows { n: sorted.len() as u64, needed: needed as u64 });
    }
    sorted.par_sort_unstable_by(f64::total_cmp);
    Ok(sorted)
}

fn point(sorted: &[f64], q: f64) -> f64 {
    let place = q * (sorted.len() - 1) as f64;
    let low = place.floor() as usize;
    let high = (low + 1).min(sorted.len() - 1);
    sorted[low] + (place - low as f64) * (sorted[high] - sorted[low])
}
