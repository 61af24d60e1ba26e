//! Whatever is spoiled does not pass: for any rule, any evidence.

use mlrun::evidence::{Defect, JoinedRows, TruthColumn};
use mlrun::format::certificate::{ResultRecord, Verdict};
use mlrun::format::policy::{DemandRecord, PolicyRecord};
use mlrun::format::scalar::Scalar;
use proptest::prelude::*;

use super::scene::{Scene, joined, rules, scores, slice_column, values};

const BINARY: &[&str] = &[
    "accuracy",
    "balanced_accuracy",
    "precision",
    "recall",
    "f1",
    "roc_auc",
    "average_precision",
    "log_loss",
    "brier",
    "macro_f1",
];
const REGRESSION: &[&str] = &["mae", "mse", "rmse", "r2"];
/// As easy as they come.
const DEMANDS: &[&str] = &[
    "margin = 1e9",
    "prove = \"superior\"",
    "prove = \"not_worse_detected\"\nmargin = 1e9",
    "min = -1e9",
    "max = 1e9",
    "min = -1e9\non = \"point\"",
    "max = 1e9\non = \"lower\"",
    "prove = \"not_worse_detected\"\nmargin = 1e9\neach = [\"half\"]\nmin_rows = 1",
    "min = -1e9\nwhere = { half = [\"a\", \"b\"] }",
];

fn policy(metric: usize, demand: usize, real: bool) -> PolicyRecord {
    let names = if real { REGRESSION } else { BINARY };
    let metric = names[metric % names.len()];
    let demand = DEMANDS[demand % DEMANDS.len()];
    let task = if real { "regression" } else { "binary" };
    let mut policy = rules(task, &format!("[[rule]]\nid = \"r\"\nmetric = \"{metric}\"\n{demand}\n"));
    policy.resamples = 200;
    policy
}

fn rows(real: bool, a: Vec<f64>, b: Vec<f64>) -> JoinedRows {
    let n = a.len();
    let mut rows = if real {
        let truth = (0..n).map(|row| row as f64 / 10.0).collect();
        joined(TruthColumn::Real(truth), values(a), Some(values(b)))
    } else {
        joined(TruthColumn::Binary((0..n).map(|row| row % 2 == 0).collect()), scores(a), Some(scores(b)))
    };
    rows.slices.insert("half".to_owned(), slice_column(&[("a", n / 2), ("b", n - n / 2)]));
    rows
}

fn column(rows: &mut JoinedRows, candidate: bool) -> &mut Vec<f64> {
    let columns = if candidate { &mut rows.candidate } else { rows.baseline.as_mut().unwrap() };
    columns.scores.as_mut().or(columns.values.as_mut()).unwrap()
}

fn bad() -> impl Strategy<Value = f64> {
    prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY)]
}

