//! Lock files: which are in the project, by the SHA-256 of their bytes.

use std::fs;
use std::io::Read;
use std::path::Path;

use crate::digest::Digest;
use crate::format::snapshot::{LockRecord, NotCapturedRecord};

use crate::bounded;

const NAMES: [&str; 17] = [
    "uv.lock",
    "poetry.lock",
    "pdm.lock",
    "pylock.toml",
    "Pipfile.lock",
    "pixi.lock",
    "conda-lock.yml",
    "environment.yml",
    "environment.yaml",
    "Cargo.lock",
    "renv.lock",
    "Manifest.toml",
    "JuliaManifest.toml",
    "conda-lock.yaml",
    "package-lock.json",
    "yarn.lock",
    "pnpm-lock.yaml",
];

/// Larger ones are not hashed, and that is said.
const BYTES_LIMIT: u64 = 64 << 20;

/// Whether a file of this name pins packages: the lock files of the tools, `requirements*.txt`, `pylock.*.toml` of
/// PEP 751, and Julia's manifests for one minor version.
pub fn is_lock(name: &str) -> bool {
    let between = |start: &str, end: &str| {
        name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
    };
    let is_julia = between("Manifest-v", ".toml");
    NAMES.contains(&name) || between("requirements", ".txt") || between("pylock.", ".toml") || is_julia
}

/// The lock files directly in `project`, by name, and those that could not be read.
pub fn find(project: &Path) -> (Vec<LockRecord>, Vec<NotCapturedRecord>) {
    let mut failed = Vec::new();
    let mut locks = Vec::new();
    let mut failure = |part: &str, reason: String| failed.push(NotCapturedRecord { part: part.to_owned(), reason });
    match fs::read_dir(project) {
        Ok(entries) => {
            let names =
                entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).filter(|name| is_lock(name));
            for name in names {
                match digest(&project.join(&name)) {
                    Ok(sha256) => locks.push(LockRecord { path: name, sha256 }),
                    Err(reason) => failure(&format!("environment.locks.{name}"), reason),
                }
            }
        }
        Err(error) => failure("environment.locks", error.to_string()),
    }
    locks.sort_by(|a, b| a.path.cmp(&b.path));
    failed.sort_by(|a, b| a.part.cmp(&b.part));
    (locks, failed)
}

fn digest(path: &Path) -> Result<Digest, String> {
    let file = bounded::open(path).map_err(|error| error.to_string())?;
    let (sha256, read) = Digest::of_reader(file.take(BYTES_LIMIT + 1)).map_err(|error| error.to_string())?;
    if read > BYTES_LIMIT { Err(format!("more than {BYTES_LIMIT} bytes")) } else { Ok(sha256) }
}
