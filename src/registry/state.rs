//! The state of one model: a fold over its journal.

use std::collections::BTreeMap;

use super::error::JournalError;
use crate::clock::Time;
use crate::digest::Digest;
use crate::format::checkpoint::{
    ApprovalRow, AttachedRow, BlockRow, Blocks, CasesRow, CertificateRow, CheckpointRecord, ErasedRow, ObservedRow,
    OccupancyRow, SignatureRow, StageRow, UsesRow, VersionRow, WaiverRow,
};
use crate::format::event::{EventBody, EventRecord, EventRef};
use crate::format::rows::{Keyed, Rows};
use crate::id::{CertificateId, EventId, SnapshotId, TreeId};
use crate::name::{ModelName, StageName, Version};

/// Everything the journal says, as of its newest event.
#[derive(Debug, Clone)]
pub struct State {
    /// The name the model has.
    pub model: ModelName,
    /// The name it was created under: its journal lies in that folder, and its events and snapshots go on naming it so.
    pub first_name: ModelName,
    /// The history it belongs to.
    pub repository: String,
    /// The newest event; none before the first.
    pub head: Option<EventRef>,
    time: Option<Time>,
    /// Every version; `versions[n]` is `v(n+1)`.
    pub versions: Rows<VersionRow>,
    /// Every stage that was ever held.
    pub stages: BTreeMap<StageName, StageRow>,
    /// Blocks in force.
    pub blocks: Blocks,
    /// The newest certificate of every snapshot that has one: by the rules in force, else by others that somebody tried.
    pub certificates: Keyed<CertificateRow>,
    /// The newest certificate by other rules, of every snapshot that has one by those in force: it displaces nothing.
    pub proposals: Keyed<CertificateRow>,
    /// What was erased, in the order it was.
    pub erased: Vec<ErasedRow>,
    /// Evidence that was attached, in the order it was.
    pub attached: Vec<AttachedRow>,
    /// Waivers, in the order they were given.
    pub waivers: Vec<WaiverRow>,
    /// Regression cases, in the order they were added.
    pub cases: Vec<CasesRow>,
    /// [Who](crate::format::event::UsedSetRecord::judged) each evaluation set has judged, in the order it first did.
    pub uses: BTreeMap<Digest, Vec<Digest>>,
    /// Approvals, in the order they were given.
    pub approvals: Vec<ApprovalRow>,
    /// The newest finding of every place that serves a stage.
    pub observed: Vec<ObservedRow>,
    /// The model this name belongs to, where it is only a name.
    pub alias_of: Option<ModelName>,
    /// Events whose times were corrected, and what is taken for them.
    pub corrected: BTreeMap<u64, Time>,
}

/// Who held a stage at `time`.
pub fn at(stage: &StageRow, time: Time) -> Option<&OccupancyRow> {
    stage.timeline.get(place_at(stage, time)?)
}

/// The place in a stage's timeline of who held it at `time`.
pub fn place_at(stage: &StageRow, time: Time) -> Option<usize> {
    let place = stage.timeline.partition_point(|o| o.since <= time).checked_sub(1)?;
    let retired = stage.timeline.get(place)?.retired.as_ref();
    retired.is_none_or(|retired| retired.time > time).then_some(place)
}

impl State {
    /// A model nothing is known of.
    pub fn before_creation(model: ModelName) -> Self {
        Self {
            first_name: model.clone(),
            model,
            repository: String::new(),
            head: None,
            time: None,
            versions: Rows::default(),
            stages: BTreeMap::new(),
            blocks: Blocks::default(),
            certificates: Keyed::default(),
            proposals: Keyed::default(),
            erased: Vec::new(),
            attached: Vec::new(),
            waivers: Vec::new(),
            cases: Vec::new(),
            uses: BTreeMap::new(),
            approvals: Vec::new(),
            observed: Vec::new(),
            alias_of: None,
            corrected: BTreeMap::new(),
        }
    }

    /// The place of the newest event; 0 before the first.
    pub fn seq(&self) -> u64 {
        self.head.map_or(0, |head| head.seq)
    }

    /// The time of the newest event.
    pub const fn time(&self) -> Option<Time> {
        self.time
    }

    /// The newest version.
    pub fn latest(&self) -> Option<&VersionRow> {
        self.versions.last()
    }

