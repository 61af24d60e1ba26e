//! Packs and segments that somebody made: whatever they say, reading ends, in the right bytes or in an error.

use std::collections::BTreeMap;

use mlrun::digest::Digest;
use mlrun::format::index::{IndexEntry, IndexedPack, Segment};
use mlrun::format::pack::{Codec, MAGIC, ObjectHeader, ObjectKind, Trailer};
use mlrun::format::planes::{Base, Coding, PlanesHeader, Transform};
use mlrun::format::recipe::{Recipe, RecipeBlock};
use mlrun::id::FileId;
use mlrun::progress::Silent;
use mlrun::store::{Source, Store, StoreError};

use super::{get, open, problems, put};
use crate::support::memory_store;
use crate::support::noise::noise;
use crate::support::source::ModelFile;

pub(super) type Contents = BTreeMap<String, Vec<u8>>;
pub(super) type Object = (ObjectHeader, Vec<u8>);

/// A sound pack of these objects; where it lies, and where each begins.
pub(super) fn pack(objects: &[Object]) -> (String, Vec<u8>) {
    let mut bytes = MAGIC.to_vec();
    let mut trailer = Trailer::default();
    for (header, stored) in objects {
        trailer.objects.push((bytes.len() as u64, *header));
        bytes.extend(header.encode());
        bytes.extend(stored);
    }
    bytes.extend(trailer.encode(bytes.len() as u64));
    (format!("packs/{}.pack", blake3::hash(&bytes).to_hex()), bytes)
}

pub(super) fn object(kind: ObjectKind, codec: Codec, id: [u8; 32], plain_length: usize, stored: Vec<u8>) -> Object {
    let (plain_length, stored_length) = (plain_length as u32, stored.len() as u32);
    (ObjectHeader { kind, codec: codec as u8, plain_length, stored_length, id }, stored)
}

pub(super) fn block_id(plain: &[u8]) -> [u8; 32] {
    *blake3::hash(plain).as_bytes()
}

pub(super) fn raw(plain: &[u8]) -> Object {
    object(ObjectKind::Block, Codec::Raw, block_id(plain), plain.len(), plain.to_vec())
}

/// A block of 16-bit integers, each one more than in its base.
pub(super) fn one_more(id: [u8; 32], base: [u8; 32], depth: u8, length: usize) -> Object {
    shifted(id, Base { id: base, depth }, length, 2)
}

/// The same, one less.
pub(super) fn one_less(id: [u8; 32], base: [u8; 32], depth: u8, length: usize) -> Object {
    shifted(id, Base { id: base, depth }, length, 1)
}

/// `zigzag` is what every difference is: 2 for 1, 1 for −1.
fn shifted(id: [u8; 32], base: Base, length: usize, zigzag: u8) -> Object {
    let mut planes = [(Coding::Raw, 0); 8];
    planes[..2].fill((Coding::Constant, 1));
    let header = PlanesHeader { base: Some(base), width: 2, transform: Transform::IntegerDifference, phase: 0, planes };
    let stored = [&*header.encode(), &[zigzag, 0]].concat();
    object(ObjectKind::Block, Codec::Difference, id, length, stored)
}

pub(super) fn recipe(plain: &[u8], block: [u8; 32], length: usize) -> (FileId, Object) {
    let sha256 = Digest::of(plain);
    let blocks = vec![RecipeBlock { id: block, length: length as u32 }];
    let stored = Recipe { sha256, size: length as u64, blocks, tensors: Vec::new() }.encode();
    let recipe = object(ObjectKind::Recipe, Codec::Raw, *sha256.as_bytes(), stored.len(), stored);
    (FileId::new(sha256), recipe)
}

/// A store with these packs and no index.
pub(super) fn store_of(packs: &[&[Object]]) -> (Contents, Store) {
    let mut contents = memory_store().0.contents();
    contents.extend(packs.iter().map(|objects| pack(objects)));
    let (_, store) = open(contents.clone());
    (contents, store)
}

