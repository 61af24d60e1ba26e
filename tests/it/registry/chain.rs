//! Any change, removal, reordering or insertion is found, and the first bad event is named.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use mlrun::digest::Digest;
use mlrun::format::certificate::Verdict;
use mlrun::format::checkpoint::{self, CheckpointRecord};
use mlrun::format::event::{self, EventBody, EventRecord, EventRef};
use mlrun::name::{ModelName, Version};
use mlrun::registry::{JournalCheck, JournalError, State, event_path};
use mlrun::store::memory::Memory;
use proptest::prelude::*;

use crate::support::cases;
use crate::support::journal::{BACK, Journal, failed, model, snapshot};

/// The files of a journal of 14 events.
fn files() -> BTreeMap<String, Vec<u8>> {
    let memory = Arc::new(Memory::default());
    let journal = Journal::on(Arc::clone(&memory) as _);
    for name in ["a", "b", "c", "d"] {
        journal.snapshot(name);
        journal.clock.advance(std::time::Duration::from_secs(3600));
    }
    for name in ["a", "b", "c"] {
        journal.certify(name, &journal.pass());
        journal.release(name);
        journal.clock.advance(std::time::Duration::from_secs(3600));
    }
    journal.rollback("production", &BACK).unwrap();
    let reason = "biased".to_owned();
    journal.append(EventBody::Block { snapshot: snapshot("d"), stage: None, reason }).unwrap();
    journal.append(EventBody::Unblock { snapshot: snapshot("d"), stage: None, reason: None }).unwrap();
    assert_eq!(journal.state().seq(), EVENTS as u64);
    let mut files = memory.contents();
    files.retain(|name, _| name.starts_with("journal/"));
    files
}

const EVENTS: usize = 14;

fn path(seq: usize) -> String {
    format!("journal/fraud/{seq:016}")
}

fn check(files: BTreeMap<String, Vec<u8>>) -> JournalCheck {
    Journal::on(Arc::new(Memory::with_contents(files))).registry.check(&model()).unwrap()
}

/// Where the check says it goes wrong.
fn first_bad(files: BTreeMap<String, Vec<u8>>) -> Option<u64> {
    check(files).problem.map(|(seq, _)| seq)
}

fn record(files: &BTreeMap<String, Vec<u8>>, seq: usize) -> EventRecord {
    event::decode(&files[&path(seq)]).unwrap().event.unwrap()
}

#[test]
fn a_whole_journal_is_whole() {
    let files = files();
    let found = check(files.clone());
    assert_eq!((found.events, found.problem), (EVENTS as u64, None));
    let head = event::decode(&files[&path(EVENTS)]).unwrap().id;
    assert_eq!(found.head, Some((EVENTS as u64, head)));
    assert_eq!(check(BTreeMap::new()), JournalCheck::default());
}

/// A change somebody took pains with: the event is well-formed and its own digest right. The next one tells.
#[test]
fn an_edit_with_a_new_digest_is_found_at_the_next_event() {
    let files = files();
    for seq in 1..EVENTS {
        let mut edited = record(&files, seq);
        edited.actor.name = Some("Mallory".to_owned());
        let mut changed = files.clone();
        changed.insert(path(seq), event::encode(&edited).unwrap().0);
        assert_eq!(first_bad(changed), Some(seq as u64 + 1), "event {seq}");
    }
}

/// The whole tail rewritten with right digests: what is left to tell is a head somebody remembers. The checkpoint is one.
#[test]
fn a_rewritten_tail_is_found_by_whoever_knows_a_head() {
    let memory = Arc::new(Memory::default());
    let journal = Journal::on(Arc::clone(&memory) as _);
    for n in 0..70 {
        journal.snapshot(&format!("s{n}"));
    }
    let known = memory.contents();
    assert_eq!(first_bad(known.clone()), None);
    let mut rewritten = known.clone();
    let mut prev = event::decode(&known[&path(19)]).unwrap().id;
    for seq in 20..=71 {
        let mut event = record(&known, seq);
        event.actor.name = Some("Mallory".to_owned());
        event.prev = Some(prev);
        let (bytes, id) = event::encode(&event).unwrap();
        rewritten.insert(path(seq), bytes);
        prev = id;
    }
    assert_eq!(first_bad(rewritten.clone()), Some(64), "the newest head the checkpoint knows");
    // Without any memory of it, it is a journal like any other.
    rewritten.retain(|name, _| name.starts_with("journal/"));
    assert_eq!(first_bad(rewritten), None);
}

