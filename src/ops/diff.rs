//! `diff`: what is different between two versions, or between a version and the workspace.

mod data;
mod directions;
mod predictions;

use std::collections::HashMap;
use std::path::PathBuf;

use super::inputs::GivenInputs;
use super::resolve::{self, Found, ResolveError};
use super::workspace::{Workspace, stored_side};
use super::{ErasedPart, VerbError, erasures, rules};
use crate::capture::profile::Tables;
use crate::compare::{self, Diff, Section, Sections, Side};
use crate::format::policy::PolicyRecord;
use crate::id::FileId;
use crate::name::ModelName;
use crate::progress::Progress;
use crate::repository::Repository;
use crate::revision::{Revision, Target};

/// What to compare.
#[derive(Debug, Clone, Default)]
pub struct DiffOptions {
    /// One side; none: the newest version.
    pub a: Option<String>,
    /// The other; none: the workspace.
    pub b: Option<String>,
    /// The time to see revisions at.
    pub at: Option<String>,
    /// The folder the workspace is looked at from.
    pub given: GivenInputs,
    /// What to compare.
    pub sections: Sections,
}

/// What was compared, and how it came out.
#[derive(Debug, Clone)]
pub struct DiffReport {
    /// One side's name.
    pub a: String,
    /// The other's.
    pub b: String,
    /// What is different.
    pub diff: Diff,
    /// What was compared.
    pub sections: Sections,
    /// What was erased from a side, and can therefore not be compared, or only by digest: the side and what.
    pub erased: Vec<(String, ErasedPart)>,
    /// What else is to be known about it.
    pub remarks: Vec<String>,
}

/// One side, and where what its record names can be read.
struct Looked {
    side: Side,
    /// The model it is of here.
    model: ModelName,
    /// None of the workspace.
    found: Option<Found>,
    /// Of the workspace: where each table of evidence lies.
    evidence: HashMap<FileId, PathBuf>,
    /// Of the workspace: its data that is in tables.
    tables: Vec<Tables>,
}

/// Two sides of which sections are compared by what is in their files.
struct Pair<'a> {
    repository: &'a Repository,
    a: &'a Looked,
    b: &'a Looked,
    /// The rules that the model is judged by, where there are any that can be read.
    policy: Option<&'a PolicyRecord>,
    sections: &'a Sections,
    progress: &'a dyn Progress,
}

/// Compares.
pub fn diff(repository: &Repository, options: &DiffOptions, progress: &dyn Progress) -> Result<DiffReport, VerbError> {
    let read = |text: &Option<String>| text.as_deref().map(|t| resolve::parse(repository, t)).transpose();
    let (first, second) = (read(&options.a)?, read(&options.b)?);
    let named = [&first, &second].into_iter().flatten().find_map(|r| r.model.clone());
    // `diff fraud` is the newest version of fraud against the workspace.
    let first = first.map(|r| if r.target == Target::Model { latest_of(r.model.clone()) } else { r });
    let first = first.unwrap_or_else(|| latest_of(named.clone()));
    let second = second.unwrap_or(Revision { model: named, target: Target::Workspace, time: None, back: 0 });
    let mut erased = Vec::new();
    let named = first.model.as_ref().or(second.model.as_ref());
    let a = side(repository, &first, named, options, &mut erased, progress)?;
    let b = side(repository, &second, Some(&a.model), options, &mut erased, progress)?;
    let mut diff = compare::compare(&a.side, &b.side);
    // A workspace has notes only where a file holds them: none is no change.
    if second.target == Target::Workspace && b.side.record.notes.is_none() {
        diff.notes = None;
    }
    // Nor a command: what a later run would record is not known yet.
    if second.target == Target::Workspace && b.side.record.argv.is_none() {
        diff.command = None;
    }
    let sections = options.sections.clone();
    let mut remarks = Vec::new();
    let policy = policy(repository, (&a, &b), &sections, &mut remarks);
    let (policy, sections) = (policy.as_ref(), &sections);
    let pair = Pair { repository, a: &a, b: &b, policy, sections, progress };
    directions::tell(&pair, &mut diff, &mut remarks);
    predictions::compare(&pair, &mut diff)?;
    data::compare(&pair, &mut diff)?;
    let sections = sections.clone();
    Ok(DiffReport { diff: diff.only(&sections), sections, a: a.side.name, b: b.side.name, erased, remarks })
}

/// The rules that the model is judged by. Without them, or with such as cannot be read, versions are compared all the same.
fn policy(
    repository: &Repository,
    (a, b): (&Looked, &Looked),
    sections: &Sections,
    remarks: &mut Vec<String>,
) -> Option<PolicyRecord> {
    if ![Section::Metrics, Section::Predictions, Section::Data].into_iter().any(|section| sections.has(section)) {
        return None;
    }
    let state = b.found.as_ref().or(a.found.as_ref()).map(|found| &found.state);
    match rules::policy(repository, &b.model, state, None) {
        Ok(policy) => Some(policy.record),
        Err(VerbError::NoPolicy { .. }) => None,
        Err(error) => {
            remarks.push(format!("compared without the policy: {}", said(&error)));
            None
        }
    }
}

/// An error and what is behind it.
fn said(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |said, cause| format!("{said}: {cause}"))
}

const fn latest_of(model: Option<ModelName>) -> Revision {
    Revision { model, target: Target::Latest, time: None, back: 0 }
}

/// A side. The model is the one it is of here: an imported version keeps the name it had elsewhere in its record.
fn side(
    repository: &Repository,
    revision: &Revision,
    model: Option<&ModelName>,
    options: &DiffOptions,
    erased: &mut Vec<(String, ErasedPart)>,
    progress: &dyn Progress,
) -> Result<Looked, VerbError> {
    let model = revision.model.as_ref().or(model);
    if revision.target == Target::Workspace {
        if repository.project().is_none() && options.given.files.is_empty() {
            return Err(ResolveError::Workspace.into());
        }
        let workspace = Workspace::look(repository, model, &options.given, progress)?;
        let (evidence, tables) = (workspace.tables(), workspace.data_tables());
        let side = workspace.into_side();
        return Ok(Looked { model: side.record.model.clone(), side, found: None, evidence, tables });
    }
    let mut revision = revision.clone();
    revision.model = model.cloned();
    if revision.time.is_none() {
        revision.time.clone_from(&options.at);
    }
    let found = resolve::find(repository, &revision)?;
    let parts = erasures::of_version(&found.state, found.row.version).into_iter();
    erased.extend(parts.map(|part| (found.label(), part)));
    Ok(Looked {
        side: stored_side(repository, &found)?,
        model: found.state.model.clone(),
        found: Some(found),
        evidence: HashMap::new(),
        tables: Vec::new(),
    })
}
