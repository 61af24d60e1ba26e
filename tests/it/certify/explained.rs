//! What is said beside a certificate: the rows behind it, odd rules, and how rules treat equal models.

use mlrun::certify::{EqualModels, Explanation, explain, lint, named_rows};
use mlrun::digest::Digest;
use mlrun::evidence::{JoinedRows, NumberColumns, TruthColumn};
use mlrun::format::cases::{CaseRecord, NumberedCaseRecord};
use mlrun::format::certificate::Verdict;
use mlrun::format::scalar::Scalar;

use super::facts::{both, column, profiled};
use super::scene::{Scene, joined, outcomes, rules, scores, set, stacked, values};

fn explained(scene: &Scene, most: u32) -> Explanation {
    explain(&scene.case(), &scene.judge().predicate.results, most).unwrap()
}

fn warnings(scene: &Scene) -> Vec<String> {
    let results = scene.judge().predicate.results;
    let said = lint(&scene.policy, &results);
    said.into_iter().map(|w| format!("{}: {}", w.rule.as_deref().unwrap_or("policy"), w.text)).collect()
}

#[test]
fn the_new_and_the_largest_failures_are_named() {
    let truth = [vec![true; 12], vec![false; 12]].concat();
    let mut ours = [vec![0.9; 12], vec![0.1; 12]].concat();
    let theirs = ours.clone();
    // Six new failures, and one that was there before and is larger than all.
    for (row, score) in [(0, 0.4), (1, 0.3), (2, 0.2), (12, 0.6), (13, 0.7), (14, 0.8), (15, 0.99)] {
        ours[row] = score;
    }
    let mut theirs = theirs;
    theirs[15] = 0.97;
    let rows = joined(TruthColumn::Binary(truth), scores(ours), Some(scores(theirs)));
    let key = |row: usize| format!("{:016x}", rows.keys[row]);
    let scene = Scene::on(rows.clone(), "[[rule]]\nid = \"acc\"\nmetric = \"accuracy\"\nmargin = 0.01");
    let results = scene.judge().predicate.results;
    assert_eq!(results[0].verdict, Verdict::Fail);
    let named = named_rows(&scene.case(), &results).unwrap();
    assert_eq!((named.len(), named[0].rule.as_str(), &named[0].slice), (1, "acc", &None));
    let found: Vec<_> = named[0].rows.iter().map(|row| (row.key.clone(), row.new)).collect();
    let largest_first = [14, 13, 12, 2, 1, 0];
    let mut expected: Vec<_> = largest_first.iter().map(|row| (key(*row), true)).collect();
    expected.push((key(15), false));
    // A score of 0.8 for a negative is worse than 0.2 for a positive by the score itself: both are 0.8 off.
    let by_loss = |mut rows: Vec<(String, bool)>| {
        rows.sort();
        rows
    };
    assert_eq!(by_loss(found.clone()), by_loss(expected));
    assert_eq!(found.last().unwrap(), &(key(15), false));
    let old = named[0].rows.last().unwrap();
    assert_eq!(
        (old.label.as_str(), old.candidate.as_str(), old.baseline.as_deref()),
        ("negative", "0.99", Some("0.97"))
    );
    // A rule that passes names the same, which are behind nothing.
    let scene = Scene::on(rows, "[[rule]]\nid = \"acc\"\nmetric = \"accuracy\"\nmargin = 0.9");
    let passed = named_rows(&scene.case(), &scene.judge().predicate.results).unwrap();
    assert_eq!((passed[0].open, &passed[0].rows), (false, &named[0].rows));
    assert!(named[0].open);
}

