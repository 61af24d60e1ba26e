//! Intervals from how the rows move a metric, for metrics without a closed form and for rows that are weighted or
//! dependent.
//!
//! Below 20,000 units the Poisson bootstrap with BCa bounds; from there on the infinitesimal jackknife, se² = Σ u² n /
//! (n - 1) over the influence values u (Jaeckel 1972; Efron, "Nonparametric estimates of standard error", Biometrika
//! 68, 1981), which costs one pass. A test holds the two together where they meet.
//!
//! The unit is the row, or the cluster where rows are dependent: influence values are summed over each cluster, which gives
//! se² = Σ_g Σ_{i,j ∈ g} u_i u_j G / (G - 1). Of means that is statsmodels' `cov_type="cluster"` on a constant, whose
//! small-sample factor G/(G-1) · (n-1)/(n-k) is G/(G-1) for k = 1.
//!
//! Below 20,000 units of weighted or clustered rows, and of average precision, resamples stray too little: few clusters, few
//! heavy rows and few positives carry the variance. There differences of two models get [Satterthwaite's](super::satterthwaite) t
//! bounds, one model's share the same on the logit scale (Boyd, Eng & Page, "Area under the precision-recall curve", ECML 2013,
//! for average precision; Korn & Graubard, "Confidence intervals for proportions with small expected number of positive counts
//! estimated from survey data", Surv. Methodol. 24, 1998, for shares), and what has no upper limit BCa bounds that are spread by
//! as much. `benches/coverage.rs` shows what they cover.
//!
//! Fewer than 30 clusters are refused: too many models pass where these differ in size (Cameron & Miller, "A practitioner's guide
//! to cluster-robust inference", J. Hum. Resour. 50, 2015, §VI).

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::bca::acceleration;
use super::bootstrap::{Weighted, resample};
use super::distribution::{one_sided, t_quantile};
use super::input::{Rows, Truth};
use super::metric::Metric;
use super::moments::Moments;
use super::outcome::{Interval, Method, Resampling, Sampling, Sufficient};
use super::satterthwaite::{Spread, spread};
use super::sums::sum;
use super::undefined::Undefined;

/// From here on the influence values are trusted.
const MANY: usize = 20_000;

/// Positive rows from which the influence values of average precision are trusted: its precision at the top of the
/// ranking rests on few rows, however many there are below. With fewer the bootstrap goes on, as long as it is
/// affordable.
const MANY_POSITIVES: u64 = 50;

/// Positive rows below which average precision is resampled instead, which refuses sets that may as well have had none.
const FEW_POSITIVES: u64 = 15;

/// Rows at which 2,000 resamples take half a second and 25 MB per thread.
const AFFORDABLE: usize = 200_000;

/// Rows beyond which the weights of a resample need more than half a gigabyte per thread; what has no influence values has no
/// interval there.
const MOST: usize = 4_000_000;

/// Clusters below which nothing is said.
const FEWEST_CLUSTERS: u64 = 30;

/// Rows below which resamples are not read: nominal 5 %, an RMSE at its very limit passes in 6 % of the sets of 50 rows with normal
/// errors, in 9 % with Laplace's; of 15 rows in 9 and 16 % (1,500 sets each).
const FEWEST_ROWS: u64 = 50;

/// The least degrees of freedom the spread of resamples is taken for.
const LEAST_FREEDOM: f64 = 5.0;

/// Bounds of `candidate`, or of `candidate - baseline`.
pub(super) fn interval(
    metric: Metric,
    rows: &Rows<'_>,
    candidate: &dyn Weighted,
    baseline: Option<&dyn Weighted>,
    sampling: &Sampling,
) -> Result<(Interval, Sufficient), Undefined> {
    let mut estimate = candidate.value()?;
    let mut is_smooth = candidate.is_smooth();
    let (influence, others) = rayon::join(|| candidate.influence(), || baseline.map(Weighted::influence));
    let mut influence = influence?;
    if let Some(baseline) = baseline {
        estimate -= baseline.value()?;
        is_smooth &= baseline.is_smooth();
    }
    for (value, other) in influence.iter_mut().zip(others.transpose()?.into_iter().flatten()) {
        *value -= other;
    }
    let n = influence.len();
    let by_row = influence;
    let mut influence = Cow::Borrowed(by_row.as_slice());
    if let Some(clusters) = rows.clusters {
        influence = Cow::Owned(by_cluster(clusters, &by_row));
        if (influence.len() as u64) < FEWEST_CLUSTERS {
            return Err(Undefined::TooFewClusters { n: influence.len() as u64, needed: FEWEST_CLUSTERS });
        }
    }
    let units = influence.len();
    let positives = positives(rows);
    let scarce = metric == Metric::AveragePrecision && positives < MANY_POSITIVES;
    if !is_smooth && n > MOST {
        return Err(Undefined::TooManyRows { n: n as u64 });
    }
    let asked = sampling.resampling == Resampling::Always || !is_smooth;
    let uneven = rows.weights.is_some() || rows.clusters.is_some() || metric == Metric::AveragePrecision;
    let supported = metric != Metric::AveragePrecision || positives >= FEW_POSITIVES;
    let bounded = baseline.is_some() || metric.range() == (0.0, 1.0);
    if !asked && uneven && supported && bounded && units < MANY {
        let method = if baseline.is_some() { Method::Satterthwaite } else { Method::SatterthwaiteLogit };
        let spread = spread(&by_row, rows.weights, rows.clusters);
        let interval = student_interval(method, estimate, &spread, sampling.confidence)?;
        return Ok((interval, Sufficient::Student { freedom: spread.freedom }));
    }
    if asked || (units < MANY || scarce) && n < AFFORDABLE {
        let replicates = resample(metric.name(), rows, candidate, baseline, sampling)?;
        if rows.clusters.is_none() && (units as u64) < FEWEST_ROWS {
            return Err(Undefined::TooFewRows { n: units as u64, needed: FEWEST_ROWS });
        }
        let a = acceleration(units, |unit| influence[unit], |_| 1.0);
        let resampled = sum(units, |unit| influence[unit] * influence[unit]);
        let widening = if is_smooth { spread(&by_row, rows.weights, rows.clusters).over(resampled) } else { 1.0 };
        let replicates = replicates.spread_around(estimate, widening);
        return replicates.interval(Method::BcaPoisson, estimate, a, sampling.confidence);
    }
    if scarce {
        return Err(Undefined::TooFewPositives { n: positives, needed: MANY_POSITIVES });
    }
    let influence: Vec<f64> = influence.iter().map(|value| value * units as f64).collect();
    let moments = Moments::of(&influence)?;
    Ok((influence_interval(&moments, estimate, sampling.confidence)?, moments.sufficient()))
}

