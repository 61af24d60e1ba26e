//! Rules on how far apart groups are, and on whether that grew.

use super::decision::{Level, floor};
use super::error::CertifyError;
use super::limit::{Limit, Measurement};
use super::measured::{FEWEST, Measured, too_few};
use super::outcome::{blank, explained, inconclusive, n_rows, needed_by_width};
use super::parts::{self, Place};
use super::rows::View;
use super::rows_rule::{Found, RowsRule, Small, leaves_out};
use super::slices::Slice;
use super::sufficient::flat;
use super::wording::{level, significant};
use crate::format::certificate::{PartOf, PartRecord, ResultRecord, Verdict};
use crate::format::policy::{Bound, DemandRecord};
use crate::measure::{self, Better, Comparison, Estimate, GroupPair, Method, Sampling, Sufficient, Undefined};

/// One result; with remarks on groups that are too small.
pub(super) fn judge(
    measured: &Measured<'_>,
    rows: &RowsRule<'_>,
    found: &Found<'_>,
    column: &str,
    remarks: &mut Vec<String>,
) -> Result<Vec<ResultRecord>, CertifyError> {
    let (groups, uncovered) = rows.slices(found, column, Small::LeftOut, remarks)?;
    if let Some(result) = uncovered {
        return Ok(vec![result]);
    }
    let n = groups.iter().map(|group| group.rows.len() as u64).sum();
    let label = match &found.selection.label {
        Some(label) => format!("{label}; {column}"),
        None => column.to_owned(),
    };
    let result = ResultRecord { n, ..blank(measured.rule, Some(found.set), Some(label)) };
    let judged = match (Limit::of(&measured.rule.demand), measured.rule.demand) {
        (Some(limit), _) => one_model(measured, found, &groups, limit, result),
        (None, DemandRecord::MinRatio { limit }) => ratio(measured, found, &groups, limit, result),
        (None, _) => growth(measured, found, &groups, result),
    };
    Ok(vec![judged])
}

/// What keeps a group from being measured is said of the group.
fn undefined(measured: &Measured<'_>, group: &Slice, undefined: &Undefined) -> String {
    format!("{}: {}", group.label, measured.undefined(undefined))
}

/// The gap of one model.
pub(super) struct MeasuredGap {
    pub estimate: Estimate,
    pub parts: Vec<PartRecord>,
    /// The value of each group.
    pub values: Vec<f64>,
}

/// Each group, at the confidence of the policy and at that of all pairs.
struct Groups {
    one: Vec<Estimate>,
    all: Vec<Estimate>,
    parts: Vec<PartRecord>,
}

fn groups_of(measured: &Measured<'_>, found: &Found<'_>, groups: &[Slice], metrics: usize) -> Result<Groups, String> {
    let confidence = measured.policy.confidence;
    let pairs = measure::pairs_confidence(of_each(confidence, metrics), groups.len());
    let metric = (metrics > 1).then(|| measured.spec.metric.name());
    let (mut one, mut all, mut parts) = (Vec::new(), Vec::new(), Vec::new());
    for group in groups {
        let view = View::of(found.joined, &group.rows);
        let sampling = measured.sampling(&view);
        let at = |confidence: f64| {
            let sampling = Sampling { confidence, ..sampling };
            measure::estimate(measured.spec, &view.rows(), &view.candidate(), &sampling)
                .map_err(|reason| undefined(measured, group, &reason))
        };
        let (of_one, of_all) = (at(confidence)?, at(pairs)?);
        let place = Place { slice: Some(&group.value), metric, spec: measured.spec, seed: sampling.seed };
        parts.extend(parts::of_model(place, PartOf::Candidate, &[(confidence, &of_one), (pairs, &of_all)]));
        one.push(of_one);
        all.push(of_all);
    }
    if let Some(units) = one.iter().find_map(|group| too_few(group.method, &group.sufficient)) {
        return Err(measured.few(units));
    }
    let parts = parts::shielded(parts, leaves_out(groups, &found.selection));
    Ok(Groups { one, all, parts })
}

