//! Every kind of rule there is, derived again from what its certificate records, and found out where that was changed.

use std::collections::{BTreeMap, BTreeSet};

use mlrun::certify::recheck::examine;
use mlrun::certify::{Facts, Leak, VersionFacts};
use mlrun::evidence::{JoinedRows, NumberColumns, TruthColumn};
use mlrun::format::certificate::{CertificateRecord, StatementRecord, Verdict};
use mlrun::format::measurement::{MeasurementRecord, Role, ValuesRecord};
use mlrun::format::policy::{Check, DemandRecord, MeasureRecord, Over};
use mlrun::format::reports::{Outcome, Report, ReportedCheck};
use mlrun::format::scalar::Scalar;
use serde_json::Value;

use super::facts::{both, column, deciles, profiled};
use super::runs::{measured, side};
use super::scene::{Scene, joined, outcomes, rules, scores, set, slice_column};

/// Each kind, told apart so that a new one does not compile until it is here.
fn kind(measure: &MeasureRecord, demand: &DemandRecord) -> &'static str {
    match measure {
        MeasureRecord::Metric { over: Some(Over::Gap { .. }), .. } if demand.is_comparison() => "growth of a gap",
        MeasureRecord::Metric { over: Some(Over::Gap { .. }), .. } => "gap",
        MeasureRecord::Metric { over: Some(Over::Odds { .. }), .. } => "equalized odds",
        MeasureRecord::Metric { over: Some(Over::Worst { .. }), .. } => match demand {
            DemandRecord::MinRatio { .. } => "worst slice against all rows",
            _ => "worst slice",
        },
        MeasureRecord::Metric { over: None, .. } if demand.is_comparison() => "comparison",
        MeasureRecord::Metric { over: None, .. } => "metric",
        MeasureRecord::Flips { .. } => "flips",
        MeasureRecord::MustNotFlip { .. } => "must not flip",
        MeasureRecord::Reported { .. } => "reported",
        MeasureRecord::Quantile { .. } => "samples",
        MeasureRecord::Provenance { .. } => "provenance",
        MeasureRecord::Measured { .. } => "runs",
        MeasureRecord::Parity { .. } => "parity",
        MeasureRecord::Command { .. } => "command",
        MeasureRecord::Drift(_) => "drift",
        MeasureRecord::Shift(_) => "shift",
        MeasureRecord::Data(_) => "data",
        MeasureRecord::Leakage(_) => "leakage",
        MeasureRecord::Surrounding(_) => "environment",
        MeasureRecord::Report(_) => "report",
    }
}

const KINDS: [&str; 21] = [
    "growth of a gap",
    "gap",
    "equalized odds",
    "worst slice against all rows",
    "worst slice",
    "comparison",
    "metric",
    "flips",
    "must not flip",
    "reported",
    "samples",
    "provenance",
    "runs",
    "parity",
    "command",
    "drift",
    "shift",
    "data",
    "leakage",
    "environment",
    "report",
];

fn rule(metric: &str, more: &str) -> String {
    format!("[[rule]]\nid = \"r\"\nmetric = {metric}\n{more}\n")
}

/// Three groups; two models that differ in all of them, by scores of which no two are the same.
fn groups() -> JoinedRows {
    let n = 900;
    let noise = |row: usize, by: usize| (row * by % 997) as f64 / 997.0;
    let labels: Vec<bool> = (0..n).map(|row| noise(row, 331) > 0.5).collect();
    let of = |by: usize, skill: f64| -> Vec<f64> {
        let score = |(row, label): (usize, &bool)| {
            let signal = if *label { skill } else { 0.0 };
            (noise(row, by) * (1.0 - skill) + signal).clamp(0.001, 0.999)
        };
        labels.iter().enumerate().map(score).collect()
    };
    let (ours, theirs) = (of(577, 0.32), of(733, 0.3));
    let mut rows = joined(TruthColumn::Binary(labels), scores(ours), Some(scores(theirs)));
    rows.slices.insert("country".to_owned(), slice_column(&[("a", 300), ("b", 300), ("c", 300)]));
    let profit = |by: usize| (0..n).map(|row| noise(row, by) * 3.0 - 1.0).collect::<Vec<f64>>();
    rows.columns.insert("profit".to_owned(), NumberColumns { candidate: profit(11), baseline: Some(profit(13)) });
    rows
}

