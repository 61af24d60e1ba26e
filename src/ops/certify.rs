//! `certify`: evidence and policy → a certificate.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;

pub use super::error::MeasureError;
use super::judging::history::Seen;
use super::judging::measured::Measured;
use super::judging::{self, Judgement, ToJudge};
use super::resolve::{self, Found, ResolveError};
use super::rules::{self, Policy};
use super::signing::{self, Signer};
use super::signoffs::{self, first_release};
use super::snapshot::inputs::GivenInputs;
use super::workspace::{RunWith, Workspace};
use super::{Asked, CertificationError, MadeEvent, VerbError, attached, check_text, records, waive};
use crate::certify::{Explanation, FlipSummary, NamedRows, Warning};
use crate::clock::Time;
use crate::digest::Digest;
use crate::format::certificate::{BaselineRecord, RetiredRecord, StatementRecord, Verdict};
use crate::format::checkpoint::{BlockRow, CertificateRow};
use crate::format::event::{EventBody, EventRef, StageRulesRecord};
use crate::format::observation::ObservationRecord;
use crate::format::policy::DemandRecord;
use crate::format::signature;
use crate::format::snapshot::SnapshotRecord;
use crate::id::{CertificateId, SnapshotId};
use crate::name::{ModelName, SetName, StageName, Version};
use crate::progress::Progress;
use crate::registry::promote::{WaiverFlaw, expires, since};
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
    /// Also says what each rule does here, and writes nothing.
    pub explain: bool,
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
    /// The certificate in its DSSE envelope, with this signature.
    pub envelope: Vec<u8>,
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
    /// Whether those are in force; else they are what the project begins with.
    pub adopted: bool,
    /// In what those differ from these.
    pub not_in_force: Vec<String>,
    /// A block that keeps the candidate out of the stage, whatever the verdict.
    pub block: Option<BlockRow>,
    /// Sets that rules rest on and the baseline does not have: it may be given them.
    pub baseline_lacks: Vec<SetName>,
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
    /// The largest failures by each rule on rows.
    pub rows: Vec<NamedRows>,
    /// How many rows changed sides.
    pub flips: Vec<FlipSummary>,
    /// What is odd about the rules.
    pub warnings: Vec<Warning>,
    /// What each rule does here, where that was asked for.
    pub explained: Option<Explanation>,
    /// The signature, where one was asked for.
    pub signed: Option<Signed>,
    /// Compared with nothing although something was released before, and the rules in force name nobody who may excuse that: it takes
    /// force to promote it.
    pub takes_force: bool,
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
pub(super) struct Candidate {
    pub(super) label: String,
    /// None of the workspace.
    pub(super) version: Option<Version>,
    pub(super) id: SnapshotId,
    pub(super) record: SnapshotRecord,
    pub(super) ancestors: Vec<SnapshotRecord>,
    pub(super) observation: ObservationRecord,
    pub(super) tables: HashMap<crate::id::FileId, PathBuf>,
    /// Of the workspace: what it is run with.
    pub(super) run_with: Option<RunWith>,
    /// Of the workspace: its data that is in tables.
    pub(super) data_tables: Vec<crate::capture::profile::Tables>,
}

/// Certifies. What the journal adds is judged again if it changed meanwhile.
pub fn certify(
    repository: &Repository,
    options: &CertifyOptions,
    progress: &dyn Progress,
) -> Result<CertifyReport, VerbError> {
    const TRIES: u32 = 5;
    check_text("the reason", options.first_release.as_deref())?;
    let signer = options.sign.as_deref().map(Signer::open).transpose()?;
    let (mut report, mut measured) = once(repository, options, signer.as_ref(), None, progress)?;
    for _ in 1..TRIES {
        if report.conflict != Some(Conflict::Changed) {
            break;
        }
        // What the models do has not changed with what the journal says.
        (report, measured) = once(repository, options, signer.as_ref(), Some(measured), progress)?;
    }
    Ok(report)
}

