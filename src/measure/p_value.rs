//! P values of a comparison: of what a rule asks, from the distribution its bounds come from, and of no difference at all.

use statrs::distribution::{ContinuousCDF as _, StudentsT};

use super::distribution::{normal_cdf, one_sided, t_quantile};
use super::input::{Predicted, Rows};
use super::mcnemar::{self, McNemar};
use super::outcome::{Comparison, Method, Sampling, Sufficient};
use super::permutation::paired_permutation;
use super::rank_tests::wilcoxon;
use super::settings::MetricSpec;
use super::undefined::Undefined;
use super::{Family, family, means};

/// Rows up to which differences are ranked; beyond, the t test says the same.
const RANKED: usize = 2_000;

/// Rows up to which they are permuted, which costs as many passes as there are resamples.
const PERMUTED: usize = 200;

/// Which hypothesis is tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tail {
    /// That the difference is at most the limit: a small p shows that it is above.
    Above,
    /// That the difference is at least the limit: a small p shows that it is below.
    Below,
}

/// One-sided p of `comparison.delta` against `limit`, in the metric's units.
///
/// It is below 1 − confidence exactly where the bound at that confidence clears the limit; `confidence` is what the
/// comparison was made with. For resampled bounds it is that of the normal distribution with that bound. `None` where both
/// models said the same.
pub fn p_value(comparison: &Comparison, limit: f64, tail: Tail, confidence: f64) -> Option<f64> {
    let Comparison { delta, lower, upper, .. } = *comparison;
    let (distance, half) = match tail {
        Tail::Above => (delta - limit, delta - lower),
        Tail::Below => (limit - delta, upper - delta),
    };
    let p = match (&comparison.sufficient, comparison.method) {
        (&Sufficient::Moments { n, .. }, Method::PairedT) => {
            let freedom = n.checked_sub(1).filter(|freedom| *freedom > 0)? as f64;
            t_above(distance / (half / t_quantile(confidence, freedom)), freedom)
        }
        (&Sufficient::Student { freedom }, _) => t_above(distance / (half / t_quantile(confidence, freedom)), freedom),
        (&Sufficient::Discordant { both, only_baseline, only_candidate, neither }, Method::PairedScore) => {
            let rows = both + only_baseline + only_candidate + neither;
            let (b, c) = (only_baseline as f64, only_candidate as f64);
            let z = match tail {
                Tail::Above => mcnemar::score(rows as f64, b, c, limit),
                Tail::Below => mcnemar::score(rows as f64, c, b, -limit),
            };
            normal_cdf(-z)
        }
        _ => normal_cdf(-distance / (half / one_sided(confidence).ok()?)),
    };
    p.is_finite().then_some(p)
}

/// P(T > t).
fn t_above(t: f64, freedom: f64) -> f64 {
    // statrs panics at what is no number.
    if !t.is_finite() {
        return normal_cdf(-t);
    }
    StudentsT::new(0.0, 1.0, freedom).map_or(f64::NAN, |student| student.cdf(-t))
}

/// Two-sided p values of "no difference", by the test's name: reported, never judged by.
///
/// | comparison | names |
/// |---|---|
/// | proportions of the same rows | `mcnemar_exact`, `mcnemar_mid`, `mcnemar_corrected` |
/// | AUC | `delong` |
/// | means | `t`; up to 2,000 rows `wilcoxon`, up to 200 `permutation` |
///
/// Weighted and clustered rows have none: these tests know neither.
///
/// # Errors
/// As `compare`, whose input this is.
pub fn tests_of_no_difference(
    spec: &MetricSpec,
    rows: &Rows<'_>,
    candidate: &Predicted<'_>,
    baseline: &Predicted<'_>,
    comparison: &Comparison,
    sampling: &Sampling,
) -> Result<Vec<(&'static str, f64)>, Undefined> {
    if rows.weights.is_some() || rows.clusters.is_some() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    let z = comparison.standard_error.map(|error| (comparison.delta / error).abs());
    match (&comparison.sufficient, comparison.method) {
        (&Sufficient::Discordant { only_baseline, only_candidate, .. }, _) => {
            let McNemar { exact, mid, corrected } = McNemar::of(only_baseline, only_candidate);
            found.extend([("mcnemar_exact", exact), ("mcnemar_mid", mid), ("mcnemar_corrected", corrected)]);
        }
        (_, Method::DeLong) => found.extend(z.map(|z| ("delong", 2.0 * normal_cdf(-z)))),
        (&Sufficient::Moments { n, .. }, Method::PairedT) if n > 1 => {
            found.extend(z.map(|t| ("t", 2.0 * t_above(t, (n - 1) as f64))));
        }
        _ => {}
    }
    if matches!(family(spec, rows), Family::Mean) && rows.truth.len() <= RANKED {
        let (a, b) = (means(spec, rows, candidate)?, means(spec, rows, baseline)?);
        let differences: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a - b).collect();
        found.extend(wilcoxon(&differences).ok().map(|p| ("wilcoxon", p)));
        if differences.len() <= PERMUTED {
            found.extend(paired_permutation(&differences, rows.keys, sampling).ok().map(|p| ("permutation", p)));
        }
    }
    found.retain(|(_, p)| p.is_finite());
    Ok(found)
}
