//! Rules on what this program sees while it runs a model, or a command on it.

use super::PolicyError;
use super::refuse::{empty, misplaced, number};
use super::rows::{without_rows, without_values};
use crate::format::policy::{CommandFile, MeasureRecord, MeasuredFile, ParityFile, Quantity, RuleFile};
use crate::nearest::nearest;

/// How far two numbers may be apart unless said.
const TOLERANCE: f64 = 1e-6;
/// Seconds a command may run unless said.
const TIMEOUT: u64 = 600;
const ROWS: &str = "a metric computed from rows";

/// `{ measured = "latency" }`.
pub(super) fn quantity(rule: &RuleFile, file: &MeasuredFile) -> Result<MeasureRecord, PolicyError> {
    without_rows(rule)?;
    let Some(quantity) = Quantity::ALL.into_iter().find(|quantity| quantity.name() == file.measured) else {
        return Err(PolicyError::UnknownQuantity {
            rule: rule.id.clone(),
            quantity: file.measured.chars().take(80).collect(),
            nearest: nearest(&file.measured, Quantity::ALL.iter().map(|quantity| quantity.name())),
        });
    };
    let is_latency = quantity == Quantity::Latency;
    misplaced(rule, "quantile", file.quantile.is_some() && !is_latency, "`measured = \"latency\"`")?;
    let quantile = file.quantile.unwrap_or(0.5);
    let quantile = number(rule, "quantile", quantile, quantile > 0.0 && quantile < 1.0, "above 0 and below 1")?;
    Ok(MeasureRecord::Measured { quantity, quantile: is_latency.then_some(quantile) })
}

/// `{ parity = "test" }`.
pub(super) fn parity(rule: &RuleFile, file: &ParityFile) -> Result<MeasureRecord, PolicyError> {
    without_rows(rule)?;
    let tolerance = file.tolerance.unwrap_or(TOLERANCE);
    let tolerance = number(rule, "tolerance", tolerance, tolerance >= 0.0, "a finite number, 0 or more")?;
    Ok(MeasureRecord::Parity { set: file.parity.clone(), tolerance })
}

/// `{ command = "…", better = "higher" }`.
pub(super) fn command(rule: &RuleFile, file: &CommandFile) -> Result<MeasureRecord, PolicyError> {
    misplaced(rule, "threshold", rule.threshold.is_some(), ROWS)?;
    misplaced(rule, "where", !rule.only.is_empty(), ROWS)?;
    misplaced(rule, "each", !rule.each.is_empty(), ROWS)?;
    misplaced(rule, "min_rows", rule.min_rows.is_some(), ROWS)?;
    without_values(rule, ROWS)?;
    let of_rows = file.command.contains("{predictions}");
    misplaced(rule, "set", rule.set.is_some() && !of_rows, "a command that is handed `{predictions}`")?;
    if file.command.trim().is_empty() {
        return Err(empty(rule, "command"));
    }
    let timeout = file.timeout.unwrap_or(TIMEOUT);
    number(rule, "timeout", timeout as f64, timeout > 0, "at least 1")?;
    Ok(MeasureRecord::Command {
        command: file.command.clone(),
        name: file.name.clone().unwrap_or_else(|| rule.id.clone()),
        better: file.better,
        set: rule.set.clone(),
        timeout,
    })
}
