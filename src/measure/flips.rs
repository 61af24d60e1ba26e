//! Rows that one model gets right and the other one wrong.
//!
//! Yan et al., "Positive-congruent training: towards regression-free model updates", CVPR 2021: the negative flip rate is
//! the share of all rows that the old model gets right and the new one wrong. Bounds are Wilson's.

use std::collections::BTreeMap;

use super::distribution::one_sided;
use super::input::{alike, labelled, texts};
use super::metric::Metric;
use super::outcome::{Estimate, Interval, Method, Sufficient};
use super::settings::MetricSpec;
use super::sums::sum;
use super::undefined::Undefined;
use super::{Predicted, Rows, Truth, answers, checked};

/// Whether a model is right about each row. A class is right if it is the label's, of binary labels at the threshold of `spec` if
/// that has one; an answer in words if nothing is missing from its score by the metric of `spec`.
///
/// # Errors
/// Labels that are numbers or relevances, predictions from which no class follows, or input that is no number.
pub fn right(spec: &MetricSpec, truth: &Truth<'_>, predicted: &Predicted<'_>) -> Result<Vec<bool>, Undefined> {
    if matches!(truth, Truth::Texts(_)) {
        return Ok(answer_scores(spec, truth, predicted)?.into_iter().map(|score| score >= 1.0).collect());
    }
    let labelled = labelled(&classes(spec), truth, predicted)?;
    Ok(labelled.truth.iter().zip(&labelled.predicted).map(|(label, class)| label == class).collect())
}

/// Whether each of two models is right about each row.
///
/// # Errors
/// As [`right`]; also classes that were predicted by one of the models only.
pub fn both_right(
    spec: &MetricSpec,
    truth: &Truth<'_>,
    candidate: &Predicted<'_>,
    baseline: &Predicted<'_>,
) -> Result<(Vec<bool>, Vec<bool>), Undefined> {
    alike(&classes(spec), truth, candidate, baseline)?;
    Ok((right(spec, truth, candidate)?, right(spec, truth, baseline)?))
}

/// How right each answer in words is, from 0 to 1.
///
/// # Errors
/// Labels or predictions that are no words, a metric of something else, or a reference without a number where numbers are
/// compared.
pub fn answer_scores(spec: &MetricSpec, truth: &Truth<'_>, predicted: &Predicted<'_>) -> Result<Vec<f64>, Undefined> {
    let known = [Metric::ExactMatch, Metric::Contains, Metric::TokenF1, Metric::NumericMatch];
    if !known.contains(&spec.metric) {
        return Err(Undefined::NotApplicable { metric: spec.metric.name(), task: truth.task().name() });
    }
    let (references, answers) = texts(truth, predicted)?;
    answers::scores(spec, references, answers)
}

/// The class that a model predicts for each row, as metrics of classes take it; of two classes 1 is positive.
///
/// # Errors
/// As [`right`].
pub fn predicted_classes(
    spec: &MetricSpec,
    truth: &Truth<'_>,
    predicted: &Predicted<'_>,
) -> Result<Vec<u32>, Undefined> {
    Ok(labelled(&classes(spec), truth, predicted)?.predicted)
}

fn classes(spec: &MetricSpec) -> MetricSpec {
    MetricSpec::new(Metric::Accuracy).at(spec.threshold)
}

/// Two models' rows by which of them is right.
#[derive(Debug, Clone, PartialEq)]
pub struct FlipTable {
    /// Rows: neither right, only the baseline, only the candidate, both.
    counts: [u64; 4],
    /// The same, each row by its weight.
    weights: [f64; 4],
    /// How many independent rows of equal weight say as much.
    effective: f64,
}

