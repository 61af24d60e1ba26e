//! Ranking metrics: one value for each query, and their mean.
//!
//! NDCG and DCG are `sklearn.metrics.{ndcg_score, dcg_score}` 1.9, one row of theirs being one query. The others are expected
//! values over the orders of documents that tie (McSherry & Najork, "Computing information retrieval performance measures
//! efficiently in the presence of tied scores", ECIR 2008), as is scikit-learn's averaging of tied gains. A document of any
//! relevance above 0 is relevant; average precision at k is divided by the smaller of k and the relevant documents.
//!
//! `label_ranking_average_precision_score`, `coverage_error` and `label_ranking_loss` rank the labels of one sample, which is a
//! query here: its documents are the labels, those of the sample are relevant. Of ties they take the worst order.
//!
//! A query weighs what its rows weigh on average.

use std::collections::BTreeMap;

use super::attempts;
use super::bootstrap::Weighted;
use super::input::{Predicted, Rows, Truth, finite, of_length};
use super::metric::Metric;
use super::outcome::{Resampling, Sampling};
use super::settings::{EmptyQuery, MetricSpec, RelevanceGain, needed};
use super::undefined::Undefined;

/// The queries as clusters, where rows are resampled: a query is drawn whole. Otherwise their values are the rows.
pub(super) fn clusters(spec: &MetricSpec, rows: &Rows<'_>, sampling: &Sampling) -> Option<Vec<u64>> {
    let resampled = rows.weights.is_some() || sampling.resampling == Resampling::Always;
    let whole = spec.metric.is_per_query() && resampled && rows.clusters.is_none();
    rows.groups.filter(|_| whole).map(|groups| groups.iter().map(|group| u64::from(*group)).collect())
}

/// Each query's value.
pub(super) struct PerQuery<'a> {
    /// The rows of each query that counts.
    pub rows: Vec<Vec<u32>>,
    /// Its value.
    pub values: Vec<f64>,
    weights: Option<&'a [f64]>,
    n: usize,
}

/// Documents of one score: how many, and how relevant they are.
struct Tie {
    documents: usize,
    relevant: usize,
    gain: f64,
}

impl<'a> PerQuery<'a> {
    pub(super) fn new(spec: &MetricSpec, rows: &Rows<'a>, predicted: &Predicted<'_>) -> Result<Self, Undefined> {
        if matches!(rows.truth, Truth::Texts(_)) {
            return Self::of_attempts(spec, rows, predicted);
        }
        let Truth::Relevance(relevance) = rows.truth else {
            return Err(Undefined::NotApplicable { metric: spec.metric.name(), task: rows.truth.task().name() });
        };
        let n = relevance.len();
        finite(relevance, n)?;
        if let Some(row) = relevance.iter().position(|relevance| *relevance < 0.0) {
            return Err(Undefined::Negative { row, value: relevance[row] });
        }
        let scores = finite(predicted.scores.or(predicted.values).ok_or(Undefined::ScoresMissing)?, n)?;
        let of_group = of_groups(rows)?;
        let mut found = Self { rows: Vec::new(), values: Vec::new(), weights: rows.weights, n };
        for (group, mut documents) in of_group {
            let ranks_pairs = matches!(spec.metric, Metric::Ndcg | Metric::CoverageError | Metric::LabelRankingLoss);
            if documents.len() < 2 && ranks_pairs {
                return Err(Undefined::SingleDocument { group });
            }
            documents.sort_by(|a, b| scores[*b as usize].total_cmp(&scores[*a as usize]));
            let of = |column: &[f64]| documents.iter().map(|row| column[*row as usize]).collect::<Vec<f64>>();
            if let Some(value) = value(spec, &of(relevance), &of(scores))? {
                found.rows.push(documents);
                found.values.push(value);
            }
        }
        if found.values.is_empty() { Err(Undefined::NoRelevant) } else { Ok(found) }
    }

    /// A problem for each group, its rows the attempts.
    fn of_attempts(spec: &MetricSpec, rows: &Rows<'a>, predicted: &Predicted<'_>) -> Result<Self, Undefined> {
        let Truth::Texts(references) = rows.truth else { return Err(Undefined::TextsMissing) };
        let right = attempts::right(spec, &rows.truth, predicted)?;
        let mut found = Self { rows: Vec::new(), values: Vec::new(), weights: rows.weights, n: references.len() };
        for (group, attempts) in of_groups(rows)? {
            let right = attempts.iter().filter(|row| right[**row as usize]).count() as u64;
            found.values.push(attempts::value(spec, group, attempts.len() as u64, right)?);
            found.rows.push(attempts);
        }
        Ok(found)
    }

