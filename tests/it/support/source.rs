//! Bytes as a source of the store, well-behaved or not.

use std::io::{self, Read};

use mlrun::store::Source;

/// Bytes in memory.
pub struct Bytes(pub Vec<u8>);

impl Source for Bytes {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn open(&self) -> io::Result<Box<dyn Read + Send + '_>> {
        Ok(Box::new(self.0.as_slice()))
    }

    fn finished(&self, read: u64) -> io::Result<()> {
        if read == self.size() { Ok(()) } else { Err(io::Error::other("it changed")) }
    }
}

/// Bytes that come a few at a time, with interruptions.
pub struct Dribble(pub Vec<u8>, pub usize);

struct Dripping<'a>(&'a [u8], usize, bool);

impl Read for Dripping<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.2 = !self.2;
        if self.2 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let n = self.1.min(buffer.len());
        self.0.read(&mut buffer[..n])
    }
}

impl Source for Dribble {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn open(&self) -> io::Result<Box<dyn Read + Send + '_>> {
        Ok(Box::new(Dripping(&self.0, self.1, false)))
    }

    fn finished(&self, _: u64) -> io::Result<()> {
        Ok(())
    }
}

/// A source that breaks off after `good` bytes.
pub struct Broken {
    /// What it claims to have.
    pub size: u64,
    /// What it gives.
    pub good: usize,
}

struct BreaksOff(usize);

impl Read for BreaksOff {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.0 == 0 {
            return Err(io::Error::other("the cable is out"));
        }
        let n = self.0.min(buffer.len());
        buffer[..n].fill(7);
        self.0 -= n;
        Ok(n)
    }
}

impl Source for Broken {
    fn size(&self) -> u64 {
        self.size
    }

    fn open(&self) -> io::Result<Box<dyn Read + Send + '_>> {
        Ok(Box::new(BreaksOff(self.good)))
    }

    fn finished(&self, _: u64) -> io::Result<()> {
        Ok(())
    }
}

/// A source that is another one by the time it was read.
pub struct Changing(pub Vec<u8>);

impl Source for Changing {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn open(&self) -> io::Result<Box<dyn Read + Send + '_>> {
        Ok(Box::new(self.0.as_slice()))
    }

    fn finished(&self, _: u64) -> io::Result<()> {
        Err(io::Error::other("it changed while it was read"))
    }
}

/// A file in memory, which tells what lies where in it.
pub struct ModelFile(pub Vec<u8>);

impl Source for ModelFile {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn layout(&self) -> io::Result<mlrun::layout::Layout> {
        mlrun::layout::of(&mut io::Cursor::new(&self.0), self.size())
    }

    fn open(&self) -> io::Result<Box<dyn Read + Send + '_>> {
        Ok(Box::new(self.0.as_slice()))
    }

    fn finished(&self, _: u64) -> io::Result<()> {
        Ok(())
    }
}
