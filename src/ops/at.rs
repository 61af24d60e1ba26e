//! `at`: who was in which stage at an instant, or over a time.

mod certificate;

use super::observed::{self, Standing};
use super::{VerbError, resolve, signoffs};
use crate::clock::{Moment, Time};
use crate::format::certificate::{Verdict, WaiverRecord};
use crate::format::checkpoint::{ApprovalRow, HookRow, ObservedRow, OccupancyRow, StageRow};
use crate::format::event::{EventBody, EventRef};
use crate::name::{ModelName, StageName};
use crate::registry::{self, State};
use crate::repository::Repository;
use crate::revision::{Revision, Target};

/// When to look, and at what.
#[derive(Debug, Clone, Default)]
pub struct AtOptions {
    /// The instant; none: now.
    pub time: Option<String>,
    /// The model; none: all of them.
    pub model: Option<ModelName>,
    /// The stage; none: all of them.
    pub stage: Option<StageName>,
    /// The beginning of a timeline.
    pub since: Option<String>,
    /// The end of a timeline.
    pub until: Option<String>,
}

/// Who was where.
#[derive(Debug, Clone)]
pub struct AtReport {
    /// The instant, or the end of the timeline.
    pub time: Time,
    /// The beginning of the timeline; none in one that begins with the first event.
    pub since: Option<Time>,
    /// Whether a timeline was asked for.
    pub timeline: bool,
    /// Whether that instant is still to come: what is told of it is how things stand now.
    pub ahead: bool,
    /// One entry for each stage and occupant, by model, stage and time.
    pub stages: Vec<Occupied>,
}

/// A version in a stage.
#[derive(Debug, Clone)]
pub struct Occupied {
    /// The model.
    pub model: ModelName,
    /// The stage.
    pub stage: StageName,
    /// The occupancy.
    pub occupancy: OccupancyRow,
    /// Until when; none: it still holds it.
    pub until: Option<Time>,
    /// What its certificate says; none: there is none, or it cannot be read any more.
    pub verdict: Option<Verdict>,
    /// What was waived of that, by whom and why.
    pub waivers: Vec<WaiverRecord>,
    /// The approvals that counted.
    pub approvals: Vec<ApprovalRow>,
    /// How the hooks of this move went.
    pub hooks: Vec<HookRow>,
    /// What places were found to serve, the newest finding of each; of the past, those from its time.
    pub observed: Vec<(ObservedRow, Option<Standing>)>,
    /// Whether there were too many events meanwhile to look through all of them for hooks and findings.
    pub cut: bool,
}

/// So many events are read for what happened outside, whatever is asked for: a past of a hundred thousand must be quick to look at.
const MOST_READ: u64 = 2000;
/// Of those of one occupancy so many are the first: its hooks run at once.
const FIRST_READ: u64 = 50;

/// Looks back.
///
/// # Errors
/// A time that is none, a model or stage that is not there, a day on which a stage changed hands; a journal that cannot be used.
pub fn at(repository: &Repository, options: &AtOptions) -> Result<AtReport, VerbError> {
    let now = repository.registry().now();
    // "Now" is the tip of every journal, whatever the clock says.
    let moment = resolve::past(repository, options.time.as_deref())?;
    let (since, until) = resolve::span(repository, options.since.as_deref(), options.until.as_deref())?;
    let timeline = options.since.is_some() || options.until.is_some();
    let end = moment.map(Moment::instant).or(until);
    let models = match &options.model {
        Some(model) => vec![model.clone()],
        None => repository.registry().models()?,
    };
    let mut stages = Vec::new();
    let mut room = MOST_READ;
    let mut newest = now;
    let wanted = |row: &&StageRow| options.stage.as_ref().is_none_or(|s| *s == row.stage);
    repository.registry().each_state(&models, |model, state| {
        let state = resolve::existing(repository, model, state?)?;
        newest = newest.max(state.time().unwrap_or(now));
        if let Some(stage) = &options.stage
            && options.model.is_some()
        {
            resolve::stage(repository, &state, Some(stage))?;
        }
        for row in state.stages.values().filter(wanted) {
            let selected: Vec<usize> = match end {
                _ if timeline => overlapping(row, since, end),
                None => row.occupant().and_then(|_| row.timeline.len().checked_sub(1)).into_iter().collect(),
                Some(time) => {
                    check_day(row, moment, options)?;
                    registry::place_at(row, time).into_iter().collect()
                }
            };
            for index in selected {
                stages.push(occupied(repository, &state, row, (index, end), &mut room)?);
            }
        }
        Ok::<(), VerbError>(())
    })?;
    if options.model.is_none()
        && let (Some(stage), []) = (&options.stage, stages.as_slice())
    {
        known_stage(repository, stage)?;
    }
    Ok(AtReport { time: end.unwrap_or(now), since, timeline, ahead: end.is_some_and(|end| end > newest), stages })
}

