//! A snapshot and a promotion, interrupted at every operation that changes something, in three ways. What was reported
//! as done is there afterwards, what was not is old or new and never half; and the same commands then go through.

use std::collections::BTreeMap;
use std::sync::Arc;

use mlrun::clock::Clock;
use mlrun::digest::Digest;
use mlrun::format::event::EventBody;
use mlrun::id::{ObservationId, SnapshotId, TreeId};
use mlrun::name::Version;
use mlrun::progress::Silent;
use mlrun::registry::{Decision, JournalError, Registry};
use mlrun::store::disk::Disk;
use mlrun::store::memory::Memory;
use mlrun::store::{Backend, Source, Store, StoreError};

use super::{get, problems, put_folder};
use crate::support::REPOSITORY;
use crate::support::clock::FixedClock;
use crate::support::faulty::{Fault, Faulty};
use crate::support::journal::{actor, model, open_rules, stage};
use crate::support::noise::{noise, text};
use crate::support::source::Bytes;

/// One version: two files of its own, one large file it shares with the version before.
fn files(version: u64) -> Vec<Vec<u8>> {
    vec![noise(100 + version, 700), text(200 + version, 400_000), noise(1, 300_000)]
}

#[derive(Debug)]
enum Stopped {
    Store(StoreError),
    Journal(JournalError),
}

