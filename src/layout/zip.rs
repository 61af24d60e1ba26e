//! Zip archives: where their members lie, and the tensors in those that are stored as they are: npz files of NumPy, model
//! files of PyTorch.
//!
//! Found through the central directory at the end, zip64 included. The tensors of compressed members stay opaque:
//! no library gives their very bytes back. Source: PKWARE's APPNOTE, sections 4.3 and 4.5.3.

use std::io::{self, BufReader, Cursor, Read, SeekFrom, Take};

use flate2::bufread::DeflateDecoder;

use super::{Elements, Input, MAX_NAME, MAX_TENSORS, Tensor, npy, read_at};

/// Bytes of the end record, and of the longest comment behind it.
const END: u64 = 22;
const LONGEST_COMMENT: u64 = 65_535;
/// The start of an npy member, with its header.
const HEADER: u64 = 10_100;
/// Bytes that are unpacked of one archive at most.
const MAX_UNPACKED: u64 = 8 << 30;
const MAX_DIRECTORY: u64 = 100_000_000;
const END_MAGIC: [u8; 4] = *b"PK\x05\x06";
const END64_MAGIC: [u8; 4] = *b"PK\x06\x06";
const LOCATOR64_MAGIC: [u8; 4] = *b"PK\x06\x07";
const ENTRY_MAGIC: [u8; 4] = *b"PK\x01\x02";
const LOCAL_MAGIC: [u8; 4] = *b"PK\x03\x04";
/// Stands where a number is in the zip64 record.
const ELSEWHERE: u64 = 0xFFFF_FFFF;
/// A member's own header, without name and extras.
const LOCAL: u64 = 30;
/// Members shorter than this are not worth a cut.
pub(super) const SHORT: u64 = 4096;

/// A member of an archive, as the directory says.
pub(crate) struct Member {
    /// Its name; what is not UTF-8 in it is replaced.
    pub(crate) name: String,
    /// How it is compressed: 0 not at all, 8 deflate. None where it is encrypted.
    pub(crate) method: Option<u64>,
    /// Its bytes in the archive.
    pub(crate) packed: u64,
    /// Its bytes.
    pub(crate) size: u64,
    header: u64,
}

/// The tensors in members of at least `shortest` bytes.
pub(super) fn tensors(input: &mut dyn Input, size: u64, shortest: u64) -> io::Result<Option<Vec<Tensor>>> {
    let Some(members) = members(input, size)? else { return Ok(None) };
    let mut tensors = Vec::new();
    for member in members {
        let as_it_is = member.method == Some(0) && member.packed == member.size;
        let named = member.name.len() <= MAX_NAME && !member.name.contains(char::REPLACEMENT_CHARACTER);
        if !as_it_is || !named || member.size < shortest || tensors.len() == MAX_TENSORS {
            continue;
        }
        let Some(start) = start(input, &member, size)? else { continue };
        if let Some(name) = member.name.strip_suffix(".npy") {
            if let Some(array) = npy::array(input, start, member.size)? {
                tensors.push(Tensor { name: name.to_owned(), ..array });
            }
        } else if let Some(storage) = storage_of(&member.name) {
            tensors.push(Tensor {
                name: storage.to_owned(),
                dtype: String::new(),
                shape: Vec::new(),
                elements: Elements::Numbers,
                start,
                length: member.size,
            });
        }
    }
    Ok(Some(tensors))
}

/// An array in a member that is compressed: nothing to cut a file at, but a tensor all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackedTensor {
    /// The tensor; its bytes begin so far into the unpacked member.
    pub tensor: Tensor,
    /// Bytes of the file before the member's.
    start: u64,
    /// The member's bytes in the file.
    packed: u64,
}

impl PackedTensor {
    /// The tensor's bytes.
    ///
    /// # Errors
    /// They cannot be read or unpacked, or there are fewer.
    pub fn open<'a>(&self, input: &'a mut dyn Input) -> io::Result<impl Read + 'a> {
        let mut bytes = unpacked(input, self.start, self.packed)?;
        let skipped = io::copy(&mut bytes.by_ref().take(self.tensor.start), &mut io::sink())?;
        if skipped < self.tensor.start {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(bytes.take(self.tensor.length))
    }

    /// What comes before the tensor's bytes in its member: a header of NumPy's.
    ///
    /// # Errors
    /// It cannot be read or unpacked.
    pub fn open_header<'a>(&self, input: &'a mut dyn Input) -> io::Result<impl Read + 'a> {
        Ok(unpacked(input, self.start, self.packed)?.take(self.tensor.start.min(HEADER)))
    }
}

fn unpacked(
    input: &mut dyn Input,
    start: u64,
    packed: u64,
) -> io::Result<DeflateDecoder<BufReader<Take<&mut dyn Input>>>> {
    input.seek(SeekFrom::Start(start))?;
    Ok(DeflateDecoder::new(BufReader::new(input.take(packed))))
}

