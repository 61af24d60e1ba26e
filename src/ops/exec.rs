//! `exec`: runs a training command, then takes a snapshot of what it made. A run that fails is no version.
//!
//! What can be checked is checked before the command runs: it may take hours.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::snapshot::inputs::{CommandInput, GivenInputs, capture_options};
use super::snapshot::{RESERVE, SnapshotOptions, SnapshotReport, snapshot};
use super::{Asked, MadeEvent, UsageError, VerbError, resolve};
use crate::capture::secrets::Scanner;
use crate::capture::{beforehand, command};
use crate::format::event::EventBody;
use crate::format::observation::ExecutionRecord;
use crate::format::scalar::Scalar;
use crate::format::snapshot::{SeedRecord, SeedSource};
use crate::host;
use crate::name::ModelName;
use crate::process::{Ended, Foreground, ProcessError, Program, is_executable, on_path, run_in_foreground};
use crate::progress::Progress;
use crate::registry::{Decision, State};
use crate::repository::Repository;
use crate::shell;
use crate::store::StoreError;

/// The variable that tells a training command its seed.
pub const MODEL_SEED: &str = "MODEL_SEED";
/// The variable that Python takes the seed of its hashes from: 0 to 2³²-1.
pub const PYTHONHASHSEED: &str = "PYTHONHASHSEED";

/// Bytes of arguments that an event holds: what is longer is no command that a person would read.
const MOST_ARGUMENTS: usize = 64 << 10;

/// What to run.
#[derive(Debug, Clone, Default)]
pub struct ExecOptions {
    /// The model; none: the only one.
    pub model: Option<ModelName>,
    /// What was given by hand; the command runs in its folder.
    pub given: GivenInputs,
    /// Program and arguments.
    pub command: Vec<OsString>,
    /// The seed to issue.
    pub seed: Option<i64>,
    /// Makes a version even if nothing changed.
    pub new_version: bool,
    /// Whether what was erased from another version may be stored again.
    pub allow_erased: bool,
    /// Records a failed run in the journal.
    pub keep_failed: bool,
    /// Whether the command's standard output goes to our standard error, because ours is an answer that a program reads.
    pub output_to_error: bool,
    /// Checks what can be checked, runs nothing.
    pub dry_run: bool,
}

/// What was run, and what came of it.
#[derive(Debug, Clone)]
pub struct ExecReport {
    /// The model.
    pub model: ModelName,
    /// Program and arguments, without secrets.
    pub argv: Vec<String>,
    /// The folder it ran in, relative to the project; none: the project's own.
    pub cwd: Option<String>,
    /// Seeds that were issued to it: variable and value.
    pub issued: Vec<(String, i64)>,
    /// How it went; none in a dry run.
    pub run: Option<ExecutionRecord>,
    /// The signal that asked this program to end while it ran.
    pub asked_to_end: Option<i32>,
    /// The snapshot, where the run succeeded.
    pub snapshot: Option<SnapshotReport>,
    /// The event of a failed run, where that was asked for.
    pub failed: Option<MadeEvent>,
    /// What is declared as made by training, and was not written by this run.
    pub unwritten: Vec<String>,
    /// Code that was changed while the command ran.
    pub changed_code: Vec<String>,
}

impl ExecReport {
    /// The status to pass on: the command's, or 128 and the signal that ended it.
    pub fn status(&self) -> i32 {
        let Some(run) = &self.run else { return 0 };
        match (run.exit, run.signal.or(self.asked_to_end)) {
            (Some(0) | None, Some(signal)) => 128 + signal,
            (status, _) => status.unwrap_or(1),
        }
    }
}

/// Runs a command, and takes a snapshot if it succeeds.
///
/// # Errors
/// What would keep the result from being captured, as far as that can be known before; [`VerbError::NotStarted`], with nothing
/// run; [`VerbError::AfterCommand`], where the run succeeded and the snapshot did not.
pub fn exec(repository: &Repository, options: &ExecOptions, progress: &dyn Progress) -> Result<ExecReport, VerbError> {
    let issued = issued(options.seed)?;
    let [program, arguments @ ..] = options.command.as_slice() else {
        return Err(refused("CMD", "a command is needed").into());
    };
    let found = find(program, &options.given.folder)?;
    let argv = options.command.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let given = GivenInputs {
        command: Some(CommandInput { argv, program: found, issued: issued.clone() }),
        ..options.given.clone()
    };
    let capture_options = capture_options(repository, options.model.as_ref(), &given)?;
    let before = beforehand::look(&capture_options)?;
    check_store(repository, &capture_options.model)?;
    let mut redactions = Vec::new();
    let command = command::redacted(&Scanner::default(), &capture_options, &mut redactions);
    let mut report = ExecReport {
        model: resolve::current(repository, &capture_options.model),
        argv: command.argv.unwrap_or_default(),
        cwd: command.cwd,
        issued,
        run: None,
        asked_to_end: None,
        snapshot: None,
        failed: None,
        unwritten: Vec::new(),
        changed_code: Vec::new(),
    };
    if options.dry_run {
        return Ok(report);
    }
    let variables: Vec<_> =
        report.issued.iter().map(|(name, value)| (name.clone(), value.to_string().into())).collect();
    let started = repository.clock().now();
    let program = Program { set: &variables, ..Program::new(program, arguments, &given.folder) };
    let foreground = Foreground { output_to_error: options.output_to_error, ..Foreground::new(program) };
    let ended = run_in_foreground(&foreground).map_err(not_started)?;
    let milliseconds = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let run = ExecutionRecord {
        started,
        duration_ms: milliseconds(ended.took),
        exit: ended.status,
        signal: ended.signal,
        user_ms: ended.usage.user.map(milliseconds),
        system_ms: ended.usage.system.map(milliseconds),
        peak_memory: ended.usage.peak_memory,
        folder: Some(given.folder.canonicalize().unwrap_or_else(|_| given.folder.clone()).display().to_string()),
    };
    report.run = Some(run.clone());
    report.asked_to_end = ended.asked_to_end;
    if report.status() != 0 {
        if options.keep_failed {
            report.failed = keep(repository, &report, run)?;
        }
        return Ok(report);
    }
    report.unwritten = before.unwritten(&capture_options);
    report.changed_code = before.changed_code();
    let of_run = SnapshotOptions {
        model: Some(report.model.clone()),
        given,
        new_version: options.new_version,
        allow_erased: options.allow_erased,
        execution: Some(run),
        dry_run: false,
    };
    let taken = snapshot(repository, &of_run, progress);
    report.snapshot = Some(taken.map_err(|error| after(error, &report, ended))?);
    Ok(report)
}

