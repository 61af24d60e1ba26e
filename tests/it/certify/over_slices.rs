//! Gaps and worst slices. Golden numbers: goldens_rules.py.

use mlrun::certify::policy;
use mlrun::evidence::{JoinedRows, TruthColumn};
use mlrun::format::certificate::{ResultRecord, Verdict};

use super::scene::{Scene, close, continuous, joined, outcomes, reason, scores, stacked};

fn judged(rows: &JoinedRows, text: &str) -> ResultRecord {
    Scene::on(rows.clone(), &format!("[[rule]]\nid = \"m\"\nmetric = \"accuracy\"\n{text}\n")).result()
}

fn refused(task: &str, text: &str) -> String {
    let text = format!("schema = 1\ntask = \"{task}\"\n[[rule]]\nid = \"m\"\n{text}\n");
    policy::parse(&text).and_then(|file| policy::resolve(&file)).unwrap_err().to_string()
}

/// 87 and 80 of 100 right, before and now.
fn two() -> JoinedRows {
    stacked(vec![("F", outcomes(80, 3, 7, 10)), ("M", outcomes(75, 5, 5, 15))])
}

#[test]
fn the_gap_of_two_groups_is_newcombes() {
    let open = judged(&two(), "gap = \"country\"\nmax = 0.1");
    assert_eq!((open.verdict, open.metric.as_str(), open.n), (Verdict::Inconclusive, "gap of accuracy", 200));
    assert_eq!(open.slice.as_deref(), Some("country: F − M"));
    close(open.candidate, 0.07);
    close(open.lower, 0.0);
    close(open.upper, 0.15638257686792867);
    assert_eq!(open.method.as_deref(), Some("pairwise_mover"));
    assert!(open.rows_needed.is_some());
    assert_eq!(judged(&two(), "gap = \"country\"\nmax = 0.157").verdict, Verdict::Pass);
    assert_eq!(judged(&two(), "gap = \"country\"\nmax = 0.156").verdict, Verdict::Inconclusive);
    assert_eq!(judged(&two(), "gap = \"country\"\nmax = \"unset\"").verdict, Verdict::Inconclusive);
    let wide = stacked(vec![("F", outcomes(190, 0, 0, 10)), ("M", outcomes(100, 0, 0, 100))]);
    assert_eq!(judged(&wide, "gap = \"country\"\nmax = 0.3").verdict, Verdict::Fail);
}

#[test]
fn equal_groups_are_hardly_ever_shown_to_be_apart() {
    // Twenty groups at chance: the observed gap is large, and no evidence of one.
    let right = [88, 92, 79, 95, 84, 90, 91, 77, 93, 86, 89, 85, 82, 94, 87, 90, 83, 88, 91, 80];
    let names: Vec<String> = (10..30).map(|group| format!("g{group}")).collect();
    let parts =
        names.iter().zip(right).map(|(name, right)| (name.as_str(), outcomes(right, 0, 0, 100 - right))).collect();
    let found = judged(&stacked(parts), "gap = \"country\"\nmax = 0.05");
    close(found.candidate, 0.18);
    assert_eq!(found.verdict, Verdict::Inconclusive, "{found:?}");
}

#[test]
fn a_gap_may_not_grow() {
    // Before: 1760, 1540 and 1680 of 2,000 right. Now: 1740, 1560 and 1620.
    let cells = [("a", (1700, 60, 40, 200)), ("b", (1500, 40, 60, 400)), ("c", (1600, 80, 20, 300))];
    let rows = stacked(cells.iter().map(|(name, (w, x, y, z))| (*name, outcomes(*w, *x, *y, *z))).collect());
    let found = judged(&rows, "gap = \"country\"\nmargin = 0.01");
    assert_eq!(found.verdict, Verdict::Pass);
    close(found.candidate, 0.09);
    close(found.baseline, 0.11);
    close(found.delta, -0.02);
    assert_eq!(found.method.as_deref(), Some("pairwise_normal"));
    close(found.lower, -0.03691105703877674);
    close(found.upper, -0.006154827731204052);
    assert_eq!(judged(&rows, "gap = \"country\"\nprove = \"superior\"").verdict, Verdict::Pass);
    let swapped = {
        let mut rows = rows.clone();
        let baseline = rows.baseline.take().unwrap();
        rows.baseline = Some(std::mem::replace(&mut rows.candidate, baseline));
        rows
    };
    let open = judged(&swapped, "gap = \"country\"\nmargin = 0.01");
    assert_eq!(open.verdict, Verdict::Inconclusive);
    close(open.lower, 0.0030889429612232927);
    close(open.upper, 0.033845172268795985);
    assert!(open.rows_needed.is_some());
    let failed = judged(&swapped, "gap = \"country\"\nmargin = 0.003");
    assert_eq!(failed.verdict, Verdict::Fail);
    assert!(reason(&failed).ends_with("worse by more than the margin"), "{}", reason(&failed));
    // The same predictions have the same gap.
    let mut same = continuous(rows.clone());
    same.baseline = Some(same.candidate.clone());
    let same = judged(&same, "gap = \"country\"\nmargin = 0");
    assert_eq!((same.verdict, same.method.as_deref(), same.delta), (Verdict::Pass, Some("exact"), Some(0.0)));
}

