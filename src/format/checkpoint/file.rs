//! The files of a checkpoint: itself, and beside it the tables of a long history.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Blocks, CheckpointRecord, FORMAT, StageRow};
use crate::format::event::MAX_SEQ;
use crate::format::rows::{Keyed, Opening, Pages, Part, Rows, Source, Which, Writing, digests};
use crate::format::{FormatError, cached};

/// What a file of tables begins with, filled up with zeros.
const TABLES: &[u8] = b"mlrun/checkpoint-tables/1";
/// A table begins at a multiple of this: then no row's keys lie on two pages.
const ALIGNED: usize = 64;
/// However little room there is in a checkpoint: this share of what is in the tables already has it.
const SHARE: usize = 64;

/// What a checkpoint says of the tables.
#[derive(Serialize, Deserialize)]
struct Directory {
    /// The event up to which the file of tables goes, and its bytes.
    tables: Option<(u64, u64)>,
    /// Versions, certificates, proposals, blocks, then each stage's timeline.
    parts: Vec<Part>,
    /// Places of blocks in the file of tables that are in force no more.
    lifted: Vec<u64>,
}

/// What is to be written.
#[derive(Debug)]
pub struct Files {
    /// The checkpoint.
    pub checkpoint: Vec<u8>,
    /// The tables beside it, if they are new: the event up to which they go.
    pub tables: Option<(u64, Vec<u8>)>,
}

/// The file of a checkpoint that has all rows in it.
pub fn encode(record: &CheckpointRecord) -> Result<Vec<u8>, FormatError> {
    let (newer, mut rows) = (written(record, Which::All)?, Vec::new());
    let parts = newer.into_iter().map(|table| Part { newer: table.append_to(&mut rows), ..Part::default() });
    let directory = Directory { tables: None, parts: parts.collect(), lifted: Vec::new() };
    checkpoint(record, &directory, &[], rows)
}

/// The checkpoint as it is to be written: beside the tables it was read with, or beside new ones once its own rows have more
/// than `room` bytes.
///
/// # Errors
/// A part of the tables that is lost, as a [`FormatError::Checksum`]; a table that is too long.
pub fn files(record: &CheckpointRecord, room: usize) -> Result<Files, FormatError> {
    let pages = record.pages();
    let mut rows = Vec::new();
    let newer = written(record, Which::Newer)?.into_iter().map(|table| table.append_to(&mut rows));
    let parts = record.parts().into_iter().zip(newer).map(|(older, newer)| Part { newer, ..older });
    let directory = Directory {
        tables: pages.map(|pages| (pages.seq, pages.len() as u64)),
        parts: parts.collect(),
        lifted: record.blocks.lifted(),
    };
    let found = if rows.len() <= room.max(pages.map_or(0, |pages| pages.len()) / SHARE) {
        let digests = pages.map_or(&[][..], |pages| pages.digests());
        Files { checkpoint: checkpoint(record, &directory, digests, rows)?, tables: None }
    } else {
        let (tables, parts) = all_tables(record)?;
        let seq = record.head.seq;
        let directory = Directory { tables: Some((seq, tables.len() as u64)), parts, lifted: Vec::new() };
        let checkpoint = checkpoint(record, &directory, &digests(&tables), Vec::new())?;
        Files { checkpoint, tables: Some((seq, tables)) }
    };
    // What nobody can read any more is not passed on as if it were what was there.
    match pages.is_some_and(|pages| pages.is_lost()) {
        true => Err(FormatError::Checksum { kind: FORMAT }),
        false => Ok(found),
    }
}

/// The file of tables that a state gives.
pub fn tables(record: &CheckpointRecord) -> Result<Vec<u8>, FormatError> {
    all_tables(record).map(|(file, _)| file)
}

fn all_tables(record: &CheckpointRecord) -> Result<(Vec<u8>, Vec<Part>), FormatError> {
    let mut file = TABLES.to_vec();
    let parts = written(record, Which::All)?.into_iter().map(|table| {
        file.resize(file.len().next_multiple_of(ALIGNED), 0);
        let start = file.len() as u64;
        let older = table.append_to(&mut file);
        match older.rows {
            0 => Part::default(),
            shown => Part { start, older, shown, ..Part::default() },
        }
    });
    let parts = parts.collect();
    Ok((file, parts))
}