#[test]
fn a_deleted_tail_is_noticed() {
    let memory = Arc::new(Memory::default());
    let journal = Journal::on(Arc::clone(&memory) as _);
    for n in 0..70 {
        journal.snapshot(&format!("s{n}"));
    }
    let whole = memory.contents();
    for last in [63, 40, 1, 0] {
        let mut cut = whole.clone();
        cut.retain(|name, _| !name.starts_with("journal/") || name[14..].parse::<u64>().unwrap() <= last);
        assert_eq!(first_bad(cut.clone()), Some(last + 1), "cut behind {last}");
        let state = Journal::on(Arc::new(Memory::with_contents(cut))).registry.state(&model());
        assert!(
            matches!(state, Err(JournalError::Lost { expected: 64 | 71, found, .. }) if found == last),
            "{state:?}"
        );
    }
    // The newest head is remembered too, in the store's own cache: cut that as well, and only an exported head would tell.
    let mut cut = whole;
    cut.remove(&path(71));
    assert_eq!(first_bad(cut.clone()), Some(71));
    cut.retain(|name, _| !name.starts_with("cache/heads/"));
    assert_eq!(first_bad(cut), None);
}

/// An event far ahead is not the next one.
#[test]
fn a_gap_is_an_event_that_is_missing() {
    let mut files = files();
    let last = files[&path(EVENTS)].clone();
    files.insert(path(EVENTS + 5), last);
    assert_eq!(first_bad(files.clone()), Some(EVENTS as u64 + 1));
    let state = Journal::on(Arc::new(Memory::with_contents(files))).registry.state(&model());
    assert!(matches!(state, Err(JournalError::Broken { seq: 15, .. })), "{state:?}");
}

/// A journal of another model, however whole.
#[test]
fn events_of_another_model_are_strangers() {
    let moved: BTreeMap<String, Vec<u8>> =
        files().into_iter().map(|(name, bytes)| (name.replace("fraud", "spam"), bytes)).collect();
    let journal = Journal::on(Arc::new(Memory::with_contents(moved)));
    let spam = mlrun::name::ModelName::new("spam").unwrap();
    assert_eq!(journal.registry.check(&spam).unwrap().problem.unwrap().0, 1);
    assert!(journal.registry.state(&spam).is_err());
}

/// An event of a newer program stops every verb and names the version it needs; the log can still show it.
#[test]
fn a_newer_event_stops_the_fold() {
    let mut files = files();
    let text = String::from_utf8(files[&path(EVENTS)].clone()).unwrap();
    let line = format!("{}\n", text.lines().next().unwrap().replace("\"kind\":\"unblock\"", "\"kind\":\"canonise\""));
    let sum = mlrun::digest::Digest::of(line.as_bytes());
    files.insert(path(EVENTS), format!("{line}{sum}\n").into_bytes());
    let journal = Journal::on(Arc::new(Memory::with_contents(files)));
    let Err(JournalError::Format { seq: 14, source, .. }) = journal.registry.state(&model()) else {
        panic!("understood")
    };
    assert!(matches!(source, mlrun::format::FormatError::Newer { .. }));
    let raw = journal.registry.event(&model(), 14).unwrap().unwrap();
    assert_eq!(raw.value["kind"], "canonise");
    // Nothing is appended behind what is not understood.
    let version = |_: &mlrun::registry::State| -> Result<_, JournalError> { panic!("never asked") };
    let tried = journal.registry.commit::<Version, _>(&model(), &Default::default(), version);
    assert!(tried.is_err());
}

#[derive(Debug, Clone)]
enum Tampering {
    Flip(usize, usize),
    Remove(usize),
    Swap(usize, usize),
    Insert(usize, usize),
    Replace(usize, usize),
    Truncate(usize, usize),
    Rewrite(usize),
}