#[test]
fn a_gap_among_too_few_or_too_small_groups_is_undecided() {
    let one = stacked(vec![("F", outcomes(300, 1, 1, 0)), ("M", outcomes(10, 0, 0, 0))]);
    let found = judged(&one, "gap = \"country\"\nmax = 0.9");
    assert_eq!(found.verdict, Verdict::Inconclusive);
    assert_eq!(reason(&found), "gap of accuracy is not defined: 1 groups, 2 needed");
    let uncovered =
        stacked(vec![("F", outcomes(300, 1, 1, 0)), ("M", outcomes(99, 0, 0, 0)), ("X", outcomes(99, 0, 0, 0))]);
    let found = judged(&uncovered, "gap = \"country\"\nmax = 0.9");
    assert!(reason(&found).starts_with("only 302 of 500 rows"), "{}", reason(&found));
    let mut undefined = two();
    undefined.candidate.scores.as_mut().unwrap()[150] = f64::NAN;
    let found = judged(&undefined, "gap = \"country\"\nmax = 1");
    assert_eq!(found.verdict, Verdict::Inconclusive);
    assert!(reason(&found).starts_with("country=M: gap of accuracy is not defined"), "{}", reason(&found));
}

/// 270, 240 and 285 of 300 right.
fn three() -> JoinedRows {
    stacked(vec![("a", outcomes(270, 0, 0, 30)), ("b", outcomes(240, 0, 0, 60)), ("c", outcomes(285, 0, 0, 15))])
}

#[test]
fn the_worst_slice_is_held_against_a_floor() {
    let passed = judged(&three(), "worst = [\"country\"]\nmin = 0.75");
    assert_eq!((passed.verdict, passed.slice.as_deref(), passed.n), (Verdict::Pass, Some("country=b"), 300));
    close(passed.candidate, 0.8);
    close(passed.lower, 0.7594075680864916);
    // That one of three fails is shown at a third of the error.
    close(passed.upper, 0.8445206707667996);
    assert_eq!(passed.method.as_deref(), Some("wilson; worst of 3"));
    close(passed.sufficient.get("shrunk").copied(), 0.8088952422254797);
    assert_eq!(judged(&three(), "worst = [\"country\"]\nmin = 0.76").verdict, Verdict::Inconclusive);
    assert_eq!(judged(&three(), "worst = [\"country\"]\nmin = 0.84").verdict, Verdict::Inconclusive);
    assert_eq!(judged(&three(), "worst = [\"country\"]\nmin = 0.845").verdict, Verdict::Fail);
}

#[test]
fn the_worst_slice_is_held_against_all_rows() {
    let ratio = |limit: &str| judged(&three(), &format!("worst = [\"country\"]\nmin_ratio = {limit}"));
    let found = ratio("0.8");
    assert_eq!((found.verdict, found.baseline), (Verdict::Pass, Some(795.0 / 900.0)));
    close(found.delta, 0.8 / (795.0 / 900.0));
    close(found.lower, 0.7594075680864916 / 0.8997967198391124);
    close(found.upper, 0.8445206707667996 / 0.8645721322228757);
    let open = ratio("0.9");
    assert_eq!(open.verdict, Verdict::Inconclusive);
    let (value, lower) = (open.delta.unwrap(), open.lower.unwrap());
    let needed = (open.n as f64 * ((value - lower) / (value - 0.9)).powi(2)).ceil() as u64;
    assert_eq!(open.rows_needed, Some(needed));
    assert!(reason(&open).ends_with("rows of that slice would decide"), "{}", reason(&open));
    let failed = ratio("0.98");
    assert_eq!(failed.verdict, Verdict::Fail);
    assert!(reason(&failed).contains("ratio to all rows 0.906"), "{}", reason(&failed));
}

