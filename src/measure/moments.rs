//! Means and differences of means of per-row values: log loss, Brier score, absolute and squared error; lists of folds.
//!
//! Student's t on d̄ / (s / √n), as `scipy.stats.ttest_1samp` and `ttest_rel`.

use super::distribution::{one_sided, t_quantile, unseen};
use super::input::finite;
use super::outcome::{Estimate, Interval, Method, Sufficient, defined};
use super::sums::{sum, total};
use super::undefined::Undefined;

/// The mean of `values` with t bounds, each at `confidence`: for lists of folds, seeds or repeats.
///
/// # Errors
/// Fewer than two values, a value that is not finite, or values that are all equal.
pub fn mean(values: &[f64], confidence: f64) -> Result<Estimate, Undefined> {
    let moments = Moments::of(finite(values, values.len())?)?;
    moments.t_interval(Method::StudentT, confidence)?.estimate(
        moments.n,
        moments.mean(),
        (f64::NEG_INFINITY, f64::INFINITY),
        moments.sufficient(),
    )
}

/// Sums of values, the higher ones about the mean.
#[derive(Clone, Copy)]
pub(super) struct Moments {
    pub n: u64,
    pub sum: f64,
    pub sum_squares: f64,
    pub sum_cubes: f64,
}

impl Moments {
    /// Sums up finite values.
    pub(super) fn of(values: &[f64]) -> Result<Self, Undefined> {
        let n = values.len();
        if n == 0 {
            return Err(Undefined::NoRows);
        }
        let mean = total(values) / n as f64;
        let off = |row: usize| values[row] - mean;
        Ok(Self {
            n: n as u64,
            sum: defined(total(values))?,
            sum_squares: defined(sum(n, |row| off(row) * off(row)))?,
            sum_cubes: defined(sum(n, |row| off(row) * off(row) * off(row)))?,
        })
    }

    pub(super) fn mean(&self) -> f64 {
        self.sum / self.n as f64
    }

    /// s / √n. Values that differ from their mean by rounding only do not vary.
    pub(super) fn standard_error(&self) -> Result<f64, Undefined> {
        if self.n < 2 {
            return Err(Undefined::TooFewRows { n: self.n, needed: 2 });
        }
        let rows = self.n as f64;
        let noise = 4.0 * f64::EPSILON * self.mean().abs();
        if self.sum_squares <= rows * noise * noise {
            return Err(Undefined::ZeroVariance);
        }
        Ok((self.sum_squares / (rows * (rows - 1.0))).sqrt())
    }

    /// t bounds of the mean.
    pub(super) fn t_interval(&self, method: Method, confidence: f64) -> Result<Interval, Undefined> {
        one_sided(confidence)?;
        let error = self.standard_error()?;
        Ok(Interval::symmetric(method, self.mean(), t_quantile(confidence, (self.n - 1) as f64), error))
    }

    /// Bounds of the mean of paired differences: t bounds; where all of them are 0, what the rate of rows that differ may be with
    /// none of n seen, times what a row of a metric between `least` and `greatest` can differ by.
    pub(super) fn paired_interval(
        &self,
        (least, greatest): (f64, f64),
        confidence: f64,
    ) -> Result<Interval, Undefined> {
        let span = greatest - least;
        if self.sum == 0.0 && self.sum_squares == 0.0 && self.n > 0 && span.is_finite() {
            one_sided(confidence)?;
            let bound = unseen(self.n, confidence) * span;
            return Ok(Interval::new(Method::NoneDiffer, -bound, bound, 0.0));
        }
        self.t_interval(Method::PairedT, confidence)
    }

    pub(super) const fn sufficient(&self) -> Sufficient {
        let Self { n, sum, sum_squares, sum_cubes } = *self;
        Sufficient::Moments { n, sum, sum_squares, sum_cubes }
    }
}
