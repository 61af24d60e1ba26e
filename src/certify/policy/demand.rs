//! What a rule asks: exactly one thing, which suits what it measures.

use super::refuse::{NOT_NEGATIVE, limit_of, misplaced, number};
use super::{PolicyError, data};
use crate::format::policy::{Bound, DemandRecord, MeasureRecord, Over, Prove, Quantity, RuleFile};
use crate::measure::{Better, Metric, Task};

pub(super) fn resolve(rule: &RuleFile, measure: &MeasureRecord) -> Result<DemandRecord, PolicyError> {
    match measure {
        MeasureRecord::Provenance { .. } => return counted(rule, "anything but a check of the provenance"),
        MeasureRecord::MustNotFlip { .. } => return counted(rule, "anything but a list of rows"),
        MeasureRecord::Parity { .. } => return counted(rule, "anything but parity"),
        MeasureRecord::Measured { quantity: Quantity::ExitStatus, .. } => {
            return counted(rule, "anything but an exit status");
        }
        MeasureRecord::Drift(_)
        | MeasureRecord::Shift(_)
        | MeasureRecord::Data(_)
        | MeasureRecord::Leakage(_)
        | MeasureRecord::Surrounding(_)
        | MeasureRecord::Report(_) => return data::demand(rule, measure),
        _ => {}
    }
    let others = [&rule.min, &rule.max].iter().any(|limit| limit.is_some())
        || [rule.max_drop, rule.max_ratio, rule.min_ratio].iter().any(Option::is_some);
    let implied = (rule.margin.is_some() || rule.margin_rel.is_some()) && !others;
    let asked: Vec<&'static str> = [
        ("prove", rule.prove.is_some() || implied),
        ("min", rule.min.is_some()),
        ("max", rule.max.is_some()),
        ("max_drop", rule.max_drop.is_some()),
        ("max_ratio", rule.max_ratio.is_some()),
        ("min_ratio", rule.min_ratio.is_some()),
    ]
    .into_iter()
    .filter_map(|(key, present)| present.then_some(key))
    .collect();
    let key = match asked.as_slice() {
        [] => {
            misplaced(rule, "gain", rule.gain.is_some(), "`prove = \"superior\"`")?;
            return Err(PolicyError::NoDemand { rule: rule.id.clone() });
        }
        [key] => *key,
        _ => return Err(PolicyError::SeveralDemands { rule: rule.id.clone(), keys: asked }),
    };
    suits(rule, key, measure)?;
    if let Some(metric) = without_interval(measure)
        && !(matches!(key, "min" | "max") && rule.on == Some(Bound::Point))
    {
        return Err(PolicyError::NoInterval { rule: rule.id.clone(), metric: metric.name() });
    }
    misplaced(rule, "margin", rule.margin.is_some() && key != "prove", "`prove`")?;
    misplaced(rule, "margin_rel", rule.margin_rel.is_some() && key != "prove", "`prove`")?;
    misplaced(rule, "ratchet", rule.ratchet && key != "prove", "`prove`")?;
    misplaced(rule, "gain", rule.gain.is_some() && key != "prove", "`prove = \"superior\"`")?;
    misplaced(rule, "against", rule.against.is_some() && !has_constant(rule, key, measure), CONSTANT)?;
    misplaced(rule, "on", rule.on.is_some() && key != "min" && key != "max", "`min` or `max`")?;
    if let Some(limit) = &rule.min {
        return Ok(DemandRecord::Min { limit: limit_of(rule, "min", limit)?, on: rule.on.unwrap_or(Bound::Lower) });
    }
    if let Some(limit) = &rule.max {
        return Ok(DemandRecord::Max { limit: limit_of(rule, "max", limit)?, on: rule.on.unwrap_or(Bound::Upper) });
    }
    if let Some(drop) = rule.max_drop {
        return Ok(DemandRecord::MaxDrop { limit: number(rule, "max_drop", drop, drop >= 0.0, NOT_NEGATIVE)? });
    }
    const POSITIVE: &str = "a finite number above 0";
    if let Some(ratio) = rule.max_ratio {
        return Ok(DemandRecord::MaxRatio { limit: number(rule, "max_ratio", ratio, ratio > 0.0, POSITIVE)? });
    }
    if let Some(ratio) = rule.min_ratio {
        let measured = matches!(measure, MeasureRecord::Measured { .. });
        let (sound, expected) =
            (ratio > 0.0 && (measured || ratio <= 1.0), if measured { POSITIVE } else { "above 0, at most 1" });
        return Ok(DemandRecord::MinRatio { limit: number(rule, "min_ratio", ratio, sound, expected)? });
    }
    prove(rule)
}

/// What a constant answer is defined for.
const CONSTANT: &str =
    "`prove`, of a metric of labels that are classes or numbers, with neither `gap`, `worst` nor `ratchet`";

fn has_constant(rule: &RuleFile, key: &str, measure: &MeasureRecord) -> bool {
    let MeasureRecord::Metric { metric, over: None, columns, .. } = measure else { return false };
    let tasks = Metric::parse(metric).map(Metric::tasks).unwrap_or_default();
    let is_of_labels = tasks.iter().any(|task| matches!(task, Task::Binary | Task::Multiclass | Task::Regression));
    key == "prove" && columns.is_empty() && is_of_labels && !rule.ratchet && rule.margin_rel.is_none()
}

