//! Expected calibration error over bins of equal mass: Σ over bins |Σ w (y - p)| / Σ w.
//!
//! Equal mass because equal-width bins are more biased (Roelofs et al., arXiv 2012.08668). Rows of one score that lie across a
//! bin's edge are shared between the bins in proportion, so their order does not matter. Of several classes it is that of the
//! predicted class: its probability, and whether it is right.

use super::bootstrap::Weighted;
use super::ranks::Ranking;
use super::undefined::Undefined;

/// Outcomes and the probabilities given to them.
pub(super) struct Calibration<'a> {
    /// y - p per row.
    residuals: Vec<f64>,
    ranking: Ranking,
    bins: u32,
    weights: Option<&'a [f64]>,
}

impl<'a> Calibration<'a> {
    pub(super) fn new(
        happened: impl Iterator<Item = bool>,
        probabilities: &[f64],
        bins: u32,
        weights: Option<&'a [f64]>,
    ) -> Result<Self, Undefined> {
        if bins == 0 {
            return Err(Undefined::InvalidSetting { name: "bins", value: 0.0 });
        }
        let residuals = happened.zip(probabilities).map(|(y, p)| f64::from(u8::from(y)) - p).collect();
        Ok(Self { residuals, ranking: Ranking::new(probabilities)?, bins, weights })
    }

    /// Each bin's Σ w (y - p), by decreasing probability, and Σ w.
    fn binned(&self, weights: Option<&[f64]>) -> (Vec<f64>, f64) {
        let weight = |row: u32| weights.map_or(1.0, |weights| weights[row as usize]);
        let total: f64 = self.ranking.ties().flatten().map(|row| weight(*row)).sum();
        let mut bins = vec![0.0; self.bins as usize];
        let mut start = 0.0;
        for ties in self.ranking.ties() {
            let mass: f64 = ties.iter().map(|row| weight(*row)).sum();
            let residual: f64 = ties.iter().map(|row| weight(*row) * self.residuals[*row as usize]).sum();
            self.over(start, mass, total, |bin, part| bins[bin] += residual * part);
            start += mass;
        }
        (bins, total)
    }

    /// The bins that a stretch of the mass lies in, and which part of it each has.
    fn over(&self, start: f64, mass: f64, total: f64, mut then: impl FnMut(usize, f64)) {
        if mass <= 0.0 {
            return;
        }
        let width = total / f64::from(self.bins);
        let last = self.bins as usize - 1;
        let (mut at, end) = (start, start + mass);
        let mut bin = ((start / width) as usize).min(last);
        loop {
            let edge = if bin == last { f64::INFINITY } else { width * (bin + 1) as f64 };
            let until = end.min(edge);
            if until > at {
                then(bin, (until - at) / mass);
                at = until;
            }
            if bin == last || edge >= end {
                return;
            }
            bin += 1;
        }
    }

    fn under(&self, weights: Option<&[f64]>) -> Result<f64, Undefined> {
        let (bins, total) = self.binned(weights);
        if total > 0.0 { Ok(bins.iter().map(|sum| sum.abs()).sum::<f64>() / total) } else { Err(Undefined::NoWeight) }
    }
}

impl Weighted for Calibration<'_> {
    fn value(&self) -> Result<f64, Undefined> {
        self.under(self.weights)
    }

    /// With the bins' edges and signs held where they are.
    fn influence(&self) -> Result<Vec<f64>, Undefined> {
        let value = self.value()?;
        let (bins, total) = self.binned(self.weights);
        let weight = |row: u32| self.weights.map_or(1.0, |weights| weights[row as usize]);
        let mut influence = vec![0.0; self.residuals.len()];
        let mut start = 0.0;
        for ties in self.ranking.ties() {
            let mass: f64 = ties.iter().map(|row| weight(*row)).sum();
            let mut sign = 0.0;
            self.over(start, mass, total, |bin, part| sign += part * if bins[bin] < 0.0 { -1.0 } else { 1.0 });
            for &row in ties {
                influence[row as usize] = weight(row) * (sign * self.residuals[row as usize] - value) / total;
            }
            start += mass;
        }
        Ok(influence)
    }

    fn weighted(&self, weights: &[f64]) -> f64 {
        self.under(Some(weights)).unwrap_or(f64::NAN)
    }
}
