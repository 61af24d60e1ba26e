//! Letting go of what no version needs: packs into the trash, whole or after what is still needed was copied out of them.
//!
//! Only files, their recipes and their blocks are ever let go of; records and folders stay, so that a version that is gone
//! can still be shown. Nothing is copied before it was decoded and hashed, and nothing leaves its place before its copy is
//! durable: a crash leaves two of it at most. What is in the trash can be taken back until it is emptied.

use std::collections::{HashMap, HashSet};

use super::index::{Location, TrailerError, read_trailer};
use super::pack_writer::{PackWriter, pack_path};
use super::{BEGUN, Key, PACKS, Store, StoreError, TRASH};
use crate::format::pack::{Codec, HEADER, MAX_PACK, ObjectHeader, ObjectKind, Trailer};
use crate::id::FileId;
use crate::progress::{Progress, Unit};

/// Its name, its length, and what is in it.
type SoundPack = ([u8; 32], u64, Trailer);
/// Objects as they are stored, headers and all.
type Stored = Vec<(ObjectHeader, Vec<u8>)>;
/// The name of a pack that was made of several, and theirs.
type Merged = (Option<[u8; 32]>, HashSet<[u8; 32]>);

/// A pack of which less than this share is not needed stays as it is: copying costs more than it frees.
const WORTH: f64 = 0.2;
/// A pack with less than this is small.
const SMALL: u64 = 8 << 20;
/// More small packs than this are merged: every snapshot leaves one.
const MANY_SMALL: usize = 64;

/// What is to become of a pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It stays as it is.
    Keep,
    /// What is needed of it is copied, then it goes.
    Rewrite,
    /// The same, into one pack with that of others.
    Merge,
    /// It goes.
    Discard,
}

/// A pack that holds something that is not needed, or is one of many small ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackPlan {
    /// Its name.
    pub name: [u8; 32],
    /// Its bytes.
    pub length: u64,
    /// What of it is not needed, with the bytes it takes.
    pub dead: Vec<(Key, u64)>,
    /// What is needed of it.
    live: Vec<(u64, ObjectHeader)>,
    /// What is to become of it.
    pub fate: Fate,
}

impl PackPlan {
    /// Bytes that are free afterwards.
    pub fn freed(&self) -> u64 {
        match self.fate {
            Fate::Keep => 0,
            _ => self.dead.iter().map(|(_, bytes)| bytes).sum(),
        }
    }

    fn live_bytes(&self) -> u64 {
        self.live.iter().map(|(_, header)| PackWriter::room(header)).sum()
    }
}

/// What has gone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Collected {
    /// Packs that stayed, because there was no room for the copy.
    pub postponed: usize,
    /// Packs that went.
    pub packs: u64,
    /// Objects that went with them, and were not needed.
    pub objects: u64,
    /// Bytes that the packs that stayed have less.
    pub freed: u64,
}

impl Collected {
    fn add(&mut self, plan: &PackPlan) {
        self.packs += 1;
        self.objects += plan.dead.len() as u64;
        self.freed += plan.freed();
    }
}

impl Store {
    /// Every object a file needs: its parts, and what says how to put them together. Of a file that is not stored, what
    /// there would be.
    pub fn keys_of(&self, file: FileId) -> Result<Vec<Key>, StoreError> {
        let id = *file.digest().as_bytes();
        let mut keys = match self.parts(file) {
            Err(StoreError::Missing { .. } | StoreError::Damaged { .. }) => Vec::new(),
            other => other?,
        };
        keys.extend([(ObjectKind::Recipe, id), (ObjectKind::File, id)]);
        Ok(keys)
    }

    /// Goes by the packs alone from here on: nothing is let go of on the word of a cache. What is known of lost packs stays
    /// known.
    pub fn reindex(&self) -> Result<(), StoreError> {
        self.index.rebuild()
    }

