//! What the elements of a tensor are, by the word a file's format has for it.
//!
//! The same type has many names: `F32` in safetensors and GGUF, `float32` in PyTorch, `<f4` in NumPy, `FLOAT` in ONNX. Two
//! tensors are of one type if their numbers are, whatever it is called and in whichever byte order it is written.

use super::quantised;

/// A type of number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Number {
    /// IEEE 754 binary64.
    F64,
    /// IEEE 754 binary32.
    F32,
    /// IEEE 754 binary16.
    F16,
    /// The upper half of binary32.
    Bf16,
    /// 8 bits, 4 of them exponent, bias 7: no infinities, NaN is `S.1111.111`.
    F8E4m3,
    /// The same with bias 8; NaN is `0x80`, and there is no negative zero.
    F8E4m3Fnuz,
    /// 8 bits, 5 of them exponent, bias 15: like binary16 in small.
    F8E5m2,
    /// The same with bias 16; NaN is `0x80`, no infinities, no negative zero.
    F8E5m2Fnuz,
    /// A power of two, 2⁻¹²⁷ to 2¹²⁷; NaN is `0xff`.
    F8E8m0,
    /// Signed, 64 bits.
    I64,
    /// Signed, 32 bits.
    I32,
    /// Signed, 16 bits.
    I16,
    /// Signed, 8 bits.
    I8,
    /// Unsigned, 64 bits.
    U64,
    /// Unsigned, 32 bits.
    U32,
    /// Unsigned, 16 bits.
    U16,
    /// Unsigned, 8 bits.
    U8,
    /// A byte that is 0 or 1.
    Bool,
    /// Two of binary32: the real part, the imaginary part.
    C64,
    /// Two of binary64.
    C128,
}

impl Number {
    /// Bytes of one element.
    pub const fn width(self) -> usize {
        match self {
            Self::C128 => 16,
            Self::F64 | Self::I64 | Self::U64 | Self::C64 => 8,
            Self::F32 | Self::I32 | Self::U32 => 4,
            Self::F16 | Self::Bf16 | Self::I16 | Self::U16 => 2,
            _ => 1,
        }
    }

    /// Real numbers of one element: two of a complex one.
    pub const fn parts(self) -> usize {
        if matches!(self, Self::C64 | Self::C128) { 2 } else { 1 }
    }
}

/// What the bytes of a tensor are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Element {
    /// Numbers.
    Number {
        /// Of which type.
        number: Number,
        /// Whether the highest byte comes first.
        big_endian: bool,
    },
    /// Units of bytes that are compared as such: quantised blocks, structs, texts, numbers of an unknown type.
    Unit {
        /// Bytes of one.
        width: u32,
        /// Whether it is a block of a quantised tensor.
        quantised: bool,
    },
}

impl Element {
    /// The element that a format calls `dtype`; of a word that is not known, bytes.
    pub fn parse(dtype: &str) -> Self {
        if let Some(number) = named(dtype) {
            return Self::Number { number, big_endian: false };
        }
        // A digest of each item.
        if matches!(dtype, "list" | "set" | "dict" | "objects") {
            return Self::Unit { width: 16, quantised: false };
        }
        if let Some(width) = quantised::block_bytes(dtype) {
            return Self::Unit { width, quantised: true };
        }
        numpy(dtype).unwrap_or(Self::Unit { width: 1, quantised: false })
    }

    /// The number it is, if it is one.
    pub const fn number(self) -> Option<Number> {
        match self {
            Self::Number { number, .. } => Some(number),
            Self::Unit { .. } => None,
        }
    }

    /// Whether it is a block of a quantised tensor.
    pub const fn is_quantised(self) -> bool {
        matches!(self, Self::Unit { quantised: true, .. })
    }

    /// Bytes of one.
    pub const fn width(self) -> usize {
        match self {
            Self::Number { number, .. } => number.width(),
            Self::Unit { width, .. } => width as usize,
        }
    }
}

/// safetensors and GGUF in capitals, ONNX in capitals too, PyTorch in small letters.
fn named(dtype: &str) -> Option<Number> {
    Some(match dtype {
        "F64" | "DOUBLE" | "float64" => Number::F64,
        "F32" | "FLOAT" | "float32" => Number::F32,
        "F16" | "FLOAT16" | "float16" => Number::F16,
        "BF16" | "BFLOAT16" | "bfloat16" => Number::Bf16,
        "F8_E4M3" | "FLOAT8E4M3FN" | "float8_e4m3fn" => Number::F8E4m3,
        "F8_E4M3FNUZ" | "FLOAT8E4M3FNUZ" | "float8_e4m3fnuz" => Number::F8E4m3Fnuz,
        "F8_E5M2" | "FLOAT8E5M2" | "float8_e5m2" => Number::F8E5m2,
        "F8_E5M2FNUZ" | "FLOAT8E5M2FNUZ" | "float8_e5m2fnuz" => Number::F8E5m2Fnuz,
        "F8_E8M0" | "FLOAT8E8M0" | "float8_e8m0fnu" => Number::F8E8m0,
        "I64" | "INT64" | "int64" => Number::I64,
        "I32" | "INT32" | "int32" | "qint32" => Number::I32,
        "I16" | "INT16" | "int16" => Number::I16,
        "I8" | "INT8" | "int8" | "qint8" => Number::I8,
        "U64" | "UINT64" | "uint64" => Number::U64,
        "U32" | "UINT32" | "uint32" => Number::U32,
        "U16" | "UINT16" | "uint16" => Number::U16,
        "U8" | "UINT8" | "uint8" | "quint8" => Number::U8,
        "BOOL" | "bool" => Number::Bool,
        "C64" | "COMPLEX64" | "complex64" => Number::C64,
        "COMPLEX128" | "complex128" => Number::C128,
        _ => return None,
    })
}

/// A byte order, a letter and the bytes of an element: `<f4`, `|V56`. Texts (`U`) have four bytes for each character.
fn numpy(dtype: &str) -> Option<Element> {
    let order = dtype.chars().next()?;
    let kind = dtype.strip_prefix(['<', '>', '|', '=']).unwrap_or(dtype);
    let number = match kind {
        "f8" => Number::F64,
        "f4" => Number::F32,
        "f2" => Number::F16,
        "i8" | "m8" | "M8" => Number::I64,
        "i4" => Number::I32,
        "i2" => Number::I16,
        "i1" => Number::I8,
        "u8" => Number::U64,
        "u4" => Number::U32,
        "u2" => Number::U16,
        "u1" => Number::U8,
        "b1" => Number::Bool,
        "c8" => Number::C64,
        "c16" => Number::C128,
        _ => {
            let (letter, count) = kind.split_at_checked(1)?;
            let count: u32 = count.parse().ok().filter(|count| *count > 0)?;
            let width = match letter {
                "U" => count.checked_mul(4)?,
                "S" | "V" => count,
                _ => return None,
            };
            return Some(Element::Unit { width, quantised: false });
        }
    };
    Some(Element::Number { number, big_endian: order == '>' && number.width() > 1 })
}
