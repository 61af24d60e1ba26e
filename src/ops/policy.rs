//! `policy`: the rules in force for a stage, in what those of the project differ, and how they take their place.

use std::path::PathBuf;

pub use super::error::AdoptError;
use super::rules::{self, Policy};
use super::{Asked, MadeEvent, VerbError, check_text, hooks, resolve, signoffs};
use crate::digest::Digest;
use crate::format::checkpoint::ApprovalRow;
use crate::format::event::{EventBody, RulesRecord};
use crate::format::policy::PolicyRecord;
use crate::name::{ModelName, StageName};
use crate::progress::Progress;
use crate::registry::promote::Obstacle;
use crate::registry::{Decision, State};
use crate::repository::Repository;
use crate::store::Lock;

/// Whose rules.
#[derive(Debug, Clone, Default)]
pub struct PolicyOptions {
    /// The model; none: the only one.
    pub model: Option<ModelName>,
    /// The stage; none: the only one, else `production`.
    pub stage: Option<StageName>,
    /// Another policy than the configured one.
    pub policy: Option<PathBuf>,
}

/// The rules of a stage.
#[derive(Debug, Clone)]
pub struct PolicyReport {
    /// The model.
    pub model: ModelName,
    /// The stage.
    pub stage: StageName,
    /// The rules in force; none before the first promotion.
    pub in_force: Option<Rules>,
    /// The rules as the project states them; none where it states none, or where there is no checkout.
    pub stated: Option<Rules>,
    /// In what they differ, one by one.
    pub differences: Vec<String>,
}

/// Rules, and the policy in them.
#[derive(Debug, Clone)]
pub struct Rules {
    /// As events put them in force.
    pub record: RulesRecord,
    /// The SHA-256 of that.
    pub sha256: Digest,
    /// The resolved policy; none where no certificate is asked for.
    pub policy: Option<PolicyRecord>,
}

/// What came of adopting.
#[derive(Debug, Clone)]
pub struct AdoptReport {
    /// The rules before, those from now on, and in what they differ.
    pub rules: PolicyReport,
    /// Whether these were in force already.
    pub unchanged: bool,
    /// The approvals that count, by the rules before.
    pub approvals: Vec<ApprovalRow>,
    /// The approvals that are missing; empty: they were adopted, or are in force already.
    pub missing: Vec<Obstacle>,
    /// The event.
    pub event: Option<MadeEvent>,
    /// Whether nothing was written.
    pub dry_run: bool,
}

/// The rules in force and those the project states.
///
/// # Errors
///
/// A [`VerbError`] if either cannot be read.
pub fn show(repository: &Repository, options: &PolicyOptions) -> Result<PolicyReport, VerbError> {
    let model = resolve::model(repository, options.model.as_ref())?;
    let state = resolve::state(repository, &model)?;
    let stage = resolve::stage(repository, &state, options.stage.as_ref())?;
    compare(repository, &state, &stage, stated(repository, &state, &stage, options)?.map(|(rules, _)| rules))
}

