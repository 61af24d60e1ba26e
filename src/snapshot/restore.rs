//! Rebuilding files: planned first, checked against what is there, then written, each file atomically.
//!
//! Nothing is ever written outside the target: stored names are single components, folders on the way must be
//! folders and not links, and names that would collide on another system are refused. What lies there with the right
//! bytes is left alone; what lies there with others is not overwritten unless that was asked for.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use unicode_normalization::UnicodeNormalization;

use super::folders::TreeFile;
use crate::digest::Digest;
use crate::format::tree::{EntryKind, is_component};
use crate::progress::{Progress, Unit};
use crate::store::reader::CopyError;
use crate::store::{Store, StoreError};

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
}

/// What a restore would do.
#[derive(Debug, Clone, Default)]
pub struct RestorePlan {
    /// Files to write: where, and what.
    pub write: Vec<(PathBuf, TreeFile)>,
    /// Files that no store holds, because they are derived from a record: where, and their bytes.
    pub generated: Vec<(PathBuf, Vec<u8>)>,
    /// Files that are there already, byte for byte.
    pub keep: Vec<PathBuf>,
    /// What is not rebuilt, because it would lead elsewhere: which, and why.
    pub left_out: Vec<(String, String)>,
    /// Files that would be overwritten.
    pub overwrite: Vec<PathBuf>,
    /// Bytes to write.
    pub bytes: u64,
}

/// Compares `files`, and `generated` ones in the target itself, with what lies in `target`. Writes nothing.
pub fn plan(target: &Path, files: &[TreeFile], generated: Vec<(String, Vec<u8>)>) -> Result<RestorePlan, RestoreError> {
    check_names(files, folds_case(target))?;
    let mut plan = RestorePlan::default();
    let links: HashSet<&str> = files.iter().filter(|f| f.target.is_some()).map(|f| f.path.as_str()).collect();
    for (name, bytes) in generated {
        let path = target.join(name);
        match fs::read(&path) {
            Ok(there) if there == bytes => plan.keep.push(path),
            Err(e) if e.kind() == io::ErrorKind::NotFound => plan.generated.push((path, bytes)),
            _ => {
                plan.overwrite.push(path.clone());
                plan.generated.push((path, bytes));
            }
        }
    }
    for file in files {
        let path = target.join(&file.path);
        if file.target.as_deref().is_some_and(|target| leads_out(&file.path, target, &links)) {
            plan.left_out.push((file.path.clone(), "it is a link that leads out of the folder".to_owned()));
            continue;
        }
        check_way(target, &file.path)?;
        match fs::symlink_metadata(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(RestoreError::Io { action: "look at", path, source }),
            Ok(data) if is_same(&path, &data, file)? => {
                plan.keep.push(path);
                continue;
            }
            Ok(_) => plan.overwrite.push(path.clone()),
        }
        plan.bytes += file.size;
        plan.write.push((path, file.clone()));
    }
    Ok(plan)
}

/// Writes what was planned. Without `force`, nothing is written if anything is in the way.
pub fn apply(store: &Store, plan: &RestorePlan, force: bool, progress: &dyn Progress) -> Result<(), RestoreError> {
    if !force && !plan.overwrite.is_empty() {
        return Err(RestoreError::InTheWay { paths: plan.overwrite.clone() });
    }
    progress.begin("restoring", plan.bytes, Unit::Bytes);
    let targets = plan.write.iter().map(|(path, _)| path).chain(plan.generated.iter().map(|(path, _)| path));
    let mut folders: Vec<&Path> = targets.filter_map(|path| path.parent()).collect();
    folders.sort_unstable();
    folders.dedup();
    for folder in folders {
        fs::create_dir_all(folder).map_err(|source| RestoreError::Io {
            action: "create the folder",
            path: folder.to_path_buf(),
            source,
        })?;
    }
    let (links, files): (Vec<_>, Vec<_>) = plan.write.iter().partition(|(_, f)| f.kind == EntryKind::Symlink);
    files.par_iter().try_for_each(|(path, file)| write_file(store, path, file, progress))?;
    for (path, bytes) in &plan.generated {
        let fill = |out: &mut BufWriter<File>| out.write_all(bytes).map_err(CopyError::Write);
        write_beside(path, false, fill)?;
    }
    // Last, so that no file is ever written through a link.
    links.into_iter().try_for_each(|(path, file)| write_link(path, file))?;
    progress.end();
    Ok(())
}

fn write_file(store: &Store, path: &Path, file: &TreeFile, progress: &dyn Progress) -> Result<(), RestoreError> {
    let Some(id) = file.id else { return Ok(()) };
    let executable = file.kind == EntryKind::Executable;
    write_beside(path, executable, |out| store.copy_file(id, out, progress).map(|_| ()))
}

