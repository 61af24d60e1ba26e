//! Tests, power, weights and clusters against scipy, statsmodels and scikit-learn (`inference.json`, which `inference.py`
//! writes), against each other and against simulation.

use mlrun::measure::{
    Demand, Estimate, McNemar, Method, Metric, MetricSpec, Other, Predicted, Rates, Resampling, Rows, Sampling, Side,
    Sufficient, TRADED, Tail, Truth, Undefined, benjamini_hochberg, compare, detectable, equal_model, estimate, holm,
    mann_whitney, p_value, paired_permutation, point, rederive, rederive_estimate, rows_needed, share,
    share_difference, tests_of_no_difference, value, wilcoxon,
};
use serde_json::Value;

use super::{Made, close, flags, keys, numbers, sampling, scored, spec, valued};

fn golden(part: &str) -> Value {
    let mut all: Value = serde_json::from_str(include_str!("inference.json")).unwrap();
    all[part].take()
}

fn cases(part: &str) -> Vec<Vec<f64>> {
    golden(part).as_array().unwrap().iter().map(numbers).collect()
}

#[test]
fn mcnemars_p_values() {
    for case in cases("mcnemar") {
        let McNemar { exact, mid, corrected } = McNemar::of(case[0] as u64, case[1] as u64);
        // statsmodels corrects the balanced table, too, although there is nothing left to correct.
        if case[0] != case[1] {
            close(corrected, case[4], 1e-10);
        }
        close(exact, case[2], 1e-12);
        close(mid, case[3], 1e-12);
    }
    // The research note's.
    let of = McNemar::of(25, 10);
    close(of.exact, 0.016_673_847_8, 1e-8);
    close(of.corrected, 0.017_960_477_5, 1e-8);
    assert_eq!(McNemar::of(0, 0).exact, 1.0);
}

#[test]
fn differences_of_independent_proportions_are_newcombes() {
    for case in cases("newcombe") {
        let count = |at: usize| case[at] as u64;
        let found = share_difference((count(0), count(1)), (count(2), count(3)), case[4]).unwrap();
        close(found.lower, case[5], 1e-10);
        close(found.upper, case[6], 1e-10);
    }
    let found = share_difference((87, 100), (80, 100), 0.975).unwrap();
    close(found.lower, -0.033_964_255_8, 1e-8);
    close(found.upper, 0.173_147_224_9, 1e-8);
    close(share(87, 100, 0.975).unwrap().lower, 0.790_196_485_6, 1e-9);
    assert_eq!(share(1, 0, 0.95), Err(Undefined::NoRows));
    assert_eq!(share(2, 1, 0.95), Err(Undefined::Contradictory));
}

#[test]
fn non_inferiority_of_means_is_statsmodels() {
    for case in golden("paired_t").as_array().unwrap() {
        let (a, b) = (numbers(&case["a"]), numbers(&case["b"]));
        let (margin, expected) = (case["margin"].as_f64().unwrap(), case["p"].as_f64().unwrap());
        // Absolute errors of zeros are the numbers themselves; a constant makes them positive.
        let (a, b): (Vec<f64>, Vec<f64>) = a.iter().zip(&b).map(|(a, b)| (a + 10.0, b + 10.0)).unzip();
        let (truth, keys) = (vec![0.0; a.len()], keys(a.len()));
        let rows = Rows::new(Truth::Real(&truth), &keys);
        let (spec, sampling) = (spec(Metric::MeanAbsoluteError), sampling(0.95));
        let found = compare(&spec, &rows, &valued(&a), &valued(&b), &sampling).unwrap();
        close(p_value(&found, margin, Tail::Below, 0.95).unwrap(), expected, 1e-8);
        let tests = tests_of_no_difference(&spec, &rows, &valued(&a), &valued(&b), &found, &sampling).unwrap();
        assert_eq!(tests.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["t", "wilcoxon", "permutation"]);
        close(tests[0].1, case["two_sided"].as_f64().unwrap(), 1e-8);
        if a.len() >= 200 {
            assert!((tests[2].1 - tests[0].1).abs() < 0.04, "{tests:?}");
        }
    }
}

