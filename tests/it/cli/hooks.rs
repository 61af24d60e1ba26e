//! Hooks: real scripts around real moves.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::harness::{Bad, PROGRAM, Project, shown};

/// Says what it was given, and where it is.
const TELLS: &str = r#"import json, os, sys
told = {name: value for name, value in os.environ.items() if name.startswith("MODEL_")}
arguments = [open(os.path.join(a, "weights.bin")).read() if os.path.isdir(a) else a for a in sys.argv[2:]]
with open(sys.argv[1], "a") as out:
    out.write(json.dumps({"variables": told, "folder": os.getcwd(), "arguments": arguments, "raw": sys.argv[2:], "input": json.load(sys.stdin)}) + "\n")
"#;

/// An open stage with hooks, v1 and v2.
fn scene(hooks: &str) -> Project {
    let project = Project::tiny();
    project.edit("mlrun.toml", "[stage.production]", &format!("[stage.production]\ncertificate = \"none\"\n{hooks}"));
    project.ok("snapshot fraud");
    project.write("model/weights.bin", "w1").ok("snapshot fraud");
    project
}

fn script(project: &Project, name: &str, text: &str) {
    project.write(name, format!("#!/bin/sh\n{text}\n"));
    fs::set_permissions(project.path(name), fs::Permissions::from_mode(0o755)).unwrap();
}

/// When, outcome and command of every hook event.
fn ran(project: &Project) -> Vec<(String, String, String)> {
    let text = |event: &Value, name: &str| event[name].as_str().unwrap().to_owned();
    project.events_of("hook").iter().map(|e| (text(e, "when"), text(e, "outcome"), text(e, "command"))).collect()
}

fn outcomes(project: &Project) -> Vec<String> {
    ran(project).into_iter().map(|(when, outcome, _)| format!("{when} {outcome}")).collect()
}

