//! `certify`: from two stored tables of predictions to a certificate, the whole process.

use std::fs;

use anyhow::{Context as _, Result};

use crate::data;
use crate::report::Figure;
use crate::run::Mlrun;

const ROWS: usize = 100_000;
/// Versions certified after the one in production.
const VERSIONS: u64 = 5;

const CONFIG: &str = r#"schema = 1
[model.bench]
files = ["model"]
policy = "policy.toml"
[model.bench.predictions.test]
path = "predictions.csv"
key = ["row_id"]
label = "y"
score = "p"
[model.bench.samples.latency]
path = "latency.csv"
column = "ms"
# The first version gets there without a comparison.
[stage.production]
certificate = "none"
"#;

const METRICS: [(&str, f64); 7] = [
    ("roc_auc", 0.01),
    ("log_loss", 0.02),
    ("accuracy", 0.01),
    ("recall", 0.05),
    ("brier", 0.01),
    ("average_precision", 0.05),
    ("f1", 0.05),
];

/// Seven metrics held against production, and a latency.
fn policy() -> String {
    let mut text = "schema = 1\ntask = \"binary\"\n".to_owned();
    for (metric, margin) in METRICS {
        text += &format!(
            "[[rule]]\nid = \"{}\"\nmetric = \"{metric}\"\nprove = \"non_inferior\"\nmargin = {margin}\n",
            metric.replace('_', "-")
        );
    }
    text + "[[rule]]\nid = \"p99\"\nmetric = { quantile = 0.99, of = \"latency\" }\nmax_ratio = 1.2\n"
}

pub(crate) fn measure(mlrun: &Mlrun) -> Result<Vec<Figure>> {
    fs::write(mlrun.folder.join("mlrun.toml"), CONFIG)?;
    fs::write(mlrun.folder.join("policy.toml"), policy())?;
    mlrun.run("init")?;
    let first = train(mlrun, 0)?;
    mlrun.run(&format!("promote {first} --to production"))?;
    let mut runs = Vec::new();
    for version in 1..=VERSIONS {
        let label = train(mlrun, version)?;
        runs.push(mlrun.time(&format!("certify {label}"))?);
    }
    Ok(vec![Figure::new(format!("two models, {ROWS} rows each, 8 rules"), "ms", runs).at_most(1_000.0)])
}

/// Another model, its results, and the version they become.
fn train(mlrun: &Mlrun, version: u64) -> Result<String> {
    data::noise(&mlrun.folder.join("model/w.bin"), 1_000, version)?;
    data::predictions(&mlrun.folder.join("predictions.csv"), ROWS, version)?;
    data::latencies(&mlrun.folder.join("latency.csv"), ROWS, version)?;
    let made = mlrun.json("snapshot bench")?;
    Ok(format!("bench@{}", made["version"].as_str().context("no version")?))
}
