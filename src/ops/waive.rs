//! `waive`: a rule that a version does not satisfy is excused for a while, by somebody who may. The next certificate says WAIVED.
//!
//! Who says so is who git says it is: nothing here proves it. A signature has its place in the event.

use super::resolve;
use super::rules::{self, Policy};
use super::{Asked, CertificationError, MadeEvent, VerbError, check_text, history};
use crate::certify::{CASES, HOLDOUT};
use crate::clock::{Moment, Time};
use crate::format::event::{EventBody, StageRulesRecord};
use crate::format::policy::OnExhausted;
use crate::id::SnapshotId;
use crate::name::{ModelName, StageName, Version};
use crate::nearest::nearest;
use crate::registry::{Decision, State};
use crate::repository::Repository;

/// What to waive.
#[derive(Debug, Clone, Default)]
pub struct WaiveOptions {
    /// The version.
    pub revision: String,
    /// The time to see the revision at.
    pub at: Option<String>,
    /// The rule's name in the policy.
    pub rule: String,
    /// Why.
    pub reason: String,
    /// When it stops to count; a bare date is the end of that day in UTC.
    pub expires: String,
    /// Finds out, writes nothing.
    pub dry_run: bool,
}

/// How it came out.
#[derive(Debug, Clone)]
pub struct WaiveReport {
    /// The model.
    pub model: ModelName,
    /// The version.
    pub version: Version,
    /// Its record.
    pub id: SnapshotId,
    /// The rule.
    pub rule: String,
    /// Why.
    pub reason: String,
    /// Who waives it: their address.
    pub approver: String,
    /// When it stops to count.
    pub expires: Time,
    /// The stage whose rules say who may.
    pub stage: StageName,
    /// Whether that was said already.
    pub unchanged: bool,
    /// The event.
    pub event: Option<MadeEvent>,
    /// Whether nothing was written.
    pub dry_run: bool,
}

/// Waives.
pub fn waive(repository: &Repository, options: &WaiveOptions) -> Result<WaiveReport, VerbError> {
    check_text("the reason", Some(&options.reason))?;
    let actor = Asked::begin(repository).answer();
    let found = resolve::revision(repository, &options.revision, options.at.as_deref())?;
    resolve::kept(repository, &found)?;
    let state = &found.state;
    let policy = rules::policy(repository, &state.model, Some(state), None)?;
    known_rule(state, &policy, &options.rule)?;
    let now = repository.registry().now_in(state);
    let expires = Moment::parse(&options.expires, now)?.instant();
    if expires <= now {
        return Err(CertificationError::Past { expires, now }.into());
    }
    let stage = resolve::stage(repository, state, Some(&policy.record.baseline))?;
    let approver = may_waive(&stage, &rules_of(repository, state, &stage), actor.email.as_deref())?;
    let mut report = WaiveReport {
        model: state.model.clone(),
        version: found.row.version,
        id: found.snapshot(),
        rule: options.rule.clone(),
        reason: options.reason.clone(),
        approver,
        expires,
        stage,
        unchanged: false,
        event: None,
        dry_run: options.dry_run,
    };
    // Somebody excuses what there is to be seen now, and nothing that comes to be worse.
    let certificate = history::waived_in(repository, state, report.id, &report.rule)?;
    let others = history::given_for_others(repository, state, (report.id, now), certificate)?;
    report.unchanged = is_said(state, &report, &others, now);
    if options.dry_run {
        return Ok(report);
    }
    let body = EventBody::Waive {
        version: report.version,
        snapshot: report.id,
        rule: report.rule.clone(),
        reason: report.reason.clone(),
        expires,
        signature: None,
        certificate,
    };
    let committed = repository.registry().commit::<bool, VerbError>(&report.model, &actor, |state| {
        // In the state that is decided by, other rules may be in force.
        may_waive(&report.stage, &rules_of(repository, state, &report.stage), actor.email.as_deref())?;
        let unchanged = is_said(state, &report, &others, repository.registry().now_in(state));
        Ok(if unchanged { Decision::Keep(true) } else { Decision::Append(body.clone(), false) })
    })?;
    report.unchanged = committed.outcome;
    report.event = committed.event.map(|(event, record)| MadeEvent { event, time: record.time });
    Ok(report)
}

/// The stage's rules in force, or as they are stated while it has none.
pub(super) fn rules_of(repository: &Repository, state: &State, stage: &StageName) -> StageRulesRecord {
    let in_force = state.stages.get(stage).and_then(|row| row.rules.as_ref());
    in_force.map_or_else(|| rules::stated(repository, &state.model, stage), |rules| rules.stage.clone())
}

/// A rule of the policy, or one of those that no file names.
fn known_rule(state: &State, policy: &Policy, rule: &str) -> Result<(), VerbError> {
    let mut known: Vec<String> = policy.record.rules.iter().map(|rule| rule.id.clone()).collect();
    if state.cases_in_force() > 0 {
        known.push(CASES.to_owned());
    }
    if policy.record.holdout.unwrap_or_default().on_exhausted == OnExhausted::Fail {
        known.push(HOLDOUT.to_owned());
    }
    if known.iter().any(|id| id == rule) {
        return Ok(());
    }
    let nearest = nearest(rule, known.iter().map(String::as_str));
    Err(CertificationError::NoRule { rule: rule.chars().take(80).collect(), known, nearest }.into())
}

/// Whoever asks, for messages.
pub(super) fn who(email: Option<&str>) -> String {
    email.map_or_else(|| "somebody without an address".to_owned(), str::to_owned)
}

/// The address of whoever asks, if they may.
fn may_waive(stage: &StageName, rules: &StageRulesRecord, email: Option<&str>) -> Result<String, VerbError> {
    match email {
        Some(email) if rules.may_waive(Some(email)) => Ok(email.to_owned()),
        _ => Err(CertificationError::MayNotWaive {
            who: who(email),
            stage: stage.clone(),
            why: history::nobody(stage, rules),
            unknown: email.is_none(),
        }
        .into()),
    }
}

/// Whether the newest waiver of the rule says the same; `others` are for other certificates.
fn is_said(state: &State, report: &WaiveReport, others: &[u64], now: Time) -> bool {
    state.waivers_in_force(report.id, now).iter().any(|row| {
        row.rule == report.rule
            && row.reason == report.reason
            && row.expires == report.expires
            && !others.contains(&row.event.seq)
            && row.email.as_deref() == Some(&report.approver)
    })
}
