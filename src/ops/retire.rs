//! `retire`: empties a stage.

use super::{Asked, MadeEvent, VerbError, check_text, resolve};
use crate::format::event::EventBody;
use crate::id::SnapshotId;
use crate::name::{ModelName, StageName, Version};
use crate::registry::Decision;
use crate::repository::Repository;

/// What to empty.
#[derive(Debug, Clone, Default)]
pub struct RetireOptions {
    /// The model; none: the only one.
    pub model: Option<ModelName>,
    /// The stage; none: the only one, else `production`.
    pub stage: Option<StageName>,
    /// Why.
    pub reason: String,
    /// Finds out, writes nothing.
    pub dry_run: bool,
}

/// How it came out.
#[derive(Debug, Clone)]
pub struct RetireReport {
    /// The model.
    pub model: ModelName,
    /// The stage.
    pub stage: StageName,
    /// What it held; none: it was empty already.
    pub held: Option<(Version, SnapshotId)>,
    /// The event.
    pub event: Option<MadeEvent>,
    /// Whether nothing was written.
    pub dry_run: bool,
}

/// Empties a stage. What it held is not blocked, and `rollback --to` brings it back.
///
/// # Errors
///
/// A [`VerbError`] if there is no such model or stage, or the journal cannot be written.
pub fn retire(repository: &Repository, options: &RetireOptions) -> Result<RetireReport, VerbError> {
    check_text("the reason", Some(&options.reason))?;
    let model = resolve::model(repository, options.model.as_ref())?;
    let state = resolve::state(repository, &model)?;
    let stage = resolve::stage(repository, &state, options.stage.as_ref())?;
    let held = |state: &crate::registry::State| state.occupant(&stage).map(|o| (o.version, o.snapshot));
    let mut report =
        RetireReport { held: held(&state), model, stage: stage.clone(), event: None, dry_run: options.dry_run };
    if options.dry_run {
        return Ok(report);
    }
    let actor = Asked::begin(repository).answer();
    let committed = repository.registry().commit::<_, VerbError>(&report.model, &actor, |state| {
        Ok(match held(state) {
            None => Decision::Keep(None),
            Some((version, snapshot)) => {
                let (stage, reason) = (stage.clone(), options.reason.clone());
                Decision::Append(EventBody::Retire { stage, version, snapshot, reason }, Some((version, snapshot)))
            }
        })
    })?;
    report.held = committed.outcome;
    report.event = committed.event.map(|(event, record)| MadeEvent { event, time: record.time });
    Ok(report)
}
