//! Stores for a group and for one person: every file they write has the modes they were made with, whatever the umask.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::harness::{Bad, PROGRAM, Project, Shown, error_object, shown};

/// The mode of everything in a store, by its path in it.
fn modes(store: &Path) -> Vec<(PathBuf, u32, bool)> {
    let entries = walkdir::WalkDir::new(store).into_iter().map(Result::unwrap);
    let mode = |entry: walkdir::DirEntry| {
        let mode = fs::symlink_metadata(entry.path()).unwrap().permissions().mode() & 0o7777;
        (entry.path().strip_prefix(store).unwrap().to_path_buf(), mode, entry.file_type().is_dir())
    };
    entries.map(mode).collect()
}

/// A project in which everything that writes is about to happen, under a umask.
fn begun(option: &str) -> Project {
    let project = Project::empty();
    project.write("model/w.bin", vec![7; 300_000]).write("metrics.json", "{\"auc\": 0.9}");
    project.write(
        "mlrun.toml",
        "schema = 1\n[model.fraud]\nfiles = [\"model\"]\n[stage.production]\ncertificate = \"none\"\n",
    );
    under(&project, "000", &format!("init {option}")).exits(0);
    project
}

/// Runs the program under a umask.
fn under(project: &Project, umask: &str, line: &str) -> Shown {
    let line = format!("umask {umask}; exec {PROGRAM} {line}");
    shown(project.other("sh").args(["-c", &line]))
}

/// Verbs that write packs, events, caches, the trash; each under another umask.
fn live(project: &Project) {
    for (n, umask) in ["000", "077", "027"].into_iter().enumerate() {
        project.write("model/w.bin", vec![n as u8; 300_000]);
        under(project, umask, "snapshot fraud").exits(0);
        under(project, umask, &format!("promote v{} --to production", n + 1)).exits(0);
    }
    under(project, "022", "rollback fraud --reason slow").exits(0);
    under(project, "077", "snapshot fraud --param lr=1").exits(0);
    under(project, "077", "drop v4 --reason diverged").exits(0);
    under(project, "000", "gc").exits(0);
    under(project, "077", "verify --full").exits(0);
}

#[test]
fn a_private_store() {
    let project = begun("--private");
    live(&project);
    for (path, mode, folder) in modes(&project.store()) {
        assert_eq!(mode, if folder { 0o700 } else { 0o600 }, "{}: {mode:o}", path.display());
    }
    under(&project, "000", "doctor").exits(0).says(&["permissions", "its owner alone"]);
    let pack = fs::read_dir(project.store().join("packs")).unwrap().next().unwrap().unwrap().path();
    fs::set_permissions(&pack, fs::Permissions::from_mode(0o644)).unwrap();
    let said =
        under(&project, "000", "doctor").exits(8).says(&["permissions", "has mode 0644, not 0600", "chmod 0600"]);
    assert!(said.stdout.contains(pack.to_str().unwrap()), "{said}");
    let again = project.json("init --private", 0);
    assert_eq!((&again["unchanged"], &again["access"]), (&true.into(), &"private".into()));
    let message = ["shared", "is there already and was made otherwise"];
    error_object(&project.mlrun("init --shared group --json"), &Bad { exit: 2, message: &message, hint: &[] });
}

#[test]
fn a_shared_store() {
    let project = begun("--shared group");
    live(&project);
    for (path, mode, folder) in modes(&project.store()) {
        let once = ["packs", "journal", "format.json", "trash"].iter().any(|name| path.starts_with(name));
        let expected = match (folder, once) {
            (true, _) => 0o2770,
            (false, true) => 0o440,
            (false, false) => 0o660,
        };
        assert_eq!(mode, expected, "{}: {mode:o}", path.display());
    }
    under(&project, "077", "doctor").exits(0).says(&["permissions", "the group of its folder"]);
    under(&project, "077", "init --shared group --private").exits(2);
}

/// One of the group goes on where another one stopped; who is not of it sees nothing. Only root can be several people.
#[test]
fn two_people_and_a_stranger() {
    const GROUP: u32 = 60_123;
    let project = begun("--shared group");
    if fs::metadata(project.store()).unwrap().uid() != 0 {
        return eprintln!("skipped: only root can be somebody else");
    }
    let program = project.beside("mlrun");
    fs::copy(PROGRAM, &program).unwrap();
    let open = |mode: &str, path: &Path| {
        drop(shown(project.other("chmod").args(["-R", mode, path.to_str().unwrap()])).exits(0))
    };
    open("a+rwX", &project.beside(""));
    fs::remove_dir_all(project.store()).unwrap();
    let lines: Vec<String> =
        project.read("mlrun.toml").lines().filter(|l| !l.starts_with("repository")).map(str::to_owned).collect();
    project.write("mlrun.toml", lines.join("\n") + "\n");
    open("a+rwX", &project.path(""));
    // As an administrator hands out a folder: it is the group's, and nobody else gets in.
    fs::create_dir(project.store()).unwrap();
    std::os::unix::fs::chown(project.store(), Some(60_001), Some(GROUP)).unwrap();
    let run = |user: u32, group: u32, line: &str| -> Shown {
        let umasked = format!("umask 077; exec {} {line}", program.display());
        let mut command: Command = project.other("sh");
        shown(command.args(["-c", &umasked]).uid(user).gid(group))
    };
    run(60_001, GROUP, "init --shared group").exits(0);
    open("a+rwX", &project.path("mlrun.toml"));
    let people = [60_001, 60_002, 60_001, 60_002];
    for (n, user) in people.into_iter().enumerate() {
        project.write("model/w.bin", vec![n as u8; 300_000]);
        run(user, GROUP, "snapshot fraud").exits(0);
        run(user, GROUP, &format!("promote v{} --to production", n + 1)).exits(0);
    }
    run(60_002, GROUP, "rollback fraud --reason slow").exits(0);
    run(60_001, GROUP, "snapshot fraud --param lr=1").exits(0);
    run(60_002, GROUP, "drop v5 --reason diverged").exits(0);
    run(60_001, GROUP, "gc").exits(0);
    run(60_002, GROUP, "gc --now").exits(0);
    run(60_001, GROUP, "verify --full").exits(0);
    run(60_002, GROUP, "doctor").exits(0).says(&["the group of its folder"]);
    for entry in walkdir::WalkDir::new(project.store()).into_iter().map(Result::unwrap) {
        assert_eq!(entry.metadata().unwrap().gid(), GROUP, "{}", entry.path().display());
    }
    let stranger = run(60_003, 60_003, "status");
    assert_ne!(stranger.code, Some(0), "{stranger}");
    assert!(!stranger.stdout.contains("v1"), "{stranger}");
}
