//! What the stored predictions of a version and of what it is compared with come to in slices.

use super::predictions::Side;
use crate::certify::{self, SliceValues, Terms};
use crate::evidence::JoinedRows;
use crate::format::policy::{PolicyRecord, Task};
use crate::measure::Better;
use crate::page::report::{Bounded, SliceRow, SliceValue, Sliced};

/// Columns that are sliced by.
const MOST_COLUMNS: usize = 4;

/// Rows that can be sliced.
pub(super) struct Sliceable<'a> {
    pub(super) joined: &'a JoinedRows,
    pub(super) task: Task,
    /// What the version was judged by, or would be.
    pub(super) policy: Option<&'a PolicyRecord>,
    /// Whether rules that name no set are about these rows.
    pub(super) is_unnamed: bool,
}

/// By every column that says which slice a row is in, a few at most; why there are none where there should be.
pub(super) fn of_rows(
    rows: &Sliceable<'_>,
    own: &Side<'_>,
    other: Option<&Side<'_>>,
    quick: bool,
) -> Result<Vec<Sliced>, String> {
    let terms = rows.policy.map_or_else(|| Terms::without_rules(rows.task), Terms::of);
    let Some(found) = certify::sliced_metric(rows.joined, &terms, rows.is_unnamed, quick).map_err(|why| {
        format!("{why}{}", if quick { format!("; `mlrun report {}` may", own.label) } else { String::new() })
    })?
    else {
        return Ok(Vec::new());
    };
    let row = |values: &SliceValues| {
        let value = |side: &Side<'_>, value: &Result<certify::Interval, String>| SliceValue {
            model: side.label.clone(),
            place: side.place,
            rows: values.rows,
            value: value.clone().map(bounded),
        };
        let theirs = other.zip(values.baseline.as_ref()).map(|(side, found)| value(side, found));
        SliceRow {
            slice: values.slice.clone(),
            values: [value(own, &values.candidate)].into_iter().chain(theirs).collect(),
            difference: values.difference.clone().map(|found| found.map(bounded)),
        }
    };
    let columns = found.columns.iter().take(MOST_COLUMNS).map(|column| Sliced {
        metric: found.metric.clone(),
        column: column.column.clone(),
        is_higher_better: found.better == Better::Higher,
        confidence: found.confidence,
        rows: std::iter::once(&found.whole).chain(&column.slices).map(row).collect(),
        left_out: column.left_out,
    });
    Ok(columns.collect())
}

const fn bounded(found: certify::Interval) -> Bounded {
    Bounded { value: found.value, lower: found.lower, upper: found.upper }
}
