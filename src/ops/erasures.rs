//! What was erased, as far as verbs need to know: which files of a version are gone, which versions hold a file, and what the
//! tombstones say must be gone although it may not be yet.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::{VerbError, attached, records};
use crate::capture::Capture;
use crate::capture::known::Known;
use crate::digest::Digest;
use crate::format::checkpoint::{ErasedRow, VersionRow};
use crate::format::event::{ErasedRecord, EventBody};
use crate::format::observation::ObservationRecord;
use crate::format::snapshot::SnapshotRecord;
use crate::format::tree::EntryKind;
use crate::id::{FileId, TreeId};
use crate::name::{ModelName, Version};
use crate::progress::Progress;
use crate::registry::State;
use crate::registry::promote::Obstacle;
use crate::repository::Repository;
use crate::snapshot::{self, TreeFile, fields};
use crate::store::erase::Erasure;
use crate::store::{Source, Store, StoreError};

/// The name of the patch among the files of a version.
pub(super) const PATCH: &str = "code.patch";

/// A file or a field that a version had, and that is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasedPart {
    /// The tombstone.
    pub row: ErasedRow,
}

impl ErasedPart {
    /// `erased 2026-03-01T12:00:00.000Z by Ana: a customer's name`.
    pub fn why(&self) -> String {
        why(&self.row)
    }
}

/// When, by whom and why something was erased.
pub fn why(row: &ErasedRow) -> String {
    let by = row.actor.as_deref().map_or_else(String::new, |actor| format!(" by {actor}"));
    format!("erased {}{by}: {}", row.time.for_people(), row.reason)
}

/// Everything that was erased from a version.
pub(super) fn of_version(state: &State, version: Version) -> Vec<ErasedPart> {
    state.erased_from(version).map(|row| ErasedPart { row: row.clone() }).collect()
}

/// The model files of a version that were erased: path and tombstone.
pub(super) fn model_files<'s>(
    repository: &Repository,
    state: &'s State,
    row: &VersionRow,
) -> Result<Vec<(String, &'s ErasedRow)>, VerbError> {
    // Only of a version that lost a file is anything read.
    if state.erased_files(row.version).is_empty() {
        return Ok(Vec::new());
    }
    let files = snapshot::files_of(repository.store(), row.model_tree)?;
    Ok(files.into_iter().filter_map(|f| Some((f.path, state.erased_file(row.version, f.id?)?))).collect())
}

/// Parts files of a version into those it has, and those that were erased from it, with the reason.
pub(super) fn split(state: &State, version: Version, files: Vec<TreeFile>) -> (Vec<TreeFile>, Vec<(TreeFile, String)>) {
    let (mut kept, mut erased) = (Vec::new(), Vec::new());
    for file in files {
        match file.id.and_then(|id| state.erased_file(version, id)) {
            Some(row) => erased.push((file, why(row))),
            None => kept.push(file),
        }
    }
    (kept, erased)
}

/// The tables of evidence that were erased from a version: the version, the path, and why.
pub(super) fn evidence(
    state: &State,
    version: Version,
    record: &SnapshotRecord,
) -> HashMap<FileId, (String, String, String)> {
    let label = format!("{}@{version}", state.model);
    let gone = |held: Held| Some((held.id, (label.clone(), held.path, why(state.erased_file(version, held.id)?))));
    single_files(record).into_iter().filter_map(gone).collect()
}

/// Why a version that lost files of its model may hold no stage.
pub(super) fn obstacle(
    repository: &Repository,
    state: &State,
    row: &VersionRow,
) -> Result<Option<Obstacle>, VerbError> {
    let lost = model_files(repository, state, row)?;
    let why = lost.first().map(|(_, tombstone)| why(tombstone));
    Ok(why.map(|why| Obstacle::Erased { paths: lost.into_iter().map(|(path, _)| path).collect(), why }))
}

/// A file as a version holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Held {
    /// Where, as the version names it.
    pub path: String,
    /// Its bytes.
    pub id: FileId,
    /// How many they are.
    pub size: u64,
    /// Whether it is one of the model's own files.
    pub model: bool,
}

/// Looks for some files in many versions. A folder that several share is read once.
pub(super) struct Search<'r> {
    store: &'r Store,
    wanted: HashSet<FileId>,
    folders: HashMap<TreeId, Vec<TreeFile>>,
}

impl<'r> Search<'r> {
    /// For `wanted`.
    pub(super) fn new(store: &'r Store, wanted: HashSet<FileId>) -> Self {
        Self { store, wanted, folders: HashMap::new() }
    }

