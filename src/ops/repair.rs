//! `verify --repair`: what is damaged is stored again, from another copy or from a file that still has its bytes.
//!
//! First objects, in rounds: a recipe that is found again tells which blocks are wanted next. Then the packs they were
//! damaged in: what is sound in them is copied, and they go into the trash.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::snapshot::inputs::expand;
use super::suspects::Suspects;
use super::{VerbError, attached, judging, records, rules};
use crate::capture::files::SourceFile;
use crate::digest::Digest;
use crate::format::pack::{ObjectHeader, ObjectKind};
use crate::id::FileId;
use crate::progress::{Progress, Unit};
use crate::repository::Repository;
use crate::snapshot;
use crate::store::repair::{Repair, pack_name, pack_path};
use crate::store::{Key, Lock, PACKS, Place, Problem, Store, StoreError};

/// A round that makes something makes another one worth while; a recipe, its blocks, what they rest on.
const MOST_ROUNDS: usize = 8;

/// Something that was repaired, or could be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mended {
    /// `file`, `record`, `pack`, `index`.
    pub kind: &'static str,
    /// Its id, or its path in the store.
    pub name: String,
    /// Where the bytes were found: paths, of the store or not.
    pub from: Vec<String>,
    /// Where a damaged pack lies now.
    pub gone_to: Option<String>,
    /// What needs it.
    pub places: Vec<Place>,
}

impl Mended {
    /// The index was written anew by the check itself.
    pub(super) fn index(problem: &Problem) -> Self {
        let from = vec![PACKS.to_owned()];
        Self { kind: "index", name: problem.name.clone(), from, gone_to: None, places: Vec::new() }
    }
}

/// Repairs what it can of what a check found, or finds out whether it could; what that was. Files are looked for in `folders`
/// besides the workspace.
pub(super) fn repair(
    repository: &Repository,
    (folders, rehearse): (&[PathBuf], bool),
    problems: &[Problem],
    suspects: &Suspects,
    progress: &dyn Progress,
) -> Result<Vec<Mended>, VerbError> {
    let store = repository.store();
    let lock = if rehearse { Lock::Shared } else { Lock::Exclusive };
    // Packs may have gone since they were looked at.
    let _held = store.hold(lock, progress)?;
    progress.begin("repairing", 0, Unit::Items);
    let damaged = problems.iter().filter(|p| p.kind == "pack");
    let file = |p: &Problem| p.name.strip_prefix(PACKS).map(|name| name.trim_start_matches('/').to_owned());
    let mut packs: HashSet<[u8; 32]> = damaged.filter_map(|p| pack_name(&file(p)?)).collect();
    let mut mended = Vec::new();
    if !rehearse {
        for pack in salvage(store, &packs)? {
            // It is whole again, and stays.
            packs.remove(&pack);
            let path = pack_path(&pack);
            let from = vec![path.clone()];
            mended.push(Mended { kind: "pack", name: path, from, gone_to: None, places: Vec::new() });
        }
    }
    let mut search = Search::new(repository, folders, suspects);
    let mut sources: BTreeMap<Digest, BTreeSet<String>> = BTreeMap::new();
    let mut repair = if rehearse { store.rehearse_repair() } else { store.repair() };
    for _ in 0..MOST_ROUNDS {
        let wanted = Wanted::of(&repair, suspects)?;
        let made = round(&mut repair, &wanted, suspects, &mut search, &mut sources)?;
        if made == 0 {
            break;
        }
        progress.advance(made);
    }
    let left = Wanted::of(&repair, suspects)?;
    repair.publish()?;
    for (id, from) in sources {
        let file = suspects.files.get(&FileId::new(id));
        // What was written is read once more.
        let is_whole = match file {
            Some(_) if left.files.contains_key(&FileId::new(id)) => false,
            None if left.records.contains_key(&id) => false,
            Some(_) => rehearse || store.unreadable(FileId::new(id))?.is_empty(),
            None => rehearse || store.unreadable_record(id)?.is_empty(),
        };
        let places = file.map(|(_, places)| places).or_else(|| suspects.records.get(&id));
        if is_whole {
            mended.push(Mended {
                kind: if file.is_some() { "file" } else { "record" },
                name: id.to_string(),
                from: from.into_iter().collect(),
                gone_to: None,
                places: places.into_iter().flatten().cloned().collect(),
            });
        }
    }
    if !rehearse {
        mended.extend(retire(repository, &packs)?);
    }
    progress.end();
    Ok(mended)
}

