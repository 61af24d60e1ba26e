//! `diff` of results: files by name, notebooks by cell, samples by quantile; and the signs of what is shown.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::harness::Project;

const CONFIG: &str = "schema = 1\n[model.m]\nfiles = [\"m.bin\"]\nmetrics = [\"out/metrics.json\"]\nresults = [\"out/\", \
                      \"*.ipynb\"]\n[model.m.samples.latency]\npath = \"out/latency.csv\"\ncolumn = \"yhat\"\n\
                      [stage.production]\n";

fn fixture(name: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/compare/fixtures");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

fn notebook(cells: &[(&str, &str)], shown: &str) -> String {
    let cell = |(id, source): &(&str, &str)| {
        let output = json!({"output_type": "stream", "name": "stdout", "text": [shown]});
        json!({"cell_type": "code", "id": id, "metadata": {}, "execution_count": 1, "outputs": [output], "source": source})
    };
    let cells: Vec<Value> = cells.iter().map(cell).collect();
    json!({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}).to_string()
}

fn two() -> Project {
    let project = Project::empty();
    project.write("mlrun.toml", CONFIG).write("m.bin", "model");
    project.write("out/metrics.json", "{\"auc\": 0.9}").write("out/latency.csv", fixture("regression_a.csv"));
    project.write("out/report.txt", "recall 0.8\nprecision 0.7\n").write("out/old.txt", "old\n");
    project.write("look.ipynb", notebook(&[("a", "x = 1"), ("b", "plot(x)")], "first"));
    project.write("rerun.ipynb", notebook(&[("a", "x = 1")], "first"));
    project.ok("init");
    project.ok("snapshot m");
    project.write("out/metrics.json", "{\"auc\": 0.91}").write("out/latency.csv", fixture("regression_b.csv"));
    project.write("out/report.txt", "recall 0.8\nprecision 0.9\n").write("out/new`x`.txt", "new\n");
    project.remove("out/old.txt");
    project.write("look.ipynb", notebook(&[("a", "x = 2"), ("b", "plot(x)"), ("c", "done()")], "first"));
    project.write("rerun.ipynb", notebook(&[("a", "x = 1")], "second"));
    project.ok("snapshot m");
    project
}

#[test]
fn files_are_named_and_notebooks_shown_by_cell() {
    let project = two();
    let text = project.ok("diff v1 v2 --only results").stdout;
    let line = |name: &str| {
        let found = text.lines().find(|line| line.split_whitespace().nth(1) == Some(name));
        found.unwrap_or_else(|| panic!("no {name} in {text}")).split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(line("out/old.txt"), "- out/old.txt 4 B");
    assert_eq!(line("out/new`x`.txt"), "+ out/new`x`.txt 4 B");
    assert_eq!(line("out/report.txt"), "~ out/report.txt 25 B → 25 B +1 -1");
    assert!(line("look.ipynb").ends_with("1 cell changed, 1 added"), "{text}");
    assert!(line("rerun.ipynb").ends_with("outputs of 1 cell differ"), "{text}");
    for part in ["cell 1, code, changed", "-x = 1", "+x = 2", "cell 3, code, added", "+done()"] {
        assert!(text.contains(part), "no {part:?} in {text}");
    }
    // What is read as something is compared as that, and not twice.
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let elsewhere = "compared by what is in them: out/latency.csv (samples.latency), out/metrics.json (metrics)";
    assert!(words.contains(elsewhere) && !text.contains("~  out/metrics.json"), "{text}");
    let wide: Vec<&str> = text.lines().filter(|line| line.chars().count() > 80).collect();
    assert!(wide.is_empty(), "{wide:#?}");
}

#[test]
fn samples_have_the_quantiles_of_numpy_everywhere() {
    let project = two();
    let numpy: Value = serde_json::from_str(&fixture("samples.json")).unwrap();
    let json = project.json("diff v1 v2 --only results", 0);
    let set = &json["samples"][0];
    assert_eq!((&set["set"], &set["column"], &set["change"]), (&"latency".into(), &"yhat".into(), &"changed".into()));
    assert_eq!((&set["a"]["n"], &set["b"]["n"]), (&numpy["a"]["n"], &numpy["b"]["n"]));
    for name in ["p50", "p95", "p99"] {
        for part in ["a", "b", "delta", "relative"] {
            let (found, expected) = (set[part][name].as_f64().unwrap(), numpy[part][name].as_f64().unwrap());
            assert!((found - expected).abs() < 1e-9, "{part} {name}: {found}, not {expected}");
        }
    }
    let shown = |name: &str, part: &str| format!("{:.2}", numpy[part][name].as_f64().unwrap());
    let text = project.ok("diff v1 v2 --only results").stdout;
    let row = text.lines().find(|line| line.trim_start().starts_with("p95")).unwrap();
    assert!(row.contains(&shown("p95", "a")) && row.contains(&shown("p95", "b")), "{row}");
    let part = 100.0 * numpy["relative"]["p95"].as_f64().unwrap();
    assert!(row.ends_with(&format!("{part:+.1} %")), "{row}");
    let stat = project.ok("diff v1 v2 --only results --stat").stdout;
    let words = stat.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("3 changed, 1 added, 1 removed; latency p95"), "{stat}");
    let page = project.ok("diff v1 v2 --only results --format markdown").stdout.replace('\u{200b}', "");
    for part in [
        "| samples.latency, yhat | was | is |",
        "| p99 |",
        "| out/new\\`x\\`.txt | added |",
        "| look.ipynb | changed |",
    ] {
        assert!(page.contains(part), "no {part:?} in {page}");
    }
    assert!(page.contains("<details><summary>look.ipynb (1 cell changed, 1 added)</summary>"), "{page}");
}

/// Other samples that cannot be read are said to be that, not to be the same.
#[test]
fn samples_that_are_none_are_said_to_be_none() {
    let project = two();
    project.write("out/latency.csv", "yhat\n1\nNaN\n");
    let shown = project.ok("diff v1 --only results").stdout;
    let words = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("not compared: workspace: `out/latency.csv` row 2"), "{shown}");
    assert_eq!(project.json("diff v1 --only results", 0)["samples"][0]["b"], Value::Null);
    project.remove("out/latency.csv");
    project
        .mlrun("diff v1 --only results --exit-code")
        .exits(1)
        .says(&["! not compared: samples.latency", "out/old.txt"]);
    project.mlrun("diff v1 --only code --exit-code").exits(0);
}

