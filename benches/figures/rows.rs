//! `certify-rows`: certify on a million and on ten million rows, the whole process, from two stored parquet files to a certificate.

use std::fs;

use anyhow::{Context as _, Result};

use crate::data;
use crate::report::Figure;
use crate::run::{Cost, Mlrun, time_shell};

const RUNS: usize = 3;
/// Values of the column that is sliced by.
const SLICES: u64 = 50;

const CONFIG: &str = r#"schema = 1
[model.bench]
files = ["model"]
policy = "policy.toml"
[model.bench.predictions.test]
path = "predictions.parquet"
key = ["row_id"]
label = "y"
score = "p"
slices = ["segment"]
[model.bench.samples.latency]
path = "latency.csv"
column = "ms"
# The first version gets there without a comparison.
[stage.production]
certificate = "none"
"#;

const METRICS: [(&str, f64); 9] = [
    ("roc_auc", 0.01),
    ("log_loss", 0.02),
    ("accuracy", 0.01),
    ("recall", 0.05),
    ("brier", 0.01),
    ("average_precision", 0.05),
    ("f1", 0.05),
    ("precision", 0.05),
    ("balanced_accuracy", 0.05),
];

/// Twelve rules: nine metrics, recall in each of the slices, two quantiles. `each`: the nine metrics by slice, too.
fn policy(each: bool) -> String {
    let mut text = "schema = 1\ntask = \"binary\"\n".to_owned();
    let slices = "each = [\"segment\"]\nmin_rows = 300\n";
    for (metric, margin) in METRICS {
        let id = metric.replace('_', "-");
        text += &format!(
            "[[rule]]\nid = \"{id}\"\nmetric = \"{metric}\"\nprove = \"non_inferior\"\nmargin = {margin}\n{}",
            if each { slices } else { "" }
        );
    }
    text += &format!(
        "[[rule]]\nid = \"markets\"\nmetric = \"recall\"\nprove = \"not_worse_detected\"\nmargin = 0.02\n{slices}"
    );
    for quantile in ["0.5", "0.99"] {
        text += &format!(
            "[[rule]]\nid = \"q{}\"\nmetric = {{ quantile = {quantile}, of = \"latency\" }}\nmax_ratio = 1.2\n",
            quantile.replace("0.", "")
        );
    }
    text
}

pub(crate) fn measure(mlrun: &Mlrun) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for (rows, each, seconds, mebibytes) in
        [(1_000_000, false, 2.0, None), (1_000_000, true, 2.0, None), (10_000_000, false, 20.0, Some(2861.0))]
    {
        let costs = certify(mlrun, rows, each)?;
        let what = format!("{} M rows, {}", rows / 1_000_000, if each { "10 rules × 50 slices" } else { "12 rules" });
        let times = costs.iter().map(|cost| cost.milliseconds / 1e3).collect();
        figures.push(Figure::new(what.clone(), "s", times).at_most(seconds));
        let peaks: Vec<f64> = costs.iter().filter_map(|cost| cost.peak).collect();
        let figure = Figure::new(format!("{what}: memory"), "MiB", peaks);
        figures.push(match mebibytes {
            Some(mebibytes) => figure.at_most(mebibytes),
            None => figure,
        });
    }
    Ok(figures)
}

/// Two models in a project of their own; the second certified again and again.
fn certify(mlrun: &Mlrun, rows: usize, each: bool) -> Result<Vec<Cost>> {
    let folder = mlrun.folder.join(format!("{rows}-{each}"));
    fs::create_dir_all(&folder)?;
    let mlrun = mlrun.within(&folder);
    fs::write(folder.join("mlrun.toml"), CONFIG)?;
    fs::write(folder.join("policy.toml"), policy(each))?;
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
    let costs = (0..RUNS).map(|_| time_shell(&folder, &line)).collect::<Result<_>>()?;
    fs::remove_dir_all(&folder)?;
    Ok(costs)
}
