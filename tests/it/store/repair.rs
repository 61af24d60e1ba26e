//! Repairing, and a full check that is cut short: what was whole stays whole, whatever fails when.

use std::collections::{BTreeMap, HashSet};
use std::io::Cursor;
use std::sync::Arc;

use mlrun::digest::Digest;
use mlrun::format::pack::{ObjectHeader, ObjectKind};
use mlrun::id::FileId;
use mlrun::progress::Silent;
use mlrun::store::repair::pack_name;
use mlrun::store::{Backend, Checked, Depth, Key, Store, StoreError};

use super::tensors::{model, put_after, trained, weights};
use super::{get, open, problems, put};
use crate::support::faulty::{Fault, Faulty};
use crate::support::memory_store;
use crate::support::noise::{noise, text};
use crate::support::source::Bytes;

type Contents = BTreeMap<String, Vec<u8>>;

/// Files by id, in two packs or more, the later a difference to the earlier.
fn family() -> (Contents, BTreeMap<FileId, Vec<u8>>) {
    let (memory, store) = memory_store();
    let mut files = BTreeMap::new();
    let bits = weights(1, 140_000);
    let first = model(&[("a", bits.clone()), ("b", weights(2, 20_000))]);
    let second = model(&[("a", trained(&bits, 7)), ("b", weights(2, 20_000))]);
    let before = put(&store, std::slice::from_ref(&first)).0;
    let after = put_after(&store, &before, &second).0;
    let small = [text(3, 900), noise(4, 700), noise(5, 270_000)];
    files.extend(put(&store, &small).0.iter().map(|f| f.id).zip(small));
    files.extend([(before[0].id, first), (after.id, second)]);
    (memory.contents(), files)
}

fn packs(contents: &Contents) -> Vec<String> {
    contents.keys().filter(|name| name.starts_with("packs/")).cloned().collect()
}

fn flip(contents: &mut Contents, name: &str, at: usize) {
    contents.get_mut(name).unwrap()[at] ^= 0x10;
}

/// What `verify --repair` does, of files whose bytes are all still somewhere.
fn repair(store: &Store, files: &BTreeMap<FileId, Vec<u8>>, broken: &[String]) -> Result<(), StoreError> {
    let packs: HashSet<[u8; 32]> = broken.iter().filter_map(|name| pack_name(name.strip_prefix("packs/")?)).collect();
    let mut salvage = store.repair();
    salvage.salvage_all(&packs)?;
    salvage.publish()?;
    let mut repair = store.repair();
    for (id, bytes) in files {
        let wanted: HashSet<Key> = repair.unreadable(*id)?.into_iter().collect();
        repair.from_copies(&wanted)?;
        let wanted: HashSet<Key> = repair.unreadable(*id)?.into_iter().collect();
        repair.from_file(*id, &wanted, &mut Cursor::new(bytes))?;
        if !repair.unreadable(*id)?.is_empty() {
            repair.anew(*id, &Bytes(bytes.clone()))?;
        }
        assert_eq!(repair.unreadable(*id)?, []);
    }
    repair.publish()?;
    let mut required = HashSet::new();
    for id in files.keys() {
        let key = *id.digest().as_bytes();
        if store.contains(ObjectKind::File, &key)? {
            required.insert((ObjectKind::File, key));
        } else {
            required.insert((ObjectKind::Recipe, key));
            required.extend(store.recipe(*id)?.blocks.iter().map(|block| (ObjectKind::Block, block.id)));
        }
    }
    let mut rests_on: HashSet<Key> = HashSet::new();
    for id in files.keys() {
        rests_on.extend(store.keys_of(*id)?);
    }
    let mut rescue = store.repair();
    let needed = |header: &ObjectHeader| rests_on.contains(&(header.kind, header.id));
    rescue.rescue(&packs, &needed, Some(&required))?;
    rescue.publish()?.retire("0000000000000001", Some(&required))?;
    Ok(())
}

