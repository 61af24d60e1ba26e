//! Permissions, tried out as somebody who has none: root may do everything.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use super::harness::{Bad, PROGRAM, Project, error_object, shown};

/// Somebody else on this machine.
struct Nobody<'a> {
    project: &'a Project,
    program: PathBuf,
    root: bool,
}

impl Nobody<'_> {
    fn command(&self, arguments: &[&str]) -> Command {
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
}

#[test]
fn a_file_nobody_may_read() {
    let project = Project::tiny();
    let Some(other) = project.as_nobody() else { return };
    fs::set_permissions(project.path("model/weights.bin"), fs::Permissions::from_mode(0o000)).unwrap();
    fs::set_permissions(project.path(".mlrun"), fs::Permissions::from_mode(0o777)).unwrap();
    let before = project.fingerprint();
    let bad = Bad { exit: 8, message: &["cannot", "model/weights.bin", "Permission denied"], hint: &["permissions"] };
    let human = shown(&mut other.command(&["snapshot", "fraud"])).exits(8);
    assert!(human.stderr.contains("cannot read `") && human.stderr.contains("hint: "), "{human}");
    error_object(&shown(&mut other.command(&["snapshot", "fraud", "--json"])), &bad);
    assert_eq!(before, project.fingerprint());
}

/// Code is found, not declared: what may not be read is listed, and stops nothing.
#[test]
fn code_nobody_may_read() {
    for git in [true, false] {
        let project = Project::empty();
        project.write("train.py", "t\n").write("mine.py", "m\n").write("mine/x.py", "x\n").write("../model/w", "w");
        project.write("mlrun.toml", super::code_scene::CONFIG);
        if git {
            project.write(".gitignore", "x\n").git("init --quiet");
            project.git("add .gitignore mine.py");
        }
        project.ok("init");
        let Some(other) = project.as_nobody() else { return };
        for path in ["mine.py", "mine"] {
            fs::set_permissions(project.path(path), fs::Permissions::from_mode(0o000)).unwrap();
        }
        let mut command = other.command(&["snapshot", "fraud", "--json"]);
        command.env("GIT_CONFIG_COUNT", "1").env("GIT_CONFIG_KEY_0", "safe.directory").env("GIT_CONFIG_VALUE_0", "*");
        let version = shown(&mut command).exits(0).object();
        let left_out = version["code"]["left_out"].as_array().unwrap();
        let about =
            |path: &str| left_out.iter().find(|left| left["path"] == path).map(|left| left["reason"].to_string());
        assert!(about("mine.py").is_some_and(|why| why.contains("denied")), "{version}");
        if git {
            let unread =
                version["not_captured"].as_array().unwrap().iter().find(|part| part["part"] == "code.untracked");
            let reason = unread.map(|part| part["reason"].to_string()).unwrap_or_default();
            assert!(reason.contains("could not open directory 'mine/'"), "{version}");
        } else {
            assert!(about("mine").is_some_and(|why| why.contains("denied")), "{version}");
        }
        fs::set_permissions(project.path("mine"), fs::Permissions::from_mode(0o755)).unwrap();
    }
}

#[test]
fn git_that_refuses_is_not_no_git() {
    let project = Project::tiny_in_git();
    let Some(other) = project.as_nobody().filter(|other| other.root) else { return };
    let refused = shown(&mut other.command(&["snapshot", "fraud", "--dry-run", "--json"]));
    error_object(&refused, &Bad { exit: 8, message: &["git refused", "dubious ownership"], hint: &["safe.directory"] });
    let words = shown(&mut other.command(&["snapshot", "fraud", "--dry-run"])).exits(8).stderr;
    let advice = format!("`git config --global --add safe.directory {}`", project.path("").display());
    // Each stands where it belongs, and once.
    assert_eq!(words.lines().count(), 2, "{words}");
    assert!(!words.contains("\\n") && words.lines().last().unwrap().ends_with(&advice), "{words}");
    assert_eq!(words.matches("safe.directory").count(), 1, "{words}");
    shown(&mut other.command(&["doctor"])).exits(8).says(&["dubious ownership", advice.trim_matches('`')]);
}

#[test]
fn a_store_nobody_may_write() {
    let project = Project::with_history();
    let next = project.version(0.72);
    let Some(other) = project.as_nobody() else { return };
    shown(project.other("chmod").args(["-R", "a-w", project.store().to_str().unwrap()])).exits(0);
    let before = project.fingerprint();
    let run = |line: &str| shown(&mut other.command(&line.split(' ').collect::<Vec<_>>()));
    // Looking works.
    for line in [
        "status",
        "list",
        "list fraud",
        "log",
        "show latest",
        "diff v1 v2",
        "diff",
        "at",
        "verify",
        "verify --full",
        "restore v2 --to back",
        "certify --check",
        "doctor",
        "bundle v2 -o case.tar.gz",
        "promote v3 --to production",
        "snapshot fraud --dry-run",
    ] {
        run(line).exits(0);
    }
    run("doctor").says(&["not written"]);
    // An index that cannot be rebuilt is not said to have been.
    let index = fs::read_dir(project.store().join("index")).unwrap().next().unwrap().unwrap().path();
    let whole = fs::read(&index).unwrap();
    fs::set_permissions(&index, fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(&index, &whole[..whole.len() / 2]).unwrap();
    run("verify").exits(4).says(&["an index segment", "cannot be rebuilt here"]);
    fs::write(&index, whole).unwrap();
    // Writing is refused, and nothing happens.
    project.write("params.yaml", "lr: 9\n");
    for line in [
        "snapshot fraud --json",
        &format!("certify {next} --json"),
        "rollback --reason x --json",
        "block v1 --reason x --json",
    ] {
        let store = project.store().display().to_string();
        let message = ["the store", &store, "cannot be written to", "Permission denied"];
        error_object(&run(line), &Bad { exit: 8, message: &message, hint: &["permissions", &store, "only read"] });
    }
    project.write("params.yaml", "skill: 0.72\nseed: 7\n");
    let (mut before, mut after) = (before, project.fingerprint());
    for all in [&mut before, &mut after] {
        all.retain(|name, _| name.starts_with(".mlrun/"));
    }
    assert_eq!(before, after);
    fs::set_permissions(project.store(), fs::Permissions::from_mode(0o755)).unwrap();
}
