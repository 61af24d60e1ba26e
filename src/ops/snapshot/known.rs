//! What is known of a workspace's files, from one verb to the next.

use std::path::{Path, PathBuf};

use crate::capture::CaptureOptions;
use crate::capture::known::Known;
use crate::digest::Digest;
use crate::format::known::{self, KnownFilesRecord};
use crate::id::FileId;
use crate::name::ModelName;
use crate::ops::records;
use crate::registry::State;
use crate::repository::Repository;
use crate::store::CACHE;

/// No list of files is longer: 1 GiB.
const MAX_LIST: u64 = 1 << 30;

/// What was kept for this model in this workspace.
pub(in crate::ops) fn load<'r>(repository: &'r Repository, model: &ModelName) -> Known<'r> {
    let backend = repository.store().backend();
    Known::new(workspace(repository), kept(repository, model), || backend.now())
}

/// The files of this model in this workspace that are at least `smallest` bytes long, by what they hashed to when they were
/// read last.
pub(in crate::ops) fn files(repository: &Repository, model: &ModelName, smallest: u64) -> Vec<(FileId, PathBuf)> {
    let (kept, workspace) = (kept(repository, model), workspace(repository));
    let large = kept.iter().filter(|(_, file)| file.stamp.size >= smallest);
    large.map(|(path, file)| (FileId::new(file.sha256), workspace.join(path))).collect()
}

/// Tells a capture what the newest version says of its data, so that a table that is what it was is not read again. What
/// cannot be read is read from the files. Names of columns in which a secret was found are looked at again.
pub(in crate::ops) fn tell_data(repository: &Repository, options: &mut CaptureOptions) {
    if options.data.is_empty() {
        return;
    }
    let state = repository.registry().state(&options.model).ok().flatten();
    let latest = state.as_ref().and_then(State::latest);
    let Some(record) = latest.and_then(|row| records::snapshot(repository, row.snapshot).ok()) else { return };
    let clean = |field: &str| record.redactions.iter().all(|redaction| redaction.field != field);
    for input in &mut options.data {
        let before = record.data.iter().find(|data| data.name == input.name);
        input.before = before.filter(|data| clean(&format!("data.{}.schema", data.name))).cloned();
    }
}

fn workspace(repository: &Repository) -> &Path {
    repository.project().unwrap_or_else(|| repository.store_path())
}

fn kept(repository: &Repository, model: &ModelName) -> KnownFilesRecord {
    let bytes = repository.store().backend().read(&path(repository, model), MAX_LIST).ok();
    bytes.and_then(|bytes| known::decode(&bytes)).unwrap_or_default()
}

/// Keeps it for the next time. A cache: where it cannot be written, files are read again.
pub(in crate::ops) fn keep(repository: &Repository, model: &ModelName, known: Known<'_>) {
    if let Some(bytes) = known.into_kept().and_then(|record| known::encode(&record).ok()) {
        let _ = repository.store().backend().cache(&path(repository, model), &bytes);
    }
}

fn path(repository: &Repository, model: &ModelName) -> String {
    let workspace = Digest::of(workspace(repository).as_os_str().as_encoded_bytes());
    let first = repository.registry().first_name(model).unwrap_or_else(|_| model.clone());
    format!("{CACHE}/known/{workspace}/{}", first.folder())
}
