//! Closed-form intervals against statsmodels, scipy, MLstatkit and the constants of the research note (§8).

use mlrun::measure::{
    Method, Metric, Predicted, Rows, Sufficient, Truth, Undefined, compare, detectable, estimate, mean, quantile,
    quantile_ratio, rows_needed,
};

use super::{Made, close, flags, golden, keys, numbers, sampling, scored, spec, valued};

/// Accuracy over a paired table: labels all positive, wrong means predicted negative.
fn table(both: usize, only_baseline: usize, only_candidate: usize, neither: usize) -> (Vec<bool>, Vec<u32>, Vec<u32>) {
    let column = |values: [u32; 4]| {
        let counts = [both, only_baseline, only_candidate, neither];
        counts.iter().zip(values).flat_map(|(&count, value)| vec![value; count]).collect::<Vec<_>>()
    };
    let (candidate, baseline) = (column([1, 0, 1, 0]), column([1, 1, 0, 0]));
    (vec![true; candidate.len()], candidate, baseline)
}

fn classed(classes: &[u32]) -> Predicted<'_> {
    Predicted { classes: Some(classes), ..Predicted::default() }
}

#[test]
fn accuracy_difference_is_mcnemars() {
    let (truth, candidate, baseline) = table(900, 25, 10, 65);
    let keys = keys(truth.len());
    let rows = Rows::new(Truth::Binary(&truth), &keys);
    for metric in [Metric::Accuracy, Metric::Recall] {
        let found = compare(&spec(metric), &rows, &classed(&candidate), &classed(&baseline), &sampling(0.95)).unwrap();
        assert_eq!(found.method, Method::McNemar);
        close(found.delta, -0.015, 1e-12);
        close(found.standard_error.unwrap(), 0.005_897_033_2, 1e-8);
        close(found.lower, -0.024_699_756_4, 1e-8);
        assert_eq!(
            found.sufficient,
            Sufficient::Discordant { both: 900, only_baseline: 25, only_candidate: 10, neither: 65 }
        );
    }
}

#[test]
fn few_discordant_rows_get_tangos_score_interval() {
    for case in golden("paired_score").as_array().unwrap() {
        let case = numbers(case);
        let count = |at: usize| case[at] as usize;
        let (truth, candidate, baseline) = table(count(0), count(1), count(2), count(3));
        let keys = keys(truth.len());
        let rows = Rows::new(Truth::Binary(&truth), &keys);
        // Scores beside the classes differ, so that equal classes are no proof of equal models.
        let scores: Vec<f64> = baseline.iter().map(|&class| 0.25 + 0.5 * f64::from(class)).collect();
        let candidate: Vec<f64> = candidate.iter().map(|&class| f64::from(class)).collect();
        let spec = spec(Metric::Accuracy);
        let found = compare(&spec, &rows, &scored(&candidate), &scored(&scores), &sampling(case[4])).unwrap();
        assert_eq!(found.method, Method::PairedScore);
        assert!((found.lower - case[5]).abs() < 1e-9, "{found:?} {case:?}");
        assert!((found.upper - case[6]).abs() < 1e-9, "{found:?} {case:?}");
    }
}

#[test]
fn proportions_get_wilsons_interval() {
    for case in golden("wilson").as_array().unwrap() {
        let case = numbers(case);
        let (hits, n) = (case[0] as usize, case[1] as usize);
        let (truth, predicted, _) = table(hits, n - hits, 0, 0);
        let keys = keys(n);
        let rows = Rows::new(Truth::Binary(&truth), &keys);
        for metric in [Metric::Accuracy, Metric::Recall] {
            let found = estimate(&spec(metric), &rows, &classed(&predicted), &sampling(case[2])).unwrap();
            assert_eq!((found.method, found.n), (Method::Wilson, n as u64));
            close(found.lower, case[3], 1e-12);
            close(found.upper, case[4], 1e-12);
        }
        // All labels are positive, so F1 = 2J / (1 + J) with J the recall.
        let f1 = estimate(&spec(Metric::F1), &rows, &classed(&predicted), &sampling(case[2])).unwrap();
        close(f1.lower, 2.0 * case[3] / (1.0 + case[3]), 1e-12);
    }
}

#[test]
fn wilson_of_the_research_note() {
    let (truth, predicted, _) = table(87, 13, 0, 0);
    let keys = keys(100);
    let rows = Rows::new(Truth::Binary(&truth), &keys);
    let found = estimate(&spec(Metric::Accuracy), &rows, &classed(&predicted), &sampling(0.975)).unwrap();
    close(found.lower, 0.790_196_485_6, 1e-9);
    close(found.upper, 0.922_428_325_7, 1e-9);
}

