//! Parameters and metrics: YAML, TOML or JSON text as typed values under dotted keys.
//!
//! Sources: YAML 1.2.2 §10.3 (core schema: `yes`, `no`, `on` are text) with the `<<` merge key every YAML loader of
//! Python knows; TOML 1.1; RFC 8259, with the `NaN`, `Infinity`, `-Infinity` that Python's `json` writes.
//!
//! A map's keys are joined by dots. A list stays a list unless a map is somewhere in it; then its items are keyed by
//! their index: `steps: [{name: a}]` is `steps.0.name`. Pure: bytes in, values out.

mod json;
mod toml;
mod tree;
mod yaml;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use crate::format::scalar::Scalar;

use self::tree::Budget;

/// The most bytes of a document that are read.
pub const BYTES_LIMIT: usize = 16 << 20;
/// The most values, aliases expanded, maps and lists counted.
pub const VALUES_LIMIT: usize = 200_000;
/// The most bytes of text, aliases expanded, and of dotted keys.
pub const TEXT_LIMIT: usize = 64 << 20;
/// The deepest nesting.
pub const DEPTH_LIMIT: usize = 64;

/// How a document is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// YAML 1.2, core schema, one document.
    Yaml,
    /// TOML; dates and times become text.
    Toml,
    /// JSON; `NaN`, `Infinity` and `-Infinity` are numbers.
    Json,
}

impl Syntax {
    /// What the extension of `path` says: `.yaml`, `.yml`, `.toml`, `.json` in any case.
    pub fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "yaml" | "yml" => Some(Self::Yaml),
            "toml" => Some(Self::Toml),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
}

/// Where in a document, and why it cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{reason}", Prefix(*line, *column))]
pub struct ValuesError {
    /// The line, from 1, where known.
    pub line: Option<usize>,
    /// The column in characters, from 1, where known.
    pub column: Option<usize>,
    /// What is wrong.
    pub reason: Reason,
}

/// Why a document cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// The grammar of the format is broken.
    #[error("{0}")]
    Syntax(String),
    /// The bytes are not UTF-8.
    #[error("not UTF-8")]
    Encoding,
    /// The document is not a map of names to values.
    #[error("expected a map of names to values, found {found}")]
    NotMap {
        /// What it is.
        found: &'static str,
    },
    /// A map has a key twice.
    #[error("the key `{key}` is there twice")]
    Duplicate {
        /// The key, without those above it.
        key: String,
    },
    /// Two values have one dotted key, as in `a.b: 1` beside `a: {b: 2}`.
    #[error("two values would both be called `{key}`")]
    Collision {
        /// The dotted key.
        key: String,
    },
    /// The document is larger than what is read.
    #[error("{found} bytes, more than {limit}")]
    TooLarge {
        /// Its size.
        found: usize,
        /// The most.
        limit: usize,
    },
    /// The nesting is deeper than what is read.
    #[error("nested more than {limit} deep")]
    TooDeep {
        /// The most.
        limit: usize,
    },
    /// The values are more than what is read, aliases expanded.
    #[error("more than {limit} {counted}")]
    TooMany {
        /// `values` or `bytes of text`.
        counted: &'static str,
        /// The most.
        limit: usize,
    },
}

struct Prefix(Option<usize>, Option<usize>);

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0, self.1) {
            (Some(line), Some(column)) => write!(f, "line {line}, column {column}: "),
            (Some(line), None) => write!(f, "line {line}: "),
            (None, _) => Ok(()),
        }
    }
}

impl Reason {
    /// The error at a place that is not known.
    fn nowhere(self) -> ValuesError {
        ValuesError { line: None, column: None, reason: self }
    }

    /// The error at a byte offset of `text`.
    fn at(self, text: &str, offset: usize) -> ValuesError {
        let before = &text.as_bytes()[..offset.min(text.len())];
        let line_start = before.iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
        let line = 1 + before.iter().filter(|b| **b == b'\n').count();
        // Continuation bytes of UTF-8 are not characters of their own.
        let column = 1 + before[line_start..].iter().filter(|b| **b & 0xC0 != 0x80).count();
        ValuesError { line: Some(line), column: Some(column), reason: self }
    }
}

/// Reads a document.
///
/// # Errors
/// Broken syntax, a root that is not a map, a key that is there twice (also after dotting), or a document beyond
/// [`BYTES_LIMIT`], [`VALUES_LIMIT`], [`TEXT_LIMIT`] or [`DEPTH_LIMIT`]. An empty YAML or TOML document is an empty
/// map; an empty JSON file is no JSON, and most likely one whose writer died.
pub fn parse(syntax: Syntax, bytes: &[u8]) -> Result<BTreeMap<String, Scalar>, ValuesError> {
    if bytes.len() > BYTES_LIMIT {
        return Err(Reason::TooLarge { found: bytes.len(), limit: BYTES_LIMIT }.nowhere());
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.strip_prefix('\u{feff}').unwrap_or(text),
        Err(error) => {
            let line = 1 + bytes[..error.valid_up_to()].iter().filter(|b| **b == b'\n').count();
            return Err(ValuesError { line: Some(line), column: None, reason: Reason::Encoding });
        }
    };
    let mut budget = Budget::default();
    let root = match syntax {
        Syntax::Yaml => yaml::read(text, &mut budget)?,
        Syntax::Toml => toml::read(text, &mut budget)?,
        Syntax::Json => json::read(text, &mut budget)?,
    };
    tree::flatten(&root, &mut budget).map_err(Reason::nowhere)
}
