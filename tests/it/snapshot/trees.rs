//! A project captured, stored and rebuilt: with the library's verbs, checked with `sha256sum` and `git`.

use std::fs;

use mlrun::ops::init::{InitOptions, init};
use mlrun::ops::restore::{RestoreOptions, restore};
use mlrun::ops::snapshot::{SnapshotOptions, snapshot};
use mlrun::progress::Silent;
use mlrun::snapshot::{files_of, load};
use mlrun::store::Depth;

use crate::support::noise::{noise, text};
use crate::support::project::{TestRepo, contents};
use crate::support::says;

/// A project with parameters, metrics and a model of several files.
fn project() -> TestRepo {
    let project = TestRepo::new();
    project
        .write("params.yaml", "model:\n  c: 1.5\n  huge: 1e17\nseed: 7\n")
        .write("metrics.json", "{\"accuracy\": 0.97}")
        .write("model/weights.bin", noise(1, 700_000))
        .write("model/vocabulary/words.txt", text(2, 3000))
        .write("model/vocabulary/empty.txt", "")
        .write("train.py", "print('training')\n");
    init(&project.options(), &InitOptions::default()).unwrap();
    project
}

fn take(project: &TestRepo) -> mlrun::ops::snapshot::SnapshotReport {
    snapshot(&project.open(), &SnapshotOptions::default(), &Silent).unwrap()
}

#[test]
fn there_and_back() {
    let project = project();
    let report = take(&project);
    assert_eq!(report.version.to_string(), "v1");
    let repository = project.open();
    // The record reads back: `huge` is a float that prints as digits.
    assert_eq!(load(repository.store(), report.id).unwrap(), report.record);
    let files = files_of(repository.store(), report.record.model_files.tree).unwrap();
    let sums: String = files.iter().map(|f| format!("{}  {}\n", f.id.unwrap(), f.path)).collect();
    fs::write(project.beside("SUMS"), sums).unwrap();
    let sums = project.beside("SUMS");
    says("sha256sum", &["-c", "--strict", sums.to_str().unwrap()], &project.path());

    let to = project.beside("restored");
    let options = RestoreOptions { revision: "latest".to_owned(), to: to.clone(), ..RestoreOptions::default() };
    restore(&repository, &options, &Silent).unwrap();
    says("sha256sum", &["-c", "--strict", sums.to_str().unwrap()], &to);
    let (before, after) = (contents(&project.path()), contents(&to));
    for name in ["params.yaml", "metrics.json", "train.py", "model/vocabulary/empty.txt"] {
        assert_eq!(before[name], after[name], "{name}");
    }
    assert_eq!(repository.store().check(Depth::Full, &Silent).unwrap().problems, []);
}

#[test]
fn nothing_changed_nothing_written() {
    let project = project();
    let first = take(&project);
    let store = project.open().store_path().to_path_buf();
    // What was written a moment ago is known the next time only: that is a cache.
    let contents = |store: &std::path::Path| -> std::collections::BTreeMap<_, _> {
        contents(store).into_iter().filter(|(name, _)| !name.starts_with("cache/")).collect()
    };
    let before = contents(&store);
    let again = take(&project);
    assert!(again.unchanged);
    assert_eq!((again.version, again.id, again.written.stored), (first.version, first.id, 0));
    assert!(contents(&store) == before);
}

/// The same content has the same id in another store, on another day, under another clock.
#[test]
fn an_id_depends_on_content_alone() {
    let (one, two) = (project(), project());
    two.clock.advance(std::time::Duration::from_secs(86_400));
    let (a, b) = (take(&one), take(&two));
    assert_eq!(a.record.model_files, b.record.model_files);
    assert_eq!(a.record.params, b.record.params);
    // The folder's name gives the model its name, and it is the same here.
    assert_eq!(a.record.model, b.record.model);
    let bytes = one.open().store().record(a.id.digest()).unwrap();
    assert_eq!(crate::support::sha256sum(&bytes), a.id.to_string());
}

#[test]
fn what_changed_is_named() {
    let project = project();
    take(&project);
    for (path, bytes, part) in [
        ("params.yaml", "seed: 8\n", "params"),
        ("metrics.json", "{\"accuracy\": 0.98}", "metrics"),
        ("model/vocabulary/words.txt", "other words", "model"),
        ("train.py", "print('better')\n", "code"),
    ] {
        project.write(path, bytes);
        let report = take(&project);
        assert!(!report.unchanged && report.changed.contains(&part), "{part}: {:?}", report.changed);
    }
    assert_eq!(take(&project).version.to_string(), "v5");
}

/// Names that stand before and behind `/` in the order of bytes: what lies in one folder does not lie together by name alone.
#[test]
fn folders_whose_names_begin_alike() {
    let project = project();
    let names = ["a/x", "a-b/x", "a.b/x", "a.txt", "a0/x", "a/b/x", "a/b-c", "a/b.d/x", "a/b/c/d", "b"];
    for name in names {
        project.write(&format!("model/{name}"), name);
    }
    let report = take(&project);
    let to = project.beside("restored");
    let options = RestoreOptions { revision: "latest".to_owned(), to: to.clone(), ..RestoreOptions::default() };
    restore(&project.open(), &options, &Silent).unwrap();
    assert_eq!(contents(&to.join("model")), contents(&project.path().join("model")));
    let paths: Vec<&str> = report.files.iter().map(|file| file.path.as_str()).collect();
    assert!(paths.is_sorted() && paths.len() == names.len() + 3, "{paths:?}");
}