#[test]
fn means_get_students_interval() {
    for case in golden("student").as_array().unwrap() {
        let n = case["n"].as_u64().unwrap() as usize;
        let values: Vec<f64> = numbers(&case["values"]).into_iter().cycle().take(n).collect();
        let confidence = case["confidence"].as_f64().unwrap();
        let lower = case["lower"].as_f64().unwrap();
        let found = mean(&values, confidence).unwrap();
        close(found.value, case["mean"].as_f64().unwrap(), 1e-12);
        close(found.lower, lower, 1e-11);
        close(found.upper, case["upper"].as_f64().unwrap(), 1e-11);

        // The same numbers as paired differences of absolute errors.
        let (truth, keys) = (vec![0.0; n], keys(n));
        let rows = Rows::new(Truth::Real(&truth), &keys);
        let baseline: Vec<f64> = (0..n).map(|row| (row % 3) as f64).collect();
        let candidate: Vec<f64> = baseline.iter().zip(&values).map(|(b, v)| b + v).collect();
        let spec = spec(Metric::MeanAbsoluteError);
        let paired = compare(&spec, &rows, &valued(&candidate), &valued(&baseline), &sampling(confidence)).unwrap();
        assert_eq!(paired.method, Method::PairedT);
        close(paired.lower, lower, 1e-11);
    }
}

#[test]
fn t_quantiles_are_scipys() {
    for case in golden("distribution")["t"].as_array().unwrap() {
        let case = numbers(case);
        let n = case[1] as usize + 1;
        let values: Vec<f64> = (0..n).map(|row| (row % 2) as f64).collect();
        let found = mean(&values, case[0]).unwrap();
        let t = (found.upper - found.value) / found.standard_error.unwrap();
        close(t, case[2], 2e-11);
    }
}

#[test]
fn auc_differences_are_delongs() {
    for case in golden("delong").as_array().unwrap() {
        let truth = flags(&case["truth"]);
        let (a, b) = (numbers(&case["a"]), numbers(&case["b"]));
        let keys = keys(truth.len());
        let rows = Rows::new(Truth::Binary(&truth), &keys);
        let found = compare(&spec(Metric::RocAuc), &rows, &scored(&b), &scored(&a), &sampling(0.95)).unwrap();
        assert_eq!(found.method, Method::DeLong);
        close(found.baseline, case["auc_a"].as_f64().unwrap(), 1e-12);
        close(found.candidate, case["auc_b"].as_f64().unwrap(), 1e-12);
        let error = found.standard_error.unwrap();
        close(error * error, case["var_diff"].as_f64().unwrap(), 1e-12);
        close(found.delta / error, case["z"].as_f64().unwrap(), 1e-10);
    }
}

#[test]
fn delong_of_the_research_note() {
    let truth = [0, 0, 1, 1, 0, 1, 0, 1, 1, 0, 1, 0].map(|label| label == 1);
    let a = [0.1, 0.4, 0.35, 0.8, 0.2, 0.7, 0.6, 0.9, 0.55, 0.3, 0.65, 0.5];
    let b = [0.2, 0.3, 0.4, 0.6, 0.1, 0.8, 0.7, 0.75, 0.5, 0.45, 0.6, 0.35];
    let keys = keys(truth.len());
    let rows = Rows::new(Truth::Binary(&truth), &keys);
    let found = compare(&spec(Metric::RocAuc), &rows, &scored(&b), &scored(&a), &sampling(0.95)).unwrap();
    close(found.baseline, 0.888_888_888_9, 1e-9);
    close(found.candidate, 0.861_111_111_1, 1e-9);
    let error = found.standard_error.unwrap();
    close(error * error, 0.008_950_617_3, 1e-8);
    close(found.delta / error, -0.293_610_109_8, 1e-9);
}

#[test]
fn one_auc_is_bounded_on_the_logit_scale() {
    let made = Made::new(400, 0.3, 1);
    let found = estimate(&spec(Metric::RocAuc), &made.rows(), &scored(&made.candidate), &sampling(0.95)).unwrap();
    assert_eq!(found.method, Method::DeLongLogit);
    let logit = |p: f64| (p / (1.0 - p)).ln();
    let half = 1.644_853_626_951_472_7 * found.standard_error.unwrap() / (found.value * (1.0 - found.value));
    close(logit(found.value) - logit(found.lower), half, 1e-9);
    close(logit(found.upper) - logit(found.value), half, 1e-9);
}

