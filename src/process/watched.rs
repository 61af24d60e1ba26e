//! A program whose output is watched while it runs, and that may run only so long.

use std::fs::File;
use std::io::{self, Read, Write};
use std::process::{Child, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

#[cfg(target_os = "linux")]
use super::foreground::wait_unreaped;
#[cfg(unix)]
use super::started::{Started, any_in_group};
use super::{Ended, Interruption, ProcessError, Program, usage};

/// A program to run.
#[derive(Debug, Clone, Copy)]
pub struct Watched<'a> {
    /// Which.
    pub program: Program<'a>,
    /// How long it may run.
    pub limit: Option<Duration>,
    /// Tells when we are to end: it is ended, too.
    pub interruption: Option<&'a Interruption>,
    /// Whether it and what it starts are a group of processes of their own, of which nothing outlives it. A key of the terminal
    /// does not reach that.
    pub alone: bool,
    /// Whether what it leaves running, ending by itself, may go on although it is alone.
    pub leaves: bool,
    /// What it reads on its standard input; none: that is empty.
    pub input: Option<&'a [u8]>,
    /// Where its standard output goes, in the place of `output`.
    pub answer: Option<&'a File>,
    /// The longest file it may write, in bytes, where the system can be told.
    pub longest_file: Option<u64>,
}

impl<'a> Watched<'a> {
    /// A program among our processes, for as long as it takes.
    pub const fn new(program: Program<'a>) -> Self {
        Self {
            program,
            limit: None,
            interruption: None,
            alone: false,
            leaves: false,
            input: None,
            answer: None,
            longest_file: None,
        }
    }
}

/// How often it is looked whether it has ended, while it says nothing.
const LOOK: Duration = Duration::from_millis(20);
/// What a program has left running may go on speaking this long.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// Between being asked to end and being ended.
const GRACE: Duration = Duration::from_secs(2);

/// Runs a program to its end, or until its time is up. What it writes, to standard output or error,
/// is handed to `output` as it comes. A key of the terminal that interrupts us interrupts it, too, unless it is alone; where we
/// are to end, it is ended.
///
/// # Errors
/// It could not be started, or not be waited for.
pub fn run_watched(what: &Watched<'_>, output: &mut dyn FnMut(&[u8])) -> Result<Ended, ProcessError> {
    let failed = |source| what.program.failed(source);
    let (mut child, said, began) = start(what).map_err(failed)?;
    let mut ending = Ending::of(&child);
    let watched = usage::watch(child.id());
    let deadline = what.limit.and_then(|limit| began.checked_add(limit));
    let (mut silent, mut timed_out) = (false, false);
    let mut stopped = false;
    let ended = loop {
        listen(&said, &mut silent, output);
        if let Some(ended) = ending.look(&mut child).map_err(failed)? {
            break ended;
        }
        timed_out = deadline.is_some_and(|deadline| Instant::now() >= deadline);
        if timed_out || what.interruption.is_some_and(|asked| asked.signal().is_some()) {
            end(&mut child, &mut ending, what.alone).map_err(failed)?;
            stopped = true;
            break Instant::now();
        }
    };
    let took = ended.saturating_duration_since(began);
    let usage = watched.end();
    // As long as nobody has taken its status, its number is nobody else's.
    if what.alone && (stopped || !what.leaves) {
        end_group(&child);
    }
    let status = child.wait().map_err(failed)?;
    let last = Instant::now();
    while !silent && last.elapsed() < LAST_WORDS {
        listen(&said, &mut silent, output);
    }
    Ok(Ended { timed_out, ..Ended::of(status, took, usage) })
}

/// Tells when a program has ended, to the moment, and leaves its status to be taken.
struct Ending {
    #[cfg(target_os = "linux")]
    noted: Receiver<Instant>,
    over: Option<Instant>,
}