fn of_rows(metric: &str, more: &str) -> Scene {
    Scene::on(groups(), &rule(metric, more))
}

fn of_facts(facts: Facts, metric: &str, more: &str) -> Scene {
    let mut scene = Scene::new(rules("binary", &rule(metric, more)));
    scene.facts = facts;
    scene
}

fn commanded(demand: &str, ours: &[f64], theirs: &[f64]) -> Scene {
    let text = rule("{ command = \"x\", better = \"lower\" }", demand);
    let mut scene = measured(&text, side(&[1.0; 3]), None);
    let values = |values: &[f64]| ValuesRecord { values: values.to_vec(), failed: None, read: None };
    let made = BTreeMap::from([(Role::Candidate, values(ours)), (Role::Baseline, values(theirs))]);
    let measurement: &mut MeasurementRecord = scene.measurement.as_mut().unwrap();
    measurement.commands.insert("r".to_owned(), made);
    scene
}

/// A profile of `x` whose categories have these counts.
fn categories(sha256: &str, counts: [u64; 3]) -> VersionFacts {
    profiled(sha256, column(None, &[("a", counts[0]), ("b", counts[1]), ("c", counts[2])]))
}

/// Scenes of one rule each.
fn scenes() -> Vec<Scene> {
    let mut scenes = vec![
        of_rows("\"roc_auc\"", "margin = 0.1"),
        of_rows("\"accuracy\"", "margin = 0.1"),
        of_rows("\"f1\"", "margin = 0.2"),
        of_rows("\"log_loss\"", "margin = 0.5"),
        of_rows("\"average_precision\"", "margin = 0.3"),
        of_rows("{ mean = \"profit\", better = \"higher\" }", "margin = 0.5"),
        of_rows("\"accuracy\"", "each = [\"country\"]\nprove = \"not_worse_detected\"\nmargin = 0.01"),
        of_rows("\"roc_auc\"", "min = 0.6"),
        of_rows("\"accuracy\"", "min = 0.5"),
        of_rows("\"brier\"", "max = 0.5"),
        of_rows("\"average_precision\"", "min = 0.2"),
        of_rows("{ quantile = 0.9, column = \"profit\", better = \"higher\" }", "min = 0.2"),
    ];
    for metric in ["\"accuracy\"", "\"f1\"", "\"roc_auc\"", "\"brier\"", "\"average_precision\""] {
        scenes.push(of_rows(metric, "gap = \"country\"\nmax = 0.6"));
        scenes.push(of_rows(metric, "gap = \"country\"\nmargin = 0.6"));
        let limit = if metric == "\"brier\"" { "max = 0.9" } else { "min = 0.1" };
        scenes.push(of_rows(metric, &format!("worst = [\"country\"]\n{limit}")));
        if metric != "\"brier\"" {
            scenes.push(of_rows(metric, "worst = [\"country\"]\nmin_ratio = 0.1"));
        }
    }
    scenes.push(of_rows("\"equalized_odds\"", "gap = \"country\"\nmax = 0.6"));
    scenes.push(of_rows("\"negative_flip_rate\"", "max = 0.5"));
    let mut weighted = of_rows("\"positive_flip_rate\"", "max = 0.5");
    for rows in weighted.sets.values_mut().flatten() {
        rows.weights = Some((0..rows.keys.len()).map(|row| 1.0 + (row % 3) as f64).collect());
    }
    scenes.push(weighted);
    let mut keyed = Scene::on(outcomes(30, 0, 0, 0), &rule("{ must_not_flip = [\"k1\"] }", ""));
    for rows in keyed.sets.values_mut().flatten() {
        rows.keys[0] = mlrun::evidence::key_hash(&["k1".to_owned()]);
        rows.keys[1..].fill(u64::MAX);
        rows.keys.sort_unstable();
    }
    scenes.push(keyed);
    let list = |values: &[f64]| Scalar::List(values.iter().map(|value| Scalar::Float(*value)).collect());
    let reported = |demand: &str, ours: Scalar, theirs: Scalar| {
        let text = rule("{ reported = \"auc\", better = \"higher\" }", demand);
        Scene::new(rules("binary", &text)).reported("auc", ours, Some(theirs))
    };
    let (three, others) = (list(&[0.8, 0.83, 0.86]), list(&[0.79, 0.84, 0.85]));
    scenes.push(reported("max_drop = 0.1", three.clone(), others.clone()));
    scenes.push(reported("min = 0.5", three, others));
    scenes.push(reported("max_drop = 0.1", Scalar::Float(0.8), Scalar::Float(0.81)));
    scenes.push(commanded("max_drop = 0.5", &[0.5, 0.52, 0.55], &[0.51, 0.5, 0.53]));
    scenes.push(commanded("max = 0.9", &[0.5, 0.52, 0.55], &[0.51, 0.5, 0.53]));
    scenes.push(commanded("max_drop = 0.5", &[0.5], &[0.51]));
    let samples = |seed: usize| (0..3000).map(|at| ((at * seed) % 2999) as f64 + 1.0).collect::<Vec<f64>>();
    let quantile = |demand: &str| Scene::new(rules("binary", &rule("{ quantile = 0.95, of = \"latency\" }", demand)));
    scenes.push(quantile("max_ratio = 1.5").samples("latency", samples(7), Some(samples(11))));
    scenes.push(quantile("max = 2990").samples("latency", samples(7), None));
    let mut lacking = Scene::new(rules("binary", &rule("{ check = \"uncommitted_code\" }", "")));
    lacking.provenance.insert(Check::UncommittedCode, Ok(Vec::new()));
    scenes.push(lacking);
    scenes.push(measured(&rule("{ measured = \"exit_status\" }", ""), side(&[1.0; 3]), None));
    let mut parity = Scene::new(rules("binary", &rule("{ parity = \"test\" }", "")));
    parity.candidate_sets.push(set("test"));
    parity.parity.insert(set("test"), Ok(outcomes(9, 0, 0, 0)));
    scenes.push(parity);
    let sound = || profiled("a", column(deciles(|k| k as f64, 100), &[]));
    let psi = "{ drift = \"psi\", of = \"train\" }";
    scenes.push(of_facts(both(categories("a", [400, 300, 300]), categories("b", [410, 300, 290])), psi, "max = 0.1"));
    scenes.push(of_facts(both(categories("a", [900, 50, 50]), categories("b", [50, 50, 900])), psi, "max = 0.1"));
    let share = "{ drift = \"psi\", of = \"train\", above = 0.1 }";
    scenes.push(of_facts(both(categories("a", [900, 50, 50]), categories("b", [50, 50, 900])), share, "max = 0.1"));
    scenes.push(of_rows("{ shift = \"psi\" }", "max = 9.0"));
    scenes.push(of_facts(both(sound(), sound()), "{ data = \"null_share\", of = \"train\" }", "max = 0.1"));
    let leak = Leak { rows: 10, leaked: 0, first: Vec::new(), doubt: None, mixed: None };
    let mut leaking = of_facts(Facts::default(), "{ leakage = \"test\", of = \"train\" }", "");
    let MeasureRecord::Leakage(record) = leaking.policy.rules[0].measure.clone() else { unreachable!() };
    leaking.facts.leaks.insert(record, Ok(leak));
    scenes.push(leaking);
    scenes.push(of_facts(
        both(super::facts::version("3.12", &[]), super::facts::version("3.12", &[])),
        "{ environment = \"python\" }",
        "",
    ));
    for complete in [true, false] {
        let text = rule("{ report = \"quality\", require = [\"a\"] }", "");
        let check = ReportedCheck { name: if complete { "a" } else { "b" }.to_owned(), outcome: Outcome::Passed };
        let report = Report { tool: "soda".to_owned(), checks: vec![check], is_complete: true, ..Report::default() };
        let mut scene = Scene::new(rules("binary", &text));
        scene.facts.reports.insert(set("quality"), Ok(report));
        scenes.push(scene);
    }
    scenes
}

