//! Metrics and statistics: numbers in, numbers with intervals out. Pure: no files, no clock, no environment.
//!
//! [`estimate`] measures one model against labels, [`compare`] two on the same rows, [`quantile_ratio`] two samples.
//! Bounds are one-sided, each at the asked confidence. Whatever is not defined is an [`Undefined`], never a number.
//!
//! | metric | one model | two models |
//! |---|---|---|
//! | accuracy, recall, specificity, rates of a class | Wilson | McNemar; Tango's score below 25 discordant rows |
//! | precision, F1, Jaccard of the positive class | Wilson | multinomial BCa |
//! | balanced accuracy | MOVER of Wilson | multinomial BCa |
//! | macro F1 | multinomial BCa; Wilson below 25 errors or hits | multinomial BCa |
//! | Fβ, Matthews, kappa, other averages over classes | multinomial BCa | multinomial BCa |
//! | means over rows: log loss, Brier, MAE, MSE, MAPE, deviances, pinball, top-k, texts, a column | Student's t | paired t |
//! | means over queries: NDCG, DCG, MAP, MRR, hit rate, ranking of labels; over problems: pass@k, pass^k | Student's t | paired t |
//! | ROC AUC | DeLong on the logit scale | DeLong |
//! | AP | Satterthwaite's t on the logit scale below 20,000 rows, influence values above; Poisson BCa of few positives | Satterthwaite's t, else the same |
//! | R², RMSE, explained shares (D²), wMAPE, KS, ECE, AUC of several classes, ratio of columns | Poisson BCa below 20,000 rows, influence values above | the same |
//! | quantiles, top of a ranking (precision, lift, gain), recall at a precision, partial AUC | Poisson BCa | Poisson BCa |
//! | largest error | none | none |
//! | any, where the models differ on no row: scores, values or columns of at least 10 different numbers | | exact |
//! | the same of classes, answers and equal rankings of other scores | | Tango; the rate of 0 of n, times the range of a row |
//! | any, with weights or clusters | as AP; Poisson BCa of what has no range from 0 to 1, clusters are drawn whole | as AP |
//! | any, where `Resampling::Always` asks for it | Poisson BCa | Poisson BCa |
//!
//! Where fewer than 25 rows carry the variance, or a proportion with at most one hit or one miss a good part of it,
//! multinomial BCa yields to the wider of it and MOVER of each model's exact (Clopper-Pearson) or Wilson bounds.
//!
//! Beyond metrics: [`flips`] counts the rows that change sides, with Wilson's bounds; [`gap_bounds`], [`ratio_bounds`] and [`gap_growth`]
//! tell how far apart groups are.
//!
//! Tour: `metric` names the metrics, `settings` what can be set about them; `input` checks everything that comes in;
//! `classification` and `counts`, `probabilistic`, `regression` and `deviance`, `roc`, `average_precision`, `sweep`, `classwise`,
//! `calibration`, `percentile`, `explained`, `queries`, `answers` and `attempts` hold the metrics' values; `statistic` has any of them as a
//! function of weighted rows (over `functional` and `tabled`); `proportion`, `mcnemar`, `moments`, `delong`, `multinomial`, `smooth`
//! (over `bootstrap`, `bca`, `satterthwaite`, `random`, `keystream`, `vectors`), `quantile` and `ratio` their intervals, `sequential` how many runs those of
//! `ratio` take; `p_value`, `permutation`, `rank_tests` and `multiplicity`
//! test, `power` says what a number of rows can show; [`drift`] tells how far two
//! samples of one column are from each other, [`curves`] are to look at; `distribution` and `sums` the numerics under them.
//!
//! Every sum runs in a fixed order and every random number is named by row or resample, so results have the same bits
//! for any number of threads. Rows come sorted by key: then the order of the files does not matter either.

