//! What a running program uses, out of Linux's `/proc`; nothing where there is none.
//!
//! Processor time is exact: it is read when the program has ended and nobody has taken its status yet. The peak of memory goes
//! with the program, so it is looked at several times a second.

use super::Usage;

/// Watches until it is told the end.
pub(super) struct Watched {
    #[cfg(target_os = "linux")]
    watching: proc::Watching,
}

/// Begins to watch a process and those it starts.
pub(super) fn watch(pid: u32) -> Watched {
    #[cfg(not(target_os = "linux"))]
    let _ = pid;
    Watched {
        #[cfg(target_os = "linux")]
        watching: proc::Watching::of(pid),
    }
}

impl Watched {
    /// What it used. It has ended, and its status was not taken.
    pub(super) fn end(self) -> Usage {
        #[cfg(target_os = "linux")]
        return self.watching.end();
        #[cfg(not(target_os = "linux"))]
        return Usage::default();
    }
}

#[cfg(target_os = "linux")]
mod proc {
    use std::fs;
    use std::sync::mpsc::{self, RecvTimeoutError, Sender};
    use std::thread::JoinHandle;
    use std::time::Duration;

    use super::Usage;

    /// `USER_HZ`: what times in `/proc` are counted in, on every machine that Rust runs Linux on.
    const TICKS: u64 = 100;
    /// At first it is looked at after this, then after an eighth longer each time, so that whatever a program does in its last
    /// tenth is the most that can be missed, …
    const SOON: Duration = Duration::from_millis(2);
    /// … and later after this.
    const LATER: Duration = Duration::from_millis(200);
    /// Processes that are looked at.
    const MOST: usize = 256;

    pub(super) struct Watching {
        pid: u32,
        stop: Sender<()>,
        peak: Option<JoinHandle<Option<u64>>>,
    }

    impl Watching {
        pub(super) fn of(pid: u32) -> Self {
            let (stop, stopped) = mpsc::channel();
            let highest = move || tree(pid).into_iter().filter_map(high_water).max();
            // On a busy machine a short program has ended before a thread begins.
            let first = highest();
            let look = move || {
                let (mut peak, mut pause) = (first, SOON);
                loop {
                    peak = peak.max(highest());
                    match stopped.recv_timeout(pause) {
                        Err(RecvTimeoutError::Timeout) => pause = (pause + pause / 8).min(LATER),
                        _ => return peak,
                    }
                }
            };
            // Without a thread nobody looks.
            let peak = std::thread::Builder::new().name("memory".to_owned()).spawn(look).ok();
            Self { pid, stop, peak }
        }

        pub(super) fn end(self) -> Usage {
            drop(self.stop);
            let peak_memory = self.peak.and_then(|thread| thread.join().ok()).flatten();
            let times = fs::read_to_string(format!("/proc/{}/stat", self.pid)).ok().and_then(|stat| times(&stat));
            Usage { user: times.map(|t| t.0), system: times.map(|t| t.1), peak_memory }
        }
    }

    /// A process and those below it.
    fn tree(pid: u32) -> Vec<u32> {
        let mut all = vec![pid];
        let mut next = 0;
        while next < all.len() && all.len() < MOST {
            let pid = all[next];
            let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
            all.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
            next += 1;
        }
        all
    }

    /// The most memory a process has held, in bytes.
    fn high_water(pid: u32) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
    }

    /// Fields 14 to 17 of proc(5)'s `stat`: a process's own time in user and kernel mode, and that of the children it waited
    /// for. The program's name may hold blanks and ends at the last bracket.
    fn times(stat: &str) -> Option<(Duration, Duration)> {
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
        let time = |ticks: u64| Duration::from_millis(ticks * (1000 / TICKS));
        Some((time(ticks(14)?.checked_add(ticks(16)?)?), time(ticks(15)?.checked_add(ticks(17)?)?)))
    }
}
