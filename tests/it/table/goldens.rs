//! Fixtures written by pandas and pyarrow (`fixtures/generate.py`), cells spelled by Python.

use std::collections::BTreeMap;

use mlrun::table::{Table, TableError, TableFormat};

use super::texts;

const TYPES: &[u8] = include_bytes!("fixtures/types.parquet");
const TYPES_BARE: &[u8] = include_bytes!("fixtures/types-bare.parquet");
const FRAME: &[u8] = include_bytes!("fixtures/frame.csv");

#[derive(serde::Deserialize)]
struct Types {
    rows: usize,
    cells: BTreeMap<String, Vec<Option<String>>>,
}

#[test]
fn every_type_is_written_as_python_writes_it() {
    let types: Types = serde_json::from_str(include_str!("fixtures/types.json")).unwrap();
    assert_eq!(types.cells.len(), 23);
    for (file, bytes) in [("types", TYPES), ("types-bare", TYPES_BARE)] {
        for (column, cells) in &types.cells {
            assert_eq!(cells.len(), types.rows);
            assert_eq!(&texts(bytes, TableFormat::Parquet, column).unwrap(), cells, "{file} {column}");
        }
    }
}

#[test]
fn nested_columns_are_refused_only_when_they_are_asked_for() {
    for (column, expected) in [("list", "list"), ("struct", "struct"), ("map", "list")] {
        let Err(TableError::Unsupported { column: named, kind }) = texts(TYPES, TableFormat::Parquet, column) else {
            panic!("{column} was read");
        };
        assert_eq!((named.as_str(), kind.as_str()), (column, expected));
    }
    assert!(texts(TYPES, TableFormat::Parquet, "i64").is_ok());
}

#[test]
fn csv_tsv_and_parquet_under_every_codec_are_one_table() {
    let header = Table::header(FRAME, TableFormat::Csv).unwrap();
    let frames: [(&str, TableFormat, &[u8]); 8] = [
        ("awkward", TableFormat::Csv, include_bytes!("fixtures/frame-awkward.csv")),
        ("tsv", TableFormat::Tsv, include_bytes!("fixtures/frame.tsv")),
        ("snappy", TableFormat::Parquet, include_bytes!("fixtures/frame-snappy.parquet")),
        ("gzip", TableFormat::Parquet, include_bytes!("fixtures/frame-gzip.parquet")),
        ("zstd", TableFormat::Parquet, include_bytes!("fixtures/frame-zstd.parquet")),
        ("brotli", TableFormat::Parquet, include_bytes!("fixtures/frame-brotli.parquet")),
        ("lz4", TableFormat::Parquet, include_bytes!("fixtures/frame-lz4.parquet")),
        ("v2", TableFormat::Parquet, include_bytes!("fixtures/frame-v2.parquet")),
    ];
    for (name, format, bytes) in frames {
        assert_eq!(Table::header(bytes, format).unwrap(), header, "{name}");
        for column in &header {
            let expected = texts(FRAME, TableFormat::Csv, column).unwrap();
            assert_eq!(texts(bytes, format, column).unwrap(), expected, "{name} {column}");
        }
        let table = Table::read(bytes, format, &["p", "row_id", "p"]).unwrap();
        assert_eq!(table.rows(), 60);
        let plain = Table::read(FRAME, TableFormat::Csv, &["p"]).unwrap();
        assert_eq!(table.column("p").unwrap().numbers().unwrap(), plain.column("p").unwrap().numbers().unwrap());
    }
}

#[test]
fn codes_name_the_same_values_as_texts() {
    for column in ["utf8", "f64", "f32", "bool", "category", "date", "u64", "i8", "decimal", "null"] {
        let table = Table::read(TYPES, TableFormat::Parquet, &[column]).unwrap();
        let (codes, texts) = (table.column(column).unwrap().codes(), table.column(column).unwrap().texts());
        let named: Vec<_> = codes.rows.iter().map(|&code| codes.values.get(code as usize).cloned()).collect();
        assert_eq!(named, texts, "{column}");
        let mut distinct = codes.values.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!(distinct.len(), codes.values.len(), "{column}");
    }
}

#[test]
fn two_parquet_columns_of_one_name_are_refused() {
    let error = Table::header(include_bytes!("fixtures/twice.parquet"), TableFormat::Parquet).unwrap_err();
    assert!(matches!(&error, TableError::DuplicateColumn { column } if column == "a"), "{error}");
}

#[test]
fn a_missing_parquet_column_names_those_there_are() {
    let error = texts(TYPES, TableFormat::Parquet, "I64").unwrap_err();
    assert!(matches!(error, TableError::ColumnMissing { column, columns } if column == "I64" && columns.len() == 20));
}

/// What its reader says of it helps nobody who did not build this program.
#[test]
fn floats_of_16_bits_are_refused_in_plain_words() {
    const FLOAT16: &[u8] = include_bytes!("fixtures/float16.parquet");
    let error = texts(FLOAT16, TableFormat::Parquet, "p").unwrap_err().to_string();
    assert_eq!(error, "a column holds floats of 16 bits, which are not read: write them as 32-bit ones");
}
