//! What git knows about a project, asked of the `git` program: it knows worktrees, submodules and ignore rules.
//!
//! Nothing is written, the index included, nothing is fetched, and of what the repository's configuration could run hooks,
//! fsmonitor, external diff and textconv are off. What remains are the filters (`filter.NAME.clean`, git LFS): without them
//! git cannot tell whether a file they are for has changed. They are run as `git status` runs them: for tracked files whose
//! times are not those of the index.

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
    /// The blob, or the submodule's commit, in the index.
    pub object: String,
    /// Whether git was told not to look at it: skip-worktree (as in a sparse checkout) or assume-unchanged.
    pub hidden: bool,
}

/// Untracked files, as git lists them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Untracked {
    /// Relative to the root; a `/` at the end: another repository.
    pub paths: Vec<String>,
    /// Names that are not UTF-8, as they would print.
    pub unnameable: Vec<String>,
    /// Folders that could not be looked into, in git's words.
    pub unread: Vec<String>,
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

/// What git listed.
struct Listing {
    listed: Vec<String>,
    /// What is not UTF-8, readable for people.
    unnameable: Vec<String>,
    /// What it said beside that.
    said: String,
}

/// What git is told, as paths; the last word counts. None where it has no answer at all.
fn settings<const N: usize>(folder: &Path, keys: [&str; N]) -> Option<[Option<String>; N]> {
    let wanted = format!("^({})$", keys.join("|").replace('.', "\\."));
    let found = run(folder, &["config", "--null", "--type=path", "--get-regexp", &wanted]).ok()?;
    let text = String::from_utf8_lossy(&found.stdout).into_owned();
    let entries: Vec<(&str, &str)> = text.split('\0').filter_map(|entry| entry.split_once('\n')).collect();
    let value =
        |key: &str| entries.iter().rev().find(|(k, v)| *k == key && !v.is_empty()).map(|(_, v)| (*v).to_owned());
    Some(keys.map(value))
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

    /// The repository whose working tree is `folder` itself. None where it has none, or its configuration (`core.worktree`)
    /// names another one: the files there are not those of `folder`.
    pub fn at(folder: &Path) -> Result<Option<Self>, CaptureError> {
        let same = |root: &Path| matches!((root.canonicalize(), folder.canonicalize()), (Ok(a), Ok(b)) if a == b);
        Ok(Self::find(folder)?.filter(|git| same(&git.root)))
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

    /// The SSH key that git is to sign with: a path, or the public key itself. None where it signs with something else.
    pub fn signing_key(folder: &Path) -> Option<String> {
        let [key, format] = settings(folder, ["user.signingkey", "gpg.format"])?;
        key.filter(|_| format.as_deref() == Some("ssh"))
    }

    /// The program that git signs with in the place of `ssh-keygen`: some keep the keys themselves.
    pub fn signing_program(folder: &Path) -> Option<String> {
        let [program] = settings(folder, ["gpg.ssh.program"])?;
        program
    }

    /// Tracked files in scope; submodules are listed, not entered. With them, names that are not UTF-8, as they would print.
    pub fn tracked(&self, scope: &[String]) -> Result<(Vec<Tracked>, Vec<String>), CaptureError> {
        let mut arguments = vec!["ls-files", "-z", "-v", "--stage", "--full-name", "--"];
        arguments.extend(scope.iter().map(String::as_str));
        let Listing { listed, unnameable, .. } = self.listing(&arguments)?;
        let read = |entry: &String| {
            let (head, path) = entry.split_once('\t')?;
            let mut head = head.split(' ');
            let (tag, mode, object) = (head.next()?, head.next()?, head.next()?);
            let kind = match mode {
                "120000" => TrackedKind::Link,
                "160000" => TrackedKind::Submodule,
                _ => TrackedKind::File,
            };
            let hidden = tag == "S" || tag.chars().all(char::is_lowercase);
            Some(Tracked { path: path.to_owned(), kind, object: object.to_owned(), hidden })
        };
        let mut found: Vec<Tracked> = listed.iter().filter_map(read).collect();
        // A path in conflict is listed once for each side.
        found.dedup_by(|a, b| a.path == b.path);
        let path = |entry: String| entry.split_once('\t').map_or_else(String::new, |(_, path)| path.to_owned());
        Ok((found, unnameable.into_iter().map(path).collect()))
    }

    /// Untracked files in scope that git does not ignore.
    pub fn untracked(&self, scope: &[String]) -> Result<Untracked, CaptureError> {
        let mut arguments = vec!["ls-files", "-z", "--others", "--exclude-standard", "--full-name", "--"];
        arguments.extend(scope.iter().map(String::as_str));
        let found = self.listing(&arguments)?;
        let unread = found.said.lines().filter_map(|line| line.strip_prefix("warning: "));
        let unread = unread.filter(|line| line.starts_with("could not open directory")).map(str::to_owned).collect();
        Ok(Untracked { paths: found.listed, unnameable: found.unnameable, unread })
    }

    /// Paths in scope whose content differs from the commit, staged or not; untracked ones not included. Of a submodule only
    /// its commit counts here.
    pub fn changed(&self, scope: &[String]) -> Result<Vec<String>, CaptureError> {
        let flags =
            ["status", "--porcelain=v1", "-z", "--untracked-files=no", "--no-renames", "--ignore-submodules=dirty"];
        let mut arguments: Vec<&str> = flags.into_iter().chain(["--"]).collect();
        arguments.extend(scope.iter().map(String::as_str));
        let Listing { listed, unnameable, .. } = self.listing(&arguments)?;
        Ok(listed.into_iter().chain(unnameable).filter_map(|e| e.get(3..).map(str::to_owned)).collect())
    }

    /// What each of these files would be as a blob, byte for byte: no filter is run. None where one cannot be read.
    pub fn blobs(&self, paths: &[&str]) -> Option<Vec<String>> {
        let arguments: Vec<&str> =
            ["hash-object", "--no-filters", "--"].into_iter().chain(paths.iter().copied()).collect();
        let found = run(&self.root, &arguments).ok().filter(Finished::success)?;
        let ids: Vec<String> = String::from_utf8(found.stdout).ok()?.lines().map(str::to_owned).collect();
        (ids.len() == paths.len()).then_some(ids)
    }

    /// The patch from the commit (or from nothing) to the working tree, with `above` (`""` or `folder/`) before every name;
    /// the same bytes whatever the person has configured. None if it is longer than `limit`.
    pub fn patch(&self, pathspecs: &[String], above: &str, limit: u64) -> Result<Option<Vec<u8>>, CaptureError> {
        let base = match &self.commit {
            Some(commit) => commit.clone(),
            // The empty tree's id is known to every git, in either hash.
            None => self.line(&["hash-object", "-t", "tree", "/dev/null"]).unwrap_or_default(),
        };
        let (from, to) = (format!("--src-prefix=a/{above}"), format!("--dst-prefix=b/{above}"));
        // Without the first, git writes the index where only times differ.
        let configured = ["-c", "diff.autoRefreshIndex=false", "-c", "diff.suppressBlankEmpty=false"];
        let flags = [
            "diff",
            "--binary",
            "--full-index",
            "--no-ext-diff",
            "--no-textconv",
            "--no-color",
            "--no-renames",
            "--no-relative",
            "--diff-algorithm=myers",
            "--indent-heuristic",
            "--unified=3",
            "--inter-hunk-context=0",
            "-O/dev/null",
            "--submodule=short",
            "--ignore-submodules=dirty",
        ];
        let mut arguments: Vec<&str> = configured.into_iter().chain(flags).collect();
        arguments.extend([from.as_str(), to.as_str(), base.as_str(), "--"]);
        arguments.extend(pathspecs.iter().map(String::as_str));
        let found = run_limited(&self.root, &arguments, limit)?;
        if !found.success() {
            return Err(refused(&found));
        }
        Ok((!found.cut).then_some(found.stdout))
    }

    /// The bytes of a file as they are in a commit; none where the commit or the file is not here, or it is longer than `limit`.
    /// No filter is run.
    pub fn committed(&self, commit: &str, path: &str, limit: u64) -> Option<Vec<u8>> {
        // A commit is digits, whatever a record says: nothing that git would take for something else.
        if commit.is_empty() || !commit.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let found = run_limited(&self.root, &["cat-file", "blob", &format!("{commit}:{path}")], limit).ok()?;
        (found.success() && !found.cut).then_some(found.stdout)
    }

    /// The folder that all worktrees of the repository share.
    pub fn common_folder(&self) -> Option<PathBuf> {
        let path = self.root.join(self.line(&["rev-parse", "--git-common-dir"])?);
        Some(path.canonicalize().unwrap_or(path))
    }

    /// Whether git ignores the project's folder and tracks nothing in it: then what it knows is not about the project.
    pub fn ignores_project(&self) -> bool {
        if self.prefix.is_empty() {
            return false;
        }
        let ignored = run(&self.root, &["check-ignore", "--quiet", "--", &self.prefix]);
        let tracks =
            || run_limited(&self.root, &["ls-files", "-z", "--", &format!(":(top,literal){}", self.prefix)], 1);
        ignored.is_ok_and(|found| found.success()) && tracks().is_ok_and(|found| found.stdout.is_empty())
    }

    /// Whether the history is cut off.
    pub fn is_shallow(&self) -> bool {
        self.line(&["rev-parse", "--is-shallow-repository"]).as_deref() == Some("true")
    }

    fn listing(&self, arguments: &[&str]) -> Result<Listing, CaptureError> {
        let found = run(&self.root, arguments)?;
        if !found.success() {
            return Err(refused(&found));
        }
        if found.cut {
            let message = format!("it lists more than {} MiB of names", LIMIT >> 20);
            return Err(CaptureError::GitRefused { message, cure: None });
        }
        let (mut listed, mut unnameable) = (Vec::new(), Vec::new());
        for entry in found.stdout.split(|b| *b == 0).filter(|entry| !entry.is_empty()) {
            match std::str::from_utf8(entry) {
                Ok(entry) => listed.push(entry.to_owned()),
                Err(_) => unnameable.push(String::from_utf8_lossy(entry).into_owned()),
            }
        }
        Ok(Listing { listed, unnameable, said: found.stderr })
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
    let safe = [
        "-c",
        "core.hooksPath=/dev/null",
        "-c",
        "core.fsmonitor=false",
        "-c",
        "core.quotePath=false",
        // Of a partial clone, what is not here stays where it is.
        "-c",
        "protocol.allow=never",
    ];
    let variables = [
        ("GIT_OPTIONAL_LOCKS", "0"),
        ("LC_ALL", "C"),
        ("GIT_TERMINAL_PROMPT", "0"),
        ("GIT_PAGER", "cat"),
        ("GIT_NO_LAZY_FETCH", "1"),
        // Our pathspecs mean what they say.
        ("GIT_LITERAL_PATHSPECS", "0"),
        ("GIT_GLOB_PATHSPECS", "0"),
        ("GIT_NOGLOB_PATHSPECS", "0"),
        ("GIT_ICASE_PATHSPECS", "0"),
    ];
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
