//! Programs that are watched: what they leave running, and what they may write.
#![cfg(target_os = "linux")]

use std::ffi::{OsStr, OsString};
use std::fs;
use std::time::{Duration, Instant};

use mlrun::process::{Ended, Program, Watched, run_watched};

fn run(folder: &std::path::Path, script: &str, change: impl Fn(&mut Watched<'_>)) -> (Ended, String) {
    let arguments = [OsString::from("-c"), OsString::from(script)];
    let mut what = Watched::new(Program::new(OsStr::new("sh"), &arguments, folder));
    change(&mut what);
    let mut said = Vec::new();
    let ended = run_watched(&what, &mut |bytes| said.extend_from_slice(bytes)).unwrap();
    (ended, String::from_utf8(said).unwrap())
}

/// What nobody waits for any more has ended, too.
fn runs(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    stat.rsplit(") ").next().is_some_and(|rest| !stat.is_empty() && !rest.starts_with(['Z', 'X']))
}

#[test]
fn nothing_outlives_a_program_that_is_alone() {
    let temp = tempfile::tempdir().unwrap();
    // Its parent ends at once, so nobody knows any more who started it but the group.
    let script = "(sleep 600 & echo $! > pid); echo done";
    let began = Instant::now();
    let (ended, said) = run(temp.path(), script, |what| what.alone = true);
    assert_eq!((ended.status, said.as_str(), ended.timed_out), (Some(0), "done\n", false));
    assert!(began.elapsed() < Duration::from_secs(300), "it was waited for");
    assert!(!runs(&fs::read_to_string(temp.path().join("pid")).unwrap()));
    // Nor one whose time is up.
    let (ended, _) = run(temp.path(), &format!("{script}; exec sleep 600"), |what| {
        what.alone = true;
        what.limit = Some(Duration::from_millis(300));
    });
    assert!(ended.timed_out && ended.status.is_none(), "{ended:?}");
    assert!(!runs(&fs::read_to_string(temp.path().join("pid")).unwrap()));
}

#[test]
fn no_file_is_longer_than_it_may_be() {
    let temp = tempfile::tempdir().unwrap();
    let script = "sleep 0.2; head -c 3000000 /dev/zero > long; echo $?";
    let (_, said) = run(temp.path(), script, |what| what.longest_file = Some(1 << 20));
    assert_ne!(said.lines().last(), Some("0"), "{said}");
    assert_eq!(fs::metadata(temp.path().join("long")).unwrap().len(), 1 << 20);
}

#[test]
fn an_answer_goes_where_it_should_and_memory_is_seen() {
    let temp = tempfile::tempdir().unwrap();
    let file = fs::File::create(temp.path().join("answer")).unwrap();
    let (ended, said) = run(temp.path(), "echo answer; echo noise >&2; sleep 0.1", |_| {});
    assert_eq!((said.as_str(), ended.status), ("answer\nnoise\n", Some(0)));
    let arguments = [OsString::from("-c"), OsString::from("echo answer; echo noise >&2; sleep 0.1")];
    let what = Watched { answer: Some(&file), ..Watched::new(Program::new(OsStr::new("sh"), &arguments, temp.path())) };
    let mut said = Vec::new();
    let ended = run_watched(&what, &mut |bytes| said.extend_from_slice(bytes)).unwrap();
    assert_eq!(
        (said.as_slice(), fs::read(temp.path().join("answer")).unwrap().as_slice()),
        (&b"noise\n"[..], &b"answer\n"[..])
    );
    // A shell takes some hundred kilobytes at least.
    assert!(ended.usage.peak_memory.is_some_and(|bytes| (1 << 17..1 << 30).contains(&bytes)), "{ended:?}");
    assert!((Duration::from_millis(100)..Duration::from_secs(60)).contains(&ended.took), "{ended:?}");
}

/// A program need not read what it is given, and may read all of it.
#[test]
fn what_a_program_is_given_to_read() {
    let temp = tempfile::tempdir().unwrap();
    let input = vec![b'x'; 4 << 20];
    let given = |script: &str| {
        let arguments = [OsString::from("-c"), OsString::from(script)];
        let program = Program::new(OsStr::new("sh"), &arguments, temp.path());
        let what = Watched { input: Some(&input), ..Watched::new(program) };
        let mut said = Vec::new();
        let ended = run_watched(&what, &mut |bytes| said.extend_from_slice(bytes)).unwrap();
        (ended.status, String::from_utf8(said).unwrap().trim().to_owned())
    };
    assert_eq!(given("wc -c"), (Some(0), (4 << 20).to_string()));
    assert_eq!(given("head -c 3"), (Some(0), "xxx".to_owned()));
    assert_eq!(given("exit 3"), (Some(3), String::new()));
    // Without anything there is nothing to wait for.
    assert_eq!(run(temp.path(), "cat; echo end", |_| ()).1, "end\n");
}

/// What is left running may go on where that is what it was started for, but not beyond its time.
#[test]
fn what_may_outlive_a_program() {
    let temp = tempfile::tempdir().unwrap();
    let script = "(read x < door) > /dev/null 2>&1 & echo $! > pid; wait_for_it";
    let made = std::process::Command::new("mkfifo").arg(temp.path().join("door")).status().unwrap();
    assert!(made.success());
    let alone = |what: &mut Watched<'_>| (what.alone, what.leaves) = (true, true);
    run(temp.path(), &script.replace("wait_for_it", "exit 0"), alone);
    let pid = fs::read_to_string(temp.path().join("pid")).unwrap();
    assert!(runs(&pid), "it serves");
    fs::write(temp.path().join("door"), "end\n").unwrap();
    let (ended, _) = run(temp.path(), &script.replace("wait_for_it", "wait"), |what| {
        alone(what);
        what.limit = Some(Duration::from_millis(300));
    });
    assert!(ended.timed_out && !runs(&fs::read_to_string(temp.path().join("pid")).unwrap()), "{ended:?}");
}
