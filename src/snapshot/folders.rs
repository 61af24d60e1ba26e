//! Flat lists of files ⇄ trees of folders.

use crate::digest::{Digest, Hasher};
use crate::format::tree::{EntryKind, TreeEntry, TreeRecord};
use crate::id::{FileId, TreeId};
use crate::store::{Store, StoreError, Writer};

/// Folders nest at most this deep.
pub(super) const MAX_DEPTH: usize = 2048;

/// A file in a stored tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeFile {
    /// `/`-separated, relative to the tree.
    pub path: String,
    /// What it is.
    pub kind: EntryKind,
    /// Its bytes; none for a symbolic link.
    pub id: Option<FileId>,
    /// Size in bytes.
    pub size: u64,
    /// A symbolic link's target.
    pub target: Option<String>,
}

/// What is told apart by everything a tree says of `files`.
pub(super) fn digest(files: &[TreeFile]) -> Digest {
    let mut hasher = Hasher::default();
    for file in files {
        let target = file.target.as_deref().unwrap_or_default();
        for text in [file.path.as_str(), target] {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        }
        hasher.update(&[file.kind as u8, u8::from(file.id.is_some())]);
        hasher.update(&file.size.to_le_bytes());
        hasher.update(file.id.map_or([0; 32], |id| *id.digest().as_bytes()).as_slice());
    }
    hasher.finish()
}

/// Stores the tree of `files`; beside it, those of all their folders, the outermost first.
pub(super) fn put(writer: &mut Writer<'_>, files: &[TreeFile]) -> Result<(TreeId, Vec<TreeId>), StoreError> {
    // What lies in one folder lies together then.
    let mut sorted: Vec<&TreeFile> = files.iter().collect();
    sorted.sort_by(|a, b| a.path.cmp(&b.path));
    let mut all = Vec::new();
    let (tree, _) = put_folder(writer, &sorted, 0, &mut all)?;
    all.reverse();
    Ok((tree, all))
}

/// Stores the folder of `files`, whose paths have its own, of so many bytes, before them.
fn put_folder(
    writer: &mut Writer<'_>,
    files: &[&TreeFile],
    above: usize,
    all: &mut Vec<TreeId>,
) -> Result<(TreeId, u64), StoreError> {
    let folder_in = |file: &TreeFile| file.path[above..].split_once('/').map(|(folder, _)| folder.to_owned());
    let mut entries = Vec::new();
    let mut total = 0;
    for together in files.chunk_by(|a, b| {
        let (a, b) = (&a.path[above..], &b.path[above..]);
        a.split_once('/').is_some_and(|(folder, _)| b.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')))
    }) {
        let file = together[0];
        let (name, kind, id, size, target) = match folder_in(file) {
            Some(name) => {
                let (id, size) = put_folder(writer, together, above + name.len() + 1, all)?;
                (name, EntryKind::Folder, Some(id.digest()), size, None)
            }
            None => {
                let id = file.id.map(|id| id.digest());
                (file.path[above..].to_owned(), file.kind, id, file.size, file.target.clone())
            }
        };
        total += size;
        entries.push(TreeEntry { name, kind, id, size, target });
    }
    let tree = writer.put_tree(&TreeRecord::new(entries))?;
    all.push(tree);
    Ok((tree, total))
}

/// Every file below a stored tree, sorted by path.
pub fn files_of(store: &Store, tree: TreeId) -> Result<Vec<TreeFile>, StoreError> {
    let mut files = Vec::new();
    let mut folders = vec![(String::new(), tree, 0)];
    while let Some((above, id, depth)) = folders.pop() {
        for entry in store.tree(id)?.entries {
            let path = if above.is_empty() { entry.name } else { format!("{above}/{}", entry.name) };
            match (entry.kind, entry.id) {
                (EntryKind::Folder, Some(id)) if depth < MAX_DEPTH => folders.push((path, TreeId::new(id), depth + 1)),
                (kind, id) => {
                    files.push(TreeFile { path, kind, id: id.map(FileId::new), size: entry.size, target: entry.target })
                }
            }
        }
    }
    files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}
