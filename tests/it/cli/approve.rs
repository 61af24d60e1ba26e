//! Sign-offs, as people type them: who may, what counts, when it lapses, and how others check it.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use mlrun::clock::SystemClock;
use mlrun::format::event::{ActorRecord, EventBody};
use mlrun::name::ModelName;
use mlrun::registry::{Decision, JournalError, State};
use mlrun::repository::{OpenOptions, Repository};
use serde_json::{Value, json};

use super::harness::{Bad, PROGRAM, Project, Shown, error_object, shown};

const NAMESPACE: &str = "sign-off@mlrun-cli";

/// Runs the program as somebody: `ana` is ana@example.org.
#[track_caller]
fn by(project: &Project, who: &str, arguments: &[&str]) -> Shown {
    with(project, who, &[], arguments)
}

#[track_caller]
fn with(project: &Project, who: &str, settings: &[(&str, &str)], arguments: &[&str]) -> Shown {
    shown(command(project, who, settings).args(arguments))
}

/// The program, as somebody runs it whose git has these settings.
fn command(project: &Project, who: &str, settings: &[(&str, &str)]) -> Command {
    let email = format!("{who}@example.org");
    let all = [("user.name", who), ("user.email", &email)].into_iter().chain(settings.iter().copied());
    let mut command = project.other(PROGRAM);
    let mut count = 0;
    for (key, value) in all {
        command.env(format!("GIT_CONFIG_KEY_{count}"), key).env(format!("GIT_CONFIG_VALUE_{count}"), value);
        count += 1;
    }
    command.env("GIT_CONFIG_COUNT", count.to_string());
    command
}

/// The same with `--json`: the object.
#[track_caller]
fn said(project: &Project, who: &str, arguments: &[&str], code: i32) -> Value {
    let all: Vec<&str> = arguments.iter().copied().chain(["--json"]).collect();
    by(project, who, &all).exits(code).object()
}

/// v1 in production by rules that say this of the stage, v2 certified; dan took both.
fn scene(stage: &str) -> Project {
    let project = fresh(stage);
    taken(&project, 0.60);
    project.ok("certify v1 --first-release --reason begin");
    project
}

/// Nothing but the configuration.
fn fresh(stage: &str) -> Project {
    let project = Project::rated();
    let roles = "\n[roles]\nrisk = [\"Ana@example.org\", \"ben@example.org\"]\nowner = [\"ana@example.org\", \"cyd@example.org\", \"dan@example.org\"]\n";
    project.write("mlrun.toml", project.read("mlrun.toml") + stage + roles);
    project
}

#[track_caller]
fn taken(project: &Project, skill: f64) {
    project.train(skill);
    by(project, "dan", &["snapshot", "fraud"]).exits(0);
}

/// Each one's key, beside the project, and the list of all of them in it.
fn keys(project: &Project, people: &[&str]) {
    let mut list = String::from("# who may sign\n");
    for who in people {
        let key = project.beside(who).display().to_string();
        shown(project.other("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-C", who, "-f", &key])).exits(0);
        let public = fs::read_to_string(format!("{key}.pub")).unwrap();
        list += &format!("{who}@example.org namespaces=\"{NAMESPACE}\" {public}");
    }
    project.write("allowed_signers", list);
}

fn key_of(project: &Project, who: &str) -> String {
    format!("--sign={}", project.beside(who).display())
}

fn codes(refused: &Value) -> Vec<&str> {
    refused["reasons"].as_array().unwrap().iter().map(|reason| reason["code"].as_str().unwrap()).collect()
}

const RISK: &str = "approvals = { risk = 1 }\n";
const BOTH: &str = "approvals = { risk = 1, owner = 1 }\n";
const SIGNED: &str = "approvals = { risk = 1 }\nsigners = \"allowed_signers\"\n";

#[test]
fn each_role_by_somebody_else_or_not_at_all() {
    let project = scene(BOTH);
    let refused = project.json("promote v1 --to production", 1);
    assert_eq!((refused["verdict"].as_str(), codes(&refused)), (Some("REFUSED"), vec!["approvals", "approvals"]));
    let reason = |refused: &Value, at: usize, key: &str| refused["reasons"][at][key].as_str().unwrap().to_owned();
    assert_eq!(reason(&refused, 0, "hint"), "mlrun approve fraud@v1 --role owner --for production");
    assert_eq!(reason(&refused, 1, "hint"), "mlrun approve fraud@v1 --role risk --for production");
    // Dan took it.
    assert_eq!(
        reason(&refused, 0, "message"),
        "it has 0 of 1 approvals as owner; it takes ana@example.org or cyd@example.org"
    );
    project.ok("status").says(&["mlrun approve fraud@v1 --role risk --for production"]);
    let owner = said(&project, "ana", &["approve", "v1", "--role", "owner", "-m", "read it"], 0);
    assert_eq!((owner["person"].as_str(), owner["role"].as_str()), (Some("ana@example.org"), Some("owner")));
    assert_eq!((owner["signed"].as_bool(), owner["unchanged"].as_bool()), (Some(false), Some(false)));
    // Ana cannot be both; as it is, somebody must be the other.
    by(&project, "ana", &["approve", "v1", "--role", "risk"])
        .exits(0)
        .says(&["is approved for production by ana@example.org as risk"]);
    let refused = project.json("promote v1 --to production", 1);
    assert_eq!(refused["reasons"].as_array().unwrap().len(), 1, "{refused:#}");
    assert!(reason(&refused, 0, "message").contains("does not count: they fill another role"), "{refused:#}");
    by(&project, "cyd", &["approve", "v1", "--role", "owner"]).exits(0);
    let rehearsed = project.json("promote v1 --to production --dry-run", 0);
    assert_eq!(rehearsed["approvals"].as_array().unwrap().len(), 2);
    let promoted = project.json("promote v1 --to production", 0);
    let counted: Vec<_> =
        promoted["approvals"].as_array().unwrap().iter().map(|a| a["event"]["seq"].as_u64().unwrap()).collect();
    let event = project.events_of("promote").remove(0);
    assert_eq!(event["approvals"], json!(counted));
    let people = |approvals: &Value| -> Vec<String> {
        let all = approvals.as_array().unwrap().iter();
        all.map(|a| format!("{} {}", a["role"].as_str().unwrap(), a["person"].as_str().unwrap())).collect()
    };
    assert_eq!(people(&promoted["approvals"]), ["risk ana@example.org", "owner cyd@example.org"]);
    assert_eq!(people(&project.json("at", 0)["stages"][0]["approvals"]).len(), 2);
    assert_eq!(people(&project.json("status", 0)["models"][0]["stages"][0]["approvals"]).len(), 2);
    assert_eq!(people(&project.json("promote v1 --to production", 0)["approvals"]).len(), 2);
    let shown = project.json("show v1", 0);
    assert_eq!((people(&shown["approvals"]).len(), shown["approvals"][0]["text"].as_str()), (3, Some("read it")));
    project.ok("at").says(&["approved by ana@example.org as risk"]);
    project.ok("show v1").says(&["approved", "for production by cyd@example.org as owner"]);
    project.ok("log --kind approve").says(&["v1 for production, cyd@example.org as owner"]);
}

