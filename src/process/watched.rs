//! A program whose output is watched while it runs, and that may run only so long.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

#[cfg(unix)]
use super::started::Started;
use super::{Interruption, ProcessError};

/// A program to run.
#[derive(Debug, Clone, Copy)]
pub struct Watched<'a> {
    /// A name is looked for on `PATH`, a path is seen from `folder`.
    pub program: &'a OsStr,
    /// What it is given.
    pub arguments: &'a [OsString],
    /// Where it runs.
    pub folder: &'a Path,
    /// Variables it gets; of one that is here twice the last counts.
    pub set: &'a [(String, OsString)],
    /// Variables of ours that it does not get.
    pub unset: &'a [String],
    /// How long it may run.
    pub limit: Option<Duration>,
    /// Tells when we are to end: it is ended, too.
    pub interruption: Option<&'a Interruption>,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WatchedEnd {
    /// Its exit status; none if a signal ended it.
    pub status: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Whether it was ended because its time was up.
    pub timed_out: bool,
    /// From its start to its end.
    pub took: Duration,
}

/// How often it is looked whether it has ended, while it says nothing.
const LOOK: Duration = Duration::from_millis(20);
/// What a program has left running may go on speaking this long.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// Between being asked to end and being ended.
const GRACE: Duration = Duration::from_secs(2);

/// Runs a program to its end, or until its time is up, without standard input. What it writes, to standard output or error,
/// is handed to `output` as it comes. A key of the terminal that interrupts us interrupts it, too; where we are to end, it is ended.
///
/// # Errors
/// It could not be started, or not be waited for.
pub fn run_watched(what: &Watched<'_>, output: &mut dyn FnMut(&[u8])) -> Result<WatchedEnd, ProcessError> {
    let failed = |source| ProcessError { program: what.program.to_string_lossy().into_owned(), source };
    let (mut child, said) = start(what).map_err(failed)?;
    let began = Instant::now();
    let deadline = what.limit.and_then(|limit| began.checked_add(limit));
    let mut silent = false;
    let (status, timed_out) = loop {
        listen(&said, &mut silent, output);
        if let Some(status) = child.try_wait().map_err(failed)? {
            break (status, false);
        }
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            break (end(&mut child).map_err(failed)?, true);
        }
        if what.interruption.is_some_and(|asked| asked.signal().is_some()) {
            break (end(&mut child).map_err(failed)?, false);
        }
    };
    let took = began.elapsed();
    let last = Instant::now();
    while !silent && last.elapsed() < LAST_WORDS {
        listen(&said, &mut silent, output);
    }
    Ok(WatchedEnd { status: status.code(), signal: signal(status), timed_out, took })
}

/// Starts it; what it says arrives in pieces.
fn start(what: &Watched<'_>) -> io::Result<(Child, Receiver<Vec<u8>>)> {
    let (mut reader, writer) = io::pipe()?;
    #[expect(clippy::disallowed_methods, reason = "with `process`, the one place that may")]
    let mut command = Command::new(what.program);
    command.args(what.arguments).current_dir(what.folder);
    for name in what.unset {
        command.env_remove(name);
    }
    command.envs(what.set.iter().map(|(name, value)| (name, value)));
    command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    let child = command.spawn()?;
    let (sender, said) = mpsc::sync_channel(64);
    std::thread::spawn(move || {
        let mut buffer = [0; 16 << 10];
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => return,
                Ok(length) => {
                    if sender.send(buffer[..length].to_vec()).is_err() {
                        return;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    });
    // With `command` goes our own end of the pipe that is written to.
    Ok((child, said))
}

/// Passes on what has been said, waiting a moment for it.
fn listen(said: &Receiver<Vec<u8>>, silent: &mut bool, output: &mut dyn FnMut(&[u8])) {
    if *silent {
        std::thread::sleep(LOOK);
        return;
    }
    match said.recv_timeout(LOOK) {
        Ok(bytes) => output(&bytes),
        Err(RecvTimeoutError::Timeout) => {}
        Err(RecvTimeoutError::Disconnected) => *silent = true,
    }
}

/// Ends it and what it has started: asks first.
#[cfg(unix)]
fn end(child: &mut Child) -> io::Result<ExitStatus> {
    use rustix::process::Signal;
    let started = Started::by(child.id());
    started.send(Signal::TERM);
    let asked = Instant::now();
    let mut status = child.try_wait()?;
    while (status.is_none() || started.any_left()) && asked.elapsed() < GRACE {
        std::thread::sleep(LOOK);
        status = child.try_wait()?;
    }
    // Elsewhere nothing tells whether a number is still the program's that had it.
    if status.is_none() || cfg!(target_os = "linux") {
        started.send(Signal::KILL);
    }
    status.map_or_else(|| child.wait(), Ok)
}

#[cfg(not(unix))]
fn end(child: &mut Child) -> io::Result<ExitStatus> {
    child.kill()?;
    child.wait()
}

#[cfg(unix)]
fn signal(ended: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&ended)
}

#[cfg(not(unix))]
const fn signal(_: ExitStatus) -> Option<i32> {
    None
}
