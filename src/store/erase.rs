//! Erasing: the bytes of files and records leave every pack, in the trash too, for good and at once.
//!
//! What shares a pack with them stays: it is copied as it is stored, damaged or not, before the pack goes. A block that a file
//! which stays is made of stays with it. A block that is only the difference to one that goes is stored anew, whole, first:
//! otherwise what was erased could be had back from it.
//!
//! A crash at any step leaves something twice, or the erasure half done, and never anything else lost. So that it can be
//! ended, the recipes of the files that go are the last to leave: they say which blocks went with them. What the disk
//! itself does with freed space, and copies of the store elsewhere, are beyond this.

use std::collections::{HashMap, HashSet};

use super::codec::{self, Content};
use super::index::{TrailerError, trailer_of};
use super::pack_writer::{Encoded, PackWriter, path_in};
use super::{Key, PACKS, Store, StoreError, TRASH};
use crate::digest::Digest;
use crate::format::pack::{Codec, HEADER, ObjectHeader, ObjectKind, Trailer};
use crate::format::planes::BASE;
use crate::format::recipe::Recipe;
use crate::id::FileId;
use crate::progress::{Progress, Unit};

/// The folder of the trash that packs pass through, once what stays of them is durable elsewhere. It sorts before every time:
/// whatever a crash leaves in it goes with the first that is emptied.
const PASSING: &str = "0-erased";
/// Differences that are undone for one block, at most.
const LONGEST_CHAIN: u32 = 32;

/// What is to be gone for good.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Erasure {
    /// Files.
    pub files: HashSet<FileId>,
    /// Records.
    pub records: HashSet<Digest>,
    /// Whether blocks that are no part of any file go too: those of a file whose recipe was collected before, some of which
    /// may have stayed because others are differences to them.
    pub nameless_blocks: bool,
}

/// What erasing takes.
#[derive(Debug, Clone, Default)]
pub struct ErasurePlan {
    /// The objects that go, with the bytes they take.
    gone: HashMap<Key, u64>,
    /// Packs that hold any of them, or something that rests on them.
    packs: Vec<Place>,
    /// Packs that an erasing before this has replaced already, and a crash kept from going.
    left: Vec<String>,
    /// Bytes of blocks that would have gone, and stay because they are part of other files.
    pub shared: u64,
    /// The other files.
    pub shared_with: HashSet<FileId>,
    /// Packs that cannot be read: what they hold nobody knows.
    pub unreadable: Vec<String>,
}

/// A pack, wherever it lies.
#[derive(Debug, Clone)]
struct Place {
    /// The packs' own folder, or one of the trash.
    folder: String,
    name: [u8; 32],
    length: u64,
    objects: Vec<(u64, ObjectHeader)>,
    /// Those of them that are differences to what goes, by their offsets.
    resting: HashSet<u64>,
}

impl Place {
    fn path(&self) -> String {
        path_in(&self.folder, &self.name)
    }
}

/// What was erased.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Erased {
    /// Bytes of packs before, less those after.
    pub freed: u64,
    /// Packs that were replaced or removed.
    pub packs: usize,
}

impl ErasurePlan {
    /// Whether nothing is there to be erased.
    pub fn is_empty(&self) -> bool {
        self.packs.is_empty() && self.left.is_empty()
    }

    /// Objects that go.
    pub fn objects(&self) -> usize {
        self.gone.len()
    }

    /// Bytes that they take.
    pub fn bytes(&self) -> u64 {
        self.gone.values().sum()
    }

    /// Packs that are written anew without them, or removed; and how many of these lie in the trash.
    pub fn packs(&self) -> (usize, usize) {
        (self.packs.len(), self.packs.iter().filter(|place| place.folder != PACKS).count())
    }

    /// Whether a file is in any pack.
    pub fn has(&self, file: FileId) -> bool {
        let id = *file.digest().as_bytes();
        [ObjectKind::File, ObjectKind::Recipe].iter().any(|kind| self.gone.contains_key(&(*kind, id)))
    }

