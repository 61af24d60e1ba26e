//! `snapshot`: captures a project and gives it the next version.

pub(super) mod closer;
pub mod inputs;
pub(super) mod interpreter;
pub(super) mod known;
pub mod save;

use std::collections::BTreeMap;

use self::inputs::{GivenInputs, capture_options};
use super::declared::{Contradiction, contradictions};
use super::profiles::{self, Terms};
use super::{Asked, ErasedAgain, MadeEvent, VerbError, erasures, records, resolve};
use crate::capture::files::SourceFile;
use crate::capture::known::Known;
use crate::capture::redacted::Redacted;
use crate::capture::{self, Capture, found};
use crate::format::checkpoint::VersionRow;
use crate::format::event::EventBody;
use crate::format::found::FoundRecord;
use crate::format::observation::{DriftRecord, ExecutionRecord, LockCheckRecord, ProfileRef};
use crate::format::snapshot::{RedactionRecord, SnapshotRecord};
use crate::id::{FileId, ObservationId, SnapshotId, TreeId};
use crate::name::{ModelName, SetName, Version};
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
    /// The run of the training command that made it, where this program ran it.
    pub execution: Option<ExecutionRecord>,
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
    /// The run that made it; none where nothing changed, or it was not run by this program.
    pub execution: Option<ExecutionRecord>,
    /// What the model's files say of themselves; nothing where nothing changed.
    pub found: FoundRecord,
    /// Packages that are not as a lock file wants them.
    pub drift: Vec<DriftRecord>,
    /// Lock files that were compared with what is installed.
    pub lock_checks: Vec<LockCheckRecord>,
    /// The profiles of its data, and why data has none.
    pub profiles: BTreeMap<SetName, ProfileRef>,
    /// What was replaced in what was found.
    pub redactions: Vec<RedactionRecord>,
    /// Parameters of which they say something else than what was declared.
    pub contradictions: Vec<Contradiction>,
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
    let mut capture_options = capture_options(repository, options.model.as_ref(), &options.given)?;
    let model = resolve::current(repository, &capture_options.model);
    // A journal that cannot be used is told before everything is hashed.
    if repository.registry().state(&model)?.is_none() {
        resolve::no_stage(repository, &model)?;
    }
    let known = known::load(repository, &model);
    known::tell_data(repository, &mut capture_options);
    interpreter::tell(repository, &mut capture_options);
    let mut capture = capture::capture(&capture_options, &known, progress)?;
    let store = repository.store();
    // Versions and packs may have moved while files were looked for.
    let _held = store.hold(Lock::Shared, progress)?;
    let state = repository.registry().state(&model)?;
    let parent_tree = state.as_ref().and_then(State::latest).map(|row| row.model_tree);
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
    let (worth_a_look, passed_over) = found::worth_a_look(&capture.model_files);
    let tables = capture::profile::tables(&capture.data);
    let mut built = snapshot::build(&mut writer, &mut capture, &known, super::TOOL, progress)?;
    match erasures::record_again(repository, built.id.digest())? {
        Some(again) if !options.allow_erased => return Err(again.into()),
        again => erased_again.extend(again),
    }
    built.observation.execution.clone_from(&options.execution);
    let compared = Compared::with(repository, options, state.as_ref(), &built)?;
    if !options.dry_run {
        known::keep(repository, &model, known);
    }
    // Of a version that is what it was, something may have been lost: then everything is put again.
    let heals = compared.unchanged && compared.same_code(&built) && writer.adds_contents() && !options.dry_run;
    let before = compared.parent.as_ref().and_then(|(row, _)| records::observation(repository, row.observation).ok());
    if !compared.unchanged || heals {
        let known = before.as_ref().and_then(|observation| observation.found.as_ref());
        let found = snapshot::found::look(&writer, &worth_a_look, &built.model_files, known);
        let found = FoundRecord { passed_over, ..found };
        let (around, strict) = ((&capture, capture_options.project.as_path()), options.given.strict);
        closer::look(&mut built.observation, around, found, before.as_ref(), strict)?;
        let data = compared.parent.as_ref().map(|(_, record)| record.data.as_slice()).unwrap_or_default();
        let terms = Terms { strict: options.given.strict, allow_erased: options.allow_erased };
        let before = (data, before.as_ref());
        let mut redacted = Redacted::default();
        profiles::put(repository, &mut writer, (&tables, &mut built), before, terms, &mut redacted, progress)?;
        built.observation.redactions.extend(redacted.into_records());
        built.observation.redactions.sort();
    } else if let Some(before) = before {
        built.observation.profiles = before.profiles;
    }
    if compared.unchanged || options.dry_run {
        let written = match compared.unchanged {
            true if heals => {
                snapshot::put_observation(&mut writer, &built.observation)?;
                writer.finish()?
            }
            true => Written { plain: writer.so_far().plain, new: 0, stored: 0 },
            false => writer.so_far(),
        };
        let mut report = compared.report(model, built, written, None, options);
        if !report.unchanged {
            report.erased_again = erased_again;
        }
        return Ok(report);
    }
    let observation = snapshot::put_observation(&mut writer, &built.observation)?;
    let written = writer.finish()?;
    let (compared, event) =
        record(repository, options, &model, (&built, observation), state.as_ref().map_or(0, State::seq), &compared)?;
    let report = compared.report(model, built, written, event, options);
    Ok(SnapshotReport { erased_again, ..report })
}

