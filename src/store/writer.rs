//! Putting files, trees and records into a store.
//!
//! A large file streams through [`chunks`](super::chunks); small files are taken in parallel, whole. Memory is bounded,
//! whatever the size of a file.

use std::collections::HashSet;
use std::io::{self, Read};

use rayon::prelude::*;

use super::chunks::Chunks;
use super::cut;
use super::pack_writer::Encoded;
use super::packs::Packs;
use super::{Store, StoreError};
use crate::digest::Digest;
use crate::format::pack::ObjectKind;
use crate::format::recipe::{Recipe, RecipeBlock};
use crate::format::tree::{self, TreeRecord};
use crate::id::{FileId, TreeId};
use crate::progress::Progress;

/// Small files taken at a time.
const SMALL_BATCH: usize = 256;
/// Objects known to be in the store, or on their way into it.
pub(super) type Session = HashSet<(ObjectKind, [u8; 32])>;

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
    packs: Packs<'s>,
    session: Session,
    chunks: Chunks,
    plain: u64,
}

/// A small file, read and encoded.
struct Small {
    file: StoredFile,
    block: Option<Encoded>,
    recipe: Option<Encoded>,
}

impl<'s> Writer<'s> {
    pub(super) fn new(store: &'s Store, rehearse: bool) -> Self {
        let packs = Packs::new(store, rehearse);
        Self { store, packs, session: Session::new(), chunks: Chunks::default(), plain: 0 }
    }

    /// What has been given so far, as [`finish`](Self::finish) would report it.
    pub fn so_far(&self) -> Written {
        Written { plain: self.plain, new: self.packs.new_bytes(), stored: self.packs.stored_bytes() }
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
        self.packs.finish()?;
        Ok(self.so_far())
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
        let (file, blocks) =
            self.chunks.put(source, index, self.store, &mut self.session, &mut self.packs, progress)?;
        let key = (ObjectKind::Recipe, *file.id.digest().as_bytes());
        if !self.session.contains(&key) && !self.store.has_file(file.id)? {
            self.add(&encode_recipe(&file, blocks)?)?;
        }
        self.plain += file.size;
        Ok(file)
    }

    fn has(&self, kind: ObjectKind, id: &[u8; 32]) -> Result<bool, StoreError> {
        Ok(self.session.contains(&(kind, *id)) || self.store.contains(kind, id)?)
    }

    fn add(&mut self, object: &Encoded) -> Result<(), StoreError> {
        let header = object.header();
        if self.session.insert((header.kind, header.id)) { self.packs.add(object) } else { Ok(()) }
    }
}

fn encode_recipe(file: &StoredFile, blocks: Vec<RecipeBlock>) -> Result<Encoded, StoreError> {
    let recipe = Recipe { sha256: file.id.digest(), size: file.size, blocks };
    Encoded::new(ObjectKind::Recipe, *file.id.digest().as_bytes(), &recipe.encode())
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
