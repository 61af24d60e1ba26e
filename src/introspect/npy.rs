//! NumPy's files whose elements are objects: behind the header lies a pickle, which is loaded by whoever allows it.

use super::stream::{Halt, Packing, Source, Stream};

/// A file begins with this.
pub(super) const MAGIC: &[u8] = b"\x93NUMPY";
/// NumPy itself refuses longer headers unless told otherwise.
const MAX_HEADER: u64 = 10_000;

/// Bytes before the pickle; none if the elements are no objects.
pub(super) fn pickle(stream: &mut Stream<'_>) -> Result<Option<u64>, Halt> {
    let magic: [u8; 8] = stream.array()?;
    if !magic.starts_with(MAGIC) {
        return Ok(None);
    }
    let length = match magic[6] {
        1 => u16::from_le_bytes(stream.array()?).into(),
        2 | 3 => u32::from_le_bytes(stream.array()?).into(),
        _ => return Ok(None),
    };
    if length > MAX_HEADER {
        return Ok(None);
    }
    let header = stream.take(length)?;
    // `'descr': '|O'`, or the same in a list of fields.
    let objects = header.windows(3).any(|bytes| matches!(bytes, [b'|' | b'<' | b'>' | b'\'', b'O', b'\'' | b'8']));
    Ok(objects.then(|| stream.at()))
}

/// Cuts the header off: what is left of `source` is the pickle. Whether there is one.
pub(super) fn behind_header(source: &mut Source<'_>) -> std::io::Result<bool> {
    let mut stream = source.open()?;
    let start = match pickle(&mut stream) {
        Ok(Some(start)) => start,
        Err(Halt::Io(error)) => return Err(error),
        Ok(None) | Err(_) => return Ok(false),
    };
    drop(stream);
    if source.packing == Packing::None {
        source.start += start;
        source.length -= start;
    } else {
        source.skipped = start;
    }
    Ok(true)
}
