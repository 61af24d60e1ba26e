//! A program in the foreground: it has our terminal and input, its output is not held back, and it is the one that is
//! interrupted. What it used is measured.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

#[cfg(unix)]
use super::passed_on;
use super::{ProcessError, usage};

/// A program to run in the foreground.
#[derive(Debug, Clone, Copy)]
pub struct Foreground<'a> {
    /// As typed: a name is looked for on `PATH`, a path is seen from `folder`.
    pub program: &'a OsStr,
    /// What it is given.
    pub arguments: &'a [OsString],
    /// Where it runs.
    pub folder: &'a Path,
    /// Variables it gets beside ours.
    pub variables: &'a [(String, String)],
    /// Whether its standard output goes to our standard error, because ours is an answer that a program reads.
    pub output_to_error: bool,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// Its exit status; none if a signal ended it.
    pub status: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// The signal that asked us to end while it ran, and was passed on to it. A key of the terminal is none: it is for the
    /// program, which may make something of it.
    pub asked_to_end: Option<i32>,
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

/// Runs a program to its end. On Unix a `SIGTERM` or `SIGHUP` for us is passed on to it, and so is a `SIGINT` or `SIGQUIT` where
/// no terminal gives it to both of us; we live on to tell how it ended.
///
/// # Errors
/// It could not be started.
pub fn run_in_foreground(what: &Foreground<'_>) -> Result<Ended, ProcessError> {
    let failed = |source| ProcessError { program: what.program.to_string_lossy().into_owned(), source };
    #[expect(clippy::disallowed_methods, reason = "with `process`, the one place that may")]
    let mut command = Command::new(what.program);
    command.args(what.arguments).current_dir(what.folder);
    command.envs(what.variables.iter().map(|(name, value)| (name, value)));
    if what.output_to_error {
        command.stdout(Stdio::from(io::stderr()));
    }
    #[cfg(unix)]
    let passing = passed_on::begin().map_err(failed)?;
    let began = Instant::now();
    let mut child = command.spawn().map_err(failed)?;
    #[cfg(unix)]
    let passing = passing.to(child.id());
    let watched = usage::watch(child.id());
    wait_unreaped(child.id());
    let took = began.elapsed();
    let usage = watched.end();
    // From here on its number may be another process's.
    #[cfg(unix)]
    let asked_to_end = passing.end();
    #[cfg(not(unix))]
    let asked_to_end = None;
    let ended = child.wait().map_err(failed)?;
    Ok(Ended { status: ended.code(), signal: signal(ended), asked_to_end, took, usage })
}

#[cfg(unix)]
fn signal(ended: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&ended)
}

#[cfg(not(unix))]
const fn signal(_: ExitStatus) -> Option<i32> {
    None
}

/// Waits for the end of one of our processes, and leaves what the system still knows of it; whether that was done.
#[cfg(target_os = "linux")]
pub(super) fn wait_unreaped(pid: u32) -> bool {
    use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return false };
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    loop {
        match waitid(WaitId::Pid(pid), options) {
            Ok(_) => return true,
            Err(rustix::io::Errno::INTR) => {}
            // Where this is refused, it is waited for all the same; only its processor time is not known.
            Err(_) => return false,
        }
    }
}

#[cfg(not(target_os = "linux"))]
const fn wait_unreaped(_: u32) -> bool {
    false
}
