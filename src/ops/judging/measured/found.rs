//! Files that were found, in a store or elsewhere.

use std::collections::HashMap;
use std::path::PathBuf;

use crate::id::FileId;
use crate::snapshot::TreeFile;

/// Files and where those of them lie that no store holds.
#[derive(Default)]
pub(super) struct Found {
    pub files: Vec<TreeFile>,
    pub from: HashMap<FileId, PathBuf>,
}
