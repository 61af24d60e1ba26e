//! Many at once: creation decides, nobody's event is lost, nobody's is written twice.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mlrun::format::event::EventBody;
use mlrun::name::Version;
use mlrun::registry::{Decision, JournalError};
use mlrun::store::backend::Backend;
use mlrun::store::disk::Disk;
use mlrun::store::memory::Memory;

use crate::support::faulty::Faulty;
use crate::support::journal::{Journal, actor, model, open_rules, snapshot, stage};

const THREADS: usize = 8;

/// Every thread appends `each` blocks with reasons of its own, through a registry of its own.
fn append_together(open: &(dyn Fn() -> Arc<dyn Backend> + Sync), each: usize) {
    std::thread::scope(|scope| {
        for me in 0..THREADS {
            scope.spawn(move || {
                let journal = Journal::on(open());
                for n in 0..each {
                    let reason = format!("{me}.{n}");
                    journal.append(EventBody::Block { snapshot: snapshot(&reason), stage: None, reason }).unwrap();
                }
            });
        }
    });
    let journal = Journal::on(open());
    let check = journal.registry.check(&model()).unwrap();
    assert_eq!(check.problem, None);
    assert_eq!(check.events, 1 + (THREADS * each) as u64, "dense, and none lost");
    let reasons: BTreeSet<String> = journal.state().blocks.iter().map(|b| b.reason.clone()).collect();
    let expected = (0..THREADS).flat_map(|me| (0..each).map(move |n| format!("{me}.{n}")));
    assert_eq!(reasons, expected.collect());
    // Each thread's own events are in its own order.
    let mut seen = [0; THREADS];
    for seq in 2..=check.events {
        let event = journal.registry.event(&model(), seq).unwrap().unwrap().event.unwrap();
        let EventBody::Block { reason, .. } = event.body else { panic!("{seq}") };
        let (me, n) = reason.split_once('.').unwrap();
        let me: usize = me.parse().unwrap();
        assert_eq!(n.parse::<usize>().unwrap(), seen[me]);
        seen[me] += 1;
    }
}

#[test]
fn in_memory() {
    let memory: Arc<dyn Backend> = Arc::new(Memory::default());
    append_together(&|| Arc::clone(&memory), 25);
}

#[test]
fn on_disk_as_if_in_processes() {
    let temp = tempfile::tempdir().unwrap();
    append_together(&|| Arc::new(Disk::new(temp.path().join("store"))), 5);
}

/// One registry shared by all threads.
#[test]
fn one_registry() {
    let journal = Journal::new();
    std::thread::scope(|scope| {
        for me in 0..THREADS {
            let journal = &journal;
            scope.spawn(move || (0..10).for_each(|n| _ = journal.snapshot(&format!("{me}.{n}"))));
        }
    });
    let state = journal.state();
    assert_eq!(state.versions.len(), THREADS * 10);
    assert!(state.versions.iter().enumerate().all(|(at, v)| v.version == Version(at as u32 + 1)));
    let contents: BTreeSet<_> = state.versions.iter().map(|v| v.snapshot).collect();
    assert_eq!(contents.len(), THREADS * 10);
}

/// Two promotions at once from the same state: one wins, the other sees the winner before it decides again.
#[test]
fn one_promotion_wins() {
    for _ in 0..20 {
        let memory: Arc<dyn Backend> = Arc::new(Memory::default());
        let journal = Journal::on(Arc::clone(&memory));
        (0..THREADS).for_each(|me| _ = journal.snapshot(&format!("s{me}")));
        let won: Vec<bool> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS)
                .map(|me| {
                    let memory = Arc::clone(&memory);
                    scope.spawn(move || {
                        let journal = Journal::on(memory);
                        let committed = journal.registry.commit::<bool, JournalError>(&model(), &actor(), |state| {
                            // Only onto an empty stage: what `--expect-current none` asks.
                            if state.occupant(&stage("production")).is_some() {
                                return Ok(Decision::Keep(false));
                            }
                            let body = EventBody::Promote {
                                stage: stage("production"),
                                version: Version(me as u32 + 1),
                                snapshot: snapshot(&format!("s{me}")),
                                replaces: None,
                                certificate: None,
                                adopts: Some(open_rules()),
                                approvals: Vec::new(),
                                no_hooks: false,
                                after: Vec::new(),
                                reason: None,
                            };
                            Ok(Decision::Append(body, true))
                        });
                        committed.unwrap().outcome
                    })
                })
                .collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        assert_eq!(won.iter().filter(|w| **w).count(), 1);
        let row = &Journal::on(memory).state().stages[&stage("production")];
        assert_eq!(row.timeline.len(), 1);
        assert!(won[row.timeline[0].version.0 as usize - 1]);
    }
}

/// A backend on which somebody else appends an event just before the n-th question is answered.
fn meddled(inner: &Arc<Memory>, at: u64) -> (Arc<Faulty>, Arc<AtomicU64>) {
    const QUESTIONS: [&str; 6] = ["read ", "read_at ", "length ", "list ", "publish_new ", "cache "];
    let questions = Arc::new(AtomicU64::new(0));
    let (asked, other) = (Arc::clone(&questions), Arc::clone(inner));
    let ask = move |operation: &str| {
        if QUESTIONS.iter().any(|question| operation.starts_with(question))
            && asked.fetch_add(1, Ordering::SeqCst) + 1 == at
        {
            let body = EventBody::Unblock { snapshot: snapshot("x"), stage: None, reason: None };
            Journal::on(Arc::clone(&other) as _).append(body).unwrap();
        }
        Ok(())
    };
    (Arc::new(Faulty::asking(Arc::clone(inner) as _, ask)), questions)
}

/// Reading, checking and appending, with somebody else's event slipped in at every single step: never an error, never a
/// problem that is none, never an event lost.
#[test]
fn somebody_else_appends_at_every_step() {
    // Short, and long enough for a checkpoint with events behind it.
    for length in [1_u64, 5, 31, 32, 33, 70] {
        let memory = Arc::new(Memory::default());
        let journal = Journal::on(Arc::clone(&memory) as _);
        (1..length).for_each(|n| _ = journal.snapshot(&format!("s{n}")));
        let contents = memory.contents();
        for verb in ["state", "check", "replay", "append"] {
            for at in 1.. {
                let inner = Arc::new(Memory::with_contents(contents.clone()));
                let (meddled, questions) = meddled(&inner, at);
                let journal = Journal::on(meddled);
                let said = match verb {
                    "state" => journal.registry.state(&model()).map(|_| ()).map_err(|e| e.to_string()),
                    "replay" => journal.registry.replay(&model()).map(|_| ()).map_err(|e| e.to_string()),
                    "append" => journal
                        .append(EventBody::Unblock { snapshot: snapshot("y"), stage: None, reason: None })
                        .map(|_| ())
                        .map_err(|e| e.to_string()),
                    _ => match journal.registry.check(&model()).unwrap().problem {
                        None => Ok(()),
                        Some(problem) => Err(format!("{problem:?}")),
                    },
                };
                assert_eq!(said, Ok(()), "{verb} of {length} events, another one before step {at}");
                let meddled_with = questions.load(Ordering::SeqCst) >= at;
                let after = Journal::on(inner);
                let found = after.registry.check(&model()).unwrap();
                let created = u64::from(length == 1 && (meddled_with || verb == "append"));
                let before = if length == 1 { created } else { length };
                let expected = before + u64::from(meddled_with) + u64::from(verb == "append");
                assert_eq!((found.events, found.problem), (expected, None), "{verb} of {length}, step {at}");
                if !meddled_with {
                    break;
                }
            }
        }
    }
}
