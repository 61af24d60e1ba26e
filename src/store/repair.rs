//! Repairing: what is damaged is written anew from another copy or from a file that still has its bytes; then the packs it
//! was damaged in go into the trash.
//!
//! Nothing is changed in place, and nothing counts that was not decoded and hashed on the way. New packs are durable before
//! an old one leaves its place, and an old one stays as long as anything in it is needed and nowhere else: cut short at
//! any point, everything that could be read before can be read.

use std::collections::{HashMap, HashSet};
use std::io::{Read, Seek, SeekFrom};

use super::index::{Location, trailer_of};
use super::pack_writer::{self, Encoded};
use super::reuse::Reuse;
use super::{Key, PACKS, Source, Store, StoreError, TRASH, Writer, codec};
use crate::digest::Digest;
use crate::format::pack::{self, Codec, HEADER, MAX_BLOCK, ObjectHeader, ObjectKind};
use crate::format::recipe::Recipe;
use crate::id::FileId;
use crate::progress::Silent;

/// Differences that are undone for one object, at most.
const LONGEST_CHAIN: usize = 32;

/// Where an object lies that the index does not name: in the trash, or in a pack that is not whole.
struct Place {
    path: String,
    location: Location,
}

/// What a pack holds, as far as that can be told.
struct Listing {
    pack: [u8; 32],
    objects: Vec<(u64, ObjectHeader)>,
    /// Whether that is all of it.
    complete: bool,
}

/// New packs with what was damaged; nothing is durable before [`publish`](Self::publish).
pub struct Repair<'s> {
    store: &'s Store,
    writer: Writer<'s>,
    made: HashSet<Key>,
    /// Files that were stored anew.
    anew: HashSet<FileId>,
    /// Recipes that were found again.
    recipes: HashMap<FileId, Recipe>,
    places: Option<HashMap<Key, Vec<Place>>>,
    packs: Vec<Listing>,
}

/// What was damaged is stored again; the packs it was damaged in are still where they were.
pub struct Repaired<'s> {
    store: &'s Store,
    made: HashSet<Key>,
    /// The names of the packs that were written.
    written: HashSet<[u8; 32]>,
    packs: Vec<Listing>,
}

impl Store {
    /// Begins to repair. Hold the store exclusively.
    pub fn repair(&self) -> Repair<'_> {
        self.repair_with(false)
    }

    /// Finds out what could be repaired. Nothing reaches the backend.
    pub fn rehearse_repair(&self) -> Repair<'_> {
        self.repair_with(true)
    }

    fn repair_with(&self, rehearse: bool) -> Repair<'_> {
        let writer = Writer::new(self, rehearse, Reuse::Read);
        let (made, anew, recipes) = (HashSet::new(), HashSet::new(), HashMap::new());
        Repair { store: self, writer, made, anew, recipes, places: None, packs: Vec::new() }
    }

    /// What of a file cannot be read: blocks, or, where nothing says what it is made of, the file itself.
    pub fn unreadable(&self, file: FileId) -> Result<Vec<Key>, StoreError> {
        let id = *file.digest().as_bytes();
        if self.reads(ObjectKind::File, &id)? {
            return Ok(Vec::new());
        }
        match self.recipe(file) {
            Ok(recipe) => self.unreadable_of(&recipe),
            Err(StoreError::Damaged { .. } | StoreError::Missing { .. } | StoreError::Format { .. }) => {
                Ok(vec![(ObjectKind::File, id), (ObjectKind::Recipe, id)])
            }
            Err(other) => Err(other),
        }
    }

    fn unreadable_of(&self, recipe: &Recipe) -> Result<Vec<Key>, StoreError> {
        let blocks: HashSet<[u8; 32]> = recipe.blocks.iter().map(|block| block.id).collect();
        let mut unreadable = Vec::new();
        for block in blocks {
            if !self.reads(ObjectKind::Block, &block)? {
                unreadable.push((ObjectKind::Block, block));
            }
        }
        Ok(unreadable)
    }

    /// The tree and the record `id` names, where it cannot be read as either.
    pub fn unreadable_record(&self, id: Digest) -> Result<Vec<Key>, StoreError> {
        let keys = [ObjectKind::Tree, ObjectKind::Record].map(|kind| (kind, *id.as_bytes()));
        for (kind, id) in keys {
            if self.reads(kind, &id)? {
                return Ok(Vec::new());
            }
        }
        Ok(keys.to_vec())
    }

    /// What a pack holds. Without a trailer, whatever follows each other from its beginning.
    fn listing(&self, path: &str, name: [u8; 32]) -> Result<Listing, StoreError> {
        if let Ok((_, trailer)) = trailer_of(&*self.backend, path) {
            return Ok(Listing { pack: name, objects: trailer.objects, complete: true });
        }
        let mut listing = Listing { pack: name, objects: Vec::new(), complete: false };
        let length = self.backend.length(path)?.unwrap_or(0);
        let mut offset = pack::MAGIC.len() as u64;
        let mut bytes = [0; HEADER];
        while offset + HEADER as u64 <= length && length <= pack::LONGEST_PACK {
            let header = match self.backend.read_at(path, offset, &mut bytes) {
                Ok(()) => ObjectHeader::decode(&bytes),
                Err(_) => break,
            };
            let Ok(header) = header else { break };
            listing.objects.push((offset, header));
            offset += HEADER as u64 + u64::from(header.stored_length);
        }
        Ok(listing)
    }
}

