//! The columns of an arrow file, and which nodes and buffers of a record batch are whose.

use super::super::error::TableError;
use super::super::guard::{COLUMNS, malformed, within};
use super::super::kind::Kind;
use super::messages::{Record, Said};
use crate::wire::flatbuffer::Table;

/// Types lie no deeper in each other.
const DEPTH: u32 = 32;
/// Nodes of all columns together.
const NODES: usize = 1 << 20;
/// Bytes of the names of all columns together: any number of them may lie in the same place of the file.
const NAMES: u64 = 1 << 26;

/// A top-level column.
#[derive(Debug)]
pub(in super::super) struct Field {
    pub(in super::super) name: String,
    /// `integer`, `float`, `text`, `boolean`, `date`, `datetime`, `empty`, or arrow's own word.
    pub(in super::super) kind: String,
    /// None for what statistics and the logical digest have no words for.
    pub(in super::super) known: Option<Kind>,
    pub(super) cells: Type,
    /// Where its nodes, its buffers and its counts of views begin.
    pub(super) first: Parts,
}

/// What cells are, and how they lie.
#[derive(Debug, Clone)]
pub(super) enum Type {
    Empty,
    Boolean,
    Whole {
        bytes: usize,
        signed: bool,
    },
    Single,
    Double,
    /// Offsets of four bytes, or of eight.
    Text {
        wide: bool,
    },
    /// Sixteen bytes for each: short ones as they are, others by their place in a further buffer.
    View,
    /// Days, or milliseconds.
    Date {
        wide: bool,
    },
    DateTime {
        per_second: i64,
        utc: bool,
    },
    Time {
        wide: bool,
        per_second: i64,
    },
    Duration {
        digits: usize,
    },
    Decimal {
        bytes: usize,
        scale: usize,
    },
    /// Places in a dictionary.
    Coded {
        bytes: usize,
        signed: bool,
        id: i64,
        values: Box<Type>,
    },
    /// Not read.
    Opaque,
}

/// Nodes, buffers, counts of views.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Parts {
    pub(super) nodes: usize,
    pub(super) buffers: usize,
    pub(super) views: usize,
}

impl Parts {
    const fn of(buffers: usize) -> Self {
        Self { nodes: 1, buffers, views: 0 }
    }

    const fn and(self, more: Self) -> Self {
        Self { nodes: self.nodes + more.nodes, buffers: self.buffers + more.buffers, views: self.views + more.views }
    }
}

/// Reads the schema.
pub(super) fn fields(said: &Said) -> Result<Vec<Field>, TableError> {
    let unread = || malformed("its schema cannot be read");
    let (schema, version) = said.schema()?;
    if schema.i16(0, 0).ok_or_else(unread)? != 0 {
        return Err(malformed("it is big-endian"));
    }
    within("columns", count(&schema, 1).ok_or_else(unread)? as u64, COLUMNS)?;
    let (mut first, mut names) = (Parts::default(), 0);
    let mut fields = Vec::new();
    for table in schema.tables(1).ok_or_else(unread)? {
        let (kind, cells) = described(&table).ok_or_else(unread)?;
        let name = table.text(0).unwrap_or_default();
        names += name.len() as u64;
        within("bytes of names of columns", names, NAMES)?;
        fields.push(Field { name: name.to_owned(), kind, known: cells.known(), cells, first });
        first = parts(&table, version, DEPTH).map(|own| first.and(own)).ok_or_else(unread)?;
        if first.nodes > NODES {
            return Err(malformed("its columns lie too many in each other"));
        }
    }
    Ok(fields)
}

/// How many tables a field holds.
fn count(table: &Table<'_>, field: usize) -> Option<usize> {
    if table.has(field) { Some(table.vector(field, 4)?.len()) } else { Some(0) }
}

/// What a column takes of a record batch, with all that lies in it.
fn parts(field: &Table<'_>, version: i16, depth: u32) -> Option<Parts> {
    if field.has(4) {
        return Some(Parts::of(2));
    }
    let own = match field.u8(2, 0)? {
        1 | 22 => Parts::of(0),
        2 | 3 | 6..=12 | 15 | 17 | 18 | 21 => Parts::of(2),
        4 | 5 | 19 | 20 | 25 | 26 => Parts::of(3),
        13 | 16 => Parts::of(1),
        14 => {
            let dense = field.table(3)?.i16(0, 0)? == 1;
            // Before the fifth version a union said which of its cells are missing.
            Parts::of(1 + usize::from(dense) + usize::from(version < 4))
        }
        23 | 24 => Parts { views: 1, ..Parts::of(2) },
        _ => return None,
    };
    let depth = depth.checked_sub(1)?;
    let mut all = own;
    if count(field, 5)? > NODES {
        return None;
    }
    for child in field.tables(5)? {
        all = all.and(parts(&child, version, depth)?);
        if all.nodes > NODES {
            return None;
        }
    }
    Some(all)
}

