//! Files that need not be read, because they are what they were when they were last read.
//!
//! The rules are git's (`racy-git`): a file is known by its size, both its times, its inode and its file system. `cp -p`
//! and `touch -r` set the one time and not the other. What was changed in the very moment it was read, or after the file
//! system's "now" of before, is not known: it could be changed once more within the same tick of that clock.
//!
//! What a program writes through a mapping of the file may show late in its times; git is deceived by that too.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use super::files::SourceFile;
use crate::digest::Digest;
use crate::format::known::{DiskTime, KnownFileRecord, KnownFilesRecord, KnownListRecord, KnownMd5Record, StampRecord};
use crate::host;
use crate::id::TreeId;

/// Where a file system's clock is not the one asked, but both are this machine's: the coarsest tick of any, in nanoseconds.
const COARSEST: i64 = 2_000_000_000;

/// What is known, and what is learned meanwhile.
pub struct Known<'n> {
    /// The project's folder and a slash; nothing where it is not UTF-8.
    project: String,
    before: KnownFilesRecord,
    /// Which of the files were asked for, and are what they were.
    same: Vec<AtomicBool>,
    /// Behind the file asked for last: they are mostly asked for in their order.
    next: AtomicUsize,
    now: OnceLock<Option<DiskTime>>,
    ask: Box<dyn Fn() -> Option<DiskTime> + Send + Sync + 'n>,
    learned: Mutex<KnownFilesRecord>,
    lists: Mutex<Vec<KnownListRecord>>,
    md5: Mutex<BTreeSet<KnownMd5Record>>,
    local: Mutex<HashMap<u64, bool>>,
}

impl<'n> Known<'n> {
    /// Begins with what was kept of a workspace. `ask` tells the file system's time; it is asked once, before the first file
    /// is read.
    pub fn new(
        project: &Path,
        mut kept: KnownFilesRecord,
        ask: impl Fn() -> Option<DiskTime> + Send + Sync + 'n,
    ) -> Self {
        kept.sort();
        Self {
            project: project.to_str().map(|path| format!("{path}/")).unwrap_or_default(),
            same: (0..kept.len()).map(|_| false.into()).collect(),
            next: 0.into(),
            before: kept,
            now: OnceLock::new(),
            ask: Box::new(ask),
            learned: Mutex::default(),
            lists: Mutex::default(),
            md5: Mutex::default(),
            local: Mutex::default(),
        }
    }

    /// What the file hashes to, if that is known. If not, it is to be read now, and [`learn`](Self::learn)ed.
    pub fn digest(&self, file: &SourceFile) -> Option<Digest> {
        let disk = file.disk();
        if let Some(at) = self.name(&disk).and_then(|name| self.position(name))
            && Some(self.before.file(at).stamp) == file.stamp()
        {
            self.same[at].store(true, Ordering::Relaxed);
            return Some(self.before.file(at).sha256);
        }
        self.now.get_or_init(&self.ask);
        None
    }

    /// What a file is called in the list: from the project, or absolute.
    fn name<'p>(&self, disk: &'p Path) -> Option<&'p str> {
        let path = disk.to_str()?;
        Some(path.strip_prefix(&self.project).unwrap_or(path))
    }

    fn position(&self, name: &str) -> Option<usize> {
        let next = self.next.load(Ordering::Relaxed);
        let at =
            if next < self.before.len() && self.before.path(next) == name { next } else { self.before.find(name)? };
        self.next.store(at + 1, Ordering::Relaxed);
        Some(at)
    }

    /// The file was read whole since [`digest`](Self::digest) was asked, and hashed to `sha256`.
    pub fn learn(&self, file: &SourceFile, sha256: Digest) {
        let disk = file.disk();
        let (Some(stamp), Some(name), Some(Some(now))) = (file.stamp(), self.name(&disk), self.now.get()) else {
            return;
        };
        if self.is_past(&stamp, now, &disk) {
            lock(&self.learned).push(name, KnownFileRecord { stamp, sha256 });
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

    /// What DVC calls the content that hashes to `sha256`, if that is known.
    pub fn md5(&self, sha256: &Digest, dos2unix: bool) -> Option<[u8; 16]> {
        let at = self.before.md5.binary_search_by(|known| (known.sha256, known.dos2unix).cmp(&(*sha256, dos2unix)));
        let known = self.before.md5.get(at.ok()?)?;
        lock(&self.md5).insert(*known);
        Some(known.md5)
    }

    /// DVC calls the content that hashes to `sha256` so.
    pub fn learn_md5(&self, sha256: Digest, dos2unix: bool, md5: [u8; 16]) {
        lock(&self.md5).insert(KnownMd5Record { sha256, dos2unix, md5 });
    }

    /// What to keep for the next time: every file and list that was asked for. None, if that is what was kept before.
    pub fn into_kept(self) -> Option<KnownFilesRecord> {
        let (learned, lists) = (unlock(self.learned), unlock(self.lists));
        let md5: Vec<KnownMd5Record> = unlock(self.md5).into_iter().collect();
        let same: Vec<bool> = self.same.into_iter().map(AtomicBool::into_inner).collect();
        if learned.is_empty() && same.iter().all(|same| *same) && lists == self.before.lists && md5 == self.before.md5 {
            return None;
        }
        let mut kept = self.before;
        let mut same = same.into_iter();
        kept.retain(|_| same.next().unwrap_or_default());
        // Of a file that was known before, what was learned comes behind.
        kept.append(learned);
        kept.sort();
        (kept.lists, kept.md5) = (lists, md5);
        Some(kept)
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

fn unlock<T>(mutex: Mutex<T>) -> T {
    mutex.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