#[test]
fn who_may_not_and_what_cannot_be_meant() {
    let project = scene(BOTH);
    let bad = |who: &str, arguments: &[&str], exit: i32, message: &[&str], hint: &[&str]| {
        let before = project.fingerprint();
        let json: Vec<&str> = arguments.iter().copied().chain(["--json"]).collect();
        error_object(&by(&project, who, &json).exits(exit), &Bad { exit, message, hint });
        by(&project, who, arguments).exits(exit).says(message);
        assert_eq!(before, project.fingerprint());
    };
    bad(
        "eve",
        &["approve", "v1", "--role", "risk"],
        1,
        &["eve@example.org does not have the role risk"],
        &["policy show"],
    );
    bad(
        "dan",
        &["approve", "v1", "--role", "owner"],
        1,
        &["dan@example.org took fraud@v1", "their own"],
        &["self_approval"],
    );
    bad("ana", &["approve", "v1"], 2, &["in which role?", "owner, risk"], &["--role"]);
    bad("ana", &["approve", "v1", "--role", "boss"], 2, &["no approval in a role `boss`"], &["owner, risk"]);
    bad("ana", &["approve", "v9", "--role", "risk"], 6, &["no v9"], &[]);
    bad("ana", &["approve", "--role", "risk"], 2, &["REVISION"], &[]);
    bad(
        "ana",
        &["approve", "fraud", "--rules", "0123456789", "--role", "risk"],
        5,
        &["not those that the project states"],
        &["policy diff"],
    );
    bad("ana", &["approve", "v1", "--role", "risk", "-m", " "], 2, &["the text: say it in words"], &[]);
    let secret = &format!("token gh{}_0123456789abcdefghijklmnopqrstuvwxyzAB", "p");
    bad("ana", &["approve", "v1", "--role", "risk", "-m", secret], 1, &["a secret"], &["without the secret"]);
    bad(
        "ana",
        &["withdraw", "v1", "--role", "risk"],
        6,
        &["ana@example.org has approved nothing there"],
        &["mlrun show"],
    );
    taken(&project, 0.65);
    bad(
        "ana",
        &["approve", "v2", "--role", "risk"],
        1,
        &["fraud@v2 has no certificate", "there is none"],
        &["mlrun certify fraud@v2"],
    );
    let nobody = Bad { exit: 1, message: &["somebody without an address"], hint: &["git config user.email"] };
    project.fails("approve v1 --role risk", &nobody);
    let none = scene("");
    let unasked = Bad { exit: 2, message: &["`production` of `fraud` asks for no approvals"], hint: &["approvals"] };
    none.fails("approve v1 --role risk", &unasked);
    for (line, message) in [
        ("approvals = { risk = 3 }\n", "the role `risk` has 1 person too few"),
        ("approvals = { rsk = 1 }\n", "no role `rsk` in `[roles]`"),
        ("approvals = { risk = 2, owner = 3 }\n", "nobody fills two roles"),
    ] {
        let project = fresh(line);
        project.fails("status", &Bad { exit: 2, message: &["stage.production.approvals", message], hint: &[] });
    }
    for word in ["none", "now"] {
        let project = fresh(&format!("\n[stage.{word}]\n"));
        project.fails("status", &Bad { exit: 2, message: &[&format!("stage.{word}"), "cannot be called"], hint: &[] });
    }
    let missing = fresh(SIGNED);
    taken(&missing, 0.6);
    missing.fails("promote v1 --to production", &Bad { exit: 6, message: &["allowed_signers"], hint: &[] });
    missing.write("allowed_signers", "ana@example.org ssh-ed25519 AAAA\n");
    missing.fails(
        "promote v1 --to production",
        &Bad { exit: 2, message: &["allowed_signers", "line 1"], hint: &["ssh-keygen"] },
    );
}

#[test]
fn it_may_be_repeated_rehearsed_and_taken_back() {
    let project = scene(RISK);
    let before = project.fingerprint();
    let line = ["approve", "v1", "--role", "risk", "--for", "production"];
    let rehearsal: Vec<&str> = line.iter().copied().chain(["--dry-run"]).collect();
    by(&project, "ana", &rehearsal).exits(0).says(&["would be approved", "nothing was written"]);
    assert_eq!(before, project.fingerprint());
    assert_eq!(said(&project, "ana", &line, 0)["unchanged"], false);
    let before = project.fingerprint();
    let again = said(&project, "ana", &line, 0);
    assert_eq!((again["unchanged"].as_bool(), again["event"].is_null()), (Some(true), true));
    by(&project, "ana", &["approve", "v1"]).exits(0).says(&["approved already"]);
    assert_eq!(before, project.fingerprint());
    // Other words are another statement.
    assert_eq!(said(&project, "ana", &["approve", "v1", "-m", "read it twice"], 0)["unchanged"], false);
    let taken = said(&project, "ana", &["withdraw", "v1", "-m", "not after all"], 0);
    assert_eq!((taken["schema"].as_str(), taken["approvals"].as_array().unwrap().len()), (Some("mlrun/withdraw/1"), 2));
    assert_eq!(said(&project, "ana", &["withdraw", "v1"], 0)["unchanged"], true);
    assert_eq!(codes(&project.json("promote v1 --to production", 1)), ["approvals"]);
    let shown = &project.json("show v1", 0)["approvals"][0];
    assert_eq!((shown["counts"].as_bool(), shown["withdrawn"].is_string()), (Some(false), true));
    project.ok("log").says(&["not after all"]);
    by(&project, "ana", &line).exits(0);
    project.ok("promote v1 --to production");
}

/// Who took a snapshot may approve it where the rules say so, and only there.
#[test]
fn ones_own() {
    let project = scene("approvals = { owner = 1 }\nself_approval = true\n");
    by(&project, "dan", &["approve", "v1"]).exits(0);
    project.ok("promote v1 --to production");
    // In force it stays, whatever the file says.
    let strict = scene("approvals = { owner = 1 }\n");
    by(&strict, "ana", &["approve", "v1"]).exits(0);
    strict.ok("promote v1 --to production");
    strict.edit("mlrun.toml", "approvals = { owner = 1 }", "approvals = { owner = 1 }\nself_approval = true");
    taken(&strict, 0.65);
    strict.ok("certify v2");
    by(&strict, "dan", &["approve", "v2"]).exits(1);
    // The same content under another number is the same.
    strict.train(0.66);
    by(&strict, "cyd", &["snapshot", "fraud"]).exits(0);
    strict.train(0.65);
    by(&strict, "dan", &["snapshot", "fraud"]).exits(0);
    by(&strict, "dan", &["approve", "v2"]).exits(1).says(&["took fraud@v2"]);
    by(&strict, "cyd", &["approve", "v2"]).exits(0);
    strict.ok("promote v2 --to production");
}

