//! What each rule of a policy does on the rows there are: what it rests on, whether it can decide, and how it treats an equal model.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::case::Case;
use super::equal_evidence;
use super::equal_model::{equal, useless};
use super::error::CertifyError;
use super::judge::certify;
use super::lint::{Warning, detectable, lint};
use super::needed::needed;
use super::outcome::title;
use super::rows_rule::RowsRule;
use super::wording::significant;
use crate::digest::Digest;
use crate::evidence::{Defect, JoinedRows};
use crate::format::certificate::{BaselineRecord, ResultRecord, Verdict};
use crate::format::policy::{Against, Bound, DemandRecord, MeasureRecord, Over, PolicyRecord, RuleRecord, Severity};
use crate::id::SnapshotId;
use crate::name::SetName;

/// Rows judged for all equal models of one rule together, about.
const ROWS: usize = 4_000_000;
/// Fewer models than this say nothing.
const FEWEST: u32 = 20;
/// Resamples for each equal model: its own bounds matter little.
const RESAMPLES: u32 = 200;

/// A policy explained.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// One entry for each rule, in the policy's order.
    pub rules: Vec<ExplainedRule>,
    /// What is odd about them.
    pub warnings: Vec<Warning>,
}

/// A rule explained.
#[derive(Debug, Clone, PartialEq)]
pub struct ExplainedRule {
    /// Its name.
    pub rule: String,
    /// Whether it blocks.
    pub severity: Severity,
    /// What it measures.
    pub measures: String,
    /// What it asks, in words.
    pub asks: String,
    /// What it rests on, one by one.
    pub needs: Vec<String>,
    /// What is said of the candidate now: the worst of its results.
    pub verdict: Option<Verdict>,
    /// Results: 1, or the slices.
    pub results: u64,
    /// Rows of the smallest of them.
    pub rows: Option<u64>,
    /// The smallest difference that these rows tell from none, at the policy's confidence and power.
    pub detectable: Option<f64>,
    /// Rows at which an equal model is decided, where these are too few.
    pub rows_needed: Option<u64>,
    /// Whether it fails a model that is of no use: one that says of each row what it said of another one, samples ten times as
    /// large, data that has nothing in common. None: not tried.
    pub fails_useless: Option<bool>,
    /// What it makes of equal models. None: not tried.
    pub equal: Option<EqualModels>,
    /// Why equal models were not tried.
    pub untried: Option<String>,
}

/// Verdicts on models that are as good as the one they are compared with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EqualModels {
    /// How many were tried.
    pub tried: u32,
    /// How many of them failed.
    pub failed: u32,
    /// How many of them were not decided.
    pub undecided: u32,
}

/// Explains every rule of a case, of which these are the results, on up to `most` equal models.
///
/// # Errors
/// As [`certify`].
pub fn explain(case: &Case<'_>, results: &[ResultRecord], most: u32) -> Result<Explanation, CertifyError> {
    let rows = case.sets.values().flatten().map(|joined| joined.keys.len()).max().unwrap_or(0);
    let fitting = u32::try_from(ROWS / rows.max(1)).unwrap_or(u32::MAX);
    let trials = Trials { case, count: most.min(fitting.max(FEWEST)) };
    let useless = trials.sets(useless_sets);
    let equal: Vec<Option<Vec<Verdict>>> = trials.equal();
    let mut warnings = lint(case.policy, results);
    let mut rules = Vec::with_capacity(case.policy.rules.len());
    for (at, rule) in case.policy.rules.iter().enumerate() {
        let facts = facts(rule, case.policy, results);
        let explained = match &equal[at] {
            Some(verdicts) => {
                let fails_useless = of_answers(rule).then(|| trials.verdict(rule, &useless) == Verdict::Fail);
                ExplainedRule { fails_useless, equal: Some(EqualModels::of(verdicts)), ..facts }
            }
            None => match equal_evidence::tried(rule, case, most) {
                Ok(tried) => {
                    let equal = Some(EqualModels::of(&tried.equal));
                    ExplainedRule { fails_useless: tried.fails_far, equal, ..facts }
                }
                Err(reason) => ExplainedRule { untried: Some(reason), ..facts },
            },
        };
        if explained.fails_useless == Some(false)
            && let Some(what) = detects(rule)
        {
            warnings.push(Warning { rule: Some(rule.id.clone()), text: format!("it does not even fail {what}") });
        }
        rules.push(explained);
    }
    Ok(Explanation { rules, warnings })
}

