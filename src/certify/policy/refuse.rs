//! What no key of a rule may say.

use super::PolicyError;
use crate::format::policy::RuleFile;

/// The rule's number under `key`, if it is finite and in range.
pub(super) fn number(
    rule: &RuleFile,
    key: &'static str,
    value: f64,
    sound: bool,
    expected: &'static str,
) -> Result<f64, PolicyError> {
    if value.is_finite() && sound {
        // Minus zero would be another record of the same rule, were it ever printed otherwise.
        return Ok(value + 0.0);
    }
    Err(PolicyError::Number { rule: rule.id.clone(), key, value, expected })
}

/// An error if a key that means nothing here is present.
pub(super) fn misplaced(
    rule: &RuleFile,
    key: &'static str,
    present: bool,
    with: &'static str,
) -> Result<(), PolicyError> {
    if present { Err(PolicyError::Misplaced { rule: rule.id.clone(), key, with }) } else { Ok(()) }
}

/// The error of a list or a text without anything in it.
pub(super) fn empty(rule: &RuleFile, key: &str) -> PolicyError {
    PolicyError::Empty { rule: rule.id.clone(), key: key.to_owned() }
}
