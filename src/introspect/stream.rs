//! The bytes of one stream, from the first on: a part of a file, or what was packed in it. Never more than a buffer of
//! them is held, and what is skipped in a file is not read.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, SeekFrom};

use bzip2::bufread::MultiBzDecoder;
use flate2::bufread::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use lz4_flex::frame::FrameDecoder;
use lzma_rust2::{LzmaReader, XzReader};

use super::Limit;
use crate::layout::Input;

/// Bytes that are unpacked of one stream at most: a megabyte can promise a gigabyte.
const MAX_UNPACKED: u64 = 8 << 30;
/// KiB that a dictionary of LZMA may take: twice what its highest level asks for.
const LZMA_MEMORY: u32 = 128 << 10;
/// Binary logarithm of the bytes that Zstandard may look back: 128 MiB, what it writes at most unless told otherwise.
const ZSTD_WINDOW: u32 = 27;

/// Why reading stopped before its end.
#[derive(Debug)]
pub(super) enum Halt {
    /// The file cannot be read.
    Io(io::Error),
    /// It ends inside of something.
    Ended,
    /// It says what no writer says.
    Broken(&'static str),
    /// It is more than is read of any file.
    Limit(Limit),
}

pub(super) type Reading<T> = Result<T, Halt>;

const PACKED: &str = "compressed bytes that cannot be unpacked";

impl From<io::Error> for Halt {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::UnexpectedEof => Self::Ended,
            // So say the decoders, and all that they say is no word of the system's.
            ErrorKind::InvalidInput | ErrorKind::InvalidData => Self::Broken(PACKED),
            ErrorKind::Other | ErrorKind::OutOfMemory if error.raw_os_error().is_none() => Self::Broken(PACKED),
            _ => Self::Io(error),
        }
    }
}

/// How bytes are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    None,
    Zlib,
    Gzip,
    Deflate,
    Bzip2,
    Xz,
    Lzma,
    Lz4,
    Zstd,
}

/// A part of a file that can be read more than once.
pub(super) struct Source<'i> {
    pub(super) input: &'i mut dyn Input,
    pub(super) start: u64,
    pub(super) length: u64,
    pub(super) packing: Packing,
    /// Bytes of what was packed that are no part of it.
    pub(super) skipped: u64,
}

impl<'i> Source<'i> {
    pub(super) const fn new(input: &'i mut dyn Input, start: u64, length: u64, packing: Packing) -> Self {
        Self { input, start, length, packing, skipped: 0 }
    }
}

impl Source<'_> {
    /// All of it, from its first byte.
    pub(super) fn open(&mut self) -> io::Result<Stream<'_>> {
        self.input.seek(SeekFrom::Start(self.start))?;
        let plain = BufReader::new(&mut *self.input as &mut dyn Input);
        if self.packing == Packing::None {
            return Ok(Stream { bytes: Bytes::Plain(plain), at: 0, end: self.length, packed: false });
        }
        let bytes = Bytes::Packed(unpacked(self.packing, plain.take(self.length)));
        let mut stream = Stream { bytes, at: 0, end: MAX_UNPACKED, packed: true };
        if self.skipped > 0 {
            // They were read before, and are few.
            io::copy(&mut stream.buffered().take(self.skipped), &mut io::sink())?;
        }
        Ok(stream)
    }
}

/// What cannot even be begun is unpacked to nothing but its error.
fn unpacked<'a>(packing: Packing, packed: impl BufRead + 'a) -> Box<dyn BufRead + 'a> {
    match packing {
        Packing::None => Box::new(packed),
        Packing::Zlib => Box::new(BufReader::new(ZlibDecoder::new(packed))),
        Packing::Gzip => Box::new(BufReader::new(MultiGzDecoder::new(packed))),
        Packing::Deflate => Box::new(BufReader::new(DeflateDecoder::new(packed))),
        Packing::Bzip2 => Box::new(BufReader::new(MultiBzDecoder::new(packed))),
        Packing::Xz => Box::new(BufReader::new(XzReader::new_mem_limit(packed, true, LZMA_MEMORY))),
        Packing::Lzma => begun(LzmaReader::new_mem_limit(packed, LZMA_MEMORY, None)),
        Packing::Lz4 => Box::new(FrameDecoder::new(packed)),
        Packing::Zstd => begun(zstd::Decoder::with_buffer(packed).and_then(|mut decoder| {
            decoder.window_log_max(ZSTD_WINDOW)?;
            Ok(decoder)
        })),
    }
}

fn begun<'a>(decoder: io::Result<impl Read + 'a>) -> Box<dyn BufRead + 'a> {
    match decoder {
        Ok(decoder) => Box::new(BufReader::new(decoder)),
        Err(error) => Box::new(BufReader::new(Unusable(Some(error)))),
    }
}

