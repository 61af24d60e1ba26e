//! What the files of a model say of themselves, for the record: read once for each content, and never again.

use std::fs::File;
use std::io;

use super::folders::TreeFile;
use super::tensors;
use crate::capture::found;
use crate::capture::source_file::SourceFile;
use crate::digest::Digest;
use crate::format::found::{FoundFileRecord, FoundRecord};
use crate::id::FileId;
use crate::store::Writer;

/// Looks into `files`, which `stored` names by what they hold; `before` has what was found in the version before.
///
/// A file that cannot be read any more is recorded as that: what was stored is whole all the same.
pub fn look(
    writer: &Writer<'_>,
    files: &[SourceFile],
    stored: &[TreeFile],
    before: Option<&FoundRecord>,
) -> FoundRecord {
    let mut record = FoundRecord::default();
    for file in files {
        let at = stored.binary_search_by(|other| other.path.as_str().cmp(file.path()));
        let Some(id) = at.ok().and_then(|at| stored[at].id) else { continue };
        let known = before.and_then(|before| before.files.iter().find(|known| known.sha256 == Some(id.digest())));
        let found = match known {
            Some(known) => Some(FoundFileRecord { path: file.path().to_owned(), ..known.clone() }),
            None => fresh(writer, file, id).unwrap_or_else(|error| Some(unread(file, id.digest(), &error))),
        };
        record.files.extend(found);
    }
    record
}

fn fresh(writer: &Writer<'_>, file: &SourceFile, id: FileId) -> io::Result<Option<FoundFileRecord>> {
    let (found, tensors) = found::look(file)?;
    let Some(mut found) = found else { return Ok(None) };
    found.sha256 = Some(id.digest());
    if !tensors.is_empty() {
        let mut input = File::open(file.disk())?;
        found.tensors = Some(tensors::describe(&mut input, &tensors, writer.recipe(id).as_ref())?);
    }
    Ok(Some(found))
}

/// Looks into a file that is not stored.
///
/// # Errors
/// It cannot be read, or changes meanwhile.
pub fn alone(file: &SourceFile) -> io::Result<Option<FoundFileRecord>> {
    let (found, all) = found::look(file)?;
    let Some(mut found) = found else { return Ok(None) };
    if !all.is_empty() {
        found.tensors = Some(tensors::describe(&mut File::open(file.disk())?, &all, None)?);
    }
    Ok(Some(found))
}

fn unread(file: &SourceFile, sha256: Digest, error: &io::Error) -> FoundFileRecord {
    FoundFileRecord {
        path: file.path().to_owned(),
        sha256: Some(sha256),
        format: "unknown".to_owned(),
        findings: vec![format!("it could not be looked into: {error}")],
        ..FoundFileRecord::default()
    }
}