impl Ending {
    fn of(child: &Child) -> Self {
        #[cfg(not(target_os = "linux"))]
        let _ = child;
        #[cfg(target_os = "linux")]
        let (sender, noted) = mpsc::sync_channel(1);
        #[cfg(target_os = "linux")]
        let pid = child.id();
        #[cfg(target_os = "linux")]
        std::thread::spawn(move || {
            if wait_unreaped(pid) {
                // Whoever does not listen any more knows it already.
                let _ = sender.send(Instant::now());
            }
        });
        Self {
            #[cfg(target_os = "linux")]
            noted,
            over: None,
        }
    }

    /// When it ended; none: it runs.
    fn look(&mut self, child: &mut Child) -> io::Result<Option<Instant>> {
        if self.over.is_none() {
            #[cfg(target_os = "linux")]
            match self.noted.try_recv() {
                Ok(ended) => self.over = Some(ended),
                Err(mpsc::TryRecvError::Empty) => return Ok(None),
                Err(mpsc::TryRecvError::Disconnected) => {}
            }
            if self.over.is_none() {
                self.over = child.try_wait()?.map(|_| Instant::now());
            }
        }
        Ok(self.over)
    }
}

/// Starts it; what it says arrives in pieces.
fn start(what: &Watched<'_>) -> io::Result<(Child, Receiver<Vec<u8>>, Instant)> {
    let (mut reader, writer) = io::pipe()?;
    let mut command = what.program.command();
    let answer = what.answer.map(File::try_clone).transpose()?;
    let answer = answer.map_or_else(|| writer.try_clone().map(Stdio::from), |file| Ok(Stdio::from(file)))?;
    let input = if what.input.is_some() { Stdio::piped() } else { Stdio::null() };
    command.stdin(input).stdout(answer).stderr(writer);
    #[cfg(unix)]
    if what.alone {
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
    }
    let began = Instant::now();
    let mut child = command.spawn()?;
    if let (Some(mut pipe), Some(input)) = (child.stdin.take(), what.input) {
        let input = input.to_vec();
        // It need not read it, nor to the end.
        std::thread::spawn(move || drop(pipe.write_all(&input)));
    }
    #[cfg(target_os = "linux")]
    if let Some(longest) = what.longest_file {
        limit_files(&child, longest);
    }
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
    Ok((child, said, began))
}

/// What it starts from here on is limited with it.
#[cfg(target_os = "linux")]
fn limit_files(child: &Child, longest: u64) {
    use rustix::process::{Pid, Resource, Rlimit, prlimit};
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    // One that has ended writes nothing more.
    let _ = prlimit(pid, Resource::Fsize, Rlimit { current: Some(longest), maximum: Some(longest) });
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
fn end(child: &mut Child, ending: &mut Ending, alone: bool) -> io::Result<()> {
    use rustix::process::Signal;
    let started = Started::by(child.id());
    started.send(Signal::TERM);
    if alone {
        signal_group(child, Signal::TERM);
    }
    let asked = Instant::now();
    let mut over = ending.look(child)?.is_some();
    while (!over || started.any_left()) && asked.elapsed() < GRACE {
        std::thread::sleep(LOOK);
        over = ending.look(child)?.is_some();
    }
    // Elsewhere nothing tells whether a number is still the program's that had it.
    if !over || cfg!(target_os = "linux") {
        started.send(Signal::KILL);
    }
    Ok(())
}

#[cfg(unix)]
fn end_group(child: &Child) {
    signal_group(child, rustix::process::Signal::KILL);
    // Whoever was told to end may still be writing where others clean up.
    let asked = Instant::now();
    while any_in_group(child.id()) && asked.elapsed() < GRACE {
        std::thread::sleep(LOOK);
    }
}

#[cfg(unix)]
fn signal_group(child: &Child, signal: rustix::process::Signal) {
    if let Some(group) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        // There may be nobody left in it.
        let _ = rustix::process::kill_process_group(group, signal);
    }
}

#[cfg(not(unix))]
fn end(child: &mut Child, _: &mut Ending, _: bool) -> io::Result<()> {
    child.kill()
}

#[cfg(not(unix))]
const fn end_group(_: &Child) {}
