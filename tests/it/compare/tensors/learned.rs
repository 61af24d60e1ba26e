//! What scikit-learn and Python keep in dictionaries, lists and sets, however deep: compared, or named. They write the files.

use std::fs;
use std::process::Command;

use mlrun::compare::tensors::TensorDiff;
use mlrun::compare::tensors::extent::Extent;
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
    # Given a name, NumPy would put its ending behind it.
    np.savez(open(f"{sys.argv[1]}/plain.npz.{v}", "wb"), **arrays)
    np.savez_compressed(open(f"{sys.argv[1]}/packed.npz.{v}", "wb"), **arrays)
"#;
    let Some((folder, files)) = in_both_versions(script, "numpy") else { return };
    assert_eq!(files, ["packed.npz", "plain.npz"]);
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

fn found_in(folder: &tempfile::TempDir, file: &str) -> TensorDiff {
    let versions = Versions::new();
    for version in 1..3 {
        let bytes = fs::read(folder.path().join(format!("{file}.{version}"))).unwrap();
        versions.write(&[(file, &bytes)]).snapshot();
    }
    versions.diff("v1", Some("v2"))
}

/// One number, text or truth that an estimator learned, of Python's or of NumPy's types: its values are told, as they say them.
#[test]
fn single_values_that_were_learned_are_told() {
    let script = r#"
import json, pickle, sys
import joblib, numpy as np
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import TunedThresholdClassifierCV
from sklearn.naive_bayes import GaussianNB
folder = sys.argv[1]
names = {"kmeans": ["inertia_"], "pca": ["noise_variance_"], "bayes": ["epsilon_"], "tuned": ["best_threshold_", "best_score_"],
         "kinds": ["a_", "b_", "c_", "d_", "e_", "f_"]}
told = {}
for v in (1, 2):
    rng = np.random.default_rng(v)
    x = rng.normal(size=(200, 4)); y = (x[:, 0] + rng.normal(size=200) > 0.7 * v).astype(int)
    models = {
        "kmeans": KMeans(3, n_init=1, random_state=0).fit(x),
        "pca": PCA(2).fit(x), "bayes": GaussianNB().fit(x, y),
        "tuned": TunedThresholdClassifierCV(LogisticRegression(), cv=2).fit(x, y),
        "kinds": LogisticRegression().fit([[0.0], [1.0]], [0, 1]),
    }
    kinds = models["kinds"]
    kinds.a_, kinds.b_, kinds.c_ = "sag" if v == 1 else "lbfgs", v == 1, None if v == 1 else 0.5
    kinds.d_, kinds.e_, kinds.f_ = np.float32(0.1 * v), np.int16(-v), 7 if v == 1 else np.int64(8)
    kinds.same_ = np.float64(0.25) if v == 1 else 0.25
    for name, model in models.items():
        pickle.dump(model, open(f"{folder}/{name}.pkl.{v}", "wb"), protocol=2 if v == 1 else 5)
        joblib.dump(model, f"{folder}/{name}.joblib.{v}")
        plain = lambda value: float(str(value)) if isinstance(value, np.floating) else getattr(value, "item", lambda: value)()
        told.setdefault(name, []).append({at: plain(getattr(model, at)) for at in names[name]})
json.dump(told, open(f"{folder}/told.json", "w"))
"#;
    let Some((folder, files)) = in_both_versions(script, "sklearn, joblib") else { return };
    let told: serde_json::Value = serde_json::from_slice(&fs::read(folder.path().join("told.json")).unwrap()).unwrap();
    assert_eq!(files.len(), 10);
    for file in files {
        let found = found_in(&folder, &file);
        let told = &told[file.split('.').next().unwrap()];
        for (name, was) in told[0].as_object().unwrap() {
            let item = found.items.iter().find(|item| item.name() == name).unwrap_or_else(|| panic!("{file}: {name}"));
            let values = item.values().unwrap_or_else(|| panic!("{file}: {name}: {item:?}"));
            for (value, expected) in values.into_iter().zip([was, &told[1][name]]) {
                assert_eq!(serde_json::to_value(value.unwrap()).unwrap(), *expected, "{file}: {name}");
            }
            assert!(item.a.as_ref().unwrap().shape.is_empty(), "{item:?}");
            assert!(found.layers.iter().any(|layer| layer.name == *name && layer.values.is_some()), "{file}: {name}");
        }
        // One of NumPy's numbers is no list of its type and its bytes, and a float of either is one.
        assert!(found.items.iter().all(|item| !["0", "1"].contains(&item.name().rsplit('.').next().unwrap())));
        assert!(found.items.iter().all(|item| item.name() != "same_"), "{file}");
    }
}

