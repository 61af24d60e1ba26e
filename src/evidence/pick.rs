//! Some rows of a joined set, gathered.

use super::{JoinedRows, NumberColumns, PredictedColumns, RowNames, SliceColumn, TruthColumn};

impl JoinedRows {
    /// The rows with these keys; a key that no row has is passed over.
    pub fn only(&self, keys: &[Vec<String>]) -> Self {
        let mut rows: Vec<usize> = keys.iter().filter_map(|key| self.place(key)).collect();
        rows.sort_unstable();
        rows.dedup();
        let rows = rows.as_slice();
        Self {
            set: self.set.clone(),
            keys: some(&self.keys, rows),
            truth: match &self.truth {
                TruthColumn::Binary(labels) => TruthColumn::Binary(some(labels, rows)),
                TruthColumn::Classes { labels, names } => {
                    TruthColumn::Classes { labels: some(labels, rows), names: names.clone() }
                }
                TruthColumn::Real(labels) => TruthColumn::Real(some(labels, rows)),
                TruthColumn::Relevance(labels) => TruthColumn::Relevance(some(labels, rows)),
                TruthColumn::Texts(labels) => TruthColumn::Texts(some(labels, rows)),
            },
            candidate: predicted(&self.candidate, rows),
            baseline: self.baseline.as_ref().map(|columns| predicted(columns, rows)),
            weights: self.weights.as_ref().map(|column| some(column, rows)),
            clusters: self.clusters.as_ref().map(|column| some(column, rows)),
            groups: self.groups.as_ref().map(|column| some(column, rows)),
            columns: self.columns.iter().map(|(name, column)| (name.clone(), numbers(column, rows))).collect(),
            unfit: self.unfit.clone(),
            names: RowNames::default(),
            slices: self
                .slices
                .iter()
                .map(|(name, column)| {
                    (name.clone(), SliceColumn { values: column.values.clone(), rows: some(&column.rows, rows) })
                })
                .collect(),
            digest: self.digest,
            only_candidate: self.only_candidate,
            only_baseline: self.only_baseline,
        }
    }
}

fn numbers(columns: &NumberColumns, rows: &[usize]) -> NumberColumns {
    NumberColumns {
        candidate: some(&columns.candidate, rows),
        baseline: columns.baseline.as_ref().map(|column| some(column, rows)),
    }
}

fn predicted(columns: &PredictedColumns, rows: &[usize]) -> PredictedColumns {
    PredictedColumns {
        scores: columns.scores.as_ref().map(|column| some(column, rows)),
        classes: columns.classes.as_ref().map(|column| some(column, rows)),
        probabilities: columns
            .probabilities
            .as_ref()
            .map(|columns| columns.iter().map(|column| some(column, rows)).collect()),
        values: columns.values.as_ref().map(|column| some(column, rows)),
        texts: columns.texts.as_ref().map(|column| some(column, rows)),
    }
}

/// A column that is too short stays so: whoever uses it checks that.
fn some<T: Clone>(column: &[T], rows: &[usize]) -> Vec<T> {
    rows.iter().filter_map(|row| column.get(*row).cloned()).collect()
}
