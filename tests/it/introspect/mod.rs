//! What files of the real libraries say of themselves, against what those libraries say (`generate.py`, `goldens.json`).

mod hostile;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Cursor;
use std::path::PathBuf;

use mlrun::digest::Digest;
use mlrun::introspect::{self, Danger, Facts, Finding, Param};
use serde_json::{Value, json};

fn fixture(name: &str) -> Vec<u8> {
    fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/introspect/fixtures").join(name)).unwrap()
}

fn facts_of(bytes: &[u8], name: &str) -> Option<Facts> {
    introspect::of(&mut Cursor::new(bytes), bytes.len() as u64, name).unwrap()
}

/// Without a name: what is in a file tells what it is.
fn facts(file: &str) -> Facts {
    facts_of(&fixture(file), "").unwrap_or_else(|| panic!("{file} is not recognised"))
}

fn goldens() -> Vec<Value> {
    serde_json::from_slice(&fixture("goldens.json")).unwrap()
}

fn text<'a>(golden: &'a Value, key: &str) -> &'a str {
    golden[key].as_str().unwrap()
}

/// As `generate.py` writes it.
fn said(value: &Param) -> Value {
    match value {
        Param::Null => json!(["null"]),
        Param::Bool(truth) => json!(["bool", truth]),
        Param::Int(number) => json!(["int", number]),
        Param::Big(digits) => json!(["big", digits]),
        Param::Float(number) => json!(["float", format!("{:016x}", number.to_bits())]),
        Param::Text(text) => json!(["text", text]),
        Param::List(all) => json!(["list", all.iter().map(said).collect::<Vec<_>>()]),
        Param::Map(pairs) => json!(["map", pairs.iter().map(|(k, v)| [said(k), said(v)]).collect::<Vec<_>>()]),
        Param::Array { dtype, shape } => json!(["array", dtype, shape]),
        Param::Import(name) => json!(["import", name]),
        Param::Object(class) => json!(["object", class]),
        Param::Long(_) | Param::Unknown => json!(["?"]),
    }
}

/// Every expected one is there and equal.
fn contains(file: &str, found: &BTreeMap<String, Param>, expected: &Value) {
    for (name, value) in expected.as_object().unwrap() {
        let found = found.get(name).unwrap_or_else(|| panic!("{file}: {name} is missing among {:?}", found.keys()));
        assert_eq!(&said(found), value, "{file}: {name}");
    }
}

/// Class, version and parameters of more than thirty estimators in every protocol, of joblib, of skops, of wrappers.
#[test]
fn estimators_say_what_get_params_says() {
    let mut classes = BTreeSet::new();
    for golden in goldens().iter().filter(|golden| golden["params"].is_object()) {
        let file = text(golden, "file");
        let facts = facts(file);
        assert_eq!(facts.format, text(golden, "format"), "{file}");
        assert_eq!(facts.class.as_deref(), golden["cls"].as_str(), "{file}");
        let library = facts.library.as_ref().map(|(name, version)| json!([name, version]));
        assert_eq!(library, Some(golden["library"].clone()).filter(|library| !library.is_null()), "{file}");
        contains(file, &facts.params, &golden["params"]);
        assert_eq!(
            facts.findings.iter().filter(|f| !matches!(f, Finding::Lambda { .. })).count(),
            0,
            "{file}: {:?}",
            facts.findings
        );
        assert_eq!(facts.read, facts.size, "{file}");
        if facts.format.starts_with("sklearn") {
            classes.insert(facts.class.clone());
            // Nothing is made up: what `get_params` does not name is in an object that it does not ask.
            let expected = golden["params"].as_object().unwrap();
            for name in facts.params.keys().filter(|name| !expected.contains_key(*name)) {
                let inside = name
                    .match_indices("__")
                    .any(|(end, _)| expected.get(&name[..end]).is_some_and(|value| value[0] == "object"));
                assert!(inside, "{file}: {name} is no parameter");
            }
        }
    }
    assert!(classes.len() >= 25, "{classes:?}");
}

