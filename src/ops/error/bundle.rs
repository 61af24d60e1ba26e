//! Why a bundle cannot be written, is not sound or cannot be brought in.

use std::io;
use std::path::PathBuf;

/// Why a bundle cannot be written, is not sound or cannot be brought in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// A file is there already.
    #[error("`{}` exists already", path.display())]
    Exists {
        /// Which.
        path: PathBuf,
    },
    /// The store is no place for other files.
    #[error("`{}` would lie in the store", path.display())]
    InStore {
        /// Which.
        path: PathBuf,
    },
    /// Nobody could hold all of its records to check them.
    #[error("its records have more than {} MiB, which is the most that can be checked", limit >> 20)]
    TooMuch {
        /// The most, in bytes.
        limit: u64,
    },
    /// What the store has of a version does not belong together.
    #[error("what is stored of it does not belong together: {reason}")]
    Inconsistent {
        /// What does not fit.
        reason: String,
    },
    /// It is a folder.
    #[error("`{}` is a folder, and no bundle of mlrun", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
    },
    /// It is something else.
    #[error("`{}` is no bundle of mlrun: {reason}", path.display())]
    Foreign {
        /// Which.
        path: PathBuf,
        /// What it lacks.
        reason: &'static str,
    },
    /// The system refused, or the archive is cut short.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is an archive, but not one of ours, or one that was made to do harm.
    #[error("`{}` is not a sound bundle: {}", path.display(), problems.join("; "))]
    Unsound {
        /// Which.
        path: PathBuf,
        /// Everything that is wrong.
        problems: Vec<String>,
    },
    /// A file that the version needs is not in the bundle, and not in the store.
    #[error("`{}` lacks {}, and no tombstone says why", path.display(), names.join(", "))]
    Lacking {
        /// The bundle.
        path: PathBuf,
        /// The files.
        names: Vec<String>,
    },
}
