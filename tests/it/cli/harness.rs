//! A project in a temp folder, the program in an environment of its own, and what the program showed.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use mlrun::digest::Digest;
use serde_json::Value;
use tempfile::TempDir;

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_mlrun");

/// What one run of a program showed: made to be looked at as one.
#[derive(Debug, Clone)]
pub struct Shown {
    /// What was run, for messages.
    pub command: String,
    /// The exit code; none if a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code.map_or_else(|| "a signal".to_owned(), |code| code.to_string());
        write!(f, "$ {}\n{}--- stderr\n{}--- exit {code}", self.command, self.stdout, self.stderr)
    }
}

impl Shown {
    /// Fails the test unless the exit code is this one.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "\n{self}");
        self
    }

    /// Fails the test unless all of these stand somewhere in what was shown.
    #[track_caller]
    pub fn says(self, words: &[&str]) -> Self {
        let all = format!("{}{}", self.stdout, self.stderr);
        // Where a line is broken for a terminal depends on what stands in it.
        let unbroken = all.split_whitespace().collect::<Vec<_>>().join(" ");
        for word in words {
            assert!(all.contains(word) || unbroken.contains(word), "`{word}` is not in\n{self}");
        }
        self
    }

    /// The one JSON object that is all of standard output.
    #[track_caller]
    pub fn object(&self) -> Value {
        let value: Value =
            serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("not one JSON value: {e}\n{self}"));
        assert!(value.is_object() && self.stdout.ends_with('\n'), "not one object on a line\n{self}");
        value
    }

    /// The last line of standard output that is not empty.
    pub fn last_line(&self) -> &str {
        self.stdout.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default()
    }
}

/// Runs a command to its end.
#[track_caller]
pub fn shown(command: &mut Command) -> Shown {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy().replace(PROGRAM, "mlrun")).collect();
    let output = command.output().unwrap_or_else(|error| panic!("{words:?}: {error}"));
    Shown {
        command: words.join(" "),
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// What an error must be: the exit code, and words of its message and of its hint.
#[derive(Debug, Clone, Copy)]
pub struct Bad<'a> {
    pub exit: i32,
    pub message: &'a [&'a str],
    pub hint: &'a [&'a str],
}

/// The word that goes with an exit code in the JSON form of an error.
fn kind(exit: i32) -> &'static str {
    match exit {
        1 => "refused",
        2 => "usage",
        3 => "inconclusive",
        4 => "integrity",
        5 => "conflict",
        6 => "not-found",
        8 => "machine",
        _ => "bug",
    }
}

/// A project's folder, with a home folder beside it.
pub struct Project {
    temp: TempDir,
}

impl Project {
    /// A folder with nothing in it.
    pub fn empty() -> Self {
        let temp = tempfile::tempdir().unwrap();
        fs::create_dir(temp.path().join("project")).unwrap();
        fs::create_dir(temp.path().join("home")).unwrap();
        Self { temp }
    }

    /// Where the project is, or something in it.
    pub fn path(&self, below: &str) -> PathBuf {
        let root = self.temp.path().canonicalize().unwrap().join("project");
        if below.is_empty() { root } else { root.join(below) }
    }

