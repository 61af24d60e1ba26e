//! The tensors of a model's file, counted, and their [digest](crate::format::tensors): of a file that has just been stored,
//! large blocks are known already, and only tensors of a few bytes are read again.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Read, SeekFrom};

use crate::capture::found::Tensors;
use crate::format::found::TensorsRecord;
use crate::format::recipe::{MAX_BLOCK, Recipe};
use crate::format::tensors::{TensorRecord, digest};
use crate::layout::{Input, Tensor};

/// Blocks by their place in a file and their length.
type Blocks = HashMap<(u64, u64), [u8; 32]>;

/// Describes the tensors of the file in `input`, which is stored as `recipe` says.
pub(super) fn describe(input: &mut dyn Input, tensors: &Tensors, recipe: Option<&Recipe>) -> io::Result<TensorsRecord> {
    let stored = recipe.map(blocks_of).unwrap_or_default();
    let (mut elements, mut dtypes) = (Some(0_u64), BTreeMap::new());
    let mut hashed = Vec::with_capacity(tensors.plain.len() + tensors.packed.len());
    for tensor in &tensors.plain {
        hashed.push((tensor, blocks(input, tensor, &stored)?));
    }
    for packed in &tensors.packed {
        hashed.push((&packed.tensor, blocks_in(packed.open(input)?, packed.tensor.length)?));
    }
    let count = hashed.len() as u64;
    let mut list = Vec::with_capacity(hashed.len());
    for (tensor, blocks) in hashed {
        *dtypes.entry(tensor.dtype.clone()).or_default() += 1;
        // The shape of a scalar is as empty as one that is not known.
        let known = !tensor.dtype.is_empty();
        let product = tensor.shape.iter().try_fold(1_u64, |product, side| product.checked_mul(*side));
        elements = elements.and_then(|sum| sum.checked_add(product.filter(|_| known)?));
        list.push(TensorRecord {
            blocks,
            dtype: tensor.dtype.clone(),
            name: tensor.name.clone(),
            shape: tensor.shape.clone(),
        });
    }
    let sha256 = digest(list).map_err(io::Error::other)?;
    Ok(TensorsRecord { count, elements, dtypes, sha256 })
}

/// The blocks of the next `length` bytes.
fn blocks_in(mut bytes: impl Read, length: u64) -> io::Result<Vec<String>> {
    let mut left = length;
    let mut blocks = Vec::new();
    while left > 0 {
        let wanted = left.min(u64::from(MAX_BLOCK));
        let mut block = Vec::new();
        if bytes.by_ref().take(wanted).read_to_end(&mut block)? as u64 != wanted {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        blocks.push(blake3::hash(&block).to_hex().to_string());
        left -= wanted;
    }
    Ok(blocks)
}

fn blocks_of(recipe: &Recipe) -> Blocks {
    let mut at = 0;
    let mut blocks = Blocks::with_capacity(recipe.blocks.len());
    for block in &recipe.blocks {
        let length = u64::from(block.length);
        blocks.insert((at, length), block.id);
        at += length;
    }
    blocks
}

fn blocks(input: &mut dyn Input, tensor: &Tensor, stored: &Blocks) -> io::Result<Vec<String>> {
    let end = tensor.start + tensor.length;
    let block = |start: u64| {
        let length = (end - start).min(u64::from(MAX_BLOCK));
        if let Some(id) = stored.get(&(start, length)) {
            return Ok(blake3::Hash::from_bytes(*id).to_hex().to_string());
        }
        let mut bytes = Vec::new();
        input.seek(SeekFrom::Start(start))?;
        let read = input.take(length).read_to_end(&mut bytes)?;
        if read as u64 == length {
            Ok(blake3::hash(&bytes).to_hex().to_string())
        } else {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    };
    (tensor.start..end).step_by(MAX_BLOCK as usize).map(block).collect()
}