#[test]
fn a_p_value_is_below_the_level_exactly_where_the_bound_clears_the_limit() {
    let made = Made::new(600, 0.3, 3);
    let (a, b) = (scored(&made.candidate), scored(&made.baseline));
    let metrics = [Metric::Accuracy, Metric::F1, Metric::RocAuc, Metric::AveragePrecision];
    for metric in metrics {
        let found = compare(&spec(metric), &made.rows(), &a, &b, &sampling(0.95)).unwrap();
        for (limit, tail) in [(found.lower, Tail::Above), (found.upper, Tail::Below)] {
            let inside = if tail == Tail::Above { 1e-6 } else { -1e-6 };
            assert!(p_value(&found, limit - inside, tail, 0.95).unwrap() < 0.05, "{metric}");
            assert!(p_value(&found, limit + inside, tail, 0.95).unwrap() > 0.05, "{metric}");
        }
    }
    // McNemar's of the research note.
    let outcome = |right: [bool; 4]| {
        let counts = [900, 25, 10, 65];
        counts.iter().zip(right).flat_map(|(&n, right)| vec![u32::from(right); n]).collect::<Vec<u32>>()
    };
    let (truth, keys) = (vec![true; 1000], keys(1000));
    let (a, b) = (outcome([true, false, true, false]), outcome([true, true, false, false]));
    let classed = |classes| Predicted { classes: Some(classes), ..Predicted::default() };
    let rows = Rows::new(Truth::Binary(&truth), &keys);
    let found = compare(&spec(Metric::Accuracy), &rows, &classed(&a), &classed(&b), &sampling(0.95)).unwrap();
    close(p_value(&found, -0.02, Tail::Above, 0.95).unwrap(), 0.198_251_290_7, 1e-8);
}

#[test]
fn a_limit_that_is_no_number_has_no_p() {
    let made = Made::new(300, 0.3, 3);
    let (a, b) = (scored(&made.candidate), scored(&made.baseline));
    let real: Vec<f64> = made.candidate.iter().map(|score| 2.0 * score).collect();
    let means = Rows::new(Truth::Real(&real), &made.keys);
    let (u, v) = (valued(&made.candidate), valued(&made.baseline));
    for found in [
        compare(&spec(Metric::RocAuc), &made.rows(), &a, &b, &sampling(0.95)).unwrap(),
        compare(&spec(Metric::Accuracy), &made.rows(), &a, &b, &sampling(0.95)).unwrap(),
        compare(&spec(Metric::MeanAbsoluteError), &means, &u, &v, &sampling(0.95)).unwrap(),
    ] {
        assert_eq!(p_value(&found, f64::NAN, Tail::Above, 0.95), None);
        assert_eq!(p_value(&found, f64::NEG_INFINITY, Tail::Above, 0.95), Some(0.0));
        assert_eq!(p_value(&found, f64::INFINITY, Tail::Above, 0.95), Some(1.0));
    }
}

#[test]
fn few_discordant_rows_have_tangos_p() {
    let (truth, keys) = (vec![true; 100], keys(100));
    let a: Vec<f64> = (0..100).map(|row| if row < 88 { 1.0 } else { 0.0 }).collect();
    let b: Vec<f64> = (0..100).map(|row| if (6..90).contains(&row) { 1.0 } else { 0.0 }).collect();
    let rows = Rows::new(Truth::Binary(&truth), &keys);
    let found = compare(&spec(Metric::Accuracy), &rows, &scored(&a), &scored(&b), &sampling(0.95)).unwrap();
    assert_eq!(found.method, Method::PairedScore);
    close(p_value(&found, found.lower, Tail::Above, 0.95).unwrap(), 0.05, 1e-6);
    close(p_value(&found, found.upper, Tail::Below, 0.95).unwrap(), 0.05, 1e-6);
}

#[test]
fn adjusted_p_values_are_statsmodels() {
    for case in golden("multiplicity").as_array().unwrap() {
        let p = numbers(&case[0]);
        for (found, expected) in [(holm(&p), numbers(&case[1])), (benjamini_hochberg(&p), numbers(&case[2]))] {
            found.iter().zip(&expected).for_each(|(found, expected)| close(*found, *expected, 1e-12));
        }
    }
    let undefined = [0.01, f64::NAN, 0.02];
    assert!(holm(&undefined)[1].is_nan() && benjamini_hochberg(&undefined)[1].is_nan());
    // The undefined one counts as a test.
    close(holm(&undefined)[0], 0.03, 1e-12);
    close(benjamini_hochberg(&undefined)[2], 0.03, 1e-12);
}

