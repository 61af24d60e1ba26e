//! Running whole processes: how long one took, how much of a processor, and how much memory.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, bail};

/// GNU time, where it is installed; without it only the clock is read.
const GNU_TIME: &str = "/usr/bin/time";

/// The program under test, and the folder it is run in.
pub(crate) struct Mlrun {
    program: PathBuf,
    /// Where a case keeps everything.
    pub(crate) folder: PathBuf,
    tools: Tools,
}

/// What else a case may need.
#[derive(Clone, Default)]
pub(crate) struct Tools {
    /// Weights to begin a line of fine-tunes with.
    pub(crate) weights: Option<PathBuf>,
    /// A Python that has other tools.
    pub(crate) python: Option<PathBuf>,
    /// How long what can go on for ever is to go on.
    pub(crate) seconds: Option<u64>,
}

/// What one run cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    /// From start to end, in milliseconds.
    pub(crate) milliseconds: f64,
    /// What it took of processors, in seconds: steadier than the clock where others build.
    pub(crate) processor: Option<f64>,
    /// The largest resident set, in MiB.
    pub(crate) peak: Option<f64>,
}

impl Mlrun {
    pub(crate) fn new(program: &Path, folder: &Path, tools: &Tools) -> Self {
        Self { program: program.to_owned(), folder: folder.to_owned(), tools: tools.clone() }
    }

    /// Its file.
    pub(crate) fn program(&self) -> &Path {
        &self.program
    }

    /// Weights to begin with, if any were given.
    pub(crate) fn weights(&self) -> Option<&Path> {
        self.tools.weights.as_deref()
    }

    /// The Python that has other tools.
    pub(crate) fn python(&self) -> &Path {
        self.tools.python.as_deref().unwrap_or(Path::new("python3"))
    }

    /// How long what can go on for ever is to go on.
    pub(crate) const fn seconds(&self) -> Option<u64> {
        self.tools.seconds
    }

    /// The same program in another folder.
    pub(crate) fn within(&self, folder: &Path) -> Self {
        Self::new(&self.program, folder, &self.tools)
    }

    /// A command line of it, not started yet.
    pub(crate) fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments.split_whitespace()).current_dir(&self.folder).stdin(Stdio::null());
        command.envs(alone(&self.folder));
        command
    }

    /// Runs it to a good end; returns what it printed.
    pub(crate) fn run(&self, arguments: &str) -> Result<String> {
        let output = self.command(arguments).output()?;
        if !output.status.success() {
            let said = [output.stdout, output.stderr].concat();
            bail!("mlrun {arguments}: {}: {}", output.status, String::from_utf8_lossy(&said));
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Runs it with `--json`.
    pub(crate) fn json(&self, arguments: &str) -> Result<serde_json::Value> {
        Ok(serde_json::from_str(&self.run(&format!("{arguments} --json"))?)?)
    }

    /// Times the bare process; its memory is not looked at.
    pub(crate) fn time(&self, arguments: &str) -> Result<f64> {
        finish(self.command(arguments), arguments)
    }

    /// The same, as a cost.
    pub(crate) fn time_cost(&self, arguments: &str) -> Result<Cost> {
        Ok(Cost { milliseconds: self.time(arguments)?, processor: None, peak: None })
    }

    /// Times the process and what it takes until everything is on the disk, and looks at its memory.
    pub(crate) fn time_synced(&self, arguments: &str) -> Result<Cost> {
        let line = format!("{} {arguments} && sync -f .", self.program.display());
        time_shell(&self.folder, &line)
    }
}

/// Of the repository this is built in nothing is to be found: neither its store nor its code.
fn alone(folder: &Path) -> Option<(&'static str, &Path)> {
    folder.parent().map(|above| ("GIT_CEILING_DIRECTORIES", above))
}

/// Times a command line of a shell.
pub(crate) fn time_shell(folder: &Path, line: &str) -> Result<Cost> {
    let report = folder.join(".cost");
    let mut command = if Path::new(GNU_TIME).exists() {
        let mut command = Command::new(GNU_TIME);
        command.args(["-f", "%U %S %M", "-o"]).arg(&report).arg("sh");
        command
    } else {
        Command::new("sh")
    };
    command.args(["-c", line]).current_dir(folder).envs(alone(folder));
    let milliseconds = finish(command, line)?;
    let numbers = std::fs::read_to_string(&report).unwrap_or_default();
    let numbers: Vec<f64> = numbers.split_whitespace().filter_map(|number| number.parse().ok()).collect();
    Ok(match numbers[..] {
        [user, system, kib] => Cost { milliseconds, processor: Some(user + system), peak: Some(kib / 1024.0) },
        _ => Cost { milliseconds, processor: None, peak: None },
    })
}

fn finish(mut command: Command, line: &str) -> Result<f64> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    let status = command.status().with_context(|| line.to_owned())?;
    let milliseconds = start.elapsed().as_secs_f64() * 1e3;
    if !status.success() {
        bail!("{line}: {status}");
    }
    Ok(milliseconds)
}
