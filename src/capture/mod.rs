//! The outside world → a [`Capture`]: files, parameters, metrics, data, code, environment, seeds. Describes, writes nothing.
//!
//! *Declared* inputs that are missing or unusable stop everything ([`CaptureError`]), unless somebody only looks. *Discovered* parts that fail are listed in
//! [`Capture::not_captured`] with the reason. Secrets are looked for here, before anything can be stored.

pub mod beforehand;
mod cargo;
pub mod code;
pub mod command;
pub mod container;
pub mod data;
mod declared;
pub mod drift;
pub mod dvc;
pub mod environment;
mod error;
pub mod evidence;
pub mod files;
pub mod found;
pub mod git;
pub mod gpu;
pub mod ignored;
mod julia;
pub mod known;
pub mod lfs;
pub mod locks;
pub mod machine;
pub mod notebook;
pub mod patch;
pub mod profile;
pub mod python;
mod r;
pub mod redacted;
mod scan;
pub mod secrets;
pub mod seeds;
pub mod source_file;
mod tabular;
pub mod values;
pub mod weights;

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

pub use self::error::CaptureError;

use self::code::{Code, CodeOptions};
use self::data::{Data, DataInput};
use self::declared::Declared;
pub use self::declared::MAX_REPORT;
use self::environment::EnvironmentOptions;
use self::files::{PathSpec, SourceFile};
use self::ignored::Ignored;
use self::known::Known;
use self::python::Asked;
use self::python::marker::MarkerEnvironment;
use self::redacted::Redacted;
use self::secrets::{Allowance, Scanner};
use crate::format::checksum::Checksum;
use crate::format::config::LOCAL;
use crate::format::observation::{LinkedRecord, MachineRecord, PYTHON};
use crate::format::scalar::Scalar;
use crate::format::snapshot::{
    DataKind, EnvironmentRecord, NotCapturedRecord, PredictionColumns, RedactionRecord, SeedRecord, SeedSource,
};
use crate::name::{ModelName, SetName};
use crate::progress::Progress;

/// What to capture. Paths are absolute.
#[derive(Debug, Clone)]
pub struct CaptureOptions {
    /// The project's folder, without links.
    pub project: PathBuf,
    /// Our own store, which is never captured.
    pub store: PathBuf,
    /// The model.
    pub model: ModelName,
    /// Its files.
    pub files: Vec<PathSpec>,
    /// Parameter files.
    pub params: Vec<PathSpec>,
    /// Parameters given by themselves; they win over files.
    pub given_params: BTreeMap<String, Scalar>,
    /// Metric files.
    pub metrics: Vec<PathSpec>,
    /// Anything else worth keeping.
    pub results: Vec<PathSpec>,
    /// Predictions tables.
    pub predictions: Vec<PredictionsInput>,
    /// Sample tables.
    pub samples: Vec<SamplesInput>,
    /// What other tools reported.
    pub reports: Vec<ReportInput>,
    /// Training data.
    pub data: Vec<DataInput>,
    /// Notes, as text.
    pub notes: Option<String>,
    /// The notes' file, which is not code.
    pub notes_file: Option<PathBuf>,
    /// What other models of the project are made of and come to: no code of this one, where it names none.
    pub others: Vec<PathSpec>,
    /// Scope of the code, relative to the project; empty: all.
    pub code: Vec<String>,
    /// Whether uncommitted code is refused.
    pub require_clean: bool,
    /// Bytes of untracked files that are kept.
    pub untracked_limit: u64,
    /// The Python to look at.
    pub python: Option<PathBuf>,
    /// The environment that the version before was made with here.
    pub python_before: Option<PathBuf>,
    /// Variables to record besides the built-in ones.
    pub variables: Vec<String>,
    /// The container image, as it was told.
    pub image: Option<String>,
    /// Secrets that are known and harmless.
    pub allow: Vec<Allowance>,
    /// Seeds given.
    pub seeds: Vec<(String, i64)>,
    /// Variables that the training command got as seeds.
    pub issued: Vec<(String, i64)>,
    /// The training command as typed, where this program ran it.
    pub argv: Option<Vec<String>>,
    /// Its program, where that was found: if it is a Python, it is the one to look at.
    pub program: Option<PathBuf>,
    /// The folder it ran in, relative to the project; none: the project's own.
    pub cwd: Option<String>,
    /// Whether a discovered part that fails stops everything.
    pub strict: bool,
    /// Whether a declared input that cannot be read is left out and told in [`Capture::unread`]: for looking, not for keeping.
    pub lenient: bool,
    /// Whether files are opened to see if they can be read, where that is lenient.
    pub probe: bool,
    /// Inputs that are known already not to be readable, and why; none unless that is lenient.
    pub unread: Vec<(String, String)>,
}

