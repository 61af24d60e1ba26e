//! UBJSON, draft 12: JSON in which every value begins with a letter for its type, and lists may say their length. Big-endian.

use serde_json::{Map, Value};

use super::Limit;
use super::outline::Outline;
use super::stream::{Halt, Reading, Stream};

/// Values in values, at most.
const MAX_DEPTH: usize = 100;
/// Longer names of fields are no names.
const MAX_NAME: u64 = 64 << 10;

impl Outline {
    /// The tree of UBJSON that ends where the stream does.
    pub(super) fn ubjson(&mut self, stream: &mut Stream<'_>) -> Reading<Value> {
        let marker = stream.byte()?;
        let tree = self.ubj_value(stream, marker, false, 0)?;
        if stream.is_at_end()? { Ok(tree) } else { Err(Halt::Broken("bytes behind the end of UBJSON")) }
    }

    fn ubj_value(&mut self, stream: &mut Stream<'_>, marker: u8, counted: bool, depth: usize) -> Reading<Value> {
        if depth == MAX_DEPTH {
            return Err(Halt::Limit(Limit::Depth));
        }
        Ok(match marker {
            b'Z' | b'N' => Value::Null,
            b'T' => Value::Bool(true),
            b'F' => Value::Bool(false),
            b'd' => f32::from_be_bytes(stream.array()?).into(),
            b'D' => f64::from_be_bytes(stream.array()?).into(),
            b'C' => Value::String(char::from(stream.byte()?).to_string()),
            b'S' | b'H' => {
                let length = ubj_length(stream)?;
                match usize::try_from(length) {
                    Ok(size) if !counted && self.room(size) => Value::String(ubj_text(stream, length)?),
                    _ => {
                        stream.skip(length)?;
                        Value::Null
                    }
                }
            }
            b'[' => self.ubj_array(stream, counted, depth)?,
            b'{' => self.ubj_object(stream, counted, depth)?,
            integer => ubj_integer(stream, integer)?.into(),
        })
    }

    fn ubj_array(&mut self, stream: &mut Stream<'_>, counted: bool, depth: usize) -> Reading<Value> {
        let (kind, count, mut marker) = ubj_header(stream)?;
        if let (Some(kind), Some(count)) = (kind, count)
            && let Some(width) = ubj_width(kind)
        {
            stream.skip(count.checked_mul(width).ok_or(Halt::Ended)?)?;
            return Ok(count.into());
        }
        let mut all = Vec::new();
        let mut read = 0_u64;
        while count.is_none_or(|count| read < count) {
            let next = match (kind, marker.take()) {
                (Some(kind), _) => kind,
                (None, Some(first)) => first,
                (None, None) => stream.byte()?,
            };
            if count.is_none() && next == b']' {
                break;
            }
            // A value of no bytes could be promised any number of times.
            if kind.is_some_and(|kind| matches!(kind, b'Z' | b'T' | b'F')) {
                return Err(Halt::Broken("a list of nothing"));
            }
            if next == b'N' {
                continue;
            }
            let value = self.ubj_value(stream, next, counted, depth + 1)?;
            if !counted && self.room(0) {
                all.push(value);
            }
            read += 1;
        }
        Ok(if counted { read.into() } else { Value::Array(all) })
    }

    fn ubj_object(&mut self, stream: &mut Stream<'_>, counted: bool, depth: usize) -> Reading<Value> {
        let (kind, count, mut marker) = ubj_header(stream)?;
        let mut all = Map::new();
        let mut read = 0;
        while count.is_none_or(|count| read < count) {
            let first = match marker.take() {
                Some(first) => first,
                None => stream.byte()?,
            };
            if count.is_none() && first == b'}' {
                break;
            }
            let length = positive(ubj_integer(stream, first)?)?;
            if length > MAX_NAME {
                return Err(Halt::Broken("a name that is too long"));
            }
            let name = ubj_text(stream, length)?;
            if depth == 0 && !self.is_key(&name) {
                return Err(Halt::Broken("another file"));
            }
            let next = match kind {
                Some(kind) => kind,
                None => stream.byte()?,
            };
            let value = self.ubj_value(stream, next, counted || self.counted.contains(&name.as_str()), depth + 1)?;
            if !counted && self.room(name.len()) {
                all.insert(name, value);
            }
            read += 1;
        }
        Ok(if counted { read.into() } else { Value::Object(all) })
    }
}

/// The type and the number of what follows, where they are said, and the byte behind where not.
fn ubj_header(stream: &mut Stream<'_>) -> Reading<(Option<u8>, Option<u64>, Option<u8>)> {
    let mut next = stream.byte()?;
    let mut kind = None;
    if next == b'$' {
        kind = Some(stream.byte()?);
        next = stream.byte()?;
        if next != b'#' {
            return Err(Halt::Broken("a type without a count"));
        }
    }
    if next == b'#' {
        return Ok((kind, Some(ubj_length(stream)?), None));
    }
    Ok((None, None, Some(next)))
}

fn ubj_length(stream: &mut Stream<'_>) -> Reading<u64> {
    let marker = stream.byte()?;
    positive(ubj_integer(stream, marker)?)
}

fn positive(number: i64) -> Reading<u64> {
    u64::try_from(number).map_err(|_| Halt::Broken("a negative length"))
}

fn ubj_integer(stream: &mut Stream<'_>, marker: u8) -> Reading<i64> {
    Ok(match marker {
        b'i' => i8::from_be_bytes(stream.array()?).into(),
        b'U' => stream.byte()?.into(),
        b'I' => i16::from_be_bytes(stream.array()?).into(),
        b'l' => i32::from_be_bytes(stream.array()?).into(),
        b'L' => i64::from_be_bytes(stream.array()?),
        _ => return Err(Halt::Broken("no UBJSON")),
    })
}

fn ubj_text(stream: &mut Stream<'_>, length: u64) -> Reading<String> {
    String::from_utf8(stream.take(length)?).map_err(|_| Halt::Broken("a text that is not UTF-8"))
}

const fn ubj_width(kind: u8) -> Option<u64> {
    Some(match kind {
        b'i' | b'U' | b'C' => 1,
        b'I' => 2,
        b'l' | b'd' => 4,
        b'L' | b'D' => 8,
        _ => return None,
    })
}
