//! `certify`: evidence and policy → a certificate.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::PathBuf;

use super::evidence::{Gathered, Tables, gather};
use super::facts::{self, Judged};
use super::inputs::GivenInputs;
use super::resolve::{self, Found, ResolveError};
use super::rules::{self, Policy};
use super::signing::{self, Signer};
use super::snapshot::stale_evidence;
use super::workspace::Workspace;
use super::{Asked, MadeEvent, VerbError, check_text, differences, erasures, provenance, records};
use crate::certify::{self, Case};
use crate::clock::Time;
use crate::digest::Digest;
use crate::evidence::Defect;
use crate::format::certificate::{BaselineRecord, StatementRecord, Verdict};
use crate::format::checkpoint::BlockRow;
use crate::format::event::{EventBody, EventRef};
use crate::format::observation::ObservationRecord;
use crate::format::policy::DemandRecord;
use crate::format::snapshot::SnapshotRecord;
use crate::id::{CertificateId, SnapshotId};
use crate::name::{ModelName, Version};
use crate::progress::Progress;
use crate::registry::{Decision, State};
use crate::repository::Repository;
use crate::snapshot;
use crate::store::Lock;

/// What to certify.
#[derive(Debug, Clone, Default)]
pub struct CertifyOptions {
    /// The version; none: the one equal to the workspace.
    pub revision: Option<String>,
    /// The time to see the revision at.
    pub at: Option<String>,
    /// Another policy file than the configured one.
    pub policy: Option<PathBuf>,
    /// Why there is no baseline.
    pub first_release: Option<String>,
    /// Judges the workspace (or a version) and writes nothing.
    pub check: bool,
    /// The folder the workspace is looked at from.
    pub given: GivenInputs,
    /// The private key to sign the certificate with.
    pub sign: Option<PathBuf>,
}

/// A signature that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The key, by the SHA-256 of its SubjectPublicKeyInfo.
    pub keyid: Digest,
    /// The event; none where the certificate bears this key's signature already.
    pub event: Option<MadeEvent>,
    /// Whether others on this machine may read the key.
    pub exposed: bool,
}

/// How it came out.
#[derive(Debug, Clone)]
pub struct CertifyReport {
    /// `fraud@v8`, or `workspace`.
    pub label: String,
    /// The baseline as `fraud@v7`.
    pub baseline: Option<String>,
    /// The statement.
    pub statement: StatementRecord,
    /// Its id.
    pub certificate: CertificateId,
    /// When it stops to count.
    pub expires: Option<Time>,
    /// Whether it was in force already.
    pub unchanged: bool,
    /// Made under other rules than those in force: the stage whose rules they are not.
    pub proposed: Option<String>,
    /// In what those differ from these.
    pub not_in_force: Vec<String>,
    /// A block that keeps the candidate out of the stage, whatever the verdict.
    pub block: Option<BlockRow>,
    /// The file the rules were read from; none: they are in force and came from the store.
    pub policy_file: Option<PathBuf>,
    /// The line of each rule in it.
    pub policy_lines: BTreeMap<String, usize>,
    /// Something changed while it was judged, or a first release was declared where there is a baseline.
    pub conflict: Option<Conflict>,
    /// The event.
    pub event: Option<MadeEvent>,
    /// Whether nothing was written.
    pub check: bool,
    /// The signature, where one was asked for.
    pub signed: Option<Signed>,
}

/// Why a certificate was not issued although everything was judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conflict {
    /// The baseline's stage moved.
    BaselineMoved {
        /// Which stage.
        stage: String,
    },
    /// A first release was declared, and the stage is held.
    NotFirst {
        /// Which stage.
        stage: String,
        /// By whom.
        holder: String,
    },
}

impl CertifyReport {
    /// The verdict.
    pub const fn verdict(&self) -> Verdict {
        self.statement.predicate.verdict
    }

    /// Whether a rule has a limit that nobody has set yet.
    pub fn has_unset_limit(&self) -> bool {
        let unset =
            |demand| matches!(demand, &DemandRecord::Min { limit: None, .. } | &DemandRecord::Max { limit: None, .. });
        self.statement.predicate.policy.rules.iter().any(|rule| unset(&rule.demand))
    }
}

/// The candidate: a version, or the workspace.
pub(super) struct Candidate {
    label: String,
    /// None of the workspace.
    version: Option<Version>,
    id: SnapshotId,
    record: SnapshotRecord,
    ancestors: Vec<SnapshotRecord>,
    observation: ObservationRecord,
    tables: HashMap<crate::id::FileId, PathBuf>,
    /// Of the workspace: its data that is in tables.
    data_tables: Vec<crate::capture::profile::Tables>,
}

