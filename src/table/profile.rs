//! The profile of a table in one or several files: what drift checks and readers need years later, when the data is gone.
//!
//! One fold over batches of rows, in bounded memory and on all cores. Everything that comes out depends on the multiset of rows
//! alone: not on their order, on the files they are spread over, on batches or threads.
//!
//! Exact are rows, nulls, [counts of NaN and infinities](ColumnProfile::nan), least and greatest values, distinct values and
//! categories where they are given, and the counts between edges. Mean and standard deviation come from exact sums: the mean
//! is the nearest double, the standard deviation within two units in the last place. Edges are exact unless
//! [`Deciles::exact`] is false.

use std::fmt;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use super::column::Column;
use super::error::ProfileError;
use super::grammar::Grammar;
use super::kind::Kind;
use super::logical::RowDigests;
use super::plan::{Plan, PlannedColumn};
use super::summary::Summary;
use super::{TableFormat, batches};
use crate::digest::Digest;
use crate::progress::Progress;

/// How much a profile may hold and list. The defaults are those of [`Self::new`].
pub struct ProfileOptions<'a> {
    /// Opens an empty file to write to and read from, which nobody sees and which is gone when it is closed.
    pub scratch: &'a (dyn Fn() -> io::Result<File> + Send + Sync),
    /// Bytes of row digests in memory, 32 for each row: 256 MiB. More are sorted on disk.
    pub digest_bytes: usize,
    /// Values in memory to find exact deciles among, 8 bytes each, of columns with more than 65 536 distinct ones: 2²⁵.
    pub exact_values: u64,
    /// Categories listed for a column: 20.
    pub categories: usize,
}

impl<'a> ProfileOptions<'a> {
    /// The limits that are documented.
    pub fn new(scratch: &'a (dyn Fn() -> io::Result<File> + Send + Sync)) -> Self {
        Self { scratch, digest_bytes: 256 << 20, exact_values: 1 << 25, categories: 20 }
    }
}

impl fmt::Debug for ProfileOptions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProfileOptions")
            .field("digest_bytes", &self.digest_bytes)
            .field("exact_values", &self.exact_values)
            .field("categories", &self.categories)
            .finish_non_exhaustive()
    }
}

/// What a table holds, without its rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// Number of rows, headers not counted.
    pub rows: u64,
    /// Columns in the first file's order.
    pub columns: Vec<ColumnProfile>,
    /// The logical digest; none if there are columns it is not defined for: see [`Self::undigested`].
    pub digest: Option<Digest>,
}

impl Profile {
    /// The columns that have neither statistics nor a place in a logical digest: lists, structs, bytes.
    pub fn undigested(&self) -> impl Iterator<Item = &ColumnProfile> {
        self.columns.iter().filter(|_| self.digest.is_none()).filter(|column| !column.profiled)
    }
}

/// What a column holds.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnProfile {
    /// Its name.
    pub name: String,
    /// The word a [shape](super::shape()) has for it, of the first file that has values of it.
    pub kind: String,
    /// False for lists, structs and bytes: nothing else is known of them.
    pub profiled: bool,
    /// Missing cells.
    pub nulls: u64,
    /// Cells that are NaN. They are values, and in no other figure.
    pub nan: u64,
    /// Cells that are infinite. They are values, and in no other figure.
    pub infinite: u64,
    /// Of numbers, durations in seconds.
    pub mean: Option<f64>,
    /// The standard deviation of a sample (n − 1), of two values or more; none if no double is so large.
    pub sd: Option<f64>,
    /// Of numbers, dates and times.
    pub deciles: Option<Deciles>,
    /// Distinct values; none if there are more than 65 536, or more text than is kept.
    pub distinct: Option<u64>,
    /// The most frequent values, the first of equally frequent ones by text. Empty where more than half of the values are
    /// distinct, where [`Self::distinct`] is not known, and for texts of more than 256 bytes.
    pub categories: Vec<Category>,
}

impl ColumnProfile {
    /// The least value.
    pub fn min(&self) -> Option<&Scalar> {
        self.deciles.as_ref().map(|deciles| &deciles.edges[0])
    }

    /// The greatest value.
    pub fn max(&self) -> Option<&Scalar> {
        self.deciles.as_ref().map(|deciles| &deciles.edges[10])
    }
}

/// Ten parts of a column's values in their order, as equal as the values allow.
#[derive(Debug, Clone, PartialEq)]
pub struct Deciles {
    /// Edge k is the least value that at least k tenths of all do not exceed (numpy's `inverted_cdf`): a value of the column.
    /// Edge 0 is the least, edge 10 the greatest.
    pub edges: [Scalar; 11],
    /// Count k is of the values above edge k up to edge k + 1; those equal to edge 0 are in the first. Of edges that are the
    /// same the first has all values.
    pub counts: [u64; 10],
    /// False beyond [`ProfileOptions::exact_values`]: then edges 1 to 9 may lie above the true ones. Columns are cut into
    /// intervals of the same number of representable values, the smallest for which at most 65 536 are not empty; such an
    /// edge is the greatest value its interval could hold. The counts are exact for these edges.
    pub exact: bool,
}

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    /// A whole number.
    Integer(i128),
    /// A number, finite. Decimals, and whole numbers of which some files have more than i64 holds and others less than 0,
    /// are the nearest.
    Float(f64),
    /// A date or time, written as in [`Column::text`].
    Text(String),
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value}"),
            Self::Text(value) => f.write_str(value),
        }
    }
}

