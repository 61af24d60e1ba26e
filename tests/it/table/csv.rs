//! Csv: the grammar of types, and text that has more than one reading.

use mlrun::table::{CellError, Table, TableError, TableFormat};

use super::texts;

fn read(csv: &str) -> Result<Vec<Option<String>>, TableError> {
    texts(csv.as_bytes(), TableFormat::Csv, "c")
}

/// The texts of a column of these cells, quoted.
fn cells(cells: &[&str]) -> Vec<String> {
    let csv: String = ["c"].iter().chain(cells).map(|cell| format!("\"{}\"\n", cell.replace('"', "\"\""))).collect();
    read(&csv).unwrap().into_iter().map(|cell| cell.unwrap_or_else(|| "(null)".to_owned())).collect()
}

fn numbers(cells: &[&str]) -> Result<Vec<f64>, CellError> {
    let csv = format!("c\n{}\n", cells.join("\n"));
    Table::read(csv.as_bytes(), TableFormat::Csv, &["c"]).unwrap().column("c").unwrap().numbers()
}

#[test]
fn the_format_comes_from_the_extension() {
    let of = TableFormat::of;
    assert_eq!(of("out/p.csv"), Some(TableFormat::Csv));
    assert_eq!(of("P.TSV"), Some(TableFormat::Tsv));
    assert_eq!((of("a.parquet"), of("a.b.PQ")), (Some(TableFormat::Parquet), Some(TableFormat::Parquet)));
    assert_eq!((of("p.json"), of("csv"), of("dir.csv/p"), of("")), (None, None, None, None));
}

#[test]
fn whole_numbers_are_integers() {
    assert_eq!(cells(&["1", "-5", "0", "-0", ""]), ["1", "-5", "0", "0", "(null)"]);
    assert_eq!(
        cells(&["9223372036854775807", "-9223372036854775808"]),
        ["9223372036854775807", "-9223372036854775808"]
    );
    assert_eq!(cells(&["18446744073709551615", "0"]), ["18446744073709551615", "0"]);
}

#[test]
fn identifiers_keep_every_digit() {
    for kept in ["007", "+49", "18446744073709551616", "123456789012345678901234567890", " 1", "1,5", "1_000", "0x10"] {
        assert_eq!(cells(&[kept, "1"]), [kept, "1"]);
    }
    // Neither i64 nor u64 holds both.
    assert_eq!(cells(&["-1", "9223372036854775808"]), ["-1", "9223372036854775808"]);
}

#[test]
fn decimals_and_exponents_are_floats_and_whole_ones_read_like_integers() {
    assert_eq!(
        cells(&["1", "1.0", "-0.0", "1e0", "0.10", ".5", "5.", "-2.5E-1"]),
        ["1", "1", "0", "1", "0.1", "0.5", "5", "-0.25"]
    );
    assert_eq!(
        cells(&["0.1", "nan", "NaN", "inf", "-inf", "Infinity", "-Infinity"]),
        ["0.1", "NaN", "NaN", "inf", "-inf", "inf", "-inf"]
    );
    for text in ["00.5", "1e", "1e+", ".", "-", "-.", "1.2.3", "e5", "1.5f", "infinite"] {
        assert_eq!(cells(&[text, "1.0"]), [text, "1.0"], "{text}");
    }
}

#[test]
fn truth_values_have_four_spellings() {
    assert_eq!(cells(&["true", "False", "True", "false"]), ["true", "false", "true", "false"]);
    assert_eq!(cells(&["true", "", "false"]), ["true", "(null)", "false"]);
    assert_eq!(cells(&["true", "TRUE"]), ["true", "TRUE"]);
    assert_eq!(cells(&["true", "1"]), ["true", "1"]);
}

#[test]
fn a_missing_cell_is_not_an_empty_text() {
    assert_eq!(read("c,d\n,1\n\"\",1\nx,1").unwrap(), [None, Some(String::new()), Some("x".to_owned())]);
    assert_eq!(read("c,d\n,1\n\"\",1\n2,1").unwrap(), [None, None, Some("2".to_owned())]);
    assert_eq!(read("c\n\n\n").unwrap(), [None, None]);
}

