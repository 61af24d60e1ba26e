//! The files as they are now, as if they were a version. Nothing is written.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use super::VerbError;
use super::records;
use super::resolve::Found;
use super::snapshot::inputs::{GivenInputs, capture_options};
use super::snapshot::{closer, interpreter, known};
use crate::capture::profile::{self, Tables};
use crate::capture::redacted::Redacted;
use crate::capture::source_file::SourceFile;
use crate::capture::{self, Capture, CaptureError, CaptureOptions, found};
use crate::compare::{Interpreter, Side};
use crate::format::found::FoundRecord;
use crate::format::observation::ObservationRecord;
use crate::format::snapshot::TreeRef;
use crate::id::FileId;
use crate::name::{ModelName, SetName};
use crate::progress::Progress;
use crate::repository::Repository;
use crate::snapshot::{self, Built, SnapshotError};

/// The workspace, captured and named but not stored.
#[derive(Debug)]
pub(super) struct Workspace {
    /// What was found, without the lists of files that went into the record.
    pub capture: Capture,
    /// The record it would have.
    pub built: Built,
    /// The sources of data that are tables.
    data_tables: Vec<Tables>,
    /// The model's files that are worth looking into, and how many more there are.
    worth_a_look: (Vec<SourceFile>, u64),
    /// What the model is run with, if that was asked for.
    pub run_with: Option<RunWith>,
    /// The files of its code, named as in the record.
    pub code_sources: Vec<SourceFile>,
    /// Those of its results, where it was looked at leniently.
    pub result_sources: Vec<SourceFile>,
}

/// The files a model is run with.
#[derive(Debug)]
pub(super) struct RunWith {
    /// Its own and the parameters, named from the project's folder.
    pub own: Vec<SourceFile>,
    /// The code, named from the root of its repository.
    pub code: Vec<SourceFile>,
    /// Data, named from the project's folder.
    pub data: BTreeMap<SetName, Vec<SourceFile>>,
}

impl Workspace {
    /// Captures the workspace.
    pub(super) fn look(
        repository: &Repository,
        model: Option<&ModelName>,
        given: &GivenInputs,
        progress: &dyn Progress,
    ) -> Result<Self, VerbError> {
        Self::look_at(repository, model, given, false, progress)
    }

    /// The same where what cannot be read is to be told, and no reason to show nothing: `options` are lenient.
    pub(super) fn look_leniently(
        repository: &Repository,
        options: CaptureOptions,
        progress: &dyn Progress,
    ) -> Result<Self, VerbError> {
        match Self::captured(repository, options.clone(), false, progress) {
            // Whose content nobody may read is found out where it is stored, or looked through for secrets. Files are tried one by one
            // only then: there may be millions.
            Err(
                VerbError::Capture(CaptureError::Unreadable { .. }) | VerbError::Snapshot(SnapshotError::File { .. }),
            ) => Self::captured(repository, CaptureOptions { probe: true, ..options }, false, progress),
            other => other,
        }
    }

    /// The same with the files that the model is run with, of which there may be many, if they are asked for.
    pub(super) fn look_at(
        repository: &Repository,
        model: Option<&ModelName>,
        given: &GivenInputs,
        to_run: bool,
        progress: &dyn Progress,
    ) -> Result<Self, VerbError> {
        Self::captured(repository, capture_options(repository, model, given)?, to_run, progress)
    }

    fn captured(
        repository: &Repository,
        mut options: CaptureOptions,
        to_run: bool,
        progress: &dyn Progress,
    ) -> Result<Self, VerbError> {
        let known = known::load(repository, &options.model);
        known::tell_data(repository, &mut options);
        interpreter::tell(repository, &mut options);
        let mut capture = capture::capture(&options, &known, progress)?;
        let data_tables = profile::tables(&capture.data);
        let worth_a_look = found::worth_a_look(&capture.model_files);
        let run_with = to_run.then(|| run_with(&capture));
        let code_sources = capture.code.files.clone();
        let result_sources = if options.lenient { capture.results.clone() } else { Vec::new() };
        let mut writer = repository.store().rehearsal();
        let built = snapshot::build(&mut writer, &mut capture, &known, super::TOOL, progress)?;
        // Of inputs that were not read it would forget what it knew.
        if capture.unread.is_empty() {
            known::keep(repository, &options.model, known);
        }
        Ok(Self { capture, built, data_tables, worth_a_look, run_with, code_sources, result_sources })
    }