/// What cannot be read now.
struct Wanted {
    files: BTreeMap<FileId, HashSet<Key>>,
    records: BTreeMap<Digest, Vec<Key>>,
}

impl Wanted {
    fn of(repair: &Repair<'_>, suspects: &Suspects) -> Result<Self, StoreError> {
        let mut wanted = Self { files: BTreeMap::new(), records: BTreeMap::new() };
        for file in suspects.files.keys() {
            let keys = repair.unreadable(*file)?;
            if !keys.is_empty() {
                wanted.files.insert(*file, keys.into_iter().collect());
            }
        }
        for record in suspects.records.keys() {
            let keys = repair.unreadable_record(*record)?;
            if !keys.is_empty() {
                wanted.records.insert(*record, keys);
            }
        }
        Ok(wanted)
    }
}

/// Stores again what it can of `wanted`; how many objects that were. Where they were found is noted in `sources`.
fn round(
    repair: &mut Repair<'_>,
    wanted: &Wanted,
    suspects: &Suspects,
    search: &mut Search<'_>,
    sources: &mut BTreeMap<Digest, BTreeSet<String>>,
) -> Result<u64, VerbError> {
    let mut owners: HashMap<Key, Vec<Digest>> = HashMap::new();
    let of_files = wanted.files.iter().flat_map(|(id, keys)| keys.iter().map(move |key| (*key, id.digest())));
    let of_records = wanted.records.iter().flat_map(|(id, keys)| keys.iter().map(move |key| (*key, *id)));
    for (key, owner) in of_files.chain(of_records) {
        owners.entry(key).or_default().push(owner);
    }
    let mut made = HashSet::new();
    for (key, path) in repair.from_copies(&owners.keys().copied().collect())? {
        made.insert(key);
        for owner in owners.get(&key).into_iter().flatten() {
            sources.entry(*owner).or_default().insert(path.clone());
        }
    }
    for (file, keys) in &wanted.files {
        let left: HashSet<Key> = keys.iter().filter(|key| !made.contains(key)).copied().collect();
        let whole = keys.iter().any(|key| key.0 != ObjectKind::Block);
        // Found as one kind, it is found.
        if left.is_empty() || whole && left.len() < keys.len() {
            continue;
        }
        let (size, places) = suspects.files.get(file).map_or((0, None), |(size, places)| (*size, Some(places)));
        let mut left = left;
        // Where it should be; then, which takes longer, wherever it may have gone.
        for by_name in [true, false] {
            let places = places.into_iter().flatten();
            for path in if by_name { search.named(places) } else { search.sized(size) } {
                if left.is_empty() {
                    break;
                }
                let found =
                    if whole { anew(repair, *file, &path, &left)? } else { blocks(repair, *file, &path, &left)? };
                for key in found {
                    left.remove(&key);
                    made.insert(key);
                    for owner in owners.get(&key).into_iter().flatten() {
                        sources.entry(*owner).or_default().insert(search.shown(&path));
                    }
                }
            }
            if left.is_empty() {
                break;
            }
        }
    }
    Ok(made.len() as u64)
}

/// The blocks of a file that lie where they should in the one at `path`.
fn blocks(repair: &mut Repair<'_>, file: FileId, path: &Path, wanted: &HashSet<Key>) -> Result<Vec<Key>, StoreError> {
    match File::open(path) {
        Ok(mut bytes) => repair.from_file(file, wanted, &mut bytes),
        Err(_) => Ok(Vec::new()),
    }
}

/// The whole file, if it is the one at `path`. It is hashed: nothing remembered of it counts.
fn anew(repair: &mut Repair<'_>, file: FileId, path: &Path, wanted: &HashSet<Key>) -> Result<Vec<Key>, StoreError> {
    let digest = File::open(path).and_then(Digest::of_reader);
    if !digest.is_ok_and(|(digest, _)| digest == file.digest()) {
        return Ok(Vec::new());
    }
    let Ok(source) = SourceFile::describe(String::new(), path.to_path_buf()) else { return Ok(Vec::new()) };
    let is_it = repair.anew(file, &source)?;
    Ok(if is_it { wanted.iter().copied().collect() } else { Vec::new() })
}

