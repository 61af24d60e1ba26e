//! MD5, by which DVC names what it keeps: compared with what a `.dvc` file says, and never an identity of ours.
//!
//! DVC 3 hashes bytes. DVC 2 hashed text with LF in the place of CRLF, piece by piece of 1 MiB, so that a CRLF on the edge
//! of two pieces stayed; text is what holds no NUL among its first 512 bytes and few characters that are none.

use std::fmt;
use std::io::{self, Read};

use md5::{Digest as _, Md5 as Engine};

use crate::digest::{Digest, Hasher};

/// What DVC reads at a time.
const PIECE: usize = 1 << 20;
/// By so many bytes it tells text from other files.
const LOOKED_AT: usize = 512;

/// An MD5, printed as 32 hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Md5(pub [u8; 16]);

impl fmt::Display for Md5 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The SHA-256 and the MD5 of a reader, which is read once, and its length. `dos2unix`: as DVC 2 did it.
pub(super) fn of_reader(mut reader: impl Read, dos2unix: bool) -> io::Result<(Digest, Md5, u64)> {
    let (mut sha256, mut md5) = (Hasher::default(), Engine::new());
    let mut is_text = None;
    let mut total = 0;
    let mut piece = Vec::with_capacity(PIECE);
    loop {
        piece.clear();
        let read = reader.by_ref().take(PIECE as u64).read_to_end(&mut piece)?;
        if read == 0 {
            return Ok((sha256.finish(), Md5(md5.finalize().into()), total));
        }
        total += read as u64;
        sha256.update(&piece);
        if dos2unix && *is_text.get_or_insert_with(|| looks_like_text(&piece[..read.min(LOOKED_AT)])) {
            drop_carriage_returns(&mut piece);
        }
        md5.update(&piece);
    }
}

/// The MD5 of the listing of a folder as DVC writes it, with `.dir` behind it: a list in JSON as Python writes it, sorted
/// by path.
pub(super) fn of_listing<'f>(files: impl Iterator<Item = (&'f str, Md5)>) -> String {
    let mut files: Vec<(&str, Md5)> = files.collect();
    files.sort_unstable_by(|a, b| a.0.cmp(b.0));
    let mut md5 = Engine::new();
    md5.update(b"[");
    for (at, (path, id)) in files.iter().enumerate() {
        let comma = if at == 0 { "" } else { ", " };
        md5.update(format!("{comma}{{\"md5\": \"{id}\", \"relpath\": {}}}", ascii(path)).as_bytes());
    }
    md5.update(b"]");
    format!("{}.dir", Md5(md5.finalize().into()))
}

/// The MD5 of bytes, as text.
pub(super) fn of(bytes: &[u8]) -> String {
    Md5(Engine::digest(bytes).into()).to_string()
}

fn looks_like_text(begin: &[u8]) -> bool {
    let is_text = |byte: &&u8| matches!(byte, 32..=126 | b'\n' | b'\r' | b'\t' | 0x0c | 0x08);
    let others = begin.len() - begin.iter().filter(is_text).count();
    !begin.contains(&0) && others as f64 <= 0.3 * begin.len() as f64
}

fn drop_carriage_returns(piece: &mut Vec<u8>) {
    let mut kept = 0;
    for at in 0..piece.len() {
        if piece[at] == b'\r' && piece.get(at + 1) == Some(&b'\n') {
            continue;
        }
        piece[kept] = piece[at];
        kept += 1;
    }
    piece.truncate(kept);
}

/// Text in quotes as Python's `json` writes it: ASCII only.
fn ascii(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted += "\\\"",
            '\\' => quoted += "\\\\",
            '\n' => quoted += "\\n",
            '\r' => quoted += "\\r",
            '\t' => quoted += "\\t",
            '\u{8}' => quoted += "\\b",
            '\u{c}' => quoted += "\\f",
            ' '..='~' => quoted.push(c),
            _ => c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| quoted += &format!("\\u{unit:04x}")),
        }
    }
    quoted + "\""
}
