//! Rules on what this program saw while it ran the models in turns: latency, throughput, memory, exit status.

use super::case::Case;
use super::decision::Level;
use super::error::CertifyError;
use super::limit::{Limit, Measurement};
use super::outcome::{blank, explained, explained_in, inconclusive, needed_by_width};
use super::sufficient::flat;
use super::wording::{grouped, level, significant};
use crate::format::certificate::{ResultRecord, Verdict};
use crate::format::measurement::{Role, RunRecord, SideRecord};
use crate::format::policy::{DemandRecord, MeasureRecord, PolicyRecord, Quantity, RuleRecord};
use crate::measure::{self, sequential};

/// Fewer runs have no interval worth the name.
const RUNS: usize = 3;
const COUNTED: &str = "counted";

/// A quantile of calls is read off where there are so many calls on either side of it.
const BEYOND: f64 = 10.0;

/// The rule's result.
pub(super) fn judge(
    rule: &RuleRecord,
    quantity: Quantity,
    quantile: Option<f64>,
    case: &Case<'_>,
) -> Result<ResultRecord, CertifyError> {
    let result = blank(rule, None, None);
    if let Some(result) = case.unfit(rule, "", &result) {
        return Ok(result);
    }
    if quantity == Quantity::Size {
        return size(rule, result, case.model_bytes);
    }
    let side = |role: Role| {
        let sides = case.measurement.map(|measurement| &measurement.sides);
        let missing = || format!("the {} was not run: nothing says how (`evidence.predict`)", role.name());
        sides.and_then(|sides| sides.get(&role)).ok_or_else(missing)
    };
    let candidate = match side(Role::Candidate) {
        Ok(candidate) => candidate,
        Err(reason) => return Ok(inconclusive(result, reason)),
    };
    if quantity == Quantity::ExitStatus {
        return exit_status(rule, result, candidate);
    }
    let series = |role: Role| series(role, side(role)?, quantity, quantile);
    let ours = match series(Role::Candidate) {
        Ok(ours) => ours,
        Err(reason) => return Ok(inconclusive(result, reason)),
    };
    let undefined = |why: measure::Undefined| format!("the interval is not defined: {why}");
    let confidence = confidence(case.policy);
    let result = ResultRecord { n: ours.len() as u64, ..result };
    if let Some(limit) = Limit::of(&rule.demand) {
        return Ok(match measure::geometric_mean(&ours, confidence) {
            Ok(found) => {
                let level = Level { value: found.value, lower: found.lower, upper: found.upper };
                let result = ResultRecord { sufficient: flat(&found.sufficient, found.standard_error), ..result };
                limit.judge_counted("runs", result, &Measurement { level, bounded: true, method: found.method.name() })
            }
            Err(why) => inconclusive(result, undefined(why)),
        });
    }
    let theirs = match series(Role::Baseline) {
        Ok(theirs) => theirs,
        Err(reason) => return Ok(inconclusive(result, reason)),
    };
    if let Some(reason) = other_basis(candidate, side(Role::Baseline).ok(), quantity) {
        return Ok(inconclusive(result, reason));
    }
    let found = match measure::paired_ratio(&ours, &theirs, confidence) {
        Ok(found) => found,
        Err(why) => return Ok(inconclusive(result, undefined(why))),
    };
    let (verdict, limit, failed) = match rule.demand {
        DemandRecord::MaxRatio { limit } => {
            (decided(found.upper <= limit, found.lower > limit), limit, "above the limit")
        }
        DemandRecord::MinRatio { limit } => {
            (decided(found.lower >= limit, found.upper < limit), limit, "below the limit")
        }
        _ => return Err(unsuitable(rule, result)),
    };
    let bounds = Level { value: found.ratio, lower: found.lower, upper: found.upper };
    let needed = needed_by_width(found.n, bounds, limit);
    let result = ResultRecord {
        verdict,
        rows_needed: needed.filter(|_| verdict == Verdict::Inconclusive),
        candidate: Some(found.candidate),
        baseline: Some(found.baseline),
        delta: Some(found.ratio),
        lower: Some(found.lower),
        upper: Some(found.upper),
        method: Some(found.method.name().to_owned()),
        sufficient: flat(&found.sufficient, None),
        ..result
    };
    let text = format!(
        "ratio {}, limit {}, {} pairs of runs",
        level(found.ratio, Some((found.lower, found.upper)), Some(limit)),
        significant(limit),
        grouped(found.n),
    );
    Ok(explained_in("pairs of runs", result, &text, failed))
}

