//! What keeps a model from being renamed.

use crate::name::ModelName;

/// Why a model is not renamed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenameError {
    /// Another model has the name, or had it.
    #[error("the name `{name}` belongs to {}", if of == name { "another model".to_owned() } else { format!("another model, now called `{of}`") })]
    Taken {
        /// The name.
        name: ModelName,
        /// What that model is called.
        of: ModelName,
        /// Whether it was free a moment ago.
        raced: bool,
    },
    /// The configuration has a section of that name, and one of this model.
    #[error("mlrun.toml has another model `{name}`")]
    Configured {
        /// The name.
        name: ModelName,
    },
    /// Somebody gave it another name meanwhile.
    #[error("`{from}` was renamed to `{now}` a moment ago")]
    Moved {
        /// The name it had.
        from: ModelName,
        /// The name it has.
        now: ModelName,
    },
}
