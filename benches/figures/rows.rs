//! `certify-rows` and `certify-resampled`: certify on a million and on ten million rows, the whole process, from two stored parquet
//! files to a certificate.

use std::fs;

use anyhow::{Context as _, Result};

use crate::classifier;
use crate::data;
use crate::report::Figure;
use crate::run::{Cost, Mlrun, time_shell};

const RUNS: usize = 3;
/// Values of the column that is sliced by.
const SLICES: u64 = 50;

/// Which rows a rule by slice judges.
const EACH: &str = "each = [\"segment\"]\nmin_rows = 300\n";

/// Twelve rules: nine metrics, recall in each of the slices, two quantiles. `each`: the nine metrics by slice, too.
fn policy(stats: &str, each: bool) -> String {
    let mut policy = classifier::policy(stats);
    for (metric, margin) in classifier::METRICS.into_iter().chain([("precision", 0.05)]) {
        classifier::metric(&mut policy, metric, metric, "non_inferior", margin, if each { EACH } else { "" });
    }
    classifier::metric(&mut policy, "markets", "recall", "not_worse_detected", 0.02, EACH);
    classifier::latency(&mut policy, 50);
    classifier::latency(&mut policy, 99);
    policy
}

pub(crate) fn measure(mlrun: &Mlrun) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for (rows, each, seconds, mebibytes) in
        [(1_000_000, false, 2.0, None), (1_000_000, true, 2.0, None), (10_000_000, false, 20.0, Some(2861.0))]
    {
        let costs = certify(mlrun, rows, &policy("", each), RUNS)?;
        let what = format!("{} M rows, {}", rows / 1_000_000, if each { "12 rules, 50 slices" } else { "12 rules" });
        let times = costs.iter().map(|cost| cost.milliseconds / 1e3).collect();
        figures.push(Figure::new(what.clone(), "s", times).at_most(seconds));
        figures.push(Figure::new(format!("{what}: processors"), "s", processors(&costs)));
        let figure = Figure::new(format!("{what}: memory"), "MiB", peaks(&costs));
        figures.push(match mebibytes {
            Some(mebibytes) => figure.at_most(mebibytes),
            None => figure,
        });
    }
    Ok(figures)
}

/// A million rows, every interval from 2,000 resamples instead of a formula.
pub(crate) fn resampled(mlrun: &Mlrun) -> Result<Vec<Figure>> {
    let stats = "[stats]\nmethod = \"bootstrap\"\nresamples = 2000\n";
    let costs = certify(mlrun, 1_000_000, &policy(stats, true), 1)?;
    let what = "1 M rows, 12 rules, 50 slices, 2,000 resamples";
    let times = costs.iter().map(|cost| cost.milliseconds / 1e3).collect();
    Ok(vec![
        Figure::new(what.to_owned(), "s", times),
        Figure::new(format!("{what}: processors"), "s", processors(&costs)),
        Figure::new(format!("{what}: memory"), "MiB", peaks(&costs)),
    ])
}

fn processors(costs: &[Cost]) -> Vec<f64> {
    costs.iter().filter_map(|cost| cost.processor).collect()
}

fn peaks(costs: &[Cost]) -> Vec<f64> {
    costs.iter().filter_map(|cost| cost.peak).collect()
}

/// Two models in a project of their own; the second certified again and again.
fn certify(mlrun: &Mlrun, rows: usize, policy: &str, runs: usize) -> Result<Vec<Cost>> {
    let folder = mlrun.folder.join(format!("{rows}-{}", policy.len()));
    fs::create_dir_all(&folder)?;
    let mlrun = mlrun.within(&folder);
    let sliced = "slices = [\"segment\"]";
    fs::write(folder.join("mlrun.toml"), classifier::config("predictions.parquet", sliced))?;
    fs::write(folder.join("policy.toml"), policy)?;
    mlrun.run("init")?;
    let mut label = String::new();
    for version in 0..2 {
        data::noise(&folder.join("model/w.bin"), 1_000, version)?;
        data::sliced_predictions(&folder.join("predictions.parquet"), rows, version, SLICES)?;
        data::latencies(&folder.join("latency.csv"), 20_000, version)?;
        let made = mlrun.json("snapshot bench")?;
        label = format!("bench@{}", made["version"].as_str().context("no version")?);
        if version == 0 {
            mlrun.run(&format!("promote {label} --to production"))?;
        }
    }
    // Whatever the verdict: slices may be too small to tell.
    let line = format!("{} certify {label} || [ $? -eq 3 ]", mlrun.program().display());
    let costs = (0..runs).map(|_| time_shell(&folder, &line)).collect::<Result<_>>()?;
    fs::remove_dir_all(&folder)?;
    Ok(costs)
}
