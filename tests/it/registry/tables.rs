//! The tables beside the checkpoint of a long history: read where they are looked at, believed as far as their digests go, and
//! made anew from the journal where they are not what they were.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use mlrun::format::checkpoint::{self, CheckpointRecord};
use mlrun::format::event::EventBody;
use mlrun::name::{StageName, Version};
use mlrun::registry::State;
use mlrun::store::memory::Memory;

use crate::support::faulty::Faulty;
use crate::support::journal::{BACK, Journal, model, snapshot, stage, tree};

const CHECKPOINT: &str = "cache/checkpoints/fraud";
const TABLES: &str = "cache/tables/fraud/";
const PAGE: usize = 16 << 10;

type Files = BTreeMap<String, Vec<u8>>;

/// A journal so long that its tables have a file of their own, with events behind it.
fn files() -> &'static Files {
    static FILES: LazyLock<Files> = LazyLock::new(|| {
        let memory = Arc::new(Memory::default());
        let journal = Journal::on(Arc::clone(&memory) as _);
        for n in 0..600 {
            let name = format!("s{n}");
            journal.snapshot(&name);
            journal.certify(&name, &journal.pass());
            journal.release(&name);
            journal.clock.advance(Duration::from_secs(1000));
            if n % 3 == 2 {
                journal.rollback("production", &BACK).unwrap();
                journal.clock.advance(Duration::from_secs(1000));
            }
            if n % 30 == 29 {
                let (snapshot, stage) = (snapshot(&name), Some(production()));
                journal.append(EventBody::Unblock { snapshot, stage, reason: None }).unwrap();
            }
        }
        let mut files = memory.contents();
        // The first ones were written while the journal was shorter.
        let newest = tables_path(&files);
        files.retain(|name, _| !name.starts_with(TABLES) || *name == newest);
        files
    });
    &FILES
}

fn production() -> StageName {
    stage("production")
}

fn tables_path(files: &Files) -> String {
    files.keys().rfind(|name| name.starts_with(TABLES)).expect("tables").clone()
}

fn open(files: &Files) -> (Journal, Arc<Memory>) {
    let memory = Arc::new(Memory::with_contents(files.clone()));
    (Journal::on(Arc::clone(&memory) as _), memory)
}

/// With a change to the tables.
fn with_tables(change: impl FnOnce(&mut Vec<u8>)) -> Files {
    let mut files = files().clone();
    change(files.get_mut(&tables_path(&files)).unwrap());
    files
}

/// Folded from the first event on.
fn replayed() -> &'static State {
    static STATE: LazyLock<State> = LazyLock::new(|| open(files()).0.registry.replay(&model()).unwrap().unwrap());
    &STATE
}

#[track_caller]
fn same(state: &State) {
    assert_eq!(state.to_checkpoint(), replayed().to_checkpoint());
}

/// Everything that is looked up by what it is about, against rows that were folded and never written.
#[track_caller]
fn same_lookups(state: &State) {
    let whole = replayed();
    for row in whole.versions.iter().step_by(7) {
        let id = row.snapshot;
        assert_eq!(state.version_of(id), Some(row));
        assert_eq!(state.ever_held(id), whole.ever_held(id));
        assert_eq!(state.certificates.get(&id), whole.certificates.get(&id));
        assert!(state.certificates.get(&id).is_some());
        assert_eq!(
            state.block(id, Some(row.model_tree), &production()),
            whole.block(id, Some(row.model_tree), &production())
        );
        let (mine, other) = (&state.stages[&production()].timeline, &whole.stages[&production()].timeline);
        assert!(mine.places_of(id).eq(other.places_of(id)));
    }
    assert_eq!(state.version_of(snapshot("never")), None);
    assert_eq!(state.certificates.get(&snapshot("never")), None);
    assert_eq!(state.block(snapshot("never"), Some(tree("never")), &production()), None);
    assert_eq!(state.blocks.len(), state.blocks.iter().count());
}

#[test]
fn a_long_history_lies_beside_its_checkpoint() {
    let files = files();
    let (own, tables) = (files[CHECKPOINT].len(), files[&tables_path(files)].len());
    assert!(own < tables && tables > 10 * PAGE, "{own} and {tables} bytes");
    let (journal, memory) = open(files);
    let state = journal.state();
    same_lookups(&state);
    same(&state);
    assert!(state.blocks.len() > 100 && state.blocks.len() < 200, "{}", state.blocks.len());
    assert_eq!(memory.contents(), *files, "nothing was written");
}