/// Bounds from the moments of the influence values n·u: normal, t where the units are fewer.
pub(super) fn influence_interval(influence: &Moments, estimate: f64, confidence: f64) -> Result<Interval, Undefined> {
    let mut quantile = one_sided(confidence)?;
    if influence.n < MANY as u64 {
        quantile = t_quantile(confidence, influence.n.saturating_sub(1).max(1) as f64);
    }
    Ok(Interval::symmetric(Method::Influence, estimate, quantile, influence.standard_error()?))
}

/// The sum of the influence values of each cluster, in the order of the clusters' names.
fn by_cluster(clusters: &[u64], influence: &[f64]) -> Vec<f64> {
    let mut rows: Vec<(u64, u32)> = clusters.iter().copied().zip(0..).collect();
    rows.sort_unstable();
    let total = |rows: &[(u64, u32)]| sum(rows.len(), |at| influence[rows[at].1 as usize]);
    rows.chunk_by(|a, b| a.0 == b.0).map(total).collect()
}

/// t bounds around `estimate`; of one model's share on the logit scale, as [DeLong's](super::delong).
pub(super) fn student_interval(
    method: Method,
    estimate: f64,
    spread: &Spread,
    confidence: f64,
) -> Result<Interval, Undefined> {
    one_sided(confidence)?;
    let &Spread { error, freedom } = spread;
    // The same difference, or the same value, whatever row is left out, but for rounding.
    if error.is_nan() || error <= 4.0 * f64::EPSILON * estimate.abs() {
        return Err(Undefined::ZeroVariance);
    }
    let quantile = t_quantile(confidence, freedom);
    if method != Method::SatterthwaiteLogit {
        return Ok(Interval::symmetric(method, estimate, quantile, error));
    }
    if !(estimate > 0.0 && estimate < 1.0) {
        return Err(Undefined::ZeroVariance);
    }
    let logit = (estimate / (1.0 - estimate)).ln();
    let half = quantile * error / (estimate * (1.0 - estimate));
    let back = |x: f64| 1.0 / (1.0 + (-x).exp());
    Ok(Interval::new(method, back(logit - half), back(logit + half), error))
}

impl Spread {
    /// How much wider than the resamples', which vary by `squares`, the distribution of the statistic is.
    ///
    /// Resamples vary as if the units were all there is, and their variance is itself an estimate: with its degrees of freedom f
    /// the statistic is spread like Student's t, whose variance is larger by f / (f - 2) (Hesterberg, "What teachers should know
    /// about the bootstrap", Am. Stat. 69, 2015, §3.2).
    fn over(&self, squares: f64) -> f64 {
        let freedom = self.freedom.max(LEAST_FREEDOM);
        let widening = (self.error * self.error / squares * (freedom / (freedom - 2.0))).sqrt();
        if widening.is_finite() { widening } else { 1.0 }
    }
}

/// The rows that the top of a ranking rests on: positives, or of several classes the rows of the rarest one.
fn positives(rows: &Rows<'_>) -> u64 {
    match rows.truth {
        Truth::Binary(labels) => labels.iter().filter(|&&positive| positive).count() as u64,
        Truth::Classes { labels, .. } => {
            let mut rows: BTreeMap<u32, u64> = BTreeMap::new();
            for label in labels {
                *rows.entry(*label).or_default() += 1;
            }
            rows.into_values().min().unwrap_or_default()
        }
        _ => 0,
    }
}