/// Copies what is sound out of packs that have lost their trailer. Those that have lost nothing else are whole again: which.
fn salvage(store: &Store, packs: &HashSet<[u8; 32]>) -> Result<Vec<[u8; 32]>, StoreError> {
    let mut repair = store.repair();
    repair.salvage_all(packs)?;
    let repaired = repair.publish()?;
    Ok(packs.iter().filter(|pack| repaired.has_written(pack)).copied().collect())
}

/// Empties the damaged packs of what is sound, and lets them go.
fn retire(repository: &Repository, packs: &HashSet<[u8; 32]>) -> Result<Vec<Mended>, VerbError> {
    let store = repository.store();
    let needs = Needs::of(repository)?;
    let needed = |header: &ObjectHeader| {
        let always = matches!(header.kind, ObjectKind::Record | ObjectKind::Tree);
        always || !needs.known || needs.rests_on.contains(&(header.kind, header.id))
    };
    let mut repair = store.repair();
    let required = needs.known.then_some(&needs.required);
    repair.rescue(packs, &needed, required)?;
    let time = format!("{:016}", repository.registry().now().milliseconds().max(0));
    let gone = repair.publish()?.retire(&time, required)?;
    if gone.is_empty() && needs.known && needs.is_there(store)? {
        // An index that names a pack nobody needs any more, and nobody has, is simply wrong about it.
        store.forget_lost_packs(&|header| needs.required.contains(&(header.kind, header.id)))?;
    }
    let told = gone.into_iter().map(|(path, to)| {
        let from = vec![path.clone()];
        Mended { kind: "pack", name: path, from, gone_to: Some(to), places: Vec::new() }
    });
    Ok(told.collect())
}

/// What the versions need that were not dropped.
struct Needs {
    /// What they are made of.
    required: HashSet<Key>,
    /// That, and every block that any copy of it rests on.
    rests_on: HashSet<Key>,
    /// Whether that is all: every journal and every listing could be read.
    known: bool,
}

impl Needs {
    fn of(repository: &Repository) -> Result<Self, VerbError> {
        let store = repository.store();
        let mut needs = Self { required: HashSet::new(), rests_on: HashSet::new(), known: true };
        let mut files = HashSet::new();
        for model in repository.registry().models()? {
            let Ok(Some(state)) = repository.registry().replay(&model) else {
                needs.known = false;
                continue;
            };
            let certificates = state.certificate_rows().flat_map(|c| {
                [c.certificate.digest(), c.policy].into_iter().chain(c.signatures.iter().map(|s| s.record))
            });
            let observations = state.versions.iter().map(|row| row.observation.digest());
            let cases = state.cases.iter().map(|row| row.cases);
            let records = certificates.chain(observations).chain(cases);
            // What is left of a record from which something was erased stands in its place.
            let kept = |id: Digest| (ObjectKind::Record, *state.copy_of(id).unwrap_or(id).as_bytes());
            needs.required.extend(records.map(kept));
            for row in &state.versions {
                // Where the observation is lost it is required itself.
                let observation = records::observation(repository, row.observation).ok();
                let profiles = observation.map(|observation| observation.profiles).unwrap_or_default();
                needs.required.extend(profiles.values().filter_map(|profile| Some(kept(profile.id?.digest()))));
            }
            for row in state.certificates.values() {
                let file = rules::policy_files::of(store, row)?;
                needs.required.extend(file.map(|file| (ObjectKind::Record, *file.as_bytes())));
            }
            for stored in judging::measured::stored(store, &state)? {
                needs.required.insert((ObjectKind::Record, *stored.record.as_bytes()));
                if state.version_of(stored.snapshot).is_some_and(|row| row.dropped.is_none()) {
                    files.extend(stored.ids());
                }
            }
            for row in state.versions.iter().filter(|row| row.dropped.is_none()) {
                needs.required.insert(kept(row.snapshot.digest()));
                let Ok(record) = attached::kept(repository, &state, row) else {
                    needs.known = false;
                    continue;
                };
                let reached = snapshot::reach(store, &record)?;
                needs.known &= reached.lost.is_empty();
                let folders = reached.folders.iter().map(|tree| (ObjectKind::Tree, *tree.digest().as_bytes()));
                needs.required.extend(folders);
                let erased = state.erased_files(row.version);
                files.extend(reached.files.into_iter().map(|(_, id, _)| id).filter(|id| !erased.contains(id)));
            }
        }
        for file in files {
            needs.rests_on.extend(store.keys_of(file)?);
            let id = *file.digest().as_bytes();
            match store.recipe(file) {
                _ if store.contains(ObjectKind::File, &id)? => drop(needs.required.insert((ObjectKind::File, id))),
                Ok(recipe) => {
                    needs.required.insert((ObjectKind::Recipe, id));
                    needs.required.extend(recipe.blocks.iter().map(|block| (ObjectKind::Block, block.id)));
                }
                // Which of the two it was cannot be told: it is lost.
                Err(_) => needs.required.extend([(ObjectKind::File, id), (ObjectKind::Recipe, id)]),
            }
        }
        Ok(needs)
    }

