//! Regression metrics: per-row absolute and squared errors, RMSE and R².
//!
//! `sklearn.metrics.{mean_absolute_error, mean_squared_error, root_mean_squared_error, r2_score}` 1.9, except that R²
//! of labels that do not vary is undefined here (scikit-learn says 0 or 1).

use super::bootstrap::Weighted;
use super::random::{LANES, Weights};
use super::sums::{sum, total};
use super::undefined::Undefined;

/// |y - ŷ| per row.
pub(super) fn absolute_errors(truth: &[f64], predicted: &[f64]) -> Vec<f64> {
    truth.iter().zip(predicted).map(|(y, p)| (y - p).abs()).collect()
}

/// (y - ŷ)² per row.
pub(super) fn squared_errors(truth: &[f64], predicted: &[f64]) -> Vec<f64> {
    truth.iter().zip(predicted).map(|(y, p)| (y - p) * (y - p)).collect()
}

/// Σ w x.
fn products(weights: &[f64], values: &[f64]) -> f64 {
    sum(values.len(), |row| weights[row] * values[row])
}

/// √(Σ w r² / Σ w), r² being the squared errors.
pub(super) struct RootMeanSquare(pub Vec<f64>);

impl Weighted for RootMeanSquare {
    fn value(&self) -> Result<f64, Undefined> {
        Ok((total(&self.0) / self.0.len() as f64).sqrt())
    }

    /// (r² - MSE) / (2 n RMSE).
    fn influence(&self) -> Result<Vec<f64>, Undefined> {
        let value = self.value()?;
        if value <= 0.0 {
            return Err(Undefined::ZeroVariance);
        }
        let scale = 2.0 * self.0.len() as f64 * value;
        Ok(self.0.iter().map(|square| (square - value * value) / scale).collect())
    }

    fn weighted(&self, weights: &[f64]) -> f64 {
        (products(weights, &self.0) / total(weights)).sqrt()
    }

    fn resample(&self, weights: &[Weights], values: &mut [f64; LANES]) {
        let mut rows = [0.0; LANES];
        let mut squares = [0.0; LANES];
        for (weights, &square) in weights.iter().zip(&self.0) {
            for lane in 0..LANES {
                let weight = f64::from(weights[lane]);
                rows[lane] += weight;
                squares[lane] += weight * square;
            }
        }
        for lane in 0..LANES {
            values[lane] = (squares[lane] / rows[lane]).sqrt();
        }
    }
}

/// 1 - Σ w r² / Σ w (y - ȳ_w)².
pub(super) struct Determination {
    /// (y - ŷ)².
    squares: Vec<f64>,
    /// y less its unweighted mean, so that weighted sums of squares keep their digits.
    centred: Vec<f64>,
    /// Σ (y - ȳ)².
    spread: f64,
}

impl Determination {
    pub(super) fn new(truth: &[f64], predicted: &[f64]) -> Result<Self, Undefined> {
        let n = truth.len();
        if n < 2 {
            return Err(Undefined::TooFewRows { n: n as u64, needed: 2 });
        }
        // Asked of the labels themselves: the mean of equal labels may differ from them in the last digit.
        if truth.iter().all(|y| *y == truth[0]) {
            return Err(Undefined::ConstantTruth);
        }
        let mean = total(truth) / n as f64;
        let centred: Vec<f64> = truth.iter().map(|y| y - mean).collect();
        let spread = sum(n, |row| centred[row] * centred[row]);
        if spread > 0.0 {
            Ok(Self { squares: squared_errors(truth, predicted), centred, spread })
        } else {
            Err(Undefined::ConstantTruth)
        }
    }
}

impl Weighted for Determination {
    fn value(&self) -> Result<f64, Undefined> {
        Ok(1.0 - total(&self.squares) / self.spread)
    }

    /// -r² / S + (Σ r² / S²) (y - ȳ)², S = Σ (y - ȳ)².
    fn influence(&self) -> Result<Vec<f64>, Undefined> {
        let unexplained = total(&self.squares) / self.spread;
        let each = |(square, y): (&f64, &f64)| (unexplained * y * y - square) / self.spread;
        Ok(self.squares.iter().zip(&self.centred).map(each).collect())
    }

    fn weighted(&self, weights: &[f64]) -> f64 {
        let first = products(weights, &self.centred);
        let second = sum(weights.len(), |row| weights[row] * self.centred[row] * self.centred[row]);
        let spread = second - first * first / total(weights);
        let varies = spread > 16.0 * f64::EPSILON * second;
        if varies { 1.0 - products(weights, &self.squares) / spread } else { f64::NAN }
    }

    fn resample(&self, weights: &[Weights], values: &mut [f64; LANES]) {
        let mut rows = [0.0; LANES];
        let mut first = [0.0; LANES];
        let mut second = [0.0; LANES];
        let mut squares = [0.0; LANES];
        for ((weights, &square), &y) in weights.iter().zip(&self.squares).zip(&self.centred) {
            let y_squared = y * y;
            for lane in 0..LANES {
                let weight = f64::from(weights[lane]);
                rows[lane] += weight;
                first[lane] += weight * y;
                second[lane] += weight * y_squared;
                squares[lane] += weight * square;
            }
        }
        for lane in 0..LANES {
            let spread = second[lane] - first[lane] * first[lane] / rows[lane];
            // A resample whose labels are all equal leaves rounding noise here.
            let varies = spread > 16.0 * f64::EPSILON * second[lane];
            values[lane] = if varies { 1.0 - squares[lane] / spread } else { f64::NAN };
        }
    }
}
