//! Where every object is: from the index segments, and from the trailers of packs no segment covers yet.
//!
//! A segment is a cache. One that cannot be read is passed over, and its packs' trailers are read instead; a segment that
//! names a pack which is gone is simply wrong about it. Before an entry is trusted, its pack's length and ending
//! are checked, once per process. Segments are read [a page at a time](super::segments), and none grows without end, so
//! that the memory they take is bounded, whatever the store holds.
//!
//! Segments are written only by who holds the store. What a reader who holds nothing writes may be out of date before it is
//! there: it would name a pack that was collected meanwhile, and no check could tell that from a loss.

mod lost;

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::backend::{Backend, BackendError};
use super::pack_writer::pack_path;
use super::segments::{OpenSegment, SegmentError, Segments};
use super::{INDEX, PACKS, StoreError};
use crate::format::FormatError;
use crate::format::index::{IndexEntry, IndexedPack, Segment};
use crate::format::pack::{self, ObjectHeader, ObjectKind, Trailer};

const SUFFIX: &str = ".idx";
/// More segments than this are merged, smallest first.
const MANY: usize = 8;
/// A segment is closed when it has so many entries: it is written, and merged, in memory.
const FULL: usize = 1 << 20;
/// Bytes of a segment that is not merged any more.
const LARGE: u64 = 28 << 20;

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

/// All segments of a store, opened when first asked.
pub struct Index {
    backend: Arc<dyn Backend>,
    loaded: Mutex<Option<Loaded>>,
    /// Segments that turned out to be broken, and why.
    broken: Mutex<BTreeMap<String, String>>,
    distrusted: AtomicBool,
    /// How often this process holds the store.
    holds: AtomicUsize,
}

#[derive(Default)]
struct Loaded {
    segments: Segments,
    defects: Vec<IndexDefect>,
    /// Whether packs that no segment covers were looked for.
    covers_all: bool,
}

/// How much of an index is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// The segments that are there.
    Segments,
    /// Every pack.
    All,
}

/// Why nothing was found out.
enum LookError {
    /// The store failed.
    Store(StoreError),
    /// A segment is of no use: it is to be passed over.
    Segment(String, SegmentError),
}

impl From<BackendError> for LookError {
    fn from(error: BackendError) -> Self {
        Self::Store(error.into())
    }
}

impl Index {
    /// The index of the store in `backend`.
    pub fn new(backend: Arc<dyn Backend>) -> Self {
        let (loaded, broken) = (Mutex::new(None), Mutex::default());
        Self { backend, loaded, broken, distrusted: false.into(), holds: 0.into() }
    }

    /// Where an object is, if a sound pack holds it.
    pub fn locate(&self, kind: ObjectKind, id: &[u8; 32]) -> Result<Option<Location>, StoreError> {
        // What a segment knows is found without looking at every pack there is.
        let (found, all) = self.look_in(Extent::Segments, |loaded, backend| {
            Ok((loaded.locations(backend, kind, id, 1)?.pop(), loaded.covers_all))
        })?;
        if found.is_some() || all {
            return Ok(found);
        }
        self.look(|loaded, backend| Ok(loaded.locations(backend, kind, id, 1)?.pop()))
    }

    /// Everywhere a sound pack holds it.
    pub fn locations(&self, kind: ObjectKind, id: &[u8; 32]) -> Result<Vec<Location>, StoreError> {
        self.look(|loaded, backend| loaded.locations(backend, kind, id, usize::MAX))
    }

    /// The same as [`locate`](Self::locate), looking again at the disk before saying no: another process may have written since.
    pub fn locate_fresh(&self, kind: ObjectKind, id: &[u8; 32]) -> Result<Option<Location>, StoreError> {
        if let Some(location) = self.locate(kind, id)? {
            return Ok(Some(location));
        }
        self.forget();
        self.locate(kind, id)
    }

