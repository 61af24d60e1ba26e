//! Rules on rows that one model gets right and the other one wrong: how many, and which must not be among them.

use super::case::Case;
use super::decision::Level;
use super::error::CertifyError;
use super::limit::{Limit, Measurement};
use super::outcome::{blank, inconclusive};
use super::rightness;
use super::rows::View;
use super::rows_rule::{RowsRule, set_of};
use super::sufficient::flat;
use super::wording::some;
use crate::evidence::{JoinedRows, key_hash};
use crate::format::certificate::{ResultRecord, Verdict};
use crate::format::policy::{Flips, PolicyRecord, RuleRecord};
use crate::measure::{self, MetricSpec, Undefined};
use crate::name::SetName;
use crate::nearest::nearest;

/// Rows named in a reason. Their keys are the policy's own.
const SHOWN: usize = 5;
const COUNTED: &str = "counted";

/// A rate: one result, or one for each slice.
pub(super) fn judge(
    rule: &RuleRecord,
    flips: Flips,
    case: &Case<'_>,
    remarks: &mut Vec<String>,
) -> Result<Vec<ResultRecord>, CertifyError> {
    let (rows, limit) = parts(rule, flips.name())?;
    let found = match rows.find(case)? {
        Ok(found) => found,
        Err(result) => return Ok(vec![result]),
    };
    let right_by = rightness::of_rule(rule, case.policy.task)?;
    let rate = Rate { rule, flips, right_by, limit, policy: case.policy, set: found.set };
    rows.judge(&found, &|view, slice| rate.judge(view, slice), remarks)
}

/// Rows, and the limit they are held against.
fn parts<'a>(rule: &'a RuleRecord, measure: &str) -> Result<(RowsRule<'a>, Limit), CertifyError> {
    match (RowsRule::of(rule), Limit::of(&rule.demand)) {
        (Some(rows), Some(limit)) => Ok((rows, limit)),
        _ => {
            let (demand, measure) = ("a comparison", measure.to_owned());
            Err(CertifyError::Unsuitable { rule: rule.id.clone(), demand, measure })
        }
    }
}

struct Rate<'a> {
    rule: &'a RuleRecord,
    flips: Flips,
    right_by: MetricSpec,
    limit: Limit,
    policy: &'a PolicyRecord,
    set: &'a SetName,
}

impl Rate<'_> {
    fn judge(&self, view: &View<'_>, slice: Option<String>) -> ResultRecord {
        let result = ResultRecord { n: view.len(), ..blank(self.rule, Some(self.set), slice) };
        let Some(baseline) = view.baseline() else {
            return inconclusive(result, no_baseline(self.set));
        };
        let confidence = self.policy.confidence;
        let measured = measure::flips(&self.right_by, &view.rows(), &view.candidate(), &baseline)
            .and_then(|flips| flips.rate(self.flips == Flips::Negative, confidence).map(|rate| (flips, rate)));
        let (flips, rate) = match measured {
            Ok(measured) => measured,
            Err(undefined) => return inconclusive(result, self.undefined(&undefined)),
        };
        let rows_needed = self.limit.limit.zip(rate.standard_error).and_then(|(limit, error)| {
            let distance = (rate.value - limit).abs();
            measure::rows_needed(error, rate.n, distance, confidence, self.policy.power).filter(|rows| *rows > rate.n)
        });
        let mut sufficient = flat(&flips.sufficient(), rate.standard_error);
        sufficient.extend(flips.effective().map(|rows| ("effective".to_owned(), rows)));
        let result = ResultRecord { rows_needed, sufficient, ..result };
        let level = Level { value: rate.value, lower: rate.lower, upper: rate.upper };
        self.limit.judge(result, &Measurement { level, bounded: true, method: rate.method.name() })
    }

    fn undefined(&self, undefined: &Undefined) -> String {
        format!("{} is not defined: {undefined}", self.flips.name())
    }
}

fn no_baseline(set: &SetName) -> String {
    format!("the baseline has no predictions set `{set}`")
}

/// A list: how many of its rows the baseline gets right and the candidate wrong.
pub(super) fn must_not(rule: &RuleRecord, keys: &[Vec<String>], case: &Case<'_>) -> Result<ResultRecord, CertifyError> {
    let (rows, limit) = parts(rule, "must_not_flip")?;
    let found = match rows.find(case)? {
        Ok(found) => found,
        Err(result) => {
            // Rules that a first release puts in force are those that later candidates must satisfy.
            let set = set_of(rule, rows.set, case)?.filter(|_| result.verdict == Verdict::NotApplicable);
            if let Some(Ok(joined)) = set.and_then(|set| case.sets.get(set)) {
                listed(rule, keys, joined)?;
            }
            return Ok(result);
        }
    };
    let joined = found.joined;
    let listed = listed(rule, keys, joined)?;
    let places: Vec<u32> = listed.iter().map(|(row, _)| *row).collect();
    let view = View::of(joined, &places);
    let result = ResultRecord { n: places.len() as u64, ..blank(rule, Some(found.set), None) };
    let Some(baseline) = view.baseline() else { return Ok(inconclusive(result, no_baseline(found.set))) };
    let truth = view.rows().truth;
    let right_by = rightness::of_rule(rule, case.policy.task)?;
    let (ours, theirs) = match measure::both_right(&right_by, &truth, &view.candidate(), &baseline) {
        Ok(right) => right,
        Err(undefined) => return Ok(inconclusive(result, format!("what is right is not defined: {undefined}"))),
    };
    let flipped: Vec<String> = listed
        .iter()
        .zip(ours.iter().zip(&theirs))
        .filter(|(_, (ours, theirs))| !**ours && **theirs)
        .map(|((_, key), _)| key.join(", "))
        .collect();
    let judged = limit.judge(result, &Measurement::point(flipped.len() as f64, COUNTED));
    if judged.verdict == Verdict::Fail {
        let reason = format!("right before, wrong now: {}", some(&flipped, SHOWN));
        return Ok(ResultRecord { reason: Some(reason), ..judged });
    }
    Ok(judged)
}

/// The numbers of the rows with these keys.
fn listed<'k>(
    rule: &RuleRecord,
    keys: &'k [Vec<String>],
    joined: &JoinedRows,
) -> Result<Vec<(u32, &'k Vec<String>)>, CertifyError> {
    let place = |key: &'k Vec<String>| match joined.keys.binary_search(&key_hash(key)) {
        Ok(row) => Ok((row as u32, key)),
        Err(_) => {
            let known: Vec<String> = known_keys(joined, key.len());
            let key = key.join(", ");
            let nearest = nearest(&key, known.iter().map(String::as_str));
            Err(CertifyError::UnknownKey { rule: rule.id.clone(), set: joined.set.clone(), key, nearest })
        }
    };
    keys.iter().map(place).collect()
}

/// Keys of the set to find the like of a mistyped one among; none where keys have another number of parts.
fn known_keys(joined: &JoinedRows, parts: usize) -> Vec<String> {
    const LOOKED_AT: usize = 1_000;
    let cells = |place| joined.names.cells(place).filter(|cells| cells.len() == parts).map(|cells| cells.join(", "));
    (0..joined.keys.len().min(LOOKED_AT)).filter_map(cells).collect()
}
