//! Where a rollback goes: the newest earlier occupant on the stage's stack that may hold it.

use std::time::Duration;

use super::State;
use crate::clock::Time;
use crate::format::checkpoint::{EventAt, OccupancyRow, StageRow};
use crate::format::event::SkippedRecord;
use crate::id::SnapshotId;
use crate::name::{StageName, Version};

/// A second rollback within this time needs to say what it flees: it is more likely a repeated command.
pub const GUARD: Duration = Duration::from_secs(15 * 60);

/// Why a version's files cannot be served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Bytes are missing or not what they should be.
    #[error("damaged: {0}")]
    Damaged(String),
    /// Bytes were erased for good.
    #[error("erased: {0}")]
    Erased(String),
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RollbackRequest {
    /// The version that is fled; none: whatever the stage holds.
    pub from: Option<SnapshotId>,
    /// Where to; none: the stack decides.
    pub to: Option<SnapshotId>,
    /// Whether the fled version is kept out from now on.
    pub block: bool,
    /// Whether a block on `to` is lifted.
    pub unblock: bool,
}

/// What a rollback would do.
#[derive(Debug, Clone, PartialEq)]
pub enum RollbackPlan {
    /// The version to flee is not there any more.
    AlreadyGone {
        /// What the stage holds instead; none: it was emptied.
        current: Option<Box<OccupancyRow>>,
    },
    /// The stage holds the version to go back to.
    AlreadyThere,
    /// Move the stage.
    Move {
        /// What it holds now; none: it was emptied.
        flees: Option<Box<OccupancyRow>>,
        /// Where to.
        target: SnapshotId,
        /// Its number.
        version: Version,
        /// Occupants passed over.
        skipped: Vec<SkippedRecord>,
        /// Kept out from now on.
        blocks: Vec<SnapshotId>,
        /// Let in again.
        unblocks: Vec<SnapshotId>,
    },
}

/// Why a stage cannot go back.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RollbackRefusal {
    /// It was never held, or emptied.
    #[error("`{stage}` holds nothing{}", retired.map_or_else(String::new, |version| format!(": {version} was retired")))]
    Empty {
        /// Which stage.
        stage: StageName,
        /// What it held when it was emptied.
        retired: Option<Version>,
    },
    /// Nothing earlier is left that may hold it.
    #[error("`{stage}` has nothing to go back to")]
    NothingLeft {
        /// Which stage.
        stage: StageName,
        /// What was passed over.
        skipped: Vec<SkippedRecord>,
    },
    /// It was rolled back a moment ago.
    #[error("`{stage}` was rolled back {} ago, to {current}", crate::clock::describe_duration(*ago))]
    Guarded {
        /// Which stage.
        stage: StageName,
        /// How long ago.
        ago: Duration,
        /// The version it holds since.
        current: Version,
    },
    /// The target never held the stage.
    #[error("{version} never held `{stage}`")]
    NeverHeld {
        /// Which stage.
        stage: StageName,
        /// The version asked for.
        version: Version,
    },
    /// The version to flee is gone, but the stage is not where it was to go.
    #[error("{fled} is gone from `{stage}`, which holds {}, not {to}", current.map_or_else(|| "nothing".to_owned(), |version| version.to_string()))]
    GoneElsewhere {
        /// Which stage.
        stage: StageName,
        /// The version to flee.
        fled: Version,
        /// What it holds instead; none: it was emptied.
        current: Option<Version>,
        /// The version to go back to.
        to: Version,
    },
    /// The target is what the stage holds, and it is to be fled or let in again.
    #[error("{version} is what `{stage}` holds")]
    Same {
        /// Which stage.
        stage: StageName,
        /// The version asked for.
        version: Version,
    },
    /// The target is blocked.
    #[error("{version} is blocked: {reason}")]
    Blocked {
        /// The version asked for.
        version: Version,
        /// Why it was blocked.
        reason: String,
    },
    /// Files of the target were erased for good.
    #[error("{version} was erased: {reason}")]
    Erased {
        /// The version asked for.
        version: Version,
        /// What was erased, and why.
        reason: String,
    },
    /// The target's bytes are not whole.
    #[error("{version} is damaged: {reason}")]
    Damaged {
        /// The version asked for.
        version: Version,
        /// What is wrong.
        reason: String,
    },
}