mod answers;
mod attempts;
mod auc;
mod average_precision;
mod bca;
mod bootstrap;
mod calibration;
mod classification;
mod classwise;
mod counts;
pub mod curves;
mod delong;
mod deviance;
mod distribution;
mod draws;
pub mod drift;
mod explained;
mod flips;
mod functional;
mod input;
mod keystream;
mod mcnemar;
mod metric;
mod moments;
mod multinomial;
mod multiplicity;
mod outcome;
mod p_value;
mod percentile;
mod permutation;
mod power;
mod probabilistic;
mod proportion;
mod quantile;
mod queries;
mod random;
mod rank_tests;
mod ranks;
mod ratio;
mod rederive;
mod regression;
mod roc;
mod satterthwaite;
pub mod seed;
pub mod sequential;
mod settings;
mod smooth;
mod spread;
mod statistic;
mod sums;
mod sweep;
mod tabled;
mod undefined;
mod vectors;

pub use answers::Patterns;
pub use draws::Draws;
pub use flips::{FlipTable, answer_scores, both_right, flip_rate, flips, predicted_classes, right};
pub use input::{NumberColumn, Predicted, Rows, Truth};
pub use mcnemar::McNemar;
pub use metric::{Better, Metric, Task};
pub use moments::mean;
pub use multiplicity::{benjamini_hochberg, holm};
pub use outcome::{Cell, Comparison, Estimate, Method, Ordered, Quantile, Resampling, Sampling, Sufficient};
pub use p_value::{Tail, p_value, tests_of_no_difference};
pub use permutation::paired_permutation;
pub use power::{Demand, Other, Rates, Side, TRADED, detectable, equal_model, rows_needed};
pub use proportion::{Share, share, share_difference};
pub use quantile::{QuantileRatio, quantile, quantile_ratio};
pub use rank_tests::{RankSum, mann_whitney, wilcoxon};
pub use ratio::{MOST_RECORDED, PairedRatio, geometric_mean, paired_ratio};
pub use rederive::{
    rederive, rederive_estimate, rederive_mean, rederive_quantile, rederive_quantile_ratio, rederive_runs,
};
pub use settings::{Average, Distance, EmptyQuery, Ignored, MetricSpec, Pairs, Parameters, RelevanceGain};
pub use spread::{GroupPair, error_of, gap, gap_bounds, gap_growth, pairs_confidence, ratio_bounds};
pub use undefined::Undefined;

use classification::{Tally, is_plain, joint};
use delong::{Component, Components};
use input::{binary, labelled, scores};
use moments::Moments;
use multinomial::{Contrast, Table};
use outcome::{Interval, defined};
use queries::PerQuery;
use ranks::Ranking;
use roc::Placements;
use statistic::{losses, statistic};

/// The metric of one model, every row counting once.
///
/// # Errors
/// A metric the labels or predictions do not define, or input that is no number.
pub fn value(spec: &MetricSpec, truth: &Truth<'_>, predicted: &Predicted<'_>) -> Result<f64, Undefined> {
    point(spec, &Rows::new(*truth, &[]), predicted)
}

/// The metric of one model, with the rows' weights and queries; keys and clusters do not matter to it.
///
/// # Errors
/// As [`value`]; also weights that are negative or sum to zero, and no queries where there should be.
pub fn point(spec: &MetricSpec, rows: &Rows<'_>, predicted: &Predicted<'_>) -> Result<f64, Undefined> {
    let truth = &rows.truth;
    input::check(spec, truth)?;
    defined(match family(spec, rows) {
        Family::Count => Tally::of(&labelled(spec, truth, predicted)?).value(spec)?,
        Family::Mean => Moments::of(&means(spec, rows, predicted)?)?.mean(),
        Family::Auc => placements(spec, truth, predicted)?.1.auc,
        Family::Smooth => statistic(spec, rows, predicted)?.value()?,
    })
}

