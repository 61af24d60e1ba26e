//! Rebuilding files: planned here, checked against what is there, then written by [`apply`], all of them or none.
//!
//! Nothing is ever written outside the target: stored names are single components, folders on the way must be
//! folders and not links, and names that would collide on another system are refused. What lies there with the right
//! bytes is left alone, but for its executable bit; what lies there with others is not overwritten unless that was
//! asked for.

mod elsewhere;
mod holes;
mod twins;
mod write;

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use unicode_normalization::UnicodeNormalization;

pub use self::twins::Twins;
pub use self::write::{Applied, apply, check};

use super::folders::TreeFile;
use crate::digest::Digest;
use crate::format::tree::{EntryKind, is_component};
use crate::id::FileId;
use crate::store::StoreError;

/// Why files could not be rebuilt.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Other files are there already; nothing was written.
    #[error("{} there already, with other content; nothing was written", if paths.len() == 1 { "1 file is".to_owned() } else { format!("{} files are", paths.len()) })]
    InTheWay {
        /// Which.
        paths: Vec<PathBuf>,
    },
    /// A stored name that leads out of the target, or that no system could keep apart from another one.
    #[error("`{path}` cannot be restored: {reason}")]
    Unsafe {
        /// The stored path.
        path: String,
        /// Why.
        reason: String,
    },
    /// On the way to a file there is something that is no folder; nothing is written through a link.
    #[error("`{}` is {}, where a folder must be; nothing was written", path.display(), if *link { "a link" } else { "a file" })]
    NotAFolder {
        /// What is in the way.
        path: PathBuf,
        /// Whether it is a link.
        link: bool,
    },
    /// A file that no store holds changed between being looked at and being copied.
    #[error("`{}` changed while it was read", path.display())]
    Changed {
        /// Which.
        path: PathBuf,
    },
    /// The system refused.
    #[error("cannot {action} `{}`", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// It failed on the way, and what had been written was taken back as far as that can be done.
    #[error("{}", describe_left(left))]
    Stopped {
        /// What is there now and was not, or was another file: none, as a rule.
        left: Vec<PathBuf>,
        /// What failed.
        source: Box<RestoreError>,
    },
}

/// The names of this many files fit into a message.
const NAMED: usize = 5;

fn describe_left(left: &[PathBuf]) -> String {
    if left.is_empty() {
        return "nothing was restored".to_owned();
    }
    let names: Vec<String> = left.iter().take(NAMED).map(|path| format!("`{}`", path.display())).collect();
    let more = if left.len() > NAMED { format!(" and {} more", left.len() - NAMED) } else { String::new() };
    format!("the restore stopped half-way; only these were restored: {}{more}", names.join(", "))
}

/// What a restore would do. There may be millions of files: each is named once.
#[derive(Debug, Clone, Default)]
pub struct RestorePlan {
    /// The folder they go into.
    pub target: PathBuf,
    /// Every file that is to be there, sorted by path.
    pub files: Vec<TreeFile>,
    /// Where the bytes of files lie that no store holds. They are hashed again as they are copied.
    pub from: HashMap<FileId, PathBuf>,
    /// Files to write, by their number among `files`.
    pub write: Vec<usize>,
    /// Files that no store holds, because they are derived from a record: where, and their bytes.
    pub generated: Vec<(PathBuf, Vec<u8>)>,
    /// How many are there already, byte for byte.
    pub kept: usize,
    /// Those among them whose executable bit is wrong: which, and whether they are to have one.
    pub modes: Vec<(PathBuf, bool)>,
    /// What is not rebuilt, because it would lead elsewhere: which, and why.
    pub left_out: Vec<(String, String)>,
    /// Files that would be overwritten.
    pub overwrite: Vec<PathBuf>,
    /// Bytes to write.
    pub bytes: u64,
}

impl RestorePlan {
    /// The files to write.
    pub fn to_write(&self) -> impl Iterator<Item = &TreeFile> {
        self.write.iter().map(|number| &self.files[*number])
    }
}

