//! Revisions and times: what was not found, what could be several, and what a moment in the past means.

use std::sync::Arc;

use mlrun::clock::SystemClock;
use mlrun::format::event::{ActorRecord, EventBody};
use mlrun::name::{ModelName, Version};
use mlrun::registry::{Decision, Registry};
use mlrun::store::disk::Disk;
use serde_json::Value;

use super::harness::{Bad, Project, shown};

/// The time an event was recorded with.
fn time(event: &Value) -> String {
    event["time"].as_str().unwrap().to_owned()
}

#[test]
fn what_is_not_there() {
    let project = Project::with_history();
    let cases: [(&str, &[&str], &[&str]); 10] = [
        ("v9", &["no v9", "newest is v3"], &["mlrun list fraud"]),
        ("fraud@v9", &["no v9"], &["v1 to v3"]),
        ("fraude@v1", &["no model `fraude`"], &["did you mean `fraud`?"]),
        ("fraud@prodution", &["no stage `prodution`"], &["did you mean `production`?"]),
        ("fraud@elsewhere", &["no stage `elsewhere`"], &["there are: production"]),
        ("abcdef0123", &["no snapshot's id begins with `abcdef0123`"], &["mlrun list"]),
        ("latest~9", &["further than there is history", "2 steps are"], &[]),
        ("production~7", &["further than there is history"], &[]),
        ("v1~1", &["further than there is history"], &[]),
        ("production@{2020-01-01T00:00Z}", &["held nothing", "2020-01-01"], &["mlrun log fraud"]),
    ];
    for (revision, message, hint) in cases {
        let bad = Bad { exit: 6, message, hint };
        project.fails(&format!("show {revision}"), &bad);
        project.fails(&format!("restore {revision} --to back"), &bad);
        project.fails(&format!("diff {revision}"), &bad);
    }
    let missing = Bad { exit: 6, message: &["no v9"], hint: &["v1 to v3"] };
    for line in
        ["promote v9 --to production", "block v9 --reason x", "certify v9", "bundle v9 -o b", "verify v9", "unblock v9"]
    {
        project.fails(line, &missing);
    }
    project.fails("rollback --from v9 --reason x", &missing);
    project.fails("rollback --to v9 --reason x", &missing);
}

/// An empty answer about something that is not there would look like "nothing happened".
#[test]
fn names_and_times_that_cannot_be_meant() {
    let project = Project::with_history();
    project.fails("status frau", &Bad { exit: 6, message: &["no model `frau`"], hint: &["`fraud`"] });
    project.fails("status nope", &Bad { exit: 6, message: &["no model `nope`"], hint: &["there are: fraud"] });
    let stage = Bad { exit: 6, message: &["no stage `prodution`"], hint: &["`production`"] };
    project.fails("log --stage prodution", &stage);
    project.ok("log --stage production --until 2020-01-01").says(&["no such events"]);
    let backwards = Bad { exit: 2, message: &["ends before it begins", "2026-02-01"], hint: &["--since"] };
    for line in ["at", "log"] {
        project.fails(&format!("{line} --since 2026-03-01T00:00Z --until 2026-02-01T00:00Z"), &backwards);
        project.ok(&format!("{line} --since 2026-03-01 --until 2026-03-01"));
    }
}

/// A name that no version has is said to be unknown: a column of dashes would look like an answer.
#[test]
fn values_that_no_version_has() {
    let project = Project::tiny();
    project.ok("snapshot fraud");
    project.write("metrics.json", "{\"auc\": 0.8, \"auc_pr\": 0.5, \"loss\": 1}").ok("snapshot fraud");
    let cases: [(&str, &str, &[&str]); 5] = [
        ("--metrics acu", "`acu`", &["did you mean `auc`"]),
        ("--metrics auc,auc_p", "`auc_p`", &["did you mean `auc_pr`, `auc`?"]),
        ("--params sede", "`sede`", &["did you mean `seed`?"]),
        ("--sort -los", "`los`", &["did you mean `loss`"]),
        ("--metrics throughput", "`throughput`", &["mlrun show fraud@latest"]),
    ];
    for (options, name, hint) in cases {
        let message = ["no version of `fraud`", name];
        project.fails(&format!("list fraud {options}"), &Bad { exit: 2, message: &message, hint });
    }
    // One that an older version has is known, whether or not that version is shown; and the only model need not be named.
    project.write("metrics.json", "{\"auc\": 0.7}").ok("snapshot fraud");
    let newest = project.json("list --metrics loss -n 1", 0);
    assert_eq!((newest["total"].as_u64(), newest["versions"].as_array().map(Vec::len)), (Some(3), Some(1)));
    assert!(newest["versions"][0]["values"]["loss"].is_null());
}

