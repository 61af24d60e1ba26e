//! What an approval is about.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::id::SnapshotId;
use crate::name::Version;

/// What somebody agrees with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SubjectRecord {
    /// That a version holds the stage.
    Version {
        /// Its number.
        version: Version,
        /// Its record.
        snapshot: SnapshotId,
    },
    /// That these are the stage's rules from now on: the SHA-256 of their canonical JSON.
    Rules(Digest),
}
