//! What a file's bytes are as text, told by their begin: patterns are over bytes that extend ASCII, and UTF-16 is made that.

use std::io::{self, Read};

/// Bytes that tell.
pub(super) const HEAD: usize = 8 << 10;
/// Bytes that are decoded at once; even, as the units are.
const PIECE: u64 = 64 << 10;

/// How text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// ASCII and what extends it: UTF-8, Latin-1.
    Ascii,
    /// Two bytes a unit, as Windows' shells write it.
    Utf16(ByteOrder),
}

/// Which byte of a unit comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ByteOrder {
    /// The lower.
    Little,
    /// The higher.
    Big,
}

impl Encoding {
    /// The encoding of bytes that begin so; none if they are no text.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        let head = &bytes[..bytes.len().min(HEAD)];
        match head {
            [0xff, 0xfe, ..] => return Some(Self::Utf16(ByteOrder::Little)),
            [0xfe, 0xff, ..] => return Some(Self::Utf16(ByteOrder::Big)),
            _ if !head.contains(&0) => return Some(Self::Ascii),
            _ => {}
        }
        // Without a mark: where the higher bytes are all NUL, and the lower ones never.
        let of_unit = |at: usize| head.iter().skip(at).step_by(2);
        let (even, odd) = (of_unit(0).filter(|b| **b == 0).count(), of_unit(1).filter(|b| **b == 0).count());
        match (even, odd) {
            (0, odd) if odd == of_unit(1).count() => Some(Self::Utf16(ByteOrder::Little)),
            (even, 0) if even == of_unit(0).count() && even > 1 => Some(Self::Utf16(ByteOrder::Big)),
            _ => None,
        }
    }
}

/// UTF-16 as UTF-8. What is no character becomes U+FFFD.
#[derive(Debug)]
pub(super) struct Utf8<R> {
    input: R,
    order: ByteOrder,
    read: u64,
    /// Bytes that are not decoded yet.
    units: Vec<u8>,
    decoded: Vec<u8>,
    /// Of them, these are given.
    given: usize,
}

impl<R: Read> Utf8<R> {
    /// Decodes what `input` gives.
    pub(super) const fn of(input: R, order: ByteOrder) -> Self {
        Self { input, order, read: 0, units: Vec::new(), decoded: Vec::new(), given: 0 }
    }

    /// Bytes of the input so far.
    pub(super) const fn read(&self) -> u64 {
        self.read
    }

    fn decode(&mut self) -> io::Result<()> {
        let more = (&mut self.input).take(PIECE).read_to_end(&mut self.units)? as u64;
        self.read += more;
        let at_end = more < PIECE;
        let of_order = match self.order {
            ByteOrder::Little => u16::from_le_bytes,
            ByteOrder::Big => u16::from_be_bytes,
        };
        let mut units: Vec<u16> = self.units.as_chunks().0.iter().map(|unit| of_order(*unit)).collect();
        // The other half of a pair is in the next piece.
        if !at_end && units.last().is_some_and(|unit| (0xd800..0xdc00).contains(unit)) {
            units.pop();
        }
        self.units.drain(..units.len() * 2);
        if at_end {
            self.units.clear();
        }
        self.decoded = String::from_utf16_lossy(&units).into_bytes();
        self.given = 0;
        Ok(())
    }
}

impl<R: Read> Read for Utf8<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given == self.decoded.len() {
            self.decode()?;
        }
        let left = &self.decoded[self.given..];
        let length = left.len().min(buffer.len());
        buffer[..length].copy_from_slice(&left[..length]);
        self.given += length;
        Ok(length)
    }
}
