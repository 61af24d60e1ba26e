//! Rules in force: how they are seen, how they change, and what an emptied stage means to them.

use std::fs;

use super::harness::{Bad, Project, shown};
use super::scene::{POLICY, latency, rows, table};

#[test]
fn rules_change_only_by_adopting_them() {
    let project = Project::succeeded();
    assert_eq!(project.json("policy diff --exit-code", 0)["identical"], true);
    assert!(project.json("policy adopt --reason same", 0)["unchanged"].as_bool().unwrap());
    let stricter = format!("{POLICY}\n[[rule]]\nid = \"floor\"\nmetric = \"accuracy\"\nmin = 0.1\n");
    project.write("policy.toml", &stricter);
    let reports = "--report markdown=r.md --report junit=r.xml --report sarif=r.json";
    let proposal = project.mlrun(&format!("certify v2 {reports}")).exits(5);
    proposal.says(&["mlrun policy adopt fraud", "\nnot certified: PASS by other rules than those in force for"]);
    // No report of it reads as a certificate.
    assert!(project.read("r.md").starts_with("## NOT CERTIFIED: fraud@v2\n"), "{}", project.read("r.md"));
    assert!(project.read("r.xml").contains("errors=\"1\""), "{}", project.read("r.xml"));
    assert!(project.read("r.json").contains("not certified: PASS by other rules"), "{}", project.read("r.json"));
    for name in ["r.md", "r.xml", "r.json"] {
        fs::remove_file(project.path(name)).unwrap();
    }
    project.mlrun("promote v2 --to production").exits(5).says(&["mlrun policy"]);
    let differs = project.json("policy diff --exit-code", 1);
    assert_eq!(differs["differences"], serde_json::json!(["rule floor: stated, not in force"]));
    project.leaves_alone("policy adopt --reason r --dry-run", 0).says(&["nothing was written"]);
    let adopted = project.json("policy adopt --reason floor", 0);
    assert_eq!((adopted["unchanged"].as_bool(), &adopted["differences"]), (Some(false), &differs["differences"]));
    let event = project.events_of("adopt").remove(0);
    assert_eq!((event["reason"].as_str(), event["stage"].as_str()), (Some("floor"), Some("production")));
    let shown = project.json("policy show", 0);
    assert_eq!(shown["in_force"]["sha256"], adopted["adopted"]);
    assert!(shown["in_force"]["policy"]["rules"].to_string().contains("floor"));
    project.ok("policy show").says(&["rules in force for production of fraud", "floor"]);
    project.ok("log --kind adopt").says(&["other rules for production: floor"]);
    project.ok("certify v2");
    project.ok("promote v2 --to production");
    // The file as it was is a proposal now.
    project.write("policy.toml", POLICY);
    project.mlrun("certify v1 --check").exits(5).says(&["floor"]);
}

#[test]
fn before_the_first_promotion_there_is_nothing_to_adopt() {
    let project = Project::rated();
    project.version(0.60);
    let none = Bad { exit: 6, message: &["has no rules in force yet"], hint: &["mlrun promote"] };
    project.fails("policy adopt --reason r", &none);
    assert!(project.json("policy show", 0)["in_force"].is_null());
    project.ok("policy diff").says(&["no rules are in force for production of fraud"]);
}

#[test]
fn an_emptied_stage_holds_nothing_and_can_be_held_again() {
    let project = Project::succeeded();
    project.leaves_alone("retire --reason gone --dry-run", 0);
    assert_eq!(project.production(), "v1");
    let retired = project.json("retire --reason withdrawn", 0);
    assert_eq!((retired["version"].as_str(), retired["unchanged"].as_bool()), (Some("v1"), Some(false)));
    assert_eq!(project.json("retire --reason again", 0)["unchanged"], true);
    assert_eq!(project.json("at now", 0)["stages"], serde_json::json!([]));
    let event = project.events_of("retire").remove(0);
    let just_before = project.events_of("promote").remove(0)["time"].as_str().unwrap().to_owned();
    let then = project.json(&format!("at {just_before}"), 0);
    assert_eq!((then["stages"][0]["version"].as_str(), &then["stages"][0]["until"]), (Some("v1"), &event["time"]));
    project.fails("show production", &Bad { exit: 6, message: &["production"], hint: &[] });
    // Nothing to compare with is a first release, and has to be called one.
    project.mlrun("certify v2").exits(3);
    let back = project.mlrun("rollback --reason oops").exits(1);
    back.says(&["v1 was retired", "--to v1"]);
    let returned = project.json("rollback --to v1 --reason oops", 0);
    assert_eq!((returned["version"].as_str(), &returned["previous"]), (Some("v1"), &serde_json::Value::Null));
    assert_eq!(project.json("at now", 0)["stages"][0]["version"], "v1");
    project.ok("verify --full");
    project.ok("verify --journal");
}

