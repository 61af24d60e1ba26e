//! `block` and `unblock`: keep a version out of a stage, or out of all.

use super::resolve;
use super::{Asked, MadeEvent, UsageError, VerbError, check_text};
use crate::format::event::EventBody;
use crate::id::SnapshotId;
use crate::name::{ModelName, StageName, Version};
use crate::registry::Decision;
use crate::repository::Repository;

/// What to block or let in again.
#[derive(Debug, Clone, Default)]
pub struct BlockOptions {
    /// The version.
    pub revision: String,
    /// The stage; none: every one.
    pub stage: Option<StageName>,
    /// The time to see the revision at.
    pub at: Option<String>,
    /// Why. A block needs a reason.
    pub reason: Option<String>,
    /// Finds out, writes nothing.
    pub dry_run: bool,
}

/// How it came out.
#[derive(Debug, Clone)]
pub struct BlockReport {
    /// The model.
    pub model: ModelName,
    /// The version.
    pub version: Version,
    /// Its record.
    pub id: SnapshotId,
    /// The stage; none: every one.
    pub stage: Option<StageName>,
    /// Whether it is blocked now.
    pub blocked: bool,
    /// Stages it holds nevertheless.
    pub holds: Vec<StageName>,
    /// Whether it was so already.
    pub unchanged: bool,
    /// The event.
    pub event: Option<MadeEvent>,
    /// Whether nothing was written.
    pub dry_run: bool,
}

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    Block,
    Unblock,
}

/// Keeps a version out.
pub fn block(repository: &Repository, options: &BlockOptions) -> Result<BlockReport, VerbError> {
    set(repository, options, Wish::Block)
}

/// Lets a version in again.
pub fn unblock(repository: &Repository, options: &BlockOptions) -> Result<BlockReport, VerbError> {
    set(repository, options, Wish::Unblock)
}

fn set(repository: &Repository, options: &BlockOptions, wish: Wish) -> Result<BlockReport, VerbError> {
    check_text("the reason", options.reason.as_deref())?;
    let found = resolve::revision(repository, &options.revision, options.at.as_deref())?;
    if let Some(stage) = &options.stage {
        resolve::stage(repository, &found.state, Some(stage))?;
    }
    let id = found.snapshot();
    let is_set = |state: &crate::registry::State| {
        let tree = Some(found.row.model_tree).filter(|_| wish == Wish::Unblock);
        state.blocks.of(id, tree).any(|b| {
            // Other words take the place of the earlier ones.
            let said = wish == Wish::Unblock || Some(&b.reason) == options.reason.as_ref();
            said && (wish == Wish::Unblock && options.stage.is_none() || b.stage == options.stage)
        })
    };
    let everywhere = found.state.blocks.of(id, None).any(|b| b.stage.is_none());
    if let (Wish::Unblock, Some(stage), true) = (wish, &options.stage, everywhere) {
        let reason = format!(
            "{} is blocked from every stage, not from {stage} alone: name no stage to lift that",
            found.label()
        );
        return Err(UsageError::Option { option: "stage".to_owned(), reason }.into());
    }
    let mut report = BlockReport {
        model: found.state.model.clone(),
        version: found.row.version,
        id,
        stage: options.stage.clone(),
        blocked: wish == Wish::Block,
        holds: found.state.stages_of(id),
        unchanged: is_set(&found.state) == (wish == Wish::Block),
        event: None,
        dry_run: options.dry_run,
    };
    if options.dry_run {
        return Ok(report);
    }
    let body = match wish {
        Wish::Block => EventBody::Block {
            snapshot: id,
            stage: options.stage.clone(),
            reason: options.reason.clone().unwrap_or_default(),
        },
        Wish::Unblock => {
            EventBody::Unblock { snapshot: id, stage: options.stage.clone(), reason: options.reason.clone() }
        }
    };
    let actor = Asked::begin(repository).answer();
    let committed = repository.registry().commit::<bool, VerbError>(&report.model, &actor, |state| {
        let unchanged = is_set(state) == (wish == Wish::Block);
        Ok(if unchanged { Decision::Keep(true) } else { Decision::Append(body.clone(), false) })
    })?;
    report.unchanged = committed.outcome;
    report.event = committed.event.map(|(event, record)| MadeEvent { event, time: record.time });
    Ok(report)
}
