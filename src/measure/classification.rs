//! Metrics that depend on counts alone: accuracy, balanced accuracy, precision, recall, F1, macro F1.
//!
//! Definitions and edge cases: `sklearn.metrics.{accuracy_score, balanced_accuracy_score,
//! precision_recall_fscore_support}` 1.9. A class without rows and without predictions is no class; a class only
//! predicted lowers macro F1 and leaves balanced accuracy alone.

use super::input::Labelled;
use super::metric::Metric;
use super::outcome::Cell;
use super::undefined::Undefined;

/// The positive class of binary labels.
const POSITIVE: usize = 1;

/// One model's counts per class.
#[derive(Clone)]
pub(super) struct Tally {
    /// Rows of the class.
    pub truth: Vec<u64>,
    /// Rows predicted as the class.
    pub predicted: Vec<u64>,
    /// Rows of the class predicted as such.
    pub hits: Vec<u64>,
}

impl Tally {
    pub(super) fn new(classes: u32) -> Self {
        let empty = vec![0; classes as usize];
        Self { truth: empty.clone(), predicted: empty.clone(), hits: empty }
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
    }

    pub(super) fn add(&mut self, truth: u32, predicted: u32, count: u64) {
        self.truth[truth as usize] += count;
        self.predicted[predicted as usize] += count;
        if truth == predicted {
            self.hits[truth as usize] += count;
        }
    }

    /// Takes one row of the cell away.
    pub(super) fn remove(&mut self, truth: u32, predicted: u32) {
        self.truth[truth as usize] -= 1;
        self.predicted[predicted as usize] -= 1;
        if truth == predicted {
            self.hits[truth as usize] -= 1;
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
            Metric::F1 => self.jaccard(POSITIVE),
            _ => (self.hits.iter().sum(), self.rows()),
        }
    }

    /// The metric's value.
    pub(super) fn value(&self, metric: Metric) -> Result<f64, Undefined> {
        match metric {
            Metric::BalancedAccuracy => self.balanced_accuracy(),
            Metric::MacroF1 => self.macro_f1(),
            Metric::F1 => match self.jaccard(POSITIVE) {
                (_, 0) => Err(Undefined::NoPositives),
                (hits, union) => Ok(2.0 * hits as f64 / (union + hits) as f64),
            },
            _ => match self.proportion(metric) {
                (_, 0) => Err(match metric {
                    Metric::Precision => Undefined::NoPredictedPositives,
                    Metric::Recall => Undefined::NoPositives,
                    _ => Undefined::NoRows,
                }),
                (hits, rows) => Ok(hits as f64 / rows as f64),
            },
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
