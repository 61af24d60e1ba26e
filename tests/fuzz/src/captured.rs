//! What the outside world says: parameters, secrets, installed packages, the machine.

use std::collections::BTreeMap;
use std::fs;

use mlrun::capture::ignored::Ignored;
use mlrun::capture::machine as described;
use mlrun::capture::python::{Interpreter, packages};
use mlrun::capture::secrets::{Allowance, Scanner, forbidden_name, strip_userinfo};
use mlrun::capture::values::{Syntax, parse};
use mlrun::format::canonical;
use mlrun::format::scalar::Scalar;

use crate::folder;

/// A parameter file in YAML.
pub fn yaml(data: &[u8]) {
    values(Syntax::Yaml, data);
}

/// A parameter file in TOML.
pub fn toml(data: &[u8]) {
    values(Syntax::Toml, data);
}

/// A parameter file in JSON.
pub fn json(data: &[u8]) {
    values(Syntax::Json, data);
}

/// What is read can be recorded, and is the same when the record is read.
fn values(syntax: Syntax, data: &[u8]) {
    let found = match parse(syntax, data) {
        Ok(found) => found,
        Err(error) => {
            let lines = 1 + data.iter().filter(|byte| **byte == b'\n').count();
            // Carriage returns end lines of YAML.
            let lines = lines + data.iter().filter(|byte| **byte == b'\r').count();
            assert!(error.line.is_none_or(|line| (1..=lines + 1).contains(&line)), "{error}");
            return;
        }
    };
    let bytes = canonical::encode("values", &found).expect("values can be recorded");
    let again: BTreeMap<String, Scalar> = serde_json::from_slice(&bytes).expect("what was written can be read");
    assert_eq!(again, found);
}

/// Text with and without secrets: found the same however it is read, and gone from text that was cleaned.
pub fn secrets(data: &[u8]) {
    let scanner = Scanner::default();
    let found = scanner.scan("notes.txt", data);
    let streamed = scanner.scan_stream("notes.txt", data).expect("memory can be read");
    assert_eq!(streamed.map(|scanned| scanned.findings).unwrap_or_default(), found);
    let lines = 1 + data.iter().filter(|byte| **byte == b'\n').count() as u64;
    assert!(found.iter().all(|finding| (1..=lines).contains(&finding.line)));
    let text = String::from_utf8_lossy(data);
    let (clean, _) = scanner.redact(&text);
    assert_eq!(scanner.redact(&clean).0, clean, "something was left");
    let arguments: Vec<String> = text.split(' ').map(str::to_owned).collect();
    assert_eq!(scanner.redact_arguments(&arguments).0.len(), arguments.len());
    let _ = (strip_userinfo(&text), forbidden_name(&text), Allowance::parse(&text));
}

/// The same, where the windows of a stream meet.
pub fn secrets_stream(data: &[u8]) {
    let Some((places, text)) = data.split_first_chunk::<3>() else { return };
    // Behind this many bytes, a window ends or the next one begins.
    let meet = if places[0] & 1 == 0 { (1 << 20) - (64 << 10) } else { 1 << 20 };
    let before = meet - 512 + usize::from(u16::from_le_bytes([places[1], places[2]]) & 0x3FF);
    let mut file = b"nothing to see here\n".repeat(before / 20);
    file.extend_from_slice(text);
    file.extend_from_slice(&b"\nnothing either\n".repeat(usize::from(places[0] >> 1) * 64));
    let scanner = Scanner::default();
    let streamed = scanner.scan_stream("notes.txt", file.as_slice()).expect("memory can be read").expect("text");
    assert_eq!(streamed.read, file.len() as u64);
    assert_eq!(streamed.findings, scanner.scan("notes.txt", &file));
}

/// The metadata of an installed package, and behind a NUL its origin.
pub fn installed(data: &[u8]) {
    let site = folder().join("site-packages");
    let package = site.join("package-1.0.dist-info");
    fs::create_dir_all(&package).expect("a folder for temporary files");
    let (metadata, origin) = data.split_at(data.iter().position(|byte| *byte == 0).unwrap_or(data.len()));
    fs::write(package.join("METADATA"), metadata).expect("a temporary file can be written");
    fs::write(package.join("direct_url.json"), origin.get(1..).unwrap_or_default()).expect("the same");
    let interpreter = Interpreter {
        prefix: folder(),
        version: None,
        implementation: "CPython",
        folders: vec![site],
        reason: "it is made up".to_owned(),
    };
    let found = packages(&interpreter, &folder());
    assert!(found.versions.len() + found.problems.len() == 1 && found.origins.len() <= 1, "{found:?}");
}

/// What Linux says of the machine.
pub fn machine(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let _ = (described::system(&text), described::memory(&text), described::processor(&text));
}

/// `.mlrunignore`: rules that are accepted can be asked.
pub fn ignored(data: &[u8]) {
    let project = folder();
    fs::write(project.join(".mlrunignore"), data).expect("a temporary file can be written");
    let Ok(rules) = Ignored::read(&project) else { return };
    // A rule of our own, unless somebody takes it back.
    assert!(rules.covers(&project.join(".git"), true) || rules.lines().iter().any(|line| line.starts_with('!')));
    for path in ["model.pt", "out/run 1/model.pt", "a/b/c/d/e/f", "\u{e9}"] {
        let _ = (rules.covers(&project.join(path), false), rules.covers(path.as_ref(), true));
    }
    for line in rules.lines() {
        let _ = rules.covers(&project.join(line), false);
    }
}
