//! One model's predictions set: a table and what its columns mean, checked and sorted by row key.
//!
//! Knows one table only; what two models have in common is found by the [join](mod@super::join). Which cells mean what is decided
//! here, how they are read by [`crate::table`].

mod columns;
mod keys;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(super) use self::columns::{SourceTable, unreadable};
pub use self::keys::key_hash;
pub(super) use self::keys::{KeyCells, Keys, row_hashes};

use super::{Defect, SliceColumn};
use crate::format::policy::Task;
use crate::format::scalar::Scalar;
use crate::format::snapshot::PredictionColumns;
use crate::table::{Codes, cut};

/// One model's predictions set in memory, rows by ascending key hash.
#[derive(Debug, Clone)]
pub struct PredictionTable {
    /// Where it was read from, for messages.
    pub(super) path: String,
    pub(super) keys: Arc<Keys>,
    /// Labels, one per row.
    pub(super) truth: Labels,
    /// Of two classes the text of the positive one.
    pub(super) positive: Option<String>,
    pub(super) predicted: Answers,
    /// Finite, not negative, not all 0.
    pub(super) weights: Option<Named<f64>>,
    /// Hashes.
    pub(super) clusters: Option<Named<u64>>,
    /// Hashes.
    pub(super) groups: Option<Named<u64>>,
    pub(super) numbers: BTreeMap<String, Vec<f64>>,
    /// Asked columns in which some cell is no finite number, and which.
    pub(super) unfit: BTreeMap<String, Defect>,
    pub(super) slices: BTreeMap<String, SliceColumn>,
}

/// A column and what the file calls it.
#[derive(Debug, Clone)]
pub(super) struct Named<T> {
    pub(super) column: String,
    pub(super) cells: Vec<T>,
}

/// What is asked of a table on top of the columns that its version names.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked<'a> {
    /// Slice columns.
    pub slices: &'a [String],
    /// Columns of numbers. One with a cell that is no finite number keeps only the rules on it from being judged.
    pub numbers: &'a [String],
    /// Whether those of both that are not there are left out: what a baseline never wrote keeps no other rule from being judged.
    pub if_there: bool,
    /// A table that may have the same keys in the same order: then they are hashed and sorted once.
    pub like: Option<&'a PredictionTable>,
}

/// The labels of one table.
#[derive(Debug, Clone)]
pub(super) enum Labels {
    /// True is positive.
    Binary(Vec<bool>),
    /// Class names, and an index for each row.
    Classes(Codes),
    /// Numbers, all finite.
    Real(Vec<f64>),
    /// How relevant each document is: finite, not negative.
    Relevance(Vec<f64>),
    /// Reference answers.
    Texts(Vec<String>),
}

/// What one model said, each of the table's length; numbers are finite.
#[derive(Debug, Clone, Default)]
pub(super) struct Answers {
    /// Score of the positive class.
    pub(super) scores: Option<Vec<f64>>,
    /// Predicted classes; of a binary task `0` and `1`, positive.
    pub(super) classes: Option<Codes>,
    /// Class → probability in each row.
    pub(super) probabilities: BTreeMap<String, Vec<f64>>,
    /// Predicted numbers.
    pub(super) values: Option<Vec<f64>>,
    /// Answers in words.
    pub(super) texts: Option<Vec<String>>,
}

impl PredictionTable {
    /// Which of these columns its rows are not sorted by.
    pub fn without<'a>(&self, slices: &'a [String]) -> Vec<&'a String> {
        slices.iter().filter(|column| !self.slices.contains_key(*column)).collect()
    }

    /// Number of rows, at least one.
    pub fn rows(&self) -> usize {
        self.keys.len()
    }

    /// Of another table, by its columns `key`: how many of its rows are among these, and how many it has.
    ///
    /// # Errors
    /// A table that cannot be read, or has no such columns.
    pub fn covers(&self, bytes: &[u8], path: &str, key: &[String]) -> Result<(usize, usize), Defect> {
        let names: Vec<&str> = key.iter().map(String::as_str).collect();
        let keys = Keys::of(&SourceTable::read(bytes, path, &names)?, key)?;
        Ok((self.keys.matched(&keys, path)?, keys.len()))
    }
}

/// Reads one model's set: [`read_asked`] with nothing but slice columns, `extra`, on top of those in `columns`.
///
/// # Errors
/// As [`read_asked`].
pub fn read(
    bytes: Vec<u8>,
    path: &str,
    columns: &PredictionColumns,
    task: Task,
    extra: &[String],
) -> Result<PredictionTable, Defect> {
    read_asked(bytes, path, columns, task, &Asked { slices: extra, ..Asked::default() })
}

