//! `verify --deployed`: whether what lies in a serving folder is a version's model, byte for byte.
//!
//! A stage says what should be served; only the folder a server reads says what is. Links in it are followed: what a
//! server would read counts.

mod folder;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::observed::NEWS_AGAIN;
pub use super::observed::Recorded;
use super::resolve::{self, Found};
use super::{Asked, MadeEvent, UsageError, VerbError, check_text, records};
use crate::digest::Digest;
use crate::format::event::{ActorRecord, EventBody};
use crate::format::tree::EntryKind;
use crate::name::{ModelName, StageName, Version};
use crate::progress::{Progress, Unit};
use crate::registry::Decision;
use crate::repository::Repository;
use crate::revision::Target;
use crate::snapshot::{TreeFile, files_of};
use crate::store::{Lock, Problem};

/// What to compare.
#[derive(Debug, Clone, Default)]
pub struct DeployedOptions {
    /// A version, or a model of which the stage's occupant is meant; none: the only model there is.
    pub revision: Option<String>,
    /// The time to see it at.
    pub at: Option<String>,
    /// The stage whose occupant should be served; none: the only one, else `production`.
    pub stage: Option<StageName>,
    /// The serving folder.
    pub folder: PathBuf,
    /// What the place is called that reads it, where what is found is to be recorded.
    pub record_as: Option<String>,
}

/// What was found.
#[derive(Debug, Clone)]
pub struct DeployedReport {
    /// The model.
    pub model: ModelName,
    /// The version that should be there.
    pub version: Version,
    /// The stage that says so; none where a version was named.
    pub stage: Option<StageName>,
    /// What that stage was moved against, where it was moved by force.
    pub overruled: Vec<String>,
    /// The folder.
    pub folder: PathBuf,
    /// Folders of the version's paths that the serving folder does not have, such as `model`; empty: it has them all.
    pub without: String,
    /// Files that are as they should be.
    pub same: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Each difference: `missing`, `changed` or `extra`.
    pub problems: Vec<Problem>,
    /// The version it holds, whole: the one that should be there, or another one.
    pub holds: Option<Version>,
    /// What became of it in the journal, where that was asked for.
    pub recorded: Option<Recorded>,
}

/// Compares a serving folder with a version's model files, and records what it holds if that is asked for.
///
/// # Errors
/// No such folder, version or stage; no stage where something is to be recorded. A file that cannot be read is a difference.
pub fn deployed(
    repository: &Repository,
    options: &DeployedOptions,
    progress: &dyn Progress,
) -> Result<DeployedReport, VerbError> {
    let shown = || options.folder.display().to_string();
    match fs::metadata(&options.folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(UsageError::NoFolder(shown()).into()),
        Err(source) => return Err(VerbError::Io { action: "look into", path: options.folder.clone(), source }),
        Ok(found) if !found.is_dir() => return Err(UsageError::NotAFolder(shown()).into()),
        Ok(_) => {}
    }
    check_text("the place", options.record_as.as_deref())?;
    let actor = options.record_as.is_some().then(|| Asked::begin(repository));
    let _held = repository.store().hold(Lock::Shared, progress)?;
    let (found, stage) = meant(repository, options)?;
    if options.record_as.is_some() && (stage.is_none() || options.at.is_some()) {
        let reason =
            "what is observed is observed of a stage, as it is now: name the model, or `MODEL@STAGE`".to_owned();
        return Err(UsageError::Option { option: "the revision".to_owned(), reason }.into());
    }
    let record = records::snapshot(repository, found.snapshot())?;
    let expected = files_of(repository.store(), record.model_files.tree)?;
    let mut report = DeployedReport {
        model: found.state.model.clone(),
        version: found.row.version,
        overruled: stage
            .as_ref()
            .and_then(|stage| found.state.occupant(stage))
            .filter(|held| held.version == found.row.version)
            .map_or_else(Vec::new, |held| held.overruled.clone()),
        stage,
        folder: options.folder.clone(),
        without: folder::without(&options.folder, &expected),
        same: 0,
        bytes: 0,
        problems: Vec::new(),
        holds: None,
        recorded: None,
    };
    let label = found.label();
    let mut differs = |kind: &'static str, path: &str, expected: &str, found: String| {
        let mut problem = Problem::new(kind, path.to_owned(), expected, found);
        problem.touches(&label, None);
        report.problems.push(problem);
    };
    let above = if report.without.is_empty() { 0 } else { report.without.len() + 1 };
    let wanted: BTreeMap<&str, &TreeFile> = expected.iter().map(|file| (&file.path[above..], file)).collect();
    progress.begin("reading what is served", expected.iter().map(|file| file.size).sum(), Unit::Bytes);
    for (path, file) in &wanted {
        match compare(&options.folder.join(path), file, progress) {
            Ok(bytes) => (report.same, report.bytes) = (report.same + 1, report.bytes + bytes),
            Err((kind, expected, found)) => differs(kind, path, &expected, found),
        }
    }
    progress.end();
    for (path, what) in folder::extra(&options.folder, &wanted) {
        differs("extra", &path, "nothing", what);
    }
    report.holds = match (report.problems.is_empty(), &report.stage) {
        (true, _) => Some(report.version),
        (false, stage) => folder::version_in(repository, &found.state, stage.as_ref(), &options.folder)?,
    };
    if let (Some(place), Some(actor)) = (&options.record_as, actor) {
        report.recorded = write_down(repository, &report, place, &actor.answer())?;
    }
    Ok(report)
}

