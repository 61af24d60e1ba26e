//! Where things lie in foreign files: the tensors of a model, the column chunks of a table, found by the file's own words
//! about itself, without reading what it holds.
//!
//! What is found only suggests where to cut a file and how to shrink it: a parser that is wrong, or a header that lies,
//! costs space and nothing else. So every parser gives up rather than fail, reads no more than its limits, and
//! allocates by what it has read, never by what a length promises.
//!
//! Some files have no words about themselves: what ONNX puts beside a model (`model.onnx.data`) are numbers without a
//! header, and bytes like any.

mod gguf;
mod npy;
mod onnx;
mod parquet;
mod safetensors;
pub(crate) mod zip;

use std::io::{self, Read, Seek, SeekFrom};

pub use self::zip::PackedTensor;

/// A file that can be read from any place.
pub trait Input: Read + Seek + Send {}

impl<T: Read + Seek + Send> Input for T {}

/// More tensors or column chunks than this, and a file is taken for bytes.
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

/// A tensor of a model file.
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

/// What one row group of a table holds of one column: encoded and compressed, nobody's numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnChunk {
    /// The number of the row group, a slash, and the column's names from the outermost, with dots.
    pub name: String,
    /// Bytes of the file before it.
    pub start: u64,
    /// Its bytes.
    pub length: u64,
}

/// What was found in a file: by place, one behind the other, all of it inside, nothing without bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Layout {
    /// Nothing: a file of another kind, or a broken one.
    #[default]
    Unknown,
    /// Tensors: arrays, in which the same number stays in the same place.
    Tensors(Vec<Tensor>),
    /// Column chunks, in which everything moves when a row comes or goes.
    Columns(Vec<ColumnChunk>),
}

impl Layout {
    /// The tensors; none in a file that holds something else.
    pub fn tensors(&self) -> &[Tensor] {
        if let Self::Tensors(tensors) = self { tensors } else { &[] }
    }

    /// The tensors; none in a file that holds something else.
    pub fn into_tensors(self) -> Vec<Tensor> {
        if let Self::Tensors(tensors) = self { tensors } else { Vec::new() }
    }
}

/// What lies where in a file of `size` bytes; of archives only what is worth cutting them at.
pub fn of(input: &mut dyn Input, size: u64) -> io::Result<Layout> {
    found(input, size, zip::SHORT)
}

/// The tensors in a file of `size` bytes that lie in it packed.
pub fn packed(input: &mut dyn Input, size: u64) -> io::Result<Vec<PackedTensor>> {
    let first = read_at(input, 0, 4, 4)?;
    if first.as_deref() == Some(b"PK\x03\x04") { zip::packed(input, size) } else { Ok(Vec::new()) }
}

/// The tensors in a file of `size` bytes, however small.
pub fn tensors(input: &mut dyn Input, size: u64) -> io::Result<Vec<Tensor>> {
    Ok(found(input, size, 0)?.into_tensors())
}

/// The same, and behind them those without elements, whose places say nothing.
pub fn tensors_and_empty(input: &mut dyn Input, size: u64) -> io::Result<Vec<Tensor>> {
    let (mut empty, mut all) = (Vec::new(), Vec::new());
    if let Layout::Tensors(found) = looked(input, size, 0, &mut empty)? {
        all = found;
        all.append(&mut empty);
    }
    Ok(all)
}

/// Why no tensors can be read from a safetensors file, as far as its header says.
///
/// # Errors
/// It cannot be read.
pub fn safetensors_flaw(input: &mut dyn Input, size: u64) -> io::Result<Option<String>> {
    safetensors::flaw(input, size)
}

fn found(input: &mut dyn Input, size: u64, shortest: u64) -> io::Result<Layout> {
    looked(input, size, shortest, &mut Vec::new())
}

fn looked(input: &mut dyn Input, size: u64, shortest: u64, empty: &mut Vec<Tensor>) -> io::Result<Layout> {
    let mut first = [0; 10];
    if size < first.len() as u64 {
        return Ok(Layout::Unknown);
    }
    input.seek(SeekFrom::Start(0))?;
    input.read_exact(&mut first)?;
    let tensors = match first {
        [b'P', b'A', b'R', b'1', ..] => {
            let columns =
                parquet::columns(input, size)?.and_then(|found| in_order(found, size, |c| (c.start, c.length)));
            return Ok(columns.map_or_else(Layout::default, Layout::Columns));
        }
        [b'P', b'K', 3, 4, ..] => zip::tensors(input, size, shortest)?,
        [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => npy::tensors(input, size)?,
        [b'G', b'G', b'U', b'F', ..] => gguf::tensors(input, size)?,
        // Neither has a magic, and one may begin like the other.
        [version, .., brace, _] => {
            let found = if brace == b'{' { safetensors::tensors(input, size)? } else { None };
            if found.is_none() && version == onnx::FIRST { onnx::tensors(input, size)? } else { found }
        }
    };
    let fit = |t: &Tensor| t.name.len() <= MAX_NAME && t.shape.len() <= MAX_RANK && t.dtype.len() <= MAX_DTYPE;
    let Some(found) = tensors.filter(|found| found.iter().all(fit) && found.len() <= MAX_TENSORS) else {
        return Ok(Layout::default());
    };
    let (without, found): (Vec<Tensor>, Vec<Tensor>) = found.into_iter().partition(|tensor| tensor.length == 0);
    *empty = without;
    Ok(in_order(found, size, |t| (t.start, t.length)).map_or_else(Layout::default, Layout::Tensors))
}

/// All by place (first byte, length), if they lie in the file and do not overlap.
fn in_order<T>(mut found: Vec<T>, size: u64, place: impl Fn(&T) -> (u64, u64)) -> Option<Vec<T>> {
    found.retain(|one| place(one).1 > 0);
    found.sort_by_key(|one| place(one).0);
    let mut end = 0;
    for (start, length) in found.iter().map(place) {
        if start < end {
            return None;
        }
        end = start.checked_add(length)?;
    }
    (end <= size && found.len() <= MAX_TENSORS).then_some(found)
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
