//! Training data that no store holds: looked for where it may lie, and taken only if it hashes to what was recorded.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::{Path, PathBuf};

use crate::capture::CaptureError;
use crate::capture::data::{folder_digest, hash_in_place};
use crate::capture::dvc;
use crate::capture::dvc::cache::{Cache, root_of};
use crate::capture::files::{self, PathSpec, SourceFile};
use crate::capture::ignored::{BUILT_IN, Ignored};
use crate::capture::known::Known;
use crate::digest::Digest;
use crate::format::checksum::Checksum;
use crate::format::observation::ObservationRecord;
use crate::format::snapshot::{DataKind, DataRecord, SnapshotRecord};
use crate::format::tree::is_component;
use crate::id::FileId;
use crate::name::{ModelName, SetName};
use crate::ops::{UsageError, VerbError, snapshot};
use crate::progress::Progress;
use crate::repository::Repository;
use crate::snapshot::TreeFile;

/// Where data was taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataFrom {
    /// The store: it was kept.
    Store,
    /// The place that was named for it.
    Given,
    /// Where it is to be rebuilt: it is there already.
    Target,
    /// The place it was captured from.
    Recorded,
    /// The same place in the project as it is now.
    Project,
    /// DVC's cache.
    DvcCache,
    /// Another file of the workspace, with the same bytes.
    Workspace,
}

impl DataFrom {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Given => "given",
            Self::Target => "target",
            Self::Recorded => "recorded",
            Self::Project => "project",
            Self::DvcCache => "dvc-cache",
            Self::Workspace => "workspace",
        }
    }
}

/// A source of data that is rebuilt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoredData {
    /// Which.
    pub name: SetName,
    /// Where it was taken from.
    pub from: DataFrom,
    /// Where that is; none for the store.
    pub path: Option<PathBuf>,
    /// Whether it was checked by the MD5 that DVC states, because no SHA-256 is recorded.
    pub by_md5: bool,
}

/// What was found, and what was not.
#[derive(Debug, Default)]
pub(in crate::ops) struct FoundData {
    /// The files, as they were called in the snapshot.
    pub files: Vec<TreeFile>,
    /// Where each of them lies.
    pub from: HashMap<FileId, PathBuf>,
    /// The sources.
    pub sources: Vec<RestoredData>,
    /// Of each source that was not found: what speaks against every place that was looked at.
    pub missing: BTreeMap<SetName, Vec<String>>,
}

/// What a version is looked for in.
pub(in crate::ops) struct Search<'a> {
    pub repository: &'a Repository,
    pub model: &'a ModelName,
    /// `fraud@v7`.
    pub label: String,
    pub record: &'a SnapshotRecord,
    /// What surrounded it, if that can be read.
    pub observation: Option<ObservationRecord>,
    /// Places that were named.
    pub given: &'a [(SetName, PathBuf)],
    /// The folder it is to be rebuilt in, with the project's folder in it.
    pub target: PathBuf,
    pub progress: &'a dyn Progress,
}

/// What is to be found.
struct Wanted<'a> {
    data: &'a DataRecord,
    /// What it is called in the rebuilt tree.
    path: String,
    expected: Expected<'a>,
}

/// By what it is known again.
enum Expected<'a> {
    Sha256(Digest),
    Md5(&'a Checksum),
}

/// What lies at a place.
enum Looked {
    Right(Vec<(SourceFile, Digest)>),
    Absent,
    Wrong { reason: String, found: Option<String> },
}

