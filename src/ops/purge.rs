//! `purge`: the bytes of a file, or a field of a record, are erased for good and everywhere. The record and the reason stay.
//!
//! A file is its bytes: it goes from every model and version that holds them, from the packs and from the trash, and with it
//! the blocks it shares with no other file. A field goes from every version in which it has the same value; what is left of
//! such a record is stored as a [redacted copy](crate::format::redacted) that is read in its place, under its old name.
//!
//! First the tombstones: one event in the journal of every model that is touched, so that each tells its own story. Then the
//! bytes, at once and without a grace period. What a crash leaves is ended by the same command, or by the next collection.
//!
//! A tombstone is about the versions it names. Whoever takes a snapshot of the same bytes later is refused, unless it is said
//! that they are meant; then the new version holds them, and the old ones stay without. A version in a stage is no exception:
//! a secret must go from there too. It is said, and nothing can be moved back to it.

mod field;
mod fresh;
mod profile;
pub(super) mod remaining;
mod version;

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use self::fresh::fresh;
use self::remaining::{Remaining, Wanted};
use super::erasures::{Held, PATCH, Search, files};
pub use super::error::PurgeError;
use super::recorded::Recorded;
use super::typed_path::{self, Typed};
use super::{Asked, MadeEvent, VerbError, attached, check_text, gc, resolve};
use crate::capture::patch::sections;
use crate::capture::secrets::Scanner;
use crate::format::event::{ErasedFileRecord, ErasedRecord, EventBody};
use crate::id::{FileId, SnapshotId};
use crate::name::{ModelName, StageName, Version};
use crate::nearest::nearest;
use crate::progress::Progress;
use crate::registry::{Decision, State};
use crate::repository::Repository;
use crate::store::Lock;
use crate::store::cut;
use crate::store::erase::{Erasure, ErasurePlan};

/// What to erase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The bytes of the file at this path: as the version names it, or where it lies, seen from `folder`.
    File {
        /// As typed.
        path: String,
        /// The working directory.
        folder: PathBuf,
    },
    /// The field of this name.
    Field(String),
}

/// What to erase, and why.
#[derive(Debug, Clone)]
pub struct PurgeOptions {
    /// A version that has it.
    pub revision: String,
    /// The time to see the revision at.
    pub at: Option<String>,
    /// What.
    pub target: Target,
    /// Why.
    pub reason: String,
    /// Finds out, writes nothing.
    pub dry_run: bool,
}

/// A version that is touched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touched {
    /// Its model.
    pub model: ModelName,
    /// Its number.
    pub version: Version,
    /// Where it has the file; of a field none.
    pub paths: Vec<String>,
    /// Whether one of its model's own files goes: nothing can be moved to it any more.
    pub model_file: bool,
    /// The stages it holds.
    pub stages: Vec<StageName>,
}

/// How it came out.
#[derive(Debug, Clone)]
pub struct PurgeReport {
    /// The model.
    pub model: ModelName,
    /// The version it was named by.
    pub version: Version,
    /// Its record.
    pub id: SnapshotId,
    /// The file's path or the field's name.
    pub name: String,
    /// The bytes' digests; of a field none.
    pub files: Vec<FileId>,
    /// Versions from which it is erased by this.
    pub touched: Vec<Touched>,
    /// Whether it was gone already.
    pub unchanged: bool,
    /// Objects that go.
    pub objects: usize,
    /// Bytes that they take.
    pub bytes: u64,
    /// Packs that are written anew or removed, and how many of these lie in the trash.
    pub packs: (usize, usize),
    /// Profiles of data that tell of the file and go with it: `fraud@v1 data.train.profile`.
    pub profiles: Vec<String>,
    /// Bytes that stay because they are part of other files too.
    pub shared: u64,
    /// Those files: a digest, and a version and path where one is known.
    pub shared_with: Vec<String>,
    /// Files and fields, of any version, that hold the same text or tell of it, and stay.
    pub also_in: Vec<Remaining>,
    /// Events, and records that they name, in which somebody wrote the same text: nothing erases it there.
    pub recorded: Vec<Recorded>,
    /// What could not be looked into for it: versions, or a version and a path.
    pub not_searched: Vec<String>,
    /// Whether nothing was looked into for it: it is too short to tell it from other text.
    pub untold: bool,
    /// Versions in which the field has another value, and keeps it.
    pub other_values: Vec<String>,
    /// Packs that cannot be read: whether they hold it nobody knows.
    pub unreadable: Vec<String>,
    /// Versions whose records cannot be read: whether they had it nobody knows.
    pub unknown: Vec<String>,
    /// The tombstones.
    pub events: Vec<(ModelName, MadeEvent)>,
    /// Whether nothing was written.
    pub dry_run: bool,
}

