//! The change of a tensor as sums over its elements.
//!
//! # What is counted
//!
//! - An element is *changed* if its bits are: `-0.0` for `0.0` is a change, of length 0; a NaN with the same bits is none.
//!   Where the two sides have different types there are no bits to compare: an element is changed if its value is, and any
//!   NaN is equal to any NaN, `-0.0` to `0.0`.
//! - Norms, the largest change and the cosine are over the pairs of which both are finite; the others are counted beside them
//!   ([`Sums::apart`], and NaN and infinities of either side). A complex number is NaN if either part is, infinite if
//!   either part is and none is NaN.
//! - A complex number is a pair of real ones: ‖·‖ is the norm of all parts, the cosine that of the two real vectors; the
//!   largest change is the largest modulus of a difference.
//! - A boolean is 0 or 1. Differences of integers of 64 bits are exact before they are rounded to `f64`.
//!
//! # In which order
//!
//! Results are the same on every machine and for every number of threads. Elements are converted to `f64`. 1024 real parts
//! are a strip; in a strip part *i* goes to sum *i* mod 8, and these are added as ((0 + 4) + (2 + 6)) + ((1 + 5) + (3 + 7)).
//! Strips are added in their order to a block of 4 MiB (of the wider type), blocks in their order to the tensor. So no sum is
//! over more than some thousand terms, and the relative error of a sum of squares is below 10⁻¹² (numpy's golden values, to
//! that tolerance, are the tests); that of the product is so in ‖a‖ ‖b‖.

use super::decode::{decode, wide_difference};
use super::element::Number;
use super::vectors::{self, LANES, Values, squares_of};

/// Real parts that are converted at a time.
const STRIP: usize = 1024;

/// What is summed over the elements of a tensor, or of a stretch of it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Sums {
    /// Pairs of elements.
    pub elements: u64,
    /// Those that are different.
    pub changed: u64,
    /// Those of which one is not finite.
    pub apart: u64,
    /// Those of them of which the other one is finite, or is not finite in another way: NaN, or an infinity of one sign.
    pub turned: u64,
    /// Σ a² over the others.
    pub squares_a: f64,
    /// Σ b².
    pub squares_b: f64,
    /// Σ ab.
    pub product: f64,
    /// Σ (b − a)².
    pub squares: f64,
    /// The largest |b − a|.
    pub largest: f64,
    /// What is not finite in a.
    pub a: NotFinite,
    /// What is not finite in b.
    pub b: NotFinite,
}

/// Elements that are no finite numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NotFinite {
    /// NaN.
    pub nan: u64,
    /// Infinities of either sign.
    pub infinite: u64,
}

/// A change in numbers: those that are not defined (a norm of 0 to divide by, a sum beyond `f64`) are none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// ‖b − a‖.
    pub l2: Option<f64>,
    /// ‖b − a‖ ∕ ‖a‖.
    pub relative: Option<f64>,
    /// The largest |b − a|.
    pub max_abs: Option<f64>,
    /// ⟨a, b⟩ ∕ (‖a‖ ‖b‖), at most 1 and at least −1.
    pub cosine: Option<f64>,
}

/// Buffers for a strip.
struct Strip {
    a: [f64; STRIP],
    b: [f64; STRIP],
    difference: [f64; STRIP],
}

impl Strip {
    const fn new() -> Self {
        Self { a: [0.0; STRIP], b: [0.0; STRIP], difference: [0.0; STRIP] }
    }
}

impl Sums {
    /// Of the elements in `a` and `b`, little-endian and as many on both sides.
    pub fn of(type_a: Number, a: &[u8], type_b: Number, b: &[u8]) -> Self {
        let mut sums = Self::default();
        let mut strip = Strip::new();
        let parts = type_a.parts().max(type_b.parts());
        let (wide_a, wide_b) = (STRIP / parts * type_a.width(), STRIP / parts * type_b.width());
        for (a, b) in a.chunks(wide_a).zip(b.chunks(wide_b)) {
            sums.elements += (a.len() / type_a.width()) as u64;
            if type_a == type_b && a == b {
                sums.add_equal(type_a, a, &mut strip);
            } else {
                sums.add_strip(type_a, a, type_b, b, &mut strip);
            }
        }
        sums
    }

