//! State is a fold, time never runs back, and a journal that contradicts itself is refused at the event that does.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use mlrun::clock::Clock;
use mlrun::digest::Digest;
use mlrun::format::certificate::Verdict;
use mlrun::format::checkpoint::CertificateRow;
use mlrun::format::event::{
    self, CopyRecord, ErasedFieldRecord, ErasedFileRecord, ErasedRecord, EventBody, EventRecord, EventRef,
};
use mlrun::id::{EventId, FileId};
use mlrun::name::{ModelName, Version};
use mlrun::registry::{JournalError, State, at};

use crate::support::clock::time;
use crate::support::journal::{
    BACK, Certificate, Journal, actor, certified_rules, failed, model, open_rules, policy, snapshot, stage,
};

#[test]
fn the_first_event_creates_the_journal() {
    let journal = Journal::new();
    assert!(journal.registry.state(&model()).unwrap().is_none());
    assert!(!journal.registry.has(&model()).unwrap());
    assert_eq!(journal.registry.models().unwrap(), []);
    assert_eq!(journal.snapshot("a"), Version(1));
    assert!(journal.registry.has(&model()).unwrap());
    let state = journal.state();
    assert_eq!(state.repository, crate::support::REPOSITORY);
    assert_eq!(state.seq(), 2);
    let first = journal.registry.event(&model(), 1).unwrap().unwrap().event.unwrap();
    assert_eq!(first.body.kind(), "create");
    assert_eq!(first.prev, None);
    assert!(journal.registry.event(&model(), 3).unwrap().is_none());
}

/// A model's name may be the folder of another's.
#[test]
fn models_in_folders() {
    let journal = Journal::new();
    for name in ["payments/fraud", "payments", "a", "payments/fraud/eu"] {
        let name = ModelName::new(name).unwrap();
        let block = EventBody::Unblock { snapshot: snapshot("a"), stage: None, reason: None };
        let decide = |_: &State| Ok(mlrun::registry::Decision::Append(block.clone(), ()));
        journal.registry.commit::<_, JournalError>(&name, &actor(), decide).unwrap();
    }
    let names: Vec<String> = journal.registry.models().unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(names, ["a", "payments", "payments/fraud", "payments/fraud/eu"]);
    for name in journal.registry.models().unwrap() {
        assert_eq!(journal.registry.state(&name).unwrap().unwrap().seq(), 2);
        assert_eq!(journal.registry.check(&name).unwrap().problem, None);
    }
}

#[test]
fn versions_stages_and_who_held_them_when() {
    let journal = Journal::new();
    journal.snapshot("a");
    journal.clock.advance(Duration::from_secs(60));
    journal.snapshot("b");
    journal.clock.advance(Duration::from_secs(60));
    journal.release("a");
    journal.clock.advance(Duration::from_secs(3600));
    journal.release("b");
    journal.clock.advance(Duration::from_secs(3600));
    journal.rollback("production", &BACK).unwrap();
    let state = journal.state();
    assert_eq!(state.latest().unwrap().version, Version(2));
    assert_eq!(state.version(Version(1)).unwrap().snapshot, snapshot("a"));
    assert!(state.version(Version(0)).is_none() && state.version(Version(3)).is_none());
    assert_eq!(state.stages_of(snapshot("a")), [stage("production")]);
    assert_eq!(state.stages_of(snapshot("b")), []);
    let row = &state.stages[&stage("production")];
    let held = |text: &str| at(row, time(text)).map(|o| (o.version.0, o.kind.as_str()));
    assert_eq!(held("2026-03-01T12:01:59.999Z"), None);
    assert_eq!(held("2026-03-01T12:02:00Z"), Some((1, "promote")));
    assert_eq!(held("2026-03-01T13:01:59.999Z"), Some((1, "promote")));
    assert_eq!(held("2026-03-01T13:02:00Z"), Some((2, "promote")));
    assert_eq!(held("2026-03-01T14:02:00Z"), Some((1, "rollback")));
    assert_eq!(held("2036-03-01T14:02:00Z"), Some((1, "rollback")));
    assert_eq!(row.timeline[0].actor.as_deref(), Some("Ana"));
}

