//! Inputs that cannot be captured: said with the file and the line, and nothing is written.

use std::fs;
use std::os::unix::fs::symlink;

use super::harness::{Bad, Project, shown};

const NOTHING: &str = "nothing was written";

#[test]
fn a_missing_model_folder() {
    let project = Project::tiny();
    project.remove("model");
    let bad = Bad { exit: 6, message: &["files", "`model/` does not exist"], hint: &["mlrun.toml", NOTHING] };
    ["snapshot fraud", "certify --check", "certify"].iter().for_each(|line| project.fails(line, &bad));
    project.fails(
        "snapshot fraud --files other/",
        &Bad { exit: 6, message: &["`other/` does not exist"], hint: &[NOTHING] },
    );
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
    project
        .fails("snapshot fraud --files model/*.onnx", &Bad { exit: 6, message: &["model/*.onnx"], hint: &[NOTHING] });
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
    let gone = project.path("gone/python").display().to_string();
    let python = Bad { exit: 6, message: &["python", &format!("`{gone}` does not exist")], hint: &[NOTHING] };
    project.fails("snapshot fraud --python gone/python", &python);
    let config = project.read("mlrun.toml");
    project.write("mlrun.toml", format!("{config}\n[environment]\npython = \"gone/python\"\n"));
    project.fails("snapshot fraud", &python);
    project.write("mlrun.toml", config);
    project.ok("snapshot fraud");
}

#[test]
fn what_is_no_file_is_named() {
    let project = Project::tiny();
    symlink("nowhere", project.path("model/link")).unwrap();
    project
        .fails("snapshot fraud", &Bad { exit: 2, message: &["model/link", "leads nowhere"], hint: &[".mlrunignore"] });
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
    project.fails("snapshot fraud", &Bad { exit: 2, message: &["params", "neither YAML, TOML nor JSON"], hint: &[] });
    project.remove("params.yaml/a.txt");
    project.fails("snapshot fraud", &Bad { exit: 6, message: &["params.yaml"], hint: &[] });
    project.remove("params.yaml").write("params.yaml", "seed: 7\nlr: 0.1\n");
    project.remove("mlrun.toml");
    fs::create_dir(project.path("mlrun.toml")).unwrap();
    project.mlrun("snapshot fraud").exits(2);
}

#[test]
fn a_name_no_record_could_hold() {
    use std::os::unix::ffi::OsStrExt;
    let project = Project::tiny();
    let name = std::ffi::OsStr::from_bytes(b"w\xff.bin");
    fs::write(project.path("model").join(name), "w").unwrap();
    let refused = Bad { exit: 2, message: &["model/w", "not UTF-8"], hint: &[] };
    project.fails("snapshot fraud", &refused);
}

