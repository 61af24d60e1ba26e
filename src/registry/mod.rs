//! The journal of every model, and the state that follows from it.
//!
//! A model's journal is the only thing that changes. [`State`] is a fold over it; [`Registry::commit`] appends one
//! event by exclusive creation: of two processes one wins, the other folds the winner's event in and decides again.

mod approvals;
mod cases;
mod erased;
mod evidence;
mod journal;
mod names;
pub mod promote;
pub mod rollback;
mod stages;
mod state;
mod times;
mod waivers;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

pub use self::journal::{JournalCheck, JournalError, event_path};
pub use self::state::{State, at, place_at};

use crate::clock::{Clock, Time};
use crate::format::event::{self, ActorRecord, EventBody, EventFile, EventRecord, EventRef};
use crate::name::ModelName;
use crate::store::{Backend, Published};

/// So many states are kept at once.
const REMEMBERED: usize = 64;

/// The journals of a store.
pub struct Registry {
    backend: Arc<dyn Backend>,
    repository: String,
    clock: Arc<dyn Clock>,
    known: Mutex<HashMap<ModelName, State>>,
    /// The models from whose versions something was erased, once that was asked.
    erasing: Mutex<Option<Vec<ModelName>>>,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registry").field("repository", &self.repository).finish_non_exhaustive()
    }
}

/// What a verb decided, seeing the present state.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one at a time, on its way into a file")]
pub enum Decision<T> {
    /// Nothing needs to change.
    Keep(T),
    /// This must happen.
    Append(EventBody, T),
}

/// What became of a decision.
#[derive(Debug)]
pub struct Committed<T> {
    /// What the verb said about it.
    pub outcome: T,
    /// The event, if there was one.
    pub event: Option<(EventRef, EventRecord)>,
    /// The state afterwards.
    pub state: State,
}

impl Registry {
    /// The journals kept in `backend` for the history `repository`.
    pub fn new(backend: Arc<dyn Backend>, repository: String, clock: Arc<dyn Clock>) -> Self {
        Self { backend, repository, clock, known: Mutex::default(), erasing: Mutex::default() }
    }

    /// Now, by this registry's clock.
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// Now, as `model`'s journal would record it: a clock that was set back does not make the newest event one of the
    /// future. Whatever is decided about a model is decided by this time.
    pub fn now_in(&self, state: &State) -> Time {
        not_before_newest(state, self.clock.now())
    }

    /// Every model that has a journal, sorted.
    pub fn models(&self) -> Result<Vec<ModelName>, JournalError> {
        journal::models(&*self.backend)
    }

