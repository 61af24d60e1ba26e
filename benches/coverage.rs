//! Whether intervals keep what they say, and what they cost:
//! `cargo bench --bench coverage -- [coverage] [weights] [clusters] [all] [ratio] [runs] [speed] [METRIC …] [REPETITIONS]`.
//!
//! `coverage` draws many sets from a population whose true values are known (eight million rows) and counts how often the
//! two-sided 95 % interval (two bounds at 97.5 %) misses them: 93 to 97 % of 200 rows and 94 to 96 % of 2,000 and 20,000
//! must cover, up to the Monte-Carlo error printed beside. The last column is a gate's: how often a candidate exactly
//! at the margin passes at α = 5 %, which is how often a lower bound at 95 % exceeds the true difference. `weights` and
//! `clusters` do it for such rows, `all` for every metric and for models that hardly differ. They take minutes. `runs` does it for
//! the ratio of the times of two models that are run in turns, a given number of times and until its interval is narrow: there a
//! candidate exactly at the limit passes as often as the ratio is missed by the upper bound. `speed` times every metric's
//! comparison of two models.
#![allow(clippy::print_stdout, missing_docs, reason = "a program for developers, outside the product")]

use std::time::Instant;

use mlrun::measure::{
    Better, Metric, MetricSpec, Predicted, Resampling, Rows, Sampling, Task, Truth, Undefined, compare, estimate,
    paired_ratio, quantile_ratio, sequential, value,
};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng as _, SeedableRng as _};
use rand_distr::{Distribution as _, StandardNormal, StandardUniform};
use rayon::prelude::*;

const CONFIDENCE: f64 = 0.95;
const TWO_SIDED: f64 = 0.975;
const POPULATION: usize = 8_000_000;
const RESAMPLES: u32 = 2_000;

/// What the requirement names.
const NAMED: [Metric; 5] = [Metric::Accuracy, Metric::RocAuc, Metric::F1, Metric::LogLoss, Metric::MeanAbsoluteError];

fn main() -> Result<(), Undefined> {
    let asked: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let (numbers, asked): (Vec<_>, Vec<_>) = asked.into_iter().partition(|name| name.parse::<u64>().is_ok());
    let most = numbers.iter().find_map(|number| number.parse().ok()).unwrap_or(u64::MAX);
    let (metrics, asked): (Vec<_>, Vec<_>) = asked.into_iter().partition(|name| Metric::parse(name).is_some());
    let metrics: Vec<Metric> = metrics.iter().filter_map(|name| Metric::parse(name)).collect();
    let chosen = |all: &'static [Metric]| if metrics.is_empty() { all.to_vec() } else { metrics.clone() };
    let wanted = |name: &str| asked.is_empty() || asked.iter().any(|argument| argument == name);
    if wanted("speed") {
        for rows in [19_999, 100_000, 1_000_000] {
            speed(rows)?;
        }
    }
    if wanted("coverage") {
        let population = Population::new(0.5, 0.3, Structure::Independent);
        for (rows, repetitions) in [(200, 6_000), (2_000, 4_000), (20_000, 2_000)] {
            coverage(&population, &chosen(&NAMED), rows, repetitions.min(most))?;
        }
    }
    for (name, structure) in [("weights", Structure::Weighted), ("clusters", Structure::Clustered)] {
        if wanted(name) {
            println!("\n{name}");
            let population = Population::new(0.5, 0.3, structure);
            for (rows, repetitions) in [(400, 3_000), (2_000, 2_000)] {
                coverage(&population, &chosen(&NAMED), rows, repetitions.min(most))?;
            }
        }
    }
    if wanted("all") {
        // How much the models differ, share of positives, rows.
        for (noise, share, rows) in [(0.05, 0.2, 200), (0.5, 0.2, 200), (0.02, 0.1, 1000), (0.3, 0.05, 5000)] {
            coverage(
                &Population::new(noise, share, Structure::Independent),
                &chosen(Metric::all()),
                rows,
                most.min(3_000),
            )?;
        }
    }
    if wanted("ratio") {
        for (samples, q) in [(1000, 0.99), (5000, 0.99), (100, 0.5)] {
            ratio_coverage(samples, q)?;
        }
    }
    if wanted("runs") {
        for noise in [Noise::LogNormal, Noise::HeldUp, Noise::Drifting] {
            for confidence in [CONFIDENCE, TWO_SIDED] {
                for runs in [Some(4), Some(6), Some(10), Some(30), Some(120), None] {
                    runs_coverage(noise, confidence, runs)?;
                }
            }
        }
    }
    Ok(())
}

