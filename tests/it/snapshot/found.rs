//! What is found in a model's files, recorded with a version: files of the real libraries, `introspect/generate.py` has them.

use std::fs;
use std::path::Path;

use mlrun::format::certificate::Verdict;
use mlrun::format::found::{DangerRecord, FoundFileRecord};
use mlrun::format::scalar::Scalar;
use mlrun::ops::certify::{CertifyOptions, certify};
use mlrun::ops::declared::dangerous;
use mlrun::ops::init::{InitOptions, init};
use mlrun::ops::purge::{PurgeOptions, Target, purge};
use mlrun::ops::seeds::{self, KnownSeed, Seeds};
use mlrun::ops::show::{ShowOptions, ShowReport, show};
use mlrun::ops::snapshot::inputs::GivenInputs;
use mlrun::ops::snapshot::{SnapshotOptions, SnapshotReport, snapshot};
use mlrun::progress::Silent;

use crate::support::noise::noise;
use crate::support::project::TestRepo;

fn fixture(path: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it").join(path)).unwrap()
}

fn project(params: &str, name: &str, model: impl AsRef<[u8]>) -> TestRepo {
    let project = TestRepo::new();
    project.write("params.yaml", params).write(&format!("model/{name}"), model);
    init(&project.options(), &InitOptions::default()).unwrap();
    project
}

fn take(project: &TestRepo) -> SnapshotReport {
    snapshot(&project.open(), &SnapshotOptions::default(), &Silent).unwrap()
}

fn shown(project: &TestRepo, revision: &str) -> ShowReport {
    show(&project.open(), &ShowOptions { revision: revision.to_owned(), at: None }).unwrap()
}

fn recorded(project: &TestRepo, revision: &str) -> Vec<FoundFileRecord> {
    shown(project, revision).observation.found.unwrap().files
}

#[test]
fn what_was_declared_is_compared() {
    // scikit-learn's own get_params says: svc__C 0.5, svc__kernel rbf, svc__random_state 7, scale__with_mean True.
    let params = "svc:\n  C: 1.0\n  kernel: rbf\nseed: 8\nscale:\n  with_mean: true\nepochs: 3\n";
    let project = project(params, "pipeline.joblib", fixture("introspect/fixtures/pipeline.joblib"));
    let report = take(&project);
    let file = &report.found.files[0];
    assert_eq!(file.class.as_deref(), Some("sklearn.pipeline.Pipeline"));
    assert_eq!(file.library.as_ref().map(|l| (l.name.as_str(), l.version.as_str())), Some(("scikit-learn", "1.9.1")));
    assert_eq!((file.params["svc__C"].clone(), file.danger), (Scalar::Float(0.5), Some(DangerRecord::Known)));
    assert_eq!(file.seeds.values().collect::<Vec<_>>(), [&Scalar::Int(7)]);
    let said: Vec<_> = report.contradictions.iter().map(|c| (c.declared.as_str(), c.found.as_str())).collect();
    assert_eq!(said, [("seed", "svc__random_state"), ("svc.C", "svc__C")]);
    assert_eq!(shown(&project, "v1").contradictions, report.contradictions);
    assert_eq!(recorded(&project, "v1"), report.found.files);
}

/// A seed in the model's own file is one; a place for one with nothing in it is worth a word, unless that is said already.
#[test]
fn seeds_of_the_model() {
    let known = |seeds: &Seeds| {
        let line = |seed: &KnownSeed| {
            format!("{} {} {}", seed.name, seed.value, seed.origin.path().unwrap_or(seed.origin.name()))
        };
        seeds.known.iter().map(line).collect::<Vec<_>>()
    };
    let repo = project("kernel: rbf\n", "pipeline.joblib", fixture("introspect/fixtures/pipeline.joblib"));
    let report = take(&repo);
    let seeds = seeds::of(&report.record, Some(&report.found));
    assert_eq!(known(&seeds), ["svc__random_state 7 model/pipeline.joblib"]);
    assert_eq!(seeds.unset, []);
    let shown = shown(&repo, "v1");
    assert_eq!(shown.seeds, seeds);
    assert!(
        shown
            .reproducibility
            .iter()
            .any(|r| r.good && r.text == "the seed `svc__random_state` = 7 stands in `model/pipeline.joblib`")
    );

    let unset = |params: &str| {
        let repo = project(params, "ridge.joblib", fixture("introspect/fixtures/ridge.joblib"));
        let report = take(&repo);
        let seeds = seeds::of(&report.record, Some(&report.found));
        let said: Vec<_> = seeds.unset_beside(&report.contradictions).map(|unset| unset.name.clone()).collect();
        (known(&seeds), said, report.contradictions.len())
    };
    assert_eq!(unset("alpha: 1\n").1, ["random_state"]);
    assert_eq!(unset("train:\n  shuffle_seed: 3\n").1, ["random_state"]);
    let (seeds, said, contradictions) = unset("seed: 3\n");
    assert_eq!((seeds, said, contradictions), (vec!["seed 3 parameters".to_owned()], Vec::new(), 1));
}