/// Measures the gap of one model; `metrics`: how many gaps may each show that the limit is broken.
pub(super) fn gap_of(
    measured: &Measured<'_>,
    found: &Found<'_>,
    groups: &[Slice],
    metrics: usize,
) -> Result<MeasuredGap, String> {
    let Groups { one, all, parts } = groups_of(measured, found, groups, metrics)?;
    let gap = measure::gap_bounds(&one, &all, measured.policy.confidence);
    let estimate = gap.map_err(|reason| measured.undefined(&reason))?;
    Ok(MeasuredGap { estimate, parts, values: one.iter().map(|group| group.value).collect() })
}

/// The confidence at which each of several gaps shows that a limit is broken.
pub(super) fn of_each(confidence: f64, metrics: usize) -> f64 {
    if metrics > 1 { 1.0 - (1.0 - confidence) / metrics as f64 } else { confidence }
}

/// The smallest value over the largest.
fn ratio(
    measured: &Measured<'_>,
    found: &Found<'_>,
    groups: &[Slice],
    limit: f64,
    result: ResultRecord,
) -> ResultRecord {
    let Groups { one, all, parts } = match groups_of(measured, found, groups, 1) {
        Ok(groups) => groups,
        Err(reason) => return inconclusive(result, reason),
    };
    let values: Vec<f64> = one.iter().map(|group| group.value).collect();
    if !values.iter().any(|value| *value > 0.0) {
        return inconclusive(result, "a ratio needs a group whose value is above 0");
    }
    let ratio = match measure::ratio_bounds(&one, &all, measured.policy.confidence) {
        Ok(ratio) => ratio,
        Err(reason) => return inconclusive(result, measured.undefined(&reason)),
    };
    let bounds = Level { value: ratio.value, lower: ratio.lower, upper: ratio.upper };
    let verdict = floor(bounds, limit, Bound::Lower);
    let needed = needed_by_width(result.n, bounds, limit);
    let result = ResultRecord {
        verdict,
        rows_needed: needed.filter(|_| verdict == Verdict::Inconclusive),
        candidate: values.iter().copied().reduce(f64::min),
        delta: Some(ratio.value),
        lower: Some(ratio.lower),
        upper: Some(ratio.upper),
        method: Some(ratio.method.name().to_owned()),
        slice: extremes(result.slice.as_deref(), groups, &values),
        sufficient: flat(&Sufficient::None, ratio.standard_error),
        parts: parts::kept(parts),
        ..result
    };
    let text = format!(
        "the smallest over the largest {}, limit {}{}",
        level(ratio.value, Some((ratio.lower, ratio.upper)), Some(limit)),
        significant(limit),
        n_rows(result.n)
    );
    explained(result, &text, "below the limit")
}

fn one_model(
    measured: &Measured<'_>,
    found: &Found<'_>,
    groups: &[Slice],
    limit: Limit,
    result: ResultRecord,
) -> ResultRecord {
    let MeasuredGap { estimate: gap, parts, values } = match gap_of(measured, found, groups, 1) {
        Ok(gap) => gap,
        Err(reason) => return inconclusive(result, reason),
    };
    let error = gap.standard_error;
    let rows_needed = limit
        .limit
        .and_then(|limit| measured.rows_needed(error, gap.n, (gap.value - limit).abs()).filter(|_| gap.value < limit));
    let result = ResultRecord {
        slice: extremes(result.slice.as_deref(), groups, &values),
        rows_needed,
        sufficient: flat(&Sufficient::None, error),
        parts: parts::kept(parts),
        ..result
    };
    let level = Level { value: gap.value, lower: gap.lower, upper: gap.upper };
    limit.judge(result, &Measurement { level, bounded: true, method: gap.method.name() })
}

