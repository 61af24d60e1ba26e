//! A program in the foreground that reads from us and writes to our terminal: a pager.

use std::io::Write;
use std::process::Stdio;
use std::time::Instant;

use super::foreground::wait_unreaped;
#[cfg(unix)]
use super::passed_on;
use super::{Ended, ProcessError, Program, Usage};

/// Runs a program that reads `input`, to its end. That it ends before it has read all of it is its own business. Signals are
/// treated as in [`run_in_foreground`](super::run_in_foreground): a key of the terminal is for the program, and we live on.
///
/// # Errors
/// It could not be started.
pub fn run_fed(program: &Program<'_>, input: &[u8]) -> Result<Ended, ProcessError> {
    let failed = |source| program.failed(source);
    let mut command = program.command();
    command.stdin(Stdio::piped());
    #[cfg(unix)]
    let passing = passed_on::begin().map_err(failed)?;
    let began = Instant::now();
    let mut child = command.spawn().map_err(failed)?;
    #[cfg(unix)]
    let passing = passing.to(child.id());
    let pipe = child.stdin.take();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            if let Some(mut pipe) = pipe {
                // Who has had enough closes it.
                let _ = pipe.write_all(input);
            }
        });
        wait_unreaped(child.id());
        #[cfg(unix)]
        let asked_to_end = passing.end();
        #[cfg(not(unix))]
        let asked_to_end = None;
        let status = child.wait().map_err(failed)?;
        Ok(Ended { asked_to_end, ..Ended::of(status, began.elapsed(), Usage::default()) })
    })
}
