//! A stored file that is read from any place: only the blocks that hold what is asked for are decoded, each is hashed.
//!
//! The file as a whole is not hashed, so its recipe is trusted for which blocks it is made of; [`copy_file`](Store::copy_file)
//! is for those who want the file itself.

use std::collections::VecDeque;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex, PoisonError};

use super::{Store, StoreError};
use crate::format::FormatError;
use crate::format::recipe::RecipeBlock;
use crate::id::FileId;

/// Blocks that are kept of one file: 32 MiB at most.
const KEPT: usize = 8;

/// A part of a block: which, bytes of it before the part, bytes of the part.
pub type BlockPart = ([u8; 32], u32, u32);

/// A block that is at hand: its id and its bytes.
pub type AtHand<'a> = ([u8; 32], &'a [u8]);

/// The blocks of a stored file.
pub struct StoredBytes<'s> {
    store: &'s Store,
    id: FileId,
    size: u64,
    blocks: Vec<RecipeBlock>,
    /// Bytes of the file before each block.
    starts: Vec<u64>,
    /// A small file, which is one object.
    whole: Option<Vec<u8>>,
    /// Blocks that were read last for a part of them: headers and small tensors lie together.
    last: Mutex<VecDeque<(usize, Arc<Vec<u8>>)>>,
}

impl std::fmt::Debug for StoredBytes<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredBytes").field("size", &self.size).finish_non_exhaustive()
    }
}

impl Store {
    /// Begins to read a file from any place.
    pub fn open_anywhere(&self, id: FileId) -> Result<StoredBytes<'_>, StoreError> {
        let (recipe, whole) = self.recipe_or_bytes(id)?;
        let mut at = 0;
        let mut starts = Vec::with_capacity(recipe.blocks.len());
        for block in &recipe.blocks {
            starts.push(at);
            at += u64::from(block.length);
        }
        let (size, blocks) = (recipe.size, recipe.blocks);
        Ok(StoredBytes { store: self, id, size, blocks, starts, whole, last: Mutex::default() })
    }
}

impl StoredBytes<'_> {
    /// The file's size in bytes.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The parts of blocks that are the `length` bytes at `start`: equal lists are equal bytes. None of a small file, whose
    /// bytes are at hand, and where there are not so many bytes.
    pub fn parts(&self, start: u64, length: u64) -> Option<Vec<BlockPart>> {
        let end = start.checked_add(length).filter(|end| *end <= self.size && self.whole.is_none())?;
        let blocks = self.blocks_of(start, end);
        let part = |(block, at): (&RecipeBlock, u64)| {
            let (from, to) = (start.max(at) - at, end.min(at + u64::from(block.length)) - at);
            (block.id, from as u32, (to - from) as u32)
        };
        Some(blocks.map(|place| part((&self.blocks[place], self.starts[place]))).collect())
    }

    /// The id of the block that is exactly the `length` bytes at `start`.
    pub fn block_at(&self, start: u64, length: u64) -> Option<[u8; 32]> {
        let place = self.starts.binary_search(&start).ok()?;
        self.blocks.get(place).filter(|block| u64::from(block.length) == length).map(|block| block.id)
    }

    /// The `length` bytes at `start`, instead of those in `plain`; where they are one block, `near` is another that it may be
    /// a difference to.
    pub fn read(
        &self,
        start: u64,
        length: usize,
        near: Option<AtHand<'_>>,
        plain: &mut Vec<u8>,
    ) -> Result<(), StoreError> {
        if let Ok(place) = self.starts.binary_search(&start)
            && let Some(block) = self.blocks.get(place).filter(|block| block.length as usize == length)
        {
            return self.store.block_near(block, near, plain);
        }
        plain.resize(length, 0);
        self.fill(start, plain)
    }

    /// The blocks that the block at `start` is a difference to, if `length` bytes there are one.
    pub fn rests_on(&self, start: u64, length: u64) -> Result<Vec<[u8; 32]>, StoreError> {
        self.block_at(start, length).map_or(Ok(Vec::new()), |id| self.store.bases_of(&id))
    }

    /// Fills `bytes` from `start` on; bytes behind the end of the file are an error of its format.
    pub fn fill(&self, start: u64, bytes: &mut [u8]) -> Result<(), StoreError> {
        let end = start.saturating_add(bytes.len() as u64);
        if end > self.size {
            let reason = format!("it has {} bytes; {end} were asked for", self.size);
            let source = FormatError::Malformed { kind: "file", reason };
            return Err(StoreError::Format { kind: "file", id: self.id.digest(), source });
        }
        if let Some(whole) = &self.whole {
            bytes.copy_from_slice(&whole[start as usize..end as usize]);
            return Ok(());
        }
        for place in self.blocks_of(start, end) {
            let (at, length) = (self.starts[place], u64::from(self.blocks[place].length));
            let (from, to) = (start.max(at), end.min(at + length));
            let block = self.block(place)?;
            bytes[(from - start) as usize..(to - start) as usize]
                .copy_from_slice(&block[(from - at) as usize..(to - at) as usize]);
        }
        Ok(())
    }

    /// A reader from its first byte on.
    pub const fn reader(&self) -> StoredReader<'_> {
        StoredReader { bytes: self, at: 0 }
    }

    /// The places of the blocks that hold bytes from `start` to `end`.
    fn blocks_of(&self, start: u64, end: u64) -> std::ops::Range<usize> {
        if start >= end {
            return 0..0;
        }
        let first = self.starts.partition_point(|at| *at <= start).saturating_sub(1);
        first..self.starts.partition_point(|at| *at < end)
    }

    fn block(&self, place: usize) -> Result<Arc<Vec<u8>>, StoreError> {
        let kept = || self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, bytes)) = kept().iter().find(|(other, _)| *other == place) {
            return Ok(Arc::clone(bytes));
        }
        let mut plain = Vec::new();
        self.store.block_near(&self.blocks[place], None, &mut plain)?;
        let plain = Arc::new(plain);
        let mut last = kept();
        last.push_back((place, Arc::clone(&plain)));
        if last.len() > KEPT {
            last.pop_front();
        }
        Ok(plain)
    }
}

/// A stored file as something that can be read and sought in.
#[derive(Debug)]
pub struct StoredReader<'b> {
    bytes: &'b StoredBytes<'b>,
    at: u64,
}

impl Read for StoredReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.bytes.size.saturating_sub(self.at);
        let length = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        // Each `io::Error` would lose what the store says: it is what the error says.
        self.bytes.fill(self.at, &mut buffer[..length]).map_err(io::Error::other)?;
        self.at += length as u64;
        Ok(length)
    }
}

impl Seek for StoredReader<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let (from, by) = match to {
            SeekFrom::Start(at) => (at, 0),
            SeekFrom::End(by) => (self.bytes.size, by),
            SeekFrom::Current(by) => (self.at, by),
        };
        self.at = from.checked_add_signed(by).ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}
