//! The way into a stage: first release, certificates that hold and certificates that do not, blocks, rules in force.

use serde_json::Value;

use super::harness::{Bad, Project};
use super::scene::{POLICY, REPORTED};

/// Refused with these reasons, and nothing was written.
#[track_caller]
fn refused(project: &Project, line: &str, exit: i32, codes: &[&str]) -> Value {
    let shown = project.leaves_alone(line, exit);
    assert_eq!(shown.last_line(), "REFUSED", "{shown}");
    let object = project.leaves_alone(&format!("{line} --json"), exit).object();
    assert_eq!((object["verdict"].as_str(), object["exit"].as_i64()), (Some("REFUSED"), Some(exit.into())));
    let found: Vec<_> = object["reasons"].as_array().unwrap().iter().map(|r| r["code"].as_str().unwrap()).collect();
    assert_eq!(found, codes, "{object:#}");
    for reason in object["reasons"].as_array().unwrap() {
        // The command that cures it.
        assert!(reason["hint"].as_str().unwrap().starts_with("mlrun "), "{reason}");
        assert!(shown.stdout.contains(reason["message"].as_str().unwrap()), "{shown}");
    }
    object
}

/// A policy that compares with a stage nobody has would call every release the first.
#[test]
fn a_baseline_that_is_no_stage() {
    let project = Project::tiny();
    project.write("policy.toml", format!("{REPORTED}\n[baseline]\nref = \"prodution\"\n"));
    project.ok("snapshot fraud");
    let bad = Bad { exit: 6, message: &["`prodution`"], hint: &["production"] };
    project.fails("certify fraud@v1 --first-release --reason begin", &bad);
    project.fails("certify --check", &bad);
}

#[test]
fn without_a_certificate() {
    let project = Project::rated();
    project.version(0.6);
    let object = refused(&project, "promote v1 --to production", 1, &["no-certificate"]);
    // Nothing is in production: the plain command would decide nothing.
    let cure = "mlrun certify fraud@v1 --first-release --reason …";
    assert_eq!(object["reasons"][0]["hint"], cure);
    project.ok("status").says(&["between v1 and production", "no certificate", &format!("\n        {cure}\n")]);
}

#[test]
fn a_first_release_is_declared_and_judged() {
    let project = Project::rated();
    project.version(0.6);
    // Empty and not declared: nothing is decided.
    let undeclared = project.json("certify v1", 3);
    assert_eq!(undeclared["verdict"], "INCONCLUSIVE");
    let object = refused(&project, "promote v1 --to production", 1, &["verdict"]);
    let cure = object["reasons"][0]["hint"].as_str().unwrap();
    assert!(cure.starts_with("mlrun certify fraud@v1 --first-release --reason …"), "{cure}");
    // A look stays a look.
    project.mlrun("certify v1 --check").exits(3).says(&["`mlrun certify fraud@v1 --check --first-release --reason …`"]);
    project.mlrun("certify --check").exits(3).says(&["`mlrun certify --check --first-release --reason …`"]);
    let without_reason = Bad { exit: 2, message: &["--reason"], hint: &[] };
    project.fails("certify v1 --first-release", &without_reason);
    let declared = project.json("certify v1 --first-release --reason begin", 0);
    assert_eq!(declared["verdict"], "PASS");
    assert_eq!(declared["baseline"]["first_release"], "begin");
    project.ok("promote v1 --to production");
    // Occupied: it is no first release any more.
    project.version(0.65);
    let before = project.fingerprint();
    let late = project.json("certify v2 --first-release --reason begin", 5);
    assert_eq!((late["conflict"]["code"].as_str(), late["written"].as_bool()), (Some("not-first"), Some(false)));
    let refused = project.mlrun("certify v2 --first-release --reason begin").exits(5);
    assert_eq!(
        refused.last_line(),
        "not certified: production holds fraud@v1, this is no first release; nothing was written"
    );
    assert_eq!(before, project.fingerprint());
}

