//! `verify`: whether what is stored is what its names say, and whether every version can be rebuilt.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::promote::kept_files;
use super::repair::{self, Mended};
use super::suspects::Suspects;
use super::{ErasedPart, UsageError, VerbError};
use super::{attached, erasures, imported, judging, records, resolve, rules, signoffs};
use crate::clock::Time;
use crate::digest::Digest;
use crate::format::checkpoint::VersionRow;
use crate::format::event::EventRef;
use crate::format::pack::ObjectKind;
use crate::id::{FileId, SnapshotId};
use crate::name::{ModelName, Version};
use crate::progress::{Progress, Unit};
use crate::registry::{self, State};
use crate::repository::Repository;
use crate::snapshot;
pub use crate::store::Place;
use crate::store::{Checked, CopyError, Depth, Lock, Problem, StoreError, TRASH};

/// Repairs, one after the other, that each bring something to light: folders in folders.
const MOST_REPAIRS: usize = 64;

/// What to check.
#[derive(Debug, Clone, Default)]
pub struct VerifyOptions {
    /// One version, every byte of it; none: the store.
    pub revision: Option<String>,
    /// The time to see the revision at.
    pub at: Option<String>,
    /// Whether every byte of the store is read.
    pub full: bool,
    /// Whether a check of every byte that was cut short is gone on with.
    pub resume: bool,
    /// Only the journals.
    pub journal: bool,
    /// Events that were in the journals, as written down elsewhere: of a model, or of the only one there is.
    pub heads: Vec<(Option<ModelName>, EventRef)>,
    /// What to do about what is damaged.
    pub repair: Repairs,
    /// Folders besides the workspace in which files may be found again.
    pub from: Vec<PathBuf>,
}

/// What to do about what is damaged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Repairs {
    /// Nothing.
    #[default]
    None,
    /// To find out what could be repaired.
    Rehearsed,
    /// To repair it.
    Made,
}

/// How closely it was looked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Looked {
    /// At the journals alone.
    Journals,
    /// At everything but the bytes inside packs.
    #[default]
    Structure,
    /// At every byte.
    Bytes,
}

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct VerifyReport {
    /// How closely it was looked.
    pub looked: Looked,
    /// Objects looked at.
    pub objects: u64,
    /// Bytes looked at.
    pub bytes: u64,
    /// Events looked at.
    pub events: u64,
    /// The newest event of each journal: what to write down elsewhere.
    pub heads: Vec<(ModelName, EventRef)>,
    /// Versions whose reachability was checked.
    pub versions: u64,
    /// The version that was checked, if it was one: its files are the objects.
    pub version: Option<(ModelName, Version)>,
    /// What is wrong; after a repair, what still is.
    pub problems: Vec<Problem>,
    /// What was erased for good and is therefore not there, which is no problem: whose, and what.
    pub erased: Vec<(ModelName, ErasedPart)>,
    /// What was not read, because the check that was gone on with had read it.
    pub not_read: Option<NotRead>,
    /// What was repaired, or could be. An index that was wrong is written anew by every check.
    pub repaired: Vec<Mended>,
    /// What was to be done about what is damaged.
    pub repairs: Repairs,
}

/// Packs that were not read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotRead {
    /// How many.
    pub packs: u64,
    /// Their bytes.
    pub bytes: u64,
    /// When the first of them was read.
    pub oldest: Time,
    /// When the last of them was.
    pub newest: Time,
}

