//! ChaCha8's key stream, eight blocks at once, one in each lane of a vector.
//!
//! Bernstein, "ChaCha, a variant of Salsa20" (2008), with a counter and a stream of 64 bits each: to the bit what `rand_chacha` gives,
//! which lays a block across four vectors instead and takes twice as long. A source of random numbers, nothing that is kept secret.

use fearless_simd::{Simd, prelude::*, u32x8};

/// Blocks computed together.
pub(super) const BLOCKS: usize = 8;
/// Words of a block.
pub(super) const WORDS: usize = 16;

/// Every word of [`BLOCKS`] consecutive blocks.
pub(super) type Words = [[u32; BLOCKS]; WORDS];

const CONSTANTS: [u32; 4] = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574];
const DOUBLE_ROUNDS: usize = 4;

/// The blocks from number `first` on.
#[inline(always)]
pub(super) fn words<S: Simd>(simd: S, key: &[u32; 8], stream: u64, first: u64) -> Words {
    let same = |word: u32| u32x8::splat(simd, word);
    let counter = |shift: u32| u32x8::from_fn(simd, |block| (first.wrapping_add(block as u64) >> shift) as u32);
    let [c0, c1, c2, c3] = CONSTANTS.map(same);
    let [k0, k1, k2, k3, k4, k5, k6, k7] = key.map(same);
    let [s0, s1] = [stream as u32, (stream >> 32) as u32].map(same);
    let start = [c0, c1, c2, c3, k0, k1, k2, k3, k4, k5, k6, k7, counter(0), counter(32), s0, s1];
    let mut x = start;
    for _ in 0..DOUBLE_ROUNDS {
        quarter_round(&mut x, 0, 4, 8, 12);
        quarter_round(&mut x, 1, 5, 9, 13);
        quarter_round(&mut x, 2, 6, 10, 14);
        quarter_round(&mut x, 3, 7, 11, 15);
        quarter_round(&mut x, 0, 5, 10, 15);
        quarter_round(&mut x, 1, 6, 11, 12);
        quarter_round(&mut x, 2, 7, 8, 13);
        quarter_round(&mut x, 3, 4, 9, 14);
    }
    let mut words = [[0; BLOCKS]; WORDS];
    for (word, (x, start)) in words.iter_mut().zip(x.into_iter().zip(start)) {
        (x + start).store_slice(word);
    }
    words
}

#[inline(always)]
fn quarter_round<S: Simd>(x: &mut [u32x8<S>; WORDS], a: usize, b: usize, c: usize, d: usize) {
    x[a] += x[b];
    x[d] = rotated::<S, 16>(x[d] ^ x[a]);
    x[c] += x[d];
    x[b] = rotated::<S, 12>(x[b] ^ x[c]);
    x[a] += x[b];
    x[d] = rotated::<S, 8>(x[d] ^ x[a]);
    x[c] += x[d];
    x[b] = rotated::<S, 7>(x[b] ^ x[c]);
}

#[inline(always)]
fn rotated<S: Simd, const BITS: u32>(x: u32x8<S>) -> u32x8<S> {
    (x << BITS) | (x >> (32 - BITS))
}

#[cfg(test)]
mod tests {
    use fearless_simd::{Level, dispatch};
    use rand_chacha::ChaCha8Rng;
    use rand_core::{Rng as _, SeedableRng as _};

    use super::*;

    #[test]
    fn is_the_stream_that_others_compute() {
        for case in 0..200_u64 {
            let seed: [u8; 32] =
                std::array::from_fn(|at| (case as u8).wrapping_mul(37).wrapping_add((at as u8).wrapping_mul(11)));
            let (bytes, _) = seed.as_chunks::<4>();
            let key = std::array::from_fn(|word| u32::from_le_bytes(bytes[word]));
            let stream = case.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            // Also where the lower half of the counter overflows among the eight.
            let first = if case % 3 == 0 { u64::from(u32::MAX) - case % 8 } else { case * 5 };
            // The vectors that every processor of the kind has, and the widest that this one has.
            for level in [Level::baseline(), Level::new()] {
                let mut theirs = ChaCha8Rng::from_seed(seed);
                theirs.set_stream(stream);
                theirs.set_word_pos(u128::from(first) * WORDS as u128);
                let ours = dispatch!(level, simd => words(simd, &key, stream, first));
                for block in 0..BLOCKS {
                    for word in ours {
                        assert_eq!(word[block], theirs.next_u32(), "{level:?} {case} {block}");
                    }
                }
            }
        }
    }
}
