//! Environment markers: whether a requirement holds here (PyPA "Dependency specifiers", PEP 508).
//!
//! Extras and groups were chosen by whoever installed, and are not known: what depends on them is [`Truth::Unknown`].

use std::cmp::Ordering;

use super::version::Version;

/// What can be said of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truth {
    /// It holds.
    True,
    /// It does not.
    False,
    /// That depends on what is not known here.
    Unknown,
}

impl From<bool> for Truth {
    fn from(truth: bool) -> Self {
        if truth { Self::True } else { Self::False }
    }
}

impl Truth {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::False, _) | (_, Self::False) => Self::False,
            (Self::True, Self::True) => Self::True,
            _ => Self::Unknown,
        }
    }

    /// Three-valued, as [`and`](Self::and).
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::True, _) | (_, Self::True) => Self::True,
            (Self::False, Self::False) => Self::False,
            _ => Self::Unknown,
        }
    }

    fn negated(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
        }
    }
}

/// What markers ask about. What is `None` is not known.
#[derive(Debug, Clone, Default)]
pub struct MarkerEnvironment {
    /// `3.11.7`, or only `3.11`.
    pub python: Option<String>,
    /// `CPython` or `PyPy`.
    pub implementation: Option<&'static str>,
    /// `linux`, `macos`, `windows`, as [`std::env::consts::OS`] says.
    pub system: &'static str,
    /// `x86_64`, `aarch64`, as [`std::env::consts::ARCH`] says.
    pub architecture: &'static str,
}

/// Nested deeper, nothing is said.
const DEPTH_LIMIT: usize = 64;
/// Longer than any that a resolver writes.
const BYTES_LIMIT: usize = 64 << 10;

impl MarkerEnvironment {
    /// This machine's, with the Python it has.
    pub fn here(python: Option<&str>, implementation: Option<&'static str>) -> Self {
        let python = python.map(str::to_owned);
        Self { python, implementation, system: std::env::consts::OS, architecture: std::env::consts::ARCH }
    }

    /// Whether `marker` holds. What cannot be read is not known.
    pub fn holds(&self, marker: &str) -> Truth {
        if marker.len() > BYTES_LIMIT {
            return Truth::Unknown;
        }
        let Some(words) = words(marker) else { return Truth::Unknown };
        let mut reader = Reader { words: &words, environment: self };
        match reader.any_of(0) {
            Some(truth) if reader.words.is_empty() => truth,
            _ => Truth::Unknown,
        }
    }

