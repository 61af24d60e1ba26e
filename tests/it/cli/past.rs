//! The past: `at` for an instant and for a span, `log` and its filters, the life of a version.

use std::sync::Arc;
use std::time::Duration;

use mlrun::clock::Clock;
use mlrun::format::event::{ActorRecord, EventBody, HookOutcome, HookWhen, SubjectRecord};
use mlrun::name::{ModelName, StageName, Version};
use mlrun::ops::VerbError;
use mlrun::registry::{Decision, State};
use mlrun::repository::{OpenOptions, Repository};
use serde_json::Value;

use super::harness::Project;
use crate::support::clock::FixedClock;

/// The project's journal, written to by the library at times of our own.
struct Writer {
    repository: Repository,
    clock: Arc<FixedClock>,
}

fn fraud() -> ModelName {
    ModelName::new("fraud").unwrap()
}

fn production() -> StageName {
    StageName::new("production").unwrap()
}

impl Writer {
    fn of(project: &Project, time: &str) -> Self {
        let clock = FixedClock::at(time);
        let options = OpenOptions { start: project.path(""), store: None, clock: Arc::clone(&clock) as Arc<dyn Clock> };
        Self { repository: Repository::open(&options).unwrap(), clock }
    }

    /// One event an hour later, by `who`.
    fn event(&self, who: &str, body: impl Fn(&State) -> EventBody) -> u64 {
        self.clock.advance(Duration::from_secs(3600));
        let actor = ActorRecord { name: Some(who.to_owned()), ..ActorRecord::default() };
        let append = |state: &State| Ok::<_, VerbError>(Decision::Append(body(state), ()));
        let committed = self.repository.registry().commit(&fraud(), &actor, append).unwrap();
        committed.event.unwrap().0.seq
    }

    fn approve(&self, who: &str, version: u32) -> u64 {
        self.event(who, |state| EventBody::Approve {
            subject: SubjectRecord::Version { version: Version(version), snapshot: snapshot(state, version) },
            stage: production(),
            role: "risk".to_owned(),
            person: format!("{}@example.org", who.to_lowercase()),
            certificate: None,
            statement: mlrun::digest::Digest::of(b"statement"),
            signature: (version == 2).then(|| mlrun::digest::Digest::of(b"signature")),
        })
    }

    fn force(&self, version: u32, approvals: &[u64]) -> u64 {
        self.event("Bob", |state| EventBody::Force {
            stage: production(),
            version: Version(version),
            snapshot: snapshot(state, version),
            replaces: state.occupant(&production()).map(|held| held.snapshot),
            certificate: None,
            approvals: approvals.to_vec(),
            overruled: vec!["no-certificate".to_owned(), "expired".to_owned()],
            no_hooks: false,
            after: Vec::new(),
            reason: "the old one is down".to_owned(),
        })
    }

    fn hook(&self, version: u32, of: u64, outcome: HookOutcome) {
        self.event("Bob", |_| EventBody::Hook {
            stage: production(),
            version: Version(version),
            when: HookWhen::After,
            of: Some(of),
            command: "./push.sh".to_owned(),
            outcome,
            exit: None,
            milliseconds: 12,
            said: None,
        });
    }

    fn observe(&self, place: &str, version: Option<u32>, expected: u32, differences: u64) {
        self.event("Cron", |_| EventBody::Observed {
            stage: production(),
            place: place.to_owned(),
            version: version.map(Version),
            expected: Version(expected),
            differences,
        });
    }

    fn retire(&self, version: u32) {
        self.event("Eve", |state| EventBody::Retire {
            stage: production(),
            version: Version(version),
            snapshot: snapshot(state, version),
            reason: "off the market".to_owned(),
        });
    }
}

fn snapshot(state: &State, version: u32) -> mlrun::id::SnapshotId {
    state.version(Version(version)).unwrap().snapshot
}

/// Everything that can happen to a stage, an hour apart from 2099-01-01T01:00Z on: approved, forced, deployed, seen, forced, seen, emptied.
fn eventful() -> (Project, Writer) {
    let project = Project::tiny();
    project.ok("snapshot fraud");
    project.write("model/weights.bin", "w1").ok("snapshot fraud");
    let writer = Writer::of(&project, "2099-01-01T00:00:00Z");
    let approval = writer.approve("Ana", 1); // 01:00
    let first = writer.force(1, &[approval]); // 02:00
    writer.hook(1, first, HookOutcome::Succeeded); // 03:00
    writer.observe("web-1", Some(1), 1, 0); // 04:00
    writer.observe("web-2", None, 1, 3); // 05:00
    let second = writer.approve("Ben", 2); // 06:00
    let moved = writer.force(2, &[second]); // 07:00
    writer.hook(2, moved, HookOutcome::TimedOut); // 08:00
    writer.observe("web-1", Some(1), 2, 1); // 09:00
    (project, writer)
}

