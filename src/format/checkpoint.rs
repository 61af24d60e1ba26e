//! The checkpoint: the state of one model after some event, so that no verb reads the whole journal. A cache.
//!
//! It is trusted only while the event file at its `seq` still has the digest it names; the events behind
//! it are folded in. Losing it costs time, nothing else.

use serde::{Deserialize, Serialize};

use super::event::{ErasedRecord, EventRef, MAX_SEQ, RulesRecord};
use super::{FormatError, certificate::Verdict};
use crate::clock::Time;
use crate::digest::Digest;
use crate::id::{CertificateId, EventId, ObservationId, SnapshotId, TreeId};
use crate::name::{ModelName, StageName, Version};

/// Name and version of the record. 1: first form; 2: versions may be dropped; 3: files and fields may be erased; 4: certificates may be
/// signed. A checkpoint of another version is dropped.
pub const FORMAT: &str = "mlrun/checkpoint/4";

/// The state of one model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CheckpointRecord {
    /// Whose state.
    #[serde(deserialize_with = "super::text::journal")]
    pub model: ModelName,
    /// The history it belongs to.
    pub repository: String,
    /// The last event folded in.
    pub head: EventRef,
    /// Its time.
    pub time: Time,
    /// Every version, by number.
    pub versions: Vec<VersionRow>,
    /// Every stage that was ever held, by name.
    pub stages: Vec<StageRow>,
    /// Blocks in force.
    pub blocks: Vec<BlockRow>,
    /// The newest certificate of every snapshot that has one.
    pub certificates: Vec<CertificateRow>,
    /// What was erased, in the order it was.
    pub erased: Vec<ErasedRow>,
}

/// One version.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct VersionRow {
    /// Its number.
    pub version: Version,
    /// Its record.
    pub snapshot: SnapshotId,
    /// The version before it.
    pub parent: Option<SnapshotId>,
    /// What surrounded it.
    pub observation: ObservationId,
    /// Its model's own files.
    pub model_tree: TreeId,
    /// The event that made it.
    pub seq: u64,
    /// When.
    pub time: Time,
    /// The event that let go of its files.
    pub dropped: Option<u64>,
}

/// One stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StageRow {
    /// Its name.
    pub stage: StageName,
    /// Who held it, in order of time; the last one holds it now.
    pub timeline: Vec<OccupancyRow>,
    /// What rollback would pop: the occupants below, as indices into the timeline.
    pub stack: Vec<u32>,
    /// The rules in force; none before the first promotion.
    pub rules: Option<RulesRecord>,
    /// When the newest rollback was.
    pub last_rollback: Option<EventAt>,
}

/// An event and when it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventAt {
    /// Which.
    pub event: EventRef,
    /// When.
    pub time: Time,
}

/// A version's time in a stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OccupancyRow {
    /// The version.
    pub version: Version,
    /// Its record.
    pub snapshot: SnapshotId,
    /// Since when.
    pub since: Time,
    /// The event that put it there.
    pub event: EventRef,
    /// `promote` or `rollback`.
    pub kind: String,
    /// Who moved it.
    pub actor: Option<String>,
    /// On which certificate.
    pub certificate: Option<CertificateId>,
    /// Why, if that was said.
    pub reason: Option<String>,
}

/// A block in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockRow {
    /// Which snapshot.
    pub snapshot: SnapshotId,
    /// Its model's own files: the same files in another version are blocked too.
    pub model_tree: Option<TreeId>,
    /// Which stage; none: all.
    pub stage: Option<StageName>,
    /// Why.
    pub reason: String,
    /// The event that blocked it.
    pub event: EventRef,
    /// When.
    pub time: Time,
}

/// A file or a field that was erased for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasedRow {
    /// What it was.
    pub what: ErasedRecord,
    /// The versions that had it.
    pub versions: Vec<Version>,
    /// Why.
    pub reason: String,
    /// Who erased it.
    pub actor: Option<String>,
    /// The event that says so.
    pub event: EventRef,
    /// When.
    pub time: Time,
}

/// The newest certificate of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateRow {
    /// The candidate.
    pub snapshot: SnapshotId,
    /// The statement.
    pub certificate: CertificateId,
    /// Its verdict.
    pub verdict: Verdict,
    /// The baseline's stage.
    pub stage: StageName,
    /// The baseline.
    pub baseline: Option<SnapshotId>,
    /// The event that put it there.
    pub baseline_event: Option<EventRef>,
    /// The resolved policy.
    pub policy: Digest,
    /// When it was issued.
    pub issued: Time,
    /// When it stops to count.
    pub expires: Time,
    /// Made under other rules than those in force.
    pub proposed: bool,
    /// Why there was no baseline.
    pub first_release: Option<String>,
    /// The event that issued it.
    pub event: EventId,
    /// Who signed it, in the order they did.
    pub signatures: Vec<SignatureRow>,
}

/// A signature of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignatureRow {
    /// The key, by the SHA-256 of its SubjectPublicKeyInfo.
    pub keyid: Digest,
    /// The record that holds the signature.
    pub record: Digest,
    /// The event that says so.
    pub event: EventId,
    /// When.
    pub time: Time,
}

/// The file of a checkpoint.
pub fn encode(record: &CheckpointRecord) -> Result<Vec<u8>, FormatError> {
    super::cached::encode(FORMAT, record)
}

/// Reads a checkpoint; anything wrong with it means there is none.
pub fn decode(bytes: &[u8]) -> Option<CheckpointRecord> {
    super::cached::decode(FORMAT, bytes).filter(is_sound)
}

/// Whether it keeps what every state keeps. Its checksum only says that it is what somebody wrote.
fn is_sound(record: &CheckpointRecord) -> bool {
    let numbered = record.versions.iter().zip(1..).all(|(row, number)| row.version.0 == number);
    let stacked = |row: &StageRow| row.stack.iter().all(|index| (*index as usize) < row.timeline.len());
    record.head.seq <= MAX_SEQ && numbered && record.stages.iter().all(stacked)
}
