//! Rules on the worst of several slices.
//!
//! That every slice keeps the limit is shown where the bound of each does, which needs no correction; that one of K does not,
//! by its bound at 1 − α / K. The worst of many looks worse than it is, by chance: beside it stands what it shrinks to
//! towards the others, the empirical Bayes estimate with DerSimonian and Laird's variance between slices (Controlled Clinical
//! Trials 7, 1986; `statsmodels.stats.meta_analysis.combine_effects(method_re="dl")`). Nothing is decided by that.

use super::decision::{Level, floor};
use super::error::CertifyError;
use super::limit::{Limit, Measurement};
use super::measured::{Measured, too_few};
use super::outcome::{blank, explained, inconclusive, n_rows};
use super::rows::View;
use super::rows_rule::{Found, RowsRule, Small};
use super::slices::Slice;
use super::sufficient::flat;
use super::wording::{level, significant};
use crate::format::certificate::ResultRecord;
use crate::format::policy::{Bound, DemandRecord};
use crate::measure::{self, Better, Estimate, Sampling, Sufficient};

/// One result, of the worst slice; with remarks on slices that are too small.
pub(super) fn judge(
    measured: &Measured<'_>,
    rows: &RowsRule<'_>,
    found: &Found<'_>,
    columns: &[String],
    remarks: &mut Vec<String>,
) -> Result<Vec<ResultRecord>, CertifyError> {
    let mut slices = Vec::new();
    for column in columns {
        let (judged, uncovered) = rows.slices(found, column, Small::Pooled, remarks)?;
        if let Some(result) = uncovered {
            return Ok(vec![result]);
        }
        slices.extend(judged);
    }
    let result = blank(measured.rule, Some(found.set), Some(columns.join(", ")));
    Ok(vec![worst(measured, found, &slices, result)])
}

