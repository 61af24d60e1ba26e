//! Regression cases: rows that failed in production once, and that every later candidate must be right about. An implicit rule that
//! blocks, with one result for each set.
//!
//! A candidate is right about a row if the class it predicts is the row's, at the case's threshold or else the one that the rules on
//! this set share (0.5 where there is none); a number if its error is at most the case's tolerance; an answer in words if it is the
//! reference, contains it, or ends in the same number, as the case says. What cannot be told is not right.

use std::collections::BTreeSet;

use super::case::{Case, CaseRows};
use super::outcome::{empty, inconclusive};
use super::wording::{grouped, some};
use super::{CASES, CertifyError, UNKNOWN, WRONG};
use crate::evidence::{JoinedRows, TruthColumn};
use crate::format::cases::{self, Match, NumberedCaseRecord};
use crate::format::certificate::{CasesJudgedRecord, ResultRecord, Verdict};
use crate::format::policy::{MeasureRecord, Severity, Task};
use crate::format::scalar::Scalar;
use crate::measure::{self, Metric, MetricSpec, Parameters, Predicted, Truth};
use crate::name::SetName;

/// Cases named in a reason.
const SHOWN: usize = 20;
/// Of what a person wrote, so much is shown.
const REASON: usize = 160;

/// How a candidate does in one row.
enum Outcome {
    Right,
    /// What it said, beside what is right.
    Wrong(String),
    /// Why nobody can tell.
    Unknown(String),
}

/// One result for each set that has cases.
pub(super) fn judge(case: &Case<'_>) -> Vec<ResultRecord> {
    let sets: BTreeSet<&SetName> = case.history.cases.iter().map(|one| &one.set).collect();
    sets.into_iter().map(|set| in_set(case, set)).collect()
}

/// What the certificate says of the cases in force.
pub(super) fn judged(case: &Case<'_>) -> Result<Option<CasesJudgedRecord>, CertifyError> {
    let all = &case.history.cases;
    if all.is_empty() {
        return Ok(None);
    }
    let lists = case.history.case_lists.clone();
    Ok(Some(CasesJudgedRecord { count: all.len() as u64, sha256: cases::digest(all)?, lists }))
}

fn in_set(case: &Case<'_>, set: &SetName) -> ResultRecord {
    let of_set: Vec<&NumberedCaseRecord> = case.history.cases.iter().filter(|one| one.set == *set).collect();
    let n = of_set.len() as u64;
    let result = ResultRecord {
        n,
        margin: Some(0.0),
        method: Some("counted".to_owned()),
        ..empty(CASES, Severity::Block, "cases that are wrong".to_owned(), Some(set))
    };
    if case.stale_evidence.iter().any(|stale| stale == set.as_str()) {
        return inconclusive(result, case.not_refreshed(set.as_str()));
    }
    let Some(found) = case.history.case_rows.get(set) else {
        return inconclusive(result, format!("the predictions set `{set}` was not read"));
    };
    let rows = match &found.rows {
        Ok(rows) => rows,
        Err(defect) => return inconclusive(result, defect.to_string()),
    };
    if let Err(reason) = super::rows::consistent(rows, case.policy.task) {
        return inconclusive(result, reason);
    }
    let (mut wrong, mut unknown, mut open) = (Vec::new(), Vec::new(), Vec::new());
    for one in of_set {
        let why: String = one.case.reason.chars().take(REASON).collect();
        match outcome(case, one, rows, found) {
            Outcome::Right => {}
            Outcome::Wrong(said) => {
                open.push(format!("{WRONG}{}", one.id()));
                wrong.push(format!("{} {}: {said} ({why})", one.id(), one.key()));
            }
            Outcome::Unknown(reason) => {
                open.push(format!("{UNKNOWN}{}", one.id()));
                unknown.push(format!("{} {}: {reason} ({why})", one.id(), one.key()));
            }
        }
    }
    let mut result = ResultRecord { candidate: Some(wrong.len() as f64), ..result };
    result.sufficient.insert("wrong".to_owned(), wrong.len() as f64);
    result.sufficient.insert("unknown".to_owned(), unknown.len() as f64);
    // A waiver is about these, and about no others that come to be wrong.
    result.sufficient.extend(open.into_iter().take(RECORDED).map(|case| (case, 1.0)));
    let count = |list: &[String], what: &str| {
        format!("{} of {} {what}: {}", grouped(list.len() as u64), grouped(n), some(list, SHOWN))
    };
    match (wrong.as_slice(), unknown.as_slice()) {
        ([], []) => ResultRecord { verdict: Verdict::Pass, ..result },
        ([], _) => inconclusive(result, count(&unknown, "cannot be told")),
        (_, []) => ResultRecord { verdict: Verdict::Fail, reason: Some(count(&wrong, "wrong")), ..result },
        _ => {
            let reason = format!("{}; {}", count(&wrong, "wrong"), count(&unknown, "cannot be told"));
            ResultRecord { verdict: Verdict::Fail, reason: Some(reason), ..result }
        }
    }
}

