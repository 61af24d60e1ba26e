//! Arrow's own files and streams (feather, ipc), read by what their messages say and no more than their bytes hold.
//!
//! A stream is messages one behind the other; a file has a footer that says where they are.
//! polars has a reader of its own, which takes lengths in dictionaries and compressed columns for what they say they are: an
//! allocation that cannot be had aborts the program, and no fence catches that. So the messages are read here, bounded, and
//! become polars' arrays.
//!
//! Source: `docs/source/format/Columnar.rst` and `format/*.fbs` of apache/arrow. Not read are big-endian files and those
//! older than version 0.8 (feather 1).

mod body;
mod cells;
mod messages;
mod schema;

use std::collections::HashMap;
use std::io::{Read, Seek};
use std::sync::Arc;

use self::body::Body;
use self::messages::{Message, Messages, Record};
pub(super) use self::schema::Field;
use super::column::Column;
use super::error::{TableError, cut};
use super::{guard, missing};

/// Record batches of one file.
const BATCHES: u64 = 1 << 20;
/// Bytes of all dictionaries in memory.
const DICTIONARIES: u64 = 1 << 28;

/// The dictionaries of a batch, by their ids.
type Dictionaries = HashMap<i64, Arc<Column>>;

/// What a file says of itself.
pub(super) struct Arrow {
    /// Top-level columns in the file's order.
    pub(super) fields: Vec<Field>,
    pub(super) batches: Vec<Batch>,
    pub(super) rows: u64,
}

/// Some rows, and where they lie.
pub(super) struct Batch {
    /// Its rows.
    pub(super) rows: u64,
    /// Bytes in the file.
    pub(super) bytes: u64,
    /// For each field how many cells are missing.
    pub(super) nulls: Vec<u64>,
    message: Message,
    dictionaries: Arc<Dictionaries>,
}

impl Arrow {
    /// Walks all messages; reads the dictionaries.
    pub(super) fn open(reader: &mut (impl Read + Seek)) -> Result<Self, TableError> {
        let (mut messages, said) = Messages::open(reader)?;
        let fields = schema::fields(&said)?;
        guard::names(fields.iter().map(|field| field.name.as_str()))?;
        let (mut batches, mut rows, mut held) = (Vec::new(), 0_u64, 0);
        let mut dictionaries = Arc::new(Dictionaries::new());
        while let Some(message) = messages.next(reader)? {
            let metadata = message.metadata(reader)?;
            if let Some((id, is_delta, record)) = message.dictionary(&metadata)? {
                let Some(values) = fields.iter().find_map(|field| field.values(id)) else { continue };
                let mut column = values.read(&record, &mut Body::new(reader, &message, &record)?)?;
                held += 16 * column.len() as u64 + message.body.1;
                guard::within("bytes of dictionaries", held, DICTIONARIES)?;
                let known = Arc::make_mut(&mut dictionaries);
                if let Some(before) = known.get(&id).filter(|_| is_delta) {
                    column = Column::joined(vec![Column::clone(before), column])
                        .ok_or_else(|| guard::malformed("a dictionary changes its type"))?;
                    held += 16 * column.len() as u64;
                }
                known.insert(id, Arc::new(column));
            } else if let Some(record) = message.record(&metadata)? {
                guard::within("record batches", batches.len() as u64 + 1, BATCHES)?;
                rows = rows.checked_add(record.rows).ok_or_else(|| guard::malformed("it has more rows than can be"))?;
                let nulls = fields.iter().map(|field| field.nulls(&record)).collect::<Option<Vec<_>>>();
                let nulls = nulls.ok_or_else(|| guard::malformed("a record batch contradicts the schema"))?;
                let (bytes, dictionaries) = (message.body.1, Arc::clone(&dictionaries));
                batches.push(Batch { rows: record.rows, bytes, nulls, message, dictionaries });
            }
        }
        Ok(Self { fields, batches, rows })
    }

    /// The columns at `places`, so many rows of a batch from a first one on.
    pub(super) fn columns(
        &self,
        reader: &mut (impl Read + Seek),
        batch: &Batch,
        places: &[usize],
        rows: (u64, u64),
    ) -> Result<Vec<Column>, TableError> {
        let metadata = batch.message.metadata(reader)?;
        let record: Record<'_> =
            batch.message.record(&metadata)?.ok_or_else(|| guard::malformed("it changed while it was read"))?;
        let mut body = Body::new(reader, &batch.message, &record)?;
        places.iter().map(|place| self.fields[*place].cells(&record, &mut body, &batch.dictionaries, rows)).collect()
    }
}

/// The names of all columns.
pub(super) fn header(reader: &mut (impl Read + Seek)) -> Result<Vec<String>, TableError> {
    Ok(Arrow::open(reader)?.fields.into_iter().map(|field| field.name).collect())
}

/// The columns `wanted` of a whole file, and its rows.
pub(super) fn read(
    reader: &mut (impl Read + Seek),
    bytes: usize,
    wanted: &[&str],
) -> Result<(usize, Vec<Column>), TableError> {
    let arrow = Arrow::open(reader)?;
    let mut places = Vec::with_capacity(wanted.len());
    for name in wanted {
        let place = arrow.fields.iter().position(|field| field.name == **name);
        let place = place.ok_or_else(|| missing(name, arrow.fields.iter().map(|field| field.name.as_str())))?;
        if arrow.fields[place].known.is_none() {
            return Err(TableError::Unsupported { column: cut(name, 80), kind: arrow.fields[place].kind.clone() });
        }
        places.push(place);
    }
    guard::cells(arrow.rows, wanted.len(), bytes)?;
    let mut parts: Vec<Vec<Column>> = places.iter().map(|place| vec![arrow.fields[*place].empty()]).collect();
    for batch in &arrow.batches {
        let columns = arrow.columns(reader, batch, &places, (0, batch.rows))?;
        parts.iter_mut().zip(columns).for_each(|(parts, column)| parts.push(column));
    }
    let joined = |parts| Column::joined(parts).ok_or_else(|| guard::malformed("a column changes its type"));
    Ok((arrow.rows as usize, parts.into_iter().map(joined).collect::<Result<_, _>>()?))
}
