//! The blocks a new one may be a difference to: those of the same tensor in the version before.

use std::collections::HashMap;

use super::codec::Parent;
use super::cut::{SHORT_TENSOR, TENSOR_BLOCK};
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
        for tensor in recipe.tensors.iter().filter(|t| t.length >= SHORT_TENSOR) {
            let places = (tensor.offset..tensor.offset + tensor.length).step_by(TENSOR_BLOCK);
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
    /// Reads it; none if it is damaged.
    pub(super) fn read(store: &Store, id: [u8; 32]) -> Result<Option<Self>, StoreError> {
        let mut id = id;
        loop {
            let Some((plain, base)) = sound(store.block(&id))? else { return Ok(None) };
            match base {
                Some(base) if base.depth >= MAX_DEPTH => id = root(store, base.id)?,
                _ => return Ok(Some(Self { id, depth: base.map_or(0, |base| base.depth), plain })),
            }
        }
    }

    /// As the codec takes it.
    pub(super) fn as_parent(&self) -> Parent<'_> {
        Parent { id: self.id, depth: self.depth, plain: &self.plain }
    }
}

/// The block at the end of a chain of differences.
fn root(store: &Store, mut id: [u8; 32]) -> Result<[u8; 32], StoreError> {
    while let Some(base) = store.block(&id)?.1 {
        id = base.id;
    }
    Ok(id)
}

/// Without what cannot be read: a new version does not depend on a broken one.
fn sound<T>(found: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(StoreError::Damaged { .. } | StoreError::Missing { .. } | StoreError::Format { .. }) => Ok(None),
        Err(other) => Err(other),
    }
}
