//! YAML documents: the tree is built here from `saphyr-parser`'s events, values by the core schema of YAML 1.2.2 §10.3.

use std::collections::{HashMap, HashSet};

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};

use crate::format::scalar::Scalar;

use super::tree::{Budget, Node, check_depth};
use super::{Reason, ValuesError};

/// Reads the only document of `text`; none is an empty map.
pub(super) fn read(text: &str, budget: &mut Budget) -> Result<Node, ValuesError> {
    let mut loader = Loader { text, parser: Parser::new_from_str(text), anchors: HashMap::new(), budget };
    let mut root = None;
    loop {
        let (event, span) = loader.next()?;
        match event {
            Event::StreamEnd => return Ok(root.unwrap_or_else(|| Node::map(Vec::new()))),
            Event::StreamStart | Event::DocumentEnd | Event::Nothing => {}
            Event::DocumentStart(_) if root.is_some() => {
                return Err(at(span.start, Reason::Syntax("a second document begins".to_owned())));
            }
            Event::DocumentStart(_) => {
                let (event, span) = loader.next()?;
                let nothing = matches!(&event, Event::Scalar(text, ScalarStyle::Plain, _, None) if text.is_empty());
                root = Some(if nothing { Node::map(Vec::new()) } else { loader.node(event, span, 0)? });
            }
            _ => return Err(at(span.start, Reason::Syntax("a value outside of a document".to_owned()))),
        }
    }
}

fn at(mark: Marker, reason: Reason) -> ValuesError {
    ValuesError { line: Some(mark.line()), column: Some(mark.col() + 1), reason }
}

/// Where a syntax error is. Of a tab that indents what would go on with a value, the parser says where that value begins.
fn place_of(error: &ScanError, text: &str) -> (usize, usize) {
    let mark = error.marker();
    let said = (mark.line(), mark.col() + 1);
    let tab = match error.info() {
        info if info.contains("found a tab") => indenting_tab(text, mark.line(), false),
        info if info.contains("cannot start with a tab") => indenting_tab(text, mark.line(), true),
        _ => None,
    };
    tab.unwrap_or(said)
}

/// The first tab in the blanks that begin a line behind `line`, the lines being those of YAML 1.2.2 §5.4. Lines of
/// nothing but blanks are indented by nothing, and count only if `empty_too`.
fn indenting_tab(text: &str, line: usize, empty_too: bool) -> Option<(usize, usize)> {
    let lines = text.split('\n').flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r'));
    lines.enumerate().skip(line).find_map(|(before, line)| {
        let content = line.trim_start_matches([' ', '\t']);
        let tab = line[..line.len() - content.len()].find('\t')?;
        (empty_too || !content.is_empty()).then_some((before + 1, tab + 1))
    })
}

struct Loader<'a> {
    text: &'a str,
    parser: Parser<'a, StrInput<'a>>,
    /// Finished nodes by the number the parser gives their anchor.
    anchors: HashMap<usize, Node>,
    budget: &'a mut Budget,
}

impl<'a> Loader<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Span), ValuesError> {
        let text = self.text;
        let broken = |error: ScanError| {
            let (line, column) = place_of(&error, text);
            ValuesError { line: Some(line), column: Some(column), reason: Reason::Syntax(error.info().to_owned()) }
        };
        match self.parser.next_event() {
            Some(event) => event.map_err(broken),
            None => Err(Reason::Syntax("the document ends too early".to_owned()).nowhere()),
        }
    }

    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Node, ValuesError> {
        let here = |reason| at(span.start, reason);
        let (anchor, node) = match event {
            Event::Alias(anchor) => {
                let Some(node) = self.anchors.get(&anchor).cloned() else {
                    return Err(here(Reason::Syntax("an alias inside of what it stands for".to_owned())));
                };
                self.budget.again(&node, depth).map_err(here)?;
                return Ok(node);
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.budget.value(text.len()).map_err(here)?;
                (anchor, Node::scalar(scalar(&text, style, tag.as_deref()).map_err(here)?))
            }
            Event::SequenceStart(anchor, _) => {
                check_depth(depth).and_then(|()| self.budget.value(0)).map_err(here)?;
                (anchor, self.sequence(depth)?)
            }
            Event::MappingStart(anchor, _) => {
                check_depth(depth).and_then(|()| self.budget.value(0)).map_err(here)?;
                (anchor, self.mapping(depth)?)
            }
            _ => return Err(here(Reason::Syntax("expected a value".to_owned()))),
        };
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn sequence(&mut self, depth: usize) -> Result<Node, ValuesError> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Node::list(items)),
                (event, span) => items.push(self.node(event, span, depth + 1)?),
            }
        }
    }

    fn mapping(&mut self, depth: usize) -> Result<Node, ValuesError> {
        let mut entries = Vec::new();
        let mut seen = HashSet::new();
        let mut merged = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                break;
            }
            let here = |reason| at(span.start, reason);
            let merge = matches!(&event, Event::Scalar(text, ScalarStyle::Plain, _, None) if text == "<<");
            let key = self.key(event, span, depth)?;
            if !seen.insert(key.clone()) {
                return Err(here(Reason::Duplicate { key }));
            }
            let (event, span) = self.next()?;
            let value = self.node(event, span, depth + 1)?;
            if merge {
                merged = merged_entries(&value).map_err(here)?;
            } else {
                entries.push((key, value));
            }
        }
        // What is written out wins over what is merged, wherever it stands.
        entries.extend(merged.into_iter().filter(|(key, _)| seen.insert(key.clone())));
        Ok(Node::map(entries))
    }

    /// A key as text: as it is written, so that `1.0` and `1` stay two keys.
    fn key(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<String, ValuesError> {
        let written = if let Event::Scalar(text, ..) = &event { Some(text.to_string()) } else { None };
        let value = self.node(event, span, depth + 1)?.flat();
        match (written, value) {
            (Some(written), Some(value)) if value != Scalar::Null => Ok(written),
            (_, Some(value)) => Ok(value.to_string()),
            (_, None) => Err(at(span.start, Reason::Syntax("a key that is a map".to_owned()))),
        }
    }
}