/// To empty a stage and begin anew excuses every comparison: it takes somebody who may excuse one.
#[test]
fn a_stage_is_not_emptied_to_get_around_its_rules() {
    let project = Project::rated();
    let roles = "\n[roles]\nrisk = [\"ben@example.org\"]\n";
    let stage = "waivers = [\"risk\"]\nself_approval = true\n";
    project.write("mlrun.toml", project.read("mlrun.toml") + stage + roles);
    let first = project.version(0.70);
    project.release(&first);
    project.version(0.62);
    project.mlrun("certify v2").exits(1);
    project.ok("retire --reason around");
    let certify = |who: &str| {
        let mut command = project.command(&["certify", "v2", "--first-release", "--reason", "anew"]);
        command.env("GIT_CONFIG_COUNT", "1").env("GIT_CONFIG_KEY_0", "user.email");
        shown(command.env("GIT_CONFIG_VALUE_0", format!("{who}@example.org")))
    };
    let nobody = Bad {
        exit: 1,
        message: &["may not declare a first release to production", "takes the role risk"],
        hint: &["git config user.email"],
    };
    project.run_fails(&["certify", "v2", "--first-release", "--reason", "anew"], &nobody);
    certify("eve").exits(1).says(&["eve@example.org may not declare a first release", "mlrun policy show"]);
    project.mlrun("promote v2 --to production").exits(5).says(&["its certificate says FAIL"]);
    certify("ben").exits(0);
    project.ok("promote v2 --to production");
}

/// Whoever emptied it, and the rules in force name nobody who may excuse a rule: those who approve have to, of this very certificate.
#[test]
fn who_approves_excuses_that_nothing_is_compared() {
    let project = Project::rated();
    let roles = "\n[roles]\nrisk = [\"ben@example.org\"]\n";
    project.write("mlrun.toml", project.read("mlrun.toml") + "approvals = { risk = 1 }\n" + roles);
    let by = |who: &str, line: &str| {
        let mut command = project.command(&line.split(' ').collect::<Vec<_>>());
        command.env("GIT_CONFIG_COUNT", "1").env("GIT_CONFIG_KEY_0", "user.email");
        shown(command.env("GIT_CONFIG_VALUE_0", format!("{who}@example.org")))
    };
    let taken = |skill: f64| {
        by("dan", {
            project.train(skill);
            "snapshot fraud"
        })
        .exits(0)
    };
    taken(0.70);
    project.ok("certify v1 --first-release --reason begin");
    by("ben", "approve v1 --role risk --for production").exits(0);
    project.ok("promote v1 --to production");
    taken(0.72);
    project.ok("certify v2");
    by("ben", "approve v2 --role risk --for production").exits(0);
    // What was agreed to was compared. That nothing is, nobody has agreed to.
    project.ok("retire --reason around");
    let certified = project.json("certify v2 --first-release --reason anew", 0);
    assert_eq!((certified["verdict"].as_str(), certified["takes_force"].as_bool()), (Some("PASS"), Some(false)));
    let refused = project.mlrun("promote v2 --to production").exits(1);
    refused.says(&["0 of 1 approvals as risk", "is not in force any more"]);
    by("ben", "approve v2 --role risk --for production").exits(0);
    project.ok("promote v2 --to production");
    assert_eq!(project.events_of("force").len(), 0);
}

/// A first release that was certified before anything was there is none when that is gone again.
#[test]
fn an_old_first_release_does_not_come_back() {
    let project = Project::rated();
    project.version(0.62);
    project.ok("certify v1 --first-release --reason begin");
    let good = project.version(0.70);
    project.release(&good);
    project.mlrun("promote v1 --to production").exits(5);
    project.ok("retire --reason around");
    project.mlrun("promote v1 --to production").exits(5).says(&["certified"]);
    // What held it comes back as it always could.
    project.ok("rollback --to v2 --reason slip --unblock");
}

