//! Rules on training data, through snapshots: what of it is kept decides what can be known.

use std::fmt::Write as _;
use std::time::Duration;

use mlrun::format::certificate::Verdict;

use super::gate::{Gate, result, said};
use crate::support::noise::next;

const DATA: &str = "[model.fraud.data.train]\npath = \"train.csv\"\n";
const HASHED: &str = "[model.fraud.data.train]\npath = \"train.csv\"\nstore = \"hash\"\n";

/// Numbers, categories, a key and a date.
fn table(seed: u64, rows: u64, shift: f64, countries: &[&str]) -> String {
    let mut text = "id,age,income,country,day\n".to_owned();
    for row in 0..rows {
        let random = |salt: u64| (next(&mut (seed * 1_000_003 + row * 7 + salt)) % 100_000) as f64 / 1000.0;
        // Sums of three are nearly normal.
        let age = random(1) + random(2) + random(3) + shift;
        let country = countries[(random(5) as usize) % countries.len()];
        let day = row % 28 + 1;
        writeln!(text, "{row},{age:.3},{:.2},{country},2026-02-{day:02}", random(4)).unwrap();
    }
    text
}

const FOUR: &[&str] = &["DE", "FR", "IT", "ES"];

fn train(seed: u64, shift: f64) -> Vec<(&'static str, String)> {
    vec![("train.csv", table(seed, 600, shift, FOUR))]
}

#[test]
fn drift_is_found_in_the_column_that_has_it() {
    let mut gate = Gate::new(DATA, &train(1, 0.0));
    gate.version(&[]);
    for drift in ["psi", "js", "chi2", "ks", "wasserstein"] {
        let same = gate.rule(&format!("{{ drift = \"{drift}\", of = \"train\" }}"), "max = 0.1");
        assert_eq!((said(&same).as_str(), same.method.as_deref()), ("PASS: -", Some("the same data")));
    }
    // Another sample of the same: every distance is small.
    gate.version(&train(2, 0.0));
    for (drift, max) in [("psi", 0.25), ("js", 0.2), ("chi2", 0.2), ("ks", 0.12), ("wasserstein", 0.2)] {
        let found = gate.rule(
            &format!("{{ drift = \"{drift}\", of = \"train\", columns = [\"age\", \"income\"] }}"),
            &format!("max = {max}"),
        );
        assert_eq!(said(&found), "PASS: -", "{drift}");
        assert!(found.candidate.unwrap() > 0.0 && found.n == 600);
        assert!(found.sufficient["age.p_bh"] > 0.05, "{:?}", found.sufficient);
    }
    // One column moved by a standard deviation.
    gate.version(&train(3, 50.0));
    for (drift, max) in [("psi", 0.25), ("js", 0.2), ("chi2", 0.2), ("ks", 0.12), ("wasserstein", 0.2)] {
        let found = gate.rule(&format!("{{ drift = \"{drift}\", of = \"train\" }}"), &format!("max = {max}"));
        let reason = said(&found);
        assert!(reason.starts_with("FAIL: 1 of ") && reason.contains("`age`"), "{drift}: {reason}");
        let only = gate.rule(
            &format!("{{ drift = \"{drift}\", of = \"train\", columns = [\"income\"] }}"),
            &format!("max = {max}"),
        );
        assert_eq!(said(&only), "PASS: -", "{drift}");
    }
    // A column of five: more than a tenth, less than a half.
    let share = "{ drift = \"psi\", of = \"train\", above = 0.25 }";
    let found = gate.rule(share, "max = 0.1");
    assert!(said(&found).starts_with("FAIL: 1 of 4 columns drifted: `age` psi "), "{}", said(&found));
    let found = gate.rule(share, "max = 0.5");
    assert_eq!((said(&found).as_str(), found.candidate), ("PASS: -", Some(0.25)));
    let found = gate.rule("{ drift = \"psi\", of = \"train\" }", "max = \"unset\"");
    assert!(
        said(&found).starts_with("INCONCLUSIVE: the limit is unset; today's furthest column is `age`"),
        "{}",
        said(&found)
    );
}

