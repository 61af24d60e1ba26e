//! Files that would do harm if they were loaded, and files that would if they were believed.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::ZlibEncoder;
use mlrun::introspect::{self, Danger, Finding, Limit, Param};
use proptest::prelude::*;
use serde_json::Value;

use super::{facts, facts_of, fixture, goldens, text};
use crate::support::cases;

#[test]
fn hostile_files_are_dangerous() {
    let goldens = goldens();
    let hostile: Vec<&Value> = goldens.iter().filter(|golden| golden["hostile"].is_array()).collect();
    assert_eq!(hostile.len(), 6);
    for golden in hostile {
        let facts = facts(text(golden, "file"));
        let [module, name] = [0, 1].map(|place| golden["hostile"][place].as_str().unwrap());
        let found =
            facts.imports.iter().find(|import| (import.module.as_str(), import.name.as_str()) == (module, name));
        assert_eq!(found.map(|import| import.danger), Some(Danger::Dangerous), "{facts:?}");
        assert_eq!(facts.danger(), Danger::Dangerous);
        let plain = ["reduce", "objects"].iter().any(|name| text(golden, "file").starts_with(name));
        assert!(plain || !facts.findings.is_empty(), "{facts:?}");
    }
    assert!(facts("array.hostile.joblib").findings.contains(&Finding::HiddenImports { count: 1 }));
    assert!(facts("behind.hostile.joblib").findings.contains(&Finding::SeveralPickles { count: 2 }));
    assert!(facts("computed.hostile.joblib").findings.contains(&Finding::ComputedImport));
}

/// A pickle that ends before its end has run what came before.
#[test]
fn a_broken_pickle_has_been_dangerous_before() {
    let facts = facts_of(b"cos\nsystem\n(S'true'\ntR\xff", "model.bin").unwrap();
    assert_eq!(facts.danger(), Danger::Dangerous);
    assert!(facts.findings.iter().any(|finding| matches!(finding, Finding::Broken { at: 23, .. })), "{facts:?}");
}

#[test]
fn opcodes_between_frames_and_arrays_are_not_skipped() {
    // The frame of a wrapper goes on behind it: joblib would read the array behind the frame, and then the frame.
    let clean = fixture("linear.joblib");
    let frame = clean.iter().position(|byte| *byte == 0x95).unwrap();
    let mut longer = clean;
    let length = u64::from_le_bytes(longer[frame + 1..frame + 9].try_into().unwrap());
    longer[frame + 1..frame + 9].copy_from_slice(&(length + 40).to_le_bytes());
    let facts = facts_of(&longer, "").unwrap();
    assert!(
        facts.findings.iter().any(|finding| matches!(finding, Finding::Broken { what: "an array inside a frame", .. }))
    );
    assert_eq!(facts.danger(), Danger::Unknown);
}

/// An array of objects is a pickle of its own, with a memory of its own, but not to one who takes it for a part of the file.
#[test]
fn two_meanings_of_one_pickle_are_both_read() {
    let outside =
        b"\x80\x04]\x8c\x05posix\x94\x8c\x06system\x940\x8c\x13joblib.numpy_pickle\x8c\x11NumpyArrayWrapper\x93)\x81}(\
        \x8c\x05shapeK\x01\x85\x8c\x05dtype\x8c\x05numpy\x8c\x05dtype\x93\x8c\x02O8\x85Rub";
    let inside = b"\x80\x04\x8c\x0bcollections\x94\x8c\x0bOrderedDict\x94h\x00h\x01\x93)R.";
    let facts = facts_of(&[&outside[..], inside, b"a."].concat(), "").unwrap();
    let names: Vec<&str> = facts.imports.iter().map(|import| import.name.as_str()).collect();
    assert_eq!(names, ["NumpyArrayWrapper", "dtype", "OrderedDict", "system"]);
    assert_eq!((facts.danger(), facts.findings), (Danger::Dangerous, vec![Finding::HiddenImports { count: 1 }]));
}

