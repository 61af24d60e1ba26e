//! Where things lie in foreign files: the tensors of a model file, found by its header alone.
//!
//! What is found only suggests where to cut a file and how to shrink it: a parser that is wrong, or a header that lies,
//! costs space and nothing else. So every parser gives up rather than fail, reads no more than its limits, and
//! allocates by what it has read, never by what a length promises.

mod gguf;
mod npy;
mod safetensors;
mod zip;

use std::io::{self, Read, Seek, SeekFrom};

/// A file that can be read from any place.
pub trait Input: Read + Seek + Send {}

impl<T: Read + Seek + Send> Input for T {}

/// More tensors than this, and a file is taken for bytes.
const MAX_TENSORS: usize = 1 << 18;
/// Names longer than this, and a file is taken for bytes.
const MAX_NAME: usize = 1024;
/// Tensors have no more dimensions.
const MAX_RANK: usize = 64;
/// The names of element types are no longer.
const MAX_DTYPE: usize = 64;

/// What the elements of a tensor are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Elements {
    /// Numbers of `width` bytes: 1, 2, 4 or 8.
    Known {
        /// Bytes of one.
        width: u8,
        /// Whether they are floats.
        float: bool,
    },
    /// Numbers whose type the part of the file that was read does not tell.
    Numbers,
    /// Packed, quantised, or of an unknown type.
    Opaque,
}

/// A stretch of a file with a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tensor {
    /// Its name in the file.
    pub name: String,
    /// Its elements' type, as the format calls it; empty where it is not known.
    pub dtype: String,
    /// Its shape; empty where it is not known.
    pub shape: Vec<u64>,
    /// What its bytes are.
    pub elements: Elements,
    /// Bytes of the file before it.
    pub start: u64,
    /// Its bytes.
    pub length: u64,
}

/// The tensors of a file of `size` bytes, one behind the other. None for a file of another kind, or a broken one.
pub fn tensors(input: &mut dyn Input, size: u64) -> io::Result<Vec<Tensor>> {
    let mut first = [0; 10];
    if size < first.len() as u64 {
        return Ok(Vec::new());
    }
    input.seek(SeekFrom::Start(0))?;
    input.read_exact(&mut first)?;
    let found = match first {
        [b'P', b'K', 3, 4, ..] => zip::tensors(input, size)?,
        [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => npy::tensors(input, size)?,
        [b'G', b'G', b'U', b'F', ..] => gguf::tensors(input, size)?,
        [.., b'{', _] => safetensors::tensors(input, size)?,
        _ => None,
    };
    Ok(found.and_then(|tensors| in_order(tensors, size)).unwrap_or_default())
}

/// The tensors by place, if they lie in the file and do not overlap.
fn in_order(mut tensors: Vec<Tensor>, size: u64) -> Option<Vec<Tensor>> {
    tensors.retain(|t| t.length > 0);
    tensors.sort_by_key(|t| t.start);
    let mut end = 0;
    for tensor in &tensors {
        let unfit = tensor.name.len() > MAX_NAME || tensor.shape.len() > MAX_RANK || tensor.dtype.len() > MAX_DTYPE;
        if tensor.start < end || unfit {
            return None;
        }
        end = tensor.start.checked_add(tensor.length)?;
    }
    (end <= size && tensors.len() <= MAX_TENSORS).then_some(tensors)
}

/// `length` bytes at `start`: at most `limit`, and all of them in the file.
fn read_at(input: &mut dyn Input, start: u64, length: u64, limit: u64) -> io::Result<Option<Vec<u8>>> {
    // A disk refuses to seek to where no file of its reaches.
    if length > limit || input.seek(SeekFrom::Start(start)).is_err() {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    input.take(length).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 == length).then_some(bytes))
}