    fn is_there(&self, store: &Store) -> Result<bool, StoreError> {
        for (kind, id) in &self.required {
            if !store.contains(*kind, id)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Where files may be found again.
struct Search<'r> {
    project: Option<&'r Path>,
    folders: &'r [PathBuf],
    roots: Vec<PathBuf>,
    store: PathBuf,
    /// Sizes of what is looked for.
    sizes: HashSet<u64>,
    /// Files of those sizes, once they were looked for.
    found: Option<BTreeMap<u64, Vec<PathBuf>>>,
}

impl<'r> Search<'r> {
    fn new(repository: &'r Repository, folders: &'r [PathBuf], suspects: &Suspects) -> Self {
        let project = repository.project();
        let mut roots: Vec<PathBuf> = project.map(Path::to_path_buf).into_iter().chain(folders.to_vec()).collect();
        if let (Some(project), Some(config)) = (project, repository.config()) {
            for model in config.file.model.named.values() {
                let data = model.data.values().filter_map(|data| expand(data.path.as_deref()?).ok());
                let lists = [&model.files, &model.params, &model.metrics, &model.results];
                let listed = lists.into_iter().flatten().map(|text| before_rename(text).to_owned());
                let outside = data.chain(listed).map(|text| project.join(before_glob(&text)));
                roots.extend(outside.filter(|path| !path.starts_with(project)));
            }
        }
        let store = repository.store_path();
        let store = store.canonicalize().unwrap_or_else(|_| store.to_path_buf());
        let sizes = suspects.files.values().map(|(size, _)| *size).collect();
        Self { project, folders, roots, store, sizes, found: None }
    }

    /// Files with its names.
    fn named<'p>(&self, places: impl Iterator<Item = &'p Place>) -> Vec<PathBuf> {
        let names: BTreeSet<&str> = places.map(|place| place.path.as_str()).filter(|path| !path.is_empty()).collect();
        let bases: Vec<&Path> = self.project.into_iter().chain(self.folders.iter().map(PathBuf::as_path)).collect();
        let named = names.iter().flat_map(|name| bases.iter().map(move |base| base.join(name)));
        // What is no file may never end.
        named.filter(|path| fs::metadata(path).is_ok_and(|data| data.is_file())).collect()
    }

    /// Files of this size, under any name.
    fn sized(&mut self, size: u64) -> Vec<PathBuf> {
        if self.found.is_none() {
            self.found = Some(self.look());
        }
        self.found.as_ref().and_then(|found| found.get(&size)).cloned().unwrap_or_default()
    }

    fn look(&self) -> BTreeMap<u64, Vec<PathBuf>> {
        let mut found: BTreeMap<u64, Vec<PathBuf>> = BTreeMap::new();
        let mut seen = HashSet::new();
        for root in &self.roots {
            let walker = WalkDir::new(root).follow_links(true).sort_by_file_name().into_iter();
            let walker = walker.filter_entry(|entry| entry.path() != self.store);
            for entry in walker.filter_map(Result::ok).filter(|entry| entry.file_type().is_file()) {
                let size = entry.metadata().map_or(0, |data| data.len());
                if self.sizes.contains(&size) && seen.insert(entry.path().to_path_buf()) {
                    found.entry(size).or_default().push(entry.into_path());
                }
            }
        }
        found
    }

    /// A path as people know it.
    fn shown(&self, path: &Path) -> String {
        let inside = self.project.and_then(|project| path.strip_prefix(project).ok());
        inside.unwrap_or(path).display().to_string()
    }
}

/// Of `PATH=NEW`, where it lies.
fn before_rename(text: &str) -> &str {
    text.rsplit_once('=').map_or(text, |(path, _)| path)
}

/// The folder a pattern begins in.
fn before_glob(text: &str) -> &str {
    let special = text.find(['*', '?', '[', '{']);
    special.map_or(text, |at| text[..at].rsplit_once('/').map_or("", |(folder, _)| folder))
}
