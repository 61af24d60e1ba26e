//! A folder on a disk: the only writer of files in the library's own places.
//!
//! `publish`: temp file, fsync, rename, fsync of the folder. `publish_new`: temp file, fsync, `link(2)` (where a file
//! system has no links, a rename that replaces nothing), fsync of the folder. A failed fsync means the data is gone and is
//! never retried: the caller fails. Temp files live in `tmp/<uuid>.<host>/` beside a file that is locked while they are in
//! use; the next writer on that host removes those nobody locks. Of another host's locks this one may know nothing: what
//! that began is left alone for a day. Where locks hold nobody back, nothing is removed.
//!
//! Who may read and write the files is said in the store's description; where it is, the umask says nothing.
#![expect(clippy::disallowed_methods, reason = "this module is the one place that writes the store's files")]

use std::fmt::Debug;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use super::TMP;
use super::access::{Exposed, Lasting, exposed};
use super::backend::{Backend, BackendError, Entry, Lock, Opened, Published, Staged};
use super::staged::StagedFile;
#[cfg(unix)]
use crate::format::known::DiskTime;
use crate::format::store::Access;

/// What is locked: the store as a whole, and each folder of temp files.
pub(super) const LOCK: &str = "lock";
/// Between making a folder and locking it lie microseconds.
const ABOUT_TO_LOCK: Duration = Duration::from_secs(3600);
/// No pack takes as long: what another host began and did not go on with since is left over.
const ELSEWHERE: Duration = Duration::from_secs(24 * 3600);
/// So often others may take a folder away that was just made.
const ATTEMPTS: u32 = 1000;

/// A store's folder.
#[derive(Debug)]
pub struct Disk {
    root: PathBuf,
    scratch: Mutex<Option<Scratch>>,
    counter: std::sync::atomic::AtomicU64,
    /// For whom it is written; none: as the umask says.
    access: Mutex<Option<Access>>,
}

/// This process's own folder of temp files, held by a lock.
#[derive(Debug)]
struct Scratch {
    folder: PathBuf,
    _lock: File,
}

impl Disk {
    /// The folder `root`, whether or not it exists.
    pub fn new(root: PathBuf) -> Self {
        Self { root, scratch: Mutex::new(None), counter: 0.into(), access: Mutex::default() }
    }

    /// Makes the folder itself, for those whom `access` names.
    pub fn found(&self, access: Option<Access>) -> io::Result<()> {
        fs::create_dir_all(&self.root)?;
        self.keep_to(access);
        self.permit_folder(&self.root)
    }

