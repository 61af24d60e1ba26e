//! Some rows of a table: those that another one has, too.

use std::sync::Arc;

use super::{Answers, Labels, Named, PredictionTable};
use crate::evidence::SliceColumn;
use crate::table::Codes;

impl PredictionTable {
    /// The rows at `places`, ascending.
    pub(super) fn picked(&self, places: &[usize]) -> Self {
        let named = |column: &Named<u64>| Named { column: column.column.clone(), cells: some(&column.cells, places) };
        let slice =
            |column: &SliceColumn| SliceColumn { values: column.values.clone(), rows: some(&column.rows, places) };
        Self {
            path: self.path.clone(),
            keys: Arc::new(self.keys.picked(places)),
            truth: match &self.truth {
                Labels::Binary(labels) => Labels::Binary(some(labels, places)),
                Labels::Classes(labels) => Labels::Classes(codes(labels, places)),
                Labels::Real(labels) => Labels::Real(some(labels, places)),
                Labels::Relevance(labels) => Labels::Relevance(some(labels, places)),
                Labels::Texts(labels) => Labels::Texts(some(labels, places)),
            },
            predicted: Answers {
                scores: self.predicted.scores.as_ref().map(|column| some(column, places)),
                classes: self.predicted.classes.as_ref().map(|column| codes(column, places)),
                probabilities: {
                    let columns = self.predicted.probabilities.iter();
                    columns.map(|(class, column)| (class.clone(), some(column, places))).collect()
                },
                values: self.predicted.values.as_ref().map(|column| some(column, places)),
                texts: self.predicted.texts.as_ref().map(|column| some(column, places)),
            },
            positive: self.positive.clone(),
            weights: self
                .weights
                .as_ref()
                .map(|column| Named { column: column.column.clone(), cells: some(&column.cells, places) }),
            clusters: self.clusters.as_ref().map(named),
            groups: self.groups.as_ref().map(named),
            numbers: self.numbers.iter().map(|(name, column)| (name.clone(), some(column, places))).collect(),
            unfit: self.unfit.clone(),
            slices: self.slices.iter().map(|(name, column)| (name.clone(), slice(column))).collect(),
        }
    }
}

fn some<T: Clone>(column: &[T], places: &[usize]) -> Vec<T> {
    places.iter().map(|place| column[*place].clone()).collect()
}

/// Values that no row has any more go: a class that does not occur is none.
fn codes(codes: &Codes, places: &[usize]) -> Codes {
    let rows = some(&codes.rows, places);
    let mut occurs = vec![false; codes.values.len()];
    for code in &rows {
        if let Some(occurs) = occurs.get_mut(*code as usize) {
            *occurs = true;
        }
    }
    let mut next = 0;
    let renumbered: Vec<u32> = occurs
        .iter()
        .map(|occurs| {
            let number = next;
            next += u32::from(*occurs);
            number
        })
        .collect();
    let values = codes.values.iter().zip(&occurs).filter(|(_, occurs)| **occurs).map(|(value, _)| value.clone());
    Codes {
        values: values.collect(),
        rows: rows.iter().map(|code| renumbered.get(*code as usize).copied().unwrap_or(Codes::NULL)).collect(),
    }
}
