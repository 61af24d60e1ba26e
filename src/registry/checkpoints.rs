//! Checkpoints of journals: where they are, when one is written, what stands in for one that is damaged.

use std::cell::Cell;
use std::sync::Arc;

use super::events;
use super::state::State;
use crate::format::FormatError;
use crate::format::checkpoint::{self, CheckpointRecord, Source};
use crate::format::event;
use crate::name::ModelName;
use crate::store::{Backend, CACHE, Opened};

/// A checkpoint is written when this many events lie behind the last one.
pub(super) const EVERY: u64 = 32;
const MAX_CHECKPOINT: u64 = 1 << 30;
/// Rows of so many bytes are kept in the checkpoint itself, which is read and written whole.
const ROOM: usize = 256 << 10;
/// Files of tables that are kept: the newest, and the one before for those who have just read the checkpoint that names it.
const KEPT: usize = 2;

pub(super) fn path(model: &ModelName) -> String {
    format!("{CACHE}/checkpoints/{}", model.folder())
}

fn tables_folder(model: &ModelName) -> String {
    format!("{CACHE}/tables/{}", model.folder())
}

fn tables_path(model: &ModelName, seq: u64) -> String {
    format!("{}/{}", tables_folder(model), event::file_name(seq))
}

/// The tables beside a checkpoint.
struct Tables {
    file: Box<dyn Opened>,
    backend: Arc<dyn Backend>,
    model: ModelName,
    seq: u64,
}

impl Source for Tables {
    fn read(&self, offset: u64, buffer: &mut [u8]) -> bool {
        self.file.read_at(offset, buffer).is_ok()
    }

    fn rebuilt(&self) -> Option<Vec<u8>> {
        let state = events::replay_to(&*self.backend, &self.model, self.seq).ok()??;
        let tables = checkpoint::tables(&state.to_checkpoint()?).ok()?;
        // The next verb finds them whole.
        let _ = self.backend.cache(&tables_path(&self.model, self.seq), &tables);
        Some(tables)
    }

    fn lost(&self) {
        let _ = self.backend.remove_cache(&path(&self.model));
    }
}

/// The checkpoint of a model, if there is one that can be read.
pub(super) fn read(backend: &Arc<dyn Backend>, model: &ModelName) -> Option<CheckpointRecord> {
    let looked_for = Cell::new(false);
    let read = || {
        let bytes = backend.read(&path(model), MAX_CHECKPOINT).ok()?;
        checkpoint::open(bytes, |seq, length| {
            looked_for.set(true);
            let file = backend.open(&tables_path(model, seq)).ok().filter(|file| file.length() == length)?;
            Some(Box::new(Tables { file, backend: Arc::clone(backend), model: model.clone(), seq }))
        })
    };
    let first = read();
    match first {
        // The tables that it named were taken away: there is a newer one.
        None if looked_for.get() => read(),
        first => first,
    }
}

/// Writes one now and then.
pub(super) fn write_sometimes(backend: &dyn Backend, state: &mut State) {
    if state.seq().is_multiple_of(EVERY) {
        write(backend, state);
    }
}

/// Writes one; a cache, so failing is not an error.
pub(super) fn write(backend: &dyn Backend, state: &mut State) {
    let path = path(&state.first_name);
    let files = match state.to_checkpoint().map(|record| checkpoint::files(&record, ROOM)) {
        Some(Ok(files)) => files,
        // A part of the one it would rest on is lost.
        Some(Err(FormatError::Checksum { .. })) => {
            let _ = backend.remove_cache(&path);
            return;
        }
        Some(Err(_)) | None => return,
    };
    if let Some((seq, tables)) = &files.tables
        && backend.cache(&tables_path(&state.first_name, *seq), tables).is_err()
    {
        return;
    }
    if backend.cache(&path, &files.checkpoint).is_err() {
        return;
    }
    if let Some((seq, tables)) = files.tables {
        remove_older(backend, &state.first_name, seq);
        // What comes next is written beside the new tables.
        let record = checkpoint::open(files.checkpoint, |_, _| Some(Box::new(tables)));
        if let Some(record) = record {
            *state = State::from_checkpoint(record);
        }
    }
}

fn remove_older(backend: &dyn Backend, model: &ModelName, newest: u64) {
    let Ok(names) = backend.list(&tables_folder(model)) else { return };
    let newest = event::file_name(newest);
    for old in names.iter().rev().skip(KEPT).filter(|entry| entry.name != newest) {
        let _ = backend.remove_cache(&format!("{}/{}", tables_folder(model), old.name));
    }
}
