//! Cut points are part of the format: a store cut otherwise would find nothing again.

use std::fs;
use std::io::Cursor;
use std::path::PathBuf;

use mlrun::digest::Digest;
use mlrun::layout::{self, ColumnChunk, Layout};
use mlrun::store::cut::{AVERAGE, Cutter, MAXIMUM, MINIMUM, SHORT, WHOLE};

use crate::support::noise::{noise, text};

/// The lengths of the blocks of `bytes`, handed over in pieces of `piece`.
fn lengths(bytes: &[u8], piece: usize) -> Vec<usize> {
    lengths_in(&Layout::Unknown, bytes, piece)
}

fn lengths_in(layout: &Layout, bytes: &[u8], piece: usize) -> Vec<usize> {
    let mut found = Vec::new();
    let mut cutter = Cutter::new(layout);
    let (mut start, mut at_hand) = (0, 0);
    loop {
        at_hand = bytes.len().min(at_hand + piece);
        while let Some(cut) = cutter.next_block(&bytes[start..at_hand], at_hand == bytes.len()) {
            found.push(cut.length);
            start += cut.length;
        }
        if at_hand == bytes.len() {
            assert_eq!(start, bytes.len(), "the blocks are not the file");
            return found;
        }
    }
}

/// FastCDC 2020, level 1, 128 KiB – 512 KiB – 2 MiB, over 8 MiB of SplitMix64 from seed 1. Never to be changed.
#[test]
fn golden_cut_points() {
    assert_eq!((WHOLE, MINIMUM, AVERAGE, MAXIMUM), (262_144, 131_072, 524_288, 2_097_152));
    assert_eq!(lengths(&noise(1, 8 << 20), 1 << 20), GOLDEN);
    // Where nothing can be cut, the longest block ends it.
    assert_eq!(lengths(&vec![0; 5 << 20], 1 << 20), [MAXIMUM, MAXIMUM, 1 << 20]);
}

const GOLDEN: [usize; 14] = [
    278_755, 795_423, 926_075, 739_454, 563_668, 688_537, 593_103, 762_275, 812_271, 528_985, 591_055, 214_918,
    584_168, 309_921,
];

fn fixture(name: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/store/fixtures");
    fs::read_to_string(folder.join(name)).unwrap()
}

/// A file of which the fixture tells everything but the noise: `bytes` in hex, or `noise` with its seed, first byte and length.
pub(super) fn with_noise(told: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for line in told.lines() {
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["bytes", hex] => {
                bytes.extend((0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()))
            }
            ["noise", seed, first, length] => {
                let [first, length]: [usize; 2] = [first, length].map(|n| n.parse().unwrap());
                bytes.extend_from_slice(&noise(seed.parse().unwrap(), first + length)[first..]);
            }
            _ => panic!("{line}"),
        }
    }
    bytes
}

/// A table of two row groups as pyarrow writes it, its columns `id`, `at` and `score` noise of seeds 1, 3 and 2.
pub(super) fn table() -> String {
    fixture("table.parquet.txt")
}

/// A model as the library of its format writes it, the same five tensors in each.
pub(super) fn model(file: &str) -> Vec<u8> {
    with_noise(&fixture(&format!("{file}.txt")))
}

/// Files of the real libraries, cut as `goldens.py` cuts them by what these say and by a FastCDC of its own. Never to be
/// changed.
#[test]
fn golden_cut_points_of_real_files() {
    let mut files = 0;
    for line in fixture("cuts.tsv").lines() {
        let [file, sha256, cuts] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let bytes = if file == "noise" { noise(1, 8 << 20) } else { with_noise(&fixture(&format!("{file}.txt"))) };
        assert_eq!(Digest::of(&bytes).to_string(), sha256, "{file} is not what the library wrote");
        let expected: Vec<usize> = cuts.split(',').map(|n| n.parse().unwrap()).collect();
        let layout = layout::of(&mut Cursor::new(&bytes), bytes.len() as u64).unwrap();
        for piece in [bytes.len(), 1 << 20, 4099] {
            assert_eq!(lengths_in(&layout, &bytes, piece), expected, "{file} in pieces of {piece}");
        }
        files += 1;
    }
    assert_eq!(files, 7);
}