/// The metric of one model with one-sided bounds: for absolute rules.
///
/// # Errors
/// As [`point`]; also rows too few, or without the variation an interval needs.
pub fn estimate(
    spec: &MetricSpec,
    rows: &Rows<'_>,
    predicted: &Predicted<'_>,
    sampling: &Sampling,
) -> Result<Estimate, Undefined> {
    let queries = queries::clusters(spec, rows, sampling);
    let rows = &Rows { clusters: rows.clusters.or(queries.as_deref()), ..*rows };
    let (truth, n) = checked(spec, rows)?;
    let closed = sampling.resampling != Resampling::Always;
    let ((interval, sufficient), value) = match interval_family(spec, rows, sampling) {
        Family::Count => {
            let labelled = labelled(spec, truth, predicted)?;
            let tally = Tally::of(&labelled);
            let value = tally.value(spec)?;
            let cells = joint(&labelled, &labelled);
            let closed = if closed && is_plain(spec, labelled.classes) {
                proportion::interval(spec.metric, &tally, sampling.confidence)?
            } else {
                None
            };
            let found = match closed {
                Some(interval) => (interval, Sufficient::Cells { classes: labelled.classes, cells }),
                None => table(spec, Contrast::Candidate, labelled.classes, &cells).interval(sampling)?,
            };
            (found, value)
        }
        Family::Mean => {
            let moments = Moments::of(&means(spec, rows, predicted)?)?;
            let interval = moments.t_interval(Method::StudentT, sampling.confidence)?;
            ((interval, moments.sufficient()), moments.mean())
        }
        Family::Auc => {
            let (_, placements) = placements(spec, truth, predicted)?;
            let component = Component::new(binary(spec, truth)?, &placements);
            ((component.interval(sampling.confidence)?, component.sufficient()), placements.auc)
        }
        Family::Smooth => {
            let metric = statistic(spec, rows, predicted)?;
            let value = metric.value()?;
            with_interval(spec)?;
            (smooth::interval(spec.metric, rows, &*metric, None, sampling)?, value)
        }
    };
    interval.estimate(n, value, spec.range(), sufficient)
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
    let queries = queries::clusters(spec, rows, sampling);
    let rows = &Rows { clusters: rows.clusters.or(queries.as_deref()), ..*rows };
    let (truth, n) = checked(spec, rows)?;
    let finish = |(interval, sufficient): (Interval, Sufficient), values| {
        interval.comparison(n, values, spec.range(), sufficient)
    };
    input::alike(spec, truth, candidate, baseline)?;
    if same(spec, candidate, baseline, n)? {
        let value = point(spec, rows, candidate)?;
        return finish((Interval::new(Method::Exact, 0.0, 0.0, 0.0), Sufficient::None), (value, value));
    }
    let closed = sampling.resampling != Resampling::Always;
    match interval_family(spec, rows, sampling) {
        Family::Count => {
            let (a, b) = (labelled(spec, truth, candidate)?, labelled(spec, truth, baseline)?);
            if closed && mcnemar::applies(spec, a.classes) {
                let values = (Tally::of(&a).value(spec)?, Tally::of(&b).value(spec)?);
                return finish(mcnemar::compare(spec.metric, &a, &b, sampling.confidence)?, values);
            }
            let cells = joint(&a, &b);
            let table = table(spec, Contrast::Difference, a.classes, &cells);
            finish(table.interval(sampling)?, table.values()?)
        }
        Family::Mean => {
            let (a, b) = (means(spec, rows, candidate)?, means(spec, rows, baseline)?);
            let differences: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a - b).collect();
            let moments = Moments::of(&differences)?;
            let values = (Moments::of(&a)?.mean(), Moments::of(&b)?.mean());
            finish((moments.paired_interval(spec.range(), sampling.confidence)?, moments.sufficient()), values)
        }
        Family::Auc => {
            let (a, b) = rayon::join(|| placements(spec, truth, candidate), || placements(spec, truth, baseline));
            let ((_, a), (_, b)) = (a?, b?);
            let components = Components::new(binary(spec, truth)?, &a, &b)?;
            finish((components.interval(sampling.confidence)?, components.sufficient()), (a.auc, b.auc))
        }
        Family::Smooth => {
            let (a, b) = rayon::join(|| statistic(spec, rows, candidate), || statistic(spec, rows, baseline));
            let (a, b) = (a?, b?);
            let values = rayon::join(|| a.value(), || b.value());
            let values = (values.0?, values.1?);
            with_interval(spec)?;
            let outcome = smooth::interval(spec.metric, rows, &*a, Some(&*b), sampling)?;
            finish(outcome, values)
        }
    }
}

/// Of a metric that is a mean over queries: the rows of each query that counts, and its value.
///
/// # Errors
/// As [`point`]; also a metric that is no such mean.
pub fn per_query(
    spec: &MetricSpec,
    rows: &Rows<'_>,
    predicted: &Predicted<'_>,
) -> Result<Vec<(Vec<u32>, f64)>, Undefined> {
    checked(spec, rows)?;
    let found = PerQuery::new(spec, rows, predicted)?;
    Ok(found.rows.into_iter().zip(found.values).collect())
}

