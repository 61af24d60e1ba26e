//! Rules on what was seen while the models ran, and on what a command made of them.

use std::collections::BTreeMap;

use mlrun::digest::Digest;
use mlrun::evidence::{PredictedColumns, TruthColumn};
use mlrun::format::certificate::Verdict;
use mlrun::format::measurement::{
    FORMAT, FreshRecord, LatencyRecord, MeasurementRecord, Role, RunRecord, SideRecord, ValuesRecord,
};
use mlrun::id::{FileId, SnapshotId};
use mlrun::measure::{Undefined, geometric_mean, paired_ratio};

use super::scene::{Scene, joined, rules, set};

/// A model whose runs took so long, by the clock and by its own.
fn side(milliseconds: &[f64]) -> SideRecord {
    let run = |(place, ms): (u32, &f64)| RunRecord {
        place,
        milliseconds: *ms,
        peak_memory: Some(1 << 20),
        calls: None,
        latency: Vec::new(),
    };
    let made = FreshRecord {
        path: "measured/candidate/p.csv".to_owned(),
        file: FileId::new(Digest::of(b"p")),
        size: 1,
        rows: 1000,
    };
    SideRecord {
        runs: (1..).zip(milliseconds).map(run).collect(),
        status: Some(0),
        predictions: Some(made),
        ..SideRecord::default()
    }
}

fn measured(text: &str, candidate: SideRecord, baseline: Option<SideRecord>) -> Scene {
    let mut scene = Scene::new(rules("binary", text));
    let sides = [(Role::Candidate, Some(candidate)), (Role::Baseline, baseline)];
    scene.measurement = Some(MeasurementRecord {
        format: FORMAT.to_owned(),
        candidate: SnapshotId::new(Digest::of(b"v8")),
        baseline: Some(SnapshotId::new(Digest::of(b"v7"))),
        policy: Digest::of(b"policy"),
        machine: "2 × a processor (x86_64)".to_owned(),
        environment: None,
        input: None,
        set: Some(set("test")),
        sides: sides.into_iter().filter_map(|(role, side)| Some((role, side?))).collect(),
        commands: BTreeMap::new(),
        remarks: Vec::new(),
    });
    scene
}

const LATENCY: &str = "[[rule]]\nid = \"r\"\nmetric = { measured = \"latency\" }\nmax_ratio = 1.1";

/// scipy 1.17.1: `np.exp(stats.t.interval(0.90, 4, *(lambda d: (d.mean(), stats.sem(d)))(np.log(a) - np.log(b))))`.
const A: [f64; 5] = [101.0, 99.5, 108.0, 102.5, 97.0];
const B: [f64; 5] = [100.0, 101.0, 104.0, 99.0, 100.5];
const RATIO: f64 = 1.006_425_351_693_759_6;
const LOWER: f64 = 0.976_514_757_675_053_6;
const UPPER: f64 = 1.037_252_105_583_599_3;
const GMEAN: f64 = 101.534_296_000_754_94;
const GLOWER: f64 = 97.727_734_558_091_37;
const GUPPER: f64 = 105.489_125_589_429_39;

