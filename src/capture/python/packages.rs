//! Installed packages, from the folders Python imports from.
//!
//! Sources: PyPA "Recording installed projects" (`*.dist-info`), "Core metadata" (`METADATA`), "Direct URL origin"
//! (`direct_url.json`), the `site` module (`*.pth`); PEP 503 for names. Must list what `pip inspect` lists.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::bounded;
use crate::capture::secrets::strip_userinfo;

use super::{Interpreter, shown};

/// What is installed.
#[derive(Debug, Clone, Default)]
pub struct Packages {
    /// Normalised name (PEP 503) → version.
    pub versions: BTreeMap<String, String>,
    /// Normalised name → where it comes from, if not from an index: without user info, and without absolute paths.
    pub origins: BTreeMap<String, String>,
    /// What could not be read, and why.
    pub problems: Vec<String>,
}

/// Entries of one folder.
const ENTRIES_LIMIT: usize = 100_000;
/// Headers of one `METADATA`; the description after them may be long.
const HEADERS_LIMIT: u64 = 256 << 10;
/// Name and version are among the first lines.
const HEADERS_USUAL: u64 = 4 << 10;
const SMALL_LIMIT: u64 = 64 << 10;
const PROBLEMS_LIMIT: usize = 20;

/// The packages `interpreter` can import. Where there are two of one name, the first on its path counts, as for pip.
pub fn packages(interpreter: &Interpreter, project: &Path) -> Packages {
    let mut found = Packages::default();
    for folder in &interpreter.folders {
        // Only one level: Python does not follow the `.pth` files of a folder that one adds either.
        for path in found.add_folder(folder, Place::Installed, project) {
            found.add_folder(&path, Place::Added, project);
        }
    }
    found
}

/// What a folder is on the path for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Installed,
    /// Added by a `.pth` file, as `setup.py develop` does.
    Added,
}

impl Packages {
    /// Adds what is in one folder; returns the folders its `.pth` files add.
    fn add_folder(&mut self, folder: &Path, place: Place, project: &Path) -> Vec<PathBuf> {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => {
                self.problem(format!("{}: {error}", shown(folder, project)));
                return Vec::new();
            }
        };
        let is_egg = folder.extension().is_some_and(|extension| extension == "egg");
        let mut additions = Vec::new();
        for entry in entries.take(ENTRIES_LIMIT).flatten() {
            let Ok(name) = entry.file_name().into_string() else { continue };
            let path = entry.path();
            let lower = name.to_ascii_lowercase();
            if lower.ends_with(".dist-info") {
                self.add(&name, &path.join("METADATA"), || origin(&path.join("direct_url.json"), project));
            } else if lower.ends_with(".egg-info") || is_egg && lower == "egg-info" {
                let metadata = if path.is_dir() { path.join("PKG-INFO") } else { path };
                let is_editable = place == Place::Added && !is_egg;
                self.add(&name, &metadata, || is_editable.then(|| format!("editable {}", shown(folder, project))));
            } else if lower.ends_with(".pth") {
                additions.push(path);
            }
        }
        additions.sort();
        let additions = additions.iter().flat_map(|path| paths_in(path, folder));
        additions.filter(|path| path.is_dir() && path != folder).collect()
    }

    fn add(&mut self, entry: &str, metadata: &Path, origin: impl FnOnce() -> Option<String>) {
        // What pip leaves of a package whose removal was interrupted begins with `~`; pip does not list it either.
        if !entry.starts_with(|c: char| c.is_ascii_alphanumeric()) {
            return;
        }
        let (name, version) = match read_headers(metadata) {
            Ok(Some(headers)) => headers,
            Ok(None) => return self.problem(format!("{entry}: no name and version in its metadata")),
            Err(error) => return self.problem(format!("{entry}: {error}")),
        };
        let name = normalised(&name);
        if self.versions.contains_key(&name) {
            return;
        }
        if let Some(origin) = origin() {
            self.origins.insert(name.clone(), origin);
        }
        self.versions.insert(name, version);
    }

    fn problem(&mut self, problem: String) {
        if self.problems.len() < PROBLEMS_LIMIT {
            self.problems.push(problem);
        }
    }
}

/// PEP 503: runs of `-`, `_`, `.` are one `-`, letters are small.
pub fn normalised(name: &str) -> String {
    let parts = name.split(['-', '_', '.']).filter(|part| !part.is_empty());
    parts.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-")
}

