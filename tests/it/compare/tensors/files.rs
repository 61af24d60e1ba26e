//! Real files of the real libraries in two versions: stored on both sides, and on the disk on one.

use std::fs;
use std::path::Path;

use mlrun::compare::Sections;
use mlrun::compare::tensors::{Change, Tally, TensorDiff, TensorItem};
use mlrun::ops::diff::{DiffOptions, diff};
use mlrun::ops::snapshot::inputs::GivenInputs;
use mlrun::ops::snapshot::{SnapshotOptions, snapshot};
use mlrun::progress::Silent;
use mlrun::repository::Repository;
use serde_json::Value;

use super::{golden, here, is_close};
use crate::support::project::TestRepo;

/// A project whose model is the folder `model`.
pub(super) struct Versions {
    pub(super) repo: TestRepo,
    repository: Repository,
}

impl Versions {
    pub(super) fn new() -> Self {
        let repo = TestRepo::new();
        repo.write("mlrun.toml", "schema = 1\n[model.m]\nfiles = [\"model/\"]\n");
        assert_eq!(repo.run(&["init"]).status, Some(0));
        let repository = repo.open();
        Self { repo, repository }
    }

    fn given(&self) -> GivenInputs {
        GivenInputs { folder: self.repo.path(), ..GivenInputs::default() }
    }

    /// The files of the next version, in the place of those that are there.
    pub(super) fn write(&self, files: &[(&str, &[u8])]) -> &Self {
        let folder = self.repo.path().join("model");
        let _ = fs::remove_dir_all(&folder);
        for (path, bytes) in files {
            self.repo.write(&format!("model/{path}"), bytes);
        }
        self
    }

    pub(super) fn snapshot(&self) -> &Self {
        let options = SnapshotOptions { given: self.given(), ..SnapshotOptions::default() };
        snapshot(&self.repository, &options, &Silent).unwrap();
        self
    }

    /// Without a second one, with the workspace.
    pub(super) fn diff(&self, a: &str, b: Option<&str>) -> TensorDiff {
        let options = DiffOptions {
            a: Some(a.to_owned()),
            b: b.map(str::to_owned),
            given: self.given(),
            sections: Sections::default(),
            ..DiffOptions::default()
        };
        diff(&self.repository, &options, &Silent).unwrap().diff.tensors
    }
}

impl Versions {
    /// Turns a bit of the stored block `id`.
    pub(super) fn spoil(&self, id: &[u8; 32]) {
        let packs = self.repo.path().join(".mlrun/packs");
        for entry in fs::read_dir(packs).unwrap() {
            let path = entry.unwrap().path();
            let mut bytes = fs::read(&path).unwrap();
            // The header of a block: a magic, its kind, and where 16 bytes have passed, its id.
            let is_it = |window: &[u8]| window.starts_with(b"MLRO\x01") && window[16..] == id[..];
            let Some(at) = bytes.windows(48).position(is_it) else { continue };
            bytes[at + 200] ^= 1;
            fs::remove_file(&path).unwrap();
            fs::write(&path, bytes).unwrap();
            return;
        }
        panic!("no such block");
    }
}

fn files_of(side: &str, wanted: &str) -> Vec<(String, Vec<u8>)> {
    let root = here("fixtures").join(side);
    let read = |path: &Path| {
        let name = path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
        (name, fs::read(path).unwrap())
    };
    let path = root.join(wanted);
    if !path.is_dir() {
        return vec![read(&path)];
    }
    let mut files: Vec<_> = fs::read_dir(path).unwrap().map(|entry| read(&entry.unwrap().path())).collect();
    files.sort();
    files
}

fn as_given(files: &[(String, Vec<u8>)]) -> Vec<(&str, &[u8])> {
    files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect()
}

#[track_caller]
fn agrees(what: &str, item: &TensorItem, golden: &Value) {
    assert_eq!(item.change.name(), golden["change"].as_str().unwrap(), "{what}");
    if let Some(from) = golden["from"].as_str() {
        assert_eq!(item.a.as_ref().unwrap().name, from, "{what}");
    }
    match &item.tally {
        Some(Tally::Numbers(sums)) => {
            let found = (sums.elements, sums.changed, sums.apart);
            let count = |key: &str| golden[key].as_u64().unwrap();
            assert_eq!(found, (count("elements"), count("changed"), count("not_finite")), "{what}");
            let difference = sums.difference();
            is_close(&format!("{what}: l2"), difference.l2, &golden["l2"]);
            is_close(&format!("{what}: relative"), difference.relative, &golden["relative"]);
            is_close(&format!("{what}: largest"), difference.max_abs, &golden["max_abs"]);
            is_close(&format!("{what}: cosine"), difference.cosine, &golden["cosine"]);
        }
        Some(Tally::Units(units)) => {
            for (key, found) in [("elements", units.count), ("changed", units.changed)] {
                assert!(golden[key].as_u64().is_none_or(|expected| expected == found), "{what}: {key} {found}");
            }
            assert!(golden["unit"].is_string(), "{what}");
        }
        None => assert!(golden["l2"].is_null(), "{what}: no numbers"),
    }
}