#[test]
fn a_first_release_needs_a_floor_that_holds() {
    let project = Project::rated();
    let floor = POLICY.find("[[rule]]\nid = \"auc-floor\"").unwrap()..POLICY.find("[[rule]]\nid = \"p95\"").unwrap();
    project.write("policy.toml", POLICY.replace(&POLICY[floor], ""));
    project.version(0.6);
    project.mlrun("certify v1 --first-release --reason begin").exits(3).says(&["floor", "INCONCLUSIVE"]);
    project.write("policy.toml", POLICY.replace("on = \"lower\"", "on = \"lower\"\nseverity = \"warn\""));
    project.mlrun("certify v1 --first-release --reason begin").exits(3);
    project.write("policy.toml", POLICY.replace("min = 0.6", "min = 0.99"));
    project.mlrun("certify v1 --first-release --reason begin").exits(1).says(&["FAIL", "auc-floor"]);
    project.write("policy.toml", POLICY);
    project.ok("certify v1 --first-release --reason begin");
}

#[test]
fn a_stale_certificate() {
    let project = Project::with_history();
    project.version(0.72);
    project.version(0.74);
    project.ok("certify v4");
    project.ok("certify v5");
    project.ok("promote v5 --to production");
    let object = refused(&project, "promote v4 --to production", 5, &["stale"]);
    let message = object["reasons"][0]["message"].as_str().unwrap();
    assert!(message.contains("v3") && message.contains("v5"), "{message}");
    // The same baseline put there by another event is another baseline.
    project.ok("rollback --reason slow");
    assert_eq!(project.production(), "v3");
    refused(&project, "promote v4 --to production", 5, &["stale"]);
    project.ok("certify v4");
    project.ok("promote v4 --to production");
}

#[test]
fn a_blocked_version() {
    let project = Project::with_history();
    project.version(0.72);
    project.ok("certify v4");
    project.run(&["block", "v4", "--reason", "leaked labels"]).exits(0);
    let object = refused(&project, "promote v4 --to production", 1, &["blocked"]);
    assert!(object["reasons"][0]["message"].as_str().unwrap().contains("leaked labels"));
    assert_eq!(object["reasons"][0]["hint"], "mlrun unblock fraud@v4");
    project.ok("list fraud").says(&["blocked"]);
    project.ok("show v4").says(&["blocked", "leaked labels"]);
    // The same model files under another number are blocked with it.
    project.write("metrics.json", "{\"auc\": 0.99}");
    project.ok("snapshot fraud");
    // What comes next is not what would be refused.
    project.write("metrics.json", "{\"auc\": 0.98}");
    let certified = project.ok("certify v4");
    assert!(certified.stderr.contains("first: `mlrun unblock fraud@v4`"), "{certified}");
    project.mlrun("certify v5");
    let again = project.json("promote v5 --to production", 1);
    assert!(again["reasons"].as_array().unwrap().iter().any(|r| r["code"] == "blocked"), "{again}");
    project.ok("unblock v4");
    project.ok("promote v4 --to production");
    // The journal names versions, not only their records.
    project.ok("log").says(&[
        "PASS for v4, against production",
        "v4 from every stage: leaked labels",
        "v4 in every stage",
    ]);
    // A block on what holds a stage says so, and moves nothing.
    project.ok("block v4 --reason late").says(&["still holds", "mlrun rollback"]);
    assert_eq!(project.production(), "v4");
    project.fails(
        "block v4 --stage prodution --reason x",
        &Bad { exit: 6, message: &["`prodution`"], hint: &["production"] },
    );
}

#[test]
fn an_expired_certificate() {
    let project = Project::rated();
    project.edit("mlrun.toml", "[stage.production]", "[stage.production]\nvalid_for = \"1s\"");
    project.version(0.6);
    project.ok("certify v1 --first-release --reason begin");
    // Until its second is over.
    while project.mlrun("promote v1 --to production --dry-run").code == Some(0) {}
    let object = refused(&project, "promote v1 --to production", 1, &["expired"]);
    assert_eq!(object["reasons"][0]["hint"], "mlrun certify fraud@v1 --first-release --reason …");
    let again = project.json("certify v1 --first-release --reason begin", 0);
    assert_eq!(again["unchanged"], false, "an expired one is issued anew");
}

