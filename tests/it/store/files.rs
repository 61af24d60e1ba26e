//! What goes in comes out, under the name `sha256sum` gives it; what is there already costs nothing.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::sync::Arc;

use mlrun::digest::Digest;
use mlrun::format::pack::ObjectKind;
use mlrun::id::FileId;
use mlrun::progress::Silent;
use mlrun::store::disk::Disk;
use mlrun::store::memory::Memory;
use mlrun::store::{Backend, Source, Store, StoreError, Written};
use proptest::prelude::*;

use super::{get, open, problems, put, put_folder};
use crate::support::faulty::Faulty;
use crate::support::noise::{noise, text};
use crate::support::source::{Broken, Bytes, Changing, Dribble};
use crate::support::{REPOSITORY, cases, memory_store, says, sha256sum};

const LENGTHS: [usize; 16] = [
    0,
    1,
    63,
    64,
    65,
    4096,
    131_071,
    131_072,
    131_073,
    262_143,
    262_144,
    262_145,
    524_288,
    1 << 20,
    2_097_153,
    5_000_001,
];

/// Files of many lengths, some that compress and some that do not, and one of 20 MiB of both.
fn samples() -> Vec<Vec<u8>> {
    let mut files: Vec<Vec<u8>> = LENGTHS
        .iter()
        .enumerate()
        .map(|(seed, n)| if seed % 2 == 0 { noise(seed as u64, *n) } else { text(seed as u64, *n) })
        .collect();
    files.push([noise(50, 9 << 20), vec![0; 4 << 20], text(51, 7 << 20)].concat());
    files
}

fn round_trip(backend: Arc<dyn Backend>) {
    let store = Store::create(Arc::clone(&backend), REPOSITORY).unwrap();
    let files = samples();
    let (stored, written) = put(&store, &files);
    let total: u64 = files.iter().map(|f| f.len() as u64).sum();
    assert_eq!(written.plain, total);
    assert_eq!(written.new, total, "no two of them share a block");
    assert!(written.stored < total * 8 / 10, "{written:?}");
    // By the process that wrote them, and by one that finds them.
    for store in [store, Store::open(backend).unwrap()] {
        for (file, stored) in files.iter().zip(&stored) {
            assert_eq!(stored.size, file.len() as u64);
            assert_eq!(stored.id, FileId::new(Digest::of(file)));
            assert!(store.has_file(stored.id).unwrap());
            assert!(get(&store, stored.id).unwrap() == *file, "{} bytes", file.len());
        }
        assert_eq!(problems(&store), []);
    }
}

#[test]
fn round_trip_in_memory() {
    round_trip(Arc::new(Memory::default()));
}

#[test]
fn round_trip_through_a_backend_that_could_fail() {
    round_trip(Arc::new(Faulty::over(Arc::new(Memory::default()))));
}

#[test]
fn round_trip_on_disk() {
    let temp = tempfile::tempdir().unwrap();
    round_trip(Arc::new(Disk::new(temp.path().join("store"))));
    // Nothing but what the store is made of is left behind.
    let left: BTreeSet<String> = fs::read_dir(temp.path().join("store"))
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    let expected = ["format.json", "index", "packs"].map(str::to_owned);
    assert_eq!(left, BTreeSet::from(expected));
}

/// The ids are those `sha256sum` prints for the files before they went in and after they came out.
#[test]
fn sha256sum_names_the_same_files() {
    let temp = tempfile::tempdir().unwrap();
    let (_, store) = memory_store();
    let files = samples();
    let (stored, _) = put(&store, &files);
    let mut list = String::new();
    for (at, stored) in stored.iter().enumerate() {
        fs::write(temp.path().join(format!("in-{at}")), &files[at]).unwrap();
        fs::write(temp.path().join(format!("out-{at}")), get(&store, stored.id).unwrap()).unwrap();
        list.push_str(&format!("{0}  in-{at}\n{0}  out-{at}\n", stored.id));
    }
    fs::write(temp.path().join("SUMS"), list).unwrap();
    let said = says("sha256sum", &["-c", "--strict", "SUMS"], temp.path());
    assert_eq!(said.lines().filter(|l| l.ends_with(": OK")).count(), 2 * files.len());
}

