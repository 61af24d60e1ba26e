//! Which rows a rule judges, and which together.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::error::CertifyError;
use crate::evidence::{JoinedRows, SliceColumn, TruthColumn};
use crate::format::policy::RuleRecord;
use crate::format::scalar::Scalar;
use crate::name::SetName;
use crate::nearest::nearest;

/// Small slices, judged together.
const OTHER: &str = "(other)";
/// The class a row really has, as a column.
pub(super) const LABEL: &str = "(label)";

/// Rows that a `where` selects.
#[derive(Debug)]
pub(super) struct Selection {
    /// `country=DE,FR; plan=pro`; none: all rows.
    pub label: Option<String>,
    /// Their numbers, ascending.
    pub rows: Vec<u32>,
}

/// The rows of one or more values of a column.
#[derive(Debug)]
pub(super) struct Slice {
    /// `country=DE`.
    pub label: String,
    /// `DE`.
    pub value: String,
    /// Their numbers, ascending.
    pub rows: Vec<u32>,
}

/// A column's slices.
#[derive(Debug)]
pub(super) struct Partition {
    /// Large enough to be judged, by value; `(other)` last.
    pub judged: Vec<Slice>,
    /// Values in no slice.
    pub left_out: Vec<String>,
    /// Their rows.
    pub left_out_rows: u64,
}

/// The slice column a rule names.
pub(super) fn column<'a>(
    rule: &RuleRecord,
    joined: &'a JoinedRows,
    name: &str,
) -> Result<Cow<'a, SliceColumn>, CertifyError> {
    if let Some(labels) = (name == LABEL).then(|| labels(&joined.truth)).flatten() {
        return Ok(Cow::Owned(labels));
    }
    joined.slices.get(name).map(Cow::Borrowed).ok_or_else(|| {
        let known: Vec<String> = joined.slices.keys().cloned().collect();
        unknown_column(rule, &joined.set, name, known)
    })
}

/// The classes as slices; none where labels are no classes.
fn labels(truth: &TruthColumn) -> Option<SliceColumn> {
    match truth {
        TruthColumn::Binary(labels) => {
            let values = ["negative", "positive"].map(str::to_owned).to_vec();
            Some(SliceColumn { values, rows: labels.iter().map(|positive| u32::from(*positive)).collect() })
        }
        TruthColumn::Classes { labels, names } => Some(SliceColumn { values: names.clone(), rows: labels.clone() }),
        TruthColumn::Real(_) | TruthColumn::Relevance(_) | TruthColumn::Texts(_) => None,
    }
}

/// The error of a rule whose column is not among `known`.
pub(super) fn unknown_column(rule: &RuleRecord, set: &SetName, column: &str, known: Vec<String>) -> CertifyError {
    CertifyError::UnknownColumn { rule: rule.id.clone(), set: set.clone(), column: column.to_owned(), known }
}

/// The rows whose columns have the values of a `where`.
pub(super) fn select(
    rule: &RuleRecord,
    joined: &JoinedRows,
    only: &BTreeMap<String, Vec<Scalar>>,
) -> Result<Selection, CertifyError> {
    let n = u32::try_from(joined.keys.len()).unwrap_or(u32::MAX);
    let mut rows: Vec<u32> = (0..n).collect();
    let mut labels = Vec::with_capacity(only.len());
    for (name, wanted) in only {
        let column = column(rule, joined, name)?;
        let mut present = vec![false; column.values.len()];
        for row in &column.rows {
            if let Some(present) = present.get_mut(*row as usize) {
                *present = true;
            }
        }
        let mut chosen = vec![false; column.values.len()];
        for value in wanted {
            let mut found = false;
            for (at, text) in column.values.iter().enumerate() {
                if present[at] && is(text, value) {
                    chosen[at] = true;
                    found = true;
                }
            }
            if !found {
                return Err(unknown_value(rule, name, value, &column));
            }
        }
        // By what was found, not by what was written: `1`, `1.0` and a repetition are the same rows.
        let values: Vec<&str> =
            column.values.iter().zip(&chosen).filter(|(_, chosen)| **chosen).map(|(text, _)| text.as_str()).collect();
        labels.push(format!("{name}={}", values.join(",")));
        rows.retain(|row| column.rows.get(*row as usize).is_some_and(|value| chosen[*value as usize]));
    }
    Ok(Selection { label: (!labels.is_empty()).then(|| labels.join("; ")), rows })
}

/// The selected rows by the values of a column: values with at least `min_rows` alone, the others together if they are to
/// be pooled and reach it. Where no value is alone, pooling would judge all rows as one and call that slices.
pub(super) fn partition(
    name: &str,
    column: &SliceColumn,
    selection: &Selection,
    min_rows: u64,
    pooled: bool,
) -> Partition {
    let mut by_value: Vec<Vec<u32>> = vec![Vec::new(); column.values.len()];
    for row in &selection.rows {
        if let Some(rows) = column.rows.get(*row as usize).and_then(|value| by_value.get_mut(*value as usize)) {
            rows.push(*row);
        }
    }
    let label = |value: &str| match &selection.label {
        Some(label) => format!("{label}; {name}={value}"),
        None => format!("{name}={value}"),
    };
    let mut judged = Vec::new();
    let mut small_values = Vec::new();
    let mut small = Vec::new();
    for (value, rows) in column.values.iter().zip(by_value) {
        if rows.is_empty() {
        } else if rows.len() as u64 >= min_rows {
            judged.push(Slice { label: label(value), value: value.clone(), rows });
        } else {
            small_values.push(value.clone());
            small.extend(rows);
        }
    }
    if small.is_empty() || judged.is_empty() || !pooled || (small.len() as u64) < min_rows {
        return Partition { judged, left_out: small_values, left_out_rows: small.len() as u64 };
    }
    small.sort_unstable();
    judged.push(Slice { label: label(OTHER), value: OTHER.to_owned(), rows: small });
    Partition { judged, left_out: Vec::new(), left_out_rows: 0 }
}

/// Whether a cell's text is the value a policy names. Tables print numbers and truth values in several ways.
pub(super) fn is(text: &str, value: &Scalar) -> bool {
    match value {
        Scalar::Text(wanted) => text == wanted,
        Scalar::Bool(wanted) => text.eq_ignore_ascii_case(if *wanted { "true" } else { "false" }),
        Scalar::Int(_) | Scalar::Float(_) => {
            text == value.to_string() || text.parse::<f64>().is_ok_and(|number| value.finite() == Some(number))
        }
        Scalar::Null | Scalar::List(_) | Scalar::EmptyMap | Scalar::Erased => false,
    }
}

fn unknown_value(rule: &RuleRecord, name: &str, value: &Scalar, column: &SliceColumn) -> CertifyError {
    let value = value.to_string();
    CertifyError::UnknownValue {
        rule: rule.id.clone(),
        column: name.to_owned(),
        nearest: nearest(&value, column.values.iter().map(String::as_str)),
        value,
    }
}
