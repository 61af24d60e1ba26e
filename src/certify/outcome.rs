//! One result on its way into the certificate.

use std::collections::BTreeMap;

use super::decision::Level;
use super::wording::{about, grouped, significant};
use crate::format::certificate::{ResultRecord, Verdict};
use crate::format::policy::{MeasureRecord, Over, RuleRecord, Severity};
use crate::format::scalar::Scalar;
use crate::name::SetName;

/// A result without numbers yet.
pub(super) fn blank(rule: &RuleRecord, set: Option<&SetName>, slice: Option<String>) -> ResultRecord {
    let margin = rule.demand.margin();
    ResultRecord { margin, slice, ..empty(&rule.id, rule.severity, title(&rule.measure), set) }
}

/// A result without numbers yet, of a rule that may be in no file.
pub(super) fn empty(rule: &str, severity: Severity, metric: String, set: Option<&SetName>) -> ResultRecord {
    ResultRecord {
        rule: rule.to_owned(),
        severity,
        verdict: Verdict::Inconclusive,
        metric,
        set: set.cloned(),
        slice: None,
        n: 0,
        candidate: None,
        baseline: None,
        delta: None,
        lower: None,
        upper: None,
        margin: None,
        method: None,
        resamples: None,
        seed: None,
        rows_needed: None,
        sufficient: BTreeMap::new(),
        parts: Vec::new(),
        reason: None,
        waived: None,
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

/// How many rows, or whatever was counted, would decide if the value stays what it is and its bounds come nearer with the root of
/// their number. None where no more than there are would be needed, or where the value lies on the limit.
pub(super) fn needed_by_width(n: u64, found: Level, limit: f64) -> Option<u64> {
    let distance = (found.value - limit).abs();
    let half = if found.value < limit { found.upper - found.value } else { found.value - found.lower };
    let needed = n as f64 * (half / distance).powi(2);
    (needed > n as f64 && needed < MOST_NEEDED).then(|| needed.ceil() as u64)
}

/// Nobody will ever have so many.
const MOST_NEEDED: f64 = 1e15;

/// The reason of a result that has its verdict: what was found, and what that means; none of a PASS.
pub(super) fn explained(result: ResultRecord, found: &str, failed: &str) -> ResultRecord {
    explained_in("rows", result, found, failed)
}

/// The same of what is no rows.
pub(super) fn explained_in(units: &str, result: ResultRecord, found: &str, failed: &str) -> ResultRecord {
    let reason = match (result.verdict, result.rows_needed) {
        (Verdict::Pass, _) => None,
        (Verdict::Fail, _) => Some(format!("{found}: {failed}")),
        (_, Some(rows)) => Some(format!("{found}; about {} {units} would decide", about(rows))),
        (_, None) => Some(format!("{found}: the interval does not decide")),
    };
    ResultRecord { reason, ..result }
}

/// `, n 6,000`.
pub(super) fn n_rows(n: u64) -> String {
    format!(", n {}", grouped(n))
}

/// What is measured, for people.
pub(super) fn title(measure: &MeasureRecord) -> String {
    match measure {
        MeasureRecord::Metric { metric, parameters, columns, over, .. } => {
            let metric = metric_title(metric, parameters, columns);
            match over {
                Some(Over::Gap { .. }) => format!("gap of {metric}"),
                Some(Over::Odds { .. }) => "equalized odds difference".to_owned(),
                Some(Over::Worst { .. }) => format!("worst {metric}"),
                None => metric,
            }
        }
        MeasureRecord::Flips { flips, .. } => flips.name().to_owned(),
        MeasureRecord::MustNotFlip { .. } => "must_not_flip".to_owned(),
        MeasureRecord::Reported { name, .. } => name.clone(),
        MeasureRecord::Quantile { of, quantile } => format!("{} of {of}", percentile(*quantile)),
        MeasureRecord::Measured { quantity, quantile: Some(quantile) } => {
            format!("{} of measured {}", percentile(*quantile), quantity.name())
        }
        MeasureRecord::Measured { quantity, quantile: None } => format!("measured {}", quantity.name()),
        MeasureRecord::Parity { set, .. } => format!("parity of {set}"),
        MeasureRecord::Command { name, .. } => name.clone(),
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

/// `fbeta (beta 2)`, `mean of profit`, `cost / visits`, `p95 of abs_error`.
pub(super) fn metric_title(metric: &str, parameters: &BTreeMap<String, Scalar>, columns: &[String]) -> String {
    match (columns, parameters.get("quantile").and_then(Scalar::finite)) {
        ([over, under], _) => format!("{over} / {under}"),
        ([column], Some(quantile)) => format!("{} of {column}", percentile(quantile)),
        ([column], None) => format!("{metric} of {column}"),
        _ if parameters.is_empty() => metric.to_owned(),
        _ => {
            let words: Vec<String> = parameters.iter().map(|(key, value)| format!("{key} {value}")).collect();
            format!("{metric} ({})", words.join(", "))
        }
    }
}

fn percentile(quantile: f64) -> String {
    // 0.999 · 100 is not 99.9 in f64; ten decimals are more than anybody writes.
    let percent = format!("{:.10}", quantile * 100.0);
    format!("p{}", percent.trim_end_matches('0').trim_end_matches('.'))
}
