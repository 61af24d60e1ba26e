//! Certificates examined again after the training data that they rest on has gone.

use std::fmt::Write as _;
use std::fs;

use mlrun::format::certificate::Verdict;
use mlrun::ops::recheck::{RecheckOptions, RecheckReport, Shown, recheck};
use mlrun::progress::Silent;

use super::gate::Gate;
use crate::support::noise::next;

const CONFIG: &str = "[model.fraud.data.train]\npath = \"train.csv\"\n\
                      [model.fraud.data.held]\npath = \"held.csv\"\n";

fn table(seed: u64, shift: f64) -> String {
    let mut text = "id,age,day,site\n".to_owned();
    for row in 0..400_u64 {
        let age = (next(&mut (seed * 7919 + row)) % 10_000) as f64 / 100.0 + shift;
        writeln!(text, "{row},{age:.2},2026-02-{:02},x", row % 28 + 1).unwrap();
    }
    text
}

/// v2 certified by these rules, while its training data was there.
fn certified(rules: &str, shift: f64) -> Gate {
    let held = "id,age\n9001,10\n9002,20\n".to_owned();
    let mut gate = Gate::new(CONFIG, &[("train.csv", table(1, 0.0)), ("held.csv", held)]);
    // From now on its data is hashed where it lies.
    let config = String::from_utf8(gate.repo.read("mlrun.toml")).unwrap();
    gate.repo.write("mlrun.toml", config.replace("train.csv\"", "train.csv\"\nstore = \"hash\""));
    gate.version(&[("train.csv", table(2, shift))]).policy(rules);
    gate.certify();
    gate
}

fn rechecked(gate: &Gate) -> RecheckReport {
    let options =
        RecheckOptions { certificate: "v2".to_owned(), folder: gate.repo.path(), ..RecheckOptions::default() };
    recheck(Some(&gate.repo.open()), &options, &Silent).unwrap()
}

fn rule(metric: &str, more: &str) -> String {
    format!("[[rule]]\nid = \"r\"\nmetric = {metric}\n{more}\n")
}

#[track_caller]
fn not_reached(shown: &Shown) -> &str {
    match shown {
        Shown::NotReached { why } => why,
        other => panic!("{other:?}"),
    }
}

/// Every rule that reads training rows: what is gone is no contradiction.
#[test]
fn training_data_that_is_gone_is_not_reached() {
    let kinds = [
        (rule("{ drift = \"ks\", of = \"train\", columns = [\"age\"] }", "max = 0.2"), Verdict::Pass),
        (rule("{ data = \"unique\", of = \"train\", key = [\"id\", \"day\"] }", ""), Verdict::Pass),
        (rule("{ leakage = \"held\", of = \"train\", key = [\"id\"] }", ""), Verdict::Pass),
        (rule("{ data = \"freshness\", of = \"train\", column = \"day\" }", "max = 30"), Verdict::Pass),
        (rule("{ data = \"unique\", of = \"train\", key = [\"day\", \"site\"] }", ""), Verdict::Fail),
    ];
    for (rules, verdict) in kinds {
        let gate = certified(&rules, 0.0);
        let there = rechecked(&gate);
        assert_eq!((there.statement.predicate.verdict, there.level()), (verdict, Some(3)), "{rules}: {there:#?}");
        fs::remove_file(gate.repo.path().join("train.csv")).unwrap();
        let gone = rechecked(&gate);
        assert_eq!(gone.level(), Some(1), "{rules}: {:#?}", gone.levels);
        assert!(!gone.is_broken() && !gone.is_outdated(), "{rules}: {:?}", gone.levels);
        let why = not_reached(&gone.levels[2]);
        assert!(why.ends_with("; all else comes out again"), "{why}");
        // Of drift deciles may still tell enough.
        let is_drift = rules.contains("drift");
        assert!(is_drift || why.contains("is not in the store, and not where it was"), "{why}");
        let today = &gone.levels[3];
        assert!(is_drift || not_reached(today).starts_with("the policy is the same today; "), "{today:?}");
        // Another file in its place is no better than none.
        gate.repo.write("train.csv", "id,age,day,site\n1,2,2026-02-01,x\n");
        let other = rechecked(&gate);
        assert!(
            is_drift || not_reached(&other.levels[2]).contains("where it was is another file"),
            "{:?}",
            other.levels
        );
    }
}

/// What of a version is still there is held against its certificate all the same.
#[test]
fn what_is_still_there_is_compared_though_other_data_is_gone() {
    let rules = rule("{ data = \"unique\", of = \"train\", key = [\"id\", \"day\"] }", "");
    let gate = certified(&rules, 0.0);
    fs::remove_file(gate.repo.path().join("train.csv")).unwrap();
    // Today's rules say no, whatever becomes of the one that cannot be judged.
    let mut gate = gate;
    gate.policy(&format!(
        "{rules}[[rule]]\nid = \"high\"\nmetric = {{ reported = \"auc\", better = \"higher\" }}\nmin = 0.99\non = \"point\"\n"
    ));
    let report = rechecked(&gate);
    assert!(report.is_outdated() && !report.is_broken(), "{:?}", report.levels);
}

/// A column's distance is derived again from its rows, and a profile that tells it needs none.
#[test]
fn drift_is_derived_again() {
    for shift in [0.0, 30.0] {
        let gate = certified(&rule("{ drift = \"psi\", of = \"train\", columns = [\"age\"] }", "max = 0.25"), shift);
        let report = rechecked(&gate);
        assert_eq!(report.level(), Some(3), "{report:#?}");
        let expected = if shift > 0.0 { Verdict::Fail } else { Verdict::Pass };
        assert_eq!(report.statement.predicate.verdict, expected);
        assert!(report.examination.unknown().is_empty(), "{:?}", report.examination.unknown());
    }
}
