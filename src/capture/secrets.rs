//! Secrets: found in text before it is stored, replaced in text we generate, never repeated.
//!
//! Source of the token patterns: gitleaks' rules (MIT). A name such as `token` or `password` needs a secret-like
//! value to count, so that `max_tokens: 512` stays a hyper-parameter.

mod assignment;
mod encoding;
mod files;
mod origin;
mod rules;
mod stream;
mod url;

use std::collections::BTreeMap;
use std::ops::Range;

use globset::{GlobBuilder, GlobMatcher};

pub use self::files::forbidden_name;
pub use self::stream::Scanned;
pub use self::url::strip_userinfo;

use self::encoding::Encoding;
use self::origin::Origin;
use self::rules::patterns;

/// A secret in a file. What it is stays in the file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The file as it was given to [`Scanner::scan`].
    pub path: String,
    /// The line, from 1; 0 where it is in the name of the file, which is then redacted.
    pub line: u64,
    /// Which rule found it, such as `github-pat`.
    pub rule: &'static str,
}

/// A rule that is off, everywhere or in some files.
#[derive(Debug, Clone)]
pub struct Allowance {
    rule: &'static str,
    files: Option<GlobMatcher>,
}

/// An allowance that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AllowanceError {
    /// There is no such rule.
    #[error("there is no rule `{rule}`; the rules are {}", known.join(", "))]
    UnknownRule {
        /// What was asked for.
        rule: String,
        /// All there are.
        known: Vec<&'static str>,
    },
    /// The part after the colon is not a glob.
    #[error("`{glob}` is not a glob: {reason}")]
    Glob {
        /// What was given.
        glob: String,
        /// Why not.
        reason: String,
    },
}

impl Allowance {
    /// Reads `rule` or `rule:glob`; the glob is over `/`-separated paths as they are given to [`Scanner::scan`], `*`
    /// stays within a folder and `**` does not.
    ///
    /// # Errors
    /// A rule that does not exist, or a malformed glob.
    pub fn parse(text: &str) -> Result<Self, AllowanceError> {
        let (name, glob) = match text.split_once(':') {
            Some((name, glob)) => (name, Some(glob)),
            None => (text, None),
        };
        let Some(rule) = rule_names().find(|known| *known == name) else {
            return Err(AllowanceError::UnknownRule { rule: name.to_owned(), known: rule_names().collect() });
        };
        let matcher = |glob: &str| match GlobBuilder::new(glob).literal_separator(true).build() {
            Ok(built) => Ok(built.compile_matcher()),
            Err(error) => Err(AllowanceError::Glob { glob: glob.to_owned(), reason: error.kind().to_string() }),
        };
        Ok(Self { rule, files: glob.map(matcher).transpose()? })
    }

    fn covers(&self, path: &str, rule: &str) -> bool {
        self.rule == rule && self.files.as_ref().is_none_or(|files| files.is_match(path))
    }
}

/// The names of all rules.
pub fn rule_names() -> impl Iterator<Item = &'static str> {
    rules::RULES.iter().map(|rule| rule.name).chain([assignment::RULE, rules::UNSCANNED])
}

/// Finds secrets. Cheap to make: the patterns are compiled once in a process, when the first text is scanned.
#[derive(Debug, Clone, Default)]
pub struct Scanner {
    allowed: Vec<Allowance>,
}

/// Where a secret is, and which rule says so.
struct Hit {
    at: Range<usize>,
    rule: &'static str,
}

/// Longer lines are looked at in overlapping pieces.
const PIECE: usize = 16 << 10;
const OVERLAP: usize = 2 << 10;

/// How often redacted text is looked at again.
const ROUNDS: usize = 8;

impl Scanner {
    /// A scanner that does not report what is allowed.
    pub fn new(allow: &[Allowance]) -> Self {
        Self { allowed: allow.to_vec() }
    }

    /// Whether `rule` is off for the file `path`.
    pub fn allows(&self, path: &str, rule: &str) -> bool {
        self.allowed.iter().any(|allowance| allowance.covers(path, rule))
    }

    /// Whether `bytes` are text; anything with a NUL in its first 8 KiB is not, unless it is UTF-16 by its mark or by where
    /// the NULs are. [`scan`](Self::scan) finds nothing in what is no text.
    pub fn is_text(bytes: &[u8]) -> bool {
        Encoding::of(bytes).is_some()
    }

    /// The secrets in a file, by line. `path` decides which allowances hold.
    pub fn scan(&self, path: &str, bytes: &[u8]) -> Vec<Finding> {
        match Encoding::of(bytes) {
            None => return Vec::new(),
            Some(Encoding::Ascii) => {}
            // Bytes in memory can always be read.
            Some(Encoding::Utf16(_)) => {
                return self
                    .scan_stream(path, bytes)
                    .ok()
                    .flatten()
                    .map(|scanned| scanned.findings)
                    .unwrap_or_default();
            }
        }
        let mut findings = Findings::new(&self.allowed, path);
        let mut counted = 0;
        for hit in hits(bytes, Origin::File(path)) {
            findings.pass(&bytes[counted..hit.at.start]);
            counted = hit.at.start;
            findings.add(hit.rule);
        }
        findings.found
    }