/// The confidence of each bound: of runs that went on until the interval was narrow, a little more than was asked.
pub(super) fn confidence(policy: &PolicyRecord) -> f64 {
    let looked = policy.predict.as_ref().is_some_and(|predict| predict.runs.is_none());
    if looked { sequential::confidence(policy.confidence) } else { policy.confidence }
}

/// How wide the widest interval is that a policy's rules make of these runs: half of it, as a share of its middle. Nothing where no
/// rule makes one, or where more runs would not give it. On which side of its limit an interval lies is not asked.
pub fn half_width(policy: &PolicyRecord, candidate: &SideRecord, baseline: Option<&SideRecord>) -> Option<f64> {
    let confidence = confidence(policy);
    let of_rule = |rule: &RuleRecord| {
        let MeasureRecord::Measured { quantity, quantile } = &rule.measure else { return None };
        let series = |role, side| series(role, side, *quantity, *quantile).ok();
        let ours = series(Role::Candidate, candidate)?;
        let (lower, upper) = if Limit::of(&rule.demand).is_some() {
            let found = measure::geometric_mean(&ours, confidence).ok()?;
            (found.lower, found.upper)
        } else {
            let found = measure::paired_ratio(&ours, &series(Role::Baseline, baseline?)?, confidence).ok()?;
            (found.lower, found.upper)
        };
        sequential::half_width(lower, upper).ok()
    };
    policy.rules.iter().filter_map(of_rule).max_by(f64::total_cmp)
}

/// What a reader should know of the runs that no rule may ask about.
pub(super) fn remark(case: &Case<'_>, remarks: &mut Vec<String>) {
    let sides = case.measurement.iter().flat_map(|measurement| &measurement.sides);
    for (role, _) in sides.filter(|(_, side)| side.varies) {
        remarks.push(format!("the {}'s predictions were others in another run of the same model", role.name()));
    }
    remarks.extend(case.measurement.iter().flat_map(|measurement| measurement.remarks.iter().cloned()));
}

/// Why the times of two models are not times of the same: calls on one side and whole runs on the other, or other numbers of calls
/// for the same rows.
fn other_basis(candidate: &SideRecord, baseline: Option<&SideRecord>, quantity: Quantity) -> Option<String> {
    if quantity != Quantity::Latency {
        return None;
    }
    let calls = |side: &SideRecord| -> Vec<Option<u64>> { side.runs.iter().map(|run| run.calls).collect() };
    let (ours, theirs) = (calls(candidate), calls(baseline?));
    let told = |calls: &[Option<u64>]| match calls.iter().flatten().max() {
        None => "whole runs".to_owned(),
        Some(most) => format!("{} calls a run", grouped(*most)),
    };
    let same = ours.iter().chain(&theirs).all(|calls| Some(calls) == ours.first());
    (!same).then(|| {
        let (ours, theirs) = (told(&ours), told(&theirs));
        format!("the times are not of the same: the candidate's are of {ours}, the baseline's of {theirs}")
    })
}

/// Why a quantile cannot be read off the calls that a command timed.
fn too_few_calls(role: Role, side: &SideRecord, quantile: Option<f64>) -> Option<String> {
    if let Some(why) = &side.untimed {
        return Some(format!("the calls that the {} timed do not count: {why}", role.name()));
    }
    let quantile = quantile?;
    let fewest = side.runs.iter().filter_map(|run| run.calls).min()?;
    let needed = (BEYOND / quantile.min(1.0 - quantile) - 1e-9).ceil();
    let enough = fewest as f64 >= needed;
    (!enough).then(|| {
        let (calls, needed) = (grouped(fewest), grouped(needed as u64));
        format!("the {} timed {calls} calls; a quantile of {quantile} needs {needed}", role.name())
    })
}

