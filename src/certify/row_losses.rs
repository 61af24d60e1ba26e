//! How far off a model is in a row, as a rule measures it: the likeliest wrong class first, the largest error, the worst number of
//! a column.

use super::rows::View;
use crate::evidence::{JoinedRows, NumberColumns, PredictedColumns, TruthColumn};
use crate::measure::{self, Better, MetricSpec};

/// A row with how far off the candidate is.
pub(super) struct RowLoss {
    /// Its number.
    pub place: u32,
    /// More is worse.
    pub loss: f64,
    /// Whether the candidate is wrong at all.
    pub wrong: bool,
    /// Wrong now and right before; of what is not right or wrong, further off than before.
    pub new: bool,
}

/// Every row by its answer. Nothing where only the order counts, or what is right is not defined.
pub(super) fn of_answers(joined: &JoinedRows, places: &[u32], right_by: &MetricSpec, mut tell: impl FnMut(RowLoss)) {
    let view = View::of(joined, places);
    let truth = view.rows().truth;
    let (candidate, baseline) = (view.candidate(), view.baseline());
    if matches!(joined.truth, TruthColumn::Texts(_)) {
        let scores = |predicted| measure::answer_scores(right_by, &truth, predicted).ok();
        let (Some(ours), theirs) = (scores(&candidate), baseline.as_ref().and_then(scores)) else { return };
        for (at, (&place, score)) in places.iter().zip(&ours).enumerate() {
            let (loss, before) = (1.0 - score, theirs.as_ref().map(|theirs| 1.0 - theirs[at]));
            tell(RowLoss { place, loss, wrong: loss > 0.0, new: before.is_some_and(|before| loss > before) });
        }
        return;
    }
    let both = baseline.and_then(|baseline| measure::both_right(right_by, &truth, &candidate, &baseline).ok());
    let (ours, theirs) = match both {
        Some((ours, theirs)) => (Some(ours), Some(theirs)),
        None => (measure::right(right_by, &truth, &candidate).ok(), None),
    };
    for (at, &place) in places.iter().enumerate() {
        let Some(loss) = off(&joined.truth, &joined.candidate, place as usize) else { continue };
        let (wrong, new) = match &ours {
            Some(ours) => (!ours[at], !ours[at] && theirs.as_ref().is_some_and(|theirs| theirs[at])),
            None => {
                let before = joined.baseline.as_ref().and_then(|b| off(&joined.truth, b, place as usize));
                (loss > 0.0, before.is_some_and(|before| loss > before))
            }
        };
        tell(RowLoss { place, loss, wrong, new });
    }
}

/// How far off a model is; none of what it said nothing about.
pub(super) fn off(truth: &TruthColumn, predicted: &PredictedColumns, at: usize) -> Option<f64> {
    let differs = |differs: bool| if differs { 1.0 } else { 0.0 };
    Some(match truth {
        TruthColumn::Binary(labels) => match (&predicted.scores, &predicted.classes) {
            (Some(scores), _) if labels[at] => -scores[at],
            (Some(scores), _) => scores[at],
            (None, Some(classes)) => differs((classes[at] == 1) != labels[at]),
            (None, None) => return None,
        },
        TruthColumn::Classes { labels, .. } => match (&predicted.probabilities, &predicted.classes) {
            (Some(columns), _) => 1.0 - columns.get(labels[at] as usize)?[at],
            (None, Some(classes)) => differs(classes[at] != labels[at]),
            (None, None) => return None,
        },
        TruthColumn::Real(labels) => (predicted.values.as_ref()?[at] - labels[at]).abs(),
        TruthColumn::Texts(_) | TruthColumn::Relevance(_) => return None,
    })
}

/// Every row by its part in a metric of columns: the number itself, or, of a ratio, what the row adds to it. With a baseline by how
/// much worse that is than the baseline's.
pub(super) fn of_columns(joined: &JoinedRows, places: &[u32], spec: &MetricSpec, mut tell: impl FnMut(RowLoss)) {
    let columns: Option<Vec<&NumberColumns>> =
        spec.parameters.columns.iter().map(|name| joined.columns.get(name)).collect();
    let Some(columns) = columns.filter(|columns| !columns.is_empty()) else { return };
    let sign = if spec.better() == Better::Higher { -1.0 } else { 1.0 };
    let ours: Vec<&[f64]> = columns.iter().map(|column| column.candidate.as_slice()).collect();
    let ours = Part::of(&ours, places);
    let theirs: Option<Vec<&[f64]>> = columns.iter().map(|column| column.baseline.as_deref()).collect();
    let theirs = theirs.map(|columns| Part::of(&columns, places));
    for &place in places {
        let at = place as usize;
        let loss = sign * (ours.at(at) - theirs.as_ref().map_or(0.0, |theirs| theirs.at(at)));
        let worse = theirs.is_some() && loss > 0.0;
        tell(RowLoss { place, loss, wrong: theirs.is_none() || worse, new: worse });
    }
}

/// What a row adds to a metric of one column, or of one over another.
struct Part<'a> {
    over: &'a [f64],
    /// The other column, and the ratio of all rows.
    under: Option<(&'a [f64], f64)>,
}

impl<'a> Part<'a> {
    fn of(columns: &[&'a [f64]], places: &[u32]) -> Self {
        let total = |column: &[f64]| places.iter().map(|row| column[*row as usize]).sum::<f64>();
        match columns {
            [over, under] => Self { over, under: Some((under, total(over) / total(under))) },
            several => Self { over: several.first().copied().unwrap_or_default(), under: None },
        }
    }

    /// A row's number; of a ratio how far the row is from being as all are.
    fn at(&self, row: usize) -> f64 {
        self.over[row] - self.under.map_or(0.0, |(under, ratio)| ratio * under[row])
    }
}

/// A query with the metric's value in it.
pub(super) struct QueryLoss {
    /// The number of its first row.
    pub place: u32,
    /// Its documents.
    pub documents: usize,
    /// The candidate's value.
    pub value: f64,
    /// The baseline's, where it has one.
    pub before: Option<f64>,
    /// How far the value is below the best there is; more is worse.
    pub loss: f64,
    /// Worse than before.
    pub new: bool,
}

/// Every query of a ranking by the rule's metric; nothing where that is no mean over queries.
pub(super) fn of_queries(joined: &JoinedRows, places: &[u32], spec: &MetricSpec) -> Vec<QueryLoss> {
    let view = View::of(joined, places);
    let values = |predicted| measure::per_query(spec, &view.rows(), predicted).ok();
    let (Some(ours), theirs) = (values(&view.candidate()), view.baseline().as_ref().and_then(values)) else {
        return Vec::new();
    };
    // Which queries count depends on the labels, not on what a model says.
    let theirs = theirs.filter(|theirs| theirs.len() == ours.len());
    let sign = if spec.better() == Better::Higher { -1.0 } else { 1.0 };
    let query = |(at, (rows, value)): (usize, (Vec<u32>, f64))| {
        let place = *places.get(*rows.iter().min()? as usize)?;
        let before = theirs.as_ref().map(|theirs| theirs[at].1);
        let new = before.is_some_and(|before| sign * value > sign * before);
        Some(QueryLoss { place, documents: rows.len(), value, before, loss: sign * value, new })
    };
    ours.into_iter().enumerate().filter_map(query).collect()
}
