//! Evidence that was attached to versions, laid beside their own: a record is never changed, so what came later stands in events.

use super::{VerbError, records};
use crate::format::checkpoint::{AttachedRow, VersionRow};
use crate::format::event::{AttachedRecord, EventBody, EventRecord};
use crate::format::snapshot::SnapshotRecord;
use crate::registry::{JournalError, State};
use crate::repository::Repository;

/// The event that attached something, and what.
pub(super) fn event(
    repository: &Repository,
    state: &State,
    row: &AttachedRow,
) -> Result<(EventRecord, AttachedRecord), VerbError> {
    let seq = row.event.seq;
    let gone = || JournalError::missing(&state.model, seq);
    let file = repository.registry().event(&state.model, seq)?.ok_or_else(gone)?;
    let mut event = file.event.map_err(|source| JournalError::Format { model: state.model.clone(), seq, source })?;
    state.with_time(&mut event);
    match event.body.clone() {
        EventBody::Attach { evidence, .. } => Ok((event, evidence)),
        _ => Err(gone().into()),
    }
}

/// A version's record, with the newest evidence of each set that was attached to it among its own: what it is judged by.
pub(super) fn judged(repository: &Repository, state: &State, row: &VersionRow) -> Result<SnapshotRecord, VerbError> {
    let mut record = records::snapshot(repository, row.snapshot)?;
    for attached in state.attached_to(row.version) {
        if state.attached_set(row.version, &attached.set) == Some(attached) {
            add(&mut record, event(repository, state, attached)?.1);
        }
    }
    Ok(record)
}

/// A version's record, with everything that was ever attached to it among its own: what is kept of it.
pub(super) fn kept(repository: &Repository, state: &State, row: &VersionRow) -> Result<SnapshotRecord, VerbError> {
    let mut record = records::snapshot(repository, row.snapshot)?;
    for attached in state.attached_to(row.version) {
        add(&mut record, event(repository, state, attached)?.1);
    }
    Ok(record)
}

fn add(record: &mut SnapshotRecord, evidence: AttachedRecord) {
    match evidence {
        AttachedRecord::Predictions(set) => record.predictions.push(set),
        AttachedRecord::Samples(set) => record.samples.push(set),
    }
}
