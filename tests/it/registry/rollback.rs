//! A stage is a stack: promote pushes, rollback pops to its target, and never to what is fled.

use std::time::Duration;

use mlrun::format::event::EventBody;
use mlrun::id::SnapshotId;
use mlrun::name::Version;
use mlrun::ops::init::{InitOptions, init};
use mlrun::ops::promote::{PromoteOptions, promote};
use mlrun::ops::rollback::{RollbackOptions, RollbackReport, rollback};
use mlrun::ops::snapshot::{SnapshotOptions, snapshot as capture};
use mlrun::progress::Silent;
use mlrun::registry::rollback::{GUARD, RollbackPlan, RollbackRefusal, RollbackRequest, Unfit, plan};

use crate::support::clock::time;
use crate::support::journal::{BACK, Journal, snapshot, stage};
use crate::support::project::TestRepo;

/// `names` captured and released, an hour apart.
fn released(names: &[&str]) -> Journal {
    let journal = Journal::new();
    for name in names {
        journal.snapshot(name);
        journal.release(name);
        journal.clock.advance(Duration::from_secs(3600));
    }
    journal
}

fn from(name: &str) -> RollbackRequest {
    RollbackRequest { from: Some(snapshot(name)), ..BACK }
}

fn to(name: &str) -> RollbackRequest {
    RollbackRequest { to: Some(snapshot(name)), ..BACK }
}

fn holds(journal: &Journal) -> u32 {
    journal.state().occupant(&stage("production")).unwrap().version.0
}

fn is_blocked(journal: &Journal, name: &str) -> bool {
    journal.state().block(snapshot(name), None, &stage("production")).is_some()
}

fn block(journal: &Journal, name: &str, of: Option<&str>) {
    let body = EventBody::Block { snapshot: snapshot(name), stage: of.map(stage), reason: "biased".to_owned() };
    journal.append(body).unwrap();
}

#[test]
fn back_to_the_version_before_which_is_then_fled_no_more() {
    let journal = released(&["a", "b", "c"]);
    assert_eq!(journal.rollback("production", &BACK).unwrap(), Some(Version(2)));
    assert_eq!(holds(&journal), 2);
    assert!(is_blocked(&journal, "c"));
    // Promoting what was fled is refused until it is unblocked.
    assert!(journal.promote("c", "production", &crate::support::journal::open_rules()).is_err());
    // The next one goes further back, not forward.
    journal.clock.advance(GUARD);
    assert_eq!(journal.rollback("production", &BACK).unwrap(), Some(Version(1)));
    journal.clock.advance(GUARD);
    let left = journal.rollback("production", &BACK).unwrap_err();
    assert_eq!(left, RollbackRefusal::NothingLeft { stage: stage("production"), skipped: vec![] });
    assert_eq!(holds(&journal), 1);
}

#[test]
fn after_a_rollback_promotions_are_pushed_on_top_of_where_it_went() {
    let journal = released(&["a", "b", "c"]);
    journal.rollback("production", &BACK).unwrap();
    journal.clock.advance(GUARD);
    journal.snapshot("d");
    journal.release("d");
    journal.clock.advance(GUARD);
    // From d back to b, where the rollback had gone; not to c, which came between in time.
    assert_eq!(journal.rollback("production", &BACK).unwrap(), Some(Version(2)));
    journal.clock.advance(GUARD);
    assert_eq!(journal.rollback("production", &BACK).unwrap(), Some(Version(1)));
}

#[test]
fn naming_what_is_fled_makes_it_safe_to_repeat() {
    let journal = released(&["a", "b", "c"]);
    assert_eq!(journal.rollback("production", &from("c")).unwrap(), Some(Version(2)));
    for _ in 0..3 {
        let seq = journal.state().seq();
        assert_eq!(journal.rollback("production", &from("c")).unwrap(), None);
        assert_eq!((journal.state().seq(), holds(&journal)), (seq, 2));
    }
    // And needs no waiting: it says what it flees.
    assert_eq!(journal.rollback("production", &from("b")).unwrap(), Some(Version(1)));
    let plan = journal.plan(&from("c")).unwrap();
    assert!(matches!(plan, RollbackPlan::AlreadyGone { current: Some(current) } if current.version == Version(1)));
}

