//! Any metric as a statistic of weighted rows, and those that are means of per-row values as these values.
//!
//! A row of weight 2 counts as two rows, one of weight 0 as none.

use super::answers;
use super::auc::Auc;
use super::average_precision::AveragePrecision;
use super::bootstrap::Weighted;
use super::calibration::Calibration;
use super::classwise::Classwise;
use super::deviance::{
    check_log, check_tweedie, percentage, pinball, squared_log_error, symmetric_percentage, tweedie,
};
use super::explained::{Explained, Null};
use super::functional::{Functional, divided};
use super::input::{self, Predicted, Rows, Truth, binary, finite, in_range, labelled, real, scores};
use super::metric::Metric;
use super::percentile::{Ascending, Largest, Percentile};
use super::probabilistic::{brier_losses, log_losses, of_classes, predicted_class, top_k};
use super::queries::PerQuery;
use super::regression::{Determination, RootMeanSquare, absolute_errors, squared_errors};
use super::settings::{MetricSpec, Parameters, needed, within};
use super::sums::{sum, total};
use super::sweep::Sweep;
use super::tabled::Tabled;
use super::undefined::Undefined;

type Statistic<'a> = Box<dyn Weighted + Send + 'a>;

/// The metric of `rows`, with their weights.
pub(super) fn statistic<'a>(
    spec: &MetricSpec,
    rows: &Rows<'a>,
    predicted: &Predicted<'a>,
) -> Result<Statistic<'a>, Undefined> {
    let n = rows.truth.len();
    let weights = weights(rows)?;
    if spec.counts_classes() {
        return Ok(Box::new(Tabled::new(spec.clone(), labelled(spec, &rows.truth, predicted)?, weights)));
    }
    if let Some(losses) = losses(spec, rows, predicted)? {
        return Ok(Box::new(Functional::mean(losses, weights)));
    }
    let given = Given { spec, rows, predicted, weights };
    Ok(match spec.metric {
        metric if metric.is_per_query() => Box::new(PerQuery::new(spec, rows, predicted)?),
        Metric::RocAuc | Metric::AveragePrecision if matches!(rows.truth, Truth::Classes { .. }) => {
            given.classwise()?
        }
        Metric::AveragePrecision => {
            Box::new(AveragePrecision::new(binary(spec, &rows.truth)?, scores(predicted, n)?, weights)?)
        }
        Metric::RocAuc if spec.parameters.max_fpr.is_none() => {
            Box::new(Auc::new(binary(spec, &rows.truth)?, scores(predicted, n)?, weights)?)
        }
        Metric::RocAuc
        | Metric::RecallAtPrecision
        | Metric::PrecisionAtK
        | Metric::Ks
        | Metric::Lift
        | Metric::Gain => {
            Box::new(Sweep::new(spec, binary(spec, &rows.truth)?.to_vec(), scores(predicted, n)?, weights)?)
        }
        Metric::Ece => given.calibration()?,
        Metric::D2LogLoss | Metric::D2Brier => given.explained_probabilities()?,
        Metric::ColumnRatio | Metric::ColumnQuantile => given.columns()?,
        _ => given.regression()?,
    })
}

/// Per row what a metric is the mean of; none of a metric that is no mean of rows.
pub(super) fn losses(
    spec: &MetricSpec,
    rows: &Rows<'_>,
    predicted: &Predicted<'_>,
) -> Result<Option<Vec<f64>>, Undefined> {
    let Parameters { power, alpha, .. } = spec.parameters;
    let truth = &rows.truth;
    let each = |loss: &dyn Fn(f64, f64) -> f64| {
        let (y, p) = real(truth, predicted)?;
        Ok(y.iter().zip(p).map(|(y, p)| loss(*y, *p)).collect())
    };
    let deviance = |power: f64| {
        let (y, p) = real(truth, predicted)?;
        check_tweedie(y, p, power)?;
        each(&|y, p| tweedie(y, p, power))
    };
    let losses: Result<Vec<f64>, Undefined> = match spec.metric {
        Metric::LogLoss => {
            single_class(rows)?;
            log_losses(spec, truth, predicted)
        }
        Metric::Brier => brier_losses(spec, truth, predicted),
        Metric::TopKAccuracy => top_k(spec, truth, predicted),
        Metric::MeanAbsoluteError => real(truth, predicted).map(|(y, p)| absolute_errors(y, p)),
        Metric::MeanSquaredError => real(truth, predicted).map(|(y, p)| squared_errors(y, p)),
        Metric::Mape => each(&percentage),
        Metric::SymmetricMape => each(&symmetric_percentage),
        Metric::MeanSquaredLogError => {
            let (y, p) = real(truth, predicted)?;
            check_log(y, p)?;
            each(&squared_log_error)
        }
        Metric::PoissonDeviance => deviance(1.0),
        Metric::GammaDeviance => deviance(2.0),
        Metric::TweedieDeviance => deviance(power),
        Metric::Pinball => {
            within(alpha, (0.0..=1.0).contains(&alpha), "alpha")?;
            each(&|y, p| pinball(y, p, alpha))
        }
        Metric::ColumnMean => Ok(column(&input::columns(spec, predicted, truth.len())?, 0)?.to_vec()),
        Metric::ExactMatch | Metric::Contains | Metric::TokenF1 | Metric::NumericMatch => {
            let (references, answers) = input::texts(truth, predicted)?;
            answers::scores(spec, references, answers)
        }
        _ => return Ok(None),
    };
    losses.map(Some)
}