/// A predictions table, as declared.
#[derive(Debug, Clone)]
pub struct PredictionsInput {
    /// The set's name.
    pub name: SetName,
    /// The table.
    pub path: PathSpec,
    /// Its columns.
    pub columns: PredictionColumns,
}

/// A table of samples, as declared.
#[derive(Debug, Clone)]
pub struct SamplesInput {
    /// The set's name.
    pub name: SetName,
    /// The table.
    pub path: PathSpec,
    /// The column of the samples.
    pub column: String,
}

/// What another tool reported, as declared.
#[derive(Debug, Clone)]
pub struct ReportInput {
    /// Its name.
    pub name: SetName,
    /// The file.
    pub path: PathSpec,
}

/// Everything found, and nothing stored.
#[derive(Debug)]
pub struct Capture {
    /// The model.
    pub model: ModelName,
    /// Its files.
    pub model_files: Vec<SourceFile>,
    /// Parameters by dotted key.
    pub params: BTreeMap<String, Scalar>,
    /// Their files.
    pub params_files: Vec<SourceFile>,
    /// Metrics by dotted key.
    pub metrics: BTreeMap<String, Scalar>,
    /// Their files.
    pub metrics_files: Vec<SourceFile>,
    /// Other results.
    pub results: Vec<SourceFile>,
    /// Predictions tables.
    pub predictions: Vec<(PredictionsInput, SourceFile)>,
    /// Sample tables.
    pub samples: Vec<(SamplesInput, SourceFile)>,
    /// What other tools reported.
    pub reports: Vec<(ReportInput, SourceFile)>,
    /// Training data.
    pub data: Vec<Data>,
    /// Code.
    pub code: Code,
    /// What was taken for code, relative to the project; empty: all.
    pub code_scope: Vec<String>,
    /// Software.
    pub environment: EnvironmentRecord,
    /// Hardware and system.
    pub machine: MachineRecord,
    /// Which interpreters, and why.
    pub interpreter: Option<String>,
    /// What the conditions in lock files are about.
    pub markers: MarkerEnvironment,
    /// Seeds.
    pub seeds: Vec<SeedRecord>,
    /// The training command, redacted.
    pub argv: Option<Vec<String>>,
    /// The folder it ran in, relative to the project, redacted.
    pub cwd: Option<String>,
    /// Notes.
    pub notes: Option<String>,
    /// What was replaced in text we generated.
    pub redactions: Vec<RedactionRecord>,
    /// Declared inputs that could not be read: which (`params`, `data.train`), and why.
    pub unread: Vec<(String, String)>,
    /// Discovered parts that failed.
    pub not_captured: Vec<NotCapturedRecord>,
    /// The branch checked out.
    pub branch: Option<String>,
    /// The remote's URL, without user info.
    pub remote: Option<String>,
    /// Absolute places of the inputs, and of the Python.
    pub places: BTreeMap<String, String>,
    /// The ignore rules in force.
    pub ignored: Vec<String>,
    /// Files that were reached through links.
    pub linked: Option<LinkedRecord>,
}