    fn weight(&self, query: usize, weights: Option<&[f64]>) -> f64 {
        let rows = &self.rows[query];
        weights.map_or(1.0, |weights| rows.iter().map(|row| weights[*row as usize]).sum::<f64>() / rows.len() as f64)
    }

    fn under(&self, weights: Option<&[f64]>) -> Result<f64, Undefined> {
        let (mut total, mut sum) = (0.0, 0.0);
        for (query, value) in self.values.iter().enumerate() {
            let weight = self.weight(query, weights);
            total += weight;
            sum += weight * value;
        }
        if total > 0.0 { Ok(sum / total) } else { Err(Undefined::NoWeight) }
    }
}

/// The rows of each query.
fn of_groups(rows: &Rows<'_>) -> Result<BTreeMap<u32, Vec<u32>>, Undefined> {
    let groups = of_length(rows.groups.ok_or(Undefined::GroupsMissing)?, rows.truth.len())?;
    let mut of_group: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for (row, group) in (0..).zip(groups) {
        of_group.entry(*group).or_default().push(row);
    }
    Ok(of_group)
}

/// Whether a query is a sample and its documents are labels.
const fn ranks_labels(metric: Metric) -> bool {
    matches!(metric, Metric::LabelRankingAveragePrecision | Metric::CoverageError | Metric::LabelRankingLoss)
}

impl Weighted for PerQuery<'_> {
    fn value(&self) -> Result<f64, Undefined> {
        self.under(self.weights)
    }

    fn influence(&self) -> Result<Vec<f64>, Undefined> {
        let mean = self.value()?;
        let total: f64 = (0..self.values.len()).map(|query| self.weight(query, self.weights)).sum();
        let mut influence = vec![0.0; self.n];
        for (rows, value) in self.rows.iter().zip(&self.values) {
            let each = (value - mean) / (total * rows.len() as f64);
            for row in rows {
                influence[*row as usize] = each * self.weights.map_or(1.0, |weights| weights[*row as usize]);
            }
        }
        Ok(influence)
    }

    fn weighted(&self, weights: &[f64]) -> f64 {
        self.under(Some(weights)).unwrap_or(f64::NAN)
    }
}

/// One query's value; none where it is left out. Documents come by descending score.
fn value(spec: &MetricSpec, relevance: &[f64], scores: &[f64]) -> Result<Option<f64>, Undefined> {
    let parameters = &spec.parameters;
    let most = match parameters.k {
        Some(0) => return Err(Undefined::InvalidSetting { name: "k", value: 0.0 }),
        Some(k) => usize::try_from(k).unwrap_or(usize::MAX),
        None => usize::MAX,
    };
    let gain = |relevance: f64| match parameters.gain {
        RelevanceGain::Linear => relevance,
        RelevanceGain::Exponential => relevance.exp2() - 1.0,
    };
    let relevant = relevance.iter().filter(|relevance| **relevance > 0.0).count();
    if ranks_labels(spec.metric) {
        return Ok(Some(of_labels(spec.metric, &ties(relevance, scores, gain))));
    }
    if relevant == 0 && spec.metric != Metric::Dcg {
        return Ok(match parameters.empty {
            EmptyQuery::Zero => Some(0.0),
            EmptyQuery::One => Some(1.0),
            EmptyQuery::Skip => None,
        });
    }
    let ties = ties(relevance, scores, gain);
    Ok(Some(match spec.metric {
        Metric::Ndcg => {
            let mut best: Vec<f64> = relevance.iter().map(|relevance| gain(*relevance)).collect();
            best.sort_unstable_by(|a, b| b.total_cmp(a));
            let ideal: f64 = best.iter().take(most).enumerate().map(|(rank, gain)| gain * discount(rank)).sum();
            discounted(&ties, most) / ideal
        }
        Metric::Dcg => discounted(&ties, most),
        Metric::MeanAveragePrecision => average_precision(&ties, most) / relevant.min(most) as f64,
        Metric::ReciprocalRank => reciprocal_rank(&ties, most),
        _ => {
            needed(parameters.k, "k")?;
            hit(&ties, most)
        }
    }))
}

