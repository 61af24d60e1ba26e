//! What a check found to be damaged, by what it is to a version: what a repair goes by.

use std::collections::{BTreeMap, BTreeSet};

use crate::digest::Digest;
use crate::id::FileId;
use crate::store::Place;

/// Files and records that may be damaged, and what suffers from it.
#[derive(Debug, Default)]
pub(super) struct Suspects {
    /// Size and places of each file.
    pub(super) files: BTreeMap<FileId, (u64, BTreeSet<Place>)>,
    /// Records and folders; those of a version as a whole have no path.
    pub(super) records: BTreeMap<Digest, BTreeSet<Place>>,
}
