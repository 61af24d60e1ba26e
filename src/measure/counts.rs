//! Every metric of class counts, from counts of any kind: whole, weighted, resampled.
//!
//! `sklearn.metrics.{precision_recall_fscore_support, jaccard_score, matthews_corrcoef, cohen_kappa_score,
//! balanced_accuracy_score}` 1.9. Where scikit-learn divides zero by zero and warns that it says 0, this says why there is no
//! value: a class that counts and was never predicted has no precision. Two silent answers are none here either: Matthews' 0
//! and balanced accuracy's 1 for labels of a single class. Rows of weight zero are no rows.

use super::metric::Metric;
use super::settings::{Average, Distance, MetricSpec, needed, within};
use super::undefined::Undefined;

/// The positive class of binary labels.
pub(super) const POSITIVE: usize = 1;

/// One model's counts per class.
#[derive(Clone, Default)]
pub(super) struct Counts {
    /// Rows of the class.
    pub truth: Vec<f64>,
    /// Rows predicted as the class.
    pub predicted: Vec<f64>,
    /// Rows of the class predicted as such.
    pub hits: Vec<f64>,
    /// Σ of the distances of label and prediction, and of their squares.
    pub apart: [f64; 2],
}

impl Counts {
    pub(super) fn new(classes: u32) -> Self {
        let empty = vec![0.0; classes as usize];
        Self { truth: empty.clone(), predicted: empty.clone(), hits: empty, apart: [0.0; 2] }
    }

    pub(super) fn add(&mut self, truth: u32, predicted: u32, count: f64) {
        self.truth[truth as usize] += count;
        self.predicted[predicted as usize] += count;
        if truth == predicted {
            self.hits[truth as usize] += count;
        } else {
            let distance = f64::from(truth.abs_diff(predicted));
            self.apart[0] += count * distance;
            self.apart[1] += count * distance * distance;
        }
    }

    /// The metric's value.
    pub(super) fn value(&self, spec: &MetricSpec) -> Result<f64, Undefined> {
        let rows: f64 = self.truth.iter().sum();
        if rows <= 0.0 {
            return Err(Undefined::NoRows);
        }
        match spec.metric {
            Metric::Accuracy => Ok(self.hits.iter().sum::<f64>() / rows),
            Metric::BalancedAccuracy => self.balanced_accuracy(spec.parameters.adjusted),
            Metric::Matthews => self.matthews(rows),
            Metric::Kappa => self.kappa(spec.parameters.distance, rows),
            Metric::Specificity => share(self.hits[0], self.truth[0], Undefined::NoNegatives),
            Metric::FalsePositiveRate => share(self.truth[0] - self.hits[0], self.truth[0], Undefined::NoNegatives),
            Metric::FalseNegativeRate => {
                let positives = self.truth[POSITIVE];
                share(positives - self.hits[POSITIVE], positives, Undefined::NoPositives)
            }
            Metric::PositiveRate => Ok(self.predicted[POSITIVE] / rows),
            _ => self.averaged(spec),
        }
    }

    fn balanced_accuracy(&self, adjusted: bool) -> Result<f64, Undefined> {
        let recalls: Vec<f64> = self
            .truth
            .iter()
            .zip(&self.hits)
            .filter(|(rows, _)| **rows > 0.0)
            .map(|(rows, hits)| hits / rows)
            .collect();
        if recalls.len() < 2 {
            return Err(Undefined::SingleClass);
        }
        let (classes, chance) = (recalls.len() as f64, 1.0 / recalls.len() as f64);
        let mean = recalls.iter().sum::<f64>() / classes;
        Ok(if adjusted { (mean - chance) / (1.0 - chance) } else { mean })
    }

