//! `rollback`: a stage goes back to the previous good version. Constant time: presence and structure, not bytes.

use std::cell::RefCell;
use std::collections::HashMap;

use super::hooks::{self, Again, Attendant, Deployed, Moved};
use super::resolve;
use super::{Asked, MadeEvent, UsageError, VerbError, check_text, erasures, records};
use crate::format::event::{EventBody, SkippedRecord};
use crate::id::{CertificateId, SnapshotId};
use crate::name::{ModelName, StageName, Version};
use crate::process::Interruption;
use crate::progress::{Progress, Unit};
use crate::registry::rollback::{RollbackPlan, RollbackRefusal, RollbackRequest, Unfit, plan};
use crate::registry::{Decision, State};
use crate::repository::Repository;
use crate::snapshot;
use crate::store::{CopyError, Lock};

/// How to go back.
#[derive(Debug, Clone)]
pub struct RollbackOptions {
    /// The model; none: the only one.
    pub model: Option<ModelName>,
    /// The stage; none: the only one, else `production`.
    pub stage: Option<StageName>,
    /// Why.
    pub reason: String,
    /// The version that is fled; then repeating it does nothing. A name that means another version once it is done is refused.
    pub from: Option<String>,
    /// Where to; none: the stack decides.
    pub to: Option<String>,
    /// Whether the fled version is kept out from now on.
    pub block: bool,
    /// Whether a block on `to` is lifted.
    pub unblock: bool,
    /// Whether every byte of a target's model is read, too: what is not as it was is passed over.
    pub full: bool,
    /// Whether hooks are passed over, for the record.
    pub no_hooks: bool,
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
    /// Whether there was nothing to do: the version to flee was gone already, or the stage is where it was to go.
    pub unchanged: bool,
    /// Whether the version to flee was gone already.
    pub gone: bool,
    /// The certificate that the version was promoted on.
    pub certificate: Option<CertificateId>,
    /// Whether every byte of its model was read.
    pub full: bool,
    /// Hooks that were passed over, because somebody said so.
    pub passed_over: Vec<String>,
    /// What came of the hooks behind it.
    pub deployed: Deployed,
    /// The event.
    pub event: Option<MadeEvent>,
    /// Whether nothing was written.
    pub dry_run: bool,
}

/// Goes back; hooks are told nothing and heard by nobody.
///
/// # Errors
/// As [`rollback_attended`].
pub fn rollback(
    repository: &Repository,
    options: &RollbackOptions,
    progress: &dyn Progress,
) -> Result<RollbackReport, VerbError> {
    rollback_attended(repository, options, Attendant { told: &|_| Vec::new(), heard: &mut |_| {} }, progress)
}