/// Results without numbers that JSON lacks, and a reason where one is due.
fn sound(result: &ResultRecord) {
    let numbers = [result.candidate, result.baseline, result.delta, result.lower, result.upper, result.margin];
    assert!(numbers.into_iter().flatten().chain(result.sufficient.values().copied()).all(f64::is_finite), "{result:?}");
    assert_eq!(result.reason.is_none(), result.verdict == Verdict::Pass, "{result:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn one_spoiled_prediction(
        pairs in prop::collection::vec((0.0..1.0_f64, 0.0..1.0_f64), 12..60),
        metric in 0..20_usize,
        demand in 0..DEMANDS.len(),
        real: bool,
        candidate: bool,
        at in 0..1000_usize,
        bad in bad(),
    ) {
        let (a, b) = pairs.into_iter().unzip();
        let policy = policy(metric, demand, real);
        let mut rows = rows(real, a, b);
        for result in Scene::new(policy.clone()).with(rows.clone()).judge().predicate.results {
            sound(&result);
        }
        let column = column(&mut rows, candidate);
        let at = at % column.len();
        column[at] = bad;
        let half = if at < column.len() / 2 { "half=a" } else { "half=b" };
        let statement = Scene::new(policy).with(rows).judge().predicate;
        // A floor does not look at the baseline.
        let compares = !matches!(statement.policy.rules[0].demand, DemandRecord::Min { .. } | DemandRecord::Max { .. });
        if candidate || compares {
            prop_assert_ne!(statement.verdict, Verdict::Pass);
            prop_assert_ne!(statement.verdict, Verdict::Fail);
        }
        for result in &statement.results {
            sound(result);
            let touched = result.slice.is_none() || result.slice.as_deref() == Some(half);
            if touched && (candidate || compares) {
                prop_assert_eq!(result.verdict, Verdict::Inconclusive);
            }
        }
    }

    #[test]
    fn a_set_that_cannot_be_read(metric in 0..20_usize, demand in 0..DEMANDS.len(), real: bool) {
        let defect = Defect::NotFinite { path: "p.csv".into(), row: 1, column: "p".into(), value: "NaN".into() };
        let scene = Scene::new(policy(metric, demand, real)).defect("test", defect);
        prop_assert_eq!(scene.judge().predicate.verdict, Verdict::Inconclusive);
    }

    #[test]
    fn a_reported_number_spoiled(
        demand in 0..4_usize,
        better in prop_oneof![Just("higher"), Just("lower")],
        folds in 1..6_usize,
        good in -1e3..1e3_f64,
        bad in bad(),
        candidate: bool,
    ) {
        let demand = ["max_drop = 1e300", "min = -1e300", "max = 1e300", "min = -1e300\non = \"point\""][demand];
        let rule = format!("[[rule]]\nid = \"r\"\nmetric = {{ reported = \"m\", better = \"{better}\" }}\n{demand}");
        let list = |last: f64| {
            let mut numbers: Vec<Scalar> = (1..folds).map(|i| Scalar::Float(good + i as f64)).collect();
            numbers.push(Scalar::Float(last));
            if folds == 1 { Scalar::Float(last) } else { Scalar::List(numbers) }
        };
        let (a, b) = if candidate { (list(bad), list(good)) } else { (list(good), list(bad)) };
        let result = Scene::new(rules("binary", &rule)).reported("m", a, Some(b)).result();
        sound(&result);
        if candidate || demand.starts_with("max_drop") {
            prop_assert_eq!(result.verdict, Verdict::Inconclusive);
        }
    }

    #[test]
    fn a_sample_spoiled(at in 0..400_usize, bad in bad(), candidate: bool, ratio: bool) {
        let demand = if ratio { "max_ratio = 1e9" } else { "max = 1e9" };
        let rule = format!("[[rule]]\nid = \"r\"\nmetric = {{ quantile = 0.9, of = \"latency\" }}\n{demand}");
        let good: Vec<f64> = (1..=400).map(f64::from).collect();
        let mut spoiled = good.clone();
        spoiled[at] = bad;
        let (a, b) = if candidate { (spoiled, good) } else { (good, spoiled) };
        let result = Scene::new(rules("binary", &rule)).samples("latency", a, Some(b)).result();
        if candidate || ratio {
            prop_assert_eq!(result.verdict, Verdict::Inconclusive);
        }
    }

    /// A record that no file resolves to, because its limit is not a number.
    #[test]
    fn a_limit_spoiled(demand in 0..7_usize, bad in Just(f64::NAN)) {
        use mlrun::format::policy::Bound::{Lower, Point, Upper};
        let demand = [
            DemandRecord::NonInferior { margin: bad },
            DemandRecord::Superior { gain: bad },
            DemandRecord::NotWorseDetected { margin: bad },
            DemandRecord::Min { limit: Some(bad), on: Lower },
            DemandRecord::Min { limit: Some(bad), on: Point },
            DemandRecord::Max { limit: Some(bad), on: Upper },
            DemandRecord::Max { limit: Some(bad), on: Lower },
        ][demand];
        let mut policy = policy(0, 0, false);
        policy.rules[0].demand = demand;
        let numbers: Vec<f64> = (0..40).map(|i| f64::from(i) / 40.0).collect();
        for b in [numbers.clone(), numbers.iter().map(|x| 1.0 - x).collect()] {
            // Or it is refused outright, as it has no canonical form.
            if let Ok(statement) = Scene::new(policy.clone()).with(rows(false, numbers.clone(), b)).try_judge() {
                prop_assert_eq!(statement.predicate.verdict, Verdict::Inconclusive);
            }
        }
    }
}

#[test]
fn a_demand_that_cannot_be_asked_is_refused() {
    let mut policy =
        rules("binary", "[[rule]]\nid = \"r\"\nmetric = { reported = \"m\", better = \"lower\" }\nmax_drop = 0");
    policy.rules[0].demand = DemandRecord::NonInferior { margin: 0.0 };
    let scene = Scene::new(policy).reported("m", Scalar::Float(1.0), Some(Scalar::Float(1.0)));
    let found = scene.try_judge().unwrap_err().to_string();
    assert_eq!(found, "rule `r` asks `a comparison of rows` of `m`, which cannot be judged");
}
