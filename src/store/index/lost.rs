//! Packs that the index names and that lie nowhere any more. Nothing else says that they were there, and what was in them: an
//! index that is written anew goes on naming them, until it is decided that nothing of them is missed.

use std::collections::HashSet;

use super::{Index, append, lock, segment_path};
use crate::format::index::Segment;
use crate::store::pack_writer::pack_path;
use crate::store::segments::OpenSegment;
use crate::store::{PACKS, StoreError, TRASH};

impl Index {
    /// What was in packs that are lost.
    pub fn lost(&self) -> Result<Segment, StoreError> {
        let (mut lost, mut seen) = (Segment::default(), HashSet::new());
        let mut there = None;
        for path in self.segment_names()? {
            let Ok(open) = OpenSegment::open(&*self.backend, path) else { continue };
            let there = match &mut there {
                Some(there) => there,
                None => there.insert(self.pack_files()?),
            };
            let is_lost =
                |name: &[u8; 32]| !pack_path(name).rsplit('/').next().is_some_and(|file| there.contains(file));
            if !open.packs().iter().any(|pack| is_lost(&pack.name)) {
                continue;
            }
            // What is broken says nothing.
            if let Ok(segment) = open.whole(&*self.backend) {
                seen.extend(segment.packs.iter().map(|pack| pack.name).filter(|name| !is_lost(name)));
                append(&mut lost, &segment, &mut seen);
            }
        }
        Ok(lost)
    }

    /// Writes the index anew from the packs' trailers, and what was known of lost packs.
    pub fn rebuild(&self) -> Result<(), StoreError> {
        self.clear()?;
        self.write_anew()
    }

    /// The same, without the lost packs `decided`: nothing of them is missed.
    pub fn rebuild_without(&self, decided: &HashSet<[u8; 32]>) -> Result<(), StoreError> {
        let (mut left, mut seen) = (Segment::default(), decided.clone());
        append(&mut left, &self.lost()?, &mut seen);
        self.replace_by(left)?;
        self.write_anew()
    }

    fn write_anew(&self) -> Result<(), StoreError> {
        lock(&self.broken).clear();
        self.forget();
        let read = self.read(true)?;
        *self.lock() = Some(read);
        Ok(())
    }

    /// Removes every segment; of what is in lost packs there is one afterwards.
    pub(super) fn clear(&self) -> Result<(), StoreError> {
        self.replace_by(self.lost()?)
    }

    fn replace_by(&self, mut lost: Segment) -> Result<(), StoreError> {
        let mut kept = None;
        if !lost.packs.is_empty() {
            let bytes = lost.encode();
            let path = segment_path(&bytes);
            self.backend.cache(&path, &bytes)?;
            kept = Some(path);
        }
        for path in self.segment_names()?.into_iter().filter(|path| Some(path) != kept.as_ref()) {
            self.backend.remove_cache(&path)?;
        }
        Ok(())
    }

    /// The file names of all packs, those in the trash too.
    fn pack_files(&self) -> Result<HashSet<String>, StoreError> {
        let mut files: HashSet<String> = self.backend.list(PACKS)?.into_iter().map(|entry| entry.name).collect();
        for folder in self.backend.list(TRASH)?.into_iter().filter(|entry| entry.folder) {
            let inside = self.backend.list(&format!("{TRASH}/{}", folder.name))?;
            files.extend(inside.into_iter().map(|entry| entry.name));
        }
        Ok(files)
    }
}
