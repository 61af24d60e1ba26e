//! Resampled intervals: against scipy's BCa on the same rows, against closed forms, and against themselves.

use mlrun::measure::{
    Cell, Comparison, Method, Metric, MetricSpec, Predicted, Resampling, Rows, Sampling, Sufficient, Truth, Undefined,
    compare, estimate, rederive,
};

use super::{Made, close, flags, golden, keys, numbers, sampling, scored, spec, valued};

fn many(confidence: f64) -> Sampling {
    Sampling { resamples: 10_000, ..sampling(confidence) }
}

/// Average precision is resampled where it is asked for only.
fn resampled(sampling: &Sampling, metric: Metric) -> Sampling {
    let average_precision = metric == Metric::AveragePrecision;
    let resampling = if average_precision { Resampling::Always } else { sampling.resampling };
    Sampling { resampling, ..*sampling }
}

/// Bounds within 6 % of the interval's width of scipy's: two BCa intervals of 10,000 resamples each differ by that
/// much.
#[track_caller]
fn agrees(found: &Comparison, scipy: &[f64]) {
    let width = scipy[1] - scipy[0];
    assert!((found.lower - scipy[0]).abs() < 0.06 * width, "{found:?} {scipy:?}");
    assert!((found.upper - scipy[1]).abs() < 0.06 * width, "{found:?} {scipy:?}");
    // Near the edge the bounds may be wider than resamples are, and the standard error is theirs.
    let found_error = found.standard_error.unwrap();
    match found.method {
        Method::MultinomialMover => {
            close(found_error, (found.upper - found.lower) / (2.0 * 1.644_853_626_951_472_7), 0.05)
        }
        // Spread by what the resamples do not know: the more, the fewer rows carry the variance.
        Method::BcaPoisson => assert!((0.95..1.15).contains(&(found_error / scipy[2])), "{found:?} {scipy:?}"),
        _ => close(found_error, scipy[2], 0.05),
    }
}

#[test]
fn bounds_are_scipys_but_for_the_random_numbers() {
    let data = golden("bootstrap");
    let (truth, real) = (flags(&data["truth"]), numbers(&data["real"]));
    let keys = keys(truth.len());
    let [a, b, u, v] = ["a", "b", "u", "v"].map(|name| numbers(&data[name]));
    for (name, bounds) in data["bounds"].as_object().unwrap() {
        let metric = Metric::parse(name).unwrap();
        let spec = MetricSpec::new(metric).at(0.6);
        let (truth, a, b) = match metric {
            Metric::R2 | Metric::RootMeanSquaredError => (Truth::Real(&real), valued(&u), valued(&v)),
            _ => (Truth::Binary(&truth), scored(&a), scored(&b)),
        };
        let found = compare(&spec, &Rows::new(truth, &keys), &a, &b, &resampled(&many(0.95), metric)).unwrap();
        assert!(matches!(found.method, Method::Multinomial | Method::BcaPoisson), "{name}");
        agrees(&found, &numbers(bounds));
    }
}

#[test]
fn a_skewed_statistic_gets_scipys_skewed_bounds() {
    let data = golden("bootstrap")["skewed"].take();
    let (truth, a, b) = (flags(&data["truth"]), numbers(&data["a"]), numbers(&data["b"]));
    let keys = keys(truth.len());
    let rows = Rows::new(Truth::Binary(&truth), &keys);
    let spec = MetricSpec::new(Metric::Precision).at(0.6);
    agrees(&compare(&spec, &rows, &scored(&a), &scored(&b), &many(0.95)).unwrap(), &numbers(&data["bounds"]));
}

#[test]
fn the_acceleration_is_that_of_a_plain_jackknife() {
    let made = Made::new(150, 0.2, 8);
    let real: Vec<f64> = made.candidate.iter().zip(&made.baseline).map(|(a, b)| a + b * b).collect();
    for metric in [Metric::AveragePrecision, Metric::R2, Metric::RootMeanSquaredError] {
        let run = |skip: usize| {
            let keep = |row: &usize| *row != skip;
            let pick = |values: &[f64]| (0..150).filter(keep).map(|row| values[row]).collect::<Vec<_>>();
            let (a, b, real) = (pick(&made.candidate), pick(&made.baseline), pick(&real));
            let truth: Vec<bool> = (0..150).filter(keep).map(|row| made.truth[row]).collect();
            let keys = keys(truth.len());
            let (truth, a, b) = match metric {
                Metric::AveragePrecision => (Truth::Binary(&truth), scored(&a), scored(&b)),
                _ => (Truth::Real(&real), valued(&a), valued(&b)),
            };
            let sampling = resampled(&sampling(0.95), metric);
            compare(&spec(metric), &Rows::new(truth, &keys), &a, &b, &sampling).unwrap()
        };
        let without: Vec<f64> = (0..150).map(|row| run(row).delta).collect();
        let mean = without.iter().sum::<f64>() / 150.0;
        let power = |exponent| without.iter().map(|delta| (mean - delta).powi(exponent)).sum::<f64>();
        let Sufficient::Resampled { acceleration, .. } = run(150).sufficient else { panic!("{metric}") };
        close(acceleration, power(3) / (6.0 * power(2).powf(1.5)), 0.15);
    }
}