    fn matthews(&self, rows: f64) -> Result<f64, Undefined> {
        if single(&self.truth) || single(&self.predicted) {
            return Err(Undefined::SingleVerdict);
        }
        // Of shares, so that the products of many rows stay small.
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a / rows) * (b / rows)).sum::<f64>();
        let right = self.hits.iter().sum::<f64>() / rows;
        let spread = (1.0 - dot(&self.predicted, &self.predicted)) * (1.0 - dot(&self.truth, &self.truth));
        Ok((right - dot(&self.truth, &self.predicted)) / spread.sqrt())
    }

    fn kappa(&self, distance: Distance, rows: f64) -> Result<f64, Undefined> {
        let apart = |truth: usize, predicted: usize| match distance {
            Distance::None => f64::from(u8::from(truth != predicted)),
            Distance::Linear => truth.abs_diff(predicted) as f64,
            Distance::Quadratic => (truth.abs_diff(predicted) as f64).powi(2),
        };
        let found = match distance {
            Distance::None => rows - self.hits.iter().sum::<f64>(),
            Distance::Linear => self.apart[0],
            Distance::Quadratic => self.apart[1],
        };
        let mut expected = 0.0;
        for (truth, a) in self.truth.iter().enumerate().filter(|(_, a)| **a > 0.0) {
            for (predicted, b) in self.predicted.iter().enumerate().filter(|(_, b)| **b > 0.0) {
                expected += apart(truth, predicted) * a * b / rows;
            }
        }
        if expected > 0.0 { Ok(1.0 - found / expected) } else { Err(Undefined::SingleVerdict) }
    }

    fn averaged(&self, spec: &MetricSpec) -> Result<f64, Undefined> {
        let parameters = &spec.parameters;
        let average = if spec.metric == Metric::MacroF1 { Average::Macro } else { parameters.average };
        let squared = match spec.metric {
            Metric::FBeta => {
                let beta = needed(parameters.beta, "beta")?;
                within(beta, beta > 0.0, "beta")?.powi(2)
            }
            _ => 1.0,
        };
        let of = |class: usize| {
            let (truth, predicted, hits) = (self.truth[class], self.predicted[class], self.hits[class]);
            match spec.metric {
                Metric::Precision => (hits, predicted),
                Metric::Recall => (hits, truth),
                Metric::Jaccard => (hits, truth + predicted - hits),
                _ => ((1.0 + squared) * hits, squared * truth + predicted),
            }
        };
        let classes = self.chosen(spec, average)?;
        if average == Average::Micro {
            let (over, under) = classes.iter().map(|class| of(*class)).fold((0.0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1));
            return share(over, under, Undefined::NoPositives);
        }
        let (mut total, mut weights) = (0.0, 0.0);
        for class in classes {
            let (over, under) = of(class);
            let value = share(over, under, missing(spec.metric, average, class))?;
            let weight = if average == Average::Weighted { self.truth[class] } else { 1.0 };
            total += weight * value;
            weights += weight;
        }
        share(total, weights, Undefined::NoPositives)
    }

    /// The classes whose values are averaged.
    fn chosen(&self, spec: &MetricSpec, average: Average) -> Result<Vec<usize>, Undefined> {
        let count = self.truth.len();
        if let Some(labels) = &spec.parameters.labels {
            if let Some(class) = labels.iter().find(|class| **class as usize >= count) {
                return Err(Undefined::EmptyClass { class: *class });
            }
            if matches!(average, Average::None | Average::Default) && labels.len() != 1 {
                return Err(Undefined::SettingMissing { name: "average" });
            }
            return Ok(labels.iter().map(|class| *class as usize).collect());
        }
        match average {
            Average::Default if count == 2 => Ok(vec![POSITIVE]),
            Average::Default => Err(Undefined::SettingMissing { name: "average" }),
            Average::None => Err(Undefined::SettingMissing { name: "labels" }),
            _ => Ok((0..count).filter(|class| self.truth[*class] > 0.0 || self.predicted[*class] > 0.0).collect()),
        }
    }
}

fn single(counts: &[f64]) -> bool {
    counts.iter().filter(|count| **count > 0.0).count() < 2
}

fn share(over: f64, under: f64, undefined: Undefined) -> Result<f64, Undefined> {
    if under > 0.0 { Ok(over / under) } else { Err(undefined) }
}

fn missing(metric: Metric, average: Average, class: usize) -> Undefined {
    match (average, metric) {
        (Average::Default, Metric::Precision) => Undefined::NoPredictedPositives,
        (Average::Default, _) => Undefined::NoPositives,
        _ => Undefined::EmptyClass { class: u32::try_from(class).unwrap_or(u32::MAX) },
    }
}
