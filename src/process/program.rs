//! What is run, and how it ended: of every program that is somebody else's.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::time::Duration;

use super::ProcessError;

/// A program to run.
#[derive(Debug, Clone, Copy)]
pub struct Program<'a> {
    /// A name is looked for on `PATH`, a path is seen from `folder`.
    pub program: &'a OsStr,
    /// What it is given.
    pub arguments: &'a [OsString],
    /// Where it runs.
    pub folder: &'a Path,
    /// Variables it gets beside ours; of one that is here twice the last counts.
    pub set: &'a [(String, OsString)],
    /// Variables of ours that it does not get.
    pub unset: &'a [String],
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// Its exit status; none if a signal ended it.
    pub status: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// The signal that asked us to end while it ran in the foreground, and was passed on to it. A key of the terminal is none: it is
    /// for the program, which may make something of it.
    pub asked_to_end: Option<i32>,
    /// Whether it was ended because its time was up.
    pub timed_out: bool,
    /// From its start to its end.
    pub took: Duration,
    /// What it used.
    pub usage: Usage,
}

/// What a program and the programs it waited for used, as far as the system tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Processor time of its own.
    pub user: Option<Duration>,
    /// Processor time of the system on its behalf.
    pub system: Option<Duration>,
    /// Bytes of memory that the largest of its processes held at most, as looked at several times a second.
    pub peak_memory: Option<u64>,
}

impl<'a> Program<'a> {
    /// A program in a folder, with our variables.
    pub const fn new(program: &'a OsStr, arguments: &'a [OsString], folder: &'a Path) -> Self {
        Self { program, arguments, folder, set: &[], unset: &[] }
    }

    pub(super) fn command(&self) -> Command {
        #[expect(clippy::disallowed_methods, reason = "with `process`, the one place that may")]
        let mut command = Command::new(self.program);
        command.args(self.arguments).current_dir(self.folder);
        for name in self.unset {
            command.env_remove(name);
        }
        command.envs(self.set.iter().map(|(name, value)| (name, value)));
        command
    }

    pub(super) fn failed(&self, source: io::Error) -> ProcessError {
        ProcessError { program: self.program.to_string_lossy().into_owned(), source }
    }
}

impl Ended {
    /// By itself, or by a signal.
    pub(super) fn of(status: ExitStatus, took: Duration, usage: Usage) -> Self {
        #[cfg(unix)]
        let signal = std::os::unix::process::ExitStatusExt::signal(&status);
        #[cfg(not(unix))]
        let signal = None;
        Self { status: status.code(), signal, asked_to_end: None, timed_out: false, took, usage }
    }
}
