//! A new file whose long runs of zeros take no room, where the file system knows holes.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};

/// A shorter run is written: a hole costs the file system more than it saves.
const SHORTEST: usize = 128 << 10;

/// Writes a file from its beginning to its end.
pub(super) struct WithHoles {
    file: File,
    ends_in_hole: bool,
}

impl WithHoles {
    /// For a file that is new and empty.
    pub(super) const fn new(file: File) -> Self {
        Self { file, ends_in_hole: false }
    }

    pub(super) const fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// The file, as long as what was written.
    pub(super) fn finish(mut self) -> io::Result<File> {
        if self.ends_in_hole {
            let length = self.file.stream_position()?;
            self.file.set_len(length)?;
        }
        Ok(self.file)
    }
}

impl Write for WithHoles {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.ends_in_hole = bytes.len() >= SHORTEST && is_zero(bytes);
        if self.ends_in_hole {
            self.file.seek(SeekFrom::Current(bytes.len() as i64))?;
            return Ok(bytes.len());
        }
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn is_zero(bytes: &[u8]) -> bool {
    const ZEROS: [u8; 4096] = [0; 4096];
    bytes.chunks(ZEROS.len()).all(|part| *part == ZEROS[..part.len()])
}
