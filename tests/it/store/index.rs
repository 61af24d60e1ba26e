//! The index is a cache: without it, or with a wrong one, everything is still found.

use std::collections::BTreeMap;
use std::sync::Arc;

use mlrun::progress::Silent;
use mlrun::store::memory::Memory;
use mlrun::store::{Depth, Store, StoredFile};

use super::{get, open, problems, put};
use crate::support::faulty::{Fault, Faulty};
use crate::support::memory_store;
use crate::support::noise::noise;

/// Files of three writers, so that there are three packs and three segments.
type Contents = BTreeMap<String, Vec<u8>>;

fn three() -> (Contents, Vec<(Vec<u8>, StoredFile)>) {
    let (memory, store) = memory_store();
    let mut all = Vec::new();
    for round in 0..3_u64 {
        let files = vec![noise(round, 900), noise(round + 10, 300_000), noise(round + 20, 0), noise(round + 20, 70)];
        let (stored, _) = put(&store, &files);
        all.extend(files.into_iter().zip(stored));
    }
    (memory.contents(), all)
}

#[track_caller]
fn all_readable(store: &Store, files: &[(Vec<u8>, StoredFile)]) {
    for (file, stored) in files {
        assert!(store.has_file(stored.id).unwrap());
        assert!(get(store, stored.id).unwrap() == *file);
    }
}

fn index_files(contents: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    contents.keys().filter(|name| name.starts_with("index/")).cloned().collect()
}

#[test]
fn without_an_index() {
    let (mut contents, files) = three();
    assert_eq!(index_files(&contents).len(), 3);
    contents.retain(|name, _| !name.starts_with("index/"));
    let (memory, store) = open(contents);
    all_readable(&store, &files);
    assert_eq!(problems(&store), []);
    // It was written anew, and the next process reads it.
    assert_eq!(index_files(&memory.contents()).len(), 1);
    let (_, store) = open(memory.contents());
    all_readable(&store, &files);
}

#[test]
fn with_part_of_an_index() {
    let (contents, files) = three();
    for gone in index_files(&contents) {
        let mut contents = contents.clone();
        contents.remove(&gone);
        let (_, store) = open(contents);
        all_readable(&store, &files);
        assert_eq!(problems(&store), []);
    }
}

/// Cut, garbage, another file's bytes, one flipped bit: passed over, named by the check, and written anew.
#[test]
fn a_broken_segment_is_named_and_rebuilt() {
    type Break = fn(&mut Vec<u8>);
    let breaks: [(&str, Break); 9] = [
        ("empty", Vec::clear),
        ("cut to its head", |b| b.truncate(16)),
        ("cut by a byte", |b| b.truncate(b.len() - 1)),
        ("longer", |b| b.push(0)),
        ("garbage", |b| *b = noise(5, 400)),
        ("a bit of its head", |b| b[20] ^= 4),
        ("a bit of an entry", |b| *b.last_mut().unwrap() ^= 4),
        ("newer", |b| b[7] = 3),
        ("of the first form", |b| b[7] = 1),
    ];
    let (contents, files) = three();
    for broken in index_files(&contents) {
        for (what, change) in breaks {
            let mut contents = contents.clone();
            change(contents.get_mut(&broken).unwrap());
            let (_, store) = open(contents.clone());
            all_readable(&store, &files);

            for depth in [Depth::Structure, Depth::Full] {
                let (memory, store) = open(contents.clone());
                let found = store.check(depth, &Silent).unwrap().problems;
                assert_eq!(found.len(), 1, "{what}: {found:?}");
                assert_eq!((found[0].kind, &found[0].name), ("index", &broken), "{what}");
                // It is repaired: the same process and the next one find nothing any more.
                assert_eq!(problems(&store), [], "{what}");
                all_readable(&store, &files);
                let (_, store) = open(memory.contents());
                assert_eq!(problems(&store), [], "{what}");
                all_readable(&store, &files);
            }
        }
    }
}