    /// Where it is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    fn failed(&self, action: &'static str, name: &str, source: io::Error) -> BackendError {
        if source.kind() == io::ErrorKind::NotFound && action == "read" {
            return BackendError::NotFound { place: self.place(), name: name.to_owned() };
        }
        BackendError::Io { action, place: self.place(), name: name.to_owned(), source }
    }

    /// A file to be read, and its length. What is no file is not waited for, as opening a pipe would.
    fn open_file(&self, name: &str) -> Result<(File, u64), BackendError> {
        let file = open_without_waiting(&self.path(name)).map_err(|e| self.failed("read", name, e))?;
        match file.metadata().map_err(|e| self.failed("read", name, e))? {
            found if found.is_file() => Ok((file, found.len())),
            _ => Err(BackendError::NotAFile { place: self.place(), name: name.to_owned() }),
        }
    }

    fn access(&self) -> Option<Access> {
        *self.access.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Gives a file the mode that it is to have, whatever the umask says.
    #[cfg(unix)]
    fn permit(&self, file: &File, lasting: Lasting) -> io::Result<()> {
        use super::access::file_mode;
        self.access().map_or(Ok(()), |access| set_mode(file, file_mode(access, lasting)))
    }

    #[cfg(not(unix))]
    fn permit(&self, _: &File, _: Lasting) -> io::Result<()> {
        Ok(())
    }

    #[cfg(unix)]
    fn permit_folder(&self, folder: &Path) -> io::Result<()> {
        use super::access::folder_mode;
        self.access().map_or(Ok(()), |access| set_mode(&File::open(folder)?, folder_mode(access)))
    }

    #[cfg(not(unix))]
    fn permit_folder(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    /// Makes a folder and those above it; they are for whom the store is.
    fn make_folders(&self, folder: &Path) -> io::Result<()> {
        if self.access().is_none() || folder.is_dir() {
            return fs::create_dir_all(folder);
        }
        if let Some(above) = folder.parent().filter(|above| above.starts_with(&self.root)) {
            self.make_folders(above)?;
        }
        match fs::create_dir(folder) {
            Ok(()) => self.permit_folder(folder),
            // Somebody else's, a moment ago.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// A new file in this process's own folder below `tmp/`.
    fn temp_file(&self) -> io::Result<(PathBuf, File)> {
        let mut scratch = self.scratch.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if scratch.is_none() {
            let made = self.new_scratch()?;
            // Where locks hold nobody back, they say nothing of whose folder is in use.
            if holds_back(&made.folder.join(LOCK)) {
                self.sweep();
            }
            *scratch = Some(made);
        }
        let number = self.counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let folder = scratch.as_ref().map_or_else(|| self.path(TMP), |s| s.folder.clone());
        let path = folder.join(number.to_string());
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(&path)?;
        self.permit(&file, Lasting::Disposable)?;
        Ok((path, file))
    }

    /// A folder of our own, locked. Another process may sweep it in the moment before it is locked: then there is
    /// nothing behind the lock, and the next one is made.
    fn new_scratch(&self) -> io::Result<Scratch> {
        for _ in 0..ATTEMPTS {
            // A lock may be known to this host alone.
            let folder = self.path(TMP).join(format!("{}.{}", uuid::Uuid::new_v4(), host()));
            let path = folder.join(LOCK);
            // Another process may be removing the empty `tmp`, or sweeping, at this very moment.
            let lock = match self.make_folders(&folder).and_then(|()| File::create(&path)) {
                Err(e) if e.kind() == io::ErrorKind::NotFound && self.root.is_dir() => continue,
                other => other?,
            };
            self.permit(&lock, Lasting::Disposable)?;
            match lock.lock() {
                // A file system without locks: nothing is swept there, because no lock can be had.
                Err(e) if has_no_locks(&e) => {}
                other => other?,
            }
            if path.exists() {
                return Ok(Scratch { folder, _lock: lock });
            }
        }
        Err(io::ErrorKind::ResourceBusy.into())
    }

    /// Removes temp folders whose owner is gone: those whose lock can be had.
    fn sweep(&self) {
        let Ok(entries) = fs::read_dir(self.path(TMP)) else { return };
        for entry in entries.flatten() {
            // What a link leads to is not ours, whatever put it here.
            if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            let folder = entry.path();
            let is_file = fs::symlink_metadata(folder.join(LOCK)).is_ok_and(|data| data.is_file());
            // Held to the end: an owner who comes late waits, and then sees that its folder is gone.
            let lock = if is_file { File::open(folder.join(LOCK)) } else { Err(io::ErrorKind::NotFound.into()) };
            let is_older = |than: Duration| {
                let changed = entry.metadata().and_then(|data| data.modified());
                changed.is_ok_and(|time| time.elapsed().is_ok_and(|age| age > than))
            };
            let abandoned = match &lock {
                Ok(lock) => lock.try_lock().is_ok() && (is_of_this_host(&folder) || is_older(ELSEWHERE)),
                // Its owner died before it could lock it, or is about to.
                Err(_) => is_older(ABOUT_TO_LOCK),
            };
            if !abandoned {
                continue;
            }
            // The lock goes last, so that a sweep that is itself cut short is taken up again. Whatever stays is tried
            // again by the next writer.
            for file in fs::read_dir(&folder).into_iter().flatten().flatten().filter(|f| f.file_name() != LOCK) {
                let _ = fs::remove_file(file.path());
            }
            let _ = fs::remove_dir_all(&folder);
        }
    }

    /// The path of `name`, in a folder that is there for good.
    fn make_parent(&self, name: &str) -> Result<PathBuf, BackendError> {
        let path = self.path(name);
        if let Some(parent) = path.parent()
            && !parent.is_dir()
        {
            let mut missing = Vec::new();
            let mut folder = Some(parent);
            while let Some(f) = folder.filter(|f| !f.is_dir()) {
                missing.push(f.to_path_buf());
                folder = f.parent();
            }
            self.make_folders(parent).map_err(|e| self.failed("create the folder of", name, e))?;
            for made in missing {
                if let Some(above) = made.parent() {
                    sync_folder(above).map_err(|e| self.failed("sync the folder of", name, e))?;
                }
            }
        }
        Ok(path)
    }
}

/// Whether locks are what this file system does not have.
fn has_no_locks(error: &io::Error) -> bool {
    #[cfg(unix)]
    if error.raw_os_error() == Some(rustix::io::Errno::NOLCK.raw_os_error()) {
        return true;
    }
    error.kind() == io::ErrorKind::Unsupported
}

/// Whether a lock that is held on a file keeps a second one from being had. On some network file systems it does not.
fn holds_back(path: &Path) -> bool {
    let second = File::open(path).map(|file| file.try_lock());
    second.is_ok_and(|locked| matches!(locked, Err(TryLockError::WouldBlock)))
}

/// This machine among those that may share a store, as a part of a name.
fn host() -> String {
    #[cfg(unix)]
    let name = rustix::system::uname().nodename().to_bytes().to_vec();
    #[cfg(not(unix))]
    let name = Vec::new();
    blake3::hash(&name).to_hex()[..8].to_owned()
}

/// Whether a folder of temp files was made on this machine, or before they said on which.
fn is_of_this_host(folder: &Path) -> bool {
    folder.extension().is_none_or(|of| of.to_str() == Some(&host()))
}

/// Gives a file a name unless somebody has it: by a link, and where there are none by a rename that replaces nothing.
fn give_new_name(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        #[cfg(any(target_os = "linux", target_os = "macos"))]
        Err(error) if matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::Unsupported) => {
            use rustix::fs::{CWD, RenameFlags, renameat_with};
            match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
                Err(rustix::io::Errno::EXIST) => Err(io::ErrorKind::AlreadyExists.into()),
                // What the link said is the reason; that there is no such rename either is none.
                Err(_) => Err(error),
                Ok(()) => Ok(()),
            }
        }
        other => other,
    }
}

