//! Signals that reach us while a program runs in the foreground are its own: it ends, and we tell how.
//!
//! Without a program they do what they always do.

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGINT, SIGQUIT};
use signal_hook::flag;
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use super::signals;

/// The program in the foreground: there is one of it, as of the signals.
static FOREGROUND: Mutex<Program> = Mutex::new(Program { pid: None, asked_to_end: None, late: Vec::new() });
/// Set once signals are listened to; what the system said against it, if it did.
static LISTENING: OnceLock<Result<Vec<Arrived>, io::ErrorKind>> = OnceLock::new();

struct Program {
    pid: Option<Pid>,
    asked_to_end: Option<i32>,
    /// Signals that were for a program that has ended, and that the listener has yet to wake up for.
    late: Vec<i32>,
}

/// A signal, and whether it has arrived and nobody has seen to it. A terminal's key ends the program and wakes the listener in
/// no order; this is set before either.
struct Arrived {
    signal: i32,
    is_new: Arc<AtomicBool>,
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
    LISTENING.get_or_init(|| listen().map_err(|error| error.kind())).as_ref().map_err(|kind| io::Error::from(*kind))?;
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
        for Arrived { signal, is_new } in arrivals() {
            if is_new.swap(false, Ordering::SeqCst) {
                program.late.push(*signal);
                program.note(*signal);
            }
        }
        program.asked_to_end.take()
    }
}

fn listen() -> io::Result<Vec<Arrived>> {
    let arrived = |signal| Arrived { signal, is_new: Arc::default() };
    let arrivals: Vec<Arrived> = signals::that_end().map(arrived).collect();
    // In this order: they are called in the order they were registered.
    for Arrived { signal, is_new } in &arrivals {
        flag::register(*signal, Arc::clone(is_new))?;
    }
    let mut signals = Signals::new(arrivals.iter().map(|arrived| arrived.signal))?;
    let each = move || signals.forever().for_each(pass_on);
    std::thread::Builder::new().name("signals".to_owned()).spawn(each)?;
    Ok(arrivals)
}

fn arrivals() -> &'static [Arrived] {
    LISTENING.get().and_then(|listening| listening.as_ref().ok()).map_or(&[], Vec::as_slice)
}

impl Program {
    /// A key of the terminal is for the program, which may make something of it; anything else asks us to end.
    fn note(&mut self, signal: i32) {
        if !is_a_key(signal) {
            self.asked_to_end = Some(signal);
        }
    }
}

const fn is_a_key(signal: i32) -> bool {
    matches!(signal, SIGINT | SIGQUIT)
}

fn pass_on(signal: i32) {
    let mut program = program();
    let is_new = arrivals().iter().any(|a| a.signal == signal && a.is_new.swap(false, Ordering::SeqCst));
    if let Some(late) = program.late.iter().position(|late| *late == signal) {
        program.late.remove(late);
        if !is_new {
            return;
        }
    }
    let Some(pid) = program.pid else {
        drop(program);
        // If it cannot end us, nothing can.
        let _ = emulate_default_handler(signal);
        return;
    };
    program.note(signal);
    // The terminal gives its keys to both of us, and a program that is interrupted twice may not end in order.
    if let (true, Some(named)) = (!is_a_key(signal) || File::open("/dev/tty").is_err(), Signal::from_named_raw(signal))
    {
        // It may have ended just now.
        let _ = kill_process(pid, named);
    }
}
