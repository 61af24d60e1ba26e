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

/// Text among results and among a model's files is looked at up to this size; larger files are tables or weights.
const TEXT_LIMIT: u64 = 32 << 20;
/// Names are looked at by so many bytes at once.
const NAMES_AT_ONCE: usize = 256 << 10;
/// Files of a model that people or their programs write for people: settings, not weights or vocabularies in text.
const SETTINGS: [&str; 13] =
    ["json", "yaml", "yml", "toml", "txt", "md", "cfg", "ini", "py", "sh", "jinja", "properties", "ipynb"];

/// Files like settings that are looked at, of one model: a model of more is a folder of data.
const MOST_SETTINGS: usize = 1000;

/// Parameters, metrics and results that are text, settings beside weights, notes, and what was given by hand.
pub(super) fn declared<'a>(
    scanner: &Scanner,
    options: &CaptureOptions,
    written: impl Iterator<Item = &'a SourceFile>,
    model: &'a [SourceFile],
) -> Result<(), CaptureError> {
    let is_setting = |file: &&SourceFile| {
        let extension = file.path().rsplit('/').next().and_then(|name| name.rsplit_once('.')).map_or("", |(_, e)| e);
        SETTINGS.iter().any(|known| extension.eq_ignore_ascii_case(known))
    };
    let mut settings: Vec<&SourceFile> = model.iter().filter(is_setting).collect();
    if settings.len() > MOST_SETTINGS {
        settings.clear();
    }
    let files: Vec<&SourceFile> = written.chain(settings).collect();
    let small = files.into_par_iter().filter(|file| file.size() <= TEXT_LIMIT);
    let scanned: Result<Vec<Vec<Finding>>, CaptureError> = small.map(|file| in_file(scanner, file)).collect();
    let mut findings: Vec<Finding> = scanned?.into_iter().flatten().collect();
    let mut given = |place: &str, text: &str| findings.extend(scanner.scan(place, text.as_bytes()));
    for (key, value) in &options.given_params {
        given("--param", &format!("{key}: {value}"));
    }
    options.seeds.iter().for_each(|(name, _)| given("--seed", name));
    options.code.iter().for_each(|scope| given("the scope of the code", scope));
    options.notes.iter().for_each(|notes| given("notes", notes));
    stop(findings)
}

/// Names of files, which stand in the store as they are.
pub(super) fn names<'a>(scanner: &Scanner, files: impl Iterator<Item = &'a SourceFile>) -> Result<(), CaptureError> {
    let everything = Scanner::default();
    let mut findings = Vec::new();
    let mut text = String::new();
    let mut of_lines: Vec<&str> = Vec::new();
    let mut look = |text: &mut String, of_lines: &mut Vec<&str>| {
        for finding in everything.scan("", text.as_bytes()) {
            let path = usize::try_from(finding.line - 1).ok().and_then(|line| of_lines.get(line)).unwrap_or(&"");
            if !scanner.allows(path, finding.rule) {
                // What is found here must not be said by naming it.
                findings.push(Finding { path: everything.redact(path).0, line: 0, rule: finding.rule });
            }
        }
        text.clear();
        of_lines.clear();
    };
    let mut folder = "";
    for file in files {
        // Of the files of a folder, its name is looked at once.
        let (parent, name) = file.path().rsplit_once('/').unwrap_or(("", file.path()));
        let shown = if parent == folder { name } else { file.path() };
        // A name may hold the end of a line.
        text.extend(shown.chars().map(|c| if c == '\n' { ' ' } else { c }));
        text.push('\n');
        of_lines.push(file.path());
        folder = parent;
        if text.len() > NAMES_AT_ONCE {
            look(&mut text, &mut of_lines);
        }
    }
    look(&mut text, &mut of_lines);
    stop(findings)
}

/// Code, and its patch. What nobody allows us to read is left out: code is found, not declared.
pub(super) fn code(scanner: &Scanner, code: &mut Code) -> Result<(), CaptureError> {
    let look = |file: &SourceFile| match file.kind {
        EntryKind::Symlink => Ok(Ok(scanner.scan(file.path(), file.target.as_deref().unwrap_or_default().as_bytes()))),
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
