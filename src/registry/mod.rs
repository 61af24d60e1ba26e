//! The journal of every model, and the state that follows from it.
//!
//! A model's journal is the only thing that changes. [`State`] is a fold over it; [`Registry::commit`] appends one
//! event by exclusive creation: of two processes one wins, the other folds the winner's event in and decides again.

mod approvals;
mod cases;
mod checkpoints;
mod erased;
mod error;
mod events;
mod evidence;
mod journal;
mod names;
pub mod promote;
pub mod quorum;
pub mod rollback;
mod stages;
mod state;
mod times;
mod waivers;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rayon::prelude::*;

pub use self::error::JournalError;
pub use self::events::event_path;
pub use self::journal::JournalCheck;
pub use self::state::{State, at, place_at};

use crate::clock::{Clock, Time};
use crate::format::event::{self, ActorRecord, EventBody, EventFile, EventRecord, EventRef};
use crate::name::ModelName;
use crate::store::{Backend, Published};

/// So many states are kept at once.
const REMEMBERED: usize = 64;
/// So many are read side by side.
const TOGETHER: usize = 256;

/// The journals of a store.
pub struct Registry {
    backend: Arc<dyn Backend>,
    repository: String,
    clock: Arc<dyn Clock>,
    known: Mutex<Known>,
    /// The models from whose versions something was erased, once that was asked.
    erasing: Mutex<Option<Vec<ModelName>>>,
}

/// What this process has read.
#[derive(Default)]
struct Known {
    /// By first name.
    states: HashMap<ModelName, State>,
    /// Of names that models have or had, the first.
    first_names: HashMap<ModelName, ModelName>,
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

    /// Every model that has a journal, by the name it was created under, sorted. Other names of them are none.
    pub fn models(&self) -> Result<Vec<ModelName>, JournalError> {
        let mut found = Vec::new();
        for name in self.journals()? {
            if !journal::is_name_only(&*self.backend, &name)? {
                found.push(name);
            }
        }
        Ok(found)
    }

    /// Every journal there is: of models, and of names that belong to one.
    pub fn journals(&self) -> Result<Vec<ModelName>, JournalError> {
        journal::models(&*self.backend)
    }