/// A pack that Python wrote, with a frame of the `zstd` program's: file, blocks and record come out.
#[test]
fn a_pack_nobody_here_wrote() {
    let (memory, _) = memory_store();
    let pack = crate::format::golden("pack.bin");
    let mut contents = memory.contents();
    contents.insert(format!("packs/{}.pack", blake3::hash(&pack).to_hex()), pack);
    let (_, store) = open(contents);
    let plain = b"mlrun ".repeat(400);
    assert_eq!(get(&store, FileId::new(Digest::of(&plain))).unwrap(), plain);
    assert_eq!(store.record(Digest::of(b"{\"a\":1}")).unwrap(), b"{\"a\":1}");
    assert_eq!(get(&store, FileId::new(Digest::of(b"a small file"))).unwrap(), b"a small file");
    // Planes of floats, differences to them, planes of integers, a constant.
    let floats = crate::format::golden("file-of-floats.bin");
    assert_eq!(get(&store, FileId::new(Digest::of(&floats))).unwrap(), floats);
    assert_eq!(problems(&store), []);
    // What it holds in two blocks may be stored again in one: any recipe that rebuilds the file is good.
    let (stored, _) = put(&store, std::slice::from_ref(&plain));
    assert_eq!(stored[0].id, FileId::new(Digest::of(&plain)));
}

/// And the other way round: two records make the very pack that Python made of them.
#[test]
fn the_same_pack_as_pythons() {
    let (memory, store) = memory_store();
    let mut writer = store.writer();
    for json in ["{\"b\":2}", "{\"a\":1}"] {
        assert_eq!(writer.put_record(json.as_bytes()).unwrap(), Digest::of(json.as_bytes()));
    }
    writer.finish().unwrap();
    let golden = crate::format::golden("pack-two-records.bin");
    let contents = memory.contents();
    let packs: Vec<_> = contents.iter().filter(|(name, _)| name.starts_with("packs/")).collect();
    assert_eq!(packs.len(), 1);
    assert_eq!(*packs[0].0, format!("packs/{}.pack", blake3::hash(&golden).to_hex()));
    assert_eq!(*packs[0].1, golden);
    let index = contents.iter().find(|(name, _)| name.starts_with("index/")).unwrap();
    assert_eq!(*index.1, crate::format::golden("index-2.bin"));
}

#[test]
fn what_is_there_costs_nothing() {
    let (memory, store) = memory_store();
    let files = samples();
    let (first, _) = put(&store, &files);
    let before = memory.contents();
    let (again, written) = put(&store, &files);
    assert_eq!(again, first);
    assert_eq!(written, Written { plain: files.iter().map(|f| f.len() as u64).sum(), new: 0, stored: 0 });
    assert_eq!(memory.contents(), before, "nothing was written, not even an empty pack");
    // The same in another process, and for trees and records.
    let (memory, store) = open(before.clone());
    put(&store, &files);
    assert_eq!(memory.contents(), before);
    let tree = put_folder(&store, &[("a", &first[3]), ("b", &first[4])]);
    let before = memory.contents();
    assert_eq!(put_folder(&store, &[("b", &first[4]), ("a", &first[3])]), tree);
    assert_eq!(memory.contents(), before);
}

#[test]
fn within_one_writer_nothing_is_stored_twice() {
    let (memory, store) = memory_store();
    let (small, large) = (noise(1, 5000), noise(2, 3 << 20));
    let twice = [small.clone(), large.clone(), small.clone(), large.clone(), small, large];
    let (stored, written) = put(&store, &twice);
    assert_eq!(stored[0], stored[4]);
    assert_eq!(written.new, 5000 + (3 << 20));
    assert_eq!(memory.contents().keys().filter(|n| n.starts_with("packs/")).count(), 1);
}

/// A few bytes in the middle of 20 MiB: the blocks they touch are new, no others.
#[test]
fn an_edit_costs_what_it_touches() {
    let (_, store) = memory_store();
    let before = noise(9, 20 << 20);
    put(&store, std::slice::from_ref(&before));
    for edit in 0..3 {
        let mut after = before.clone();
        match edit {
            0 => drop(after.splice(10_000_000..10_000_000, *b"inserted")),
            1 => drop(after.drain(11_000_000..11_000_777)),
            _ => after[12_000_000] ^= 1,
        }
        let (stored, written) = put(&store, std::slice::from_ref(&after));
        assert!(written.new > 0 && written.new <= 4 << 20, "{edit}: {written:?}");
        assert!(get(&store, stored[0].id).unwrap() == after);
    }
}

/// Many small files are one object on disk.
#[test]
fn many_small_files_share_a_pack() {
    let (memory, store) = memory_store();
    let files: Vec<Vec<u8>> = (0..3000).map(|n| noise(1000 + n, (n as usize * 7) % 900)).collect();
    let (stored, _) = put(&store, &files);
    assert_eq!(memory.contents().len(), 3, "format.json, a pack, an index segment");
    for (file, stored) in files.iter().zip(&stored).step_by(97) {
        assert_eq!(get(&store, stored.id).unwrap(), *file);
    }
    assert_eq!(problems(&store), []);
}

