//! R: the packages of its libraries, read from their `DESCRIPTION` files without starting it.
//!
//! Sources: "Writing R Extensions" §1.1.1 (`DESCRIPTION`), R's `.libPaths`, renv's documentation (project libraries).

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::format::snapshot::RuntimeRecord;

use crate::bounded;

/// Entries of one library.
const ENTRIES_LIMIT: usize = 50_000;
const DESCRIPTION_LIMIT: u64 = 64 << 10;
/// `renv/library/linux-debian-bookworm/R-4.3/x86_64-pc-linux-gnu`.
const RENV_DEPTH: usize = 4;
/// Where R itself lies: built from source, Debian's, Fedora's.
const HOMES: [&str; 3] = ["usr/local/lib/R", "usr/lib/R", "usr/lib64/R"];

/// R's packages, and where they are and why.
#[derive(Debug, Clone)]
pub(super) struct Found {
    /// What belongs to the snapshot. Origins are not redacted yet.
    pub(super) runtime: RuntimeRecord,
    /// Which R, and why, in one sentence.
    pub(super) reason: String,
}

/// By which file `project` is an R project; none if it is not.
pub(super) fn project_file(project: &Path) -> Option<String> {
    let mut names: Vec<String> = fs::read_dir(project)
        .into_iter()
        .flatten()
        .flatten()
        .take(ENTRIES_LIMIT)
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    let is_package = || field_of(&project.join("DESCRIPTION"), "Package").is_some();
    let by_end = |ends: &[&str]| names.iter().find(|name| ends.iter().any(|end| name.ends_with(end))).cloned();
    let renv = names.iter().find(|name| *name == "renv.lock").cloned();
    let package = || names.iter().find(|name| *name == "DESCRIPTION" && is_package()).cloned();
    renv.or_else(|| by_end(&[".Rproj"])).or_else(package).or_else(|| by_end(&[".R", ".r", ".Rmd"]))
}

/// The R of a machine whose root folder is `root`, with the packages that `project` sees; none if there is no library.
pub(super) fn find(project: &Path, root: &Path, because: &str) -> Option<Found> {
    let home = HOMES.iter().map(|home| root.join(home)).find(|home| home.join("library/base/DESCRIPTION").is_file());
    let version = home.as_ref().and_then(|home| field_of(&home.join("library/base/DESCRIPTION"), "Version"));
    let renv = renv_library(&project.join("renv").join("library"), version.as_deref());
    // A project of renv sees its own library and what came with R, nothing of the site's.
    let site = match renv {
        Some(_) => Vec::new(),
        None => vec![root.join("usr/local/lib/R/site-library"), root.join("usr/lib/R/site-library")],
    };
    let of_home = home.iter().map(|home| home.join("library"));
    let libraries: Vec<PathBuf> =
        renv.iter().cloned().chain(site).chain(of_home).filter(|library| library.is_dir()).collect();
    if libraries.is_empty() {
        return None;
    }
    let (mut packages, mut origins) = (BTreeMap::new(), BTreeMap::new());
    for library in &libraries {
        for entry in fs::read_dir(library).into_iter().flatten().flatten().take(ENTRIES_LIMIT) {
            let Some(description) = Description::read(&entry.path().join("DESCRIPTION")) else { continue };
            let (Some(name), Some(version)) = (description.field("Package"), description.field("Version")) else {
                continue;
            };
            if !packages.contains_key(name) {
                origins.extend(description.origin().map(|origin| (name.to_owned(), origin)));
                packages.insert(name.to_owned(), version.to_owned());
            }
        }
    }
    let place = home.as_deref().map_or_else(|| "no R".to_owned(), |home| home.display().to_string());
    let called = version.as_deref().map_or_else(|| "R".to_owned(), |version| format!("R {version}"));
    let library = if renv.is_some() { ", with the library of renv" } else { "" };
    let reason = format!("{called} in {place}{library}: the project has `{because}`");
    Some(Found { runtime: RuntimeRecord { language: "r".to_owned(), version, packages, origins }, reason })
}

/// The library of renv for this R: that of its minor version if there is one, or the only one.
fn renv_library(folder: &Path, version: Option<&str>) -> Option<PathBuf> {
    let mut found = Vec::new();
    libraries_below(folder, 0, &mut found);
    found.sort();
    let minor = version.map(|version| format!("R-{}", version.splitn(3, '.').take(2).collect::<Vec<_>>().join(".")));
    let of_version = |library: &&PathBuf| {
        library.components().any(|part| minor.as_deref().is_some_and(|minor| part.as_os_str() == minor))
    };
    found.iter().find(of_version).or_else(|| found.last()).cloned()
}

fn libraries_below(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().take(ENTRIES_LIMIT);
    let folders: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    if folders.iter().any(|folder| folder.join("DESCRIPTION").is_file()) {
        found.push(folder.to_owned());
    } else if depth < RENV_DEPTH {
        folders.iter().take(64).for_each(|folder| libraries_below(folder, depth + 1, found));
    }
}

/// A file of fields, each `Name: value`; lines that begin with a blank go on with the one before.
struct Description(String);

impl Description {
    fn read(path: &Path) -> Option<Self> {
        let bytes = bounded::head(path, DESCRIPTION_LIMIT).ok()?;
        Some(Self(String::from_utf8_lossy(&bytes).into_owned()))
    }

    fn field(&self, name: &str) -> Option<&str> {
        let fields = self.0.lines().filter(|line| !line.starts_with([' ', '\t'])).filter_map(|l| l.split_once(':'));
        let mut values = fields.filter(|(known, _)| *known == name).map(|(_, value)| value.trim());
        values.next().filter(|value| !value.is_empty())
    }

    /// Where a package comes from that was not taken from a repository, as remotes, pak and renv write it.
    fn origin(&self) -> Option<String> {
        let kind = self.field("RemoteType").filter(|kind| !matches!(*kind, "standard" | "cran" | "bioc"))?;
        let place = match (self.field("RemoteUsername"), self.field("RemoteRepo"), self.field("RemoteUrl")) {
            (_, _, Some(url)) if !url.starts_with('/') => super::secrets::strip_userinfo(url),
            (Some(user), Some(repository), _) => format!("{user}/{repository}"),
            _ => String::new(),
        };
        let commit = self.field("RemoteSha").map_or_else(String::new, |commit| format!("@{commit}"));
        Some(format!("{kind} {place}{commit}").trim().to_owned())
    }
}

fn field_of(path: &Path, name: &str) -> Option<String> {
    Description::read(path)?.field(name).map(str::to_owned)
}
