//! The observation record: what surrounded a snapshot, named by its event and not part of its identity.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::found::FoundRecord;

/// Name and version of the record. 1: first form.
pub const FORMAT: &str = "mlrun/observation/1";

/// Where and with what a snapshot was taken.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObservationRecord {
    /// [`FORMAT`].
    pub format: String,
    /// The tool's version.
    pub tool: String,
    /// The machine.
    pub machine: MachineRecord,
    /// The branch checked out.
    pub branch: Option<String>,
    /// The remote's URL, without user info.
    pub remote: Option<String>,
    /// Whether a remote-tracking branch contains the commit; none where there is no git.
    pub commit_on_remote: Option<bool>,
    /// Which interpreter was chosen, and why.
    pub interpreter: Option<String>,
    /// Absolute places of the inputs: name → path.
    pub paths: BTreeMap<String, String>,
    /// Ignore rules in force, those of `.mlrunignore` after the built-in ones.
    pub ignored: Vec<String>,
    /// What was found in the model's files; none where nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<FoundRecord>,
}

/// A machine, as far as it could be known without privileges.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MachineRecord {
    /// Its name.
    pub host: Option<String>,
    /// `Debian GNU/Linux 12 (bookworm)`.
    pub os: Option<String>,
    /// `Linux 6.1.0`.
    pub kernel: Option<String>,
    /// `x86_64`.
    pub architecture: String,
    /// Its processor's name.
    pub cpu: Option<String>,
    /// Processors this process may use.
    pub cpus: u32,
    /// Features of the processor that move floating-point results (`avx2`, `fma` …).
    pub cpu_features: Vec<String>,
    /// Bytes of memory.
    pub memory: Option<u64>,
}