#[test]
fn broken_parameters_and_metrics_name_the_line() {
    let project = Project::tiny();
    let cases = [
        ("params.yaml", "a: 1\nb: [1, 2\nc: 3\n", "params", "line "),
        ("params.yaml", "a: 1\na: 2\n", "params", "line 2"),
        ("params.yaml", "a: 1\nb:\n\t- 2\n", "params", "line "),
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
    project.write("metrics.json", "{\n  \"auc\": 0.9,\n  \"f1\": ,\n}\n");
    let said = project.mlrun("snapshot fraud").exits(2).stderr;
    assert_eq!(said.matches("line 3").count(), 1, "{said}");
    project.write("metrics.json", vec![b' '; (16 << 20) + 1]);
    project.fails("snapshot fraud", &Bad { exit: 2, message: &["metrics.json", "more than 16 MiB"], hint: &[] });
    project.write("metrics.json", "{\"auc\": 0.9}\n");
    project.write("extra.toml", "a = 1\nb = = 2\n");
    let toml = Bad { exit: 2, message: &["params", "extra.toml", "line 2"], hint: &[] };
    project.fails("snapshot fraud --params extra.toml", &toml);
    project.write("twice.json", "{\"lr\": 1}");
    let twice = Bad { exit: 2, message: &["`lr` stands in", "params.yaml", "twice.json"], hint: &[] };
    project.fails("snapshot fraud --params params.yaml --params twice.json", &twice);
    project.write("note.txt", "x");
    project.fails(
        "snapshot fraud --params note.txt",
        &Bad { exit: 2, message: &["neither YAML, TOML nor JSON"], hint: &[] },
    );
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
        (good.replace("schema = 1", "schema = 9"), "line 1: schema 9 is not known", ""),
        (good.clone() + "valid_for = \"soon\"\n", "valid_for", ""),
        (
            good.clone()
                + "\n[model.fraud.predictions.test]\npath = \"p.csv\"\nlabel = \"y\"\nkey = []\nscore = \"p\"\n",
            "key",
            "",
        ),
        (
            good.clone() + "\n[model.fraud.predictions.test]\npath = \"p.csv\"\nlabel = \"y\"\nkey = [\"id\"]\n",
            "`score`",
            "",
        ),
        (good.clone() + "\n[model.fraud.data.train]\npath = \"p.csv\"\nuri = \"s3://x\"\n", "one of `path`, `uri`", ""),
        (good.clone() + "\n[code]\nuntracked_limit = \"large\"\n", "untracked_limit", ""),
    ];
    for (text, word, nearest) in cases {
        project.write("mlrun.toml", &text);
        let bad = Bad { exit: 2, message: &["mlrun.toml", word], hint: &[nearest, "`-R STORE` looks and goes back"] };
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
    let text =
        "{\"auc\": NaN, \"loss\": Infinity, \"note\": \"good\", \"none\": null, \"f1\": 0.5, \"neg\": -Infinity}";
    project.write("metrics.json", text);
    let shown = project.ok("snapshot fraud").says(&["metric `auc`", "metric `loss`", "metric `note`", "never enough"]);
    assert!(!shown.stderr.contains("`f1`"), "{shown}");
    let metrics = project.json("show latest", 0)["metrics"].clone();
    // As in the record: a number that is none is no text.
    let recorded = |name: &str| serde_json::json!({ "float": name });
    assert_eq!((metrics["note"].as_str(), metrics["f1"].as_f64()), (Some("good"), Some(0.5)));
    assert_eq!((&metrics["auc"], &metrics["loss"]), (&recorded("nan"), &recorded("inf")));
    assert_eq!((&metrics["neg"], &metrics["none"]), (&recorded("-inf"), &serde_json::Value::Null));
    assert_eq!(project.json("snapshot fraud", 0)["metrics"], metrics);
    let id = project.json("show latest", 0)["id"].as_str().unwrap().to_owned();
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&project.ok(&format!("show --raw {id}")).stdout).unwrap()["metrics"],
        metrics
    );
    let listed = project.json("list fraud --metrics auc,loss,note", 0)["versions"][0]["values"].clone();
    assert_eq!(
        (&listed["auc"], &listed["loss"], listed["note"].as_str()),
        (&recorded("nan"), &recorded("inf"), Some("good"))
    );
    project.write("params.yaml", "lr: .inf\nseed: 7\nbig: 9007199254740993\nname: nan\n");
    let params = project.json("diff", 0)["params"].clone();
    let changed = |name: &str| params.as_array().unwrap().iter().find(|p| p["name"] == name).unwrap()["b"].clone();
    let params = project.json("snapshot fraud --dry-run", 0)["params"].clone();
    for (name, value) in [
        ("lr", recorded("inf")),
        ("big", serde_json::json!({ "int": "9007199254740993" })),
        ("name", serde_json::json!("nan")),
    ] {
        assert_eq!((&changed(name), &params[name]), (&value, &value), "{name}");
    }
    project.write("params.yaml", "lr: 0.1\nseed: 7\n");
    project.ok("show latest").says(&["NaN"]);
    project.ok("list fraud --metrics auc,f1 --sort -auc").says(&["NaN", "0.5000"]);
}

#[test]
fn refusing_uncommitted_code_and_what_was_not_found() {
    let project = Project::tiny_in_git();
    project.ok("snapshot fraud --require-clean");
    project.write("train.py", "print('new')\n");
    let bad = Bad { exit: 1, message: &["1 file", "require_clean"], hint: &["commit or stash train.py"] };
    project.fails("snapshot fraud --require-clean", &bad);
    project.ok("snapshot fraud");
}

impl Project {
    fn remove_link(&self, path: &str) {
        fs::remove_file(self.path(path)).unwrap();
    }

    /// The journal's events; none where there is no journal.
    pub fn events_or_none(&self) -> Vec<serde_json::Value> {
        if self.store().join("journal").exists() { self.events() } else { Vec::new() }
    }
}

/// Code is found, not declared: what cannot be named is listed, and nothing stops.
#[cfg(target_os = "linux")]
#[test]
fn code_whose_name_is_not_utf8() {
    use std::os::unix::ffi::OsStrExt;
    for project in [Project::tiny(), Project::tiny_in_git()] {
        project.edit("mlrun.toml", "code = [\"train.py\"]\n", "");
        fs::write(project.path("").join(std::ffi::OsStr::from_bytes(b"caf\xe9.txt")), "x").unwrap();
        let left_out = &project.json("snapshot fraud", 0)["code"]["left_out"][0];
        assert_eq!(left_out["path"], "caf\u{fffd}.txt");
        assert_eq!(left_out["reason"], "its name is not UTF-8");
    }
}