#[test]
fn what_base_classes_left_is_kept_apart() {
    let forest = facts("forest.joblib");
    assert!(forest.state.contains_key("estimator_params") && !forest.params.contains_key("estimator_params"));
    assert_eq!(facts("svr.2.pkl").state.get("nu"), Some(&Param::Float(0.0)));
    assert!(matches!(facts("search.joblib").state.get("best_params_"), Some(Param::Map(best)) if best.len() == 3));
}

#[test]
fn seeds_are_found_at_any_depth() {
    let seeds = |file| facts(file).seeds.into_iter().collect::<Vec<_>>();
    let named = |name: &str, seed| (name.to_owned(), Param::Int(seed));
    assert_eq!(seeds("search.skops"), [named("cv__random_state", 11), named("estimator__svc__random_state", 7)]);
    assert_eq!(seeds("tree.joblib"), [named("random_state", 5)]);
    let generator = Param::Object("numpy.random.mtrand.RandomState".to_owned());
    let found = seeds("extra.joblib");
    assert!(
        matches!(&found[..], [(name, value)] if name == "random_state" && (*value == generator || matches!(value, Param::Object(_)))),
        "{found:?}"
    );
    assert!(seeds("lightgbm.txt").contains(&named("bagging_seed", 7196)));
    assert_eq!(seeds("keras.keras"), [named("layers.drop.seed", 3), named("layers.first.kernel_initializer.seed", 7)]);
    assert!(seeds("linear.joblib").is_empty());
}

/// picklescan reads the same opcodes and has nothing to do with us.
#[test]
fn imports_are_those_that_picklescan_lists() {
    let mut compared = 0;
    for golden in goldens().iter().filter(|golden| golden["imports"].is_array()) {
        let facts = facts(text(golden, "file"));
        let found: BTreeSet<_> =
            facts.imports.iter().map(|import| json!([import.module, import.name]).to_string()).collect();
        let expected: BTreeSet<_> = golden["imports"].as_array().unwrap().iter().map(Value::to_string).collect();
        assert_eq!(found, expected, "{}", golden["file"]);
        assert!(!found.is_empty());
        compared += 1;
    }
    assert!(compared >= 40, "{compared}");
}

/// What models are made of is known, wherever it came from: a list that cries wolf is not read.
#[test]
fn clean_models_import_nothing_unknown() {
    for golden in goldens().iter().filter(|golden| golden["params"].is_object()) {
        let file = text(golden, "file");
        if file == "lambda.keras" {
            continue;
        }
        let facts = facts(file);
        let odd: Vec<_> = facts.imports.iter().filter(|import| import.danger != Danger::Known).collect();
        assert!(odd.is_empty() && facts.danger() == Danger::Known, "{file}: {odd:?}, {:?}", facts.findings);
    }
}

#[test]
fn boosters_say_how_they_were_grown() {
    for golden in goldens().iter().filter(|golden| golden["train"].is_object()) {
        let facts = facts(text(golden, "file"));
        let prefix = golden["prefix"].as_str().unwrap_or_default();
        for (name, value) in golden["train"].as_object().unwrap() {
            let name = format!("{prefix}booster.gradient_booster.tree_train_param.{name}");
            assert_eq!(facts.state.get(&name).map(said), Some(json!(["text", value])), "{name}");
        }
    }
    for file in ["xgboost.json", "xgboost.ubj"] {
        let golden = goldens().into_iter().find(|golden| golden["file"] == file).unwrap();
        contains(file, &facts(file).state, &golden["state"]);
    }
}

#[test]
fn lightgbm_says_everything() {
    let golden = goldens().into_iter().find(|golden| golden["file"] == "lightgbm.txt").unwrap();
    let facts = facts("lightgbm.txt");
    assert_eq!((facts.format, facts.class.as_deref()), ("lightgbm", Some("lightgbm.Booster")));
    contains("lightgbm.txt", &facts.state, &golden["state"]);
    let block = golden["block"].as_object().unwrap();
    assert!(block.len() > 60 && facts.params.len() == block.len());
    for (name, value) in block {
        let same = match &facts.params[name] {
            Param::Text(text) => value == text,
            Param::Int(number) => value.as_str().unwrap().parse() == Ok(*number),
            Param::Float(number) => value.as_str().unwrap().parse() == Ok(*number),
            _ => false,
        };
        assert!(same, "{name}: {value}");
    }
}

