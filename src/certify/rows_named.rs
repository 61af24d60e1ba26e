//! Which rows are behind a result: the largest failures and the new ones, by key. For reports; a certificate names no rows.
//!
//! What a failure is, the rule's own measure says: a wrong class, an answer that its metric takes something off, a number of its
//! column, a query of a ranking.

use std::collections::HashMap;

use super::case::Case;
use super::error::CertifyError;
use super::row_losses::{self, QueryLoss};
use super::rows_rule::{Found, RowsRule};
use super::slices::{column, partition};
use super::wording::significant;
use super::{rightness, spec};
use crate::evidence::{JoinedRows, NumberColumns, PredictedColumns, TruthColumn, key_hash};
use crate::format::certificate::{ResultRecord, Verdict};
use crate::format::policy::{MeasureRecord, Over, RuleRecord, Task};
use crate::measure::MetricSpec;
use crate::name::SetName;

/// Rows named of a rule.
const MOST: usize = 10;
/// Of these, rows that are new.
const MOST_NEW: usize = 5;
/// Characters of an answer in words.
const LONGEST: usize = 80;

/// The largest failures by a rule.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedRows {
    /// The rule.
    pub rule: String,
    /// The predictions set.
    pub set: SetName,
    /// Where the rows are: the worst slice of the rule; none: anywhere.
    pub slice: Option<String>,
    /// Whether the rule failed, or compares and was not decided: these rows are behind that.
    pub open: bool,
    /// At most ten: first the new ones, then the others, each with the largest failures first.
    pub rows: Vec<NamedRow>,
}

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedRow {
    /// Its key: `row_id=17, day=3`; its hash where it comes from no table.
    pub key: String,
    /// What is true of it.
    pub label: String,
    /// What the candidate said.
    pub candidate: String,
    /// What the baseline said.
    pub baseline: Option<String>,
    /// Wrong now and right before; of numbers, further off than before.
    pub new: bool,
}

/// The largest failures by each rule on rows, one entry for each rule that has any: of what failed or was not decided where that
/// is, of what passed anywhere.
///
/// # Errors
/// As [`super::certify`], of a case that was not judged before.
pub fn named_rows(case: &Case<'_>, results: &[ResultRecord]) -> Result<Vec<NamedRows>, CertifyError> {
    let mut named = Vec::new();
    let mut known: HashMap<String, Vec<NamedRow>> = HashMap::new();
    for rule in &case.policy.rules {
        let mine = results.iter().filter(|result| result.rule == rule.id && result.n > 0);
        let Some(result) = mine.min_by_key(|result| result.verdict) else { continue };
        // No rows are to blame for a value whose interval is too wide, or whose limit nobody set.
        let undecided = result.verdict == Verdict::Inconclusive && rule.is_comparison();
        let open = result.verdict == Verdict::Fail || undecided || result.waived == Some(Verdict::Fail);
        let Some(rows_rule) = RowsRule::of(rule) else { continue };
        let Ok(found) = rows_rule.find(case)? else { continue };
        let (slice, places) = rows_of(&rows_rule, &found, open.then_some(result))?;
        let looked = Looked::at(rule, case, found.joined)?;
        let listed = match &rule.measure {
            MeasureRecord::MustNotFlip { keys, .. } => format!("{keys:?}"),
            _ => format!("{:?}", rows_rule.only),
        };
        let name = format!("{} {slice:?} {listed} {}", found.set, looked.name(found.joined));
        let rows = known.entry(name).or_insert_with(|| looked.rows(found.joined, &places)).clone();
        if !rows.is_empty() {
            named.push(NamedRows { rule: rule.id.clone(), set: found.set.clone(), slice, open, rows });
        }
    }
    Ok(named)
}

