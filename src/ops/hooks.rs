//! Hooks: programs of the project around a move. `before` checks a promotion and may veto it, `after` deploys what a stage holds.
//!
//! What belongs behind a move stands in its event, how each hook ended in an event of its own: wherever a process was stopped,
//! what is still to be done can be told. Those behind a move run one after another, up to the first that fails.

mod program;

use std::path::PathBuf;
use std::time::Duration;

use self::program::Prepared;
use super::{MadeEvent, VerbError, chain, check_text};
use crate::capture::secrets::Scanner;
use crate::clock::Time;
use crate::format::checkpoint::OccupancyRow;
use crate::format::event::{ActorRecord, EventBody, HookOutcome, HookWhen};
use crate::id::{CertificateId, SnapshotId};
use crate::name::{ModelName, StageName, Version};
use crate::process::Interruption;
use crate::progress::Progress;
use crate::registry::promote::Obstacle;
use crate::registry::{Decision, State};
use crate::repository::Repository;

/// What hooks are told, and who hears them.
pub struct Attendant<'a, R> {
    /// What a hook reads on its standard input: the report so far.
    pub told: &'a dyn Fn(&R) -> Vec<u8>,
    /// What a hook says, as it does.
    pub heard: &'a mut dyn FnMut(&[u8]),
}

/// How a hook went.
#[derive(Debug, Clone)]
pub struct HookReport {
    /// Before the move, or after it.
    pub when: HookWhen,
    /// As configured, with secrets masked.
    pub command: String,
    /// How it went.
    pub outcome: HookOutcome,
    /// Its exit status, where it had one.
    pub exit: Option<i32>,
    /// How long it took.
    pub took: Duration,
    /// The end of what it said, with secrets masked.
    pub said: Option<String>,
    /// The event that says so; none in a rehearsal.
    pub event: Option<MadeEvent>,
    /// Why there is none although there should be.
    pub unrecorded: Option<String>,
}

impl HookReport {
    /// Whether nothing is left to be done about it here: it did what it should, or there is no checkout to run it in.
    pub const fn is_settled(&self) -> bool {
        matches!(self.outcome, HookOutcome::Succeeded | HookOutcome::Skipped) && self.unrecorded.is_none()
    }
}

/// A hook behind the newest move that has not succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenHook {
    /// As configured then, with secrets masked.
    pub command: String,
    /// How it ended when it last ran; none: nothing is known of it.
    pub outcome: Option<HookOutcome>,
    /// Until when it may still be running, in the process that moved the stage; none: it is not.
    pub may_run_until: Option<Time>,
}

/// What came of the hooks behind a move.
#[derive(Debug, Clone, Default)]
pub struct Deployed {
    /// Those that ran, or were skipped.
    pub hooks: Vec<HookReport>,
    /// Those of an earlier run of the same move that are open and were left alone.
    pub open: Vec<OpenHook>,
    /// The signal that asked us to end meanwhile.
    pub interrupted: Option<i32>,
}

impl Deployed {
    /// Whether every hook did what it should, as far as that can be told.
    pub fn is_settled(&self) -> bool {
        let skipped = |open: &OpenHook| open.outcome == Some(HookOutcome::Skipped);
        self.interrupted.is_none() && self.hooks.iter().all(HookReport::is_settled) && self.open.iter().all(skipped)
    }
}

/// Between the end of a hook and its event; a process that is ended is given time, too.
const GRACE: Duration = Duration::from_secs(10);

/// Refuses commands with secrets in them where they would stand in rules for ever.
pub(super) fn check_recordable(commands: &[String]) -> Result<(), VerbError> {
    commands.iter().try_for_each(|command| check_text("a hook", Some(command)))
}

/// A command as it may stand in the journal for ever.
pub(super) fn recorded(command: &str) -> String {
    Scanner::new(&[]).redact(command).0
}

/// The hooks behind a move of this stage: those of the project; without a checkout those that stand behind its newest move.
pub(super) fn behind(repository: &Repository, state: &State, stage: &StageName) -> Vec<String> {
    match (repository.project(), repository.config()) {
        (Some(_), Some(_)) => repository.stage(&state.model, stage).and_then(|file| file.after).unwrap_or_default(),
        _ => newest(state, stage).map(|newest| recorded_behind(repository, state, newest)).unwrap_or_default(),
    }
}

fn newest<'s>(state: &'s State, stage: &StageName) -> Option<&'s OccupancyRow> {
    state.stages.get(stage)?.timeline.last()
}