/// The stage of the baseline is not the one that is promoted to: the rules of both are asked who may declare a first release.
#[test]
fn another_stage_is_no_way_around_either() {
    let project = Project::rated();
    let config = project.read("mlrun.toml") + "waivers = [\"risk\"]\n[stage.staging]\ncertificate = \"none\"\n";
    project.write("mlrun.toml", config + "\n[roles]\nrisk = [\"ben@example.org\"]\n");
    let policy = project.read("policy.toml");
    project.write("policy.toml", format!("{policy}\n[baseline]\nref = \"staging\"\n"));
    project.version(0.70);
    project.ok("certify v1 --first-release --reason begin");
    project.ok("promote v1 --to production");
    project.ok("promote v1 --to staging");
    project.version(0.62);
    project.mlrun("certify v2").exits(1);
    project.ok("retire --stage staging --reason around");
    project
        .mlrun("certify v2 --first-release --reason anew")
        .exits(1)
        .says(&["may not declare a first release to production"]);
    project.mlrun("promote v2 --to production").exits(5);
}

#[test]
fn evidence_added_later_makes_no_policy_ambiguous() {
    let project = Project::succeeded();
    project.write("may.csv", table(&rows(0.5)));
    project.ok("attach v2 --set may may.csv --key row_id --label y --score p --positive 1 --slice country");
    project.ok("certify v2");
    // Both have both: which one is meant is the policy's to say.
    project.ok("attach v1 --set may may.csv --key row_id --label y --score p --positive 1 --slice country");
    let which = Bad { exit: 2, message: &["names no predictions set", "may", "test"], hint: &["set = \"test\""] };
    project.fails("certify v2 --check", &which);
}

/// A rule that does not fit is found by its line, and what would fit is named.
#[test]
fn a_rule_that_does_not_fit_is_found_by_its_line() {
    let project = Project::succeeded();
    let rule = "\n[[rule]]\nid = \"plans\"\nmetric = \"accuracy\"\nmin = 0.1\neach = [\"plan\"]\n";
    let line = POLICY.lines().count() + 3;
    project.write("policy.toml", format!("{POLICY}{rule}"));
    let bad = Bad { exit: 2, message: &["policy.toml`, line", &line.to_string(), "`plan`"], hint: &["country"] };
    project.fails("certify v2 --check", &bad);
    project.write("policy.toml", POLICY);
    let alone = Bad { exit: 2, message: &["--first-release"], hint: &[] };
    project.fails("certify v2 --reason because", &alone);
    let config = project.read("mlrun.toml");
    let predict = "[model.fraud.evidence.predict]\ncommand = \"x {model} {input} {output}\"\ntimeout = ";
    project.write("mlrun.toml", format!("{config}{predict}5\n"));
    project.ok("status");
    project.write("mlrun.toml", format!("{config}{predict}true\n"));
    project.fails("status", &Bad { exit: 2, message: &["timeout = \"10m\"", "seconds"], hint: &[] });
}

#[test]
fn the_workspace_is_an_old_version_too() {
    let project = Project::tiny();
    project.reported("{\"auc\": 0.5}");
    let [model, metrics] = ["model/weights.bin", "metrics.json"].map(|name| (name, project.read(name)));
    for number in 0..22 {
        project.reported(&format!("{{\"auc\": 0.{number}9}}"));
    }
    for (name, text) in [model, metrics] {
        project.write(name, text);
    }
    let first = project.mlrun("certify --json").exits(3).object();
    assert_eq!(first["candidate"]["name"].as_str().or(first["candidate"].as_str()), Some("fraud@v1"), "{first:#}");
}

#[test]
fn a_report_in_the_project_is_no_change_of_it() {
    let project = Project::succeeded();
    project.ok("certify --report markdown=certify.md --report junit=certify.xml");
    assert!(project.read("certify.md").contains("PASS"));
    let twice = Bad { exit: 2, message: &["two reports go to", "x.md"], hint: &[] };
    project.fails("certify v2 --report markdown=x.md --report json=x.md", &twice);
    project.mlrun("certify v2 --report json=-").exits(2).says(&["--format json"]);
}

/// A first release puts in force what every later candidate has to satisfy.
#[test]
fn a_first_release_says_what_its_own_samples_could_never_show() {
    let project = Project::rated();
    let few = latency(10.0, 3).lines().take(61).collect::<Vec<_>>().join("\n") + "\n";
    project.train(0.60).write("out/latency.csv", few);
    project.ok("snapshot");
    let found = project.json("certify v1 --first-release --reason new", 3);
    let p99 = found["rules"].as_array().unwrap().iter().find(|rule| rule["verdict"] == "INCONCLUSIVE").unwrap();
    assert!(p99["reason"].as_str().unwrap().contains("60 rows"), "{p99}");
}
