//! Storing a capture: files first, then trees, then the record that names them.

use super::SnapshotError;
use super::folders::{self, TreeFile};
use crate::capture::Capture;
use crate::capture::data::Data;
use crate::capture::files::SourceFile;
use crate::digest::Digest;
use crate::format::FormatError;
use crate::format::canonical;
use crate::format::observation::{self, ObservationRecord};
use crate::format::snapshot::{
    self, CodeRecord, DataRecord, PredictionsRecord, SamplesRecord, SnapshotRecord, TreeRef,
};
use crate::format::tree::EntryKind;
use crate::id::{FileId, ObservationId, SnapshotId};
use crate::progress::{Progress, Unit};
use crate::store::{Source, Store, StoreError, StoredFile, Writer};

/// What became of a capture: everything is in the writer, nothing is durable yet.
#[derive(Debug)]
pub struct Built {
    /// The record.
    pub record: SnapshotRecord,
    /// Its id.
    pub id: SnapshotId,
    /// What surrounded it.
    pub observation: ObservationRecord,
    /// Its id.
    pub observation_id: ObservationId,
    /// The model's files, as stored.
    pub model_files: Vec<TreeFile>,
    /// The code's files, as stored.
    pub code_files: Vec<TreeFile>,
}

/// Hands a capture to `writer`.
pub fn build(
    writer: &mut Writer<'_>,
    capture: &Capture,
    tool: &str,
    progress: &dyn Progress,
) -> Result<Built, SnapshotError> {
    let total: u64 = every_file(capture).map(|f| f.size).sum();
    progress.begin("storing", total, Unit::Bytes);
    let model_list = put_files(writer, &capture.model_files, progress)?;
    let model_files = folders::put(writer, &model_list)?;
    let params_files = put_tree(writer, &capture.params_files, progress)?;
    let metrics_files = put_tree(writer, &capture.metrics_files, progress)?;
    let results = put_tree(writer, &capture.results, progress)?;
    let mut predictions = Vec::new();
    for (input, file) in &capture.predictions {
        let stored = put_one(writer, file, progress)?;
        predictions.push(PredictionsRecord {
            name: input.name.clone(),
            path: file.path.clone(),
            file: stored.id,
            size: stored.size,
            columns: input.columns.clone(),
        });
    }
    predictions.sort_by(|a, b| a.name.cmp(&b.name));
    let mut samples = Vec::new();
    for (input, file) in &capture.samples {
        let stored = put_one(writer, file, progress)?;
        samples.push(SamplesRecord {
            name: input.name.clone(),
            path: file.path.clone(),
            file: stored.id,
            size: stored.size,
            column: input.column.clone(),
        });
    }
    samples.sort_by(|a, b| a.name.cmp(&b.name));
    let mut data = Vec::new();
    for source in &capture.data {
        data.push(put_data(writer, source, progress)?);
    }
    data.sort_by(|a, b| a.name.cmp(&b.name));
    let (code, code_list) = put_code(writer, capture, progress)?;
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
        data,
        code,
        environment: capture.environment.clone(),
        seeds: capture.seeds.clone(),
        argv: None,
        notes: capture.notes.clone(),
        redactions: capture.redactions.clone(),
        not_captured: capture.not_captured.clone(),
    };
    let git = capture.code.git.as_ref();
    let observation = ObservationRecord {
        format: observation::FORMAT.to_owned(),
        tool: tool.to_owned(),
        machine: capture.machine.clone(),
        branch: git.and_then(|g| g.branch()),
        remote: capture.remote.clone(),
        commit_on_remote: git.and_then(|g| g.commit_on_remote()),
        interpreter: capture.interpreter.clone(),
        paths: capture.places.clone(),
        ignored: capture.ignored.clone(),
    };
    let id = put_record(writer, canonical::encode(snapshot::FORMAT, &record))?;
    let observation_id = put_record(writer, canonical::encode(observation::FORMAT, &observation))?;
    Ok(Built {
        record,
        id: SnapshotId::new(id),
        observation,
        observation_id: ObservationId::new(observation_id),
        model_files: model_list,
        code_files: code_list,
    })
}