/// What makes rows other than independent and alike.
#[derive(Clone, Copy, PartialEq)]
enum Structure {
    Independent,
    /// Log-normal weights.
    Weighted,
    /// Clusters of ten rows on average, of very different sizes, whose rows share half of what varies.
    Clustered,
}

/// Labels and numbers, and what two models say that see the same evidence, each with noise of its own.
struct Draw {
    labels: Vec<bool>,
    real: Vec<f64>,
    probabilities: [Vec<f64>; 2],
    values: [Vec<f64>; 2],
    keys: Vec<u64>,
    weights: Option<Vec<f64>>,
    clusters: Option<Vec<u64>>,
}

impl Draw {
    fn new(seed: u64, rows: usize, noise: f64, share: f64, structure: Structure) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let pair = || [Vec::with_capacity(rows), Vec::with_capacity(rows)];
        let mut draw = Self {
            labels: Vec::new(),
            real: Vec::new(),
            probabilities: pair(),
            values: pair(),
            keys: Vec::new(),
            weights: (structure == Structure::Weighted).then(Vec::new),
            clusters: (structure == Structure::Clustered).then(Vec::new),
        };
        let (mut cluster, mut shared) = (0, [0.0; 3]);
        let prior = (share / (1.0 - share)).ln();
        for _ in 0..rows {
            let uniform: f64 = StandardUniform.sample(&mut random);
            let mut normal = || -> f64 { StandardNormal.sample(&mut random) };
            let positive = uniform < share;
            let mut vary = [normal(), 0.0, 0.0];
            if let Some(weights) = &mut draw.weights {
                weights.push((0.7 * normal()).exp());
            }
            if let Some(clusters) = &mut draw.clusters {
                // A tenth of the rows begin one.
                if cluster == 0 || normal() > 1.281_551_565_544_600_4 {
                    cluster = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(clusters.len() as u64 + 1);
                    shared = [normal(), normal(), normal()];
                }
                clusters.push(cluster);
                let half = std::f64::consts::FRAC_1_SQRT_2;
                vary = [half * (vary[0] + shared[0]), half * shared[1], half * shared[2]];
            }
            let own = if draw.clusters.is_some() { std::f64::consts::FRAC_1_SQRT_2 } else { 1.0 };
            let evidence = if positive { 1.5 } else { 0.0 } + vary[0];
            draw.labels.push(positive);
            draw.real.push(evidence + 0.5 * normal());
            for (model, scale) in [1.0, 0.7].into_iter().enumerate() {
                let seen = evidence + scale * noise * (own * normal() + vary[model + 1]);
                draw.probabilities[model].push(1.0 / (1.0 + (-(prior + 1.5 * seen - 1.125)).exp()));
                draw.values[model].push(seen);
            }
            draw.keys.push(random.next_u64());
        }
        draw
    }

    fn rows(&self, metric: Metric) -> Rows<'_> {
        let binary = metric.tasks().contains(&Task::Binary);
        let truth = if binary { Truth::Binary(&self.labels) } else { Truth::Real(&self.real) };
        Rows { weights: self.weights.as_deref(), clusters: self.clusters.as_deref(), ..Rows::new(truth, &self.keys) }
    }

    fn predicted(&self, model: usize) -> Predicted<'_> {
        Predicted {
            scores: Some(&self.probabilities[model]),
            values: Some(&self.values[model]),
            ..Predicted::default()
        }
    }
}

fn sampling(repetition: u64, confidence: f64) -> Sampling {
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&repetition.to_le_bytes());
    Sampling { confidence, resamples: RESAMPLES, seed, resampling: Resampling::WhereNeeded }
}

/// How often a pair of bounds was on the wrong side.
#[derive(Default, Clone, Copy)]
struct Misses {
    drawn: u32,
    above: u32,
    below: u32,
    undefined: u32,
}

