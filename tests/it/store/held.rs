//! A store that somebody else holds is waited for: in silence for a moment, then aloud, and not for ever.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use mlrun::progress::{Progress, Silent, Unit};
use mlrun::store::disk::Disk;
use mlrun::store::memory::Memory;
use mlrun::store::{Backend, Lock, Store, StoreError};

use crate::support::REPOSITORY;
use crate::support::faulty::Faulty;

/// What was told.
#[derive(Default)]
struct Told(Mutex<Vec<String>>);

impl Progress for Told {
    fn begin(&self, step: &str, total: u64, unit: Unit) {
        self.0.lock().unwrap().push(format!("{step}, {total} {unit:?}"));
    }

    fn advance(&self, amount: u64) {
        self.0.lock().unwrap().push(amount.to_string());
    }

    fn end(&self) {
        self.0.lock().unwrap().push("end".to_owned());
    }
}

impl Told {
    fn lines(self) -> Vec<String> {
        self.0.into_inner().unwrap()
    }

    /// Seconds that were told.
    fn seconds(lines: &[String]) -> u64 {
        lines.iter().filter_map(|line| line.parse::<u64>().ok()).sum()
    }
}

fn store() -> (Arc<Faulty>, Store) {
    let faulty = Arc::new(Faulty::over(Arc::new(Memory::default())));
    let store = Store::create(Arc::clone(&faulty) as Arc<dyn Backend>, REPOSITORY).unwrap();
    (faulty, store)
}

#[test]
fn a_short_wait_is_not_told() {
    for lock in [Lock::Shared, Lock::Exclusive] {
        for tries in [0, 1, 5] {
            let (faulty, store) = store();
            faulty.held_for(tries);
            let told = Told::default();
            store.hold(lock, &told).unwrap();
            assert_eq!((faulty.pauses().len() as u64, told.lines()), (tries, Vec::new()));
            assert!(faulty.pauses().iter().sum::<Duration>() < Duration::from_secs(1));
        }
    }
}

#[test]
fn a_long_wait_is_told_and_ends() {
    let (faulty, store) = store();
    faulty.held_for(60);
    let told = Told::default();
    store.hold(Lock::Shared, &told).unwrap();
    let lines = told.lines();
    let waited: Duration = faulty.pauses().iter().sum();
    assert_eq!(lines[0], "waiting for another process to let go of the store, 600 Seconds");
    assert_eq!(lines.iter().filter(|line| *line == "end").count(), 1);
    assert_eq!(lines.last().unwrap(), "end");
    assert_eq!(Told::seconds(&lines), waited.as_secs());
    assert!((10..20).contains(&waited.as_secs()), "{waited:?}");
    // Soon after it is free, it is had.
    assert!(faulty.pauses().iter().all(|pause| *pause <= Duration::from_millis(250)));
}

#[test]
fn nobody_waits_for_ever() {
    for (lock, does) in [(Lock::Shared, "moves or erases what is in"), (Lock::Exclusive, "reads or writes")] {
        let (faulty, store) = store();
        faulty.held_for(u64::MAX);
        let told = Told::default();
        let error = store.hold(lock, &told).unwrap_err();
        let waited: Duration = faulty.pauses().iter().sum();
        assert!((600..601).contains(&waited.as_secs()), "{waited:?}");
        let StoreError::Held { file, wanted, waited: said } = &error else { panic!("{error:?}") };
        assert_eq!((file.as_str(), *wanted, *said), ("memory/lock", lock, waited));
        let text = format!("another process {does} this store, and holds `memory/lock`; waited 600 s for it");
        assert_eq!(error.to_string(), text);
        assert_eq!(told.lines().last().unwrap(), "end");
        // It was not held, and can be.
        faulty.held_for(0);
        store.hold(lock, &Silent).unwrap();
    }
}

/// On a disk, between two that know nothing of each other: shared goes with shared and with nothing else.
#[test]
fn on_a_disk() {
    let temp = tempfile::tempdir().unwrap();
    let open = || Disk::new(temp.path().to_owned());
    let (ours, theirs) = (open(), open());
    for (first, second, goes) in [
        (Lock::Shared, Lock::Shared, true),
        (Lock::Shared, Lock::Exclusive, false),
        (Lock::Exclusive, Lock::Shared, false),
        (Lock::Exclusive, Lock::Exclusive, false),
    ] {
        let held = theirs.try_lock(first).unwrap().expect("nobody else is here");
        assert_eq!(ours.try_lock(second).unwrap().is_some(), goes, "{first:?}, then {second:?}");
        drop(held);
        assert!(ours.try_lock(second).unwrap().is_some());
    }
}