/// Reads one model's set.
///
/// `bytes` are the whole file, `path` names it in messages and says its format. Slices, clusters and queries are text; labels and
/// predicted classes are compared as text; scores, weights and numbers are finite. Of a ranking the label is the relevance, of
/// a text task the reference answer.
///
/// Without `positive` the positive label of {0, 1} is 1 and of {false, true} is true.
///
/// # Errors
/// Whatever keeps the set from being evidence, the first row of its kind.
pub fn read_asked(
    bytes: Vec<u8>,
    path: &str,
    columns: &PredictionColumns,
    task: Task,
    asked: &Asked<'_>,
) -> Result<PredictionTable, Defect> {
    let mut wanted: Vec<&String> = asked.slices.iter().collect();
    let mut numbers: BTreeSet<&String> = asked.numbers.iter().collect();
    if asked.if_there && !(numbers.is_empty() && wanted.is_empty()) {
        let there = SourceTable::header(&bytes, path)?;
        numbers.retain(|column| there.contains(column));
        wanted.retain(|column| there.contains(column));
    }
    let slices = columns.slices.iter().chain(wanted);
    let named = columns.key.iter().chain([&columns.label]).chain(&columns.score).chain(&columns.prediction);
    let named = named.chain(columns.scores.values()).chain(slices.clone());
    let named =
        named.chain(&columns.weight).chain(&columns.cluster).chain(&columns.group).chain(numbers.iter().copied());
    let names: Vec<&str> = named.map(String::as_str).collect();
    let source = SourceTable::read(&bytes, path, &names)?;
    drop(bytes);
    let keys = Keys::shared(&source, &columns.key, asked.like.map(|table| &table.keys))?;
    let answers = || -> Result<_, Defect> {
        let (truth, answers) = match task {
            Task::Binary => {
                let (truth, answers, positive) = binary(&source, &keys, columns)?;
                return Ok((truth, answers, Some(positive)));
            }
            Task::Multiclass => multiclass(&source, &keys, columns),
            Task::Regression => regression(&source, &keys, columns),
            Task::Ranking => ranking(&source, &keys, columns),
            Task::Text => text(&source, &keys, columns),
        }?;
        Ok((truth, answers, None))
    };
    let slices = || -> Result<BTreeMap<String, SliceColumn>, Defect> {
        let read = |name: &String| Ok((name.clone(), slice(keys.sorted_codes(source.column(name)?.codes()))));
        slices.map(read).collect()
    };
    let (answers, slices) = rayon::join(answers, slices);
    let (truth, predicted, positive) = answers?;
    let slices = slices?;
    let weights = columns.weight.as_ref().map(|column| weights(&source, &keys, column)).transpose()?;
    let hashes = |column: &String| {
        let codes = source.classes(column)?;
        let hashes: Vec<u64> = codes.values.iter().map(|text| key_hash(std::slice::from_ref(text))).collect();
        let cells: Vec<u64> = codes.rows.iter().map(|&code| hashes[code as usize]).collect();
        Ok::<_, Defect>(Named { column: column.clone(), cells: keys.sorted(&cells) })
    };
    let clusters = columns.cluster.as_ref().map(hashes).transpose()?;
    let groups = columns.group.as_ref().map(hashes).transpose()?;
    let (mut fit, mut unfit) = (BTreeMap::new(), BTreeMap::new());
    for column in numbers {
        match source.finite(column) {
            Ok(cells) => {
                fit.insert(column.clone(), keys.sorted(&cells));
            }
            Err(defect @ Defect::ColumnMissing { .. }) => return Err(defect),
            Err(defect) => {
                unfit.insert(column.clone(), defect);
            }
        }
    }
    Ok(PredictionTable {
        path: path.to_owned(),
        keys,
        truth,
        positive,
        predicted,
        weights,
        clusters,
        groups,
        numbers: fit,
        unfit,
        slices,
    })
}

fn weights(source: &SourceTable<'_>, keys: &Keys, column: &str) -> Result<Named<f64>, Defect> {
    let weights = source.not_negative(column, "a weight: 0 or more")?;
    if weights.iter().all(|weight| *weight == 0.0) {
        return Err(Defect::NoWeight { path: source.path.to_owned(), column: column.to_owned() });
    }
    Ok(Named { column: column.to_owned(), cells: keys.sorted(&weights) })
}