fn checkpoint(
    record: &CheckpointRecord,
    directory: &Directory,
    digests: &[u8],
    mut rows: Vec<u8>,
) -> Result<Vec<u8>, FormatError> {
    let bytes = cached::append(FORMAT, record, FORMAT.as_bytes().to_vec())?;
    let mut bytes = cached::append(FORMAT, directory, bytes)?;
    bytes.extend_from_slice(digests);
    bytes.append(&mut rows);
    Ok(cached::sealed(bytes))
}

/// Each table, in the order of [`Directory::parts`].
fn written(record: &CheckpointRecord, which: Which) -> Result<Vec<Writing>, FormatError> {
    let mut all = vec![
        record.versions.write(FORMAT, which)?,
        record.certificates.write(FORMAT, which)?,
        record.proposals.write(FORMAT, which)?,
        record.blocks.write(FORMAT, which)?,
    ];
    for stage in &record.stages {
        all.push(stage.timeline.write(FORMAT, which)?);
    }
    Ok(all)
}

impl CheckpointRecord {
    /// What is said of the older rows of each table.
    fn parts(&self) -> Vec<Part> {
        let four = [self.versions.part(), self.certificates.part(), self.proposals.part(), self.blocks.part()];
        four.into_iter().chain(self.stages.iter().map(|stage| stage.timeline.part())).collect()
    }

    /// Whether what is looked up by its key lies in the order of keys, which looking up relies on.
    pub fn is_in_order(&self) -> bool {
        self.certificates.is_in_order() && self.proposals.is_in_order()
    }

    /// The file of tables that older rows are in.
    fn pages(&self) -> Option<&Arc<Pages>> {
        let four = [self.versions.pages(), self.certificates.pages(), self.proposals.pages(), self.blocks.pages()];
        four.into_iter().chain(self.stages.iter().map(|stage| stage.timeline.pages())).flatten().next()
    }
}

/// Reads a checkpoint that has all rows in it; anything wrong with it means there is none.
pub fn decode(bytes: Vec<u8>) -> Option<CheckpointRecord> {
    open(bytes, |_, _| None)
}

/// Reads a checkpoint; `tables` opens the file beside it that goes up to an event and has so many bytes. Anything wrong means
/// there is none; of the tables that is seen only where they are looked at.
pub fn open(bytes: Vec<u8>, tables: impl FnOnce(u64, u64) -> Option<Box<dyn Source>>) -> Option<CheckpointRecord> {
    let body = cached::unsealed(&bytes)?.strip_prefix(FORMAT.as_bytes())?;
    let (mut record, rest) = cached::take::<CheckpointRecord>(body)?;
    let (directory, rest) = cached::take::<Directory>(rest)?;
    let end = FORMAT.len() + body.len();
    let place = end - rest.len();
    let [versions, certificates, proposals, blocks, timelines @ ..] = directory.parts.as_slice() else { return None };
    if timelines.len() != record.stages.len() {
        return None;
    }
    let root = Arc::new(bytes);
    let mut opening = Opening { root, place, pages: None };
    if let Some((seq, length)) = directory.tables {
        let source = tables(seq, length)?;
        opening.pages = Some(Arc::new(Pages::open((seq, length), (&opening.root, place), source)?));
        opening.place = place.checked_add(Pages::digests_of(length)?)?;
    }
    record.versions = Rows::open(&mut opening, *versions)?;
    record.certificates = Keyed::open(&mut opening, *certificates)?;
    record.proposals = Keyed::open(&mut opening, *proposals)?;
    record.blocks = Blocks::open(&mut opening, *blocks, &directory.lifted)?;
    for (stage, part) in record.stages.iter_mut().zip(timelines) {
        stage.timeline = Rows::open(&mut opening, *part)?;
    }
    Some(record).filter(|record| opening.place == end && is_sound(record))
}

/// Whether it keeps what every state keeps. Its checksum only says that it is what somebody wrote.
fn is_sound(record: &CheckpointRecord) -> bool {
    let stacked = |row: &StageRow| row.stack.iter().all(|index| (*index as usize) < row.timeline.len());
    let numbers = record.cases.iter().all(|row| row.first >= 1 && row.first.checked_add(row.count).is_some());
    record.head.seq <= MAX_SEQ && numbers && record.stages.iter().all(stacked)
}
