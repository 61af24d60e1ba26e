//! Every rule in its order, and what they say together.

use std::collections::HashSet;

use rayon::prelude::*;

use super::case::Case;
use super::error::CertifyError;
use super::metric_rule::MetricRule;
use super::outcome::{blank, inconclusive, title};
use super::policy;
use super::rows::predicted;
use super::wording::{grouped, significant};
use super::{
    command_rule, data_rule, distributions, drift_rule, flips_rule, holdout, parity_rule, provenance_rule,
    quantile_rule, regression_cases, report_rule, reported_rule, runs_rule, shift_rule, surrounding_rule, waivers,
};
use crate::evidence::JoinedRows;
use crate::format::certificate::{
    BaselineRecord, CertificateRecord, FORMAT, JoinRecord, ResultRecord, StatementRecord, ToolRecord, Verdict,
};
use crate::format::policy::{MeasureRecord, Origin, PolicyRecord, RuleRecord, Severity, ShiftRecord};
use crate::name::SetName;

/// Rules that are judged at the same time: each holds columns of its own, whose rows may be millions.
const AT_ONCE: usize = 2;
/// Raised whenever the same evidence would give other numbers.
pub const STATISTICS: u32 = 4;
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
    remarks.extend(case.sets.values().flatten().filter_map(uncovered));
    runs_rule::remark(case, &mut remarks);
    let replaced = case.history.replaced.iter();
    remarks.extend(replaced.map(|one| format!("`{}` of the {}: {}", one.set, one.role, one.how())));
    let on_rows = holdout::policy_on_rows(case.policy);
    let on_rows = Case { policy: &on_rows, ..case.clone() };
    for rules in case.policy.rules.chunks(AT_ONCE) {
        let judged = |rule: &RuleRecord| {
            let mut remarks = Vec::new();
            let case = if holdout::pays(rule) { &on_rows } else { case };
            (judge(rule, case, &mut remarks), remarks)
        };
        let judged: Vec<_> = rules.par_iter().map(judged).collect();
        for (judged, said) in judged {
            results.extend(judged?);
            remarks.extend(said);
        }
    }
    results.extend(regression_cases::judge(case));
    let holdout = holdout::count(case, &mut results, &mut remarks);
    let waivers = waivers::apply(case, &mut results);
    remarks.extend(case.history.remarks.iter().cloned());
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
        policy_file_kept: case.policy_file_kept,
        evidence,
        joins: joins(case),
        rows: case.sets.values().flatten().map(|joined| (joined.set.clone(), joined.digest)).collect(),
        distributions: distributions::of(case),
        tool: ToolRecord { name: TOOL.to_owned(), version: case.tool_version.to_owned(), statistics: STATISTICS },
        results,
        remarks,
        holdout,
        cases: regression_cases::judged(case)?,
        replaced: case.history.replaced.clone(),
        waivers,
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
    if let Some(reason) = only_reported(rule, case) {
        return Ok(vec![inconclusive(blank(rule, None, None), reason)]);
    }
    match &rule.measure {
        MeasureRecord::Metric { metric, over, .. } => {
            MetricRule { rule, metric, over: over.as_ref() }.judge(case, remarks)
        }
        MeasureRecord::Flips { flips, .. } => flips_rule::judge(rule, *flips, case, remarks),
        MeasureRecord::MustNotFlip { keys, .. } => Ok(vec![flips_rule::must_not(rule, keys, case)?]),
        MeasureRecord::Reported { name, better } => Ok(vec![reported_rule::judge(rule, name, *better, case)?]),
        MeasureRecord::Quantile { of, quantile } => Ok(vec![quantile_rule::judge(rule, of, *quantile, case)?]),
        MeasureRecord::Provenance { check } => Ok(vec![provenance_rule::judge(rule, *check, case)?]),
        MeasureRecord::Measured { quantity, quantile } => Ok(vec![runs_rule::judge(rule, *quantity, *quantile, case)?]),
        MeasureRecord::Parity { set, tolerance } => Ok(vec![parity_rule::judge(rule, set, *tolerance, case)?]),
        MeasureRecord::Command { name, better, .. } => Ok(vec![command_rule::judge(rule, name, *better, case)?]),
        MeasureRecord::Drift(record) => Ok(vec![drift_rule::judge(rule, record, case)?]),
        MeasureRecord::Shift(record) => Ok(vec![shift_rule::judge(rule, record, case)?]),
        MeasureRecord::Data(record) => Ok(vec![data_rule::judge(rule, record, case, remarks)?]),
        MeasureRecord::Leakage(record) => Ok(vec![data_rule::leakage(rule, record, case, remarks)?]),
        MeasureRecord::Surrounding(record) => Ok(vec![surrounding_rule::judge(rule, record, case, remarks)?]),
        MeasureRecord::Report(record) => Ok(vec![report_rule::judge(rule, record, case)?]),
    }
}

