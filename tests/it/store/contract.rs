//! What every backend must do, whichever it is.

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mlrun::store::backend::{Backend, BackendError, Entry, Lock, Published};
use mlrun::store::disk::Disk;
use mlrun::store::memory::Memory;

use crate::support::faulty::Faulty;

/// Publishes `bytes` in pieces.
fn publish(backend: &dyn Backend, name: &str, pieces: &[&[u8]]) {
    let mut staged = backend.stage().unwrap();
    pieces.iter().for_each(|piece| staged.append(piece).unwrap());
    backend.publish(staged, name).unwrap();
}

fn entry(name: &str, folder: bool) -> Entry {
    Entry { name: name.to_owned(), folder }
}

fn what_is_not_there(backend: &dyn Backend) {
    assert!(
        matches!(backend.read("packs/none", 9), Err(BackendError::NotFound { ref name, .. }) if name == "packs/none")
    );
    assert!(matches!(backend.read_at("packs/none", 0, &mut [0]), Err(BackendError::NotFound { .. })));
    assert_eq!(backend.length("packs/none").unwrap(), None);
    assert_eq!(backend.list("packs").unwrap(), []);
    backend.remove_cache("cache/none").unwrap();
}

fn what_was_published(backend: &dyn Backend) {
    publish(backend, "packs/one", &[b"he", b"", b"llo"]);
    assert_eq!(backend.read("packs/one", 5).unwrap(), b"hello");
    assert_eq!(backend.length("packs/one").unwrap(), Some(5));
    assert!(matches!(backend.read("packs/one", 4), Err(BackendError::TooLong { length: 5, limit: 4, .. })));
    let mut three = [0; 3];
    backend.read_at("packs/one", 2, &mut three).unwrap();
    assert_eq!(&three, b"llo");
    backend.read_at("packs/one", 5, &mut []).unwrap();
    for offset in [3, 5, 6, u64::MAX / 4] {
        let failed = backend.read_at("packs/one", offset, &mut three).unwrap_err();
        assert_eq!(failed.io_kind(), Some(ErrorKind::UnexpectedEof), "{offset}: {failed}");
    }
    // A name says what the bytes are: publishing it again is no harm.
    publish(backend, "packs/one", &[b"hello"]);
    assert_eq!(backend.read("packs/one", 5).unwrap(), b"hello");
    publish(backend, "empty", &[]);
    assert_eq!(backend.read("empty", 0).unwrap(), b"");
    assert_eq!(backend.length("empty").unwrap(), Some(0));
}

/// An open file is what it was when it was opened, whatever takes its name, and whatever becomes of that.
fn what_is_open_stays_what_it_was(backend: &dyn Backend) {
    assert!(matches!(backend.open("cache/none"), Err(BackendError::NotFound { .. })));
    backend.cache("cache/some", b"hello").unwrap();
    let open = backend.open("cache/some").unwrap();
    // Where an open file cannot be replaced, that is no harm to a cache.
    let replaced = backend.cache("cache/some", b"something else").is_ok();
    let mut three = [0; 3];
    open.read_at(2, &mut three).unwrap();
    assert_eq!((&three, open.length()), (b"llo", 5));
    open.read_at(0, &mut three).unwrap();
    assert_eq!(&three, b"hel");
    for offset in [3, 5, 6, u64::MAX / 4] {
        assert_eq!(open.read_at(offset, &mut three).unwrap_err().kind(), ErrorKind::UnexpectedEof, "{offset}");
    }
    let removed = backend.remove_cache("cache/some").is_ok();
    open.read_at(5, &mut []).unwrap();
    open.read_at(1, &mut three).unwrap();
    assert_eq!(&three, b"ell");
    assert!(replaced && removed || cfg!(windows));
}

fn what_is_dropped_was_never_there(backend: &dyn Backend) {
    let mut staged = backend.stage().unwrap();
    staged.append(b"lost").unwrap();
    drop(staged);
    let two = [backend.stage().unwrap(), backend.stage().unwrap()];
    for (number, mut staged) in two.into_iter().enumerate() {
        staged.append(&[number as u8]).unwrap();
        backend.publish(staged, &format!("both/{number}")).unwrap();
    }
    assert_eq!(backend.read("both/0", 1).unwrap(), [0]);
    assert_eq!(backend.read("both/1", 1).unwrap(), [1]);
    assert_eq!(backend.list("both").unwrap().len(), 2);
}

