//! Finding the files that somebody declared. Links inside declared paths are followed and kept as content.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use globset::{GlobBuilder, GlobMatcher};
use walkdir::{DirEntry, WalkDir};

use super::error::CaptureError;
use super::ignored::Ignored;
use super::source_file::Place;
pub use super::source_file::SourceFile;
use crate::format::snapshot::LeftOutRecord;
use crate::format::tree::is_component;

/// What a person declared: a folder, a file or a glob, maybe to be stored under another name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathSpec {
    /// As written.
    pub text: String,
    /// Absolute, glob characters and all.
    pub path: PathBuf,
    /// The folder or file name it gets in the snapshot.
    pub rename: Option<String>,
}

impl PathSpec {
    /// Reads `PATH` or `PATH=NEW`, relative to `base`.
    pub fn parse(text: &str, base: &Path) -> Self {
        let (path, rename) = match text.rsplit_once('=') {
            Some((path, new)) if !path.is_empty() && !new.is_empty() => {
                (path, Some(new.trim_end_matches('/').to_owned()))
            }
            _ => (text, None),
        };
        Self { text: text.to_owned(), path: base.join(path), rename }
    }
}

/// Files that are asked about together.
const BATCH: usize = 1024;
/// Characters that make a name a pattern.
const SPECIAL: [char; 4] = ['*', '?', '[', '{'];
/// Where files from outside the project are put in a snapshot.
const OUTSIDE: &str = "outside";

/// The name a path gets in a snapshot: relative to the project, or `outside/` and its last component.
pub fn snapshot_path(path: &Path, project: &Path) -> Result<String, CaptureError> {
    let named = |p: &Path| -> Option<String> {
        let parts: Option<Vec<&str>> = p
            .components()
            .filter(|c| !matches!(c, Component::CurDir))
            .map(|c| match c {
                Component::Normal(part) => part.to_str(),
                _ => None,
            })
            .collect();
        parts.map(|p| p.join("/"))
    };
    let refused = || CaptureError::Name { path: path.to_path_buf() };
    let clean = lexically_clean(path);
    match clean.strip_prefix(project) {
        Ok(inside) if inside.components().next().is_some() => named(inside).ok_or_else(refused),
        _ => clean.file_name().and_then(|n| n.to_str()).map(|name| format!("{OUTSIDE}/{name}")).ok_or_else(refused),
    }
}

/// Removes `.` and resolves `..` by name, without asking the disk.
pub fn lexically_clean(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                clean.pop();
            }
            other => clean.push(other),
        }
    }
    clean
}

/// The files several declarations name, sorted by name. `input` is what they were declared as. Links are followed.
pub fn collect(
    input: &str,
    specs: &[PathSpec],
    project: &Path,
    ignored: &Ignored,
) -> Result<Vec<SourceFile>, CaptureError> {
    gather(input, specs, |spec| collect_one(input, spec, project, ignored, None))
}

/// Code whose name no record could hold.
pub(super) fn unnameable(path: String) -> LeftOutRecord {
    LeftOutRecord { path, size: None, reason: "its name is not UTF-8".to_owned() }
}

/// A link in code whose target no record could hold.
pub(super) fn unnameable_target(path: String) -> LeftOutRecord {
    LeftOutRecord { path, size: None, reason: "it is a link whose target is not UTF-8".to_owned() }
}

/// Code whose name no tree holds: restored on another system it could be another one.
pub(super) fn unfit(path: &str) -> Option<LeftOutRecord> {
    let reason = || "its name has a control character or a backslash".to_owned();
    let unfit = !path.split('/').all(is_component);
    unfit.then(|| LeftOutRecord { path: path.to_owned(), size: None, reason: reason() })
}

/// How code is looked for: links are kept as links.
pub struct Unfollowed<'a> {
    /// What is captured as something else, and is not entered.
    pub elsewhere: &'a HashSet<PathBuf>,
    /// What is neither file nor folder.
    pub left_out: Vec<LeftOutRecord>,
}

impl Unfollowed<'_> {
    /// Whether something below `root` is captured elsewhere, of what matches.
    fn has_below(&self, root: &Path, matcher: Option<&GlobMatcher>) -> bool {
        let below = self.elsewhere.iter().filter_map(|path| path.strip_prefix(root).ok());
        below.into_iter().any(|path| matcher.is_none_or(|matcher| matches(matcher, path)))
    }
}