    /// Packs that lie nowhere any more and held something that is `needed`, and that is nowhere else.
    pub fn lost_packs(&self, needed: &dyn Fn(&ObjectHeader) -> bool) -> Result<HashSet<[u8; 32]>, StoreError> {
        let lost = self.index.lost()?;
        let mut missed = HashSet::new();
        for entry in lost.entries.iter().filter(|entry| needed(&entry.header)) {
            let Some(pack) = lost.packs.get(entry.pack as usize) else { continue };
            if !missed.contains(&pack.name) && !self.contains(entry.header.kind, &entry.header.id)? {
                missed.insert(pack.name);
            }
        }
        Ok(missed)
    }

    /// Forgets the names of those lost packs of which nothing that is `needed` is missed. Hold the store exclusively.
    pub fn forget_lost_packs(&self, needed: &dyn Fn(&ObjectHeader) -> bool) -> Result<(), StoreError> {
        let missed = self.lost_packs(needed)?;
        let lost = self.index.lost()?.packs.into_iter().map(|pack| pack.name);
        let decided: HashSet<[u8; 32]> = lost.filter(|name| !missed.contains(name)).collect();
        if decided.is_empty() { Ok(()) } else { self.index.rebuild_without(&decided) }
    }

    /// What can go if only `live` is needed, of files, recipes and blocks. Hold the store exclusively.
    pub fn plan_collection(&self, live: &HashSet<Key>) -> Result<Vec<PackPlan>, StoreError> {
        self.index.forget();
        let packs = self.sound_packs()?;
        let needed = |header: &ObjectHeader| is_needed(live, header);
        let kept = self.kept_copies(&packs, &needed)?;
        let mut plans = Vec::new();
        for (name, length, trailer) in packs {
            let mut plan = PackPlan { name, length, dead: Vec::new(), live: Vec::new(), fate: Fate::Keep };
            for (offset, header) in trailer.objects {
                let key = (header.kind, header.id);
                let another = kept.get(&key).is_some_and(|place| *place != (name, offset));
                if needed(&header) && !another {
                    plan.live.push((offset, header));
                } else {
                    plan.dead.push((key, PackWriter::room(&header)));
                }
            }
            let dead: u64 = plan.dead.iter().map(|(_, bytes)| bytes).sum();
            plan.fate = match (plan.live.is_empty(), dead) {
                (_, 0) => Fate::Keep,
                (true, _) => Fate::Discard,
                (false, dead) if dead as f64 >= WORTH * length as f64 => Fate::Rewrite,
                _ => Fate::Keep,
            };
            plans.push(plan);
        }
        let is_small = |plan: &PackPlan| plan.length < SMALL && plan.fate != Fate::Discard;
        if plans.iter().filter(|plan| is_small(plan)).count() > MANY_SMALL {
            plans.iter_mut().filter(|plan| is_small(plan)).for_each(|plan| plan.fate = Fate::Merge);
        }
        plans.retain(|plan| plan.fate == Fate::Merge || !plan.dead.is_empty());
        Ok(plans)
    }

    /// Of objects that are needed and stored more than once, the one copy that stays. It was read just now, and rests on
    /// nothing else: two differences that each have another copy could be left resting on each other.
    fn kept_copies(
        &self,
        packs: &[SoundPack],
        needed: &dyn Fn(&ObjectHeader) -> bool,
    ) -> Result<HashMap<Key, ([u8; 32], u64)>, StoreError> {
        let mut copies: HashMap<Key, u32> = HashMap::new();
        let objects = || packs.iter().flat_map(|(name, _, trailer)| trailer.objects.iter().map(move |o| (*name, o)));
        for (_, (_, header)) in objects() {
            *copies.entry((header.kind, header.id)).or_default() += 1;
        }
        let mut kept = HashMap::new();
        let mut plain = Vec::new();
        for (pack, (offset, header)) in objects() {
            let key = (header.kind, header.id);
            let candidate = copies.get(&key).is_some_and(|count| *count > 1)
                && needed(header)
                && header.codec != Codec::Difference as u8
                // Two recipes of one file may name other blocks.
                && header.kind != ObjectKind::Recipe
                && !kept.contains_key(&key);
            if candidate && self.object_at(&Location { pack, offset: *offset, header: *header }, &mut plain).is_ok() {
                kept.insert(key, (pack, *offset));
            }
        }
        Ok(kept)
    }