#[test]
fn hooks_are_told_what_moves() {
    let project = scene(
        "before = [\"python3 tell.py before.txt 'two words'\"]\nafter = [\"python3 tell.py after.txt {model} x={model}\"]",
    );
    project.write("tell.py", TELLS);
    let read = |name: &str| -> Vec<Value> {
        project.read(name).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    fs::create_dir(project.path("deep")).unwrap();
    // From wherever it is started, they run in the project.
    let shown = project.ok("-C deep promote v1 --to production");
    shown.says(&["hook `python3 tell.py", "succeeded", "PROMOTED"]);
    project.ok("promote v2 --to production --reason better");
    let id = |version: &str| project.json(&format!("show {version}"), 0)["id"].clone();
    let [first, second] = &read("before.txt")[..] else { panic!("two promotions, two checks") };
    assert_eq!(first["folder"], project.path("").display().to_string());
    assert_eq!(first["arguments"], json!(["two words"]));
    assert_eq!(
        first["variables"],
        json!({
            "MODEL_NAME": "fraud", "MODEL_VERSION": "v1", "MODEL_ID": id("v1"), "MODEL_STAGE": "production", "MODEL_PREVIOUS": "",
            "MODEL_CERTIFICATE": "", "MODEL_MOVE": "promote", "MODEL_EVENT": "",
        })
    );
    assert_eq!(
        (&second["variables"]["MODEL_PREVIOUS"], &second["input"]["schema"]),
        (&json!("v1"), &json!("mlrun/promote/1"))
    );
    assert_eq!((&second["input"]["event"], &second["input"]["version"]), (&Value::Null, &json!("v2")));
    let [_, second] = &read("after.txt")[..] else { panic!("two promotions, two deployments") };
    let moves = project.events_of("promote");
    assert_eq!(second["variables"]["MODEL_EVENT"], moves[1]["seq"].to_string());
    assert_eq!((&second["input"]["event"]["seq"], &second["input"]["previous"]), (&moves[1]["seq"], &json!("v1")));
    assert_eq!((&second["input"]["reason"], &second["input"]["model"]), (&json!("better"), &json!("fraud")));
    // The model's files lay there, and do no more.
    assert_eq!(second["arguments"][0], "w1");
    let place = second["raw"][0].as_str().unwrap();
    assert!(place.ends_with("/model") && second["raw"][1] == format!("x={place}"), "{second}");
    assert!(!std::path::Path::new(place).exists());
    // What stands behind a move stands in it, and who ran says which move it belongs to.
    assert_eq!(moves[1]["after"].as_array().unwrap().len(), 1);
    let hooks = project.events_of("hook");
    let of: Vec<_> =
        hooks.iter().map(|e| (e["when"].as_str().unwrap(), e["of"].clone(), e["outcome"].as_str().unwrap())).collect();
    let seq = |at: usize| moves[at]["seq"].clone();
    let expected = [("before", Value::Null), ("after", seq(0)), ("before", Value::Null), ("after", seq(1))];
    assert_eq!(of, expected.map(|(when, of)| (when, of, "succeeded")));
    // The way back has no checks.
    project.ok("rollback fraud --reason slow");
    let back = read("after.txt").pop().unwrap();
    assert_eq!(read("before.txt").len(), 2);
    assert_eq!((&back["input"]["schema"], &back["arguments"][0]), (&json!("mlrun/rollback/1"), &json!("w0")));
    let of = |name: &str| back["variables"][name].as_str().unwrap().to_owned();
    assert_eq!(
        (of("MODEL_MOVE"), of("MODEL_VERSION"), of("MODEL_PREVIOUS")),
        ("rollback".into(), "v1".into(), "v2".into())
    );
    project.ok("verify --journal");
}

#[test]
fn a_check_says_no() {
    let project = scene("before = [\"./good.sh\", \"./bad.sh one\", \"./bad.sh two\"]\nafter = [\"./push.sh\"]");
    script(&project, "good.sh", "echo fine");
    script(
        &project,
        "bad.sh",
        "echo \"looking at $MODEL_VERSION\"; echo key AKIA\"IOSFODNN7QWERTYZ\" >&2; echo \"not $1\" >&2; exit 3",
    );
    script(&project, "push.sh", "touch pushed");
    let refused = project.mlrun("promote v1 --to production").exits(1);
    // Every one that did not agree is named; what they say is passed on.
    assert!(refused.stderr.contains("looking at v1") && refused.stderr.contains("fine"), "{refused}");
    let refused = refused.says(&["`./bad.sh one` says no (status 3): not one", "`./bad.sh two`", "not two"]);
    assert_eq!(refused.last_line(), "REFUSED");
    let good = |when: &str, outcome: &str, command: &str| (when.to_owned(), outcome.to_owned(), command.to_owned());
    let expected = [
        good("before", "succeeded", "./good.sh"),
        good("before", "failed", "./bad.sh one"),
        good("before", "failed", "./bad.sh two"),
    ];
    assert_eq!(ran(&project), expected);
    assert!(project.events_of("promote").is_empty() && !project.path("pushed").exists());
    let event = project.events_of("hook").remove(1);
    assert_eq!((&event["exit"], &event["of"]), (&json!(3), &Value::Null));
    let said = event["said"].as_str().unwrap();
    assert!(said.starts_with("looking at v1\nkey <redacted:") && said.ends_with("not one"), "{said}");
    project.ok("log --kind hook").says(&["`./bad.sh one` before production → v1 failed (status 3)"]);
    // A rehearsal is a check for CI: the same answer, and nothing written.
    let before = project.fingerprint();
    let object = project.json("promote v1 --to production --dry-run", 1);
    assert_eq!(before, project.fingerprint());
    let codes: Vec<_> = object["reasons"].as_array().unwrap().iter().map(|r| r["code"].as_str().unwrap()).collect();
    assert_eq!((codes, &object["verdict"]), (vec!["vetoed", "vetoed"], &json!("REFUSED")));
    for reason in object["reasons"].as_array().unwrap() {
        assert!(reason["hint"].as_str().unwrap().starts_with("mlrun promote fraud@v1"), "{reason}");
    }
    script(&project, "bad.sh", "exit 0");
    project.ok("promote v1 --to production --dry-run").says(&["nothing stands in the way"]);
    project.ok("status").says(&["then `./good.sh` and `./bad.sh one` and `./bad.sh two` must agree"]);
    project.ok("promote v1 --to production");
    assert!(project.path("pushed").exists());
}

/// A branch can lose the lines, not the check.
#[test]
fn checks_in_force_stay_in_force() {
    let project = scene("before = [\"./check.sh\"]");
    script(&project, "check.sh", "[ \"$MODEL_VERSION\" = v1 ]");
    project.ok("promote v1 --to production");
    project.edit("mlrun.toml", "before = [\"./check.sh\"]", "");
    let refused = project.mlrun("promote v2 --to production").exits(1);
    refused.says(&["the check `./check.sh` says no"]);
    project.ok("policy diff").says(&["before"]);
    project.ok("policy adopt --reason unused");
    let promoted = project.json("promote v2 --to production", 0);
    assert_eq!(promoted["hooks"], json!([]));
    // A check that is only stated is not in force, and its author is told.
    project.edit("mlrun.toml", "certificate = \"none\"", "certificate = \"none\"\nbefore = [\"./never.sh\"]");
    let other = project.write("model/weights.bin", "w2").ok("snapshot fraud").stdout;
    project.ok(&format!("promote {} --to production", other.trim())).says(&["other than the rules in force", "before"]);
}

/// A branch can edit the script, not the check: what it was when the rules were put in force is what they ask for.
#[test]
fn a_check_is_its_script_too() {
    let project = scene(
        "before = [\"./check.sh params.yaml\", \"python3 ./more/look.py metrics.json\", \"sh -c '. ./more/part.sh && true'\"]",
    );
    script(&project, "check.sh", "[ \"$MODEL_VERSION\" = v1 ]");
    project.write("more/look.py", "print('looks')\n").write("more/part.sh", "true\n");
    project.ok("promote v1 --to production");
    let recorded = project.json("policy show", 0)["in_force"]["stage"]["scripts"].clone();
    let sha256 = |name: &str| crate::support::sha256sum(project.read(name).as_bytes());
    // What a check is handed is another one for each version.
    let names = ["check.sh", "more/look.py", "more/part.sh"];
    let expected: serde_json::Map<String, Value> =
        names.iter().map(|name| ((*name).to_owned(), json!(sha256(name)))).collect();
    assert_eq!(recorded, Value::Object(expected), "{:#}", project.json("policy show", 0));
    project.write("params.yaml", "lr: 0.2\nseed: 7\n");
    for name in names {
        let was = project.read(name);
        project.write(name, format!("{was}# a branch was here\n"));
        let refused = project.json("promote v2 --to production", 5);
        let reason = &refused["reasons"][0];
        assert_eq!((&reason["code"], refused["hooks"].as_array().map(Vec::len)), (&json!("other-checks"), Some(0)));
        assert!(reason["message"].as_str().unwrap().contains(&format!("`{name}`")), "{reason}");
        assert!(reason["hint"].as_str().unwrap().starts_with("mlrun policy adopt fraud --stage production"));
        project.write(name, was);
    }
    // Loosened, gone, or put in place where there was none: it is not what is in force.
    script(&project, "check.sh", "exit 0");
    project.mlrun("promote v2 --to production").exits(5).says(&["`check.sh`", "mlrun policy adopt"]);
    project.ok("policy diff").says(&["scripts.check.sh"]);
    project.ok("status").says(&["`check.sh`"]);
    project.remove("check.sh");
    project.mlrun("promote v2 --to production").exits(5).says(&["`check.sh`"]);
    script(&project, "check.sh", "exit 0");
    project.ok("policy adopt --reason reviewed");
    project.ok("promote v2 --to production");
    project.ok("verify --journal");
}

/// However a line names a file of the project, it is found as the system finds it; what lies elsewhere is none of the project's.
#[test]
fn a_check_is_found_however_its_line_names_it() {
    let project = scene("");
    let elsewhere = tempfile::tempdir().unwrap();
    let root = project.path("").canonicalize().unwrap();
    let name = root.file_name().unwrap().to_str().unwrap().to_owned();
    for folder in ["deploy/deep", "real"] {
        fs::create_dir_all(project.path(folder)).unwrap();
    }
    for program in ["deploy/absolute", "deploy/back", "real/linked", "gate", "deploy/env"] {
        script(&project, program, "true");
    }
    project.write("look", "print('looks')\n").write("deploy/quoted check.sh", "true\n");
    let outside = elsewhere.path().join("outside.sh");
    fs::write(&outside, "#!/bin/sh\n").unwrap();
    fs::set_permissions(&outside, fs::Permissions::from_mode(0o755)).unwrap();
    std::os::unix::fs::symlink(project.path("real"), project.path("link")).unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), project.path("away")).unwrap();
    let lines = [
        format!("{}/deploy/absolute", root.display()),
        format!("./deploy/deep/../../../{name}/deploy/back"),
        "link/linked".to_owned(),
        "sh gate params.yaml".to_owned(),
        "python3 look metrics.json".to_owned(),
        "env LEVEL=2 ./deploy/env".to_owned(),
        "sh 'deploy/quoted check.sh'".to_owned(),
        "away/outside.sh".to_owned(),
    ];
    let lines: Vec<String> = lines.iter().map(|line| format!("\"{line}\"")).collect();
    let before = format!("[stage.production]\nbefore = [{}]", lines.join(", "));
    project.edit("mlrun.toml", "[stage.production]", &before);
    project.ok("promote v1 --to production");
    let recorded = project.json("policy show", 0)["in_force"]["stage"]["scripts"].clone();
    let found: Vec<&String> = recorded.as_object().unwrap().keys().collect();
    let names =
        ["deploy/absolute", "deploy/back", "deploy/env", "deploy/quoted check.sh", "gate", "look", "real/linked"];
    assert_eq!(found, names, "{recorded:#}");
    for name in names {
        let was = project.read(name);
        project.write(name, format!("{was}# a branch was here\n"));
        project.mlrun("promote v2 --to production").exits(5).says(&[&format!("`{name}`")]);
        project.write(name, was);
    }
    project.ok("promote v2 --to production");
}