#[test]
fn the_interval_of_a_ratio_is_scipys() {
    let found = paired_ratio(&A, &B, 0.95).unwrap();
    let close = |a: f64, b: f64| (a - b).abs() <= 1e-12 * b.abs();
    assert!(close(found.ratio, RATIO) && close(found.lower, LOWER) && close(found.upper, UPPER), "{found:?}");
    // Whoever is compared with whom: the other ratio is one over this one.
    let turned = paired_ratio(&B, &A, 0.95).unwrap();
    assert!(close(turned.lower, 1.0 / found.upper) && close(turned.upper, 1.0 / found.lower), "{turned:?}");
    let mean = geometric_mean(&A, 0.95).unwrap();
    assert!(close(mean.value, GMEAN) && close(mean.lower, GLOWER) && close(mean.upper, GUPPER), "{mean:?}");
    // What is the same in every run is that.
    let same = paired_ratio(&[7.0; 3], &[14.0; 3], 0.95).unwrap();
    assert!(close(same.ratio, 0.5) && same.lower == same.ratio && same.upper == same.ratio, "{same:?}");
    for (a, b) in [(&[1.0, 2.0][..], &[1.0, 2.0][..]), (&[1.0, 2.0, 3.0], &[1.0, 2.0])] {
        assert!(paired_ratio(a, b, 0.95).is_err());
    }
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(paired_ratio(&[1.0, 2.0, bad], &[1.0, 2.0, 3.0], 0.95).is_err(), "{bad}");
        assert!(paired_ratio(&[1.0, 2.0, 3.0], &[1.0, 2.0, bad], 0.95).is_err(), "{bad}");
        assert!(geometric_mean(&[1.0, 2.0, bad], 0.95).is_err(), "{bad}");
    }
    assert_eq!(geometric_mean(&[1.0, 2.0], 0.95).unwrap_err(), Undefined::TooFewRows { n: 2, needed: 3 });
    assert!(paired_ratio(&A, &B, 1.0).is_err() && paired_ratio(&A, &B, f64::NAN).is_err());
}

#[test]
fn a_ratio_passes_fails_or_stays_open_by_its_bounds() {
    let of = |limit: f64| {
        let text = format!("[[rule]]\nid = \"r\"\nmetric = {{ measured = \"latency\" }}\nmax_ratio = {limit}");
        measured(&text, side(&A), Some(side(&B))).result()
    };
    let eps = 1e-9;
    assert_eq!(of(UPPER + eps).verdict, Verdict::Pass);
    assert_eq!(of(UPPER - eps).verdict, Verdict::Inconclusive);
    assert_eq!(of(LOWER + eps).verdict, Verdict::Inconclusive);
    let failed = of(LOWER - eps);
    assert_eq!(failed.verdict, Verdict::Fail);
    assert!(failed.reason.unwrap().contains("5 pairs of runs: above the limit"));
    let throughput = |limit: f64| {
        let text = format!("[[rule]]\nid = \"r\"\nmetric = {{ measured = \"throughput\" }}\nmin_ratio = {limit}");
        measured(&text, side(&A), Some(side(&B))).result()
    };
    // Rows a second are one over the time.
    assert_eq!(throughput(1.0 / UPPER - eps).verdict, Verdict::Pass);
    assert_eq!(throughput(1.0 / UPPER + eps).verdict, Verdict::Inconclusive);
    assert_eq!(throughput(1.0 / LOWER + eps).verdict, Verdict::Fail);
}

#[test]
fn what_was_not_measured_to_the_end_decides_nothing() {
    let broken = SideRecord { failed: Some("it did not end in 1 s".to_owned()), status: None, ..SideRecord::default() };
    let undecided = |scene: Scene, word: &str| {
        let result = scene.result();
        assert_eq!(result.verdict, Verdict::Inconclusive, "{result:?}");
        assert!(result.reason.as_ref().unwrap().contains(word), "{result:?}");
    };
    undecided(measured(LATENCY, side(&A[..2]), Some(side(&B[..2]))), "2 timed runs are too few");
    undecided(measured(LATENCY, side(&A), Some(side(&B[..1]))), "1 timed run is too few");
    undecided(measured(LATENCY, side(&A), Some(side(&B[..4]))), "not defined");
    undecided(measured(LATENCY, side(&A), None), "the baseline was not run");
    undecided(measured(LATENCY, broken.clone(), Some(side(&B))), "the candidate could not be measured: it did not end");
    undecided(measured(LATENCY, side(&A), Some(broken.clone())), "the baseline could not be measured");
    undecided(Scene::new(rules("binary", LATENCY)), "evidence.predict");
    let memory = "[[rule]]\nid = \"r\"\nmetric = { measured = \"peak_memory\" }\nmax = 1e12";
    let mut blind = side(&A);
    blind.runs[2].peak_memory = None;
    undecided(measured(memory, blind, None), "peak_memory is not known");
    let status = "[[rule]]\nid = \"r\"\nmetric = { measured = \"exit_status\" }";
    undecided(measured(status, broken, None), "it did not end");
    let crashed = SideRecord { status: Some(139), failed: Some("signal 11".to_owned()), ..SideRecord::default() };
    let result = measured(status, crashed, None).result();
    assert_eq!((result.verdict, result.reason.as_deref()), (Verdict::Fail, Some("signal 11")));
    // A call's quantile that nobody took is not another one.
    let mut timed = side(&A);
    for run in &mut timed.runs {
        (run.calls, run.latency) = (Some(20), vec![LatencyRecord { quantile: 0.9, milliseconds: 1.0 }]);
    }
    undecided(measured(LATENCY, timed, Some(side(&B))), "latency is not known");
}

