//! Rows that change sides. Golden numbers: goldens_rules.py.

use mlrun::certify::{CertifyError, flip_summaries, policy};
use mlrun::evidence::{PredictedColumns, TruthColumn, key_hash};
use mlrun::format::certificate::Verdict;
use mlrun::format::policy::MeasureRecord;

use super::scene::{Scene, close, joined, outcomes, reason, rules, stacked};

fn rule(metric: &str, text: &str) -> String {
    format!("[[rule]]\nid = \"flips\"\nmetric = {metric}\n{text}\n")
}

/// 1,000 rows, 25 only the baseline gets right, 10 only the candidate.
fn flips(metric: &str, text: &str) -> Scene {
    Scene::on(outcomes(900, 25, 10, 65), &rule(&format!("\"{metric}\""), text))
}

#[test]
fn rates_have_wilsons_bounds() {
    let negative = flips("negative_flip_rate", "max = 0.035").result();
    assert_eq!((negative.verdict, negative.metric.as_str(), negative.n), (Verdict::Pass, "negative_flip_rate", 1000));
    close(negative.candidate, 0.025);
    close(negative.lower, 0.01807116339086075);
    close(negative.upper, 0.034492167686911754);
    assert_eq!(negative.method.as_deref(), Some("wilson"));
    assert_eq!(negative.sufficient.get("only_baseline"), Some(&25.0));
    assert_eq!(flips("negative_flip_rate", "max = 0.018").result().verdict, Verdict::Fail);
    let open = flips("negative_flip_rate", "max = 0.03").result();
    assert_eq!(open.verdict, Verdict::Inconclusive);
    assert!(reason(&open).ends_with("about 6,100 rows would decide"), "{}", reason(&open));
    let positive = flips("positive_flip_rate", "min = 0.005").result();
    assert_eq!(positive.verdict, Verdict::Pass);
    close(positive.candidate, 0.01);
    close(positive.lower, 0.005987285852600198);
}

#[test]
fn weights_and_clusters_widen_a_rate() {
    let mut rows = outcomes(900, 25, 10, 65);
    // Pairs of rows: five hundred independent ones.
    rows.clusters = Some((0..1000).map(|row| row / 2).collect());
    let found = Scene::on(rows.clone(), &rule("\"negative_flip_rate\"", "max = 0.04")).result();
    close(found.candidate, 0.025);
    close(found.lower, 0.01582098525057743);
    close(found.upper, 0.03929188114777242);
    rows.clusters = None;
    rows.weights = Some((0..1000).map(|row| if (900..925).contains(&row) { 2.0 } else { 1.0 }).collect());
    close(Scene::on(rows, &rule("\"negative_flip_rate\"", "max = 0.2")).result().candidate, 50.0 / 1025.0);
}

#[test]
fn flips_of_each_slice_and_each_class() {
    let rows = stacked(vec![("DE", outcomes(290, 10, 0, 0)), ("FR", outcomes(290, 0, 10, 0))]);
    let each = |column: &str| {
        let text = format!("each = [\"{column}\"]\nmax = 0.02");
        Scene::on(rows.clone(), &rule("\"negative_flip_rate\"", &text)).verdicts()
    };
    let verdicts: Vec<_> = each("country").into_iter().map(|(_, slice, verdict)| (slice.unwrap(), verdict)).collect();
    let expected = [("country=DE".to_owned(), Verdict::Fail), ("country=FR".to_owned(), Verdict::Pass)];
    assert_eq!(verdicts, expected);
    // Every row is positive.
    assert_eq!(each("(label)")[0].1.as_deref(), Some("(label)=positive"));

    let class = |classes: &[u32]| PredictedColumns { classes: Some(classes.to_vec()), ..PredictedColumns::default() };
    let names = ["cat", "cow", "dog"].map(str::to_owned).to_vec();
    let labels: Vec<u32> = (0..300).map(|row| row % 3).collect();
    let mut wrong = labels.clone();
    // Every second dog becomes a cow.
    (0..300).filter(|row| row % 6 == 5).for_each(|row| wrong[row] = 1);
    let rows = joined(TruthColumn::Classes { labels: labels.clone(), names }, class(&wrong), Some(class(&labels)));
    let scene = Scene::on(rows, &rule("\"negative_flip_rate\"", "each = [\"(label)\"]\nmin_rows = 50\nmax = 0.1"));
    let results = scene.judge().predicate.results;
    let found: Vec<_> =
        results.iter().map(|r| (r.slice.as_deref().unwrap(), r.verdict, r.candidate.unwrap())).collect();
    assert_eq!(
        found,
        [("(label)=cat", Verdict::Pass, 0.0), ("(label)=cow", Verdict::Pass, 0.0), ("(label)=dog", Verdict::Fail, 0.5)]
    );
}

