//! Quantiles of samples such as latencies, and the ratio of two.
//!
//! One sample: the order statistics whose ranks bound a Bin(n, q) count, exact for any continuous distribution
//! (`scipy.stats.quantile_test`). Ratio: the bootstrap distribution of a sample quantile is that of the order statistic
//! with index Bin(n + 1, q) (Schultzberg & Ankargren, arXiv 2202.10992); two independent ones give the ratio's
//! distribution without drawing anything. Points are numpy's default, linear between order statistics.

use rayon::prelude::*;

use super::distribution::{Binomial, one_sided};
use super::input::finite;
use super::outcome::{Estimate, Interval, Method, Ordered, Sufficient};
use super::undefined::Undefined;

/// Samples wanted on the short side of the quantile: 1,000 for a p99.
const BEYOND: f64 = 10.0;
/// More order statistics say more than a certificate should.
const MOST_KEPT: usize = 1000;

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
    /// Enough to derive the bounds again; nothing where that would be too much to keep.
    pub sufficient: Sufficient,
}

/// The `q`-quantile of `samples`, in any order, with distribution-free bounds, each at `confidence`.
///
/// # Errors
/// A sample that is not finite, `q` outside (0, 1), or fewer than ten samples expected on either side of the quantile.
pub fn quantile(samples: &[f64], q: f64, confidence: f64) -> Result<Estimate, Undefined> {
    one_sided(confidence)?;
    let sorted = sort(samples, q)?;
    let n = sorted.len() as u64;
    let (lower, upper) = bound_ranks(n, q, confidence);
    let (low, high) = point_ranks(n, q);
    let candidate = Ordered::of(&sorted, [lower, upper, low, high].into_iter());
    of_one(&candidate, q, confidence)
}

/// As [`quantile`], from the order statistics it needs.
pub(super) fn of_one(ordered: &Ordered, q: f64, confidence: f64) -> Result<Estimate, Undefined> {
    let (lower, upper) = bound_ranks(ordered.n, q, confidence);
    let sufficient = Sufficient::Ordered { candidate: ordered.clone(), baseline: None };
    Interval::new(Method::OrderStatistics, ordered.at(lower)?, ordered.at(upper)?, 0.0).estimate(
        ordered.n,
        ordered.point(q)?,
        (f64::NEG_INFINITY, f64::INFINITY),
        sufficient,
    )
}

/// The ranks of the order statistics that are the bounds.
fn bound_ranks(n: u64, q: f64, confidence: f64) -> (u64, u64) {
    let counts = Binomial::new(n, q);
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
    (lower.clamp(1, n), (upper + 1).min(n))
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
    let needed = |samples: &[f64]| -> Result<Ordered, Undefined> {
        let sorted = sort(samples, q)?;
        let n = sorted.len() as u64;
        let (low, high) = point_ranks(n, q);
        Ok(Ordered::of(&sorted, resampled_ranks(n, q).chain([low, high])))
    };
    of_two(&needed(candidate)?, &needed(baseline)?, q, confidence)
}

/// As [`quantile_ratio`], from the order statistics it needs.
pub(super) fn of_two(top: &Ordered, bottom: &Ordered, q: f64, confidence: f64) -> Result<QuantileRatio, Undefined> {
    one_sided(confidence)?;
    let (over, under) = (Resampled::new(top, q)?, Resampled::new(bottom, q)?);
    if under.values.first().is_none_or(|&least| least <= 0.0) {
        return Err(Undefined::ZeroBaseline);
    }
    let (candidate, baseline) = (top.point(q)?, bottom.point(q)?);
    let few = top.ranks.len().max(bottom.ranks.len()) <= MOST_KEPT;
    Ok(QuantileRatio {
        candidate,
        baseline,
        ratio: candidate / baseline,
        lower: ratio_at(&over, &under, 1.0 - confidence),
        upper: ratio_at(&over, &under, confidence),
        n_candidate: top.n,
        n_baseline: bottom.n,
        method: Method::OrderStatistics,
        sufficient: if few {
            Sufficient::Ordered { candidate: top.clone(), baseline: Some(bottom.clone()) }
        } else {
            Sufficient::None
        },
    })
}

/// The distribution of a sample quantile over resamples: ascending values and their probabilities.
struct Resampled {
    values: Vec<f64>,
    mass: Vec<f64>,
}

impl Resampled {
    fn new(ordered: &Ordered, q: f64) -> Result<Self, Undefined> {
        let values = resampled_ranks(ordered.n, q).map(|rank| ordered.at(rank)).collect::<Result<_, _>>()?;
        Ok(Self { values, mass: Binomial::new(ordered.n + 1, q).mass })
    }
}

/// The rank of each value that a resampled quantile may take. Ranks 0 and n + 1 have next to no mass with ten samples beyond
/// the quantile: they count as the extremes.
fn resampled_ranks(n: u64, q: f64) -> impl Iterator<Item = u64> {
    let ranks = Binomial::new(n + 1, q);
    (ranks.first..).take(ranks.mass.len()).map(move |rank| rank.clamp(1, n))
}

impl Ordered {
    /// Those at `ranks`, from a sample in ascending order.
    fn of(sorted: &[f64], ranks: impl Iterator<Item = u64>) -> Self {
        let mut ranks: Vec<u64> = ranks.collect();
        ranks.sort_unstable();
        ranks.dedup();
        let value = |rank: u64| sorted.get((rank as usize).checked_sub(1)?).map(|value| (rank, *value));
        Self { n: sorted.len() as u64, ranks: ranks.into_iter().filter_map(value).collect() }
    }

    fn at(&self, rank: u64) -> Result<f64, Undefined> {
        let place = self.ranks.binary_search_by_key(&rank, |(rank, _)| *rank).map_err(|_| Undefined::Contradictory)?;
        Ok(self.ranks[place].1)
    }

    /// numpy's default: linear between order statistics.
    fn point(&self, q: f64) -> Result<f64, Undefined> {
        let (low, high) = point_ranks(self.n, q);
        let place = q * self.n.saturating_sub(1) as f64;
        let (low, high) = (self.at(low)?, self.at(high)?);
        Ok(low + (place - place.floor()) * (high - low))
    }
}

/// The ranks that the quantile lies between.
fn point_ranks(n: u64, q: f64) -> (u64, u64) {
    let low = (q * n.saturating_sub(1) as f64).floor() as u64 + 1;
    (low, (low + 1).min(n))
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
