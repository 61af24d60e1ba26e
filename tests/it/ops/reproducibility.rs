//! What speaks for and against training a version again, out of records alone.

use mlrun::format::observation::ObservationRecord;
use mlrun::format::snapshot::SnapshotRecord;
use mlrun::ops::reproducibility::{Part, Reason, reasons};
use serde_json::{Value, json};

const SUM: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A version of which everything is recorded, as its record is written.
pub fn whole() -> Value {
    json!({
        "format": "mlrun/snapshot/1", "model": "fraud",
        "model_files": {"tree": SUM, "files": 1, "bytes": 1},
        "params": {"seed": 7, "trainer.deterministic": true}, "params_files": null,
        "metrics": {"auc": 0.9}, "metrics_files": null, "results": null, "predictions": [], "samples": [],
        "data": [{"name": "train", "kind": "file", "path": "train.csv", "sha256": SUM, "size": 1, "files": 1, "rows": null,
                  "schema": null, "stored": SUM, "not_stored": null}],
        "code": {"kind": "git", "commit": "3fa9c2d4e5f60718293a4b5c6d7e8f9011121314", "dirty": false, "prefix": "", "scope": [],
                 "tree": {"tree": SUM, "files": 3, "bytes": 9}, "patch": null, "untracked": [], "left_out": []},
        "environment": {
            "runtimes": [{"language": "python", "version": "3.11.7",
                          "packages": {"torch": "2.9.0+cu128", "nvidia-cublas-cu12": "12.8.4", "numpy": "2.4.6"}}],
            "locks": [{"path": "uv.lock", "sha256": SUM}],
            "variables": {"PYTHONHASHSEED": "7", "OMP_NUM_THREADS": "1", "CUBLAS_WORKSPACE_CONFIG": ":4096:8"}},
        "seeds": [{"name": "seed", "value": 7, "source": "parameters"}],
        "argv": ["python", "train.py"], "notes": null, "redactions": [], "not_captured": []
    })
}

pub fn record(value: Value) -> SnapshotRecord {
    serde_json::from_value(value).unwrap()
}

fn observation() -> ObservationRecord {
    let mut observation = ObservationRecord::default();
    observation.machine.cpu = Some("Some Processor".to_owned());
    observation.commit_on_remote = Some(true);
    observation.interpreter = Some("Python 3.11.7 in .venv".to_owned());
    observation
}

/// The version with one value changed.
fn with(change: impl FnOnce(&mut Value)) -> Vec<Reason> {
    let mut value = whole();
    change(&mut value);
    reasons(&record(value), &observation(), None)
}

#[track_caller]
fn says(reasons: &[Reason], part: Part, good: bool, words: &str) {
    let found = reasons.iter().any(|reason| reason.part == part && reason.good == good && reason.text.contains(words));
    assert!(found, "no {} {words:?} about {}: {reasons:#?}", if good { "+" } else { "-" }, part.name());
}

#[track_caller]
fn silent(reasons: &[Reason], words: &str) {
    assert!(!reasons.iter().any(|reason| reason.text.contains(words)), "{words:?}: {reasons:#?}");
}

#[test]
fn everything_that_is_recorded_speaks_for_it() {
    let all = with(|_| {});
    let plus = |part, words| says(&all, part, true, words);
    plus(Part::Code, "3 files of code are kept");
    plus(Part::Code, "it is commit 3fa9c2d4e, which a remote has");
    plus(Part::Data, "the data `train` is kept");
    plus(Part::Seeds, "the seed `seed` = 7 stands in the parameters");
    plus(Part::Environment, "3 installed packages are recorded");
    plus(Part::Environment, "locked by uv.lock");
    plus(Part::Command, "the training command is recorded");
    plus(Part::Hardware, "Some Processor");
    plus(Part::Nondeterminism, "PYTHONHASHSEED is set");
    plus(Part::Nondeterminism, "threads are fixed: OMP_NUM_THREADS=1");
    plus(Part::Nondeterminism, "CUBLAS_WORKSPACE_CONFIG lets cuBLAS");
    plus(Part::Nondeterminism, "`trainer.deterministic` asks for deterministic algorithms");
    // Even then: no equal bits on another GPU.
    let against: Vec<_> = all.iter().filter(|reason| !reason.good).collect();
    assert_eq!(against.len(), 1, "{against:#?}");
    says(&all, Part::Hardware, false, "on a GPU of another architecture the same bits are not to be expected");
}

