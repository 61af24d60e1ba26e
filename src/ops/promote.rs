//! `promote`: moves a stage to a version, if everything that must be true is.

use super::error::UsageError;
mod between;

use self::between::Between;
pub(super) use self::between::between;
use super::hooks::{self, Again, Attendant, Deployed, HookReport, Moved};
use super::resolve::{self, Found};
use super::rollback::unfit;
use super::rules::Needed;
use super::signoffs;
use super::{Asked, MadeEvent, VerbError, attached, check_text, rules};
use crate::format::FormatError;
use crate::format::certificate::{self, StatementRecord};
use crate::format::checkpoint::{ApprovalRow, VersionRow};
use crate::format::event::{ActorRecord, EventBody, HookOutcome};
use crate::id::{CertificateId, SnapshotId};
use crate::name::{ModelName, StageName, Version};
use crate::process::Interruption;
use crate::progress::{Progress, Unit};
use crate::registry::promote::{Obstacle, PromoteRequest};
use crate::registry::rollback::Unfit;
use crate::registry::{Decision, State};
use crate::repository::Repository;
use crate::revision::Target;
use crate::snapshot::{self, SnapshotError, TreeFile};
use crate::store::{CopyError, Lock, StoreError};

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
    /// Whether reasons against it are overruled, for the record; needs a reason.
    pub force: bool,
    /// Whether hooks are passed over, for the record; checks among them only by force.
    pub no_hooks: bool,
    /// Finds out, writes nothing.
    pub dry_run: bool,
}