#[test]
fn the_bootstrap_and_the_influence_values_agree_where_they_meet() {
    let (below, above) = (Made::new(19_999, 0.1, 5), Made::new(20_000, 0.1, 5));
    let compared = |made: &Made, sampling: &Sampling| {
        let (a, b) = (scored(&made.candidate), scored(&made.baseline));
        compare(&spec(Metric::AveragePrecision), &made.rows(), &a, &b, sampling).unwrap()
    };
    let regressed = |made: &Made, metric: Metric| {
        let truth: Vec<f64> = made.candidate.iter().zip(&made.baseline).map(|(a, b)| a + b).collect();
        let rows = Rows::new(Truth::Real(&truth), &made.keys);
        let doubled: Vec<f64> = made.candidate.iter().map(|a| 2.1 * a).collect();
        compare(&spec(metric), &rows, &valued(&doubled), &valued(&made.baseline), &many(0.95)).unwrap()
    };
    for (resampled, closed) in [
        (compared(&below, &resampled(&many(0.95), Metric::AveragePrecision)), compared(&above, &many(0.95))),
        (regressed(&below, Metric::R2), regressed(&above, Metric::R2)),
        (regressed(&below, Metric::RootMeanSquaredError), regressed(&above, Metric::RootMeanSquaredError)),
    ] {
        assert_eq!((resampled.method, closed.method), (Method::BcaPoisson, Method::Influence));
        close(resampled.standard_error.unwrap(), closed.standard_error.unwrap(), 0.03);
        let width = closed.upper - closed.lower;
        assert!((resampled.lower - closed.lower).abs() < 0.05 * width, "{resampled:?} {closed:?}");
        assert!((resampled.upper - closed.upper).abs() < 0.05 * width, "{resampled:?} {closed:?}");
    }
}

#[test]
fn results_are_the_same_bits_for_any_number_of_threads() {
    let made = Made::new(700, 0.3, 9);
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            Metric::all()
                .iter()
                .map(|&metric| {
                    let (a, b) = (scored(&made.candidate), scored(&made.baseline));
                    compare(&spec(metric), &made.rows(), &a, &b, &Sampling { resamples: 256, ..sampling(0.95) })
                })
                .collect::<Vec<_>>()
        })
    };
    assert_eq!(run(1), run(3));
}

#[test]
fn resamples_drawn_side_by_side_are_what_each_is_alone() {
    // Rows that weigh 1 each are resampled one after another; rows without weights 128 resamples at a time.
    for (rows, decimals) in [(700, None), (700, Some(50.0)), (3_000, Some(2_000.0))] {
        let made = Made::new(rows, 0.3, 9);
        let rounded = |scores: &[f64]| -> Vec<f64> {
            scores.iter().map(|score| decimals.map_or(*score, |places| (score * places).round() / places)).collect()
        };
        let (a, b) = (rounded(&made.candidate), rounded(&made.baseline));
        let ones = vec![1.0; rows];
        for metric in [Metric::Ece, Metric::AveragePrecision, Metric::RocAuc] {
            let sampling = Sampling { resamples: 300, resampling: Resampling::Always, ..sampling(0.95) };
            let with = |weights| {
                let rows = Rows { weights, ..made.rows() };
                compare(&spec(metric), &rows, &scored(&a), &scored(&b), &sampling).unwrap()
            };
            let (together, alone) = (with(None), with(Some(ones.as_slice())));
            assert_eq!(together.method, Method::BcaPoisson);
            assert_eq!((together.lower, together.upper), (alone.lower, alone.upper), "{metric} {rows} {decimals:?}");
        }
    }
}

