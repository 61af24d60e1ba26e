//! Metrics of a ranking of labelled rows: what is above each threshold, best scores first, ties together.
//!
//! `sklearn.metrics.{roc_auc_score, average_precision_score}` 1.9, the first also up to a false positive rate and then
//! standardised (McClish, "Analyzing a portion of the ROC curve", Med. Decis. Making 9, 1989). What scikit-learn has no name
//! for: the largest recall at a precision; positives among the first k rows (or share of them), rows that tie at the cut
//! counting in proportion, which is their expected value; the Kolmogorov-Smirnov distance (`scipy.stats.ks_2samp`).
//! A row of weight 2 is two rows: k counts weights.

use super::bootstrap::Weighted;
use super::metric::Metric;
use super::ranks::Ranking;
use super::settings::{MetricSpec, needed, within};
use super::undefined::Undefined;

/// One model's ranking of some of the rows.
pub(super) struct Sweep<'a> {
    spec: MetricSpec,
    /// The numbers of the rows that are ranked; none: all.
    rows: Option<Vec<u32>>,
    /// One per ranked row.
    truth: Vec<bool>,
    ranking: Ranking,
    /// Of all rows.
    weights: Option<&'a [f64]>,
    n: usize,
}

/// Positive and negative weight of one score.
type Run = (f64, f64);

impl<'a> Sweep<'a> {
    /// All rows.
    pub(super) fn new(
        spec: &MetricSpec,
        truth: Vec<bool>,
        scores: &[f64],
        weights: Option<&'a [f64]>,
    ) -> Result<Self, Undefined> {
        let n = truth.len();
        Ok(Self { spec: spec.clone(), rows: None, truth, ranking: Ranking::new(scores)?, weights, n })
    }

    /// The rows numbered `rows` of `n`.
    pub(super) fn of(
        spec: &MetricSpec,
        rows: Vec<u32>,
        truth: Vec<bool>,
        scores: &[f64],
        weights: Option<&'a [f64]>,
        n: usize,
    ) -> Result<Self, Undefined> {
        Ok(Self { spec: spec.clone(), rows: Some(rows), truth, ranking: Ranking::new(scores)?, weights, n })
    }

    fn row(&self, ranked: u32) -> usize {
        self.rows.as_ref().map_or(ranked, |rows| rows[ranked as usize]) as usize
    }

    fn runs(&self, weights: Option<&[f64]>) -> Vec<Run> {
        self.ranking
            .ties()
            .map(|ties| {
                let mut run = (0.0, 0.0);
                for &ranked in ties {
                    let weight = weights.map_or(1.0, |weights| weights[self.row(ranked)]);
                    if self.truth[ranked as usize] {
                        run.0 += weight;
                    } else {
                        run.1 += weight;
                    }
                }
                run
            })
            .collect()
    }

    pub(super) fn under(&self, weights: Option<&[f64]>) -> Result<f64, Undefined> {
        let runs = self.runs(weights);
        let (positives, negatives) = totals(&runs);
        let parameters = &self.spec.parameters;
        match self.spec.metric {
            Metric::AveragePrecision => average_precision(&runs, positives),
            Metric::RecallAtPrecision => {
                let least = needed(parameters.precision, "precision")?;
                recall_at(&runs, positives, within(least, least > 0.0 && least <= 1.0, "precision")?)
            }
            Metric::PrecisionAtK => {
                let k = needed(parameters.k, "k")? as f64;
                if within(k, k >= 1.0, "k")? > positives + negatives {
                    return Err(Undefined::TooFewRows { n: (positives + negatives) as u64, needed: k as u64 });
                }
                Ok(positives_within(&runs, k) / k)
            }
            Metric::Lift | Metric::Gain => {
                let share = needed(parameters.share, "share")?;
                within(share, share > 0.0 && share <= 1.0, "share")?;
                if positives <= 0.0 {
                    return Err(Undefined::NoPositives);
                }
                let gain = positives_within(&runs, share * (positives + negatives)) / positives;
                Ok(if self.spec.metric == Metric::Lift { gain / share } else { gain })
            }
            _ if positives <= 0.0 || negatives <= 0.0 => Err(Undefined::SingleClass),
            Metric::Ks => Ok(furthest(&runs, positives, negatives).1.abs()),
            _ => match parameters.max_fpr {
                Some(most) if most != 1.0 => {
                    partial_auc(&runs, positives, negatives, within(most, most > 0.0 && most < 1.0, "max_fpr")?)
                }
                _ => Ok(auc(&runs, positives, negatives)),
            },
        }
    }

    /// By what each ranked row of the run at `place` moves the metric: a positive and a negative one.
    fn slopes(&self, runs: &[Run]) -> Vec<(f64, f64)> {
        let (positives, negatives) = totals(runs);
        match self.spec.metric {
            Metric::AveragePrecision => {
                let value = average_precision(runs, positives).unwrap_or(f64::NAN);
                let (mut gained, mut all) = (0.0, 0.0);
                let sums: Vec<(f64, f64)> = runs
                    .iter()
                    .map(|run| {
                        gained += run.0;
                        all += run.0 + run.1;
                        (gained, all)
                    })
                    .collect();
                let mut slopes = vec![(0.0, 0.0); runs.len()];
                let (mut if_positive, mut always) = (0.0, 0.0);
                for (at, (run, (gained, all))) in runs.iter().zip(&sums).enumerate().rev() {
                    if *all > 0.0 {
                        if_positive += run.0 / all;
                        always += run.0 * gained / (all * all);
                        slopes[at].0 = gained / all - value + if_positive - always;
                    }
                    slopes[at].1 = -always;
                }
                slopes.iter().map(|slope| (slope.0 / positives, slope.1 / positives)).collect()
            }
            Metric::Ks => {
                let (last, distance) = furthest(runs, positives, negatives);
                let sign = if distance < 0.0 { -1.0 } else { 1.0 };
                let above = |of: fn(&Run) -> f64, total: f64| runs[..=last].iter().map(of).sum::<f64>() / total;
                let (true_rate, false_rate) = (above(|run| run.0, positives), above(|run| run.1, negatives));
                let within = |at: usize| if at <= last { 1.0 } else { 0.0 };
                (0..runs.len())
                    .map(|at| {
                        (sign * (within(at) - true_rate) / positives, -sign * (within(at) - false_rate) / negatives)
                    })
                    .collect()
            }
            _ => {
                let value = auc(runs, positives, negatives);
                let (mut above, mut below) = (0.0, negatives);
                runs.iter()
                    .map(|run| {
                        below -= run.1;
                        let slope = (
                            ((below + 0.5 * run.1) / negatives - value) / positives,
                            ((above + 0.5 * run.0) / positives - value) / negatives,
                        );
                        above += run.0;
                        slope
                    })
                    .collect()
            }
        }
    }
}