/// Time is the clock's, or the event's before where that is later; what the clock said is kept beside it.
#[test]
fn time_never_runs_back() {
    let journal = Journal::new();
    journal.snapshot("a");
    let first = journal.clock.now();
    journal.clock.set(time("2020-01-01T00:00:00Z"));
    journal.release("a");
    let late = journal.registry.event(&model(), 3).unwrap().unwrap().event.unwrap();
    assert_eq!(late.time, first);
    assert_eq!(late.clock, Some(time("2020-01-01T00:00:00Z")));
    journal.clock.set(time("2026-03-01T12:00:00.001Z"));
    journal.snapshot("b");
    let next = journal.registry.event(&model(), 4).unwrap().unwrap().event.unwrap();
    assert_eq!((next.time, next.clock), (time("2026-03-01T12:00:00.001Z"), None));
    assert_eq!(journal.registry.check(&model()).unwrap().problem, None);
}

/// Two hosts at one store, one clock an hour behind the other: order is kept, the later time counts, and what was decided by
/// one is decided for both.
#[test]
fn two_hosts_whose_clocks_differ() {
    let memory = Arc::new(mlrun::store::memory::Memory::default());
    let [ahead, behind] = [(), ()].map(|()| Journal::on(Arc::clone(&memory) as _));
    behind.clock.set(time("2026-03-01T11:00:00Z"));
    for n in 0..6_u64 {
        let journal = if n % 2 == 0 { &ahead } else { &behind };
        journal.snapshot(&n.to_string());
        if n % 3 == 2 {
            journal.release(&n.to_string());
        }
        ahead.clock.advance(Duration::from_secs(60));
        behind.clock.advance(Duration::from_secs(61));
    }
    let events: Vec<_> =
        (2..=9).map(|seq| ahead.registry.event(&model(), seq).unwrap().unwrap().event.unwrap()).collect();
    assert!(events.is_sorted_by_key(|event| event.time));
    for event in &events {
        // Either clock's own word is kept, and never decides against the order.
        assert!(event.clock.is_none_or(|clock| clock < event.time), "{event:?}");
    }
    // A rollback a moment later on the host that is behind is guarded, as on the other.
    behind.rollback("production", &crate::support::journal::BACK).unwrap();
    let again = ahead.rollback("production", &crate::support::journal::BACK);
    assert!(again.is_err(), "{again:?}");
    let (one, other) = (ahead.state(), behind.state());
    assert_eq!(one.to_checkpoint(), other.to_checkpoint());
    assert_eq!(ahead.registry.check(&model()).unwrap().problem, None);
}

/// A re-captured content is a version of its own; its id names the newest.
#[test]
fn the_same_content_twice() {
    let journal = Journal::new();
    journal.snapshot("a");
    journal.snapshot("b");
    assert_eq!(journal.snapshot("a"), Version(3));
    assert_eq!(journal.state().version_of(snapshot("a")).unwrap().version, Version(3));
}

#[test]
fn blocks_by_content() {
    let journal = Journal::new();
    journal.snapshot_with("a", "files");
    journal.snapshot_with("b", "files");
    journal.snapshot("c");
    journal.append(block("a", Some("production"))).unwrap();
    let blocked = |name: &str, files: &str, of: &str| {
        let tree = Some(crate::support::journal::tree(files));
        journal.state().block(snapshot(name), tree, &stage(of)).is_some()
    };
    assert!(blocked("a", "files", "production") && blocked("b", "files", "production"));
    assert!(!blocked("a", "files", "staging") && !blocked("c", "c", "production"));
    // Blocking again replaces, unblocking the other content lifts it, because the files are the same.
    journal.append(block("a", Some("production"))).unwrap();
    assert_eq!(journal.state().blocks.len(), 1);
    journal.append(unblock("b", Some("production"))).unwrap();
    assert!(journal.state().blocks.is_empty());
    journal.append(block("a", None)).unwrap();
    journal.append(block("b", Some("production"))).unwrap();
    assert!(blocked("a", "files", "staging"));
    journal.append(unblock("a", None)).unwrap();
    assert!(journal.state().blocks.is_empty());
}