#[test]
fn another_seed_changes_the_bounds_and_another_model_does_not_change_the_weights() {
    let made = Made::new(700, 0.3, 9);
    let (a, b) = (scored(&made.candidate), scored(&made.baseline));
    for metric in [Metric::AveragePrecision, Metric::F1] {
        let with = |seed| {
            let sampling = resampled(&Sampling { seed: [seed; 32], ..sampling(0.95) }, metric);
            compare(&spec(metric), &made.rows(), &a, &b, &sampling).unwrap()
        };
        assert_eq!(with(1), with(1));
        assert_ne!(with(1).lower, with(2).lower);
        assert!((with(1).lower - with(2).lower).abs() < 0.2 * (with(1).upper - with(1).lower));
    }
}

#[test]
fn bounds_can_be_derived_again_without_the_rows() {
    for n in [900, 20_500] {
        let made = Made::new(n, 0.3, 21);
        let (a, b) = (scored(&made.candidate), scored(&made.baseline));
        // All binary ones of few rows; of many those whose methods differ then.
        let some = [Metric::AveragePrecision, Metric::Ks, Metric::Ece, Metric::F1, Metric::Matthews, Metric::Brier];
        let metrics = if n < 1000 { Metric::all() } else { &some };
        for &metric in metrics {
            let Ok(found) = compare(&spec(metric), &made.rows(), &a, &b, &sampling(0.95)) else {
                let undefined = [Metric::LogLoss, Metric::PrecisionAtK].contains(&metric);
                assert!(!metric.tasks().contains(&mlrun::measure::Task::Binary) || undefined, "{metric}");
                continue;
            };
            let again = rederive(&spec(metric), &found, &sampling(0.95)).unwrap();
            assert_eq!(again, found, "{metric}");
            let wider = rederive(&spec(metric), &found, &sampling(0.99)).unwrap();
            let direct = compare(&spec(metric), &made.rows(), &a, &b, &sampling(0.99)).unwrap();
            assert!((wider.lower - direct.lower).abs() < 0.03 * (direct.upper - direct.lower), "{metric}");
        }
    }
}

#[test]
fn statistics_no_rows_could_have_given_are_refused() {
    let made = Made::new(500, 0.3, 21);
    let (a, b) = (scored(&made.candidate), scored(&made.baseline));
    let forged = |metric, sufficient| {
        let honest = compare(&spec(metric), &made.rows(), &a, &b, &sampling(0.95)).unwrap();
        rederive(&spec(metric), &Comparison { sufficient, ..honest }, &sampling(0.95))
    };
    let cell = |truth, count| Cell { truth, candidate: 0, baseline: 1, count };
    let cells = |classes, cells: &[Cell]| Sufficient::Cells { classes, cells: cells.to_vec() };
    let refused = Err(Undefined::Contradictory);
    assert_eq!(forged(Metric::F1, cells(2, &[cell(5, 3)])), refused);
    assert_eq!(forged(Metric::F1, cells(2, &[cell(0, 0)])), refused);
    assert_eq!(forged(Metric::F1, cells(2, &[cell(0, u64::MAX), cell(1, u64::MAX)])), refused);
    assert_eq!(forged(Metric::F1, cells(u32::MAX, &[cell(0, 3)])), refused);
    let [both, only_baseline, only_candidate, neither] = [u64::MAX, 1, 0, 0];
    let counts = Sufficient::Discordant { both, only_baseline, only_candidate, neither };
    assert_eq!(forged(Metric::Accuracy, counts), refused);
    let moments = Sufficient::Moments { n: 500, sum: 400.0, sum_squares: 1.0, sum_cubes: 0.0 };
    assert_eq!(forged(Metric::Brier, moments), refused);
    let nothing = Sufficient::Resampled { bias_correction: 0.0, acceleration: 0.0, quantiles: vec![] };
    assert_eq!(forged(Metric::AveragePrecision, nothing), Err(Undefined::Overflow));
    // Statistics of other data show in the values.
    let counts = Sufficient::Discordant { both: 450, only_baseline: 10, only_candidate: 40, neither: 0 };
    let found = forged(Metric::Accuracy, counts).unwrap();
    assert_eq!((found.candidate, found.baseline), (0.98, 0.92));
}

