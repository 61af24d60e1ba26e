//! A large file on its way into packs: one thread reads and hashes it, one cuts it and has its blocks encoded on all
//! cores, the caller's appends them.
//!
//! What they hand on are chunks, buffers that go round: memory is bounded by their number, and no page is touched for the
//! first time twice. A block that begins in one chunk and ends in the next is moved to the room kept before the latter.

use std::io::{self, Read};
use std::ops::Range;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{Builder, ScopedJoinHandle};

use rayon::prelude::*;

use super::codec::Content;
use super::cut::{self, Cutter};
use super::pack_writer::Encoded;
use super::packs::{Packs, Session};
use super::parents::{ParentBlock, Parents};
use super::reuse::Reuse;
use super::source::Source;
use super::{Store, StoreError};
use crate::digest::{Digest, Hasher};
use crate::format::pack::{ObjectHeader, ObjectKind};
use crate::format::recipe::{Recipe, RecipeBlock, RecipeTensor};
use crate::layout::{Layout, Tensor};
use crate::progress::Progress;

/// Bytes of a file in one chunk.
const CHUNK: usize = 16 << 20;
/// Room before them, for a block that began in the chunk before.
const ROOM: usize = cut::TENSOR_BLOCK;
/// Chunks that go round.
const NUMBER: usize = 4;
/// Bytes read and hashed at a time: what a core's cache holds.
const READ: usize = 256 << 10;

/// The buffers, kept from one file to the next.
#[derive(Default)]
pub(super) struct Chunks {
    idle: Vec<Chunk>,
}

/// A piece of a file, then its blocks.
#[derive(Default)]
struct Chunk {
    buffer: Vec<u8>,
    filled: Range<usize>,
    last: bool,
    blocks: Vec<Block>,
    /// Encoded blocks, whose memory is used again.
    coded: Vec<Vec<u8>>,
}

/// A block of the chunk.
struct Block {
    range: Range<usize>,
    content: Content,
    /// The block of the version before that it may be a difference to.
    parent: Option<[u8; 32]>,
    id: [u8; 32],
    /// Where it is not stored yet.
    header: Option<ObjectHeader>,
}

/// Where a file goes.
pub(super) struct Destination<'a, 's> {
    pub(super) store: &'s Store,
    pub(super) parents: &'a Parents,
    pub(super) session: &'a mut Session,
    pub(super) packs: &'a mut Packs<'s>,
    pub(super) reuse: Reuse,
}

impl Chunks {
    /// Stores what `source` gives; says how to put it together again. `index` is for errors.
    pub(super) fn put(
        &mut self,
        source: &dyn Source,
        index: usize,
        to: Destination<'_, '_>,
        progress: &dyn Progress,
    ) -> Result<Recipe, StoreError> {
        let unreadable = |source| StoreError::Source { index, source };
        let Destination { store, parents, session, packs, reuse } = to;
        // It only says where to cut: what cannot be read fails below.
        let layout = source.layout().unwrap_or_default();
        let cutter = BlockCutter::new(&layout, parents);
        let (free_sender, free) = channel();
        let (filled_sender, filled) = sync_channel(NUMBER);
        let (done_sender, done) = sync_channel(NUMBER);
        self.idle.resize_with(NUMBER, Chunk::default);
        for chunk in self.idle.drain(..) {
            // The receiver is held below.
            let _ = free_sender.send(chunk);
        }
        let mut blocks = Vec::new();
        let (read, encoded, appended) = std::thread::scope(|scope| {
            let reading = move || (read(source, &free, &filled_sender), free);
            let encoding = move || encode((store, reuse), session, cutter, &filled, &done_sender);
            let reader = Builder::new().spawn_scoped(scope, reading);
            let encoder = Builder::new().spawn_scoped(scope, encoding);
            let appended = append(packs, &done, &free_sender, &mut blocks, progress);
            // A thread that still waits for this one ends now.
            drop((done, free_sender));
            (reader.and_then(join), encoder.and_then(join), appended)
        });
        appended?;
        encoded.map_err(unreadable).flatten()?;
        let (read, free) = read.map_err(unreadable)?;
        self.idle.extend(free.try_iter());
        let (sha256, size) = read.map_err(unreadable)?;
        Ok(Recipe { sha256, size, blocks, tensors: layout.into_tensors().into_iter().map(table_entry).collect() })
    }
}

fn table_entry(tensor: Tensor) -> RecipeTensor {
    let Tensor { name, dtype, shape, start, length, .. } = tensor;
    RecipeTensor { name, dtype, shape, offset: start, length }
}

/// Cuts a file, and knows the version before.
struct BlockCutter<'a> {
    cutter: Cutter,
    tensors: &'a [Tensor],
    parents: &'a Parents,
    /// What the last chunk left over: a block that has begun.
    begun: Vec<u8>,
}

impl<'a> BlockCutter<'a> {
    fn new(layout: &'a Layout, parents: &'a Parents) -> Self {
        Self { cutter: Cutter::new(layout), tensors: layout.tensors(), parents, begun: Vec::new() }
    }

    fn next(&mut self, chunk: &[u8], start: usize, last: bool) -> Option<Block> {
        let cut = self.cutter.next_block(&chunk[start..], last)?;
        let parent = cut.place.and_then(|(tensor, number)| self.parents.blocks(&self.tensors[tensor]).get(number));
        let range = start..start + cut.length;
        Some(Block { range, content: cut.content, parent: parent.copied(), id: [0; 32], header: None })
    }
}

