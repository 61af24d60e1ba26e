//! Rules on several slices at once: how far apart they are, and the worst of them.

use super::PolicyError;
use super::measure::columns;
use super::refuse::{empty, misplaced};
use crate::format::policy::{Over, RuleFile};

pub(super) fn resolve(rule: &RuleFile) -> Result<Option<Over>, PolicyError> {
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
