//! Json lines: each line an object, whose members are cells. A member that is not there is missing, like `null`.
//!
//! serde_json says whether a line is json; what is between its members is found here, because a number is what its digits say:
//! ids beyond 64 bits would become equal as floats. A line with two members of one name has no one reading, and is refused.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fs::File;

use polars::prelude::StringChunked;
use serde::de::IgnoredAny;

use super::error::TableError;
use super::foreign;
use super::grammar::{Grammar, TextKind, Value};
use super::guard::{self, malformed};
use super::window::Window;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// Bytes looked through at a time for what columns there are.
const PIECE: usize = 4 << 20;
/// Lines of one piece.
const LINES: usize = 1 << 16;

/// A file of lines that is read from its beginning to its end.
pub(super) struct Lines {
    window: Window,
    /// Lines of one piece.
    most: usize,
    /// Bytes of the piece last handed out.
    done: usize,
    begun: bool,
}

/// What a file of lines holds.
pub(super) struct Scanned {
    pub(super) rows: u64,
    /// In the order in which they first occur.
    pub(super) columns: Vec<ScannedColumn>,
}

pub(super) struct ScannedColumn {
    pub(super) name: String,
    pub(super) grammar: Grammar,
    /// Rows in which it is not missing.
    present: u64,
}

impl ScannedColumn {
    /// Missing cells, of so many rows; those of what is no single value are not counted.
    pub(super) fn nulls(&self, rows: u64) -> u64 {
        match self.grammar.kind() {
            TextKind::List | TextKind::Struct | TextKind::Mixed => 0,
            _ => rows - self.present,
        }
    }
}

impl Lines {
    /// A piece will have about `bytes` and at most `cells` of `columns`, and one line at least.
    pub(super) fn open(file: File, bytes: usize, cells: usize, columns: usize) -> Self {
        let most = (cells / columns.max(1)).clamp(1, LINES);
        Self { window: Window::new(file, bytes), most, done: 0, begun: false }
    }

    /// The next lines and how many of them are rows; none at the end.
    pub(super) fn next(&mut self) -> Result<Option<(&[u8], usize)>, TableError> {
        self.window.pass(std::mem::take(&mut self.done));
        loop {
            if !self.begun && (self.window.bytes().len() >= BYTE_ORDER_MARK.len() || self.window.whole()) {
                self.begun = true;
                foreign::refuse(self.window.bytes())?;
                if self.window.bytes().starts_with(BYTE_ORDER_MARK) {
                    self.window.pass(BYTE_ORDER_MARK.len());
                }
            }
            let bytes = self.window.bytes();
            if self.window.whole() && bytes.is_empty() {
                return Ok(None);
            }
            let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
            match ends.take(self.most).last().or(self.window.whole().then_some(bytes.len())) {
                None => self.window.widen()?,
                Some(end) => {
                    self.done = end;
                    let piece = &self.window.bytes()[..end];
                    let rows = rows(piece).count();
                    return Ok(Some((piece, rows)));
                }
            }
        }
    }
}

/// Finds the columns of a file, and what they hold.
pub(super) fn scan(file: File) -> Result<Scanned, TableError> {
    let mut lines = Lines::open(file, PIECE, usize::MAX, 1);
    let mut scanned = Scanned { rows: 0, columns: Vec::new() };
    let mut places: HashMap<String, usize> = HashMap::new();
    while let Some((piece, count)) = lines.next()? {
        scanned.add(piece, &mut places)?;
        scanned.rows += count as u64;
    }
    Ok(scanned)
}

impl Scanned {
    fn add(&mut self, piece: &[u8], places: &mut HashMap<String, usize>) -> Result<(), TableError> {
        for (number, line) in rows(piece).enumerate() {
            for (name, value) in members(line, self.rows + number as u64 + 1)? {
                let place = match places.get(name.as_ref()) {
                    Some(place) => *place,
                    None => {
                        guard::within("columns", places.len() as u64 + 1, guard::COLUMNS)?;
                        let name = name.into_owned();
                        places.insert(name.clone(), self.columns.len());
                        self.columns.push(ScannedColumn { name, grammar: Grammar::default(), present: 0 });
                        self.columns.len() - 1
                    }
                };
                let column = &mut self.columns[place];
                column.present += u64::from(!matches!(value, Value::Null));
                column.grammar.add_value(&value);
            }
        }
        Ok(())
    }
}

