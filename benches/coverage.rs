//! Whether intervals keep what they say, and what they cost: `cargo bench --bench coverage -- [coverage] [speed]`.
//!
//! A bound at 95 % should be missed in 5 % of repetitions, on each side. `coverage` draws many small sets from a population
//! whose true values are known (two million rows) and counts the misses; 1,500 repetitions tell 5 % from 3.9 % or 6.1 %.
//! It takes minutes. `speed` times every metric's comparison of two models.
#![allow(clippy::print_stdout, missing_docs, reason = "a program for developers, outside the product")]

use std::time::Instant;

use mlrun::measure::{
    Metric, MetricSpec, Predicted, Rows, Sampling, Task, Truth, Undefined, compare, estimate, quantile_ratio, value,
};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng as _, SeedableRng as _};
use rand_distr::{Distribution as _, StandardNormal, StandardUniform};

const CONFIDENCE: f64 = 0.95;
const REPETITIONS: u64 = 1_500;
const THRESHOLD: f64 = 0.8;

fn main() -> Result<(), Undefined> {
    let asked: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let wanted = |name: &str| asked.is_empty() || asked.iter().any(|argument| argument == name);
    if wanted("speed") {
        for rows in [19_999, 100_000, 1_000_000] {
            speed(rows)?;
        }
    }
    if wanted("coverage") {
        // Rows, how much the models differ, share of positives.
        for (rows, noise, share) in
            [(200, 0.05, 0.2), (200, 0.5, 0.2), (1000, 0.02, 0.1), (1000, 0.5, 0.1), (5000, 0.3, 0.05)]
        {
            coverage(rows, noise, share)?;
        }
        for (samples, q) in [(1000, 0.99), (5000, 0.99), (100, 0.5)] {
            ratio_coverage(samples, q)?;
        }
    }
    Ok(())
}

/// Labels, and the scores of two models that see the same evidence, each with noise of its own.
struct Draw {
    labels: Vec<bool>,
    scores: [Vec<f64>; 2],
    keys: Vec<u64>,
}

impl Draw {
    fn new(seed: u64, rows: usize, noise: f64, share: f64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut draw = Self { labels: Vec::new(), scores: [Vec::new(), Vec::new()], keys: Vec::new() };
        for _ in 0..rows {
            let uniform: f64 = StandardUniform.sample(&mut random);
            let mut normal = || -> f64 { StandardNormal.sample(&mut random) };
            let positive = uniform < share;
            let evidence = if positive { 1.5 } else { 0.0 } + normal();
            draw.labels.push(positive);
            draw.scores[0].push(evidence + noise * normal());
            draw.scores[1].push(evidence + 0.7 * noise * normal());
            draw.keys.push(random.next_u64());
        }
        draw
    }

    fn truth(&self) -> Truth<'_> {
        Truth::Binary(&self.labels)
    }

    fn rows(&self) -> Rows<'_> {
        Rows::new(self.truth(), &self.keys)
    }

    fn predicted(&self, model: usize) -> Predicted<'_> {
        Predicted { scores: Some(&self.scores[model]), ..Predicted::default() }
    }
}

fn sampling(repetition: u64, resamples: u32) -> Sampling {
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&repetition.to_le_bytes());
    Sampling { confidence: CONFIDENCE, resamples, seed }
}

/// How often a pair of bounds was on the wrong side.
#[derive(Default)]
struct Misses {
    drawn: u32,
    above: u32,
    below: u32,
    undefined: u32,
}

impl Misses {
    fn add(&mut self, bounds: Option<(f64, f64)>, truth: f64) {
        self.drawn += 1;
        match bounds {
            None => self.undefined += 1,
            Some((lower, upper)) => {
                self.above += u32::from(lower > truth);
                self.below += u32::from(upper < truth);
            }
        }
    }
}

impl std::fmt::Display for Misses {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let percent = |count: u32| f64::from(count) * 100.0 / f64::from(self.drawn);
        write!(f, "missed by lower {:4.1} %, by upper {:4.1} %", percent(self.above), percent(self.below))?;
        if self.undefined > 0 { write!(f, ", undefined {:.1} %", percent(self.undefined)) } else { Ok(()) }
    }
}

