//! Life with mistakes: what a person types who has done the wrong thing, and that the way out is named where they are.

use std::sync::Arc;

use mlrun::clock::{Clock, Time};
use mlrun::format::event::{ActorRecord, EventBody};
use mlrun::name::ModelName;
use mlrun::ops::block::{BlockOptions, block};
use mlrun::ops::promote::{PromoteOptions, promote};
use mlrun::progress::Silent;
use mlrun::registry::{Decision, JournalError, State};
use mlrun::repository::{OpenOptions, Repository};

use super::harness::{Bad, Project};
use crate::support::clock::FixedClock;

/// A machine on the same store whose clock is wrong.
fn elsewhere(project: &Project, time: &str) -> (Repository, Arc<FixedClock>) {
    let clock = FixedClock::at(time);
    let options = OpenOptions { start: project.path(""), store: None, clock: Arc::clone(&clock) as Arc<dyn Clock> };
    (Repository::open(&options).unwrap(), clock)
}

fn parse(time: &serde_json::Value) -> Time {
    Time::parse_rfc3339(time.as_str().unwrap()).unwrap()
}

#[test]
fn the_wrong_version_was_promoted() {
    let project = Project::with_history();
    // It is bad: it is kept out from now on, and promoting it again says so and how to lift that.
    project
        .ok("rollback fraud --reason wrong")
        .says(&["v3 is blocked from production", "mlrun unblock fraud@v3 --stage production"]);
    assert_eq!(project.production(), "v2");
    project.mlrun("promote v3 --to production").says(&["it is blocked from production", "mlrun unblock fraud@v3"]);
    // It was a slip: it is not.
    let project = Project::with_history();
    project.ok("rollback --help").says(&["--no-block", "it was a slip"]);
    project.ok("rollback fraud --no-block --reason slip");
    assert_eq!(project.production(), "v2");
    project.ok("certify v3");
    project.ok("promote v3 --to production");
    assert_eq!(project.production(), "v3");
    // The block was the slip.
    let project = Project::with_history();
    project.ok("rollback fraud --reason wrong");
    project.ok("unblock fraud@v3 --stage production");
    project.ok("certify v3");
    project.ok("promote v3 --to production");
}

#[test]
fn a_bad_first_release() {
    let project = Project::rated();
    let first = project.version(0.6);
    project.release(&first);
    let refused = project.leaves_alone("rollback fraud --reason bad", 1);
    refused.says(&["nothing to go back to", "mlrun retire fraud --stage production --reason …"]);
    project.ok("retire fraud --stage production --reason bad");
    assert_eq!(project.production(), "");
    project.ok("block fraud@v1 --reason bad");
    // The next is a first release, too, and every message on the way says how. The rules in force name nobody who may excuse that nothing
    // is compared: it is for everybody to see.
    let second = project.version(0.65);
    let certify = "mlrun certify fraud@v2 --first-release --reason …";
    project.mlrun(&format!("promote {second} --to production")).exits(1).says(&[certify]);
    let force = "mlrun promote fraud@v2 --to production --force --reason …";
    let certified = project.ok("certify fraud@v2 --first-release --reason bad");
    certified.says(&["v1 was retired (bad)", "name nobody in `waivers`", force]);
    assert_eq!(project.json("certify fraud@v2 --first-release --reason bad", 0)["takes_force"], true);
    let refused = project.json("promote fraud@v2 --to production", 1);
    let reasons = refused["reasons"].as_array().unwrap();
    assert_eq!((reasons.len(), reasons[0]["code"].as_str()), (1, Some("compared-with-nothing")), "{refused:#}");
    project.mlrun("promote fraud@v2 --to production").exits(1).says(&["production has held v1", force]);
    project.ok("status").says(&["compared with nothing"]);
    project.ok("promote fraud@v2 --to production --force --reason bad");
    assert_eq!(project.production(), "v2");
    project.ok("status").says(&["FORCED"]);
    assert_eq!(project.events_of("force")[0]["overruled"], serde_json::json!(["compared-with-nothing"]));
    // What was retired by mistake comes back.
    project.ok("retire fraud --reason oops");
    project.mlrun("rollback fraud --reason back").exits(1).says(&["mlrun rollback fraud --stage production --to v2"]);
    project.ok("rollback fraud --stage production --to v2 --reason back");
    assert_eq!(project.production(), "v2");
}