    /// `text` with every secret replaced by `<redacted:rule>`, and how often each rule did. Allowances do not count
    /// here: they are for files people wrote, this is for text we generate.
    pub fn redact(&self, text: &str) -> (String, Vec<(&'static str, u64)>) {
        let mut counts = BTreeMap::new();
        let mut clean = text.to_owned();
        // Two secrets without a gap: only where the first is gone does the second begin at a word.
        for _ in 0..ROUNDS {
            let hits = hits(clean.as_bytes(), Origin::Generated);
            if hits.is_empty() {
                break;
            }
            hits.iter().for_each(|hit| *counts.entry(hit.rule).or_insert(0) += 1);
            clean = replaced(&clean, &hits);
        }
        (clean, counts.into_iter().collect())
    }

    /// The arguments of a command with every secret replaced. Beyond [`redact`](Self::redact) a flag whose name asks
    /// for a secret (`--password`, `--api-key`) hides its value, in the same argument or the next, however plain that
    /// value is.
    pub fn redact_arguments(&self, arguments: &[String]) -> (Vec<String>, Vec<(&'static str, u64)>) {
        let mut counts = BTreeMap::new();
        let mut clean: Vec<String> = Vec::with_capacity(arguments.len());
        let mut flag: Option<&str> = None;
        for argument in arguments {
            let (name, value) = match (flag.take(), argument.split_once('=')) {
                (Some(name), _) => (name, Some((String::new(), argument.as_str()))),
                (None, Some((name, value))) if !name.contains(char::is_whitespace) => {
                    (name, Some((format!("{name}="), value)))
                }
                (None, _) => ("", None),
            };
            match value {
                Some((prefix, value)) if assignment::is_secret_argument(name, value) => {
                    clean.push(format!("{prefix}{}", marker(assignment::RULE)));
                    *counts.entry(assignment::RULE).or_insert(0) += 1;
                }
                _ => {
                    let (text, replaced) = self.redact(argument);
                    clean.push(text);
                    replaced.into_iter().for_each(|(rule, count)| *counts.entry(rule).or_insert(0) += count);
                }
            }
            flag = Some(argument.as_str()).filter(|name| name.starts_with('-') && !name.contains('='));
        }
        (clean, counts.into_iter().collect())
    }
}

/// What is found in one file, from its first line to its last.
struct Findings<'a> {
    allowed: &'a [Allowance],
    path: &'a str,
    line: u64,
    found: Vec<Finding>,
}

impl<'a> Findings<'a> {
    fn new(allowed: &'a [Allowance], path: &'a str) -> Self {
        Self { allowed, path, line: 1, found: Vec::new() }
    }

    /// Goes on behind `bytes`.
    fn pass(&mut self, bytes: &[u8]) {
        self.line += bytes.iter().filter(|b| **b == b'\n').count() as u64;
    }

    /// Adds what is found here, unless it is allowed or the line has it already.
    fn add(&mut self, rule: &'static str) {
        let finding = Finding { path: self.path.to_owned(), line: self.line, rule };
        let allowed = self.allowed.iter().any(|allowance| allowance.covers(self.path, rule));
        let of_line = self.found.iter().rev().take_while(|earlier| earlier.line == self.line);
        if !allowed && !of_line.into_iter().any(|earlier| *earlier == finding) {
            self.found.push(finding);
        }
    }
}

/// Cannot happen with patterns that compile in the tests; if it did, nothing may pass as clean.
fn unscanned(bytes: &[u8]) -> Vec<Hit> {
    vec![Hit { at: 0..bytes.len(), rule: rules::UNSCANNED }]
}

fn replaced(text: &str, hits: &[Hit]) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut done = 0;
    for hit in hits {
        // A hit ends at ASCII; where text is not, one character too many is better than a piece of the secret.
        let start = text.floor_char_boundary(hit.at.start).max(done);
        clean.push_str(&text[done..start]);
        clean.push_str(&marker(hit.rule));
        done = text.ceil_char_boundary(hit.at.end).max(start);
    }
    clean.push_str(&text[done..]);
    clean
}

fn marker(rule: &str) -> String {
    format!("<redacted:{rule}>")
}

/// All hits in order, none overlapping another: where two do, the one that begins first stays, and is extended.
fn hits(bytes: &[u8], origin: Origin<'_>) -> Vec<Hit> {
    let Some(trigger) = rules::trigger() else { return unscanned(bytes) };
    if !trigger.is_match(bytes) {
        return Vec::new();
    }
    let Some(patterns) = patterns() else { return unscanned(bytes) };
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(trigger) = trigger.find_at(bytes, at) {
        let (piece, next) = piece_around(bytes, trigger.start());
        patterns.find(bytes, piece.clone(), origin, &mut found);
        assignment::find(&patterns.assignment, bytes, piece, origin, &mut found);
        at = next.max(trigger.start() + 1);
        if at >= bytes.len() {
            break;
        }
    }
    found.sort_by_key(|hit: &Hit| (hit.at.start, hit.at.end));
    let mut apart: Vec<Hit> = Vec::new();
    for hit in found {
        match apart.last_mut() {
            Some(last) if hit.at.start < last.at.end => {
                if last.rule == assignment::RULE {
                    last.rule = hit.rule;
                }
                last.at.end = last.at.end.max(hit.at.end);
            }
            _ => apart.push(hit),
        }
    }
    apart
}

/// The line that holds `at`, or a piece of it if it is long, and where to go on.
fn piece_around(bytes: &[u8], at: usize) -> (Range<usize>, usize) {
    let from = at.saturating_sub(OVERLAP);
    let start = bytes[from..at].iter().rposition(|b| *b == b'\n').map_or(from, |i| from + i + 1);
    let to = bytes.len().min(at + PIECE);
    match bytes[at..to].iter().position(|b| *b == b'\n') {
        Some(length) => (start..at + length, at + length),
        None if to == bytes.len() => (start..to, to),
        None => (start..to, to - OVERLAP),
    }
}
