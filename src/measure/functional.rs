//! Smooth functions of weighted sums of the rows: means, ratios, roots of means, explained shares.
//!
//! With S₀ = Σ w and Sⱼ = Σ w xⱼ a statistic is f(S₀, S₁, …); row i moves it by wᵢ Σⱼ ∂f/∂Sⱼ xⱼᵢ (the delta method). The
//! slopes are central differences extrapolated once (Richardson), which leaves them about twelve digits.

use super::bootstrap::{Drawn, Weighted};
use super::random::LANES;
use super::sums::sum;
use super::undefined::Undefined;

/// Of the sum of a column's magnitudes: how far a slope is looked for.
const STEP: f64 = 1e-3;

/// The function: of Σ w and the columns' weighted sums, in their order.
pub(super) type Function = Box<dyn Fn(&[f64]) -> Result<f64, Undefined> + Send + Sync>;

/// A function of weighted sums of columns, each of the rows' length.
pub(super) struct Functional<'a> {
    n: usize,
    columns: Vec<Vec<f64>>,
    weights: Option<&'a [f64]>,
    function: Function,
}

impl<'a> Functional<'a> {
    pub(super) fn new(n: usize, columns: Vec<Vec<f64>>, weights: Option<&'a [f64]>, function: Function) -> Self {
        Self { n, columns, weights, function }
    }

    /// The weighted mean of per-row values.
    pub(super) fn mean(values: Vec<f64>, weights: Option<&'a [f64]>) -> Self {
        Self::new(values.len(), vec![values], weights, Box::new(|sums| divided(sums[1], sums[0])))
    }

    fn sums(&self, weights: Option<&[f64]>, term: impl Fn(f64) -> f64 + Copy) -> Vec<f64> {
        let weight = |row: usize| weights.map_or(1.0, |weights| weights[row]);
        let mut sums = vec![sum(self.n, weight)];
        sums.extend(self.columns.iter().map(|column| sum(self.n, |row| weight(row) * term(column[row]))));
        sums
    }
}

/// A quotient with a divisor.
pub(super) fn divided(over: f64, under: f64) -> Result<f64, Undefined> {
    if under != 0.0 { Ok(over / under) } else { Err(Undefined::ZeroDivisor) }
}

impl Weighted for Functional<'_> {
    fn value(&self) -> Result<f64, Undefined> {
        (self.function)(&self.sums(self.weights, |x| x))
    }

    fn influence(&self) -> Result<Vec<f64>, Undefined> {
        let sums = self.sums(self.weights, |x| x);
        let magnitudes = self.sums(self.weights, f64::abs);
        let slope = |at: usize| {
            let difference = |step: f64| {
                let mut moved = sums.clone();
                moved[at] = sums[at] + step;
                let above = (self.function)(&moved)?;
                moved[at] = sums[at] - step;
                Ok((above - (self.function)(&moved)?) / (2.0 * step))
            };
            let step = STEP * magnitudes[at];
            if step > 0.0 { Ok((4.0 * difference(step / 2.0)? - difference(step)?) / 3.0) } else { Ok(0.0) }
        };
        let slopes: Vec<f64> = (0..sums.len()).map(slope).collect::<Result<_, Undefined>>()?;
        let weight = |row: usize| self.weights.map_or(1.0, |weights| weights[row]);
        let mut influence: Vec<f64> = vec![slopes[0]; self.n];
        for (column, slope) in self.columns.iter().zip(&slopes[1..]) {
            for (total, x) in influence.iter_mut().zip(column) {
                *total += slope * x;
            }
        }
        for (row, total) in influence.iter_mut().enumerate() {
            *total *= weight(row);
        }
        Ok(influence)
    }

    fn weighted(&self, weights: &[f64]) -> f64 {
        (self.function)(&self.sums(Some(weights), |x| x)).unwrap_or(f64::NAN)
    }

    fn resample(&self, drawn: &Drawn<'_>, values: &mut [f64; LANES]) {
        let mut sums = vec![[0.0; LANES]; self.columns.len() + 1];
        for (row, weights) in drawn.by_row().enumerate() {
            for (lane, &weight) in weights.iter().enumerate() {
                sums[0][lane] += f64::from(weight);
            }
            for (column, sums) in self.columns.iter().zip(&mut sums[1..]) {
                let x = column[row];
                for (sum, &weight) in sums.iter_mut().zip(weights) {
                    *sum += f64::from(weight) * x;
                }
            }
        }
        let mut of_lane = vec![0.0; sums.len()];
        for (lane, value) in values.iter_mut().enumerate() {
            for (sum, lanes) in of_lane.iter_mut().zip(&sums) {
                *sum = lanes[lane];
            }
            *value = (self.function)(&of_lane).unwrap_or(f64::NAN);
        }
    }
}
