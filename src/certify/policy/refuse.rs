//! What no key of a rule may say.

use super::{PolicyError, parameters};
use crate::format::policy::{LimitFile, RuleFile, Task};
use crate::measure::Metric;
use crate::nearest::nearest;

pub(super) const NOT_NEGATIVE: &str = "a finite number, 0 or more";

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

/// A limit that may not be set yet.
pub(super) fn limit_of(rule: &RuleFile, key: &'static str, limit: &LimitFile) -> Result<Option<f64>, PolicyError> {
    match limit {
        LimitFile::Number(value) => number(rule, key, *value, true, "a finite number or `unset`").map(Some),
        LimitFile::Word(word) if word == "unset" => Ok(None),
        LimitFile::Word(word) => {
            Err(PolicyError::Word { rule: rule.id.clone(), key, word: word.chars().take(80).collect() })
        }
    }
}

/// The error of what cannot be said about a metric.
pub(super) fn refused(rule: &RuleFile, metric: Metric, task: Task, problem: parameters::Problem) -> PolicyError {
    let rule = rule.id.clone();
    match problem {
        parameters::Problem::Unknown(key) => PolicyError::UnknownParameter {
            rule,
            metric: metric.name(),
            nearest: nearest(&key, parameters::names(metric, task)),
            known: parameters::names(metric, task).collect(),
            key,
        },
        parameters::Problem::Value { key, value, expected } => PolicyError::Parameter { rule, key, value, expected },
        parameters::Problem::Missing(key) => PolicyError::NoParameter { rule, metric: metric.name(), key },
    }
}
