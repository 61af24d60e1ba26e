//! Training again, without running anything: which command, which variables, and what two results are to each other.

use std::collections::BTreeMap;

use mlrun::format::scalar::Scalar;
use mlrun::ops::reproduce::{
    FileOutcome, Likeness, ReproduceError, Reproduced, Sameness, TOLERANCE, TrainingCommand, compare_metrics, judge,
    variables,
};
use serde_json::json;

use super::reproducibility::{record, whole};

#[test]
fn the_recorded_words_are_run_as_they_are() {
    let mut value = whole();
    value["argv"] = json!(["python", "train.py", "--name", "it's; rm -rf"]);
    let command = TrainingCommand::of(&record(value.clone()), None).unwrap();
    assert_eq!((command.program.as_str(), command.arguments.len(), command.recorded), ("python", 3, true));
    assert_eq!(command.shown, r"python train.py --name 'it'\''s; rm -rf'");
    let given = TrainingCommand::of(&record(value.clone()), Some("make -j2 && true")).unwrap();
    if cfg!(unix) {
        assert_eq!(
            (given.program.as_str(), given.arguments),
            ("sh", vec!["-c".to_owned(), "make -j2 && true".to_owned()])
        );
    }
    value["argv"] = json!(["train", "--key=<redacted:generic-key>"]);
    assert!(matches!(TrainingCommand::of(&record(value.clone()), None), Err(ReproduceError::Redacted { .. })));
    value["argv"] = json!(null);
    assert!(matches!(TrainingCommand::of(&record(value), None), Err(ReproduceError::NoCommand { .. })));
}

#[test]
fn variables_are_those_of_then() {
    let mut value = whole();
    value["environment"]["variables"] = json!({
        "OMP_NUM_THREADS": "2", "CUDA_VISIBLE_DEVICES": "7", "XLA_FLAGS": "<redacted:url>",
    });
    let found = variables(&record(value.clone()));
    assert_eq!(found.set, BTreeMap::from([("OMP_NUM_THREADS".to_owned(), "2".to_owned())]));
    assert_eq!(found.unknown, ["XLA_FLAGS"]);
    assert!(
        found.unset.iter().any(|name| name == "PYTHONHASHSEED")
            && found.unset.iter().any(|name| name == "MKL_NUM_THREADS")
    );
    // Which devices there are is this machine's business.
    assert!(!found.unset.iter().any(|name| name == "CUDA_VISIBLE_DEVICES"));
    let seeded = |seeds: serde_json::Value, hash: Option<&str>| {
        let mut value = value.clone();
        value["seeds"] = seeds;
        if let Some(hash) = hash {
            value["environment"]["variables"]["PYTHONHASHSEED"] = json!(hash);
        }
        let set = variables(&record(value)).set;
        [set.get("MODEL_SEED").cloned(), set.get("PYTHONHASHSEED").cloned()].map(Option::unwrap_or_default)
    };
    let given = |name: &str, seed: i64| json!({"name": name, "value": seed, "source": "given"});
    assert_eq!(seeded(json!([given("numpy", 42)]), None), ["42", "42"]);
    assert_eq!(seeded(json!([given("numpy", 42), given("seed", 5)]), None), ["5", "5"]);
    assert_eq!(seeded(json!([given("numpy", 42), given("torch", 5)]), None), ["", ""], "which of them is not known");
    assert_eq!(seeded(json!([given("seed", 5)]), Some("9")), ["5", "9"], "it was another one then");
    assert_eq!(seeded(json!([given("seed", -5)]), None), ["-5", ""], "Python takes no such one");
    assert_eq!(seeded(json!([given("seed", 1 << 40)]), None), ["1099511627776", ""]);
    assert_eq!(seeded(json!([{"name": "seed", "value": 3, "source": "parameters"}]), None), ["", ""]);
    let issued = |name: &str, seed: i64| json!({"name": name, "value": seed, "source": "issued"});
    let both = [issued("MODEL_SEED", 1 << 40), issued("PYTHONHASHSEED", 7)];
    let all = json!([both[0], both[1], given("seed", 5)]);
    assert_eq!(seeded(all.clone(), None), ["1099511627776", "7"], "what was issued is what it got");
    assert_eq!(seeded(all, Some("9")), ["1099511627776", "7"], "it was set over the one of its caller");
}

fn metrics(pairs: &[(&str, Scalar)]) -> BTreeMap<String, Scalar> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

fn sameness(a: Scalar, b: Scalar, tolerance: f64) -> Sameness {
    compare_metrics(&metrics(&[("m", a)]), &metrics(&[("m", b)]), tolerance, &[])[0].sameness
}

