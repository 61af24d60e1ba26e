//! `certify`: evidence and policy → a certificate.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::PathBuf;

pub use super::error::MeasureError;
use super::evidence::{Gathered, Tables, gather};
use super::history::Seen;
use super::inputs::GivenInputs;
use super::measured::{Files, Side, Wanted};
use super::past_evidence::gather_past;
use super::resolve::{self, Found, ResolveError};
use super::rules::{self, Policy};
use super::snapshot::stale_evidence;
use super::workspace::{RunWith, Workspace};
use super::{
    Asked, MadeEvent, VerbError, attached, check_text, differences, erasures, history, measured, provenance, records,
    waive,
};
use crate::certify::{self, Case, Explanation, FlipSummary, History, NamedRows, Warning};
use crate::clock::Time;
use crate::evidence::Defect;
use crate::format::certificate::{BaselineRecord, StatementRecord, Verdict};
use crate::format::checkpoint::BlockRow;
use crate::format::event::{EventBody, EventRef, UsedSetRecord};
use crate::format::measurement::Role;
use crate::format::observation::ObservationRecord;
use crate::format::policy::DemandRecord;
use crate::format::snapshot::SnapshotRecord;
use crate::id::{CertificateId, SnapshotId};
use crate::name::{ModelName, SetName, Version};
use crate::progress::Progress;
use crate::registry::{Decision, State};
use crate::repository::Repository;
use crate::snapshot;
use crate::store::Lock;

/// Equal models that a rule is tried on; fewer where there are many rows.
const EQUAL_MODELS: u32 = 200;

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
    /// Also says what each rule does here, and writes nothing.
    pub explain: bool,
    /// The folder the workspace is looked at from.
    pub given: GivenInputs,
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
    /// Sets that rules rest on and the baseline does not have: it may be given them.
    pub baseline_lacks: Vec<SetName>,
    /// The file the rules were read from; none: they are in force and came from the store.
    pub policy_file: Option<PathBuf>,
    /// Something changed while it was judged, or a first release was declared where there is a baseline.
    pub conflict: Option<Conflict>,
    /// The event.
    pub event: Option<MadeEvent>,
    /// Whether nothing was written.
    pub check: bool,
    /// The rows behind each rule that is not passed.
    pub rows: Vec<NamedRows>,
    /// How many rows changed sides.
    pub flips: Vec<FlipSummary>,
    /// What is odd about the rules.
    pub warnings: Vec<Warning>,
    /// What each rule does here, where that was asked for.
    pub explained: Option<Explanation>,
}

/// Why a certificate was not issued although everything was judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conflict {
    /// The baseline's stage moved.
    BaselineMoved {
        /// Which stage.
        stage: String,
    },
    /// Evidence, cases or waivers went on changing.
    Changed,
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
struct Candidate {
    label: String,
    /// None of the workspace.
    version: Option<Version>,
    id: SnapshotId,
    record: SnapshotRecord,
    ancestors: Vec<SnapshotRecord>,
    observation: ObservationRecord,
    tables: HashMap<crate::id::FileId, PathBuf>,
    /// Of the workspace: what it is run with.
    run_with: Option<RunWith>,
}

/// Certifies. What the journal adds is judged again if it changed meanwhile.
pub fn certify(
    repository: &Repository,
    options: &CertifyOptions,
    progress: &dyn Progress,
) -> Result<CertifyReport, VerbError> {
    const TRIES: u32 = 5;
    check_text("the reason", options.first_release.as_deref())?;
    let mut report = judge(repository, options, progress)?;
    for _ in 1..TRIES {
        if report.conflict != Some(Conflict::Changed) {
            break;
        }
        report = judge(repository, options, progress)?;
    }
    Ok(report)
}