/// Counts the rows that change sides.
///
/// # Errors
/// As [`right`]; also no rows.
pub fn flips(
    spec: &MetricSpec,
    rows: &Rows<'_>,
    candidate: &Predicted<'_>,
    baseline: &Predicted<'_>,
) -> Result<FlipTable, Undefined> {
    let looked = if matches!(rows.truth, Truth::Texts(_)) { spec.clone() } else { classes(spec) };
    let (truth, n) = checked(&looked, rows)?;
    let (ours, theirs) = both_right(spec, truth, candidate, baseline)?;
    let mut counts = [0; 4];
    let mut weights = [0.0; 4];
    let weight = |row: usize| rows.weights.and_then(|weights| weights.get(row)).copied().unwrap_or(1.0);
    for (row, (ours, theirs)) in ours.into_iter().zip(theirs).enumerate() {
        let cell = usize::from(ours) * 2 + usize::from(theirs);
        counts[cell] += 1;
        weights[cell] += weight(row);
    }
    let effective = match (rows.weights, rows.clusters) {
        (None, None) => n as f64,
        (_, None) => effective(truth.len(), weight),
        (_, Some(clusters)) => {
            let mut by_cluster: BTreeMap<u64, f64> = BTreeMap::new();
            for (row, cluster) in clusters.iter().enumerate() {
                *by_cluster.entry(*cluster).or_default() += weight(row);
            }
            let weights: Vec<f64> = by_cluster.into_values().collect();
            effective(weights.len(), |cluster| weights[cluster])
        }
    };
    Ok(FlipTable { counts, weights, effective })
}

/// Kish's effective sample size, (Σw)² / Σw². The rows of a cluster count as one: whatever their dependence, the bounds are
/// not too narrow.
fn effective(n: usize, weight: impl Fn(usize) -> f64) -> f64 {
    let total = sum(n, &weight);
    total * total / sum(n, |at| weight(at) * weight(at))
}

impl FlipTable {
    /// Rows that only the baseline gets right.
    pub const fn negative(&self) -> u64 {
        self.counts[1]
    }

    /// Rows that only the candidate gets right.
    pub const fn positive(&self) -> u64 {
        self.counts[2]
    }

    /// All rows.
    pub const fn rows(&self) -> u64 {
        self.counts[0] + self.counts[1] + self.counts[2] + self.counts[3]
    }

    /// The negative flip rate, or the positive one, with bounds.
    ///
    /// # Errors
    /// Weights that sum to nothing, or a confidence outside its range.
    pub fn rate(&self, negative: bool, confidence: f64) -> Result<Estimate, Undefined> {
        let total: f64 = self.weights.iter().sum();
        let rate = self.weights[if negative { 1 } else { 2 }] / total;
        flip_rate(rate, self.effective, self.rows(), confidence)
    }

    /// How many independent rows of equal weight say as much; none where each row is one.
    pub fn effective(&self) -> Option<f64> {
        (self.effective != self.rows() as f64).then_some(self.effective)
    }

    /// What an unweighted rate follows from again.
    pub const fn sufficient(&self) -> Sufficient {
        let [neither, only_baseline, only_candidate, both] = self.counts;
        Sufficient::Discordant { both, only_baseline, only_candidate, neither }
    }
}

/// Bounds of a rate of `n` rows that say as much as `effective` independent ones.
///
/// # Errors
/// A confidence outside its range, or what is no rate.
pub fn flip_rate(rate: f64, effective: f64, n: u64, confidence: f64) -> Result<Estimate, Undefined> {
    let z = one_sided(confidence)?;
    let (lower, upper) = wilson(rate, effective, z);
    let error = (rate * (1.0 - rate) / effective).sqrt();
    Interval::new(Method::Wilson, lower, upper, error).estimate(n, rate, (0.0, 1.0), Sufficient::None)
}

/// Wilson's bounds of a share `p` of `n` rows, which need not be a whole number.
fn wilson(p: f64, n: f64, z: f64) -> (f64, f64) {
    let scale = 1.0 + z * z / n;
    let centre = (p + z * z / (2.0 * n)) / scale;
    let half = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt() / scale;
    (if p == 0.0 { 0.0 } else { centre - half }, if p == 1.0 { 1.0 } else { centre + half })
}