/// Each number from the oldest version to the newest, however they are sorted. What is no number is a gap, what never is one no line.
#[test]
fn numbers_over_the_versions() {
    let project = Project::tiny();
    for (auc, loss, note) in [("0.5", "NaN", "a"), ("0.9", "4", "b"), ("0.61", "2", "c"), ("0.77", "3", "d")] {
        let metrics = format!("{{\"auc\": {auc}, \"loss\": {loss}, \"note\": \"{note}\"}}");
        project.write("metrics.json", metrics).ok("snapshot fraud");
    }
    let drawn = "\nover v1 … v4\n  auc   0.5000  ▁█▃▆  0.9000\n  loss       2  ·█▁▅       4\n";
    for sort in ["", " --sort -auc"] {
        let shown = project.ok(&format!("list fraud --metrics auc,loss,note --trend{sort}"));
        assert!(shown.stdout.ends_with(drawn), "{shown}");
    }
    // Of one version nothing is drawn, and in a pipe only what was asked for.
    for line in ["list fraud --metrics auc --trend -n 1", "list fraud --metrics auc"] {
        assert!(!project.ok(line).stdout.contains("over"), "{line}");
    }
}

#[test]
fn what_is_no_revision() {
    let project = Project::tiny();
    project.ok("snapshot fraud");
    let cases = [
        ("v01", "v01"),
        ("fraud@", "empty"),
        ("ab1", "4 hex digits"),
        ("Fraud@v1", "not a name"),
        ("v1~x", "`~` wants a number"),
        ("production@{", "`@{` wants a time"),
        ("workspace~1", "no past"),
        ("production@{yesterday-ish}", "is not a time"),
    ];
    for (revision, word) in cases {
        project.fails(&format!("show {revision}"), &Bad { exit: 2, message: &[word], hint: &[] });
    }
    project
        .fails("show workspace", &Bad { exit: 2, message: &["workspace is not a version"], hint: &["mlrun snapshot"] });
    project.fails("promote workspace --to production", &Bad { exit: 2, message: &["workspace"], hint: &[] });
}

#[test]
fn a_model_without_versions() {
    let project = Project::tiny();
    let bad = Bad { exit: 6, message: &["`fraud` has no version yet"], hint: &["mlrun snapshot fraud"] };
    for line in
        ["show latest", "show fraud@v1", "diff", "certify", "log", "rollback --reason x", "promote v1 --to production"]
    {
        project.fails(line, &bad);
    }
    project.ok("status").says(&["no version yet"]);
    project.ok("list").says(&["fraud"]);
    project.ok("verify");
}

#[test]
fn the_workspace_is_no_version_yet() {
    let project = Project::tiny();
    project.ok("snapshot fraud");
    project.mlrun("certify").exits(3);
    project.write("params.yaml", "lr: 5\nseed: 7\n");
    let bad = Bad { exit: 6, message: &["not a version"], hint: &["mlrun snapshot fraud", "fraud@v1"] };
    project.fails("certify", &bad);
    project.leaves_alone("certify --check", 3).says(&["workspace", "nothing was written"]);
}