fn is_damaged<T: std::fmt::Debug>(found: Result<T, StoreError>) {
    assert!(matches!(found, Err(StoreError::Damaged { .. })), "{found:?}");
}

#[test]
fn blocks_that_are_bases_of_each_other() {
    let plain = noise(1, 400_000);
    let (one, two) = (block_id(&plain), [7; 32]);
    let (file, list) = recipe(&plain, one, plain.len());
    for other in [one, two] {
        let circle = [one_more(one, other, 1, plain.len()), one_more(two, one, 1, plain.len()), list.clone()];
        let (_, store) = store_of(&[&circle]);
        is_damaged(get(&store, file));
        assert!(!store.has_file(file).unwrap());
        assert_eq!(store.missing_part(file).unwrap(), Some(Digest::from_bytes(one)));
        assert!(store.parts(file).unwrap().len() <= 2);
        assert!(!problems(&store).is_empty());
        // The next version does not build on it; the same one again is whole.
        let mut writer = store.writer();
        writer.expect_changes_of(move || vec![file]);
        let stored = writer.put_files(&[&ModelFile(plain.clone()) as &dyn Source], &Silent).unwrap();
        writer.finish().unwrap();
        assert!(stored[0].id == file && get(&store, file).unwrap() == plain);
    }
}

/// A block that is stored twice, alone and as a difference: whichever copy is found first, what rests on it can be read.
#[test]
fn copies_at_different_depths() {
    let add = |plain: &[u8]| -> Vec<u8> {
        plain.as_chunks::<2>().0.iter().flat_map(|e| (u16::from_le_bytes(*e).wrapping_add(1)).to_le_bytes()).collect()
    };
    let first = noise(2, 300_000);
    let (second, third) = (add(&first), add(&add(&first)));
    let [a, b, c] = [&first, &second, &third].map(|plain| block_id(plain));
    let (file, list) = recipe(&third, c, third.len());
    for filler in 0..12 {
        let deep = [raw(&first), one_more(b, a, 1, second.len()), raw(&noise(filler, 300))];
        let shallow = [raw(&second), one_more(c, b, 1, third.len()), list.clone(), raw(&noise(filler, 200))];
        let (_, store) = store_of(&[&deep, &shallow]);
        assert!(get(&store, file).unwrap() == third, "filler {filler}");
        // Without the base of the one copy there is still the other.
        let (_, store) = store_of(&[&deep[1..], &shallow]);
        assert!(get(&store, file).unwrap() == third && store.has_file(file).unwrap(), "filler {filler}");
        assert_eq!(problems(&store), []);
    }
}

#[test]
fn a_block_of_another_length_than_its_file_says() {
    let long = vec![0; 3 << 20];
    let (file, list) = recipe(&[0; 400], block_id(&long), 400);
    let zeros = object(ObjectKind::Block, Codec::Constant, block_id(&long), long.len(), vec![0]);
    let (_, store) = store_of(&[&[zeros, list]]);
    is_damaged(get(&store, file));
    let mut out = Vec::new();
    assert!(store.copy_file(file, &mut out, &Silent).is_err());
    assert!(out.is_empty(), "nothing of it is handed out");
}

#[test]
fn a_block_longer_than_any() {
    let long = vec![0; (4 << 20) + 1];
    let zeros = object(ObjectKind::Block, Codec::Constant, block_id(&long), long.len(), vec![0]);
    let (_, store) = store_of(&[&[zeros]]);
    assert!(!store.contains(ObjectKind::Block, &block_id(&long)).unwrap());
    assert!(problems(&store)[0].found.contains("longer than any"));
}