impl Misses {
    fn of(bounds: Result<(f64, f64), Undefined>, truth: f64) -> Self {
        let (lower, upper) = bounds.unwrap_or((f64::NAN, f64::NAN));
        Self {
            drawn: 1,
            above: u32::from(lower > truth),
            below: u32::from(upper < truth),
            undefined: u32::from(lower.is_nan()),
        }
    }

    const fn and(self, other: Self) -> Self {
        Self {
            drawn: self.drawn + other.drawn,
            above: self.above + other.above,
            below: self.below + other.below,
            undefined: self.undefined + other.undefined,
        }
    }

    /// In percent, with its Monte-Carlo standard error.
    fn share(&self, count: u32) -> (f64, f64) {
        let (drawn, p) = (f64::from(self.drawn), f64::from(count) / f64::from(self.drawn));
        (100.0 * p, 100.0 * (p * (1.0 - p) / drawn).sqrt())
    }
}

impl std::fmt::Display for Misses {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (covered, error) = self.share(self.drawn - self.above - self.below - self.undefined);
        let (above, below) = (self.share(self.above).0, self.share(self.below).0);
        write!(f, "{covered:5.1} ±{error:.1} % (missed {above:4.1} by lower, {below:4.1} by upper)")?;
        if self.undefined > 0 { write!(f, ", undefined {:.1} %", self.share(self.undefined).0) } else { Ok(()) }
    }
}

/// Where sets come from.
struct Population {
    noise: f64,
    share: f64,
    structure: Structure,
    all: Draw,
}

impl Population {
    fn new(noise: f64, share: f64, structure: Structure) -> Self {
        Self { noise, share, structure, all: Draw::new(u64::MAX, POPULATION, noise, share, structure) }
    }
}

fn coverage(population: &Population, metrics: &[Metric], rows: usize, repetitions: u64) -> Result<(), Undefined> {
    let Population { noise, share, structure, all } = population;
    println!("\n{rows} rows, noise {noise}, {share} positive, {repetitions} repetitions");
    for &metric in metrics {
        let spec = MetricSpec::new(metric);
        let of = |model: usize| value(&spec, &all.rows(metric).truth, &all.predicted(model));
        let true_value = of(0)?;
        let true_difference = true_value - of(1)?;
        let start = Instant::now();
        let [one, two, gate] = (0..repetitions)
            .into_par_iter()
            .map(|repetition| {
                let draw = Draw::new(repetition, rows, *noise, *share, *structure);
                let (set, a, b) = (draw.rows(metric), draw.predicted(0), draw.predicted(1));
                let two_sided = sampling(repetition, TWO_SIDED);
                let estimated = estimate(&spec, &set, &a, &two_sided).map(|e| (e.lower, e.upper));
                let compared = compare(&spec, &set, &a, &b, &two_sided).map(|c| (c.lower, c.upper));
                let judged = compare(&spec, &set, &a, &b, &sampling(repetition, CONFIDENCE));
                // Turned so that more is better: the lower bound is what a margin is held against.
                let (judged, turned) = match metric.better() {
                    Better::Higher => (judged.map(|c| (c.lower, c.upper)), true_difference),
                    Better::Lower => (judged.map(|c| (-c.upper, -c.lower)), -true_difference),
                };
                [Misses::of(estimated, true_value), Misses::of(compared, true_difference), Misses::of(judged, turned)]
            })
            .reduce(<[Misses; 3]>::default, |a, b| [a[0].and(b[0]), a[1].and(b[1]), a[2].and(b[2])]);
        let (passed, error) = gate.share(gate.above);
        let seconds = start.elapsed().as_secs_f64();
        println!("{:<18} one model: {one}", metric.name());
        println!("{:<18} two:       {two}; at the margin {passed:.1} ±{error:.1} % pass  ({seconds:.0} s)", "");
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
        let ratio = quantile_ratio(&sample(), &sample(), q, TWO_SIDED)?;
        misses = misses.and(Misses::of(Ok((ratio.lower, ratio.upper)), 1.0));
    }
    println!("\nratio of p{:.0}, {samples} samples each: {misses}", q * 100.0);
    Ok(())
}

