//! One column in memory, typed, and the one text every value has: the same for a csv cell and a parquet value.
//!
//! Knows polars' arrays, not where the column was read from.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::hash::Hash;

use polars::prelude::{
    BooleanChunked, DataType, Float32Chunked, Float64Chunked, Int32Chunked, Int64Chunked, Int128Chunked, Series,
    StringChunked, TimeUnit, UInt64Chunked,
};

use super::error::{CellError, TableError, cut};
use super::grammar::{self, Grammar, TextKind};
use super::text;

/// The cells of one column, of any length.
#[derive(Debug, Clone)]
pub struct Column {
    name: String,
    cells: Cells,
}

/// Cells by type, each array in one chunk.
#[derive(Debug, Clone)]
pub(super) enum Cells {
    Empty(usize),
    Integer(Int64Chunked),
    Natural(UInt64Chunked),
    Single(Float32Chunked),
    Double(Float64Chunked),
    Boolean(BooleanChunked),
    Text(StringChunked),
    /// Days since 1970-01-01.
    Date(Int32Chunked),
    /// Ticks since 1970-01-01, so many to the second; `utc`: an instant, else what a clock somewhere showed.
    DateTime {
        ticks: Int64Chunked,
        per_second: i64,
        utc: bool,
    },
    /// Nanoseconds since midnight.
    Time(Int64Chunked),
    /// Each divided by 10 to the `scale`.
    Decimal {
        unscaled: Int128Chunked,
        scale: usize,
    },
}

/// The distinct values of a column, and which one each row has.
#[derive(Debug, Clone, Default)]
pub struct Codes {
    /// Canonical texts, in order of first occurrence.
    pub values: Vec<String>,
    /// One index into `values` for each row, [`Codes::NULL`] for an empty cell.
    pub rows: Vec<u32>,
}

impl Codes {
    /// Marks an empty cell.
    pub const NULL: u32 = u32::MAX;
}

impl Column {
    /// Types a csv column by the [grammar](super::grammar).
    pub(super) fn from_texts(name: &str, texts: &StringChunked) -> Self {
        let mut grammar = Grammar::default();
        texts.iter().flatten().for_each(|cell| grammar.add(cell));
        Self::typed(name, texts, grammar.kind())
    }

    /// A part of a csv column whose kind is known from all of it.
    pub(super) fn typed(name: &str, texts: &StringChunked, kind: TextKind) -> Self {
        // A quoted empty cell is text in a column of text, and a missing value in any other.
        let cells = match kind {
            TextKind::Empty => Cells::Empty(texts.len()),
            TextKind::Integer => Cells::Integer(texts.iter().map(|cell| cell?.parse().ok()).collect()),
            TextKind::Natural => Cells::Natural(texts.iter().map(|cell| cell?.parse().ok()).collect()),
            TextKind::Float => Cells::Double(texts.iter().map(|cell| cell?.parse().ok()).collect()),
            TextKind::Boolean => Cells::Boolean(texts.iter().map(truth_value).collect()),
            TextKind::Text => Cells::Text(texts.rechunk().into_owned()),
            // Nothing of them is known but where they are.
            TextKind::List | TextKind::Struct | TextKind::Mixed => Cells::Empty(texts.len()),
        };
        Self { name: name.to_owned(), cells }
    }

