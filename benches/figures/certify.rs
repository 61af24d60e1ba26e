//! `certify`: from two stored tables of predictions to a certificate, the whole process.

use std::fs;

use anyhow::{Context as _, Result};

use crate::classifier;
use crate::data;
use crate::report::Figure;
use crate::run::Mlrun;

const ROWS: usize = 100_000;
/// Versions certified after the one in production.
const VERSIONS: u64 = 5;

/// Eight rules: seven metrics held against production, and a latency.
fn policy() -> String {
    let mut policy = classifier::policy("");
    for (metric, margin) in classifier::METRICS.into_iter().filter(|(metric, _)| *metric != "ece") {
        classifier::metric(&mut policy, metric, metric, "non_inferior", margin, "");
    }
    classifier::latency(&mut policy, 99);
    policy
}

pub(crate) fn measure(mlrun: &Mlrun) -> Result<Vec<Figure>> {
    fs::write(mlrun.folder.join("mlrun.toml"), classifier::config("predictions.csv", ""))?;
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