/// Rules that are put in force while the checks of the old ones run are asked as well.
#[test]
fn a_check_that_is_adopted_meanwhile_is_asked() {
    let project = scene("before = [\"./check.sh\"]");
    script(&project, "check.sh", "exit 0");
    project.ok("promote v1 --to production");
    let config = project.read("mlrun.toml");
    let adopt = format!(
        "sed -i 's|\"./check.sh\"|\"./check.sh\", \"false\"|' mlrun.toml\n[ -e adopted ] || {PROGRAM} policy adopt --reason more\ntouch adopted"
    );
    script(&project, "check.sh", &adopt);
    project.ok("policy adopt --reason scene");
    assert_eq!(project.read("mlrun.toml"), config);
    let lost = project.json("promote v2 --to production", 5);
    let codes: Vec<&str> = lost["reasons"].as_array().unwrap().iter().map(|r| r["code"].as_str().unwrap()).collect();
    assert_eq!((codes, project.production().as_str()), (vec!["other-checks"], "v1"), "{lost:#}");
    project.mlrun("promote v2 --to production").exits(1).says(&["`false` says no"]);
}

#[test]
fn a_deployment_that_fails_can_be_repeated() {
    let project = scene("after = [\"./push.sh\", \"./tell.sh\"]");
    script(&project, "push.sh", "[ -e network ] || { echo no route >&2; exit 7; }; echo $MODEL_MOVE >> pushed");
    script(&project, "tell.sh", "echo $MODEL_VERSION >> told");
    let failed = project.mlrun("promote v1 --to production").exits(8);
    let failed = failed.says(&[
        "hook `./push.sh` failed (status 7)",
        "no route",
        "hint: ",
        "mlrun promote fraud@v1 --to production",
    ]);
    // The move stands, and says so.
    assert_eq!((failed.last_line(), project.production().as_str()), ("PROMOTED", "v1"));
    assert_eq!(outcomes(&project), ["after failed"], "what comes behind a failed one is not begun");
    project.ok("status").says(&[
        "hook `./push.sh` failed",
        "hook `./tell.sh` has no outcome",
        "mlrun promote fraud@v1 --to production",
    ]);
    let open = project.json("status", 0)["models"][0]["stages"][0]["open_hooks"].clone();
    assert_eq!((&open[0]["outcome"], &open[1]["outcome"]), (&json!("failed"), &Value::Null));
    // Rehearsed, nothing runs; in earnest it runs what is left, again and again.
    project.leaves_alone("promote v1 --to production --dry-run", 8);
    let again = project.json("promote v1 --to production", 8);
    assert_eq!(
        (&again["unchanged"], &again["hooks"][0]["outcome"], &again["event"]),
        (&json!(true), &json!("failed"), &Value::Null)
    );
    project.write("network", "");
    let again = project.json("promote v1 --to production", 0);
    assert_eq!((&again["unchanged"], again["hooks"].as_array().unwrap().len()), (&json!(true), 2));
    assert_eq!((project.read("pushed").as_str(), project.read("told").as_str()), ("promote\n", "v1\n"));
    let of: Vec<_> = project.events_of("hook").iter().map(|event| event["of"].clone()).collect();
    assert!(of.iter().all(|of| *of == project.events_of("promote")[0]["seq"]), "{of:?}");
    // Then nothing is left.
    project.leaves_alone("promote v1 --to production", 0);
    assert_eq!(project.json("status", 0)["models"][0]["stages"][0]["open_hooks"], json!([]));
    // The way back likewise: it moves, whatever comes of it.
    project.ok("promote v2 --to production");
    project.remove("network");
    let back = project.json("rollback fraud --from v2 --reason slow", 8);
    assert_eq!(
        (&back["verdict"], &back["hooks"][0]["outcome"], project.production().as_str()),
        (&json!("ROLLED_BACK"), &json!("failed"), "v1")
    );
    project.write("network", "");
    let again = project.json("rollback fraud --from v2 --reason slow", 0);
    assert_eq!((&again["unchanged"], again["hooks"].as_array().unwrap().len()), (&json!(true), 2));
    assert!(project.read("pushed").ends_with("promote\nrollback\n"));
    project.leaves_alone("rollback fraud --from v2 --reason slow", 0);
}