    /// Whether a record is in any pack.
    pub fn has_record(&self, record: Digest) -> bool {
        self.gone.contains_key(&(ObjectKind::Record, *record.as_bytes()))
    }

    fn goes(&self, header: &ObjectHeader) -> bool {
        self.gone.contains_key(&(header.kind, header.id))
    }

    /// What must be copied out of a pack: all but what goes, and what was stored anew.
    fn staying<'a>(&'a self, place: &'a Place) -> impl Iterator<Item = &'a (u64, ObjectHeader)> {
        place.objects.iter().filter(|(offset, header)| !self.goes(header) && !place.resting.contains(offset))
    }

    /// Bytes that must be free: for what is stored anew, and for one copy at a time.
    fn room(&self) -> u64 {
        let resting = |place: &Place| -> u64 {
            let those = place.objects.iter().filter(|(offset, _)| place.resting.contains(offset));
            those.map(|(_, header)| u64::from(header.plain_length)).sum()
        };
        let copy = |place: &Place| -> u64 { self.staying(place).map(|(_, header)| PackWriter::room(header)).sum() };
        self.packs.iter().map(resting).sum::<u64>() + self.packs.iter().map(copy).max().unwrap_or(0)
    }
}

impl Store {
    /// Finds everything that `erasure` is about, in the packs and in the trash. Hold the store exclusively.
    pub fn plan_erasure(&self, erasure: &Erasure) -> Result<ErasurePlan, StoreError> {
        self.index.forget();
        let mut plan = ErasurePlan::default();
        let places = self.places(&mut plan)?;
        let mut gone: HashSet<Key> = erasure.records.iter().map(|id| (ObjectKind::Record, *id.as_bytes())).collect();
        for file in &erasure.files {
            let id = *file.digest().as_bytes();
            gone.extend([(ObjectKind::File, id), (ObjectKind::Recipe, id)]);
        }
        let blocks = self.blocks_to_erase(&places, erasure, &gone, &mut plan)?;
        gone.extend(blocks.iter().map(|id| (ObjectKind::Block, *id)));
        for mut place in places {
            for (offset, header) in &place.objects {
                if gone.contains(&(header.kind, header.id)) {
                    *plan.gone.entry((header.kind, header.id)).or_default() += PackWriter::room(header);
                } else if self.rests_on(&place, *offset, header, &blocks)? {
                    place.resting.insert(*offset);
                }
            }
            if !place.resting.is_empty() || place.objects.iter().any(|(_, h)| gone.contains(&(h.kind, h.id))) {
                plan.packs.push(place);
            }
        }
        Ok(plan)
    }

    /// Whether there is room for what erasing writes; an error that says how much is missing.
    pub fn check_room(&self, plan: &ErasurePlan) -> Result<(), StoreError> {
        match (plan.room(), self.backend.free()) {
            (needed, Some(free)) if needed > 0 && needed >= free => Err(StoreError::NoSpace { needed, free }),
            _ => Ok(()),
        }
    }

    /// Does what was planned.
    pub fn erase(&self, plan: &ErasurePlan, progress: &dyn Progress) -> Result<Erased, StoreError> {
        self.check_room(plan)?;
        progress.begin("erasing", plan.packs.iter().map(|place| place.length).sum(), Unit::Bytes);
        let before: u64 = plan.packs.iter().map(|place| place.length).sum();
        for path in &plan.left {
            self.backend.erase(path)?;
        }
        let mut after = self.store_whole(plan)?;
        let last = self.remember_recipes(plan)?;
        let mut gone = Vec::new();
        for place in
            plan.packs.iter().filter(|place| last.is_none_or(|last| place.name != last || place.folder != PACKS))
        {
            let staying = plan.staying(place).map(|(_, header)| PackWriter::room(header)).sum();
            self.make_room(staying, &mut gone, true)?;
            after += self.copy_without(plan, place)?;
            if place.folder == PACKS {
                gone.push(self.let_go(&place.name, PASSING)?);
            } else {
                self.backend.erase(&place.path())?;
            }
            progress.advance(place.length);
        }
        self.settle(&mut gone, true)?;
        if let Some(last) = last {
            gone.push(self.let_go(&last, PASSING)?);
            self.settle(&mut gone, true)?;
        }
        self.index.forget();
        progress.end();
        Ok(Erased { freed: before.saturating_sub(after), packs: plan.packs.len() })
    }

