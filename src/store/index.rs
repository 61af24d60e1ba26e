//! Where every object is: from the index segments, and from the trailers of packs no segment covers yet.
//!
//! A segment is a cache. One that cannot be read is passed over, and its packs' trailers are read instead; a segment that
//! names a pack which is gone is simply wrong about it. Before an entry is trusted, its pack's length and ending
//! are checked, once per process.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::backend::{Backend, BackendError};
use super::pack_writer::pack_path;
use super::{INDEX, PACKS, StoreError};
use crate::format::FormatError;
use crate::format::index::{IndexEntry, IndexedPack, Segment};
use crate::format::pack::{self, ObjectHeader, ObjectKind, Trailer};

const MAX_SEGMENT: u64 = 2 << 30;
const SUFFIX: &str = ".idx";
/// More segments than this are merged, smallest first.
const MANY: usize = 8;

/// Where one object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Location {
    /// Its pack's name.
    pub pack: [u8; 32],
    /// Where its header begins.
    pub offset: u64,
    /// Its header.
    pub header: ObjectHeader,
}

/// The first digits of an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prefix {
    digits: String,
    lowest: [u8; 32],
}

impl Prefix {
    /// From 1 to 64 lower-case hex digits.
    pub fn parse(digits: &str) -> Option<Self> {
        let fits = (1..=64).contains(&digits.len());
        if !fits || !digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return None;
        }
        let padded = format!("{digits:0<64}");
        let lowest: crate::digest::Digest = padded.parse().ok()?;
        Some(Self { digits: digits.to_owned(), lowest: *lowest.as_bytes() })
    }

    /// Whether `id` begins so.
    pub fn matches(&self, id: &[u8; 32]) -> bool {
        crate::digest::Digest::from_bytes(*id).to_string().starts_with(&self.digits)
    }
}

/// What was wrong with the parts the index is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexDefect {
    /// The file.
    pub name: String,
    /// Why it was passed over.
    pub reason: String,
}

/// All segments of a store, loaded when first asked.
pub struct Index {
    backend: Arc<dyn Backend>,
    loaded: Mutex<Option<Loaded>>,
    distrusted: AtomicBool,
}

#[derive(Default)]
struct Loaded {
    segments: Vec<Segment>,
    sound: HashMap<[u8; 32], bool>,
    defects: Vec<IndexDefect>,
}

impl Index {
    /// The index of the store in `backend`.
    pub fn new(backend: Arc<dyn Backend>) -> Self {
        Self { backend, loaded: Mutex::new(None), distrusted: false.into() }
    }

    /// Where an object is, if a sound pack holds it.
    pub fn locate(&self, kind: ObjectKind, id: &[u8; 32]) -> Result<Option<Location>, StoreError> {
        let mut guard = self.lock();
        let loaded = self.load(&mut guard)?;
        loaded.locate(&*self.backend, kind, id)
    }

    /// Everywhere a sound pack holds it.
    pub fn locations(&self, kind: ObjectKind, id: &[u8; 32]) -> Result<Vec<Location>, StoreError> {
        let mut guard = self.lock();
        let loaded = self.load(&mut guard)?;
        loaded.locations(&*self.backend, kind, id, usize::MAX)
    }

    /// The same as [`locate`](Self::locate), looking again at the disk before saying no: another process may have written since.
    pub fn locate_fresh(&self, kind: ObjectKind, id: &[u8; 32]) -> Result<Option<Location>, StoreError> {
        if let Some(location) = self.locate(kind, id)? {
            return Ok(Some(location));
        }
        let mut guard = self.lock();
        *guard = None;
        self.load(&mut guard)?.locate(&*self.backend, kind, id)
    }

    /// Which pack should hold an object, sound or not.
    pub fn pack_of(&self, kind: ObjectKind, id: &[u8; 32]) -> Result<Option<[u8; 32]>, StoreError> {
        let mut guard = self.lock();
        let loaded = self.load(&mut guard)?;
        Ok(loaded.segments.iter().find_map(|s| find(s, kind, id).next().map(|e| s.packs[e.pack as usize].name)))
    }