fn ties(relevance: &[f64], scores: &[f64], gain: impl Fn(f64) -> f64) -> Vec<Tie> {
    let mut ties: Vec<Tie> = Vec::new();
    for (at, relevance) in relevance.iter().enumerate() {
        if at == 0 || scores[at] != scores[at - 1] {
            ties.push(Tie { documents: 0, relevant: 0, gain: 0.0 });
        }
        if let Some(tie) = ties.last_mut() {
            tie.documents += 1;
            tie.relevant += usize::from(*relevance > 0.0);
            tie.gain += gain(*relevance);
        }
    }
    ties
}

/// One sample's labels. Where they are all relevant, or none is, no order is better than another: precision is 1 then and
/// the loss 0; nothing has to be gone through to find what is not there.
fn of_labels(metric: Metric, ties: &[Tie]) -> f64 {
    let (mut documents, mut relevant) = (0, 0);
    let (mut precision, mut last, mut wrong) = (0.0, 0, 0.0);
    for tie in ties {
        documents += tie.documents;
        relevant += tie.relevant;
        precision += tie.relevant as f64 * (relevant as f64 / documents as f64);
        wrong += tie.relevant as f64 * (documents - relevant) as f64;
        if tie.relevant > 0 {
            last = documents;
        }
    }
    let alike = relevant == 0 || relevant == documents;
    match metric {
        Metric::CoverageError => last as f64,
        Metric::LabelRankingLoss if alike => 0.0,
        Metric::LabelRankingLoss => wrong / (relevant as f64 * (documents - relevant) as f64),
        _ if alike => 1.0,
        _ => precision / relevant as f64,
    }
}

/// Of the document at `rank`, counted from 0.
fn discount(rank: usize) -> f64 {
    1.0 / ((rank as f64 + 2.0).ln() / std::f64::consts::LN_2)
}

fn discounted(ties: &[Tie], most: usize) -> f64 {
    let (mut start, mut total) = (0, 0.0);
    for tie in ties {
        let end = start + tie.documents;
        let discounts: f64 = (start..end.min(most)).map(discount).sum();
        total += tie.gain / tie.documents as f64 * discounts;
        start = end;
    }
    total
}

/// Σ over ranks of P(relevant there) times the expected precision there, given that.
fn average_precision(ties: &[Tie], most: usize) -> f64 {
    let (mut start, mut before, mut total) = (0, 0, 0.0);
    for tie in ties {
        let (documents, relevant) = (tie.documents as f64, tie.relevant as f64);
        for place in 0..tie.documents.min(most.saturating_sub(start)) {
            let others = if tie.documents > 1 { place as f64 * (relevant - 1.0) / (documents - 1.0) } else { 0.0 };
            if tie.relevant > 0 {
                total += relevant / documents * (before as f64 + 1.0 + others) / (start + place + 1) as f64;
            }
        }
        start += tie.documents;
        before += tie.relevant;
    }
    total
}

/// Only the first tie with a relevant document matters: in it the first one is at place j with probability
/// C(m - j, r - 1) / C(m, r).
fn reciprocal_rank(ties: &[Tie], most: usize) -> f64 {
    let mut start = 0;
    for tie in ties {
        if tie.relevant > 0 {
            let (mut still_none, mut total) = (1.0, 0.0);
            for place in 0..=(tie.documents - tie.relevant) {
                let first = still_none * tie.relevant as f64 / (tie.documents - place) as f64;
                if start + place < most {
                    total += first / (start + place + 1) as f64;
                }
                still_none -= first;
            }
            return total;
        }
        start += tie.documents;
    }
    0.0
}

/// P(a relevant document among the first `most`).
fn hit(ties: &[Tie], most: usize) -> f64 {
    let mut start = 0;
    for tie in ties {
        if start >= most {
            break;
        }
        if tie.relevant > 0 {
            let mut none = 1.0;
            for place in 0..tie.documents.min(most - start) {
                let left = (tie.documents - tie.relevant).saturating_sub(place) as f64;
                none *= left / (tie.documents - place) as f64;
            }
            return 1.0 - none;
        }
        start += tie.documents;
    }
    0.0
}
