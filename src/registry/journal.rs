//! Journals: which there are, the present state of one, how a chain is checked.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::checkpoints;
use super::error::JournalError;
use super::events::{event_path, fold_rest, read};
use super::state::State;
use crate::format::event::{self, EventBody, EventRef};
use crate::format::head;
use crate::id::EventId;
use crate::name::ModelName;
use crate::store::{Backend, BackendError, CACHE, JOURNAL};

/// The checkpoint of a journal up to here is cheap: whoever had to fold this many events behind it leaves another one.
const SHORT: u64 = 1024;
const FEW: u64 = 4;

/// What a look at a whole journal found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JournalCheck {
    /// Events read.
    pub events: u64,
    /// Its newest event.
    pub head: Option<(u64, EventId)>,
    /// The first thing that is wrong: which event, and what.
    pub problem: Option<(u64, String)>,
}

fn head_path(model: &ModelName) -> String {
    format!("{CACHE}/heads/{}", model.folder())
}

/// Every model with a journal, or one that is remembered: a journal that is gone is a loss, not the present.
pub(super) fn models(backend: &dyn Backend) -> Result<Vec<ModelName>, JournalError> {
    let remembered = backend.list(&format!("{CACHE}/heads"))?;
    let mut found: BTreeSet<ModelName> =
        remembered.iter().filter_map(|entry| ModelName::of_folder(&entry.name).ok()).collect();
    for entry in backend.list(JOURNAL)?.into_iter().filter(|entry| entry.folder) {
        if let Ok(model) = ModelName::of_folder(&entry.name)
            && !found.contains(&model)
            // A journal that lost its first event is still one.
            && (backend.length(&event_path(&model, 1))?.is_some() || last(backend, &model)? > 0)
        {
            found.insert(model);
        }
    }
    Ok(found.into_iter().collect())
}

fn is_event_name(name: &str) -> bool {
    name.len() == 16 && name.bytes().all(|b| b.is_ascii_digit())
}

/// The first name of the model that `name` is another name of; none if it is no other name. What cannot be read is none.
pub(super) fn alias_of(backend: &dyn Backend, name: &ModelName) -> Result<Option<ModelName>, JournalError> {
    let first = match read(backend, name, 1) {
        Err(JournalError::Backend(error)) => return Err(error.into()),
        Err(_) | Ok(None) => return Ok(None),
        Ok(Some(file)) => file.event.ok(),
    };
    Ok(first.and_then(|event| match event.body {
        EventBody::Rename { folder, .. } => Some(folder),
        _ => None,
    }))
}

/// Whether a journal is nothing but another name of a model. Such a one has a single event: of most it is not read.
pub(super) fn is_name_only(backend: &dyn Backend, name: &ModelName) -> Result<bool, JournalError> {
    Ok(backend.length(&event_path(name, 2))?.is_none() && alias_of(backend, name)?.is_some())
}

/// What is wrong with how a journal and the names of its model lead to each other.
fn check_names(backend: &dyn Backend, state: &State) -> Result<Option<(u64, String)>, JournalError> {
    let leads_to = |name: &ModelName| Ok::<_, JournalError>(alias_of(backend, name)?.unwrap_or_else(|| name.clone()));
    if let Some(first) = &state.alias_of {
        let begun = backend.length(&event_path(first, 1))?.is_some() && leads_to(first)? == *first;
        return Ok((!begun).then(|| (1, format!("the name belongs to `{first}`, which is no model"))));
    }
    let leads_back = leads_to(&state.model)? == state.first_name;
    Ok((!leads_back)
        .then(|| (state.seq(), format!("the model is called `{}`, which does not lead to it", state.model))))
}

/// The state after the newest event, from the checkpoint if it can be trusted. An end before one that this store has seen is
/// a loss, not the present.
pub(super) fn load(backend: &Arc<dyn Backend>, model: &ModelName) -> Result<Option<State>, JournalError> {
    // Asked first: what others append while this reads is no loss.
    let remembered = remembered_head(&**backend, model);
    let state = load_unchecked(backend, model, remembered)?;
    let found = state.as_ref().map_or(0, State::seq);
    match remembered {
        // Remembered a moment ago by another process is no loss: its event is there.
        Some(head) if head.seq > found && backend.length(&event_path(model, head.seq))?.is_none() => {
            Err(JournalError::Lost { model: model.clone(), expected: head.seq, found })
        }
        _ => Ok(state),
    }
}

/// The newest event this store remembers; a cache, so there may be none.
fn remembered_head(backend: &dyn Backend, model: &ModelName) -> Option<EventRef> {
    head::decode(&backend.read(&head_path(model), 256).ok()?)
}

/// Remembers the newest event, so that its removal is noticed. Of two writers the earlier may win: the next one mends that.
pub(super) fn remember_head(backend: &dyn Backend, model: &ModelName, head: EventRef) {
    if let Ok(bytes) = head::encode(&head) {
        let _ = backend.cache(&head_path(model), &bytes);
    }
}

/// Whether an event is the one that is meant. What it says is not looked at.
fn is_there(backend: &dyn Backend, model: &ModelName, event: EventRef) -> bool {
    let bytes = backend.read(&event_path(model, event.seq), event::MAX_EVENT as u64);
    bytes.is_ok_and(|bytes| event::digest(&bytes).is_ok_and(|(id, _)| id == event.id))
}

