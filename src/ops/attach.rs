//! `attach`: evidence that was made after a snapshot is added to its version, as a dated event. The snapshot stays what it is, and so
//! do its own sets: what somebody found out later stands beside them, never in their place.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::judging::measured::known_hardware;
use super::resolve::{self, Found};
use super::snapshot::RESERVE;
use super::snapshot::inputs::{predictions_columns, samples_column};
use super::{Asked, CertificationError, MadeEvent, UsageError, VerbError, attached, check_text, erasures, records};
use crate::capture::evidence::{EvidenceInput, describe};
use crate::capture::files::PathSpec;
use crate::capture::source_file::SourceFile;
use crate::capture::{CaptureError, PredictionsInput, SamplesInput, machine};
use crate::digest::Digest;
use crate::format::event::{AttachedRecord, EventBody};
use crate::format::scalar::Scalar;
use crate::format::snapshot::{PredictionColumns, PredictionsRecord, SamplesRecord, SnapshotRecord};
use crate::id::{FileId, SnapshotId};
use crate::name::{ModelName, SetName, Version};
use crate::progress::{Progress, Unit};
use crate::registry::{Decision, State};
use crate::repository::Repository;
use crate::store::{Lock, Source, StoreError};

/// What the columns of a table mean, given by hand.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GivenColumns {
    /// Columns that together identify a row.
    pub key: Vec<String>,
    /// The truth.
    pub label: Option<String>,
    /// Score of the positive class.
    pub score: Option<String>,
    /// Predicted class or value.
    pub prediction: Option<String>,
    /// Class → column of its probability.
    pub scores: BTreeMap<String, String>,
    /// The label that counts as positive.
    pub positive: Option<Scalar>,
    /// Columns whose values are slices.
    pub slices: Vec<String>,
    /// Row weights.
    pub weight: Option<String>,
    /// Rows of one cluster are dependent.
    pub cluster: Option<String>,
    /// Rows of one group are ranked against each other.
    pub group: Option<String>,
    /// The column of samples: then it is no table of predictions.
    pub samples: Option<String>,
}

/// What to attach to what.
#[derive(Debug, Clone)]
pub struct AttachOptions {
    /// The version.
    pub revision: String,
    /// The time to see the revision at.
    pub at: Option<String>,
    /// The set.
    pub set: SetName,
    /// The table, and how it was typed.
    pub file: (PathBuf, String),
    /// What its columns mean; if nothing is given, what the configuration says of this set.
    pub columns: GivenColumns,
    /// Whether samples were taken on a machine that nobody knows; else it is this one.
    pub machine_unknown: bool,
    /// Why, if there is something to say.
    pub reason: Option<String>,
    /// Finds out, writes nothing.
    pub dry_run: bool,
}

/// How it came out.
#[derive(Debug, Clone)]
pub struct AttachReport {
    /// The model.
    pub model: ModelName,
    /// The version.
    pub version: Version,
    /// Its record.
    pub id: SnapshotId,
    /// What was attached.
    pub evidence: AttachedRecord,
    /// The evidence of this set that was attached before, and counts no more.
    pub supersedes: Option<FileId>,
    /// Whether it was attached already.
    pub unchanged: bool,
    /// The event.
    pub event: Option<MadeEvent>,
    /// Whether nothing was written.
    pub dry_run: bool,
}

