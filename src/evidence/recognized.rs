//! What the columns of a table of predictions seem to mean, by their names and their cells: a proposal for a person to look over.

use std::collections::{BTreeMap, BTreeSet};

use super::predictions::SourceTable;
use crate::format::policy::Task;
use crate::format::scalar::Scalar;
use crate::format::snapshot::PredictionColumns;
use crate::table::{Codes, Column};

/// Names of columns, as [`plain`] spells them; of several in one table the first here is meant.
const LABELS: [&str; 20] = [
    "y_true",
    "label",
    "target",
    "truth",
    "actual",
    "ground_truth",
    "true_label",
    "y",
    "labels",
    "expected",
    "gold",
    "reference",
    "relevance",
    "rel",
    "grade",
    "true",
    "observed",
    "class",
    "outcome",
    "answer",
];
const PREDICTIONS: [&str; 15] = [
    "y_pred",
    "yhat",
    "y_hat",
    "prediction",
    "predicted",
    "pred",
    "preds",
    "predictions",
    "predicted_label",
    "response",
    "completion",
    "generated",
    "output",
    "answer",
    "forecast",
];
const SCORES: [&str; 18] = [
    "score",
    "y_score",
    "p",
    "prob",
    "proba",
    "probability",
    "y_prob",
    "y_proba",
    "p_hat",
    "phat",
    "p1",
    "p_1",
    "prob_1",
    "proba_1",
    "score_1",
    "p_true",
    "p_yes",
    "p_positive",
];
const KEYS: [&str; 16] = [
    "row_id",
    "id",
    "key",
    "rowid",
    "uid",
    "uuid",
    "example_id",
    "sample_id",
    "record_id",
    "case_id",
    "question_id",
    "document_id",
    "doc_id",
    "index",
    "idx",
    "row",
];
const QUERIES: [&str; 5] = ["query_id", "qid", "query", "group_id", "search_id"];
const WEIGHTS: [&str; 3] = ["weight", "sample_weight", "weights"];
/// What stands before a class in the name of the column of its probability.
const BEFORE_CLASS: [&str; 9] = ["p_", "prob_", "proba_", "probability_", "score_", "p", "prob", "proba", ""];
/// What people call the class they look for.
const POSITIVE: [&str; 6] = ["1", "true", "yes", "y", "positive", "pos"];

/// Columns that are looked at: a table with more is looked at as if it ended there.
const COLUMNS: usize = 256;
/// Numbers with more distinct values are no classes.
const CLASSES: usize = 100;
/// A column with more distinct values is no slice.
const SLICES: usize = 20;
/// Slices that are proposed.
const PROPOSED: usize = 3;

/// A table of predictions, as far as it explains itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Recognized {
    /// What kind of prediction it holds.
    pub task: Task,
    /// What its columns mean.
    pub columns: PredictionColumns,
    /// Columns that might be slices.
    pub slices: Vec<String>,
    /// Whether all scores lie between 0 and 1.
    pub probabilities: bool,
    /// Number of rows.
    pub rows: u64,
}

/// Looks at the bytes of a whole table; `path` says its format. None where it does not explain itself: a label and something
/// predicted, by names that many use, and columns that name each row.
pub fn recognize(bytes: &[u8], path: &str) -> Option<Recognized> {
    let mut names = SourceTable::header(bytes, path).ok()?;
    names.truncate(COLUMNS);
    let read = |names: &[String]| {
        let named: Vec<&str> = names.iter().map(String::as_str).collect();
        SourceTable::read(bytes, path, &named).ok()
    };
    let table = match read(&names) {
        Some(table) => table,
        // One column that cannot be read, such as a list, is no reason to know nothing.
        None => {
            names.retain(|name| is_known(&plain(name)));
            read(&names)?
        }
    };
    Columns { names: &names, table: &table }.recognize()
}

/// What kind of prediction a table holds whose columns somebody named. None where the cells do not tell.
pub fn task_of(bytes: &[u8], path: &str, columns: &PredictionColumns) -> Option<Task> {
    if columns.group.is_some() {
        return Some(Task::Ranking);
    }
    let names: Vec<String> = std::iter::once(&columns.label)
        .chain(columns.score.iter().chain(&columns.prediction))
        .chain(columns.scores.values())
        .cloned()
        .collect();
    let named: Vec<&str> = names.iter().map(String::as_str).collect();
    let table = SourceTable::read(bytes, path, &named).ok()?;
    let labels = table.column(&columns.label).ok()?.codes();
    if columns.scores.len() > 2 {
        return Some(Task::Multiclass);
    }
    if columns.positive.is_some() && labels.values.len() <= 2 {
        return Some(Task::Binary);
    }
    let found = Columns { names: &names, table: &table };
    let (prediction, score) = (columns.prediction.as_deref(), columns.score.as_deref());
    found.answers(&columns.label, &labels, prediction, score).map(|(task, _)| task)
}