/// Whatever the stage that it compares with grants.
#[test]
fn a_stage_may_ask_for_a_fresher_certificate() {
    let project = Project::rated();
    project.edit(
        "mlrun.toml",
        "[stage.production]",
        "[stage.canary]\nvalid_for = \"1s\"\n\n[stage.production]\nvalid_for = \"365d\"",
    );
    project.version(0.6);
    project.ok("certify v1 --first-release --reason begin");
    while project.mlrun("promote v1 --to canary --dry-run").code == Some(0) {}
    refused(&project, "promote v1 --to canary", 1, &["expired"]);
    project.ok("promote v1 --to production --dry-run");
    let again = project.json("certify v1 --first-release --reason begin", 0);
    assert_eq!(again["unchanged"], false, "it is what was asked for");
}

#[test]
fn a_stage_that_is_none_and_a_name_that_moves() {
    let project = Project::with_history();
    let stage = Bad { exit: 6, message: &["no stage `prodution`"], hint: &["did you mean `production`?"] };
    project.fails("promote v2 --to prodution", &stage);
    project.fails("rollback --stage prodution --reason x", &stage);
    project.fails("at now --stage prodution", &stage);
    let moving = Bad {
        exit: 2,
        message: &["`fraud@latest` is a moving name", "fraud@v3"],
        hint: &["mlrun promote fraud@v3 --to production"],
    };
    project.fails("promote fraud@latest --to production", &moving);
    let moving =
        Bad { exit: 2, message: &["moving name", "fraud@v2"], hint: &["mlrun promote fraud@v2 --to production"] };
    project.fails("promote latest~1 --to production", &moving);
}

#[test]
fn several_stages_in_their_order() {
    let project = Project::rated();
    project.edit(
        "mlrun.toml",
        "[stage.production]",
        "[stage.staging]\ncertificate = \"none\"\n\n[stage.production]\nfrom = [\"staging\"]",
    );
    project.version(0.6);
    project.ok("certify v1 --first-release --reason begin");
    let object = refused(&project, "promote v1 --to production", 1, &["not-from"]);
    assert_eq!(object["reasons"][0]["hint"], "mlrun promote fraud@v1 --to staging");
    project.ok("promote v1 --to staging");
    // The only stage, else production.
    project.ok("promote v1").says(&["production"]);
    let at = project.json("at", 0);
    let held: Vec<_> = at["stages"].as_array().unwrap().iter().map(|s| s["stage"].as_str().unwrap()).collect();
    assert_eq!(held, ["production", "staging"]);
    project.edit("mlrun.toml", "[stage.production]\nfrom = [\"staging\"]", "[stage.canary]");
    let other = Project::rated();
    other.edit("mlrun.toml", "[stage.production]", "[stage.one]\n[stage.two]");
    other.version(0.6);
    other.fails("promote v1", &Bad { exit: 2, message: &["which stage", "one", "two"], hint: &["--to"] });
    other.fails("rollback --reason x", &Bad { exit: 2, message: &["which stage", "one, two"], hint: &["--stage"] });
}

#[test]
fn every_reason_is_listed_and_the_worst_decides() {
    let project = Project::with_history();
    project.version(0.72);
    project.ok("certify v4");
    project.version(0.74);
    project.succeed("fraud@v5");
    project.ok("block v4 --reason slow");
    let object = project.json("promote v4 --to production --expect-current v3", 5);
    let mut codes: Vec<_> = object["reasons"].as_array().unwrap().iter().map(|r| r["code"].as_str().unwrap()).collect();
    codes.sort_unstable();
    assert_eq!(codes, ["blocked", "moved", "stale"]);
}

