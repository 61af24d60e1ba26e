//! `report --all`: pages over 1,000 versions, each with predictions of 1,000 rows, latencies and metrics; every twentieth was certified
//! and promoted. From nothing, and when one version is new.

use std::fs;

use anyhow::{Context as _, Result};

use crate::classifier;
use crate::data;
use crate::report::Figure;
use crate::run::Mlrun;

const VERSIONS: u64 = 1_000;
const ROWS: usize = 1_000;
const CERTIFIED: u64 = 20;
const RUNS: usize = 3;

pub(crate) fn measure(mlrun: &Mlrun) -> Result<Vec<Figure>> {
    let config = classifier::config("predictions.csv", "");
    let config = config.replace("files = [\"model\"]", "files = [\"model\"]\nmetrics = [\"metrics.json\"]");
    fs::write(mlrun.folder.join("mlrun.toml"), config)?;
    let mut policy = classifier::policy("");
    classifier::metric(&mut policy, "auc", "roc_auc", "non_inferior", 0.2, "");
    classifier::latency(&mut policy, 95);
    fs::write(mlrun.folder.join("policy.toml"), policy)?;
    mlrun.run("init")?;
    for version in 0..VERSIONS {
        train(mlrun, version)?;
    }
    let [mut fresh, mut again] = [const { Vec::new() }; 2];
    for run in 0..RUNS {
        fresh.push(mlrun.time(&format!("report --all -o site{run}"))? / 1e3);
        again.push(mlrun.time(&format!("report --all -o site{run}"))? / 1e3);
    }
    let mut figures = vec![
        Figure::new(format!("{VERSIONS} versions"), "s", fresh).at_most(10.0),
        Figure::new("the same again", "s", again),
    ];
    let one = |_| mlrun.time(&format!("report bench@v{VERSIONS} -o one.html --force"));
    figures.push(Figure::new("one of them", "ms", (0..RUNS).map(one).collect::<Result<_>>()?));
    Ok(figures)
}

fn train(mlrun: &Mlrun, version: u64) -> Result<()> {
    data::noise(&mlrun.folder.join("model/w.bin"), 1_000, version)?;
    data::predictions(&mlrun.folder.join("predictions.csv"), ROWS, version)?;
    data::latencies(&mlrun.folder.join("latency.csv"), ROWS, version)?;
    let auc = 0.8 + 0.1 * (version as f64 / VERSIONS as f64);
    fs::write(mlrun.folder.join("metrics.json"), format!("{{\"auc\": {auc}, \"loss\": {}}}", 1.0 - auc))?;
    let made = mlrun.json("snapshot bench")?;
    let label = made["version"].as_str().context("no version")?;
    if version.is_multiple_of(CERTIFIED) {
        let first = if version == 0 { " --first-release --reason begin" } else { "" };
        // What is not good enough is not promoted.
        if mlrun.run(&format!("certify bench@{label}{first}")).is_ok() {
            mlrun.run(&format!("promote bench@{label} --to production"))?;
        }
    }
    Ok(())
}
