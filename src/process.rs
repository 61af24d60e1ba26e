//! Starting programs: the only place that does.

mod foreground;
mod interruption;
mod on_path;
#[cfg(unix)]
mod passed_on;
mod program;
#[cfg(unix)]
mod signals;
#[cfg(unix)]
mod started;
mod usage;
mod watched;

pub use self::foreground::{Foreground, run_in_foreground};
pub use self::interruption::Interruption;
pub use self::on_path::{is_executable, on_path};
pub use self::program::{Ended, Program, Usage};
pub use self::watched::{Watched, run_watched};

use std::ffi::OsStr;
use std::io::{self, Read};
use std::path::Path;
use std::process::{Command, Stdio};

/// What a finished program left.
#[derive(Debug, Clone)]
pub struct Finished {
    /// Its exit status; none if a signal ended it.
    pub status: Option<i32>,
    /// What it wrote to standard output, at most the limit asked for.
    pub stdout: Vec<u8>,
    /// The first 64 KiB of what it wrote to standard error.
    pub stderr: String,
    /// Whether standard output was longer than the limit.
    pub cut: bool,
}

impl Finished {
    /// Whether it ended with status 0.
    pub fn success(&self) -> bool {
        self.status == Some(0)
    }
}

/// Why a program could not be run.
#[derive(Debug, thiserror::Error)]
#[error("cannot run `{program}`: {source}")]
pub struct ProcessError {
    /// Which.
    pub program: String,
    /// The system's reason.
    pub source: io::Error,
}

/// Runs `program` in `folder` without standard input, keeping at most `limit` bytes of its output.
pub fn run<A: AsRef<OsStr>>(
    program: &str,
    arguments: impl IntoIterator<Item = A>,
    folder: &Path,
    variables: &[(&str, &str)],
    limit: u64,
) -> Result<Finished, ProcessError> {
    let failed = |source| ProcessError { program: program.to_owned(), source };
    #[expect(clippy::disallowed_methods, reason = "this is the one place that may")]
    let mut command = Command::new(program);
    // What a caller's own git hook has set would lead elsewhere than to `folder`.
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX"] {
        command.env_remove(name);
    }
    command.args(arguments).current_dir(folder).envs(variables.iter().copied());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(failed)?;
    let stderr = child.stderr.take();
    let errors = std::thread::spawn(move || {
        let mut text = Vec::new();
        if let Some(mut pipe) = stderr {
            // A broken pipe only shortens a message.
            let _ = pipe.by_ref().take(64 << 10).read_to_end(&mut text);
            let _ = io::copy(&mut pipe, &mut io::sink());
        }
        String::from_utf8_lossy(&text).into_owned()
    });
    let mut stdout = Vec::new();
    let mut cut = false;
    if let Some(mut pipe) = child.stdout.take() {
        pipe.by_ref().take(limit).read_to_end(&mut stdout).map_err(failed)?;
        cut = io::copy(&mut pipe, &mut io::sink()).map_err(failed)? > 0;
    }
    let status = child.wait().map_err(failed)?.code();
    Ok(Finished { status, stdout, stderr: errors.join().unwrap_or_default(), cut })
}