    /// A place beside the project.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.temp.path().canonicalize().unwrap().join(name)
    }

    /// Writes a file of the project, with the folders above it.
    pub fn write(&self, path: &str, bytes: impl AsRef<[u8]>) -> &Self {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
        self
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    /// Puts `new` where `old` stands in a file, once.
    #[track_caller]
    pub fn edit(&self, path: &str, old: &str, new: &str) -> &Self {
        let text = self.read(path);
        assert!(text.contains(old), "`{old}` is not in {path}:\n{text}");
        self.write(path, text.replacen(old, new, 1))
    }

    pub fn remove(&self, path: &str) -> &Self {
        let path = self.path(path);
        if path.is_dir() {
            fs::remove_dir_all(path).unwrap()
        } else {
            fs::remove_file(path).unwrap()
        }
        self
    }

    /// The store.
    pub fn store(&self) -> PathBuf {
        let git = self.path(".git/mlrun");
        if git.is_dir() { git } else { self.path(".mlrun") }
    }

    /// The program in the project's folder, in an environment that holds nothing of this machine's but the search path.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.other(PROGRAM);
        command.args(arguments);
        command
    }

    /// Another program in the same place and environment.
    pub fn other(&self, program: &str) -> Command {
        let home = self.beside("home");
        let mut command = Command::new(program);
        command.env_clear().current_dir(self.path("")).stdin(Stdio::null());
        for kept in ["PATH", "LD_LIBRARY_PATH", "TMPDIR"] {
            if let Some(value) = std::env::var_os(kept) {
                command.env(kept, value);
            }
        }
        command.env("HOME", &home).env("XDG_CONFIG_HOME", home.join(".config"));
        command.env("LC_ALL", "C").env("TZ", "UTC").env("USER", "ana").env("NO_COLOR", "1");
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
        for role in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{role}_NAME"), "Ana").env(format!("GIT_{role}_EMAIL"), "ana@example.org");
        }
        command
    }

    /// Runs the program with arguments that may hold blanks.
    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> Shown {
        shown(&mut self.command(arguments))
    }

    /// Runs the program; `line` is split at its blanks.
    #[track_caller]
    pub fn mlrun(&self, line: &str) -> Shown {
        self.run(&line.split_whitespace().collect::<Vec<_>>())
    }

    /// Runs the program as on a terminal of so many columns.
    #[track_caller]
    pub fn on_columns(&self, columns: usize, line: &str) -> Shown {
        let mut command = self.command(&line.split_whitespace().collect::<Vec<_>>());
        shown(command.env("COLUMNS", columns.to_string()))
    }

    /// Runs the program, which must succeed.
    #[track_caller]
    pub fn ok(&self, line: &str) -> Shown {
        self.mlrun(line).exits(0)
    }

    /// Runs the program with `--json`, which must end with this code: the object.
    #[track_caller]
    pub fn json(&self, line: &str, code: i32) -> Value {
        let shown = self.mlrun(&format!("{line} --json")).exits(code);
        let object = shown.object();
        if let Some(exit) = object.get("exit") {
            assert_eq!(exit, code, "\n{shown}");
        }
        object
    }

    /// Runs git, which must succeed.
    #[track_caller]
    pub fn git(&self, line: &str) -> Shown {
        let mut command = self.other("git");
        command.args(line.split_whitespace());
        shown(&mut command).exits(0)
    }

    /// Makes a git repository with everything in one commit.
    #[track_caller]
    pub fn committed(&self) -> &Self {
        self.git("init --quiet");
        self.git("add --all");
        self.git("commit --quiet --message begin");
        self
    }

    /// Runs the program in both forms: each must fail as `bad` says and change nothing, neither in the store nor in the
    /// project.
    #[track_caller]
    pub fn fails(&self, line: &str, bad: &Bad<'_>) {
        self.run_fails(&line.split_whitespace().collect::<Vec<_>>(), bad);
    }

    /// The same, with arguments that may hold blanks.
    #[track_caller]
    pub fn run_fails(&self, arguments: &[&str], bad: &Bad<'_>) {
        let before = self.fingerprint();
        let human = self.run(arguments).exits(bad.exit);
        assert_eq!(human.stdout, "", "an error belongs on standard error\n{human}");
        let (message, hint) = match human.stderr.split_once("\nhint: ") {
            Some((message, hint)) => (message.to_owned(), hint.to_owned()),
            None => (human.stderr.clone(), String::new()),
        };
        assert!(message.starts_with("error: ") && human.stderr.ends_with('\n'), "\n{human}");
        for word in bad.message {
            assert!(message.contains(word), "the message does not say `{word}`\n{human}");
        }
        for word in bad.hint {
            assert!(hint.contains(word), "the hint does not say `{word}`\n{human}");
        }
        let with_json: Vec<&str> = arguments.iter().copied().chain(["--json"]).collect();
        let json = self.run(&with_json).exits(bad.exit);
        error_object(&json, bad);
        assert_eq!(json.stderr, "", "nothing beside the object\n{json}");
        assert_same(&before, &self.fingerprint(), &human);
    }

    /// Runs the program, which must end with `code` and leave the store as it is.
    #[track_caller]
    pub fn leaves_alone(&self, line: &str, code: i32) -> Shown {
        let before = self.fingerprint();
        let shown = self.mlrun(line).exits(code);
        assert_same(&before, &self.fingerprint(), &shown);
        shown
    }

    /// SHA-256 of every file of the store and of the project; caches, temp files and the lock are left out.
    pub fn fingerprint(&self) -> BTreeMap<String, String> {
        let mut all = fingerprint(&self.path(""));
        let store = self.store().strip_prefix(self.path("")).map(Path::to_path_buf).unwrap_or_default();
        let store = store.display().to_string();
        let cache = |path: &str| {
            let Some(path) = path.strip_prefix(&store).and_then(|p| p.strip_prefix('/')) else {
                return path.starts_with(".git/");
            };
            path == "lock" || ["index/", "cache/", "tmp/"].iter().any(|folder| path.starts_with(folder))
        };
        all.retain(|path, _| !cache(path));
        all
    }

    /// Every event of the journal, oldest first.
    #[track_caller]
    pub fn events(&self) -> Vec<Value> {
        let mut events = self.json("log", 0)["events"].as_array().unwrap().clone();
        events.reverse();
        events
    }

    /// The events of one kind, oldest first.
    #[track_caller]
    pub fn events_of(&self, kind: &str) -> Vec<Value> {
        self.events().into_iter().filter(|event| event["kind"] == kind).collect()
    }

    /// What `production` holds, such as `v2`; empty if nothing.
    #[track_caller]
    pub fn production(&self) -> String {
        let stages = self.json("at", 0)["stages"].clone();
        stages.as_array().unwrap().first().map_or_else(String::new, |held| held["version"].as_str().unwrap().to_owned())
    }
}

