//! The rows of all files of a table, in batches on all cores.

use std::fs::File;
use std::io::BufReader;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use polars::prelude::{ParallelStrategy, StringChunked};
use rayon::prelude::*;

use super::arrow::Arrow;
use super::column::Column;
use super::error::{ProfileError, TableError};
use super::fold::Fold;
use super::grammar::{Grammar, TextKind};
use super::kind::Kind;
use super::lines::{self, Lines};
use super::parquet::{self, Footer};
use super::pieces::Pieces;
use super::plan::{Plan, PlannedColumn, Reader, Source};
use super::{csv, guard};
use crate::progress::{Progress, Unit};

/// Batches in work at a time, at most.
const BATCHES: usize = 32;
/// Bytes of csv in one round of batches.
const PIECES: usize = 64 << 20;
/// Bytes of parquet that are decoded at a time, in all batches together, and at least in each.
const DECODED: u64 = 256 << 20;
const LEAST_DECODED: u64 = 8 << 20;

/// Some records of text.
struct Piece<'a> {
    source: &'a Source,
    records: Vec<u8>,
    rows: usize,
}

/// Some rows of a row group.
struct Part<'a> {
    source: &'a Source,
    footer: &'a Footer,
    /// The first, and how many.
    rows: (usize, usize),
}

/// What the cells of the csv files probably are: what they are at the beginning of the first, or, where parquet files have
/// to agree, in all of them.
pub(super) fn guess(plan: &Plan) -> Result<Vec<Grammar>, ProfileError> {
    let typing = Typing::new(&vec![Grammar::default(); plan.columns.len()]);
    let mixed = plan.sources.iter().any(|source| !source.reader.is_text());
    for source in &plan.sources {
        if let Reader::Lines(grammars) = &source.reader {
            source.places.iter().enumerate().for_each(|(column, place)| typing.merge(column, &grammars[*place]));
        }
    }
    let csv = |source: &Source| matches!(source.reader, Reader::Csv(_));
    if !plan.sources.iter().any(csv) {
        return Ok(typing.found());
    }
    let mut reader = CsvReader::new(plan);
    while let Some(piece) = reader.next()? {
        // What lines are is known from all of them.
        if csv(piece.source) {
            piece.columns(plan, &typing).map_err(|error| piece.source.error(error))?;
            if !mixed {
                break;
            }
        }
    }
    Ok(typing.found())
}

/// Adds all rows to the fold, the cells of csv files as the kinds they are taken for. If they turn out to be others the
/// fold is of no use: returns what they are.
pub(super) fn read(
    plan: &Plan,
    taken_for: &[Grammar],
    fold: &Fold<'_>,
    progress: &dyn Progress,
) -> Result<Option<Vec<Grammar>>, ProfileError> {
    progress.begin("profiling data", plan.sources.iter().map(|source| source.size).sum(), Unit::Bytes);
    let read = read_csv(plan, taken_for, fold, progress).and_then(|other| {
        if other.is_none() {
            read_parquet(plan, fold, progress)?;
            read_arrow(plan, fold, progress)?;
        }
        Ok(other)
    });
    progress.end();
    read
}

fn read_csv(
    plan: &Plan,
    taken_for: &[Grammar],
    fold: &Fold<'_>,
    progress: &dyn Progress,
) -> Result<Option<Vec<Grammar>>, ProfileError> {
    let typing = Typing::new(taken_for);
    let add = |piece: Piece<'_>| {
        let columns = piece.columns(plan, &typing).map_err(|error| piece.source.error(error))?;
        if let Some(columns) = columns {
            fold.add(piece.rows, &columns)?;
        }
        progress.advance(piece.records.len() as u64);
        Ok(())
    };
    let mut reader = CsvReader::new(plan);
    let mut round = reader.round()?;
    while !round.is_empty() {
        // Where records end is found out in order, and what is in them meanwhile.
        let (added, next) = rayon::join(|| round.into_par_iter().try_for_each(add), || reader.round());
        added?;
        round = next?;
    }
    Ok((!typing.is_right()).then(|| typing.found()))
}

/// What the cells of csv files are found to be, while they are read as what they are taken for.
struct Typing {
    kinds: Vec<TextKind>,
    /// What they are taken for included.
    found: Vec<Mutex<Grammar>>,
    right: AtomicBool,
}