/// Compares `files`, and `generated` ones in the target itself, with what lies in `target`. Writes nothing.
pub fn plan(
    target: &Path,
    mut files: Vec<TreeFile>,
    generated: Vec<(String, Vec<u8>)>,
) -> Result<RestorePlan, RestoreError> {
    files.sort_by(|a, b| a.path.cmp(&b.path));
    check_names(&files, folds_case(target))?;
    let mut plan = RestorePlan { target: target.to_owned(), ..RestorePlan::default() };
    let links: HashSet<&str> = files.iter().filter(|f| f.target.is_some()).map(|f| f.path.as_str()).collect();
    for (name, bytes) in generated {
        let path = target.join(name);
        match fs::read(&path) {
            Ok(there) if there == bytes => {
                plan.kept += 1;
                continue;
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            _ => plan.overwrite.push(path.clone()),
        }
        plan.bytes += bytes.len() as u64;
        plan.generated.push((path, bytes));
    }
    let mut checked = None;
    for (number, file) in files.iter().enumerate() {
        let path = target.join(&file.path);
        if file.target.as_deref().is_some_and(|target| leads_out(&file.path, target, &links)) {
            plan.left_out.push((file.path.clone(), "it is a link that leads out of the folder".to_owned()));
            continue;
        }
        let folder = file.path.rsplit_once('/').map(|(folder, _)| folder);
        if checked != Some(folder) {
            check_way(target, &file.path)?;
            checked = Some(folder);
        }
        match fs::symlink_metadata(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(RestoreError::Io { action: "look at", path, source }),
            Ok(data) if is_same(&path, &data, file)? => {
                if let Some(executable) = wrong_mode(&data, file.kind) {
                    plan.modes.push((path, executable));
                }
                plan.kept += 1;
                continue;
            }
            Ok(_) => plan.overwrite.push(path),
        }
        plan.bytes += file.size;
        plan.write.push(number);
    }
    drop(links);
    plan.files = files;
    Ok(plan)
}

/// Whether the bytes (or the target) of the file at `path` are what would be written there.
fn is_same(path: &Path, data: &fs::Metadata, file: &TreeFile) -> Result<bool, RestoreError> {
    let failed = |source| RestoreError::Io { action: "read", path: path.to_path_buf(), source };
    if file.kind == EntryKind::Symlink {
        let target = if data.is_symlink() { fs::read_link(path).ok() } else { None };
        return Ok(target.as_deref() == file.target.as_deref().map(Path::new));
    }
    if !data.is_file() || data.len() != file.size {
        return Ok(false);
    }
    let (digest, _) = File::open(path).and_then(Digest::of_reader).map_err(failed)?;
    Ok(file.id.is_some_and(|id| id.digest() == digest))
}

/// Whether the file is to be executable, if it is the other way round. Of a file that was reached through a link the bit
/// is not recorded.
#[cfg(unix)]
fn wrong_mode(data: &fs::Metadata, kind: EntryKind) -> Option<bool> {
    use std::os::unix::fs::PermissionsExt;
    let is_executable = data.permissions().mode() & 0o111 != 0;
    match kind {
        EntryKind::Executable => Some(true),
        EntryKind::File => Some(false),
        _ => None,
    }
    .filter(|executable| *executable != is_executable)
}

#[cfg(not(unix))]
fn wrong_mode(_: &fs::Metadata, _: EntryKind) -> Option<bool> {
    None
}

/// Refuses names that lead elsewhere, and names that some systems cannot keep apart. `files` are sorted by path.
fn check_names(files: &[TreeFile], folds_case: bool) -> Result<(), RestoreError> {
    let unsafe_name =
        |path: &str, reason: &str| RestoreError::Unsafe { path: path.to_owned(), reason: reason.to_owned() };
    for file in files {
        if file.path.len() > 4096 || !file.path.split('/').all(is_component) {
            return Err(unsafe_name(&file.path, "it is not a relative path of plain names"));
        }
    }
    if let Some(pair) = files.windows(2).find(|pair| pair[0].path == pair[1].path && pair[0] != pair[1]) {
        return Err(unsafe_name(&pair[0].path, "two different files have that name"));
    }
    // Folders, each once as long as files that lie together come together.
    let mut folder = "";
    let mut folded: HashMap<String, &str> = HashMap::new();
    for file in files {
        let ends = file.path.match_indices('/').map(|(end, _)| end);
        let passed = folder.len();
        let new = ends.filter(|end| !(*end <= passed && is_way(folder, &file.path[..*end])));
        for end in new {
            let part = &file.path[..end];
            if files.binary_search_by(|other| other.path.as_str().cmp(part)).is_ok() {
                return Err(unsafe_name(part, "it is a file and a folder at once"));
            }
            keep_apart(part, folds_case, &mut folded)?;
        }
        folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        keep_apart(&file.path, folds_case, &mut folded)?;
    }
    Ok(())
}

/// Whether `part` is `folder` or one of those above it.
fn is_way(folder: &str, part: &str) -> bool {
    folder.strip_prefix(part).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Refuses `part` where the file system takes it for another name.
fn keep_apart<'f>(part: &'f str, folds_case: bool, folded: &mut HashMap<String, &'f str>) -> Result<(), RestoreError> {
    if !folds_case {
        return Ok(());
    }
    let key: String = part.nfc().collect::<String>().to_lowercase();
    match folded.insert(key, part) {
        Some(other) if other != part => Err(RestoreError::Unsafe {
            path: part.to_owned(),
            reason: format!("it cannot be kept apart from `{other}` on this file system"),
        }),
        _ => Ok(()),
    }
}

/// Whether the file system of `target` takes names that differ in case for one: asked of a folder that is there.
fn folds_case(target: &Path) -> bool {
    let there = target.ancestors().filter_map(|folder| folder.canonicalize().ok()).next();
    there.as_deref().into_iter().flat_map(Path::ancestors).any(|folder| {
        let Some(name) = folder.file_name().and_then(|n| n.to_str()) else { return false };
        let swapped: String = name
            .chars()
            .map(|c| if c.is_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
            .collect();
        swapped != name && folder.with_file_name(swapped).canonicalize().is_ok_and(|other| other == folder)
    })
}

/// Whether a link at `path` leads out of the tree, or through another link, behind which `..` is not where it looks.
fn leads_out(path: &str, target: &str, links: &HashSet<&str>) -> bool {
    if target.starts_with('/') || target.contains('\0') || Path::new(target).is_absolute() {
        return true;
    }
    let mut at: Vec<&str> = path.split('/').collect();
    at.pop();
    let mut parts = target.split('/').filter(|part| !matches!(*part, "" | ".")).peekable();
    while let Some(part) = parts.next() {
        if part == ".." {
            if at.pop().is_none() {
                return true;
            }
        } else {
            at.push(part);
            if parts.peek().is_some() && links.contains(at.join("/").as_str()) {
                return true;
            }
        }
    }
    false
}

/// Every folder between the target and a file must be a folder, not a link to one.
fn check_way(target: &Path, path: &str) -> Result<(), RestoreError> {
    for (end, _) in path.match_indices('/') {
        let folder = target.join(&path[..end]);
        match fs::symlink_metadata(&folder) {
            Ok(data) if !data.is_dir() => {
                return Err(RestoreError::NotAFolder { link: data.is_symlink(), path: folder });
            }
            _ => {}
        }
    }
    Ok(())
}
