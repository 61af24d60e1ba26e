//! Models that are equal by construction, and one that is useless: what a rule makes of them says what it does here.
//!
//! A set of other rows is drawn from the rows there are, with replacement, clusters and queries whole. Where both models'
//! predictions are known, each unit's are exchanged with probability ½: then neither is better, and they differ as these two
//! do. Where only one model is known, or both said the same, the second one says of each row what the first one said of
//! another row with the same label (of numbers: is as far off as on another row): an equal model that errs independently, which is the most that two
//! equal models can differ.

use std::collections::BTreeMap;

use super::rows::{gather, predicted, truth_of};
use crate::digest::Hasher;
use crate::evidence::{JoinedRows, NumberColumns, PredictedColumns, RowNames, SliceColumn, TruthColumn};
use crate::measure::Draws;

/// Names the scheme by which draws follow from evidence.
const PURPOSE: &str = "mlrun/equal-model/1";

/// Rows like these, on which both models are equal; `number` names the draw. None where nothing says what an equal model is.
pub(super) fn equal(joined: &JoinedRows, number: u32) -> Option<JoinedRows> {
    let mut draws = Draws::new(joined.digest.as_bytes(), PURPOSE, number);
    let other = match &joined.baseline {
        Some(baseline) if !predicted(baseline).same_as(&predicted(&joined.candidate)) => baseline.clone(),
        _ => of_other_rows(&joined.truth, &joined.candidate, &mut draws)?,
    };
    let units = units(joined);
    let (mut rows, mut exchanged, mut unit_of) = (Vec::new(), Vec::new(), Vec::new());
    for drawn in 0..units.len() {
        let unit = &units[draws.below(units.len())];
        let exchange = draws.coin();
        for row in unit {
            rows.push(*row);
            exchanged.push(exchange);
            unit_of.push(drawn as u64);
        }
    }
    let pick = |ours: &PredictedColumns, theirs: &PredictedColumns| mixed(ours, theirs, &rows, &exchanged);
    let (candidate, baseline) = (pick(&joined.candidate, &other)?, pick(&other, &joined.candidate)?);
    Some(drawn(joined, (&rows, &exchanged, &unit_of), candidate, baseline, number))
}

/// The same rows with a candidate that says of each what it said of some other one.
pub(super) fn useless(joined: &JoinedRows) -> JoinedRows {
    let mut draws = Draws::new(joined.digest.as_bytes(), PURPOSE, u32::MAX);
    let mut order: Vec<u32> = (0..joined.keys.len() as u32).collect();
    draws.shuffle(&mut order);
    let candidate = some_rows(&joined.candidate, &order);
    // Without a baseline what the candidate says is the good model.
    let baseline = joined.baseline.clone().unwrap_or_else(|| joined.candidate.clone());
    JoinedRows { candidate, baseline: Some(baseline), ..joined.clone() }
}

/// What is drawn together.
fn units(joined: &JoinedRows) -> Vec<Vec<u32>> {
    let n = joined.keys.len() as u32;
    let mut units: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
    match (&joined.clusters, &joined.groups) {
        (None, None) => return (0..n).map(|row| vec![row]).collect(),
        (Some(clusters), _) => {
            clusters.iter().zip(0..n).for_each(|(unit, row)| units.entry(*unit).or_default().push(row))
        }
        (None, Some(groups)) => {
            groups.iter().zip(0..n).for_each(|(unit, row)| units.entry((*unit).into()).or_default().push(row));
        }
    }
    units.into_values().collect()
}

/// Predictions of other rows with the same label; none where only whole lists are right or wrong.
fn of_other_rows(truth: &TruthColumn, predicted: &PredictedColumns, draws: &mut Draws) -> Option<PredictedColumns> {
    let classes: Vec<u32> = match truth {
        TruthColumn::Binary(labels) => labels.iter().map(|positive| u32::from(*positive)).collect(),
        TruthColumn::Classes { labels, .. } => labels.clone(),
        TruthColumn::Real(labels) => {
            let values = predicted.values.as_ref()?;
            let mut errors: Vec<f64> = values.iter().zip(labels).map(|(value, label)| value - label).collect();
            draws.shuffle(&mut errors);
            let values = Some(labels.iter().zip(errors).map(|(label, error)| label + error).collect());
            return Some(PredictedColumns { values, ..PredictedColumns::default() });
        }
        TruthColumn::Relevance(_) | TruthColumn::Texts(_) => return None,
    };
    let mut by_class: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for (row, class) in (0..).zip(&classes) {
        by_class.entry(*class).or_default().push(row);
    }
    let mut order = vec![0; classes.len()];
    for rows in by_class.into_values() {
        let mut others = rows.clone();
        draws.shuffle(&mut others);
        rows.into_iter().zip(others).for_each(|(row, other)| order[row as usize] = other);
    }
    Some(some_rows(predicted, &order))
}

