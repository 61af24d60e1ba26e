//! The Poisson bootstrap: every row weighs Poisson(1) in each resample, so a resample is one pass and needs no index
//! array.
//!
//! Chamandy et al., "Estimating uncertainty for massive data streams" (Google, 2012). A row's weights come from its
//! key, so neither row order nor threads nor the second model's presence change them.

use rayon::prelude::*;

use super::bca::Replicates;
use super::input::Rows;
use super::outcome::Sampling;
use super::random::{Key, LANES, Weights};
use super::undefined::Undefined;

/// A statistic of weighted rows. A row has a weight of its own (1 unless the set has weights), and resampling multiplies it
/// by how often the row was drawn.
pub(super) trait Weighted: Sync {
    /// Its value with the rows' own weights.
    fn value(&self) -> Result<f64, Undefined>;

    /// Its derivative by how often each row is drawn, at once each: by the row's weight, times that weight. These sum to
    /// zero. All zero where [`Weighted::is_smooth`] says that they mean nothing.
    fn influence(&self) -> Result<Vec<f64>, Undefined>;

    /// Its value with these weights instead, one per row, the rows' own weights included; NaN where it is undefined.
    fn weighted(&self, weights: &[f64]) -> f64;

    /// Whether the influence values tell how it varies; a quantile's, say, do not.
    fn is_smooth(&self) -> bool {
        true
    }

    /// Its value under each lane's weights, one entry per row, of rows whose own weight is 1; NaN where it is undefined.
    fn resample(&self, weights: &[Weights], values: &mut [f64; LANES]) {
        let mut drawn = vec![0.0; weights.len()];
        for (lane, value) in values.iter_mut().enumerate() {
            for (weight, lanes) in drawn.iter_mut().zip(weights) {
                *weight = f64::from(lanes[lane]);
            }
            *value = self.weighted(&drawn);
        }
    }
}

/// Bytes of weights that all threads together may hold before blocks are drawn one after another.
const TABLES: usize = 1 << 29;

/// `sampling.resamples` values of `candidate`, or of `candidate - baseline` on the same weights.
///
/// A cluster is drawn as a whole: its rows take their weight from the cluster's name instead of their own.
pub(super) fn resample(
    purpose: &str,
    rows: &Rows<'_>,
    candidate: &dyn Weighted,
    baseline: Option<&dyn Weighted>,
    sampling: &Sampling,
) -> Result<Replicates, Undefined> {
    let key = Key::new(&sampling.seed, purpose);
    let names = rows.clusters.unwrap_or(rows.keys);
    let block = |drawn: &[Weights]| {
        let of = |metric: &dyn Weighted| lanes(metric, rows.weights, drawn);
        let (mut values, others) = rayon::join(|| of(candidate), || baseline.map(of));
        for (value, other) in values.iter_mut().zip(others.into_iter().flatten()) {
            *value -= other;
        }
        values
    };
    let blocks = sampling.resamples.div_ceil(LANES as u32);
    let values: Vec<[f64; LANES]> = if names.len() * LANES * rayon::current_num_threads() <= TABLES {
        (0..blocks)
            .into_par_iter()
            .map(|number| block(&names.iter().map(|&name| key.weights(name, number)).collect::<Vec<_>>()))
            .collect()
    } else {
        let mut drawn = Vec::new();
        (0..blocks)
            .map(|number| {
                names.par_iter().map(|&name| key.weights(name, number)).collect_into_vec(&mut drawn);
                block(&drawn)
            })
            .collect()
    };
    Replicates::new(values.into_iter().flatten().take(sampling.resamples as usize).collect())
}

fn lanes(metric: &dyn Weighted, own: Option<&[f64]>, drawn: &[Weights]) -> [f64; LANES] {
    let mut values = [f64::NAN; LANES];
    let Some(own) = own else {
        metric.resample(drawn, &mut values);
        return values;
    };
    let mut weights = vec![0.0; own.len()];
    for (lane, value) in values.iter_mut().enumerate() {
        for ((weight, own), drawn) in weights.iter_mut().zip(own).zip(drawn) {
            *weight = own * f64::from(drawn[lane]);
        }
        *value = metric.weighted(&weights);
    }
    values
}