    /// Does what was planned. What goes lies in `trash/TIME` until that is emptied, or is gone at once.
    pub fn collect(
        &self,
        plans: &[PackPlan],
        time: &str,
        at_once: bool,
        progress: &dyn Progress,
    ) -> Result<Collected, StoreError> {
        let mut collected = Collected::default();
        progress.begin("collecting", plans.iter().map(|plan| plan.length).sum(), Unit::Bytes);
        let mut gone = Vec::new();
        // Those that need no room first: they make it.
        for plan in plans.iter().filter(|plan| plan.fate == Fate::Discard) {
            gone.push(self.let_go(&plan.name, time)?);
            collected.add(plan);
            progress.advance(plan.length);
        }
        let mut made: HashSet<[u8; 32]> = HashSet::new();
        for plan in plans.iter().filter(|plan| plan.fate == Fate::Rewrite) {
            self.make_room(plan.live_bytes(), &mut gone, at_once)?;
            let room = self.backend.free().is_none_or(|free| plan.live_bytes() < free);
            // A collection that was cut short left a copy of what is copied now: the same bytes under the same name, which
            // must stay this time.
            let copy = if room && !made.contains(&plan.name) { self.rewrite(plan)? } else { None };
            if let Some(copy) = copy.filter(|copy| *copy != plan.name) {
                made.insert(copy);
                gone.push(self.let_go(&plan.name, time)?);
                collected.add(plan);
            } else {
                collected.postponed += 1;
            }
            progress.advance(plan.length);
        }
        for group in groups(plans.iter().filter(|plan| plan.fate == Fate::Merge && !made.contains(&plan.name))) {
            self.make_room(group.iter().map(|plan| plan.live_bytes()).sum(), &mut gone, at_once)?;
            let (copy, merged) = self.merge(&group)?;
            for plan in &group {
                // Under the name of the copy lies the copy.
                if copy != Some(plan.name) && merged.contains(&plan.name) {
                    gone.push(self.let_go(&plan.name, time)?);
                    collected.add(plan);
                } else {
                    collected.postponed += 1;
                }
                progress.advance(plan.length);
            }
        }
        self.settle(&mut gone, at_once)?;
        progress.end();
        Ok(collected)
    }

    /// Removes for good what went so far, where there is no room otherwise for the `needed` bytes of a copy. As long as there
    /// is, that is put off to the end: for it the index is written anew from the trailers of all packs.
    pub(super) fn make_room(&self, needed: u64, gone: &mut Vec<String>, at_once: bool) -> Result<(), StoreError> {
        if at_once && self.backend.free().is_some_and(|free| needed >= free) {
            self.settle(gone, at_once)
        } else {
            Ok(())
        }
    }

    /// What went into the trash is taken out of the index before it goes for good: a pack that the index names and nobody
    /// has is lost, one that lies in the trash is not.
    pub(super) fn settle(&self, gone: &mut Vec<String>, at_once: bool) -> Result<(), StoreError> {
        if gone.is_empty() {
            return Ok(());
        }
        self.index.rebuild()?;
        for path in gone.drain(..).filter(|_| at_once) {
            self.backend.erase(&path)?;
        }
        Ok(())
    }