    /// Whether all its versions were dropped, and none ever held a stage: it was taken by mistake.
    pub fn is_abandoned(&self) -> bool {
        !self.versions.is_empty()
            && self.stages.values().all(|row| row.timeline.is_empty())
            && self.versions.iter().rev().all(|row| row.dropped.is_some())
    }

    /// A version by number.
    pub fn version(&self, version: Version) -> Option<&VersionRow> {
        self.versions.get((version.0 as usize).checked_sub(1)?)
    }

    /// The certificates that are known: those in force, and those by other rules beside them.
    pub fn certificate_rows(&self) -> impl Iterator<Item = &CertificateRow> {
        self.certificates.values().chain(self.proposals.values())
    }

    /// A certificate of a snapshot, if it is one of those known.
    pub fn certificate(&self, snapshot: SnapshotId, certificate: CertificateId) -> Option<&CertificateRow> {
        let known = [self.certificates.get(&snapshot), self.proposals.get(&snapshot)];
        known.into_iter().flatten().find(|row| row.certificate == certificate)
    }

    fn add_certificate(&mut self, row: CertificateRow) {
        let in_force = self.certificates.get(&row.snapshot).is_some_and(|before| !before.proposed);
        let rows = if row.proposed && in_force { &mut self.proposals } else { &mut self.certificates };
        rows.insert(row.snapshot, row);
    }

    /// The newest version with this record.
    pub fn version_of(&self, snapshot: SnapshotId) -> Option<&VersionRow> {
        self.versions.about(snapshot).next_back()
    }

    /// Who holds a stage now.
    pub fn occupant(&self, stage: &StageName) -> Option<&OccupancyRow> {
        self.stages.get(stage)?.occupant()
    }

    /// The stages a snapshot holds now.
    pub fn stages_of(&self, snapshot: SnapshotId) -> Vec<StageName> {
        let holds = |row: &&StageRow| row.occupant().is_some_and(|o| o.snapshot == snapshot);
        self.stages.values().filter(holds).map(|row| row.stage.clone()).collect()
    }

    /// The stages that a snapshot, or any, was moved to against the rules and holds since.
    pub fn forced(&self, snapshot: Option<SnapshotId>) -> Vec<StageName> {
        let is_forced = |row: &&StageRow| {
            row.occupant().is_some_and(|o| o.kind == "force" && snapshot.is_none_or(|snapshot| o.snapshot == snapshot))
        };
        self.stages.values().filter(is_forced).map(|row| row.stage.clone()).collect()
    }

    /// The block that keeps a snapshot, or another one with the same model files, out of a stage.
    pub fn block(&self, snapshot: SnapshotId, model_tree: Option<TreeId>, stage: &StageName) -> Option<&BlockRow> {
        self.blocks.of(snapshot, model_tree).find(|b| b.stage.as_ref().is_none_or(|s| s == stage))
    }

    /// Folds in the next event.
    pub fn apply(&mut self, event: &EventRecord, id: EventId) -> Result<(), JournalError> {
        let seq = self.seq() + 1;
        let broken = |reason: &str| JournalError::Broken { model: self.model.clone(), seq, reason: reason.to_owned() };
        if event.model != self.first_name {
            return Err(broken("it belongs to another model"));
        }
        if event.seq != seq {
            return Err(broken("its number is not its place"));
        }
        if event.prev != self.head.map(|head| head.id) {
            return Err(broken("it names another event as the one before it"));
        }
        if self.not_before(&event.body).is_some_and(|last| event.time < last) {
            return Err(broken("it is older than the event before it"));
        }
        if self.alias_of.is_some() {
            return Err(broken("it is behind the event that gave the name to another model"));
        }
        let begins = match &event.body {
            EventBody::Create { .. } => true,
            EventBody::Rename { to, .. } => *to == self.first_name && seq == 1,
            _ => false,
        };
        if begins != (seq == 1) {
            return Err(broken("a journal begins with one `create`, or with the model its name belongs to"));
        }
        let reference = EventRef { seq, id };
        let of_store = match event.body {
            EventBody::Create { .. } => self.model.is_store(),
            EventBody::Gc { .. } => true,
            // A clock is wrong for every journal.
            EventBody::Clock { .. } => self.model.is_store(),
            _ => false,
        };
        if of_store != self.model.is_store() {
            return Err(broken("it is of the store as a whole, or the journal is"));
        }
        self.apply_body(event, reference).map_err(|reason| JournalError::Broken {
            model: self.model.clone(),
            seq,
            reason: reason.to_owned(),
        })?;
        self.head = Some(reference);
        self.time = Some(event.time);
        Ok(())
    }

