//! `reproduce`: trains a version again in a folder of its own, and compares what comes out with what there was.
//!
//! The recorded command is started, as a person would: nothing keeps it from what the person may do. The project and the store
//! are only read.

mod command;
mod comparison;
mod environment;
mod files;
mod metrics;
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
use super::error::UsageError;
use super::reproducibility::{Reason, reasons};
use super::restore::{DataFrom, Part, RestoreOptions, RestoreReport, restore};
use super::scratch::Scratch;
use super::{VerbError, records, resolve, snapshot};
use crate::clock::describe_duration;
use crate::format::observation::ObservationRecord;
use crate::format::snapshot::{DataKind, SnapshotRecord};
use crate::format::tree::is_component;
use crate::id::SnapshotId;
use crate::name::{ModelName, SetName, Version};
use crate::nearest::nearest;
use crate::process::{self, Ended, Interruption, Program, Watched};
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
    /// The folder it runs in, among the version's files, `/`-separated; empty at their root.
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
    pub run: Option<Ended>,
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
fn how(ended: &Ended) -> String {
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
    let project = if record.code.tree.is_some() { record.code.prefix.clone() } else { String::new() };
    let report = ReproduceReport {
        model: found.state.model.clone(),
        version: found.row.version,
        id: found.snapshot(),
        command: TrainingCommand::of(&record, options.command.as_deref())?,
        folder: [project.as_str(), record.cwd.as_deref().unwrap_or_default()]
            .map(str::to_owned)
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join("/"),
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
    let mut run =
        Run { repository, options, record, observation, report, label: found.label(), project, interruption: None };
    if options.dry_run {
        return run.rehearse(progress);
    }
    run.interruption = Some(Interruption::begin());
    let mut scratch = run.place()?;
    let trained = run.train(&scratch, output, progress);
    let asked_to_end = run.asked_to_end();
    if options.keep && (trained.is_ok() || asked_to_end.is_some()) {
        scratch.keep();
    }
    if let Some(signal) = asked_to_end {
        // Whatever else went wrong went wrong because of that.
        return Err(ReproduceError::Interrupted { signal, kept: scratch.kept().map(Path::to_path_buf) }.into());
    }
    trained?;
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
    /// The project's folder among the version's files; empty at their root.
    project: String,
    /// While there is a folder to remove.
    interruption: Option<Interruption>,
}

impl Run<'_> {
    /// Finds out, and leaves nothing behind.
    fn rehearse(mut self, progress: &dyn Progress) -> Result<ReproduceReport, VerbError> {
        self.refuse_place()?;
        // A folder that is not there, because nobody makes it.
        let nowhere = std::env::temp_dir().join(uuid::Uuid::new_v4().simple().to_string());
        let options = RestoreOptions { dry_run: true, ..self.restore_options(nowhere.clone()) };
        let restored = restore(self.repository, &options, progress)?;
        self.report.missing.extend(restored.erased.iter().map(|(file, why)| (file.path.clone(), why.clone())));
        self.tell_of_data(&restored);
        self.report.environment = match self.options.environment {
            EnvironmentChoice::Current => {
                let program = self.program(&nowhere.join(&self.report.folder));
                let recorded = (&self.record.environment, &self.observation);
                environment::current(self.repository, &nowhere, program.as_deref(), recorded).0
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
            data: self.options.data.clone(),
            without_erased: true,
            ..RestoreOptions::default()
        }
    }

    /// The folder to do it in.
    fn place(&self) -> Result<Scratch, VerbError> {
        self.refuse_place()?;
        self.options.to.as_deref().map_or_else(|| Scratch::temporary("reproduce"), Scratch::at)
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
        if self.asked_to_end().is_some() {
            return Ok(());
        }
        let erased = restored.erased.iter().map(|(file, why)| (file.path.clone(), why.clone()));
        self.report.missing.extend(erased);
        // Data is told of below; what was left out of the code may not be needed.
        let gone = |what: &str| what.starts_with("data.") || self.report.missing.iter().any(|(path, _)| path == what);
        let rest = restored.missing.iter().filter(|(what, _)| !gone(what));
        let rest: Vec<String> = rest.map(|(what, why)| format!("not restored: {what}: {why}")).collect();
        self.report.notes.extend(rest);
        self.tell_of_data(&restored);
        if !self.report.folder.is_empty() && !self.report.folder.split('/').all(is_component) {
            let why = "the record has it outside the version's files".to_owned();
            self.report.missing.push((self.report.folder.clone(), why));
        } else if self.report.folder.contains("<redacted:") {
            let why = "a secret was taken out of the name of the folder it ran in".to_owned();
            self.report.missing.push((self.report.folder.clone(), why));
        }
        if let Some((first, why)) = self.report.missing.first() {
            self.report.verdict = Some(Reproduced::Inconclusive);
            self.report.because = format!("`{first}` is not there to train with: {why}");
            return Ok(());
        }
        let below = |path: &str| if path.is_empty() { scratch.files() } else { scratch.files().join(path) };
        let (folder, runs_in) = (below(&self.project), below(&self.report.folder));
        let outputs = Outputs::of(self.repository.store(), &self.record, &folder)?;
        // A script that is started in its project finds the folders that it writes into.
        scratch.folder(&runs_in)?;
        outputs.folders().try_for_each(|inside| scratch.folder(&folder.join(inside)))?;
        let recorded = (&self.record.environment, &self.observation);
        let (environment, prefix) = match self.options.environment {
            EnvironmentChoice::Current => {
                environment::current(self.repository, &folder, self.program(&runs_in).as_deref(), recorded)
            }
            EnvironmentChoice::Recreate => {
                let limits = (self.options.limit, self.interruption.as_ref());
                let (report, prefix) = environment::recreate(scratch, recorded, limits, output)?;
                (report, Some(prefix))
            }
        };
        self.report.environment = environment;
        let ended = self.run(scratch, &runs_in, prefix.as_deref(), output)?;
        self.report.run = Some(ended);
        if self.asked_to_end().is_some() {
            return Ok(());
        }
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

    /// What became of training data that was not kept.
    fn tell_of_data(&mut self, restored: &RestoreReport) {
        let verb = if restored.dry_run { "would be" } else { "is" };
        for data in &self.record.data {
            if data.path.starts_with("outside/") {
                let note = format!("the data `{}` lay outside the project; here it is `{}`", data.name, data.path);
                self.report.notes.push(note);
            }
            if data.stored.is_some() {
                continue;
            }
            let name = format!("data.{}", data.name);
            let source = restored.data.iter().find(|source| source.name == data.name);
            let found = source.and_then(|source| Some((source.path.as_ref()?.display(), source)));
            match found {
                Some((path, source)) => {
                    let place = if source.from == DataFrom::DvcCache { "DVC's cache in " } else { "" };
                    let by = if source.by_md5 { "the MD5 that DVC states" } else { "its digest" };
                    self.report.notes.push(format!("the data `{}` {verb} that of {place}{path}, by {by}", data.name));
                }
                None if data.kind == DataKind::Uri => {
                    self.report.notes.push(format!("the data `{}` is the command's to fetch: {}", data.name, data.path))
                }
                None => {
                    let why = restored.missing.iter().find(|(what, _)| *what == name).map(|(_, why)| why.clone());
                    self.report.missing.push((name, why.unwrap_or_else(|| "it was not kept".to_owned())));
                }
            }
        }
    }

    /// The signal that asked us to end.
    fn asked_to_end(&self) -> Option<i32> {
        self.interruption.as_ref()?.signal()
    }

    /// In the project, the folder that the command ran in.
    fn runs_in_project(&self) -> Option<PathBuf> {
        let project = self.repository.project()?;
        Some(self.record.cwd.as_deref().map_or_else(|| project.to_path_buf(), |cwd| project.join(cwd)))
    }

    /// The recorded program, as it is started in `folder`.
    fn program(&self, folder: &Path) -> Option<PathBuf> {
        let command = &self.report.command;
        command.recorded.then(|| command.program_in(folder, self.runs_in_project().as_deref()).into())
    }

    fn run(
        &mut self,
        scratch: &Scratch,
        folder: &Path,
        prefix: Option<&Path>,
        output: &mut dyn FnMut(&[u8]),
    ) -> Result<Ended, VerbError> {
        let command = &self.report.command;
        let arguments: Vec<OsString> = command.arguments.iter().map(OsString::from).collect();
        let mut set: Vec<(String, OsString)> =
            self.report.variables.set.iter().map(|(name, value)| (name.clone(), value.into())).collect();
        set.extend(prefix.into_iter().flat_map(snapshot::interpreter::activated));
        let mut unset = self.report.variables.unset.clone();
        // What a caller's own git hook has set would lead out of the folder.
        unset.extend(["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX"].map(str::to_owned));
        let program = command.program_in(folder, self.runs_in_project().as_deref());
        let made = prefix.filter(|_| command.recorded && self.options.environment == EnvironmentChoice::Recreate);
        let program = match made {
            // By where it lies it would be the one of then.
            Some(made) if environment::is_python_at(Path::new(&program)) => environment::python_of(made).into(),
            _ => program,
        };
        let program = Program { set: &set, unset: &unset, ..Program::new(&program, &arguments, folder) };
        let what =
            Watched { limit: self.options.limit, interruption: self.interruption.as_ref(), ..Watched::new(program) };
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