/// Captures a project.
pub fn capture(options: &CaptureOptions, known: &Known<'_>, progress: &dyn Progress) -> Result<Capture, CaptureError> {
    let project = options.project.as_path();
    let ignored = Ignored::read(project)?;
    let scanner = Scanner::new(&options.allow);
    let Declared {
        model_files,
        params,
        params_files,
        metrics,
        metrics_files,
        results,
        predictions,
        samples,
        reports,
        mut data,
        mut unread,
    } = declared::read(options, &ignored, known, progress)?;

    let declared: Vec<&SourceFile> = [&model_files, &params_files, &metrics_files, &results]
        .into_iter()
        .flatten()
        .chain(predictions.iter().map(|(_, f)| f))
        .chain(samples.iter().map(|(_, f)| f))
        .chain(reports.iter().map(|(_, f)| f))
        .chain(data.iter().flat_map(|d: &Data| &d.files))
        .collect();
    let mut by_name = declared.clone();
    by_name.sort_by(|a, b| a.path().cmp(b.path()));
    files::refuse_one_name_for_two("inputs", by_name.into_iter())?;
    let linked = linked(&declared);
    let mut code = own_code(options, &declared, &data, &ignored)?;
    scan::names(&scanner, declared.iter().copied().chain(&code.files))?;
    let written = params_files.iter().chain(&metrics_files).chain(&results).chain(reports.iter().map(|(_, f)| f));
    scan::declared(&scanner, options, written, &model_files)?;
    scan::code(&scanner, &mut code)?;
    code.look_inside()?;

    let mut python = options.python.as_deref();
    if let Some(path) = python.map(|path| project.join(path)).filter(|path| !path.exists()) {
        let missing = CaptureError::Missing { input: "python".to_owned(), path: path.display().to_string() };
        if !options.lenient {
            return Err(missing);
        }
        unread.push(("environment".to_owned(), missing.to_string()));
        python = None;
    }
    let mut found = environment::capture(&EnvironmentOptions {
        project,
        python: Asked {
            argv0: options.program.as_deref(),
            configured: python,
            before: options.python_before.as_deref(),
        },
        variables: &options.variables,
        image: options.image.as_deref(),
        root: Path::new("/"),
    });
    // What the command was given is what it was made with, not what this process has.
    for (name, value) in &options.issued {
        found.record.variables.entry(name.clone()).and_modify(|ours| *ours = value.to_string());
    }
    let mut redactions = found.redactions;
    let command = command::redacted(&scanner, options, &mut redactions);
    let mut redacted = Redacted::default();
    let git = code.git.as_ref();
    let remote = git.and_then(git::Git::remote);
    let remote = remote.map(|url| redacted.text("remote", &secrets::strip_userinfo(&url)));
    let branch = git.and_then(git::Git::branch).map(|branch| redacted.text("branch", &branch));
    for left_out in &mut code.left_out {
        redacted.clean("code.left_out", &mut left_out.path);
        redacted.clean("code.left_out", &mut left_out.reason);
    }
    for source in &mut data {
        let field = format!("data.{}", source.name);
        if source.kind == DataKind::Uri {
            redacted.clean(&format!("{field}.path"), &mut source.path);
            // A server's word that looks like a secret is no checksum to keep.
            let word = source.declared.as_ref().and_then(|declared| declared.checksum.as_ref()).map(Checksum::value);
            let word = word.unwrap_or_default();
            if redacted.text(&format!("{field}.checksum"), word) != word {
                source.declared = None;
            }
        }
        let columns = source.shape.iter_mut().flat_map(|(_, columns)| columns);
        columns.for_each(|column| redacted.clean(&format!("{field}.schema"), &mut column.name));
    }

    let mut not_captured = found.failed;
    let failed = |part: String, reason: String| NotCapturedRecord { part, reason };
    let large = model_files.iter().chain(&results).chain(data.iter().flat_map(|d: &Data| &d.files));
    not_captured.extend(lfs::among_many(large)?.into_iter().map(|pointer| {
        let (path, size) = (pointer.path, pointer.size);
        failed(
            "files".to_owned(),
            format!("`{path}` is a pointer of git LFS: the {size} bytes it stands for are not here"),
        )
    }));
    not_captured.extend(code.failed.iter().map(|(part, reason)| failed(part.clone(), reason.clone())));
    for source in &data {
        not_captured.extend(source.failed.clone().map(|reason| failed(format!("data.{}.schema", source.name), reason)));
        let wrong = source.not_as_declared.clone();
        not_captured.extend(wrong.map(|reason| failed(format!("data.{}.dvc", source.name), reason)));
    }
    not_captured.iter_mut().for_each(|part| redacted.clean("not_captured", &mut part.reason));
    not_captured.sort();
    if options.strict
        && let Some(first) = not_captured.first()
    {
        return Err(CaptureError::Discovered { part: first.part.clone(), reason: first.reason.clone() });
    }
    let seeds = all_seeds(options, &params, &found.record);
    let interpreter = found.interpreter.map(|chosen| redacted.text("interpreter", &chosen));
    let mut places = places(options, &data);
    places.extend(found.python.map(|prefix| (PYTHON.to_owned(), prefix.display().to_string())));
    places.iter_mut().for_each(|(name, place)| redacted.clean(&format!("paths.{name}"), place));
    let ignored = ignored.lines().iter().map(|line| redacted.text("ignored", line)).collect();
    redactions.extend(redacted.into_records());
    redactions.sort();
    Ok(Capture {
        model: options.model.clone(),
        model_files,
        params,
        params_files,
        metrics,
        metrics_files,
        results,
        predictions,
        samples,
        reports,
        data,
        code,
        code_scope: options.code.clone(),
        environment: found.record,
        machine: found.machine,
        interpreter,
        markers: found.markers,
        seeds,
        argv: command.argv,
        cwd: command.cwd,
        notes: options.notes.clone(),
        redactions,
        unread,
        not_captured,
        branch,
        remote,
        places,
        ignored,
        linked,
    })
}

/// Links that are named one by one; the rest is counted.
const MOST_LINKED: usize = 1000;

fn linked(declared: &[&SourceFile]) -> Option<LinkedRecord> {
    let mut paths: Vec<&str> = declared.iter().filter(|file| file.is_linked()).map(|file| file.path()).collect();
    paths.sort_unstable();
    paths.dedup();
    let count = paths.len() as u64;
    let paths = paths.into_iter().take(MOST_LINKED).map(str::to_owned).collect();
    (count > 0).then_some(LinkedRecord { count, paths })
}

