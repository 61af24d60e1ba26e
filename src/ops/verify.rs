//! `verify`: whether what is stored is what its names say, and whether every version can be rebuilt.

use std::collections::{HashMap, HashSet};

use super::promote::kept_files;
use super::{ErasedPart, VerbError};
use super::{erasures, records, resolve};
use crate::digest::Digest;
use crate::format::checkpoint::VersionRow;
use crate::format::pack::ObjectKind;
use crate::id::{FileId, SnapshotId};
use crate::name::ModelName;
use crate::progress::{Progress, Unit};
use crate::registry::{self, State};
use crate::repository::Repository;
use crate::store::CopyError;
use crate::store::{Depth, Problem, StoreError};

/// What to check.
#[derive(Debug, Clone, Default)]
pub struct VerifyOptions {
    /// One version, every byte of it; none: the store.
    pub revision: Option<String>,
    /// The time to see the revision at.
    pub at: Option<String>,
    /// Whether every byte of the store is read.
    pub full: bool,
    /// Only the journals.
    pub journal: bool,
}

/// How closely it was looked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Looked {
    /// At the journals alone.
    Journals,
    /// At everything but the bytes inside packs.
    #[default]
    Structure,
    /// At every byte.
    Bytes,
}

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct VerifyReport {
    /// How closely it was looked.
    pub looked: Looked,
    /// Objects looked at.
    pub objects: u64,
    /// Bytes looked at.
    pub bytes: u64,
    /// Events looked at.
    pub events: u64,
    /// Versions whose reachability was checked.
    pub versions: u64,
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// What was erased for good and is therefore not there, which is no problem: whose, and what.
    pub erased: Vec<(ModelName, ErasedPart)>,
}

/// Checks.
pub fn verify(
    repository: &Repository,
    options: &VerifyOptions,
    progress: &dyn Progress,
) -> Result<VerifyReport, VerbError> {
    if let Some(revision) = &options.revision {
        return verify_version(repository, revision, options.at.as_deref(), progress);
    }
    let looked = match (options.journal, options.full) {
        (true, _) => Looked::Journals,
        (_, true) => Looked::Bytes,
        _ => Looked::Structure,
    };
    let mut report = VerifyReport { looked, ..VerifyReport::default() };
    let models = repository.registry().models()?;
    for model in &models {
        let check = repository.registry().check(model)?;
        report.events += check.events;
        if let Some((seq, what)) = check.problem {
            let name = registry::event_path(model, seq);
            report.problems.push(Problem::new("event", name, "an event that continues the journal", what));
        }
    }
    if options.journal {
        return Ok(report);
    }
    // Before the store is looked at: what others add from now on is not expected in it. A journal whose own check has
    // reported something needs no second word.
    let states: Vec<State> = models.iter().filter_map(|model| repository.registry().replay(model).ok()?).collect();
    let depth = if options.full { Depth::Full } else { Depth::Structure };
    let store = repository.store().check(depth, progress)?;
    report.objects = store.objects;
    report.bytes = store.bytes;
    report.problems.extend(store.problems);
    let damaged: HashSet<String> = report.problems.iter().map(|p| p.name.clone()).collect();
    erasures::verify(repository, &states, &mut report)?;
    progress.begin("checking versions", 0, Unit::Items);
    for state in &states {
        check_versions(repository, state, &damaged, &mut report, progress)?;
    }
    progress.end();
    Ok(report)
}

/// Every version of a model: its records, trees, recipes and blocks are where they should be.
fn check_versions(
    repository: &Repository,
    state: &State,
    damaged: &HashSet<String>,
    report: &mut VerifyReport,
    progress: &dyn Progress,
) -> Result<(), VerbError> {
    let mut seen: HashMap<(SnapshotId, bool), Vec<(String, String)>> = HashMap::new();
    let certificates = state.certificates.values().flat_map(|c| {
        let label = state.version_of(c.snapshot).map_or_else(String::new, |v| format!("{}@{}", state.model, v.version));
        [(c.certificate.digest(), "certificate", label.clone()), (c.policy, "policy", label)]
    });
    let observations = state
        .versions
        .iter()
        .map(|v| (v.observation.digest(), "observation", format!("{}@{}", state.model, v.version)));
    for (id, what, label) in certificates.chain(observations) {
        // What is left of a record from which something was erased is as good.
        let there = |id: Digest| repository.store().contains(ObjectKind::Record, id.as_bytes());
        if !there(id)? && !records::copy_of(repository, id)?.map(there).transpose()?.unwrap_or(false) {
            let mut problem =
                Problem::new("object", id.to_string(), "stored and whole", format!("the {what} is missing"));
            problem.versions.push(label);
            report.problems.push(problem);
        }
    }
    for row in state.versions.iter().filter(|row| row.dropped.is_none()) {
        // The same content again, made after something was erased from it, has that.
        let key = (row.snapshot, state.erased_from(row.version).next().is_some());
        let missing = match seen.get(&key) {
            Some(known) => known.clone(),
            None => {
                let found = missing_of(repository, state, row, damaged)?;
                seen.insert(key, found.clone());
                found
            }
        };
        report.versions += 1;
        progress.advance(1);
        let label = format!("{}@{}", state.model, row.version);
        for (name, what) in missing {
            match report.problems.iter_mut().find(|p| p.name == name) {
                Some(problem) => problem.versions.push(label.clone()),
                None => {
                    let mut problem = Problem::new("object", name, "stored and whole", what);
                    problem.versions.push(label.clone());
                    report.problems.push(problem);
                }
            }
        }
    }
    Ok(())
}