/// What is retired is gone, too.
#[test]
fn what_was_fled_and_the_stage_emptied() {
    let journal = released(&["a", "b"]);
    journal.snapshot("c");
    let retire = EventBody::Retire {
        stage: stage("production"),
        version: Version(2),
        snapshot: snapshot("b"),
        reason: "over".to_owned(),
    };
    journal.append(retire).unwrap();
    for name in ["a", "b"] {
        assert_eq!(journal.plan(&from(name)).unwrap(), RollbackPlan::AlreadyGone { current: None });
    }
    assert!(matches!(journal.plan(&from("c")), Err(RollbackRefusal::NeverHeld { version: Version(3), .. })));
    // But it is not where it was to go.
    let both = RollbackRequest { from: Some(snapshot("b")), ..to("a") };
    let refused = journal.plan(&both).unwrap_err();
    assert_eq!(refused.to_string(), "v2 is gone from `production`, which holds nothing, not v1");
}

/// Gone, and at another version than was asked for: nobody must read that as done.
#[test]
fn fled_to_another_version_than_was_asked_for() {
    let journal = released(&["a", "b", "c"]);
    let request = |target| RollbackRequest { from: Some(snapshot("c")), ..to(target) };
    assert_eq!(journal.rollback("production", &request("b")).unwrap(), Some(Version(2)));
    for (target, expected) in
        [("b", None), ("a", Some((Version(2), Version(1)))), ("c", Some((Version(2), Version(3))))]
    {
        match (journal.plan(&request(target)), expected) {
            (Ok(RollbackPlan::AlreadyGone { current: Some(current) }), None) => assert_eq!(current.version, Version(2)),
            (Err(RollbackRefusal::GoneElsewhere { fled, current, to, .. }), Some((holds, asked))) => {
                assert_eq!((fled, current, to), (Version(3), Some(holds), asked));
            }
            (planned, _) => panic!("{target}: {planned:?}"),
        }
    }
}

#[test]
fn to_where_the_stage_is_already() {
    let journal = released(&["a", "b", "c"]);
    for _ in 0..2 {
        journal.rollback("production", &to("a")).unwrap();
        assert_eq!(holds(&journal), 1);
    }
    assert_eq!(journal.plan(&to("a")).unwrap(), RollbackPlan::AlreadyThere);
    // Lifting a block on it is something to do, which `unblock` does.
    let unblock = RollbackRequest { unblock: true, ..to("a") };
    assert_eq!(journal.plan(&unblock).unwrap(), RollbackPlan::AlreadyThere);
    block(&journal, "a", None);
    assert!(matches!(journal.plan(&unblock), Err(RollbackRefusal::Same { version: Version(1), .. })));
}

#[test]
fn a_second_one_within_a_quarter_of_an_hour_is_more_likely_a_repeated_command() {
    let journal = released(&["a", "b", "c"]);
    journal.rollback("production", &BACK).unwrap();
    for wait in [0, 1, 14 * 60 + 58] {
        journal.clock.advance(Duration::from_secs(wait));
        let refused = journal.rollback("production", &BACK).unwrap_err();
        assert!(matches!(refused, RollbackRefusal::Guarded { current: Version(2), .. }), "{refused:?}");
    }
    // 899 seconds are over; a millisecond before the end it still holds.
    journal.clock.advance(Duration::from_millis(999));
    assert!(journal.rollback("production", &BACK).is_err());
    journal.clock.advance(Duration::from_millis(1));
    assert_eq!(GUARD, Duration::from_secs(900));
    assert_eq!(journal.rollback("production", &BACK).unwrap(), Some(Version(1)));
}