#[test]
fn tests_by_ranks_are_scipys() {
    for case in golden("wilcoxon").as_array().unwrap() {
        close(wilcoxon(&numbers(&case[0])).unwrap(), case[1].as_f64().unwrap(), 1e-10);
    }
    for case in golden("mann_whitney").as_array().unwrap() {
        let number = |name: &str| case[name].as_f64().unwrap();
        let found = mann_whitney(&numbers(&case["x"]), &numbers(&case["y"]), 0.95).unwrap();
        assert_eq!(found.u, number("u"));
        close(found.p, number("p"), 1e-10);
        close(found.shift, number("shift"), 1e-12);
        close(found.lower, number("lower"), 1e-12);
        close(found.upper, number("upper"), 1e-12);
    }
    assert_eq!(wilcoxon(&[0.0, 0.0]), Err(Undefined::ZeroVariance));
    assert_eq!(wilcoxon(&[f64::NAN]), Err(Undefined::NotFinite { row: 0 }));
    assert_eq!(mann_whitney(&[], &[1.0], 0.95), Err(Undefined::NoRows));
    assert_eq!(mann_whitney(&[1.0; 30], &[1.0; 30], 0.95).unwrap().p, 1.0);
}

#[test]
fn few_pairs_are_permuted_exactly_and_many_at_random() {
    for case in golden("permutation").as_array().unwrap() {
        let differences = numbers(&case[0]);
        close(
            paired_permutation(&differences, &keys(differences.len()), &sampling(0.95)).unwrap(),
            case[1].as_f64().unwrap(),
            1e-12,
        );
    }
    let differences: Vec<f64> = (0..60).map(|row| f64::from(row % 7) - 2.2).collect();
    let names = keys(60);
    let found = paired_permutation(&differences, &names, &sampling(0.95)).unwrap();
    let backwards: Vec<f64> = differences.iter().rev().copied().collect();
    let renamed: Vec<u64> = names.iter().rev().copied().collect();
    assert_eq!(paired_permutation(&backwards, &renamed, &sampling(0.95)), Ok(found));
    // Never zero, however far apart.
    assert_eq!(paired_permutation(&[1.0; 60], &names, &sampling(0.95)), Ok(1.0 / 2001.0));
}

#[test]
fn power_is_statsmodels() {
    let power = golden("power");
    for case in power["rows"].as_array().unwrap() {
        let case = numbers(case);
        let found = rows_needed(case[0] / 100.0, 10_000, case[1], case[2], case[3]).unwrap();
        assert!((found as f64 - case[4]).abs() <= 1.0, "{found} {case:?}");
    }
    for case in power["distance"].as_array().unwrap() {
        let case = numbers(case);
        let error = case[0] / case[1].sqrt();
        let distance = detectable(error, case[2], case[3]).unwrap();
        // statsmodels searches for the root and stops early; its power there is held to more digits below.
        close(distance, case[4], 1e-3);
        let rates = Rates::of(&Demand::NonInferior { margin: distance }, 0.0, error, case[2]).unwrap();
        close(rates.pass, case[3], 1e-10);
    }
    for case in power["rates"].as_array().unwrap() {
        let case = numbers(case);
        let demand = Demand::NonInferior { margin: case[1] };
        let rates = Rates::of(&demand, 0.0, case[0] / case[2].sqrt(), case[3]).unwrap();
        close(rates.pass, case[4], 1e-8);
        close(rates.pass + rates.fail + rates.inconclusive, 1.0, 1e-12);
    }
    assert_eq!(detectable(f64::NAN, 0.95, 0.8), None);
    assert_eq!(Rates::of(&Demand::Superior { gain: 0.0 }, 0.0, 0.0, 0.95), Err(Undefined::ZeroVariance));
}