/// A model that says how long a call takes is not compared with one that is timed by the clock.
#[test]
fn times_are_compared_with_times_of_the_same() {
    let calls = |calls: u64, ms: f64| {
        let mut timed = side(&A);
        for (run, jitter) in timed.runs.iter_mut().zip(A) {
            let milliseconds = ms * jitter / 100.0;
            (run.calls, run.latency) = (Some(calls), vec![LatencyRecord { quantile: 0.5, milliseconds }]);
        }
        timed
    };
    let undecided = |ours: SideRecord, theirs: SideRecord, word: &str| {
        for (ours, theirs) in [(ours.clone(), theirs.clone()), (theirs, ours)] {
            let result = measured(LATENCY, ours, Some(theirs)).result();
            assert_eq!(result.verdict, Verdict::Inconclusive, "{result:?}");
            assert!(result.reason.as_ref().unwrap().contains(word), "{result:?}");
        }
    };
    assert_eq!(measured(LATENCY, calls(20, 1.0), Some(calls(20, 1.0))).result().verdict, Verdict::Pass);
    undecided(calls(20, 1.0), side(&B), "20 calls a run");
    undecided(calls(20, 1.0), calls(40, 1.0), "40 calls a run");
    let mut once = calls(20, 1.0);
    once.runs[3].calls = None;
    undecided(once, calls(20, 1.0), "the times are not of the same");
    // Ten calls on either side of the quantile.
    undecided(calls(19, 1.0), calls(20, 1.0), "timed 19 calls; a quantile of 0.5 needs 20");
    let p99 = "[[rule]]\nid = \"r\"\nmetric = { measured = \"latency\", quantile = 0.99 }\nmax = 100.0";
    let of = |calls: u64| {
        let mut timed = side(&A);
        for run in &mut timed.runs {
            (run.calls, run.latency) = (Some(calls), vec![LatencyRecord { quantile: 0.99, milliseconds: 1.0 }]);
        }
        measured(p99, timed, None).result().verdict
    };
    assert_eq!((of(999), of(1000)), (Verdict::Inconclusive, Verdict::Pass));
    // Calls that take longer than the run they were made in are nobody's times.
    let refused = SideRecord { untimed: Some("its calls took 90 ms together".to_owned()), ..calls(20, 1.0) };
    undecided(refused, calls(20, 1.0), "do not count: its calls took 90 ms together");
}

