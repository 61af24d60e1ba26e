//! `exec` with real commands: what they print, how they end, what they are given, and what is recorded of them.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::harness::{Bad, PROGRAM, Project, Shown, error_object, fingerprint, shown};

/// Trains: writes everything that is declared.
const TRAIN: &str = "echo $MODEL_SEED > model/weights.bin; echo '{\"auc\": 0.95}' > metrics.json";

impl Project {
    /// Runs `exec` with these flags on a shell's command.
    #[track_caller]
    fn exec(&self, flags: &str, script: &str) -> Shown {
        shown(&mut self.exec_command(flags, script))
    }

    fn exec_command(&self, flags: &str, script: &str) -> Command {
        let words = ["exec", "fraud"].into_iter().chain(flags.split_whitespace()).chain(["--", "sh", "-c", script]);
        self.command(&words.collect::<Vec<_>>())
    }

    /// Runs a line that must fail as `bad` says, in both forms, and change nothing.
    #[track_caller]
    fn refuses(&self, line: &str, bad: &Bad<'_>) {
        let human = self.leaves_alone(line, bad.exit).says(bad.message).says(bad.hint);
        assert_eq!(human.stdout, "", "{human}");
        error_object(&self.leaves_alone(&line.replacen("exec", "exec --json", 1), bad.exit), bad);
    }

    /// The one object of a run.
    #[track_caller]
    fn exec_json(&self, flags: &str, script: &str, code: i32) -> Value {
        let object = self.exec(&format!("--json {flags}"), script).exits(code).object();
        assert_eq!((object["schema"].as_str(), object["exit"].as_i64()), (Some("mlrun/exec/1"), Some(code.into())));
        object
    }
}

#[test]
fn a_good_run_is_a_version() {
    let project = Project::tiny();
    let taken = project.exec_json("--seed 42 -m nightly", TRAIN, 0);
    assert_eq!((taken["model"].as_str(), taken["version"].as_str()), (Some("fraud"), Some("v1")));
    assert_eq!(taken["notes"], "nightly");
    let command = &taken["command"];
    assert_eq!(command["argv"], serde_json::json!(["sh", "-c", TRAIN]));
    assert_eq!((&command["exit"], &command["cwd"], &command["signal"]), (&0.into(), &Value::Null, &Value::Null));
    assert!(command["duration_ms"].is_u64() && command["started"].as_str().unwrap().ends_with('Z'), "{command}");
    // Everything `snapshot` tells is told.
    let again = project.json("snapshot fraud --dry-run", 0);
    for field in again.as_object().unwrap().keys() {
        assert!(taken.get(field).is_some(), "no `{field}`");
    }
    assert_eq!(project.read("model/weights.bin"), "42\n");
    let show = project.json("show v1", 0);
    assert_eq!((&show["id"], &show["seeds"], &show["command"]), (&taken["id"], &taken["seeds"], &taken["command"]));
    let run = &show["observation"]["execution"];
    assert_eq!(run["folder"], project.path("").display().to_string());
    let raw: Value =
        serde_json::from_str(&project.ok(&format!("show --raw {}", taken["id"].as_str().unwrap())).stdout).unwrap();
    assert_eq!(raw["argv"], command["argv"]);
    assert!(raw.get("cwd").is_none() && raw.get("execution").is_none(), "{raw}");
    let human = project.ok("show v1").says(&["made by", "`sh -c '", " in "]);
    assert!(human.stdout.contains("seed = 7 (parameters)"), "{human}");
    human.says(&["MODEL_SEED = 42 (issued)", "PYTHONHASHSEED = 42 (issued)"]);
    assert!(!project.ok("show v1").stdout.contains("the training command is not known"));
    // The command is no part of what makes a version: the same files without it are the same version.
    project.ok("snapshot fraud --seed x=1");
    project.exec("--seed 42", TRAIN).exits(0);
    assert_eq!(project.ok("list fraud --json").object()["total"], 3);
}

