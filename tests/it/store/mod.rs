//! The store: one contract for every backend, what goes in comes out, damage is found and named, no fault loses anything.

mod codec;
mod collect;
mod contract;
mod cut;
mod damage;
mod disk;
mod erase;
mod faults;
mod files;
mod held;
mod hostile;
mod index;
mod merge;
mod repair;
mod tables;
pub(crate) mod tensors;

use std::collections::BTreeMap;
use std::sync::Arc;

use mlrun::format::tree::{EntryKind, TreeEntry, TreeRecord};
use mlrun::id::{FileId, TreeId};
use mlrun::progress::Silent;
use mlrun::store::memory::Memory;
use mlrun::store::{Backend, Depth, Problem, Source, Store, StoreError, StoredFile, Written};

use crate::support::source::Bytes;

/// Stores files of these bytes, each as one source, and finishes.
fn put(store: &Store, files: &[Vec<u8>]) -> (Vec<StoredFile>, Written) {
    let sources: Vec<Bytes> = files.iter().map(|bytes| Bytes(bytes.clone())).collect();
    let sources: Vec<&dyn Source> = sources.iter().map(|s| s as &dyn Source).collect();
    let mut writer = store.writer();
    let stored = writer.put_files(&sources, &Silent).unwrap();
    (stored, writer.finish().unwrap())
}

/// A whole file, read back.
fn get(store: &Store, id: FileId) -> Result<Vec<u8>, StoreError> {
    store.file(id, 1 << 30)
}

/// A store opened on these bytes, and the memory they are in.
fn open(contents: BTreeMap<String, Vec<u8>>) -> (Arc<Memory>, Store) {
    let memory = Arc::new(Memory::with_contents(contents));
    let store = Store::open(Arc::clone(&memory) as Arc<dyn Backend>).unwrap();
    (memory, store)
}

/// Everything a full check finds.
fn problems(store: &Store) -> Vec<Problem> {
    store.check(Depth::Full, &Silent).unwrap().problems
}

/// Stores a folder of these files.
fn put_folder(store: &Store, files: &[(&str, &StoredFile)]) -> TreeId {
    let entries = files.iter().map(|(name, file)| TreeEntry {
        name: (*name).to_owned(),
        kind: EntryKind::File,
        id: Some(file.id.digest()),
        size: file.size,
        target: None,
    });
    let mut writer = store.writer();
    let tree = writer.put_tree(&TreeRecord::new(entries.collect())).unwrap();
    writer.finish().unwrap();
    tree
}