impl PurgeReport {
    pub(super) fn of(found: &resolve::Found, name: String, dry_run: bool) -> Self {
        Self {
            model: found.state.model.clone(),
            version: found.row.version,
            id: found.snapshot(),
            name,
            files: Vec::new(),
            touched: Vec::new(),
            unchanged: false,
            objects: 0,
            bytes: 0,
            packs: (0, 0),
            profiles: Vec::new(),
            shared: 0,
            shared_with: Vec::new(),
            also_in: Vec::new(),
            recorded: Vec::new(),
            not_searched: Vec::new(),
            untold: false,
            other_values: Vec::new(),
            unreadable: Vec::new(),
            unknown: Vec::new(),
            events: Vec::new(),
            dry_run,
        }
    }

    fn tell(&mut self, plan: &ErasurePlan) {
        (self.objects, self.bytes, self.packs) = (plan.objects(), plan.bytes(), plan.packs());
        self.shared = plan.shared;
        self.unreadable.clone_from(&plan.unreadable);
    }
}

/// What a verb is about to write: events, then the bytes go.
pub(super) struct Deed {
    pub report: PurgeReport,
    /// For each model that is touched, in the order they are written.
    pub tombstones: Vec<(ModelName, Version, Vec<Version>, ErasedRecord)>,
    pub erasure: Erasure,
    /// A value that may stand elsewhere, too.
    pub wanted: Option<Wanted>,
}

/// Erases.
pub fn purge(
    repository: &Repository,
    options: &PurgeOptions,
    progress: &dyn Progress,
) -> Result<PurgeReport, VerbError> {
    check_text("the reason", Some(&options.reason))?;
    let actor = Asked::begin(repository);
    let store = repository.store();
    // Nobody else is between writing bytes and naming them: what is erased now is not on its way in.
    let lock = if options.dry_run { Lock::Shared } else { Lock::Exclusive };
    let held = store.hold(lock, progress)?;
    let found = resolve::revision(repository, &options.revision, options.at.as_deref())?;
    let states = gc::states(repository)?;
    let deed = match &options.target {
        Target::File { path, folder } => {
            let path = named(repository, &found, path, folder)?;
            file(repository, &found, &states, &path, options.dry_run)?
        }
        Target::Field(name) => field::field(repository, &found, &states, name, options.dry_run)?,
    };
    let Deed { mut report, tombstones, erasure, wanted } = deed;
    let plan = store.plan_erasure(&erasure)?;
    report.tell(&plan);
    report.shared_with = name_files(repository, &states, &plan)?;
    report.unchanged = tombstones.is_empty() && plan.is_empty();
    if let (Some(wanted), true) = (&wanted, options.dry_run) {
        look_elsewhere(repository, &states, wanted, &mut report, progress);
    }
    if report.unchanged && !options.dry_run {
        // Whoever set the tombstone may have died before it was durable.
        repository.registry().settle(&found.state.model)?;
    }
    if options.dry_run || report.unchanged {
        return Ok(report);
    }
    // What cannot be read may hold it, too, or be part of what goes: no tombstone is set on a guess.
    let unknown = [report.unreadable.as_slice(), report.unknown.as_slice()].concat();
    if !unknown.is_empty() {
        return Err(VerbError::Unknown { names: unknown });
    }
    // What could not be ended is not begun.
    store.check_room(&plan)?;
    if erasure.nameless_blocks {
        // What is part of no file needs no tombstone, and could not be told from others' leavings behind one.
        store.erase(&plan, progress)?;
    }
    let actor = actor.answer();
    for (model, version, versions, erased) in tombstones {
        let body = EventBody::Purge { version, versions, erased, reason: options.reason.clone() };
        let append = |_: &State| Ok(Decision::Append(body.clone(), ()));
        let committed = repository.registry().commit::<(), VerbError>(&model, &actor, append)?;
        report.events.extend(committed.event.map(|(event, record)| (model, MadeEvent { event, time: record.time })));
    }
    if !erasure.nameless_blocks {
        store.erase(&plan, progress)?;
    }
    if let Some(wanted) = &wanted {
        // It is gone from where it was to go. What is left may take long to read, and others need not wait for it.
        drop(held);
        let _held = store.hold(Lock::Shared, progress).ok();
        let states = gc::states(repository).unwrap_or(states);
        look_elsewhere(repository, &states, wanted, &mut report, progress);
    }
    Ok(report)
}