#[test]
fn what_is_no_comparison_of_classes_is_refused_or_undecided() {
    let refused = |task: &str, text: &str| {
        let text = format!("schema = 1\ntask = \"{task}\"\n{}", rule("\"negative_flip_rate\"", text));
        policy::parse(&text).and_then(|file| policy::resolve(&file)).unwrap_err().to_string()
    };
    let other = refused("regression", "max = 0.1");
    assert!(other.contains("not defined for a regression task"), "{other}");
    assert!(refused("binary", "margin = 0.1").contains("`prove` means nothing here"));
    assert!(refused("binary", "gap = \"country\"\nmax = 0.1").contains("`gap` means nothing here"));
    let mut rows = outcomes(900, 25, 10, 65);
    rows.baseline = None;
    let scene = Scene::on(rows, &rule("\"negative_flip_rate\"", "max = 0.5"));
    assert_eq!(scene.result().verdict, Verdict::Inconclusive);
    assert_eq!(reason(&scene.result()), "the baseline has no predictions set `test`");
    assert_eq!(flips("negative_flip_rate", "max = 0.5").first_release().result().verdict, Verdict::NotApplicable);
    let mut rows = outcomes(900, 25, 10, 65);
    rows.candidate.scores.as_mut().unwrap()[3] = f64::NAN;
    let undefined = Scene::on(rows, &rule("\"negative_flip_rate\"", "max = 1")).result();
    assert_eq!(undefined.verdict, Verdict::Inconclusive);
}

/// Rows with keys `k0`, `k1`, …, the flipped ones first.
fn keyed(flipped: usize) -> (mlrun::evidence::JoinedRows, Vec<String>) {
    let mut rows = outcomes(0, flipped, 0, 0);
    let kept = outcomes(20 - flipped, 0, 0, 0);
    rows = stacked(vec![("a", rows), ("b", kept)]);
    let mut named: Vec<(u64, usize)> = (0..20).map(|row| (key_hash(&[format!("k{row}")]), row)).collect();
    named.sort_unstable();
    let sorted = |column: &[f64]| named.iter().map(|(_, row)| column[*row]).collect::<Vec<f64>>();
    rows.candidate.scores = rows.candidate.scores.map(|scores| sorted(&scores));
    let baseline = rows.baseline.as_mut().unwrap();
    baseline.scores = baseline.scores.as_ref().map(|scores| sorted(scores));
    rows.keys = named.iter().map(|(hash, _)| *hash).collect();
    (rows, (0..20).map(|row| format!("k{row}")).collect())
}

