//! Where projects and stores are: init, folders, worktrees, a store without a checkout.

use std::fs;

use super::harness::{Bad, PROGRAM, Project, assert_same, fingerprint, shown};

const EMPTY: [&str; 16] = [
    "snapshot fraud",
    "status",
    "list",
    "log",
    "show latest",
    "diff",
    "certify",
    "promote fraud@v1 --to production",
    "rollback fraud --reason x",
    "block fraud@v1 --reason x",
    "unblock fraud@v1",
    "at now",
    "restore fraud@v1 --to out",
    "bundle fraud@v1 -o b.tar.gz",
    "verify",
    "certify --check",
];

#[test]
fn no_repository() {
    let project = Project::empty();
    let bad = Bad { exit: 6, message: &["no `mlrun.toml`", "no store"], hint: &["mlrun init", "-R STORE"] };
    EMPTY.iter().for_each(|line| project.fails(line, &bad));
    assert!(fingerprint(&project.path("")).is_empty(), "nothing was made");
}

#[test]
fn a_configuration_without_a_store_is_no_first_release() {
    let project = Project::tiny();
    project.ok("snapshot fraud");
    fs::rename(project.path(".mlrun"), project.beside("elsewhere")).unwrap();
    let id = project.read("mlrun.toml").lines().find(|l| l.starts_with("repository")).unwrap()[14..50].to_owned();
    let bad = Bad { exit: 6, message: &["history", &id, "not on this machine"], hint: &["-R STORE"] };
    EMPTY.iter().for_each(|line| project.fails(line, &bad));
    project.fails("init", &bad);
    // The hint works.
    let elsewhere = project.beside("elsewhere");
    project.run(&["-R", elsewhere.to_str().unwrap(), "list"]).exits(0).says(&["fraud", "v1"]);
}

#[test]
fn a_configuration_of_another_history() {
    let project = Project::tiny();
    project.ok("snapshot fraud");
    let other = Project::tiny();
    other.write("mlrun.toml", project.read("mlrun.toml"));
    let bad = Bad { exit: 6, message: &["not on this machine", "holds"], hint: &["-R STORE", "mlrun init"] };
    ["snapshot fraud", "list", "certify --check", "status", "init"].iter().for_each(|line| other.fails(line, &bad));
}

#[test]
fn a_configuration_that_never_had_a_store() {
    let project = Project::empty();
    project.write("mlrun.toml", "schema = 1\n\n[model.fraud]\nfiles = [\"model/\"]\n").write("model/w", "w");
    project.fails("snapshot", &Bad { exit: 6, message: &["no store yet"], hint: &["mlrun init"] });
    project.ok("init");
    // The person's lines are still there, with the history's id.
    assert!(project.read("mlrun.toml").contains("files = [\"model/\"]"));
    assert!(project.read("mlrun.toml").contains("repository = \""));
    project.ok("snapshot");
}

#[test]
fn init_writes_what_snapshot_needs() {
    for git in [false, true] {
        let project = Project::empty();
        project
            .write("params.yaml", "lr: 0.1\nseed: 3\n")
            .write("metrics.json", "{\"auc\": 0.9}")
            .write("model/w", "w");
        if git {
            project.committed();
        }
        let init = project.json("init --model fraud", 0);
        for field in ["project", "store", "repository", "written", "found", "unchanged"] {
            assert!(!init[field].is_null(), "no `{field}` in {init}");
        }
        assert_eq!((init["schema"].as_str(), init["unchanged"].as_bool()), (Some("mlrun/init/1"), Some(false)));
        assert!(project.store().exists());
        assert_eq!(project.path(".git/mlrun").exists(), git);
        let before = project.read("mlrun.toml");
        assert!(before.contains('#'), "commented");
        assert_eq!(project.ok("snapshot").stdout, "fraud@v1\n");
        let version = project.json("show latest", 0);
        assert_eq!(version["params"]["lr"], 0.1);
        assert_eq!(version["metrics"]["auc"], 0.9);
        assert_eq!(version["files"][0]["path"], "model/w");
        assert_eq!(project.ok("snapshot").stdout, "fraud@v1\n");
        assert_eq!(project.read("mlrun.toml"), before);
        // The policy it wrote is one, and its floors are for people to set.
        project.mlrun("certify fraud@v1 --first-release --reason begin").exits(3).says(&["unset", "0.9"]);
    }
}

