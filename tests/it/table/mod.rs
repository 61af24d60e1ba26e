//! Tables: against pandas and pyarrow, csv that has no one reading, bytes that are no table.

mod arrow;
mod csv;
mod goldens;
mod hostile;
mod lines;
mod logical;
mod profile;
mod properties;
mod shape;

use mlrun::table::{Table, TableError, TableFormat};

/// The canonical texts of one column.
fn texts(bytes: &[u8], format: TableFormat, column: &str) -> Result<Vec<Option<String>>, TableError> {
    Ok(Table::read(bytes, format, &[column])?.column(column)?.texts())
}