/// The newest release is bad as well: it can be fled as plainly as any.
#[test]
fn the_guard_does_not_hold_what_was_promoted_since() {
    let journal = released(&["a", "b"]);
    journal.rollback("production", &BACK).unwrap();
    journal.snapshot("c");
    journal.release("c");
    assert_eq!(journal.rollback("production", &BACK).unwrap(), Some(Version(1)));
    assert!(matches!(journal.rollback("production", &BACK), Err(RollbackRefusal::Guarded { .. })));
}

#[test]
fn what_never_held_the_stage_is_not_gone_already() {
    let journal = released(&["a", "b"]);
    journal.snapshot("c");
    let refused = journal.rollback("production", &from("c")).unwrap_err();
    assert!(matches!(refused, RollbackRefusal::NeverHeld { version: Version(3), .. }), "{refused:?}");
    assert_eq!(holds(&journal), 2);
}

#[test]
fn the_guard_asks_nobody_who_says_what_he_means() {
    let journal = released(&["a", "b", "c"]);
    journal.rollback("production", &BACK).unwrap();
    assert!(journal.plan(&from("b")).is_ok());
    assert!(journal.plan(&to("a")).is_ok());
    // Another stage has its own.
    journal.promote("a", "staging", &crate::support::journal::open_rules()).unwrap();
    journal.promote("b", "staging", &crate::support::journal::open_rules()).unwrap();
    assert!(journal.rollback("staging", &BACK).is_ok());
}

/// A clock that was set back does not hold a stage: what the journal has recorded since the last rollback counts.
#[test]
fn the_guard_goes_by_the_journals_time() {
    let project = TestRepo::new();
    project.write("model/w", "0");
    init(&project.options(), &InitOptions::default()).unwrap();
    let config = String::from_utf8(project.read("mlrun.toml")).unwrap();
    project.write("mlrun.toml", config.replace("[stage.production]", "[stage.production]\ncertificate = \"none\""));
    let back = || -> RollbackReport {
        let options = RollbackOptions {
            model: None,
            stage: None,
            reason: "slow".to_owned(),
            from: None,
            to: None,
            block: true,
            unblock: false,
            full: false,
            no_hooks: false,
            dry_run: false,
        };
        rollback(&project.open(), &options, &Silent).unwrap()
    };
    let take = |n: u32| {
        project.write("model/w", n.to_string());
        capture(&project.open(), &SnapshotOptions::default(), &Silent).unwrap()
    };
    for n in 1..=3 {
        take(n);
        let options = PromoteOptions { revision: format!("v{n}"), ..PromoteOptions::default() };
        assert!(promote(&project.open(), &options, &Silent).unwrap().is_promoted());
    }
    assert_eq!(back().version, Some(Version(2)));
    assert!(matches!(back().refusal, Some(RollbackRefusal::Guarded { .. })));
    project.clock.advance(GUARD);
    take(4);
    project.clock.set(time("2026-03-01T00:00:00Z"));
    let again = back();
    assert_eq!((again.version, &again.refusal), (Some(Version(1)), &None));
    let state = project.open().registry().state(&again.model).unwrap().unwrap();
    assert_eq!(project.open().registry().now_in(&state), state.time().unwrap());
}

