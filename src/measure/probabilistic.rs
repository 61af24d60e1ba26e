//! Per-row losses of probabilities: log loss, Brier score, top-k accuracy.
//!
//! `sklearn.metrics.log_loss` and `brier_score_loss` 1.9: probabilities are clipped to [ε, 1 - ε] with f64's ε = 2⁻⁵²;
//! the Brier score of two classes is halved, of more it is not (`scale_by_half="auto"`). Of classes that tie at the k-th place
//! `top_k_accuracy_score` takes whichever sorts first; here each counts with the chance it would have in any order.

use super::input::{Predicted, Truth, binary, in_range, in_unit_interval, largest, probabilities, scores};
use super::settings::{MetricSpec, needed};
use super::undefined::Undefined;

/// -ln of the probability given to what happened, per row.
pub(super) fn log_losses(
    spec: &MetricSpec,
    truth: &Truth<'_>,
    predicted: &Predicted<'_>,
) -> Result<Vec<f64>, Undefined> {
    let loss = |p: f64| -p.clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln();
    if let Truth::Classes { labels, count } = truth {
        let columns = of_classes(labels, *count, predicted)?;
        if labels.windows(2).all(|pair| pair[0] == pair[1]) {
            return Err(Undefined::SingleClass);
        }
        return Ok(labels.iter().enumerate().map(|(row, &class)| loss(columns[class as usize][row])).collect());
    }
    let labels = binary(spec, truth)?;
    let p = in_unit_interval(scores(predicted, labels.len())?)?;
    if labels.windows(2).all(|pair| pair[0] == pair[1]) {
        return Err(Undefined::SingleClass);
    }
    Ok(labels.iter().zip(p).map(|(&positive, &p)| loss(if positive { p } else { 1.0 - p })).collect())
}

/// Squared distance of the probabilities from what happened, per row.
pub(super) fn brier_losses(
    spec: &MetricSpec,
    truth: &Truth<'_>,
    predicted: &Predicted<'_>,
) -> Result<Vec<f64>, Undefined> {
    if let Truth::Classes { labels, count } = truth {
        let columns = of_classes(labels, *count, predicted)?;
        let scale = if spec.parameters.halved.unwrap_or(*count < 3) { 0.5 } else { 1.0 };
        let mut losses = vec![0.0; labels.len()];
        for (class, column) in (0..).zip(columns) {
            for ((loss, &p), &label) in losses.iter_mut().zip(column).zip(*labels) {
                let distance = p - f64::from(u8::from(label == class));
                *loss += scale * distance * distance;
            }
        }
        return Ok(losses);
    }
    let labels = binary(spec, truth)?;
    let p = in_unit_interval(scores(predicted, labels.len())?)?;
    // Of both classes' distances, which are the same, half is one of them.
    let scale = if spec.parameters.halved.unwrap_or(true) { 1.0 } else { 2.0 };
    Ok(labels
        .iter()
        .zip(p)
        .map(|(&positive, &p)| {
            let distance = p - f64::from(u8::from(positive));
            scale * distance * distance
        })
        .collect())
}

/// The chance that the row's class is among the `k` most probable, per row.
pub(super) fn top_k(spec: &MetricSpec, truth: &Truth<'_>, predicted: &Predicted<'_>) -> Result<Vec<f64>, Undefined> {
    let Truth::Classes { labels, count } = truth else { return Err(Undefined::ProbabilitiesMissing) };
    let columns = of_classes(labels, *count, predicted)?;
    let k = needed(spec.parameters.k, "k")?;
    // With all classes among them everything is right.
    if k == 0 || k >= u64::from(*count) {
        return Err(Undefined::InvalidSetting { name: "k", value: k as f64 });
    }
    let each = |(row, class): (usize, &u32)| {
        let own = columns[*class as usize][row];
        let above = columns.iter().filter(|column| column[row] > own).count() as f64;
        let ties = columns.iter().filter(|column| column[row] == own).count() as f64;
        ((k as f64 - above) / ties).clamp(0.0, 1.0)
    };
    Ok(labels.iter().enumerate().map(each).collect())
}

/// The first of the most probable classes, per row.
pub(super) fn predicted_class(columns: &[Vec<f64>], n: usize) -> Vec<u32> {
    largest(columns, n)
}

/// One column of probabilities for each class.
pub(super) fn of_classes<'a>(
    labels: &[u32],
    count: u32,
    predicted: &Predicted<'a>,
) -> Result<&'a [Vec<f64>], Undefined> {
    let columns = predicted.probabilities.ok_or(Undefined::ProbabilitiesMissing)?;
    probabilities(columns, count, in_range(labels, count)?.len())
}
