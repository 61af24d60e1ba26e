//! Getting objects back: everything read is hashed before it is handed out.

use std::io::{self, Read, Write};

use rayon::prelude::*;

use super::index::Location;
use super::pack_writer::pack_path;
use super::{BackendError, Store, StoreError, codec};
use crate::digest::{Digest, Hasher};
use crate::format::FormatError;
use crate::format::pack::{HEADER, ObjectHeader, ObjectKind};
use crate::format::recipe::Recipe;
use crate::format::tree::TreeRecord;
use crate::id::{FileId, TreeId};
use crate::progress::Progress;

/// Blocks decoded at a time: 32 MiB at most.
const BATCH: usize = 16;

impl Store {
    /// The bytes of a record, which hash to `id`.
    pub fn record(&self, id: Digest) -> Result<Vec<u8>, StoreError> {
        self.object(ObjectKind::Record, id.as_bytes())
    }

    /// A folder's listing.
    pub fn tree(&self, id: TreeId) -> Result<TreeRecord, StoreError> {
        let bytes = self.object(ObjectKind::Tree, id.digest().as_bytes())?;
        TreeRecord::decode(&bytes).map_err(|source| StoreError::Format { kind: "tree", id: id.digest(), source })
    }

    /// The exact bytes of a tree or record, whichever `id` names.
    pub fn raw(&self, id: Digest) -> Result<Vec<u8>, StoreError> {
        match self.record(id) {
            Err(StoreError::Missing { .. }) => self.object(ObjectKind::Tree, id.as_bytes()),
            other => other,
        }
    }

    /// How a file is put together.
    pub fn recipe(&self, id: FileId) -> Result<Recipe, StoreError> {
        let bytes = self.object(ObjectKind::Recipe, id.digest().as_bytes())?;
        Recipe::decode(&bytes).map_err(|source| StoreError::Format { kind: "file", id: id.digest(), source })
    }

    /// Writes a file's bytes to `out`; they hash to `id`, or it is an error and `out` is worthless.
    pub fn copy_file(&self, id: FileId, out: &mut dyn Write, progress: &dyn Progress) -> Result<u64, CopyError> {
        let mut reader = self.open_file(id)?;
        while let Some(plain) = reader.next_batch()? {
            for bytes in plain {
                out.write_all(&bytes).map_err(CopyError::Write)?;
                progress.advance(bytes.len() as u64);
            }
        }
        Ok(reader.recipe.size)
    }