/// Checks.
pub fn verify(
    repository: &Repository,
    options: &VerifyOptions,
    progress: &dyn Progress,
) -> Result<VerifyReport, VerbError> {
    for folder in &options.from {
        look_into(folder)?;
    }
    if let Some(revision) = &options.revision {
        let _held = repository.store().hold(Lock::Shared, progress)?;
        return verify_version(repository, revision, options.at.as_deref(), progress);
    }
    let now = || repository.registry().now().milliseconds();
    let store = repository.store();
    let mut checked = match (options.full, options.resume) {
        (true, true) => store.resume_check(&now),
        (true, false) => store.begin_check(&now),
        (false, _) => Checked::unkept(),
    };
    let (mut report, mut suspects) = look(repository, options, &mut checked, progress)?;
    let mut repaired = std::mem::take(&mut report.repaired);
    let rehearse = options.repair == Repairs::Rehearsed;
    // A folder that is found again tells what is wanted next.
    for _ in 0..MOST_REPAIRS {
        if options.repair == Repairs::None || report.problems.is_empty() {
            break;
        }
        repaired.extend(repair::repair(repository, (&options.from, rehearse), &report.problems, &suspects, progress)?);
        if rehearse {
            break;
        }
        // What was sound a moment ago is not read again: what was written now is.
        let (mut again, left) = look(repository, options, &mut checked, progress)?;
        repaired.append(&mut again.repaired);
        let same = again.problems == report.problems;
        report = VerifyReport { not_read: report.not_read, ..again };
        suspects = left;
        if same {
            break;
        }
    }
    // What one repair lets go of the next check misses in the index: that is no second word about it.
    let mut told = HashSet::new();
    repaired.retain(|mended| mended.kind != "index" || told.insert(mended.name.clone()));
    report.repaired = repaired;
    report.repairs = options.repair;
    checked.finish();
    Ok(report)
}

/// Refuses a folder that cannot be looked into, before anything is done.
fn look_into(folder: &Path) -> Result<(), VerbError> {
    let shown = || folder.display().to_string();
    match std::fs::read_dir(folder) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(UsageError::NoFolder(shown()).into()),
        Err(_) if folder.is_file() => Err(UsageError::NotAFolder(shown()).into()),
        Err(source) => Err(VerbError::Io { action: "look into", path: folder.to_path_buf(), source }),
    }
}