fn tampering() -> impl Strategy<Value = Tampering> {
    let event = || 1..=EVENTS;
    let middle = || 1..EVENTS;
    prop_oneof![
        4 => (event(), any::<usize>()).prop_map(|(seq, bit)| Tampering::Flip(seq, bit)),
        1 => middle().prop_map(Tampering::Remove),
        2 => (event(), event()).prop_filter("two events", |(a, b)| a != b).prop_map(|(a, b)| Tampering::Swap(a, b)),
        2 => (event(), event()).prop_map(|(at, copy)| Tampering::Insert(at, copy)),
        2 => (event(), event()).prop_filter("two events", |(a, b)| a != b).prop_map(|(a, b)| Tampering::Replace(a, b)),
        1 => (event(), any::<usize>()).prop_map(|(seq, n)| Tampering::Truncate(seq, n)),
        2 => middle().prop_map(Tampering::Rewrite),
    ]
}

proptest! {
    #![proptest_config(cases(600))]

    #[test]
    fn no_tampering_goes_unnoticed(tampering in tampering()) {
        let mut files = files();
        let bad = match tampering.clone() {
            Tampering::Flip(seq, bit) => {
                let bytes = files.get_mut(&path(seq)).unwrap();
                let bit = bit % (bytes.len() * 8);
                bytes[bit / 8] ^= 1 << (bit % 8);
                seq
            }
            Tampering::Remove(seq) => {
                files.remove(&path(seq));
                seq
            }
            Tampering::Swap(a, b) => {
                let first = files[&path(a)].clone();
                let second = files.insert(path(b), first).unwrap();
                files.insert(path(a), second);
                a.min(b)
            }
            Tampering::Insert(at, copy) => {
                let copied = files[&path(copy)].clone();
                for seq in (at..=EVENTS).rev() {
                    let bytes = files[&path(seq)].clone();
                    files.insert(path(seq + 1), bytes);
                }
                files.insert(path(at), copied);
                // A copy of the event in its own place changes nothing there.
                if copy == at { at + 1 } else { at }
            }
            Tampering::Replace(at, with) => {
                let bytes = files[&path(with)].clone();
                files.insert(path(at), bytes);
                at
            }
            Tampering::Truncate(seq, n) => {
                let bytes = files.get_mut(&path(seq)).unwrap();
                let n = n % bytes.len();
                bytes.truncate(n);
                seq
            }
            Tampering::Rewrite(seq) => {
                let mut edited = record(&files, seq);
                edited.actor.host = Some("elsewhere".to_owned());
                files.insert(path(seq), event::encode(&edited).unwrap().0);
                seq + 1
            }
        };
        prop_assert_eq!(first_bad(files.clone()), Some(bad as u64), "{:?}", tampering);
        // No verb goes on from it either.
        let state = Journal::on(Arc::new(Memory::with_contents(files))).registry.state(&model());
        prop_assert!(state.is_err(), "{:?}", tampering);
    }
}

/// The journal rewritten from its first changed event on, every hash made anew, as its owner could.
fn rewritten(records: Vec<EventRecord>) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut prev = None;
    for (seq, record) in (1..).zip(records) {
        let (bytes, id) = event::encode(&EventRecord { seq, prev, ..record }).unwrap();
        files.insert(path(usize::try_from(seq).unwrap()), bytes);
        prev = Some(id);
    }
    files
}

proptest! {
    #![proptest_config(cases(300))]

    /// However a journal is tampered with, and however well its hashes are mended: a head that was kept elsewhere tells, if it
    /// is of an event at or behind the first that was touched.
    #[test]
    fn a_head_kept_elsewhere_finds_every_rewriting(
        at in 2..=EVENTS, other in 2..=EVENTS, how in 0..5_u8, kept in 1..=EVENTS
    ) {
        let whole = files();
        let heads: Vec<EventRef> = (1..=EVENTS)
            .map(|seq| EventRef { seq: seq as u64, id: event::decode(&whole[&path(seq)]).unwrap().id })
            .collect();
        let mut records: Vec<EventRecord> = (1..=EVENTS).map(|seq| record(&whole, seq)).collect();
        let first = match how {
            0 => { records[at - 1].actor.name = Some("somebody else".to_owned()); at }
            1 => { records.remove(at - 1); at }
            2 => { let copy = records[other - 1].clone(); records.insert(at - 1, copy); if other == at { at + 1 } else { at } }
            3 => { records.truncate(at - 1); at }
            _ => { records.swap(at - 1, other - 1); at.min(other) }
        };
        let forged = rewritten(records);
        prop_assume!(forged != whole);
        let journal = Journal::on(Arc::new(Memory::with_contents(forged)));
        let found = journal.registry.check_against(&model(), &[heads[kept - 1]]).unwrap();
        if kept >= first {
            prop_assert!(found.problem.is_some(), "{how} at {at}, {other}; kept {kept}");
        }
    }
}

