//! The observation record: what surrounded a snapshot, named by its event and not part of its identity.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::found::FoundRecord;
use super::snapshot::RedactionRecord;
use crate::clock::Time;
use crate::digest::Digest;
use crate::id::ProfileId;
use crate::name::SetName;

/// Name and version of the record. 1: first form.
pub const FORMAT: &str = "mlrun/observation/1";

/// What the folder of the Python is called among the [paths](ObservationRecord::paths).
pub const PYTHON: &str = "python";

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
    /// Absolute places of the inputs, and of the Python that was chosen: name → path.
    pub paths: BTreeMap<String, String>,
    /// Ignore rules in force, those of `.mlrunignore` after the built-in ones.
    pub ignored: Vec<String>,
    /// Files that were reached through links, and are kept as what those led to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub linked: Option<LinkedRecord>,
    /// What was found in the model's files; none where nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<FoundRecord>,
    /// Packages that are not as a lock file wants them; so many are named, [`lock_checks`](Self::lock_checks) counts all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drift: Vec<DriftRecord>,
    /// Lock files that were compared with what is installed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lock_checks: Vec<LockCheckRecord>,
    /// The run of the recorded command that made it; none where it was not run by this program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<ExecutionRecord>,
    /// The profiles of the training data that is a table, by its name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub profiles: BTreeMap<SetName, ProfileRef>,
    /// What was replaced by `<redacted:rule>` in what was found in files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redactions: Vec<RedactionRecord>,
}

/// A package that is not as a lock file wants it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DriftRecord {
    /// The lock file, relative to the project.
    pub lock: String,
    /// The package.
    pub package: String,
    /// The version it pins; none if it pins something else, such as a commit.
    pub wanted: Option<String>,
    /// The version that is installed; none if it is not.
    pub installed: Option<String>,
}

/// How far a lock file agrees with what is installed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockCheckRecord {
    /// The lock file, relative to the project.
    pub lock: String,
    /// Packages installed in the version it pins.
    pub agree: u64,
    /// Packages installed in another version.
    pub differ: u64,
    /// Packages it wants without condition that are not installed.
    pub missing: u64,
    /// Packages installed that it does not know.
    pub extra: u64,
    /// Why it, or a part of it, was not compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread: Option<String>,
}

/// Files reached through links: the same bytes in a link's place are the same version.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkedRecord {
    /// How many.
    pub count: u64,
    /// The first of them, as they are called in the snapshot, sorted.
    pub paths: Vec<String>,
}

/// A run of a training command. What a system does not tell is left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExecutionRecord {
    /// When it began.
    pub started: Time,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// Its exit status; none if a signal ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<i32>,
    /// The signal that ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// Processor time of its own, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_ms: Option<u64>,
    /// Processor time of the system on its behalf, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system_ms: Option<u64>,
    /// Bytes of memory that the largest of its processes was seen to hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_memory: Option<u64>,
    /// The folder it ran in, absolute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
}

/// A profile of training data, or why there is none. Both are missing where it was erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileRef {
    /// The digest of the data, as the snapshot has it.
    pub sha256: Digest,
    /// Its [profile](super::profile).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<ProfileId>,
    /// The digest of its rows, whatever their order and however they are stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logical: Option<Digest>,
    /// Why it has no profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
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
    /// Graphics processors, in the order of their places on the bus.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gpus: Vec<GpuRecord>,
    /// What kind of container it is, and how that is known; none where nothing says that it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
}

/// A graphics processor.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GpuRecord {
    /// `NVIDIA`, `AMD`, `Intel`.
    pub vendor: String,
    /// Its name, or the number of its kind where the driver tells no name.
    pub model: Option<String>,
    /// Its place on the bus, such as `0000:01:00.0`.
    pub bus: String,
    /// The driver and its version, where known.
    pub driver: Option<String>,
    /// Bytes of its memory, where the driver tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<u64>,
}