fn look(
    repository: &Repository,
    options: &VerifyOptions,
    checked: &mut Checked<'_>,
    progress: &dyn Progress,
) -> Result<(VerifyReport, Suspects), VerbError> {
    let looked = match (options.journal, options.full) {
        (true, _) => Looked::Journals,
        (_, true) => Looked::Bytes,
        _ => Looked::Structure,
    };
    // Nobody moves packs while they are looked at.
    let _held = repository.store().hold(Lock::Shared, progress)?;
    let mut report = VerifyReport { looked, ..VerifyReport::default() };
    let mut suspects = Suspects::default();
    let models = repository.registry().models()?;
    let journals = repository.registry().journals()?;
    let known = heads(repository, &options.heads)?;
    let mut broken = HashSet::new();
    for journal in journals.iter().chain([&ModelName::of_store()]) {
        let of_it: Vec<EventRef> = known.iter().filter(|(of, _)| of == journal).map(|(_, head)| *head).collect();
        let check = repository.registry().check_against(journal, &of_it)?;
        report.events += check.events;
        // What is only a name has one event, which the model it belongs to names.
        if models.contains(journal) || journal.is_store() {
            let model = resolve::current(repository, journal);
            report.heads.extend(check.head.map(|(seq, id)| (model, EventRef { seq, id })));
        }
        if let Some((seq, what)) = check.problem {
            let name = registry::event_path(journal, seq);
            broken.insert(journal.clone());
            report.problems.push(Problem::new("event", name, "an event that continues the journal", what));
        }
    }
    if options.journal {
        return Ok((report, suspects));
    }
    // Before the store is looked at: what others add from now on is not expected in it.
    let mut states = Vec::new();
    for model in &models {
        match repository.registry().replay(model) {
            Ok(state) => states.extend(state),
            // Its own check has said why.
            Err(_) if broken.contains(model) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let depth = if options.full { Depth::Full } else { Depth::Structure };
    let store = repository.store().check_on(depth, checked, progress)?;
    report.objects = store.objects;
    report.bytes = store.bytes;
    report.not_read = store.not_read.and_then(|left| {
        let time = Time::from_milliseconds;
        let (oldest, newest) = (time(left.oldest)?, time(left.newest)?);
        Some(NotRead { packs: left.packs, bytes: left.bytes, oldest, newest })
    });
    let (rebuilt, wrong): (Vec<Problem>, _) =
        store.problems.into_iter().partition(|problem| problem.kind == "index" && store.index_rebuilt);
    report.repaired = rebuilt.iter().map(Mended::index).collect();
    report.problems.extend(wrong);
    let damaged: HashSet<String> = report.problems.iter().map(|p| p.name.clone()).collect();
    tell_erased(repository, &states, &mut report)?;
    let problems = report.problems.iter().enumerate().map(|(at, p)| (p.name.clone(), at)).collect();
    let (of_file, of_version) = (HashMap::new(), HashMap::new());
    let mut losses = Losses { repository, damaged, of_file, of_version, problems, told: HashSet::new() };
    progress.begin("checking versions", 0, Unit::Items);
    for state in &states {
        check_versions(&mut losses, state, &mut report, &mut suspects, progress)?;
    }
    progress.end();
    Ok((report, suspects))
}

/// Which model each head is of.
fn heads(
    repository: &Repository,
    heads: &[(Option<ModelName>, EventRef)],
) -> Result<Vec<(ModelName, EventRef)>, VerbError> {
    let of = |(model, head): &(Option<ModelName>, EventRef)| match model {
        Some(store) if *store == ModelName::of_store() => Ok((store.clone(), *head)),
        // Who takes a whole journal away must not get away with it.
        Some(named) => {
            resolve::known_model(repository, named)?;
            Ok((repository.registry().first_name(named)?, *head))
        }
        None => Ok((repository.registry().first_name(&resolve::model(repository, None)?)?, *head)),
    };
    heads.iter().map(of).collect()
}

/// Something a version needs that is not as it should be.
#[derive(Debug, Clone)]
struct Loss {
    /// The object that is damaged or missing.
    name: String,
    /// What is wrong with it.
    what: String,
    /// The file or folder of the version that needs it; none: the version as a whole.
    path: Option<String>,
    /// What has to be stored again.
    whole: Whole,
}

#[derive(Debug, Clone, Copy)]
enum Whole {
    File(FileId, u64),
    Record(Digest),
}

/// What is lost of files and of snapshots, looked up once for all versions that share them.
struct Losses<'r> {
    repository: &'r Repository,
    /// Names of what the store's own check found damaged.
    damaged: HashSet<String>,
    of_file: HashMap<FileId, Vec<(String, String)>>,
    /// By whether files were erased from it, and by number where evidence was attached to it.
    of_version: HashMap<(SnapshotId, bool, Option<Version>), Vec<Loss>>,
    /// Where each problem stands in the report.
    problems: HashMap<String, usize>,
    /// Which problem was said to touch which path.
    told: HashSet<(usize, Place)>,
}

/// Every version of a model: its records, trees, recipes and blocks are where they should be.
fn check_versions(
    losses: &mut Losses<'_>,
    state: &State,
    report: &mut VerifyReport,
    suspects: &mut Suspects,
    progress: &dyn Progress,
) -> Result<(), VerbError> {
    let certificates = state.certificate_rows().flat_map(|c| {
        let label = state.version_of(c.snapshot).map_or_else(String::new, |v| format!("{}@{}", state.model, v.version));
        let signatures = c.signatures.iter().map(|s| (s.record, "signature", label.clone())).collect::<Vec<_>>();
        [(c.certificate.digest(), "certificate", label.clone()), (c.policy, "policy", label)]
            .into_iter()
            .chain(signatures)
    });
    let observations = state
        .versions
        .iter()
        .map(|v| (v.observation.digest(), "observation", format!("{}@{}", state.model, v.version)));
    // Which profiles there are the observations say; one that cannot be read is a loss by itself.
    let profiles = state.versions.iter().flat_map(|row| {
        let observation = records::observation(losses.repository, row.observation).ok();
        let profiles = observation.map(|observation| observation.profiles).unwrap_or_default();
        let label = format!("{}@{}", state.model, row.version);
        profiles.into_values().filter_map(move |p| Some((p.id?.digest(), "profile", label.clone())))
    });
    let profiles: Vec<_> = profiles.collect();
    let cases = state.cases.iter().map(|row| (row.cases, "list of cases", state.model.to_string()));
    let made = judging::measured::stored(losses.repository.store(), state)?;
    let label_of = |id: SnapshotId| {
        state.version_of(id).map_or_else(String::new, |row| format!("{}@{}", state.model, row.version))
    };
    let mut policies = Vec::new();
    for row in state.certificates.values() {
        let file = rules::policy_files::of(losses.repository.store(), row)?;
        policies.extend(file.map(|file| (file, "policy file", label_of(row.snapshot))));
    }
    let mut along = Vec::new();
    for row in &state.versions {
        let label = format!("{}@{}", state.model, row.version);
        let records = imported::records(losses.repository, state, row)?.into_iter();
        along.extend(records.map(|id| (id, "record that came along", label.clone())));
    }
    let measurements = made.iter().map(|made| (made.record, "measurement", label_of(made.snapshot)));
    let signoffs = signoffs::records(losses.repository, state)?;
    let signoffs =
        signoffs.into_iter().map(|(id, what, of)| (id, what, of.map_or_else(|| state.model.to_string(), label_of)));
    let all = certificates.chain(observations).chain(profiles).chain(cases).chain(measurements).chain(policies);
    let all = all.chain(signoffs).chain(along);
    for (id, what, label) in all {
        // What is left of a record from which something was erased is as good.
        let there = |id: Digest| losses.repository.store().contains(ObjectKind::Record, id.as_bytes());
        let copy = if there(id)? { Some(id) } else { records::copy_of(losses.repository, id)? };
        let missing = !copy.map(there).transpose()?.unwrap_or(false);
        if missing || losses.damaged.contains(&id.to_string()) {
            let what = format!("the {what} is {}", if missing { "missing" } else { "damaged" });
            let loss = Loss { name: id.to_string(), what, path: None, whole: Whole::Record(id) };
            losses.tell(&loss, &label, report, suspects)?;
        }
    }
    let is_kept = |id: SnapshotId| state.version_of(id).is_some_and(|row| row.dropped.is_none());
    for made in made.iter().filter(|made| is_kept(made.snapshot)) {
        for file in &made.files {
            let found = losses.of_file(file.file)?.to_vec();
            for (name, what) in found {
                let whole = Whole::File(file.file, file.size);
                let loss = Loss { name, what, path: Some(file.path.clone()), whole };
                losses.tell(&loss, &label_of(made.snapshot), report, suspects)?;
            }
        }
    }
    for row in state.versions.iter().filter(|row| row.dropped.is_none()) {
        let label = format!("{}@{}", state.model, row.version);
        for loss in losses.of_version(state, row)? {
            losses.tell(&loss, &label, report, suspects)?;
        }
        report.versions += 1;
        progress.advance(1);
    }
    Ok(())
}

impl Losses<'_> {
    /// Notes that the version `label` suffers from `loss`, and so from the pack it was in.
    fn tell(
        &mut self,
        loss: &Loss,
        label: &str,
        report: &mut VerifyReport,
        suspects: &mut Suspects,
    ) -> Result<(), VerbError> {
        let at = *self.problems.entry(loss.name.clone()).or_insert(report.problems.len());
        if at == report.problems.len() {
            report.problems.push(Problem::new("object", loss.name.clone(), "stored and whole", loss.what.clone()));
        }
        let pack = loss.name.parse().ok().map(|id| self.repository.store().pack_of(id)).transpose()?.flatten();
        let pack = pack.and_then(|pack| self.problems.get(&pack).copied());
        let place = Place { version: label.to_owned(), path: loss.path.clone().unwrap_or_default() };
        for at in [Some(at), pack].into_iter().flatten() {
            if self.told.insert((at, place.clone())) {
                report.problems[at].touches(label, loss.path.as_deref());
            }
        }
        match loss.whole {
            Whole::File(id, size) => suspects.files.entry(id).or_insert((size, BTreeSet::new())).1.insert(place),
            Whole::Record(id) => suspects.records.entry(id).or_default().insert(place),
        };
        Ok(())
    }

    /// What of a version is missing or known to be damaged.
    fn of_version(&mut self, state: &State, row: &VersionRow) -> Result<Vec<Loss>, VerbError> {
        // The same content again, made after something was erased from it, has that.
        let erased = state.erased_files(row.version);
        let attached = state.attached_to(row.version).next().map(|_| row.version);
        let key = (row.snapshot, !erased.is_empty(), attached);
        if let Some(known) = self.of_version.get(&key) {
            return Ok(known.clone());
        }
        let found = self.find(state, row, &erased)?;
        self.of_version.insert(key, found.clone());
        Ok(found)
    }

    fn find(&mut self, state: &State, row: &VersionRow, erased: &HashSet<FileId>) -> Result<Vec<Loss>, VerbError> {
        let id = row.snapshot;
        let record = match attached::kept(self.repository, state, row) {
            Ok(record) => record,
            Err(VerbError::Store(error @ StoreError::Backend(_))) => return Err(error.into()),
            Err(error) => {
                let (name, what) = object_of(&error, id);
                return Ok(vec![Loss { name, what, path: None, whole: Whole::Record(id.digest()) }]);
            }
        };
        let reached = snapshot::reach(self.repository.store(), &record)?;
        let lost = reached.lost.iter().map(|lost| Loss {
            name: lost.tree.to_string(),
            what: super::chain(&lost.error),
            path: Some(lost.path.clone()),
            whole: Whole::Record(lost.tree.digest()),
        });
        let mut losses: Vec<Loss> = lost.collect();
        for (path, id, size) in reached.files.into_iter().filter(|(_, id, _)| !erased.contains(id)) {
            for (name, what) in self.of_file(id)? {
                let whole = Whole::File(id, size);
                losses.push(Loss { name: name.clone(), what: what.clone(), path: Some(path.clone()), whole });
            }
        }
        Ok(losses)
    }

    /// What of a file is: name, and what is wrong.
    fn of_file(&mut self, id: FileId) -> Result<&[(String, String)], VerbError> {
        if !self.of_file.contains_key(&id) {
            let found = self.find_in_file(id)?;
            self.of_file.insert(id, found);
        }
        Ok(self.of_file.get(&id).map_or(&[], Vec::as_slice))
    }

    fn find_in_file(&self, id: FileId) -> Result<Vec<(String, String)>, VerbError> {
        let store = self.repository.store();
        let whole = self.damaged.contains(&id.to_string()).then(|| id.to_string());
        let parts = match store.parts(id) {
            Ok(parts) => parts,
            Err(error @ StoreError::Backend(_)) => return Err(error.into()),
            Err(error) => return Ok(vec![(id.to_string(), super::chain(&error))]),
        };
        let names = parts.iter().map(|(_, part)| Digest::from_bytes(*part).to_string());
        let names = whole.into_iter().chain(names.filter(|name| *name != id.to_string()));
        let mut found: Vec<_> =
            names.filter(|name| self.damaged.contains(name)).map(|name| (name, "damaged".to_owned())).collect();
        let lost = store.missing_part(id)?.map(|part| part.to_string());
        if let Some(name) = lost.filter(|name| !self.damaged.contains(name)) {
            found.push((name, "not in any sound pack".to_owned()));
        }
        Ok(found)
    }
}