#[test]
fn truncated_anywhere_is_said_and_nothing_more() {
    for file in [
        "pipeline.2.pkl",
        "every.0.pkl",
        "every.1.pkl",
        "tree.joblib",
        "packed.zlib.joblib",
        "packed.gzip.joblib",
        "packed.bz2.joblib",
        "packed.xz.joblib",
        "packed.lzma.joblib",
        "packed.lz4.joblib",
        "xgboost.ubj",
        "behind.hostile.joblib",
    ] {
        let whole = fixture(file);
        for length in 0..whole.len() {
            let cut = facts_of(&whole[..length], "model.pkl");
            if file.starts_with("xgboost") {
                assert_eq!(cut.filter(|facts| facts.format.starts_with("xgboost")), None, "{file} at {length}");
            } else if file == "packed.lz4.joblib" && length >= whole.len() - 4 {
                // Nothing but its end mark is missing.
            } else if let Some(facts) = cut.filter(|_| !file.starts_with("behind")) {
                assert!(!facts.findings.is_empty(), "{file} at {length}");
            }
        }
    }
}

#[test]
fn truncated_archives_do_no_harm() {
    for file in ["bayes.skops", "keras.keras", "lightgbm.txt", "xgboost.json"] {
        let whole = fixture(file);
        for length in (0..whole.len()).step_by(7) {
            let _ = facts_of(&whole[..length], file);
        }
    }
}

const MUTATED: [&str; 16] = [
    "packed.bz2.joblib",
    "packed.xz.joblib",
    "packed.lzma.joblib",
    "packed.lz4.joblib",
    "search.3.pkl",
    "every.0.pkl",
    "every.1.pkl",
    "columns.joblib",
    "packed.zlib.joblib",
    "xgboost.5.pkl",
    "xgboost.ubj",
    "xgboost.json",
    "lightgbm.txt",
    "bayes.skops",
    "keras.keras",
    "array.hostile.joblib",
];

