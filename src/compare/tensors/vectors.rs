//! Sums over strips of numbers, in the widest vectors that the processor has.
//!
//! The same to the bit in all of them: every lane has its own sums, and nothing is fused. Numbers of 16 and 32 bits become `f64`
//! in registers, without a buffer between.

use fearless_simd::{Level, Simd, dispatch, f32x16, f64x8, i32x16, prelude::*, u16x16, u32x16};

use super::element::Number;

/// Sums that are kept side by side.
pub(super) const LANES: usize = 8;
/// Numbers that are loaded at a time.
const LOADED: usize = 2 * LANES;

/// The sums over one strip.
#[derive(Debug, Clone, Copy)]
pub(super) struct Values {
    pub(super) squares_a: f64,
    pub(super) squares_b: f64,
    pub(super) product: f64,
    pub(super) squares: f64,
    pub(super) largest: f64,
}

impl Values {
    /// Over the numbers in `a` and `b` as they are stored. None of a type that is not loaded as it is, nor where a vector would
    /// not be full.
    pub(super) fn stored(number: Number, a: &[u8], b: &[u8]) -> Option<Self> {
        if !a.len().is_multiple_of(LOADED * number.width()) || a.len() != b.len() {
            return None;
        }
        let level = Level::new();
        Some(match number {
            Number::Bf16 => dispatch!(level, simd => of_stored::<_, Bf16, 32>(simd, a, b)),
            Number::F16 => dispatch!(level, simd => of_stored::<_, F16, 32>(simd, a, b)),
            Number::F32 => dispatch!(level, simd => of_stored::<_, F32, 64>(simd, a, b)),
            _ => return None,
        })
    }

    /// Over values, whole vectors of them; with the differences where they are known better than those of the values.
    pub(super) fn of(a: &[f64], b: &[f64], difference: Option<&[f64]>) -> Self {
        dispatch!(Level::new(), simd => of_values(simd, a, b, difference))
    }
}

/// Σ a², in the same order.
pub(super) fn squares_of(values: &[f64]) -> f64 {
    dispatch!(Level::new(), simd => of_squares(simd, values))
}

/// The numbers of `bytes` as far as they fill vectors, in the beginning of `out`: how many. None of a type that is not loaded as
/// it is.
pub(super) fn load(number: Number, bytes: &[u8], out: &mut [f64]) -> usize {
    let level = Level::new();
    match number {
        Number::Bf16 => dispatch!(level, simd => load_all::<_, Bf16, 32>(simd, bytes, out)),
        Number::F16 => dispatch!(level, simd => load_all::<_, F16, 32>(simd, bytes, out)),
        Number::F32 => dispatch!(level, simd => load_all::<_, F32, 64>(simd, bytes, out)),
        _ => 0,
    }
}

/// Elements of `width` bytes with other bits.
pub(super) fn changed(width: usize, a: &[u8], b: &[u8]) -> u64 {
    dispatch!(Level::new(), _simd => count_changed(width, a, b))
}

/// The sums of each lane.
struct Lanes<S: Simd> {
    squares_a: f64x8<S>,
    squares_b: f64x8<S>,
    product: f64x8<S>,
    squares: f64x8<S>,
    largest: f64x8<S>,
}

impl<S: Simd> Lanes<S> {
    #[inline(always)]
    fn new(simd: S) -> Self {
        let zero = f64x8::splat(simd, 0.0);
        Self { squares_a: zero, squares_b: zero, product: zero, squares: zero, largest: zero }
    }

    #[inline(always)]
    fn add(&mut self, a: f64x8<S>, b: f64x8<S>, difference: f64x8<S>) {
        self.squares_a += a * a;
        self.squares_b += b * b;
        self.product += a * b;
        self.squares += difference * difference;
        self.largest = self.largest.max(difference.abs());
    }

    #[inline(always)]
    fn values(self) -> Values {
        let largest: [f64; LANES] = self.largest.into();
        Values {
            squares_a: in_order(self.squares_a),
            squares_b: in_order(self.squares_b),
            product: in_order(self.product),
            squares: in_order(self.squares),
            largest: largest.into_iter().fold(0.0, f64::max),
        }
    }
}