/// `rows` of one model, or of the other where they are exchanged; none where one of them lacks a column.
fn mixed(
    ours: &PredictedColumns,
    theirs: &PredictedColumns,
    rows: &[u32],
    exchanged: &[bool],
) -> Option<PredictedColumns> {
    fn column<T: Clone>(a: &[T], b: &[T], rows: &[u32], exchanged: &[bool]) -> Vec<T> {
        let from = |(row, exchanged): (&u32, &bool)| if *exchanged { b } else { a }[*row as usize].clone();
        rows.iter().zip(exchanged).map(from).collect()
    }
    fn both<T: Clone>(
        a: Option<&Vec<T>>,
        b: Option<&Vec<T>>,
        rows: &[u32],
        exchanged: &[bool],
    ) -> Option<Option<Vec<T>>> {
        match (a, b) {
            (None, None) => Some(None),
            (Some(a), Some(b)) => Some(Some(column(a, b, rows, exchanged))),
            _ => None,
        }
    }
    let probabilities = match (&ours.probabilities, &theirs.probabilities) {
        (None, None) => None,
        (Some(a), Some(b)) if a.len() == b.len() => {
            Some(a.iter().zip(b).map(|(a, b)| column(a, b, rows, exchanged)).collect())
        }
        _ => return None,
    };
    Some(PredictedColumns {
        scores: both(ours.scores.as_ref(), theirs.scores.as_ref(), rows, exchanged)?,
        classes: both(ours.classes.as_ref(), theirs.classes.as_ref(), rows, exchanged)?,
        probabilities,
        values: both(ours.values.as_ref(), theirs.values.as_ref(), rows, exchanged)?,
        texts: both(ours.texts.as_ref(), theirs.texts.as_ref(), rows, exchanged)?,
    })
}

/// The rows drawn, as a set of their own: a row that was drawn twice is two rows.
fn drawn(
    joined: &JoinedRows,
    (rows, exchanged, unit_of): (&[u32], &[bool], &[u64]),
    candidate: PredictedColumns,
    baseline: PredictedColumns,
    number: u32,
) -> JoinedRows {
    let mut hasher = Hasher::default();
    hasher.update(joined.digest.as_bytes());
    hasher.update(&number.to_le_bytes());
    JoinedRows {
        set: joined.set.clone(),
        keys: (0..rows.len() as u64).collect(),
        truth: truth_of(&joined.truth, rows),
        candidate,
        baseline: Some(baseline),
        weights: joined.weights.as_ref().map(|weights| gather(weights, rows)),
        clusters: joined.clusters.as_ref().map(|_| unit_of.to_vec()),
        groups: joined.groups.as_ref().map(|groups| match joined.clusters {
            Some(_) => gather(groups, rows),
            None => unit_of.iter().map(|unit| *unit as u32).collect(),
        }),
        columns: joined.columns.iter().map(|(name, column)| (name.clone(), numbers(column, rows, exchanged))).collect(),
        unfit: joined.unfit.clone(),
        names: RowNames::default(),
        slices: joined
            .slices
            .iter()
            .map(|(name, column)| {
                (name.clone(), SliceColumn { values: column.values.clone(), rows: gather(&column.rows, rows) })
            })
            .collect(),
        digest: hasher.finish(),
        only_candidate: 0,
        only_baseline: 0,
    }
}

/// Exchanged with the answers that they stand beside.
fn numbers(column: &NumberColumns, rows: &[u32], exchanged: &[bool]) -> NumberColumns {
    let Some(theirs) = &column.baseline else {
        return NumberColumns { candidate: gather(&column.candidate, rows), baseline: None };
    };
    let pick = |a: &[f64], b: &[f64]| {
        rows.iter().zip(exchanged).map(|(row, exchanged)| if *exchanged { b } else { a }[*row as usize]).collect()
    };
    NumberColumns { candidate: pick(&column.candidate, theirs), baseline: Some(pick(theirs, &column.candidate)) }
}

fn some_rows(columns: &PredictedColumns, rows: &[u32]) -> PredictedColumns {
    mixed(columns, columns, rows, &vec![false; rows.len()]).unwrap_or_default()
}
