//! Many at once: no event is lost, versions are dense, and of two moves one wins.

use std::ffi::OsStr;
use std::process::{Child, Stdio};

use serde_json::Value;

use super::disturbed;
use super::harness::Project;

/// Starts all of them before any is waited for: exit code and object of each.
fn at_once(project: &Project, lines: &[String]) -> Vec<(i32, Value)> {
    at_once_with(project, lines, &[])
}

/// The same, with these variables set.
fn at_once_with(project: &Project, lines: &[String], variables: &[(&str, &OsStr)]) -> Vec<(i32, Value)> {
    let start = |line: &String| -> Child {
        let words: Vec<&str> = line.split(' ').chain(["--json"]).collect();
        let mut command = project.command(&words);
        command.envs(variables.iter().copied());
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let children: Vec<Child> = lines.iter().map(start).collect();
    let finish = |child: Child| {
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        let object = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}{errors}"));
        (output.status.code().unwrap(), object)
    };
    children.into_iter().map(finish).collect()
}

/// The chain is whole and every stage move replaces what was there.
#[track_caller]
fn consistent(project: &Project) {
    project.ok("verify --full");
    let events = project.events();
    for (place, event) in events.iter().enumerate() {
        assert_eq!(event["seq"], place as u64 + 1);
        assert_eq!(event["prev"], place.checked_sub(1).map_or(Value::Null, |before| events[before]["id"].clone()));
    }
    let mut holds = Value::Null;
    for event in events.iter().filter(|e| e["kind"] == "promote" || e["kind"] == "rollback") {
        assert_eq!(event["replaces"], holds, "{event}");
        holds = event["snapshot"].clone();
    }
}

#[test]
fn twenty_snapshots_at_once() {
    let project = Project::tiny();
    // The first of them all makes the journal, too.
    let lines: Vec<_> = (0..20).map(|n| format!("snapshot fraud --param run={n}")).collect();
    let done = at_once(&project, &lines);
    let mut versions = Vec::new();
    for (code, object) in &done {
        assert_eq!(*code, 0, "{object}");
        versions.push(object["version"].as_str().unwrap()[1..].parse::<u32>().unwrap());
    }
    versions.sort_unstable();
    assert_eq!(versions, (1..=20).collect::<Vec<_>>(), "dense");
    assert_eq!(project.events_of("snapshot").len(), 20);
    assert_eq!(project.events_of("create").len(), 1);
    consistent(&project);
    for (_, object) in &done {
        // Every process was told the version that holds what it captured.
        let version = project.json(&format!("show {}", object["version"].as_str().unwrap()), 0);
        assert_eq!((&version["id"], &version["params"]["run"]), (&object["id"], &object["params"]["run"]));
    }
    assert!(!project.store().join("tmp").exists(), "no temp file stays");
}

#[test]
fn twenty_promotions_of_two_versions_at_once() {
    let project = Project::with_history();
    for round in 0..3 {
        let (one, two) = (0.72 + 0.01 * f64::from(round), 0.725 + 0.01 * f64::from(round));
        let versions = [project.version(one), project.version(two)];
        versions.iter().for_each(|version| drop(project.ok(&format!("certify {version}"))));
        let moves = project.events_of("promote").len();
        let lines: Vec<_> = (0..20).map(|n| format!("promote {} --to production", versions[n % 2])).collect();
        let done = at_once(&project, &lines);
        let won: Vec<_> = done.iter().filter(|(_, object)| object["event"].is_object()).collect();
        assert_eq!(won.len(), 1, "exactly one moved the stage");
        let winner = won[0].1["version"].as_str().unwrap();
        assert_eq!((won[0].0, project.production().as_str()), (0, winner));
        assert_eq!(project.events_of("promote").len(), moves + 1);
        for (code, object) in &done {
            match (code, object["version"].as_str() == Some(winner)) {
                (0, true) => assert!(object["event"].is_object() || object["unchanged"] == true, "{object}"),
                (5, _) => assert_eq!(object["verdict"], "REFUSED", "{object}"),
                _ => panic!("neither won, nor held already, nor lost: {code} {object}"),
            }
        }
        let losers: Vec<_> = done.iter().filter(|(code, _)| *code == 5).collect();
        assert!(losers.len() >= 10, "all of the other version lost");
        for (_, object) in losers {
            // Who lost is told to whom.
            let reasons = object["reasons"].to_string();
            assert!(reasons.contains(&format!("{winner} ")) || reasons.contains(&format!("{winner},")), "{object}");
        }
        consistent(&project);
    }
}

