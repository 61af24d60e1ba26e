//! The checkpoint: the state of one model after some event, so that no verb reads the whole journal. A cache.
//!
//! It is trusted only while the event file at its `seq` still has the digest it names; the events behind
//! it are folded in. Losing it costs time, nothing else.
//!
//! ```text
//! mlrun/checkpoint/7    name and version
//! the record            in postcard's encoding, without its tables
//! the directory         in the same: of the file of tables beside it, if there is one, the event up to which it goes and its
//!                       bytes; of each table the place, rows and bytes of its part there, how many of those rows count, and
//!                       rows and bytes of its part here; of the blocks there the places of those that were lifted
//! digests               BLAKE3 of each page of 16 KiB of the file of tables
//! tables                the newer rows of versions, certificates, proposals, blocks, then of each stage's timeline: see `rows`
//! BLAKE3                of all of that
//!
//! mlrun/checkpoint-tables/1    filled up with zeros to 64 bytes
//! tables                       the older rows of the same, each table from a multiple of 64 bytes on
//! ```
//! The tables are what grows with a history. Most of their rows lie in a file that is written seldom and of which only those
//! pages are read that are looked at: what a verb reads and what it writes does not grow with the events that were there
//! before. A page that is not what the checkpoint says is made anew from the journal.

mod blocks;
mod file;

use serde::{Deserialize, Serialize};

pub use self::blocks::Blocks;
pub use self::file::{Files, decode, encode, files, open, tables};
use super::certificate::Verdict;
use super::event::{ErasedRecord, EventRef, HookOutcome, HookWhen, RulesRecord, SubjectRecord};
pub use super::rows::Source;
use super::rows::{Keyed, Row, Rows};
use crate::clock::Time;
use crate::digest::Digest;
use crate::id::{CertificateId, EventId, FileId, ObservationId, SnapshotId, TreeId};
use crate::name::{ModelName, SetName, StageName, Version};

/// Name and version of the record. 1: first form; 2: versions may be dropped; 3: files and fields may be erased; 4: evidence may
/// be attached, rules waived, cases added, uses of evaluation sets counted, certificates signed; 5: stages may be emptied, versions and
/// rules approved, models renamed, times corrected; 6: tables of rows that are decoded one by one; 7: blocks are one of
/// them, and the older rows of all lie in a file of their own. A checkpoint of another version is dropped.
pub const FORMAT: &str = "mlrun/checkpoint/8";

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
    #[serde(skip)]
    pub versions: Rows<VersionRow>,
    /// Every stage that was ever held, by name.
    pub stages: Vec<StageRow>,
    /// Blocks in force.
    #[serde(skip)]
    pub blocks: Blocks,
    /// The newest certificate of every snapshot that has one: by the rules in force, else by others.
    #[serde(skip)]
    pub certificates: Keyed<CertificateRow>,
    /// The newest certificate by other rules, beside one by those in force.
    #[serde(skip)]
    pub proposals: Keyed<CertificateRow>,
    /// What was erased, in the order it was.
    pub erased: Vec<ErasedRow>,
    /// Evidence that was attached, in the order it was.
    pub attached: Vec<AttachedRow>,
    /// Waivers, in the order they were given.
    pub waivers: Vec<WaiverRow>,
    /// Regression cases, in the order they were added.
    pub cases: Vec<CasesRow>,
    /// Evaluation sets by digest, and the candidates each has judged.
    pub uses: Vec<UsesRow>,
    /// Approvals, in the order they were given.
    pub approvals: Vec<ApprovalRow>,
    /// The newest finding of every place that serves a stage.
    pub observed: Vec<ObservedRow>,
    /// The name the model has, where it was renamed.
    pub renamed: Option<ModelName>,
    /// The model this name belongs to, where it is only a name.
    pub alias_of: Option<ModelName>,
    /// Events whose times were corrected, by number, and what is taken for them.
    pub corrected: Vec<(u64, Time)>,
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
    #[serde(skip)]
    pub timeline: Rows<OccupancyRow>,
    /// What rollback would pop: the occupants below, as indices into the timeline.
    pub stack: Vec<u32>,
    /// The rules in force; none before the first promotion.
    #[serde(with = "rules")]
    pub rules: Option<RulesRecord>,
    /// When the newest rollback was.
    pub last_rollback: Option<EventAt>,
    /// How the hooks of the newest move went.
    pub hooks: Vec<HookRow>,
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
    /// `promote`, `force` or `rollback`.
    pub kind: String,
    /// Who moved it.
    pub actor: Option<String>,
    /// On which certificate.
    pub certificate: Option<CertificateId>,
    /// The approvals that counted, by the numbers of their events.
    pub approvals: Vec<u64>,
    /// Every reason against it that was overruled.
    pub overruled: Vec<String>,
    /// Why, if that was said.
    pub reason: Option<String>,
    /// The event that emptied the stage; the next occupant ends it otherwise.
    pub retired: Option<RetiredRow>,
}