    /// Takes over a typed column.
    pub(super) fn from_series(name: &str, series: &Series) -> Result<Self, TableError> {
        let refused =
            |reason: polars::prelude::PolarsError| TableError::Malformed { reason: cut(&reason.to_string(), 200) };
        let cells = match series.dtype() {
            DataType::Null => Cells::Empty(series.len()),
            DataType::Int8
            | DataType::Int16
            | DataType::Int32
            | DataType::Int64
            | DataType::UInt8
            | DataType::UInt16
            | DataType::UInt32
            | DataType::Duration(_) => {
                let series = series.to_physical_repr().cast(&DataType::Int64).map_err(refused)?;
                Cells::Integer(series.i64().map_err(refused)?.rechunk().into_owned())
            }
            DataType::UInt64 => Cells::Natural(series.u64().map_err(refused)?.rechunk().into_owned()),
            DataType::Float32 => Cells::Single(series.f32().map_err(refused)?.rechunk().into_owned()),
            DataType::Float64 => Cells::Double(series.f64().map_err(refused)?.rechunk().into_owned()),
            DataType::Boolean => Cells::Boolean(series.bool().map_err(refused)?.rechunk().into_owned()),
            DataType::String => Cells::Text(series.str().map_err(refused)?.rechunk().into_owned()),
            DataType::Categorical(..) | DataType::Enum(..) => {
                let series = series.cast(&DataType::String).map_err(refused)?;
                Cells::Text(series.str().map_err(refused)?.rechunk().into_owned())
            }
            DataType::Date => Cells::Date(series.date().map_err(refused)?.physical().rechunk().into_owned()),
            DataType::Datetime(unit, zone) => Cells::DateTime {
                ticks: series.datetime().map_err(refused)?.physical().rechunk().into_owned(),
                per_second: match unit {
                    TimeUnit::Milliseconds => 1_000,
                    TimeUnit::Microseconds => 1_000_000,
                    TimeUnit::Nanoseconds => 1_000_000_000,
                },
                utc: zone.is_some(),
            },
            DataType::Time => Cells::Time(series.time().map_err(refused)?.physical().rechunk().into_owned()),
            DataType::Decimal(_, scale) if *scale <= 38 => Cells::Decimal {
                unscaled: series.decimal().map_err(refused)?.physical().rechunk().into_owned(),
                scale: *scale,
            },
            other => {
                return Err(TableError::Unsupported { column: cut(name, 80), kind: other.to_string().to_lowercase() });
            }
        };
        Ok(Self { name: name.to_owned(), cells })
    }

    /// The whole numbers of a column of durations, as seconds with so many `digits` behind the point.
    pub(super) fn into_seconds(self, digits: usize) -> Self {
        let cells = match self.cells {
            Cells::Integer(ticks) => {
                Cells::Decimal { unscaled: ticks.iter().map(|tick| tick.map(i128::from)).collect(), scale: digits }
            }
            other => other,
        };
        Self { name: self.name, cells }
    }

    /// A column of these cells.
    pub(super) const fn of(name: String, cells: Cells) -> Self {
        Self { name, cells }
    }

    /// The same cells under another name.
    pub(super) fn named(self, name: &str) -> Self {
        Self { name: name.to_owned(), cells: self.cells }
    }

    /// The cells, typed.
    pub(super) fn into_cells(self) -> Cells {
        self.cells
    }

    /// The cells, typed.
    pub(super) const fn cells(&self) -> &Cells {
        &self.cells
    }

