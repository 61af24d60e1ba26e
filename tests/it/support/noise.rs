//! Bytes without a pattern, the same everywhere: SplitMix64, whose few lines anybody can write again.

/// The next number of the sequence that begins with `state`.
pub fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// `length` bytes: the numbers after `seed`, little-endian.
pub fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        bytes.extend_from_slice(&next(&mut state).to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// `length` bytes that compress to about a third.
pub fn text(seed: u64, length: usize) -> Vec<u8> {
    const WORDS: [&str; 8] = ["loss ", "0.125 ", "epoch ", "weight ", "\n", "layer_", "true ", "17 "];
    let mut state = seed;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        bytes.extend_from_slice(WORDS[(next(&mut state) % 8) as usize].as_bytes());
    }
    bytes.truncate(length);
    bytes
}