/// The rows' weights, if they have any: finite, not negative, not all zero.
pub(super) fn weights<'a>(rows: &Rows<'a>) -> Result<Option<&'a [f64]>, Undefined> {
    let Some(weights) = rows.weights else { return Ok(None) };
    finite(weights, rows.truth.len())?;
    if let Some(row) = weights.iter().position(|weight| *weight < 0.0) {
        return Err(Undefined::Negative { row, value: weights[row] });
    }
    if total(weights) > 0.0 { Ok(Some(weights)) } else { Err(Undefined::NoWeight) }
}

/// The numbers of the rows that count.
fn counted<'a>(rows: &Rows<'a>) -> impl Iterator<Item = usize> + use<'a> {
    let weights = rows.weights;
    (0..rows.truth.len()).filter(move |row| weights.is_none_or(|weights| weights[*row] > 0.0))
}

/// Labels of one class only have no log loss.
fn single_class(rows: &Rows<'_>) -> Result<(), Undefined> {
    let varies = |label: &dyn Fn(usize) -> u32| {
        let mut labels = counted(rows).map(label);
        let first = labels.next();
        labels.any(|label| Some(label) != first)
    };
    let several = match rows.truth {
        Truth::Binary(labels) => varies(&|row| u32::from(labels[row])),
        Truth::Classes { labels, .. } => varies(&|row| labels[row]),
        _ => true,
    };
    if several { Ok(()) } else { Err(Undefined::SingleClass) }
}

/// What a statistic is made of.
#[derive(Clone, Copy)]
struct Given<'s, 'a> {
    spec: &'s MetricSpec,
    rows: &'s Rows<'a>,
    predicted: &'s Predicted<'a>,
    weights: Option<&'a [f64]>,
}

