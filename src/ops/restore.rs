//! `restore`: rebuilds the files of a version.

pub(super) mod data;

use std::path::PathBuf;

pub use self::data::{DataFrom, RestoredData};
use self::data::{FoundData, Search};
use super::resolve::Found;
use super::snapshot::known;
use super::{VerbError, attached, erasures, error::UsageError, records, resolve};
use crate::format::canonical;
use crate::format::snapshot::{DataRecord, SnapshotRecord};
use crate::format::tree::EntryKind;
use crate::id::SnapshotId;
use crate::name::{ModelName, SetName, Version};
use crate::progress::Progress;
use crate::repository::Repository;
use crate::snapshot::restore::{self, RestorePlan, Twins};
use crate::snapshot::{self, TreeFile};
use crate::store::{Lock, Store};

/// A part of a version that can be rebuilt by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The model's files.
    Model,
    /// Training data that was kept.
    Data,
    /// The code.
    Code,
    /// Parameter files.
    Params,
    /// Metric files, predictions, samples, other results.
    Results,
    /// What software it was made with, as `environment.json`; only if it is asked for.
    Environment,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Model, Self::Data, Self::Code, Self::Params, Self::Results, Self::Environment];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Data => "data",
            Self::Code => "code",
            Self::Params => "params",
            Self::Results => "results",
            Self::Environment => "environment",
        }
    }
}

/// What to rebuild where.
#[derive(Debug, Clone, Default)]
pub struct RestoreOptions {
    /// The version.
    pub revision: String,
    /// The time to see it at.
    pub at: Option<String>,
    /// The folder.
    pub to: PathBuf,
    /// Which parts; empty: all files.
    pub only: Vec<Part>,
    /// Where data lies that was not kept: a source's name, a file or folder. Nothing else is taken for it.
    pub data: Vec<(SetName, PathBuf)>,
    /// Whether other files are overwritten.
    pub force: bool,
    /// Whether the rest is rebuilt where files were erased: what is not whole must not look whole by accident.
    pub without_erased: bool,
    /// Finds out, writes nothing.
    pub dry_run: bool,
}

/// What was rebuilt.
#[derive(Debug, Clone)]
pub struct RestoreReport {
    /// The model.
    pub model: ModelName,
    /// Its version.
    pub version: Version,
    /// Its record.
    pub id: SnapshotId,
    /// The folder.
    pub to: PathBuf,
    /// Every file, what was written and what was there already.
    pub plan: RestorePlan,
    /// Where data was taken from.
    pub data: Vec<RestoredData>,
    /// What is not kept and therefore not rebuilt: which, and why.
    pub missing: Vec<(String, String)>,
    /// Files that were erased for good, and why.
    pub erased: Vec<(TreeFile, String)>,
    /// Whether nothing was written.
    pub dry_run: bool,
}

/// Rebuilds.
pub fn restore(
    repository: &Repository,
    options: &RestoreOptions,
    progress: &dyn Progress,
) -> Result<RestoreReport, VerbError> {
    let store = repository.store();
    // Packs and tombstones may have moved before the lock was had.
    let _held = store.hold(Lock::Shared, progress)?;
    let found = resolve::revision(repository, &options.revision, options.at.as_deref())?;
    resolve::kept(repository, &found)?;
    let record = attached::kept(repository, &found.state, &found.row)?;
    if options.to.exists() && !options.to.is_dir() {
        return Err(UsageError::NotAFolder(options.to.display().to_string()).into());
    }
    let parts = if options.only.is_empty() { Part::ALL.to_vec() } else { options.only.clone() };
    let (mut files, mut missing) = files_of(store, &record, &parts)?;
    let data = find_data(repository, options, &found, &record, &parts, progress)?;
    missing.retain(|(part, _)| {
        let taken = |source: &RestoredData| part.strip_prefix("data.") == Some(source.name.as_str());
        !data.sources.iter().any(taken)
    });
    for (part, why) in &mut missing {
        let looked = data.missing.iter().find(|(name, _)| part.strip_prefix("data.") == Some(name.as_str()));
        looked.iter().flat_map(|(_, places)| *places).for_each(|more| *why += &format!("; {more}"));
    }
    let prefix = prefix_of(&record, &parts);
    files.extend(data.files.into_iter().map(|file| TreeFile { path: below(prefix, &file.path), ..file }));
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files.dedup();
    let (files, erased) = erasures::split(&found.state, found.row.version, files);
    if let (Some((_, why)), false) = (erased.first(), options.without_erased) {
        let names = erased.iter().map(|(file, _)| file.path.clone()).collect();
        return Err(VerbError::Erased { label: found.label(), names, why: why.clone(), rest: true });
    }
    missing.extend(erased.iter().map(|(file, why)| (file.path.clone(), why.clone())));
    let mut generated = Vec::new();
    if options.only.contains(&Part::Environment) {
        let unreadable = |source| VerbError::Record { kind: "environment", id: found.snapshot().to_string(), source };
        let bytes = canonical::encode("environment", &record.environment).map_err(unreadable)?;
        generated.push(("environment.json".to_owned(), bytes));
        let fields = found.state.erased_from(found.row.version).filter(|row| row.field().is_some());
        let fields = fields.filter(|row| row.what.name().starts_with("environment."));
        missing.extend(fields.map(|row| (row.what.name().to_owned(), erasures::why(row))));
    }
    let mut plan = restore::plan(&options.to, files, generated)?;
    plan.from = data.from;
    missing.extend(plan.left_out.iter().cloned());
    let is_folder = |path: &&PathBuf| std::fs::symlink_metadata(path).is_ok_and(|data| data.is_dir());
    let folders: Vec<PathBuf> = plan.overwrite.iter().filter(is_folder).cloned().collect();
    if !folders.is_empty() {
        return Err(VerbError::FolderInTheWay { paths: folders });
    }
    if options.dry_run {
        restore::check(&plan, options.force)?;
    } else {
        let twins = Twins::new(known::files(repository, &found.state.model, Twins::WORTH));
        let applied = restore::apply(store, &plan, &twins, options.force, progress)?;
        plan.modes.retain(|(path, _)| applied.wrong_modes.iter().all(|(wrong, _)| wrong != path));
        missing.extend(applied.wrong_modes.iter().map(|(path, error)| {
            let name = path.strip_prefix(&options.to).unwrap_or(path).display();
            (format!("the executable bit of {name}"), error.to_string())
        }));
    }
    Ok(RestoreReport {
        model: found.state.model.clone(),
        version: found.row.version,
        id: found.snapshot(),
        to: options.to.clone(),
        plan,
        data: data.sources,
        missing,
        erased,
        dry_run: options.dry_run,
    })
}

