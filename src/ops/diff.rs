//! `diff`: what is different between two versions, or between a version and the workspace.

mod code;

use std::collections::HashMap;

pub use self::code::CodePatch;

use self::code::{CodeFiles, CodeSide};
use super::inputs::{GivenInputs, capture_options};
use super::resolve::{self, ResolveError};
use super::workspace::{Workspace, stored_side};
use super::{ErasedPart, VerbError, erasures};
use crate::capture::secrets::Scanner;
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
    let mut erased = Vec::new();
    let (a, b) = sides(repository, options, &mut erased, progress)?;
    let mut diff = compare::compare(&a.side, &b.side);
    // A workspace has notes only where a file holds them: none is no change.
    if [&a, &b].into_iter().any(|one| one.is_workspace() && one.side.record.notes.is_none()) {
        diff.notes = None;
    }
    // Nor a command: what a later run would record is not known yet.
    if [&a, &b].into_iter().any(|one| one.is_workspace() && one.side.record.argv.is_none()) {
        diff.command = None;
    }
    let sections = options.sections.clone();
    if sections.has(Section::Code) {
        code::look_inside(repository, a.code(), b.code(), &mut diff.code);
    }
    Ok(DiffReport { diff: diff.only(&sections), sections, a: a.side.name, b: b.side.name, erased })
}

/// Makes the patch from the code of one side to that of the other.
pub fn patch(repository: &Repository, options: &DiffOptions, progress: &dyn Progress) -> Result<CodePatch, VerbError> {
    let (a, b) = sides(repository, options, &mut Vec::new(), progress)?;
    Ok(code::patch(repository, a.code(), b.code()))
}

/// A side as it was found.
struct Looked {
    side: Side,
    /// The model it is of here: an imported version keeps the name it had elsewhere in its record.
    model: ModelName,
    code_files: CodeFiles,
}

impl Looked {
    const fn code(&self) -> CodeSide<'_> {
        CodeSide { side: &self.side, files: &self.code_files }
    }

    const fn is_workspace(&self) -> bool {
        matches!(self.code_files, CodeFiles::Workspace { .. })
    }
}

/// Both sides.
fn sides(
    repository: &Repository,
    options: &DiffOptions,
    erased: &mut Vec<(String, ErasedPart)>,
    progress: &dyn Progress,
) -> Result<(Looked, Looked), VerbError> {
    let read = |text: &Option<String>| text.as_deref().map(|t| resolve::parse(repository, t)).transpose();
    let (first, second) = (read(&options.a)?, read(&options.b)?);
    let named = [&first, &second].into_iter().flatten().find_map(|r| r.model.clone());
    // `diff fraud` is the newest version of fraud against the workspace.
    let first = first.map(|r| if r.target == Target::Model { latest_of(r.model.clone()) } else { r });
    let first = first.unwrap_or_else(|| latest_of(named.clone()));
    let workspace = || Revision { model: named.clone(), target: Target::Workspace, time: None, back: 0 };
    // The workspace by itself is compared with what it would come behind.
    let is_workspace = first.target == Target::Workspace;
    let second = second.unwrap_or_else(|| if is_workspace { latest_of(named.clone()) } else { workspace() });
    let named = first.model.as_ref().or(second.model.as_ref());
    let a = side(repository, &first, named, options, erased, progress)?;
    let b = side(repository, &second, Some(&a.model), options, erased, progress)?;
    Ok((a, b))
}

const fn latest_of(model: Option<ModelName>) -> Revision {
    Revision { model, target: Target::Latest, time: None, back: 0 }
}

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
        let scanner = Scanner::new(&capture_options(repository, model, &options.given)?.allow);
        let mut looked = Workspace::look(repository, model, &options.given, progress)?;
        let files = std::mem::take(&mut looked.code_sources);
        let files: HashMap<_, _> = files.into_iter().map(|file| (file.path().to_owned(), file)).collect();
        let side = looked.into_side();
        let model = side.record.model.clone();
        return Ok(Looked { side, model, code_files: CodeFiles::Workspace { files, scanner } });
    }
    let mut revision = revision.clone();
    revision.model = model.cloned();
    if revision.time.is_none() {
        revision.time.clone_from(&options.at);
    }
    let found = resolve::find(repository, &revision)?;
    let parts = erasures::of_version(&found.state, found.row.version).into_iter();
    erased.extend(parts.map(|part| (found.label(), part)));
    let code_files = CodeFiles::Stored { erased: found.state.erased_files(found.row.version) };
    Ok(Looked { side: stored_side(repository, &found)?, model: found.state.model, code_files })
}
