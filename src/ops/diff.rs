//! `diff`: what is different between two versions, or between a version and the workspace.

mod tensors;

use self::tensors::SideFiles;
use super::inputs::GivenInputs;
use super::resolve::{self, ResolveError};
use super::workspace::{Workspace, stored_side};
use super::{ErasedPart, VerbError, erasures};
use crate::capture::source_file::SourceFile;
use crate::compare::{self, Diff, Section, Sections, Side};
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
    let (a, disk_a, model) = side(repository, &first, named, options, &mut erased, progress)?;
    let (b, disk_b, _) = side(repository, &second, Some(&model), options, &mut erased, progress)?;
    let mut diff = compare::compare(&a, &b);
    if options.sections.has(Section::Tensors) {
        let side_a = SideFiles { files: &a.model_files, disk: disk_a.as_deref() };
        let side_b = SideFiles { files: &b.model_files, disk: disk_b.as_deref() };
        diff.tensors = tensors::compare(repository.store(), &side_a, &side_b, progress);
    }
    // A workspace has notes only where a file holds them: none is no change.
    if second.target == Target::Workspace && b.record.notes.is_none() {
        diff.notes = None;
    }
    // Nor a command: what a later run would record is not known yet.
    if second.target == Target::Workspace && b.record.argv.is_none() {
        diff.command = None;
    }
    let sections = options.sections.clone();
    Ok(DiffReport { diff: diff.only(&sections), sections, a: a.name, b: b.name, erased })
}

const fn latest_of(model: Option<ModelName>) -> Revision {
    Revision { model, target: Target::Latest, time: None, back: 0 }
}

/// A side, where its model's files lie if that is a workspace, and the model it is of here: an imported version keeps the
/// name it had elsewhere in its record.
fn side(
    repository: &Repository,
    revision: &Revision,
    model: Option<&ModelName>,
    options: &DiffOptions,
    erased: &mut Vec<(String, ErasedPart)>,
    progress: &dyn Progress,
) -> Result<(Side, Option<Vec<SourceFile>>, ModelName), VerbError> {
    let model = revision.model.as_ref().or(model);
    if revision.target == Target::Workspace {
        if repository.project().is_none() && options.given.files.is_empty() {
            return Err(ResolveError::Workspace.into());
        }
        let workspace = Workspace::look(repository, model, &options.given, progress)?;
        let disk = workspace.model_sources();
        let side = workspace.into_side();
        let model = side.record.model.clone();
        return Ok((side, Some(disk), model));
    }
    let mut revision = revision.clone();
    revision.model = model.cloned();
    if revision.time.is_none() {
        revision.time.clone_from(&options.at);
    }
    let found = resolve::find(repository, &revision)?;
    let parts = erasures::of_version(&found.state, found.row.version).into_iter();
    erased.extend(parts.map(|part| (found.label(), part)));
    Ok((stored_side(repository, &found)?, None, found.state.model))
}
