//! Damaged packs: every read says what is damaged and where, and a full check finds every single flipped bit.

use std::collections::BTreeMap;

use mlrun::digest::Digest;
use mlrun::id::TreeId;
use mlrun::progress::Silent;
use mlrun::store::{Depth, Store, StoreError, StoredFile};

use super::{get, open, problems, put, put_folder};
use crate::support::memory_store;
use crate::support::noise::{next, noise, text};

/// A small store with files, a folder and a record, in several packs.
struct Scene {
    contents: BTreeMap<String, Vec<u8>>,
    files: Vec<StoredFile>,
    tree: TreeId,
    record: Digest,
}

fn scene() -> Scene {
    let (memory, store) = memory_store();
    let (mut files, _) = put(&store, &[noise(1, 3000), text(2, 20_000), noise(3, 300_000)]);
    files.extend(put(&store, &[text(4, 500), Vec::new()]).0);
    let tree = put_folder(&store, &[("a", &files[0]), ("b", &files[1]), ("c", &files[2])]);
    let mut writer = store.writer();
    let record = writer.put_record(b"{\"a\":\"record\"}").unwrap();
    writer.finish().unwrap();
    Scene { contents: memory.contents(), files, tree, record }
}

impl Scene {
    fn packs(&self) -> Vec<String> {
        self.contents.keys().filter(|name| name.starts_with("packs/")).cloned().collect()
    }

    /// What reading everything says.
    fn read_all(&self, store: &Store) -> Vec<StoreError> {
        let mut failed: Vec<StoreError> = self.files.iter().filter_map(|f| get(store, f.id).err()).collect();
        failed.extend(store.tree(self.tree).err());
        failed.extend(store.record(self.record).err());
        failed
    }
}

/// 200 bits, spread over all packs, the first and last of each among them.
#[test]
fn a_full_check_finds_each_of_200_flipped_bits() {
    let scene = scene();
    let packs = scene.packs();
    let mut flips: Vec<(String, usize)> = Vec::new();
    for pack in &packs {
        flips.push((pack.clone(), 0));
        flips.push((pack.clone(), scene.contents[pack].len() * 8 - 1));
    }
    let mut state = 42;
    while flips.len() < 200 {
        let pack = &packs[flips.len() % packs.len()];
        let bits = scene.contents[pack].len() as u64 * 8;
        flips.push((pack.clone(), (next(&mut state) % bits) as usize));
    }
    for (pack, bit) in flips {
        for with_index in [true, false] {
            let mut contents = scene.contents.clone();
            contents.get_mut(&pack).unwrap()[bit / 8] ^= 1 << (bit % 8);
            contents.retain(|name, _| with_index || !name.starts_with("index/"));
            let (_, store) = open(contents);
            let found = problems(&store);
            assert!(found.iter().any(|p| p.kind == "pack" && p.name == pack), "bit {bit} of {pack}: {found:?}");
            // What is handed out all the same is right: a read fails, or gives the bytes that were put in.
            let whole = scene.files.iter().filter(|f| get(&store, f.id).is_ok_and(|b| Digest::of(&b) == f.id.digest()));
            let failed = self::scene_failures(&scene, &store);
            assert_eq!(whole.count() + failed, scene.files.len());
        }
    }
}

fn scene_failures(scene: &Scene, store: &Store) -> usize {
    scene.files.iter().filter(|f| get(store, f.id).is_err()).count()
}

