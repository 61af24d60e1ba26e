//! Calls that fail on the real disk, one after the other. An fsync that failed is the end of what it was for: the data may be
//! gone, and a second one that succeeds says nothing.

use super::disturbed::{Call, Disturbance, Disturbed};
use super::harness::Bad;
use super::harness::error_object;
use crate::support::faulty::{EIO, ENOSPC};
use crate::support::history::Seen;

/// Nobody syncs a file again whose sync has failed, nor gives it a name.
#[track_caller]
fn given_up(calls: &[Call], n: u64) {
    let failed = calls.iter().position(|call| call.number == n).unwrap();
    let path = &calls[failed].path;
    for call in &calls[failed + 1..] {
        let named = ["rename", "linkat"].contains(&call.name.as_str());
        let again = ["fsync", "fdatasync", "write", "pwrite"].contains(&call.name.as_str()) || named;
        assert!(!(again && call.path == *path), "after it failed: {call:?}\n{calls:?}");
    }
}

/// Lets each call of `line` fail that counts; the calls.
fn fails_everywhere(disturbed: &Disturbed, line: &str, error: i32) -> Vec<Call> {
    disturbed.keep();
    let before = disturbed.inspect(line);
    let (shown, all) = disturbed.run(line, Disturbance::None);
    shown.exits(0);
    let after = disturbed.inspect(line);
    let json = format!("{line} --json");
    for n in 1..=all.iter().map(|call| call.number).max().unwrap() {
        disturbed.put_back();
        let (shown, calls) = disturbed.run(&json, Disturbance::Fails(n, error));
        let context = format!("{line}, failed in call {n}: {:?}\n{shown}", calls.iter().find(|call| call.number == n));
        let seen = disturbed.inspect(&context);
        let begun = before.events == 0 && seen == Seen { events: 1, ..before.clone() };
        assert!(seen == before || seen == after || begun, "{context}: {seen:?}");
        let name = &calls.iter().find(|call| call.number == n).unwrap().name;
        if name.contains("sync") {
            given_up(&calls, n);
        }
        if shown.code == Some(0) {
            // Whatever is only tidied up, or remembered for speed, may fail.
            assert!(seen == after && !name.contains("sync"), "{context}: {seen:?}");
        } else {
            error_object(&shown, &Bad { exit: 8, message: &[], hint: &[] });
        }
        disturbed.project.ok(line);
        assert_eq!(disturbed.inspect(&context), after, "{context}, again");
        disturbed.no_temp_files(&context);
    }
    all
}

#[test]
fn a_failed_sync_is_not_tried_again() {
    let mut first = Disturbed::new("fsync fdatasync");
    let calls = fails_everywhere(&first, "init", EIO);
    assert!(calls.iter().any(|call| call.to.ends_with(".mlrun/format.json")), "{calls:?}");
    first.project.ok("init");
    first.train();
    fails_everywhere(&first, "snapshot fraud", EIO);
    let disturbed = Disturbed::with_history("fsync fdatasync");
    let calls = fails_everywhere(&disturbed, "snapshot fraud", EIO);
    // The pack, its folder, the event, its folder: in this order, and nothing is named before it was synced.
    let synced: Vec<_> = calls.iter().filter(|call| call.number > 0).collect();
    assert_eq!(synced.len(), 4, "{synced:?}");
    for named in calls.iter().filter(|call| ["rename", "linkat"].contains(&call.name.as_str())) {
        let durable =
            ["packs", "journal"].iter().any(|folder| named.to.starts_with(disturbed.project.store().join(folder)));
        assert!(!durable || synced.iter().any(|call| call.path == named.path), "{named:?} {synced:?}");
    }
    fails_everywhere(&disturbed, "certify v3", EIO);
    fails_everywhere(&disturbed, "promote v3 --to production", EIO);
    fails_everywhere(&disturbed, "rollback fraud --from v3 --reason slow", EIO);
}

#[test]
fn a_failed_sync_of_a_collection() {
    let disturbed = Disturbed::with_history("fsync fdatasync");
    disturbed.project.ok("snapshot fraud");
    disturbed.project.ok("drop v3 --reason diverged");
    for line in ["gc", "gc --now"] {
        fails_everywhere(&disturbed, line, EIO);
        disturbed.put_back();
    }
}

/// A disk that is full at any one moment, half of what is to be written on it.
#[test]
fn any_call_fails() {
    let disturbed = Disturbed::with_history("");
    fails_everywhere(&disturbed, "snapshot fraud", ENOSPC);
    fails_everywhere(&disturbed, "drop v3 --reason diverged", ENOSPC);
    fails_everywhere(&disturbed, "gc --now", ENOSPC);
}