    /// Which pack should hold an object, sound or not.
    pub fn pack_of(&self, kind: ObjectKind, id: &[u8; 32]) -> Result<Option<[u8; 32]>, StoreError> {
        self.look(|loaded, backend| {
            for segment in 0..loaded.segments.len() {
                if let Some(entry) = loaded.find(backend, segment, kind, id)?.first() {
                    return Ok(Some(loaded.segments.get(segment).packs()[entry.pack as usize].name));
                }
            }
            Ok(None)
        })
    }

    /// Ids of `kinds` that begin with `prefix`.
    pub fn with_prefix(
        &self,
        kinds: &[ObjectKind],
        prefix: &Prefix,
        limit: usize,
    ) -> Result<Vec<(ObjectKind, [u8; 32])>, StoreError> {
        self.look(|loaded, backend| {
            let mut found = Vec::new();
            for segment in 0..loaded.segments.len() {
                let path = loaded.segments.get(segment).path.clone();
                let take = |entry: &IndexEntry| {
                    let key = (entry.header.kind, entry.header.id);
                    let matches = prefix.matches(&entry.header.id);
                    if matches && kinds.contains(&entry.header.kind) && !found.contains(&key) {
                        found.push(key);
                    }
                    matches && found.len() < limit
                };
                let looked = loaded.segments.from(backend, segment, &prefix.lowest, take);
                looked.map_err(|error| LookError::Segment(path, error))?;
            }
            found.truncate(limit);
            Ok(found)
        })
    }

    /// Every pack known, with its length.
    pub fn packs(&self) -> Result<Vec<IndexedPack>, StoreError> {
        self.look(|loaded, _| Ok(loaded.segments.iter().flat_map(|s| s.packs().iter().copied()).collect()))
    }

    /// What is wrong with the parts the index is made of. Reads all of it.
    pub fn defects(&self) -> Result<Vec<IndexDefect>, StoreError> {
        self.look(|loaded, backend| {
            for segment in 0..loaded.segments.len() {
                loaded.counts(backend, segment)?;
            }
            Ok(loaded.defects.clone())
        })
    }

    /// Adds packs that have just become durable, and writes their segment. The segment is a cache: failing to
    /// write it costs the next process a look at the trailers.
    pub fn add(&self, packs: Vec<([u8; 32], u64, Trailer)>) -> Result<(), StoreError> {
        let mut guard = self.lock();
        let loaded = self.load(&mut guard, Extent::Segments)?;
        let mut segment = self.write_segment(segment_of(packs), true)?;
        segment.sound.fill(Some(true));
        loaded.segments.push(segment);
        drop(guard);
        self.merge();
        Ok(())
    }

    /// Looks at the disk again when next asked: packs were moved.
    pub fn forget(&self) {
        *self.lock() = None;
    }

    /// From here on packs are moved by nobody else. What was known of them is from before.
    pub fn hold(&self) {
        self.holds.fetch_add(1, Ordering::SeqCst);
        self.forget();
    }

    /// Packs may be moved by others again.
    pub fn let_go(&self) {
        self.holds.fetch_sub(1, Ordering::SeqCst);
    }

    /// A pack has left its place: nothing is looked for in it any more.
    pub fn moved(&self, pack: &[u8; 32]) {
        if let Some(loaded) = self.lock().as_mut() {
            loaded.segments.distrust(pack);
        }
    }

    /// Goes by the packs' trailers from now on; false if that is what it does already. A segment was wrong about a place.
    pub fn distrust(&self) -> bool {
        if self.distrusted.swap(true, Ordering::Relaxed) {
            return false;
        }
        self.forget();
        // Where they cannot be removed, the next process finds out anew.
        if self.is_held() {
            let _ = self.clear();
        }
        true
    }