/// Whoever corrects the hook need not move the stage for it.
#[test]
fn a_corrected_hook_runs_in_the_place_of_the_one_that_failed() {
    let project = scene("after = [\"./push.sh\"]");
    project.mlrun("promote v1 --to production").exits(8).says(&["could not be started", "No such file"]);
    assert_eq!(outcomes(&project), ["after not-started"]);
    script(&project, "deploy.sh", "exit 0");
    project.edit("mlrun.toml", "./push.sh", "./deploy.sh");
    project.ok("promote v1 --to production");
    assert_eq!(ran(&project)[1], ("after".to_owned(), "succeeded".to_owned(), "./deploy.sh".to_owned()));
}

#[test]
fn a_hook_has_its_time() {
    let project = scene("before = [\"./wait.sh\"]\nhook_timeout = \"1s\"");
    // Neither it nor what it started goes on.
    script(&project, "wait.sh", "mkfifo never\n(trap '' TERM; read x < never) &\necho $! > child\nread x < never");
    let began = Instant::now();
    let refused = project.mlrun("promote v1 --to production").exits(8);
    refused.says(&["`./wait.sh` took too long", "it did not end in 1 second", "REFUSED"]);
    assert!(began.elapsed() < Duration::from_secs(60));
    assert_eq!((outcomes(&project), project.events_of("promote").len()), (vec!["before timed-out".to_owned()], 0));
    let child = project.read("child");
    let stat = fs::read_to_string(format!("/proc/{}/stat", child.trim())).unwrap_or_default();
    assert!(stat.is_empty() || stat.contains(") Z "), "{stat}");
}

