//! `doctor --clock`: disowns the times of events that a wrong clock wrote. The events stay as they are; what is taken for their
//! times is one more event, and new ones get right times again.

use super::{Asked, MadeEvent, VerbError, check_text};
use crate::clock::Time;
use crate::format::event::{EventBody, EventFile, EventRecord};
use crate::name::ModelName;
use crate::registry::{Decision, JournalError, State};
use crate::repository::Repository;

/// What to do about it.
#[derive(Debug, Clone, Default)]
pub struct ClockOptions {
    /// Why those times are wrong.
    pub reason: String,
    /// Finds out, writes nothing.
    pub dry_run: bool,
}

/// What was found.
#[derive(Debug, Clone)]
pub struct ClockReport {
    /// What this machine's clock says: it must be right.
    pub now: Time,
    /// Each journal with events of the future; none: nothing is wrong.
    pub journals: Vec<Disowned>,
    /// Whether nothing was written.
    pub dry_run: bool,
}

/// Events of one journal whose times are not what they say.
#[derive(Debug, Clone)]
pub struct Disowned {
    /// Whose journal.
    pub model: ModelName,
    /// The number of the first one; it and all behind it.
    pub from: u64,
    /// Of each what it says, and what is taken for it.
    pub times: Vec<(Time, Time)>,
    /// The event that says so.
    pub event: Option<MadeEvent>,
}

/// Finds events of the future, and puts the most likely times in the place of theirs.
///
/// # Errors
/// Any [`VerbError`] if a journal cannot be read or written.
pub fn correct(repository: &Repository, options: &ClockOptions) -> Result<ClockReport, VerbError> {
    check_text("the reason", Some(&options.reason))?;
    let registry = repository.registry();
    let now = registry.now();
    let mut journals = Vec::new();
    let actor = Asked::begin(repository).answer();
    for name in registry.models()?.into_iter().chain([ModelName::of_store()]) {
        let Some(state) = registry.state(&name)? else { continue };
        let Some(mut found) = find(repository, &state, now)? else { continue };
        if !options.dry_run {
            let committed = registry.commit::<Option<Disowned>, VerbError>(&name, &actor, |state| {
                let found = find(repository, state, now)?;
                let body = found.as_ref().map(|found| EventBody::Clock {
                    from: found.from,
                    times: found.times.iter().map(|(_, taken)| *taken).collect(),
                    reason: options.reason.clone(),
                });
                Ok(body.map_or(Decision::Keep(None), |body| Decision::Append(body, found)))
            })?;
            // Somebody else may have done it.
            let Some(done) = committed.outcome else { continue };
            found = done;
            found.event = committed.event.map(|(event, record)| MadeEvent { event, time: record.time });
        }
        journals.push(found);
    }
    Ok(ClockReport { now, journals, dry_run: options.dry_run })
}

/// The events of a journal that are of the future: times never run backward, so all of them are the last.
fn find(repository: &Repository, state: &State, now: Time) -> Result<Option<Disowned>, VerbError> {
    if state.time().is_none_or(|newest| newest <= now) {
        return Ok(None);
    }
    let read = |seq: u64| -> Result<EventRecord, VerbError> {
        let file = repository.registry().event(&state.first_name, seq)?;
        let EventFile { event, .. } = file.ok_or_else(|| JournalError::missing(&state.first_name, seq))?;
        Ok(event.map_err(|source| JournalError::Format { model: state.model.clone(), seq, source })?)
    };
    let taken = |seq: u64| -> Result<Time, VerbError> {
        let mut event = read(seq)?;
        state.with_time(&mut event);
        Ok(event.time)
    };
    let (mut right, mut wrong) = (0, state.seq());
    while wrong - right > 1 {
        let middle = right + (wrong - right) / 2;
        if taken(middle)? > now { wrong = middle } else { right = middle }
    }
    let before = if right == 0 { None } else { Some(taken(right)?) };
    let events = (wrong..=state.seq()).map(read).collect::<Result<Vec<_>, _>>()?;
    let said: Vec<Time> = events.iter().map(|event| event.clock.unwrap_or(event.time)).collect();
    let times = events.iter().map(|event| event.time).zip(likely(&said, before, now)).collect();
    Ok(Some(Disowned { model: state.model.clone(), from: wrong, times, event: None }))
}

/// The most likely times of events, of which it is known what the clock said: one that was right meanwhile is believed. Events between
/// lie as far apart as their clock says, the last of them as late as can be: such an error is mostly noticed at once. None
/// is before the one before it.
fn likely(said: &[Time], before: Option<Time>, now: Time) -> Vec<Time> {
    let is_right = |clock: &&Time| **clock <= now;
    let mut times: Vec<Time> = Vec::with_capacity(said.len());
    for (index, clock) in said.iter().enumerate() {
        let mut guess = *clock;
        if !is_right(&clock) {
            let wrong = said[index..].iter().take_while(|clock| !is_right(clock)).count();
            let (last, next) = (said[index + wrong - 1], said.get(index + wrong).copied().unwrap_or(now));
            let apart = i64::try_from(last.since(*clock).as_millis()).unwrap_or(i64::MAX);
            guess = Time::from_milliseconds(next.milliseconds().saturating_sub(apart)).unwrap_or(next);
        }
        times.push(times.last().copied().or(before).map_or(guess, |floor| guess.max(floor)));
    }
    times
}