impl Repair<'_> {
    /// What of a file cannot be read, and was not found again.
    pub fn unreadable(&self, file: FileId) -> Result<Vec<Key>, StoreError> {
        let id = *file.digest().as_bytes();
        if self.anew.contains(&file) || self.made.contains(&(ObjectKind::File, id)) {
            return Ok(Vec::new());
        }
        let keys = match self.recipes.get(&file) {
            Some(recipe) => self.store.unreadable_of(recipe)?,
            None => self.store.unreadable(file)?,
        };
        Ok(keys.into_iter().filter(|key| !self.made.contains(key)).collect())
    }

    /// The same of a record or folder.
    pub fn unreadable_record(&self, id: Digest) -> Result<Vec<Key>, StoreError> {
        let keys = self.store.unreadable_record(id)?;
        Ok(if keys.iter().any(|key| self.made.contains(key)) { Vec::new() } else { keys })
    }

    /// Takes what it can of `wanted` from the trash and from packs that are not whole; what, and where it was.
    pub fn from_copies(&mut self, wanted: &HashSet<Key>) -> Result<Vec<(Key, String)>, StoreError> {
        let mut found = Vec::new();
        for key in wanted {
            if self.made.contains(key) {
                continue;
            }
            if let Some((plain, path)) = self.salvage(key, 0)? {
                self.add(key, &plain)?;
                found.push((*key, path));
            }
        }
        found.sort();
        Ok(found)
    }

    /// Takes what it can of `wanted` blocks of `file` from where they lie in it; which. What `file` is as a whole does not
    /// matter: a block that hashes right is right.
    pub fn from_file(
        &mut self,
        file: FileId,
        wanted: &HashSet<Key>,
        bytes: &mut (impl Read + Seek),
    ) -> Result<Vec<Key>, StoreError> {
        let mut found = Vec::new();
        let recipe = self.recipes.get(&file).cloned().map_or_else(|| self.store.recipe(file), Ok);
        let Ok(recipe) = recipe else { return Ok(found) };
        let mut offset = 0;
        let mut plain = Vec::new();
        for block in recipe.blocks {
            let key = (ObjectKind::Block, block.id);
            if wanted.contains(&key) && !self.made.contains(&key) && block.length <= MAX_BLOCK {
                plain.resize(block.length as usize, 0);
                match bytes.seek(SeekFrom::Start(offset)).and_then(|_| bytes.read_exact(&mut plain)) {
                    Ok(()) if *blake3::hash(&plain).as_bytes() == block.id => {
                        self.add(&key, &plain)?;
                        found.push(key);
                    }
                    // It is shorter, or another file here.
                    Ok(()) | Err(_) => {}
                }
            }
            offset += u64::from(block.length);
        }
        Ok(found)
    }

    /// Stores a file anew that nothing says any more how to put together; whether `source` was that file.
    pub fn anew(&mut self, file: FileId, source: &dyn Source) -> Result<bool, StoreError> {
        match self.writer.put_files(&[source], &Silent) {
            Ok(stored) => {
                let is_it = stored.first().is_some_and(|stored| stored.id == file);
                if is_it {
                    self.anew.insert(file);
                }
                Ok(is_it)
            }
            Err(StoreError::Source { .. }) => Ok(false),
            Err(other) => Err(other),
        }
    }

    /// Copies everything sound out of those packs that have lost their trailer: nobody else can find it there.
    pub fn salvage_all(&mut self, packs: &HashSet<[u8; 32]>) -> Result<(), StoreError> {
        for pack in packs {
            let listing = self.store.listing(&pack_path(pack), *pack)?;
            if !listing.complete {
                self.copy_sound(&listing, packs)?;
            }
        }
        Ok(())
    }

    /// Copies everything sound and `needed` out of those damaged packs that can go: nothing `required` of them, which is all
    /// of it where nobody knows better, is damaged and nowhere else. Records and folders always are.
    pub fn rescue(
        &mut self,
        packs: &HashSet<[u8; 32]>,
        needed: &dyn Fn(&ObjectHeader) -> bool,
        required: Option<&HashSet<Key>>,
    ) -> Result<(), StoreError> {
        let mut listings = Vec::new();
        let mut sound = HashSet::new();
        let mut plain = Vec::new();
        for pack in packs {
            let path = pack_path(pack);
            if self.store.backend.length(&path)?.is_none() {
                continue;
            }
            let mut listing = self.store.listing(&path, *pack)?;
            listing.objects.retain(|(_, header)| needed(header));
            for (offset, header) in &listing.objects {
                let location = Location { pack: *pack, offset: *offset, header: *header };
                if self.store.reads_at(&location, &mut plain)? {
                    sound.insert((header.kind, header.id));
                }
            }
            listings.push(listing);
        }
        for listing in listings {
            if has_all(self.store, &listing, required, &sound, packs)? {
                self.copy_sound(&listing, packs)?;
                self.packs.push(listing);
            }
        }
        Ok(())
    }

    fn copy_sound(&mut self, listing: &Listing, packs: &HashSet<[u8; 32]>) -> Result<(), StoreError> {
        let path = pack_path(&listing.pack);
        let (mut plain, mut stored) = (Vec::new(), Vec::new());
        for (offset, header) in &listing.objects {
            let location = Location { pack: listing.pack, offset: *offset, header: *header };
            if self.is_elsewhere(header, packs)? || !self.store.reads_at(&location, &mut plain)? {
                continue;
            }
            stored.resize(HEADER + header.stored_length as usize, 0);
            self.store.backend.read_at(&path, *offset, &mut stored)?;
            self.writer.copy(header, &stored[HEADER..])?;
            self.made.insert((header.kind, header.id));
        }
        Ok(())
    }

    /// Whether another pack has an object in a form that rests on nothing else. Two recipes may name other blocks.
    fn is_elsewhere(&self, header: &ObjectHeader, packs: &HashSet<[u8; 32]>) -> Result<bool, StoreError> {
        let mut plain = Vec::new();
        for location in self.store.index.locations(header.kind, &header.id)? {
            let alone = header.kind != ObjectKind::Recipe && location.header.codec != Codec::Difference as u8;
            if alone && !packs.contains(&location.pack) && self.store.reads_at(&location, &mut plain)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl<'s> Repair<'s> {
    /// Makes everything durable; the packs that were rescued from can go now.
    pub fn publish(self) -> Result<Repaired<'s>, StoreError> {
        let Self { store, writer, made, packs, .. } = self;
        let written = writer.finish_packs()?.into_iter().collect();
        Ok(Repaired { store, made, written, packs })
    }

    fn add(&mut self, key: &Key, plain: &[u8]) -> Result<(), StoreError> {
        self.writer.add(&Encoded::new(key.0, key.1, plain)?)?;
        self.made.insert(*key);
        if key.0 == ObjectKind::Recipe
            && let Ok(recipe) = Recipe::decode(plain)
        {
            self.recipes.insert(FileId::new(Digest::from_bytes(key.1)), recipe);
        }
        Ok(())
    }

    /// An object's bytes, from a place that the index does not name, and which.
    fn salvage(&mut self, key: &Key, depth: usize) -> Result<Option<(Vec<u8>, String)>, StoreError> {
        if self.places.is_none() {
            self.places = Some(self.find_places()?);
        }
        let places = self.places.as_ref().and_then(|places| places.get(key));
        let places: Vec<(String, Location)> =
            places.into_iter().flatten().map(|place| (place.path.clone(), place.location)).collect();
        for (path, location) in places {
            if let Some(plain) = self.decode(&path, &location, depth)? {
                return Ok(Some((plain, path)));
            }
        }
        Ok(None)
    }

    fn decode(&mut self, path: &str, location: &Location, depth: usize) -> Result<Option<Vec<u8>>, StoreError> {
        let header = location.header;
        let mut stored = vec![0; HEADER + header.stored_length as usize];
        if self.store.backend.read_at(path, location.offset, &mut stored).is_err()
            || ObjectHeader::decode(&stored) != Ok(header)
        {
            return Ok(None);
        }
        let stored = &stored[HEADER..];
        let mut base_plain = Vec::new();
        if header.codec == Codec::Difference as u8 {
            let Ok(Some(base)) = codec::base_of(header.codec, stored) else { return Ok(None) };
            let key = (ObjectKind::Block, base.id);
            base_plain = match self.store.object(key.0, &key.1) {
                Ok(plain) => plain,
                Err(StoreError::Damaged { .. } | StoreError::Missing { .. }) if depth < LONGEST_CHAIN => {
                    match self.salvage(&key, depth + 1)? {
                        Some((plain, _)) => plain,
                        None => return Ok(None),
                    }
                }
                Err(StoreError::Damaged { .. } | StoreError::Missing { .. }) => return Ok(None),
                Err(other) => return Err(other),
            };
        }
        let mut plain = vec![0; header.plain_length as usize];
        let decoded = codec::decode(header.codec, stored, &base_plain, &mut plain).is_ok();
        Ok((decoded && self.store.check_bytes(location, &plain).is_ok()).then_some(plain))
    }

    fn find_places(&self) -> Result<HashMap<Key, Vec<Place>>, StoreError> {
        let backend = &self.store.backend;
        let mut paths = Vec::new();
        for entry in backend.list(PACKS)? {
            let path = format!("{PACKS}/{}", entry.name);
            if trailer_of(&**backend, &path).is_err() {
                paths.push((path, entry.name));
            }
        }
        for folder in backend.list(TRASH)?.into_iter().filter(|entry| entry.folder) {
            for entry in backend.list(&format!("{TRASH}/{}", folder.name))? {
                paths.push((format!("{TRASH}/{}/{}", folder.name, entry.name), entry.name));
            }
        }
        let mut places: HashMap<Key, Vec<Place>> = HashMap::new();
        for (path, name) in paths {
            let Some(name) = pack_name(&name) else { continue };
            for (offset, header) in self.store.listing(&path, name)?.objects {
                let place = Place { path: path.clone(), location: Location { pack: name, offset, header } };
                places.entry((header.kind, header.id)).or_default().push(place);
            }
        }
        Ok(places)
    }
}

impl Repaired<'_> {
    /// Whether a pack was written under this name: all of the one that had it was sound, and it is what its name says.
    pub fn has_written(&self, pack: &[u8; 32]) -> bool {
        self.written.contains(pack)
    }

    /// Moves the packs into `trash/TIME` that have nothing `required` which is not elsewhere by now; where from and where to.
    pub fn retire(self, time: &str, required: Option<&HashSet<Key>>) -> Result<Vec<(String, String)>, StoreError> {
        let going: HashSet<[u8; 32]> = self.packs.iter().map(|listing| listing.pack).collect();
        let mut gone = Vec::new();
        for listing in &self.packs {
            if !self.has_written(&listing.pack) && has_all(self.store, listing, required, &self.made, &going)? {
                gone.push((pack_path(&listing.pack), self.store.let_go(&listing.pack, time)?));
            }
        }
        if !gone.is_empty() {
            self.store.reindex()?;
        }
        Ok(gone)
    }
}

