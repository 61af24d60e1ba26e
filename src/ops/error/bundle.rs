//! Why a bundle cannot be written or is not sound.

use std::io;
use std::path::PathBuf;

/// Why a bundle cannot be written or is not sound.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// A file is there already.
    #[error("`{}` exists already", path.display())]
    Exists {
        /// Which.
        path: PathBuf,
    },
    /// The system refused, or it is no archive.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is an archive, but not one of ours, or one that was made to do harm.
    #[error("`{}` is not a sound bundle: {reason}", path.display())]
    Unsound {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}
