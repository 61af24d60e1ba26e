//! Several p values at once: adjusted, each may be held against the level by itself.
//!
//! Holm, "A simple sequentially rejective multiple test procedure", Scand. J. Stat. 6 (1979), keeps the chance of a single
//! false alarm; Benjamini & Hochberg, "Controlling the false discovery rate", JRSS B 57 (1995), the share of false ones among
//! the alarms. `statsmodels.stats.multitest.multipletests(method="holm")` and `("fdr_bh")`.
//!
//! A p value that is no number counts as a test and stays none: nothing is significant because of it.

/// Holm's adjusted p values, in the same order.
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let count = p_values.len();
    let mut adjusted = vec![f64::NAN; count];
    let mut largest: f64 = 0.0;
    for (rank, at) in ascending(p_values).into_iter().enumerate() {
        largest = largest.max(p_values[at] * (count - rank) as f64).min(1.0);
        adjusted[at] = largest;
    }
    adjusted
}

/// Benjamini and Hochberg's adjusted p values, in the same order.
pub fn benjamini_hochberg(p_values: &[f64]) -> Vec<f64> {
    let count = p_values.len() as f64;
    let mut adjusted = vec![f64::NAN; p_values.len()];
    let mut least: f64 = 1.0;
    for (rank, at) in ascending(p_values).into_iter().enumerate().rev() {
        least = least.min(p_values[at] * (count / (rank + 1) as f64));
        adjusted[at] = least;
    }
    adjusted
}

/// Places of the numbers, smallest first.
fn ascending(p_values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..p_values.len()).filter(|at| !p_values[*at].is_nan()).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    order
}
