//! The one seam between the store and a disk: for faults, for memory, later for remotes.
//!
//! Names are relative, `/`-separated and plain ASCII. Two functions make things durable and no others:
//! [`publish`](Backend::publish) and [`publish_new`](Backend::publish_new); [`settle`](Backend::settle) ends what another
//! process began.

use std::fmt::Debug;
use std::fs::File;
use std::io;
use std::time::Duration;

use super::access::Exposed;
use crate::format::known::DiskTime;
use crate::format::store::Access;

/// A place that keeps named bytes.
pub trait Backend: Send + Sync {
    /// Where it is, for messages.
    fn place(&self) -> String;

    /// All bytes of `name`; one longer than `limit` is an error.
    fn read(&self, name: &str, limit: u64) -> Result<Vec<u8>, BackendError>;

    /// Fills `buffer` from `name` at `offset`; a shorter file is an error.
    fn read_at(&self, name: &str, offset: u64, buffer: &mut [u8]) -> Result<(), BackendError>;

    /// `name` as it is now, to be read in parts: whatever takes that name later is something else.
    fn open(&self, name: &str) -> Result<Box<dyn Opened>, BackendError>;

    /// The length of `name`, if it is there.
    fn length(&self, name: &str) -> Result<Option<u64>, BackendError>;

    /// What is directly in `folder`, sorted; a folder that is not there is empty.
    fn list(&self, folder: &str) -> Result<Vec<Entry>, BackendError>;

    /// Begins bytes that have no name yet.
    fn stage(&self) -> Result<Box<dyn Staged>, BackendError>;

    /// Makes staged bytes durable under `name`, which says what they are: one that is there already is the same.
    fn publish(&self, staged: Box<dyn Staged>, name: &str) -> Result<(), BackendError>;

    /// Makes `bytes` durable under `name` unless something is there: of several at once, exactly one creates it.
    fn publish_new(&self, name: &str, bytes: &[u8]) -> Result<Published, BackendError>;

    /// Gives what is durable under `from` the name `to`, durably. Only for packs, into the trash and back.
    fn rename(&self, from: &str, to: &str) -> Result<(), BackendError>;

    /// Removes for good what lies in the trash.
    fn erase(&self, name: &str) -> Result<(), BackendError>;

    /// Makes the names in `folder` durable: who gave them may have died before they were.
    fn settle(&self, folder: &str) -> Result<(), BackendError>;

    /// Writes a cache: whole or not at all, not durable.
    fn cache(&self, name: &str, bytes: &[u8]) -> Result<(), BackendError>;

    /// Removes a cache; one that is not there is no error.
    fn remove_cache(&self, name: &str) -> Result<(), BackendError>;

    /// An empty file to write to and to read from, which has no name and is gone when it is closed.
    fn scratch(&self) -> io::Result<File> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// What time it is for the file system, where that is known: a file that is changed now gets this time or a later one.
    fn now(&self) -> Option<DiskTime> {
        None
    }

    /// Bytes that can still be written, where that is known.
    fn free(&self) -> Option<u64>;

    /// Holds a lock until the guard is dropped; none if another process is in the way. Where locks are not to be had, the
    /// guard is empty: correctness never rests on it.
    fn try_lock(&self, lock: Lock) -> Result<Option<Box<dyn Debug + Send>>, BackendError>;

    /// From here on, whatever is written is for those whom `access` names.
    fn keep_to(&self, _access: Option<Access>) {}

    /// What is not as `access` says, as far as that can be seen; at most `most` of it.
    fn exposed(&self, _access: Access, _most: usize) -> Vec<Exposed> {
        Vec::new()
    }

    /// Lets this much time pass before a lock is tried again.
    fn pause(&self, time: Duration) {
        std::thread::sleep(time);
    }
}

/// Bytes that have a name, or had it when they were opened.
pub trait Opened: Send + Sync {
    /// How many there are.
    fn length(&self) -> u64;

    /// Fills `buffer` from `offset` on; where there are fewer, that is an error.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;
}

/// Bytes on their way into a [`Backend`]. Dropping them discards them.
pub trait Staged: Send + Sync {
    /// Adds `bytes` at the end.
    fn append(&mut self, bytes: &[u8]) -> Result<(), BackendError>;

    /// For the backend that made it, to take it back in `publish`.
    fn into_any(self: Box<Self>) -> Box<dyn std::any::Any>;
}

/// Something in a folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Its name in the folder.
    pub name: String,
    /// Whether it is a folder.
    pub folder: bool,
}

/// What became of an exclusive creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Published {
    /// It is ours.
    Created,
    /// Somebody was first; nothing was changed.
    Exists,
}

/// How the store is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    /// By any verb that reads or adds objects.
    Shared,
    /// By the step that moves objects away.
    Exclusive,
}

/// Why a backend did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackendError {
    /// It is not there.
    #[error("{place}/{name} does not exist")]
    NotFound {
        /// Where the backend is.
        place: String,
        /// What was asked for.
        name: String,
    },
    /// It is longer than anything of its kind.
    #[error("{place}/{name} has {length} bytes, more than the {limit} such a file can have")]
    TooLong {
        /// Where the backend is.
        place: String,
        /// What was asked for.
        name: String,
        /// Its length.
        length: u64,
        /// The limit.
        limit: u64,
    },
    /// A folder, a pipe or a device lies where a file should.
    #[error("{place}/{name} is no file")]
    NotAFile {
        /// Where the backend is.
        place: String,
        /// What was asked for.
        name: String,
    },
    /// The system refused.
    #[error("cannot {action} {place}/{name}")]
    Io {
        /// `read`, `write`, `sync` …
        action: &'static str,
        /// Where the backend is.
        place: String,
        /// What it was about.
        name: String,
        /// The system's reason.
        source: io::Error,
    },
}

impl BackendError {
    /// The system's reason, if that was it.
    pub fn io_kind(&self) -> Option<io::ErrorKind> {
        match self {
            Self::Io { source, .. } => Some(source.kind()),
            _ => None,
        }
    }
}
