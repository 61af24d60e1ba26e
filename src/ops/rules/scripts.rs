//! The files of a project that its checks are made of: an edit of one in a branch must lower no bar, so the rules in force name their bytes.
//!
//! Meant are the program of a `before` line, where it is a file of the project, and every file of it that is named behind it and is a program
//! or a script itself: `python checks/preflight.py`, `sh -c './a.sh && ./b.sh'`. What those call in turn is not followed, and a table or a
//! model that a check is handed is no part of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use crate::digest::Digest;
use crate::format::event::StageRulesRecord;
use crate::ops::VerbError;
use crate::registry::promote::Obstacle;
use crate::repository::Repository;
use crate::shell;

/// Endings of what an interpreter is handed.
const SCRIPTS: [&str; 12] = ["bash", "cjs", "jl", "js", "lua", "mjs", "pl", "ps1", "py", "r", "rb", "sh"];

/// Programs that run a file which they are handed.
const INTERPRETERS: [&str; 14] =
    ["bash", "dash", "env", "julia", "ksh", "lua", "node", "perl", "pwsh", "python", "r", "rscript", "ruby", "sh"];

/// The SHA-256 of each, by its path in the project.
///
/// # Errors
///
/// A [`VerbError`] if one is there and cannot be read.
pub(in crate::ops) fn of(repository: &Repository, commands: &[String]) -> Result<BTreeMap<String, Digest>, VerbError> {
    let mut found = BTreeMap::new();
    let Some(project) = repository.project() else { return Ok(found) };
    // What is no command is told where it is run.
    for words in commands.iter().filter_map(|command| shell::words(command).ok()) {
        let mut is_interpreted = words.first().is_some_and(|program| is_interpreter(program))
            && !words.iter().any(|word| word == "-c" || word == "-m");
        for (place, word) in words.iter().enumerate() {
            // A program without a folder is one of the system's.
            let is_program = place == 0 && word.contains('/');
            if place == 0 && !is_program {
                continue;
            }
            for part in parts(word) {
                let path = project.join(part);
                let Some(name) = within(project, &path).filter(|_| path.is_file()) else { continue };
                // The first file that an interpreter is handed is what it runs, whatever it is called.
                let is_run = is_program || std::mem::take(&mut is_interpreted) || is_script(&path);
                if is_run && !found.contains_key(&name) {
                    found.insert(name, digest(&path)?);
                }
            }
        }
    }
    Ok(found)
}

/// That the checks of a stage are made of other files now than its rules name. Without a checkout none are run.
pub(in crate::ops) fn obstacle(
    repository: &Repository,
    rules: &StageRulesRecord,
) -> Result<Option<Obstacle>, VerbError> {
    if repository.project().is_none() || repository.config().is_none() {
        return Ok(None);
    }
    let now = of(repository, &rules.before)?;
    let names: BTreeSet<&String> = rules.scripts.keys().chain(now.keys()).collect();
    let files: Vec<String> =
        names.into_iter().filter(|name| rules.scripts.get(*name) != now.get(*name)).cloned().collect();
    Ok((!files.is_empty()).then_some(Obstacle::OtherChecks { files }))
}

/// A word, and where it may be a line for a shell, the words of that, as far as quotes and operators part them.
fn parts(word: &str) -> impl Iterator<Item = &str> {
    let separates = |c: char| c.is_whitespace() || "\"'`;&|()<>=".contains(c);
    let line = word.contains(separates).then(|| word.split(separates).filter(|part| !part.is_empty()));
    std::iter::once(word).chain(line.into_iter().flatten())
}

/// What a file below the project is called in it. Links are followed, as whoever runs it does: what lies elsewhere is none of its files.
fn within(project: &Path, path: &Path) -> Option<String> {
    let (project, path) = (project.canonicalize().ok()?, path.canonicalize().ok()?);
    let names: Option<Vec<&str>> =
        path.strip_prefix(project).ok()?.components().map(|name| name.as_os_str().to_str()).collect();
    names.filter(|names| !names.is_empty()).map(|names| names.join("/"))
}

/// `python3.11` is `python`, wherever it lies.
fn is_interpreter(program: &str) -> bool {
    let name = program.rsplit('/').next().unwrap_or(program).to_ascii_lowercase();
    INTERPRETERS.contains(&name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.'))
}

fn is_script(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
    let named = ending.is_some_and(|ending| SCRIPTS.contains(&ending.as_str()));
    let begins = || {
        let mut start = [0; 2];
        File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok() && start == *b"#!"
    };
    named || begins()
}

fn digest(path: &Path) -> Result<Digest, VerbError> {
    let failed = |source| VerbError::Io { action: "read the check", path: path.to_path_buf(), source };
    Ok(File::open(path).and_then(Digest::of_reader).map_err(failed)?.0)
}
