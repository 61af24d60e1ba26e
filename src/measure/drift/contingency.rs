//! χ² of a table of two rows: both histograms are samples. A goodness-of-fit test would take the reference for exact, and
//! alarm in 32 of 100 cases without drift at 500 rows each.

use super::super::distribution::chi_squared_tail;
use super::super::undefined::Undefined;
use super::divergence::totals;

/// How much two histograms depend on which of them it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contingency {
    /// Pearson's χ², without a correction for continuity.
    pub chi_squared: f64,
    /// Its degrees of freedom.
    pub freedom: u32,
    /// The chance of such a value or a larger one if nothing drifted.
    pub p: f64,
    /// Cramér's V: 0 to 1, whatever the number of rows.
    pub cramers_v: f64,
    /// The same less what chance makes of it: Bergsma, "A bias-correction for Cramér's V and Tschuprow's T", J. Korean Stat. Soc.
    /// 42 (2013).
    pub corrected_v: f64,
}

/// As `scipy.stats.chi2_contingency(correction=False)` and `scipy.stats.contingency.association(method="cramer")`, over the
/// bins that are not empty in both.
///
/// # Errors
/// Histograms of different lengths, or an empty one.
pub fn contingency(reference: &[u64], current: &[u64]) -> Result<Contingency, Undefined> {
    let (n, m) = totals(reference, current)?;
    let all = n + m;
    let mut chi_squared = 0.0;
    let mut bins = 0_u32;
    for (p, q) in reference.iter().zip(current).filter(|(p, q)| **p + **q > 0) {
        let both = *p as f64 + *q as f64;
        for (found, total) in [(*p, n), (*q, m)] {
            let expected = both * total / all;
            chi_squared += (found as f64 - expected).powi(2) / expected;
        }
        bins += 1;
    }
    let freedom = bins.saturating_sub(1);
    Ok(Contingency {
        chi_squared,
        freedom,
        p: chi_squared_tail(chi_squared, freedom.into()),
        cramers_v: if freedom == 0 { 0.0 } else { (chi_squared / all).sqrt() },
        corrected_v: corrected(chi_squared, all, freedom),
    })
}

/// V of a table of two rows, without its bias. That of a single value cannot be corrected: it is 0.
pub(super) fn corrected(chi_squared: f64, all: f64, freedom: u32) -> f64 {
    if freedom == 0 || all < 2.0 {
        return 0.0;
    }
    let freedom = f64::from(freedom);
    // The table's shorter side has two rows, or less where it is corrected, too.
    let less = |side: f64| side - side * side / (all - 1.0);
    let shorter = less(1.0).min(less(freedom));
    let square = (chi_squared / all - freedom / (all - 1.0)).max(0.0) / shorter;
    if shorter > 0.0 { square.sqrt().min(1.0) } else { 0.0 }
}