/// An exit status is what it is: one that is not as it should be is a failure, not a gap in the evidence.
fn exit_status(rule: &RuleRecord, result: ResultRecord, side: &SideRecord) -> Result<ResultRecord, CertifyError> {
    let failed = || side.failed.clone().unwrap_or_else(|| "it was not run".to_owned());
    let Some(status) = side.status else { return Ok(inconclusive(result, failed())) };
    let Some(limit) = Limit::of(&rule.demand) else { return Err(unsuitable(rule, result)) };
    let result = ResultRecord { n: side.runs.len() as u64, ..result };
    let judged = limit.judge(result, &Measurement::point(f64::from(status), "observed"));
    Ok(match judged.verdict {
        Verdict::Fail => ResultRecord { reason: Some(failed()), ..judged },
        _ => judged,
    })
}

/// How large a model is is counted, not estimated: a ratio is its own bounds.
fn size(
    rule: &RuleRecord,
    result: ResultRecord,
    (ours, theirs): (Option<u64>, Option<u64>),
) -> Result<ResultRecord, CertifyError> {
    let unknown = |whose: &str| format!("the size of the {whose}'s files is not known");
    let Some(ours) = ours else { return Ok(inconclusive(result, unknown("candidate"))) };
    let result = ResultRecord { n: 1, ..result };
    if let Some(limit) = Limit::of(&rule.demand) {
        return Ok(limit.judge(result, &Measurement::point(ours as f64, COUNTED)));
    }
    let (limit, most) = match rule.demand {
        DemandRecord::MaxRatio { limit } => (limit, true),
        DemandRecord::MinRatio { limit } => (limit, false),
        _ => return Err(unsuitable(rule, result)),
    };
    let Some(theirs) = theirs else { return Ok(inconclusive(result, unknown("baseline"))) };
    let ratio = ours as f64 / theirs as f64;
    if !ratio.is_finite() {
        return Ok(inconclusive(result, "the baseline's files are empty: there is no ratio to them"));
    }
    let verdict = if most { decided(ratio <= limit, ratio > limit) } else { decided(ratio >= limit, ratio < limit) };
    let result = ResultRecord {
        verdict,
        candidate: Some(ours as f64),
        baseline: Some(theirs as f64),
        delta: Some(ratio),
        lower: Some(ratio),
        upper: Some(ratio),
        method: Some(COUNTED.to_owned()),
        ..result
    };
    let text = format!(
        "ratio {}, limit {}, {} bytes and {}",
        level(ratio, None, Some(limit)),
        significant(limit),
        grouped(ours),
        grouped(theirs)
    );
    Ok(explained(result, &text, if most { "above the limit" } else { "below the limit" }))
}

fn unsuitable(rule: &RuleRecord, result: ResultRecord) -> CertifyError {
    CertifyError::Unsuitable { rule: rule.id.clone(), demand: "a comparison of rows", measure: result.metric }
}

/// One number for each timed run.
fn series(role: Role, side: &SideRecord, quantity: Quantity, quantile: Option<f64>) -> Result<Vec<f64>, String> {
    if let Some(why) = &side.failed {
        return Err(format!("the {} could not be measured: {why}", role.name()));
    }
    if side.runs.len() < RUNS {
        let runs = if side.runs.len() == 1 {
            "1 timed run is".to_owned()
        } else {
            format!("{} timed runs are", side.runs.len())
        };
        return Err(format!("{runs} too few; {RUNS} are the least"));
    }
    if quantity == Quantity::Latency
        && let Some(why) = too_few_calls(role, side, quantile)
    {
        return Err(why);
    }
    let value = |run: &RunRecord| match quantity {
        Quantity::Latency if run.calls.is_none() => Some(run.milliseconds),
        Quantity::Latency => {
            run.latency.iter().find(|known| Some(known.quantile) == quantile).map(|known| known.milliseconds)
        }
        Quantity::Throughput => side.predictions.as_ref().map(|made| made.rows as f64 / run.milliseconds * 1e3),
        Quantity::PeakMemory => run.peak_memory.map(|bytes| bytes as f64),
        Quantity::ExitStatus | Quantity::Size => None,
    };
    let values: Option<Vec<f64>> = side.runs.iter().map(value).collect();
    values.ok_or_else(|| format!("the {}'s {} is not known", role.name(), quantity.name()))
}

/// NaN satisfies neither.
const fn decided(pass: bool, fail: bool) -> Verdict {
    match (pass, fail) {
        (true, _) => Verdict::Pass,
        (_, true) => Verdict::Fail,
        _ => Verdict::Inconclusive,
    }
}