#[test]
fn numbers_are_close_relative_to_the_larger() {
    use Scalar::{Bool, Erased, Float, Int, List, Null, Text};
    let cases = [
        (Float(0.5), Float(0.5), Sameness::Equal),
        // Ten thousand units in the last place of 1, and a hundred million.
        (Float(1.0), Float(10_000f64.mul_add(f64::EPSILON, 1.0)), Sameness::Close),
        (Float(1.0), Float(1e8f64.mul_add(f64::EPSILON, 1.0)), Sameness::Different),
        (Float(1e12), Float(1e12 + 1.0), Sameness::Close),
        (Float(1e-12), Float(2e-12), Sameness::Different),
        (Float(0.0), Float(1e-300), Sameness::Different),
        (Float(-0.5), Float(0.5), Sameness::Different),
        (Int(1), Float(1.0), Sameness::Equal),
        (Int(1_000_000_000_000), Int(1_000_000_000_001), Sameness::Different),
        (Text("a".into()), Text("a".into()), Sameness::Equal),
        (Text("1".into()), Int(1), Sameness::Different),
        (Bool(true), Bool(false), Sameness::Different),
        (Float(f64::NAN), Float(f64::NAN), Sameness::Undefined),
        (Float(f64::INFINITY), Float(f64::INFINITY), Sameness::Undefined),
        (Float(0.5), Float(f64::NAN), Sameness::Undefined),
        (Null, Null, Sameness::Undefined),
        (Erased, Float(0.5), Sameness::Undefined),
        (List(vec![Float(1.0), Float(2.0)]), List(vec![Float(1.0), Float(2.0 + 1e-15)]), Sameness::Close),
        (List(vec![Float(1.0)]), List(vec![Float(1.0), Float(2.0)]), Sameness::Different),
        (List(vec![Float(f64::NAN)]), List(vec![Float(f64::NAN)]), Sameness::Undefined),
    ];
    for (a, b, expected) in cases {
        assert_eq!(sameness(a.clone(), b.clone(), TOLERANCE), expected, "{a} and {b}");
        assert_eq!(sameness(b.clone(), a.clone(), TOLERANCE), expected, "{b} and {a}");
    }
    assert_eq!(sameness(Float(1.0), Float(1.01), 0.02), Sameness::Close);
    assert_eq!(sameness(Float(1.0), Float(1.01), 0.0), Sameness::Different);
}

fn file(likeness: Likeness) -> FileOutcome {
    FileOutcome { path: "model/w.bin".to_owned(), then: None, now: None, likeness, notes: Vec::new() }
}

fn verdict(
    files: &[Likeness],
    then: &[(&str, Scalar)],
    now: &[(&str, Scalar)],
    predictions: &[Likeness],
) -> Reproduced {
    let outcomes = |all: &[Likeness]| all.iter().copied().map(file).collect::<Vec<_>>();
    let metrics = compare_metrics(&metrics(then), &metrics(now), TOLERANCE, &[]);
    judge(&outcomes(files), &metrics, &outcomes(predictions)).0
}

#[test]
fn nothing_that_is_missing_or_undefined_makes_a_good_verdict() {
    use Likeness::{Bytes, Different, Missing, Structure, Tensors};
    use Scalar::{Float, Int};
    let auc = &[("auc", Float(0.9))];
    let near = &[("auc", Float(0.9 + 1e-13))];
    let other = &[("auc", Float(0.8))];
    let nan = &[("auc", Float(f64::NAN))];
    let cases: [(&[Likeness], _, _, &[Likeness], Reproduced); 22] = [
        (&[Bytes], &auc[..], &auc[..], &[], Reproduced::Exact),
        (&[Bytes], &[], &[], &[], Reproduced::Exact),
        (&[Bytes, Bytes], auc, auc, &[Bytes], Reproduced::Exact),
        (&[Bytes], auc, near, &[], Reproduced::Equivalent),
        (&[Bytes], auc, auc, &[Structure], Reproduced::Equivalent),
        (&[Tensors], auc, auc, &[], Reproduced::Equivalent),
        (&[Tensors], &[], &[], &[], Reproduced::Equivalent),
        (&[Structure], auc, near, &[], Reproduced::Equivalent),
        (&[Structure, Bytes], auc, auc, &[], Reproduced::Equivalent),
        (&[Structure], &[], &[], &[], Reproduced::Different),
        (&[Structure], &[("rows", Int(3))], &[("rows", Int(3))], &[], Reproduced::Different),
        (&[Different], auc, auc, &[], Reproduced::Different),
        (&[Bytes], auc, other, &[], Reproduced::Different),
        (&[Bytes], auc, auc, &[Different], Reproduced::Different),
        (&[Bytes], &[], auc, &[], Reproduced::Different),
        (&[Missing], auc, auc, &[], Reproduced::Inconclusive),
        (&[Bytes], auc, &[], &[], Reproduced::Inconclusive),
        (&[Bytes], auc, auc, &[Missing], Reproduced::Inconclusive),
        (&[Bytes], nan, nan, &[], Reproduced::Inconclusive),
        (&[Bytes], auc, nan, &[], Reproduced::Inconclusive),
        (&[], auc, auc, &[], Reproduced::Inconclusive),
        // What is shown to be different stays so, whatever else is missing.
        (&[Missing, Different], auc, nan, &[], Reproduced::Different),
    ];
    for (number, (files, then, now, predictions, expected)) in cases.into_iter().enumerate() {
        assert_eq!(verdict(files, then, now, predictions), expected, "case {number}");
    }
}
