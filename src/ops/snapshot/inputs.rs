//! What a snapshot is made of: the configuration, with what was given on top.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::bounded;
use crate::capture::data::{DataInput, DataPlace};
use crate::capture::files::PathSpec;
use crate::capture::secrets::Allowance;
use crate::capture::{CaptureOptions, PredictionsInput, ReportInput, SamplesInput};
use crate::format::config::{ConfigFile, DataStore, ModelFile, PredictionsFile};
use crate::format::policy::ScalarFile;
use crate::format::scalar::Scalar;
use crate::format::snapshot::PredictionColumns;
use crate::host;
use crate::name::{ModelName, SetName};
use crate::ops::error::UsageError;
use crate::ops::resolve;
use crate::ops::{VerbError, chain, check_characters};
use crate::repository::{Repository, config};

/// Notes are for people to read: 1 MiB.
const MAX_NOTES: u64 = 1 << 20;

/// Inputs given by hand; a list that is not empty takes the place of the configured one.
#[derive(Debug, Clone, Default)]
pub struct GivenInputs {
    /// The working directory, which these paths are relative to.
    pub folder: PathBuf,
    /// Model files.
    pub files: Vec<String>,
    /// Parameter files.
    pub params: Vec<String>,
    /// Single parameters.
    pub param: BTreeMap<String, Scalar>,
    /// Metric files.
    pub metrics: Vec<String>,
    /// Other results.
    pub results: Vec<String>,
    /// `NAME=PATH` of training data.
    pub data: Vec<(SetName, String)>,
    /// Whether the bytes of that data are kept.
    pub data_store: Option<DataStore>,
    /// Scope of the code, relative to the working directory.
    pub code: Vec<String>,
    /// Notes.
    pub notes: Option<String>,
    /// `NAME=VALUE` of seeds.
    pub seeds: Vec<(String, i64)>,
    /// Allowed secrets.
    pub allow: Vec<String>,
    /// The Python to look at.
    pub python: Option<PathBuf>,
    /// The container image it was made in.
    pub image: Option<String>,
    /// Whether uncommitted code is refused.
    pub require_clean: bool,
    /// Whether a discovered part that fails stops everything.
    pub strict: bool,
    /// The training command that is run in `folder`; none where it is not known.
    pub command: Option<CommandInput>,
}

/// A training command.
#[derive(Debug, Clone, Default)]
pub struct CommandInput {
    /// Program and arguments, as typed.
    pub argv: Vec<String>,
    /// The program, where it was found.
    pub program: Option<PathBuf>,
    /// Variables it gets as seeds.
    pub issued: Vec<(String, i64)>,
}

/// The model meant, and what to capture for it.
pub fn capture_options(
    repository: &Repository,
    model: Option<&ModelName>,
    given: &GivenInputs,
) -> Result<CaptureOptions, VerbError> {
    options(repository, model, given, false)
}

/// The same for looking and not for keeping: what cannot be read is told in [`CaptureOptions::unread`] and by
/// [`Capture::unread`](crate::capture::Capture::unread).
pub(in crate::ops) fn lenient_options(
    repository: &Repository,
    model: Option<&ModelName>,
    given: &GivenInputs,
) -> Result<CaptureOptions, VerbError> {
    options(repository, model, given, true)
}

