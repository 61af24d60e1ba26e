//! `withdraw`: somebody who approved does not agree any more.

use super::approve::{Subject, look, same};
use super::{ApprovalError, Asked, MadeEvent, VerbError, check_text, waive};
use crate::format::checkpoint::ApprovalRow;
use crate::format::event::{EventBody, SubjectRecord};
use crate::name::{ModelName, StageName};
use crate::progress::Progress;
use crate::registry::Decision;
use crate::repository::Repository;
use crate::store::Lock;

/// What to withdraw.
#[derive(Debug, Clone)]
pub struct WithdrawOptions {
    /// From what.
    pub subject: Subject,
    /// For which stage; none: the only one, else `production`.
    pub stage: Option<StageName>,
    /// In which role; none: the only one that is asked for.
    pub role: Option<String>,
    /// Why, if there is something to say.
    pub reason: Option<String>,
    /// Finds out, writes nothing.
    pub dry_run: bool,
}

/// How it came out.
#[derive(Debug, Clone)]
pub struct WithdrawReport {
    /// The model.
    pub model: ModelName,
    /// From what.
    pub subject: SubjectRecord,
    /// The stage.
    pub stage: StageName,
    /// The role.
    pub role: String,
    /// Whose approval it was.
    pub person: String,
    /// The events that gave what is taken back.
    pub approvals: Vec<u64>,
    /// Whether none was left.
    pub unchanged: bool,
    /// The last of the events.
    pub event: Option<MadeEvent>,
    /// Whether nothing was written.
    pub dry_run: bool,
}

/// Takes an approval back: one's own.
///
/// # Errors
///
/// An [`ApprovalError`] if there never was one, or another [`VerbError`].
pub fn withdraw(
    repository: &Repository,
    options: &WithdrawOptions,
    progress: &dyn Progress,
) -> Result<WithdrawReport, VerbError> {
    check_text("the reason", options.reason.as_deref())?;
    let actor = Asked::begin(repository);
    let _held = repository.store().hold(Lock::Shared, progress)?;
    let (state, subject, stage) = look(repository, &options.subject, options.stage.as_ref())?;
    let actor = actor.answer();
    let email = actor.email.as_ref().map(|email| email.to_lowercase());
    let is_it = |row: &&ApprovalRow| {
        same(row.subject, subject)
            && row.stage == stage
            && options.role.as_ref().is_none_or(|role| *role == row.role)
            && email.as_ref().is_some_and(|email| *email == row.person.to_lowercase())
    };
    let rows: Vec<ApprovalRow> = state.approvals.iter().filter(is_it).cloned().collect();
    let Some(first) = rows.first() else {
        let role = options.role.clone().unwrap_or_else(|| "any".to_owned());
        return Err(ApprovalError::NotGiven { who: waive::who(actor.email.as_deref()), role }.into());
    };
    let mut roles: Vec<String> = rows.iter().map(|row| row.role.clone()).collect();
    roles.dedup();
    if roles.len() > 1 {
        return Err(ApprovalError::WhichRole { stage, known: roles }.into());
    }
    let left: Vec<u64> = rows.iter().filter(|row| row.withdrawn.is_none()).map(|row| row.event.seq).collect();
    let mut report = WithdrawReport {
        model: state.model.clone(),
        subject,
        stage,
        role: first.role.clone(),
        person: first.person.clone(),
        unchanged: left.is_empty(),
        approvals: left,
        event: None,
        dry_run: options.dry_run,
    };
    for approval in report.approvals.iter().filter(|_| !options.dry_run) {
        let committed = repository.registry().commit::<(), VerbError>(&report.model, &actor, |state| {
            let is_there = state.approval(*approval).is_some_and(|row| row.withdrawn.is_none());
            let body = EventBody::Withdraw { approval: *approval, reason: options.reason.clone() };
            Ok(if is_there { Decision::Append(body, ()) } else { Decision::Keep(()) })
        })?;
        let made = committed.event.map(|(event, record)| MadeEvent { event, time: record.time });
        report.event = made.or(report.event);
    }
    Ok(report)
}