#[track_caller]
fn all_read(store: &Store, files: &BTreeMap<FileId, Vec<u8>>) {
    for (id, bytes) in files {
        assert!(get(store, *id).unwrap() == *bytes, "{id}");
    }
}

/// One flipped byte anywhere in any pack, header, object or trailer; a pack that was cut; a pack that is gone.
#[test]
fn everything_that_is_still_somewhere_comes_back() {
    let (contents, files) = family();
    for pack in packs(&contents) {
        let length = contents[&pack].len();
        let places = (0..9).map(|n| n * (length - 1) / 8);
        let mut damaged: Vec<Contents> = places
            .map(|at| {
                let mut contents = contents.clone();
                flip(&mut contents, &pack, at);
                contents
            })
            .collect();
        for keep in [0, length / 2, length - 1] {
            let mut cut = contents.clone();
            cut.get_mut(&pack).unwrap().truncate(keep);
            damaged.push(cut);
        }
        for (at, contents) in damaged.into_iter().enumerate() {
            for with_index in [true, false] {
                let mut contents = contents.clone();
                contents.retain(|name, _| with_index || !name.starts_with("index/"));
                let (memory, store) = open(contents);
                assert!(problems(&store).iter().any(|p| p.name == pack), "{at}");
                repair(&store, &files, std::slice::from_ref(&pack)).unwrap();
                all_read(&store, &files);
                let (memory, store) = open(memory.contents());
                all_read(&store, &files);
                assert_eq!(problems(&store), [], "place {at} of {pack}, index {with_index}");
                // And without a word from any cache.
                let mut bare = memory.contents();
                bare.retain(|name, _| !name.starts_with("index/") && !name.starts_with("cache/"));
                assert_eq!(problems(&open(bare).1), []);
            }
        }
    }
}

/// Where the bytes are nowhere, the pack stays where it is, with everything in it that can be read.
#[test]
fn what_cannot_be_repaired_stays() {
    let (contents, files) = family();
    for pack in packs(&contents) {
        let mut contents = contents.clone();
        let middle = contents[&pack].len() / 2;
        flip(&mut contents, &pack, middle);
        let (memory, store) = open(contents.clone());
        let readable: BTreeMap<_, _> = files.clone().into_iter().filter(|(id, _)| get(&store, *id).is_ok()).collect();
        assert!(readable.len() < files.len());
        let mut rescue = store.repair();
        let name = pack_name(pack.strip_prefix("packs/").unwrap()).unwrap();
        rescue.rescue(&HashSet::from([name]), &|_| true, None).unwrap();
        assert_eq!(rescue.publish().unwrap().retire("1", None).unwrap(), []);
        let same = |contents: Contents| -> Contents {
            contents.into_iter().filter(|(name, _)| name.starts_with("packs/")).collect()
        };
        assert_eq!(same(memory.contents()), same(contents), "neither changed nor copied in vain");
        all_read(&store, &readable);
    }
}

/// The trash still has it.
#[test]
fn a_pack_in_the_trash_is_a_copy() {
    let (mut contents, files) = family();
    for pack in packs(&contents) {
        let bytes = contents.remove(&pack).unwrap();
        contents.insert(pack.replace("packs/", "trash/0000000000000005/"), bytes);
    }
    let (memory, store) = open(contents);
    let mut repair = store.repair();
    for _ in 0..2 {
        for id in files.keys() {
            let wanted: HashSet<Key> = repair.unreadable(*id).unwrap().into_iter().collect();
            for (_, from) in repair.from_copies(&wanted).unwrap() {
                assert!(from.starts_with("trash/0000000000000005/"), "{from}");
            }
        }
    }
    repair.publish().unwrap();
    all_read(&store, &files);
    let mut contents = memory.contents();
    contents.retain(|name, _| !name.starts_with("trash/") && !name.starts_with("index/"));
    let (_, store) = open(contents);
    all_read(&store, &files);
    assert_eq!(problems(&store), []);
}

