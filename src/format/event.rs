//! The journal event: one immutable file, the only thing that changes the state of a model.
//!
//! `journal/<model>/<16-digit seq>`, where `+` stands for a `/` of the name and `.store` for the store as a whole, holds a line of canonical JSON and a line with the SHA-256 of the first,
//! its newline included: `head -n 1 FILE | sha256sum` prints the second line's digest. `prev` is that digest
//! of the event before, so a change anywhere shows everywhere behind it.
//!
//! ```json
//! {"actor":{"name":"Ana","host":"ws-1"},"certificate":"…","format":"mlrun/event/1","kind":"promote","model":"fraud",
//!  "prev":"…","seq":12,"snapshot":"…","stage":"production","time":"2026-03-01T12:00:00.000Z","version":"v7"}
//! ```

mod approval;
mod deployment;
mod erased;
mod evidence;
mod file;
mod rules;

use serde::{Deserialize, Serialize};

pub use self::approval::SubjectRecord;
pub use self::deployment::{HookOutcome, HookWhen, OriginRecord};
pub use self::erased::{CopyRecord, ErasedFieldRecord, ErasedFileRecord, ErasedRecord};
pub use self::evidence::{AttachedRecord, CaseChangeRecord, UsedSetRecord};
pub use self::file::{EventFile, MAX_SEQ, decode, digest, encode, file_name};
pub use self::rules::{RulesRecord, StageRulesRecord};
use super::observation::ExecutionRecord;
use super::snapshot::SeedRecord;
use super::verdict::Verdict;
use crate::clock::Time;
use crate::digest::Digest;
use crate::id::{CertificateId, EventId, ObservationId, SnapshotId, TreeId};
use crate::name::{ModelName, StageName, Version};

/// Name and version of the record. 1: first form.
pub const FORMAT: &str = "mlrun/event/1";
/// No event file is longer: 1 MiB.
pub const MAX_EVENT: usize = 1 << 20;

/// One event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventRecord {
    /// [`FORMAT`].
    pub format: String,
    /// Whose journal it is in; `.store` for what concerns the whole store.
    #[serde(deserialize_with = "super::text::journal")]
    pub model: ModelName,
    /// Its place there: dense from 1.
    pub seq: u64,
    /// The event before; none for the first.
    pub prev: Option<EventId>,
    /// When: never earlier than the event before.
    pub time: Time,
    /// What the clock said, where that was earlier than the event before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<Time>,
    /// Who.
    pub actor: ActorRecord,
    /// What.
    #[serde(flatten)]
    pub body: EventBody,
}

/// Who caused an event, as far as the machine knows; nothing here is proven.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActorRecord {
    /// The person's name, or the account's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Their address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The CI job, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ci: Option<CiRecord>,
}

/// A job of a CI system.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CiRecord {
    /// `github-actions`, `gitlab-ci` …
    pub provider: String,
    /// Where its log is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_url: Option<String>,
    /// The commit it ran on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Who began it, as the provider calls them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun_by: Option<String>,
}

