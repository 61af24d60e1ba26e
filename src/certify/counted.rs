//! Rules on things that are counted one by one: fewer is better, and what nobody could look for is not known to be absent.

use super::case::Lacking;
use super::error::CertifyError;
use super::limit::{Limit, Measurement};
use super::outcome::inconclusive;
use super::wording::some;
use crate::format::certificate::{ResultRecord, Verdict};
use crate::format::policy::RuleRecord;

const COUNTED: &str = "counted";
/// Things named in a reason.
const SHOWN: usize = 3;

/// The ceiling or floor a rule asks for.
pub(super) fn limit_of(rule: &RuleRecord, measure: &str) -> Result<Limit, CertifyError> {
    Limit::of(&rule.demand).ok_or_else(|| CertifyError::Unsuitable {
        rule: rule.id.clone(),
        demand: "a comparison",
        measure: measure.to_owned(),
    })
}

/// How many there are, held against the rule's ceiling.
pub(super) fn judge(limit: Limit, result: ResultRecord, found: &Lacking) -> ResultRecord {
    match found {
        Err(reason) => inconclusive(result, reason),
        Ok(found) => {
            let n = found.len() as u64;
            number(limit, ResultRecord { n, ..result }, n, found)
        }
    }
}

/// A number of things of which the first are named, held against the rule's ceiling.
pub(super) fn number(limit: Limit, result: ResultRecord, count: u64, first: &[String]) -> ResultRecord {
    let judged = limit.judge(result, &Measurement::point(count as f64, COUNTED));
    if judged.verdict == Verdict::Fail && !first.is_empty() {
        let more = count.saturating_sub(first.len() as u64);
        let mut reason = some(first, SHOWN);
        if more > 0 && first.len() <= SHOWN {
            reason = format!("{reason} and {} more", super::wording::grouped(more));
        }
        return ResultRecord { reason: Some(reason), ..judged };
    }
    judged
}