    /// Every pack with a trailer that can be read; of the others the plan notes the paths.
    fn places(&self, plan: &mut ErasurePlan) -> Result<Vec<Place>, StoreError> {
        let packs = self.backend.list(PACKS)?.into_iter().map(|entry| (PACKS.to_owned(), entry.name));
        let passing = format!("{TRASH}/{PASSING}");
        let trash = self.trash()?.into_iter().map(|(folder, name)| (format!("{TRASH}/{folder}"), name));
        let mut places = Vec::new();
        for (folder, file) in packs.chain(trash) {
            if folder == passing {
                plan.left.push(format!("{folder}/{file}"));
                continue;
            }
            let Some(name) = file.strip_suffix(".pack").and_then(|hex| blake3::Hash::from_hex(hex).ok()) else {
                continue;
            };
            match trailer_of(&*self.backend, &format!("{folder}/{file}")) {
                Ok((length, Trailer { objects })) => {
                    places.push(Place { folder, name: *name.as_bytes(), length, objects, resting: HashSet::new() });
                }
                Err(TrailerError::Backend(error)) => return Err(error.into()),
                Err(TrailerError::Format(_)) => plan.unreadable.push(format!("{folder}/{file}")),
            }
        }
        Ok(places)
    }

    /// The blocks of the files that go and of no other.
    fn blocks_to_erase(
        &self,
        places: &[Place],
        erasure: &Erasure,
        gone: &HashSet<Key>,
        plan: &mut ErasurePlan,
    ) -> Result<HashSet<[u8; 32]>, StoreError> {
        let objects =
            || places.iter().flat_map(|place| place.objects.iter().map(move |(at, header)| (place, *at, header)));
        let recipes = |erased: bool| {
            let wanted = move |header: &ObjectHeader| gone.contains(&(header.kind, header.id)) == erased;
            objects().filter(move |(_, _, header)| header.kind == ObjectKind::Recipe && wanted(header))
        };
        let mut blocks: HashMap<[u8; 32], u32> = HashMap::new();
        let (mut read, mut unread) = (HashSet::new(), HashSet::new());
        for (place, offset, header) in recipes(true) {
            match self.recipe_at(place, offset, header)? {
                Some(recipe) => {
                    read.insert(header.id);
                    blocks.extend(recipe.blocks.iter().map(|block| (block.id, block.length)));
                }
                None => drop(unread.insert(header.id)),
            }
        }
        let nameless = erasure.nameless_blocks || !unread.is_subset(&read);
        if nameless {
            let all = objects().filter(|(_, _, header)| header.kind == ObjectKind::Block);
            blocks.extend(all.map(|(_, _, header)| (header.id, header.plain_length)));
        }
        if blocks.is_empty() {
            return Ok(HashSet::new());
        }
        let of_erased: HashSet<[u8; 32]> = blocks.keys().copied().collect();
        let (mut sound, mut broken) = (HashSet::new(), None);
        for (place, offset, header) in recipes(false) {
            let Some(recipe) = self.recipe_at(place, offset, header)? else {
                broken = broken.or(Some((place.path(), header.id)));
                continue;
            };
            sound.insert(header.id);
            for block in recipe.blocks.iter().filter(|block| of_erased.contains(&block.id)) {
                if !nameless {
                    plan.shared_with.insert(FileId::new(recipe.sha256));
                    plan.shared += blocks.get(&block.id).map_or(0, |length| u64::from(*length));
                }
                blocks.remove(&block.id);
            }
        }
        match broken {
            // Its blocks would be taken for those of no file.
            Some((pack, id)) if nameless && !sound.contains(&id) => Err(StoreError::Damaged {
                kind: ObjectKind::Recipe.name(),
                id: Digest::from_bytes(id),
                pack,
                reason: "which blocks it is made of is not known".to_owned(),
            }),
            _ => Ok(blocks.into_keys().collect()),
        }
    }

