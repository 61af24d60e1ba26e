//! `diff` by what is in predictions and training data: the numbers a certificate has, and what cannot be told.

use std::path::PathBuf;

use mlrun::certify::{ComparedMetric, Tails};
use mlrun::compare::{Direction, Section, Sections, TableDiff, Verdict};
use mlrun::ops::diff::{DiffOptions, DiffReport, diff};
use mlrun::ops::purge::{PurgeOptions, Target, purge};
use mlrun::ops::snapshot::inputs::GivenInputs;
use mlrun::progress::Silent;
use serde_json::Value;

use super::gate::Gate;

const PREDICTIONS: &str = "[model.fraud.predictions.test]\npath = \"p.csv\"\nkey = [\"id\"]\nlabel = \"y\"\nscore = \"p\"\n\
                           positive = 1\nslices = [\"country\", \"plan\"]\n";
const DATA: &str = "[model.fraud.data.train]\npath = \"train.csv\"\n";

fn fixture(name: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/compare/fixtures");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

fn files(side: &str) -> Vec<(&'static str, String)> {
    vec![("p.csv", fixture(&format!("binary_{side}.csv"))), ("train.csv", fixture(&format!("train_{side}.csv")))]
}

/// Two versions of other predictions and other data.
fn two(config: &str) -> Gate {
    let mut gate = Gate::new(config, &files("a"));
    gate.version(&files("b"));
    gate
}

fn only(gate: &Gate, a: &str, b: &str, sections: &[Section]) -> DiffReport {
    let options = DiffOptions {
        a: Some(a.to_owned()),
        b: Some(b.to_owned()),
        given: GivenInputs { folder: gate.repo.path(), ..GivenInputs::default() },
        sections: Sections::only(sections.iter().copied()),
        ..DiffOptions::default()
    };
    diff(&gate.repo.open(), &options, &Silent).unwrap()
}

fn measured(report: &DiffReport) -> &Vec<ComparedMetric> {
    report.diff.measured[0].metrics.as_ref().unwrap()
}

fn metric<'r>(report: &'r DiffReport, name: &str) -> &'r ComparedMetric {
    measured(report).iter().find(|metric| metric.metric == name).unwrap()
}

/// Closed forms, resampled cells and resampled rows, one of some rows only; drift by every row where profiles hold every value.
#[test]
fn the_numbers_are_those_of_the_certificate() {
    let mut gate = two(&format!("{PREDICTIONS}{DATA}"));
    let rule = |id: &str, metric: &str| format!("[[rule]]\nid = \"{id}\"\nmetric = {metric}\nmargin = 0.2\n");
    let names = ["roc_auc", "log_loss", "accuracy", "f1", "average_precision", "brier"];
    let mut rules: String = names.map(|name| rule(name, &format!("\"{name}\""))).concat();
    rules += &format!("{}where = {{ country = [\"DE\"] }}\n", rule("german", "\"recall\""));
    for column in ["amount", "country", "age"] {
        rules += &format!(
            "[[rule]]\nid = \"drift-{column}\"\nmetric = {{ drift = \"psi\", of = \"train\", columns = [\"{column}\"] }}\nmax = 9\n"
        );
    }
    gate.policy(&rules);
    let report = only(&gate, "v1", "v2", &[]);
    // An interval of 95 % ends at two bounds that are each by itself at 97.5 %.
    assert_eq!((report.diff.measured[0].confidence, report.diff.measured[0].tails), (0.95, Tails::Two));
    gate.repo.write("policy.toml", format!("schema = 1\ntask = \"binary\"\n[stats]\nconfidence = 0.975\n{rules}"));
    let certificate = gate.certify().statement.predicate;
    for name in names.into_iter().chain(["german"]) {
        let judged = certificate.results.iter().find(|result| result.rule == name).unwrap();
        let shown = measured(&report).iter().find(|metric| metric.rule.as_deref() == Some(name)).unwrap();
        let found = shown.found.as_ref().unwrap();
        let numbers = [found.candidate, found.baseline, found.delta, found.lower, found.upper];
        let theirs = [judged.candidate, judged.baseline, judged.delta, judged.lower, judged.upper];
        assert_eq!(numbers.map(Some), theirs, "{name}");
        assert_eq!((found.n, Some(found.method.name())), (judged.n, judged.method.as_deref()), "{name}");
        assert_eq!(shown.slice, judged.slice, "{name}");
    }
    let table = &report.diff.tables["train"];
    for column in &table.drift.as_ref().unwrap().columns {
        let wanted = format!("drift-{}", column.name);
        let judged = certificate.results.iter().find(|result| result.rule == wanted).unwrap();
        // Of more values than profiles list, a rule reads the rows.
        assert_eq!(column.approximate, column.name != "country", "{column:?}");
        assert_eq!(column.psi.clone().ok() == judged.candidate, !column.approximate, "{column:?}, {judged:?}");
    }
    assert_eq!(report.remarks, Vec::<String>::new());
}