#[test]
fn code_in_a_layer_is_found() {
    let facts = facts("lambda.keras");
    assert!(
        facts.findings.iter().any(|finding| matches!(finding, Finding::Lambda { layer } if layer == "layers.lambda"))
    );
    assert_eq!(facts.danger(), Danger::Dangerous);
}

/// PyTorch's own word: names as in `state_dict`, types, shapes, and the SHA-256 of the bytes of each.
#[test]
fn pytorch_tensors_are_those_that_were_saved() {
    let goldens: Value = serde_json::from_slice(&fixture("tensors.json")).unwrap();
    for (file, tensors) in goldens.as_object().unwrap() {
        let (facts, bytes) = (facts(file), fixture(file));
        let mut found: Vec<Value> = facts
            .tensors
            .iter()
            .map(|tensor| {
                let raw = &bytes[tensor.start as usize..(tensor.start + tensor.length) as usize];
                json!([tensor.name, tensor.dtype, tensor.shape, Digest::of(raw).to_string()])
            })
            .collect();
        let mut expected = tensors.as_array().unwrap().clone();
        let name = |tensor: &Value| tensor[0].as_str().unwrap().to_owned();
        found.sort_by_key(name);
        expected.sort_by_key(name);
        assert_eq!(found, expected, "{file}");
        assert!(expected.len() >= 2 && facts.findings.is_empty(), "{facts:?}");
    }
}

#[test]
fn pytorch_imports_what_tensors_are_made_of() {
    let facts = facts("torch.pt");
    assert_eq!(facts.format, "pytorch-zip");
    assert_eq!((facts.danger(), facts.pickles), (Danger::Known, 1), "{facts:?}");
    assert!(
        facts
            .imports
            .iter()
            .any(|import| (import.module.as_str(), import.name.as_str()) == ("torch._utils", "_rebuild_tensor_v2"))
    );
}

#[test]
fn a_dictionary_of_models_says_what_its_models_say() {
    let facts = facts("objects.joblib");
    assert_eq!((facts.format, &facts.class), ("sklearn-joblib", &None));
    assert_eq!(facts.params.get("model__svc__C"), Some(&Param::Float(0.5)));
    assert_eq!(facts.params.get("epoch"), Some(&Param::Int(3)));
    assert_eq!((facts.read, facts.findings), (facts.size, vec![]));
}

/// pandas writes pickles that are compressed with Zstandard.
#[test]
fn a_pickle_in_zstandard_is_read() {
    let packed = zstd::encode_all(&fixture("pipeline.2.pkl")[..], 3).unwrap();
    let (plain, unpacked) = (facts("pipeline.2.pkl"), facts_of(&packed, "model.pkl.zst").unwrap());
    assert_eq!((unpacked.params, unpacked.imports, unpacked.findings), (plain.params, plain.imports, plain.findings));
}

/// An LZMA stream may ask for a dictionary of 4 GiB, Zstandard for a window as large.
#[test]
fn a_dictionary_larger_than_anybody_writes_is_not_made() {
    let mut lzma = fixture("packed.lzma.joblib");
    lzma[1..5].copy_from_slice(&0xf000_0000_u32.to_le_bytes());
    // A frame without a single segment, whose window is 2^41 bytes.
    let zstd = [&[0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xf8][..], &[0; 20]].concat();
    for packed in [lzma, zstd] {
        let facts = facts_of(&packed, "model.joblib").unwrap();
        assert!(matches!(&facts.findings[..], [Finding::Broken { .. }]), "{facts:?}");
        assert_eq!(facts.danger(), Danger::Unknown);
        assert_eq!(facts_of(&packed, "data.csv"), None, "only the name claims that it is a model");
    }
}

#[test]
fn other_files_say_nothing() {
    for bytes in [
        &b""[..],
        b"a,b\n1,2\n",
        b"cat\ndog\n",
        b"{\"learner\": 1}",
        b"{\"a\": [1, 2]}",
        b"{}",
        b"N.",
        b"PK\x05\x06 and no archive",
        b"\x1f\x8b\x08 and no gzip",
        b"x\x9c and no zlib",
        b"version=v4\n",
    ] {
        assert_eq!(facts_of(bytes, "notes.txt"), None, "{bytes:?}");
    }
}