/// The cells of lines as texts, and what they are, for each of the columns `names`.
pub(super) fn texts(piece: &[u8], names: &[&str]) -> Result<Vec<(StringChunked, Grammar)>, TableError> {
    let places: HashMap<&str, usize> = names.iter().enumerate().map(|(place, name)| (*name, place)).collect();
    let mut columns: Vec<(Vec<Option<Cow<'_, str>>>, Grammar)> =
        names.iter().map(|_| (Vec::new(), Grammar::default())).collect();
    let mut count = 0;
    for line in rows(piece) {
        for (name, value) in members(line, count as u64 + 1)? {
            let Some(place) = places.get(name.as_ref()) else { continue };
            let (cells, grammar) = &mut columns[*place];
            grammar.add_value(&value);
            let cell = match value {
                Value::Number(cell) | Value::Truth(cell) => Some(Cow::Borrowed(cell)),
                Value::Text(cell) => Some(cell),
                Value::Null | Value::List | Value::Struct => None,
            };
            cells.resize(count, None);
            cells.push(cell);
        }
        count += 1;
    }
    let column = |(mut cells, grammar): (Vec<Option<Cow<'_, str>>>, Grammar)| {
        cells.resize(count, None);
        (cells.into_iter().collect::<StringChunked>(), grammar)
    };
    Ok(columns.into_iter().map(column).collect())
}

/// The names of all columns of a whole file.
pub(super) fn header(bytes: &[u8]) -> Result<Vec<String>, TableError> {
    foreign::refuse(bytes)?;
    let mut scanned = Scanned { rows: 0, columns: Vec::new() };
    scanned.add(bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes), &mut HashMap::new())?;
    Ok(scanned.columns.into_iter().map(|column| column.name).collect())
}

/// The columns `wanted` of a whole file, and its rows.
pub(super) fn read(bytes: &[u8], wanted: &[&str]) -> Result<(usize, Vec<super::Column>), TableError> {
    let names = header(bytes)?;
    if let Some(name) = wanted.iter().find(|name| !names.iter().any(|known| known == **name)) {
        return Err(super::missing(name, names.iter().map(String::as_str)));
    }
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let count = rows(bytes).count();
    guard::cells(count as u64, wanted.len(), bytes.len())?;
    let mut columns = Vec::with_capacity(wanted.len());
    for (name, (cells, grammar)) in wanted.iter().zip(texts(bytes, wanted)?) {
        let kind = grammar.kind();
        if matches!(kind, TextKind::List | TextKind::Struct | TextKind::Mixed) {
            return Err(TableError::Unsupported { column: super::cut(name, 80), kind: kind.word().to_owned() });
        }
        columns.push(super::Column::typed(name, &cells, kind));
    }
    Ok((count, columns))
}

/// The lines that are rows: those that are not blank.
fn rows(piece: &[u8]) -> impl Iterator<Item = &[u8]> {
    piece.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty())
}

/// The members of an object, by name.
fn members(line: &[u8], row: u64) -> Result<Vec<(Cow<'_, str>, Value<'_>)>, TableError> {
    let no_object = || malformed(&format!("row {row} is no object in json"));
    let line = std::str::from_utf8(line).map_err(|_| TableError::NotUtf8 { row })?;
    if !line.starts_with('{') || serde_json::from_str::<IgnoredAny>(line).is_err() {
        return Err(no_object());
    }
    let mut found: Vec<(Cow<'_, str>, Value<'_>)> = Vec::new();
    let mut rest = line[1..].trim_ascii_start();
    while !rest.starts_with('}') {
        let (name, behind) = rest.split_at_checked(string_end(rest).ok_or_else(no_object)?).ok_or_else(no_object)?;
        let behind = behind.trim_ascii_start().strip_prefix(':').ok_or_else(no_object)?.trim_ascii_start();
        let (value, behind) =
            behind.split_at_checked(value_end(behind).ok_or_else(no_object)?).ok_or_else(no_object)?;
        let name = text(name).ok_or_else(no_object)?;
        found.push((name, read_value(value).ok_or_else(no_object)?));
        let behind = behind.trim_ascii_start();
        rest = behind.strip_prefix(',').unwrap_or(behind).trim_ascii_start();
        if rest.is_empty() {
            return Err(no_object());
        }
    }
    let mut names = HashSet::with_capacity(found.len());
    match found.iter().find(|(name, _)| !names.insert(name.as_ref())) {
        Some((name, _)) => Err(malformed(&format!("row {row} has `{}` twice", super::cut(name, 80)))),
        None => Ok(found),
    }
}

fn read_value(text_of: &str) -> Option<Value<'_>> {
    Some(match text_of.as_bytes().first()? {
        b'"' => Value::Text(text(text_of)?),
        b'{' => Value::Struct,
        b'[' => Value::List,
        b'n' => Value::Null,
        b't' | b'f' => Value::Truth(text_of),
        _ => Value::Number(text_of),
    })
}

/// What a text in quotes says.
fn text(quoted: &str) -> Option<Cow<'_, str>> {
    if quoted.contains('\\') {
        return serde_json::from_str(quoted).ok().map(Cow::Owned);
    }
    Some(Cow::Borrowed(quoted.strip_prefix('"')?.strip_suffix('"')?))
}

/// Behind the text in quotes at the beginning.
fn string_end(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    if bytes.first() != Some(&b'"') {
        return None;
    }
    let mut at = 1;
    loop {
        at += bytes.get(at..)?.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
        if bytes[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

/// Behind the value at the beginning.
fn value_end(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    match bytes.first()? {
        b'"' => string_end(text),
        b'{' | b'[' => {
            let (mut at, mut depth) = (0, 0_usize);
            loop {
                match bytes.get(at)? {
                    b'"' => {
                        at += string_end(text.get(at..)?)?;
                        continue;
                    }
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => depth -= 1,
                    _ => {}
                }
                at += 1;
                if depth == 0 {
                    return Some(at);
                }
            }
        }
        _ => bytes.iter().position(|byte| matches!(byte, b',' | b'}') || byte.is_ascii_whitespace()),
    }
}