/// Checks the JSON form of an error.
#[track_caller]
pub fn error_object(json: &Shown, bad: &Bad<'_>) {
    let object = json.object();
    let keys: Vec<_> = object.as_object().unwrap().keys().map(String::as_str).collect();
    for key in ["schema", "exit", "kind", "message", "hint", "retryable"] {
        assert!(keys.contains(&key), "no `{key}`\n{json}");
    }
    assert_eq!(object["schema"], "mlrun/error/1", "\n{json}");
    assert_eq!(object["exit"], bad.exit, "\n{json}");
    assert_eq!(object["kind"], kind(bad.exit), "\n{json}");
    assert_eq!(object["retryable"], bad.exit == 5, "\n{json}");
    let text = |key: &str| object[key].as_str().unwrap_or_default().to_owned();
    bad.message.iter().for_each(|word| assert!(text("message").contains(word), "no `{word}`\n{json}"));
    bad.hint.iter().for_each(|word| assert!(text("hint").contains(word), "no `{word}`\n{json}"));
}

/// SHA-256 of every file below `folder`, links as their targets.
pub fn fingerprint(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(folder).unwrap().display().to_string();
            let data = fs::symlink_metadata(&path).unwrap();
            let digest = match data.file_type() {
                kind if kind.is_dir() => {
                    open.push(path);
                    continue;
                }
                kind if kind.is_symlink() => fs::read_link(&path).unwrap().display().to_string(),
                kind if kind.is_file() => {
                    // What nobody may read cannot have changed either.
                    fs::read(&path).map_or_else(|e| e.to_string(), |bytes| Digest::of(&bytes).to_string())
                }
                _ => "special".to_owned(),
            };
            found.insert(name, digest);
        }
    }
    found
}

/// Temp files a store keeps while it writes; none if there is no such folder.
pub fn temp_files(tmp: &Path) -> Vec<PathBuf> {
    let folders = fs::read_dir(tmp).into_iter().flatten().flatten();
    folders
        .flat_map(|folder| fs::read_dir(folder.path()).into_iter().flatten().flatten())
        .map(|file| file.path())
        .collect()
}

/// Fails the test if anything is another than before.
#[track_caller]
pub fn assert_same(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>, shown: &Shown) {
    let names = before.keys().chain(after.keys());
    let differ: std::collections::BTreeSet<_> = names.filter(|name| before.get(*name) != after.get(*name)).collect();
    assert!(differ.is_empty(), "changed: {differ:?}\n{shown}");
}
