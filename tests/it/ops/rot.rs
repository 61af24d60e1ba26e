//! Bits that flip while nobody looks. Where it matters a full check finds each of them and names its file and the versions
//! that suffer; in a cache it changes no answer. What is read is right or an error of integrity, whatever has flipped.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use mlrun::ops::verify::VerifyReport;
use mlrun::ops::{VerbError, chain};
use mlrun::registry::JournalError;
use mlrun::repository::{Repository, RepositoryError};
use mlrun::snapshot::SnapshotError;
use mlrun::snapshot::restore::RestoreError;
use mlrun::store::memory::Memory;
use mlrun::store::{Backend, Problem, StoreError, disk::Disk};

use super::scene::{Files, Scene};
use crate::support::history::Seen;
use crate::support::journal::model;
use crate::support::noise::next;
use crate::support::project::contents;

/// A store, file by file, that the verbs made on a disk.
struct Whole {
    scene: Scene,
    contents: BTreeMap<String, Vec<u8>>,
    /// The files of v1, v2, v3.
    files: Vec<Files>,
    seen: Seen,
}

/// Made once for all tests here.
fn whole() -> &'static Whole {
    static WHOLE: OnceLock<Whole> = OnceLock::new();
    WHOLE.get_or_init(|| {
        let scene = Scene::new();
        let store = scene.repo.beside("store");
        let backend: Arc<dyn Backend> = Arc::new(Disk::new(store.clone()));
        Scene::create(&backend);
        let repository = scene.open(&backend);
        for version in 1..=3 {
            let label = format!("v{version}");
            scene.train(version).snapshot(&repository).unwrap();
            scene.certify(&repository, &label).unwrap();
            assert!(scene.promote(&repository, &label).unwrap());
        }
        // Until there is a checkpoint, with events before it and behind it.
        for _ in 0..14 {
            scene.block(&repository, "v1").unwrap();
            scene.unblock(&repository, "v1").unwrap();
        }
        drop((repository, backend));
        let mut contents = contents(&store);
        contents.retain(|_, bytes| !bytes.is_empty());
        for folder in
            ["packs/", "journal/", "index/", "cache/heads/", "cache/checkpoints/", "cache/known/", "format.json"]
        {
            assert!(contents.keys().any(|name| name.starts_with(folder)), "{folder}: {:?}", contents.keys());
        }
        let files: Vec<Files> = (1..=3).map(Scene::files).collect();
        let whole = Whole { scene, contents, files, seen: Seen::default() };
        let repository = whole.open(&whole.contents).unwrap();
        assert_eq!(whole.scene.verify(&repository, false).unwrap().problems, []);
        let seen = Seen::of(repository.registry().state(&model()).unwrap().as_ref());
        assert_eq!(seen.versions.len(), 3);
        Whole { seen, ..whole }
    })
}

/// What was found out about a store with one wrong bit.
struct Found {
    report: Result<VerifyReport, VerbError>,
    /// Versions that could not be read.
    lost: Vec<String>,
}

impl Whole {
    fn open(&self, contents: &BTreeMap<String, Vec<u8>>) -> Result<Repository, RepositoryError> {
        self.scene.try_open(&(Arc::new(Memory::with_contents(contents.clone())) as Arc<dyn Backend>))
    }

    fn flipped(&self, name: &str, bit: usize) -> BTreeMap<String, Vec<u8>> {
        let mut contents = self.contents.clone();
        contents.get_mut(name).unwrap()[bit / 8] ^= 1 << (bit % 8);
        contents
    }

    /// What of a store can be read, and what a check says of it. Whatever is handed out is right.
    fn look(&self, name: &str, bit: usize, closely: bool) -> Result<Found, RepositoryError> {
        let place = format!("bit {bit} of {name}");
        let contents = self.flipped(name, bit);
        // Each by a program of its own: a check may mend an index, and reading distrust it.
        let mut lost = Vec::new();
        for (version, wanted) in (1..).zip(&self.files) {
            let label = format!("v{version}");
            let read = if closely || ["packs/", "index/"].iter().any(|folder| name.starts_with(folder)) {
                Some(self.scene.read(&self.open(&contents)?, &label))
            } else {
                None
            };
            let again = if closely { Some(self.scene.restore(&self.open(&contents)?, &label)) } else { None };
            for found in read.into_iter().chain(again) {
                match found {
                    Ok(files) => assert!(files == *wanted, "{place}: wrong bytes of {label}"),
                    Err(error) => {
                        assert!(is_integrity(&error), "{place}: {label}: {error:?}");
                        lost.push(label.clone());
                    }
                }
            }
        }
        lost.dedup();
        let journal = !closely && ["journal/", "cache/", "format.json"].iter().any(|place| name.starts_with(place));
        let report = self.scene.verify(&self.open(&contents)?, journal);
        Ok(Found { report, lost })
    }