    /// Of elements that are the same on both sides.
    pub fn of_equal(number: Number, bytes: &[u8]) -> Self {
        let mut sums = Self::default();
        let mut strip = Strip::new();
        for bytes in bytes.chunks(STRIP / number.parts() * number.width()) {
            sums.elements += (bytes.len() / number.width()) as u64;
            sums.add_equal(number, bytes, &mut strip);
        }
        sums
    }

    /// Adds those of the stretch behind.
    pub fn add(&mut self, next: &Self) {
        self.elements += next.elements;
        self.changed += next.changed;
        self.apart += next.apart;
        self.turned += next.turned;
        self.squares_a += next.squares_a;
        self.squares_b += next.squares_b;
        self.product += next.product;
        self.squares += next.squares;
        self.largest = self.largest.max(next.largest);
        for (sum, next) in [(&mut self.a, next.a), (&mut self.b, next.b)] {
            sum.nan += next.nan;
            sum.infinite += next.infinite;
        }
    }

    /// What they say.
    pub fn difference(&self) -> Difference {
        let finite = |number: f64| number.is_finite().then_some(number);
        let norm = |squares: f64| finite(squares.sqrt());
        let over = |number: f64, by: f64| if by > 0.0 { finite(number / by) } else { None };
        let (a, b, l2) = (norm(self.squares_a), norm(self.squares_b), norm(self.squares));
        let cosine = a.zip(b).and_then(|(a, b)| over(over(self.product, a)?, b));
        Difference {
            l2,
            // Nothing is none of anything.
            relative: if self.squares == 0.0 { Some(0.0) } else { l2.zip(a).and_then(|(l2, a)| over(l2, a)) },
            max_abs: finite(self.largest),
            cosine: cosine.map(|cosine| cosine.clamp(-1.0, 1.0)),
        }
    }

    fn add_equal(&mut self, number: Number, bytes: &[u8], strip: &mut Strip) {
        let count = bytes.len() / number.width() * number.parts();
        all(number, bytes, &mut strip.a);
        let Some(a) = padded(&mut strip.a, count) else { return };
        let mut squares = squares_of(a);
        // What is not finite makes its sum so, too: looked for only then.
        if !squares.is_finite() {
            for element in a.chunks_mut(number.parts()) {
                let odd = NotFinite::of(element);
                if odd != NotFinite::default() {
                    self.apart += 1;
                    self.a.count(odd);
                    self.b.count(odd);
                    element.fill(0.0);
                }
            }
            squares = squares_of(a);
        }
        self.squares_a += squares;
        self.squares_b += squares;
        self.product += squares;
    }

    fn add_strip(&mut self, type_a: Number, a: &[u8], type_b: Number, b: &[u8], strip: &mut Strip) {
        let parts = type_a.parts().max(type_b.parts());
        let count = a.len() / type_a.width() * parts;
        if type_a == type_b
            && let Some(values) = Values::stored(type_a, a, b)
            && values.is_finite()
        {
            self.changed += vectors::changed(type_a.width(), a, b);
            self.add_values(&values);
            return;
        }
        all(type_a, a, &mut strip.a);
        all(type_b, b, &mut strip.b);
        for (values, number) in [(&mut strip.a, type_a), (&mut strip.b, type_b)] {
            if number.parts() < parts {
                make_complex(values, count);
            }
        }
        let exact = type_a == type_b && wide_difference(type_a, a, b, &mut strip.difference);
        let all = (padded(&mut strip.a, count), padded(&mut strip.b, count), padded(&mut strip.difference, count));
        let (Some(a_values), Some(b_values), Some(difference)) = all else { return };
        self.changed +=
            if type_a == type_b { vectors::changed(type_a.width(), a, b) } else { unequal(a_values, b_values, parts) };
        let exact = exact.then_some(&*difference);
        let mut values = Values::of(a_values, b_values, exact);
        if !values.is_finite() {
            self.set_apart(a_values, b_values, parts);
            values = Values::of(a_values, b_values, exact);
        }
        if parts > 1 {
            values.largest = largest_modulus(a_values, b_values);
        }
        self.add_values(&values);
    }

