//! What came along with an imported version: certificates, signatures, statements and events of the store it was made in. They are kept
//! as what was said elsewhere; nothing here follows from them.
//!
//! ```json
//! {"format":"mlrun/origin/1","records":{"certificate.json":"…","events/0000000000000012":"…"}}
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{FormatError, canonical};
use crate::digest::Digest;

/// Name and version of the record. 1: first form.
pub const FORMAT: &str = "mlrun/origin/1";

/// The record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptRecord {
    /// [`FORMAT`].
    pub format: String,
    /// What they were called in the bundle → the records that hold their bytes.
    pub records: BTreeMap<String, Digest>,
}

impl KeptRecord {
    /// The bytes to store.
    pub fn encode(&self) -> Result<Vec<u8>, FormatError> {
        canonical::encode(FORMAT, self)
    }

    /// Reads a record.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        canonical::decode(FORMAT, bytes)
    }
}