    /// What must be found where; `closely`: by reading and restoring everything, wherever the bit is.
    fn check(&self, name: &str, bit: usize, closely: bool) {
        let place = format!("bit {bit} of {name}");
        let found = match self.look(name, bit, closely) {
            Ok(found) => found,
            Err(error) => {
                assert!(name == "format.json" && chain(&error).contains(name), "{place}: {}", chain(&error));
                return;
            }
        };
        let report = found.report.unwrap_or_else(|error| panic!("{place}: {}", chain(&error)));
        match name.split('/').next().unwrap() {
            "index" | "cache" => {
                assert!(found.lost.is_empty(), "{place}: {:?}", found.lost);
                let repository = self.open(&self.flipped(name, bit)).unwrap();
                let seen = Seen::of(repository.registry().state(&model()).unwrap().as_ref());
                assert_eq!(seen, self.seen, "{place}: another answer");
                assert!(
                    report.problems.iter().all(|problem| problem.kind == "index"),
                    "{place}: {:?}",
                    report.problems
                );
            }
            kind => {
                // That it describes another history shows only beside a journal.
                let named = |problem: &Problem| problem.name == name || problem.found.contains(name);
                assert!(report.problems.iter().any(named), "{place}: {:?}", report.problems);
                let suffers: Vec<&String> = report.problems.iter().flat_map(|problem| &problem.versions).collect();
                // A journal that is not whole has no versions; it is named itself.
                for version in found.lost.iter().filter(|_| kind == "packs") {
                    let label = format!("fraud@{version}");
                    assert!(suffers.contains(&&label), "{place}: {label}: {:?}", report.problems);
                }
            }
        }
    }
}

/// Exit code 4: a hash, a chain, a damaged store, a record of a newer program.
fn is_integrity(error: &VerbError) -> bool {
    let store = |error: &StoreError| {
        matches!(
            error,
            StoreError::Missing { .. }
                | StoreError::Damaged { .. }
                | StoreError::Format { .. }
                | StoreError::Description { .. }
        )
    };
    match error {
        VerbError::Store(error)
        | VerbError::Snapshot(SnapshotError::Store(error))
        | VerbError::Restore(RestoreError::Store(error)) => store(error),
        VerbError::Restore(RestoreError::Stopped { source, .. }) => match &**source {
            RestoreError::Store(error) => store(error),
            _ => false,
        },
        VerbError::Snapshot(SnapshotError::Format { .. }) | VerbError::Record { .. } => true,
        VerbError::Journal(error) => !matches!(error, JournalError::Backend(_)),
        _ => false,
    }
}

/// 1,000 bits: half of them evenly over the files, however small, half evenly over the bytes.
#[test]
fn each_of_a_thousand_bits() {
    let whole = whole();
    let names: Vec<&String> = whole.contents.keys().collect();
    let total: usize = whole.contents.values().map(Vec::len).sum();
    let mut state = 20_260_301;
    for n in 0..1000 {
        let (name, bit) = if n % 2 == 0 {
            let name = names[(n / 2) % names.len()];
            (name, next(&mut state) as usize % (whole.contents[name].len() * 8))
        } else {
            let mut bit = next(&mut state) as usize % (total * 8);
            let mut files = whole.contents.iter();
            loop {
                let (name, bytes) = files.next().unwrap();
                match bit.checked_sub(bytes.len() * 8) {
                    Some(rest) => bit = rest,
                    None => break (name, bit),
                }
            }
        };
        whole.check(name, bit, n % 20 < 2);
    }
}

/// Every single bit of what describes a store, and of what is remembered of its journals.
#[test]
fn each_bit_of_the_small_files() {
    let whole = whole();
    for name in whole.contents.keys().filter(|name| *name == "format.json" || name.starts_with("cache/heads/")) {
        for bit in 0..whole.contents[name].len() * 8 {
            whole.check(name, bit, false);
        }
    }
}

/// What was known of the workspace's files: with a wrong bit they are read again.
#[test]
fn what_is_known_of_a_workspace() {
    let scene = Scene::new();
    let store = scene.repo.beside("store");
    let backend: Arc<dyn Backend> = Arc::new(Disk::new(store.clone()));
    Scene::create(&backend);
    let repository = scene.open(&backend);
    scene.train(1).snapshot(&repository).unwrap();
    // Files as old as the list itself are not in it.
    let path = store.join(contents(&store).into_keys().find(|name| name.starts_with("cache/known/")).unwrap());
    let known = std::fs::read(&path).unwrap();
    let mut state = 7;
    for _ in 0..50 {
        let bit = next(&mut state) as usize % (known.len() * 8);
        let mut wrong = known.clone();
        wrong[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(&path, &wrong).unwrap();
        scene.snapshot(&scene.open(&backend)).unwrap();
        let state = scene.open(&backend).registry().state(&model()).unwrap().unwrap();
        assert_eq!(state.versions.len(), 1, "bit {bit}: another version of the same files");
    }
    assert_eq!(scene.verify(&scene.open(&backend), false).unwrap().problems, []);
}
