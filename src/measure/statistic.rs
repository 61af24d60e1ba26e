//! Every metric as a function of row weights: what weights, clusters and resampled intervals need.
//!
//! Metrics of counts and means by their definitions, with Σ w in the place of every count; influence values are the
//! derivatives by each row's weight, times that weight. ROC AUC has a file of its own.

use super::auc::Auc;
use super::average_precision::AveragePrecision;
use super::bootstrap::Weighted;
use super::input::{Labelled, Predicted, Rows, binary, labelled, real, scores};
use super::metric::{Metric, MetricSpec};
use super::random::{LANES, Weights};
use super::regression::{Determination, RootMeanSquare, squared_errors};
use super::sums::{mass, scaled, total, weighted_total};
use super::undefined::Undefined;
use super::{Family, losses};

/// The metric of `predicted` on `rows`, whose weights have been checked.
pub(super) fn statistic<'a>(
    spec: &MetricSpec,
    rows: &Rows<'a>,
    predicted: &Predicted<'a>,
) -> Result<Box<dyn Weighted + Send + 'a>, Undefined> {
    let (truth, weights) = (&rows.truth, rows.weights);
    Ok(match spec.metric.family() {
        Family::Count => Box::new(Counted { metric: spec.metric, rows: labelled(spec, truth, predicted)?, weights }),
        Family::Mean => Box::new(Mean { values: losses(spec, truth, predicted)?, weights }),
        Family::Auc => Box::new(Auc::new(binary(spec, truth)?, scores(predicted, truth.len())?, weights)?),
        Family::Smooth => match spec.metric {
            Metric::AveragePrecision => {
                Box::new(AveragePrecision::new(binary(spec, truth)?, scores(predicted, truth.len())?, weights)?)
            }
            Metric::R2 => {
                let (y, p) = real(truth, predicted)?;
                Box::new(Determination::new(y, p, weights)?)
            }
            _ => {
                let (y, p) = real(truth, predicted)?;
                Box::new(RootMeanSquare { squares: squared_errors(y, p), weights })
            }
        },
    })
}

/// Σ w v / Σ w.
struct Mean<'a> {
    values: Vec<f64>,
    weights: Option<&'a [f64]>,
}

impl Weighted for Mean<'_> {
    fn value(&self) -> Result<f64, Undefined> {
        Ok(weighted_total(self.weights, &self.values) / mass(self.weights, self.values.len()))
    }

    /// w (v - mean) / Σ w.
    fn influence(&self) -> Result<Vec<f64>, Undefined> {
        let (mean, all) = (self.value()?, mass(self.weights, self.values.len()));
        let mut influence: Vec<f64> = self.values.iter().map(|value| (value - mean) / all).collect();
        scaled(&mut influence, self.weights);
        Ok(influence)
    }

    fn weighted(&self, weights: &[f64]) -> f64 {
        weighted_total(Some(weights), &self.values) / total(weights)
    }

    fn resample(&self, weights: &[Weights], values: &mut [f64; LANES]) {
        let mut rows = [0_u32; LANES];
        let mut sums = [0.0; LANES];
        for (weights, &value) in weights.iter().zip(&self.values) {
            for lane in 0..LANES {
                // At most 2³² rows of weight 8 would overflow; wrapping, because checks would keep this from being vector
                // code.
                rows[lane] = rows[lane].wrapping_add(u32::from(weights[lane]));
                sums[lane] += f64::from(i32::from(weights[lane])) * value;
            }
        }
        for lane in 0..LANES {
            values[lane] = sums[lane] / f64::from(rows[lane]);
        }
    }
}

/// A function of weighted counts.
struct Counted<'a> {
    metric: Metric,
    rows: Labelled,
    weights: Option<&'a [f64]>,
}

/// Weighted counts of one class.
#[derive(Clone, Copy, Default)]
struct Class {
    truth: f64,
    predicted: f64,
    hits: f64,
}

