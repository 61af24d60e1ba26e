//! What lies beside predictions in a project's folder: the numbers a trainer wrote down, single measurements, and which column
//! names the rows of the data.

use std::path::Path;

use super::METRICS;
use super::predictions::{FOLDERS, beginning};
use crate::evidence::read_samples;
use crate::table::{Table, TableFormat};

/// What tables of single measurements are called.
const SAMPLES: [&str; 5] = ["latency", "latencies", "timing", "timings", "response_times"];
/// What their columns are called; the first that is there is taken.
const MEASURED: [&str; 9] =
    ["ms", "latency_ms", "latency", "milliseconds", "seconds", "s", "duration", "duration_ms", "time_ms"];
/// Columns that are looked at.
const COLUMNS: usize = 256;
/// Of those, the columns called like an id whose cells are read.
const KEYS: usize = 8;

/// Files with metrics, relative to the project: its own, else those of the first folder for results that has some.
pub(super) fn metrics(project: &Path) -> Vec<String> {
    let in_folder = |folder: &&str| {
        let paths =
            METRICS.iter().map(|name| if folder.is_empty() { (*name).to_owned() } else { format!("{folder}/{name}") });
        paths.filter(|path| project.join(path).is_file()).collect::<Vec<_>>()
    };
    FOLDERS.iter().map(in_folder).find(|found| !found.is_empty()).unwrap_or_default()
}

/// A table of single measurements and its column with them.
pub(super) fn samples(project: &Path) -> Option<(String, String)> {
    FOLDERS.iter().find_map(|folder| {
        let names = SAMPLES.iter().flat_map(|name| ["csv", "parquet"].map(|end| format!("{name}.{end}")));
        let paths = names.map(|name| if folder.is_empty() { name } else { format!("{folder}/{name}") });
        paths.filter(|path| project.join(path).is_file()).find_map(|path| {
            let (bytes, names) = table(project, &path)?;
            let named = MEASURED.iter().find_map(|wanted| names.iter().find(|name| name.eq_ignore_ascii_case(wanted)));
            let column = named.or_else(|| names.first().filter(|_| names.len() == 1))?.clone();
            let is_measured = read_samples(bytes, &path, &column).is_ok_and(|found| !found.is_empty());
            is_measured.then_some((path, column))
        })
    })
}

/// The column that names each row of the data, as far as it was looked at.
pub(super) fn key(project: &Path, path: &str) -> Option<String> {
    let format = TableFormat::of(path)?;
    let (bytes, names) = table(project, path)?;
    let is_id = |name: &&String| {
        let small = name.to_ascii_lowercase();
        matches!(small.as_str(), "id" | "key" | "uuid" | "uid") || small.ends_with("_id")
    };
    let candidates: Vec<&str> = names.iter().filter(is_id).take(KEYS).map(String::as_str).collect();
    let is_unique = |table: &Table, name: &str| {
        let distinct = table.column(name).map(|column| column.codes().values.len()).ok();
        table.rows() > 0 && distinct == Some(table.rows())
    };
    let found = match Table::read(&bytes, format, &candidates) {
        Ok(table) => candidates.into_iter().find(|name| is_unique(&table, name)),
        // One column that cannot be read says nothing of the others.
        Err(_) => candidates
            .into_iter()
            .find(|name| Table::read(&bytes, format, &[*name]).is_ok_and(|table| is_unique(&table, name))),
    };
    found.map(str::to_owned)
}

fn table(project: &Path, path: &str) -> Option<(Vec<u8>, Vec<String>)> {
    let format = TableFormat::of(path)?;
    let (bytes, _) = beginning(&project.join(path), format).ok()?;
    let mut names = Table::header(&bytes, format).ok()?;
    names.truncate(COLUMNS);
    Some((bytes, names))
}
