//! Waivers: who may, what becomes of a verdict, and when it is over.

use serde_json::Value;

use super::harness::{Bad, PROGRAM, Project, Shown, error_object, shown};

/// Runs the program as the person with this address.
#[track_caller]
fn by(project: &Project, email: &str, arguments: &[&str]) -> Shown {
    let mut command = project.other(PROGRAM);
    command.env("GIT_CONFIG_COUNT", "1").env("GIT_CONFIG_KEY_0", "user.email").env("GIT_CONFIG_VALUE_0", email);
    shown(command.args(arguments))
}

#[track_caller]
fn waive(project: &Project, rule: &str, expires: &str) -> Shown {
    by(
        project,
        "ana@example.org",
        &["waive", "v2", "--rule", rule, "--reason", "known and accepted", "--expires", expires],
    )
}

/// v1 in production, where `risk` may waive; v2 is worse.
fn scene() -> Project {
    let project = with_rules("valid_for = \"36500d\"\nwaivers = [\"risk\"]\n");
    project.release("fraud@v1");
    project.version(0.30);
    project
}

fn with_rules(stage: &str) -> Project {
    let project = Project::rated();
    let roles = "\n[roles]\nrisk = [\"Ana@example.org\", \"ben@example.org\"]\n";
    // Whoever runs this takes the snapshots, too.
    project.write("mlrun.toml", project.read("mlrun.toml") + stage + "self_approval = true\n" + roles);
    project.version(0.60);
    project
}

/// Nobody excuses what they made, as nobody approves it.
#[test]
fn nobody_waives_their_own() {
    let project = with_rules("waivers = [\"risk\"]\n");
    project.edit("mlrun.toml", "self_approval = true\n", "");
    project.release("fraud@v1");
    project.train(0.30);
    by(&project, "ana@example.org", &["snapshot", "fraud"]).exits(0);
    let refused = waive(&project, "auc", "2100-01-01").exits(1);
    refused.says(&[
        "ana@example.org may not waive a rule of fraud@v2",
        "nobody excuses their own",
        "self_approval = true",
    ]);
    let line = ["waive", "v2", "--rule", "auc", "--reason", "known", "--expires", "2100-01-01"];
    by(&project, "ben@example.org", &line).exits(0);
    assert_eq!(project.json("certify v2", 0)["verdict"], "WAIVED");
    project.ok("promote v2 --to production --dry-run");
    // Given while that was allowed, it does not count once it is not.
    project.edit("mlrun.toml", "waivers = [\"risk\"]\n", "waivers = [\"risk\"]\nself_approval = true\n");
    project.ok("policy adopt --reason small");
    waive(&project, "auc", "2100-01-01").exits(0);
    assert_eq!(project.json("certify v2", 0)["verdict"], "WAIVED");
    project.edit("mlrun.toml", "self_approval = true\n", "");
    project.ok("policy adopt --reason larger");
    project.mlrun("promote v2 --to production").exits(1).says(&["a waiver of `auc` by whoever took it"]);
    let failed = project.json("certify v2", 1);
    assert!(failed["remarks"].to_string().contains("nobody excuses their own"), "{failed:#}");
    project.ok("show v2").says(&["does not count: they took the snapshot"]);
}

fn rule<'a>(certificate: &'a Value, id: &str) -> &'a Value {
    certificate["rules"].as_array().unwrap().iter().find(|rule| rule["id"] == id).unwrap()
}