/// Whether other answers change what a rule measures: a column of numbers is none of them.
fn of_answers(rule: &RuleRecord) -> bool {
    !matches!(&rule.measure, MeasureRecord::Metric { columns, .. } if !columns.is_empty())
}

/// The useless model that ought to fail: none where every group is treated alike, nor where more has to change sides.
fn detects(rule: &RuleRecord) -> Option<&'static str> {
    match &rule.measure {
        MeasureRecord::Quantile { .. } => Some("samples ten times as large"),
        MeasureRecord::Reported { .. } => Some("numbers that are worse by far"),
        MeasureRecord::Drift(_) => Some("data that has nothing in common with the baseline's"),
        MeasureRecord::Metric { over, .. } => {
            let unset =
                matches!(rule.demand, DemandRecord::Min { limit: None, .. } | DemandRecord::Max { limit: None, .. });
            let alike = matches!(over, Some(Over::Gap { .. }));
            (!unset && !alike).then_some("a model that says of each row what it said of another one")
        }
        _ => None,
    }
}

fn facts(rule: &RuleRecord, policy: &PolicyRecord, results: &[ResultRecord]) -> ExplainedRule {
    let mine: Vec<&ResultRecord> = results.iter().filter(|result| result.rule == rule.id).collect();
    let largest = |values: Vec<f64>| values.into_iter().fold(None, |a: Option<f64>, b| Some(a.map_or(b, |a| a.max(b))));
    ExplainedRule {
        rule: rule.id.clone(),
        severity: rule.severity,
        measures: title(&rule.measure),
        asks: asks(rule),
        needs: needed(rule, policy),
        verdict: mine.iter().map(|result| result.verdict).min(),
        results: mine.len() as u64,
        rows: mine.iter().map(|result| result.n).min(),
        detectable: largest(mine.iter().filter_map(|result| detectable(policy, result)).collect()),
        rows_needed: mine.iter().filter_map(|result| result.rows_needed).max(),
        fails_useless: None,
        equal: None,
        untried: None,
    }
}

/// What a rule asks, for people.
fn asks(rule: &RuleRecord) -> String {
    let than = match rule.against {
        Some(Against::Constant) => "a model that says the same of every row",
        None if rule.ratchet => "the best that was ever in the stage",
        None => "the baseline",
    };
    let bound = |on: Bound, usual: Bound| match on {
        _ if on == usual => "",
        Bound::Lower => " (its lower bound)",
        Bound::Point => " (the point)",
        Bound::Upper => " (its upper bound)",
    };
    match rule.demand {
        DemandRecord::NonInferior { margin } => {
            format!("shown to be at most {} worse than {than}", significant(margin))
        }
        DemandRecord::NonInferiorRelative { margin_rel } => {
            format!("shown to be at most {} % worse than {than}", significant(margin_rel * 100.0))
        }
        DemandRecord::Superior { gain } => format!("shown to be more than {} better than {than}", significant(gain)),
        DemandRecord::NotWorseDetected { margin } => {
            format!("not shown to be more than {} worse than {than}", significant(margin))
        }
        DemandRecord::Min { limit: None, .. } | DemandRecord::Max { limit: None, .. } => {
            "a limit nobody has set".to_owned()
        }
        DemandRecord::Min { limit: Some(limit), on } => {
            format!("at least {}{}", significant(limit), bound(on, Bound::Lower))
        }
        DemandRecord::Max { limit: Some(limit), on } => {
            let counted = matches!(rule.measure, MeasureRecord::Provenance { .. } | MeasureRecord::MustNotFlip { .. });
            let usual = if counted { Bound::Point } else { Bound::Upper };
            format!("at most {}{}", significant(limit), bound(on, usual))
        }
        DemandRecord::MaxDrop { limit } => format!("at most {} worse than the baseline's", significant(limit)),
        DemandRecord::MaxRatio { limit } => format!("at most {} times the baseline's", significant(limit)),
        DemandRecord::MinRatio { limit } => {
            let of_gap = matches!(&rule.measure, MeasureRecord::Metric { over: Some(Over::Gap { .. }), .. });
            let of = if of_gap {
                "the smallest at least {} times the largest"
            } else if rule.is_comparison() {
                "at least {} times the baseline's"
            } else {
                "at least {} times the value on all rows"
            };
            of.replace("{}", &significant(limit))
        }
    }
}