    /// Whether what is known of a pack is what its trailer says. Of one that has just been written nothing is known.
    pub fn agrees(&self, name: &[u8; 32], length: u64, trailer: &Trailer) -> Result<bool, StoreError> {
        self.look(|loaded, backend| {
            for segment in 0..loaded.segments.len() {
                let packs = loaded.segments.get(segment).packs();
                let Some(number) = packs.iter().position(|pack| pack.name == *name) else { continue };
                if packs[number].length != length || loaded.counts(backend, segment)?[number] != trailer.objects.len() {
                    return Ok(false);
                }
                for (offset, header) in &trailer.objects {
                    let wanted = IndexEntry { pack: number as u32, offset: *offset, header: *header };
                    if !loaded.find(backend, segment, header.kind, &header.id)?.contains(&wanted) {
                        return Ok(false);
                    }
                }
            }
            Ok(true)
        })
    }

    /// Looks something up. A segment that turns out to be of no use is passed over from then on.
    fn look<T>(&self, look: impl Fn(&mut Loaded, &dyn Backend) -> Result<T, LookError>) -> Result<T, StoreError> {
        self.look_in(Extent::All, look)
    }

    fn look_in<T>(
        &self,
        extent: Extent,
        look: impl Fn(&mut Loaded, &dyn Backend) -> Result<T, LookError>,
    ) -> Result<T, StoreError> {
        loop {
            let mut guard = self.lock();
            let loaded = self.load(&mut guard, extent)?;
            match look(loaded, &*self.backend) {
                Ok(found) => return Ok(found),
                Err(LookError::Store(error)) => return Err(error),
                Err(LookError::Segment(path, error)) => {
                    *guard = None;
                    if let SegmentError::Broken(reason) = error {
                        lock(&self.broken).insert(path, reason);
                    }
                }
            }
        }
    }

    fn is_held(&self) -> bool {
        self.holds.load(Ordering::SeqCst) > 0
    }

    fn segment_names(&self) -> Result<Vec<String>, BackendError> {
        let entries = self.backend.list(INDEX)?.into_iter();
        Ok(entries.filter(|e| !e.folder && e.name.ends_with(SUFFIX)).map(|e| format!("{INDEX}/{}", e.name)).collect())
    }

    /// Merges small segments once there are many, so that their number stays logarithmic.
    fn merge(&self) {
        let Ok(names) = self.segment_names() else { return };
        let mut files: Vec<(u64, String)> =
            names.into_iter().filter_map(|path| Some((self.backend.length(&path).ok()??, path))).collect();
        files.retain(|(length, _)| *length < LARGE);
        if files.len() <= MANY {
            return;
        }
        files.sort();
        let mut total = 0;
        let mut count = 0;
        for (length, _) in &files {
            if count >= 2 && (*length > total || total >= LARGE) {
                break;
            }
            total += length;
            count += 1;
        }
        let mut merged = Segment::default();
        let mut seen = HashSet::new();
        for (_, path) in &files[..count] {
            let whole = OpenSegment::open(&*self.backend, path.clone()).and_then(|open| open.whole(&*self.backend));
            // One that is broken goes with the others: its packs' trailers are read instead.
            if let Ok(segment) = whole {
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
        lock(&self.loaded)
    }

    fn load<'a>(&self, slot: &'a mut Option<Loaded>, extent: Extent) -> Result<&'a mut Loaded, StoreError> {
        let mut loaded = match slot.take() {
            Some(loaded) => loaded,
            None => self.open_segments()?,
        };
        if extent == Extent::All && !loaded.covers_all {
            self.cover_all(&mut loaded, self.is_held())?;
        }
        Ok(slot.insert(loaded))
    }

    /// Opens every segment, and the trailers of packs that none covers; whether those are written as another one is for the
    /// caller to say.
    fn read(&self, write: bool) -> Result<Loaded, StoreError> {
        let mut loaded = self.open_segments()?;
        self.cover_all(&mut loaded, write)?;
        Ok(loaded)
    }

    fn open_segments(&self) -> Result<Loaded, StoreError> {
        let mut loaded = Loaded::default();
        let trusted = !self.distrusted.load(Ordering::Relaxed);
        for path in self.segment_names()?.into_iter().filter(|_| trusted) {
            let opened = match lock(&self.broken).get(&path) {
                Some(reason) => Err(SegmentError::Broken(reason.clone())),
                None => OpenSegment::open(&*self.backend, path.clone()),
            };
            match opened {
                Ok(segment) => loaded.segments.push(segment),
                // The packs' trailers fill the gap.
                Err(SegmentError::Gone) => {}
                Err(SegmentError::Broken(reason)) => loaded.defects.push(IndexDefect { name: path, reason }),
            }
        }
        Ok(loaded)
    }