#[test]
fn numbers_name_the_first_cell_that_is_none() {
    assert_eq!(numbers(&["1", "2.5"]).unwrap(), [1.0, 2.5]);
    assert!(numbers(&["1.5", "nan"]).unwrap()[1].is_nan());
    assert_eq!(numbers(&["1", "", "x"]), Err(CellError::Empty { row: 2, column: "c".to_owned() }));
    let no = |row, value: &str| Err(CellError::NotNumber { row, column: "c".to_owned(), value: value.to_owned() });
    assert_eq!(numbers(&["1", "NA"]), no(2, "NA"));
    assert_eq!(numbers(&["true", "false"]), no(1, "true"));
}

#[test]
fn line_ends_and_quotes_are_read_as_rfc_4180_says() {
    let cells = |csv: &str| read(csv).unwrap().into_iter().flatten().collect::<Vec<_>>();
    assert_eq!(cells("\u{feff}c,d\r\n\"a\r\nb\",1\r\nx,\"2\"\r\n"), ["a\r\nb", "x"]);
    assert_eq!(cells("d,c\n1,\"say \"\"hi\"\"\""), ["say \"hi\""]);
    assert_eq!(cells("\"c\"\n\"a,b\"\nx"), ["a,b", "x"]);
    assert_eq!(cells("d,c\n1,x\r"), ["x"]);
    assert_eq!(cells("\n\nd,c\n1,x\n\n\r\n"), ["x"]);
    assert_eq!(cells("c,d\n\"# no comment\",1\n#2,3"), ["# no comment", "#2"]);
}

#[test]
fn only_the_header_is_a_table_without_rows() {
    assert!(read("c,d\n").unwrap().is_empty());
    assert!(read("c").unwrap().is_empty());
    for empty in ["", "\u{feff}", "\n\n"] {
        assert!(matches!(read(empty), Err(TableError::Empty)), "{empty:?}");
    }
}

#[test]
fn rows_of_another_width_are_named() {
    let ragged = |csv| match read(csv) {
        Err(TableError::Ragged { row, found, expected }) => (row, found, expected),
        other => panic!("{other:?}"),
    };
    assert_eq!(ragged("c,d\n1,2\n3\n"), (2, 1, 2));
    assert_eq!(ragged("c,d\n1,2,3\n"), (1, 3, 2));
    assert_eq!(ragged("c,d\n\"\n\",2\n1,2,\n"), (2, 3, 2));
    assert_eq!(ragged("c,d\n1,2\n\n3,4\n"), (2, 1, 2));
}

#[test]
fn text_with_more_than_one_reading_is_refused() {
    assert!(matches!(read("c,d\n5\" pipe,1\n"), Err(TableError::Quote { row: 1 })));
    assert!(matches!(read("c,d\n\"a\"b,1\n"), Err(TableError::Quote { row: 1 })));
    assert!(matches!(read("c,d\n1,2\n\"a,1\n"), Err(TableError::Unclosed { row: 2 })));
    assert!(matches!(read("c,d\n1,2\r3,4\r"), Err(TableError::Return { row: 1 })));
    assert!(matches!(read("c,\"d\n"), Err(TableError::Unclosed { row: 0 })));
    assert!(matches!(read("c,d,c\n1,2,3\n"), Err(TableError::DuplicateColumn { column }) if column == "c"));
    assert!(matches!(read("a,b\n1,2\n"), Err(TableError::ColumnMissing { columns, .. }) if columns == ["a", "b"]));
}

#[test]
fn bytes_that_are_not_utf_8_are_named_by_row() {
    let row = |csv: &[u8]| match texts(csv, TableFormat::Csv, "c") {
        Err(TableError::NotUtf8 { row }) => row,
        other => panic!("{other:?}"),
    };
    assert_eq!(row(b"c,d\n1,2\n\"a\nb\",3\n\xe9t\xe9,4\n"), 3);
    assert_eq!(row(b"c,\xe9\n1,2\n"), 0);
    let utf16 = texts(b"\xff\xfec\x00\n\x001\x00\n\x00", TableFormat::Csv, "c");
    assert!(matches!(utf16, Err(TableError::NotText { found: "UTF-16" })), "{utf16:?}");
}

#[test]
fn columns_beyond_what_a_table_has_are_refused() {
    let wide = vec!["c"; 100_001].join(",");
    assert!(matches!(read(&wide), Err(TableError::TooLarge { what: "columns", found: 100_001, .. })));
}
