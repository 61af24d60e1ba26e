//! Every verb that writes, interrupted at every operation that changes the store, in three ways and by two errors. What was
//! reported as done is done; whatever was not is old or new, whole, and is done by the same verb again.

use std::collections::BTreeMap;
use std::sync::Arc;

use mlrun::format::event::EventBody;
use mlrun::name::ModelName;
use mlrun::ops::purge::{PurgeOptions, Target, purge};
use mlrun::ops::{VerbError, chain};
use mlrun::progress::Silent;
use mlrun::registry::JournalError;
use mlrun::snapshot::SnapshotError;
use mlrun::store::memory::Memory;
use mlrun::store::{Backend, BackendError, StoreError};

use super::scene::{Files, HISTORY, Scene, Verb};
use crate::support::faulty::{EIO, ENOSPC, Fault, Faulty};
use crate::support::history::Seen;
use crate::support::journal::model;

/// What a store holds.
type Contents = BTreeMap<String, Vec<u8>>;

/// What happens to a store, and when it begins.
struct Case {
    name: &'static str,
    /// The history before it.
    before: &'static [Verb],
    /// The version that lies in the workspace.
    workspace: u32,
    verb: Verb,
}

const CASES: [Case; 9] = [
    Case { name: "the first snapshot", before: &[], workspace: 1, verb: |s, r| s.snapshot(r) },
    Case { name: "snapshot", before: HISTORY.split_at(6).0, workspace: 3, verb: |s, r| s.snapshot(r) },
    Case { name: "certify", before: HISTORY.split_at(7).0, workspace: 3, verb: |s, r| s.certify(r, "v3") },
    Case { name: "promote", before: HISTORY.split_at(8).0, workspace: 3, verb: |s, r| s.promote(r, "v3") },
    Case { name: "rollback", before: HISTORY.split_at(6).0, workspace: 2, verb: |s, r| s.rollback(r) },
    Case { name: "block", before: HISTORY.split_at(7).0, workspace: 3, verb: |s, r| s.block(r, "v3") },
    Case { name: "drop", before: HISTORY.split_at(7).0, workspace: 3, verb: |s, r| s.drop(r, "v3") },
    Case { name: "gc", before: HISTORY, workspace: 3, verb: |s, r| s.gc(r, false) },
    Case { name: "gc --now", before: HISTORY, workspace: 3, verb: |s, r| s.gc(r, true) },
];

/// What survived, however it came about, is looked at once.
type Known<T> = Vec<(Contents, T)>;

struct Bench {
    scene: Scene,
    /// The files of v1, v2, v3.
    files: Vec<Files>,
}

impl Bench {
    fn memory(contents: &Contents) -> Arc<dyn Backend> {
        Arc::new(Memory::with_contents(contents.clone()))
    }

    /// Everything that must hold of what survived.
    fn inspect(&self, contents: &Contents, context: &str) -> Seen {
        let repository = self.scene.open(&Self::memory(contents));
        let report = self.scene.verify(&repository, false).unwrap();
        assert_eq!(report.problems, [], "{context}");
        let state = repository.registry().state(&model()).unwrap();
        let seen = Seen::of(state.as_ref());
        for version in seen.kept() {
            let files = self.scene.read(&repository, &version.to_string());
            let files = files.unwrap_or_else(|e| panic!("{context}, {version}: {}", chain(&e)));
            assert!(files == self.files[version.0 as usize - 1], "{context}: {version}");
        }
        if let Some(version) = seen.kept().next_back() {
            let restored = self.scene.restore(&repository, &version.to_string()).unwrap();
            assert!(restored == self.files[version.0 as usize - 1], "{context}: {version}");
        }
        seen
    }

