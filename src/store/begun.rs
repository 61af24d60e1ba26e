//! Collections that have begun and are not in the journal yet.
//!
//! What a collection is about to do is noted in the trash, durably, before anything leaves its place. Whatever cuts it short,
//! the next one can tell from the note and from what is still there how far it came.

use std::collections::HashSet;

use super::collect::{Collected, Fate, PackPlan};
use super::pack_writer::pack_path;
use super::{BEGUN, BackendError, Store, StoreError, TRASH};
use crate::format::collection::{self, CollectionRecord, GoingPack};

/// No note is longer: packs and files in the trash take less than 200 bytes each.
const MAX_NOTE: u64 = 1 << 30;

/// How far a collection came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Came {
    /// What went.
    pub collected: Collected,
    /// Bytes that were removed from the trash for good.
    pub emptied: u64,
}

impl Store {
    /// Notes what is about to be done: `plans`, and the removal of what lies in the trash since before `time`. Hold the store
    /// exclusively.
    pub fn begin_collection(
        &self,
        begun: CollectionRecord,
        plans: &[PackPlan],
        time: Option<&str>,
    ) -> Result<(), StoreError> {
        let going = plans.iter().filter(|plan| plan.fate != Fate::Keep);
        let packs =
            going.map(|plan| GoingPack { name: plan.name, objects: plan.dead.len() as u64, freed: plan.freed() });
        let mut record = CollectionRecord { packs: packs.collect(), ..begun };
        for (folder, name) in
            self.trash()?.into_iter().filter(|(folder, _)| time.is_some_and(|time| folder.as_str() < time))
        {
            let path = format!("{TRASH}/{folder}/{name}");
            let bytes = self.backend.length(&path)?.unwrap_or(0);
            record.trash.push((path, bytes));
        }
        if record.packs.is_empty() && record.trash.is_empty() && record.erased == 0 {
            return Ok(());
        }
        let name = format!("{TRASH}/{BEGUN}/{:016}", record.seq);
        let bytes = collection::encode(&record).map_err(|error| BackendError::Io {
            action: "write",
            place: self.backend.place(),
            name: name.clone(),
            source: std::io::Error::other(error),
        })?;
        self.backend.publish_new(&name, &bytes)?;
        Ok(())
    }

    /// Collections that were begun and not ended, the oldest first.
    pub fn begun_collections(&self) -> Result<Vec<CollectionRecord>, StoreError> {
        let mut begun = Vec::new();
        for path in self.notes()? {
            begun.extend(collection::decode(&self.backend.read(&path, MAX_NOTE)?));
        }
        Ok(begun)
    }

    /// How far a collection came: what is still there has not gone.
    pub fn how_far(&self, begun: &CollectionRecord) -> Result<Came, StoreError> {
        let mut came = Came::default();
        for pack in &begun.packs {
            if self.backend.length(&pack_path(&pack.name))?.is_none() {
                came.collected.packs += 1;
                came.collected.objects += pack.objects;
                came.collected.freed += pack.freed;
            }
        }
        let trash: HashSet<String> =
            self.trash()?.into_iter().map(|(folder, name)| format!("{TRASH}/{folder}/{name}")).collect();
        came.emptied = begun.trash.iter().filter(|(path, _)| !trash.contains(path)).map(|(_, bytes)| bytes).sum();
        Ok(came)
    }

    /// Every collection that was begun is written down.
    pub fn end_collections(&self) -> Result<(), StoreError> {
        self.notes()?.iter().try_for_each(|path| Ok(self.backend.erase(path)?))
    }

    fn notes(&self) -> Result<Vec<String>, StoreError> {
        let inside = self.backend.list(&format!("{TRASH}/{BEGUN}"))?;
        Ok(inside.into_iter().map(|entry| format!("{TRASH}/{BEGUN}/{}", entry.name)).collect())
    }
}