    fn apply_body(&mut self, event: &EventRecord, reference: EventRef) -> Result<(), &'static str> {
        match &event.body {
            EventBody::Create { repository } => self.repository.clone_from(repository),
            // A word for people: no state follows from it.
            EventBody::Gc { .. } | EventBody::Failed { .. } => {}
            EventBody::Snapshot { version, snapshot, parent, observation, model_tree }
            | EventBody::Import { version, snapshot, parent, observation, model_tree, .. } => {
                if version.0 as usize != self.versions.len() + 1 {
                    return Err("its version number is not the next one");
                }
                self.versions.push(VersionRow {
                    version: *version,
                    snapshot: *snapshot,
                    parent: *parent,
                    observation: *observation,
                    model_tree: *model_tree,
                    seq: reference.seq,
                    time: event.time,
                    dropped: None,
                });
            }
            EventBody::Drop { version, snapshot, .. } => {
                let held = self.ever_held(*snapshot).is_some();
                if self.version(*version).is_none_or(|row| row.snapshot != *snapshot) {
                    return Err("it drops a version that does not exist");
                }
                if held {
                    return Err("it drops a version that held a stage");
                }
                let row = self.versions.to_mut().iter_mut().find(|row| row.version == *version);
                row.into_iter().for_each(|row| row.dropped = Some(reference.seq));
            }
            EventBody::Purge { versions, erased, reason, .. } => {
                self.add_erased(ErasedRow {
                    what: erased.clone(),
                    versions: versions.clone(),
                    reason: reason.clone(),
                    actor: event.actor.name.clone(),
                    event: reference,
                    time: event.time,
                })?;
            }
            EventBody::Certify {
                snapshot,
                certificate,
                verdict,
                stage,
                baseline,
                baseline_event,
                policy,
                expires,
                proposed,
                first_release,
                sets,
                waivers,
            } => {
                sets.iter().for_each(|used| self.count_use(used, *snapshot));
                // The same statement, issued again, is signed as it was.
                let before = self.certificate(*snapshot, *certificate).map(|row| row.signatures.clone());
                let row = CertificateRow {
                    snapshot: *snapshot,
                    certificate: *certificate,
                    verdict: *verdict,
                    stage: stage.clone(),
                    baseline: *baseline,
                    baseline_event: *baseline_event,
                    policy: *policy,
                    issued: event.time,
                    expires: *expires,
                    proposed: *proposed,
                    first_release: first_release.clone(),
                    event: reference,
                    waivers: waivers.clone(),
                    signatures: before.unwrap_or_default(),
                };
                self.add_certificate(row);
            }
            EventBody::Attach { version, snapshot, evidence, .. } => {
                self.attach(*version, *snapshot, evidence, reference)?
            }
            EventBody::Waive { .. } => self.add_waiver(event, reference)?,
            EventBody::Case { change, .. } => self.change_cases(change, event, reference)?,
            EventBody::Sign { snapshot, certificate, keyid, signature } => {
                let known = [&mut self.certificates, &mut self.proposals];
                let is_it = |row: &CertificateRow| row.certificate == *certificate;
                let mut known = known.into_iter().filter(|rows| rows.get(snapshot).is_some_and(is_it));
                let Some(row) = known.next().and_then(|rows| rows.get_mut(snapshot)) else {
                    return Err("it signs a certificate that is not in force");
                };
                let (event, time) = (reference, event.time);
                row.signatures.push(SignatureRow { keyid: *keyid, record: *signature, event, time });
            }
            EventBody::Block { snapshot, stage, reason } => {
                self.add_block(*snapshot, stage.clone(), reason, reference, event.time);
            }
            EventBody::Unblock { snapshot, stage, .. } => self.remove_block(*snapshot, stage.as_ref()),
            EventBody::Promote { .. }
            | EventBody::Force { .. }
            | EventBody::Rollback { .. }
            | EventBody::Retire { .. } => {
                self.move_stage(event, reference)?;
            }
            EventBody::Adopt { stage, rules, .. } => self.adopt(stage, rules)?,
            EventBody::Hook { .. } => self.add_hook(event, reference),
            EventBody::Observed { .. } => self.observe(event, reference)?,
            EventBody::Approve { .. } => self.add_approval(event, reference)?,
            EventBody::Withdraw { approval, .. } => self.withdraw(*approval, reference, event.time)?,
            EventBody::Rename { folder, from, to, .. } => self.rename(folder, from, to, event.seq == 1)?,
            EventBody::Clock { from, times, .. } => self.correct(*from, times)?,
        }
        Ok(())
    }

    pub(super) fn add_block(
        &mut self,
        snapshot: SnapshotId,
        stage: Option<StageName>,
        reason: &str,
        event: EventRef,
        time: Time,
    ) {
        let model_tree = self.version_of(snapshot).map(|v| v.model_tree);
        self.blocks.lift(snapshot, None, |b| b.stage == stage);
        self.blocks.push(BlockRow { snapshot, model_tree, stage, reason: reason.to_owned(), event, time });
    }

    /// Lifts every block that keeps a snapshot, or its model's files, out of `stage`, those on all stages included.
    pub(super) fn let_into(&mut self, snapshot: SnapshotId, stage: &StageName) {
        let model_tree = self.version_of(snapshot).map(|v| v.model_tree);
        self.blocks.lift(snapshot, model_tree, |b| b.stage.as_ref().is_none_or(|s| s == stage));
    }

    /// Lifts the blocks of a snapshot and of its model's files; with no stage named, all of them.
    fn remove_block(&mut self, snapshot: SnapshotId, stage: Option<&StageName>) {
        let model_tree = self.version_of(snapshot).map(|v| v.model_tree);
        self.blocks.lift(snapshot, model_tree, |b| stage.is_none() || b.stage.as_ref() == stage);
    }

    /// A stage that a snapshot holds or held.
    pub fn ever_held(&self, snapshot: SnapshotId) -> Option<&StageName> {
        let held = |row: &&StageRow| row.has_held(snapshot);
        self.stages.values().find(held).map(|row| &row.stage)
    }

    /// The state a checkpoint holds.
    pub fn from_checkpoint(record: CheckpointRecord) -> Self {
        Self {
            model: record.renamed.unwrap_or_else(|| record.model.clone()),
            first_name: record.model,
            repository: record.repository,
            head: Some(record.head),
            time: Some(record.time),
            versions: record.versions,
            stages: record.stages.into_iter().map(|row| (row.stage.clone(), row)).collect(),
            blocks: record.blocks,
            certificates: record.certificates,
            proposals: record.proposals,
            erased: record.erased,
            attached: record.attached,
            waivers: record.waivers,
            cases: record.cases,
            uses: record.uses.into_iter().map(|row| (row.sha256, row.candidates)).collect(),
            approvals: record.approvals,
            observed: record.observed,
            alias_of: record.alias_of,
            corrected: record.corrected.into_iter().collect(),
        }
    }

    /// The checkpoint of this state; none before the first event.
    pub fn to_checkpoint(&self) -> Option<CheckpointRecord> {
        Some(CheckpointRecord {
            model: self.first_name.clone(),
            repository: self.repository.clone(),
            head: self.head?,
            time: self.time?,
            versions: self.versions.clone(),
            stages: self.stages.values().cloned().collect(),
            blocks: self.blocks.clone(),
            certificates: self.certificates.clone(),
            proposals: self.proposals.clone(),
            erased: self.erased.clone(),
            attached: self.attached.clone(),
            waivers: self.waivers.clone(),
            cases: self.cases.clone(),
            uses: self.uses.iter().map(|(set, judged)| UsesRow { sha256: *set, candidates: judged.clone() }).collect(),
            approvals: self.approvals.clone(),
            observed: self.observed.clone(),
            renamed: (self.model != self.first_name).then(|| self.model.clone()),
            alias_of: self.alias_of.clone(),
            corrected: self.corrected.iter().map(|(seq, time)| (*seq, *time)).collect(),
        })
    }
}
