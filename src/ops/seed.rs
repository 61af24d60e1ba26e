//! `seed`: from one number, an independent one for every part of a training run.

use std::collections::HashSet;

use super::UsageError;
use crate::measure::seed::derive;

/// The seeds of `names`, in their order.
///
/// # Errors
/// A name that is empty, or there twice: two parts of a run would not be independent.
pub fn seeds(root: u64, names: &[String]) -> Result<Vec<(String, u32)>, UsageError> {
    let mut seen = HashSet::new();
    let mut seeds = Vec::with_capacity(names.len());
    for name in names {
        let refused = |reason: &str| UsageError::Option { option: format!("NAME `{name}`"), reason: reason.to_owned() };
        if name.is_empty() || name.chars().any(char::is_control) {
            return Err(refused("a name is text without control characters"));
        }
        if !seen.insert(name) {
            return Err(refused("it is there twice, and would have the same seed twice"));
        }
        seeds.push((name.clone(), derive(root, name)));
    }
    Ok(seeds)
}
