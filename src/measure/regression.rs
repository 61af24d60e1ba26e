//! Regression metrics: per-row absolute and squared errors, RMSE and R².
//!
//! `sklearn.metrics.{mean_absolute_error, mean_squared_error, root_mean_squared_error, r2_score}` 1.9, except that R²
//! of labels that do not vary is undefined here (scikit-learn says 0 or 1).

use super::bootstrap::{Drawn, Weighted};
use super::random::LANES;
use super::sums::{mass, scaled, sum, total, weighted_total};
use super::undefined::Undefined;

/// |y - ŷ| per row.
pub(super) fn absolute_errors(truth: &[f64], predicted: &[f64]) -> Vec<f64> {
    truth.iter().zip(predicted).map(|(y, p)| (y - p).abs()).collect()
}

/// (y - ŷ)² per row.
pub(super) fn squared_errors(truth: &[f64], predicted: &[f64]) -> Vec<f64> {
    truth.iter().zip(predicted).map(|(y, p)| (y - p) * (y - p)).collect()
}

/// √(Σ w r² / Σ w), r² being the squared errors.
pub(super) struct RootMeanSquare<'a> {
    /// r² per row.
    pub squares: Vec<f64>,
    /// w per row; none: 1 each.
    pub weights: Option<&'a [f64]>,
}

impl Weighted for RootMeanSquare<'_> {
    fn value(&self) -> Result<f64, Undefined> {
        Ok((weighted_total(self.weights, &self.squares) / mass(self.weights, self.squares.len())).sqrt())
    }

    /// w (r² - MSE) / (2 Σ w RMSE).
    fn influence(&self) -> Result<Vec<f64>, Undefined> {
        let value = self.value()?;
        if value <= 0.0 {
            return Err(Undefined::ZeroVariance);
        }
        let scale = 2.0 * mass(self.weights, self.squares.len()) * value;
        let mut influence: Vec<f64> = self.squares.iter().map(|square| (square - value * value) / scale).collect();
        scaled(&mut influence, self.weights);
        Ok(influence)
    }

    fn weighted(&self, weights: &[f64]) -> f64 {
        (weighted_total(Some(weights), &self.squares) / total(weights)).sqrt()
    }

    fn resample(&self, drawn: &Drawn<'_>, values: &mut [f64; LANES]) {
        let mut rows = [0.0; LANES];
        let mut squares = [0.0; LANES];
        for (weights, &square) in drawn.by_row().zip(&self.squares) {
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
pub(super) struct Determination<'a> {
    /// (y - ŷ)².
    squares: Vec<f64>,
    /// y less its weighted mean, so that weighted sums of squares keep their digits.
    centred: Vec<f64>,
    /// Σ w (y - ȳ)².
    spread: f64,
    weights: Option<&'a [f64]>,
}

impl<'a> Determination<'a> {
    pub(super) fn new(truth: &[f64], predicted: &[f64], weights: Option<&'a [f64]>) -> Result<Self, Undefined> {
        let n = truth.len();
        if n < 2 {
            return Err(Undefined::TooFewRows { n: n as u64, needed: 2 });
        }
        // Asked of the labels themselves: the mean of equal labels may differ from them in the last digit.
        let counts = |row: usize| weights.is_none_or(|weights| weights[row] > 0.0);
        let Some(first) = (0..n).find(|&row| counts(row)) else { return Err(Undefined::NoWeight) };
        if (0..n).all(|row| !counts(row) || truth[row] == truth[first]) {
            return Err(Undefined::ConstantTruth);
        }
        let mean = weighted_total(weights, truth) / mass(weights, n);
        let centred: Vec<f64> = truth.iter().map(|y| y - mean).collect();
        let squared: Vec<f64> = centred.iter().map(|y| y * y).collect();
        let spread = weighted_total(weights, &squared);
        if spread > 0.0 {
            Ok(Self { squares: squared_errors(truth, predicted), centred, spread, weights })
        } else {
            Err(Undefined::ConstantTruth)
        }
    }
}

impl Weighted for Determination<'_> {
    fn value(&self) -> Result<f64, Undefined> {
        Ok(1.0 - weighted_total(self.weights, &self.squares) / self.spread)
    }

    /// w (-r² / S + (Σ w r² / S²) (y - ȳ)²), S = Σ w (y - ȳ)².
    fn influence(&self) -> Result<Vec<f64>, Undefined> {
        let unexplained = weighted_total(self.weights, &self.squares) / self.spread;
        let each = |(square, y): (&f64, &f64)| (unexplained * y * y - square) / self.spread;
        let mut influence: Vec<f64> = self.squares.iter().zip(&self.centred).map(each).collect();
        scaled(&mut influence, self.weights);
        Ok(influence)
    }

    fn weighted(&self, weights: &[f64]) -> f64 {
        let (y, r) = (&self.centred, &self.squares);
        let first = sum(y.len(), |row| weights[row] * y[row]);
        let second = sum(y.len(), |row| weights[row] * y[row] * y[row]);
        let spread = second - first * first / total(weights);
        if spread > 16.0 * f64::EPSILON * second { 1.0 - weighted_total(Some(weights), r) / spread } else { f64::NAN }
    }

    fn resample(&self, drawn: &Drawn<'_>, values: &mut [f64; LANES]) {
        let mut rows = [0.0; LANES];
        let mut first = [0.0; LANES];
        let mut second = [0.0; LANES];
        let mut squares = [0.0; LANES];
        for ((weights, &square), &y) in drawn.by_row().zip(&self.squares).zip(&self.centred) {
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
