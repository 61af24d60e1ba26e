//! Putting files, trees and records into a store.
//!
//! A large file is read, hashed and cut by one thread while the others encode its blocks; small files are taken in
//! parallel, whole. Memory is bounded by the batches below, whatever the size of a file.

use std::collections::HashSet;
use std::io::{self, Read};
use std::sync::mpsc;
use std::thread::JoinHandle;

use rayon::prelude::*;

use super::backend::BackendError;
use super::cut::{self, Cutter};
use super::pack_writer::{ClosedPack, Encoded, PackWriter};
use super::{Store, StoreError};
use crate::digest::{Digest, Hasher};
use crate::format::pack::{ObjectKind, Trailer};
use crate::format::recipe::{Recipe, RecipeBlock};
use crate::format::tree::{self, TreeRecord};
use crate::id::{FileId, TreeId};
use crate::progress::Progress;

/// Blocks on their way from the reader to the encoders: 64 of at most 2 MiB.
const IN_FLIGHT: usize = 48;
/// Blocks encoded at a time.
const BATCH: usize = 16;
/// Small files taken at a time.
const SMALL_BATCH: usize = 256;
const READ: usize = 1 << 20;

/// Bytes to be stored as a file.
pub trait Source: Sync {
    /// How many there are.
    fn size(&self) -> u64;
    /// Begins to read them.
    fn open(&self) -> io::Result<Box<dyn Read + Send + '_>>;
    /// Called when `read` bytes were read to the end: whether they are still what they were.
    fn finished(&self, read: u64) -> io::Result<()>;
}

/// A file that is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredFile {
    /// The SHA-256 of its bytes.
    pub id: FileId,
    /// Their number.
    pub size: u64,
}

/// What a writer added.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    /// Bytes of all files given.
    pub plain: u64,
    /// Bytes of those blocks that were not stored before.
    pub new: u64,
    /// Bytes the store grew by.
    pub stored: u64,
}

/// Adds objects to a store; nothing is durable before [`finish`](Self::finish), and dropping it leaves nothing behind.
pub struct Writer<'s> {
    store: &'s Store,
    pack: Option<PackWriter>,
    publishing: Option<JoinHandle<Result<PublishedPack, BackendError>>>,
    published: Vec<PublishedPack>,
    session: HashSet<(ObjectKind, [u8; 32])>,
    plain: u64,
    new: u64,
    rehearsed: Option<u64>,
}

type PublishedPack = ([u8; 32], u64, Trailer);
/// A block's id, and the block if it is not stored yet.
type Known = ([u8; 32], Option<Encoded>);

/// A small file, read and encoded.
struct Small {
    file: StoredFile,
    block: Option<Encoded>,
    recipe: Option<Encoded>,
}

impl<'s> Writer<'s> {
    pub(super) fn new(store: &'s Store, rehearse: bool) -> Self {
        Self {
            store,
            pack: None,
            publishing: None,
            published: Vec::new(),
            session: HashSet::new(),
            plain: 0,
            new: 0,
            rehearsed: rehearse.then_some(0),
        }
    }

    /// What has been given so far, as [`finish`](Self::finish) would report it.
    pub fn so_far(&self) -> Written {
        let published: u64 = self.published.iter().map(|(_, length, _)| length).sum();
        Written { plain: self.plain, new: self.new, stored: self.rehearsed.unwrap_or(published) }
    }

    /// Stores files, in any number and of any size; the results are in the order of `sources`.
    pub fn put_files(
        &mut self,
        sources: &[&dyn Source],
        progress: &dyn Progress,
    ) -> Result<Vec<StoredFile>, StoreError> {
        let mut stored: Vec<Option<StoredFile>> = vec![None; sources.len()];
        let (small, large): (Vec<usize>, Vec<usize>) =
            (0..sources.len()).partition(|i| sources[*i].size() <= cut::WHOLE as u64);
        for batch in small.chunks(SMALL_BATCH) {
            let taken: Vec<Result<Small, StoreError>> =
                batch.par_iter().map(|index| self.take_small(*index, sources[*index])).collect();
            for (index, small) in batch.iter().zip(taken) {
                let small = small?;
                progress.advance(small.file.size);
                stored[*index] = Some(self.add_small(small)?);
            }
        }
        for index in large {
            stored[index] = Some(self.put_large(index, sources[index], progress)?);
        }
        Ok(stored.into_iter().flatten().collect())
    }

