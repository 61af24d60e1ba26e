//! Every rule in its order, and what they say together.

use super::case::Case;
use super::error::CertifyError;
use super::metric_rule::MetricRule;
use super::policy;
use super::rows::predicted;
use super::{
    data_rule, distributions, drift_rule, provenance_rule, quantile_rule, report_rule, reported_rule, shift_rule,
    surrounding_rule,
};
use crate::format::certificate::{
    BaselineRecord, CertificateRecord, FORMAT, JoinRecord, ResultRecord, StatementRecord, ToolRecord, Verdict,
};
use crate::format::policy::{DemandRecord, MeasureRecord, PolicyRecord, RuleRecord, Severity};

/// Raised whenever the same evidence would give other numbers.
pub const STATISTICS: u32 = 1;
const TOOL: &str = "mlrun";

/// Judges a case.
///
/// # Errors
/// The policy asks for a set, a column, a value or a metric that does not exist. Nothing may be written then. Whatever is
/// wrong with the evidence is an inconclusive result instead.
pub fn certify(case: &Case<'_>) -> Result<StatementRecord, CertifyError> {
    let (_, policy_sha256) = policy::digest(case.policy)?;
    let mut results = Vec::new();
    let mut remarks = Vec::new();
    equal_predictions(case, &mut remarks);
    for rule in &case.policy.rules {
        results.extend(judge(rule, case, &mut remarks)?);
    }
    let mut verdict = overall(&results);
    if let Some(remark) = without_baseline(case.policy, &case.baseline, &results) {
        remarks.push(remark);
        // A failure stays one.
        verdict = verdict.min(Verdict::Inconclusive);
    }
    let mut evidence = case.evidence.clone();
    evidence.sort_by_cached_key(|file| (file.kind.clone(), file.set.clone(), file.role.clone(), file.sha256));
    Ok(StatementRecord::new(CertificateRecord {
        format: FORMAT.to_owned(),
        verdict,
        model: case.model.clone(),
        candidate: case.candidate,
        baseline: case.baseline.clone(),
        policy: case.policy.clone(),
        policy_sha256,
        policy_file_sha256: case.policy_file_sha256,
        evidence,
        joins: joins(case),
        rows: case.sets.values().flatten().map(|joined| (joined.set.clone(), joined.digest)).collect(),
        distributions: distributions::of(case),
        tool: ToolRecord { name: TOOL.to_owned(), version: case.tool_version.to_owned(), statistics: STATISTICS },
        results,
        remarks,
    }))
}

/// What the results say together: the worst of those that block. Nothing to judge by is inconclusive.
pub fn overall(results: &[ResultRecord]) -> Verdict {
    results
        .iter()
        .filter(|result| result.severity == Severity::Block)
        .map(|result| result.verdict)
        .filter(|verdict| *verdict != Verdict::NotApplicable)
        .min()
        .unwrap_or(Verdict::Inconclusive)
}

fn judge(rule: &RuleRecord, case: &Case<'_>, remarks: &mut Vec<String>) -> Result<Vec<ResultRecord>, CertifyError> {
    match &rule.measure {
        MeasureRecord::Metric { metric, set, threshold, only, each, min_rows } => {
            if matches!(rule.demand, DemandRecord::MaxDrop { .. } | DemandRecord::MaxRatio { .. }) {
                let demand = "a comparison without rows";
                return Err(CertifyError::Unsuitable { rule: rule.id.clone(), demand, measure: metric.clone() });
            }
            let set = set.as_ref();
            MetricRule { rule, metric, set, threshold: *threshold, only, each, min_rows: *min_rows }
                .judge(case, remarks)
        }
        MeasureRecord::Reported { name, better } => Ok(vec![reported_rule::judge(rule, name, *better, case)?]),
        MeasureRecord::Quantile { of, quantile } => Ok(vec![quantile_rule::judge(rule, of, *quantile, case)?]),
        MeasureRecord::Provenance { check } => Ok(vec![provenance_rule::judge(rule, *check, case)?]),
        MeasureRecord::Drift(record) => Ok(vec![drift_rule::judge(rule, record, case)?]),
        MeasureRecord::Shift(record) => Ok(vec![shift_rule::judge(rule, record, case)?]),
        MeasureRecord::Data(record) => Ok(vec![data_rule::judge(rule, record, case, remarks)?]),
        MeasureRecord::Leakage(record) => Ok(vec![data_rule::leakage(rule, record, case)?]),
        MeasureRecord::Surrounding(record) => Ok(vec![surrounding_rule::judge(rule, record, case, remarks)?]),
        MeasureRecord::Report(record) => Ok(vec![report_rule::judge(rule, record, case)?]),
    }
}

/// Why nothing can be said for lack of a baseline, whatever the rules say.
pub(super) fn without_baseline(
    policy: &PolicyRecord,
    baseline: &BaselineRecord,
    results: &[ResultRecord],
) -> Option<String> {
    if baseline.snapshot.is_some() {
        return None;
    }
    if baseline.first_release.is_none() {
        return Some(format!("stage `{}` is empty, and this was not declared a first release", baseline.stage));
    }
    // Where a model comes from says nothing about how good it is.
    let of_quality = |rule: &RuleRecord| rule.measure.is_of_quality();
    let absolute =
        |id: &str| policy.rules.iter().any(|rule| rule.id == id && !rule.demand.is_comparison() && of_quality(rule));
    let passed = results
        .iter()
        .any(|result| result.severity == Severity::Block && result.verdict == Verdict::Pass && absolute(&result.rule));
    let remark = "a first release needs a blocking rule with a floor or a ceiling, and that rule to pass";
    (!passed).then(|| remark.to_owned())
}

/// Somebody may have certified the baseline against itself.
fn equal_predictions(case: &Case<'_>, remarks: &mut Vec<String>) {
    for (set, joined) in case.sets {
        let Ok(joined) = joined else { continue };
        let Some(baseline) = &joined.baseline else { continue };
        let (ours, theirs) = (predicted(&joined.candidate), predicted(baseline));
        if !joined.keys.is_empty() && !ours.is_nothing() && ours.same_as(&theirs) {
            remarks.push(format!("the candidate's predictions in `{set}` equal the baseline's"));
        }
    }
}

fn joins(case: &Case<'_>) -> Vec<JoinRecord> {
    case.sets
        .values()
        .flatten()
        .filter(|joined| joined.baseline.is_some())
        .map(|joined| JoinRecord {
            set: joined.set.clone(),
            matched: joined.keys.len() as u64,
            only_candidate: joined.only_candidate,
            only_baseline: joined.only_baseline,
        })
        .collect()
}