impl<'a> Given<'_, 'a> {
    fn regression(&self) -> Result<Statistic<'a>, Undefined> {
        let Self { spec, rows, predicted, weights } = *self;
        let (y, p) = real(&rows.truth, predicted)?;
        let Parameters { power, alpha, .. } = spec.parameters;
        let n = y.len();
        let root = |squares: Vec<f64>| -> Statistic<'a> { Box::new(RootMeanSquare { squares, weights }) };
        Ok(match spec.metric {
            Metric::RootMeanSquaredError => root(squared_errors(y, p)),
            Metric::RootMeanSquaredLogError => {
                check_log(y, p)?;
                root(y.iter().zip(p).map(|(y, p)| squared_log_error(*y, *p)).collect())
            }
            Metric::MedianAbsoluteError => {
                Box::new(Percentile { ascending: Ascending::new(absolute_errors(y, p))?, share: 0.5, weights })
            }
            Metric::MaxError => Box::new(Largest { values: absolute_errors(y, p), weights }),
            Metric::WeightedMape => {
                let sizes = y.iter().map(|y| y.abs()).collect();
                let function = |sums: &[f64]| divided(sums[1], sums[2]);
                Box::new(Functional::new(n, vec![absolute_errors(y, p), sizes], weights, Box::new(function)))
            }
            Metric::R2 => Box::new(Determination::new(varying(y, weights)?, p, weights)?),
            Metric::ExplainedVariance => {
                let errors: Vec<f64> = y.iter().zip(p).map(|(y, p)| y - p).collect();
                let columns = [centred(varying(y, weights)?, weights), centred(&errors, weights)];
                let squares: Vec<Vec<f64>> = columns.iter().map(|c| c.iter().map(|x| x * x).collect()).collect();
                let function = |sums: &[f64]| {
                    let variance = |at: usize| sums[at + 2] - sums[at] * sums[at] / sums[0];
                    divided(variance(2), variance(1)).map(|share| 1.0 - share)
                };
                Box::new(Functional::new(n, columns.into_iter().chain(squares).collect(), weights, Box::new(function)))
            }
            Metric::D2Tweedie => {
                check_tweedie(y, p, power)?;
                let losses = y.iter().zip(p).map(|(y, p)| tweedie(*y, *p, power)).collect();
                Box::new(Explained { losses, null: Null::Mean(varying(y, weights)?, power), weights })
            }
            Metric::D2AbsoluteError | Metric::D2Pinball => {
                let alpha = if spec.metric == Metric::D2Pinball { alpha } else { 0.5 };
                within(alpha, (0.0..=1.0).contains(&alpha), "alpha")?;
                let losses = y.iter().zip(p).map(|(y, p)| pinball(*y, *p, alpha)).collect();
                let labels = Ascending::new(varying(y, weights)?.to_vec())?;
                Box::new(Explained { losses, null: Null::Quantile(labels, alpha), weights })
            }
            _ => return Err(Undefined::NotApplicable { metric: spec.metric.name(), task: "regression" }),
        })
    }

    fn classwise(&self) -> Result<Statistic<'a>, Undefined> {
        let Self { spec, rows, predicted, weights } = *self;
        let Truth::Classes { labels, count } = rows.truth else { return Err(Undefined::ProbabilitiesMissing) };
        let columns = of_classes(labels, count, predicted)?;
        let pairs = match spec.metric {
            Metric::RocAuc => needed(spec.parameters.pairs, "multi_class")?,
            _ => super::settings::Pairs::OneVsRest,
        };
        let labels = in_range(labels, count)?;
        Ok(Box::new(Classwise::new(spec, labels, columns, pairs, weights)?))
    }

    fn calibration(&self) -> Result<Statistic<'a>, Undefined> {
        let Self { spec, rows, predicted, weights } = *self;
        let bins = spec.parameters.bins;
        if let Truth::Classes { labels, count } = rows.truth {
            let columns = of_classes(labels, count, predicted)?;
            let class = predicted_class(columns, labels.len());
            let confidence: Vec<f64> =
                class.iter().enumerate().map(|(row, class)| columns[*class as usize][row]).collect();
            let right = class.iter().zip(labels).map(|(class, label)| class == label);
            return Ok(Box::new(Calibration::new(right, &confidence, bins, weights)?));
        }
        let labels = binary(spec, &rows.truth)?;
        let p = input::in_unit_interval(scores(predicted, labels.len())?)?;
        Ok(Box::new(Calibration::new(labels.iter().copied(), p, bins, weights)?))
    }

    fn explained_probabilities(&self) -> Result<Statistic<'a>, Undefined> {
        let Self { spec, rows, predicted, weights } = *self;
        let found = counted(rows).take(2).count() as u64;
        if found < 2 {
            return Err(Undefined::TooFewRows { n: found, needed: 2 });
        }
        let (labels, classes): (Vec<u32>, u32) = match rows.truth {
            Truth::Classes { labels, count } => (in_range(labels, count)?.to_vec(), count),
            _ => (binary(spec, &rows.truth)?.iter().map(|label| u32::from(*label)).collect(), 2),
        };
        let (losses, null) = if spec.metric == Metric::D2LogLoss {
            (log_losses(spec, &rows.truth, predicted)?, Null::LogLoss(labels, classes))
        } else {
            // As the constant's: not halved.
            let mut whole = spec.clone();
            whole.parameters.halved = Some(false);
            (brier_losses(&whole, &rows.truth, predicted)?, Null::Brier(labels, classes))
        };
        single_class(rows)?;
        Ok(Box::new(Explained { losses, null, weights }))
    }

    fn columns(&self) -> Result<Statistic<'a>, Undefined> {
        let Self { spec, rows, predicted, weights } = *self;
        let n = rows.truth.len();
        let columns = input::columns(spec, predicted, n)?;
        if spec.metric == Metric::ColumnRatio {
            let columns = vec![column(&columns, 0)?.to_vec(), column(&columns, 1)?.to_vec()];
            let function = |sums: &[f64]| divided(sums[1], sums[2]);
            return Ok(Box::new(Functional::new(n, columns, weights, Box::new(function))));
        }
        let share = spec.parameters.alpha;
        within(share, share > 0.0 && share < 1.0, "quantile")?;
        Ok(Box::new(Percentile { ascending: Ascending::new(column(&columns, 0)?.to_vec())?, share, weights }))
    }
}

/// Labels that differ, among the rows that count.
fn varying<'a>(y: &'a [f64], weights: Option<&[f64]>) -> Result<&'a [f64], Undefined> {
    let mut counted = (0..y.len()).filter(|row| weights.is_none_or(|weights| weights[*row] > 0.0));
    let first = counted.next();
    let rows = usize::from(first.is_some()) + counted.clone().count();
    if rows < 2 {
        return Err(Undefined::TooFewRows { n: rows as u64, needed: 2 });
    }
    let differs = first.is_some_and(|first| counted.any(|row| y[row] != y[first]));
    if differs { Ok(y) } else { Err(Undefined::ConstantTruth) }
}

/// Less their weighted mean, so that sums of squares keep their digits.
fn centred(values: &[f64], weights: Option<&[f64]>) -> Vec<f64> {
    let weight = |row: usize| weights.map_or(1.0, |weights| weights[row]);
    let mean = sum(values.len(), |row| weight(row) * values[row]) / sum(values.len(), weight);
    values.iter().map(|value| value - mean).collect()
}

fn column<'a>(columns: &[&'a [f64]], at: usize) -> Result<&'a [f64], Undefined> {
    columns.get(at).copied().ok_or(Undefined::SettingMissing { name: "column" })
}
