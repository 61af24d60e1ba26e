//! What a machine does to a program: a full disk, a file that changes, a signal in the middle.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use mlrun::capture::files::SourceFile;
use mlrun::ops::snapshot::inputs::GivenInputs;
use mlrun::ops::snapshot::{SnapshotOptions, snapshot};
use mlrun::progress::{Progress, Unit};
use mlrun::repository::{OpenOptions, Repository};
use mlrun::store::Source as _;

use super::harness::{Bad, PROGRAM, Project, error_object, shown};
use super::scene::Draw;
use super::small_disk::{SmallDisk, durable};

/// Bytes that cannot be made smaller.
fn noise(bytes: usize, seed: u64) -> Vec<u8> {
    let mut draw = Draw::new(seed);
    (0..bytes / 8).flat_map(|_| draw.bits().to_le_bytes()).collect()
}

#[test]
fn a_full_disk() {
    let project = Project::empty();
    let Some(disk) = SmallDisk::mount(&project, "5m") else { return };
    let store = disk.place.join("store");
    project.write("params.yaml", "seed: 1\n").write("model/w", "small");
    project.run(&["init", "--model", "fraud", "--store", store.to_str().unwrap()]).exits(0);
    project.ok("snapshot fraud");
    let before = durable(&store);
    // More than there is: found out before a byte is written.
    project.write("model/w", noise(6 << 20, 1));
    let bad =
        Bad { exit: 8, message: &["needs about", "6.", "MiB", "free", "nothing was written"], hint: &["make room"] };
    project.fails("snapshot fraud", &bad);
    assert_eq!(before, durable(&store));
    // Eight copies of one mebibyte need little more than one: they fit.
    project.write("model/w", noise(1 << 20, 2).repeat(8));
    project.ok("snapshot fraud");
    project.ok("verify --full");
    // No room for even one event.
    let mut filler = fs::File::create(disk.place.join("filler")).unwrap();
    while filler.write_all(&[0; 4096]).is_ok() {}
    let before = durable(&store);
    for line in ["block v1 --reason x", "snapshot fraud --new-version"] {
        project.mlrun(line).exits(8).says(&["error: ", "hint: make room"]);
        let json = project.mlrun(&format!("{line} --json"));
        error_object(&json, &Bad { exit: 8, message: &[], hint: &["make room"] });
        assert_eq!(before, durable(&store), "nothing half-written, no temp file");
    }
    for line in ["list fraud", "log", "show v2", "verify --full", "restore v1 --to back", "at", "status"] {
        project.ok(line);
    }
    project.mlrun("doctor").exits(8).says(&["bad", "space", "make room"]);
    drop(filler);
    fs::remove_file(disk.place.join("filler")).unwrap();
    project.ok("block v1 --reason x");
    project.write("model/w", "small again");
    assert_eq!(project.ok("snapshot fraud").stdout, "fraud@v3\n");
    project.ok("verify --full");
}

/// Neither owner nor permissions are what is wrong.
#[test]
fn a_disk_mounted_read_only() {
    let project = Project::empty();
    let Some(disk) = SmallDisk::mount(&project, "5m") else { return };
    project.write("params.yaml", "seed: 1\n").write("model/w", "w");
    let store = disk.place.join("store");
    project.run(&["init", "--model", "fraud", "--store", store.to_str().unwrap()]).exits(0);
    project.ok("snapshot fraud");
    shown(project.other("mount").args(["-o", "remount,ro", disk.place.to_str().unwrap()])).exits(0);
    project.fails(
        "block v1 --reason x",
        &Bad {
            exit: 8,
            message: &["the store", "store cannot be written to", "Read-only"],
            hint: &["mounted read-only", "only read"],
        },
    );
    project.ok("log");
}

#[test]
fn a_full_disk_where_files_are_restored() {
    let project = Project::tiny();
    let Some(disk) = SmallDisk::mount(&project, "1m") else { return };
    project.write("model/w", noise(2 << 20, 3));
    project.ok("snapshot fraud");
    let target = disk.place.join("back");
    let words = ["restore", "v1", "--to", target.to_str().unwrap()];
    project.run_fails(&words, &Bad { exit: 8, message: &["cannot", "model/w"], hint: &["make room"] });
    assert!(!target.exists(), "all of it or none");
    let bundle = disk.place.join("b.tar.gz");
    let words = ["bundle", "v1", "-o", bundle.to_str().unwrap()];
    project.run_fails(&words, &Bad { exit: 8, message: &["b.tar.gz"], hint: &["make room"] });
    assert_eq!(fs::read_dir(&disk.place).unwrap().count(), 0);
}

/// How a file changes.
type Change<'a> = (&'a str, &'a dyn Fn(&Path));