fn object_of(error: &VerbError, snapshot: SnapshotId) -> (String, String) {
    let store_error = match error {
        VerbError::Store(error) | VerbError::Snapshot(crate::snapshot::SnapshotError::Store(error)) => Some(error),
        _ => None,
    };
    let name = match store_error {
        Some(StoreError::Missing { id, .. } | StoreError::Damaged { id, .. } | StoreError::Format { id, .. }) => *id,
        _ => snapshot.digest(),
    };
    (name.to_string(), super::chain(error))
}

/// One version: every byte of it.
fn verify_version(
    repository: &Repository,
    revision: &str,
    at: Option<&str>,
    progress: &dyn Progress,
) -> Result<VerifyReport, VerbError> {
    let found = resolve::revision(repository, revision, at)?;
    resolve::kept(repository, &found)?;
    let parts = erasures::of_version(&found.state, found.row.version).into_iter();
    let erased = parts.map(|part| (found.state.model.clone(), part)).collect();
    let version = Some((found.state.model.clone(), found.row.version));
    let mut report = VerifyReport { looked: Looked::Bytes, versions: 1, version, erased, ..VerifyReport::default() };
    let label = found.label();
    let mut fail = |name: String, what: String, paths: &[&str]| {
        let mut problem = Problem::new("object", name, "stored and whole", what);
        problem.touches(&label, None);
        paths.iter().for_each(|path| problem.touches(&label, Some(path)));
        report.problems.push(problem);
    };
    let mut counted = (0, 0);
    let kept = kept_files(repository, &found.state, &found.row).and_then(|mut files| {
        let made = judging::measured::of_snapshot(repository.store(), &found.state, found.snapshot())?;
        files.extend(made.iter().flat_map(|made| made.tree_files()));
        Ok(files)
    });
    match kept {
        Err(error) => {
            let (name, what) = object_of(&error, found.snapshot());
            fail(name, what, &[]);
        }
        Ok(files) => {
            progress.begin("checking every byte", files.iter().map(|f| f.size).sum(), Unit::Bytes);
            for id in files.iter().filter_map(|f| f.id).collect::<HashSet<FileId>>() {
                match repository.store().copy_file(id, &mut std::io::sink(), progress) {
                    Ok(size) => counted = (counted.0 + 1, counted.1 + size),
                    Err(CopyError::Store(error)) => {
                        let of_it = files.iter().filter(|file| file.id == Some(id));
                        fail(id.to_string(), super::chain(&error), &of_it.map(|f| f.path.as_str()).collect::<Vec<_>>());
                    }
                    // A sink takes everything.
                    Err(CopyError::Write(_)) => {}
                }
            }
            progress.end();
        }
    }
    match records::observation(repository, found.row.observation) {
        Err(error) => fail(found.row.observation.to_string(), super::chain(&error), &[]),
        Ok(observation) => {
            for id in observation.profiles.values().filter_map(|profile| profile.id) {
                if let Err(error) = records::profile(repository, id) {
                    fail(id.to_string(), super::chain(&error), &[]);
                }
            }
        }
    }
    (report.objects, report.bytes) = counted;
    Ok(report)
}

