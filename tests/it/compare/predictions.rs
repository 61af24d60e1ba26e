//! Predictions of two versions: metrics with intervals, flips by slice, numbers that moved, the rows that moved most.

use mlrun::certify::{ChangedAnswers, ComparedMetric, Tails, Terms, What, changed_answers, compared_metrics, policy};
use mlrun::compare::Verdict;
use mlrun::evidence::{Defect, Overlap, PredictionTable, overlap, read_predictions, task_of};
use mlrun::format::policy::{PolicyRecord, Task};
use mlrun::format::snapshot::PredictionColumns;
use serde_json::Value;

use super::{fixture, goldens, near};

fn columns(task: Task) -> PredictionColumns {
    let plain = PredictionColumns {
        key: vec!["id".to_owned()],
        label: "y".to_owned(),
        slices: vec!["country".to_owned(), "plan".to_owned()],
        ..PredictionColumns::default()
    };
    let class = |name: &str| (name.to_owned(), format!("p_{name}"));
    match task {
        Task::Binary => PredictionColumns { score: Some("p".to_owned()), ..plain },
        Task::Multiclass => PredictionColumns { scores: ["cat", "dog", "eel"].map(class).into(), ..plain },
        _ => PredictionColumns { prediction: Some("yhat".to_owned()), ..plain },
    }
}

fn table(task: Task, bytes: Vec<u8>) -> PredictionTable {
    read_predictions(bytes, "p.csv", &columns(task), task, &[]).unwrap()
}

pub(super) fn both(task: Task, name: &str) -> Overlap {
    let read = |side: &str| table(task, fixture(&format!("{name}_{side}.csv")));
    overlap(&"test".parse().unwrap(), task, read("b"), read("a"), 1.0).unwrap()
}

fn compared(task: Task, name: &str) -> (Vec<ComparedMetric>, ChangedAnswers) {
    let found = both(task, name);
    assert_eq!((found.only_candidate, found.only_baseline, found.relabelled, &found.unfit), (0, 0, 0, &None));
    let (joined, terms) = (found.rows.unwrap(), Terms::without_rules(task));
    // A certificate's bounds, each by itself, are there for the asking.
    let one = compared_metrics(&joined, &Terms { tails: Tails::One, ..terms }, true);
    metrics_are(&one, &goldens(name), "one_sided_");
    (compared_metrics(&joined, &terms, true), changed_answers(&joined, &terms))
}

/// Values and, where another program has them, differences and the ends of intervals.
#[track_caller]
fn metrics_are(found: &[ComparedMetric], expected: &Value, kind: &str) {
    let expected = expected["metrics"].as_object().unwrap();
    let names: Vec<&str> = found.iter().map(|metric| metric.metric.as_str()).collect();
    assert_eq!(names.len(), expected.len(), "{names:?}");
    for metric in found {
        let (expected, compared) = (&expected[&metric.metric], metric.found.as_ref().unwrap());
        near(compared.baseline, &expected["a"], &metric.metric);
        near(compared.candidate, &expected["b"], &metric.metric);
        if expected.get("lower").is_some() {
            near(compared.delta, &expected["delta"], &metric.metric);
            near(compared.lower, &expected[format!("{kind}lower")], &metric.metric);
            near(compared.upper, &expected[format!("{kind}upper")], &metric.metric);
        }
    }
}

#[track_caller]
fn flips_are(found: &ChangedAnswers, expected: &Value) {
    let sides = found.sides.as_ref().unwrap().as_ref().unwrap();
    let flips = &expected["flips"];
    assert_eq!(sides.what, What::Flips);
    assert_eq!(
        (Some(sides.worse), Some(sides.better)),
        (flips["right_to_wrong"].as_u64(), flips["wrong_to_right"].as_u64())
    );
    let slices = flips["slices"].as_object().unwrap();
    assert_eq!(sides.slices.len(), slices.len());
    for slice in &sides.slices {
        assert_eq!(serde_json::json!([slice.rows, slice.worse, slice.better]), slices[&slice.slice], "{}", slice.slice);
    }
    let lost = |at: usize| sides.slices[at].worse as i64 - sides.slices[at].better as i64;
    assert!((1..slices.len()).all(|at| lost(at - 1) >= lost(at)), "the worst first: {:?}", sides.slices);
    near(*found.agreement.as_ref().unwrap(), &expected["agreement"], "agreement");
}

