//! Numbers the trainer wrote down. The first tests are the traps MLflow's `validate_evaluation_results` falls into.

use mlrun::format::certificate::Verdict;
use mlrun::format::scalar::Scalar;

use super::scene::{Scene, close, reason, rules};

fn scene(better: &str, demand: &str, candidate: Scalar, baseline: Option<Scalar>) -> Scene {
    let rule =
        format!("[[rule]]\nid = \"r\"\nmetric = {{ reported = \"valid.score\", better = \"{better}\" }}\n{demand}\n");
    Scene::new(rules("binary", &rule)).reported("valid.score", candidate, baseline)
}

fn drop(better: &str, limit: f64, candidate: f64, baseline: f64) -> Verdict {
    let demand = format!("max_drop = {limit:e}");
    scene(better, &demand, Scalar::Float(candidate), Some(Scalar::Float(baseline))).result().verdict
}

fn list(values: &[f64]) -> Scalar {
    Scalar::List(values.iter().map(|value| Scalar::Float(*value)).collect())
}

#[test]
fn trap_nan_candidate() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for demand in ["max_drop = 1000", "min = -1e300", "max = 1e300", "min = 0\non = \"point\"", "min = \"unset\""] {
            for better in ["higher", "lower"] {
                let result = scene(better, demand, Scalar::Float(bad), Some(Scalar::Float(0.5))).result();
                assert_eq!(result.verdict, Verdict::Inconclusive, "{bad} {demand} {better}");
                assert_eq!(result.candidate, None);
            }
        }
    }
    assert_eq!(drop("higher", 1000.0, 0.5, f64::NAN), Verdict::Inconclusive);
    assert_eq!(drop("higher", 1000.0, 0.5, f64::INFINITY), Verdict::Inconclusive);
}

#[test]
fn trap_negative_baseline() {
    // R² −0.5 → −0.9 is worse, −0.5 → −0.2 is better; a sign flipped by division says otherwise.
    assert_eq!(drop("higher", 0.1, -0.9, -0.5), Verdict::Fail);
    assert_eq!(drop("higher", 0.1, -0.2, -0.5), Verdict::Pass);
    assert_eq!(drop("lower", 0.1, -0.9, -0.5), Verdict::Pass);
    assert_eq!(drop("lower", 0.1, -0.2, -0.5), Verdict::Fail);
}

#[test]
fn trap_baseline_metric_missing() {
    let result = scene("higher", "max_drop = 0.1", Scalar::Float(0.9), None).result();
    assert_eq!(result.verdict, Verdict::Inconclusive);
    assert_eq!(reason(&result), "the baseline's `valid.score` is not reported");
    let mut scene = scene("higher", "max_drop = 0.1", Scalar::Float(0.9), None);
    scene.metrics.1 = None;
    assert_eq!(scene.result().verdict, Verdict::Inconclusive);
}

#[test]
fn trap_zero_tolerance() {
    assert_eq!(drop("higher", 0.0, 0.9, 0.9), Verdict::Pass);
    assert_eq!(drop("higher", 0.0, 0.9_f64.next_down(), 0.9), Verdict::Fail);
    assert_eq!(drop("higher", 0.0, 0.9_f64.next_up(), 0.9), Verdict::Pass);
    assert_eq!(drop("lower", 0.0, 0.9_f64.next_up(), 0.9), Verdict::Fail);
    assert_eq!(drop("lower", 0.0, 0.0, 0.0), Verdict::Pass);
}

#[test]
fn the_decimals_decide_not_their_rounding() {
    // 0.9 − 0.898 is 0.0020000000000000018 in f64.
    assert_eq!(drop("higher", 0.002, 0.898, 0.9), Verdict::Pass);
    assert_eq!(drop("higher", 0.002, 0.8979999999, 0.9), Verdict::Fail);
    assert_eq!(drop("lower", 0.1, 0.4, 0.3), Verdict::Pass);
}

#[test]
fn the_certificate_says_it_was_the_point() {
    let result = scene("higher", "max_drop = 0.002", Scalar::Float(0.89), Some(Scalar::Int(1))).result();
    assert_eq!(result.verdict, Verdict::Fail);
    assert_eq!(result.method.as_deref(), Some("reported, on the point"));
    assert_eq!((result.lower, result.upper, result.n, &result.set), (None, None, 1, &None));
    close(result.delta, -0.11);
    assert_eq!(reason(&result), "Δ −0.1100, largest drop 0.002: worse by more than the largest drop");
}

#[test]
fn floors_and_ceilings() {
    let verdict = |demand: &str| scene("higher", demand, Scalar::Float(0.85), None).result().verdict;
    assert_eq!(verdict("min = 0.85"), Verdict::Pass);
    assert_eq!(verdict("min = 0.86"), Verdict::Fail);
    assert_eq!(verdict("max = 0.85"), Verdict::Pass);
    assert_eq!(verdict("max = 0.84"), Verdict::Fail);
    let unset = scene("higher", "min = \"unset\"", Scalar::Float(0.85), None).result();
    assert_eq!(unset.verdict, Verdict::Inconclusive);
    assert_eq!(reason(&unset), "the limit is unset; today's value is 0.8500, n 1");
}

