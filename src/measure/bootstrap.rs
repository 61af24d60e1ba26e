//! The Poisson bootstrap: every row weighs Poisson(1) in each resample, so a resample is one pass and needs no index
//! array.
//!
//! Chamandy et al., "Estimating uncertainty for massive data streams" (Google, 2012). A row's weights come from its
//! key, so neither row order nor threads nor the second model's presence change them.

use rayon::prelude::*;

use super::bca::Replicates;
use super::outcome::Sampling;
use super::random::{Key, LANES, Weights};
use super::undefined::Undefined;

/// A statistic of weighted rows.
pub(super) trait Weighted: Sync {
    /// Its value with all weights 1.
    fn value(&self) -> Result<f64, Undefined>;

    /// Its derivative by each row's weight, at weights 1. These sum to zero.
    fn influence(&self) -> Result<Vec<f64>, Undefined>;

    /// Its value under each lane's weights, one entry per row; NaN where it is undefined.
    fn resample(&self, weights: &[Weights], values: &mut [f64; LANES]);
}

/// `sampling.resamples` values of `candidate`, or of `candidate - baseline` on the same weights.
pub(super) fn resample(
    purpose: &str,
    keys: &[u64],
    candidate: &dyn Weighted,
    baseline: Option<&dyn Weighted>,
    sampling: &Sampling,
) -> Result<Replicates, Undefined> {
    let key = Key::new(&sampling.seed, purpose);
    let blocks = sampling.resamples.div_ceil(LANES as u32);
    let values: Vec<[f64; LANES]> = (0..blocks)
        .into_par_iter()
        .map(|block| {
            let weights: Vec<Weights> = keys.iter().map(|&row| key.weights(row, block)).collect();
            let mut values = [f64::NAN; LANES];
            candidate.resample(&weights, &mut values);
            if let Some(baseline) = baseline {
                let mut others = [f64::NAN; LANES];
                baseline.resample(&weights, &mut others);
                for (value, other) in values.iter_mut().zip(others) {
                    *value -= other;
                }
            }
            values
        })
        .collect();
    Replicates::new(values.into_iter().flatten().take(sampling.resamples as usize).collect())
}