/// How it came out.
#[derive(Debug, Clone)]
pub struct PromoteReport {
    /// The model.
    pub model: ModelName,
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
    /// Reasons against it that were overruled.
    pub overruled: Vec<Obstacle>,
    /// Whether that was asked for.
    pub force: bool,
    /// Why, if that was said.
    pub reason: Option<String>,
    /// What certifying it anew takes.
    pub needed: Needed,
    /// Checks that ran before it, or were skipped.
    pub checks: Vec<HookReport>,
    /// Checks that were passed over, because somebody said so.
    pub passed_over: Vec<String>,
    /// What came of the hooks behind it.
    pub deployed: Deployed,
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

/// Promotes; hooks are told nothing and heard by nobody.
///
/// # Errors
/// As [`promote_attended`].
pub fn promote(
    repository: &Repository,
    options: &PromoteOptions,
    progress: &dyn Progress,
) -> Result<PromoteReport, VerbError> {
    promote_attended(repository, options, Attendant { told: &|_| Vec::new(), heard: &mut |_| {} }, progress)
}

/// Promotes. A rehearsal does what a promotion does up to the move: it reads every byte and runs the checks.
///
/// # Errors
/// A version, stage or rule that cannot be found or read; a signal while a check ran. Whatever speaks against the promotion
/// itself is in the report.
pub fn promote_attended(
    repository: &Repository,
    options: &PromoteOptions,
    attendant: Attendant<'_, PromoteReport>,
    progress: &dyn Progress,
) -> Result<PromoteReport, VerbError> {
    check_text("the reason", options.reason.as_deref())?;
    if options.force && options.reason.is_none() {
        let reason = "a promotion that is forced needs one".to_owned();
        return Err(UsageError::Option { option: "the reason".to_owned(), reason }.into());
    }
    let actor = Asked::begin(repository);
    let held = repository.store().hold(Lock::Shared, progress)?;
    let found = resolve::revision(repository, &options.revision, options.at.as_deref())?;
    let stage = resolve::stage(repository, &found.state, options.stage.as_ref())?;
    refuse_moving_target(repository, options, &found, &stage)?;
    let expected = match options.expect_current.as_deref() {
        None => None,
        Some("none") => Some(None),
        Some(text) => Some(Some(resolve::revision(repository, text, None)?.snapshot())),
    };
    let began_with = found.state.occupant(&stage).map(|o| o.event);
    let behind = hooks::behind(repository, &found.state, &stage);
    let decide = |state: &State, vetoes: &[Obstacle]| -> Result<(PromoteReport, Option<EventBody>), VerbError> {
        let (mut report, body) = decide(repository, state, &found, &stage, expected, began_with)?;
        (report.force, report.dry_run, report.reason) = (options.force, options.dry_run, options.reason.clone());
        if !report.unchanged {
            report.obstacles.extend(vetoes.iter().cloned());
        }
        Ok(overrule(report, body, state))
    };
    let (mut report, body) = decide(&found.state, &[])?;
    if report.unchanged && !options.dry_run {
        // Whoever moved the stage there may have died before that was durable.
        repository.registry().settle(&found.state.model)?;
    }
    if report.unchanged {
        drop(held);
        let actor = actor.answer();
        deploy_again(repository, &found.state, &mut report, options, &actor, attendant, progress);
        return Ok(report);
    }
    let damaged = match body {
        Some(_) => check_bytes(repository, &found, progress).map_or_else(damage, |()| Ok(None))?,
        // Enough speaks against it: what can be seen from outside is told.
        None => match unfit(repository, &found.state, found.snapshot()) {
            Some(Unfit::Damaged(reason)) => Some(Obstacle::Damaged { reason }),
            _ => None,
        },
    };
    if let Some(damaged) = damaged {
        let overruled = std::mem::take(&mut report.overruled);
        report.obstacles.splice(0..0, overruled);
        report.obstacles.push(damaged);
    }
    if !report.is_promoted() {
        return Ok(report);
    }
    if let Some(certificate) = report.certificate.filter(|_| report.overruled.is_empty()) {
        check_certificate(repository, certificate, found.snapshot())?;
    }
    let actor = actor.answer();
    let checks = checks(repository, &found.state, &stage, found.snapshot())?;
    let passed_over: Vec<String> =
        checks.iter().filter(|_| options.no_hooks).map(|command| hooks::recorded(command)).collect();
    let mut ran = Vec::new();
    if !options.no_hooks && !checks.is_empty() {
        let input = (attendant.told)(&report);
        let recording = (!options.dry_run).then_some(&actor);
        let moved = moved(repository, &found.state.model, &report, None, recording, progress);
        ran = moved.checks(&checks, &input, attendant.heard)?;
    }
    let mut vetoes = hooks::vetoes(&ran);
    // Without a checkout there is none to run them in: a check that is not asked has not agreed, whyever.
    let skipped = ran.iter().filter(|hook| hook.outcome == HookOutcome::Skipped).map(|hook| hook.command.clone());
    let not_asked: Vec<String> = passed_over.iter().cloned().chain(skipped).collect();
    if !not_asked.is_empty() {
        vetoes.push(Obstacle::PassedOver { commands: not_asked });
    }
    let with_checks = |mut report: PromoteReport| {
        (report.checks, report.passed_over) = (ran.clone(), passed_over.clone());
        report
    };
    if options.dry_run || !vetoes.is_empty() && !options.force {
        return Ok(with_checks(decide(&found.state, &vetoes)?.0));
    }
    let no_hooks = options.no_hooks && !(checks.is_empty() && behind.is_empty());
    let interruption = (!behind.is_empty() && !no_hooks).then(Interruption::begin);
    let committed = repository.registry().commit::<_, VerbError>(&found.state.model, &actor, |state| {
        let mut vetoes = vetoes.clone();
        // Others were put in force while these ran.
        if self::checks(repository, state, &stage, found.snapshot())? != checks {
            vetoes.push(Obstacle::OtherChecks { files: Vec::new() });
        }
        let (report, body) = decide(state, &vetoes)?;
        Ok(match body {
            None => Decision::Keep(report),
            Some(body) => {
                if let EventBody::Promote { adopts: Some(rules), .. } = &body {
                    signoffs::signers::keep(repository, (&state.model, &stage), rules.stage.signers)?;
                }
                Decision::Append(completed(body, options, no_hooks, &behind), report)
            }
        })
    })?;
    drop(held);
    let mut report = with_checks(committed.outcome);
    report.event = committed.event.map(|(event, record)| MadeEvent { event, time: record.time });
    match (report.event, interruption) {
        (Some(made), Some(interruption)) => {
            let input = (attendant.told)(&report);
            let moved = moved(repository, &found.state.model, &report, Some(made.event.seq), Some(&actor), progress);
            report.deployed = moved.deploy(&behind, &input, &interruption, attendant.heard);
        }
        (None, interruption) if report.unchanged => {
            drop(interruption);
            deploy_again(repository, &committed.state, &mut report, options, &actor, attendant, progress);
        }
        _ => {}
    }
    Ok(report)
}

/// Where everything that speaks against it may be overruled, and that was asked for: it is.
fn overrule(mut report: PromoteReport, body: Option<EventBody>, state: &State) -> (PromoteReport, Option<EventBody>) {
    if report.obstacles.is_empty() {
        return (report, body);
    }
    if !report.force || !report.obstacles.iter().all(Obstacle::can_be_overruled) {
        return (report, None);
    }
    report.overruled = std::mem::take(&mut report.obstacles);
    // A move against the rules puts none in force.
    report.adopted_rules = false;
    let body = EventBody::Force {
        stage: report.stage.clone(),
        version: report.version,
        snapshot: report.id,
        replaces: state.occupant(&report.stage).map(|occupant| occupant.snapshot),
        certificate: report.certificate,
        approvals: report.approvals.iter().map(|row| row.event.seq).collect(),
        overruled: report.overruled.iter().map(|obstacle| obstacle.code().to_owned()).collect(),
        no_hooks: false,
        after: Vec::new(),
        reason: report.reason.clone().unwrap_or_default(),
    };
    (report, Some(body))
}

/// The event with what was asked for beside the move.
fn completed(mut body: EventBody, options: &PromoteOptions, passed_over: bool, behind: &[String]) -> EventBody {
    if let EventBody::Promote { reason, .. } = &mut body {
        reason.clone_from(&options.reason);
    }
    if let EventBody::Promote { no_hooks, after, .. } | EventBody::Force { no_hooks, after, .. } = &mut body {
        (*no_hooks, *after) = (passed_over, behind.iter().map(|command| hooks::recorded(command)).collect());
    }
    body
}

/// The checks in force for a stage; those of the project while it has no rules, which this promotion puts in force.
pub fn checks(
    repository: &Repository,
    state: &State,
    stage: &StageName,
    snapshot: SnapshotId,
) -> Result<Vec<String>, VerbError> {
    let policy = state.certificates.get(&snapshot).map(|row| row.policy);
    let proposed = rules::proposed(repository, state, stage, policy)?;
    match rules::in_force(state, stage, &proposed) {
        Some(rules) => Ok(rules.stage.before.clone()),
        None => {
            hooks::check_recordable(&proposed.stage.before)?;
            Ok(proposed.stage.before)
        }
    }
}

fn moved<'a>(
    repository: &'a Repository,
    model: &'a ModelName,
    report: &'a PromoteReport,
    of: Option<u64>,
    actor: Option<&'a ActorRecord>,
    progress: &'a dyn Progress,
) -> Moved<'a> {
    Moved {
        repository,
        model,
        stage: &report.stage,
        version: report.version,
        id: report.id,
        previous: report.previous,
        certificate: report.certificate,
        how: if report.overruled.is_empty() { "promote" } else { "force" },
        of,
        actor,
        progress,
    }
}

