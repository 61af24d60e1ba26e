//! Few rows, and rows that all say the same: the bounds of what is resampled keep their error rate there too.

use mlrun::measure::{
    Comparison, Method, Metric, Predicted, Rows, Sampling, Truth, compare, estimate, rederive, value,
};
use rayon::prelude::*;

use super::{close, golden, keys, mix, numbers, sampling, scored, spec};

const METRICS: [Metric; 4] = [Metric::Precision, Metric::F1, Metric::BalancedAccuracy, Metric::MacroF1];

fn classed(classes: &[u32]) -> Predicted<'_> {
    Predicted { classes: Some(classes), ..Predicted::default() }
}

/// Labels, the candidate's and the baseline's classes.
struct Edge(Vec<bool>, Vec<u32>, Vec<u32>);

impl Edge {
    /// One model right on every row, the other wrong on every row.
    fn opposite(n: usize, positives: usize, candidate_right: bool) -> Self {
        let truth: Vec<bool> = (0..n).map(|row| row < positives).collect();
        let classes = |right: bool| truth.iter().map(|&positive| u32::from(positive == right)).collect();
        let (candidate, baseline) = (classes(candidate_right), classes(!candidate_right));
        Self(truth, candidate, baseline)
    }

    fn compared(&self, metric: Metric, sampling: &Sampling) -> Option<Comparison> {
        let keys = keys(self.0.len());
        let rows = Rows::new(Truth::Binary(&self.0), &keys);
        compare(&spec(metric), &rows, &classed(&self.1), &classed(&self.2), sampling).ok()
    }

    fn one_sample(&self, metric: Metric, classes: &[u32]) -> (f64, f64) {
        let keys = keys(self.0.len());
        let rows = Rows::new(Truth::Binary(&self.0), &keys);
        let found = estimate(&spec(metric), &rows, &classed(classes), &sampling(0.95)).unwrap();
        (found.lower, found.upper)
    }
}

#[test]
fn ten_rows_do_not_show_more_than_one_models_ten_rows_could() {
    for positives in [5, 10] {
        let edge = Edge::opposite(10, positives, true);
        for metric in METRICS {
            let Some(found) = edge.compared(metric, &sampling(0.95)) else {
                // Labels of one class have no balanced accuracy, a baseline without predicted positives no precision.
                let undefined = [Metric::Precision, Metric::BalancedAccuracy].contains(&metric);
                assert!(positives == 10 && undefined, "{metric}");
                continue;
            };
            // A difference of two unknowns is no better known than one of them, at its best against zero.
            let (lower, _) = edge.one_sample(metric, &edge.1);
            let (_, baseline) = edge.one_sample(metric, &edge.2);
            assert!(found.lower <= lower && found.lower <= 1.0 - baseline, "{metric}: {found:?}");
            assert!(found.lower < 0.787 && found.upper == 1.0, "{metric}: {found:?}");
            assert_eq!(found.method, Method::MultinomialMover);
            assert_eq!(rederive(&spec(metric), &found, &sampling(0.95)), Ok(found));
        }
    }
    // Rows of one class: as wide as Tango's score interval of the recall.
    let edge = Edge::opposite(10, 10, true);
    let [recall, f1] = [Metric::Recall, Metric::F1].map(|metric| edge.compared(metric, &sampling(0.95)).unwrap());
    close(recall.lower, 0.574, 1e-3);
    assert!(f1.lower < 0.72, "{f1:?}");
}

#[test]
fn a_total_loss_on_forty_rows_is_no_more_certain_than_its_recall() {
    let edge = Edge::opposite(40, 20, false);
    let recall = edge.compared(Metric::Recall, &sampling(0.95)).unwrap();
    close(recall.upper, -0.7617, 1e-3);
    for metric in METRICS {
        let found = edge.compared(metric, &sampling(0.95)).unwrap();
        let (_, candidate) = edge.one_sample(metric, &edge.1);
        let (baseline, _) = edge.one_sample(metric, &edge.2);
        assert!(found.upper >= candidate - 1.0 && found.upper >= -baseline, "{metric}: {found:?}");
        assert!(found.lower == -1.0 && found.upper > -0.9, "{metric}: {found:?}");
        assert_eq!(rederive(&spec(metric), &found, &sampling(0.95)), Ok(found));
    }
}

