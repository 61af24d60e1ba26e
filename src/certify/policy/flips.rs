//! Rules on rows that change sides: how many, and which must not.

use std::collections::{BTreeMap, BTreeSet};

use super::refuse::{empty, misplaced, number, refused};
use super::rows::{each, min_rows, only, threshold as threshold_of, without_values};
use super::{PolicyError, parameters};
use crate::format::cases::Match;
use crate::format::policy::{
    AnswersRecord, Flips, KeyFile, KeysFile, MeasureRecord, MustNotFlipFile, RuleFile, ScalarFile, Task,
};
use crate::format::scalar::Scalar;
use crate::measure::Metric;
use crate::nearest::nearest;

/// A list beyond this is a test set, not a list of rows that somebody knows.
pub(in crate::certify) const MOST_KEYS: usize = 10_000;
/// Bytes of one part of a key.
const LONGEST: usize = 1_000;
const TASKS: [&str; 3] = ["binary", "multiclass", "text"];
const VALUE: &str = "a metric's value";
const MATCH: &str = "match";

/// The flips a metric's name stands for.
pub(super) fn named(name: &str) -> Option<Flips> {
    Flips::ALL.into_iter().find(|flips| flips.name() == name)
}

/// A flip rate.
pub(super) fn resolve(
    rule: &RuleFile,
    flips: Flips,
    words: BTreeMap<String, Scalar>,
    task: Task,
) -> Result<MeasureRecord, PolicyError> {
    without_values(rule, VALUE)?;
    let (threshold, threshold_written) = threshold(rule, flips.name(), task)?;
    Ok(MeasureRecord::Flips {
        flips,
        set: rule.set.clone(),
        threshold,
        threshold_written,
        answers: answers(rule, flips.name(), words, task)?,
        only: only(rule)?,
        each: each(rule)?,
        min_rows: min_rows(rule)?,
    })
}

/// A list of rows.
pub(super) fn must_not(rule: &RuleFile, file: &MustNotFlipFile, task: Task) -> Result<MeasureRecord, PolicyError> {
    const SEVERAL: &str = "a rule on all rows or on slices";
    without_values(rule, VALUE)?;
    misplaced(rule, "where", !rule.only.is_empty(), SEVERAL)?;
    misplaced(rule, "each", !rule.each.is_empty(), SEVERAL)?;
    misplaced(rule, "min_rows", rule.min_rows.is_some(), SEVERAL)?;
    let (threshold, threshold_written) = threshold(rule, "must_not_flip", task)?;
    let word = file.answers.iter().map(|word| (MATCH.to_owned(), Scalar::Text(word.clone())));
    let answers = answers(rule, "must_not_flip", word.collect(), task)?;
    let keys = match &file.must_not_flip {
        KeysFile::Listed(keys) => keys,
        KeysFile::Table(table) => {
            let reason = "it was not read".to_owned();
            return Err(PolicyError::Table { rule: rule.id.clone(), table: table.clone(), reason });
        }
    };
    if keys.is_empty() {
        return Err(empty(rule, "must_not_flip"));
    }
    if keys.len() > MOST_KEYS {
        let (found, most) = (keys.len(), MOST_KEYS);
        return Err(PolicyError::TooMany { rule: rule.id.clone(), key: "must_not_flip", found, most });
    }
    // The same list in another order is the same rule.
    let keys = keys.iter().map(|key| cells(rule, key)).collect::<Result<BTreeSet<_>, _>>()?;
    let (keys, set) = (keys.into_iter().collect(), rule.set.clone());
    Ok(MeasureRecord::MustNotFlip { keys, set, threshold, threshold_written, answers })
}

fn threshold(rule: &RuleFile, metric: &str, task: Task) -> Result<(f64, bool), PolicyError> {
    if !matches!(task, Task::Binary | Task::Multiclass | Task::Text) {
        return Err(PolicyError::OtherTask {
            rule: rule.id.clone(),
            metric: metric.to_owned(),
            task: task.name(),
            tasks: TASKS.to_vec(),
        });
    }
    misplaced(rule, "threshold", rule.threshold.is_some() && task != Task::Binary, "a binary task")?;
    threshold_of(rule)
}

/// What `match` says, and what is set about it. An answer that is the reference is right without a word.
fn answers(
    rule: &RuleFile,
    name: &'static str,
    mut words: BTreeMap<String, Scalar>,
    task: Task,
) -> Result<Option<AnswersRecord>, PolicyError> {
    if task != Task::Text {
        return match words.into_keys().next() {
            None => Ok(None),
            Some(key) => {
                let (rule, known) = (rule.id.clone(), Vec::new());
                Err(PolicyError::UnknownParameter { rule, metric: name, nearest: Vec::new(), known, key })
            }
        };
    }
    let metric = match words.remove(MATCH) {
        None => Metric::ExactMatch,
        Some(word) => {
            let found = Match::ALL.into_iter().find(|known| Scalar::Text(known.name().to_owned()) == word);
            let unknown = || {
                let value = word.to_string();
                PolicyError::UnknownWord {
                    rule: rule.id.clone(),
                    key: MATCH,
                    nearest: nearest(&value, Match::ALL.map(Match::name)),
                    word: value.chars().take(80).collect(),
                    known: Match::ALL.map(Match::name).to_vec(),
                }
            };
            match found.ok_or_else(unknown)? {
                Match::Exact => Metric::ExactMatch,
                Match::Contains => Metric::Contains,
                Match::Numeric => Metric::NumericMatch,
            }
        }
    };
    parameters::read(metric, task, &words).map_err(|problem| refused(rule, metric, task, problem))?;
    let parameters = parameters::written(metric, task, &words);
    let unsaid = metric == Metric::ExactMatch && parameters.is_empty();
    Ok((!unsaid).then(|| AnswersRecord { metric: metric.name().to_owned(), parameters }))
}

/// A key's cells as tables print them.
fn cells(rule: &RuleFile, key: &KeyFile) -> Result<Vec<String>, PolicyError> {
    let parts = match key {
        KeyFile::One(part) => std::slice::from_ref(part),
        KeyFile::Several(parts) => parts.as_slice(),
    };
    let text = |part: &ScalarFile| -> Result<String, PolicyError> {
        let text = match part {
            ScalarFile::Text(text) => text.clone(),
            ScalarFile::Bool(value) => value.to_string(),
            ScalarFile::Int(value) => value.to_string(),
            ScalarFile::Float(value) => {
                Scalar::Float(number(rule, "must_not_flip", *value, true, "a finite number")?).to_string()
            }
        };
        if text.is_empty() {
            return Err(empty(rule, "must_not_flip"));
        }
        if text.len() > LONGEST {
            let (found, most) = (text.len(), LONGEST);
            return Err(PolicyError::TooMany { rule: rule.id.clone(), key: "must_not_flip", found, most });
        }
        Ok(text)
    };
    if parts.is_empty() { Err(empty(rule, "must_not_flip")) } else { parts.iter().map(text).collect() }
}
