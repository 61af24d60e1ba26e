//! What a profile may hold and list.

use std::fmt;
use std::fs::File;
use std::io;

/// How much a profile may hold and list. The defaults are those of [`Self::new`].
pub struct ProfileOptions<'a> {
    /// Opens an empty file to write to and read from, which nobody sees and which is gone when it is closed.
    pub scratch: &'a (dyn Fn() -> io::Result<File> + Send + Sync),
    /// Bytes of row digests in memory, 32 for each row: 256 MiB. More are sorted on disk.
    pub digest_bytes: usize,
    /// Values in memory to find exact deciles among, 8 bytes each, of columns with more than 65 536 distinct ones: 2²⁵.
    pub exact_values: u64,
    /// Categories listed for a column: 20.
    pub categories: usize,
}

impl<'a> ProfileOptions<'a> {
    /// The limits that are documented.
    pub fn new(scratch: &'a (dyn Fn() -> io::Result<File> + Send + Sync)) -> Self {
        Self { scratch, digest_bytes: 256 << 20, exact_values: 1 << 25, categories: 20 }
    }
}

impl fmt::Debug for ProfileOptions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProfileOptions")
            .field("digest_bytes", &self.digest_bytes)
            .field("exact_values", &self.exact_values)
            .field("categories", &self.categories)
            .finish_non_exhaustive()
    }
}