/// What a script gets is the version and nothing else; what the command says goes where it is seen.
#[test]
fn output_is_passed_on() {
    let project = Project::tiny();
    let script = format!("echo first; echo second >&2; echo third; {TRAIN}");
    let run = project.exec("", &script).exits(0);
    assert_eq!(run.stdout, "fraud@v1\n");
    assert!(run.stderr.starts_with("first\nsecond\nthird\n"), "in the order it was written\n{run}");
    let json = project.exec("--json", &format!("{script}; echo > model/more")).exits(0);
    assert_eq!(json.object()["version"], "v2");
    assert!(json.stderr.starts_with("first\nsecond\nthird\n"), "{json}");
    let failed = project.exec("", "echo words; exit 3").exits(3);
    assert_eq!(failed.stdout, "");
    assert!(failed.stderr.starts_with("words\nerror: no version: "), "{failed}");
}

/// It is not held back until the command ends: this one waits for what a reader of its output does.
#[test]
fn output_is_not_held_back() {
    let project = Project::tiny();
    let go = project.beside("go");
    shown(project.other("mkfifo").arg(&go)).exits(0);
    let script = format!("echo begun; read word < {}; echo $word > model/weights.bin", go.display());
    let mut command = project.exec_command("", &script);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    assert_eq!(line, "begun\n");
    fs::write(&go, "go\n").unwrap();
    lines.read_to_string(&mut line).unwrap();
    assert!(child.wait().unwrap().success(), "{line}");
    assert_eq!(project.read("model/weights.bin"), "go\n");
}

/// A terminal stays one: progress bars and questions work.
#[test]
fn a_terminal_stays_a_terminal() {
    let project = Project::tiny();
    let spawn = "import os,pty,sys\nsys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";
    let mut python = project.other("python3");
    python.args(["-c", spawn, PROGRAM, "exec", "fraud", "--", "sh", "-c"]);
    python.arg(format!("test -t 0 && test -t 1 && test -t 2 && echo a-terminal; {TRAIN}"));
    let run = shown(&mut python).exits(0).says(&["a-terminal", "fraud@v1", "made by"]);
    assert!(run.stdout.find("a-terminal") < run.stdout.find("fraud@v1"), "{run}");
}

#[test]
fn a_status_is_passed_on_and_nothing_recorded() {
    let project = Project::tiny();
    let before = fingerprint(&project.store());
    for (script, code, words) in [
        ("exit 1", 1, "ended with status 1 after "),
        ("exit 3", 3, "ended with status 3 after "),
        ("exit 255", 255, "ended with status 255 after "),
        ("kill -9 $$", 137, "was ended by SIGKILL after "),
        ("kill -SEGV $$", 139, "was ended by SIGSEGV after "),
    ] {
        let run = project.exec("", script).exits(code);
        assert!(run.stderr.contains(&format!("error: no version: the command {words}")), "{run}");
        assert!(run.stderr.contains("hint: `--keep-failed`"), "{run}");
        let object = project.exec_json("", script, code);
        assert_eq!((&object["version"], &object["id"]), (&Value::Null, &Value::Null));
        let command = &object["command"];
        match code {
            137 | 139 => assert_eq!((&command["exit"], &command["signal"]), (&Value::Null, &(code - 128).into())),
            _ => assert_eq!((&command["exit"], &command["signal"]), (&code.into(), &Value::Null)),
        }
    }
    assert_eq!(before, fingerprint(&project.store()));
    // Statuses are the command's own: without a model it is not this program that says 6.
    project.exec("", "exit 6").exits(6).says(&["status 6"]);
}

#[test]
fn a_command_that_cannot_start() {
    let project = Project::tiny();
    project.write("script.py", "print()\n");
    let cases = [
        ("exec fraud -- no-such-program", 6, "no-such-program", "PATH"),
        ("exec fraud -- ./no-such-script", 6, "no-such-script", "nothing was run"),
        ("exec fraud -- ./script.py", 8, "script.py", "chmod +x"),
        ("exec fraud -- ./model", 8, "model", "nothing was run"),
    ];
    for (line, exit, message, hint) in cases {
        project.refuses(line, &Bad { exit, message: &["cannot run", message], hint: &[hint] });
    }
    // A line that names no interpreter there is.
    project.write("train.sh", "#!/no/such/interpreter\n");
    shown(project.other("chmod").args(["+x", "train.sh"])).exits(0);
    project.refuses("exec fraud -- ./train.sh", &Bad { exit: 6, message: &["cannot run", "train.sh"], hint: &[] });
    let dashes = Bad { exit: 2, message: &[], hint: &["mlrun exec [MODEL] -- CMD"] };
    project.refuses("exec fraud python train.py", &dashes);
    project.refuses("exec fraud", &dashes);
    project.mlrun("exec fraud --").exits(2);
}

