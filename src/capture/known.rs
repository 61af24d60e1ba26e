//! Files that need not be read, because they are what they were when they were last read.
//!
//! The rules are git's (`racy-git`): a file is known by its size, both its times, its inode and its file system. `cp -p`
//! and `touch -r` set the one time and not the other. What was changed in the very moment it was read, or after the file
//! system's "now" of before, is not known: it could be changed once more within the same tick of that clock.
//!
//! What a program writes through a mapping of the file may show late in its times; git is deceived by that too.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use super::files::SourceFile;
use crate::digest::Digest;
use crate::format::known::{DiskTime, KnownFileRecord, KnownFilesRecord, KnownListRecord, StampRecord};
use crate::host;
use crate::id::TreeId;

/// Where a file system's clock is not the one asked, but both are this machine's: the coarsest tick of any, in nanoseconds.
const COARSEST: i128 = 2_000_000_000;

/// What is known, and what is learned meanwhile.
pub struct Known<'n> {
    before: KnownFilesRecord,
    /// Which of the files were asked for, and are what they were.
    same: Vec<AtomicBool>,
    /// Behind the file asked for last: they are mostly asked for in their order.
    next: AtomicUsize,
    now: OnceLock<Option<DiskTime>>,
    ask: Box<dyn Fn() -> Option<DiskTime> + Send + Sync + 'n>,
    learned: Mutex<BTreeMap<String, KnownFileRecord>>,
    lists: Mutex<Vec<KnownListRecord>>,
    local: Mutex<HashMap<u64, bool>>,
}

impl<'n> Known<'n> {
    /// Begins with what was kept. `ask` tells the file system's time; it is asked once, before the first file is read.
    pub fn new(mut kept: KnownFilesRecord, ask: impl Fn() -> Option<DiskTime> + Send + Sync + 'n) -> Self {
        kept.files.sort_by(|a, b| a.path.cmp(&b.path));
        Self {
            same: kept.files.iter().map(|_| false.into()).collect(),
            next: 0.into(),
            before: kept,
            now: OnceLock::new(),
            ask: Box::new(ask),
            learned: Mutex::default(),
            lists: Mutex::default(),
            local: Mutex::default(),
        }
    }

    /// What the file hashes to, if that is known. If not, it is to be read now, and [`learn`](Self::learn)ed.
    pub fn digest(&self, file: &SourceFile) -> Option<Digest> {
        if let Some(at) = file.disk.to_str().and_then(|path| self.position(path))
            && Some(self.before.files[at].stamp) == file.stamp()
        {
            self.same[at].store(true, Ordering::Relaxed);
            return Some(self.before.files[at].sha256);
        }
        self.now.get_or_init(&self.ask);
        None
    }

    fn position(&self, path: &str) -> Option<usize> {
        let files = &self.before.files;
        let next = self.next.load(Ordering::Relaxed);
        let at = match files.get(next) {
            Some(file) if file.path == path => next,
            _ => files.binary_search_by(|file| file.path.as_str().cmp(path)).ok()?,
        };
        self.next.store(at + 1, Ordering::Relaxed);
        Some(at)
    }

    /// The file was read whole since [`digest`](Self::digest) was asked, and hashed to `sha256`.
    pub fn learn(&self, file: &SourceFile, sha256: Digest) {
        let (Some(stamp), Some(path), Some(Some(now))) = (file.stamp(), file.disk.to_str(), self.now.get()) else {
            return;
        };
        if self.is_past(&stamp, now, &file.disk) {
            let record = KnownFileRecord { path: path.to_owned(), stamp, sha256 };
            lock(&self.learned).insert(path.to_owned(), record);
        }
    }

    /// The trees that a list of files became, if that is known: they need not be stored.
    pub fn trees(&self, list: &Digest) -> Option<Vec<TreeId>> {
        let known = self.before.lists.iter().find(|known| known.list == *list)?;
        lock(&self.lists).push(known.clone());
        Some(known.trees.clone())
    }

    /// A list of files became `trees`, the outermost first.
    pub fn learn_trees(&self, list: Digest, trees: Vec<TreeId>) {
        let mut lists = lock(&self.lists);
        lists.retain(|known| known.list != list);
        lists.push(KnownListRecord { list, trees });
    }

    /// What to keep for the next time: every file and list that was asked for. None, if that is what was kept before.
    pub fn to_keep(&self) -> Option<KnownFilesRecord> {
        let (learned, lists) = (lock(&self.learned), lock(&self.lists));
        let same = |at: &usize| self.same[*at].load(Ordering::Relaxed);
        let all_same = (0..self.same.len()).all(|at| same(&at));
        if learned.is_empty() && all_same && *lists == self.before.lists {
            return None;
        }
        let before = (0..self.same.len()).filter(same).map(|at| &self.before.files[at]);
        let before = before.filter(|file| !learned.contains_key(&file.path));
        let mut files: Vec<KnownFileRecord> = before.chain(learned.values()).cloned().collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Some(KnownFilesRecord { files, lists: lists.clone() })
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
