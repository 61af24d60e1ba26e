//! The way back.

use super::harness::{Bad, Project};

#[test]
fn nothing_to_go_back_to() {
    let project = Project::rated();
    let first = project.version(0.6);
    let empty = project.leaves_alone("rollback --reason x --json", 1).object();
    assert_eq!(empty["reasons"][0]["code"], "empty");
    project.release(&first);
    let nothing = project.leaves_alone("rollback --reason x --json", 1).object();
    assert_eq!(nothing["reasons"][0]["code"], "nothing-left");
    project.leaves_alone("rollback --reason x", 1).says(&["`production` has nothing to go back to", "REFUSED"]);
    project.ok("status").says(&["nothing to go back to"]);
    project.leaves_alone("rollback --reason x", 1).says(&["mlrun list fraud"]);
    project.fails("rollback fraud", &Bad { exit: 2, message: &["--reason"], hint: &[] });
}

#[test]
fn a_second_one_soon_is_more_likely_a_repetition() {
    let project = Project::with_history();
    let went = project.ok("rollback --reason slow");
    // It was quick, because it took something on trust.
    assert!(went.stderr.contains("hint: ") && went.stderr.contains("bytes were not read"), "{went}");
    assert!(went.stderr.contains("`mlrun verify fraud@v2`"), "{went}");
    let shown = project.leaves_alone("rollback --reason slow", 5);
    shown.says(&["was rolled back", "ago, to v2", "--from v2", "REFUSED"]);
    let object = project.leaves_alone("rollback --reason slow --json", 5).object();
    assert_eq!(object["reasons"][0]["code"], "guarded");
    // The command it names goes further.
    project.ok("rollback --stage production --from v2 --reason worse").says(&["v1"]);
    assert_eq!(project.production(), "v1");
}

#[test]
fn what_is_fled_may_be_named_and_then_it_is_safe_to_repeat() {
    let project = Project::with_history();
    project.ok("rollback --from v3 --reason slow");
    for _ in 0..3 {
        let shown = project.leaves_alone("rollback --from v3 --reason slow", 0);
        shown.says(&["gone already", "ROLLED_BACK"]);
    }
    // What never held it is a slip of the pen, while what was meant stays.
    project.version(0.8);
    assert_eq!(project.json("rollback --from v4 --reason slow", 1)["reasons"][0]["code"], "never-held");
    assert_eq!(project.events_of("rollback").len(), 1);
}

/// Whoever types this again means what was there the first time, not what came instead.
#[test]
fn a_name_that_moves_is_not_safe_to_repeat() {
    let project = Project::with_history();
    for from in ["production", "latest", "fraud@production", "production~1", "production@{now}", "latest@{2099-01-01}"]
    {
        let bad = Bad {
            exit: 2,
            message: &[from, "is a moving name"],
            hint: &["mlrun rollback fraud --stage production --from v"],
        };
        project.fails(&format!("rollback --from {from} --reason slow"), &bad);
    }
    let relative = ["rollback", "--from", "production@{0 seconds ago}", "--reason", "slow"];
    project.run_fails(&relative, &Bad { exit: 2, message: &["moving name", "fraud@v3"], hint: &["--from v3"] });
    let id = project.json("show v3", 0)["id"].as_str().unwrap()[..12].to_owned();
    let now = project.events().last().unwrap()["time"].as_str().unwrap().to_owned();
    for from in [format!("production@{{{now}}}"), id, "fraud@v3".to_owned()] {
        project.ok(&format!("rollback --from {from} --reason slow"));
        assert_eq!(project.production(), "v2");
    }
    assert_eq!(project.events_of("rollback").len(), 1);
}

