//! Tensors of many blocks: which are read, in which order they are summed, and what happens where they cannot be read.

use mlrun::compare::tensors::{Change, Tally, TensorDiff};
use serde_json::Value;

use super::files::Versions;
use super::{golden, is_close};
use crate::store::tensors::model;

/// As `goldens.py` makes it.
fn made(tensor: u64, count: u64) -> Vec<u16> {
    let number = |i: u64| {
        let x = (i * 2_654_435_761 + tensor * 40_503) % (1 << 32);
        ((0x3a00 + ((x >> 22) & 0x3ff)) | ((x >> 31) << 15)) as u16
    };
    (0..count).map(number).collect()
}

fn large() -> (Vec<Value>, Vec<u8>, Vec<u8>) {
    let goldens = golden("numbers.json")["large"].as_array().unwrap().clone();
    let names = ["layers.0.weight", "layers.1.weight", "layers.2.weight"];
    let sides = [false, true].map(|is_changed| {
        let tensors: Vec<_> = goldens
            .iter()
            .zip(names)
            .enumerate()
            .map(|(place, (golden, name))| {
                let number = |key: &str| golden[key].as_u64().unwrap();
                let mut bits = made(number("tensor"), number("count"));
                if is_changed && place != 1 {
                    bits.iter_mut().step_by(number("every") as usize).for_each(|bits| *bits ^= 1);
                }
                (name, bits)
            })
            .collect();
        model(&tensors)
    });
    let [a, b] = sides;
    (goldens, a, b)
}

#[track_caller]
fn agrees(found: &TensorDiff, goldens: &[Value]) {
    assert_eq!((found.items.len(), found.unchanged, &found.not_compared[..]), (2, 1, &[][..]));
    for item in &found.items {
        let place: usize = item.name()["layers.".len()..][..1].parse().unwrap();
        let Some(Tally::Numbers(sums)) = &item.tally else { panic!("{item:?}") };
        let golden = &goldens[place];
        assert_eq!((sums.elements, sums.changed), (3_000_000, golden["changed"].as_u64().unwrap()));
        is_close("l2", sums.difference().l2, &golden["l2"]);
        is_close("relative", sums.difference().relative, &golden["relative"]);
        is_close("cosine", sums.difference().cosine, &golden["cosine"]);
        is_close("largest", sums.difference().max_abs, &golden["max_abs"]);
    }
    let relative = |place: usize| found.items[place].tally.unwrap().relative().unwrap();
    assert!(relative(0) > relative(1), "the most changed first");
    let layers: Vec<_> = found.layers.iter().map(|layer| (layer.name.as_str(), layer.changed)).collect();
    assert_eq!(layers, [("layers.0", 1), ("layers.2", 1)]);
}

/// Stored as differences to the version before, in either direction, and from the disk: the same bits, for any number of
/// threads.
#[test]
fn large_tensors_by_any_way() {
    let (goldens, a, b) = large();
    let versions = Versions::new();
    versions.write(&[("model.safetensors", &a)]).snapshot().write(&[("model.safetensors", &b)]);
    let on_disk = versions.diff("v1", None);
    agrees(&on_disk, &goldens);
    versions.snapshot();
    let stored = versions.diff("v1", Some("v2"));
    assert_eq!(stored, on_disk);
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert_eq!(pool.install(|| versions.diff("v1", Some("v2"))), stored, "{threads} threads");
    }
    let back = versions.diff("v2", Some("v1"));
    let lengths = |found: &TensorDiff| found.items.iter().map(|i| i.name().to_owned()).collect::<Vec<_>>();
    assert_eq!((lengths(&back), back.unchanged), (lengths(&stored), 1));
}

/// A tensor that did not change is not read: its blocks may even be gone.
#[test]
fn what_did_not_change_is_not_read() {
    let (goldens, a, b) = large();
    let versions = Versions::new();
    versions.write(&[("model.safetensors", &a)]).snapshot().write(&[("model.safetensors", &b)]).snapshot();
    let before = versions.diff("v1", Some("v2"));
    let id = |tensor: u64| {
        *blake3::hash(&made(tensor, 3_000_000).iter().flat_map(|b| b.to_le_bytes()).take(4 << 20).collect::<Vec<u8>>())
            .as_bytes()
    };
    versions.spoil(&id(1));
    assert_eq!(versions.diff("v1", Some("v2")), before);
    // Of one that did, it is said which, and the others are compared.
    versions.spoil(&id(2));
    let found = versions.diff("v1", Some("v2"));
    assert_eq!((found.items.len(), found.items[0].name(), found.unchanged), (1, "layers.0.weight", 1));
    let [missing] = &found.not_compared[..] else { panic!("{:?}", found.not_compared) };
    assert_eq!(
        (missing.file.as_str(), missing.tensor.as_deref()),
        ("model/model.safetensors", Some("layers.2.weight"))
    );
    assert!(missing.reason.contains("damaged"), "{}", missing.reason);
    drop(goldens);
}