/// Another approval by the same people would not help.
#[test]
fn nobody_is_left_who_could() {
    let project = fresh("approvals = { solo = 1 }\n");
    project.write("mlrun.toml", project.read("mlrun.toml") + "solo = [\"dan@example.org\"]\n");
    taken(&project, 0.60);
    project.ok("certify v1 --first-release --reason begin");
    let refused = project.json("promote v1 --to production", 1);
    let reason = &refused["reasons"][0];
    assert!(reason["message"].as_str().unwrap().contains("nobody is left who could"), "{reason}");
    let hint = reason["hint"].as_str().unwrap();
    assert!(hint.contains("as `solo` in [roles]") && !hint.contains("mlrun approve"), "{reason}");
}

#[test]
fn signed_and_checked_by_others() {
    let project = fresh(SIGNED);
    keys(&project, &["ana", "ben", "eve"]);
    taken(&project, 0.60);
    project.ok("certify v1 --first-release --reason begin");
    let unsigned = by(&project, "ana", &["approve", "v1"]).exits(1);
    unsigned.says(&["for production a sign-off must be signed", "--sign"]);
    by(&project, "ana", &["approve", "v1", &key_of(&project, "eve")])
        .exits(1)
        .says(&["does not speak for ana@example.org"]);
    by(&project, "eve", &["approve", "v1", &key_of(&project, "eve")]).exits(1);
    // Whoever types it, it is whose key it is.
    let signed = said(&project, "eve", &["approve", "v1", &key_of(&project, "ana"), "-m", "read it"], 0);
    assert_eq!((signed["person"].as_str(), signed["signed"].as_bool()), (Some("ana@example.org"), Some(true)));
    let fingerprint =
        shown(project.other("ssh-keygen").args(["-l", "-f"]).arg(project.beside("ana.pub"))).exits(0).stdout;
    assert!(fingerprint.contains(signed["key"].as_str().unwrap()));
    assert_eq!(said(&project, "ana", &["approve", "v1", &key_of(&project, "ana")], 0)["unchanged"], true);
    let promoted = project.json("promote v1 --to production", 0);
    assert_eq!(promoted["approvals"][0]["signed"], true);
    // Somebody who has no mlrun to trust.
    let approval = &project.json("show v1", 0)["approvals"][0];
    let raw = |id: &Value| project.ok(&format!("show --raw {}", id.as_str().unwrap())).stdout;
    let (statement, signature) = (raw(&approval["statement"]), raw(&approval["signature"]));
    let certificate = project.json("show v1", 0)["certificates"][0]["id"].clone();
    let said: Value = serde_json::from_str(&statement).unwrap();
    assert_eq!(
        (said["text"].as_str(), &said["certificate"], said["role"].as_str()),
        (Some("read it"), &certificate, Some("risk"))
    );
    fs::write(project.beside("s.sig"), signature).unwrap();
    assert_eq!(their_verdict(&project, "ana", &statement), Some(0));
    assert_ne!(their_verdict(&project, "ben", &statement), Some(0));
    assert_ne!(their_verdict(&project, "ana", &format!("{statement}\n")), Some(0));
    project.ok("verify --full");
    project.ok("gc --now");
    assert_eq!(raw(&approval["statement"]), statement);
    // The file of the signers is kept with the rules it is part of.
    let rules = project.json("policy show", 0)["in_force"].clone();
    assert_eq!(raw(&rules["stage"]["signers"]), project.read("allowed_signers"));
}

/// What `ssh-keygen -Y verify` says of `s.sig` beside the project.
fn their_verdict(project: &Project, who: &str, statement: &str) -> Option<i32> {
    fs::write(project.beside("statement"), statement).unwrap();
    let mut command = project.other("ssh-keygen");
    command.args(["-Y", "verify", "-f", "allowed_signers", "-I", &format!("{who}@example.org"), "-n", NAMESPACE, "-s"]);
    command.arg(project.beside("s.sig")).stdin(fs::File::open(project.beside("statement")).unwrap());
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().code()
}

