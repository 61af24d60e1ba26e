//! Storing a capture: files first, then trees, then the record that names them.

use std::collections::BTreeMap;
use std::mem;

use super::SnapshotError;
use super::files::Files;
use super::folders::TreeFile;
use crate::capture::Capture;
use crate::capture::data::Data;
use crate::capture::files::SourceFile;
use crate::capture::known::Known;
use crate::digest::Digest;
use crate::format::FormatError;
use crate::format::canonical;
use crate::format::observation::{self, ObservationRecord};
use crate::format::snapshot::{
    self, CodeRecord, DataRecord, PredictionsRecord, ReportRecord, SamplesRecord, SnapshotRecord, TreeRef,
};
use crate::format::tree::EntryKind;
use crate::id::{FileId, SnapshotId};
use crate::progress::{Progress, Unit};
use crate::store::{Store, Writer};

/// What became of a capture: everything is in the writer, nothing is durable yet.
#[derive(Debug)]
pub struct Built {
    /// The record.
    pub record: SnapshotRecord,
    /// Its id.
    pub id: SnapshotId,
    /// What surrounded it; not stored yet.
    pub observation: ObservationRecord,
    /// The model's files, as stored.
    pub model_files: Vec<TreeFile>,
    /// The code's files, as stored.
    pub code_files: Vec<TreeFile>,
    /// The files of results, as stored.
    pub result_files: Vec<TreeFile>,
    /// The files that metrics were read from, as stored.
    pub metrics_files: Vec<TreeFile>,
}

/// Hands a capture to `writer`, and takes the lists of files out of it: there may be millions. What is `known` and stored is
/// not read.
pub fn build(
    writer: &mut Writer<'_>,
    capture: &mut Capture,
    known: &Known<'_>,
    tool: &str,
    progress: &dyn Progress,
) -> Result<Built, SnapshotError> {
    let total: u64 = every_file(capture).map(SourceFile::size).sum();
    progress.begin("storing", total, Unit::Bytes);
    let mut files = Files { writer, known, progress };
    let (model_list, model_files) = files.put_tree(mem::take(&mut capture.model_files))?;
    let (_, params_files) = files.put_tree(mem::take(&mut capture.params_files))?;
    let (metrics_list, metrics_files) = files.put_tree(mem::take(&mut capture.metrics_files))?;
    let (results_list, results) = files.put_tree(mem::take(&mut capture.results))?;
    let mut predictions = Vec::new();
    for (input, file) in &capture.predictions {
        let stored = files.put_one(file)?;
        predictions.push(PredictionsRecord {
            name: input.name.clone(),
            path: file.path().to_owned(),
            file: stored.id,
            size: stored.size,
            columns: input.columns.clone(),
        });
    }
    predictions.sort_by(|a, b| a.name.cmp(&b.name));
    let mut samples = Vec::new();
    for (input, file) in &capture.samples {
        let stored = files.put_one(file)?;
        samples.push(SamplesRecord {
            name: input.name.clone(),
            path: file.path().to_owned(),
            file: stored.id,
            size: stored.size,
            column: input.column.clone(),
            machine: None,
        });
    }
    samples.sort_by(|a, b| a.name.cmp(&b.name));
    let mut reports = Vec::new();
    for (input, file) in &capture.reports {
        let stored = files.put_one(file)?;
        let (name, path) = (input.name.clone(), file.path().to_owned());
        reports.push(ReportRecord { name, path, file: stored.id, size: stored.size });
    }
    reports.sort_by(|a, b| a.name.cmp(&b.name));
    let mut data = Vec::new();
    for source in &mut capture.data {
        data.push(put_data(&mut files, source)?);
    }
    data.sort_by(|a, b| a.name.cmp(&b.name));
    let (code, code_list) = put_code(&mut files, capture)?;
    progress.end();

    let empty =
        TreeRef { tree: writer.put_tree(&crate::format::tree::TreeRecord::new(Vec::new()))?, files: 0, bytes: 0 };
    let record = SnapshotRecord {
        format: snapshot::FORMAT.to_owned(),
        model: capture.model.clone(),
        model_files: model_files.unwrap_or(empty),
        params: capture.params.clone(),
        params_files,
        metrics: capture.metrics.clone(),
        metrics_files,
        results,
        predictions,
        samples,
        reports,
        data,
        code,
        environment: capture.environment.clone(),
        seeds: capture.seeds.clone(),
        argv: capture.argv.clone(),
        cwd: capture.cwd.clone(),
        notes: capture.notes.clone(),
        redactions: capture.redactions.clone(),
        not_captured: capture.not_captured.clone(),
    };
    let git = capture.code.git.as_ref();
    let observation = ObservationRecord {
        format: observation::FORMAT.to_owned(),
        tool: tool.to_owned(),
        machine: capture.machine.clone(),
        branch: capture.branch.clone(),
        remote: capture.remote.clone(),
        commit_on_remote: git.and_then(|g| g.commit_on_remote()),
        interpreter: capture.interpreter.clone(),
        paths: capture.places.clone(),
        ignored: capture.ignored.clone(),
        linked: capture.linked.clone(),
        found: None,
        drift: Vec::new(),
        lock_checks: Vec::new(),
        execution: None,
        profiles: BTreeMap::new(),
        redactions: Vec::new(),
    };
    let id = put_record(writer, canonical::encode(snapshot::FORMAT, &record))?;
    Ok(Built {
        record,
        id: SnapshotId::new(id),
        observation,
        model_files: model_list,
        code_files: code_list,
        result_files: results_list,
        metrics_files: metrics_list,
    })
}

