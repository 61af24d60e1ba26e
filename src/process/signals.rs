//! Signals that ask us to end.

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};

/// Those that whoever started us did not say are to be ignored, as `nohup` does, and a shell for what runs behind it. Our programs
/// are told the same as long as we leave it at that.
pub(super) fn that_end() -> impl Iterator<Item = i32> {
    [SIGHUP, SIGINT, SIGQUIT, SIGTERM].into_iter().filter(|signal| !is_ignored(*signal))
}

fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    match mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()) {
        Some(mask) => mask >> (signal - 1) & 1 == 1,
        // Where that is not to be had, only what nobody ignores.
        None => !matches!(signal, SIGINT | SIGTERM),
    }
}