/// Small and large files in one call: each result stands where its source stood.
#[test]
fn results_stand_in_the_order_of_the_sources() {
    let (_, store) = memory_store();
    let files: Vec<Vec<u8>> = (0..40).map(|n| noise(n, if n % 7 == 3 { 400_000 } else { 50 + n as usize })).collect();
    let (stored, _) = put(&store, &files);
    for (file, stored) in files.iter().zip(stored) {
        assert_eq!(stored.id.digest(), Digest::of(file));
    }
}

/// However a source hands its bytes over.
#[test]
fn a_source_that_dribbles() {
    let (_, store) = memory_store();
    for (length, step) in [(1000, 7), (300_000, 4099), (3 << 20, 70_001)] {
        let bytes = noise(13, length);
        let source = Dribble(bytes.clone(), step);
        let mut writer = store.writer();
        let stored = writer.put_files(&[&source as &dyn Source], &Silent).unwrap();
        writer.finish().unwrap();
        assert!(get(&store, stored[0].id).unwrap() == bytes, "{length}");
    }
}

/// A source that breaks off, or is another one at the end, is an error that says which; nothing is stored of any.
#[test]
fn a_source_that_fails_is_named() {
    for bad in [
        Box::new(Broken { size: 1000, good: 10 }) as Box<dyn Source>,
        Box::new(Broken { size: 9 << 20, good: 5 << 20 }),
        Box::new(Changing(noise(1, 1000))),
        Box::new(Changing(noise(1, 4 << 20))),
    ] {
        let (memory, store) = memory_store();
        let good = Bytes(noise(2, 100));
        let mut writer = store.writer();
        let failed = writer.put_files(&[&good as &dyn Source, &*bad], &Silent).unwrap_err();
        assert!(matches!(failed, StoreError::Source { index: 1, .. }), "{failed:?}");
        drop(writer);
        assert_eq!(memory.contents().len(), 1, "only format.json");
        // The store is none the worse.
        put(&store, &[noise(2, 100)]);
        assert_eq!(problems(&store), []);
    }
}

/// A file that is longer or shorter than it said by the time it is read is an error, if its source says so; never a wrong id.
#[test]
fn an_abandoned_writer_leaves_nothing() {
    let (memory, store) = memory_store();
    let before = memory.contents();
    let mut writer = store.writer();
    let file = writer.put_bytes(&noise(1, 3 << 20), &Silent).unwrap();
    writer.put_record(b"{}").unwrap();
    drop(writer);
    assert_eq!(memory.contents(), before);
    assert!(!store.has_file(file.id).unwrap());
    assert!(matches!(get(&store, file.id), Err(StoreError::Missing { kind: "file", id }) if id == file.id.digest()));
}

/// A dry run says what the real one writes.
#[test]
fn a_rehearsal_writes_nothing_and_knows_what_it_would() {
    let (memory, store) = memory_store();
    let before = memory.contents();
    let files = samples();
    let sources: Vec<Bytes> = files.iter().map(|f| Bytes(f.clone())).collect();
    let sources: Vec<&dyn Source> = sources.iter().map(|s| s as &dyn Source).collect();
    let mut rehearsal = store.rehearsal();
    let foretold = rehearsal.put_files(&sources, &Silent).unwrap();
    let would = rehearsal.finish().unwrap();
    assert_eq!(memory.contents(), before);
    let (stored, did) = put(&store, &files);
    assert_eq!(foretold, stored);
    assert_eq!((would.plain, would.new), (did.plain, did.new));
    assert!(did.stored.abs_diff(would.stored) <= 200, "{would:?} {did:?}");
}

/// Everything but what a record or tree holds is refused under its id.
#[test]
fn records_and_trees() {
    let (_, store) = memory_store();
    let mut writer = store.writer();
    let record = writer.put_record(b"{\"x\":[1,2]}").unwrap();
    let (file, _) = (writer.put_bytes(b"file", &Silent).unwrap(), ());
    writer.finish().unwrap();
    let tree = put_folder(&store, &[("f", &file)]);
    assert_eq!(store.record(record).unwrap(), b"{\"x\":[1,2]}");
    assert_eq!(store.tree(tree).unwrap().entries[0].name, "f");
    assert_eq!(store.raw(record).unwrap(), store.record(record).unwrap());
    assert_eq!(Digest::of(&store.raw(tree.digest()).unwrap()), tree.digest());
    assert!(matches!(store.record(tree.digest()), Err(StoreError::Missing { kind: "record", .. })));
    assert!(matches!(store.record(file.id.digest()), Err(StoreError::Missing { .. })));
    assert!(store.file(file.id, 3).is_err(), "longer than the limit");
    let prefix = mlrun::store::index::Prefix::parse(&record.to_string()[..6]).unwrap();
    let found = store.with_prefix(&[ObjectKind::Record], &prefix, 9).unwrap();
    assert_eq!(found, [(ObjectKind::Record, *record.as_bytes())]);
}

