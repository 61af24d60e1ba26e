//! `kill -9` in every call that changes the disk, and at moments in between: what was told is done, what was not is old or
//! new, and the next run finds nothing in its way.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use mlrun::digest::Digest;

use super::disturbed::{Disturbance, Disturbed};
use crate::support::history::Seen;

/// Kills a command in each of its calls; how many they were.
fn killed_everywhere(disturbed: &Disturbed, line: &str) -> u64 {
    disturbed.keep();
    let before = disturbed.inspect(line);
    let (shown, calls) = disturbed.run(line, Disturbance::None);
    shown.exits(0);
    let after = disturbed.inspect(line);
    let count = calls.iter().map(|call| call.number).max().unwrap();
    for n in 1..=count {
        disturbed.put_back();
        let (shown, calls) = disturbed.run(line, Disturbance::Dies(n));
        let context = format!("{line}, killed in call {n}: {:?}", calls.last());
        // A cleaner exit may have needed fewer calls: then it has to be a success.
        assert!(shown.code.is_none() || (shown.code == Some(0) && calls.len() < n as usize), "{context}\n{shown}");
        survived(disturbed, line, &before, &after, !shown.stdout.is_empty(), &context);
    }
    count
}

/// What must hold after a kill, and that the same command then goes through.
fn survived(disturbed: &Disturbed, line: &str, before: &Seen, after: &Seen, told: bool, context: &str) {
    let seen = disturbed.inspect(context);
    // The journal of a model begins with an event of its own.
    let begun = before.events == 0 && seen == Seen { events: 1, ..before.clone() };
    assert!(seen == *before || seen == *after || begun, "{context}: {seen:?}");
    assert!(!told || seen == *after, "{context}: told, and not there: {seen:?}");
    disturbed.project.ok(line);
    assert_eq!(disturbed.inspect(context), *after, "{context}, again");
    disturbed.no_temp_files(context);
}

#[test]
fn init_and_the_first_snapshot() {
    let mut disturbed = Disturbed::new("");
    assert!(killed_everywhere(&disturbed, "init") >= 8);
    disturbed.train();
    assert!(killed_everywhere(&disturbed, "snapshot fraud") >= 20);
}

#[test]
fn snapshot() {
    assert!(killed_everywhere(&Disturbed::with_history(""), "snapshot fraud") >= 20);
}

/// Killed between giving a pack its name and making the name durable: whoever finds the pack makes up for that before an
/// event rests on it.
#[test]
fn a_name_that_was_not_durable() {
    let disturbed = Disturbed::with_history("");
    disturbed.keep();
    let packs = disturbed.project.store().join("packs");
    let (_, calls) = disturbed.run("snapshot fraud", Disturbance::None);
    let synced = calls.iter().find(|call| call.name == "fsync" && call.path == packs).unwrap();
    disturbed.put_back();
    let (shown, _) = disturbed.run("snapshot fraud", Disturbance::Dies(synced.number));
    assert_eq!(shown.code, None);
    let (shown, calls) = disturbed.run("snapshot fraud", Disturbance::None);
    shown.exits(0);
    assert!(!calls.iter().any(|call| call.to.starts_with(&packs)), "the pack is there: {calls:?}");
    let synced = calls.iter().position(|call| call.name == "fsync" && call.path == packs);
    let event = calls.iter().position(|call| call.name == "linkat");
    assert!(synced.is_some() && synced < event, "{calls:?}");
}

#[test]
fn certify_promote_rollback() {
    let disturbed = Disturbed::with_history("");
    disturbed.project.ok("snapshot fraud");
    assert!(killed_everywhere(&disturbed, "certify v3") >= 8);
    disturbed.put_back();
    disturbed.project.ok("certify v3");
    assert!(killed_everywhere(&disturbed, "promote v3 --to production") >= 6);
    assert!(killed_everywhere(&disturbed, "rollback fraud --from v3 --reason slow") >= 6);
}

#[test]
fn drop_and_gc() {
    let disturbed = Disturbed::with_history("");
    disturbed.project.ok("snapshot fraud");
    assert!(killed_everywhere(&disturbed, "drop v3 --reason diverged") >= 6);
    for line in ["gc", "gc --now"] {
        assert!(killed_everywhere(&disturbed, line) >= 10);
        disturbed.put_back();
    }
}

