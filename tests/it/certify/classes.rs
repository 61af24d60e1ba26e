//! Two classes: those that were predicted count, unless a rule says which threshold scores are held against.

use mlrun::certify::{flip_summaries, named_rows, policy};
use mlrun::evidence::{JoinedRows, PredictedColumns, TruthColumn};
use mlrun::format::certificate::{ResultRecord, Verdict};

use super::journal;
use super::scene::{Scene, joined, reason, rules};

/// 1,000 rows, every second one positive, and scores by which nine of ten are right; classes as `classes` has them.
fn model(classes: Option<fn(usize) -> u32>) -> PredictedColumns {
    let score = |row: usize| {
        let right = row % 10 != 9;
        let side = if (row % 2 == 1) == right { 0.9 } else { 0.1 };
        side + row as f64 * 1e-6
    };
    PredictedColumns {
        scores: Some((0..1000).map(score).collect()),
        classes: classes.map(|class| (0..1000).map(class).collect()),
        ..PredictedColumns::default()
    }
}

fn nothing(_: usize) -> u32 {
    0
}

fn truth(row: usize) -> u32 {
    (row % 2) as u32
}

fn without_scores(model: PredictedColumns) -> PredictedColumns {
    PredictedColumns { scores: None, ..model }
}

fn rows(candidate: PredictedColumns, baseline: PredictedColumns) -> JoinedRows {
    joined(TruthColumn::Binary((0..1000).map(|row| row % 2 == 1).collect()), candidate, Some(baseline))
}

fn result(rows: JoinedRows, rule: &str) -> ResultRecord {
    Scene::on(rows, &format!("[[rule]]\nid = \"r\"\n{rule}\n")).result()
}

/// By the scores nine of ten rows are right, and the candidate said of every row that it is negative.
#[test]
fn what_was_predicted_counts_and_not_the_score() {
    let rows = || rows(model(Some(nothing)), model(Some(truth)));
    let judged = |rule: &str| {
        let found = result(rows(), rule);
        (found.verdict, found.candidate.unwrap(), found.baseline)
    };
    assert_eq!(judged("metric = \"balanced_accuracy\"\nmin = 0.8"), (Verdict::Fail, 0.5, None));
    assert_eq!(judged("metric = \"accuracy\"\nmargin = 0.01"), (Verdict::Fail, 0.5, Some(1.0)));
    assert_eq!(judged("metric = \"negative_flip_rate\"\nmax = 0.1").0, Verdict::Fail);
    assert_eq!(judged("metric = { shift = \"positive_rate\" }\nmax = 0.1"), (Verdict::Fail, 0.5, None));
    assert_eq!(judged("metric = \"accuracy\"\nagainst = \"constant\"\nprove = \"superior\"").2, Some(0.5));
    // Metrics of scores are of the scores.
    assert_eq!(judged("metric = \"roc_auc\"\nmin = 0.85").0, Verdict::Pass);
    // A threshold that is said is held against the scores, 0.5, too.
    for threshold in [0.5, 0.4] {
        let at = |rule: &str| judged(&format!("{rule}\nthreshold = {threshold}"));
        assert_eq!(at("metric = \"balanced_accuracy\"\nmin = 0.85"), (Verdict::Pass, 0.9, None));
        assert_eq!(at("metric = \"negative_flip_rate\"\nmax = 0.1").0, Verdict::Pass);
        assert_eq!(at("metric = { shift = \"positive_rate\" }\nmax = 0.1").0, Verdict::Pass);
        let against = at("metric = \"accuracy\"\nagainst = \"constant\"\nprove = \"superior\"\ngain = 0.3");
        assert_eq!(against, (Verdict::Pass, 0.9, Some(0.5)));
    }
    let scene = Scene::on(rows(), "[[rule]]\nid = \"r\"\nmetric = \"accuracy\"\nmargin = 0.01\n");
    let summary = flip_summaries(&scene.case()).remove(0);
    assert_eq!((summary.right_to_wrong, summary.wrong_to_right), (500, 0));
    let named = named_rows(&scene.case(), &scene.judge().predicate.results).unwrap().remove(0);
    let row = &named.rows[0];
    assert_eq!((row.label.as_str(), row.new, row.candidate.starts_with("negative (0.1")), ("positive", true, true));
    assert!(named.rows.iter().all(|row| row.label == "positive" && row.baseline.as_ref().unwrap().starts_with("pos")));
}