    /// Takes packs back from the trash that hold any of `wanted`; how many.
    pub fn take_back(&self, wanted: &HashSet<Key>) -> Result<usize, StoreError> {
        let mut taken = 0;
        for (folder, name) in self.trash()? {
            let path = format!("{TRASH}/{folder}/{name}");
            let Some(id) = name.strip_suffix(".pack").and_then(|hex| blake3::Hash::from_hex(hex).ok()) else {
                continue;
            };
            let holds = match super::index::trailer_of(&*self.backend, &path) {
                Ok((_, trailer)) => trailer.objects.iter().any(|(_, h)| wanted.contains(&(h.kind, h.id))),
                Err(_) => false,
            };
            // What is in its place is the same, and whole.
            if holds && read_trailer(&*self.backend, id.as_bytes()).is_err() {
                self.backend.rename(&path, &pack_path(id.as_bytes()))?;
                taken += 1;
            }
        }
        if taken > 0 {
            self.index.forget();
        }
        Ok(taken)
    }

    /// Removes for good what has lain in the trash since before `time`; the bytes.
    pub fn empty_trash(&self, time: &str) -> Result<u64, StoreError> {
        let mut freed = 0;
        for (folder, name) in self.trash()? {
            if folder.as_str() < time {
                let path = format!("{TRASH}/{folder}/{name}");
                freed += self.backend.length(&path)?.unwrap_or(0);
                self.backend.erase(&path)?;
            }
        }
        Ok(freed)
    }

    /// How many bytes lie in the trash.
    pub fn trash_size(&self) -> Result<u64, StoreError> {
        let lengths = self
            .trash()?
            .into_iter()
            .map(|(folder, name)| Ok(self.backend.length(&format!("{TRASH}/{folder}/{name}"))?.unwrap_or(0)));
        lengths.sum::<Result<u64, StoreError>>()
    }

    /// Folder and name of everything in the trash.
    pub(super) fn trash(&self) -> Result<Vec<(String, String)>, StoreError> {
        let mut found = Vec::new();
        let folders = self.backend.list(TRASH)?.into_iter().filter(|entry| entry.folder && entry.name != BEGUN);
        for folder in folders {
            let inside = self.backend.list(&format!("{TRASH}/{}", folder.name))?;
            found.extend(inside.into_iter().filter(|e| !e.folder).map(|e| (folder.name.clone(), e.name)));
        }
        Ok(found)
    }

    /// Every pack whose trailer can be read, by name. Of the others nobody knows what they hold: they stay.
    fn sound_packs(&self) -> Result<Vec<SoundPack>, StoreError> {
        let mut packs = Vec::new();
        for entry in self.backend.list(PACKS)? {
            let Some(name) = entry.name.strip_suffix(".pack").and_then(|hex| blake3::Hash::from_hex(hex).ok()) else {
                continue;
            };
            match read_trailer(&*self.backend, name.as_bytes()) {
                Ok((length, trailer)) => packs.push((*name.as_bytes(), length, trailer)),
                Err(TrailerError::Backend(error)) => return Err(error.into()),
                Err(TrailerError::Format(_)) => {}
            }
        }
        Ok(packs)
    }

    /// Packs in their place that nobody can read: what they hold is not known.
    pub fn unreadable_packs(&self) -> Result<Vec<String>, StoreError> {
        let defects = self.index.defects()?.into_iter().map(|defect| defect.name);
        Ok(defects.filter(|name| name.starts_with(PACKS)).collect())
    }

    /// Moves a pack into the trash; where it lies there.
    pub(super) fn let_go(&self, pack: &[u8; 32], time: &str) -> Result<String, StoreError> {
        let path = pack_path(pack);
        let to = format!("{TRASH}/{time}/{}", path.rsplit('/').next().unwrap_or_default());
        self.backend.rename(&path, &to)?;
        self.index.moved(pack);
        Ok(to)
    }

    /// Whether a pack lies in the trash.
    pub(super) fn is_in_trash(&self, pack: &[u8; 32]) -> Result<bool, StoreError> {
        let path = pack_path(pack);
        Ok(self.trash()?.iter().any(|(_, name)| path.ends_with(name)))
    }