fn block(name: &str, of: Option<&str>) -> EventBody {
    EventBody::Block { snapshot: snapshot(name), stage: of.map(stage), reason: "biased".to_owned() }
}

fn unblock(name: &str, of: Option<&str>) -> EventBody {
    EventBody::Unblock { snapshot: snapshot(name), stage: of.map(stage), reason: None }
}

/// A state after two versions and a promotion, to be continued wrongly.
fn grown() -> State {
    let journal = Journal::new();
    journal.snapshot("a");
    journal.snapshot("b");
    journal.release("a");
    journal.state()
}

fn next(state: &State, body: EventBody) -> EventRecord {
    EventRecord {
        format: event::FORMAT.to_owned(),
        model: model(),
        seq: state.seq() + 1,
        prev: state.head.map(|h| h.id),
        time: state.time().unwrap(),
        clock: None,
        actor: actor(),
        body,
    }
}

#[test]
fn events_that_contradict_the_journal_are_refused() {
    let state = grown();
    let good = next(&state, block("a", None));
    state.clone().apply(&good, EventId::new(mlrun::digest::Digest::of(b"x"))).unwrap();
    let promote = |version, name: &str, replaces: Option<&str>| EventBody::Promote {
        stage: stage("production"),
        version: Version(version),
        snapshot: snapshot(name),
        replaces: replaces.map(snapshot),
        certificate: None,
        adopts: None,
        approvals: Vec::new(),
        no_hooks: false,
        after: Vec::new(),
        reason: None,
    };
    let rollback = |version, name: &str, replaces: &str| EventBody::Rollback {
        stage: stage("production"),
        version: Version(version),
        snapshot: snapshot(name),
        replaces: Some(snapshot(replaces)),
        reason: String::new(),
        blocks: Vec::new(),
        unblocks: Vec::new(),
        no_hooks: false,
        after: Vec::new(),
        skipped: Vec::new(),
    };
    let version = |n| EventBody::Snapshot {
        version: Version(n),
        snapshot: snapshot("c"),
        parent: None,
        observation: mlrun::digest::Digest::of(b"o").into(),
        model_tree: mlrun::digest::Digest::of(b"t").into(),
    };
    let bodies = [
        ("another create", EventBody::Create { repository: "r".to_owned() }),
        ("a version twice", version(2)),
        ("a version too far", version(4)),
        ("no version", version(0)),
        ("an unknown version", promote(9, "b", Some("a"))),
        ("no version at all", promote(0, "b", Some("a"))),
        ("a version that is another snapshot", promote(1, "b", Some("a"))),
        ("from what the stage does not hold", promote(2, "b", Some("b"))),
        ("from an empty stage that is not", promote(2, "b", None)),
        ("back from what it does not hold", rollback(2, "b", "b")),
    ];
    for (what, body) in bodies {
        let mut after = state.clone();
        let refused = after.apply(&next(&state, body), good.prev.unwrap());
        assert!(matches!(refused, Err(JournalError::Broken { seq: 5, .. })), "{what}: {refused:?}");
        assert_eq!(after.seq(), 4, "{what}");
    }
    type Change = fn(&mut EventRecord);
    let changes: [(&str, Change); 5] = [
        ("another model", |e| e.model = ModelName::new("other").unwrap()),
        ("another place", |e| e.seq += 1),
        ("another predecessor", |e| e.prev = Some(EventId::new(mlrun::digest::Digest::of(b"y")))),
        ("none", |e| e.prev = None),
        ("earlier", |e| e.time = time("2020-01-01T00:00:00Z")),
    ];
    for (what, change) in changes {
        let mut event = good.clone();
        change(&mut event);
        assert!(state.clone().apply(&event, event.prev.unwrap_or(good.prev.unwrap())).is_err(), "{what}");
    }
}

#[test]
fn nothing_is_appended_that_could_not_be_read_again() {
    let journal = Journal::new();
    journal.snapshot("a");
    let bad = EventBody::Promote {
        stage: stage("production"),
        version: Version(7),
        snapshot: snapshot("nobody"),
        replaces: None,
        certificate: None,
        adopts: Some(open_rules()),
        approvals: Vec::new(),
        no_hooks: false,
        after: Vec::new(),
        reason: None,
    };
    assert!(matches!(journal.append(bad), Err(JournalError::Broken { seq: 3, .. })));
    assert_eq!(journal.state().seq(), 2);
}