#[test]
fn classes_of_one_model_are_not_compared_with_scores_of_the_other() {
    let text = [
        "metric = \"accuracy\"\nmargin = 0.9",
        "metric = \"recall\"\nprove = \"not_worse_detected\"\nmargin = 0.9",
        "metric = \"negative_flip_rate\"\nmax = 1",
        "metric = { shift = \"positive_rate\" }\nmax = 1",
        "metric = { must_not_flip = [\"x\"] }\nmax = 1",
    ];
    for (candidate, baseline) in [(Some(truth as fn(usize) -> u32), None), (None, Some(truth as fn(usize) -> u32))] {
        for rule in text {
            let mut rows = rows(model(candidate), model(baseline));
            rows.keys[0] = mlrun::evidence::key_hash(&["x".to_owned()]);
            rows.keys[1..].iter_mut().enumerate().for_each(|(row, key)| *key = u64::MAX - 2000 + row as u64);
            let found = result(rows, rule);
            assert_eq!(found.verdict, Verdict::Inconclusive, "{rule}: {found:?}");
            assert!(reason(&found).contains("recorded"), "{rule}: {}", reason(&found));
        }
        let of_scores = result(rows(model(candidate), model(baseline)), "metric = \"roc_auc\"\nmargin = 0.01");
        assert_eq!(of_scores.verdict, Verdict::Pass, "{of_scores:?}");
        let both =
            result(rows(model(candidate), model(baseline)), "metric = \"accuracy\"\nthreshold = 0.5\nmargin = 0.01");
        assert_eq!(both.verdict, Verdict::Pass, "{both:?}");
    }
}

#[test]
fn a_threshold_without_scores_decides_nothing() {
    let with = || model(Some(truth));
    let without = || without_scores(model(Some(truth)));
    for (candidate, baseline) in [(without(), without()), (with(), without()), (without(), with())] {
        for rule in [
            "metric = \"recall\"\nthreshold = 0.9\nmargin = 0.9",
            "metric = \"recall\"\nthreshold = 0.5\nmargin = 0.9",
            "metric = \"negative_flip_rate\"\nthreshold = 0.9\nmax = 1",
            "metric = { shift = \"positive_rate\" }\nthreshold = 0.9\nmax = 1",
        ] {
            let found = result(rows(candidate.clone(), baseline.clone()), rule);
            assert_eq!(found.verdict, Verdict::Inconclusive, "{rule}: {found:?}");
            assert!(reason(&found).contains("needs scores"), "{rule}: {}", reason(&found));
        }
        let plain = result(rows(candidate.clone(), baseline.clone()), "metric = \"recall\"\nmargin = 0.05");
        assert_eq!((plain.verdict, plain.candidate), (Verdict::Pass, Some(1.0)));
    }
}

#[test]
fn a_case_goes_by_the_class_unless_a_threshold_is_said() {
    let judged = |classes: [u32; 3], threshold: Option<f64>| {
        let mut cases = journal::three();
        cases.iter_mut().for_each(|case| case.case.threshold = threshold);
        journal::of_two(Some([0.9, 0.1, 0.8]), Some(classes), cases).1.verdict
    };
    assert_eq!(judged([1, 0, 1], None), Verdict::Pass);
    assert_eq!(judged([0, 0, 0], None), Verdict::Fail);
    assert_eq!(judged([0, 0, 0], Some(0.5)), Verdict::Pass);
    let mut cases = journal::three();
    cases[0].case.threshold = Some(0.5);
    assert_eq!(journal::of_two(None, Some([1, 0, 1]), cases).1.verdict, Verdict::Inconclusive);
}

/// Policies that say no threshold, or another than 0.5, are the bytes they were.
#[test]
fn only_a_threshold_of_one_half_is_written_anew() {
    let text = |threshold: &str| {
        let policy = rules("binary", &format!("[[rule]]\nid = \"r\"\nmetric = \"recall\"\n{threshold}\nmin = 0\n"));
        (policy.rules[0].measure.threshold(), String::from_utf8(policy::digest(&policy).unwrap().0).unwrap())
    };
    assert!(!text("").1.contains("threshold_written") && !text("threshold = 0.3").1.contains("threshold_written"));
    assert!(text("threshold = 0.5").1.contains("\"threshold_written\":true"));
    assert_eq!(["", "threshold = 0.3", "threshold = 0.5"].map(|t| text(t).0), [None, Some(0.3), Some(0.5)]);
}