fn options(
    repository: &Repository,
    model: Option<&ModelName>,
    given: &GivenInputs,
    lenient: bool,
) -> Result<CaptureOptions, VerbError> {
    let model = resolve::workspace_model(repository, model)?;
    let project = project_folder(repository, given);
    let empty = ModelFile::default();
    let no_config = ConfigFile::default();
    let config = repository.config().map_or(&no_config, |c| &c.file);
    let file = repository.section(&model).unwrap_or(&empty);
    if given.files.is_empty() && file.files.is_empty() {
        let known = config.model.named.keys().map(ToString::to_string).collect();
        let configured = repository.section(&model).is_some();
        return Err(UsageError::NothingToCapture { model: model.to_string(), configured, known }.into());
    }
    let specs = |configured: &[String], given_paths: &[String]| -> Vec<PathSpec> {
        match given_paths {
            [] => configured.iter().map(|text| PathSpec::parse(text, &project)).collect(),
            given_paths => given_paths.iter().map(|text| PathSpec::parse(text, &given.folder)).collect(),
        }
    };
    let option = |option: &str, reason: String| UsageError::Option { option: option.to_owned(), reason };
    let mut allow = Vec::new();
    for text in config.secrets.allow.iter().chain(&given.allow) {
        allow.push(Allowance::parse(text).map_err(|e| option("secrets.allow", e.to_string()))?);
    }
    let mut unread = Unread { lenient, found: Vec::new() };
    // Even where it cannot be read its file is no code.
    let notes_file = given.notes.is_none().then(|| file.notes.as_ref().map(|path| project.join(path))).flatten();
    let notes = unread.or_told("notes", notes(notes_file.as_deref(), given))?.flatten();
    let data = data(file, given, &project, &mut unread)?;
    let python = given.python.clone().or_else(|| config.environment.python.as_ref().map(|p| project.join(p)));
    let image = given.image.clone().or_else(|| config.environment.image.clone());
    if let Some(image) = &image {
        check_characters("the image", image)?;
        if image.is_empty() || image.contains(char::is_whitespace) {
            return Err(option("image", format!("`{image}` is no name of an image")).into());
        }
    }
    let untracked_limit = repository.config().map_or(config::UNTRACKED_LIMIT, config::Config::untracked_limit);
    Ok(CaptureOptions {
        files: specs(&file.files, &given.files),
        params: specs(&file.params, &given.params),
        given_params: given.param.clone(),
        metrics: specs(&file.metrics, &given.metrics),
        results: specs(&file.results, &given.results),
        predictions: predictions(file, &project),
        samples: samples(file, &project),
        reports: reports(file, &project),
        data,
        notes,
        notes_file,
        others: of_others(&config.model.named, &repository.called(&model), &project),
        code: code_scope(file, given, &project),
        require_clean: given.require_clean || config.code.require_clean,
        untracked_limit,
        python,
        python_before: None,
        image,
        variables: config.environment.variables.clone(),
        allow,
        seeds: given.seeds.clone(),
        issued: given.command.as_ref().map_or_else(Vec::new, |command| command.issued.clone()),
        argv: given.command.as_ref().map(|command| command.argv.clone()),
        program: given.command.as_ref().and_then(|command| command.program.clone()),
        cwd: given.command.as_ref().and_then(|_| folder_in(&project, &given.folder)),
        strict: given.strict,
        lenient,
        probe: false,
        unread: unread.found,
        store: repository.store_path().canonicalize().unwrap_or_else(|_| repository.store_path().to_path_buf()),
        project,
        // Records go on naming a model as it was called first.
        model: repository.registry().first_name(&model)?,
    })
}

/// Names inside a snapshot are relative to this folder.
fn project_folder(repository: &Repository, given: &GivenInputs) -> PathBuf {
    let folder = repository.project().map_or_else(|| given.folder.clone(), Path::to_path_buf);
    folder.canonicalize().unwrap_or(folder)
}

/// A folder as seen from the project; none if it is the project's own, or not in it.
fn folder_in(project: &Path, folder: &Path) -> Option<String> {
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
    let below = folder.strip_prefix(project).ok()?.components();
    let parts: Vec<_> = below.map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
    (!parts.is_empty()).then(|| parts.join("/"))
}

/// Inputs that cannot be read.
struct Unread {
    lenient: bool,
    found: Vec<(String, String)>,
}

impl Unread {
    /// What was found of an input; nothing, and why, where somebody only looks.
    fn or_told<T>(&mut self, input: &str, found: Result<T, VerbError>) -> Result<Option<T>, VerbError> {
        match found {
            Err(error) if self.lenient => {
                self.found.push((input.to_owned(), chain(&error)));
                Ok(None)
            }
            other => other.map(Some),
        }
    }
}