/// The word for a column's type, and how its cells lie.
fn described(field: &Table<'_>) -> Option<(String, Type)> {
    let (word, cells) = plain(field)?;
    if !field.has(4) {
        return Some((word, cells));
    }
    let dictionary = field.table(4)?;
    let (bytes, signed) = match dictionary.has(1) {
        true => whole(&dictionary.table(1)?)?,
        false => (4, true),
    };
    Some(match cells {
        Type::Opaque | Type::Empty => (word, Type::Opaque),
        values => (word, Type::Coded { bytes, signed, id: dictionary.i64(0, 0)?, values: Box::new(values) }),
    })
}

fn plain(field: &Table<'_>) -> Option<(String, Type)> {
    const UNITS: [i64; 4] = [1, 1_000, 1_000_000, 1_000_000_000];
    let kind = field.u8(2, 0)?;
    let about = || field.table(3);
    let unit = |default| Some(*UNITS.get(usize::try_from(about()?.i16(0, default)?).ok()?)?);
    let opaque = |word: &str| Some((word.to_owned(), Type::Opaque));
    let cells = match kind {
        1 => Type::Empty,
        2 => {
            let (bytes, signed) = whole(&about()?)?;
            Type::Whole { bytes, signed }
        }
        3 => match about()?.i16(0, 0)? {
            1 => Type::Single,
            2 => Type::Double,
            _ => return opaque("float16"),
        },
        4 | 15 | 19 | 23 => return opaque("binary"),
        5 => Type::Text { wide: false },
        6 => Type::Boolean,
        7 => {
            let about = about()?;
            let (precision, scale, bits) = (about.i32(0, 0)?, about.i32(1, 0)?, about.i32(2, 128)?);
            let word = format!("decimal[{precision},{scale}]");
            let cells = match (usize::try_from(scale), bits) {
                (Ok(scale @ 0..=38), 32 | 64 | 128) => Type::Decimal { bytes: bits as usize / 8, scale },
                _ => Type::Opaque,
            };
            return Some((word, cells));
        }
        8 => Type::Date { wide: about()?.i16(0, 1)? == 1 },
        9 => Type::Time { wide: about()?.i32(1, 32)? == 64, per_second: unit(1)? },
        10 => Type::DateTime { per_second: unit(0)?, utc: about()?.has(1) },
        11 => return opaque("interval"),
        12 | 16 | 17 | 21 | 25 | 26 => return opaque("list"),
        13 => return opaque("struct"),
        14 => return opaque("union"),
        18 => {
            let per_second = unit(1)?;
            let word = match per_second {
                1 => "duration[s]",
                1_000 => "duration[ms]",
                1_000_000 => "duration[μs]",
                _ => "duration[ns]",
            };
            return Some((word.to_owned(), Type::Duration { digits: per_second.ilog10() as usize }));
        }
        20 => Type::Text { wide: true },
        22 => return opaque("run-end encoded"),
        24 => Type::View,
        _ => return None,
    };
    let word = cells.known().map_or("empty", Kind::word).to_owned();
    Some((word, cells))
}

/// Bytes and sign of whole numbers.
fn whole(about: &Table<'_>) -> Option<(usize, bool)> {
    let bits = about.i32(0, 0)?;
    let signed = about.u8(1, 0)? != 0;
    matches!(bits, 8 | 16 | 32 | 64).then_some((bits as usize / 8, signed))
}

impl Type {
    /// The kind of a column of such cells.
    pub(super) fn known(&self) -> Option<Kind> {
        Some(match self {
            Self::Empty => Kind::Empty,
            Self::Boolean => Kind::Boolean,
            Self::Whole { bytes: 8, signed: false } => Kind::Natural,
            Self::Whole { .. } => Kind::Integer,
            Self::Single | Self::Double => Kind::Float,
            Self::Text { .. } | Self::View => Kind::Text,
            Self::Date { .. } => Kind::Date,
            Self::DateTime { per_second, utc } => Kind::DateTime { per_second: *per_second, utc: *utc },
            Self::Time { .. } => Kind::Time,
            Self::Duration { digits } => Kind::Duration { digits: *digits },
            Self::Decimal { .. } => Kind::Decimal,
            Self::Coded { values, .. } => return values.known(),
            Self::Opaque => return None,
        })
    }
}

impl Field {
    /// Missing cells, of those that are single values; none: the batch contradicts the schema.
    pub(super) fn nulls(&self, record: &Record<'_>) -> Option<u64> {
        let nodes = record.nodes.as_ref()?;
        let number = |offset| u64::try_from(nodes.i64(self.first.nodes, offset)?).ok();
        let (rows, nulls) = (number(0)?, number(8)?);
        if rows != record.rows || nulls > rows {
            return None;
        }
        Some(match self.cells {
            Type::Opaque => 0,
            Type::Empty => rows,
            _ => nulls,
        })
    }

    /// What the dictionary of this id holds, if the column is written by it.
    pub(super) fn values(&self, wanted: i64) -> Option<&Type> {
        match &self.cells {
            Type::Coded { id, values, .. } if *id == wanted => Some(values),
            _ => None,
        }
    }
}
