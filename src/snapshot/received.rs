//! A file that comes as a stream. A small one is held in memory; a larger one in a file of the store that has no name, so that it is cut
//! where it would be if it lay on a disk.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, Write};

use crate::layout::{self, Layout};
use crate::store::{Source, Store, cut};

/// A file that was received.
#[derive(Debug)]
pub struct Received {
    content: Content,
    size: u64,
}

#[derive(Debug)]
enum Content {
    Memory(Vec<u8>),
    Scratch(File),
}

impl Received {
    /// Reads to the end of `bytes`, of which there are to be `size`.
    ///
    /// # Errors
    ///
    /// The system's, or that there are not as many.
    pub fn read(store: &Store, bytes: &mut dyn Read, size: u64) -> io::Result<Self> {
        let mut bytes = bytes.take(size.saturating_add(1));
        let scratch = if size > cut::WHOLE as u64 { store.backend().scratch().ok() } else { None };
        let (content, read) = match scratch {
            Some(mut file) => {
                let read = io::copy(&mut bytes, &mut file)?;
                file.flush()?;
                (Content::Scratch(file), read)
            }
            None => {
                let mut held = Vec::new();
                let read = bytes.read_to_end(&mut held)? as u64;
                (Content::Memory(held), read)
            }
        };
        if read == size { Ok(Self { content, size }) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    /// Whether it takes memory.
    pub const fn is_held(&self) -> bool {
        matches!(self.content, Content::Memory(_))
    }
}

impl Source for Received {
    fn size(&self) -> u64 {
        self.size
    }

    fn layout(&self) -> io::Result<Layout> {
        match &self.content {
            Content::Memory(bytes) => layout::of(&mut Cursor::new(bytes.as_slice()), self.size),
            Content::Scratch(file) => layout::of(&mut begun(file)?, self.size),
        }
    }

    fn open(&self) -> io::Result<Box<dyn Read + Send + '_>> {
        Ok(match &self.content {
            Content::Memory(bytes) => Box::new(bytes.as_slice()),
            Content::Scratch(file) => Box::new(begun(file)?),
        })
    }

    fn finished(&self, _: u64) -> io::Result<()> {
        Ok(())
    }
}

/// From its beginning on. There is one place in it for all that read it, and they read one after another.
fn begun(file: &File) -> io::Result<File> {
    let mut file = file.try_clone()?;
    file.rewind()?;
    Ok(file)
}
