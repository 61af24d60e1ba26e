//! `evidence = "measured"`: every rule on what a run of the model shows, and no other one, may insist on it.

use mlrun::certify::policy::{parse, resolve};
use mlrun::digest::Digest;
use mlrun::format::certificate::Verdict;
use mlrun::format::measurement::{FORMAT, MeasurementRecord};
use mlrun::format::policy::MeasureRecord;
use mlrun::id::SnapshotId;

use super::scene::{Scene, outcomes, reason, rules, set};

/// A rule of every kind, what it asks, and whether it is on the rows of a predictions set.
const ON_ROWS: [(&str, &str); 5] = [
    ("\"accuracy\"", "min = 0.1"),
    ("\"negative_flip_rate\"", "max = 0.9"),
    ("{ must_not_flip = [\"a\"] }", ""),
    ("{ shift = \"psi\" }", "max = 9"),
    ("{ command = \"score {predictions}\", better = \"higher\" }", "min = 0.1\non = \"point\""),
];
const OF_RUNS: [(&str, &str, &str); 4] = [
    ("{ reported = \"auc\", better = \"higher\" }", "min = 0.1\non = \"point\"", "`auc` was only reported"),
    ("{ quantile = 0.5, of = \"latency\" }", "max = 9", "the samples `latency` were only reported"),
    ("{ measured = \"latency\" }", "max = 9", "was not run"),
    ("{ parity = \"test\" }", "", "nobody made the predictions"),
];
const OF_NO_RUN: [(&str, &str); 6] = [
    ("{ check = \"missing_notes\" }", ""),
    ("{ drift = \"psi\", of = \"train\" }", "max = 1"),
    ("{ data = \"schema\", of = \"train\" }", ""),
    ("{ leakage = \"test\", of = \"train\" }", ""),
    ("{ environment = \"packages\" }", ""),
    ("{ report = \"quality\" }", ""),
];

fn rule(metric: &str, demand: &str) -> String {
    format!("[[rule]]\nid = \"r\"\nmetric = {metric}\n{demand}\nevidence = \"measured\"\n")
}

/// Told apart by the compiler: a kind that is added must be added here.
const fn kind(measure: &MeasureRecord) -> usize {
    match measure {
        MeasureRecord::Metric { .. } => 0,
        MeasureRecord::Flips { .. } => 1,
        MeasureRecord::MustNotFlip { .. } => 2,
        MeasureRecord::Shift(_) => 3,
        MeasureRecord::Command { .. } => 4,
        MeasureRecord::Reported { .. } => 5,
        MeasureRecord::Quantile { .. } => 6,
        MeasureRecord::Measured { .. } => 7,
        MeasureRecord::Parity { .. } => 8,
        MeasureRecord::Provenance { .. } => 9,
        MeasureRecord::Drift(_) => 10,
        MeasureRecord::Data(_) => 11,
        MeasureRecord::Leakage(_) => 12,
        MeasureRecord::Surrounding(_) => 13,
        MeasureRecord::Report(_) => 14,
    }
}

#[test]
fn what_was_only_reported_decides_nothing() {
    let mut kinds = Vec::new();
    let all = ON_ROWS.map(|(metric, demand)| (metric, demand, "the predictions `test` were only reported"));
    for (metric, demand, word) in all.into_iter().chain(OF_RUNS) {
        let policy = rules("binary", &rule(metric, demand));
        kinds.push(kind(&policy.rules[0].measure));
        let scene = Scene::new(policy).with(outcomes(900, 20, 30, 50));
        let result = scene.result();
        assert_eq!(result.verdict, Verdict::Inconclusive, "{metric}");
        assert!(reason(&result).contains(word), "{metric}: {}", reason(&result));
    }
    for (metric, demand) in OF_NO_RUN {
        let text = |rule: &str| format!("schema = 1\ntask = \"binary\"\n{rule}");
        let refused = parse(&text(&rule(metric, demand))).and_then(|file| resolve(&file)).unwrap_err().to_string();
        assert!(refused.contains("`evidence` means nothing here"), "{metric}: {refused}");
        let plain = rule(metric, demand).replace("evidence = \"measured\"\n", "");
        let policy = resolve(&parse(&text(&plain)).unwrap()).unwrap();
        kinds.push(kind(&policy.rules[0].measure));
        // Rules of an earlier program, which allowed it.
        let mut policy = policy;
        policy.rules[0].evidence = Some(mlrun::format::policy::Origin::Measured);
        let result = Scene::new(policy).with(outcomes(900, 20, 30, 50)).result();
        assert_eq!(result.verdict, Verdict::Inconclusive, "{metric}");
        assert!(reason(&result).contains("no run of a model says anything"), "{metric}: {}", reason(&result));
    }
    kinds.sort_unstable();
    assert_eq!(kinds, (0..15).collect::<Vec<usize>>());
}

#[test]
fn what_was_measured_is_judged() {
    for (metric, demand) in [ON_ROWS[0], ON_ROWS[1], ON_ROWS[3]] {
        let mut scene = Scene::new(rules("binary", &rule(metric, demand))).with(outcomes(900, 20, 30, 50));
        scene.measurement = Some(MeasurementRecord {
            format: FORMAT.to_owned(),
            candidate: SnapshotId::new(Digest::of(b"v8")),
            baseline: Some(SnapshotId::new(Digest::of(b"v7"))),
            policy: Digest::of(b"policy"),
            machine: "2 × a processor (x86_64)".to_owned(),
            environment: None,
            remarks: Vec::new(),
            input: None,
            set: Some(set("test")),
            sides: std::collections::BTreeMap::new(),
            commands: std::collections::BTreeMap::new(),
        });
        assert_eq!(scene.result().verdict, Verdict::Pass, "{metric}");
    }
}
