//! Rules on how far apart groups are, and on whether that grew.

use super::decision::Level;
use super::error::CertifyError;
use super::limit::{Limit, Measurement};
use super::measured::{FEWEST, Measured, too_few};
use super::outcome::{blank, inconclusive};
use super::rows::View;
use super::rows_rule::{Found, RowsRule, Small};
use super::slices::Slice;
use super::sufficient::flat;
use crate::format::certificate::ResultRecord;
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
    let judged = match Limit::of(&measured.rule.demand) {
        Some(limit) => one_model(measured, found, &groups, limit, result),
        None => growth(measured, found, &groups, result),
    };
    Ok(vec![judged])
}

/// What keeps a group from being measured is said of the group.
fn undefined(measured: &Measured<'_>, group: &Slice, undefined: &Undefined) -> String {
    format!("{}: {}", group.label, measured.undefined(undefined))
}

fn one_model(
    measured: &Measured<'_>,
    found: &Found<'_>,
    groups: &[Slice],
    limit: Limit,
    result: ResultRecord,
) -> ResultRecord {
    let confidence = measured.policy.confidence;
    let at = |confidence: f64| -> Result<Vec<Estimate>, String> {
        let of = |group: &Slice| {
            let view = View::of(found.joined, &group.rows);
            let sampling = Sampling { confidence, ..measured.sampling(&view) };
            measure::estimate(measured.spec, &view.rows(), &view.candidate(), &sampling)
                .map_err(|reason| undefined(measured, group, &reason))
        };
        groups.iter().map(of).collect()
    };
    let estimates =
        match at(confidence).and_then(|one| Ok((one, at(measure::pairs_confidence(confidence, groups.len()))?))) {
            Ok(estimates) => estimates,
            Err(reason) => return inconclusive(result, reason),
        };
    if let Some(units) = estimates.0.iter().find_map(|group| too_few(group.method, &group.sufficient)) {
        return inconclusive(result, measured.few(units));
    }
    let gap = match measure::gap_bounds(&estimates.0, &estimates.1, confidence) {
        Ok(gap) => gap,
        Err(reason) => return inconclusive(result, measured.undefined(&reason)),
    };
    let values: Vec<f64> = estimates.0.iter().map(|group| group.value).collect();
    let error = gap.standard_error;
    let rows_needed = limit
        .limit
        .and_then(|limit| measured.rows_needed(error, gap.n, (gap.value - limit).abs()).filter(|_| gap.value < limit));
    let result = ResultRecord {
        slice: extremes(result.slice.as_deref(), groups, &values),
        rows_needed,
        sufficient: flat(&Sufficient::None, error),
        ..result
    };
    let level = Level { value: gap.value, lower: gap.lower, upper: gap.upper };
    limit.judge(result, &Measurement { level, bounded: true, method: gap.method.name() })
}

fn growth(measured: &Measured<'_>, found: &Found<'_>, groups: &[Slice], result: ResultRecord) -> ResultRecord {
    let mut pairs = Vec::with_capacity(groups.len());
    let mut same = true;
    for group in groups {
        let view = View::of(found.joined, &group.rows);
        let Some(baseline) = view.baseline() else {
            return inconclusive(result, format!("the baseline has no predictions set `{}`", found.set));
        };
        let sampling = measured.sampling(&view);
        let (rows, candidate) = (view.rows(), view.candidate());
        let pair = || -> Result<(GroupPair, bool), Undefined> {
            let delta = measure::compare(measured.spec, &rows, &candidate, &baseline, &sampling)?;
            if delta.method == Method::Exact {
                let errors = (0.0, 0.0, 0.0);
                return Ok((pair(&delta, errors), true));
            }
            if let Some(n) = too_few(delta.method, &delta.sufficient) {
                return Err(Undefined::TooFewRows { n, needed: FEWEST });
            }
            let ours = measure::estimate(measured.spec, &rows, &candidate, &sampling)?;
            let theirs = measure::estimate(measured.spec, &rows, &baseline, &sampling)?;
            // A perfect score has bounds, too.
            let error = |error, lower, upper| measure::error_of(error, lower, upper, sampling.confidence);
            let errors = (
                error(ours.standard_error, ours.lower, ours.upper)?,
                error(theirs.standard_error, theirs.lower, theirs.upper)?,
                error(delta.standard_error, delta.lower, delta.upper)?,
            );
            Ok((pair(&delta, errors), false))
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
    let compared = if same { unchanged(&pairs) } else { measure::gap_growth(&pairs, measured.policy.confidence) };
    match compared {
        Ok(compared) => measured.compared(result, &compared, Better::Lower),
        Err(reason) => inconclusive(result, measured.undefined(&reason)),
    }
}

const fn pair(delta: &Comparison, (candidate_error, baseline_error, difference_error): (f64, f64, f64)) -> GroupPair {
    let Comparison { n, candidate, baseline, .. } = *delta;
    GroupPair { n, candidate, baseline, candidate_error, baseline_error, difference_error }
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
fn extremes(column: Option<&str>, groups: &[Slice], values: &[f64]) -> Option<String> {
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