/// The rows a result is about; none: all that the rule is about.
fn rows_of(
    rows: &RowsRule<'_>,
    found: &Found<'_>,
    result: Option<&ResultRecord>,
) -> Result<(Option<String>, Vec<u32>), CertifyError> {
    if let MeasureRecord::MustNotFlip { keys, .. } = &rows.rule.measure {
        let place = |key: &Vec<String>| found.joined.keys.binary_search(&key_hash(key)).ok().map(|row| row as u32);
        return Ok((None, keys.iter().filter_map(place).collect()));
    }
    let is_gap = matches!(rows.rule.measure, MeasureRecord::Metric { over: Some(Over::Gap { .. }), .. });
    let sliced: &[String] = if is_gap { &[] } else { rows.over };
    let wanted = result.and_then(|result| result.slice.as_ref());
    for name in rows.each.iter().chain(sliced).filter(|_| wanted.is_some()) {
        let column = column(rows.rule, found.joined, name)?;
        let slices = partition(name, &column, &found.selection, rows.min_rows, true).judged;
        if let Some(slice) = slices.into_iter().find(|slice| Some(&slice.label) == wanted) {
            return Ok((Some(slice.label), slice.rows));
        }
    }
    Ok((found.selection.label.clone(), found.selection.rows.clone()))
}

/// The worst of many, without holding them all: new ones and others apart.
struct Worst<T> {
    new: Vec<(f64, u32, T)>,
    others: Vec<(f64, u32, T)>,
}

impl<T> Worst<T> {
    const fn none() -> Self {
        Self { new: Vec::new(), others: Vec::new() }
    }

    fn add(&mut self, new: bool, loss: f64, place: u32, what: impl FnOnce() -> T) {
        let kept = if new { &mut self.new } else { &mut self.others };
        // What is no number is no failure that anybody could order.
        let before = |known: &(f64, u32, T)| known.0 > loss || known.0 == loss && known.1 < place;
        let at = kept.iter().position(|known| !before(known)).unwrap_or(kept.len());
        if at < MOST && !loss.is_nan() {
            kept.insert(at, (loss, place, what()));
            kept.truncate(MOST);
        }
    }

    /// The new ones first. Where there are too few others, the new ones may be more.
    fn listed(self) -> Vec<T> {
        let shown = MOST_NEW.max(MOST.saturating_sub(self.others.len())).min(self.new.len());
        let others = self.others.into_iter().take(MOST - shown);
        self.new.into_iter().take(shown).chain(others).map(|(_, _, what)| what).collect()
    }
}

/// What of a row is looked at.
enum Looked {
    Answers { right_by: MetricSpec, only_new: bool },
    Columns(MetricSpec),
    Queries(MetricSpec),
}

impl Looked {
    fn at(rule: &RuleRecord, case: &Case<'_>, joined: &JoinedRows) -> Result<Self, CertifyError> {
        let task = case.policy.task;
        if let MeasureRecord::Metric { columns, .. } = &rule.measure {
            if !columns.is_empty() {
                return Ok(Self::Columns(spec::of(rule, task, &joined.truth)?));
            }
            if task == Task::Ranking {
                return Ok(Self::Queries(spec::of(rule, task, &joined.truth)?));
            }
        }
        let only_new = matches!(rule.measure, MeasureRecord::Flips { .. } | MeasureRecord::MustNotFlip { .. });
        Ok(Self::Answers { right_by: rightness::of_rule(rule, task)?, only_new })
    }

    /// Rules of one name list the same rows.
    fn name(&self, joined: &JoinedRows) -> String {
        match (self, &joined.truth) {
            (Self::Answers { right_by, only_new }, TruthColumn::Texts(_)) => format!("{right_by:?} {only_new}"),
            (Self::Answers { right_by, only_new }, _) => format!("{:?} {only_new}", right_by.threshold),
            (Self::Columns(spec) | Self::Queries(spec), _) => format!("{spec:?}"),
        }
    }

    fn rows(&self, joined: &JoinedRows, places: &[u32]) -> Vec<NamedRow> {
        let mut worst = Worst::none();
        match self {
            Self::Answers { right_by, only_new } => {
                row_losses::of_answers(joined, places, right_by, |row| {
                    let listed = if *only_new { row.new } else { row.wrong };
                    if listed {
                        worst.add(row.new, row.loss, row.place, || (row.place, row.new));
                    }
                });
                let by_scores = right_by.threshold.is_some();
                worst.listed().into_iter().map(|(place, new)| named(joined, place, new, by_scores)).collect()
            }
            Self::Columns(spec) => {
                row_losses::of_columns(joined, places, spec, |row| {
                    if row.wrong {
                        worst.add(row.new, row.loss, row.place, || (row.place, row.new));
                    }
                });
                let cells = worst.listed().into_iter();
                cells.map(|(place, new)| with_cells(joined, spec, named(joined, place, new, true), place)).collect()
            }
            Self::Queries(spec) => {
                let mut worst = Worst::none();
                for query in row_losses::of_queries(joined, places, spec) {
                    worst.add(query.new, query.loss, query.place, || query);
                }
                worst.listed().into_iter().map(|query| of_query(joined, &query)).collect()
            }
        }
    }
}

