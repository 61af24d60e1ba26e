//! Times, speeds and sizes of repeated runs: positive numbers whose noise is relative.
//!
//! Logarithms are averaged: a run that took twice as long weighs as much as one that took half as long. Two models are run in
//! turns, and run `i` of one is paired with run `i` of the other, so what both have in common (a machine that slows down) is in
//! neither the ratio nor its interval: Student's t on the paired log-ratios.

use super::distribution::{one_sided, t_quantile};
use super::moments::Moments;
use super::outcome::{Estimate, Method, Sufficient, defined};
use super::undefined::Undefined;

/// Runs an interval takes. Two give one, and it says nothing.
const RUNS: usize = 3;

/// Candidate's over baseline's, from paired runs.
#[derive(Debug, Clone, PartialEq)]
pub struct PairedRatio {
    /// Geometric mean of the candidate's runs, in their unit.
    pub candidate: f64,
    /// Geometric mean of the baseline's runs.
    pub baseline: f64,
    /// Geometric mean of the paired ratios.
    pub ratio: f64,
    /// One-sided lower bound of the ratio.
    pub lower: f64,
    /// One-sided upper bound of the ratio.
    pub upper: f64,
    /// Pairs.
    pub n: u64,
    /// How the bounds were found.
    pub method: Method,
}

/// The geometric mean of positive numbers with t bounds on the logarithms, each at `confidence`.
///
/// # Errors
/// Fewer than three numbers, or one that is not finite and above 0.
pub fn geometric_mean(values: &[f64], confidence: f64) -> Result<Estimate, Undefined> {
    let logs = logs(values)?;
    let (mean, width, error) = bounds(&logs, confidence)?;
    Ok(Estimate {
        n: values.len() as u64,
        value: defined(mean.exp())?,
        lower: defined((mean - width).exp())?,
        upper: defined((mean + width).exp())?,
        standard_error: Some(error * mean.exp()).filter(|error| *error > 0.0),
        method: Method::LogT,
        resamples: None,
        sufficient: Sufficient::None,
    })
}

/// The ratio of two models' runs, paired in their order, with bounds, each at `confidence`.
///
/// # Errors
/// Lists of different lengths; else as [`geometric_mean`].
pub fn paired_ratio(candidate: &[f64], baseline: &[f64], confidence: f64) -> Result<PairedRatio, Undefined> {
    if candidate.len() != baseline.len() {
        return Err(Undefined::LengthMismatch { expected: baseline.len(), found: candidate.len() });
    }
    let (ours, theirs) = (logs(candidate)?, logs(baseline)?);
    let differences: Vec<f64> = ours.iter().zip(&theirs).map(|(a, b)| a - b).collect();
    let (mean, width, _) = bounds(&differences, confidence)?;
    Ok(PairedRatio {
        candidate: defined(Moments::of(&ours)?.mean().exp())?,
        baseline: defined(Moments::of(&theirs)?.mean().exp())?,
        ratio: defined(mean.exp())?,
        lower: defined((mean - width).exp())?,
        upper: defined((mean + width).exp())?,
        n: candidate.len() as u64,
        method: Method::LogT,
    })
}

fn logs(values: &[f64]) -> Result<Vec<f64>, Undefined> {
    if values.len() < RUNS {
        return Err(Undefined::TooFewRows { n: values.len() as u64, needed: RUNS as u64 });
    }
    let log = |(row, value): (usize, &f64)| match *value {
        value if !value.is_finite() => Err(Undefined::NotFinite { row }),
        value if value <= 0.0 => Err(Undefined::Negative { row, value }),
        value => Ok(value.ln()),
    };
    values.iter().enumerate().map(log).collect()
}

/// Mean, its distance to either bound, and its standard error. Runs that are all the same, as sizes may be, do not vary.
fn bounds(logs: &[f64], confidence: f64) -> Result<(f64, f64, f64), Undefined> {
    one_sided(confidence)?;
    let moments = Moments::of(logs)?;
    let error = match moments.standard_error() {
        Err(Undefined::ZeroVariance) => 0.0,
        error => error?,
    };
    Ok((moments.mean(), t_quantile(confidence, (logs.len() - 1) as f64) * error, error))
}