fn without_interval(measure: &MeasureRecord) -> Option<Metric> {
    let MeasureRecord::Metric { metric, .. } = measure else { return None };
    Metric::parse(metric).filter(|metric| !metric.has_interval())
}

/// Nothing may be lacking, unless the rule says how much may. What is counted has no bounds.
fn counted(rule: &RuleFile, otherwise: &'static str) -> Result<DemandRecord, PolicyError> {
    misplaced(rule, "prove", rule.prove.is_some(), otherwise)?;
    misplaced(rule, "margin", rule.margin.is_some(), otherwise)?;
    misplaced(rule, "margin_rel", rule.margin_rel.is_some(), otherwise)?;
    misplaced(rule, "gain", rule.gain.is_some(), otherwise)?;
    misplaced(rule, "min", rule.min.is_some(), otherwise)?;
    misplaced(rule, "max_drop", rule.max_drop.is_some(), otherwise)?;
    misplaced(rule, "max_ratio", rule.max_ratio.is_some(), otherwise)?;
    misplaced(rule, "min_ratio", rule.min_ratio.is_some(), otherwise)?;
    misplaced(rule, "on", rule.on.is_some(), otherwise)?;
    let limit = match &rule.max {
        None => Some(0.0),
        Some(limit) => limit_of(rule, "max", limit)?,
    };
    if let Some(limit) = limit {
        number(rule, "max", limit, limit >= 0.0, NOT_NEGATIVE)?;
    }
    Ok(DemandRecord::Max { limit, on: Bound::Point })
}

/// Whether what is asked can be asked of what is measured.
fn suits(rule: &RuleFile, key: &'static str, measure: &MeasureRecord) -> Result<(), PolicyError> {
    let over = match measure {
        MeasureRecord::Metric { over, .. } => over.as_ref(),
        _ => None,
    };
    // The worst slice is the one with the least where more is better, and the limit must be on that side.
    let worst = matches!(over, Some(Over::Worst { .. }));
    let odds = matches!(over, Some(Over::Odds { .. }));
    let higher = match measure {
        MeasureRecord::Metric { metric, .. } => Metric::parse(metric).is_none_or(|m| m.better() == Better::Higher),
        _ => true,
    };
    let not_negative = match measure {
        MeasureRecord::Metric { metric, .. } => Metric::parse(metric).is_some_and(|metric| metric.range().0 >= 0.0),
        _ => false,
    };
    let (sound, with) = match key {
        "prove" if odds => (false, "anything but equalized odds: ask `recall` and `fpr` in two rules"),
        "prove" if worst => (false, "a metric computed from rows, without `worst`"),
        "prove" => (matches!(measure, MeasureRecord::Metric { .. }), "a metric computed from rows"),
        "min" if odds || matches!(over, Some(Over::Gap { .. })) => (false, "anything but a gap"),
        "min" if worst => (higher, "the worst slice of a metric of which more is better"),
        "max" if worst => (!higher, "the worst slice of a metric of which less is better"),
        "min_ratio" if matches!(measure, MeasureRecord::Measured { .. }) => (true, ""),
        "min_ratio" if matches!(over, Some(Over::Gap { .. })) => {
            (not_negative, "groups of a metric that is never below 0")
        }
        "min_ratio" => {
            (worst && higher, "the worst slice of a metric of which more is better, `gap`, or what is measured")
        }
        "max_drop" => (
            matches!(measure, MeasureRecord::Reported { .. } | MeasureRecord::Command { .. }),
            "a reported number or a command's",
        ),
        "max_ratio" => (
            matches!(measure, MeasureRecord::Quantile { .. } | MeasureRecord::Measured { .. }),
            "a quantile of samples, or what is measured",
        ),
        _ => (true, ""),
    };
    misplaced(rule, key, !sound, with)
}

fn prove(rule: &RuleFile) -> Result<DemandRecord, PolicyError> {
    let prove = rule.prove.unwrap_or(Prove::NonInferior);
    if prove == Prove::Superior {
        misplaced(rule, "margin", rule.margin.is_some(), "`prove = \"non_inferior\"` or `\"not_worse_detected\"`")?;
        misplaced(rule, "margin_rel", rule.margin_rel.is_some(), "`prove = \"non_inferior\"`")?;
        let gain = rule.gain.unwrap_or(0.0);
        return Ok(DemandRecord::Superior { gain: number(rule, "gain", gain, gain >= 0.0, NOT_NEGATIVE)? });
    }
    misplaced(rule, "gain", rule.gain.is_some(), "`prove = \"superior\"`")?;
    if let Some(share) = rule.margin_rel {
        let with = "`prove = \"non_inferior\"`, without `margin`";
        misplaced(rule, "margin_rel", rule.margin.is_some() || prove != Prove::NonInferior, with)?;
        let margin_rel = number(rule, "margin_rel", share, (0.0..1.0).contains(&share), "0 or more, below 1")?;
        return Ok(DemandRecord::NonInferiorRelative { margin_rel });
    }
    let Some(margin) = rule.margin else {
        return Err(PolicyError::Missing { rule: rule.id.clone(), key: "margin", with: "`prove`" });
    };
    let margin = number(rule, "margin", margin, margin >= 0.0, NOT_NEGATIVE)?;
    Ok(match prove {
        Prove::NotWorseDetected => DemandRecord::NotWorseDetected { margin },
        _ => DemandRecord::NonInferior { margin },
    })
}