    /// Ids of `kinds` that begin with `prefix`.
    pub fn with_prefix(
        &self,
        kinds: &[ObjectKind],
        prefix: &Prefix,
        limit: usize,
    ) -> Result<Vec<(ObjectKind, [u8; 32])>, StoreError> {
        let mut guard = self.lock();
        let loaded = self.load(&mut guard)?;
        let mut found = Vec::new();
        for segment in &loaded.segments {
            let start = segment.entries.partition_point(|e| e.header.id < prefix.lowest);
            for entry in segment.entries[start..].iter().take_while(|e| prefix.matches(&e.header.id)) {
                let key = (entry.header.kind, entry.header.id);
                if kinds.contains(&entry.header.kind) && !found.contains(&key) {
                    found.push(key);
                }
                if found.len() >= limit {
                    return Ok(found);
                }
            }
        }
        Ok(found)
    }

    /// Every pack known, with its length.
    pub fn packs(&self) -> Result<Vec<IndexedPack>, StoreError> {
        let mut guard = self.lock();
        let loaded = self.load(&mut guard)?;
        Ok(loaded.segments.iter().flat_map(|s| s.packs.iter().copied()).collect())
    }

    /// What was passed over while loading.
    pub fn defects(&self) -> Result<Vec<IndexDefect>, StoreError> {
        let mut guard = self.lock();
        Ok(self.load(&mut guard)?.defects.clone())
    }

    /// Adds packs that have just become durable, and writes their segment. The segment is a cache: failing to
    /// write it costs the next process a look at the trailers.
    pub fn add(&self, packs: Vec<([u8; 32], u64, Trailer)>) -> Result<(), StoreError> {
        let mut guard = self.lock();
        let loaded = self.load(&mut guard)?;
        let mut segment = segment_of(packs);
        let bytes = segment.encode();
        for pack in &segment.packs {
            loaded.sound.insert(pack.name, true);
        }
        let _ = self.backend.cache(&segment_path(&bytes), &bytes);
        loaded.segments.push(segment);
        drop(guard);
        self.merge();
        Ok(())
    }

    /// Writes the index anew from the packs' trailers.
    pub fn rebuild(&self) -> Result<(), StoreError> {
        self.remove_segments()?;
        *self.lock() = None;
        let mut guard = self.lock();
        self.load(&mut guard)?;
        Ok(())
    }

    /// Looks at the disk again when next asked: packs were moved.
    pub fn forget(&self) {
        *self.lock() = None;
    }

    /// Goes by the packs' trailers from now on; false if that is what it does already. A segment was wrong about a place.
    pub fn distrust(&self) -> bool {
        if self.distrusted.swap(true, Ordering::Relaxed) {
            return false;
        }
        *self.lock() = None;
        // Where they cannot be removed, the next process finds out anew.
        let _ = self.remove_segments();
        true
    }

    /// Whether what is known of a pack is what its trailer says. Of one that has just been written nothing is known.
    pub fn agrees(&self, name: &[u8; 32], length: u64, trailer: &Trailer) -> Result<bool, StoreError> {
        let mut guard = self.lock();
        let loaded = self.load(&mut guard)?;
        let agrees = |segment: &Segment| {
            let Some(number) = segment.packs.iter().position(|pack| pack.name == *name) else { return true };
            let number = number as u32;
            segment.packs[number as usize].length == length
                && segment.entries.iter().filter(|entry| entry.pack == number).count() == trailer.objects.len()
                && trailer.objects.iter().all(|(offset, header)| {
                    let wanted = IndexEntry { pack: number, offset: *offset, header: *header };
                    find(segment, header.kind, &header.id).any(|entry| *entry == wanted)
                })
        };
        Ok(loaded.segments.iter().all(agrees))
    }

    fn remove_segments(&self) -> Result<(), StoreError> {
        for name in self.segment_names()? {
            self.backend.remove_cache(&name)?;
        }
        Ok(())
    }

    fn segment_names(&self) -> Result<Vec<String>, BackendError> {
        let entries = self.backend.list(INDEX)?.into_iter();
        Ok(entries.filter(|e| !e.folder && e.name.ends_with(SUFFIX)).map(|e| format!("{INDEX}/{}", e.name)).collect())
    }