impl From<StoreError> for Stopped {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<JournalError> for Stopped {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

/// What had been reported as done when it stopped.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Done {
    snapshot: bool,
    promotion: bool,
}

/// Takes a snapshot and promotes it, as the verbs do: each step only if it is not done already.
fn work(backend: &Arc<dyn Backend>, version: u64, done: &mut Done) -> Result<(), Stopped> {
    let store = Store::create(Arc::clone(backend), REPOSITORY)?;
    let clock = FixedClock::new();
    let registry = Registry::new(Arc::clone(backend), REPOSITORY.to_owned(), Arc::clone(&clock) as Arc<dyn Clock>);

    let sources: Vec<Bytes> = files(version).into_iter().map(Bytes).collect();
    let sources: Vec<&dyn Source> = sources.iter().map(|s| s as &dyn Source).collect();
    let mut writer = store.writer();
    let stored = writer.put_files(&sources, &Silent)?;
    let entries = stored.iter().enumerate().map(|(at, file)| mlrun::format::tree::TreeEntry {
        name: format!("f{at}"),
        kind: mlrun::format::tree::EntryKind::File,
        id: Some(file.id.digest()),
        size: file.size,
        target: None,
    });
    let tree = writer.put_tree(&mlrun::format::tree::TreeRecord::new(entries.collect()))?;
    // Stands for the snapshot's record: all this test needs of it is that it names the tree.
    let record = writer.put_record(format!("{{\"tree\":\"{tree}\"}}").as_bytes())?;
    let observation = writer.put_record(b"{\"machine\":1}")?;
    writer.finish()?;

    let id = SnapshotId::new(record);
    registry.commit::<_, Stopped>(&model(), &actor(), |state| {
        if state.latest().is_some_and(|v| v.snapshot == id) {
            return Ok(Decision::Keep(()));
        }
        let body = EventBody::Snapshot {
            version: Version(state.versions.len() as u32 + 1),
            snapshot: id,
            parent: state.latest().map(|v| v.snapshot),
            observation: ObservationId::new(observation),
            model_tree: tree,
        };
        Ok(Decision::Append(body, ()))
    })?;
    done.snapshot = true;

    let to = stage("production");
    registry.commit::<_, Stopped>(&model(), &actor(), |state| {
        let current = state.occupant(&to).map(|o| o.snapshot);
        if current == Some(id) {
            return Ok(Decision::Keep(()));
        }
        let body = EventBody::Promote {
            stage: to.clone(),
            version: state.version_of(id).unwrap().version,
            snapshot: id,
            replaces: current,
            certificate: None,
            adopts: current.is_none().then(open_rules),
            approvals: Vec::new(),
            no_hooks: false,
            after: Vec::new(),
            reason: None,
        };
        Ok(Decision::Append(body, ()))
    })?;
    done.promotion = true;
    Ok(())
}

/// Everything that must hold of what survived. Returns how many versions there are and which one production holds.
fn inspect(backend: &Arc<dyn Backend>) -> (usize, Option<Version>) {
    let store = match Store::open(Arc::clone(backend)) {
        Err(StoreError::NotAStore { .. }) => return (0, None),
        other => other.unwrap(),
    };
    let wrong: Vec<_> = problems(&store).into_iter().filter(|p| p.kind != "index").collect();
    assert_eq!(wrong, []);
    let registry = Registry::new(Arc::clone(backend), REPOSITORY.to_owned(), FixedClock::new());
    let Some(state) = registry.state(&model()).unwrap() else { return (0, None) };
    let check = registry.check(&model()).unwrap();
    assert_eq!(check.problem, None);
    assert_eq!(check.events, state.seq());
    for row in &state.versions {
        // Everything an event names is there, to the last byte.
        let record = String::from_utf8(store.record(row.snapshot.digest()).unwrap()).unwrap();
        assert_eq!(record, format!("{{\"tree\":\"{}\"}}", row.model_tree));
        store.record(row.observation.digest()).unwrap();
        let expected = files(row.version.0.into());
        for (entry, expected) in store.tree(row.model_tree).unwrap().entries.iter().zip(expected) {
            let id = entry.id.unwrap();
            assert_eq!(id, Digest::of(&expected));
            assert!(get(&store, mlrun::id::FileId::new(id)).unwrap() == expected);
        }
    }
    (state.versions.len(), state.occupant(&stage("production")).map(|o| o.version))
}

/// A store with v1 in production.
fn began() -> BTreeMap<String, Vec<u8>> {
    let memory = Arc::new(Memory::default());
    let backend = Arc::clone(&memory) as Arc<dyn Backend>;
    work(&backend, 1, &mut Done::default()).unwrap();
    assert_eq!(inspect(&backend), (1, Some(Version(1))));
    memory.contents()
}

fn faulty_over(contents: &BTreeMap<String, Vec<u8>>) -> (Arc<Memory>, Arc<Faulty>, Arc<dyn Backend>) {
    let memory = Arc::new(Memory::with_contents(contents.clone()));
    let faulty = Arc::new(Faulty::over(Arc::clone(&memory) as Arc<dyn Backend>));
    let backend = Arc::clone(&faulty) as Arc<dyn Backend>;
    (memory, faulty, backend)
}

/// Operations of an undisturbed run on top of `contents`.
fn operations(contents: &BTreeMap<String, Vec<u8>>, version: u64) -> Vec<String> {
    let (_, faulty, backend) = faulty_over(contents);
    work(&backend, version, &mut Done::default()).unwrap();
    faulty.log()
}

fn interrupt_everywhere(contents: &BTreeMap<String, Vec<u8>>, version: u64) -> u64 {
    let operations = operations(contents, version);
    let before = inspect(&(Arc::new(Memory::with_contents(contents.clone())) as Arc<dyn Backend>));
    let after = (version as usize, Some(Version(version as u32)));
    let mut tried = 0;
    for n in 1..=operations.len() as u64 {
        for fault in [Fault::Once(n), Fault::Freeze(n), Fault::Unheard(n)] {
            tried += 1;
            let (memory, faulty, backend) = faulty_over(contents);
            faulty.set(fault);
            let mut done = Done::default();
            let result = work(&backend, version, &mut done);
            assert_eq!(result.is_ok(), done.promotion, "{fault:?}");
            let cache = operations[n as usize - 1].starts_with("cache")
                || operations[n as usize - 1].starts_with("remove_cache");
            assert!(
                !cache || result.is_ok() || matches!(fault, Fault::Freeze(_)),
                "a cache that cannot be written is no error: {fault:?}"
            );
            drop(backend);

            // The process is gone; another one looks at what is there.
            let survived: Arc<dyn Backend> = Arc::new(Memory::with_contents(memory.contents()));
            let found = inspect(&survived);
            let halfway = (after.0, before.1);
            assert!([before, halfway, after].contains(&found), "{fault:?}: {found:?}");
            assert!(!done.snapshot || found.0 == after.0, "{fault:?}: a snapshot that was reported is lost");
            assert!(!done.promotion || found == after, "{fault:?}: a promotion that was reported is lost");

            // And does it again.
            let mut done = Done::default();
            work(&survived, version, &mut done).unwrap();
            assert_eq!(inspect(&survived), after, "{fault:?}");
            let events = Registry::new(Arc::clone(&survived), REPOSITORY.to_owned(), FixedClock::new());
            let seq = events.state(&model()).unwrap().unwrap().seq();
            assert_eq!(seq, 1 + 2 * version, "{fault:?}: nothing happened twice");
        }
    }
    tried
}

#[test]
fn interrupted_at_every_operation() {
    let tried = interrupt_everywhere(&began(), 2);
    assert!(tried >= 20, "{tried}");
}

/// The very first snapshot of all: before it there is not even a store.
#[test]
fn interrupted_at_every_operation_of_the_first() {
    let tried = interrupt_everywhere(&BTreeMap::new(), 1);
    assert!(tried >= 20, "{tried}");
}

/// The order that makes this work: every pack is durable before the event that names what is in it.
#[test]
fn packs_come_before_the_event() {
    let log = operations(&began(), 2);
    let place =
        |what: &str| log.iter().position(|line| line.starts_with(what)).unwrap_or_else(|| panic!("{what}: {log:?}"));
    let last_pack = log.iter().rposition(|line| line.starts_with("publish packs/")).unwrap();
    assert!(last_pack < place("publish_new journal/"), "{log:?}");
    assert!(place("stage") < last_pack);
}

/// The same on a disk, at a few places: what a frozen process leaves is temp files at most.
#[test]
fn interrupted_on_a_disk() {
    let count = operations(&BTreeMap::new(), 1).len() as u64;
    for n in (1..=count).step_by(3) {
        for fault in [Fault::Freeze(n), Fault::Unheard(n)] {
            let temp = tempfile::tempdir().unwrap();
            let root = temp.path().join("store");
            let faulty = Arc::new(Faulty::over(Arc::new(Disk::new(root.clone()))));
            let backend = Arc::clone(&faulty) as Arc<dyn Backend>;
            faulty.set(fault);
            let mut done = Done::default();
            let _ = work(&backend, 1, &mut done);
            drop((backend, faulty));
            let survived: Arc<dyn Backend> = Arc::new(Disk::new(root));
            let found = inspect(&survived);
            assert!(!done.snapshot || found.0 == 1, "{fault:?}");
            work(&survived, 1, &mut Done::default()).unwrap();
            assert_eq!(inspect(&survived), (1, Some(Version(1))), "{fault:?}");
        }
    }
}

/// A disk that is full says so, whatever was being written.
#[test]
fn a_full_disk_is_an_error_that_says_so() {
    let contents = began();
    for (at, operation) in operations(&contents, 2).iter().enumerate() {
        let (_, faulty, backend) = faulty_over(&contents);
        faulty.freeze_at(at as u64 + 1);
        let kind = match work(&backend, 2, &mut Done::default()) {
            Ok(()) => continue,
            Err(Stopped::Store(StoreError::Backend(error)) | Stopped::Journal(JournalError::Backend(error))) => {
                error.io_kind()
            }
            Err(other) => panic!("{operation}: {other:?}"),
        };
        assert_eq!(kind, Some(std::io::ErrorKind::StorageFull), "{operation}");
    }
}

/// A snapshot that changes nothing writes nothing: nothing can go wrong with it.
#[test]
fn nothing_new_needs_no_operation() {
    let contents = began();
    let (_, faulty, backend) = faulty_over(&contents);
    work(&backend, 1, &mut Done::default()).unwrap();
    // Only the question whether the store is there, and that what was found in it stays.
    assert_eq!(
        faulty.log(),
        ["publish_new format.json", "settle packs", "settle journal/fraud", "settle journal/fraud"]
    );
}

#[test]
fn folders_are_trees() {
    let (_, store) = crate::support::memory_store();
    let tree: TreeId = put_folder(&store, &[]);
    assert!(store.tree(tree).unwrap().entries.is_empty());
}
