//! Predictions that this program made for a certificate, which are erased like those that were recorded.

use crate::format::measurement::FreshRecord;
use crate::id::SnapshotId;
use crate::ops::erasures::Held;
use crate::ops::judging::measured;
use crate::registry::State;
use crate::store::{Store, StoreError};

/// The predictions that were made for the certificate of a version, named as in a bundle.
pub(super) fn fresh(store: &Store, state: &State, snapshot: SnapshotId) -> Result<Vec<Held>, StoreError> {
    let made = measured::of_snapshot(store, state, snapshot)?;
    let held = |file: FreshRecord| Held { path: file.path, id: file.file, size: file.size, model: false };
    Ok(made.into_iter().flat_map(|made| made.files).map(held).collect())
}
