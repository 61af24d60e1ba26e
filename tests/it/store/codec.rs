//! Blocks as they are stored: nothing is lost, floats shrink, and what is broken says so.

use mlrun::format::pack::Codec;
use mlrun::format::planes::MAX_DEPTH;
use mlrun::store::codec::{Content, Parent, base_of, decode, encode};
use proptest::prelude::*;

use crate::support::cases;
use crate::support::noise::{next, noise, text};

const BF16: Content = Content::Elements { width: 2, float: true };

fn stored(plain: &[u8], content: Content, parent: Option<Parent<'_>>) -> (Codec, Vec<u8>) {
    let mut coded = vec![9; 3];
    let codec = encode(plain, content, parent, &mut coded).unwrap();
    if codec == Codec::Raw { (codec, plain.to_vec()) } else { (codec, coded) }
}

fn back(codec: Codec, stored: &[u8], length: usize, base: &[u8]) -> Result<Vec<u8>, String> {
    let mut plain = vec![0; length];
    decode(codec as u8, stored, base, &mut plain).map(|()| plain)
}

/// Sums of noise: normal enough, as weights are.
fn weights(seed: u64, count: usize) -> Vec<f32> {
    let mut state = seed;
    (0..count)
        .map(|_| (0..8).map(|_| (next(&mut state) >> 40) as f32 / (1 << 24) as f32 - 0.5).sum::<f32>() * 0.02)
        .collect()
}

fn as_f32(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|x| x.to_le_bytes()).collect()
}

fn as_bf16(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|x| ((x.to_bits() >> 16) as u16).to_le_bytes()).collect()
}

proptest! {
    #![proptest_config(cases(64))]

    /// Any bytes, taken for anything, with any base.
    #[test]
    fn nothing_is_lost(
        seed in any::<u64>(),
        length in 0_usize..200_000,
        shape in 0..6,
        width in prop::sample::select(vec![1_u8, 2, 4, 8]),
        float in any::<bool>(),
        base in prop::option::of((any::<bool>(), 0..MAX_DEPTH)),
    ) {
        let plain = match shape {
            0 => noise(seed, length),
            1 => text(seed, length),
            2 => vec![seed as u8; length],
            3 => as_f32(&weights(seed, length / 4)),
            4 => as_bf16(&weights(seed, length / 2)),
            _ => (0..length / 8).flat_map(|n| (n as u64 * (seed % 1000)).to_le_bytes()).collect(),
        };
        let near: Vec<u8> = match base {
            Some((true, _)) => plain.iter().enumerate().map(|(n, b)| b.wrapping_add(u8::from(n % 64 == 0))).collect(),
            _ => noise(seed ^ 1, plain.len()),
        };
        let parent = base.map(|(_, depth)| Parent { id: [7; 32], depth, plain: &near });
        for content in [Content::Unknown, Content::Numbers, Content::Elements { width, float }] {
            let (codec, bytes) = stored(&plain, content, parent);
            prop_assert!(bytes.len() <= plain.len());
            let found = base_of(codec as u8, &bytes).unwrap();
            prop_assert_eq!(found.is_some(), codec == Codec::Difference);
            prop_assert_eq!(found.map(|b| (b.id, b.depth)), found.and(parent).map(|p| (p.id, p.depth + 1)));
            let base = if found.is_some() { near.as_slice() } else { &[] };
            prop_assert_eq!(back(codec, &bytes, plain.len(), base).unwrap(), plain.clone());
        }
    }

    /// Stored bytes that are cut or changed: an error, or other bytes of the same length; never a panic.
    #[test]
    fn broken_blocks_are_errors(seed in any::<u64>(), cut in any::<bool>(), at in any::<prop::sample::Index>(), with in any::<u8>()) {
        let (old, new) = (weights(seed, 9000), weights(seed, 9000).iter().map(|x| x * 1.0001).collect::<Vec<_>>());
        let (base, plain) = (as_f32(&old), as_f32(&new));
        let f32s = Content::Elements { width: 4, float: true };
        for parent in [None, Some(Parent { id: [7; 32], depth: 0, plain: &base })] {
            let (codec, mut bytes) = stored(&plain, f32s, parent);
            let at = at.index(bytes.len());
            if cut { bytes.truncate(at) } else { bytes[at] ^= with | 1 }
            if let Ok(found) = back(codec, &bytes, plain.len(), &base) {
                prop_assert_eq!(found.len(), plain.len());
            }
            // A base of another length.
            if codec == Codec::Difference {
                prop_assert!(back(codec, &bytes, plain.len(), &base[4..]).is_err());
            }
        }
    }
}

/// What the entropy of an exponent allows: bf16 to two thirds, fp32 to five sixths, a small step to half of that.
#[test]
fn floats_shrink() {
    let share = |plain: &[u8], content, parent| stored(plain, content, parent).1.len() as f64 / plain.len() as f64;
    let old = weights(1, 1 << 20);
    let step = weights(2, 1 << 20);
    let new: Vec<f32> = old.iter().zip(&step).map(|(w, s)| w + 0.005 * s).collect();
    let f32s = Content::Elements { width: 4, float: true };
    assert!(share(&as_bf16(&old), BF16, None) < 0.68);
    assert!(share(&as_f32(&old), f32s, None) < 0.85);
    let base = as_bf16(&old);
    let parent = Some(Parent { id: [1; 32], depth: 0, plain: &base });
    assert!(share(&as_bf16(&new), BF16, parent) < 0.35);
    let base = as_f32(&old);
    let parent = Some(Parent { id: [1; 32], depth: 0, plain: &base });
    assert!(share(&as_f32(&new), f32s, parent) < 0.70);
    // Of unknown type, the width is found.
    assert!(share(&as_bf16(&old), Content::Numbers, None) < 0.68);
    assert!(share(&as_f32(&old), Content::Numbers, None) < 0.85);
    // Another model of the same shape is no base.
    let other = as_bf16(&weights(9, 1 << 20));
    let parent = Some(Parent { id: [1; 32], depth: 0, plain: &other });
    assert_eq!(stored(&as_bf16(&old), BF16, parent).0, Codec::Planes);
}

#[test]
fn each_kind_of_bytes_its_codec() {
    let codec = |plain: &[u8], content| stored(plain, content, None).0;
    assert_eq!(codec(&[0; 100_000], Content::Unknown), Codec::Constant);
    assert_eq!(
        codec(&1.5_f64.to_le_bytes().repeat(9000), Content::Elements { width: 8, float: true }),
        Codec::Constant
    );
    assert_eq!(codec(&noise(1, 100_000), BF16), Codec::Raw);
    assert_eq!(codec(&text(1, 100_000), Content::Unknown), Codec::Zstd);
    assert_eq!(codec(b"short", Content::Unknown), Codec::Raw);
    let count: Vec<u8> = (0..9000_u64).flat_map(u64::to_le_bytes).collect();
    assert_eq!(codec(&count, Content::Elements { width: 8, float: false }), Codec::Planes);
}
