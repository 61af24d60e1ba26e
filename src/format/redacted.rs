//! The redacted copy: what is left of a record from which a field was erased. It is stored under an id of its own, the
//! SHA-256 of its canonical JSON; the tombstone in the journal says which record it is read for.
//!
//! The copy names its record and what was erased. In the record itself an erased parameter or seed is `{"erased":"for
//! good"}`, which no value can be; text that may be absent is absent, text that may not is empty.
//!
//! ```json
//! {"erased":["params.db.password"],"format":"mlrun/redacted/1","of":"…",
//!  "record":{"format":"mlrun/snapshot/1","params":{"db.password":{"erased":"for good"},"lr":0.1},…}}
//! ```
//!
//! A digest is no seal: who can guess the value can put it back and see whether the record hashes to its id.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::observation::ObservationRecord;
use super::profile::ProfileRecord;
use super::snapshot::SnapshotRecord;
use super::{FormatError, canonical};
use crate::digest::Digest;

/// Name and version of the record. 1: first form.
pub const FORMAT: &str = "mlrun/redacted/1";

/// A record without what was erased from it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RedactedRecord<T> {
    /// [`FORMAT`].
    pub format: String,
    /// The record this is the copy of.
    pub of: Digest,
    /// The fields that were erased, in the order they were.
    pub erased: Vec<String>,
    /// What is left.
    pub record: T,
}

/// A record that fields can be erased from.
pub trait Redactable: Serialize + DeserializeOwned {}

impl Redactable for SnapshotRecord {}

impl Redactable for ObservationRecord {}

impl Redactable for ProfileRecord {}

impl<T: Redactable> RedactedRecord<T> {
    /// A copy of the record `of`.
    pub fn new(of: Digest, erased: Vec<String>, record: T) -> Self {
        Self { format: FORMAT.to_owned(), of, erased, record }
    }

    /// The bytes to store.
    pub fn encode(&self) -> Result<Vec<u8>, FormatError> {
        canonical::encode(FORMAT, self)
    }

    /// Reads the copy of `of`; that of another record is refused.
    pub fn decode(bytes: &[u8], of: Digest) -> Result<Self, FormatError> {
        let copy: Self = canonical::decode(FORMAT, bytes)?;
        if copy.of == of {
            return Ok(copy);
        }
        Err(FormatError::Malformed { kind: FORMAT, reason: format!("it is the copy of {}", copy.of) })
    }
}
