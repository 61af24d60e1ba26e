//! Counter-based random numbers: which number a row or a resample gets depends on its name, never on who asked first.
//!
//! ChaCha with 8 rounds (Bernstein 2008); key = BLAKE3(seed, purpose), stream = row key or number of the resample.

use fearless_simd::{Simd, dispatch};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng as _, SeedableRng as _};

use super::keystream::{self, BLOCKS, WORDS};
use super::vectors::level;

/// Resamples drawn together: 128 numbers of 16 bits are the four blocks ChaCha computes at a time.
pub(super) const LANES: usize = 128;

/// One row's weight in each of `LANES` resamples.
pub(super) type Weights = [u8; LANES];

/// Blocks of ChaCha that the weights in `LANES` resamples are made of.
const OF_LANES: usize = LANES / 2 / WORDS;
/// How many times `LANES` weights are drawn together.
const AT_ONCE: usize = BLOCKS / OF_LANES;

/// Poisson(1) in units of 2⁻¹⁶: a weight is the number of thresholds its 16 random bits reach. Each count is within 1.4
/// of the true probability, chosen so that mean and variance are 1 to the last digit, which is what a resampling weight
/// needs (Praestgaard & Wellner, "Exchangeably weighted bootstraps of the general empirical process", Ann. Probab. 21,
/// 1993).
const COUNTS: [u16; 8] = [24110, 24108, 12055, 4019, 1004, 201, 34, 4];

/// A generator's key for one purpose.
#[derive(Clone, Copy)]
pub(super) struct Key([u8; 32]);

impl Key {
    pub(super) fn new(seed: &[u8; 32], purpose: &str) -> Self {
        Self(blake3::keyed_hash(seed, purpose.as_bytes()).into())
    }

    /// The generator of one resample.
    pub(super) fn resample(&self, number: u32) -> ChaCha8Rng {
        let mut generator = ChaCha8Rng::from_seed(self.0);
        generator.set_stream(u64::from(number));
        generator
    }

    /// 64 random bits of the row named `row`.
    pub(super) fn bits(&self, row: u64) -> u64 {
        let mut generator = ChaCha8Rng::from_seed(self.0);
        generator.set_stream(row);
        generator.next_u64()
    }

    /// A coin for the row named `row` in each of the resamples `block * LANES` and following, one per bit.
    pub(super) fn coins(&self, row: u64, block: u32) -> u128 {
        let mut generator = ChaCha8Rng::from_seed(self.0);
        generator.set_stream(row);
        generator.set_word_pos(u128::from(block) * (LANES as u128 / 32));
        let mut bits = [0; LANES / 8];
        generator.fill_bytes(&mut bits);
        u128::from_le_bytes(bits)
    }

    /// The weights of the row named `row` in resamples `first * LANES` and following, as many blocks of them as there are places
    /// in `into`; cheapest is an even number of them.
    pub(super) fn weights<'a>(&self, row: u64, first: u32, into: impl Iterator<Item = &'a mut Weights>) {
        let (key, _) = self.0.as_chunks::<4>();
        let key = std::array::from_fn(|word| u32::from_le_bytes(key[word]));
        let mut drawn = [[0; LANES]; AT_ONCE];
        for (number, weights) in (u64::from(first)..).zip(into) {
            let place = (number - u64::from(first)) as usize % AT_ONCE;
            if place == 0 {
                drawn = dispatch!(level(), simd => draw(simd, &key, row, number * OF_LANES as u64));
            }
            *weights = drawn[place];
        }
    }
}

/// The weights that follow from blocks `first` and following.
#[inline(always)]
fn draw<S: Simd>(simd: S, key: &[u32; 8], row: u64, first: u64) -> [Weights; AT_ONCE] {
    let words = keystream::words(simd, key, row, first);
    let mut bits = [0; AT_ONCE * LANES];
    for (halves, word) in bits.as_chunks_mut::<2>().0.iter_mut().zip(words.as_flattened()) {
        *halves = [*word as u16, (*word >> 16) as u16];
    }
    // Word by word of all blocks, as they were computed; wanted are the words of one block after another.
    let weights = poisson(&bits);
    let (pairs, _) = weights.as_chunks::<2>();
    let mut drawn = [[0; LANES]; AT_ONCE];
    for (at, drawn) in drawn.iter_mut().enumerate() {
        let (places, _) = drawn.as_chunks_mut::<2>();
        for block in 0..OF_LANES {
            for word in 0..WORDS {
                places[block * WORDS + word] = pairs[word * BLOCKS + at * OF_LANES + block];
            }
        }
    }
    drawn
}

/// Comparisons without branches, which compilers turn into vector code: signed, for older processors compare nothing else, and
/// in the width of what is compared.
#[inline(always)]
fn poisson<const N: usize>(bits: &[u16; N]) -> [u8; N] {
    let signed = |bits: u16| (bits ^ 1 << 15) as i16;
    let mut wide = [0_i16; N];
    for (weight, &bits) in wide.iter_mut().zip(bits) {
        let bits = signed(bits);
        let mut threshold = 0_u16;
        for count in COUNTS {
            threshold = threshold.wrapping_add(count);
            *weight = weight.wrapping_add(i16::from(bits > signed(threshold.wrapping_sub(1))));
        }
    }
    wide.map(|weight| weight as u8)
}