fn growth(measured: &Measured<'_>, found: &Found<'_>, groups: &[Slice], result: ResultRecord) -> ResultRecord {
    let mut pairs = Vec::with_capacity(groups.len());
    let mut parts = Vec::with_capacity(groups.len() * 3);
    let mut same = true;
    for group in groups {
        let view = View::of(found.joined, &group.rows);
        let Some(baseline) = view.baseline() else {
            return inconclusive(result, format!("the baseline has no predictions set `{}`", found.set));
        };
        let sampling = measured.sampling(&view);
        let confidence = sampling.confidence;
        let place = Place { slice: Some(&group.value), metric: None, spec: measured.spec, seed: sampling.seed };
        let (rows, candidate) = (view.rows(), view.candidate());
        let mut pair = || -> Result<(GroupPair, bool), Undefined> {
            let delta = measure::compare(measured.spec, &rows, &candidate, &baseline, &sampling)?;
            parts.push(parts::of_difference(place, confidence, &delta));
            if delta.method == Method::Exact {
                return Ok((equal(&delta), true));
            }
            if let Some(n) = too_few(delta.method, &delta.sufficient) {
                return Err(Undefined::TooFewRows { n, needed: FEWEST });
            }
            let ours = measure::estimate(measured.spec, &rows, &candidate, &sampling)?;
            let theirs = measure::estimate(measured.spec, &rows, &baseline, &sampling)?;
            parts.extend(parts::of_model(place, PartOf::Candidate, &[(confidence, &ours)]));
            parts.extend(parts::of_model(place, PartOf::Baseline, &[(confidence, &theirs)]));
            Ok((pair_of(&delta, &ours, &theirs, confidence)?, false))
        };
        match pair() {
            Ok((pair, exact)) => {
                same &= exact;
                pairs.push(pair);
            }
            Err(reason) => return inconclusive(result, undefined(measured, group, &reason)),
        }
    }
    let values: Vec<f64> = pairs.iter().map(|pair| pair.candidate).collect();
    let result = ResultRecord { slice: extremes(result.slice.as_deref(), groups, &values), ..result };
    match grown(&pairs, same, measured.policy.confidence) {
        Ok(compared) => {
            let result = measured.compared(result, &compared, Better::Lower);
            ResultRecord { parts: parts::kept(parts::shielded(parts, leaves_out(groups, &found.selection))), ..result }
        }
        Err(reason) => inconclusive(result, measured.undefined(&reason)),
    }
}

/// Both models said the same in a group: nothing of their difference is chance.
pub(super) const fn equal(delta: &Comparison) -> GroupPair {
    let Comparison { n, candidate, baseline, .. } = *delta;
    GroupPair { n, candidate, baseline, candidate_error: 0.0, baseline_error: 0.0, difference_error: 0.0 }
}

/// Both models in a group. A perfect score has bounds, too.
pub(super) fn pair_of(
    delta: &Comparison,
    ours: &Estimate,
    theirs: &Estimate,
    confidence: f64,
) -> Result<GroupPair, Undefined> {
    let error = |error, lower, upper| measure::error_of(error, lower, upper, confidence);
    Ok(GroupPair {
        candidate_error: error(ours.standard_error, ours.lower, ours.upper)?,
        baseline_error: error(theirs.standard_error, theirs.lower, theirs.upper)?,
        difference_error: error(delta.standard_error, delta.lower, delta.upper)?,
        ..equal(delta)
    })
}

/// By how much the gap grew; `same`: the models are the same in all groups.
pub(super) fn grown(pairs: &[GroupPair], same: bool, confidence: f64) -> Result<Comparison, Undefined> {
    if same { unchanged(pairs) } else { measure::gap_growth(pairs, confidence) }
}

/// Both models said the same, number for number.
fn unchanged(pairs: &[GroupPair]) -> Result<Comparison, Undefined> {
    let few = Undefined::TooFewGroups { n: pairs.len() as u64, needed: 2 };
    let gap = measure::gap(pairs.iter().map(|pair| pair.candidate)).ok_or(few)?;
    Ok(Comparison {
        n: pairs.iter().map(|pair| pair.n).sum(),
        candidate: gap,
        baseline: gap,
        delta: 0.0,
        lower: 0.0,
        upper: 0.0,
        standard_error: None,
        method: Method::Exact,
        resamples: None,
        sufficient: Sufficient::None,
    })
}

/// `gender: F − M`: the groups with the largest and the smallest value.
pub(super) fn extremes(column: Option<&str>, groups: &[Slice], values: &[f64]) -> Option<String> {
    let place = |better: fn(f64, f64) -> bool| {
        let mut best = 0;
        for (at, value) in values.iter().enumerate() {
            if better(*value, values[best]) {
                best = at;
            }
        }
        groups.get(best).map(|group| group.value.as_str())
    };
    Some(format!("{}: {} − {}", column?, place(|a, b| a > b)?, place(|a, b| a < b)?))
}
