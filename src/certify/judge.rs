//! Every rule in its order, and what they say together.

use rayon::prelude::*;

use super::case::Case;
use super::error::CertifyError;
use super::metric_rule::MetricRule;
use super::policy;
use super::rows::predicted;
use super::{flips_rule, provenance_rule, quantile_rule, reported_rule};
use crate::format::certificate::{
    CertificateRecord, FORMAT, JoinRecord, ResultRecord, StatementRecord, ToolRecord, Verdict,
};
use crate::format::policy::{MeasureRecord, RuleRecord, Severity};

/// Rules that are judged at the same time: each holds columns of its own, whose rows may be millions.
const AT_ONCE: usize = 2;
/// Raised whenever the same evidence would give other numbers.
const STATISTICS: u32 = 2;
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
    for rules in case.policy.rules.chunks(AT_ONCE) {
        let judged = |rule| {
            let mut remarks = Vec::new();
            (judge(rule, case, &mut remarks), remarks)
        };
        let judged: Vec<_> = rules.par_iter().map(judged).collect();
        for (judged, said) in judged {
            results.extend(judged?);
            remarks.extend(said);
        }
    }
    let mut verdict = overall(&results);
    if let Some(remark) = without_baseline(case, &results) {
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
        MeasureRecord::Metric { metric, over, .. } => {
            MetricRule { rule, metric, over: over.as_ref() }.judge(case, remarks)
        }
        MeasureRecord::Flips { flips, threshold, .. } => flips_rule::judge(rule, *flips, *threshold, case, remarks),
        MeasureRecord::MustNotFlip { keys, threshold, .. } => {
            Ok(vec![flips_rule::must_not(rule, keys, *threshold, case)?])
        }
        MeasureRecord::Reported { name, better } => Ok(vec![reported_rule::judge(rule, name, *better, case)?]),
        MeasureRecord::Quantile { of, quantile } => Ok(vec![quantile_rule::judge(rule, of, *quantile, case)?]),
        MeasureRecord::Provenance { check } => Ok(vec![provenance_rule::judge(rule, *check, case)?]),
    }
}

/// Why nothing can be said for lack of a baseline, whatever the rules say.
fn without_baseline(case: &Case<'_>, results: &[ResultRecord]) -> Option<String> {
    if case.baseline.snapshot.is_some() {
        return None;
    }
    if !case.is_first_release() {
        return Some(format!("stage `{}` is empty, and this was not declared a first release", case.baseline.stage));
    }
    // Where a model comes from says nothing about how good it is.
    let of_quality = |rule: &RuleRecord| !matches!(rule.measure, MeasureRecord::Provenance { .. });
    let absolute =
        |id: &str| case.policy.rules.iter().any(|rule| rule.id == id && !rule.is_comparison() && of_quality(rule));
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
