//! `init`: makes the store, and a commented `mlrun.toml` from what lies in the folder. What is there already is kept.

mod predictions;
mod results;
mod rules;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::predictions::Predictions;
use super::{UsageError, VerbError};
use crate::bounded;
use crate::capture::values::{self, Syntax};
use crate::format::store::Access;
use crate::name::ModelName;
use crate::repository::{
    CONFIG, Config, LOCAL_CONFIG, OpenOptions, Repository, RepositoryError, default_store, find_project, is_in_git,
};
use crate::store::disk::Disk;
use crate::store::{Backend, Store};

/// How the name of a file ends that is not in its place yet.
const TEMP: &str = ".init";
/// So often others may take away what was just made.
const ATTEMPTS: u32 = 1000;

/// How to begin.
#[derive(Debug, Clone, Default)]
pub struct InitOptions {
    /// The model's name; none: the folder's.
    pub model: Option<ModelName>,
    /// Where the store is kept; none: in the git repository, or in `.mlrun`.
    pub store: Option<PathBuf>,
    /// Who may read and write the store; none: as the umask of whoever writes.
    pub access: Option<Access>,
    /// Finds out, writes nothing.
    pub dry_run: bool,
}

/// What was made.
#[derive(Debug, Clone)]
pub struct InitReport {
    /// The project's folder.
    pub project: PathBuf,
    /// The store.
    pub store: PathBuf,
    /// The history's id.
    pub repository: String,
    /// Who may read and write the store.
    pub access: Option<Access>,
    /// Files written.
    pub written: Vec<PathBuf>,
    /// Whether there was nothing to do.
    pub unchanged: bool,
    /// What was found and put into the configuration.
    pub found: Vec<String>,
    /// What a person has to add before everything works.
    pub missing: Vec<Missing>,
    /// Whether nothing was written.
    pub dry_run: bool,
}

/// Something a configuration cannot do without, and that nothing was found for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// Files of the model.
    Files,
    /// Predictions or metrics, and with them rules to certify by.
    Policy,
}