#[track_caller]
fn numbers_are(found: &ChangedAnswers, expected: &Value) {
    let (numbers, expected) = (found.numbers.unwrap(), &expected["numbers"]);
    assert_eq!(Some(numbers.changed), expected["changed"].as_u64());
    near(numbers.mean, &expected["mean_change"], "mean change");
    near(numbers.largest, &expected["largest_change"], "largest change");
}

#[track_caller]
fn rows_are(found: &ChangedAnswers, expected: &Value) {
    let keys: Vec<String> = found.largest.iter().take(3).map(|row| row.key.replace("id=", "")).collect();
    assert_eq!(serde_json::json!(keys), expected["largest"]);
}

#[test]
fn two_classes_as_scikit_learn_has_them() {
    let (metrics, answers) = compared(Task::Binary, "binary");
    let expected = goldens("binary");
    metrics_are(&metrics, &expected, "");
    flips_are(&answers, &expected);
    numbers_are(&answers, &expected);
    rows_are(&answers, &expected);
    let worse = &answers.largest[0];
    assert!(worse.new && worse.baseline.is_some(), "{worse:?}");
    // Chance may make of accuracy what it does not make of the ranking.
    let said = |name: &str| Verdict::of_measured(metrics.iter().find(|metric| metric.metric == name).unwrap());
    assert_eq!((said("roc_auc"), said("log_loss")), (Verdict::Better, Verdict::Better));
    assert_eq!(said("accuracy"), Verdict::NoClearDifference);
}

#[test]
fn several_classes_as_scikit_learn_has_them() {
    let (metrics, answers) = compared(Task::Multiclass, "multiclass");
    metrics_are(&metrics, &goldens("multiclass"), "");
    flips_are(&answers, &goldens("multiclass"));
}

#[test]
fn numbers_as_scikit_learn_has_them() {
    let (metrics, answers) = compared(Task::Regression, "regression");
    let expected = goldens("regression");
    metrics_are(&metrics, &expected, "");
    numbers_are(&answers, &expected);
    rows_are(&answers, &expected);
    near(*answers.agreement.as_ref().unwrap(), &expected["agreement"], "agreement");
    let sides = answers.sides.unwrap().unwrap();
    assert_eq!(sides.what, What::Errors);
    let errors = &expected["errors"];
    assert_eq!((Some(sides.worse), Some(sides.better)), (errors["further_off"].as_u64(), errors["closer"].as_u64()));
}

#[test]
fn the_cells_tell_the_task() {
    for (task, name) in [(Task::Binary, "binary"), (Task::Multiclass, "multiclass"), (Task::Regression, "regression")] {
        assert_eq!(task_of(&fixture(&format!("{name}_a.csv")), "p.csv", &columns(task)), Some(task));
    }
    let words = PredictionColumns { prediction: Some("said".to_owned()), ..columns(Task::Regression) };
    let csv = b"id,y,said,country,plan\n1,to be,not to be,x,y\n2,or not,or not,x,y\n3,that is,the question,x,y\n";
    assert_eq!(task_of(csv, "p.csv", &words), Some(Task::Text));
}

fn policy_of(rules: &str) -> PolicyRecord {
    policy::resolve(&policy::parse(&format!("schema = 1\ntask = \"binary\"\n{rules}")).unwrap()).unwrap()
}

