//! What a collection is about to let go of, noted before it does: one that is cut short can still be written down.
//!
//! It is removed once that is in the journal. Losing it costs the entry there, nothing else.

use serde::{Deserialize, Serialize};

use super::FormatError;

/// Name and version of the record. 1: first form. A file of another version is dropped.
pub const FORMAT: &str = "mlrun/collection/1";

/// A collection that has begun.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectionRecord {
    /// The newest event of the store's own journal then; 0 if there was none.
    pub seq: u64,
    /// How long what goes can be taken back, in seconds.
    pub grace: u64,
    /// Whether it is removed for good at once.
    pub at_once: bool,
    /// Bytes of what was erased on the way: a purge that had been cut short.
    pub erased: u64,
    /// Packs that are to go.
    pub packs: Vec<GoingPack>,
    /// What is to be removed from the trash for good: its name in the store, its bytes.
    pub trash: Vec<(String, u64)>,
}

/// A pack that is to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoingPack {
    /// Its name.
    pub name: [u8; 32],
    /// Objects that go with it, and are not needed.
    pub objects: u64,
    /// Bytes that are free afterwards.
    pub freed: u64,
}

/// The file of a collection.
pub fn encode(record: &CollectionRecord) -> Result<Vec<u8>, FormatError> {
    super::cached::encode(FORMAT, record)
}

/// Reads it; anything wrong with it means there is none.
pub fn decode(bytes: &[u8]) -> Option<CollectionRecord> {
    super::cached::decode(FORMAT, bytes)
}
