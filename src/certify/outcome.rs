//! One result on its way into the certificate.

use std::collections::BTreeMap;

use super::wording::{about, grouped, significant};
use crate::format::certificate::{ResultRecord, Verdict};
use crate::format::policy::{MeasureRecord, RuleRecord};
use crate::name::SetName;

/// A result without numbers yet.
pub(super) fn blank(rule: &RuleRecord, set: Option<&SetName>, slice: Option<String>) -> ResultRecord {
    ResultRecord {
        rule: rule.id.clone(),
        severity: rule.severity,
        verdict: Verdict::Inconclusive,
        metric: title(&rule.measure),
        set: set.cloned(),
        slice,
        n: 0,
        candidate: None,
        baseline: None,
        delta: None,
        lower: None,
        upper: None,
        margin: rule.demand.margin(),
        method: None,
        resamples: None,
        seed: None,
        rows_needed: None,
        sufficient: BTreeMap::new(),
        reason: None,
    }
}

/// Not decided, because of `reason`.
pub(super) fn inconclusive(blank: ResultRecord, reason: impl Into<String>) -> ResultRecord {
    ResultRecord { verdict: Verdict::Inconclusive, reason: Some(reason.into()), ..blank }
}

/// A comparison where there is nothing to compare with.
pub(super) fn not_applicable(blank: ResultRecord) -> ResultRecord {
    let reason = Some("a first release has no baseline".to_owned());
    ResultRecord { verdict: Verdict::NotApplicable, reason, ..blank }
}

/// The reason of a result that has its verdict: what was found, and what that means; none of a PASS.
pub(super) fn explained(result: ResultRecord, found: &str, failed: &str) -> ResultRecord {
    let reason = match (result.verdict, result.rows_needed) {
        (Verdict::Pass, _) => None,
        (Verdict::Fail, _) => Some(format!("{found}: {failed}")),
        (_, Some(rows)) => Some(format!("{found}; about {} rows would decide", about(rows))),
        (_, None) => Some(format!("{found}: the interval does not decide")),
    };
    ResultRecord { reason, ..result }
}

/// `, n 6,000`.
pub(super) fn n_rows(n: u64) -> String {
    format!(", n {}", grouped(n))
}

/// What is measured, for people.
fn title(measure: &MeasureRecord) -> String {
    match measure {
        MeasureRecord::Metric { metric, .. } => metric.clone(),
        MeasureRecord::Reported { name, .. } => name.clone(),
        MeasureRecord::Quantile { of, quantile } => {
            // 0.999 · 100 is not 99.9 in f64; ten decimals are more than anybody writes.
            let percent = format!("{:.10}", quantile * 100.0);
            format!("p{} of {of}", percent.trim_end_matches('0').trim_end_matches('.'))
        }
        MeasureRecord::Provenance { check } => check.name().to_owned(),
        MeasureRecord::Drift(record) => match record.above {
            None => format!("{} of {}", record.drift.name(), record.of),
            Some(above) => format!("share of {} with {} above {}", record.of, record.drift.name(), significant(above)),
        },
        MeasureRecord::Shift(record) => format!("{} shift", record.shift.name()),
        MeasureRecord::Data(record) => match record.columns.as_slice() {
            [] => format!("{} of {}", record.data.name(), record.of),
            columns => format!("{} of {}.{}", record.data.name(), record.of, columns.join("+")),
        },
        MeasureRecord::Leakage(record) => format!("{} in {}", record.leakage, record.of),
        MeasureRecord::Surrounding(record) => record.environment.name().to_owned(),
        MeasureRecord::Report(record) => format!("{} in {}", record.count.name(), record.report),
    }
}