/// A failed run may be the first thing that happens to a model. It makes no version, moves nothing, and is in the chain.
#[test]
fn what_failed_changes_nothing_but_the_journal() {
    let journal = Journal::new();
    let failed = |status| failed(time("2026-03-01T12:00:00Z"), status);
    journal.append(failed(1)).unwrap();
    let state = journal.state();
    assert_eq!((state.seq(), state.versions.len(), state.stages.len()), (2, 0, 0));
    assert_eq!(journal.snapshot("a"), Version(1));
    journal.append(failed(2)).unwrap();
    assert_eq!(journal.snapshot("b"), Version(2));
    journal.release("a");
    let before = journal.state();
    // Over several checkpoints.
    (0..100).for_each(|status| drop(journal.append(failed(status)).unwrap()));
    let after = journal.state();
    assert_eq!((&after.versions, &after.stages, after.seq()), (&before.versions, &before.stages, before.seq() + 100));
    let replayed = journal.registry.replay(&model()).unwrap().unwrap();
    assert_eq!((replayed.head, &replayed.versions), (after.head, &after.versions));
    assert_eq!(journal.registry.check(&model()).unwrap().problem, None);
}

/// An event names the one that put the occupant there, so that a certificate can be held against it.
#[test]
fn an_occupancy_names_its_event() {
    let journal = Journal::new();
    journal.snapshot("a");
    journal.release("a");
    let id = journal.registry.event(&model(), 3).unwrap().unwrap().id;
    assert_eq!(journal.state().occupant(&stage("production")).unwrap().event, EventRef { seq: 3, id });
}

/// A tombstone is about the versions it names, whatever content comes later; the newest copy of a record is the one to read.
#[test]
fn what_was_erased() {
    let journal = Journal::new();
    for name in ["a", "b", "a"] {
        journal.snapshot(name);
    }
    let digest = |text: &str| Digest::of(text.as_bytes());
    let file = FileId::new(digest("people"));
    let erase = |versions: &[u32], erased: ErasedRecord| {
        let versions: Vec<Version> = versions.iter().map(|n| Version(*n)).collect();
        let reason = "a request".to_owned();
        journal.append(EventBody::Purge { version: versions[0], versions, erased, reason })
    };
    let people = ErasedRecord::File(ErasedFileRecord { path: "people.csv".to_owned(), sha256: file, size: 6 });
    erase(&[1, 2], people.clone()).unwrap();
    for copy in ["first", "second"] {
        let copies = vec![CopyRecord { record: digest("a"), copy: digest(copy) }];
        erase(&[1, 3], ErasedRecord::Field(ErasedFieldRecord { name: copy.to_owned(), copies })).unwrap();
    }
    let check = |state: &State| {
        assert_eq!(state.erased_files(Version(1)), HashSet::from([file]));
        assert!(state.erased_files(Version(3)).is_empty(), "the same content, made again or not meant");
        let row = state.erased_file(Version(2), file).unwrap();
        assert_eq!((row.reason.as_str(), row.actor.as_deref(), row.event.seq), ("a request", Some("Ana"), 5));
        assert!(state.erased_file(Version(2), FileId::new(digest("other"))).is_none());
        let names =
            |version| state.erased_from(Version(version)).map(|row| row.what.name().to_owned()).collect::<Vec<_>>();
        assert_eq!(
            (names(1), names(2)),
            (vec!["people.csv".into(), "first".into(), "second".into()], vec!["people.csv".to_owned()])
        );
        assert_eq!(state.copy_of(digest("a")), Some(digest("second")));
        assert_eq!(state.copy_of(digest("b")), None);
    };
    check(&journal.state());
    check(&State::from_checkpoint(journal.state().to_checkpoint().unwrap()));
    assert!(matches!(erase(&[4], people), Err(JournalError::Broken { .. })), "there is no v4");
}

