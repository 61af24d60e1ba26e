//! Model files: cut at their tensors, stored as what changed since the version before.

use mlrun::digest::Digest;
use mlrun::format::pack::ObjectKind;
use mlrun::progress::Silent;
use mlrun::store::{Store, StoreError, StoredFile, Written};

use super::{cut, get, open, problems};
use crate::support::memory_store;
use crate::support::noise::{next, noise};
use crate::support::source::ModelFile;

/// A safetensors file of bf16 tensors: name and bits.
pub(crate) fn model(tensors: &[(&str, Vec<u16>)]) -> Vec<u8> {
    let mut offset = 0;
    let entries: Vec<String> = tensors
        .iter()
        .map(|(name, bits)| {
            let begin = offset;
            offset += bits.len() * 2;
            format!(r#""{name}":{{"dtype":"BF16","shape":[{}],"data_offsets":[{begin},{offset}]}}"#, bits.len())
        })
        .collect();
    let header = format!("{{{}}}", entries.join(","));
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(header.as_bytes());
    tensors.iter().for_each(|(_, bits)| bytes.extend(bits.iter().flat_map(|b| b.to_le_bytes())));
    bytes
}

pub(crate) fn weights(seed: u64, count: usize) -> Vec<u16> {
    let mut state = seed;
    let mut draw = || (0..6).map(|_| (next(&mut state) >> 40) as f32 / (1 << 24) as f32 - 0.5).sum::<f32>();
    (0..count).map(|_| ((draw() * 0.02).to_bits() >> 16) as u16).collect()
}

/// The next step of training: every weight moves by a few of its last bits.
pub(crate) fn trained(bits: &[u16], seed: u64) -> Vec<u16> {
    let mut state = seed;
    bits.iter().map(|b| b.wrapping_add((next(&mut state) % 3) as u16)).collect()
}

pub(super) fn put_after(store: &Store, before: &[StoredFile], bytes: &[u8]) -> (StoredFile, Written) {
    let mut writer = store.writer();
    let before: Vec<_> = before.iter().map(|f| f.id).collect();
    writer.expect_changes_of(|| before);
    let stored = writer.put_files(&[&ModelFile(bytes.to_vec())], &Silent).unwrap();
    (stored[0], writer.finish().unwrap())
}

/// A layer is found again in another order, behind another header, in another file.
#[test]
fn a_layer_that_did_not_change_costs_nothing() {
    let (_, store) = memory_store();
    let layers: Vec<(&str, Vec<u16>)> = ["a", "b", "c"]
        .iter()
        .enumerate()
        .map(|(n, name)| (*name, weights(n as u64, (3 << 20) + n * 1000 + 1)))
        .collect();
    let (_, first) = put_after(&store, &[], &model(&layers));
    assert!(first.stored < first.plain * 7 / 10, "{first:?}");
    let mut turned = layers.clone();
    turned.reverse();
    let (stored, second) = put_after(&store, &[], &model(&turned));
    assert!(second.new < 4096 && second.stored < 4096, "{second:?}");
    assert_eq!(get(&store, stored.id).unwrap(), model(&turned));
    let (_, third) = put_after(&store, &[], &model(&layers[1..2]));
    assert!(third.new < 4096, "{third:?}");
    // Its name does not matter, its bytes do.
    let (_, renamed) = put_after(&store, &[], &model(&[("other", layers[0].1.clone())]));
    assert!(renamed.new < 4096, "{renamed:?}");
}

/// The same weights, exported: real files of five libraries hold the same blocks.
#[test]
fn a_layer_is_found_again_in_another_format() {
    let (_, store) = memory_store();
    for (turn, file) in
        ["model.safetensors", "model.onnx", "model.gguf", "model.pt", "arrays.npz"].into_iter().enumerate()
    {
        let bytes = cut::model(file);
        let (stored, written) = put_after(&store, &[], &bytes);
        assert!(get(&store, stored.id).unwrap() == bytes);
        assert!(turn == 0 || written.new < 16 << 10, "{file}: {written:?}");
        let recipe = store.recipe(stored.id).unwrap();
        let long: Vec<_> = recipe.tensors.iter().filter(|t| t.length > 4 << 20).map(|t| t.length).collect();
        assert_eq!(long, [(8 << 20) + 40_000, (4 << 20) + 4], "{file}");
    }
}

/// A tensor of an ONNX model is stored as what changed in it.
#[test]
fn a_step_of_an_onnx_model() {
    let (_, store) = memory_store();
    let mut bytes = cut::model("model.onnx");
    let (one, _) = put_after(&store, &[], &bytes);
    let layer = store.recipe(one.id).unwrap().tensors[0].clone();
    assert_eq!((layer.name.as_str(), layer.dtype.as_str()), ("layer.0", "FLOAT"));
    assert_eq!(layer.shape.iter().product::<u64>() * 4, layer.length);
    for number in bytes[layer.offset as usize..][..layer.length as usize].chunks_exact_mut(4) {
        number[0] ^= 1;
    }
    let (two, written) = put_after(&store, &[one], &bytes);
    assert_eq!(written.new, layer.length);
    assert!(written.stored < layer.length / 10, "{written:?}");
    assert!(get(&store, two.id).unwrap() == bytes);
    assert_eq!(problems(&store), []);
}

/// Ten versions, each a step from the one before: differences, never deeper than may be, each rebuilt in a new process.
#[test]
fn a_line_of_versions() {
    let (memory, store) = memory_store();
    let mut layers = vec![("embedding", weights(1, 300_000)), ("head", weights(2, 150_000))];
    let mut versions: Vec<(StoredFile, Vec<u8>)> = Vec::new();
    for step in 0..10 {
        let bytes = model(&layers);
        let before: Vec<StoredFile> = versions.last().map(|v| v.0).into_iter().collect();
        let (stored, written) = put_after(&store, &before, &bytes);
        assert_eq!(stored.id.digest(), Digest::of(&bytes));
        let share = written.stored as f64 / written.plain as f64;
        assert!(share < if step == 0 { 0.70 } else { 0.45 }, "version {step}: {share}");
        // A block is needed with all those it is a difference to.
        let parts = store.parts(stored.id).unwrap();
        let blocks = store.recipe(stored.id).unwrap().blocks.len();
        assert!(parts.len() <= blocks * 5, "{} objects for {blocks} blocks", parts.len());
        assert!(parts.iter().all(|(kind, _)| *kind == ObjectKind::Block));
        versions.push((stored, bytes));
        layers.iter_mut().for_each(|(_, bits)| *bits = trained(bits, step));
    }
    let (_, store) = open(memory.contents());
    for (stored, bytes) in &versions {
        assert!(get(&store, stored.id).unwrap() == *bytes);
        assert!(store.has_file(stored.id).unwrap());
    }
    assert_eq!(problems(&store), []);
}

/// What a version is a difference to is gone: reading it says so, and the next version does not lean on it.
#[test]
fn a_base_that_is_gone() {
    let (memory, store) = memory_store();
    let (first, second, third) = {
        let bits = weights(3, 300_000);
        let moved = trained(&bits, 1);
        let again = trained(&moved, 2);
        (model(&[("w", bits)]), model(&[("w", moved)]), model(&[("w", again)]))
    };
    let (one, _) = put_after(&store, &[], &first);
    let packs = |contents: &std::collections::BTreeMap<String, Vec<u8>>| -> Vec<String> {
        contents.keys().filter(|name| name.starts_with("packs/")).cloned().collect()
    };
    let before = packs(&memory.contents());
    let (two, _) = put_after(&store, &[one], &second);
    let mut contents = memory.contents();
    before.iter().for_each(|name| drop(contents.remove(name)));
    let (_, store) = open(contents);
    assert!(!store.has_file(two.id).unwrap());
    assert!(matches!(get(&store, two.id), Err(StoreError::Damaged { .. } | StoreError::Missing { .. })));
    let (three, written) = put_after(&store, &[two], &third);
    assert!(get(&store, three.id).unwrap() == third);
    assert!(written.stored > written.plain / 2, "{written:?}");
    // The same file again makes it whole.
    put_after(&store, &[], &second);
    assert!(get(&store, two.id).unwrap() == second);
}

/// A header that lies costs space at most.
#[test]
fn a_header_that_lies() {
    let (_, store) = memory_store();
    let honest = model(&[("w", weights(4, 500_000))]);
    let mut lies = Vec::new();
    for from in ["[0,1000000]", "\"BF16\""] {
        for to in ["[0,9000000]", "[3,900001]", "\"F64\"", "\"I8\"", "\"Q4\""] {
            let at = honest.windows(from.len()).position(|w| w == from.as_bytes()).unwrap();
            let mut lie = honest.clone();
            lie.splice(at..at + from.len(), to.bytes());
            lies.push(lie);
        }
    }
    lies.push([honest.as_slice(), &noise(1, 300_000)].concat());
    for lie in lies {
        let (stored, _) = put_after(&store, &[], &lie);
        assert!(get(&store, stored.id).unwrap() == lie);
    }
    assert_eq!(problems(&store), []);
}
