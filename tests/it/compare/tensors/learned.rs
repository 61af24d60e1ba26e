//! What scikit-learn and Python keep in dictionaries, lists and sets, however deep: compared, or named. They write the files.

use std::fs;
use std::process::Command;

use mlrun::compare::tensors::order::natural;

use super::files::Versions;
use crate::support::python_with;

/// Each file in two versions: what differs is named below.
const SCIKIT_LEARN: &str = r#"
import collections, pickle, sys
import joblib, numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion
from sklearn.preprocessing import OneHotEncoder
folder = sys.argv[1]
for v in (1, 2):
    docs = ["the cat sat", "a dog ran", "birds fly"] if v == 1 else ["the cow sat", "a dog ran", "birds fly"]
    words = {word: at for at, word in enumerate(docs)}
    def put(name, what):
        pickle.dump(what, open(f"{folder}/{name}.pkl.{v}", "wb"))
        joblib.dump(what, f"{folder}/{name}.joblib.{v}")
    put("union", FeatureUnion([("words", CountVectorizer()), ("chars", TfidfVectorizer(analyzer="char"))]).fit(docs))
    columns = np.array([["a"], ["b"], ["c" if v == 1 else "d"]], dtype=object)
    put("columns", ColumnTransformer([("kind", OneHotEncoder(), [0])]).fit(columns))
    put("arrays", {"outer": {"inner": np.arange(4.0) * v, "same": np.arange(3)}, "list": [{"w": np.ones(3) * v}]})
    put("deep", {"emb": {"deep": {"vocab": words, "w": np.ones(2)}}})
    put("keys", {(1, 2): np.ones(2) * v, True: np.ones(3) * v, 1.5: np.ones(4) * v, b"b": np.ones(5) * v,
                 None: np.ones(6) * v, np.int64(3): np.ones(7) * v, frozenset([1]): np.ones(8) * v})
    put("counted", {"counter": collections.Counter(" ".join(docs))})
    put("list", [0.5 * v, [1.0, 2.0], ["a", "b"]])
    model = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    model.kept_ = {"a": {"b": words}}
    model._private = [{"x": 1, "y": docs}, {"x": 2, "y": []}]
    put("attributes", model)
    deep = words
    for _ in range(80): deep = {"below": deep, "w": np.ones(1)}
    put("deepest", deep)
    # A hundred to the twelfth, in a few bytes.
    shared = docs
    for _ in range(12): shared = [shared] * 100
    put("shared", [shared, np.ones(2) * v])
"#;

fn in_both_versions(script: &str, modules: &str) -> Option<(tempfile::TempDir, Vec<String>)> {
    let python = python_with(modules)?;
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(python).args(["-c", script]).arg(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let names = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter_map(|name| name.strip_suffix(".1").map(str::to_owned)).collect();
    names.sort();
    Some((folder, names))
}

/// The names of what is different, or not compared, in a file of two versions.
fn names_in(folder: &tempfile::TempDir, file: &str) -> (Vec<String>, Vec<String>) {
    let versions = Versions::new();
    for version in 1..3 {
        let bytes = fs::read(folder.path().join(format!("{file}.{version}"))).unwrap();
        versions.write(&[(file, &bytes)]).snapshot();
    }
    let found = versions.diff("v1", Some("v2"));
    let mut names: Vec<String> = found.items.iter().map(|item| item.name().to_owned()).collect();
    names.sort();
    names.dedup();
    (names, found.not_compared.iter().map(|left| left.tensor.clone().unwrap_or_default()).collect())
}

#[test]
fn what_was_learned_is_compared_wherever_it_stands() {
    let Some((folder, files)) = in_both_versions(SCIKIT_LEARN, "sklearn, joblib") else { return };
    assert_eq!(files.len(), 20);
    for file in files {
        let (names, left_out) = names_in(&folder, &file);
        let expected: &[&str] = match file.split('.').next().unwrap() {
            "union" => &["transformer_list.words.vocabulary_"],
            "columns" => &["transformers_.kind.categories_.0"],
            "arrays" => &["list.0.w", "outer.inner"],
            "deep" => &["emb.deep.vocab"],
            "keys" => &["#6", "(1, 2)", "1.5", "3", "None", "True", "b'b'"],
            "counted" => &["counter"],
            "list" => &["array"],
            "attributes" => &["_private", "kept_.a.b"],
            "deepest" => &[],
            "shared" => &["1"],
            other => panic!("{other}"),
        };
        assert!(expected.iter().all(|name| names.iter().any(|found| found == name)), "{file}: {names:?}");
        let is_known = |name: &String| expected.contains(&name.as_str()) || name.contains(".chars.");
        assert!(file.starts_with("shared") || names.iter().all(is_known), "{file}: {names:?}");
        let is_deep = file.starts_with("deepest");
        assert_eq!(left_out.is_empty(), !is_deep && !file.starts_with("shared"), "{file}: {left_out:?}");
        assert!(!is_deep || left_out.iter().all(|name| name.starts_with("below.below.")), "{left_out:?}");
    }
}

/// An archive of NumPy's, compressed or not, tells of arrays without elements.
#[test]
fn arrays_without_elements_in_archives() {
    let script = r#"
import sys
import numpy as np
for v in (1, 2):
    arrays = {"none": np.zeros((0, 2 + v)), "nothing": np.zeros((2, 0, v), "i4"), "w": np.ones(3)}
    np.savez(f"{sys.argv[1]}/plain.npz.{v}", **arrays)
    np.savez_compressed(f"{sys.argv[1]}/packed.npz.{v}", **arrays)
"#;
    let Some((folder, files)) = in_both_versions(script, "numpy") else { return };
    for file in files {
        let (names, left_out) = names_in(&folder, &file);
        assert_eq!((names, left_out), (vec!["none".to_owned(), "nothing".to_owned()], vec![]), "{file}");
    }
}

/// As `sort --version-sort` puts them.
#[test]
fn names_with_numbers_stand_in_their_order() {
    let expected = ["f", "f1", "f2", "f10", "layer.2.bias", "layer.2.weight", "layer.10.bias", "layer.x", "w"];
    let mut names = expected;
    names.reverse();
    names.sort_by(|one, other| natural(one, other));
    assert_eq!(names, expected);
    let numbers = ["v9", "v99999999999999999999999999999999999999999", "v100000000000000000000000000000000000000000"];
    assert!(numbers.is_sorted_by(|one, other| natural(one, other).is_lt()));
    // Two names are never the same.
    assert!(natural("f01", "f1").is_ne() && natural("f1", "f01").is_ne() && natural("é2", "é10").is_lt());
    assert!(natural("a", "a").is_eq() && natural("", "a").is_lt());
}
