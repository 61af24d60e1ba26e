//! Which tensor is which, and to which layer it belongs; elements that do not lie row by row.

use std::collections::HashMap;

use mlrun::compare::Item;
use mlrun::compare::tensors::element::Element;
use mlrun::compare::tensors::layers::prefix;
use mlrun::compare::tensors::pairs::{by_name, may_be_renamed, set_of, take_renamed};
use mlrun::compare::tensors::strided::gathered;
use mlrun::compare::tensors::{Change, SettingItem, TensorDiff, TensorFacts, TensorItem};
use mlrun::format::scalar::Scalar;

#[test]
fn layers_are_the_beginnings_of_names() {
    for (name, layer) in [
        ("model.layers.3.mlp.up_proj.weight", "model.layers.3"),
        ("blk.12.attn_q.weight", "blk.12"),
        ("layer1.0.conv1.weight", "layer1.0"),
        ("encoder/layer_3/attention/kernel", "encoder/layer_3"),
        ("embed.weight", "embed"),
        ("model.embed_tokens.weight", "model.embed_tokens"),
        ("steps.clf.coef_", "steps.clf"),
        ("weight", "weight"),
        ("list.0", "list"),
        ("0.weight", "0"),
        ("0", "0"),
        ("", ""),
        (".", "."),
        ("größe.0.é", "größe.0"),
    ] {
        assert_eq!(prefix(name), layer, "{name}");
    }
}

#[test]
fn shards_are_one_set() {
    for (path, set) in [
        ("m/model-00002-of-00003.safetensors", "m/model.safetensors"),
        ("pytorch_model-00001-of-00002.bin", "pytorch_model.bin"),
        ("big-00001-of-00009", "big"),
        ("model.safetensors", "model.safetensors"),
        ("a-of-b.pt", "a-of-b.pt"),
        ("one-1-of-2.pt", "one-1-of-2.pt"),
    ] {
        assert_eq!(set_of(path), set);
    }
}

fn tensor(file: &str, name: &str, length: u64) -> TensorFacts {
    TensorFacts {
        file: file.to_owned(),
        set: set_of(file),
        name: name.to_owned(),
        dtype: "F32".to_owned(),
        shape: vec![length / 4],
        element: Element::parse("F32"),
        length,
        value: None,
    }
}

#[test]
fn a_file_with_another_name_is_the_one_with_the_same_names_in_it() {
    let a = [tensor("old.pt", "x", 4), tensor("old.pt", "y", 4), tensor("other.pt", "z", 4), tensor("same.pt", "x", 4)];
    let b = [tensor("new.safetensors", "y", 4), tensor("new.safetensors", "x", 8), tensor("same.pt", "x", 4)];
    let pairs = by_name(&a, &b);
    assert_eq!(pairs.both, [(1, 0), (0, 1), (3, 2)]);
    assert_eq!((pairs.removed, pairs.added), (vec![2], vec![]));
}

/// A file may say one name twice.
#[test]
fn names_that_stand_twice_are_paired_in_their_order() {
    let a = [tensor("f", "x", 4), tensor("f", "x", 8), tensor("f", "x", 4)];
    let b = [tensor("f", "x", 4), tensor("f", "x", 8)];
    let pairs = by_name(&a, &b);
    assert_eq!((pairs.both, pairs.removed, pairs.added), (vec![(0, 0), (1, 1)], vec![2], vec![]));
}

#[test]
fn what_has_another_name_is_known_by_content() {
    let a = [tensor("f", "a.2", 4), tensor("f", "a.1", 4), tensor("f", "gone", 4), tensor("f", "wide", 16)];
    let b = [tensor("f", "b.1", 4), tensor("f", "b.2", 4), tensor("f", "come", 8)];
    let mut pairs = by_name(&a, &b);
    // Nothing of `b` is as long as `wide`, nothing of `a` as `come`: they need not be read.
    assert_eq!(may_be_renamed(&a, &b, &pairs), (vec![0, 1, 2], vec![0, 1]));
    let zeros = [0; 32];
    let contents = |places: &[usize]| places.iter().map(|place| (*place, zeros)).collect::<HashMap<_, _>>();
    let renamed = take_renamed(&a, &b, &contents(&[0, 1]), &contents(&[0, 1]), &mut pairs);
    assert_eq!(renamed, [(1, 0), (0, 1)], "of equals the first by name is the first by name");
    assert_eq!((pairs.removed, pairs.added), (vec![2, 3], vec![2]));
}

#[test]
fn views_are_gathered_row_by_row() {
    let span: Vec<u8> = (0..12).collect();
    let rows = |shape: &[u64], strides: &[u64], width| gathered(&span, shape, strides, width, 1 << 20);
    assert_eq!(rows(&[3, 4], &[1, 3], 1).unwrap(), [0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11]);
    assert_eq!(rows(&[2, 2], &[1, 2], 2).unwrap(), [0, 1, 4, 5, 2, 3, 6, 7]);
    assert_eq!(rows(&[3], &[4], 1).unwrap(), [0, 4, 8]);
    // One element shown many times.
    assert_eq!(rows(&[2, 3], &[0, 0], 1).unwrap(), [0; 6]);
    assert_eq!(rows(&[], &[], 4).unwrap(), [0, 1, 2, 3]);
    assert_eq!(rows(&[0, 5], &[1, 1], 1).unwrap(), [0_u8; 0]);
    // What lies outside, what is too much, what is no number: nothing.
    for (shape, strides) in [
        (vec![3, 5], vec![1, 3]),
        (vec![1 << 40, 1 << 40], vec![0, 0]),
        (vec![1 << 30], vec![0]),
        (vec![2], vec![u64::MAX]),
        (vec![3, 2], vec![1 << 63, 1]),
        (vec![2, 2], vec![1]),
    ] {
        assert_eq!(rows(&shape, &strides, 1), None, "{shape:?} by {strides:?}");
    }
}

/// An estimator's layers are one line, below the outermost that was replaced; a step may be called like a composition.
#[test]
fn layers_of_replaced_estimators_are_found_among_many() {
    let item =
        |name: String| TensorItem { change: Change::Added, a: None, b: Some(tensor("m", &name, 4)), tally: None };
    let of = |place: &str| ["a", "b", "c", "d"].map(|part| item(format!("{place}.{part}.w")));
    let found = ["steps.clf.estimators_.inner", "steps.estimators.deep", "steps.other", "steps.clfs"];
    let class = |name: String| SettingItem {
        file: "m".to_owned(),
        item: Item {
            name,
            change: mlrun::compare::Change::Changed,
            a: Some(Scalar::Text("<a.B>".to_owned())),
            b: Some(Scalar::Text("<a.C>".to_owned())),
        },
    };
    let many = (0..20_000).map(|n| format!("clf{n}"));
    let named = ["clf__inner", "clf", "estimators__deep", "steps__none", "other__none"].map(str::to_owned);
    let settings = many.chain(named).map(class).collect();
    let all = TensorDiff::new(found.into_iter().flat_map(of).collect(), &[], settings, Vec::new());
    let layers: Vec<(&str, usize)> = all
        .layers
        .iter()
        .filter(|layer| !layer.of.is_empty())
        .map(|layer| (layer.name.as_str(), layer.of.len()))
        .collect();
    assert_eq!(layers, [("steps.clf", 4), ("steps.estimators.deep", 4)]);
    assert_eq!(all.layers.len(), 2 + 8, "{:#?}", all.layers);
}
