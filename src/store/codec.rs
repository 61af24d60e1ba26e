//! How an object's bytes are stored: chosen for each object from a sample of it.
//!
//! Every encoding is decoded once before it is trusted: it catches failing memory and our own mistakes.

use std::borrow::Cow;
use std::cell::RefCell;

use zstd::bulk::{Compressor, Decompressor};

use super::error::StoreError;
use crate::format::pack::Codec;

/// Bytes looked at to decide.
const SAMPLE: usize = 64 << 10;
/// A sample that does not shrink below this share is stored raw.
const WORTH: f64 = 0.94;
const LEVEL: i32 = 1;

thread_local! {
    static CODER: RefCell<Option<(Compressor<'static>, Decompressor<'static>)>> = const { RefCell::new(None) };
}

fn with_coder<T>(
    work: impl FnOnce(&mut Compressor<'static>, &mut Decompressor<'static>) -> std::io::Result<T>,
) -> std::io::Result<T> {
    CODER.with_borrow_mut(|slot| {
        let (compressor, decompressor) = match slot {
            Some(coder) => coder,
            None => slot.insert((Compressor::new(LEVEL)?, Decompressor::new()?)),
        };
        work(compressor, decompressor)
    })
}

/// Encodes `plain`.
pub fn encode(plain: &[u8]) -> Result<(Codec, Cow<'_, [u8]>), StoreError> {
    let coded = with_coder(|compressor, decompressor| {
        if !worth_it(compressor, plain)? {
            return Ok(None);
        }
        let coded = compressor.compress(plain)?;
        if coded.len() as f64 >= plain.len() as f64 * WORTH {
            return Ok(None);
        }
        let back = decompressor.decompress(&coded, plain.len())?;
        Ok(Some((coded, back == plain)))
    })
    .map_err(|_| StoreError::Encoding)?;
    match coded {
        None => Ok((Codec::Raw, Cow::Borrowed(plain))),
        Some((coded, true)) => Ok((Codec::Zstd, Cow::Owned(coded))),
        Some((_, false)) => Err(StoreError::Encoding),
    }
}

/// Decodes into `plain_length` bytes; the reason if that fails.
pub fn decode(codec: u8, stored: Vec<u8>, plain_length: u32) -> Result<Vec<u8>, String> {
    const RAW: u8 = Codec::Raw as u8;
    const ZSTD: u8 = Codec::Zstd as u8;
    let plain = match codec {
        RAW => stored,
        ZSTD => with_coder(|_, decompressor| decompressor.decompress(&stored, plain_length as usize))
            .map_err(|e| format!("it cannot be decoded ({e})"))?,
        other => return Err(format!("it is encoded in a way (codec {other}) that only a newer program knows")),
    };
    if plain.len() != plain_length as usize {
        return Err(format!("it has {} bytes instead of {plain_length}", plain.len()));
    }
    Ok(plain)
}

/// Whether a sample from the middle shrinks enough.
fn worth_it(compressor: &mut Compressor<'_>, plain: &[u8]) -> std::io::Result<bool> {
    if plain.len() <= 2 * SAMPLE {
        return Ok(plain.len() > 64);
    }
    let start = (plain.len() - SAMPLE) / 2;
    let coded = compressor.compress(&plain[start..start + SAMPLE])?;
    Ok((coded.len() as f64) < SAMPLE as f64 * WORTH)
}