/// What the event of a move says of the hooks behind it. The way back must not depend on what cannot be read.
fn recorded_behind(repository: &Repository, state: &State, occupancy: &OccupancyRow) -> Vec<String> {
    let file = repository.registry().event(&state.model, occupancy.event.seq).ok().flatten();
    match file.and_then(|file| file.event.ok()).map(|event| event.body) {
        Some(
            EventBody::Promote { no_hooks, after, .. }
            | EventBody::Force { no_hooks, after, .. }
            | EventBody::Rollback { no_hooks, after, .. },
        ) if !no_hooks => after,
        _ => Vec::new(),
    }
}

/// The hooks behind the newest move of a stage that have not succeeded, in their order.
pub(super) fn open(repository: &Repository, state: &State, stage: &StageName) -> Vec<OpenHook> {
    let Some((row, occupant)) = state.stages.get(stage).and_then(|row| Some((row, row.occupant()?))) else {
        return Vec::new();
    };
    let ran = |command: &str| row.hooks.iter().rev().find(|ran| ran.when == HookWhen::After && ran.command == command);
    let behind = recorded_behind(repository, state, occupant);
    let open = behind.into_iter().map(|command| {
        let outcome = ran(&command).map(|ran| ran.outcome);
        OpenHook { command, outcome, may_run_until: None }
    });
    let mut open: Vec<OpenHook> = open.filter(|open| open.outcome != Some(HookOutcome::Succeeded)).collect();
    // They run in their order: only the first can be running, and only if none has failed before it.
    if let Some(first) = open.first_mut().filter(|first| first.outcome.is_none()) {
        let limit = repository.config().map_or(Duration::ZERO, |config| config.hook_timeout(&state.model, stage));
        let began = row.hooks.last().map_or(occupant.since, |newest| newest.time.max(occupant.since));
        let until = began.after(limit + GRACE);
        first.may_run_until = (until > repository.registry().now_in(state)).then_some(until);
    }
    open
}

/// A move, and what its hooks get to know of it.
pub(super) struct Moved<'a> {
    pub repository: &'a Repository,
    pub model: &'a ModelName,
    pub stage: &'a StageName,
    pub version: Version,
    pub id: SnapshotId,
    pub previous: Option<Version>,
    pub certificate: Option<CertificateId>,
    /// `promote`, `force`, `rollback`.
    pub how: &'static str,
    /// The move; none before it.
    pub of: Option<u64>,
    /// Who is named in events; none in a rehearsal: there are none.
    pub actor: Option<&'a ActorRecord>,
    pub progress: &'a dyn Progress,
}

/// A folder hooks run in, and how long each may.
pub(super) struct Checkout {
    pub folder: PathBuf,
    pub limit: Duration,
}

