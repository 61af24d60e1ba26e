//! Which columns several files of one table have, and where each file has them.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::error::{ProfileError, TableError, cut};
use super::grammar::TextKind;
use super::kind::Kind;
use super::pieces::Pieces;
use super::{TableFormat, csv, parquet};

/// Bytes and cells of a piece of csv, at least and at most.
const PIECE: (usize, usize) = (4 << 20, 32 << 20);
const CELLS: (usize, usize) = (1 << 19, 1 << 22);
/// Rows a piece of many columns should have, and bytes for each of its columns: each piece costs something for each column.
const ROWS: usize = 1 << 7;
const BYTES: usize = 1 << 11;

/// The columns of a table and the files it is in.
pub(super) struct Plan {
    /// In the first file's order.
    pub(super) columns: Vec<PlannedColumn>,
    pub(super) sources: Vec<Source>,
}

pub(super) struct PlannedColumn {
    pub(super) name: String,
    /// In all parquet files together; none: of a kind that is not profiled.
    pub(super) typed: Option<Kind>,
    /// The word for it in parquet files that have values of it.
    pub(super) word: Option<String>,
}

pub(super) struct Source {
    pub(super) path: PathBuf,
    pub(super) size: u64,
    /// Of a csv; none for parquet.
    pub(super) separator: Option<u8>,
    /// Where in the file each of the plan's columns is.
    pub(super) places: Vec<usize>,
}

/// A column of one file.
struct Found {
    name: String,
    typed: Option<Kind>,
    word: Option<String>,
}

impl Plan {
    /// Reads the headers of all files.
    pub(super) fn of(files: &[(&Path, TableFormat)]) -> Result<Self, ProfileError> {
        let mut plan = Self { columns: Vec::new(), sources: Vec::new() };
        for (path, format) in files {
            let (size, found) =
                header(path, *format).map_err(|source| ProfileError::File { path: (*path).to_owned(), source })?;
            if plan.sources.is_empty() {
                let planned = |Found { name, typed, word }: &Found| PlannedColumn {
                    name: name.clone(),
                    typed: *typed,
                    word: word.clone(),
                };
                plan.columns = found.iter().map(planned).collect();
            }
            let places = plan.places(path, &found)?;
            let separator = csv::separator(*format);
            plan.sources.push(Source { path: (*path).to_owned(), size, separator, places });
        }
        Ok(plan)
    }

    /// Where a file has the columns; takes their kinds into account.
    fn places(&mut self, path: &Path, found: &[Found]) -> Result<Vec<usize>, ProfileError> {
        let missing = |name: &str| ProfileError::ColumnMissing { path: path.to_owned(), column: cut(name, 80) };
        let mut by_name: HashMap<&str, usize> =
            found.iter().enumerate().map(|(place, column)| (column.name.as_str(), place)).collect();
        let mut places = Vec::with_capacity(self.columns.len());
        for column in &mut self.columns {
            let place = by_name.remove(column.name.as_str()).ok_or_else(|| missing(&column.name))?;
            let other = &found[place];
            let unified = match (column.typed, other.typed) {
                (Some(a), Some(b)) => a.unified(b).map(Some),
                // Not profiled, which is all that is known of either.
                (None, None) => (column.word == other.word).then_some(None),
                _ => None,
            };
            column.typed = unified.ok_or_else(|| mismatch(path, column, other.word.as_deref()))?;
            if column.word.as_deref().is_none_or(|word| word == Kind::Empty.word()) {
                column.word.clone_from(&other.word);
            }
            places.push(place);
        }
        match by_name.into_keys().min() {
            Some(more) => Err(missing(more)),
            None => Ok(places),
        }
    }

    /// What each column is, given what the csv files say; an error where they and the parquet files differ.
    pub(super) fn kinds(&self, texts: &[TextKind]) -> Result<Vec<Option<Kind>>, ProfileError> {
        let csv = self.sources.iter().find(|source| source.separator.is_some());
        let Some(csv) = csv else { return Ok(self.columns.iter().map(|column| column.typed).collect()) };
        let kind = |(column, text): (&PlannedColumn, &TextKind)| {
            let text = Kind::from(*text);
            let unified = column.typed.and_then(|typed| typed.unified(text));
            unified.map(Some).ok_or_else(|| mismatch(&csv.path, column, Some(text.word())))
        };
        self.columns.iter().zip(texts).map(kind).collect()
    }
}

impl Source {
    /// Opens a csv.
    pub(super) fn pieces(&self, separator: u8) -> Result<Pieces, TableError> {
        let cells = (self.places.len() * ROWS).clamp(CELLS.0, CELLS.1);
        Pieces::open(File::open(&self.path)?, separator, self.piece(), cells)
    }

    /// Bytes of a piece of csv.
    pub(super) fn piece(&self) -> usize {
        (self.places.len() * BYTES).clamp(PIECE.0, PIECE.1)
    }

    /// The error of this file.
    pub(super) fn error(&self, source: TableError) -> ProfileError {
        ProfileError::File { path: self.path.clone(), source }
    }
}

fn mismatch(path: &Path, column: &PlannedColumn, found: Option<&str>) -> ProfileError {
    let word = |word: Option<&str>| word.unwrap_or_else(|| Kind::Empty.word()).to_owned();
    ProfileError::KindMismatch {
        path: path.to_owned(),
        column: cut(&column.name, 80),
        expected: word(column.word.as_deref()),
        found: word(found),
    }
}

/// The size of a file, and its columns.
fn header(path: &Path, format: TableFormat) -> Result<(u64, Vec<Found>), TableError> {
    let metadata = fs::metadata(path)?;
    // Before opening: a pipe would block.
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file").into());
    }
    let file = File::open(path)?;
    let found = match csv::separator(format) {
        // What a csv column is, all of it says.
        Some(separator) => Pieces::open(file, separator, 1 << 16, 1)?
            .names()
            .iter()
            .map(|name| Found { name: name.clone(), typed: Some(Kind::Empty), word: None })
            .collect(),
        None => parquet::footer(file)?
            .fields
            .into_iter()
            .map(|field| Found { name: field.name, typed: field.known, word: Some(field.kind) })
            .collect(),
    };
    Ok((metadata.len(), found))
}
