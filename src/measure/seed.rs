//! Independent seeds out of one number.
//!
//! The seed of NAME under ROOT is the first four bytes, little-endian, of the ChaCha20 key stream (RFC 8439; nonce and
//! counter zero) under the key SHA-256(`mlrun/seed/1`, a zero byte, ROOT in eight bytes, little-endian, NAME in UTF-8). It has
//! 32 bits, because NumPy takes no more. That is stable for ever: whoever has ROOT has every seed.

use rand_chacha::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};

use crate::digest::Hasher;

const DOMAIN: &[u8] = b"mlrun/seed/1\0";

/// The seed of `name` under `root`.
pub fn derive(root: u64, name: &str) -> u32 {
    let mut hasher = Hasher::default();
    for part in [DOMAIN, &root.to_le_bytes(), name.as_bytes()] {
        hasher.update(part);
    }
    ChaCha20Rng::from_seed(*hasher.finish().as_bytes()).next_u32()
}
