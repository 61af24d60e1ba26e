//! Many small packs become few: nothing is lost, whatever fails when.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use mlrun::id::FileId;
use mlrun::progress::Silent;
use mlrun::store::collect::Fate;
use mlrun::store::memory::Memory;
use mlrun::store::{Backend, Key, Store};

use super::{get, open, problems, put};
use crate::support::faulty::{Fault, Faulty};
use crate::support::memory_store;
use crate::support::noise::noise;

/// As many files as given, each in a pack of its own, and one large pack.
fn many(count: u64) -> (BTreeMap<String, Vec<u8>>, BTreeMap<FileId, Vec<u8>>) {
    let (memory, store) = memory_store();
    let mut files = BTreeMap::new();
    for n in 0..count {
        let bytes = noise(n, 200 + n as usize);
        files.insert(put(&store, std::slice::from_ref(&bytes)).0[0].id, bytes);
    }
    (memory.contents(), files)
}

fn live(store: &Store, files: &BTreeMap<FileId, Vec<u8>>) -> HashSet<Key> {
    files.keys().flat_map(|file| store.keys_of(*file).unwrap()).collect()
}

fn packs(memory: &Memory) -> usize {
    memory.contents().keys().filter(|name| name.starts_with("packs/")).count()
}

#[track_caller]
fn all_read(store: &Store, files: &BTreeMap<FileId, Vec<u8>>) {
    for (id, bytes) in files {
        assert!(get(store, *id).unwrap() == *bytes);
    }
}

#[test]
fn a_few_stay_as_they_are() {
    let (contents, files) = many(64);
    let (_, store) = open(contents);
    assert_eq!(store.plan_collection(&live(&store, &files)).unwrap(), []);
}

#[test]
fn many_become_one() {
    let (contents, mut files) = many(70);
    let (memory, store) = open(contents);
    // What of them is not needed goes on the way.
    let gone = *files.keys().next().unwrap();
    files.remove(&gone);
    let plan = store.plan_collection(&live(&store, &files)).unwrap();
    assert_eq!(plan.iter().filter(|pack| pack.fate == Fate::Merge).count(), 69);
    assert_eq!(plan.iter().filter(|pack| pack.fate == Fate::Discard).count(), 1);
    let collected = store.collect(&plan, "1", true, &Silent).unwrap();
    assert_eq!((collected.packs, collected.objects, collected.postponed), (70, 1, 0));
    let (memory, store) = open(memory.contents());
    assert_eq!(packs(&memory), 1);
    all_read(&store, &files);
    assert!(get(&store, gone).is_err());
    assert_eq!(problems(&store), []);
    assert_eq!(store.plan_collection(&live(&store, &files)).unwrap(), []);
}

/// One that is damaged stays where it is; the others do not wait for it.
#[test]
fn a_damaged_one_stays() {
    let (mut contents, files) = many(70);
    let bad = contents.keys().find(|name| name.starts_with("packs/")).unwrap().clone();
    contents.get_mut(&bad).unwrap()[80] ^= 1;
    let (memory, store) = open(contents);
    let plan = store.plan_collection(&live(&store, &files)).unwrap();
    let collected = store.collect(&plan, "1", true, &Silent).unwrap();
    assert_eq!((collected.packs, collected.postponed), (69, 1));
    assert!(memory.contents().contains_key(&bad));
    assert_eq!(packs(&memory), 2);
    let (_, store) = open(memory.contents());
    assert_eq!(files.keys().filter(|id| get(&store, **id).is_err()).count(), 1);
}

#[test]
fn a_fault_at_every_step() {
    let (contents, files) = many(66);
    let over = |fault: Fault| {
        let memory = Arc::new(Memory::with_contents(contents.clone()));
        let faulty = Arc::new(Faulty::over(Arc::clone(&memory) as Arc<dyn Backend>));
        let store = Store::open(Arc::clone(&faulty) as Arc<dyn Backend>).unwrap();
        let plan = store.plan_collection(&live(&store, &files)).unwrap();
        faulty.set(fault);
        let _ = store.collect(&plan, "1", true, &Silent);
        (memory.contents(), faulty.count())
    };
    let (_, operations) = over(Fault::Never);
    assert!(operations > 200, "{operations}");
    let rare = |n: &u64| *n > operations - 80 || n.is_multiple_of(23);
    for n in (1..=operations).filter(rare).step_by(3) {
        for fault in [Fault::Once(n), Fault::Freeze(n), Fault::Unheard(n)] {
            let (memory, store) = open(over(fault).0);
            all_read(&store, &files);
            let plan = store.plan_collection(&live(&store, &files)).unwrap();
            store.collect(&plan, "2", true, &Silent).unwrap();
            let (_, store) = open(memory.contents());
            all_read(&store, &files);
            assert_eq!(problems(&store), [], "{fault:?}");
            assert!(packs(&memory) <= 65, "{fault:?}");
        }
    }
}
