//! How far a full check has come. It is written down as it goes, so that one that was cut short can go on where it stopped.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Backend, CACHE, Store};
use crate::format::checked::{self, CheckedPackRecord, CheckedRecord};

const FILE: &str = "checked-packs";
/// No such file is longer: 64 MiB, of a million packs.
const MAX_FILE: u64 = 64 << 20;
/// Bytes that are read for each byte that is written down, at least: a hundredth of the time, at most.
const WORTH: u64 = 100;
/// Bytes one pack takes in the file.
const ENTRY: u64 = 48;

/// Packs that were read whole and found sound, by one check that may have been cut short.
pub struct Checked<'c> {
    packs: BTreeMap<[u8; 32], (u64, i64)>,
    /// Where it is written down; nowhere for a check that cannot be gone on with.
    kept: Option<Arc<dyn Backend>>,
    /// Milliseconds since 1970.
    now: &'c dyn Fn() -> i64,
    /// Bytes read since it was written down.
    unwritten: u64,
}

impl Checked<'_> {
    /// Of a check that nobody goes on with.
    pub fn unkept() -> Self {
        Self { packs: BTreeMap::new(), kept: None, now: &|| 0, unwritten: 0 }
    }

    pub(super) fn when(&self, name: &[u8; 32], length: u64) -> Option<i64> {
        self.packs.get(name).filter(|(known, _)| *known == length).map(|(_, time)| *time)
    }

    pub(super) fn add(&mut self, name: [u8; 32], length: u64) {
        self.packs.insert(name, (length, (self.now)()));
        self.unwritten += length;
        if self.unwritten >= WORTH * ENTRY * self.packs.len() as u64 {
            self.write();
        }
    }

    /// Writes it down. Where that cannot be, the next check begins anew.
    pub(super) fn write(&mut self) {
        let Some(backend) = &self.kept else { return };
        let pack = |(name, (length, time)): (&[u8; 32], &(u64, i64))| CheckedPackRecord {
            name: *name,
            length: *length,
            time: *time,
        };
        if let Ok(bytes) = checked::encode(&CheckedRecord { packs: self.packs.iter().map(pack).collect() }) {
            let _ = backend.cache(&path(), &bytes);
        }
        self.unwritten = 0;
    }

    /// The check came to its end: there is nothing to go on with.
    pub fn finish(&self) {
        if let Some(backend) = &self.kept {
            let _ = backend.remove_cache(&path());
        }
    }
}

impl Store {
    /// A check that begins anew and can be gone on with. `now` tells milliseconds since 1970.
    pub fn begin_check<'c>(&self, now: &'c dyn Fn() -> i64) -> Checked<'c> {
        let kept = Some(Arc::clone(&self.backend));
        Checked { packs: BTreeMap::new(), kept, now, unwritten: 0 }
    }

    /// The check that was cut short, if there is one; else one that begins anew.
    pub fn resume_check<'c>(&self, now: &'c dyn Fn() -> i64) -> Checked<'c> {
        let mut checked = self.begin_check(now);
        let before = self.backend.read(&path(), MAX_FILE).ok().and_then(|bytes| checked::decode(&bytes));
        let packs = before.unwrap_or_default().packs.into_iter();
        checked.packs = packs.map(|pack| (pack.name, (pack.length, pack.time))).collect();
        checked
    }
}

fn path() -> String {
    format!("{CACHE}/{FILE}")
}
