//! A table of evidence by itself: found, and its columns there.

use super::error::CaptureError;
use super::files::SourceFile;
use super::{PredictionsInput, SamplesInput, tabular};

/// A table of evidence, as declared.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "there is one at a time")]
pub enum EvidenceInput {
    /// Per-row results.
    Predictions(PredictionsInput),
    /// Samples of one quantity.
    Samples(SamplesInput),
}

/// Describes a table's file and checks that it has the columns that are named.
///
/// # Errors
/// A file that is not there or cannot be read, that is no table, or lacks a column.
pub fn describe(input: &EvidenceInput) -> Result<SourceFile, CaptureError> {
    let spec = match input {
        EvidenceInput::Predictions(set) => &set.path,
        EvidenceInput::Samples(set) => &set.path,
    };
    let file = SourceFile::describe(spec.text.clone(), spec.path.clone())?;
    match input {
        EvidenceInput::Predictions(set) => tabular::check_predictions(set, &file)?,
        EvidenceInput::Samples(set) => tabular::check_samples(set, &file)?,
    }
    Ok(file)
}