/// Plans a rollback. `unfit` says what is wrong with a snapshot's stored bytes, if anything.
pub fn plan(
    state: &State,
    stage: &StageName,
    request: &RollbackRequest,
    now: Time,
    unfit: &dyn Fn(SnapshotId) -> Option<Unfit>,
) -> Result<RollbackPlan, RollbackRefusal> {
    let row = state.stages.get(stage);
    let retired = row.and_then(|row| row.timeline.last()).map(|newest| newest.version);
    let row = row.ok_or_else(|| RollbackRefusal::Empty { stage: stage.clone(), retired })?;
    let is_current = |id: SnapshotId| row.occupant().is_some_and(|current| current.snapshot == id);
    if let Some(from) = request.from.filter(|from| !is_current(*from)) {
        return gone(state, row, from, request.to);
    }
    let Some(current) = row.occupant() else {
        // What held it once may hold it again, if it is named.
        let Some(to) = request.to else {
            return Err(RollbackRefusal::Empty { stage: stage.clone(), retired });
        };
        let target = explicit_target(state, stage, to, request.unblock, unfit)?;
        return Ok(moved(state, stage, None, target, Vec::new(), request));
    };
    if request.to.is_some_and(is_current) {
        let model_tree = state.version(current.version).map(|v| v.model_tree);
        let is_blocked = state.block(current.snapshot, model_tree, stage).is_some();
        return match request.from.is_some() || (request.unblock && is_blocked) {
            true => Err(RollbackRefusal::Same { stage: stage.clone(), version: current.version }),
            false => Ok(RollbackPlan::AlreadyThere),
        };
    }
    if request.from.is_none()
        && request.to.is_none()
        && let Some(EventAt { time, event }) = row.last_rollback
        // What was promoted since may be fled at once.
        && event == current.event
        && now.since(time) < GUARD
    {
        let ago = now.since(time);
        return Err(RollbackRefusal::Guarded { stage: stage.clone(), ago, current: current.version });
    }
    let mut skipped = Vec::new();
    let target = match request.to {
        Some(to) => explicit_target(state, stage, to, request.unblock, unfit)?,
        None => {
            let below = row.stack.iter().rev().skip(1).map(|i| &row.timeline[*i as usize]);
            let mut target = None;
            for occupant in below.filter(|o| o.snapshot != current.snapshot) {
                // Blocking what is fled blocks its files: a version with the same ones is no way out.
                let reason = if request.block && same_files(state, occupant, current) {
                    Some(format!("its model files are those of {}", current.version))
                } else {
                    obstacle(state, stage, occupant, unfit)
                };
                match reason {
                    None => {
                        target = Some(occupant);
                        break;
                    }
                    Some(reason) => {
                        let skip = SkippedRecord { version: occupant.version, snapshot: occupant.snapshot, reason };
                        if !skipped.contains(&skip) {
                            skipped.push(skip);
                        }
                    }
                }
            }
            match target {
                Some(target) => target,
                None => return Err(RollbackRefusal::NothingLeft { stage: stage.clone(), skipped }),
            }
        }
    };
    Ok(moved(state, stage, Some(current), target, skipped, request))
}

/// What is to be fled is not there. A slip of the pen, or another place than was asked for, must not look like success.
fn gone(
    state: &State,
    row: &StageRow,
    from: SnapshotId,
    to: Option<SnapshotId>,
) -> Result<RollbackPlan, RollbackRefusal> {
    let number = |id: SnapshotId| state.version_of(id).map_or(Version(0), |v| v.version);
    let (stage, current) = (row.stage.clone(), row.occupant());
    if !row.has_held(from) {
        return Err(RollbackRefusal::NeverHeld { stage, version: number(from) });
    }
    match to.filter(|to| current.is_none_or(|current| current.snapshot != *to)) {
        None => Ok(RollbackPlan::AlreadyGone { current: current.cloned().map(Box::new) }),
        Some(to) => {
            let current = current.map(|current| current.version);
            Err(RollbackRefusal::GoneElsewhere { stage, fled: number(from), current, to: number(to) })
        }
    }
}

fn moved(
    state: &State,
    stage: &StageName,
    current: Option<&OccupancyRow>,
    target: &OccupancyRow,
    skipped: Vec<SkippedRecord>,
    request: &RollbackRequest,
) -> RollbackPlan {
    let model_tree = state.version(target.version).map(|v| v.model_tree);
    let blocked = state.block(target.snapshot, model_tree, stage).is_some();
    let fled = current.filter(|current| request.block && !same_files(state, target, current));
    RollbackPlan::Move {
        flees: current.cloned().map(Box::new),
        target: target.snapshot,
        version: target.version,
        skipped,
        blocks: fled.map(|current| current.snapshot).into_iter().collect(),
        unblocks: if blocked { vec![target.snapshot] } else { Vec::new() },
    }
}

/// Whether two occupants are the same model, byte for byte.
fn same_files(state: &State, a: &OccupancyRow, b: &OccupancyRow) -> bool {
    let tree = |o: &OccupancyRow| state.version(o.version).map(|v| v.model_tree);
    tree(a).is_some() && tree(a) == tree(b)
}

/// What keeps an occupant from being gone back to.
fn obstacle(
    state: &State,
    stage: &StageName,
    occupant: &OccupancyRow,
    unfit: &dyn Fn(SnapshotId) -> Option<Unfit>,
) -> Option<String> {
    let model_tree = state.version(occupant.version).map(|v| v.model_tree);
    match state.block(occupant.snapshot, model_tree, stage) {
        Some(block) => Some(format!("blocked: {}", block.reason)),
        None => unfit(occupant.snapshot).map(|reason| reason.to_string()),
    }
}

fn explicit_target<'a>(
    state: &'a State,
    stage: &StageName,
    to: SnapshotId,
    unblock: bool,
    unfit: &dyn Fn(SnapshotId) -> Option<Unfit>,
) -> Result<&'a OccupancyRow, RollbackRefusal> {
    let version = state.version_of(to).map_or(Version(0), |v| v.version);
    let held = state.stages.get(stage).and_then(|row| row.timeline.about(to).next_back());
    let held = held.ok_or(RollbackRefusal::NeverHeld { stage: stage.clone(), version })?;
    let model_tree = state.version(held.version).map(|v| v.model_tree);
    if let Some(block) = state.block(to, model_tree, stage)
        && !unblock
    {
        return Err(RollbackRefusal::Blocked { version, reason: block.reason.clone() });
    }
    match unfit(to) {
        Some(Unfit::Damaged(reason)) => Err(RollbackRefusal::Damaged { version, reason }),
        Some(Unfit::Erased(reason)) => Err(RollbackRefusal::Erased { version, reason }),
        None => Ok(held),
    }
}