#[test]
fn what_agrees_is_not_mentioned() {
    let params = "svc:\n  C: 0.5\nrandom_state: 7\nkernel: rbf\n";
    let project = project(params, "pipeline.joblib", fixture("introspect/fixtures/pipeline.joblib"));
    assert_eq!(take(&project).contradictions, []);
    // Nothing changed: nothing is looked into, and nothing recorded.
    let again = take(&project);
    assert!(again.unchanged && again.found.files.is_empty());
    // Another version with the same file: it is not read again, and known all the same.
    project.write("params.yaml", "svc:\n  C: 2\nrandom_state: 7\n");
    let second = take(&project);
    assert_eq!(second.found.files, recorded(&project, "v1"));
    assert_eq!(second.contradictions.len(), 1);
}

#[test]
fn a_file_nobody_should_load_is_named() {
    for file in ["array", "behind", "computed"] {
        let name = format!("{file}.hostile.joblib");
        let project = project("c: 1\n", &name, fixture(&format!("introspect/fixtures/{name}")));
        let report = take(&project);
        let bad = dangerous(&report.found);
        assert_eq!(bad.len(), 1, "{name}: {report:?}");
        assert_eq!(
            (bad[0].path.as_str(), bad[0].danger),
            (format!("model/{name}").as_str(), Some(DangerRecord::Dangerous))
        );
        let told = project.run(&["show", "v1"]);
        assert!(told.stdout.contains("dangerous"), "{told:?}");
    }
}

/// What was not read is not harmless.
#[test]
fn a_file_that_cannot_be_read_is_told_and_stops_where_that_is_asked_for() {
    let whole = fixture("introspect/fixtures/pipeline.joblib");
    let cut = &whole[..whole.len() / 2];
    let packed = [b"\x04\x22\x4d\x18", cut].concat();
    for broken in [cut, &packed] {
        let project = project("c: 1\n", "model.joblib", broken);
        let strict = SnapshotOptions {
            given: GivenInputs { strict: true, ..GivenInputs::default() },
            ..SnapshotOptions::default()
        };
        let refused = snapshot(&project.open(), &strict, &Silent).unwrap_err().to_string();
        assert!(refused.contains("model/model.joblib"), "{refused}");
        let file = &take(&project).found.files[0];
        assert!(file.danger >= Some(DangerRecord::Unknown) && !file.findings.is_empty(), "{file:?}");
    }
}

const CHECKS: &str = "schema = 1\ntask = \"binary\"\n
[[rule]]\nid = \"declared\"\nmetric = { check = \"contradictions\" }\n
[[rule]]\nid = \"imports\"\nmetric = { check = \"unknown_imports\" }\n
[[rule]]\nid = \"seed\"\nmetric = { check = \"missing_seed\" }\n
[[rule]]\nid = \"auc\"\nmetric = { reported = \"auc\", better = \"higher\" }\nmin = 0.5\n";

fn judged(project: &TestRepo, revision: Option<&str>) -> Vec<(String, Verdict, String)> {
    let options = CertifyOptions {
        revision: revision.map(str::to_owned),
        policy: Some(project.path().join("checks.toml")),
        first_release: Some("the first".to_owned()),
        check: revision.is_none(),
        ..CertifyOptions::default()
    };
    let report = certify(&project.open(), &options, &Silent).unwrap();
    let results = report.statement.predicate.results;
    results.into_iter().map(|r| (r.rule, r.verdict, r.reason.unwrap_or_default())).collect()
}

/// The model's random_state is its seed.
#[test]
fn policies_judge_what_was_found() {
    let project = TestRepo::new();
    project
        .write("checks.toml", CHECKS)
        .write("metrics.json", "{\"auc\": 0.9}")
        .write("params.yaml", "svc:\n  C: 1.0\n");
    project.write("model/pipeline.joblib", fixture("introspect/fixtures/pipeline.joblib"));
    init(&project.options(), &InitOptions::default()).unwrap();
    take(&project);
    let first = judged(&project, Some("v1"));
    assert_eq!(first[0].1, Verdict::Fail, "{first:?}");
    assert_eq!(first[0].2, "svc__C is 0.5 in model/pipeline.joblib, declared 1");
    assert_eq!(first[1..].iter().map(|r| r.1).collect::<Vec<_>>(), [Verdict::Pass; 3], "{first:?}");
    assert_eq!(judged(&project, None), first, "the workspace is what the version is");
    // A model that says nothing of itself contradicts nothing, and nothing is known.
    project.write("model/pipeline.joblib", "no model").write("params.yaml", "svc:\n  C: 0.5\n");
    assert_eq!(judged(&project, None)[0].1, Verdict::Inconclusive);
    project.write("model/pipeline.joblib", fixture("introspect/fixtures/pipeline.joblib"));
    assert_eq!(judged(&project, None)[0].1, Verdict::Pass);
    project.write("model/more.joblib", fixture("introspect/fixtures/array.hostile.joblib"));
    assert_eq!(judged(&project, None)[1].1, Verdict::Fail);
}

