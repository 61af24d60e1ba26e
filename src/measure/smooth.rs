//! Intervals of smooth metrics without a closed form: average precision, R², RMSE.
//!
//! Below 20,000 rows the Poisson bootstrap with BCa bounds; from there on the infinitesimal jackknife, se² = Σ u² n /
//! (n - 1) over the influence values u (Jaeckel 1972; Efron, "Nonparametric estimates of standard error", Biometrika
//! 68, 1981), which costs one pass. A test holds the two together where they meet.

use super::bca::acceleration;
use super::bootstrap::{Weighted, resample};
use super::distribution::one_sided;
use super::metric::Metric;
use super::moments::Moments;
use super::outcome::{Interval, Method, Sampling, Sufficient};
use super::undefined::Undefined;

/// From here on the influence values are trusted.
const MANY: usize = 20_000;

/// Positive rows from which the influence values of average precision are trusted: its precision at the top of the
/// ranking rests on few rows, however many there are below. With fewer the bootstrap goes on, as long as it is
/// affordable.
const MANY_POSITIVES: u64 = 50;

/// Rows at which 2,000 resamples take half a second and 25 MB per thread.
const AFFORDABLE: usize = 200_000;

/// Rows beyond which the weights of a resample need more than half a gigabyte per thread; what has no influence values has no
/// interval there.
const MOST: usize = 4_000_000;

/// Bounds of `candidate`, or of `candidate - baseline`.
pub(super) fn interval(
    metric: Metric,
    keys: &[u64],
    positives: u64,
    candidate: &dyn Weighted,
    baseline: Option<&dyn Weighted>,
    sampling: &Sampling,
) -> Result<(Interval, Sufficient), Undefined> {
    let mut estimate = candidate.value()?;
    let mut influence = candidate.influence()?;
    if let Some(baseline) = baseline {
        estimate -= baseline.value()?;
        for (value, other) in influence.iter_mut().zip(baseline.influence()?) {
            *value -= other;
        }
    }
    let n = influence.len();
    let scarce = metric == Metric::AveragePrecision && positives < MANY_POSITIVES;
    let smooth = candidate.is_smooth() && baseline.is_none_or(Weighted::is_smooth);
    if !smooth && n > MOST {
        return Err(Undefined::TooManyRows { n: n as u64 });
    }
    if n < MANY || !smooth || scarce && n < AFFORDABLE {
        let replicates = resample(metric.name(), keys, candidate, baseline, sampling)?;
        let a = acceleration(n, |row| influence[row], |_| 1.0);
        return replicates.interval(Method::BcaPoisson, estimate, a, sampling.confidence);
    }
    if scarce {
        return Err(Undefined::TooFewPositives { n: positives, needed: MANY_POSITIVES });
    }
    for value in &mut influence {
        *value *= n as f64;
    }
    let moments = Moments::of(&influence)?;
    Ok((influence_interval(&moments, estimate, sampling.confidence)?, moments.sufficient()))
}

/// Normal bounds from the moments of the influence values n·u.
pub(super) fn influence_interval(influence: &Moments, estimate: f64, confidence: f64) -> Result<Interval, Undefined> {
    let z = one_sided(confidence)?;
    Ok(Interval::symmetric(Method::Influence, estimate, z, influence.standard_error()?))
}
