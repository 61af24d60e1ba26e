//! Rules on how far a model's answers are from the baseline's on the same rows, whoever of them is right.

use super::case::Case;
use super::counted;
use super::error::CertifyError;
use super::limit::Measurement;
use super::outcome::{blank, inconclusive};
use super::rows_rule;
use crate::evidence::{JoinedRows, PredictedColumns};
use crate::format::certificate::ResultRecord;
use crate::format::policy::{RuleRecord, Shift, ShiftRecord};
use crate::measure::Undefined;
use crate::measure::drift::{self, Bins, Sample};

/// The rule's result.
pub(super) fn judge(rule: &RuleRecord, record: &ShiftRecord, case: &Case<'_>) -> Result<ResultRecord, CertifyError> {
    let limit = counted::limit_of(rule, record.shift.name())?;
    let Some(set) = rows_rule::set_of(rule, record.set.as_ref(), case)? else {
        return Ok(inconclusive(blank(rule, None, None), "the candidate has no predictions set"));
    };
    let result = blank(rule, Some(set), None);
    if let Some(result) = case.without_baseline(&result).or_else(|| case.unfit(rule, set.as_str(), &result)) {
        return Ok(result);
    }
    let joined = match case.sets.get(set) {
        None => return Ok(inconclusive(result, format!("the candidate has no predictions set `{set}`"))),
        Some(Err(defect)) => return Ok(inconclusive(result, defect.to_string())),
        Some(Ok(joined)) => joined,
    };
    let result = ResultRecord { n: joined.keys.len() as u64, ..result };
    let Some(baseline) = &joined.baseline else {
        return Ok(inconclusive(result, format!("the baseline has no predictions set `{set}`")));
    };
    Ok(match shift(record, joined, baseline) {
        Ok((value, method)) => limit.judge(result, &Measurement::point(value, &method)),
        Err(reason) => inconclusive(result, reason),
    })
}

/// The shift, and of what it is.
fn shift(record: &ShiftRecord, joined: &JoinedRows, baseline: &PredictedColumns) -> Result<(f64, String), String> {
    let candidate = &joined.candidate;
    let said = |undefined: Undefined| format!("the {} shift is not defined: {undefined}", record.shift.name());
    // Where a rule says nothing of a threshold, the classes that were predicted are the ones that are positive.
    let by_classes = record.shift == Shift::PositiveRate && record.threshold().is_none();
    let classes = (candidate.classes.is_some(), baseline.classes.is_some());
    if by_classes && classes.0 != classes.1 {
        return Err("the classes of only one of the models are recorded, and the rule has no threshold".to_owned());
    }
    let numbers = match (&candidate.scores, &baseline.scores, &candidate.values, &baseline.values) {
        _ if by_classes && classes.0 => None,
        (Some(ours), Some(theirs), ..) => Some((ours, theirs, "scores")),
        (_, _, Some(ours), Some(theirs)) => Some((ours, theirs, "values")),
        _ => None,
    };
    let n = joined.keys.len() as f64;
    if let Some((ours, theirs, what)) = numbers {
        if ours.len() != theirs.len() || ours.len() != joined.keys.len() || ours.is_empty() {
            return Err(format!("the {what} are not of the same rows"));
        }
        let share = |count: usize| count as f64 / n;
        let samples = || Ok((Sample::new(theirs.clone())?, Sample::new(ours.clone())?));
        let (value, of) = match record.shift {
            Shift::Moved => {
                let moved = ours.iter().zip(theirs).filter(|(a, b)| {
                    // Whatever is not known to have stayed has moved.
                    let apart = (**a - **b).abs();
                    apart > record.by || apart.is_nan()
                });
                (share(moved.count()), format!("share of {what} that moved by more than {}", record.by))
            }
            Shift::PositiveRate if what == "scores" => {
                let rate = |scores: &[f64]| share(scores.iter().filter(|score| **score >= record.threshold).count());
                ((rate(ours) - rate(theirs)).abs(), format!("change of the share at or above {}", record.threshold))
            }
            Shift::PositiveRate => return Err("values are neither positive nor negative".to_owned()),
            Shift::Ks => {
                let (theirs, ours) = samples().map_err(said)?;
                (drift::kolmogorov_smirnov(&theirs, &ours).map_err(said)?.distance, format!("ks of {what}"))
            }
            Shift::Wasserstein => {
                let (theirs, ours) = samples().map_err(said)?;
                let value = drift::wasserstein(&theirs, &ours).map_err(said)?;
                (value, format!("wasserstein of {what}, in the baseline's standard deviations"))
            }
            Shift::Psi | Shift::Js => {
                let edges = deciles(theirs);
                let (theirs, ours) = samples().map_err(said)?;
                let bins = Bins::new(&edges).ok_or("the baseline's deciles are not numbers")?;
                let (reference, current) = (bins.counts(&theirs), bins.counts(&ours));
                let value = of_bins(record.shift, &reference, &current).map_err(said)?;
                (value, format!("{} of {what}, on the baseline's deciles", record.shift.name()))
            }
        };
        return Ok((value, of));
    }
    if let Some(threshold) = record.threshold() {
        return Err(format!("the threshold {threshold} needs scores of both models"));
    }
    let (Some(ours), Some(theirs)) = (&candidate.classes, &baseline.classes) else {
        return Err("there are neither scores, values nor classes in both models' predictions".to_owned());
    };
    if ours.len() != theirs.len() || ours.is_empty() {
        return Err("the classes are not of the same rows".to_owned());
    }
    let count = |classes: &[u32], bins: usize| {
        let mut counts = vec![0_u64; bins];
        classes.iter().for_each(|class| counts[*class as usize] += 1);
        counts
    };
    let bins = ours.iter().chain(theirs).max().map_or(0, |class| *class as usize) + 1;
    Ok(match record.shift {
        Shift::Moved => {
            let moved = ours.iter().zip(theirs).filter(|(a, b)| a != b).count();
            (moved as f64 / n, "share of classes that are others".to_owned())
        }
        Shift::PositiveRate => {
            let rate = |classes: &[u32]| classes.iter().filter(|class| **class == 1).count() as f64 / n;
            ((rate(ours) - rate(theirs)).abs(), "change of the share that is positive".to_owned())
        }
        Shift::Psi | Shift::Js => {
            let value = of_bins(record.shift, &count(theirs, bins), &count(ours, bins)).map_err(said)?;
            (value, format!("{} of classes", record.shift.name()))
        }
        Shift::Ks | Shift::Wasserstein => return Err("classes have no order".to_owned()),
    })
}

fn of_bins(shift: Shift, reference: &[u64], current: &[u64]) -> Result<f64, Undefined> {
    match shift {
        Shift::Js => drift::jensen_shannon(reference, current),
        _ => drift::stability(reference, current).map(|found| found.value),
    }
}

/// Eleven values of which each is the least that so many tenths do not exceed: as a profile has them.
fn deciles(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    let place = |tenth: usize| (sorted.len() * tenth).div_ceil(10).saturating_sub(1).min(last);
    (0..=10).filter_map(|tenth| sorted.get(place(tenth)).copied()).collect()
}
