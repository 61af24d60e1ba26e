//! The paired bootstrap of ROC AUC against the loop people write with scikit-learn, on the same million rows:
//! `cargo bench --bench auc_bootstrap -- PYTHON`, where PYTHON has numpy and scikit-learn.
//!
//! Ours draws 1,000 Poisson resamples of both models (`[stats] method = "bootstrap"`). `auc_bootstrap.py` times 10 of the
//! loop's resamples, one after another, right before; a thousand take a hundred times as long.

#![expect(
    clippy::disallowed_methods,
    reason = "a benchmark writes its own scratch files and runs what it is timed beside"
)]
#![allow(clippy::print_stdout, missing_docs, reason = "a program for developers, outside the product")]

use std::error::Error;
use std::fs;
use std::process::Command;
use std::time::Instant;

use mlrun::measure::{Metric, MetricSpec, Predicted, Resampling, Rows, Sampling, Truth, compare};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng as _, SeedableRng as _};
use rand_distr::{Distribution as _, StandardNormal};

const ROWS: usize = 1_000_000;
const RESAMPLES: u32 = 1_000;

fn main() -> Result<(), Box<dyn Error>> {
    let python = std::env::args().skip(1).find(|argument| argument != "--bench");
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let (mut labels, mut a, mut b, mut keys) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROWS {
        let mut normal = || -> f64 { StandardNormal.sample(&mut random) };
        let positive = normal() > 0.8;
        let evidence = if positive { 1.5 } else { 0.0 } + normal();
        labels.push(positive);
        a.push(evidence + 0.3 * normal());
        b.push(evidence + 0.4 * normal());
        keys.push(random.next_u64());
    }
    let loop_seconds = python.map(|python| by_scikit_learn(&python, &labels, &a, &b)).transpose()?;

    let rows = Rows::new(Truth::Binary(&labels), &keys);
    let model = |scores| Predicted { scores: Some(scores), ..Predicted::default() };
    for resampling in [Resampling::WhereNeeded, Resampling::Always] {
        let sampling = Sampling { confidence: 0.975, resamples: RESAMPLES, seed: [1; 32], resampling };
        let start = Instant::now();
        let found = compare(&MetricSpec::new(Metric::RocAuc), &rows, &model(&a), &model(&b), &sampling)?;
        let seconds = start.elapsed().as_secs_f64();
        println!(
            "{:<12} {seconds:8.2} s  Δ {:+.6} [{:+.6}, {:+.6}]",
            found.method.name(),
            found.delta,
            found.lower,
            found.upper
        );
        if let (Resampling::Always, Some(one)) = (resampling, loop_seconds) {
            let all = one * f64::from(RESAMPLES);
            println!("scikit-learn {all:8.0} s  ({one:.2} s per resample): {:.0} times as long", all / seconds);
        }
    }
    Ok(())
}

/// Seconds of one resample of both models.
fn by_scikit_learn(python: &str, labels: &[bool], a: &[f64], b: &[f64]) -> Result<f64, Box<dyn Error>> {
    let folder = std::env::temp_dir().join(format!("mlrun-auc-bootstrap-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let bytes = |values: &[f64]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>();
    let truth: Vec<u8> = labels.iter().map(|&label| u8::from(label)).collect();
    fs::write(folder.join("truth"), truth)?;
    fs::write(folder.join("a"), bytes(a))?;
    fs::write(folder.join("b"), bytes(b))?;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/auc_bootstrap.py");
    let output = Command::new(python).arg(script).arg(&folder).output()?;
    fs::remove_dir_all(&folder)?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}