/// A rehearsal says the same and writes nothing.
#[test]
fn a_rehearsal_writes_nothing() {
    let (mut contents, files) = family();
    for pack in packs(&contents) {
        let middle = contents[&pack].len() / 2;
        flip(&mut contents, &pack, middle);
    }
    let (memory, store) = open(contents.clone());
    let mut repair = store.rehearse_repair();
    for (id, bytes) in &files {
        let wanted: HashSet<Key> = repair.unreadable(*id).unwrap().into_iter().collect();
        repair.from_file(*id, &wanted, &mut Cursor::new(bytes)).unwrap();
        assert!(repair.unreadable(*id).unwrap().is_empty() || repair.anew(*id, &Bytes(bytes.clone())).unwrap());
    }
    repair.publish().unwrap();
    assert_eq!(memory.contents(), contents);
}

/// Bytes that are not those are not taken, wherever they lie.
#[test]
fn other_bytes_are_no_repair() {
    let (mut contents, files) = family();
    for pack in packs(&contents) {
        let middle = contents[&pack].len() / 2;
        flip(&mut contents, &pack, middle);
    }
    let (_, store) = open(contents);
    let mut repair = store.repair();
    for (id, bytes) in &files {
        let wanted: HashSet<Key> = repair.unreadable(*id).unwrap().into_iter().collect();
        let mut other = bytes.clone();
        other.iter_mut().for_each(|byte| *byte ^= 1);
        assert_eq!(repair.from_file(*id, &wanted, &mut Cursor::new(&other)).unwrap(), []);
        assert_eq!(repair.from_file(*id, &wanted, &mut Cursor::new(&bytes[..bytes.len() / 9])).unwrap(), []);
        assert!(!repair.anew(*id, &Bytes(other)).unwrap());
        assert_eq!(repair.unreadable(*id).unwrap().len(), wanted.len());
    }
}

/// Cut short at every operation, in three ways: what could be read can be read, and done again it is whole.
#[test]
fn a_repair_that_is_cut_short_makes_nothing_worse() {
    let (whole, files) = family();
    let mut tried = 0;
    for (number, pack) in packs(&whole).into_iter().enumerate() {
        let length = whole[&pack].len();
        // In an object, and in the ending: what is sound is copied, or everything.
        for at in [length / 2, length - 20].into_iter().skip(number % 2).take(1) {
            let mut contents = whole.clone();
            flip(&mut contents, &pack, at);
            let broken = std::slice::from_ref(&pack);
            let readable: Vec<FileId> = {
                let (_, store) = open(contents.clone());
                files.keys().filter(|id| get(&store, **id).is_ok()).copied().collect()
            };
            let over = |fault: Fault| {
                let (memory, _) = open(contents.clone());
                let faulty = Arc::new(Faulty::over(Arc::clone(&memory) as Arc<dyn Backend>));
                let store = Store::open(Arc::clone(&faulty) as Arc<dyn Backend>).unwrap();
                faulty.set(fault);
                let result = repair(&store, &files, broken);
                (memory, faulty.count(), result)
            };
            let (_, operations, _) = over(Fault::Never);
            assert!(operations > 5, "{operations}");
            for n in 1..=operations {
                for fault in [Fault::Once(n), Fault::Freeze(n), Fault::Unheard(n)] {
                    tried += 1;
                    let (memory, ..) = over(fault);
                    let (memory, store) = open(memory.contents());
                    for id in &readable {
                        assert!(get(&store, *id).unwrap() == files[id], "{fault:?}: it made {id} worse");
                    }
                    repair(&store, &files, broken).unwrap();
                    let (_, store) = open(memory.contents());
                    all_read(&store, &files);
                    let depth = if n == operations { Depth::Full } else { Depth::Structure };
                    assert_eq!(store.check(depth, &Silent).unwrap().problems, [], "{fault:?}");
                }
            }
        }
    }
    assert!(tried > 60, "{tried}");
}

