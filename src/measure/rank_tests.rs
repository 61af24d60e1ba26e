//! Tests by ranks, reported beside an interval and never judged by: they ask about medians, not about the metric.
//!
//! Wilcoxon, "Individual comparisons by ranking methods", Biometrics Bull. 1 (1945): `scipy.stats.wilcoxon`; Mann &
//! Whitney, "On a test of whether one of two random variables is stochastically larger", Ann. Math. Stat. 18 (1947):
//! `scipy.stats.mannwhitneyu`, with Hodges and Lehmann's shift (Ann. Math. Stat. 34, 1963). Exact for few values without
//! ties, as scipy's `method="auto"`.

use super::distribution::{normal_cdf, one_sided};
use super::input::finite;
use super::undefined::Undefined;

/// Differences up to which the signed-rank distribution is counted out.
const FEW_DIFFERENCES: usize = 50;

/// Size of the smaller sample up to which the rank-sum distribution is counted out.
const FEW_SAMPLES: usize = 8;

/// Exact rank sums need a table of n·m counts for each of n; beyond this the normal approximation is as good.
const LARGEST_EXACT: usize = 20_000;

/// Two-sided p of "the differences are symmetric about zero". Zero differences are left out.
///
/// # Errors
/// A difference that is no number, or none that is not zero.
pub fn wilcoxon(differences: &[f64]) -> Result<f64, Undefined> {
    let all = finite(differences, differences.len())?;
    let differences: Vec<f64> = all.iter().copied().filter(|d| *d != 0.0).collect();
    let n = differences.len();
    if n == 0 {
        return Err(Undefined::ZeroVariance);
    }
    let sizes: Vec<f64> = differences.iter().map(|d| d.abs()).collect();
    let (ranks, ties) = midranks(&sizes);
    let plus: f64 = differences.iter().zip(&ranks).filter(|(d, _)| **d > 0.0).map(|(_, rank)| rank).sum();
    let rows = n as f64;
    if n == all.len() && n <= FEW_DIFFERENCES && ties == 0.0 {
        return Ok(two_sided_exact(&signed_rank_counts(n), plus));
    }
    let mean = rows * (rows + 1.0) / 4.0;
    let variance = (rows * (rows + 1.0) * (2.0 * rows + 1.0) - 0.5 * ties) / 24.0;
    if variance > 0.0 { Ok(two_sided((plus - mean) / variance.sqrt())) } else { Err(Undefined::ZeroVariance) }
}

/// Two independent samples compared by ranks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RankSum {
    /// U of the first sample: pairs in which it is larger, ties counting half.
    pub u: f64,
    /// U over all pairs: P(first > second) + ½ P(equal).
    pub larger: f64,
    /// Two-sided p of "equal distributions".
    pub p: f64,
    /// Hodges and Lehmann's shift: the median of all differences, first minus second.
    pub shift: f64,
    /// One-sided lower bound of the shift.
    pub lower: f64,
    /// One-sided upper bound of the shift.
    pub upper: f64,
}

/// Mann and Whitney's test of `first` against `second`, with the shift between them; bounds at `confidence` each.
///
/// # Errors
/// A sample that is empty or holds what is no number, or a confidence outside (0.5, 1).
pub fn mann_whitney(first: &[f64], second: &[f64], confidence: f64) -> Result<RankSum, Undefined> {
    let z = one_sided(confidence)?;
    let (n, m) = (first.len(), second.len());
    if n == 0 || m == 0 {
        return Err(Undefined::NoRows);
    }
    let all: Vec<f64> = finite(first, n)?.iter().chain(finite(second, m)?).copied().collect();
    let (ranks, ties) = midranks(&all);
    let (a, b, pairs) = (n as f64, m as f64, n as f64 * m as f64);
    let u = ranks.iter().take(n).sum::<f64>() - a * (a + 1.0) / 2.0;
    let total = a + b;
    let variance = pairs / 12.0 * (total + 1.0 - ties / (total * (total - 1.0)));
    let p = if ties == 0.0 && n.min(m) <= FEW_SAMPLES && n * m <= LARGEST_EXACT {
        two_sided_exact(&rank_sum_counts(n, m), u)
    } else if variance > 0.0 {
        let off = ((u - pairs / 2.0).abs() - 0.5).max(0.0);
        two_sided(off / variance.sqrt())
    } else {
        1.0
    };
    let (mut x, mut y) = (first.to_vec(), second.to_vec());
    x.sort_unstable_by(f64::total_cmp);
    y.sort_unstable_by(f64::total_cmp);
    // The differences whose ranks bound U: the normal approximation of its distribution without ties.
    let half = z * (pairs * (total + 1.0) / 12.0).sqrt();
    let least = (pairs / 2.0 - half).floor().max(1.0) as u64;
    let count = (n as u64) * (m as u64);
    let shift = 0.5 * (difference(&x, &y, count.div_ceil(2)) + difference(&x, &y, count / 2 + 1));
    Ok(RankSum {
        u,
        larger: u / pairs,
        p,
        shift,
        lower: difference(&x, &y, least),
        upper: difference(&x, &y, count + 1 - least),
    })
}

