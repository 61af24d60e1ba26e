//! What git knows about a project, asked of the `git` program: it knows worktrees, submodules and ignore rules.
//!
//! Nothing of the repository's configuration is run: hooks, fsmonitor, external diff and textconv are off.

use std::path::{Path, PathBuf};

use super::error::CaptureError;
use crate::process::{self, Finished};

/// Output longer than this is cut: 256 MiB.
const LIMIT: u64 = 256 << 20;

/// A repository and the project's place in it.
#[derive(Debug, Clone)]
pub struct Git {
    /// The root of the working tree.
    pub root: PathBuf,
    /// The project's folder inside it, `""` at the root, without a slash at its end.
    pub prefix: String,
    /// The commit checked out; none before the first.
    pub commit: Option<String>,
}

/// A file git tracks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tracked {
    /// Relative to the root.
    pub path: String,
    /// What it is.
    pub kind: TrackedKind,
}

/// What a tracked path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrackedKind {
    /// A file, executable or not.
    File,
    /// A symbolic link.
    Link,
    /// Another repository.
    Submodule,
}

impl Git {
    /// The repository `project` lies in; none if there is none, or no git.
    pub fn find(project: &Path) -> Result<Option<Self>, CaptureError> {
        let arguments = ["rev-parse", "--is-inside-work-tree", "--show-prefix", "--show-toplevel"];
        let Ok(found) = run(project, &arguments) else { return Ok(None) };
        if !found.success() {
            let message = found.stderr.trim();
            if message.contains("not a git repository") || message.contains("this operation must be run in a work tree")
            {
                return Ok(None);
            }
            return Err(refused(&found));
        }
        let text = String::from_utf8_lossy(&found.stdout).into_owned();
        let mut lines = text.lines();
        let (Some("true"), Some(prefix), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Ok(None);
        };
        let git = Self { root: PathBuf::from(root), prefix: prefix.trim_end_matches('/').to_owned(), commit: None };
        let commit = git.line(&["rev-parse", "--verify", "--quiet", "HEAD^{commit}"]);
        Ok(Some(Self { commit, ..git }))
    }

    /// The branch checked out; none on a detached head.
    pub fn branch(&self) -> Option<String> {
        self.line(&["symbolic-ref", "--quiet", "--short", "HEAD"])
    }

    /// The URL of `origin`, or of the only remote.
    pub fn remote(&self) -> Option<String> {
        self.line(&["config", "--get", "remote.origin.url"]).or_else(|| {
            let names = self.line(&["remote"])?;
            self.line(&["config", "--get", &format!("remote.{names}.url")])
        })
    }

    /// Whether a remote-tracking branch contains the commit.
    pub fn commit_on_remote(&self) -> Option<bool> {
        let commit = self.commit.as_ref()?;
        let found = run(&self.root, &["for-each-ref", "--count=1", "--contains", commit, "refs/remotes"]).ok()?;
        found.success().then_some(!found.stdout.is_empty())
    }

    /// A person's name and address as git is configured.
    pub fn identity(folder: &Path) -> (Option<String>, Option<String>) {
        let Ok(found) = run(folder, &["config", "--null", "--get-regexp", "^user\\.(name|email)$"]) else {
            return (None, None);
        };
        let text = String::from_utf8_lossy(&found.stdout).into_owned();
        // The last value is the one that counts.
        let value = |key: &str| {
            let entries = text.split('\0').filter_map(|entry| entry.split_once('\n'));
            entries.rev().find(|(k, v)| *k == key && !v.is_empty()).map(|(_, v)| v.to_owned())
        };
        (value("user.name"), value("user.email"))
    }

    /// Tracked files in scope; submodules are listed, not entered. With them, names that are not UTF-8, as they would print.
    pub fn tracked(&self, scope: &[String]) -> Result<(Vec<Tracked>, Vec<String>), CaptureError> {
        let mut arguments = vec!["ls-files", "-z", "--stage", "--full-name", "--"];
        arguments.extend(scope.iter().map(String::as_str));
        let (listed, unnameable) = self.listing(&arguments)?;
        let mut found: Vec<Tracked> = listed
            .into_iter()
            .filter_map(|entry| {
                let (head, path) = entry.split_once('\t')?;
                let kind = match head.split(' ').next()? {
                    "120000" => TrackedKind::Link,
                    "160000" => TrackedKind::Submodule,
                    _ => TrackedKind::File,
                };
                Some(Tracked { path: path.to_owned(), kind })
            })
            .collect();
        // A path in conflict is listed once for each side.
        found.dedup_by(|a, b| a.path == b.path);
        let path = |entry: String| entry.split_once('\t').map_or_else(String::new, |(_, path)| path.to_owned());
        Ok((found, unnameable.into_iter().map(path).collect()))
    }

