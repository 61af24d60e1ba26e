//! Inputs that cannot be captured: said with the file and the line, and nothing is written.

use std::fs;
use std::os::unix::fs::symlink;

use super::harness::{Bad, PROGRAM, Project, error_object, shown};

const NOTHING: &str = "nothing was written";

#[test]
fn a_missing_model_folder() {
    let project = Project::tiny();
    project.remove("model");
    let bad = Bad { exit: 6, message: &["files", "`model/` does not exist"], hint: &["mlrun.toml", NOTHING] };
    ["snapshot fraud", "certify --check", "diff"].iter().for_each(|line| {
        if *line != "diff" {
            project.fails(line, &bad);
        }
    });
    project.fails("snapshot fraud --files other/", &Bad { exit: 6, message: &["`other/` does not exist"], hint: &[NOTHING] });
    // It is not an error of the others: status says it and goes on.
    project.ok("status").says(&["does not exist"]);
    assert!(project.events_or_none().is_empty());
}

#[test]
fn an_empty_model_folder() {
    let project = Project::tiny();
    project.remove("model/weights.bin");
    let bad = Bad { exit: 6, message: &["no files in `model/`"], hint: &["train first", NOTHING] };
    project.fails("snapshot fraud", &bad);
    project.write("model/.mlrunignore", "*\n").write("model/w", "w").write(".mlrunignore", "model/*\n");
    project.fails("snapshot fraud", &bad);
    project.fails("snapshot fraud --files model/*.onnx", &Bad { exit: 6, message: &["model/*.onnx"], hint: &[NOTHING] });
}

#[test]
fn every_declared_input_must_be_there() {
    let project = Project::rated();
    project.train(0.6);
    for (file, input) in [
        ("params.yaml", "params"),
        ("metrics.json", "metrics"),
        ("out/predictions.csv", "predictions.test"),
        ("out/latency.csv", "samples.latency"),
    ] {
        let text = project.read(file);
        project.remove(file);
        let missing = format!("`{file}` does not exist");
        project.fails("snapshot fraud", &Bad { exit: 6, message: &[input, &missing], hint: &[NOTHING] });
        project.write(file, text);
    }
    let data = Bad { exit: 6, message: &["data.train", "`gone.csv` does not exist"], hint: &[NOTHING] };
    project.fails("snapshot fraud --data train=gone.csv", &data);
    project.ok("snapshot fraud");
}

#[test]
fn what_is_no_file_is_named() {
    let project = Project::tiny();
    symlink("nowhere", project.path("model/link")).unwrap();
    project.fails("snapshot fraud", &Bad { exit: 2, message: &["model/link", "leads nowhere"], hint: &[".mlrunignore"] });
    project.write(".mlrunignore", "link\n");
    project.ok("snapshot fraud");
    project.remove(".mlrunignore").remove("model/link");
    symlink(project.path("model"), project.path("model/circle")).unwrap();
    project.fails("snapshot fraud", &Bad { exit: 2, message: &["model/circle", "circle"], hint: &[] });
    project.remove_link("model/circle");
    shown(project.other("mkfifo").arg("model/pipe")).exits(0);
    let fifo = Bad { exit: 2, message: &["model/pipe", "neither a file nor a folder"], hint: &[] };
    project.fails("snapshot fraud", &fifo);
    project.remove_link("model/pipe");
    // A folder where a file should be.
    project.remove("params.yaml").write("params.yaml/a.txt", "x");
    project.fails("snapshot fraud", &Bad { exit: 2, message: &["params", "neither yaml, toml nor json"], hint: &[] });
    project.remove("params.yaml/a.txt");
    project.fails("snapshot fraud", &Bad { exit: 6, message: &["params.yaml"], hint: &[] });
    project.remove("params.yaml").write("params.yaml", "seed: 7\nlr: 0.1\n");
    project.remove("mlrun.toml");
    fs::create_dir(project.path("mlrun.toml")).unwrap();
    project.mlrun("snapshot fraud").exits(2);
}

#[test]
fn a_file_nobody_may_read() {
    use std::os::unix::fs::PermissionsExt;
    let project = Project::tiny();
    let Some(other) = project.as_nobody() else { return };
    fs::set_permissions(project.path("model/weights.bin"), fs::Permissions::from_mode(0)).unwrap();
    fs::set_permissions(project.path(".mlrun"), fs::Permissions::from_mode(0o777)).unwrap();
    let before = project.fingerprint();
    let bad = Bad { exit: 8, message: &["cannot read", "model/weights.bin"], hint: &["permissions"] };
    let human = shown(&mut other.command(&["snapshot", "fraud"])).exits(8);
    assert!(human.stderr.contains("model/weights.bin") && human.stderr.contains("hint: "), "{human}");
    error_object(&shown(&mut other.command(&["snapshot", "fraud", "--json"])), &bad);
    assert_eq!(before, project.fingerprint());
}

