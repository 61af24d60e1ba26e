//! A version's records as they are read now, and what is left of them without some fields.

use super::harmless;
use crate::digest::Digest;
use crate::format::checkpoint::VersionRow;
use crate::format::observation::ObservationRecord;
use crate::format::redacted::{Redactable, RedactedRecord};
use crate::format::scalar::Scalar;
use crate::format::snapshot::SnapshotRecord;
use crate::ops::VerbError;
use crate::ops::records::{Read, observation_and_erased, snapshot_and_erased};
use crate::registry::State;
use crate::repository::Repository;
use crate::snapshot::{self, fields};

/// A version as it is read now.
pub(super) struct Version {
    pub(super) snapshot: Read<SnapshotRecord>,
    pub(super) observation: Read<ObservationRecord>,
}

impl Version {
    /// What a tombstone says is left counts, also where the record is still there because erasing it was cut short.
    pub(super) fn read(repository: &Repository, state: &State, row: &VersionRow) -> Result<Self, VerbError> {
        let left = |id: Digest| state.erased_from(row.version).filter_map(|erased| erased.copy_of(id)).last();
        let snapshot = match left(row.snapshot.digest()) {
            Some(copy) => of_copy(repository, row.snapshot.digest(), copy)?,
            None => snapshot_and_erased(repository, row.snapshot)?,
        };
        let observation = match left(row.observation.digest()) {
            Some(copy) => of_copy(repository, row.observation.digest(), copy)?,
            None => observation_and_erased(repository, row.observation)?,
        };
        Ok(Self { snapshot, observation })
    }

    /// The value of a field.
    pub(super) fn value(&self, name: &str) -> Option<Scalar> {
        let all = fields::fields(&self.snapshot.record, &self.observation.record);
        all.into_iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }
}

fn of_copy<T: Redactable>(repository: &Repository, of: Digest, copy: Digest) -> Result<Read<T>, VerbError> {
    let copy = snapshot::load_copy(repository.store(), of, copy)?;
    Ok(Read { record: copy.record, erased: copy.erased })
}

/// The bytes of a copy from which `names` have gone too.
pub(super) fn redacted<T: Redactable + Clone>(
    of: Digest,
    read: &Read<T>,
    names: &[String],
) -> Result<Vec<u8>, VerbError> {
    let mut erased = read.erased.clone();
    erased.extend(names.iter().map(|name| harmless(name)));
    let unwritten = |source| VerbError::Record { kind: "redacted copy", id: of.to_string(), source };
    RedactedRecord::new(of, erased, read.record.clone()).encode().map_err(unwritten)
}