/// A column chunk is cut as if it were a file of its own; what is too short, and what lies between, goes together.
#[test]
fn a_column_chunk_is_cut_by_itself() {
    let bytes = noise(9, 6 << 20);
    let short = SHORT as usize - 1;
    let mut at = 1000;
    let mut expected = vec![1000];
    let mut columns = Vec::new();
    for (length, alone) in [(WHOLE, 1), (3 << 20, 2), (short, 0), (short, 0), (SHORT as usize, 1), (WHOLE + 1, 1)] {
        columns.push(ColumnChunk { name: String::new(), start: at as u64, length: length as u64 });
        if length >= SHORT as usize {
            let cuts = lengths(&bytes[at..at + length], 1 << 20);
            assert!(cuts.len() >= alone);
            expected.extend(cuts);
        } else if columns[columns.len() - 2].length >= SHORT {
            expected.push(2 * short);
        }
        at += length;
    }
    expected.extend(lengths(&bytes[at..], 1 << 20));
    assert_eq!(lengths_in(&Layout::Columns(columns), &bytes, 1 << 20), expected);
}

/// What lies before a column chunk has no say in how it is cut: up to the length of a small file it is one block.
#[test]
fn a_column_chunk_begins_anew() {
    let cuttable = |seed: &u64| lengths(&noise(*seed, WHOLE + 1), WHOLE + 1)[0] < WHOLE;
    let column = noise((0..).find(cuttable).unwrap(), WHOLE);
    let bytes = [&noise(1, 1000)[..], &column, &column].concat();
    let chunk = |start| ColumnChunk { name: String::new(), start, length: WHOLE as u64 };
    let layout = Layout::Columns(vec![chunk(1000), chunk(1000 + WHOLE as u64)]);
    assert_eq!(lengths_in(&layout, &bytes, 1 << 20), [1000, WHOLE, WHOLE]);
}

/// How a file arrives does not matter.
#[test]
fn the_same_whatever_the_pieces() {
    let bytes = noise(2, 5 << 20);
    let whole = lengths(&bytes, bytes.len());
    for piece in [1 << 20, (1 << 20) - 1, 65_537, 4096, 3 << 20] {
        assert_eq!(lengths(&bytes, piece), whole, "{piece}");
    }
}

#[test]
fn blocks_keep_their_bounds() {
    for (seed, length) in [(3, 12 << 20), (4, (6 << 20) + 1), (5, WHOLE + 1), (6, MINIMUM * 3)] {
        for bytes in [noise(seed, length), text(seed, length)] {
            let lengths = lengths(&bytes, 1 << 20);
            let (last, others) = lengths.split_last().unwrap();
            assert!(*last > 0 && *last <= MAXIMUM);
            assert!(others.iter().all(|n| (MINIMUM..=MAXIMUM).contains(n)), "{lengths:?}");
        }
    }
}

#[test]
fn small_files_are_one_block() {
    for length in [1, 100, MINIMUM, MINIMUM + 1, WHOLE - 1, WHOLE] {
        assert_eq!(lengths(&noise(7, length), 4096), [length]);
    }
    assert_eq!(lengths(&[], 1), Vec::<usize>::new());
    assert!(lengths(&noise(7, WHOLE + 1), 4096).iter().sum::<usize>() == WHOLE + 1);
}

/// An edit changes the blocks it touches; those before and behind are found again.
#[test]
fn an_edit_moves_few_cuts() {
    let before = noise(8, 16 << 20);
    let mut after = before.clone();
    after.splice(8_000_000..8_000_000, *b"a few bytes more");
    let known: std::collections::HashSet<usize> = ends(&before).into_iter().collect();
    let moved = ends(&after).into_iter().filter(|end| !known.contains(end) && !known.contains(&(end - 16))).count();
    assert!(moved <= 3, "{moved} cuts moved");
}

fn ends(bytes: &[u8]) -> Vec<usize> {
    let mut end = 0;
    lengths(bytes, 1 << 20)
        .into_iter()
        .map(|n| {
            end += n;
            end
        })
        .collect()
}