#[test]
fn a_perfect_auc_is_not_certain() {
    let truth: Vec<bool> = (0..50).map(|row| row < 20).collect();
    let perfect: Vec<f64> = (0..50).map(|row| 1.0 - 0.01 * f64::from(row)).collect();
    let reversed: Vec<f64> = (0..50).map(|row| if row < 20 { 2.0 + f64::from(row) } else { 0.0 }).collect();
    let keys = keys(50);
    let rows = Rows::new(Truth::Binary(&truth), &keys);
    let spec = spec(Metric::RocAuc);
    let one = estimate(&spec, &rows, &scored(&perfect), &sampling(0.95)).unwrap();
    assert_eq!((one.method, one.upper), (Method::ExactPairs, 1.0));
    close(one.lower, 0.05_f64.powf(1.0 / 20.0), 1e-12);
    let two = compare(&spec, &rows, &scored(&perfect), &scored(&reversed), &sampling(0.95)).unwrap();
    assert_eq!((two.method, two.delta), (Method::ExactPairs, 0.0));
    close(two.lower, 0.05_f64.powf(1.0 / 20.0) - 1.0, 1e-12);
    let constant = vec![0.5; 50];
    assert_eq!(
        compare(&spec, &rows, &scored(&perfect), &scored(&constant), &sampling(0.95)),
        Err(Undefined::ZeroVariance)
    );
}

fn samples(seed: u64, n: usize) -> Vec<f64> {
    let mut state = seed;
    (0..n)
        .map(|_| {
            state = state * 48271 % 2_147_483_647;
            state as f64 / 2_147_483_647.0
        })
        .collect()
}

#[test]
fn quantiles_are_bounded_by_order_statistics() {
    for case in golden("quantile").as_array().unwrap() {
        let number = |name: &str| case[name].as_f64().unwrap();
        let values = samples(case["seed"].as_u64().unwrap(), number("n") as usize);
        let found = quantile(&values, number("q"), number("confidence")).unwrap();
        close(found.value, number("value"), 1e-12);
        assert_eq!((found.lower, found.upper), (number("lower"), number("upper")));
    }
}

#[test]
fn the_ratio_of_quantiles() {
    let baseline: Vec<f64> = samples(11, 5000).iter().map(|u| 10.0 - 3.0 * u.ln()).collect();
    let candidate: Vec<f64> = samples(12, 4000).iter().map(|u| 11.0 - 3.3 * u.ln()).collect();
    let found = quantile_ratio(&candidate, &baseline, 0.99, 0.95).unwrap();
    assert!(found.lower < 1.1 && 1.1 < found.upper && found.upper - found.lower < 0.2, "{found:?}");
    close(found.ratio, found.candidate / found.baseline, 1e-15);
    let doubled: Vec<f64> = candidate.iter().map(|x| 2.0 * x).collect();
    let twice = quantile_ratio(&doubled, &baseline, 0.99, 0.95).unwrap();
    close(twice.lower, 2.0 * found.lower, 1e-12);
    close(twice.upper, 2.0 * found.upper, 1e-12);
    let few = quantile_ratio(&candidate[..999], &baseline, 0.99, 0.95);
    assert_eq!(few, Err(Undefined::TooFewRows { n: 999, needed: 1000 }));
    assert!(quantile_ratio(&candidate[..1000], &baseline, 0.99, 0.95).is_ok());
    let zeros = vec![0.0; 2000];
    assert_eq!(quantile_ratio(&candidate, &zeros, 0.5, 0.95), Err(Undefined::ZeroBaseline));
    let mut negative = baseline.clone();
    negative[3] = -1.0;
    assert_eq!(quantile_ratio(&candidate, &negative, 0.5, 0.95), Err(Undefined::Negative { row: 3, value: -1.0 }));
}

#[test]
fn rows_needed_of_the_research_note() {
    for (disagreement, rows) in [(0.02, 4947), (0.05, 12_366), (0.10, 24_731)] {
        let error = f64::sqrt(disagreement / 1000.0);
        assert_eq!(rows_needed(error, 1000, 0.005, 0.95, 0.8), Some(rows));
    }
    assert_eq!(rows_needed(0.01, 1000, 0.0, 0.95, 0.8), None);
    assert_eq!(rows_needed(0.01, 1000, f64::NAN, 0.95, 0.8), None);
}

/// `statsmodels.stats.power.NormalIndPower`; see goldens_rules.py of the certifier.
#[test]
fn rows_needed_and_what_rows_detect_are_statsmodels() {
    let error = (0.05_f64 / 1000.0).sqrt();
    assert_eq!(rows_needed(error, 1000, 0.005, 0.95, 0.8), Some(12_366));
    let found = detectable(error, 0.95, 0.8).unwrap();
    assert!((found - 0.017582032351266687).abs() < 1e-12, "{found}");
    assert_eq!(detectable(0.0, 0.95, 0.8), None);
    assert_eq!(detectable(f64::NAN, 0.95, 0.8), None);
}
