//! Which rows are behind a result: the largest failures and the new ones, by key. For reports; a certificate names no rows.

use std::cmp::Ordering;

use super::case::Case;
use super::error::CertifyError;
use super::rows::View;
use super::rows_rule::{Found, RowsRule};
use super::slices::{column, partition};
use super::wording::significant;
use crate::evidence::{JoinedRows, PredictedColumns, TruthColumn, key_hash};
use crate::format::certificate::{ResultRecord, Verdict};
use crate::format::policy::{MeasureRecord, Over, RuleRecord};
use crate::measure;
use crate::name::SetName;

/// Rows named of a rule.
const MOST: usize = 10;
/// Of these, rows that are new.
const MOST_NEW: usize = 5;
/// Characters of an answer in words.
const LONGEST: usize = 80;

/// The rows behind a rule that is not passed.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedRows {
    /// The rule.
    pub rule: String,
    /// The predictions set.
    pub set: SetName,
    /// Where the rows are: the worst slice of the rule; none: anywhere.
    pub slice: Option<String>,
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

/// The rows behind each rule on rows that failed, and each comparison that was not decided: one entry for each rule.
///
/// # Errors
/// As [`super::certify`], of a case that was not judged before.
pub fn named_rows(case: &Case<'_>, results: &[ResultRecord]) -> Result<Vec<NamedRows>, CertifyError> {
    let mut named = Vec::new();
    for rule in &case.policy.rules {
        let open = |result: &&ResultRecord| {
            // No rows are to blame for a value whose interval is too wide, or whose limit nobody set.
            let undecided = result.verdict == Verdict::Inconclusive && rule.is_comparison();
            result.rule == rule.id && (result.verdict == Verdict::Fail || undecided)
        };
        let Some(result) =
            results.iter().filter(open).filter(|result| result.n > 0).min_by_key(|result| result.verdict)
        else {
            continue;
        };
        let Some(rows_rule) = RowsRule::of(rule) else { continue };
        let Ok(found) = rows_rule.find(case)? else { continue };
        let (slice, places) = rows_of(&rows_rule, &found, result)?;
        let rows = of_rule(rule, found.joined, &places);
        if !rows.is_empty() {
            named.push(NamedRows { rule: rule.id.clone(), set: found.set.clone(), slice, rows });
        }
    }
    Ok(named)
}

/// The rows a result is about.
fn rows_of(
    rows: &RowsRule<'_>,
    found: &Found<'_>,
    result: &ResultRecord,
) -> Result<(Option<String>, Vec<u32>), CertifyError> {
    if let MeasureRecord::MustNotFlip { keys, .. } = &rows.rule.measure {
        let place = |key: &Vec<String>| found.joined.keys.binary_search(&key_hash(key)).ok().map(|row| row as u32);
        return Ok((None, keys.iter().filter_map(place).collect()));
    }
    let is_gap = matches!(rows.rule.measure, MeasureRecord::Metric { over: Some(Over::Gap { .. }), .. });
    let sliced: &[String] = if is_gap { &[] } else { rows.over };
    for name in rows.each.iter().chain(sliced) {
        let column = column(rows.rule, found.joined, name)?;
        let slices = partition(name, &column, &found.selection, rows.min_rows, true).judged;
        if let Some(slice) = slices.into_iter().find(|slice| Some(&slice.label) == result.slice.as_ref()) {
            return Ok((Some(slice.label), slice.rows));
        }
    }
    Ok((found.selection.label.clone(), found.selection.rows.clone()))
}

/// A row with how far off each model is.
struct Row {
    place: u32,
    loss: f64,
    wrong: bool,
    new: bool,
}

