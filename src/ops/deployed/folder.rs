//! What lies in a folder that a server reads, beside the files of versions.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs::{self, File, FileType};
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::digest::Digest;
use crate::format::tree::EntryKind;
use crate::name::{StageName, Version};
use crate::ops::VerbError;
use crate::registry::State;
use crate::repository::Repository;
use crate::snapshot::{TreeFile, files_of};

/// Versions that a folder is compared with.
const MOST: usize = 1000;

/// The version whose model files a folder holds, and nothing among them: those that held the stage are looked at first, then the newest.
pub(super) fn version_in(
    repository: &Repository,
    state: &State,
    stage: Option<&StageName>,
    folder: &Path,
) -> Result<Option<Version>, VerbError> {
    let timeline = stage.and_then(|stage| state.stages.get(stage)).map(|row| &row.timeline);
    let held = timeline.into_iter().flat_map(|timeline| timeline.iter().rev());
    let held = held.filter_map(|held| state.version(held.version));
    let mut seen = HashSet::new();
    let versions = held.chain(state.versions.iter().rev()).filter(|row| seen.insert(row.model_tree)).take(MOST);
    let mut served = Served::default();
    for row in versions {
        // What cannot be read cannot be what is served.
        let Ok(files) = files_of(repository.store(), row.model_tree) else { continue };
        if served.are(folder, &files) {
            return Ok(Some(row.version));
        }
    }
    Ok(None)
}

/// The digests of files that were read once.
#[derive(Default)]
struct Served(HashMap<PathBuf, Option<Digest>>);

impl Served {
    /// Whether a folder holds these files, and none besides.
    fn are(&mut self, folder: &Path, files: &[TreeFile]) -> bool {
        let above = match without(folder, files) {
            above if above.is_empty() => 0,
            above => above.len() + 1,
        };
        let wanted: BTreeMap<&str, &TreeFile> = files.iter().map(|file| (&file.path[above..], file)).collect();
        !wanted.is_empty()
            && wanted.iter().all(|(path, file)| self.is(folder.join(path), file))
            && extra(folder, &wanted).is_empty()
    }

    fn is(&mut self, disk: PathBuf, file: &TreeFile) -> bool {
        if file.kind == EntryKind::Symlink {
            return fs::read_link(&disk).is_ok_and(|found| found.to_str() == file.target.as_deref());
        }
        let Some(id) = file.id else { return true };
        let found = fs::metadata(&disk);
        if !found.is_ok_and(|found| found.is_file() && found.len() == file.size) {
            return false;
        }
        let digest = self
            .0
            .entry(disk)
            .or_insert_with_key(|disk| File::open(disk).and_then(Digest::of_reader).ok().map(|(digest, _)| digest));
        *digest == Some(id.digest())
    }
}

/// The folders that all of a version's paths begin with and the serving folder does not have: servers are often given what is
/// in `model/`, not the folder around it. The most files that are there decide, the whole path where it makes no difference.
pub(super) fn without(folder: &Path, expected: &[TreeFile]) -> String {
    let Some(first) = expected.first() else { return String::new() };
    let in_all = |above: &&str| {
        expected.iter().all(|file| file.path.strip_prefix(above).is_some_and(|rest| rest.starts_with('/')))
    };
    let folders = first.path.match_indices('/').map(|(end, _)| &first.path[..end]).take_while(in_all);
    let there = |above: usize| {
        expected.iter().filter(|file| folder.join(&file.path[above..]).symlink_metadata().is_ok()).count()
    };
    let mut best = (there(0), "");
    for above in folders {
        let found = there(above.len() + 1);
        if found > best.0 {
            best = (found, above);
        }
    }
    best.1.to_owned()
}

/// Files that lie among the version's and are none of them. Beside files that are served from the folder itself everything is
/// among them; beside folders, what is in those.
pub(super) fn extra(folder: &Path, wanted: &BTreeMap<&str, &TreeFile>) -> Vec<(String, String)> {
    let tops: BTreeSet<&str> = wanted.keys().map(|path| path.split_once('/').map_or("", |(top, _)| top)).collect();
    let roots: Vec<PathBuf> = match tops.contains("") {
        true => vec![folder.to_owned()],
        false => tops.iter().map(|top| folder.join(top)).collect(),
    };
    let mut found = Vec::new();
    for entry in roots.iter().flat_map(|root| WalkDir::new(root).follow_links(true).sort_by_file_name()) {
        let (path, what) = match &entry {
            Ok(entry) if entry.file_type().is_dir() => continue,
            Ok(entry) if !entry.file_type().is_file() => (entry.path(), what_is_no_file(entry.file_type()).to_owned()),
            Ok(entry) => {
                let size = entry.metadata().map_or(0, |found| found.len());
                (entry.path(), format!("a file of {size} bytes"))
            }
            // Where a folder is missing, its files have been said to be.
            Err(error) => match error.path() {
                Some(path) if path.symlink_metadata().is_ok() => (path, format!("what cannot be looked into: {error}")),
                _ => continue,
            },
        };
        let relative = path.strip_prefix(folder).unwrap_or(path).to_string_lossy().replace('\\', "/");
        if !wanted.contains_key(relative.as_str()) {
            found.push((relative, what));
        }
    }
    found
}

/// What lies where a file should.
pub(super) fn what_is_no_file(kind: FileType) -> &'static str {
    if kind.is_dir() {
        return "a folder";
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if kind.is_fifo() {
            return "a pipe";
        }
        if kind.is_socket() {
            return "a socket";
        }
        if kind.is_block_device() || kind.is_char_device() {
            return "a device";
        }
    }
    "what is no file"
}