/// Begins a project in the folder of `open`, or completes one.
pub fn init(open: &OpenOptions, options: &InitOptions) -> Result<InitReport, VerbError> {
    let start = open.start.canonicalize().map_err(|source| failed("open", &open.start, source))?;
    let project = find_project(&start).unwrap_or(start);
    let config_path = project.join(CONFIG);
    let config = if config_path.exists() { Some(Config::read(&project).map_err(RepositoryError::from)?) } else { None };
    if let (Some(config), Some(model)) = (&config, &options.model)
        && !config.file.model.named.contains_key(model)
    {
        return Err(UsageError::NotAdded { model: model.clone() }.into());
    }
    let wanted = config.as_ref().and_then(|c| c.file.repository.clone());
    let opened = Repository::open(&OpenOptions { start: project.clone(), store: None, clock: Arc::clone(&open.clock) });
    if let Ok(repository) = &opened
        && repository.project() == Some(&project)
        && wanted.is_some()
    {
        let elsewhere = |store: &PathBuf| store.canonicalize().ok() != repository.store_path().canonicalize().ok();
        if options.store.as_ref().is_some_and(elsewhere) {
            let place = repository.store_path().display();
            let reason = format!(
                "the store is {place} already; to move it, move that folder and leave its new path in a file in its place"
            );
            return Err(UsageError::Option { option: "store".to_owned(), reason }.into());
        }
        refuse_other_access(repository.store(), options.access)?;
        return Ok(InitReport {
            project,
            store: repository.store_path().to_path_buf(),
            repository: repository.store().repository().to_owned(),
            access: repository.store().access(),
            written: Vec::new(),
            unchanged: true,
            found: Vec::new(),
            missing: Vec::new(),
            dry_run: options.dry_run,
        });
    }
    // A checkout whose history is somewhere else must not become an empty registry.
    if let (Err(error @ RepositoryError::ForeignHistory { .. }), Some(_)) = (opened, &wanted) {
        return Err(error.into());
    }
    let place = default_store(&project);
    let store_path = options.store.clone().unwrap_or_else(|| place.clone());
    let existing = Store::open(Arc::new(Disk::new(store_path.clone()))).ok();
    existing.iter().try_for_each(|store| refuse_other_access(store, options.access))?;
    let access = existing.as_ref().map_or(options.access, Store::access);
    let id = existing.map_or_else(|| uuid::Uuid::new_v4().to_string(), |s| s.repository().to_owned());
    let mut report = InitReport {
        project: project.clone(),
        store: store_path.clone(),
        repository: id.clone(),
        access,
        written: Vec::new(),
        unchanged: false,
        found: Vec::new(),
        missing: Vec::new(),
        dry_run: options.dry_run,
    };
    let mut files = Vec::new();
    match config {
        Some(_) => files.push((config_path, with_repository(&project, &id)?)),
        None => {
            let model = match &options.model {
                Some(model) => model.clone(),
                None => model_name(&project),
            };
            let inventory = Inventory::take(&project);
            report.found = inventory.found();
            let policy = rules::policy(&inventory);
            let policy_path = project.join("policy").join(format!("{}.toml", model.as_str().replace('/', "-")));
            let keep_policy = policy_path.exists();
            report.missing.extend(inventory.files.is_empty().then_some(Missing::Files));
            report.missing.extend((policy.is_none() && !keep_policy).then_some(Missing::Policy));
            files.push((config_path, inventory.config(&model, &id, policy.is_some() || keep_policy)));
            if let Some(text) = policy
                && !keep_policy
            {
                files.push((policy_path, text));
            }
            files.extend(ignoring_local(&project));
        }
    }
    if options.dry_run {
        report.written = files.into_iter().map(|(path, _)| path).collect();
        return Ok(report);
    }
    // Somebody else may have begun in the same moment: then theirs is the history.
    let made = make_store(&store_path, &id, access)?;
    if store_path != place {
        files.push((place, format!("{}\n", store_path.display())));
    }
    for (path, text) in files {
        write_whole(&path, &text.replace(&id, &made)).map_err(|source| failed("write", &path, source))?;
        report.written.push(path);
    }
    report.repository = made;
    Ok(report)
}

fn failed(action: &'static str, path: &Path, source: io::Error) -> VerbError {
    VerbError::Io { action, path: path.to_path_buf(), source }
}

/// Makes the store, or finds the one that is there; the history it is for.
fn make_store(path: &Path, id: &str, access: Option<Access>) -> Result<String, VerbError> {
    let disk = Disk::new(path.to_path_buf());
    disk.found(access).map_err(|source| failed("create", path, source))?;
    let backend: Arc<dyn Backend> = Arc::new(disk);
    Ok(Store::create_for(backend, id, access)?.repository().to_owned())
}

/// Who may read and write a store is settled when it is made: what lies there already was made so.
fn refuse_other_access(store: &Store, wanted: Option<Access>) -> Result<(), UsageError> {
    let option = match wanted {
        _ if wanted == store.access() => return Ok(()),
        None => return Ok(()),
        Some(Access::Group) => "shared",
        Some(Access::Private) => "private",
    };
    let place = store.backend().place();
    let reason = format!("the store {place} is there already and was made otherwise; a new one can be made elsewhere");
    Err(UsageError::Option { option: option.to_owned(), reason })
}

/// Writes a file beside its place, then renames it: the person's file is whole at every moment.
pub(super) fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder)?;
    let mut written = write_beside(folder, path, text);
    for _ in 1..ATTEMPTS {
        match &written {
            // Another process took it for abandoned, in the moment before it was locked.
            Err(error) if error.kind() == io::ErrorKind::NotFound => written = write_beside(folder, path, text),
            _ => break,
        }
    }
    sweep(folder);
    written
}

