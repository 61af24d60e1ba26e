//! Which packs a full check has read whole and found sound, so that one that was cut short can go on: a cache, disposable.

use serde::{Deserialize, Serialize};

use super::FormatError;

/// Name and version of the record. 1: first form. A file of another version is dropped.
pub const FORMAT: &str = "mlrun/checked-packs/1";

/// How far a check has come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckedRecord {
    /// The packs, by name. One that was found damaged is never among them.
    pub packs: Vec<CheckedPackRecord>,
}

/// A pack that was sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckedPackRecord {
    /// Its name.
    pub name: [u8; 32],
    /// Its bytes.
    pub length: u64,
    /// When it had been read, in milliseconds since 1970.
    pub time: i64,
}

/// The file of a record: the name and version of its form, the record in postcard's encoding, a BLAKE3 of both.
pub fn encode(record: &CheckedRecord) -> Result<Vec<u8>, FormatError> {
    super::cached::encode(FORMAT, record)
}

/// Reads a record; anything wrong with it means there is none.
pub fn decode(bytes: &[u8]) -> Option<CheckedRecord> {
    super::cached::decode(FORMAT, bytes)
}
