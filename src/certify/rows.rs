//! Rows of a set: all of them, borrowed, or some, gathered.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::digest::Hasher;
use crate::evidence::{JoinedRows, PredictedColumns, TruthColumn};
use crate::format::policy::Task;
use crate::measure::{Metric, MetricSpec, NumberColumn, Predicted, Rows, Truth};

/// Names the scheme by which seeds follow from evidence.
const SEED: &[u8] = b"mlrun/seed/1";

/// Rows that are judged together.
#[derive(Debug, Clone)]
pub(super) struct View<'a> {
    keys: Cow<'a, [u64]>,
    weights: Option<Cow<'a, [f64]>>,
    clusters: Option<Cow<'a, [u64]>>,
    groups: Option<Cow<'a, [u32]>>,
    truth: Cow<'a, TruthColumn>,
    candidate: Cow<'a, PredictedColumns>,
    baseline: Option<Cow<'a, PredictedColumns>>,
    /// The candidate's columns of numbers and the baseline's.
    columns: [Vec<NumberColumn<'a>>; 2],
    /// Of the rows' set.
    digest: [u8; 32],
    whole: bool,
}

impl<'a> View<'a> {
    /// Every row.
    pub(super) fn whole(joined: &'a JoinedRows) -> Self {
        Self {
            keys: Cow::Borrowed(&joined.keys),
            weights: joined.weights.as_deref().map(Cow::Borrowed),
            clusters: joined.clusters.as_deref().map(Cow::Borrowed),
            groups: joined.groups.as_deref().map(Cow::Borrowed),
            truth: Cow::Borrowed(&joined.truth),
            candidate: Cow::Borrowed(&joined.candidate),
            baseline: joined.baseline.as_ref().map(Cow::Borrowed),
            columns: numbers(joined, Cow::Borrowed),
            digest: *joined.digest.as_bytes(),
            whole: true,
        }
    }

    /// The rows numbered `rows`, in that order. The caller has made sure with [`consistent`] that there are such rows.
    pub(super) fn of(joined: &'a JoinedRows, rows: &[u32]) -> Self {
        if rows.len() == joined.keys.len() {
            return Self::whole(joined);
        }
        Self {
            keys: Cow::Owned(gather(&joined.keys, rows)),
            weights: joined.weights.as_ref().map(|column| Cow::Owned(gather(column, rows))),
            clusters: joined.clusters.as_ref().map(|column| Cow::Owned(gather(column, rows))),
            groups: joined.groups.as_ref().map(|column| Cow::Owned(gather(column, rows))),
            truth: Cow::Owned(truth_of(&joined.truth, rows)),
            candidate: Cow::Owned(some_rows(&joined.candidate, rows)),
            baseline: joined.baseline.as_ref().map(|baseline| Cow::Owned(some_rows(baseline, rows))),
            columns: numbers(joined, |column| Cow::Owned(gather(column, rows))),
            digest: *joined.digest.as_bytes(),
            whole: false,
        }
    }

