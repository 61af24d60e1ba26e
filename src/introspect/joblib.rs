//! What joblib adds to pickle: arrays whose bytes lie between the opcodes, and files that are compressed as a whole.
//!
//! Behind the `BUILD` of a `NumpyArrayWrapper` follow, since joblib 1.1, a byte that says how many bytes of padding follow,
//! the padding, and the array; an array of objects is a pickle of its own. Source: joblib's `numpy_pickle.py` and
//! `compressor.py`.

use super::pickle::value::{Id, Value, Values};
use super::stream::{Halt, Packing, Reading};

/// A wrapper has seven.
const MAX_ATTRIBUTES: usize = 64;

/// An array that lies in the stream.
pub(super) struct Wrapped {
    /// As numpy writes it, without the byte order: `f8`.
    pub(super) dtype: String,
    pub(super) shape: Vec<u64>,
    /// Its bytes; none for objects.
    pub(super) length: Option<u64>,
    /// Whether padding comes first.
    pub(super) aligned: bool,
    /// Whether the elements of its first dimension are next to each other, as in Fortran.
    pub(super) columns_first: bool,
    /// Whether the highest byte of a number is the first.
    pub(super) big_endian: bool,
}

/// The array that `object` stands for, if it is one of joblib's wrappers.
pub(super) fn wrapped(values: &Values, object: Id) -> Reading<Option<Wrapped>> {
    let Value::Object(object) = values.get(object) else { return Ok(None) };
    let Some((module, "NumpyArrayWrapper")) = values.class(object) else { return Ok(None) };
    // scikit-learn had a copy of joblib.
    if module.rsplit('.').next() != Some("numpy_pickle") {
        return Ok(None);
    }
    let unknown = || Halt::Broken("an array of unknown size");
    // Whoever has hundreds of them wants each array to take its time.
    if values.states(object).map(Vec::len).sum::<usize>() > MAX_ATTRIBUTES {
        return Err(unknown());
    }
    let attribute = |name| values.attribute(object, name);
    let shape = attribute("shape").and_then(|id| values.dimensions(id));
    let (dtype, width) = attribute("dtype").and_then(|id| element(values, id)).ok_or_else(unknown)?;
    let shape = shape.ok_or_else(unknown)?;
    let length = match width {
        Some(width) => Some(shape.iter().try_fold(width, |n, side| n.checked_mul(*side)).ok_or_else(unknown)?),
        None => None,
    };
    let aligned = attribute("numpy_array_alignment_bytes").is_some_and(|id| *values.get(id) != Value::None);
    let columns_first = attribute("order").and_then(|id| values.text(id)) == Some("F");
    let big_endian = attribute("dtype").is_some_and(|id| is_big_endian(values, id));
    Ok(Some(Wrapped { dtype, shape, length, aligned, columns_first, big_endian }))
}

/// Whether a `numpy.dtype` has the highest byte of a number first.
pub(super) fn is_big_endian(values: &Values, dtype: Id) -> bool {
    let Value::Object(object) = values.get(dtype) else { return false };
    let state = object.states.last().and_then(|id| values.elements(*id)).unwrap_or_default();
    state.get(1).and_then(|id| values.text(*id)) == Some(">")
}

/// What a `numpy.dtype` is called, and the bytes of one element; none for objects.
pub(super) fn element(values: &Values, dtype: Id) -> Option<(String, Option<u64>)> {
    let Value::Object(object) = values.get(dtype) else { return None };
    let ("numpy", "dtype") = values.class(object)? else { return None };
    let name = values.text(*values.elements(object.arguments)?.first()?)?;
    // (version, byte order, …, size, alignment, flags), where a size of -1 is the name's.
    let state = object.states.last().and_then(|id| values.elements(*id)).unwrap_or_default();
    let number = |place: usize| state.get(place).and_then(|id| values.integer(*id));
    let mut characters = name.chars();
    let kind = characters.next()?;
    let holds_objects = number(7).is_some_and(|flags| flags & 1 != 0);
    if kind == 'O' || holds_objects {
        return Some((name.to_owned(), None));
    }
    let count: u64 = characters.as_str().parse().ok()?;
    let width = match kind {
        'b' | 'i' | 'u' | 'f' | 'c' | 'm' | 'M' => count,
        'U' | 'S' | 'V' => match number(5).and_then(|size| u64::try_from(size).ok()) {
            Some(size) => size,
            None if kind == 'U' => count.checked_mul(4)?,
            None => count,
        },
        _ => return None,
    };
    Some((name.to_owned(), Some(width)))
}

/// How a file that begins with these bytes is compressed: by joblib, or by pandas, which knows Zstandard too.
pub(super) fn packing(first: &[u8]) -> Option<Packing> {
    Some(match first {
        [0x1f, 0x8b, ..] => Packing::Gzip,
        // Method and window, and a checksum of both bytes.
        [0x78, flags, ..] if (0x7800 | u16::from(*flags)).is_multiple_of(31) => Packing::Zlib,
        [b'B', b'Z', b'h', ..] => Packing::Bzip2,
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Packing::Xz,
        [0x5d, 0, 0, ..] => Packing::Lzma,
        [0x04, 0x22, 0x4d, 0x18, ..] => Packing::Lz4,
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Packing::Zstd,
        _ => return None,
    })
}
