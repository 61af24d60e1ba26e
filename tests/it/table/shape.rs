//! Shapes: kinds, rows and nulls of files on disk.

use std::io::Write as _;

use mlrun::table::{ColumnShape, TableError, TableFormat, TableShape, shape};

fn shape_of(bytes: &[u8], format: TableFormat) -> Result<TableShape, TableError> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    shape(file.path(), format)
}

fn kinds(shape: &TableShape) -> Vec<String> {
    shape.columns.iter().map(|column| format!("{} {} {}", column.name, column.kind, column.nulls)).collect()
}

#[test]
fn a_csv_column_has_the_kind_all_its_cells_have() {
    let csv = "i,u,f,b,t,z,e,q\n1,18446744073709551615,1,true,x,007,,\"\"\n,0,.5,,\"\",1,,\n";
    let shape = shape_of(csv.as_bytes(), TableFormat::Csv).unwrap();
    assert_eq!(shape.rows, 2);
    let expected =
        ["i integer 1", "u integer 0", "f float 0", "b boolean 1", "t text 0", "z text 0", "e empty 2", "q empty 2"];
    assert_eq!(kinds(&shape), expected);
}

#[test]
fn parquet_nulls_are_counted_where_the_footer_does_not_say() {
    let expected = [
        "i8 integer 6",
        "i16 integer 6",
        "i32 integer 6",
        "i64 integer 6",
        "u8 integer 6",
        "u16 integer 6",
        "u32 integer 6",
        "u64 integer 6",
        "f32 float 6",
        "f64 float 3",
        "bool boolean 6",
        "utf8 text 6",
        "large text 6",
        "date date 6",
        "ms datetime 8",
        "us datetime 12",
        "ns datetime 0",
        "utc datetime 12",
        "time time 8",
        "decimal decimal[10,2] 4",
        "wide decimal[38,3] 12",
        "category text 6",
        "null empty 24",
        "list list 0",
        "struct struct 0",
        "map list 0",
    ];
    let with = shape_of(include_bytes!("fixtures/types.parquet"), TableFormat::Parquet).unwrap();
    assert_eq!((with.rows, kinds(&with).as_slice()), (24, expected.map(str::to_owned).as_slice()));
    let bare = shape_of(include_bytes!("fixtures/types-bare.parquet"), TableFormat::Parquet).unwrap();
    let nulls = |shape: &TableShape| shape.columns.iter().map(|column| column.nulls).collect::<Vec<_>>();
    assert_eq!((bare.rows, nulls(&bare)), (24, nulls(&with)));
}

#[test]
fn pieces_of_a_long_csv_are_cut_between_records() {
    // More cells and more bytes than are held at a time; every third record has line ends in quotes.
    let mut csv = b"id,note,last\n".to_vec();
    let rows = 1_500_000;
    for row in 0..rows {
        let note = if row % 3 == 0 { "\"a,\r\n\"\"b\"\"\n\"" } else { "neither quoted nor a number" };
        writeln!(csv, "{row},{note},{}", if row == rows - 1 { "x" } else { "1" }).unwrap();
    }
    assert!(csv.len() > 32 << 20);
    let found = shape_of(&csv, TableFormat::Csv).unwrap();
    let column = |name: &str, kind: &str| ColumnShape { name: name.to_owned(), kind: kind.to_owned(), nulls: 0 };
    let columns = vec![column("id", "integer"), column("note", "text"), column("last", "text")];
    assert_eq!(found, TableShape { rows, columns });

    csv.extend_from_slice(b"1,2\n");
    let error = shape_of(&csv, TableFormat::Csv).unwrap_err();
    assert!(matches!(error, TableError::Ragged { row: 1_500_001, found: 2, expected: 3 }));
}

#[test]
fn a_quote_that_is_never_closed_is_not_read_into_memory_for_ever() {
    let mut csv = b"a,b\n1,\"".to_vec();
    csv.resize(130 << 20, b'x');
    let error = shape_of(&csv, TableFormat::Csv).unwrap_err();
    assert!(matches!(error, TableError::TooLarge { what: "bytes in one row", .. }), "{error}");
}

#[test]
fn what_is_no_file_is_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(shape(folder.path(), TableFormat::Csv), Err(TableError::Io(_))));
    assert!(matches!(shape(&folder.path().join("none.csv"), TableFormat::Csv), Err(TableError::Io(_))));
    assert!(matches!(shape_of(b"", TableFormat::Csv), Err(TableError::Empty)));
    assert!(matches!(shape_of(b"", TableFormat::Parquet), Err(TableError::Malformed { .. })));
}
