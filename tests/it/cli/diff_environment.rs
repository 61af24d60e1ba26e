//! Which Python a workspace is looked at with: that of its project, whoever asks; and what is said where it is another one.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::harness::{Project, Shown, shown};

const PACKAGES: u32 = 30;

/// An environment without anything that runs, with packages of one version.
fn installed(prefix: &Path, python: &str, version: u32) {
    let site = prefix.join(format!("lib/python{python}/site-packages"));
    for package in 0..PACKAGES {
        let folder = site.join(format!("package{package}-{version}.0.dist-info"));
        fs::create_dir_all(&folder).unwrap();
        let metadata = format!("Metadata-Version: 2.1\nName: package{package}\nVersion: {version}.0\n");
        fs::write(folder.join("METADATA"), metadata).unwrap();
    }
}

/// A virtual environment beside the project, and a Python for all that is first on `PATH`.
fn scene() -> Project {
    let project = Project::tiny();
    let (venv, other) = (project.beside("venv"), project.beside("other"));
    installed(&venv, "3.11", 1);
    fs::write(venv.join("pyvenv.cfg"), "home = /nowhere/bin\nversion = 3.11.7\n").unwrap();
    installed(&other, "3.9", 2);
    fs::create_dir_all(other.join("bin")).unwrap();
    fs::write(other.join("bin/python3"), "#!/bin/sh\n").unwrap();
    fs::set_permissions(other.join("bin/python3"), fs::Permissions::from_mode(0o755)).unwrap();
    project
}

fn run(project: &Project, active: Option<&str>, line: &str) -> Shown {
    let arguments: Vec<&str> = line.split_whitespace().collect();
    let mut command = project.command(&arguments);
    command.env("PATH", project.beside("other/bin"));
    active.map(|folder| command.env("VIRTUAL_ENV", project.beside(folder)));
    shown(&mut command)
}

#[test]
fn what_a_version_was_made_with_is_looked_at_again() {
    let project = scene();
    run(&project, Some("venv"), "snapshot fraud").exits(0);
    // Nothing is active: not what is first on PATH, but what the version was made with.
    let same = run(&project, None, "diff").exits(0);
    assert_eq!(same.stdout, "fraud@v1 and workspace are the same\n", "{same}");
    let status = run(&project, None, "status --json").exits(0).object();
    assert_eq!(status["models"][0]["workspace"], serde_json::json!({ "changed": [], "error": null }), "{status}");
    let again = run(&project, None, "snapshot fraud --json").exits(0).object();
    assert_eq!((&again["unchanged"], &again["version"]), (&true.into(), &"v1".into()));
    // What a person activates or names comes first.
    installed(&project.beside("newer"), "3.12", 3);
    fs::write(project.beside("newer/pyvenv.cfg"), "home = /nowhere/bin\nversion = 3.12.1\n").unwrap();
    let active = run(&project, Some("newer"), "diff --json").exits(0).object();
    assert_eq!(active["environment"].as_array().unwrap().len(), 1 + PACKAGES as usize);
    // A version of another folder says nothing of this one's.
    let elsewhere = project.beside("elsewhere");
    fs::rename(project.path(""), &elsewhere).unwrap();
    let mut moved = project.other(super::harness::PROGRAM);
    moved.args(["diff", "--json"]).current_dir(&elsewhere).env("PATH", project.beside("other/bin"));
    let moved = shown(&mut moved).exits(0).object();
    assert_eq!(moved["environment"].as_array().unwrap().len(), 1 + PACKAGES as usize);
}

#[test]
fn another_interpreter_is_named_and_its_packages_counted() {
    let project = scene();
    run(&project, Some("venv"), "snapshot fraud").exits(0);
    fs::remove_dir_all(project.beside("venv")).unwrap();
    let shown = run(&project, None, "diff").exits(0);
    let shown = shown.says(&[
        "python  3.11.7  →  3.9",
        "30 packages (30 major) are not listed: another interpreter was looked at.",
        "fraud@v1: Python 3.11.7 in",
        "VIRTUAL_ENV is set.",
        "workspace: Python 3.9 in",
        "the first `python3` on PATH",
        "`python` below `[environment]`",
    ]);
    assert!(!shown.stdout.contains("package10"), "{shown}");
    run(&project, None, "diff --stat").says(&["30 packages of another interpreter"]);
    let page = run(&project, None, "diff --format markdown").exits(0);
    assert!(
        page.stdout.contains("30 packages of another interpreter are not listed") && !page.stdout.contains("package10")
    );
    // Programs get all of it.
    let json = run(&project, None, "diff --json").exits(0).object();
    assert_eq!(json["environment"].as_array().unwrap().len(), 1 + PACKAGES as usize);
    assert_eq!(json["interpreters"]["a"]["prefix"], project.beside("venv").to_str().unwrap());
    assert_eq!(json["interpreters"]["b"]["prefix"], project.beside("other").to_str().unwrap());
    // Two versions are what they are.
    project.edit("params.yaml", "0.1", "0.2");
    run(&project, None, "snapshot fraud").exits(0);
    let both = run(&project, None, "diff v1 v2").exits(0).says(&["package10"]);
    assert!(!both.stdout.contains("interpreter"), "{both}");
}
