//! Classes are numbered over both tables: labels, predictions and score columns.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::super::{PredictedColumns, TruthColumn};
use super::{Answers, Labels};
use crate::table::Codes;

/// The labels and both models' answers as numbers of classes. The baseline's labels are the candidate's, in another numbering.
pub(super) fn numbered(
    labels: Codes,
    candidate: Answers,
    baseline: Option<(Labels, Answers)>,
) -> (TruthColumn, PredictedColumns, Option<PredictedColumns>) {
    let mut names: Vec<String> = labels.values.clone();
    for answers in [Some(&candidate), baseline.as_ref().map(|(_, answers)| answers)].into_iter().flatten() {
        names.extend(answers.classes.iter().flat_map(|classes| classes.values.iter().cloned()));
        names.extend(answers.probabilities.keys().cloned());
    }
    names.sort_by(|a, b| class_order(a, b));
    names.dedup();
    let place: BTreeMap<&str, u32> = names.iter().map(String::as_str).zip(0..).collect();
    let renumbered = |codes: Codes| -> Vec<u32> {
        let places: Vec<u32> = codes.values.iter().map(|name| place[name.as_str()]).collect();
        codes.rows.into_iter().map(|code| places[code as usize]).collect()
    };
    let rows = labels.rows.len();
    let columns = |answers: Answers| PredictedColumns {
        classes: answers.classes.map(renumbered),
        probabilities: probabilities(&names, &labels.values, answers.probabilities, rows),
        ..PredictedColumns::default()
    };
    let (candidate, baseline) = (columns(candidate), baseline.map(|(_, answers)| columns(answers)));
    let labels = renumbered(labels);
    (TruthColumn::Classes { labels, names }, candidate, baseline)
}

/// One column for each class. A class the model has no column for has probability 0, as long as no row is of that class:
/// then what the model thinks of it is not known, and there are no probabilities.
fn probabilities(
    names: &[String],
    labels: &[String],
    mut known: BTreeMap<String, Vec<f64>>,
    rows: usize,
) -> Option<Vec<Vec<f64>>> {
    if known.is_empty() || labels.iter().any(|label| !known.contains_key(label)) {
        return None;
    }
    Some(names.iter().map(|name| known.remove(name).unwrap_or_else(|| vec![0.0; rows])).collect())
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
