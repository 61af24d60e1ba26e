//! GGUF: `GGUF`, a version (4), counts of tensors and of metadata (8 each), the metadata, one entry for each tensor, padding,
//! the tensors' bytes. All numbers are little-endian; a text is its length (8) and its bytes.
//!
//! An entry is a name, the number of dimensions (4), the dimensions (8 each, the fastest first), a type (4) and the offset
//! of its bytes from the first tensor's. Source: ggml's `docs/gguf.md`; the types' sizes are those of its
//! `GGML_QUANT_SIZES`. A tensor of a type that is not known has the bytes up to the next one, `type-99` by name.

use std::io::{self, BufReader, Read, SeekFrom};

use super::{Elements, Input, MAX_NAME, MAX_RANK, MAX_TENSORS, Tensor};

/// Headers hold a vocabulary: some have megabytes.
const MAX_HEADER: u64 = 100_000_000;
/// More entries of metadata than this, and a file is taken for bytes.
const MAX_METADATA: u64 = 1 << 20;
const ALIGNMENT: u64 = 32;

/// In the place of a length, until the next tensor's place is known.
const UNKNOWN: u64 = u64::MAX;

const STRING: u32 = 8;
const ARRAY: u32 = 9;

pub(super) fn tensors(input: &mut dyn Input, size: u64) -> io::Result<Option<Vec<Tensor>>> {
    if input.seek(SeekFrom::Start(0)).is_err() {
        return Ok(None);
    }
    let mut header = Header { input: BufReader::new(input.take(size.min(MAX_HEADER))), read: 0 };
    Ok(header.tensors(size))
}

/// The bytes before the tensors, from the first on.
struct Header<R> {
    input: R,
    read: u64,
}

impl<R: Read> Header<R> {
    /// None where it ends too soon, or says what no file does.
    fn tensors(&mut self, size: u64) -> Option<Vec<Tensor>> {
        let [b'G', b'G', b'U', b'F', 2 | 3, 0, 0, 0] = self.bytes()? else { return None };
        let (count, metadata) = (self.long()?, self.long()?);
        if count > MAX_TENSORS as u64 || metadata > MAX_METADATA {
            return None;
        }
        let mut alignment = ALIGNMENT;
        for _ in 0..metadata {
            let key = self.text()?;
            let kind = self.number()?;
            if key == "general.alignment" && kind == 4 {
                alignment = self.number()?.into();
            } else {
                self.skip_value(kind)?;
            }
        }
        let mut tensors: Vec<Tensor> = (0..count).map(|_| self.tensor()).collect::<Option<_>>()?;
        let start = self.read.checked_next_multiple_of(alignment)?;
        for tensor in &mut tensors {
            tensor.start = tensor.start.checked_add(start)?;
        }
        let mut starts: Vec<u64> = tensors.iter().map(|tensor| tensor.start).chain([size]).collect();
        starts.sort_unstable();
        for tensor in tensors.iter_mut().filter(|tensor| tensor.length == UNKNOWN) {
            let next = starts.get(starts.partition_point(|start| *start <= tensor.start));
            tensor.length = next.map_or(UNKNOWN, |next| next - tensor.start);
        }
        Some(tensors)
    }

    fn tensor(&mut self) -> Option<Tensor> {
        let name = self.text()?;
        let rank = self.number()? as usize;
        if rank > MAX_RANK {
            return None;
        }
        let shape: Vec<u64> = (0..rank).map(|_| self.long()).collect::<Option<_>>()?;
        let number = self.number()?;
        let count = shape.iter().try_fold(1_u64, |count, side| count.checked_mul(*side))?;
        let Some((dtype, elements, block, bytes)) = kind_of(number) else {
            let (dtype, start) = (format!("type-{number}"), self.long()?);
            return Some(Tensor { name, dtype, shape, elements: Elements::Opaque, start, length: UNKNOWN });
        };
        let length = if count.is_multiple_of(block) { (count / block).checked_mul(bytes)? } else { return None };
        let start = self.long()?;
        Some(Tensor { name, dtype: dtype.to_owned(), shape, elements, start, length })
    }

