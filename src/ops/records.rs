//! Reading the records of versions. Where something was erased from one, what is left of it is read in its place: versions,
//! certificates and stages go on naming the record itself.

use super::VerbError;
use crate::digest::Digest;
use crate::format::observation::ObservationRecord;
use crate::format::profile::ProfileRecord;
use crate::format::redacted::Redactable;
use crate::format::snapshot::SnapshotRecord;
use crate::id::{ObservationId, ProfileId, SnapshotId};
use crate::repository::Repository;
use crate::snapshot::{self, SnapshotError};
use crate::store::StoreError;

/// A record, and the fields that were erased from it.
#[derive(Debug, Clone)]
pub(super) struct Read<T> {
    /// The record, or what is left of it.
    pub record: T,
    /// The fields, in the order they were erased.
    pub erased: Vec<String>,
}

/// A snapshot record.
pub(super) fn snapshot(repository: &Repository, id: SnapshotId) -> Result<SnapshotRecord, VerbError> {
    Ok(snapshot_and_erased(repository, id)?.record)
}

/// What surrounded a snapshot.
pub(super) fn observation(repository: &Repository, id: ObservationId) -> Result<ObservationRecord, VerbError> {
    Ok(observation_and_erased(repository, id)?.record)
}

/// The profile of a version's data.
pub(super) fn profile(repository: &Repository, id: ProfileId) -> Result<ProfileRecord, VerbError> {
    Ok(read(repository, id.digest(), snapshot::load_profile(repository.store(), id))?.record)
}

/// A snapshot record, and what was erased from it.
pub(super) fn snapshot_and_erased(repository: &Repository, id: SnapshotId) -> Result<Read<SnapshotRecord>, VerbError> {
    read(repository, id.digest(), snapshot::load(repository.store(), id))
}

/// What surrounded a snapshot, and what was erased from that.
pub(super) fn observation_and_erased(
    repository: &Repository,
    id: ObservationId,
) -> Result<Read<ObservationRecord>, VerbError> {
    read(repository, id.digest(), snapshot::load_observation(repository.store(), id))
}

/// The stored bytes of a record, or of what is left of it.
pub(super) fn bytes(repository: &Repository, record: Digest) -> Result<Vec<u8>, VerbError> {
    match (repository.store().record(record), || copy_of(repository, record)) {
        (Err(error @ StoreError::Missing { .. }), copy) => match copy()? {
            Some(copy) => Ok(repository.store().record(copy)?),
            None => Err(error.into()),
        },
        (read, _) => Ok(read?),
    }
}

/// What is read in the place of a record from which something was erased, whichever journal says so.
pub(super) fn copy_of(repository: &Repository, record: Digest) -> Result<Option<Digest>, VerbError> {
    let registry = repository.registry();
    for model in registry.models()? {
        if let Some(copy) = registry.state(&model)?.and_then(|state| state.copy_of(record)) {
            return Ok(Some(copy));
        }
    }
    Ok(None)
}

fn read<T: Redactable>(
    repository: &Repository,
    id: Digest,
    loaded: Result<T, SnapshotError>,
) -> Result<Read<T>, VerbError> {
    let missing = match loaded {
        Ok(record) => return Ok(Read { record, erased: Vec::new() }),
        Err(SnapshotError::Store(error @ StoreError::Missing { .. })) => error,
        Err(other) => return Err(other.into()),
    };
    match copy_of(repository, id)? {
        None => Err(SnapshotError::Store(missing).into()),
        Some(copy) => {
            let copy = snapshot::load_copy(repository.store(), id, copy)?;
            Ok(Read { record: copy.record, erased: copy.erased })
        }
    }
}
