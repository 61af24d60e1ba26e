//! The numbers in a model's file: which tensors there are, where their bytes lie and in which order. Nothing is unpickled; of
//! headers that lie, nothing is believed that does not fit the file.

use std::io::{self, Read};

use super::found;
use crate::format::found::FoundFileRecord;
use crate::format::scalar::Scalar;
use crate::introspect::{self, ArrayBytes, LeftOut};
use crate::layout::{self, Input, PackedTensor, Tensor};

/// Bytes that are unpacked of one file, or of one member of an archive, at most: they are kept in memory.
pub const MAX_UNPACKED: u64 = 256 << 20;
/// Bytes before an array in which its header's end stands.
const HEADER_END: u64 = 512;
/// What a file of these formats is called, and nothing else: without tensors it is broken.
const CLAIM: [&str; 4] = ["safetensors", "gguf", "npy", "npz"];

/// What is in a file.
#[derive(Debug, Clone, Default)]
pub struct Weights {
    /// Its tensors, as it names them.
    pub tensors: Vec<Weight>,
    /// What it says of itself: class, hyper-parameters.
    pub says: Option<FoundFileRecord>,
    /// What was not read.
    pub missing: Option<String>,
    /// What of a pickle was not looked into.
    pub left_out: Vec<LeftOut>,
}

/// A tensor of a file.
#[derive(Debug, Clone)]
pub struct Weight {
    /// Its name; `array` where the file has but one and no name for it.
    pub name: String,
    /// Its elements' type, as the format calls it.
    pub dtype: String,
    /// Its shape; empty where it is not known.
    pub shape: Vec<u64>,
    /// For each side, how many elements further the next one lies; none: row by row, without gaps.
    pub strides: Option<Vec<u64>>,
    /// Where its bytes lie: with strides, those from its first to its last element.
    pub place: Place,
}

/// Where bytes lie.
#[derive(Debug, Clone)]
pub enum Place {
    /// In the file.
    File {
        /// Bytes before them.
        start: u64,
        /// How many.
        length: u64,
    },
    /// In what the file unpacks to, as [`unpacked`] gives it.
    Stream {
        /// Bytes before them.
        start: u64,
        /// How many.
        length: u64,
    },
    /// In a compressed member, as [`member`] gives it.
    Member(PackedTensor),
    /// Here.
    Few(Vec<u8>),
}

impl Weight {
    /// The one number, text or truth that it is.
    pub fn value(&self) -> Option<Scalar> {
        match &self.place {
            Place::Few(bytes) if self.shape.is_empty() => introspect::element(&self.dtype, bytes).map(found::scalar),
            _ => None,
        }
    }
}

impl Place {
    /// How many bytes.
    pub const fn length(&self) -> u64 {
        match self {
            Self::File { length, .. } | Self::Stream { length, .. } => *length,
            Self::Member(packed) => packed.tensor.length,
            Self::Few(bytes) => bytes.len() as u64,
        }
    }
}

/// Looks into the file `path` of `size` bytes.
///
/// # Errors
/// It cannot be read.
pub fn of(input: &mut dyn Input, size: u64, path: &str) -> io::Result<Weights> {
    let mut facts = introspect::of(input, size, path)?;
    let mut weights = Weights::default();
    if let Some(facts) = &mut facts {
        weights.tensors.extend(std::mem::take(&mut facts.tensors).into_iter().map(from_torch));
        let arrays = std::mem::take(&mut facts.arrays);
        let is_packed = !arrays.is_empty() && introspect::is_packed(input, size)?;
        weights.left_out = std::mem::take(&mut facts.left_out);
        weights.tensors.extend(arrays.into_iter().map(|array| from_pickle(array, is_packed)));
    }
    if weights.tensors.is_empty() {
        for tensor in layout::tensors_and_empty(input, size)? {
            weights.tensors.push(in_file(input, tensor)?);
        }
        let packed = layout::packed(input, size)?;
        for packed in packed {
            let tensor = packed.tensor.clone();
            let strides = columns(columns_first(&head_of(input, &packed)?), &tensor.shape);
            let place = Place::Member(packed);
            weights.tensors.push(Weight {
                name: named(tensor.name),
                dtype: tensor.dtype,
                shape: tensor.shape,
                strides,
                place,
            });
        }
    }
    // Whatever has tensors was no pickle, though its first bytes may be those of one.
    if weights.tensors.is_empty() {
        weights.missing = facts.as_ref().and_then(introspect::Facts::stopped);
    }
    weights.says = facts.map(|facts| found::record(path, facts));
    let extension = path.rsplit('.').next().unwrap_or_default();
    let claims = CLAIM.iter().any(|known| extension.eq_ignore_ascii_case(known));
    if claims && weights.tensors.is_empty() && weights.says.is_none() {
        let format = extension.to_ascii_lowercase();
        let flaw = if format == "safetensors" { layout::safetensors_flaw(input, size)? } else { None };
        let flaw = flaw.map_or_else(String::new, |flaw| format!(": {flaw}"));
        weights.missing = Some(format!("no tensors can be read from it as {format}{flaw}"));
    }
    Ok(weights)
}

