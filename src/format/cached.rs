//! How caches are written: the name and version of their form, a record in postcard's encoding, a BLAKE3 of both.

use serde::{Serialize, de::DeserializeOwned};

use super::FormatError;

pub(super) fn encode<T: Serialize>(format: &'static str, record: &T) -> Result<Vec<u8>, FormatError> {
    let malformed = |e: postcard::Error| FormatError::Malformed { kind: format, reason: e.to_string() };
    let mut bytes = postcard::to_extend(record, format.as_bytes().to_vec()).map_err(malformed)?;
    let checksum = blake3::hash(&bytes);
    bytes.extend_from_slice(checksum.as_bytes());
    Ok(bytes)
}

/// Anything wrong means there is none.
pub(super) fn decode<T: DeserializeOwned>(format: &'static str, bytes: &[u8]) -> Option<T> {
    let (body, checksum) = bytes.split_at_checked(bytes.len().checked_sub(32)?)?;
    if blake3::hash(body) != *checksum {
        return None;
    }
    postcard::from_bytes(body.strip_prefix(format.as_bytes())?).ok()
}