fn of_rule(rule: &RuleRecord, joined: &JoinedRows, places: &[u32]) -> Vec<NamedRow> {
    let threshold = match rule.measure {
        MeasureRecord::Metric { threshold, .. }
        | MeasureRecord::Flips { threshold, .. }
        | MeasureRecord::MustNotFlip { threshold, .. } => threshold,
        _ => 0.5,
    };
    let only_new = matches!(rule.measure, MeasureRecord::Flips { .. } | MeasureRecord::MustNotFlip { .. });
    let mut rows = judged(joined, places, threshold);
    rows.retain(|row| if only_new { row.new } else { row.wrong });
    let order = |a: &Row, b: &Row| b.loss.partial_cmp(&a.loss).unwrap_or(Ordering::Equal).then(a.place.cmp(&b.place));
    rows.sort_unstable_by(|a, b| b.new.cmp(&a.new).then_with(|| order(a, b)));
    let new = rows.iter().take_while(|row| row.new).count();
    // Where there are too few others, the new ones may be more.
    let shown = MOST_NEW.max(MOST.saturating_sub(rows.len() - new)).min(new);
    let others = rows.split_off(new);
    rows.truncate(shown);
    rows.extend(others.into_iter().take(MOST - shown.min(MOST)));
    rows.truncate(MOST);
    rows.iter().map(|row| named(joined, row)).collect()
}

/// How the models did on the rows; none where rows are not right or wrong one by one.
fn judged(joined: &JoinedRows, places: &[u32], threshold: f64) -> Vec<Row> {
    let view = View::of(joined, places);
    let truth = view.rows().truth;
    let right = |predicted| measure::right(&truth, predicted, threshold).ok();
    let (candidate, baseline) = (view.candidate(), view.baseline());
    let (ours, theirs) = (right(&candidate), baseline.as_ref().and_then(right));
    let row = |at: usize, &place: &u32| -> Option<Row> {
        let loss = off(&joined.truth, &joined.candidate, place as usize)?;
        let before = joined.baseline.as_ref().and_then(|b| off(&joined.truth, b, place as usize));
        let (wrong, new) = match &ours {
            Some(ours) => (!ours[at], !ours[at] && theirs.as_ref().is_some_and(|theirs| theirs[at])),
            None => (loss > 0.0, before.is_some_and(|before| loss > before)),
        };
        Some(Row { place, loss, wrong, new })
    };
    places.iter().enumerate().filter_map(|(at, place)| row(at, place)).collect()
}

/// How far off a model is; none of what it said nothing about, and where only the order counts.
fn off(truth: &TruthColumn, predicted: &PredictedColumns, at: usize) -> Option<f64> {
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
        TruthColumn::Texts(labels) => differs(predicted.texts.as_ref()?[at] != labels[at]),
        TruthColumn::Relevance(_) => return None,
    })
}

fn named(joined: &JoinedRows, row: &Row) -> NamedRow {
    let at = row.place as usize;
    NamedRow {
        key: joined.names.text(at).unwrap_or_else(|| format!("{:016x}", joined.keys[at])),
        label: match &joined.truth {
            TruthColumn::Binary(labels) => if labels[at] { "positive" } else { "negative" }.to_owned(),
            TruthColumn::Classes { labels, names } => class(names, labels[at]),
            TruthColumn::Real(labels) | TruthColumn::Relevance(labels) => significant(labels[at]),
            TruthColumn::Texts(labels) => cut(&labels[at]),
        },
        candidate: said(&joined.truth, &joined.candidate, at),
        baseline: joined.baseline.as_ref().map(|baseline| said(&joined.truth, baseline, at)),
        new: row.new,
    }
}

/// What a model said of a row.
fn said(truth: &TruthColumn, predicted: &PredictedColumns, at: usize) -> String {
    let number = |column: &Option<Vec<f64>>| column.as_ref().map(|column| significant(column[at]));
    let text = match truth {
        TruthColumn::Binary(_) => number(&predicted.scores).or_else(|| {
            let classes = predicted.classes.as_ref()?;
            Some(if classes[at] == 1 { "positive" } else { "negative" }.to_owned())
        }),
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
