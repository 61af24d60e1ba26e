//! Rules on quantiles of samples, such as latencies. Less is better.

use super::case::Case;
use super::decision::{Level, ratio};
use super::error::CertifyError;
use super::limit::{Limit, Measurement};
use super::outcome::{blank, explained_in, inconclusive, needed_by_width};
use super::sufficient::{SMALLEST_CELL, flat};
use super::wording::{grouped, level, significant};
use crate::evidence::Defect;
use crate::format::certificate::{ResultRecord, Verdict};
use crate::format::policy::{DemandRecord, RuleRecord};
use crate::measure::{self, Undefined};
use crate::name::SetName;
use crate::nearest::nearest;

/// The rule's result.
pub(super) fn judge(
    rule: &RuleRecord,
    of: &SetName,
    quantile: f64,
    case: &Case<'_>,
) -> Result<ResultRecord, CertifyError> {
    let result = blank(rule, None, None);
    let known = case.candidate_samples;
    if !known.is_empty() && !known.contains(of) {
        return Err(CertifyError::UnknownSet {
            rule: rule.id.clone(),
            kind: "samples",
            set: of.clone(),
            known: known.to_vec(),
            nearest: nearest(of.as_str(), known.iter().map(SetName::as_str)),
        });
    }
    if let Some(unfit) = case.unfit(rule, of.as_str(), &result) {
        let alone = case.samples.get(of).filter(|_| unfit.verdict == Verdict::NotApplicable);
        let Some((Ok(candidate), _)) = alone else { return Ok(unfit) };
        // A rule that a first release puts in force must be one that later candidates can satisfy.
        return Ok(match measure::quantile(candidate, quantile, case.policy.confidence) {
            Ok(_) => unfit,
            Err(reason) => {
                inconclusive(result, format!("p{} of `{of}` is not defined: {reason}", significant(quantile * 100.0)))
            }
        });
    }
    let missing = |role| Defect::SetMissing { role, kind: "samples", set: of.clone() };
    let (candidate, baseline) = match case.samples.get(of) {
        Some((Ok(candidate), baseline)) => (candidate, baseline),
        Some((Err(defect), _)) => return Ok(inconclusive(result, defect.to_string())),
        None => return Ok(inconclusive(result, missing("candidate").to_string())),
    };
    let confidence = case.policy.confidence;
    let undefined = |result, undefined: &Undefined| {
        let reason = format!("p{} of `{of}` is not defined: {undefined}", significant(quantile * 100.0));
        inconclusive(result, reason)
    };
    if let Some(limit) = Limit::of(&rule.demand) {
        return Ok(match measure::quantile(candidate, quantile, confidence) {
            Ok(found) => {
                let found_level = Level { value: found.value, lower: found.lower, upper: found.upper };
                let method = found.method.name();
                let sufficient = flat(&found.sufficient, None);
                let result = ResultRecord { n: found.n, sufficient, ..result };
                limit.judge_counted("samples", result, &Measurement { level: found_level, bounded: true, method })
            }
            Err(reason) => undefined(result, &reason),
        });
    }
    let DemandRecord::MaxRatio { limit } = rule.demand else {
        return Err(CertifyError::Unsuitable {
            rule: rule.id.clone(),
            demand: "a comparison of rows",
            measure: result.metric,
        });
    };
    let baseline = match baseline {
        Some(Ok(baseline)) => baseline,
        Some(Err(defect)) => return Ok(inconclusive(result, defect.to_string())),
        None => return Ok(inconclusive(result, missing("baseline").to_string())),
    };
    let found = match measure::quantile_ratio(candidate, baseline, quantile, confidence) {
        Ok(found) => found,
        Err(reason) => return Ok(undefined(result, &reason)),
    };
    if ![found.candidate, found.baseline, found.ratio, found.lower, found.upper].into_iter().all(f64::is_finite) {
        return Ok(inconclusive(result, "the ratio is not a finite number"));
    }
    let verdict = ratio(found.lower, found.upper, limit);
    let bounds = Level { value: found.ratio, lower: found.lower, upper: found.upper };
    // Both models' samples narrow the bounds: so many of each, if there are as many of the one as of the other.
    let needed = needed_by_width(found.n_candidate.min(found.n_baseline), bounds, limit);
    let result = ResultRecord {
        verdict,
        rows_needed: needed.filter(|_| verdict == Verdict::Inconclusive),
        n: found.n_candidate,
        candidate: Some(found.candidate),
        baseline: Some(found.baseline),
        delta: Some(found.ratio),
        lower: Some(found.lower),
        upper: Some(found.upper),
        method: Some(found.method.name().to_owned()),
        sufficient: flat(&found.sufficient, None).into_iter().chain(shifted(candidate, baseline, confidence)).collect(),
        ..result
    };
    let text = format!(
        "ratio {}, limit {}, n {} and {}",
        level(found.ratio, Some((found.lower, found.upper)), Some(limit)),
        significant(limit),
        grouped(found.n_candidate),
        grouped(found.n_baseline),
    );
    Ok(explained_in("samples of each", result, &text, "above the limit"))
}

/// How far the candidate's samples are from the baseline's altogether, by their ranks: said, and never judged by. Of few samples each could be
/// read off.
fn shifted(candidate: &[f64], baseline: &[f64], confidence: f64) -> Vec<(String, f64)> {
    if (candidate.len().min(baseline.len()) as u64) < SMALLEST_CELL {
        return Vec::new();
    }
    let Ok(found) = measure::mann_whitney(candidate, baseline, confidence) else { return Vec::new() };
    let numbers = [
        ("p_mann_whitney", found.p),
        ("larger", found.larger),
        ("shift", found.shift),
        ("shift_lower", found.lower),
        ("shift_upper", found.upper),
    ];
    numbers
        .into_iter()
        .filter(|(_, number)| number.is_finite())
        .map(|(name, number)| (name.to_owned(), number))
        .collect()
}
