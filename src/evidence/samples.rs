//! Samples of one quantity, such as latencies: one finite number per row.

use super::Defect;
use super::predictions::SourceTable;

/// Reads a column of samples in the file's order. `bytes` are the whole file, `path` names it in messages and says its format.
///
/// # Errors
/// A table that cannot be read or has no rows, a column that is not there, a cell that is empty or no finite number.
pub fn read(bytes: Vec<u8>, path: &str, column: &str) -> Result<Vec<f64>, Defect> {
    Ok(SourceTable::read(&bytes, path, &[column])?.finite(column)?.into_owned())
}
