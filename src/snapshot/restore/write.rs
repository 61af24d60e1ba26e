//! Writing what was planned: all of it, or none.
//!
//! Every file is written and checked under a temporary name beside its place. Where nothing is, it then gets its name at
//! once, so that a restore which is killed goes on where it stopped; where another file is, it waits until all bytes
//! have turned out to be whole. If anything fails before, what was written is taken away again.
//!
//! Nothing is synced. The bytes are in the store: restoring once more hashes what is there, and writes again whatever a power
//! failure has left empty. To sync each file made 1,000 small ones take eight times as long, the whole file system once at the
//! end six times; one of 200 MB, half as long again (ext4, 2 cores).

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::elsewhere::{self, CopyFailed};
use super::holes::WithHoles;
use super::{RestoreError, RestorePlan, Twins};
use crate::format::tree::EntryKind;
use crate::progress::{Progress, Unit};
use crate::store::CopyError;
use crate::store::Store;

/// What could not be done although the files are right.
#[derive(Debug, Default)]
pub struct Applied {
    /// Files whose executable bit stayed wrong, and why: not every file system has one.
    pub wrong_modes: Vec<(PathBuf, io::Error)>,
}

/// Whether what was planned may be written: without `force`, only where nothing is in the way.
pub fn check(plan: &RestorePlan, force: bool) -> Result<(), RestoreError> {
    // A folder never gives way to a file.
    let folders = || plan.overwrite.iter().find(|path| fs::symlink_metadata(path).is_ok_and(|data| data.is_dir()));
    if !force && !plan.overwrite.is_empty() {
        return Err(RestoreError::InTheWay { paths: plan.overwrite.clone() });
    }
    match folders() {
        Some(path) => Err(RestoreError::Stopped { left: Vec::new(), source: Box::new(is_a_folder(path)) }),
        None => Ok(()),
    }
}

fn is_a_folder(path: &Path) -> RestoreError {
    let source = io::ErrorKind::IsADirectory.into();
    RestoreError::Io { action: "replace the folder", path: path.to_path_buf(), source }
}

/// Writes what was planned, sharing the bytes of `twins` where that can be done. Without `force`, nothing is written if
/// anything is in the way.
pub fn apply(
    store: &Store,
    plan: &RestorePlan,
    twins: &Twins,
    force: bool,
    progress: &dyn Progress,
) -> Result<Applied, RestoreError> {
    check(plan, force)?;
    let mut work = Work::new(plan);
    match work.run(store, twins, progress) {
        Ok(()) => Ok(Applied { wrong_modes: set_modes(&plan.modes) }),
        Err(source) => Err(RestoreError::Stopped { left: work.take_back(), source: Box::new(source) }),
    }
}

/// Files up to this size are written side by side: 32 MiB.
const LARGE: u64 = 32 << 20;

/// What has been written so far.
struct Work<'a> {
    plan: &'a RestorePlan,
    /// Places where something else is.
    taken: HashSet<&'a Path>,
    /// Folders made, outer ones first.
    folders: Vec<PathBuf>,
    /// Files where nothing was, by their number in the plan, those that were generated behind the others.
    made: Mutex<Vec<usize>>,
    /// Whole files under their temporary names, and the places where something else is.
    waiting: Mutex<Vec<(PathBuf, PathBuf)>>,
    /// Files that took another's place.
    replaced: Vec<PathBuf>,
}

impl<'a> Work<'a> {
    fn new(plan: &'a RestorePlan) -> Self {
        Self {
            plan,
            taken: plan.overwrite.iter().map(PathBuf::as_path).collect(),
            folders: Vec::new(),
            made: Mutex::default(),
            waiting: Mutex::default(),
            replaced: Vec::new(),
        }
    }