#[test]
fn listed_rows_must_not_flip() {
    let judged = |flipped: usize, keys: &str, text: &str| {
        Scene::on(keyed(flipped).0, &rule(&format!("{{ must_not_flip = {keys} }}"), text)).try_judge()
    };
    let result = |flipped, keys: &str, text: &str| judged(flipped, keys, text).unwrap().predicate.results.remove(0);
    let passed = result(2, r#"["k2", "k19"]"#, "");
    assert_eq!((passed.verdict, passed.n, passed.candidate), (Verdict::Pass, 2, Some(0.0)));
    let failed = result(2, r#"["k19", ["k1"], "k0"]"#, "");
    assert_eq!((failed.verdict, failed.n, failed.candidate), (Verdict::Fail, 3, Some(2.0)));
    assert_eq!(reason(&failed), "right before, wrong now: k0, k1");
    assert_eq!(result(2, r#"["k0", "k1"]"#, "max = 2").verdict, Verdict::Pass);
    // A row that is not there is the rule's mistake, as a slice without rows is.
    let missing = judged(2, r#"["k0", "k20"]"#, "").unwrap_err();
    assert!(matches!(&missing, CertifyError::UnknownKey { key, .. } if key == "k20"), "{missing}");
    // Without a baseline there is nothing to flip from.
    let scene = Scene::on(keyed(2).0, &rule(r#"{ must_not_flip = ["k0"] }"#, "")).first_release();
    assert_eq!(scene.result().verdict, Verdict::NotApplicable);
    // The list is in force from then on, for candidates that have no other rows.
    let scene = Scene::on(keyed(2).0, &rule(r#"{ must_not_flip = ["k20"] }"#, "")).first_release();
    assert!(matches!(scene.try_judge().unwrap_err(), CertifyError::UnknownKey { .. }));
}

#[test]
fn a_list_is_part_of_the_policy_whatever_its_order() {
    let list = |keys: &str| rules("binary", &rule(&format!("{{ must_not_flip = {keys} }}"), ""));
    assert_eq!(list(r#"["b", "a", "a"]"#), list(r#"[["a"], "b"]"#));
    assert_ne!(policy::digest(&list(r#"["a"]"#)).unwrap().1, policy::digest(&list(r#"["b"]"#)).unwrap().1);
    let MeasureRecord::MustNotFlip { keys, .. } = &list(r#"[[17, true, 0.5]]"#).rules[0].measure else { panic!() };
    assert_eq!(keys, &[["17", "true", "0.5"].map(str::to_owned).to_vec()]);
    let refused = |metric: &str, text: &str| {
        let text = format!("schema = 1\ntask = \"binary\"\n{}", rule(metric, text));
        policy::parse(&text).and_then(|file| policy::resolve(&file)).unwrap_err().to_string()
    };
    assert_eq!(refused("{ must_not_flip = [] }", ""), "rule `flips`: `must_not_flip` is empty");
    assert_eq!(refused("{ must_not_flip = [\"\"] }", ""), "rule `flips`: `must_not_flip` is empty");
    assert_eq!(
        refused("{ must_not_flip = [\"a\"], every = 1 }", "").lines().next(),
        Some("line 5: the metric of rule `flips` has no key `every`")
    );
    assert!(refused("{ must_not_flip = \"k.csv\" }", "").ends_with("`k.csv`: it was not read"));
    assert!(refused("{ must_not_flip = [\"a\"] }", "each = [\"x\"]").contains("`each` means nothing here"));
    let many: Vec<String> = (0..10_001).map(|key| key.to_string()).collect();
    let found = refused(&format!("{{ must_not_flip = [{}] }}", many.join(",")), "");
    assert_eq!(found, "rule `flips`: `must_not_flip` has 10001 entries; 10000 are the most");
}

#[test]
fn the_summary_counts_both_ways_and_names_the_slice_with_most() {
    let rows =
        stacked(vec![("DE", outcomes(90, 4, 6, 0)), ("FR", outcomes(90, 9, 1, 0)), ("US", outcomes(100, 0, 0, 0))]);
    let scene = Scene::on(rows, "[[rule]]\nid = \"a\"\nmetric = \"accuracy\"\nmargin = 0.9");
    let found = flip_summaries(&scene.case());
    assert_eq!((found[0].rows, found[0].right_to_wrong, found[0].wrong_to_right), (300, 13, 7));
    let most = found[0].most.as_ref().unwrap();
    assert_eq!((most.slice.as_str(), most.rows, most.right_to_wrong, most.wrong_to_right), ("country=FR", 100, 9, 1));
    // Scores of 0.9 and 0.1: nothing is predicted positive from 0.95 on, before and now.
    let scene = Scene::on(
        scene.sets.into_values().next().unwrap().unwrap(),
        "[[rule]]\nid = \"a\"\nmetric = \"accuracy\"\nthreshold = 0.95\nmargin = 0.9",
    );
    let found = flip_summaries(&scene.case());
    assert_eq!((found[0].right_to_wrong, found[0].wrong_to_right, &found[0].most), (0, 0, &None));
}
