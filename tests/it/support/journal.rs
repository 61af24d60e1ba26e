//! A journal to play with: verbs in one line each, on any backend, without a project.

use std::sync::Arc;

use mlrun::clock::{Clock, Time};
use mlrun::digest::Digest;
use mlrun::format::certificate::Verdict;
use mlrun::format::event::{ActorRecord, EventBody, EventRef, RulesRecord, StageRulesRecord};
use mlrun::format::observation::ExecutionRecord;
use mlrun::id::{CertificateId, ObservationId, SnapshotId, TreeId};
use mlrun::name::{ModelName, StageName, Version};
use mlrun::registry::promote::{Obstacle, PromoteRequest, obstacles, raises};
use mlrun::registry::rollback::{RollbackPlan, RollbackRefusal, RollbackRequest, plan};
use mlrun::registry::{Committed, Decision, JournalError, Registry, State};
use mlrun::store::Backend;
use mlrun::store::memory::Memory;

use super::REPOSITORY;
use super::clock::FixedClock;

/// The model of every such journal.
pub fn model() -> ModelName {
    ModelName::new("fraud").unwrap()
}

pub fn stage(name: &str) -> StageName {
    StageName::new(name).unwrap()
}

/// The record of content `name`.
pub fn snapshot(name: &str) -> SnapshotId {
    SnapshotId::new(Digest::of(format!("snapshot {name}").as_bytes()))
}

/// The model files of content `name`.
pub fn tree(name: &str) -> TreeId {
    TreeId::new(Digest::of(format!("tree {name}").as_bytes()))
}

pub fn policy(name: &str) -> Digest {
    Digest::of(format!("policy {name}").as_bytes())
}

pub fn actor() -> ActorRecord {
    ActorRecord { name: Some("Ana".to_owned()), ..ActorRecord::default() }
}

/// A training run that ended with this status.
pub fn failed(started: Time, status: i32) -> EventBody {
    EventBody::Failed {
        argv: vec!["./train.sh".to_owned()],
        arguments_cut: None,
        cwd: None,
        run: ExecutionRecord {
            started,
            duration_ms: 5,
            exit: Some(status),
            signal: None,
            user_ms: None,
            system_ms: None,
            peak_memory: None,
            folder: None,
        },
        seeds: Vec::new(),
    }
}

/// Rules that ask for a certificate under policy `name`.
pub fn certified_rules(name: &str) -> RulesRecord {
    let stage =
        StageRulesRecord { certificate: true, from: Vec::new(), valid_for: 30 * 86_400, ..StageRulesRecord::default() };
    RulesRecord { policy: Some(policy(name)), stage }
}

/// Rules that ask for nothing.
pub fn open_rules() -> RulesRecord {
    RulesRecord {
        policy: None,
        stage: StageRulesRecord { certificate: false, from: Vec::new(), valid_for: 0, ..StageRulesRecord::default() },
    }
}

/// A certificate to be issued.
#[derive(Debug, Clone)]
pub struct Certificate {
    pub verdict: Verdict,
    pub policy: Digest,
    pub stage: StageName,
    pub expires: Time,
    pub proposed: bool,
    /// The events of the waivers it counts.
    pub waivers: Vec<u64>,
}

/// A registry, its backend and its clock.
pub struct Journal {
    pub backend: Arc<dyn Backend>,
    pub clock: Arc<FixedClock>,
    pub registry: Registry,
}

impl Journal {
    /// In memory.
    pub fn new() -> Self {
        Self::on(Arc::new(Memory::default()))
    }

    pub fn on(backend: Arc<dyn Backend>) -> Self {
        let clock = FixedClock::new();
        let registry = Registry::new(Arc::clone(&backend), REPOSITORY.to_owned(), Arc::clone(&clock) as Arc<dyn Clock>);
        Self { backend, clock, registry }
    }

    /// The present state; there must be one.
    pub fn state(&self) -> State {
        self.registry.state(&model()).unwrap().unwrap()
    }

    /// Appends one event.
    pub fn append(&self, body: EventBody) -> Result<Committed<()>, JournalError> {
        self.registry.commit(&model(), &actor(), |_| Ok(Decision::Append(body.clone(), ())))
    }

    /// A new version of content `name`, whose model files are `files`.
    pub fn snapshot_with(&self, name: &str, files: &str) -> Version {
        let committed = self.registry.commit::<_, JournalError>(&model(), &actor(), |state| {
            let version = Version(state.versions.len() as u32 + 1);
            let body = EventBody::Snapshot {
                version,
                snapshot: snapshot(name),
                parent: state.latest().map(|v| v.snapshot),
                observation: ObservationId::new(Digest::of(b"observation")),
                model_tree: tree(files),
            };
            Ok(Decision::Append(body, version))
        });
        committed.unwrap().outcome
    }

    /// A new version of content `name`, with model files of its own.
    pub fn snapshot(&self, name: &str) -> Version {
        self.snapshot_with(name, name)
    }

