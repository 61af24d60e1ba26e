//! The index is a cache: without it, or with a wrong one, everything is still found.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use mlrun::progress::Silent;
use mlrun::store::memory::Memory;
use mlrun::store::{Depth, Lock, Store, StoredFile};

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
    // Who holds nothing writes nothing: it might be out of date before it is there.
    all_readable(&store, &files);
    assert_eq!(problems(&store), []);
    assert_eq!(index_files(&memory.contents()), [] as [&str; 0]);
    let held = store.hold(Lock::Shared, &Silent).unwrap();
    all_readable(&store, &files);
    drop(held);
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

fn packs_of(contents: &Contents) -> Vec<String> {
    contents.keys().filter(|name| name.starts_with("packs/")).cloned().collect()
}

fn lost(store: &Store) -> Vec<String> {
    problems(store).into_iter().filter(|p| p.kind == "pack").map(|p| p.name).collect()
}

/// A reader that holds nothing is overtaken by a collection: it leaves no segment behind that names what is gone.
#[test]
fn a_reader_that_was_overtaken() {
    let (mut contents, _) = three();
    contents.retain(|name, _| !name.starts_with("index/"));
    let (memory, reader) = open(contents);
    let store = Store::open(Arc::clone(&memory) as _).unwrap();
    // It has listed the packs, and is about to write what was in them.
    let before = memory.contents();
    assert!(!reader.has_file(mlrun::id::FileId::new(mlrun::digest::Digest::of(b"not there"))).unwrap());
    let written: Contents = memory.contents().into_iter().filter(|(name, _)| !before.contains_key(name)).collect();
    let held = store.hold(Lock::Exclusive, &Silent).unwrap();
    store.collect(&store.plan_collection(&HashSet::new()).unwrap(), "1", true, &Silent).unwrap();
    drop(held);
    // What it wrote comes a moment later.
    let mut contents = memory.contents();
    contents.extend(written);
    let (_, store) = open(contents);
    assert_eq!(problems(&store), []);
}

/// Whatever is written anew and how often, the name of a pack that is lost is not forgotten, nor what was in it.
#[test]
fn a_lost_pack_keeps_its_name() {
    let (contents, files) = three();
    for gone in packs_of(&contents) {
        let mut contents = contents.clone();
        contents.remove(&gone);
        let (memory, store) = open(contents.clone());
        for _ in 0..3 {
            store.reindex().unwrap();
            assert_eq!(lost(&store), std::slice::from_ref(&gone));
            assert_eq!(lost(&open(memory.contents()).1), std::slice::from_ref(&gone));
        }
        let missing = files.iter().filter(|(_, stored)| get(&store, stored.id).is_err());
        for (_, stored) in missing {
            assert!(store.pack_of(stored.id.digest()).unwrap() == Some(gone.clone()) || stored.size > 100_000);
        }
        // Another segment is broken, too, and everything is merged with what comes.
        for round in 0..20 {
            put(&store, &[noise(1000 + round, 60)]);
        }
        store.reindex().unwrap();
        assert_eq!(lost(&open(memory.contents()).1), std::slice::from_ref(&gone));

        // As long as anything of it is needed and nowhere else it is missed.
        store.forget_lost_packs(&|_| true).unwrap();
        assert_eq!(lost(&store), std::slice::from_ref(&gone));
        let again: Vec<Vec<u8>> = files.iter().map(|(file, _)| file.clone()).collect();
        put(&store, &again);
        store.forget_lost_packs(&|_| true).unwrap();
        assert_eq!(lost(&store), [] as [&str; 0]);
        assert_eq!(problems(&open(memory.contents()).1), []);
        all_readable(&store, &files);

        // Of what nobody needs nothing is missed.
        let (_, store) = open(contents);
        store.forget_lost_packs(&|_| false).unwrap();
        assert_eq!(lost(&store), [] as [&str; 0]);
    }
}

/// A pack in the trash is not lost: it is named no longer.
#[test]
fn what_lies_in_the_trash_is_not_lost() {
    let (mut contents, _) = three();
    let gone = packs_of(&contents).swap_remove(0);
    let bytes = contents.remove(&gone).unwrap();
    contents.insert(gone.replace("packs/", "trash/0000000000000001/"), bytes);
    let (memory, store) = open(contents);
    store.reindex().unwrap();
    let mut contents = memory.contents();
    contents.retain(|name, _| !name.starts_with("trash/"));
    assert_eq!(problems(&open(contents).1), []);
}