    fn skip_value(&mut self, kind: u32) -> Option<()> {
        match kind {
            STRING => {
                let length = self.long()?;
                self.skip(length)
            }
            ARRAY => {
                let (kind, count) = (self.number()?, self.long()?);
                match kind {
                    STRING => (0..count).try_for_each(|_| self.skip_value(STRING)),
                    // Arrays of arrays are allowed, and nobody writes them.
                    ARRAY => None,
                    kind => self.skip(width(kind)?.checked_mul(count)?),
                }
            }
            kind => self.skip(width(kind)?),
        }
    }

    fn text(&mut self) -> Option<String> {
        let length = usize::try_from(self.long()?).ok().filter(|length| *length <= MAX_NAME)?;
        let mut bytes = vec![0; length];
        self.fill(&mut bytes)?;
        String::from_utf8(bytes).ok()
    }

    fn number(&mut self) -> Option<u32> {
        self.bytes().map(u32::from_le_bytes)
    }

    fn long(&mut self) -> Option<u64> {
        self.bytes().map(u64::from_le_bytes)
    }

    fn bytes<const N: usize>(&mut self) -> Option<[u8; N]> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Some(bytes)
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Option<()> {
        self.input.read_exact(bytes).ok()?;
        self.read += bytes.len() as u64;
        Some(())
    }

    fn skip(&mut self, length: u64) -> Option<()> {
        let skipped = io::copy(&mut self.input.by_ref().take(length), &mut io::sink()).ok()?;
        self.read += skipped;
        (skipped == length).then_some(())
    }
}

/// Bytes of a value of metadata.
const fn width(kind: u32) -> Option<u64> {
    Some(match kind {
        0 | 1 | 7 => 1,
        2 | 3 => 2,
        4..=6 => 4,
        10..=12 => 8,
        _ => return None,
    })
}

/// A type's name, what its elements are, how many of them lie together in how many bytes.
const fn kind_of(number: u32) -> Option<(&'static str, Elements, u64, u64)> {
    const fn plain(dtype: &'static str, width: u8, float: bool) -> (&'static str, Elements, u64, u64) {
        (dtype, Elements::Known { width, float }, 1, width as u64)
    }
    const fn packed(dtype: &'static str, block: u64, bytes: u64) -> (&'static str, Elements, u64, u64) {
        (dtype, Elements::Opaque, block, bytes)
    }
    Some(match number {
        0 => plain("F32", 4, true),
        1 => plain("F16", 2, true),
        2 => packed("Q4_0", 32, 18),
        3 => packed("Q4_1", 32, 20),
        6 => packed("Q5_0", 32, 22),
        7 => packed("Q5_1", 32, 24),
        8 => packed("Q8_0", 32, 34),
        9 => packed("Q8_1", 32, 40),
        10 => packed("Q2_K", 256, 84),
        11 => packed("Q3_K", 256, 110),
        12 => packed("Q4_K", 256, 144),
        13 => packed("Q5_K", 256, 176),
        14 => packed("Q6_K", 256, 210),
        15 => packed("Q8_K", 256, 292),
        16 => packed("IQ2_XXS", 256, 66),
        17 => packed("IQ2_XS", 256, 74),
        18 => packed("IQ3_XXS", 256, 98),
        19 => packed("IQ1_S", 256, 50),
        20 => packed("IQ4_NL", 32, 18),
        21 => packed("IQ3_S", 256, 110),
        22 => packed("IQ2_S", 256, 82),
        23 => packed("IQ4_XS", 256, 136),
        24 => plain("I8", 1, false),
        25 => plain("I16", 2, false),
        26 => plain("I32", 4, false),
        27 => plain("I64", 8, false),
        28 => plain("F64", 8, true),
        29 => packed("IQ1_M", 256, 56),
        30 => plain("BF16", 2, true),
        34 => packed("TQ1_0", 256, 54),
        35 => packed("TQ2_0", 256, 66),
        39 => packed("MXFP4", 32, 17),
        40 => packed("NVFP4", 64, 36),
        41 => packed("Q1_0", 128, 18),
        _ => return None,
    })
}