#[inline(always)]
fn in_order<S: Simd>(lanes: f64x8<S>) -> f64 {
    let [a, b, c, d, e, f, g, h]: [f64; LANES] = lanes.into();
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

/// A type of which [`LOADED`] numbers are `BYTES` bytes.
trait Stored<const BYTES: usize> {
    fn load<S: Simd>(simd: S, bytes: &[u8; BYTES]) -> (f64x8<S>, f64x8<S>);
}

struct Bf16;
struct F16;
struct F32;

impl Stored<32> for Bf16 {
    #[inline(always)]
    fn load<S: Simd>(simd: S, bytes: &[u8; 32]) -> (f64x8<S>, f64x8<S>) {
        let upper: f32x16<S> = (widened(simd, bytes) << 16).bitcast();
        upper.widen()
    }
}

impl Stored<32> for F16 {
    /// The exponent's bias goes from 15 to 127; all ones stay all ones, and what has no exponent is a multiple of 2⁻²⁴.
    #[inline(always)]
    fn load<S: Simd>(simd: S, bytes: &[u8; 32]) -> (f64x8<S>, f64x8<S>) {
        let all = |bits: i32| i32x16::splat(simd, bits);
        let bits: i32x16<S> = widened(simd, bytes).bitcast();
        let (sign, rest) = ((bits & all(0x8000)) << 16, bits & all(0x7fff));
        let exponent = rest & all(0x7c00);
        let biased = (rest << 13) + all(112 << 23);
        let normal = exponent.simd_eq(all(0x7c00)).select(biased | all(0x7f80_0000), biased);
        let small: f32x16<S> = rest.to_float::<f32x16<S>>() * f32x16::splat(simd, f32::from_bits(0x3380_0000));
        let small: i32x16<S> = small.bitcast();
        let value: f32x16<S> = (sign | exponent.simd_eq(all(0)).select(small, normal)).bitcast();
        value.widen()
    }
}

impl Stored<64> for F32 {
    #[inline(always)]
    fn load<S: Simd>(simd: S, bytes: &[u8; 64]) -> (f64x8<S>, f64x8<S>) {
        let (numbers, _) = bytes.as_chunks::<4>();
        let numbers: [f32; LOADED] = std::array::from_fn(|place| f32::from_le_bytes(numbers[place]));
        f32x16::from_slice(simd, &numbers).widen()
    }
}

#[inline(always)]
fn widened<S: Simd>(simd: S, bytes: &[u8; 32]) -> u32x16<S> {
    let (numbers, _) = bytes.as_chunks::<2>();
    let numbers: [u16; LOADED] = std::array::from_fn(|place| u16::from_le_bytes(numbers[place]));
    let (low, high) = u16x16::from_slice(simd, &numbers).widen();
    low.combine(high)
}

#[inline(always)]
fn of_stored<S: Simd, T: Stored<BYTES>, const BYTES: usize>(simd: S, a: &[u8], b: &[u8]) -> Values {
    let mut lanes = Lanes::new(simd);
    for (a, b) in a.as_chunks::<BYTES>().0.iter().zip(b.as_chunks::<BYTES>().0) {
        let ((a, next_a), (b, next_b)) = (T::load(simd, a), T::load(simd, b));
        lanes.add(a, b, b - a);
        lanes.add(next_a, next_b, next_b - next_a);
    }
    lanes.values()
}

#[inline(always)]
fn load_all<S: Simd, T: Stored<BYTES>, const BYTES: usize>(simd: S, bytes: &[u8], out: &mut [f64]) -> usize {
    let mut count = 0;
    for (out, bytes) in out.as_chunks_mut::<LOADED>().0.iter_mut().zip(bytes.as_chunks::<BYTES>().0) {
        let (low, high) = T::load(simd, bytes);
        let (first, second) = out.split_at_mut(LANES);
        low.store_slice(first);
        high.store_slice(second);
        count += LOADED;
    }
    count
}

#[inline(always)]
fn of_values<S: Simd>(simd: S, a: &[f64], b: &[f64], difference: Option<&[f64]>) -> Values {
    let mut lanes = Lanes::new(simd);
    let pairs = a.as_chunks::<LANES>().0.iter().zip(b.as_chunks::<LANES>().0);
    match difference {
        None => {
            for (a, b) in pairs {
                let (a, b) = (f64x8::from_slice(simd, a), f64x8::from_slice(simd, b));
                lanes.add(a, b, b - a);
            }
        }
        Some(known) => {
            for ((a, b), known) in pairs.zip(known.as_chunks::<LANES>().0) {
                let (a, b) = (f64x8::from_slice(simd, a), f64x8::from_slice(simd, b));
                lanes.add(a, b, f64x8::from_slice(simd, known));
            }
        }
    }
    lanes.values()
}

#[inline(always)]
fn of_squares<S: Simd>(simd: S, values: &[f64]) -> f64 {
    let mut sums = f64x8::splat(simd, 0.0);
    for values in values.as_chunks::<LANES>().0 {
        let values = f64x8::from_slice(simd, values);
        sums += values * values;
    }
    in_order(sums)
}

/// Counted in numbers as wide as the elements, so that as many are counted at once; no more at a time than such a number can
/// count.
#[inline(always)]
fn count_changed(width: usize, a: &[u8], b: &[u8]) -> u64 {
    let most = width * if width == 1 { 128 } else { 1 << 14 };
    let mut sum = 0;
    for (a, b) in a.chunks(most).zip(b.chunks(most)) {
        sum += match width {
            1 => {
                let mut count = 0_u8;
                for (a, b) in a.iter().zip(b) {
                    count = count.wrapping_add(u8::from(a != b));
                }
                u64::from(count)
            }
            2 => {
                let mut count = 0_u16;
                for (a, b) in a.as_chunks::<2>().0.iter().zip(b.as_chunks::<2>().0) {
                    count = count.wrapping_add(u16::from(u16::from_le_bytes(*a) != u16::from_le_bytes(*b)));
                }
                u64::from(count)
            }
            4 => {
                let mut count = 0_u32;
                for (a, b) in a.as_chunks::<4>().0.iter().zip(b.as_chunks::<4>().0) {
                    count = count.wrapping_add(u32::from(u32::from_le_bytes(*a) != u32::from_le_bytes(*b)));
                }
                u64::from(count)
            }
            8 => {
                let mut count = 0_u64;
                for (a, b) in a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0) {
                    count = count.wrapping_add(u64::from(u64::from_le_bytes(*a) != u64::from_le_bytes(*b)));
                }
                count
            }
            _ => a.chunks(width).zip(b.chunks(width)).filter(|(a, b)| a != b).count() as u64,
        };
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(seed: u64, length: usize) -> Vec<u8> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        };
        (0..length).map(|_| next()).collect()
    }

    fn finite(mut bytes: Vec<u8>, width: usize) -> Vec<u8> {
        // The highest bit of the exponent is none: no NaN, no infinity.
        bytes.iter_mut().skip(width - 1).step_by(width).for_each(|byte| *byte &= 0xbf);
        bytes
    }

    #[test]
    fn every_processor_computes_the_same() {
        for length in [0, 64, 1024, 4096] {
            let (a, b) = (finite(bytes(1, length), 2), finite(bytes(2, length), 2));
            let (c, d) = (finite(bytes(3, length), 4), finite(bytes(4, length), 4));
            for level in [Level::baseline(), Level::new()] {
                let found = [
                    (dispatch!(level, simd => of_stored::<_, Bf16, 32>(simd, &a, &b)), Number::Bf16, &a, &b),
                    (dispatch!(level, simd => of_stored::<_, F16, 32>(simd, &a, &b)), Number::F16, &a, &b),
                    (dispatch!(level, simd => of_stored::<_, F32, 64>(simd, &c, &d)), Number::F32, &c, &d),
                ];
                for (found, number, a, b) in found {
                    let [mut x, mut y] = [vec![0.0; length], vec![0.0; length]];
                    super::super::decode::decode(number, a, &mut x);
                    super::super::decode::decode(number, b, &mut y);
                    let count = length / number.width();
                    let plain = dispatch!(level, simd => of_values(simd, &x[..count], &y[..count], None));
                    let bits =
                        |v: &Values| [v.squares_a, v.squares_b, v.product, v.squares, v.largest].map(f64::to_bits);
                    assert_eq!(bits(&found), bits(&plain), "{number:?} {level:?} {length}");
                    assert_eq!(
                        Values::stored(number, a, b).map(|found| bits(&found)),
                        Some(bits(&found)),
                        "{number:?}"
                    );
                    assert_eq!(squares_of(&x[..count]).to_bits(), found.squares_a.to_bits(), "{number:?}");
                }
            }
        }
    }

    #[test]
    fn every_half_is_loaded_as_it_is_decoded() {
        let all: Vec<u8> = (0..=u16::MAX).flat_map(u16::to_le_bytes).collect();
        for number in [Number::F16, Number::Bf16] {
            let [mut loaded, mut decoded] = [vec![0.0; 1 << 16], vec![0.0; 1 << 16]];
            assert_eq!(load(number, &all, &mut loaded), 1 << 16);
            super::super::decode::decode(number, &all, &mut decoded);
            let same = |(a, b): (&f64, &f64)| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan();
            assert!(loaded.iter().zip(&decoded).all(same), "{number:?}");
        }
    }

    #[test]
    fn other_elements_are_counted_in_every_width() {
        for width in [1, 2, 4, 8, 16] {
            let a = bytes(5, 16 * 700);
            let mut b = a.clone();
            b.iter_mut().step_by(48).for_each(|byte| *byte ^= 1);
            let expected = a.chunks(width).zip(b.chunks(width)).filter(|(a, b)| a != b).count() as u64;
            assert_eq!(changed(width, &a, &b), expected, "{width}");
        }
        let (a, b) = (vec![0; 1000], vec![1; 1000]);
        assert_eq!((changed(1, &a, &b), changed(2, &a, &b), changed(16, &a, &b)), (1000, 500, 63));
    }
}