#[test]
fn promoted_to_the_wrong_stage() {
    let project = Project::rated();
    project.write("mlrun.toml", project.read("mlrun.toml") + "\n[stage.staging]\ncertificate = \"none\"\n");
    let first = project.version(0.6);
    project.release(&first);
    let second = project.version(0.65);
    project.ok(&format!("certify {second}"));
    // Meant for staging.
    project.ok(&format!("promote {second} --to production"));
    project.ok("rollback fraud --stage production --no-block --reason stage");
    assert_eq!(project.production(), "v1");
    project.ok(&format!("promote {second} --to staging"));
    // Meant for production: staging held nothing before.
    project
        .leaves_alone("rollback fraud --stage staging --reason stage", 1)
        .says(&["mlrun retire fraud --stage staging"]);
    project.ok("retire fraud --stage staging --reason stage");
    // Going back blocked nothing: the way to production is the usual one.
    project.succeed(&second);
    // A stage nobody has.
    project.fails(
        &format!("promote {first} --to prodution"),
        &Bad { exit: 6, message: &["`prodution`"], hint: &["production"] },
    );
}

#[test]
fn the_model_was_called_wrong() {
    let project = Project::tiny();
    project.ok("snapshot fruad --files model/");
    project.ok("rename fruad fraud");
    assert_eq!(project.ok("show fraud@latest --print version").stdout, "fraud@v1\n");
    project.fails("show farud@v1", &Bad { exit: 6, message: &["`farud`"], hint: &["`fraud`"] });
    // A version of the right model was taken under a wrong name.
    let project = Project::tiny();
    project.ok("snapshot fraud");
    project.ok("snapshot fruad --files model/");
    project.fails(
        "rename fruad fraud",
        &Bad { exit: 1, message: &["another model"], hint: &["mlrun drop", "mlrun snapshot fraud"] },
    );
    project.ok("drop fruad@v1 --reason typo");
    project.ok("rename --help").says(&["mlrun drop WRONG@v1", "mlrun snapshot RIGHT"]);
}

/// Stage and model were mixed up, or will be by whoever comes next.
#[test]
fn a_model_called_as_a_stage() {
    let project = Project::rated();
    let bad = Bad {
        exit: 2,
        message: &["`production` is a stage"],
        hint: &["mlrun snapshot fraud", "`fraud@production` is what the stage holds"],
    };
    project.fails("snapshot production --files model/", &bad);
    project.release(&project.version(0.6));
    project.fails("snapshot production --files model/", &bad);
    project.fails("rename fraud production", &Bad { exit: 2, message: &["`production` is a stage"], hint: &[] });
    // In a store that has one from before the stage was there, the way out leads all the way.
    let project = Project::tiny();
    project.edit("mlrun.toml", "[stage.production]", "[stage.staging]");
    project.ok("snapshot production --files model/");
    project.edit("mlrun.toml", "[stage.staging]", "[stage.production]\ncertificate = \"none\"");
    project.ok("snapshot fraud");
    project.ok("promote fraud@v1 --to production");
    project.mlrun("show production").exits(2).says(&["names a model"]);
    project.ok("rename production typo");
    assert_eq!(project.ok("show production --print version").stdout, "fraud@v1\n");
    assert_eq!(project.ok("show production@v1 --print version").stdout, "typo@v1\n", "the alias goes on meaning it");
    let project = Project::tiny();
    project.edit("mlrun.toml", "[stage.production]", "[stage.staging]");
    project.ok("snapshot production --files model/");
    project.edit("mlrun.toml", "[stage.staging]", "[stage.production]\ncertificate = \"none\"");
    project.ok("drop production@v1 --reason typo");
    project.ok("snapshot fraud");
    project.ok("promote fraud@v1 --to production");
    assert_eq!(project.ok("show production --print version").stdout, "fraud@v1\n");
}

