//! Regression cases: rows of an evaluation set that every later candidate must be right about, as one command added them.
//!
//! ```json
//! {"cases":[{"expected":"1","key":["4711"],"reason":"a chargeback of 9,000 in March"}],"columns":["row_id"],
//!  "format":"mlrun/cases/1","set":"test"}
//! ```

use serde::{Deserialize, Serialize};

use super::{FormatError, canonical};
use crate::digest::Digest;
use crate::name::SetName;

/// Name and version of the record. 1: first form.
pub const FORMAT: &str = "mlrun/cases/1";

/// Some cases of one set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CasesRecord {
    /// [`FORMAT`].
    pub format: String,
    /// The evaluation set.
    pub set: SetName,
    /// The columns of its key.
    pub columns: Vec<String>,
    /// In the order they were given.
    pub cases: Vec<CaseRecord>,
}

/// One row that must be right.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseRecord {
    /// The canonical texts of its key cells, one for each column.
    pub key: Vec<String>,
    /// The canonical text of its label: a set in which it has another one is not the set it was chosen from.
    pub expected: String,
    /// A score at or above it is positive; none: what the rules say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// The largest error that is right, of a predicted number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<f64>,
    /// When an answer in words is right; none: when it is the reference.
    #[serde(default, rename = "match", skip_serializing_if = "Option::is_none")]
    pub answers: Option<Match>,
    /// Why it was chosen.
    pub reason: String,
}

/// When an answer in words is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Match {
    /// It is the reference.
    Exact,
    /// The reference is in it.
    Contains,
    /// Its last number is the reference's.
    Numeric,
}

impl Match {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Exact, Self::Contains, Self::Numeric];

    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Contains => "contains",
            Self::Numeric => "numeric",
        }
    }
}

impl CasesRecord {
    /// The bytes to store.
    pub fn encode(&self) -> Result<Vec<u8>, FormatError> {
        canonical::encode(FORMAT, self)
    }

    /// Reads a list; every case has a value for each column.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let record: Self = canonical::decode(FORMAT, bytes)?;
        if record.columns.is_empty() || record.cases.iter().any(|case| case.key.len() != record.columns.len()) {
            let reason = "a case has not one value for each column of the key".to_owned();
            return Err(FormatError::Malformed { kind: FORMAT, reason });
        }
        Ok(record)
    }
}

/// A case with its number, and the set whose row it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumberedCaseRecord {
    /// Its number, counted from 1.
    pub number: u32,
    /// The evaluation set.
    pub set: SetName,
    /// The columns of its key.
    pub columns: Vec<String>,
    /// The row, and what is right there.
    pub case: CaseRecord,
}

impl NumberedCaseRecord {
    /// `c7`.
    pub fn id(&self) -> String {
        format!("c{}", self.number)
    }

    /// `row_id=4711, day=3`, each value cut to 40 characters.
    pub fn key(&self) -> String {
        let cell = |(column, value): (&String, &String)| format!("{column}={}", cut(value));
        self.columns.iter().zip(&self.case.key).map(cell).collect::<Vec<_>>().join(", ")
    }
}

fn cut(text: &str) -> String {
    const LONGEST: usize = 40;
    if text.chars().count() <= LONGEST {
        text.to_owned()
    } else {
        text.chars().take(LONGEST - 1).chain(['…']).collect()
    }
}

/// The digest by which a certificate names the cases it judged.
///
/// # Errors
/// Only on a defect in the record's definition.
pub fn digest(cases: &[NumberedCaseRecord]) -> Result<Digest, FormatError> {
    Ok(Digest::of(&canonical::encode(FORMAT, &cases)?))
}
