//! What a block would take, judged from 64 KiB out of its middle.

use std::io;

use super::coders::{Coders, Effort, Scratch};
use super::elements;
use crate::format::planes::Transform;

/// Bytes looked at.
const SAMPLE: usize = 64 << 10;
/// A plane with more bits of entropy in a byte is kept as it is.
const NOISE: f64 = 7.9;
/// Matches are looked for where they save this much over Huffman codes.
const MATCHES_WORTH: f64 = 0.97;
/// Widths that numbers of unknown type are tried with.
const WIDTHS: [u8; 3] = [2, 4, 8];

/// How a plane is to be stored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Choice {
    /// As it is.
    Raw,
    /// As one byte, if it is all the same.
    Constant,
    /// Through a coder.
    Coded(Effort),
}

/// What splitting into planes would come to.
pub(super) struct Estimate {
    pub(super) width: u8,
    pub(super) transform: Transform,
    /// The first `width` count.
    pub(super) choices: [Choice; 8],
    /// Of the plain length.
    pub(super) share: f64,
}

/// A sample of whole elements, of anything longer than two.
pub(super) fn middle(plain: &[u8], width: usize) -> Option<&[u8]> {
    if plain.len() <= 2 * SAMPLE {
        return None;
    }
    let start = (plain.len() - SAMPLE) / 2 / width * width;
    Some(&plain[start..start + SAMPLE])
}

/// Judges planes of `width` bytes.
pub(super) fn estimate(
    coders: &mut Coders,
    scratch: &mut Scratch,
    plain: &[u8],
    base: &[u8],
    width: u8,
    transform: Transform,
) -> io::Result<Estimate> {
    let bytes = usize::from(width);
    let sample = middle(plain, bytes).unwrap_or(plain);
    let base = if base.is_empty() { base } else { middle(base, bytes).unwrap_or(base) };
    let count = sample.len() / bytes;
    let mut estimate = Estimate { width, transform, choices: [Choice::Raw; 8], share: 1.0 };
    if count == 0 {
        return Ok(estimate);
    }
    scratch.sample.resize(count * bytes, 0);
    elements::split(transform, width, sample, base, &mut scratch.sample);
    let mut total = 0.0;
    for (plane, choice) in scratch.sample.chunks_exact(count).zip(&mut estimate.choices) {
        let (chosen, length) = judge(coders, &mut scratch.coded, plane)?;
        *choice = chosen;
        total += length;
    }
    estimate.share = total / (count * bytes) as f64;
    Ok(estimate)
}

/// Finds the width of numbers whose type is not known; none where they are better not taken for numbers.
pub(super) fn guess(coders: &mut Coders, scratch: &mut Scratch, plain: &[u8]) -> io::Result<Option<Estimate>> {
    let sample = middle(plain, 1).unwrap_or(plain);
    scratch.coded.clear();
    let mut least = coders.compress(Effort::Matches, sample, &mut scratch.coded)? as f64 / sample.len() as f64;
    let mut best = None;
    for width in WIDTHS {
        let estimate = estimate(coders, scratch, plain, &[], width, Transform::SignLast)?;
        if estimate.share < least * MATCHES_WORTH {
            least = estimate.share;
            best = Some(estimate);
        }
    }
    Ok(best)
}

/// How a plane is best stored, and the bytes it would take.
fn judge(coders: &mut Coders, coded: &mut Vec<u8>, plane: &[u8]) -> io::Result<(Choice, f64)> {
    let length = plane.len() as f64;
    let bits = entropy(plane);
    if bits == 0.0 {
        return Ok((Choice::Constant, 1.0));
    }
    if bits > NOISE {
        return Ok((Choice::Raw, length));
    }
    // A Huffman code has no symbol shorter than a bit.
    let huffman = length * bits.max(1.0) / 8.0;
    coded.clear();
    let matches = coders.compress(Effort::Matches, plane, coded)? as f64;
    if matches < huffman * MATCHES_WORTH {
        return Ok((Choice::Coded(Effort::Matches), matches));
    }
    Ok((Choice::Coded(Effort::Huffman), huffman.min(matches)))
}

/// Shannon's entropy of single bytes, in bits.
fn entropy(bytes: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    bytes.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
    let total = bytes.len() as f64;
    let bits: f64 = counts.iter().filter(|n| **n > 0).map(|n| f64::from(*n) / total).map(|p| -p * p.log2()).sum();
    bits.max(0.0)
}