/// The stage holds it already: what belongs behind that move, and was not done, is done now.
fn deploy_again(
    repository: &Repository,
    state: &State,
    report: &mut PromoteReport,
    options: &PromoteOptions,
    actor: &ActorRecord,
    attendant: Attendant<'_, PromoteReport>,
    progress: &dyn Progress,
) {
    if options.no_hooks {
        return;
    }
    let input = (attendant.told)(report);
    let again = Again { actor: (!options.dry_run).then_some(actor), input: &input, progress };
    report.deployed = again.deploy(repository, state, &report.stage, attendant.heard);
}

/// Damage speaks against a promotion; anything else keeps it from being decided.
fn damage(error: VerbError) -> Result<Option<Obstacle>, VerbError> {
    let store = match &error {
        VerbError::Store(store) | VerbError::Snapshot(SnapshotError::Store(store)) => store,
        _ => return Err(error),
    };
    match store {
        StoreError::Missing { .. } | StoreError::Damaged { .. } => {
            Ok(Some(Obstacle::Damaged { reason: super::chain(&error) }))
        }
        _ => Err(error),
    }
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
        model: state.model.clone(),
        label: found.label(),
        version: found.row.version,
        id,
        stage: stage.clone(),
        previous: current.map(|o| o.version),
        certificate: None,
        approvals: Vec::new(),
        obstacles: Vec::new(),
        overruled: Vec::new(),
        force: false,
        reason: None,
        needed: rules::needed(repository, state, id),
        checks: Vec::new(),
        passed_over: Vec::new(),
        deployed: Deployed::default(),
        unchanged: false,
        adopted_rules: in_force.is_none(),
        not_in_force: rules::not_in_force(repository, state, stage, &proposed)?,
        event: None,
        dry_run: false,
    };
    if current.is_some_and(|o| o.snapshot == id) {
        report.unchanged = true;
        report.adopted_rules = false;
        report.certificate = current.and_then(|o| o.certificate);
        report.approvals = current.map_or_else(Vec::new, |o| signoffs::approvals::named(state, &o.approvals));
        return Ok((report, None));
    }
    let now = repository.registry().now_in(state);
    let request = PromoteRequest { stage, snapshot: id, proposed: &proposed, expected, now };
    let row = state.version(found.row.version).unwrap_or(&found.row);
    let Between { mut against, certificate, approvals } = between(repository, state, row, &request)?;
    // Somebody moved the stage while we were looking at the bytes: never overwrite a move nobody here has seen.
    let moved = current.map(|o| o.event) != began_with;
    if moved && !against.iter().any(|one| matches!(one, Obstacle::Unexpected { .. })) {
        against.push(Obstacle::Unexpected { current: current.map(|o| o.version) });
    }
    report.approvals = approvals;
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
        after: Vec::new(),
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
    if predicate.candidate == candidate && predicate.verdict.counts() {
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
