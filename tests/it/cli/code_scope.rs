//! What is code of a model and what is not: its scope, what is captured elsewhere, what is ignored, how much is kept.

use std::fs;

use super::code_scene::{CONFIG, texts};
use super::harness::{Bad, Project, shown};

const MONOREPO: &str = r#"schema = 1

[model.fraud]
files = ["fraud/model/"]
metrics = ["fraud/metrics.json"]
code = ["fraud/", "common/"]

[model.churn]
files = ["churn/model/"]
metrics = ["churn/metrics.json"]
code = ["churn/"]

[stage.production]
"#;

fn monorepo(config: &str) -> Project {
    let project = Project::empty();
    for model in ["fraud", "churn"] {
        project.write(&format!("{model}/model/w"), model).write(&format!("{model}/metrics.json"), "{\"auc\": 0.9}");
        project.write(&format!("{model}/train.py"), "1\n");
    }
    project.write("common/c.py", "c\n").write("README.md", "r\n").write(".gitignore", "model/\n").committed();
    project.write("mlrun.toml", config).ok("init");
    project.git("add --all");
    project.git("commit --quiet --message model");
    project
}

#[test]
fn two_models_in_one_repository() {
    let project = monorepo(MONOREPO);
    for model in ["fraud", "churn"] {
        project.ok(&format!("snapshot {model} --require-clean"));
    }
    let unchanged = |model: &str| {
        let taken = project.json(&format!("snapshot {model} --require-clean"), 0);
        assert_eq!(taken["unchanged"], true, "{model}: {taken}");
    };
    // A change, an untracked file, a gone file, a commit in the other's scope: no difference, not even dirt.
    project.write("churn/train.py", "2\n").write("churn/new.py", "n\n").write("README.md", "changed\n");
    unchanged("fraud");
    assert_eq!(project.json("diff fraud", 0)["identical"], true);
    project.git("add --all");
    unchanged("fraud");
    project.json("snapshot churn", 0);
    project.git("commit --quiet --message churn");
    assert_eq!(project.json("snapshot fraud", 0)["unchanged"], true, "another commit is no other code");
    assert_eq!(project.json("snapshot churn", 0)["unchanged"], true, "what was uncommitted has been committed");
    project.write("common/c.py", "shared\n");
    unchanged("churn");
    let taken = project.json("snapshot fraud", 0);
    assert_eq!((taken["version"].as_str(), taken["changed"][0].as_str()), (Some("v2"), Some("code")));
    let files =
        project.tree_without(&["churn", "README.md", ".gitignore", "mlrun.toml", "fraud/model", "fraud/metrics.json"]);
    let back = project.beside("back");
    project.run(&["restore", "fraud@v2", "--only", "code", "--to", back.to_str().unwrap()]).exits(0);
    assert_eq!(super::code_scene::tree(&back), files);
    project.fails("snapshot fraud --require-clean", &Bad { exit: 1, message: &["1 file"], hint: &["common/c.py"] });
}

/// Without scopes everything is code, but not what other models are made of.
#[test]
fn files_of_another_model_are_no_dirt() {
    let without = MONOREPO.lines().filter(|line| !line.starts_with("code")).collect::<Vec<_>>().join("\n");
    let project = monorepo(&(without + "\n[model.churn.data.train]\npath = \"churn/*.csv\"\n"));
    project.write("churn/a.csv", "a\n1\n").ok("snapshot fraud --require-clean");
    project.write(".gitignore", "").git("commit --quiet --all --message ignore");
    project.ok("snapshot fraud");
    // Trained anew: the weights, the metrics and the data of one are nothing to the other.
    project.write("churn/model/w", "new").write("churn/metrics.json", "{\"auc\": 0.8}").write("churn/a.csv", "a\n2\n");
    project.write("churn/b.csv", "a\n3\n");
    let taken = project.json("snapshot fraud --require-clean", 0);
    assert_eq!((taken["unchanged"].as_bool(), taken["code"]["dirty"].as_bool()), (Some(true), Some(false)), "{taken}");
    project.write("churn/train.py", "2\n");
    assert_eq!(project.json("snapshot fraud", 0)["code"]["dirty"], true, "its code is code");
}

#[test]
fn a_project_below_the_root_of_its_repository() {
    let project = Project::empty();
    project
        .write("ml/train.py", "t\n")
        .write("shared/s.py", "s\n")
        .write("web/w.js", "w\n")
        .write("model/w", "w")
        .committed();
    let config = CONFIG.replace("[stage", "code = [\".\", \"../shared/*.py\"]\n[stage");
    project.write("ml/mlrun.toml", config);
    let run = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        shown(project.command(&words).current_dir(project.path("ml"))).exits(0)
    };
    run("init");
    project.write("web/new.js", "n\n").write("shared/s.py", "changed\n").write("shared/note.txt", "n\n");
    run("snapshot fraud");
    project.gives_back(&project.tree_without(&["web", "model", "shared/note.txt"]));
    let shown = run("show latest --json").object()["code"].clone();
    assert_eq!(
        (shown["dirty"].as_bool(), texts(&shown["untracked"], "")),
        (Some(true), vec!["ml/mlrun.toml".to_owned()])
    );
}