#[test]
fn rollbacks_at_once_go_back_once() {
    let project = Project::with_history();
    let lines: Vec<_> = (0..12).map(|_| "rollback fraud --reason slow".to_owned()).collect();
    let done = at_once(&project, &lines);
    assert_eq!(done.iter().filter(|(code, _)| *code == 0).count(), 1);
    assert!(done.iter().all(|(code, _)| [0, 5].contains(code)));
    assert_eq!((project.production().as_str(), project.events_of("rollback").len()), ("v2", 1));
    let lines: Vec<_> = (0..12).map(|_| "rollback fraud --from v2 --reason slow".to_owned()).collect();
    let done = at_once(&project, &lines);
    assert!(done.iter().all(|(code, _)| *code == 0), "repeating it is no error");
    assert_eq!(done.iter().filter(|(_, object)| object["unchanged"] == false).count(), 1);
    assert_eq!((project.production().as_str(), project.events_of("rollback").len()), ("v1", 2));
    consistent(&project);
}

#[test]
fn different_verbs_at_once_lose_nothing() {
    let project = Project::with_history();
    project.version(0.72);
    let mut lines = Vec::new();
    for n in 0..6 {
        lines.push(format!("snapshot fraud --param run={n}"));
        lines.push("certify fraud@v4".to_owned());
        lines.push(format!("block fraud@v{} --reason slow", n % 2 + 1));
        lines.push("verify".to_owned());
        lines.push("list fraud".to_owned());
    }
    for (line, (code, object)) in lines.iter().zip(at_once(&project, &lines)) {
        assert_eq!(code, 0, "{line}: {object}");
    }
    assert_eq!(project.events_of("snapshot").len(), 10);
    assert_eq!(project.events_of("certify").len(), 4, "the same certificate is in force once");
    assert_eq!(project.events_of("block").len(), 2);
    consistent(&project);
}

/// Every writing verb at once, several times over: whoever was told of an event finds it in the journal, and the journal holds
/// nothing else.
#[test]
fn all_writing_verbs_at_once() {
    let project = Project::with_history();
    project.version(0.72);
    project.write("samples.csv", "ms\n1.5\n2.5\n");
    let mut told: Vec<(u64, String)> = Vec::new();
    let before = project.events().len();
    for round in 0..3 {
        let lines: Vec<String> = [
            "snapshot fraud --param run=ROUND",
            "certify fraud@v4",
            "certify fraud@v5",
            "promote fraud@v4 --to production",
            "promote fraud@v2 --to production",
            "rollback fraud --from v3 --reason slow.ROUND",
            "rollback fraud --to v1 --unblock --reason back.ROUND",
            "block fraud@v4 --reason biased.ROUND",
            "unblock fraud@v4",
            "waive fraud@v4 --rule auc --expires 2099-01-01 --reason known.ROUND",
            "attach fraud@v2 samples.csv --set latency --column ms",
            "drop fraud@v5 --reason diverged.ROUND",
            "retire fraud --stage production --reason unused.ROUND",
            "policy adopt --reason agreed.ROUND",
            "gc",
        ]
        .iter()
        .map(|line| line.replace("ROUND", &round.to_string()))
        .collect();
        for (line, (code, object)) in lines.iter().zip(at_once(&project, &lines)) {
            assert!([0, 1, 2, 3, 5, 6].contains(&code), "{line}: {code} {object}");
            let event = object["event"].as_object().filter(|_| line != "gc");
            assert!(event.is_none() || code == 0, "{line}: {code} {object}");
            told.extend(event.map(|event| (event["seq"].as_u64().unwrap(), event["id"].as_str().unwrap().to_owned())));
        }
    }
    told.sort();
    let events = project.events();
    // `certify` tells of its certificate, not of the event.
    let found: Vec<(u64, String)> = events[before..]
        .iter()
        .filter(|event| event["kind"] != "certify")
        .map(|event| (event["seq"].as_u64().unwrap(), event["id"].as_str().unwrap().to_owned()))
        .collect();
    assert_eq!(told, found, "nothing is lost, and nothing is there that nobody was told of");
    let kinds: std::collections::BTreeSet<&str> =
        events[before..].iter().map(|e| e["kind"].as_str().unwrap()).collect();
    assert!(kinds.len() >= 6, "{kinds:?}");
    project.ok("verify --full");
}

