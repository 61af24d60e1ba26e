//! Why a revision names nothing that could be used.

use crate::clock::{Time, TimeError};
use crate::name::{ModelName, StageName, Version};
use crate::revision::RevisionError;
/// Why a revision names nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// Not a revision.
    #[error(transparent)]
    Form(#[from] RevisionError),
    /// Its time is not one.
    #[error(transparent)]
    Time(#[from] TimeError),
    /// No training data of that name.
    #[error("{label} has no data `{name}`")]
    Data {
        /// The version.
        label: String,
        /// What was asked for.
        name: String,
        /// All there is.
        known: Vec<String>,
    },
    /// Several models, and none named.
    #[error("which model? there are {}", known.join(", "))]
    WhichModel {
        /// All of them.
        known: Vec<String>,
    },
    /// No model at all.
    #[error("there is no model yet")]
    NoModel,
    /// No such model.
    #[error("there is no model `{name}`")]
    Model {
        /// As given.
        name: String,
        /// The nearest names.
        nearest: Option<String>,
        /// All of them.
        known: Vec<String>,
    },
    /// The model has no version yet.
    #[error("`{model}` has no version yet")]
    NoVersion {
        /// Which model.
        model: ModelName,
    },
    /// No such version.
    #[error("`{model}` has no {version}; its newest is {newest}")]
    Version {
        /// Which model.
        model: ModelName,
        /// As given.
        version: String,
        /// Its newest version.
        newest: Version,
    },
    /// It was made later than the time asked for.
    #[error("`{model}` had no {version} at {}; it was made {}", time.for_people(), since.for_people())]
    NotYet {
        /// Which model.
        model: ModelName,
        /// As given.
        version: Version,
        /// The time asked for.
        time: Time,
        /// When it was made.
        since: Time,
    },
    /// No such stage.
    #[error("`{model}` has no stage `{stage}`")]
    Stage {
        /// Which model.
        model: ModelName,
        /// As given.
        stage: String,
        /// The nearest name.
        nearest: Option<String>,
        /// All of them.
        known: Vec<String>,
    },
    /// The stage held nothing.
    #[error("`{stage}` of `{model}` held nothing{}", time.map_or_else(String::new, |t| format!(" at {}", t.for_people())))]
    StageEmpty {
        /// Which model.
        model: ModelName,
        /// Which stage.
        stage: StageName,
        /// When; none: now.
        time: Option<Time>,
    },
    /// Nothing has this id.
    #[error("no snapshot's id begins with `{prefix}`")]
    Id {
        /// As given.
        prefix: String,
    },
    /// Several have it.
    #[error("`{prefix}` is the beginning of {} ids", candidates.len())]
    AmbiguousId {
        /// As given.
        prefix: String,
        /// What it could mean.
        candidates: Vec<String>,
    },
    /// A word that is neither stage nor model.
    #[error("`{revision}` names a model; say which version of it")]
    OnlyModel {
        /// As given.
        revision: String,
    },
    /// Fewer versions or occupants than steps back.
    #[error("`{revision}` goes back further than there is history: {}", if *have == 1 { "1 step is possible".to_owned() } else { format!("{have} steps are possible") })]
    TooFarBack {
        /// As given.
        revision: String,
        /// How many steps there are.
        have: u32,
    },
    /// A day on which a stage changed hands.
    #[error("`{stage}` changed on {day}")]
    Day {
        /// Which stage.
        stage: StageName,
        /// As given.
        day: String,
        /// Since when, and who.
        occupants: Vec<String>,
    },
    /// No version is what the workspace is.
    #[error("the workspace is not a version of `{model}`")]
    WorkspaceIsNoVersion {
        /// Which model.
        model: ModelName,
        /// Its newest version.
        latest: Option<Version>,
    },
    /// The workspace where a version is needed.
    #[error("the workspace is not a version")]
    Workspace,
    /// A stage must be named.
    #[error("which stage? there are {}", known.join(", "))]
    WhichStage {
        /// All of them.
        known: Vec<String>,
    },
}

/// That a version's files were let go of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// Why.
    pub reason: String,
    /// When, if the event can be read.
    pub time: Option<Time>,
    /// By whom, if that is known.
    pub actor: Option<String>,
}

impl std::fmt::Display for Dropped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let time = self.time.map_or_else(String::new, |time| format!(" {}", time.for_people()));
        let by = self.actor.as_deref().map_or_else(String::new, |actor| format!(" by {actor}"));
        write!(f, "dropped{time}{by}: {}", self.reason)
    }
}