    /// Merges small segments once there are many, so that their number stays logarithmic.
    fn merge(&self) {
        let Ok(names) = self.segment_names() else { return };
        if names.len() <= MANY {
            return;
        }
        let mut files: Vec<(u64, String)> =
            names.into_iter().filter_map(|path| Some((self.backend.length(&path).ok()??, path))).collect();
        files.sort();
        let mut total = 0;
        let mut count = 0;
        for (length, _) in &files {
            if count >= 2 && *length > total {
                break;
            }
            total += length;
            count += 1;
        }
        let mut merged = Segment::default();
        let mut seen = HashSet::new();
        for (_, path) in &files[..count] {
            let Ok(bytes) = self.backend.read(path, MAX_SEGMENT) else { continue };
            // One that is broken goes with the others: its packs' trailers are read instead.
            if let Ok(segment) = Segment::decode(&bytes) {
                append(&mut merged, &segment, &mut seen);
            }
        }
        let bytes = merged.encode();
        let result = segment_path(&bytes);
        if self.backend.cache(&result, &bytes).is_ok() {
            for (_, path) in files[..count].iter().filter(|(_, path)| *path != result) {
                let _ = self.backend.remove_cache(path);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Loaded>> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn load<'a>(&self, slot: &'a mut Option<Loaded>) -> Result<&'a mut Loaded, StoreError> {
        let loaded = match slot.take() {
            Some(loaded) => loaded,
            None => self.read()?,
        };
        Ok(slot.insert(loaded))
    }

    fn read(&self) -> Result<Loaded, StoreError> {
        let mut loaded = Loaded::default();
        let mut covered = HashSet::new();
        let trusted = !self.distrusted.load(Ordering::Relaxed);
        for path in self.segment_names()?.into_iter().filter(|_| trusted) {
            let segment = match self.backend.read(&path, MAX_SEGMENT) {
                // Merged away since it was listed: the packs' trailers fill the gap.
                Err(BackendError::NotFound { .. }) => continue,
                Err(error) => Err(error.to_string()),
                Ok(bytes) => Segment::decode(&bytes).map_err(|error| error.to_string()),
            };
            match segment {
                Ok(segment) => {
                    covered.extend(segment.packs.iter().map(|p| p.name));
                    loaded.segments.push(segment);
                }
                Err(reason) => loaded.defects.push(IndexDefect { name: path, reason }),
            }
        }
        let mut uncovered = Vec::new();
        for entry in self.backend.list(PACKS)? {
            let Some(name) = entry.name.strip_suffix(".pack").and_then(|hex| blake3::Hash::from_hex(hex).ok()) else {
                continue;
            };
            if covered.contains(name.as_bytes()) {
                continue;
            }
            match read_trailer(&*self.backend, name.as_bytes()) {
                Ok((length, trailer)) => uncovered.push((*name.as_bytes(), length, trailer)),
                Err(TrailerError::Backend(error)) => return Err(error.into()),
                Err(TrailerError::Format(error)) => {
                    loaded.defects.push(IndexDefect { name: pack_path(name.as_bytes()), reason: error.to_string() });
                }
            }
        }
        if !uncovered.is_empty() {
            let mut segment = segment_of(uncovered);
            let bytes = segment.encode();
            // On a read-only store the next process reads the trailers again.
            let _ = self.backend.cache(&segment_path(&bytes), &bytes);
            loaded.segments.push(segment);
        }
        Ok(loaded)
    }
}

impl Loaded {
    fn locate(
        &mut self,
        backend: &dyn Backend,
        kind: ObjectKind,
        id: &[u8; 32],
    ) -> Result<Option<Location>, StoreError> {
        Ok(self.locations(backend, kind, id, 1)?.pop())
    }