/// As pandas has them.
#[track_caller]
fn training_is(table: &TableDiff, keyed: bool) {
    let expected: Value = serde_json::from_str(&fixture("goldens.json")).unwrap();
    let expected = &expected["training"];
    let rows = table.rows.as_ref().unwrap();
    let changes = serde_json::json!([rows.changes.added, rows.changes.removed, rows.changes.changed]);
    if keyed {
        assert_eq!((&changes, rows.key.as_slice()), (&expected["by_id"], ["id".to_owned()].as_slice()));
    } else {
        assert_eq!(serde_json::json!([changes[0], changes[1]]), expected["without_key"]);
    }
    assert_eq!(rows.without, ["income", "gone"]);
    let drift = table.drift.as_ref().unwrap();
    let names: Vec<&str> = drift.columns.iter().map(|column| column.name.as_str()).collect();
    // The furthest first; a key that counts on is no drift, whether or not anybody says that it is one.
    assert_eq!(names, ["amount", "country", "age"]);
    assert_eq!(drift.left_out, ["id"]);
    for column in &drift.columns {
        let expected = &expected["columns"][&column.name];
        let psi = if column.approximate { "psi_of_profiles" } else { "psi" };
        let near = |found: f64, expected: &Value| (found - expected.as_f64().unwrap()).abs() < 1e-9;
        assert!(near(*column.psi.as_ref().unwrap(), &expected[psi]), "{column:?}, not {expected}");
        assert_eq!(serde_json::json!([column.nulls.0, column.nulls.1]), expected["nulls"], "{column:?}");
        assert_eq!(serde_json::json!([column.distinct.0, column.distinct.1]), expected["distinct"], "{column:?}");
        match column.mean {
            (Some(a), Some(b)) => assert!(near(a, &expected["mean"][0]) && near(b, &expected["mean"][1]), "{column:?}"),
            _ => assert!(expected["mean"].is_null()),
        }
        let shape = column.shape.as_ref().unwrap();
        assert_eq!(shape.a.len(), shape.b.len());
    }
}

#[test]
fn training_data_as_pandas_has_it_whoever_is_the_workspace() {
    let gate = two(&format!("{PREDICTIONS}{DATA}key = [\"id\"]\n"));
    let table = |a: &str, b: &str| only(&gate, a, b, &[Section::Data]).diff.tables["train"].clone();
    training_is(&table("v1", "v2"), true);
    training_is(&table("v1", "workspace"), true);
    let back = table("workspace", "v1");
    let changes = back.rows.unwrap().changes;
    assert_eq!((changes.added, changes.removed), (60, 150));
    assert_eq!(only(&gate, "v2", "workspace", &[Section::Data]).diff.tables.len(), 0);
}

