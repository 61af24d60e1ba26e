//! Numbers ⇄ byte planes: the k-th plane holds the k-th byte of every element. Bytes that behave alike come together: the
//! exponents of weights compress well, their mantissas hardly at all.

use fearless_simd::{Level, dispatch};

use crate::format::planes::Transform;

/// Splits `plain`, whole elements of `width` bytes, into as many planes; `base` is as long where it is needed.
pub(super) fn split(transform: Transform, width: u8, plain: &[u8], base: &[u8], planes: &mut [u8]) {
    match width {
        1 => planes_of::<u8, 1>(transform, plain, base, planes),
        2 => planes_of::<u16, 2>(transform, plain, base, planes),
        4 => planes_of::<u32, 4>(transform, plain, base, planes),
        _ => planes_of::<u64, 8>(transform, plain, base, planes),
    }
}

/// Undoes [`split`]; of `planes` the first `width` count, each as long as there are elements.
pub(super) fn join(transform: Transform, width: u8, planes: &[&[u8]; 8], base: &[u8], plain: &mut [u8]) {
    dispatch!(Level::new(), _simd => join_all(transform, width, planes, base, plain));
}

/// Compiled once for each kind of vectors that processors have.
#[inline(always)]
fn join_all(transform: Transform, width: u8, planes: &[&[u8]; 8], base: &[u8], plain: &mut [u8]) {
    match width {
        1 => elements_of::<u8, 1>(transform, planes, base, plain),
        2 => elements_of::<u16, 2>(transform, planes, base, plain),
        4 => elements_of::<u32, 4>(transform, planes, base, plain),
        _ => elements_of::<u64, 8>(transform, planes, base, plain),
    }
}

/// An element as an unsigned integer.
trait Word<const W: usize>: Copy {
    const ZERO: Self;
    fn read(bytes: [u8; W]) -> Self;
    fn write(self) -> [u8; W];
    /// The byte of value 256 to the power of `plane`.
    fn byte(self, plane: usize) -> u8;
    /// With that byte, which is still 0.
    fn with(self, plane: usize, byte: u8) -> Self;
    /// The sign becomes the lowest bit.
    fn sign_last(self) -> Self;
    fn sign_first(self) -> Self;
    /// A float's bits, so that their order is that of the numbers.
    fn monotone(self) -> Self;
    fn float(self) -> Self;
    /// Small for a small difference of either sign.
    fn zigzag_from(self, base: Self) -> Self;
    fn zigzag_to(self, base: Self) -> Self;
}

macro_rules! word {
    ($unsigned:ty, $signed:ty, $width:literal) => {
        impl Word<$width> for $unsigned {
            const ZERO: Self = 0;

            #[inline(always)]
            fn read(bytes: [u8; $width]) -> Self {
                Self::from_le_bytes(bytes)
            }

            #[inline(always)]
            fn write(self) -> [u8; $width] {
                self.to_le_bytes()
            }

            #[inline(always)]
            fn byte(self, plane: usize) -> u8 {
                (self >> (8 * plane)) as u8
            }

            #[inline(always)]
            fn with(self, plane: usize, byte: u8) -> Self {
                self | <$unsigned>::from(byte) << (8 * plane)
            }

            #[inline(always)]
            fn sign_last(self) -> Self {
                self.rotate_left(1)
            }

            #[inline(always)]
            fn sign_first(self) -> Self {
                self.rotate_right(1)
            }

            #[inline(always)]
            fn monotone(self) -> Self {
                const SIGN: $unsigned = 1 << (<$unsigned>::BITS - 1);
                let negative = (self as $signed >> (<$unsigned>::BITS - 1)) as $unsigned;
                self ^ (negative | SIGN)
            }

            #[inline(always)]
            fn float(self) -> Self {
                const SIGN: $unsigned = 1 << (<$unsigned>::BITS - 1);
                let positive = (self as $signed >> (<$unsigned>::BITS - 1)) as $unsigned;
                self ^ (!positive | SIGN)
            }

            #[inline(always)]
            fn zigzag_from(self, base: Self) -> Self {
                let difference = self.wrapping_sub(base) as $signed;
                ((difference << 1) ^ (difference >> (<$unsigned>::BITS - 1))) as $unsigned
            }

            #[inline(always)]
            fn zigzag_to(self, base: Self) -> Self {
                base.wrapping_add((self >> 1) ^ (self & 1).wrapping_neg())
            }
        }
    };
}

