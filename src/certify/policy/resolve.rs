//! A policy file with every default spelled out and every rule checked.

use std::collections::BTreeSet;

use super::PolicyError;
use super::refuse::misplaced;
use super::{demand, measure};
use crate::certify::{CASES, FIRST_RELEASE, HOLDOUT};
use crate::format::policy::{
    FORMAT, HoldoutFile, HoldoutRecord, PolicyFile, PolicyRecord, RuleFile, RuleRecord, Severity, Task,
};
use crate::name::StageName;

/// Of each bound by itself, where a policy says nothing.
pub(in crate::certify) const CONFIDENCE: f64 = 0.95;
/// The same of resamples.
pub(in crate::certify) const RESAMPLES: u32 = 2000;
/// Whose numbers the metrics are.
const SEMANTICS: &str = "sklearn-1.9";

/// The record a file stands for.
///
/// # Errors
/// A setting outside its range, a rule that cannot be judged, or no rule that blocks.
pub fn resolve(file: &PolicyFile) -> Result<PolicyRecord, PolicyError> {
    if file.schema != 1 {
        return Err(PolicyError::Schema { found: file.schema });
    }
    let baseline = match &file.baseline.stage {
        Some(stage) => stage.clone(),
        None => StageName::new("production")?,
    };
    let confidence = file.stats.confidence.unwrap_or(CONFIDENCE);
    let power = file.stats.power.unwrap_or(0.8);
    let resamples = file.stats.resamples.unwrap_or(RESAMPLES);
    setting("confidence", confidence, confidence > 0.5 && confidence < 1.0, "above 0.5 and below 1")?;
    setting("power", power, power > 0.0 && power < 1.0, "between 0 and 1")?;
    setting("resamples", resamples.into(), (200..=100_000).contains(&resamples), "200 to 100,000")?;

    let coverage = file.evidence.min_coverage.unwrap_or(1.0);
    setting("min_coverage", coverage, coverage > 0.0 && coverage <= 1.0, "above 0, at most 1")?;

    let mut ids = BTreeSet::new();
    let mut rules = Vec::with_capacity(file.rule.len());
    for (position, rule) in (1..).zip(&file.rule) {
        check_id(position, rule, &mut ids)?;
        rules.push(resolve_rule(rule, file.task)?);
    }
    if !rules.iter().any(|rule| rule.severity == Severity::Block) {
        return Err(PolicyError::NoBlockingRule);
    }
    Ok(PolicyRecord {
        format: FORMAT.to_owned(),
        task: file.task,
        baseline,
        confidence,
        power,
        resamples,
        method: file.stats.method,
        semantics: SEMANTICS.to_owned(),
        rules,
        holdout: holdout(&file.holdout)?,
        // Who writes the default down has no other rules.
        min_coverage: Some(coverage).filter(|coverage| *coverage < 1.0),
        predict: None,
    })
}

/// None where nothing differs from the defaults: who writes them down has no other rules.
fn holdout(file: &HoldoutFile) -> Result<Option<HoldoutRecord>, PolicyError> {
    let usual = HoldoutRecord::default();
    let max_uses = file.max_uses.unwrap_or(usual.max_uses);
    setting("max_uses", max_uses as f64, (1..=1_000_000).contains(&max_uses), "1 to 1,000,000")?;
    let record = HoldoutRecord { max_uses, adaptive: file.adaptive, on_exhausted: file.on_exhausted };
    Ok((record != usual).then_some(record))
}

fn setting(key: &'static str, value: f64, sound: bool, expected: &'static str) -> Result<(), PolicyError> {
    if sound { Ok(()) } else { Err(PolicyError::Setting { key, value, expected }) }
}

fn check_id<'a>(position: usize, rule: &'a RuleFile, ids: &mut BTreeSet<&'a str>) -> Result<(), PolicyError> {
    let grammar = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
    if !(1..=64).contains(&rule.id.len()) || !rule.id.bytes().all(grammar) {
        return Err(PolicyError::Id { position, id: rule.id.chars().take(80).collect() });
    }
    if [CASES, HOLDOUT, FIRST_RELEASE].contains(&rule.id.as_str()) {
        return Err(PolicyError::ReservedId { id: rule.id.clone() });
    }
    if ids.insert(&rule.id) { Ok(()) } else { Err(PolicyError::IdTwice { id: rule.id.clone() }) }
}

fn resolve_rule(rule: &RuleFile, task: Task) -> Result<RuleRecord, PolicyError> {
    let measure = measure::resolve(rule, task)?;
    let demand = demand::resolve(rule, &measure)?;
    misplaced(rule, "evidence", rule.evidence.is_some() && !measure.is_of_a_run(), "what a run of the model can show")?;
    Ok(RuleRecord {
        id: rule.id.clone(),
        measure,
        demand,
        severity: rule.severity,
        ratchet: rule.ratchet,
        against: rule.against,
        evidence: rule.evidence,
    })
}
