//! Where tensors lie in a file, and where it is cut.

use std::io::Cursor;

use arbitrary::Unstructured;
use mlrun::format::recipe::MAX_BLOCK;
use mlrun::layout::{self, ColumnChunk, Elements, Layout, Tensor};
use mlrun::store::cut::{Cutter, MAXIMUM};

/// Model files and tables: what is in them lies in the file, one behind the other, and its cuts cover it.
pub fn layout(data: &[u8]) {
    let size = data.len() as u64;
    let found = layout::of(&mut Cursor::new(data), size).expect("memory can be read");
    for tensor in found.tensors() {
        assert!(tensor.name.len() <= 1024 && tensor.shape.len() <= 64 && tensor.dtype.len() <= 64, "{tensor:?}");
    }
    let places: Vec<(u64, u64)> = match &found {
        Layout::Unknown => Vec::new(),
        Layout::Tensors(tensors) => tensors.iter().map(|tensor| (tensor.start, tensor.length)).collect(),
        Layout::Columns(chunks) => chunks.iter().map(|chunk| (chunk.start, chunk.length)).collect(),
    };
    let mut end = 0;
    for (start, length) in places {
        assert!(start >= end && length > 0, "{start}, {length}");
        end = start + length;
    }
    assert!(end <= size);
    covers(data, &found, &[data.len()]);
    // A file that is shorter than it was a moment ago, or longer.
    for size in [size / 2, size + 1, u64::MAX] {
        let _ = layout::of(&mut Cursor::new(data), size);
    }
}

/// Any tensors or columns, any content, at hand in pieces of any length: the cuts cover the file and none is too long.
pub fn cut(data: &[u8]) {
    let _ = cut_any(&mut Unstructured::new(data));
}

fn cut_any(input: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let mut tensors = Vec::new();
    let mut end = 0;
    for _ in 0..input.int_in_range(0..=4)? {
        let start = end + u64::from(input.arbitrary::<u32>()? >> 12);
        // Some are longer than a block.
        let length = 1 + u64::from(input.arbitrary::<u32>()? >> input.int_in_range(9..=20)?);
        let elements = *input.choose(&[
            Elements::Opaque,
            Elements::Numbers,
            Elements::Known { width: 2, float: true },
            Elements::Known { width: 8, float: false },
        ])?;
        tensors.push(Tensor { name: String::new(), dtype: String::new(), shape: Vec::new(), elements, start, length });
        end = start + length;
    }
    let size = (end + u64::from(input.arbitrary::<u32>()? >> 11)).min(10 << 20) as usize;
    tensors.retain(|tensor| tensor.start + tensor.length <= size as u64);
    let pieces = [4096, 1 << 20].map(|least| least + usize::from(input.arbitrary::<u16>().unwrap_or_default()));
    let pattern = input.bytes(input.len())?;
    let content: Vec<u8> = if pattern.is_empty() {
        vec![0; size]
    } else {
        // Not periodic: what is cut by content would find the same place for ever.
        (0..size).map(|at| pattern[at % pattern.len()].wrapping_mul((at >> 9) as u8 | 1)).collect()
    };
    let columns =
        tensors.iter().map(|tensor| ColumnChunk { name: String::new(), start: tensor.start, length: tensor.length });
    covers(&content, &Layout::Columns(columns.collect()), &pieces);
    covers(&content, &Layout::Tensors(tensors), &pieces);
    Ok(())
}

/// Cuts `content`, of which `pieces` more bytes are at hand each time: the blocks must be those of the whole.
fn covers(content: &[u8], layout: &Layout, pieces: &[usize]) {
    let mut whole = Cutter::new(layout);
    let mut by_piece = Cutter::new(layout);
    let (mut at, mut at_hand) = (0, 0);
    let mut pieces = pieces.iter().cycle();
    while at < content.len() {
        let cut = whole.next_block(&content[at..], true).expect("a file is cut to its end");
        assert!((1..=MAX_BLOCK as usize).contains(&cut.length) && at + cut.length <= content.len(), "{cut:?} at {at}");
        assert!(cut.place.is_some() || cut.length <= MAXIMUM, "{cut:?} at {at}");
        if let Some((tensor, _)) = cut.place {
            let tensor = &layout.tensors()[tensor];
            let end = (at + cut.length) as u64;
            assert!(tensor.start <= at as u64 && end <= tensor.start + tensor.length, "{cut:?} at {at}: {tensor:?}");
        }
        let same = loop {
            let last = at_hand == content.len();
            match by_piece.next_block(&content[at..at_hand], last) {
                Some(cut) => break cut,
                None => {
                    assert!(!last, "no block of what is left");
                    at_hand = content.len().min(at_hand + pieces.next().expect("a cycle"));
                }
            }
        };
        assert_eq!(same, cut, "at {at}, {at_hand} at hand");
        at += cut.length;
    }
    assert_eq!(whole.next_block(&[], true), None);
}