    /// Stores bytes that are in memory as a file.
    pub fn put_bytes(&mut self, bytes: &[u8], progress: &dyn Progress) -> Result<StoredFile, StoreError> {
        let stored = self.put_files(&[&InMemory(bytes)], progress)?;
        Ok(stored[0])
    }

    /// Stores a folder's listing.
    pub fn put_tree(&mut self, tree: &TreeRecord) -> Result<TreeId, StoreError> {
        let malformed = |source| StoreError::Format { kind: "tree", id: Digest::of(b""), source };
        let bytes = tree.encode().map_err(malformed)?;
        let limit = crate::format::pack::MAX_OBJECT as usize;
        if bytes.len() > limit {
            return Err(malformed(crate::format::FormatError::Malformed {
                kind: tree::FORMAT,
                reason: format!("one folder with {} entries is more than a listing can hold", tree.entries.len()),
            }));
        }
        self.put_object(ObjectKind::Tree, &bytes).map(TreeId::new)
    }

    /// Stores a record: canonical JSON.
    pub fn put_record(&mut self, bytes: &[u8]) -> Result<Digest, StoreError> {
        self.put_object(ObjectKind::Record, bytes)
    }

    /// Makes everything durable. Without anything new, nothing is written.
    pub fn finish(mut self) -> Result<Written, StoreError> {
        self.close_pack()?;
        self.join_publisher()?;
        let written = self.so_far();
        let packs = std::mem::take(&mut self.published);
        if !packs.is_empty() {
            self.store.index.add(packs)?;
        }
        Ok(written)
    }

    fn put_object(&mut self, kind: ObjectKind, bytes: &[u8]) -> Result<Digest, StoreError> {
        let id = Digest::of(bytes);
        if !self.has(kind, id.as_bytes())? {
            self.add(&Encoded::new(kind, *id.as_bytes(), bytes)?)?;
        }
        Ok(id)
    }

    fn take_small(&self, index: usize, source: &dyn Source) -> Result<Small, StoreError> {
        let unreadable = |source| StoreError::Source { index, source };
        let mut bytes = Vec::with_capacity(source.size() as usize);
        let limit = cut::WHOLE as u64 + 1;
        source.open().and_then(|r| r.take(limit).read_to_end(&mut bytes)).map_err(unreadable)?;
        source.finished(bytes.len() as u64).map_err(unreadable)?;
        let file = StoredFile { id: FileId::new(Digest::of(&bytes)), size: bytes.len() as u64 };
        let recipe_known = self.has(ObjectKind::Recipe, file.id.digest().as_bytes())?;
        if bytes.is_empty() {
            let recipe = if recipe_known { None } else { Some(encode_recipe(&file, Vec::new())?) };
            return Ok(Small { file, block: None, recipe });
        }
        let id = *blake3::hash(&bytes).as_bytes();
        let block_known = self.has(ObjectKind::Block, &id)?;
        // A recipe whose block is gone belongs to a damaged pack: both are written again.
        if recipe_known && block_known {
            return Ok(Small { file, block: None, recipe: None });
        }
        let block = if block_known { None } else { Some(Encoded::new(ObjectKind::Block, id, &bytes)?) };
        let blocks = vec![RecipeBlock { id, length: bytes.len() as u32, width: 0, phase: 0 }];
        Ok(Small { file, block, recipe: Some(encode_recipe(&file, blocks)?) })
    }

    fn add_small(&mut self, small: Small) -> Result<StoredFile, StoreError> {
        for object in small.block.iter().chain(&small.recipe) {
            self.add(object)?;
        }
        self.plain += small.file.size;
        Ok(small.file)
    }

    fn put_large(
        &mut self,
        index: usize,
        source: &dyn Source,
        progress: &dyn Progress,
    ) -> Result<StoredFile, StoreError> {
        std::thread::scope(|scope| {
            let (sender, receiver) = mpsc::sync_channel::<Vec<u8>>(IN_FLIGHT);
            let reader = scope.spawn(move || read_and_cut(source, &sender));
            let mut blocks = Vec::new();
            let mut batch = Vec::with_capacity(BATCH);
            let taken = loop {
                let next = receiver.recv();
                let ended = next.is_err();
                batch.extend(next);
                if batch.len() == BATCH || ended {
                    if let Err(error) = self.put_blocks(&batch, &mut blocks) {
                        break Err(error);
                    }
                    progress.advance(batch.iter().map(|b| b.len() as u64).sum());
                    batch.clear();
                }
                if ended {
                    break Ok(());
                }
            };
            // Ends a reader that is still sending.
            drop(receiver);
            let read = reader.join().map_err(|_| io::Error::other("the reader failed")).and_then(|r| r);
            taken?;
            let (digest, size) = read.map_err(|source| StoreError::Source { index, source })?;
            let file = StoredFile { id: FileId::new(digest), size };
            if !self.session.contains(&(ObjectKind::Recipe, *digest.as_bytes())) && !self.store.has_file(file.id)? {
                self.add(&encode_recipe(&file, blocks)?)?;
            }
            self.plain += size;
            Ok(file)
        })
    }

