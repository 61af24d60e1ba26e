//! Why a version cannot be trained again.

use std::path::PathBuf;

/// Why a version cannot be trained again. That it came out differently, or that the command failed, is a report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReproduceError {
    /// No training command is recorded, and none was given.
    #[error("no training command is recorded for this version of `{model}`")]
    NoCommand {
        /// The model.
        model: String,
    },
    /// A secret was taken out of the recorded command.
    #[error("a secret was taken out of the recorded training command of `{model}`: `{word}`")]
    Redacted {
        /// The model.
        model: String,
        /// The word, without the secret.
        word: String,
    },
    /// The folder for it is there, and something is in it.
    #[error("`{}` is not empty", path.display())]
    NotEmpty {
        /// Which.
        path: PathBuf,
    },
    /// Temporary files would be made in the project.
    #[error("the folder for temporary files, `{}`, lies in the project", path.display())]
    InProject {
        /// Which.
        path: PathBuf,
    },
    /// The command could not be started.
    #[error("`{command}` could not be started: {reason}")]
    Start {
        /// As a person would type it.
        command: String,
        /// Why.
        reason: String,
    },
    /// A signal asked us to end before it was done.
    #[error("interrupted by signal {signal}, before anything could be said{}", kept.as_ref().map_or_else(String::new, |path| format!("; kept: {}", path.display())))]
    Interrupted {
        /// Which.
        signal: i32,
        /// Where everything lies, if it was kept.
        kept: Option<PathBuf>,
    },
    /// No Python was recorded that an environment could be made of.
    #[error("no Python is recorded for this version: there is nothing to make an environment of")]
    NoPython,
    /// A program that was to make the environment failed.
    #[error("the environment cannot be made: `{command}` {how}{}", if said.is_empty() { String::new() } else { format!(": {said}") })]
    Environment {
        /// What was run.
        command: String,
        /// How it ended.
        how: String,
        /// What it said last, without secrets.
        said: String,
    },
}