    /// A recipe, wherever it lies; none if it is damaged.
    fn recipe_at(&self, place: &Place, offset: u64, header: &ObjectHeader) -> Result<Option<Recipe>, StoreError> {
        let Some(stored) = self.stored_at(place, offset, header)? else { return Ok(None) };
        let mut plain = vec![0; header.plain_length as usize];
        let decoded =
            codec::decode(header.codec, &stored, &[], &mut plain).ok().and_then(|()| Recipe::decode(&plain).ok());
        Ok(decoded.filter(|recipe| *recipe.sha256.as_bytes() == header.id))
    }

    /// An object's stored bytes; none where another one is than the trailer says.
    fn stored_at(&self, place: &Place, offset: u64, header: &ObjectHeader) -> Result<Option<Vec<u8>>, StoreError> {
        let bytes = self.bytes_at(place, offset, header)?;
        let right = |bytes: &Vec<u8>| ObjectHeader::decode(bytes).is_ok_and(|found| found == *header);
        Ok(bytes.filter(right).map(|mut bytes| bytes.split_off(HEADER)))
    }

    /// An object's header and stored bytes as they lie there; none where the pack ends before it.
    fn bytes_at(&self, place: &Place, offset: u64, header: &ObjectHeader) -> Result<Option<Vec<u8>>, StoreError> {
        let length = HEADER as u64 + u64::from(header.stored_length);
        if offset.saturating_add(length) > place.length {
            return Ok(None);
        }
        let mut bytes = vec![0; length as usize];
        self.backend.read_at(&place.path(), offset, &mut bytes)?;
        Ok(Some(bytes))
    }

    /// Whether a block is the difference to one of `blocks`.
    fn rests_on(
        &self,
        place: &Place,
        offset: u64,
        header: &ObjectHeader,
        blocks: &HashSet<[u8; 32]>,
    ) -> Result<bool, StoreError> {
        let may = header.kind == ObjectKind::Block && header.codec == Codec::Difference as u8 && !blocks.is_empty();
        if !may
            || (header.stored_length as usize) < BASE
            || offset.saturating_add((HEADER + BASE) as u64) > place.length
        {
            return Ok(false);
        }
        let mut bytes = [0; HEADER + BASE];
        self.backend.read_at(&place.path(), offset, &mut bytes)?;
        let base = codec::base_of(header.codec, &bytes[HEADER..]);
        Ok(base.ok().flatten().is_some_and(|base| blocks.contains(&base.id)))
    }

    /// Stores anew what is only a difference to something that goes, beside where it lies; the bytes of that.
    fn store_whole(&self, plan: &ErasurePlan) -> Result<u64, StoreError> {
        let mut written = 0;
        for place in plan.packs.iter().filter(|place| !place.resting.is_empty()) {
            let mut copy = Copy::begin(self, &place.folder);
            let mut coded = Vec::new();
            for (offset, header) in
                place.objects.iter().filter(|(offset, h)| place.resting.contains(offset) && !plan.goes(h))
            {
                let Some(plain) = self.plain_at(plan, place, *offset, header, 0)? else {
                    // It cannot be decoded with what it rests on, and cannot without: it stays what it is.
                    if let Some(stored) = self.stored_at(place, *offset, header)? {
                        copy.add(header, &stored)?;
                    }
                    continue;
                };
                coded.clear();
                let key = (header.kind, header.id);
                let whole = Encoded::encode_into(key, &plain, Content::Numbers, None, &mut coded)?;
                copy.add(&whole, if coded.is_empty() { &plain } else { &coded })?;
            }
            written += copy.finish()?;
        }
        Ok(written)
    }

