//! Metrics and statistics: numbers in, numbers with intervals out. Pure: no files, no clock, no environment.
//!
//! [`estimate`] measures one model against labels, [`compare`] two on the same rows, [`quantile_ratio`] two samples.
//! Bounds are one-sided, each at the asked confidence. Whatever is not defined is an [`Undefined`], never a number.
//!
//! | metric | one model | two models |
//! |---|---|---|
//! | accuracy, recall | Wilson | McNemar; Tango's score below 25 discordant rows |
//! | precision, F1 | Wilson | multinomial BCa |
//! | balanced accuracy | MOVER of Wilson | multinomial BCa |
//! | macro F1 | multinomial BCa; Wilson below 25 errors or hits | multinomial BCa |
//! | log loss, Brier, MAE, MSE | Student's t | paired t |
//! | ROC AUC | DeLong on the logit scale | DeLong |
//! | average precision, R², RMSE | Poisson BCa below 20,000 rows, influence values above | the same |
//!
//! Where fewer than 25 rows carry the variance, or a proportion with at most one hit or one miss a good part of it,
//! multinomial BCa yields to the wider of it and MOVER of each model's exact (Clopper-Pearson) or Wilson bounds.
//!
//! Tour: `input` checks everything that comes in; `classification`, `probabilistic`, `regression`, `roc` and
//! `average_precision` hold the metrics' values; `proportion`, `mcnemar`, `moments`, `delong`, `multinomial`, `smooth`
//! (over `bootstrap`, `bca`, `random`) and `quantile` their intervals; `distribution` and `sums` the numerics under
//! them. [`drift`] tells how far two samples of one column are from each other, `multiplicity` what several such questions at
//! once do to their p values.
//!
//! Every sum runs in a fixed order and every random number is named by row or resample, so results have the same bits
//! for any number of threads. Rows come sorted by key: then the order of the files does not matter either.

mod average_precision;
mod bca;
mod bootstrap;
mod classification;
mod delong;
mod distribution;
pub mod drift;
mod input;
mod mcnemar;
mod metric;
mod moments;
mod multinomial;
mod multiplicity;
mod outcome;
mod probabilistic;
mod proportion;
mod quantile;
mod random;
mod ranks;
mod rederive;
mod regression;
mod roc;
mod sample_size;
pub mod seed;
mod smooth;
mod sums;
mod undefined;

pub use input::{Predicted, Rows, Truth};
pub use metric::{Better, Metric, MetricSpec, Task};
pub use moments::mean;
pub use multiplicity::benjamini_hochberg;
pub use outcome::{Cell, Comparison, Estimate, Method, Ordered, Quantile, Sampling, Sufficient};
pub use quantile::{QuantileRatio, quantile, quantile_ratio};
pub use rederive::{rederive, rederive_estimate, rederive_mean, rederive_quantile, rederive_quantile_ratio};
pub use sample_size::rows_needed;
pub use undefined::Undefined;

use average_precision::AveragePrecision;
use bootstrap::Weighted;
use classification::{Tally, joint};
use delong::{Component, Components};
use input::{binary, labelled, real, scores};
use moments::Moments;
use multinomial::{Contrast, Table};
use outcome::{Interval, defined};
use ranks::Ranking;
use regression::{Determination, RootMeanSquare, absolute_errors, squared_errors};
use roc::Placements;

/// The metric of one model.
///
/// # Errors
/// A metric the labels or predictions do not define, or input that is no number.
pub fn value(spec: &MetricSpec, truth: &Truth<'_>, predicted: &Predicted<'_>) -> Result<f64, Undefined> {
    input::check(spec, truth)?;
    defined(match spec.metric.family() {
        Family::Count => Tally::of(&labelled(spec, truth, predicted)?).value(spec.metric)?,
        Family::Mean => Moments::of(&losses(spec, truth, predicted)?)?.mean(),
        Family::Auc => placements(spec, truth, predicted)?.1.auc,
        Family::Smooth => smooth_metric(spec, truth, predicted)?.value()?,
    })
}