    /// A passing certificate for 30 days, under policy `a`, against what production holds.
    pub fn pass(&self) -> Certificate {
        let expires = self.clock.now().after(std::time::Duration::from_secs(30 * 86_400));
        Certificate {
            verdict: Verdict::Pass,
            policy: policy("a"),
            stage: stage("production"),
            expires,
            proposed: false,
            waivers: Vec::new(),
        }
    }

    /// Issues a certificate for `name` against what its stage holds.
    pub fn certify(&self, name: &str, certificate: &Certificate) -> CertificateId {
        let committed = self.registry.commit::<_, JournalError>(&model(), &actor(), |state| {
            let baseline = state.occupant(&certificate.stage);
            let text = format!("certificate of {name} after {}", state.seq());
            let id = CertificateId::new(Digest::of(text.as_bytes()));
            let body = EventBody::Certify {
                snapshot: snapshot(name),
                certificate: id,
                verdict: certificate.verdict,
                stage: certificate.stage.clone(),
                baseline: baseline.map(|o| o.snapshot),
                baseline_event: baseline.map(|o| o.event),
                policy: certificate.policy,
                expires: certificate.expires,
                proposed: certificate.proposed,
                first_release: baseline.is_none().then(|| "the first".to_owned()),
                sets: Vec::new(),
                waivers: certificate.waivers.clone(),
            };
            Ok(Decision::Append(body, id))
        });
        committed.unwrap().outcome
    }

    /// Promotes `name` if nothing stands against it.
    pub fn promote(&self, name: &str, to: &str, proposed: &RulesRecord) -> Result<Option<EventRef>, Vec<Obstacle>> {
        let to = stage(to);
        let mut refused = Vec::new();
        let committed = self.registry.commit::<_, JournalError>(&model(), &actor(), |state| {
            let id = snapshot(name);
            let current = state.occupant(&to);
            if current.is_some_and(|o| o.snapshot == id) {
                return Ok(Decision::Keep(()));
            }
            let now = self.registry.now_in(state);
            let request = PromoteRequest { stage: &to, snapshot: id, proposed, expected: None, now };
            let (against, certificate) = obstacles(state, &request);
            refused = against;
            if !refused.is_empty() {
                return Ok(Decision::Keep(()));
            }
            let in_force = state.stages.get(&to).and_then(|row| row.rules.as_ref());
            let adopts = in_force.is_none_or(|rules| raises(rules, proposed));
            let body = EventBody::Promote {
                stage: to.clone(),
                version: state.version_of(id).unwrap().version,
                snapshot: id,
                replaces: current.map(|o| o.snapshot),
                certificate,
                adopts: adopts.then(|| proposed.clone()),
                approvals: Vec::new(),
                no_hooks: false,
                after: Vec::new(),
                reason: None,
            };
            Ok(Decision::Append(body, ()))
        });
        let committed = committed.unwrap();
        if refused.is_empty() { Ok(committed.event.map(|(event, _)| event)) } else { Err(refused) }
    }

    /// Promotes `name` to production, which asks for nothing.
    pub fn release(&self, name: &str) {
        self.promote(name, "production", &open_rules()).unwrap().unwrap();
    }

    /// What a rollback of production would do.
    pub fn plan(&self, request: &RollbackRequest) -> Result<RollbackPlan, RollbackRefusal> {
        let state = self.state();
        plan(&state, &stage("production"), request, self.registry.now_in(&state), &|_| None)
    }

    /// Rolls a stage back. `Ok(None)`: there was nothing to do.
    pub fn rollback(&self, of: &str, request: &RollbackRequest) -> Result<Option<Version>, RollbackRefusal> {
        let of = stage(of);
        let mut refused = None;
        let committed = self.registry.commit::<_, JournalError>(&model(), &actor(), |state| {
            match plan(state, &of, request, self.registry.now_in(state), &|_| None) {
                Err(refusal) => {
                    refused = Some(refusal);
                    Ok(Decision::Keep(None))
                }
                Ok(RollbackPlan::AlreadyGone { .. } | RollbackPlan::AlreadyThere) => Ok(Decision::Keep(None)),
                Ok(RollbackPlan::Move { flees, target, version, skipped, blocks, unblocks }) => {
                    let body = EventBody::Rollback {
                        stage: of.clone(),
                        version,
                        snapshot: target,
                        replaces: flees.map(|fled| fled.snapshot),
                        reason: "it misbehaves".to_owned(),
                        blocks,
                        unblocks,
                        no_hooks: false,
                        after: Vec::new(),
                        skipped,
                    };
                    Ok(Decision::Append(body, Some(version)))
                }
            }
        });
        let committed = committed.unwrap();
        refused.map_or(Ok(committed.outcome), Err)
    }
}

/// A plain rollback.
pub const BACK: RollbackRequest = RollbackRequest { from: None, to: None, block: true, unblock: false };