/// Also where no class is quiet and every resample is the same.
#[test]
fn rows_that_all_say_the_same_still_have_bounds() {
    let edge = Edge::opposite(80, 40, true);
    for metric in METRICS {
        let found = edge.compared(metric, &sampling(0.95)).unwrap();
        assert_eq!((found.method, found.delta, found.upper), (Method::MultinomialMover, 1.0, 1.0));
        assert!(found.lower > 0.8 && found.lower < 0.96, "{metric}: {found:?}");
        assert_eq!(rederive(&spec(metric), &found, &sampling(0.95)), Ok(found));
    }
    // One model that is always wrong is not certainly so.
    let (lower, upper) = edge.one_sample(Metric::MacroF1, &edge.2);
    assert!(lower == 0.0 && upper > 0.05 && upper < 0.2, "{upper}");
}

/// Where one model's precision is a certain 1 or 0, the difference's bound on the far side is the other's own.
#[test]
fn at_most_one_hit_or_miss_gets_exact_bounds() {
    for case in golden("clopper_pearson").as_array().unwrap() {
        let case = numbers(case);
        let (hits, n) = (case[0] as usize, case[1] as usize);
        // The rows the candidate calls positive, then as many positives and negatives, of which the baseline finds one
        // kind.
        let truth: Vec<bool> = (0..3 * n).map(|row| row < hits || (n..2 * n).contains(&row)).collect();
        let candidate: Vec<u32> = (0..3 * n).map(|row| u32::from(row < n)).collect();
        let finds = |kind: usize| (0..3 * n).map(|row| u32::from(row / n == kind)).collect::<Vec<_>>();
        let compared = |baseline: Vec<u32>| {
            let edge = Edge(truth.clone(), candidate.clone(), baseline);
            edge.compared(Metric::Precision, &sampling(case[2])).unwrap()
        };
        let (perfect, hopeless) = (compared(finds(1)), compared(finds(2)));
        assert_eq!((perfect.method, hopeless.method), (Method::MultinomialMover, Method::MultinomialMover));
        // Resamples may say more, never less; without any hit or any miss they say nothing.
        assert!(perfect.lower <= case[3] - 1.0 + 1e-10 && hopeless.upper >= case[4] - 1e-10, "{case:?}");
        if n >= 40 && hits == n {
            close(perfect.lower + 1.0, case[3], 1e-10);
        }
        if n >= 40 && hits == 0 {
            close(hopeless.upper, case[4], 1e-10);
        }
    }
}

/// A table of 1,000 rows, and sets drawn from it: how many rows of label, candidate's and baseline's class, which are the
/// bits of the cell's number from the highest to the lowest.
#[derive(Clone, Copy, Debug)]
struct Population([u32; 8]);

impl Population {
    /// As many positive as negative rows, and of both as many that both get right, only the baseline, only the candidate.
    fn even([both, only_baseline, only_candidate]: [u32; 3]) -> Self {
        let neither = 500 - both - only_baseline - only_candidate;
        Self([both, only_candidate, only_baseline, neither, neither, only_baseline, only_candidate, both])
    }

    /// Scores beside the classes differ, so that equal classes are no proof of equal models.
    fn rows(cells: impl Iterator<Item = usize>) -> (Vec<bool>, [Vec<f64>; 2]) {
        let mut rows = (vec![], [vec![], vec![]]);
        for cell in cells {
            rows.0.push(cell & 4 != 0);
            rows.1[0].push(if cell & 2 != 0 { 1.0 } else { 0.0 });
            rows.1[1].push(if cell & 1 != 0 { 0.75 } else { 0.25 });
        }
        rows
    }

    fn difference(&self, metric: Metric) -> f64 {
        let (truth, scores) = Self::rows((0..8).flat_map(|cell| std::iter::repeat_n(cell, self.0[cell] as usize)));
        let of = |model: usize| value(&spec(metric), &Truth::Binary(&truth), &scored(&scores[model])).unwrap();
        of(0) - of(1)
    }

