//! The two sides of a comparison: which they are, and where what their records name can be read.

use std::collections::HashMap;
use std::path::PathBuf;

use super::DiffOptions;
use super::code::{CodeFiles, CodeSide, Listed};
use super::tensors::SideFiles;
use crate::capture::profile::Tables;
use crate::capture::secrets::Scanner;
use crate::capture::source_file::SourceFile;
use crate::compare::Side;
use crate::id::FileId;
use crate::name::ModelName;
use crate::ops::resolve::{self, Found, ResolveError};
use crate::ops::snapshot::inputs::lenient_options;
use crate::ops::workspace::{Workspace, stored_side};
use crate::ops::{ErasedPart, VerbError, erasures};
use crate::progress::Progress;
use crate::repository::Repository;
use crate::revision::{Revision, Target};

/// One side, and where what its record names can be read.
pub(super) struct Looked {
    pub side: Side,
    /// The model it is of here: an imported version keeps the name it had elsewhere in its record.
    pub model: ModelName,
    /// None of the workspace.
    pub found: Option<Found>,
    /// Of the workspace: where each table of evidence lies.
    pub evidence: HashMap<FileId, PathBuf>,
    /// Of the workspace: its data that is in tables.
    pub tables: Vec<Tables>,
    /// Of the workspace: the model's files that are worth looking into.
    pub model_sources: Option<Vec<SourceFile>>,
    /// Why it was dropped, if it was: its files are gone then.
    pub dropped: Option<String>,
    /// Of the workspace: declared inputs that cannot be read, and why.
    pub unread: Vec<(String, String)>,
    /// Where the code's files are.
    pub code_files: CodeFiles,
    /// Where those of results are.
    pub result_files: CodeFiles,
}

impl Looked {
    pub(super) const fn code(&self) -> CodeSide<'_> {
        CodeSide { side: &self.side, files: &self.code_files }
    }

    /// The files of results.
    pub(super) fn results(&self) -> Listed<'_> {
        let list = self.side.result_files.as_deref().unwrap_or_default();
        Listed { side: &self.side, list, files: &self.result_files }
    }

    pub(super) fn model_files(&self) -> SideFiles<'_> {
        SideFiles { files: &self.side.model_files, disk: self.model_sources.as_deref() }
    }

    pub(super) const fn is_workspace(&self) -> bool {
        self.found.is_none()
    }
}

/// Both sides.
pub(super) fn sides(
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
        let options = lenient_options(repository, model, &options.given)?;
        let allow = options.allow.clone();
        let mut looked = Workspace::look_leniently(repository, options, progress)?;
        let on_disk = |files: Vec<SourceFile>| CodeFiles::Workspace {
            files: files.into_iter().map(|file| (file.path().to_owned(), file)).collect(),
            scanner: Scanner::new(&allow),
        };
        let code_files = on_disk(std::mem::take(&mut looked.code_sources));
        let result_files = on_disk(std::mem::take(&mut looked.result_sources));
        let (evidence, tables, sources) = (looked.tables(), looked.data_tables(), looked.model_sources());
        let unread = std::mem::take(&mut looked.capture.unread);
        let side = looked.into_side();
        return Ok(Looked {
            model: side.record.model.clone(),
            side,
            found: None,
            evidence,
            tables,
            dropped: None,
            unread,
            model_sources: Some(sources),
            code_files,
            result_files,
        });
    }
    let mut revision = revision.clone();
    revision.model = model.cloned();
    if revision.time.is_none() {
        revision.time.clone_from(&options.at);
    }
    let found = resolve::find(repository, &revision)?;
    let parts = erasures::of_version(&found.state, found.row.version).into_iter();
    erased.extend(parts.map(|part| (found.label(), part)));
    let dropped = resolve::dropped(repository, &found)?.map(|dropped| dropped.reason);
    let erased_files = found.state.erased_files(found.row.version);
    Ok(Looked {
        side: stored_side(repository, &found)?,
        model: found.state.model.clone(),
        evidence: HashMap::new(),
        tables: Vec::new(),
        dropped,
        unread: Vec::new(),
        model_sources: None,
        code_files: CodeFiles::Stored { erased: erased_files.clone() },
        result_files: CodeFiles::Stored { erased: erased_files },
        found: Some(found),
    })
}
