//! How blocks are stored.

use arbitrary::Unstructured;
use mlrun::store::codec::{Content, Parent, base_of, decode, encode};

/// Stored bytes of any codec, made up or an encoding that was changed: read, or refused.
pub fn block_decode(data: &[u8]) {
    let _ = decode_any(&mut Unstructured::new(data));
}

fn decode_any(input: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let (codec, stored, plain_length) = if input.arbitrary()? {
        let (plain, content, parent) = block(input)?;
        let mut stored = Vec::new();
        let codec = encode(&plain, content, parent.as_deref().map(of_version), &mut stored).expect("encoded");
        if stored.is_empty() {
            stored.clone_from(&plain);
        }
        for _ in 0..input.int_in_range(1..=3)? {
            let at = input.choose_index(stored.len())?;
            match input.int_in_range(0..=3)? {
                0 => stored.truncate(at),
                1 => stored.insert(at, input.arbitrary()?),
                _ => stored[at] = input.arbitrary()?,
            }
            if stored.is_empty() {
                break;
            }
        }
        (codec as u8, stored, plain.len())
    } else {
        let codec = input.int_in_range(0..=5)?;
        let plain_length = usize::from(input.arbitrary::<u16>()?);
        (codec, input.bytes(input.len())?.to_vec(), plain_length)
    };
    let mut plain = vec![0; plain_length];
    let base = match base_of(codec, &stored) {
        Ok(Some(_)) => vec![0x3f; plain_length],
        _ => Vec::new(),
    };
    let _ = decode(codec, &stored, &base, &mut plain);
    // Without its base, and with one of another length.
    let _ = decode(codec, &stored, &[], &mut plain);
    let _ = decode(codec, &stored, &[1, 2, 3], &mut plain);
    Ok(())
}

/// Blocks of any content, with and without a version before: what is encoded decodes to the same bytes.
pub fn block_round_trip(data: &[u8]) {
    let Ok((plain, content, parent)) = block(&mut Unstructured::new(data)) else { return };
    let mut stored = Vec::new();
    let codec = encode(&plain, content, parent.as_deref().map(of_version), &mut stored).expect("encoded");
    let coded = if stored.is_empty() { &plain } else { &stored };
    assert!(coded.len() <= plain.len(), "an encoding that is longer");
    let base = base_of(codec as u8, coded).expect("what was written can be read");
    assert_eq!(base.map(|base| (base.id, base.depth)), base.map(|_| ([7; 32], 2)));
    let base = if base.is_some() { parent.unwrap_or_default() } else { Vec::new() };
    let mut decoded = vec![0xA5; plain.len()];
    decode(codec as u8, coded, &base, &mut decoded).expect("what was written can be read");
    assert!(decoded == plain, "{codec:?}, {content:?}: another block");
}

const fn of_version(plain: &[u8]) -> Parent<'_> {
    Parent { id: [7; 32], depth: 1, plain }
}

/// A block long enough to be worth encoding, what is known of it, and the one it stems from.
fn block(input: &mut Unstructured<'_>) -> arbitrary::Result<(Vec<u8>, Content, Option<Vec<u8>>)> {
    let content = match input.int_in_range(0..=4)? {
        0 => Content::Unknown,
        1 => Content::Numbers,
        kind => Content::Elements { width: *input.choose(&[1, 2, 4, 8])?, float: kind == 2 },
    };
    let times = 1 + usize::from(input.arbitrary::<u8>()?);
    let noise: u8 = input.arbitrary()?;
    let from = input.arbitrary::<Option<u8>>()?;
    let pattern = input.bytes(input.len())?;
    let mut plain = Vec::new();
    for round in 0..times {
        // Some bytes of an element move more than others, as in floats.
        plain.extend(pattern.iter().enumerate().map(|(at, byte)| byte.wrapping_add((round * at) as u8 & noise)));
        if plain.len() > 300 << 10 {
            break;
        }
    }
    let parent = from.map(|step| {
        let mut parent = plain.clone();
        parent.iter_mut().step_by(usize::from(step) + 1).for_each(|byte| *byte = byte.wrapping_add(1));
        if step == 255 {
            parent.pop();
        }
        parent
    });
    Ok((plain, content, parent))
}