/// Columns beside those that somebody named that sort rows into a few groups: at most three of them. Names that many use for something
/// else are none.
pub fn likely_slices(bytes: &[u8], path: &str, columns: &PredictionColumns) -> Vec<String> {
    let taken: Vec<&String> = columns.key.iter().chain(&columns.cluster).chain(&columns.slices).collect();
    let roles = roles(columns);
    let is_free = |name: &String| !taken.contains(&name) && !roles.contains(&name.as_str()) && !is_known(&plain(name));
    let names = SourceTable::header(bytes, path).unwrap_or_default().into_iter();
    let names: Vec<String> = names.take(COLUMNS).filter(is_free).collect();
    let named: Vec<&str> = names.iter().map(String::as_str).collect();
    if named.is_empty() {
        return Vec::new();
    }
    let table = SourceTable::read(bytes, path, &named);
    table.map_or_else(|_| Vec::new(), |table| Columns { names: &names, table: &table }.slices(columns))
}

/// Whether a name may be that of a label, of something predicted or of a key.
fn is_known(plain: &str) -> bool {
    let lists: [&[&str]; 6] = [&LABELS, &PREDICTIONS, &SCORES, &KEYS, &QUERIES, &WEIGHTS];
    let of_class = BEFORE_CLASS.iter().any(|before| before.ends_with('_') && plain.starts_with(before));
    of_class || lists.iter().any(|list| list.contains(&plain))
}

/// `Y-Pred` as `y_pred`.
fn plain(name: &str) -> String {
    let plain: String = name.chars().map(|c| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
    plain.trim_matches('_').to_owned()
}

/// What the cells of a column are.
enum Cells {
    /// Whole numbers, these many distinct ones.
    Whole(usize),
    Real,
    Words,
}

fn cells(column: &Column, codes: &Codes) -> Cells {
    match column.numbers() {
        Ok(numbers) if numbers.iter().all(|number| number.fract() == 0.0) => Cells::Whole(codes.values.len()),
        Ok(_) => Cells::Real,
        Err(_) => Cells::Words,
    }
}

/// The columns of one table.
struct Columns<'a> {
    names: &'a [String],
    table: &'a SourceTable<'a>,
}

