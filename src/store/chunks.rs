//! A large file on its way into packs: one thread reads and hashes it, one cuts it and has its blocks encoded on all
//! cores, the caller's appends them.
//!
//! What they hand on are chunks, buffers that go round: memory is bounded by their number, and no page is touched for the
//! first time twice. A block that begins in one chunk and ends in the next is moved to the room kept before the latter.

use std::io::{self, Read};
use std::ops::Range;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::ScopedJoinHandle;

use rayon::prelude::*;

use super::cut::{self, Cutter};
use super::pack_writer::Encoded;
use super::packs::Packs;
use super::writer::Session;
use super::{Source, Store, StoreError, StoredFile};
use crate::digest::{Digest, Hasher};
use crate::format::pack::{ObjectHeader, ObjectKind};
use crate::format::recipe::RecipeBlock;
use crate::id::FileId;
use crate::progress::Progress;

/// Bytes of a file in one chunk.
const CHUNK: usize = 16 << 20;
/// Room before them, for a block that began in the chunk before.
const ROOM: usize = cut::MAXIMUM;
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
    id: [u8; 32],
    /// Where it is not stored yet.
    header: Option<ObjectHeader>,
}

impl Chunks {
    /// Stores what `source` gives; says what it is and of which blocks. `index` is for errors.
    pub(super) fn put(
        &mut self,
        source: &dyn Source,
        index: usize,
        store: &Store,
        session: &mut Session,
        packs: &mut Packs<'_>,
        progress: &dyn Progress,
    ) -> Result<(StoredFile, Vec<RecipeBlock>), StoreError> {
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
            let reader = scope.spawn(move || (read(source, &free, &filled_sender), free));
            let encoder = scope.spawn(move || encode(store, session, &filled, &done_sender));
            let appended = append(packs, &done, &free_sender, &mut blocks, progress);
            // A thread that still waits for this one ends now.
            drop((done, free_sender));
            (join(reader), join(encoder), appended)
        });
        appended?;
        encoded.map_err(|source| StoreError::Source { index, source }).flatten()?;
        let (read, free) = read.map_err(|source| StoreError::Source { index, source })?;
        self.idle.extend(free.try_iter());
        let (digest, size) = read.map_err(|source| StoreError::Source { index, source })?;
        Ok((StoredFile { id: FileId::new(digest), size }, blocks))
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
    store: &Store,
    session: &mut Session,
    filled: &Receiver<Chunk>,
    done: &SyncSender<Chunk>,
) -> Result<(), StoreError> {
    let mut cutter = Cutter::default();
    let mut begun = Vec::with_capacity(ROOM);
    for mut chunk in filled {
        chunk.cut(&mut cutter, &mut begun);
        chunk.encode(store, session)?;
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
            blocks.push(RecipeBlock { id: block.id, length, width: 0, phase: 0 });
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

    /// Finds the blocks. `begun` is what the chunk before left over, and then what this one leaves.
    fn cut(&mut self, cutter: &mut Cutter, begun: &mut Vec<u8>) {
        let start = self.filled.start - begun.len();
        self.buffer[start..self.filled.start].copy_from_slice(begun);
        self.blocks.clear();
        let mut at = start;
        while let Some(length) = cutter.next_length(&self.buffer[at..self.filled.end], self.last) {
            self.blocks.push(Block { range: at..at + length, id: [0; 32], header: None });
            at += length;
        }
        begun.clear();
        begun.extend_from_slice(&self.buffer[at..self.filled.end]);
    }

    /// Names the blocks and encodes those that neither the store nor `session` has.
    fn encode(&mut self, store: &Store, session: &mut Session) -> Result<(), StoreError> {
        let buffer = &self.buffer;
        let stored: Result<Vec<bool>, StoreError> = self
            .blocks
            .par_iter_mut()
            .map(|block| {
                block.id = *blake3::hash(&buffer[block.range.clone()]).as_bytes();
                store.contains(ObjectKind::Block, &block.id)
            })
            .collect();
        let new: Vec<bool> = stored?
            .into_iter()
            .zip(&self.blocks)
            .map(|(stored, block)| !stored && session.insert((ObjectKind::Block, block.id)))
            .collect();
        if self.coded.len() < self.blocks.len() {
            self.coded.resize_with(self.blocks.len(), Vec::new);
        }
        self.blocks.par_iter_mut().zip(&mut self.coded).zip(new).filter(|(_, new)| *new).try_for_each(
            |((block, coded), _)| {
                let plain = &buffer[block.range.clone()];
                block.header = Some(Encoded::encode_into(ObjectKind::Block, block.id, plain, coded)?);
                Ok(())
            },
        )
    }
}
