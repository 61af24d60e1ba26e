//! Distances of two histograms over the same bins.

use super::super::distribution::{chi_squared_quantile, chi_squared_tail};
use super::super::undefined::Undefined;

/// A population stability index and what chance alone makes of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stability {
    /// Σ (q − p) · ln(q / p).
    pub value: f64,
    /// The chance of such a value or a larger one if nothing drifted.
    pub p: f64,
    /// What the value exceeds by chance alone in one of twenty times.
    pub null_95: f64,
}

/// The population stability index. An empty bin has the share max(1/(2n), 1e-4): it would be infinite otherwise. Without drift
/// the index is about (1/n + 1/m) · χ² with one degree of freedom less than there are bins.
///
/// Yurdakul & Naranjo, "Statistical properties of the population stability index", J. Risk Model Validation 14 (2020).
///
/// # Errors
/// Histograms of different lengths, or an empty one.
pub fn stability(reference: &[u64], current: &[u64]) -> Result<Stability, Undefined> {
    let (n, m) = totals(reference, current)?;
    let share = |count: u64, total: f64| (count as f64 / total).max((0.5 / total).max(1e-4));
    let mut value = 0.0;
    let mut bins = 0_u32;
    for (p, q) in reference.iter().zip(current).filter(|(p, q)| **p + **q > 0) {
        let (p, q) = (share(*p, n), share(*q, m));
        value += (q - p) * (q / p).ln();
        bins += 1;
    }
    let (freedom, scale) = (f64::from(bins.saturating_sub(1)), 1.0 / n + 1.0 / m);
    Ok(Stability {
        value,
        p: chi_squared_tail(value / scale, freedom),
        null_95: scale * chi_squared_quantile(0.95, freedom),
    })
}

/// The Jensen-Shannon *distance* in base 2: 0 to 1, the root of the divergence. Like
/// `scipy.spatial.distance.jensenshannon(base=2)`.
///
/// # Errors
/// Histograms of different lengths, or an empty one.
pub fn jensen_shannon(reference: &[u64], current: &[u64]) -> Result<f64, Undefined> {
    let (n, m) = totals(reference, current)?;
    let term = |share: f64, middle: f64| if share > 0.0 { share * (share / middle).log2() } else { 0.0 };
    let mut divergence = 0.0;
    for (p, q) in reference.iter().zip(current) {
        let (p, q) = (*p as f64 / n, *q as f64 / m);
        let middle = f64::midpoint(p, q);
        divergence += 0.5 * (term(p, middle) + term(q, middle));
    }
    Ok(divergence.max(0.0).sqrt())
}

/// How many there are in each.
pub(super) fn totals(reference: &[u64], current: &[u64]) -> Result<(f64, f64), Undefined> {
    if reference.len() != current.len() {
        return Err(Undefined::LengthMismatch { expected: reference.len(), found: current.len() });
    }
    let total = |counts: &[u64]| counts.iter().map(|count| *count as f64).sum::<f64>();
    let (n, m) = (total(reference), total(current));
    if n > 0.0 && m > 0.0 { Ok((n, m)) } else { Err(Undefined::TooFewRows { n: 0, needed: 1 }) }
}
