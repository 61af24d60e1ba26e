//! How an object's bytes are stored: chosen for each object from a sample of it.
//!
//! Every encoding is decoded once before it is trusted: it catches failing memory and our own mistakes.

mod coders;
mod elements;
mod sample;

use std::io;

use self::coders::{Coders, Effort, Scratch};
use self::sample::{Choice, Estimate};
use super::error::StoreError;
use crate::format::pack::Codec;
use crate::format::planes::{Base, Coding, PlanesHeader, Transform};

/// Bytes this short are kept as they are.
const TINY: usize = 64;
/// What does not shrink below this share is kept as it is.
const WORTH: f64 = 0.94;
/// A difference is taken below this share of what the block takes alone: it costs a second block at every restore.
const DIFFERENCE_WORTH: f64 = 0.9;

/// What is known of a block's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Content {
    /// Nothing.
    #[default]
    Unknown,
    /// Numbers of one type, of whichever.
    Numbers,
    /// Numbers of this type, from the first byte on.
    Elements {
        /// Bytes of one: 1, 2, 4 or 8.
        width: u8,
        /// Whether they are floats.
        float: bool,
    },
}

/// A block of the same tensor in the version before.
#[derive(Debug, Clone, Copy)]
pub struct Parent<'a> {
    /// Its id.
    pub id: [u8; 32],
    /// How many differences must be undone to have it.
    pub depth: u8,
    /// Its bytes.
    pub plain: &'a [u8],
}

/// Encodes `plain` into `coded`, which stays empty where the bytes are best kept as they are.
pub fn encode(
    plain: &[u8],
    content: Content,
    parent: Option<Parent<'_>>,
    coded: &mut Vec<u8>,
) -> Result<Codec, StoreError> {
    coded.clear();
    if plain.len() <= TINY {
        return Ok(Codec::Raw);
    }
    let codec = coders::with(|coders| {
        let mut scratch = std::mem::take(&mut coders.scratch);
        let codec = choose(coders, &mut scratch, plain, content, parent, coded);
        coders.scratch = scratch;
        codec
    });
    let codec = codec.map_err(|_| StoreError::Encoding)?;
    if codec == Codec::Raw {
        coded.clear();
    }
    Ok(codec)
}

fn choose(
    coders: &mut Coders,
    scratch: &mut Scratch,
    plain: &[u8],
    content: Content,
    parent: Option<Parent<'_>>,
    coded: &mut Vec<u8>,
) -> io::Result<Codec> {
    let width = match content {
        Content::Elements { width, .. } => usize::from(width),
        Content::Unknown | Content::Numbers => 1,
    };
    if plain.len().is_multiple_of(width) && plain[width..] == plain[..plain.len() - width] {
        coded.extend_from_slice(&plain[..width]);
        return Ok(Codec::Constant);
    }
    let alone = match content {
        Content::Unknown => None,
        Content::Numbers => sample::guess(coders, scratch, plain)?,
        Content::Elements { width, float } => {
            let transform = if float { Transform::SignLast } else { Transform::Plain };
            Some(sample::estimate(coders, scratch, plain, &[], width, transform)?)
        }
    };
    let Some(alone) = alone else { return text(coders, scratch, plain, coded) };
    let parent = parent.filter(|parent| parent.plain.len() == plain.len());
    if let (Some(parent), Content::Elements { width, float }) = (parent, content) {
        let transform = if float { Transform::FloatDifference } else { Transform::IntegerDifference };
        let difference = sample::estimate(coders, scratch, plain, parent.plain, width, transform)?;
        if difference.share < DIFFERENCE_WORTH * alone.share.min(1.0) {
            let base = Base { id: parent.id, depth: parent.depth + 1 };
            return planes(coders, scratch, plain, &difference, Some((base, parent.plain)), coded);
        }
    }
    if alone.share >= WORTH {
        return Ok(Codec::Raw);
    }
    planes(coders, scratch, plain, &alone, None, coded)
}

/// One frame, if that is worth it.
fn text(coders: &mut Coders, scratch: &mut Scratch, plain: &[u8], coded: &mut Vec<u8>) -> io::Result<Codec> {
    if let Some(sample) = sample::middle(plain, 1) {
        scratch.coded.clear();
        let length = coders.compress(Effort::Matches, sample, &mut scratch.coded)?;
        if length as f64 >= sample.len() as f64 * WORTH {
            return Ok(Codec::Raw);
        }
    }
    let length = coders.compress(Effort::Matches, plain, coded)?;
    if length as f64 >= plain.len() as f64 * WORTH {
        return Ok(Codec::Raw);
    }
    scratch.check.resize(plain.len(), 0);
    coders.decompress(coded, &mut scratch.check)?;
    trust(&scratch.check, plain, Codec::Zstd)
}

fn planes(
    coders: &mut Coders,
    scratch: &mut Scratch,
    plain: &[u8],
    estimate: &Estimate,
    base: Option<(Base, &[u8])>,
    coded: &mut Vec<u8>,
) -> io::Result<Codec> {
    let width = estimate.width;
    let mut header = PlanesHeader {
        base: base.map(|(base, _)| base),
        width,
        transform: estimate.transform,
        phase: 0,
        planes: [(Coding::Raw, 0); 8],
    };
    let count = header.elements(plain.len());
    let base_plain = base.map_or(&[][..], |(_, plain)| plain);
    scratch.planes.resize(count * usize::from(width), 0);
    elements::split(estimate.transform, width, plain, base_plain, &mut scratch.planes);
    coded.resize(header.length(), 0);
    for ((plane, entry), choice) in scratch.planes.chunks_exact(count).zip(&mut header.planes).zip(&estimate.choices) {
        *entry = plane_of(coders, plane, *choice, coded)?;
    }
    coded.extend_from_slice(&plain[count * usize::from(width)..]);
    coded[..header.length()].copy_from_slice(&header.encode());
    if coded.len() >= plain.len() {
        return Ok(Codec::Raw);
    }
    let codec = if base.is_some() { Codec::Difference } else { Codec::Planes };
    scratch.check.resize(plain.len(), 0);
    unpack(coders, &mut scratch.planes, codec, coded, base_plain, &mut scratch.check)?;
    trust(&scratch.check, plain, codec)
}

