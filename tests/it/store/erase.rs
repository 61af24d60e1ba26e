//! Erasing: what was erased is in no byte of the store any more, and whatever else was there still is, whatever fails when.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use mlrun::digest::Digest;
use mlrun::format::pack::{FOOTER, ObjectKind, Trailer};
use mlrun::id::FileId;
use mlrun::progress::Silent;
use mlrun::store::erase::{Erased, Erasure};
use mlrun::store::memory::Memory;
use mlrun::store::{Backend, Depth, Key, Source, Store, StoreError};

use super::hostile::{block_id, one_more, raw, recipe, store_of};
use super::tensors::{model, put_after, trained, weights};
use super::{get, open, problems, put};
use crate::support::faulty::{Fault, Faulty};
use crate::support::memory_store;
use crate::support::noise::{next, noise, text};
use crate::support::source::Bytes;

type Contents = BTreeMap<String, Vec<u8>>;

fn of(files: &[FileId]) -> Erasure {
    Erasure { files: files.iter().copied().collect(), ..Erasure::default() }
}

fn erase(store: &Store, erasure: &Erasure) -> Erased {
    let plan = store.plan_erasure(erasure).unwrap();
    store.erase(&plan, &Silent).unwrap()
}

/// Whether some piece of `secret`, which is noise and stored as it is, stands anywhere in the store.
fn shows(contents: &Contents, secret: &[u8]) -> Option<String> {
    let pieces: HashSet<&[u8]> = secret.chunks(4096).filter(|p| p.len() >= 16).map(|piece| &piece[..16]).collect();
    let mut begins = vec![false; 1 << 16];
    let begin = |piece: &[u8]| usize::from(u16::from_le_bytes([piece[0], piece[1]]));
    pieces.iter().for_each(|piece| begins[begin(piece)] = true);
    let holds = |bytes: &[u8]| bytes.windows(16).any(|window| begins[begin(window)] && pieces.contains(window));
    contents.iter().find(|(_, bytes)| holds(bytes)).map(|(name, _)| name.clone())
}

/// Every object of every pack, in the trash too: read from the trailers here.
fn objects(contents: &Contents) -> Vec<Key> {
    let mut found = Vec::new();
    for (_, bytes) in contents.iter().filter(|(name, _)| name.ends_with(".pack")) {
        let (at, length) = Trailer::locate(&bytes[bytes.len() - FOOTER..], bytes.len() as u64).unwrap();
        let trailer = Trailer::decode(&bytes[at as usize..at as usize + length]).unwrap();
        found.extend(trailer.objects.iter().map(|(_, header)| (header.kind, header.id)));
    }
    found
}

fn blocks(store: &Store, file: FileId) -> HashSet<Key> {
    store.recipe(file).unwrap().blocks.iter().map(|block| (ObjectKind::Block, block.id)).collect()
}

#[test]
fn a_file_goes_and_nothing_else() {
    let (memory, store) = memory_store();
    let (secret, small) = (noise(1, 700_000), noise(2, 900));
    let (files, _) = put(&store, &[secret.clone(), small.clone(), noise(3, 300_000), text(4, 3_000)]);
    let mut writer = store.writer();
    let record = writer.put_record(b"{\"a\":1}").unwrap();
    writer.finish().unwrap();
    assert!(shows(&memory.contents(), &secret).is_some() && shows(&memory.contents(), &small).is_some());
    let plan = store.plan_erasure(&of(&[files[0].id])).unwrap();
    assert!(plan.has(files[0].id) && !plan.has(files[1].id) && plan.shared == 0);
    assert_eq!((plan.packs(), plan.bytes() > 700_000), ((1, 0), true));
    let erased = store.erase(&plan, &Silent).unwrap();
    assert!((700_000..702_000).contains(&erased.freed), "{erased:?}");
    assert_eq!(shows(&memory.contents(), &secret), None);
    assert!(matches!(get(&store, files[0].id), Err(StoreError::Missing { .. })));
    // A small file and a record, by themselves.
    let erasure = Erasure { records: HashSet::from([record]), ..of(&[files[1].id]) };
    erase(&store, &erasure);
    assert_eq!(shows(&memory.contents(), &small), None);
    let (_, store) = open(memory.contents());
    assert!(matches!(store.record(record), Err(StoreError::Missing { .. })));
    assert!(get(&store, files[2].id).unwrap() == noise(3, 300_000));
    assert!(get(&store, files[3].id).unwrap() == text(4, 3_000));
    assert_eq!(problems(&store), []);
    // Again: there is nothing to be done.
    assert!(store.plan_erasure(&erasure).unwrap().is_empty());
    let before = memory.contents();
    erase(&store, &erasure);
    assert_eq!(before, memory.contents());
}

