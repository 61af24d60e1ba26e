//! Samples of one quantity, such as latencies, on both sides: how many, and the quantiles that people ask for.

use super::item::Change;
use crate::measure::curves;

/// The shares of samples that lie below the quantiles told.
pub const SHARES: [f64; 3] = [0.5, 0.95, 0.99];

/// A set of samples that is not the same.
#[derive(Debug, Clone, PartialEq)]
pub struct SamplesDiff {
    /// The set's name.
    pub set: String,
    /// The column they stand in; of `b` if it is in both.
    pub column: String,
    /// How the set is different.
    pub change: Change,
    /// In `a`, or why they cannot be told; none: it has no such set.
    pub a: Option<Result<SampleFacts, String>>,
    /// In `b`.
    pub b: Option<Result<SampleFacts, String>>,
}

/// Samples of one side.
#[derive(Debug, Clone, PartialEq)]
pub struct SampleFacts {
    /// How many.
    pub n: u64,
    /// Their quantiles at [`SHARES`], in the unit of the samples.
    pub quantiles: [f64; 3],
}

/// A quantile on both sides.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QuantileChange {
    /// The share of samples below.
    pub share: f64,
    /// In `a`.
    pub a: Option<f64>,
    /// In `b`.
    pub b: Option<f64>,
}

impl SampleFacts {
    /// Of samples in any order, by the function that draws them in reports: linear between order statistics, as numpy's default and
    /// the point that a rule on a quantile judges. None of samples of which one is not finite, or where there are none.
    pub fn of(samples: &[f64]) -> Option<Self> {
        let found: Vec<f64> = curves::quantiles(samples, &SHARES).into_iter().map(|(_, value)| value).collect();
        Some(Self { n: samples.len() as u64, quantiles: found.try_into().ok()? })
    }
}

impl SamplesDiff {
    fn facts(side: Option<&Result<SampleFacts, String>>) -> Option<&SampleFacts> {
        side?.as_ref().ok()
    }

    /// What is known of `a` and of `b`.
    pub fn known(&self) -> [Option<&SampleFacts>; 2] {
        [Self::facts(self.a.as_ref()), Self::facts(self.b.as_ref())]
    }

    /// Each quantile on both sides.
    pub fn quantiles(&self) -> [QuantileChange; 3] {
        let [a, b] = self.known().map(|facts| facts.map(|facts| facts.quantiles));
        let [a50, a95, a99] = a.map_or([None; 3], |values| values.map(Some));
        let [b50, b95, b99] = b.map_or([None; 3], |values| values.map(Some));
        let [half, most, nearly_all] = SHARES;
        [(half, a50, b50), (most, a95, b95), (nearly_all, a99, b99)].map(|(share, a, b)| QuantileChange { share, a, b })
    }

    /// Why a side's samples cannot be told.
    pub fn reasons(&self) -> Vec<&str> {
        [&self.a, &self.b].into_iter().flatten().filter_map(|side| side.as_ref().err().map(String::as_str)).collect()
    }
}

impl QuantileChange {
    /// `p95`.
    pub fn name(&self) -> String {
        format!("p{}", (100.0 * self.share).round())
    }

    /// From `a` to `b`.
    pub fn delta(&self) -> Option<f64> {
        Some(self.b? - self.a?)
    }

    /// The change as a part of what it was; none of nothing.
    pub fn relative(&self) -> Option<f64> {
        let (a, delta) = (self.a?, self.delta()?);
        (a != 0.0).then(|| delta / a.abs()).filter(|relative| relative.is_finite())
    }
}