    fn run(&mut self, store: &Store, twins: &Twins, progress: &dyn Progress) -> Result<(), RestoreError> {
        let plan = self.plan;
        progress.begin("restoring", plan.bytes, Unit::Bytes);
        self.make_folders()?;
        let numbers = plan.write.iter().copied();
        let (links, files): (Vec<_>, Vec<_>) = numbers.partition(|at| plan.files[*at].kind == EntryKind::Symlink);
        let restore = |at: &usize| {
            let file = &plan.files[*at];
            let Some(id) = file.id else { return Ok(()) };
            let executable = file.kind == EntryKind::Executable;
            self.write_file(*at, executable, |out| {
                if let Some(from) = plan.from.get(&id) {
                    return elsewhere::copy(from, id, out, progress).map_err(|error| self.not_copied(*at, from, error));
                }
                let shared = twins.share(id, file.size, out.get_mut().file()).map_err(|e| self.not_written(*at, e))?;
                if shared {
                    progress.advance(file.size);
                    return Ok(());
                }
                store.copy_file(id, out, progress).map(drop).map_err(|error| match error {
                    CopyError::Store(error) => RestoreError::Store(error),
                    CopyError::Write(source) => self.not_written(*at, source),
                })
            })
        };
        // A large file takes all cores by itself.
        let (large, small): (Vec<_>, Vec<_>) = files.into_iter().partition(|at| plan.files[*at].size > LARGE);
        small.par_iter().try_for_each(restore)?;
        large.iter().try_for_each(restore)?;
        for (at, (_, bytes)) in plan.generated.iter().enumerate() {
            let at = plan.files.len() + at;
            self.write_file(at, false, |out| out.write_all(bytes).map_err(|e| self.not_written(at, e)))?;
        }
        // Last, so that no file is ever written through a link.
        for at in links {
            self.write_link(at)?;
        }
        // From here on there is no way back; all that is left to do is to give names.
        let waiting = std::mem::take(self.waiting.get_mut().unwrap_or_else(PoisonError::into_inner));
        let mut waiting = waiting.into_iter();
        while let Some((temp, path)) = waiting.next() {
            if let Err(source) = rename(&temp, &path) {
                // What still waits is taken back with the rest.
                self.waiting = Mutex::new(std::iter::once((temp, path.clone())).chain(waiting).collect());
                return Err(RestoreError::Io { action: "write", path, source });
            }
            self.replaced.push(path);
        }
        progress.end();
        Ok(())
    }

    fn make_folders(&mut self) -> Result<(), RestoreError> {
        let plan = self.plan;
        let mut folders: Vec<&str> = Vec::new();
        for file in plan.to_write() {
            let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
            if folders.last() != Some(&folder) {
                folders.push(folder);
            }
        }
        folders.extend(plan.generated.iter().map(|_| ""));
        folders.sort_unstable();
        folders.dedup();
        for folder in folders {
            let folder = &if folder.is_empty() { plan.target.clone() } else { plan.target.join(folder) };
            let missing = folder.ancestors().take_while(|f| !f.as_os_str().is_empty() && !f.exists());
            let missing: Vec<PathBuf> = missing.map(Path::to_path_buf).collect();
            self.folders.extend(missing.into_iter().rev());
            fs::create_dir_all(folder).map_err(|source| RestoreError::Io {
                action: "create the folder",
                path: folder.to_path_buf(),
                source,
            })?;
        }
        Ok(())
    }

    /// Where a file goes.
    fn path(&self, at: usize) -> PathBuf {
        match self.plan.files.get(at) {
            Some(file) => self.plan.target.join(&file.path),
            None => self.plan.generated[at - self.plan.files.len()].0.clone(),
        }
    }

    fn not_written(&self, at: usize, source: io::Error) -> RestoreError {
        RestoreError::Io { action: "write", path: self.path(at), source }
    }

    fn not_copied(&self, at: usize, from: &Path, error: CopyFailed) -> RestoreError {
        match error {
            CopyFailed::Read(source) => RestoreError::Io { action: "read", path: from.to_path_buf(), source },
            CopyFailed::Write(source) => self.not_written(at, source),
            CopyFailed::Changed => RestoreError::Changed { path: from.to_path_buf() },
        }
    }

    /// Writes a whole file, and gives it its name or lets it wait.
    fn write_file(
        &self,
        at: usize,
        executable: bool,
        fill: impl FnOnce(&mut BufWriter<WithHoles>) -> Result<(), RestoreError>,
    ) -> Result<(), RestoreError> {
        let path = self.path(at);
        let failed = |action, source| RestoreError::Io { action, path: path.clone(), source };
        let temp = temp_path(&path);
        self.place(&temp, &path, at, || {
            let created = File::options().read(true).write(true).create_new(true).open(&temp);
            let created = WithHoles::new(created.map_err(|e| failed("create a file beside", e))?);
            let mut out = BufWriter::with_capacity(1 << 20, created);
            fill(&mut out)?;
            let written = out.into_inner().map_err(io::IntoInnerError::into_error).and_then(WithHoles::finish);
            let file = written.map_err(|e| failed("write", e))?;
            set_executable(&file, executable).map_err(|e| failed("set the mode of", e))
        })
    }

