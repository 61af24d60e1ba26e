//! The project that `certify` is timed in: a binary classifier, its predictions and latencies, and the rules for them.

use std::fmt::Write as _;

/// The metrics of the promise, each with the margin it is held against production with.
pub(crate) const METRICS: [(&str, f64); 8] = [
    ("roc_auc", 0.01),
    ("log_loss", 0.02),
    ("accuracy", 0.01),
    ("recall", 0.05),
    ("brier", 0.01),
    ("average_precision", 0.05),
    ("f1", 0.05),
    ("ece", 0.01),
];

/// What a project's `mlrun.toml` says. `more`: keys of the predictions.
pub(crate) fn config(predictions: &str, more: &str) -> String {
    format!(
        r#"schema = 1
[model.bench]
files = ["model"]
policy = "policy.toml"
[model.bench.predictions.test]
path = "{predictions}"
key = ["row_id"]
label = "y"
score = "p"
{more}
[model.bench.samples.latency]
path = "latency.csv"
column = "ms"
# The first version gets there without a comparison.
[stage.production]
certificate = "none"
"#
    )
}

/// A policy that has no rules yet. `stats`: how intervals are found.
pub(crate) fn policy(stats: &str) -> String {
    format!("schema = 1\ntask = \"binary\"\n{stats}")
}

/// A rule on a metric. `more`: which rows.
pub(crate) fn metric(policy: &mut String, id: &str, metric: &str, prove: &str, margin: f64, more: &str) {
    let id = id.replace('_', "-");
    let _ = write!(
        policy,
        "[[rule]]\nid = \"{id}\"\nmetric = \"{metric}\"\nprove = \"{prove}\"\nmargin = {margin}\n{more}"
    );
}

/// A rule on a quantile of the latencies, in percent.
pub(crate) fn latency(policy: &mut String, percent: u32) {
    let quantile = f64::from(percent) / 100.0;
    let _ = write!(
        policy,
        "[[rule]]\nid = \"p{percent}\"\nmetric = {{ quantile = {quantile}, of = \"latency\" }}\nmax_ratio = 1.2\n"
    );
}
