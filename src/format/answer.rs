//! What a metric's own command writes: one JSON object, `{"value": 0.9}`, or `{"values": [0.9, 0.8]}` of folds or repeats.

use serde::Deserialize;

/// Why that is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// Something else, NaN included: JSON has none.
    #[error("its answer is not {{\"value\": NUMBER}} or {{\"values\": [NUMBER, …]}}: {reason}")]
    Malformed {
        /// What the parser says.
        reason: String,
    },
    /// Neither or both.
    #[error("its answer must have one of `value` and `values`")]
    NotOne,
    /// No value.
    #[error("its answer is an empty list")]
    Empty,
    /// Infinity.
    #[error("its answer is no finite number")]
    NotFinite,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerFile {
    #[serde(default)]
    value: Option<f64>,
    #[serde(default)]
    values: Option<Vec<f64>>,
}

/// The numbers, finite, at least one.
///
/// # Errors
/// Anything else.
pub fn read(bytes: &[u8]) -> Result<Vec<f64>, AnswerError> {
    let malformed = |error: serde_json::Error| AnswerError::Malformed { reason: error.to_string() };
    let answer: AnswerFile = serde_json::from_slice(bytes).map_err(malformed)?;
    let values = match (answer.value, answer.values) {
        (Some(value), None) => vec![value],
        (None, Some(values)) => values,
        _ => return Err(AnswerError::NotOne),
    };
    if values.is_empty() {
        return Err(AnswerError::Empty);
    }
    if values.iter().all(|value| value.is_finite()) { Ok(values) } else { Err(AnswerError::NotFinite) }
}
