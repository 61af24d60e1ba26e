//! Signals that reach us while a program runs in the foreground are its own: it ends, and we tell how.
//!
//! Without a program they do what they always do.

use std::fs::File;
use std::io;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

/// The program in the foreground: there is one of it, as of the signals.
static FOREGROUND: Mutex<Program> = Mutex::new(Program { pid: None, asked_to_end: None });
/// Set once signals are listened to; what the system said against it, if it did.
static LISTENING: OnceLock<Result<(), io::ErrorKind>> = OnceLock::new();

struct Program {
    pid: Option<Pid>,
    asked_to_end: Option<i32>,
}

/// A program is about to start: signals wait for it.
pub(super) struct Beginning(MutexGuard<'static, Program>);

/// A program runs.
pub(super) struct Passing(());

fn program() -> MutexGuard<'static, Program> {
    FOREGROUND.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Listens from here on.
pub(super) fn begin() -> io::Result<Beginning> {
    (*LISTENING.get_or_init(|| listen().map_err(|error| error.kind())))?;
    let mut program = program();
    (program.pid, program.asked_to_end) = (None, None);
    Ok(Beginning(program))
}

impl Beginning {
    /// It runs, as this process.
    pub(super) fn to(mut self, pid: u32) -> Passing {
        self.0.pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
        Passing(())
    }
}

impl Passing {
    /// It has ended, and its number is not another's yet. Which signal asked us to end meanwhile.
    pub(super) fn end(self) -> Option<i32> {
        let mut program = program();
        program.pid = None;
        program.asked_to_end.take()
    }
}

/// Whether whoever started us said that a signal is to be ignored, as `nohup` does, and a shell for what runs behind it. Our
/// programs are told the same as long as we leave it at that.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    match mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()) {
        Some(mask) => mask >> (signal - 1) & 1 == 1,
        // Where that is not to be had, only what nobody ignores.
        None => !matches!(signal, SIGINT | SIGTERM),
    }
}

fn listen() -> io::Result<()> {
    let ours = [SIGHUP, SIGINT, SIGQUIT, SIGTERM].into_iter().filter(|signal| !is_ignored(*signal));
    let mut signals = Signals::new(ours)?;
    let each = move || signals.forever().for_each(pass_on);
    std::thread::Builder::new().name("signals".to_owned()).spawn(each).map(drop)
}

fn pass_on(signal: i32) {
    let mut program = program();
    let Some(pid) = program.pid else {
        drop(program);
        // If it cannot end us, nothing can.
        let _ = emulate_default_handler(signal);
        return;
    };
    let is_a_key = matches!(signal, SIGINT | SIGQUIT);
    if !is_a_key {
        program.asked_to_end = Some(signal);
    }
    // The terminal gives its keys to both of us, and a program that is interrupted twice may not end in order.
    if let (true, Some(named)) = (!is_a_key || File::open("/dev/tty").is_err(), Signal::from_named_raw(signal)) {
        // It may have ended just now.
        let _ = kill_process(pid, named);
    }
}
