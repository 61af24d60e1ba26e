//! What a rule on rows says of them: which rows, how many, and which of a rule's keys mean nothing without any.

use std::collections::{BTreeMap, BTreeSet};

use super::PolicyError;
use super::refuse::{empty, misplaced, number};
use crate::format::policy::{Direction, MeasureRecord, Over, RuleFile, ScalarFile};
use crate::format::scalar::Scalar;
use crate::measure::Metric;

/// Rows a slice needs to be judged alone.
const MIN_ROWS: u64 = 100;
const ROWS: &str = "a metric computed from rows";

/// A metric of rows and what is said about it.
pub(super) struct Named {
    pub metric: Metric,
    pub parameters: BTreeMap<String, Scalar>,
    pub columns: Vec<String>,
    pub better: Option<Direction>,
}

/// The threshold, and whether a rule that has 0.5 says so itself.
pub(super) fn threshold(rule: &RuleFile) -> Result<(f64, bool), PolicyError> {
    let threshold = number(rule, "threshold", rule.threshold.unwrap_or(0.5), true, "a finite number")?;
    Ok((threshold, rule.threshold == Some(0.5)))
}

/// The record of a metric of rows.
pub(super) fn of_rows(rule: &RuleFile, named: Named) -> Result<MeasureRecord, PolicyError> {
    let (threshold, threshold_written) = threshold(rule)?;
    Ok(MeasureRecord::Metric {
        metric: named.metric.name().to_owned(),
        set: rule.set.clone(),
        threshold,
        threshold_written,
        only: only(rule)?,
        each: each(rule)?,
        min_rows: min_rows(rule)?,
        over: over(rule)?,
        parameters: named.parameters,
        columns: named.columns,
        better: named.better,
    })
}

/// Rows a slice needs, 0 where there are none.
pub(super) fn min_rows(rule: &RuleFile) -> Result<u64, PolicyError> {
    let sliced = !rule.each.is_empty() || rule.gap.is_some() || !rule.worst.is_empty();
    misplaced(rule, "min_rows", rule.min_rows.is_some() && !sliced, "`each`, `gap` or `worst`")?;
    match rule.min_rows {
        Some(0) => number(rule, "min_rows", 0.0, false, "at least 1").map(|_| 0),
        Some(rows) => Ok(rows),
        None if sliced => Ok(MIN_ROWS),
        None => Ok(0),
    }
}

/// How far slices are apart, or the worst of them.
fn over(rule: &RuleFile) -> Result<Option<Over>, PolicyError> {
    let several = rule.gap.is_some() || !rule.worst.is_empty();
    misplaced(rule, "each", several && !rule.each.is_empty(), "neither `gap` nor `worst`")?;
    misplaced(rule, "worst", rule.gap.is_some() && !rule.worst.is_empty(), "no `gap`")?;
    let one_value = "the value on some rows, without `each`, `gap` or `worst`";
    misplaced(rule, "ratchet", rule.ratchet && (several || !rule.each.is_empty()), one_value)?;
    match &rule.gap {
        Some(column) if column.is_empty() => Err(empty(rule, "gap")),
        Some(column) => Ok(Some(Over::Gap { column: column.clone() })),
        None if rule.worst.is_empty() => Ok(None),
        None => Ok(Some(Over::Worst { columns: columns(rule, "worst", &rule.worst)? })),
    }
}

pub(super) fn without_rows(rule: &RuleFile) -> Result<(), PolicyError> {
    misplaced(rule, "set", rule.set.is_some(), ROWS)?;
    misplaced(rule, "threshold", rule.threshold.is_some(), ROWS)?;
    misplaced(rule, "where", !rule.only.is_empty(), ROWS)?;
    misplaced(rule, "each", !rule.each.is_empty(), ROWS)?;
    misplaced(rule, "min_rows", rule.min_rows.is_some(), ROWS)?;
    without_values(rule, ROWS)
}

/// Keys that need a metric's value on some rows.
pub(super) fn without_values(rule: &RuleFile, with: &'static str) -> Result<(), PolicyError> {
    misplaced(rule, "gap", rule.gap.is_some(), with)?;
    misplaced(rule, "worst", !rule.worst.is_empty(), with)?;
    misplaced(rule, "against", rule.against.is_some(), with)?;
    misplaced(rule, "ratchet", rule.ratchet, with)
}

pub(super) fn only(rule: &RuleFile) -> Result<BTreeMap<String, Vec<Scalar>>, PolicyError> {
    let mut only = BTreeMap::new();
    for (column, values) in &rule.only {
        if values.is_empty() || column.is_empty() {
            return Err(empty(rule, &format!("where.{column}")));
        }
        let values: Result<Vec<_>, _> = values.iter().map(|value| scalar(rule, value)).collect();
        only.insert(column.clone(), values?);
    }
    Ok(only)
}

pub(super) fn scalar(rule: &RuleFile, value: &ScalarFile) -> Result<Scalar, PolicyError> {
    Ok(match value {
        ScalarFile::Bool(value) => Scalar::Bool(*value),
        ScalarFile::Int(value) => Scalar::Int((*value).into()),
        ScalarFile::Float(value) => Scalar::Float(number(rule, "where", *value, true, "a finite number")?),
        ScalarFile::Text(value) => Scalar::Text(value.clone()),
    })
}

pub(super) fn each(rule: &RuleFile) -> Result<Vec<String>, PolicyError> {
    columns(rule, "each", &rule.each)
}

/// Columns named under `key`, each once.
pub(super) fn columns(rule: &RuleFile, key: &'static str, named: &[String]) -> Result<Vec<String>, PolicyError> {
    let mut seen = BTreeSet::new();
    for column in named {
        if column.is_empty() {
            return Err(empty(rule, key));
        }
        if !seen.insert(column) {
            return Err(PolicyError::ColumnTwice { rule: rule.id.clone(), key, column: column.clone() });
        }
    }
    Ok(named.to_vec())
}
