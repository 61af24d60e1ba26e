//! A [`Capture`](crate::capture::Capture) → a stored snapshot, and back to files.

mod build;
pub mod fields;
mod files;
mod folders;
pub mod found;
pub mod profiles;
mod reach;
mod received;
pub mod restore;
mod same;
mod tensors;

pub use self::build::{Built, build, bytes_needed, every_file};
pub use self::folders::{TreeFile, files_of};
pub use self::reach::{Lost, Reached, reach};
pub use self::received::Received;
pub use self::same::{Sources, differs_in, environment_differences};

use crate::digest::Digest;
use crate::format::FormatError;
use crate::format::canonical;
use crate::format::observation::{self, ObservationRecord};
use crate::format::profile::{self, ProfileRecord};
use crate::format::redacted::{Redactable, RedactedRecord};
use crate::format::snapshot::{self, SnapshotRecord};
use crate::id::{ObservationId, ProfileId, SnapshotId};
use crate::store::{Store, StoreError, Writer};

/// Why a snapshot could not be stored or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file could not be read while it was stored, or changed.
    #[error("cannot read `{path}`")]
    File {
        /// Which file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The record cannot be read by this program, or is not one.
    #[error("snapshot {id} cannot be read")]
    Format {
        /// Which.
        id: SnapshotId,
        /// Why.
        source: FormatError,
    },
    /// The record could not be written.
    #[error("the record cannot be encoded")]
    Encode {
        /// Why.
        source: FormatError,
    },
}

/// Reads a snapshot record.
pub fn load(store: &Store, id: SnapshotId) -> Result<SnapshotRecord, SnapshotError> {
    let bytes = store.record(id.digest())?;
    canonical::decode(snapshot::FORMAT, &bytes).map_err(|source| SnapshotError::Format { id, source })
}

/// Hands what surrounded a snapshot to `writer`.
pub fn put_observation(
    writer: &mut Writer<'_>,
    observation: &ObservationRecord,
) -> Result<ObservationId, SnapshotError> {
    let bytes =
        canonical::encode(observation::FORMAT, observation).map_err(|source| SnapshotError::Encode { source })?;
    Ok(ObservationId::new(writer.put_record(&bytes)?))
}

/// Reads what surrounded a snapshot.
pub fn load_observation(store: &Store, id: ObservationId) -> Result<ObservationRecord, SnapshotError> {
    let bytes = store.record(id.digest())?;
    let unreadable = |source| SnapshotError::Format { id: SnapshotId::new(id.digest()), source };
    canonical::decode(observation::FORMAT, &bytes).map_err(unreadable)
}

/// Reads the profile of a version's data.
pub fn load_profile(store: &Store, id: ProfileId) -> Result<ProfileRecord, SnapshotError> {
    let bytes = store.record(id.digest())?;
    let unreadable = |source| SnapshotError::Format { id: SnapshotId::new(id.digest()), source };
    canonical::decode(profile::FORMAT, &bytes).map_err(unreadable)
}

/// Reads what is left of a record from which something was erased.
pub fn load_copy<T: Redactable>(store: &Store, of: Digest, copy: Digest) -> Result<RedactedRecord<T>, SnapshotError> {
    let bytes = store.record(copy)?;
    RedactedRecord::decode(&bytes, of).map_err(|source| SnapshotError::Format { id: SnapshotId::new(of), source })
}

/// Whether the record stored under `id` is a snapshot.
pub fn is_snapshot(store: &Store, id: Digest) -> bool {
    store.record(id).is_ok_and(|bytes| canonical::decode::<SnapshotRecord>(snapshot::FORMAT, &bytes).is_ok())
}
