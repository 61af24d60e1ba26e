//! Letting go: whatever is needed stays, whatever fails when; what is not needed goes.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use mlrun::format::pack::ObjectKind;
use mlrun::id::FileId;
use mlrun::progress::Silent;
use mlrun::store::collect::Fate;
use mlrun::store::memory::Memory;
use mlrun::store::{Backend, Key, Source, Store, StoreError};

use super::hostile::{block_id, one_less, one_more, raw, recipe, store_of};
use super::tensors::{model, put_after, trained, weights};
use super::{get, open, problems, put};
use crate::support::faulty::Faulty;
use crate::support::memory_store;
use crate::support::noise::{next, noise, text};
use crate::support::source::ModelFile;

fn needed(store: &Store, files: impl IntoIterator<Item = FileId>) -> HashSet<Key> {
    files.into_iter().flat_map(|file| store.keys_of(file).unwrap()).collect()
}

fn packs(memory: &Memory, folder: &str) -> u64 {
    memory.contents().iter().filter(|(name, _)| name.starts_with(folder)).map(|(_, bytes)| bytes.len() as u64).sum()
}

/// Versions that share much, come from several processes at once, are let go of in any order.
#[test]
fn nothing_that_is_needed_is_lost() {
    for seed in 0..12 {
        let mut state = seed;
        let (mut memory, mut store) = memory_store();
        let mut files: BTreeMap<FileId, Vec<u8>> = BTreeMap::new();
        let mut layers = vec![("a", weights(seed, 150_000)), ("b", weights(seed + 50, 70_000))];
        for step in 0..24 {
            match next(&mut state) % 8 {
                0 => {
                    let bytes = noise(next(&mut state) % 5, 300_000);
                    files.insert(put(&store, std::slice::from_ref(&bytes)).0[0].id, bytes);
                }
                1 => {
                    let many: Vec<Vec<u8>> = (0..6).map(|n| text(next(&mut state) % 9, 500 + n * 300)).collect();
                    for (stored, bytes) in put(&store, &many).0.into_iter().zip(many) {
                        files.insert(stored.id, bytes);
                    }
                }
                2..=4 => {
                    let before: Vec<_> = files.iter().map(|(id, bytes)| (*id, bytes.len() as u64)).collect();
                    let before: Vec<_> =
                        before.into_iter().map(|(id, size)| mlrun::store::StoredFile { id, size }).collect();
                    layers.iter_mut().for_each(|(_, bits)| *bits = trained(bits, step));
                    let bytes = model(&layers);
                    // Now and then by a process that has not seen the others' packs: the same bytes, stored twice.
                    let twice = next(&mut state).is_multiple_of(2);
                    let other = Store::open(Arc::clone(&memory) as Arc<dyn Backend>).unwrap();
                    let mut writer = other.writer();
                    let sources = [ModelFile(bytes.clone())];
                    if twice {
                        writer.put_files(&[&sources[0] as &dyn Source], &Silent).unwrap();
                    }
                    files.insert(put_after(&store, &before, &bytes).0.id, bytes);
                    writer.finish().unwrap();
                }
                5 => {
                    let gone: Vec<FileId> =
                        files.keys().filter(|_| next(&mut state).is_multiple_of(3)).copied().collect();
                    gone.iter().for_each(|id| drop(files.remove(id)));
                }
                _ => {
                    let live = needed(&store, files.keys().copied());
                    let plan = store.plan_collection(&live).unwrap();
                    let at_once = next(&mut state).is_multiple_of(2);
                    let before = packs(&memory, "packs/");
                    let collected = store.collect(&plan, &format!("{step:016}"), at_once, &Silent).unwrap();
                    let freed = before - packs(&memory, "packs/");
                    assert!(collected.freed.abs_diff(freed) <= 200 * plan.len() as u64, "{collected:?} {freed}");
                }
            }
            if next(&mut state).is_multiple_of(3) {
                (memory, store) = open(memory.contents());
            }
            for (id, bytes) in &files {
                assert!(get(&store, *id).unwrap() == *bytes, "seed {seed}, step {step}");
            }
        }
        assert_eq!(problems(&open(memory.contents()).1), []);
        // Without anything needed, nothing is left.
        let plan = store.plan_collection(&HashSet::new()).unwrap();
        store.collect(&plan, "9", true, &Silent).unwrap();
        assert_eq!(packs(&memory, "packs/"), 0);
    }
}