/// The cells of the columns that a rule is about in place of the answers.
fn with_cells(joined: &JoinedRows, spec: &MetricSpec, row: NamedRow, place: u32) -> NamedRow {
    let cells = |pick: &dyn Fn(&NumberColumns) -> Option<f64>| -> Option<String> {
        let column = |name: &String| joined.columns.get(name).and_then(pick).map(significant);
        let cells: Option<Vec<String>> = spec.parameters.columns.iter().map(column).collect();
        cells.map(|cells| cells.join(" / "))
    };
    let at = place as usize;
    let candidate = cells(&|column| column.candidate.get(at).copied()).unwrap_or_default();
    let baseline = cells(&|column| column.baseline.as_ref()?.get(at).copied());
    NamedRow { candidate, baseline, ..row }
}

/// A query by its first row: what the column that tells queries apart says stands in the key, if anywhere.
fn of_query(joined: &JoinedRows, query: &QueryLoss) -> NamedRow {
    let documents = if query.documents == 1 { "document" } else { "documents" };
    NamedRow {
        key: format!("query of {}", key(joined, query.place as usize)),
        label: format!("{} {documents}", query.documents),
        candidate: significant(query.value),
        baseline: query.before.map(significant),
        new: query.new,
    }
}

fn key(joined: &JoinedRows, at: usize) -> String {
    joined.names.text(at).unwrap_or_else(|| format!("{:016x}", joined.keys[at]))
}

/// One row as people read it.
pub(super) fn named(joined: &JoinedRows, place: u32, new: bool, by_scores: bool) -> NamedRow {
    let at = place as usize;
    NamedRow {
        key: key(joined, at),
        label: match &joined.truth {
            TruthColumn::Binary(labels) => if labels[at] { "positive" } else { "negative" }.to_owned(),
            TruthColumn::Classes { labels, names } => class(names, labels[at]),
            TruthColumn::Real(labels) | TruthColumn::Relevance(labels) => significant(labels[at]),
            TruthColumn::Texts(labels) => cut(&labels[at]),
        },
        candidate: said(&joined.truth, &joined.candidate, at, by_scores),
        baseline: joined.baseline.as_ref().map(|baseline| said(&joined.truth, baseline, at, by_scores)),
        new,
    }
}

/// What a model said of a row: of two classes the score alone where that is what is held against a threshold.
fn said(truth: &TruthColumn, predicted: &PredictedColumns, at: usize, by_scores: bool) -> String {
    let number = |column: &Option<Vec<f64>>| column.as_ref().map(|column| significant(column[at]));
    let text = match truth {
        TruthColumn::Binary(_) => {
            let score = number(&predicted.scores);
            let class = predicted.classes.as_ref().filter(|_| !by_scores || score.is_none());
            let class = class.map(|classes| if classes[at] == 1 { "positive" } else { "negative" });
            match (class, score) {
                (Some(class), Some(score)) => Some(format!("{class} ({score})")),
                (class, score) => score.or_else(|| class.map(str::to_owned)),
            }
        }
        TruthColumn::Classes { names, .. } => match (&predicted.classes, &predicted.probabilities) {
            (Some(classes), _) => Some(class(names, classes[at])),
            (None, Some(columns)) => {
                let mut best = 0;
                for (place, column) in columns.iter().enumerate() {
                    if column[at] > columns[best][at] {
                        best = place;
                    }
                }
                columns.get(best).map(|column| format!("{} ({})", class(names, best as u32), significant(column[at])))
            }
            (None, None) => None,
        },
        TruthColumn::Real(_) => number(&predicted.values),
        TruthColumn::Relevance(_) => number(&predicted.scores),
        TruthColumn::Texts(_) => predicted.texts.as_ref().map(|texts| cut(&texts[at])),
    };
    text.unwrap_or_default()
}

fn class(names: &[String], class: u32) -> String {
    names.get(class as usize).map_or_else(|| class.to_string(), |name| cut(name))
}

fn cut(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    text.chars().take(LONGEST - 1).chain(['…']).collect()
}