/// Goes back.
///
/// # Errors
/// A model, stage or version that is not there, or a journal that cannot be read or written. Why a stage cannot go back is in the
/// report.
pub fn rollback_attended(
    repository: &Repository,
    options: &RollbackOptions,
    attendant: Attendant<'_, RollbackReport>,
    progress: &dyn Progress,
) -> Result<RollbackReport, VerbError> {
    check_text("the reason", Some(&options.reason))?;
    let actor = Asked::begin(repository);
    let seen = look(repository, options)?;
    let began_with = seen.1.occupant(&seen.2).map(|o| o.event);
    // Packs, versions and stages may have moved before the lock was had.
    let held = repository.store().hold(Lock::Shared, progress)?;
    let (model, state, stage) = look(repository, options)?;
    let look_up = |text: &Option<String>, fled: bool| -> Result<Option<SnapshotId>, VerbError> {
        let Some(text) = text else { return Ok(None) };
        let mut revision = resolve::parse(repository, text)?;
        revision.model.get_or_insert_with(|| model.clone());
        let found = resolve::find(repository, &revision)?;
        if fled && resolve::is_moving(repository, &revision) {
            let (resolved, stage) = (found.row.version, stage.clone());
            return Err(
                UsageError::MovingFrom { revision: text.clone(), model: found.state.model, resolved, stage }.into()
            );
        }
        Ok(Some(found.snapshot()))
    };
    let request = RollbackRequest {
        from: look_up(&options.from, true)?,
        to: look_up(&options.to, false)?,
        block: options.block,
        unblock: options.unblock,
    };
    // Whoever was first meanwhile makes us decide again; bytes are read once.
    let read: RefCell<HashMap<SnapshotId, Option<Unfit>>> = RefCell::default();
    let unfit = |state: &State, id: SnapshotId| {
        unfit(repository, state, id).or_else(|| {
            let known = read.borrow().get(&id).cloned();
            known.unwrap_or_else(|| {
                let found = options.full.then(|| unfit_bytes(repository, id, progress)).flatten();
                read.borrow_mut().insert(id, found.clone());
                found
            })
        })
    };
    let decide = |state: &State| {
        let (report, body) = decide(repository, state, &stage, &request, &options.reason, &unfit);
        (RollbackReport { full: options.full, ..report }, body)
    };
    if options.dry_run {
        let (report, _) = decide(&state);
        return Ok(RollbackReport { dry_run: true, ..report });
    }
    let actor = actor.answer();
    let behind = hooks::behind(repository, &state, &stage);
    let passed_over = options.no_hooks && !behind.is_empty();
    let recorded: Vec<String> = behind.iter().map(|command| hooks::recorded(command)).collect();
    let interruption = (!behind.is_empty() && !passed_over).then(Interruption::begin);
    let committed = repository.registry().commit::<_, VerbError>(&model, &actor, |state| {
        let (mut report, body) = decide(state);
        let current = state.occupant(&stage);
        // Without a version to flee, "back" means back from what was there when the command was given.
        let moves = report.refusal.is_none() && !report.unchanged;
        if request.from.is_none() && current.map(|o| o.event) != began_with && moves {
            let version = current.map_or(Version(0), |o| o.version);
            let ago = std::time::Duration::ZERO;
            report.refusal = Some(RollbackRefusal::Guarded { stage: stage.clone(), ago, current: version });
            return Ok(Decision::Keep(report));
        }
        Ok(match body {
            None => Decision::Keep(report),
            Some(mut body) => {
                if let EventBody::Rollback { no_hooks, after, .. } = &mut body {
                    (*no_hooks, *after) = (passed_over, recorded.clone());
                }
                Decision::Append(body, report)
            }
        })
    })?;
    drop(held);
    let event = committed.event.map(|(event, record)| MadeEvent { event, time: record.time });
    let certificate = committed.state.occupant(&stage).and_then(|occupant| occupant.certificate);
    let mut report = RollbackReport { event, certificate, ..committed.outcome };
    if passed_over && event.is_some() {
        report.passed_over.clone_from(&recorded);
    }
    let moved = report.event.zip(report.version).zip(report.id).zip(interruption);
    if let Some((((made, version), id), interruption)) = moved {
        let input = (attendant.told)(&report);
        let moved = Moved {
            repository,
            model: &model,
            stage: &stage,
            version,
            id,
            previous: report.previous,
            certificate,
            how: "rollback",
            of: Some(made.event.seq),
            actor: Some(&actor),
            progress,
        };
        report.deployed = moved.deploy(&behind, &input, &interruption, attendant.heard);
    } else if report.unchanged && !options.no_hooks {
        let input = (attendant.told)(&report);
        let again = Again { actor: Some(&actor), input: &input, progress };
        report.deployed = again.deploy(repository, &committed.state, &stage, attendant.heard);
    }
    Ok(report)
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
    unfit: &dyn Fn(&State, SnapshotId) -> Option<Unfit>,
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
        gone: false,
        certificate: None,
        full: false,
        passed_over: Vec::new(),
        deployed: Deployed::default(),
        event: None,
        dry_run: false,
    };
    match plan(state, stage, request, now, &|id| unfit(state, id)) {
        Err(refusal) => {
            if let RollbackRefusal::NothingLeft { skipped, .. } = &refusal {
                report.skipped.clone_from(skipped);
            }
            report.refusal = Some(refusal);
            (report, None)
        }
        Ok(plan @ (RollbackPlan::AlreadyGone { .. } | RollbackPlan::AlreadyThere)) => {
            report.unchanged = true;
            report.gone = plan != RollbackPlan::AlreadyThere;
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
                after: Vec::new(),
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

/// What is wrong with the bytes of a snapshot's model: each is read and hashed.
fn unfit_bytes(repository: &Repository, id: SnapshotId, progress: &dyn Progress) -> Option<Unfit> {
    let store = repository.store();
    let read = || -> Result<(), VerbError> {
        let files = snapshot::files_of(store, records::snapshot(repository, id)?.model_files.tree)?;
        progress.begin("checking every byte", files.iter().map(|file| file.size).sum(), Unit::Bytes);
        let copied = files.iter().filter_map(|file| file.id).try_for_each(|file| {
            match store.copy_file(file, &mut std::io::sink(), progress) {
                Err(CopyError::Store(error)) => Err(error.into()),
                // A sink takes everything.
                Err(CopyError::Write(_)) | Ok(_) => Ok(()),
            }
        });
        progress.end();
        copied
    };
    read().err().map(|error| Unfit::Damaged(crate::ops::chain(&error)))
}