    /// Where a version holds any of them.
    pub(super) fn find(&mut self, record: &SnapshotRecord) -> Result<Vec<Held>, StoreError> {
        let mut found = Vec::new();
        for (tree, model) in trees(record) {
            let files = match self.folders.get(&tree) {
                Some(files) => files,
                None => {
                    let mut files = snapshot::files_of(self.store, tree)?;
                    files.retain(|file| file.id.is_some_and(|id| self.wanted.contains(&id)));
                    self.folders.entry(tree).or_insert(files)
                }
            };
            let held = |file: &TreeFile| Some(Held { path: file.path.clone(), id: file.id?, size: file.size, model });
            found.extend(files.iter().filter_map(held));
        }
        found.extend(single_files(record).into_iter().filter(|held| self.wanted.contains(&held.id)));
        Ok(found)
    }
}

/// The folders of a version, and which of them is the model's.
fn trees(record: &SnapshotRecord) -> Vec<(TreeId, bool)> {
    let optional = [&record.params_files, &record.metrics_files, &record.results, &record.code.tree];
    let others = optional.into_iter().flatten().map(|t| t.tree).chain(record.data.iter().filter_map(|d| d.stored));
    [(record.model_files.tree, true)].into_iter().chain(others.map(|tree| (tree, false))).collect()
}

/// The files of a version that are in no folder.
fn single_files(record: &SnapshotRecord) -> Vec<Held> {
    let held = |path: &str, id, size| Held { path: path.to_owned(), id, size, model: false };
    let predictions = record.predictions.iter().map(|p| held(&p.path, p.file, p.size));
    let samples = record.samples.iter().map(|s| held(&s.path, s.file, s.size));
    let reports = record.reports.iter().map(|r| held(&r.path, r.file, r.size));
    let patch = record.code.patch.iter().map(|id| held(PATCH, *id, 0));
    predictions.chain(samples).chain(reports).chain(patch).collect()
}

/// Every file of a version; links have no bytes.
pub(super) fn files(store: &Store, record: &SnapshotRecord) -> Result<(Vec<Held>, Vec<String>), StoreError> {
    let (mut held, mut links) = (Vec::new(), Vec::new());
    for (tree, model) in trees(record) {
        for file in snapshot::files_of(store, tree)? {
            match file.id {
                Some(id) if file.kind != EntryKind::Symlink => {
                    held.push(Held { path: file.path, id, size: file.size, model });
                }
                _ => links.push(file.path),
            }
        }
    }
    held.extend(single_files(record));
    Ok((held, links))
}

/// Ends what the tombstones say and a crash kept from being done; the bytes that were freed. Hold the store exclusively.
pub(super) fn finish(repository: &Repository, states: &[State], progress: &dyn Progress) -> Result<u64, VerbError> {
    let erasure = due(repository, states)?;
    if erasure == Erasure::default() {
        return Ok(0);
    }
    let plan = repository.store().plan_erasure(&erasure)?;
    // What cannot be read may share what would go.
    if !plan.is_empty() && !plan.unreadable.is_empty() {
        return Err(VerbError::Unknown { names: plan.unreadable });
    }
    Ok(if plan.is_empty() { 0 } else { repository.store().erase(&plan, progress)?.freed })
}

/// What is captured although it was erased from a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasedAgain {
    /// The file as it is captured, or the field.
    pub name: String,
    /// The version it was erased from.
    pub label: String,
    /// When, by whom and why.
    pub why: String,
}

impl From<ErasedAgain> for VerbError {
    fn from(again: ErasedAgain) -> Self {
        let ErasedAgain { name, label, why } = again;
        Self::ErasedBefore { name, label, why }
    }
}

/// Files that were erased from a version and would be stored again. Only those as long as one that was erased are read for it.
pub(super) fn files_again(
    repository: &Repository,
    capture: &Capture,
    known: &Known<'_>,
) -> Result<Vec<ErasedAgain>, VerbError> {
    let erased = erased_files(repository)?;
    let mut again = Vec::new();
    if erased.is_empty() {
        return Ok(again);
    }
    let sizes: HashSet<u64> = erased.values().filter_map(|(_, row)| Some(row.file()?.size)).collect();
    let mut look = |name: &str, id: FileId| {
        again.extend(erased.get(&id).map(|(model, row)| ErasedAgain {
            name: name.to_owned(),
            label: label(repository, model, row),
            why: why(row),
        }));
    };
    for file in snapshot::every_file(capture).filter(|file| sizes.contains(&file.size())) {
        let unreadable = |source| VerbError::Io { action: "read", path: file.disk(), source };
        let digest = match known.digest(file) {
            Some(digest) => digest,
            None => file.open().and_then(Digest::of_reader).map_err(unreadable)?.0,
        };
        look(file.path(), FileId::new(digest));
    }
    if let Some(patch) = &capture.code.patch {
        look(PATCH, FileId::new(Digest::of(patch)));
    }
    Ok(again)
}

/// That a file was erased from a version.
pub(super) fn file_again(repository: &Repository, id: FileId) -> Result<Option<ErasedAgain>, VerbError> {
    let again = erased_files(repository)?.remove(&id).map(|(model, row)| ErasedAgain {
        name: row.what.name().to_owned(),
        label: label(repository, &model, &row),
        why: why(&row),
    });
    Ok(again)
}