/// Why a rule that insists on measured evidence cannot be judged by what there is.
fn only_reported(rule: &RuleRecord, case: &Case<'_>) -> Option<String> {
    if rule.evidence != Some(Origin::Measured) {
        return None;
    }
    let reported = |set: &Option<SetName>| {
        let set = set.as_ref().or(case.unnamed_set)?;
        let measured = case.measurement.and_then(|measurement| measurement.set.as_ref());
        (measured != Some(set)).then(|| format!("the predictions `{set}` were only reported"))
    };
    let what = match &rule.measure {
        MeasureRecord::Metric { set, .. }
        | MeasureRecord::Flips { set, .. }
        | MeasureRecord::MustNotFlip { set, .. }
        | MeasureRecord::Shift(ShiftRecord { set, .. }) => reported(set)?,
        MeasureRecord::Command { set, command, .. } if command.contains("{predictions}") => reported(set)?,
        MeasureRecord::Reported { name, .. } => format!("`{name}` was only reported"),
        MeasureRecord::Quantile { of, .. } => format!("the samples `{of}` were only reported"),
        // This program runs the model itself, or looks at its files.
        MeasureRecord::Command { .. } | MeasureRecord::Measured { .. } | MeasureRecord::Parity { .. } => return None,
        MeasureRecord::Provenance { .. }
        | MeasureRecord::Drift(_)
        | MeasureRecord::Data(_)
        | MeasureRecord::Leakage(_)
        | MeasureRecord::Surrounding(_)
        | MeasureRecord::Report(_) => format!("no run of a model says anything of `{}`", title(&rule.measure)),
    };
    Some(format!("{what}, and the rule insists on what is measured"))
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
    // Where a model comes from, and that it runs, say nothing about how good it is.
    let of_quality = |rule: &RuleRecord| rule.measure.is_of_quality();
    let absolute =
        |id: &str| policy.rules.iter().any(|rule| rule.id == id && !rule.is_comparison() && of_quality(rule));
    let passed = results
        .iter()
        .any(|result| result.severity == Severity::Block && result.verdict == Verdict::Pass && absolute(&result.rule));
    let remark = "a first release needs a blocking rule with a floor or a ceiling, and that rule to pass";
    (!passed).then(|| remark.to_owned())
}

/// Whether the candidate's predictions tell whose they are. Two models may agree on every class; on the digits of many different
/// numbers they do not.
pub fn is_telling(joined: &JoinedRows) -> bool {
    /// So many different numbers are no classes.
    const SEVERAL: usize = 10;
    let numbers = [&joined.candidate.scores, &joined.candidate.values].into_iter().flatten();
    let mut numbers = numbers.chain(joined.candidate.probabilities.iter().flatten());
    numbers.any(|numbers| {
        let mut seen = HashSet::new();
        numbers.iter().any(|number| seen.insert(number.to_bits()) && seen.len() > SEVERAL)
    })
}

/// Whether the candidate says of every row what the baseline says.
pub fn says_the_same(joined: &JoinedRows) -> bool {
    let ours = predicted(&joined.candidate);
    let theirs = joined.baseline.as_ref().map(predicted);
    !joined.keys.is_empty() && !ours.is_nothing() && theirs.is_some_and(|theirs| ours.same_as(&theirs))
}

/// Somebody may have certified the baseline against itself.
fn equal_predictions(case: &Case<'_>, remarks: &mut Vec<String>) {
    for (set, joined) in case.sets {
        let Ok(joined) = joined else { continue };
        if says_the_same(joined) {
            remarks.push(format!("the candidate's predictions in `{set}` equal the baseline's"));
        }
    }
}

/// Rows that are in one model's predictions only: the policy allows them, and nobody judges them.
fn uncovered(joined: &JoinedRows) -> Option<String> {
    let (ours, theirs) = (joined.only_candidate, joined.only_baseline);
    let matched = joined.keys.len() as u64;
    let larger = matched + ours.max(theirs);
    (ours + theirs > 0).then(|| {
        format!(
            "{} of {} rows of `{}` are in both models' predictions ({} %); {} only in the candidate's and {} only in the baseline's are \
             judged by no rule",
            grouped(matched),
            grouped(larger),
            joined.set,
            significant(matched as f64 / larger as f64 * 100.0),
            grouped(ours),
            grouped(theirs),
        )
    })
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