/// Attaches.
pub fn attach(
    repository: &Repository,
    options: &AttachOptions,
    progress: &dyn Progress,
) -> Result<AttachReport, VerbError> {
    check_text("the reason", options.reason.as_deref())?;
    let actor = Asked::begin(repository);
    let store = repository.store();
    let _held = store.hold(Lock::Shared, progress)?;
    let found = resolve::revision(repository, &options.revision, options.at.as_deref())?;
    resolve::kept(repository, &found)?;
    let record = records::snapshot(repository, found.snapshot())?;
    refuse_own(&found, &record, &options.set)?;
    let input = input(repository, options, &found.state.model)?;
    let file = describe(&input)?;
    let unreadable = |source| CaptureError::Unreadable { path: file.disk(), source };
    let (digest, size) = file.open().and_then(Digest::of_reader).map_err(unreadable)?;
    let id = FileId::new(digest);
    if let Some(again) = erasures::file_again(repository, id)? {
        return Err(CertificationError::Erased { label: again.label, why: again.why }.into());
    }
    let machine = || known_hardware(&machine::observe(Path::new("/")));
    let evidence = evidence(&input, id, size, if options.machine_unknown { None } else { machine() });
    let mut report = AttachReport {
        model: found.state.model.clone(),
        version: found.row.version,
        id: found.snapshot(),
        supersedes: None,
        unchanged: is_attached(repository, &found.state, found.row.version, &evidence)?,
        evidence,
        event: None,
        dry_run: options.dry_run,
    };
    report.supersedes = superseded(&found.state, &report);
    if options.dry_run || report.unchanged {
        if report.unchanged && !options.dry_run {
            repository.registry().settle(&report.model)?;
        }
        return Ok(report);
    }
    put(repository, &file, id, progress)?;
    let body = EventBody::Attach {
        version: report.version,
        snapshot: report.id,
        evidence: report.evidence.clone(),
        reason: options.reason.clone(),
    };
    let actor = actor.answer();
    let committed = repository.registry().commit::<_, VerbError>(&found.state.model, &actor, |state| {
        // Of the state that is decided by: it may have been dropped since it was looked up.
        if let Some(row) = state.version(report.version).filter(|row| row.dropped.is_some()) {
            resolve::kept(repository, &Found { state: state.clone(), row: *row })?;
        }
        let unchanged = is_attached(repository, state, report.version, &report.evidence)?;
        let outcome = (unchanged, superseded(state, &report));
        Ok(if unchanged { Decision::Keep(outcome) } else { Decision::Append(body.clone(), outcome) })
    })?;
    (report.unchanged, report.supersedes) = committed.outcome;
    report.event = committed.event.map(|(event, record)| MadeEvent { event, time: record.time });
    Ok(report)
}

/// A set that a version was taken with is what it was trained and judged with: nothing may take its place.
fn refuse_own(found: &Found, record: &SnapshotRecord, set: &SetName) -> Result<(), VerbError> {
    let own = record.predictions.iter().map(|p| &p.name).chain(record.samples.iter().map(|s| &s.name));
    if own.into_iter().any(|name| name == set) {
        return Err(CertificationError::OwnSet { label: found.label(), set: set.clone() }.into());
    }
    Ok(())
}

/// The table and what its columns mean: as given, else as configured.
fn input(repository: &Repository, options: &AttachOptions, model: &ModelName) -> Result<EvidenceInput, VerbError> {
    let (disk, text) = &options.file;
    let path = PathSpec { text: text.clone(), path: disk.clone(), rename: None };
    let name = options.set.clone();
    let given = &options.columns;
    let columns = match given {
        _ if *given == GivenColumns::default() => {
            let file = repository.section(model);
            if let Some(set) = file.and_then(|file| file.predictions.get(&name)) {
                predictions_columns(set)
            } else if let Some(column) = file.and_then(|file| samples_column(file, &name)) {
                return Ok(EvidenceInput::Samples(SamplesInput { name, path, column }));
            } else {
                let sets = file.into_iter().flat_map(|file| file.predictions.keys().chain(file.samples.keys()));
                let known = sets.map(ToString::to_string).collect();
                return Err(CertificationError::NoColumns { model: model.to_string(), set: name, known }.into());
            }
        }
        GivenColumns { samples: Some(column), .. } => {
            check_text("the column", Some(column))?;
            return Ok(EvidenceInput::Samples(SamplesInput { name, path, column: column.clone() }));
        }
        given => by_hand(given)?,
    };
    Ok(EvidenceInput::Predictions(PredictionsInput { name, path, columns }))
}

