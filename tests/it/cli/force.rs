//! A stage that is moved against its rules: what it takes, what it cannot do, and that everybody sees it.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use super::harness::{Bad, PROGRAM, Project};
use super::scene::REPORTED;

/// v1 in production, v2 with a certificate that says no, v3 with none.
fn scene() -> Project {
    let project = Project::tiny();
    project.ok("snapshot fraud");
    project.release("fraud@v1");
    project.reported("{\"auc\": 0.5}");
    project.mlrun("certify v2").exits(1);
    project.reported("{\"auc\": 0.95}");
    project
}

fn codes(object: &Value, of: &str) -> Vec<String> {
    object[of].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_reason_is_needed_and_everything_overruled_is_on_record() {
    let project = scene();
    project.fails("promote v2 --to production --force", &Bad { exit: 2, message: &["--reason"], hint: &[] });
    let rehearsed = project.leaves_alone("promote v2 --to production --force --reason leak --dry-run", 0);
    rehearsed.says(&["would be FORCED", "verdict: its certificate says FAIL", "nothing was written"]);
    let forced =
        project.run(&["promote", "v2", "--to", "production", "--force", "--reason", "the old one leaks"]).exits(0);
    let forced = forced.says(&["FORCED against:", "verdict: its certificate says FAIL", "because: the old one leaks"]);
    assert_eq!(forced.last_line(), "PROMOTED");
    let event = project.events_of("force").remove(0);
    assert_eq!((&event["overruled"], &event["reason"]), (&json!(["verdict"]), &json!("the old one leaks")));
    assert_eq!((&event["version"], &event["stage"]), (&json!("v2"), &json!("production")));
    assert!(event["certificate"].is_string() && event["replaces"].is_string(), "{event}");
    assert!(project.events_of("promote").len() == 1, "it is an event of its own kind");
    let object = project.json("promote v3 --to production --force --reason hurry", 0);
    assert_eq!((&object["verdict"], &object["forced"]), (&json!("PROMOTED"), &json!(true)));
    assert_eq!(codes(&object, "overruled"), ["no-certificate"]);
    // It holds the stage already: there is nothing to force.
    assert_eq!(project.json("promote v3 --to production --force --reason hurry", 0)["unchanged"], true);
    assert_eq!(project.events_of("force").len(), 2);
}

#[test]
fn everybody_sees_it_until_the_stage_moves_on() {
    let project = scene();
    project.ok("promote v2 --to production --force --reason leak");
    let against = "forced by ana against verdict: leak";
    project.ok("status").says(&["FORCED", against]);
    let at = project.ok("at");
    assert!(
        at.stdout.contains("FORCED by ana against verdict: leak") && !at.stdout.contains(against),
        "said once\n{at}"
    );
    project.ok("show v2").says(&["FORCED", against]);
    project.ok("log").says(&["force", "production → v2 against verdict: leak"]);
    project.ok("list").says(&["production v2 FORCED"]);
    project.ok("list fraud").says(&["FORCED"]);
    let at = project.json("at", 0)["stages"][0].clone();
    assert_eq!((&at["kind"], &at["overruled"], &at["reason"]), (&json!("force"), &json!(["verdict"]), &json!("leak")));
    let stage = project.json("status", 0)["models"][0]["stages"][0].clone();
    assert_eq!(
        (&stage["kind"], &stage["overruled"], &stage["reason"]),
        (&json!("force"), &json!(["verdict"]), &json!("leak"))
    );
    assert_eq!(project.json("list", 0)["models"][0]["forced"], json!(["production"]));
    assert_eq!(project.json("list fraud", 0)["versions"][1]["forced"], json!(["production"]));
    let shown = project.json("show v2", 0)["forced"][0].clone();
    assert_eq!(
        (&shown["stage"], &shown["overruled"], &shown["reason"]),
        (&json!("production"), &json!(["verdict"]), &json!("leak"))
    );
    project.ok("restore v2 --to ../srv --only model");
    project.ok("verify --deployed ../srv").says(&["FORCED against verdict"]);
    // Whoever reads that a candidate is no worse should know than what.
    let note = "the baseline v2 was forced into production against verdict";
    let certified = project.ok("certify v3 --report markdown=r.md --report sarif=r.sarif");
    certified.says(&[note]);
    assert!(project.read("r.md").contains("forced into production") && project.read("r.sarif").contains(note));
    assert!(project.json("certify v3 --check", 0)["remarks"].to_string().contains(note));
    // Then it is past.
    project.ok("promote v3 --to production");
    for line in ["status", "at", "show v2", "list", "list fraud"] {
        assert!(!project.ok(line).stdout.contains("FORCED"), "{line}");
    }
    project.ok("at --since 2020-01-01").says(&["FORCED by ana"]);
    project.ok("log --kind force").says(&["against verdict"]);
    project.ok("verify --journal");
}

#[test]
fn what_nobody_can_overrule() {
    let project = scene();
    // A block is lifted by name, or stands.
    project.ok("block v2 --stage production --reason biased");
    let line = "promote v2 --to production --force --reason hurry";
    let refused = project.leaves_alone(line, 1);
    refused.says(&[
        "biased (`--force` does not overrule this)",
        "mlrun unblock fraud@v2 --stage production",
        "REFUSED",
    ]);
    assert_eq!(codes(&project.json(line, 1), "reasons"), ["blocked", "verdict"], "all are told");
    // Nor is what a rollback has fled brought back.
    project.ok("unblock v2 --stage production");
    project.ok(line);
    project.ok("rollback fraud --reason worse");
    assert_eq!(codes(&project.json(line, 5), "reasons"), ["blocked", "verdict", "stale"]);
    // The stage is not what the caller thinks; a version that is not there.
    let expects = "promote v3 --to production --force --reason hurry --expect-current v2";
    project.leaves_alone(expects, 5).says(&["production holds v1", "does not overrule this"]);
    project.fails("promote v9 --to production --force --reason hurry", &Bad { exit: 6, message: &["v9"], hint: &[] });
    // Bytes that were erased.
    project.ok("purge v3 --path model/weights.bin --reason request");
    let erased = project.json("promote v3 --to production --force --reason hurry", 1);
    assert_eq!(codes(&erased, "reasons"), ["no-certificate", "erased"]);
    assert_eq!(project.production(), "v1");
}

/// Somebody moved the stage while the checks ran: that is nobody's to overwrite unseen.
#[test]
fn a_lost_race_is_lost() {
    let project = scene();
    let text = format!(
        "#!/bin/sh\n[ \"$MODEL_VERSION\" = v3 ] || exit 0\n{PROGRAM} promote v2 --to production --force --reason first\n"
    );
    project.write("race.sh", text);
    fs::set_permissions(project.path("race.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    project.edit("mlrun.toml", "[stage.production]", "[stage.production]\nbefore = [\"./race.sh\"]");
    project.ok("policy adopt --reason race");
    let lost = project.json("promote v3 --to production --force --reason second", 5);
    assert_eq!(codes(&lost, "reasons"), ["no-certificate", "moved"]);
    assert_eq!((project.production().as_str(), project.events_of("force").len()), ("v2", 1));
}

/// A stage that leads on is passed by its rules: neither a forced stay nor one that ended in flight shows anything.
#[test]
fn a_forced_stay_does_not_lead_on() {
    let project = Project::tiny();
    let stages = "[stage.staging]\ncertificate = \"none\"\nbefore = [\"test -e agreed\"]\n\n[stage.production]\ncertificate = \"none\"\nfrom = [\"staging\"]";
    project.edit("mlrun.toml", "[stage.production]", stages);
    project.ok("snapshot fraud");
    project.ok("promote v1 --to staging --force --reason try");
    let refused = project.json("promote v1 --to production", 1);
    assert_eq!(codes(&refused, "reasons"), ["not-from"]);
    project.write("model/weights.bin", "w1").ok("snapshot fraud");
    project.write("agreed", "");
    project.ok("promote v2 --to staging");
    project.ok("promote v2 --to production --dry-run");
    // It was fled from there.
    project.ok("rollback --stage staging --from v2 --to v1 --reason awful");
    assert_eq!(codes(&project.json("promote v2 --to production", 1), "reasons"), ["not-from"]);
    // Gone back to is not promoted.
    assert_eq!(codes(&project.json("promote v1 --to production", 1), "reasons"), ["not-from"]);
    project.ok("unblock v2");
    project.ok("promote v2 --to production");
}

#[test]
fn nothing_to_overrule() {
    let project = scene();
    project.edit("mlrun.toml", "[stage.production]", "[stage.production]\nafter = [\"sh moved.sh\"]");
    project.write("moved.sh", "echo $MODEL_MOVE $MODEL_CERTIFICATE > moved");
    let certificate = project.json("certify v3", 0)["certificate"].as_str().unwrap().to_owned();
    let line = "promote v3 --to production --force --reason careful";
    project.ok(line).says(&["nothing had to be overruled"]);
    assert!(project.events_of("force").is_empty());
    assert_eq!(project.events_of("promote")[1]["reason"], "careful");
    assert_eq!(project.read("moved"), format!("promote {certificate}\n"));
    assert!(!project.ok("status").stdout.contains("FORCED"));
}

/// A move against the rules puts none in force, and a check that says no is one of the reasons.
#[test]
fn a_first_release_by_force_adopts_nothing() {
    let project = Project::tiny();
    project.edit("mlrun.toml", "[stage.production]", "[stage.production]\nbefore = [\"false\"]");
    project.ok("snapshot fraud");
    let object = project.json("promote v1 --to production --force --reason demo", 0);
    assert_eq!(codes(&object, "overruled"), ["no-certificate", "vetoed"]);
    assert_eq!((&object["adopted_rules"], &object["hooks"][0]["outcome"]), (&json!(false), &json!("failed")));
    assert_eq!(project.events_of("force")[0]["overruled"], json!(["no-certificate", "vetoed"]));
    assert_eq!(project.events_of("hook")[0]["outcome"], "failed");
    assert!(project.json("policy show", 0)["in_force"].is_null());
    // What comes next is compared with it, and adopts.
    project.edit("mlrun.toml", "before = [\"false\"]", "");
    project.write("policy.toml", REPORTED);
    project.reported("{\"auc\": 0.99}");
    project.ok("certify v2").says(&["the baseline v1 was forced into production against no-certificate, vetoed"]);
    assert_eq!(project.json("promote v2 --to production", 0)["adopted_rules"], true);
    // The way back leads to it all the same, and is a rollback.
    assert_eq!(project.json("rollback fraud --reason slow", 0)["version"], "v1");
    assert_eq!(project.json("at", 0)["stages"][0]["kind"], "rollback");
}
