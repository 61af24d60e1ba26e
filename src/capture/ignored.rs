//! What is never captured: system litter, caches, virtual environments, and what `.mlrunignore` says.
//!
//! `.mlrunignore` has gitignore's rules and stands beside `mlrun.toml`.

use std::path::{Path, PathBuf};

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::bounded;
use super::error::CaptureError;

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
    lines: Vec<String>,
}

impl Ignored {
    /// The built-in rules and those of the project's `.mlrunignore`.
    pub fn read(project: &Path) -> Result<Self, CaptureError> {
        let path = project.join(FILE);
        let text = match bounded::read(&path, MAX_FILE) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(source) => return Err(CaptureError::Unreadable { path, source }),
        };
        let mut lines: Vec<String> = BUILT_IN.iter().map(|&l| l.to_owned()).collect();
        // A `!` or a `/` alone names nothing, as for git; our matcher would take it for everything.
        let says_something = |line: &&str| !line.starts_with('#') && !line.trim_start_matches(['!', '/']).is_empty();
        lines.extend(text.lines().map(str::trim_end).filter(says_something).map(str::to_owned));
        let mut builder = GitignoreBuilder::new(project);
        let pattern = |line: &str, reason: String| CaptureError::Pattern {
            input: FILE.to_owned(),
            pattern: line.to_owned(),
            reason,
        };
        for line in &lines {
            builder.add_line(None, line).map_err(|e| pattern(line, e.to_string()))?;
        }
        let rules = builder.build().map_err(|e| pattern(FILE, e.to_string()))?;
        Ok(Self { root: project.to_path_buf(), rules, lines })
    }

    /// The rules, one to a line.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// Whether `path` is passed over.
    pub fn covers(&self, path: &Path, folder: bool) -> bool {
        let relative = path.strip_prefix(&self.root).unwrap_or(path);
        self.rules.matched(relative, folder).is_ignore()
    }
}