/// A block that another file is made of is that file's as well. It is said which.
#[test]
fn what_other_files_share_stays_theirs() {
    let (memory, store) = memory_store();
    let layers = [("a", weights(1, 200_000)), ("b", weights(2, 100_000)), ("c", weights(3, 90_000))];
    let (first, _) = put_after(&store, &[], &model(&layers));
    let (second, _) = put_after(&store, &[], &model(&layers[..2]));
    let own: HashSet<Key> = blocks(&store, first.id).difference(&blocks(&store, second.id)).copied().collect();
    assert!(!own.is_empty());
    let plan = store.plan_erasure(&of(&[first.id])).unwrap();
    assert!(plan.shared >= 600_000, "{}", plan.shared);
    assert_eq!(plan.shared_with, HashSet::from([second.id]));
    store.erase(&plan, &Silent).unwrap();
    assert!(objects(&memory.contents()).iter().all(|object| !own.contains(object)));
    let (memory, store) = open(memory.contents());
    assert!(get(&store, second.id).unwrap() == model(&layers[..2]));
    assert_eq!(problems(&store), []);
    // Once the other file goes too, nothing holds them.
    erase(&store, &of(&[second.id]));
    assert_eq!(objects(&memory.contents()), []);
}

/// What is stored as the difference to something that goes is stored whole: from a difference and its result the base could
/// be had.
#[test]
fn nothing_rests_on_what_went() {
    let (memory, store) = memory_store();
    let mut layers = vec![("w", weights(1, 300_000))];
    let mut line = Vec::new();
    for step in 0..4 {
        let before: Vec<_> = line.last().map(|(stored, _)| *stored).into_iter().collect();
        line.push((put_after(&store, &before, &model(&layers)).0, model(&layers)));
        layers.iter_mut().for_each(|(_, bits)| *bits = trained(bits, step));
    }
    for gone in [1, 0] {
        let own = blocks(&store, line[gone].0.id);
        // The header of a file is a block of its own, the same in all of them.
        let others: HashSet<Key> =
            line.iter().enumerate().filter(|(n, _)| *n != gone).flat_map(|(_, (f, _))| blocks(&store, f.id)).collect();
        erase(&store, &of(&[line[gone].0.id]));
        line.remove(gone);
        let left = objects(&memory.contents());
        assert!(own.difference(&others).count() > 0 && own.difference(&others).all(|block| !left.contains(block)));
        let (_, again) = open(memory.contents());
        for (stored, bytes) in &line {
            assert!(get(&again, stored.id).unwrap() == *bytes);
            let parts = again.parts(stored.id).unwrap();
            assert!(parts.iter().all(|part| left.contains(part)));
        }
        assert_eq!(problems(&again), []);
    }
}

/// The recipe of a file was collected, its blocks stayed because others are differences to them: they go by being no file's.
#[test]
fn blocks_of_a_file_whose_recipe_is_gone() {
    let (memory, store) = memory_store();
    let bits = weights(5, 200_000);
    let (first, second) = (model(&[("w", bits.clone())]), model(&[("w", trained(&bits, 1))]));
    let (base, _) = put_after(&store, &[], &first);
    let (stays, _) = put_after(&store, &[base], &second);
    let own: HashSet<Key> = blocks(&store, base.id).difference(&blocks(&store, stays.id)).copied().collect();
    let live = store.keys_of(stays.id).unwrap().into_iter().collect();
    store.collect(&store.plan_collection(&live).unwrap(), "1", true, &Silent).unwrap();
    // A pack with little in it that is not needed stays as it is; without its recipe there is nothing to go by.
    let left = objects(&memory.contents());
    assert!(own.iter().all(|block| left.contains(block)), "a base stays");
    let erasure = of(&[base.id]);
    let known = store.plan_erasure(&erasure).unwrap().has(base.id);
    erase(&store, &Erasure { nameless_blocks: !known, ..erasure });
    let left = objects(&memory.contents());
    assert!(own.iter().all(|block| !left.contains(block)));
    let (_, store) = open(memory.contents());
    assert!(get(&store, stays.id).unwrap() == second);
    assert_eq!(problems(&store), []);
}