#[test]
fn what_does_not_pass_is_waived_and_never_passes() {
    let project = scene();
    assert_eq!(project.json("certify v2", 1)["verdict"], "FAIL");
    waive(&project, "auc", "2100-01-01")
        .exits(0)
        .says(&["`auc` is waived for fraud@v2 until 2100-01-01 23:59:59.999Z"]);
    let certificate = project.json("certify v2", 0);
    assert_eq!((certificate["verdict"].as_str(), certificate["exit"].as_u64()), (Some("WAIVED"), Some(0)));
    let auc = rule(&certificate, "auc");
    assert_eq!((auc["verdict"].as_str(), auc["waived"].as_str()), (Some("WAIVED"), Some("FAIL")));
    assert!(auc["reason"].as_str().unwrap().contains("known and accepted"), "{auc}");
    assert!(auc["delta"].as_f64().unwrap() < -0.02, "the numbers stay what they are");
    assert_eq!(rule(&certificate, "auc-floor")["verdict"], "PASS");
    let waiver = &certificate["waivers"][0];
    assert_eq!((waiver["rule"].as_str(), waiver["approver"].as_str()), (Some("auc"), Some("ana@example.org")));
    // It expires no later than its waiver, and says the same when asked again.
    assert_eq!((&waiver["expires"], &certificate["expires"]), (&"2100-01-01T23:59:59.999Z".into(), &waiver["expires"]));
    let again = project.json("certify v2", 0);
    assert_eq!((&again["certificate"], again["unchanged"].as_bool()), (&certificate["certificate"], Some(true)));
    let shown = project.mlrun("certify v2 --report junit=c.xml --report markdown=c.md").exits(0);
    assert!(shown.last_line().starts_with("WAIVED") && shown.stderr.contains("mlrun promote fraud@v2"), "{shown}");
    assert!(project.read("c.xml").contains("<skipped") && project.read("c.md").contains("known and accepted"));
    // It counts, so the day matters on which it no longer does.
    assert!(shown.last_line().contains("expires 2100-01-01"), "{shown}");
    project.ok("show v2").says(&["WAIVED, ", ", expires 2100-01-01"]);
    project.ok("status").says(&["WAIVED, expires in"]);
    project.ok("promote v2 --to production");
    let listed = &project.json("show v2", 0)["waivers"][0];
    assert_eq!((listed["rule"].as_str(), listed["in_force"].as_bool()), (Some("auc"), Some(true)));
    project.ok("show v2").says(&["waived", "`auc` by ana@example.org"]);
    // Whoever asks years later what it went live on.
    let waived = ["WAIVED", "waived `auc` by ana@example.org until 2100-01-01", ": known and accepted"];
    project.ok("at").says(&waived);
    let held = &project.json("at", 0)["stages"][0];
    assert_eq!((&held["verdict"], &held["waivers"][0]["rule"]), (&"WAIVED".into(), &"auc".into()));
    assert_eq!(project.json("at --since 2020-01-01", 0)["stages"][0]["verdict"], "PASS");
    project.ok("log").says(&["`auc` for v2 until 2100-01-01", "WAIVED for v2"]);
    let event = project.events_of("waive").remove(0);
    assert_eq!((event["version"].as_str(), event["signature"].is_null()), (Some("v2"), true));
}

/// Another version is not excused, nor is another rule; the worst of what is left decides.
#[test]
fn one_version_and_one_rule() {
    let project = scene();
    waive(&project, "auc", "2100-01-01").exits(0);
    project.write("out/latency.csv", super::scene::latency(90.0, 1)).ok("snapshot fraud");
    let other = project.json("certify v3", 1);
    assert_eq!(
        (rule(&other, "auc")["verdict"].as_str(), other["waivers"].clone()),
        (Some("FAIL"), serde_json::json!([]))
    );
    by(&project, "ben@example.org", &["waive", "v3", "--rule", "auc", "--reason", "x", "--expires", "2100-01-01"])
        .exits(0);
    let certificate = project.json("certify v3", 1);
    assert_eq!(
        (certificate["verdict"].as_str(), rule(&certificate, "auc")["verdict"].as_str()),
        (Some("FAIL"), Some("WAIVED"))
    );
    // What passes needs no waiver, and its certificate names none.
    by(
        &project,
        "ben@example.org",
        &["waive", "v3", "--rule", "auc-floor", "--reason", "x", "--expires", "2100-01-01"],
    )
    .exits(0);
    let certificate = project.json("certify v3", 1);
    assert_eq!(rule(&certificate, "auc-floor")["verdict"], "PASS");
    assert_eq!(certificate["waivers"].as_array().unwrap().len(), 1);
}