fn outcome(case: &Case<'_>, one: &NumberedCaseRecord, rows: &JoinedRows, found: &CaseRows) -> Outcome {
    let unknown = |reason: &str| Outcome::Unknown(reason.to_owned());
    let Some(place) = rows.place(&one.case.key) else { return unknown("the candidate's set has no such row") };
    let expected = one.case.expected.as_str();
    let other_label =
        |now: &str| Outcome::Unknown(format!("its label is `{now}`, and was `{expected}` when it was added"));
    let said = |said: &str| Outcome::Wrong(format!("predicted `{said}`, right is `{expected}`"));
    match &rows.truth {
        TruthColumn::Binary(labels) => {
            let positive = is_positive(expected, found.positive.as_ref());
            if labels[place] != positive {
                return other_label(if labels[place] { "positive" } else { "negative" });
            }
            let (scores, classes) = (&rows.candidate.scores, &rows.candidate.classes);
            let shared = || threshold(case, &one.set, classes.is_some());
            let threshold = match one.case.threshold.map_or_else(shared, |threshold| Ok(Some(threshold))) {
                Ok(threshold) => threshold,
                Err(reason) => return Outcome::Unknown(reason),
            };
            let predicted = match (threshold, scores, classes) {
                (None, _, Some(classes)) => classes[place] == 1,
                (threshold, Some(scores), _) => {
                    let (score, threshold) = (scores[place], threshold.unwrap_or(HALF));
                    // What is no number is on neither side.
                    if score >= threshold {
                        true
                    } else if score < threshold {
                        false
                    } else {
                        return unknown("its score is not a number");
                    }
                }
                (Some(threshold), None, _) => {
                    return Outcome::Unknown(format!("the threshold {threshold} needs a score, and there is none"));
                }
                (None, None, None) => return unknown("there is neither a score nor a predicted class"),
            };
            if predicted == positive { Outcome::Right } else { said(if predicted { "positive" } else { "negative" }) }
        }
        TruthColumn::Classes { labels, names } => {
            let name = |class: u32| names.get(class as usize).map_or("", String::as_str);
            if name(labels[place]) != expected {
                return other_label(name(labels[place]));
            }
            let predicted = match (&rows.candidate.classes, &rows.candidate.probabilities) {
                (Some(classes), _) => classes[place],
                (None, Some(columns)) => match largest(columns, place) {
                    Some(class) => class,
                    None => return unknown("its probabilities are not numbers"),
                },
                (None, None) => return unknown("there are neither predicted classes nor probabilities"),
            };
            if predicted == labels[place] { Outcome::Right } else { said(name(predicted)) }
        }
        TruthColumn::Real(labels) => {
            if expected.parse::<f64>().ok() != Some(labels[place]) {
                return other_label(&labels[place].to_string());
            }
            let Some(tolerance) = one.case.tolerance else { return unknown("it has no tolerance") };
            let Some(values) = &rows.candidate.values else { return unknown("there is no predicted value") };
            let error = (values[place] - labels[place]).abs();
            if error <= tolerance {
                Outcome::Right
            } else if error > tolerance {
                said(&values[place].to_string())
            } else {
                unknown("its error is not a number")
            }
        }
        TruthColumn::Texts(labels) => {
            if labels[place] != expected {
                return other_label(&labels[place].chars().take(REASON).collect::<String>());
            }
            let Some(texts) = &rows.candidate.texts else { return unknown("there is no answer") };
            let (truth, answer) = (&labels[place..=place], &texts[place..=place]);
            let predicted = Predicted { texts: Some(answer), ..Predicted::default() };
            match measure::right(&right_by(one), &Truth::Texts(truth), &predicted) {
                Ok(right) if right == [true] => Outcome::Right,
                Ok(_) => said(&texts[place].chars().take(REASON).collect::<String>()),
                Err(undefined) => Outcome::Unknown(format!("what is right is not defined: {undefined}")),
            }
        }
        TruthColumn::Relevance(_) => unknown("one document of a ranking is neither right nor wrong"),
    }
}

