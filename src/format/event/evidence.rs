//! What events say of evidence: what was attached, which sets were used, which cases count.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::format::snapshot::{PredictionsRecord, SamplesRecord};
use crate::id::{FileId, SnapshotId};
use crate::name::SetName;

/// An evaluation set that a candidate was judged on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UsedSetRecord {
    /// Its name.
    pub set: SetName,
    /// Of its keys and labels, whatever was predicted.
    pub sha256: Digest,
    /// The candidate's predictions, where they were attached in the place of others: whoever tries another file tries again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predictions: Option<Digest>,
}

impl UsedSetRecord {
    /// Who is judged: a candidate, with the predictions it came with or with others.
    pub fn judged(&self, candidate: SnapshotId) -> Digest {
        match self.predictions {
            None => candidate.digest(),
            Some(predictions) => Digest::of(format!("{candidate} with {predictions}").as_bytes()),
        }
    }
}

/// Evidence that was added to a version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::large_enum_variant, reason = "there is one at a time")]
pub enum AttachedRecord {
    /// Per-row results.
    Predictions(PredictionsRecord),
    /// Samples of one quantity.
    Samples(SamplesRecord),
}

impl AttachedRecord {
    /// `predictions` or `samples`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Predictions(_) => "predictions",
            Self::Samples(_) => "samples",
        }
    }

    /// The set's name.
    pub const fn set(&self) -> &SetName {
        match self {
            Self::Predictions(set) => &set.name,
            Self::Samples(set) => &set.name,
        }
    }

    /// Where the file is among those of its version.
    pub fn path(&self) -> &str {
        match self {
            Self::Predictions(set) => &set.path,
            Self::Samples(set) => &set.path,
        }
    }

    /// Its bytes.
    pub const fn file(&self) -> FileId {
        match self {
            Self::Predictions(set) => set.file,
            Self::Samples(set) => set.file,
        }
    }

    /// Their number.
    pub const fn size(&self) -> u64 {
        match self {
            Self::Predictions(set) => set.size,
            Self::Samples(set) => set.size,
        }
    }
}

/// What became of the list of cases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CaseChangeRecord {
    /// Cases were added: `count` of them, numbered from `first`.
    Add {
        /// The first one's number; they are counted from 1, and no number is used twice.
        first: u32,
        /// How many.
        count: u32,
        /// The evaluation set whose rows they are.
        set: SetName,
        /// The [list](crate::format::cases) of them.
        cases: Digest,
    },
    /// Cases count no more.
    Remove {
        /// Their numbers.
        cases: Vec<u32>,
    },
}