/// A value, and how many cells have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Category {
    /// Its text.
    pub value: String,
    /// Cells.
    pub count: u64,
}

/// Reads all rows of the files, which are one table: the same columns, in any order. Csv files are read twice if what the
/// beginning of the first says of a column is not true of all.
///
/// # Errors
/// What is not a regular file, cannot be read or is not such a table; files whose columns differ.
pub fn profile(
    files: &[(&Path, TableFormat)],
    options: &ProfileOptions<'_>,
    progress: &dyn Progress,
) -> Result<Profile, ProfileError> {
    let plan = Plan::of(files)?;
    let mut texts = batches::guess(&plan)?;
    loop {
        let kinds: Vec<_> = texts.iter().map(Grammar::kind).collect();
        let fold = Fold::new(&plan, &plan.kinds(&kinds)?, options);
        match batches::read(&plan, &texts, &fold, progress)? {
            None => return fold.finish(plan, options),
            Some(other) => texts = other,
        }
    }
}

/// Everything that is known so far.
pub(super) struct Fold<'a> {
    /// For each column of the plan; none for those that are not profiled.
    summaries: Vec<Option<Summary>>,
    /// The columns by name.
    sorted: Vec<usize>,
    /// None if a column is not profiled.
    digests: Option<RowDigests<'a>>,
    rows: AtomicU64,
    /// Values that take memory one by one.
    held: AtomicU64,
    exact_values: u64,
}

impl<'a> Fold<'a> {
    fn new(plan: &Plan, kinds: &[Option<Kind>], options: &ProfileOptions<'a>) -> Self {
        let mut sorted: Vec<usize> = (0..plan.columns.len()).collect();
        sorted.sort_unstable_by_key(|&place| &plan.columns[place].name);
        let digested = kinds.iter().all(Option::is_some);
        Self {
            summaries: kinds.iter().map(|kind| kind.map(Summary::new)).collect(),
            sorted,
            digests: digested.then(|| RowDigests::new(options.digest_bytes, options.scratch)),
            rows: AtomicU64::new(0),
            held: AtomicU64::new(0),
            exact_values: options.exact_values,
        }
    }

    /// Adds a batch of rows: a column for each of the plan's, none for those that are not profiled.
    pub(super) fn add(&self, rows: usize, columns: &[Option<Column>]) -> Result<(), ProfileError> {
        self.rows.fetch_add(rows as u64, Ordering::Relaxed);
        for (summary, column) in self.summaries.iter().zip(columns) {
            if let (Some(summary), Some(column)) = (summary, column) {
                let more = summary.add(column, self.is_exact());
                self.held.fetch_add(more, Ordering::Relaxed);
            }
        }
        let Some(digests) = &self.digests else { return Ok(()) };
        let by_name: Vec<&Column> = self.sorted.iter().filter_map(|&place| columns[place].as_ref()).collect();
        digests.add(rows, &by_name).map_err(ProfileError::Scratch)
    }

    fn is_exact(&self) -> bool {
        self.held.load(Ordering::Relaxed) <= self.exact_values
    }

    fn finish(self, plan: Plan, options: &ProfileOptions<'_>) -> Result<Profile, ProfileError> {
        let exact = self.is_exact();
        let rows = self.rows.into_inner();
        let digest = match self.digests {
            Some(digests) => {
                let word = |place: usize| {
                    let summary = self.summaries[place].as_ref().filter(|summary| summary.has_values());
                    summary.map_or(Kind::Empty, Summary::kind).digested()
                };
                let schema: Vec<(&str, &str)> =
                    self.sorted.iter().map(|&place| (plan.columns[place].name.as_str(), word(place))).collect();
                Some(digests.finish(&schema, rows).map_err(ProfileError::Scratch)?)
            }
            None => None,
        };
        let column = |(planned, summary): (PlannedColumn, Option<Summary>)| match summary {
            Some(summary) => {
                let kind = planned.word.unwrap_or_else(|| summary.kind().word().to_owned());
                summary.finish(planned.name, kind, options.categories, exact)
            }
            None => ColumnProfile::unknown(planned.name, planned.word.unwrap_or_default()),
        };
        let columns = plan.columns.into_iter().zip(self.summaries).map(column).collect();
        Ok(Profile { rows, columns, digest })
    }
}

impl ColumnProfile {
    const fn unknown(name: String, kind: String) -> Self {
        Self {
            name,
            kind,
            profiled: false,
            nulls: 0,
            nan: 0,
            infinite: 0,
            mean: None,
            sd: None,
            deciles: None,
            distinct: None,
            categories: Vec::new(),
        }
    }
}