    /// Every model from whose versions something was erased, sorted. All are looked at for it, once in a process.
    pub fn erasing(&self) -> Result<Vec<ModelName>, JournalError> {
        if let Some(known) = self.erasing.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            return Ok(known.clone());
        }
        let mut found = Vec::new();
        for model in self.models()? {
            if self.state(&model)?.is_some_and(|state| !state.erased.is_empty()) {
                found.push(model);
            }
        }
        *self.erasing.lock().unwrap_or_else(PoisonError::into_inner) = Some(found.clone());
        Ok(found)
    }

    /// Whether `model` has a journal.
    pub fn has(&self, model: &ModelName) -> Result<bool, JournalError> {
        Ok(self.backend.length(&journal::event_path(model, 1))?.is_some())
    }

    /// The state of `model`; none if it has no journal. What this process has seen of it once is not read again.
    pub fn state(&self, model: &ModelName) -> Result<Option<State>, JournalError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let state = match known.remove(model) {
            Some(mut state) => {
                journal::fold_rest(&*self.backend, &mut state)?;
                Some(state)
            }
            None => journal::load(&*self.backend, model)?,
        };
        if let Some(state) = &state {
            // A look at all models does not keep them all.
            if known.len() >= REMEMBERED {
                known.clear();
            }
            known.insert(model.clone(), state.clone());
        }
        Ok(state)
    }

    /// The state of `model`, folded from its first event, trusting no checkpoint; none if it has no journal.
    pub fn replay(&self, model: &ModelName) -> Result<Option<State>, JournalError> {
        journal::replay(&*self.backend, model)
    }

    /// The state of `model` as it was at `time`; none if there was no journal yet.
    pub fn state_at(&self, model: &ModelName, time: Time) -> Result<Option<State>, JournalError> {
        let Some(newest) = self.state(model)? else { return Ok(None) };
        let mut state = State::before_creation(model.clone());
        while let Some(file) = self.event(model, state.seq() + 1)? {
            let seq = state.seq() + 1;
            let mut event = file.event.map_err(|source| JournalError::Format { model: model.clone(), seq, source })?;
            newest.with_time(&mut event);
            if event.time > time {
                break;
            }
            state.apply(&event, file.id)?;
        }
        Ok((state.seq() > 0).then_some(state))
    }

    /// One event of `model`.
    pub fn event(&self, model: &ModelName, seq: u64) -> Result<Option<EventFile>, JournalError> {
        journal::read(&*self.backend, model, seq)
    }

    /// Checks the whole chain of `model`, and that nothing stands beside it.
    pub fn check(&self, model: &ModelName) -> Result<JournalCheck, JournalError> {
        self.check_against(model, &[])
    }

    /// The same, knowing from elsewhere that these events were in it: who rewrites a journal and all its hashes cannot rewrite
    /// what others have written down.
    pub fn check_against(&self, model: &ModelName, known: &[EventRef]) -> Result<JournalCheck, JournalError> {
        journal::check(&*self.backend, model, &self.repository, known)
    }

    /// Makes what is visible of `model`'s journal durable: who wrote it may have died before it was.
    pub fn settle(&self, model: &ModelName) -> Result<(), JournalError> {
        Ok(journal::settle(&*self.backend, model)?)
    }

    /// Appends what `decide` says, deciding again whenever another process was first.
    pub fn commit<T, E: From<JournalError>>(
        &self,
        model: &ModelName,
        actor: &ActorRecord,
        mut decide: impl FnMut(&State) -> Result<Decision<T>, E>,
    ) -> Result<Committed<T>, E> {
        loop {
            let state = match self.state(model)? {
                Some(state) => state,
                None => {
                    let create = EventBody::Create { repository: self.repository.clone() };
                    let empty = State::before_creation(model.clone());
                    match self.append(&empty, actor, create)? {
                        Some((_, _, state)) => state,
                        None => continue,
                    }
                }
            };
            match decide(&state)? {
                Decision::Keep(outcome) => {
                    // What is relied on must be there for good, too.
                    self.settle(model)?;
                    return Ok(Committed { outcome, event: None, state });
                }
                Decision::Append(body, outcome) => {
                    if let Some((reference, record, state)) = self.append(&state, actor, body)? {
                        return Ok(Committed { outcome, event: Some((reference, record)), state });
                    }
                }
            }
        }
    }

    /// Creates the event behind `state`'s head; none if another process was first.
    fn append(
        &self,
        state: &State,
        actor: &ActorRecord,
        body: EventBody,
    ) -> Result<Option<(EventRef, EventRecord, State)>, JournalError> {
        let clock = self.clock.now();
        let time = times::not_before(state, &body).map_or(clock, |newest| clock.max(newest));
        let record = EventRecord {
            format: event::FORMAT.to_owned(),
            model: state.model.clone(),
            seq: state.seq() + 1,
            prev: state.head.map(|head| head.id),
            time,
            clock: (clock != time).then_some(clock),
            actor: actor.clone(),
            body,
        };
        if matches!(record.body, EventBody::Purge { .. }) {
            *self.erasing.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
        let encoded = event::encode(&record);
        let (bytes, id) =
            encoded.map_err(|source| JournalError::Format { model: state.model.clone(), seq: record.seq, source })?;
        let mut next = state.clone();
        next.apply(&record, id)?;
        match self.backend.publish_new(&journal::event_path(&state.model, record.seq), &bytes)? {
            Published::Exists => Ok(None),
            Published::Created => {
                let head = EventRef { seq: record.seq, id };
                journal::remember_head(&*self.backend, &state.model, head);
                journal::checkpoint_sometimes(&*self.backend, &next);
                Ok(Some((head, record, next)))
            }
        }
    }
}

fn not_before_newest(state: &State, clock: Time) -> Time {
    state.time().map_or(clock, |newest| clock.max(newest))
}
