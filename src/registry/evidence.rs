//! Evidence as the journal tells of it: what was attached to which version, and which candidates an evaluation set has judged.

use super::State;
use crate::format::checkpoint::AttachedRow;
use crate::format::event::{AttachedRecord, EventRef, UsedSetRecord};
use crate::id::SnapshotId;
use crate::name::{SetName, Version};

impl State {
    /// Everything that was attached to a version, in the order it was.
    pub fn attached_to(&self, version: Version) -> impl DoubleEndedIterator<Item = &AttachedRow> {
        self.attached.iter().filter(move |row| row.version == version)
    }

    /// The newest evidence of a set that was attached to a version.
    pub fn attached_set(&self, version: Version, set: &SetName) -> Option<&AttachedRow> {
        self.attached_to(version).rev().find(|row| row.set == *set)
    }

    /// The how many-th candidate this is, or would be, that an evaluation set judges. The same one again is no other use.
    pub fn use_of(&self, set: &UsedSetRecord, candidate: SnapshotId) -> u64 {
        let judged = self.uses.get(&set.sha256).map(Vec::as_slice).unwrap_or_default();
        let now = set.judged(candidate);
        judged.iter().position(|known| *known == now).unwrap_or(judged.len()) as u64 + 1
    }

    pub(super) fn attach(
        &mut self,
        version: Version,
        snapshot: SnapshotId,
        evidence: &AttachedRecord,
        event: EventRef,
    ) -> Result<(), &'static str> {
        if self.version(version).is_none_or(|row| row.snapshot != snapshot) {
            return Err("it attaches evidence to a version that does not exist");
        }
        self.attached.push(AttachedRow { version, set: evidence.set().clone(), file: evidence.file(), event });
        Ok(())
    }

    pub(super) fn count_use(&mut self, set: &UsedSetRecord, candidate: SnapshotId) {
        let judged = self.uses.entry(set.sha256).or_default();
        let now = set.judged(candidate);
        if !judged.contains(&now) {
            judged.push(now);
        }
    }
}