/// Two differences to each other, each with a whole copy: what stays must not rest on what goes.
#[test]
fn copies_that_rest_on_each_other() {
    let one = noise(1, 300_000);
    let more = one.as_chunks::<2>().0.iter().flat_map(|e| u16::from_le_bytes(*e).wrapping_add(1).to_le_bytes());
    let two: Vec<u8> = more.collect();
    let [a, b] = [&one, &two].map(|plain| block_id(plain));
    let (first, list_a) = recipe(&one, a, one.len());
    let (second, list_b) = recipe(&two, b, two.len());
    for filler in 0..8 {
        let here = [one_more(b, a, 1, two.len()), raw(&one), list_a.clone(), raw(&noise(filler, 300))];
        let there = [one_less(a, b, 1, one.len()), raw(&two), list_b.clone(), raw(&noise(filler, 200))];
        let (_, store) = store_of(&[&here, &there]);
        let plan = store.plan_collection(&needed(&store, [first, second])).unwrap();
        store.collect(&plan, "1", true, &Silent).unwrap();
        assert!(get(&store, first).unwrap() == one && get(&store, second).unwrap() == two, "filler {filler}");
        assert_eq!(problems(&store), []);
    }
}

/// What a difference rests on has just been copied elsewhere and moved away, and was read from there a moment before.
#[test]
fn a_base_that_has_just_moved() {
    let one = noise(1, 300_000);
    let more = |plain: &[u8]| -> Vec<u8> {
        plain.as_chunks::<2>().0.iter().flat_map(|e| u16::from_le_bytes(*e).wrapping_add(1).to_le_bytes()).collect()
    };
    let less: Vec<u8> =
        one.as_chunks::<2>().0.iter().flat_map(|e| u16::from_le_bytes(*e).wrapping_sub(1).to_le_bytes()).collect();
    let two = more(&one);
    let [a, b, c] = [&one, &two, &less].map(|plain| block_id(plain));
    let (first, list_a) = recipe(&one, a, one.len());
    let (second, list_b) = recipe(&two, b, two.len());
    let (third, list_c) = recipe(&less, c, less.len());
    for filler in 0..8 {
        let base =
            [raw(&one), one_more(b, a, 1, two.len()), list_a.clone(), list_b.clone(), raw(&noise(filler, 200_000))];
        let on_it = [one_less(c, a, 1, less.len()), list_c.clone(), raw(&noise(filler + 50, 200_000))];
        let (_, store) = store_of(&[&base, &on_it]);
        for at_once in [false, true] {
            let plan = store.plan_collection(&needed(&store, [first, second, third])).unwrap();
            store.collect(&plan, "1", at_once, &Silent).unwrap();
            for (id, plain) in [(first, &one), (second, &two), (third, &less)] {
                assert!(get(&store, id).unwrap() == *plain, "filler {filler}");
            }
        }
        assert_eq!(problems(&store), []);
    }
}

