//! Tensors and columns are found where the real libraries put them (`goldens.py`), and nothing hostile does harm.

mod onnx;
mod parquet;

use std::fs;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::PathBuf;

use mlrun::layout::{self, Elements, Layout, Tensor};

use crate::support::noise::{next, noise};

const FILES: [&str; 11] = [
    "model.safetensors",
    "arrays.npz",
    "compressed.npz",
    "array.npy",
    "model.pt",
    "zip64.npz",
    "model.gguf",
    "model.onnx",
    "reordered.onnx",
    "table.parquet",
    "plain.parquet",
];

fn fixture(name: &str) -> Vec<u8> {
    fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/layout/fixtures").join(name)).unwrap()
}

fn layout_of(bytes: &[u8]) -> Layout {
    layout::of(&mut Cursor::new(bytes), bytes.len() as u64).unwrap()
}

fn found(bytes: &[u8]) -> Vec<Tensor> {
    layout_of(bytes).into_tensors()
}

/// File, name, type, shape, offset, length: as the libraries have them.
#[test]
fn where_the_libraries_put_them() {
    let table = String::from_utf8(fixture("tensors.tsv")).unwrap();
    for file in FILES {
        let mut expected: Vec<(u64, String)> = table
            .lines()
            .filter_map(|line| line.strip_prefix(file)?.strip_prefix('\t'))
            .map(|row| (row.split('\t').nth(3).unwrap().parse().unwrap(), row.to_owned()))
            .collect();
        expected.sort();
        let rows: Vec<String> = match layout_of(&fixture(file)) {
            Layout::Columns(columns) => {
                columns.iter().map(|c| format!("{}\t\t\t{}\t{}", c.name, c.start, c.length)).collect()
            }
            layout => layout.tensors().iter().map(row).collect(),
        };
        assert_eq!(rows, expected.into_iter().map(|(_, row)| row).collect::<Vec<_>>(), "{file}");
    }
}

fn row(t: &Tensor) -> String {
    let shape: Vec<String> = t.shape.iter().map(u64::to_string).collect();
    format!("{}\t{}\t{}\t{}\t{}", t.name, t.dtype, shape.join(","), t.start, t.length)
}

#[test]
fn what_the_elements_are() {
    let of = |file: &str, name: &str| found(&fixture(file)).into_iter().find(|t| t.name == name).unwrap().elements;
    assert_eq!(of("model.safetensors", "encoder.weight"), Elements::Known { width: 4, float: true });
    assert_eq!(of("model.safetensors", "steps"), Elements::Known { width: 8, float: false });
    assert_eq!(of("arrays.npz", "n"), Elements::Known { width: 2, float: false });
    // Of another byte order: to be found by looking.
    assert_eq!(of("arrays.npz", "b"), Elements::Numbers);
    assert_eq!(of("model.pt", "data/0"), Elements::Numbers);
    assert_eq!(of("model.gguf", "norm.weight"), Elements::Known { width: 4, float: true });
    assert_eq!(of("model.gguf", "bits.weight"), Elements::Known { width: 2, float: true });
    assert_eq!(of("model.gguf", "attn.weight"), Elements::Opaque);
    assert_eq!(of("model.onnx", "brain"), Elements::Known { width: 2, float: true });
    assert_eq!(of("model.onnx", "double field"), Elements::Known { width: 8, float: true });
    assert_eq!(of("model.onnx", "complex field"), Elements::Known { width: 4, float: true });
    assert_eq!(of("model.onnx", "positions"), Elements::Known { width: 8, float: false });
    assert_eq!(of("model.onnx", "four"), Elements::Opaque);
}

/// Cut anywhere, or changed anywhere: nothing, or stretches inside the file.
#[test]
fn broken_files_are_bytes() {
    for file in FILES {
        let whole = fixture(file);
        // The end of an archive is looked for, in every one of them.
        for length in (0..whole.len()).step_by(if whole.len() > 8000 { 7 } else { 1 }) {
            inside(&whole[..length]);
        }
        let mut state = 5;
        for _ in 0..2000 {
            let mut bytes = whole.clone();
            for _ in 0..1 + next(&mut state) % 3 {
                // Mostly where the headers are: at either end.
                let from_end = next(&mut state).is_multiple_of(2);
                let at = (next(&mut state) % 600.min(bytes.len() as u64)) as usize;
                let at = if from_end { bytes.len() - 1 - at } else { at };
                bytes[at] = next(&mut state) as u8;
            }
            inside(&bytes);
        }
    }
}

fn inside(bytes: &[u8]) {
    let places: Vec<(u64, u64)> = match layout_of(bytes) {
        Layout::Unknown => Vec::new(),
        Layout::Tensors(tensors) => tensors.iter().map(|t| (t.start, t.length)).collect(),
        Layout::Columns(columns) => columns.iter().map(|c| (c.start, c.length)).collect(),
    };
    let mut end = 0;
    for (start, length) in places {
        assert!(start >= end && length > 0, "{start}, {length}");
        end = start.checked_add(length).unwrap();
    }
    assert!(end <= bytes.len() as u64);
}

/// Every byte of `places` on its own, changed in some of its bits.
fn flipped(whole: &[u8], places: std::ops::Range<usize>) {
    let mut bytes = whole.to_vec();
    for at in places {
        for bits in [1, 4, 0x20, 0x80, 0xff] {
            bytes[at] ^= bits;
            inside(&bytes);
            bytes[at] ^= bits;
        }
    }
}

