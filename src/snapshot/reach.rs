//! Everything a stored snapshot is made of, by path, as far as it can be read: what is lost is listed, and the rest goes on.

use super::folders::MAX_DEPTH;
use crate::format::snapshot::SnapshotRecord;
use crate::format::tree::EntryKind;
use crate::id::{FileId, TreeId};
use crate::store::{Store, StoreError};

/// A snapshot's files and folders.
#[derive(Debug, Default)]
pub struct Reached {
    /// Path, id and size of every file.
    pub files: Vec<(String, FileId, u64)>,
    /// Its folders.
    pub folders: Vec<TreeId>,
    /// Folders that cannot be read.
    pub lost: Vec<Lost>,
}

/// A folder that cannot be read, with all that is in it.
#[derive(Debug)]
pub struct Lost {
    /// Its path, with a `/` behind it.
    pub path: String,
    /// Its listing.
    pub tree: TreeId,
    /// Why.
    pub error: StoreError,
}

/// Everything a snapshot keeps.
pub fn reach(store: &Store, record: &SnapshotRecord) -> Result<Reached, StoreError> {
    let mut reached = Reached::default();
    let optional = [&record.params_files, &record.metrics_files, &record.results, &record.code.tree];
    let trees = [record.model_files.tree].into_iter().chain(optional.into_iter().flatten().map(|t| t.tree));
    for tree in trees.chain(record.data.iter().filter_map(|d| d.stored)) {
        reached.descend(store, tree)?;
    }
    let predictions = record.predictions.iter().map(|p| (p.path.clone(), p.file, p.size));
    let samples = record.samples.iter().map(|s| (s.path.clone(), s.file, s.size));
    let reports = record.reports.iter().map(|r| (r.path.clone(), r.file, r.size));
    reached.files.extend(predictions.chain(samples).chain(reports));
    reached.files.extend(record.code.patch.map(|id| ("code.patch".to_owned(), id, 0)));
    Ok(reached)
}

impl Reached {
    fn descend(&mut self, store: &Store, root: TreeId) -> Result<(), StoreError> {
        let mut open = vec![(String::new(), root, 0)];
        while let Some((path, tree, depth)) = open.pop() {
            let listing = match store.tree(tree) {
                Ok(listing) => listing,
                Err(error @ StoreError::Backend(_)) => return Err(error),
                Err(error) => {
                    self.lost.push(Lost { path: if path.is_empty() { "/".to_owned() } else { path }, tree, error });
                    continue;
                }
            };
            self.folders.push(tree);
            for entry in listing.entries {
                let inside = format!("{path}{}", entry.name);
                match (entry.kind, entry.id) {
                    (EntryKind::Folder, Some(id)) if depth < MAX_DEPTH => {
                        open.push((inside + "/", TreeId::new(id), depth + 1));
                    }
                    (_, Some(id)) => self.files.push((inside, FileId::new(id), entry.size)),
                    (_, None) => {}
                }
            }
        }
        Ok(())
    }
}
