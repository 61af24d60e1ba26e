//! `before`, `after` and `hook_timeout` of a stage, checked, with their defaults.

use std::time::Duration;

use crate::clock;
use crate::format::config::StageFile;
use crate::shell;

/// How long a hook may run unless said.
const TIMEOUT: Duration = Duration::from_secs(600);
/// Each run is an event.
const MOST: usize = 32;
/// A line that stands in the journal.
const LONGEST: usize = 4 << 10;

/// What cannot be: the key, and why.
pub(super) fn check(stage: &StageFile) -> Result<(), (&'static str, String)> {
    for (key, lines) in [("before", &stage.before), ("after", &stage.after)] {
        let lines = lines.as_deref().unwrap_or_default();
        if lines.len() > MOST {
            return Err((key, format!("{} hooks are too many; {MOST} are the most", lines.len())));
        }
        for line in lines {
            if line.len() > LONGEST || line.chars().any(|c| c.is_control() && c != '\t') {
                let reason = format!("a hook is one line of at most {LONGEST} bytes");
                return Err((key, reason));
            }
            shell::words(line).map_err(|error| (key, format!("`{line}`: {error}")))?;
        }
    }
    match stage.hook_timeout.as_deref() {
        Some(text) if clock::parse_duration(text).is_none_or(|limit| limit.is_zero()) => {
            Err(("hook_timeout", format!("`{text}` is not a length of time such as `10m`")))
        }
        _ => Ok(()),
    }
}

/// How long each hook may run.
pub(super) fn timeout(stage: Option<&StageFile>) -> Duration {
    stage.and_then(|stage| stage.hook_timeout.as_deref()).and_then(clock::parse_duration).unwrap_or(TIMEOUT)
}
