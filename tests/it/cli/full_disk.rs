//! A disk that is full: before a snapshot, in the middle of one, for every verb; and how the space comes back. Where no small
//! disk can be had, `fsync::any_call_fails` has every write fail as on a full one.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mlrun::clock::SystemClock;
use mlrun::ops::chain;
use mlrun::ops::snapshot::inputs::GivenInputs;
use mlrun::ops::snapshot::{SnapshotOptions, snapshot};
use mlrun::progress::{Progress, Unit};
use mlrun::repository::{OpenOptions, Repository};

use super::harness::{Bad, Project, error_object};
use super::small_disk::{SmallDisk, durable, fill};
use crate::support::noise::noise;

/// A checkpoint that cannot be made smaller, with its loss.
fn checkpoint(project: &Project, seed: u64, bytes: usize, loss: f64) {
    project.write("model/weights.bin", noise(seed, bytes)).write("metrics.json", format!("{{\"loss\": {loss}}}\n"));
}

/// Without a store so far.
fn project() -> Project {
    let project = Project::tiny();
    fs::remove_dir_all(project.store()).unwrap();
    let lines: Vec<String> = project.read("mlrun.toml").lines().map(str::to_owned).collect();
    let lines = lines.iter().filter(|line| !line.starts_with("repository"));
    project.write("mlrun.toml", lines.map(|line| format!("{line}\n")).collect::<String>());
    project
}

/// Fails for want of space, tells so in both forms, and leaves everything durable as it was.
#[track_caller]
fn is_full(project: &Project, store: &Path, line: &str, message: &[&str]) {
    let before = durable(store);
    project.mlrun(line).exits(8).says(&["error: ", "hint: make room"]).says(message);
    error_object(&project.mlrun(&format!("{line} --json")), &Bad { exit: 8, message, hint: &["make room"] });
    assert_eq!(before, durable(store), "{line}: nothing half-written, no temp file");
}

#[track_caller]
fn restores(project: &Project, version: &str, seed: u64, bytes: usize) {
    let to = format!("{version}-back");
    project.ok(&format!("restore {version} --to {to} --force"));
    assert!(fs::read(project.path(&to).join("model/weights.bin")).unwrap() == noise(seed, bytes), "{version}");
    project.remove(&to);
}

#[test]
fn what_was_dropped_makes_room() {
    const BYTES: usize = 4 << 20;
    let project = project();
    let Some(disk) = SmallDisk::mount(&project, "12m") else { return };
    let store = disk.store();
    for version in [1, 2] {
        checkpoint(&project, version, BYTES, 0.5);
        project.ok("snapshot fraud");
    }
    checkpoint(&project, 3, BYTES, 0.4);
    is_full(&project, &store, "snapshot fraud", &["needs about 4.0 MiB", "are free", "nothing was written"]);
    for version in [1, 2] {
        restores(&project, &format!("v{version}"), version, BYTES);
    }
    // Into the trash alone frees nothing, and says until when.
    project.ok("drop v1 --reason old");
    let before = disk.free();
    project.ok("gc").says(&["trash"]);
    assert!(disk.free() < before + 100_000, "{before} {}", disk.free());
    is_full(&project, &store, "snapshot fraud", &["needs about 4.0 MiB"]);
    project.ok("gc --now");
    assert!(disk.free() > before + BYTES as u64 * 9 / 10, "{before} {}", disk.free());
    assert_eq!(project.ok("snapshot fraud").stdout, "fraud@v3\n");
    project.ok("verify --full");
    restores(&project, "v2", 2, BYTES);
    restores(&project, "v3", 3, BYTES);
    // Once more, to the last byte that a snapshot leaves.
    checkpoint(&project, 4, disk.free() as usize - (3 << 19), 0.3);
    project.ok("snapshot fraud");
    checkpoint(&project, 5, BYTES, 0.3);
    is_full(&project, &store, "snapshot fraud", &["needs about"]);
    project.ok("drop v2 --reason old");
    let before = disk.free();
    project.ok("gc --now");
    assert!(disk.free() > before + BYTES as u64 * 9 / 10, "{before} {}", disk.free());
    assert_eq!(project.ok("snapshot fraud").stdout, "fraud@v5\n");
    project.ok("verify --full");
}

/// Fills the disk as soon as a step begins.
struct Filler {
    folder: PathBuf,
    step: &'static str,
    filled: AtomicBool,
}

impl Progress for Filler {
    fn begin(&self, what: &str, _: u64, _: Unit) {
        if what == self.step {
            fill(&self.folder);
            self.filled.store(true, Ordering::SeqCst);
        }
    }
    fn advance(&self, _: u64) {}
    fn end(&self) {}
}