#[test]
fn without_a_key_rows_are_compared_as_they_are() {
    let mut gate = two(&format!("{PREDICTIONS}{DATA}"));
    let table = |gate: &Gate| only(gate, "v1", "v2", &[Section::Data]).diff.tables["train"].clone();
    training_is(&table(&gate), false);
    // A rule that asks for a key to be unique names it.
    let unique = "[[rule]]\nid = \"u\"\nmetric = { data = \"unique\", of = \"train\", key = [\"id\"] }\nmax = 0\n";
    gate.policy(unique);
    training_is(&table(&gate), true);
    // One that is not: said, and passed over.
    gate.policy(&unique.replace("\"id\"]", "\"country\"]"));
    let rows = table(&gate).rows.unwrap();
    assert_eq!(rows.doubt.as_deref(), Some("`country` is not different in every row"));
    assert!(rows.key.is_empty() && rows.changes.changed.is_none());
}

#[test]
fn of_a_fingerprint_only_the_profile_is_left() {
    let mut gate = two(&format!("{PREDICTIONS}{DATA}store = \"hash\"\n"));
    let table = only(&gate, "v1", "v2", &[Section::Data]).diff.tables["train"].clone();
    let reason = table.rows.unwrap_err();
    assert!(reason.contains("fraud@v1: the data `train` is not in the store"), "{reason}");
    // Whether the rows are here, gone, or other ones makes no difference.
    gate.repo.write("train.csv", "nothing\n1\n");
    let again = only(&gate, "v1", "v2", &[Section::Data]).diff.tables["train"].clone();
    assert_eq!(table.drift.as_ref().unwrap(), again.drift.as_ref().unwrap());
    // A rule that has nothing else either has the same numbers.
    let rules = ["amount", "country", "age"].map(|column| {
        format!(
            "[[rule]]\nid = \"{column}\"\nmax = 9\nmetric = {{ drift = \"psi\", of = \"train\", columns = [\"{column}\"], \
             approximate = true }}\n"
        )
    });
    gate.policy(&rules.concat());
    let certificate = gate.certify().statement.predicate;
    for column in &table.drift.unwrap().columns {
        let judged = certificate.results.iter().find(|result| result.rule == column.name).unwrap();
        assert_eq!(column.psi.clone().ok(), judged.candidate, "{column:?}");
        let p = judged.sufficient.get(&format!("{}.p", column.name)).copied();
        assert_eq!(column.p, p.filter(|_| !column.approximate), "{column:?}");
        let method = judged.method.as_deref().unwrap();
        assert_eq!(column.approximate, method.contains("estimated from deciles"), "{column:?}: {method}");
    }
}

#[test]
fn what_is_only_declared_says_so() {
    let declared =
        |tag: &str| format!("[model.fraud.data.far]\nuri = \"s3://bucket/far\"\nchecksum = \"etag:{tag}\"\n");
    let mut gate = Gate::new(&declared("a"), &[]);
    let config = String::from_utf8(gate.repo.read("mlrun.toml")).unwrap();
    gate.version(&[("mlrun.toml", config.replace("etag:a", "etag:b"))]);
    let report = only(&gate, "v1", "v2", &[Section::Data]);
    let table = &report.diff.tables["far"];
    let reason = table.rows.as_ref().unwrap_err();
    assert!(reason.contains("recorded as declared") && table.drift.as_ref() == Err(reason), "{table:?}");
}

#[test]
fn only_what_was_asked_for_is_there() {
    let gate = two(&format!("{PREDICTIONS}{DATA}"));
    let of = |sections: &[Section]| {
        let diff = only(&gate, "v1", "v2", sections).diff;
        (diff.metrics.len(), diff.measured.len(), diff.predictions.len(), diff.tables.len())
    };
    assert_eq!(of(&[Section::Metrics]), (1, 1, 0, 0));
    assert_eq!(of(&[Section::Predictions]), (0, 0, 1, 0));
    assert_eq!(of(&[Section::Data]), (0, 0, 0, 1));
    assert_eq!(of(&[Section::Params]), (0, 0, 0, 0));
    // Nothing is read that is the same.
    let same = only(&gate, "v2", "workspace", &[]).diff;
    assert!(same.measured.is_empty() && same.predictions.is_empty() && same.is_empty(), "{same:?}");
}

