//! Training data that was not kept: looked for where it was and where somebody says it is, and taken only if it is the same,
//! byte for byte.

use std::fs::File;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::scratch::Scratch;
use crate::digest::{Digest, Hasher};
use crate::format::observation::ObservationRecord;
use crate::format::snapshot::{DataKind, DataRecord};
use crate::format::tree::is_component;
use crate::name::SetName;

/// Where a source of data may be: the place that was named for it, else the one it had.
pub(super) fn candidate(
    data: &DataRecord,
    given: &[(SetName, PathBuf)],
    observation: &ObservationRecord,
) -> Option<PathBuf> {
    let named = given.iter().find(|(name, _)| *name == data.name).map(|(_, path)| path.clone());
    named.or_else(|| observation.paths.get(&format!("data.{}", data.name)).map(PathBuf::from))
}

/// Copies a source of data to its place below `folder`, if what lies at `from` is that source. The copies are what is hashed: the
/// original may change meanwhile.
///
/// # Errors
/// Why it is not that source, as a sentence.
pub(super) fn take(scratch: &Scratch, folder: &str, data: &DataRecord, from: &Path) -> Result<(), String> {
    // What a record says is no reason to write elsewhere.
    if !data.path.split('/').all(is_component) {
        return Err(format!("`{}` is no place in the folder", data.path));
    }
    let wanted = data.sha256.ok_or("no digest of it is recorded")?;
    let there = from.metadata().map_err(|error| format!("{}: {error}", from.display()))?;
    let below = |path: &str| if folder.is_empty() { path.to_owned() } else { format!("{folder}/{path}") };
    let files = match (data.kind, there.is_dir()) {
        (DataKind::File, false) => vec![(from.to_path_buf(), below(&data.path), String::new())],
        (DataKind::Folder, true) => files_in(from, |path| below(&format!("{}/{path}", data.path)))?,
        (_, true) => return Err(format!("{} is a folder, and it was a file", from.display())),
        (_, false) => return Err(format!("{} is no folder, and it was one", from.display())),
    };
    let size = files.iter().filter_map(|(from, ..)| from.metadata().ok()).map(|file| file.len()).sum::<u64>();
    if (size, files.len() as u64) != (data.size, data.files) {
        let reason = format!("{} files of {size} bytes in all, not {} of {}", files.len(), data.files, data.size);
        return Err(format!("{} has {reason}", from.display()));
    }
    let mut copies = Vec::with_capacity(files.len());
    let copied = files.iter().try_fold(Vec::with_capacity(files.len()), |mut digests, (from, to, name)| {
        let copy = scratch.copy(from, to).inspect(|copy| copies.push(copy.clone()));
        let digest = copy.and_then(File::open).and_then(Digest::of_reader);
        digests.push((digest.map_err(|error| format!("{}: {error}", from.display()))?.0, name.as_str()));
        Ok::<_, String>(digests)
    });
    let refused = match copied.map(|mut digests| digest(data.kind, &mut digests)) {
        Ok(found) if found == wanted => return Ok(()),
        Ok(_) => format!("{} holds other bytes than were recorded", from.display()),
        Err(reason) => reason,
    };
    copies.iter().for_each(|copy| scratch.take_out(copy));
    Err(refused)
}

type Found = (PathBuf, String, String);

/// Every file of a folder, through links: where it lies, where it goes, its name in the folder.
fn files_in(folder: &Path, place: impl Fn(&str) -> String) -> Result<Vec<Found>, String> {
    let mut files = Vec::new();
    for entry in WalkDir::new(folder).follow_links(true).sort_by_file_name() {
        let entry = entry.map_err(|error| error.to_string())?;
        if entry.file_type().is_file() {
            let name = entry.path().strip_prefix(folder).ok().and_then(Path::to_str);
            let name = name.ok_or_else(|| format!("{}: not a name any record could hold", entry.path().display()))?;
            files.push((entry.path().to_path_buf(), place(name), name.to_owned()));
        }
    }
    Ok(files)
}

/// As [`capture`](crate::capture::data::Data::digest) has it: a file's own, or that of the folder's sorted listing.
fn digest(kind: DataKind, digests: &mut [(Digest, &str)]) -> Digest {
    if let (DataKind::File, Some((digest, _))) = (kind, digests.first()) {
        return *digest;
    }
    digests.sort_unstable();
    let mut hasher = Hasher::default();
    digests.iter().for_each(|(digest, name)| hasher.update(format!("{digest}  {name}\n").as_bytes()));
    hasher.finish()
}
