//! The labels of single rows, whatever the task.

use super::Defect;
use super::predictions::{Keys, SourceTable, key_hash};
use crate::format::snapshot::PredictionColumns;

/// The canonical text of the label of each row whose key cells have these canonical texts; none where there is no such row.
/// `bytes` are the whole file, `path` names it in messages and says its format.
///
/// # Errors
/// A table that cannot be read or has no rows, a column that is not there, a key that is empty or occurs twice.
pub fn labels(
    bytes: &[u8],
    path: &str,
    columns: &PredictionColumns,
    keys: &[Vec<String>],
) -> Result<Vec<Option<String>>, Defect> {
    let names: Vec<&str> = columns.key.iter().chain([&columns.label]).map(String::as_str).collect();
    let source = SourceTable::read(bytes, path, &names)?;
    let all = Keys::of(&source, &columns.key)?;
    let label = source.column(&columns.label)?;
    let of = |key: &Vec<String>| {
        let place = all.hashes.binary_search(&key_hash(key)).ok()?;
        Some(label.text(all.row(place) as usize).unwrap_or_default().into_owned())
    };
    Ok(keys.iter().map(of).collect())
}