    fn run(&self, case: &Case) -> usize {
        let memory = Arc::new(Memory::default());
        let backend = Arc::clone(&memory) as Arc<dyn Backend>;
        Scene::create(&backend);
        for (step, verb) in case.before.iter().enumerate() {
            assert!(verb(&self.scene, &self.scene.open(&backend)).unwrap(), "{} {step}", case.name);
        }
        self.scene.train(case.workspace);
        let contents = memory.contents();
        let before = self.inspect(&contents, case.name);
        let faulty = Arc::new(Faulty::over(memory.clone()));
        assert!((case.verb)(&self.scene, &self.scene.open(&(Arc::clone(&faulty) as _))).unwrap());
        let operations = faulty.log();
        let sound = memory.contents();
        let after = self.inspect(&sound, case.name);
        assert!(contents != sound, "{}", case.name);
        // The journal of a model begins with an event of its own.
        let created = Seen { events: 1, ..before.clone() };
        let mut known: Known<Seen> = Vec::new();
        for n in 1..=operations.len() as u64 {
            // Of what cannot tell them apart, every other time the other error.
            let turn = [ENOSPC, EIO][n as usize % 2];
            let faults =
                [(Fault::Once(n), ENOSPC), (Fault::Once(n), EIO), (Fault::Freeze(n), turn), (Fault::Unheard(n), turn)];
            for (fault, os_error) in faults {
                let context = format!("{}, {fault:?} ({}), {os_error}", case.name, operations[n as usize - 1]);
                let memory = Arc::new(Memory::with_contents(contents.clone()));
                let faulty = Arc::new(Faulty::with_error(memory.clone(), os_error));
                let repository = self.scene.open(&(Arc::clone(&faulty) as _));
                faulty.set(fault);
                let result = (case.verb)(&self.scene, &repository);
                drop(repository);
                // The process is gone; another one looks at what is there.
                let survived = memory.contents();
                let seen = match known.iter().find(|(contents, _)| *contents == survived) {
                    Some((_, seen)) => seen.clone(),
                    None => {
                        let seen = self.inspect(&survived, &context);
                        self.again(case, &survived, &sound, &context);
                        known.push((survived, seen.clone()));
                        seen
                    }
                };
                let begun = before.events == 0 && seen == created;
                assert!(seen == before || seen == after || begun, "{context}: {seen:?}");
                match result {
                    Ok(done) => assert!(done && seen == after, "{context}: reported, and not there: {seen:?}"),
                    Err(error) => assert_eq!(os_error_of(&error), Some(os_error), "{context}: {}", chain(&error)),
                }
            }
        }
        operations.len()
    }

    /// By the journal of the store: packs that went, bytes that are free.
    fn went(&self, contents: &Contents) -> (u64, u64) {
        let repository = self.scene.open(&Self::memory(contents));
        let mut sums = (0, 0);
        for seq in 1.. {
            let Some(file) = repository.registry().event(&ModelName::of_store(), seq).unwrap() else { break };
            if let EventBody::Gc { packs, freed, .. } = file.event.unwrap().body {
                sums = (sums.0 + packs, sums.1 + freed);
            }
        }
        sums
    }

    /// The same verb once more, without faults: nothing is missing afterwards, and nothing happened twice.
    fn again(&self, case: &Case, survived: &Contents, sound: &Contents, context: &str) {
        let memory = Arc::new(Memory::with_contents(survived.clone()));
        let backend = Arc::clone(&memory) as Arc<dyn Backend>;
        let done = (case.verb)(&self.scene, &self.scene.open(&backend)).unwrap_or_else(|e| panic!("{context}: {e:?}"));
        assert!(done, "{context}, again");
        let contents = memory.contents();
        self.inspect(&contents, context);
        let below = |contents: &Contents, folder: &str| -> Contents {
            contents.clone().into_iter().filter(|(name, _)| name.starts_with(folder)).collect()
        };
        // A collection in two parts is written down as what its second part did.
        let histories = |contents: &Contents| {
            let mut journals = below(contents, "journal/");
            journals.retain(|name, _| !name.starts_with("journal/.store/"));
            journals
        };
        assert!(histories(&contents) == histories(sound), "{context}: another history");
        let size = |folder: &str, contents| below(contents, folder).values().map(Vec::len).sum::<usize>();
        assert_eq!(size("packs/", &contents), size("packs/", sound), "{context}: room that nobody uses");
        // In one entry or two, all that went stands in the store's journal.
        if case.name.starts_with("gc") {
            let (found, wanted) = (self.went(&contents), self.went(sound));
            // A copy that was made and not used takes room, too, and goes: another one, where its objects came in another order.
            assert!(
                (wanted.0..=wanted.0 + 1).contains(&found.0) && found.1 >= wanted.1,
                "{context}: {found:?}, not {wanted:?}"
            );
        }
        if case.name == "gc --now" {
            assert_eq!(size("trash/", &contents), 0, "{context}");
        }
    }
}