#[test]
fn models_that_never_disagree_are_still_not_certainly_equal() {
    let made = Made::new(500, 0.3, 4);
    let shifted: Vec<f64> =
        made.candidate.iter().map(|&score| if score >= 0.5 { score + 0.01 } else { score - 0.01 }).collect();
    for metric in [Metric::Accuracy, Metric::Recall, Metric::Precision, Metric::F1, Metric::BalancedAccuracy] {
        let (a, b) = (scored(&shifted), scored(&made.candidate));
        let found = compare(&spec(metric), &made.rows(), &a, &b, &sampling(0.95)).unwrap();
        assert_eq!(found.delta, 0.0);
        assert!(found.lower < 0.0 && found.upper > 0.0, "{metric}: {found:?}");
        assert!(found.lower > -0.05 && found.upper < 0.05, "{metric}: {found:?}");
    }
}

#[test]
fn identical_predictions_differ_by_exactly_nothing() {
    let made = Made::new(60, 0.3, 2);
    let copy = made.candidate.clone();
    for &metric in Metric::all().iter().filter(|metric| metric.tasks().contains(&mlrun::measure::Task::Binary)) {
        let (a, b) = (scored(&made.candidate), scored(&copy));
        let Ok(found) = compare(&spec(metric), &made.rows(), &a, &b, &sampling(0.95)) else {
            assert!(metric == Metric::LogLoss || metric == Metric::Brier, "scores beyond 1 are no probabilities");
            continue;
        };
        assert_eq!((found.method, found.lower, found.upper), (Method::Exact, 0.0, 0.0));
        assert_eq!(found.sufficient, Sufficient::None);
    }
    // A monotone change of the scores ranks every row the same.
    let logits: Vec<f64> = made.candidate.iter().map(|score| 3.0 * score - 1.0).collect();
    let (a, b) = (scored(&logits), scored(&made.candidate));
    let found = compare(&spec(Metric::RocAuc), &made.rows(), &a, &b, &sampling(0.95)).unwrap();
    assert_eq!((found.method, found.delta), (Method::ExactPairs, 0.0));
    // On as many pairs as there are rows of the rarer class nobody saw them differ: the rule of three, exactly.
    let positives = made.truth.iter().filter(|positive| **positive).count();
    let bound = 1.0 - 0.05_f64.powf(1.0 / positives.min(60 - positives) as f64);
    assert!((found.upper - bound).abs() < 1e-12 && (found.lower + bound).abs() < 1e-12, "{found:?}");
    let again = rederive(&spec(Metric::RocAuc), &found, &sampling(0.95)).unwrap();
    assert_eq!(again, found);
}

/// Few rows on which two models agree are few rows.
#[test]
fn agreement_on_few_rows_is_not_certainty() {
    let agreed = |spec: &MetricSpec, truth: Truth<'_>, predicted: &Predicted<'_>| {
        let keys: Vec<u64> = (0..truth.len() as u64).collect();
        compare(spec, &Rows::new(truth, &keys), predicted, predicted, &sampling(0.95))
    };
    for n in [1, 2, 10] {
        let (labels, classes): (Vec<bool>, Vec<u32>) = (vec![true; n], vec![1; n]);
        let predicted = Predicted { classes: Some(&classes), ..Predicted::default() };
        let found = agreed(&spec(Metric::Accuracy), Truth::Binary(&labels), &predicted).unwrap();
        // Tango's bound of no discordant row: z² / (n + z²).
        let z2 = 1.644_853_626_951_472_7_f64.powi(2);
        assert!((found.lower + z2 / (n as f64 + z2)).abs() < 1e-9, "{n}: {found:?}");
        let scored_alike = vec![0.75; n];
        let found = agreed(&spec(Metric::Accuracy), Truth::Binary(&labels), &scored(&scored_alike)).unwrap();
        assert_eq!(found.method, Method::PairedScore);
        let texts = vec!["yes".to_owned(); n];
        let predicted = Predicted { texts: Some(&texts), ..Predicted::default() };
        let found = agreed(&spec(Metric::ExactMatch), Truth::Texts(&texts), &predicted).unwrap();
        let bound = 1.0 - 0.05_f64.powf(1.0 / n as f64);
        assert_eq!(found.method, Method::NoneDiffer);
        assert!((found.lower + bound).abs() < 1e-12 && (found.upper - bound).abs() < 1e-12, "{n}: {found:?}");
        assert_eq!(rederive(&spec(Metric::ExactMatch), &found, &sampling(0.95)).unwrap(), found);
        // Nobody knows what one row of these may differ by.
        let values = vec![3.0; n];
        let predicted = Predicted { values: Some(&values), ..Predicted::default() };
        assert!(agreed(&spec(Metric::MeanAbsoluteError), Truth::Real(&values), &predicted).is_err());
    }
    let (labels, scores) = ([true, false], [0.9, 0.2]);
    let keys = [1, 2];
    let rows = Rows::new(Truth::Binary(&labels), &keys);
    let found = compare(&spec(Metric::RocAuc), &rows, &scored(&scores), &scored(&[0.8, 0.1]), &sampling(0.95));
    assert_eq!(found, Err(Undefined::TooFewPositives { n: 1, needed: 2 }));
}

