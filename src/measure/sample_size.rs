//! How many rows would decide, and what those there are can tell.
//!
//! n ≥ (z_{1-α} + z_{power})² Var(d) / δ², the normal approximation of a one-sided test
//! (`statsmodels.stats.power.NormalIndPower`).

use super::distribution::normal_quantile;

/// Rows at which a one-sided test at `confidence` decides with probability `power`.
///
/// `standard_error` was measured on `n` rows, so Var(d) = `standard_error`² · n; `distance` is how far the truth is
/// from the limit: the margin, if the models are assumed equal, or `delta + margin`, if the observed difference is.
/// `None` if the distance is not positive (more rows would not help), or a setting makes no sense.
pub fn rows_needed(standard_error: f64, n: u64, distance: f64, confidence: f64, power: f64) -> Option<u64> {
    let z = normal_quantile(confidence) + normal_quantile(power);
    let rows = z * z * standard_error * standard_error * n as f64 / (distance * distance);
    let sensible = standard_error > 0.0 && distance > 0.0 && z > 0.0;
    (sensible && rows.is_finite() && rows < 9e15).then(|| (rows.ceil() as u64).max(1))
}

/// The smallest difference from the limit that a one-sided test at `confidence` decides with probability `power`:
/// (z_{1-α} + z_{power}) · `standard_error`. `None` if a setting makes no sense.
pub fn detectable(standard_error: f64, confidence: f64, power: f64) -> Option<f64> {
    let z = normal_quantile(confidence) + normal_quantile(power);
    let difference = z * standard_error;
    (standard_error > 0.0 && z > 0.0 && difference.is_finite()).then_some(difference)
}
