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
use super::outcome::{blank, explained_in, inconclusive, n_rows, needed_by_width};
use super::parts::{self, Place};
use super::rows::View;
use super::rows_rule::{Found, RowsRule, Small, leaves_out};
use super::slices::Slice;
use super::sufficient::flat;
use super::wording::{level, significant};
use crate::format::certificate::{PartOf, ResultRecord, Verdict};
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
    let mut of_columns = Vec::new();
    for column in columns {
        let (judged, uncovered) = rows.slices(found, column, Small::Pooled, remarks)?;
        if let Some(result) = uncovered {
            return Ok(vec![result]);
        }
        of_columns.push((judged.len(), leaves_out(&judged, &found.selection)));
        slices.extend(judged);
    }
    let result = blank(measured.rule, Some(found.set), Some(columns.join(", ")));
    Ok(vec![worst(measured, found, (&slices, &of_columns), result)])
}

/// `of_columns`: how many slices each column has, and whether some rows are in none of them.
fn worst(
    measured: &Measured<'_>,
    found: &Found<'_>,
    (slices, of_columns): (&[Slice], &[(usize, bool)]),
    result: ResultRecord,
) -> ResultRecord {
    let confidence = measured.policy.confidence;
    let every = of_every(confidence, slices.len());
    let estimate = |view: &View<'_>, sampling: &Sampling| {
        measure::estimate(measured.spec, &view.rows(), &view.candidate(), sampling)
    };
    let both = |slice: &Slice| -> Result<((Estimate, Estimate), [u8; 32]), String> {
        let reason = |reason| format!("{}: {}", slice.label, measured.undefined(&reason));
        let view = View::of(found.joined, &slice.rows);
        let sampling = measured.sampling(&view);
        let at = |confidence: f64| estimate(&view, &Sampling { confidence, ..sampling });
        Ok(((at(confidence).map_err(reason)?, at(every).map_err(reason)?), sampling.seed))
    };
    let (estimates, seeds): (Vec<_>, Vec<_>) = match slices.iter().map(both).collect::<Result<Vec<_>, _>>() {
        Ok(measured) => measured.into_iter().unzip(),
        Err(reason) => return inconclusive(result, reason),
    };
    if let Some(units) = estimates.iter().find_map(|(slice, _)| too_few(slice.method, &slice.sufficient)) {
        return inconclusive(result, measured.few(units));
    }
    let of_worst = worst_of(&estimates, measured.spec.better());
    let Some((Worst { at, lower, upper }, (worst, _))) = of_worst.and_then(|w| Some((w, estimates.get(w.at)?))) else {
        return inconclusive(result, "there are no slices");
    };
    let place = |slice, seed| Place { slice, metric: None, spec: measured.spec, seed };
    let mut parts = Vec::with_capacity(slices.len());
    let mut measured_slices = slices.iter().zip(&seeds).zip(&estimates);
    for (count, left_out) in of_columns {
        let mut of_column = Vec::with_capacity(*count);
        for ((slice, seed), (one, all)) in measured_slices.by_ref().take(*count) {
            let place = place(Some(slice.label.as_str()), *seed);
            of_column.extend(parts::of_model(place, PartOf::Candidate, &[(confidence, one), (every, all)]));
        }
        parts.extend(parts::shielded(of_column, *left_out));
    }
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
        parts: parts::kept(parts),
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
    let view = View::of(found.joined, &found.selection.rows);
    let sampling = measured.sampling(&view);
    let overall = match estimate(&view, &sampling) {
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
    let whole = place(None, sampling.seed);
    let mut parts = result.parts.clone();
    parts.extend(parts::of_model(whole, PartOf::Candidate, &[(confidence, &overall)]));
    let result = ResultRecord { parts, ..result };
    let ratio = ratio_to_all(worst.value, (lower, upper), &overall);
    if ![ratio.value, ratio.lower, ratio.upper].into_iter().all(f64::is_finite) {
        return inconclusive(result, "the ratio is not a finite number");
    }
    let verdict = floor(ratio, limit, Bound::Lower);
    let needed = needed_by_width(result.n, ratio, limit);
    let result = ResultRecord {
        verdict,
        rows_needed: needed.filter(|_| verdict == Verdict::Inconclusive),
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
    explained_in("rows of that slice", result, &text, "below the limit")
}

/// The confidence of a bound that one of so many slices breaks.
pub(super) fn of_every(confidence: f64, slices: usize) -> f64 {
    1.0 - (1.0 - confidence) / slices.max(1) as f64
}

/// The worst of several slices.
#[derive(Clone, Copy)]
pub(super) struct Worst {
    /// Which it is.
    pub at: usize,
    pub lower: f64,
    pub upper: f64,
}

/// Of slices that were measured at the confidence of a bound that must be kept, which is each slice's own, and at that of the one
/// that shows a breach, which is corrected.
pub(super) fn worst_of(estimates: &[(Estimate, Estimate)], better: Better) -> Option<Worst> {
    let higher = better == Better::Higher;
    let worse = |a: f64, b: f64| if higher { a < b } else { a > b };
    let mut at = 0;
    let mut value = estimates.first()?.0.value;
    for (place, (slice, _)) in estimates.iter().enumerate() {
        if worse(slice.value, value) {
            (at, value) = (place, slice.value);
        }
    }
    let least = |bound: fn(&(Estimate, Estimate)) -> f64| estimates.iter().map(bound).fold(f64::INFINITY, least_number);
    let most = |bound: fn(&(Estimate, Estimate)) -> f64| {
        -estimates.iter().map(|e| -bound(e)).fold(f64::INFINITY, least_number)
    };
    let (lower, upper) = if higher {
        (least(|(one, _)| one.lower), least(|(_, every)| every.upper))
    } else {
        (most(|(_, every)| every.lower), most(|(one, _)| one.upper))
    };
    Some(Worst { at, lower, upper })
}

/// The ratio of the worst slice's value to that of all rows. Slice and whole move together, so each bound with the other's opposite
/// one is wide, never narrow.
pub(super) fn ratio_to_all(worst: f64, (lower, upper): (f64, f64), all: &Estimate) -> Level {
    Level { value: worst / all.value, lower: lower / all.upper, upper: upper / all.lower }
}

/// The lesser; NaN of a NaN.
fn least_number(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { a.min(b) }
}

/// What the value of the slice at `at` shrinks to; none where a slice has no standard error.
pub(super) fn shrunk<'a>(slices: impl Iterator<Item = &'a Estimate>, at: usize) -> Option<f64> {
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
