//! Lists of rows that a policy keeps in tables beside it: read into the policy, of which they are a part.

use std::path::Path;

use crate::bounded;
use crate::certify::policy::{PolicyError, listed};
use crate::format::policy::{KeyFile, KeysFile, PolicyFile, ScalarFile};
use crate::table::{Table, TableFormat};

/// A table of ten thousand keys is far smaller.
const MAX_TABLE: u64 = 8 << 20;

/// Puts the keys in place of the tables. Every column of a table is a part of the key, in the table's order.
pub(in crate::ops) fn read(policy: &mut PolicyFile, folder: &Path) -> Result<(), PolicyError> {
    for (rule, keys) in listed(policy) {
        let KeysFile::Table(name) = &*keys else { continue };
        let failed = |reason: String| PolicyError::Table { rule: rule.to_owned(), table: name.clone(), reason };
        let found = table(&folder.join(name), name).map_err(failed)?;
        *keys = KeysFile::Listed(found);
    }
    Ok(())
}

fn table(path: &Path, name: &str) -> Result<Vec<KeyFile>, String> {
    let Some(format) = TableFormat::of(name) else {
        return Err("its name ends in none of the tables' endings, such as .csv or .parquet".to_owned());
    };
    let bytes = bounded::read_named(path, MAX_TABLE).map_err(|error| error.to_string())?;
    let names = Table::header(&bytes, format).map_err(|error| error.to_string())?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let table = Table::read(&bytes, format, &names).map_err(|error| error.to_string())?;
    let columns = names.iter().map(|name| table.column(name)).collect::<Result<Vec<_>, _>>();
    let columns = columns.map_err(|error| error.to_string())?;
    let cell = |row: usize| columns.iter().map(move |column| column.text(row).unwrap_or_default().into_owned());
    Ok((0..table.rows()).map(|row| KeyFile::Several(cell(row).map(ScalarFile::Text).collect())).collect())
}