word!(u8, i8, 1);
word!(u16, i16, 2);
word!(u32, i32, 4);
word!(u64, i64, 8);

fn planes_of<T: Word<W>, const W: usize>(transform: Transform, plain: &[u8], base: &[u8], planes: &mut [u8]) {
    match transform {
        Transform::Plain => scatter::<T, W>(plain, plain, planes, |x, _| x),
        Transform::SignLast => scatter::<T, W>(plain, plain, planes, |x, _| x.sign_last()),
        Transform::FloatDifference => {
            scatter::<T, W>(plain, base, planes, |x, b| x.monotone().zigzag_from(b.monotone()));
        }
        Transform::IntegerDifference => scatter::<T, W>(plain, base, planes, T::zigzag_from),
    }
}

#[inline(always)]
fn elements_of<T: Word<W>, const W: usize>(transform: Transform, planes: &[&[u8]; 8], base: &[u8], plain: &mut [u8]) {
    match transform {
        Transform::Plain => gather::<T, W>(planes, &[], plain, |x, _| x),
        Transform::SignLast => gather::<T, W>(planes, &[], plain, |x, _| x.sign_first()),
        Transform::FloatDifference => {
            gather::<T, W>(planes, base, plain, |x, b| x.zigzag_to(b.monotone()).float());
        }
        Transform::IntegerDifference => gather::<T, W>(planes, base, plain, T::zigzag_to),
    }
}

/// Elements turned over at a time: they stay in the nearest cache while each plane is visited. As integers, because shifts
/// of them become vector instructions, and single bytes of arrays do not.
const RUN: usize = 512;

/// Each element, changed, byte by byte into the planes.
#[inline(always)]
fn scatter<T: Word<W>, const W: usize>(plain: &[u8], base: &[u8], planes: &mut [u8], change: impl Fn(T, T) -> T) {
    let (plain, _) = plain.as_chunks::<W>();
    let (base, _) = base.as_chunks::<W>();
    let count = plain.len();
    let mut run = [T::ZERO; RUN];
    let mut at = 0;
    for (plain, base) in plain.chunks(RUN).zip(base.chunks(RUN)) {
        for ((out, x), b) in run.iter_mut().zip(plain).zip(base) {
            *out = change(T::read(*x), T::read(*b));
        }
        for number in 0..W {
            let plane = &mut planes[number * count + at..][..plain.len()];
            plane.iter_mut().zip(&run).for_each(|(to, from)| *to = from.byte(number));
        }
        at += plain.len();
    }
}

/// Undoes [`scatter`]; without a base, elements are changed alone. One loop over all planes becomes vector instructions as it is.
#[inline(always)]
fn gather<T: Word<W>, const W: usize>(planes: &[&[u8]; 8], base: &[u8], plain: &mut [u8], change: impl Fn(T, T) -> T) {
    let (plain, _) = plain.as_chunks_mut::<W>();
    let planes: [&[u8]; W] = std::array::from_fn(|number| &planes[number][..plain.len()]);
    if base.is_empty() {
        for (at, plain) in plain.iter_mut().enumerate() {
            *plain = change(element(&planes, at), T::ZERO).write();
        }
        return;
    }
    let base = &base.as_chunks::<W>().0[..plain.len()];
    for (at, plain) in plain.iter_mut().enumerate() {
        *plain = change(element(&planes, at), T::read(base[at])).write();
    }
}

#[inline(always)]
fn element<T: Word<W>, const W: usize>(planes: &[&[u8]; W], at: usize) -> T {
    let mut element = T::ZERO;
    for (number, plane) in planes.iter().enumerate() {
        element = element.with(number, plane[at]);
    }
    element
}