/// A name, a file and half of another file: nothing is read of what only lies elsewhere.
#[test]
fn moved_and_renamed() {
    let tensors =
        |names: &[&'static str]| names.iter().zip(0..).map(|(n, i)| (*n, made(i, 100_000))).collect::<Vec<_>>();
    let one = model(&tensors(&["a.w", "a.b", "b.w"]));
    let renamed = model(&tensors(&["x.a.w", "x.a.b", "x.b.w"]));
    let versions = Versions::new();
    versions.write(&[("model.safetensors", &one)]).snapshot().write(&[("model.safetensors", &renamed)]).snapshot();
    let found = versions.diff("v1", Some("v2"));
    let all: Vec<_> =
        found.items.iter().map(|item| (item.change, item.a.as_ref().unwrap().name.as_str(), item.name())).collect();
    let expected = [("a.b", "x.a.b"), ("a.w", "x.a.w"), ("b.w", "x.b.w")];
    assert_eq!(all, expected.map(|(from, to)| (Change::Renamed, from, to)));
    // A file that has another name is no change of its tensors.
    versions.write(&[("other.safetensors", &renamed)]).snapshot();
    assert!(versions.diff("v2", Some("v3")).is_empty());
}

/// What no parser takes: the file is named, and the others are compared.
#[test]
fn a_file_that_is_none_keeps_nobody_from_the_others() {
    let good = |n: u64| model(&[("w", made(n, 1000))]);
    let broken: [&[u8]; 5] = [
        b"\xff\xff\xff\xff\xff\xff\xff\x7f{}",
        b"\x02\0\0\0\0\0\0\0{}",
        b"not a model at all, and no header either",
        br#"\x08\0\0\0\0\0\0\0{"w":{}}"#,
        b"",
    ];
    let versions = Versions::new();
    for (turn, broken) in broken.into_iter().enumerate() {
        let unlike = [broken, b"."].concat();
        versions.write(&[("bad.safetensors", &unlike), ("good.safetensors", &good(1))]).snapshot();
        versions.write(&[("bad.safetensors", broken), ("good.safetensors", &good(2))]);
        let found = versions.diff(&format!("v{}", turn + 1), None);
        assert_eq!(found.items.len(), 1, "{turn}: {:?}", found.items);
        assert_eq!(found.items[0].a.as_ref().unwrap().file, "model/good.safetensors");
        assert!(!found.not_compared.is_empty(), "{turn}");
        assert!(found.not_compared.iter().all(|missing| missing.file == "model/bad.safetensors"));
    }
}

/// A tensor whose shape does not fit its bytes, and one cut short, are compared as far as there are bytes on both sides.
#[test]
fn shapes_that_do_not_fit() {
    let file = |shape: &str, length: usize, fill: u8| {
        let header = format!(r#"{{"w":{{"dtype":"F32","shape":[{shape}],"data_offsets":[0,{length}]}}}}"#);
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend(vec![fill; length]);
        bytes
    };
    let versions = Versions::new();
    let huge = "18446744073709551615,18446744073709551615";
    versions.write(&[("m.safetensors", &file(huge, 10, 1))]).snapshot();
    versions.write(&[("m.safetensors", &file(huge, 10, 2))]).snapshot();
    versions.write(&[("m.safetensors", &file("2", 10, 2))]).snapshot();
    let found = versions.diff("v1", Some("v2"));
    assert_eq!((found.items.len(), found.items[0].tally.unwrap().count()), (1, 2));
    let found = versions.diff("v2", Some("v3"));
    assert_eq!((found.items[0].change, found.items[0].tally.unwrap().changed()), (Change::Reshaped, 0));
}

/// A dictionary of which one attribute was learned, as Python's first protocol writes it.
fn vocabulary(words: &[&str]) -> Vec<u8> {
    let pairs: String = words.iter().enumerate().map(|(n, word)| format!("V{word}\nI{n}\ns")).collect();
    format!("(dVvocabulary_\n(d{pairs}s.").into_bytes()
}

/// `{"categories": array([...], dtype=object)}`, the same.
fn categories(words: &[&str]) -> Vec<u8> {
    let items: String = words.iter().map(|word| format!("V{word}\na")).collect();
    let (count, made) = (words.len(), "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR");
    let dtype = "cnumpy\ndtype\n(S'O8'\nI0\nI1\ntR(I3\nS'|'\nNNNI-1\nI-1\nI63\ntb";
    format!("(dVcategories\n{made}(I1\n(I{count}\nt{dtype}I00\n(l{items}tbs.").into_bytes()
}

/// What was learned and is no number is compared item by item.
#[test]
fn texts_and_dictionaries_that_were_learned() {
    for (name, made) in
        [("vocabulary_", vocabulary as fn(&[&str]) -> Vec<u8>), ("categories", categories as fn(&[&str]) -> Vec<u8>)]
    {
        let versions = Versions::new();
        for words in [&["a", "b", "c"][..], &["a", "x", "c"], &["a", "x"]] {
            versions.write(&[("model.pkl", &made(words))]).snapshot();
        }
        let found = versions.diff("v1", Some("v2"));
        assert_eq!((found.items.len(), found.items[0].name()), (1, name), "{:?}", found.not_compared);
        let tally = found.items[0].tally.unwrap();
        assert_eq!((found.items[0].change, tally.count()), (Change::Changed, 3));
        // A dictionary has no order: its items are sorted by what they hash to.
        assert!(name == "vocabulary_" || tally.changed() == 1, "{tally:?}");
        let found = versions.diff("v2", Some("v3"));
        assert_eq!((found.items.len(), found.items[0].change), (1, Change::Reshaped));
    }
}

/// Of a pickle that ends too soon nothing is known: not that its arrays were removed.
#[test]
fn a_pickle_that_is_cut_short_is_not_compared() {
    let whole = vocabulary(&["a", "b"]);
    let versions = Versions::new();
    versions.write(&[("model.pkl", &whole)]).snapshot();
    versions.write(&[("model.pkl", &whole[..whole.len() - 4])]).snapshot();
    let found = versions.diff("v1", Some("v2"));
    assert_eq!((found.items.len(), found.settings.len(), found.not_compared.len()), (0, 0, 1), "{found:?}");
    let words = &found.not_compared_words()[0];
    assert!(words.starts_with("model/model.pkl of b: ends too soon"), "{words}");
    // What is so on both sides is said once, and of neither.
    versions.write(&[("model.pkl", &whole[..whole.len() - 2])]).snapshot();
    versions.write(&[("model.pkl", &[&whole[..whole.len() - 2], &b"V"[..]].concat())]).snapshot();
    let found = versions.diff("v3", Some("v4"));
    assert_eq!(found.not_compared.len(), 2);
    let broken = |bytes: &[u8]| versions.write(&[("bad.safetensors", bytes)]).snapshot();
    broken(b"one");
    broken(b"two");
    let found = versions.diff("v5", Some("v6"));
    let words = "model/bad.safetensors: no tensors can be read from it as safetensors: it is too short for a header";
    assert_eq!((found.not_compared.len(), found.not_compared_words()), (2, vec![words.to_owned()]));
}

/// A tensor without elements is one all the same.
#[test]
fn tensors_without_elements() {
    let file = |shape: &str, last: u8| {
        let entry = |name: &str, shape: &str, from, to| {
            format!(r#""{name}":{{"dtype":"F32","shape":[{shape}],"data_offsets":[{from},{to}]}}"#)
        };
        let header = format!("{{{},{}}}", entry("empty", shape, 0, 0), entry("w", "1", 0, 4));
        [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &[0, 0, 0, last]].concat()
    };
    let versions = Versions::new();
    for (shape, last) in [("0,3", 1), ("0,3", 2), ("0,4", 2)] {
        versions.write(&[("m.safetensors", &file(shape, last))]).snapshot();
    }
    let found = versions.diff("v1", Some("v2"));
    assert_eq!((found.items.len(), found.items[0].name(), found.unchanged), (1, "w", 1));
    let found = versions.diff("v2", Some("v3"));
    assert_eq!((found.items.len(), found.items[0].name(), found.unchanged), (1, "empty", 1));
    assert_eq!(found.items[0].change, Change::Reshaped);
}

/// A type of GGUF that came later is bytes up to the next tensor.
#[test]
fn types_of_gguf_that_are_not_known() {
    let file = |odd: u8, known: u8| {
        let mut bytes = [&b"GGUF\x03\0\0\0"[..], &2_u64.to_le_bytes(), &0_u64.to_le_bytes()].concat();
        for (name, kind, start) in [("odd", 99_u32, 0_u64), ("w", 24, 64)] {
            bytes.extend(3_u64.min(name.len() as u64).to_le_bytes());
            bytes.extend(name.as_bytes());
            bytes.extend(1_u32.to_le_bytes());
            bytes.extend(32_u64.to_le_bytes());
            bytes.extend(kind.to_le_bytes());
            bytes.extend(start.to_le_bytes());
        }
        bytes.resize(bytes.len().next_multiple_of(32), 0);
        bytes.extend([&[odd; 64][..], &[known; 32]].concat());
        bytes
    };
    let versions = Versions::new();
    versions.write(&[("m.gguf", &file(1, 1))]).snapshot();
    versions.write(&[("m.gguf", &file(2, 1))]).snapshot();
    let found = versions.diff("v1", Some("v2"));
    assert_eq!((found.items.len(), found.unchanged, found.not_compared.len()), (1, 1, 0));
    let (item, facts) = (&found.items[0], found.items[0].b.as_ref().unwrap());
    assert_eq!((facts.name.as_str(), facts.dtype.as_str(), facts.length), ("odd", "type-99", 64));
    assert_eq!(item.tally.unwrap().changed(), 64);
}