#[test]
fn an_equal_model_is_judged_as_often_as_it_is() {
    let made = Made::new(2_000, 0.3, 12);
    let baseline = scored(&made.baseline);
    let rates = |demand: Demand, n: u64| {
        let sampling = sampling(0.95);
        equal_model(&spec(Metric::Accuracy), &made.rows(), &baseline, Other::Imagined(TRADED), &demand, n, &sampling)
            .unwrap()
    };
    // At margin nothing an equal model is shown to be so, and blocked, in one of twenty sets each.
    let none = rates(Demand::NonInferior { margin: 0.0 }, 2_000);
    close(none.pass, 0.05, 1e-9);
    close(none.fail, 0.05, 1e-9);
    let wide = rates(Demand::NonInferior { margin: 0.05 }, 2_000);
    assert!(wide.pass > 0.99 && wide.fail < 1e-9, "{wide:?}");
    let fewer = rates(Demand::NonInferior { margin: 0.05 }, 30);
    assert!(fewer.pass < 0.6 && fewer.inconclusive > 0.4, "{fewer:?}");
    close(rates(Demand::NotWorseDetected { margin: 0.0 }, 2_000).fail, 0.05, 1e-9);
    // A floor at the baseline's own value: the point is as often above as below.
    let own = value(&spec(Metric::Accuracy), &made.rows().truth, &baseline).unwrap();
    close(rates(Demand::Floor { limit: own, on: Side::Point }, 2_000).pass, 0.5, 1e-9);
    close(rates(Demand::Ceiling { limit: own, on: Side::Upper }, 2_000).pass, 0.05, 1e-9);
    // The same model, and a known one.
    let sampling = sampling(0.95);
    let of = |other, demand: Demand| {
        equal_model(&spec(Metric::RocAuc), &made.rows(), &baseline, other, &demand, 2_000, &sampling).unwrap()
    };
    assert_eq!(of(Other::Known(&baseline), Demand::NonInferior { margin: 0.0 }).pass, 1.0);
    assert_eq!(of(Other::Known(&baseline), Demand::Superior { gain: 0.0 }).fail, 1.0);
    close(of(Other::Known(&scored(&made.candidate)), Demand::Superior { gain: 0.0 }).pass, 0.05, 1e-9);
    // Errors are traded where labels are numbers; every metric of them stays.
    let real: Vec<f64> = made.candidate.iter().map(|score| 3.0 * score).collect();
    let rows = Rows::new(Truth::Real(&real), &made.keys);
    let demand = Demand::NonInferior { margin: 0.01 };
    let spec = spec(Metric::MeanAbsoluteError);
    let found = equal_model(&spec, &rows, &valued(&made.baseline), Other::Imagined(TRADED), &demand, 500, &sampling);
    assert!(found.unwrap().inconclusive > 0.0);
}

/// The weighted, clustered set of the golden file.
struct Set {
    truth: Vec<bool>,
    real: Vec<f64>,
    a: Vec<f64>,
    b: Vec<f64>,
    weights: Vec<f64>,
    clusters: Vec<u64>,
    keys: Vec<u64>,
    golden: Value,
}

impl Set {
    fn new() -> Self {
        let golden = golden("weighted");
        let column = |name: &str| numbers(&golden[name]);
        let clusters = column("clusters").into_iter().map(|number| super::mix(number as u64 + 1)).collect();
        let truth = flags(&golden["truth"]);
        let keys = keys(truth.len());
        let (real, a, b, weights) = (column("real"), column("a"), column("b"), column("weights"));
        Self { truth, real, a, b, weights, clusters, keys, golden }
    }

    fn rows(&self, metric: Metric, weighted: bool, clustered: bool) -> Rows<'_> {
        let regression = metric.tasks().contains(&mlrun::measure::Task::Regression);
        let truth = if regression { Truth::Real(&self.real) } else { Truth::Binary(&self.truth) };
        Rows {
            weights: weighted.then_some(&self.weights),
            clusters: clustered.then_some(&self.clusters),
            ..Rows::new(truth, &self.keys)
        }
    }

    fn model<'a>(&self, numbers: &'a [f64]) -> Predicted<'a> {
        Predicted { scores: Some(numbers), values: Some(numbers), ..Predicted::default() }
    }
}

#[test]
fn weighted_values_are_scikit_learns() {
    let set = Set::new();
    for (name, expected) in set.golden["values"].as_object().unwrap() {
        let metric = Metric::parse(name).unwrap();
        let rows = set.rows(metric, true, false);
        let expected = numbers(expected);
        for (model, expected) in [(&set.a, expected[0]), (&set.b, expected[1])] {
            close(point(&spec(metric), &rows, &set.model(model)).unwrap(), expected, 1e-12);
        }
        let found = compare(&spec(metric), &rows, &set.model(&set.a), &set.model(&set.b), &sampling(0.95)).unwrap();
        close(found.delta, expected[0] - expected[1], 1e-10);
        assert_eq!(found.method, Method::Satterthwaite, "{name}");
    }
}

