//! What the cells of a csv column are: a fixed grammar over their text, folded over the column.
//!
//! | kind | every non-empty cell is |
//! |---|---|
//! | integer | `-?(0\|[1-9][0-9]*)`, all within i64 or all within u64 |
//! | float | `-?` digits with an optional point and exponent and no leading zero, or a spelling of NaN or infinity |
//! | boolean | `true`, `false`, `True`, `False` |
//! | empty | (there is none) |
//! | text | anything else |
//!
//! `007`, `+49`, `1,5` and ` 1` are text. So is a column of whole numbers beyond 64 bits: as floats, different ids would
//! become equal. Knows neither tables nor files.

use std::borrow::Cow;
use std::collections::HashSet;

/// The kinds a cell can be read as, one bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Readings(u8);

impl Readings {
    const NONE: Self = Self(0);
    const I64: Self = Self(1);
    const U64: Self = Self(2);
    const DIGITS: Self = Self(4);
    const FLOAT: Self = Self(8);
    const BOOLEAN: Self = Self(16);
    const TEXT: Self = Self(32);
    const LIST: Self = Self(64);
    const STRUCT: Self = Self(128);
    const ALL: Self = Self(255);

    const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// What a column of texts turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextKind {
    /// No cell has any text.
    Empty,
    /// Whole numbers within i64.
    Integer,
    /// Whole numbers from 0 to 2⁶⁴ − 1, at least one of them beyond i64.
    Natural,
    /// Numbers.
    Float,
    /// Truth values.
    Boolean,
    /// None of these.
    Text,
    /// Lists, as json has them.
    List,
    /// Maps, as json has them.
    Struct,
    /// Cells of several kinds, which in json are told apart: `7` and `"7"`.
    Mixed,
}

impl TextKind {
    /// The word for it in a [shape](super::shape()).
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Integer | Self::Natural => "integer",
            Self::Float => "float",
            Self::Boolean => "boolean",
            Self::Text => "text",
            Self::List => "list",
            Self::Struct => "struct",
            Self::Mixed => "mixed",
        }
    }
}

/// A fold over the cells of one column, in any number of pieces.
#[derive(Debug, Clone)]
pub(super) struct Grammar {
    readings: Readings,
    seen: bool,
}

impl Default for Grammar {
    fn default() -> Self {
        Self { readings: Readings::ALL, seen: false }
    }
}

impl Grammar {
    /// Takes one cell into account; a cell without text says nothing about the kind.
    pub(super) fn add(&mut self, cell: &str) {
        if !cell.is_empty() {
            self.seen = true;
            if self.readings != Readings::NONE {
                self.readings = self.readings.and(readings(cell).with(Readings::TEXT));
            }
        }
    }

    /// Takes one value of json into account, whose kind is plain.
    pub(super) fn add_value(&mut self, value: &Value<'_>) {
        let readings = match value {
            Value::Null => return,
            // The numbers of json are among those of a csv.
            Value::Number(cell) => readings(cell),
            Value::Truth(_) => Readings::BOOLEAN,
            Value::Text(_) => Readings::TEXT,
            Value::List => Readings::LIST,
            Value::Struct => Readings::STRUCT,
        };
        self.seen = true;
        self.readings = self.readings.and(readings);
    }

    /// Takes into account what another fold has seen.
    pub(super) const fn merge(&mut self, other: &Self) {
        self.seen |= other.seen;
        self.readings = self.readings.and(other.readings);
    }

    /// The kind of everything added so far.
    pub(super) const fn kind(&self) -> TextKind {
        let readings = self.readings;
        if !self.seen {
            TextKind::Empty
        } else if readings.has(Readings::I64) {
            TextKind::Integer
        } else if readings.has(Readings::U64) {
            TextKind::Natural
        } else if readings.has(Readings::DIGITS) {
            TextKind::Text
        } else if readings.has(Readings::FLOAT) {
            TextKind::Float
        } else if readings.has(Readings::BOOLEAN) {
            TextKind::Boolean
        } else if readings.has(Readings::TEXT) {
            TextKind::Text
        } else if readings.has(Readings::LIST) {
            TextKind::List
        } else if readings.has(Readings::STRUCT) {
            TextKind::Struct
        } else {
            TextKind::Mixed
        }
    }
}

/// A value of json.
#[derive(Debug)]
pub(super) enum Value<'a> {
    Null,
    /// As it is written.
    Number(&'a str),
    /// `true` or `false`.
    Truth(&'a str),
    Text(Cow<'a, str>),
    List,
    Struct,
}

/// Whether a column of this one cell would be one of numbers.
pub(super) fn is_number(cell: &str) -> bool {
    readings(cell).has(Readings::FLOAT)
}

/// A name that two columns share.
pub(super) fn repeated<'a>(names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut seen = HashSet::new();
    names.into_iter().find(|name| !seen.insert(*name))
}

fn readings(cell: &str) -> Readings {
    let bytes = cell.as_bytes();
    let (negative, magnitude) = match bytes {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, bytes),
    };
    match magnitude.first() {
        Some(b'0'..=b'9' | b'.') => number(negative, cell, magnitude),
        _ if is_undefined_number(magnitude) => Readings::FLOAT,
        _ if matches!(cell, "true" | "false" | "True" | "False") => Readings::BOOLEAN,
        _ => Readings::NONE,
    }
}

fn number(negative: bool, cell: &str, magnitude: &[u8]) -> Readings {
    let whole = digits(magnitude);
    if whole > 1 && magnitude[0] == b'0' {
        return Readings::NONE;
    }
    if whole == magnitude.len() {
        let mut found = Readings::DIGITS.with(Readings::FLOAT);
        // Up to 18 digits fit either type; only longer ones need to be read to know.
        if whole <= 18 || cell.parse::<i64>().is_ok() {
            found = found.with(Readings::I64);
        }
        if !negative && (whole <= 18 || cell.parse::<u64>().is_ok()) {
            found = found.with(Readings::U64);
        }
        return found;
    }
    let mut rest = &magnitude[whole..];
    let mut fraction = 0;
    if let [b'.', after @ ..] = rest {
        fraction = digits(after);
        rest = &after[fraction..];
    }
    if whole + fraction == 0 {
        return Readings::NONE;
    }
    if let [b'e' | b'E', after @ ..] = rest {
        let after = match after {
            [b'+' | b'-', unsigned @ ..] => unsigned,
            _ => after,
        };
        if after.is_empty() || digits(after) != after.len() {
            return Readings::NONE;
        }
        rest = &[];
    }
    if rest.is_empty() { Readings::FLOAT } else { Readings::NONE }
}

fn digits(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// NaN and infinity as numpy, pandas, R, Java and JavaScript write them.
fn is_undefined_number(magnitude: &[u8]) -> bool {
    ["nan", "inf", "infinity"].iter().any(|word| magnitude.eq_ignore_ascii_case(word.as_bytes()))
}
