//! The rows of two models' sets, matched by key.
//!
//! Nothing is paired by position: that is how regenerated keys pass unnoticed. Knows tables only as they were
//! [read](super::predictions).

mod digest;

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::predictions::{Answers, Keys, Labels, PredictionTable, unreadable};
use super::{Defect, JoinedRows, PredictedColumns, RowNames, SliceColumn, TruthColumn};
use crate::format::policy::Task;
use crate::name::SetName;
use crate::table::Codes;

/// Matches the rows of both sets by key; without a baseline the candidate's rows are all there is.
///
/// Every row must be in both. Labels must agree, numbers exactly. Slices are the candidate's.
///
/// # Errors
/// Rows that are in one only, and labels that differ.
pub fn join(
    set: &SetName,
    task: Task,
    candidate: &PredictionTable,
    baseline: Option<&PredictionTable>,
) -> Result<JoinedRows, Defect> {
    if let Some(baseline) = baseline {
        let matched = candidate.keys.matched(&baseline.keys, &candidate.path)?;
        let larger = candidate.rows().max(baseline.rows());
        // From here on both have the same keys in the same order.
        if matched < larger {
            return Err(Defect::Coverage { set: set.clone(), matched: matched as u64, larger: larger as u64 });
        }
    }
    let tables = [Some(candidate), baseline];
    let tables = tables.iter().flatten();
    let (truth, predicted) = match (task, &candidate.truth) {
        (Task::Binary, Labels::Binary(labels)) => {
            for table in tables.clone() {
                let Labels::Binary(others) = &table.truth else { return Err(other_task(table)) };
                agree(set, &candidate.keys, labels, others)?;
            }
            (TruthColumn::Binary(labels.clone()), tables.map(|table| numeric(&table.predicted)).collect())
        }
        (Task::Regression, Labels::Real(labels)) => {
            for table in tables.clone() {
                let Labels::Real(others) = &table.truth else { return Err(other_task(table)) };
                agree(set, &candidate.keys, labels, others)?;
            }
            (TruthColumn::Real(labels.clone()), tables.map(|table| numeric(&table.predicted)).collect())
        }
        (Task::Multiclass, Labels::Classes(_)) => multiclass(set, candidate, baseline)?,
        _ => return Err(other_task(candidate)),
    };
    if let Some(baseline) = baseline {
        same_slices(set, candidate, baseline)?;
    }
    let mut predicted: Vec<PredictedColumns> = predicted;
    let baseline = baseline.and_then(|_| predicted.pop());
    let candidate_columns = predicted.pop().unwrap_or_default();
    let digest = digest::of(&candidate.keys.hashes, &truth, &candidate_columns, baseline.as_ref());
    Ok(JoinedRows {
        set: set.clone(),
        keys: candidate.keys.hashes.clone(),
        truth,
        candidate: candidate_columns,
        baseline,
        weights: None,
        clusters: None,
        groups: None,
        columns: BTreeMap::new(),
        names: RowNames(Some(Arc::clone(&candidate.keys))),
        slices: candidate.slices.clone(),
        digest,
        only_candidate: 0,
        only_baseline: 0,
    })
}

fn other_task(table: &PredictionTable) -> Defect {
    unreadable(&table.path, "it was read for another task")
}

/// The labels of both tables must be the same; the row that is first in the candidate's file is shown.
fn agree<T: PartialEq>(set: &SetName, keys: &Keys, labels: &[T], others: &[T]) -> Result<(), Defect> {
    let differ = || labels.iter().zip(others).enumerate().filter(|(_, (a, b))| a != b).map(|(place, _)| place);
    match differ().min_by_key(|&place| keys.row(place)) {
        None => Ok(()),
        Some(first) => {
            Err(Defect::LabelsDisagree { set: set.clone(), rows: differ().count() as u64, key: keys.text(first) })
        }
    }
}

