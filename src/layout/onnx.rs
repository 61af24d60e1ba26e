//! ONNX: one protobuf message, a ModelProto, which holds a graph, which holds tensors. There is no magic: a file is a model if
//! it begins with a version, the walk ends where the file does, and there was one graph.
//!
//! A field is a tag (its number and how it is written) and a value; a message, a text and the bytes of a tensor are a length
//! and so many bytes. So the walk reads the small fields and seeks over the rest: of a tensor, where its bytes are and nothing
//! else. Numbers that are written one by one in variable length (`int32_data` and its like) are no stretch of a file.
//! A tensor in a file of its own (`external_data`) is none of this one's, and that other file has no header: it is bytes.
//! Source: `onnx.proto` of onnx 1.23, from which all numbers below are.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use super::{Elements, Input, MAX_NAME, MAX_RANK, MAX_TENSORS, Tensor};
use crate::wire::varint;

/// What a model begins with: the tag of `ir_version`, which every writer puts first.
pub(super) const FIRST: u8 = 1 << 3;
/// No protobuf message is longer.
const MAX_SIZE: u64 = 1 << 31;
/// More fields than this, and a file is taken for bytes.
const MAX_FIELDS: u32 = 1 << 24;
/// Graphs lie no deeper in graphs.
const MAX_DEPTH: u32 = 32;

pub(super) fn tensors(input: &mut dyn Input, size: u64) -> io::Result<Option<Vec<Tensor>>> {
    if size > MAX_SIZE || input.seek(SeekFrom::Start(0)).is_err() {
        return Ok(None);
    }
    let mut walk = Walk { input: BufReader::new(input), at: 0, fields: 0, tensors: Vec::new() };
    Ok(walk.model(size).map(|()| walk.tensors))
}

/// A field's value.
#[derive(Clone, Copy)]
enum Value {
    /// A number of variable length.
    Number(u64),
    /// A number of 4 or 8 bytes, passed over.
    Fixed,
    /// What lies between here and there.
    Until(u64),
}

/// A message read from the first byte on. Everything is None where it ends too soon, or says what no model does.
struct Walk<R> {
    input: BufReader<R>,
    at: u64,
    fields: u32,
    tensors: Vec<Tensor>,
}

impl<R: Read + Seek> Walk<R> {
    fn model(&mut self, end: u64) -> Option<()> {
        let (1, Value::Number(1..)) = self.field(end)? else { return None };
        let mut graphs = 0;
        while self.at < end {
            match self.field(end)? {
                (7, Value::Until(end)) => {
                    graphs += 1;
                    self.graph(end, MAX_DEPTH)?;
                }
                (25, Value::Until(end)) => self.function(end)?,
                (_, other) => self.pass(other)?,
            }
        }
        (graphs == 1).then_some(())
    }

    fn function(&mut self, end: u64) -> Option<()> {
        while self.at < end {
            match self.field(end)? {
                (7, Value::Until(end)) => self.node(end, MAX_DEPTH)?,
                (_, other) => self.pass(other)?,
            }
        }
        Some(())
    }