impl Search<'_> {
    /// Looks for every source that was not kept.
    ///
    /// # Errors
    /// A place that was named for no source, does not exist, or holds something else.
    pub(in crate::ops) fn run(&self) -> Result<FoundData, VerbError> {
        let names = || self.record.data.iter().map(|data| data.name.to_string()).collect::<Vec<_>>().join(", ");
        let unknown = |(name, _): &&(SetName, PathBuf)| self.record.data.iter().all(|data| data.name != *name);
        if let Some((name, _)) = self.given.iter().find(unknown) {
            let reason = match names() {
                names if names.is_empty() => format!("`{}` has no data", self.label),
                names => format!("`{}` has no data `{name}`; it has {names}", self.label),
            };
            return Err(UsageError::Option { option: "data".to_owned(), reason }.into());
        }
        let known = snapshot::known::load(self.repository, self.model);
        let mut found = FoundData::default();
        for data in &self.record.data {
            if data.stored.is_some() {
                let name = data.name.clone();
                found.sources.push(RestoredData { name, from: DataFrom::Store, path: None, by_md5: false });
                continue;
            }
            self.find(data, &known, &mut found)?;
        }
        Ok(found)
    }

    fn find(&self, data: &DataRecord, known: &Known<'_>, found: &mut FoundData) -> Result<(), VerbError> {
        let missing = found.missing.entry(data.name.clone()).or_default();
        let Some(wanted) = wanted(data) else {
            missing.push("nothing is recorded that it could be checked by".to_owned());
            return Ok(());
        };
        let given: Vec<_> = self.given.iter().filter(|(name, _)| *name == data.name).collect();
        for (from, place) in self.places(&wanted, given.iter().map(|(_, path)| path.clone())) {
            let files = match self.look(&wanted, from, &place, known)? {
                Looked::Right(files) => files,
                Looked::Absent if from == DataFrom::Given => {
                    let (input, path) = (format!("data.{}", data.name), place.display().to_string());
                    return Err(CaptureError::Missing { input, path }.into());
                }
                Looked::Absent => {
                    if from == DataFrom::Recorded {
                        missing.push(format!("it is not at `{}` any more", place.display()));
                    }
                    continue;
                }
                Looked::Wrong { reason, found } if from == DataFrom::Given => {
                    let expected = wanted.expected.to_string();
                    let found = found.unwrap_or(reason);
                    return Err(VerbError::WrongData { name: data.name.clone(), path: place, expected, found });
                }
                Looked::Wrong { reason, .. } => {
                    // A place that is one of those before it is not told twice.
                    let told = match from {
                        DataFrom::DvcCache => format!("DVC's cache of `{}`: {reason}", place.display()),
                        _ => format!("`{}` is not it: {reason}", place.display()),
                    };
                    if from != DataFrom::Target && !missing.contains(&told) {
                        missing.push(told);
                    }
                    continue;
                }
            };
            for (file, digest) in files {
                let (id, size, kind) = (FileId::new(digest), file.size(), file.kind);
                found.from.insert(id, file.disk());
                found.files.push(TreeFile { path: file.into_path(), kind, id: Some(id), size, target: None });
            }
            let by_md5 = matches!(wanted.expected, Expected::Md5(_));
            found.sources.push(RestoredData { name: data.name.clone(), from, path: Some(place), by_md5 });
            found.missing.remove(&data.name);
            return Ok(());
        }
        Ok(())
    }

    /// Where to look, in this order.
    fn places(&self, wanted: &Wanted<'_>, given: impl Iterator<Item = PathBuf>) -> Vec<(DataFrom, PathBuf)> {
        let mut places: Vec<_> = given.map(|path| (DataFrom::Given, path)).collect();
        places.push((DataFrom::Target, self.target.join(&wanted.path)));
        places.extend(self.recorded(wanted.data).map(|path| (DataFrom::Recorded, path)));
        let inside = wanted.data.kind != DataKind::Uri && !wanted.path.starts_with("outside/");
        let project = self.repository.project().filter(|_| inside);
        places.extend(project.map(|project| (DataFrom::Project, project.join(&wanted.path))));
        places.extend(self.dvc_roots(wanted.data).into_iter().map(|root| (DataFrom::DvcCache, root)));
        if let Expected::Sha256(digest) = wanted.expected {
            let all = snapshot::known::files(self.repository, self.model, 0).into_iter();
            let same = all.filter(|(id, _)| id.digest() == digest).map(|(_, path)| (DataFrom::Workspace, path));
            places.extend(same.take(1));
        }
        places
    }

    fn recorded(&self, data: &DataRecord) -> Option<PathBuf> {
        let path = self.observation.as_ref()?.paths.get(&format!("data.{}", data.name))?;
        (!path.is_empty()).then(|| PathBuf::from(path))
    }

    /// Repositories of DVC that may have it in their cache.
    fn dvc_roots(&self, data: &DataRecord) -> Vec<PathBuf> {
        let recorded = self.observation.as_ref().and_then(|o| o.paths.get("project")).map(PathBuf::from);
        let places = self.repository.project().map(Path::to_path_buf).into_iter().chain(recorded);
        let mut roots: Vec<PathBuf> = Vec::new();
        for root in places.chain(self.recorded(data)).filter_map(|place| root_of(&place)) {
            if !roots.contains(&root) {
                roots.push(root);
            }
        }
        roots
    }

    fn look(&self, wanted: &Wanted<'_>, from: DataFrom, place: &Path, known: &Known<'_>) -> Result<Looked, VerbError> {
        let attempts = match from {
            DataFrom::DvcCache => {
                let md5 = wanted.data.declared.as_ref().and_then(|d| d.checksum.as_ref()?.md5());
                let Some(md5) = md5 else { return Ok(Looked::Absent) };
                match dvc::from_cache(&Cache::of(place), md5, &wanted.path) {
                    Ok(Err(reason)) => return Ok(Looked::Wrong { reason, found: None }),
                    Ok(Ok(files)) => Ok(vec![files]),
                    Err(error) => Err(error),
                }
            }
            _ => self.files_at(wanted, place),
        };
        let attempts: Vec<Vec<SourceFile>> = match attempts {
            Ok(attempts) => attempts,
            // Of a place that nobody named, it only matters that it cannot be used.
            Err(error) if from != DataFrom::Given => {
                return Ok(Looked::Wrong { reason: error.to_string(), found: None });
            }
            Err(error) => return Err(error.into()),
        };
        let mut wrong = Looked::Absent;
        for files in attempts {
            match self.check(wanted, files, from, known) {
                Ok(Looked::Right(files)) => return Ok(Looked::Right(files)),
                Ok(other) => wrong = other,
                Err(error) if from != DataFrom::Given => {
                    wrong = Looked::Wrong { reason: error.to_string(), found: None };
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(wrong)
    }

    /// The files at a place, under the names they had; several ways to read a glob are tried.
    fn files_at(&self, wanted: &Wanted<'_>, place: &Path) -> Result<Vec<Vec<SourceFile>>, CaptureError> {
        let data = wanted.data;
        if data.kind != DataKind::Folder {
            return match std::fs::metadata(place) {
                Ok(_) => Ok(vec![vec![SourceFile::describe(wanted.path.clone(), place.to_path_buf())?]]),
                Err(error) if is_absent(&error) => Ok(Vec::new()),
                Err(source) => Err(CaptureError::Unreadable { path: place.to_path_buf(), source }),
            };
        }
        let (root, pattern) = files::glob_root(&wanted.path);
        let mut specs = Vec::new();
        if place.is_dir() {
            specs.push((place.to_path_buf(), wanted.path.clone()));
            if let Some(pattern) = pattern {
                specs.push((place.join(pattern), root));
            }
        } else {
            specs.push((place.to_path_buf(), root));
        }
        let mut found = Vec::new();
        for (path, rename) in specs {
            let ignored = self.ignored(data, &path)?;
            let spec = PathSpec { text: path.display().to_string(), path, rename: Some(rename) };
            match files::collect(&format!("data.{}", data.name), &[spec], self.target.as_path(), &ignored) {
                Ok(files) => found.push(files),
                Err(CaptureError::Missing { .. } | CaptureError::Empty { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    /// What was passed over when it was captured: a folder elsewhere is seen as if it lay where it did then.
    fn ignored(&self, data: &DataRecord, place: &Path) -> Result<Ignored, CaptureError> {
        if data.declared.as_ref().is_some_and(|declared| declared.dvc.is_some()) {
            let root = root_of(place).unwrap_or_else(|| place.to_path_buf());
            return Ignored::of_dvc(&root);
        }
        let lines = match &self.observation {
            Some(observation) => observation.ignored.clone(),
            None => BUILT_IN.iter().map(|&line| line.to_owned()).collect(),
        };
        let project = self.observation.as_ref().and_then(|o| o.paths.get("project"));
        let project = project.map_or_else(|| PathBuf::from("/"), PathBuf::from);
        let was = self.recorded(data).unwrap_or_else(|| project.join(&data.path));
        let literal = |path: &Path| PathBuf::from(files::glob_root(&path.to_string_lossy()).0);
        Ok(Ignored::of_lines(&project, lines)?.moved(&literal(place), &literal(&was)))
    }

    fn check(
        &self,
        wanted: &Wanted<'_>,
        files: Vec<SourceFile>,
        from: DataFrom,
        known: &Known<'_>,
    ) -> Result<Looked, CaptureError> {
        let data = wanted.data;
        let size: u64 = files.iter().map(SourceFile::size).sum();
        // What was named is told by its digest, however long it takes.
        let told = data.kind != DataKind::Uri && data.size > 0 && from != DataFrom::Given;
        if told && size != data.size {
            let reason = format!("it has {size} bytes, not {}", data.size);
            return Ok(Looked::Wrong { reason, found: None });
        }
        let (digests, found) = match wanted.expected {
            Expected::Sha256(_) => {
                let digests = hash_in_place(&files, known, self.progress)?;
                let found = match data.kind {
                    DataKind::Folder => {
                        folder_digest(&data.path, files.iter().map(SourceFile::path).zip(digests.iter().copied()))
                    }
                    // A folder of DVC's cache may stand where a file was, and hold none.
                    _ => match digests.first() {
                        Some(first) => *first,
                        None => return Ok(Looked::Wrong { reason: "there is no file in it".to_owned(), found: None }),
                    },
                };
                (digests, format!("sha256:{found}"))
            }
            Expected::Md5(checksum) => {
                let (digests, md5) = dvc::verify(&wanted.path, &files, checksum, known, self.progress)?;
                (digests, format!("{}:{}", checksum.algorithm().name(), md5.unwrap_or_default()))
            }
        };
        if found == wanted.expected.to_string() {
            return Ok(Looked::Right(files.into_iter().zip(digests).collect()));
        }
        Ok(Looked::Wrong { reason: format!("{found}, not {}", wanted.expected), found: Some(found) })
    }
}

impl std::fmt::Display for Expected<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sha256(digest) => write!(f, "sha256:{digest}"),
            Self::Md5(checksum) => checksum.fmt(f),
        }
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// What is to be found; none where nothing tells that it is the right one, or what it was called.
fn wanted(data: &DataRecord) -> Option<Wanted<'_>> {
    let checksum = data.declared.as_ref().and_then(|declared| declared.checksum.as_ref());
    let expected = match data.sha256 {
        Some(digest) => Expected::Sha256(digest),
        None => Expected::Md5(checksum.filter(|checksum| checksum.md5().is_some())?),
    };
    if data.path.is_empty() {
        return None;
    }
    let path = match data.kind {
        DataKind::Uri => {
            let place = data.path.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
            let last = place.rsplit('/').next().filter(|name| is_component(name));
            format!("outside/{}", last.unwrap_or(data.name.as_str()))
        }
        _ => data.path.clone(),
    };
    Some(Wanted { data, path, expected })
}
