//! Bounds from sufficient statistics: what a certificate's reader does without the rows.

use super::bca::level;
use super::classification::{Tally, is_plain};
use super::delong::{Component, Components};
use super::distribution::one_sided;
use super::mcnemar;
use super::moments::Moments;
use super::multinomial::{Contrast, Table};
use super::outcome::{
    Cell, Comparison, Estimate, Interval, Method, Ordered, Quantile, Resampling, Sampling, Sufficient,
};
use super::proportion;
use super::quantile::{self, QuantileRatio};
use super::ratio::{MOST_RECORDED, PairedRatio, geometric_mean, paired_ratio};
use super::satterthwaite::Spread;
use super::settings::MetricSpec;
use super::smooth::{influence_interval, student_interval};
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
                moments.paired_interval(spec.range(), confidence)?
            }
        }
        &Sufficient::Components { n_pos, n_neg, auc_a, auc_b, s10, s01 } => {
            rows([n_pos, n_neg].into_iter(), comparison.n)?;
            values = (auc_a, auc_b);
            Components { n_pos, n_neg, auc_a, auc_b, s10, s01 }.interval(confidence)?
        }
        Sufficient::Cells { classes, cells } => {
            check_cells(*classes, cells, comparison.n)?;
            let table = Table { spec, contrast: Contrast::Difference, classes: *classes, cells };
            values = table.values()?;
            table.interval(sampling)?.0
        }
        Sufficient::Resampled { .. } => {
            let (error, resamples) = (comparison.standard_error, comparison.resamples);
            resampled(&comparison.sufficient, comparison.method, error, resamples, confidence)?
        }
        &Sufficient::Student { freedom } if comparison.method == Method::Satterthwaite => {
            student(comparison.method, comparison.delta, comparison.standard_error, freedom, confidence)?
        }
        Sufficient::Component { .. }
        | Sufficient::Ordered { .. }
        | Sufficient::Student { .. }
        | Sufficient::Runs { .. } => {
            return Err(Undefined::Contradictory);
        }
    };
    interval.comparison(comparison.n, values, spec.range(), comparison.sufficient.clone())
}

/// `estimate` computed again from `estimate.sufficient`, as [`rederive`] does for two models.
///
/// # Errors
/// As `estimate`; also statistics that no rows could have given.
pub fn rederive_estimate(spec: &MetricSpec, estimate: &Estimate, sampling: &Sampling) -> Result<Estimate, Undefined> {
    let confidence = sampling.confidence;
    let mut value = estimate.value;
    let interval = match &estimate.sufficient {
        &Sufficient::Moments { n, sum, sum_squares, sum_cubes } => {
            let moments = Moments { n, sum, sum_squares, sum_cubes };
            if estimate.method == Method::Influence {
                influence_interval(&moments, value, confidence)?
            } else {
                value = moments.mean();
                moments.t_interval(Method::StudentT, confidence)?
            }
        }
        &Sufficient::Component { n_pos, n_neg, auc, s10, s01 } => {
            rows([n_pos, n_neg].into_iter(), estimate.n)?;
            value = auc;
            Component { n_pos, n_neg, auc, s10, s01 }.interval(confidence)?
        }
        Sufficient::Cells { classes, cells } => {
            check_cells(*classes, cells, estimate.n)?;
            let mut tally = Tally::new(*classes);
            cells.iter().for_each(|cell| tally.add(cell.truth, cell.candidate, cell.count));
            value = tally.value(spec)?;
            let table = Table { spec, contrast: Contrast::Candidate, classes: *classes, cells };
            let closed = sampling.resampling != Resampling::Always && is_plain(spec, *classes);
            let closed = if closed { proportion::interval(spec.metric, &tally, confidence)? } else { None };
            match closed {
                Some(interval) => interval,
                None => table.interval(sampling)?.0,
            }
        }
        Sufficient::Resampled { .. } => {
            let (error, resamples) = (estimate.standard_error, estimate.resamples);
            resampled(&estimate.sufficient, estimate.method, error, resamples, confidence)?
        }
        &Sufficient::Student { freedom } if estimate.method == Method::SatterthwaiteLogit => {
            student(estimate.method, value, estimate.standard_error, freedom, confidence)?
        }
        _ => return Err(Undefined::Contradictory),
    };
    interval.estimate(estimate.n, value, spec.range(), estimate.sufficient.clone())
}