/// What was captured, beside the versions there are.
#[derive(Debug, Clone, Default)]
struct Compared {
    /// The newest version, and its record.
    parent: Option<(VersionRow, SnapshotRecord)>,
    /// Parts that differ from it.
    changed: Vec<&'static str>,
    /// Whether it is the newest version, and needs no other.
    unchanged: bool,
    same_as: Vec<Version>,
    erased_before: Vec<String>,
}

impl Compared {
    fn with(
        repository: &Repository,
        options: &SnapshotOptions,
        state: Option<&State>,
        built: &Built,
    ) -> Result<Self, VerbError> {
        let Some(state) = state else { return Ok(Self::default()) };
        let same_as = state.versions.about(built.id).map(|row| row.version).collect();
        let erased_before = erasures::fields_again(state, &built.record, &built.observation);
        let Some(row) = state.latest().copied() else { return Ok(Self { same_as, erased_before, ..Self::default() }) };
        let record = records::snapshot(repository, row.snapshot)?;
        let changed = snapshot::differs_in(repository.store(), &record, built);
        let unchanged = changed.is_empty()
            && row.dropped.is_none()
            && !options.new_version
            // What the newest version lost by a tombstone only another one can have.
            && state.erased_files(row.version).is_empty();
        Ok(Self { parent: Some((row, record)), changed, unchanged, same_as, erased_before })
    }

    /// Whether the code is the newest version's to the last byte: outputs of notebooks and patches may differ where nothing
    /// else does, and are then no part of any version.
    fn same_code(&self, built: &Built) -> bool {
        let (a, b) = (self.parent.as_ref().map(|(_, record)| &record.code), &built.record.code);
        a.is_some_and(|a| a.tree == b.tree && a.patch == b.patch)
    }

    fn report(
        self,
        model: ModelName,
        built: Built,
        written: Written,
        event: Option<MadeEvent>,
        options: &SnapshotOptions,
    ) -> SnapshotReport {
        let before = self.parent.as_ref();
        let parent = before.map(|(row, _)| row.version);
        let stale_evidence = before.map_or_else(Vec::new, |(_, record)| stale_evidence(&built.record, record));
        let found = built.observation.found.unwrap_or_default();
        let mut report = SnapshotReport {
            model,
            version: parent.map_or(Version(1), |parent| Version(parent.0 + 1)),
            id: built.id,
            files: built.model_files,
            unchanged: self.unchanged,
            same_as: self.same_as,
            environment_changes: Vec::new(),
            parent,
            contradictions: contradictions(&built.record, &found),
            drift: built.observation.drift,
            lock_checks: built.observation.lock_checks,
            redactions: built.observation.redactions,
            found,
            execution: built.observation.execution.filter(|_| !self.unchanged),
            profiles: built.observation.profiles,
            record: built.record,
            stale_evidence,
            changed: self.changed,
            erased_before: self.erased_before,
            erased_again: Vec::new(),
            written,
            event,
            dry_run: options.dry_run,
        };
        if let (true, Some((row, record))) = (self.unchanged, self.parent) {
            report.version = row.version;
            report.id = row.snapshot;
            report.environment_changes =
                snapshot::environment_differences(&record.environment, &report.record.environment);
            report.record = record;
        }
        report.same_as.retain(|version| *version != report.version);
        report
    }
}

