//! What a rule asks: exactly one thing, which suits what it measures.

use super::refuse::{misplaced, number};
use super::{PolicyError, data};
use crate::format::policy::{Bound, DemandRecord, LimitFile, MeasureRecord, Prove, RuleFile};

pub(super) const NOT_NEGATIVE: &str = "a finite number, 0 or more";

pub(super) fn resolve(rule: &RuleFile, measure: &MeasureRecord) -> Result<DemandRecord, PolicyError> {
    match measure {
        MeasureRecord::Provenance { .. } => return of_provenance(rule),
        MeasureRecord::Metric { .. } | MeasureRecord::Reported { .. } | MeasureRecord::Quantile { .. } => {}
        _ => return data::demand(rule, measure),
    }
    let others = rule.min.is_some() || rule.max.is_some() || rule.max_drop.is_some() || rule.max_ratio.is_some();
    let implied = rule.margin.is_some() && !others;
    let asked: Vec<&'static str> = [
        ("prove", rule.prove.is_some() || implied),
        ("min", rule.min.is_some()),
        ("max", rule.max.is_some()),
        ("max_drop", rule.max_drop.is_some()),
        ("max_ratio", rule.max_ratio.is_some()),
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
    misplaced(rule, "margin", rule.margin.is_some() && key != "prove", "`prove`")?;
    misplaced(rule, "gain", rule.gain.is_some() && key != "prove", "`prove = \"superior\"`")?;
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
    if let Some(ratio) = rule.max_ratio {
        let limit = number(rule, "max_ratio", ratio, ratio > 0.0, "a finite number above 0")?;
        return Ok(DemandRecord::MaxRatio { limit });
    }
    prove(rule)
}

/// Nothing may be lacking, unless the rule says how much may. What is counted has no bounds.
fn of_provenance(rule: &RuleFile) -> Result<DemandRecord, PolicyError> {
    const ELSE: &str = "anything but a check of the provenance";
    misplaced(rule, "prove", rule.prove.is_some(), ELSE)?;
    misplaced(rule, "margin", rule.margin.is_some(), ELSE)?;
    misplaced(rule, "gain", rule.gain.is_some(), ELSE)?;
    misplaced(rule, "min", rule.min.is_some(), ELSE)?;
    misplaced(rule, "max_drop", rule.max_drop.is_some(), ELSE)?;
    misplaced(rule, "max_ratio", rule.max_ratio.is_some(), ELSE)?;
    misplaced(rule, "on", rule.on.is_some(), ELSE)?;
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
    let (sound, with) = match key {
        "prove" => (matches!(measure, MeasureRecord::Metric { .. }), "a metric computed from rows"),
        "max_drop" => (matches!(measure, MeasureRecord::Reported { .. }), "a reported number"),
        "max_ratio" => (matches!(measure, MeasureRecord::Quantile { .. }), "a quantile of samples"),
        _ => (true, ""),
    };
    misplaced(rule, key, !sound, with)
}

fn prove(rule: &RuleFile) -> Result<DemandRecord, PolicyError> {
    let prove = rule.prove.unwrap_or(Prove::NonInferior);
    if prove == Prove::Superior {
        misplaced(rule, "margin", rule.margin.is_some(), "`prove = \"non_inferior\"` or `\"not_worse_detected\"`")?;
        let gain = rule.gain.unwrap_or(0.0);
        return Ok(DemandRecord::Superior { gain: number(rule, "gain", gain, gain >= 0.0, NOT_NEGATIVE)? });
    }
    misplaced(rule, "gain", rule.gain.is_some(), "`prove = \"superior\"`")?;
    let Some(margin) = rule.margin else {
        return Err(PolicyError::Missing { rule: rule.id.clone(), key: "margin", with: "`prove`" });
    };
    let margin = number(rule, "margin", margin, margin >= 0.0, NOT_NEGATIVE)?;
    Ok(match prove {
        Prove::NotWorseDetected => DemandRecord::NotWorseDetected { margin },
        _ => DemandRecord::NonInferior { margin },
    })
}

pub(super) fn limit_of(rule: &RuleFile, key: &'static str, limit: &LimitFile) -> Result<Option<f64>, PolicyError> {
    match limit {
        LimitFile::Number(value) => number(rule, key, *value, true, "a finite number or `unset`").map(Some),
        LimitFile::Word(word) if word == "unset" => Ok(None),
        LimitFile::Word(word) => {
            Err(PolicyError::Word { rule: rule.id.clone(), key, word: word.chars().take(80).collect() })
        }
    }
}
