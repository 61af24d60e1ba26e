//! What keeps rules from being put in force.

use crate::name::{ModelName, StageName};

/// Why rules are not adopted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AdoptError {
    /// Nothing was ever promoted there.
    #[error("`{stage}` of `{model}` has no rules in force yet: the first promotion adopts those it is made under")]
    NoneYet {
        /// The model.
        model: ModelName,
        /// The stage.
        stage: StageName,
    },
    /// The project does not say what the rules should be.
    #[error("there are no rules to adopt for `{stage}` of `{model}`")]
    NoneStated {
        /// The model.
        model: ModelName,
        /// The stage.
        stage: StageName,
    },
    /// Others adopted other rules meanwhile.
    #[error("the rules in force for `{stage}` of `{model}` changed meanwhile")]
    Changed {
        /// The model.
        model: ModelName,
        /// The stage.
        stage: StageName,
    },
}