impl Typing {
    fn new(taken_for: &[Grammar]) -> Self {
        let kinds = taken_for.iter().map(Grammar::kind).collect();
        Self { kinds, found: taken_for.iter().cloned().map(Mutex::new).collect(), right: AtomicBool::new(true) }
    }

    /// Takes cells of a column into account.
    fn add(&self, column: usize, cells: &StringChunked) {
        let lock = || self.found[column].lock().unwrap_or_else(PoisonError::into_inner);
        let mut grammar = lock().clone();
        cells.iter().flatten().for_each(|cell| grammar.add(cell));
        self.merge(column, &grammar);
    }

    /// Takes into account what cells of a column are.
    fn merge(&self, column: usize, grammar: &Grammar) {
        let mut found = self.found[column].lock().unwrap_or_else(PoisonError::into_inner);
        found.merge(grammar);
        if found.kind() != self.kinds[column] {
            self.right.store(false, Ordering::Relaxed);
        }
    }

    /// Whether all cells so far are what they are taken for.
    fn is_right(&self) -> bool {
        self.right.load(Ordering::Relaxed)
    }

    fn found(&self) -> Vec<Grammar> {
        self.found.iter().map(|found| found.lock().unwrap_or_else(PoisonError::into_inner).clone()).collect()
    }
}

/// The records of one file of text.
enum Stream {
    Csv(Pieces),
    Lines(Lines),
}

/// All records of all files of text.
struct CsvReader<'a> {
    sources: std::slice::Iter<'a, Source>,
    current: Option<(&'a Source, Stream)>,
    /// Pieces in a round.
    round: usize,
}

impl<'a> CsvReader<'a> {
    fn new(plan: &'a Plan) -> Self {
        let piece = plan.sources.iter().map(Source::piece).max().unwrap_or(1);
        Self { sources: plan.sources.iter(), current: None, round: (PIECES / piece).clamp(2, batches()) }
    }

    fn next(&mut self) -> Result<Option<Piece<'a>>, ProfileError> {
        loop {
            if let Some((source, stream)) = &mut self.current {
                let next = match stream {
                    Stream::Csv(pieces) => pieces.next(),
                    Stream::Lines(lines) => lines.next(),
                };
                let next = next.map_err(|error| source.error(error))?;
                if let Some((records, rows)) = next {
                    return Ok(Some(Piece { source, records: records.to_vec(), rows }));
                }
            }
            let Some(source) = self.sources.next() else { return Ok(None) };
            let opened = match source.reader {
                Reader::Csv(separator) => source.pieces(separator).map(|pieces| Some(Stream::Csv(pieces))),
                Reader::Lines(_) => source.lines().map(|lines| Some(Stream::Lines(lines))),
                Reader::Parquet | Reader::Arrow => Ok(None),
            };
            self.current = opened.map_err(|error| source.error(error))?.map(|stream| (source, stream));
        }
    }

    fn round(&mut self) -> Result<Vec<Piece<'a>>, ProfileError> {
        let mut pieces = Vec::with_capacity(self.round);
        while pieces.len() < self.round {
            let Some(piece) = self.next()? else { break };
            pieces.push(piece);
        }
        Ok(pieces)
    }
}

impl Piece<'_> {
    /// The rows as columns, for each of the plan's; none if cells turned out to be something else than they are taken for.
    fn columns(&self, plan: &Plan, typing: &Typing) -> Result<Option<Vec<Option<Column>>>, TableError> {
        let Source { reader, places, .. } = self.source;
        let separator = match reader {
            Reader::Csv(separator) => *separator,
            _ => return self.columns_of_lines(plan, typing),
        };
        let mut by_place: Vec<usize> = (0..places.len()).collect();
        by_place.sort_unstable_by_key(|&column| places[column]);
        let mut columns: Vec<Option<Column>> = vec![None; places.len()];
        for group in by_place.chunks(csv::GROUP) {
            let group_places: Vec<usize> = group.iter().map(|&column| places[column]).collect();
            let cells = csv::texts(&self.records, separator, places.len(), &group_places)?;
            if cells.iter().any(|cells| cells.len() != self.rows) {
                return Err(guard::malformed("its rows were not read as they were counted"));
            }
            for (&column, cells) in group.iter().zip(&cells) {
                typing.add(column, cells);
                if typing.is_right() {
                    columns[column] = Some(Column::typed(&plan.columns[column].name, cells, typing.kinds[column]));
                }
            }
        }
        Ok(typing.is_right().then_some(columns))
    }

    fn columns_of_lines(&self, plan: &Plan, typing: &Typing) -> Result<Option<Vec<Option<Column>>>, TableError> {
        let names: Vec<&str> = plan.columns.iter().map(|column| column.name.as_str()).collect();
        let mut columns = Vec::with_capacity(names.len());
        for (column, (cells, grammar)) in lines::texts(&self.records, &names)?.into_iter().enumerate() {
            if cells.len() != self.rows {
                return Err(changed());
            }
            typing.merge(column, &grammar);
            let kind = typing.kinds[column];
            columns.push(Kind::of_texts(kind).map(|_| Column::typed(names[column], &cells, kind)));
        }
        Ok(typing.is_right().then_some(columns))
    }
}