/// What is erased is gone from the version, and from what later ones take over.
#[test]
fn what_a_file_says_can_be_erased() {
    let project = project("c: 1\n", "pipeline.joblib", fixture("introspect/fixtures/pipeline.joblib"));
    take(&project);
    let name = "observation.found.model/pipeline.joblib";
    let options = PurgeOptions {
        revision: "v1".to_owned(),
        target: Target::Field(name.to_owned()),
        reason: "asked for".to_owned(),
        at: None,
        dry_run: false,
    };
    purge(&project.open(), &options, &Silent).unwrap();
    let file = &recorded(&project, "v1")[0];
    assert_eq!((file.path.as_str(), file.format.as_str()), ("model/pipeline.joblib", "sklearn-joblib"));
    assert!(file.params.is_empty() && file.class.is_none() && file.seeds.is_empty(), "{file:?}");
    let told = project.run(&["show", "v1"]);
    assert!(!told.stdout.contains("svc__C") && told.stdout.contains(name), "{told:?}");
}

/// Tensors without elements are left out. Computed with blake3 of Python and `json.dumps(…, sort_keys=True, separators=(",", ":"))`.
#[test]
fn the_digest_of_tensors() {
    let project = project("c: 1\n", "model.safetensors", fixture("layout/fixtures/model.safetensors"));
    let tensors = take(&project).found.files[0].tensors.clone().unwrap();
    assert_eq!((tensors.count, tensors.elements), (5, Some(505)));
    assert_eq!(tensors.sha256.to_string(), "bcb7c096ca0d23cc70bfc2e5b2c3c4a7b1a835036614c223f195d2ebf5c13bca");
}

/// A safetensors file of tensors of bytes, in this order.
fn safetensors(tensors: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut header, mut data) = (serde_json::Map::new(), Vec::new());
    for (name, bytes) in tensors {
        let place = [data.len(), data.len() + bytes.len()];
        header.insert(
            (*name).to_owned(),
            serde_json::json!({ "dtype": "U8", "shape": [bytes.len()], "data_offsets": place }),
        );
        data.extend_from_slice(bytes);
    }
    let header = serde_json::to_vec(&header).unwrap();
    [&(header.len() as u64).to_le_bytes()[..], &header, &data].concat()
}

#[test]
fn tensors_are_the_same_wherever_they_lie() {
    let (large, small) = (noise(1, 9 << 20), noise(2, 100));
    let digest = |order: &[(&str, &[u8])]| {
        let report = take(&project("c: 1\n", "model.safetensors", safetensors(order)));
        report.found.files[0].tensors.clone().unwrap().sha256
    };
    let first = digest(&[("a", &large), ("b", &small)]);
    assert_eq!(digest(&[("b", &small), ("a", &large)]), first);
    assert_ne!(digest(&[("a", &large), ("c", &small)]), first, "another name");
    assert_ne!(digest(&[("a", &large), ("b", &noise(3, 100))]), first, "other numbers");
}

/// `numpy.savez_compressed` of the arrays that `numpy.savez` wrote: the same tensors.
#[test]
fn packed_tensors_are_the_same_ones() {
    let plain = fixture("layout/fixtures/arrays.npz");
    let script = "import sys, zipfile\n\
                  plain = zipfile.ZipFile(sys.argv[1])\n\
                  packed = zipfile.ZipFile(sys.argv[2], 'w', zipfile.ZIP_DEFLATED)\n\
                  [packed.writestr(name, plain.read(name)) for name in plain.namelist()]\n\
                  packed.close()\n";
    let temp = tempfile::tempdir().unwrap();
    fs::write(temp.path().join("plain.npz"), &plain).unwrap();
    crate::support::says("python3", &["-c", script, "plain.npz", "packed.npz"], temp.path());
    let packed = fs::read(temp.path().join("packed.npz")).unwrap();
    assert!(packed != plain);
    let tensors = |bytes: &[u8]| take(&project("c: 1\n", "model.npz", bytes)).found.files[0].tensors.clone().unwrap();
    let (plain, packed) = (tensors(&plain), tensors(&packed));
    assert_eq!((plain.count, plain.elements), (3, Some(40 * 30 + 2000 + 3000)));
    assert_eq!(packed, plain);
}
