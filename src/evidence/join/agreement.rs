//! What two models' tables must have in common: keys, labels, slices, and whatever says how rows count.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use super::super::Defect;
use super::{Keys, Labels, Named, PredictionTable, unreadable};
use crate::name::SetName;
use crate::table::Codes;

/// So large a share of the larger table's rows must be in both. How many are.
pub(super) fn of_keys(
    set: &SetName,
    candidate: &PredictionTable,
    baseline: &PredictionTable,
    coverage: f64,
) -> Result<usize, Defect> {
    if Arc::ptr_eq(&candidate.keys, &baseline.keys) {
        return Ok(candidate.rows());
    }
    let matched = candidate.keys.matched(&baseline.keys, &candidate.path)?;
    let larger = candidate.rows().max(baseline.rows());
    // A share that is no number is not enough.
    if matched == larger || matched > 0 && matched as f64 >= coverage * larger as f64 {
        return Ok(matched);
    }
    Err(Defect::Coverage { set: set.clone(), matched: matched as u64, larger: larger as u64 })
}

/// Whoever calls another label positive would compare two other questions, even where the labels are turned round with it.
pub(super) fn of_positive(
    set: &SetName,
    candidate: &PredictionTable,
    baseline: &PredictionTable,
) -> Result<(), Defect> {
    // `true` of one file is the 1 of another.
    let number = |text: &str| match text.to_lowercase().as_str() {
        "true" => "1".to_owned(),
        "false" => "0".to_owned(),
        _ => text.to_owned(),
    };
    match (&candidate.positive, &baseline.positive) {
        (Some(ours), Some(theirs)) if number(ours) != number(theirs) => {
            Err(Defect::OtherPositive { set: set.clone(), candidate: ours.clone(), baseline: theirs.clone() })
        }
        _ => Ok(()),
    }
}

/// The labels of both tables must be the same; the row that is first in the candidate's file is shown.
pub(super) fn of_labels(set: &SetName, candidate: &PredictionTable, baseline: &PredictionTable) -> Result<(), Defect> {
    let found = match (&candidate.truth, &baseline.truth) {
        (Labels::Binary(a), Labels::Binary(b)) => differing(&candidate.keys, a, b),
        (Labels::Real(a), Labels::Real(b)) | (Labels::Relevance(a), Labels::Relevance(b)) => {
            differing(&candidate.keys, a, b)
        }
        (Labels::Texts(a), Labels::Texts(b)) => differing(&candidate.keys, a, b),
        (Labels::Classes(a), Labels::Classes(b)) => {
            differing(&candidate.keys, &a.rows, &codes_among(&a.values, &b.values, &b.rows))
        }
        _ => return Err(unreadable(&baseline.path, "it was read for another task")),
    };
    match found {
        None => Ok(()),
        Some((rows, key)) => Err(Defect::LabelsDisagree { set: set.clone(), rows, key }),
    }
}

/// The places of the rows with the same label in both tables.
pub(super) fn same_labels(candidate: &PredictionTable, baseline: &PredictionTable) -> Vec<usize> {
    fn same<T: PartialEq>(ours: &[T], theirs: &[T]) -> Vec<usize> {
        ours.iter().zip(theirs).enumerate().filter(|(_, (a, b))| a == b).map(|(place, _)| place).collect()
    }
    match (&candidate.truth, &baseline.truth) {
        (Labels::Binary(a), Labels::Binary(b)) => same(a, b),
        (Labels::Real(a), Labels::Real(b)) | (Labels::Relevance(a), Labels::Relevance(b)) => same(a, b),
        (Labels::Texts(a), Labels::Texts(b)) => same(a, b),
        (Labels::Classes(a), Labels::Classes(b)) => same(&a.rows, &codes_among(&a.values, &b.values, &b.rows)),
        _ => Vec::new(),
    }
}

/// Whoever may sort rows into slices anew could sort a failure out of sight.
pub(super) fn of_slices(set: &SetName, candidate: &PredictionTable, baseline: &PredictionTable) -> Result<(), Defect> {
    for (column, ours) in &candidate.slices {
        let Some(theirs) = baseline.slices.get(column) else { continue };
        let theirs = codes_among(&ours.values, &theirs.values, &theirs.rows);
        if let Some((rows, key)) = differing(&candidate.keys, &ours.rows, &theirs) {
            return Err(Defect::SlicesDisagree { set: set.clone(), column: column.clone(), rows, key });
        }
    }
    Ok(())
}

/// A column of a role that both tables have, and then the same, or neither: whoever could give the rows other weights by having
/// them alone would choose which rows count. `compared` is whether there is a baseline at all.
pub(super) fn both<T: PartialEq>(
    (set, compared): (&SetName, bool),
    role: &'static str,
    keys: &Keys,
    candidate: Option<Named<T>>,
    baseline: Option<Named<T>>,
) -> Result<Option<Vec<T>>, Defect> {
    let (ours, theirs) = match (candidate, baseline) {
        (Some(ours), Some(theirs)) => (ours, theirs),
        (None, None) => return Ok(None),
        (Some(ours), None) if !compared => return Ok(Some(ours.cells)),
        (one, other) => {
            let whose = if one.is_some() { "candidate" } else { "baseline" };
            let column = one.or(other).map_or_else(String::new, |named| named.column);
            return Err(Defect::OneSided { set: set.clone(), role, column, whose });
        }
    };
    match differing(keys, &ours.cells, &theirs.cells) {
        None => Ok(Some(ours.cells)),
        Some((rows, key)) => Err(Defect::SlicesDisagree { set: set.clone(), column: ours.column, rows, key }),
    }
}

/// How many cells differ, and the key of the one whose row is first in the candidate's file.
fn differing<T: PartialEq>(keys: &Keys, ours: &[T], theirs: &[T]) -> Option<(u64, String)> {
    let differ = || ours.iter().zip(theirs).enumerate().filter(|(_, (a, b))| a != b).map(|(place, _)| place);
    let first = differ().min_by_key(|&place| keys.row(place))?;
    Some((differ().count() as u64, keys.text(first)))
}

/// `rows` of `theirs` as indices into `ours`; what is not among them is [`Codes::NULL`], which no label or slice has.
fn codes_among<'a>(ours: &[String], theirs: &[String], rows: &'a [u32]) -> Cow<'a, [u32]> {
    if ours == theirs {
        return Cow::Borrowed(rows);
    }
    let known: HashMap<&str, u32> = ours.iter().map(String::as_str).zip(0..).collect();
    let codes: Vec<u32> =
        theirs.iter().map(|value| known.get(value.as_str()).copied().unwrap_or(Codes::NULL)).collect();
    rows.iter().map(|&code| codes[code as usize]).collect()
}