fn join<T>(thread: ScopedJoinHandle<'_, T>) -> io::Result<T> {
    thread.join().map_err(|_| io::Error::other("a thread failed"))
}

/// A closed channel means that another thread failed and says why itself.
fn closed<T>(_: T) -> io::Error {
    io::ErrorKind::Interrupted.into()
}

/// Reads a source to its end; says what the whole is.
fn read(source: &dyn Source, free: &Receiver<Chunk>, filled: &SyncSender<Chunk>) -> io::Result<(Digest, u64)> {
    let mut reader = source.open()?;
    let mut hasher = Hasher::default();
    let mut total = 0;
    loop {
        let mut chunk = free.recv().map_err(closed)?;
        chunk.fill(&mut *reader, &mut hasher)?;
        total += chunk.filled.len() as u64;
        let last = chunk.last;
        filled.send(chunk).map_err(closed)?;
        if last {
            break;
        }
    }
    source.finished(total)?;
    Ok((hasher.finish(), total))
}

/// Cuts chunks into blocks and encodes those that are new.
fn encode(
    known: (&Store, Reuse),
    session: &mut Session,
    mut cutter: BlockCutter<'_>,
    filled: &Receiver<Chunk>,
    done: &SyncSender<Chunk>,
) -> Result<(), StoreError> {
    for mut chunk in filled {
        chunk.cut(&mut cutter);
        chunk.encode(known, session)?;
        if done.send(chunk).is_err() {
            break;
        }
    }
    Ok(())
}

/// Appends the new blocks of chunks; lists all.
fn append(
    packs: &mut Packs<'_>,
    done: &Receiver<Chunk>,
    free: &Sender<Chunk>,
    blocks: &mut Vec<RecipeBlock>,
    progress: &dyn Progress,
) -> Result<(), StoreError> {
    for chunk in done {
        for (block, coded) in chunk.blocks.iter().zip(&chunk.coded) {
            let length = block.range.len() as u32;
            if let Some(header) = &block.header {
                packs.append(header, if coded.is_empty() { &chunk.buffer[block.range.clone()] } else { coded })?;
            }
            blocks.push(RecipeBlock { id: block.id, length });
            progress.advance(length.into());
        }
        // A reader that has reached the end takes no more.
        let _ = free.send(chunk);
    }
    Ok(())
}

impl Chunk {
    /// Takes what comes next.
    fn fill(&mut self, reader: &mut dyn Read, hasher: &mut Hasher) -> io::Result<()> {
        self.buffer.resize(ROOM + CHUNK, 0);
        let mut end = ROOM;
        self.last = false;
        while end < self.buffer.len() {
            let stop = self.buffer.len().min(end + READ);
            match reader.read(&mut self.buffer[end..stop]) {
                Ok(0) => {
                    self.last = true;
                    break;
                }
                Ok(n) => {
                    hasher.update(&self.buffer[end..end + n]);
                    end += n;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.filled = ROOM..end;
        Ok(())
    }

    /// Finds the blocks.
    fn cut(&mut self, cutter: &mut BlockCutter<'_>) {
        let mut at = self.filled.start - cutter.begun.len();
        self.buffer[at..self.filled.start].copy_from_slice(&cutter.begun);
        self.blocks.clear();
        while let Some(block) = cutter.next(&self.buffer[..self.filled.end], at, self.last) {
            at = block.range.end;
            self.blocks.push(block);
        }
        cutter.begun.clear();
        cutter.begun.extend_from_slice(&self.buffer[at..self.filled.end]);
    }

    /// Names the blocks and encodes those that neither the store nor `session` has.
    fn encode(&mut self, (store, reuse): (&Store, Reuse), session: &mut Session) -> Result<(), StoreError> {
        let buffer = &self.buffer;
        let stored: Result<Vec<bool>, StoreError> = self
            .blocks
            .par_iter_mut()
            .map(|block| {
                block.id = *blake3::hash(&buffer[block.range.clone()]).as_bytes();
                reuse.has_block(store, &block.id)
            })
            .collect();
        let new: Vec<bool> = stored?
            .into_iter()
            .zip(&self.blocks)
            .map(|(stored, block)| !stored && session.insert((ObjectKind::Block, block.id)))
            .collect();
        // Blocks come in any order of sizes: buffers that once held large ones must not add up.
        if self.coded.iter().map(Vec::capacity).sum::<usize>() > 2 * CHUNK {
            self.coded.clear();
        }
        if self.coded.len() < self.blocks.len() {
            self.coded.resize_with(self.blocks.len(), Vec::new);
        }
        self.blocks.par_iter_mut().zip(&mut self.coded).zip(new).filter(|(_, new)| *new).try_for_each(
            |((block, coded), _)| {
                // Of other content no difference is taken.
                let wanted = block.parent.filter(|_| matches!(block.content, Content::Elements { .. }));
                let parent = wanted.map(|id| ParentBlock::read(store, id, &block.id)).transpose()?.flatten();
                let parent = parent.as_ref().map(ParentBlock::as_parent);
                let plain = &buffer[block.range.clone()];
                let key = (ObjectKind::Block, block.id);
                block.header = Some(Encoded::encode_into(key, plain, block.content, parent, coded)?);
                Ok(())
            },
        )
    }
}