#[track_caller]
fn check(file: &str, found: &TensorDiff, golden: &Value) {
    assert_eq!(found.not_compared, [], "{file}");
    let mut expected = 0;
    for golden in golden.as_array().unwrap() {
        if let Some(settings) = golden["settings"].as_object() {
            for (name, values) in settings {
                let setting = found.settings.iter().find(|setting| setting.item.name == *name);
                let setting = setting.unwrap_or_else(|| panic!("{file}: {name} among {:?}", found.settings));
                let number = |side: &Option<mlrun::format::scalar::Scalar>| side.as_ref().unwrap().finite();
                assert_eq!(
                    (number(&setting.item.a), number(&setting.item.b)),
                    (values[0].as_f64(), values[1].as_f64())
                );
            }
            assert_eq!(found.settings.len(), settings.len(), "{file}: {:?}", found.settings);
            continue;
        }
        expected += 1;
        let name = golden["name"].as_str().unwrap();
        let item = found.items.iter().find(|item| item.name() == name);
        let names = || found.items.iter().map(|item| (item.name(), item.change)).collect::<Vec<_>>();
        agrees(&format!("{file}: {name}"), item.unwrap_or_else(|| panic!("{file}: no {name}: {:?}", names())), golden);
    }
    // Of a forest only some is said.
    if file != "forest.joblib" {
        let names: Vec<_> = found.items.iter().map(|item| (item.name(), item.change)).collect();
        assert_eq!(found.items.len(), expected, "{file}: {names:?}");
    }
}

#[test]
fn files_of_every_format_stored_and_on_the_disk() {
    let goldens = golden("files.json");
    let versions = Versions::new();
    for (number, (file, golden)) in goldens.as_object().unwrap().iter().enumerate() {
        let (a, b) = (files_of("a", file), files_of("b", file));
        versions.write(&as_given(&a)).snapshot().write(&as_given(&b));
        let (first, second) = (format!("v{}", 2 * number + 1), format!("v{}", 2 * number + 2));
        let on_disk = versions.diff(&first, None);
        check(file, &on_disk, golden);
        versions.snapshot();
        let stored = versions.diff(&first, Some(&second));
        check(file, &stored, golden);
        assert_eq!(on_disk, stored, "{file}");
        // The other way round: what was added is removed.
        let back = versions.diff(&second, Some(&first));
        assert_eq!(back.items.len(), stored.items.len(), "{file}");
        assert_eq!(back.count(Change::Added), stored.count(Change::Removed), "{file}");
        assert_eq!(back.unchanged, stored.unchanged, "{file}");
    }
    assert_eq!(goldens.as_object().unwrap().len(), 14);
}

/// The same tensors in other files, in other orders, of other formats: nothing is different but bytes.
#[test]
fn another_format_is_no_change() {
    let floats = |n: u8| (0..6_u8).flat_map(|i| f32::from(i * n).to_le_bytes()).collect::<Vec<u8>>();
    let header = r#"{"w":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}"#;
    let mut safetensors = (header.len() as u64).to_le_bytes().to_vec();
    safetensors.extend_from_slice(header.as_bytes());
    safetensors.extend(floats(3));
    let npz = |name: &str, array: &[u8]| {
        let head = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }}{}\n", " ".repeat(10));
        let mut npy = b"\x93NUMPY\x01\0".to_vec();
        npy.extend((head.len() as u16).to_le_bytes());
        npy.extend(head.as_bytes());
        npy.extend(array);
        (name.to_owned(), npy)
    };
    let (_, npy) = npz("w", &floats(3));
    let versions = Versions::new();
    versions.write(&[("model.safetensors", &safetensors)]).snapshot();
    versions.write(&[("model.npy", &npy)]).snapshot();
    let found = versions.diff("v1", Some("v2"));
    // An array alone has no name of its own: it is known by its content.
    assert_eq!(found.items.len(), 1);
    assert_eq!((found.items[0].change, found.items[0].name()), (Change::Renamed, "array"));
}
