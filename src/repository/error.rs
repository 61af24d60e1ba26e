//! Why a project cannot be opened, or its configuration not be used.

use std::path::PathBuf;

use crate::format::config::FILE as CONFIG;
use crate::store::StoreError;

/// Why a project could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RepositoryError {
    /// Neither a configuration nor a store in this folder or above it.
    #[error("there is no `{CONFIG}` and no store in `{}` or above it", start.display())]
    NoProject {
        /// Where the search began.
        start: PathBuf,
    },
    /// A configuration, but no store yet.
    #[error("`{}` has no store yet", project.display())]
    NotInitialised {
        /// The project.
        project: PathBuf,
    },
    /// The configuration belongs to a history that is not here.
    #[error("the history {wanted} of `{}` is not on this machine{}", project.display(), found.as_ref().map_or_else(String::new, |f| format!("; the store in `{}` holds {f}", store.display())))]
    ForeignHistory {
        /// The project.
        project: PathBuf,
        /// The history its configuration names.
        wanted: String,
        /// Where it was looked for.
        store: PathBuf,
        /// The history found there.
        found: Option<String>,
    },
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system refused.
    #[error("cannot {action} `{}`", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The system refused.
    #[error("cannot read `{}`", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// Not TOML, an unknown key, or a value of the wrong kind.
    #[error("`{}`{}: {reason}", path.display(), line.map_or_else(String::new, |n| format!(" line {n}")))]
    Toml {
        /// Which file.
        path: PathBuf,
        /// Counted from 1, where known.
        line: Option<usize>,
        /// What is wrong.
        reason: String,
        /// The known key nearest to an unknown one.
        nearest: Option<String>,
    },
    /// A value that cannot be.
    #[error("`{}`{}: `{key}`: {reason}", path.display(), line.map_or_else(String::new, |n| format!(" line {n}")))]
    Value {
        /// Which file.
        path: PathBuf,
        /// Counted from 1, where known.
        line: Option<usize>,
        /// The dotted key.
        key: String,
        /// What is wrong.
        reason: String,
    },
}
