//! Rules on a number that a program of the user's makes of each model. What it made is judged like a reported number: one on the
//! point, a list with an interval.

use super::case::Case;
use super::error::CertifyError;
use super::outcome::{blank, inconclusive};
use super::reported_rule::{Numbers, weigh};
use crate::evidence::Defect;
use crate::format::certificate::ResultRecord;
use crate::format::measurement::{Role, ValuesRecord};
use crate::format::policy::{Direction, MeasureRecord, RuleRecord};
use crate::name::SetName;

/// The rule's result.
pub(super) fn judge(
    rule: &RuleRecord,
    name: &str,
    better: Direction,
    case: &Case<'_>,
) -> Result<ResultRecord, CertifyError> {
    let result = blank(rule, None, None);
    let resting_on = predictions_of(rule, case);
    if let Some(result) = case.unfit(rule, resting_on.map_or("", SetName::as_str), &result) {
        return Ok(result);
    }
    if rule.is_comparison()
        && let Some(Err(defect @ Defect::Replaced { .. })) = resting_on.and_then(|set| case.sets.get(set))
    {
        return Ok(inconclusive(result, defect.to_string()));
    }
    let made = case.measurement.and_then(|measurement| measurement.commands.get(&rule.id));
    let of = |role: Role| match made.and_then(|made| made.get(&role)) {
        None => Err(format!("`{name}` of the {} was not computed", role.name())),
        Some(made) => numbers(made).map_err(|why| format!("`{name}` of the {}: {why}", role.name())),
    };
    let candidate = match of(Role::Candidate) {
        Ok(candidate) => candidate,
        Err(reason) => return Ok(inconclusive(result, reason)),
    };
    let result = weigh(rule, result, better, &candidate, of(Role::Baseline), case.policy.confidence)?;
    let method = result.method.map(|method| method.replacen("reported", "computed by a command", 1));
    Ok(ResultRecord { method, ..result })
}

/// The set that the command is handed, if it asks for one.
fn predictions_of<'a>(rule: &'a RuleRecord, case: &Case<'a>) -> Option<&'a SetName> {
    let MeasureRecord::Command { command, set, .. } = &rule.measure else { return None };
    set.as_ref().or(case.unnamed_set).filter(|_| command.contains("{predictions}"))
}

fn numbers(made: &ValuesRecord) -> Result<Numbers, String> {
    match (&made.failed, made.values.as_slice()) {
        (Some(why), _) => Err(why.clone()),
        (None, values) if !values.iter().all(|value| value.is_finite()) => Err("it is no finite number".to_owned()),
        (None, []) => Err("it is an empty list".to_owned()),
        (None, [only]) => Ok(Numbers::Single(*only)),
        (None, several) => Ok(Numbers::List(several.to_vec())),
    }
}