/// The metric of one model with one-sided bounds: for absolute rules.
///
/// # Errors
/// As [`value`]; also rows too few, or without the variation an interval needs.
pub fn estimate(
    spec: &MetricSpec,
    rows: &Rows<'_>,
    predicted: &Predicted<'_>,
    sampling: &Sampling,
) -> Result<Estimate, Undefined> {
    let (truth, n) = checked(spec, rows)?;
    let ((interval, sufficient), value) = match spec.metric.family() {
        Family::Count => {
            let labelled = labelled(spec, truth, predicted)?;
            let tally = Tally::of(&labelled);
            let value = tally.value(spec.metric)?;
            let cells = joint(&labelled, &labelled);
            let found = match proportion::interval(spec.metric, &tally, sampling.confidence)? {
                Some(interval) => (interval, Sufficient::Cells { classes: labelled.classes, cells }),
                None => table(spec, Contrast::Candidate, labelled.classes, &cells).interval(sampling)?,
            };
            (found, value)
        }
        Family::Mean => {
            let moments = Moments::of(&losses(spec, truth, predicted)?)?;
            let interval = moments.t_interval(Method::StudentT, sampling.confidence)?;
            ((interval, moments.sufficient()), moments.mean())
        }
        Family::Auc => {
            let (_, placements) = placements(spec, truth, predicted)?;
            let component = Component::new(binary(spec, truth)?, &placements);
            ((component.interval(sampling.confidence)?, component.sufficient()), placements.auc)
        }
        Family::Smooth => {
            let metric = smooth_metric(spec, truth, predicted)?;
            let positives = positives(truth);
            let found = smooth::interval(spec.metric, rows.keys, positives, &*metric, None, sampling)?;
            (found, metric.value()?)
        }
    };
    interval.estimate(n, value, spec.metric.range(), sufficient)
}

/// The difference of two models on the same rows with one-sided bounds.
///
/// # Errors
/// As [`estimate`], for either model.
pub fn compare(
    spec: &MetricSpec,
    rows: &Rows<'_>,
    candidate: &Predicted<'_>,
    baseline: &Predicted<'_>,
    sampling: &Sampling,
) -> Result<Comparison, Undefined> {
    let (truth, n) = checked(spec, rows)?;
    let finish = |(interval, sufficient): (Interval, Sufficient), values| {
        interval.comparison(n, values, spec.metric.range(), sufficient)
    };
    let no_difference = (Interval::new(Method::Exact, 0.0, 0.0, 0.0), Sufficient::None);
    if candidate.same_as(baseline) {
        let value = value(spec, truth, candidate)?;
        return finish(no_difference, (value, value));
    }
    match spec.metric.family() {
        Family::Count => {
            let (a, b) = (labelled(spec, truth, candidate)?, labelled(spec, truth, baseline)?);
            if matches!(spec.metric, Metric::Accuracy | Metric::Recall) {
                let values = (Tally::of(&a).value(spec.metric)?, Tally::of(&b).value(spec.metric)?);
                return finish(mcnemar::compare(spec.metric, &a, &b, sampling.confidence)?, values);
            }
            let cells = joint(&a, &b);
            let table = table(spec, Contrast::Difference, a.classes, &cells);
            finish(table.interval(sampling)?, table.values()?)
        }
        Family::Mean => {
            let (a, b) = (losses(spec, truth, candidate)?, losses(spec, truth, baseline)?);
            let differences: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a - b).collect();
            let moments = Moments::of(&differences)?;
            let values = (Moments::of(&a)?.mean(), Moments::of(&b)?.mean());
            finish((moments.t_interval(Method::PairedT, sampling.confidence)?, moments.sufficient()), values)
        }
        Family::Auc => {
            let (a, b) = rayon::join(|| placements(spec, truth, candidate), || placements(spec, truth, baseline));
            let ((ranking_a, a), (ranking_b, b)) = (a?, b?);
            if ranking_a == ranking_b {
                return finish(no_difference, (a.auc, b.auc));
            }
            let components = Components::new(binary(spec, truth)?, &a, &b)?;
            finish((components.interval(sampling.confidence)?, components.sufficient()), (a.auc, b.auc))
        }
        Family::Smooth => {
            let (a, b) = rayon::join(|| smooth_metric(spec, truth, candidate), || smooth_metric(spec, truth, baseline));
            let (a, b) = (a?, b?);
            let outcome = smooth::interval(spec.metric, rows.keys, positives(truth), &*a, Some(&*b), sampling)?;
            finish(outcome, (a.value()?, b.value()?))
        }
    }
}