fn alias_of(folder: &str, of: &str) -> EventBody {
    let name = |text: &str| ModelName::new(text).unwrap();
    EventBody::Rename { folder: name(folder), from: name(folder), to: name(of), reason: None }
}

#[test]
fn a_name_that_belongs_to_a_model_begins_and_ends_a_journal() {
    let nothing = State::before_creation(ModelName::new("risk").unwrap());
    let mut first = next(&grown(), alias_of("fraud", "risk"));
    (first.model, first.seq, first.prev) = (nothing.model.clone(), 1, None);
    let mut state = nothing.clone();
    state.apply(&first, EventId::new(mlrun::digest::Digest::of(b"1"))).unwrap();
    assert_eq!(state.alias_of.as_ref().map(ToString::to_string).as_deref(), Some("fraud"));
    let mut more = next(&state, block("a", None));
    more.model = state.model.clone();
    assert!(matches!(state.clone().apply(&more, more.prev.unwrap()), Err(JournalError::Broken { seq: 2, .. })));
    // A name that would be another's.
    let mut other = first.clone();
    other.body = alias_of("fraud", "churn");
    assert!(nothing.clone().apply(&other, EventId::new(mlrun::digest::Digest::of(b"1"))).is_err());
}

#[test]
fn corrected_times_are_those_that_count() {
    let mut state = grown();
    let before = state.clone();
    let apply = |state: &mut State, at: &str, body| {
        let mut event = next(state, body);
        event.time = time(at);
        state.apply(&event, EventId::new(mlrun::digest::Digest::of(at.as_bytes())))
    };
    let real = before.time().unwrap();
    apply(&mut state, "2099-01-01T00:00:00Z", block("b", None)).unwrap();
    let clock = |from, times: &[mlrun::clock::Time]| EventBody::Clock {
        from,
        times: times.to_vec(),
        reason: "2099".to_owned(),
    };
    let (seq, later) = (state.seq(), "2098-01-01T00:00:00Z");
    for (from, times) in
        [(seq, vec![]), (seq - 1, vec![real]), (seq + 1, vec![real]), (0, vec![real; seq as usize + 1])]
    {
        assert!(apply(&mut state.clone(), later, clock(from, &times)).is_err(), "{from}: {times:?}");
    }
    assert!(
        apply(&mut state.clone(), "2020-01-01T00:00:00Z", clock(seq, &[real])).is_err(),
        "before what it takes for true"
    );
    apply(&mut state, later, clock(seq, &[real])).unwrap();
    assert_eq!(state.blocks.last().unwrap().time, real);
    assert_eq!(state.time(), Some(time(later)), "and times go on from there");
    apply(&mut state, later, block("a", None)).unwrap();
}

/// Rules that somebody only tries displace no certificate, and are remembered beside it.
#[test]
fn a_proposal_displaces_nothing() {
    let journal = Journal::new();
    journal.snapshot("a");
    let certified = |verdict: Verdict, proposed: bool| {
        let expires = journal.clock.now().after(Duration::from_secs(7200));
        let (policy, stage) = (policy(if proposed { "b" } else { "a" }), stage("production"));
        journal.certify("a", &Certificate { verdict, policy, stage, expires, proposed, waivers: Vec::new() })
    };
    let known = || {
        let state = journal.state();
        // As a checkpoint keeps it.
        let kept = State::from_checkpoint(state.to_checkpoint().unwrap());
        let ids = |state: &State| {
            let of =
                |rows: &mlrun::format::rows::Keyed<CertificateRow>| rows.get(&snapshot("a")).map(|row| row.certificate);
            (of(&state.certificates), of(&state.proposals))
        };
        assert_eq!(ids(&kept), ids(&state));
        ids(&state)
    };
    let tried = certified(Verdict::Pass, true);
    assert_eq!(known(), (Some(tried), None), "the only one there is");
    let good = certified(Verdict::Pass, false);
    assert_eq!(known(), (Some(good), None));
    let again = certified(Verdict::Fail, true);
    assert_eq!(known(), (Some(good), Some(again)));
    journal.promote("a", "production", &certified_rules("a")).unwrap();
}