/// The version that should be served, and the stage that says so.
fn meant(repository: &Repository, options: &DeployedOptions) -> Result<(Found, Option<StageName>), VerbError> {
    let revision = options.revision.as_deref().map(|text| resolve::parse(repository, text)).transpose()?;
    let model = match revision {
        Some(revision) if revision.target != Target::Model => {
            let text = options.revision.as_deref().unwrap_or_default();
            let stage = match &revision.target {
                Target::Stage(stage) => Some(stage.clone()),
                _ => None,
            };
            return Ok((resolve::revision(repository, text, options.at.as_deref())?, stage));
        }
        Some(revision) => revision.model,
        None => None,
    };
    let model = resolve::model(repository, model.as_ref())?;
    let state = resolve::state(repository, &model)?;
    let stage = resolve::stage(repository, &state, options.stage.as_ref())?;
    let found = resolve::revision(repository, &format!("{model}@{stage}"), options.at.as_deref())?;
    Ok((found, Some(stage)))
}

/// Writes down what was found.
fn write_down(
    repository: &Repository,
    report: &DeployedReport,
    place: &str,
    actor: &ActorRecord,
) -> Result<Option<Recorded>, VerbError> {
    let Some(stage) = &report.stage else { return Ok(None) };
    let (version, expected, differences) = (report.holds, report.version, report.problems.len() as u64);
    let committed = repository.registry().commit::<(), VerbError>(&report.model, actor, |state| {
        let moved = state.occupant(stage).map_or(0, |occupant| occupant.event.seq);
        let now = repository.registry().now_in(state);
        let known = state.observed.iter().find(|row| row.stage == *stage && row.place == place).is_some_and(|row| {
            (row.version, row.expected, row.differences) == (version, expected, differences)
                && row.event.seq > moved
                && now.since(row.time) < NEWS_AGAIN
        });
        Ok(if known {
            Decision::Keep(())
        } else {
            let (stage, place) = (stage.clone(), place.to_owned());
            Decision::Append(EventBody::Observed { stage, place, version, expected, differences }, ())
        })
    })?;
    let event = committed.event.map(|(event, record)| MadeEvent { event, time: record.time });
    Ok(Some(Recorded { place: place.to_owned(), event }))
}

/// A difference: its kind, what was expected, what is there.
type Difference = (&'static str, String, String);

/// The bytes read of a file that is as it should be.
fn compare(disk: &Path, file: &TreeFile, progress: &dyn Progress) -> Result<u64, Difference> {
    if file.kind == EntryKind::Symlink {
        let target = file.target.clone().unwrap_or_default();
        return match fs::read_link(disk) {
            Ok(found) if found.to_str() == Some(&target) => Ok(0),
            Ok(found) => Err(("changed", format!("a link to {target}"), format!("a link to {}", found.display()))),
            Err(error) => Err(absent(&format!("a link to {target}"), &error)),
        };
    }
    let Some(id) = file.id else { return Ok(0) };
    let wanted = format!("{} bytes, SHA-256 {}", file.size, id.digest());
    // Before opening: a pipe would block.
    let found = fs::metadata(disk).map_err(|error| absent(&wanted, &error))?;
    if !found.is_file() {
        return Err(("changed", wanted, folder::what_is_no_file(found.file_type()).to_owned()));
    }
    let read = || match found.len() {
        size if size == file.size => File::open(disk).and_then(Digest::of_reader),
        // Of another size it is another file: no need to read it.
        size => Ok((Digest::of(b""), size)),
    };
    let (digest, size) = read().map_err(|error| absent(&wanted, &error))?;
    progress.advance(size);
    if size != file.size {
        return Err(("changed", wanted, format!("{size} bytes")));
    }
    if digest != id.digest() {
        return Err(("changed", wanted, format!("{size} bytes, SHA-256 {digest}")));
    }
    Ok(size)
}

fn absent(wanted: &str, error: &io::Error) -> Difference {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => ("missing", wanted.to_owned(), "nothing".to_owned()),
        _ => ("changed", wanted.to_owned(), format!("what cannot be read: {error}")),
    }
}