impl Weighted for Sweep<'_> {
    fn value(&self) -> Result<f64, Undefined> {
        self.under(self.weights)
    }

    fn influence(&self) -> Result<Vec<f64>, Undefined> {
        let mut influence = vec![0.0; self.n];
        if !self.is_smooth() {
            return Ok(influence);
        }
        self.value()?;
        let slopes = self.slopes(&self.runs(self.weights));
        for (ties, slope) in self.ranking.ties().zip(slopes) {
            for &ranked in ties {
                let row = self.row(ranked);
                let slope = if self.truth[ranked as usize] { slope.0 } else { slope.1 };
                influence[row] = slope * self.weights.map_or(1.0, |weights| weights[row]);
            }
        }
        Ok(influence)
    }

    fn weighted(&self, weights: &[f64]) -> f64 {
        self.under(Some(weights)).unwrap_or(f64::NAN)
    }

    fn is_smooth(&self) -> bool {
        match self.spec.metric {
            Metric::AveragePrecision | Metric::Ks => true,
            Metric::RocAuc => self.spec.parameters.max_fpr.is_none_or(|most| most == 1.0),
            _ => false,
        }
    }
}

fn totals(runs: &[Run]) -> Run {
    runs.iter().fold((0.0, 0.0), |sum, run| (sum.0 + run.0, sum.1 + run.1))
}

fn average_precision(runs: &[Run], positives: f64) -> Result<f64, Undefined> {
    if positives <= 0.0 {
        return Err(Undefined::NoPositives);
    }
    let (mut gained, mut all, mut area) = (0.0, 0.0, 0.0);
    for run in runs {
        gained += run.0;
        all += run.0 + run.1;
        if run.0 > 0.0 {
            area += run.0 * (gained / all);
        }
    }
    Ok(area / positives)
}

fn recall_at(runs: &[Run], positives: f64, least: f64) -> Result<f64, Undefined> {
    if positives <= 0.0 {
        return Err(Undefined::NoPositives);
    }
    let (mut gained, mut all, mut most) = (0.0, 0.0, 0.0_f64);
    for run in runs {
        gained += run.0;
        all += run.0 + run.1;
        if all > 0.0 && gained / all >= least {
            most = most.max(gained);
        }
    }
    Ok(most / positives)
}

/// Positive weight within the first `mass` of the weights.
fn positives_within(runs: &[Run], mass: f64) -> f64 {
    let (mut left, mut gained) = (mass, 0.0);
    for run in runs {
        let all = run.0 + run.1;
        if all >= left {
            return if all > 0.0 { gained + run.0 * (left / all) } else { gained };
        }
        left -= all;
        gained += run.0;
    }
    gained
}

/// After which run true and false positive rate are furthest apart, and by how much.
fn furthest(runs: &[Run], positives: f64, negatives: f64) -> (usize, f64) {
    let (mut above, mut found) = ((0.0, 0.0), (0, 0.0_f64));
    for (at, run) in runs.iter().enumerate() {
        above = (above.0 + run.0, above.1 + run.1);
        let distance: f64 = above.0 / positives - above.1 / negatives;
        if distance.abs() > found.1.abs() {
            found = (at, distance);
        }
    }
    found
}

fn auc(runs: &[Run], positives: f64, negatives: f64) -> f64 {
    let (mut above, mut right) = (0.0, 0.0);
    for run in runs {
        right += run.1 * (above + 0.5 * run.0);
        above += run.0;
    }
    right / (positives * negatives)
}

/// The area up to the false positive rate `most`, on the scale where chance is 0.5 and perfection 1.
fn partial_auc(runs: &[Run], positives: f64, negatives: f64, most: f64) -> Result<f64, Undefined> {
    let (mut true_rate, mut false_rate, mut area) = (0.0, 0.0, 0.0);
    let mut above = (0.0, 0.0);
    for run in runs {
        above = (above.0 + run.0, above.1 + run.1);
        let (next_true, next_false) = (above.0 / positives, above.1 / negatives);
        if next_false > most {
            let part = (most - false_rate) / (next_false - false_rate);
            let cut = true_rate + part * (next_true - true_rate);
            area += (most - false_rate) * 0.5 * (true_rate + cut);
            let least = 0.5 * most * most;
            return Ok(0.5 * (1.0 + (area - least) / (most - least)));
        }
        area += (next_false - false_rate) * 0.5 * (true_rate + next_true);
        (true_rate, false_rate) = (next_true, next_false);
    }
    // Rounding may leave the last rate at or below the limit, which is below 1.
    Err(Undefined::Overflow)
}