#[test]
fn who_may() {
    let project = scene();
    let line = ["waive", "v2", "--rule", "auc", "--reason", "x", "--expires", "2100-01-01"];
    let stranger = by(&project, "eve@example.org", &line).exits(1);
    stranger.clone().says(&["eve@example.org may not waive a rule for production", "the role risk", "[roles]"]);
    let json: Vec<&str> = line.iter().copied().chain(["--json"]).collect();
    error_object(
        &by(&project, "eve@example.org", &json).exits(1),
        &Bad { exit: 1, message: &["eve"], hint: &["roles"] },
    );
    let nobody = Bad { exit: 1, message: &["somebody without an address"], hint: &["git config user.email"] };
    project.run_fails(&line, &nobody);
    // Whoever edits the file gives nobody a role that the rules in force do not.
    project.edit("mlrun.toml", "risk = [", "risk = [\"eve@example.org\", ");
    by(&project, "eve@example.org", &line).exits(1);
    by(&project, "ANA@example.org", &line).exits(0);
    // A stage that says nothing lets nobody.
    let silent = with_rules("");
    silent.release("fraud@v1");
    silent.version(0.30);
    by(&silent, "ana@example.org", &line).exits(1).says(&["production names no role in `waivers`, so nobody may"]);
    let unknown = with_rules("waivers = [\"rsk\"]\n".replace("rsk", "risk").as_str());
    unknown.edit("mlrun.toml", "waivers = [\"risk\"]", "waivers = [\"rsk\"]");
    unknown
        .fails("status", &Bad { exit: 2, message: &["stage.production.waivers", "no role `rsk`", "risk"], hint: &[] });
}

