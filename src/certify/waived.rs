//! What somebody excused: what a certificate said then. What is worse than that, or another thing, nobody has excused.

use std::collections::BTreeSet;

use super::effect::Effect;
use super::wording::{significant, some};
use super::{CASES, UNKNOWN, WRONG};
use crate::format::certificate::{CertificateRecord, ResultRecord, Verdict};
use crate::format::policy::PolicyRecord;
use crate::id::SnapshotId;
use crate::name::SetName;

/// Cases named in a reason.
const SHOWN: usize = 3;

/// What a rule did not pass when it was waived.
#[derive(Debug, Clone, PartialEq)]
pub struct Waived {
    /// What the candidate was compared with.
    baseline: Option<SnapshotId>,
    /// What did not pass.
    open: Vec<Open>,
    /// Of regression cases, those that were not right: `wrong_c17`.
    cases: BTreeSet<String>,
}

/// A set or a slice that did not pass, and how it came out.
#[derive(Debug, Clone, PartialEq)]
struct Open {
    set: Option<SetName>,
    slice: Option<String>,
    metric: String,
    verdict: Verdict,
    /// None: nothing was measured.
    effect: Option<Effect>,
}

impl Waived {
    /// What `certificate` says of `rule`; none where it passes.
    pub fn of(certificate: &CertificateRecord, rule: &str) -> Option<Self> {
        let results = certificate.results.iter().filter(|result| result.rule == rule);
        let mut waived = Self { baseline: certificate.baseline.snapshot, open: Vec::new(), cases: BTreeSet::new() };
        for result in results {
            let verdict = result.waived.unwrap_or(result.verdict);
            if matches!(verdict, Verdict::Fail | Verdict::Inconclusive) {
                waived.open.push(Open {
                    set: result.set.clone(),
                    slice: result.slice.clone(),
                    metric: result.metric.clone(),
                    verdict,
                    effect: effect(&certificate.policy, result),
                });
                waived.cases.extend(cases_of(result).cloned());
            }
        }
        (!waived.open.is_empty()).then_some(waived)
    }

    /// In what a result is worse than what was waived, or another; none where it is neither.
    pub(super) fn exceeded_by(
        &self,
        policy: &PolicyRecord,
        baseline: Option<SnapshotId>,
        result: &ResultRecord,
    ) -> Option<String> {
        let is_comparison = policy.rules.iter().any(|rule| rule.id == result.rule && rule.is_comparison());
        if is_comparison && self.baseline != baseline {
            return Some("it was given for the comparison with another baseline".to_owned());
        }
        let about = |open: &&Open| open.set == result.set && open.slice == result.slice;
        let Some(open) = self.open.iter().find(about) else {
            let what = result.slice.as_ref().map_or_else(|| "these rows".to_owned(), |slice| format!("`{slice}`"));
            return Some(format!("it was not given for {what}"));
        };
        if open.metric != result.metric {
            return Some(format!("it was given for {}", open.metric));
        }
        if result.verdict < open.verdict {
            return Some(format!("it was given for {}", open.verdict.name()));
        }
        if let Some(seen) = open.effect
            && let Some(why) = beyond(seen, effect(policy, result))
        {
            return Some(why);
        }
        let is_known = |key: &&String| {
            let was_wrong = || key.strip_prefix(UNKNOWN).is_some_and(|id| self.cases.contains(&format!("{WRONG}{id}")));
            self.cases.contains(*key) || was_wrong()
        };
        let id = |key: &String| key.rsplit('_').next().unwrap_or(key).to_owned();
        let newer: Vec<String> = cases_of(result).filter(|key| !is_known(key)).map(id).collect();
        let recorded = cases_of(result).count() as f64;
        let counted = ["wrong", "unknown"].iter().filter_map(|key| result.sufficient.get(*key)).sum::<f64>();
        match newer.is_empty() {
            false => Some(format!("it was not given for {}", some(&newer, SHOWN))),
            true if result.rule == CASES && counted > recorded => Some("it was not given for so many cases".to_owned()),
            true => None,
        }
    }
}

/// What a result found. Regression cases are compared one by one instead.
fn effect(policy: &PolicyRecord, result: &ResultRecord) -> Option<Effect> {
    let rule = policy.rules.iter().find(|rule| rule.id == result.rule);
    if result.rule == CASES { None } else { Effect::of(policy.task, rule, result) }
}

/// In what `now` is worse than the numbers that somebody saw and excused. Within the bounds that they saw, nothing is: what is measured
/// anew varies by as much.
fn beyond(seen: Effect, now: Option<Effect>) -> Option<String> {
    let excused = match significant(seen.at_worst) == significant(seen.value) {
        true => significant(seen.value),
        false => format!("{}, at worst {}", significant(seen.value), significant(seen.at_worst)),
    };
    match now {
        Some(now) if now.is_within(&seen) => None,
        Some(now) => Some(format!("it was given for {excused}, and it is {} now", significant(now.value))),
        None => Some(format!("it was given for {excused}, and nothing is measured now")),
    }
}

fn cases_of(result: &ResultRecord) -> impl Iterator<Item = &String> {
    let of_cases = result.rule == CASES;
    result.sufficient.keys().filter(move |key| of_cases && (key.starts_with(WRONG) || key.starts_with(UNKNOWN)))
}