#[test]
fn an_empty_folder_and_flags_are_enough() {
    let project = Project::empty();
    project.ok("init");
    project.write("model/w", "w").write("params.yaml", "lr: 1\nseed: 1\n").write("metrics.json", "{\"auc\": 0.5}");
    project.write("data.csv", "a,b\n1,2\n3,4\n");
    let line = "snapshot fraud --files model/ --params params.yaml --metrics metrics.json --data train=data.csv";
    assert_eq!(project.ok(line).stdout, "fraud@v1\n");
    let version = project.json("show fraud@v1", 0);
    assert_eq!(version["data"][0]["rows"], 2);
    assert_eq!(version["data"][0]["stored"], true);
    let bad =
        Bad { exit: 2, message: &["`churn` is not in the configuration"], hint: &["mlrun snapshot churn --files"] };
    project.fails("snapshot churn", &bad);
}

/// The next step works, and what is missing for the one after is said at once.
#[test]
fn init_says_what_is_missing() {
    let empty = Project::empty();
    let shown = empty.ok("init").stderr;
    assert!(
        shown.contains("name the model's files in mlrun.toml") && !shown.contains("next: `mlrun snapshot`"),
        "{shown}"
    );
    let bare = Project::empty();
    let shown = bare.write("model/w", "w").ok("init --model fraud").stderr;
    assert!(shown.contains("no rules were written") && shown.contains("next: `mlrun snapshot`"), "{shown}");
    bare.ok("snapshot");
    bare.ok("status").says(&["mlrun certify fraud@v1 --policy FILE --first-release --reason …"]);
    bare.read("mlrun.toml").lines().find(|line| line.starts_with("# policy ")).unwrap();
    // A model that is not added is not said to be there.
    let other = Bad { exit: 2, message: &["no model `other`"], hint: &["mlrun snapshot other --files PATH --save"] };
    bare.fails("init --model other", &other);
    assert_eq!(bare.json("init --model fraud", 0)["unchanged"], true);
}

/// The example of evidence in it is one that works.
#[test]
fn what_init_comments_out_can_be_used() {
    let project = Project::empty();
    project.write("model/w", "w").ok("init --model fraud");
    let config = project.read("mlrun.toml");
    let mut text = String::new();
    let mut inside = false;
    for line in config.lines() {
        inside = line.starts_with("# [model.fraud.predictions")
            || line.starts_with("# [model.fraud.samples")
            || inside && line.starts_with("# ");
        text += if inside { line.trim_start_matches("# ") } else { line };
        text += "\n";
    }
    project.write("mlrun.toml", &text).train(0.6).write("out/latency.csv", "ms\n1\n2\n");
    project.ok("snapshot fraud");
    let sets = project.json("show v1", 0)["evidence"].as_array().map(Vec::len);
    assert_eq!(sets, Some(2), "{text}");
}

#[test]
fn flags_can_be_saved() {
    let project = Project::empty();
    project.ok("init");
    project.write("model/w", "w").write("params.yaml", "seed: 1\n").write("data.csv", "a\n1\n");
    let line = "snapshot churn --files model/ --params params.yaml --data train=data.csv --save";
    project.leaves_alone(&format!("{line} --dry-run"), 0);
    project.fails("snapshot churn --files gone/ --save", &Bad { exit: 6, message: &["gone/"], hint: &[] });
    let bad = Bad { exit: 2, message: &["<MODEL>"], hint: &[] };
    project.fails("snapshot --files model/ --save", &bad);
    assert_eq!(project.ok(line).stdout, "churn@v1\n");
    assert!(project.read("mlrun.toml").contains("[model.churn]"), "{}", project.read("mlrun.toml"));
    assert_eq!(project.json("snapshot churn", 0)["unchanged"], true, "without any flag");
    let bad = Bad { exit: 2, message: &["`churn` has a section"], hint: &[] };
    project.fails("snapshot churn --files model/ --save", &bad);
}

#[test]
fn flags_are_relative_to_the_folder_one_stands_in() {
    let project = Project::tiny();
    project.write("sub/model/w", "other");
    let sub = project.path("sub");
    let mut inside = project.command(&["snapshot", "fraud", "--files", "model/"]);
    shown(inside.current_dir(&sub)).exits(0);
    assert_eq!(project.json("show latest", 0)["files"][0]["path"], "sub/model/w");
    // Those of the configuration are relative to it.
    let inside = shown(project.command(&["-C", "sub", "snapshot", "fraud", "--json"]).current_dir(project.path("")));
    assert_eq!(inside.object()["files"][0]["path"], "model/weights.bin");
    shown(project.command(&["restore", "v2", "--to", "here"]).current_dir(&sub)).exits(0);
    assert!(project.path("sub/here/model/weights.bin").is_file());
}

#[test]
fn another_folder_is_named_with_c() {
    let project = Project::tiny();
    project.ok("snapshot fraud");
    let away = Project::empty();
    let there = project.path("");
    let there = there.to_str().unwrap();
    assert_eq!(away.run(&["-C", there, "show", "latest", "--print", "version"]).exits(0).stdout, "fraud@v1\n");
    away.run(&["-C", there, "restore", "v1", "--to", "copy"]).exits(0);
    assert!(project.path("copy/model/weights.bin").is_file(), "-C is as if started there");
    away.run_fails(&["-C", "nowhere", "list"], &Bad { exit: 2, message: &["nowhere", "not a folder"], hint: &[] });
}

