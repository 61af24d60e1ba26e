//! What is to be known about a metric on these rows, where it says less than people think: nothing here decides.

use super::rows::View;
use super::wording::{grouped, significant};
use crate::measure::{Metric, MetricSpec, Predicted, Truth};

/// Remarks on the candidate's rows of a rule.
pub(super) fn remarks(spec: &MetricSpec, view: &View<'_>) -> Vec<String> {
    let (rows, candidate) = (view.rows(), view.candidate());
    let found = [
        single_class(spec.metric, &rows.truth),
        tied(spec, &rows.truth, &candidate),
        divided_by_zero(spec.metric, &rows.truth),
        clipped(spec.metric, &rows.truth, &candidate),
    ];
    found.into_iter().flatten().collect()
}

fn of(some: usize, all: usize) -> String {
    format!("{} of {} rows", grouped(some as u64), grouped(all as u64))
}

/// Shares of all rows mean the same with one class; what compares classes does not.
fn single_class(metric: Metric, truth: &Truth<'_>) -> Option<String> {
    let one = match truth {
        Truth::Binary(labels) => labels.windows(2).all(|pair| pair[0] == pair[1]),
        Truth::Classes { labels, .. } => labels.windows(2).all(|pair| pair[0] == pair[1]),
        _ => return None,
    };
    let shares = [
        Metric::Accuracy,
        Metric::Recall,
        Metric::Specificity,
        Metric::FalsePositiveRate,
        Metric::FalseNegativeRate,
        Metric::PositiveRate,
        Metric::TopKAccuracy,
        Metric::ColumnMean,
        Metric::ColumnRatio,
        Metric::ColumnQuantile,
    ];
    let said = || format!("all labels are of one class: `{metric}` says nothing about telling classes apart");
    (one && truth.len() > 1 && !shares.contains(&metric)).then(said)
}

/// Rows whose class shares the last of the k places with others: scikit-learn's order of classes decides.
fn tied(spec: &MetricSpec, truth: &Truth<'_>, candidate: &Predicted<'_>) -> Option<String> {
    let (Metric::TopKAccuracy, Truth::Classes { labels, .. }) = (spec.metric, truth) else { return None };
    let columns = candidate.probabilities?;
    // As the metric takes it where nothing is said.
    let k = spec.parameters.k.map_or(2, |k| k as usize);
    let is_tied = |(row, label): (usize, &u32)| {
        let own = columns.get(*label as usize)?.get(row)?;
        let count = |above: bool| {
            let kept = |column: &&Vec<f64>| column.get(row).is_some_and(|p| if above { p > own } else { p == own });
            columns.iter().filter(kept).count()
        };
        let (above, equal) = (count(true), count(false));
        Some(above < k && above + equal > k)
    };
    let tied = labels.iter().enumerate().filter(|row| is_tied(*row) == Some(true)).count();
    let said = || {
        format!(
            "in {} the right class has the same score as others for the last of {k} places: the order of classes decides there",
            of(tied, labels.len())
        )
    };
    (tied > 0).then(said)
}

fn divided_by_zero(metric: Metric, truth: &Truth<'_>) -> Option<String> {
    let (Metric::Mape, Truth::Real(labels)) = (metric, truth) else { return None };
    let zeros = labels.iter().filter(|label| label.abs() < f64::EPSILON).count();
    let said = || {
        format!(
            "the label is 0 in {}: `mape` divides by {} there, and little else counts; `wmape` and `smape` do not",
            of(zeros, labels.len()),
            significant(f64::EPSILON)
        )
    };
    (zeros > 0).then(said)
}

/// Rows of which the candidate was sure, and wrong.
fn clipped(metric: Metric, truth: &Truth<'_>, candidate: &Predicted<'_>) -> Option<String> {
    if !matches!(metric, Metric::LogLoss | Metric::D2LogLoss) {
        return None;
    }
    let happened = |row: usize| match (truth, candidate.scores, candidate.probabilities) {
        (Truth::Binary(labels), Some(scores), _) => {
            let p = *scores.get(row)?;
            Some(if *labels.get(row)? { p } else { 1.0 - p })
        }
        (Truth::Classes { labels, .. }, _, Some(columns)) => columns.get(*labels.get(row)? as usize)?.get(row).copied(),
        _ => None,
    };
    let clipped = (0..truth.len()).filter(|row| happened(*row).is_some_and(|p| p < f64::EPSILON)).count();
    let said = || {
        format!(
            "what happened had probability 0 in {}: it counts as {}, that of float64, whatever type the column has",
            of(clipped, truth.len()),
            significant(f64::EPSILON)
        )
    };
    (clipped > 0).then(said)
}