/// What stands in the way of the version is said before the hours, not after them.
#[test]
fn what_can_be_known_is_known_before() {
    let project = Project::tiny_in_git();
    let ran = project.beside("ran");
    let refused = |flags: &str, code: i32, words: &[&str]| {
        let shown = project.exec(flags, &format!("touch {}", ran.display())).exits(code).says(words);
        assert!(!ran.exists(), "it ran\n{shown}");
    };
    refused("--seed=-1", 2, &["--seed", "not negative"]);
    refused("--seed 1 --seed 2", 2, &["one seed"]);
    refused("--allow-secret no-such-rule", 2, &["no-such-rule"]);
    let other = ["exec", "churn", "--", "touch", ran.to_str().unwrap()];
    project.run(&other).exits(2).says(&["`churn` is not in the configuration"]);
    // Made here, so that no scanner of this repository takes it for one.
    let secret = format!("gh{}_{}", "p", "R4nd0mT0k3nF0rT3sts".repeat(2).chars().take(36).collect::<String>());
    project.write("train.py", format!("key = '{secret}'\n"));
    refused("", 1, &["a secret", "train.py line 1"]);
    project.write("train.py", "print('better')\n");
    refused("--require-clean", 1, &["train.py"]);
    project.write("params.yaml", "a: [1\n");
    refused("", 2, &["params.yaml"]);
    project.write("params.yaml", "seed: 7\n");
    let config = project.read("mlrun.toml");
    project.write("mlrun.toml", format!("{config}\nfilez = 1\n"));
    refused("", 2, &["mlrun.toml"]);
    project.write("mlrun.toml", config);
    assert!(project.events_or_none().is_empty());
    // What the command makes need not be there yet.
    project.remove("model").remove("metrics.json").remove("params.yaml");
    project.exec("", &format!("mkdir model; echo 'seed: 3' > params.yaml; {TRAIN}")).exits(0);
}

#[test]
fn a_rehearsal_runs_nothing() {
    let project = Project::tiny();
    let shown = project.leaves_alone("exec fraud --dry-run --seed 42 -- touch model/new file", 0);
    shown.says(&["would run", "MODEL_SEED=42 PYTHONHASHSEED=42 touch model/new file", "nothing was run"]);
    let object = project.mlrun("exec fraud --dry-run --seed 42 --json -- true").exits(0).object();
    assert_eq!((&object["dry_run"], &object["version"]), (&true.into(), &Value::Null));
    assert_eq!(object["seeds"]["MODEL_SEED"], 42);
    project
        .refuses("exec fraud --dry-run -- no-such-program", &Bad { exit: 6, message: &["no-such-program"], hint: &[] });
}