/// Damage beside it keeps nothing from going, and is neither healed nor made worse.
#[test]
fn damaged_neighbours_are_carried_over_as_they_are() {
    let (memory, store) = memory_store();
    let (secret, hurt) = (noise(1, 20_000), noise(2, 30_000));
    let (files, _) = put(&store, &[secret.clone(), hurt.clone(), noise(3, 400_000)]);
    let mut contents = memory.contents();
    let (_, bytes) = contents.iter_mut().find(|(name, _)| name.starts_with("packs/")).unwrap();
    let at = bytes.windows(32).position(|window| *window == hurt[..32]).unwrap();
    bytes[at + 50] ^= 4;
    let (memory, store) = open(contents);
    erase(&store, &of(&[files[0].id]));
    assert_eq!(shows(&memory.contents(), &secret), None);
    let (memory, store) = open(memory.contents());
    assert!(matches!(get(&store, files[1].id), Err(StoreError::Damaged { .. })));
    assert!(get(&store, files[2].id).unwrap() == noise(3, 400_000));
    let mut healed = memory.contents();
    let (_, bytes) = healed.iter_mut().find(|(name, _)| name.starts_with("packs/")).unwrap();
    let at = bytes.windows(32).position(|window| *window == hurt[..32]).unwrap();
    bytes[at + 50] ^= 4;
    assert!(get(&open(healed).1, files[1].id).unwrap() == hurt, "all of its bytes were kept");
}

/// A pack that was copied with a damaged record in it is whole, and the record is found all the same.
#[test]
fn a_damaged_record_in_a_new_pack_is_found() {
    let (memory, store) = memory_store();
    let record = br#"{"certificate":"of a version"}"#;
    let mut writer = store.writer();
    let secret = writer.put_bytes(&noise(1, 20_000), &Silent).unwrap();
    let id = writer.put_record(record).unwrap();
    writer.finish().unwrap();
    let mut contents = memory.contents();
    let (_, bytes) = contents.iter_mut().find(|(name, _)| name.starts_with("packs/")).unwrap();
    let at = bytes.windows(record.len()).position(|window| window == record).unwrap();
    bytes[at + 20] ^= 4;
    let (_, store) = open(contents);
    erase(&store, &of(&[secret.id]));
    let found = store.check(Depth::Full, &Silent).unwrap().problems;
    assert_eq!(found.iter().map(|p| (p.kind, p.name.clone())).collect::<Vec<_>>(), [("object", id.to_string())]);
}

/// A difference that was broken before is no reason to keep what it rests on.
#[test]
fn a_broken_difference_holds_nothing_back() {
    let (one, other) = (noise(1, 300_000), noise(2, 300_000));
    let (a, b) = (block_id(&one), block_id(&other));
    let (secret, list_a) = recipe(&one, a, one.len());
    let (broken, list_b) = recipe(&other, b, other.len());
    // It says that it is `one` with 1 added, and is not.
    let (contents, _) = store_of(&[&[raw(&one), list_a], &[one_more(b, a, 1, other.len()), list_b]]);
    let (memory, store) = open(contents);
    erase(&store, &of(&[secret]));
    assert_eq!(shows(&memory.contents(), &one), None);
    assert!(get(&store, broken).is_err());
    assert!(store.plan_erasure(&of(&[secret])).unwrap().is_empty(), "it ends");
}

#[test]
fn a_pack_that_cannot_be_read_is_named() {
    let (memory, store) = memory_store();
    let (files, _) = put(&store, &[noise(1, 20_000)]);
    let mut contents = memory.contents();
    let name = contents.keys().find(|name| name.starts_with("packs/")).unwrap().clone();
    let bytes = contents.get_mut(&name).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    contents.retain(|name, _| !name.starts_with("index/"));
    let (_, store) = open(contents);
    let plan = store.plan_erasure(&of(&[files[0].id])).unwrap();
    assert_eq!(plan.unreadable, [name]);
    assert!(plan.is_empty());
}