#[test]
fn too_few_positives_make_resamples_without_any() {
    let mut made = Made::new(300, 0.0, 2);
    made.truth[17] = true;
    made.truth[170] = true;
    let (a, b) = (scored(&made.candidate), scored(&made.baseline));
    for metric in [Metric::AveragePrecision, Metric::BalancedAccuracy] {
        let found = compare(&spec(metric), &made.rows(), &a, &b, &sampling(0.95));
        assert!(matches!(found, Err(Undefined::UnstableResamples { resamples: 2000, .. })), "{metric}: {found:?}");
    }
    let mut large = Made::new(200_000, 0.0, 2);
    large.truth[..30].fill(true);
    let (a, b) = (scored(&large.candidate), scored(&large.baseline));
    let found = compare(&spec(Metric::AveragePrecision), &large.rows(), &a, &b, &sampling(0.95));
    assert_eq!(found, Err(Undefined::TooFewPositives { n: 30, needed: 50 }));
}

#[test]
fn many_classes() {
    let n = 3000;
    let labels: Vec<u32> = (0..n).map(|row| (super::mix(row) % 40) as u32).collect();
    let guess = |salt: u64, share: u64| {
        (0..n)
            .zip(&labels)
            .map(|(row, &label)| if super::mix(row ^ salt) % 100 < share { label } else { (label * 7 + 3) % 40 })
            .collect::<Vec<u32>>()
    };
    let (a, b) = (guess(1 << 40, 80), guess(1 << 41, 78));
    let keys = keys(n as usize);
    let rows = Rows::new(Truth::Classes { labels: &labels, count: 40 }, &keys);
    let classed = |classes| Predicted { classes: Some(classes), ..Predicted::default() };
    for metric in [Metric::MacroF1, Metric::BalancedAccuracy] {
        let found = compare(&spec(metric), &rows, &classed(&a[..]), &classed(&b[..]), &sampling(0.95)).unwrap();
        assert!(found.lower < found.delta && found.delta < found.upper);
        let one = estimate(&spec(metric), &rows, &classed(&a[..]), &sampling(0.95)).unwrap();
        assert!(one.lower < one.value && one.value < one.upper);
    }
    let perfect = estimate(&spec(Metric::MacroF1), &rows, &classed(&labels[..]), &sampling(0.95)).unwrap();
    assert_eq!((perfect.method, perfect.value, perfect.upper), (Method::Wilson, 1.0, 1.0));
    assert!(perfect.lower > 0.97 && perfect.lower < 1.0);
}

/// Bounds of few rows do not hold: nothing is said, but how many it takes.
#[test]
fn too_few_rows_are_told_how_many_it_takes() {
    // Multiples of the golden ratio, less their whole part.
    let uneven = |n: usize, from: usize| -> Vec<f64> {
        (from..from + n).map(|row| (row as f64 * 0.618_033_988_749_895).fract()).collect()
    };
    let few = |n: usize| {
        let (truth, keys) = (uneven(n, 7), keys(n));
        let predicted: Vec<f64> = truth.iter().zip(uneven(n, 11)).map(|(truth, noise)| truth + noise).collect();
        let rows = Rows::new(Truth::Real(&truth), &keys);
        estimate(&spec(Metric::RootMeanSquaredError), &rows, &valued(&predicted), &sampling(0.95))
    };
    assert_eq!(few(49), Err(Undefined::TooFewRows { n: 49, needed: 50 }));
    assert!(few(50).is_ok());
    let auc = |positives: usize| {
        let truth: Vec<bool> = (0..200).map(|row| row < positives).collect();
        let scores = uneven(200, 13);
        let keys = keys(200);
        estimate(&spec(Metric::RocAuc), &Rows::new(Truth::Binary(&truth), &keys), &scored(&scores), &sampling(0.95))
    };
    assert_eq!(auc(29), Err(Undefined::TooFewPositives { n: 29, needed: 30 }));
    assert_eq!(auc(171), Err(Undefined::TooFewNegatives { n: 29, needed: 30 }));
    assert!(auc(30).is_ok());
}