    fn write_link(&self, at: usize) -> Result<(), RestoreError> {
        let path = self.path(at);
        let failed = |source| RestoreError::Io { action: "create the link", path: path.clone(), source };
        let temp = temp_path(&path);
        let target = self.plan.files[at].target.as_deref().unwrap_or_default();
        self.place(&temp, &path, at, || make_link(&temp, target).map_err(failed))
    }

    /// What `write` writes to `temp` gets the name `path`, now if nothing is there.
    fn place(
        &self,
        temp: &Path,
        path: &Path,
        at: usize,
        write: impl FnOnce() -> Result<(), RestoreError>,
    ) -> Result<(), RestoreError> {
        let failed = |action, source| RestoreError::Io { action, path: path.to_path_buf(), source };
        let placed = write().and_then(|()| {
            if fs::symlink_metadata(path).is_ok_and(|data| data.is_dir()) {
                return Err(is_a_folder(path));
            }
            if self.taken.contains(path) {
                push(&self.waiting, (temp.to_path_buf(), path.to_path_buf()));
                return Ok(());
            }
            rename(temp, path).map_err(|e| failed("write", e))?;
            push(&self.made, at);
            Ok(())
        });
        if placed.is_err() {
            // The error that matters is the one above.
            let _ = remove(temp);
        }
        placed
    }

    /// Takes away what was written; what stays all the same is returned.
    fn take_back(mut self) -> Vec<PathBuf> {
        let mut left = std::mem::take(&mut self.replaced);
        for (temp, _) in std::mem::take(self.waiting.get_mut().unwrap_or_else(PoisonError::into_inner)) {
            left.extend(remove(&temp).err().map(|_| temp));
        }
        for at in std::mem::take(self.made.get_mut().unwrap_or_else(PoisonError::into_inner)) {
            let path = self.path(at);
            left.extend(remove(&path).err().map(|_| path));
        }
        for folder in self.folders.iter().rev() {
            // One that somebody else has put something into stays.
            let _ = remove_folder(folder);
        }
        left.sort();
        left
    }
}

fn push<T>(list: &Mutex<Vec<T>>, item: T) {
    list.lock().unwrap_or_else(PoisonError::into_inner).push(item);
}

#[expect(clippy::disallowed_methods, reason = "restore writes into the folder the person named, not into the store")]
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)
}

#[expect(clippy::disallowed_methods, reason = "restore removes only what it made itself")]
fn remove(path: &Path) -> io::Result<()> {
    fs::remove_file(path)
}

#[expect(clippy::disallowed_methods, reason = "restore removes only what it made itself, and only if it is empty")]
fn remove_folder(path: &Path) -> io::Result<()> {
    fs::remove_dir(path)
}

#[cfg(unix)]
fn set_executable(file: &File, executable: bool) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    if executable {
        let mode = file.metadata()?.permissions().mode();
        file.set_permissions(fs::Permissions::from_mode(with_bit(mode, true)))?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn set_executable(_: &File, _: bool) -> io::Result<()> {
    Ok(())
}

/// Whoever may read it may run it, so that the umask has its say; or nobody.
#[cfg(unix)]
const fn with_bit(mode: u32, executable: bool) -> u32 {
    if executable { mode | (mode & 0o444) >> 2 } else { mode & !0o111 }
}

/// Sets or clears executable bits; returns where that failed.
#[cfg(unix)]
fn set_modes(modes: &[(PathBuf, bool)]) -> Vec<(PathBuf, io::Error)> {
    use std::os::unix::fs::PermissionsExt;
    let set = |path: &Path, executable: bool| {
        let mode = fs::symlink_metadata(path)?.permissions().mode();
        fs::set_permissions(path, fs::Permissions::from_mode(with_bit(mode, executable)))
    };
    modes.iter().filter_map(|(path, executable)| set(path, *executable).err().map(|e| (path.clone(), e))).collect()
}

#[cfg(not(unix))]
fn set_modes(_: &[(PathBuf, bool)]) -> Vec<(PathBuf, io::Error)> {
    Vec::new()
}

#[cfg(unix)]
fn make_link(path: &Path, target: &str) -> io::Result<()> {
    std::os::unix::fs::symlink(target, path)
}

/// Elsewhere a link is a file that holds its target, as git writes it.
#[cfg(not(unix))]
fn make_link(path: &Path, target: &str) -> io::Result<()> {
    File::options().write(true).create_new(true).open(path)?.write_all(target.as_bytes())
}

fn temp_path(path: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(uuid::Uuid::new_v4().simple().to_string());
    name.push(".restoring");
    path.with_file_name(name)
}
