//! The binary forms of the store. Where one ends with a checksum, it is made to match.

use mlrun::format::index::Segment;
use mlrun::format::pack::{END_MAGIC, FOOTER, HEADER, ObjectHeader, Trailer};
use mlrun::format::planes::PlanesHeader;
use mlrun::format::recipe::Recipe;

use crate::{with_blake3, without_blake3};

/// An object's header: what is read is written again as it was.
pub fn object(data: &[u8]) {
    if let Ok(header) = ObjectHeader::decode(data) {
        assert_eq!(header.encode(), data[..HEADER]);
    }
}

/// A pack from its end: footer, then trailer.
pub fn trailer(data: &[u8]) {
    let mut body = data;
    if let Some((rest, magic)) = data.split_last_chunk::<8>()
        && *magic == END_MAGIC
    {
        body = rest;
    }
    let pack = [&*with_blake3(without_blake3(body)), &END_MAGIC].concat();
    for pack in [&pack, data] {
        let Some(footer) = pack.len().checked_sub(FOOTER) else { continue };
        let located = Trailer::locate(&pack[footer..], pack.len() as u64);
        let _ = Trailer::locate(&pack[footer..], u64::MAX);
        let Ok((offset, length)) = located else { continue };
        let bytes = &pack[offset as usize..];
        assert_eq!(bytes.len(), length);
        if let Ok(trailer) = Trailer::decode(bytes) {
            assert_eq!(trailer.encode(offset), bytes);
        }
    }
    let _ = Trailer::decode(&pack);
}

/// An index segment.
pub fn index(data: &[u8]) {
    let _ = Segment::decode(data);
    let Ok(segment) = Segment::decode(&with_blake3(without_blake3(data))) else { return };
    for entry in &segment.entries {
        assert!((entry.pack as usize) < segment.packs.len(), "an entry without its pack");
    }
    let again = Segment::decode(&segment.clone().encode()).expect("what was written can be read");
    assert_eq!(again.packs, segment.packs);
    assert_eq!(again.entries.len(), segment.entries.len());
}

/// A recipe: one encoding, blocks that add up to the file, tensors inside of it.
pub fn recipe(data: &[u8]) {
    let _ = Recipe::decode(data);
    let bytes = with_blake3(without_blake3(data));
    let Ok(recipe) = Recipe::decode(&bytes) else { return };
    assert_eq!(recipe.blocks.iter().map(|block| u64::from(block.length)).sum::<u64>(), recipe.size);
    assert!(recipe.tensors.iter().all(|t| t.offset + t.length <= recipe.size));
    assert_eq!(Recipe::decode(&recipe.encode()).expect("what was written can be read"), recipe);
}

/// What stands before the planes of a block, and how long they are.
pub fn planes(data: &[u8]) {
    let Some((length, bytes)) = data.split_first_chunk::<4>() else { return };
    let plain_length = (u32::from_le_bytes(*length) >> 9) as usize;
    let _ = PlanesHeader::decode_base(bytes);
    for difference in [false, true] {
        let Ok(header) = PlanesHeader::decode(bytes, difference, plain_length) else { continue };
        assert_eq!(header.encode(), bytes[..header.length()]);
        let planes: usize = header.planes[..header.width.into()].iter().map(|(_, length)| *length as usize).sum();
        assert!(header.length() + planes <= bytes.len());
    }
}