#[test]
fn what_cannot_be_started() {
    let project = scene("before = [\"./missing.sh\"]");
    let refused = project.json("promote v1 --to production", 8);
    assert_eq!((&refused["reasons"][0]["code"], &refused["verdict"]), (&json!("hook-not-started"), &json!("REFUSED")));
    let event = project.events_of("hook").remove(0);
    assert_eq!((&event["outcome"], &event["exit"]), (&json!("not-started"), &Value::Null));
    // A no beside it is a plain no.
    project.edit("mlrun.toml", "[\"./missing.sh\"]", "[\"./missing.sh\", \"false\"]");
    assert_eq!(project.json("promote v1 --to production", 1)["reasons"].as_array().unwrap().len(), 2);
}

#[test]
fn a_hook_is_a_program_and_no_line_for_a_shell() {
    let project = Project::tiny();
    let config = project.read("mlrun.toml");
    for (line, word) in [
        ("before = [\"./a.sh | tee log\"]", "stage.production.before"),
        ("after = [\"./a.sh > log\"]", "`>` means something to a shell only"),
        ("after = [\"echo $HOME\"]", "`$`"),
        ("after = [\"echo 'open\"]", "not closed"),
        ("after = [\"\"]", "names no program"),
        ("hook_timeout = \"soon\"", "stage.production.hook_timeout"),
        ("hook_timeout = \"0s\"", "such as `10m`"),
    ] {
        project.write("mlrun.toml", format!("{config}{line}\n"));
        project.fails("status", &Bad { exit: 2, message: &[word, "mlrun.toml"], hint: &["-R"] });
    }
    // What does want a shell says so; and what it is given are words.
    project.write(
        "mlrun.toml",
        format!(
            "{config}certificate = \"none\"\nafter = [\"sh -c 'echo \\\"$0 $1\\\" | tr a-z A-Z > log' 'a;b' c\"]\n"
        ),
    );
    project.ok("snapshot fraud");
    project.ok("promote v1 --to production");
    assert_eq!(project.read("log"), "A;B C\n");
    // A secret would stand in the journal for ever.
    let other = Project::tiny();
    let key = format!("AKIA{}", "IOSFODNN7QWERTYZ");
    let stage = format!("[stage.production]\ncertificate = \"none\"\nbefore = [\"true {key}\"]");
    other.edit("mlrun.toml", "[stage.production]", &stage);
    other.ok("snapshot fraud");
    other.fails("promote v1 --to production", &Bad { exit: 1, message: &["secret"], hint: &["a hook"] });
    other.edit("mlrun.toml", "before", "after");
    other.ok("promote v1 --to production");
    assert!(!other.ok("log --json").stdout.contains(&key));
}