/// Notes where the value stands that is erased from a field.
fn look_elsewhere(
    repository: &Repository,
    states: &[State],
    wanted: &Wanted,
    report: &mut PurgeReport,
    progress: &dyn Progress,
) {
    let looked = remaining::look(repository, states, wanted, progress);
    report.also_in.extend(looked.remaining);
    report.recorded.extend(looked.recorded);
    (report.not_searched, report.untold) = (looked.unread, looked.untold);
}

/// The file of a version that a typed path means.
fn named(repository: &Repository, found: &resolve::Found, typed: &str, folder: &Path) -> Result<String, VerbError> {
    let record = attached::kept(repository, &found.state, &found.row)?;
    let names = match typed_path::read(typed, folder, repository.project(), &record.code.prefix) {
        Typed::Names(names) => names,
        Typed::Outside { project } => return Err(PurgeError::Outside { path: typed.to_owned(), project }.into()),
        Typed::Nothing => vec![typed.to_owned()],
    };
    let (mut held, links) = files(repository.store(), &record)?;
    held.extend(fresh(repository.store(), &found.state, found.snapshot())?);
    let prefix = format!("{}/", record.code.prefix);
    let paths = || held.iter().map(|held| held.path.as_str()).chain(links.iter().map(String::as_str));
    let has = |name: &&String| paths().any(|path| path == *name || name.strip_prefix(&prefix) == Some(path));
    if let Some(name) = names.iter().find(has) {
        return Ok(name.clone());
    }
    let is_folder = |name: &&String| paths().any(|path| path.strip_prefix(*name).is_some_and(|p| p.starts_with('/')));
    match names.iter().find(is_folder) {
        Some(name) => {
            let reason = "is a folder: each of its files is erased by its own name";
            Err(PurgeError::NoBytes { path: name.clone(), reason }.into())
        }
        None => Ok(names.into_iter().next().unwrap_or_default()),
    }
}

/// Which files go, and from where.
fn file(
    repository: &Repository,
    found: &resolve::Found,
    states: &[State],
    path: &str,
    dry_run: bool,
) -> Result<Deed, VerbError> {
    let store = repository.store();
    let record = attached::kept(repository, &found.state, &found.row)?;
    let (mut all, links) = files(store, &record)?;
    all.extend(fresh(store, &found.state, found.snapshot())?);
    let prefix = format!("{}/", record.code.prefix);
    let is_it = |other: &str| other == path || path.strip_prefix(&prefix) == Some(other);
    let named: Vec<&Held> = all.iter().filter(|held| is_it(&held.path)).collect();
    let no_bytes = |reason| PurgeError::NoBytes { path: path.to_owned(), reason };
    if named.is_empty() {
        if links.iter().any(|link| is_it(link)) {
            return Err(no_bytes("is a link: it has no bytes of its own").into());
        }
        let paths = all.iter().map(|held| held.path.as_str());
        let (label, path) = (found.label(), path.to_owned());
        return Err(PurgeError::NoFile { nearest: nearest(&path, paths), label, path }.into());
    }
    let wanted: HashSet<FileId> = named.iter().map(|held| held.id).collect();
    if wanted.contains(&FileId::new(crate::digest::Digest::of(b""))) {
        return Err(no_bytes("is empty: it has no bytes").into());
    }
    let mut report = PurgeReport::of(found, path.to_owned(), dry_run);
    report.files = wanted.iter().copied().collect();
    report.files.sort();
    let mut search = Search::new(store, wanted.clone());
    let mut tombstones = Vec::new();
    let mut sizes: BTreeMap<FileId, u64> = named.iter().map(|held| (held.id, held.size)).collect();
    for state in states {
        // By file: its path here, and the versions that have it.
        let mut of_model: BTreeMap<FileId, (String, Vec<Version>)> = BTreeMap::new();
        for row in &state.versions {
            let held = attached::kept(repository, state, row).and_then(|record| Ok(search.find(&record)?));
            let Ok(held) = held else {
                report.unknown.push(format!("{}@{}", state.model, row.version));
                continue;
            };
            let again = fresh(store, state, row.snapshot)?.into_iter().filter(|held| wanted.contains(&held.id));
            let held: Vec<Held> = held
                .into_iter()
                .chain(again)
                .filter(|held| state.erased_file(row.version, held.id).is_none())
                .collect();
            for one in &held {
                sizes.entry(one.id).and_modify(|size| *size = one.size.max(*size)).or_insert(one.size);
                let entry = of_model.entry(one.id).or_insert_with(|| (one.path.clone(), Vec::new()));
                if entry.1.last() != Some(&row.version) {
                    entry.1.push(row.version);
                }
                // In the version that was asked for, the path that was asked for.
                if state.model == found.state.model && row.version == found.row.version && is_it(&one.path) {
                    entry.0.clone_from(&one.path);
                }
            }
            if !held.is_empty() {
                report.touched.push(touched(state, row, &held));
            }
        }
        for (id, (path, versions)) in of_model {
            let here = state.model == found.state.model && versions.contains(&found.row.version);
            let Some(newest) = versions.last().copied() else { continue };
            let version = if here { found.row.version } else { newest };
            let size = sizes.get(&id).copied().unwrap_or(0);
            let erased = ErasedRecord::File(ErasedFileRecord { path: harmless(&path), sha256: id, size });
            tombstones.push((state.model.clone(), version, versions, erased));
        }
    }
    if let Some(patch) = record.code.patch.filter(|_| path != PATCH && tells_of(repository, &record, path)) {
        let (model, version) = (report.model.clone(), report.version);
        report.also_in.push(Remaining { model, version, name: PATCH.to_owned(), file: Some(patch) });
    }
    let mut writer = if dry_run { store.rehearsal() } else { store.writer() };
    let profiles = profile::of_files(repository, states, &wanted, &mut writer)?;
    writer.finish()?;
    for (model, versions, erased) in profiles.tombstones {
        let Some(newest) = versions.last().copied() else { continue };
        let here = model == found.state.model && versions.contains(&found.row.version);
        tombstones.push((model, if here { found.row.version } else { newest }, versions, erased));
    }
    report.profiles = profiles.names;
    // The recipe of a version that was dropped may have been collected; then it does not say which blocks were its own.
    let mut erasure = Erasure { files: wanted, records: profiles.records, ..Erasure::default() };
    if !tombstones.is_empty() {
        let there = store.plan_erasure(&erasure)?;
        let large = |id: &&FileId| sizes.get(*id).is_some_and(|size| *size > cut::WHOLE as u64);
        erasure.nameless_blocks = erasure.files.iter().filter(large).any(|id| !there.has(*id));
    }
    Ok(Deed { report, tombstones, erasure, wanted: None })
}