#[test]
fn categories_drift_too() {
    let mut gate = Gate::new(DATA, &train(1, 0.0));
    gate.version(&[("train.csv", table(2, 600, 0.0, &["DE", "DE", "DE", "FR", "XX"]))]);
    let found = gate.rule("{ drift = \"psi\", of = \"train\" }", "max = 0.25");
    assert!(said(&found).contains("`country` psi"), "{}", said(&found));
    // Those that are new are a bin of their own.
    assert!(found.sufficient["country.low"] > 1.0);
    let found = gate.rule("{ drift = \"chi2\", of = \"train\", columns = [\"country\"] }", "max = 0.2");
    assert!(found.verdict == Verdict::Fail && found.sufficient["country.low"] > 0.4);
    let found = gate.rule("{ drift = \"ks\", of = \"train\", columns = [\"country\"] }", "max = 0.2");
    assert_eq!(said(&found), "INCONCLUSIVE: `country`: it is not of numbers in both");
}

/// A large distance of few rows may be chance: that is neither drift nor its absence.
#[test]
fn few_rows_prove_no_drift() {
    let mut gate = Gate::new(DATA, &[("train.csv", table(1, 12, 0.0, FOUR))]);
    gate.version(&[("train.csv", table(2, 12, 10.0, FOUR))]);
    let found = gate.rule("{ drift = \"psi\", of = \"train\", columns = [\"age\"] }", "max = 0.1");
    assert!(found.candidate.unwrap() > 0.1 && found.sufficient["age.p_bh"] > 0.05);
    assert!(said(&found).starts_with("INCONCLUSIVE: above 0.1 as it may be by chance"), "{}", said(&found));
}

/// Without the rows, what follows from deciles alone: bounds, or an estimate that a policy accepts.
#[test]
fn rows_that_are_gone_are_not_made_up() {
    let psi = "{ drift = \"psi\", of = \"train\", columns = [\"age\"] }";
    let approximate = "{ drift = \"psi\", of = \"train\", columns = [\"age\"], approximate = true }";
    let mut gate = Gate::new(HASHED, &train(1, 0.0));
    gate.version(&train(2, 60.0));
    // Where it was found it still is what it was.
    let exact = gate.rule(psi, "max = 0.25");
    assert_eq!(exact.verdict, Verdict::Fail);
    gate.repo.write("train.csv", "id,age\n1,2\n");
    let found = gate.rule(psi, "max = 0.25");
    let reason = said(&found);
    assert!(reason.starts_with("INCONCLUSIVE: `age`: its rows are not here; of the deciles"), "{reason}");
    assert!(reason.ends_with("and where it was is another file)"), "{reason}");
    let found = gate.rule(approximate, "max = 0.25");
    assert!(said(&found).starts_with("FAIL: 1 of 1 columns drifted"), "{}", said(&found));
    assert_eq!(found.method.as_deref(), Some("psi, estimated from deciles; benjamini-hochberg over 1 columns"));
    let near = found.candidate.unwrap() / exact.candidate.unwrap();
    assert!((0.7..1.4).contains(&near), "{near}");
    // Bounds decide where they lie on one side.
    let ks = |max: f64| (format!("max = {max}"), "{ drift = \"ks\", of = \"train\", columns = [\"age\"] }");
    let (max, metric) = ks(0.2);
    assert_eq!(gate.rule(metric, &max).verdict, Verdict::Fail);
    let (max, metric) = ks(0.99);
    assert_eq!(gate.rule(metric, &max).verdict, Verdict::Pass);
    let (low, high) = {
        let found = gate.rule(metric, "max = 0.2");
        (found.sufficient["age.low"], found.sufficient["age.high"])
    };
    let (max, metric) = ks(f64::midpoint(low, high));
    assert!(said(&gate.rule(metric, &max)).starts_with("INCONCLUSIVE"), "{low} {high}");
}