/// A mean with its t bounds, from the sums that were kept.
///
/// # Errors
/// Statistics that no numbers could have given.
pub fn rederive_mean(sufficient: &Sufficient, confidence: f64) -> Result<Estimate, Undefined> {
    let &Sufficient::Moments { n, sum, sum_squares, sum_cubes } = sufficient else {
        return Err(Undefined::Contradictory);
    };
    let moments = Moments { n, sum, sum_squares, sum_cubes };
    let unbounded = (f64::NEG_INFINITY, f64::INFINITY);
    moments.t_interval(Method::StudentT, confidence)?.estimate(n, moments.mean(), unbounded, moments.sufficient())
}

/// A quantile with its bounds, from the order statistics that were kept.
///
/// # Errors
/// Statistics that are missing or that no sample could have given.
pub fn rederive_quantile(candidate: &Ordered, q: f64, confidence: f64) -> Result<Estimate, Undefined> {
    check_ordered(candidate, q)?;
    quantile::of_one(candidate, q, confidence)
}

/// The ratio of two quantiles with its bounds, from the order statistics that were kept.
///
/// # Errors
/// As [`rederive_quantile`].
pub fn rederive_quantile_ratio(
    candidate: &Ordered,
    baseline: &Ordered,
    q: f64,
    confidence: f64,
) -> Result<QuantileRatio, Undefined> {
    check_ordered(candidate, q)?;
    check_ordered(baseline, q)?;
    quantile::of_two(candidate, baseline, q, confidence)
}

/// The value of each model, their ratio where there are two, and its bounds, from the runs that were kept; in the order candidate,
/// baseline, ratio, lower, upper, standard error.
///
/// # Errors
/// More runs than are ever kept, or runs that nobody could have measured.
pub fn rederive_runs(candidate: &[f64], baseline: &[f64], confidence: f64) -> Result<[Option<f64>; 6], Undefined> {
    if candidate.len() > MOST_RECORDED {
        return Err(Undefined::Contradictory);
    }
    if baseline.is_empty() {
        let found = geometric_mean(candidate, confidence)?;
        return Ok([Some(found.value), None, None, Some(found.lower), Some(found.upper), found.standard_error]);
    }
    let PairedRatio { candidate, baseline, ratio, lower, upper, .. } = paired_ratio(candidate, baseline, confidence)?;
    Ok([Some(candidate), Some(baseline), Some(ratio), Some(lower), Some(upper), None])
}

/// Ascending ranks and finite ascending values, of no more samples than have ever been taken: what follows allocates by the
/// spread of a binomial count of so many.
fn check_ordered(ordered: &Ordered, q: f64) -> Result<(), Undefined> {
    const MOST_SAMPLES: u64 = 1 << 32;
    let ascending = ordered.ranks.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1);
    let inside = ordered.ranks.iter().all(|(rank, value)| (1..=ordered.n).contains(rank) && value.is_finite());
    let sound = q > 0.0 && q < 1.0 && ordered.n <= MOST_SAMPLES && ascending && inside;
    if sound { Ok(()) } else { Err(Undefined::Contradictory) }
}

fn check_cells(classes: u32, cells: &[Cell], n: u64) -> Result<(), Undefined> {
    let nameable = |cell: &Cell| cell.truth.max(cell.candidate).max(cell.baseline) < classes && cell.count > 0;
    if classes > MOST_CLASSES || !cells.iter().all(nameable) {
        return Err(Undefined::Contradictory);
    }
    rows(cells.iter().map(|cell| cell.count), n).map(drop)
}

fn student(
    method: Method,
    value: f64,
    error: Option<f64>,
    freedom: f64,
    confidence: f64,
) -> Result<Interval, Undefined> {
    match error {
        Some(error) if error.is_finite() && freedom.is_finite() && freedom >= 1.0 => {
            student_interval(method, value, &Spread { error, freedom }, confidence)
        }
        _ => Err(Undefined::Contradictory),
    }
}

fn resampled(
    sufficient: &Sufficient,
    method: Method,
    standard_error: Option<f64>,
    resamples: Option<u32>,
    confidence: f64,
) -> Result<Interval, Undefined> {
    let Sufficient::Resampled { bias_correction, acceleration, quantiles } = sufficient else {
        return Err(Undefined::Contradictory);
    };
    let z = one_sided(confidence)?;
    let at = |z| level(*bias_correction, *acceleration, z).map(|level| between(quantiles, level));
    let mut interval = Interval::new(method, at(-z)?, at(z)?, standard_error.unwrap_or(0.0));
    interval.resamples = resamples;
    Ok(interval)
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