/// Tells what was erased, and of what is still there that it should not be.
fn tell_erased(repository: &Repository, states: &[State], report: &mut VerifyReport) -> Result<(), VerbError> {
    for state in states {
        let parts = state.erased.iter().map(|row| (state.model.clone(), ErasedPart { row: row.clone() }));
        report.erased.extend(parts);
    }
    if report.erased.is_empty() {
        return Ok(());
    }
    // Where a record cannot be read, that is the problem.
    let erasure = erasures::due(repository, states).unwrap_or_default();
    let plan = match repository.store().plan_erasure(&erasure) {
        // What is damaged is told by the check of the packs.
        Err(StoreError::Damaged { .. }) => return Ok(()),
        other => other?,
    };
    let files = erasure.files.iter().filter(|id| plan.has(**id)).map(FileId::to_string);
    let records = erasure.records.iter().filter(|id| plan.has_record(**id)).map(Digest::to_string);
    let mut still: Vec<String> = files.chain(records).collect();
    still.sort();
    if still.is_empty() && !plan.is_empty() {
        still.push(TRASH.to_owned());
    }
    for name in still {
        report.problems.retain(|problem| problem.name != name);
        let found = "still stored: the erasing was cut short".to_owned();
        report.problems.push(Problem::new("erased", name, "gone for good", found));
    }
    Ok(())
}
