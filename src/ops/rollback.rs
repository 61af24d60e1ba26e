//! `rollback`: a stage goes back to the previous good version. Constant time: presence and structure, not bytes.

use super::resolve;
use super::{Asked, MadeEvent, VerbError, check_text, erasures, records};
use crate::format::event::{EventBody, SkippedRecord};
use crate::id::SnapshotId;
use crate::name::{ModelName, StageName, Version};
use crate::progress::Progress;
use crate::registry::rollback::{RollbackPlan, RollbackRefusal, RollbackRequest, Unfit, plan};
use crate::registry::{Decision, State};
use crate::repository::Repository;
use crate::snapshot;
use crate::store::Lock;

/// How to go back.
#[derive(Debug, Clone)]
pub struct RollbackOptions {
    /// The model; none: the only one.
    pub model: Option<ModelName>,
    /// The stage; none: the only one, else `production`.
    pub stage: Option<StageName>,
    /// Why.
    pub reason: String,
    /// The version that is fled; then repeating it does nothing.
    pub from: Option<String>,
    /// Where to; none: the stack decides.
    pub to: Option<String>,
    /// Whether the fled version is kept out from now on.
    pub block: bool,
    /// Whether a block on `to` is lifted.
    pub unblock: bool,
    /// Finds out, writes nothing.
    pub dry_run: bool,
}

/// How it came out.
#[derive(Debug, Clone)]
pub struct RollbackReport {
    /// The model.
    pub model: ModelName,
    /// The stage.
    pub stage: StageName,
    /// What the stage holds now, or would.
    pub version: Option<Version>,
    /// Its record.
    pub id: Option<SnapshotId>,
    /// What was fled.
    pub previous: Option<Version>,
    /// Occupants passed over.
    pub skipped: Vec<SkippedRecord>,
    /// Whether the fled version is kept out from now on.
    pub blocked: bool,
    /// Why it did not go back.
    pub refusal: Option<RollbackRefusal>,
    /// Whether the version to flee was gone already.
    pub unchanged: bool,
    /// The event.
    pub event: Option<MadeEvent>,
    /// Whether nothing was written.
    pub dry_run: bool,
}

/// Goes back.
pub fn rollback(
    repository: &Repository,
    options: &RollbackOptions,
    progress: &dyn Progress,
) -> Result<RollbackReport, VerbError> {
    check_text("the reason", Some(&options.reason))?;
    let actor = Asked::begin(repository);
    let seen = look(repository, options)?;
    let began_with = seen.1.occupant(&seen.2).map(|o| o.event);
    // Packs, versions and stages may have moved before the lock was had.
    let _held = repository.store().hold(Lock::Shared, progress)?;
    let (model, state, stage) = look(repository, options)?;
    let look_up = |text: &Option<String>| -> Result<Option<SnapshotId>, VerbError> {
        let Some(text) = text else { return Ok(None) };
        let mut revision = resolve::parse(repository, text)?;
        revision.model.get_or_insert_with(|| model.clone());
        Ok(Some(resolve::find(repository, &revision)?.snapshot()))
    };
    let request = RollbackRequest {
        from: look_up(&options.from)?,
        to: look_up(&options.to)?,
        block: options.block,
        unblock: options.unblock,
    };
    let decide = |state: &State| decide(repository, state, &stage, &request, &options.reason);
    if options.dry_run {
        let (report, _) = decide(&state);
        return Ok(RollbackReport { dry_run: true, ..report });
    }
    let actor = actor.answer();
    let committed = repository.registry().commit::<_, VerbError>(&model, &actor, |state| {
        let (mut report, body) = decide(state);
        let current = state.occupant(&stage);
        // Without a version to flee, "back" means back from what was there when the command was given.
        if request.from.is_none() && current.map(|o| o.event) != began_with && report.refusal.is_none() {
            let version = current.map_or(Version(0), |o| o.version);
            let ago = std::time::Duration::ZERO;
            report.refusal = Some(RollbackRefusal::Guarded { stage: stage.clone(), ago, current: version });
            return Ok(Decision::Keep(report));
        }
        Ok(match body {
            None => Decision::Keep(report),
            Some(body) => Decision::Append(body, report),
        })
    })?;
    let event = committed.event.map(|(event, record)| MadeEvent { event, time: record.time });
    Ok(RollbackReport { event, ..committed.outcome })
}

/// What it is about, as things are now.
fn look(repository: &Repository, options: &RollbackOptions) -> Result<(ModelName, State, StageName), VerbError> {
    let model = resolve::model(repository, options.model.as_ref())?;
    let state = resolve::state(repository, &model)?;
    let stage = resolve::stage(repository, &state, options.stage.as_ref())?;
    Ok((model, state, stage))
}

fn decide(
    repository: &Repository,
    state: &State,
    stage: &StageName,
    request: &RollbackRequest,
    reason: &str,
) -> (RollbackReport, Option<EventBody>) {
    let now = repository.registry().now_in(state);
    let current = state.occupant(stage);
    let mut report = RollbackReport {
        model: state.model.clone(),
        stage: stage.clone(),
        version: current.map(|o| o.version),
        id: current.map(|o| o.snapshot),
        previous: current.map(|o| o.version),
        skipped: Vec::new(),
        blocked: false,
        refusal: None,
        unchanged: false,
        event: None,
        dry_run: false,
    };
    match plan(state, stage, request, now, &|id| unfit(repository, state, id)) {
        Err(refusal) => {
            if let RollbackRefusal::NothingLeft { skipped, .. } = &refusal {
                report.skipped.clone_from(skipped);
            }
            report.refusal = Some(refusal);
            (report, None)
        }
        Ok(RollbackPlan::AlreadyGone { .. }) => {
            report.unchanged = true;
            (report, None)
        }
        Ok(RollbackPlan::Move { flees, target, version, skipped, blocks, unblocks }) => {
            report.version = Some(version);
            report.id = Some(target);
            report.blocked = !blocks.is_empty();
            report.skipped.clone_from(&skipped);
            let body = EventBody::Rollback {
                stage: stage.clone(),
                version,
                snapshot: target,
                replaces: flees.map(|fled| fled.snapshot),
                reason: reason.to_owned(),
                blocks,
                unblocks,
                skipped,
                no_hooks: false,
            };
            (report, Some(body))
        }
    }
}

/// What is missing of a snapshot: its record, trees, recipes and the packs that hold its blocks are looked at, the
/// blocks themselves are not read.
pub fn unfit(repository: &Repository, state: &State, id: SnapshotId) -> Option<Unfit> {
    let store = repository.store();
    let look = || -> Result<Option<String>, VerbError> {
        let record = records::snapshot(repository, id)?;
        for file in snapshot::files_of(store, record.model_files.tree)? {
            let Some(file_id) = file.id else { continue };
            if store.missing_part(file_id)?.is_some() {
                return Ok(Some(format!("bytes of `{}` are missing", file.path)));
            }
        }
        Ok(None)
    };
    let erased = || -> Result<Option<String>, VerbError> {
        for row in state.versions.about(id) {
            if let Some((path, tombstone)) = erasures::model_files(repository, state, row)?.first() {
                return Ok(Some(format!("`{path}`, {}", erasures::why(tombstone))));
            }
        }
        Ok(None)
    };
    match erased() {
        Ok(Some(what)) => Some(Unfit::Erased(what)),
        Ok(None) => look().unwrap_or_else(|error| Some(crate::ops::chain(&error))).map(Unfit::Damaged),
        Err(error) => Some(Unfit::Damaged(crate::ops::chain(&error))),
    }
}
