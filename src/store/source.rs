//! Where the bytes of a file come from.

use std::io::{self, Read};

use crate::layout::Tensor;

/// Bytes to be stored as a file.
pub trait Source: Sync {
    /// How many there are.
    fn size(&self) -> u64;
    /// The tensors in them, as their own header tells.
    fn tensors(&self) -> io::Result<Vec<Tensor>> {
        Ok(Vec::new())
    }
    /// Begins to read them.
    fn open(&self) -> io::Result<Box<dyn Read + Send + '_>>;
    /// Called when `read` bytes were read to the end: whether they are still what they were.
    fn finished(&self, read: u64) -> io::Result<()>;
}

/// Bytes that are in memory already.
pub(super) struct InMemory<'a>(pub(super) &'a [u8]);

impl Source for InMemory<'_> {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn open(&self) -> io::Result<Box<dyn Read + Send + '_>> {
        Ok(Box::new(self.0))
    }

    fn finished(&self, _: u64) -> io::Result<()> {
        Ok(())
    }
}