#[test]
fn weighted_and_clustered_errors_follow_from_how_each_row_moves_the_metric() {
    let set = Set::new();
    for (name, expected) in set.golden["errors"].as_object().unwrap() {
        let (metric, expected) = (Metric::parse(name).unwrap(), numbers(expected));
        for (clustered, expected) in [(false, expected[0]), (true, expected[1])] {
            let rows = set.rows(metric, true, clustered);
            let (a, b) = (set.model(&set.a), set.model(&set.b));
            let found = compare(&spec(metric), &rows, &a, &b, &sampling(0.95)).unwrap();
            // A little wider: heavy rows and large clusters stray less from what they are measured from.
            let ratio = found.standard_error.unwrap() / expected;
            assert!((0.93..1.17).contains(&ratio), "{name} {clustered}: {ratio}");
            assert_eq!(rederive(&spec(metric), &found, &sampling(0.95)).as_ref(), Ok(&found));
        }
    }
}

/// The golden set many times over, each copy with clusters and keys of its own.
struct Many {
    set: Set,
    copies: usize,
}

impl Many {
    fn new(copies: usize) -> Self {
        let mut set = Set::new();
        let n = set.keys.len();
        let clusters: Vec<u64> = (0..copies as u64)
            .flat_map(|copy| {
                set.clusters.iter().map(move |cluster| super::mix(cluster ^ (copy + 1))).collect::<Vec<_>>()
            })
            .collect();
        set.clusters = clusters;
        set.truth = set.truth.repeat(copies);
        for column in [&mut set.real, &mut set.a, &mut set.b, &mut set.weights] {
            *column = column.repeat(copies);
        }
        set.keys = keys(n * copies);
        Self { set, copies }
    }
}

#[test]
fn many_rows_need_no_resamples_and_clusters_get_statsmodels_error() {
    // 20,000 rows: the influence values alone. k copies of a set have its error over √k, but for the last factor.
    let Many { set, copies } = Many::new(50);
    let (n, k) = (20_000.0, copies as f64);
    for (name, expected) in set.golden["errors"].as_object().unwrap() {
        let (metric, expected) = (Metric::parse(name).unwrap(), numbers(expected)[0]);
        let (a, b) = (set.model(&set.a), set.model(&set.b));
        let found = compare(&spec(metric), &set.rows(metric, true, false), &a, &b, &sampling(0.95)).unwrap();
        assert_eq!(found.method, Method::Influence, "{name}");
        let factor: f64 = (n / (n - 1.0)) / (400.0 / 399.0) / k;
        close(found.standard_error.unwrap(), expected * factor.sqrt(), 1e-5);
    }
    // Few clusters of many rows: their t distribution.
    let mut set = set;
    set.clusters = Set::new().clusters.repeat(copies);
    set.golden = golden("weighted");
    for column in [&mut set.real, &mut set.a, &mut set.b] {
        *column = column.repeat(10);
    }
    set.truth = set.truth.repeat(10);
    set.clusters = set.clusters.repeat(10);
    set.keys = keys(200_000);
    let (a, b) = (set.model(&set.a), set.model(&set.b));
    let rows = set.rows(Metric::MeanAbsoluteError, false, true);
    let found = compare(&spec(Metric::MeanAbsoluteError), &rows, &a, &b, &sampling(0.95)).unwrap();
    let expected = |name: &str| set.golden["few"][0][name].as_f64().unwrap();
    close(found.delta, expected("delta"), 1e-9);
    // Copies of all rows of a cluster change neither the mean nor its clustered error, which is statsmodels' but for how the
    // clusters differ in size.
    close(found.standard_error.unwrap(), expected("error"), 1e-9);
    close(found.standard_error.unwrap(), set.golden["cluster"]["error"].as_f64().unwrap(), 0.01);
    assert_eq!(found.method, Method::Satterthwaite);
    assert_eq!(rederive(&spec(Metric::MeanAbsoluteError), &found, &sampling(0.95)), Ok(found));
}