fn at(project: &Project, words: &str) -> Vec<Value> {
    project.json(&format!("at {words}"), 0)["stages"].as_array().unwrap().clone()
}

#[test]
fn an_instant_tells_by_whom_on_what_and_what_became_of_it() {
    let (project, writer) = eventful();
    let held = at(&project, "2099-01-01T06:30Z");
    assert_eq!(held.len(), 1);
    let one = &held[0];
    assert_eq!(
        (one["version"].as_str(), one["actor"].as_str(), one["forced"].as_bool()),
        (Some("v1"), Some("Bob"), Some(true))
    );
    assert_eq!(one["overruled"], serde_json::json!(["no-certificate", "expired"]));
    assert_eq!(one["since"], "2099-01-01T02:00:00.000Z");
    assert_eq!(one["until"], "2099-01-01T07:00:00.000Z");
    assert_eq!(
        (one["approvals"][0]["person"].as_str(), one["approvals"][0]["role"].as_str()),
        (Some("ana@example.org"), Some("risk"))
    );
    assert_eq!(one["approvals"][0]["signed"], false);
    assert_eq!((one["hooks"][0]["outcome"].as_str(), one["hooks"].as_array().unwrap().len()), (Some("succeeded"), 1));
    let seen: Vec<_> = one["observed"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| (s["place"].as_str().unwrap(), s["version"].as_str(), s["differences"].as_u64().unwrap()))
        .collect();
    assert_eq!(seen, [("web-1", Some("v1"), 0), ("web-2", None, 3)]);
    assert!(one["retired"].is_null());
    // Earlier, nobody had looked at web-2 yet, and the hook had not run.
    let earlier = &at(&project, "2099-01-01T04:30Z")[0];
    assert_eq!(earlier["observed"].as_array().unwrap().len(), 1);
    assert_eq!(at(&project, "2099-01-01T02:30Z")[0]["hooks"], serde_json::json!([]));
    // Now is the tip, although all of this is later than the machine's clock; and so it is for every model.
    for words in ["now", "", "now fraud"] {
        let now = &at(&project, words)[0];
        assert_eq!(
            (now["version"].as_str(), now["approvals"][0]["signed"].as_bool()),
            (Some("v2"), Some(true)),
            "{words}"
        );
        assert_eq!(now["hooks"][0]["outcome"], "timed-out");
        let seen = now["observed"].as_array().unwrap().iter().find(|seen| seen["place"] == "web-1").unwrap();
        assert_eq!((seen["version"].as_str(), seen["standing"].as_str()), (Some("v1"), Some("other")));
        assert!(now["until"].is_null());
    }
    for line in ["show production@{now} --print version", "show production --at now --print version"] {
        assert_eq!(project.ok(line).stdout, "fraud@v2\n");
    }
    writer.retire(2);
    assert_eq!(at(&project, "now"), Vec::<Value>::new());
    let last = &at(&project, "2099-01-01T09:30Z")[0];
    assert_eq!(
        (last["until"].as_str(), last["retired"]["actor"].as_str()),
        (Some("2099-01-01T10:00:00.000Z"), Some("Eve"))
    );
}

