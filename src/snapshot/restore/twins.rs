//! Files of a workspace that are known to be what is to be restored: where the file system can, they share their bytes.
//!
//! What objects are made of lies in packs where no file system could share it. A file that is still as it was when it was
//! stored can be cloned instead of decoded; it is hashed like every other before it counts.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Seek};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::digest::Digest;
use crate::id::FileId;

/// Where files may lie that are wanted.
#[derive(Debug, Default)]
pub struct Twins {
    paths: HashMap<FileId, PathBuf>,
    /// Once a file system has refused, it is not asked again.
    refused: AtomicBool,
}

impl Twins {
    /// Smaller files are decoded faster than they are found.
    pub const WORTH: u64 = 1 << 20;

    /// Files by what they hashed to when they were read last. Nothing rests on it: they may have changed since.
    pub fn new(paths: impl IntoIterator<Item = (FileId, PathBuf)>) -> Self {
        Self { paths: paths.into_iter().collect(), refused: false.into() }
    }

    /// Makes `file`, which is empty, share the bytes of `size` that hash to `id`; whether it did. If not, it is empty again.
    pub(super) fn share(&self, id: FileId, size: u64, file: &mut File) -> io::Result<bool> {
        if size < Self::WORTH || self.refused.load(Ordering::Relaxed) {
            return Ok(false);
        }
        let Some(path) = self.paths.get(&id) else { return Ok(false) };
        // Before it is opened: a pipe that took the file's place would be waited for.
        if !fs::metadata(path).is_ok_and(|data| data.is_file() && data.len() == size) {
            return Ok(false);
        }
        let Ok(twin) = File::open(path) else { return Ok(false) };
        if clone(file, &twin).is_err() {
            self.refused.store(true, Ordering::Relaxed);
            return Ok(false);
        }
        file.rewind()?;
        if Digest::of_reader(&mut *file)?.0 == id.digest() {
            return Ok(true);
        }
        file.set_len(0)?;
        file.rewind()?;
        Ok(false)
    }
}

/// Makes `file`, which is empty, share the bytes of `twin`, where the file system can.
#[cfg(target_os = "linux")]
pub(super) fn clone(file: &File, twin: &File) -> io::Result<()> {
    Ok(rustix::fs::ioctl_ficlone(file, twin)?)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn clone(_: &File, _: &File) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