/// The golden journal, which Python wrote, and behind it an event of each kind that it lacks.
fn golden() -> (ModelName, Vec<Vec<u8>>) {
    let mut events = crate::format::event_files();
    let last = event::decode(events.last().unwrap()).unwrap().event.unwrap();
    let model = last.model.clone();
    let third = events.iter().find_map(|bytes| match event::decode(bytes).unwrap().event.unwrap().body {
        EventBody::Import { version, snapshot, .. } => Some((version, snapshot)),
        _ => None,
    });
    let (version, snapshot) = third.unwrap();
    let bodies = [EventBody::Drop { version, snapshot, reason: "diverged".to_owned() }, failed(last.time, 1)];
    for body in bodies {
        let prev = Some(event::decode(events.last().unwrap()).unwrap().id);
        let record = EventRecord { seq: events.len() as u64 + 1, prev, body, ..last.clone() };
        events.push(event::encode(&record).unwrap().0);
    }
    (model, events)
}

/// How many those are.
const ALL: usize = 33;

/// The journal of the name that the model is given: it leads to the model.
fn other_name() -> Option<(String, Vec<u8>)> {
    let mut all = golden().1.into_iter().map(|bytes| event::decode(&bytes).unwrap().event.unwrap());
    let renamed = all.find(|event| matches!(event.body, EventBody::Rename { .. }))?;
    let EventBody::Rename { to, .. } = &renamed.body else { return None };
    let (path, model) = (event_path(to, 1), to.clone());
    let first = EventRecord { model, seq: 1, prev: None, ..renamed };
    Some((path, event::encode(&first).unwrap().0))
}

/// A journal of these events, and what a look at it finds. `beside` are other files of the store.
fn look(
    model: &ModelName,
    events: &[Vec<u8>],
    beside: impl IntoIterator<Item = (String, Vec<u8>)>,
    known: &[EventRef],
) -> (JournalCheck, Result<Option<State>, JournalError>) {
    let named = (1..).zip(events).map(|(seq, bytes)| (event_path(model, seq), bytes.clone()));
    let memory = Arc::new(Memory::with_contents(named.chain(other_name()).chain(beside).collect()));
    let clock = Arc::new(mlrun::clock::SystemClock);
    let first = events.first().and_then(|bytes| event::decode(bytes).ok()?.event.ok());
    let repository = match first.map(|event| event.body) {
        Some(EventBody::Create { repository }) => repository,
        _ => String::new(),
    };
    let registry = mlrun::registry::Registry::new(memory, repository, clock);
    (registry.check_against(model, known).unwrap(), registry.state(model))
}

#[test]
fn the_golden_journal_has_every_kind() {
    let (model, events) = golden();
    let kinds: std::collections::BTreeSet<String> =
        events.iter().map(|bytes| event::decode(bytes).unwrap().event.unwrap().body.kind().to_owned()).collect();
    // What is of the store as a whole has a journal of its own.
    let missing: Vec<_> = event::KINDS.into_iter().filter(|kind| *kind != "gc" && !kinds.contains(*kind)).collect();
    assert_eq!(missing, Vec::<&str>::new());
    let (found, state) = look(&model, &events, [], &[]);
    assert_eq!((found.events, found.problem), (events.len() as u64, None));
    assert_eq!(state.unwrap().unwrap().seq(), events.len() as u64);
}

/// Makes every `seq` and `prev` right, from an event on, and every digest.
fn mend(events: &mut [Vec<u8>], from: usize) {
    for place in from..events.len() {
        let mut record = event::decode(&events[place]).unwrap().event.unwrap();
        record.seq = place as u64 + 1;
        record.prev = place.checked_sub(1).map(|before| event::decode(&events[before]).unwrap().id);
        events[place] = event::encode(&record).unwrap().0;
    }
}