/// Metrics that share their arithmetic.
#[derive(Clone, Copy)]
enum Family {
    /// Functions of a contingency table.
    Count,
    /// Means of per-row losses, or of one value per query.
    Mean,
    /// The area under the ROC curve.
    Auc,
    /// Functions of weighted rows without a closed-form variance.
    Smooth,
}

/// Weights leave no whole counts, no unweighted means and no placements: then everything is a statistic of weighted rows.
fn family(spec: &MetricSpec, rows: &Rows<'_>) -> Family {
    use Metric as M;
    match spec.metric {
        _ if rows.weights.is_some() => Family::Smooth,
        metric if metric.counts_classes() => Family::Count,
        metric if metric.is_per_query() => Family::Mean,
        M::LogLoss
        | M::Brier
        | M::TopKAccuracy
        | M::MeanAbsoluteError
        | M::MeanSquaredError
        | M::Mape
        | M::SymmetricMape
        | M::MeanSquaredLogError
        | M::PoissonDeviance
        | M::GammaDeviance
        | M::TweedieDeviance
        | M::Pinball
        | M::ExactMatch
        | M::Contains
        | M::TokenF1
        | M::NumericMatch
        | M::ColumnMean => Family::Mean,
        M::RocAuc if spec.parameters.max_fpr.is_none() && matches!(rows.truth, Truth::Binary(_)) => Family::Auc,
        _ => Family::Smooth,
    }
}

fn checked<'a>(spec: &MetricSpec, rows: &'a Rows<'a>) -> Result<(&'a Truth<'a>, u64), Undefined> {
    input::check(spec, &rows.truth)?;
    input::check_rows(rows)?;
    Ok((&rows.truth, rows.truth.len() as u64))
}

/// The arithmetic of the bounds. No closed form knows weights or clusters; counts that are to be resampled are resampled by cell,
/// which is the same as by row and cheaper.
fn interval_family(spec: &MetricSpec, rows: &Rows<'_>, sampling: &Sampling) -> Family {
    let plain = family(spec, rows);
    let always = sampling.resampling == Resampling::Always && !matches!(plain, Family::Count);
    if always || rows.weights.is_some() || rows.clusters.is_some() { Family::Smooth } else { plain }
}

/// Whether bounds of the metric on such rows are found by drawing the rows again: so many resamples, each over all rows.
pub fn resamples_rows(spec: &MetricSpec, rows: &Rows<'_>, sampling: &Sampling) -> bool {
    let queries = queries::clusters(spec, rows, sampling);
    let rows = &Rows { clusters: rows.clusters.or(queries.as_deref()), ..*rows };
    matches!(interval_family(spec, rows, sampling), Family::Smooth)
}

/// Whether both models are the same as far as the metric looks: they say the same numbers, bit for bit, and these are no few
/// values that two models may have in common. Classes and answers may agree on all these rows and differ on the next.
fn same(spec: &MetricSpec, candidate: &Predicted<'_>, baseline: &Predicted<'_>, n: u64) -> Result<bool, Undefined> {
    if spec.parameters.columns.is_empty() {
        return Ok(candidate.same_as(baseline) && candidate.is_continuous());
    }
    let of = |model| input::columns(spec, model, n as usize);
    let ours = of(candidate)?;
    Ok(ours == of(baseline)? && ours.into_iter().all(input::is_continuous))
}

fn with_interval(spec: &MetricSpec) -> Result<(), Undefined> {
    if spec.metric.has_interval() { Ok(()) } else { Err(Undefined::NoInterval { metric: spec.metric.name() }) }
}

/// What the metric is the mean of: a value per row, or per query.
fn means(spec: &MetricSpec, rows: &Rows<'_>, predicted: &Predicted<'_>) -> Result<Vec<f64>, Undefined> {
    match losses(spec, rows, predicted)? {
        Some(losses) => Ok(losses),
        None => Ok(PerQuery::new(spec, rows, predicted)?.values),
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

fn table<'a>(spec: &'a MetricSpec, contrast: Contrast, classes: u32, cells: &'a [Cell]) -> Table<'a> {
    Table { spec, contrast, classes, cells }
}