fn judge(
    repository: &Repository,
    options: &CertifyOptions,
    progress: &dyn Progress,
) -> Result<CertifyReport, VerbError> {
    // Packs, versions and stages may have moved before the lock was had.
    let _held = repository.store().hold(Lock::Shared, progress)?;
    let (candidate, state, model) = candidate(repository, options, progress)?;
    let policy = rules::policy(repository, &model, state.as_ref(), options.policy.as_deref())?;
    let unborn = State::before_creation(model.clone());
    let stage = resolve::stage(repository, state.as_ref().unwrap_or(&unborn), Some(&policy.record.baseline))?;
    let occupant = state.as_ref().and_then(|s| s.occupant(&stage));
    let baseline_label = occupant.map(|o| format!("{model}@{}", o.version));
    let baseline_row = occupant.and_then(|held| state.as_ref()?.version(held.version));
    let baseline_record = match (&state, baseline_row) {
        (Some(state), Some(row)) => Some(attached::judged(repository, state, row)?),
        _ => None,
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
    let mut tables = Tables { store: repository.store(), workspace: candidate.tables, erased: HashMap::new() };
    let sides = [(candidate.version, Some(&candidate.record)), (occupant.map(|o| o.version), baseline_record.as_ref())];
    for (version, record) in sides {
        if let (Some(state), Some(version), Some(record)) = (&state, version, record) {
            tables.erased.extend(erasures::evidence(state, version, record));
        }
    }
    let needs = certify::needs(&policy.record);
    let (cases, case_lists) = history::cases_in_force(repository, state.as_ref())?;
    let files = match (&candidate.run_with, &state, candidate.version) {
        (Some(with), ..) => Some(Files::Workspace(with)),
        (None, Some(state), Some(version)) => Some(Files::Stored { state, version }),
        _ => None,
    };
    let ours = files.map(|files| Side {
        role: Role::Candidate,
        label: candidate.label.clone(),
        id: candidate.id,
        record: &candidate.record,
        files,
    });
    let theirs = match (occupant, &baseline_record, &state) {
        (Some(held), Some(record), Some(state)) => Some(Side {
            role: Role::Baseline,
            label: format!("{model}@{}", held.version),
            id: held.snapshot,
            record,
            files: Files::Stored { state, version: held.version },
        }),
        _ => None,
    };
    let wanted = ours.as_ref().map(|ours| Wanted {
        repository,
        model: &model,
        policy: &policy.record,
        policy_sha256: policy.sha256,
        needs: &needs,
        state: state.as_ref(),
        candidate: ours,
        baseline: theirs.as_ref(),
        tables: &tables,
    });
    let measured = wanted.as_ref().map(|wanted| measured::obtain(wanted, progress)).transpose()?.unwrap_or_default();
    let (parity, compared) = wanted.as_ref().map(|wanted| measured.parity(wanted)).transpose()?.unwrap_or_default();
    let applied = |role, record| measured.applied(role, record, &candidate.record);
    let (our_evidence, their_evidence) =
        (applied(Role::Candidate, &candidate.record), baseline_record.as_ref().map(|r| applied(Role::Baseline, r)));
    tables.workspace.extend(measured.places());
    let task = policy.record.task;
    let mut gathered = gather(&tables, &needs, task, &our_evidence, their_evidence.as_ref(), &cases)?;
    if let Some((set, defect)) = measured.defect() {
        if let Some(rows) = gathered.case_rows.get_mut(&set) {
            rows.rows = rows.rows.clone().map_err(|known| match known {
                Defect::SetMissing { .. } => defect.clone(),
                other => other,
            });
        }
        gathered.sets.insert(set, Err(defect));
    }
    measured.mark(&mut gathered.evidence);
    gathered.evidence.extend(compared);
    if let Some(theirs) = occupant.and_then(|held| state.as_ref().and_then(|s| s.version(held.version))) {
        let theirs = hardware(&records::observation(repository, theirs.observation)?);
        refuse_other_hardware(&mut gathered, &hardware(&candidate.observation), &theirs);
    }
    let provenance = provenance::lacking(&needs.provenance, &candidate.record, &candidate.observation);
    if !provenance.is_empty() {
        gathered.evidence.push(provenance::evidence(&candidate.observation, provenance.len()));
    }
    let known: Vec<_> = occupant.map(|held| held.snapshot).into_iter().chain([candidate.id]).collect();
    let whose = (&candidate.record, state.as_ref(), &stage);
    let (past, read) = gather_past(repository, &mut tables, &needs, policy.record.task, whose, &known)?;
    gathered.evidence.extend(read);
    let stale = stale_evidence_of(&candidate.record, candidate.ancestors.iter().chain(&baseline_record));
    let candidate_sets: Vec<_> = candidate.record.predictions.iter().map(|p| p.name.clone()).collect();
    let candidate_samples: Vec<_> = candidate.record.samples.iter().map(|s| s.name.clone()).collect();
    let mut baseline_lacks = baseline_record.as_ref().map_or_else(Vec::new, |record| lacking(&gathered, record));
    baseline_lacks.retain(|set| measured.set() != Some(set));
    let sets = history::used_sets(&gathered);
    let judged_at = state.as_ref().map_or_else(|| repository.registry().now(), |s| repository.registry().now_in(s));
    let stage_rules = waive::rules_of(repository, state.as_ref().unwrap_or(&unborn), &stage);
    let versions: Vec<Version> = candidate.version.into_iter().chain(occupant.map(|o| o.version)).collect();
    let seen = state.as_ref().map(|state| Seen::of(state, candidate.id, &versions, &sets, judged_at));
    let history = History {
        cases,
        case_lists,
        case_rows: gathered.case_rows,
        ..history::history(state.as_ref(), candidate.id, &sets, (&stage, &stage_rules), judged_at)
    };
    let case = Case {
        policy: &policy.record,
        policy_file_sha256: policy.file_sha256,
        model: &model,
        candidate: candidate.id,
        baseline: baseline.clone(),
        sets: &gathered.sets,
        past: &past,
        candidate_sets: &candidate_sets,
        candidate_samples: &candidate_samples,
        samples: &gathered.samples,
        metrics: (&candidate.record.metrics, baseline_record.as_ref().map(|r| &r.metrics)),
        provenance: &provenance,
        measurement: measured.record.as_ref(),
        parity: &parity,
        evidence: gathered.evidence,
        stale_evidence: stale
            .into_iter()
            // What was made now is nobody else's.
            .filter(|stale| measured.set().is_none_or(|set| set.as_str() != stale))
            .collect(),
        history: &history,
        tool_version: super::TOOL,
    };
    let statement = certify::certify(&case)?;
    let results = &statement.predicate.results;
    let (rows, flips) = (certify::named_rows(&case, results)?, certify::flip_summaries(&case));
    let warnings = certify::lint(&policy.record, results);
    let explained = options.explain.then(|| certify::explain(&case, results, EQUAL_MODELS)).transpose()?;
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
        baseline_lacks,
        conflict,
        event: None,
        check: options.check || options.explain,
        rows,
        flips,
        warnings,
        explained,
    };
    if report.check || report.conflict.is_some() {
        return Ok(report);
    }
    let mut writer = repository.store().writer();
    measured.put(state.as_ref(), &mut writer)?;
    writer.put_record(&policy.bytes)?;
    writer.put_record(&bytes)?;
    writer.finish()?;
    let judged = Judged { candidate: candidate.id, versions, sets, seen };
    issue(repository, &model, &policy, &baseline, &judged, &mut report)?;
    Ok(report)
}

