//! Looking for secrets in everything that would be stored as people wrote it. A hit stops the capture.

use std::io;

use rayon::prelude::*;

use super::CaptureOptions;
use super::code::Code;
use super::error::CaptureError;
use super::files::SourceFile;
use super::patch::sections;
use super::secrets::{Finding, Scanner};
use crate::format::snapshot::LeftOutRecord;
use crate::format::tree::EntryKind;
use crate::store::Source;

/// Parameters, metrics, notes.
pub(super) fn declared(
    scanner: &Scanner,
    options: &CaptureOptions,
    params: &[SourceFile],
    metrics: &[SourceFile],
) -> Result<(), CaptureError> {
    let mut findings = Vec::new();
    for file in params.iter().chain(metrics) {
        findings.extend(in_file(scanner, file)?);
    }
    for (key, value) in &options.given_params {
        findings.extend(scanner.scan("--param", format!("{key}: {value}").as_bytes()));
    }
    if let Some(notes) = &options.notes {
        findings.extend(scanner.scan("notes", notes.as_bytes()));
    }
    stop(findings)
}

/// Code, and its patch. What nobody allows us to read is left out: code is found, not declared.
pub(super) fn code(scanner: &Scanner, code: &mut Code) -> Result<(), CaptureError> {
    let look = |file: &SourceFile| match file.kind {
        EntryKind::Symlink => Ok(Ok(Vec::new())),
        _ => match in_file(scanner, file) {
            Err(CaptureError::Unreadable { source, .. }) if source.kind() == io::ErrorKind::PermissionDenied => {
                Ok(Err(format!("it cannot be read: {source}")))
            }
            other => other.map(Ok),
        },
    };
    let scanned: Result<Vec<Result<Vec<Finding>, String>>, CaptureError> = code.files.par_iter().map(look).collect();
    let mut findings = Vec::new();
    let mut scanned = scanned?.into_iter();
    let (left_out, untracked) = (&mut code.left_out, &mut code.untracked);
    code.files.retain(|file| match scanned.next() {
        Some(Ok(found)) => {
            findings.extend(found);
            true
        }
        Some(Err(reason)) => {
            untracked.retain(|path| path != file.path());
            left_out.push(LeftOutRecord { path: file.path().to_owned(), size: Some(file.size()), reason });
            false
        }
        None => true,
    });
    // What a patch takes away is not in any file.
    if let Some(patch) = &code.patch {
        for (path, section) in sections(patch) {
            let known = |finding: &Finding| findings.iter().any(|f: &Finding| f.path == path && f.rule == finding.rule);
            let found = scanner.scan(&path, section);
            let new: Vec<_> = found.into_iter().filter(|f| !known(f)).collect();
            findings.extend(new);
        }
    }
    stop(findings)
}

/// What is found in a file, however large it is.
fn in_file(scanner: &Scanner, file: &SourceFile) -> Result<Vec<Finding>, CaptureError> {
    let unreadable = |source| CaptureError::Unreadable { path: file.disk(), source };
    match file.open().and_then(|reader| scanner.scan_stream(file.path(), reader)).map_err(unreadable)? {
        Some(scanned) => file.finished(scanned.read).map_err(unreadable).map(|()| scanned.findings),
        None => Ok(Vec::new()),
    }
}

fn stop(findings: Vec<Finding>) -> Result<(), CaptureError> {
    if findings.is_empty() { Ok(()) } else { Err(CaptureError::Secrets { findings }) }
}
