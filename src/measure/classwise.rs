//! ROC AUC and average precision of several classes: means over classes, or over pairs of them.
//!
//! `sklearn.metrics.roc_auc_score(multi_class=…)` and `average_precision_score` 1.9: a class without rows leaves one-vs-rest
//! undefined; one-vs-one (Hand & Till, "A simple generalisation of the area under the ROC curve", Mach. Learn. 45, 2001) pairs
//! the classes that occur. scikit-learn refuses weights for one-vs-one; here a row of weight 2 is two rows.

use super::bootstrap::Weighted;
use super::settings::{Average, MetricSpec, Pairs};
use super::sweep::Sweep;
use super::undefined::Undefined;

/// Sweeps whose mean is the metric.
pub(super) struct Classwise<'a> {
    sweeps: Vec<(Members, Sweep<'a>)>,
    labels: &'a [u32],
    classes: u32,
    average: Average,
    weights: Option<&'a [f64]>,
}

/// The classes a sweep's weight is the rows of.
type Members = (u32, Option<u32>);

impl<'a> Classwise<'a> {
    pub(super) fn new(
        spec: &MetricSpec,
        labels: &'a [u32],
        columns: &[Vec<f64>],
        pairs: Pairs,
        weights: Option<&'a [f64]>,
    ) -> Result<Self, Undefined> {
        let classes = columns.len() as u32;
        let mut sweeps = Vec::new();
        let one = |class: u32| labels.iter().map(|label| *label == class).collect::<Vec<_>>();
        match pairs {
            Pairs::OneVsRest => {
                for (class, column) in (0..).zip(columns) {
                    sweeps.push(((class, None), Sweep::new(spec, one(class), column, weights)?));
                }
            }
            Pairs::OneVsOne => {
                let mut of_class: Vec<Vec<u32>> = vec![Vec::new(); columns.len()];
                for (row, label) in (0..).zip(labels) {
                    of_class[*label as usize].push(row);
                }
                let counts = |row: &u32| weights.is_none_or(|weights| weights[*row as usize] > 0.0);
                let present: Vec<u32> =
                    (0..classes).filter(|class| of_class[*class as usize].iter().any(counts)).collect();
                if present.len() < 2 {
                    return Err(Undefined::SingleClass);
                }
                for (at, &a) in present.iter().enumerate() {
                    for &b in &present[at + 1..] {
                        let mut rows: Vec<u32> = of_class[a as usize].clone();
                        rows.extend(&of_class[b as usize]);
                        rows.sort_unstable();
                        for class in [a, b] {
                            let truth = rows.iter().map(|row| labels[*row as usize] == class).collect();
                            let scores: Vec<f64> =
                                rows.iter().map(|row| columns[class as usize][*row as usize]).collect();
                            let sweep = Sweep::of(spec, rows.clone(), truth, &scores, weights, labels.len())?;
                            sweeps.push(((a, Some(b)), sweep));
                        }
                    }
                }
            }
        }
        Ok(Self { sweeps, labels, classes, average: spec.parameters.average, weights })
    }

    /// Each sweep's share of the mean, and the rows of each class.
    fn shares(&self, weights: Option<&[f64]>) -> (Vec<f64>, Vec<f64>) {
        let mut of_class = vec![0.0; self.classes as usize];
        for (row, label) in self.labels.iter().enumerate() {
            of_class[*label as usize] += weights.map_or(1.0, |weights| weights[row]);
        }
        let of_sweep = |members: &Members| match self.average {
            Average::Weighted => of_class[members.0 as usize] + members.1.map_or(0.0, |class| of_class[class as usize]),
            _ => 1.0,
        };
        (self.sweeps.iter().map(|(members, _)| of_sweep(members)).collect(), of_class)
    }

    fn under(&self, weights: Option<&[f64]>) -> Result<f64, Undefined> {
        let shares = self.shares(weights).0;
        let mut total = 0.0;
        for ((_, sweep), share) in self.sweeps.iter().zip(&shares) {
            total += share * sweep.under(weights)?;
        }
        Ok(total / shares.iter().sum::<f64>())
    }
}

impl Weighted for Classwise<'_> {
    fn value(&self) -> Result<f64, Undefined> {
        self.under(self.weights)
    }

    fn influence(&self) -> Result<Vec<f64>, Undefined> {
        let value = self.value()?;
        let shares = self.shares(self.weights).0;
        let total: f64 = shares.iter().sum();
        let mut influence = vec![0.0; self.labels.len()];
        // What a row of each class moves the shares by.
        let mut of_class = vec![0.0; self.classes as usize];
        for ((members, sweep), share) in self.sweeps.iter().zip(&shares) {
            for (total_of_row, moved) in influence.iter_mut().zip(sweep.influence()?) {
                *total_of_row += share * moved / total;
            }
            if self.average == Average::Weighted {
                let above = (sweep.value()? - value) / total;
                of_class[members.0 as usize] += above;
                if let Some(other) = members.1 {
                    of_class[other as usize] += above;
                }
            }
        }
        for (row, total_of_row) in influence.iter_mut().enumerate() {
            *total_of_row += of_class[self.labels[row] as usize] * self.weights.map_or(1.0, |weights| weights[row]);
        }
        Ok(influence)
    }

    fn weighted(&self, weights: &[f64]) -> f64 {
        self.under(Some(weights)).unwrap_or(f64::NAN)
    }

    fn is_smooth(&self) -> bool {
        self.sweeps.iter().all(|(_, sweep)| sweep.is_smooth())
    }
}
