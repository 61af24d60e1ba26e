//! The real program on the real disk, disturbed at the n-th call that changes something: the call fails, or the process
//! dies in it, as by `kill -9`. By a library that is loaded before its own, built here from `disturbed.c`.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use mlrun::clock::SystemClock;
use mlrun::ops::restore::{RestoreOptions, restore};
use mlrun::ops::verify::{VerifyOptions, verify};
use mlrun::progress::Silent;
use mlrun::repository::{OpenOptions, Repository, RepositoryError};
use mlrun::store::{Backend, disk::Disk};

use super::harness::{Project, Shown, shown};
use crate::support::history::Seen;
use crate::support::journal::model;
use crate::support::noise::{noise, text};
use crate::support::project::contents;

/// Files by path.
pub type Files = BTreeMap<String, Vec<u8>>;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disturbance {
    /// Nothing.
    None,
    /// The n-th call is the last thing the process does.
    Dies(u64),
    /// The n-th call fails with this error of the system.
    Fails(u64, i32),
}

/// A call that changed something.
#[derive(Debug, Clone)]
pub struct Call {
    /// Its number among those that are counted; 0 for the others.
    pub number: u64,
    pub name: String,
    pub path: PathBuf,
    /// Of a rename or a link, where to.
    pub to: PathBuf,
}

/// A project, how it was, and the library.
pub struct Disturbed {
    pub project: Project,
    library: PathBuf,
    /// The calls that are counted; all if empty.
    calls: &'static str,
    /// The files of every version.
    pub files: Vec<Files>,
}

impl Disturbed {
    /// A project without a store.
    pub fn new(calls: &'static str) -> Self {
        let project = Project::tiny();
        fs::remove_dir_all(project.store()).unwrap();
        let configured = project.read("mlrun.toml");
        let lines = configured.lines().filter(|line| !line.starts_with("repository"));
        project.write("mlrun.toml", lines.map(|line| format!("{line}\n")).collect::<String>());
        let library = library(&project);
        Self { project, library, calls, files: Vec::new() }
    }

    /// Puts the files of the next version into the workspace: large and small.
    pub fn train(&mut self) {
        let version = self.files.len() as u64 + 1;
        let (large, words) = if version < 3 { (300_000, 270_000) } else { (9 << 20, 2 << 20) };
        let files = [
            ("model/large.bin", noise(version, large)),
            ("model/words.txt", text(version, words)),
            ("model/same.bin", noise(1, 400_000)),
            ("model/small.txt", format!("{version}\n").into_bytes()),
            ("metrics.json", format!("{{\"auc\": 0.9{version}}}\n").into_bytes()),
        ];
        for (path, bytes) in files {
            self.project.write(path, bytes);
        }
        let mut files = contents(&self.project.path(""));
        files.retain(|path, _| !path.starts_with(".mlrun/") && path != "mlrun.toml" && path != "policy.toml");
        self.files.push(files);
    }

    /// Production held v1 and holds v2; the workspace is v3.
    pub fn with_history(calls: &'static str) -> Self {
        let mut this = Self::new(calls);
        this.project.ok("init");
        this.train();
        this.project.ok("snapshot fraud");
        this.project.release("v1");
        this.train();
        this.project.ok("snapshot fraud");
        this.project.succeed("v2");
        this.train();
        this
    }

    /// Runs the program.
    pub fn run(&self, line: &str, disturbance: Disturbance) -> (Shown, Vec<Call>) {
        let log = self.project.beside("calls");
        let _ = fs::remove_file(&log);
        let mut command = self.project.command(&line.split_whitespace().collect::<Vec<_>>());
        command.env("LD_PRELOAD", &self.library).env("DISTURB_LOG", &log);
        command.env("DISTURB_BELOW", self.project.path(""));
        if !self.calls.is_empty() {
            command.env("DISTURB_CALLS", self.calls);
        }
        match disturbance {
            Disturbance::None => {}
            Disturbance::Dies(n) => drop(command.env("DISTURB_AT", n.to_string())),
            Disturbance::Fails(n, error) => {
                command.env("DISTURB_AT", n.to_string()).env("DISTURB_ERROR", error.to_string());
            }
        }
        let shown = shown(&mut command);
        let calls = fs::read_to_string(&log).unwrap_or_default().lines().map(Call::read).collect();
        (shown, calls)
    }

    /// Everything that must hold of the store, looked at by another process; what it says.
    pub fn inspect(&self, context: &str) -> Seen {
        let options = OpenOptions { start: self.project.path(""), store: None, clock: Arc::new(SystemClock) };
        let repository = match Repository::open(&options) {
            Err(
                RepositoryError::NotInitialised { .. }
                | RepositoryError::NoProject { .. }
                | RepositoryError::ForeignHistory { found: None, .. },
            ) => return Seen::default(),
            other => other.unwrap_or_else(|e| panic!("{context}: {e}")),
        };
        let report = verify(&repository, &VerifyOptions { full: true, ..VerifyOptions::default() }, &Silent).unwrap();
        assert_eq!(report.problems, [], "{context}");
        let seen = Seen::of(repository.registry().state(&model()).unwrap().as_ref());
        for version in seen.kept() {
            let to = tempfile::tempdir().unwrap();
            let revision = version.to_string();
            let options = RestoreOptions { revision, to: to.path().join("to"), ..RestoreOptions::default() };
            restore(&repository, &options, &Silent).unwrap_or_else(|e| panic!("{context}, {version}: {e}"));
            let (found, wanted) = (contents(&options.to), &self.files[version.0 as usize - 1]);
            let names: [Vec<_>; 2] = [found.keys().collect(), wanted.keys().collect()];
            assert!(found == *wanted, "{context}: {version}: {names:?}");
        }
        seen
    }

    /// Keeps a copy of the project as it is.
    pub fn keep(&self) {
        let kept = self.project.beside("kept");
        let _ = fs::remove_dir_all(&kept);
        self.copy(self.project.path(""), kept);
    }

    /// Puts the copy in place.
    pub fn put_back(&self) {
        fs::remove_dir_all(self.project.path("")).unwrap();
        self.copy(self.project.beside("kept"), self.project.beside("project"));
    }

    fn copy(&self, from: PathBuf, to: PathBuf) {
        let mut copy = self.project.other("cp");
        shown(copy.current_dir("/").arg("-a").args([from, to])).exits(0);
    }

    /// The next writer, whatever it writes, leaves none of what a dead one left.
    pub fn no_temp_files(&self, context: &str) {
        drop(Disk::new(self.project.store()).stage());
        assert!(!self.project.store().join("tmp").exists(), "{context}: temp files stay");
        let beside = fs::read_dir(self.project.path("")).unwrap().map(|entry| entry.unwrap().file_name());
        let left: Vec<_> = beside.filter(|name| name.to_string_lossy().ends_with(".init")).collect();
        assert!(left.is_empty(), "{context}: {left:?}");
    }
}

/// Builds what is loaded before the program's own libraries.
pub fn library(project: &Project) -> PathBuf {
    let (library, source) = (project.beside("disturbed.so"), project.beside("disturbed.c"));
    fs::write(&source, include_str!("disturbed.c")).unwrap();
    let words = ["-shared", "-fPIC", "-O1", "-o", library.to_str().unwrap(), source.to_str().unwrap(), "-ldl"];
    shown(project.other("cc").args(words)).exits(0);
    library
}

impl Call {
    fn read(line: &str) -> Self {
        let mut fields = line.split('\t');
        let mut next = || fields.next().unwrap_or_default().to_owned();
        Self { number: next().parse().unwrap(), name: next(), path: next().into(), to: next().into() }
    }
}