/// What was judged, and what was seen of the journal then.
struct Judged {
    candidate: SnapshotId,
    /// Those whose evidence was read.
    versions: Vec<Version>,
    sets: Vec<UsedSetRecord>,
    seen: Option<Seen>,
}

/// Appends the event, unless the same certificate is in force already.
fn issue(
    repository: &Repository,
    model: &ModelName,
    policy: &Policy,
    baseline: &BaselineRecord,
    judged: &Judged,
    report: &mut CertifyReport,
) -> Result<(), VerbError> {
    enum Outcome {
        InForce(Time),
        Issued(Time),
        Moved,
        Changed,
    }
    let candidate = judged.candidate;
    let waivers = &report.statement.predicate.waivers;
    let actor = Asked::begin(repository).answer();
    let (certificate, verdict, proposed) = (report.certificate, report.verdict(), report.proposed.is_some());
    let committed = repository.registry().commit::<Outcome, VerbError>(model, &actor, |state| {
        let held: Option<EventRef> = state.occupant(&baseline.stage).map(|o| o.event);
        if held != baseline.event {
            return Ok(Decision::Keep(Outcome::Moved));
        }
        let now = repository.registry().now_in(state);
        let seen = Seen::of(state, candidate, &judged.versions, &judged.sets, now);
        if judged.seen.as_ref().is_some_and(|before| *before != seen) {
            return Ok(Decision::Keep(Outcome::Changed));
        }
        let same = state
            .certificates
            .get(&candidate)
            .filter(|row| row.certificate == certificate && row.expires > now && row.proposed == proposed);
        if let Some(row) = same {
            return Ok(Decision::Keep(Outcome::InForce(row.expires)));
        }
        let rules = waive::rules_of(repository, state, &baseline.stage);
        let expires = now.after(std::time::Duration::from_secs(rules.valid_for));
        let expires = waivers.iter().map(|waiver| waiver.expires).fold(expires, Time::min);
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
            sets: judged.sets.clone(),
            waivers: waivers.iter().map(|waiver| waiver.event.seq).collect(),
        };
        Ok(Decision::Append(body, Outcome::Issued(expires)))
    })?;
    match committed.outcome {
        Outcome::Moved => report.conflict = Some(Conflict::BaselineMoved { stage: baseline.stage.to_string() }),
        Outcome::Changed => report.conflict = Some(Conflict::Changed),
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
    let mut workspace = Workspace::look_at(repository, model_only.as_ref(), &options.given, options.check, progress)?;
    let model = workspace.built.record.model.clone();
    let state = repository.registry().state(&model)?;
    if !options.check && !options.explain {
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
        run_with: workspace.run_with.take(),
        observation: ObservationRecord { found: Some(found), ..workspace.built.observation },
        record: workspace.built.record,
        ancestors,
    };
    Ok((candidate, state, model))
}