proptest! {
    #![proptest_config(cases(1500))]

    /// With a head that is kept elsewhere, whatever is done to events of whatever kind is found: at the first that was touched
    /// where the digests were left as they were, and somewhere up to the head where every one was made anew.
    #[test]
    fn whatever_is_done_to_events_of_any_kind_is_found(
        at in 0..ALL, other in 0..ALL, how in 0..7_u8, bit in any::<usize>(), mended in any::<bool>()
    ) {
        let (model, whole) = golden();
        prop_assert_eq!(whole.len(), ALL);
        let mut events = whole.clone();
        let mended = mended && how < 5;
        let first = match how {
            0 => {
                let mut record = event::decode(&events[at]).unwrap().event.unwrap();
                record.actor.host = Some("elsewhere".to_owned());
                events[at] = event::encode(&record).unwrap().0;
                // Its own digest is right: the next one tells, or the head.
                if mended { at } else { (at + 1).min(ALL - 1) }
            }
            1 => { events.remove(at); at }
            2 => { let copy = events[other].clone(); events.insert(at, copy); if other == at { at + 1 } else { at } }
            3 => { events.swap(at, other); at.min(other) }
            4 => { events.truncate(at); at }
            5 => { let bit = bit % (events[at].len() * 8); events[at][bit / 8] ^= 1 << (bit % 8); at }
            _ => { let end = bit % events[at].len(); events[at].truncate(end); at }
        };
        prop_assume!(events != whole);
        if mended {
            mend(&mut events, first);
            prop_assume!(events != whole);
        }
        let head = EventRef { seq: ALL as u64, id: event::decode(&whole[ALL - 1]).unwrap().id };
        let (found, state) = look(&model, &events, [], &[head]);
        let (seq, what) = found.problem.clone().unwrap_or_default();
        prop_assert!(found.problem.is_some(), "{how} at {at}, {other}");
        // One more at the end, copied from there, is the only thing behind the head.
        let first = first as u64 + 1;
        if mended {
            prop_assert!(seq >= first.min(ALL as u64), "{how} at {at}, {other}: {seq} {what}");
        } else {
            prop_assert_eq!(seq, first, "{} at {}, {}: {}", how, at, other, what);
            // Cut off at the end, it is what it was then: only the head tells.
            let cut = how == 4 || at == ALL - 1 && how < 2;
            prop_assert!(cut || state.is_err(), "{how} at {at}, {other}: a verb goes on from it");
        }
    }
}

/// A checkpoint that somebody made to say something else, checksum and all, is found, wherever it lies; every part counts.
#[test]
fn a_forged_checkpoint_is_found() {
    type Forge = fn(&mut CheckpointRecord);
    let forge: [Forge; 14] = [
        |c| c.versions.to_mut().clear(),
        |c| c.versions.to_mut().iter_mut().for_each(|row| row.model_tree = Digest::of(b"mine").into()),
        |c| c.blocks.to_mut().clear(),
        |c| c.certificates.to_mut().values_mut().for_each(|row| row.verdict = Verdict::Pass),
        |c| {
            c.certificates.to_mut().values_mut().for_each(|row| row.expires = row.expires.after(Duration::from_secs(1)))
        },
        |c| c.stages.iter_mut().for_each(|row| row.timeline.to_mut().iter_mut().for_each(|held| held.actor = None)),
        |c| c.stages.iter_mut().for_each(|row| row.rules = None),
        |c| c.approvals.iter_mut().for_each(|row| row.withdrawn = None),
        |c| drop(c.waivers.pop()),
        |c| drop(c.cases.pop()),
        |c| c.uses.clear(),
        |c| drop(c.observed.pop()),
        |c| drop(c.erased.pop()),
        |c| c.time = c.time.after(Duration::from_secs(1)),
    ];
    let (model, events) = golden();
    let path = format!("cache/checkpoints/{}", model.folder());
    let mut state = State::before_creation(model.clone());
    let mut found = [0; 14];
    for (seq, bytes) in (1_u64..).zip(&events) {
        let file = event::decode(bytes).unwrap();
        state.apply(&file.event.unwrap(), file.id).unwrap();
        let whole = state.to_checkpoint().unwrap();
        let look = |record: &CheckpointRecord| {
            look(&model, &events, [(path.clone(), checkpoint::encode(record).unwrap())], &[]).0.problem
        };
        assert_eq!(look(&whole), None);
        for (forge, found) in forge.iter().zip(&mut found) {
            let mut forged = whole.clone();
            forge(&mut forged);
            if forged != whole {
                let (at, said) = look(&forged).unwrap_or_default();
                assert!(at == seq && said.contains(&path), "{at} {said}");
                *found += 1;
            }
        }
    }
    assert!(found.iter().all(|times| *times > 0), "{found:?}");
}