fn refused(option: &str, reason: &str) -> UsageError {
    UsageError::Option { option: option.to_owned(), reason: reason.to_owned() }
}

/// The variables a seed is issued as. Python's hashes take 32 bits of it.
fn issued(seed: Option<i64>) -> Result<Vec<(String, i64)>, UsageError> {
    match seed {
        None => Ok(Vec::new()),
        Some(seed) if seed < 0 => Err(refused("--seed", "a seed that is issued is not negative")),
        Some(seed) => Ok(vec![(MODEL_SEED.to_owned(), seed), (PYTHONHASHSEED.to_owned(), seed & 0xffff_ffff)]),
    }
}

/// Whether a snapshot could be recorded at all.
fn check_store(repository: &Repository, model: &ModelName) -> Result<(), VerbError> {
    repository.registry().state(model)?;
    let backend = repository.store().backend();
    backend.stage().map_err(StoreError::from)?;
    match backend.free() {
        Some(free) if free < RESERVE => Err(StoreError::NoSpace { needed: RESERVE, free }.into()),
        _ => Ok(()),
    }
}

fn not_started(error: ProcessError) -> VerbError {
    VerbError::NotStarted { program: error.program, source: error.source }
}

/// Where a program is: by its path, or the first of its name on `PATH`. Where a system has other rules for names, nothing.
fn find(program: &OsString, folder: &Path) -> Result<Option<PathBuf>, VerbError> {
    let refused = |kind: io::ErrorKind, reason: &str| VerbError::NotStarted {
        program: program.to_string_lossy().into_owned(),
        source: io::Error::new(kind, reason),
    };
    if program.as_encoded_bytes().contains(&b'/') {
        let path = folder.join(program);
        return match (path.exists(), is_executable(&path)) {
            (false, _) => Err(refused(io::ErrorKind::NotFound, "there is no such file")),
            (true, false) => Err(refused(io::ErrorKind::PermissionDenied, "it is not an executable file")),
            (true, true) => Ok(Some(path)),
        };
    }
    if cfg!(not(unix)) {
        return Ok(None);
    }
    let path = host::variable("PATH").unwrap_or_default();
    on_path(&path, folder, program)
        .map(Some)
        .ok_or_else(|| refused(io::ErrorKind::NotFound, "no program on PATH is called so"))
}

/// That the run was good, and how its result is captured without another one.
fn after(error: VerbError, report: &ExecReport, ended: Ended) -> VerbError {
    let mut again = vec!["mlrun".to_owned(), "snapshot".to_owned(), report.model.to_string()];
    again.extend(report.issued.iter().flat_map(|(name, value)| ["--seed".to_owned(), format!("{name}={value}")]));
    VerbError::AfterCommand { again: shell::line(&again), took: ended.took, source: Box::new(error) }
}

/// Records a failed run.
fn keep(repository: &Repository, report: &ExecReport, run: ExecutionRecord) -> Result<Option<MadeEvent>, VerbError> {
    let actor = Asked::begin(repository).answer();
    let seed = |(name, value): &(String, i64)| SeedRecord {
        name: name.clone(),
        value: Scalar::Int(i128::from(*value)),
        source: SeedSource::Issued,
    };
    let (argv, arguments_cut) = shortened(&report.argv);
    let body = EventBody::Failed {
        argv,
        arguments_cut,
        cwd: report.cwd.clone(),
        // Where folders lie tells who works there, and an event cannot be taken back.
        run: ExecutionRecord { folder: None, ..run },
        seeds: report.issued.iter().map(seed).collect(),
    };
    let append = |_: &State| Ok(Decision::Append(body.clone(), ()));
    let committed = repository.registry().commit::<(), VerbError>(&report.model, &actor, append)?;
    Ok(committed.event.map(|(event, record)| MadeEvent { event, time: record.time }))
}

/// The arguments that a journal holds, and how many more there are.
fn shortened(argv: &[String]) -> (Vec<String>, Option<u64>) {
    let mut room = MOST_ARGUMENTS;
    let fits = |word: &&String| {
        let left = room.checked_sub(word.len());
        room = left.unwrap_or(0);
        left.is_some()
    };
    let kept: Vec<String> = argv.iter().take_while(fits).cloned().collect();
    let cut = argv.len() - kept.len();
    (kept, (cut > 0).then_some(cut as u64))
}