/// How a version's time in a stage ended without another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetiredRow {
    /// The event.
    pub event: EventRef,
    /// When.
    pub time: Time,
    /// Who.
    pub actor: Option<String>,
    /// Why.
    pub reason: String,
}

/// How a hook went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookRow {
    /// Before the move, or after it.
    pub when: HookWhen,
    /// As configured.
    pub command: String,
    /// How it went.
    pub outcome: HookOutcome,
    /// The event that says so.
    pub event: EventRef,
    /// When.
    pub time: Time,
}

/// An approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalRow {
    /// Of what.
    pub subject: SubjectRecord,
    /// For which stage.
    pub stage: StageName,
    /// In which role.
    pub role: String,
    /// The person's address.
    pub person: String,
    /// The certificate they relied on.
    pub certificate: Option<CertificateId>,
    /// The stored statement.
    pub statement: Digest,
    /// The stored signature.
    pub signature: Option<Digest>,
    /// The event that gave it.
    pub event: EventRef,
    /// When.
    pub time: Time,
    /// The event that took it back.
    pub withdrawn: Option<EventAt>,
}

/// What a place that serves a stage was found to hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedRow {
    /// The stage it should serve.
    pub stage: StageName,
    /// The place.
    pub place: String,
    /// The version it holds, whole; none: no known one.
    pub version: Option<Version>,
    /// What the stage held then.
    pub expected: Version,
    /// Files that were not as the stage said.
    pub differences: u64,
    /// The event that says so.
    pub event: EventRef,
    /// When.
    pub time: Time,
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
    pub event: EventRef,
    /// The waivers it counts, by the numbers of their events.
    pub waivers: Vec<u64>,
    /// Who signed it, in the order they did.
    pub signatures: Vec<SignatureRow>,
}

/// Evidence that was attached to a version. What its columns mean says the event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachedRow {
    /// The version.
    pub version: Version,
    /// The set.
    pub set: SetName,
    /// Its bytes.
    pub file: FileId,
    /// The event that attached it.
    pub event: EventRef,
}

/// A waiver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaiverRow {
    /// The version it was given to.
    pub version: Version,
    /// Its record.
    pub snapshot: SnapshotId,
    /// The rule.
    pub rule: String,
    /// Why.
    pub reason: String,
    /// When it stops to count.
    pub expires: Time,
    /// Who gave it.
    pub actor: Option<String>,
    /// Their address.
    pub email: Option<String>,
    /// The signature on it.
    pub signature: Option<Digest>,
    /// The event that gave it.
    pub event: EventRef,
    /// When.
    pub time: Time,
}

/// Regression cases that one command added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CasesRow {
    /// The number of the first.
    pub first: u32,
    /// How many they were.
    pub count: u32,
    /// The evaluation set.
    pub set: SetName,
    /// The list of them.
    pub cases: Digest,
    /// Those of their numbers that were removed.
    pub removed: Vec<u32>,
    /// Who added them.
    pub actor: Option<String>,
    /// The event that did.
    pub event: EventRef,
    /// When.
    pub time: Time,
}

/// What an evaluation set was used for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsesRow {
    /// Of its keys and labels.
    pub sha256: Digest,
    /// [Who](super::event::UsedSetRecord::judged) it judged, in the order it first did.
    pub candidates: Vec<Digest>,
}

/// Rules where every field has its place: in a cache none can be left out.
mod rules {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::digest::Digest;
    use crate::format::event::{RulesRecord, StageRulesRecord};
    use crate::name::StageName;

    type Roles<T> = BTreeMap<String, T>;

    #[derive(Serialize, Deserialize)]
    struct Row {
        policy: Option<Digest>,
        certificate: bool,
        from: Vec<StageName>,
        valid_for: u64,
        waivers: Roles<Vec<String>>,
        approvals: Roles<u32>,
        people: Roles<Vec<String>>,
        signers: Option<Digest>,
        self_approval: bool,
        before: Vec<String>,
        scripts: Roles<Digest>,
    }

