//! What holds for every metric: nothing undefined becomes a number, and the order of the rows does not matter.

use mlrun::measure::{
    Better, Metric, MetricSpec, Predicted, Rows, Sampling, Task, Truth, Undefined, compare, estimate, mean, point,
    quantile, quantile_ratio, value,
};
use proptest::prelude::*;

use super::{Made, keys, sampling, scored, spec, valued};

/// Labels and predictions of a task, with one number that can be spoiled.
struct Set {
    task: Task,
    binary: Vec<bool>,
    classes: Vec<u32>,
    real: Vec<f64>,
    numbers: Vec<f64>,
    keys: Vec<u64>,
}

impl Set {
    fn new(task: Task) -> Self {
        let made = Made::new(80, 0.4, 3);
        let classes = made.truth.iter().map(|&positive| u32::from(positive)).collect();
        let real = made.baseline.iter().map(|x| 3.0 * x).collect();
        let numbers = made.candidate.iter().map(|x| x.min(1.0)).collect();
        Self { task, binary: made.truth, classes, real, numbers, keys: made.keys }
    }

    fn with<T>(&self, then: impl FnOnce(&Rows<'_>, &Predicted<'_>) -> T) -> T {
        let columns = [self.numbers.iter().map(|p| 1.0 - p).collect(), self.numbers.clone()];
        let truth = match self.task {
            Task::Binary => Truth::Binary(&self.binary),
            Task::Multiclass => Truth::Classes { labels: &self.classes, count: 2 },
            Task::Ranking => Truth::Relevance(&self.real),
            Task::Text | Task::Regression => Truth::Real(&self.real),
        };
        let predicted = match self.task {
            Task::Binary | Task::Ranking => scored(&self.numbers),
            Task::Multiclass => Predicted { probabilities: Some(&columns), ..Predicted::default() },
            Task::Text | Task::Regression => valued(&self.numbers),
        };
        let groups: Vec<u32> = (0..80).map(|row| row / 10).collect();
        then(&Rows { groups: Some(&groups), ..Rows::new(truth, &self.keys) }, &predicted)
    }
}

/// Words are no numbers to spoil.
fn everything() -> impl Iterator<Item = (Metric, Task)> {
    let pairs = Metric::all().iter().flat_map(|&metric| metric.tasks().iter().map(move |&task| (metric, task)));
    pairs.filter(|(_, task)| *task != Task::Text)
}

#[test]
fn nan_and_infinity_never_become_a_number() {
    for (metric, task) in everything() {
        let good = Set::new(task);
        assert!(good.with(|rows, good| point(&spec(metric), rows, good)).is_ok(), "{metric}");
        for poison in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            for row in [0, 41, 79] {
                let mut bad = Set::new(task);
                bad.numbers[row] = poison;
                let refused = Undefined::NotFinite { row };
                bad.with(|rows, bad| {
                    let spec = spec(metric);
                    assert_eq!(point(&spec, rows, bad), Err(refused.clone()), "{metric}");
                    assert_eq!(estimate(&spec, rows, bad, &sampling(0.95)), Err(refused.clone()), "{metric}");
                    assert!(compare(&spec, rows, bad, bad, &sampling(0.95)).is_err(), "{metric}");
                    good.with(|_, good| {
                        assert_eq!(compare(&spec, rows, bad, good, &sampling(0.95)), Err(refused.clone()), "{metric}");
                        assert_eq!(compare(&spec, rows, good, bad, &sampling(0.95)), Err(refused.clone()), "{metric}");
                    });
                });
            }
        }
    }
    let mut labels = Set::new(Task::Regression);
    labels.real[5] = f64::NAN;
    let found = labels.with(|rows, p| value(&spec(Metric::R2), &rows.truth, p));
    assert_eq!(found, Err(Undefined::NotFinite { row: 5 }));
    assert_eq!(mean(&[1.0, f64::NAN, 2.0], 0.95), Err(Undefined::NotFinite { row: 1 }));
    let mut samples = vec![1.0; 100];
    samples[3] = f64::INFINITY;
    assert_eq!(quantile(&samples, 0.5, 0.95), Err(Undefined::NotFinite { row: 3 }));
    assert_eq!(quantile_ratio(&samples, &[1.0; 100], 0.5, 0.95), Err(Undefined::NotFinite { row: 3 }));
}

#[test]
fn huge_numbers_overflow_into_undefined() {
    let (truth, keys) = (vec![0.0; 4], keys(4));
    let rows = Rows::new(Truth::Real(&truth), &keys);
    let huge = [1e200, -1e200, 1e250, 1e300];
    for metric in [Metric::MeanSquaredError, Metric::RootMeanSquaredError] {
        assert_eq!(value(&spec(metric), &rows.truth, &valued(&huge)), Err(Undefined::Overflow), "{metric}");
        assert!(estimate(&spec(metric), &rows, &valued(&huge), &sampling(0.95)).is_err(), "{metric}");
    }
}

