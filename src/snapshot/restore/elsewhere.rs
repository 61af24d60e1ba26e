//! Copying a file that no store holds from where it lies: shared where the file system can, and hashed in any case.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Seek, Write};
use std::path::Path;

use super::holes::WithHoles;
use super::twins;
use crate::digest::{Digest, Hasher};
use crate::id::FileId;
use crate::progress::Progress;

/// Read at a time: 1 MiB.
const PIECE: usize = 1 << 20;

/// Why a file was not copied.
pub(super) enum CopyFailed {
    Read(io::Error),
    Write(io::Error),
    /// Its bytes are others than those it had.
    Changed,
}

/// Fills `out`, which is empty, with the bytes at `from`, which must hash to `id`.
pub(super) fn copy(
    from: &Path,
    id: FileId,
    out: &mut BufWriter<WithHoles>,
    progress: &dyn Progress,
) -> Result<(), CopyFailed> {
    // Before it is opened: a pipe that took the file's place would be waited for.
    if !fs::metadata(from).map_err(CopyFailed::Read)?.is_file() {
        return Err(CopyFailed::Changed);
    }
    let mut source = File::open(from).map_err(CopyFailed::Read)?;
    let file = out.get_mut().file();
    let found = if twins::clone(file, &source).is_ok() {
        file.rewind().map_err(CopyFailed::Write)?;
        let (digest, size) = Digest::of_reader(&mut *file).map_err(CopyFailed::Write)?;
        progress.advance(size);
        digest
    } else {
        stream(&mut source, out, progress)?
    };
    if found == id.digest() { Ok(()) } else { Err(CopyFailed::Changed) }
}

fn stream(from: &mut File, out: &mut impl Write, progress: &dyn Progress) -> Result<Digest, CopyFailed> {
    let mut hasher = Hasher::default();
    let mut piece = vec![0; PIECE];
    loop {
        match from.read(&mut piece) {
            Ok(0) => return Ok(hasher.finish()),
            Ok(read) => {
                hasher.update(&piece[..read]);
                out.write_all(&piece[..read]).map_err(CopyFailed::Write)?;
                progress.advance(read as u64);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(CopyFailed::Read(error)),
        }
    }
}
