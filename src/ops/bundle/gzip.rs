//! gzip on all processors: one member, as `pigz` makes it, whose bytes depend on nothing but what is put in.
//!
//! The input is cut into pieces of one size. Each is deflated by itself and ends on a whole byte, so that the pieces behind each
//! other are one stream, however many threads there were.

use std::io::{self, Write};

use flate2::{Compress, Compression, Crc, FlushCompress, Status};
use rayon::prelude::*;

/// Bytes of a piece: losing what was seen before it costs nothing that could be measured.
const PIECE: usize = 512 << 10;
/// Pieces at a time: 8 MiB of input in memory, and as much output.
const BATCH: usize = 16;
/// The first level with codes of its own for every piece, which is what the exponents of weights need; slower ones gain little there.
const LEVEL: u32 = 2;
/// No time, no name, an unknown system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
/// A last block with nothing in it.
const LAST: [u8; 2] = [3, 0];

/// Compresses what is written to it.
pub(super) struct Gzip<W: Write> {
    out: W,
    pending: Vec<u8>,
    crc: Crc,
    has_begun: bool,
}

impl<W: Write> Gzip<W> {
    /// Into `out`.
    pub(super) fn new(out: W) -> Self {
        Self { out, pending: Vec::new(), crc: Crc::new(), has_begun: false }
    }

    /// Writes the end; what was written to.
    pub(super) fn finish(mut self) -> io::Result<W> {
        self.compress()?;
        self.out.write_all(&LAST)?;
        self.out.write_all(&self.crc.sum().to_le_bytes())?;
        self.out.write_all(&self.crc.amount().to_le_bytes())?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn compress(&mut self) -> io::Result<()> {
        if !self.has_begun {
            self.out.write_all(&HEADER)?;
            self.has_begun = true;
        }
        let pieces: Vec<io::Result<(Vec<u8>, Crc)>> = self.pending.par_chunks(PIECE).map(deflated).collect();
        for piece in pieces {
            let (bytes, crc) = piece?;
            self.out.write_all(&bytes)?;
            self.crc.combine(&crc);
        }
        self.pending.clear();
        Ok(())
    }
}

impl<W: Write> Write for Gzip<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(BATCH * PIECE - self.pending.len());
        self.pending.extend_from_slice(&bytes[..taken]);
        if self.pending.len() == BATCH * PIECE {
            self.compress()?;
        }
        Ok(taken)
    }

    /// Pieces are cut by their size alone: what is pending stays so until the end.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A piece, deflated up to a whole byte, and its checksum.
fn deflated(piece: &[u8]) -> io::Result<(Vec<u8>, Crc)> {
    let mut crc = Crc::new();
    crc.update(piece);
    let mut compress = Compress::new(Compression::new(LEVEL), false);
    let mut out = Vec::with_capacity(piece.len() + piece.len() / 256 + 64);
    loop {
        let read = usize::try_from(compress.total_in()).unwrap_or(usize::MAX);
        let rest = piece.get(read..).unwrap_or_default();
        let status = compress.compress_vec(rest, &mut out, FlushCompress::Sync).map_err(io::Error::other)?;
        let is_taken = compress.total_in() == piece.len() as u64;
        // There is more to come only where the room was used up.
        if is_taken && out.len() < out.capacity() {
            return Ok((out, crc));
        }
        if status == Status::StreamEnd {
            return Err(io::Error::other("the compressor ended early"));
        }
        out.reserve(PIECE / 8);
    }
}
