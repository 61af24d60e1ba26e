//! The workspace before a training command runs: what would keep its result from being captured is said before the hours, not
//! after; and afterwards what it wrote, and what it did not.
//!
//! What the command is to make need not be there yet.

use std::collections::HashSet;
use std::path::PathBuf;

use super::declared::read_values;
use super::error::CaptureError;
use super::files::{self, PathSpec, SourceFile};
use super::ignored::Ignored;
use super::secrets::Scanner;
use super::{CaptureOptions, own_code, scan};
use crate::format::known::StampRecord;
use crate::format::snapshot::CodeKind;

/// Files, and what their system said of them.
type Stamps = Vec<(PathBuf, Option<StampRecord>)>;

/// What lay in the workspace.
#[derive(Debug)]
pub struct Before {
    /// What is declared and made by training, as declared, with the files that were there.
    results: Vec<(PathSpec, Stamps)>,
    /// How many of the results are the model's.
    model: usize,
    /// What surely is code: of a whole folder, or beside what git knows, a file may be one that the command writes.
    code: Vec<(String, PathBuf, Option<StampRecord>)>,
    ignored: Ignored,
}

/// Looks at a project before a command runs in it.
///
/// # Errors
/// Parameters that are there and cannot be read, a secret that would be stored, code that must be committed and is not.
pub fn look(options: &CaptureOptions) -> Result<Before, CaptureError> {
    let project = options.project.as_path();
    let ignored = Ignored::read(project)?;
    let there = |spec: &PathSpec| files::collect("", std::slice::from_ref(spec), project, &ignored).unwrap_or_default();
    let params: Vec<PathSpec> = options.params.iter().filter(|spec| !there(spec).is_empty()).cloned().collect();
    let (_, params_files) = read_values("params", &params, project, &ignored)?;
    let results: Vec<(PathSpec, Vec<SourceFile>)> = options
        .files
        .iter()
        .chain(&options.metrics)
        .chain(options.tables())
        .map(|spec| (spec.clone(), there(spec)))
        .collect();
    let others: Vec<SourceFile> = options.results.iter().flat_map(there).collect();
    let declared: Vec<&SourceFile> =
        params_files.iter().chain(results.iter().flat_map(|(_, files)| files)).chain(&others).collect();
    let mut code = own_code(options, &declared, &[], &ignored)?;
    let scanner = Scanner::new(&options.allow);
    scan::declared(&scanner, options, params_files.iter(), &[])?;
    scan::code(&scanner, &mut code)?;
    let results = results.into_iter().map(|(spec, files)| (spec, stamps(&files))).collect();
    let untracked: HashSet<&String> = code.untracked.iter().collect();
    let is_whole_folder = code.kind != CodeKind::Git && options.code.is_empty();
    let is_code = |file: &&SourceFile| !is_whole_folder && !untracked.contains(&file.path().to_owned());
    let stamped = |file: &SourceFile| (file.path().to_owned(), file.disk(), file.stamp());
    let code = code.files.iter().filter(is_code).map(stamped).collect();
    Ok(Before { results, model: options.files.len(), code, ignored })
}

fn stamps(files: &[SourceFile]) -> Stamps {
    files.iter().map(|file| (file.disk(), file.stamp())).collect()
}

impl Before {
    /// Metrics, predictions, samples and reports of which nothing was written since, and the model if nothing of it was: as declared.
    pub fn unwritten(&self, options: &CaptureOptions) -> Vec<String> {
        let is_as_it_was = |(spec, before): &&(PathSpec, Stamps)| {
            let now =
                files::collect("", std::slice::from_ref(spec), &options.project, &self.ignored).unwrap_or_default();
            // Where the system tells too little, nothing is said.
            !before.is_empty() && *before == stamps(&now) && before.iter().all(|(_, stamp)| stamp.is_some())
        };
        let (model, others) = self.results.split_at(self.model);
        let mut unwritten: Vec<String> = Vec::new();
        if model.iter().all(|result| is_as_it_was(&result)) {
            unwritten.extend(model.iter().map(|(spec, _)| spec.text.clone()));
        }
        unwritten.extend(others.iter().filter(is_as_it_was).map(|(spec, _)| spec.text.clone()));
        unwritten
    }

    /// Files of the code that were changed or removed since.
    pub fn changed_code(&self) -> Vec<String> {
        let is_another = |(path, disk, stamp): &&(String, PathBuf, Option<StampRecord>)| {
            let now = SourceFile::describe(path.clone(), disk.clone());
            stamp.is_some() && now.map_or(true, |now| now.stamp() != *stamp)
        };
        self.code.iter().filter(is_another).map(|(path, ..)| path.clone()).collect()
    }
}