/// What of a snapshot is missing or known to be damaged: name, and what is wrong.
fn missing_of(
    repository: &Repository,
    state: &State,
    row: &VersionRow,
    damaged: &HashSet<String>,
) -> Result<Vec<(String, String)>, VerbError> {
    let store = repository.store();
    let files = match kept_files(repository, state, row) {
        Ok(files) => files,
        Err(error) => return Ok(vec![object_of(&error, row.snapshot)]),
    };
    let mut missing = Vec::new();
    for file in files {
        let Some(file_id) = file.id else { continue };
        if damaged.contains(&file_id.to_string()) {
            missing.push((file_id.to_string(), "damaged".to_owned()));
            continue;
        }
        let parts = match store.parts(file_id) {
            Ok(parts) => parts,
            Err(error) => {
                missing.push((file_id.to_string(), super::chain(&error)));
                continue;
            }
        };
        for (_, part) in parts {
            let name = Digest::from_bytes(part).to_string();
            if damaged.contains(&name) {
                missing.push((name, "damaged".to_owned()));
            }
        }
        let lost = store.missing_part(file_id)?.map(|part| part.to_string());
        if let Some(name) = lost.filter(|name| !damaged.contains(name)) {
            missing.push((name, format!("not in any sound pack; needed by `{}`", file.path)));
        }
    }
    Ok(missing)
}

fn object_of(error: &VerbError, snapshot: SnapshotId) -> (String, String) {
    let store_error = match error {
        VerbError::Store(error) | VerbError::Snapshot(crate::snapshot::SnapshotError::Store(error)) => Some(error),
        _ => None,
    };
    let name = match store_error {
        Some(StoreError::Missing { id, .. } | StoreError::Damaged { id, .. } | StoreError::Format { id, .. }) => *id,
        _ => snapshot.digest(),
    };
    (name.to_string(), super::chain(error))
}

/// One version: every byte of it.
fn verify_version(
    repository: &Repository,
    revision: &str,
    at: Option<&str>,
    progress: &dyn Progress,
) -> Result<VerifyReport, VerbError> {
    let found = resolve::revision(repository, revision, at)?;
    resolve::kept(repository, &found)?;
    let parts = erasures::of_version(&found.state, found.row.version).into_iter();
    let erased = parts.map(|part| (found.state.model.clone(), part)).collect();
    let mut report = VerifyReport { looked: Looked::Bytes, versions: 1, erased, ..VerifyReport::default() };
    let label = found.label();
    let mut fail = |name: String, what: String| {
        let mut problem = Problem::new("object", name, "stored and whole", what);
        problem.versions.push(label.clone());
        report.problems.push(problem);
    };
    let mut counted = (0, 0);
    match kept_files(repository, &found.state, &found.row) {
        Err(error) => {
            let (name, what) = object_of(&error, found.snapshot());
            fail(name, what);
        }
        Ok(files) => {
            progress.begin("checking every byte", files.iter().map(|f| f.size).sum(), Unit::Bytes);
            for id in files.iter().filter_map(|f| f.id).collect::<HashSet<FileId>>() {
                match repository.store().copy_file(id, &mut std::io::sink(), progress) {
                    Ok(size) => counted = (counted.0 + 1, counted.1 + size),
                    Err(CopyError::Store(error)) => fail(id.to_string(), super::chain(&error)),
                    // A sink takes everything.
                    Err(CopyError::Write(_)) => {}
                }
            }
            progress.end();
        }
    }
    if let Err(error) = records::observation(repository, found.row.observation) {
        fail(found.row.observation.to_string(), super::chain(&error));
    }
    (report.objects, report.bytes) = counted;
    Ok(report)
}
