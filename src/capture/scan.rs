//! Looking for secrets in everything that would be stored as people wrote it. A hit stops the capture.

use rayon::prelude::*;

use super::CaptureOptions;
use super::code::Code;
use super::error::CaptureError;
use super::files::SourceFile;
use super::secrets::{Finding, Scanner};
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

/// Code, and its patch.
pub(super) fn code(scanner: &Scanner, code: &Code) -> Result<(), CaptureError> {
    let scanned: Result<Vec<Vec<Finding>>, CaptureError> = code
        .files
        .par_iter()
        .filter(|file| file.kind != EntryKind::Symlink)
        .map(|file| in_file(scanner, file))
        .collect();
    let mut findings: Vec<Finding> = scanned?.into_iter().flatten().collect();
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

/// The parts of a patch, each with the file it is about, so that what is allowed in a file is allowed here.
fn sections(patch: &[u8]) -> Vec<(String, &[u8])> {
    const START: &[u8] = b"diff --git ";
    let mut starts: Vec<usize> = Vec::new();
    let mut line = 0;
    while line < patch.len() {
        if patch[line..].starts_with(START) {
            starts.push(line);
        }
        line = patch[line..].iter().position(|b| *b == b'\n').map_or(patch.len(), |n| line + n + 1);
    }
    let ends = starts.iter().skip(1).copied().chain([patch.len()]);
    starts
        .iter()
        .zip(ends)
        .map(|(start, end)| {
            let section = &patch[*start..end];
            let head = section.split(|b| *b == b'\n').next().unwrap_or_default();
            let head = String::from_utf8_lossy(head);
            let path = head.rsplit_once(" b/").map_or_else(|| head.to_string(), |(_, path)| path.to_owned());
            (path, section)
        })
        .collect()
}

fn stop(findings: Vec<Finding>) -> Result<(), CaptureError> {
    if findings.is_empty() { Ok(()) } else { Err(CaptureError::Secrets { findings }) }
}