#[test]
fn at_most_ten_rows_of_the_slice_that_failed_are_named() {
    let rows = stacked(vec![("DE", outcomes(200, 90, 0, 10)), ("FR", outcomes(290, 0, 0, 10))]);
    let scene = Scene::on(rows, "[[rule]]\nid = \"m\"\nmetric = \"accuracy\"\neach = [\"country\"]\nmargin = 0.05");
    let named = named_rows(&scene.case(), &scene.judge().predicate.results).unwrap();
    assert_eq!((named.len(), named[0].slice.as_deref(), named[0].rows.len()), (1, Some("country=DE"), 10));
    let keys: Vec<_> = (200..290).map(|row: u64| format!("{:016x}", row * 1000 + 17)).collect();
    assert_eq!(named[0].rows.iter().filter(|row| row.new).count(), 5);
    assert!(named[0].rows.iter().filter(|row| row.new).all(|row| keys.contains(&row.key)));
    // Of numbers, what is further off than before is new.
    let truth = vec![1.0; 40];
    let mut ours = vec![1.1; 40];
    ours[7] = 5.0;
    let mut theirs = vec![1.2; 40];
    theirs[8] = 1.0;
    let rows = joined(TruthColumn::Real(truth), values(ours), Some(values(theirs)));
    let scene = Scene::on(rows, "[[rule]]\nid = \"e\"\nmetric = \"mae\"\nmargin = 0.001");
    let named = named_rows(&scene.case(), &scene.judge().predicate.results).unwrap();
    let first = &named[0].rows[0];
    assert_eq!((first.new, first.candidate.as_str(), first.baseline.as_deref()), (true, "5", Some("1.2")));
    assert_eq!(named[0].rows.iter().filter(|row| row.new).count(), 2);
}

#[test]
fn odd_rules_are_said() {
    let rows = outcomes(280, 3, 3, 14);
    let of = |text: &str| warnings(&Scene::on(rows.clone(), text));
    let rule = |id: &str, text: &str| format!("[[rule]]\nid = \"{id}\"\nmetric = \"accuracy\"\n{text}\n");
    let ok = rule("ok", "margin = 0.05");
    assert_eq!(of(&ok), Vec::<String>::new());
    assert_eq!(of(&rule("a", "min = \"unset\""))[0], "a: its limit is unset: it is undecided until somebody sets one");
    assert!(of(&rule("a", "min = 0.5\non = \"point\""))[0].contains("held against the point"));
    assert!(of(&rule("a", "margin = 0"))[0].contains("at margin 0"));
    assert_eq!(of(&rule("a", "min = 1.5"))[0], "a: no model passes: its values lie between 0 and 1");
    assert_eq!(of(&rule("a", "max = 1"))[0], "a: no model fails: its values lie between 0 and 1");
    assert_eq!(of(&rule("a", "margin = 1"))[0], "a: no model fails: its values lie between 0 and 1");
    assert_eq!(of(&(ok.clone() + &rule("b", "margin = 0.05"))), ["b: it asks the same as `ok`"]);
    assert_eq!(of(&(ok.clone() + &rule("b", "margin = 0.06"))), ["b: `b` passes whenever `ok` does"]);
    let lenient = of(&rule("a", "prove = \"not_worse_detected\"\nmargin = 0.1"));
    assert!(lenient[0].starts_with("policy: every blocking rule passes where little is known"), "{lenient:?}");
    let warn = ok.replace("margin", "severity = \"warn\"\nmargin")
        + "[[rule]]\nid = \"code\"\nmetric = { check = \"uncommitted_code\" }\n";
    assert_eq!(of(&warn), ["policy: no rule on the model's quality blocks"]);
    // A margin that these rows are far from telling.
    let far = of(&rule("a", "margin = 0.002"));
    assert_eq!(far, ["a: these rows tell differences of 0.0203 apart, not of 0.002; about 31,000 rows would"]);
    let small = stacked(vec![("a", outcomes(50, 0, 0, 1)), ("b", outcomes(50, 1, 0, 0))]);
    let small = warnings(&Scene::on(small, &rule("a", "each = [\"country\"]\nmargin = 0.2")));
    assert_eq!(small, ["a: every slice of `country` is below `min_rows`"]);
}

