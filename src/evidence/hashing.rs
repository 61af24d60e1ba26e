//! How columns of rows are hashed: integers little-endian, texts behind their lengths.

use crate::digest::Hasher;

/// The bits of a double, with -0 as 0.
pub(super) fn double(value: &f64) -> [u8; 8] {
    (value + 0.0).to_bits().to_le_bytes()
}

/// The text behind its length in bytes.
pub(super) fn text(hasher: &mut Hasher, text: &str) {
    hasher.update(&(text.len() as u64).to_le_bytes());
    hasher.update(text.as_bytes());
}

/// Every value, one after the other.
pub(super) fn each<T, const N: usize>(hasher: &mut Hasher, values: &[T], bytes: impl Fn(&T) -> [u8; N]) {
    let mut buffer = Vec::with_capacity(N * values.len().min(8192));
    for part in values.chunks(8192) {
        buffer.clear();
        part.iter().for_each(|value| buffer.extend_from_slice(&bytes(value)));
        hasher.update(&buffer);
    }
}
