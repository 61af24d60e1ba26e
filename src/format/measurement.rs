//! What was seen while this program ran a candidate and its baseline: stored beside the certificate that rests on it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::id::{FileId, SnapshotId};
use crate::name::SetName;

/// Name and version of the record. 1: first form.
pub const FORMAT: &str = "mlrun/measurement/1";

/// Whose run it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The version that is judged.
    Candidate,
    /// What it is compared with.
    Baseline,
}

impl Role {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Candidate => "candidate",
            Self::Baseline => "baseline",
        }
    }
}

/// Everything that was run for one certificate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeasurementRecord {
    /// [`FORMAT`].
    pub format: String,
    /// The candidate.
    pub candidate: SnapshotId,
    /// The baseline.
    pub baseline: Option<SnapshotId>,
    /// The resolved policy, whose commands were run.
    pub policy: Digest,
    /// The hardware it was run on.
    pub machine: String,
    /// The environment that the commands found first; none: that of whoever certified.
    pub environment: Option<String>,
    /// The held-out rows, if they were asked for.
    pub input: Option<InputRecord>,
    /// The predictions set that was made.
    pub set: Option<SetName>,
    /// What became of each model that was run.
    pub sides: BTreeMap<Role, SideRecord>,
    /// Of each rule with a command of its own, what that made of each model.
    pub commands: BTreeMap<String, BTreeMap<Role, ValuesRecord>>,
    /// What a reader should know of how they were run, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

/// The rows that were predicted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputRecord {
    /// The data source of the candidate.
    pub name: SetName,
    /// Where it lies in a version.
    pub path: String,
    /// As the candidate records it.
    pub sha256: Option<Digest>,
}

/// What became of one model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SideRecord {
    /// The timed runs, in their order.
    pub runs: Vec<RunRecord>,
    /// Exit status of the last run, 128 and the signal where one ended it; none: it did not run to an end.
    pub status: Option<i32>,
    /// The predictions of its first timed run.
    pub predictions: Option<FreshRecord>,
    /// Whether a later timed run predicted anything else.
    pub varies: bool,
    /// Why it could not be measured to the end.
    pub failed: Option<String>,
    /// Why the times that its command wrote down itself do not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub untimed: Option<String>,
}

/// One timed run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunRecord {
    /// Its place among all runs, those before the timed ones included; from 1.
    pub place: u32,
    /// From its start to its end.
    pub milliseconds: f64,
    /// Bytes of memory that the largest of its processes held at most.
    pub peak_memory: Option<u64>,
    /// Calls that the command timed itself; none: it did not.
    pub calls: Option<u64>,
    /// Quantiles of these calls, as far as rules ask for them.
    pub latency: Vec<LatencyRecord>,
}

/// A quantile of the calls of one run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LatencyRecord {
    /// Between 0 and 1.
    pub quantile: f64,
    /// Its value.
    pub milliseconds: f64,
}

/// Predictions that this program had made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FreshRecord {
    /// What it is called in messages and bundles: `measured/candidate/predictions.csv`.
    pub path: String,
    /// Its bytes.
    pub file: FileId,
    /// How many they are.
    pub size: u64,
    /// Its rows.
    pub rows: u64,
}

/// What a command made of one model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValuesRecord {
    /// One number, or one for each fold or repeat.
    pub values: Vec<f64>,
    /// Why there is none.
    pub failed: Option<String>,
    /// The recorded predictions that it was given, where nobody had made them again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<FileId>,
}

impl MeasurementRecord {
    /// Whether everything that was to be run was run to a good end.
    pub fn is_whole(&self) -> bool {
        let commands = self.commands.values().flat_map(BTreeMap::values);
        self.sides.values().all(|side| side.failed.is_none()) && commands.into_iter().all(|c| c.failed.is_none())
    }
}