impl Moved<'_> {
    const fn when(&self) -> HookWhen {
        if self.of.is_some() { HookWhen::After } else { HookWhen::Before }
    }

    fn checkout(&self) -> Option<Checkout> {
        let (folder, config) = self.repository.project().zip(self.repository.config())?;
        let limit = config.hook_timeout(self.model, self.stage);
        // A relative place would be seen from the folder it leads to.
        Some(Checkout { folder: folder.canonicalize().unwrap_or_else(|_| folder.to_owned()), limit })
    }

    /// Runs checks: every one, so that a refusal can name all that did not agree.
    ///
    /// # Errors
    /// A signal asked us to end, or the outcome of one could not be recorded: what is not on the record does not promote.
    pub(super) fn checks(
        &self,
        commands: &[String],
        input: &[u8],
        heard: &mut dyn FnMut(&[u8]),
    ) -> Result<Vec<HookReport>, VerbError> {
        let interruption = Interruption::begin();
        let mut reports = Vec::new();
        let mut prepared = Prepared::new(self, input);
        for command in commands {
            let mut report = match self.checkout() {
                None => self.skipped(command),
                Some(checkout) => prepared.run(command, &checkout, &interruption, heard),
            };
            self.record(&mut report)?;
            if let Some(signal) = interruption.signal() {
                return Err(VerbError::Interrupted { command: report.command, signal });
            }
            reports.push(report);
        }
        Ok(reports)
    }

    /// Runs what belongs behind a move, up to the first that fails. The move stands, whatever comes of it.
    pub(super) fn deploy(
        &self,
        commands: &[String],
        input: &[u8],
        interruption: &Interruption,
        heard: &mut dyn FnMut(&[u8]),
    ) -> Deployed {
        let mut deployed = Deployed::default();
        let mut prepared = Prepared::new(self, input);
        for command in commands {
            let mut report = match (self.checkout(), interruption.signal()) {
                (None, _) => self.skipped(command),
                (_, Some(_)) => HookReport {
                    outcome: HookOutcome::NotStarted,
                    said: Some("interrupted before it began".to_owned()),
                    ..self.skipped(command)
                },
                (Some(checkout), None) => prepared.run(command, &checkout, interruption, heard),
            };
            report.unrecorded = self.record(&mut report).err().map(|error| chain(&error));
            let goes_on = report.is_settled();
            deployed.hooks.push(report);
            if !goes_on {
                break;
            }
        }
        deployed.interrupted = interruption.signal();
        deployed
    }

    fn skipped(&self, command: &str) -> HookReport {
        HookReport {
            when: self.when(),
            command: recorded(command),
            outcome: HookOutcome::Skipped,
            exit: None,
            took: Duration::ZERO,
            said: None,
            event: None,
            unrecorded: None,
        }
    }

    fn record(&self, report: &mut HookReport) -> Result<(), VerbError> {
        let Some(actor) = self.actor else { return Ok(()) };
        let body = EventBody::Hook {
            stage: self.stage.clone(),
            version: self.version,
            when: report.when,
            of: self.of,
            command: report.command.clone(),
            outcome: report.outcome,
            exit: report.exit,
            milliseconds: u64::try_from(report.took.as_millis()).unwrap_or(u64::MAX),
            said: report.said.clone(),
        };
        let append = |_: &State| Ok(Decision::Append(body.clone(), ()));
        let committed = self.repository.registry().commit::<(), VerbError>(self.model, actor, append)?;
        report.event = committed.event.map(|(event, record)| MadeEvent { event, time: record.time });
        Ok(())
    }
}

/// The hooks behind a move that was made before, once more.
pub(super) struct Again<'a> {
    /// Who is named in events; none: nothing is run.
    pub actor: Option<&'a ActorRecord>,
    pub input: &'a [u8],
    pub progress: &'a dyn Progress,
}

impl Again<'_> {
    /// Runs those that have not succeeded. One that may still be running, in the process that made the move, is left alone.
    pub(super) fn deploy(
        &self,
        repository: &Repository,
        state: &State,
        stage: &StageName,
        heard: &mut dyn FnMut(&[u8]),
    ) -> Deployed {
        let open = open(repository, state, stage);
        let may_run = open.first().is_none_or(|first| first.may_run_until.is_some());
        let place = state.stages.get(stage).and_then(|row| Some((row, row.occupant()?)));
        let (Some((row, occupant)), Some(actor), false) = (place, self.actor, may_run) else {
            return Deployed { open, ..Deployed::default() };
        };
        let before = row.timeline.len().checked_sub(2).map(|place| &row.timeline[place]);
        let moved = Moved {
            repository,
            model: &state.model,
            stage,
            version: occupant.version,
            id: occupant.snapshot,
            previous: before.filter(|before| before.retired.is_none()).map(|before| before.version),
            certificate: occupant.certificate,
            how: match occupant.kind.as_str() {
                "force" => "force",
                "rollback" => "rollback",
                _ => "promote",
            },
            of: Some(occupant.event.seq),
            actor: Some(actor),
            progress: self.progress,
        };
        if moved.checkout().is_none() {
            return Deployed { open, ..Deployed::default() };
        }
        let done = |command: &String| {
            let name = recorded(command);
            let newest = row.hooks.iter().rev().find(|ran| ran.command == name);
            newest.is_some_and(|newest| newest.outcome == HookOutcome::Succeeded)
        };
        // As they are configured now: whoever corrected one need not move the stage for it.
        let mut commands = behind(repository, state, stage);
        commands.retain(|command| !done(command));
        moved.deploy(&commands, self.input, &Interruption::begin(), heard)
    }
}

/// Checks that did not agree.
pub(super) fn vetoes(reports: &[HookReport]) -> Vec<Obstacle> {
    let agrees = |report: &&HookReport| matches!(report.outcome, HookOutcome::Succeeded | HookOutcome::Skipped);
    let veto = |report: &HookReport| Obstacle::Hook {
        command: report.command.clone(),
        outcome: report.outcome,
        exit: report.exit,
        said: report.said.clone(),
    };
    reports.iter().filter(|report| !agrees(report)).map(veto).collect()
}