    /// Copies what is needed into a pack of its own; its name. None if any of it is damaged, which then stays where it is.
    fn rewrite(&self, plan: &PackPlan) -> Result<Option<[u8; 32]>, StoreError> {
        let mut writer = PackWriter::begin(&*self.backend)?;
        let (mut plain, mut stored) = (Vec::new(), Vec::new());
        for (offset, header) in &plan.live {
            let location = Location { pack: plan.name, offset: *offset, header: *header };
            match self.object_at(&location, &mut plain) {
                Err(StoreError::Damaged { .. } | StoreError::Missing { .. }) => return Ok(None),
                other => other?,
            }
            stored.resize(HEADER + header.stored_length as usize, 0);
            self.backend.read_at(&pack_path(&plan.name), *offset, &mut stored)?;
            writer.add(header, &stored[HEADER..])?;
        }
        let published = writer.close()?.publish(&*self.backend)?;
        let name = published.0;
        self.index.add(vec![published])?;
        Ok(Some(name))
    }

    /// Copies what is needed of several small packs into one; its name, and theirs. One of which anything is damaged stays
    /// where it is, and all of them where there is no room.
    fn merge(&self, plans: &[&PackPlan]) -> Result<Merged, StoreError> {
        let mut merged = HashSet::new();
        let needed: u64 = plans.iter().map(|plan| plan.live_bytes()).sum();
        if self.backend.free().is_some_and(|free| needed >= free) {
            return Ok((None, merged));
        }
        let mut writer = PackWriter::begin(&*self.backend)?;
        for plan in plans {
            let Some(objects) = self.live_objects(plan)? else { continue };
            for (header, stored) in objects {
                writer.add(&header, &stored[HEADER..])?;
            }
            merged.insert(plan.name);
        }
        if merged.is_empty() {
            return Ok((None, merged));
        }
        let published = writer.close()?.publish(&*self.backend)?;
        let name = published.0;
        self.index.add(vec![published])?;
        Ok((Some(name), merged))
    }

    /// What is needed of a small pack, as it is stored; none if any of it is damaged.
    fn live_objects(&self, plan: &PackPlan) -> Result<Option<Stored>, StoreError> {
        let mut plain = Vec::new();
        let mut objects = Vec::with_capacity(plan.live.len());
        for (offset, header) in &plan.live {
            let location = Location { pack: plan.name, offset: *offset, header: *header };
            if !self.reads_at(&location, &mut plain)? {
                return Ok(None);
            }
            let mut stored = vec![0; HEADER + header.stored_length as usize];
            self.backend.read_at(&pack_path(&plan.name), *offset, &mut stored)?;
            objects.push((*header, stored));
        }
        Ok(Some(objects))
    }
}

/// Whether it must stay: records and folders always do.
pub fn is_needed(live: &HashSet<Key>, header: &ObjectHeader) -> bool {
    matches!(header.kind, ObjectKind::Record | ObjectKind::Tree) || live.contains(&(header.kind, header.id))
}

/// Small packs that become one: as many as fit. One alone stays as it is, unless something in it goes.
fn groups<'p>(plans: impl Iterator<Item = &'p PackPlan>) -> Vec<Vec<&'p PackPlan>> {
    let mut groups: Vec<(u64, Vec<&PackPlan>)> = Vec::new();
    let most = MAX_PACK - SMALL;
    for plan in plans {
        let bytes = plan.live_bytes();
        match groups.last_mut() {
            Some((sum, group)) if *sum + bytes <= most => {
                *sum += bytes;
                group.push(plan);
            }
            _ => groups.push((bytes, vec![plan])),
        }
    }
    let worth = |group: &[&PackPlan]| group.len() > 1 || group.iter().any(|plan| !plan.dead.is_empty());
    groups.into_iter().map(|(_, group)| group).filter(|group| worth(group)).collect()
}