#[test]
fn what_a_table_is_like() {
    let mut gate = Gate::new(DATA, &train(1, 0.0));
    let bad = "id,age,country,day,extra\n1,-3,DE,2026-02-01,a\n2,,FR,2026-02-02,b\n2,45,XX,2026-02-03,c\n4,50,DE,2026-02-04,d\n";
    gate.version(&[("train.csv", bad.to_owned())]);
    let mut check = |metric: &str, more: &str| said(&gate.rule(&format!("{{ {metric}, of = \"train\" }}"), more));
    assert_eq!(check("data = \"null_share\"", "max = 0.1"), "FAIL: share of missing cells: `age` 0.25");
    assert_eq!(check("data = \"null_share\", column = \"country\"", "max = 0.0"), "PASS: -");
    assert_eq!(check("data = \"rows\"", "min = 100"), "FAIL: 4 rows, the limit is 100");
    assert_eq!(check("data = \"rows\"", "max = 100"), "PASS: -");
    assert_eq!(check("data = \"schema\"", ""), "FAIL: `age` is integer, not float, `income` is missing");
    assert_eq!(
        check("data = \"range\", column = \"age\", low = 0, high = 49.5", ""),
        "FAIL: the least value of `age` is -3, below 0, the greatest value of `age` is 50, above 49.5"
    );
    assert_eq!(check("data = \"range\", column = \"age\", low = -3, high = 50", ""), "PASS: -");
    assert!(
        check("data = \"range\", column = \"country\", low = 0", "")
            .starts_with("INCONCLUSIVE: `country` has no least")
    );
    assert_eq!(check("data = \"unique\", key = [\"id\"]", ""), "FAIL: 1 of 4 rows repeat a key of `id` or have none");
    assert_eq!(check("data = \"unique\", key = [\"id\", \"day\"]", ""), "PASS: -");
    assert_eq!(check("data = \"freshness\", column = \"day\"", "max = 26"), "PASS: -");
    assert_eq!(
        check("data = \"freshness\", column = \"day\"", "max = 14"),
        "FAIL: the newest `day` is 2026-02-04 00:00:00.000Z, 25.5 days before the snapshot"
    );
    assert!(
        check("data = \"freshness\", column = \"age\"", "max = 14")
            .starts_with("INCONCLUSIVE: `age` is integer, no date")
    );
    // Three values of four rows are mostly distinct: they are not listed, so they are not known.
    assert!(
        check("data = \"categories\", column = \"country\"", "").starts_with("INCONCLUSIVE: profile lists no values")
    );
    let report = gate.certify();
    assert!(report.statement.predicate.evidence.iter().any(|e| e.kind == "profile" && e.role == "candidate"));
}

#[test]
fn categories_that_are_missing_fail_and_new_ones_are_news() {
    let mut gate = Gate::new(DATA, &train(1, 0.0));
    gate.version(&[("train.csv", table(2, 600, 0.0, &["DE", "FR", "XX"]))]);
    let found = gate.rule("{ data = \"categories\", of = \"train\", column = \"country\" }", "");
    assert_eq!(said(&found), "FAIL: no row has `country` = `ES`, no row has `country` = `IT`");
    let remarks = gate.certify().statement.predicate.remarks;
    assert!(remarks.contains(&"rule `r`: new in `country`: `XX`".to_owned()), "{remarks:?}");
    let allowed = "{ data = \"categories\", of = \"train\", column = \"country\", allowed = [\"DE\", \"FR\"] }";
    assert_eq!(said(&gate.rule(allowed, "")), "FAIL: `country` = `XX`");
}

#[test]
fn volume_is_held_against_what_it_was() {
    let rows = |seed, rows| vec![("train.csv", table(seed, rows, 0.0, FOUR))];
    let mut gate = Gate::new(DATA, &rows(1, 600));
    let metric = "{ data = \"rows\", of = \"train\", last = 10 }";
    gate.version(&rows(2, 610)).version(&rows(3, 605));
    assert_eq!(said(&gate.rule(metric, "")), "INCONCLUSIVE: 2 earlier tables of `train` are known, 3 needed");
    gate.version(&rows(4, 595)).version(&rows(5, 612));
    let found = gate.rule(metric, "");
    assert_eq!(said(&found), "PASS: -");
    // The median of 600, 610, 605, 595 is 602.5, of the distances 5.
    assert!((found.candidate.unwrap() - 9.5 / (1.4826 * 5.0)).abs() < 1e-12);
    gate.version(&rows(6, 300));
    assert!(said(&gate.rule(metric, "")).starts_with("FAIL: 300 rows, "));
}