proptest! {
    #![proptest_config(cases(2000))]

    #[test]
    fn changed_bytes_do_no_harm(
        which in 0..MUTATED.len(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = fixture(MUTATED[which]);
        for (place, byte) in changes {
            *place.get_mut(&mut bytes) = byte;
        }
        if let Some(facts) = facts_of(&bytes, MUTATED[which]) {
            prop_assert!(facts.read <= facts.size);
        }
    }

    #[test]
    fn any_opcodes_do_no_harm(opcodes in proptest::collection::vec(prop_oneof![
        prop::sample::select(&b"(.012GIJKMNRSTUVX]aelt)}dsugpqrjhcibo\x80\x81\x85\x86\x87\x88\x8c\x8f\x90\x91\x93\x94\x95"[..]),
        any::<u8>(),
    ], 0..400)) {
        let facts = facts_of(&opcodes, "model.pkl");
        prop_assert_eq!(facts.is_none(), opcodes.is_empty());
    }
}

fn within(limit: Duration, bytes: &[u8]) -> introspect::Facts {
    let start = Instant::now();
    let facts = facts_of(bytes, "model.pkl").unwrap();
    assert!(start.elapsed() < limit, "{:?}", start.elapsed());
    facts
}

/// A pair of the same pair, sixty times over: 2⁶⁰ texts to print.
#[test]
fn shared_values_are_no_bomb() {
    // A text, and sixty times a tuple of it and itself.
    let pickle = [&b"\x80\x04}\x8c\x01k\x8c\x01a"[..], &b"2\x86".repeat(60), b"s."].concat();
    let facts = within(Duration::from_secs(20), &pickle);
    assert_eq!(facts.params.get("k"), None);
    // An estimator's parameters are what that is, three hundred times: each is too much, and so are all.
    let each: Vec<u8> = (100..400).flat_map(|n| [b"\x8c\x03", n.to_string().as_bytes(), b"h\x00s"].concat()).collect();
    let pickle =
        [&b"\x80\x04\x8c\x01a"[..], &b"2\x86".repeat(60), b"\x940\x8c\x01m\x8c\x01C\x93)\x81}", &each, b"b."].concat();
    let facts = within(Duration::from_secs(20), &pickle);
    assert_eq!(facts.params.get("100"), Some(&Param::Unknown));
    assert!(facts.findings.contains(&Finding::Limit(Limit::Params)), "{:?}", facts.findings);
}

#[test]
fn nesting_is_no_bomb() {
    // ((((…)))) as tuples of one, and marks without an end.
    let tuples = [&b"\x80\x04}\x8c\x01kN"[..], &b"\x85".repeat(200_000), b"s."].concat();
    assert!(within(Duration::from_secs(20), &tuples).findings.contains(&Finding::Limit(Limit::Depth)));
    let marks = [&b"\x80\x04"[..], &b"(".repeat(2_000_000)].concat();
    assert!(within(Duration::from_secs(20), &marks).findings.contains(&Finding::Limit(Limit::Depth)));
}

#[test]
fn the_memo_is_no_bomb() {
    let mut puts = b"\x80\x04N".to_vec();
    for place in 0..4_200_000_u32 {
        puts.push(b'r');
        puts.extend((place * 7).to_le_bytes());
    }
    assert!(within(Duration::from_secs(60), &puts).findings.contains(&Finding::Limit(Limit::Memo)));
}

#[test]
fn a_value_that_holds_itself_is_printed_to_an_end() {
    // l = []; l.append(l), and an estimator that is its own parameter.
    let list = b"\x80\x04}\x8c\x01k]\x94h\x00as.";
    assert!(facts_of(list, "m.pkl").unwrap().findings.contains(&Finding::Limit(Limit::Depth)));
    let estimator = b"\x80\x04\x8c\x0bsklearn.svm\x8c\x03SVC\x93)\x81\x94}\x8c\x04selfh\x00sb.";
    let facts = facts_of(estimator, "m.pkl").unwrap();
    assert_eq!(facts.class.as_deref(), Some("sklearn.svm.SVC"));
    assert!(facts.findings.contains(&Finding::Limit(Limit::Depth)));
}

#[test]
fn declared_lengths_are_not_believed() {
    let most = u64::MAX.to_le_bytes();
    for opcode in [0x8d_u8, 0x8e, 0x96, 0x95] {
        let bytes = [&[0x80, 4, opcode][..], &most, b"N."].concat();
        let facts = facts_of(&bytes, "m.pkl").unwrap();
        assert_eq!(facts.findings.is_empty(), opcode == 0x95, "{opcode:x}: {:?}", facts.findings);
    }
    // UBJSON: a list of 2⁶²-1 floats, and of as many nothings.
    for kind in [b'D', b'Z', b'S'] {
        let bytes = [&b"{L\0\0\0\0\0\0\0\x07learner[$"[..], &[kind], b"#L\x3f\xff\xff\xff\xff\xff\xff\xff}"].concat();
        assert_eq!(facts_of(&bytes, "m.ubj"), None);
    }
}

#[test]
fn what_unpacks_to_much_is_read_in_pieces() {
    // A text of 300 MB that fits into 300 KB.
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::best());
    packed.write_all(b"\x80\x04}\x8c\x01k\x8d").unwrap();
    packed.write_all(&300_000_000_u64.to_le_bytes()).unwrap();
    let zeros = vec![b'a'; 1_000_000];
    (0..300).for_each(|_| packed.write_all(&zeros).unwrap());
    packed.write_all(b"s.").unwrap();
    let facts = within(Duration::from_secs(60), &packed.finish().unwrap());
    assert_eq!((facts.size, facts.read), (300_000_017, 300_000_017));
    assert_eq!(facts.findings, []);
}

/// Two gigabytes of an array, which nobody has: what is skipped is not read.
/// An archive as PyTorch writes it: tensors of one storage of a thousand bytes, each of them all of it.
fn views(count: u32) -> Vec<u8> {
    let mut pickle = b"\x80\x04ctorch._utils\n_rebuild_tensor_v2\n((".to_vec();
    pickle.extend(b"\x8c\x07storagectorch\nByteStorage\n\x8c\x010\x8c\x03cpuM\xe8\x03tQ");
    pickle.extend(b"K\0M\xe8\x03\x85K\x01\x85");
    pickle.extend(b"tR\x940}");
    for number in 0..count {
        pickle.push(b'M');
        pickle.extend(u16::try_from(number).unwrap().to_le_bytes());
        pickle.extend(b"h\0s");
    }
    pickle.push(b'.');
    stored(&[("a/data.pkl", &pickle), ("a/data/0", &[7; 1000])])
}