/// However few decimals: on which side of nothing a bound lies is what it is read for. scipy says on which (see `goldens.py`).
#[test]
fn no_bound_loses_its_sign() {
    let project = Project::empty();
    let config = "schema = 1\n[model.m]\nfiles = [\"m.bin\"]\n[model.m.predictions.test]\npath = \"p.csv\"\nkey = \
                  [\"id\"]\nlabel = \"y\"\nscore = \"p\"\npositive = 1\n[stage.production]\n";
    project.write("mlrun.toml", config).write("m.bin", "model").write("p.csv", fixture("binary_a.csv"));
    project.ok("init");
    project.ok("snapshot m");
    project.write("p.csv", fixture("binary_b.csv")).ok("snapshot m");
    let goldens: Value = serde_json::from_str(&fixture("goldens.json")).unwrap();
    let goldens = goldens["binary"]["metrics"].as_object().unwrap();
    let sign = |number: &Value| if number.as_f64().unwrap() < 0.0 { '-' } else { '+' };
    let expected: Vec<(&String, String)> = goldens
        .iter()
        .filter(|(_, golden)| golden.get("lower").is_some())
        .map(|(name, golden)| (name, ["delta", "lower", "upper"].map(|part| sign(&golden[part])).iter().collect()))
        .collect();
    assert!(expected.iter().any(|(_, signs)| signs.contains('-')), "{expected:?}");
    assert!(expected.iter().any(|(_, signs)| signs.ends_with("-+")), "a bound on either side: {expected:?}");
    let signs = |row: &str| row.replace('−', "-").chars().filter(|c| matches!(c, '+' | '-')).collect::<String>();
    for line in [
        "diff v1 v2 --only metrics",
        "diff v1 v2 --only metrics --precision 0",
        "diff v1 v2 --only metrics --precision 1",
    ] {
        let text = project.ok(line).stdout;
        for (name, expected) in &expected {
            let row = text.lines().find(|line| line.split_whitespace().next() == Some(name)).unwrap();
            assert_eq!(signs(row), *expected, "{line}: {row}");
        }
    }
    let page = project.ok("diff v1 v2 --only metrics --format markdown").stdout.replace('\\', "");
    for (name, expected) in &expected {
        let row = page.lines().find(|line| line.starts_with(&format!("| {name} |"))).unwrap();
        assert_eq!(signs(row), *expected, "{row}");
    }
}