#[test]
fn the_worst_of_what_should_be_small_is_the_largest() {
    let rows = stacked(vec![("a", outcomes(95, 0, 0, 5)), ("b", outcomes(80, 0, 0, 20))]);
    let brier =
        |text: &str| Scene::on(rows.clone(), &format!("[[rule]]\nid = \"m\"\nmetric = \"brier\"\n{text}")).result();
    let found = brier("worst = [\"country\"]\nmax = 0.5");
    assert_eq!((found.verdict, found.slice.as_deref()), (Verdict::Pass, Some("country=b")));
    assert_eq!(brier("worst = [\"country\"]\nmax = 0.05").verdict, Verdict::Fail);
}

/// `fairlearn.metrics.equalized_odds_difference` of such rows is the larger of 0.90 − 0.75 and 0.30 − 0.05: 0.25. Its bounds are those
/// of the gaps: `goldens_rules.py`.
#[test]
fn equalized_odds_hold_for_both_classes() {
    let group = |right: usize, missed: usize, raised: usize, quiet: usize| {
        let parts = [(right, true, 0.9), (missed, true, 0.1), (raised, false, 0.9), (quiet, false, 0.1)];
        let truth = parts.iter().flat_map(|part| std::iter::repeat_n(part.1, part.0)).collect();
        let said: Vec<f64> = parts.iter().flat_map(|part| std::iter::repeat_n(part.2, part.0)).collect();
        joined(TruthColumn::Binary(truth), scores(said.clone()), Some(scores(said)))
    };
    let rows = stacked(vec![("F", group(180, 20, 90, 210)), ("M", group(150, 50, 15, 285))]);
    let odds = |text: &str| {
        let text = format!("[[rule]]\nid = \"m\"\nmetric = \"equalized_odds\"\ngap = \"country\"\n{text}\n");
        Scene::on(rows.clone(), &text).result()
    };
    let found = odds("max = 0.4");
    assert_eq!((found.verdict, found.metric.as_str()), (Verdict::Pass, "equalized odds difference"));
    assert_eq!(found.slice.as_deref(), Some("country, fpr: F − M"));
    close(found.candidate, 0.25);
    let gap = |metric: &str, max: &str| {
        let text = format!("[[rule]]\nid = \"m\"\nmetric = \"{metric}\"\ngap = \"country\"\nmax = {max}\n");
        Scene::on(rows.clone(), &text).result()
    };
    // The upper bound is that of the wider gap; the lower one pays for two.
    let (positive, negative) = (gap("recall", "0.9"), gap("fpr", "0.9"));
    close(positive.candidate, 0.15);
    assert_eq!(found.upper, negative.upper);
    assert!(found.upper > positive.upper && found.lower < negative.lower && found.lower > positive.lower, "{found:?}");
    // Either class may break the limit.
    assert_eq!(odds("max = 0.1").verdict, Verdict::Fail);
    assert_eq!(odds("max = 0.25").verdict, Verdict::Inconclusive);
    assert_eq!(odds("max = \"unset\"").verdict, Verdict::Inconclusive);
    // Demographic parity: the gap of the share that is called positive.
    close(gap("selection_rate", "0.9").candidate, 270.0 / 500.0 - 165.0 / 500.0);
    // A group without one of the classes has no such rate.
    let one_class = stacked(vec![("F", group(180, 20, 0, 0)), ("M", group(150, 50, 15, 285))]);
    let text = "[[rule]]\nid = \"m\"\nmetric = \"equalized_odds\"\ngap = \"country\"\nmax = 1\n";
    let found = Scene::on(one_class, text).result();
    assert_eq!(found.verdict, Verdict::Inconclusive);
    assert!(reason(&found).starts_with("fpr: country=F"), "{}", reason(&found));
    let refused = |task: &str, text: &str| refused(task, &format!("metric = \"equalized_odds\"\n{text}"));
    assert!(refused("binary", "max = 0.1").contains("`gap` is needed"));
    assert!(refused("multiclass", "gap = \"g\"\nmax = 0.1").contains("not defined for a multiclass task"));
    assert!(refused("binary", "gap = \"g\"\nmargin = 0.1").contains("`prove` means nothing here"));
    assert!(refused("binary", "gap = \"g\"\nmin = 0.1").contains("`min` means nothing here"));
}

