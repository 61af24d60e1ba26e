//! Whole counts of one model, and the metrics that need no more than a division of them; the others: [`super::counts`].
//!
//! Definitions and edge cases: `sklearn.metrics.{accuracy_score, balanced_accuracy_score,
//! precision_recall_fscore_support}` 1.9. A class without rows and without predictions is no class; a class only
//! predicted lowers macro F1 and leaves balanced accuracy alone.

use super::counts::{Counts, POSITIVE};
use super::input::Labelled;
use super::metric::Metric;
use super::outcome::Cell;
use super::settings::{Average, MetricSpec};
use super::undefined::Undefined;

/// One model's counts per class.
#[derive(Clone)]
pub(super) struct Tally {
    /// Rows of the class.
    pub truth: Vec<u64>,
    /// Rows predicted as the class.
    pub predicted: Vec<u64>,
    /// Rows of the class predicted as such.
    pub hits: Vec<u64>,
    /// Σ of the distances of label and prediction, and of their squares.
    apart: [u64; 2],
}

/// Whether a metric is one proportion, or an average of them, whose bounds have a closed form: not in all its settings.
pub(super) fn is_plain(spec: &MetricSpec, classes: u32) -> bool {
    match spec.metric {
        Metric::Precision | Metric::Recall | Metric::F1 | Metric::Jaccard => {
            spec.parameters.average == Average::Default && spec.parameters.labels.is_none() && classes == 2
        }
        Metric::BalancedAccuracy => !spec.parameters.adjusted,
        Metric::FBeta | Metric::Matthews | Metric::Kappa => false,
        _ => true,
    }
}

impl Tally {
    pub(super) fn new(classes: u32) -> Self {
        let empty = vec![0; classes as usize];
        Self { truth: empty.clone(), predicted: empty.clone(), hits: empty, apart: [0; 2] }
    }

    pub(super) fn of(rows: &Labelled) -> Self {
        let mut tally = Self::new(rows.classes);
        for (&truth, &predicted) in rows.truth.iter().zip(&rows.predicted) {
            tally.add(truth, predicted, 1);
        }
        tally
    }

    pub(super) fn clear(&mut self) {
        self.truth.fill(0);
        self.predicted.fill(0);
        self.hits.fill(0);
        self.apart = [0; 2];
    }

    pub(super) fn add(&mut self, truth: u32, predicted: u32, count: u64) {
        self.truth[truth as usize] += count;
        self.predicted[predicted as usize] += count;
        if truth == predicted {
            self.hits[truth as usize] += count;
        } else {
            let distance = u64::from(truth.abs_diff(predicted));
            self.apart[0] += count * distance;
            self.apart[1] += count * distance * distance;
        }
    }

    /// Takes one row of the cell away.
    pub(super) fn remove(&mut self, truth: u32, predicted: u32) {
        self.truth[truth as usize] -= 1;
        self.predicted[predicted as usize] -= 1;
        if truth == predicted {
            self.hits[truth as usize] -= 1;
        } else {
            let distance = u64::from(truth.abs_diff(predicted));
            self.apart[0] -= distance;
            self.apart[1] -= distance * distance;
        }
    }

    pub(super) fn rows(&self) -> u64 {
        self.truth.iter().sum()
    }

    /// True positives, and rows that are positive or predicted so: their ratio J gives F1 = 2J / (1 + J).
    pub(super) fn jaccard(&self, class: usize) -> (u64, u64) {
        (self.hits[class], self.truth[class] + self.predicted[class] - self.hits[class])
    }

    /// True positives among the rows that decide a metric which is one proportion.
    pub(super) fn proportion(&self, metric: Metric) -> (u64, u64) {
        match metric {
            Metric::Precision => (self.hits[POSITIVE], self.predicted[POSITIVE]),
            Metric::Recall => (self.hits[POSITIVE], self.truth[POSITIVE]),
            Metric::F1 | Metric::Jaccard => self.jaccard(POSITIVE),
            Metric::Specificity => (self.hits[0], self.truth[0]),
            Metric::FalsePositiveRate => (self.truth[0] - self.hits[0], self.truth[0]),
            Metric::FalseNegativeRate => (self.truth[POSITIVE] - self.hits[POSITIVE], self.truth[POSITIVE]),
            Metric::PositiveRate => (self.predicted[POSITIVE], self.rows()),
            _ => (self.hits.iter().sum(), self.rows()),
        }
    }