    /// At most `limit` of the places where a sound pack holds an object.
    fn locations(
        &mut self,
        backend: &dyn Backend,
        kind: ObjectKind,
        id: &[u8; 32],
        limit: usize,
    ) -> Result<Vec<Location>, StoreError> {
        let mut found = Vec::new();
        for segment in &self.segments {
            for entry in find(segment, kind, id) {
                let pack = segment.packs[entry.pack as usize];
                let sound = match self.sound.get(&pack.name) {
                    Some(sound) => *sound,
                    None => {
                        let sound = is_sound(backend, &pack)?;
                        self.sound.insert(pack.name, sound);
                        sound
                    }
                };
                if sound {
                    found.push(Location { pack: pack.name, offset: entry.offset, header: entry.header });
                }
                if found.len() == limit {
                    return Ok(found);
                }
            }
        }
        Ok(found)
    }
}

/// All entries of an object in a segment.
fn find<'a>(segment: &'a Segment, kind: ObjectKind, id: &[u8; 32]) -> impl Iterator<Item = &'a IndexEntry> {
    let key = (*id, kind);
    let start = segment.entries.partition_point(|e| (e.header.id, e.header.kind) < key);
    segment.entries[start..].iter().take_while(move |e| (e.header.id, e.header.kind) == key)
}

/// Whether a pack has the length the index remembers and ends as packs do.
fn is_sound(backend: &dyn Backend, pack: &IndexedPack) -> Result<bool, BackendError> {
    let path = pack_path(&pack.name);
    if backend.length(&path)? != Some(pack.length) || pack.length < pack::FOOTER as u64 {
        return Ok(false);
    }
    let mut footer = [0; pack::FOOTER];
    backend.read_at(&path, pack.length - pack::FOOTER as u64, &mut footer)?;
    Ok(Trailer::locate(&footer, pack.length).is_ok())
}

/// Why a trailer could not be had.
pub enum TrailerError {
    /// The disk failed.
    Backend(BackendError),
    /// The pack is not one.
    Format(FormatError),
}

/// A pack's length and trailer, from its end.
pub fn read_trailer(backend: &dyn Backend, name: &[u8; 32]) -> Result<(u64, Trailer), TrailerError> {
    trailer_of(backend, &pack_path(name))
}

/// The same of a pack that lies elsewhere.
pub(super) fn trailer_of(backend: &dyn Backend, path: &str) -> Result<(u64, Trailer), TrailerError> {
    let length = backend.length(path).map_err(TrailerError::Backend)?.unwrap_or(0);
    let mut footer = [0; pack::FOOTER];
    if length > pack::LONGEST_PACK {
        let reason = format!("it has {length} bytes, more than any pack");
        return Err(TrailerError::Format(FormatError::Malformed { kind: "pack", reason }));
    }
    if length < pack::FOOTER as u64 {
        return Trailer::locate(&[], length).map(|_| (0, Trailer::default())).map_err(TrailerError::Format);
    }
    backend.read_at(path, length - pack::FOOTER as u64, &mut footer).map_err(TrailerError::Backend)?;
    let (offset, size) = Trailer::locate(&footer, length).map_err(TrailerError::Format)?;
    let mut bytes = vec![0; size];
    backend.read_at(path, offset, &mut bytes).map_err(TrailerError::Backend)?;
    Trailer::decode(&bytes).map(|trailer| (length, trailer)).map_err(TrailerError::Format)
}

fn segment_of(packs: Vec<([u8; 32], u64, Trailer)>) -> Segment {
    let mut segment = Segment::default();
    for (name, length, trailer) in packs {
        let pack = segment.packs.len() as u32;
        segment.packs.push(IndexedPack { name, length });
        segment.entries.extend(trailer.objects.into_iter().map(|(offset, header)| IndexEntry { pack, offset, header }));
    }
    segment.entries.sort_by_key(|e| (e.header.id, e.header.kind));
    segment
}

/// Adds what `other` says about packs not `seen` yet.
fn append(segment: &mut Segment, other: &Segment, seen: &mut HashSet<[u8; 32]>) {
    let numbers: Vec<Option<u32>> = other
        .packs
        .iter()
        .map(|pack| {
            seen.insert(pack.name).then(|| {
                segment.packs.push(*pack);
                segment.packs.len() as u32 - 1
            })
        })
        .collect();
    segment
        .entries
        .extend(other.entries.iter().filter_map(|e| numbers[e.pack as usize].map(|pack| IndexEntry { pack, ..*e })));
}

fn segment_path(bytes: &[u8]) -> String {
    format!("{INDEX}/{}{SUFFIX}", &blake3::hash(bytes).to_hex()[..32])
}