impl EqualModels {
    fn of(verdicts: &[Verdict]) -> Self {
        let count = |of: Verdict| verdicts.iter().filter(|verdict| **verdict == of).count() as u32;
        let failed = count(Verdict::Fail);
        Self { tried: verdicts.len() as u32, failed, undecided: verdicts.len() as u32 - failed - count(Verdict::Pass) }
    }
}

type Sets = BTreeMap<SetName, Result<JoinedRows, Defect>>;

fn useless_sets(joined: &JoinedRows) -> Option<JoinedRows> {
    Some(useless(joined))
}

/// The case with other rows.
struct Trials<'a> {
    case: &'a Case<'a>,
    count: u32,
}

impl Trials<'_> {
    /// Whether a rule is on rows that can be made up. Listed rows are those rows and no others.
    fn tries(&self, rule: &RuleRecord) -> bool {
        let shifts = matches!(rule.measure, MeasureRecord::Shift(_));
        (RowsRule::of(rule).is_some() || shifts)
            && !matches!(rule.measure, MeasureRecord::MustNotFlip { .. })
            && self.case.sets.values().any(Result::is_ok)
    }

    fn sets(&self, other: impl Fn(&JoinedRows) -> Option<JoinedRows>) -> Sets {
        let usable =
            self.case.sets.iter().filter_map(|(set, joined)| Some((set.clone(), Ok(other(joined.as_ref().ok()?)?))));
        usable.collect()
    }

    /// The verdicts of each rule on each draw; none of a rule that was not tried.
    fn equal(&self) -> Vec<Option<Vec<Verdict>>> {
        let rules = &self.case.policy.rules;
        let draw = |number: u32| -> Vec<Option<Verdict>> {
            let sets = self.sets(|joined| equal(joined, number));
            let tried = |rule: &RuleRecord| (self.tries(rule) && !sets.is_empty()).then(|| self.verdict(rule, &sets));
            rules.iter().map(tried).collect()
        };
        let drawn: Vec<Vec<Option<Verdict>>> = (0..self.count).into_par_iter().map(draw).collect();
        (0..rules.len()).map(|at| drawn.iter().map(|verdicts| verdicts[at]).collect()).collect()
    }

    /// What one rule alone makes of other rows.
    fn verdict(&self, rule: &RuleRecord, sets: &Sets) -> Verdict {
        let alone = RuleRecord { severity: Severity::Block, ratchet: false, ..rule.clone() };
        let resamples = self.case.policy.resamples.min(RESAMPLES);
        let policy = PolicyRecord { rules: vec![alone], resamples, ..self.case.policy.clone() };
        let snapshot = Some(SnapshotId::new(Digest::of(b"an equal model")));
        let case = Case {
            policy: &policy,
            sets,
            baseline: BaselineRecord { snapshot, ..self.case.baseline.clone() },
            evidence: Vec::new(),
            stale_evidence: Vec::new(),
            ..self.case.clone()
        };
        // A slice that was not drawn is not there.
        certify(&case).map_or(Verdict::Inconclusive, |statement| {
            // The journal's own rules, and what somebody waived, say nothing of this one.
            let mine = statement.predicate.results.iter().filter(|result| result.rule == rule.id);
            mine.map(|result| result.waived.unwrap_or(result.verdict)).min().unwrap_or(Verdict::Inconclusive)
        })
    }
}