/// The notes given, else those in `path`. Where they are given the file is not what is captured as notes, so it stays code.
fn notes(path: Option<&Path>, given: &GivenInputs) -> Result<Option<String>, VerbError> {
    if let Some(text) = &given.notes {
        check_characters("the notes", text)?;
        return Ok(given.notes.clone());
    }
    let Some(path) = path else { return Ok(None) };
    let failed = |source| VerbError::Io { action: "read the notes in", path: path.to_path_buf(), source };
    let text = bounded::read_text(path, MAX_NOTES).map_err(failed)?;
    let text = text.trim_end();
    check_characters(&format!("the notes in `{}`", path.display()), text)?;
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

fn data(
    file: &ModelFile,
    given: &GivenInputs,
    project: &Path,
    unread: &mut Unread,
) -> Result<Vec<DataInput>, VerbError> {
    if !given.data.is_empty() {
        let input = |(name, text): &(SetName, String)| DataInput {
            name: name.clone(),
            place: given_place(text, &given.folder),
            store: given.data_store.unwrap_or_default(),
            before: None,
        };
        return Ok(given.data.iter().map(input).collect());
    }
    let mut inputs = Vec::new();
    for (name, source) in &file.data {
        let place = match (&source.path, &source.uri, &source.dvc) {
            (Some(path), _, _) => expand(path).map(|path| place(&path, project)),
            (_, Some(uri), _) => expand(uri).map(|uri| DataPlace::Uri { uri, checksum: source.checksum.clone() }),
            (_, _, Some(dvc)) => expand(dvc).map(|dvc| pointer(&dvc, project)),
            _ => continue,
        };
        let place = unread.or_told(&format!("data.{name}"), place.map_err(VerbError::from))?;
        let Some(place) = place else { continue };
        inputs.push(DataInput {
            name: name.clone(),
            place,
            store: given.data_store.unwrap_or(source.store),
            before: None,
        });
    }
    Ok(inputs)
}

/// Puts variables in the place of `${NAME}`; one that is not set, or empty, is an error and not another path. `$${` is a
/// literal `${`, and any other `$` is what it is.
pub(in crate::ops) fn expand(text: &str) -> Result<String, UsageError> {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        if let Some(before) = before.strip_suffix('$') {
            expanded.push_str(before);
            expanded.push_str("${");
            rest = after;
            continue;
        }
        let refuse = |reason: String| UsageError::Option { option: "data path".to_owned(), reason };
        let (name, behind) = after.split_once('}').ok_or_else(|| refuse(format!("`{text}` has no `}}`")))?;
        let value = host::variable(name).ok_or_else(|| refuse(format!("`{name}` in `{text}` is not set")))?;
        if value.is_empty() {
            return Err(refuse(format!("`{name}` in `{text}` is empty")));
        }
        expanded.push_str(before);
        expanded.push_str(&value);
        rest = behind;
    }
    Ok(expanded + rest)
}

fn pointer(text: &str, base: &Path) -> DataPlace {
    DataPlace::Dvc { text: text.to_owned(), path: crate::capture::files::lexically_clean(&base.join(text)) }
}

/// Whether data named by hand is what a `.dvc` file stands for.
pub(in crate::ops) fn is_pointer(text: &str) -> bool {
    text.ends_with(".dvc") && !text.contains("://")
}

fn given_place(text: &str, base: &Path) -> DataPlace {
    if is_pointer(text) { pointer(text, base) } else { place(text, base) }
}

fn place(text: &str, base: &Path) -> DataPlace {
    let scheme = text.split_once("://").map(|(scheme, _)| scheme);
    match scheme {
        Some(scheme) if scheme.len() > 1 && scheme.bytes().all(|b| b.is_ascii_alphanumeric()) => {
            DataPlace::Uri { uri: text.to_owned(), checksum: None }
        }
        // A name with `=` in it is a path here: only model files are renamed.
        _ => DataPlace::Path(PathSpec { text: text.to_owned(), path: base.join(text), rename: None }),
    }
}