/// Whether everything of a pack is in `sound`, or elsewhere than in packs that go.
fn has_all(
    store: &Store,
    listing: &Listing,
    required: Option<&HashSet<Key>>,
    sound: &HashSet<Key>,
    going: &HashSet<[u8; 32]>,
) -> Result<bool, StoreError> {
    let mut plain = Vec::new();
    let mut has = |key: &Key| -> Result<bool, StoreError> {
        let mut found = sound.contains(key);
        for location in store.index.locations(key.0, &key.1)? {
            found = found || !going.contains(&location.pack) && store.reads_at(&location, &mut plain)?;
        }
        Ok(found)
    };
    for (_, header) in &listing.objects {
        let key = (header.kind, header.id);
        let always = matches!(header.kind, ObjectKind::Record | ObjectKind::Tree);
        if (always || required.is_none_or(|required| required.contains(&key))) && !has(&key)? {
            return Ok(false);
        }
    }
    match required {
        _ if listing.complete => Ok(true),
        None => Ok(false),
        // What else it held is not known: anything that is nowhere else may have been in it.
        Some(required) => {
            for key in required {
                if !has(key)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
    }
}

/// Where a pack is kept.
pub fn pack_path(name: &[u8; 32]) -> String {
    pack_writer::pack_path(name)
}

/// Reads the name of a pack's file.
pub fn pack_name(file: &str) -> Option<[u8; 32]> {
    let hex = file.strip_suffix(".pack")?;
    blake3::Hash::from_hex(hex).ok().map(|name| *name.as_bytes())
}