    /// Every model from whose versions something was erased, sorted. All are looked at for it, once in a process.
    pub fn erasing(&self) -> Result<Vec<ModelName>, JournalError> {
        if let Some(known) = self.erasing.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            return Ok(known.clone());
        }
        let mut found = Vec::new();
        self.each_state(&self.models()?, |model, state| {
            if state?.is_some_and(|state| !state.erased.is_empty()) {
                found.push(model.clone());
            }
            Ok::<(), JournalError>(())
        })?;
        *self.erasing.lock().unwrap_or_else(PoisonError::into_inner) = Some(found.clone());
        Ok(found)
    }

    /// Whether a model is called `name`, or was.
    pub fn has(&self, name: &ModelName) -> Result<bool, JournalError> {
        Ok(self.backend.length(&events::event_path(name, 1))?.is_some())
    }

    /// The name that the model called `name` was created under; `name` itself if there is no such model.
    pub fn first_name(&self, name: &ModelName) -> Result<ModelName, JournalError> {
        if let Some(first) = self.known().first_names.get(name) {
            return Ok(first.clone());
        }
        if !self.has(name)? {
            return Ok(name.clone());
        }
        let first = journal::alias_of(&*self.backend, name)?.unwrap_or_else(|| name.clone());
        self.known().first_names.insert(name.clone(), first.clone());
        Ok(first)
    }

    /// Gives `name` to a model, unless it belongs to another one: it is a journal of its own, and whoever is first has it.
    /// Returns the first name of the model it belongs to.
    pub fn claim(&self, name: &ModelName, of: &State, actor: &ActorRecord) -> Result<ModelName, JournalError> {
        if self.has(name)? {
            return self.first_name(name);
        }
        let (folder, from, to) = (of.first_name.clone(), of.model.clone(), name.clone());
        let body = EventBody::Rename { folder, from, to, reason: None };
        self.append(&State::before_creation(name.clone()), actor, body)?;
        self.known().first_names.remove(name);
        self.first_name(name)
    }

    /// The state of the model called `name`, or that was; none if there is none. What this process has seen of it once is not
    /// read again.
    pub fn state(&self, name: &ModelName) -> Result<Option<State>, JournalError> {
        self.look(name, State::clone)
    }

    /// What the model called `name`, or that was, is called now; none if there is none.
    pub fn name(&self, name: &ModelName) -> Result<Option<ModelName>, JournalError> {
        self.look(name, |state| state.model.clone())
    }

    fn look<T>(&self, name: &ModelName, see: impl FnOnce(&State) -> T) -> Result<Option<T>, JournalError> {
        let mut known = self.known();
        let mut name = known.first_names.get(name).unwrap_or(name).clone();
        // A name leads to the first one at once.
        for led in [false, true] {
            let state = match known.states.remove(&name) {
                Some(mut state) => {
                    events::fold_rest(&*self.backend, &mut state)?;
                    Some(state)
                }
                None => journal::load(&self.backend, &name)?,
            };
            match state.map(|state| (state.alias_of.clone(), state)) {
                None if !led => return Ok(None),
                Some((None, state)) => {
                    known.first_names.insert(name.clone(), name.clone());
                    let seen = see(&state);
                    // A look at all models does not keep them all.
                    if known.states.len() >= REMEMBERED {
                        known.states.clear();
                    }
                    known.states.insert(name, state);
                    return Ok(Some(seen));
                }
                Some((Some(first), _)) if !led => {
                    known.first_names.insert(name, first.clone());
                    name = first;
                }
                _ => break,
            }
        }
        Err(JournalError::missing(&name, 1))
    }

    /// Shows `see` the state of the model called by each of `names`, in their order. They are read side by side, and not kept.
    pub fn each_state<E>(
        &self,
        names: &[ModelName],
        mut see: impl FnMut(&ModelName, Result<Option<State>, JournalError>) -> Result<(), E>,
    ) -> Result<(), E> {
        if let [one] = names {
            return see(one, self.state(one));
        }
        // What is kept at once is bounded, however many there are.
        for together in names.chunks(TOGETHER) {
            let states: Vec<_> = together.par_iter().map(|name| self.state_alone(name)).collect();
            together.iter().zip(states).try_for_each(|(name, state)| see(name, state))?;
        }
        Ok(())
    }

    /// The state of one of many models: read, and not kept.
    pub fn state_alone(&self, name: &ModelName) -> Result<Option<State>, JournalError> {
        let Some(state) = journal::load(&self.backend, name)? else { return Ok(None) };
        let Some(first) = &state.alias_of else { return Ok(Some(state)) };
        match journal::load(&self.backend, first)? {
            Some(state) if state.alias_of.is_none() => Ok(Some(state)),
            _ => Err(JournalError::missing(first, 1)),
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state of a model, folded from its first event, trusting no checkpoint; none if it has no journal.
    pub fn replay(&self, name: &ModelName) -> Result<Option<State>, JournalError> {
        journal::replay(&*self.backend, &self.first_name(name)?)
    }

    /// The state of `model` as it was at `time`, by the name it has now; none if there was no journal yet.
    pub fn state_at(&self, model: &ModelName, time: Time) -> Result<Option<State>, JournalError> {
        let Some(newest) = self.state(model)? else { return Ok(None) };
        let mut state = State::before_creation(newest.first_name.clone());
        while let Some(file) = self.event(model, state.seq() + 1)? {
            let seq = state.seq() + 1;
            let mut event = file.event.map_err(|source| JournalError::Format { model: model.clone(), seq, source })?;
            newest.with_time(&mut event);
            if event.time > time {
                break;
            }
            state.apply(&event, file.id)?;
        }
        state.model.clone_from(&newest.model);
        state.corrected.clone_from(&newest.corrected);
        Ok((state.seq() > 0).then_some(state))
    }

    /// One event of `model`.
    pub fn event(&self, model: &ModelName, seq: u64) -> Result<Option<EventFile>, JournalError> {
        events::read(&*self.backend, &self.first_name(model)?, seq)
    }

    /// The events from `first` to `last` of `model` in whose text one of `words` stands: the others are read, but not understood.
    pub fn events_naming(
        &self,
        model: &ModelName,
        (first, last): (u64, u64),
        words: &[&str],
    ) -> Result<Vec<(u64, EventFile)>, JournalError> {
        let name = self.first_name(model)?;
        let mut found = Vec::new();
        for seq in first..=last {
            found.extend(events::read_naming(&*self.backend, &name, seq, words)?.map(|file| (seq, file)));
        }
        Ok(found)
    }

    /// Checks the whole chain of a journal, and that nothing stands beside it.
    pub fn check(&self, journal: &ModelName) -> Result<JournalCheck, JournalError> {
        self.check_against(journal, &[])
    }

    /// The same, knowing from elsewhere that these events were in it: who rewrites a journal and all its hashes cannot rewrite
    /// what others have written down.
    pub fn check_against(&self, journal: &ModelName, known: &[EventRef]) -> Result<JournalCheck, JournalError> {
        journal::check(&self.backend, journal, &self.repository, known)
    }

    /// Makes what is visible of `model`'s journal durable: who wrote it may have died before it was.
    pub fn settle(&self, model: &ModelName) -> Result<(), JournalError> {
        Ok(events::settle(&*self.backend, &self.first_name(model)?)?)
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
        let time = state.not_before(&body).map_or(clock, |newest| clock.max(newest));
        let record = EventRecord {
            format: event::FORMAT.to_owned(),
            model: state.first_name.clone(),
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
        let (bytes, id) = encoded.map_err(|source| JournalError::Format {
            model: state.first_name.clone(),
            seq: record.seq,
            source,
        })?;
        let mut next = state.clone();
        next.apply(&record, id)?;
        match self.backend.publish_new(&events::event_path(&state.first_name, record.seq), &bytes)? {
            Published::Exists => Ok(None),
            Published::Created => {
                let head = EventRef { seq: record.seq, id };
                journal::remember_head(&*self.backend, &state.first_name, head);
                checkpoints::write_sometimes(&*self.backend, &mut next);
                Ok(Some((head, record, next)))
            }
        }
    }
}

fn not_before_newest(state: &State, clock: Time) -> Time {
    state.time().map_or(clock, |newest| clock.max(newest))
}
