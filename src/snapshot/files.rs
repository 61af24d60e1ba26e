//! Files of a capture on their way into a writer: read, unless what they hash to is known and stored.

use super::SnapshotError;
use super::folders::{self, TreeFile};
use crate::capture::files::SourceFile;
use crate::capture::known::Known;
use crate::format::snapshot::TreeRef;
use crate::format::tree::EntryKind;
use crate::id::FileId;
use crate::progress::Progress;
use crate::store::{Source, StoreError, StoredFile, Writer};

/// Files looked up and stored together: lists of what is known of each take memory.
const AT_ONCE: usize = 1 << 16;

/// A writer, and what it is told about files.
pub(super) struct Files<'a, 's> {
    pub(super) writer: &'a mut Writer<'s>,
    pub(super) known: &'a Known<'a>,
    pub(super) progress: &'a dyn Progress,
}

impl Files<'_, '_> {
    /// Stores files, in their order.
    pub(super) fn put(&mut self, files: &[&SourceFile]) -> Result<Vec<StoredFile>, SnapshotError> {
        let mut stored = Vec::with_capacity(files.len());
        for some in files.chunks(AT_ONCE) {
            self.put_some(some, &mut stored)?;
        }
        Ok(stored)
    }

    fn put_some(&mut self, files: &[&SourceFile], all: &mut Vec<StoredFile>) -> Result<(), SnapshotError> {
        let mut stored: Vec<Option<StoredFile>> = vec![None; files.len()];
        let mut known = Vec::with_capacity(files.len());
        for (at, file) in files.iter().enumerate() {
            let digest = self.known.digest(file);
            known.extend(digest.map(|sha256| (at, StoredFile { id: FileId::new(sha256), size: file.size() })));
        }
        let (places, known): (Vec<usize>, Vec<StoredFile>) = known.into_iter().unzip();
        for ((at, file), kept) in places.iter().zip(&known).zip(self.writer.keep(&known)?) {
            if kept {
                self.progress.advance(file.size);
                stored[*at] = Some(*file);
            }
        }
        let unread: Vec<usize> = (0..files.len()).filter(|at| stored[*at].is_none()).collect();
        let sources: Vec<&dyn Source> = unread.iter().map(|at| files[*at] as &dyn Source).collect();
        let read = self.writer.put_files(&sources, self.progress).map_err(|error| match error {
            StoreError::Source { index, source } => {
                SnapshotError::File { path: files[unread[index]].disk().display().to_string(), source }
            }
            other => other.into(),
        })?;
        for (at, file) in unread.into_iter().zip(read) {
            self.known.learn(files[at], file.id.digest());
            stored[at] = Some(file);
        }
        all.extend(stored.into_iter().flatten());
        Ok(())
    }

    /// Stores one file.
    pub(super) fn put_one(&mut self, file: &SourceFile) -> Result<StoredFile, SnapshotError> {
        Ok(self.put(&[file])?[0])
    }

    /// Stores files and says what a tree holds of them; links are kept as links.
    fn put_list(&mut self, files: Vec<SourceFile>) -> Result<Vec<TreeFile>, SnapshotError> {
        let plain: Vec<&SourceFile> = files.iter().filter(|f| f.kind != EntryKind::Symlink).collect();
        let mut stored = self.put(&plain)?.into_iter();
        let tree_file = |mut file: SourceFile| {
            let stored = if file.kind == EntryKind::Symlink { None } else { stored.next() };
            TreeFile {
                kind: file.kind,
                id: stored.map(|s| s.id),
                size: stored.map_or(0, |s| s.size),
                target: file.target.take(),
                path: file.into_path(),
            }
        };
        Ok(files.into_iter().map(tree_file).collect())
    }

    /// Stores files and their tree; none without files. A list that was stored before is not made into folders again.
    pub(super) fn put_tree(
        &mut self,
        files: Vec<SourceFile>,
    ) -> Result<(Vec<TreeFile>, Option<TreeRef>), SnapshotError> {
        let list = self.put_list(files)?;
        if list.is_empty() {
            return Ok((list, None));
        }
        let digest = folders::digest(&list);
        let kept = match self.known.trees(&digest) {
            Some(trees) => self.writer.keep_trees(&trees)?,
            None => None,
        };
        let tree = match kept {
            Some(tree) => tree,
            None => {
                let (tree, all) = folders::put(self.writer, &list)?;
                self.known.learn_trees(digest, all);
                tree
            }
        };
        let bytes = list.iter().map(|file| file.size).sum();
        let tree = TreeRef { tree, files: list.len() as u64, bytes };
        Ok((list, Some(tree)))
    }
}