fn load_unchecked(
    backend: &Arc<dyn Backend>,
    model: &ModelName,
    remembered: Option<EventRef>,
) -> Result<Option<State>, JournalError> {
    let checkpoint = checkpoints::read(backend, model).filter(|c| c.model == *model);
    let backend = &**backend;
    let Some(checkpoint) = checkpoint else { return replay(backend, model) };
    let head = checkpoint.head;
    if !is_there(backend, model, head) {
        let state = replay(backend, model)?;
        let found = state.as_ref().map_or(0, State::seq);
        return if found < head.seq {
            Err(JournalError::Lost { model: model.clone(), expected: head.seq, found })
        } else {
            Ok(state)
        };
    }
    let mut state = State::from_checkpoint(checkpoint);
    fold_rest(backend, &mut state)?;
    // Whoever wrote an event behind a gap remembered it as the newest.
    if remembered.is_none_or(|remembered| state.head != Some(remembered)) {
        // Checkpoints lie closer together than this, so nothing behind a gap is further away.
        let near = (1..=2 * checkpoints::EVERY).map(|ahead| state.seq() + 1 + ahead);
        for seq in near {
            check_gap(backend, &state, backend.length(&event_path(model, seq))?.is_some())?;
        }
    }
    let enough = if state.seq() <= SHORT { FEW } else { 2 * checkpoints::EVERY };
    if state.seq() >= head.seq + enough {
        checkpoints::write(backend, &mut state);
    }
    Ok(Some(state))
}

/// The state after the newest event, from the first one on.
pub(super) fn replay(backend: &dyn Backend, model: &ModelName) -> Result<Option<State>, JournalError> {
    let mut state = State::before_creation(model.clone());
    fold_rest(backend, &mut state)?;
    check_gap(backend, &state, last(backend, model)? > state.seq())?;
    if state.seq() >= 2 * checkpoints::EVERY {
        checkpoints::write(backend, &mut state);
    }
    Ok((state.seq() > 0).then_some(state))
}

/// An event that is not there although later ones are was taken away: it is not the end.
fn check_gap(backend: &dyn Backend, state: &State, later: bool) -> Result<(), JournalError> {
    let seq = state.seq() + 1;
    // Looked at again: both may have been written just now.
    if later && backend.length(&event_path(&state.first_name, seq))?.is_none() {
        return Err(JournalError::missing(&state.first_name, seq));
    }
    Ok(())
}

/// The greatest number of an event file, or of what lies where one should; 0 if there is none.
fn last(backend: &dyn Backend, model: &ModelName) -> Result<u64, JournalError> {
    let names = backend.list(&format!("{JOURNAL}/{}", model.folder()))?;
    let seqs = names.iter().filter(|e| is_event_name(&e.name)).filter_map(|e| e.name.parse().ok());
    Ok(seqs.max().unwrap_or(0))
}

/// Reads every event of a journal and everything that lies beside them; `repository` is the history the store is for, `known` are
/// events that were in it.
pub(super) fn check(
    backend: &Arc<dyn Backend>,
    model: &ModelName,
    repository: &str,
    known: &[EventRef],
) -> Result<JournalCheck, JournalError> {
    // Asked first: what others append while this reads is no loss.
    let remembered = remembered_head(&**backend, model);
    let checkpoint = checkpoints::read(backend, model);
    let backend = &**backend;
    let last = last(backend, model)?;
    let mut state = State::before_creation(model.clone());
    let mut found = JournalCheck::default();
    while found.problem.is_none() && state.seq() < last {
        let seq = state.seq() + 1;
        found.problem = match read(backend, model, seq) {
            Ok(None) => Some((seq, "it is missing".to_owned())),
            Ok(Some(file)) => match file.event {
                Ok(record) => state.apply(&record, file.id).err().map(|e| (seq, e.to_string())),
                Err(error) => Some((seq, error.to_string())),
            },
            Err(JournalError::Format { source, .. }) => Some((seq, source.to_string())),
            Err(JournalError::Backend(error @ (BackendError::TooLong { .. } | BackendError::NotAFile { .. }))) => {
                Some((seq, error.to_string()))
            }
            Err(other) => return Err(other),
        };
        if let Some(checkpoint) = checkpoint.as_ref().filter(|c| state.head == Some(c.head))
            && found.problem.is_none()
            && (state.to_checkpoint().as_ref() != Some(checkpoint) || !checkpoint.is_in_order())
        {
            let path = checkpoints::path(model);
            found.problem =
                Some((seq, format!("`{path}` says something else than the events up to it; remove that file")));
        }
    }
    found.events = state.seq();
    found.head = state.head.map(|h| (h.seq, h.id));
    if found.problem.is_none() && state.seq() > 0 {
        found.problem = check_names(backend, &state)?;
    }
    if found.problem.is_none() && state.seq() > 0 && state.alias_of.is_none() && state.repository != repository {
        let began = &state.repository;
        found.problem = Some((1, format!("it begins the history {began}, and `format.json` says {repository}")));
    }
    for known in checkpoint.map(|c| c.head).into_iter().chain(remembered).chain(known.iter().copied()) {
        if found.problem.is_some() {
            break;
        }
        if known.seq > last && backend.length(&event_path(model, known.seq))?.is_none() {
            found.problem = Some((last + 1, format!("it is missing; event {} has existed", known.seq)));
        } else if matches!(read(backend, model, known.seq), Ok(Some(file)) if file.id != known.id) {
            found.problem = Some((known.seq, "it is not the event that was there before".to_owned()));
        }
    }
    Ok(found)
}
