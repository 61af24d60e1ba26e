//! `promote`: moves a stage to a version, if everything that must be true is.

use super::resolve::{self, Found};
use super::rules::Needed;
use super::{Asked, MadeEvent, VerbError, attached, check_text, differences, erasures, error::UsageError, rules};
use super::{approvals, signers, signoffs};
use crate::format::FormatError;
use crate::format::certificate::{self, StatementRecord, Verdict};
use crate::format::checkpoint::{ApprovalRow, VersionRow};
use crate::format::event::EventBody;
use crate::id::{CertificateId, SnapshotId};
use crate::name::{StageName, Version};
use crate::progress::{Progress, Unit};
use crate::registry::promote::{Obstacle, PromoteRequest, obstacles};
use crate::registry::{Decision, State};
use crate::repository::Repository;
use crate::revision::Target;
use crate::snapshot::{self, TreeFile};
use crate::store::{CopyError, Lock};

/// What to promote where.
#[derive(Debug, Clone, Default)]
pub struct PromoteOptions {
    /// The version.
    pub revision: String,
    /// The stage; none: the only one, else `production`.
    pub stage: Option<StageName>,
    /// The version the stage must hold: a revision, or `none`.
    pub expect_current: Option<String>,
    /// The time to see the revision at.
    pub at: Option<String>,
    /// Why, if there is something to say.
    pub reason: Option<String>,
    /// Finds out, writes nothing.
    pub dry_run: bool,
}

/// How it came out.
#[derive(Debug, Clone)]
pub struct PromoteReport {
    /// `fraud@v8`.
    pub label: String,
    /// Its number.
    pub version: Version,
    /// Its record.
    pub id: SnapshotId,
    /// The stage.
    pub stage: StageName,
    /// What the stage held before.
    pub previous: Option<Version>,
    /// The certificate it rests on.
    pub certificate: Option<CertificateId>,
    /// The approvals that count.
    pub approvals: Vec<ApprovalRow>,
    /// Every reason against it; empty: it was promoted, or held the stage already.
    pub obstacles: Vec<Obstacle>,
    /// What certifying it anew takes.
    pub needed: Needed,
    /// Whether it held the stage already.
    pub unchanged: bool,
    /// Whether these are the rules from now on.
    pub adopted_rules: bool,
    /// In what the configuration differs from the rules in force, which it does not change.
    pub not_in_force: Vec<String>,
    /// The event.
    pub event: Option<MadeEvent>,
    /// Whether nothing was written.
    pub dry_run: bool,
}

impl PromoteReport {
    /// Whether the stage holds the version now, or would.
    pub fn is_promoted(&self) -> bool {
        self.obstacles.is_empty()
    }
}

/// Promotes.
pub fn promote(
    repository: &Repository,
    options: &PromoteOptions,
    progress: &dyn Progress,
) -> Result<PromoteReport, VerbError> {
    check_text("the reason", options.reason.as_deref())?;
    let actor = Asked::begin(repository);
    let _held = repository.store().hold(Lock::Shared, progress)?;
    let found = resolve::revision(repository, &options.revision, options.at.as_deref())?;
    let stage = resolve::stage(repository, &found.state, options.stage.as_ref())?;
    refuse_moving_target(repository, options, &found, &stage)?;
    rules::check_enforced(repository, &found.state.model, &stage)?;
    let expected = match options.expect_current.as_deref() {
        None => None,
        Some("none") => Some(None),
        Some(text) => Some(Some(resolve::revision(repository, text, None)?.snapshot())),
    };
    let began_with = found.state.occupant(&stage).map(|o| o.event);
    let decide = |state: &State| decide(repository, state, &found, &stage, expected, began_with);
    let first = decide(&found.state)?;
    if first.0.unchanged && !options.dry_run {
        // Whoever moved the stage there may have died before that was durable.
        repository.registry().settle(&found.state.model)?;
    }
    if first.0.unchanged || !first.0.is_promoted() || options.dry_run {
        return Ok(PromoteReport { dry_run: options.dry_run, ..first.0 });
    }
    check_bytes(repository, &found, progress)?;
    if let Some(certificate) = first.0.certificate {
        check_certificate(repository, certificate, found.snapshot())?;
    }
    let actor = actor.answer();
    let committed = repository.registry().commit::<_, VerbError>(&found.state.model, &actor, |state| {
        let (report, body) = decide(state)?;
        Ok(match body {
            None => Decision::Keep(report),
            Some(mut body) => {
                if let EventBody::Promote { reason, adopts, .. } = &mut body {
                    reason.clone_from(&options.reason);
                    let named = adopts.as_ref().and_then(|rules| rules.stage.signers);
                    signers::keep(repository, (&state.model, &stage), named)?;
                }
                Decision::Append(body, report)
            }
        })
    })?;
    let event = committed.event.map(|(event, record)| MadeEvent { event, time: record.time });
    Ok(PromoteReport { event, ..committed.outcome })
}

