//! A pack that is lost: whatever is done, in whatever order and however it ends, nobody forgets its name while it is missed.

use std::collections::BTreeMap;
use std::sync::Arc;

use mlrun::ops::chain;
use mlrun::ops::verify::{Repairs, VerifyOptions, verify};
use mlrun::progress::Silent;
use mlrun::repository::{OpenOptions, Repository, RepositoryError};
use mlrun::store::memory::Memory;
use mlrun::store::{Backend, Store};

use super::scene::{Scene, Verb};
use crate::support::clock::FixedClock;
use crate::support::faulty::{Fault, Faulty};

type Contents = BTreeMap<String, Vec<u8>>;

fn packs(contents: &Contents) -> Vec<String> {
    contents.keys().filter(|name| name.starts_with("packs/")).cloned().collect()
}

/// v1 to v3, of which the last is in the workspace; the pack that came with v3 is lost: its name, and what it was.
fn without_the_last(scene: &Scene, more: &[Verb]) -> (Contents, String, Vec<u8>) {
    let memory = Arc::new(Memory::default());
    let backend = Arc::clone(&memory) as Arc<dyn Backend>;
    Scene::create(&backend);
    for version in 1..=2 {
        scene.train(version).snapshot(&scene.open(&backend)).unwrap();
    }
    let before = packs(&memory.contents());
    scene.train(3).snapshot(&scene.open(&backend)).unwrap();
    more.iter().for_each(|verb| assert!(verb(scene, &scene.open(&backend)).unwrap()));
    let mut contents = memory.contents();
    let gone = packs(&contents).into_iter().find(|name| !before.contains(name)).unwrap();
    let bytes = contents.remove(&gone).unwrap();
    (contents, gone, bytes)
}

fn open(scene: &Scene, contents: &Contents) -> (Arc<Memory>, Repository) {
    let memory = Arc::new(Memory::with_contents(contents.clone()));
    let repository = scene.open(&(Arc::clone(&memory) as Arc<dyn Backend>));
    (memory, repository)
}

#[track_caller]
fn is_named(scene: &Scene, contents: &Contents, pack: &str, context: &str) {
    let report = scene.verify(&open(scene, contents).1, false).unwrap();
    let named = report.problems.iter().filter(|p| p.kind == "pack" && p.name == pack).count();
    assert_eq!(named, 1, "{context}: {:?}", report.problems);
}

/// A collection needs what was in it, and fails; at once, or with the disk at any operation before.
#[test]
fn a_collection_that_fails() {
    let scene = Scene::new();
    let (contents, gone, _) = without_the_last(&scene, &[]);
    is_named(&scene, &contents, &gone, "before");
    for now in [false, true] {
        let (memory, repository) = open(&scene, &contents);
        let error = scene.gc(&repository, now).unwrap_err();
        assert!(chain(&error).contains(&gone), "{error:?}");
        is_named(&scene, &memory.contents(), &gone, "afterwards");
        for n in 1.. {
            let memory = Arc::new(Memory::with_contents(contents.clone()));
            let faulty = Arc::new(Faulty::over(Arc::clone(&memory) as Arc<dyn Backend>));
            let repository = scene.open(&(Arc::clone(&faulty) as Arc<dyn Backend>));
            faulty.set(Fault::Freeze(n));
            scene.gc(&repository, now).unwrap_err();
            is_named(&scene, &memory.contents(), &gone, &format!("frozen at {n}"));
            if faulty.count() < n {
                break;
            }
        }
    }
}

/// Its version is let go of: everything else is collected, and its name stays, because records are missed.
#[test]
fn of_a_version_that_was_dropped() {
    let scene = Scene::new();
    let (contents, gone, _) = without_the_last(&scene, &[|s, r| s.drop(r, "v3")]);
    let (memory, repository) = open(&scene, &contents);
    assert!(scene.gc(&repository, true).unwrap());
    is_named(&scene, &memory.contents(), &gone, "afterwards");
}

/// Repairing where nothing is found again forgets nothing; where the pack comes back nothing is missed.
#[test]
fn until_it_is_back() {
    let scene = Scene::new();
    let (contents, gone, bytes) = without_the_last(&scene, &[]);
    let (memory, repository) = open(&scene, &contents);
    std::fs::remove_dir_all(scene.repo.path().join("model")).unwrap();
    let options = VerifyOptions { full: true, repair: Repairs::Made, ..VerifyOptions::default() };
    verify(&repository, &options, &Silent).unwrap();
    let mut contents = memory.contents();
    is_named(&scene, &contents, &gone, "after a repair that found nothing");
    contents.insert(gone, bytes);
    let (memory, repository) = open(&scene, &contents);
    assert!(scene.gc(&repository, true).unwrap());
    assert_eq!(scene.verify(&open(&scene, &memory.contents()).1, false).unwrap().problems, []);
    assert_eq!(scene.read(&repository, "v3").unwrap(), Scene::files(3));
}

/// Every bit of what describes a store that has no history yet: it cannot be opened, or it is another history than the project's.
#[test]
fn each_bit_of_an_empty_store() {
    let scene = Scene::new();
    let memory = Arc::new(Memory::default());
    Scene::create(&(Arc::clone(&memory) as Arc<dyn Backend>));
    let contents = memory.contents();
    let config = std::fs::read_to_string(scene.repo.path().join("mlrun.toml")).unwrap();
    let repository = format!("repository = \"{}\"\n", crate::support::REPOSITORY);
    scene.repo.write("mlrun.toml", config.replacen("schema = 1\n", &format!("schema = 1\n{repository}"), 1));
    let options = OpenOptions { start: scene.repo.path(), store: None, clock: FixedClock::new() };
    let open = |contents: &Contents| -> Result<Repository, RepositoryError> {
        Repository::open_in(&options, |_| Arc::new(Memory::with_contents(contents.clone())))
    };
    open(&contents).unwrap();
    let mut foreign = 0;
    for bit in 0..contents["format.json"].len() * 8 {
        let mut contents = contents.clone();
        contents.get_mut("format.json").unwrap()[bit / 8] ^= 1 << (bit % 8);
        match open(&contents) {
            Err(RepositoryError::ForeignHistory { found: Some(found), .. }) => {
                assert_eq!(found.len(), crate::support::REPOSITORY.len(), "bit {bit}");
                foreign += 1;
            }
            Err(RepositoryError::Store(mlrun::store::StoreError::Description { .. })) => {}
            other => panic!("bit {bit}: {other:?}"),
        }
        // Opened outright, it is a store, of another history.
        if let Ok(store) = Store::open(Arc::new(Memory::with_contents(contents))) {
            assert_ne!(store.repository(), crate::support::REPOSITORY, "bit {bit}");
        }
    }
    assert!(foreign > 100, "{foreign}");
}