#[test]
fn keys_that_do_not_go_together_are_refused() {
    let accuracy = |text: &str| refused("binary", &format!("metric = \"accuracy\"\n{text}"));
    assert!(accuracy("gap = \"g\"\nmin = 0.1").contains("`min` means nothing here"));
    assert!(accuracy("worst = [\"g\"]\nmargin = 0.1").contains("`prove` means nothing here"));
    assert!(accuracy("worst = [\"g\"]\nmax = 0.1").contains("`max` means nothing here"));
    assert!(accuracy("min_ratio = 0.8").contains("`min_ratio` means nothing here"));
    assert!(accuracy("gap = \"g\"\nworst = [\"g\"]\nmax = 0.1").contains("`worst` means nothing here"));
    assert!(accuracy("gap = \"g\"\neach = [\"h\"]\nmax = 0.1").contains("`each` means nothing here"));
    assert!(accuracy("gap = \"\"\nmax = 0.1").contains("`gap` is empty"));
    assert!(accuracy("worst = [\"g\", \"g\"]\nmin = 0.1").contains("names the column `g` twice"));
    assert!(accuracy("worst = [\"g\"]\nmin_ratio = 1.5").contains("above 0, at most 1"));
    assert!(accuracy("margin_rel = 0.1\nmargin = 0.1").contains("`margin_rel` means nothing here"));
    assert!(accuracy("margin_rel = 1.0").contains("0 or more, below 1"));
    assert!(accuracy("ratchet = true\nmin = 0.5").contains("`ratchet` means nothing here"));
    assert!(accuracy("ratchet = true\neach = [\"g\"]\nmargin = 0.5").contains("`ratchet` means nothing here"));
}

/// Selected rows of each group, by one of two models: `fixtures/group_ratios.py`.
fn groups(rows: &[u64], selected: &[u64]) -> JoinedRows {
    let names: Vec<String> = (0..rows.len()).map(|group| format!("g{group}")).collect();
    let of =
        |((name, n), selected): ((_, &u64), &u64)| (name, outcomes(*selected as usize, 0, 0, (n - selected) as usize));
    stacked(names.iter().map(String::as_str).zip(rows).zip(selected).map(of).collect())
}

#[test]
fn the_ratio_of_groups_is_fairlearns() {
    let rule = |limit: &str| {
        format!(
            "[[rule]]\nid = \"m\"\nmetric = \"positive_rate\"\ngap = \"country\"\nmin_rows = 1\nmin_ratio = {limit}\n"
        )
    };
    let cases: Vec<(Vec<u64>, Vec<u64>, f64, f64)> =
        serde_json::from_str(include_str!("fixtures/group_ratios.json")).unwrap();
    assert!(cases.len() >= 50);
    for (rows, selected, ratio, difference) in cases {
        let result = Scene::on(groups(&rows, &selected), &rule("0.8")).result();
        close(result.delta, ratio);
        let (lower, upper) = (result.lower.unwrap(), result.upper.unwrap());
        assert!((0.0..=ratio).contains(&lower) && (ratio..=1.0).contains(&upper), "{result:?}");
        let expected = match (lower >= 0.8, upper < 0.8) {
            (true, _) => Verdict::Pass,
            (_, true) => Verdict::Fail,
            _ => Verdict::Inconclusive,
        };
        assert_eq!(result.verdict, expected);
        let gap = rule("0.8").replace("min_ratio = 0.8", "max = 0.5");
        close(Scene::on(groups(&rows, &selected), &gap).result().candidate, difference);
    }
    // Katz, Baptista, Azen & Pike: exp(ln 0.8 ± 1.6449 √(0.6/400 + 0.5/500)).
    let found = Scene::on(groups(&[1000, 1000], &[400, 500]), &rule("0.7")).result();
    assert_eq!((found.verdict, found.slice.as_deref()), (Verdict::Pass, Some("country: g1 − g0")));
    assert!((found.lower.unwrap() - 0.7368).abs() < 2e-3, "{found:?}");
    // One of two pairs at half of α: exp(ln 0.8 + 1.96 · 0.05).
    assert!((found.upper.unwrap() - 0.8824).abs() < 3e-3, "{found:?}");
    let none = Scene::on(groups(&[50, 60], &[0, 0]), &rule("0.8")).result();
    assert_eq!((none.verdict, reason(&none)), (Verdict::Inconclusive, "a ratio needs a group whose value is above 0"));
    let some = Scene::on(groups(&[500, 600], &[0, 300]), &rule("0.8")).result();
    assert_eq!((some.verdict, some.delta, some.lower), (Verdict::Fail, Some(0.0), Some(0.0)));
    let said = refused("binary", "metric = \"mcc\"\ngap = \"country\"\nmin_ratio = 0.8");
    assert!(said.contains("groups of a metric that is never below 0"), "{said}");
}