#[test]
fn a_commands_number_is_no_more_than_a_number() {
    let text = "[[rule]]\nid = \"r\"\nmetric = { command = \"x\", better = \"lower\" }\n";
    let of = |demand: &str, ours: &[f64], theirs: Option<&[f64]>| {
        let mut scene = measured(&format!("{text}{demand}"), side(&A), None);
        let values = |values: &[f64]| ValuesRecord { values: values.to_vec(), failed: None, read: None };
        let made = [(Role::Candidate, Some(ours)), (Role::Baseline, theirs)];
        let made = made.into_iter().filter_map(|(role, list)| Some((role, values(list?)))).collect();
        scene.measurement.as_mut().unwrap().commands.insert("r".to_owned(), made);
        scene.result().verdict
    };
    assert_eq!(of("max = 0.5", &[0.5], None), Verdict::Pass);
    assert_eq!(of("max = 0.5", &[0.6], None), Verdict::Fail);
    for bad in [f64::NAN, f64::INFINITY] {
        for demand in ["max = 0.5", "min = 0.5", "max_drop = 0.1"] {
            assert_eq!(of(demand, &[bad], Some(&[0.5])), Verdict::Inconclusive, "{demand} {bad}");
            assert_eq!(of("max_drop = 0.1", &[0.5], Some(&[bad])), Verdict::Inconclusive);
        }
    }
    assert_eq!(of("max_drop = 0.1", &[0.55], Some(&[0.5])), Verdict::Pass);
    assert_eq!(of("max_drop = 0.1", &[0.65], Some(&[0.5])), Verdict::Fail);
    assert_eq!(of("max_drop = 0.1", &[0.5], None), Verdict::Inconclusive);
    assert_eq!(of("max_drop = 0.1", &[0.5, 0.6], Some(&[0.5])), Verdict::Inconclusive);
    assert_eq!(of("max_drop = 0.1", &[], Some(&[0.5])), Verdict::Inconclusive);
}

#[test]
fn parity_counts_rows_beyond_the_tolerance() {
    let columns = |scores: &[f64]| PredictedColumns { scores: Some(scores.to_vec()), ..PredictedColumns::default() };
    let of = |demand: &str, tolerance: f64, fresh: &[f64], recorded: &[f64]| {
        let text = format!(
            "[[rule]]\nid = \"r\"\nmetric = {{ parity = \"test\", tolerance = {tolerance:?} }}\n{demand}\n\
             [[rule]]\nid = \"x\"\nmetric = \"roc_auc\"\nmin = 0.0\nseverity = \"warn\""
        );
        let truth = TruthColumn::Binary(vec![true, false, true]);
        let rows = joined(truth, columns(fresh), Some(columns(recorded)));
        let mut scene = Scene::new(rules("binary", &text));
        scene.candidate_sets.push(set("test"));
        scene.parity.insert(set("test"), Ok(rows));
        scene.judge().predicate.results.remove(0)
    };
    let near = of("", 1e-6, &[0.1, 0.2 + 0.9e-6, 3e6 + 2.0], &[0.1, 0.2, 3e6]);
    assert_eq!((near.verdict, near.candidate, near.n), (Verdict::Pass, Some(0.0), 3), "{near:?}");
    let far = of("", 1e-6, &[0.1, 0.2 + 1.1e-6, 3e6 + 4.0], &[0.1, 0.2, 3e6]);
    assert_eq!((far.verdict, far.candidate), (Verdict::Fail, Some(2.0)), "{far:?}");
    // The farthest first.
    let reason = far.reason.unwrap();
    assert!(reason.contains("2 of 3 rows") && reason.find("3000004") < reason.find("0.2000011"), "{reason}");
    assert_eq!(of("max = 2", 1e-6, &[0.1, 0.3, 1.0], &[0.1, 0.2, 3.0]).verdict, Verdict::Pass);
    assert_eq!(of("max = 3", 1e-6, &[f64::NAN, 0.2, 3.0], &[0.1, 0.2, 3.0]).candidate, Some(1.0));
    assert_eq!(of("", 0.0, &[0.1, 0.2, 3.0], &[0.1, 0.2, 3.0]).verdict, Verdict::Pass);
    let mut scene = Scene::new(rules("binary", "[[rule]]\nid = \"r\"\nmetric = { parity = \"test\" }"));
    scene.candidate_sets.push(set("test"));
    assert_eq!(scene.result().verdict, Verdict::Inconclusive);
}