/// Certifies.
pub fn certify(
    repository: &Repository,
    options: &CertifyOptions,
    progress: &dyn Progress,
) -> Result<CertifyReport, VerbError> {
    check_text("the reason", options.first_release.as_deref())?;
    let signer = options.sign.as_deref().map(Signer::open).transpose()?;
    // Packs, versions and stages may have moved before the lock was had.
    let _held = repository.store().hold(Lock::Shared, progress)?;
    let (candidate, state, model) = candidate(repository, options, progress)?;
    refuse_measured(repository, &model)?;
    let policy = rules::policy(repository, &model, state.as_ref(), options.policy.as_deref())?;
    let unborn = State::before_creation(model.clone());
    let stage = resolve::stage(repository, state.as_ref().unwrap_or(&unborn), Some(&policy.record.baseline))?;
    let occupant = state.as_ref().and_then(|s| s.occupant(&stage));
    let baseline_label = occupant.map(|o| format!("{model}@{}", o.version));
    let baseline_record = match occupant {
        Some(occupant) => Some(records::snapshot(repository, occupant.snapshot)?),
        None => None,
    };
    let conflict = match (&options.first_release, &baseline_label) {
        (Some(_), Some(holder)) => Some(Conflict::NotFirst { stage: stage.to_string(), holder: holder.clone() }),
        _ => None,
    };
    let baseline = BaselineRecord {
        stage: stage.clone(),
        snapshot: occupant.map(|o| o.snapshot),
        event: occupant.map(|o| o.event),
        first_release: if occupant.is_none() { options.first_release.clone() } else { None },
    };
    let against = occupant.map(|o| o.version).zip(baseline_record.as_ref());
    let against = (&baseline, against);
    let statement = judged(repository, state.as_ref(), &model, &candidate, against, &policy, progress)?;
    let encoded = |source| VerbError::Record { kind: "certificate", id: candidate.label.clone(), source };
    let bytes = statement.encode().map_err(encoded)?;
    let in_force = state.as_ref().and_then(|s| s.stages.get(&stage)).and_then(|row| row.rules.as_ref());
    let differs = in_force.and_then(|r| r.policy).is_some_and(|p| p != policy.sha256);
    let mut report = CertifyReport {
        label: candidate.label,
        baseline: baseline_label,
        certificate: CertificateId::new(crate::digest::Digest::of(&bytes)),
        statement,
        expires: None,
        unchanged: false,
        proposed: differs.then(|| stage.to_string()),
        not_in_force: match in_force.and_then(|rules| rules.policy) {
            Some(adopted) if differs => {
                differences::of_policies(&rules::stored_policy(repository, adopted)?.record, &policy.record)
            }
            _ => Vec::new(),
        },
        block: state
            .as_ref()
            .and_then(|s| s.block(candidate.id, Some(candidate.record.model_files.tree), &stage))
            .cloned(),
        policy_file: policy.path.clone(),
        policy_lines: policy.lines.clone(),
        conflict,
        event: None,
        check: options.check,
        signed: None,
    };
    if options.check || report.conflict.is_some() {
        return Ok(report);
    }
    let mut writer = repository.store().writer();
    writer.put_record(&policy.bytes)?;
    writer.put_record(&bytes)?;
    writer.finish()?;
    issue(repository, &model, &policy, &baseline, candidate.id, &mut report)?;
    if let Some(signer) = signer.filter(|_| report.conflict.is_none()) {
        let record = signer.sign(report.certificate, &bytes)?;
        let event = signing::add(repository, &model, candidate.id, &record)?;
        report.signed = Some(Signed { keyid: record.keyid, event, exposed: signer.exposed });
    }
    Ok(report)
}