#[test]
fn signed_elsewhere_and_with_the_key_git_has() {
    let project = fresh("approvals = { risk = 2 }\nsigners = \"allowed_signers\"\n");
    keys(&project, &["ana", "ben"]);
    taken(&project, 0.60);
    project.ok("certify v1 --first-release --reason begin");
    let printed = by(&project, "ci", &["approve", "v1", "--role", "risk", "-m", "ok", "--print-statement"]).exits(0);
    assert!(printed.stderr.contains("ssh-keygen -Y sign") && printed.stderr.contains("--signature"), "{printed}");
    let object = said(&project, "ci", &["approve", "v1", "-m", "ok", "--print-statement"], 0);
    assert_eq!((object["text"].as_str(), object["namespace"].as_str()), (Some(&*printed.stdout), Some(NAMESPACE)));
    assert_eq!(object["statement"], mlrun::digest::Digest::of(printed.stdout.as_bytes()).to_string());
    fs::write(project.beside("s"), &printed.stdout).unwrap();
    let key = project.beside("ana");
    let sign = |namespace: &str| {
        let _ = fs::remove_file(project.beside("s.sig"));
        let mut command = project.other("ssh-keygen");
        shown(command.args(["-Y", "sign", "-n", namespace, "-f"]).arg(&key).arg(project.beside("s"))).exits(0);
    };
    let file = project.beside("s.sig").display().to_string();
    sign("git");
    by(&project, "ci", &["approve", "v1", "-m", "ok", "--signature", &file])
        .exits(4)
        .says(&["the signature does not hold", "it was made for `git`"]);
    sign(NAMESPACE);
    // Of other words.
    by(&project, "ci", &["approve", "v1", "--signature", &file]).exits(4).says(&["not a signature of this statement"]);
    let taken = said(&project, "ci", &["approve", "v1", "-m", "ok", "--signature", &file], 0);
    assert_eq!((taken["person"].as_str(), taken["signed"].as_bool()), (Some("ana@example.org"), Some(true)));
    assert_eq!(said(&project, "ci", &["approve", "v1", "-m", "ok", "--signature", &file], 0)["unchanged"], true);
    // One key speaks for one person.
    assert_eq!(codes(&project.json("promote v1 --to production", 1)), ["approvals"]);
    let none = by(&project, "ben", &["approve", "v1", "--sign"]).exits(2);
    none.says(&["no key is named", "user.signingkey"]);
    let public = project.beside("ben.pub").display().to_string();
    with(&project, "ben", &[("gpg.format", "ssh"), ("user.signingkey", &public)], &["approve", "v1", "--sign"])
        .exits(0);
    project.ok("promote v1 --to production");
    // A key that has a passphrase, and nobody to ask.
    let locked = project.beside("locked").display().to_string();
    shown(project.other("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "secret-words", "-f", &locked])).exits(0);
    taken_and_certified(&project);
    let refused = by(&project, "ana", &["approve", "v2", &format!("--sign={locked}")]).exits(8);
    refused.says(&["`ssh-keygen` made no signature", "nothing was recorded"]);
    by(&project, "ana", &["approve", "v2", "--sign=gone"]).exits(6).says(&["cannot read the key"]);
}

/// An agent that holds these people's keys, and where it listens.
fn agent_with(project: &Project, people: &[&str]) -> (Child, PathBuf) {
    let socket = project.beside("agent");
    let agent = project.other("ssh-agent").arg("-D").arg("-a").arg(&socket).stdout(Stdio::null()).spawn().unwrap();
    for who in people {
        let add = || project.other("ssh-add").env("SSH_AUTH_SOCK", &socket).arg("-q").arg(project.beside(who)).output();
        // It listens when it has begun.
        assert!((0..1000).any(|_| add().unwrap().status.success()));
    }
    (agent, socket)
}

/// An agent has keys, and git is told of none: the one is taken that the list of signers gives whoever approves.
#[test]
fn a_key_that_an_agent_has() {
    let project = fresh(SIGNED);
    taken(&project, 0.60);
    keys(&project, &["ana", "ben", "eve"]);
    project.ok("certify v1 --first-release --reason begin");
    let (mut agent, socket) = agent_with(&project, &["eve", "ben", "ana"]);
    let line = ["approve", "v1", "--role", "risk", "--sign", "--json"];
    let approve = |who: &str| shown(command(&project, who, &[]).env("SSH_AUTH_SOCK", &socket).args(line));
    let (signed, stranger) = (approve("ben"), approve("dan"));
    agent.kill().unwrap();
    agent.wait().unwrap();
    let signed = signed.exits(0).object();
    assert_eq!((&signed["person"], &signed["signed"]), (&"ben@example.org".into(), &true.into()));
    let listed = shown(project.other("ssh-keygen").args(["-l", "-f"]).arg(project.beside("ben.pub"))).stdout;
    assert!(listed.contains(signed["key"].as_str().unwrap()), "{listed}{signed}");
    stranger.exits(2).says(&["no key is named"]);
    approve("ana").exits(2).says(&["no key is named", ".pub"]);
}

/// A snapshot by an account without an address: who has that account's name took it, who only hands in a signature did not approve.
#[test]
fn an_author_without_an_address() {
    let project = fresh(SIGNED);
    keys(&project, &["ana", "ben"]);
    project.version(0.60);
    assert!(project.json("show v1", 0)["actor"].get("email").is_none());
    project.ok("certify v1 --first-release --reason begin");
    by(&project, "ana", &["approve", "v1", &key_of(&project, "ana")]).exits(1).says(&["nobody approves their own"]);
    let statement = project.ok("approve v1 --print-statement").stdout;
    fs::write(project.beside("s"), statement).unwrap();
    let mut sign = project.other("ssh-keygen");
    sign.args(["-Y", "sign", "-n", NAMESPACE, "-f"]).arg(project.beside("ben")).arg(project.beside("s"));
    shown(&mut sign).exits(0);
    let file = project.beside("s.sig").display().to_string();
    assert_eq!(project.json(&format!("approve v1 --signature {file}"), 0)["person"], "ben@example.org");
    project.ok("promote v1 --to production");
}

#[track_caller]
fn taken_and_certified(project: &Project) {
    taken(project, 0.65);
    project.ok("certify v2");
}

/// It holds while its certificate does, or one that says PASS by the same rules.
#[test]
fn an_approval_lapses() {
    let project = scene("approvals = { risk = 1 }\nwaivers = [\"risk\"]\n");
    by(&project, "ana", &["approve", "v1"]).exits(0);
    project.ok("promote v1 --to production");
    taken_and_certified(&project);
    by(&project, "ana", &["approve", "v2"]).exits(0);
    taken(&project, 0.66);
    project.ok("certify v3");
    by(&project, "ben", &["approve", "v3"]).exits(0);
    project.ok("promote v3 --to production");
    // Another baseline, another certificate, the same rules: PASS.
    let before = project.json("show v2", 0)["certificates"][0]["id"].clone();
    project.ok("certify v2");
    assert_ne!(project.json("show v2", 0)["certificates"][0]["id"], before);
    assert_eq!(project.json("show v2", 0)["approvals"][0]["counts"], true);
    project.ok("promote v2 --to production --dry-run");
    // A case that it is wrong about, waived: that was not what Ana saw.
    let rows = super::scene::rows(0.65);
    let wrong = rows.iter().find(|row| (row.score > 0.5) != (row.label == 1)).unwrap().id.to_string();
    project.run(&["case", "add", "--row", &wrong, "--reason", "a complaint"]).exits(0);
    project.mlrun("certify v2").exits(1);
    by(&project, "ana", &["waive", "v2", "--rule", "cases", "--reason", "known", "--expires", "2100-01-01"]).exits(0);
    assert_eq!(project.json("certify v2", 0)["verdict"], "WAIVED");
    let refused = project.json("promote v2 --to production", 1);
    assert_eq!(codes(&refused), ["approvals"]);
    assert!(refused["reasons"][0]["message"].as_str().unwrap().contains("is not in force any more"), "{refused:#}");
    assert_eq!(project.json("show v2", 0)["approvals"][0]["counts"], false);
    by(&project, "ana", &["approve", "v2"]).exits(0);
    project.ok("promote v2 --to production");
}

/// A line that is taken out of the project's file revokes the key at once; one that is put in gives nothing.
#[test]
fn a_key_that_is_revoked() {
    let project = fresh(SIGNED);
    keys(&project, &["ana", "ben"]);
    taken(&project, 0.60);
    project.ok("certify v1 --first-release --reason begin");
    by(&project, "ana", &["approve", "v1", &key_of(&project, "ana")]).exits(0);
    project.ok("promote v1 --to production");
    taken_and_certified(&project);
    by(&project, "ana", &["approve", "v2", &key_of(&project, "ana")]).exits(0);
    let list = project.read("allowed_signers");
    // Without the file nothing promotes, and everything can be looked at.
    project.remove("allowed_signers");
    project.mlrun("promote v2 --to production").exits(6).says(&["allowed_signers"]);
    let seen = &project.json("show v2", 0)["approvals"][0];
    assert!(seen["counts"] == false && seen["reason"].as_str().unwrap().contains("allowed_signers"), "{seen}");
    project.ok("at");
    project.write("allowed_signers", &list);
    let without: String =
        list.lines().filter(|line| !line.starts_with("ana@")).map(|line| format!("{line}\n")).collect();
    project.write("allowed_signers", &without);
    let refused = project.json("promote v2 --to production", 1);
    assert_eq!(codes(&refused), ["approvals"]);
    assert!(refused["reasons"][0]["message"].as_str().unwrap().contains("revoked"), "{refused:#}");
    assert_eq!(refused["reasons"][0]["hint"], "mlrun approve fraud@v2 --role risk --for production --sign");
    by(&project, "ana", &["approve", "v2", &key_of(&project, "ana")]).exits(1);
    // Another key for Ana is a rule that is not in force.
    shown(project.other("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(project.beside("new")))
        .exits(0);
    let public = fs::read_to_string(project.beside("new.pub")).unwrap();
    project.write("allowed_signers", format!("{without}ana@example.org {public}"));
    by(&project, "ana", &["approve", "v2", &key_of(&project, "new")]).exits(1).says(&["policy adopt"]);
    // By the rules in force, Ana may say so herself, and so may Ben.
    let sha256 = project.json("policy diff", 0)["stated"].as_str().unwrap().to_owned();
    by(&project, "ben", &["approve", "fraud", "--rules", &sha256, &key_of(&project, "ben")]).exits(0);
    project.ok("policy adopt --reason rotated");
    by(&project, "ana", &["approve", "v2", &key_of(&project, "new")]).exits(0);
    project.ok("promote v2 --to production");
}

#[test]
fn rules_change_under_the_approvals_they_ask_for() {
    let project = scene(RISK);
    by(&project, "ana", &["approve", "v1"]).exits(0);
    project.ok("promote v1 --to production");
    // Whoever edits the file may neither drop the approvals nor give somebody the role.
    project.edit("mlrun.toml", RISK, "");
    taken_and_certified(&project);
    assert_eq!(codes(&project.json("promote v2 --to production", 1)), ["approvals"]);
    project.edit("mlrun.toml", "risk = [", "risk = [\"eve@example.org\", ");
    by(&project, "eve", &["approve", "v2"]).exits(1).says(&["eve@example.org does not have the role risk"]);
    let sha256 = project.json("policy diff", 0)["stated"].as_str().unwrap().to_owned();
    project.ok("policy diff").says(&[&sha256]);
    let refused = project.json("policy adopt --reason less", 1);
    assert_eq!((refused["verdict"].as_str(), codes(&refused)), (Some("REFUSED"), vec!["approvals"]));
    let cure = format!("mlrun approve fraud --rules {sha256} --role risk --for production");
    assert_eq!(refused["reasons"][0]["hint"], cure.as_str());
    project.mlrun("policy adopt --reason less").exits(1).says(&[&cure, "REFUSED"]);
    by(&project, "eve", &["approve", "fraud", "--rules", &sha256]).exits(1);
    let approved = said(&project, "ben", &["approve", "fraud", "--rules", &sha256[..12], "-m", "agreed"], 0);
    assert_eq!((approved["rules"].as_str(), approved["version"].is_null()), (Some(&*sha256), true));
    // Approved is what was shown, not what the file says by now.
    project.edit("mlrun.toml", "[stage.production]\n", "[stage.production]\nvalid_for = \"1d\"\n");
    assert_eq!(codes(&project.json("policy adopt --reason less", 1)), ["approvals"]);
    project.edit("mlrun.toml", "valid_for = \"1d\"\n", "");
    let adopted = project.json("policy adopt --reason less", 0);
    assert_eq!(
        (adopted["verdict"].as_str(), adopted["approvals"][0]["person"].as_str()),
        (Some("ADOPTED"), Some("ben@example.org"))
    );
    let event = project.events_of("adopt").remove(0);
    assert_eq!(event["approvals"], json!([approved["event"]["seq"]]));
    project.ok("promote v2 --to production");
    let gone = said(&project, "ben", &["withdraw", "fraud", "--rules", &sha256], 0);
    assert_eq!(gone["unchanged"], false);
}

/// A signature lies in the store for everybody: handed in again it is worth nothing once it was taken back or used.
#[test]
fn a_statement_counts_once() {
    let project = fresh(SIGNED);
    keys(&project, &["ana", "ben"]);
    taken(&project, 0.60);
    project.ok("certify v1 --first-release --reason begin");
    by(&project, "ana", &["approve", "v1", &key_of(&project, "ana")]).exits(0);
    let signature = project.json("show v1", 0)["approvals"][0]["signature"].as_str().unwrap().to_owned();
    fs::write(project.beside("old.sig"), project.ok(&format!("show --raw {signature}")).stdout).unwrap();
    let old = project.beside("old.sig").display().to_string();
    by(&project, "ana", &["withdraw", "v1"]).exits(0);
    let replayed = by(&project, "eve", &["approve", "v1", "--signature", &old]).exits(1);
    replayed.says(&["ana@example.org has signed the same before", "-m"]);
    by(&project, "ana", &["approve", "v1", &key_of(&project, "ana")]).exits(1);
    assert_eq!(codes(&project.json("promote v1 --to production", 1)), ["approvals"]);
    by(&project, "ana", &["approve", "v1", "-m", "after all", &key_of(&project, "ana")]).exits(0);
    project.ok("promote v1 --to production");

    // Rules that were in force once take new approvals to be so again.
    let adopt = |days: &str, text: &str| {
        let config = project.read("mlrun.toml");
        let lines = config.lines().filter(|line| !line.starts_with("valid_for")).collect::<Vec<_>>().join("\n");
        project.write(
            "mlrun.toml",
            lines.replace("[stage.production]", &format!("[stage.production]\nvalid_for = \"{days}\"")) + "\n",
        );
        let sha256 = project.json("policy diff", 0)["stated"].as_str().unwrap().to_owned();
        if !text.is_empty() {
            let line = ["approve", "fraud", "--rules", &sha256, "-m", text, &key_of(&project, "ben")];
            by(&project, "ben", &line).exits(0);
        }
        project.mlrun("policy adopt --reason again --json").object()
    };
    assert_eq!(adopt("10d", "lax")["verdict"], "ADOPTED");
    assert_eq!(adopt("1d", "strict")["verdict"], "ADOPTED");
    let refused = adopt("10d", "");
    assert_eq!(codes(&refused), ["approvals"]);
    assert!(
        refused["reasons"][0]["message"].as_str().unwrap().contains("other rules were put in force since"),
        "{refused:#}"
    );
    let sha256 = project.json("policy diff", 0)["stated"].as_str().unwrap().to_owned();
    // The command that is named takes other words: those were used.
    let hint = format!("mlrun approve fraud --rules {sha256} --role risk --for production --sign -m …");
    assert_eq!(refused["reasons"][0]["hint"], hint);
    by(&project, "ben", &["approve", "fraud", "--rules", &sha256, "-m", "lax", &key_of(&project, "ben")]).exits(1);
    assert_eq!(adopt("10d", "lax, for another month")["verdict"], "ADOPTED");
}

/// A list of signers may give one key to several people, by their names or by a pattern: it speaks for one of them at a time.
#[test]
fn one_key_is_one_person() {
    let project = fresh("approvals = { risk = 2 }\nsigners = \"allowed_signers\"\n");
    keys(&project, &["ana", "ben"]);
    let list = project.read("allowed_signers");
    let shared = list.lines().find(|line| line.starts_with("ana@")).unwrap().replace("ana@", "b*@");
    project.write("allowed_signers", format!("{list}{shared}\n"));
    taken(&project, 0.60);
    project.ok("certify v1 --first-release --reason begin");
    let key = key_of(&project, "ana");
    by(&project, "ana", &["approve", "v1", &key]).exits(0);
    let before = project.fingerprint();
    by(&project, "ben", &["approve", "v1", &key])
        .exits(1)
        .says(&["ana@example.org has approved it already", "one key is one"]);
    assert_eq!(before, project.fingerprint());
    // Two at once get past that: one of them counts.
    let start = project.path("");
    let repository = Repository::open(&OpenOptions { start, store: None, clock: Arc::new(SystemClock) }).unwrap();
    let model = ModelName::new("fraud").unwrap();
    let state = repository.registry().state(&model).unwrap().unwrap();
    let row = state.approvals[0].clone();
    let body = EventBody::Approve {
        subject: row.subject,
        stage: row.stage,
        role: row.role,
        person: "ben@example.org".to_owned(),
        certificate: row.certificate,
        statement: row.statement,
        signature: row.signature,
    };
    let append = |_: &State| Ok::<_, JournalError>(Decision::Append(body.clone(), ()));
    repository.registry().commit(&model, &ActorRecord::default(), append).unwrap();
    let refused = project.json("promote v1 --to production", 1);
    assert_eq!(codes(&refused), ["approvals"]);
    let message = refused["reasons"][0]["message"].as_str().unwrap();
    assert!(message.contains("1 of 2") && message.contains("the key is that of ana@example.org"), "{message}");
    by(&project, "ben", &["withdraw", "v1"]).exits(0);
    by(&project, "ben", &["approve", "v1", "-m", "mine", &key_of(&project, "ben")]).exits(0);
    project.ok("promote v1 --to production");
}

/// Who took the snapshot does not approve it by calling themselves somebody else for whom their key is listed, too.
#[test]
fn an_authors_key_is_theirs_under_any_name() {
    let project = fresh("approvals = { risk = 1 }\nsigners = \"allowed_signers\"\n");
    keys(&project, &["ana", "ben"]);
    let list = project.read("allowed_signers");
    let of_author = list.lines().find(|line| line.starts_with("ana@")).unwrap().replace("ana@", "dan@");
    project.write("allowed_signers", format!("{list}{of_author}\n"));
    taken(&project, 0.60);
    project.ok("certify v1 --first-release --reason begin");
    by(&project, "ana", &["approve", "v1", &key_of(&project, "ana")]);
    let refused = project.json("promote v1 --to production", 1);
    assert_eq!(codes(&refused), ["approvals"]);
    by(&project, "ben", &["approve", "v1", &key_of(&project, "ben")]).exits(0);
    project.ok("promote v1 --to production");
}

/// Who asks for a certificate where none was asked for does not get rid of what was: the approvals, the checks, where it must have been.
#[test]
fn to_ask_for_a_certificate_drops_nothing_else() {
    let asks =
        "certificate = \"none\"\nfrom = [\"staging\"]\napprovals = { risk = 1 }\nbefore = [\"test -e agreed\"]\n";
    let project = fresh(&format!("{asks}[stage.staging]\ncertificate = \"none\"\n"));
    taken(&project, 0.60);
    by(&project, "ana", &["approve", "v1", "--for", "production"]).exits(0);
    project.ok("promote v1 --to staging");
    project.write("agreed", "").ok("promote v1 --to production");
    taken(&project, 0.30);
    let codes_of =
        |line: &str, code: i32| codes(&project.json(line, code)).into_iter().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(codes_of("promote v2 --to production", 1), ["not-from", "approvals"]);
    // Somebody who may not sign it off writes rules by which it is good enough.
    let config = project.read("mlrun.toml");
    project.write("mlrun.toml", config.replace(asks, "approvals = { owner = 1 }\nself_approval = true\n"));
    let task = "schema = 1\ntask = \"binary\"\n";
    project.write("policy.toml", format!("{task}[[rule]]\nid = \"any\"\nmetric = \"accuracy\"\nmin = 0.0\n"));
    project.remove("agreed").ok("certify v2");
    by(&project, "dan", &["approve", "v2", "--role", "owner", "--for", "production"]).exits(2).says(&["risk"]);
    assert_eq!(codes_of("promote v2 --to production", 1), ["not-from", "approvals"]);
    project.ok("promote v2 --to staging");
    by(&project, "ana", &["approve", "v2", "--for", "production"]).exits(0);
    assert_eq!(codes_of("promote v2 --to production", 1), ["vetoed"]);
    project.write("agreed", "").ok("promote v2 --to production");
    // From here on it takes a certificate, too, and everything that it took before.
    let rules = project.json("policy show --stage production", 0)["in_force"]["stage"].clone();
    assert_eq!((&rules["certificate"], &rules["from"]), (&json!(true), &json!(["staging"])), "{rules:#}");
    assert_eq!((&rules["approvals"], &rules["before"]), (&json!({ "risk": 1 }), &json!(["test -e agreed"])));
    assert_eq!(rules.get("self_approval"), None, "{rules:#}");
}

/// Where rules ask for signatures, that nothing is compared is signed for, too: by a waiver that says so.
#[test]
fn a_first_release_is_declared_with_a_signature() {
    let project = fresh("waivers = [\"risk\"]\nsigners = \"allowed_signers\"\n");
    keys(&project, &["ana", "ben"]);
    taken(&project, 0.60);
    // The very first one is nobody's to excuse.
    project.release("fraud@v1");
    taken(&project, 0.30);
    project.ok("retire --reason around");
    let certify = ["certify", "v2", "--first-release", "--reason", "anew"];
    by(&project, "dan", &certify).exits(1).says(&["may not declare a first release to production", "the role risk"]);
    let cure = "mlrun waive fraud@v2 --rule first-release --reason … --expires … --sign";
    by(&project, "ana", &certify).exits(1).says(&["ask for signatures", "it is not signed", cure]);
    let waive = ["waive", "v2", "--rule", "first-release", "--reason", "v1 leaks", "--expires", "2100-01-01"];
    by(&project, "ana", &waive).exits(1).says(&["must be signed"]);
    let [ana, ben] = ["ana", "ben"].map(|who| key_of(&project, who));
    let of_ben = [waive.as_slice(), &[&*ben]].concat();
    by(&project, "ana", &of_ben).exits(1).says(&["does not speak for ana@example.org"]);
    let of_ana = [waive.as_slice(), &[&*ana]].concat();
    by(&project, "ana", &of_ana).exits(0).says(&["mlrun certify fraud@v2 --first-release --reason …"]);
    // Then a machine may certify it.
    project.write("policy.toml", super::scene::POLICY.replace("min = 0.6", "min = 0.5"));
    let certified = said(&project, "dan", &certify, 5);
    assert_eq!(certified["proposed"], true, "the rules stay those in force: {certified:#}");
    project.write("policy.toml", super::scene::POLICY);
    taken(&project, 0.65);
    // Of an agent's keys it is hers that counts.
    let mut of_v3: Vec<&str> = waive.iter().map(|word| if *word == "v2" { "v3" } else { *word }).collect();
    of_v3.push("--sign");
    let (mut agent, socket) = agent_with(&project, &["ben", "ana"]);
    let signed = shown(command(&project, "ana", &[]).env("SSH_AUTH_SOCK", &socket).args(&of_v3));
    agent.kill().unwrap();
    agent.wait().unwrap();
    signed.exits(0).says(&["mlrun certify fraud@v3 --first-release --reason …"]);
    let certify = ["certify", "v3", "--first-release", "--reason", "anew"];
    assert_eq!(said(&project, "dan", &certify, 0)["verdict"], "PASS");
    // Whose key is taken from the list has signed nothing.
    let list = project.read("allowed_signers");
    let without: Vec<&str> = list.lines().filter(|line| !line.starts_with("ana@")).collect();
    project.write("allowed_signers", without.join("\n") + "\n");
    let refused = project.json("promote v3 --to production", 1);
    assert_eq!(codes(&refused), ["compared-with-nothing"], "{refused:#}");
    project.write("allowed_signers", list);
    project.ok("promote v3 --to production");
    project.ok("verify --full");
}

/// Of a snapshot that nobody put a name to, nobody can say that it is another's.
#[test]
fn who_took_it_must_be_known() {
    let project = fresh("approvals = { risk = 1 }\n");
    project.train(0.60);
    let mut command = project.command(&["snapshot", "fraud"]);
    shown(command.env_remove("USER").env("LOGNAME", "").env_remove("GIT_AUTHOR_NAME").env_remove("GIT_AUTHOR_EMAIL"))
        .exits(0);
    let actor = project.events_of("snapshot")[0]["actor"].clone();
    project.ok("certify v1 --first-release --reason begin");
    let approve = ["approve", "v1", "--role", "risk", "--for", "production"];
    assert!(actor["name"].is_null() && actor["email"].is_null(), "{actor}");
    by(&project, "ana", &approve).exits(1).says(&["who took fraud@v1 is not known", "git config user.email"]);
    // Approved before that was refused, or by another program: it does not count.
    project.edit("mlrun.toml", "[stage.production]\n", "[stage.production]\nself_approval = true\n");
    by(&project, "ana", &approve).exits(0);
    project.edit("mlrun.toml", "self_approval = true\n", "");
    let refused = project.mlrun("promote v1 --to production").exits(1);
    refused.says(&["who took the snapshot is not known"]);
}

/// With signers, a waiver that is not signed excuses nothing.
#[test]
fn waivers_are_signed_too() {
    let project = fresh("waivers = [\"risk\"]\n");
    keys(&project, &["ana", "ben"]);
    taken(&project, 0.60);
    project.release("fraud@v1");
    taken(&project, 0.30);
    let line = ["waive", "v2", "--rule", "auc", "--reason", "known", "--expires", "2100-01-01"];
    by(&project, "ana", &line).exits(0);
    assert_eq!(project.json("certify v2", 0)["verdict"], "WAIVED");
    project.edit("mlrun.toml", "waivers = [\"risk\"]\n", "waivers = [\"risk\"]\nsigners = \"allowed_signers\"\n");
    project.ok("policy adopt --reason signed");
    // What counted before does not now: neither for the certificate, nor for the next.
    let waiver = project.json("show v2", 0)["waivers"][0].clone();
    assert_eq!((&waiver["in_force"], &waiver["flaw"]), (&json!(false), &json!("it is not signed")));
    project.ok("show v2").says(&["until 2100-01-01 23:59:59.999Z; does not count: it is not signed: known"]);
    let refused = project.json("promote v2 --to production", 1);
    assert_eq!(codes(&refused), ["waiver"]);
    assert!(refused["reasons"][0]["message"].as_str().unwrap().contains("it is not signed"), "{refused:#}");
    let failed = project.json("certify v2", 1);
    assert!(
        failed.to_string().contains("the waiver of `auc` by ana@example.org does not count: it is not signed"),
        "{failed:#}"
    );
    by(&project, "ana", &line).exits(1).says(&["must be signed"]);
    let signed = |who: &str| {
        [line.as_slice(), &[&*key_of(&project, who)]].concat().iter().map(|w| (*w).to_owned()).collect::<Vec<_>>()
    };
    let words = |who: &str| signed(who);
    let run = |who: &str, key: &str| {
        let words = words(key);
        by(&project, who, &words.iter().map(String::as_str).collect::<Vec<_>>())
    };
    run("ana", "ben").exits(1).says(&["does not speak for ana@example.org"]);
    run("ana", "ana").exits(0);
    let waivers = project.json("show v2", 0)["waivers"].clone();
    assert_eq!((&waivers[0]["in_force"], &waivers[1]["in_force"]), (&json!(false), &json!(true)));
    assert_eq!(project.json("certify v2", 0)["verdict"], "WAIVED");
    project.ok("promote v2 --to production");
    let waiver = project.events_of("waive").remove(1);
    // A longer one was replaced by a shorter one: its signature does not bring it back.
    let wave = |reason: &str, expires: &str, how: &str| {
        by(&project, "ana", &["waive", "v2", "--rule", "auc-floor", "--reason", reason, "--expires", expires, how])
    };
    wave("known", "2100-01-01", &key_of(&project, "ana")).exits(0);
    let long = project.events_of("waive").pop().unwrap()["signature"].as_str().unwrap().to_owned();
    fs::write(project.beside("long.sig"), project.ok(&format!("show --raw {long}")).stdout).unwrap();
    wave("known", "2090-01-01", &key_of(&project, "ana")).exits(0);
    let again = format!("--signature={}", project.beside("long.sig").display());
    wave("known", "2100-01-01", &again).exits(1).says(&["replaced", "other words"]);
    let printed = by(&project, "ana", &[line.as_slice(), &["--print-statement"]].concat()).exits(0).stdout;
    fs::write(
        project.beside("s.sig"),
        project.ok(&format!("show --raw {}", waiver["signature"].as_str().unwrap())).stdout,
    )
    .unwrap();
    assert_eq!(their_verdict(&project, "ana", &printed), Some(0));
    // What is signed names the certificate whose numbers are excused.
    assert_eq!(printed.matches(&format!("\"certificate\":{}", failed["certificate"])).count(), 1, "{printed}");
    project.ok("verify --full");
}

/// What was signed off goes with the version, and is checked without a store.
#[test]
fn a_bundle_has_the_sign_offs() {
    let project = fresh(SIGNED);
    keys(&project, &["ana", "ben"]);
    taken(&project, 0.60);
    project.ok("certify v1 --first-release --reason begin");
    by(&project, "ana", &["approve", "v1", &key_of(&project, "ana"), "-m", "first"]).exits(0);
    by(&project, "ana", &["withdraw", "v1"]).exits(0);
    by(&project, "ben", &["approve", "v1", &key_of(&project, "ben")]).exits(0);
    project.ok("promote v1 --to production");
    taken_and_certified(&project);
    by(&project, "ana", &["approve", "v2", &key_of(&project, "ana")]).exits(0);
    project.ok("promote v2 --to production");
    for (version, signed) in [("v1", 2), ("v2", 1)] {
        project.ok(&format!("bundle {version} -o {version}.tar.gz"));
        project.ok(&format!("bundle --verify {version}.tar.gz"));
        let listed = shown(project.other("tar").args(["-tzf", &format!("{version}.tar.gz")])).exits(0).stdout;
        let count =
            |begin: &str, end: &str| listed.lines().filter(|l| l.starts_with(begin) && l.ends_with(end)).count();
        assert!(count("ssh/", ".sig") >= signed, "{listed}");
        // Signatures, and whose keys count by the rules.
        assert!(count("records/", ".txt") > signed, "{listed}");
    }
    // A statement that says something else, with sums to match.
    let folder = project.path("x");
    fs::create_dir(&folder).unwrap();
    shown(project.other("tar").args(["-xzf", "v2.tar.gz", "-C", "x"])).exits(0);
    let mut records = fs::read_dir(folder.join("records")).unwrap().map(|entry| entry.unwrap().path());
    let is_statement = |path: &PathBuf| fs::read_to_string(path).is_ok_and(|text| text.contains("mlrun/approval/1"));
    let statement = records.find(is_statement).unwrap();
    let text = fs::read_to_string(&statement).unwrap();
    let again = |project: &Project| {
        let sums = "cd x && rm SHA256SUMS && find . -type f | sed 's|^./||' | LC_ALL=C sort | xargs sha256sum > ../SUMS && mv ../SUMS SHA256SUMS";
        shown(project.other("sh").args(["-c", sums])).exits(0);
        let names = "cd x && { echo SHA256SUMS; echo bundle.json; find . -type f | sed 's|^./||' | grep -vx 'SHA256SUMS\\|bundle.json' | LC_ALL=C sort; } | tar --format=ustar --owner=0 --group=0 -czf ../y.tar.gz -T -";
        shown(project.other("sh").args(["-c", names])).exits(0);
        project.mlrun("bundle --verify y.tar.gz")
    };
    again(&project).exits(0);
    fs::write(&statement, text.replace("\"text\":null", "\"text\":\"no\"")).unwrap();
    again(&project).exits(4).says(&["does not hash to its name"]);
    fs::remove_file(&statement).unwrap();
    again(&project).exits(4).says(&["is missing"]);
    fs::write(&statement, text).unwrap();
    again(&project).exits(0);
}

/// A stored signature or statement that is gone is found out, and what rests on it does not promote.
#[test]
fn a_statement_that_is_damaged() {
    let project = fresh(SIGNED);
    keys(&project, &["ana", "ben"]);
    taken(&project, 0.60);
    project.ok("certify v1 --first-release --reason begin");
    let before: std::collections::BTreeSet<_> = packs(&project).collect();
    by(&project, "ana", &["approve", "v1", &key_of(&project, "ana")]).exits(0);
    let made: Vec<_> = packs(&project).filter(|pack| !before.contains(pack)).collect();
    assert_eq!(made.len(), 1, "statement and signature");
    fs::remove_file(&made[0]).unwrap();
    let found = project.json("verify", 4)["problems"].to_string();
    assert!(found.contains("the statement is missing") && found.contains("the signature is missing"), "{found}");
    let refused = project.mlrun("promote v1 --to production --json").object();
    assert_eq!(codes(&refused), ["approvals"], "{refused:#}");
}

fn packs(project: &Project) -> impl Iterator<Item = std::path::PathBuf> {
    let folder = fs::read_dir(project.store().join("packs")).unwrap();
    folder.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|end| end == "pack"))
}

/// A time without `Z` is one of the machine that looks, for `ssh-keygen` and for us.
#[test]
fn times_of_the_machine() {
    use mlrun::clock::{Clock as _, SystemClock};
    let project = fresh(SIGNED);
    keys(&project, &["ana"]);
    let list = project.read("allowed_signers");
    let soon = SystemClock.now().after(std::time::Duration::from_secs(4 * 3600)).to_string();
    let digits: String = soon.chars().take(19).filter(char::is_ascii_digit).collect();
    project.write("allowed_signers", list.replace("namespaces=", &format!("valid-before=\"{digits}\",namespaces=")));
    taken(&project, 0.60);
    project.ok("certify v1 --first-release --reason begin");
    let printed = by(&project, "ana", &["approve", "v1", "--print-statement"]).exits(0).stdout;
    fs::write(project.beside("s"), &printed).unwrap();
    fs::write(project.beside("statement"), &printed).unwrap();
    let key = project.beside("ana");
    let mut sign = project.other("ssh-keygen");
    shown(sign.args(["-Y", "sign", "-n", NAMESPACE, "-f"]).arg(key).arg(project.beside("s"))).exits(0);
    // In Tokyo it is nine hours later: there it has passed.
    for (zone, good) in [("UTC", true), ("JST-9", false), ("EST5", true)] {
        let file = project.beside("s.sig").display().to_string();
        let mut ours = project.other(PROGRAM);
        let email = ["user.email", "ana@example.org"];
        ours.env("TZ", zone)
            .env("GIT_CONFIG_COUNT", "1")
            .env("GIT_CONFIG_KEY_0", email[0])
            .env("GIT_CONFIG_VALUE_0", email[1]);
        shown(ours.args(["approve", "v1", "--dry-run", "--signature", &file])).exits(i32::from(!good));
        let mut theirs = project.other("ssh-keygen");
        theirs.env("TZ", zone).args([
            "-Y",
            "verify",
            "-f",
            "allowed_signers",
            "-I",
            email[1],
            "-n",
            NAMESPACE,
            "-s",
            &file,
        ]);
        theirs.stdin(fs::File::open(project.beside("statement")).unwrap()).stdout(Stdio::null()).stderr(Stdio::null());
        assert_eq!(theirs.status().unwrap().success(), good, "{zone}");
    }
}