/// Python's hashes are the same in two runs under one seed, others under another, and chance without any.
#[test]
fn seeds_reach_the_command() {
    let project = Project::tiny();
    let script = "import os\nprint(hash('x'), os.environ.get('MODEL_SEED'), os.environ.get('PYTHONHASHSEED'),\
                  file=open('model/weights.bin', 'w'))";
    let train = |seed: &str| {
        let words = ["exec", "fraud"]
            .into_iter()
            .chain(seed.split_whitespace())
            .chain(["--json", "--", "python3", "-c", script]);
        let object = project.run(&words.collect::<Vec<_>>()).exits(0).object();
        (project.read("model/weights.bin").trim().to_owned(), object)
    };
    let (first, taken) = train("--seed 42");
    let (again, same) = train("--seed 42");
    assert_eq!(first, again);
    assert_eq!((&same["unchanged"], &same["version"]), (&true.into(), &"v1".into()));
    assert!(first.ends_with(" 42 42"), "{first}");
    // As Python itself says.
    let said = shown(project.other("python3").args(["-c", "print(hash('x'))"]).env("PYTHONHASHSEED", "42")).exits(0);
    assert_eq!(first.split(' ').next(), Some(said.stdout.trim()));
    let sources: Vec<_> =
        taken["seed_sources"].as_array().unwrap().iter().map(|s| (s["name"].clone(), s["source"].clone())).collect();
    let issued = |name: &str| (name.into(), "issued".into());
    assert_eq!(sources, [issued("MODEL_SEED"), issued("PYTHONHASHSEED"), ("seed".into(), "parameters".into())]);
    // More than Python's hashes take.
    let (large, taken) = train("--seed 4294967338");
    assert!(large.ends_with(" 4294967338 42") && large.split(' ').next() == first.split(' ').next(), "{large}");
    assert_eq!(taken["seeds"]["MODEL_SEED"], 4_294_967_338_u64);
    let (none, taken) = train("--seed split=3");
    assert!(none.ends_with(" None None"), "{none}");
    assert_eq!((&taken["seeds"]["split"], &taken["seeds"]["MODEL_SEED"]), (&3.into(), &Value::Null));
    // What was set before is what it was given, unless it was given another.
    let mut command = project.exec_command("--seed 5 --json", "echo $PYTHONHASHSEED > model/weights.bin");
    let taken = shown(command.env("PYTHONHASHSEED", "1")).exits(0).object();
    assert_eq!(project.read("model/weights.bin"), "5\n");
    assert_eq!(
        (&taken["seeds"]["PYTHONHASHSEED"], &taken["environment"]["variables"]["PYTHONHASHSEED"]),
        (&5.into(), &"5".into())
    );
}

#[test]
fn without_any_seed_there_is_a_warning() {
    let project = Project::tiny();
    project.write("params.yaml", "lr: 0.1\n");
    project.exec("", TRAIN).exits(0).says(&["warning: no seed was found"]);
    let run = project.exec("--seed 1", TRAIN).exits(0);
    assert!(!run.stderr.contains("no seed"), "{run}");
    // One in the model's own file is one, and a place for one that is empty is worth a word.
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/introspect/fixtures");
    let copy = |name: &str| format!("cp {} model/model.joblib", fixtures.join(name).display());
    let run = project.exec("--json", &copy("pipeline.joblib")).exits(0);
    assert!(!run.stderr.contains("no seed"), "{run}");
    let sources = &run.object()["seed_sources"];
    assert_eq!((&sources[0]["source"], &sources[0]["path"]), (&"model".into(), &"model/model.joblib".into()));
    assert_eq!(run.object()["seeds"]["svc__random_state"], 7);
    project.ok("show latest").says(&["svc__random_state = 7 (model/model.joblib)"]);
    let run = project.exec("", &copy("ridge.joblib")).exits(0);
    run.says(&["warning: no seed is set in `model/model.joblib`: `random_state` is null there"]);
}

/// Arguments are recorded without what nobody may read; the command itself gets them as they are.
/// Where it ran, with what it was locked, and what was found in its model: no name of a folder, version or parameter keeps one.
#[test]
fn secrets_around_a_run() {
    let project = Project::tiny();
    let secret = format!("gh{}_{}", "p", "R4nd0mT0k3nF0rT3sts".repeat(2).chars().take(36).collect::<String>());
    let folder = format!("run-{secret}");
    project.write(&format!("{folder}/.keep"), "").write(".mlrunignore", "run-*\nCargo.*\n");
    project.write("Cargo.toml", "[package]\nname = \"own\"\nversion = \"0.1.0\"\n");
    project.write("Cargo.lock", format!("version = 4\n\n[[package]]\nname = \"other\"\nversion = \"{secret}\"\n"));
    let run = |words: &[&str]| {
        let mut command = project.command(words);
        shown(command.current_dir(project.path(&folder)))
    };
    let taken = run(&["exec", "fraud", "--json", "--", "sh", "-c", "echo ok > ../model/weights.bin"]).exits(0).object();
    let fields: Vec<_> = taken["redactions"].as_array().unwrap().iter().map(|r| r["field"].as_str().unwrap()).collect();
    assert!(fields.contains(&"cwd") && fields.contains(&"environment.rust.packages"), "{fields:?}");
    assert_eq!(taken["found_redactions"][0]["field"], "execution.folder");
    for line in ["show v1 --json", "show v1", &format!("show --raw {}", taken["id"].as_str().unwrap())] {
        let said = project.ok(line);
        assert!(!said.stdout.contains(&secret), "{said}");
    }
}