/// The `rank`-th smallest of all x - y, counted from 1: halving until neighbours, each step one walk along both samples, so
/// that the pairs are never written down.
fn difference(x: &[f64], y: &[f64], rank: u64) -> f64 {
    let up_to = |limit: f64| {
        let (mut count, mut from) = (0_u64, y.len());
        for value in x {
            while from > 0 && value - y[from - 1] <= limit {
                from -= 1;
            }
            // y[from..] are those whose difference does not exceed the limit.
            while from < y.len() && value - y[from] > limit {
                from += 1;
            }
            count += (y.len() - from) as u64;
        }
        count
    };
    let (mut low, mut high) = (x[0] - y[y.len() - 1], x[x.len() - 1] - y[0]);
    if up_to(low) >= rank {
        return low;
    }
    loop {
        let middle = 0.5 * low + 0.5 * high;
        if middle <= low || middle >= high {
            return high;
        }
        if up_to(middle) >= rank {
            high = middle;
        } else {
            low = middle;
        }
    }
}

/// Ranks from 1, equal values sharing their mean rank; and Σ (t³ - t) over runs of t equal values.
fn midranks(values: &[f64]) -> (Vec<f64>, f64) {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|a, b| values[*a].total_cmp(&values[*b]).then(a.cmp(b)));
    let mut ranks = vec![0.0; values.len()];
    let (mut start, mut ties) = (0, 0.0);
    for run in order.chunk_by(|a, b| values[*a] == values[*b]) {
        let length = run.len() as f64;
        for &at in run {
            ranks[at] = start as f64 + (length + 1.0) / 2.0;
        }
        ties += length * length * length - length;
        start += run.len();
    }
    (ranks, ties)
}

/// How many of the 2ⁿ signs give each rank sum.
pub(super) fn signed_rank_counts(n: usize) -> Vec<f64> {
    let mut counts = vec![0.0; n * (n + 1) / 2 + 1];
    counts[0] = 1.0;
    for rank in 1..=n {
        for sum in (rank..counts.len()).rev() {
            counts[sum] += counts[sum - rank];
        }
    }
    counts
}

/// How many of the orders of n and m values give each U: those of n - 1 and of one more rank.
fn rank_sum_counts(n: usize, m: usize) -> Vec<f64> {
    let (n, m) = (n.min(m), n.max(m));
    // ways[k][u]: choices of k ranks among those seen whose sum exceeds the least by u.
    let mut ways = vec![vec![0.0; n * m + 1]; n + 1];
    ways[0][0] = 1.0;
    for rank in 0..n + m {
        for chosen in (1..=n.min(rank + 1)).rev() {
            let gain = rank + 1 - chosen;
            if gain > n * m {
                continue;
            }
            for u in (gain..=n * m).rev() {
                let before = ways[chosen - 1][u - gain];
                ways[chosen][u] += before;
            }
        }
    }
    ways.pop().unwrap_or_default()
}

/// Twice the smaller tail.
fn two_sided_exact(counts: &[f64], found: f64) -> f64 {
    let all: f64 = counts.iter().sum();
    let up_to: f64 = counts.iter().take(found.floor() as usize + 1).sum();
    let from: f64 = counts.iter().skip(found.ceil() as usize).sum();
    (2.0 * up_to.min(from) / all).min(1.0)
}

fn two_sided(z: f64) -> f64 {
    (2.0 * normal_cdf(-z.abs())).min(1.0)
}