/// No rows, no files, no store: only the certificate.
#[test]
fn every_kind_of_rule_is_derived_again() {
    let mut seen = BTreeSet::new();
    for scene in scenes() {
        let rule = &scene.policy.rules[0];
        let kind = kind(&rule.measure, &rule.demand);
        let certificate = scene.judge().predicate;
        for result in &certificate.results {
            assert!(result.candidate.is_some(), "{kind}: {result:#?}");
        }
        let examination = examine(&certificate);
        assert_eq!(examination.unknown(), [], "{kind}: {:#?}", certificate.results);
        seen.insert(kind);
    }
    assert_eq!(seen, BTreeSet::from(KINDS));
}

/// Tests that nothing is decided by, beside what decides.
fn is_beside(key: &str) -> bool {
    key == "p" || key.starts_with("p_")
}

/// Every number that a result is decided by, changed alone.
fn changes(result: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for key in ["candidate", "baseline", "delta", "lower", "upper", "margin"] {
        found.push(format!("/{key}"));
    }
    let sufficient = |at: &str, map: &Value| -> Vec<String> {
        let keys = map.as_object().into_iter().flatten().map(|(key, _)| key).filter(|key| !is_beside(key));
        keys.map(|key| format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"))).collect()
    };
    found.extend(sufficient("/sufficient", &result["sufficient"]));
    for (at, part) in result["parts"].as_array().into_iter().flatten().enumerate() {
        found.push(format!("/parts/{at}/value"));
        found.push(format!("/parts/{at}/bounds/0/lower"));
        found.push(format!("/parts/{at}/bounds/0/upper"));
        found.extend(sufficient(&format!("/parts/{at}/sufficient"), &part["sufficient"]));
    }
    found.retain(|path| result.pointer(path).is_some_and(Value::is_number));
    found
}

/// Kinds in which every number is held against the others.
const OF_ROWS: [&str; 8] = [
    "comparison",
    "metric",
    "gap",
    "growth of a gap",
    "worst slice",
    "worst slice against all rows",
    "equalized odds",
    "flips",
];

fn contradicts(statement: &StatementRecord, path: &str, changed: f64) -> bool {
    let mut value = serde_json::to_value(&statement.predicate).unwrap();
    *value["results"][0].pointer_mut(path).unwrap() = Value::from(changed);
    let certificate: CertificateRecord = serde_json::from_value(value).unwrap();
    !examine(&certificate).contradictions().is_empty()
}

#[test]
fn a_changed_number_is_found_out_in_every_kind() {
    let mut found = BTreeSet::new();
    for scene in scenes() {
        let rule = &scene.policy.rules[0];
        let kind = kind(&rule.measure, &rule.demand);
        let statement = scene.judge();
        let result = serde_json::to_value(&statement.predicate.results[0]).unwrap();
        // What is counted, or compared by one number, rests on nothing but that number: it is found out where it says another verdict.
        let is_number_alone = statement.predicate.results[0].lower.is_none() && kind != "drift";
        for path in changes(&result) {
            let number = result.pointer(&path).unwrap().as_f64().unwrap();
            let mut changed = if number.fract() == 0.0 { number + 1.0 } else { number * 1.03 + 0.01 };
            if is_number_alone && path == "/candidate" {
                changed = if statement.predicate.results[0].verdict == Verdict::Pass { number + 1e6 } else { -1e6 };
            }
            // A resampled quantile between which no bound lies says nothing: those that do are found out by the bounds.
            let is_resampled = result.pointer("/sufficient/bias_correction").is_some() || path.starts_with("/parts");
            // Nothing follows from the third moment, and little from classes that do not occur.
            let is_spare = ["/sum_cubes", "/classes"].iter().any(|end| path.ends_with(end))
                || path.contains("/quantile_")
                || is_resampled && ["/standard_error", "/value", "/candidate"].iter().any(|end| path.ends_with(end));
            let differs = contradicts(&statement, &path, changed);
            // What decides nothing beside a rate, a count or a number that is reported may be changed unseen.
            assert!(
                differs || is_spare || !OF_ROWS.contains(&kind),
                "{kind} {}: {path} {number} -> {changed}\n{result:#}",
                rule.id
            );
            if differs {
                found.insert(kind);
            }
        }
    }
    // Runs are measured in the tests of their own rule.
    let expected: BTreeSet<_> = KINDS.into_iter().collect();
    assert_eq!(found, expected);
}

/// What the journal adds to a certificate: cases and uses.
#[test]
fn cases_and_uses_are_derived_again() {
    let (_, result) = super::journal::binary([0.5, 0.49, 0.9], super::journal::three());
    assert_eq!(result.verdict, Verdict::Pass);
    let mut scene = Scene::on(
        outcomes(80, 5, 7, 10),
        "[holdout]\nmax_uses = 3\non_exhausted = \"fail\"\n[[rule]]\nid = \"a\"\nmetric = \"accuracy\"\nmin = 0.1\n",
    );
    scene.history.uses.insert(set("test"), (mlrun::digest::Digest::of(b"rows"), 4));
    let certificate = scene.judge().predicate;
    assert_eq!((certificate.verdict, examine(&certificate).unknown()), (Verdict::Fail, Vec::new()));
    let forged = |change: &dyn Fn(&mut CertificateRecord)| {
        let mut forged = certificate.clone();
        change(&mut forged);
        assert_ne!(examine(&forged).contradictions(), Vec::<String>::new(), "{:#?}", forged.results);
    };
    forged(&|c| c.results[1].verdict = Verdict::Pass);
    forged(&|c| c.results[1].candidate = Some(2.0));
    forged(&|c| c.holdout[0].ordinal = 2);
    forged(&|c| c.holdout[0].max_uses = 9);
    forged(&|c| drop(c.results.remove(1)));
}

/// A verdict that was given has to follow, whatever may have kept one from being given.
#[test]
fn only_what_is_open_may_be_open() {
    let drift = |counts: [u64; 3], more: &str| {
        let facts = both(categories("a", counts), categories("b", [300, 350, 350]));
        of_facts(facts, "{ drift = \"psi\", of = \"train\" }", more).judge().predicate
    };
    let mut passed = drift([301, 350, 349], "max = 0.1");
    assert_eq!(passed.results[0].verdict, Verdict::Pass);
    for verdict in [Verdict::Inconclusive, Verdict::Fail] {
        passed.results[0].verdict = verdict;
        passed.verdict = verdict;
        assert!(examine(&passed).contradictions()[0].contains("its bounds say PASS"), "{verdict:?}");
    }
    // As it was recorded before columns were counted: undecided may be undecided, and nothing else.
    passed.results[0].sufficient.remove("columns");
    assert_eq!(examine(&passed).contradictions().len(), 1);
    passed.results[0].verdict = Verdict::Inconclusive;
    passed.verdict = Verdict::Inconclusive;
    assert_eq!((examine(&passed).contradictions().len(), examine(&passed).unknown().len()), (0, 1));
    // A worst slice has its slices beside it.
    let mut worst = of_rows("\"accuracy\"", "worst = [\"country\"]\nmin = 0.1").judge().predicate;
    worst.results[0].verdict = Verdict::Inconclusive;
    worst.verdict = Verdict::Inconclusive;
    assert!(!examine(&worst).contradictions().is_empty());
}
