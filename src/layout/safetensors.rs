//! safetensors: the header's length (8, little-endian), a JSON object, then the tensors' bytes.
//!
//! The object maps each tensor's name to `{"dtype": …, "shape": […], "data_offsets": [begin, end]}`, offsets from the
//! header's end; `__metadata__` maps text to text. Source: the format's description in huggingface/safetensors.

use std::collections::HashSet;
use std::fmt;
use std::io;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{Elements, Input, MAX_RANK, MAX_TENSORS, Tensor, read_at};

/// The library itself reads no longer header.
const MAX_HEADER: u64 = 100_000_000;
/// Of a name so much is shown.
const SHOWN: usize = 64;
/// Characters of what is wrong with a header: it quotes the header.
const REASON: usize = 200;

#[derive(Deserialize)]
struct Entry {
    dtype: String,
    shape: Shape,
    data_offsets: (u64, u64),
}

/// No longer than any shape is: a header has room for millions of numbers.
struct Shape(Vec<u64>);

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Sides;
        impl<'de> Visitor<'de> for Sides {
            type Value = Shape;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the shape of a tensor")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut sides: A) -> Result<Shape, A::Error> {
                let mut shape = Vec::new();
                while let Some(side) = sides.next_element()? {
                    if shape.len() == MAX_RANK {
                        return Err(A::Error::custom("too many dimensions"));
                    }
                    shape.push(side);
                }
                Ok(Shape(shape))
            }
        }
        deserializer.deserialize_seq(Sides)
    }
}

/// The header's object, in the order of the file.
struct Header(Vec<(String, Entry)>);

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Header;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the header of a safetensors file")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
                let mut entries = Vec::new();
                while let Some(name) = map.next_key::<String>()? {
                    if name == "__metadata__" {
                        map.next_value::<IgnoredAny>()?;
                        continue;
                    }
                    if entries.len() == MAX_TENSORS {
                        return Err(A::Error::custom("too many tensors"));
                    }
                    entries.push((name, map.next_value()?));
                }
                Ok(Header(entries))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

pub(super) fn tensors(input: &mut dyn Input, size: u64) -> io::Result<Option<Vec<Tensor>>> {
    let Some(length) = read_at(input, 0, 8, 8)? else { return Ok(None) };
    let length = length.iter().rev().fold(0, |n, byte| n << 8 | u64::from(*byte));
    if length > size - 8 {
        return Ok(None);
    }
    let Some(json) = read_at(input, 8, length, MAX_HEADER)? else { return Ok(None) };
    let Ok(Header(entries)) = serde_json::from_slice::<Header>(&json) else { return Ok(None) };
    let tensors = entries.into_iter().map(|(name, entry)| {
        let (begin, end) = entry.data_offsets;
        let start = begin.checked_add(8 + length)?;
        let elements = elements(&entry.dtype);
        Some(Tensor {
            name,
            dtype: entry.dtype,
            shape: entry.shape.0,
            elements,
            start,
            length: end.checked_sub(begin)?,
        })
    });
    Ok(tensors.collect())
}

/// Why a file that is called so cannot be read; none if nothing is wrong with its header.
pub(super) fn flaw(input: &mut dyn Input, size: u64) -> io::Result<Option<String>> {
    let Some(length) = size.checked_sub(8) else { return Ok(Some("it is too short for a header".to_owned())) };
    let header = read_at(input, 0, 8, 8)?.unwrap_or_default();
    let header = header.iter().rev().fold(0, |n, byte| n << 8 | u64::from(*byte));
    if header > length {
        return Ok(Some(format!("its header of {header} bytes would end beyond the end of the file")));
    }
    let Some(json) = read_at(input, 8, header, MAX_HEADER)? else {
        return Ok(Some(format!("its header of {header} bytes is too long")));
    };
    let entries = match serde_json::from_slice::<Header>(&json) {
        Ok(Header(entries)) => entries,
        Err(error) => return Ok(Some(format!("its header: {}", cut(&error.to_string(), REASON)))),
    };
    let named = |name: &str| format!("`{}`", short(name));
    let room = length - header;
    let (mut seen, mut places, mut unknown) = (HashSet::new(), Vec::new(), None);
    for (name, entry) in &entries {
        let (begin, end) = entry.data_offsets;
        let Some(bytes) = end.checked_sub(begin) else {
            return Ok(Some(format!("{} ends before it begins", named(name))));
        };
        if !seen.insert(name) {
            return Ok(Some(format!("{} stands in its header twice", named(name))));
        }
        if end > room {
            return Ok(Some(format!("{} ends {} bytes beyond the end of the file", named(name), end - room)));
        }
        if let Elements::Known { width, .. } = elements(&entry.dtype) {
            // The pair of floats of a complex number.
            let width = u64::from(width) * if entry.dtype == "C64" { 2 } else { 1 };
            let whole = entry.shape.0.iter().try_fold(width, |n, side| n.checked_mul(*side));
            if whole != Some(bytes) {
                return Ok(Some(format!(
                    "{} is {bytes} bytes, and its shape and type say another number",
                    named(name)
                )));
            }
        } else {
            unknown = Some(format!("{} is of the type `{}`, which is not known", named(name), short(&entry.dtype)));
        }
        places.push((begin, end, name));
    }
    places.sort_unstable();
    let overlap = places.iter().filter(|(begin, end, _)| begin < end).collect::<Vec<_>>();
    let overlap = overlap.windows(2).find_map(|pair| match pair {
        [one, other] if other.0 < one.1 => Some(format!("{} and {} overlap", named(one.2), named(other.2))),
        _ => None,
    });
    Ok(overlap.or(unknown))
}

fn short(text: &str) -> String {
    cut(text, SHOWN)
}

fn cut(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect()
}

fn elements(dtype: &str) -> Elements {
    let (width, float) = match dtype {
        "F64" => (8, true),
        "F32" => (4, true),
        "F16" | "BF16" => (2, true),
        "F8_E4M3" | "F8_E5M2" | "F8_E4M3FNUZ" | "F8_E5M2FNUZ" => (1, true),
        "I64" | "U64" => (8, false),
        "I32" | "U32" => (4, false),
        "I16" | "U16" => (2, false),
        "I8" | "U8" | "BOOL" | "F8_E8M0" => (1, false),
        // A pair of floats.
        "C64" => (4, true),
        _ => return Elements::Opaque,
    };
    Elements::Known { width, float }
}