/// Whether a path or a folder it lies in matches.
fn matches(matcher: &GlobMatcher, relative: &Path) -> bool {
    relative.ancestors().any(|a| !a.as_os_str().is_empty() && matcher.is_match(a))
}

/// The same for code.
pub fn collect_unfollowed(
    input: &str,
    specs: &[PathSpec],
    project: &Path,
    ignored: &Ignored,
    unfollowed: &mut Unfollowed<'_>,
) -> Result<Vec<SourceFile>, CaptureError> {
    gather(input, specs, |spec| {
        let mut found = collect_one(input, spec, project, ignored, Some(unfollowed))?;
        found.retain(|file| {
            let left_out = unfit(file.path());
            let fit = left_out.is_none();
            unfollowed.left_out.extend(left_out);
            fit
        });
        Ok(found)
    })
}

fn gather(
    input: &str,
    specs: &[PathSpec],
    mut find: impl FnMut(&PathSpec) -> Result<Vec<SourceFile>, CaptureError>,
) -> Result<Vec<SourceFile>, CaptureError> {
    let mut found = Vec::new();
    for spec in specs {
        let more = find(spec)?;
        if found.is_empty() { found = more } else { found.extend(more) }
    }
    if let Some(unfit) = found.iter().find(|file| !file.path().split('/').all(is_component)) {
        return Err(CaptureError::Unfit { input: input.to_owned(), path: unfit.path().to_owned() });
    }
    found.sort_unstable_by(|a, b| a.path().cmp(b.path()).then_with(|| a.disk().cmp(&b.disk())));
    refuse_one_name_for_two(input, found.iter())?;
    found.dedup_by(|a, b| a.path() == b.path());
    Ok(found)
}

/// Restored files lie beside each other: two of them cannot have one name. `files` are sorted by it.
pub(super) fn refuse_one_name_for_two<'f>(
    input: &str,
    files: impl Iterator<Item = &'f SourceFile> + Clone,
) -> Result<(), CaptureError> {
    match files.clone().zip(files.skip(1)).find(|(a, b)| a.path() == b.path() && a.disk() != b.disk()) {
        Some((first, second)) => Err(CaptureError::Twice {
            input: input.to_owned(),
            path: first.path().to_owned(),
            first: first.disk(),
            second: second.disk(),
        }),
        None => Ok(()),
    }
}

fn collect_one(
    input: &str,
    spec: &PathSpec,
    project: &Path,
    ignored: &Ignored,
    unfollowed: Option<&mut Unfollowed<'_>>,
) -> Result<Vec<SourceFile>, CaptureError> {
    let missing = || CaptureError::Missing { input: input.to_owned(), path: spec.text.clone() };
    let path = lexically_clean(&spec.path);
    match fs::symlink_metadata(&path) {
        Ok(data) => {
            let folder = data.is_dir() || data.is_symlink() && path.is_dir();
            if !folder {
                let name = match &spec.rename {
                    Some(new) => new.clone(),
                    None => snapshot_path(&path, project)?,
                };
                return Ok(vec![SourceFile::describe(name, path)?]);
            }
            let base = match &spec.rename {
                Some(new) => new.clone(),
                None if path == project => String::new(),
                None => snapshot_path(&path, project)?,
            };
            let taken = unfollowed.as_ref().is_some_and(|how| how.has_below(&path, None));
            let files = walk(&path, &base, ignored, None, unfollowed)?;
            if files.is_empty() && !taken {
                return Err(CaptureError::Empty { input: input.to_owned(), path: spec.text.clone() });
            }
            Ok(files)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let Some((root, matcher)) = glob(input, spec, &path)? else { return Err(missing()) };
            if !root.is_dir() {
                return Err(missing());
            }
            let base = match &spec.rename {
                Some(new) => new.clone(),
                None if root == project => String::new(),
                None => snapshot_path(&root, project)?,
            };
            let taken = unfollowed.as_ref().is_some_and(|how| how.has_below(&root, Some(&matcher)));
            let files = walk(&root, &base, ignored, Some(&matcher), unfollowed)?;
            if files.is_empty() && !taken {
                return Err(CaptureError::Empty { input: input.to_owned(), path: spec.text.clone() });
            }
            Ok(files)
        }
        Err(source) => Err(CaptureError::Unreadable { path, source }),
    }
}