/// What is in the time of a run beside the model, as a share of it.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Noise {
    /// A standard deviation of a tenth.
    LogNormal,
    /// And every tenth run is held up, by two thirds on average.
    HeldUp,
    /// And the machine slows down by a fifth of a percent with every run, beside waves of a tenth.
    Drifting,
}

/// A candidate that takes a tenth longer.
const SLOWER: f64 = 1.1;

fn runs_coverage(noise: Noise, confidence: f64, runs: Option<u32>) -> Result<(), Undefined> {
    let all = |seed: u64| -> Result<(Misses, u32, f64), Undefined> {
        let (ours, theirs) = in_turns(noise, seed);
        let looked = if runs.is_some() { confidence } else { sequential::confidence(confidence) };
        let mut count = runs.unwrap_or(sequential::FIRST_LOOK);
        loop {
            let found = paired_ratio(&ours[..count as usize], &theirs[..count as usize], looked)?;
            let width = sequential::half_width(found.lower, found.upper)?;
            if runs.is_some() || width <= sequential::NARROW || count == sequential::MOST_RUNS {
                return Ok((Misses::of(Ok((found.lower, found.upper)), SLOWER), count, width));
            }
            count = sequential::next_look(count);
        }
    };
    let found: Vec<_> = (0..4_000).into_par_iter().map(all).collect::<Result<_, _>>()?;
    let misses = found.iter().fold(Misses::default(), |misses, one| misses.and(one.0));
    let mean = |number: fn(&(Misses, u32, f64)) -> f64| found.iter().map(number).sum::<f64>() / found.len() as f64;
    let (count, width) = (mean(|one| f64::from(one.1)), mean(|one| one.2) * 100.0);
    let how = if runs.is_some() { "as asked" } else { "until narrow" };
    println!("{noise:?}, bounds at {confidence}, {count:5.1} runs {how}: {misses}, half {width:.1} %");
    Ok(())
}

/// Times of a candidate and its baseline, run in turns: one first, then the other.
fn in_turns(noise: Noise, seed: u64) -> (Vec<f64>, Vec<f64>) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let phase: f64 = StandardUniform.sample(&mut random);
    let mut time = |place: u32| {
        let normal: f64 = StandardNormal.sample(&mut random);
        let (held_up, long): (f64, f64) = (StandardUniform.sample(&mut random), StandardUniform.sample(&mut random));
        let mut log = 0.1 * normal;
        if noise != Noise::LogNormal && held_up < 0.1 {
            log -= 0.5 * long.ln();
        }
        if noise == Noise::Drifting {
            let place = f64::from(place);
            log += 0.002 * place + 0.1 * (place / 9.0 + 6.3 * phase).sin();
        }
        100.0 * log.exp()
    };
    let pair = |number: u32| {
        let (first, second) = (time(2 * number), time(2 * number + 1));
        if number.is_multiple_of(2) { (first * SLOWER, second) } else { (second * SLOWER, first) }
    };
    (0..sequential::MOST_RUNS).map(pair).unzip()
}

fn speed(rows: usize) -> Result<(), Undefined> {
    let draw = Draw::new(1, rows, 0.3, 0.3, Structure::Independent);
    println!("\n{rows} rows, two models, 2,000 resamples");
    let mut total = 0.0;
    for metric in Metric::all().iter().copied() {
        let start = Instant::now();
        let compared = compare(
            &MetricSpec::new(metric),
            &draw.rows(metric),
            &draw.predicted(0),
            &draw.predicted(1),
            &sampling(7, CONFIDENCE),
        );
        let milliseconds = start.elapsed().as_secs_f64() * 1e3;
        total += milliseconds;
        match compared {
            Ok(found) => println!("{metric:<20} {milliseconds:8.1} ms  {:?}", found.method),
            Err(undefined) => println!("{metric:<20} {milliseconds:8.1} ms  {undefined}"),
        }
    }
    let start = Instant::now();
    quantile_ratio(&draw.probabilities[0], &draw.probabilities[1], 0.99, CONFIDENCE)?;
    println!("{:<20} {:8.1} ms", "ratio of p99", start.elapsed().as_secs_f64() * 1e3);
    println!("{:<20} {total:8.1} ms", "all metrics");
    Ok(())
}