#[test]
fn a_store_without_a_checkout() {
    let project = Project::with_history();
    let store = project.beside("store");
    fs::rename(project.store(), &store).unwrap();
    let away = Project::empty();
    let run = |line: &str| {
        let words: Vec<&str> = ["-R", store.to_str().unwrap()].into_iter().chain(line.split(' ')).collect();
        away.run(&words)
    };
    run("list").exits(0).says(&["fraud", "v3", "production"]);
    run("list fraud").exits(0).says(&["v1", "v2", "v3"]);
    run("log").exits(0).says(&["promote", "certify", "snapshot", "create"]);
    run("at").exits(0).says(&["fraud@v3"]);
    run("show fraud@v2").exits(0).says(&["fraud@v2", "model/weights.bin"]);
    run("show production~1 --print version").exits(0).says(&["fraud@v2"]);
    run("diff v1 v2").exits(0).says(&["skill"]);
    run("status").exits(0).says(&["production", "v3"]);
    // What was not read is not called whole without saying so.
    run("verify").exits(0).says(&["whole, seen from outside", "was not read", "mlrun verify --full"]);
    assert!(!run("verify --full").exits(0).says(&["whole: "]).stdout.contains("not read"));
    run("restore v2 --to back").exits(0);
    assert!(fs::read_to_string(away.path("back/model/weights.bin")).unwrap().contains("0.65"));
    run("bundle v2 -o b.tar.gz").exits(0);
    let back = run("rollback fraud --reason bad --json").exits(0);
    assert_eq!(back.object()["version"], "v2");
    // The rules in force are in the store: no checkout is needed to go forward either.
    run("certify fraud@v1").exits(3).says(&["auc-floor", "INCONCLUSIVE"]);
    let nowhere = Bad { exit: 6, message: &["no store in"], hint: &["-R", "format.json"] };
    away.run_fails(&["-R", "nowhere", "list"], &nowhere);
}

#[test]
fn no_configuration_is_needed_to_look_and_to_go_back() {
    let project = Project::with_history();
    project.remove("mlrun.toml").remove("policy.toml");
    for line in ["at", "log", "list", "list fraud", "show latest", "verify", "restore latest --to back"] {
        project.ok(line);
    }
    assert_eq!(project.json("rollback --reason bad", 0)["version"], "v2");
}

#[test]
fn worktrees_share_one_store() {
    let project = Project::tiny_in_git();
    assert!(project.path(".git/mlrun/format.json").is_file() && !project.path(".mlrun").exists());
    project.ok("snapshot fraud");
    let other = project.beside("other");
    project.git(&format!("worktree add --quiet {}", other.display()));
    let there = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        shown(project.command(&words).current_dir(&other)).exits(0)
    };
    assert_eq!(there("show latest --print version").stdout, "fraud@v1\n");
    fs::write(other.join("params.yaml"), "lr: 0.7\nseed: 7\n").unwrap();
    assert_eq!(there("snapshot fraud").stdout, "fraud@v2\n");
    assert_eq!(project.ok("list fraud").says(&["v2"]).stdout.lines().count(), 3);
    project.git("clean -xfdq");
    project.ok("verify");
    assert!(!other.join(".mlrun").exists());
    there("verify");
}

#[test]
fn a_repository_above_a_ceiling_is_none() {
    let project = Project::tiny_in_git();
    let folder = project.path("apart");
    fs::create_dir(&folder).unwrap();
    let init = |ceiling: &std::path::Path| {
        fs::write(folder.join("mlrun.toml"), "schema = 1\n[model.fraud]\nfiles = [\"model\"]\n").unwrap();
        let mut command = project.command(&["init"]);
        shown(command.current_dir(&folder).env("GIT_CEILING_DIRECTORIES", ceiling)).exits(0)
    };
    init(&folder);
    assert!(!folder.join(".mlrun").exists(), "the folder itself is looked into and above, as git does");
    init(&project.path(""));
    assert!(folder.join(".mlrun/format.json").is_file());
}

#[test]
fn a_project_that_becomes_a_repository_keeps_its_history() {
    let project = Project::tiny();
    project.ok("snapshot fraud");
    project.write(".gitignore", ".mlrun/\n").committed();
    project.ok("list fraud").says(&["v1"]);
    project.edit("params.yaml", "0.1", "0.2");
    assert_eq!(project.ok("snapshot fraud").stdout, "fraud@v2\n");
    assert_eq!(project.json("init", 0)["unchanged"], true);
}