fn by_hand(given: &GivenColumns) -> Result<PredictionColumns, VerbError> {
    let incomplete = |needed| VerbError::from(CertificationError::ColumnsIncomplete { needed });
    let label = given.label.clone().ok_or_else(|| incomplete("at least a key, a label and what was predicted"))?;
    let predicts = given.score.is_some() || given.prediction.is_some() || !given.scores.is_empty();
    if given.key.is_empty() || !predicts {
        return Err(incomplete("at least a key, a label and what was predicted"));
    }
    let columns = PredictionColumns {
        key: given.key.clone(),
        label,
        score: given.score.clone(),
        prediction: given.prediction.clone(),
        scores: given.scores.clone(),
        positive: given.positive.clone(),
        slices: given.slices.clone(),
        weight: given.weight.clone(),
        cluster: given.cluster.clone(),
        group: given.group.clone(),
    };
    let named = columns.key.iter().chain([&columns.label]).chain(&columns.score).chain(&columns.prediction);
    let named = named.chain(columns.scores.keys()).chain(columns.scores.values()).chain(&columns.slices);
    for name in named.chain(&columns.weight).chain(&columns.cluster).chain(&columns.group) {
        check_text("the name of a column", Some(name))?;
    }
    if let Some(shared) = columns.shared() {
        let reason = format!("`{}` is the {} already", shared.column, shared.known);
        return Err(UsageError::Option { option: shared.said.to_owned(), reason }.into());
    }
    check_text("the positive label", columns.positive.as_ref().map(ToString::to_string).as_deref())?;
    Ok(columns)
}

/// Among the files of its version it has a name that tells the set and the bytes: two files of one set are two files.
fn evidence(input: &EvidenceInput, file: FileId, size: u64, machine: Option<String>) -> AttachedRecord {
    let path = |set: &SetName, spec: &PathSpec| {
        let extension = spec.path.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
        format!("attached/{set}-{}.{extension}", &file.to_string()[..12])
    };
    match input {
        EvidenceInput::Predictions(set) => AttachedRecord::Predictions(PredictionsRecord {
            name: set.name.clone(),
            path: path(&set.name, &set.path),
            file,
            size,
            columns: set.columns.clone(),
        }),
        EvidenceInput::Samples(set) => AttachedRecord::Samples(SamplesRecord {
            name: set.name.clone(),
            path: path(&set.name, &set.path),
            file,
            size,
            column: set.column.clone(),
            machine,
        }),
    }
}

/// Whether it is what counts of its set already.
fn is_attached(
    repository: &Repository,
    state: &State,
    version: Version,
    evidence: &AttachedRecord,
) -> Result<bool, VerbError> {
    match state.attached_set(version, evidence.set()) {
        Some(row) if row.file == evidence.file() => Ok(attached::event(repository, state, row)?.1 == *evidence),
        _ => Ok(false),
    }
}

fn superseded(state: &State, report: &AttachReport) -> Option<FileId> {
    let before = state.attached_set(report.version, report.evidence.set()).map(|row| row.file);
    before.filter(|_| !report.unchanged)
}

/// Stores the file, if the disk can hold it. It must still be the one that was hashed.
fn put(repository: &Repository, file: &SourceFile, id: FileId, progress: &dyn Progress) -> Result<(), VerbError> {
    let store = repository.store();
    let needed = if store.has_file(id)? { 0 } else { file.size() };
    if let Some(free) = store.backend().free().filter(|free| needed + RESERVE >= *free) {
        return Err(StoreError::NoSpace { needed, free }.into());
    }
    progress.begin("storing", file.size(), Unit::Bytes);
    let mut writer = store.writer();
    let stored = writer.put_files(&[file], progress)?;
    if stored.first().is_none_or(|stored| stored.id != id) {
        let source = std::io::Error::new(std::io::ErrorKind::ResourceBusy, "it changed while it was read");
        return Err(CaptureError::Unreadable { path: file.disk(), source }.into());
    }
    writer.finish()?;
    progress.end();
    Ok(())
}
