//! The entropy coders, all of the zstd library, kept for each thread: on large files, fresh memory costs as much as hashing.

use std::cell::RefCell;
use std::io;

use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe::{CParameter, ParamSwitch};

/// Which coder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effort {
    /// Finds matches: for text, for whatever is not known, and where differences are mostly zero.
    Matches,
    /// Huffman codes alone: twice as fast, and no worse where nothing repeats.
    Huffman,
}

/// Finds matches.
const LEVEL: i32 = 1;
/// The lowest level there is looks for next to none. At -100 the few it finds cost 3 % of an exponent plane, and time both
/// ways. Negative levels keep literals as they are unless told otherwise.
const NO_MATCHES: i32 = -131_072;

pub(super) struct Coders {
    matches: Compressor<'static>,
    huffman: Compressor<'static>,
    decompressor: Decompressor<'static>,
    /// Buffers for whoever codes.
    pub(super) scratch: Scratch,
}

/// Buffers that keep their memory.
#[derive(Default)]
pub(super) struct Scratch {
    /// A block's planes.
    pub(super) planes: Vec<u8>,
    /// A block, decoded to be sure.
    pub(super) check: Vec<u8>,
    /// A sample's planes.
    pub(super) sample: Vec<u8>,
    /// A sample, coded.
    pub(super) coded: Vec<u8>,
}

thread_local! {
    static CODERS: RefCell<Option<Coders>> = const { RefCell::new(None) };
}

/// Lends this thread's coders.
pub(super) fn with<T>(work: impl FnOnce(&mut Coders) -> io::Result<T>) -> io::Result<T> {
    CODERS.with_borrow_mut(|slot| match slot {
        Some(coders) => work(coders),
        None => work(slot.insert(Coders::new()?)),
    })
}

impl Coders {
    fn new() -> io::Result<Self> {
        let mut huffman = Compressor::new(NO_MATCHES)?;
        huffman.set_parameter(CParameter::LiteralCompressionMode(ParamSwitch::Enable))?;
        Ok(Self {
            matches: Compressor::new(LEVEL)?,
            huffman,
            decompressor: Decompressor::new()?,
            scratch: Scratch::default(),
        })
    }

    /// Codes `plain` behind what `coded` holds; the number of bytes added.
    pub(super) fn compress(&mut self, effort: Effort, plain: &[u8], coded: &mut Vec<u8>) -> io::Result<usize> {
        let start = coded.len();
        coded.resize(start + zstd::zstd_safe::compress_bound(plain.len()), 0);
        let coder = match effort {
            Effort::Matches => &mut self.matches,
            Effort::Huffman => &mut self.huffman,
        };
        let length = coder.compress_to_buffer(plain, &mut coded[start..])?;
        coded.truncate(start + length);
        Ok(length)
    }

    /// Decodes `coded` into `plain`, which it fills.
    pub(super) fn decompress(&mut self, coded: &[u8], plain: &mut [u8]) -> io::Result<()> {
        let length = self.decompressor.decompress_to_buffer(coded, plain)?;
        if length == plain.len() { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}