fn worst(measured: &Measured<'_>, found: &Found<'_>, slices: &[Slice], result: ResultRecord) -> ResultRecord {
    let confidence = measured.policy.confidence;
    let every = 1.0 - (1.0 - confidence) / slices.len().max(1) as f64;
    let estimate = |rows: &[u32], confidence: f64| {
        let view = View::of(found.joined, rows);
        let sampling = Sampling { confidence, ..measured.sampling(&view) };
        measure::estimate(measured.spec, &view.rows(), &view.candidate(), &sampling)
    };
    let both = |slice: &Slice| -> Result<(Estimate, Estimate), String> {
        let reason = |reason| format!("{}: {}", slice.label, measured.undefined(&reason));
        Ok((estimate(&slice.rows, confidence).map_err(reason)?, estimate(&slice.rows, every).map_err(reason)?))
    };
    let estimates = match slices.iter().map(both).collect::<Result<Vec<_>, _>>() {
        Ok(estimates) => estimates,
        Err(reason) => return inconclusive(result, reason),
    };
    if let Some(units) = estimates.iter().find_map(|(slice, _)| too_few(slice.method, &slice.sufficient)) {
        return inconclusive(result, measured.few(units));
    }
    let higher = measured.spec.better() == Better::Higher;
    let worse = |a: f64, b: f64| if higher { a < b } else { a > b };
    let mut at = 0;
    for (place, (slice, _)) in estimates.iter().enumerate() {
        if worse(slice.value, estimates[at].0.value) {
            at = place;
        }
    }
    let Some((worst, _)) = estimates.get(at) else { return inconclusive(result, "there are no slices") };
    // The bound that must be kept is each slice's own; the one that shows a breach is corrected.
    let least = |bound: fn(&(Estimate, Estimate)) -> f64| estimates.iter().map(bound).fold(f64::INFINITY, least_number);
    let most = |bound: fn(&(Estimate, Estimate)) -> f64| {
        -estimates.iter().map(|e| -bound(e)).fold(f64::INFINITY, least_number)
    };
    let (lower, upper) = if higher {
        (least(|(one, _)| one.lower), least(|(_, every)| every.upper))
    } else {
        (most(|(_, every)| every.lower), most(|(one, _)| one.upper))
    };
    let mut sufficient = flat(&Sufficient::None, worst.standard_error);
    sufficient.insert("slices".to_owned(), slices.len() as f64);
    if let Some(shrunk) = shrunk(estimates.iter().map(|(slice, _)| slice), at) {
        sufficient.insert("shrunk".to_owned(), shrunk);
    }
    let method = format!("{}; worst of {}", worst.method.name(), slices.len());
    let result = ResultRecord {
        n: worst.n,
        slice: Some(slices[at].label.clone()),
        resamples: worst.resamples,
        sufficient,
        ..result
    };
    let found_level = Level { value: worst.value, lower, upper };
    if let Some(limit) = Limit::of(&measured.rule.demand) {
        let rows_needed = limit
            .limit
            .and_then(|limit| measured.rows_needed(worst.standard_error, worst.n, (worst.value - limit).abs()));
        let result = ResultRecord { rows_needed, ..result };
        return limit.judge(result, &Measurement { level: found_level, bounded: true, method: &method });
    }
    let DemandRecord::MinRatio { limit } = measured.rule.demand else {
        return inconclusive(result, "a worst slice is held against a limit");
    };
    let overall = match estimate(&found.selection.rows, confidence) {
        Ok(overall) if overall.lower > 0.0 => overall,
        Ok(overall) => {
            let value = significant(overall.value);
            return inconclusive(
                result,
                format!("a ratio needs a value on all rows that is shown to be above 0; it is {value}"),
            );
        }
        Err(reason) => return inconclusive(result, measured.undefined(&reason)),
    };
    // Slice and whole move together, so each bound with the other's opposite one is wide, never narrow.
    let ratio =
        Level { value: worst.value / overall.value, lower: lower / overall.upper, upper: upper / overall.lower };
    if ![ratio.value, ratio.lower, ratio.upper].into_iter().all(f64::is_finite) {
        return inconclusive(result, "the ratio is not a finite number");
    }
    let result = ResultRecord {
        verdict: floor(ratio, limit, Bound::Lower),
        candidate: Some(worst.value),
        baseline: Some(overall.value),
        delta: Some(ratio.value),
        lower: Some(ratio.lower),
        upper: Some(ratio.upper),
        method: Some(method),
        ..result
    };
    let text = format!(
        "ratio to all rows {}, limit {}{}",
        level(ratio.value, Some((ratio.lower, ratio.upper)), Some(limit)),
        significant(limit),
        n_rows(result.n)
    );
    explained(result, &text, "below the limit")
}

/// The lesser; NaN of a NaN.
fn least_number(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { a.min(b) }
}

/// What the value of the slice at `at` shrinks to; none where a slice has no standard error.
fn shrunk<'a>(slices: impl Iterator<Item = &'a Estimate>, at: usize) -> Option<f64> {
    let slices: Vec<(f64, f64)> =
        slices.map(|slice| slice.standard_error.map(|error| (slice.value, error * error))).collect::<Option<_>>()?;
    let pooled = |between: f64| {
        let weight = |variance: f64| 1.0 / (variance + between);
        let total: f64 = slices.iter().map(|slice| weight(slice.1)).sum();
        (slices.iter().map(|slice| weight(slice.1) * slice.0).sum::<f64>() / total, total)
    };
    let (fixed, total) = pooled(0.0);
    let heterogeneity: f64 = slices.iter().map(|slice| (slice.0 - fixed).powi(2) / slice.1).sum();
    let squares: f64 = slices.iter().map(|slice| 1.0 / (slice.1 * slice.1)).sum();
    let freedom = slices.len() as f64 - 1.0;
    let between = ((heterogeneity - freedom) / (total - squares / total)).max(0.0);
    let (mean, _) = pooled(between);
    let (value, variance) = *slices.get(at)?;
    let shrunk = (value * between + mean * variance) / (between + variance);
    (slices.len() > 1 && shrunk.is_finite()).then_some(shrunk)
}