/// Files that share blocks, differences, several packs, one in the trash.
struct Scene {
    contents: Contents,
    secrets: Vec<(FileId, Vec<u8>)>,
    stay: Vec<(FileId, Vec<u8>)>,
    in_trash: (FileId, Vec<u8>),
    gone: HashSet<Key>,
}

fn scene() -> Scene {
    let (memory, store) = memory_store();
    let whole = noise(1, 600_000);
    let more = [&whole[..], &noise(2, 200_000)].concat();
    let bits = weights(3, 150_000);
    let (first, second) = (model(&[("w", bits.clone())]), model(&[("w", trained(&bits, 1))]));
    let pack_one = put(&store, &[whole.clone(), noise(10, 270_000)]).0;
    let pack_two = put(&store, &[more.clone(), noise(11, 2_000)]).0;
    let base = put_after(&store, &[], &first).0;
    let after = put_after(&store, &[base], &second).0;
    let loose = put(&store, &[noise(4, 270_000), noise(12, 20_000)]).0;
    let stay = vec![(pack_one[1].id, noise(10, 270_000)), (pack_two[1].id, noise(11, 2_000)), (after.id, second)];
    let mut gone: HashSet<Key> =
        [pack_one[0].id, pack_two[0].id, base.id, loose[0].id].iter().flat_map(|id| blocks(&store, *id)).collect();
    stay.iter().filter(|(_, bytes)| bytes.len() > 262_144).for_each(|(id, _)| {
        let others = blocks(&store, *id);
        gone.retain(|block| !others.contains(block));
    });
    let others = blocks(&store, after.id);
    gone.retain(|block| !others.contains(block));
    let all = [pack_one[0].id, pack_one[1].id, pack_two[0].id, pack_two[1].id, base.id, after.id];
    let live = all.iter().flat_map(|id| store.keys_of(*id).unwrap()).collect();
    store.collect(&store.plan_collection(&live).unwrap(), "0000000000000005", false, &Silent).unwrap();
    Scene {
        contents: memory.contents(),
        secrets: vec![
            (pack_one[0].id, whole),
            (pack_two[0].id, more),
            (loose[0].id, noise(4, 270_000)),
            (base.id, first),
        ],
        stay,
        in_trash: (loose[1].id, noise(12, 20_000)),
        gone,
    }
}

/// Whichever step fails, is the last one, or is done without being heard of: nothing else is lost, and doing it again ends it.
#[test]
fn a_fault_at_every_step() {
    let scene = scene();
    let ids: Vec<FileId> = scene.secrets.iter().map(|(id, _)| *id).collect();
    assert!(scene.contents.keys().any(|name| name.starts_with("trash/")));
    for fault in [Fault::Once, Fault::Freeze, Fault::Unheard] {
        for n in 1.. {
            let memory = Arc::new(Memory::with_contents(scene.contents.clone()));
            let faulty = Arc::new(Faulty::over(Arc::clone(&memory) as Arc<dyn Backend>));
            let store = Store::open(Arc::clone(&faulty) as Arc<dyn Backend>).unwrap();
            let plan = store.plan_erasure(&of(&ids)).unwrap();
            assert!(plan.packs().0 >= 4 && plan.packs().1 == 1, "{:?}", plan.packs());
            faulty.set(fault(n));
            let erased = store.erase(&plan, &Silent);
            let done = faulty.count() < n;
            let (memory, store) = open(memory.contents());
            for (id, bytes) in &scene.stay {
                assert!(get(&store, *id).unwrap() == *bytes, "step {n}");
            }
            let others = problems(&store).into_iter().filter(|p| !ids.iter().any(|id| p.name == id.to_string()));
            assert_eq!(others.collect::<Vec<_>>(), [], "step {n} of {:?}", faulty.log());
            erase(&store, &of(&ids));
            let contents = memory.contents();
            for (_, secret) in &scene.secrets[..3] {
                assert_eq!(shows(&contents, secret), None, "step {n} of {:?}", faulty.log());
            }
            assert!(objects(&contents).iter().all(|object| !scene.gone.contains(object)), "step {n}");
            assert!(!contents.keys().any(|name| name.starts_with("trash/0-erased/")), "step {n}");
            let (_, store) = open(contents);
            assert_eq!(problems(&store), [], "step {n}");
            for (id, bytes) in &scene.stay {
                assert!(get(&store, *id).unwrap() == *bytes, "step {n}, again");
            }
            // What lay beside it in the trash can still be taken back.
            let wanted = store.keys_of(scene.in_trash.0).unwrap().into_iter().collect();
            assert_eq!(store.take_back(&wanted).unwrap(), 1, "step {n}");
            assert!(get(&store, scene.in_trash.0).unwrap() == scene.in_trash.1, "step {n}");
            if done {
                assert!(erased.is_ok() && n > 20, "{n} steps: {:?}", faulty.log());
                break;
            }
        }
    }
}