/// That a record is, to the last byte, one from which something was erased.
pub(super) fn record_again(repository: &Repository, id: Digest) -> Result<Option<ErasedAgain>, VerbError> {
    for model in repository.registry().erasing()? {
        let Some(state) = repository.registry().state(&model)? else { continue };
        if let Some(row) = state.erased.iter().find(|row| row.copy_of(id).is_some()) {
            let label = owner(repository, &state, row, id);
            return Ok(Some(ErasedAgain { name: row.what.name().to_owned(), label, why: why(row) }));
        }
    }
    Ok(None)
}

/// The version by which somebody named what was erased; where the event cannot be read, the newest that had it.
fn named_by(repository: &Repository, model: &ModelName, row: &ErasedRow) -> Option<Version> {
    let event = repository.registry().event(model, row.event.seq).ok().flatten().and_then(|file| file.event.ok());
    match event.map(|event| event.body) {
        Some(EventBody::Purge { version, .. }) => Some(version),
        _ => row.versions.last().copied(),
    }
}

fn label(repository: &Repository, model: &ModelName, row: &ErasedRow) -> String {
    named_by(repository, model, row).map_or_else(String::new, |version| format!("{model}@{version}"))
}

/// The version that a record is of, from which something was erased; of several the one it was erased by.
pub(super) fn owner(repository: &Repository, state: &State, row: &ErasedRow, record: Digest) -> String {
    let is_of = |row: &VersionRow| row.snapshot.digest() == record || row.observation.digest() == record;
    let has = |version: &Version| state.version(*version).is_some_and(is_of);
    let owners: Vec<Version> = row.versions.iter().copied().filter(has).collect();
    let named = named_by(repository, &state.model, row);
    let version = named.filter(|named| owners.contains(named)).or(owners.last().copied()).or(named);
    version.map_or_else(String::new, |version| format!("{}@{version}", state.model))
}

/// Fields that were erased from a version of a model and that a new one has again, whatever their value.
pub(super) fn fields_again(state: &State, record: &SnapshotRecord, observation: &ObservationRecord) -> Vec<String> {
    let erased: BTreeSet<&str> = state.erased.iter().filter_map(ErasedRow::field).collect();
    let has = fields::fields(record, observation);
    // Notes and machines are others each time, or cannot be.
    let telling = |name: &&str| ["params.", "seeds.", "environment."].iter().any(|start| name.starts_with(start));
    let again = erased.into_iter().filter(telling).filter(|name| has.iter().any(|(known, _)| known == name));
    again.map(str::to_owned).collect()
}

/// Every file that was erased from any model, by the newest of its tombstones.
pub(super) fn erased_files(repository: &Repository) -> Result<HashMap<FileId, (ModelName, ErasedRow)>, VerbError> {
    let mut erased = HashMap::new();
    for model in repository.registry().erasing()? {
        let Some(state) = repository.registry().state(&model)? else { continue };
        for row in &state.erased {
            if let Some(file) = row.file() {
                erased.insert(file.sha256, (state.model.clone(), row.clone()));
            }
        }
    }
    Ok(erased)
}

/// What must be gone by the tombstones of all models: what a version made since holds again is not meant.
pub(super) fn due(repository: &Repository, states: &[State]) -> Result<Erasure, VerbError> {
    let mut erasure = Erasure::default();
    for state in states {
        for row in &state.erased {
            match &row.what {
                ErasedRecord::File(file) => drop(erasure.files.insert(file.sha256)),
                ErasedRecord::Field(field) => {
                    erasure.records.extend(field.copies.iter().flat_map(|copy| [copy.record, copy.copy]));
                }
            }
        }
    }
    let copies = states.iter().flat_map(|state| {
        let fields = state.erased.iter().filter_map(|row| match &row.what {
            ErasedRecord::Field(field) => Some(&field.copies),
            ErasedRecord::File(_) => None,
        });
        fields.flatten().filter_map(|copy| state.copy_of(copy.record))
    });
    // The newest copy is what is left.
    for copy in copies {
        erasure.records.remove(&copy);
    }
    if erasure.files.is_empty() && erasure.records.is_empty() {
        return Ok(erasure);
    }
    let mut search = Search::new(repository.store(), erasure.files.clone());
    for (state, row) in states.iter().flat_map(|state| state.versions.iter().map(move |row| (state, row))) {
        let mut named = vec![row.snapshot.digest(), row.observation.digest()];
        if !erasure.records.is_empty() {
            let observation = records::observation(repository, row.observation)?;
            named.extend(observation.profiles.values().filter_map(|profile| Some(profile.id?.digest())));
        }
        for record in named {
            if !state.erased_from(row.version).any(|erased| erased.copy_of(record).is_some()) {
                erasure.records.remove(&record);
            }
        }
        if !erasure.files.is_empty() {
            for held in search.find(&attached::kept(repository, state, row)?)? {
                if state.erased_file(row.version, held.id).is_none() {
                    erasure.files.remove(&held.id);
                }
            }
        }
    }
    Ok(erasure)
}
