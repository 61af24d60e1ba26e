//! Thousands of random inputs of tests and intervals against scipy, statsmodels and MLstatkit.
//!
//! `tests_and_intervals.py` says what the inputs are; this draws the same ones.

use std::io::Read as _;

use mlrun::measure::drift::{Sample, contingency, jensen_shannon, kolmogorov_smirnov, stability, wasserstein};
use mlrun::measure::{
    McNemar, Method, Metric, Rows, Tail, Truth, benjamini_hochberg, compare, holm, mann_whitney, p_value, quantile,
    share, share_difference, tests_of_no_difference, wilcoxon,
};

use super::super::{keys, sampling, scored, spec, valued};
use super::inputs::Draws;

const LEVELS: [f64; 5] = [0.75, 0.9, 0.95, 0.975, 0.99];
/// The script's kinds: the number, cases, answers to each.
const KINDS: [(u64, u64, usize); 7] =
    [(20, 2000, 9), (21, 2000, 2), (22, 2000, 5), (23, 2000, 7), (24, 2000, 4), (25, 400, 4), (26, 500, 3)];

/// Holds what is found in each case of a kind to the answers; the tolerance of each is relative above 1. Where nothing is
/// found (not a number) there is no answer either.
fn check(kind: u64, tolerances: &[f64], found: impl Fn(&Draws) -> Vec<f64>) {
    let mut bytes = Vec::new();
    let file = &include_bytes!("tests_and_intervals.bin.gz")[..];
    flate2::read::GzDecoder::new(file).read_to_end(&mut bytes).unwrap();
    let all: Vec<f64> = bytes.chunks_exact(8).map(|chunk| f64::from_le_bytes(chunk.try_into().unwrap())).collect();
    let mut first = 0;
    let mut wrong = Vec::new();
    for (number, cases, answers) in KINDS {
        if number == kind {
            assert_eq!(tolerances.len(), answers);
            for case in 0..cases {
                let at = first + case as usize * answers;
                let found = found(&Draws::new(kind, case));
                assert_eq!(found.len(), answers);
                for (answer, (found, expected)) in found.iter().zip(&all[at..at + answers]).enumerate() {
                    let near = (found - expected).abs() <= tolerances[answer] * expected.abs().max(1.0);
                    if !(near || found.is_nan() && expected.is_nan()) {
                        wrong.push(format!("case {case}, answer {answer}: {found}, not {expected}"));
                    }
                }
            }
        }
        first += cases as usize * answers;
    }
    assert_eq!(all.len(), first);
    assert!(wrong.is_empty(), "{} wrong, the first:\n{}", wrong.len(), wrong[..wrong.len().min(20)].join("\n"));
}

/// Paired rows, all positive, as scores: both right, only the second, only the first.
fn outcomes(both: u64, only_second: u64, only_first: u64) -> [Vec<f64>; 2] {
    let column = |parts: [(u64, f64); 3]| -> Vec<f64> {
        parts.into_iter().flat_map(|(count, score)| std::iter::repeat_n(score, count as usize)).collect()
    };
    [
        column([(both, 0.9), (only_second, 0.1), (only_first, 0.9)]),
        column([(both, 0.9), (only_second, 0.9), (only_first, 0.1)]),
    ]
}

#[test]
fn wilson_newcombe_and_mcnemar() {
    check(20, &[1e-11, 1e-11, 1e-10, 1e-10, 1e-11, 1e-11, 1e-10, 1e-10, 1e-10], |d| {
        let (n, m) = (1 + d.below(400, 1, 0), 1 + d.below(400, 2, 0));
        let (a, b) = (d.below(n + 1, 3, 0), d.below(m + 1, 4, 0));
        let level = d.pick(&LEVELS, 5, 0);
        let wilson = share(a, n, level).unwrap();
        let newcombe = share_difference((a, n), (b, m), level).unwrap();
        let scale = d.pick(&[4, 30, 300], 6, 0);
        let (b, c) = (d.below(scale, 7, 0), d.below(scale, 8, 0));
        let McNemar { exact, mid, corrected } = McNemar::of(b, c);
        let corrected = if b == c { f64::NAN } else { corrected };
        let mut bounds = [f64::NAN; 2];
        if b + c >= 25 {
            let [first, second] = outcomes(d.below(300, 9, 0), b, c);
            let (truth, keys) = (vec![true; first.len()], keys(first.len()));
            let rows = Rows::new(Truth::Binary(&truth), &keys);
            let found =
                compare(&spec(Metric::Accuracy), &rows, &scored(&first), &scored(&second), &sampling(level)).unwrap();
            assert_eq!(found.method, Method::McNemar);
            bounds = [found.lower, found.upper];
        }
        let [lower, upper] = bounds;
        vec![wilson.lower, wilson.upper, newcombe.lower, newcombe.upper, exact, mid, corrected, lower, upper]
    });
}

#[test]
fn several_p_values() {
    check(21, &[1e-12, 1e-12], |d| {
        let p: Vec<f64> = (0..=d.below(12, 1, 0)).map(|at| d.below(1025, 2, at) as f64 / 1024.0).collect();
        let sum = |adjusted: Vec<f64>| (1..).zip(adjusted).map(|(at, p)| f64::from(at) * p).sum();
        vec![sum(holm(&p)), sum(benjamini_hochberg(&p))]
    });
}