#[test]
fn an_ambiguous_prefix_lists_what_it_could_be() {
    let project = Project::tiny();
    let first = project.json("snapshot fraud", 0);
    // Two versions whose ids begin alike: nobody can make such files, but the journal only names ids.
    let backend = Arc::new(Disk::new(project.store()));
    let repository = project.json("status", 0)["repository"].as_str().unwrap().to_owned();
    let registry = Registry::new(backend, repository, Arc::new(SystemClock));
    let model = ModelName::new("fraud").unwrap();
    let row = registry.state(&model).unwrap().unwrap().versions[0];
    for (version, last) in [(2, '2'), (3, '3')] {
        let id = format!("\"abcd{}{last}\"", "0".repeat(59));
        let body = EventBody::Snapshot {
            version: Version(version),
            snapshot: serde_json::from_str(&id).unwrap(),
            parent: None,
            observation: row.observation,
            model_tree: row.model_tree,
        };
        let decide = |_: &_| Ok::<_, mlrun::registry::JournalError>(Decision::Append(body.clone(), ()));
        registry.commit(&model, &ActorRecord::default(), decide).unwrap();
    }
    let bad =
        Bad { exit: 2, message: &["`abcd`", "2 ids"], hint: &["more digits", "fraud@v2", "fraud@v3", "abcd00000000"] };
    project.fails("show abcd", &bad);
    project.fails("promote abcd --to production", &bad);
    let digits = format!("abcd{}2", "0".repeat(59));
    project.mlrun(&format!("block {digits} --reason x")).exits(0).says(&["fraud@v2"]);
    let id = first["id"].as_str().unwrap();
    for length in [4, 7, 64] {
        assert_eq!(project.ok(&format!("show {} --print version", &id[..length])).stdout, "fraud@v1\n");
    }
    // A version whose record is not there is damage, and is named.
    project.mlrun("show v2").exits(4).says(&["abcd00", "not in the store", "mlrun verify"]);
    project.mlrun("verify").exits(4).says(&["abcd0000", "fraud@v2"]);
}

#[test]
fn who_was_there_at_a_moment() {
    let project = Project::with_history();
    project.ok("rollback --reason slow");
    let moves: Vec<_> =
        project.events().into_iter().filter(|e| e["kind"] == "promote" || e["kind"] == "rollback").collect();
    assert_eq!(moves.len(), 4);
    for (event, version) in moves.iter().zip(["v1", "v2", "v3", "v2"]) {
        let at = time(event);
        assert_eq!(project.json(&format!("at {at} fraud"), 0)["stages"][0]["version"], version);
        let revision = format!("fraud@production@{{{at}}}");
        assert_eq!(project.ok(&format!("show {revision} --print version")).stdout, format!("fraud@{version}\n"));
        assert_eq!(
            project.ok(&format!("show production --at {at} --print version")).stdout,
            format!("fraud@{version}\n")
        );
    }
    // The millisecond before belongs to the occupant before.
    let last = time(&moves[3]);
    let held = project.json(&format!("at --since {last} --until {last}"), 0)["stages"].clone();
    assert_eq!(held[0]["version"], "v2");
    // TIME first, then steps back.
    let third = time(&moves[2]);
    let back = |n: u32| project.ok(&format!("show production@{{{third}}}~{n} --print version")).stdout;
    assert_eq!((back(0), back(1), back(2)), ("fraud@v3\n".into(), "fraud@v2\n".into(), "fraud@v1\n".into()));
    assert_eq!(project.ok("show production~1 --print version").stdout, "fraud@v3\n");
    let snapshots: Vec<_> = project.events().into_iter().filter(|e| e["kind"] == "snapshot").collect();
    assert_eq!(project.ok(&format!("show latest@{{{}}} --print version", time(&snapshots[1]))).stdout, "fraud@v2\n");
    // What was there before anything was.
    let before = project.json("at 2020-01-01T00:00Z", 0);
    assert_eq!(before["stages"].as_array().unwrap().len(), 0);
    project.ok("at 2020-01-01T00:00Z").says(&["nothing was in any stage"]);
    project.run(&["at", "3 days ago"]).exits(0);
    let ago = project.run(&["show", "production@{0 seconds ago}", "--print", "version"]).exits(0);
    assert_eq!(ago.stdout, "fraud@v2\n");
    // Restoring what was live then gives back its bytes.
    project.ok(&format!("restore production@{{{}}} --to then --only model", time(&moves[0])));
    assert_eq!(project.read("then/model/weights.bin"), "weights of 0.6\n");
}