#[test]
fn what_is_no_number_decides_nothing() {
    let numberless = [
        Scalar::Null,
        Scalar::Bool(true),
        Scalar::Text("0.99".to_owned()),
        Scalar::EmptyMap,
        Scalar::List(vec![]),
        list(&[0.9, f64::NAN]),
        Scalar::List(vec![Scalar::Float(0.9), Scalar::Text("x".to_owned())]),
        Scalar::List(vec![list(&[0.9])]),
    ];
    for value in numberless {
        for demand in ["max_drop = 1000", "min = -1e300", "max = 1e300"] {
            let result = scene("higher", demand, value.clone(), Some(Scalar::Float(0.5))).result();
            assert_eq!(result.verdict, Verdict::Inconclusive, "{value:?} {demand}");
        }
        let result = scene("higher", "max_drop = 1000", Scalar::Float(0.5), Some(value.clone())).result();
        assert_eq!(result.verdict, Verdict::Inconclusive, "baseline {value:?}");
    }
}

#[test]
fn a_name_nobody_reported() {
    let rule = "[[rule]]\nid = \"r\"\nmetric = { reported = \"valid.scor\", better = \"higher\" }\nmin = 0\n";
    let scene = Scene::new(rules("binary", rule)).reported("valid.score", Scalar::Float(1.0), None);
    let result = scene.result();
    assert_eq!(result.verdict, Verdict::Inconclusive);
    assert_eq!(reason(&result), "the candidate's `valid.scor` is not reported; nearest: valid.score");
}

#[test]
fn folds_are_paired() {
    let a = list(&[0.81, 0.82, 0.80, 0.83, 0.79]);
    let b = list(&[0.82, 0.82, 0.81, 0.84, 0.81]);
    let judged = |limit: &str| scene("higher", limit, a.clone(), Some(b.clone())).result();
    let passed = judged("max_drop = 0.017");
    assert_eq!(passed.verdict, Verdict::Pass);
    assert_eq!(passed.method.as_deref(), Some("reported, paired_t"));
    close(passed.delta, -0.01);
    close(passed.lower, -0.016741491467302506);
    close(passed.upper, -0.0032585085326974654);
    assert_eq!(passed.n, 5);
    let open = judged("max_drop = 0.01");
    assert_eq!(open.verdict, Verdict::Inconclusive);
    assert_eq!(judged("max_drop = 0.003").verdict, Verdict::Fail);
    // Turned around: a loss that fell.
    let judged = |limit: &str| scene("lower", limit, a.clone(), Some(b.clone())).result().verdict;
    assert_eq!(judged("max_drop = 0"), Verdict::Pass);

    let floor = scene("higher", "min = 0.79", a.clone(), None).result();
    assert_eq!((floor.verdict, floor.method.as_deref()), (Verdict::Pass, Some("reported, student_t")));
    close(floor.lower, 0.7949255668093768);
    assert_eq!(scene("higher", "min = 0.80", a.clone(), None).result().verdict, Verdict::Inconclusive);
    assert_eq!(scene("higher", "min = 0.83", a, None).result().verdict, Verdict::Fail);
}

#[test]
fn lists_that_cannot_be_paired_decide_nothing() {
    let five = list(&[0.81, 0.82, 0.80, 0.83, 0.79]);
    let judged = |a: Scalar, b: Scalar| scene("higher", "max_drop = 9", a, Some(b)).result();
    let result = judged(five.clone(), list(&[0.8, 0.9]));
    assert_eq!(result.verdict, Verdict::Inconclusive);
    assert_eq!(reason(&result), "the candidate's list of 5 and the baseline's list of 2 cannot be paired");
    assert_eq!(judged(Scalar::Float(0.9), five.clone()).verdict, Verdict::Inconclusive);
    // The same shift in every fold has no interval; no shift in any is no drop.
    assert_eq!(judged(list(&[1.0, 2.0]), list(&[2.0, 3.0])).verdict, Verdict::Inconclusive);
    assert_eq!(judged(five.clone(), five).verdict, Verdict::Pass);
}

#[test]
fn numbers_too_far_apart_decide_nothing() {
    assert_eq!(drop("higher", 1e300, 1e308, -1e308), Verdict::Inconclusive);
}

#[test]
fn what_would_decide_is_said_of_lists() {
    let (ours, theirs) = ([0.80, 0.82, 0.78, 0.81, 0.79], [0.81, 0.80, 0.80, 0.80, 0.80]);
    let open = scene("higher", "max_drop = 0.01", list(&ours), Some(list(&theirs))).result();
    assert_eq!(open.verdict, Verdict::Inconclusive);
    let (delta, lower) = (open.delta.unwrap(), open.lower.unwrap());
    let needed = (5.0 * ((delta - lower) / (delta + 0.01)).powi(2)).ceil() as u64;
    assert_eq!(open.rows_needed, Some(needed));
    assert!(reason(&open).ends_with("numbers of each would decide"), "{}", reason(&open));
    let floor = scene("higher", "min = 0.79", list(&ours), None).result();
    assert!(floor.rows_needed.is_some() && reason(&floor).ends_with(" numbers would decide"), "{floor:?}");
}