/// A segment that is whole and wrong, because its pack is gone: what other packs hold is found.
#[test]
fn an_index_that_names_a_pack_that_is_gone() {
    let (mut contents, files) = three();
    let gone = contents.keys().find(|n| n.starts_with("packs/")).unwrap().clone();
    contents.remove(&gone);
    let (_, store) = open(contents.clone());
    let whole = files.iter().filter(|(file, stored)| get(&store, stored.id).is_ok_and(|found| found == *file)).count();
    // The empty file, which is in all three, is stored in the first pack only.
    assert!(whole >= 6, "{whole} of {} files", files.len());
    let found = problems(&store);
    assert!(found.iter().any(|p| p.kind == "pack" && p.name == gone), "{found:?}");
    // Storing the same files again makes it whole.
    let again: Vec<Vec<u8>> = files.iter().map(|(file, _)| file.clone()).collect();
    let (memory, store) = open(contents);
    put(&store, &again);
    all_readable(&store, &files);
    let (_, store) = open(memory.contents());
    all_readable(&store, &files);
}

/// Many snapshots do not mean many segments.
#[test]
fn segments_are_merged() {
    let (memory, store) = memory_store();
    let mut files = Vec::new();
    for round in 0..60 {
        let bytes = noise(round, 200);
        let (stored, _) = put(&store, std::slice::from_ref(&bytes));
        files.push((bytes, stored[0]));
    }
    let segments = index_files(&memory.contents()).len();
    assert!(segments <= 9, "{segments}");
    let (_, store) = open(memory.contents());
    all_readable(&store, &files);
    assert_eq!(problems(&store), []);
}

/// Another process wrote in the meantime: this one looks again before it says no.
#[test]
fn what_another_process_wrote_is_found() {
    let (memory, store) = memory_store();
    put(&store, &[noise(1, 100)]);
    let other = Store::open(Arc::clone(&memory) as _).unwrap();
    let (stored, _) = put(&other, &[noise(2, 100)]);
    assert_eq!(get(&store, stored[0].id).unwrap(), noise(2, 100));
}

/// A process that has opened a segment finds what was in it after another has merged it away.
#[test]
fn segments_that_are_merged_away_while_they_are_open() {
    let (memory, store) = memory_store();
    let files: Vec<Vec<u8>> = (0..5).map(|n| noise(n, 300)).collect();
    let (stored, _) = put(&store, &files);
    let reader = Store::open(Arc::clone(&memory) as _).unwrap();
    assert!(!reader.has_file(mlrun::id::FileId::new(mlrun::digest::Digest::of(b"not there"))).unwrap());
    let before = index_files(&memory.contents());
    for round in 100..112 {
        put(&store, &[noise(round, 50)]);
    }
    assert!(index_files(&memory.contents()).iter().all(|name| !before.contains(name)), "it was merged");
    for (file, stored) in files.iter().zip(&stored) {
        assert_eq!(get(&reader, stored.id).unwrap(), *file);
    }
    assert_eq!(problems(&reader), []);
}

/// Three thousand files: three pages. One that rotted is passed over with its segment.
#[test]
fn a_broken_page() {
    let (memory, store) = memory_store();
    let files: Vec<Vec<u8>> = (0..3000).map(|n| noise(n, 40)).collect();
    let (stored, _) = put(&store, &files);
    let stored: Vec<(Vec<u8>, StoredFile)> = files.into_iter().zip(stored).collect();
    let contents = memory.contents();
    let [segment] = index_files(&contents).try_into().unwrap();
    let length = contents[&segment].len();
    for at in [length - 1, length - 1200 * 56, length - 2500 * 56] {
        let mut contents = contents.clone();
        contents.get_mut(&segment).unwrap()[at] ^= 1;
        let (_, store) = open(contents.clone());
        all_readable(&store, &stored);
        let (memory, store) = open(contents);
        let found = store.check(Depth::Structure, &Silent).unwrap().problems;
        assert_eq!(found.iter().map(|p| (p.kind, &p.name)).collect::<Vec<_>>(), [("index", &segment)]);
        let (_, store) = open(memory.contents());
        assert_eq!(problems(&store), []);
        all_readable(&store, &stored);
    }
    // A store that nobody may write to.
    let mut contents = contents;
    contents.get_mut(&segment).unwrap()[length - 1] ^= 1;
    let faulty = Faulty::over(Arc::new(Memory::with_contents(contents)));
    faulty.set(Fault::Caches);
    let store = Store::open(Arc::new(faulty)).unwrap();
    all_readable(&store, &stored);
}