/// Looks for data that was not kept, if it is asked for.
fn find_data(
    repository: &Repository,
    options: &RestoreOptions,
    found: &Found,
    record: &SnapshotRecord,
    parts: &[Part],
    progress: &dyn Progress,
) -> Result<FoundData, VerbError> {
    if !parts.contains(&Part::Data) {
        if options.data.is_empty() {
            return Ok(FoundData::default());
        }
        let reason = "it is not among the parts that are asked for".to_owned();
        return Err(UsageError::Option { option: "data".to_owned(), reason }.into());
    }
    let search = Search {
        repository,
        model: &found.state.model,
        label: found.label(),
        record,
        observation: records::observation(repository, found.row.observation).ok(),
        given: &options.data,
        target: options.to.join(prefix_of(record, parts)),
        progress,
    };
    search.run()
}

/// Where the project lies in what is rebuilt.
fn prefix_of<'r>(record: &'r SnapshotRecord, parts: &[Part]) -> &'r str {
    if parts.contains(&Part::Code) && record.code.tree.is_some() { &record.code.prefix } else { "" }
}

fn below(prefix: &str, path: &str) -> String {
    if prefix.is_empty() { path.to_owned() } else { format!("{prefix}/{path}") }
}

/// A part that is not kept, and why.
pub type NotKept = (String, String);

/// The files of some parts, where they lay in the project; and what is not kept.
///
/// Code is named from the root of its repository; where the project lies below that, and code is among the
/// parts, everything else is put below it too, so that what is rebuilt looks like what was there.
pub fn files_of(
    store: &Store,
    record: &SnapshotRecord,
    parts: &[Part],
) -> Result<(Vec<TreeFile>, Vec<NotKept>), VerbError> {
    let mut files: Vec<TreeFile> = Vec::new();
    let mut missing = Vec::new();
    let mut trees = Vec::new();
    let wants = |part| parts.contains(&part);
    let single = |path: &str, id, size| TreeFile {
        path: path.to_owned(),
        kind: EntryKind::File,
        id: Some(id),
        size,
        target: None,
    };
    if wants(Part::Model) {
        trees.push(record.model_files.tree);
    }
    if wants(Part::Params) {
        trees.extend(record.params_files.map(|t| t.tree));
    }
    if wants(Part::Results) {
        trees.extend(record.metrics_files.map(|t| t.tree));
        trees.extend(record.results.map(|t| t.tree));
        files.extend(record.predictions.iter().map(|p| single(&p.path, p.file, p.size)));
        files.extend(record.samples.iter().map(|s| single(&s.path, s.file, s.size)));
        files.extend(record.reports.iter().map(|r| single(&r.path, r.file, r.size)));
    }
    if wants(Part::Data) {
        for data in &record.data {
            match data.stored {
                Some(tree) => trees.push(tree),
                None => missing.push((format!("data.{}", data.name), why_missing(data))),
            }
        }
    }
    for tree in trees {
        files.extend(snapshot::files_of(store, tree)?);
    }
    if wants(Part::Code) {
        let prefix = prefix_of(record, parts);
        for file in &mut files {
            file.path = below(prefix, &file.path);
        }
        match record.code.tree {
            Some(tree) => files.extend(snapshot::files_of(store, tree.tree)?),
            None => missing.push(("code".to_owned(), "none was captured".to_owned())),
        }
        for left in &record.code.left_out {
            missing.push((format!("code: {}", left.path), left.reason.clone()));
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files.dedup();
    Ok((files, missing))
}

fn why_missing(data: &DataRecord) -> String {
    let reason = data.not_stored.clone().unwrap_or_else(|| "it was not kept".to_owned());
    match data.sha256 {
        Some(digest) => format!("{reason}; its SHA-256 is {digest}"),
        None => reason,
    }
}
