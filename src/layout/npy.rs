//! npy: `\x93NUMPY`, a version (2), the header's length (2, from version 2 on 4), a Python dictionary as text, the array.
//! Source: NumPy's `numpy.lib.format`.

use std::io;

use super::{Elements, Input, MAX_RANK, Tensor, read_at};

/// NumPy itself refuses longer ones unless told otherwise.
const MAX_HEADER: u64 = 10_000;

/// The one array of a file.
pub(super) fn tensors(input: &mut dyn Input, size: u64) -> io::Result<Option<Vec<Tensor>>> {
    Ok(array(input, 0, size)?.map(|array| vec![array]))
}

/// The array whose npy bytes are the `size` bytes at `start`, without a name.
pub(super) fn array(input: &mut dyn Input, start: u64, size: u64) -> io::Result<Option<Tensor>> {
    let Some(first) = read_at(input, start, size.min(12), 12)? else { return Ok(None) };
    let [0x93, b'N', b'U', b'M', b'P', b'Y', version, _, rest @ ..] = &first[..] else { return Ok(None) };
    let (prefix, length) = match (version, rest) {
        (1, [a, b, ..]) => (10, u64::from(u16::from_le_bytes([*a, *b]))),
        (2 | 3, [a, b, c, d]) => (12, u64::from(u32::from_le_bytes([*a, *b, *c, *d]))),
        _ => return Ok(None),
    };
    let Some(text) = read_at(input, start + prefix, length, MAX_HEADER)? else { return Ok(None) };
    let header = prefix + length;
    Ok(std::str::from_utf8(&text).ok().and_then(|text| describe(text, start + header, size.checked_sub(header)?)))
}

/// Reads `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`. A structured type's `descr` is a list: no numbers.
fn describe(header: &str, start: u64, length: u64) -> Option<Tensor> {
    let descr = value_of(header, "'descr':")?;
    let descr = descr.strip_prefix('\'')?;
    let dtype = &descr[..descr.find('\'')?];
    let shape = value_of(header, "'shape':")?.strip_prefix('(')?;
    let shape: Option<Vec<u64>> = shape[..shape.find(')')?]
        .split(',')
        .map(str::trim)
        .filter(|n| !n.is_empty())
        .take(MAX_RANK + 1)
        .map(|n| n.parse().ok())
        .collect();
    let elements = elements(dtype)?;
    Some(Tensor { name: String::new(), dtype: dtype.to_owned(), shape: shape?, elements, start, length })
}

fn value_of<'a>(header: &'a str, key: &str) -> Option<&'a str> {
    Some(header[header.find(key)? + key.len()..].trim_start())
}

fn elements(dtype: &str) -> Option<Elements> {
    let (order, kind) = dtype.split_at_checked(1)?;
    let (float, width) = match kind {
        "f2" => (true, 2),
        "f4" | "c8" => (true, 4),
        "f8" | "c16" => (true, 8),
        "i1" | "u1" | "b1" => (false, 1),
        "i2" | "u2" => (false, 2),
        "i4" | "u4" => (false, 4),
        "i8" | "u8" | "m8" | "M8" => (false, 8),
        _ => return Some(Elements::Opaque),
    };
    // Of other byte orders, the planes are the same in another order: found by looking.
    let known = order == "<" || order == "|" || width == 1;
    Some(if known { Elements::Known { width, float } } else { Elements::Numbers })
}
