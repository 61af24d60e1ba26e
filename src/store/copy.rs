//! A large file on its way out: one thread decodes its blocks on all cores, one hashes them, the caller's writes them.
//!
//! Batches of blocks go round between the three, so memory is bounded and used again.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::Builder;

use rayon::prelude::*;

use super::CopyError;
use super::{Store, StoreError};
use crate::digest::{Digest, Hasher};
use crate::format::recipe::RecipeBlock;
use crate::progress::Progress;

/// Blocks decoded at a time: 32 MiB at most.
const BATCH: usize = 8;
/// Batches that go round.
const NUMBER: usize = 3;

/// Decoded blocks; those behind the first `count` are of an earlier batch.
#[derive(Default)]
struct Batch {
    blocks: Vec<Vec<u8>>,
    count: usize,
}

impl Batch {
    fn decode(&mut self, store: &Store, wanted: &[RecipeBlock]) -> Result<(), StoreError> {
        self.count = wanted.len();
        self.blocks.resize_with(BATCH, Vec::new);
        let blocks = wanted.par_iter().zip(&mut self.blocks);
        blocks.try_for_each(|(block, plain)| store.block_into(block, plain))
    }

    fn write(&self, out: &mut dyn Write, progress: &dyn Progress) -> Result<(), CopyError> {
        for bytes in self.bytes() {
            out.write_all(bytes).map_err(CopyError::Write)?;
            progress.advance(bytes.len() as u64);
        }
        Ok(())
    }

    fn bytes(&self) -> impl Iterator<Item = &[u8]> {
        self.blocks[..self.count].iter().map(Vec::as_slice)
    }
}

/// Writes `blocks` to `out`; the digest of what was written.
pub(super) fn blocks(
    store: &Store,
    blocks: &[RecipeBlock],
    out: &mut dyn Write,
    progress: &dyn Progress,
) -> Result<Digest, CopyError> {
    // A thread of the pool must not wait for others that need the pool.
    if blocks.len() <= BATCH || rayon::current_thread_index().is_some() {
        return one_after_another(store, blocks, out, progress);
    }
    let (free_sender, free) = channel();
    let (decoded_sender, decoded) = sync_channel(NUMBER);
    let (hashed_sender, hashed) = sync_channel(NUMBER);
    for _ in 0..NUMBER {
        // The receiver is held below.
        let _ = free_sender.send(Batch::default());
    }
    std::thread::scope(|scope| {
        let decoding = move || decode(store, blocks, &free, &decoded_sender);
        let decoder = Builder::new().spawn_scoped(scope, decoding).map_err(CopyError::Write)?;
        let hashing = move || hash(&decoded, &hashed_sender);
        let hasher = Builder::new().spawn_scoped(scope, hashing).map_err(CopyError::Write)?;
        let written = write(&hashed, &free_sender, out, progress);
        // A thread that still waits for this one ends now.
        drop((hashed, free_sender));
        let failed = |_| CopyError::Write(io::Error::other("a thread failed"));
        let (decoded, digest) = (decoder.join().map_err(failed), hasher.join().map_err(failed));
        written?;
        decoded??;
        digest
    })
}

fn one_after_another(
    store: &Store,
    blocks: &[RecipeBlock],
    out: &mut dyn Write,
    progress: &dyn Progress,
) -> Result<Digest, CopyError> {
    let mut hasher = Hasher::default();
    let mut batch = Batch::default();
    for wanted in blocks.chunks(BATCH) {
        batch.decode(store, wanted)?;
        batch.bytes().for_each(|bytes| hasher.update(bytes));
        batch.write(out, progress)?;
    }
    Ok(hasher.finish())
}

fn decode(
    store: &Store,
    blocks: &[RecipeBlock],
    free: &Receiver<Batch>,
    decoded: &SyncSender<Batch>,
) -> Result<(), StoreError> {
    for wanted in blocks.chunks(BATCH) {
        // A closed channel means that another thread failed and says why itself.
        let Ok(mut batch) = free.recv() else { break };
        batch.decode(store, wanted)?;
        if decoded.send(batch).is_err() {
            break;
        }
    }
    Ok(())
}

fn hash(decoded: &Receiver<Batch>, hashed: &SyncSender<Batch>) -> Digest {
    let mut hasher = Hasher::default();
    for batch in decoded {
        batch.bytes().for_each(|bytes| hasher.update(bytes));
        if hashed.send(batch).is_err() {
            break;
        }
    }
    hasher.finish()
}

fn write(
    hashed: &Receiver<Batch>,
    free: &Sender<Batch>,
    out: &mut dyn Write,
    progress: &dyn Progress,
) -> Result<(), CopyError> {
    for batch in hashed {
        batch.write(out, progress)?;
        // A decoder that has reached the end takes no more.
        let _ = free.send(batch);
    }
    Ok(())
}
