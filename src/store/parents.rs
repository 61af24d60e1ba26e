//! The blocks a new one may be a difference to: those of the same tensor in the version before.

use std::collections::HashMap;

use super::codec::Parent;
use super::cut::{SHORT, TENSOR_BLOCK};
use super::{Store, StoreError};
use crate::format::pack::ObjectKind;
use crate::format::planes::MAX_DEPTH;
use crate::format::recipe::Recipe;
use crate::id::FileId;
use crate::layout::Tensor;

/// Name, element type, shape.
type Key = (String, String, Vec<u64>);

/// Blocks by tensor.
#[derive(Default)]
pub(super) struct Parents {
    blocks: HashMap<Key, Vec<[u8; 32]>>,
}

impl Parents {
    /// Of `files`. One that is damaged has none.
    pub(super) fn of(store: &Store, files: &[FileId]) -> Result<Self, StoreError> {
        let mut parents = Self::default();
        for file in files {
            // A small file has no recipe, and no tensor worth a difference.
            if store.contains(ObjectKind::Recipe, file.digest().as_bytes())?
                && let Some(recipe) = sound(store.recipe(*file))?
            {
                parents.add(&recipe);
            }
        }
        Ok(parents)
    }

    fn add(&mut self, recipe: &Recipe) {
        let mut start = 0;
        let starts: HashMap<u64, [u8; 32]> = recipe
            .blocks
            .iter()
            .map(|block| {
                let at = start;
                start += u64::from(block.length);
                (at, block.id)
            })
            .collect();
        for tensor in recipe.tensors.iter().filter(|t| t.length >= SHORT) {
            // A recipe may say anything; a place beyond the file is none of its blocks.
            let end = tensor.offset.saturating_add(tensor.length).min(recipe.size);
            let places = (tensor.offset..end).step_by(TENSOR_BLOCK);
            let blocks: Option<Vec<[u8; 32]>> = places.map(|at| starts.get(&at).copied()).collect();
            if let Some(blocks) = blocks {
                let key = (tensor.name.clone(), tensor.dtype.clone(), tensor.shape.clone());
                self.blocks.entry(key).or_insert(blocks);
            }
        }
    }

    /// The blocks of the tensor that `tensor` was before.
    pub(super) fn blocks(&self, tensor: &Tensor) -> &[[u8; 32]] {
        if self.blocks.is_empty() {
            return &[];
        }
        let key = (tensor.name.clone(), tensor.dtype.clone(), tensor.shape.clone());
        self.blocks.get(&key).map_or(&[], Vec::as_slice)
    }
}

/// A block to be the base of another; at the greatest depth, the root of its chain.
pub(super) struct ParentBlock {
    id: [u8; 32],
    depth: u8,
    plain: Vec<u8>,
}

impl ParentBlock {
    /// Reads it for the block `new`; none if it is damaged, or rests on `new` itself, of which a copy may be broken.
    pub(super) fn read(store: &Store, id: [u8; 32], new: &[u8; 32]) -> Result<Option<Self>, StoreError> {
        let Some((plain, chain)) = sound(store.block(&id))? else { return Ok(None) };
        if id == *new || chain.contains(new) {
            return Ok(None);
        }
        if chain.len() < usize::from(MAX_DEPTH) {
            return Ok(Some(Self { id, depth: chain.len() as u8, plain }));
        }
        let Some(id) = chain.last().copied() else { return Ok(None) };
        let Some((plain, chain)) = sound(store.block(&id))? else { return Ok(None) };
        Ok(chain.is_empty().then_some(Self { id, depth: 0, plain }))
    }

    /// As the codec takes it.
    pub(super) fn as_parent(&self) -> Parent<'_> {
        Parent { id: self.id, depth: self.depth, plain: &self.plain }
    }
}

/// Without what cannot be read: a new version does not depend on a broken one.
fn sound<T>(found: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(StoreError::Damaged { .. } | StoreError::Missing { .. } | StoreError::Format { .. }) => Ok(None),
        Err(other) => Err(other),
    }
}
