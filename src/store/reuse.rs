//! What a writer need not store again.

use super::{Store, StoreError};
use crate::format::pack::ObjectKind;
use crate::id::FileId;

/// What need not be stored again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reuse {
    /// What the index names, in packs that are whole from outside.
    Named,
    /// What was read just now, and is what it should be.
    Read,
}

impl Reuse {
    /// Whether an object other than a block is there.
    pub(super) fn has(self, store: &Store, kind: ObjectKind, id: &[u8; 32]) -> Result<bool, StoreError> {
        match self {
            Self::Named => store.contains(kind, id),
            Self::Read => store.reads(kind, id),
        }
    }

    /// Whether a block is there, with all it rests on.
    pub(super) fn has_block(self, store: &Store, id: &[u8; 32]) -> Result<bool, StoreError> {
        match self {
            Self::Named => store.has_block(id),
            Self::Read => store.reads(ObjectKind::Block, id),
        }
    }

    /// Whether a file is there, with all it is made of.
    pub(super) fn has_file(self, store: &Store, id: FileId) -> Result<bool, StoreError> {
        match self {
            Self::Named => store.has_file(id),
            Self::Read => Ok(store.unreadable(id)?.is_empty()),
        }
    }
}
