//! LZ4's frames, in which arrow stores columns by default: blocks of literals and of copies of what came before.
//! Source: `lz4_Frame_format.md` and `lz4_Block_format.md` of lz4/lz4.
//!
//! Checksums are passed over: whoever reads the rows has a digest of the file. Nothing is held beyond what is asked for.

const MAGIC: u32 = 0x184d_2204;
/// The bit of a block's length that says it is stored as it is.
const STORED: u32 = 1 << 31;

/// The first `limit` bytes of a frame, or all if there are fewer; none if it is no frame.
pub(crate) fn frame(bytes: &[u8], limit: usize) -> Option<Vec<u8>> {
    let mut rest = bytes;
    if u32::from_le_bytes(take(&mut rest)?) != MAGIC {
        return None;
    }
    let [flags, _] = take(&mut rest)?;
    if flags >> 6 != 1 {
        return None;
    }
    // The size of the content and the id of a dictionary, then a checksum of the header.
    let skipped = if flags & 8 != 0 { 8 } else { 0 } + if flags & 1 != 0 { 4 } else { 0 } + 1;
    rest = rest.get(skipped..)?;
    let mut out = Vec::new();
    while out.len() < limit {
        let length = u32::from_le_bytes(take(&mut rest)?);
        if length == 0 {
            break;
        }
        let (block, behind) = rest.split_at_checked((length & !STORED) as usize)?;
        rest = if flags & 16 != 0 { behind.get(4..)? } else { behind };
        let start = if flags & 32 != 0 { out.len() } else { 0 };
        if length & STORED == 0 {
            decode(block, &mut out, start, limit)?;
        } else {
            out.extend_from_slice(&block[..block.len().min(limit - out.len())]);
        }
    }
    Some(out)
}

/// Appends what a block holds, up to `limit` bytes of all. Copies reach back to `start` at most.
fn decode(mut block: &[u8], out: &mut Vec<u8>, start: usize, limit: usize) -> Option<()> {
    while out.len() < limit {
        let [token] = take(&mut block)?;
        let literals = length(token >> 4, &mut block)?;
        let (copied, rest) = block.split_at_checked(literals)?;
        out.extend_from_slice(&copied[..literals.min(limit - out.len())]);
        block = rest;
        // The last sequence has literals only.
        if block.is_empty() || out.len() >= limit {
            return Some(());
        }
        let back = usize::from(u16::from_le_bytes(take(&mut block)?));
        let matched = length(token & 15, &mut block)?.checked_add(4)?.min(limit - out.len());
        let mut from = out.len().checked_sub(back).filter(|from| back > 0 && *from >= start)?;
        let end = out.len() + matched;
        // What is copied may be what was just written: as much as there is, again and again.
        while out.len() < end {
            let part = (end - out.len()).min(out.len() - from);
            out.extend_from_within(from..from + part);
            from += part;
        }
    }
    Some(())
}

/// A length of four bits, and bytes more as long as each is full.
fn length(bits: u8, block: &mut &[u8]) -> Option<usize> {
    let mut length = usize::from(bits);
    if bits == 15 {
        loop {
            let [more] = take(block)?;
            length = length.checked_add(more.into())?;
            if more != 255 {
                break;
            }
        }
    }
    Some(length)
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, behind) = rest.split_first_chunk()?;
    *rest = behind;
    Some(*taken)
}
