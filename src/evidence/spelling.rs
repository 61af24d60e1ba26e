//! Keys that two tables spell in different ways: `000007`, ` 7` and `7` are three texts, and of one row. Where no key of one table is found
//! in the other, that says nothing unless they could have been found.

use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use crate::table::{Column, cut};

/// Shapes of one column that are told apart; with more there is no shape to speak of.
const MOST: usize = 200;

/// How the keys of one table are spelled, and which of another's are the same but for that.
#[derive(Debug, Default)]
pub(super) struct Spelling {
    /// The hash of each row's key, spelled plainly → the row that has it first. Empty until a text is compared.
    plain: HashMap<u64, usize>,
    /// Rows whose key is in the other table, spelled plainly.
    alike: BTreeSet<usize>,
    /// Of each column of the key.
    columns: Vec<Spelled>,
}

/// One column of a key in both tables.
#[derive(Debug, Default)]
struct Spelled {
    ours: Shapes,
    theirs: Shapes,
    /// Texts in one table and numbers in the other.
    mixed: bool,
}

/// What the texts of a column look like; none where too many do.
#[derive(Debug, Default)]
struct Shapes {
    known: BTreeSet<String>,
    endless: bool,
    first: Option<String>,
}

impl Shapes {
    fn add(&mut self, text: &str) {
        if self.first.is_none() {
            self.first = Some(cut(text, 40));
        }
        if !self.endless {
            self.known.insert(shape(text));
            self.endless = self.known.len() > MOST;
        }
    }

    fn could_meet(&self, other: &Self) -> bool {
        let empty = self.known.is_empty() || other.known.is_empty();
        empty || self.endless || other.endless || !self.known.is_disjoint(&other.known)
    }
}

impl Spelling {
    /// Notes how `theirs` is spelled, and which rows of `ours` it has but for that. The columns are the same ones in both.
    pub(super) fn look_in(&mut self, ours: &[Column], theirs: &[Column]) {
        if !ours.iter().chain(theirs).any(|column| column.kind() == "text") {
            return;
        }
        if self.plain.is_empty() {
            self.columns = ours.iter().map(|_| Spelled::default()).collect();
            each_row(ours, |row, plain| {
                self.plain.entry(plain).or_insert(row);
            });
            for (spelled, column) in self.columns.iter_mut().zip(ours) {
                texts(column, |text| spelled.ours.add(text));
            }
        }
        each_row(theirs, |_, plain| {
            if let Some(row) = self.plain.get(&plain) {
                self.alike.insert(*row);
            }
        });
        for ((spelled, ours), theirs) in self.columns.iter_mut().zip(ours).zip(theirs) {
            texts(theirs, |text| spelled.theirs.add(text));
            let number = |column: &Column| matches!(column.kind(), "integer" | "float" | "decimal");
            let text = |column: &Column| column.kind() == "text";
            spelled.mixed |= number(ours) && text(theirs) || text(ours) && number(theirs);
        }
    }

    /// Rows whose key is in the other table, spelled plainly.
    pub(super) fn alike(&self) -> impl Iterator<Item = usize> + '_ {
        self.alike.iter().copied()
    }

    /// Why no key of one table could have been found in the other.
    pub(super) fn never_meets(&self, names: &[Column]) -> Option<String> {
        let (spelled, column) =
            self.columns.iter().zip(names).find(|(spelled, _)| !spelled.ours.could_meet(&spelled.theirs))?;
        let first = |shapes: &Shapes| shapes.first.clone().unwrap_or_default();
        Some(format!(
            "no `{}` of one is spelled as any of the other: `{}`, `{}`",
            column.name(),
            first(&spelled.ours),
            first(&spelled.theirs)
        ))
    }

    /// A column that holds texts in one table and numbers in the other.
    pub(super) fn mixed<'a>(&self, names: &'a [Column]) -> Option<&'a str> {
        self.columns.iter().zip(names).find(|(spelled, _)| spelled.mixed).map(|(_, column)| column.name())
    }
}

/// Every text of a column that is not empty.
fn texts(column: &Column, mut text: impl FnMut(&str)) {
    let mut cell = String::new();
    for row in 0..column.len() {
        cell.clear();
        if column.write_text(row, &mut cell) {
            text(&cell);
        }
    }
}

/// The hash of each row's key, spelled plainly.
fn each_row(columns: &[Column], mut row: impl FnMut(usize, u64)) {
    let mut cell = String::new();
    for number in 0..columns.first().map_or(0, Column::len) {
        let mut hasher = DefaultHasher::new();
        for column in columns {
            cell.clear();
            column.write_text(number, &mut cell);
            plain(&cell).hash(&mut hasher);
        }
        row(number, hasher.finish());
    }
}

/// A text without the space around it, without leading zeros of a whole number, in small letters.
fn plain(text: &str) -> String {
    let text = text.trim();
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let whole = digits.strip_suffix(".0").unwrap_or(digits);
    if !whole.is_empty() && whole.bytes().all(|byte| byte.is_ascii_digit()) {
        let digits = whole.trim_start_matches('0');
        return if digits.is_empty() { "0".to_owned() } else { format!("{sign}{digits}") };
    }
    text.to_lowercase()
}

/// `a-0` of `user-17`: what kinds of characters follow one another. A number that begins with a zero has a shape of its own.
fn shape(text: &str) -> String {
    let mut shape = String::new();
    let mut before = None;
    for (place, character) in text.chars().enumerate() {
        let kind = match character {
            '0' if place == 0 && text.len() > 1 => 'z',
            _ if character.is_numeric() => '0',
            _ if character.is_uppercase() => 'A',
            _ if character.is_alphabetic() => 'a',
            other => other,
        };
        if before != Some(kind) {
            shape.push(kind);
        }
        before = Some(kind);
    }
    shape
}
