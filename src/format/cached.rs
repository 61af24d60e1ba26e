//! How caches are written: the name and version of their form, a record in postcard's encoding, a BLAKE3 of both.

use serde::{Serialize, de::DeserializeOwned};

use super::FormatError;

pub(super) fn encode<T: Serialize>(format: &'static str, record: &T) -> Result<Vec<u8>, FormatError> {
    append(format, record, format.as_bytes().to_vec()).map(sealed)
}

/// The bytes, and a record behind them, which is a part of a file of that form.
pub(super) fn append<T: Serialize>(format: &'static str, record: &T, bytes: Vec<u8>) -> Result<Vec<u8>, FormatError> {
    postcard::to_extend(record, bytes).map_err(|e| FormatError::Malformed { kind: format, reason: e.to_string() })
}

/// The record at the beginning, and what is behind it.
pub(super) fn take<T: DeserializeOwned>(bytes: &[u8]) -> Option<(T, &[u8])> {
    postcard::take_from_bytes(bytes).ok()
}

/// The bytes, and their checksum behind them.
pub(super) fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let checksum = blake3::hash(&bytes);
    bytes.extend_from_slice(checksum.as_bytes());
    bytes
}

/// The bytes before the checksum, if it is theirs.
pub(super) fn unsealed(bytes: &[u8]) -> Option<&[u8]> {
    let (body, checksum) = bytes.split_at_checked(bytes.len().checked_sub(32)?)?;
    (blake3::hash(body) == *checksum).then_some(body)
}

/// Anything wrong means there is none.
pub(super) fn decode<T: DeserializeOwned>(format: &'static str, bytes: &[u8]) -> Option<T> {
    postcard::from_bytes(unsealed(bytes)?.strip_prefix(format.as_bytes())?).ok()
}