#[test]
fn histograms() {
    check(22, &[1e-11, 1e-10, 1e-12, 1e-7, 1e-12], |d| {
        let (scale, bins) = (d.pick(&[3, 20, 500], 2, 0), 2 + d.below(7, 1, 0));
        let counts = |stream: u64| -> Vec<u64> { (0..bins).map(|at| d.below(scale, stream, at)).collect() };
        let (a, b) = (counts(3), counts(4));
        match (contingency(&a, &b), jensen_shannon(&a, &b), stability(&a, &b)) {
            (Ok(table), Ok(js), Ok(psi)) => vec![table.chi_squared, table.p, table.cramers_v, js, psi.value],
            _ => vec![f64::NAN; 5],
        }
    });
}

#[test]
fn samples() {
    check(23, &[1e-12, 1e-9, 1e-11, 1e-12, 1e-9, 1e-11, 1e-9], |d| {
        let (n, m) = (1 + d.below(20, 1, 0), 1 + d.below(20, 2, 0));
        let levels = d.pick(&[8, 64, 1 << 20], 3, 0);
        let x: Vec<f64> = (0..n).map(|at| d.below(levels, 4, at) as f64 / 8.0).collect();
        let y: Vec<f64> = (0..m).map(|at| (d.below(levels, 5, at) + d.below(levels / 4, 6, at)) as f64 / 8.0).collect();
        let (a, b) = (Sample::new(x.clone()).unwrap(), Sample::new(y.clone()).unwrap());
        let ks = kolmogorov_smirnov(&a, &b).unwrap();
        let ranks = mann_whitney(&x, &y, 0.95).unwrap();
        let pairs: Vec<f64> = x.iter().zip(&y).map(|(x, y)| x - y).collect();
        let none = f64::NAN;
        let (area, signed) = (wasserstein(&a, &b).unwrap_or(none), wilcoxon(&pairs).unwrap_or(none));
        vec![ks.distance, ks.p, area, ranks.u, ranks.p, ranks.shift, signed]
    });
}

#[test]
fn paired_means() {
    check(24, &[1e-9, 1e-9, 1e-10, 1e-10], |d| {
        let n = 2 + d.below(39, 1, 0);
        let a: Vec<f64> = (0..n).map(|at| d.below(4096, 2, at) as f64 / 64.0).collect();
        let b: Vec<f64> = (0..).zip(&a).map(|(at, a)| a + (d.below(129, 3, at) as f64 - 60.0) / 64.0 + 2.0).collect();
        let (margin, level) = (d.pick(&[0.0, 0.25, 2.0], 4, 0), d.pick(&LEVELS, 5, 0));
        // Absolute errors of zeros are the numbers themselves.
        let (truth, keys) = (vec![0.0; a.len()], keys(a.len()));
        let rows = Rows::new(Truth::Real(&truth), &keys);
        let (spec, sampling) = (spec(Metric::MeanAbsoluteError), sampling(level));
        let (a, b) = (valued(&a), valued(&b));
        let Ok(found) = compare(&spec, &rows, &a, &b, &sampling) else { return vec![f64::NAN; 4] };
        let tests = tests_of_no_difference(&spec, &rows, &a, &b, &found, &sampling).unwrap();
        assert_eq!(tests[0].0, "t");
        vec![tests[0].1, p_value(&found, margin, Tail::Below, level).unwrap(), found.lower, found.upper]
    });
}

#[test]
fn areas() {
    check(25, &[1e-12, 1e-12, 1e-12, 1e-9], |d| {
        let (n, levels) = (8 + d.below(80, 1, 0), d.pick(&[4, 16, 1024], 2, 0));
        let truth: Vec<bool> = (0..n).map(|at| at < 3 || at >= 6 && d.below(2, 3, at) == 1).collect();
        let score =
            |(at, y): (u64, &bool)| (d.below(levels + 1, 4, at) + levels / 2 * u64::from(*y)) as f64 / levels as f64;
        let a: Vec<f64> = (0..).zip(&truth).map(score).collect();
        let score = |(at, y): (u64, &bool)| {
            let drawn = d.below(levels + 1, 5, at) + d.below(levels + 1, 4, at);
            drawn as f64 / levels as f64 + f64::from(u8::from(*y)) / 4.0
        };
        let b: Vec<f64> = (0..).zip(&truth).map(score).collect();
        let keys = keys(truth.len());
        let rows = Rows::new(Truth::Binary(&truth), &keys);
        let (spec, a, b) = (spec(Metric::RocAuc), scored(&a), scored(&b));
        let found = compare(&spec, &rows, &a, &b, &sampling(0.95)).unwrap();
        assert_eq!(found.method, Method::DeLong);
        let tests = tests_of_no_difference(&spec, &rows, &a, &b, &found, &sampling(0.95)).unwrap();
        vec![found.candidate, found.baseline, found.standard_error.unwrap().powi(2), tests[0].1]
    });
}

#[test]
fn quantiles() {
    check(26, &[1e-12, 1e-12, 1e-12], |d| {
        let n = 20 + d.below(300, 1, 0);
        let (q, level) = (d.pick(&[0.1, 0.25, 0.5, 0.75, 0.9, 0.95], 2, 0), d.pick(&LEVELS, 3, 0));
        let x: Vec<f64> = (0..n).map(|at| d.below(1 << 12, 4, at) as f64 / 64.0).collect();
        quantile(&x, q, level).map_or(vec![f64::NAN; 3], |found| vec![found.value, found.lower, found.upper])
    });
}
