//! Rules on where a candidate comes from. What is lacking is counted; what nobody could look for is not known to be there.

use super::case::Case;
use super::error::CertifyError;
use super::limit::{Limit, Measurement};
use super::outcome::{blank, inconclusive};
use super::wording::some;
use crate::format::certificate::{ResultRecord, Verdict};
use crate::format::policy::{Check, RuleRecord};

const COUNTED: &str = "counted";
/// Things named in a reason.
const SHOWN: usize = 3;

/// The rule's result.
pub(super) fn judge(rule: &RuleRecord, check: Check, case: &Case<'_>) -> Result<ResultRecord, CertifyError> {
    let result = blank(rule, None, None);
    let Some(limit) = Limit::of(&rule.demand) else {
        let (demand, measure) = ("a comparison", check.name().to_owned());
        return Err(CertifyError::Unsuitable { rule: rule.id.clone(), demand, measure });
    };
    let lacking = match case.provenance.get(&check) {
        None => return Ok(inconclusive(result, "nobody looked")),
        Some(Err(reason)) => return Ok(inconclusive(result, reason)),
        Some(Ok(lacking)) => lacking,
    };
    let n = lacking.len() as u64;
    let judged = limit.judge(ResultRecord { n, ..result }, &Measurement::point(n as f64, COUNTED));
    if judged.verdict == Verdict::Fail {
        return Ok(ResultRecord { reason: Some(some(lacking, SHOWN)), ..judged });
    }
    Ok(judged)
}