/// A stage that no model has is a slip.
fn known_stage(repository: &Repository, stage: &StageName) -> Result<(), VerbError> {
    let mut refused = None;
    for model in repository.registry().models()? {
        match resolve::stage(repository, &resolve::state(repository, &model)?, Some(stage)) {
            Ok(_) => return Ok(()),
            Err(error) => refused = Some(error),
        }
    }
    refused.map_or(Ok(()), Err)
}

fn overlapping(row: &StageRow, since: Option<Time>, until: Option<Time>) -> Vec<usize> {
    (0..row.timeline.len())
        .filter(|i| {
            let ends = row.end_of(*i).map(|end| end.time);
            let begun = until.is_none_or(|until| row.timeline[*i].since <= until);
            begun && ends.is_none_or(|end| since.is_none_or(|since| end > since))
        })
        .collect()
}

fn check_day(row: &StageRow, moment: Option<Moment>, options: &AtOptions) -> Result<(), VerbError> {
    let Some(moment) = moment else { return Ok(()) };
    let asked = Revision { model: None, target: Target::Stage(row.stage.clone()), time: options.time.clone(), back: 0 };
    Ok(resolve::unambiguous_day(row, moment, &asked)?)
}

/// A version in a stage, and what became of it outside.
fn occupied(
    repository: &Repository,
    state: &State,
    row: &StageRow,
    (index, until): (usize, Option<Time>),
    room: &mut u64,
) -> Result<Occupied, VerbError> {
    let occupancy = row.timeline[index].clone();
    let end = row.end_of(index);
    let certificate = certificate::said(repository, state, &occupancy, room);
    let (verdict, waivers) = certificate.map_or((None, Vec::new()), |(verdict, waivers)| (Some(verdict), waivers));
    let mut found = Occupied {
        model: state.model.clone(),
        stage: row.stage.clone(),
        until: end.map(|end| end.time),
        verdict,
        waivers,
        approvals: signoffs::approvals::named(state, &occupancy.approvals),
        occupancy,
        hooks: Vec::new(),
        observed: Vec::new(),
        cut: false,
    };
    if end.is_none() && until.is_none_or(|until| state.time().is_none_or(|newest| newest <= until)) {
        // What is so now is in the state.
        found.hooks.clone_from(&row.hooks);
        found.observed = observed::of_stage(state, &row.stage);
        return Ok(found);
    }
    let (first, last) = (found.occupancy.event.seq + 1, end.map_or(state.seq() + 1, |end| end.event.seq));
    let length = last.saturating_sub(first);
    let read = length.min(*room);
    *room -= read;
    found.cut = read < length;
    let early = read.min(FIRST_READ);
    for seq in (first..first + early).chain(last - (read - early)..last) {
        let Some(file) = repository.registry().event(&state.first_name, seq)? else { break };
        let Ok(mut event) = file.event else { continue };
        state.with_time(&mut event);
        if until.is_some_and(|until| event.time > until) {
            break;
        }
        let (event_ref, time) = (EventRef { seq, id: file.id }, event.time);
        match event.body {
            EventBody::Hook { of, when, command, outcome, .. } if of == Some(found.occupancy.event.seq) => {
                found.hooks.push(HookRow { when, command, outcome, event: event_ref, time });
            }
            EventBody::Observed { stage, place, version, expected, differences } if stage == row.stage => {
                found.observed.retain(|(seen, _)| seen.place != place);
                let seen = ObservedRow { stage, place, version, expected, differences, event: event_ref, time };
                let standing = observed::beside(state, &seen, &found.occupancy);
                found.observed.push((seen, Some(standing)));
            }
            _ => {}
        }
    }
    Ok(found)
}
