//! P values of several questions asked at once.

/// The p values of Benjamini and Hochberg, in the order given: alarms where these are below q are false in a share q of all
/// alarms at most, on average. Like `statsmodels.stats.multitest.multipletests(method="fdr_bh")`; NaN stays NaN and counts as
/// a question.
///
/// Benjamini & Hochberg, "Controlling the false discovery rate", J. R. Stat. Soc. B 57 (1995).
pub fn benjamini_hochberg(p_values: &[f64]) -> Vec<f64> {
    let count = p_values.len();
    let mut order: Vec<usize> = (0..count).filter(|at| !p_values[*at].is_nan()).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    let mut adjusted = vec![f64::NAN; count];
    let mut least: f64 = 1.0;
    for (rank, at) in order.into_iter().enumerate().rev() {
        least = least.min(p_values[at] * count as f64 / (rank + 1) as f64);
        adjusted[at] = least;
    }
    adjusted
}