fn once(
    repository: &Repository,
    options: &CertifyOptions,
    signer: Option<&Signer>,
    before: Option<Measured>,
    progress: &dyn Progress,
) -> Result<(CertifyReport, Measured), VerbError> {
    // Packs, versions and stages may have moved before the lock was had.
    let _held = repository.store().hold(Lock::Shared, progress)?;
    let (candidate, state, model) = candidate(repository, options, progress)?;
    let policy = rules::policy(repository, &model, state.as_ref(), options.policy.as_deref())?;
    let unborn = State::before_creation(model.clone());
    let stage = resolve::stage(repository, state.as_ref().unwrap_or(&unborn), Some(&policy.record.baseline))?;
    let occupant = state.as_ref().and_then(|s| s.occupant(&stage));
    if let (Some(state), Some(_), None, false) =
        (&state, &options.first_release, occupant, options.check || options.explain)
    {
        may_begin(repository, state, &candidate)?;
    }
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
        retired: if occupant.is_none() { state.as_ref().and_then(|state| retired(state, &stage)) } else { None },
    };
    let against = occupant.map(|o| o.version).zip(baseline_record.as_ref());
    let judged = judging::judge(
        &ToJudge {
            repository,
            state: state.as_ref(),
            model: &model,
            candidate: &candidate,
            baseline: &baseline,
            against,
            policy: &policy,
            explain: options.explain,
            runs: true,
        },
        before,
        progress,
    )
    .map_err(|error| error.at_rule(&policy))?;
    let encoded = |source| VerbError::Record { kind: "certificate", id: candidate.label.clone(), source };
    let bytes = judged.statement.encode().map_err(encoded)?;
    let in_force = state.as_ref().and_then(|s| s.stages.get(&stage)).and_then(|row| row.rules.as_ref());
    let asked = match in_force.and_then(|rules| rules.policy) {
        Some(adopted) if adopted != policy.sha256 => Some(rules::stored_policy(repository, adopted)?),
        Some(_) => None,
        // Where none are in force yet, those of the project are the ones that everybody sees.
        None => rules::configured(repository, &model)?.filter(|configured| configured.sha256 != policy.sha256),
    };
    let mut report = CertifyReport {
        label: candidate.label,
        baseline: baseline_label,
        certificate: CertificateId::new(crate::digest::Digest::of(&bytes)),
        statement: judged.statement.clone(),
        expires: None,
        unchanged: false,
        proposed: asked.is_some().then(|| stage.to_string()),
        adopted: in_force.is_some_and(|rules| rules.policy.is_some()),
        not_in_force: asked
            .map_or_else(Vec::new, |asked| rules::differences::of_policies(&asked.record, &policy.record)),
        block: state
            .as_ref()
            .and_then(|s| s.block(candidate.id, Some(candidate.record.model_files.tree), &stage))
            .cloned(),
        policy_file: policy.path.clone(),
        policy_lines: policy.lines.clone(),
        baseline_lacks: judged.baseline_lacks.clone(),
        conflict,
        event: None,
        check: options.check || options.explain,
        rows: judged.rows.clone(),
        flips: judged.flips.clone(),
        warnings: judged.warnings.clone(),
        explained: judged.explained.clone(),
        signed: None,
        takes_force: baseline.retired.is_some() && in_force.is_some_and(|rules| excused_by_nobody(&rules.stage)),
    };
    if report.check || report.conflict.is_some() {
        return Ok((report, judged.measured));
    }
    let mut writer = repository.store().writer();
    judged.measured.put(state.as_ref(), &mut writer)?;
    writer.put_record(&policy.bytes)?;
    if let Some(file) = &policy.file {
        writer.put_record(file)?;
    }
    writer.put_record(&bytes)?;
    writer.finish()?;
    issue(repository, &model, &policy, &baseline, (candidate.id, &judged), &mut report)?;
    if let Some(signer) = signer.filter(|_| report.conflict.is_none()) {
        let record = signer.sign(report.certificate, &bytes)?;
        let event = signing::add(repository, &model, candidate.id, &record)?;
        let keyid = record.keyid;
        let envelope = signature::envelope(&bytes, &[record]).and_then(|envelope| envelope.encode());
        let unreadable = |source| VerbError::Record { kind: "signature", id: keyid.short(), source };
        let envelope = envelope.map_err(unreadable)?;
        report.signed = Some(Signed { keyid, event, exposed: signer.exposed, envelope });
    }
    Ok((report, judged.measured))
}

/// Where something was retired, a release that is compared with nothing is excused from every comparison that the rules in force ask for:
/// it takes whoever may excuse one, where those rules name such people. It may be promoted to any stage, whichever one the baseline was in:
/// the rules of all of them are asked. Where they name nobody, `promote` says what it takes.
fn may_begin(repository: &Repository, state: &State, candidate: &Candidate) -> Result<(), VerbError> {
    let asked = state.stages.values().filter_map(|row| Some((&row.stage, &row.rules.as_ref()?.stage)));
    let asked: Vec<_> = asked.filter(|(_, rules)| !rules.waivers.is_empty()).collect();
    if asked.is_empty() {
        return Ok(());
    }
    let actor = Asked::begin(repository).answer();
    for (stage, rules) in asked {
        let by = (candidate.id, &actor);
        let (label, of) = (candidate.label.clone(), stage.clone());
        return Err(match first_release::flaw(repository, state, by, (stage, rules))? {
            None => continue,
            Some(WaiverFlaw::Unsigned { reason }) => {
                CertificationError::BeginsUnsigned { label, stage: of, reason }.into()
            }
            Some(flaw) => {
                let why = match flaw {
                    WaiverFlaw::Own { .. } => signoffs::words(&flaw),
                    _ => judging::history::nobody(stage, rules),
                };
                let (who, unknown) = (waive::who(actor.email.as_deref()), actor.email.is_none());
                CertificationError::MayNotBegin { who, label, stage: of, why, unknown }.into()
            }
        });
    }
    Ok(())
}

