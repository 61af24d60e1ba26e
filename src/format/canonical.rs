//! Canonical JSON: RFC 8785, so that a record has one encoding and anybody can compute its id.
//!
//! Check one with standard tools: `mlrun show --raw ID | sha256sum`.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::FormatError;

/// Encodes a record. Records hold no map with keys other than text and no number that JSON lacks, so this
/// fails only on a defect in a record's definition.
pub fn encode<T: Serialize>(kind: &'static str, record: &T) -> Result<Vec<u8>, FormatError> {
    serde_json_canonicalizer::to_vec(record).map_err(|e| FormatError::Malformed { kind, reason: e.to_string() })
}

/// Decodes a record whose `format` field must be `format` (`mlrun/<kind>/<version>`), and insists that it
/// encodes to the same bytes again.
pub fn decode<T: Serialize + DeserializeOwned>(format: &'static str, bytes: &[u8]) -> Result<T, FormatError> {
    #[derive(serde::Deserialize)]
    struct Head {
        format: String,
    }
    let malformed = |e: serde_json::Error| FormatError::Malformed { kind: format, reason: e.to_string() };
    let head: Head = serde_json::from_slice(bytes).map_err(malformed)?;
    check(format, &head.format)?;
    let record: T = serde_json::from_slice(bytes).map_err(malformed)?;
    if encode(format, &record)? != bytes {
        return Err(FormatError::Malformed {
            kind: format,
            reason: "it is not canonical, or holds a field this program does not know".to_owned(),
        });
    }
    Ok(record)
}

/// Whether a record that says it is `found` can be read by the code for `known`.
pub fn check(known: &'static str, found: &str) -> Result<(), FormatError> {
    if known == found {
        return Ok(());
    }
    let split = |text: &str| -> Option<(String, u32)> {
        let (kind, version) = text.rsplit_once('/')?;
        Some((kind.to_owned(), version.parse().ok()?))
    };
    match (split(known), split(found)) {
        (Some((kind, known)), Some((found_kind, found))) if kind == found_kind && found > known => {
            Err(FormatError::Newer { kind, found, known })
        }
        _ => Err(FormatError::Kind { expected: known, found: found.chars().take(80).collect() }),
    }
}
