//! Why a report is not written.

use std::path::PathBuf;

/// Why a report is not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A file is there that this program did not write.
    #[error("`{}` exists already, and is no report of mlrun's", path.display())]
    NotOurs {
        /// Which.
        path: PathBuf,
    },
    /// A folder is there that holds other files.
    #[error("`{}` holds other files, and is no site of mlrun's", path.display())]
    NotASite {
        /// Which.
        path: PathBuf,
    },
    /// The store is no place for other files.
    #[error("`{}` would lie in the store", path.display())]
    InStore {
        /// Which.
        path: PathBuf,
    },
    /// Nobody reads so many columns.
    #[error("{most} versions are the most that stand side by side")]
    TooMany {
        /// The most.
        most: usize,
    },
}
