//! Little-endian bytes → numbers in `f64`. Every number of up to 32 bits is exact; integers of 64 bits are rounded to the
//! nearest.
//!
//! The loops are over fixed widths without branches, so that the compiler can take several elements at once.

use super::element::Number;

static E4M3: [f64; 256] = table(4, 7, Special::Highest);
static E4M3_FNUZ: [f64; 256] = table(4, 8, Special::NegativeZero);
static E5M2: [f64; 256] = table(5, 15, Special::Ieee);
static E5M2_FNUZ: [f64; 256] = table(5, 16, Special::NegativeZero);

/// Decodes as many elements as `bytes` has into the beginning of `out`, which has room for all their parts.
pub(super) fn decode(number: Number, bytes: &[u8], out: &mut [f64]) {
    match number {
        Number::F64 | Number::C128 => each(bytes, out, f64::from_le_bytes),
        Number::F32 | Number::C64 => each(bytes, out, |b| f64::from(f32::from_le_bytes(b))),
        Number::F16 => each(bytes, out, |b| f64::from(half(u16::from_le_bytes(b)))),
        Number::Bf16 => each(bytes, out, |b| f64::from(f32::from_bits(u32::from(u16::from_le_bytes(b)) << 16))),
        Number::F8E4m3 => each(bytes, out, |[b]| E4M3[usize::from(b)]),
        Number::F8E4m3Fnuz => each(bytes, out, |[b]| E4M3_FNUZ[usize::from(b)]),
        Number::F8E5m2 => each(bytes, out, |[b]| E5M2[usize::from(b)]),
        Number::F8E5m2Fnuz => each(bytes, out, |[b]| E5M2_FNUZ[usize::from(b)]),
        Number::F8E8m0 => each(bytes, out, |[b]| power(b)),
        Number::I64 => each(bytes, out, |b| i64::from_le_bytes(b) as f64),
        Number::I32 => each(bytes, out, |b| f64::from(i32::from_le_bytes(b))),
        Number::I16 => each(bytes, out, |b| f64::from(i16::from_le_bytes(b))),
        Number::I8 => each(bytes, out, |b| f64::from(i8::from_le_bytes(b))),
        Number::U64 => each(bytes, out, |b| u64::from_le_bytes(b) as f64),
        Number::U32 => each(bytes, out, |b| f64::from(u32::from_le_bytes(b))),
        Number::U16 => each(bytes, out, |b| f64::from(u16::from_le_bytes(b))),
        Number::U8 | Number::Bool => each(bytes, out, |[b]| f64::from(b)),
    }
}

/// `b - a` for integers of 64 bits, of which the difference may be exact where they are not; none of the others.
pub(super) fn wide_difference(number: Number, a: &[u8], b: &[u8], out: &mut [f64]) -> bool {
    let (a, b) = (a.as_chunks::<8>().0, b.as_chunks::<8>().0);
    let exact: fn([u8; 8]) -> i128 = match number {
        Number::I64 => |bytes| i64::from_le_bytes(bytes).into(),
        Number::U64 => |bytes| u64::from_le_bytes(bytes).into(),
        _ => return false,
    };
    for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
        *out = exact(*b).wrapping_sub(exact(*a)) as f64;
    }
    true
}

fn each<const N: usize>(bytes: &[u8], out: &mut [f64], value: impl Fn([u8; N]) -> f64) {
    for (out, bytes) in out.iter_mut().zip(bytes.as_chunks::<N>().0) {
        *out = value(*bytes);
    }
}

/// IEEE 754 binary16.
fn half(bits: u16) -> f32 {
    const EXPONENT: u32 = 0x7c00;
    let bits = u32::from(bits);
    let (sign, rest) = ((bits & 0x8000) << 16, bits & 0x7fff);
    // The exponent's bias goes from 15 to 127; all ones stay all ones.
    let all_ones = if rest & EXPONENT == EXPONENT { 0x7f80_0000 } else { 0 };
    let normal = (rest << 13).wrapping_add(112 << 23) | all_ones;
    let subnormal = (rest as f32 * f32::from_bits(0x3380_0000)).to_bits();
    f32::from_bits(sign | if rest & EXPONENT == 0 { subnormal } else { normal })
}

/// 2 to the power of `bits` − 127.
const fn power(bits: u8) -> f64 {
    if bits == 0xff { f64::NAN } else { f64::from_bits((bits as u64 + 1023 - 127) << 52) }
}

/// Which bits of 8 are no number.
#[derive(Clone, Copy)]
enum Special {
    /// Where the exponent is all ones, as IEEE 754 has it.
    Ieee,
    /// Where everything but the sign is.
    Highest,
    /// Where only the sign is set.
    NegativeZero,
}

/// All values of a float of 8 bits.
const fn table(exponent_bits: u32, bias: i32, special: Special) -> [f64; 256] {
    let mantissa_bits = 7 - exponent_bits;
    let mut all = [0.0; 256];
    let mut bits = 0_usize;
    while bits < 256 {
        let rest = bits as u32 & 0x7f;
        let (exponent, mantissa) = (rest >> mantissa_bits, rest & ((1 << mantissa_bits) - 1));
        let ones = exponent == (1 << exponent_bits) - 1;
        let nan = match special {
            Special::Ieee => ones && mantissa != 0,
            Special::Highest => rest == 0x7f,
            Special::NegativeZero => bits == 0x80,
        };
        // A subnormal has the lowest exponent, and no leading one.
        let (significand, exponent) =
            if exponent == 0 { (mantissa, 1) } else { (mantissa | 1 << mantissa_bits, exponent as i32) };
        let scale = f64::from_bits(((exponent - bias - mantissa_bits as i32 + 1023) as u64) << 52);
        let magnitude =
            if matches!(special, Special::Ieee) && ones { f64::INFINITY } else { significand as f64 * scale };
        all[bits] = if nan {
            f64::NAN
        } else if bits >= 0x80 {
            -magnitude
        } else {
            magnitude
        };
        bits += 1;
    }
    all
}
