//! One hook, run in the project's folder: a program with its arguments and no shell, which nothing it was given outlives.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Checkout, HookReport, Moved, recorded};
use crate::capture::secrets::Scanner;
use crate::clock::describe_duration;
use crate::format::event::HookOutcome;
use crate::ops::judging::measured::holding;
use crate::ops::restore::{Part, RestoreOptions, restore};
use crate::ops::scratch::Scratch;
use crate::ops::{VerbError, chain};
use crate::process::{self, Ended, Interruption, ProcessError, Program, Watched};
use crate::shell;

/// So much is kept of the end of what a hook says, in bytes.
const TAIL: usize = 4 << 10;
/// Stands in a command for the folder that holds the version's model files.
const MODEL: &str = "{model}";

/// What the hooks of one move share.
pub(super) struct Prepared<'a> {
    moved: &'a Moved<'a>,
    input: &'a [u8],
    /// Made when the first hook asks for it, and removed with this.
    model: Option<(Scratch, PathBuf)>,
}

impl<'a> Prepared<'a> {
    pub(super) const fn new(moved: &'a Moved<'a>, input: &'a [u8]) -> Self {
        Self { moved, input, model: None }
    }

    /// Runs a hook to its end, or until its time is up.
    pub(super) fn run(
        &mut self,
        command: &str,
        checkout: &Checkout,
        interruption: &Interruption,
        heard: &mut dyn FnMut(&[u8]),
    ) -> HookReport {
        let (mut said, mut cut) = (Vec::new(), false);
        let ended = self.words(command).map(|words| {
            self.start(&words, checkout, interruption, &mut |bytes| {
                heard(bytes);
                said.extend_from_slice(bytes);
                let surplus = said.len().saturating_sub(TAIL);
                cut |= surplus > 0;
                said.drain(..surplus);
            })
        });
        // Half a secret is not seen as one.
        if let Some(end) = said.iter().position(|byte| *byte == b'\n').filter(|_| cut) {
            said.drain(..=end);
        }
        let mut report = HookReport { command: recorded(command), ..self.moved.skipped(command) };
        let why = match ended {
            Err(why) => {
                report.outcome = HookOutcome::NotStarted;
                Some(why)
            }
            Ok(Err(error)) => {
                report.outcome = HookOutcome::NotStarted;
                Some(error.source.to_string())
            }
            Ok(Ok(ended)) => {
                (report.exit, report.took) = (ended.status, ended.took);
                report.outcome = match (ended.timed_out, ended.status) {
                    (true, _) => HookOutcome::TimedOut,
                    (false, Some(0)) => HookOutcome::Succeeded,
                    (false, _) => HookOutcome::Failed,
                };
                how(&ended, checkout.limit, interruption)
            }
        };
        let told = [self.printable(&said), why.unwrap_or_default()];
        let told: Vec<&str> = told.iter().map(String::as_str).filter(|text| !text.is_empty()).collect();
        report.said = (!told.is_empty()).then(|| told.join("\n"));
        report
    }

    /// The words of a command, with the model's folder in the place of `{model}`.
    fn words(&mut self, command: &str) -> Result<Vec<OsString>, String> {
        let words = shell::words(command).map_err(|error| error.to_string())?;
        if !words.iter().any(|word| word.contains(MODEL)) {
            return Ok(words.into_iter().map(OsString::from).collect());
        }
        let model = self.model().map_err(|error| format!("the model cannot be restored: {}", chain(&error)))?;
        let put = |word: String| -> OsString {
            let mut filled = OsString::new();
            for (place, part) in word.split(MODEL).enumerate() {
                if place > 0 {
                    filled.push(model);
                }
                filled.push(part);
            }
            filled
        };
        Ok(words.into_iter().map(put).collect())
    }

    /// The folder that holds the model's files, restored once for all hooks.
    fn model(&mut self) -> Result<&Path, VerbError> {
        if self.model.is_none() {
            let scratch = Scratch::temporary("hook")?;
            let options = RestoreOptions {
                revision: format!("{}@{}", self.moved.model, self.moved.version),
                to: scratch.files(),
                only: vec![Part::Model],
                ..RestoreOptions::default()
            };
            let restored = restore(self.moved.repository, &options, self.moved.progress)?;
            let paths: Vec<String> = restored.plan.files.into_iter().map(|file| file.path).collect();
            let folder = scratch.files().join(holding(&paths));
            self.model = Some((scratch, folder));
        }
        Ok(self.model.as_ref().map_or(Path::new(""), |(_, folder)| folder.as_path()))
    }

    fn start(
        &self,
        words: &[OsString],
        checkout: &Checkout,
        interruption: &Interruption,
        output: &mut dyn FnMut(&[u8]),
    ) -> Result<Ended, ProcessError> {
        let (program, arguments) =
            words.split_first().map_or((OsStr::new(""), words), |(first, rest)| (first.as_os_str(), rest));
        let program = match Path::new(program).components().count() {
            0 | 1 => program.to_owned(),
            _ => checkout.folder.join(program).into_os_string(),
        };
        let set = self.variables();
        // What a caller's own git hook has set would lead elsewhere than to the project.
        let unset = ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX"].map(str::to_owned);
        let what = Watched {
            limit: Some(checkout.limit),
            interruption: Some(interruption),
            alone: true,
            // A server that it started is what it is for.
            leaves: true,
            input: Some(self.input),
            ..Watched::new(Program { set: &set, unset: &unset, ..Program::new(&program, arguments, &checkout.folder) })
        };
        process::run_watched(&what, output)
    }

    /// The documented environment: every variable is there, empty where there is nothing to say.
    fn variables(&self) -> Vec<(String, OsString)> {
        let Moved { model, stage, version, id, previous, certificate, how, of, .. } = self.moved;
        let set = [
            ("MODEL_NAME", model.to_string()),
            ("MODEL_VERSION", version.to_string()),
            ("MODEL_ID", id.to_string()),
            ("MODEL_STAGE", stage.to_string()),
            ("MODEL_PREVIOUS", previous.map_or_else(String::new, |version| version.to_string())),
            ("MODEL_CERTIFICATE", certificate.map_or_else(String::new, |certificate| certificate.to_string())),
            ("MODEL_MOVE", (*how).to_owned()),
            ("MODEL_EVENT", of.map_or_else(String::new, |seq| seq.to_string())),
        ];
        set.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect()
    }

    /// The end of what a hook said: without secrets, control characters and the name of a folder that is gone by the time it is read.
    fn printable(&self, said: &[u8]) -> String {
        let text = String::from_utf8_lossy(said);
        let text = self.model.as_ref().map_or_else(|| text.to_string(), |(scratch, _)| scratch.redacted(&text));
        let text = Scanner::new(&[]).redact(&text).0;
        let clean = text.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect::<String>();
        clean.trim().to_owned()
    }
}

/// Why it ended otherwise than by itself.
fn how(ended: &Ended, limit: Duration, interruption: &Interruption) -> Option<String> {
    match (ended.timed_out, interruption.signal(), ended.signal) {
        (true, ..) => Some(format!("stopped: it did not end in {}", describe_duration(limit))),
        (_, Some(signal), _) if ended.status != Some(0) => Some(format!("stopped: signal {signal} asked to end")),
        (_, None, Some(signal)) => Some(format!("ended by signal {signal}")),
        _ => None,
    }
}