/// Rows on which two models disagree this often, and neither is better.
fn equal(n: usize, each_way: usize) -> JoinedRows {
    outcomes(n * 8 / 10 - each_way, each_way, each_way, n * 2 / 10 - each_way)
}

#[test]
fn equal_models_pass_fail_and_stay_undecided_as_often_as_the_normal_distribution_says() {
    let scene = |margin: &str| {
        Scene::on(equal(1000, 50), &format!("[[rule]]\nid = \"acc\"\nmetric = \"accuracy\"\nmargin = {margin}"))
    };
    // se = sqrt(100) / 1000 = 0.01; P(pass) = Φ(margin / se − 1.645): 0.639 at 0.02, 0.991 at 0.04, 0.126 at 0.005.
    let rate = |margin: &str| {
        let found = explained(&scene(margin), 400).rules.remove(0);
        let EqualModels { tried, failed, undecided } = found.equal.unwrap();
        assert_eq!(tried, 400);
        (f64::from(failed) / 400.0, f64::from(undecided) / 400.0)
    };
    let (failed, undecided) = rate("0.02");
    assert!(failed <= 0.005 && (undecided - 0.361).abs() < 0.08, "{failed} {undecided}");
    let (failed, undecided) = rate("0.04");
    assert!(failed == 0.0 && undecided < 0.03, "{failed} {undecided}");
    // P(fail) = Φ(−0.5 − 1.645) = 0.016.
    let (failed, undecided) = rate("0.005");
    assert!(failed < 0.05 && (undecided - 0.858).abs() < 0.08, "{failed} {undecided}");
}

#[test]
fn each_rule_is_explained() {
    let mut scene = Scene::on(
        equal(600, 20),
        "[[rule]]\nid = \"acc\"\nmetric = \"accuracy\"\nmargin = 0.03\n\
         [[rule]]\nid = \"never\"\nmetric = \"accuracy\"\nprove = \"not_worse_detected\"\nmargin = 0.9\nseverity = \"warn\"\n\
         [[rule]]\nid = \"floor\"\nmetric = \"accuracy\"\nmin = 0.7\n\
         [[rule]]\nid = \"auc\"\nmetric = { reported = \"auc\", better = \"higher\" }\nmax_drop = 0.1\n",
    );
    // A useless model must be one: not every row is positive.
    let Some(Ok(rows)) = scene.sets.values_mut().next() else { panic!() };
    let TruthColumn::Binary(labels) = &mut rows.truth else { panic!() };
    for row in (0..600).step_by(2) {
        labels[row] = false;
        for column in [Some(&mut rows.candidate), rows.baseline.as_mut()].into_iter().flatten() {
            let score = &mut column.scores.as_mut().unwrap()[row];
            *score = 1.0 - *score;
        }
    }
    let found = explained(&scene, 40);
    let acc = &found.rules[0];
    assert_eq!(acc.asks, "shown to be at most 0.03 worse than the baseline");
    assert_eq!(acc.needs, ["predictions", "a baseline in production"]);
    assert_eq!(
        (acc.verdict, acc.results, acc.rows, acc.fails_useless),
        (Some(Verdict::Pass), 1, Some(600), Some(true))
    );
    // (1.645 + 0.842) · sqrt(40) / 600.
    assert!((acc.detectable.unwrap() - 2.486475 * 40_f64.sqrt() / 600.0).abs() < 1e-6, "{acc:?}");
    let never = &found.rules[1];
    assert_eq!((never.fails_useless, never.equal.unwrap().failed), (Some(false), 0));
    let useless = "it does not even fail a model that says of each row what it said of another one";
    assert!(found.warnings.iter().any(|w| w.rule.as_deref() == Some("never") && w.text == useless));
    assert_eq!((found.rules[2].fails_useless, found.rules[2].equal.unwrap().failed), (Some(true), 0));
    assert_eq!((found.rules[3].equal, found.rules[3].fails_useless), (None, None));
    assert!(found.rules[3].untried.as_deref().unwrap().starts_with("of a single number"), "{:?}", found.rules[3]);
    assert_eq!(found.rules[3].needs, ["metric `auc`", "a baseline in production"]);
    // Without a baseline an equal model errs independently.
    let first = scene.first_release();
    let found = explained(&first, 40);
    assert!(found.rules[0].equal.unwrap().undecided > 0, "{:?}", found.rules[0]);
    assert_eq!(found.rules[0].verdict, Some(Verdict::NotApplicable));
}