fn what_is_in_a_folder(backend: &dyn Backend) {
    for name in ["journal/b/2", "journal/b/1", "journal/a/deep/1", "journal/z", "journal-not", "journal/b.x"] {
        publish(backend, name, &[b"x"]);
    }
    let found = backend.list("journal").unwrap();
    assert_eq!(found, [entry("a", true), entry("b", true), entry("b.x", false), entry("z", false)]);
    assert_eq!(backend.list("journal/b").unwrap(), [entry("1", false), entry("2", false)]);
    assert_eq!(backend.list("journal/a").unwrap(), [entry("deep", true)]);
    assert_eq!(backend.length("journal/a").unwrap(), None);
}

fn exclusive_creation(backend: &dyn Backend) {
    assert_eq!(backend.publish_new("journal/m/1", b"first").unwrap(), Published::Created);
    assert_eq!(backend.publish_new("journal/m/1", b"second").unwrap(), Published::Exists);
    assert_eq!(backend.publish_new("journal/m/1", b"first").unwrap(), Published::Exists);
    assert_eq!(backend.read("journal/m/1", 9).unwrap(), b"first");
}

fn caches(backend: &dyn Backend) {
    backend.cache("cache/deep/one", b"long content").unwrap();
    backend.cache("cache/deep/one", b"short").unwrap();
    assert_eq!(backend.read("cache/deep/one", 99).unwrap(), b"short");
    backend.remove_cache("cache/deep/one").unwrap();
    backend.remove_cache("cache/deep/one").unwrap();
    assert_eq!(backend.length("cache/deep/one").unwrap(), None);
}

fn locks(backend: &dyn Backend) {
    let shared = || backend.try_lock(Lock::Shared).unwrap().expect("nobody holds it alone");
    drop((shared(), shared()));
    drop(backend.try_lock(Lock::Exclusive).unwrap().expect("nobody holds it"));
    drop(shared());
}

/// Of many at once exactly one creates it, and everybody sees that one's bytes.
fn one_winner(backend: &Arc<dyn Backend>) {
    for round in 0..5 {
        let won = AtomicUsize::new(0);
        let winner = AtomicUsize::new(99);
        let name = format!("race/{round}");
        std::thread::scope(|scope| {
            for me in 0..8_usize {
                let (won, winner, name) = (&won, &winner, &name);
                scope.spawn(move || {
                    if backend.publish_new(name, &[me as u8; 100]).unwrap() == Published::Created {
                        won.fetch_add(1, Ordering::SeqCst);
                        winner.store(me, Ordering::SeqCst);
                    }
                });
            }
        });
        assert_eq!(won.load(Ordering::SeqCst), 1);
        assert_eq!(backend.read(&name, 100).unwrap(), [winner.load(Ordering::SeqCst) as u8; 100]);
    }
}

fn everything(new: &dyn Fn() -> Arc<dyn Backend>) {
    for check in [
        what_is_not_there,
        what_was_published,
        what_is_dropped_was_never_there,
        what_is_in_a_folder,
        exclusive_creation,
        caches,
        locks,
    ] {
        check(&*new());
    }
    // One after the other in the same place: they do not get in each other's way.
    let one = new();
    what_was_published(&*one);
    what_is_open_stays_what_it_was(&*one);
    exclusive_creation(&*one);
    caches(&*one);
    one_winner(&one);
}

#[test]
fn memory() {
    everything(&|| Arc::new(Memory::default()));
}

#[test]
fn disk() {
    let temp = tempfile::tempdir().unwrap();
    let count = AtomicUsize::new(0);
    everything(&|| {
        let n = count.fetch_add(1, Ordering::SeqCst);
        Arc::new(Disk::new(temp.path().join(format!("store {n}"))))
    });
}

/// The one the fault tests rest on is a backend like the others.
#[test]
fn faulty() {
    everything(&|| Arc::new(Faulty::over(Arc::new(Memory::default()))));
}
