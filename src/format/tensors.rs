//! The tensors of a file as one digest: the SHA-256 over the canonical JSON of a list, by name, of
//! `{blocks, dtype, name, shape}`. `blocks` are the BLAKE3 digests, in hex, of each 4 MiB of a tensor's bytes from its start,
//! the last one shorter. Tensors without elements are left out; of a view with gaps, such as a transposed one, the
//! bytes are those from its first to its last element. It is the same wherever in a file the tensors lie.

use serde::Serialize;

use super::{FormatError, canonical};
use crate::digest::Digest;

const KIND: &str = "list of tensors";

/// One tensor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TensorRecord {
    /// The BLAKE3 digests of its blocks, in hex.
    pub blocks: Vec<String>,
    /// Its elements' type, as the format calls it.
    pub dtype: String,
    /// Its name.
    pub name: String,
    /// Its sides.
    pub shape: Vec<u64>,
}

/// The digest of tensors.
pub fn digest(mut tensors: Vec<TensorRecord>) -> Result<Digest, FormatError> {
    tensors.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Digest::of(&canonical::encode(KIND, &tensors)?))
}