#[test]
fn passed_over_for_the_record() {
    let project = scene("before = [\"false\"]\nafter = [\"touch pushed\"]");
    // A check that was not asked has not agreed: that takes force, which everybody sees.
    let refused = project.json("promote v1 --to production --no-hooks", 1);
    assert_eq!(refused["reasons"][0]["code"], "checks-passed-over", "{refused:#}");
    project
        .leaves_alone("promote v1 --to production --no-hooks --dry-run", 1)
        .says(&["its checks were not asked: `false`"]);
    let promoted = project.ok("promote v1 --to production --no-hooks --force --reason broken");
    promoted.says(&["hook `false` was passed over", "PROMOTED"]);
    assert!(project.events_of("hook").is_empty() && !project.path("pushed").exists());
    let force = project.events_of("force")[0].clone();
    assert_eq!((&force["no_hooks"], &force["overruled"]), (&json!(true), &json!(["checks-passed-over"])));
    project.ok("status").says(&["FORCED", "checks-passed-over"]);
    // Nobody is reminded of what somebody did not want.
    assert_eq!(project.json("promote v1 --to production", 0)["hooks"], json!([]));
    assert_eq!(project.json("status", 0)["models"][0]["stages"][0]["open_hooks"], json!([]));
    project.edit("mlrun.toml", "before = [\"false\"]", "");
    project.ok("promote v2 --to production --no-hooks");
    assert_eq!(project.events_of("promote")[0]["no_hooks"], true);
    project.ok("log --kind promote").says(&["production → v2, without its hooks"]);
    project.ok("rollback fraud --reason slow --no-hooks").says(&["hook `touch pushed` was passed over"]);
    assert_eq!(project.events_of("rollback")[0]["no_hooks"], true);
    assert!(!project.path("pushed").exists());
    // Where there is none, nothing was passed over.
    let plain = scene("");
    plain.ok("promote v1 --to production --no-hooks");
    assert_eq!(plain.events_of("promote")[0].get("no_hooks"), None);
}