#[test]
fn wrong_input_is_refused_by_name() {
    let truth = [true, false, true, false];
    let labels = Truth::Binary(&truth);
    let found = |metric, predicted: &Predicted<'_>| value(&spec(metric), &labels, predicted);
    let none = Predicted::default();
    assert_eq!(found(Metric::RocAuc, &none), Err(Undefined::ScoresMissing));
    assert_eq!(found(Metric::Accuracy, &none), Err(Undefined::ClassesMissing));
    assert_eq!(found(Metric::R2, &none), Err(Undefined::NotApplicable { metric: "r2", task: "binary" }));
    assert_eq!(found(Metric::RocAuc, &scored(&[0.1])), Err(Undefined::LengthMismatch { expected: 4, found: 1 }));
    assert_eq!(
        found(Metric::LogLoss, &scored(&[0.1, 0.2, 1.5, 0.3])),
        Err(Undefined::ProbabilityOutOfRange { row: 2, value: 1.5 })
    );
    let classes = Predicted { classes: Some(&[0, 1, 2, 0]), ..none };
    assert_eq!(found(Metric::Accuracy, &classes), Err(Undefined::ClassOutOfRange { row: 2, class: 2, count: 2 }));
    let columns = [vec![0.5, 0.5], vec![0.5, 0.6]];
    let unnormalised = Predicted { probabilities: Some(&columns), ..none };
    let classes = Truth::Classes { labels: &[0, 1], count: 2 };
    assert!(matches!(
        value(&spec(Metric::LogLoss), &classes, &unnormalised),
        Err(Undefined::ProbabilitySum { row: 1, .. })
    ));
    assert_eq!(value(&spec(Metric::Accuracy), &Truth::Binary(&[]), &scored(&[])), Err(Undefined::NoRows));
    let nowhere = MetricSpec::new(Metric::Accuracy).at(f64::NAN);
    assert!(matches!(value(&nowhere, &labels, &scored(&[0.0; 4])), Err(Undefined::InvalidSetting { .. })));
    let rows = Rows::new(labels, &[1, 2, 3, 4]);
    for confidence in [0.0, 0.5, 1.0, f64::NAN] {
        let found = estimate(&spec(Metric::Accuracy), &rows, &scored(&[0.0; 4]), &sampling(confidence));
        assert!(matches!(found, Err(Undefined::InvalidSetting { name: "confidence", .. })));
    }
    let none = Sampling { resamples: 0, ..sampling(0.95) };
    let (a, b) = (scored(&[0.1, 0.6, 0.7, 0.2]), scored(&[0.3, 0.1, 0.7, 0.2]));
    let found = compare(&spec(Metric::AveragePrecision), &rows, &a, &b, &none);
    assert!(matches!(found, Err(Undefined::InvalidSetting { name: "resamples", .. })), "{found:?}");
}

#[test]
fn the_direction_of_a_metric() {
    for &metric in Metric::all() {
        let losses = ["log_loss", "brier", "ece", "fpr", "fnr", "mae", "median_ae", "max_error", "pinball"];
        let name = metric.name();
        let error = ["mse", "mape", "msle"].iter().any(|end| name.ends_with(end)) || name.ends_with("_deviance");
        let error = error || ["coverage_error", "ranking_loss"].contains(&name);
        let loss = losses.contains(&name) || error;
        assert_eq!(metric.better(), if loss { Better::Lower } else { Better::Higher }, "{metric}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    /// Rows that arrive in any order and are sorted by key give the same bits; so does adding a constant factor of two.
    #[test]
    fn the_order_of_rows_does_not_matter(seed in any::<u64>(), n in 40_usize..300) {
        let made = Made::new(n, 0.4, seed);
        let unit = |scores: &[f64]| scores.iter().map(|score| score.min(1.0)).collect::<Vec<_>>();
        let mut rows: Vec<_> = made.keys.iter().zip(&made.truth).zip(unit(&made.candidate)).zip(unit(&made.baseline))
            .map(|(((key, truth), a), b)| (*key, *truth, a, b)).collect();
        let run = |rows: &[(u64, bool, f64, f64)]| {
            let keys: Vec<_> = rows.iter().map(|row| row.0).collect();
            let truth: Vec<_> = rows.iter().map(|row| row.1).collect();
            let a: Vec<_> = rows.iter().map(|row| row.2).collect();
            let b: Vec<_> = rows.iter().map(|row| row.3).collect();
            let set = Rows::new(Truth::Binary(&truth), &keys);
            let sampling = Sampling { resamples: 200, ..sampling(0.9) };
            // A fifth of them in each case.
            let chosen = |metric: &Metric| (*metric as u64).wrapping_add(seed) % 5 == 0;
            Metric::all().iter().filter(|metric| metric.tasks().contains(&Task::Binary) && chosen(metric))
                .map(|&metric| compare(&spec(metric), &set, &scored(&a), &scored(&b), &sampling)).collect::<Vec<_>>()
        };
        rows.sort_by_key(|row| row.0);
        let sorted = run(&rows);
        rows.sort_by_key(|row| super::mix(row.0 ^ seed));
        let shuffled = run(&rows);
        rows.sort_by_key(|row| row.0);
        prop_assert_eq!(&sorted, &run(&rows));
        // Unsorted, only the last bits of sums may differ: resampling weights go with the key, not with the place.
        for (one, other) in sorted.iter().zip(&shuffled) {
            match (one, other) {
                (Ok(one), Ok(other)) => {
                    prop_assert!((one.lower - other.lower).abs() < 1e-12);
                    prop_assert!((one.upper - other.upper).abs() < 1e-12);
                }
                _ => prop_assert_eq!(one, other),
            }
        }
    }

    /// Exchanging the models mirrors the difference and its closed-form bounds.
    #[test]
    fn exchanging_the_models_mirrors_the_difference(seed in any::<u64>(), n in 40_usize..300) {
        let made = Made::new(n, 0.4, seed);
        for metric in [Metric::Accuracy, Metric::Recall, Metric::RocAuc] {
            let (a, b) = (scored(&made.candidate), scored(&made.baseline));
            let there = compare(&spec(metric), &made.rows(), &a, &b, &sampling(0.95));
            let back = compare(&spec(metric), &made.rows(), &b, &a, &sampling(0.95));
            if let (Ok(there), Ok(back)) = (there, back) {
                prop_assert!((there.delta + back.delta).abs() < 1e-12);
                prop_assert!((there.lower + back.upper).abs() < 1e-12);
                prop_assert!(there.lower <= there.delta && there.delta <= there.upper);
            }
        }
    }
}
