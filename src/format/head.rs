//! The newest event of a journal that a store has seen: a cache, by which the loss of the last events is noticed.
//!
//! A wrong one would accuse a journal that is whole, so it is believed only with its checksum.

use super::FormatError;
use super::event::EventRef;

/// Name and version of the record. 1: first form. A file of another version is dropped.
pub const FORMAT: &str = "mlrun/head/1";

/// The file of a head.
pub fn encode(head: &EventRef) -> Result<Vec<u8>, FormatError> {
    super::cached::encode(FORMAT, head)
}

/// Reads a head; anything wrong with it means there is none.
pub fn decode(bytes: &[u8]) -> Option<EventRef> {
    super::cached::decode(FORMAT, bytes)
}