#[test]
fn a_span_is_the_timeline() {
    let (project, writer) = eventful();
    writer.retire(2); // 10:00
    writer.force(1, &[]); // 11:00
    let line = |words: &str| -> Vec<(String, String)> {
        let held = at(&project, words);
        let text = |value: &Value| value.as_str().unwrap_or("-").get(11..13).unwrap_or("-").to_owned();
        held.iter()
            .map(|one| {
                (
                    one["version"].as_str().unwrap().to_owned(),
                    format!("{} {}", text(&one["since"]), text(&one["until"])),
                )
            })
            .collect()
    };
    let is = |words: &str, expected: &[(&str, &str)]| {
        let expected: Vec<_> = expected.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        assert_eq!(line(words), expected, "{words}");
    };
    let all = [("v1", "02 07"), ("v2", "07 10"), ("v1", "11 -")];
    is("--since 2099-01-01 --until 2099-01-02", &all);
    is("--until 2099-01-02", &all);
    is("--since 2020-01-01", &all);
    is("--since 2020-01-01 --until now --stage production", &all);
    is("--since 2099-01-01T08:00Z --until 2099-01-01T10:30Z", &all[1..2]);
    is("--since 2099-01-01T10:30Z --until 2099-01-01T10:45Z", &[]);
    is("--since 2099-01-01T07:00Z --until 2099-01-01T07:00Z", &all[1..2]);
    // Each row carries what happened in its time.
    let held = at(&project, "--until 2099-01-02 fraud");
    assert_eq!(held[0]["observed"].as_array().unwrap().len(), 2);
    assert_eq!(held[1]["hooks"][0]["outcome"], "timed-out");
    assert_eq!(held[1]["retired"]["reason"], "off the market");
    let shown = project.ok("at --until 2099-01-02");
    shown.clone().says(&[
        "production fraud@v1",
        "v1",
        "since 2099-01-01 02:00:00.000Z",
        "until 2099-01-01 07:00:00.000Z",
        "FORCED by Bob against no-certificate, expired: the old one is down",
        "approved by ana@example.org as risk",
        "approved by ben@example.org as risk 2099-01-01 06:00:00.000Z, signed",
        "`./push.sh` succeeded",
        "`./push.sh` took too long",
        "web-2 DIFFERS: it serves no known version, 3 files differ, seen 2099-01-01 05:00:00.000Z",
        "web-1 serves v1, seen",
        "emptied by Eve 2099-01-01 10:00:00.000Z",
        "emptied because: off the market",
        "still there",
    ]);
    let wide: Vec<_> = shown.stdout.lines().filter(|line| line.chars().count() > 80).collect();
    assert!(wide.is_empty(), "{wide:#?}");
}

#[test]
fn filters_are_combined() {
    let (project, _) = eventful();
    let seqs = |words: &str| -> Vec<u64> {
        let events = project.json(&format!("log {words}"), 0)["events"].clone();
        events.as_array().unwrap().iter().map(|event| event["seq"].as_u64().unwrap()).collect()
    };
    // 1 create, 2 and 3 snapshots, 4 approve, 5 force, 6 hook, 7 and 8 observed, 9 approve, 10 force, 11 hook, 12 observed.
    assert_eq!(seqs(""), (1..=12).rev().collect::<Vec<_>>());
    assert_eq!(seqs("--kind force"), [10, 5]);
    assert_eq!(seqs("--kind approve --actor ben"), [9]);
    assert_eq!(seqs("--kind snapshot -n 1"), [3]);
    assert_eq!(seqs("--kind hook --stage production --after 6"), [11]);
    assert_eq!(seqs("--actor cron --until 2099-01-01T05:00Z"), [8, 7]);
    assert_eq!(seqs("--since 2099-01-01T07:00Z --until 2099-01-01T09:00Z --kind observed"), [12]);
    assert_eq!(seqs("--since 2099-01-01T07:00Z --until 2099-01-01T08:00Z"), [11, 10]);
    assert_eq!(seqs("--kind force --until 2099-01-01T06:59Z"), [5]);
    assert_eq!(seqs("--kind force --since 2099-01-01T06:59Z"), [10]);
    assert!(seqs("--kind rollback").is_empty());
    assert!(seqs("--kind block --stage production").is_empty());
    project.ok("block v1 --reason leak");
    assert_eq!(seqs("--stage production --kind block"), [13], "a block from every stage is one from this");
    let more = |words: &str| project.json(&format!("log {words}"), 0)["more"].as_bool().unwrap();
    assert!(more("--kind force -n 1") && !more("--kind force -n 2"));
    // Lines for programs are the same events.
    let lines = project.ok("log --json-lines --kind force").stdout;
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(Value::Array(lines), project.json("log --kind force", 0)["events"]);
    // What happened, in words.
    project.ok("log").says(&[
        "production → v2 against no-certificate, expired: the old one is down, 1 approval",
        "v2 for production, ben@example.org as risk, signed",
        "`./push.sh` after production → v2 took too long",
        "web-1 serves v1 for production, which held v2, 1 file different",
        "v1 from every stage: leak",
    ]);
}