/// Who looks at the newest rows and a few others reads a few pages, whatever the history.
#[test]
fn only_pages_that_are_looked_at_are_read() {
    let read = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&read);
    let asked = move |operation: &str| {
        if operation.starts_with("read_opened cache/tables/") {
            counted.fetch_add(1, Ordering::SeqCst);
        }
        Ok(())
    };
    let inner = Arc::new(Memory::with_contents(files().clone()));
    let journal = Journal::on(Arc::new(Faulty::asking(inner, asked)));
    let state = journal.state();
    let pages = files()[&tables_path(files())].len().div_ceil(PAGE);
    let opened = read.load(Ordering::SeqCst);
    assert!(opened <= pages / 2, "{opened} of {pages} pages for what the events behind it look up");
    let _ = (state.latest(), state.occupant(&production()), state.version(Version(3)));
    let few = read.load(Ordering::SeqCst);
    assert!(few <= opened + 3, "{few} of {pages}");
    assert!(state.to_checkpoint() == state.to_checkpoint());
    assert_eq!(read.load(Ordering::SeqCst), pages, "and each once");
}

/// Whichever page it is: what it said is made anew, and written for those who come next.
#[test]
fn a_page_that_is_damaged_is_made_anew() {
    let whole = &files()[&tables_path(files())];
    for page in (0..whole.len().div_ceil(PAGE)).step_by(4) {
        let damaged = with_tables(|tables| tables[(page * PAGE + 77).min(whole.len() - 1)] ^= 4);
        let (journal, memory) = open(&damaged);
        let state = journal.state();
        same_lookups(&state);
        same(&state);
        assert_eq!(memory.contents()[&tables_path(files())], *whole, "page {page}");
        assert_eq!(journal.registry.check(&model()).unwrap().problem, None);
    }
}

/// Gone, cut off, too long or something else: as if there were no checkpoint.
#[test]
fn tables_that_are_none_are_none() {
    let path = tables_path(files());
    let mut gone = files().clone();
    gone.remove(&path);
    let made = [
        gone,
        with_tables(Vec::clear),
        with_tables(|tables| tables.truncate(tables.len() - 1)),
        with_tables(|tables| tables.push(0)),
        with_tables(|tables| tables.fill(0)),
    ];
    for files in made {
        let (journal, _) = open(&files);
        let state = journal.state();
        same_lookups(&state);
        same(&state);
        assert_eq!(journal.registry.check(&model()).unwrap().problem, None);
    }
}

/// The tables of another history, or of another moment of this one, have other digests.
#[test]
fn tables_of_something_else_are_not_believed() {
    let mut record = read(files());
    record.versions.to_mut().iter_mut().for_each(|row| row.dropped = Some(1));
    let other = checkpoint::tables(&record).unwrap();
    let (journal, _) = open(&with_tables(|tables| {
        let length = tables.len();
        *tables = other;
        tables.resize(length, 0);
    }));
    let state = journal.state();
    same_lookups(&state);
    same(&state);
}

fn read(files: &Files) -> CheckpointRecord {
    let tables = files[&tables_path(files)].clone();
    checkpoint::open(files[CHECKPOINT].clone(), |_, _| Some(Box::new(tables))).unwrap()
}

/// Who forges both, digests and all, is found by a check.
#[test]
fn forged_tables_are_found() {
    let forge: [fn(&mut CheckpointRecord); 4] = [
        |c| c.versions.to_mut()[17].dropped = Some(1),
        |c| drop(c.blocks.to_mut().pop()),
        |c| {
            c.certificates.to_mut().values_mut().take(1).for_each(|row| row.policy = mlrun::digest::Digest::of(b"mine"))
        },
        |c| c.stages[0].timeline.to_mut()[3].actor = None,
    ];
    for forge in forge {
        let mut record = read(files());
        forge(&mut record);
        let forged = checkpoint::files(&record, 0).unwrap();
        let (seq, tables) = forged.tables.unwrap();
        let mut files = files().clone();
        files.insert(CHECKPOINT.to_owned(), forged.checkpoint);
        files.insert(format!("{TABLES}{seq:016}"), tables);
        let found = open(&files).0.registry.check(&model()).unwrap().problem;
        assert!(matches!(&found, Some((at, said)) if *at == seq && said.contains(CHECKPOINT)), "{found:?}");
    }
}