    fn put_blocks(&mut self, batch: &[Vec<u8>], blocks: &mut Vec<RecipeBlock>) -> Result<(), StoreError> {
        let encoded: Vec<Result<Known, StoreError>> = batch
            .par_iter()
            .map(|plain| {
                let id = *blake3::hash(plain).as_bytes();
                if self.has(ObjectKind::Block, &id)? {
                    return Ok((id, None));
                }
                Ok((id, Some(Encoded::new(ObjectKind::Block, id, plain)?)))
            })
            .collect();
        for (plain, encoded) in batch.iter().zip(encoded) {
            let (id, object) = encoded?;
            if let Some(object) = object {
                self.add(&object)?;
            }
            blocks.push(RecipeBlock { id, length: plain.len() as u32, width: 0, phase: 0 });
        }
        Ok(())
    }

    fn has(&self, kind: ObjectKind, id: &[u8; 32]) -> Result<bool, StoreError> {
        Ok(self.session.contains(&(kind, *id)) || self.store.contains(kind, id)?)
    }

    fn add(&mut self, object: &Encoded) -> Result<(), StoreError> {
        if !self.session.insert(object.key()) {
            return Ok(());
        }
        if object.key().0 == ObjectKind::Block {
            self.new += object.plain_length();
        }
        if let Some(total) = &mut self.rehearsed {
            *total += object.stored_length();
            return Ok(());
        }
        if self.pack.as_ref().is_some_and(|pack| !pack.has_room_for(object)) {
            self.close_pack()?;
        }
        let pack = match &mut self.pack {
            Some(pack) => pack,
            None => self.pack.insert(PackWriter::begin(&**self.store.backend())?),
        };
        Ok(pack.add(object)?)
    }

    /// Closes the pack and makes it durable in the background, while the next one is filled.
    fn close_pack(&mut self) -> Result<(), StoreError> {
        let Some(pack) = self.pack.take() else { return Ok(()) };
        let closed: ClosedPack = pack.close()?;
        self.join_publisher()?;
        let backend = std::sync::Arc::clone(self.store.backend());
        self.publishing = Some(std::thread::spawn(move || closed.publish(&*backend)));
        Ok(())
    }

    fn join_publisher(&mut self) -> Result<(), StoreError> {
        if let Some(publishing) = self.publishing.take() {
            let failed = || BackendError::Io {
                action: "publish",
                place: self.store.backend().place(),
                name: "a pack".to_owned(),
                source: io::Error::other("the thread that writes packs failed"),
            };
            let published = publishing.join().map_err(|_| failed())??;
            self.published.push(published);
        }
        Ok(())
    }
}

fn encode_recipe(file: &StoredFile, blocks: Vec<RecipeBlock>) -> Result<Encoded, StoreError> {
    let recipe = Recipe { sha256: file.id.digest(), size: file.size, blocks };
    Encoded::new(ObjectKind::Recipe, *file.id.digest().as_bytes(), &recipe.encode())
}

/// Reads a source to its end; sends its blocks; says what the whole is.
fn read_and_cut(source: &dyn Source, sender: &mpsc::SyncSender<Vec<u8>>) -> io::Result<(Digest, u64)> {
    let mut reader = source.open()?;
    let mut buffer = vec![0; READ];
    let mut hasher = Hasher::default();
    let mut cutter = Cutter::default();
    let mut total = 0;
    // A closed channel means the writer failed and says why itself.
    let send = |block| sender.send(block).map_err(|_| io::Error::from(io::ErrorKind::Interrupted));
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => {
                hasher.update(&buffer[..n]);
                total += n as u64;
                cutter.push(&buffer[..n], send)?;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    cutter.finish(total, send)?;
    source.finished(total)?;
    Ok((hasher.finish(), total))
}

/// Bytes that are in memory already.
struct InMemory<'a>(&'a [u8]);

impl Source for InMemory<'_> {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn open(&self) -> io::Result<Box<dyn Read + Send + '_>> {
        Ok(Box::new(self.0))
    }

    fn finished(&self, _: u64) -> io::Result<()> {
        Ok(())
    }
}
