//! What is known of a workspace's files, from one verb to the next.

use crate::capture::known::Known;
use crate::digest::Digest;
use crate::format::known;
use crate::name::ModelName;
use crate::repository::Repository;
use crate::store::CACHE;

/// No list of files is longer: 1 GiB.
const MAX_LIST: u64 = 1 << 30;

/// What was kept for this model in this workspace.
pub(super) fn load<'r>(repository: &'r Repository, model: &ModelName) -> Known<'r> {
    let backend = repository.store().backend();
    let kept = backend.read(&path(repository, model), MAX_LIST).ok().and_then(|bytes| known::decode(&bytes));
    Known::new(kept.unwrap_or_default(), || backend.now())
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