/// Whoever may sort rows into slices anew could sort a failure out of sight.
fn same_slices(set: &SetName, candidate: &PredictionTable, baseline: &PredictionTable) -> Result<(), Defect> {
    for (column, ours) in &candidate.slices {
        let Some(theirs) = baseline.slices.get(column) else { continue };
        let text = |slices: &SliceColumn, place: usize| slices.values[slices.rows[place] as usize].clone();
        let differ = || (0..ours.rows.len()).filter(|&place| text(ours, place) != text(theirs, place));
        if let Some(first) = differ().min_by_key(|&place| candidate.keys.row(place)) {
            let (rows, key) = (differ().count() as u64, candidate.keys.text(first));
            return Err(Defect::SlicesDisagree { set: set.clone(), column: column.clone(), rows, key });
        }
    }
    Ok(())
}

/// Columns that need no class names.
fn numeric(answers: &Answers) -> PredictedColumns {
    PredictedColumns {
        scores: answers.scores.clone(),
        classes: answers.classes.as_ref().map(|classes| classes.rows.clone()),
        values: answers.values.clone(),
        ..PredictedColumns::default()
    }
}

/// Classes are numbered over both tables: labels, predictions and score columns.
fn multiclass(
    set: &SetName,
    candidate: &PredictionTable,
    baseline: Option<&PredictionTable>,
) -> Result<(TruthColumn, Vec<PredictedColumns>), Defect> {
    let mut tables = Vec::new();
    let mut names: Vec<String> = Vec::new();
    for table in [Some(candidate), baseline].into_iter().flatten() {
        let Labels::Classes(labels) = &table.truth else { return Err(other_task(table)) };
        names.extend(labels.values.iter().cloned());
        names.extend(table.predicted.classes.iter().flat_map(|classes| classes.values.iter().cloned()));
        names.extend(table.predicted.probabilities.keys().cloned());
        tables.push((table, labels));
    }
    names.sort_by(|a, b| class_order(a, b));
    names.dedup();
    let place: BTreeMap<&str, u32> = names.iter().map(String::as_str).zip(0..).collect();
    let renumbered = |codes: &Codes| -> Vec<u32> {
        let places: Vec<u32> = codes.values.iter().map(|name| place[name.as_str()]).collect();
        codes.rows.iter().map(|&code| places[code as usize]).collect()
    };
    let mut truth: Option<Vec<u32>> = None;
    let mut predicted = Vec::new();
    for (table, labels) in tables {
        let numbers = renumbered(labels);
        match &truth {
            Some(first) => agree(set, &candidate.keys, first, &numbers)?,
            None => truth = Some(numbers),
        }
        predicted.push(PredictedColumns {
            classes: table.predicted.classes.as_ref().map(renumbered),
            probabilities: probabilities(&names, labels, table),
            ..PredictedColumns::default()
        });
    }
    Ok((TruthColumn::Classes { labels: truth.unwrap_or_default(), names }, predicted))
}

/// One column for each class. A class the model has no column for has probability 0, as long as no row is of that class:
/// then what the model thinks of it is not known, and there are no probabilities.
fn probabilities(names: &[String], labels: &Codes, table: &PredictionTable) -> Option<Vec<Vec<f64>>> {
    let known = &table.predicted.probabilities;
    if known.is_empty() || labels.values.iter().any(|label| !known.contains_key(label)) {
        return None;
    }
    let column = |name: &String| known.get(name).cloned().unwrap_or_else(|| vec![0.0; table.rows()]);
    Some(names.iter().map(column).collect())
}

/// Numbers by value, before any other text by bytes.
fn class_order(a: &str, b: &str) -> Ordering {
    let number = |text: &str| text.parse::<f64>().ok().filter(|number| number.is_finite());
    match (number(a), number(b)) {
        (Some(x), Some(y)) => x.total_cmp(&y).then_with(|| a.cmp(b)),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => a.cmp(b),
    }
}