    fn graph(&mut self, end: u64, depth: u32) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        while self.at < end {
            match self.field(end)? {
                (1, Value::Until(end)) => self.node(end, depth)?,
                (5, Value::Until(end)) => self.tensor(end, "")?,
                (15, Value::Until(end)) => self.sparse_tensor(end, "")?,
                (_, other) => self.pass(other)?,
            }
        }
        Some(())
    }

    fn node(&mut self, end: u64, depth: u32) -> Option<()> {
        // The tensor of a constant has no name of its own: it goes by what the node puts out.
        let mut output = String::new();
        while self.at < end {
            match self.field(end)? {
                (2, Value::Until(end)) if output.is_empty() => output = self.text(end)?,
                (5, Value::Until(end)) => self.attribute(end, depth, &output)?,
                (_, other) => self.pass(other)?,
            }
        }
        Some(())
    }

    fn attribute(&mut self, end: u64, depth: u32, output: &str) -> Option<()> {
        while self.at < end {
            match self.field(end)? {
                (5 | 10, Value::Until(end)) => self.tensor(end, output)?,
                (6 | 11, Value::Until(end)) => self.graph(end, depth)?,
                (22 | 23, Value::Until(end)) => self.sparse_tensor(end, output)?,
                (_, other) => self.pass(other)?,
            }
        }
        Some(())
    }

    /// The values that are not zero, and where they belong: two tensors.
    fn sparse_tensor(&mut self, end: u64, unnamed: &str) -> Option<()> {
        while self.at < end {
            match self.field(end)? {
                (1 | 2, Value::Until(end)) => self.tensor(end, unnamed)?,
                (_, other) => self.pass(other)?,
            }
        }
        Some(())
    }

    fn tensor(&mut self, end: u64, unnamed: &str) -> Option<()> {
        let (mut name, mut shape, mut kind) = (String::new(), Vec::new(), 0);
        let mut data = None;
        while self.at < end {
            match self.field(end)? {
                (1, Value::Number(side)) => push_side(&mut shape, side)?,
                (1, Value::Until(end)) => {
                    while self.at < end {
                        push_side(&mut shape, self.number(end)?)?;
                    }
                }
                (2, Value::Number(number)) => kind = number,
                (8, Value::Until(end)) => name = self.text(end)?,
                (field @ (4 | 9 | 10), value @ Value::Until(end)) => {
                    let length = end - self.at;
                    // Said twice, or in two ways: who knows which counts.
                    if length > 0 && data.replace((field, self.at, length)).is_some() {
                        return None;
                    }
                    self.pass(value)?;
                }
                (_, other) => self.pass(other)?,
            }
        }
        let Some((field, start, length)) = data else { return Some(()) };
        let (dtype, elements) = kind_of(kind);
        let told = match field {
            4 => matches!(dtype, "FLOAT" | "COMPLEX64"),
            10 => matches!(dtype, "DOUBLE" | "COMPLEX128"),
            _ => true,
        };
        if !told || self.tensors.len() == MAX_TENSORS {
            return None;
        }
        if name.is_empty() {
            unnamed.clone_into(&mut name);
        }
        self.tensors.push(Tensor { name, dtype: dtype.to_owned(), shape, elements, start, length });
        Some(())
    }

    /// The next field of a message: its number, and its value or where that ends.
    fn field(&mut self, end: u64) -> Option<(u64, Value)> {
        self.fields += 1;
        let tag = self.number(end)?;
        let number = tag >> 3;
        if self.fields > MAX_FIELDS || number == 0 || number >= 1 << 29 {
            return None;
        }
        let value = match tag & 7 {
            0 => Value::Number(self.number(end)?),
            1 => self.skip(8, end).map(|()| Value::Fixed)?,
            2 => {
                let length = self.number(end)?;
                Value::Until(self.at.checked_add(length).filter(|to| *to <= end)?)
            }
            5 => self.skip(4, end).map(|()| Value::Fixed)?,
            _ => return None,
        };
        Some((number, value))
    }

    fn pass(&mut self, value: Value) -> Option<()> {
        match value {
            Value::Until(end) => self.skip(end - self.at, end),
            Value::Number(_) | Value::Fixed => Some(()),
        }
    }

    /// Nothing is read of what the buffer does not hold already.
    fn skip(&mut self, length: u64, end: u64) -> Option<()> {
        let to = self.at.checked_add(length).filter(|to| *to <= end)?;
        self.input.seek_relative(i64::try_from(length).ok()?).ok()?;
        self.at = to;
        Some(())
    }

    fn text(&mut self, end: u64) -> Option<String> {
        let length = usize::try_from(end - self.at).ok().filter(|length| *length <= MAX_NAME)?;
        let mut bytes = vec![0; length];
        self.input.read_exact(&mut bytes).ok()?;
        self.at = end;
        String::from_utf8(bytes).ok()
    }

    fn number(&mut self, end: u64) -> Option<u64> {
        varint(|| {
            let mut byte = [0];
            if self.at < end {
                self.input.read_exact(&mut byte).ok()?;
                self.at += 1;
                return Some(byte[0]);
            }
            None
        })
    }
}

fn push_side(shape: &mut Vec<u64>, side: u64) -> Option<()> {
    // A side below zero is none.
    if shape.len() == MAX_RANK || side > i64::MAX as u64 {
        return None;
    }
    shape.push(side);
    Some(())
}

/// A type's name, and what its elements are. One that came later is unknown, and its bytes are what they are.
const fn kind_of(number: u64) -> (&'static str, Elements) {
    const fn plain(dtype: &'static str, width: u8, float: bool) -> (&'static str, Elements) {
        (dtype, Elements::Known { width, float })
    }
    const fn packed(dtype: &'static str) -> (&'static str, Elements) {
        (dtype, Elements::Opaque)
    }
    match number {
        1 => plain("FLOAT", 4, true),
        2 => plain("UINT8", 1, false),
        3 => plain("INT8", 1, false),
        4 => plain("UINT16", 2, false),
        5 => plain("INT16", 2, false),
        6 => plain("INT32", 4, false),
        7 => plain("INT64", 8, false),
        9 => plain("BOOL", 1, false),
        10 => plain("FLOAT16", 2, true),
        11 => plain("DOUBLE", 8, true),
        12 => plain("UINT32", 4, false),
        13 => plain("UINT64", 8, false),
        // Pairs of floats.
        14 => plain("COMPLEX64", 4, true),
        15 => plain("COMPLEX128", 8, true),
        16 => plain("BFLOAT16", 2, true),
        17 => plain("FLOAT8E4M3FN", 1, true),
        18 => plain("FLOAT8E4M3FNUZ", 1, true),
        19 => plain("FLOAT8E5M2", 1, true),
        20 => plain("FLOAT8E5M2FNUZ", 1, true),
        21 => packed("UINT4"),
        22 => packed("INT4"),
        23 => packed("FLOAT4E2M1"),
        // Powers of two.
        24 => plain("FLOAT8E8M0", 1, false),
        25 => packed("UINT2"),
        26 => packed("INT2"),
        27 => packed("FLOAT6E2M3"),
        28 => packed("FLOAT6E3M2"),
        _ => packed(""),
    }
}
