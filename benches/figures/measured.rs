//! Measured evidence: how wide the interval of a latency ratio is, and whether it holds 1 where both models are the same version.

use std::fs;

use anyhow::{Context as _, Result};

use crate::report::Figure;
use crate::run::Mlrun;

/// Certifications of the same version against itself.
const TRIALS: usize = 20;
const ROWS: usize = 2_000;

/// Bounds at 97.5 % each: an interval of 95 %.
const POLICY: &str = r#"schema = 1
task = "binary"
[stats]
confidence = 0.975
[[rule]]
id = "latency"
metric = { measured = "latency" }
max_ratio = 1.5
"#;

/// A model that thinks a while about every row; some 50 µs each.
const PREDICT: &str = r#"import csv, sys, time
rows = list(csv.DictReader(open(sys.argv[1])))
out, times = [], []
for number, row in enumerate(rows):
    start = time.perf_counter()
    x = int(row["row_id"]) + 1
    for _ in range(400):
        x = x * 48271 % 2147483647
    if number % 10 == 0:
        times.append((time.perf_counter() - start) * 1e3)
    out.append("%s,%s,%.6f" % (row["row_id"], row["y"], x / 2147483647))
open(sys.argv[2], "w").write("row_id,y,p\n" + "\n".join(out) + "\n")
if len(sys.argv) > 3:
    open(sys.argv[3], "w").write("ms\n" + "".join("%.6f\n" % t for t in times))
"#;

fn config(timings: &str) -> String {
    format!(
        r#"schema = 1
[model.bench]
files = ["model"]
code = ["predict.py"]
policy = "policy.toml"
[model.bench.data.test]
path = "test.csv"
[model.bench.predictions.test]
path = "predictions.csv"
key = ["row_id"]
label = "y"
score = "p"
[model.bench.evidence.predict]
command = "python3 predict.py {{input}} {{output}} {timings} # {{model}}"
[stage.production]
certificate = "none"
"#
    )
}

pub(crate) fn measure(mlrun: &Mlrun) -> Result<Vec<Figure>> {
    let line = |row: usize| format!("{row},{}\n", row % 2);
    let rows = "row_id,y\n".to_owned() + &(0..ROWS).map(line).collect::<String>();
    fs::create_dir_all(mlrun.folder.join("model"))?;
    fs::write(mlrun.folder.join("model/w.bin"), "w")?;
    fs::write(mlrun.folder.join("test.csv"), &rows)?;
    fs::write(mlrun.folder.join("predictions.csv"), rows.replace('\n', ",0.5\n").replacen("y,0.5", "y,p", 1))?;
    fs::write(mlrun.folder.join("predict.py"), PREDICT)?;
    fs::write(mlrun.folder.join("policy.toml"), POLICY)?;
    fs::write(mlrun.folder.join("mlrun.toml"), config(""))?;
    mlrun.run("init")?;
    mlrun.run("snapshot bench")?;
    mlrun.run("promote bench@v1 --to production")?;
    let mut figures = Vec::new();
    for (what, timings) in [("the whole process", ""), ("calls timed by itself", "{timings}")] {
        fs::write(mlrun.folder.join("mlrun.toml"), config(timings))?;
        let (mut halves, mut pairs, mut outside) = (Vec::new(), Vec::new(), 0);
        for _ in 0..TRIALS {
            // Nothing is written: no trial is taken for another one.
            let shown = mlrun.json("certify bench@v1 --check")?;
            let rule = &shown["rules"][0];
            let bound = |name: &str| rule[name].as_f64().with_context(|| format!("no {name}: {rule}"));
            let (lower, upper) = (bound("lower")?, bound("upper")?);
            halves.push((upper - lower) / 2.0 * 100.0);
            pairs.push(bound("n")?);
            outside += usize::from(lower > 1.0 || upper < 1.0);
            // The whole takes up to an hour.
            println!("{what}: {lower:.4} to {upper:.4}, {n} pairs", n = rule["n"]);
        }
        let missed = outside as f64 / TRIALS as f64 * 100.0;
        figures.push(Figure::new(format!("A/A, {what}: half the interval"), "%", halves).at_most(5.0));
        figures.push(Figure::new(format!("A/A, {what}: pairs of runs until then"), "", pairs));
        figures.push(Figure::new(format!("A/A, {what}: intervals without 1"), "%", vec![missed]).at_most(10.0));
    }
    Ok(figures)
}