/// From a machine that has the program and the store alone: no checkout, no configuration, a home nobody may write to.
#[test]
fn without_a_checkout_hooks_are_skipped_and_that_is_recorded() {
    let project = scene("before = [\"./check.sh\"]\nafter = [\"./push.sh {model}\"]");
    script(&project, "check.sh", "exit 0");
    script(&project, "push.sh", "cat \"$1/weights.bin\" >> pushed");
    project.ok("promote v1 --to production");
    project.ok("promote v2 --to production");
    let store = project.store();
    let away = Project::empty();
    fs::set_permissions(away.beside("home"), fs::Permissions::from_mode(0o555)).unwrap();
    fs::set_permissions(away.path(""), fs::Permissions::from_mode(0o555)).unwrap();
    let run = |line: &str| {
        let words: Vec<&str> = ["-R", store.to_str().unwrap()].into_iter().chain(line.split(' ')).collect();
        away.run(&words)
    };
    let back = run("rollback fraud --from v2 --reason slow").exits(0);
    back.says(&[
        "hook `./push.sh {model}` was skipped: there is no checkout",
        "in one, `mlrun promote fraud@v1 --to production` runs them",
    ]);
    assert_eq!(run("rollback fraud --from v2 --reason slow --json").exits(0).object()["unchanged"], true);
    run("unblock v2").exits(0);
    // A check that is not asked has not agreed: to go forward takes a checkout, or force.
    let forward = run("promote v2 --to production --json").exits(1).object();
    assert_eq!(
        (&forward["verdict"], &forward["reasons"][0]["code"]),
        (&"REFUSED".into(), &"checks-passed-over".into())
    );
    assert_eq!(outcomes(&project)[4..], ["after skipped", "before skipped"]);
    assert_eq!(project.json("at", 0)["stages"][0]["version"], "v1");
    fs::set_permissions(away.path(""), fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(fs::read_dir(away.beside("home")).unwrap().count() + fs::read_dir(away.path("")).unwrap().count(), 0);
    assert_eq!(project.read("pushed"), "w0w1");
    // Where there is one, what was skipped is made up for.
    project.ok("status").says(&["was skipped, for want of a checkout"]);
    project.ok("promote v2 --to production");
    assert_eq!(project.read("pushed"), "w0w1w1");
    project.leaves_alone("promote v2 --to production", 0);
}

/// Starts a promotion that a hook holds up, and waits until that has begun.
fn held_up(project: &Project) -> Child {
    // Jobs in the background of a script ignore SIGINT, and what they start does.
    let listen =
        "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])";
    let mut command = project.other("python3");
    command.args(["-c", listen, PROGRAM, "promote", "v1", "--to", "production", "--json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let began = Instant::now();
    while !project.path("began").exists() {
        assert!(
            child.try_wait().unwrap().is_none() && began.elapsed() < Duration::from_secs(60),
            "the hook does not begin"
        );
        std::thread::yield_now();
    }
    child
}

fn signal(project: &Project, name: &str, child: &Child) {
    shown(project.other("sh").args(["-c", &format!("kill -{name} {}", child.id())])).exits(0);
}

const HELD_UP: &str = "[ -e done ] && exit 0; mkfifo door; touch began; read x < door";

#[test]
fn interrupted_while_a_hook_runs() {
    let project = scene("after = [\"./push.sh\", \"./tell.sh\"]");
    script(&project, "push.sh", HELD_UP);
    script(&project, "tell.sh", "exit 0");
    let child = held_up(&project);
    signal(&project, "INT", &child);
    let output = child.wait_with_output().unwrap();
    let object: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (output.status.code(), &object["exit"], &object["verdict"]),
        (Some(130), &json!(130), &json!("PROMOTED"))
    );
    // The move stands, what became of the hook is on record, and it can be run again at once.
    assert_eq!((project.production().as_str(), outcomes(&project)), ("v1", vec!["after failed".to_owned()]));
    assert!(
        project.events_of("hook")[0]["said"].as_str().unwrap().contains("signal 2"),
        "{:?}",
        project.events_of("hook")
    );
    project.write("done", "");
    project.ok("promote v1 --to production");
    assert_eq!(outcomes(&project)[1..], ["after succeeded", "after succeeded"]);
    // A check that is interrupted moves nothing.
    let other = scene("before = [\"./push.sh\"]");
    script(&other, "push.sh", HELD_UP);
    let child = held_up(&other);
    signal(&other, "TERM", &child);
    let output = child.wait_with_output().unwrap();
    let object: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &object["kind"]), (Some(143), &json!("interrupted")));
    assert_eq!((outcomes(&other), other.events_of("promote").len()), (vec!["before failed".to_owned()], 0));
    other.write("done", "");
    other.ok("promote v1 --to production");
}