#[expect(clippy::disallowed_methods, reason = "the configuration is the person's file, not the store's")]
fn write_beside(folder: &Path, path: &Path, text: &str) -> io::Result<()> {
    let temp = folder.join(format!(".{}{TEMP}", uuid::Uuid::new_v4().simple()));
    let mut file = fs::File::options().write(true).create_new(true).open(&temp)?;
    // Where there are no locks, nothing is swept either.
    let _ = file.lock();
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).and_then(|()| fs::rename(&temp, path));
    if written.is_err() {
        let _ = fs::remove_file(&temp);
    }
    #[cfg(unix)]
    return written.and_then(|()| fs::File::open(folder)?.sync_all());
    #[cfg(not(unix))]
    written
}

/// Removes what processes that died left beside a person's files: those whose lock can be had.
#[expect(clippy::disallowed_methods, reason = "they are no person's files: this program named and locked them")]
fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let id = name.to_str().and_then(|name| name.strip_prefix('.')?.strip_suffix(TEMP));
        let ours = id.is_some_and(|id| id.len() == 32 && uuid::Uuid::try_parse(id).is_ok())
            && entry.file_type().is_ok_and(|kind| kind.is_file());
        if ours && fs::File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// `.gitignore` with a line for what is one machine's, in a git repository where it has none. Only where a project begins: in
/// a checkout of one, nothing that git tracks is changed.
fn ignoring_local(project: &Path) -> Option<(PathBuf, String)> {
    const GITIGNORE: &str = ".gitignore";
    let path = project.join(GITIGNORE);
    if path.is_symlink() {
        return None;
    }
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        // Not ours to write over.
        Err(_) => return None,
    };
    let is_there = text.lines().any(|line| line.trim().trim_start_matches('/') == LOCAL_CONFIG);
    if is_there || !is_in_git(project) {
        return None;
    }
    let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    Some((path, format!("{text}{end}/{LOCAL_CONFIG}\n")))
}

/// The configuration as it is, and the history's id behind its first `schema` line.
fn with_repository(project: &Path, id: &str) -> Result<String, VerbError> {
    let path = project.join(CONFIG);
    let text = fs::read_to_string(&path).map_err(|source| failed("read", &path, source))?;
    let mut top = text.lines().take_while(|l| !l.trim_start().starts_with('['));
    if top.any(|l| l.trim_start().starts_with("repository")) {
        // Somebody else has written it in the same moment.
        return Ok(text);
    }
    let mut lines: Vec<&str> = text.lines().collect();
    let line = format!("repository = \"{id}\"");
    let at = lines.iter().position(|l| l.trim_start().starts_with("schema")).map_or(0, |i| i + 1);
    lines.insert(at, &line);
    Ok(lines.join("\n") + "\n")
}

/// The folder's name as a model's name.
fn model_name(project: &Path) -> ModelName {
    let folder = project.file_name().and_then(|n| n.to_str()).unwrap_or("model").to_lowercase();
    let clean: String = folder
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '-' })
        .collect();
    let clean = clean.trim_start_matches(|c: char| !c.is_ascii_lowercase()).trim_end_matches('.');
    ModelName::new(clean).or_else(|_| ModelName::new(&format!("{clean}-model"))).unwrap_or_else(|_| fallback())
}

fn fallback() -> ModelName {
    // Never refused: it is a word of the grammar.
    ModelName::new("model").unwrap_or_else(|_| fallback())
}

/// What lies in a folder, as far as a configuration can be made of it.
struct Inventory {
    files: Vec<String>,
    params: Vec<String>,
    metrics: Vec<String>,
    data: Vec<(String, String)>,
    samples: Option<(String, String)>,
    /// The column that names each row of the data.
    key: Option<String>,
    remarks: Vec<String>,
    measured: Vec<(String, f64)>,
    predictions: Option<Predictions>,
}

const MODEL_FOLDERS: [&str; 4] = ["model", "models", "checkpoint", "checkpoints"];
const MODEL_ENDINGS: [&str; 14] = [
    "joblib",
    "pkl",
    "pickle",
    "safetensors",
    "onnx",
    "gguf",
    "pt",
    "pth",
    "ckpt",
    "keras",
    "h5",
    "ubj",
    "skops",
    "cbm",
];
const PARAMS: [&str; 6] =
    ["params.yaml", "params.yml", "params.toml", "params.json", "config.yaml", "hyperparameters.json"];