impl Class {
    /// A ratio and its derivatives by the class's label, prediction and hit weights.
    fn ratio(self, metric: Metric) -> (f64, [f64; 3]) {
        let over = |hits: f64, all: f64| hits / all;
        match metric {
            Metric::Precision => {
                let value = over(self.hits, self.predicted);
                (value, [0.0, -value / self.predicted, 1.0 / self.predicted])
            }
            Metric::Recall | Metric::BalancedAccuracy => {
                let value = over(self.hits, self.truth);
                (value, [-value / self.truth, 0.0, 1.0 / self.truth])
            }
            _ => {
                let all = self.truth + self.predicted;
                let value = over(2.0 * self.hits, all);
                (value, [-value / all, -value / all, 2.0 / all])
            }
        }
    }
}

impl Counted<'_> {
    fn own(&self, row: usize) -> f64 {
        self.weights.map_or(1.0, |weights| weights[row])
    }

    fn classes(&self, weight: impl Fn(usize) -> f64) -> Vec<Class> {
        let mut classes = vec![Class::default(); self.rows.classes as usize];
        for (row, (&truth, &predicted)) in self.rows.truth.iter().zip(&self.rows.predicted).enumerate() {
            let weight = weight(row);
            classes[truth as usize].truth += weight;
            classes[predicted as usize].predicted += weight;
            if truth == predicted {
                classes[truth as usize].hits += weight;
            }
        }
        classes
    }

    /// Whether the class's ratio is one of those the metric is the mean of.
    fn counts(&self, number: usize, class: Class) -> bool {
        match self.metric {
            Metric::BalancedAccuracy => class.truth > 0.0,
            Metric::MacroF1 => class.truth + class.predicted > 0.0,
            _ => number == 1,
        }
    }

    fn measured(&self, classes: &[Class]) -> Result<f64, Undefined> {
        if self.metric == Metric::Accuracy {
            let over = |of: fn(&Class) -> f64| classes.iter().map(of).sum::<f64>();
            return Ok(over(|class| class.hits) / over(|class| class.truth));
        }
        let (mut sum, mut count) = (0.0, 0_u32);
        for (_, class) in classes.iter().enumerate().filter(|(number, class)| self.counts(*number, **class)) {
            let value = class.ratio(self.metric).0;
            if !value.is_finite() {
                return Err(if self.metric == Metric::Precision {
                    Undefined::NoPredictedPositives
                } else {
                    Undefined::NoPositives
                });
            }
            sum += value;
            count += 1;
        }
        match (self.metric, count) {
            (Metric::BalancedAccuracy, 0 | 1) => Err(Undefined::SingleClass),
            (_, 0) => Err(Undefined::NoRows),
            _ => Ok(sum / f64::from(count)),
        }
    }
}

impl Weighted for Counted<'_> {
    fn value(&self) -> Result<f64, Undefined> {
        self.measured(&self.classes(|row| self.own(row)))
    }

    fn influence(&self) -> Result<Vec<f64>, Undefined> {
        let classes = self.classes(|row| self.own(row));
        let value = self.measured(&classes)?;
        let all = mass(self.weights, self.rows.truth.len());
        let counted = classes.iter().enumerate().filter(|(number, class)| self.counts(*number, **class)).count() as f64;
        let slopes: Vec<[f64; 3]> = classes
            .iter()
            .enumerate()
            .map(|(number, class)| if self.counts(number, *class) { class.ratio(self.metric).1 } else { [0.0; 3] })
            .collect();
        let each = |(&truth, &predicted): (&u32, &u32)| {
            let hit = truth == predicted;
            if self.metric == Metric::Accuracy {
                return (f64::from(u8::from(hit)) - value) / all;
            }
            let own = slopes[truth as usize];
            (own[0] + slopes[predicted as usize][1] + if hit { own[2] } else { 0.0 }) / counted
        };
        let mut influence: Vec<f64> = self.rows.truth.iter().zip(&self.rows.predicted).map(each).collect();
        scaled(&mut influence, self.weights);
        Ok(influence)
    }

    fn weighted(&self, weights: &[f64]) -> f64 {
        self.measured(&self.classes(|row| weights[row])).unwrap_or(f64::NAN)
    }
}
