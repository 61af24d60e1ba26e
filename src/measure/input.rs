//! What is measured: labels, row keys and one model's predictions, and every check on them.
//!
//! Nothing behind this file meets a NaN, a probability outside [0, 1] or a class outside its range.

use std::borrow::Cow;

use super::metric::Task;
use super::settings::MetricSpec;
use super::undefined::Undefined;

/// One evaluation set. The caller sorts it by row key, so that sums run in key order; all columns have length n.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// The labels.
    pub truth: Truth<'a>,
    /// 64-bit hash of each row's key: names the row for resampling, so its weight does not depend on its place.
    pub keys: &'a [u64],
    /// How much each row counts: finite, not negative; none: 1 each.
    pub weights: Option<&'a [f64]>,
    /// A number that rows of one cluster share: they are dependent, and resampled together.
    pub clusters: Option<&'a [u64]>,
    /// A number that rows of one query share: they are ranked against each other.
    pub groups: Option<&'a [u32]>,
}

impl<'a> Rows<'a> {
    /// Independent rows of weight 1.
    pub const fn new(truth: Truth<'a>, keys: &'a [u64]) -> Self {
        Self { truth, keys, weights: None, clusters: None, groups: None }
    }
}

/// Labels, one per row.
#[derive(Debug, Clone, Copy)]
pub enum Truth<'a> {
    /// True is positive.
    Binary(&'a [bool]),
    /// Class numbers below `count`.
    Classes {
        /// The class of each row.
        labels: &'a [u32],
        /// Number of classes.
        count: u32,
    },
    /// Real numbers.
    Real(&'a [f64]),
    /// How relevant each document is to its query: finite, not negative.
    Relevance(&'a [f64]),
    /// Reference answers.
    Texts(&'a [String]),
}

/// One model's predictions: at least the column the metric asks for, each of length n.
#[derive(Debug, Clone, Copy, Default)]
pub struct Predicted<'a> {
    /// Score of the positive class: P(positive), or for ranking and thresholds any number.
    pub scores: Option<&'a [f64]>,
    /// Predicted class numbers. For binary labels 1 is positive; where a metric has a threshold, scores decide.
    pub classes: Option<&'a [u32]>,
    /// One column of n probabilities per class. Without `classes`, the first largest is the predicted class.
    pub probabilities: Option<&'a [Vec<f64>]>,
    /// Predicted real numbers.
    pub values: Option<&'a [f64]>,
    /// Answers.
    pub texts: Option<&'a [String]>,
    /// Columns of numbers, for metrics of columns.
    pub columns: &'a [NumberColumn<'a>],
}

/// A column of numbers beside the predictions.
#[derive(Debug, Clone, PartialEq)]
pub struct NumberColumn<'a> {
    /// What the file calls it.
    pub name: Cow<'a, str>,
    /// One number per row.
    pub values: Cow<'a, [f64]>,
}

impl Truth<'_> {
    /// Number of rows.
    pub const fn len(&self) -> usize {
        match self {
            Self::Binary(labels) => labels.len(),
            Self::Classes { labels, .. } => labels.len(),
            Self::Real(labels) | Self::Relevance(labels) => labels.len(),
            Self::Texts(labels) => labels.len(),
        }
    }

    /// Whether there are no rows.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The task these labels belong to.
    pub const fn task(&self) -> Task {
        match self {
            Self::Binary(_) => Task::Binary,
            Self::Classes { .. } => Task::Multiclass,
            Self::Real(_) => Task::Regression,
            Self::Relevance(_) => Task::Ranking,
            Self::Texts(_) => Task::Text,
        }
    }
}

impl Predicted<'_> {
    /// Whether no column was given.
    pub fn is_nothing(&self) -> bool {
        self.same_as(&Self::default())
    }

    /// Whether the numbers that were predicted are so many different ones that no two models have them in common by chance.
    pub(super) fn is_continuous(&self) -> bool {
        let columns = self.probabilities.into_iter().flatten().map(Vec::as_slice);
        self.scores.into_iter().chain(self.values).chain(columns).any(is_continuous)
    }

    /// Whether all that was predicted is the same, number for number; columns of numbers are no predictions.
    pub fn same_as(&self, other: &Self) -> bool {
        self.scores == other.scores
            && self.classes == other.classes
            && self.probabilities == other.probabilities
            && self.values == other.values
            && self.texts == other.texts
    }
}