/// A number of variable length, as protobuf and Thrift write it.
fn varint(mut n: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while n >= 128 {
        bytes.push(n as u8 | 128);
        n >>= 7;
    }
    bytes.push(n as u8);
    bytes
}

/// Counts what is read of a file that has a hole of zeros in it.
struct WithHole {
    head: Vec<u8>,
    hole: u64,
    tail: Vec<u8>,
    at: u64,
    read: u64,
}

impl WithHole {
    fn new(head: Vec<u8>, hole: u64, tail: Vec<u8>) -> Self {
        Self { head, hole, tail, at: 0, read: 0 }
    }

    fn size(&self) -> u64 {
        self.head.len() as u64 + self.hole + self.tail.len() as u64
    }
}

impl Read for WithHole {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = buffer.len().min(self.size().saturating_sub(self.at) as usize);
        for (at, byte) in (self.at..).zip(&mut buffer[..length]) {
            let behind = at.checked_sub(self.head.len() as u64 + self.hole);
            *byte = match behind {
                Some(at) => self.tail[at as usize],
                None => self.head.get(at as usize).copied().unwrap_or(0),
            };
        }
        self.at += length as u64;
        self.read += length as u64;
        Ok(length)
    }
}

impl Seek for WithHole {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.size().checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = to.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

/// Headers that promise more than there is, or name the same bytes twice.
#[test]
fn headers_that_lie() {
    let safetensors =
        |length: u64, json: &str, data: usize| [&length.to_le_bytes()[..], json.as_bytes(), &vec![1; data]].concat();
    let told = |json: &str| safetensors(json.len() as u64, json, 64);
    let entry = |name: &str, begin: u64, end: u64| {
        format!(r#""{name}":{{"dtype":"F32","shape":[4],"data_offsets":[{begin},{end}]}}"#)
    };
    assert_eq!(found(&told(&format!("{{{}}}", entry("a", 0, 16)))).len(), 1);
    for json in [
        format!("{{{}}}", entry("a", 0, 65)),
        format!("{{{}}}", entry("a", 16, 0)),
        format!("{{{},{}}}", entry("a", 0, 32), entry("b", 16, 48)),
        format!("{{{}}}", entry("a", u64::MAX - 20, u64::MAX)),
        format!("{{{}}}", entry(&"n".repeat(5000), 0, 16)),
        "{\"a\":7}".to_owned(),
        "{\"a\":".to_owned() + &"[".repeat(10_000),
        "{}".to_owned(),
    ] {
        assert_eq!(found(&told(&json)), [], "{}", &json[..json.len().min(80)]);
    }
    for length in [u64::MAX, 100_000_001, 1 << 40, 65] {
        assert_eq!(found(&safetensors(length, "{}", 8)), []);
    }
    for seed in 0..200 {
        let mut bytes = noise(seed, 300);
        let magic: [&[u8]; 3] = [b"PK\x03\x04", b"\x93NUMPY\x01\x00", b"\x10\0\0\0\0\0\0\0{"];
        let magic = magic[seed as usize % 3];
        bytes[..magic.len()].copy_from_slice(magic);
        bytes[260..264].copy_from_slice(b"PK\x05\x06");
        inside(&bytes);
    }
}

/// Places that no disk can seek to: a file on a disk says so, bytes in memory do not.
#[test]
fn a_directory_beyond_any_file() {
    for place in [1_u64 << 40, 1 << 62, 1 << 63, u64::MAX] {
        let mut bytes = [b"PK\x03\x04".as_slice(), &[0; 300]].concat();
        bytes.extend([b"PK\x06\x07".as_slice(), &[0; 4], &place.to_le_bytes(), &[1, 0, 0, 0]].concat());
        bytes.extend([b"PK\x05\x06".as_slice(), &[0; 4], &[0xff; 12], &[0; 2]].concat());
        let mut file = tempfile::tempfile().unwrap();
        std::io::Write::write_all(&mut file, &bytes).unwrap();
        assert_eq!(layout::of(&mut file, bytes.len() as u64).unwrap(), Layout::Unknown);
    }
}

/// Every type of ggml's own table: its name, and how many elements lie in how many bytes.
#[test]
fn the_types_of_ggml() {
    let table = String::from_utf8(fixture("gguf-types.tsv")).unwrap();
    let mut rows = 0;
    for row in table.lines() {
        let [number, name, block, bytes] = row.split('\t').collect::<Vec<_>>()[..] else { panic!("{row}") };
        let (number, block, bytes): (u32, u64, u64) =
            (number.parse().unwrap(), block.parse().unwrap(), bytes.parse().unwrap());
        let file = |count: u64| {
            let mut file = [b"GGUF\x03\0\0\0".as_slice(), &1_u64.to_le_bytes(), &0_u64.to_le_bytes()].concat();
            file.extend([&1_u64.to_le_bytes(), b"w".as_slice(), &1_u32.to_le_bytes(), &count.to_le_bytes()].concat());
            file.extend([&number.to_le_bytes()[..], &[0; 8]].concat());
            file.resize(64 + 7 * bytes as usize, 0);
            file
        };
        let tensors = found(&file(7 * block));
        assert_eq!((tensors[0].dtype.as_str(), tensors[0].start, tensors[0].length), (name, 64, 7 * bytes), "{row}");
        if block > 1 {
            assert_eq!(found(&file(block + 1)), [], "{row}: part of a block");
        }
        rows += 1;
    }
    assert!(rows >= 30);
}
