//! How an object's bytes are stored: chosen for each object from a sample of it.
//!
//! Every encoding is decoded once before it is trusted: it catches failing memory and our own mistakes. Coders and
//! scratch buffers are kept for each thread: on large files, fresh memory costs as much as hashing.

use std::cell::RefCell;
use std::io;

use zstd::bulk::{Compressor, Decompressor};

use super::error::StoreError;
use crate::format::pack::Codec;

/// Bytes looked at to decide.
const SAMPLE: usize = 64 << 10;
/// A sample that does not shrink below this share is stored raw.
const WORTH: f64 = 0.94;
const LEVEL: i32 = 1;

struct Coder {
    compressor: Compressor<'static>,
    decompressor: Decompressor<'static>,
    scratch: Vec<u8>,
}

thread_local! {
    static CODER: RefCell<Option<Coder>> = const { RefCell::new(None) };
}

fn with_coder<T>(work: impl FnOnce(&mut Coder) -> io::Result<T>) -> io::Result<T> {
    CODER.with_borrow_mut(|slot| match slot {
        Some(coder) => work(coder),
        None => work(slot.insert(Coder {
            compressor: Compressor::new(LEVEL)?,
            decompressor: Decompressor::new()?,
            scratch: Vec::new(),
        })),
    })
}

impl Coder {
    /// Whether a sample from the middle shrinks enough.
    fn worth_it(&mut self, plain: &[u8]) -> io::Result<bool> {
        if plain.len() <= 2 * SAMPLE {
            return Ok(plain.len() > 64);
        }
        let start = (plain.len() - SAMPLE) / 2;
        room_for(SAMPLE, &mut self.scratch);
        let coded = self.compressor.compress_to_buffer(&plain[start..start + SAMPLE], &mut self.scratch)?;
        Ok((coded as f64) < SAMPLE as f64 * WORTH)
    }

    /// Whether `coded` was filled with something shorter that decodes to `plain`.
    fn compress(&mut self, plain: &[u8], coded: &mut Vec<u8>) -> Result<bool, StoreError> {
        let failed = |_| StoreError::Encoding;
        if !self.worth_it(plain).map_err(failed)? {
            return Ok(false);
        }
        room_for(plain.len(), coded);
        let length = self.compressor.compress_to_buffer(plain, coded).map_err(failed)?;
        if length as f64 >= plain.len() as f64 * WORTH {
            return Ok(false);
        }
        self.scratch.clear();
        self.scratch.reserve(plain.len());
        self.decompressor.decompress_to_buffer(coded.as_slice(), &mut self.scratch).map_err(failed)?;
        if self.scratch == plain { Ok(true) } else { Err(StoreError::Encoding) }
    }
}

/// Empties `buffer` and lets it take whatever `length` bytes may become.
fn room_for(length: usize, buffer: &mut Vec<u8>) {
    buffer.clear();
    buffer.reserve(zstd::zstd_safe::compress_bound(length));
}

/// Encodes `plain` into `coded`, which stays empty where the bytes are best kept as they are.
pub fn encode(plain: &[u8], coded: &mut Vec<u8>) -> Result<Codec, StoreError> {
    let shorter = with_coder(|coder| Ok(coder.compress(plain, coded))).map_err(|_| StoreError::Encoding)??;
    if shorter {
        return Ok(Codec::Zstd);
    }
    coded.clear();
    Ok(Codec::Raw)
}

/// Decodes into `plain_length` bytes; the reason if that fails.
pub fn decode(codec: u8, stored: Vec<u8>, plain_length: u32) -> Result<Vec<u8>, String> {
    const RAW: u8 = Codec::Raw as u8;
    const ZSTD: u8 = Codec::Zstd as u8;
    let plain = match codec {
        RAW => stored,
        ZSTD => with_coder(|coder| coder.decompressor.decompress(&stored, plain_length as usize))
            .map_err(|e| format!("it cannot be decoded ({e})"))?,
        other => return Err(format!("it is encoded in a way (codec {other}) that only a newer program knows")),
    };
    if plain.len() != plain_length as usize {
        return Err(format!("it has {} bytes instead of {plain_length}", plain.len()));
    }
    Ok(plain)
}