/// The name a declared folder or glob gets in a snapshot: a glob is one in the folder it begins in, under that one's name.
pub fn declared_path(path: &Path, project: &Path) -> Result<String, CaptureError> {
    let (root, pattern) = glob_root(path.to_str().ok_or_else(|| CaptureError::Name { path: path.to_path_buf() })?);
    match pattern {
        Some(_) if path.exists() => snapshot_path(path, project),
        Some(pattern) if Path::new(&root) == project => Ok(pattern),
        Some(pattern) => Ok(format!("{}/{pattern}", snapshot_path(Path::new(&root), project)?)),
        None => snapshot_path(path, project),
    }
}

/// The folder that a `/`-separated glob begins in, and the rest of it; all of what is no glob.
pub fn glob_root(path: &str) -> (String, Option<String>) {
    let parts: Vec<&str> = path.split('/').collect();
    match parts.iter().position(|part| part.contains(SPECIAL)) {
        Some(at) => (parts[..at].join("/"), Some(parts[at..].join("/"))),
        None => (path.to_owned(), None),
    }
}

/// The folder a glob begins in, and the matcher for what is below it.
fn glob(input: &str, spec: &PathSpec, path: &Path) -> Result<Option<(PathBuf, GlobMatcher)>, CaptureError> {
    let special = |part: &str| part.contains(SPECIAL);
    let mut root = PathBuf::new();
    let mut pattern = Vec::new();
    for component in path.components() {
        let part = component.as_os_str().to_str().ok_or_else(|| CaptureError::Name { path: path.to_path_buf() })?;
        if pattern.is_empty() && !special(part) {
            root.push(component);
        } else {
            pattern.push(part);
        }
    }
    if pattern.is_empty() {
        return Ok(None);
    }
    let refused = |e: globset::Error| CaptureError::Pattern {
        input: input.to_owned(),
        pattern: spec.text.clone(),
        reason: e.kind().to_string(),
    };
    let glob = GlobBuilder::new(&pattern.join("/")).literal_separator(true).build().map_err(refused)?;
    Ok(Some((root, glob.compile_matcher())))
}

/// What was found so far.
#[derive(Default)]
struct Found {
    files: Vec<SourceFile>,
    left_out: Vec<LeftOutRecord>,
    failed: Option<CaptureError>,
}

/// Something that was found.
enum Entry {
    File(SourceFile),
    LeftOut(LeftOutRecord),
}

impl Found {
    fn add(&mut self, entry: Result<Entry, CaptureError>) {
        match entry {
            Ok(Entry::File(file)) => self.files.push(file),
            Ok(Entry::LeftOut(record)) => self.left_out.push(record),
            // Of several always the same one.
            Err(error) if self.failed.as_ref().is_none_or(|other| error.to_string() < other.to_string()) => {
                self.failed = Some(error);
            }
            Err(_) => {}
        }
    }
}