    /// The same rows, compared with what a constant says of them: scikit-learn's dummies, fitted on these very rows, so that
    /// no constant does better. None of labels that are neither classes nor numbers.
    pub(super) fn against_constant(self, spec: &MetricSpec) -> Option<Self> {
        let n = self.keys.len();
        let weight = |row: usize| self.weights.as_ref().map_or(1.0, |weights| weights[row]);
        let total: f64 = (0..n).map(weight).sum();
        let share = |is: &dyn Fn(usize) -> bool| (0..n).filter(|row| is(*row)).map(weight).sum::<f64>() / total;
        let constant = match &*self.truth {
            TruthColumn::Binary(labels) => {
                let positive = share(&|row| labels[row]);
                let scores = |score| PredictedColumns { scores: Some(vec![score; n]), ..Default::default() };
                match (spec.counts_classes(), spec.threshold.is_some() || self.candidate.classes.is_none()) {
                    (false, _) => scores(positive),
                    // The candidate's classes follow from scores, and so do these: above every threshold, or below.
                    (true, true) => scores(if positive > 0.5 { f64::MAX } else { f64::MIN }),
                    (true, false) => {
                        PredictedColumns { classes: Some(vec![u32::from(positive > 0.5); n]), ..Default::default() }
                    }
                }
            }
            TruthColumn::Classes { labels, names } => {
                let shares: Vec<f64> = (0..).zip(names).map(|(class, _)| share(&|row| labels[row] == class)).collect();
                let mut most = 0;
                for (class, share) in shares.iter().enumerate() {
                    if *share > shares[most] {
                        most = class;
                    }
                }
                PredictedColumns {
                    classes: Some(vec![most as u32; n]),
                    probabilities: Some(shares.into_iter().map(|share| vec![share; n]).collect()),
                    ..Default::default()
                }
            }
            TruthColumn::Real(labels) => {
                let mean = (0..n).map(|row| weight(row) * labels[row]).sum::<f64>() / total;
                PredictedColumns { values: Some(vec![mean; n]), ..Default::default() }
            }
            TruthColumn::Relevance(_) | TruthColumn::Texts(_) => return None,
        };
        Some(Self { baseline: Some(Cow::Owned(constant)), ..self })
    }

    /// Labels and keys.
    pub(super) fn rows(&self) -> Rows<'_> {
        let truth = match &*self.truth {
            TruthColumn::Binary(labels) => Truth::Binary(labels),
            TruthColumn::Classes { labels, names } => {
                Truth::Classes { labels, count: u32::try_from(names.len()).unwrap_or(u32::MAX) }
            }
            TruthColumn::Real(labels) => Truth::Real(labels),
            TruthColumn::Relevance(labels) => Truth::Relevance(labels),
            TruthColumn::Texts(labels) => Truth::Texts(labels),
        };
        Rows {
            truth,
            keys: &self.keys,
            weights: self.weights.as_deref(),
            clusters: self.clusters.as_deref(),
            groups: self.groups.as_deref(),
        }
    }

    /// What the candidate said.
    pub(super) fn candidate(&self) -> Predicted<'_> {
        Predicted { columns: &self.columns[0], ..predicted(&self.candidate) }
    }

    /// What the baseline said.
    pub(super) fn baseline(&self) -> Option<Predicted<'_>> {
        self.baseline.as_deref().map(|baseline| Predicted { columns: &self.columns[1], ..predicted(baseline) })
    }

    /// Number of queries, where rows are documents of some.
    pub(super) fn queries(&self) -> Option<u64> {
        let groups = self.groups.as_deref()?;
        Some(groups.iter().collect::<HashSet<_>>().len() as u64)
    }

    /// Number of rows.
    pub(super) fn len(&self) -> u64 {
        self.keys.len() as u64
    }

    /// The key of all random numbers, from the evidence, the metric and the rows: not from anything a policy's author could
    /// reword to draw again.
    pub(super) fn seed(&self, metric: Metric) -> [u8; 32] {
        let mut hasher = Hasher::default();
        hasher.update(SEED);
        hasher.update(&self.digest);
        hasher.update(metric.name().as_bytes());
        if !self.whole {
            for chunk in self.keys.chunks(1024) {
                let bytes: Vec<u8> = chunk.iter().flat_map(|key| key.to_le_bytes()).collect();
                hasher.update(&bytes);
            }
        }
        *hasher.finish().as_bytes()
    }
}