/// Against whole matrices of residuals and covariances, and scipy's t.
#[test]
fn few_clusters_and_heavy_rows_get_bell_and_mccaffreys_bounds() {
    let set = Set::new();
    let (a, b) = (set.model(&set.a), set.model(&set.b));
    let metric = Metric::MeanAbsoluteError;
    for ((weighted, clustered), golden) in
        [(false, true), (true, true), (true, false)].into_iter().zip(set.golden["few"].as_array().unwrap())
    {
        let expected = |name: &str| golden[name].as_f64().unwrap();
        let rows = set.rows(metric, weighted, clustered);
        let found = compare(&spec(metric), &rows, &a, &b, &sampling(0.95)).unwrap();
        let Sufficient::Student { freedom } = found.sufficient else { panic!("{found:?}") };
        close(freedom, expected("freedom"), 1e-8);
        close(found.standard_error.unwrap(), expected("error"), 1e-9);
        close(found.delta - found.lower, expected("t") * expected("error"), 1e-8);
        close(found.upper - found.delta, expected("t") * expected("error"), 1e-8);
        // At another confidence what is derived from the record is what the rows give.
        let direct = compare(&spec(metric), &rows, &a, &b, &sampling(0.99)).unwrap();
        assert_eq!(rederive(&spec(metric), &found, &sampling(0.99)), Ok(direct));
        // The p value of the bound's limit is what the confidence leaves.
        close(p_value(&found, found.lower, Tail::Above, 0.95).unwrap(), 0.05, 1e-9);
    }
}

/// A share's bounds are those of its logit and stay inside it.
#[test]
fn one_models_share_is_bounded_on_the_logit_scale() {
    let set = Set::new();
    let model = set.model(&set.a);
    let logit = |p: f64| (p / (1.0 - p)).ln();
    for metric in [Metric::Accuracy, Metric::RocAuc, Metric::AveragePrecision] {
        for clustered in [false, true] {
            let rows = set.rows(metric, true, clustered);
            let found = estimate(&spec(metric), &rows, &model, &sampling(0.95)).unwrap();
            assert_eq!(found.method, Method::SatterthwaiteLogit);
            let Sufficient::Student { freedom } = found.sufficient else { panic!("{found:?}") };
            assert!(freedom > 5.0 && freedom < 400.0);
            let (down, up) = (logit(found.value) - logit(found.lower), logit(found.upper) - logit(found.value));
            close(down, up, 1e-9);
            assert!(found.value - found.lower > found.upper - found.value, "{found:?}");
            assert_eq!(rederive_estimate(&spec(metric), &found, &sampling(0.95)).as_ref(), Ok(&found));
            let forged = Estimate { sufficient: Sufficient::Student { freedom: f64::NAN }, ..found };
            let refused = rederive_estimate(&spec(metric), &forged, &sampling(0.95));
            assert_eq!(refused, Err(Undefined::Contradictory));
        }
    }
}

#[test]
fn clusters_are_drawn_whole_and_few_are_refused() {
    let set = Set::new();
    let metric = Metric::RocAuc;
    let (a, b) = (set.model(&set.a), set.model(&set.b));
    // One row per cluster, named as the row: the same draws as without clusters.
    let rows = Rows { clusters: Some(&set.keys), ..set.rows(metric, false, false) };
    let always = Sampling { resampling: Resampling::Always, ..sampling(0.95) };
    let alone = compare(&spec(metric), &set.rows(metric, false, false), &a, &b, &always).unwrap();
    let found = compare(&spec(metric), &rows, &a, &b, &always).unwrap();
    assert_eq!(found.resamples, alone.resamples);
    close(found.lower, alone.lower, 1e-12);
    close(found.upper, alone.upper, 1e-12);
    // All copies of a row in one cluster: as uncertain as the rows by themselves.
    let twice = |column: &[f64]| column.repeat(2);
    let (truth, clusters, names) = (set.truth.repeat(2), set.keys.repeat(2), keys(800));
    let rows = Rows { clusters: Some(&clusters), ..Rows::new(Truth::Binary(&truth), &names) };
    let (a2, b2) = (twice(&set.a), twice(&set.b));
    let copied = compare(&spec(metric), &rows, &scored(&a2), &scored(&b2), &always).unwrap();
    let single = compare(&spec(metric), &set.rows(metric, false, false), &a, &b, &always).unwrap();
    close(copied.standard_error.unwrap(), single.standard_error.unwrap(), 1e-9);
    let few: Vec<u64> = (0..400).map(|row| super::mix(row % 29 + 1)).collect();
    let rows = Rows { clusters: Some(&few), ..set.rows(metric, false, false) };
    let refused = Undefined::TooFewClusters { n: 29, needed: 30 };
    assert_eq!(compare(&spec(metric), &rows, &a, &b, &sampling(0.95)), Err(refused.clone()));
    assert_eq!(estimate(&spec(metric), &rows, &a, &sampling(0.95)).map(|_| ()), Err(refused));
}