/// Judges a candidate against what it is compared with: version and record of that, where there is one.
pub(super) fn judged(
    repository: &Repository,
    state: Option<&State>,
    model: &ModelName,
    candidate: &Candidate,
    (baseline, against): (&BaselineRecord, Option<(Version, &SnapshotRecord)>),
    policy: &Policy,
    progress: &dyn Progress,
) -> Result<StatementRecord, VerbError> {
    let mut tables = Tables { store: repository.store(), workspace: candidate.tables.clone(), erased: HashMap::new() };
    let baseline_record = against.map(|(_, record)| record);
    for (version, record) in
        [candidate.version.map(|version| (version, &candidate.record)), against].into_iter().flatten()
    {
        if let Some(state) = state {
            tables.erased.extend(erasures::evidence(state, version, record));
        }
    }
    let needs = certify::needs(&policy.record);
    let mut gathered = gather(&tables, &needs, policy.record.task, &candidate.record, baseline_record)?;
    if let Some(theirs) = against.and_then(|(version, _)| state.and_then(|s| s.version(version))) {
        let theirs = hardware(&records::observation(repository, theirs.observation)?);
        refuse_other_hardware(&mut gathered, &hardware(&candidate.observation), &theirs);
    }
    let row = against.and_then(|(version, record)| Some((state?.version(version)?, record)));
    let ours = Judged {
        record: &candidate.record,
        observation: &candidate.observation,
        version: candidate.version,
        data_tables: &candidate.data_tables,
    };
    let facts = facts::gather(repository, &tables, &needs, (&ours, state, row), &mut gathered, progress)?;
    let provenance = provenance::lacking(&needs.provenance, &candidate.record, &candidate.observation);
    if !provenance.is_empty() {
        gathered.evidence.push(provenance::evidence(&candidate.observation, provenance.len()));
    }
    let candidate_sets: Vec<_> = candidate.record.predictions.iter().map(|p| p.name.clone()).collect();
    let candidate_samples: Vec<_> = candidate.record.samples.iter().map(|s| s.name.clone()).collect();
    Ok(certify::certify(&Case {
        policy: &policy.record,
        policy_file_sha256: policy.file_sha256,
        model,
        candidate: candidate.id,
        baseline: baseline.clone(),
        sets: &gathered.sets,
        candidate_sets: &candidate_sets,
        candidate_samples: &candidate_samples,
        samples: &gathered.samples,
        metrics: (&candidate.record.metrics, baseline_record.map(|r| &r.metrics)),
        provenance: &provenance,
        facts: &facts,
        evidence: gathered.evidence,
        stale_evidence: stale_evidence_of(&candidate.record, candidate.ancestors.iter().chain(baseline_record)),
        tool_version: super::TOOL,
    })?)
}

/// Appends the event, unless the same certificate is in force already.
fn issue(
    repository: &Repository,
    model: &ModelName,
    policy: &Policy,
    baseline: &BaselineRecord,
    candidate: SnapshotId,
    report: &mut CertifyReport,
) -> Result<(), VerbError> {
    enum Outcome {
        InForce(Time),
        Issued(Time),
        Moved,
    }
    let actor = Asked::begin(repository).answer();
    let (certificate, verdict, proposed) = (report.certificate, report.verdict(), report.proposed.is_some());
    let committed = repository.registry().commit::<Outcome, VerbError>(model, &actor, |state| {
        let held: Option<EventRef> = state.occupant(&baseline.stage).map(|o| o.event);
        if held != baseline.event {
            return Ok(Decision::Keep(Outcome::Moved));
        }
        let now = repository.registry().now_in(state);
        let same = state
            .certificates
            .get(&candidate)
            .filter(|row| row.certificate == certificate && row.expires > now && row.proposed == proposed);
        if let Some(row) = same {
            return Ok(Decision::Keep(Outcome::InForce(row.expires)));
        }
        let in_force = state.stages.get(&baseline.stage).and_then(|row| row.rules.as_ref());
        let rules = in_force.map_or_else(|| rules::stated(repository, model, &baseline.stage), |r| r.stage.clone());
        let expires = now.after(std::time::Duration::from_secs(rules.valid_for));
        let body = EventBody::Certify {
            snapshot: candidate,
            certificate,
            verdict,
            stage: baseline.stage.clone(),
            baseline: baseline.snapshot,
            baseline_event: baseline.event,
            policy: policy.sha256,
            expires,
            proposed,
            first_release: baseline.first_release.clone(),
        };
        Ok(Decision::Append(body, Outcome::Issued(expires)))
    })?;
    match committed.outcome {
        Outcome::Moved => report.conflict = Some(Conflict::BaselineMoved { stage: baseline.stage.to_string() }),
        Outcome::InForce(expires) => {
            report.unchanged = true;
            report.expires = Some(expires);
        }
        Outcome::Issued(expires) => report.expires = Some(expires),
    }
    report.event = committed.event.map(|(event, record)| MadeEvent { event, time: record.time });
    Ok(())
}