/// Whether a column holds at least so many different numbers that it is taken for a continuous one.
pub(super) fn is_continuous(values: &[f64]) -> bool {
    const DIFFERENT: usize = 10;
    let mut seen: Vec<u64> = Vec::with_capacity(DIFFERENT);
    for value in values {
        let bits = value.to_bits();
        if !seen.contains(&bits) {
            seen.push(bits);
        }
        if seen.len() == DIFFERENT {
            return true;
        }
    }
    false
}

/// Labels and predictions as class numbers; binary labels are 0 and 1.
pub(super) struct Labelled {
    pub classes: u32,
    pub truth: Vec<u32>,
    pub predicted: Vec<u32>,
}

/// The labels must suit the metric.
pub(super) fn check(spec: &MetricSpec, truth: &Truth<'_>) -> Result<(), Undefined> {
    if !spec.metric.tasks().contains(&truth.task()) {
        return Err(Undefined::NotApplicable { metric: spec.metric.name(), task: truth.task().name() });
    }
    if truth.is_empty() {
        return Err(Undefined::NoRows);
    }
    Ok(())
}

/// The rows' keys, weights and clusters must suit the labels.
pub(super) fn check_rows(rows: &Rows<'_>) -> Result<(), Undefined> {
    let n = rows.truth.len();
    of_length(rows.keys, n)?;
    if let Some(clusters) = rows.clusters {
        of_length(clusters, n)?;
    }
    let Some(weights) = rows.weights else { return Ok(()) };
    if let Some(row) = finite(weights, n)?.iter().position(|&weight| weight < 0.0) {
        return Err(Undefined::Negative { row, value: weights[row] });
    }
    if weights.iter().any(|&weight| weight > 0.0) { Ok(()) } else { Err(Undefined::NoWeight) }
}

/// The labels as booleans.
pub(super) fn binary<'a>(spec: &MetricSpec, truth: &Truth<'a>) -> Result<&'a [bool], Undefined> {
    match truth {
        Truth::Binary(labels) => Ok(labels),
        _ => Err(Undefined::NotApplicable { metric: spec.metric.name(), task: truth.task().name() }),
    }
}

/// Where nobody says otherwise, half a chance is positive: scikit-learn's `predict` of what has probabilities.
const HALF: f64 = 0.5;

/// Two models' classes are compared if they come about alike. One's recorded classes say nothing about the threshold that
/// another's scores are to be held against.
pub(super) fn alike(
    spec: &MetricSpec,
    truth: &Truth<'_>,
    candidate: &Predicted<'_>,
    baseline: &Predicted<'_>,
) -> Result<(), Undefined> {
    if spec.threshold.is_some() || !spec.counts_classes() || !matches!(truth, Truth::Binary(_)) {
        return Ok(());
    }
    match (candidate.classes, baseline.classes) {
        (Some(_), None) if baseline.scores.is_some() => {
            Err(Undefined::ClassesOfOne { classes: "candidate", scores: "baseline" })
        }
        (None, Some(_)) if candidate.scores.is_some() => {
            Err(Undefined::ClassesOfOne { classes: "baseline", scores: "candidate" })
        }
        _ => Ok(()),
    }
}

/// Labels and predicted classes as numbers.
pub(super) fn labelled(spec: &MetricSpec, truth: &Truth<'_>, predicted: &Predicted<'_>) -> Result<Labelled, Undefined> {
    let n = truth.len();
    let (truth, classes) = match truth {
        Truth::Binary(labels) => (labels.iter().map(|&positive| u32::from(positive)).collect(), 2),
        Truth::Classes { labels, count } => (in_range(labels, *count)?.to_vec(), *count),
        Truth::Real(_) | Truth::Relevance(_) | Truth::Texts(_) => {
            return Err(Undefined::NotApplicable { metric: spec.metric.name(), task: truth.task().name() });
        }
    };
    let at = |scores, threshold: f64| {
        if !threshold.is_finite() {
            return Err(Undefined::InvalidSetting { name: "threshold", value: threshold });
        }
        Ok(finite(scores, n)?.iter().map(|&score| u32::from(score >= threshold)).collect())
    };
    let predicted = match (spec.threshold.filter(|_| classes == 2), predicted.classes) {
        (Some(threshold), _) => {
            at(predicted.scores.ok_or(Undefined::ThresholdWithoutScores { threshold })?, threshold)?
        }
        (None, Some(labels)) => in_range(of_length(labels, n)?, classes)?.to_vec(),
        (None, None) => match (predicted.scores, predicted.probabilities) {
            (Some(scores), _) if classes == 2 => at(scores, HALF)?,
            (_, Some(columns)) => largest(probabilities(columns, classes, n)?, n),
            _ => return Err(Undefined::ClassesMissing),
        },
    };
    Ok(Labelled { classes, truth, predicted })
}

