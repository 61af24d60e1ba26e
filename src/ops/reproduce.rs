//! `reproduce`: trains a version again in a folder of its own, and compares what comes out with what there was.
//!
//! The recorded command is started, as a person would: nothing keeps it from what the person may do. The project and the store
//! are only read.

mod command;
mod comparison;
mod data;
mod environment;
mod files;
mod metrics;
mod scratch;
mod verdict;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use self::command::{TrainingCommand, Variables, variables};
pub use self::environment::{EnvironmentChoice, EnvironmentReport};
pub use self::files::{FileOutcome, Likeness};
pub use self::metrics::{MetricOutcome, Sameness, TOLERANCE, compare as compare_metrics};
pub use self::verdict::{Reproduced, judge};
pub use super::error::ReproduceError;

use self::comparison::{Comparison, Outputs};
use self::scratch::Scratch;
use super::error::UsageError;
use super::reproducibility::{Reason, reasons};
use super::restore::{Part, RestoreOptions, restore};
use super::{VerbError, records, resolve};
use crate::clock::describe_duration;
use crate::format::observation::ObservationRecord;
use crate::format::snapshot::{DataKind, SnapshotRecord};
use crate::format::tree::is_component;
use crate::host;
use crate::id::SnapshotId;
use crate::name::{ModelName, SetName, Version};
use crate::nearest::nearest;
use crate::process::{self, Watched, WatchedEnd};
use crate::progress::Progress;
use crate::repository::Repository;

/// How to train a version again.
#[derive(Debug, Clone)]
pub struct ReproduceOptions {
    /// The version.
    pub revision: String,
    /// The time to see it at.
    pub at: Option<String>,
    /// A line for the shell, in the place of the recorded command.
    pub command: Option<String>,
    /// The software to use.
    pub environment: EnvironmentChoice,
    /// An empty or new folder to do it in, which stays; none: a temporary one.
    pub to: Option<PathBuf>,
    /// Whether the temporary folder stays.
    pub keep: bool,
    /// Where data lies that was not kept.
    pub data: Vec<(SetName, PathBuf)>,
    /// By how much numbers may differ, relative to the larger one.
    pub tolerance: f64,
    /// Metrics that say nothing, such as how long it took.
    pub ignored: Vec<String>,
    /// How long each program that is started may run.
    pub limit: Option<Duration>,
    /// Finds out, runs nothing.
    pub dry_run: bool,
}

impl Default for ReproduceOptions {
    fn default() -> Self {
        Self {
            revision: String::new(),
            at: None,
            command: None,
            environment: EnvironmentChoice::Current,
            to: None,
            keep: false,
            data: Vec::new(),
            tolerance: TOLERANCE,
            ignored: Vec::new(),
            limit: None,
            dry_run: false,
        }
    }
}

/// What came out.
#[derive(Debug, Clone)]
pub struct ReproduceReport {
    /// The model.
    pub model: ModelName,
    /// Its version.
    pub version: Version,
    /// Its record.
    pub id: SnapshotId,
    /// What was run.
    pub command: TrainingCommand,
    /// Where in the version's files, `/`-separated; empty at their root.
    pub folder: String,
    /// The variables it got.
    pub variables: Variables,
    /// Which software was asked for.
    pub choice: EnvironmentChoice,
    /// The software it got.
    pub environment: EnvironmentReport,
    /// What of the version is not there to train with: which, and why.
    pub missing: Vec<(String, String)>,
    /// What should be known about what was trained with.
    pub notes: Vec<String>,
    /// How the command ended; none: it was not run.
    pub run: Option<WatchedEnd>,
    /// The last of what it wrote, if it failed.
    pub said: String,
    /// The model's files.
    pub files: Vec<FileOutcome>,
    /// Metrics.
    pub metrics: Vec<MetricOutcome>,
    /// Why the metrics of the new run cannot be read.
    pub unreadable: Vec<String>,
    /// Predictions.
    pub predictions: Vec<FileOutcome>,
    /// What was not compared, and why.
    pub not_compared: Vec<(String, String)>,
    /// By how much numbers could differ.
    pub tolerance: f64,
    /// What speaks for and against it in the version's records.
    pub reasons: Vec<Reason>,
    /// The verdict; none in a dry run.
    pub verdict: Option<Reproduced>,
    /// Why, in one sentence.
    pub because: String,
    /// Where everything lies, if it was kept.
    pub kept: Option<PathBuf>,
    /// What could not be removed, and why.
    pub left: Option<(PathBuf, String)>,
}