/// What a packed file unpacks to.
///
/// # Errors
/// It cannot be unpacked, or is longer than [`MAX_UNPACKED`].
pub fn unpacked(input: &mut dyn Input, size: u64) -> io::Result<Vec<u8>> {
    Ok(introspect::unpacked(input, size, MAX_UNPACKED)?.unwrap_or_default())
}

/// A tensor of a compressed member.
///
/// # Errors
/// It cannot be unpacked, or is longer than [`MAX_UNPACKED`].
pub fn member(input: &mut dyn Input, packed: &PackedTensor) -> io::Result<Vec<u8>> {
    let length = packed.tensor.length;
    if length > MAX_UNPACKED {
        let reason = format!("it unpacks to more than {} MiB", MAX_UNPACKED >> 20);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, reason));
    }
    let mut bytes = Vec::new();
    packed.open(input)?.read_to_end(&mut bytes)?;
    if bytes.len() as u64 == length { Ok(bytes) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// The one array of a file has no name of its own.
fn named(name: String) -> String {
    if name.is_empty() { "array".to_owned() } else { name }
}

/// PyTorch's, whose strides stand behind the type where rows do not follow each other.
fn from_torch(tensor: Tensor) -> Weight {
    let (dtype, strides) = match tensor.dtype.split_once(" by ") {
        Some((dtype, list)) => {
            let list = list.trim_matches(['[', ']']).split(',').map(str::trim).filter(|n| !n.is_empty());
            (dtype.to_owned(), list.map(|n| n.parse().ok()).collect())
        }
        None => (tensor.dtype, None),
    };
    let place = Place::File { start: tensor.start, length: tensor.length };
    Weight { name: named(tensor.name), dtype, shape: tensor.shape, strides, place }
}

fn from_pickle(array: introspect::Array, is_packed: bool) -> Weight {
    let place = match array.bytes {
        ArrayBytes::Here { start, length } if is_packed => Place::Stream { start, length },
        ArrayBytes::Here { start, length } => Place::File { start, length },
        ArrayBytes::Few(bytes) => Place::Few(bytes),
    };
    let strides = columns(array.columns_first, &array.shape);
    Weight { name: named(array.name), dtype: array.dtype, shape: array.shape, strides, place }
}

fn in_file(input: &mut dyn Input, tensor: Tensor) -> io::Result<Weight> {
    let mut strides = None;
    // Only NumPy's types begin so, and only NumPy has two orders.
    if tensor.shape.len() > 1 && tensor.dtype.starts_with(['<', '>', '|', '=']) {
        let length = tensor.start.min(HEADER_END);
        input.seek(io::SeekFrom::Start(tensor.start - length))?;
        let mut head = Vec::new();
        input.take(length).read_to_end(&mut head)?;
        strides = columns(columns_first(&head), &tensor.shape);
    }
    let place = Place::File { start: tensor.start, length: tensor.length };
    Ok(Weight { name: named(tensor.name), dtype: tensor.dtype, shape: tensor.shape, strides, place })
}

/// The bytes before a packed array: its header.
fn head_of(input: &mut dyn Input, packed: &PackedTensor) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    packed.open_header(input)?.read_to_end(&mut head)?;
    Ok(head)
}

/// What the last header in `head` says: the one before an array may lie close.
fn columns_first(head: &[u8]) -> bool {
    const KEY: &[u8] = b"'fortran_order': ";
    let said = head.windows(KEY.len()).rposition(|text| text == KEY).and_then(|at| head.get(at + KEY.len()..));
    said.is_some_and(|said| said.starts_with(b"True"))
}

/// The strides of an array whose first side's elements are next to each other.
fn columns(first: bool, shape: &[u64]) -> Option<Vec<u64>> {
    if !first || shape.iter().filter(|side| **side > 1).count() < 2 {
        return None;
    }
    let mut next = 1_u64;
    let strides = shape.iter().map(|side| {
        let stride = next;
        next = next.saturating_mul(*side);
        stride
    });
    Some(strides.collect())
}