#[test]
fn weights_of_one_change_nothing_and_bad_weights_are_refused() {
    let set = Set::new();
    let ones = vec![1.0; 400];
    let (a, b) = (set.model(&set.a), set.model(&set.b));
    for (name, _) in set.golden["values"].as_object().unwrap() {
        let metric = Metric::parse(name).unwrap();
        let rows = set.rows(metric, false, false);
        let weighted = Rows { weights: Some(&ones), ..rows };
        let always = Sampling { resampling: Resampling::Always, ..sampling(0.95) };
        let (plain, found) = (
            compare(&spec(metric), &rows, &a, &b, &always).unwrap(),
            compare(&spec(metric), &weighted, &a, &b, &sampling(0.95)).unwrap(),
        );
        close(found.candidate, plain.candidate, 1e-13);
        let width = plain.upper - plain.lower;
        assert!((found.lower - plain.lower).abs() < 0.12 * width, "{name}: {found:?} {plain:?}");
        assert!((found.upper - plain.upper).abs() < 0.12 * width, "{name}: {found:?} {plain:?}");
    }
    let with = |weights: &[f64]| {
        let rows = Rows { weights: Some(weights), ..set.rows(Metric::RocAuc, false, false) };
        compare(&spec(Metric::RocAuc), &rows, &a, &b, &sampling(0.95)).map(|_| ())
    };
    let mut bad = ones.clone();
    bad[3] = -1.0;
    assert_eq!(with(&bad), Err(Undefined::Negative { row: 3, value: -1.0 }));
    bad[3] = f64::NAN;
    assert_eq!(with(&bad), Err(Undefined::NotFinite { row: 3 }));
    assert_eq!(with(&[0.0; 400]), Err(Undefined::NoWeight));
    assert_eq!(with(&[1.0; 9]), Err(Undefined::LengthMismatch { expected: 400, found: 9 }));
}

#[test]
fn resampling_every_interval_agrees_with_the_closed_forms() {
    let made = Made::new(3_000, 0.3, 17);
    let (a, b) = (scored(&made.candidate), scored(&made.baseline));
    let always = Sampling { resampling: Resampling::Always, ..sampling(0.95) };
    for metric in [Metric::Accuracy, Metric::Recall, Metric::F1, Metric::RocAuc, Metric::AveragePrecision] {
        let spec = MetricSpec { metric, ..spec(metric) };
        let (closed, resampled) = (
            compare(&spec, &made.rows(), &a, &b, &sampling(0.95)).unwrap(),
            compare(&spec, &made.rows(), &a, &b, &always).unwrap(),
        );
        assert!(matches!(resampled.method, Method::Multinomial | Method::BcaPoisson), "{metric}");
        let width = closed.upper - closed.lower;
        assert!((closed.lower - resampled.lower).abs() < 0.1 * width, "{closed:?} {resampled:?}");
        assert!((closed.upper - resampled.upper).abs() < 0.1 * width, "{closed:?} {resampled:?}");
        let one = estimate(&spec, &made.rows(), &a, &always).unwrap();
        assert!(matches!(one.method, Method::Multinomial | Method::BcaPoisson), "{metric}");
    }
    let real: Vec<f64> = made.candidate.iter().zip(&made.baseline).map(|(a, b)| a + b).collect();
    let rows = Rows::new(Truth::Real(&real), &made.keys);
    let (a, b) = (valued(&made.candidate), valued(&made.baseline));
    let closed = compare(&spec(Metric::MeanAbsoluteError), &rows, &a, &b, &sampling(0.95)).unwrap();
    let resampled = compare(&spec(Metric::MeanAbsoluteError), &rows, &a, &b, &always).unwrap();
    assert_eq!((closed.method, resampled.method), (Method::PairedT, Method::BcaPoisson));
    close(resampled.standard_error.unwrap(), closed.standard_error.unwrap(), 0.05);
}