/// A version from which `held` goes.
fn touched(state: &State, row: &crate::format::checkpoint::VersionRow, held: &[Held]) -> Touched {
    Touched {
        model: state.model.clone(),
        version: row.version,
        paths: held.iter().map(|held| held.path.clone()).collect(),
        model_file: held.iter().any(|held| held.model),
        stages: stages(state, row.version),
    }
}

/// The stages a version holds.
pub(super) fn stages(state: &State, version: Version) -> Vec<StageName> {
    let held = state.stages.values().filter(|row| row.occupant().is_some_and(|o| o.version == version));
    held.map(|row| row.stage.clone()).collect()
}

/// A path or name for the journal, where nothing can be erased: what looks like a secret in it is left out.
pub(super) fn harmless(text: &str) -> String {
    Scanner::new(&[]).redact(text).0
}

/// Whether the patch of a version shows lines of a file.
fn tells_of(repository: &Repository, record: &crate::format::snapshot::SnapshotRecord, path: &str) -> bool {
    const MOST: u64 = 64 << 20;
    let Some(bytes) = record.code.patch.and_then(|id| repository.store().file(id, MOST).ok()) else { return false };
    // What lies below a project is named from the root of its repository there.
    sections(&bytes)
        .iter()
        .any(|(about, _)| about.strip_suffix(path).is_some_and(|above| above.is_empty() || above.ends_with('/')))
}

/// The files that keep some of the bytes, as a person knows them.
fn name_files(repository: &Repository, states: &[State], plan: &ErasurePlan) -> Result<Vec<String>, VerbError> {
    let mut left = plan.shared_with.clone();
    let mut named = Vec::new();
    let mut search = Search::new(repository.store(), left.clone());
    for (state, row) in states.iter().flat_map(|state| state.versions.iter().rev().map(move |row| (state, row))) {
        if left.is_empty() {
            break;
        }
        let held = attached::kept(repository, state, row).and_then(|record| Ok(search.find(&record)?));
        for held in held.unwrap_or_default() {
            if left.remove(&held.id) {
                named.push(format!("{}@{} {}", state.model, row.version, held.path));
            }
        }
    }
    named.extend(left.into_iter().map(|id| format!("{id}, in no version")));
    named.sort();
    Ok(named)
}