#[test]
fn planes_of_less_than_an_element() {
    let plain = [9];
    let mut planes = [(Coding::Constant, 1); 8];
    for coding in [Coding::Constant, Coding::Raw, Coding::Zstd] {
        planes[0] = (coding, 1);
        let header = PlanesHeader { base: None, width: 8, transform: Transform::Plain, phase: 0, planes };
        let stored = [&*header.encode(), &[0; 8], &plain].concat();
        let block = object(ObjectKind::Block, Codec::Planes, block_id(&plain), 1, stored);
        let (file, list) = recipe(&plain, block_id(&plain), 1);
        is_damaged(get(&store_of(&[&[block, list]]).1, file));
    }
}

/// The index is a cache: what it says wrongly is read from the packs themselves.
#[test]
fn a_segment_that_lies() {
    let (memory, store) = memory_store();
    let (files, _) = put(&store, &[noise(3, 300_000), noise(4, 900)]);
    let contents = memory.contents();
    let (name, bytes) = contents.iter().find(|(name, _)| name.starts_with("index/")).unwrap();
    let segment = Segment::decode(bytes).unwrap();
    type Lie = fn(&mut IndexEntry, &IndexedPack);
    let lies: [Lie; 4] = [
        |entry, _| entry.offset += 1,
        |entry, _| entry.header.plain_length += 1,
        |entry, _| entry.header.codec ^= 1,
        |entry, pack| entry.offset = pack.length - 48 - u64::from(entry.header.stored_length),
    ];
    for lie in lies {
        let mut segment = segment.clone();
        let pack = segment.packs[0];
        segment.entries.iter_mut().for_each(|entry| lie(entry, &pack));
        let mut contents = contents.clone();
        contents.insert(name.clone(), segment.encode());
        let (_, store) = open(contents.clone());
        for (file, plain) in files.iter().zip([noise(3, 300_000), noise(4, 900)]) {
            assert!(get(&store, file.id).unwrap() == plain);
        }
        let (memory, store) = open(contents);
        let found = problems(&store);
        assert!(found.iter().any(|problem| problem.kind == "index"), "{found:?}");
        assert_eq!(problems(&open(memory.contents()).1), [], "it was written anew");
    }
    let outside: [Lie; 3] = [
        |entry, pack| entry.offset = pack.length,
        |entry, _| entry.offset = u64::MAX,
        |entry, _| entry.header.stored_length = u32::MAX,
    ];
    for lie in outside {
        let mut segment = segment.clone();
        let pack = segment.packs[0];
        segment.entries.iter_mut().for_each(|entry| lie(entry, &pack));
        assert!(Segment::decode(&segment.encode()).is_err());
    }
}

/// Power was lost while one was written: it is no reason to keep all the others apart.
#[test]
fn a_broken_segment_does_not_stop_merging() {
    let (memory, _) = memory_store();
    let mut contents = memory.contents();
    contents.insert("index/00000000000000000000000000000000.idx".to_owned(), Vec::new());
    contents.insert("index/a-folder/x".to_owned(), Vec::new());
    let (memory, store) = open(contents);
    let files: Vec<_> = (0..20).map(|n| put(&store, &[noise(n, 2000)]).0[0]).collect();
    let names: Vec<String> = memory.contents().into_keys().filter(|name| name.ends_with(".idx")).collect();
    assert!(names.len() <= 9, "{names:?}");
    let (_, store) = open(memory.contents());
    assert!(files.iter().all(|file| store.has_file(file.id).unwrap()));
}

/// A type's name longer than the table of tensors can hold.
#[test]
fn a_header_that_does_not_fit_a_recipe() {
    let header = format!(r#"{{"w":{{"dtype":"{}","shape":[400000],"data_offsets":[0,400000]}}}}"#, "A".repeat(300));
    let mut plain = (header.len() as u64).to_le_bytes().to_vec();
    plain.extend(header.as_bytes());
    plain.extend(noise(5, 400_000));
    let (_, store) = memory_store();
    let mut writer = store.writer();
    let stored = writer.put_files(&[&ModelFile(plain.clone()) as &dyn Source], &Silent).unwrap();
    writer.finish().unwrap();
    assert!(get(&store, stored[0].id).unwrap() == plain);
    assert_eq!(problems(&store), []);
}
