//! `snapshot`: captures a project and gives it the next version.

use super::inputs::{GivenInputs, capture_options};
use super::{Asked, ErasedAgain, MadeEvent, VerbError, erasures, known, records};
use crate::capture::files::SourceFile;
use crate::capture::known::Known;
use crate::capture::{self, Capture};
use crate::format::checkpoint::VersionRow;
use crate::format::event::EventBody;
use crate::format::snapshot::SnapshotRecord;
use crate::id::{FileId, SnapshotId, TreeId};
use crate::name::{ModelName, Version};
use crate::progress::Progress;
use crate::registry::{Decision, State};
use crate::repository::Repository;
use crate::snapshot::{self, Built, TreeFile};
use crate::store::{Lock, Store, StoreError, Written};

/// How to take a snapshot.
#[derive(Debug, Clone, Default)]
pub struct SnapshotOptions {
    /// The model; none: the only one.
    pub model: Option<ModelName>,
    /// What was given by hand.
    pub given: GivenInputs,
    /// Makes a version even if nothing changed.
    pub new_version: bool,
    /// Whether what was erased from another version may be stored again.
    pub allow_erased: bool,
    /// Finds out, writes nothing.
    pub dry_run: bool,
}

/// What was captured, and as what.
#[derive(Debug, Clone)]
pub struct SnapshotReport {
    /// The model.
    pub model: ModelName,
    /// Its version: the new one, or the newest one if nothing changed; the next one in a dry run.
    pub version: Version,
    /// The record's id.
    pub id: SnapshotId,
    /// The record.
    pub record: SnapshotRecord,
    /// The model's files.
    pub files: Vec<TreeFile>,
    /// Whether it is the newest version, unchanged.
    pub unchanged: bool,
    /// Other versions with the same content.
    pub same_as: Vec<Version>,
    /// What the environment differs in, where nothing else does.
    pub environment_changes: Vec<String>,
    /// The version before it.
    pub parent: Option<Version>,
    /// Parts that differ from the version before.
    pub changed: Vec<&'static str>,
    /// Fields that were erased from an earlier version and are recorded again.
    pub erased_before: Vec<String>,
    /// Files, and a record as a whole, that were erased from a version and are stored again, because that was asked for.
    pub erased_again: Vec<ErasedAgain>,
    /// Results that are the parent's although the model is not.
    pub stale_evidence: Vec<String>,
    /// What was written.
    pub written: Written,
    /// The event; none if nothing changed.
    pub event: Option<MadeEvent>,
    /// Whether nothing was written.
    pub dry_run: bool,
}

/// The model's files in the version before. Without them the new one only takes more space.
fn files_to_change(store: &Store, parent: TreeId) -> Vec<FileId> {
    let files = snapshot::files_of(store, parent).unwrap_or_default();
    files.into_iter().filter_map(|file| file.id).collect()
}

/// Captures a project.
pub fn snapshot(
    repository: &Repository,
    options: &SnapshotOptions,
    progress: &dyn Progress,
) -> Result<SnapshotReport, VerbError> {
    let capture_options = capture_options(repository, options.model.as_ref(), &options.given)?;
    let model = capture_options.model.clone();
    let before = repository.registry().state(&model)?;
    let known = known::load(repository, &model);
    let mut capture = capture::capture(&capture_options, &known, progress)?;
    let store = repository.store();
    let _held = store.backend().lock(Lock::Shared).map_err(StoreError::from)?;
    // Versions and packs may have gone while files were looked for.
    store.refresh();
    let now = repository.registry().state(&model)?;
    let same_row = |row: &VersionRow| now.as_ref().and_then(|state| state.version(row.version)).copied();
    let parent = before.as_ref().and_then(State::latest).map(|row| same_row(row).unwrap_or(*row));
    let parent_record = match parent {
        Some(row) => Some(records::snapshot(repository, row.snapshot)?),
        None => None,
    };
    let parent_tree = parent_record.as_ref().map(|record| record.model_files.tree);
    let parent_files = move || parent_tree.map_or_else(Vec::new, |tree| files_to_change(store, tree));
    let mut erased_again = erasures::files_again(repository, &capture, &known)?;
    if let (Some(first), false) = (erased_again.first(), options.allow_erased) {
        return Err(first.clone().into());
    }
    if !options.dry_run {
        check_space(repository, &capture, &known, parent_files, progress)?;
    }
    let mut writer = if options.dry_run { store.rehearsal() } else { store.writer() };
    writer.expect_changes_of(parent_files);
    let mut built = snapshot::build(&mut writer, &mut capture, &known, super::TOOL, progress)?;
    match erasures::record_again(repository, built.id.digest())? {
        Some(again) if !options.allow_erased => return Err(again.into()),
        again => erased_again.extend(again),
    }
    let changed = parent_record.as_ref().map_or_else(Vec::new, |p| snapshot::differs_in(p, &built.record));
    let mut report = SnapshotReport {
        model: model.clone(),
        version: parent.map_or(Version(1), |p| Version(p.version.0 + 1)),
        id: built.id,
        same_as: same_as(before.as_ref(), built.id),
        parent: parent.map(|p| p.version),
        stale_evidence: parent_record.as_ref().map_or_else(Vec::new, |p| stale_evidence(&built.record, p)),
        erased_before: now
            .as_ref()
            .map_or_else(Vec::new, |state| erasures::fields_again(state, &built.record, &built.observation)),
        erased_again,
        files: std::mem::take(&mut built.model_files),
        record: built.record.clone(),
        unchanged: false,
        environment_changes: Vec::new(),
        changed,
        written: writer.so_far(),
        event: None,
        dry_run: options.dry_run,
    };
    if !options.dry_run {
        known::keep(repository, &model, known);
    }
    if let (Some(row), Some(old)) = (parent, &parent_record)
        && report.changed.is_empty()
        && row.dropped.is_none()
        && !options.new_version
        // What the newest version lost by a tombstone only another one can have.
        && now.as_ref().is_none_or(|state| state.erased_files(row.version).is_empty())
    {
        report.unchanged = true;
        report.erased_again.clear();
        report.version = row.version;
        report.id = row.snapshot;
        report.environment_changes = snapshot::environment_differences(&old.environment, &built.record.environment);
        report.same_as.retain(|v| *v != row.version);
        report.record = old.clone();
        report.written = if writer.adds_contents() && !options.dry_run {
            // The same version, of which something had been lost: here it is again.
            writer.finish()?
        } else {
            Written { plain: report.written.plain, new: 0, stored: 0 }
        };
        return Ok(report);
    }
    if options.dry_run {
        return Ok(report);
    }
    report.written = writer.finish()?;
    let (version, event) = record(repository, options, &model, &built, parent.map(|p| p.snapshot))?;
    report.version = version;
    report.unchanged = event.is_none();
    report.event = event;
    report.same_as.retain(|v| *v != version);
    Ok(report)
}