/// Shares of failed and undecided among 400 equal models.
fn rates(scene: &Scene) -> (f64, f64) {
    let rule = explained(scene, 400).rules.remove(0);
    let EqualModels { tried, failed, undecided } = rule.equal.unwrap_or_else(|| panic!("{rule:?}"));
    assert_eq!((tried, rule.untried), (400, None));
    (f64::from(failed) / 400.0, f64::from(undecided) / 400.0)
}

#[test]
fn equal_samples_fail_as_often_as_their_bounds_say() {
    let latencies = |n: u32| -> Vec<f64> { (0..n).map(|i| 5.0 + f64::from(i * 7919 % n) / f64::from(n)).collect() };
    let scene = |limit: &str, n: u32| {
        let rule =
            format!("[[rule]]\nid = \"p99\"\nmetric = {{ quantile = 0.9, of = \"latency\" }}\nmax_ratio = {limit}\n");
        Scene::new(rules("binary", &rule)).samples("latency", latencies(n), Some(latencies(n)))
    };
    // At ratio 1 the lower bound is above it in one of twenty, and the upper one below it as often.
    let (failed, undecided) = rates(&scene("1.0", 1000));
    assert!(failed <= 0.08 && (0.86..=0.96).contains(&undecided), "{failed} {undecided}");
    assert_eq!(rates(&scene("1.1", 1000)), (0.0, 0.0));
    let found = explained(&scene("1.1", 1000), 40);
    assert_eq!((found.rules[0].fails_useless, found.warnings.len()), (Some(true), 0), "{found:?}");
    assert_eq!(found.rules[0].needs, ["samples `latency`", "a baseline in production"]);
    // Three samples bound nothing: whatever comes, it stays undecided.
    let found = explained(&scene("1.1", 3), 40);
    assert_eq!((found.rules[0].fails_useless, found.rules[0].equal.unwrap().undecided), (Some(false), 40));
    assert!(found.warnings.iter().any(|w| w.text == "it does not even fail samples ten times as large"), "{found:?}");
}

#[test]
fn equal_lists_fail_as_often_as_students_t_says() {
    let list = |turn: u32| -> Scalar {
        Scalar::List((0..12).map(|i| Scalar::Float(0.8 + 0.001 * f64::from(i * turn % 13))).collect())
    };
    let scene = |drop: &str| {
        let rule = format!(
            "[[rule]]\nid = \"auc\"\nmetric = {{ reported = \"auc\", better = \"higher\" }}\nmax_drop = {drop}\n"
        );
        Scene::new(rules("binary", &rule)).reported("auc", list(5), Some(list(8)))
    };
    let (failed, undecided) = rates(&scene("0.0"));
    assert!((0.02..=0.09).contains(&failed) && (0.84..=0.95).contains(&undecided), "{failed} {undecided}");
    assert_eq!(rates(&scene("0.1")), (0.0, 0.0));
    assert_eq!(explained(&scene("0.1"), 40).rules[0].fails_useless, Some(true));
}

