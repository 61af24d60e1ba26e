//! Snapshots as stored records and trees, and the way back to files.

mod found;
mod hostile;
mod known;
mod profiles;
mod restore;
mod trees;
mod twins;

use std::path::Path;

use mlrun::format::tree::EntryKind;
use mlrun::id::FileId;
use mlrun::progress::Silent;
use mlrun::snapshot::TreeFile;
use mlrun::snapshot::restore::{RestoreError, RestorePlan, Twins, apply, plan};
use mlrun::store::Store;

/// A stored file at `path`.
fn file(store: &Store, path: &str, bytes: &[u8]) -> TreeFile {
    let mut writer = store.writer();
    let stored = writer.put_bytes(bytes, &Silent).unwrap();
    writer.finish().unwrap();
    TreeFile { path: path.to_owned(), kind: EntryKind::File, id: Some(stored.id), size: stored.size, target: None }
}

fn executable(store: &Store, path: &str, bytes: &[u8]) -> TreeFile {
    TreeFile { kind: EntryKind::Executable, ..file(store, path, bytes) }
}

fn link(path: &str, target: &str) -> TreeFile {
    TreeFile { path: path.to_owned(), kind: EntryKind::Symlink, id: None, size: 0, target: Some(target.to_owned()) }
}

/// A file nobody stored: enough for a plan.
fn named(path: &str) -> TreeFile {
    let id = FileId::new(mlrun::digest::Digest::of(path.as_bytes()));
    TreeFile { path: path.to_owned(), kind: EntryKind::File, id: Some(id), size: 1, target: None }
}

fn planned(target: &Path, files: &[TreeFile]) -> Result<RestorePlan, RestoreError> {
    plan(target, files.to_vec(), Vec::new())
}

/// Plans and applies.
fn restore(store: &Store, target: &Path, files: &[TreeFile], force: bool) -> Result<RestorePlan, RestoreError> {
    let plan = planned(target, files)?;
    apply(store, &plan, &Twins::default(), force, &Silent)?;
    Ok(plan)
}