/// Whether rules name nobody who may excuse a version from being compared: neither to waive, nor to approve what is not.
fn excused_by_nobody(rules: &StageRulesRecord) -> bool {
    rules.certificate && rules.waivers.is_empty() && rules.approvals.is_empty()
}

/// What was retired from a stage that is empty since.
fn retired(state: &State, stage: &StageName) -> Option<RetiredRecord> {
    let newest = state.stages.get(stage)?.timeline.last()?;
    let retired = newest.retired.as_ref()?;
    let (version, snapshot) = (newest.version, newest.snapshot);
    Some(RetiredRecord { version, snapshot, event: retired.event, reason: retired.reason.clone() })
}

/// Appends the event, unless the same certificate is in force already.
fn issue(
    repository: &Repository,
    model: &ModelName,
    policy: &Policy,
    baseline: &BaselineRecord,
    (candidate, judged): (SnapshotId, &Judgement),
    report: &mut CertifyReport,
) -> Result<(), VerbError> {
    enum Outcome {
        InForce(Time),
        Issued(Time),
        Moved,
        Changed,
    }
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
            .certificate(candidate, certificate)
            .filter(|row| row.expires > now && row.proposed == proposed)
            // Nothing of what came since changed what it says: only another event tells.
            .filter(|row| since(state, row).is_empty());
        if let Some(row) = same
            && counts_everywhere(repository, state, row, now)?
        {
            return Ok(Decision::Keep(Outcome::InForce(row.expires)));
        }
        let rules = waive::rules_of(repository, state, &baseline.stage)?;
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

/// Whether no stage asks for a fresher one.
fn counts_everywhere(
    repository: &Repository,
    state: &State,
    row: &CertificateRow,
    now: Time,
) -> Result<bool, VerbError> {
    let stages = resolve::stage_names(repository, state);
    for stage in stages.iter().filter_map(|name| StageName::new(name).ok()) {
        let rules = waive::rules_of(repository, state, &stage)?;
        if rules.certificate && expires(row, &rules) <= now {
            return Ok(false);
        }
    }
    Ok(true)
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
    let model = resolve::current(repository, &workspace.built.record.model);
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
        data_tables: workspace.data_tables(),
        observation: ObservationRecord { found: Some(found), ..workspace.built.observation },
        record: workspace.built.record,
        ancestors,
    };
    Ok((candidate, state, model))
}

pub(super) fn stored(repository: &Repository, found: &Found) -> Result<Candidate, VerbError> {
    Ok(Candidate {
        label: found.label(),
        version: Some(found.row.version),
        id: found.snapshot(),
        record: attached::judged(repository, &found.state, &found.row)?,
        ancestors: ancestors(repository, Some(&found.state), found.row.parent)?,
        observation: records::observation(repository, found.row.observation)?,
        tables: HashMap::new(),
        run_with: None,
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
        let row = state.and_then(|state| Some((state, state.version_of(id)?)));
        found.push(match row {
            Some((state, row)) => attached::judged(repository, state, row)?,
            None => records::snapshot(repository, id)?,
        });
        next = row.and_then(|(_, row)| row.parent);
    }
    Ok(found)
}

/// The newest version that is what the workspace is.
fn version_of_workspace(
    repository: &Repository,
    workspace: &Workspace,
    state: Option<State>,
) -> Result<Found, VerbError> {
    // As many with the same model: each is read.
    const LOOK_BACK: usize = 1000;
    let built = &workspace.built;
    let Some(state) = state else {
        return Err(ResolveError::NoVersion { model: built.record.model.clone() }.into());
    };
    let tree = built.record.model_files.tree;
    let alike = state.versions.iter().rev().filter(|row| row.model_tree == tree && row.dropped.is_none());
    for row in alike.take(LOOK_BACK) {
        let record = records::snapshot(repository, row.snapshot)?;
        if snapshot::differs_in(repository.store(), &record, built).is_empty() {
            return Ok(Found { row: *row, state });
        }
    }
    Err(ResolveError::WorkspaceIsNoVersion { model: state.model.clone(), latest: state.latest().map(|v| v.version) }
        .into())
}