    pub(super) fn serialize<S: Serializer>(rules: &Option<RulesRecord>, serializer: S) -> Result<S::Ok, S::Error> {
        let row = rules.clone().map(|RulesRecord { policy, stage }| {
            let StageRulesRecord { certificate, from, valid_for, waivers, approvals, .. } = stage;
            let StageRulesRecord { people, signers, self_approval, before, scripts, .. } = stage;
            Row {
                policy,
                certificate,
                from,
                valid_for,
                waivers,
                approvals,
                people,
                signers,
                self_approval,
                before,
                scripts,
            }
        });
        row.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<RulesRecord>, D::Error> {
        let row: Option<Row> = Option::deserialize(deserializer)?;
        Ok(row.map(|row| {
            let Row { policy, certificate, from, valid_for, waivers, .. } = row;
            let Row { approvals, people, signers, self_approval, before, scripts, .. } = row;
            let stage = StageRulesRecord {
                certificate,
                from,
                valid_for,
                waivers,
                approvals,
                people,
                signers,
                self_approval,
                before,
                scripts,
            };
            RulesRecord { policy, stage }
        }))
    }
}

/// A signature of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignatureRow {
    /// The key, by the SHA-256 of its SubjectPublicKeyInfo.
    pub keyid: Digest,
    /// The record that holds the signature.
    pub record: Digest,
    /// The event that says so.
    pub event: EventRef,
    /// When.
    pub time: Time,
}

impl Row for VersionRow {
    fn key(&self) -> SnapshotId {
        self.snapshot
    }

    fn fits(&self, place: usize) -> bool {
        self.version.0 as usize == place + 1
    }

    /// A version that was dropped before there was anything.
    fn unreadable(key: SnapshotId, place: usize) -> Self {
        let nothing = Digest::from_bytes([0; 32]);
        Self {
            version: Version(u32::try_from(place + 1).unwrap_or(u32::MAX)),
            snapshot: key,
            parent: None,
            observation: nothing.into(),
            model_tree: nothing.into(),
            seq: 0,
            time: Time::default(),
            dropped: Some(0),
        }
    }
}

impl Row for OccupancyRow {
    fn key(&self) -> SnapshotId {
        self.snapshot
    }

    /// By no event: no certificate was ever held against it.
    fn unreadable(key: SnapshotId, _: usize) -> Self {
        Self {
            version: Version(0),
            snapshot: key,
            since: Time::default(),
            event: NO_EVENT,
            kind: String::new(),
            actor: None,
            certificate: None,
            approvals: Vec::new(),
            overruled: Vec::new(),
            reason: None,
            retired: None,
        }
    }
}

impl VersionRow {
    /// Whether it stands for a version that cannot be read.
    pub fn is_unreadable(&self) -> bool {
        self.dropped == Some(0)
    }
}

impl BlockRow {
    /// Whether it is about a snapshot, or about another one with the same model files.
    pub fn is_of(&self, snapshot: SnapshotId, model_tree: Option<TreeId>) -> bool {
        self.snapshot == snapshot || model_tree.is_some() && self.model_tree == model_tree
    }

    /// Whether it stands for a block that cannot be read.
    pub fn is_unreadable(&self) -> bool {
        self.event == NO_EVENT
    }
}

impl Row for BlockRow {
    const KEYS: usize = 2;

    fn key(&self) -> SnapshotId {
        self.snapshot
    }

    fn other_key(&self) -> [u8; 32] {
        self.model_tree.map_or([0; 32], |tree| *tree.digest().as_bytes())
    }

    /// One on every stage, of whatever it is asked for.
    fn unreadable(key: SnapshotId, _: usize) -> Self {
        Self {
            snapshot: key,
            model_tree: None,
            stage: None,
            reason: "the block cannot be read".to_owned(),
            event: NO_EVENT,
            time: Time::default(),
        }
    }
}

impl Row for CertificateRow {
    fn key(&self) -> SnapshotId {
        self.snapshot
    }

    /// One that failed, and expired.
    fn unreadable(key: SnapshotId, _: usize) -> Self {
        let nothing = Digest::from_bytes([0; 32]);
        Self {
            snapshot: key,
            certificate: nothing.into(),
            verdict: Verdict::Fail,
            stage: StageName::production(),
            baseline: None,
            baseline_event: Some(NO_EVENT),
            policy: nothing,
            issued: Time::default(),
            expires: Time::default(),
            proposed: true,
            first_release: None,
            event: NO_EVENT,
            waivers: Vec::new(),
            signatures: Vec::new(),
        }
    }
}

/// The event that no journal has.
const NO_EVENT: EventRef = EventRef { seq: 0, id: EventId::new(Digest::from_bytes([0; 32])) };
