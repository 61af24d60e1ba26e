//! Why nothing can be erased.

use std::path::PathBuf;

/// Why nothing can be erased.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PurgeError {
    /// The version has no such file.
    #[error("`{label}` has no file `{path}`{}", crate::nearest::suggestion(nearest))]
    NoFile {
        /// Which version.
        label: String,
        /// As given.
        path: String,
        /// The paths most like it.
        nearest: Vec<String>,
    },
    /// The path leads out of the project, in which a version's files have their names.
    #[error("`{path}` lies outside the project `{}`", project.display())]
    Outside {
        /// As given.
        path: String,
        /// The project's folder.
        project: PathBuf,
    },
    /// It has no bytes that could be erased.
    #[error("`{path}` {reason}")]
    NoBytes {
        /// As given.
        path: String,
        /// Why.
        reason: &'static str,
    },
    /// The version has no such field, or no value in it.
    #[error("`{label}` has no field `{name}` that can be erased{}", crate::nearest::suggestion(nearest))]
    NoField {
        /// Which version.
        label: String,
        /// As given.
        name: String,
        /// The names most like it.
        nearest: Vec<String>,
    },
    /// No field of that form can be erased from any version.
    #[error("`{name}` cannot be erased from a record")]
    NotErasable {
        /// As given.
        name: String,
    },
}