#[test]
fn secrets_among_the_arguments() {
    let project = Project::tiny();
    let secret = format!("gh{}_{}", "p", "R4nd0mT0k3nF0rT3sts".repeat(2).chars().take(36).collect::<String>());
    let script = "test \"$2\" = tulip-and-lime && test \"${#1}\" = 40 && echo ok > model/weights.bin";
    let arguments = |flag: &'static str| {
        [
            "exec",
            "fraud",
            flag,
            "--",
            "sh",
            "-c",
            script,
            "sh",
            &secret,
            "tulip-and-lime",
            "--password",
            "tulip-and-lime",
        ]
        .map(str::to_owned)
    };
    let words = arguments("--json");
    let taken = project.run(&words.iter().map(String::as_str).collect::<Vec<_>>()).exits(0).object();
    let argv = taken["command"]["argv"].as_array().unwrap();
    assert_eq!(argv[4], "<redacted:github-pat>");
    assert_eq!((argv[6].as_str(), argv[7].as_str()), (Some("--password"), Some("<redacted:generic-key>")));
    let fields: Vec<_> = taken["redactions"].as_array().unwrap().iter().map(|r| r["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["argv", "argv"]);
    // Nor does the journal of a failed run hold it.
    let fails = ["exec", "fraud", "--keep-failed", "--", "false", "--token", &secret, "--password=tulip-and-lime"];
    let failed = project.run(&fails).exits(1);
    assert!(!failed.stderr.contains(&secret), "{failed}");
    for path in fingerprint(&project.store()).keys() {
        let bytes = fs::read(project.store().join(path)).unwrap_or_default();
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "in {path}");
    }
    for line in
        ["log --json", "log", "show v1 --json", "show v1", &format!("show --raw {}", taken["id"].as_str().unwrap())]
    {
        let said = project.ok(line);
        assert!(!said.stdout.contains(&secret), "{said}");
    }
    assert_eq!(project.events_of("failed")[0]["argv"][2], "<redacted:generic-key>");
    // What is taken for harmless can still be taken out.
    project.ok("purge v1 --field argv --reason private");
    assert!(!project.ok("show v1").stdout.contains("made by"));
    project.ok("purge v1 --field observation.execution.folder --reason private");
    assert_eq!(project.json("show v1", 0)["observation"]["execution"].get("folder"), None);
    project.ok("verify --full");
}

#[test]
fn a_failed_run_can_be_kept() {
    let project = Project::empty();
    project.write("mlrun.toml", "schema = 1\n\n[model.fraud]\nfiles = [\"model/\"]\n").ok("init");
    fs::create_dir(project.path("jobs")).unwrap();
    let mut command =
        project.command(&["-C", "jobs", "exec", "fraud", "--seed", "9", "--keep-failed", "--", "sh", "-c", "exit 3"]);
    shown(&mut command).exits(3).says(&[
        "no version: the command ended with status 3",
        "event 2 of fraud",
        "--kind failed",
    ]);
    let object = project.exec_json("--keep-failed", "kill -TERM $$", 143);
    let events = project.events_of("failed");
    assert_eq!(object["event"]["id"], events[1]["id"]);
    assert_eq!(events[0]["argv"], serde_json::json!(["sh", "-c", "exit 3"]));
    assert_eq!(
        (&events[0]["cwd"], &events[0]["run"]["exit"], &events[0]["version"]),
        (&"jobs".into(), &3.into(), &Value::Null)
    );
    assert_eq!((&events[0]["seeds"][0]["name"], &events[0]["seeds"][0]["value"]), (&"MODEL_SEED".into(), &9.into()));
    assert_eq!((&events[1]["run"]["signal"], events[1]["run"].get("folder")), (&15.into(), None));
    let log =
        project.ok("log --kind failed").says(&["failed", "`sh -c 'exit 3'` ended with status 3 after", "SIGTERM"]);
    assert_eq!(log.stdout.lines().count(), 2);
    // A model that never succeeded is known, and has no version.
    assert_eq!(project.json("list", 0)["models"][0]["latest"], Value::Null);
    project.mlrun("show fraud@latest").exits(6).says(&["mlrun snapshot fraud"]);
    for line in ["status", "verify --full", "verify --journal", "gc", "doctor", "at", "log"] {
        project.ok(line);
    }
    fs::create_dir(project.path("model")).unwrap();
    assert_eq!(project.exec_json("", TRAIN, 0)["version"], "v1");
    let bundle = project.beside("b.tar.gz").display().to_string();
    project.run(&["bundle", "v1", "-o", &bundle]).exits(0);
    project.run(&["bundle", "--verify", &bundle]).exits(0);
}