#[test]
fn what_is_asked_for_twice_is_there() {
    let project = Project::with_history();
    project.ok("rollback --to v1 --reason slow");
    project
        .leaves_alone("rollback --to v1 --reason slow", 0)
        .says(&["production holds fraud@v1 already", "ROLLED_BACK"]);
    assert_eq!(project.json("rollback --to v1 --reason slow", 0)["unchanged"], true);
    // Fled, and at another version than was asked for.
    let elsewhere = project.leaves_alone("rollback --from v3 --to v2 --reason slow", 5);
    elsewhere.says(&["v3 is gone from `production`, which holds v1, not v2", "--from v1 --to v2", "REFUSED"]);
    project.ok("retire fraud --reason over");
    let gone = project.leaves_alone("rollback --from v1 --reason slow", 0);
    gone.says(&["production holds nothing; the version to flee is gone already", "ROLLED_BACK"]);
}

#[test]
fn the_fled_version_is_blocked_unless_it_was_a_slip() {
    let project = Project::with_history();
    let back = project.json("rollback --reason slow", 0);
    assert_eq!(back["blocked"], true);
    let event = project.events().pop().unwrap();
    assert_eq!(
        (event["kind"].as_str(), event["blocks"].as_array().map(Vec::len)),
        (Some("rollback"), Some(1)),
        "one event"
    );
    let object = project.json("promote v3 --to production", 5);
    assert!(object["reasons"].as_array().unwrap().iter().any(|r| r["code"] == "blocked"));
    let slip = Project::with_history();
    assert_eq!(slip.json("rollback --reason slip --no-block", 0)["blocked"], false);
    slip.ok("certify v3");
    slip.ok("promote v3 --to production");
}

#[test]
fn a_target_may_be_named() {
    let project = Project::with_history();
    project.version(0.8);
    let never = project.leaves_alone("rollback --to v4 --reason x --json", 1).object();
    assert_eq!(never["reasons"][0]["code"], "never-held");
    let same = project.leaves_alone("rollback --from v3 --to v3 --reason x --json", 1).object();
    assert_eq!(same["reasons"][0]["code"], "same");
    project.ok("block v1 --reason leak");
    let blocked = project.leaves_alone("rollback --to v1 --reason x --json", 1).object();
    assert_eq!(blocked["reasons"][0]["code"], "blocked");
    assert!(blocked["reasons"][0]["hint"].as_str().unwrap().contains("--unblock"));
    project.fails("rollback --unblock --reason x", &Bad { exit: 2, message: &["--to"], hint: &[] });
    let back = project.json("rollback --to v1 --unblock --reason x", 0);
    assert_eq!(back["version"], "v1");
    project.ok("show v1").says(&["production"]);
}

#[test]
fn what_cannot_serve_is_passed_over_and_listed() {
    let project = Project::with_history();
    project.ok("block v2 --reason leak");
    project.ok("status").says(&["rollback → v1"]);
    let back = project.json("rollback --reason slow", 0);
    assert_eq!((back["version"].as_str(), back["skipped"][0]["version"].as_str()), (Some("v1"), Some("v2")));
    assert!(back["skipped"][0]["reason"].as_str().unwrap().contains("leak"));
    let other = Project::with_history();
    other.ok("block v1 --reason leak");
    other.ok("block v2 --reason leak");
    other.leaves_alone("rollback --reason slow", 1).says(&[
        "passed over v2",
        "passed over v1",
        "nothing to go back to",
        "mlrun rollback fraud --stage production --to v2 --unblock --reason …",
    ]);
}

/// What `status` offers is what a rollback would do, and a refusal names a command that helps.
#[test]
fn what_lost_its_bytes_is_not_offered() {
    let project = Project::rated();
    let first = project.version(0.6);
    project.release(&first);
    let packs = |project: &Project| super::harness::fingerprint(&project.store().join("packs"));
    let of_first = packs(&project);
    let second = project.version(0.7);
    project.succeed(&second);
    project.ok("status").says(&["rollback → v1"]);
    for name in of_first.keys() {
        std::fs::remove_file(project.store().join("packs").join(name)).unwrap();
    }
    project.ok("status").says(&["nothing to go back to"]);
    project.mlrun("rollback --reason slow").exits(1).says(&["passed over v1: damaged", "mlrun verify fraud@v1"]);
}