#[test]
fn the_life_of_a_version() {
    let project = Project::with_history();
    project.ok("block v1 --stage production --reason slow");
    project.ok("unblock v1 --stage production");
    project.ok("rollback fraud --reason worse");
    project.ok("purge v2 --path out/latency.csv --reason old");
    let life = |version: &str| -> Vec<String> {
        let life = project.json(&format!("show {version}"), 0)["life"].clone();
        let kinds = life.as_array().unwrap().iter().map(|event| event["kind"].as_str().unwrap().to_owned());
        kinds.collect()
    };
    // Its certificate, its promotion, the one that replaced it; the whole journal in its own order.
    assert_eq!(life("v1"), ["snapshot", "certify", "promote", "promote", "block", "unblock"]);
    // Replaced by v3, gone back to.
    assert_eq!(life("v2"), ["snapshot", "certify", "promote", "promote", "rollback", "purge"]);
    // What it was fled for is part of it.
    assert_eq!(life("v3"), ["snapshot", "certify", "promote", "rollback"]);
    project.ok("show v3").says(&["life", "production → v3", "production → v2", "production → v2, v3 blocked: worse"]);
    // As it was then: what came later is not known.
    let promoted = project.events_of("promote")[2]["time"].as_str().unwrap().to_owned();
    let then = project.json(&format!("show v3 --at {promoted}"), 0)["life"].clone();
    assert_eq!(then.as_array().unwrap().len(), 3);
    // Every event of it is as `log` tells it.
    let log = project.events();
    for event in project.json("show v2", 0)["life"].as_array().unwrap() {
        assert_eq!(log[event["seq"].as_u64().unwrap() as usize - 1], *event);
    }
    let (eventful, _) = eventful();
    let kinds: Vec<String> = eventful.json("show v1", 0)["life"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["kind"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(kinds, ["snapshot", "approve", "force", "hook", "observed", "observed", "force", "observed"]);
    let approvals = eventful.json("show v2", 0)["approvals"].clone();
    assert_eq!(
        (approvals[0]["person"].as_str(), approvals[0]["signed"].as_bool()),
        (Some("ben@example.org"), Some(true))
    );
    eventful
        .ok("show v2")
        .says(&["approved", "for production by ben@example.org as risk 2099-01-01 06:00:00.000Z, signed"]);
}

/// A withdrawn approval names the approval alone; both are part of the version's life, and of the stage's log.
#[test]
fn an_approval_that_was_taken_back() {
    let (project, writer) = eventful();
    writer.event("Ana", |_| EventBody::Withdraw { approval: 4, reason: Some("too early".to_owned()) });
    let life = project.json("show v1", 0)["life"].clone();
    let last = life.as_array().unwrap().last().unwrap().clone();
    assert_eq!(
        (last["kind"].as_str(), last["version"].as_str(), last["stage"].as_str()),
        (Some("withdraw"), Some("v1"), Some("production"))
    );
    assert_eq!(project.json("log --kind withdraw --stage production", 0)["events"][0], last);
    project.ok("log --kind withdraw").says(&["event 4 of v1 for production, ana@example.org as risk: too early"]);
    let held = at(&project, "2099-01-01T06:30Z");
    assert!(held[0]["approvals"][0]["withdrawn"].is_string(), "that it counted then is not changed by that");
}

/// What was asked for is read, and nothing else: the rest of a long journal may be damaged, which `verify` says.
#[test]
fn a_long_journal_is_not_read_for_its_end() {
    let (project, writer) = eventful();
    for _ in 0..40 {
        writer.observe("web-1", Some(1), 2, 1);
    }
    let event = |seq: u32| project.store().join(format!("journal/fraud/{seq:016}"));
    std::fs::write(event(20), "rot").unwrap();
    for line in [
        "log -n 3",
        "log --kind force",
        "log --kind force -n 1",
        "log --kind snapshot",
        "log --after 40",
        "at now",
        "list",
    ] {
        project.ok(line);
    }
    let since = project.events_after(40);
    project.ok(&format!("log --since {since}"));
    project.mlrun("log").exits(4);
    project.mlrun("log --kind observed").exits(4);
}

/// Nobody knows what will be: it is said that this is how things stand.
#[test]
fn a_time_to_come() {
    let project = Project::succeeded();
    project.ok("at 2090-01-01").says(&["still to come", "fraud@v1", "still there"]);
    let ahead = |words: &str| project.json(&format!("at {words}"), 0)["ahead"].as_bool();
    assert_eq!(["2090-01-01", "now", "yesterday"].map(ahead), [Some(true), Some(false), Some(false)]);
    project.ok("at yesterday").says(&["nothing was in any stage"]);
}

impl Project {
    /// When the event behind this one was.
    fn events_after(&self, seq: u64) -> String {
        let events = self.json(&format!("log --after {seq}"), 0)["events"].clone();
        events.as_array().unwrap().last().unwrap()["time"].as_str().unwrap().to_owned()
    }
}