/// Whether storing `capture` needs more than `free` bytes: reads every file, writes none.
pub fn bytes_needed(
    store: &Store,
    capture: &Capture,
    parent_files: &[FileId],
    progress: &dyn Progress,
) -> Result<u64, SnapshotError> {
    let mut writer = store.rehearsal();
    writer.expect_changes_of(parent_files)?;
    for file in every_file(capture) {
        put_one(&mut writer, file, progress)?;
    }
    Ok(writer.finish()?.stored)
}

/// Everything that would be read in full.
pub fn every_file(capture: &Capture) -> impl Iterator<Item = &SourceFile> {
    let declared = [&capture.model_files, &capture.params_files, &capture.metrics_files, &capture.results];
    let tables = capture.predictions.iter().map(|(_, f)| f).chain(capture.samples.iter().map(|(_, f)| f));
    let data = capture.data.iter().filter(|d| d.not_stored.is_none()).flat_map(|d| &d.files);
    let code = capture.code.files.iter().filter(|f| f.kind != EntryKind::Symlink);
    declared.into_iter().flatten().chain(tables).chain(data).chain(code)
}

fn put_record(writer: &mut Writer<'_>, encoded: Result<Vec<u8>, FormatError>) -> Result<Digest, SnapshotError> {
    let bytes = encoded.map_err(|source| SnapshotError::Encode { source })?;
    Ok(writer.put_record(&bytes)?)
}

fn put_all(
    writer: &mut Writer<'_>,
    files: &[&SourceFile],
    progress: &dyn Progress,
) -> Result<Vec<StoredFile>, SnapshotError> {
    let sources: Vec<&dyn Source> = files.iter().map(|f| *f as &dyn Source).collect();
    writer.put_files(&sources, progress).map_err(|error| match error {
        StoreError::Source { index, source } => {
            SnapshotError::File { path: files[index].disk.display().to_string(), source }
        }
        other => other.into(),
    })
}

fn put_one(writer: &mut Writer<'_>, file: &SourceFile, progress: &dyn Progress) -> Result<StoredFile, SnapshotError> {
    Ok(put_all(writer, &[file], progress)?[0])
}

fn put_files(
    writer: &mut Writer<'_>,
    files: &[SourceFile],
    progress: &dyn Progress,
) -> Result<Vec<TreeFile>, SnapshotError> {
    let plain: Vec<&SourceFile> = files.iter().filter(|f| f.kind != EntryKind::Symlink).collect();
    let mut stored = put_all(writer, &plain, progress)?.into_iter();
    Ok(files
        .iter()
        .map(|file| {
            let stored = if file.kind == EntryKind::Symlink { None } else { stored.next() };
            TreeFile {
                path: file.path.clone(),
                kind: file.kind,
                id: stored.map(|s| s.id),
                size: stored.map_or(0, |s| s.size),
                target: file.target.clone(),
            }
        })
        .collect())
}

fn put_tree(
    writer: &mut Writer<'_>,
    files: &[SourceFile],
    progress: &dyn Progress,
) -> Result<Option<TreeRef>, SnapshotError> {
    let files = put_files(writer, files, progress)?;
    Ok(folders::put(writer, &files)?)
}

fn put_data(writer: &mut Writer<'_>, source: &Data, progress: &dyn Progress) -> Result<DataRecord, SnapshotError> {
    let (digests, stored) = match source.not_stored {
        Some(_) => (source.digests.clone(), None),
        None => {
            let files = put_files(writer, &source.files, progress)?;
            let digests = files.iter().filter_map(|f| f.id).map(|id| id.digest()).collect();
            (digests, folders::put(writer, &files)?.map(|t| t.tree))
        }
    };
    let (rows, schema) = source.shape.clone().unzip();
    Ok(DataRecord {
        name: source.name.clone(),
        kind: source.kind,
        path: source.path.clone(),
        sha256: source.digest(&digests),
        size: source.size,
        files: source.files.len() as u64,
        rows,
        schema,
        stored,
        not_stored: source.not_stored.clone(),
    })
}

fn put_code(
    writer: &mut Writer<'_>,
    capture: &Capture,
    progress: &dyn Progress,
) -> Result<(CodeRecord, Vec<TreeFile>), SnapshotError> {
    let code = &capture.code;
    let files = put_files(writer, &code.files, progress)?;
    let tree = folders::put(writer, &files)?;
    let patch: Option<FileId> = match &code.patch {
        Some(patch) => Some(writer.put_bytes(patch, progress)?.id),
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
    };
    Ok((record, files))
}