/// Gives an open file or folder a mode, unless it has it: only its owner may.
#[cfg(unix)]
fn set_mode(file: &File, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    if file.metadata()?.permissions().mode() & 0o7777 == mode {
        return Ok(());
    }
    file.set_permissions(fs::Permissions::from_mode(mode))
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// A file that is open; what is renamed to its name is another one.
struct OpenedFile {
    file: File,
    length: u64,
}

impl Opened for OpenedFile {
    fn length(&self) -> u64 {
        self.length
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        read_exact_at(&self.file, offset, buffer)
    }
}

#[cfg(unix)]
fn read_exact_at(file: &File, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, offset)
}

#[cfg(not(unix))]
fn read_exact_at(mut file: &File, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
    use std::io::{Seek, SeekFrom};
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    // Where the file is read next is one place for all who read it.
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    file.seek(SeekFrom::Start(offset)).and_then(|_| file.read_exact(buffer))
}

#[cfg(unix)]
fn open_without_waiting(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let nonblocking = rustix::fs::OFlags::NONBLOCK.bits() as i32;
    OpenOptions::new().read(true).custom_flags(nonblocking).open(path)
}

#[cfg(not(unix))]
fn open_without_waiting(path: &Path) -> io::Result<File> {
    File::open(path)
}

impl Backend for Disk {
    fn place(&self) -> String {
        self.root.display().to_string()
    }

    fn read(&self, name: &str, limit: u64) -> Result<Vec<u8>, BackendError> {
        let (file, length) = self.open_file(name)?;
        if length > limit {
            return Err(BackendError::TooLong { place: self.place(), name: name.to_owned(), length, limit });
        }
        let mut bytes = Vec::new();
        let no_memory = |_| self.failed("read", name, io::ErrorKind::OutOfMemory.into());
        bytes.try_reserve_exact(length as usize).map_err(no_memory)?;
        file.take(limit).read_to_end(&mut bytes).map_err(|e| self.failed("read", name, e))?;
        Ok(bytes)
    }