fn predictions(file: &ModelFile, project: &Path) -> Vec<PredictionsInput> {
    let input = |(name, set): (&SetName, &PredictionsFile)| PredictionsInput {
        name: name.clone(),
        path: PathSpec { text: set.path.clone(), path: project.join(&set.path), rename: None },
        columns: predictions_columns(set),
    };
    file.predictions.iter().map(input).collect()
}

/// What the configuration says of the columns of a predictions set.
pub(in crate::ops) fn predictions_columns(set: &PredictionsFile) -> PredictionColumns {
    PredictionColumns {
        key: set.key.clone(),
        label: set.label.clone(),
        score: set.score.clone(),
        prediction: set.prediction.clone(),
        scores: set.scores.clone(),
        positive: set.positive.as_ref().map(scalar),
        slices: set.slices.clone(),
        weight: set.weight.clone(),
        cluster: set.cluster.clone(),
        group: set.group.clone(),
    }
}

/// What it says of the column of a sample set.
pub(in crate::ops) fn samples_column(file: &ModelFile, set: &SetName) -> Option<String> {
    file.samples.get(set).map(|samples| samples.column.clone())
}

fn samples(file: &ModelFile, project: &Path) -> Vec<SamplesInput> {
    let spec = |path: &String| PathSpec { text: path.clone(), path: project.join(path), rename: None };
    file.samples
        .iter()
        .map(|(name, set)| SamplesInput { name: name.clone(), path: spec(&set.path), column: set.column.clone() })
        .collect()
}

fn reports(file: &ModelFile, project: &Path) -> Vec<ReportInput> {
    let spec = |path: &String| PathSpec { text: path.clone(), path: project.join(path), rename: None };
    file.reports.iter().map(|(name, report)| ReportInput { name: name.clone(), path: spec(&report.path) }).collect()
}

/// What other models of the configuration are made of and come to.
fn of_others(models: &BTreeMap<ModelName, ModelFile>, model: &ModelName, project: &Path) -> Vec<PathSpec> {
    let others = models.iter().filter(|(name, _)| *name != model).map(|(_, file)| file);
    let spec = |text: &String| PathSpec::parse(text, project);
    let plain = |path: &String| PathSpec { text: path.clone(), path: project.join(path), rename: None };
    let mut found = Vec::new();
    for file in others {
        found.extend(file.files.iter().chain(&file.metrics).chain(&file.results).map(spec));
        found.extend(file.predictions.values().map(|set| plain(&set.path)));
        found.extend(file.samples.values().map(|set| plain(&set.path)));
        found.extend(file.reports.values().map(|report| plain(&report.path)));
        // What no variable leads to is not here.
        let data = file.data.values().filter_map(|data| expand(data.path.as_ref()?).ok());
        found.extend(data.map(|path| plain(&path)));
    }
    found
}

fn code_scope(file: &ModelFile, given: &GivenInputs, project: &Path) -> Vec<String> {
    if given.code.is_empty() {
        return file.code.clone();
    }
    let relative = |text: &String| {
        let path = crate::capture::files::lexically_clean(&given.folder.join(text));
        path.strip_prefix(project).map_or_else(|_| text.clone(), |p| p.display().to_string())
    };
    given.code.iter().map(relative).collect()
}

/// A value of a TOML file, as a record holds it.
pub fn scalar(value: &ScalarFile) -> Scalar {
    match value {
        ScalarFile::Bool(value) => Scalar::Bool(*value),
        ScalarFile::Int(value) => Scalar::Int(i128::from(*value)),
        ScalarFile::Float(value) => Scalar::Float(*value),
        ScalarFile::Text(value) => Scalar::Text(value.clone()),
    }
}
