//! Bounds from sufficient statistics: what a certificate's reader does without the rows.

use super::bca::level;
use super::delong::Components;
use super::distribution::one_sided;
use super::mcnemar;
use super::moments::Moments;
use super::multinomial::{Contrast, Table};
use super::outcome::{Cell, Comparison, Interval, Method, Quantile, Sampling, Sufficient};
use super::settings::MetricSpec;
use super::smooth::influence_interval;
use super::undefined::Undefined;

/// More classes than a recorded table can name, and a count to refuse before allocating for it.
const MOST_CLASSES: u32 = 1 << 20;

/// `comparison` computed again from `comparison.sufficient`, at the confidence of `sampling`.
///
/// The bounds are always derived again, the models' values wherever the statistics hold them (not for means, influence
/// values and resampled quantiles). With the settings of the original an honest comparison comes back the same, bit for
/// bit. Another confidence gives what that would have given, except for `Resampled`, where bounds between two kept
/// quantiles are interpolated. A comparison without sufficient statistics (identical predictions) comes back as it is.
///
/// # Errors
/// As `compare`; also statistics that no rows could have given: they come from a file, so nothing about them is trusted.
pub fn rederive(spec: &MetricSpec, comparison: &Comparison, sampling: &Sampling) -> Result<Comparison, Undefined> {
    let confidence = sampling.confidence;
    let mut values = (comparison.candidate, comparison.baseline);
    let interval = match &comparison.sufficient {
        Sufficient::None => return Ok(comparison.clone()),
        &Sufficient::Discordant { both, only_baseline, only_candidate, neither } => {
            let rows = rows([both, only_baseline, only_candidate, neither].into_iter(), comparison.n)?;
            let share = |right: u64| right as f64 / rows as f64;
            values = (share(both + only_candidate), share(both + only_baseline));
            mcnemar::interval(rows, only_baseline, only_candidate, confidence)?
        }
        &Sufficient::Moments { n, sum, sum_squares, sum_cubes } => {
            let moments = Moments { n, sum, sum_squares, sum_cubes };
            if comparison.method == Method::Influence {
                influence_interval(&moments, comparison.delta, confidence)?
            } else {
                let scale = comparison.candidate.abs() + comparison.baseline.abs();
                if (moments.mean() - comparison.delta).abs() > 1e-9 * scale {
                    return Err(Undefined::Contradictory);
                }
                moments.t_interval(Method::PairedT, confidence)?
            }
        }
        &Sufficient::Components { n_pos, n_neg, auc_a, auc_b, s10, s01 } => {
            rows([n_pos, n_neg].into_iter(), comparison.n)?;
            values = (auc_a, auc_b);
            Components { n_pos, n_neg, auc_a, auc_b, s10, s01 }.interval(confidence)?
        }
        Sufficient::Cells { classes, cells } => {
            let nameable = |cell: &Cell| cell.truth.max(cell.candidate).max(cell.baseline) < *classes && cell.count > 0;
            if *classes > MOST_CLASSES || !cells.iter().all(nameable) {
                return Err(Undefined::Contradictory);
            }
            rows(cells.iter().map(|cell| cell.count), comparison.n)?;
            let table = Table { spec, contrast: Contrast::Difference, classes: *classes, cells };
            values = table.values()?;
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
    interval.comparison(comparison.n, values, spec.range(), comparison.sufficient.clone())
}

/// The sum of the counts, which cannot exceed the rows of the set.
fn rows(mut counts: impl Iterator<Item = u64>, most: u64) -> Result<u64, Undefined> {
    counts.try_fold(0_u64, u64::checked_add).filter(|&rows| rows <= most).ok_or(Undefined::Contradictory)
}

/// The value at `probability`, linear between the two kept quantiles around it, the outermost ones beyond. NaN without
/// any.
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