/// Whether storing `capture` needs more than `free` bytes: reads every file, writes none.
pub fn bytes_needed<'s>(
    store: &'s Store,
    capture: &Capture,
    known: &Known<'_>,
    parent_files: impl FnOnce() -> Vec<FileId> + Send + Sync + 's,
    progress: &dyn Progress,
) -> Result<u64, SnapshotError> {
    let mut writer = store.rehearsal();
    writer.expect_changes_of(parent_files);
    let mut files = Files { writer: &mut writer, known, progress };
    for file in every_file(capture) {
        files.put_one(file)?;
    }
    Ok(writer.finish()?.stored)
}

/// Everything that would be read in full.
pub fn every_file(capture: &Capture) -> impl Iterator<Item = &SourceFile> {
    let declared = [&capture.model_files, &capture.params_files, &capture.metrics_files, &capture.results];
    let tables = capture.predictions.iter().map(|(_, f)| f).chain(capture.samples.iter().map(|(_, f)| f));
    let tables = tables.chain(capture.reports.iter().map(|(_, f)| f));
    let data = capture.data.iter().filter(|d| d.not_stored.is_none()).flat_map(|d| &d.files);
    let code = capture.code.files.iter().filter(|f| f.kind != EntryKind::Symlink);
    declared.into_iter().flatten().chain(tables).chain(data).chain(code)
}

fn put_record(writer: &mut Writer<'_>, encoded: Result<Vec<u8>, FormatError>) -> Result<Digest, SnapshotError> {
    let bytes = encoded.map_err(|source| SnapshotError::Encode { source })?;
    Ok(writer.put_record(&bytes)?)
}

fn put_data(files: &mut Files<'_, '_>, source: &mut Data) -> Result<DataRecord, SnapshotError> {
    let count = source.count();
    let (sha256, stored) = match source.not_stored {
        Some(_) => {
            let paths = source.files.iter().map(SourceFile::path);
            (source.digest(paths.zip(source.digests.iter().copied())), None)
        }
        None => {
            let (list, tree) = files.put_tree(mem::take(&mut source.files))?;
            let digests = list.iter().filter_map(|file| Some((file.path.as_str(), file.id?.digest())));
            (source.digest(digests), tree.map(|t| t.tree))
        }
    };
    let (rows, schema) = source.shape.clone().unzip();
    Ok(DataRecord {
        name: source.name.clone(),
        kind: source.kind,
        path: source.path.clone(),
        sha256,
        size: source.size,
        files: count,
        rows,
        schema,
        stored,
        not_stored: source.not_stored.clone(),
        declared: source.declared.clone(),
    })
}

fn put_code(files: &mut Files<'_, '_>, capture: &mut Capture) -> Result<(CodeRecord, Vec<TreeFile>), SnapshotError> {
    let code = &mut capture.code;
    let (list, tree) = files.put_tree(mem::take(&mut code.files))?;
    let patch: Option<FileId> = match &code.patch {
        Some(patch) => Some(files.writer.put_bytes(patch, files.progress)?.id),
        None => None,
    };
    let record = CodeRecord {
        kind: code.kind,
        commit: code.commit.clone(),
        dirty: !code.changed.is_empty(),
        prefix: code.prefix.clone(),
        scope: capture.code_scope.clone(),
        tree,
        patch,
        untracked: code.untracked.clone(),
        left_out: code.left_out.clone(),
        notebooks: code.notebooks.clone(),
        lfs: code.lfs.clone(),
    };
    Ok((record, list))
}