#[test]
fn data_that_did_not_drift_fails_as_often_as_chance_says() {
    let scene = |drift: &str, max: &str| {
        let rule = format!("[[rule]]\nid = \"d\"\nmetric = {{ drift = \"{drift}\", of = \"train\" }}\nmax = {max}\n");
        let mut scene = Scene::new(rules("binary", &rule));
        let listed = |values: &[(&str, u64)]| profiled(values[0].0, column(None, values));
        scene.facts =
            both(listed(&[("a", 500), ("b", 300), ("c", 200)]), listed(&[("b", 310), ("a", 480), ("c", 210)]));
        scene
    };
    for drift in ["psi", "js", "chi2", "chi2_corrected"] {
        // Every distance is above this; one in twenty is more than chance.
        let (failed, undecided) = rates(&scene(drift, "1e-9"));
        // Corrected, half of them are none at all.
        let all = if drift == "chi2_corrected" { 0.2..=0.6 } else { 1.0..=1.0 };
        let held = (0.02..=0.08).contains(&failed) && all.contains(&(failed + undecided));
        assert!(held, "{drift}: {failed} {undecided}");
        assert_eq!(rates(&scene(drift, "0.2")), (0.0, 0.0), "{drift}");
        let found = explained(&scene(drift, "0.2"), 40);
        assert_eq!(found.rules[0].fails_useless, Some(true), "{drift}");
        assert_eq!(
            found.rules[0].needs,
            [
                "data `train` and its profile",
                "its rows, where the profile does not hold enough",
                "a baseline in production"
            ]
        );
    }
    // A thousand rows hold no index above 18.
    let found = explained(&scene("psi", "25"), 40);
    assert_eq!(found.rules[0].fails_useless, Some(false));
    let text = "it does not even fail data that has nothing in common with the baseline's";
    assert!(found.warnings.iter().any(|w| w.text == text), "{found:?}");
}

#[test]
fn equal_models_shift_as_far_as_these_two() {
    let rule = |max: &str| format!("[[rule]]\nid = \"s\"\nmetric = {{ shift = \"moved\", by = 0.1 }}\nmax = {max}\n");
    // One row in ten moves.
    let found = |max: &str| explained(&Scene::on(equal(1000, 50), &rule(max)), 40).rules.remove(0);
    assert_eq!(found("0.2").equal, Some(EqualModels { tried: 40, failed: 0, undecided: 0 }));
    assert_eq!(found("0.01").equal, Some(EqualModels { tried: 40, failed: 40, undecided: 0 }));
    assert_eq!(found("0.2").needs, ["predictions", "a baseline in production"]);
}

/// Whatever a rule measures, it says what it rests on, and how it treats equal models or why that is not known.
#[test]
fn every_kind_of_rule_says_what_it_needs() {
    let baseline = "a baseline in production";
    let run = "a command that predicts (`evidence.predict`)";
    for (metric, more, needs) in [
        ("\"accuracy\"", "min = 0.1\neach = [\"country\"]", &["predictions", "column `country`"][..]),
        ("{ mean = \"cost\", better = \"lower\" }", "max = 3", &["predictions", "numbers in `cost`"]),
        ("\"negative_flip_rate\"", "max = 0.1", &["predictions", baseline]),
        ("{ must_not_flip = [[\"1\"], [\"2\"]] }", "", &["predictions", "its 2 rows", baseline]),
        ("{ check = \"uncommitted_code\" }", "", &["code in git"]),
        ("{ measured = \"peak_memory\" }", "max_ratio = 1.2", &[run, baseline]),
        (
            "{ measured = \"latency\", quantile = 0.9 }",
            "max = 9",
            &[run, "the times of its calls (`{timings}`), or those of whole runs"],
        ),
        ("{ parity = \"test\" }", "", &[run, "predictions `test`"]),
        (
            "{ command = \"wc {predictions} > {output}\", name = \"n\", better = \"lower\" }",
            "max = 1",
            &["its command to print a number", "predictions"],
        ),
        (
            "{ drift = \"ks\", of = \"train\", columns = [\"age\"], approximate = true }",
            "max = 1",
            &["data `train` and its profile", "column `age`", baseline],
        ),
        (
            "{ data = \"rows\", of = \"train\", last = 5 }",
            "",
            &["data `train` and its profile", "earlier versions with other data: of at most 5 of them"],
        ),
        ("{ data = \"schema\", of = \"train\" }", "", &["data `train` and its profile", baseline]),
        ("{ data = \"unique\", of = \"train\", key = [\"id\"] }", "", &["the rows of data `train`", "column `id`"]),
        ("{ leakage = \"test\", of = \"train\" }", "", &["the rows of `test`", "the rows of data `train`"]),
        ("{ environment = \"python\" }", "", &["the interpreter", baseline]),
        ("{ report = \"quality\", require = [\"nulls\"] }", "", &["report `quality`", "check `nulls` in it"]),
    ] {
        let scene = Scene::new(rules("binary", &format!("[[rule]]\nid = \"r\"\nmetric = {metric}\n{more}\n")));
        let rule = explain(&scene.case(), &[], 20).unwrap_or_else(|error| panic!("{metric}: {error}")).rules.remove(0);
        assert_eq!(rule.needs, needs, "{metric}");
        assert!(rule.equal.is_some() != rule.untried.is_some_and(|why| !why.is_empty()), "{metric}");
    }
}