/// What is to be done, seeing `state`: nothing, or one event.
fn decide(
    repository: &Repository,
    state: &State,
    found: &Found,
    stage: &StageName,
    expected: Option<Option<SnapshotId>>,
    began_with: Option<crate::format::event::EventRef>,
) -> Result<(PromoteReport, Option<EventBody>), VerbError> {
    let id = found.snapshot();
    // Of the state that is decided by: it may have been dropped since it was looked up.
    if let Some(row) = state.version(found.row.version).filter(|row| row.dropped.is_some()) {
        resolve::kept(repository, &Found { state: state.clone(), row: *row })?;
    }
    let current = state.occupant(stage);
    let policy = state.certificates.get(&id).map(|row| row.policy);
    let proposed = rules::proposed(repository, state, stage, policy)?;
    let in_force = rules::in_force(state, stage, &proposed);
    let mut report = PromoteReport {
        label: found.label(),
        version: found.row.version,
        id,
        stage: stage.clone(),
        previous: current.map(|o| o.version),
        certificate: None,
        approvals: Vec::new(),
        obstacles: Vec::new(),
        needed: rules::needed(repository, state, id),
        unchanged: false,
        adopted_rules: in_force.is_none(),
        not_in_force: in_force.map_or_else(Vec::new, |rules| differences::of_stage(&rules.stage, &proposed.stage)),
        event: None,
        dry_run: false,
    };
    if current.is_some_and(|o| o.snapshot == id) {
        report.unchanged = true;
        report.adopted_rules = false;
        report.certificate = current.and_then(|o| o.certificate);
        report.approvals = current.map_or_else(Vec::new, |o| approvals::named(state, &o.approvals));
        return Ok((report, None));
    }
    let now = repository.registry().now_in(state);
    let request = PromoteRequest { stage, snapshot: id, proposed: &proposed, expected, now };
    let (mut against, certificate) = obstacles(state, &request);
    // Somebody moved the stage while we were looking at the bytes: never overwrite a move nobody here has seen.
    let moved = current.map(|o| o.event) != began_with;
    if moved && !against.iter().any(Obstacle::is_conflict) {
        against.push(Obstacle::Unexpected { current: current.map(|o| o.version) });
    }
    let row = state.version(found.row.version).unwrap_or(&found.row);
    against.extend(erasures::obstacle(repository, state, row)?);
    let counting = signoffs::counting(state, stage, &proposed);
    against.extend(signoffs::unsigned_waivers(repository, state, id, stage, counting)?);
    let approved = approvals::of_version(repository, state, id, stage, &proposed)?;
    against.extend(approved.missing);
    report.approvals = approved.approvals;
    report.certificate = certificate;
    report.obstacles = against;
    if !report.is_promoted() {
        return Ok((report, None));
    }
    let body = EventBody::Promote {
        stage: stage.clone(),
        version: found.row.version,
        snapshot: id,
        replaces: current.map(|o| o.snapshot),
        certificate,
        approvals: report.approvals.iter().map(|row| row.event.seq).collect(),
        adopts: in_force.is_none().then_some(proposed),
        no_hooks: false,
        reason: None,
    };
    Ok((report, Some(body)))
}

