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

    /// The weights of the row named `row` in resamples `first * LANES` and following, as many blocks of them as there are places
    /// in `into`: setting a generator up costs half as much as a block.
    pub(super) fn weights<'a>(&self, row: u64, first: u32, into: impl Iterator<Item = &'a mut Weights>) {
        let mut generator = ChaCha8Rng::from_seed(self.0);
        generator.set_stream(row);
        generator.set_word_pos(u128::from(first) * (LANES as u128 / 2));
        for weights in into {
            let mut bits = [0_u8; 2 * LANES];
            generator.fill_bytes(&mut bits);
            *weights = poisson(&bits);
        }
    }
}

/// Comparisons without branches, which compilers turn into vector code: signed, for older processors compare nothing else, and
/// in the width of what is compared.
fn poisson(bits: &[u8; 2 * LANES]) -> Weights {
    let signed = |bits: u16| (bits ^ 1 << 15) as i16;
    let mut wide = [0_i16; LANES];
    for (weight, pair) in wide.iter_mut().zip(bits.chunks_exact(2)) {
        let bits = signed(u16::from_le_bytes([pair[0], pair[1]]));
        let mut threshold = 0_u16;
        for count in COUNTS {
            threshold = threshold.wrapping_add(count);
            *weight = weight.wrapping_add(i16::from(bits > signed(threshold.wrapping_sub(1))));
        }
    }
    wide.map(|weight| weight as u8)
}
