//! What chance alone makes of distances, turned round: the distance that two samples without drift exceed with a given chance.

use super::super::distribution::{chi_squared_quantile, chi_squared_tail};
use super::contingency::corrected;

/// What the chance of a distance depends on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ByChance {
    /// Values of the reference.
    pub n: f64,
    /// Values of the other sample.
    pub m: f64,
    /// Bins that are not empty in both, less one; of distances of bins.
    pub freedom: u32,
}

impl ByChance {
    /// χ² that is exceeded with chance `p`.
    fn chi_squared(&self, p: f64) -> f64 {
        chi_squared_quantile(1.0 - p, self.freedom.into())
    }

    fn scale(&self) -> f64 {
        1.0 / self.n + 1.0 / self.m
    }

    /// The stability index that is exceeded with chance `p`: (1/n + 1/m) · χ².
    pub fn stability(&self, p: f64) -> f64 {
        self.scale() * self.chi_squared(p)
    }

    /// The Jensen-Shannon distance, base 2: of near histograms its square is an eighth of the stability index, over ln 2.
    pub fn jensen_shannon(&self, p: f64) -> f64 {
        (self.stability(p) / (8.0 * std::f64::consts::LN_2)).sqrt().min(1.0)
    }

    /// Cramér's V: √(χ² / (n + m)).
    pub fn cramers_v(&self, p: f64) -> f64 {
        (self.chi_squared(p) / (self.n + self.m)).sqrt().min(1.0)
    }

    /// Cramér's V without its bias.
    pub fn corrected_v(&self, p: f64) -> f64 {
        corrected(self.chi_squared(p), self.n + self.m, self.freedom)
    }

    /// The distance of the distribution functions: the first term of Kolmogorov's series, which is all of it where p is small.
    pub fn kolmogorov_smirnov(&self, p: f64) -> f64 {
        (0.5 * self.scale() * (2.0 / p).ln()).sqrt().min(1.0)
    }

    /// The largest stability index that these sizes can have, and its chance: nothing is where anything was.
    pub fn largest_stability(&self) -> (f64, f64) {
        let least = |total: f64| (0.5 / total).max(1e-4);
        let half = |least: f64| (1.0 - least) * (1.0 / least).ln();
        let value = half(least(self.n)) + half(least(self.m));
        (value, chi_squared_tail(value / self.scale(), self.freedom.into()))
    }

    /// The largest V, 1, and its chance.
    pub fn largest_v(&self) -> (f64, f64) {
        (1.0, chi_squared_tail(self.n + self.m, self.freedom.into()))
    }
}