/// However many packs go, the index is written anew once: that takes the trailers of all of them.
#[test]
fn the_index_is_written_anew_once() {
    for at_once in [false, true] {
        let (memory, store) = memory_store();
        let mut stay = Vec::new();
        for n in 0..50 {
            let stored = put(&store, &[noise(n, 3_000), noise(n + 100, 3_000)]).0;
            stay.push((stored[0].id, noise(n, 3_000)));
        }
        // One segment of all fifty: it is too long to be merged with those of the copies.
        store.reindex().unwrap();
        let contents = memory.contents();
        let segments: Vec<&String> = contents.keys().filter(|name| name.starts_with("index/")).collect();
        let [segment] = segments.try_into().unwrap();
        let faulty = Arc::new(Faulty::over(Arc::clone(&memory) as Arc<dyn Backend>));
        let store = Store::open(Arc::clone(&faulty) as Arc<dyn Backend>).unwrap();
        let mut plan = store.plan_collection(&needed(&store, stay.iter().map(|(id, _)| *id))).unwrap();
        plan.iter_mut().for_each(|pack| assert!([Fate::Rewrite, Fate::Merge].contains(&pack.fate)));
        plan.iter_mut().for_each(|pack| pack.fate = Fate::Rewrite);
        faulty.set(crate::support::faulty::Fault::Never);
        store.collect(&plan, "1", at_once, &Silent).unwrap();
        let log = faulty.log();
        let anew = log.iter().position(|line| *line == format!("remove_cache {segment}")).unwrap();
        let moved = log.iter().rposition(|line| line.starts_with("rename packs/")).unwrap();
        assert!(moved < anew, "{log:?}");
        // For good only what the index does not name any more.
        assert!(log.iter().position(|line| line.starts_with("erase ")).is_none_or(|erased| anew < erased), "{log:?}");
        let (_, store) = open(memory.contents());
        stay.iter().for_each(|(id, bytes)| assert!(get(&store, *id).unwrap() == *bytes));
        assert_eq!(problems(&store), []);
    }
}

#[test]
fn what_is_in_the_trash_can_be_taken_back() {
    let (memory, store) = memory_store();
    let (files, _) = put(&store, &[noise(1, 300_000), noise(2, 900)]);
    let live = needed(&store, [files[0].id]);
    let plan = store.plan_collection(&HashSet::new()).unwrap();
    assert!(plan.iter().all(|pack| pack.fate == Fate::Discard));
    store.collect(&plan, "0000000000000005", false, &Silent).unwrap();
    assert!(matches!(get(&store, files[0].id), Err(StoreError::Missing { .. })));
    assert_eq!((packs(&memory, "packs/"), store.trash_size().unwrap()), (0, packs(&memory, "trash/")));
    assert_eq!(store.take_back(&live).unwrap(), 1);
    assert!(get(&store, files[0].id).unwrap() == noise(1, 300_000));
    assert_eq!(store.take_back(&live).unwrap(), 0);
    // Emptied only of what has lain there for long enough.
    let plan = store.plan_collection(&HashSet::new()).unwrap();
    store.collect(&plan, "0000000000000009", false, &Silent).unwrap();
    assert_eq!(store.empty_trash("0000000000000009").unwrap(), 0);
    assert!(store.empty_trash("0000000000000010").unwrap() > 300_000);
    assert_eq!(packs(&memory, "trash/"), 0);
}

/// A little that is not needed is no reason to copy a lot; damaged bytes are not copied.
#[test]
fn what_stays_as_it_is() {
    let (memory, store) = memory_store();
    let (files, _) = put(&store, &[noise(1, 900_000), noise(2, 5_000), noise(3, 400_000)]);
    let plan = store.plan_collection(&needed(&store, [files[0].id, files[2].id])).unwrap();
    assert_eq!((plan.len(), plan[0].fate, plan[0].dead.len()), (1, Fate::Keep, 1));
    assert_eq!(plan[0].dead[0].0.0, ObjectKind::File);
    let mut contents = memory.contents();
    let (_, bytes) = contents.iter_mut().find(|(name, _)| name.starts_with("packs/")).unwrap();
    let at = bytes.windows(64).position(|w| w == &noise(1, 900_000)[..64]).unwrap();
    bytes[at + 9] ^= 1;
    let (memory, store) = open(contents.clone());
    let plan = store.plan_collection(&needed(&store, [files[0].id])).unwrap();
    assert_eq!(plan[0].fate, Fate::Rewrite);
    let collected = store.collect(&plan, "1", true, &Silent).unwrap();
    assert_eq!((collected.postponed, collected.freed), (1, 0));
    let packs_of = |contents: BTreeMap<String, Vec<u8>>| -> BTreeMap<String, Vec<u8>> {
        contents.into_iter().filter(|(name, _)| name.starts_with("packs/")).collect()
    };
    assert_eq!(packs_of(memory.contents()), packs_of(contents));
}

