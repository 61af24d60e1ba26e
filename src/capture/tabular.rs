//! Whether tables of results have the columns the configuration names: found out now, not when they are needed.

use super::error::CaptureError;
use super::files::SourceFile;
use super::{PredictionsInput, SamplesInput};
use crate::bounded;
use crate::store::Source as _;
use crate::table::{Table, TableFormat, gzip, is_compressed};

/// A csv's header lies within this: 1 MiB.
const MAX_HEADER: u64 = 1 << 20;
/// No table of results is longer: 8 GiB.
const MAX_TABLE: u64 = 8 << 30;

/// Checks a predictions table's header.
pub(super) fn check_predictions(input: &PredictionsInput, file: &SourceFile) -> Result<(), CaptureError> {
    let columns = &input.columns;
    let named = columns.key.iter().chain([&columns.label]).chain(&columns.score).chain(&columns.prediction);
    let named = named.chain(columns.scores.values()).chain(&columns.slices);
    let named = named.chain(&columns.weight).chain(&columns.cluster).chain(&columns.group);
    check(&format!("predictions.{}", input.name), file, named)
}

/// Checks a sample table's header.
pub(super) fn check_samples(input: &SamplesInput, file: &SourceFile) -> Result<(), CaptureError> {
    check(&format!("samples.{}", input.name), file, std::iter::once(&input.column))
}

fn check<'a>(input: &str, file: &SourceFile, named: impl Iterator<Item = &'a String>) -> Result<(), CaptureError> {
    let refuse = |reason: String| CaptureError::Table { input: input.to_owned(), reason };
    let packed = gzip::packed(file.path());
    let Some(format) = packed.or_else(|| TableFormat::of(file.path())) else {
        if is_compressed(file.path()) {
            return Err(refuse(format!("`{}` is compressed; unpack it", file.path())));
        }
        return Err(refuse(format!("`{}` is neither csv nor parquet, arrow or json lines", file.path())));
    };
    let unreadable = |source| CaptureError::Unreadable { path: file.disk(), source };
    let bytes = match format {
        TableFormat::Csv | TableFormat::Tsv if packed.is_some() => {
            gzip::head(file.open().map_err(unreadable)?, MAX_HEADER)
                .map_err(|e| refuse(format!("`{}`: {e}", file.path())))?
        }
        TableFormat::JsonLines if packed.is_some() => {
            gzip::unpack(&file.read(MAX_TABLE)?).map_err(|e| refuse(format!("`{}`: {e}", file.path())))?
        }
        TableFormat::JsonLines | TableFormat::Parquet | TableFormat::Arrow => file.read(MAX_TABLE)?,
        TableFormat::Csv | TableFormat::Tsv => bounded::head(&file.disk(), MAX_HEADER).map_err(unreadable)?,
    };
    let header = Table::header(&bytes, format).map_err(|e| refuse(format!("`{}`: {e}", file.path())))?;
    let missing: Vec<_> = named.filter(|name| !header.contains(name)).map(String::as_str).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let there: Vec<_> = header.iter().take(20).map(String::as_str).collect();
    let missing = missing.join("`, `");
    Err(refuse(format!("`{}` has no column `{missing}`; it has {}", file.path(), there.join(", "))))
}