/// The batches of an arrow file, and which rows of which to read at a time.
type Opened = (Arrow, Vec<(usize, (u64, u64))>);

fn read_arrow(plan: &Plan, fold: &Fold<'_>, progress: &dyn Progress) -> Result<(), ProfileError> {
    let sources: Vec<&Source> = plan.sources.iter().filter(|source| matches!(source.reader, Reader::Arrow)).collect();
    for sources in sources.chunks(batches()) {
        let opened = |source: &&Source| opened_arrow(plan, source).map_err(|error| source.error(error));
        let opened: Vec<Opened> = sources.par_iter().map(opened).collect::<Result<_, _>>()?;
        let parts: Vec<_> = sources
            .iter()
            .zip(&opened)
            .flat_map(|(source, (arrow, parts))| parts.iter().map(move |part| (*source, arrow, *part)))
            .collect();
        for round in parts.chunks(batches()) {
            round.par_iter().try_for_each(|(source, arrow, (batch, rows))| {
                let columns = columns_of_arrow(source, arrow, *batch, *rows).map_err(|error| source.error(error))?;
                fold.add(rows.1 as usize, &columns)?;
                let share = u128::from(source.size) * u128::from(rows.1) / u128::from(arrow.rows.max(1));
                progress.advance(share as u64);
                Ok(())
            })?;
        }
    }
    Ok(())
}

fn opened_arrow(plan: &Plan, source: &Source) -> Result<Opened, TableError> {
    let arrow = Arrow::open(&mut BufReader::new(File::open(&source.path)?))?;
    let as_planned = |(column, place): (&PlannedColumn, &usize)| {
        arrow.fields.get(*place).is_some_and(|field| field.name == column.name && column.has(field.known))
    };
    if arrow.fields.len() != plan.columns.len() || !plan.columns.iter().zip(&source.places).all(as_planned) {
        return Err(changed());
    }
    guard::streamed(arrow.rows, plan.columns.len(), source.size)?;
    let most = (DECODED / batches() as u64).max(LEAST_DECODED);
    let mut parts = Vec::new();
    for (number, batch) in arrow.batches.iter().enumerate() {
        // Short values take 16 bytes in memory, whatever they take in the file.
        let decoded = batch.bytes.max(batch.rows.saturating_mul(16 * plan.columns.len().max(1) as u64));
        let step = batch.rows.div_ceil(decoded / most + 1).max(1);
        let mut first = 0;
        while first < batch.rows {
            parts.push((number, (first, step.min(batch.rows - first))));
            first += step;
        }
    }
    Ok((arrow, parts))
}

fn columns_of_arrow(
    source: &Source,
    arrow: &Arrow,
    batch: usize,
    rows: (u64, u64),
) -> Result<Vec<Option<Column>>, TableError> {
    let is_known = |place: &usize| arrow.fields[*place].known.is_some();
    let places: Vec<usize> = source.places.iter().copied().filter(is_known).collect();
    let mut reader = BufReader::new(File::open(&source.path)?);
    let mut read = arrow.columns(&mut reader, &arrow.batches[batch], &places, rows)?.into_iter();
    Ok(source.places.iter().map(|place| if is_known(place) { read.next() } else { None }).collect())
}