fn read_headers(path: &Path) -> std::io::Result<Option<(String, String)>> {
    let usual = headers(&bounded::head(path, HEADERS_USUAL)?);
    if usual.is_some() {
        return Ok(usual);
    }
    Ok(headers(&bounded::head(path, HEADERS_LIMIT)?))
}

/// Name and version in the headers of core metadata, which an empty line ends. A last line that may be cut off is
/// left out.
fn headers(text: &[u8]) -> Option<(String, String)> {
    let text = String::from_utf8_lossy(text);
    let (mut name, mut version) = (None, None);
    for line in text.split_inclusive('\n').take_while(|line| !line.trim_end().is_empty()) {
        let Some((header, value)) = line.strip_suffix('\n').and_then(|line| line.split_once(':')) else { continue };
        let value = Some(value.trim()).filter(|value| !value.is_empty());
        if header.eq_ignore_ascii_case("Name") {
            name = name.or(value);
        } else if header.eq_ignore_ascii_case("Version") {
            version = version.or(value);
        }
    }
    Some((name?.to_owned(), version?.to_owned()))
}

/// The folders a `.pth` file adds. Its lines of code are not run, so what they would add is not known.
fn paths_in(path: &Path, folder: &Path) -> Vec<PathBuf> {
    let text = bounded::read(path, SMALL_LIMIT).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let is_path = |line: &&str| {
        !line.trim().is_empty()
            && !line.starts_with(['#'])
            && !line.starts_with("import ")
            && !line.starts_with("import\t")
    };
    text.lines().filter(is_path).map(|line| folder.join(line.trim_end())).collect()
}

#[derive(Deserialize)]
struct DirectUrl {
    url: String,
    dir_info: Option<DirInfo>,
    vcs_info: Option<VcsInfo>,
    archive_info: Option<ArchiveInfo>,
    subdirectory: Option<String>,
}

#[derive(Deserialize)]
struct DirInfo {
    #[serde(default)]
    editable: bool,
}

#[derive(Deserialize)]
struct VcsInfo {
    vcs: String,
    commit_id: String,
}

#[derive(Deserialize)]
struct ArchiveInfo {
    hash: Option<String>,
    #[serde(default)]
    hashes: BTreeMap<String, String>,
}

/// Where a package comes from, in one line.
fn origin(path: &Path, project: &Path) -> Option<String> {
    let bytes = bounded::read(path, SMALL_LIMIT).ok()?;
    let Ok(direct) = serde_json::from_slice::<DirectUrl>(&bytes) else {
        return Some("an unreadable direct_url.json".to_owned());
    };
    let place = match direct.url.strip_prefix("file://") {
        Some(path) => shown(Path::new(&percent_decoded(path)), project),
        None => strip_userinfo(&direct.url),
    };
    let mut text = match (direct.vcs_info, direct.dir_info, direct.archive_info) {
        (Some(info), _, _) => format!("{}+{place}@{}", info.vcs, info.commit_id),
        (None, Some(info), _) => format!("{} {place}", if info.editable { "editable" } else { "folder" }),
        (None, None, Some(info)) => {
            let sha256 = info.hashes.get("sha256").map(|hash| format!("sha256={hash}"));
            sha256.or(info.hash).map_or(place.clone(), |hash| format!("{place}#{hash}"))
        }
        (None, None, None) => place,
    };
    if let Some(subdirectory) = direct.subdirectory {
        text += &format!("#subdirectory={subdirectory}");
    }
    Some(text)
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|_| first == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        match digits.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The packages of a conda environment: `conda-meta` has a file `<name>-<version>-<build>.json` for each. None if it
/// is no conda environment.
pub fn conda_packages(prefix: &Path) -> Option<BTreeMap<String, String>> {
    let entries = fs::read_dir(prefix.join("conda-meta")).ok()?;
    let package = |entry: fs::DirEntry| {
        let file = entry.file_name().into_string().ok()?;
        let (rest, _build) = file.strip_suffix(".json")?.rsplit_once('-')?;
        let (name, version) = rest.rsplit_once('-')?;
        Some((name.to_owned(), version.to_owned()))
    };
    Some(entries.take(ENTRIES_LIMIT).flatten().filter_map(package).collect())
}

/// The version of Python in a conda environment.
pub(super) fn conda_version(prefix: &Path) -> Option<String> {
    conda_packages(prefix)?.remove("python")
}
