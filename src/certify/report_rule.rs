//! Rules on what another tool found: Great Expectations, Soda, pandera.

use super::case::Case;
use super::counted;
use super::error::CertifyError;
use super::outcome::{blank, inconclusive};
use super::wording::some;
use crate::format::certificate::{ResultRecord, Verdict};
use crate::format::policy::{ReportRuleRecord, Reported, RuleRecord};
use crate::format::reports::{Outcome, Report};
use crate::name::SetName;
use crate::nearest::nearest;

/// Checks named in a reason.
const SHOWN: usize = 3;

/// Whether something was not checked, of a report in which too little failed.
pub(super) const OPEN: &str = "open";

/// The rule's result.
pub(super) fn judge(
    rule: &RuleRecord,
    record: &ReportRuleRecord,
    case: &Case<'_>,
) -> Result<ResultRecord, CertifyError> {
    let result = blank(rule, None, None);
    let limit = counted::limit_of(rule, record.count.name())?;
    let known = &case.facts.report_names;
    if !known.is_empty() && !known.contains(&record.report) {
        return Err(CertifyError::UnknownSet {
            rule: rule.id.clone(),
            kind: "report",
            set: record.report.clone(),
            known: known.clone(),
            nearest: nearest(record.report.as_str(), known.iter().map(SetName::as_str)),
        });
    }
    if let Some(result) = case.unfit(rule, &format!("reports.{}", record.report), &result) {
        return Ok(result);
    }
    let report = match case.facts.reports.get(&record.report) {
        None => return Ok(inconclusive(result, format!("the candidate has no report `{}`", record.report))),
        Some(Err(reason)) => return Ok(inconclusive(result, reason)),
        Some(Ok(report)) => report,
    };
    let counts = |outcome| outcome == Outcome::Failed || record.count == Reported::Warned && outcome == Outcome::Warned;
    let failed: Vec<String> = report.checks.iter().filter(|c| counts(c.outcome)).map(|c| c.name.clone()).collect();
    let judged = counted::judge(limit, result, &Ok(failed));
    let judged = ResultRecord { n: report.checks.len() as u64, method: Some(report.tool.clone()), ..judged };
    // What was not checked can only add to what failed.
    if judged.verdict != Verdict::Pass {
        return Ok(judged);
    }
    let open = open(report, record);
    let mut judged = judged;
    judged.sufficient.insert(OPEN.to_owned(), if open.is_some() { 1.0 } else { 0.0 });
    Ok(match open {
        Some(reason) => inconclusive(judged, reason),
        None => judged,
    })
}

/// What is not known: checks that were not made, or are not there.
fn open(report: &Report, record: &ReportRuleRecord) -> Option<String> {
    if let Some(error) = report.errors.first() {
        return Some(format!("{} could not check everything: {error}", report.tool));
    }
    let not_made = report.checks.iter().filter(|check| check.outcome == Outcome::NotEvaluated);
    let not_made: Vec<String> = not_made.map(|check| check.name.clone()).collect();
    if !not_made.is_empty() {
        return Some(format!("not evaluated: {}", some(&not_made, SHOWN)));
    }
    if report.checks.is_empty() && report.is_complete {
        return Some(format!("the report of {} lists no checks", report.tool));
    }
    let is_there = |name: &&String| !report.checks.iter().any(|check| names(&check.name, name));
    let missing: Vec<String> = record.require.iter().filter(is_there).map(|name| format!("`{name}`")).collect();
    match (missing.is_empty(), report.is_complete) {
        (true, _) => None,
        (false, true) => Some(format!("the report has no check {}", some(&missing, SHOWN))),
        (false, false) => Some(format!(
            "{} lists what failed only, so nothing shows that {} was checked",
            report.tool,
            some(&missing, SHOWN)
        )),
    }
}

/// A check is named in full, or without what stands in its brackets.
fn names(check: &str, name: &str) -> bool {
    check == name || check.strip_prefix(name).is_some_and(|rest| rest.starts_with('('))
}