#[test]
fn a_stage_is_a_stack() {
    let project = Project::with_history();
    project.ok("rollback --reason slow");
    project.version(0.75);
    project.succeed("fraud@v4");
    // v3 was popped: back from v4 is v2, although v3 held it later.
    project.ok("status").says(&["rollback → v2"]);
    assert_eq!(project.json("rollback --from v4 --reason slow", 0)["version"], "v2");
    assert_eq!(project.json("rollback --from v2 --reason slow", 0)["version"], "v1");
    let held = project.json("at --since 2020-01-01", 0)["stages"].clone();
    let held: Vec<_> = held.as_array().unwrap().iter().map(|s| s["version"].as_str().unwrap().to_owned()).collect();
    assert_eq!(held, ["v1", "v2", "v3", "v2", "v4", "v2", "v1"]);
    assert_eq!(project.ok("show production~1 --print version").stdout, "fraud@v2\n");
}

/// The pack that `version` brought along.
fn pack_of(project: &Project, take: impl FnOnce(&Project)) -> std::path::PathBuf {
    let folder = project.store().join("packs");
    let packs = || if folder.is_dir() { super::harness::fingerprint(&folder) } else { Default::default() };
    let before = packs();
    take(project);
    let name = packs().into_keys().find(|name| !before.contains_key(name)).unwrap();
    folder.join(name)
}

#[test]
fn a_damaged_target_that_is_named() {
    let project = Project::rated();
    let pack = pack_of(&project, |project| drop(project.version(0.6)));
    project.release("fraud@v1");
    project.version(0.7);
    project.succeed("fraud@v2");
    let whole = std::fs::read(&pack).unwrap();
    std::fs::remove_file(&pack).unwrap();
    let object = project.leaves_alone("rollback --to v1 --reason x --json", 4).object();
    assert_eq!((object["reasons"][0]["code"].as_str(), object["exit"].as_i64()), (Some("damaged"), Some(4)));
    assert_eq!(object["reasons"][0]["hint"], "mlrun verify fraud@v1");
    std::fs::write(&pack, whole).unwrap();
    assert_eq!(project.json("rollback --to v1 --reason x", 0)["version"], "v1");
}

/// It is quick because it takes bytes on trust; who has the time may have them read.
#[test]
fn every_byte_may_be_read_before_going_back() {
    let project = Project::rated();
    project.version(0.6);
    project.release("fraud@v1");
    let pack = pack_of(&project, |project| drop(project.version(0.65)));
    project.succeed("fraud@v2");
    project.version(0.7);
    project.succeed("fraud@v3");
    let whole = std::fs::read(&pack).unwrap();
    for at in (0..whole.len()).step_by(8) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        std::fs::write(&pack, &bytes).unwrap();
        if project.mlrun("verify v2").code != Some(0)
            && project.json("rollback --reason x --dry-run", 0)["version"] == "v2"
        {
            break;
        }
    }
    assert_eq!(project.json("rollback --reason x --dry-run", 0)["looked_at"], "structure");
    let back = project.json("rollback --reason slow --verify full", 0);
    assert_eq!((back["version"].as_str(), back["looked_at"].as_str()), (Some("v1"), Some("bytes")));
    assert_eq!(back["skipped"][0]["version"], "v2");
    assert!(back["skipped"][0]["reason"].as_str().unwrap().starts_with("damaged"), "{back}");
    assert_eq!(project.events_of("rollback")[0]["skipped"][0]["version"], "v2");
    let named = project.json("rollback --to v2 --reason x --verify full", 4);
    assert_eq!(named["reasons"][0]["code"], "damaged");
}

/// The first release is bad: there is nothing to go back to, and a way out.
#[test]
fn a_bad_first_release_is_taken_out() {
    let project = Project::rated();
    let first = project.version(0.6);
    project.release(&first);
    project.mlrun("rollback --reason bad").exits(1).says(&["mlrun retire fraud --stage production --reason …"]);
    project.ok("retire fraud --stage production --reason bad");
    assert_eq!(project.production(), "");
}