    /// The metric's value.
    pub(super) fn value(&self, spec: &MetricSpec) -> Result<f64, Undefined> {
        if !is_plain(spec, self.truth.len() as u32) {
            return self.counts().value(spec);
        }
        match spec.metric {
            Metric::BalancedAccuracy => self.balanced_accuracy(),
            Metric::MacroF1 => self.macro_f1(),
            Metric::F1 => match self.jaccard(POSITIVE) {
                (_, 0) => Err(Undefined::NoPositives),
                (hits, union) => Ok(2.0 * hits as f64 / (union + hits) as f64),
            },
            metric => match self.proportion(metric) {
                (_, 0) => Err(match metric {
                    Metric::Precision => Undefined::NoPredictedPositives,
                    Metric::Recall | Metric::Jaccard | Metric::FalseNegativeRate => Undefined::NoPositives,
                    Metric::Specificity | Metric::FalsePositiveRate => Undefined::NoNegatives,
                    _ => Undefined::NoRows,
                }),
                (hits, rows) => Ok(hits as f64 / rows as f64),
            },
        }
    }

    fn counts(&self) -> Counts {
        let real = |counts: &[u64]| counts.iter().map(|count| *count as f64).collect();
        Counts {
            truth: real(&self.truth),
            predicted: real(&self.predicted),
            hits: real(&self.hits),
            apart: self.apart.map(|sum| sum as f64),
        }
    }

    fn balanced_accuracy(&self) -> Result<f64, Undefined> {
        let mut classes = 0;
        let mut recalls = 0.0;
        for (&rows, &hits) in self.truth.iter().zip(&self.hits) {
            if rows > 0 {
                classes += 1;
                recalls += hits as f64 / rows as f64;
            }
        }
        if classes < 2 { Err(Undefined::SingleClass) } else { Ok(recalls / f64::from(classes)) }
    }

    fn macro_f1(&self) -> Result<f64, Undefined> {
        let mut classes = 0;
        let mut scores = 0.0;
        for class in 0..self.truth.len() {
            let (hits, union) = self.jaccard(class);
            if union > 0 {
                classes += 1;
                scores += 2.0 * hits as f64 / (union + hits) as f64;
            }
        }
        if classes == 0 { Err(Undefined::NoRows) } else { Ok(scores / f64::from(classes)) }
    }
}

/// The joint table of label, candidate's and baseline's class.
pub(super) fn joint(candidate: &Labelled, baseline: &Labelled) -> Vec<Cell> {
    let mut rows: Vec<Cell> = Vec::new();
    let k = candidate.classes as usize;
    let triples = || candidate.truth.iter().zip(&candidate.predicted).zip(&baseline.predicted);
    // A dense table for few classes; otherwise sort, as most of the classes³ cells would be empty.
    if k <= 32 {
        let mut counts = vec![0_u64; k * k * k];
        for ((&truth, &candidate), &baseline) in triples() {
            counts[(truth as usize * k + candidate as usize) * k + baseline as usize] += 1;
        }
        for (place, &count) in counts.iter().enumerate().filter(|&(_, &count)| count > 0) {
            let part = |divisor: usize| (place / divisor % k) as u32;
            rows.push(Cell { truth: part(k * k), candidate: part(k), baseline: part(1), count });
        }
        return rows;
    }
    rows.extend(triples().map(|((&truth, &candidate), &baseline)| Cell { truth, candidate, baseline, count: 1 }));
    rows.sort_unstable();
    rows.dedup_by(|next, kept| {
        let same = (next.truth, next.candidate, next.baseline) == (kept.truth, kept.candidate, kept.baseline);
        if same {
            kept.count += next.count;
        }
        same
    });
    rows
}