/// Appends the event; whoever was first, this version gets the next number. It comes after the version that is the newest
/// then: if somebody has recorded another one meanwhile, it is compared with that; if the very same, there is nothing to
/// append.
fn record(
    repository: &Repository,
    options: &SnapshotOptions,
    model: &ModelName,
    (built, observation): (&Built, ObservationId),
    seen: u64,
    compared: &Compared,
) -> Result<(Compared, Option<MadeEvent>), VerbError> {
    let actor = Asked::begin(repository).answer();
    let committed = repository.registry().commit::<Compared, VerbError>(model, &actor, |state| {
        let compared = if state.seq() == seen {
            compared.clone()
        } else {
            Compared::with(repository, options, Some(state), built)?
        };
        if compared.unchanged {
            return Ok(Decision::Keep(compared));
        }
        let body = EventBody::Snapshot {
            version: Version(state.versions.len() as u32 + 1),
            snapshot: built.id,
            parent: compared.parent.as_ref().map(|(row, _)| row.snapshot),
            observation,
            model_tree: built.record.model_files.tree,
        };
        Ok(Decision::Append(body, compared))
    })?;
    let made = committed.event.map(|(event, record)| MadeEvent { event, time: record.time });
    Ok((committed.outcome, made))
}

/// So much stays free: on a disk that a snapshot has filled, nothing could be dropped or collected any more, because that
/// takes an event and a copy of what shares a pack.
pub(super) const RESERVE: u64 = 1 << 20;

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

/// Results that are the parent's, byte for byte, although the model is another one; reports, although the data is.
pub fn stale_evidence(record: &SnapshotRecord, parent: &SnapshotRecord) -> Vec<String> {
    shared_evidence(record, parent)
        .into_iter()
        .filter(|(_, is_of_the_same)| !is_of_the_same)
        .map(|(set, _)| set)
        .collect()
}

/// Results that are another record's, byte for byte, and whether that is of the same model; reports, of the same data.
pub(super) fn shared_evidence(record: &SnapshotRecord, other: &SnapshotRecord) -> Vec<(String, bool)> {
    // What was said of other data says nothing of these.
    let digests =
        |record: &SnapshotRecord| -> Vec<_> { record.data.iter().map(|d| (d.name.clone(), d.sha256)).collect() };
    let is_same_data = digests(record) == digests(other);
    let is_same_model = record.model_files.tree == other.model_files.tree;
    let reports = record.reports.iter().filter(|r| other.reports.iter().any(|o| o.name == r.name && o.file == r.file));
    let predictions =
        record.predictions.iter().filter(|p| other.predictions.iter().any(|o| o.name == p.name && o.file == p.file));
    let samples = record.samples.iter().filter(|s| other.samples.iter().any(|o| o.name == s.name && o.file == s.file));
    let metrics = (!record.metrics.is_empty() && record.metrics == other.metrics).then(|| "metrics".to_owned());
    let of_model = predictions.map(|p| p.name.to_string()).chain(samples.map(|s| s.name.to_string())).chain(metrics);
    let of_data = reports.map(|report| (format!("reports.{}", report.name), is_same_data));
    of_data.chain(of_model.map(|set| (set, is_same_model))).collect()
}