#[test]
fn what_rules_ask_for_comes_first() {
    let joined = both(Task::Binary, "binary").rows.unwrap();
    let rule = |id: &str, more: &str| format!("[[rule]]\nid = \"{id}\"\n{more}\nmargin = 0.1\n");
    let rules = rule("recall", "metric = \"recall\"\nthreshold = 0.35")
        + &rule("again", "metric = \"recall\"\nthreshold = 0.35\neach = [\"country\"]")
        + &rule("german", "metric = \"accuracy\"\nwhere = { country = [\"DE\"] }")
        + &rule("other", "metric = \"f1\"\nset = \"valid\"");
    let policy = policy_of(&rules);
    let found = compared_metrics(&joined, &Terms::of(&policy), true);
    let names: Vec<_> =
        found.iter().map(|m| (m.metric.as_str(), m.rule.as_deref(), m.slice.as_deref(), m.threshold)).collect();
    assert_eq!(names[0], ("recall", Some("recall"), None, Some(0.35)));
    assert_eq!(names[1], ("accuracy", Some("german"), Some("country=DE"), None));
    assert_eq!(found[1].found.as_ref().unwrap().n, 359);
    // Of all rows nobody asked.
    let rest: Vec<&str> = names[2..].iter().map(|name| name.0).collect();
    assert_eq!(rest, ["roc_auc", "average_precision", "log_loss", "brier", "accuracy", "f1"]);
    // A value that no row has is said, not left out.
    let policy = policy_of(&rule("nowhere", "metric = \"accuracy\"\nwhere = { country = [\"XX\"] }"));
    let found = compared_metrics(&joined, &Terms::of(&policy), true);
    assert!(found[0].found.as_ref().unwrap_err().contains("XX"), "{:?}", found[0].found);
    assert_eq!(Verdict::of_measured(&found[0]), Verdict::Unknown);
}

const BEFORE: &str = "id,y,p,country,plan\n1,0,0.1,x,y\n2,1,0.9,x,y\n3,0,0.2,x,y\n4,1,0.8,x,y\n";

fn small(after: &str) -> Overlap {
    let read = |csv: &str| table(Task::Binary, csv.as_bytes().to_vec());
    overlap(&"test".parse().unwrap(), Task::Binary, read(after), read(BEFORE), 1.0).unwrap()
}

#[test]
fn other_rows_and_other_labels_are_counted_and_not_judged() {
    let after = "id,y,p,country,plan\n5,1,0.9,x,y\n4,1,0.3,x,y\n3,1,0.2,x,y\n2,1,0.95,x,y\n6,1,0.9,x,y\n";
    let found = small(after);
    assert_eq!((found.both, found.only_baseline, found.only_candidate, found.relabelled), (3, 1, 2, 1));
    assert!(matches!(found.unfit, Some(Defect::Coverage { matched: 3, larger: 5, .. })), "{:?}", found.unfit);
    let answers = changed_answers(&found.rows.unwrap(), &Terms::without_rules(Task::Binary));
    let sides = answers.sides.unwrap().unwrap();
    assert_eq!((answers.rows, sides.worse, sides.better), (2, 1, 0));
    assert_eq!((answers.largest[0].key.as_str(), answers.largest[0].new), ("id=4", true));
    // With the same rows it is the labels that keep them from being judged.
    let found = small(&BEFORE.replace("3,0", "3,1"));
    assert!(matches!(found.unfit, Some(Defect::LabelsDisagree { rows: 1, .. })), "{:?}", found.unfit);
    assert_eq!((found.both, found.relabelled, found.rows.unwrap().keys.len()), (4, 1, 3));
}

#[test]
fn nothing_in_common_is_no_number() {
    let found = small(
        &BEFORE.replace("\n1,", "\n11,").replace("\n2,", "\n12,").replace("\n3,", "\n13,").replace("\n4,", "\n14,"),
    );
    assert_eq!((found.both, found.only_baseline, found.only_candidate), (0, 4, 4));
    assert!(matches!(found.rows, Err(Defect::Coverage { matched: 0, .. })));
    let turned = BEFORE.replace(",0,", ",2,").replace(",1,", ",0,").replace(",2,", ",1,");
    let all = small(&turned);
    assert_eq!((all.both, all.relabelled), (4, 4));
    assert!(matches!(all.rows, Err(Defect::LabelsDisagree { rows: 4, .. })));
}

#[test]
fn what_is_not_defined_says_why() {
    let joined = small(&BEFORE.replace("0.1", "0.85")).rows.unwrap();
    let found = compared_metrics(&joined, &Terms::without_rules(Task::Binary), true);
    let reason = |name: &str| found.iter().find(|m| m.metric == name).unwrap().found.clone().unwrap_err();
    assert_eq!(reason("roc_auc"), "2 positive rows, 20 needed");
    assert!(reason("log_loss").contains("4 rows are too few"), "{}", reason("log_loss"));
    // A height is no probability: nothing is said of a logarithm.
    let heights = small(&BEFORE.replace("0.9", "9")).rows.unwrap();
    let found = compared_metrics(&heights, &Terms::without_rules(Task::Binary), true);
    assert!(found.iter().all(|metric| metric.metric != "log_loss"));
}
