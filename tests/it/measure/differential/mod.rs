//! 2,000 random inputs for every metric against scikit-learn's answers: ties, weights, single classes, one row, constants.
//!
//! `scikit_learn.py` says what the inputs are and what "no value" means; this draws the same ones.

mod inputs;
mod large;
mod tests_and_intervals;

use std::io::Read as _;

use mlrun::measure::{Metric, MetricSpec, Undefined, point};

use inputs::{Binary, Multiclass, Positive, Ranking, Real, Settings, Texts};

const CASES: usize = 2000;
const BOTH: [&str; 17] = [
    "accuracy",
    "balanced_accuracy",
    "precision",
    "recall",
    "f1",
    "fbeta",
    "jaccard",
    "macro_f1",
    "mcc",
    "kappa",
    "roc_auc",
    "average_precision",
    "log_loss",
    "brier",
    "d2_log_loss",
    "d2_brier",
    "ece",
];
const BINARY: [&str; 9] =
    ["specificity", "fpr", "fnr", "positive_rate", "recall_at_precision", "precision_at_k", "ks", "lift", "gain"];
const MULTICLASS: [&str; 1] = ["top_k_accuracy"];
const REAL: [&str; 13] = [
    "mae",
    "mse",
    "rmse",
    "median_ae",
    "max_error",
    "r2",
    "explained_variance",
    "mape",
    "wmape",
    "smape",
    "pinball",
    "d2_absolute_error",
    "d2_pinball",
];
const POSITIVE: [&str; 6] = ["msle", "rmsle", "poisson_deviance", "gamma_deviance", "tweedie_deviance", "d2_tweedie"];
const RANKING: [&str; 8] = ["ndcg", "dcg", "map", "mrr", "hit_rate", "lrap", "coverage_error", "ranking_loss"];
const TEXTS: [&str; 6] = ["exact_match", "contains", "token_f1", "numeric_match", "pass_at_k", "pass_hat_k"];

/// The answers, one list per metric, in the order above.
fn answers() -> Vec<Vec<f64>> {
    let mut bytes = Vec::new();
    let file = &include_bytes!("scikit_learn.bin.gz")[..];
    flate2::read::GzDecoder::new(file).read_to_end(&mut bytes).unwrap();
    let doubles: Vec<f64> = bytes.chunks_exact(8).map(|chunk| f64::from_le_bytes(chunk.try_into().unwrap())).collect();
    doubles.chunks_exact(CASES).map(<[f64]>::to_vec).collect()
}

/// Holds the metrics of one kind, which begin at `first` in the file, to the answers.
fn check(first: usize, names: &[&str], measured: impl Fn(&str, u64) -> Result<f64, Undefined>) {
    let answers = answers();
    let mut wrong = Vec::new();
    for (name, expected) in names.iter().zip(&answers[first..]) {
        for (case, expected) in (0_u64..).zip(expected) {
            let found = measured(name, case);
            let agrees = match &found {
                Ok(found) => (found - expected).abs() <= 1e-12 * expected.abs().max(least(name)),
                Err(_) => expected.is_nan(),
            };
            if !agrees {
                wrong.push(format!("{name}, case {case}: {found:?}, not {expected:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong, the first:\n{}", wrong.len(), wrong[..wrong.len().min(20)].join("\n"));
}

/// What is 1 less a quotient, or a difference of shares, has digits below 1 only as far as its parts do.
fn least(name: &str) -> f64 {
    let difference = ["mcc", "kappa", "balanced_accuracy", "r2", "explained_variance", "ks", "ece"].contains(&name);
    if difference || name.starts_with("d2_") || name.ends_with("deviance") { 1.0 } else { 1e-4 }
}

fn spec(name: &str, settings: &Settings) -> MetricSpec {
    MetricSpec::new(Metric::parse(name).unwrap()).at(settings.threshold).with(settings.parameters.clone())
}

const fn first(kind: usize) -> usize {
    let sizes = [BOTH.len() + BINARY.len(), BOTH.len() + MULTICLASS.len(), REAL.len(), POSITIVE.len(), RANKING.len()];
    let mut at = 0;
    let mut total = 0;
    while at < kind {
        total += sizes[at];
        at += 1;
    }
    total
}

#[test]
fn binary() {
    let cases: Vec<Binary> = (0..CASES as u64).map(Binary::new).collect();
    check(first(0), &[&BOTH[..], &BINARY[..]].concat(), |name, case| {
        let case = &cases[case as usize];
        let mut spec = spec(name, &case.settings);
        spec.parameters.average = case.average();
        point(&spec, &case.rows(), &case.predicted())
    });
}

#[test]
fn multiclass() {
    let cases: Vec<Multiclass> = (0..CASES as u64).map(Multiclass::new).collect();
    check(first(1), &[&BOTH[..], &MULTICLASS[..]].concat(), |name, case| {
        let case = &cases[case as usize];
        let mut spec = spec(name, &case.settings);
        case.choose(&mut spec);
        point(&spec, &case.rows(), &case.predicted())
    });
}

#[test]
fn regression() {
    let cases: Vec<Real> = (0..CASES as u64).map(Real::new).collect();
    check(first(2), &REAL, |name, case| {
        let case = &cases[case as usize];
        point(&spec(name, &case.settings), &case.rows(), &case.predicted())
    });
    let cases: Vec<Positive> = (0..CASES as u64).map(Positive::new).collect();
    check(first(3), &POSITIVE, |name, case| {
        let case = &cases[case as usize];
        point(&spec(name, &case.settings), &case.rows(), &case.predicted())
    });
}

#[test]
fn ranking() {
    let cases: Vec<Ranking> = (0..CASES as u64).map(Ranking::new).collect();
    check(first(4), &RANKING, |name, case| {
        let case = &cases[case as usize];
        point(&spec(name, &case.settings), &case.rows(), &case.predicted())
    });
}

#[test]
fn texts() {
    let cases: Vec<Texts> = (0..CASES as u64).map(Texts::new).collect();
    check(first(5), &TEXTS, |name, case| {
        let case = &cases[case as usize];
        point(&spec(name, &case.settings), &case.rows(), &case.predicted())
    });
}

/// A metric nobody asked scikit-learn about would not be noticed otherwise.
#[test]
fn every_metric_is_asked_about() {
    let asked = [&BOTH[..], &BINARY, &MULTICLASS, &REAL, &POSITIVE, &RANKING, &TEXTS].concat();
    for metric in Metric::all() {
        assert!(asked.contains(&metric.name()), "{metric}");
    }
    assert_eq!(answers().len(), first(5) + TEXTS.len());
    for (place, answers) in answers().iter().enumerate() {
        let defined = answers.iter().filter(|answer| !answer.is_nan()).count();
        assert!(defined >= 500, "the metric at {place} is defined in {defined} cases only");
    }
}
