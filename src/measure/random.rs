//! Counter-based random numbers: which number a row or a resample gets depends on its name, never on who asked first.
//!
//! ChaCha with 8 rounds (Bernstein 2008); key = BLAKE3(seed, purpose), stream = row key or number of the resample.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng as _, SeedableRng as _};

/// Resamples drawn together: 128 numbers of 16 bits are the four blocks ChaCha computes at a time.
pub(super) const LANES: usize = 128;

/// One row's weight in each of `LANES` resamples.
pub(super) type Weights = [u8; LANES];

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

    /// The weights of the row named `row` in resamples `block * LANES` and following.
    pub(super) fn weights(&self, row: u64, block: u32) -> Weights {
        let mut generator = ChaCha8Rng::from_seed(self.0);
        generator.set_stream(row);
        generator.set_word_pos(u128::from(block) * (LANES as u128 / 2));
        let mut bits = [0_u8; 2 * LANES];
        generator.fill_bytes(&mut bits);
        let mut weights = [0; LANES];
        for (weight, pair) in weights.iter_mut().zip(bits.chunks_exact(2)) {
            *weight = poisson(u16::from_le_bytes([pair[0], pair[1]]));
        }
        weights
    }
}

/// Comparisons without branches, which compilers turn into vector code.
fn poisson(bits: u16) -> u8 {
    let mut weight = 0_u8;
    let mut threshold = 0_u16;
    for count in COUNTS {
        threshold = threshold.wrapping_add(count);
        weight = weight.wrapping_add(u8::from(bits >= threshold));
    }
    weight
}