fn stored(repository: &Repository, found: &Found) -> Result<Candidate, VerbError> {
    Ok(Candidate {
        label: found.label(),
        version: Some(found.row.version),
        id: found.snapshot(),
        record: attached::judged(repository, &found.state, &found.row)?,
        ancestors: ancestors(repository, Some(&found.state), found.row.parent)?,
        observation: records::observation(repository, found.row.observation)?,
        tables: HashMap::new(),
        run_with: None,
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
        let row = state.and_then(|state| Some((state, state.version_of(id)?)));
        found.push(match row {
            Some((state, row)) => attached::judged(repository, state, row)?,
            None => records::snapshot(repository, id)?,
        });
        next = row.and_then(|(_, row)| row.parent);
    }
    Ok(found)
}

/// Evidence that is that of another model, byte for byte.
fn stale_evidence_of<'a>(record: &SnapshotRecord, others: impl Iterator<Item = &'a SnapshotRecord>) -> Vec<String> {
    let all: BTreeSet<String> = others.flat_map(|other| stale_evidence(record, other)).collect();
    all.into_iter().collect()
}

/// Sets that were asked for and a version does not have.
fn lacking(gathered: &Gathered, record: &SnapshotRecord) -> Vec<SetName> {
    let predictions = gathered.sets.keys().filter(|set| record.predictions.iter().all(|p| p.name != **set));
    let samples = gathered.samples.keys().filter(|set| record.samples.iter().all(|s| s.name != **set));
    predictions.chain(samples).cloned().collect()
}

/// What times depend on.
fn hardware(observation: &ObservationRecord) -> String {
    measured::hardware(&observation.machine)
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