/// What the journal adds blocks, and says nothing of how the policy's rules treat equal models.
#[test]
fn the_journals_rules_are_no_part_of_a_rules_rate() {
    let text = "[[rule]]\nid = \"acc\"\nmetric = \"accuracy\"\nmargin = 0.04\n\
                [holdout]\nmax_uses = 1\non_exhausted = \"fail\"\n";
    let mut scene = Scene::on(equal(1000, 50), text);
    let plain = explained(&scene, 100).rules.remove(0).equal.unwrap();
    assert!(plain.failed == 0 && plain.undecided < 10, "{plain:?}");
    scene.history.uses.insert(set("test"), (Digest::of(b"test"), 7));
    let case = CaseRecord {
        key: vec!["nobody".to_owned()],
        expected: "1".to_owned(),
        threshold: None,
        tolerance: None,
        answers: None,
        reason: "a chargeback".to_owned(),
    };
    scene.history.cases = vec![NumberedCaseRecord { number: 1, set: set("test"), columns: vec!["k".to_owned()], case }];
    let results = scene.judge().predicate.results;
    let said: Vec<_> = results.iter().map(|result| (result.rule.as_str(), result.verdict)).collect();
    assert_eq!(
        said,
        [("acc", Verdict::Pass), ("cases", Verdict::Inconclusive), ("holdout", Verdict::Fail)],
        "{results:?}"
    );
    let found = explained(&scene, 100).rules.remove(0);
    assert_eq!((found.equal, found.fails_useless), (Some(plain), explained(&scene, 1).rules[0].fails_useless));
}

/// Columns that stand beside the answers are exchanged with them, and are no answers.
#[test]
fn columns_of_numbers_are_exchanged_and_not_shuffled() {
    let mut rows = outcomes(400, 0, 0, 0);
    let column =
        |shift: f64| (0..400).map(|row| f64::from(row * 37 % 101) + shift * f64::from(8 + row % 3) / 9.0).collect();
    rows.columns.insert("cost".to_owned(), NumberColumns { candidate: column(9.0), baseline: Some(column(0.0)) });
    // Of two models that are not the same, so that they can be exchanged.
    rows.baseline.as_mut().unwrap().scores.as_mut().unwrap()[0] = 0.8;
    let text = "[[rule]]\nid = \"cost\"\nmetric = { mean = \"cost\", better = \"lower\" }\nmargin = 2\n";
    let scene = Scene::on(rows, text);
    assert_eq!(scene.result().verdict, Verdict::Fail);
    let found = explained(&scene, 60);
    // Nine more or less, row by row, with equal chance: the mean is 0 ± 9 / √400.
    let equal = found.rules[0].equal.unwrap();
    assert!(equal.failed <= 3 && equal.undecided <= 6, "{equal:?}");
    assert_eq!(found.rules[0].fails_useless, None);
    assert!(found.warnings.iter().all(|warning| !warning.text.contains("it does not even fail")), "{found:?}");
}