/// Writes a file under a temporary name beside its place, then renames it.
fn write_beside(
    path: &Path,
    executable: bool,
    fill: impl FnOnce(&mut BufWriter<File>) -> Result<(), CopyError>,
) -> Result<(), RestoreError> {
    let failed = |action, source| RestoreError::Io { action, path: path.to_path_buf(), source };
    let temp = temp_path(path);
    let written = (|| {
        let created = File::options().write(true).create_new(true).open(&temp);
        let mut out = BufWriter::with_capacity(1 << 20, created.map_err(|e| failed("create a file beside", e))?);
        fill(&mut out).map_err(|error| match error {
            CopyError::Store(error) => RestoreError::Store(error),
            CopyError::Write(source) => failed("write", source),
        })?;
        let file = out.into_inner().map_err(|e| failed("write", e.into_error()))?;
        set_executable(&file, executable).map_err(|e| failed("set the mode of", e))?;
        drop(file);
        if path.is_dir() {
            return Err(failed("replace the folder", io::ErrorKind::IsADirectory.into()));
        }
        rename(&temp, path).map_err(|e| failed("write", e))
    })();
    if written.is_err() {
        // The error that matters is the one above.
        let _ = remove(&temp);
    }
    written
}

#[expect(clippy::disallowed_methods, reason = "restore writes into the folder the person named, not into the store")]
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)
}

#[expect(clippy::disallowed_methods, reason = "restore removes only what it made itself, or was told to replace")]
fn remove(path: &Path) -> io::Result<()> {
    fs::remove_file(path)
}

#[cfg(unix)]
fn set_executable(file: &File, executable: bool) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    if executable {
        let mode = file.metadata()?.permissions().mode();
        // As far as the umask lets a new file be read.
        file.set_permissions(fs::Permissions::from_mode(mode | (mode & 0o444) >> 2))?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn set_executable(_: &File, _: bool) -> io::Result<()> {
    Ok(())
}

fn write_link(path: &Path, file: &TreeFile) -> Result<(), RestoreError> {
    let failed = |source| RestoreError::Io { action: "create the link", path: path.to_path_buf(), source };
    let target = file.target.as_deref().unwrap_or_default();
    if fs::symlink_metadata(path).is_ok() {
        remove(path).map_err(failed)?;
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(target, path).map_err(failed)
    }
    #[cfg(not(unix))]
    {
        let mut out = File::create(path).map_err(failed)?;
        out.write_all(target.as_bytes()).map_err(failed)
    }
}

fn temp_path(path: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(uuid::Uuid::new_v4().simple().to_string());
    name.push(".restoring");
    path.with_file_name(name)
}

/// Whether the file at `path` is what would be written there.
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

/// Refuses names that lead elsewhere, and names that some systems cannot keep apart.
fn check_names(files: &[TreeFile], folds_case: bool) -> Result<(), RestoreError> {
    let unsafe_name =
        |path: &str, reason: &str| RestoreError::Unsafe { path: path.to_owned(), reason: reason.to_owned() };
    let mut folded: HashMap<String, &str> = HashMap::new();
    let mut kinds: BTreeMap<&str, bool> = BTreeMap::new();
    let mut contents: BTreeMap<&str, &TreeFile> = BTreeMap::new();
    for file in files {
        if file.path.len() > 4096 || !file.path.split('/').all(is_component) {
            return Err(unsafe_name(&file.path, "it is not a relative path of plain names"));
        }
        if contents.insert(&file.path, file).is_some_and(|other| other != file) {
            return Err(unsafe_name(&file.path, "two different files have that name"));
        }
        let ends = file.path.match_indices('/').map(|(i, _)| i).chain([file.path.len()]);
        for end in ends {
            let part = &file.path[..end];
            let folder = end != file.path.len();
            if *kinds.entry(part).or_insert(folder) != folder {
                return Err(unsafe_name(part, "it is a file and a folder at once"));
            }
            let key: String = part.nfc().collect::<String>().to_lowercase();
            match folded.insert(key, part) {
                Some(other) if other != part && folds_case => {
                    return Err(unsafe_name(
                        part,
                        &format!("it cannot be kept apart from `{other}` on this file system"),
                    ));
                }
                _ => {}
            }
        }
    }
    Ok(())
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
                let reason = format!("`{}` is not a folder", folder.display());
                return Err(RestoreError::Unsafe { path: path.to_owned(), reason });
            }
            _ => {}
        }
    }
    Ok(())
}
