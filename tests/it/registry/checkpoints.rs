//! The checkpoint is a cache: trusted only while the journal still has the event it was made at.

use std::collections::BTreeMap;
use std::sync::Arc;

use mlrun::format::checkpoint::{self, CheckpointRecord};
use mlrun::name::Version;
use mlrun::registry::State;
use mlrun::store::memory::Memory;

use crate::support::faulty::{Fault, Faulty};
use crate::support::journal::{BACK, Journal, model, stage};

/// A journal long enough to have a checkpoint, with events behind it.
fn long() -> BTreeMap<String, Vec<u8>> {
    let memory = Arc::new(Memory::default());
    let journal = Journal::on(Arc::clone(&memory) as _);
    for n in 0..20 {
        let name = format!("s{n}");
        journal.snapshot(&name);
        journal.certify(&name, &journal.pass());
        journal.release(&name);
        journal.clock.advance(std::time::Duration::from_secs(1000));
        if n % 5 == 4 {
            journal.rollback("production", &BACK).unwrap();
            journal.clock.advance(std::time::Duration::from_secs(1000));
        }
    }
    memory.contents()
}

fn checkpoint_path(files: &BTreeMap<String, Vec<u8>>) -> String {
    let all: Vec<_> = files.keys().filter(|name| name.starts_with("cache/checkpoints/")).collect();
    assert_eq!(all.len(), 1, "{all:?}");
    all[0].clone()
}

fn open(files: &BTreeMap<String, Vec<u8>>) -> Journal {
    Journal::on(Arc::new(Memory::with_contents(files.clone())))
}

/// Equal as the checkpoint would be.
#[track_caller]
fn same(a: &State, b: &State) {
    assert_eq!(a.to_checkpoint(), b.to_checkpoint());
}

#[test]
fn with_and_without_it_the_state_is_the_same() {
    let files = long();
    let with = open(&files).state();
    let remembered = checkpoint::decode(files[&checkpoint_path(&files)].clone()).unwrap();
    assert!(remembered.head.seq < with.seq(), "events lie behind it");
    let mut without = files.clone();
    without.remove(&checkpoint_path(&files));
    same(&with, &open(&without).state());
    same(&with, &open(&files).registry.replay(&model()).unwrap().unwrap());
}

/// It is used where it can be: an event before it is not read.
#[test]
fn it_saves_reading_what_lies_before() {
    let mut files = long();
    let state = open(&files).state();
    files.insert("journal/fraud/0000000000000003".to_owned(), b"nonsense".to_vec());
    same(&state, &open(&files).state());
    assert!(open(&files).registry.replay(&model()).is_err());
    assert_eq!(open(&files).registry.check(&model()).unwrap().problem.unwrap().0, 3);
}

#[test]
fn anything_wrong_with_it_means_there_is_none() {
    let files = long();
    let state = open(&files).state();
    let path = checkpoint_path(&files);
    let whole = files[&path].clone();
    let mut broken: Vec<Vec<u8>> =
        vec![Vec::new(), b"garbage".to_vec(), whole[..whole.len() - 1].to_vec(), vec![0; 5000]];
    for bit in (0..whole.len() * 8).step_by(997) {
        let mut flipped = whole.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        broken.push(flipped);
    }
    for bytes in broken {
        let mut files = files.clone();
        files.insert(path.clone(), bytes);
        same(&state, &open(&files).state());
    }
}

/// A checksum is no proof: whoever hands out a store can make one.
#[test]
fn one_that_no_journal_leads_to_means_there_is_none() {
    let files = long();
    let state = open(&files).state();
    let path = checkpoint_path(&files);
    let made: [fn(&mut CheckpointRecord); 3] =
        [|c| c.stages[0].stack.push(1 << 20), |c| c.stages[0].timeline.to_mut().clear(), |c| c.head.seq = u64::MAX];
    for change in made {
        let mut record = checkpoint::decode(files[&path].clone()).unwrap();
        change(&mut record);
        let bytes = checkpoint::encode(&record).unwrap();
        assert_eq!(checkpoint::decode(bytes.clone()), None);
        let journal = open(&files.iter().map(|(n, b)| (n.clone(), b.clone())).chain([(path.clone(), bytes)]).collect());
        same(&journal.state(), &state);
    }
}

/// Rows that are none, or not in their place, are found when they are looked at: nothing rests on them, and nothing breaks.
#[test]
fn rows_that_are_none_hold_nothing() {
    let files = long();
    let mut record = checkpoint::decode(files[&checkpoint_path(&files)].clone()).unwrap();
    record.versions.to_mut().swap(0, 1);
    let bytes = checkpoint::encode(&record).unwrap();
    let read = checkpoint::decode(bytes.clone()).unwrap();
    assert_eq!((read.versions[0].version, read.versions[0].dropped), (Version(1), Some(0)));
    assert_eq!(read.versions[2], record.versions[2]);
    // Garbage where rows are, under a checksum of its own.
    let body = bytes.len() - 32;
    for from in (body / 2..body).step_by(37) {
        let mut bytes = bytes[..body].to_vec();
        bytes[from..(from + 40).min(body)].fill(0xff);
        let checksum = blake3::hash(&bytes);
        bytes.extend_from_slice(checksum.as_bytes());
        let Some(read) = checkpoint::decode(bytes) else { continue };
        let state = State::from_checkpoint(read);
        let _ = (state.to_checkpoint(), state.certificate_rows().count(), state.versions.iter().count());
        state.stages.values().for_each(|row| _ = (row.occupant(), row.timeline.iter().count()));
    }
}

#[test]
fn one_of_another_journal_is_not_believed() {
    let files = long();
    let memory = Arc::new(Memory::default());
    let other = Journal::on(Arc::clone(&memory) as _);
    for n in 0..66 {
        other.snapshot(&format!("other {n}"));
    }
    let foreign = memory.contents();
    let mut mixed = foreign.clone();
    mixed.insert(checkpoint_path(&foreign), files[&checkpoint_path(&files)].clone());
    let state = open(&mixed).state();
    assert_eq!(state.versions.len(), 66);
    assert!(!state.stages.contains_key(&stage("production")));
    // And of another model, under this one's name.
    let mut record = checkpoint::decode(files[&checkpoint_path(&files)].clone()).unwrap();
    record.model = mlrun::name::ModelName::new("spam").unwrap();
    let mut renamed = files.clone();
    renamed.insert(checkpoint_path(&files), checkpoint::encode(&record).unwrap());
    same(&open(&files).state(), &open(&renamed).state());
}

/// A store nobody can write to is read all the same; a cache that cannot be written is no error.
#[test]
fn failing_to_write_it_is_no_error() {
    let memory: Arc<Memory> = Arc::new(Memory::default());
    let faulty = Arc::new(Faulty::over(Arc::clone(&memory) as _));
    let journal = Journal::on(Arc::clone(&faulty) as _);
    faulty.set(Fault::Caches);
    for n in 1..=100_u32 {
        assert_eq!(journal.snapshot(&format!("s{n}")), Version(n));
    }
    assert!(memory.contents().keys().all(|name| name.starts_with("journal/")));
    assert_eq!(open(&memory.contents()).state().versions.len(), 100);
}
