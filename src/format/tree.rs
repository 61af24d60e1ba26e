//! The tree: one folder's listing. Its id is the SHA-256 of its canonical JSON.
//!
//! Entries are sorted by the bytes of their names. No times and no mode bits but "executable": the same
//! content has the same id on every machine.
//!
//! ```json
//! {"entries":[{"id":"…","kind":"file","name":"model.joblib","size":123}],"format":"mlrun/tree/1"}
//! ```

use serde::{Deserialize, Serialize};

use super::{FormatError, canonical};
use crate::digest::Digest;

/// Name and version of the record. 1: first form.
pub const FORMAT: &str = "mlrun/tree/1";

/// A folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TreeRecord {
    /// [`FORMAT`].
    pub format: String,
    /// What is in it, sorted by name.
    pub entries: Vec<TreeEntry>,
}

/// One entry of a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TreeEntry {
    /// One path component, UTF-8.
    pub name: String,
    /// What it is.
    pub kind: EntryKind,
    /// The file's SHA-256, or the id of a folder's tree; absent for a symbolic link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Digest>,
    /// Bytes of a file, or of all files below a folder.
    pub size: u64,
    /// A symbolic link's target text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
}

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntryKind {
    /// A plain file.
    File,
    /// A file that may be executed.
    Executable,
    /// A folder.
    Folder,
    /// A link that was followed: stored and restored as the content it led to. Written no more: links are listed in the
    /// observation, so that the same bytes in a link's place are the same tree.
    Followed,
    /// A link kept as its target's text, in code trees.
    Symlink,
}

impl TreeRecord {
    /// A folder of `entries`, which are put in order here.
    pub fn new(mut entries: Vec<TreeEntry>) -> Self {
        entries.sort_by(|a, b| a.name.as_bytes().cmp(b.name.as_bytes()));
        Self { format: FORMAT.to_owned(), entries }
    }

    /// The bytes to store. What no reader would accept is not written.
    pub fn encode(&self) -> Result<Vec<u8>, FormatError> {
        self.check()?;
        canonical::encode(FORMAT, self)
    }

    /// Reads a tree and checks what no reader should have to: order, single components, ids where they belong.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let tree: Self = canonical::decode(FORMAT, bytes)?;
        tree.check()?;
        Ok(tree)
    }

    fn check(&self) -> Result<(), FormatError> {
        let malformed = |reason: String| FormatError::Malformed { kind: FORMAT, reason };
        for pair in self.entries.windows(2) {
            if pair[0].name.as_bytes() >= pair[1].name.as_bytes() {
                return Err(malformed(format!("`{}` is out of order", pair[1].name)));
            }
        }
        for entry in &self.entries {
            if !is_component(&entry.name) {
                return Err(malformed(format!("`{}` is not a path component", entry.name.escape_debug())));
            }
            let link = entry.kind == EntryKind::Symlink;
            if link != entry.target.is_some() || link == entry.id.is_some() {
                return Err(malformed(format!("`{}` lacks an id or a target", entry.name)));
            }
        }
        Ok(())
    }
}

/// Whether a name can stand between two slashes on every system we restore to.
pub fn is_component(name: &str) -> bool {
    !name.is_empty()
        && name != "."
        && name != ".."
        && name.len() <= 255
        && !name.contains(['/', '\\'])
        && !name.contains(char::is_control)
}
