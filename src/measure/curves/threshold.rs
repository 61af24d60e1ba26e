//! Curves over the threshold from which on a score is positive, from the highest score to the lowest.

use super::super::ranks::Ranking;
use super::super::undefined::Undefined;

/// The area under a curve.
pub trait Area {
    /// By trapezoids.
    fn area(&self) -> f64;
}

impl Area for [(f64, f64)] {
    fn area(&self) -> f64 {
        let pairs = self.iter().zip(self.iter().skip(1));
        pairs.map(|((x, y), (next_x, next_y))| (next_x - x) * 0.5 * (y + next_y)).sum()
    }
}

/// Weights of the rows that are positive at each threshold: of those that should be, and of those that should not.
struct Counts {
    /// One for each distinct score, descending.
    at: Vec<(f64, f64)>,
    positives: f64,
    negatives: f64,
}

fn counts(truth: &[bool], scores: &[f64], weights: Option<&[f64]>) -> Result<Counts, Undefined> {
    for found in [scores.len()].into_iter().chain(weights.map(<[f64]>::len)) {
        if found != truth.len() {
            return Err(Undefined::LengthMismatch { expected: truth.len(), found });
        }
    }
    if truth.is_empty() {
        return Err(Undefined::NoRows);
    }
    let ranking = Ranking::new(scores)?;
    let (mut hits, mut misses) = (0.0, 0.0);
    let mut at = Vec::new();
    for ties in ranking.ties() {
        for row in ties {
            let weight = weights.and_then(|weights| weights.get(*row as usize)).copied().unwrap_or(1.0);
            if truth.get(*row as usize).copied().unwrap_or(false) { hits += weight } else { misses += weight }
        }
        at.push((hits, misses));
    }
    Ok(Counts { at, positives: hits, negatives: misses })
}

/// The receiver operating characteristic: the share of negatives that are taken for positive, and the share of positives that are
/// found, from (0, 0) to (1, 1), one point for each distinct score.
///
/// # Errors
/// Columns of different lengths, no rows, labels of a single class.
pub fn roc(truth: &[bool], scores: &[f64], weights: Option<&[f64]>) -> Result<Vec<(f64, f64)>, Undefined> {
    let Counts { at, positives, negatives } = counts(truth, scores, weights)?;
    if positives <= 0.0 || negatives <= 0.0 {
        return Err(Undefined::SingleClass);
    }
    let points = at.into_iter().map(|(hits, misses)| (misses / negatives, hits / positives));
    Ok([(0.0, 0.0)].into_iter().chain(points).collect())
}

/// The share of positives that are found (recall), and how many of those taken for positive are it (precision), from recall 0, one
/// point for each distinct score.
///
/// # Errors
/// Columns of different lengths, no rows, no positive row.
pub fn precision_recall(truth: &[bool], scores: &[f64], weights: Option<&[f64]>) -> Result<Vec<(f64, f64)>, Undefined> {
    let Counts { at, positives, .. } = counts(truth, scores, weights)?;
    if positives <= 0.0 {
        return Err(Undefined::NoPositives);
    }
    let taken = at.into_iter().filter(|(hits, misses)| hits + misses > 0.0);
    let points = taken.map(|(hits, misses)| (hits / positives, hits / (hits + misses)));
    Ok([(0.0, 1.0)].into_iter().chain(points).collect())
}

/// The average precision of a precision-recall curve: each gain of recall at the precision it has.
pub fn average_precision(curve: &[(f64, f64)]) -> f64 {
    curve.iter().zip(curve.iter().skip(1)).map(|(before, after)| (after.0 - before.0) * after.1).sum()
}

/// The mean of ROC curves, each class counting the same, at so many equal steps of the share of false positives.
pub fn macro_average(curves: &[Vec<(f64, f64)>], steps: u32) -> Vec<(f64, f64)> {
    let at = |curve: &[(f64, f64)], x: f64| {
        // The highest point at or before x, and the line from there to the next.
        let next = curve.partition_point(|point| point.0 <= x);
        let before = next.checked_sub(1).and_then(|place| curve.get(place));
        match (before, curve.get(next)) {
            (Some(before), Some(after)) => before.1 + (x - before.0) / (after.0 - before.0) * (after.1 - before.1),
            (Some(last), None) => last.1,
            (None, _) => 0.0,
        }
    };
    let mean = |x: f64| curves.iter().map(|curve| at(curve, x)).sum::<f64>() / curves.len() as f64;
    let inside = (0..=steps).map(|step| f64::from(step) / f64::from(steps.max(1))).map(|x| (x, mean(x)));
    if curves.is_empty() { Vec::new() } else { [(0.0, 0.0)].into_iter().chain(inside).collect() }
}
