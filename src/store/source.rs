//! Where the bytes of a file come from.

use std::io::{self, Read};

use crate::layout::Layout;

/// Bytes to be stored as a file.
pub trait Source: Sync {
    /// How many there are.
    fn size(&self) -> u64;
    /// What lies where in them, as they say themselves.
    fn layout(&self) -> io::Result<Layout> {
        Ok(Layout::Unknown)
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