/// The arrays of NumPy in members that are compressed, as `numpy.savez_compressed` writes them. What cannot be unpacked is none.
pub(super) fn packed(input: &mut dyn Input, size: u64) -> io::Result<Vec<PackedTensor>> {
    let Some(members) = members(input, size)? else { return Ok(Vec::new()) };
    let (mut found, mut room) = (Vec::new(), MAX_UNPACKED);
    for member in members.into_iter().filter(|member| member.method == Some(8)) {
        let Some(name) = member.name.strip_suffix(".npy").filter(|name| name.len() <= MAX_NAME) else { continue };
        let Some(start) = start(input, &member, size)? else { continue };
        let mut first = Vec::new();
        if unpacked(input, start, member.packed)?.take(HEADER).read_to_end(&mut first).is_err() {
            continue;
        }
        let array = npy::array(&mut Cursor::new(first), 0, member.size)?;
        let Some(array) = array else { continue };
        if array.length > room || found.len() == MAX_TENSORS {
            break;
        }
        room -= array.length;
        let tensor = Tensor { name: name.to_owned(), ..array };
        found.push(PackedTensor { tensor, start, packed: member.packed });
    }
    Ok(found)
}

/// The members of the archive of `size` bytes, in the directory's order; none if it is no archive.
pub(crate) fn members(input: &mut dyn Input, size: u64) -> io::Result<Option<Vec<Member>>> {
    let Some((start, length)) = directory(input, size)? else { return Ok(None) };
    Ok(read_at(input, start, length, MAX_DIRECTORY)?.map(|bytes| listed(&bytes)))
}

/// Where the bytes of `member` begin, if all of them lie in the archive of `size` bytes.
pub(crate) fn start(input: &mut dyn Input, member: &Member, size: u64) -> io::Result<Option<u64>> {
    let Some(local) = read_at(input, member.header, LOCAL, LOCAL)? else { return Ok(None) };
    if local[..4] != LOCAL_MAGIC {
        return Ok(None);
    }
    let names = number(&local[26..28]) + number(&local[28..30]);
    let start = member.header + LOCAL + names;
    Ok(start.checked_add(member.packed).is_some_and(|end| end <= size).then_some(start))
}

/// The number of a PyTorch storage: `archive/data/17`, the archive having any name. Its type stands in a pickle.
fn storage_of(name: &str) -> Option<&str> {
    let (_, rest) = name.split_once('/')?;
    let number = rest.strip_prefix("data/")?;
    number.bytes().all(|b| b.is_ascii_digit()).then_some(rest)
}

/// Where the central directory is, and its length.
fn directory(input: &mut dyn Input, size: u64) -> io::Result<Option<(u64, u64)>> {
    let tail_length = size.min(END + LONGEST_COMMENT);
    let tail_start = size - tail_length;
    let Some(tail) = read_at(input, tail_start, tail_length, END + LONGEST_COMMENT)? else { return Ok(None) };
    let Some(at) = tail.windows(END as usize).rposition(|w| w[..4] == END_MAGIC) else { return Ok(None) };
    let end = &tail[at..];
    let (length, start) = (number(&end[12..16]), number(&end[16..20]));
    if length != ELSEWHERE && start != ELSEWHERE && number(&end[10..12]) != 0xFFFF {
        return Ok(Some((start, length)));
    }
    let Some(locator) = at.checked_sub(20).map(|at| &tail[at..at + 20]).filter(|l| l[..4] == LOCATOR64_MAGIC) else {
        return Ok(None);
    };
    let Some(end) = read_at(input, number(&locator[8..16]), 56, 56)? else { return Ok(None) };
    Ok((end[..4] == END64_MAGIC).then(|| (number(&end[48..56]), number(&end[40..48]))))
}

fn listed(mut directory: &[u8]) -> Vec<Member> {
    let mut members = Vec::new();
    while let Some((entry, rest)) = directory.split_at_checked(46) {
        if entry[..4] != ENTRY_MAGIC {
            break;
        }
        let [name, extra, comment] = [28, 30, 32].map(|at| number(&entry[at..at + 2]) as usize);
        let Some((variable, rest)) = rest.split_at_checked(name + extra + comment) else { break };
        directory = rest;
        let encrypted = entry[8] & 1 != 0;
        let [packed, size, header] = sizes64(entry, &variable[name..name + extra]);
        members.push(Member {
            name: String::from_utf8_lossy(&variable[..name]).into_owned(),
            method: (!encrypted).then(|| number(&entry[10..12])),
            packed,
            size,
            header,
        });
    }
    members
}

/// Stored size, size, and place of the header; each that is too large stands in the extra field 1, in the order of the
/// record: size, stored size, place.
fn sizes64(entry: &[u8], mut extra: &[u8]) -> [u64; 3] {
    let [mut packed, mut size] = [20, 24].map(|at| number(&entry[at..at + 4]));
    let mut header = number(&entry[42..46]);
    while let Some((head, rest)) = extra.split_at_checked(4) {
        let Some((mut field, rest)) = rest.split_at_checked(number(&head[2..4]) as usize) else { break };
        extra = rest;
        if number(&head[..2]) != 1 {
            continue;
        }
        for value in [&mut size, &mut packed, &mut header] {
            if *value == ELSEWHERE
                && let Some((long, rest)) = field.split_at_checked(8)
            {
                *value = number(long);
                field = rest;
            }
        }
    }
    [packed, size, header]
}

/// Little-endian, of up to 8 bytes.
fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |n, byte| n << 8 | u64::from(*byte))
}
