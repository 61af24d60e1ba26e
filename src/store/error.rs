//! What can be wrong with a store.

use std::io;
use std::time::Duration;

use super::backend::{BackendError, Lock};
use crate::digest::Digest;
use crate::format::FormatError;

/// A failure of the store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The place where it is kept failed.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// There is no store.
    #[error("there is no store in {place}")]
    NotAStore {
        /// Where.
        place: String,
    },
    /// Its description cannot be read.
    #[error("the store's `format.json` cannot be read")]
    Description {
        /// Why.
        source: FormatError,
    },
    /// An object that should be there is not.
    #[error("{kind} {id} is not in the store")]
    Missing {
        /// `block`, `file`, `tree`, `record`.
        kind: &'static str,
        /// Its id.
        id: Digest,
    },
    /// An object is there, but not what it should be.
    #[error("{kind} {id} in pack {pack} is damaged: {reason}")]
    Damaged {
        /// `block`, `file`, `tree`, `record`.
        kind: &'static str,
        /// Its id.
        id: Digest,
        /// Where it is.
        pack: String,
        /// What is wrong.
        reason: String,
    },
    /// A stored record cannot be read by this program.
    #[error("{kind} {id} cannot be read")]
    Format {
        /// `tree`, `record`.
        kind: &'static str,
        /// Its id.
        id: Digest,
        /// Why.
        source: FormatError,
    },
    /// What was to be stored could not be read.
    #[error("source {index} could not be read")]
    Source {
        /// Which of the sources given.
        index: usize,
        /// Why.
        source: io::Error,
    },
    /// Another process was in the way for longer than anybody waits; nothing was done.
    #[error("another process {} this store, and holds `{file}`; waited {} s for it", if *wanted == Lock::Shared { "moves or erases what is in" } else { "reads or writes" }, waited.as_secs())]
    Held {
        /// The file that it has locked.
        file: String,
        /// How the store was to be held.
        wanted: Lock,
        /// How long that was tried.
        waited: Duration,
    },
    /// The disk cannot hold it; nothing was written.
    #[error("needs about {}, {} are free; nothing was written", in_units(*needed), in_units(*free))]
    NoSpace {
        /// Bytes needed.
        needed: u64,
        /// Bytes free.
        free: u64,
    },
    /// A record, a folder or the list of a file's blocks is longer than any can be.
    #[error("a {kind} takes {length} bytes; {limit} are the most that can be stored as one")]
    TooLong {
        /// What it is.
        kind: &'static str,
        /// Its length.
        length: u64,
        /// The limit.
        limit: u64,
    },
    /// Encoding did not give back what went in; nothing was written.
    #[error("a block did not survive its own encoding; the machine's memory may be failing")]
    Encoding,
}

/// In units that do not make nothing of it.
fn in_units(bytes: u64) -> String {
    let unit = |shift: u32| bytes as f64 / f64::from(1_u32 << shift);
    match bytes {
        0..0x400 => format!("{bytes} bytes"),
        0x400..0x10_0000 => format!("{:.1} KiB", unit(10)),
        _ => format!("{:.1} MiB", unit(20)),
    }
}

/// Why a file could not be copied out.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The target failed.
    #[error("cannot write")]
    Write(std::io::Error),
}