/// Whichever step fails, or is the last one: everything needed is there, and the next collection ends the work.
#[test]
fn a_fault_at_every_step() {
    let scene = || {
        let (memory, store) = memory_store();
        let first = put(&store, &[noise(1, 300_000), noise(2, 400_000)]).0;
        let second = put(&store, &[noise(3, 300_000)]).0;
        let third = put(&store, &[noise(4, 2_000), noise(5, 90_000)]).0;
        drop(store);
        (memory, [first[0].id, third[0].id], [first[1].id, second[0].id, third[1].id])
    };
    for at_once in [false, true] {
        for frozen in [false, true] {
            for n in 1.. {
                let (memory, stay, go) = scene();
                let faulty = Arc::new(Faulty::over(Arc::clone(&memory) as Arc<dyn Backend>));
                let store = Store::open(Arc::clone(&faulty) as Arc<dyn Backend>).unwrap();
                let live = needed(&store, stay);
                let plan = store.plan_collection(&live).unwrap();
                let before = faulty.count();
                if frozen {
                    faulty.freeze_at(before + n)
                } else {
                    faulty.fail_at(before + n)
                }
                let collected = store.collect(&plan, "1", at_once, &Silent);
                let done = faulty.count() - before < n;
                let (memory, store) = open(memory.contents());
                for (id, bytes) in stay.iter().zip([noise(1, 300_000), noise(4, 2_000)]) {
                    assert!(get(&store, *id).unwrap() == bytes, "step {n}");
                }
                assert_eq!(problems(&store), [], "step {n}");
                for time in ["2", "3"] {
                    let plan = store.plan_collection(&live).unwrap();
                    store.collect(&plan, time, true, &Silent).unwrap();
                    for (id, bytes) in stay.iter().zip([noise(1, 300_000), noise(4, 2_000)]) {
                        assert!(get(&store, *id).unwrap() == bytes, "step {n}, again");
                    }
                }
                assert!(go.iter().all(|id| get(&store, *id).is_err()), "step {n}");
                assert!(packs(&memory, "packs/") < 310_000, "step {n}");
                if done {
                    assert!(collected.is_ok() && n > 8, "{n} steps: {:?}", faulty.log());
                    break;
                }
            }
        }
    }
}

/// A collection that was cut short between the copy and the move, of a pack with a difference: the copy made again has the
/// same name as the one that is there.
#[test]
fn a_copy_that_is_there_already() {
    for seed in 0..8 {
        let (memory, store) = memory_store();
        let bits = weights(seed, 200_000);
        let (first, second) = (model(&[("w", bits.clone())]), model(&[("w", trained(&bits, 1))]));
        let (base, _) = put_after(&store, &[], &first);
        // In one pack: a difference to what lies elsewhere, something whole, something that goes.
        let mut writer = store.writer();
        let id = base.id;
        writer.expect_changes_of(move || vec![id]);
        let sources =
            [ModelFile(second.clone()), ModelFile(noise(seed, 300_000)), ModelFile(noise(seed + 99, 400_000))];
        let sources: Vec<&dyn Source> = sources.iter().map(|s| s as &dyn Source).collect();
        let stored = writer.put_files(&sources, &Silent).unwrap();
        writer.finish().unwrap();
        let live = needed(&store, [base.id, stored[0].id, stored[1].id]);
        let before = memory.contents();
        store.collect(&store.plan_collection(&live).unwrap(), "1", true, &Silent).unwrap();
        let mut both = memory.contents();
        both.extend(before);
        let (memory, store) = open(both);
        for time in ["2", "3", "4"] {
            store.collect(&store.plan_collection(&live).unwrap(), time, true, &Silent).unwrap();
            let (_, store) = open(memory.contents());
            assert!(get(&store, stored[0].id).unwrap() == second, "seed {seed}, {time}");
            assert!(get(&store, stored[1].id).unwrap() == noise(seed, 300_000), "seed {seed}, {time}");
            assert!(get(&store, base.id).unwrap() == first, "seed {seed}, {time}");
        }
        assert!(get(&store, stored[2].id).is_err(), "seed {seed}");
    }
}
