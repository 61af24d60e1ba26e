//! Rules on where a candidate comes from. What is lacking is counted; what nobody could look for is not known to be there.

use super::case::Case;
use super::counted;
use super::error::CertifyError;
use super::outcome::{blank, inconclusive};
use crate::format::certificate::ResultRecord;
use crate::format::policy::{Check, RuleRecord};

/// The rule's result.
pub(super) fn judge(rule: &RuleRecord, check: Check, case: &Case<'_>) -> Result<ResultRecord, CertifyError> {
    let result = blank(rule, None, None);
    let limit = counted::limit_of(rule, check.name())?;
    Ok(match case.provenance.get(&check) {
        None => inconclusive(result, "nobody looked"),
        Some(lacking) => counted::judge(limit, result, lacking),
    })
}
