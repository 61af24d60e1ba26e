//! Which Python a project uses and what is installed in it, without starting it.
//!
//! Sources: PEP 405 (`pyvenv.cfg`), the `site` module's documentation (order of folders), pyenv's manual (shims).

pub mod marker;
mod packages;
mod select;

use std::fmt;
use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::bounded;

pub use crate::format::python_version as version;

pub use self::packages::{Packages, conda_packages, normalised, packages};
pub use self::select::{Asked, choose, is_python};

/// A Python, found by its files.
#[derive(Debug, Clone)]
pub struct Interpreter {
    /// The folder it is installed in (`sys.prefix`).
    pub prefix: PathBuf,
    /// Its version as exactly as its files tell: `3.11.7`, or only `3.11`.
    pub version: Option<String>,
    /// Folders with packages, in the order in which it searches them.
    pub folders: Vec<PathBuf>,
    /// `CPython` or `PyPy`.
    pub implementation: &'static str,
    /// Why this one.
    pub reason: String,
}

impl fmt::Display for Interpreter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let version = self.version.as_deref().unwrap_or("of unknown version");
        write!(f, "Python {version} in {}: {}", self.prefix.display(), self.reason)
    }
}

/// Why no Python could be captured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PythonError {
    /// Nothing names one.
    #[error("no Python found: not by VIRTUAL_ENV, CONDA_PREFIX, `.venv` or PATH")]
    None,
    /// The folder or interpreter that was named is not there.
    #[error("no Python at {path}")]
    Missing {
        /// What was named.
        path: String,
    },
    /// There is an interpreter, but no folder with its library where it should be.
    #[error("no library of a Python below {prefix}")]
    NoLibrary {
        /// Where it should be.
        prefix: String,
    },
}

impl PythonError {
    /// The same without absolute paths, as it may stand in a record.
    pub fn relative_to(self, project: &Path) -> Self {
        match self {
            Self::None => Self::None,
            Self::Missing { path } => Self::Missing { path: shown(Path::new(&path), project) },
            Self::NoLibrary { prefix } => Self::NoLibrary { prefix: shown(Path::new(&prefix), project) },
        }
    }
}

/// A path as it may stand in a record: relative to the project, or only its last component.
fn shown(path: &Path, project: &Path) -> String {
    let project = project.canonicalize().unwrap_or_else(|_| project.to_owned());
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    match real.strip_prefix(&project) {
        Ok(inside) if inside.as_os_str().is_empty() => ".".to_owned(),
        Ok(inside) => {
            let parts = inside
                .components()
                .filter_map(|part| if let Component::Normal(part) = part { part.to_str() } else { None });
            parts.collect::<Vec<_>>().join("/")
        }
        Err(_) => real.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
    }
}

/// `pyvenv.cfg`.
const CONFIGURATION_LIMIT: u64 = 64 << 10;

/// The configuration that makes a folder a virtual environment (PEP 405).
#[derive(Default)]
struct Configuration {
    home: Option<PathBuf>,
    version: Option<String>,
    sees_system_packages: bool,
}

impl Configuration {
    fn read(prefix: &Path) -> Option<Self> {
        let bytes = bounded::read(&prefix.join("pyvenv.cfg"), CONFIGURATION_LIMIT).ok()?;
        let mut configuration = Self::default();
        for (name, value) in String::from_utf8_lossy(&bytes).lines().filter_map(|line| line.split_once('=')) {
            let value = value.trim();
            match name.trim().to_ascii_lowercase().as_str() {
                "home" => configuration.home = Some(PathBuf::from(value)),
                "include-system-site-packages" => {
                    configuration.sees_system_packages = value.eq_ignore_ascii_case("true")
                }
                "version" | "version_info" if configuration.version.is_none() => configuration.version = release(value),
                _ => {}
            }
        }
        Some(configuration)
    }
}

/// `3.11.7` out of `3.11.7`, `3.11.7.final.0`; `3.13.0rc1` out of `3.13.0.candidate.1`.
fn release(text: &str) -> Option<String> {
    let parts: Vec<&str> = text.split('.').collect();
    let is_number = |part: &&&str| part.bytes().next().is_some_and(|b| b.is_ascii_digit());
    let numbers = parts.iter().take(3).take_while(is_number).copied().collect::<Vec<_>>();
    if numbers.len() < 2 {
        return None;
    }
    let suffix = match parts.get(3..) {
        Some(["alpha", n]) => format!("a{n}"),
        Some(["beta", n]) => format!("b{n}"),
        Some(["candidate", n]) => format!("rc{n}"),
        _ => String::new(),
    };
    Some(numbers.join(".") + &suffix)
}

/// A folder such as `lib/python3.11`, and what it is called by.
struct Library {
    path: PathBuf,
    /// `python3.11`, `python3.13t`, `pypy3.10`; Windows has no such folder.
    name: Option<String>,
}

impl Library {
    /// `3.11`.
    fn minor(&self) -> Option<&str> {
        let name = self.name.as_deref()?;
        Some(name.trim_start_matches(|c: char| c.is_ascii_alphabetic()).trim_end_matches('t'))
    }

    /// The libraries of a prefix, the newest version first.
    fn all(prefix: &Path) -> Vec<Self> {
        let mut found = Vec::new();
        for folder in ["lib", "lib64"] {
            for entry in fs::read_dir(prefix.join(folder)).into_iter().flatten().flatten() {
                let Ok(name) = entry.file_name().into_string() else { continue };
                let version = name.strip_prefix("python3.").or_else(|| name.strip_prefix("pypy3."));
                let is_versioned = version.is_some_and(|rest| rest.trim_end_matches('t').parse::<u8>().is_ok());
                if is_versioned && is_library(&entry.path()) {
                    found.push(Self { path: entry.path(), name: Some(name) });
                }
            }
        }
        if found.is_empty() && prefix.join("Lib").join("site-packages").is_dir() {
            found.push(Self { path: prefix.join("Lib"), name: None });
        }
        let minor = |library: &Self| library.minor().and_then(|v| v.split_once('.')?.1.parse::<u8>().ok());
        found.sort_by_key(|library| (std::cmp::Reverse(minor(library)), library.path.clone()));
        found
    }
}

/// Debian's is there with `os.py` alone; that of a virtual environment has nothing but packages.
fn is_library(path: &Path) -> bool {
    ["site-packages", "dist-packages", "os.py"].iter().any(|name| path.join(name).exists())
}

/// `3.11.7` from the header that defines it, as it is installed with Python.
fn version_in_header(prefix: &Path, library: &str) -> Option<String> {
    let bytes = bounded::read(&prefix.join("include").join(library).join("patchlevel.h"), CONFIGURATION_LIMIT).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let defined = text.lines().find_map(|line| line.trim().strip_prefix("#define PY_VERSION"))?;
    let version = defined.split('"').nth(1)?.trim_end_matches('+');
    version.starts_with("3.").then(|| version.to_owned())
}
