//! What came along with imported versions: records that nothing here follows from, and that must be here all the same.

use super::VerbError;
use crate::digest::Digest;
use crate::format::checkpoint::VersionRow;
use crate::format::event::{EventBody, OriginRecord};
use crate::format::origin::KeptRecord;
use crate::registry::State;
use crate::repository::Repository;

/// Where a version was imported from; none: it was made here.
pub(super) fn origin(
    repository: &Repository,
    state: &State,
    row: &VersionRow,
) -> Result<Option<OriginRecord>, VerbError> {
    let event = repository.registry().event(&state.model, row.seq)?.and_then(|file| file.event.ok());
    Ok(match event.map(|event| event.body) {
        Some(EventBody::Import { origin, .. }) => Some(origin),
        _ => None,
    })
}

/// The records that came along with a version. A list that cannot be read is as lost as itself.
pub(super) fn records(repository: &Repository, state: &State, row: &VersionRow) -> Result<Vec<Digest>, VerbError> {
    let Some(list) = origin(repository, state, row)?.and_then(|origin| origin.records) else { return Ok(Vec::new()) };
    let mut all = vec![list];
    let kept = repository.store().record(list).ok().and_then(|bytes| KeptRecord::decode(&bytes).ok());
    all.extend(kept.into_iter().flat_map(|kept| kept.records.into_values()));
    Ok(all)
}