#[test]
fn every_gap_speaks_against_it() {
    let part = |part, words: &str, change: &dyn Fn(&mut Value)| says(&with(change), part, false, words);
    part(Part::Code, "no code was captured", &|v| v["code"]["tree"] = Value::Null);
    part(Part::Code, "1 file of code was left out: big.bin: it is too large", &|v| {
        v["code"]["left_out"] = json!([{"path": "big.bin", "size": 9, "reason": "it is too large"}]);
    });
    part(Part::Data, "no training data was declared", &|v| v["data"] = json!([]));
    part(Part::Data, "cannot be restored from here: too large", &|v| {
        (v["data"][0]["stored"], v["data"][0]["not_stored"]) = (Value::Null, json!("too large"));
    });
    part(Part::Data, "nothing can tell whether `s3://x` is still the same", &|v| {
        v["data"][0] = json!({"name": "train", "kind": "uri", "path": "s3://x", "sha256": null, "size": 0, "files": 0,
            "rows": null, "schema": null, "stored": null, "not_stored": "declared"});
    });
    part(Part::Seeds, "no seed was found", &|v| v["seeds"] = json!([]));
    part(Part::Environment, "no installed packages were found", &|v| v["environment"]["runtimes"] = json!([]));
    part(Part::Environment, "the version of python is not known", &|v| {
        v["environment"]["runtimes"][0]["version"] = Value::Null;
    });
    part(Part::Environment, "this machine's own folders, not from an index: mine", &|v| {
        v["environment"]["runtimes"][0]["origins"] = json!({"mine": "editable .", "theirs": "git+https://host/x@abc"});
    });
    part(Part::Environment, "there is no lock file", &|v| v["environment"]["locks"] = json!([]));
    part(Part::Command, "the training command is not known", &|v| v["argv"] = Value::Null);
    part(Part::Command, "a secret was taken out", &|v| v["argv"] = json!(["train", "--key=<redacted:generic-key>"]));
    let unset = |name: &'static str| {
        move |v: &mut Value| drop(v["environment"]["variables"].as_object_mut().unwrap().remove(name).unwrap())
    };
    part(Part::Nondeterminism, "PYTHONHASHSEED is not set", &|v| unset("PYTHONHASHSEED")(v));
    part(Part::Nondeterminism, "numpy may sum in as many threads", &|v| unset("OMP_NUM_THREADS")(v));
    part(Part::Nondeterminism, "CUBLAS_WORKSPACE_CONFIG is not", &|v| unset("CUBLAS_WORKSPACE_CONFIG")(v));
    part(Part::Nondeterminism, "torch chooses deterministic algorithms only", &|v| v["params"] = json!({}));
    part(Part::Nondeterminism, "`forest__n_jobs` = -1", &|v| v["params"]["forest__n_jobs"] = json!(-1));
    part(Part::Nondeterminism, "TF_DETERMINISTIC_OPS is not set", &|v| {
        v["environment"]["runtimes"][0]["packages"] = json!({"tensorflow": "2.20"});
        v["params"] = json!({});
    });
    part(Part::Data, "not captured: data.train.schema: no table", &|v| {
        v["not_captured"] = json!([{"part": "data.train.schema", "reason": "no table"}]);
    });
}

#[test]
fn what_says_nothing_is_not_said() {
    let all = with(|v| {
        v["params"] = json!({"n_jobs": 1, "workers": "many"});
        v["environment"]["runtimes"] = json!([{"language": "R", "version": "4.5", "packages": {"mgcv": "1.9"}}]);
        v["environment"]["variables"] = json!({});
    });
    for words in ["PYTHONHASHSEED", "in parallel", "GPU", "torch", "TensorFlow", "threads"] {
        silent(&all, words);
    }
    // Uncommitted work is kept as it is; which commit it began at tells nothing then.
    let dirty = with(|v| v["code"]["dirty"] = json!(true));
    says(&dirty, Part::Code, true, "uncommitted work included");
    silent(&dirty, "which a remote has");
}