impl<'a> Columns<'a> {
    fn named(&self, wanted: &[&str], but: &[&str]) -> Option<&'a str> {
        let called = |word: &str| self.names.iter().find(|name| plain(name) == word && !but.contains(&name.as_str()));
        wanted.iter().find_map(|word| called(word)).map(String::as_str)
    }

    fn column(&self, name: &str) -> Option<&Column> {
        self.table.column(name).ok()
    }

    fn numbers(&self, name: &str) -> Option<Vec<f64>> {
        let numbers = self.column(name)?.numbers().ok()?;
        numbers.iter().all(|number| number.is_finite()).then_some(numbers)
    }

    fn recognize(&self) -> Option<Recognized> {
        let label = self.named(&LABELS, &[])?;
        let codes = self.column(label)?.codes();
        if codes.values.is_empty() || codes.rows.contains(&Codes::NULL) {
            return None;
        }
        let prediction = self.named(&PREDICTIONS, &[label]);
        let score = self.named(&SCORES, &[label]).filter(|name| self.numbers(name).is_some());
        let meant = self.ranking(label, prediction, score).or_else(|| self.answers(label, &codes, prediction, score));
        let (task, columns) = meant?;
        let weight = self.named(&WEIGHTS, &roles(&columns)).filter(|name| self.numbers(name).is_some());
        let columns = PredictionColumns { weight: weight.map(str::to_owned), ..columns };
        let key = self.key(&columns)?;
        let columns = PredictionColumns { key, ..columns };
        let scored: Vec<&String> = columns.score.iter().chain(columns.scores.values()).collect();
        let unit = |name: &&String| {
            self.numbers(name).is_some_and(|numbers| numbers.iter().all(|number| (0.0..=1.0).contains(number)))
        };
        let probabilities = !scored.is_empty() && scored.iter().all(unit);
        let rows = self.table.rows() as u64;
        Some(Recognized { task, slices: self.slices(&columns), probabilities, rows, columns })
    }

    fn ranking(&self, label: &str, prediction: Option<&str>, score: Option<&str>) -> Option<(Task, PredictionColumns)> {
        let group = self.named(&QUERIES, &[label])?;
        let relevant = self.numbers(label)?.iter().all(|relevance| *relevance >= 0.0);
        // Every query a row of its own is no ranking.
        let several = self.column(group)?.codes().values.len() < self.table.rows();
        let score = score.or_else(|| prediction.filter(|name| self.numbers(name).is_some()))?;
        let columns = PredictionColumns {
            label: label.to_owned(),
            score: Some(score.to_owned()),
            group: Some(group.to_owned()),
            ..PredictionColumns::default()
        };
        (relevant && several).then_some((Task::Ranking, columns))
    }

    /// Everything that is no ranking.
    fn answers(
        &self,
        label: &str,
        labels: &Codes,
        prediction: Option<&str>,
        score: Option<&str>,
    ) -> Option<(Task, PredictionColumns)> {
        let classes = labels.values.len();
        let said = |columns: PredictionColumns| PredictionColumns { label: label.to_owned(), ..columns };
        let predicted = prediction.and_then(|name| Some((name, self.column(name)?.codes())));
        let kind = cells(self.column(label)?, labels);
        if !matches!(kind, Cells::Real) && classes <= CLASSES.max(self.table.rows() / 2) {
            let scores = self.class_scores(labels, label);
            let among = |codes: &Codes| codes.values.iter().filter(|value| labels.values.contains(value)).count();
            // Half of the classes that are predicted exist: whoever predicts numbers beside whole labels predicts no classes.
            let of_classes =
                |codes: &Codes| among(codes) * 2 >= codes.values.len() && codes.values.len() <= CLASSES.max(classes);
            let predicted_class = predicted.as_ref().filter(|(_, codes)| of_classes(codes)).map(|(name, _)| *name);
            let stray =
                predicted.as_ref().is_some_and(|(_, codes)| of_classes(codes) && among(codes) < codes.values.len());
            if classes <= 2 && !(classes == 2 && stray) {
                let unit = |name: &&str| self.unit(name) && matches!(kind, Cells::Whole(_));
                let score = score.or_else(|| prediction.filter(|_| predicted_class.is_none()).filter(unit));
                let positive = self.positive(labels, score);
                let score = score.map(str::to_owned).or_else(|| scores.get(&positive).cloned());
                if score.is_some() || predicted_class.is_some() {
                    let prediction = predicted_class.map(str::to_owned);
                    let numeric = matches!(kind, Cells::Whole(_));
                    let positive = Some(scalar(&positive, numeric));
                    return Some((
                        Task::Binary,
                        said(PredictionColumns { score, prediction, positive, ..PredictionColumns::default() }),
                    ));
                }
            }
            let few = classes * 2 <= self.table.rows();
            let whole_answers = !matches!(kind, Cells::Whole(found) if found > CLASSES);
            if !scores.is_empty() || predicted_class.is_some() && few && whole_answers {
                let prediction = predicted_class.map(str::to_owned);
                return Some((
                    Task::Multiclass,
                    said(PredictionColumns { scores, prediction, ..PredictionColumns::default() }),
                ));
            }
        }
        let (name, _) = predicted?;
        let task = match kind {
            Cells::Words => Task::Text,
            _ if self.numbers(label).is_some() && self.numbers(name).is_some() => Task::Regression,
            _ => return None,
        };
        Some((task, said(PredictionColumns { prediction: Some(name.to_owned()), ..PredictionColumns::default() })))
    }

    fn unit(&self, name: &str) -> bool {
        self.numbers(name).is_some_and(|numbers| numbers.iter().all(|number| (0.0..=1.0).contains(number)))
    }

    /// A column of numbers for every class, or none.
    fn class_scores(&self, labels: &Codes, label: &str) -> BTreeMap<String, String> {
        let of = |before: &str| -> Option<BTreeMap<String, String>> {
            let column = |class: &String| {
                let wanted = format!("{before}{}", plain(class));
                let found = self.names.iter().find(|name| plain(name) == wanted && *name != label)?;
                self.numbers(found).map(|_| (class.clone(), found.clone()))
            };
            let found: BTreeMap<_, _> = labels.values.iter().map(column).collect::<Option<_>>()?;
            let distinct: BTreeSet<_> = found.values().collect();
            (distinct.len() == found.len() && found.len() > 1).then_some(found)
        };
        if labels.values.len() > CLASSES {
            return BTreeMap::new();
        }
        BEFORE_CLASS.iter().find_map(|before| of(before)).unwrap_or_default()
    }

    /// The class that people usually look for, that scores are higher of, or that is rarer.
    fn positive(&self, labels: &Codes, score: Option<&str>) -> String {
        let known = |class: &&String| POSITIVE.contains(&plain(class).as_str());
        if let Some(class) = labels.values.iter().find(known) {
            return class.clone();
        }
        let scores = score.and_then(|name| self.numbers(name));
        let of = |class: usize| {
            let rows = labels.rows.iter().enumerate().filter(move |(_, code)| **code as usize == class);
            let count = rows.clone().count() as f64;
            match &scores {
                Some(scores) => rows.map(|(row, _)| scores[row]).sum::<f64>() / count,
                None => -count,
            }
        };
        let first = labels.values.first().cloned().unwrap_or_default();
        match labels.values.get(1) {
            Some(second) if of(1) > of(0) => second.clone(),
            _ => first,
        }
    }

    /// Columns that together are different in each row.
    fn key(&self, columns: &PredictionColumns) -> Option<Vec<String>> {
        let roles: Vec<&str> = roles(columns);
        let free = |name: &&String| !roles.contains(&name.as_str());
        let of = |names: &[&str]| -> bool {
            let codes: Vec<Codes> = names.iter().filter_map(|name| Some(self.column(name)?.codes())).collect();
            if let [codes] = codes.as_slice() {
                return codes.values.len() == self.table.rows();
            }
            let cell = |row: usize| codes.iter().map(|codes| codes.rows[row]).collect::<Vec<_>>();
            let empty = codes.iter().any(|codes| codes.rows.contains(&Codes::NULL));
            let distinct: BTreeSet<_> = (0..self.table.rows()).map(cell).collect();
            codes.len() == names.len() && !empty && distinct.len() == self.table.rows()
        };
        let mut candidates: Vec<&str> = KEYS.iter().filter_map(|word| self.named(&[word], &roles)).collect();
        // Measurements that happen to differ name nothing.
        let names_rows = |name: &&String| {
            let column = self.column(name);
            column.is_some_and(|column| !matches!(cells(column, &column.codes()), Cells::Real))
        };
        candidates.extend(self.names.iter().filter(free).filter(names_rows).map(String::as_str));
        let alone = candidates.iter().find(|name| of(&[**name])).map(|name| vec![(*name).to_owned()]);
        alone.or_else(|| {
            let group = columns.group.as_deref()?;
            let with = candidates.iter().find(|name| of(&[group, **name]))?;
            Some(vec![group.to_owned(), (*with).to_owned()])
        })
    }

    fn slices(&self, columns: &PredictionColumns) -> Vec<String> {
        let roles: Vec<&str> = roles(columns);
        let few = |name: &&String| {
            let Some(column) = self.column(name) else { return false };
            let codes = column.codes();
            let distinct = codes.values.len();
            (2..=SLICES).contains(&distinct)
                && distinct * 2 <= self.table.rows()
                && !matches!(cells(column, &codes), Cells::Real)
        };
        let free = self.names.iter().filter(|name| !roles.contains(&name.as_str()) && !columns.key.contains(name));
        free.filter(few).take(PROPOSED).cloned().collect()
    }
}

/// The columns that mean something by themselves.
fn roles(columns: &PredictionColumns) -> Vec<&str> {
    let named = [&columns.score, &columns.prediction, &columns.group, &columns.weight];
    let named = named.into_iter().flatten().chain(columns.scores.values()).chain([&columns.label]);
    named.map(String::as_str).collect()
}

/// A class as a configuration writes it.
fn scalar(class: &str, numeric: bool) -> Scalar {
    match class.parse() {
        Ok(number) if numeric => Scalar::Int(number),
        _ => match class {
            "true" => Scalar::Bool(true),
            "false" => Scalar::Bool(false),
            _ => Scalar::Text(class.to_owned()),
        },
    }
}
