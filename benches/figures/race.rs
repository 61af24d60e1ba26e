//! `race`: many processes at one store. Not only fast: nothing may be lost.

use std::collections::BTreeSet;
use std::fs;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};

use crate::data;
use crate::report::Figure;
use crate::run::Mlrun;

const PROCESSES: usize = 20;
const ROUNDS: usize = 3;
const CONFIG: &str = "schema = 1\n[model.bench]\nfiles = [\"model\"]\n[stage.staging]\ncertificate = \"none\"\n\
                      [stage.production]\ncertificate = \"none\"\n";

pub(crate) fn measure(mlrun: &Mlrun) -> Result<Vec<Figure>> {
    let mut runs = Vec::new();
    for round in 0..ROUNDS {
        let folder = mlrun.folder.join(round.to_string());
        runs.push(one_round(&mlrun.within(&folder))?);
    }
    let what = format!("{PROCESSES} × (snapshot, promote, promote)");
    Ok(vec![Figure::new(what, "ms", runs)])
}

/// Every process makes a version, then tries to bring it to an empty production, then to staging.
fn one_round(mlrun: &Mlrun) -> Result<f64> {
    data::noise(&mlrun.folder.join("model/w.bin"), 100_000, 0)?;
    fs::write(mlrun.folder.join("mlrun.toml"), CONFIG)?;
    mlrun.run("init")?;
    let start = Instant::now();
    let outcomes: Vec<Result<Outcome>> = std::thread::scope(|scope| {
        let runners: Vec<_> = (0..PROCESSES).map(|n| scope.spawn(move || Outcome::of(mlrun, n))).collect();
        runners.into_iter().map(|runner| runner.join().unwrap_or_else(|_| anyhow::bail!("a runner failed"))).collect()
    });
    let milliseconds = start.elapsed().as_secs_f64() * 1e3;
    let outcomes: Vec<Outcome> = outcomes.into_iter().collect::<Result<_>>()?;

    let versions: BTreeSet<u64> = outcomes.iter().map(|outcome| outcome.version).collect();
    ensure!(versions == (1..=PROCESSES as u64).collect(), "versions are not dense: {versions:?}");
    let winners = outcomes.iter().filter(|outcome| outcome.production).count();
    ensure!(winners == 1, "{winners} processes won an empty stage");
    let staged = outcomes.iter().filter(|outcome| outcome.staging).count();
    ensure!(staged >= 1, "nobody reached staging");
    let log = mlrun.json("log")?;
    let events = log["events"].as_array().context("no events")?;
    let expected = 1 + PROCESSES + winners + staged;
    ensure!(events.len() == expected, "{} events, {expected} were made", events.len());
    let dense = events.iter().rev().zip(1..).all(|(event, seq)| event["seq"] == seq);
    ensure!(dense, "the journal has gaps");
    mlrun.run("verify")?;
    Ok(milliseconds)
}

/// What one process achieved.
struct Outcome {
    version: u64,
    production: bool,
    staging: bool,
}

impl Outcome {
    fn of(mlrun: &Mlrun, n: usize) -> Result<Self> {
        let made = mlrun.json(&format!("snapshot bench --param worker={n}"))?;
        let label = made["version"].as_str().context("no version")?;
        let version = label.trim_start_matches('v').parse()?;
        let promote = |arguments: &str| -> Result<bool> {
            let output = mlrun.command(&format!("promote bench@{label} {arguments}")).output()?;
            match output.status.code() {
                Some(0) => Ok(true),
                // Somebody else was first.
                Some(5) => Ok(false),
                _ => anyhow::bail!("promote: {}: {}", output.status, String::from_utf8_lossy(&output.stderr)),
            }
        };
        Ok(Self {
            version,
            production: promote("--to production --expect-current none")?,
            staging: promote("--to staging")?,
        })
    }
}