    fn cover_all(&self, loaded: &mut Loaded, write: bool) -> Result<(), StoreError> {
        let covered: HashSet<[u8; 32]> =
            loaded.segments.iter().flat_map(|s| s.packs().iter().map(|p| p.name)).collect();
        let mut uncovered = Vec::new();
        let mut entries = 0;
        for entry in self.backend.list(PACKS)? {
            let Some(name) = entry.name.strip_suffix(".pack").and_then(|hex| blake3::Hash::from_hex(hex).ok()) else {
                continue;
            };
            if covered.contains(name.as_bytes()) {
                continue;
            }
            match read_trailer(&*self.backend, name.as_bytes()) {
                Ok((length, trailer)) => {
                    entries += trailer.objects.len();
                    uncovered.push((*name.as_bytes(), length, trailer));
                }
                Err(TrailerError::Backend(error)) => return Err(error.into()),
                Err(TrailerError::Format(error)) => {
                    loaded.defects.push(IndexDefect { name: pack_path(name.as_bytes()), reason: error.to_string() });
                }
            }
            if entries >= FULL {
                loaded.segments.push(self.write_segment(segment_of(std::mem::take(&mut uncovered)), write)?);
                entries = 0;
            }
        }
        if !uncovered.is_empty() {
            loaded.segments.push(self.write_segment(segment_of(uncovered), write)?);
        }
        loaded.covers_all = true;
        Ok(())
    }

    /// A segment, written if that is asked. On a read-only store it is kept in memory, and the next process reads the trailers
    /// again; so is one that was written before and found broken, lest it be read for ever.
    fn write_segment(&self, mut segment: Segment, write: bool) -> Result<OpenSegment, StoreError> {
        let bytes = segment.encode();
        drop(segment);
        let path = segment_path(&bytes);
        let was_broken = lock(&self.broken).remove(&path).is_some();
        if write
            && self.backend.cache(&path, &bytes).is_ok()
            && !was_broken
            && let Ok(open) = OpenSegment::open(&*self.backend, path.clone())
        {
            return Ok(open);
        }
        OpenSegment::in_memory(path.clone(), &bytes).map_err(|source| {
            let source = std::io::Error::other(source.to_string());
            BackendError::Io { action: "index", place: self.backend.place(), name: path, source }.into()
        })
    }
}

impl Loaded {
    fn find(
        &mut self,
        backend: &dyn Backend,
        segment: usize,
        kind: ObjectKind,
        id: &[u8; 32],
    ) -> Result<Vec<IndexEntry>, LookError> {
        let found = self.segments.find(backend, segment, kind, id);
        found.map_err(|error| LookError::Segment(self.segments.get(segment).path.clone(), error))
    }

    fn counts(&mut self, backend: &dyn Backend, segment: usize) -> Result<Vec<usize>, LookError> {
        let counts = self.segments.counts(backend, segment).map(<[usize]>::to_vec);
        counts.map_err(|error| LookError::Segment(self.segments.get(segment).path.clone(), error))
    }

    /// At most `limit` of the places where a sound pack holds an object.
    fn locations(
        &mut self,
        backend: &dyn Backend,
        kind: ObjectKind,
        id: &[u8; 32],
        limit: usize,
    ) -> Result<Vec<Location>, LookError> {
        let mut found = Vec::new();
        for number in 0..self.segments.len() {
            for entry in self.find(backend, number, kind, id)? {
                let segment = self.segments.get_mut(number);
                let pack = segment.packs()[entry.pack as usize];
                let sound = match segment.sound[entry.pack as usize] {
                    Some(sound) => sound,
                    None => *segment.sound[entry.pack as usize].insert(is_sound(backend, &pack)?),
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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
