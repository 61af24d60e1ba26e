//! How this program makes predictions with a model itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::name::SetName;

/// `[model.NAME.evidence.predict]`, with every default spelled out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PredictRecord {
    /// A line for the shell, with `{model}`, `{input}`, `{output}` and perhaps `{timings}`.
    pub command: String,
    /// The held-out rows: a data source of the candidate, or the path of one.
    pub input: String,
    /// The predictions set that it makes.
    pub set: SetName,
    /// Timed runs of each model; none: as many as it takes for a narrow interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runs: Option<u32>,
    /// Runs of each model before those.
    pub warmup: u32,
    /// How long each run may take, in seconds.
    pub timeout: u64,
    /// Variables it gets.
    pub environment: BTreeMap<String, String>,
}