#[test]
fn every_verb_that_takes_a_version_sees_the_past() {
    let project = Project::with_history();
    let then = time(&project.events_of("promote")[1]);
    for line in ["show production", "verify production", "restore production --to back", "diff production production"] {
        let past = project.json(&format!("{line} --at {then}"), 0);
        let named = past.get("version").or_else(|| past.get("a")).map(|v| v.as_str().unwrap().to_owned());
        assert!(named.is_none_or(|name| name.ends_with("v2")), "{line}: {past}");
    }
    assert_eq!(project.read("back/model/weights.bin"), "weights of 0.65\n");
    assert_eq!(project.json(&format!("bundle production -o b.tar.gz --at {then}"), 0)["version"], "v2");
    // Of the past too, `at` says on which certificate.
    let held = project.json(&format!("at {then}"), 0)["stages"][0]["certificate"].as_str().unwrap().to_owned();
    project.ok(&format!("at {then}")).says(&[&format!("certificate {}", &held[..12])]);
    assert_eq!(project.json(&format!("block production --at {then} --reason slow"), 0)["version"], "v2");
    assert_eq!(project.json(&format!("unblock production --at {then}"), 0)["version"], "v2");
    // What was not known then is not shown.
    project.ok("block v2 --reason leak");
    let then_known = project.json(&format!("show v2 --at {then}"), 0);
    assert_eq!(
        (then_known["blocks"].as_array().map(Vec::len), &then_known["stages"][0]),
        (Some(0), &"production".into())
    );
    assert_eq!(then_known["certificates"].as_array().map(Vec::len), Some(1));
    let taken = time(&project.events_of("snapshot")[1]);
    let before = project.json(&format!("show v2@{{{taken}}}"), 0);
    assert_eq!(
        (before["certificates"].as_array().map(Vec::len), before["stages"].as_array().map(Vec::len)),
        (Some(0), Some(0))
    );
    assert_eq!(project.json("show v2", 0)["blocks"].as_array().map(Vec::len), Some(1));
    let since = project.json(&format!("log --since {then}"), 0)["events"].as_array().unwrap().len();
    let until = project.json(&format!("log --until {then}"), 0)["events"].as_array().unwrap().len();
    assert_eq!(since + until, project.events().len() + 1, "that instant is in both");
}

#[test]
fn a_bare_date_is_its_end_unless_the_stage_changed_that_day() {
    let project = Project::with_history();
    let promotions: Vec<_> = project.events_of("promote").iter().map(time).collect();
    let day = &promotions[2][..10];
    let since = format!("v3 since {}", promotions[2].replace('T', " "));
    // All three moves may straddle midnight; the day of the last one is ambiguous in any case.
    let bad = Bad { exit: 2, message: &["`production` changed on", day], hint: &["give the hour", &since] };
    project.fails(&format!("show production@{{{day}}}"), &bad);
    project.fails(&format!("show production --at {day}"), &bad);
    project.fails(&format!("at {day}"), &bad);
    project.fails(&format!("restore production@{{{day}}} --to back"), &bad);
    assert_eq!(project.json("at 2020-02-29", 0)["time"], "2020-02-29T23:59:59.999Z");
    assert_eq!(project.json("at 2099-01-01", 0)["stages"][0]["version"], "v3");
    project.fails("at 2021-02-29", &Bad { exit: 2, message: &["is not a time"], hint: &[] });
    // Latest is not a stage: the end of the day is a plain answer.
    assert_eq!(project.ok(&format!("show latest@{{{day}}} --print version")).stdout, "fraud@v3\n");
}

#[test]
fn a_time_without_a_zone_is_refused_with_this_machines() {
    let project = Project::with_history();
    for (zone, offset) in [("UTC", "+00:00"), ("<+02>-2", "+02:00"), ("<-0330>3:30", "-03:30")] {
        for line in ["at 2026-03-01T12:00", "show production@{2026-03-01T12:00}", "log --since 2026-03-01T12:00"] {
            let words: Vec<_> = line.split(' ').collect();
            let refused = shown(project.command(&words).env("TZ", zone)).exits(2);
            let whole = format!("2026-03-01T12:00{offset}");
            refused.says(&["error: `2026-03-01T12:00` has no time zone", offset, &whole]);
        }
    }
    project.ok("at 2026-03-01T12:00+02:00");
}