/// Of a command that failed, so much is told of what it wrote last.
const TAIL: usize = 2 << 10;

/// How a program ended that did not succeed.
fn how(ended: &WatchedEnd) -> String {
    match (ended.timed_out, ended.status, ended.signal) {
        (true, ..) => format!("did not end in {}", describe_duration(ended.took)),
        (_, Some(status), _) => format!("ended with status {status}"),
        (_, None, Some(signal)) => format!("was ended by signal {signal}"),
        _ => "was ended".to_owned(),
    }
}

/// Trains a version again. What the programs that are started write is handed to `output` as it comes.
///
/// # Errors
/// There is no command, no place, or no environment to run it in; it could not be started. Whatever else happens is a report.
pub fn reproduce(
    repository: &Repository,
    options: &ReproduceOptions,
    output: &mut dyn FnMut(&[u8]),
    progress: &dyn Progress,
) -> Result<ReproduceReport, VerbError> {
    let found = resolve::revision(repository, &options.revision, options.at.as_deref())?;
    resolve::kept(repository, &found)?;
    let record = records::snapshot(repository, found.snapshot())?;
    let observation = records::observation(repository, found.row.observation)?;
    check(options, &record)?;
    let report = ReproduceReport {
        model: found.state.model.clone(),
        version: found.row.version,
        id: found.snapshot(),
        command: TrainingCommand::of(&record, options.command.as_deref())?,
        folder: if record.code.tree.is_some() { record.code.prefix.clone() } else { String::new() },
        variables: variables(&record),
        choice: options.environment,
        environment: EnvironmentReport::default(),
        missing: Vec::new(),
        notes: Vec::new(),
        run: None,
        said: String::new(),
        files: Vec::new(),
        metrics: Vec::new(),
        unreadable: Vec::new(),
        predictions: Vec::new(),
        not_compared: Vec::new(),
        tolerance: options.tolerance,
        reasons: reasons(&record, &observation, None),
        verdict: None,
        because: String::new(),
        kept: None,
        left: None,
    };
    let mut run = Run { repository, options, record, observation, report, label: found.label() };
    if options.dry_run {
        return run.rehearse(progress);
    }
    let mut scratch = run.place()?;
    run.train(&scratch, output, progress)?;
    if options.keep {
        scratch.keep();
    }
    run.report.kept = scratch.kept().map(Path::to_path_buf);
    run.report.left = scratch.end().map(|(path, error)| (path, error.to_string()));
    Ok(run.report)
}

/// Refuses what cannot be meant.
fn check(options: &ReproduceOptions, record: &SnapshotRecord) -> Result<(), UsageError> {
    let refuse = |option: &str, reason: String| UsageError::Option { option: option.to_owned(), reason };
    if !(0.0..1.0).contains(&options.tolerance) {
        return Err(refuse("tolerance", format!("{} is no part of a number: 0 or more, below 1", options.tolerance)));
    }
    let known = || record.data.iter().map(|data| data.name.as_str());
    if let Some((name, _)) = options.data.iter().find(|(name, _)| known().all(|known| known != name.as_str())) {
        let there: Vec<&str> = known().collect();
        return Err(refuse("data", format!("this version has no data `{name}`; it has: {}", there.join(", "))));
    }
    match options.ignored.iter().find(|name| !record.metrics.contains_key(*name)) {
        None => Ok(()),
        Some(name) => Err(UsageError::NoSuchValue {
            model: record.model.clone(),
            name: name.clone(),
            nearest: nearest(name, record.metrics.keys().map(String::as_str)),
        }),
    }
}

/// What is known before anything is run.
struct Run<'r> {
    repository: &'r Repository,
    options: &'r ReproduceOptions,
    record: SnapshotRecord,
    observation: ObservationRecord,
    report: ReproduceReport,
    /// `fraud@v7`, which does not move meanwhile.
    label: String,
}

