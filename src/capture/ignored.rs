//! What is never captured: system litter, caches, virtual environments, and what `.mlrunignore` says.
//!
//! `.mlrunignore` has gitignore's rules and stands beside `mlrun.toml`. What git tracks is code whatever the built-in rules say;
//! only `.mlrunignore` takes it out.

use std::path::{Path, PathBuf};

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::error::CaptureError;
use crate::bounded;

/// The file people write.
pub const FILE: &str = ".mlrunignore";
const MAX_FILE: u64 = 1 << 20;

/// Ignored unless `.mlrunignore` says `!pattern`.
pub const BUILT_IN: [&str; 16] = [
    ".DS_Store",
    "Thumbs.db",
    "desktop.ini",
    "__pycache__/",
    "*.pyc",
    ".ipynb_checkpoints/",
    ".git/",
    ".mlrun/",
    ".dvc/cache/",
    ".venv/",
    "venv/",
    "node_modules/",
    ".mypy_cache/",
    ".pytest_cache/",
    ".ruff_cache/",
    ".Rproj.user/",
];

/// The rules in force for a project.
#[derive(Debug)]
pub struct Ignored {
    root: PathBuf,
    rules: Gitignore,
    /// Those of `.mlrunignore` alone.
    own: Gitignore,
    lines: Vec<String>,
    /// A folder, and the place it stands for.
    moved: Option<(PathBuf, PathBuf)>,
}

impl Ignored {
    /// The built-in rules and those of the project's `.mlrunignore`.
    pub fn read(project: &Path) -> Result<Self, CaptureError> {
        Self::read_from(project, FILE, &BUILT_IN)
    }

    /// What DVC passes over in the repository at `root`: its `.dvcignore` has the same rules.
    pub fn of_dvc(root: &Path) -> Result<Self, CaptureError> {
        Self::read_from(root, ".dvcignore", &[".git/", ".hg/", ".dvc/"])
    }

    /// The rules that `lines` are.
    pub fn of_lines(root: &Path, lines: Vec<String>) -> Result<Self, CaptureError> {
        Self::build(root, FILE, lines, 0)
    }

    fn read_from(project: &Path, file: &str, built_in: &[&str]) -> Result<Self, CaptureError> {
        let path = project.join(file);
        let text = match bounded::read(&path, MAX_FILE) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(source) => return Err(CaptureError::Unreadable { path, source }),
        };
        let mut lines: Vec<String> = built_in.iter().map(|&l| l.to_owned()).collect();
        // A `!` or a `/` alone names nothing, as for git; our matcher would take it for everything.
        let says_something = |line: &&str| !line.starts_with('#') && !line.trim_start_matches(['!', '/']).is_empty();
        lines.extend(text.lines().map(str::trim_end).filter(says_something).map(str::to_owned));
        Self::build(project, file, lines, built_in.len())
    }

    /// The first `built_in` of `lines` nobody wrote.
    fn build(project: &Path, file: &str, lines: Vec<String>, built_in: usize) -> Result<Self, CaptureError> {
        let pattern = |line: &str, reason: String| CaptureError::Pattern {
            input: file.to_owned(),
            pattern: line.to_owned(),
            reason,
        };
        let build = |lines: &[String]| {
            let mut builder = GitignoreBuilder::new(project);
            for line in lines {
                builder.add_line(None, line).map_err(|e| pattern(line, e.to_string()))?;
            }
            builder.build().map_err(|e| pattern(file, e.to_string()))
        };
        let (rules, own) = (build(&lines)?, build(&lines[built_in..])?);
        Ok(Self { root: project.to_path_buf(), rules, own, lines, moved: None })
    }

    /// The same rules, with what lies in the folder `at` taken for what lay in `was`.
    pub fn moved(self, at: &Path, was: &Path) -> Self {
        Self { moved: Some((at.to_path_buf(), was.to_path_buf())), ..self }
    }

    /// The rules, one to a line.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// Whether `path` is passed over.
    pub fn covers(&self, path: &Path, folder: bool) -> bool {
        self.matches(&self.rules, path, folder)
    }

    /// Whether the file at `path`, or a folder between `above` and it, is passed over; of one that git tracks, by what
    /// `.mlrunignore` says.
    pub fn covers_below(&self, above: &Path, path: &Path, tracked: bool) -> bool {
        let rules = if tracked { &self.own } else { &self.rules };
        if rules.is_empty() {
            return false;
        }
        let folders = path.ancestors().skip(1).take_while(|folder| *folder != above && folder.starts_with(above));
        self.matches(rules, path, false) || folders.into_iter().any(|folder| self.matches(rules, folder, true))
    }

    fn matches(&self, rules: &Gitignore, path: &Path, folder: bool) -> bool {
        let was = self.moved.as_ref().and_then(|(at, was)| Some(was.join(path.strip_prefix(at).ok()?)));
        let path = was.as_deref().unwrap_or(path);
        let relative = path.strip_prefix(&self.root).unwrap_or(path);
        rules.matched(relative, folder).is_ignore()
    }
}