/// When an answer in words is right: as the case says, else when it is the reference.
fn right_by(one: &NumberedCaseRecord) -> MetricSpec {
    let metric = match one.case.answers.unwrap_or(Match::Exact) {
        Match::Exact => Metric::ExactMatch,
        Match::Contains => Metric::Contains,
        Match::Numeric => Metric::NumericMatch,
    };
    let tolerance = one.case.tolerance.unwrap_or_default();
    MetricSpec::new(metric).with(Parameters { tolerance, ..Parameters::default() })
}

/// Whether a label as it stands in the table is the positive one. Where none is configured, only {0, 1} and {false, true} are
/// understood.
fn is_positive(label: &str, configured: Option<&Scalar>) -> bool {
    match configured {
        Some(Scalar::Float(value)) => label == Scalar::Float(value + 0.0).to_string(),
        Some(scalar) => label == scalar.to_string(),
        None => label == "1" || label == "true",
    }
}

/// numpy's `argmax`: the first of equal maxima; none if any is not a number.
fn largest(columns: &[Vec<f64>], place: usize) -> Option<u32> {
    let mut best = None;
    let mut height = f64::NEG_INFINITY;
    for (class, column) in (0..).zip(columns) {
        let value = column.get(place).copied().filter(|value| value.is_finite())?;
        if value > height {
            (best, height) = (Some(class), value);
        }
    }
    best
}

/// Cases that a certificate says were not right, one by one.
const RECORDED: usize = 1_000;

/// A score from here on is positive where no rule says otherwise.
const HALF: f64 = 0.5;

/// The threshold that the rules on a set share; none: they go by the classes that were predicted, if there are any.
fn threshold(case: &Case<'_>, of: &SetName, has_classes: bool) -> Result<Option<f64>, String> {
    let word = |threshold: Option<f64>| threshold.map_or_else(|| "none".to_owned(), |threshold| threshold.to_string());
    let mut shared: Option<Option<f64>> = None;
    for rule in &case.policy.rules {
        let MeasureRecord::Metric { metric, set, .. } = &rule.measure else { continue };
        let counts = Metric::parse(metric).is_some_and(Metric::counts_classes) && case.policy.task == Task::Binary;
        if !counts || set.as_ref().is_some_and(|set| set != of) {
            continue;
        }
        let threshold = rule.measure.threshold().or_else(|| (!has_classes).then_some(HALF));
        match shared {
            Some(known) if known != threshold => {
                let (known, threshold) = (word(known), word(threshold));
                return Err(format!(
                    "rules on `{of}` have the thresholds {known} and {threshold}: a case must say which"
                ));
            }
            _ => shared = Some(threshold),
        }
    }
    Ok(shared.flatten())
}