/// `latest` may be another version by the time somebody reads the command again.
fn refuse_moving_target(
    repository: &Repository,
    options: &PromoteOptions,
    found: &Found,
    stage: &StageName,
) -> Result<(), VerbError> {
    if resolve::parse(repository, &options.revision)?.target == Target::Latest {
        return Err(UsageError::MovingTarget {
            revision: options.revision.clone(),
            resolved: found.label(),
            stage: stage.to_string(),
        }
        .into());
    }
    Ok(())
}

/// The certificate is there, and says what the journal says it does.
fn check_certificate(repository: &Repository, id: CertificateId, candidate: SnapshotId) -> Result<(), VerbError> {
    let unreadable = |source| VerbError::Record { kind: "certificate", id: id.to_string(), source };
    let bytes = repository.store().record(id.digest())?;
    let predicate = StatementRecord::decode(&bytes).map_err(unreadable)?.predicate;
    repository.store().record(predicate.policy_sha256)?;
    if predicate.candidate == candidate && matches!(predicate.verdict, Verdict::Pass | Verdict::Waived) {
        return Ok(());
    }
    let reason = "it is not the passing certificate of this version that the journal says it is".to_owned();
    Err(unreadable(FormatError::Malformed { kind: certificate::FORMAT, reason }))
}

/// Reads and hashes every stored byte of a version.
pub fn check_bytes(repository: &Repository, found: &Found, progress: &dyn Progress) -> Result<(), VerbError> {
    let files = kept_files(repository, &found.state, &found.row)?;
    progress.begin("checking every byte", files.iter().map(|f| f.size).sum(), Unit::Bytes);
    for file in &files {
        let Some(id) = file.id else { continue };
        match repository.store().copy_file(id, &mut std::io::sink(), progress) {
            Err(CopyError::Store(error)) => return Err(error.into()),
            // A sink takes everything.
            Err(CopyError::Write(_)) | Ok(_) => {}
        }
    }
    progress.end();
    Ok(())
}

/// Every file a version keeps: those of its snapshot that were not erased from it.
pub fn kept_files(repository: &Repository, state: &State, row: &VersionRow) -> Result<Vec<TreeFile>, VerbError> {
    let mut files = stored_files(repository, state, row)?;
    let erased = state.erased_files(row.version);
    files.retain(|file| file.id.is_none_or(|id| !erased.contains(&id)));
    Ok(files)
}

/// Every file of a version, what was attached to it included.
pub fn stored_files(repository: &Repository, state: &State, row: &VersionRow) -> Result<Vec<TreeFile>, VerbError> {
    let store = repository.store();
    let record = attached::kept(repository, state, row)?;
    let optional = [&record.params_files, &record.metrics_files, &record.results, &record.code.tree];
    let trees = optional.into_iter().flatten().map(|t| t.tree).chain([record.model_files.tree]);
    let trees = trees.chain(record.data.iter().filter_map(|d| d.stored));
    let mut files = Vec::new();
    for tree in trees {
        files.extend(snapshot::files_of(store, tree)?);
    }
    let single = |path: &str, id, size| TreeFile {
        path: path.to_owned(),
        kind: crate::format::tree::EntryKind::File,
        id: Some(id),
        size,
        target: None,
    };
    files.extend(record.predictions.iter().map(|p| single(&p.path, p.file, p.size)));
    files.extend(record.samples.iter().map(|s| single(&s.path, s.file, s.size)));
    files.extend(record.reports.iter().map(|r| single(&r.path, r.file, r.size)));
    files.extend(record.code.patch.map(|id| single("code.patch", id, 0)));
    Ok(files)
}