/// Adds one plane to `coded`.
fn plane_of(coders: &mut Coders, plane: &[u8], choice: Choice, coded: &mut Vec<u8>) -> io::Result<(Coding, u32)> {
    let start = coded.len();
    let effort = match choice {
        Choice::Raw => None,
        Choice::Constant if plane[1..] == plane[..plane.len() - 1] => {
            coded.push(plane[0]);
            return Ok((Coding::Constant, 1));
        }
        Choice::Constant => Some(Effort::Matches),
        Choice::Coded(effort) => Some(effort),
    };
    if let Some(effort) = effort {
        let length = coders.compress(effort, plane, coded)?;
        if length < plane.len() {
            return Ok((Coding::Zstd, length as u32));
        }
        coded.truncate(start);
    }
    coded.extend_from_slice(plane);
    Ok((Coding::Raw, plane.len() as u32))
}

fn trust(decoded: &[u8], plain: &[u8], codec: Codec) -> io::Result<Codec> {
    if decoded == plain { Ok(codec) } else { Err(io::ErrorKind::InvalidData.into()) }
}

/// Of a difference, to what.
pub fn base_of(codec: u8, stored: &[u8]) -> Result<Option<Base>, String> {
    if codec != Codec::Difference as u8 {
        return Ok(None);
    }
    PlanesHeader::decode_base(stored).map(Some).map_err(|e| e.to_string())
}

/// Decodes into `plain`, which it fills; the reason if that fails. `base` is what [`base_of`] asks for.
pub fn decode(codec: u8, stored: &[u8], base: &[u8], plain: &mut [u8]) -> Result<(), String> {
    const RAW: u8 = Codec::Raw as u8;
    const ZSTD: u8 = Codec::Zstd as u8;
    const CONSTANT: u8 = Codec::Constant as u8;
    const PLANES: u8 = Codec::Planes as u8;
    const DIFFERENCE: u8 = Codec::Difference as u8;
    let undecodable = |e: io::Error| format!("it cannot be decoded ({e})");
    match codec {
        RAW if stored.len() == plain.len() => {
            plain.copy_from_slice(stored);
            Ok(())
        }
        RAW => Err(format!("it has {} bytes instead of {}", stored.len(), plain.len())),
        CONSTANT if matches!(stored.len(), 1..=8) && plain.len().is_multiple_of(stored.len()) => {
            plain.chunks_exact_mut(stored.len()).for_each(|element| element.copy_from_slice(stored));
            Ok(())
        }
        CONSTANT => Err("it cannot be decoded (an element of no known width)".to_owned()),
        ZSTD => coders::with(|coders| coders.decompress(stored, plain)).map_err(undecodable),
        PLANES | DIFFERENCE => {
            let codec = if codec == PLANES { Codec::Planes } else { Codec::Difference };
            coders::with(|coders| {
                let mut planes = std::mem::take(&mut coders.scratch.planes);
                let unpacked = unpack(coders, &mut planes, codec, stored, base, plain);
                coders.scratch.planes = planes;
                unpacked
            })
            .map_err(undecodable)
        }
        other => Err(format!("it is encoded in a way (codec {other}) that only a newer program knows")),
    }
}

/// Planes back to elements.
fn unpack(
    coders: &mut Coders,
    planes: &mut Vec<u8>,
    codec: Codec,
    stored: &[u8],
    base: &[u8],
    plain: &mut [u8],
) -> io::Result<()> {
    let malformed = |e: String| io::Error::new(io::ErrorKind::InvalidData, e);
    let header =
        PlanesHeader::decode(stored, codec == Codec::Difference, plain.len()).map_err(|e| malformed(e.to_string()))?;
    if header.base.is_some() && base.len() != plain.len() {
        return Err(malformed("its base has another length".to_owned()));
    }
    let (width, phase) = (usize::from(header.width), usize::from(header.phase));
    let count = header.elements(plain.len());
    let mut rest = &stored[header.length()..];
    let mut take = |length: usize| {
        let (taken, left) = rest.split_at(length);
        rest = left;
        taken
    };
    plain[..phase].copy_from_slice(take(phase));
    planes.resize(count * width, 0);
    let mut room = planes.as_mut_slice();
    let mut all: [&[u8]; 8] = [&[]; 8];
    for (plane, (coding, length)) in all.iter_mut().zip(&header.planes).take(if count == 0 { 0 } else { width }) {
        let stored = take(*length as usize);
        let (decoded, behind) = std::mem::take(&mut room).split_at_mut(count);
        room = behind;
        *plane = match coding {
            // Taken from where it is stored.
            Coding::Raw => stored,
            Coding::Constant => {
                decoded.fill(stored[0]);
                decoded
            }
            Coding::Zstd => {
                coders.decompress(stored, decoded)?;
                decoded
            }
        };
    }
    let end = phase + count * width;
    let base = if base.is_empty() { base } else { &base[phase..end] };
    elements::join(header.transform, header.width, &all, base, &mut plain[phase..end]);
    plain[end..].copy_from_slice(rest);
    Ok(())
}
