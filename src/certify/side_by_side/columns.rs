//! How far the columns of one version's training data are from another's, by what profiles hold and by rows where they were read.

use std::collections::BTreeMap;

use crate::certify::columns::{How, Side, column, deciles, distance, rows_wanted};
use crate::evidence::{ColumnRows, Wanted};
use crate::format::policy::{Drift, DriftRecord};
use crate::format::profile::{ColumnProfileRecord, ProfileRecord};
use crate::measure::drift::Bins;
use crate::name::SetName;

/// Categories that a shape is drawn of.
const CATEGORIES: usize = 10;

/// A column that both have.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnDrift {
    /// Its name.
    pub name: String,
    /// The population stability index in bins of `a`, or why there is none.
    pub psi: Result<f64, String>,
    /// Whether that rests on values that are even between deciles: `b`'s rows were not read.
    pub approximate: bool,
    /// The means, of numbers.
    pub mean: (Option<f64>, Option<f64>),
    /// Missing cells.
    pub nulls: (u64, u64),
    /// Distinct values, where they are few enough to count.
    pub distinct: (Option<u64>, Option<u64>),
    /// What both look like.
    pub shape: Option<Shape>,
}

/// Two histograms over the same bins.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// What the bins are where they are categories; none of numbers, whose bins ascend.
    pub categories: Option<Vec<String>>,
    /// Values of `a` in each.
    pub a: Vec<u64>,
    /// Values of `b` in each.
    pub b: Vec<u64>,
}

/// A rule that nobody wrote: the index of every column.
fn record(of: &SetName) -> DriftRecord {
    DriftRecord { drift: Drift::Psi, of: of.clone(), columns: Vec::new(), above: None, approximate: true }
}

/// The rows of `b` that are needed beyond the profiles.
pub fn drift_rows(a: &ProfileRecord, b: &ProfileRecord) -> BTreeMap<String, Wanted> {
    rows_wanted(&record(&a.data), b, a).0
}

/// Every column that both have, the furthest first, those without an index last; `read` are rows of `b`.
pub fn column_drift(a: &ProfileRecord, b: &ProfileRecord, read: &BTreeMap<String, ColumnRows>) -> Vec<ColumnDrift> {
    let record = record(&a.data);
    let of = |ours: &ColumnProfileRecord| {
        let theirs = column(b, &ours.name)?;
        let found = distance(
            &record,
            Side { rows: b.rows, profile: theirs, read: read.get(&ours.name) },
            Side { rows: a.rows, profile: ours, read: None },
        );
        Some(ColumnDrift {
            name: ours.name.clone(),
            approximate: found.as_ref().is_ok_and(|found| found.how != How::Exact),
            psi: found.map(|found| found.low),
            mean: (ours.mean, theirs.mean),
            nulls: (ours.nulls, theirs.nulls),
            distinct: (ours.distinct, theirs.distinct),
            shape: shape(ours, theirs),
        })
    };
    let mut columns: Vec<ColumnDrift> = a.columns.iter().filter_map(of).collect();
    let furthest = |column: &ColumnDrift| column.psi.as_ref().map_or(f64::NEG_INFINITY, |psi| *psi);
    columns.sort_by(|x, y| furthest(y).total_cmp(&furthest(x)));
    columns
}

fn shape(a: &ColumnProfileRecord, b: &ColumnProfileRecord) -> Option<Shape> {
    if let (Ok(ours), Ok(theirs)) = (deciles(a), deciles(b)) {
        // Far outliers would press everything else into one bin: what lies outside of both models' middle has bins of its own.
        let (ours_in, theirs_in) = (ours.middle(), theirs.middle());
        let (low, high) = (ours_in.0.min(theirs_in.0), ours_in.1.max(theirs_in.1));
        const BETWEEN: u32 = 8;
        let edge = |place: u32| low + (high - low) * f64::from(place) / f64::from(BETWEEN);
        let bins = Bins::new(&(0..=BETWEEN).map(edge).collect::<Vec<_>>())?;
        return Some(Shape { categories: None, a: ours.even_counts(&bins), b: theirs.even_counts(&bins) });
    }
    if a.categories.is_empty() || b.categories.is_empty() {
        return None;
    }
    let count = |column: &ColumnProfileRecord, value: &str| {
        column.categories.iter().find(|known| known.value == value).map_or(0, |known| known.count)
    };
    let mut names: Vec<&String> = a.categories.iter().chain(&b.categories).map(|category| &category.value).collect();
    names.sort();
    names.dedup();
    names.sort_by_key(|name| std::cmp::Reverse(count(a, name).max(count(b, name))));
    names.truncate(CATEGORIES);
    names.sort_by_key(|name| std::cmp::Reverse(count(a, name)));
    let counts = |column| names.iter().map(|name| count(column, name)).collect();
    Some(Shape { a: counts(a), b: counts(b), categories: Some(names.into_iter().cloned().collect()) })
}
