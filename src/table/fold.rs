//! What is known of a table so far: a fold over batches of rows, in any order and from any thread.

use std::sync::atomic::{AtomicU64, Ordering};

use super::column::Column;
use super::error::ProfileError;
use super::figures::{ColumnProfile, Profile};
use super::kind::Kind;
use super::logical::RowDigests;
use super::options::ProfileOptions;
use super::plan::{Plan, PlannedColumn};
use super::summary::Summary;

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
    /// Nothing yet; `kinds` are those of the columns of the plan.
    pub(super) fn new(plan: &Plan, kinds: &[Option<Kind>], options: &ProfileOptions<'a>) -> Self {
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

    /// What became of it.
    pub(super) fn finish(self, plan: Plan, options: &ProfileOptions<'_>) -> Result<Profile, ProfileError> {
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