const METRICS: [&str; 4] = ["metrics.json", "metrics.yaml", "metrics.yml", "scores.json"];
const DATA_ENDINGS: [&str; 2] = ["csv", "parquet"];

impl Inventory {
    fn take(project: &Path) -> Self {
        let mut names: Vec<(String, bool)> = fs::read_dir(project)
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|e| Some((e.file_name().into_string().ok()?, e.file_type().ok()?.is_dir())))
            .collect();
        names.sort();
        let has = |wanted: &str| names.iter().any(|(name, folder)| name == wanted && !folder);
        let ends = |name: &str, endings: &[&str]| {
            name.rsplit_once('.').is_some_and(|(_, e)| endings.contains(&e.to_ascii_lowercase().as_str()))
        };
        let mut files: Vec<String> = names
            .iter()
            .filter(|(name, folder)| *folder && MODEL_FOLDERS.contains(&name.as_str()))
            .map(|(name, _)| format!("{name}/"))
            .collect();
        files.extend(names.iter().filter(|(n, folder)| !folder && ends(n, &MODEL_ENDINGS)).map(|(n, _)| n.clone()));
        let listed =
            |wanted: &[&str]| -> Vec<String> { wanted.iter().filter(|n| has(n)).map(|&n| n.to_owned()).collect() };
        let metrics = results::metrics(project);
        let mut data = Vec::new();
        for folder in ["", "data"] {
            let found = fs::read_dir(project.join(folder)).into_iter().flatten().flatten();
            let mut found: Vec<String> = found.filter_map(|e| e.file_name().into_string().ok()).collect();
            found.sort();
            // DVC's word for it tells more than the file, which may not be here.
            let of_dvc = |name: &&String| name.starts_with("train") && name.ends_with(".dvc");
            let is_data = |name: &&String| name.starts_with("train") && ends(name, &DATA_ENDINGS);
            let name = found.iter().find(of_dvc).or_else(|| found.iter().find(is_data));
            if let Some(name) = name.filter(|_| data.is_empty()) {
                let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
                data.push(("train".to_owned(), path));
            }
        }
        let notable = [
            (
                "dvc.yaml",
                "dvc.yaml: outputs that DVC tracks can be listed in `files`, or as data: `path = …`, or `dvc = \"….dvc\"`",
            ),
            ("requirements.txt", "requirements.txt: recorded by digest, no need to list it"),
            ("uv.lock", "uv.lock: recorded by digest, no need to list it"),
            ("poetry.lock", "poetry.lock: recorded by digest, no need to list it"),
        ];
        let mut remarks: Vec<String> =
            notable.iter().filter(|(n, _)| has(n)).map(|(_, remark)| (*remark).to_owned()).collect();
        let notebooks = names.iter().filter(|(n, _)| ends(n, &["ipynb"])).count();
        if notebooks > 0 {
            remarks.push(format!("{notebooks} notebook(s): captured with the code"));
        }
        if names.iter().any(|(n, _)| ends(n, &["Rproj", "rproj"])) {
            remarks.push("an R project: its code and renv.lock are recorded".to_owned());
        }
        let measured = metrics.first().map(|name| read_numbers(&project.join(name))).unwrap_or_default();
        let predictions = predictions::find(project);
        if let Some(found) = &predictions {
            remarks.extend(found.problem());
        }
        let key = data.first().and_then(|(_, path)| results::key(project, path));
        let (samples, params) = (results::samples(project), listed(&PARAMS));
        Self { files, params, metrics, data, samples, key, remarks, measured, predictions }
    }

    fn found(&self) -> Vec<String> {
        let data = self.data.iter().map(|(_, path)| path);
        let predictions = self.predictions.iter().filter(|found| found.judged().is_some()).map(|found| &found.path);
        let samples = self.samples.iter().map(|(path, _)| path);
        let found = self.files.iter().chain(&self.params).chain(&self.metrics).chain(data).chain(predictions);
        found.chain(samples).cloned().collect()
    }

    fn config(&self, model: &ModelName, id: &str, policy: bool) -> String {
        let list = |items: &[String]| {
            let quoted: Vec<String> = items.iter().map(|i| quoted(i)).collect();
            format!("[{}]", quoted.join(", "))
        };
        let key = if model.as_str().contains(['/', '.']) { format!("{:?}", model.as_str()) } else { model.to_string() };
        let or_comment = |name: &str, items: &[String], example: &str| match items {
            [] => format!("# {name:<7} = {example}\n"),
            items => format!("{name:<7} = {}\n", list(items)),
        };
        let mut text = format!("schema = 1\nrepository = {id:?}\n\n[model.{key}]\n");
        text += &or_comment("files", &self.files, "[\"model/\"]      # folders, files, globs: what the model is");
        text += &or_comment("params", &self.params, "[\"params.yaml\"] # yaml, toml or json");
        text += &or_comment("metrics", &self.metrics, "[\"metrics.json\"]");
        text += "# code    = [\"src/\"]        # default: the whole repository\n";
        // Without rules nothing is certified: that they are missing stands where they belong.
        let mark = if policy { "policy  =" } else { "# policy  =" };
        text += &format!("{mark} \"policy/{}.toml\"\n", model.as_str().replace('/', "-"));
        match self.data.as_slice() {
            [] => {
                text +=
                    &format!("\n# [model.{key}.data.train]\n# path = \"data/train.csv\"   # also outside the project\n")
            }
            data => {
                for (name, path) in data {
                    let form = if path.ends_with(".dvc") { "dvc" } else { "path" };
                    text += &format!("\n[model.{key}.data.{name}]\n{form} = {}\n", quoted(&path.replace("${", "$${")));
                    if let Some(column) = &self.key {
                        text += &format!(
                            "# key = [{}]   # names each row: `diff` says which came, went and changed\n",
                            quoted(column)
                        );
                    }
                }
            }
        }
        text += &match self.predictions.as_ref().and_then(|found| found.section(&key)) {
            Some(section) => section,
            None => format!(
                "\n# Per-row results let `certify` judge with intervals instead of single numbers:\n\
                 # [model.{key}.predictions.test]\n# path = \"out/predictions.csv\"\n# key = [\"row_id\"]\n\
                 # label = \"y\"\n# score = \"p\"                 # or prediction = \"yhat\"\n\
                 # positive = 1                # the label that `score` is the probability of\n# slices = []\n"
            ),
        };
        text += "\n# Single measurements, for rules such as `metric = { quantile = 0.99, of = \"latency\" }`:\n";
        text += &match &self.samples {
            Some((path, column)) => {
                let path = quoted(&path.replace("${", "$${"));
                format!("[model.{key}.samples.latency]\npath = {path}\ncolumn = {}\n", quoted(column))
            }
            None => {
                format!("# [model.{key}.samples.latency]\n# path = \"out/latency.csv\"\n# column = \"ms\"\n")
            }
        };
        text += "\n[stage.production]\n# valid_for = \"30d\"\n\
                 # approvals = { risk = 1 }    # `mlrun approve`, by so many different people of each role\n\
                 # signers = \"allowed_signers\" # whose SSH keys count; with it, approvals and waivers must be signed\n\
                 \n# [roles]\n# risk = [\"ana@example.org\"]\n";
        for remark in &self.remarks {
            text += &format!("\n# {remark}");
        }
        if !self.remarks.is_empty() {
            text += "\n";
        }
        text
    }
}

/// Text as TOML writes it.
fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// The first few finite numbers of a metrics file.
fn read_numbers(path: &Path) -> Vec<(String, f64)> {
    const ENOUGH: usize = 4;
    let Some(syntax) = Syntax::of(path) else { return Vec::new() };
    let Ok(bytes) = bounded::read(path, values::BYTES_LIMIT as u64) else { return Vec::new() };
    let Ok(found) = values::parse(syntax, &bytes) else { return Vec::new() };
    found.into_iter().filter_map(|(name, value)| Some((name, value.finite()?))).take(ENOUGH).collect()
}
