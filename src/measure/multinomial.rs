//! Resampling a table instead of its rows: a bootstrap of n rows is a multinomial draw of their joint cells, so its
//! cost does not depend on n.
//!
//! Cells are drawn one after another from conditional binomials (Devroye 1986, §XI.1.4). A class in which the models
//! differ on fewer than 25 rows gets one more, spread evenly over everything they might have disagreed on: without it a
//! bootstrap takes disagreements it has not seen for impossible (Agresti & Min, "Improved confidence intervals for
//! comparing matched proportions", Stat. Med. 24, 2005).

use rand_chacha::ChaCha8Rng;
use rand_core::Rng as _;
use rand_distr::{Binomial, Distribution as _};
use rayon::prelude::*;

use super::bca::{Replicates, acceleration};
use super::classification::Tally;
use super::metric::Metric;
use super::outcome::{Cell, Interval, Method, Sampling, Sufficient};
use super::random::Key;
use super::undefined::Undefined;

/// Tables beyond this are not worth keeping in a certificate; quantiles are kept instead.
const LARGEST_TABLE: usize = 1_000;

/// Disagreements of a class that speak for themselves.
const FEW: u64 = 25;

/// What of a table is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Contrast {
    /// The candidate's metric; the baseline's classes are ignored.
    Candidate,
    /// Candidate minus baseline.
    Difference,
}

/// A count metric over a joint table.
pub(super) struct Table<'a> {
    pub metric: Metric,
    pub contrast: Contrast,
    pub classes: u32,
    pub cells: &'a [Cell],
}

/// Both models' counts.
#[derive(Clone)]
struct Pair {
    candidate: Tally,
    baseline: Tally,
}

impl Table<'_> {
    /// The candidate's and the baseline's metric.
    pub(super) fn values(&self) -> Result<(f64, f64), Undefined> {
        let pair = self.observed();
        Ok((pair.candidate.value(self.metric)?, pair.baseline.value(self.metric)?))
    }

    /// BCa bounds of the contrast.
    pub(super) fn interval(&self, sampling: &Sampling) -> Result<(Interval, Sufficient), Undefined> {
        let observed = self.observed();
        let estimate = self.measured(&observed)?;
        let key = Key::new(&sampling.seed, self.metric.name());
        // Largest first, so that most draws are over before the many small cells.
        let mut order: Vec<&Cell> = self.cells.iter().collect();
        order.sort_unstable_by(|a, b| b.count.cmp(&a.count).then(a.cmp(b)));
        let quiet = self.quiet_classes(&observed);
        let values = (0..sampling.resamples)
            .into_par_iter()
            .with_min_len(64)
            .map_init(
                || observed.clone(),
                |pair, number| {
                    self.draw(&order, &quiet, &mut key.resample(number), pair);
                    self.measured(pair).unwrap_or(f64::NAN)
                },
            )
            .collect();
        let a = self.acceleration(&observed, estimate);
        let (interval, quantiles) =
            Replicates::new(values)?.interval(Method::Multinomial, estimate, a, sampling.confidence)?;
        let sufficient = if self.cells.len() <= LARGEST_TABLE {
            Sufficient::Cells { classes: self.classes, cells: self.cells.to_vec() }
        } else {
            quantiles
        };
        Ok((interval, sufficient))
    }

    fn observed(&self) -> Pair {
        let mut pair = Pair { candidate: Tally::new(self.classes), baseline: Tally::new(self.classes) };
        for cell in self.cells {
            pair.add(cell.truth, cell.candidate, cell.baseline, cell.count);
        }
        pair
    }

    fn measured(&self, pair: &Pair) -> Result<f64, Undefined> {
        let candidate = pair.candidate.value(self.metric)?;
        match self.contrast {
            Contrast::Candidate => Ok(candidate),
            Contrast::Difference => Ok(candidate - pair.baseline.value(self.metric)?),
        }
    }

    /// Classes that occur and on which the models differ too seldom to resample.
    fn quiet_classes(&self, observed: &Pair) -> Vec<u32> {
        if self.contrast == Contrast::Candidate || self.classes < 2 {
            return Vec::new();
        }
        let mut differing = vec![0_u64; self.classes as usize];
        for cell in self.cells.iter().filter(|cell| cell.candidate != cell.baseline) {
            differing[cell.truth as usize] += cell.count;
        }
        (0..self.classes)
            .filter(|&class| observed.candidate.truth[class as usize] > 0 && differing[class as usize] < FEW)
            .collect()
    }

    fn draw(&self, order: &[&Cell], quiet: &[u32], generator: &mut ChaCha8Rng, pair: &mut Pair) {
        pair.candidate.clear();
        pair.baseline.clear();
        let mut mass: u64 = order.iter().map(|cell| cell.count).sum();
        let mut left = mass;
        if !quiet.is_empty() {
            let added = quiet.len() as u64;
            let imagined = binomial(left, added as f64 / (mass + added) as f64, generator);
            left -= imagined;
            for _ in 0..imagined {
                let truth = quiet[below(quiet.len() as u32, generator) as usize];
                let wrong = below(self.classes - 1, generator);
                let wrong = wrong + u32::from(wrong >= truth);
                if below(2, generator) == 0 {
                    pair.add(truth, wrong, truth, 1);
                } else {
                    pair.add(truth, truth, wrong, 1);
                }
            }
        }
        for cell in order {
            if left == 0 {
                break;
            }
            let count =
                if cell.count == mass { left } else { binomial(left, cell.count as f64 / mass as f64, generator) };
            pair.add(cell.truth, cell.candidate, cell.baseline, count);
            left -= count;
            mass -= cell.count;
        }
    }

    /// From the jackknife, which is the same for all rows of a cell.
    fn acceleration(&self, observed: &Pair, estimate: f64) -> f64 {
        let without: Vec<f64> = self
            .cells
            .iter()
            .map(|cell| {
                let mut pair = observed.clone();
                pair.candidate.remove(cell.truth, cell.candidate);
                pair.baseline.remove(cell.truth, cell.baseline);
                self.measured(&pair).unwrap_or(estimate)
            })
            .collect();
        let rows: u64 = self.cells.iter().map(|cell| cell.count).sum();
        let times = |at: usize| self.cells[at].count as f64;
        let mean = super::sums::sum(without.len(), |at| times(at) * without[at]) / rows as f64;
        acceleration(without.len(), |at| mean - without[at], times)
    }
}

impl Pair {
    fn add(&mut self, truth: u32, candidate: u32, baseline: u32, count: u64) {
        self.candidate.add(truth, candidate, count);
        self.baseline.add(truth, baseline, count);
    }
}

/// A binomial draw; a probability that is none (it cannot be) draws nothing.
fn binomial(trials: u64, probability: f64, generator: &mut ChaCha8Rng) -> u64 {
    Binomial::new(trials, probability).map_or(0, |binomial| binomial.sample(generator))
}

/// A whole number below `bound`, from the high half of a product; its bias is below bound / 2³².
fn below(bound: u32, generator: &mut ChaCha8Rng) -> u32 {
    ((u64::from(generator.next_u32()) * u64::from(bound)) >> 32) as u32
}