/// Every file below `root`; with a matcher, those that match or lie in a folder that does.
fn walk(
    root: &Path,
    base: &str,
    ignored: &Ignored,
    matcher: Option<&GlobMatcher>,
    unfollowed: Option<&mut Unfollowed<'_>>,
) -> Result<Vec<SourceFile>, CaptureError> {
    let follow = unfollowed.is_none();
    let elsewhere = unfollowed.as_ref().map(|how| how.elsewhere);
    let walker = WalkDir::new(root).follow_links(follow).into_iter();
    let walker = walker.filter_entry(|e| {
        let skipped = |e: &DirEntry| {
            ignored.covers(e.path(), e.file_type().is_dir())
                || elsewhere.is_some_and(|elsewhere| elsewhere.contains(e.path()))
        };
        e.depth() == 0 || !skipped(e)
    });
    let shared: Arc<Path> = root.into();
    let look = |entry: walkdir::Result<DirEntry>| match entry {
        // What is ignored may be anything, even a link that leads nowhere.
        Err(error) if error.path().is_some_and(|path| ignored.covers(path, false)) => None,
        Err(error) if !follow && error.io_error().is_some_and(|e| e.kind() == io::ErrorKind::PermissionDenied) => {
            let path = error.path().and_then(|path| path.strip_prefix(root).ok()).unwrap_or(root).to_string_lossy();
            let path = if base.is_empty() { path.into_owned() } else { format!("{base}/{path}") };
            let reason = "it cannot be read: permission denied".to_owned();
            Some(Ok(Entry::LeftOut(LeftOutRecord { path, size: None, reason })))
        }
        Err(error) => Some(Err(walk_error(root, &error))),
        Ok(entry) if entry.file_type().is_dir() => None,
        Ok(entry) => {
            let relative = entry.path().strip_prefix(root).unwrap_or(entry.path());
            let wanted = matcher.is_none_or(|matcher| matches(matcher, relative));
            wanted.then(|| describe(&shared, base, &entry, follow))
        }
    };
    let found = Mutex::new(Found::default());
    let mut walker = walker.fuse();
    let mut linked: HashSet<PathBuf> = HashSet::new();
    // Asking the disk about each file is what takes long: it is done beside the walk, in any order.
    rayon::scope(|scope| {
        loop {
            let batch: Vec<_> = walker.by_ref().take(BATCH).collect();
            let folders = batch.iter().flatten().filter(|e| follow && e.path_is_symlink() && e.file_type().is_dir());
            linked.extend(folders.map(|entry| entry.path().to_path_buf()));
            if batch.is_empty() {
                break;
            }
            let (found, look) = (&found, &look);
            scope.spawn(move |_| {
                let batch: Vec<_> = batch.into_iter().filter_map(look).collect();
                let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
                batch.into_iter().for_each(|entry| found.add(entry));
            });
        }
    });
    let Found { mut files, mut left_out, failed } = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    if !linked.is_empty() {
        let below = |file: &&mut SourceFile| file.disk().ancestors().any(|folder| linked.contains(folder));
        files.iter_mut().filter(below).for_each(SourceFile::set_linked);
    }
    files.sort_unstable_by(|a, b| a.path().cmp(b.path()));
    left_out.sort_by(|a, b| a.path.cmp(&b.path));
    if let Some(how) = unfollowed {
        how.left_out.append(&mut left_out);
    }
    failed.map_or(Ok(files), Err)
}

/// What an entry is: links are followed, or kept as links.
fn describe(root: &Arc<Path>, base: &str, entry: &DirEntry, follow: bool) -> Result<Entry, CaptureError> {
    let relative = match snapshot_path(entry.path(), root) {
        // Code is kept as far as it can be.
        Err(CaptureError::Name { .. }) if !follow => {
            let relative = entry.path().strip_prefix(root).unwrap_or(entry.path());
            return Ok(Entry::LeftOut(unnameable(relative.to_string_lossy().into_owned())));
        }
        relative => relative?,
    };
    let below = relative.len();
    let path = if base.is_empty() { relative } else { [base, &relative].join("/") };
    let kind = entry.file_type();
    if follow {
        let data = entry.metadata().map_err(|error| walk_error(root, &error))?;
        let place = Place { root: Arc::clone(root), below };
        return SourceFile::described(path, &place, entry.path_is_symlink(), &data).map(Entry::File);
    }
    if kind.is_symlink() {
        match SourceFile::describe_link(path.clone(), entry.path().to_owned()) {
            Err(CaptureError::Name { .. }) => Ok(Entry::LeftOut(unnameable_target(path))),
            link => link.map(Entry::File),
        }
    } else if kind.is_file() {
        SourceFile::describe(path, entry.path().to_owned()).map(Entry::File)
    } else {
        let reason = "neither a file nor a folder".to_owned();
        Ok(Entry::LeftOut(LeftOutRecord { path, size: None, reason }))
    }
}

fn walk_error(root: &Path, error: &walkdir::Error) -> CaptureError {
    let path = error.path().unwrap_or(root).to_path_buf();
    if error.loop_ancestor().is_some() {
        return CaptureError::Link { path, circle: true };
    }
    let dangling = fs::symlink_metadata(&path).is_ok_and(|d| d.is_symlink()) && !path.exists();
    if dangling {
        return CaptureError::Link { path, circle: false };
    }
    let kind = error.io_error().map_or(io::ErrorKind::Other, io::Error::kind);
    CaptureError::Unreadable { path, source: kind.into() }
}