#[test]
fn one_begins_and_all_find_the_same_history() {
    let project = Project::empty();
    project
        .write("model/w", "w")
        .write("params.yaml", "seed: 1\n")
        .write("mlrun.toml", "schema = 1\n\n[model.fraud]\nfiles = [\"model/\"]\n");
    let done = at_once(&project, &vec!["init".to_owned(); 8]);
    let store: Value =
        serde_json::from_str(&std::fs::read_to_string(project.path(".mlrun/format.json")).unwrap()).unwrap();
    assert!(done.iter().any(|(code, _)| *code == 0));
    assert!(
        project.read("mlrun.toml").contains(store["repository"].as_str().unwrap()),
        "{}",
        project.read("mlrun.toml")
    );
    assert_eq!(project.read("mlrun.toml").matches("repository = ").count(), 1);
    project.ok("snapshot fraud");
}

/// A folder on which locks are refused, and one on which they keep nobody out, as network file systems have them: creation
/// decides, nobody's files are swept away under them, and nothing is moved as if nobody else could be there.
#[test]
#[cfg(target_os = "linux")]
fn without_locks_creation_decides() {
    for locks in ["none", "idle"] {
        let project = Project::with_history();
        let library = disturbed::library(&project);
        let variables = [("LD_PRELOAD", library.as_os_str()), ("DISTURB_LOCKS", OsStr::new(locks))];
        let versions = [project.version(0.72), project.version(0.73)];
        versions.iter().for_each(|version| drop(project.ok(&format!("certify {version}"))));
        let current = project.production();
        let lines: Vec<_> = (0..12)
            .map(|n| match n % 3 {
                2 => format!("snapshot fraud --param run={n}"),
                place => format!("promote {} --to production --expect-current {current}", versions[place]),
            })
            .collect();
        let done = at_once_with(&project, &lines, &variables);
        let moved: Vec<_> =
            done.iter().zip(&lines).filter(|((_, o), l)| l.starts_with("promote") && o["event"].is_object()).collect();
        assert_eq!(moved.len(), 1, "{locks}: {done:?}");
        for ((code, object), line) in done.iter().zip(&lines) {
            match (line.starts_with("snapshot"), object["event"].is_object()) {
                (true, _) | (_, true) => assert_eq!(*code, 0, "{locks}, {line}: {object}"),
                // Who comes late finds the winner there already, or another one.
                (_, false) => assert!([0, 5].contains(code), "{locks}, {line}: {object}"),
            }
        }
        assert_eq!(project.events_of("snapshot").len(), 9, "{locks}");
        consistent(&project);
        let collected = at_once_with(&project, &["gc".to_owned()], &variables);
        assert!(collected[0].0 == 8 || collected[0].1["event"].is_null(), "{locks}: {collected:?}");
    }
}