/// With the text of the positive label.
fn binary(
    source: &SourceTable<'_>,
    keys: &Keys,
    columns: &PredictionColumns,
) -> Result<(Labels, Answers, String), Defect> {
    let labels = source.classes(&columns.label)?;
    let predicted = columns.prediction.as_ref().map(|column| source.classes(column)).transpose()?;
    let mut names = labels.values.clone();
    for name in predicted.iter().flat_map(|predicted| &predicted.values) {
        if !names.contains(name) {
            names.push(name.clone());
        }
        // A column of scores taken for predicted labels has as many values as rows.
        if names.len() > 2 {
            break;
        }
    }
    if names.len() > 2 {
        let also = predicted.iter().flat_map(|predicted| &predicted.values);
        let distinct: std::collections::HashSet<&String> = labels.values.iter().chain(also).collect();
        return Err(Defect::TooManyClasses { path: source.path.to_owned(), found: distinct.len() });
    }
    let positive = positive(source.path, columns.positive.as_ref(), &labels.values, &names)?;
    let is_positive = |codes: Codes| -> Vec<bool> {
        let code = codes.values.iter().position(|name| *name == positive);
        codes.rows.iter().map(|&row| code == Some(row as usize)).collect()
    };
    let column = columns.score.as_ref().or_else(|| columns.scores.get(&positive));
    let scores = column.map(|column| Ok(keys.sorted(&source.finite(column)?))).transpose()?;
    let classes = predicted.map(|predicted| Codes {
        values: vec!["0".to_owned(), "1".to_owned()],
        rows: keys.sorted(&is_positive(predicted)).into_iter().map(u32::from).collect(),
    });
    let truth = Labels::Binary(keys.sorted(&is_positive(labels)));
    Ok((truth, Answers { scores, classes, ..Answers::default() }, positive))
}

/// The canonical text of the positive label, which occurs.
fn positive(path: &str, asked: Option<&Scalar>, labels: &[String], names: &[String]) -> Result<String, Defect> {
    let among = |known: [&str; 2]| names.iter().all(|name| known.contains(&name.as_str()));
    let positive = match asked {
        // As table cells are written: 1.0 is `1`, and so is -0.0 plain `0`.
        Some(Scalar::Float(value)) => Scalar::Float(value + 0.0).to_string(),
        Some(scalar) => scalar.to_string(),
        None if among(["0", "1"]) => "1".to_owned(),
        None if among(["false", "true"]) => "true".to_owned(),
        None => "(none configured)".to_owned(),
    };
    if labels.contains(&positive) {
        return Ok(positive);
    }
    let mut labels: Vec<String> = labels.iter().take(10).map(|label| cut(label, 40)).collect();
    labels.sort();
    Err(Defect::PositiveMissing { path: path.to_owned(), positive, labels })
}

fn multiclass(source: &SourceTable<'_>, keys: &Keys, columns: &PredictionColumns) -> Result<(Labels, Answers), Defect> {
    let classes = |column: &String| Ok(keys.sorted_codes(source.classes(column)?));
    let truth = Labels::Classes(classes(&columns.label)?);
    let predicted = columns.prediction.as_ref().map(classes).transpose()?;
    let mut probabilities = BTreeMap::new();
    for (class, column) in &columns.scores {
        probabilities.insert(class.clone(), keys.sorted(&source.finite(column)?));
    }
    Ok((truth, Answers { classes: predicted, probabilities, ..Answers::default() }))
}

fn regression(source: &SourceTable<'_>, keys: &Keys, columns: &PredictionColumns) -> Result<(Labels, Answers), Defect> {
    let numbers = |column: &String| Ok(keys.sorted(&source.finite(column)?));
    let truth = Labels::Real(numbers(&columns.label)?);
    let values = columns.prediction.as_ref().or(columns.score.as_ref()).map(numbers).transpose()?;
    Ok((truth, Answers { values, ..Answers::default() }))
}

fn ranking(source: &SourceTable<'_>, keys: &Keys, columns: &PredictionColumns) -> Result<(Labels, Answers), Defect> {
    let truth = Labels::Relevance(keys.sorted(&source.not_negative(&columns.label, "a relevance: 0 or more")?));
    let score = |column: &String| Ok(keys.sorted(&source.finite(column)?));
    let scores = columns.score.as_ref().or(columns.prediction.as_ref()).map(score).transpose()?;
    Ok((truth, Answers { scores, ..Answers::default() }))
}

fn text(source: &SourceTable<'_>, keys: &Keys, columns: &PredictionColumns) -> Result<(Labels, Answers), Defect> {
    let texts = |column: &String| Ok(keys.sorted_texts(source.texts(column)?));
    let truth = Labels::Texts(texts(&columns.label)?);
    let texts = columns.prediction.as_ref().map(texts).transpose()?;
    Ok((truth, Answers { texts, ..Answers::default() }))
}

/// Values sorted as text, an empty cell among them as `(none)`.
fn slice(codes: Codes) -> SliceColumn {
    let name = |value: &str| if value.is_empty() { "(none)".to_owned() } else { value.to_owned() };
    let mut values: Vec<String> = codes.values.iter().map(|value| name(value)).collect();
    if codes.rows.contains(&Codes::NULL) {
        values.push(name(""));
    }
    values.sort();
    values.dedup();
    let place = |value: &str| values.binary_search(&name(value)).unwrap_or_default() as u32;
    let places: Vec<u32> = codes.values.iter().map(|value| place(value)).collect();
    let none = place("");
    let rows = codes.rows.iter().map(|&code| places.get(code as usize).copied().unwrap_or(none)).collect();
    SliceColumn { values, rows }
}