/// The scores, finite.
pub(super) fn scores<'a>(predicted: &Predicted<'a>, n: usize) -> Result<&'a [f64], Undefined> {
    finite(predicted.scores.ok_or(Undefined::ScoresMissing)?, n)
}

/// Every entry a probability.
pub(super) fn in_unit_interval(values: &[f64]) -> Result<&[f64], Undefined> {
    match values.iter().position(|value| !(0.0..=1.0).contains(value)) {
        Some(row) => Err(Undefined::ProbabilityOutOfRange { row, value: values[row] }),
        None => Ok(values),
    }
}

/// One column per class; every row a distribution within 1e-6.
pub(super) fn probabilities(columns: &[Vec<f64>], classes: u32, n: usize) -> Result<&[Vec<f64>], Undefined> {
    if columns.len() != classes as usize {
        return Err(Undefined::ColumnCount { expected: classes as usize, found: columns.len() });
    }
    let mut sums = vec![0.0; n];
    for column in columns {
        for (sum, value) in sums.iter_mut().zip(in_unit_interval(finite(column, n)?)?) {
            *sum += value;
        }
    }
    match sums.iter().position(|sum| (sum - 1.0).abs() > 1e-6) {
        Some(row) => Err(Undefined::ProbabilitySum { row, sum: sums[row] }),
        None => Ok(columns),
    }
}

/// Labels and predicted values, both finite.
pub(super) fn real<'a>(truth: &Truth<'a>, predicted: &Predicted<'a>) -> Result<(&'a [f64], &'a [f64]), Undefined> {
    let Truth::Real(labels) = *truth else { return Err(Undefined::ValuesMissing) };
    Ok((finite(labels, labels.len())?, finite(predicted.values.ok_or(Undefined::ValuesMissing)?, labels.len())?))
}

/// The columns that a metric of columns names, finite, in its order.
pub(super) fn columns<'a>(spec: &MetricSpec, predicted: &Predicted<'a>, n: usize) -> Result<Vec<&'a [f64]>, Undefined> {
    let of = |name: &String| {
        let found = predicted.columns.iter().find(|column| column.name == *name);
        finite(&found.ok_or_else(|| Undefined::ColumnMissing { column: name.clone() })?.values, n)
    };
    spec.parameters.columns.iter().map(of).collect()
}

/// Reference answers and answers.
pub(super) fn texts<'a>(
    truth: &Truth<'a>,
    predicted: &Predicted<'a>,
) -> Result<(&'a [String], &'a [String]), Undefined> {
    let Truth::Texts(references) = *truth else { return Err(Undefined::TextsMissing) };
    Ok((references, of_length(predicted.texts.ok_or(Undefined::TextsMissing)?, references.len())?))
}

/// Every value finite, and as many as rows.
pub(super) fn finite(values: &[f64], n: usize) -> Result<&[f64], Undefined> {
    match of_length(values, n)?.iter().position(|value| !value.is_finite()) {
        Some(row) => Err(Undefined::NotFinite { row }),
        None => Ok(values),
    }
}

/// As many values as rows.
pub(super) fn of_length<T>(values: &[T], n: usize) -> Result<&[T], Undefined> {
    if values.len() == n { Ok(values) } else { Err(Undefined::LengthMismatch { expected: n, found: values.len() }) }
}

pub(super) fn in_range(labels: &[u32], count: u32) -> Result<&[u32], Undefined> {
    match labels.iter().position(|&class| class >= count) {
        Some(row) => Err(Undefined::ClassOutOfRange { row, class: labels[row], count }),
        None => Ok(labels),
    }
}

/// numpy's `argmax`: the first of equal maxima.
pub(super) fn largest(columns: &[Vec<f64>], n: usize) -> Vec<u32> {
    let mut best = vec![0; n];
    let mut height = vec![f64::NEG_INFINITY; n];
    for (class, column) in (0..).zip(columns) {
        for (row, &value) in column.iter().enumerate() {
            if value > height[row] {
                height[row] = value;
                best[row] = class;
            }
        }
    }
    best
}