/// The files with tables that were changed, and digests that say so.
fn mended(change: impl FnOnce(&mut Vec<u8>)) -> Files {
    let path = tables_path(files());
    let mut forged = with_tables(change);
    let (old, new) = (&files()[&path], forged[&path].clone());
    assert_eq!(old.len(), new.len());
    let checkpoint = forged.get_mut(CHECKPOINT).unwrap();
    for (old, new) in old.chunks(PAGE).zip(new.chunks(PAGE)).filter(|(old, new)| old != new) {
        let [old, new] = [old, new].map(|page| *blake3::hash(page).as_bytes());
        let at = checkpoint.windows(32).position(|part| part == old).expect("the digest of a page");
        checkpoint[at..at + 32].copy_from_slice(&new);
    }
    checkpoint.truncate(checkpoint.len() - 32);
    let seal = blake3::hash(checkpoint);
    checkpoint.extend_from_slice(seal.as_bytes());
    forged
}

#[track_caller]
fn is_found(files: &Files) {
    let found = open(files).0.registry.check(&model()).unwrap().problem;
    assert!(found.as_ref().is_some_and(|(_, said)| said.contains(CHECKPOINT)), "{found:?}");
}

/// Rows that are all there, in another order than looking them up relies on: whoever asks for one is told that there is none.
#[test]
fn an_order_that_was_forged_is_found() {
    let path = tables_path(files());
    let seq: u64 = path.strip_prefix(TABLES).unwrap().parse().unwrap();
    let rows = replayed().certificates.values().filter(|row| row.event.seq <= seq);
    let keys: Vec<[u8; 32]> = rows.map(|row| *row.snapshot.digest().as_bytes()).collect();
    let all = keys.concat();
    let mut lost = 0;
    let forged = mended(|tables| {
        let start = tables.windows(all.len()).position(|part| part == all).expect("the keys of certificates");
        let ends = start + all.len();
        let end = |tables: &[u8], at: usize| {
            u32::from_le_bytes(tables[ends + 4 * at..ends + 4 * (at + 1)].try_into().unwrap()) as usize
        };
        let (first, second) = (end(tables, 0), end(tables, 1));
        tables[start..start + 64].rotate_left(32);
        let rows = ends + 4 * keys.len();
        tables[rows..rows + second].rotate_left(first);
        tables[ends..ends + 4].copy_from_slice(&u32::try_from(second - first).unwrap().to_le_bytes());
    });
    let state = open(&forged).0.state();
    for row in replayed().certificates.values() {
        lost += usize::from(state.certificates.get(&row.snapshot).is_none());
    }
    assert_eq!((lost, state.certificates.values().count()), (1, replayed().certificates.values().count()));
    is_found(&forged);
    is_found(&mended(|tables| {
        // By another key than its own, a block is a block of something else.
        let row = replayed().blocks.iter().next().unwrap();
        let keys = [*row.snapshot.digest().as_bytes(), *row.model_tree.unwrap().digest().as_bytes()].concat();
        let at = tables.windows(64).position(|part| part == keys).expect("the keys of a block");
        tables[at + 32..at + 64].copy_from_slice(tree("never").digest().as_bytes());
    }));
}

/// Damaged where the journal before it is damaged too, nothing rests on what is gone: everything is blocked, no version and no
/// certificate of it is known, and it is not passed on as if it had been so.
#[test]
fn what_cannot_be_had_again_holds_nothing() {
    let mut files = with_tables(|tables| tables.fill(7));
    files.insert("journal/fraud/0000000000000002".to_owned(), b"gone".to_vec());
    let (journal, memory) = open(&files);
    let Ok(Some(state)) = journal.registry.state(&model()) else { return };
    let (old, tree) = (snapshot("s3"), tree("s3"));
    assert!(state.block(old, Some(tree), &production()).is_some());
    assert!(state.version_of(old).is_none() && state.certificates.get(&old).is_none());
    assert!(state.ever_held(old).is_none());
    assert!(state.version(Version(3)).is_none_or(|row| row.dropped.is_some()));
    assert!(
        !memory.contents().contains_key(CHECKPOINT),
        "the next one reads the journal, and says what is wrong there"
    );
    assert!(checkpoint::files(&state.to_checkpoint().unwrap(), usize::MAX).is_err());
}

/// As the journal grows new tables take the place of old ones; those in use are kept.
#[test]
fn old_tables_are_taken_away() {
    let (journal, memory) = open(files());
    for n in 0..900 {
        journal.snapshot(&format!("later {n}"));
        journal.certify(&format!("later {n}"), &journal.pass());
    }
    let files = memory.contents();
    let kept: Vec<&String> = files.keys().filter(|name| name.starts_with(TABLES)).collect();
    assert_eq!(kept.len(), 2, "{kept:?}");
    assert!(*kept[1] > tables_path(self::files()), "{kept:?}");
    let (read, memory) = open(&files);
    assert_eq!(read.state().to_checkpoint(), journal.registry.replay(&model()).unwrap().unwrap().to_checkpoint());
    assert_eq!(memory.contents(), files);
}
