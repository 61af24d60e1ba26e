//! Floors and ceilings on one model.

use mlrun::evidence::TruthColumn;
use mlrun::format::certificate::Verdict;

use super::scene::{Scene, close, joined, outcomes, reason, slice_column, values};

/// Accuracy 87/100; Wilson's one-sided 95 % bounds .8048 and .9157.
fn floor(rule: &str) -> Scene {
    Scene::on(outcomes(80, 3, 7, 10), &format!("[[rule]]\nid = \"f\"\nmetric = \"accuracy\"\n{rule}"))
}

#[test]
fn a_floor_is_held_against_the_lower_bound() {
    let passed = floor("min = 0.80").result();
    assert_eq!((passed.verdict, passed.reason.clone()), (Verdict::Pass, None));
    close(passed.candidate, 0.87);
    close(passed.lower, 0.8048062640785282);
    close(passed.upper, 0.9157001225419229);
    assert_eq!((passed.baseline, passed.delta, passed.margin), (None, None, Some(0.80)));
    assert_eq!(passed.method.as_deref(), Some("wilson"));

    let open = floor("min = 0.85").result();
    assert_eq!(open.verdict, Verdict::Inconclusive);
    // (1.645 + .8416)² · .87 · .13 / .02² = 1748.1
    assert_eq!(open.rows_needed, Some(1749));
    assert_eq!(reason(&open), "0.87 [0.80, 0.92], floor 0.85, n 100; about 1,800 rows would decide");

    let failed = floor("min = 0.92").result();
    assert_eq!(failed.verdict, Verdict::Fail);
    assert_eq!(reason(&failed), "0.870 [0.805, 0.916], floor 0.92, n 100: below the floor");
}

#[test]
fn the_point_or_the_other_bound_only_where_asked() {
    assert_eq!(floor("min = 0.87\non = \"point\"").result().verdict, Verdict::Pass);
    assert_eq!(floor("min = 0.88\non = \"point\"").result().verdict, Verdict::Fail);
    assert_eq!(floor("min = 0.91\non = \"upper\"").result().verdict, Verdict::Pass);
    assert_eq!(floor("min = 0.92\non = \"upper\"").result().verdict, Verdict::Fail);
}

#[test]
fn a_ceiling_is_held_against_the_upper_bound() {
    assert_eq!(floor("max = 0.92").result().verdict, Verdict::Pass);
    assert_eq!(floor("max = 0.90").result().verdict, Verdict::Inconclusive);
    let failed = floor("max = 0.80").result();
    assert_eq!(failed.verdict, Verdict::Fail);
    assert!(reason(&failed).ends_with("ceiling 0.8, n 100: above the ceiling"), "{}", reason(&failed));
    assert_eq!(floor("max = 0.87\non = \"point\"").result().verdict, Verdict::Pass);
    assert_eq!(floor("max = 0.81\non = \"lower\"").result().verdict, Verdict::Pass);
    assert_eq!(floor("max = 0.80\non = \"lower\"").result().verdict, Verdict::Fail);
}

#[test]
fn an_unset_limit_decides_nothing_and_shows_todays_value() {
    let unset = floor("min = \"unset\"").result();
    assert_eq!(unset.verdict, Verdict::Inconclusive);
    assert_eq!(reason(&unset), "the limit is unset; today's value is 0.87 [0.80, 0.92], n 100");
    assert_eq!((unset.margin, unset.rows_needed), (None, None));
    close(unset.candidate, 0.87);
}

#[test]
fn rows_that_do_not_vary_have_a_point_and_no_bounds() {
    let exact = || joined(TruthColumn::Real(vec![1.0, 2.0, 4.0]), values(vec![1.0, 2.0, 4.0]), None);
    let judged = |rule: &str| Scene::on(exact(), &format!("[[rule]]\nid = \"e\"\nmetric = \"mae\"\n{rule}")).result();
    assert_eq!(judged("max = 0.1").verdict, Verdict::Inconclusive);
    let point = judged("max = 0.1\non = \"point\"");
    assert_eq!((point.verdict, point.method.as_deref()), (Verdict::Pass, Some("point")));
    assert_eq!((point.lower, point.upper), (None, None));
}

#[test]
fn warnings_do_not_block() {
    let text = "[[rule]]\nid = \"f\"\nmetric = \"accuracy\"\nmin = 0.80\n\
                [[rule]]\nid = \"w\"\nmetric = \"accuracy\"\nmin = 0.99\nseverity = \"warn\"";
    let statement = Scene::on(outcomes(80, 3, 7, 10), text).judge().predicate;
    assert_eq!(statement.results[1].verdict, Verdict::Fail);
    assert_eq!(statement.verdict, Verdict::Pass);
}

/// Student's t of two values has bounds, and they say nothing of values that are not normal.
#[test]
fn a_mean_of_a_few_rows_decides_nothing() {
    let of = |n: u32, demand: &str| {
        let truth: Vec<f64> = (0..n).map(f64::from).collect();
        let off = |by: f64| truth.iter().map(|value| value + by + by * value / 100.0).collect::<Vec<f64>>();
        let rows = joined(TruthColumn::Real(truth.clone()), values(off(0.1)), Some(values(off(0.2))));
        Scene::on(rows, &format!("[[rule]]\nid = \"mae\"\nmetric = \"mae\"\n{demand}\n")).result()
    };
    for demand in ["max = 5", "margin = 1", "prove = \"not_worse_detected\"\nmargin = 1"] {
        for n in [2, 9] {
            let found = of(n, demand);
            assert_eq!((found.verdict, found.n), (Verdict::Inconclusive, u64::from(n)), "{demand}");
            assert!(reason(&found).contains(&format!("{n} rows are too few; 10 are the least")), "{}", reason(&found));
        }
        assert_eq!(of(10, demand).verdict, Verdict::Pass, "{demand}");
    }
    // Nor do slices of so few, however small they may be.
    let sliced = |demand: &str| {
        let truth: Vec<f64> = (0..12).map(f64::from).collect();
        let off = |by: f64| truth.iter().map(|value| value + by + by * value / 100.0).collect::<Vec<f64>>();
        let mut rows = joined(TruthColumn::Real(truth.clone()), values(off(0.1)), Some(values(off(0.2))));
        rows.slices.insert("country".to_owned(), slice_column(&[("DE", 6), ("FR", 6)]));
        let text = format!("[[rule]]\nid = \"mae\"\nmetric = \"mae\"\nmin_rows = 2\n{demand}\n");
        Scene::on(rows, &text).result().verdict
    };
    for demand in ["worst = [\"country\"]\nmax = 5", "gap = \"country\"\nmax = 5", "gap = \"country\"\nmargin = 5"] {
        assert_eq!(sliced(demand), Verdict::Inconclusive, "{demand}");
    }
    // Who asks for the point asks for no bounds.
    assert_eq!(of(2, "max = 5\non = \"point\"").verdict, Verdict::Pass);
}
