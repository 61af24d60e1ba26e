//! Bias-corrected and accelerated bounds from resampled values.
//!
//! Efron, "Better bootstrap confidence intervals", JASA 82 (1987), as in `scipy.stats.bootstrap(method="BCa")`:
//! z₀ = Φ⁻¹(½(#< + #≤) / B), level Φ(z₀ + (z₀ + z) / (1 - a(z₀ + z))), a from the influence values u as
//! Σu³ / (6 (Σu²)^{3/2}).

use super::distribution::{normal_cdf, normal_quantile, one_sided};
use super::outcome::{Interval, Method, Quantile, Sufficient};
use super::sums::{sum, total};
use super::undefined::Undefined;

/// Resamples below which a 95 % bound is noise.
const FEWEST: usize = 100;

/// Quantiles kept for later, besides the two that are the bounds.
const KEPT: [f64; 21] = [
    0.001, 0.0025, 0.005, 0.01, 0.02, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.975, 0.98, 0.99, 0.995,
    0.9975, 0.999,
];

/// Resampled values of a statistic.
pub(super) struct Replicates {
    sorted: Vec<f64>,
}

impl Replicates {
    /// NaN means undefined in that resample: dropped up to one in a hundred, refused beyond.
    pub(super) fn new(values: Vec<f64>) -> Result<Self, Undefined> {
        let drawn = values.len();
        if drawn < FEWEST {
            return Err(Undefined::InvalidSetting { name: "resamples", value: drawn as f64 });
        }
        let mut sorted: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
        let undefined = drawn - sorted.len();
        if undefined * 100 > drawn {
            return Err(Undefined::UnstableResamples { undefined: undefined as u32, resamples: drawn as u32 });
        }
        sorted.sort_unstable_by(f64::total_cmp);
        Ok(Self { sorted })
    }

    /// The same, `factor` times as far from `estimate`.
    pub(super) fn spread_around(mut self, estimate: f64, factor: f64) -> Self {
        for value in &mut self.sorted {
            *value = estimate + factor * (*value - estimate);
        }
        self
    }

    /// The bounds around `estimate`, and what they were read from.
    pub(super) fn interval(
        &self,
        method: Method,
        estimate: f64,
        acceleration: f64,
        confidence: f64,
    ) -> Result<(Interval, Sufficient), Undefined> {
        let z = one_sided(confidence)?;
        let below = self.sorted.partition_point(|&value| value < estimate);
        let up_to = self.sorted.partition_point(|&value| value <= estimate);
        if up_to - below == self.sorted.len() || self.sorted.first() == self.sorted.last() {
            return Err(Undefined::ZeroVariance);
        }
        let z0 = normal_quantile((below + up_to) as f64 / (2 * self.sorted.len()) as f64);
        if !z0.is_finite() {
            return Err(Undefined::OneSidedResamples);
        }
        let levels = [level(z0, acceleration, -z)?, level(z0, acceleration, z)?];
        let [lower, upper] = levels.map(|probability| self.quantile(probability));
        let mut interval = Interval::new(method, lower, upper, self.standard_error());
        interval.resamples = Some(self.sorted.len() as u32);
        let mut probabilities: Vec<f64> = KEPT.iter().copied().chain(levels).collect();
        probabilities.sort_unstable_by(f64::total_cmp);
        probabilities.dedup();
        let quantiles = probabilities
            .into_iter()
            .map(|probability| Quantile { probability, value: self.quantile(probability) })
            .collect();
        Ok((interval, Sufficient::Resampled { bias_correction: z0, acceleration, quantiles }))
    }

    /// numpy's default: linear between the order statistics.
    fn quantile(&self, probability: f64) -> f64 {
        let place = probability * (self.sorted.len() - 1) as f64;
        let low = place.floor() as usize;
        let high = (low + 1).min(self.sorted.len() - 1);
        self.sorted[low] + (place - low as f64) * (self.sorted[high] - self.sorted[low])
    }

    fn standard_error(&self) -> f64 {
        let n = self.sorted.len();
        let mean = total(&self.sorted) / n as f64;
        (sum(n, |at| (self.sorted[at] - mean) * (self.sorted[at] - mean)) / (n - 1) as f64).sqrt()
    }
}

/// The share of the replicates that belongs below the bound at normal quantile `z`.
pub(super) fn level(z0: f64, acceleration: f64, z: f64) -> Result<f64, Undefined> {
    let stretch = 1.0 - acceleration * (z0 + z);
    // Past the pole the correction turns around: skew beyond what BCa can mend.
    if stretch <= 0.0 {
        return Err(Undefined::OneSidedResamples);
    }
    Ok(normal_cdf(z0 + (z0 + z) / stretch))
}

/// a from influence values `u(i)`, each counted `times(i)` times.
pub(super) fn acceleration(n: usize, u: impl Fn(usize) -> f64 + Copy, times: impl Fn(usize) -> f64 + Copy) -> f64 {
    let squares = sum(n, |i| times(i) * u(i) * u(i));
    if squares > 0.0 { sum(n, |i| times(i) * u(i) * u(i) * u(i)) / (6.0 * squares * squares.sqrt()) } else { 0.0 }
}
