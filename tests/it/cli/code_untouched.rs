//! The user's working tree is looked at and never changed, and nothing that a repository's configuration names is run.

use std::fs;
use std::path::Path;

use super::code_scene::{CONFIG, state};
use super::harness::{Bad, Project, shown};

/// A program that leaves a mark wherever it is run, and does what it is for.
fn marking(project: &Project, name: &str, then: &str) -> String {
    let (path, mark) = (project.beside(name), project.beside("marks"));
    fs::create_dir_all(&mark).unwrap();
    fs::write(&path, format!("#!/bin/sh\ntouch '{}/{name}'\n{then}\n", mark.display())).unwrap();
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

fn marks(project: &Project) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(project.beside("marks"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Looks at a project in every way there is.
fn look_everywhere(project: &Project) {
    for line in [
        "snapshot fraud --dry-run",
        "status",
        "snapshot fraud",
        "diff",
        "snapshot fraud",
        "snapshot fraud --new-version",
        "diff v1 v2",
        "show latest",
        "list",
        "log",
        "doctor",
        "verify --full",
        "restore latest --to ../back",
    ] {
        project.ok(line);
    }
}

#[test]
fn nothing_in_the_tree_changes() {
    let project = Project::empty();
    project.write("../lib/lib.py", "lib\n").git_in("../lib", &["init", "--quiet"]);
    project.git_in("../lib", &["add", "--all"]);
    project.git_in("../lib", &["commit", "--quiet", "--message", "lib"]);
    project
        .write("train.py", "t\n")
        .write("same.py", "s\n")
        .write(".gitignore", "out/\n")
        .write("nb.ipynb", "{\"cells\": []}");
    project.committed().git_in("", &["submodule", "--quiet", "add", "../lib", "lib"]);
    let project = project.with_model();
    project.git("add --all");
    project.git("commit --quiet --message all");
    project.write("train.py", "changed\n").write("new.py", "n\n").write("out/x", "x").write("lib/lib.py", "mine\n");
    project.write("lib/new.py", "n\n").link("link", "train.py").write("staged.py", "s\n").git("add staged.py");
    // Its times are not those of the index, its bytes are: git would like to write that down.
    let now = "2026-01-02T03:04:05Z";
    shown(project.other("touch").args(["-d", now, "same.py", "lib/lib.py", ".gitignore"])).exits(0);
    let before = state(&project.path(""), &project.store());
    look_everywhere(&project);
    // The folder the store lies in has another time if the store was moved aside; everything else must be what it was.
    let after = state(&project.path(""), &project.store());
    let differ: Vec<_> =
        before.keys().chain(after.keys()).filter(|name| before.get(*name) != after.get(*name)).collect();
    assert!(differ.is_empty(), "changed: {differ:?}");
    // Not so with git's own `diff`: the test would see it.
    project.git("diff --quiet HEAD -- same.py");
    project.git("diff HEAD");
    assert_ne!(before.get(".git/index"), state(&project.path(""), &project.store()).get(".git/index"));
}

#[test]
fn what_a_repository_names_is_not_run() {
    let project = Project::code(&[
        ("train.py", "t\n"),
        ("a.txt", "a\n"),
        ("b.bin", "b\n"),
        (".gitattributes", "*.txt diff=shown\n*.py diff=other\n"),
    ]);
    project.git("add --all");
    project.git("commit --quiet --message all");
    let hooks = project.path(".git/hooks");
    fs::create_dir_all(&hooks).unwrap();
    for hook in [
        "post-index-change",
        "post-checkout",
        "pre-commit",
        "reference-transaction",
        "fsmonitor-watchman",
        "query-watchman",
    ] {
        fs::rename(marking(&project, hook, ""), hooks.join(hook)).unwrap();
    }
    let settings = [
        ("core.fsmonitor", "fsmonitor", ""),
        ("diff.external", "external", ""),
        ("diff.shown.textconv", "textconv", "cat \"$1\""),
        ("diff.other.command", "command", ""),
        ("core.pager", "pager", "cat"),
        ("pager.diff", "diff-pager", "cat"),
        ("pager.status", "status-pager", "cat"),
        ("core.editor", "editor", ""),
        ("core.sshCommand", "ssh", ""),
        ("credential.helper", "credential", ""),
        ("core.askPass", "askpass", ""),
        ("gpg.program", "gpg", ""),
        ("core.alternateRefsCommand", "alternates", ""),
        ("uploadpack.packObjectsHook", "pack-objects", ""),
        ("filter.unused.clean", "unused-clean", "cat"),
        ("filter.unused.smudge", "unused-smudge", "cat"),
        ("interactive.diffFilter", "diff-filter", "cat"),
    ];
    for (key, name, then) in settings {
        let program = marking(&project, name, then);
        project.git_in("", &["config", key, &program]);
    }
    // The configuration takes effect: git itself would run some of it.
    project.write("a.txt", "changed\n").write("train.py", "changed\n");
    project.git("status --porcelain");
    project.git("diff HEAD -- a.txt");
    assert!(marks(&project).contains(&"fsmonitor".to_owned()) && marks(&project).contains(&"external".to_owned()));
    for mark in marks(&project) {
        fs::remove_file(project.beside("marks").join(mark)).unwrap();
    }
    look_everywhere(&project);
    assert_eq!(marks(&project), [] as [String; 0]);
}

/// A filter is git's way to tell whether a file has changed. It is run where `git status` runs it, and nowhere else.
#[test]
fn filters_are_run_as_git_status_runs_them() {
    let project =
        Project::code(&[("train.py", "t\n"), ("data.big", "data\n"), (".gitattributes", "*.big filter=big\n")]);
    let clean = marking(&project, "clean", "tr a-z A-Z");
    project.git_in("", &["config", "filter.big.clean", &clean]);
    project.git_in("", &["config", "filter.big.smudge", "tr A-Z a-z"]);
    project.git("add --all --renormalize");
    project.git("add --all");
    project.git("commit --quiet --message all");
    // So that no file is as young as the index.
    shown(project.other("touch").args(["-d", "2026-01-02T03:04:05Z", "data.big", "train.py", "mlrun.toml"])).exits(0);
    project.git("status");
    fs::remove_file(project.beside("marks/clean")).unwrap();
    assert_eq!(project.taken()["dirty"], false);
    assert_eq!(marks(&project), [] as [String; 0], "nothing has changed, so nothing is filtered");
    // Only its times are others: the filter says that it is what it was.
    shown(project.other("touch").args(["-d", "2026-01-03T03:04:05Z", "data.big"])).exits(0);
    assert_eq!(project.json("snapshot fraud --dry-run", 0)["code"]["dirty"], false);
    assert_eq!(marks(&project), ["clean"]);
    project.write("data.big", "more\n");
    assert_eq!(project.taken()["dirty"], true);
    project.gives_back(&project.tree_without(&[]));
}

/// What is not here is not fetched.
#[test]
fn a_partial_clone_stays_partial() {
    let origin = Project::code(&[("train.py", "1\n"), ("other.py", "o\n")]);
    origin.git("config uploadpack.allowFilter true");
    let clone = Project::empty();
    let url = format!("file://{}", origin.path("").display());
    clone.git_in("..", &["clone", "--quiet", "--filter=blob:none", "--no-checkout", &url, "project"]);
    clone.git_in("", &["read-tree", "HEAD"]);
    let clone = clone.with_model();
    clone.write("train.py", "2\n");
    let objects = || shown(clone.other("git").args(["count-objects", "-v"])).exits(0).stdout;
    let before = objects();
    clone.ok("snapshot fraud").says(&["not captured: code.patch"]);
    assert_eq!(objects(), before);
    clone.gives_back(&clone.tree_without(&[]));
    fs::rename(origin.path(""), origin.beside("away")).unwrap();
    clone.write("train.py", "3\n").ok("snapshot fraud");
}

#[test]
fn a_repository_that_git_refuses() {
    let project = Project::code(&[("train.py", "t\n")]);
    project.ok("snapshot fraud");
    let refused = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        shown(project.command(&words).env("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1"))
    };
    let before = state(&project.path(""), Path::new(""));
    let advice = format!("`git config --global --add safe.directory {}`", project.path("").display());
    refused("snapshot fraud").exits(8).says(&["git refused", "dubious ownership", &advice]);
    assert_eq!(refused("snapshot fraud --json").exits(8).object()["kind"], "machine");
    refused("diff fraud@v1").exits(8).says(&["dubious ownership"]);
    refused("status").exits(0).says(&["dubious ownership"]);
    assert_eq!(before, state(&project.path(""), Path::new("")), "nothing was written");
    // What is read from the store alone needs no git.
    refused("show latest").exits(0);
    refused("restore latest --to ../back").exits(0);
    // Without the program there are still the files, and it is said.
    let path = project.beside("empty");
    fs::create_dir(&path).unwrap();
    project.write("train.py", "2\n");
    let without = shown(project.command(&["snapshot", "fraud"]).env("PATH", &path)).exits(0);
    without.says(&["code.git: there is a git repository, but git could not be asked"]);
    assert_eq!(project.json("show latest", 0)["code"]["kind"], "folder");
    project.gives_back(&project.tree_without(&[]));
}

/// A scope outside of the repository is not something that git refuses.
#[test]
fn a_scope_outside_of_the_repository() {
    let project = Project::code(&[("train.py", "t\n")]);
    project
        .write("../common/c.py", "c\n")
        .write("mlrun.toml", CONFIG.replace("[stage", "code = [\"../common/\"]\n[stage"));
    let bad = Bad { exit: 2, message: &["code: `../common/` lies outside of the git repository"], hint: &[] };
    project.fails("snapshot fraud", &bad);
}