/// Appends the event; whoever was first, this version gets the next number. If somebody has just recorded the very same
/// snapshot, there is nothing to append.
fn record(
    repository: &Repository,
    options: &SnapshotOptions,
    model: &ModelName,
    built: &Built,
    parent: Option<SnapshotId>,
) -> Result<(Version, Option<MadeEvent>), VerbError> {
    let actor = Asked::begin(repository).answer();
    let committed = repository.registry().commit::<Version, VerbError>(model, &actor, |state| {
        if let Some(latest) = state.latest()
            && latest.snapshot == built.id
            && latest.dropped.is_none()
            && Some(latest.snapshot) != parent
            && !options.new_version
        {
            return Ok(Decision::Keep(latest.version));
        }
        let version = Version(state.versions.len() as u32 + 1);
        let body = EventBody::Snapshot {
            version,
            snapshot: built.id,
            parent,
            observation: built.observation_id,
            model_tree: built.record.model_files.tree,
        };
        Ok(Decision::Append(body, version))
    })?;
    let made = committed.event.map(|(event, record)| MadeEvent { event, time: record.time });
    Ok((committed.outcome, made))
}

fn same_as(state: Option<&State>, id: SnapshotId) -> Vec<Version> {
    state.map_or_else(Vec::new, |s| s.versions.iter().filter(|v| v.snapshot == id).map(|v| v.version).collect())
}

/// So much stays free: on a disk that a snapshot has filled, nothing could be dropped or collected any more, because that
/// takes an event and a copy of what shares a pack.
const RESERVE: u64 = 1 << 20;

/// Before a byte is written: whether the disk can hold it. Only where it could not hold everything anew is
/// everything read once more, to learn what is new.
fn check_space<'r>(
    repository: &'r Repository,
    capture: &Capture,
    known: &Known<'_>,
    parent_files: impl FnOnce() -> Vec<FileId> + Send + Sync + 'r,
    progress: &dyn Progress,
) -> Result<(), VerbError> {
    let Some(free) = repository.store().backend().free() else { return Ok(()) };
    let total: u64 = snapshot::every_file(capture).map(SourceFile::size).sum();
    if total + RESERVE < free {
        return Ok(());
    }
    let needed = snapshot::bytes_needed(repository.store(), capture, known, parent_files, progress)?;
    if needed + RESERVE < free { Ok(()) } else { Err(StoreError::NoSpace { needed, free }.into()) }
}

/// Results that are the parent's, byte for byte, although the model is another one.
pub fn stale_evidence(record: &SnapshotRecord, parent: &SnapshotRecord) -> Vec<String> {
    if record.model_files.tree == parent.model_files.tree {
        return Vec::new();
    }
    let mut stale = Vec::new();
    for set in &record.predictions {
        if parent.predictions.iter().any(|p| p.name == set.name && p.file == set.file) {
            stale.push(set.name.to_string());
        }
    }
    for set in &record.samples {
        if parent.samples.iter().any(|p| p.name == set.name && p.file == set.file) {
            stale.push(set.name.to_string());
        }
    }
    if !record.metrics.is_empty() && record.metrics == parent.metrics {
        stale.push("metrics".to_owned());
    }
    stale
}
