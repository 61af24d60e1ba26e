//! What events say of what is gone for good.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::id::FileId;

/// What was erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErasedRecord {
    /// The bytes of a file.
    File(ErasedFileRecord),
    /// A field of records.
    Field(ErasedFieldRecord),
}

impl ErasedRecord {
    /// The file's path or the field's name.
    pub fn name(&self) -> &str {
        match self {
            Self::File(file) => &file.path,
            Self::Field(field) => &field.name,
        }
    }
}

/// A file whose bytes are gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErasedFileRecord {
    /// Where it was.
    pub path: String,
    /// What its bytes hashed to.
    pub sha256: FileId,
    /// How many they were.
    pub size: u64,
}

/// A field whose value is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErasedFieldRecord {
    /// Its name, such as `params.db.password`.
    pub name: String,
    /// The records that held the value, and what is read in their place.
    pub copies: Vec<CopyRecord>,
}

/// A record that is gone, and the copy that is left of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CopyRecord {
    /// The record, by which everything goes on naming it.
    pub record: Digest,
    /// The [redacted](super::redacted) copy.
    pub copy: Digest,
}
