//! Which columns several files of one table have, and where each file has them.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use super::error::{ProfileError, TableError, cut};
use super::grammar::{Grammar, TextKind};
use super::kind::Kind;
use super::lines::{self, Lines, ScannedColumn};
use super::pieces::Pieces;
use super::{TableFormat, arrow, csv, parquet};

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

impl PlannedColumn {
    /// Whether a column of a file is still of a kind that it was planned for.
    pub(super) fn has(&self, kind: Option<Kind>) -> bool {
        match (kind, self.typed) {
            (Some(own), Some(all)) => own.unified(all) == Some(all),
            (own, all) => own.is_none() && all.is_none(),
        }
    }
}

pub(super) struct Source {
    pub(super) path: PathBuf,
    pub(super) size: u64,
    pub(super) reader: Reader,
    /// Where in the file each of the plan's columns is.
    pub(super) places: Vec<usize>,
}

/// How a file is read.
pub(super) enum Reader {
    /// Csv, with what stands between its cells.
    Csv(u8),
    /// Json lines, with what all cells are of each of its own columns.
    Lines(Vec<Grammar>),
    Parquet,
    Arrow,
}

impl Reader {
    /// Whether all cells have to be looked at to know what they are.
    pub(super) const fn is_text(&self) -> bool {
        matches!(self, Self::Csv(_) | Self::Lines(_))
    }
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
            let (size, reader, found) =
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
            plan.sources.push(Source { path: (*path).to_owned(), size, reader, places });
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
        let csv = self.sources.iter().find(|source| source.reader.is_text());
        let Some(csv) = csv else { return Ok(self.columns.iter().map(|column| column.typed).collect()) };
        let kind = |(column, text): (&PlannedColumn, &TextKind)| {
            let unified = match (column.typed, Kind::of_texts(*text)) {
                (Some(typed), Some(own)) => typed.unified(own).map(Some),
                (Some(Kind::Empty), None) => Some(None),
                (None, None) => (column.word.as_deref() == Some(text.word())).then_some(None),
                _ => None,
            };
            unified.ok_or_else(|| mismatch(&csv.path, column, Some(text.word())))
        };
        self.columns.iter().zip(texts).map(kind).collect()
    }

    /// Columns of text that are no single values are called what they are.
    pub(super) fn name_opaque(&mut self, texts: &[TextKind]) {
        for (column, text) in self.columns.iter_mut().zip(texts) {
            if Kind::of_texts(*text).is_none() {
                column.word = Some(text.word().to_owned());
            }
        }
    }
}

impl Source {
    /// Opens a csv.
    pub(super) fn pieces(&self, separator: u8) -> Result<Pieces, TableError> {
        Pieces::open(File::open(&self.path)?, separator, self.piece(), self.cells())
    }

    /// Opens json lines.
    pub(super) fn lines(&self) -> Result<Lines, TableError> {
        Ok(Lines::open(File::open(&self.path)?, self.piece(), self.cells(), self.places.len()))
    }

    fn cells(&self) -> usize {
        (self.places.len() * ROWS).clamp(CELLS.0, CELLS.1)
    }

    /// Bytes of a piece of text.
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

/// The size of a file, how it is read, and its columns.
fn header(path: &Path, format: TableFormat) -> Result<(u64, Reader, Vec<Found>), TableError> {
    let metadata = fs::metadata(path)?;
    // Before opening: a pipe would block.
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file").into());
    }
    let file = File::open(path)?;
    let csv = |file, separator| -> Result<_, TableError> {
        // What a csv column is, all of it says.
        let pieces = Pieces::open(file, separator, 1 << 16, 1)?;
        let found = |name: &String| Found { name: name.clone(), typed: Some(Kind::Empty), word: None };
        Ok((Reader::Csv(separator), pieces.names().iter().map(found).collect()))
    };
    let typed = |name, typed, word| Found { name, typed, word: Some(word) };
    let (reader, found) = match format {
        TableFormat::Csv => csv(file, csv::COMMA)?,
        TableFormat::Tsv => csv(file, csv::TAB)?,
        TableFormat::JsonLines => {
            let columns = lines::scan(file)?.columns;
            let grammars = columns.iter().map(|column| column.grammar.clone()).collect();
            let found = |column: ScannedColumn| Found { name: column.name, typed: Some(Kind::Empty), word: None };
            (Reader::Lines(grammars), columns.into_iter().map(found).collect())
        }
        TableFormat::Parquet => {
            let fields = parquet::footer(file)?.fields.into_iter();
            (Reader::Parquet, fields.map(|field| typed(field.name, field.known, field.kind)).collect())
        }
        TableFormat::Arrow => {
            let fields = arrow::Arrow::open(&mut BufReader::new(file))?.fields.into_iter();
            (Reader::Arrow, fields.map(|field| typed(field.name, field.known, field.kind)).collect())
        }
    };
    Ok((metadata.len(), reader, found))
}
