//! A program in the foreground: it has our terminal, its output is not held back, and it is the one that is interrupted. What it
//! used is measured.

use std::io::{self, Write};
use std::process::Stdio;
use std::time::Instant;

#[cfg(unix)]
use super::passed_on;
use super::{Ended, ProcessError, Program, usage};

/// A program to run in the foreground.
#[derive(Debug, Clone, Copy)]
pub struct Foreground<'a> {
    /// As typed.
    pub program: Program<'a>,
    /// Whether its standard output goes to our standard error, because ours is an answer that a program reads.
    pub output_to_error: bool,
    /// What it reads on its standard input; none: what we would read on ours.
    pub input: Option<&'a [u8]>,
}

impl<'a> Foreground<'a> {
    /// A program with our input and our output.
    pub const fn new(program: Program<'a>) -> Self {
        Self { program, output_to_error: false, input: None }
    }
}

/// Runs a program to its end. On Unix a `SIGTERM` or `SIGHUP` for us is passed on to it, and so is a `SIGINT` or `SIGQUIT` where
/// no terminal gives it to both of us; we live on to tell how it ended. That it ends before it has read all of its input is its own
/// business.
///
/// # Errors
/// It could not be started, or not be waited for.
pub fn run_in_foreground(what: &Foreground<'_>) -> Result<Ended, ProcessError> {
    let failed = |source| what.program.failed(source);
    let mut command = what.program.command();
    if what.output_to_error {
        command.stdout(Stdio::from(io::stderr()));
    }
    if what.input.is_some() {
        command.stdin(Stdio::piped());
    }
    #[cfg(unix)]
    let passing = passed_on::begin().map_err(failed)?;
    let began = Instant::now();
    let mut child = command.spawn().map_err(failed)?;
    #[cfg(unix)]
    let passing = passing.to(child.id());
    let watched = usage::watch(child.id());
    std::thread::scope(|scope| {
        if let (Some(mut pipe), Some(input)) = (child.stdin.take(), what.input) {
            scope.spawn(move || {
                // Who has had enough closes it.
                let _ = pipe.write_all(input);
            });
        }
        wait_unreaped(child.id());
        let took = began.elapsed();
        let usage = watched.end();
        // From here on its number may be another process's.
        #[cfg(unix)]
        let asked_to_end = passing.end();
        #[cfg(not(unix))]
        let asked_to_end = None;
        let status = child.wait().map_err(failed)?;
        Ok(Ended { asked_to_end, ..Ended::of(status, took, usage) })
    })
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
pub(super) const fn wait_unreaped(_: u32) -> bool {
    false
}