/// A full check that was cut short goes on where it stopped; what it read again is what it had not read.
#[test]
fn a_full_check_goes_on() {
    let (contents, _) = family();
    let names = packs(&contents);
    let (memory, store) = open(contents);
    let now = || 1_700_000_000_000;
    // Cut short: the last pack cannot be opened at all.
    let last = names.last().unwrap();
    let cut_short = || {
        let (last, denied) = (format!("length {last}"), std::io::ErrorKind::PermissionDenied);
        let ask = move |operation: &str| if operation == last { Err(denied) } else { Ok(()) };
        let store = Store::open(Arc::new(Faulty::asking(Arc::clone(&memory) as _, ask))).unwrap();
        let mut checked = store.begin_check(&now);
        assert!(store.check_on(Depth::Full, &mut checked, &Silent).is_err());
    };
    cut_short();
    let later = || 1_700_000_900_000;
    let mut checked = store.resume_check(&later);
    let check = store.check_on(Depth::Full, &mut checked, &Silent).unwrap();
    let left = check.not_read.unwrap();
    assert!(left.packs >= 1 && left.packs < names.len() as u64, "{left:?}");
    assert_eq!((left.oldest, left.newest), (now(), now()));
    assert_eq!(check.problems, []);
    checked.finish();
    // It came to its end: there is nothing to go on with.
    let mut checked = store.resume_check(&later);
    assert_eq!(store.check_on(Depth::Full, &mut checked, &Silent).unwrap().not_read, None);
    checked.finish();
    // A check that begins anew reads everything, whatever was noted.
    cut_short();
    let mut contents = memory.contents();
    assert!(contents.contains_key("cache/checked-packs"));
    flip(&mut contents, &names[0], 100);
    let (_, store) = open(contents.clone());
    let check = store.check_on(Depth::Full, &mut store.begin_check(&later), &Silent).unwrap();
    assert!(check.not_read.is_none() && check.problems.iter().any(|p| p.name == names[0]));
    // A note that is damaged is none.
    contents.get_mut("cache/checked-packs").unwrap()[30] ^= 1;
    let (_, store) = open(contents);
    let check = store.check_on(Depth::Full, &mut store.resume_check(&later), &Silent).unwrap();
    assert!(check.not_read.is_none() && check.problems.iter().any(|p| p.name == names[0]));
}

/// What was found damaged before the check was cut short is found again.
#[test]
fn damage_is_never_noted_as_sound() {
    let (whole, _) = family();
    for pack in packs(&whole) {
        let mut contents = whole.clone();
        let middle = contents[&pack].len() / 2;
        flip(&mut contents, &pack, middle);
        let (_, store) = open(contents);
        let now = || 5;
        let mut checked = store.begin_check(&now);
        let first = store.check_on(Depth::Full, &mut checked, &Silent).unwrap();
        // As if it had been stopped right before its end.
        let again = store.check_on(Depth::Full, &mut checked, &Silent).unwrap();
        assert!(again.not_read.is_some_and(|left| left.packs >= 1));
        assert_eq!(again.problems, first.problems);
        assert!(!again.problems.is_empty());
    }
}

/// A store nobody may write to is checked all the same.
#[test]
fn a_check_needs_no_note() {
    let (contents, _) = family();
    let (memory, _) = open(contents);
    let faulty = Arc::new(Faulty::over(Arc::clone(&memory) as Arc<dyn Backend>));
    let store = Store::open(Arc::clone(&faulty) as Arc<dyn Backend>).unwrap();
    faulty.set(Fault::Caches);
    let now = || 5;
    let mut checked = store.begin_check(&now);
    assert_eq!(store.check_on(Depth::Full, &mut checked, &Silent).unwrap().problems, []);
    checked.finish();
    assert_eq!(store.check_on(Depth::Full, &mut Checked::unkept(), &Silent).unwrap().problems, []);
}

/// An id is what `sha256sum` says: what a repair goes by is not ours.
#[test]
fn files_are_named_by_their_bytes() {
    let (_, files) = family();
    for (id, bytes) in files {
        assert_eq!(id.digest().to_string(), crate::support::sha256sum(&bytes));
        assert_eq!(id.digest(), Digest::of(&bytes));
    }
}