/// At moments that fall anywhere: while blocks are encoded, while a thread writes behind the program's back.
fn at_any_moment(disturbed: &Disturbed, line: &str, left: &dyn Fn(&str)) {
    const MOMENTS: u32 = 12;
    disturbed.keep();
    let before = disturbed.inspect(line);
    let began = Instant::now();
    disturbed.project.ok(line);
    let whole = began.elapsed();
    let after = disturbed.inspect(line);
    for moment in 1..=MOMENTS {
        disturbed.put_back();
        let mut command = disturbed.project.command(&line.split(' ').collect::<Vec<_>>());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let began = Instant::now();
        let wait: Duration = whole * moment / MOMENTS;
        while began.elapsed() < wait {
            std::thread::yield_now();
        }
        // One that is done already cannot be killed any more.
        let _ = child.kill();
        let output = child.wait_with_output().unwrap();
        let context = format!("{line}, killed after {wait:?} of {whole:?}");
        left(&context);
        survived(disturbed, line, &before, &after, !output.stdout.is_empty(), &context);
    }
}

#[test]
fn snapshot_at_any_moment() {
    at_any_moment(&Disturbed::with_history(""), "snapshot fraud", &|_| {});
}

/// A bundle has its name when it is whole, and not before; what was begun is gone with the next.
#[test]
fn bundle() {
    let mut disturbed = Disturbed::new("");
    disturbed.project.ok("init");
    disturbed.train();
    disturbed.project.ok("snapshot fraud");
    disturbed.project.ok("bundle v1 -o ../whole.tar.gz");
    let whole = Digest::of(&fs::read(disturbed.project.beside("whole.tar.gz")).unwrap());
    let file = disturbed.project.path("case.tar.gz");
    let is_whole_or_none = |context: &str| {
        let found = fs::read(&file).ok().map(|bytes| Digest::of(&bytes));
        assert!(found.is_none_or(|found| found == whole), "{context}: half a bundle has its name");
    };
    let line = "bundle v1 -o case.tar.gz --force";
    disturbed.keep();
    let (_, calls) = disturbed.run(line, Disturbance::None);
    let count = calls.iter().map(|call| call.number).max().unwrap();
    assert!(count >= 4, "{calls:?}");
    let before = disturbed.inspect(line);
    for n in 1..=count {
        disturbed.put_back();
        let (shown, calls) = disturbed.run(line, Disturbance::Dies(n));
        let context = format!("{line}, killed in call {n}: {:?}", calls.last());
        assert!(shown.stdout.is_empty() || file.exists(), "{context}: told, and not there");
        is_whole_or_none(&context);
        survived(&disturbed, line, &before, &before, false, &context);
        assert_eq!(Digest::of(&fs::read(&file).unwrap()), whole, "{context}, again");
        let left = fs::read_dir(disturbed.project.path("")).unwrap().map(|entry| entry.unwrap().file_name());
        let left: Vec<_> = left.filter(|name| name.to_string_lossy().ends_with(".bundling")).collect();
        assert!(left.is_empty(), "{context}: {left:?}");
    }
    disturbed.put_back();
    at_any_moment(&disturbed, line, &is_whole_or_none);
}

/// What comes from elsewhere is here as a whole, or not at all.
#[test]
fn import() {
    let there = Disturbed::with_history("");
    there.project.ok("snapshot fraud");
    let mut here = Disturbed::new("");
    here.project.ok("init");
    for (version, name) in [("v2", "small"), ("v3", "large")] {
        let bundle = here.project.beside(&format!("{name}.tar.gz")).display().to_string();
        there.project.ok(&format!("bundle {version} -o {bundle}"));
    }
    here.files = vec![there.files[1].clone()];
    assert!(killed_everywhere(&here, "import ../small.tar.gz") >= 10);
    here.put_back();
    here.files = vec![there.files[2].clone()];
    at_any_moment(&here, "import ../large.tar.gz", &|_| {});
}
