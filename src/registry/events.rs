//! Event files: where they are, and the state that is folded from them.

use super::error::JournalError;
use super::state::State;
use crate::format::event::{self, EventFile};
use crate::name::ModelName;
use crate::store::{Backend, BackendError, JOURNAL};

/// The file of an event.
pub fn event_path(model: &ModelName, seq: u64) -> String {
    format!("{JOURNAL}/{}/{}", model.folder(), event::file_name(seq))
}

/// Makes the names of all events durable.
pub(super) fn settle(backend: &dyn Backend, model: &ModelName) -> Result<(), BackendError> {
    backend.settle(&format!("{JOURNAL}/{}", model.folder()))
}

/// One event; none if it does not exist.
pub(super) fn read(backend: &dyn Backend, model: &ModelName, seq: u64) -> Result<Option<EventFile>, JournalError> {
    read_naming(backend, model, seq, &[""])
}

/// One event, if one of `words` stands in it.
pub(super) fn read_naming(
    backend: &dyn Backend,
    model: &ModelName,
    seq: u64,
    words: &[&str],
) -> Result<Option<EventFile>, JournalError> {
    let bytes = match backend.read(&event_path(model, seq), event::MAX_EVENT as u64) {
        Err(BackendError::NotFound { .. }) => return Ok(None),
        other => other?,
    };
    // What is no text is no event, which decoding it says.
    if std::str::from_utf8(&bytes).is_ok_and(|text| words.iter().all(|word| !text.contains(word))) {
        return Ok(None);
    }
    let file = event::decode(&bytes).map_err(|source| JournalError::Format { model: model.clone(), seq, source })?;
    Ok(Some(file))
}

/// The state after event `seq`, from the first one on; none if there is no such event.
pub(super) fn replay_to(backend: &dyn Backend, model: &ModelName, seq: u64) -> Result<Option<State>, JournalError> {
    let mut state = State::before_creation(model.clone());
    fold_to(backend, &mut state, seq)?;
    Ok((state.seq() == seq).then_some(state))
}

/// Folds in every event behind the state's head.
pub(super) fn fold_rest(backend: &dyn Backend, state: &mut State) -> Result<(), JournalError> {
    fold_to(backend, state, event::MAX_SEQ)
}

fn fold_to(backend: &dyn Backend, state: &mut State, last: u64) -> Result<(), JournalError> {
    while state.seq() < last
        && let Some(file) = read(backend, &state.first_name, state.seq() + 1)?
    {
        let seq = state.seq() + 1;
        let record =
            file.event.map_err(|source| JournalError::Format { model: state.first_name.clone(), seq, source })?;
        state.apply(&record, file.id)?;
    }
    Ok(())
}
