//! Files that need not be read, because they are what they were when they were last read.
//!
//! The rules are git's (`racy-git`): a file is known by its size, both its times, its inode and its file system. `cp -p`
//! and `touch -r` set the one time and not the other. What was changed in the very moment it was read, or after the file
//! system's "now" of before, is not known: it could be changed once more within the same tick of that clock.
//!
//! What a program writes through a mapping of the file may show late in its times; git is deceived by that too.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use super::files::SourceFile;
use crate::digest::Digest;
use crate::format::known::{DiskTime, KnownFileRecord, KnownFilesRecord, StampRecord};
use crate::host;

/// Where a file system's clock is not the one asked, but both are this machine's: the coarsest tick of any, in nanoseconds.
const COARSEST: i128 = 2_000_000_000;

/// What is known, and what is learned meanwhile.
pub struct Known<'n> {
    before: HashMap<String, KnownFileRecord>,
    now: OnceLock<Option<DiskTime>>,
    ask: Box<dyn Fn() -> Option<DiskTime> + Send + Sync + 'n>,
    seen: Mutex<HashMap<String, KnownFileRecord>>,
    learned: AtomicBool,
    local: Mutex<HashMap<u64, bool>>,
}

impl<'n> Known<'n> {
    /// Begins with what was kept. `ask` tells the file system's time; it is asked once, before the first file is read.
    pub fn new(kept: KnownFilesRecord, ask: impl Fn() -> Option<DiskTime> + Send + Sync + 'n) -> Self {
        Self {
            before: kept.files.into_iter().map(|file| (file.path.clone(), file)).collect(),
            now: OnceLock::new(),
            ask: Box::new(ask),
            seen: Mutex::default(),
            learned: false.into(),
            local: Mutex::default(),
        }
    }

    /// What the file hashes to, if that is known. If not, it is to be read now, and [`learn`](Self::learn)ed.
    pub fn digest(&self, file: &SourceFile) -> Option<Digest> {
        let known = file.disk.to_str().and_then(|path| self.before.get(path));
        if let Some(known) = known
            && Some(known.stamp) == file.stamp()
        {
            lock(&self.seen).insert(known.path.clone(), known.clone());
            return Some(known.sha256);
        }
        self.now.get_or_init(&self.ask);
        None
    }

    /// The file was read whole since [`digest`](Self::digest) was asked, and hashed to `sha256`.
    pub fn learn(&self, file: &SourceFile, sha256: Digest) {
        let (Some(stamp), Some(path), Some(Some(now))) = (file.stamp(), file.disk.to_str(), self.now.get()) else {
            return;
        };
        if self.is_past(&stamp, now, &file.disk) {
            lock(&self.seen).insert(path.to_owned(), KnownFileRecord { path: path.to_owned(), stamp, sha256 });
            self.learned.store(true, Ordering::Relaxed);
        }
    }

    /// What to keep for the next time: every file that was asked for. None, if that is what was kept before.
    pub fn to_keep(&self) -> Option<KnownFilesRecord> {
        let seen = lock(&self.seen);
        if !self.learned.load(Ordering::Relaxed) && seen.len() == self.before.len() {
            return None;
        }
        let mut files: Vec<KnownFileRecord> = seen.values().cloned().collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Some(KnownFilesRecord { files })
    }

    /// Whether whatever changes the file from now on gets another time.
    fn is_past(&self, stamp: &StampRecord, now: &DiskTime, path: &Path) -> bool {
        let latest = stamp.modified.max(stamp.changed);
        if stamp.device == now.device {
            return latest < now.nanoseconds;
        }
        latest < now.nanoseconds - COARSEST
            && *lock(&self.local).entry(stamp.device).or_insert_with(|| host::has_our_clock(path))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
