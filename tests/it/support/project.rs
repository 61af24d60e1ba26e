//! A project in a temp folder: with the library in process, or with the program in an environment of its own.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use mlrun::clock::Clock;
use mlrun::repository::{OpenOptions, Repository};
use tempfile::TempDir;

use super::clock::FixedClock;

/// A project folder, a home folder beside it, and a clock.
pub struct TestRepo {
    temp: TempDir,
    /// The clock of everything that runs in process.
    pub clock: Arc<FixedClock>,
}

/// What a run of the program showed: made to be looked at as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// The exit status; none if a signal ended it.
    pub status: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.status.map_or_else(|| "signal".to_owned(), |s| s.to_string());
        write!(f, "exit: {status}\n--- stdout\n{}--- stderr\n{}---", self.stdout, self.stderr)
    }
}

impl TestRepo {
    /// An empty folder.
    pub fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        fs::create_dir(temp.path().join("project")).unwrap();
        fs::create_dir(temp.path().join("home")).unwrap();
        Self { temp, clock: FixedClock::new() }
    }

    /// The project's folder.
    pub fn path(&self) -> PathBuf {
        self.temp.path().join("project").canonicalize().unwrap()
    }

    /// A place beside the project.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.temp.path().canonicalize().unwrap().join(name)
    }

    /// Writes a file of the project, with the folders above it.
    pub fn write(&self, path: &str, bytes: impl AsRef<[u8]>) -> &Self {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
        self
    }

    /// Reads a file of the project.
    pub fn read(&self, path: &str) -> Vec<u8> {
        fs::read(self.path().join(path)).unwrap()
    }

    /// How the library is to open the project.
    pub fn options(&self) -> OpenOptions {
        OpenOptions { start: self.path(), store: None, clock: Arc::clone(&self.clock) as Arc<dyn Clock> }
    }

    /// Opens the project with the library.
    pub fn open(&self) -> Repository {
        Repository::open(&self.options()).unwrap()
    }

    /// The program, in the project, in an environment that holds nothing of this machine's but the search path.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let program = env!("CARGO_BIN_EXE_mlrun");
        let mut command = Command::new(program);
        command.args(arguments);
        hermetic(&mut command, &self.path(), &self.beside("home"));
        command
    }

    /// Runs the program.
    pub fn run(&self, arguments: &[&str]) -> Output {
        output(&mut self.command(arguments))
    }

    /// Runs git in the project, in the same environment.
    pub fn git(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new("git");
        command.args(arguments);
        hermetic(&mut command, &self.path(), &self.beside("home"));
        output(&mut command)
    }
}

/// Runs a command to its end.
pub fn output(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    Output {
        status: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Takes a command out of the environment the tests run in.
pub fn hermetic(command: &mut Command, folder: &Path, home: &Path) {
    command.env_clear().current_dir(folder);
    // Windows programs do not start without its own variables.
    for kept in ["PATH", "SYSTEMROOT", "TEMP", "TMP", "LD_LIBRARY_PATH"] {
        if let Some(value) = std::env::var_os(kept) {
            command.env(kept, value);
        }
    }
    command.env("HOME", home).env("USERPROFILE", home).env("XDG_CONFIG_HOME", home.join(".config"));
    command.env("LC_ALL", "C.UTF-8").env("TZ", "UTC").env("USER", "ana");
    command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", home.join("gitconfig"));
    for (name, value) in [("NAME", "Ana"), ("EMAIL", "ana@example.org"), ("DATE", "2026-03-01T12:00:00Z")] {
        command.env(format!("GIT_AUTHOR_{name}"), value).env(format!("GIT_COMMITTER_{name}"), value);
    }
}

/// Every file below `folder` with its bytes, links as their targets: to see that nothing changed.
pub fn contents(folder: &Path) -> std::collections::BTreeMap<String, Vec<u8>> {
    let mut found = std::collections::BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            let data = fs::symlink_metadata(&path).unwrap();
            let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
            if data.is_dir() {
                folders.push(path);
            } else if data.is_symlink() {
                found.insert(name, fs::read_link(&path).unwrap().to_str().unwrap().as_bytes().to_vec());
            } else {
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    found
}