#[test]
fn rows_that_were_trained_on_leak() {
    let predictions = |from: u64| {
        let rows = (from..from + 10)
            .fold("id,y,p\n".to_owned(), |text, row| format!("{text}{row},{},0.{}\n", row % 2, row % 9 + 1));
        vec![("predictions.csv", rows)]
    };
    let config = "[model.fraud.data.train]\npath = \"train.csv\"\n[model.fraud.data.held]\npath = \"held.csv\"\n\
                  [model.fraud.predictions.test]\npath = \"predictions.csv\"\nkey = [\"id\"]\nlabel = \"y\"\nscore = \"p\"\npositive = 1\n";
    let held = "age,country\n1,DE\n2,FR\n3,DE\n";
    let files =
        [("train.csv", "id,age,country\n1,10,DE\n2,20,FR\n3,30,IT\n".to_owned()), ("held.csv", held.to_owned())];
    let mut gate = Gate::new(config, &[files.to_vec(), predictions(100)].concat());
    gate.version(&[]);
    let metric = "{ leakage = \"test\", of = \"train\" }";
    let clean = gate.rule(metric, "");
    assert_eq!((said(&clean).as_str(), clean.n), ("PASS: -", 10));
    assert!(gate.certify().statement.predicate.evidence.iter().any(|e| e.kind == "data"));
    gate.version(&predictions(2));
    assert_eq!(said(&gate.rule(metric, "")), "FAIL: 2 of 10 rows of `test` are in `train`, too: id=2, id=3");
    assert_eq!(said(&gate.rule(metric, "max = 2")), "PASS: -");
    // Whole rows, by the columns both have.
    assert_eq!(said(&gate.rule("{ leakage = \"held\", of = \"train\" }", "")), "PASS: -");
    gate.version(&[("held.csv", "age,country\n1,DE\n20,FR\n".to_owned())]);
    assert_eq!(
        said(&gate.rule("{ leakage = \"held\", of = \"train\" }", "")),
        "FAIL: 1 of 2 rows of `held` are in `train`, too: age=20, country=FR"
    );
    assert!(
        said(&gate.rule("{ leakage = \"test\", of = \"train\", key = [\"y\"] }", "")).contains("has no column `y`")
    );
    assert!(
        gate.refused("{ leakage = \"tset\", of = \"train\" }", "")
            .contains("there is no predictions or data set `tset`")
    );
    assert!(gate.refused("{ leakage = \"test\", of = \"trian\" }", "").contains("there is no data set `trian`"));
}

/// Keys that are never spelled alike are never found: that says nothing of what was trained on.
#[test]
fn keys_that_are_spelled_in_two_ways() {
    let config = "[model.fraud.data.train]\npath = \"train.csv\"\n[model.fraud.data.held]\npath = \"held.csv\"\n";
    let train =
        |keys: [&str; 3]| ("train.csv", keys.iter().fold("id,v\n".to_owned(), |text, key| format!("{text}{key},1\n")));
    let held =
        |keys: [&str; 3]| ("held.csv", keys.iter().fold("id,w\n".to_owned(), |text, key| format!("{text}{key},2\n")));
    let mut gate = Gate::new(config, &[train(["7", "8", "9"]), held(["17", "18", "19"])]);
    let metric = "{ leakage = \"held\", of = \"train\", key = [\"id\"] }";
    let mut judged = |ours: [&str; 3], theirs: [&str; 3]| {
        gate.version(&[held(ours), train(theirs)]);
        said(&gate.rule(metric, ""))
    };
    assert_eq!(judged(["17", "18", "19"], ["7", "8", "9"]), "PASS: -");
    assert_eq!(judged(["u-17", "u-18", "u-19"], ["u-7", "u-8", "u-9"]), "PASS: -");
    let doubt = "INCONCLUSIVE: the keys of `held` and `train` are spelled in two ways: ";
    for (ours, first) in [
        (["000007", "000018", "000019"], "id=000007 would"),
        (["\" 7\"", "\"18 \"", "\"8 \""], "id= 7 and 1 more would"),
        (["7.0x", "7.0", "x9"], "id=7.0 would"),
    ] {
        let found = judged(ours, ["7", "8", "9"]);
        assert!(found.starts_with(&format!("{doubt}but for how they are spelled, {first}")), "{found}");
    }
    assert_eq!(
        judged(["user-17", "user-18", "user-19"], ["7", "8", "9"]),
        format!("{doubt}no `id` of one is spelled as any of the other: `user-17`, `7`")
    );
    // One that is found stands, whatever else there is.
    assert!(judged(["7", "user-18", "user-19"], ["7", "8", "9"]).starts_with("FAIL: 1 of 3 rows"));
}