#[test]
fn broken_parameters_and_metrics_name_the_line() {
    let project = Project::tiny();
    let cases = [
        ("params.yaml", "a: 1\nb: [1, 2\nc: 3\n", "params", "line "),
        ("params.yaml", "a: 1\na: 2\n", "params", "line 2"),
        ("params.yaml", "a: 1\n\tb: 2\n", "params", "line 2"),
        ("metrics.json", "{\n  \"auc\": 0.9,\n  \"f1\": ,\n}\n", "metrics", "line 3"),
        ("metrics.json", "{\"auc\": 0.9", "metrics", "line 1"),
        ("metrics.json", "", "metrics", "metrics.json"),
    ];
    for (file, text, input, line) in cases {
        let good = project.read(file);
        project.write(file, text);
        project.fails("snapshot fraud", &Bad { exit: 2, message: &[input, file, line], hint: &[] });
        project.write(file, good);
    }
    project.write("extra.toml", "a = 1\nb = = 2\n");
    let toml = Bad { exit: 2, message: &["params", "extra.toml", "line 2"], hint: &[] };
    project.fails("snapshot fraud --params extra.toml", &toml);
    project.write("twice.json", "{\"lr\": 1}");
    let twice = Bad { exit: 2, message: &["`lr` stands in", "params.yaml", "twice.json"], hint: &[] };
    project.fails("snapshot fraud --params params.yaml twice.json", &twice);
    project.write("note.txt", "x");
    project.fails("snapshot fraud --params note.txt", &Bad { exit: 2, message: &["neither yaml, toml nor json"], hint: &[] });
}

#[test]
fn a_broken_configuration_stops_every_verb() {
    let project = Project::tiny();
    project.ok("snapshot fraud");
    let good = project.read("mlrun.toml");
    let cases = [
        (good.replace("[stage.production]", "[stage.production"), "line 1", ""),
        (good.replace("files = ", "fils = "), "line 5", "files"),
        (good.replace("[stage.production]", "[stagee.production]"), "stagee", "stage"),
        (good.replace("params = [\"params.yaml\"]", "params = 3"), "line 6", ""),
        (good.replace("schema = 1", "schema = 9"), "9 is not known", ""),
        (good.clone() + "valid_for = \"soon\"\n", "valid_for", ""),
        (good.clone() + "\n[model.fraud.predictions.test]\npath = \"p.csv\"\nlabel = \"y\"\nkey = []\nscore = \"p\"\n", "key", ""),
        (good.clone() + "\n[model.fraud.predictions.test]\npath = \"p.csv\"\nlabel = \"y\"\nkey = [\"id\"]\n", "`score`", ""),
        (good.clone() + "\n[model.fraud.data.train]\npath = \"p.csv\"\nuri = \"s3://x\"\n", "one of `path`, `uri`", ""),
        (good.clone() + "\n[code]\nuntracked_limit = \"large\"\n", "untracked_limit", ""),
    ];
    for (text, word, nearest) in cases {
        project.write("mlrun.toml", &text);
        let bad = Bad { exit: 2, message: &["mlrun.toml", word], hint: &[nearest] };
        for line in ["snapshot fraud", "list", "status", "promote v1 --to production", "init"] {
            project.fails(line, &bad);
        }
    }
    // A store named outright is read all the same by verbs that need no configuration: from elsewhere.
    project.ok(&format!("-C / -R {} list", project.store().display()));
}

#[test]
fn an_allowance_for_a_rule_that_is_none() {
    let project = Project::tiny();
    let bad = Bad { exit: 2, message: &["no rule `nothing`", "github-pat"], hint: &[] };
    project.fails("snapshot fraud --allow-secret nothing", &bad);
}

#[test]
fn numbers_that_are_none_are_recorded_as_such() {
    let project = Project::tiny();
    let text = "{\"auc\": NaN, \"loss\": Infinity, \"note\": \"good\", \"none\": null, \"f1\": 0.5, \"neg\": -Infinity}";
    project.write("metrics.json", text);
    let shown = project.ok("snapshot fraud").says(&["metric `auc`", "metric `loss`", "metric `note`", "never enough"]);
    assert!(!shown.stderr.contains("`f1`"), "{shown}");
    let metrics = project.json("show latest", 0)["metrics"].clone();
    assert_eq!(metrics["auc"], "NaN");
    assert_eq!((metrics["note"].as_str(), metrics["f1"].as_f64()), (Some("good"), Some(0.5)));
    assert!(metrics["loss"].is_string() && metrics["none"].is_null());
    project.ok("show latest").says(&["NaN"]);
    project.ok("list fraud --metrics auc,f1 --sort -auc").says(&["NaN", "0.5000"]);
}