/// An event named by place and digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventRef {
    /// Its place in the journal.
    pub seq: u64,
    /// Its digest.
    pub id: EventId,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum EventBody {
    /// The journal begins.
    Create {
        /// The history it belongs to.
        repository: String,
    },
    /// A new version.
    Snapshot {
        /// Its number.
        version: Version,
        /// Its record.
        snapshot: SnapshotId,
        /// The version before it.
        parent: Option<SnapshotId>,
        /// What surrounded it.
        observation: ObservationId,
        /// Its model's own files: what a block by content compares.
        model_tree: TreeId,
    },
    /// A training command failed: no version came of it.
    Failed {
        /// The command, redacted.
        argv: Vec<String>,
        /// How many more arguments it had, where they were too long for a journal.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        arguments_cut: Option<u64>,
        /// The folder it ran in, relative to the project; none where that was the project's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cwd: Option<String>,
        /// How it went.
        run: ExecutionRecord,
        /// The seeds that were issued to it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        seeds: Vec<SeedRecord>,
    },
    /// A certificate was issued.
    Certify {
        /// The candidate.
        snapshot: SnapshotId,
        /// The statement.
        certificate: CertificateId,
        /// Its verdict.
        verdict: Verdict,
        /// The stage the baseline was taken from.
        stage: StageName,
        /// The baseline; none for a first release.
        baseline: Option<SnapshotId>,
        /// The event that put it there.
        baseline_event: Option<EventRef>,
        /// The resolved policy.
        policy: Digest,
        /// When it stops to count.
        expires: Time,
        /// Made under other rules than those in force: it never promotes.
        proposed: bool,
        /// Why there was no baseline.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        first_release: Option<String>,
        /// The evaluation sets it was judged on: a use of each.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        sets: Vec<UsedSetRecord>,
        /// The waivers it counts, by the numbers of their events.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        waivers: Vec<u64>,
    },
    /// Evidence was added to a version after it was taken.
    Attach {
        /// Its number.
        version: Version,
        /// Its record.
        snapshot: SnapshotId,
        /// The set, its file and its columns.
        evidence: AttachedRecord,
        /// Why, if that was said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// A rule that a version does not satisfy is excused for a while.
    Waive {
        /// Its number.
        version: Version,
        /// Its record.
        snapshot: SnapshotId,
        /// The rule's name in the policy.
        rule: String,
        /// Why.
        reason: String,
        /// When it stops to count.
        expires: Time,
        /// The signature on it; none: it is not signed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signature: Option<Digest>,
        /// The certificate that it was given for: what that says of the rule is excused, and nothing worse. None: the first that
        /// counts it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        certificate: Option<CertificateId>,
    },
    /// The list of cases that every later candidate must be right about grew or shrank.
    Case {
        /// How.
        change: CaseChangeRecord,
        /// Why; of several that were added, where they have one reason.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// A certificate was signed.
    Sign {
        /// The candidate.
        snapshot: SnapshotId,
        /// The statement.
        certificate: CertificateId,
        /// The key, by the SHA-256 of its SubjectPublicKeyInfo.
        keyid: Digest,
        /// The record that holds the signature.
        signature: Digest,
    },
    /// A version is kept out of a stage, or of all.
    Block {
        /// Which.
        snapshot: SnapshotId,
        /// None: every stage.
        stage: Option<StageName>,
        /// Why.
        reason: String,
    },
    /// The end of a block.
    Unblock {
        /// Which.
        snapshot: SnapshotId,
        /// None: every stage.
        stage: Option<StageName>,
        /// Why.
        reason: Option<String>,
    },
    /// A version's files are not needed any more; its record stays.
    Drop {
        /// Its number.
        version: Version,
        /// Its record.
        snapshot: SnapshotId,
        /// Why.
        reason: String,
    },
    /// A file's bytes or a record's field are gone for good, wherever they were: this is what is left of them.
    Purge {
        /// The version it was named by; in the journal of another model the newest that had it.
        version: Version,
        /// Every version of this model that had it. One that is made later is not meant.
        versions: Vec<Version>,
        /// What it was.
        erased: ErasedRecord,
        /// Why.
        reason: String,
    },
    /// What no version needed was let go of; in the journal of the store.
    Gc {
        /// Packs that went, whole or after what was needed of them was copied.
        packs: u64,
        /// Objects that went with them.
        objects: u64,
        /// Bytes that those took.
        freed: u64,
        /// Bytes that were removed from the trash for good.
        emptied: u64,
        /// How long what went can be taken back, in seconds.
        grace: u64,
        /// Whether it was removed for good at once.
        at_once: bool,
        /// Bytes of what was erased on the way, because a purge had been cut short.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        erased: Option<u64>,
    },
    /// A stage moved forward.
    Promote {
        /// Which stage.
        stage: StageName,
        /// To which version.
        version: Version,
        /// Its record.
        snapshot: SnapshotId,
        /// What the stage held before.
        replaces: Option<SnapshotId>,
        /// On which certificate; none where the stage asks for none.
        certificate: Option<CertificateId>,
        /// The rules this first promotion puts in force.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        adopts: Option<RulesRecord>,
        /// The approvals that counted, by the numbers of their events.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        approvals: Vec<u64>,
        /// Whether its hooks were passed over, because somebody said so.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        no_hooks: bool,
        /// The hooks that belong behind it, as configured then, with secrets masked.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        after: Vec<String>,
        /// Why, if that was said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// A stage was moved against its rules.
    Force {
        /// Which stage.
        stage: StageName,
        /// To which version.
        version: Version,
        /// Its record.
        snapshot: SnapshotId,
        /// What the stage held before.
        replaces: Option<SnapshotId>,
        /// Its newest certificate, whatever that says.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        certificate: Option<CertificateId>,
        /// The approvals it had, by the numbers of their events.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        approvals: Vec<u64>,
        /// Every reason against it, as a refusal names them.
        overruled: Vec<String>,
        /// Whether its hooks were passed over, because somebody said so.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        no_hooks: bool,
        /// The hooks that belong behind it, as configured then, with secrets masked.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        after: Vec<String>,
        /// Why.
        reason: String,
    },
    /// A stage moved back.
    Rollback {
        /// Which stage.
        stage: StageName,
        /// To which version.
        version: Version,
        /// Its record.
        snapshot: SnapshotId,
        /// The version that is fled; none where the stage had been emptied.
        replaces: Option<SnapshotId>,
        /// Why.
        reason: String,
        /// What is kept out of the stage from now on.
        blocks: Vec<SnapshotId>,
        /// What is let in again.
        unblocks: Vec<SnapshotId>,
        /// Earlier occupants that could not be gone back to, and why.
        skipped: Vec<SkippedRecord>,
        /// Whether its hooks were passed over, because somebody said so.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        no_hooks: bool,
        /// The hooks that belong behind it, as configured then, with secrets masked.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        after: Vec<String>,
    },
    /// A stage was emptied.
    Retire {
        /// Which stage.
        stage: StageName,
        /// What it held.
        version: Version,
        /// Its record.
        snapshot: SnapshotId,
        /// Why.
        reason: String,
    },
    /// Somebody agrees.
    Approve {
        /// With what.
        subject: SubjectRecord,
        /// For which stage.
        stage: StageName,
        /// In which of their roles.
        role: String,
        /// Their address, as the roles name it.
        person: String,
        /// The certificate they rely on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        certificate: Option<CertificateId>,
        /// The stored statement: the bytes that are signed.
        statement: Digest,
        /// The stored signature; none: it is not signed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signature: Option<Digest>,
    },
    /// Somebody does not agree any more.
    Withdraw {
        /// The number of the event that approved.
        approval: u64,
        /// Why, if that was said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Other rules are in force for a stage.
    Adopt {
        /// Which stage.
        stage: StageName,
        /// The rules from now on.
        rules: RulesRecord,
        /// The approvals that counted, by the numbers of their events.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        approvals: Vec<u64>,
        /// Why.
        reason: String,
    },
    /// A hook ran, or could not.
    Hook {
        /// The stage it belongs to.
        stage: StageName,
        /// The version that was moved, or was to be.
        version: Version,
        /// Before the move, or after it.
        when: HookWhen,
        /// The move; none before it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<u64>,
        /// As configured.
        command: String,
        /// How it went.
        outcome: HookOutcome,
        /// Its exit status, where it had one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        exit: Option<i32>,
        /// How long it took, in milliseconds.
        milliseconds: u64,
        /// The end of what it said, with secrets masked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        said: Option<String>,
    },
    /// What a place that serves a stage was found to hold.
    Observed {
        /// The stage it should serve.
        stage: StageName,
        /// The place: `web-1`.
        place: String,
        /// The version whose files it holds, whole; none: no known one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version: Option<Version>,
        /// What the stage held.
        expected: Version,
        /// Files that were not as the stage says.
        differences: u64,
    },
    /// A version came from another store.
    Import {
        /// Its number here.
        version: Version,
        /// Its record.
        snapshot: SnapshotId,
        /// The version before it here.
        parent: Option<SnapshotId>,
        /// What surrounded it.
        observation: ObservationId,
        /// Its model's own files.
        model_tree: TreeId,
        /// Where it came from.
        origin: OriginRecord,
    },
    /// A model has another name. First in a journal: that name belongs to the model in `folder`.
    Rename {
        /// The name the model was created under, whose folder its journal stays in.
        folder: ModelName,
        /// The name it had.
        from: ModelName,
        /// The name it has.
        to: ModelName,
        /// Why, if that was said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// A clock was wrong: the times of all events from `from` to the one before this are not what they say.
    Clock {
        /// The first event it concerns.
        from: u64,
        /// What is taken for each one's time: the times of `from`, `from + 1` …
        times: Vec<Time>,
        /// Why.
        reason: String,
    },
}

/// An earlier occupant that rollback passed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SkippedRecord {
    /// Its number.
    pub version: Version,
    /// Its record.
    pub snapshot: SnapshotId,
    /// Why.
    pub reason: String,
}

impl EventBody {
    /// Its kind, as recorded.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Create { .. } => "create",
            Self::Snapshot { .. } => "snapshot",
            Self::Failed { .. } => "failed",
            Self::Certify { .. } => "certify",
            Self::Attach { .. } => "attach",
            Self::Waive { .. } => "waive",
            Self::Case { .. } => "case",
            Self::Sign { .. } => "sign",
            Self::Block { .. } => "block",
            Self::Unblock { .. } => "unblock",
            Self::Drop { .. } => "drop",
            Self::Purge { .. } => "purge",
            Self::Gc { .. } => "gc",
            Self::Promote { .. } => "promote",
            Self::Rollback { .. } => "rollback",
            Self::Force { .. } => "force",
            Self::Retire { .. } => "retire",
            Self::Approve { .. } => "approve",
            Self::Withdraw { .. } => "withdraw",
            Self::Adopt { .. } => "adopt",
            Self::Hook { .. } => "hook",
            Self::Observed { .. } => "observed",
            Self::Import { .. } => "import",
            Self::Rename { .. } => "rename",
            Self::Clock { .. } => "clock",
        }
    }
}

/// Every kind this program knows.
pub const KINDS: [&str; 25] = [
    "create", "snapshot", "import", "failed", "certify", "sign", "attach", "waive", "case", "approve", "withdraw",
    "adopt", "block", "unblock", "drop", "purge", "gc", "promote", "force", "rollback", "retire", "hook", "observed",
    "rename", "clock",
];