/// There was room when it was looked, and then another program took it.
#[test]
fn a_disk_that_fills_in_the_middle() {
    let project = project();
    let Some(disk) = SmallDisk::mount(&project, "64m") else { return };
    let store = disk.store();
    checkpoint(&project, 1, 300_000, 0.5);
    project.ok("snapshot fraud");
    // A little, which is written at the end, and more than is kept in memory.
    for (seed, bytes) in [(2, 400_000), (3, 20 << 20)] {
        checkpoint(&project, seed, bytes, 0.4);
        let before = durable(&store);
        let start = project.path("");
        let options = OpenOptions { start: start.clone(), store: None, clock: Arc::new(SystemClock) };
        let repository = Repository::open(&options).unwrap();
        let given = GivenInputs { folder: start, ..GivenInputs::default() };
        let options = SnapshotOptions { given, ..SnapshotOptions::default() };
        let filler = Filler { folder: disk.place.clone(), step: "storing", filled: AtomicBool::new(false) };
        let error = snapshot(&repository, &options, &filler).unwrap_err();
        assert!(
            filler.filled.load(Ordering::SeqCst) && chain(&error).contains("No space left on device"),
            "{}",
            chain(&error)
        );
        drop(repository);
        assert_eq!(before, durable(&store), "{bytes}: nothing half-written, no temp file");
        project.ok("verify --full");
        restores(&project, "v1", 1, 300_000);
        is_full(&project, &store, "snapshot fraud", &[]);
        disk.make_room();
        project.ok("snapshot fraud");
        project.ok("verify --full");
        project.ok("drop latest --reason large");
        project.ok("gc --now");
    }
}

/// Not one byte is left: nothing moves, everything can be looked at.
#[test]
fn no_verb_writes_half() {
    let project = project();
    let Some(disk) = SmallDisk::mount(&project, "8m") else { return };
    let store = disk.store();
    for version in [1, 2, 3] {
        project.reported(&format!("{{\"auc\": 0.9{version}}}"));
    }
    project.release("v1");
    project.succeed("v2");
    let stages = project.json("at", 0)["stages"].clone();
    disk.fill();
    assert_eq!(disk.free(), 0);
    is_full(&project, &store, "certify v3", &[]);
    disk.make_room();
    project.ok("certify v3");
    disk.fill();
    let lines = [
        "promote v3 --to production",
        "rollback fraud --reason slow",
        "block v3 --reason slow",
        "drop v3 --reason old",
        "snapshot fraud --new-version",
    ];
    for line in lines {
        is_full(&project, &store, line, &[]);
    }
    assert_eq!(project.json("at", 0)["stages"], stages);
    for line in ["list fraud", "log", "show v2", "verify --full", "restore v1 --to back", "status"] {
        project.ok(line);
    }
    disk.make_room();
    project.ok("promote v3 --to production");
    assert_eq!(project.production(), "v3");
    project.ok("rollback fraud --reason slow");
    assert_eq!(project.production(), "v2");
    project.ok("verify --full");
}

/// A checkpoint every hour on a disk that is nearly full: the last three stay, and the best; and the space comes back.
#[test]
fn a_checkpoint_every_hour() {
    const BYTES: usize = 3 << 20;
    let project = project();
    let Some(disk) = SmallDisk::mount(&project, "24m") else { return };
    let keep = "[model.fraud.keep]\nlast = 3\nbest = \"loss:min:1\"\n\n[stage.production]";
    project.edit("mlrun.toml", "[stage.production]", keep);
    let store = disk.store();
    let losses = [0.9, 0.8, 0.2, 0.7, 0.6, 0.5, 0.5, 0.4, 0.6, 0.5, 0.4, 0.3, 0.4, 0.5];
    let mut collected = 0;
    for (hour, loss) in (1..).zip(losses) {
        checkpoint(&project, hour, BYTES, loss);
        let shown = project.mlrun("snapshot fraud");
        if shown.code == Some(8) {
            shown.says(&["needs about 3.0 MiB", "nothing was written"]);
            let before = disk.free();
            project.ok("gc --now").says(&["keep: last = 3, best"]);
            assert!(disk.free() >= before + BYTES as u64, "{before} {}", disk.free());
            collected += 1;
            assert_eq!(project.ok("snapshot fraud").stdout, format!("fraud@v{hour}\n"));
        } else {
            shown.exits(0);
        }
    }
    assert!(collected >= 2, "{collected}");
    project.ok("gc --now");
    let listed = project.json("list fraud", 0);
    let versions = listed["versions"].as_array().unwrap().iter().filter(|v| v["dropped"] != true);
    let kept: Vec<&str> = versions.map(|v| v["version"].as_str().unwrap()).collect();
    assert_eq!(kept.iter().copied().collect::<std::collections::BTreeSet<_>>(), ["v12", "v13", "v14", "v3"].into());
    for version in kept {
        restores(&project, version, version[1..].parse().unwrap(), BYTES);
    }
    project.ok("verify --full");
    let used = crate::support::project::contents(&store).values().map(Vec::len).sum::<usize>();
    assert!(used < 4 * BYTES + (1 << 20), "{used}");
}