    /// Number of missing cells.
    pub(super) fn nulls(&self) -> usize {
        match &self.cells {
            Cells::Empty(rows) => *rows,
            Cells::Integer(cells) | Cells::Time(cells) | Cells::DateTime { ticks: cells, .. } => cells.null_count(),
            Cells::Natural(cells) => cells.null_count(),
            Cells::Single(cells) => cells.null_count(),
            Cells::Double(cells) => cells.null_count(),
            Cells::Boolean(cells) => cells.null_count(),
            Cells::Text(cells) => cells.null_count(),
            Cells::Date(cells) => cells.null_count(),
            Cells::Decimal { unscaled, .. } => unscaled.null_count(),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        match &self.cells {
            Cells::Empty(rows) => *rows,
            Cells::Integer(cells) | Cells::Time(cells) | Cells::DateTime { ticks: cells, .. } => cells.len(),
            Cells::Natural(cells) => cells.len(),
            Cells::Single(cells) => cells.len(),
            Cells::Double(cells) => cells.len(),
            Cells::Boolean(cells) => cells.len(),
            Cells::Text(cells) => cells.len(),
            Cells::Date(cells) => cells.len(),
            Cells::Decimal { unscaled, .. } => unscaled.len(),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The canonical text of a row, counted from 0; none for an empty cell and behind the last row.
    ///
    /// Integers and decimals in decimal, floats with the fewest digits that read back as the same number, whole ones without
    /// a point (`1.0` is `1`, and so is `-0.0` plain `0`), `NaN`, `inf`, `-inf`, `true`, `false`, `2024-01-31`,
    /// `2024-01-31T12:30:00.5` (with `Z` for an instant), `12:30:00`; durations as whole numbers of their unit.
    pub fn text(&self, row: usize) -> Option<Cow<'_, str>> {
        if let Cells::Text(cells) = &self.cells {
            return (row < cells.len()).then(|| cells.get(row)).flatten().map(Cow::Borrowed);
        }
        let mut text = String::new();
        self.write_text(row, &mut text).then_some(Cow::Owned(text))
    }

    /// Appends [`Self::text`]; false, and nothing, for an empty cell.
    pub fn write_text(&self, row: usize, out: &mut String) -> bool {
        if row >= self.len() {
            return false;
        }
        let written = match &self.cells {
            Cells::Empty(_) => None,
            Cells::Integer(cells) => cells.get(row).map(|value| write!(out, "{value}")),
            Cells::Natural(cells) => cells.get(row).map(|value| write!(out, "{value}")),
            Cells::Single(cells) => cells.get(row).map(|value| text::single(out, value)),
            Cells::Double(cells) => cells.get(row).map(|value| write!(out, "{}", value + 0.0)),
            Cells::Boolean(cells) => cells.get(row).map(|value| write!(out, "{value}")),
            Cells::Text(cells) => cells.get(row).map(|value| out.write_str(value)),
            Cells::Date(cells) => cells.get(row).map(|days| text::date(out, days)),
            Cells::DateTime { ticks, per_second, utc } => {
                ticks.get(row).map(|ticks| text::date_time(out, ticks, *per_second, *utc))
            }
            Cells::Time(cells) => cells.get(row).map(|nanoseconds| text::time(out, nanoseconds)),
            Cells::Decimal { unscaled, scale } => unscaled.get(row).map(|value| text::decimal(out, value, *scale)),
        };
        written.is_some()
    }

    /// The numbers of all rows, NaN and infinities included.
    ///
    /// # Errors
    /// An empty cell, or one that is not a number: text, a truth value, a date.
    pub fn numbers(&self) -> Result<Vec<f64>, CellError> {
        let number = |row: usize, value: Option<f64>| value.ok_or_else(|| self.no_number(row));
        match &self.cells {
            Cells::Integer(cells) => {
                cells.iter().enumerate().map(|(row, value)| number(row, value.map(|value| value as f64))).collect()
            }
            Cells::Natural(cells) => {
                cells.iter().enumerate().map(|(row, value)| number(row, value.map(|value| value as f64))).collect()
            }
            Cells::Single(cells) => {
                cells.iter().enumerate().map(|(row, value)| number(row, value.map(f64::from))).collect()
            }
            Cells::Double(cells) => cells.iter().enumerate().map(|(row, value)| number(row, value)).collect(),
            // Through the text: dividing would round twice.
            Cells::Decimal { .. } => {
                (0..self.len()).map(|row| number(row, self.text(row).and_then(|text| text.parse().ok()))).collect()
            }
            _ if self.is_empty() => Ok(Vec::new()),
            Cells::Text(cells) => {
                // The first cell that is no number, or is empty, is the one to show.
                let no_number = |row: &usize| !cells.get(*row).is_some_and(grammar::is_number);
                Err(self.no_number((0..cells.len()).find(no_number).unwrap_or(0)))
            }
            _ => Err(self.no_number(0)),
        }
    }

    /// The numbers of all rows, NaN and infinities included, where they lie in memory as they are asked for.
    pub fn as_doubles(&self) -> Option<&[f64]> {
        match &self.cells {
            Cells::Double(cells) => cells.cont_slice().ok(),
            _ => None,
        }
    }

    /// The numbers that are finite, without empty cells, NaN and infinities. A text or a date is the row of its cell, counted
    /// from 0.
    pub fn finite_numbers(&self) -> Result<Vec<f64>, usize> {
        let finite = |value: &f64| value.is_finite();
        Ok(match &self.cells {
            Cells::Empty(_) => Vec::new(),
            Cells::Integer(cells) => cells.iter().flatten().map(|value| value as f64).collect(),
            Cells::Natural(cells) => cells.iter().flatten().map(|value| value as f64).collect(),
            Cells::Single(cells) => cells.iter().flatten().map(f64::from).filter(finite).collect(),
            Cells::Double(cells) => cells.iter().flatten().filter(finite).collect(),
            Cells::Decimal { .. } => {
                (0..self.len()).filter_map(|row| self.text(row)?.parse().ok()).filter(finite).collect()
            }
            _ => {
                return match (0..self.len()).find(|row| self.text(*row).is_some()) {
                    Some(row) => Err(row),
                    None => Ok(Vec::new()),
                };
            }
        })
    }

    /// What its cells are: the word of a shape.
    pub const fn kind(&self) -> &'static str {
        match self.cells {
            Cells::Empty(_) => "empty",
            Cells::Integer(_) | Cells::Natural(_) => "integer",
            Cells::Single(_) | Cells::Double(_) => "float",
            Cells::Boolean(_) => "boolean",
            Cells::Text(_) => "text",
            Cells::Date(_) => "date",
            Cells::DateTime { .. } => "datetime",
            Cells::Time(_) => "time",
            Cells::Decimal { .. } => "decimal",
        }
    }

    /// The first row, counted from 0, that holds a NaN or an infinity.
    pub fn first_not_finite(&self) -> Option<usize> {
        match &self.cells {
            Cells::Single(cells) => cells.iter().position(|cell| cell.is_some_and(|value| !value.is_finite())),
            Cells::Double(cells) => cells.iter().position(|cell| cell.is_some_and(|value| !value.is_finite())),
            _ => None,
        }
    }

    /// Whether every cell has the same text as that of the same row; false also where the types differ and only a closer look
    /// would tell.
    pub fn same_cells(&self, other: &Self) -> bool {
        match (&self.cells, &other.cells) {
            (Cells::Integer(a), Cells::Integer(b)) => a.iter().eq(b.iter()),
            (Cells::Natural(a), Cells::Natural(b)) => a.iter().eq(b.iter()),
            (Cells::Text(a), Cells::Text(b)) => a.iter().eq(b.iter()),
            (Cells::Date(a), Cells::Date(b)) => a.iter().eq(b.iter()),
            _ => false,
        }
    }

    /// The canonical texts of all rows.
    pub fn texts(&self) -> Vec<Option<String>> {
        (0..self.len()).map(|row| self.text(row).map(Cow::into_owned)).collect()
    }

    /// The distinct canonical texts and which row has which.
    pub fn codes(&self) -> Codes {
        let text = |row: usize| self.text(row).map(Cow::into_owned).unwrap_or_default();
        match &self.cells {
            Cells::Text(cells) => coded(cells.iter(), text),
            Cells::Integer(cells) => coded(cells.iter(), text),
            Cells::Natural(cells) => coded(cells.iter(), text),
            Cells::Boolean(cells) => coded(cells.iter(), text),
            // 0.0 and -0.0 have one text, and so has every NaN.
            Cells::Double(cells) => coded(cells.iter().map(|cell| cell.map(double_bits)), text),
            Cells::Single(cells) => coded(cells.iter().map(|cell| cell.map(|cell| double_bits(cell.into()))), text),
            _ => coded((0..self.len()).map(|row| self.text(row)), text),
        }
    }

    fn no_number(&self, row: usize) -> CellError {
        let (at, column) = (row as u64 + 1, self.name.clone());
        match self.text(row) {
            Some(value) => CellError::NotNumber { row: at, column, value: cut(&value, 40) },
            None => CellError::Empty { row: at, column },
        }
    }
}

/// A cell of a column of truth values.
fn truth_value(cell: Option<&str>) -> Option<bool> {
    cell.filter(|cell| !cell.is_empty()).map(|cell| cell.eq_ignore_ascii_case("true"))
}

fn double_bits(value: f64) -> u64 {
    if value.is_nan() { f64::NAN.to_bits() } else { (value + 0.0).to_bits() }
}

fn coded<T: Hash + Eq>(cells: impl Iterator<Item = Option<T>>, text: impl Fn(usize) -> String) -> Codes {
    let mut codes = Codes::default();
    let mut known: HashMap<T, u32> = HashMap::new();
    for (row, cell) in cells.enumerate() {
        let code = match cell {
            None => Codes::NULL,
            Some(cell) => *known.entry(cell).or_insert_with(|| {
                codes.values.push(text(row));
                (codes.values.len() - 1) as u32
            }),
        };
        codes.rows.push(code);
    }
    codes
}
