//! Where files are cut into blocks: FastCDC (2020, normalisation level 1), so that an edit changes the blocks it touches
//! and no others. The parameters are part of the format; golden cut points pin the algorithm.
//!
//! A plan that knows the file's layout can take this one's place: putting a file together again needs only its recipe.

use fastcdc::v2020::FastCDC;

/// Files up to this size are one block.
pub const WHOLE: usize = 256 << 10;
/// The shortest block, unless the file ends.
pub const MINIMUM: usize = 128 << 10;
/// The average block.
pub const AVERAGE: usize = 512 << 10;
/// The longest block.
pub const MAXIMUM: usize = 2 << 20;

/// Cuts a stream that arrives in buffers.
#[derive(Debug, Default)]
pub struct Cutter {
    pending: Vec<u8>,
}

impl Cutter {
    /// Adds `bytes`; hands every block that is certain to `block`.
    pub fn push<E>(&mut self, bytes: &[u8], block: impl FnMut(Vec<u8>) -> Result<(), E>) -> Result<(), E> {
        self.pending.extend_from_slice(bytes);
        self.cut(MAXIMUM, block)
    }

    /// Hands what is left to `block`. A stream of at most [`WHOLE`] bytes is one block.
    pub fn finish<E>(mut self, total: u64, mut block: impl FnMut(Vec<u8>) -> Result<(), E>) -> Result<(), E> {
        if total <= WHOLE as u64 {
            return if self.pending.is_empty() { Ok(()) } else { block(self.pending) };
        }
        self.cut(1, block)
    }

    /// Cuts while at least `needed` bytes are at hand.
    fn cut<E>(&mut self, needed: usize, mut block: impl FnMut(Vec<u8>) -> Result<(), E>) -> Result<(), E> {
        let mut start = 0;
        let cutter = FastCDC::new(&self.pending, MINIMUM, AVERAGE, MAXIMUM);
        while self.pending.len() - start >= needed {
            let (_, end) = cutter.cut(start, self.pending.len() - start);
            block(self.pending[start..end].to_vec())?;
            start = end;
        }
        self.pending.drain(..start);
        Ok(())
    }
}