/// The stream gives the same bytes in any step.
#[test]
fn reading_as_a_stream() {
    let (_, store) = memory_store();
    let bytes = noise(77, (6 << 20) + 5);
    let (stored, _) = put(&store, std::slice::from_ref(&bytes));
    for step in [1 << 20, 65_537, 3 << 20] {
        let mut reader = store.open_file(stored[0].id).unwrap();
        let (mut all, mut buffer) = (Vec::new(), vec![0; step]);
        loop {
            let n = reader.read(&mut buffer).unwrap();
            if n == 0 {
                break;
            }
            all.extend_from_slice(&buffer[..n]);
        }
        assert!(all == bytes, "{step}");
        assert!(reader.into_failure().is_none());
    }
}

#[test]
fn a_folder_that_is_no_store_and_a_store_that_is_there() {
    let empty = Store::open(Arc::new(Memory::default()));
    assert!(matches!(empty, Err(StoreError::NotAStore { .. })));
    let (memory, _) = memory_store();
    let again = Store::create(Arc::clone(&memory) as Arc<dyn Backend>, "another").unwrap();
    assert_eq!(again.repository(), REPOSITORY, "the history that is there stays");
    let newer = String::from_utf8(memory.contents()["format.json"].clone()).unwrap().replace("store/1", "store/2");
    let changed = Memory::with_contents([("format.json".to_owned(), newer.into_bytes())].into());
    let Err(StoreError::Description { source }) = Store::open(Arc::new(changed)) else { panic!("it is newer") };
    assert!(matches!(source, mlrun::format::FormatError::Newer { found: 2, known: 1, .. }));
}

proptest! {
    #![proptest_config(cases(60))]

    /// Any set of files, put in any grouping, comes out as it went in, and is whole.
    #[test]
    fn whatever_goes_in_comes_out(specs in prop::collection::vec((any::<u64>(), 0_usize..600_000, any::<bool>()), 1..6), split in 0_usize..6) {
        let (memory, store) = memory_store();
        let files: Vec<Vec<u8>> = specs.iter().map(|(seed, n, noisy)| if *noisy { noise(*seed, *n) } else { text(*seed, *n) }).collect();
        let (first, second) = files.split_at(split.min(files.len()));
        let mut stored = put(&store, first).0;
        stored.extend(put(&store, second).0);
        let (_, store) = open(memory.contents());
        for (file, stored) in files.iter().zip(&stored) {
            prop_assert_eq!(stored.id.digest(), Digest::of(file));
            prop_assert!(get(&store, stored.id).unwrap() == *file);
        }
        prop_assert_eq!(problems(&store), vec![]);
    }
}

/// Packs are bounded in the number of their objects, and the index is told of the first before the last is begun: what was
/// put early is found all the same.
#[test]
fn hundreds_of_thousands_of_files() {
    let (memory, store) = memory_store();
    let files: Vec<Bytes> = (0..300_000_u32).map(|n| Bytes((n % 290_000).to_le_bytes().to_vec())).collect();
    let sources: Vec<&dyn Source> = files.iter().map(|file| file as &dyn Source).collect();
    let mut writer = store.writer();
    let stored = writer.put_files(&sources, &Silent).unwrap();
    let again = writer.put_files(&sources[..1000], &Silent).unwrap();
    assert_eq!(again, stored[..1000]);
    let written = writer.finish().unwrap();
    assert_eq!((written.plain, written.new), (4 * 301_000, 4 * 290_000));
    assert_eq!(memory.list("packs").unwrap().len(), 2);
    assert_eq!(stored[289_999].id.to_string(), sha256sum(&289_999_u32.to_le_bytes()));
    let fresh = Store::open(memory).unwrap();
    for n in [0, 150_000, 289_999] {
        assert_eq!(get(&fresh, stored[n].id).unwrap(), (n as u32).to_le_bytes());
    }
    assert_eq!(problems(&fresh), []);
}