/// Puts the rules the project states in force.
///
/// # Errors
///
/// An [`AdoptError`], or another [`VerbError`] if something cannot be read or written.
pub fn adopt(
    repository: &Repository,
    options: &PolicyOptions,
    reason: &str,
    dry_run: bool,
    progress: &dyn Progress,
) -> Result<AdoptReport, VerbError> {
    check_text("the reason", Some(reason))?;
    let actor = Asked::begin(repository);
    let _held = repository.store().hold(Lock::Shared, progress)?;
    let model = resolve::model(repository, options.model.as_ref())?;
    let state = resolve::state(repository, &model)?;
    let stage = resolve::stage(repository, &state, options.stage.as_ref())?;
    let in_force = state.stages.get(&stage).and_then(|row| row.rules.clone());
    let in_force = in_force.ok_or_else(|| AdoptError::NoneYet { model: model.clone(), stage: stage.clone() })?;
    let (stated, policy) = stated(repository, &state, &stage, options)?
        .ok_or_else(|| AdoptError::NoneStated { model: model.clone(), stage: stage.clone() })?;
    let (record, sha256) = (stated.record.clone(), stated.sha256);
    hooks::check_recordable(&record.stage.before)?;
    let compared = compare(repository, &state, &stage, Some(stated))?;
    let unchanged = in_force == record;
    let count = |state: &State| signoffs::approvals::of_rules(repository, state, &stage, (&in_force.stage, sha256));
    let counted = if unchanged { signoffs::approvals::Counted::default() } else { count(&state)? };
    let (approvals, missing) = (counted.approvals, counted.missing);
    let mut report = AdoptReport { rules: compared, unchanged, approvals, missing, event: None, dry_run };
    if dry_run || report.unchanged || !report.missing.is_empty() {
        return Ok(report);
    }
    signoffs::signers::keep(repository, (&model, &stage), record.stage.signers)?;
    if let Some(policy) = policy {
        let mut writer = repository.store().writer();
        writer.put_record(&policy.bytes)?;
        writer.finish()?;
    }
    let actor = actor.answer();
    let committed = repository.registry().commit::<_, VerbError>(&model, &actor, |state| {
        if state.stages.get(&stage).and_then(|row| row.rules.as_ref()) != Some(&in_force) {
            return Err(AdoptError::Changed { model: model.clone(), stage: stage.clone() }.into());
        }
        // In the state that is decided by, somebody may not agree any more.
        let counted = count(state)?;
        if !counted.missing.is_empty() {
            return Ok(Decision::Keep(counted));
        }
        let (stage, rules, reason) = (stage.clone(), record.clone(), reason.to_owned());
        let approvals = counted.approvals.iter().map(|row| row.event.seq).collect();
        Ok(Decision::Append(EventBody::Adopt { stage, rules, approvals, reason }, counted))
    })?;
    (report.approvals, report.missing) = (committed.outcome.approvals, committed.outcome.missing);
    report.event = committed.event.map(|(event, record)| MadeEvent { event, time: record.time });
    Ok(report)
}

/// What the project asks of a stage, its policy included.
fn stated(
    repository: &Repository,
    state: &State,
    stage: &StageName,
    options: &PolicyOptions,
) -> Result<Option<(Rules, Option<Policy>)>, VerbError> {
    if repository.config().is_none() && options.policy.is_none() {
        return Ok(None);
    }
    let asked = rules::stated(repository, &state.model, stage)?;
    let policy = match rules::policy(repository, &state.model, None, options.policy.as_deref()) {
        _ if !asked.certificate => None,
        Err(VerbError::NoPolicy { .. }) => return Ok(None),
        policy => Some(policy?),
    };
    let record = RulesRecord { policy: policy.as_ref().map(|policy| policy.sha256), stage: asked };
    Ok(Some((rules(record, policy.as_ref().map(|policy| policy.record.clone()))?, policy)))
}

fn compare(
    repository: &Repository,
    state: &State,
    stage: &StageName,
    stated: Option<Rules>,
) -> Result<PolicyReport, VerbError> {
    let in_force = match state.stages.get(stage).and_then(|row| row.rules.clone()) {
        None => None,
        Some(record) => {
            let policy = record.policy.map(|sha256| rules::stored_policy(repository, sha256)).transpose()?;
            Some(rules(record, policy.map(|policy| policy.record))?)
        }
    };
    let mut found = Vec::new();
    if let (Some(ours), Some(theirs)) = (&in_force, &stated) {
        found = rules::differences::of_stage(&ours.record.stage, &theirs.record.stage);
        match (&ours.policy, &theirs.policy) {
            (Some(ours), Some(theirs)) => found.extend(rules::differences::of_policies(ours, theirs)),
            (None, Some(_)) => found.push("a policy: stated, not in force".to_owned()),
            (Some(_), None) => found.push("a policy: in force, not stated".to_owned()),
            (None, None) => {}
        }
    }
    Ok(PolicyReport { model: state.model.clone(), stage: stage.clone(), in_force, stated, differences: found })
}

fn rules(record: RulesRecord, policy: Option<PolicyRecord>) -> Result<Rules, VerbError> {
    let unwritten = |source| VerbError::Record { kind: "rules", id: String::new(), source };
    Ok(Rules { sha256: record.digest().map_err(unwritten)?, record, policy })
}
