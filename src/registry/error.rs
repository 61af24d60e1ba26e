//! Why a journal cannot be used.

use crate::format::FormatError;
use crate::name::{ModelName, Version};
use crate::store::BackendError;

/// Why a journal cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The store failed.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// An event is not one, was changed, or needs a newer program.
    #[error("event {seq} of `{model}` cannot be used")]
    Format {
        /// Whose journal.
        model: ModelName,
        /// Which event.
        seq: u64,
        /// Why.
        source: FormatError,
    },
    /// An event does not continue the ones before it.
    #[error("event {seq} of `{model}` does not continue the journal: {reason}")]
    Broken {
        /// Whose journal.
        model: ModelName,
        /// Which event.
        seq: u64,
        /// What is wrong.
        reason: String,
    },
    /// What a journal says of a version cannot be read any more.
    #[error("what the journal of `{model}` says of {version} cannot be read")]
    Version {
        /// Whose journal.
        model: ModelName,
        /// Which version.
        version: Version,
    },
    /// Events that were there are gone.
    #[error("the journal of `{model}` ends at event {found}, but has had event {expected}")]
    Lost {
        /// Whose journal.
        model: ModelName,
        /// The newest event known to have existed.
        expected: u64,
        /// The newest event there is.
        found: u64,
    },
}

impl JournalError {
    /// The event `seq` is not there, and should be.
    pub(crate) fn missing(model: &ModelName, seq: u64) -> Self {
        Self::Broken { model: model.clone(), seq, reason: "it is missing".to_owned() }
    }
}
