//! Resampling a table instead of its rows: a bootstrap of n rows is a multinomial draw of their joint cells, so its
//! cost does not depend on n.
//!
//! Cells are drawn one after another from conditional binomials (Devroye 1986, §XI.1.4). A class in which the models
//! differ on fewer than 25 rows gets one more, spread evenly over everything they might have disagreed on: without it a
//! bootstrap takes disagreements it has not seen for impossible (Agresti & Min, "Improved confidence intervals for
//! comparing matched proportions", Stat. Med. 24, 2005).
//!
//! Near the edge that is not enough, and the bounds are the wider of BCa's and MOVER's. Near the edge is where fewer than
//! 25 rows carry the variance, or where a proportion of either model with at most one hit or one miss makes up a tenth of
//! the squared distance to a MOVER bound: ten hits of ten are ten in every resample, however many rows the other model's
//! variance rests on.

use rand_chacha::ChaCha8Rng;
use rand_core::Rng as _;
use rand_distr::{Binomial, Distribution as _};
use rayon::prelude::*;

use super::bca::{Replicates, acceleration};
use super::classification::{Tally, is_plain};
use super::distribution::one_sided;
use super::metric::Metric;
use super::outcome::{Cell, Interval, Method, Sampling, Sufficient};
use super::proportion::{Edge, edge};
use super::random::Key;
use super::settings::MetricSpec;
use super::sums::sum;
use super::undefined::Undefined;

/// Tables beyond this are not worth keeping in a certificate; quantiles are kept instead.
const LARGEST_TABLE: usize = 1_000;

/// Disagreements of a class that speak for themselves.
const FEW: u64 = 25;

/// What a disagreement that was not seen weighs, in each direction (Agresti & Min).
const IMAGINED: f64 = 0.5;