/// The run was good; what it made must not need another.
#[test]
fn a_good_run_whose_snapshot_fails() {
    let project = Project::tiny();
    let run = project.exec("--seed 42", "rm metrics.json; echo w > model/weights.bin").exits(6);
    run.says(&["error: the command succeeded after ", "there is no version", "`metrics.json` does not exist"])
        .says(&["`mlrun snapshot fraud --seed MODEL_SEED=42 --seed PYTHONHASHSEED=42` captures what it made"]);
    let run = project.exec("--json", "echo 'auc: [' > metrics.json").exits(2);
    assert_eq!((&run.object()["schema"], &run.object()["kind"]), (&"mlrun/error/1".into(), &"usage".into()));
    run.says(&["the command succeeded"]);
    project.write("metrics.json", "{}");
    project.ok("snapshot fraud --seed MODEL_SEED=42 --seed PYTHONHASHSEED=42");
}

/// A result that the run did not write is an older one's.
#[test]
fn what_was_not_written_is_named() {
    let project = Project::rated();
    project.train(0.6);
    let run = project.exec("", "true").exits(0);
    let warned =
        |run: &Shown, path: &str| run.stderr.contains(&format!("warning: `{path}` was not written by this run"));
    for path in ["model/", "metrics.json", "out/predictions.csv", "out/latency.csv"] {
        assert!(warned(&run, path), "{path}\n{run}");
    }
    // The same bytes, written again, are this run's.
    let rewrite = "for f in model/weights.bin metrics.json out/latency.csv; do cp $f t; cat t > $f; done; rm t";
    let run = project.exec("--new-version --json", rewrite).exits(0);
    assert_eq!(run.object()["not_written"], serde_json::json!(["out/predictions.csv"]));
    assert!(warned(&run, "out/predictions.csv") && !warned(&run, "model/"), "{run}");
    // One new file in its folder, and the model is new.
    let run = project.exec("", "echo > model/more.bin").exits(0);
    assert!(!warned(&run, "model/") && warned(&run, "metrics.json"), "{run}");
}

/// What ran is not what is kept if somebody went on working.
#[test]
fn code_that_was_changed_meanwhile_is_named() {
    let project = Project::tiny();
    let run = project.exec("--json", &format!("echo 'print(2)' > train.py; {TRAIN}")).exits(0);
    assert_eq!(run.object()["code_changed"], serde_json::json!(["train.py"]));
    run.says(&["warning: code was changed while the command ran", "`train.py`"]);
    let run = project.exec("", &format!("{TRAIN}; echo > model/more")).exits(0);
    assert!(!run.stderr.contains("code was changed"), "{run}");
}

#[test]
fn the_folder_of_the_command() {
    let project = Project::tiny();
    project.write("jobs/night/run.sh", "#!/bin/sh\npwd > ../../model/weights.bin\n");
    shown(project.other("chmod").args(["+x", "jobs/night/run.sh"])).exits(0);
    let mut command = project.command(&["exec", "fraud", "--json", "--", "./run.sh"]);
    let taken = shown(command.current_dir(project.path("jobs/night"))).exits(0).object();
    assert_eq!(taken["command"]["cwd"], "jobs/night");
    assert_eq!(project.read("model/weights.bin").trim(), project.path("jobs/night").display().to_string());
    let taken = project.run(&["-C", "jobs", "exec", "fraud", "--json", "--", "night/run.sh"]);
    // It was not written relative to where it runs now.
    taken.exits(2);
    project.ok("show v1").says(&["made by", "`./run.sh` in `jobs/night` in "]);
}