#[test]
fn a_source_knows_that_it_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights");
    let change: [Change<'_>; 4] = [
        ("longer", &|p| fs::File::options().append(true).open(p).unwrap().write_all(b"!").unwrap()),
        ("shorter", &|p| fs::write(p, "on").unwrap()),
        ("another of the same length", &|p| fs::write(p, "two").unwrap()),
        ("replaced", &|p| {
            fs::write(p.with_extension("new"), "one").unwrap();
            fs::rename(p.with_extension("new"), p).unwrap();
        }),
    ];
    for (how, change) in change {
        fs::write(&path, "one").unwrap();
        let source = SourceFile::describe("weights".to_owned(), path.clone()).unwrap();
        source.finished(3).unwrap();
        let modified = |path: &Path| fs::metadata(path).unwrap().modified().unwrap();
        let clock = folder.path().join("clock");
        // Until the file system's clock has moved on.
        while fs::write(&clock, "").is_ok() && modified(&clock) <= modified(&path) {}
        change(&path);
        let error = source.finished(3).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ResourceBusy, "{how}");
        assert!(error.to_string().contains("changed while it was read"), "{how}");
        assert!(source.read(100).is_err(), "{how}");
    }
}

/// Writes into a file as soon as a step begins.
struct Meddler {
    path: PathBuf,
}

impl Progress for Meddler {
    fn begin(&self, _: &str, _: u64, _: Unit) {
        fs::File::options().append(true).open(&self.path).unwrap().write_all(b"more").unwrap();
    }
    fn advance(&self, _: u64) {}
    fn end(&self) {}
}

#[test]
fn a_model_that_changes_while_it_is_captured() {
    let project = Project::tiny();
    project.ok("snapshot fraud");
    project.write("model/weights.bin", "w1");
    let store = durable(&project.store());
    let options =
        OpenOptions { start: project.path(""), store: None, clock: std::sync::Arc::new(mlrun::clock::SystemClock) };
    let repository = Repository::open(&options).unwrap();
    let given = GivenInputs { folder: project.path(""), ..GivenInputs::default() };
    let options = SnapshotOptions { given, ..SnapshotOptions::default() };
    let error = snapshot(&repository, &options, &Meddler { path: project.path("model/weights.bin") }).unwrap_err();
    let text = mlrun::ops::chain(&error);
    assert!(text.contains("model/weights.bin") && text.contains("changed while it was read"), "{text}");
    drop(repository);
    assert_eq!(store, durable(&project.store()));
    // Left in peace, it is a version.
    assert_eq!(project.ok("snapshot fraud").stdout, "fraud@v2\n");
}

/// A project with a model of 200 MB and one version before it.
fn large() -> Project {
    let project = Project::tiny();
    project.ok("snapshot fraud");
    project.write("model/weights.bin", noise(200 << 20, 4));
    project
}

/// Starts a snapshot and waits until it has written this much of the model.
fn started(project: &Project, bytes: u64) -> Child {
    // Jobs in the background of a script ignore SIGINT, and what they start does.
    let listen =
        "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])";
    let mut command = project.other("python3");
    command.args(["-c", listen, PROGRAM, "snapshot", "fraud", "--json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let tmp = project.store().join("tmp");
    let written = || -> u64 {
        let files = super::harness::temp_files(&tmp);
        files.iter().filter_map(|path| Some(fs::metadata(path).ok()?.len())).max().unwrap_or(0)
    };
    let began = Instant::now();
    while written() < bytes {
        assert!(child.try_wait().unwrap().is_none(), "it was done before it could be disturbed");
        assert!(began.elapsed() < Duration::from_secs(60), "it does not begin to write");
        std::thread::yield_now();
    }
    child
}

#[test]
fn interrupted_in_the_middle() {
    use std::os::unix::process::ExitStatusExt;
    let project = large();
    let before = durable(&project.store());
    for (signal, number, megabytes) in [("INT", 2, 5), ("KILL", 9, 40), ("TERM", 15, 80)] {
        let mut child = started(&project, megabytes << 20);
        let pid = child.id().to_string();
        shown(project.other("sh").args(["-c", &format!("kill -{signal} {pid}")])).exits(0);
        let status = child.wait().unwrap();
        let code = 128 + number;
        assert!(status.signal() == Some(number) || status.code() == Some(code), "{signal}: {status}");
        let mut after = durable(&project.store());
        after.retain(|name, _| !name.starts_with("tmp/"));
        assert_eq!(before, after, "{signal}");
        project.ok("verify --full").says(&["whole"]);
        assert_eq!(project.ok("list fraud").stdout.lines().count(), 2, "still one version");
    }
    // The next one works, and what was left behind is gone.
    assert_eq!(project.ok("snapshot fraud").stdout, "fraud@v2\n");
    assert!(super::harness::temp_files(&project.store().join("tmp")).is_empty());
    project.ok("verify").says(&["whole"]);
    // A file that is written to while it is read: a conflict that names it. Whoever looks too late looks again.
    for attempt in 1.. {
        project.write("model/weights.bin", noise(100 << 20, 5 + attempt));
        let before = durable(&project.store());
        let child = started(&project, 1 << 20);
        let mut file = fs::File::options().append(true).open(project.path("model/weights.bin")).unwrap();
        file.write_all(b"more").unwrap();
        let output = child.wait_with_output().unwrap();
        if output.status.success() && attempt < 5 {
            continue;
        }
        let text = String::from_utf8(output.stdout).unwrap();
        let object: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!((object["exit"].as_i64(), object["retryable"].as_bool()), (Some(5), Some(true)), "{object}");
        let message = object["message"].as_str().unwrap();
        assert!(message.contains("model/weights.bin") && message.contains("changed while it was read"), "{object}");
        assert_eq!(before, durable(&project.store()));
        break;
    }
}