/// Of the squared distance to a bound: more than this resting on thin proportions is near the edge.
const THIN_SHARE: f64 = 0.1;

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
    pub spec: &'a MetricSpec,
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
        Ok((pair.candidate.value(self.spec)?, pair.baseline.value(self.spec)?))
    }

    /// BCa bounds of the contrast.
    pub(super) fn interval(&self, sampling: &Sampling) -> Result<(Interval, Sufficient), Undefined> {
        let observed = self.observed();
        let estimate = self.measured(&observed)?;
        let key = Key::new(&sampling.seed, self.spec.metric.name());
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
        let influence = self.influence(&observed, estimate);
        let replicates = Replicates::new(values)?;
        let resampled =
            replicates.interval(Method::Multinomial, estimate, influence.acceleration(), sampling.confidence);
        let cells = || Sufficient::Cells { classes: self.classes, cells: self.cells.to_vec() };
        if !is_plain(self.spec, self.classes) {
            let (interval, quantiles) = resampled?;
            return Ok((interval, if self.cells.len() <= LARGEST_TABLE { cells() } else { quantiles }));
        }
        let edges = self.edges(&observed, sampling.confidence)?;
        if influence.rows() < FEW as f64 || edges.thin() {
            let bca = match resampled {
                Ok((bca, _)) => Some(bca),
                Err(Undefined::ZeroVariance | Undefined::OneSidedResamples) => None,
                Err(refused) => return Err(refused),
            };
            return Ok((self.wider(&observed, &edges, bca, sampling.confidence)?, cells()));
        }
        let (interval, quantiles) = resampled?;
        Ok((interval, if self.cells.len() <= LARGEST_TABLE { cells() } else { quantiles }))
    }

    /// The wider of the resampled bounds and those of MOVER, from each model's bounds l, u around its value v and the
    /// correlation r of the two: Zou & Donner, "Construction of confidence limits about effect measures", Stat. Med. 27
    /// (2008). With a = v₁ - l₁ and b = u₂ - v₂ the lower bound is v₁ - v₂ - √(a² + b² - 2rab); the upper one mirrors it.
    ///
    /// The standard error is that of a normal distribution with these bounds, (upper - lower) / 2z: the resamples' own
    /// would promise that fewer rows decide than do.
    fn wider(
        &self,
        observed: &Pair,
        edges: &Edges,
        bca: Option<Interval>,
        confidence: f64,
    ) -> Result<Interval, Undefined> {
        let z = one_sided(confidence)?;
        let value = observed.candidate.value(self.spec)?;
        let (mut estimate, mut down, mut up) = (value, value - edges.candidate.lower, edges.candidate.upper - value);
        if let Some(baseline) = &edges.baseline {
            let value = observed.baseline.value(self.spec)?;
            let correlation = self.correlation(observed);
            let apart = |a: f64, b: f64| (a * a + b * b - 2.0 * correlation * a * b).max(0.0).sqrt();
            estimate -= value;
            down = apart(down, baseline.upper - value);
            up = apart(up, value - baseline.lower);
        }
        let (mut lower, mut upper) = (estimate - down, estimate + up);
        if let Some(bca) = &bca {
            lower = lower.min(bca.bounds.lower);
            upper = upper.max(bca.bounds.upper);
        }
        let mut interval = Interval::new(Method::MultinomialMover, lower, upper, (upper - lower) / (2.0 * z));
        interval.resamples = bca.and_then(|bca| bca.resamples);
        Ok(interval)
    }

    fn edges(&self, observed: &Pair, confidence: f64) -> Result<Edges, Undefined> {
        let of = |tally: &Tally, other: &Tally| {
            let strange = |class: &usize| tally.jaccard(*class).1 == 0 && other.jaccard(*class).1 > 0;
            let differ = self.spec.metric == Metric::MacroF1 && self.contrast == Contrast::Difference;
            let strangers = if differ { (0..self.classes as usize).filter(strange).count() as u64 } else { 0 };
            edge(self.spec.metric, tally, strangers, confidence)
        };
        let (candidate, baseline) = (&observed.candidate, &observed.baseline);
        Ok(Edges {
            candidate: of(candidate, baseline)?,
            baseline: match self.contrast {
                Contrast::Candidate => None,
                Contrast::Difference => Some(of(baseline, candidate)?),
            },
        })
    }

    /// The correlation of the models' metrics over the table and, for each class, two imagined halves of a row: one that only
    /// the candidate gets right, one that only the baseline does, as a resample draws them.
    /// Models that never agree come out near -1, which is the widest MOVER can be.
    fn correlation(&self, observed: &Pair) -> f64 {
        let imagined =
            (0..self.classes).filter(|&class| observed.candidate.truth[class as usize] > 0).flat_map(|class| {
                let other = (class + 1) % self.classes;
                [(class, class, other, IMAGINED), (class, other, class, IMAGINED)]
            });
        let rows: Vec<(f64, f64, f64)> = self
            .cells
            .iter()
            .map(|cell| (cell.truth, cell.candidate, cell.baseline, cell.count as f64))
            .chain(imagined)
            .map(|(truth, candidate, baseline, weight)| {
                let mut pair = observed.clone();
                pair.add(truth, candidate, baseline, 1);
                let value = |tally: &Tally| tally.value(self.spec).unwrap_or(0.0);
                (value(&pair.candidate), value(&pair.baseline), weight)
            })
            .collect();
        let over = |term: &dyn Fn(&(f64, f64, f64)) -> f64| sum(rows.len(), |at| rows[at].2 * term(&rows[at]));
        let weight = over(&|_| 1.0);
        let (a, b) = (over(&|row| row.0) / weight, over(&|row| row.1) / weight);
        let covariance = over(&|row| (row.0 - a) * (row.1 - b));
        let scale = (over(&|row| (row.0 - a) * (row.0 - a)) * over(&|row| (row.1 - b) * (row.1 - b))).sqrt();
        if scale > 0.0 { (covariance / scale).clamp(-1.0, 1.0) } else { -1.0 }
    }

    fn observed(&self) -> Pair {
        let mut pair = Pair { candidate: Tally::new(self.classes), baseline: Tally::new(self.classes) };
        for cell in self.cells {
            pair.add(cell.truth, cell.candidate, cell.baseline, cell.count);
        }
        pair
    }

    fn measured(&self, pair: &Pair) -> Result<f64, Undefined> {
        let candidate = pair.candidate.value(self.spec)?;
        match self.contrast {
            Contrast::Candidate => Ok(candidate),
            Contrast::Difference => Ok(candidate - pair.baseline.value(self.spec)?),
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
    fn influence(&self, observed: &Pair, estimate: f64) -> Influence {
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
        let mean = sum(without.len(), |at| times(at) * without[at]) / rows as f64;
        Influence(without.iter().zip(self.cells).map(|(without, cell)| (mean - without, cell.count as f64)).collect())
    }
}

/// Both models' bounds by themselves; the baseline's where it counts.
struct Edges {
    candidate: Edge,
    baseline: Option<Edge>,
}

impl Edges {
    /// Whether thin proportions make up more of either bound's distance than may be left to resampling. The lower bound of
    /// a difference rests on the candidate's lower and the baseline's upper.
    fn thin(&self) -> bool {
        (0..2).any(|side| {
            let of = |pick: fn(&Edge) -> [f64; 2]| {
                pick(&self.candidate)[side] + self.baseline.as_ref().map_or(0.0, |baseline| pick(baseline)[1 - side])
            };
            of(|edge| edge.thin) > THIN_SHARE * of(|edge| edge.all)
        })
    }
}

/// What one row of each cell moves the contrast by, and how many rows do.
struct Influence(Vec<(f64, f64)>);

impl Influence {
    fn acceleration(&self) -> f64 {
        acceleration(self.0.len(), |at| self.0[at].0, |at| self.0[at].1)
    }

    /// The rows that carry the variance: as many as would give it and its fourth moment if all moved the contrast alike,
    /// (Σu²)² / Σu⁴. About the discordant rows, or the concordant ones where those are rarer.
    fn rows(&self) -> f64 {
        let power = |exponent: i32| sum(self.0.len(), |at| self.0[at].1 * self.0[at].0.powi(exponent));
        let (second, fourth) = (power(2), power(4));
        if fourth > 0.0 { second * second / fourth } else { 0.0 }
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