/// The code, without what is captured as something else.
fn own_code(
    options: &CaptureOptions,
    declared: &[&SourceFile],
    data: &[Data],
    ignored: &Ignored,
) -> Result<Code, CaptureError> {
    let code = code::capture(
        &CodeOptions {
            project: options.project.as_path(),
            scope: &options.code,
            elsewhere: &captured_elsewhere(options, declared, data, ignored),
            untracked_limit: options.untracked_limit,
        },
        ignored,
    )?;
    // Of who only looks, uncommitted work is what there is to see.
    if options.require_clean && !options.lenient && !code.changed.is_empty() {
        return Err(CaptureError::Dirty { paths: code.changed });
    }
    Ok(code)
}

impl CaptureOptions {
    /// The files of evidence: predictions, samples, reports.
    fn tables(&self) -> impl Iterator<Item = &PathSpec> {
        let predictions = self.predictions.iter().map(|p| &p.path);
        predictions.chain(self.samples.iter().map(|s| &s.path)).chain(self.reports.iter().map(|r| &r.path))
    }
}

/// Files and folders that are stored as something else than code.
fn captured_elsewhere(
    options: &CaptureOptions,
    declared: &[&SourceFile],
    data: &[Data],
    ignored: &Ignored,
) -> HashSet<PathBuf> {
    let by_pointer = data.iter().filter(|source| source.declared.is_some()).filter_map(|source| source.disk.clone());
    let data = options.data.iter().filter_map(|d| match &d.place {
        data::DataPlace::Path(spec) => Some(spec),
        // What a `.dvc` file stands for comes below; the file itself is code.
        data::DataPlace::Uri { .. } | data::DataPlace::Dvc { .. } => None,
    });
    let specs = options.files.iter().chain(&options.params).chain(&options.metrics).chain(&options.results);
    let tables = options.tables();
    let mut all: HashSet<PathBuf> =
        specs.chain(tables).chain(data).map(|spec| files::lexically_clean(&spec.path)).chain(by_pointer).collect();
    // A folder is not entered: only what lies in none of them is named by itself.
    let folders: Vec<String> =
        all.iter().filter(|path| path.is_dir()).map(|path| format!("{}/", path.display())).collect();
    let inside = |path: &Path| {
        let path = path.as_os_str().as_encoded_bytes();
        folders
            .iter()
            .any(|folder| path.starts_with(folder.as_bytes()) || path == &folder.as_bytes()[..folder.len() - 1])
    };
    for found in declared.chunk_by(|a, b| std::ptr::eq(a.root(), b.root())) {
        if !inside(found[0].root()) {
            all.extend(found.iter().map(|file| file.disk()).filter(|disk| !inside(disk)));
        }
    }
    all.extend(options.notes_file.clone());
    all.insert(options.project.join(LOCAL));
    all.insert(options.store.clone());
    if options.code.is_empty() {
        all.extend(of_others(&options.others, &options.project, ignored));
    }
    all
}

/// Files and folders of other models. What is not there, or holds the whole project, is passed over.
fn of_others(specs: &[PathSpec], project: &Path, ignored: &Ignored) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for spec in specs {
        let path = files::lexically_clean(&spec.path);
        if path.exists() {
            found.extend((!project.starts_with(&path)).then_some(path));
        } else if spec.text.contains(['*', '?', '[', '{']) {
            let files = files::collect("files", std::slice::from_ref(spec), project, ignored).unwrap_or_default();
            found.extend(files.iter().map(SourceFile::disk));
        }
    }
    found
}

fn all_seeds(
    options: &CaptureOptions,
    params: &BTreeMap<String, Scalar>,
    environment: &EnvironmentRecord,
) -> Vec<SeedRecord> {
    let recorded = |source| {
        move |(name, value): &(String, i64)| SeedRecord {
            name: name.clone(),
            value: Scalar::Int(i128::from(*value)),
            source,
        }
    };
    let is_issued = |seed: &SeedRecord| options.issued.iter().any(|(name, _)| *name == seed.name);
    let mut found: Vec<SeedRecord> = seeds::find(params);
    found.extend(seeds::from_variables(&environment.variables).into_iter().filter(|seed| !is_issued(seed)));
    found.extend(options.seeds.iter().map(recorded(SeedSource::Given)));
    found.extend(options.issued.iter().map(recorded(SeedSource::Issued)));
    found.sort_by(|a, b| (&a.name, a.source).cmp(&(&b.name, b.source)));
    found
}

fn places(options: &CaptureOptions, data: &[Data]) -> BTreeMap<String, String> {
    let mut places = BTreeMap::from([("project".to_owned(), options.project.display().to_string())]);
    for source in data {
        if let Some(disk) = &source.disk {
            places.insert(format!("data.{}", source.name), disk.display().to_string());
        }
    }
    places
}