fn read_parquet(plan: &Plan, fold: &Fold<'_>, progress: &dyn Progress) -> Result<(), ProfileError> {
    let sources: Vec<&Source> = plan.sources.iter().filter(|source| matches!(source.reader, Reader::Parquet)).collect();
    // Files may have one small row group each, or one file all of them: a round of batches is taken from several.
    for sources in sources.chunks(batches()) {
        let opened = |source: &&Source| opened(plan, source).map_err(|error| source.error(error));
        let footers: Vec<_> = sources.par_iter().map(opened).collect::<Result<_, _>>()?;
        let parts: Vec<Part<'_>> = sources
            .iter()
            .zip(&footers)
            .flat_map(|(source, (footer, rows))| rows.iter().map(|&rows| Part { source, footer, rows }))
            .collect();
        // Waiting for its reader, a thread takes on other parts: no more than those of a round.
        for round in parts.chunks(batches()) {
            round.par_iter().try_for_each(|part| {
                let (source, (_, rows)) = (part.source, part.rows);
                fold.add(rows, &part.columns(plan).map_err(|error| source.error(error))?)?;
                let share = u128::from(source.size) * rows as u128 / u128::from(part.footer.rows.max(1));
                progress.advance(share as u64);
                Ok(())
            })?;
        }
    }
    Ok(())
}

/// Batches in work at a time.
fn batches() -> usize {
    (2 * rayon::current_num_threads()).min(BATCHES)
}

/// The footer of a parquet, and which rows to read at a time: the first and how many. Its pages have been checked.
fn opened(plan: &Plan, source: &Source) -> Result<(Footer, Vec<(usize, usize)>), TableError> {
    let footer = parquet::footer(File::open(&source.path)?)?;
    let as_planned = |(column, place): (&PlannedColumn, &usize)| {
        footer.fields.get(*place).is_some_and(|field| field.name == column.name && column.has(field.known))
    };
    if footer.fields.len() != plan.columns.len() || !plan.columns.iter().zip(&source.places).all(as_planned) {
        return Err(changed());
    }
    guard::streamed(footer.rows, plan.columns.len(), source.size)?;
    let most = (DECODED / batches() as u64).max(LEAST_DECODED);
    let (mut parts, mut first) = (Vec::new(), 0);
    for (number, group) in footer.metadata.row_groups.iter().enumerate() {
        let rows = group.num_rows();
        let step = rows.div_ceil((decoded(source, &footer, number)? / most + 1) as usize).max(1);
        parts.extend((0..rows).step_by(step).map(|start| (first + start, step.min(rows - start))));
        first += rows;
    }
    Ok((footer, parts))
}

/// The bytes the columns of a row group take when decoded, their pages checked.
fn decoded(source: &Source, footer: &Footer, group: usize) -> Result<u64, TableError> {
    let mut file = File::open(&source.path)?;
    let rows = footer.metadata.row_groups[group].num_rows() as u64;
    let profiled = |place: &usize| footer.fields[*place].known.is_some();
    source.places.iter().copied().filter(profiled).try_fold(0, |sum: u64, place| {
        let bytes = footer.check_pages(&mut file, place, group)?;
        // Short values take 16 bytes in memory, whatever they take in the file.
        Ok(sum.saturating_add(bytes.max(rows.saturating_mul(16))))
    })
}

impl Part<'_> {
    /// The rows as columns, for each of the plan's; none for those that are not profiled.
    fn columns(&self, plan: &Plan) -> Result<Vec<Option<Column>>, TableError> {
        let known = |place: usize| self.footer.fields[place].known;
        let profiled = || plan.columns.iter().zip(&self.source.places).filter(|(_, place)| known(**place).is_some());
        let places: Vec<usize> = profiled().map(|(_, place)| *place).collect();
        let names: Vec<&str> = profiled().map(|(column, _)| column.name.as_str()).collect();
        let read = if places.is_empty() {
            Vec::new()
        } else {
            let file = File::open(&self.source.path)?;
            parquet::columns(file, self.footer, places, &names, self.rows, ParallelStrategy::None)?
        };
        let mut read = read.into_iter();
        let column = |place: &usize| match known(*place)? {
            Kind::Duration { digits } => read.next().map(|column| column.into_seconds(digits)),
            _ => read.next(),
        };
        Ok(self.source.places.iter().map(column).collect())
    }
}

fn changed() -> TableError {
    guard::malformed("it changed while it was read")
}
