//! What is known of a workspace's files, from one verb to the next.

use std::path::PathBuf;

use crate::capture::known::Known;
use crate::digest::Digest;
use crate::format::known::{self, KnownFilesRecord};
use crate::id::FileId;
use crate::name::ModelName;
use crate::repository::Repository;
use crate::store::CACHE;

/// No list of files is longer: 1 GiB.
const MAX_LIST: u64 = 1 << 30;

/// What was kept for this model in this workspace.
pub(super) fn load<'r>(repository: &'r Repository, model: &ModelName) -> Known<'r> {
    let backend = repository.store().backend();
    Known::new(kept(repository, model), || backend.now())
}

/// The files of this model in this workspace, by what they hashed to when they were read last.
pub(super) fn files(repository: &Repository, model: &ModelName) -> impl Iterator<Item = (FileId, PathBuf)> {
    let files = kept(repository, model).files.into_iter();
    files.map(|file| (FileId::new(file.sha256), PathBuf::from(file.path)))
}

fn kept(repository: &Repository, model: &ModelName) -> KnownFilesRecord {
    let bytes = repository.store().backend().read(&path(repository, model), MAX_LIST).ok();
    bytes.and_then(|bytes| known::decode(&bytes)).unwrap_or_default()
}

/// Keeps it for the next time. A cache: where it cannot be written, files are read again.
pub(super) fn keep(repository: &Repository, model: &ModelName, known: &Known<'_>) {
    if let Some(bytes) = known.to_keep().and_then(|record| known::encode(&record).ok()) {
        let _ = repository.store().backend().cache(&path(repository, model), &bytes);
    }
}

fn path(repository: &Repository, model: &ModelName) -> String {
    let project = repository.project().unwrap_or_else(|| repository.store_path());
    let workspace = Digest::of(project.as_os_str().as_encoded_bytes());
    format!("{CACHE}/known/{workspace}/{}", model.folder())
}