/// Why the rows cannot be judged as `task`, before anything indexes into them.
pub(super) fn consistent(joined: &JoinedRows, task: Task) -> Result<(), String> {
    let (kind, labels) = match &joined.truth {
        TruthColumn::Binary(labels) => (Task::Binary, labels.len()),
        TruthColumn::Classes { labels, .. } => (Task::Multiclass, labels.len()),
        TruthColumn::Real(labels) => (Task::Regression, labels.len()),
        TruthColumn::Relevance(labels) => (Task::Ranking, labels.len()),
        TruthColumn::Texts(labels) => (Task::Text, labels.len()),
    };
    if kind != task {
        return Err(format!(
            "the labels of `{}` are {}, the policy's task is {}",
            joined.set,
            kind.name(),
            task.name()
        ));
    }
    let n = joined.keys.len();
    let even = labels == n
        && n <= u32::MAX as usize
        && [Some(&joined.candidate), joined.baseline.as_ref()].into_iter().flatten().all(|columns| lengths(columns, n))
        && joined.weights.as_ref().is_none_or(|column| column.len() == n)
        && joined.clusters.as_ref().is_none_or(|column| column.len() == n)
        && joined.groups.as_ref().is_none_or(|column| column.len() == n)
        && joined.columns.values().all(|column| {
            column.candidate.len() == n && column.baseline.as_ref().is_none_or(|column| column.len() == n)
        })
        && joined.slices.values().all(|column| {
            column.rows.len() == n && column.rows.iter().all(|value| (*value as usize) < column.values.len())
        });
    if even { Ok(()) } else { Err(format!("the columns of `{}` differ in length", joined.set)) }
}

fn lengths(columns: &PredictedColumns, n: usize) -> bool {
    columns.scores.as_ref().is_none_or(|column| column.len() == n)
        && columns.classes.as_ref().is_none_or(|column| column.len() == n)
        && columns.probabilities.iter().flatten().all(|column| column.len() == n)
        && columns.values.as_ref().is_none_or(|column| column.len() == n)
        && columns.texts.as_ref().is_none_or(|column| column.len() == n)
}

pub(super) fn predicted(columns: &PredictedColumns) -> Predicted<'_> {
    Predicted {
        scores: columns.scores.as_deref(),
        classes: columns.classes.as_deref(),
        probabilities: columns.probabilities.as_deref(),
        values: columns.values.as_deref(),
        texts: columns.texts.as_deref(),
        columns: &[],
    }
}

/// Both models' columns of numbers.
fn numbers<'a>(joined: &'a JoinedRows, rows: impl Fn(&'a [f64]) -> Cow<'a, [f64]>) -> [Vec<NumberColumn<'a>>; 2] {
    let named = |name: &'a String, column: &'a [f64]| NumberColumn { name: Cow::Borrowed(name), values: rows(column) };
    let candidate = joined.columns.iter().map(|(name, column)| named(name, &column.candidate));
    let baseline = joined.columns.iter().filter_map(|(name, column)| Some(named(name, column.baseline.as_deref()?)));
    [candidate.collect(), baseline.collect()]
}

fn some_rows(columns: &PredictedColumns, rows: &[u32]) -> PredictedColumns {
    PredictedColumns {
        scores: columns.scores.as_ref().map(|column| gather(column, rows)),
        classes: columns.classes.as_ref().map(|column| gather(column, rows)),
        probabilities: columns
            .probabilities
            .as_ref()
            .map(|columns| columns.iter().map(|column| gather(column, rows)).collect()),
        values: columns.values.as_ref().map(|column| gather(column, rows)),
        texts: columns.texts.as_ref().map(|column| gather(column, rows)),
    }
}

/// The values of some rows, in that order; one may be taken twice.
pub(super) fn gather<T: Clone>(column: &[T], rows: &[u32]) -> Vec<T> {
    rows.iter().map(|row| column[*row as usize].clone()).collect()
}

/// The truth of some rows.
pub(super) fn truth_of(truth: &TruthColumn, rows: &[u32]) -> TruthColumn {
    match truth {
        TruthColumn::Binary(labels) => TruthColumn::Binary(gather(labels, rows)),
        TruthColumn::Classes { labels, names } => {
            TruthColumn::Classes { labels: gather(labels, rows), names: names.clone() }
        }
        TruthColumn::Real(labels) => TruthColumn::Real(gather(labels, rows)),
        TruthColumn::Relevance(labels) => TruthColumn::Relevance(gather(labels, rows)),
        TruthColumn::Texts(labels) => TruthColumn::Texts(gather(labels, rows)),
    }
}