struct Unusable(Option<io::Error>);

impl Read for Unusable {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(self.0.take().unwrap_or_else(|| ErrorKind::InvalidData.into()))
    }
}

enum Bytes<'a> {
    Plain(BufReader<&'a mut dyn Input>),
    Packed(Box<dyn BufRead + 'a>),
}

/// Bytes being read.
pub(super) struct Stream<'a> {
    bytes: Bytes<'a>,
    at: u64,
    end: u64,
    packed: bool,
}

impl Stream<'_> {
    /// Bytes before the next one.
    pub(super) const fn at(&self) -> u64 {
        self.at
    }

    fn buffered(&mut self) -> &mut dyn BufRead {
        match &mut self.bytes {
            Bytes::Plain(input) => input,
            Bytes::Packed(input) => input,
        }
    }

    /// Fails if there are not so many bytes left.
    fn require(&mut self, length: u64) -> Reading<()> {
        if self.at.checked_add(length).is_some_and(|end| end <= self.end) {
            Ok(())
        } else if self.packed && length <= self.end {
            Err(Halt::Limit(Limit::Unpacked))
        } else {
            Err(Halt::Ended)
        }
    }

    pub(super) fn byte(&mut self) -> Reading<u8> {
        self.array().map(|[byte]| byte)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Reading<[u8; N]> {
        self.require(N as u64)?;
        let mut bytes = [0; N];
        self.buffered().read_exact(&mut bytes)?;
        self.at += N as u64;
        Ok(bytes)
    }

    /// The next `length` bytes, which the caller has found to be few.
    pub(super) fn take(&mut self, length: u64) -> Reading<Vec<u8>> {
        self.require(length)?;
        let mut bytes = Vec::new();
        self.buffered().take(length).read_to_end(&mut bytes)?;
        self.at += bytes.len() as u64;
        if bytes.len() as u64 == length { Ok(bytes) } else { Err(Halt::Ended) }
    }

    pub(super) fn skip(&mut self, length: u64) -> Reading<()> {
        self.require(length)?;
        match (&mut self.bytes, i64::try_from(length)) {
            (Bytes::Plain(input), Ok(length)) => input.seek_relative(length)?,
            _ => {
                let skipped = io::copy(&mut self.buffered().take(length), &mut io::sink())?;
                if skipped != length {
                    self.at += skipped;
                    return Err(Halt::Ended);
                }
            }
        }
        self.at += length;
        Ok(())
    }

    /// From here on, only the `length` bytes at `start` are left.
    pub(super) fn part(&mut self, start: u64, length: u64) -> Reading<()> {
        self.skip(start)?;
        self.end = self.end.min(start.saturating_add(length));
        Ok(())
    }

    /// The bytes before the next newline, which is read too: at most `limit` of them are kept, and none says how many
    /// there were. An end of the file without a newline is `None`.
    pub(super) fn line(&mut self, limit: usize) -> Reading<Option<(Vec<u8>, u64)>> {
        let (mut kept, mut length) = (Vec::new(), 0);
        loop {
            let left = self.end - self.at;
            let buffer = self.buffered().fill_buf()?;
            let buffer = &buffer[..usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len())];
            if buffer.is_empty() {
                return Ok(None);
            }
            let newline = buffer.iter().position(|byte| *byte == b'\n');
            let part = &buffer[..newline.unwrap_or(buffer.len())];
            kept.extend_from_slice(&part[..part.len().min(limit - kept.len())]);
            length += part.len() as u64;
            let used = part.len() + usize::from(newline.is_some());
            self.buffered().consume(used);
            self.at += used as u64;
            if newline.is_some() {
                return Ok(Some((kept, length)));
            }
        }
    }

    /// Whether there is no byte left.
    pub(super) fn is_at_end(&mut self) -> Reading<bool> {
        Ok(self.at == self.end || self.buffered().fill_buf()?.is_empty())
    }

    /// How many bytes there are. Of what is packed, those behind the last one read only if they are to be `unpacked`; and
    /// why they could not.
    pub(super) fn size(mut self, unpacked: bool) -> (u64, Option<Halt>) {
        if !self.packed {
            return (self.end, None);
        }
        if !unpacked {
            return (self.at, None);
        }
        match io::copy(&mut self, &mut io::sink()) {
            Ok(_) if self.at == self.end => (self.at, Some(Halt::Limit(Limit::Unpacked))),
            Ok(_) => (self.at, None),
            Err(error) => (self.at, Some(error.into())),
        }
    }
}

impl Read for Stream<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end - self.at).unwrap_or(usize::MAX);
        let length = buffer.len().min(left);
        let read = self.buffered().read(&mut buffer[..length])?;
        self.at += read as u64;
        Ok(read)
    }
}