/// What a `<<` key brings in: the entries of a map, or of several, the first one winning
/// (<https://yaml.org/type/merge.html>).
fn merged_entries(value: &Node) -> Result<Vec<(String, Node)>, Reason> {
    let refused = || Reason::Syntax("the merge key `<<` needs a map or a list of maps".to_owned());
    let maps = match value.items() {
        Some(items) => items,
        None => std::slice::from_ref(value),
    };
    let mut entries = Vec::new();
    for map in maps {
        entries.extend(map.entries().ok_or_else(refused)?.iter().cloned());
    }
    Ok(entries)
}

const CORE: &str = "tag:yaml.org,2002:";

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Scalar, Reason> {
    let tag = tag.map(|tag| format!("{}{}", tag.handle, tag.suffix)).unwrap_or_default();
    let tagged = |is: fn(&Scalar) -> bool| Some(plain(text)).filter(is);
    let value = match tag.strip_prefix(CORE) {
        Some("str") => return Ok(Scalar::Text(text.to_owned())),
        Some("int") => tagged(|value| matches!(value, Scalar::Int(_))),
        Some("float") => plain(text).number().map(Scalar::Float),
        Some("bool") => tagged(|value| matches!(value, Scalar::Bool(_))),
        Some("null") => tagged(|value| matches!(value, Scalar::Null)),
        // `!` alone means: not by the schema.
        _ if style != ScalarStyle::Plain || tag == "!" => return Ok(Scalar::Text(text.to_owned())),
        _ => Some(plain(text)),
    };
    value.ok_or_else(|| Reason::Syntax(format!("the value is not what its tag `{tag}` says")))
}

/// A value without quotes and tag, by the core schema.
fn plain(text: &str) -> Scalar {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Scalar::Null,
        "true" | "True" | "TRUE" => Scalar::Bool(true),
        "false" | "False" | "FALSE" => Scalar::Bool(false),
        ".nan" | ".NaN" | ".NAN" => Scalar::Float(f64::NAN),
        _ => number(text).unwrap_or_else(|| Scalar::Text(text.to_owned())),
    }
}

fn number(text: &str) -> Option<Scalar> {
    if let Some(value) = prefixed(text, "0o", 8).or_else(|| prefixed(text, "0x", 16)) {
        return Some(value);
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return Some(Scalar::Float(if text.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY }));
    }
    if !unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    if unsigned.bytes().all(|b| b.is_ascii_digit())
        && let Ok(value) = text.parse()
    {
        return Some(Scalar::Int(value));
    }
    // From here on Rust's grammar is the schema's: `inf` and `nan` cannot begin with a digit or a dot.
    text.parse().map(Scalar::Float).ok()
}

fn prefixed(text: &str, prefix: &str, radix: u32) -> Option<Scalar> {
    let digits = text.strip_prefix(prefix)?;
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    let rounded =
        || digits.chars().filter_map(|c| c.to_digit(radix)).fold(0.0, |sum, d| sum * f64::from(radix) + f64::from(d));
    Some(i128::from_str_radix(digits, radix).map_or_else(|_| Scalar::Float(rounded()), Scalar::Int))
}
