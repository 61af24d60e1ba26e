//! Tables and evidence. polars itself is not instrumented: what is looked for are files that get through our own checks
//! and make it panic, hang or allocate.

use std::collections::BTreeMap;
use std::fs;

use mlrun::evidence::{join, read_predictions, read_samples};
use mlrun::format::policy::Task;
use mlrun::format::snapshot::PredictionColumns;
use mlrun::name::SetName;
use mlrun::table::{Table, TableFormat, shape};

use crate::folder;

/// Comma- and tab-separated values.
pub fn csv(data: &[u8]) {
    table(data, TableFormat::Csv);
    table(data, TableFormat::Tsv);
}

/// Parquet.
pub fn parquet(data: &[u8]) {
    table(data, TableFormat::Parquet);
}

/// Arrow files and streams.
pub fn arrow(data: &[u8]) {
    table(data, TableFormat::Arrow);
}

/// Json lines.
pub fn lines(data: &[u8]) {
    table(data, TableFormat::JsonLines);
}

/// Every column of a table that is read has all its rows, and its shape says the same.
fn table(data: &[u8], format: TableFormat) {
    let path = folder().join("table");
    fs::write(&path, data).expect("a temporary file can be written");
    let shape = shape(&path, format);
    let Ok(names) = Table::header(data, format) else { return };
    let wanted: Vec<&str> = names.iter().map(String::as_str).take(20).collect();
    let Ok(table) = Table::read(data, format, &wanted) else { return };
    for name in &wanted {
        let column = table.column(name).expect("a column that was asked for");
        assert_eq!(column.len(), table.rows());
        for row in 0..table.rows().min(1000) {
            let _ = column.text(row);
        }
        let _ = column.numbers();
        assert!(column.codes().values.len() <= table.rows());
    }
    if let Ok(shape) = shape {
        assert_eq!(shape.rows, table.rows() as u64);
        assert!(shape.columns.iter().map(|column| &column.name).eq(&names));
    }
}

/// Predictions with columns `id`, `y`, `p`, `s`, and samples `p`: a set that is read matches itself.
pub fn predictions(data: &[u8]) {
    let set = SetName::new("test").expect("a name");
    let columns = |task| PredictionColumns {
        key: vec!["id".to_owned()],
        label: "y".to_owned(),
        score: (task == Task::Binary).then(|| "p".to_owned()),
        prediction: (task == Task::Regression).then(|| "p".to_owned()),
        scores: match task {
            Task::Multiclass => BTreeMap::from([("0".to_owned(), "p".to_owned()), ("1".to_owned(), "s".to_owned())]),
            _ => BTreeMap::new(),
        },
        slices: vec!["s".to_owned()],
        ..PredictionColumns::default()
    };
    for task in [Task::Binary, Task::Multiclass, Task::Regression] {
        let Ok(read) = read_predictions(data.to_vec(), "test.csv", &columns(task), task, &[]) else { continue };
        assert!(read.rows() > 0);
        let joined = join(&set, task, read.clone(), Some(read));
        assert!(joined.is_ok(), "{task:?}: {:?}", joined.err());
    }
    if let Ok(samples) = read_samples(data.to_vec(), "test.csv", "p") {
        assert!(samples.iter().all(|sample| sample.is_finite()));
    }
}
