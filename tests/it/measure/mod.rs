//! Numbers against programs we did not write: `goldens.json` holds what scikit-learn, scipy, statsmodels and MLstatkit
//! say (`goldens.py` writes it); the other constants are those of the research note, computed with the same programs.

mod contract;
mod curves;
mod differential;
mod drift;
mod edges;
mod inference;
mod intervals;
mod recorded_classes;
mod resampling;
mod spread;
mod statistics;
mod values;

use mlrun::measure::{Metric, MetricSpec, Pairs, Parameters, Predicted, Resampling, Rows, Sampling, Truth};
use serde_json::Value;

/// One part of the golden file.
fn golden(part: &str) -> Value {
    let mut all: Value = serde_json::from_str(include_str!("goldens.json")).unwrap();
    all[part].take()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

fn flags(value: &Value) -> Vec<bool> {
    numbers(value).into_iter().map(|x| x == 1.0).collect()
}

#[track_caller]
fn close(found: f64, expected: f64, relative: f64) {
    let allowed = relative * expected.abs().max(1e-4);
    assert!((found - expected).abs() <= allowed, "found {found:?}, expected {expected:?}");
}

/// With the settings it cannot do without.
fn spec(metric: Metric) -> MetricSpec {
    let parameters = Parameters {
        beta: Some(2.0),
        precision: Some(0.5),
        k: Some(if metric == Metric::TopKAccuracy { 1 } else { 5 }),
        share: Some(0.25),
        pairs: Some(Pairs::OneVsRest),
        ..Parameters::default()
    };
    MetricSpec::new(metric).with(parameters)
}

fn sampling(confidence: f64) -> Sampling {
    Sampling { confidence, resamples: 2000, seed: [7; 32], resampling: Resampling::WhereNeeded }
}

fn scored(scores: &[f64]) -> Predicted<'_> {
    Predicted { scores: Some(scores), ..Predicted::default() }
}

fn valued(values: &[f64]) -> Predicted<'_> {
    Predicted { values: Some(values), ..Predicted::default() }
}

/// Row keys as a hash would give them: no pattern, all different.
fn keys(n: usize) -> Vec<u64> {
    (1..=n as u64).map(mix).collect()
}

fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// A set of noisy scores: labels, and two models of which the second is a little worse.
struct Made {
    truth: Vec<bool>,
    candidate: Vec<f64>,
    baseline: Vec<f64>,
    keys: Vec<u64>,
}

impl Made {
    fn new(n: usize, share: f64, seed: u64) -> Self {
        let mut state = seed;
        let mut uniform = || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            (mix(state) >> 11) as f64 / (1_u64 << 53) as f64
        };
        let mut made = Self { truth: vec![], candidate: vec![], baseline: vec![], keys: keys(n) };
        for _ in 0..n {
            let positive = uniform() < share;
            let lift = if positive { 0.25 } else { 0.0 };
            let both = 0.3 * uniform();
            made.truth.push(positive);
            made.candidate.push(lift + both + 0.45 * uniform());
            made.baseline.push(lift * 0.95 + both + 0.45 * uniform());
        }
        made
    }

    fn rows(&self) -> Rows<'_> {
        Rows::new(Truth::Binary(&self.truth), &self.keys)
    }
}