    /// Untracked files in scope that git does not ignore. With them, names that are not UTF-8, as they would print.
    pub fn untracked(&self, scope: &[String]) -> Result<(Vec<String>, Vec<String>), CaptureError> {
        let mut arguments = vec!["ls-files", "-z", "--others", "--exclude-standard", "--full-name", "--"];
        arguments.extend(scope.iter().map(String::as_str));
        self.listing(&arguments)
    }

    /// Paths in scope whose content differs from the commit, staged or not; untracked ones not included.
    pub fn changed(&self, scope: &[String]) -> Result<Vec<String>, CaptureError> {
        let mut arguments = vec!["status", "--porcelain=v1", "-z", "--untracked-files=no", "--no-renames", "--"];
        arguments.extend(scope.iter().map(String::as_str));
        let (listed, unnameable) = self.listing(&arguments)?;
        Ok(listed.into_iter().chain(unnameable).filter_map(|e| e.get(3..).map(str::to_owned)).collect())
    }

    /// The patch from the commit (or from nothing) to the working tree; none if it is longer than `limit`.
    pub fn patch(&self, pathspecs: &[String], limit: u64) -> Result<Option<Vec<u8>>, CaptureError> {
        let base = match &self.commit {
            Some(commit) => commit.clone(),
            // The empty tree's id is known to every git, in either hash.
            None => self.line(&["hash-object", "-t", "tree", "/dev/null"]).unwrap_or_default(),
        };
        let flags =
            ["diff", "--binary", "--no-ext-diff", "--no-textconv", "--no-color", "--no-renames", "--submodule=short"];
        let mut arguments: Vec<&str> = flags.to_vec();
        arguments.extend([base.as_str(), "--"]);
        arguments.extend(pathspecs.iter().map(String::as_str));
        let found = run_limited(&self.root, &arguments, limit)?;
        if !found.success() {
            return Err(refused(&found));
        }
        Ok((!found.cut).then_some(found.stdout))
    }

    /// Whether the history is cut off.
    pub fn is_shallow(&self) -> bool {
        self.line(&["rev-parse", "--is-shallow-repository"]).as_deref() == Some("true")
    }

    /// What git lists; then, readable for people, what is not UTF-8.
    fn listing(&self, arguments: &[&str]) -> Result<(Vec<String>, Vec<String>), CaptureError> {
        let found = run(&self.root, arguments)?;
        if !found.success() {
            return Err(refused(&found));
        }
        let (mut listed, mut unnameable) = (Vec::new(), Vec::new());
        for entry in found.stdout.split(|b| *b == 0).filter(|entry| !entry.is_empty()) {
            match std::str::from_utf8(entry) {
                Ok(entry) => listed.push(entry.to_owned()),
                Err(_) => unnameable.push(String::from_utf8_lossy(entry).into_owned()),
            }
        }
        Ok((listed, unnameable))
    }

    fn line(&self, arguments: &[&str]) -> Option<String> {
        let found = run(&self.root, arguments).ok().filter(Finished::success)?;
        let line = String::from_utf8(found.stdout).ok()?.lines().next()?.to_owned();
        (!line.is_empty()).then_some(line)
    }
}

fn run(folder: &Path, arguments: &[&str]) -> Result<Finished, CaptureError> {
    run_limited(folder, arguments, LIMIT)
}

fn run_limited(folder: &Path, arguments: &[&str], limit: u64) -> Result<Finished, CaptureError> {
    let safe = ["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false"];
    let variables = [("GIT_OPTIONAL_LOCKS", "0"), ("LC_ALL", "C"), ("GIT_TERMINAL_PROMPT", "0"), ("GIT_PAGER", "cat")];
    let all = safe.iter().chain(arguments);
    process::run("git", all, folder, &variables, limit)
        .map_err(|error| CaptureError::GitRefused { message: error.to_string(), cure: None })
}

/// What git said, on one line. The command it advises is told apart: git sets that in, on a line of its own.
fn refused(found: &Finished) -> CaptureError {
    let advised = |line: &&str| line.starts_with([' ', '\t']) && line.trim_start().starts_with("git ");
    let cure = found.stderr.lines().find(advised).map(|line| line.trim().to_owned());
    // What follows the advice explains it.
    let words = found.stderr.lines().take_while(|line| !advised(line)).map(str::trim).filter(|line| !line.is_empty());
    let mut words: Vec<&str> = words.collect();
    if cure.is_some() && words.last().is_some_and(|line| line.ends_with(':')) {
        words.pop();
    }
    CaptureError::GitRefused { message: words.join(" "), cure }
}