#[test]
fn flips_and_the_rows_behind_them() {
    let gate = two(PREDICTIONS);
    let report = only(&gate, "v1", "v2", &[Section::Predictions]);
    let set = &report.diff.predictions[0];
    let rows = set.rows.as_ref().unwrap().as_ref().unwrap();
    let expected: Value = serde_json::from_str(&fixture("goldens.json")).unwrap();
    let sides = rows.answers.as_ref().unwrap().sides.as_ref().unwrap().as_ref().unwrap();
    let flips = &expected["binary"]["flips"];
    assert_eq!(
        serde_json::json!([rows.both, sides.worse, sides.better]),
        serde_json::json!([600, flips["right_to_wrong"], flips["wrong_to_right"]])
    );
    assert!(report.diff.differs_in(Section::Predictions));
}

#[test]
fn the_project_says_which_way_is_better() {
    let config = "[model.fraud.keep]\nbest = \"churn:min:2\"\n";
    let numbers = |churn: f64, auc: f64| {
        vec![("metrics.json", format!("{{\"churn\": {churn}, \"auc\": {auc}, \"odd\": {churn}, \"loss\": {churn}}}"))]
    };
    let mut gate = Gate::new(config, &numbers(0.3, 0.8));
    gate.version(&numbers(0.2, 0.7));
    let report = only(&gate, "v1", "v2", &[Section::Metrics]);
    let said = |name: &str| {
        let item = report.diff.metrics.iter().find(|item| item.name == name).unwrap();
        let direction = report.diff.directions[name];
        (direction, Verdict::of_reported(item, direction).unwrap())
    };
    assert_eq!(said("churn"), (Direction::Lower, Verdict::Better));
    assert_eq!(said("auc"), (Direction::Higher, Verdict::Worse));
    assert_eq!(said("loss"), (Direction::Lower, Verdict::Better));
    assert_eq!(said("odd"), (Direction::Unknown, Verdict::Unknown));
    // Rules that cannot be read keep nobody from comparing.
    gate.repo.write("policy.toml", "schema = 1\ntask = \"binary\"\n[[rule]]\nid = 7\n");
    let report = only(&gate, "v1", "v2", &[Section::Metrics]);
    assert!(report.remarks[0].contains("without the policy"), "{:?}", report.remarks);
    assert_eq!(report.diff.directions["auc"], Direction::Higher);
}

#[test]
fn what_was_erased_is_said() {
    let gate = two(PREDICTIONS);
    let target = Target::File { path: "p.csv".to_owned(), folder: gate.repo.path() };
    let options =
        PurgeOptions { revision: "v1".to_owned(), at: None, target, reason: "request 4711".to_owned(), dry_run: false };
    purge(&gate.repo.open(), &options, &Silent).unwrap();
    let report = only(&gate, "v1", "v2", &[Section::Metrics, Section::Predictions]);
    let reason = report.diff.measured[0].metrics.as_ref().unwrap_err();
    assert!(reason.contains("`p.csv` of `fraud@v1` was erased") && reason.contains("request 4711"), "{reason}");
    assert_eq!(report.diff.predictions[0].rows.as_ref().unwrap().as_ref().unwrap_err(), reason);
    assert_eq!(report.erased.len(), 1);
}

/// A policy is no part of a version: without one the cells say what kind of prediction it is.
#[test]
fn no_policy_is_no_reason_to_show_nothing() {
    let gate = two(PREDICTIONS);
    let with = only(&gate, "v1", "v2", &[Section::Metrics]);
    let config = String::from_utf8(gate.repo.read("mlrun.toml")).unwrap();
    gate.repo.write("mlrun.toml", config.replace("policy = \"policy.toml\"\n", ""));
    let without = only(&gate, "v1", "v2", &[Section::Metrics]);
    assert_eq!(measured(&with), measured(&without));
    assert_eq!(Verdict::of_measured(metric(&with, "roc_auc")), Verdict::Better);
}
