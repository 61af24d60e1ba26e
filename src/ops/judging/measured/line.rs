//! One command line, run in a model's folder, and how it ended.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use super::Wanted;
use super::side::Place;
use crate::capture::secrets::Scanner;
use crate::clock::describe_duration;
use crate::ops::VerbError;
use crate::ops::error::MeasureError;
use crate::ops::judging::evidence::MAX_TABLE;
use crate::ops::scratch::Scratch;
use crate::ops::snapshot;
use crate::process::{self, Interruption, Program, Watched};
use crate::shell;

/// Of a command that failed, so much is told of what it wrote last: lines, and characters.
const LINES: usize = 3;
const CHARACTERS: usize = 400;
/// So much of it is kept until then.
const TAIL: usize = 4 << 10;

/// Runs command lines.
pub(super) struct Shell<'a> {
    pub scratch: &'a Scratch,
    pub interruption: &'a Interruption,
    /// The environment that they find first.
    pub prefix: Option<&'a Path>,
}

/// A command line.
pub(super) struct Line<'a> {
    /// With placeholders.
    pub command: &'a str,
    /// What stands in their places.
    pub places: &'a [(&'a str, &'a Path)],
    pub at: &'a Place,
    /// A folder for what it writes.
    pub out: &'a Path,
    /// Variables it gets.
    pub variables: &'a [(String, OsString)],
    /// Seconds.
    pub timeout: u64,
    /// Where its standard output goes; none: nowhere.
    pub answer: Option<&'a File>,
}

/// How a command line ended.
pub(super) struct Ended {
    pub end: process::Ended,
    /// Why that is no success.
    pub failed: Option<String>,
}

impl Ended {
    /// Its exit status, 128 and the signal where one ended it; none: its time was up.
    pub(super) fn status(&self) -> Option<i32> {
        match (self.end.timed_out, self.end.status, self.end.signal) {
            (false, Some(status), _) => Some(status),
            (false, None, Some(signal)) => Some(128 + signal),
            _ => None,
        }
    }
}

impl Shell<'_> {
    /// A new folder for what a command writes.
    pub(super) fn out(&self, name: &str) -> Result<PathBuf, VerbError> {
        let folder = self.scratch.files().join("out").join(name);
        self.scratch.folder(&folder)?;
        Ok(folder)
    }

    /// Runs a command line to its end.
    ///
    /// # Errors
    /// A signal came.
    pub(super) fn run(&self, line: &Line<'_>) -> Result<Ended, VerbError> {
        let text = filled(line.command, line.places);
        let (program, option) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
        let arguments = [OsString::from(option), OsString::from(text)];
        let mut set: Vec<(String, OsString)> = vec![("TMPDIR".to_owned(), line.out.into())];
        set.extend(self.prefix.into_iter().flat_map(snapshot::interpreter::activated));
        set.extend(line.variables.iter().cloned());
        // What a caller's own git hook has set would lead out of the folder.
        let unset = ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX"].map(str::to_owned);
        let shell =
            Program { set: &set, unset: &unset, ..Program::new(OsStr::new(program), &arguments, &line.at.folder) };
        let what = Watched {
            limit: Some(Duration::from_secs(line.timeout)),
            interruption: Some(self.interruption),
            alone: true,
            answer: line.answer,
            longest_file: Some(MAX_TABLE),
            ..Watched::new(shell)
        };
        let mut said = Vec::new();
        let ended = process::run_watched(&what, &mut |bytes| {
            said.extend_from_slice(bytes);
            let surplus = said.len().saturating_sub(TAIL);
            said.drain(..surplus);
        });
        if let Some(signal) = self.interruption.signal() {
            return Err(MeasureError::Interrupted { signal }.into());
        }
        let failed = |source| VerbError::NotStarted { program: program.to_owned(), source };
        let end = ended.map_err(|error| failed(error.source))?;
        let how = match (end.timed_out, end.status, end.signal) {
            (true, ..) => Some(format!("it did not end in {}", describe_duration(Duration::from_secs(line.timeout)))),
            (_, Some(0), _) => None,
            (_, Some(status), _) => Some(format!("it ended with status {status}")),
            (_, None, Some(signal)) => Some(format!("it was ended by signal {signal}")),
            _ => Some("it was ended".to_owned()),
        };
        let last = self.last_lines(&said);
        let failed = how.map(|how| if last.is_empty() { how } else { format!("{how}: {last}") });
        Ok(Ended { end, failed })
    }

    /// The last of what a command said: without secrets, without the name of a folder that is gone by the time it is read, and
    /// on one line.
    fn last_lines(&self, said: &[u8]) -> String {
        let text = String::from_utf8_lossy(said);
        let text = Scanner::new(&[]).redact(&self.scratch.redacted(&text)).0;
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let last = lines[lines.len().saturating_sub(LINES)..].join(" / ");
        let clean: Vec<char> = last.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        clean[clean.len().saturating_sub(CHARACTERS)..].iter().collect()
    }
}

/// The command with paths in the places of its placeholders, each one word.
fn filled(command: &str, places: &[(&str, &Path)]) -> String {
    let mut text = String::new();
    let mut rest = command;
    while let Some(at) = rest.find('{') {
        text += &rest[..at];
        rest = &rest[at..];
        match places.iter().find(|(name, _)| rest[1..].starts_with(name) && rest[1 + name.len()..].starts_with('}')) {
            Some((name, path)) => {
                text += &shell::word(&path.display().to_string());
                rest = &rest[name.len() + 2..];
            }
            None => {
                text.push('{');
                rest = &rest[1..];
            }
        }
    }
    text + rest
}

/// What a command that failed names that lies in the project, and not where it was run: the code that a version was taken with
/// does not include it.
pub(super) fn not_restored(wanted: &Wanted<'_>, command: &str, at: &Place) -> String {
    let Some(project) = wanted.repository.project() else { return String::new() };
    let is_left_out = |word: &&str| {
        let path = Path::new(word);
        path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
            && project.join(path).is_file()
            && !at.folder.join(path).exists()
    };
    let word = |word: &str| word.trim_matches(['\'', '"', ';', '(', ')']).to_owned();
    let words: Vec<String> = command.split_whitespace().map(word).collect();
    match words.iter().map(String::as_str).filter(|word| !word.is_empty()).find(is_left_out) {
        Some(path) => format!("; `{path}` is not in the code it was restored with: add it to the model's `code = […]`"),
        None => String::new(),
    }
}