    fn add_values(&mut self, values: &Values) {
        self.squares_a += values.squares_a;
        self.squares_b += values.squares_b;
        self.product += values.product;
        self.squares += values.squares;
        self.largest = self.largest.max(values.largest);
    }

    /// Counts the pairs of which one is not finite, and puts zeros in their place.
    fn set_apart(&mut self, a: &mut [f64], b: &mut [f64], parts: usize) {
        for (a, b) in a.chunks_mut(parts).zip(b.chunks_mut(parts)) {
            let (odd_a, odd_b) = (NotFinite::of(a), NotFinite::of(b));
            self.a.count(odd_a);
            self.b.count(odd_b);
            if odd_a != NotFinite::default() || odd_b != NotFinite::default() {
                self.apart += 1;
                self.turned += u64::from(!a.iter().zip(&*b).all(|(a, b)| is_alike(*a, *b)));
                a.fill(0.0);
                b.fill(0.0);
            }
        }
    }
}

impl Values {
    /// What is not finite makes its sum so, too: looked for only then.
    fn is_finite(&self) -> bool {
        (self.squares_a + self.squares_b).is_finite()
    }
}

impl NotFinite {
    /// Of one element, by its parts.
    fn of(parts: &[f64]) -> Self {
        let nan = parts.iter().any(|part| part.is_nan());
        let infinite = !nan && parts.iter().any(|part| part.is_infinite());
        Self { nan: nan.into(), infinite: infinite.into() }
    }

    const fn count(&mut self, more: Self) {
        self.nan += more.nan;
        self.infinite += more.infinite;
    }
}

/// Decodes all elements: in vectors as far as these are full.
fn all(number: Number, bytes: &[u8], out: &mut [f64; STRIP]) {
    let count = vectors::load(number, bytes, out);
    decode(number, bytes.get(count * number.width()..).unwrap_or_default(), &mut out[count..]);
}

/// Whether both are finite, NaN, or the same infinity.
fn is_alike(a: f64, b: f64) -> bool {
    a.is_finite() && b.is_finite() || a.is_nan() && b.is_nan() || a == b
}

/// The first `count` values, and zeros up to a whole number of lanes.
fn padded(values: &mut [f64; STRIP], count: usize) -> Option<&mut [f64]> {
    let end = count.next_multiple_of(LANES);
    values.get_mut(count..end)?.fill(0.0);
    values.get_mut(..end)
}

/// Real numbers as complex ones, from the last on: none is written over before it is read.
fn make_complex(values: &mut [f64; STRIP], count: usize) {
    for place in (0..count / 2).rev() {
        let real = values[place];
        if let Some([re, im]) = values.get_mut(2 * place..2 * place + 2) {
            (*re, *im) = (real, 0.0);
        }
    }
}

fn largest_modulus(a: &[f64], b: &[f64]) -> f64 {
    let pairs = a.as_chunks::<2>().0.iter().zip(b.as_chunks::<2>().0);
    pairs.fold(0.0, |largest: f64, (a, b)| largest.max((b[0] - a[0]).hypot(b[1] - a[1])))
}

/// Elements with other values.
fn unequal(a: &[f64], b: &[f64], parts: usize) -> u64 {
    let same = |(a, b): (&f64, &f64)| a == b || a.is_nan() && b.is_nan();
    let pairs = a.chunks(parts).zip(b.chunks(parts));
    pairs.filter(|(a, b)| !a.iter().zip(*b).all(same)).count() as u64
}
