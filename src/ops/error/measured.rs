//! Why models cannot be run to be measured.

use std::path::PathBuf;

use crate::name::{ModelName, SetName};

/// Why nothing was run. That a command failed, hung or wrote nonsense is an inconclusive result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MeasureError {
    /// Runs are not repeated to look at a certificate again.
    #[error("the certificate of `{model}` rests on models that were run, and they are not run again")]
    NotAgain {
        /// The model.
        model: ModelName,
    },
    /// The rules run commands, and there is only a store: nobody here asked for what these do.
    #[error("the rules of `{model}` run commands, and only its store is looked at")]
    NoProject {
        /// The model.
        model: ModelName,
    },
    /// Temporary files would be made in the project.
    #[error("the folder for temporary files, `{}`, lies in the project", path.display())]
    InProject {
        /// Which.
        path: PathBuf,
    },
    /// The version has no such data.
    #[error("the held-out rows are to be the data `{input}`, and `{label}` has {}", if known.is_empty() { "no data".to_owned() } else { format!("the data {}", known.iter().map(SetName::as_str).collect::<Vec<_>>().join(", ")) })]
    NoInput {
        /// As configured.
        input: String,
        /// The candidate.
        label: String,
        /// What it has.
        known: Vec<SetName>,
    },
    /// The version has no such predictions, whose columns the fresh ones are to have.
    #[error("predictions `{set}` are to be made again, and `{label}` has {}", if known.is_empty() { "none at all".to_owned() } else { format!("only {}", known.iter().map(SetName::as_str).collect::<Vec<_>>().join(", ")) })]
    NoSet {
        /// Of which model.
        model: ModelName,
        /// As configured.
        set: SetName,
        /// The candidate.
        label: String,
        /// What it has.
        known: Vec<SetName>,
    },
    /// A signal asked us to end before it was done.
    #[error("interrupted; nothing was written")]
    Interrupted {
        /// Which.
        signal: i32,
    },
}