#[test]
fn a_leak_that_cannot_be_looked_for_is_not_excluded() {
    let config = "[model.fraud.data.train]\npath = \"train.csv\"\nstore = \"hash\"\n\
                  [model.fraud.data.held]\npath = \"held.csv\"\n";
    let table = "id,age\n1,10\n2,20\n".to_owned();
    let mut gate = Gate::new(config, &[("train.csv", table), ("held.csv", "id,age\n9,90\n".to_owned())]);
    gate.version(&[]);
    let metric = "{ leakage = \"held\", of = \"train\", key = [\"id\"] }";
    assert_eq!(said(&gate.rule(metric, "")), "PASS: -");
    gate.repo.write("train.csv", "id,age\n7,10\n");
    assert!(
        said(&gate.rule(metric, ""))
            .starts_with("INCONCLUSIVE: the data `train` is not in the store, and where it was")
    );
    std::fs::remove_file(gate.repo.path().join("train.csv")).unwrap();
    assert_eq!(
        said(&gate.rule(metric, "")),
        "INCONCLUSIVE: the data `train` is not in the store, and not where it was"
    );
}

/// The files as they are have no profile yet: it is found out, and nothing is written.
#[test]
fn a_look_at_the_workspace_profiles_its_data() {
    let mut gate = Gate::new(DATA, &train(1, 0.0));
    gate.policy(
        "[[rule]]\nid = \"r\"\nmetric = { drift = \"psi\", of = \"train\", columns = [\"age\"] }\nmax = 0.25\n",
    );
    gate.repo.write("train.csv", table(3, 600, 50.0, FOUR)).write("model/weights.txt", "other");
    let found = result(&gate.check());
    assert!(said(&found).starts_with("FAIL: 1 of 1 columns drifted by more than 0.25: `age`"), "{}", said(&found));
    gate.repo.clock.advance(Duration::from_secs(86_400 * 3));
    gate.policy("[[rule]]\nid = \"r\"\nmetric = { data = \"freshness\", of = \"train\", column = \"day\" }\nmax = 3\n");
    let found = result(&gate.check());
    // The newest day is the 28th of February, the clock shows noon of the 4th of March.
    assert!(said(&found).ends_with("4.5 days before the snapshot"), "{}", said(&found));
}

#[test]
fn nothing_can_be_said_of_what_is_no_table() {
    let mut gate = Gate::new("[model.fraud.data.train]\npath = \"train.txt\"\n", &[("train.txt", "hello".to_owned())]);
    gate.version(&[("train.txt", "other".to_owned())]);
    for metric in [
        "drift = \"psi\"",
        "data = \"null_share\"",
        "data = \"schema\"",
        "data = \"rows\"",
        "data = \"range\", column = \"a\", low = 0",
    ] {
        let found = gate.rule(&format!("{{ {metric}, of = \"train\" }}"), "max = 1");
        assert_eq!(found.verdict, Verdict::Inconclusive, "{metric}: {}", said(&found));
    }
    assert!(gate.refused("{ drift = \"psy\", of = \"train\" }", "max = 1").contains("nearest: psi"));
}