/// The system's reason, where that was the reason.
fn os_error_of(error: &VerbError) -> Option<i32> {
    match error {
        VerbError::Store(StoreError::Backend(BackendError::Io { source, .. }))
        | VerbError::Snapshot(SnapshotError::Store(StoreError::Backend(BackendError::Io { source, .. })))
        | VerbError::Journal(JournalError::Backend(BackendError::Io { source, .. })) => source.raw_os_error(),
        _ => None,
    }
}

fn interrupted_everywhere(names: &[&str]) {
    let bench = Bench { scene: Scene::new(), files: (1..=3).map(Scene::files).collect() };
    for case in CASES.iter().filter(|case| names.contains(&case.name)) {
        let operations = bench.run(case);
        assert!(operations >= 2, "{}: {operations}", case.name);
    }
}

/// A purge is cut short, the collection that ends it, too, wherever: what was erased on the way is written down once.
#[test]
fn what_a_collection_ends_is_written_down() {
    let scene = Scene::new();
    let memory = Arc::new(Memory::default());
    let backend = Arc::clone(&memory) as Arc<dyn Backend>;
    Scene::create(&backend);
    scene.train(1).snapshot(&scene.open(&backend)).unwrap();
    scene.train(2).snapshot(&scene.open(&backend)).unwrap();
    let options = PurgeOptions {
        revision: "v1".to_owned(),
        at: None,
        target: Target::File { path: "model/config.json".to_owned(), folder: scene.repo.path() },
        reason: "a name".to_owned(),
        dry_run: false,
    };
    // The tombstone is there, and nothing is gone: the first fault that leaves it so.
    let began = memory.contents();
    let contents = (1..).find_map(|n| {
        let memory = Arc::new(Memory::with_contents(began.clone()));
        let faulty = Arc::new(Faulty::over(memory.clone()));
        faulty.freeze_at(n);
        purge(&scene.open(&(Arc::clone(&faulty) as _)), &options, &Silent).unwrap_err();
        let state = scene.open(&(Arc::clone(&memory) as _)).registry().state(&model()).unwrap().unwrap();
        (!state.erased.is_empty()).then(|| memory.contents())
    });
    let contents = contents.unwrap();
    let written = |memory: &Arc<Memory>| -> Vec<u64> {
        let repository = scene.open(&(Arc::clone(memory) as Arc<dyn Backend>));
        let event = |seq| repository.registry().event(&ModelName::of_store(), seq).unwrap();
        let bodies = (1..).map_while(event).map(|file| file.event.unwrap().body);
        bodies.filter_map(|body| if let EventBody::Gc { erased, .. } = body { erased } else { None }).collect()
    };
    let mut whole = None;
    for n in (1..).map(|n| if n == 1 { u64::MAX } else { n - 1 }) {
        let memory = Arc::new(Memory::with_contents(contents.clone()));
        let faulty = Arc::new(Faulty::over(memory.clone()));
        faulty.freeze_at(n);
        let result = scene.gc(&scene.open(&(Arc::clone(&faulty) as _)), false);
        let noted = memory.contents().keys().any(|name| name.starts_with("trash/begun/"));
        assert!(scene.gc(&scene.open(&(Arc::clone(&memory) as _)), false).unwrap());
        let found = written(&memory);
        let whole = *whole.get_or_insert_with(|| found.iter().sum());
        // Cut short while it erases, only what the last one erased is known.
        assert!(found.iter().sum::<u64>() <= whole && found.len() <= 1, "{n}: {found:?} of {whole}");
        assert!(!noted || found == [whole], "{n}: {found:?} of {whole}");
        let report = scene.verify(&scene.open(&(Arc::clone(&memory) as _)), false).unwrap();
        assert_eq!(report.problems, [], "{n}");
        assert!(!memory.contents().keys().any(|name| name.starts_with("trash/begun/")), "{n}");
        if n < u64::MAX && result.is_ok() {
            break;
        }
    }
    assert!(whole.is_some_and(|bytes| bytes > 0), "{whole:?}");
}

#[test]
fn snapshots_interrupted_at_every_operation() {
    interrupted_everywhere(&["the first snapshot", "snapshot"]);
}

#[test]
fn releases_interrupted_at_every_operation() {
    interrupted_everywhere(&["certify", "promote", "rollback", "block"]);
}

#[test]
fn collections_interrupted_at_every_operation() {
    interrupted_everywhere(&["drop", "gc", "gc --now"]);
}
