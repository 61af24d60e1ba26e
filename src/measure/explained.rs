//! D²: 1 less the loss over that of the best constant, which knows the labels and nothing else.
//!
//! `sklearn.metrics.{d2_tweedie_score, d2_pinball_score, d2_absolute_error_score, d2_log_loss_score, d2_brier_score}` 1.9.
//! The constant (mean, quantile, shares of the classes) minimises its own loss, so it moves with a row's weight only to
//! second order: the slope by a weight is that of the two sums (the envelope theorem).

use super::bootstrap::Weighted;
use super::deviance::{pinball, tweedie};
use super::percentile::Ascending;
use super::sums::sum;
use super::undefined::Undefined;

/// The constant to compare with, and its loss.
pub(super) enum Null<'a> {
    /// The mean of the labels, by Tweedie's deviance of a power.
    Mean(&'a [f64], f64),
    /// The quantile of the labels, by pinball loss.
    Quantile(Ascending, f64),
    /// The classes' shares, by log loss.
    LogLoss(Vec<u32>, u32),
    /// The classes' shares, by Brier score.
    Brier(Vec<u32>, u32),
}

/// A loss as a share of the constant's.
pub(super) struct Explained<'a> {
    /// Per row.
    pub losses: Vec<f64>,
    pub null: Null<'a>,
    pub weights: Option<&'a [f64]>,
}

impl Explained<'_> {
    /// Per row what the constant under these weights loses.
    fn null_losses(&self, weights: Option<&[f64]>) -> Result<Vec<f64>, Undefined> {
        let n = self.losses.len();
        let weight = |row: usize| weights.map_or(1.0, |weights| weights[row]);
        Ok(match &self.null {
            Null::Mean(truth, power) => {
                let mean = sum(n, |row| weight(row) * truth[row]) / sum(n, weight);
                truth.iter().map(|y| tweedie(*y, mean, *power)).collect()
            }
            Null::Quantile(truth, alpha) => {
                let quantile = truth.at(*alpha, weights)?;
                truth.values().iter().map(|y| pinball(*y, quantile, *alpha)).collect()
            }
            Null::LogLoss(labels, classes) => {
                let of_class: Vec<f64> =
                    shares(labels, *classes, weight).iter().map(|share| log_loss(*share)).collect();
                labels.iter().map(|class| of_class[*class as usize]).collect()
            }
            Null::Brier(labels, classes) => {
                let shares = shares(labels, *classes, weight);
                let squares: f64 = shares.iter().map(|share| share * share).sum();
                let of_class: Vec<f64> =
                    shares.iter().map(|share| squares - share * share + (1.0 - share) * (1.0 - share)).collect();
                labels.iter().map(|class| of_class[*class as usize]).collect()
            }
        })
    }

    /// Σ w of the losses and of the constant's.
    fn sums(&self, weights: Option<&[f64]>, null: &[f64]) -> Result<(f64, f64), Undefined> {
        let weight = |row: usize| weights.map_or(1.0, |weights| weights[row]);
        let n = self.losses.len();
        let (ours, theirs) = (sum(n, |row| weight(row) * self.losses[row]), sum(n, |row| weight(row) * null[row]));
        if theirs > 0.0 { Ok((ours, theirs)) } else { Err(Undefined::ConstantTruth) }
    }

    fn under(&self, weights: Option<&[f64]>) -> Result<f64, Undefined> {
        let (ours, theirs) = self.sums(weights, &self.null_losses(weights)?)?;
        Ok(1.0 - ours / theirs)
    }
}

fn log_loss(share: f64) -> f64 {
    -share.clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln()
}

fn shares(labels: &[u32], classes: u32, weight: impl Fn(usize) -> f64) -> Vec<f64> {
    let mut sums = vec![0.0; classes as usize];
    for (row, class) in labels.iter().enumerate() {
        sums[*class as usize] += weight(row);
    }
    let total: f64 = sums.iter().sum();
    sums.iter().map(|sum| sum / total).collect()
}

impl Weighted for Explained<'_> {
    fn value(&self) -> Result<f64, Undefined> {
        self.under(self.weights)
    }

    fn influence(&self) -> Result<Vec<f64>, Undefined> {
        let null = self.null_losses(self.weights)?;
        let (ours, theirs) = self.sums(self.weights, &null)?;
        let weight = |row: usize| self.weights.map_or(1.0, |weights| weights[row]);
        let each = |(row, (loss, null)): (usize, (&f64, &f64))| weight(row) * (ours / theirs * null - loss) / theirs;
        Ok(self.losses.iter().zip(&null).enumerate().map(each).collect())
    }

    fn weighted(&self, weights: &[f64]) -> f64 {
        self.under(Some(weights)).unwrap_or(f64::NAN)
    }
}
