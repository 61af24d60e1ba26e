//! Putting files, trees and records into a store.
//!
//! A large file streams through [`chunks`](super::chunks); small files are taken in parallel, whole. Memory is bounded,
//! whatever the size of a file.

use std::collections::HashMap;
use std::io::Read;

use rayon::prelude::*;

use super::chunks::{Chunks, Destination};
use super::cut;
use super::pack_writer::Encoded;
use super::packs::{Packs, Session};
use super::parents::Parents;
use super::reuse::Reuse;
use super::source::{InMemory, Source};
use super::{Store, StoreError};
use crate::digest::Digest;
use crate::format::pack::{MAX_OBJECT, ObjectHeader, ObjectKind};
use crate::format::recipe::Recipe;
use crate::format::tree::{self, TreeRecord};
use crate::id::{FileId, TreeId};
use crate::progress::Progress;

/// Small files taken at a time.
const SMALL_BATCH: usize = 256;

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
    parents: Parents,
    /// Finds the files of the version before, when the first large file comes: an unchanged version never asks.
    find_parents: Option<FindFiles<'s>>,
    chunks: Chunks,
    /// How files with tensors were cut: what a pack on its way holds cannot be read.
    recipes: HashMap<FileId, Recipe>,
    reuse: Reuse,
    plain: u64,
}

type FindFiles<'s> = Box<dyn FnOnce() -> Vec<FileId> + Send + Sync + 's>;

/// A small file, read; encoded where it is new.
type Small = (StoredFile, Option<Encoded>);

impl<'s> Writer<'s> {
    pub(super) fn new(store: &'s Store, rehearse: bool, reuse: Reuse) -> Self {
        let packs = Packs::new(store, rehearse);
        Self {
            store,
            packs,
            session: Session::new(),
            parents: Parents::default(),
            find_parents: None,
            chunks: Chunks::default(),
            recipes: HashMap::new(),
            reuse,
            plain: 0,
        }
    }

    /// `files` finds those of the version before: tensors that are in both may be stored as what changed.
    pub fn expect_changes_of(&mut self, files: impl FnOnce() -> Vec<FileId> + Send + Sync + 's) {
        self.find_parents = Some(Box::new(files));
    }

    /// Whether a file, a folder or a part of one was not in the store. Of a version that is, it was lost.
    pub const fn adds_contents(&self) -> bool {
        self.packs.has_contents()
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
                let (file, new) = small?;
                if let Some(object) = new {
                    self.add(&object)?;
                }
                self.plain += file.size;
                progress.advance(file.size);
                stored[*index] = Some(file);
            }
            self.packs.index_many(&mut self.session)?;
        }
        for index in large {
            stored[index] = Some(self.put_large(index, sources[index], progress)?);
            self.packs.index_many(&mut self.session)?;
        }
        Ok(stored.into_iter().flatten().collect())
    }

    /// Takes files as given that are stored already; of each, whether it is.
    pub fn keep(&mut self, files: &[StoredFile]) -> Result<Vec<bool>, StoreError> {
        let mut kept = vec![false; files.len()];
        // In the order of the index: what one look-up brings into the processor's cache serves the next.
        let mut order: Vec<usize> = (0..files.len()).collect();
        order.sort_unstable_by_key(|at| files[*at].id);
        for at in order {
            kept[at] = self.keep_one(files[at])?;
        }
        Ok(kept)
    }

    fn keep_one(&mut self, file: StoredFile) -> Result<bool, StoreError> {
        let kept = self.session.contains(&(ObjectKind::File, *file.id.digest().as_bytes()))
            || self.session.contains(&(ObjectKind::Recipe, *file.id.digest().as_bytes()))
            || self.store.has_file(file.id)?;
        if kept {
            self.plain += file.size;
        }
        Ok(kept)
    }

    /// The first of `trees`, if all of them are stored already.
    pub fn keep_trees(&self, trees: &[TreeId]) -> Result<Option<TreeId>, StoreError> {
        for tree in trees {
            if !self.has(ObjectKind::Tree, tree.digest().as_bytes())? {
                return Ok(None);
            }
        }
        Ok(trees.first().copied())
    }

    /// How a large file is put together, stored before or by this writer; none where that cannot be told.
    pub fn recipe(&self, file: FileId) -> Option<Recipe> {
        self.recipes.get(&file).cloned().or_else(|| self.store.recipe(file).ok())
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
        let limit = MAX_OBJECT as usize;
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

    /// The same; the names of the packs.
    pub(super) fn finish_packs(mut self) -> Result<Vec<[u8; 32]>, StoreError> {
        self.packs.finish()
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
        let id = file.id.digest();
        let new = !self.has(ObjectKind::File, id.as_bytes())?;
        Ok((file, if new { Some(Encoded::new(ObjectKind::File, *id.as_bytes(), &bytes)?) } else { None }))
    }

    fn put_large(
        &mut self,
        index: usize,
        source: &dyn Source,
        progress: &dyn Progress,
    ) -> Result<StoredFile, StoreError> {
        if let Some(find) = self.find_parents.take() {
            self.parents = Parents::of(self.store, &find())?;
        }
        let Self { store, parents, session, packs, .. } = self;
        let to = Destination { store, parents, session, packs, reuse: self.reuse };
        let recipe = self.chunks.put(source, index, to, progress)?;
        let file = StoredFile { id: FileId::new(recipe.sha256), size: recipe.size };
        let key = (ObjectKind::Recipe, *recipe.sha256.as_bytes());
        if !self.session.contains(&key) && !self.reuse.has_file(self.store, file.id)? {
            self.add(&encode_recipe(&recipe)?)?;
        }
        self.plain += file.size;
        if !recipe.tensors.is_empty() {
            self.recipes.insert(file.id, recipe);
        }
        Ok(file)
    }

    pub(super) fn has(&self, kind: ObjectKind, id: &[u8; 32]) -> Result<bool, StoreError> {
        Ok(self.session.contains(&(kind, *id)) || self.reuse.has(self.store, kind, id)?)
    }

    /// Adds an object that is encoded already, as the bytes it has in another pack.
    pub(super) fn copy(&mut self, header: &ObjectHeader, bytes: &[u8]) -> Result<(), StoreError> {
        let new = self.session.insert((header.kind, header.id));
        // Two recipes of one file may name other blocks.
        if new || header.kind == ObjectKind::Recipe { self.packs.append(header, bytes) } else { Ok(()) }
    }

    pub(super) fn add(&mut self, object: &Encoded) -> Result<(), StoreError> {
        let header = object.header();
        if self.session.insert((header.kind, header.id)) { self.packs.add(object) } else { Ok(()) }
    }
}

/// Tensors whose table does not fit, or could not be read again, are left out: the file needs only its blocks.
fn encode_recipe(recipe: &Recipe) -> Result<Encoded, StoreError> {
    let mut bytes = recipe.encode();
    if bytes.len() > MAX_OBJECT as usize || Recipe::decode(&bytes).as_ref() != Ok(recipe) {
        bytes = Recipe { tensors: Vec::new(), ..recipe.clone() }.encode();
    }
    Encoded::new(ObjectKind::Recipe, *recipe.sha256.as_bytes(), &bytes)
}
