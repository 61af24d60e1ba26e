//! A metric of one or two models in every slice of a set, with bounds: which rows a model is good at, and which not.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use rayon::prelude::*;

use super::metrics::{Asked, asked};
use super::{Tails, Terms};
use crate::certify::measured::{Incomparable, few, too_few, two_models};
use crate::certify::rows::{View, consistent};
use crate::certify::slices::{Partition, Selection, Slice, partition};
use crate::evidence::JoinedRows;
use crate::format::policy::Task;
use crate::measure::{self, Better, Predicted};

/// Smaller slices are taken together.
const LEAST_ROWS: u64 = 20;
/// Slices of a column; the rest, of the fewest rows, is counted.
const MOST_SLICES: usize = 40;
/// Rows times resamples that are looked at for a page.
const MOST_RESAMPLED: u64 = 200_000_000;

/// A metric in slices.
#[derive(Debug, Clone, PartialEq)]
pub struct SlicedMetric {
    /// What is measured, as a certificate calls it.
    pub metric: String,
    /// Which way is better.
    pub better: Better,
    /// The confidence of its intervals.
    pub confidence: f64,
    /// Whether that is of both ends together.
    pub tails: Tails,
    /// Over all rows.
    pub whole: SliceValues,
    /// By the columns that rows are sorted by.
    pub columns: Vec<SlicedColumn>,
}

/// The slices of a column.
#[derive(Debug, Clone, PartialEq)]
pub struct SlicedColumn {
    /// Its name.
    pub column: String,
    /// By value.
    pub slices: Vec<SliceValues>,
    /// Values whose rows are in no slice, and those rows.
    pub left_out: (u64, u64),
}

/// A metric on some rows.
#[derive(Debug, Clone, PartialEq)]
pub struct SliceValues {
    /// `country=DE`; none: all rows.
    pub slice: Option<String>,
    /// Rows.
    pub rows: u64,
    /// The candidate's, or why it is not known.
    pub candidate: Result<Interval, String>,
    /// The baseline's, where there is one.
    pub baseline: Option<Result<Interval, String>>,
    /// Candidate minus baseline, row by row.
    pub difference: Option<Result<Interval, String>>,
}

/// A number between two bounds, which are as sure as [`SlicedMetric::confidence`] says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The number.
    pub value: f64,
    /// Its lower bound.
    pub lower: f64,
    /// Its upper bound.
    pub upper: f64,
}

/// The first metric that rules on these rows ask for, or that everybody knows, in the slices of every column that rows are sorted by.
/// `unnamed` is whether rules that name no set are about this one.
///
/// With `quick` only bounds that are not resampled.
///
/// # Errors
/// Why there is none: rows that contradict the task, or bounds that would take too long.
pub fn sliced_metric(
    joined: &JoinedRows,
    terms: &Terms<'_>,
    unnamed: bool,
    quick: bool,
) -> Result<Option<SlicedMetric>, String> {
    if joined.slices.is_empty() {
        return Ok(None);
    }
    consistent(joined, terms.task)?;
    let whole = View::whole(joined);
    let is_of_slices = |one: &Asked<'_>| {
        matches!(one.selection, Ok(None)) && one.spec.metric.has_interval() && one.spec.parameters.columns.is_empty()
    };
    let known: Vec<Asked<'_>> = asked(joined, terms, unnamed).into_iter().filter(is_of_slices).collect();
    let most = if quick { 0 } else { MOST_RESAMPLED };
    let affordable = |one: &&Asked<'_>| {
        let sampling = terms.sampling(&whole, &one.spec);
        let resampled = measure::resamples_rows(&one.spec, &whole.rows(), &sampling);
        !resampled || whole.len().saturating_mul(u64::from(terms.resamples)) <= most
    };
    let Some(first) = known.first() else { return Ok(None) };
    let one = known.iter().find(affordable).ok_or_else(|| {
        format!("{} in slices is not shown: so many rows would be drawn again and again for its bounds", first.title)
    })?;
    let of = |label: Option<String>, view: &View<'_>| values(one, terms, label, view);
    let columns = joined.slices.par_iter().map(|(name, column)| {
        let all = Selection { label: None, rows: (0..).take(joined.keys.len()).collect() };
        let Partition { judged, left_out, left_out_rows } = partition(name, column, &all, LEAST_ROWS, true);
        let (kept, dropped) = largest(judged);
        let dropped_rows: u64 = dropped.iter().map(|slice| slice.rows.len() as u64).sum();
        let left_out = ((left_out.len() + dropped.len()) as u64, left_out_rows + dropped_rows);
        let slices = kept.into_par_iter().map(|slice| of(Some(slice.label), &View::of(joined, &slice.rows)));
        SlicedColumn { column: name.clone(), slices: slices.collect(), left_out }
    });
    let columns: Vec<SlicedColumn> = columns.filter(|column| !column.slices.is_empty()).collect();
    Ok((!columns.is_empty()).then(|| SlicedMetric {
        metric: one.title.clone(),
        better: one.spec.better(),
        confidence: terms.confidence,
        tails: terms.tails,
        whole: of(None, &whole),
        columns,
    }))
}

/// Those of the most rows, in the order they are in, and the others.
fn largest(slices: Vec<Slice>) -> (Vec<Slice>, Vec<Slice>) {
    let mut places: Vec<usize> = (0..slices.len()).collect();
    places.sort_by_key(|place| Reverse(slices.get(*place).map_or(0, |slice| slice.rows.len())));
    let kept: BTreeSet<usize> = places.into_iter().take(MOST_SLICES).collect();
    let (kept, dropped): (Vec<_>, Vec<_>) = slices.into_iter().enumerate().partition(|(at, _)| kept.contains(at));
    (kept.into_iter().map(|(_, slice)| slice).collect(), dropped.into_iter().map(|(_, slice)| slice).collect())
}

fn values(one: &Asked<'_>, terms: &Terms<'_>, slice: Option<String>, view: &View<'_>) -> SliceValues {
    let sampling = terms.sampling(view, &one.spec);
    let of_queries = terms.task == Task::Ranking;
    let of = |model: &Predicted<'_>| -> Result<Interval, String> {
        let found = measure::estimate(&one.spec, &view.rows(), model, &sampling);
        let found = found.map_err(|undefined| undefined.to_string())?;
        match too_few(found.method, &found.sufficient) {
            Some(units) => Err(few(units, of_queries)),
            None => Ok(Interval { value: found.value, lower: found.lower, upper: found.upper }),
        }
    };
    let baseline = view.baseline();
    let difference = baseline.as_ref().map(|baseline| {
        let found = two_models(&one.spec, view, baseline, &sampling, of_queries);
        let found = found.map_err(|why| match why {
            Incomparable::TooFew(units) => few(units, of_queries),
            Incomparable::Undefined(undefined) => undefined.to_string(),
        })?;
        Ok(Interval { value: found.delta, lower: found.lower, upper: found.upper })
    });
    SliceValues {
        slice,
        rows: view.len(),
        candidate: of(&view.candidate()),
        baseline: baseline.as_ref().map(of),
        difference,
    }
}