/// The candidate, the model's state, and its name.
fn candidate(
    repository: &Repository,
    options: &CertifyOptions,
    progress: &dyn Progress,
) -> Result<(Candidate, Option<State>, ModelName), VerbError> {
    let model_only = match options.revision.as_deref().map(|text| resolve::parse(repository, text)).transpose()? {
        Some(revision) => match revision.target {
            crate::revision::Target::Model | crate::revision::Target::Workspace => revision.model,
            _ => {
                let mut revision = revision;
                if revision.time.is_none() {
                    revision.time.clone_from(&options.at);
                }
                let found = resolve::find(repository, &revision)?;
                resolve::kept(repository, &found)?;
                let candidate = stored(repository, &found)?;
                let model = found.state.model.clone();
                return Ok((candidate, Some(found.state), model));
            }
        },
        None => None,
    };
    let workspace = Workspace::look(repository, model_only.as_ref(), &options.given, progress)?;
    let model = workspace.built.record.model.clone();
    let state = repository.registry().state(&model)?;
    if !options.check {
        let found = version_of_workspace(repository, &workspace, state)?;
        let candidate = stored(repository, &found)?;
        return Ok((candidate, Some(found.state), model));
    }
    let latest = state.as_ref().and_then(State::latest);
    let ancestors = match latest {
        Some(row) => ancestors(repository, state.as_ref(), Some(row.snapshot))?,
        None => Vec::new(),
    };
    let before = latest.and_then(|row| records::observation(repository, row.observation).ok());
    let found = workspace.found(repository, before.as_ref());
    let candidate = Candidate {
        label: "workspace".to_owned(),
        version: None,
        id: workspace.built.id,
        tables: workspace.tables(),
        data_tables: workspace.data_tables(),
        observation: ObservationRecord { found: Some(found), ..workspace.built.observation },
        record: workspace.built.record,
        ancestors,
    };
    Ok((candidate, state, model))
}

/// A version as a candidate.
pub(super) fn stored(repository: &Repository, found: &Found) -> Result<Candidate, VerbError> {
    Ok(Candidate {
        label: found.label(),
        version: Some(found.row.version),
        id: found.snapshot(),
        record: records::snapshot(repository, found.snapshot())?,
        ancestors: ancestors(repository, Some(&found.state), found.row.parent)?,
        observation: records::observation(repository, found.row.observation)?,
        tables: HashMap::new(),
        data_tables: Vec::new(),
    })
}

/// The versions a candidate comes from, nearest first: evidence of another model may be older than the parent.
fn ancestors(
    repository: &Repository,
    state: Option<&State>,
    parent: Option<SnapshotId>,
) -> Result<Vec<SnapshotRecord>, VerbError> {
    const FAR_ENOUGH: usize = 100;
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    let mut next = parent;
    while let Some(id) = next.filter(|id| found.len() < FAR_ENOUGH && seen.insert(*id)) {
        found.push(records::snapshot(repository, id)?);
        next = state.and_then(|s| s.version_of(id)).and_then(|row| row.parent);
    }
    Ok(found)
}

/// Evidence that is that of another model, byte for byte.
fn stale_evidence_of<'a>(record: &SnapshotRecord, others: impl Iterator<Item = &'a SnapshotRecord>) -> Vec<String> {
    let all: BTreeSet<String> = others.flat_map(|other| stale_evidence(record, other)).collect();
    all.into_iter().collect()
}

/// What times depend on.
fn hardware(observation: &ObservationRecord) -> String {
    let machine = &observation.machine;
    let cpu = machine.cpu.as_deref().unwrap_or("an unknown processor");
    format!("{} × {cpu} ({})", machine.cpus, machine.architecture)
}

/// Times taken on other hardware say nothing about the model.
fn refuse_other_hardware(gathered: &mut Gathered, ours: &str, theirs: &str) {
    if ours == theirs {
        return;
    }
    for (set, (_, baseline)) in &mut gathered.samples {
        if let Some(samples @ Ok(_)) = baseline {
            let (candidate, baseline) = (ours.to_owned(), theirs.to_owned());
            *samples = Err(Defect::OtherMachine { set: set.clone(), candidate, baseline });
        }
    }
}

/// The newest version that is what the workspace is.
fn version_of_workspace(
    repository: &Repository,
    workspace: &Workspace,
    state: Option<State>,
) -> Result<Found, VerbError> {
    const LOOK_BACK: usize = 20;
    let built = &workspace.built;
    let Some(state) = state else {
        return Err(ResolveError::NoVersion { model: built.record.model.clone() }.into());
    };
    for row in state.versions.iter().rev().take(LOOK_BACK) {
        let record = records::snapshot(repository, row.snapshot)?;
        if snapshot::differs_in(repository.store(), &record, built).is_empty() {
            return Ok(Found { row: *row, state });
        }
    }
    Err(ResolveError::WorkspaceIsNoVersion { model: state.model.clone(), latest: state.latest().map(|v| v.version) }
        .into())
}

/// A policy that was made for measured evidence must not be satisfied with reported evidence.
fn refuse_measured(repository: &Repository, model: &ModelName) -> Result<(), VerbError> {
    let asks = repository.config().and_then(|c| c.model(model)).and_then(|m| m.evidence.as_ref()?.predict.as_ref());
    match asks {
        None => Ok(()),
        Some(_) => Err(VerbError::NotEnforced { what: format!("`model.{model}.evidence.predict`"), plural: false }),
    }
}
