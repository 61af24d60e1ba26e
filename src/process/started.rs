//! A program and what it has started, and that by more programs: as far as the system tells who started whom.
//!
//! They are in our own group of processes, so that a key of the terminal reaches all of them; one by one is how they are ended.

use rustix::process::{Pid, Signal, kill_process};

/// Processes, each with when it was started: a number alone may be another process's by now.
pub(super) struct Started(Vec<(Pid, Option<u64>)>);

impl Started {
    /// The process and all below it that run now.
    pub(super) fn by(pid: u32) -> Self {
        let mut all = vec![pid];
        let running = running();
        let mut next = 0;
        while let Some(parent) = all.get(next).copied() {
            all.extend(running.iter().filter(|one| one.parent == parent).map(|one| one.pid));
            next += 1;
        }
        let since = |pid: u32| running.iter().find(|one| one.pid == pid).map(|one| one.since);
        Self(all.into_iter().filter_map(|pid| Some((Pid::from_raw(i32::try_from(pid).ok()?)?, since(pid)))).collect())
    }

    /// Whether any of those below it still runs.
    pub(super) fn any_left(&self) -> bool {
        self.0.iter().skip(1).any(|(pid, since)| is_there(*pid, *since))
    }

    /// Sends a signal to all that still run.
    pub(super) fn send(&self, signal: Signal) {
        for (pid, _) in self.0.iter().filter(|(pid, since)| is_there(*pid, *since)) {
            // It may have ended just now.
            let _ = kill_process(*pid, signal);
        }
    }
}

/// Whether any process of a group still runs, as far as the system tells.
pub(super) fn any_in_group(group: u32) -> bool {
    running().iter().any(|one| one.group == group)
}

/// A running process.
struct Running {
    pid: u32,
    parent: u32,
    /// The group of processes it is in.
    group: u32,
    /// Ticks of the system's clock since it booted.
    since: u64,
}

#[cfg(target_os = "linux")]
fn running() -> Vec<Running> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| look(entry.file_name().to_str()?.parse().ok()?)).collect()
}

/// Reads `/proc/PID/stat` (proc(5)): the fourth field is the parent, the fifth the group, the 22nd the start. A process that has ended and was not
/// waited for yet runs no more.
#[cfg(target_os = "linux")]
fn look(pid: u32) -> Option<Running> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // A program may be called anything.
    let (_, rest) = text.rsplit_once(") ")?;
    let fields: Vec<&str> = rest.split(' ').collect();
    let runs = !matches!(*fields.first()?, "Z" | "X");
    let number = |place: usize| fields.get(place)?.parse().ok();
    runs.then_some(Running { pid, parent: number(1)?, group: number(2)?, since: fields.get(19)?.parse().ok()? })
}

#[cfg(target_os = "linux")]
fn is_there(pid: Pid, since: Option<u64>) -> bool {
    let now = u32::try_from(pid.as_raw_nonzero().get()).ok().and_then(look);
    now.is_some_and(|one| since.is_none_or(|since| one.since == since))
}

/// Elsewhere only the program itself is known.
#[cfg(not(target_os = "linux"))]
fn running() -> Vec<Running> {
    Vec::new()
}

/// One that was not waited for keeps its number.
#[cfg(not(target_os = "linux"))]
const fn is_there(_: Pid, _: Option<u64>) -> bool {
    true
}