/// What counts for one stage may not count for another.
#[test]
fn another_stage_asks_for_other_people() {
    let project = Project::rated();
    let stages = "[stage.staging]\n\n[stage.production]\nwaivers = [\"risk\"]\nself_approval = true\n\n[roles]\nrisk = [\"ana@example.org\"]\n";
    project.write("mlrun.toml", project.read("mlrun.toml").replace("[stage.production]\n", stages));
    let first = project.version(0.60);
    project.ok(&format!("certify {first} --first-release --reason begin"));
    project.ok("promote v1 --to staging");
    project.ok("promote v1 --to production");
    project.version(0.30);
    waive(&project, "auc", "2100-01-01").exits(0);
    project.ok("certify v2");
    let refused = project.json("promote v2 --to staging", 1);
    let codes: Vec<_> = refused["reasons"].as_array().unwrap().iter().map(|r| r["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["waiver"], "{refused:#}");
    assert!(refused["reasons"][0]["message"].as_str().unwrap().contains("for staging nobody may"), "{refused:#}");
    project.ok("promote v2 --to production");
}

#[test]
fn a_newer_waiver_takes_the_place_of_an_older() {
    let project = scene();
    waive(&project, "auc", "2100-01-01").exits(0);
    project.ok("certify v2");
    waive(&project, "auc", "2090-01-01").exits(0);
    let refused = project.json("promote v2 --to production", 1);
    assert_eq!(
        (refused["reasons"][0]["code"].as_str(), &refused["reasons"][0]["hint"]),
        (Some("waiver"), &"mlrun certify fraud@v2".into())
    );
    assert_eq!(project.json("certify v2", 0)["expires"], "2090-01-01T23:59:59.999Z");
    project.ok("promote v2 --to production");
}

#[test]
fn over_when_it_is_over() {
    use mlrun::clock::{Clock, SystemClock};
    let project = scene();
    let end = SystemClock.now().after(std::time::Duration::from_millis(1500)).to_string();
    waive(&project, "auc", &end).exits(0);
    let certificate = project.json("certify v2", 0);
    assert_eq!(certificate["expires"], end);
    while project.mlrun("promote v2 --to production --dry-run").code == Some(0) {}
    let refused = project.json("promote v2 --to production", 1);
    let codes: Vec<_> = refused["reasons"].as_array().unwrap().iter().map(|r| r["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["waiver", "expired"]);
    assert_eq!(project.json("certify v2", 1)["verdict"], "FAIL");
    assert_eq!(project.json("show v2", 0)["waivers"][0]["in_force"], false);
}

#[test]
fn what_cannot_be_waived() {
    let project = scene();
    let line = |rule: &str, expires: &str, version: &str| {
        format!("waive {version} --rule {rule} --reason x --expires {expires}")
    };
    let unknown = Bad { exit: 2, message: &["no rule `acu`", "auc"], hint: &["auc, auc-floor, p95"] };
    project.fails(&line("acu", "2100-01-01", "v2"), &unknown);
    // There are no cases, and nothing is used up.
    project.fails(&line("cases", "2100-01-01", "v2"), &Bad { exit: 2, message: &["no rule `cases`"], hint: &[] });
    project.fails(&line("holdout", "2100-01-01", "v2"), &Bad { exit: 2, message: &["no rule `holdout`"], hint: &[] });
    project.fails(
        &line("auc", "2001-01-01", "v2"),
        &Bad { exit: 2, message: &["would end 2001-01-01"], hint: &["to come"] },
    );
    project.fails(
        &line("auc", "soon", "v2"),
        &Bad { exit: 2, message: &["`soon` is not a time", "`in 3 days`"], hint: &[] },
    );
    project.fails(&line("auc", "2100-01-01T12:00", "v2"), &Bad { exit: 2, message: &["no time zone"], hint: &[] });
    project.fails(&line("auc", "2100-01-01", "v9"), &Bad { exit: 6, message: &["no v9"], hint: &[] });
    project.fails("waive v2 --rule auc --expires 2100-01-01", &Bad { exit: 2, message: &["--reason"], hint: &[] });
    project.fails("waive v2 --rule auc --reason x", &Bad { exit: 2, message: &["--expires"], hint: &[] });
    let empty = Bad { exit: 2, message: &["the reason: say it in words"], hint: &[] };
    project.run_fails(&["waive", "v2", "--rule", "auc", "--reason", " ", "--expires", "2100-01-01"], &empty);
}

#[test]
fn it_may_be_repeated_and_rehearsed() {
    let project = scene();
    let line = ["waive", "v2", "--rule", "auc", "--reason", "x", "--expires", "2100-01-01"];
    let rehearsal: Vec<&str> = line.iter().copied().chain(["--dry-run"]).collect();
    let before = project.fingerprint();
    by(&project, "ana@example.org", &rehearsal).exits(0).says(&["would be waived", "nothing was written"]);
    assert_eq!(before, project.fingerprint());
    by(&project, "ana@example.org", &line).exits(0);
    let before = project.fingerprint();
    let json: Vec<&str> = line.iter().copied().chain(["--json"]).collect();
    let again = by(&project, "ana@example.org", &json).exits(0).object();
    assert_eq!((again["unchanged"].as_bool(), again["event"].is_null()), (Some(true), true));
    assert_eq!((again["schema"].as_str(), again["signed"].as_bool()), (Some("mlrun/waive/1"), Some(false)));
    assert_eq!(before, project.fingerprint());
}

/// A first release needs an absolute rule that passes: a waived one has not.
#[test]
fn a_first_release_is_not_waived_through() {
    let project = with_rules("waivers = [\"risk\"]\n");
    project.edit("policy.toml", "min = 0.6", "min = 0.99");
    project.mlrun("certify v1 --first-release --reason begin").exits(1);
    let line = ["waive", "v1", "--rule", "auc-floor", "--reason", "x", "--expires", "2100-01-01"];
    by(&project, "ana@example.org", &line).exits(0);
    let certificate = project.json("certify v1 --first-release --reason begin", 3);
    assert_eq!(rule(&certificate, "auc-floor")["verdict"], "WAIVED");
    assert_eq!(certificate["verdict"], "INCONCLUSIVE");
    project.mlrun("promote v1 --to production").exits(1);
}

/// The stage moved on: what was accepted against v1 nobody has accepted against v3.
#[test]
fn another_baseline_is_not_what_was_waived() {
    let project = scene();
    project.json("certify v2", 1);
    waive(&project, "auc", "2100-01-01").exits(0);
    assert_eq!(project.json("certify v2", 0)["verdict"], "WAIVED");
    project.version(0.65);
    project.succeed("v3");
    let certificate = project.json("certify v2", 1);
    let auc = rule(&certificate, "auc");
    assert_eq!(auc["verdict"], "FAIL");
    let said = auc["reason"].as_str().unwrap();
    assert!(said.contains("another baseline") && said.contains("`mlrun waive fraud@v2 --rule auc`"), "{said}");
    waive(&project, "auc", "2100-01-01").exits(0);
    assert_eq!(project.json("certify v2", 0)["verdict"], "WAIVED");
}