    /// A block's plain bytes, which hash to its id; bases may lie in the trash. None if it is damaged.
    fn plain_at(
        &self,
        plan: &ErasurePlan,
        place: &Place,
        offset: u64,
        header: &ObjectHeader,
        depth: u32,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(stored) = self.stored_at(place, offset, header)? else { return Ok(None) };
        let base = match codec::base_of(header.codec, &stored) {
            Ok(None) => Vec::new(),
            Ok(Some(base)) if depth < LONGEST_CHAIN => match self.base_plain(plan, &base.id, depth + 1)? {
                Some(plain) => plain,
                None => return Ok(None),
            },
            _ => return Ok(None),
        };
        let mut plain = vec![0; header.plain_length as usize];
        let decoded = codec::decode(header.codec, &stored, &base, &mut plain).is_ok();
        Ok(Some(plain).filter(|plain| decoded && *blake3::hash(plain).as_bytes() == header.id))
    }

    fn base_plain(&self, plan: &ErasurePlan, id: &[u8; 32], depth: u32) -> Result<Option<Vec<u8>>, StoreError> {
        match self.block(id) {
            Ok((plain, _)) => return Ok(Some(plain)),
            Err(StoreError::Missing { .. } | StoreError::Damaged { .. }) => {}
            Err(other) => return Err(other),
        }
        for place in plan.packs.iter().filter(|place| place.folder != PACKS) {
            for (offset, header) in place.objects.iter().filter(|(_, h)| h.kind == ObjectKind::Block && h.id == *id) {
                if let Some(plain) = self.plain_at(plan, place, *offset, header, depth)? {
                    return Ok(Some(plain));
                }
            }
        }
        Ok(None)
    }

    /// Puts the recipes of the files that go into a pack of their own, which goes last: until then it says which blocks go.
    /// Its name; none where one pack holds everything, so that there is no half-way.
    fn remember_recipes(&self, plan: &ErasurePlan) -> Result<Option<[u8; 32]>, StoreError> {
        let going = |kind: ObjectKind| plan.gone.keys().any(|key| key.0 == kind);
        if plan.packs.len() < 2 || !going(ObjectKind::Recipe) || !going(ObjectKind::Block) {
            return Ok(None);
        }
        let mut writer = PackWriter::begin(&*self.backend)?;
        let mut seen = HashSet::new();
        for place in &plan.packs {
            for (offset, header) in place.objects.iter().filter(|(_, h)| h.kind == ObjectKind::Recipe && plan.goes(h)) {
                if let Some(stored) = self.stored_at(place, *offset, header)?
                    && seen.insert(*blake3::hash(&stored).as_bytes())
                {
                    writer.add(header, &stored)?;
                }
            }
        }
        let published = writer.close()?.publish(&*self.backend)?;
        let name = published.0;
        self.index.add(vec![published])?;
        Ok(Some(name))
    }

    /// Copies what stays of a pack into others beside it, as it is stored; the bytes of those.
    fn copy_without(&self, plan: &ErasurePlan, place: &Place) -> Result<u64, StoreError> {
        let mut copy = Copy::begin(self, &place.folder);
        for (offset, header) in plan.staying(place) {
            if let Some(bytes) = self.bytes_at(place, *offset, header)? {
                copy.add(header, &bytes[HEADER..])?;
            }
        }
        copy.finish()
    }
}

/// Packs being written in one folder.
struct Copy<'s> {
    store: &'s Store,
    folder: &'s str,
    open: Option<PackWriter>,
    written: u64,
}

impl<'s> Copy<'s> {
    const fn begin(store: &'s Store, folder: &'s str) -> Self {
        Self { store, folder, open: None, written: 0 }
    }

    fn add(&mut self, header: &ObjectHeader, stored: &[u8]) -> Result<(), StoreError> {
        if self.open.as_ref().is_some_and(|pack| !pack.has_room_for(header)) {
            self.close()?;
        }
        let pack = match &mut self.open {
            Some(pack) => pack,
            None => self.open.insert(PackWriter::begin(&*self.store.backend)?),
        };
        Ok(pack.add(header, stored)?)
    }

    fn close(&mut self) -> Result<(), StoreError> {
        let Some(pack) = self.open.take() else { return Ok(()) };
        let published = pack.close()?.publish_in(&*self.store.backend, self.folder)?;
        self.written += published.1;
        if self.folder == PACKS {
            self.store.index.add(vec![published])?;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<u64, StoreError> {
        self.close()?;
        Ok(self.written)
    }
}