fn coverage(rows: usize, noise: f64, share: f64) -> Result<(), Undefined> {
    let population = Draw::new(u64::MAX, 2_000_000, noise, share);
    println!("\n{rows} rows, noise {noise}, {share} positive");
    for metric in Metric::all().iter().copied().filter(|metric| metric.tasks().contains(&Task::Binary)) {
        // Their scores must be probabilities.
        if matches!(metric, Metric::LogLoss | Metric::Brier) {
            continue;
        }
        let spec = MetricSpec::new(metric).at(THRESHOLD);
        let true_value = value(&spec, &population.truth(), &population.predicted(0))?;
        let true_difference = true_value - value(&spec, &population.truth(), &population.predicted(1))?;
        let [mut one, mut two] = [Misses::default(), Misses::default()];
        for repetition in 0..REPETITIONS {
            let draw = Draw::new(repetition, rows, noise, share);
            let sampling = sampling(repetition, 500);
            let estimated = estimate(&spec, &draw.rows(), &draw.predicted(0), &sampling);
            one.add(estimated.ok().map(|e| (e.lower, e.upper)), true_value);
            let compared = compare(&spec, &draw.rows(), &draw.predicted(0), &draw.predicted(1), &sampling);
            two.add(compared.ok().map(|c| (c.lower, c.upper)), true_difference);
        }
        println!("{metric:<20} one model: {one}");
        println!("{:<20} two:       {two}", "");
    }
    Ok(())
}

/// Two samples of the same distribution: their quantiles' ratio is 1.
fn ratio_coverage(samples: usize, q: f64) -> Result<(), Undefined> {
    let mut misses = Misses::default();
    for repetition in 0..4_000 {
        let mut random = ChaCha8Rng::seed_from_u64(repetition);
        let mut sample = || -> Vec<f64> {
            (0..samples)
                .map(|_| {
                    let normal: f64 = StandardNormal.sample(&mut random);
                    normal.exp()
                })
                .collect()
        };
        let ratio = quantile_ratio(&sample(), &sample(), q, CONFIDENCE)?;
        misses.add(Some((ratio.lower, ratio.upper)), 1.0);
    }
    println!("\nratio of p{:.0}, {samples} samples each: {misses}", q * 100.0);
    Ok(())
}

fn speed(rows: usize) -> Result<(), Undefined> {
    let draw = Draw::new(1, rows, 0.3, 0.3);
    let probabilities = draw.scores.each_ref().map(|s| s.iter().map(|x| 1.0 / (1.0 + (-x).exp())).collect::<Vec<_>>());
    let real: Vec<f64> = draw.scores[0].iter().zip(&draw.scores[1]).map(|(a, b)| a + b).collect();
    println!("\n{rows} rows, two models, 2,000 resamples");
    let mut total = 0.0;
    for metric in Metric::all().iter().copied() {
        let regression = metric.tasks().contains(&Task::Regression);
        let truth = if regression { Truth::Real(&real) } else { draw.truth() };
        let rows = Rows::new(truth, &draw.keys);
        let predicted = |model: usize| Predicted {
            scores: Some(&probabilities[model]),
            values: Some(&draw.scores[model]),
            ..Predicted::default()
        };
        let start = Instant::now();
        let compared = compare(&MetricSpec::new(metric), &rows, &predicted(0), &predicted(1), &sampling(7, 2_000));
        let milliseconds = start.elapsed().as_secs_f64() * 1e3;
        total += milliseconds;
        match compared {
            Ok(found) => println!("{metric:<20} {milliseconds:8.1} ms  {:?}", found.method),
            Err(undefined) => println!("{metric:<20} {milliseconds:8.1} ms  {undefined}"),
        }
    }
    let start = Instant::now();
    quantile_ratio(&probabilities[0], &probabilities[1], 0.99, CONFIDENCE)?;
    println!("{:<20} {:8.1} ms", "ratio of p99", start.elapsed().as_secs_f64() * 1e3);
    println!("{:<20} {total:8.1} ms", "all metrics");
    Ok(())
}
