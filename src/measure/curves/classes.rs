//! Curves of several classes: each against the rest, put together as scikit-learn's averages do.

use super::super::undefined::Undefined;
use super::threshold::{average_precision, precision_recall};

/// Precision and recall of several classes.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassPrecision {
    /// Recall and precision over all decisions, of which each row has one for each class (`average="micro"`).
    pub points: Vec<(f64, f64)>,
    /// Its average precision.
    pub micro: f64,
    /// The mean of the classes' average precisions, each class counting the same (`average="macro"`): of those classes that occur.
    pub macro_mean: f64,
}

/// Precision and recall of classes by the probability of each: `probabilities` has one column for each class, and `labels` are
/// indices into them.
///
/// # Errors
/// Columns of different lengths, no rows, no class that occurs.
pub fn class_precision(
    labels: &[u32],
    probabilities: &[Vec<f64>],
    weights: Option<&[f64]>,
) -> Result<ClassPrecision, Undefined> {
    let decisions = labels.len().saturating_mul(probabilities.len());
    let (mut truth, mut scores) = (Vec::with_capacity(decisions), Vec::with_capacity(decisions));
    let mut counts = weights.map(|_| Vec::with_capacity(decisions));
    let mut each = Vec::with_capacity(probabilities.len());
    for (class, column) in (0_u32..).zip(probabilities) {
        let is: Vec<bool> = labels.iter().map(|label| *label == class).collect();
        match precision_recall(&is, column, weights) {
            Ok(points) => each.push(average_precision(&points)),
            // Nobody finds what is not there.
            Err(Undefined::NoPositives) => {}
            Err(undefined) => return Err(undefined),
        }
        truth.extend(is);
        scores.extend_from_slice(column);
        if let (Some(counts), Some(weights)) = (&mut counts, weights) {
            counts.extend_from_slice(weights);
        }
    }
    let points = precision_recall(&truth, &scores, counts.as_deref())?;
    let macro_mean = each.iter().sum::<f64>() / each.len() as f64;
    Ok(ClassPrecision { micro: average_precision(&points), points, macro_mean })
}