#[test]
fn what_is_blocked_or_damaged_is_passed_over_and_listed() {
    let journal = released(&["a", "b", "c", "d"]);
    block(&journal, "c", Some("production"));
    let state = journal.state();
    let damage = |id: SnapshotId| (id == snapshot("b")).then(|| Unfit::Damaged("a block is missing".to_owned()));
    let planned = plan(&state, &stage("production"), &BACK, state.time().unwrap(), &damage).unwrap();
    let RollbackPlan::Move { target, version, skipped, blocks, unblocks, flees } = planned else { panic!("a move") };
    assert_eq!((target, version, flees.unwrap().version), (snapshot("a"), Version(1), Version(4)));
    assert_eq!((blocks, unblocks), (vec![snapshot("d")], vec![]));
    let skipped: Vec<_> = skipped.iter().map(|s| (s.version.0, s.reason.as_str())).collect();
    assert_eq!(skipped, [(3, "blocked: biased"), (2, "damaged: a block is missing")]);
    // Nothing whole left: that is said, with what was passed over.
    let all = |_: SnapshotId| Some(Unfit::Damaged("gone".to_owned()));
    let refused = plan(&state, &stage("production"), &BACK, state.time().unwrap(), &all).unwrap_err();
    let RollbackRefusal::NothingLeft { skipped, .. } = refused else { panic!("{refused:?}") };
    assert_eq!(skipped.len(), 3);
}

/// Blocked everywhere, blocked for another stage, blocked as other versions with the same files.
#[test]
fn which_blocks_keep_a_version_from_being_gone_back_to() {
    for (of, name, expected) in
        [(None, "b", 1), (Some("staging"), "b", 2), (Some("production"), "b", 1), (Some("production"), "twin", 1)]
    {
        let journal = Journal::new();
        journal.snapshot("a");
        journal.snapshot_with("b", "files of b");
        journal.snapshot("c");
        journal.snapshot_with("twin", "files of b");
        for name in ["a", "b", "c"] {
            journal.release(name);
        }
        block(&journal, name, of);
        assert_eq!(journal.rollback("production", &BACK).unwrap(), Some(Version(expected)), "{of:?} {name}");
    }
}

#[test]
fn not_blocking_what_is_fled() {
    let journal = released(&["a", "b"]);
    journal.rollback("production", &RollbackRequest { block: false, ..BACK }).unwrap();
    assert!(!is_blocked(&journal, "b"));
    journal.release("b");
    assert_eq!(holds(&journal), 2);
    // It is on the stack once more, above the one it was rolled back to.
    assert_eq!(journal.rollback("production", &from("b")).unwrap(), Some(Version(1)));
}

#[test]
fn to_a_version_that_was_named() {
    let journal = released(&["a", "b", "c"]);
    assert_eq!(journal.rollback("production", &to("a")).unwrap(), Some(Version(1)));
    // The stack was popped down to it: b is above it no more.
    journal.clock.advance(GUARD);
    assert!(matches!(journal.plan(&BACK), Err(RollbackRefusal::NothingLeft { .. })));
    // Back to what is not on the stack: it takes the fled version's place.
    let journal = released(&["a", "b", "c"]);
    journal.rollback("production", &RollbackRequest { block: false, ..BACK }).unwrap();
    assert_eq!(journal.rollback("production", &to("c")).unwrap(), Some(Version(3)));
    assert_eq!(journal.rollback("production", &from("c")).unwrap(), Some(Version(1)));
}

#[test]
fn to_a_version_that_cannot_be() {
    let journal = released(&["a", "b"]);
    journal.snapshot("never");
    let production = stage("production");
    assert_eq!(
        journal.plan(&to("never")).unwrap_err(),
        RollbackRefusal::NeverHeld { stage: production.clone(), version: Version(3) }
    );
    let same = RollbackRequest { from: Some(snapshot("b")), ..to("b") };
    assert_eq!(
        journal.plan(&same).unwrap_err(),
        RollbackRefusal::Same { stage: production.clone(), version: Version(2) }
    );
    assert!(matches!(journal.plan(&to("unheard of")), Err(RollbackRefusal::NeverHeld { .. })));
    let state = journal.state();
    let damage = |_: SnapshotId| Some(Unfit::Damaged("cut".to_owned()));
    let refused = plan(&state, &production, &to("a"), state.time().unwrap(), &damage).unwrap_err();
    assert_eq!(refused, RollbackRefusal::Damaged { version: Version(1), reason: "cut".to_owned() });
    let empty = plan(&state, &stage("staging"), &BACK, state.time().unwrap(), &|_| None).unwrap_err();
    assert_eq!(empty, RollbackRefusal::Empty { stage: stage("staging"), retired: None });
}