/// Nobody could write down what became of it: whoever comes next cannot tell whether it still runs.
#[test]
fn killed_while_a_hook_runs() {
    let project = scene("after = [\"./push.sh\"]");
    script(&project, "push.sh", HELD_UP);
    let mut child = held_up(&project);
    signal(&project, "KILL", &child);
    child.wait().unwrap();
    project.ok("verify --journal");
    assert_eq!((project.production().as_str(), outcomes(&project).len()), ("v1", 0));
    project.ok("status").says(&["hook `./push.sh` has no outcome yet; it may still be running, until"]);
    let object = project.leaves_alone("promote v1 --to production --json", 8).object();
    assert!(object["hooks"][0]["may_run_until"].is_string(), "{object}");
    // Let it end.
    fs::write(project.path("door"), "\n").unwrap();
    // Somebody who knows better moves on.
    project.write("done", "");
    project.ok("promote v2 --to production");
    assert_eq!(project.json("status", 0)["models"][0]["stages"][0]["open_hooks"], json!([]));
}

/// What a deployment leaves running is what it was for.
#[test]
fn a_server_that_was_started_goes_on() {
    let project = scene("after = [\"./serve.sh\"]");
    script(
        &project,
        "serve.sh",
        "mkfifo door answer\n(read x < door; echo served > answer) < /dev/null > /dev/null 2>&1 &",
    );
    project.ok("promote v1 --to production");
    let answer = project.other("sh").args(["-c", "echo > door; cat answer"]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&answer.stdout), "served\n");
}

#[test]
fn stages_of_a_model_have_their_own_rules_and_hooks() {
    let project = scene("before = [\"false\"]\nafter = [\"touch general\"]\n[stage.staging]\ncertificate = \"none\"");
    project.edit(
        "mlrun.toml",
        "[stage.production]",
        "[model.fraud.stage.production]\nfrom = [\"staging\"]\nbefore = []\nafter = [\"touch special\"]\nhook_timeout = \"30s\"\n\n[stage.production]",
    );
    let refused = project.json("promote v1 --to production", 1);
    let codes: Vec<_> = refused["reasons"].as_array().unwrap().iter().map(|r| r["code"].as_str().unwrap()).collect();
    assert_eq!(
        (codes, &refused["reasons"][0]["hint"]),
        (vec!["not-from"], &json!("mlrun promote fraud@v1 --to staging"))
    );
    project.ok("promote v1 --to staging");
    project.ok("promote v1 --to production");
    assert!(project.path("special").exists() && !project.path("general").exists());
    let rules = project.json("policy show --stage production", 0)["in_force"].clone();
    assert!(rules.to_string().contains("\"from\":[\"staging\"]"), "{rules}");
    // Another model has the general ones.
    project.run(&["snapshot", "other", "--files", "model/", "--params", "params.yaml"]).exits(0);
    project.mlrun("promote other@v1 --to production").exits(1).says(&["the check `false` says no"]);
}