/// What counts is no weight; trees are one line, and so is all that another class had learned.
#[test]
fn layers_say_what_can_be_held_against_each_other() {
    let script = r#"
import json, sys
import joblib, numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
folder = sys.argv[1]
coef = []
for v in (1, 2):
    rng = np.random.default_rng(v)
    x = rng.normal(size=(300, 4)); y = (x[:, 0] + rng.normal(size=300) > 0.3).astype(int)
    def put(name, model):
        model = Pipeline([("num", StandardScaler()), ("clf", model)]).fit(x, y)
        joblib.dump(model, f"{folder}/{name}.joblib.{v}")
        return model["clf"]
    linear = put("linear", LogisticRegression(C=0.1 ** v))
    coef.append(np.concatenate([linear.coef_.ravel(), linear.intercept_, [v * 100.0]]))
    put("forest", RandomForestClassifier(30, random_state=v))
    put("replaced", LogisticRegression() if v == 1 else HistGradientBoostingClassifier(max_iter=20))
    joblib.dump(np.arange(5.0), f"{folder}/bytes.joblib.{v}", compress=3 * (v - 1))
a, b = (c[:-1] for c in coef)
json.dump(float(np.linalg.norm(b - a) / np.linalg.norm(a)), open(f"{folder}/relative.json", "w"))
"#;
    let Some((folder, _)) = in_both_versions(script, "sklearn, joblib") else { return };
    let linear = found_in(&folder, "linear.joblib");
    let clf = linear.layers.iter().find(|layer| layer.name == "steps.clf").unwrap();
    let relative: f64 = serde_json::from_slice(&fs::read(folder.path().join("relative.json")).unwrap()).unwrap();
    assert!((clf.extent().relative().unwrap() / relative - 1.0).abs() < 1e-12, "{clf:?}");

    let forest = found_in(&folder, "forest.joblib");
    let names: Vec<&str> = forest.layers.iter().map(|layer| layer.name.as_str()).collect();
    assert!(names.contains(&"steps.clf.estimators_.{0…29}") && names.len() < 6, "{names:?}");
    let trees = forest.layers.iter().find(|layer| layer.name.ends_with('}')).unwrap();
    assert_eq!((trees.of.len(), trees.of[9].as_str(), trees.changed), (30, "steps.clf.estimators_.9", 60), "{trees:?}");
    let kinds = trees.kinds().join(", ");
    assert!(kinds.contains("reshaped"), "{kinds}");

    let replaced = found_in(&folder, "replaced.joblib");
    let of_clf: Vec<_> = replaced.layers.iter().filter(|layer| layer.name.starts_with("steps.clf")).collect();
    let [one] = &of_clf[..] else { panic!("{of_clf:#?}") };
    assert_eq!(one.name, "steps.clf");
    assert!(one.added > 50 && one.removed >= 2 && one.extent() == Extent::Unknown, "{one:?}");

    let bytes = found_in(&folder, "bytes.joblib");
    assert_eq!((bytes.items.len(), &bytes.other_bytes[..]), (0, &["model/bytes.joblib".to_owned()][..]), "{bytes:?}");
    assert!(!bytes.is_empty() && linear.other_bytes.is_empty() && forest.other_bytes.is_empty());
}

/// A sum of squares may be beyond what a number holds, or 0 though something changed.
#[test]
fn where_norms_say_nothing_a_word_does() {
    let script = r#"
import sys
import numpy as np
for v in (1, 2):
    one = v == 1
    payload = np.array([0x7ff8000000000000, 0x7ff8000000000000 if one else 0x7ff8000000000001], "u8").view("f8")
    np.savez(open(f"{sys.argv[1]}/words.npz.{v}", "wb"), huge=np.array([1e308 if one else -1.7e308]), tiny=np.array([1.0, 0.0 if one else 1e-300]),
             zero=np.array([0.0 if one else 1.0]), sign=np.array([1.0, 0.0 if one else -0.0]), payload=payload)
"#;
    let Some((folder, _)) = in_both_versions(script, "numpy") else { return };
    let found = found_in(&folder, "words.npz");
    let word = |name: &str| {
        let item = found.items.iter().find(|item| item.name() == name).unwrap_or_else(|| panic!("{name}"));
        item.extent().words(|relative| relative.to_string())
    };
    let words = ["huge", "tiny", "zero", "sign", "payload"].map(word);
    assert_eq!(words, ["beyond f64", "below f64", "was 0", "same values", "same values"]);
}