#[test]
fn what_is_captured_elsewhere_is_no_dirt() {
    let project = Project::tiny_in_git();
    project.edit("mlrun.toml", "code = [\"train.py\"]\n", "").git("commit --quiet --all --message scope");
    project.ok("snapshot fraud --require-clean");
    // Model, parameters and metrics are tracked here, and change with every training.
    project.write("model/weights.bin", "new").write("model/more.bin", "m").write("metrics.json", "{\"auc\": 0.95}\n");
    project.edit("params.yaml", "0.1", "0.2");
    let taken = project.json("snapshot fraud --require-clean", 0);
    assert_eq!((taken["version"].as_str(), taken["code"]["dirty"].as_bool()), (Some("v2"), Some(false)));
    assert!(taken["code"]["patch_sha256"].is_null() && !taken["changed"].as_array().unwrap().contains(&"code".into()));
    // A store inside the tree is none either.
    let inside = Project::empty();
    inside
        .write("train.py", "t\n")
        .write("model/w", "w")
        .write("mlrun.toml", CONFIG.replace("../model", "model"))
        .committed();
    inside.ok("init --store kept/here");
    inside.git("commit --quiet --all --message init");
    inside.ok("snapshot fraud --require-clean");
    assert_eq!(inside.json("snapshot fraud --require-clean", 0)["unchanged"], true);
    inside.gives_back(&inside.tree_without(&["kept", "model"]));
}

/// Code, model, parameters and metrics together are the working tree again.
#[test]
fn all_parts_together_are_the_working_tree() {
    let project = Project::tiny_in_git();
    project
        .edit("mlrun.toml", "code = [\"train.py\"]\n", "")
        .write("new/n.py", "n\n")
        .link("link", "model/weights.bin");
    project.write("train.py", "uncommitted\n").ok("snapshot fraud");
    project.ok("restore latest --to ../back");
    assert_eq!(super::code_scene::tree(&project.beside("back")), project.tree_without(&[]));
}

#[test]
fn litter_caches_and_what_mlrunignore_says() {
    let project = Project::code(&[("train.py", "t\n"), ("venv/tracked.py", "v\n"), ("big/tracked.txt", "b\n")]);
    project.git("add --all");
    project.git("commit --quiet --message all");
    let litter = [
        ".DS_Store",
        "lib/Thumbs.db",
        "lib/__pycache__/a.pyc",
        ".venv/lib/x.py",
        "node_modules/x/y.js",
        ".ruff_cache/x",
    ];
    for path in litter {
        project.write(path, "x");
    }
    // Neither code nor dirt, though git does not ignore them; what git tracks is code all the same.
    let code = project.json("snapshot fraud --require-clean", 0)["code"].clone();
    assert_eq!((code["dirty"].as_bool(), code["untracked"].as_array().map(Vec::len)), (Some(false), Some(0)));
    let gone = [".DS_Store", "lib", ".venv", "node_modules", ".ruff_cache"];
    project.gives_back(&project.tree_without(&gone));
    // What was ignored is on record.
    let rules = texts(&project.json("show latest", 0)["observation"]["ignored"], "");
    assert!(
        [".DS_Store", "__pycache__/", ".venv/"].iter().all(|rule| rules.contains(&(*rule).to_owned())),
        "{rules:?}"
    );
    project
        .write(".mlrunignore", "# mine\nbig/\n/notes.txt\n!.DS_Store\n")
        .write("notes.txt", "n")
        .write("sub/notes.txt", "n");
    project.write("big/new.txt", "b").write("big/tracked.txt", "changed\n");
    let code = project.taken();
    let (left_out, untracked) = (&code["left_out"], texts(&code["untracked"], ""));
    assert_eq!(
        (texts(left_out, "path"), texts(left_out, "reason")),
        (vec!["big/tracked.txt".into()], vec!["`.mlrunignore` names it".into()])
    );
    assert_eq!(untracked, [".DS_Store", ".mlrunignore", "sub/notes.txt"]);
    assert!(code["patch_sha256"].is_null(), "what is ignored is not in the patch");
    let rules = texts(&project.json("show latest", 0)["observation"]["ignored"], "");
    assert_eq!(rules[rules.len() - 3..], ["big/", "/notes.txt", "!.DS_Store"]);
    project.gives_back(&project.tree_without(&["lib", ".venv", "node_modules", ".ruff_cache", "big", "notes.txt"]));
}

#[test]
fn more_untracked_than_is_kept_is_listed() {
    let project = Project::code(&[("train.py", "t\n")]);
    project.write("mlrun.toml", project.read("mlrun.toml") + "\n[code]\nuntracked_limit = \"1 KiB\"\n");
    project.write("a.txt", vec![b'a'; 600]).write("b.txt", vec![b'b'; 600]).write("c.txt", vec![b'c'; 60]);
    let shown = project.ok("snapshot fraud").says(&["left out of the code: b.txt"]);
    let code = project.json("show latest", 0)["code"].clone();
    assert_eq!(texts(&code["left_out"], "path"), ["b.txt"], "{shown}");
    assert_eq!(code["left_out"][0]["size"], 600);
    project.gives_back(&project.tree_without(&["b.txt"]));
    project.ok("restore latest --to ../back").says(&["b.txt", "beyond the limit"]);
    // What is tracked is kept, however large.
    project.git("add b.txt");
    assert_eq!(project.taken()["left_out"].as_array().map(Vec::len), Some(0));
    project.gives_back(&project.tree_without(&[]));
}

/// A patch that cannot be kept keeps nothing else from being kept.
#[test]
fn a_patch_that_is_too_long() {
    let project = Project::code(&[("train.py", "t\n")]);
    let mut draw = super::scene::Draw::new(3);
    let bytes: Vec<u8> = (0..(60 << 20) / 8).flat_map(|_| draw.bits().to_le_bytes()).collect();
    project.write("large.bin", &bytes).git("add large.bin");
    let shown = project.ok("snapshot fraud").says(&["not captured: code.patch: it is longer than 64 MiB"]);
    let code = project.json("show latest", 0)["code"].clone();
    assert!(code["patch_sha256"].is_null() && code["dirty"] == true, "{shown}");
    project.ok("restore latest --only code --to ../back");
    assert!(fs::read(project.beside("back/large.bin")).unwrap() == bytes);
}