/// What is gone back to by name with the block lifted is not blocked afterwards, however it had been blocked.
#[test]
fn a_block_needs_to_be_lifted_and_then_is() {
    for (of, by) in [(Some("production"), "a"), (None, "a"), (Some("production"), "twin"), (None, "twin")] {
        let journal = Journal::new();
        journal.snapshot_with("a", "files of a");
        journal.snapshot("b");
        journal.snapshot_with("twin", "files of a");
        journal.release("a");
        journal.release("b");
        block(&journal, by, of);
        let refused = journal.plan(&to("a")).unwrap_err();
        assert_eq!(refused, RollbackRefusal::Blocked { version: Version(1), reason: "biased".to_owned() });
        let request = RollbackRequest { unblock: true, ..to("a") };
        assert_eq!(journal.rollback("production", &request).unwrap(), Some(Version(1)));
        let tree = Some(crate::support::journal::tree("files of a"));
        let still = journal.state().block(snapshot("a"), tree, &stage("production")).cloned();
        assert_eq!(still, None, "blocked for {of:?} by {by}");
        assert!(is_blocked(&journal, "b"));
    }
}

/// A rollback is one event, which says all of it.
#[test]
fn one_event() {
    let journal = released(&["a", "b"]);
    let before = journal.state().seq();
    journal.rollback("production", &BACK).unwrap();
    assert_eq!(journal.state().seq(), before + 1);
    let file = journal.registry.event(&crate::support::journal::model(), before + 1).unwrap().unwrap();
    assert_eq!(file.value["kind"], "rollback");
    assert_eq!(file.value["blocks"][0], snapshot("b").to_string());
    assert_eq!(file.value["replaces"], snapshot("b").to_string());
}

/// What came back holds the stage on the certificate it had been promoted on.
#[test]
fn it_keeps_its_certificate() {
    let journal = Journal::new();
    journal.snapshot("a");
    journal.snapshot("b");
    let rules = crate::support::journal::certified_rules("a");
    let certificate = journal.certify("a", &journal.pass());
    journal.promote("a", "production", &rules).unwrap();
    journal.certify("b", &journal.pass());
    journal.promote("b", "production", &rules).unwrap();
    journal.rollback("production", &BACK).unwrap();
    assert_eq!(journal.state().occupant(&stage("production")).unwrap().certificate, Some(certificate));
}

/// A version with the very model files of the one that is fled is no way out: it would be blocked the moment it held the stage.
#[test]
fn the_same_files_under_another_number_are_no_way_out() {
    let journal = Journal::new();
    journal.snapshot_with("a", "files of a");
    journal.snapshot_with("twin", "files of c");
    journal.snapshot_with("c", "files of c");
    for name in ["a", "twin", "c"] {
        journal.release(name);
    }
    journal.rollback("production", &BACK).unwrap();
    let state = journal.state();
    let occupant = state.occupant(&stage("production")).unwrap();
    let tree = state.version(occupant.version).map(|v| v.model_tree);
    let block = state.block(occupant.snapshot, tree, &stage("production"));
    assert_eq!((occupant.version, block), (Version(1), None));
}

/// Who names it gets it, and then nothing is blocked: the block would be on both.
#[test]
fn the_same_files_can_be_named() {
    let journal = Journal::new();
    journal.snapshot_with("twin", "files of c");
    journal.snapshot_with("c", "files of c");
    journal.release("twin");
    journal.release("c");
    let left = journal.plan(&BACK).unwrap_err();
    let RollbackRefusal::NothingLeft { skipped, .. } = left else { panic!("{left:?}") };
    assert_eq!(skipped[0].reason, "its model files are those of v2");
    assert_eq!(journal.rollback("production", &to("twin")).unwrap(), Some(Version(1)));
    assert!(journal.state().blocks.is_empty());
}
