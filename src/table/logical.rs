//! The logical digest: what a table says, whatever the order of its rows and columns and however it is stored.
//!
//! It is the SHA-256 of these bytes, numbers little-endian in 8 bytes:
//!
//! ```text
//! "mlrun table 1\n"
//! number of columns
//! for each column, by name:   length of the name, name, length of the kind, kind
//! number of rows
//! for each row, ascending:    SHA-256 of its cells, by name of their columns, as `encoding` writes them
//! ```
//! Names sort by their UTF-8 bytes. A kind is `integer`, `float`, `boolean`, `text`, `decimal`, `duration`, or `empty` for a
//! column without any value. Rows that occur twice are there twice.
//!
//! What has the same digest: widths of integers and of floats; text, categories and dates, times, instants written as
//! `2024-01-31`, `12:30:00.5`, `2024-01-31T12:30:00.5`, `2024-01-31T12:30:00.5Z`, in whatever unit or time zone; decimals
//! of any scale; durations of any unit.
//!
//! A csv and a parquet of one frame differ if it has
//! - text that fits the [grammar](super::grammar) of numbers or truth values in all cells: in a csv it is not text;
//! - text that is empty wherever it is not missing: in a csv that is a column without values;
//! - floats that are written without a point throughout (R's `1`): in a csv they are whole numbers;
//! - floats of 32 bits that are written with their own shortest digits, and any floats written rounded: other numbers;
//! - decimals, which in a csv are floats or whole numbers, and durations;
//! - times and instants written in another way than above (pandas puts a blank for the `T`, polars six digits of fraction);
//! - NaN, where the writer makes it an empty cell, or null, where it makes it `NaN`.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek as _, SeekFrom, Write as _};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rayon::slice::ParallelSliceMut as _;

use super::column::Column;
use crate::digest::{Digest, Hasher};

const MAGIC: &[u8] = b"mlrun table 1\n";
/// Bytes gathered for one call to the hasher, and read from a run at a time.
const BUFFER: usize = 256 << 10;

/// A row's digest as four big-endian numbers, which compare faster than bytes and in the same order.
type RowDigest = [u64; 4];

/// The digests of rows: in memory, and sorted on disk beyond a limit.
pub(super) struct RowDigests<'a> {
    /// How many are in memory.
    limit: usize,
    scratch: &'a (dyn Fn() -> io::Result<File> + Send + Sync),
    held: Mutex<Vec<RowDigest>>,
    runs: Mutex<Vec<Run>>,
}

/// Ascending digests on disk.
struct Run {
    file: File,
    rows: u64,
}

impl<'a> RowDigests<'a> {
    /// None yet; `scratch` opens an empty file for each run of `bytes`.
    pub(super) fn new(bytes: usize, scratch: &'a (dyn Fn() -> io::Result<File> + Send + Sync)) -> Self {
        Self { limit: (bytes / size_of::<RowDigest>()).max(1), scratch, held: Mutex::default(), runs: Mutex::default() }
    }

    /// Adds the rows of a batch; `columns` are sorted by name.
    pub(super) fn add(&self, rows: usize, columns: &[&Column]) -> io::Result<()> {
        let mut cells = Vec::new();
        let mut digests = Vec::with_capacity(rows);
        for row in 0..rows {
            cells.clear();
            columns.iter().for_each(|column| column.encode(row, &mut cells));
            digests.push(to_numbers(&Digest::of(&cells)));
        }
        let full = {
            let mut held = lock(&self.held);
            held.extend(digests);
            if held.len() < self.limit {
                return Ok(());
            }
            std::mem::take(&mut *held)
        };
        // Not under the lock: while it waits for a part of its sorting, a thread takes on other batches.
        let run = self.spill(full)?;
        lock(&self.runs).push(run);
        Ok(())
    }

    fn spill(&self, mut digests: Vec<RowDigest>) -> io::Result<Run> {
        digests.par_sort_unstable();
        let mut out = BufWriter::with_capacity(BUFFER, (self.scratch)()?);
        for digest in &digests {
            out.write_all(&to_bytes(digest))?;
        }
        let mut file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.seek(SeekFrom::Start(0))?;
        Ok(Run { file, rows: digests.len() as u64 })
    }

    /// The logical digest of all rows. `schema`: names and kinds, sorted by name.
    pub(super) fn finish(self, schema: &[(&str, &str)], rows: u64) -> io::Result<Digest> {
        let mut out = Hashing { hasher: Hasher::default(), buffer: MAGIC.to_vec() };
        out.number(schema.len() as u64);
        for word in schema.iter().flat_map(|(name, kind)| [name, kind]) {
            out.number(word.len() as u64);
            out.bytes(word.as_bytes());
        }
        out.number(rows);
        let mut held = self.held.into_inner().unwrap_or_else(PoisonError::into_inner);
        held.par_sort_unstable();
        let runs = self.runs.into_inner().unwrap_or_else(PoisonError::into_inner);
        merge(held, runs, |digest| out.bytes(&to_bytes(digest)))?;
        out.hasher.update(&out.buffer);
        Ok(out.hasher.finish())
    }
}

/// Hands out the digests in memory and of all runs, ascending.
fn merge(held: Vec<RowDigest>, runs: Vec<Run>, mut out: impl FnMut(&RowDigest)) -> io::Result<()> {
    let mut held = held.into_iter().peekable();
    let mut sources: Vec<_> =
        runs.into_iter().map(|run| (BufReader::with_capacity(BUFFER, run.file), run.rows)).collect();
    let mut next = BinaryHeap::new();
    for (number, source) in sources.iter_mut().enumerate() {
        next.extend(read(source)?.map(|digest| Reverse((digest, number))));
    }
    while let Some(Reverse((digest, number))) = next.pop() {
        while let Some(smaller) = held.next_if(|held| *held <= digest) {
            out(&smaller);
        }
        out(&digest);
        next.extend(read(&mut sources[number])?.map(|digest| Reverse((digest, number))));
    }
    held.for_each(|digest| out(&digest));
    Ok(())
}

/// The next digest of a run, and how many are left after it.
fn read((reader, left): &mut (impl Read, u64)) -> io::Result<Option<RowDigest>> {
    if *left == 0 {
        return Ok(None);
    }
    *left -= 1;
    let mut bytes = [0; 32];
    reader.read_exact(&mut bytes)?;
    Ok(Some(to_numbers(&Digest::from_bytes(bytes))))
}

/// A hasher with larger updates.
struct Hashing {
    hasher: Hasher,
    buffer: Vec<u8>,
}

impl Hashing {
    fn bytes(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= BUFFER {
            self.hasher.update(&self.buffer);
            self.buffer.clear();
        }
    }

    fn number(&mut self, number: u64) {
        self.bytes(&number.to_le_bytes());
    }
}

fn to_numbers(digest: &Digest) -> RowDigest {
    let mut numbers = [0; 4];
    for (number, bytes) in numbers.iter_mut().zip(digest.as_bytes().as_chunks::<8>().0) {
        *number = u64::from_be_bytes(*bytes);
    }
    numbers
}

fn to_bytes(digest: &RowDigest) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (bytes, number) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(digest) {
        *bytes = number.to_be_bytes();
    }
    bytes
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