impl Run<'_> {
    /// Finds out, and leaves nothing behind.
    fn rehearse(mut self, progress: &dyn Progress) -> Result<ReproduceReport, VerbError> {
        self.refuse_place()?;
        // A folder that is not there, because nobody makes it.
        let nowhere = std::env::temp_dir().join(uuid::Uuid::new_v4().simple().to_string());
        let options = RestoreOptions { dry_run: true, ..self.restore_options(nowhere.clone()) };
        let restored = restore(self.repository, &options, progress)?;
        self.report.missing.extend(restored.erased.into_iter().map(|(file, why)| (file.path, why)));
        for data in self.record.data.iter().filter(|data| data.stored.is_none() && data.kind != DataKind::Uri) {
            match data::candidate(data, &self.options.data, &self.observation) {
                Some(path) if path.exists() => {
                    let digest = data.sha256.map_or_else(String::new, |digest| digest.short());
                    self.report.notes.push(format!(
                        "the data `{}` would be taken from {}, if its digest is {digest}",
                        data.name,
                        path.display()
                    ));
                }
                _ => {
                    self.report.missing.push((format!("data.{}", data.name), why_not_kept(data.not_stored.as_deref())))
                }
            }
        }
        self.report.environment = match self.options.environment {
            EnvironmentChoice::Current => {
                environment::current(self.repository, &nowhere, (&self.record.environment, &self.observation)).0
            }
            EnvironmentChoice::Recreate => environment::machine_alone(&self.observation),
        };
        Ok(self.report)
    }

    fn restore_options(&self, to: PathBuf) -> RestoreOptions {
        RestoreOptions {
            revision: self.label.clone(),
            to,
            // What the command makes is not there before: the model, and what was measured of it.
            only: vec![Part::Code, Part::Params, Part::Data],
            without_erased: true,
            ..RestoreOptions::default()
        }
    }

    /// The folder to do it in.
    fn place(&self) -> Result<Scratch, VerbError> {
        self.refuse_place()?;
        self.options.to.as_deref().map_or_else(Scratch::temporary, Scratch::at)
    }

    /// Refuses a folder that is in use, and the project's own unless a person names it.
    fn refuse_place(&self) -> Result<(), VerbError> {
        if let Some(path) = &self.options.to {
            return match path.read_dir().map(|mut entries| entries.next().is_some()) {
                Ok(true) => Err(ReproduceError::NotEmpty { path: path.clone() }.into()),
                Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                    Err(UsageError::NotAFolder(path.display().to_string()).into())
                }
                _ => Ok(()),
            };
        }
        let temporary = std::env::temp_dir();
        let real = temporary.canonicalize().unwrap_or(temporary);
        match self.repository.project().and_then(|project| project.canonicalize().ok()) {
            Some(project) if real.starts_with(&project) => Err(ReproduceError::InProject { path: real }.into()),
            _ => Ok(()),
        }
    }

    /// Puts everything into its place, runs the command, compares.
    fn train(
        &mut self,
        scratch: &Scratch,
        output: &mut dyn FnMut(&[u8]),
        progress: &dyn Progress,
    ) -> Result<(), VerbError> {
        let restored = restore(self.repository, &self.restore_options(scratch.files()), progress)?;
        let erased = restored.erased.into_iter().map(|(file, why)| (file.path, why));
        self.report.missing.extend(erased);
        // Data is looked for elsewhere, too; what was left out of the code may not be needed.
        let gone = |what: &str| what.starts_with("data.") || self.report.missing.iter().any(|(path, _)| path == what);
        let rest = restored.missing.iter().filter(|(what, _)| !gone(what));
        let rest: Vec<String> = rest.map(|(what, why)| format!("not restored: {what}: {why}")).collect();
        self.report.notes.extend(rest);
        self.find_data(scratch);
        if !self.report.folder.is_empty() && !self.report.folder.split('/').all(is_component) {
            let why = "the record has it outside the version's files".to_owned();
            self.report.missing.push((self.report.folder.clone(), why));
        }
        if let Some((first, why)) = self.report.missing.first() {
            self.report.verdict = Some(Reproduced::Inconclusive);
            self.report.because = format!("`{first}` is not there to train with: {why}");
            return Ok(());
        }
        let folder = match self.report.folder.as_str() {
            "" => scratch.files(),
            prefix => scratch.files().join(prefix),
        };
        let outputs = Outputs::of(self.repository.store(), &self.record, &folder)?;
        // A script that is started in its project finds the folders that it writes into.
        scratch.folder(&folder)?;
        outputs.folders().try_for_each(|inside| scratch.folder(&folder.join(inside)))?;
        let recorded = (&self.record.environment, &self.observation);
        let (environment, prefix) = match self.options.environment {
            EnvironmentChoice::Current => environment::current(self.repository, &folder, recorded),
            EnvironmentChoice::Recreate => {
                let (report, prefix) = environment::recreate(scratch, recorded, self.options.limit, output)?;
                (report, Some(prefix))
            }
        };
        self.report.environment = environment;
        let ended = self.run(scratch, &folder, prefix.as_deref(), output)?;
        self.report.run = Some(ended);
        if ended.timed_out || ended.status != Some(0) {
            self.report.verdict = Some(Reproduced::Failed);
            self.report.because = format!("the command {}", how(&ended));
            return Ok(());
        }
        self.report.said.clear();
        let compared = Comparison { scratch, folder: &folder, options: self.options, record: &self.record };
        compared.fill(self.repository.store(), &outputs, &mut self.report);
        let (verdict, because) = judge(&self.report.files, &self.report.metrics, &self.report.predictions);
        (self.report.verdict, self.report.because) = (Some(verdict), because);
        Ok(())
    }

    /// Training data that was not kept.
    fn find_data(&mut self, scratch: &Scratch) {
        for data in &self.record.data {
            let name = format!("data.{}", data.name);
            if data.path.starts_with("outside/") {
                let note = format!("the data `{}` lay outside the project; here it is `{}`", data.name, data.path);
                self.report.notes.push(note);
            }
            if data.stored.is_some() {
                continue;
            }
            if data.kind == DataKind::Uri {
                self.report.notes.push(format!("the data `{}` is the command's to fetch: {}", data.name, data.path));
                continue;
            }
            let candidate = data::candidate(data, &self.options.data, &self.observation);
            let taken = candidate.as_deref().ok_or_else(|| why_not_kept(data.not_stored.as_deref()));
            match taken.and_then(|path| data::take(scratch, &self.report.folder, data, path)) {
                Ok(()) => {
                    let from = candidate.unwrap_or_default();
                    self.report.notes.push(format!(
                        "the data `{}` is that of {}, by its digest",
                        data.name,
                        from.display()
                    ));
                }
                Err(why) => self.report.missing.push((name, why)),
            }
        }
    }

    fn run(
        &mut self,
        scratch: &Scratch,
        folder: &Path,
        prefix: Option<&Path>,
        output: &mut dyn FnMut(&[u8]),
    ) -> Result<WatchedEnd, VerbError> {
        let command = &self.report.command;
        let arguments: Vec<OsString> = command.arguments.iter().map(OsString::from).collect();
        let mut set: Vec<(String, OsString)> =
            self.report.variables.set.iter().map(|(name, value)| (name.clone(), value.into())).collect();
        set.extend(prefix.into_iter().flat_map(activated));
        let mut unset = self.report.variables.unset.clone();
        // What a caller's own git hook has set would lead out of the folder.
        unset.extend(["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX"].map(str::to_owned));
        let program = command.program_in(folder, self.repository.project());
        let what = Watched {
            program: &program,
            arguments: &arguments,
            folder,
            set: &set,
            unset: &unset,
            limit: self.options.limit,
        };
        let mut log = scratch.begin("output.log")?;
        let mut said = Vec::new();
        let ended = process::run_watched(&what, &mut |bytes| {
            // The log is for reading later; a disk that is full shows in what the command makes.
            let _ = log.write_all(bytes);
            said.extend_from_slice(bytes);
            let surplus = said.len().saturating_sub(TAIL);
            said.drain(..surplus);
            output(bytes);
        });
        let start = |reason: String| ReproduceError::Start { command: command.shown.clone(), reason };
        let ended = ended.map_err(|error| start(error.source.to_string()))?;
        self.report.said = String::from_utf8_lossy(&said).trim().to_owned();
        match ended.status {
            // What the shell says of a command that it does not find, or may not run (POSIX, sh, 2.8.2).
            Some(status @ (126 | 127)) if !command.recorded => {
                let reason = if status == 127 { "it was not found" } else { "it is no program" };
                Err(start(format!("{reason}: {}", self.report.said)).into())
            }
            _ => Ok(ended),
        }
    }
}

fn why_not_kept(reason: Option<&str>) -> String {
    format!("it was not kept ({}), and is not where it was", reason.unwrap_or("nobody knows why"))
}

/// The variables that make an environment the first one a command finds.
fn activated(prefix: &Path) -> Vec<(String, OsString)> {
    let programs = prefix.join(if cfg!(windows) { "Scripts" } else { "bin" });
    let before = host::variable("PATH").unwrap_or_default();
    let all = std::iter::once(programs).chain(std::env::split_paths(&before));
    let mut variables = Vec::new();
    if let Ok(path) = std::env::join_paths(all) {
        variables.push(("PATH".to_owned(), path));
    }
    if prefix.join("pyvenv.cfg").is_file() {
        variables.push(("VIRTUAL_ENV".to_owned(), prefix.into()));
    }
    variables
}
