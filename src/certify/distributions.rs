//! How scores, predicted values, classes and samples are distributed: what live data can be compared with years later, when the
//! rows are gone.
//!
//! Bins are the candidate's own deciles, fixed from now on: bins that move with the data hide a shift behind one outlier.

use rayon::prelude::*;

use super::case::Case;
use super::sufficient::{SMALLEST_CELL, is_public};
use crate::evidence::{JoinedRows, PredictedColumns, TruthColumn};
use crate::format::certificate::DistributionRecord;
use crate::name::SetName;

/// Rows from which every decile holds more than the smallest group.
const ENOUGH: usize = 100;
/// More classes say more than a certificate should.
const MOST_CLASSES: usize = 1000;
/// Quantiles of samples that are kept, each where enough samples lie beyond it.
const KEPT: [f64; 13] = [0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.99, 0.995, 0.999];

/// Of all predictions sets and samples that were read, by set.
pub(super) fn of(case: &Case<'_>) -> Vec<DistributionRecord> {
    let mut found: Vec<DistributionRecord> = case.sets.values().flatten().flat_map(of_predictions).collect();
    for (set, (candidate, baseline)) in case.samples {
        found.extend(candidate.as_ref().ok().and_then(|samples| of_samples(set, "candidate", samples)));
        let baseline = baseline.as_ref().and_then(|samples| samples.as_ref().ok());
        found.extend(baseline.and_then(|samples| of_samples(set, "baseline", samples)));
    }
    found
}

fn of_predictions(joined: &JoinedRows) -> Vec<DistributionRecord> {
    if joined.keys.len() < ENOUGH {
        return Vec::new();
    }
    let models = [("candidate", Some(&joined.candidate)), ("baseline", joined.baseline.as_ref())];
    let models = models.into_iter().filter_map(|(role, columns)| Some((role, columns?)));
    let blank = |role: &str, of: &str| DistributionRecord {
        set: joined.set.clone(),
        role: role.to_owned(),
        of: of.to_owned(),
        n: joined.keys.len() as u64,
        edges: Vec::new(),
        classes: Vec::new(),
        counts: Vec::new(),
        quantiles: Vec::new(),
    };
    let mut found = Vec::new();
    let names = match &joined.truth {
        TruthColumn::Classes { names, .. } => names.clone(),
        TruthColumn::Binary(_) => vec!["negative".to_owned(), "positive".to_owned()],
        _ => Vec::new(),
    };
    let labels: Option<Vec<u32>> = match &joined.truth {
        TruthColumn::Binary(labels) => Some(labels.iter().map(|positive| u32::from(*positive)).collect()),
        TruthColumn::Classes { labels, .. } => Some(labels.clone()),
        _ => None,
    };
    if let Some(labels) = labels.filter(|_| names.len() <= MOST_CLASSES) {
        let counts = class_counts(&labels, names.len());
        found.push(DistributionRecord { classes: names.clone(), counts, ..blank("truth", "labels") });
    }
    let mut edges: Option<Vec<f64>> = None;
    for (role, columns) in models {
        if let Some((of, values)) = numbers(columns).filter(|(_, values)| values.iter().all(|v| v.is_finite())) {
            // The candidate comes first.
            let edges = edges.get_or_insert_with(|| deciles(values));
            let counts = bin_counts(values, edges);
            found.push(DistributionRecord { edges: edges.clone(), counts, ..blank(role, of) });
        } else if let Some(classes) = columns.classes.as_ref().filter(|_| names.len() <= MOST_CLASSES) {
            let counts = class_counts(classes, names.len());
            found.push(DistributionRecord { classes: names.clone(), counts, ..blank(role, "classes") });
        }
    }
    found
}

fn numbers(columns: &PredictedColumns) -> Option<(&'static str, &[f64])> {
    let scores = columns.scores.as_deref().map(|scores| ("scores", scores));
    scores.or_else(|| columns.values.as_deref().map(|values| ("values", values)))
}

/// The nine values between ten equal parts, as numpy's default quantiles, without repetition.
fn deciles(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.par_sort_unstable_by(f64::total_cmp);
    let mut edges: Vec<f64> = (1..10).map(|tenth| quantile(&sorted, f64::from(tenth) / 10.0)).collect();
    edges.dedup();
    edges
}

/// Linear between order statistics.
fn quantile(sorted: &[f64], q: f64) -> f64 {
    let place = q * (sorted.len() - 1) as f64;
    let low = place.floor() as usize;
    let high = (low + 1).min(sorted.len() - 1);
    sorted[low] + (place - low as f64) * (sorted[high] - sorted[low])
}

/// Bin i holds what is at least edge i − 1 and below edge i.
fn bin_counts(values: &[f64], edges: &[f64]) -> Vec<Option<u64>> {
    let mut counts = vec![0; edges.len() + 1];
    for value in values {
        counts[edges.partition_point(|edge| edge <= value)] += 1;
    }
    public(&counts)
}

fn class_counts(labels: &[u32], classes: usize) -> Vec<Option<u64>> {
    let mut counts = vec![0; classes];
    for label in labels {
        if let Some(count) = counts.get_mut(*label as usize) {
            *count += 1;
        }
    }
    public(&counts)
}

/// Small groups are not counted in public; nor is one more, for n less the others is the count that is left. It is the smallest
/// with which that sum says nothing of the small ones: with 5 beside it, a sum of 6 says that the other is 1.
fn public(counts: &[u64]) -> Vec<Option<u64>> {
    const ENOUGH_BESIDE: u64 = 2 * SMALLEST_CELL - 2;
    let mut shown: Vec<Option<u64>> = counts.iter().map(|count| is_public(*count).then_some(*count)).collect();
    if shown.iter().all(Option::is_some) {
        return shown;
    }
    let beside = |at: &usize| shown[*at].is_some_and(|count| count >= ENOUGH_BESIDE);
    match (0..counts.len()).filter(beside).min_by_key(|at| counts[*at]) {
        Some(at) => shown[at] = None,
        None => shown.fill(None),
    }
    shown
}

fn of_samples(set: &SetName, role: &str, samples: &[f64]) -> Option<DistributionRecord> {
    if samples.len() < ENOUGH || samples.iter().any(|sample| !sample.is_finite()) {
        return None;
    }
    let mut sorted = samples.to_vec();
    sorted.par_sort_unstable_by(f64::total_cmp);
    let beyond = |q: f64| q.min(1.0 - q) * samples.len() as f64 >= SMALLEST_CELL as f64;
    Some(DistributionRecord {
        set: set.clone(),
        role: role.to_owned(),
        of: "samples".to_owned(),
        n: samples.len() as u64,
        edges: Vec::new(),
        classes: Vec::new(),
        counts: Vec::new(),
        quantiles: KEPT.into_iter().filter(|q| beyond(*q)).map(|q| (q, quantile(&sorted, q))).collect(),
    })
}