/// What was taken by mistake and dropped is in nobody's way: not in a list, and not where the only model is meant.
#[test]
fn a_model_that_was_dropped_altogether() {
    let project = Project::rated();
    project.release(&project.version(0.6));
    project.ok("snapshot fruad --files model/");
    let store = project.store().display().to_string();
    let outside = project.beside("outside");
    std::fs::create_dir(&outside).unwrap();
    let elsewhere = |words: &[&str]| {
        let mut command = project.command(&[&["-R", store.as_str()], words].concat());
        super::harness::shown(command.current_dir(&outside))
    };
    elsewhere(&["show", "v1"]).exits(2).says(&["which model?", "fraud", "fruad"]);
    project.ok("drop fruad@v1 --reason typo");
    assert_eq!(elsewhere(&["show", "v1", "--print", "version"]).exits(0).stdout, "fraud@v1\n");
    elsewhere(&["rollback", "--reason", "x", "--dry-run"]).exits(1).says(&["nothing to go back to"]);
    let listed = project.json("list", 0);
    assert_eq!((listed["models"].as_array().map(Vec::len), &listed["left_out"]), (Some(1), &1.into()));
    let shown = project.ok("list").says(&["1 model dropped altogether left out", "mlrun list --all"]);
    assert!(!shown.stdout.contains("fruad") && !project.ok("status").stdout.contains("fruad"));
    project.ok("list --all").says(&["fruad", "dropped"]);
    assert_eq!(project.json("list --all", 0)["models"][1]["abandoned"], true);
    // Whoever names it finds it, with its record and the reason.
    project.ok("show fruad@v1").says(&["typo"]);
    project.ok("list fruad").says(&["dropped"]);
    // A second version, and it is a model as any.
    project.write("model/weights.bin", "anew").ok("snapshot fruad --files model/");
    assert_eq!(project.json("list", 0)["models"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_version_by_mistake() {
    let project = Project::tiny();
    project.ok("snapshot fraud");
    project.write("model/weights.bin", "half trained").ok("snapshot fraud");
    project.ok("drop fraud@v2 --reason half");
    project.fails("restore fraud@v2 --to back", &Bad { exit: 6, message: &["dropped", "half"], hint: &["mlrun show"] });
    project.ok("list fraud").says(&["dropped"]);
    // What is in production is not dropped by mistake.
    project.ok("certify v1 --first-release --reason begin");
    project.ok("promote v1 --to production");
    project.leaves_alone("drop fraud@v1 --reason oops", 1).says(&["production"]);
}

/// Words stand for ever; later ones take their place, and the log has both.
#[test]
fn the_wrong_words() {
    let project = Project::with_history();
    project.ok("rollback fraud --reason sloow");
    project.run(&["block", "fraud@v3", "--stage", "production", "--reason", "too slow"]).exits(0);
    project.mlrun("promote v3 --to production").says(&["it is blocked from production: too slow"]);
    assert_eq!(project.json("show v3", 0)["blocks"].as_array().unwrap().len(), 1);
    let again = project.run(&["block", "fraud@v3", "--stage", "production", "--reason", "too slow", "--json"]);
    assert_eq!(again.exits(0).object()["unchanged"], true);
    let fourth = project.version(0.72);
    project.ok(&format!("drop {fourth} --reason tset"));
    project.ok(&format!("drop {fourth} --reason test"));
    assert_eq!(project.json(&format!("drop {fourth} --reason test"), 0)["unchanged"], true);
    assert_eq!(project.json(&format!("show {fourth}"), 0)["dropped"], "test");
    assert_eq!(project.events_of("drop").len(), 2);
    for verb in ["block", "drop"] {
        project.ok(&format!("{verb} --help")).says(&["other words"]);
    }
    // What must not be there at all never gets there.
    let secret = format!("see ghp_{}", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8");
    project
        .run_fails(&["block", "v1", "--reason", &secret], &Bad { exit: 1, message: &["secret"], hint: &["without"] });
}

/// What happened to the store as a whole has times, too.
#[test]
fn a_collection_in_2099() {
    let project = Project::tiny();
    project.ok("snapshot fraud");
    let (machine, _) = elsewhere(&project, "2099-01-01T00:00:00Z");
    let went = EventBody::Gc { packs: 1, objects: 1, freed: 1, emptied: 0, grace: 1, at_once: true, erased: None };
    let append = |_: &State| Ok::<_, JournalError>(Decision::Append(went.clone(), ()));
    machine.registry().commit(&ModelName::of_store(), &ActorRecord::default(), append).unwrap();
    let done = project.json("doctor --clock --reason 2099", 0);
    assert_eq!((done["journals"].as_array().unwrap().len(), done["journals"][0]["model"].is_null()), (1, true));
    assert!(!project.ok("log --of-store --until now -n 9").stdout.starts_with("2099"));
    assert_eq!(project.json("log --of-store --since 2098-01-01", 0)["events"], serde_json::json!([]));
    project.ok("verify");
    project.ok("gc --now");
}

/// A colleague's program is newer: nobody is told to put a backup in the place of what it wrote.
#[test]
fn a_store_that_a_newer_program_wrote_to() {
    let project = Project::tiny();
    project.ok("snapshot fraud");
    let journal = project.store().join("journal/fraud");
    let newest = std::fs::read_dir(&journal).unwrap().map(|entry| entry.unwrap().path()).max().unwrap();
    let text = std::fs::read_to_string(&newest).unwrap();
    let line = text.lines().next().unwrap();
    let seq: u64 = newest.file_name().unwrap().to_str().unwrap().parse().unwrap();
    let mut event: serde_json::Value = serde_json::from_str(line).unwrap();
    event["prev"] = text.lines().nth(1).unwrap().into();
    event["seq"] = (seq + 1).into();
    event["kind"] = "quarantine".into();
    let line = format!("{event}\n");
    let next = format!("{line}{}\n", mlrun::digest::Digest::of(line.as_bytes()));
    std::fs::write(journal.join(format!("{:016}", seq + 1)), next).unwrap();
    let bad = Bad { exit: 4, message: &["newer"], hint: &["a newer mlrun wrote it", "nothing is damaged"] };
    project.fails("status", &bad);
    project.fails("snapshot fraud", &bad);
    project.ok("log").says(&["quarantine"]);
}

#[test]
fn a_clock_in_2099() {
    let project = Project::tiny();
    project.ok("snapshot fraud");
    project.ok("certify v1 --first-release --reason begin");
    let before = project.events().last().unwrap().clone();
    // The build machine promotes in 2099, and blocks something five minutes later.
    let options = PromoteOptions { revision: "v1".to_owned(), ..PromoteOptions::default() };
    // A certificate would have expired long ago there.
    project.write("mlrun.toml", project.read("mlrun.toml") + "certificate = \"none\"\n");
    let (machine, clock) = elsewhere(&project, "2099-01-01T00:00:00Z");
    assert!(promote(&machine, &options, &Silent).unwrap().is_promoted());
    clock.advance(std::time::Duration::from_secs(300));
    let blocked =
        BlockOptions { revision: "v1".to_owned(), reason: Some("look".to_owned()), ..BlockOptions::default() };
    block(&machine, &blocked).unwrap();
    // A right clock after it: the event's time stays, what the clock said stands beside it.
    project.ok("unblock v1");
    let late = project.events().last().unwrap().clone();
    assert_eq!(late["time"], "2099-01-01T00:05:00.000Z");
    let said = parse(&late["clock"]);
    assert!(said >= parse(&before["time"]) && said < parse(&late["time"]));
    // Everybody is told, and how to cure it.
    project.ok("doctor").says(&["look", "2099-01-01 00:05:00.000Z", "mlrun doctor --clock --reason …"]);
    assert_eq!(project.production(), "v1", "now is the tip, whatever a clock says");
    project.mlrun(&format!("show production@{{{}}}", said)).exits(6);
    // What would be taken for those times, then it is.
    let line = "doctor --clock --reason 2099";
    project.leaves_alone(&format!("{line} --dry-run"), 0).says(&["fraud: 3 events from", "nothing was written"]);
    project.fails("doctor --clock", &Bad { exit: 2, message: &["--reason"], hint: &[] });
    let done = project.json(line, 0);
    let times = done["journals"][0]["times"].as_array().unwrap().clone();
    let taken: Vec<Time> = times.iter().map(|one| parse(&one["taken"])).collect();
    assert_eq!(taken[2], said, "a clock that was right is believed");
    assert_eq!(taken[1], said, "the last wrong one as late as can be");
    // Five minutes earlier, or as early as the event before it allows.
    let five = said.milliseconds() - 300_000;
    assert_eq!(taken[0].milliseconds(), five.max(parse(&before["time"]).milliseconds()));
    // From here on everything answers rightly.
    project.ok("doctor").says(&["clock"]);
    assert!(!project.ok("doctor").stdout.contains("2099"));
    assert_eq!(project.ok(&format!("show production@{{{said}}} --print version")).stdout, "fraud@v1\n");
    assert_eq!(parse(&project.json("at now", 0)["stages"][0]["since"]), taken[0]);
    assert_eq!(project.json(&format!("at {said}"), 0)["stages"][0]["version"], "v1");
    assert_eq!(project.json("log --since 2098-01-01", 0)["events"], serde_json::json!([]));
    let shown = project.ok("log");
    shown.says(&["recorded as 2099-01-01 00:00:00.000Z"]);
    let log = project.events();
    assert!(log.windows(2).all(|pair| pair[0]["time"].as_str() <= pair[1]["time"].as_str()));
    project.ok("block v1 --reason again");
    let newest = project.events().last().unwrap().clone();
    assert!(
        parse(&newest["time"]) < Time::parse_rfc3339("2098-01-01T00:00:00Z").unwrap()
            && newest.get("clock").is_none_or(|c| c.is_null())
    );
    project.ok("verify --journal");
    // Nothing is left to correct.
    let again = project.leaves_alone(&format!("{line} --json"), 0).object();
    assert_eq!((again["unchanged"].as_bool(), again["journals"].as_array().map(Vec::len)), (Some(true), Some(0)));
}