/// In the bytes of an object, the read names the object and its pack.
#[test]
fn a_read_names_the_object_and_the_pack() {
    let scene = scene();
    for pack in scene.packs() {
        let mut contents = scene.contents.clone();
        let bytes = contents.get_mut(&pack).unwrap();
        // Every object's last stored byte and its header, but not the trailer.
        let end = bytes.len() - 56;
        for at in (8..end).step_by(97) {
            bytes[at] ^= 0xff;
        }
        let (_, store) = open(contents);
        let failed = scene.read_all(&store);
        assert!(!failed.is_empty());
        for error in failed {
            match error {
                StoreError::Damaged { pack: named, .. } => assert_eq!(named, pack),
                StoreError::Missing { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn a_pack_that_is_gone() {
    let scene = scene();
    for pack in scene.packs() {
        let mut contents = scene.contents.clone();
        contents.remove(&pack);
        // The index still knows where things should be.
        let (_, store) = open(contents.clone());
        let failed = scene.read_all(&store);
        assert!(!failed.is_empty());
        for error in &failed {
            assert!(matches!(error, StoreError::Damaged { pack: named, .. } if *named == pack), "{error:?}");
        }
        for depth in [Depth::Structure, Depth::Full] {
            let found = store.check(depth, &Silent).unwrap().problems;
            assert!(found.iter().any(|p| p.kind == "pack" && p.name == pack && p.found == "nothing"), "{found:?}");
        }
        // Without it they are simply not there.
        contents.retain(|name, _| !name.starts_with("index/"));
        let (_, store) = open(contents);
        let without = scene.read_all(&store);
        assert_eq!(without.len(), failed.len());
        assert!(without.iter().all(|e| matches!(e, StoreError::Missing { .. })), "{without:?}");
    }
}

/// Cut at any place: a check of the structure alone sees it, because a pack ends with its trailer.
#[test]
fn a_pack_that_was_cut() {
    let scene = scene();
    for pack in scene.packs() {
        let length = scene.contents[&pack].len();
        for keep in [0, 1, 7, 8, 55, 56, 100, length / 2, length - 57, length - 56, length - 1] {
            if keep >= length {
                continue;
            }
            for with_index in [true, false] {
                let mut contents = scene.contents.clone();
                contents.get_mut(&pack).unwrap().truncate(keep);
                contents.retain(|name, _| with_index || !name.starts_with("index/"));
                let (_, store) = open(contents);
                let found = store.check(Depth::Structure, &Silent).unwrap().problems;
                assert!(found.iter().any(|p| p.kind == "pack" && p.name == pack), "{keep} bytes: {found:?}");
                for error in scene.read_all(&store) {
                    match error {
                        StoreError::Damaged { pack: named, .. } => assert_eq!(named, pack),
                        StoreError::Missing { .. } => assert!(!with_index),
                        other => panic!("{other:?}"),
                    }
                }
            }
        }
    }
}

/// Longer is as wrong as shorter.
#[test]
fn a_pack_that_grew() {
    let scene = scene();
    for pack in scene.packs() {
        let mut contents = scene.contents.clone();
        contents.get_mut(&pack).unwrap().extend_from_slice(b"more");
        let (_, store) = open(contents);
        let found = store.check(Depth::Structure, &Silent).unwrap().problems;
        assert!(found.iter().any(|p| p.kind == "pack" && p.name == pack), "{found:?}");
    }
}

/// Two packs under each other's names: every object is where the trailers say, and the names are still wrong.
#[test]
fn packs_that_were_exchanged() {
    let scene = scene();
    let packs = scene.packs();
    let mut contents = scene.contents.clone();
    let first = contents[&packs[0]].clone();
    let second = contents.insert(packs[1].clone(), first).unwrap();
    contents.insert(packs[0].clone(), second);
    let (_, store) = open(contents);
    let found = problems(&store);
    for pack in &packs[..2] {
        assert!(found.iter().any(|p| p.kind == "pack" && p.name == *pack), "{found:?}");
    }
}

/// What is damaged is written again when it comes by: the next snapshot heals it.
#[test]
fn storing_it_again_heals_it() {
    let scene = scene();
    let originals = [noise(1, 3000), text(2, 20_000), noise(3, 300_000), text(4, 500), Vec::new()];
    for pack in scene.packs() {
        let mut contents = scene.contents.clone();
        contents.get_mut(&pack).unwrap().truncate(20);
        let (memory, store) = open(contents);
        put(&store, &originals);
        let (_, store) = open(memory.contents());
        for file in &scene.files {
            assert_eq!(Digest::of(&get(&store, file.id).unwrap()), file.id.digest());
        }
    }
}

/// A stranger in the packs folder is left alone and disturbs nothing.
#[test]
fn strangers_are_no_packs() {
    let scene = scene();
    let mut contents = scene.contents.clone();
    for name in ["packs/README", "packs/x.pack", "packs/00.pack.tmp", "journal/.DS_Store"] {
        contents.insert(name.to_owned(), b"hello".to_vec());
    }
    let (_, store) = open(contents);
    assert_eq!(problems(&store), []);
    assert!(scene.read_all(&store).is_empty());
}
