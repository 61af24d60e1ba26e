//! Bounds from sufficient statistics: what a certificate's reader does without the rows.

use super::bca::level;
use super::delong::Components;
use super::distribution::one_sided;
use super::mcnemar;
use super::metric::MetricSpec;
use super::moments::Moments;
use super::multinomial::{Contrast, Table};
use super::outcome::{Comparison, Interval, Method, Quantile, Sampling, Sufficient};
use super::smooth::influence_interval;
use super::undefined::Undefined;

/// `comparison` with its bounds computed again from `comparison.sufficient`, at the confidence of `sampling`.
///
/// With the settings of the original the bounds are the same, bit for bit; another confidence gives what that would have given,
/// except for `Resampled`, where bounds between two kept quantiles are interpolated. A comparison without sufficient
/// statistics (identical predictions) is returned as it is.
///
/// # Errors
/// As `compare`.
pub fn rederive(spec: &MetricSpec, comparison: &Comparison, sampling: &Sampling) -> Result<Comparison, Undefined> {
    let confidence = sampling.confidence;
    let interval = match &comparison.sufficient {
        Sufficient::None => return Ok(comparison.clone()),
        Sufficient::Discordant { both, only_baseline, only_candidate, neither } => {
            let rows = both + only_baseline + only_candidate + neither;
            mcnemar::interval(rows, *only_baseline, *only_candidate, confidence)?
        }
        &Sufficient::Moments { n, sum, sum_squares, sum_cubes } => {
            let moments = Moments { n, sum, sum_squares, sum_cubes };
            if comparison.method == Method::Influence {
                influence_interval(&moments, comparison.delta, confidence)?
            } else {
                moments.t_interval(Method::PairedT, confidence)?
            }
        }
        &Sufficient::Components { n_pos, n_neg, auc_a, auc_b, s10, s01 } => {
            Components { n_pos, n_neg, auc_a, auc_b, s10, s01 }.interval(confidence)?
        }
        Sufficient::Cells { classes, cells } => {
            let table = Table { metric: spec.metric, contrast: Contrast::Difference, classes: *classes, cells };
            table.interval(sampling)?.0
        }
        Sufficient::Resampled { bias_correction, acceleration, quantiles } => {
            let z = one_sided(confidence)?;
            let at = |z| level(*bias_correction, *acceleration, z).map(|level| between(quantiles, level));
            let error = comparison.standard_error.unwrap_or(0.0);
            let mut interval = Interval::new(comparison.method, at(-z)?, at(z)?, error);
            interval.resamples = comparison.resamples;
            interval
        }
    };
    interval.comparison(
        comparison.n,
        (comparison.candidate, comparison.baseline),
        spec.metric.range(),
        comparison.sufficient.clone(),
    )
}

/// The value at `probability`, linear between the two kept quantiles around it, the outermost ones beyond. NaN without any.
fn between(quantiles: &[Quantile], probability: f64) -> f64 {
    let above = quantiles.partition_point(|quantile| quantile.probability < probability);
    match (above.checked_sub(1).and_then(|below| quantiles.get(below)), quantiles.get(above)) {
        (_, Some(high)) if high.probability == probability => high.value,
        (Some(low), Some(high)) => {
            let share = (probability - low.probability) / (high.probability - low.probability);
            low.value + share * (high.value - low.value)
        }
        (Some(only), None) | (None, Some(only)) => only.value,
        (None, None) => f64::NAN,
    }
}
