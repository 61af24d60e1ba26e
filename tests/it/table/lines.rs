//! Json lines as polars, pandas and Python write them, and such that have no one reading.

use std::fs;
use std::path::Path;

use mlrun::table::{Profile, ProfileError, Scalar, Table, TableError, TableFormat, shape};
use polars::prelude::*;
use proptest::prelude::*;

use super::logical::saved;
use super::profile::{FIXTURES, column, fixtures, of};

/// The frame without some of its columns, as a parquet.
fn without(columns: &[&str]) -> Profile {
    let folder = tempfile::tempdir().unwrap();
    let file = fs::File::open(Path::new(FIXTURES).join("frame.parquet")).unwrap();
    let mut frame = ParquetReader::new(file).finish().unwrap().drop_many(columns.iter().copied());
    of(&[saved(&folder.path().join("t.parquet"), &mut frame, |writer| writer)], |_| ()).unwrap()
}

fn of_lines(lines: &str) -> Result<Profile, ProfileError> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("t.jsonl"), lines).unwrap();
    of(&[folder.path().join("t.jsonl")], |_| ())
}

fn refused(lines: &str) -> TableError {
    match of_lines(lines) {
        Err(ProfileError::File { source, .. }) => source,
        other => panic!("{other:?}"),
    }
}

#[test]
fn lines_of_a_frame_say_what_its_parquet_says() {
    let frame = without(&["amount"]);
    for name in ["polars.jsonl", "sparse.ndjson"] {
        let found = fixtures(&[name]).unwrap();
        assert_eq!((found.rows, found.digest), (frame.rows, frame.digest), "{name}");
        for expected in &frame.columns {
            // Json has no dates, and says nothing of a column without values; sparse lines do not even name it.
            if !matches!(expected.name.as_str(), "day" | "none") {
                assert_eq!(column(&found, &expected.name), expected, "{name}");
            }
        }
    }
    let found = fixtures(&["pandas.jsonl"]).unwrap();
    assert_eq!(found.digest, without(&["amount", "near", "day"]).digest);
    let both = fixtures(&["polars.jsonl", "sparse.ndjson"]).unwrap();
    assert_eq!((both.rows, column(&both, "id").distinct), (2 * frame.rows, column(&frame, "id").distinct));
}

#[test]
fn cells_and_shapes_are_those_of_parquet() {
    let lines = fs::read(Path::new(FIXTURES).join("sparse.ndjson")).unwrap();
    let parquet = fs::read(Path::new(FIXTURES).join("frame.parquet")).unwrap();
    let names = ["id", "seen", "hash", "near", "half", "ok", "country", "name", "zip"];
    let found = Table::read(&lines, TableFormat::JsonLines, &names).unwrap();
    let expected = Table::read(&parquet, TableFormat::Parquet, &names).unwrap();
    let of = |table: &Table, name: &str| table.column(name).unwrap().texts();
    names.iter().for_each(|name| assert_eq!(of(&found, name), of(&expected, name), "{name}"));
    let shape = shape(&Path::new(FIXTURES).join("polars.jsonl"), TableFormat::JsonLines).unwrap();
    let profile = fixtures(&["polars.jsonl"]).unwrap();
    let of_profile = profile.columns.iter().map(|c| (c.name.clone(), c.kind.clone(), c.nulls));
    assert_eq!(shape.rows, profile.rows);
    assert!(shape.columns.into_iter().map(|c| (c.name, c.kind, c.nulls)).eq(of_profile));
}

#[test]
fn kinds_are_what_the_values_are() {
    let lines = r#"{"int":1,"big":18446744073709551615,"ids":100000000000000000001,"num":1,"text":"7","mixed":7,"list":[1],"map":{"a":"}"},"truth":true,"null":null}
{"int":-9223372036854775808,"big":0,"ids":100000000000000000002,"num":2.5e0,"text":"8","mixed":"7","list":null,"map":{},"truth":null,"null":null}
"#;
    let found = of_lines(lines).unwrap();
    let kinds: Vec<(&str, &str)> = found.columns.iter().map(|c| (c.name.as_str(), c.kind.as_str())).collect();
    let expected = [
        ("int", "integer"),
        ("big", "integer"),
        ("ids", "text"),
        ("num", "float"),
        ("text", "text"),
        ("mixed", "mixed"),
        ("list", "list"),
        ("map", "struct"),
        ("truth", "boolean"),
        ("null", "empty"),
    ];
    assert_eq!(kinds, expected);
    let undigested: Vec<&str> = found.undigested().map(|c| c.name.as_str()).collect();
    assert_eq!((found.digest, undigested), (None, vec!["mixed", "list", "map"]));
    assert_eq!(column(&found, "big").max(), Some(&Scalar::Integer(i128::from(u64::MAX))));
    assert_eq!((column(&found, "ids").distinct, column(&found, "truth").nulls), (Some(2), 1));
    // A text is a text, whatever it looks like: as in parquet, and not as in a csv.
    let digest = |lines: &str| of_lines(lines).unwrap().digest.unwrap();
    assert_ne!(digest("{\"c\":\"7\"}\n"), digest("{\"c\":7}\n"));
    assert_ne!(digest("{\"c\":\"\"}\n"), digest("{\"c\":null}\n"));
    assert_eq!(digest("{\"c\":\"\\u00e9\\n\"}"), digest("\u{feff}\n{ \"c\" : \"é\\n\" }\r\n\r\n"));
}

#[test]
fn what_has_no_one_reading_is_refused() {
    let says = |lines: &str| refused(lines).to_string();
    assert_eq!(says("{\"a\":1}\n{\"a\":1,\"a\":2}\n"), "row 2 has `a` twice");
    assert_eq!(says("{\"a\":1}\n\n[1]\n"), "row 2 is no object in json");
    for line in
        ["{\"a\":01}", "{\"a\":1,}", "{\"a\":1} {\"a\":2}", "{\"a\":\"\\ud800\"}", "{'a':1}", "{\"a\":NaN}", "{\"a\":1"]
    {
        assert_eq!(says(line), "row 1 is no object in json", "{line}");
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("t.jsonl"), b"{\"a\":\"\xff\"}").unwrap();
    assert!(of(&[folder.path().join("t.jsonl")], |_| ()).is_err());
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let _ = of_lines(&deep);
    assert_eq!(of_lines("").unwrap().rows, 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// What serde_json makes of a line is what is read.
    #[test]
    fn lines_are_read_as_serde_json_reads_them(texts in proptest::collection::vec("[ -~\n\"\\\\é{}\\[\\],:]{0,8}", 1..6), n in any::<i64>()) {
        let line = |text: &String| serde_json::json!({ "c": text, "skip": [{ "c": text }], "n": n }).to_string() + "\n";
        let lines: String = texts.iter().map(line).collect();
        let table = Table::read(lines.as_bytes(), TableFormat::JsonLines, &["n", "c"]).unwrap();
        let found: Vec<String> = table.column("c").unwrap().texts().into_iter().flatten().collect();
        prop_assert_eq!(found, texts);
        prop_assert!(table.column("n").unwrap().texts().iter().all(|text| *text == Some(n.to_string())));
    }

    #[test]
    fn awkward_lines_are_read_or_refused(lines in "(\\{\"[ab]\": ?[0-9a\"\\\\{}\\[\\],.é-]{0,12}\\}?\n){0,4}") {
        let _ = of_lines(&lines);
        if let Ok(names) = Table::header(lines.as_bytes(), TableFormat::JsonLines) {
            for name in &names {
                let _ = Table::read(lines.as_bytes(), TableFormat::JsonLines, &[name]);
            }
        }
    }
}