#[test]
fn the_assumption_about_the_present_can_be_stated() {
    let project = Project::with_history();
    project.version(0.72);
    project.ok("certify v4");
    refused(&project, "promote v4 --to production --expect-current v2", 5, &["moved"]);
    refused(&project, "promote v4 --to production --expect-current none", 5, &["moved"]);
    // What is named as the cure is one.
    let moved = project.json("promote v4 --to production --expect-current none", 5);
    assert_eq!(
        moved["reasons"][0]["hint"].as_str().unwrap().split("   #").next(),
        Some("mlrun promote fraud@v4 --to production --expect-current v3")
    );
    project.ok("promote v4 --to production --expect-current v3");
    // Holding it already is what was wanted.
    assert_eq!(project.json("promote v4 --to production", 0)["unchanged"], true);
}

#[test]
fn rules_in_force_are_not_those_of_an_edited_file() {
    let project = Project::with_history();
    let adopted = project.events_of("promote")[0]["adopts"].clone();
    assert!(adopted["policy"].is_string(), "{adopted}");
    project.version(0.30);
    project.write("policy.toml", POLICY.replace("margin = 0.02", "margin = 0.9").replace("min = 0.6", "min = 0.1"));
    let proposed = project.json("certify v4", 5);
    assert_eq!((proposed["proposed"].as_bool(), proposed["verdict"].as_str()), (Some(true), Some("PASS")));
    assert_eq!(proposed["written"], true);
    project.mlrun("certify v4").exits(5).says(&["not the rules in force for production", "never promotes"]);
    let object = project.json("promote v4 --to production", 5);
    assert_eq!(object["reasons"][0]["code"], "other-rules");
    assert_eq!(project.production(), "v3");
    // A comment is no other rule.
    project.write("policy.toml", format!("# loosened? no\n{POLICY}"));
    project.mlrun("certify v4").exits(1).says(&["FAIL"]);
    // Loosening the stage's own conditions in the file does nothing either.
    project.edit("mlrun.toml", "[stage.production]", "[stage.production]\ncertificate = \"none\"");
    refused(&project, "promote v4 --to production", 1, &["verdict"]);
}

#[test]
fn a_version_that_returns_is_certified_by_what_it_is() {
    let project = Project::with_history();
    let first = project.json("show v1", 0)["id"].clone();
    project.train(0.60);
    let again = project.json("snapshot fraud", 0);
    assert_eq!((&again["id"], again["version"].as_str()), (&first, Some("v4")));
    assert_eq!(again["same_as"], serde_json::json!(["v1"]));
    let id = first.as_str().unwrap();
    assert_eq!(project.ok(&format!("show {id} --print version")).stdout, "fraud@v4\n");
}

/// Editing a file changes nothing that is in force, and whoever did it is told.
#[test]
fn rules_that_are_stated_and_not_in_force() {
    let project = Project::with_history();
    project.write("policy.toml", POLICY.replace("margin = 0.02", "margin = 0.9").replace("min = 0.6", "min = 0.1"));
    let version = project.version(0.8);
    let lines = ["rule auc: demand.margin: 0.02 → 0.9", "rule auc-floor: demand.limit: 0.6 → 0.1"];
    project.mlrun(&format!("certify {version}")).exits(5).says(&lines).says(&["not the rules in force"]);
    let listed = project.json(&format!("certify {version}"), 5)["not_in_force"].clone();
    assert_eq!(listed.as_array().unwrap().len(), 2, "{listed}");
    let open = Project::tiny();
    open.edit("mlrun.toml", "[stage.production]", "[stage.staging]\n\n[stage.production]\ncertificate = \"none\"");
    open.ok("snapshot fraud");
    open.ok("promote v1 --to production");
    open.edit("mlrun.toml", "certificate = \"none\"", "certificate = \"none\"\nfrom = [\"staging\"]");
    open.edit("params.yaml", "0.1", "0.2");
    open.ok("snapshot fraud");
    open.ok("promote v2 --to production").says(&[
        "other than the rules in force",
        "from: [] → [\"staging\"]",
        "PROMOTED",
    ]);
    open.edit("mlrun.toml", "[\"staging\"]", "[\"stagin\"]");
    let bad = Bad { exit: 2, message: &["stage.production.from", "no stage `stagin`"], hint: &[] };
    open.fails("promote v2 --to production", &bad);
}