/// Metrics that share their arithmetic.
#[derive(Clone, Copy)]
enum Family {
    /// Functions of a contingency table.
    Count,
    /// Means of per-row losses.
    Mean,
    /// The area under the ROC curve.
    Auc,
    /// Smooth functions of the rows without a closed-form variance.
    Smooth,
}

impl Metric {
    const fn family(self) -> Family {
        match self {
            Self::Accuracy | Self::BalancedAccuracy | Self::Precision | Self::Recall | Self::F1 | Self::MacroF1 => {
                Family::Count
            }
            Self::LogLoss | Self::Brier | Self::MeanAbsoluteError | Self::MeanSquaredError => Family::Mean,
            Self::RocAuc => Family::Auc,
            Self::AveragePrecision | Self::RootMeanSquaredError | Self::R2 => Family::Smooth,
        }
    }
}

fn checked<'a>(spec: &MetricSpec, rows: &'a Rows<'a>) -> Result<(&'a Truth<'a>, u64), Undefined> {
    input::check(spec, &rows.truth)?;
    input::of_length(rows.keys, rows.truth.len())?;
    Ok((&rows.truth, rows.truth.len() as u64))
}

fn losses(spec: &MetricSpec, truth: &Truth<'_>, predicted: &Predicted<'_>) -> Result<Vec<f64>, Undefined> {
    match spec.metric {
        Metric::LogLoss => probabilistic::log_losses(spec, truth, predicted),
        Metric::Brier => probabilistic::brier_losses(spec, truth, predicted),
        Metric::MeanAbsoluteError => real(truth, predicted).map(|(y, p)| absolute_errors(y, p)),
        _ => real(truth, predicted).map(|(y, p)| squared_errors(y, p)),
    }
}

fn placements(
    spec: &MetricSpec,
    truth: &Truth<'_>,
    predicted: &Predicted<'_>,
) -> Result<(Ranking, Placements), Undefined> {
    let ranking = Ranking::new(scores(predicted, truth.len())?)?;
    let placements = Placements::new(binary(spec, truth)?, &ranking)?;
    Ok((ranking, placements))
}

fn smooth_metric<'a>(
    spec: &MetricSpec,
    truth: &Truth<'a>,
    predicted: &Predicted<'a>,
) -> Result<Box<dyn Weighted + Send + 'a>, Undefined> {
    Ok(match spec.metric {
        Metric::AveragePrecision => {
            Box::new(AveragePrecision::new(binary(spec, truth)?, scores(predicted, truth.len())?)?)
        }
        Metric::R2 => {
            let (y, p) = real(truth, predicted)?;
            Box::new(Determination::new(y, p)?)
        }
        _ => {
            let (y, p) = real(truth, predicted)?;
            Box::new(RootMeanSquare(squared_errors(y, p)))
        }
    })
}

fn table<'a>(spec: &MetricSpec, contrast: Contrast, classes: u32, cells: &'a [Cell]) -> Table<'a> {
    Table { metric: spec.metric, contrast, classes, cells }
}

fn positives(truth: &Truth<'_>) -> u64 {
    match truth {
        Truth::Binary(labels) => labels.iter().filter(|&&positive| positive).count() as u64,
        _ => 0,
    }
}