    /// Begins to read a file.
    pub fn open_file(&self, id: FileId) -> Result<FileReader<'_>, StoreError> {
        Ok(FileReader {
            store: self,
            recipe: self.recipe(id)?,
            next: 0,
            hasher: Some(Hasher::default()),
            pending: Vec::new(),
            position: 0,
            failure: None,
        })
    }

    /// A whole file in memory; one longer than `limit` is an error of the format.
    pub fn file(&self, id: FileId, limit: u64) -> Result<Vec<u8>, StoreError> {
        let size = self.recipe(id)?.size;
        if size > limit {
            let reason = format!("it has {size} bytes; {limit} can be read at once");
            let source = FormatError::Malformed { kind: "file", reason };
            return Err(StoreError::Format { kind: "file", id: id.digest(), source });
        }
        let mut bytes = Vec::with_capacity(size as usize);
        match self.copy_file(id, &mut bytes, &crate::progress::Silent) {
            Err(CopyError::Store(error)) => Err(error),
            // Memory does not refuse bytes.
            Err(CopyError::Write(_)) | Ok(_) => Ok(bytes),
        }
    }

    /// Whether a file and every block of it is in a sound pack. Reads the recipe, not the blocks.
    pub fn has_file(&self, id: FileId) -> Result<bool, StoreError> {
        if !self.contains(ObjectKind::Recipe, id.digest().as_bytes())? {
            return Ok(false);
        }
        for block in self.recipe(id)?.blocks {
            if !self.contains(ObjectKind::Block, &block.id)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub(super) fn object(&self, kind: ObjectKind, id: &[u8; 32]) -> Result<Vec<u8>, StoreError> {
        match self.index.locate_fresh(kind, id)? {
            Some(location) => self.object_at(&location),
            None => Err(match self.index.pack_of(kind, id)? {
                Some(pack) => StoreError::Damaged {
                    kind: kind.name(),
                    id: Digest::from_bytes(*id),
                    pack: pack_path(&pack),
                    reason: "the pack is missing, cut or overwritten".to_owned(),
                },
                None => StoreError::Missing { kind: kind.name(), id: Digest::from_bytes(*id) },
            }),
        }
    }

    /// Reads, decodes and hashes the object at `location`.
    pub(super) fn object_at(&self, location: &Location) -> Result<Vec<u8>, StoreError> {
        let header = location.header;
        let damaged = |reason: String| StoreError::Damaged {
            kind: header.kind.name(),
            id: Digest::from_bytes(header.id),
            pack: pack_path(&location.pack),
            reason,
        };
        let mut bytes = vec![0; HEADER + header.stored_length as usize];
        match self.backend.read_at(&pack_path(&location.pack), location.offset, &mut bytes) {
            Err(BackendError::Io { source, .. }) if source.kind() == std::io::ErrorKind::UnexpectedEof => {
                return Err(damaged("the pack ends before it".to_owned()));
            }
            other => other?,
        }
        let found = ObjectHeader::decode_in_place(&bytes).map_err(|e| damaged(e.to_string()))?;
        if found != header {
            return Err(damaged("its header is not what the index says".to_owned()));
        }
        bytes.drain(..HEADER);
        let plain = codec::decode(header.codec, bytes, header.plain_length).map_err(damaged)?;
        match header.kind {
            ObjectKind::Block if *blake3::hash(&plain).as_bytes() != header.id => {
                Err(damaged("its bytes do not hash to its id".to_owned()))
            }
            ObjectKind::Tree | ObjectKind::Record if Digest::of(&plain).as_bytes() != &header.id => {
                Err(damaged("its bytes do not hash to its id".to_owned()))
            }
            ObjectKind::Recipe => match Recipe::decode(&plain) {
                Ok(recipe) if recipe.sha256.as_bytes() == &header.id => Ok(plain),
                Ok(_) => Err(damaged("it is the recipe of another file".to_owned())),
                Err(error) => Err(damaged(error.to_string())),
            },
            _ => Ok(plain),
        }
    }
}

/// A stored file as a stream. What it has given out is known to be the file only when it has ended without error.
pub struct FileReader<'s> {
    store: &'s Store,
    recipe: Recipe,
    next: usize,
    hasher: Option<Hasher>,
    pending: Vec<Vec<u8>>,
    position: usize,
    failure: Option<StoreError>,
}

impl FileReader<'_> {
    /// What went wrong, if reading failed.
    pub fn into_failure(self) -> Option<StoreError> {
        self.failure
    }

    /// The next blocks, decoded in parallel; none at the end, where the whole is checked.
    fn next_batch(&mut self) -> Result<Option<Vec<Vec<u8>>>, StoreError> {
        let end = (self.next + BATCH).min(self.recipe.blocks.len());
        let blocks = &self.recipe.blocks[self.next..end];
        if blocks.is_empty() {
            return self.check_whole().map(|()| None);
        }
        let store = self.store;
        let plain: Result<Vec<Vec<u8>>, StoreError> =
            blocks.par_iter().map(|block| store.object(ObjectKind::Block, &block.id)).collect();
        let plain = plain?;
        if let Some(hasher) = &mut self.hasher {
            plain.iter().for_each(|bytes| hasher.update(bytes));
        }
        self.next = end;
        Ok(Some(plain))
    }

    fn check_whole(&mut self) -> Result<(), StoreError> {
        let Some(found) = self.hasher.take().map(Hasher::finish) else { return Ok(()) };
        let wanted = self.recipe.sha256;
        if found == wanted {
            return Ok(());
        }
        let pack = self.store.index.pack_of(ObjectKind::Recipe, wanted.as_bytes())?;
        Err(StoreError::Damaged {
            kind: "file",
            id: wanted,
            pack: pack.map_or_else(String::new, |name| pack_path(&name)),
            reason: format!("its bytes hash to {found}"),
        })
    }
}

impl Read for FileReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(first) = self.pending.first() {
                let rest = &first[self.position..];
                if !rest.is_empty() {
                    let n = rest.len().min(buffer.len());
                    buffer[..n].copy_from_slice(&rest[..n]);
                    self.position += n;
                    return Ok(n);
                }
                self.pending.remove(0);
                self.position = 0;
                continue;
            }
            match self.next_batch() {
                Ok(Some(blocks)) => self.pending = blocks,
                Ok(None) => return Ok(0),
                Err(error) => {
                    let text = error.to_string();
                    self.failure = Some(error);
                    return Err(io::Error::other(text));
                }
            }
        }
    }
}

/// Why a file could not be copied out.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The target failed.
    #[error("cannot write")]
    Write(std::io::Error),
}
