//! What events say of the world outside: hooks, and where an imported version came from.

use serde::{Deserialize, Serialize};

use super::{ActorRecord, EventRef};
use crate::digest::Digest;
use crate::name::{ModelName, Version};

/// When a hook runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HookWhen {
    /// A check: it can veto a promotion.
    Before,
    /// A deployment, once the stage has moved.
    After,
}

/// How a hook went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HookOutcome {
    /// It ended with 0.
    Succeeded,
    /// It ended with something else, or by a signal.
    Failed,
    /// It took too long and was stopped.
    TimedOut,
    /// It could not be started.
    NotStarted,
    /// There is no checkout to run it in.
    Skipped,
}

/// The store an imported version was taken from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OriginRecord {
    /// Its history.
    pub repository: String,
    /// The model's name there.
    pub model: ModelName,
    /// The version's number there.
    pub version: Version,
    /// The newest event of its journal there.
    pub head: EventRef,
    /// The SHA-256 of the bundle.
    pub bundle: Digest,
    /// The [record](crate::format::origin) that names what else came with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records: Option<Digest>,
    /// Who took it, as that journal tells; none: it does not say of everybody.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authors: Vec<ActorRecord>,
}