#[test]
fn refusing_uncommitted_code_and_what_was_not_found() {
    let project = Project::tiny();
    project.write(".gitignore", ".mlrun\n").committed();
    fs::rename(project.path(".mlrun"), project.path(".git/mlrun")).unwrap();
    project.ok("snapshot fraud --require-clean");
    project.write("train.py", "print('new')\n");
    let bad = Bad { exit: 1, message: &["1 file", "require_clean"], hint: &["commit or stash train.py"] };
    project.fails("snapshot fraud --require-clean", &bad);
    project.ok("snapshot fraud");
}

#[test]
fn git_that_refuses_is_not_no_git() {
    let project = Project::tiny();
    project.committed();
    fs::rename(project.path(".mlrun"), project.path(".git/mlrun")).unwrap();
    let Some(other) = project.as_nobody() else { return };
    let refused = shown(&mut other.command(&["snapshot", "fraud", "--dry-run", "--json"]));
    error_object(&refused, &Bad { exit: 8, message: &["git refused", "dubious ownership"], hint: &["safe.directory"] });
}

/// Somebody else on this machine.
struct Nobody<'a> {
    project: &'a Project,
    program: std::path::PathBuf,
    root: bool,
}

impl Nobody<'_> {
    fn command(&self, arguments: &[&str]) -> std::process::Command {
        use std::os::unix::process::CommandExt;
        let mut command = self.project.other(self.program.to_str().unwrap());
        command.args(arguments);
        if self.root {
            command.uid(65534).gid(65534);
        }
        command
    }
}

impl Project {
    /// Root may do everything, so permissions are tried out as somebody else; none where that cannot be.
    fn as_nobody(&self) -> Option<Nobody<'_>> {
        let root = shown(self.other("id").arg("-u")).stdout.trim() == "0";
        let program = self.beside("mlrun");
        fs::copy(PROGRAM, &program).unwrap();
        if root {
            let open = ["-R", "a+rwX", self.beside("").to_str().unwrap()].map(str::to_owned);
            shown(self.other("chmod").args(open)).exits(0);
        }
        let nobody = Nobody { project: self, program, root };
        let works = nobody.command(&["--version"]).output().is_ok_and(|o| o.status.success());
        if !works {
            eprintln!("skipped: no program can be started as another user here");
        }
        works.then_some(nobody)
    }

    fn remove_link(&self, path: &str) {
        fs::remove_file(self.path(path)).unwrap();
    }

    /// The journal's events; none where there is no journal.
    fn events_or_none(&self) -> Vec<serde_json::Value> {
        if self.store().join("journal").exists() { self.events() } else { Vec::new() }
    }
}

#[test]
fn a_store_nobody_may_write() {
    use std::os::unix::fs::PermissionsExt;
    let project = Project::with_history();
    let next = project.version(0.72);
    let Some(other) = project.as_nobody() else { return };
    shown(project.other("chmod").args(["-R", "a-w", project.store().to_str().unwrap()])).exits(0);
    let before = project.fingerprint();
    let run = |line: &str| shown(&mut other.command(&line.split(' ').collect::<Vec<_>>()));
    // Looking works.
    for line in [
        "status", "list", "list fraud", "log", "show latest", "diff v1 v2", "diff", "at", "verify", "verify --full",
        "restore v2 --to back", "certify --check", "doctor", "bundle v2 -o case.tar.gz", "snapshot fraud",
        "promote v3 --to production", "snapshot fraud --dry-run",
    ] {
        run(line).exits(0);
    }
    run("doctor").says(&["not written"]);
    // Writing is refused, and nothing happens.
    project.write("params.yaml", "lr: 9\n");
    for line in [
        "snapshot fraud --json",
        &format!("certify {next} --json"),
        "rollback --reason x --json",
        "block v1 --reason x --json",
    ] {
        error_object(&run(line), &Bad { exit: 8, message: &["cannot"], hint: &["permissions"] });
    }
    project.write("params.yaml", "skill: 0.72\nseed: 7\n");
    let (mut before, mut after) = (before, project.fingerprint());
    for all in [&mut before, &mut after] {
        all.retain(|name, _| name.starts_with(".mlrun/"));
    }
    assert_eq!(before, after);
    fs::set_permissions(project.store(), fs::Permissions::from_mode(0o755)).unwrap();
}