    fn drawn(&self, n: usize, seed: u64) -> (Vec<bool>, [Vec<f64>; 2]) {
        let cell = |row: u64| {
            let mut at = ((mix(mix(seed) ^ row.wrapping_mul(0x9e37_79b9_7f4a_7c15)) >> 32) * 1000) >> 32;
            self.0.iter().position(|&rows| at.checked_sub(u64::from(rows)).map(|rest| at = rest).is_none()).unwrap()
        };
        Self::rows((0..n as u64).map(cell))
    }
}

/// Of as many sets: bounds above the truth, bounds below it, no bounds.
#[derive(Clone, Copy, Debug, Default)]
struct Misses {
    sets: u32,
    above: u32,
    below: u32,
    undefined: u32,
}

impl Misses {
    fn of(population: Population, metric: Metric, n: usize, sets: std::ops::Range<u32>) -> Self {
        let (keys, expected) = (keys(n), population.difference(metric));
        let one = |set: u32| {
            let (truth, scores) = population.drawn(n, ((n as u64) << 32) + u64::from(set));
            let rows = Rows::new(Truth::Binary(&truth), &keys);
            let sampling = Sampling { resamples: 400, seed: [(set % 251) as u8; 32], ..sampling(0.95) };
            match compare(&spec(metric), &rows, &scored(&scores[0]), &scored(&scores[1]), &sampling) {
                Err(_) => Self { sets: 1, undefined: 1, ..Self::default() },
                Ok(found) => Self {
                    sets: 1,
                    above: u32::from(found.lower > expected + 1e-12),
                    below: u32::from(found.upper < expected - 1e-12),
                    undefined: 0,
                },
            }
        };
        let add = |a: Self, b: Self| Self {
            sets: a.sets + b.sets,
            above: a.above + b.above,
            below: a.below + b.below,
            undefined: a.undefined + b.undefined,
        };
        sets.into_par_iter().map(one).reduce(Self::default, add)
    }

    /// One-sided misses at 5 % of the sets that have bounds; 2.6 standard errors are chance.
    fn too_many(&self) -> bool {
        let bounded = f64::from(self.sets - self.undefined);
        f64::from(self.above.max(self.below)) > 0.05 * bounded + 2.6 * (0.05 * 0.95 * bounded).sqrt()
    }
}

/// The draws are the same in every run. Of three hundred counts one or two are beyond 2.6 standard errors by chance; such
/// a one has to stand ten times as many other sets.
#[test]
fn near_the_edge_bounds_miss_no_more_often_than_they_say() {
    const SETS: u32 = 600;
    let populations = [
        Population::even([10, 10, 470]),
        Population::even([25, 475, 0]),
        Population::even([480, 10, 10]),
        Population::even([0, 50, 450]),
        Population::even([475, 0, 25]),
        // The worst that a search found where resampling decided alone: a model with few predicted positives, nearly all
        // of them right or wrong, against one with many; few rows of one class.
        Population([52, 739, 9, 0, 3, 100, 0, 97]),
        Population([22, 8, 168, 2, 1, 96, 703, 0]),
        Population([3, 405, 43, 349, 0, 12, 181, 7]),
        Population([0, 24, 230, 245, 5, 0, 453, 43]),
        // Without positive rows, which is one set of ten of ten rows, the baseline's macro F1 has one class only.
        Population([0, 0, 800, 0, 99, 0, 101, 0]),
    ];
    for population in populations {
        for (n, metric) in [10, 40, 100, 200].into_iter().flat_map(|n| METRICS.map(|metric| (n, metric))) {
            // A population without a predicted positive has no precision to miss.
            if metric == Metric::Precision && [1, 3, 5, 7].iter().all(|&cell| population.0[cell] == 0) {
                continue;
            }
            let misses = Misses::of(population, metric, n, 0..SETS);
            // Sets without a class, or with nothing predicted positive, are small.
            assert!(n <= 40 || misses.undefined * 20 <= SETS, "{n} rows, {metric}, {population:?}: {misses:?}");
            if misses.too_many() {
                let again = Misses::of(population, metric, n, SETS..11 * SETS);
                assert!(!again.too_many(), "{n} rows, {metric}, {population:?}: {misses:?}, {again:?}");
            }
        }
    }
}