/// As the system itself tells the command.
#[cfg(target_os = "linux")]
#[test]
fn what_a_run_used() {
    let project = Project::tiny();
    let script = "import json, resource, time\n\
                  held = bytearray(80_000_000)\n\
                  held[::4096] = b'1' * len(held[::4096])\n\
                  while time.process_time() < 0.5: pass\n\
                  used = resource.getrusage(resource.RUSAGE_SELF)\n\
                  json.dump([used.ru_utime * 1000, used.ru_stime * 1000, used.ru_maxrss * 1024], open('model/weights.bin', 'w'))";
    let run = project.run(&["exec", "fraud", "--json", "--", "python3", "-c", script]).exits(0).object();
    let told: Vec<f64> = serde_json::from_str(&project.read("model/weights.bin")).unwrap();
    let of = |name: &str| run["command"][name].as_f64().unwrap_or_else(|| panic!("no {name} in {run}"));
    // Its end takes a little more; what a wrapper around Python uses is the command's too.
    assert!(
        (told[0] + told[1] - 20.0..told[0] + told[1] + 2000.0).contains(&(of("user_ms") + of("system_ms"))),
        "{run}"
    );
    assert!(of("duration_ms") >= 490.0, "{run}");
    let peak = of("peak_memory");
    assert!(peak >= 80e6 && peak <= told[2] + 8e6, "{peak}, {told:?}");
}

/// A signal for the one is for the other: the command ends in its way, and there is no version.
#[test]
fn a_request_to_end_is_passed_on() {
    let project = Project::tiny();
    let script = "import signal, sys\n\
                  def end(number, frame):\n    open('model/weights.bin', 'w').write('saved')\n    sys.exit(0)\n\
                  signal.signal(signal.SIGTERM, end)\n\
                  print('ready', flush=True)\n\
                  while True: signal.pause()";
    let mut command = project.command(&["exec", "fraud", "--keep-failed", "--", "python3", "-c", script]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    let mut text = String::new();
    lines.read_line(&mut text).unwrap();
    assert_eq!(text, "ready\n");
    shown(project.other("sh").args(["-c", &format!("kill -TERM {}", child.id())])).exits(0);
    lines.read_to_string(&mut text).unwrap();
    let status = child.wait().unwrap();
    assert_eq!((status.code(), status.signal()), (Some(143), None), "{text}");
    assert!(text.contains("no version: the command ended at SIGTERM after"), "{text}");
    assert_eq!(project.read("model/weights.bin"), "saved");
    assert!(project.events_of("snapshot").is_empty());
    assert_eq!(project.events_of("failed").len(), 1);
}

/// A key of the terminal reaches both. The command dies of it, and we live to say so.
#[test]
fn an_interrupt_from_the_keyboard() {
    let project = Project::tiny();
    let script = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_DFL)\nprint('ready', flush=True)\nwhile True: signal.pause()";
    let mut command = project.command(&["exec", "fraud", "--", "python3", "-c", script]);
    let mut child = command.process_group(0).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    let mut text = String::new();
    lines.read_line(&mut text).unwrap();
    shown(project.other("sh").args(["-c", &format!("kill -INT -{}", child.id())])).exits(0);
    lines.read_to_string(&mut text).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{text}");
    assert!(text.contains("no version: the command was ended by SIGINT after"), "{text}");
    assert!(project.events_or_none().is_empty());
}

/// `nohup` protects the command, too.
#[cfg(target_os = "linux")]
#[test]
fn a_signal_that_was_ignored_stays_ignored() {
    let project = Project::tiny();
    let script =
        format!("trap '' HUP; exec {PROGRAM} exec fraud -- sh -c 'kill -HUP $PPID; kill -HUP $$; {TRAIN}; echo alive'");
    let mut shell = project.other("sh");
    shown(shell.arg("-c").arg(script.replace("'{\"auc\": 0.95}'", "{}"))).exits(0).says(&["alive", "fraud@v1"]);
}