    fn value(&self, name: &str) -> Option<String> {
        let numbers = self.python.as_deref().map(|python| python.split('.').collect::<Vec<_>>());
        let value = match name {
            "python_version" => numbers.filter(|numbers| numbers.len() >= 2)?[..2].join("."),
            "python_full_version" => numbers.filter(|numbers| numbers.len() >= 3)?.join("."),
            "os_name" if self.system == "windows" => "nt".to_owned(),
            "os_name" => "posix".to_owned(),
            "sys_platform" | "sys.platform" => match self.system {
                "macos" => "darwin".to_owned(),
                "windows" => "win32".to_owned(),
                other => other.to_owned(),
            },
            "platform_system" => match self.system {
                "macos" => "Darwin".to_owned(),
                "windows" => "Windows".to_owned(),
                "linux" => "Linux".to_owned(),
                _ => return None,
            },
            "platform_machine" | "platform.machine" => match (self.system, self.architecture) {
                ("macos", "aarch64") => "arm64".to_owned(),
                ("windows", "x86_64") => "AMD64".to_owned(),
                ("windows", "aarch64") => "ARM64".to_owned(),
                (_, other) => other.to_owned(),
            },
            "platform_python_implementation" | "python_implementation" => self.implementation?.to_owned(),
            "implementation_name" => self.implementation?.to_ascii_lowercase(),
            _ => return None,
        };
        Some(value)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Word {
    Open,
    Close,
    /// Quoted text.
    Text(String),
    /// A variable, `and`, `or`, `in`, `not`.
    Name(String),
    Operator(&'static str),
}

const OPERATORS: [&str; 8] = ["===", "==", "~=", "!=", "<=", ">=", "<", ">"];

fn words(marker: &str) -> Option<Vec<Word>> {
    let mut words = Vec::new();
    let mut rest = marker.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '(' => {
                words.push(Word::Open);
                1
            }
            ')' => {
                words.push(Word::Close);
                1
            }
            '\'' | '"' => {
                let end = rest[1..].find(first)?;
                words.push(Word::Text(rest[1..=end].to_owned()));
                end + 2
            }
            '<' | '>' | '=' | '!' | '~' => {
                let operator = OPERATORS.into_iter().find(|operator| rest.starts_with(operator))?;
                words.push(Word::Operator(operator));
                operator.len()
            }
            _ => {
                let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
                let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
                if end == 0 {
                    return None;
                }
                words.push(Word::Name(rest[..end].to_owned()));
                end
            }
        };
        rest = rest[length..].trim_start();
    }
    Some(words)
}

/// Reads an expression from its first word to its last. None where it follows no rule.
struct Reader<'a> {
    words: &'a [Word],
    environment: &'a MarkerEnvironment,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<Word> {
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        Some(first.clone())
    }

    fn takes(&mut self, name: &str) -> bool {
        let is_next = matches!(self.words.first(), Some(Word::Name(word)) if word == name);
        if is_next {
            self.words = &self.words[1..];
        }
        is_next
    }

    fn any_of(&mut self, depth: usize) -> Option<Truth> {
        let mut truth = self.all_of(depth)?;
        while self.takes("or") {
            truth = truth.or(self.all_of(depth)?);
        }
        Some(truth)
    }

    fn all_of(&mut self, depth: usize) -> Option<Truth> {
        let mut truth = self.one(depth)?;
        while self.takes("and") {
            truth = truth.and(self.one(depth)?);
        }
        Some(truth)
    }

    fn one(&mut self, depth: usize) -> Option<Truth> {
        if self.words.first() == Some(&Word::Open) {
            self.next();
            let truth = if depth < DEPTH_LIMIT { self.any_of(depth + 1)? } else { return None };
            return (self.next()? == Word::Close).then_some(truth);
        }
        let left = self.next()?;
        let (operator, negated) = match self.next()? {
            Word::Operator(operator) => (operator, false),
            Word::Name(name) if name == "in" => ("in", false),
            Word::Name(name) if name == "not" => (self.takes("in").then_some("in")?, true),
            _ => return None,
        };
        let right = self.next()?;
        let truth = self.compared(&left, operator, &right)?;
        Some(if negated { truth.negated() } else { truth })
    }

    fn compared(&self, left: &Word, operator: &str, right: &Word) -> Option<Truth> {
        let versions =
            |word: &Word| matches!(word, Word::Name(name) if name.starts_with("python_") && name.ends_with("version"));
        let are_versions = versions(left) || versions(right);
        let value = |word: &Word| match word {
            Word::Text(text) => Some(Some(text.clone())),
            Word::Name(name) => Some(self.environment.value(name)),
            _ => None,
        };
        let (Some(left), Some(right)) = (value(left)?, value(right)?) else { return Some(Truth::Unknown) };
        Some(match operator {
            // `in` lists versions too, between blanks or commas.
            "in" if are_versions => right.split([' ', ',']).any(|word| word == left).into(),
            "in" => right.contains(&left).into(),
            _ if are_versions => versions_compared(&left, operator, &right),
            "==" | "===" => (left == right).into(),
            "!=" => (left != right).into(),
            "<" => (left < right).into(),
            "<=" => (left <= right).into(),
            ">" => (left > right).into(),
            ">=" => (left >= right).into(),
            _ => Truth::Unknown,
        })
    }
}

fn versions_compared(left: &str, operator: &str, right: &str) -> Truth {
    let Some(here) = Version::parse(left) else { return Truth::Unknown };
    if let Some(prefix) = right.strip_suffix(".*") {
        let Ok(numbers) = prefix.split('.').map(str::parse).collect::<Result<Vec<u64>, _>>() else {
            return Truth::Unknown;
        };
        return match operator {
            "==" => here.begins_as(&numbers).into(),
            "!=" => (!here.begins_as(&numbers)).into(),
            _ => Truth::Unknown,
        };
    }
    let Some(wanted) = Version::parse(right) else { return Truth::Unknown };
    let order = here.public_order(&wanted);
    match operator {
        "==" | "===" => order.is_eq().into(),
        "!=" => order.is_ne().into(),
        "<" => order.is_lt().into(),
        "<=" => order.is_le().into(),
        ">" => order.is_gt().into(),
        ">=" => order.is_ge().into(),
        "~=" => {
            let numbers: Option<Vec<u64>> = right.split('.').map(|number| number.parse().ok()).collect();
            match numbers {
                Some(numbers) if numbers.len() >= 2 => {
                    (order != Ordering::Less && here.begins_as(&numbers[..numbers.len() - 1])).into()
                }
                _ => Truth::Unknown,
            }
        }
        _ => Truth::Unknown,
    }
}