    fn read_at(&self, name: &str, offset: u64, buffer: &mut [u8]) -> Result<(), BackendError> {
        let (file, _) = self.open_file(name)?;
        read_exact_at(&file, offset, buffer).map_err(|e| self.failed("read", name, e))
    }

    fn open(&self, name: &str) -> Result<Box<dyn Opened>, BackendError> {
        let (file, length) = self.open_file(name)?;
        Ok(Box::new(OpenedFile { file, length }))
    }

    fn length(&self, name: &str) -> Result<Option<u64>, BackendError> {
        match fs::metadata(self.path(name)) {
            Ok(data) if data.is_file() => Ok(Some(data.len())),
            Ok(_) => Ok(None),
            Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
            Err(e) => Err(self.failed("read", name, e)),
        }
    }

    fn list(&self, folder: &str) -> Result<Vec<Entry>, BackendError> {
        let entries = match fs::read_dir(self.path(folder)) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(self.failed("list", folder, e)),
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|e| self.failed("list", folder, e))?;
            let folder = entry.file_type().is_ok_and(|t| t.is_dir());
            if let Ok(name) = entry.file_name().into_string() {
                found.push(Entry { name, folder });
            }
        }
        found.sort();
        Ok(found)
    }

    fn stage(&self) -> Result<Box<dyn Staged>, BackendError> {
        let (path, file) = self.temp_file().map_err(|e| self.failed("create a file in", TMP, e))?;
        Ok(Box::new(StagedFile::new(path, file, self.place())))
    }

    fn scratch(&self) -> io::Result<File> {
        let (path, file) = self.temp_file()?;
        fs::remove_file(path)?;
        Ok(file)
    }

    fn publish(&self, staged: Box<dyn Staged>, name: &str) -> Result<(), BackendError> {
        let foreign = || io::Error::other("staged elsewhere");
        let mut staged =
            staged.into_any().downcast::<StagedFile>().map_err(|_| self.failed("publish", name, foreign()))?;
        self.permit(staged.file(), Lasting::Immutable).map_err(|e| self.failed("publish", name, e))?;
        staged.sync().map_err(|e| self.failed("sync", name, e))?;
        let path = self.make_parent(name)?;
        fs::rename(staged.path(), &path).map_err(|e| self.failed("publish", name, e))?;
        path.parent().map_or(Ok(()), sync_folder).map_err(|e| self.failed("sync the folder of", name, e))
    }

    fn publish_new(&self, name: &str, bytes: &[u8]) -> Result<Published, BackendError> {
        let (temp, mut file) = self.temp_file().map_err(|e| self.failed("create a file for", name, e))?;
        let written = file.write_all(bytes).and_then(|()| self.permit(&file, Lasting::Immutable));
        let written = written.and_then(|()| file.sync_all());
        let linked = match written {
            Ok(()) => self.make_parent(name).map(|path| (give_new_name(&temp, &path), path)),
            Err(e) => Err(self.failed("write", name, e)),
        };
        // The link is what counts; the temp name is swept later if this fails.
        let _ = fs::remove_file(&temp);
        match linked? {
            (Ok(()), path) => {
                path.parent().map_or(Ok(()), sync_folder).map_err(|e| self.failed("sync the folder of", name, e))?;
                Ok(Published::Created)
            }
            (Err(e), _) if e.kind() == io::ErrorKind::AlreadyExists => Ok(Published::Exists),
            (Err(e), _) => Err(self.failed("publish", name, e)),
        }
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), BackendError> {
        let (old, new) = (self.path(from), self.make_parent(to)?);
        fs::rename(&old, &new).map_err(|e| self.failed("move", from, e))?;
        for (path, name) in [(&new, to), (&old, from)] {
            path.parent().map_or(Ok(()), sync_folder).map_err(|e| self.failed("sync the folder of", name, e))?;
        }
        Ok(())
    }

    fn erase(&self, name: &str) -> Result<(), BackendError> {
        if !name.starts_with("trash/") {
            return Err(self.failed("remove", name, io::ErrorKind::InvalidInput.into()));
        }
        let path = self.path(name);
        match fs::remove_file(&path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(self.failed("remove", name, e)),
            _ => {}
        }
        // The last one takes the folder with it.
        let _ = path.parent().map(fs::remove_dir);
        Ok(())
    }

    fn settle(&self, folder: &str) -> Result<(), BackendError> {
        let path = self.path(folder);
        if !path.is_dir() {
            return Ok(());
        }
        let synced = sync_folder(&path).and_then(|()| sync_folder(&self.root));
        synced.map_err(|e| self.failed("sync the folder", folder, e))
    }

    fn cache(&self, name: &str, bytes: &[u8]) -> Result<(), BackendError> {
        let (temp, mut file) = self.temp_file().map_err(|e| self.failed("create a file for", name, e))?;
        let path = self.path(name);
        // Nor is its folder durable: it is made anew.
        let made = path.parent().map_or(Ok(()), |parent| self.make_folders(parent));
        made.and_then(|()| file.write_all(bytes)).and_then(|()| fs::rename(&temp, &path)).map_err(|e| {
            let _ = fs::remove_file(&temp);
            self.failed("write", name, e)
        })
    }

    fn remove_cache(&self, name: &str) -> Result<(), BackendError> {
        match fs::remove_file(self.path(name)) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(self.failed("remove", name, e)),
            _ => Ok(()),
        }
    }

    #[cfg(unix)]
    fn now(&self) -> Option<DiskTime> {
        use std::os::unix::fs::MetadataExt;
        let (path, mut file) = self.temp_file().ok()?;
        let data = file.write_all(b"now").and_then(|()| file.metadata());
        let _ = fs::remove_file(path);
        let data = data.ok()?;
        let nanoseconds = data.mtime().checked_mul(1_000_000_000)?.checked_add(data.mtime_nsec())?;
        Some(DiskTime { nanoseconds, device: data.dev() })
    }

    fn keep_to(&self, access: Option<Access>) {
        *self.access.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = access;
    }

    fn exposed(&self, access: Access, most: usize) -> Vec<Exposed> {
        exposed(&self.root, access, most)
    }

    fn free(&self) -> Option<u64> {
        #[cfg(unix)]
        {
            let stat = rustix::fs::statvfs(&self.root).ok()?;
            Some(stat.f_bavail.saturating_mul(stat.f_frsize))
        }
        #[cfg(not(unix))]
        {
            None
        }
    }

    fn try_lock(&self, lock: Lock) -> Result<Option<Box<dyn Debug + Send>>, BackendError> {
        let path = self.path(LOCK);
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        // A read-only store is read without creating anything in it.
        let file = file.or_else(|_| File::open(&path));
        let file = match (file, lock) {
            (Ok(file), _) => {
                // Whoever made it has seen to it, or is the only one who can.
                let _ = self.permit(&file, Lasting::Disposable);
                file
            }
            (Err(_), Lock::Shared) => return Ok(Some(Box::new(()))),
            // Without a store there is nobody else in it.
            (Err(error), Lock::Exclusive) if error.kind() == io::ErrorKind::NotFound => return Ok(Some(Box::new(()))),
            (Err(error), Lock::Exclusive) => return Err(self.failed("lock", LOCK, error)),
        };
        let held = match lock {
            Lock::Shared => file.try_lock_shared(),
            Lock::Exclusive => file.try_lock(),
        };
        match held {
            // Who moves things away must know that nobody else is here.
            Ok(()) if lock == Lock::Exclusive && !holds_back(&path) => {
                Err(self.failed("lock", LOCK, io::ErrorKind::Unsupported.into()))
            }
            Ok(()) => Ok(Some(Box::new(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(e)) if has_no_locks(&e) && lock == Lock::Shared => Ok(Some(Box::new(()))),
            Err(TryLockError::Error(e)) => Err(self.failed("lock", LOCK, e)),
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let scratch = self.scratch.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(scratch) = scratch.take() {
            // Whatever stays is swept by the next writer.
            let _ = fs::remove_dir_all(&scratch.folder);
            let _ = fs::remove_dir(self.path(TMP));
        }
    }
}