#[test]
fn init_puts_the_store_anywhere() {
    let project = Project::empty();
    project.write("model/w", "w").write("params.yaml", "seed: 1\n");
    let store = project.beside("far/store");
    project.run(&["init", "--model", "fraud", "--store", store.to_str().unwrap()]).exits(0);
    project.ok("snapshot fraud");
    assert!(store.join("format.json").is_file() && store.join("journal/fraud").is_dir());
    let before = fingerprint(&store);
    let again = project.run(&["init", "--store", store.to_str().unwrap()]).exits(0);
    assert_same(&before, &fingerprint(&store), &again);
}

/// A shared store may hold other projects' models; the one that is configured here is meant.
#[test]
fn the_only_model_of_a_project_need_not_be_named() {
    let far = Project::tiny();
    far.ok("snapshot fraud");
    let project = Project::empty();
    project.write("model/w", "w").write("params.yaml", "seed: 1\n");
    project.run(&["init", "--model", "churn", "--store", far.store().to_str().unwrap()]).exits(0);
    assert_eq!(project.ok("snapshot").stdout, "churn@v1\n");
    project.ok("show latest").says(&["churn@v1"]);
    project.ok("diff").says(&["churn@v1"]);
    project.ok("log");
}

#[test]
fn several_models_must_be_named() {
    let project = Project::tiny();
    project.ok("snapshot fraud");
    let config = project.read("mlrun.toml");
    project.write("mlrun.toml", format!("{config}\n[model.churn]\nfiles = [\"model/\"]\n"));
    project.ok("snapshot churn");
    let which = Bad { exit: 2, message: &["which model", "churn", "fraud"], hint: &["MODEL"] };
    for line in ["snapshot", "log", "show latest", "rollback --reason x"] {
        project.fails(line, &which);
    }
    project.fails("show frau@latest", &Bad { exit: 6, message: &["no model `frau`"], hint: &["fraud"] });
    project.fails("log zzz", &Bad { exit: 6, message: &["no model `zzz`"], hint: &["churn, fraud"] });
    project.fails(
        "show fraud",
        &Bad {
            exit: 2,
            message: &["names a model"],
            hint: &["fraud@v3", "mlrun list fraud", "not to be promoted, `fraud@latest`"],
        },
    );
    project.ok("show churn@v1");
    project.ok("diff fraud");
}

#[test]
fn doctor_looks_at_everything() {
    let project = Project::tiny();
    let report = project.json("doctor", 0);
    assert_eq!((report["schema"].as_str(), report["ok"].as_bool()), (Some("mlrun/doctor/1"), Some(true)));
    let whats: Vec<_> = report["findings"].as_array().unwrap().iter().map(|f| f["what"].as_str().unwrap()).collect();
    for what in ["git", "store", "space", "clock", "PATH"] {
        assert!(whats.contains(&what), "{whats:?}");
    }
    let away = Project::empty();
    let report = away.json("doctor", 8);
    assert_eq!(report["ok"], false);
    away.mlrun("doctor").exits(8).says(&["store", "mlrun init"]);
    // A configuration that is wrong needs no `init`, and a journal that is wrong is no reason to look at nothing else.
    let broken = Project::tiny();
    broken.ok("snapshot fraud");
    let config = broken.read("mlrun.toml");
    broken.write("mlrun.toml", "schema = ");
    let shown_broken = broken.mlrun("doctor").exits(8).says(&["mlrun.toml", "correct that file"]);
    assert!(!shown_broken.stdout.contains("mlrun init"), "{shown_broken}");
    broken.write("mlrun.toml", config);
    std::fs::write(broken.store().join("journal/fraud/0000000000000002"), "{}").unwrap();
    broken.mlrun("doctor").exits(8).says(&["journal", "event 2", "mlrun verify --journal", "PATH"]);
    // Another program of the same name is found, with its cure.
    away.write("bin/mlrun", "#!/bin/sh\n");
    let path = format!("{}:{}", away.path("bin").display(), std::env::var("PATH").unwrap());
    let other = shown(project.command(&["doctor"]).env("PATH", path)).exits(0);
    assert!(other.stdout.contains("not this program") && !other.stdout.contains(PROGRAM), "{other}");
}

#[test]
fn a_local_file_overrides_single_keys() {
    let project = Project::tiny();
    project.write("here/w", "mine");
    project.write("mlrun.local.toml", "[model.fraud]\nfiles = [\"here/\"]\n");
    assert_eq!(project.json("snapshot fraud", 0)["files"][0]["path"], "here/w");
    project.write("mlrun.local.toml", "[model.fraud]\nfils = [\"here/\"]\n");
    project.fails("snapshot fraud", &Bad { exit: 2, message: &["mlrun.local.toml", "fils"], hint: &["files"] });
}