/// A zip archive of members that are not compressed. Source: APPNOTE.TXT 4.3.
fn stored(members: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in members {
        let at = u32::try_from(archive.len()).unwrap().to_le_bytes();
        let size = u32::try_from(bytes.len()).unwrap().to_le_bytes();
        let length = u16::try_from(name.len()).unwrap().to_le_bytes();
        let both = [&[20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0][..], &size, &size, &length, &[0, 0]].concat();
        archive.extend([&b"PK\x03\x04"[..], &both, name.as_bytes(), bytes].concat());
        directory.extend([&b"PK\x01\x02\x14\0"[..], &both, &[0; 10], &at, name.as_bytes()].concat());
    }
    let count = u16::try_from(members.len()).unwrap().to_le_bytes();
    let (size, at) = (u32::try_from(directory.len()).unwrap(), u32::try_from(archive.len()).unwrap());
    let end = [&b"PK\x05\x06\0\0\0\0"[..], &count, &count, &size.to_le_bytes(), &at.to_le_bytes(), &[0, 0]].concat();
    [archive, directory, end].concat()
}

/// Whoever reads the tensors would read one storage for each of its views.
#[test]
fn views_of_one_storage_are_no_bomb() {
    let not_read = Finding::PartNotRead { part: "some tensors".to_owned() };
    let facts = facts_of(&views(3), "m.pt").unwrap();
    assert_eq!((facts.tensors.len(), facts.findings.contains(&not_read)), (3, false), "{:?}", facts.findings);
    let bytes = views(5000);
    let facts = within(Duration::from_secs(20), &bytes);
    let read: u64 = facts.tensors.iter().map(|tensor| tensor.length).sum();
    assert!(read > 0 && read <= 4 * bytes.len() as u64, "{read} of {}", bytes.len());
    assert!(facts.findings.contains(&not_read), "{:?}", facts.findings);
}

#[test]
fn arrays_are_skipped_not_read() {
    struct Sparse {
        head: Vec<u8>,
        tail: Vec<u8>,
        gap: u64,
        at: u64,
        read: u64,
    }
    impl Read for Sparse {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let [head, tail] = [&self.head, &self.tail].map(|part| part.len() as u64);
            let byte_at = |at: u64| match at {
                at if at < head => Some(self.head[at as usize]),
                at if at < head + self.gap => Some(0),
                at if at < head + self.gap + tail => Some(self.tail[(at - head - self.gap) as usize]),
                _ => None,
            };
            let mut length = 0;
            for place in buffer.iter_mut() {
                let Some(byte) = byte_at(self.at) else { break };
                *place = byte;
                self.at += 1;
                length += 1;
            }
            self.read += length as u64;
            Ok(length)
        }
    }
    impl Seek for Sparse {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            let size = self.head.len() as u64 + self.gap + self.tail.len() as u64;
            self.at = match to {
                SeekFrom::Start(at) => at,
                SeekFrom::Current(by) => self.at.saturating_add_signed(by),
                SeekFrom::End(by) => size.saturating_add_signed(by),
            };
            Ok(self.at)
        }
    }
    let wrapper = b"\x80\x04}(\x8c\x01a\x8c\x13joblib.numpy_pickle\x8c\x11NumpyArrayWrapper\x93)\x81}(\
        \x8c\x05shape\x8a\x05\x00\x00\x00\x80\x00\x85\x8c\x05dtype\x8c\x05numpy\x8c\x05dtype\x93\x8c\x02u1\x85R\
        \x8c\x1bnumpy_array_alignment_bytesK\x10ub\x00";
    let tail = b"\x8c\x01bK\x07u.".to_vec();
    let mut input = Sparse { head: wrapper.to_vec(), tail, gap: 1 << 31, at: 0, read: 0 };
    let size = wrapper.len() as u64 + (1 << 31) + 7;
    let facts = introspect::of(&mut input, size, "m.joblib").unwrap().unwrap();
    assert_eq!((facts.read, &facts.findings[..]), (size, &[][..]));
    assert_eq!(facts.params.get("b"), Some(&Param::Int(7)));
    assert!(input.read < 100_000, "{}", input.read);
}
