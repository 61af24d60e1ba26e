//! JSON documents as Python writes them: RFC 8259 with `NaN`, `Infinity`, `-Infinity` and integers of any size.
//!
//! Written by hand because `serde_json` knows neither these three, nor integers beyond 64 bits, nor duplicate keys.

use std::collections::HashSet;

use crate::format::scalar::Scalar;

use super::tree::{Budget, Node, check_depth};
use super::{Reason, ValuesError};

/// Reads the document.
pub(super) fn read(text: &str, budget: &mut Budget) -> Result<Node, ValuesError> {
    let mut reader = Reader { text, at: 0, budget };
    reader.document().map_err(|reason| reason.at(text, reader.at))
}

/// A position in the text. On an error it stays where the error is.
struct Reader<'a> {
    text: &'a str,
    at: usize,
    budget: &'a mut Budget,
}

fn syntax<T>(reason: &str) -> Result<T, Reason> {
    Err(Reason::Syntax(reason.to_owned()))
}

impl<'a> Reader<'a> {
    fn document(&mut self) -> Result<Node, Reason> {
        self.skip_space();
        if self.at == self.text.len() {
            return syntax("the file is empty");
        }
        let root = self.value(0)?;
        self.skip_space();
        if self.at < self.text.len() {
            return syntax("expected the end of the document");
        }
        Ok(root)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Steps over `byte` and the space after it, if it is next.
    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        if found {
            self.at += 1;
            self.skip_space();
        }
        found
    }

    fn value(&mut self, depth: usize) -> Result<Node, Reason> {
        let scalar = match self.peek() {
            Some(b'{') => return self.object(depth),
            Some(b'[') => return self.array(depth),
            Some(b'"') => {
                let text = self.string()?;
                self.budget.value(text.len())?;
                return Ok(Node::scalar(Scalar::Text(text)));
            }
            Some(b'-' | b'0'..=b'9') => self.number()?,
            _ => self.word()?,
        };
        self.budget.value(0)?;
        Ok(Node::scalar(scalar))
    }

    fn object(&mut self, depth: usize) -> Result<Node, Reason> {
        check_depth(depth)?;
        self.budget.value(0)?;
        self.take(b'{');
        let mut entries = Vec::new();
        let mut seen = HashSet::new();
        while !self.take(b'}') {
            if !entries.is_empty() && !self.take(b',') {
                return syntax("expected `,` or `}`");
            }
            if self.peek() != Some(b'"') {
                return syntax("expected a key in double quotes");
            }
            let start = self.at;
            let key = self.string()?;
            self.budget.key(&key)?;
            if !seen.insert(key.clone()) {
                self.at = start;
                return Err(Reason::Duplicate { key });
            }
            self.skip_space();
            if !self.take(b':') {
                return syntax("expected `:`");
            }
            let value = self.value(depth + 1)?;
            self.skip_space();
            entries.push((key, value));
        }
        Ok(Node::map(entries))
    }

    fn array(&mut self, depth: usize) -> Result<Node, Reason> {
        check_depth(depth)?;
        self.budget.value(0)?;
        self.take(b'[');
        let mut items = Vec::new();
        while !self.take(b']') {
            if !items.is_empty() && !self.take(b',') {
                return syntax("expected `,` or `]`");
            }
            items.push(self.value(depth + 1)?);
            self.skip_space();
        }
        Ok(Node::list(items))
    }

    fn string(&mut self) -> Result<String, Reason> {
        let rest = &self.text[self.at..];
        let mut escaped = false;
        for (end, byte) in rest.bytes().enumerate().skip(1) {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => {
                    let Ok(text) = serde_json::from_str(&rest[..=end]) else {
                        return syntax("this text has a wrong escape or a control character");
                    };
                    self.at += end + 1;
                    return Ok(text);
                }
                _ => {}
            }
        }
        syntax("this text has no closing quote")
    }

    fn word(&mut self) -> Result<Scalar, Reason> {
        let words = [
            ("null", Scalar::Null),
            ("true", Scalar::Bool(true)),
            ("false", Scalar::Bool(false)),
            ("NaN", Scalar::Float(f64::NAN)),
            ("Infinity", Scalar::Float(f64::INFINITY)),
        ];
        for (word, value) in words {
            if self.text[self.at..].starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        syntax("expected a value")
    }

    fn number(&mut self) -> Result<Scalar, Reason> {
        let rest = &self.text[self.at..];
        if rest.starts_with("-Infinity") {
            self.at += "-Infinity".len();
            return Ok(Scalar::Float(f64::NEG_INFINITY));
        }
        let length = rest.bytes().take_while(|b| matches!(b, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')).count();
        let written = &rest[..length];
        let Some(value) = number(written) else {
            return syntax("not a number");
        };
        self.at += length;
        Ok(value)
    }
}

/// The number `text` is by RFC 8259 §6, whose grammar is narrower than Rust's.
fn number(text: &str) -> Option<Scalar> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let whole = unsigned.bytes().take_while(u8::is_ascii_digit).count();
    if whole == 0 || whole > 1 && unsigned.starts_with('0') {
        return None;
    }
    if whole == unsigned.len() {
        return text.parse().map(Scalar::Int).ok().or_else(|| text.parse().map(Scalar::Float).ok());
    }
    let fraction = unsigned[whole..].strip_prefix('.');
    if fraction.is_some_and(|digits| !digits.starts_with(|c: char| c.is_ascii_digit())) {
        return None;
    }
    text.parse().map(Scalar::Float).ok()
}
