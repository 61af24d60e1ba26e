//! Weighted percentiles: `sklearn.utils.stats._weighted_percentile(average=True)` 1.9, Hyndman & Fan's averaged inverse of the
//! distribution function. With equal weights the 50 % one is the median.

use rayon::prelude::*;

use super::bootstrap::Weighted;
use super::undefined::Undefined;

/// Values in ascending order.
pub(super) struct Ascending {
    /// Row numbers.
    order: Vec<u32>,
    values: Vec<f64>,
}

impl Ascending {
    pub(super) fn new(values: Vec<f64>) -> Result<Self, Undefined> {
        let n = u32::try_from(values.len()).map_err(|_| Undefined::TooManyRows { n: values.len() as u64 })?;
        let mut order: Vec<u32> = (0..n).collect();
        order.par_sort_unstable_by(|a, b| values[*a as usize].total_cmp(&values[*b as usize]).then(a.cmp(b)));
        Ok(Self { order, values })
    }

    /// The smallest value at which the weights so far reach `share` of all; where they equal it, the mean of it and the next
    /// with a weight.
    pub(super) fn at(&self, share: f64, weights: Option<&[f64]>) -> Result<f64, Undefined> {
        let weight = |row: u32| weights.map_or(1.0, |weights| weights[row as usize]);
        let total: f64 = self.order.iter().map(|row| weight(*row)).sum();
        if total <= 0.0 {
            return Err(Undefined::NoWeight);
        }
        // As a percentage and back, which is not always the same number.
        let wanted = share * 100.0 / 100.0 * total;
        let mut so_far = 0.0;
        let mut rows = self.order.iter().filter(|row| weight(**row) > 0.0);
        let mut last = 0.0;
        while let Some(row) = rows.next() {
            so_far += weight(*row);
            last = self.values[*row as usize];
            if so_far >= wanted {
                if so_far - wanted > f64::EPSILON {
                    return Ok(last);
                }
                return Ok(rows.next().map_or(last, |next| (last + self.values[*next as usize]) / 2.0));
            }
        }
        Ok(last)
    }

    /// The values in row order.
    pub(super) fn values(&self) -> &[f64] {
        &self.values
    }
}

/// A percentile as a statistic.
pub(super) struct Percentile<'a> {
    pub ascending: Ascending,
    /// Between 0 and 1.
    pub share: f64,
    pub weights: Option<&'a [f64]>,
}

impl Weighted for Percentile<'_> {
    fn value(&self) -> Result<f64, Undefined> {
        self.ascending.at(self.share, self.weights)
    }

    /// A percentile's depend on the density there, which the rows do not tell.
    fn influence(&self) -> Result<Vec<f64>, Undefined> {
        Ok(vec![0.0; self.ascending.values.len()])
    }

    fn weighted(&self, weights: &[f64]) -> f64 {
        self.ascending.at(self.share, Some(weights)).unwrap_or(f64::NAN)
    }

    fn is_smooth(&self) -> bool {
        false
    }
}

/// The largest of the values with a weight.
pub(super) struct Largest<'a> {
    pub values: Vec<f64>,
    pub weights: Option<&'a [f64]>,
}

impl Weighted for Largest<'_> {
    fn value(&self) -> Result<f64, Undefined> {
        let largest = self.weighted(self.weights.unwrap_or_default());
        if largest.is_nan() { Err(Undefined::NoWeight) } else { Ok(largest) }
    }

    fn influence(&self) -> Result<Vec<f64>, Undefined> {
        Ok(vec![0.0; self.values.len()])
    }

    fn weighted(&self, weights: &[f64]) -> f64 {
        let counted = |row: usize| weights.get(row).is_none_or(|weight| *weight > 0.0);
        let values = self.values.iter().enumerate().filter(|(row, _)| counted(*row)).map(|(_, value)| *value);
        values.fold(f64::NAN, f64::max)
    }

    fn is_smooth(&self) -> bool {
        false
    }
}