    /// What the model's files say of themselves, as it would be recorded; `before` is the observation of the version before.
    pub(super) fn found(&self, repository: &Repository, before: Option<&ObservationRecord>) -> FoundRecord {
        let (files, passed_over) = &self.worth_a_look;
        let writer = repository.store().rehearsal();
        let known = before.and_then(|observation| observation.found.as_ref());
        let found = snapshot::found::look(&writer, files, &self.built.model_files, known);
        closer::clean(FoundRecord { passed_over: *passed_over, ..found }, before, Redacted::default()).0
    }

    /// Where each table of evidence lies on the disk.
    pub(super) fn tables(&self) -> HashMap<FileId, PathBuf> {
        let record = &self.built.record;
        let find = |path: &str| {
            let predictions = self.capture.predictions.iter().map(|(_, f)| f);
            let samples = self.capture.samples.iter().map(|(_, f)| f);
            let reports = self.capture.reports.iter().map(|(_, f)| f);
            predictions.chain(samples).chain(reports).find(|f| f.path() == path)
        };
        let named = record.predictions.iter().map(|p| (p.file, p.path.as_str()));
        named
            .chain(record.samples.iter().map(|s| (s.file, s.path.as_str())))
            .chain(record.reports.iter().map(|r| (r.file, r.path.as_str())))
            .filter_map(|(id, path)| find(path).map(|f| (id, f.disk())))
            .collect()
    }

    /// The model's files that are worth looking into.
    pub(super) fn model_sources(&self) -> Vec<SourceFile> {
        self.worth_a_look.0.clone()
    }

    /// The sources of data that are tables.
    pub(super) fn data_tables(&self) -> Vec<Tables> {
        self.data_tables.clone()
    }

    /// For comparing.
    pub(super) fn into_side(self) -> Side {
        Side {
            name: "workspace".to_owned(),
            record: self.built.record,
            interpreter: Interpreter::of(&self.built.observation),
            profiles: BTreeMap::new(),
            model_files: self.built.model_files,
            code_files: self.built.code_files,
            result_files: Some(self.built.result_files),
            metric_paths: self.built.metrics_files.into_iter().map(|file| file.path).collect(),
        }
    }
}

fn run_with(capture: &Capture) -> RunWith {
    RunWith {
        own: capture.model_files.iter().chain(&capture.params_files).cloned().collect(),
        code: capture.code.files.clone(),
        data: capture.data.iter().map(|source| (source.name.clone(), source.files.clone())).collect(),
    }
}

/// A stored version, for comparing.
pub(super) fn stored_side(repository: &Repository, found: &Found) -> Result<Side, VerbError> {
    let record = records::snapshot(repository, found.snapshot())?;
    // Without what surrounded it the rest can be compared all the same.
    let observation = records::observation(repository, found.row.observation).ok();
    let interpreter = observation.as_ref().and_then(Interpreter::of);
    let profiles = observation.map(|observation| observation.profiles).unwrap_or_default();
    let name = found.label();
    let model_files = snapshot::files_of(repository.store(), record.model_files.tree)?;
    let code_files = match record.code.tree {
        Some(tree) => snapshot::files_of(repository.store(), tree.tree)?,
        None => Vec::new(),
    };
    // Where these cannot be listed it is known all the same whether they differ.
    let listed = |tree: Option<TreeRef>| match tree {
        Some(tree) => snapshot::files_of(repository.store(), tree.tree).ok(),
        None => Some(Vec::new()),
    };
    let result_files = listed(record.results);
    let metric_paths = listed(record.metrics_files).into_iter().flatten().map(|file| file.path).collect();
    Ok(Side { name, record, interpreter, profiles, model_files, code_files, result_files, metric_paths })
}