/// Many files that come and go in any order, by several processes.
#[test]
fn any_order() {
    for seed in 0..4 {
        let mut state = seed;
        let (mut memory, mut store) = memory_store();
        let mut files: BTreeMap<FileId, Vec<u8>> = BTreeMap::new();
        let mut bits = weights(seed, 150_000);
        let mut last = None;
        for step in 0..16 {
            match next(&mut state) % 5 {
                0 => {
                    let many: Vec<Vec<u8>> = (0..4).map(|n| noise(next(&mut state) % 9, 500 + n * 90_000)).collect();
                    for (stored, bytes) in put(&store, &many).0.into_iter().zip(many) {
                        files.insert(stored.id, bytes);
                    }
                }
                1 | 2 => {
                    bits = trained(&bits, step);
                    let before: Vec<_> = last.into_iter().collect();
                    let bytes = model(&[("w", bits.clone())]);
                    let (stored, _) = put_after(&store, &before, &bytes);
                    last = Some(stored);
                    files.insert(stored.id, bytes);
                }
                3 => {
                    let gone: Vec<FileId> =
                        files.keys().filter(|_| next(&mut state).is_multiple_of(4)).copied().collect();
                    erase(&store, &of(&gone));
                    for id in gone {
                        files.remove(&id);
                        assert!(get(&store, id).is_err());
                        last = last.filter(|file| file.id != id);
                    }
                    let left: HashSet<Key> = objects(&memory.contents()).into_iter().collect();
                    let needed: HashSet<Key> = files.keys().flat_map(|id| store.keys_of(*id).unwrap()).collect();
                    let kinds = [ObjectKind::Block, ObjectKind::File, ObjectKind::Recipe];
                    let own = left.iter().filter(|key| kinds.contains(&key.0) && !needed.contains(key));
                    assert_eq!(own.count(), 0, "seed {seed}, step {step}: nothing is left of what went");
                }
                _ => (memory, store) = open(memory.contents()),
            }
            for (id, bytes) in &files {
                assert!(get(&store, *id).unwrap() == *bytes, "seed {seed}, step {step}");
            }
        }
        assert_eq!(problems(&open(memory.contents()).1), []);
    }
}

/// On a disk, with its temporary files.
#[test]
fn on_a_disk() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Arc::new(mlrun::store::disk::Disk::new(folder.path().to_owned()));
    let store = Store::create(disk as Arc<dyn Backend>, crate::support::REPOSITORY).unwrap();
    let mut writer = store.writer();
    let sources = [Bytes(noise(1, 300_000)), Bytes(noise(2, 300_000))];
    let sources: Vec<&dyn Source> = sources.iter().map(|s| s as &dyn Source).collect();
    let stored = writer.put_files(&sources, &Silent).unwrap();
    writer.finish().unwrap();
    assert_eq!(stored[0].id.digest(), Digest::of(&noise(1, 300_000)));
    erase(&store, &of(&[stored[0].id]));
    // On a disk nothing is left in the folder that packs pass through, nor in the folder of temporary files.
    assert!(!folder.path().join("trash").join("0-erased").exists());
    let files = crate::support::project::contents(folder.path());
    assert_eq!(shows(&files, &noise(1, 300_000)), None);
    assert!(get(&store, stored[1].id).unwrap() == noise(2, 300_000));
}
