//! Training data of two versions: rows by key and as they are, columns that came, went, changed and moved.

use mlrun::certify::data_drift;
use mlrun::compare::{ColumnChange, Diff, SchemaChange, TableDiff, column_moves, schema_changes};
use mlrun::evidence::{Defect, RowChanges, TableRows, row_changes};
use mlrun::format::profile::ProfileRecord;
use mlrun::format::snapshot::ColumnRecord;
use mlrun::page::diff::{DiffPage, diff as page};

use super::{fixture, goldens};

fn rows(key: &[&str], columns: &[&str], files: &[&[u8]]) -> TableRows {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let mut rows = TableRows::new(&owned(key), &owned(columns));
    files.iter().for_each(|bytes| rows.add(bytes, "t.csv").unwrap());
    rows
}

#[test]
fn rows_as_pandas_counts_them() {
    let expected = goldens("training");
    let common = ["age", "amount", "country", "id"];
    let of = |key: &[&str]| {
        let read = |name: &str| rows(key, &common, &[&fixture(name)]);
        let RowChanges { added, removed, changed } = row_changes(&read("train_a.csv"), &read("train_b.csv"));
        serde_json::json!([added, removed, changed])
    };
    assert_eq!(of(&["id"]), expected["by_id"]);
    let found = of(&[]);
    assert_eq!(serde_json::json!([found[0], found[1]]), expected["without_key"]);
    assert!(found[2].is_null(), "without a key a row that changed is one less and one more");
}

#[test]
fn rows_that_are_there_several_times_count_as_often() {
    let twice = rows(&[], &["a", "b"], &[b"a,b\n1,x\n1,x\n2,y\n"]);
    let once = rows(&[], &["a", "b"], &[b"b,a\ny,2\n", b"a,b\n", b"a,b\n1,x\n3,z\n"]);
    assert_eq!(row_changes(&twice, &once), RowChanges { added: 1, removed: 1, changed: None });
    assert_eq!(row_changes(&twice, &twice), RowChanges { added: 0, removed: 0, changed: None });
    // Such a column is no key, and the rows are still there to be compared.
    let keyed = |csv: &[u8]| rows(&["a"], &["a", "b"], &[csv]);
    let repeated = keyed(b"a,b\n1,x\n1,x\n2,y\n");
    assert!(repeated.repeats() && !keyed(b"a,b\n1,x\n2,y\n").repeats());
    assert_eq!(row_changes(&repeated.without_key(), &once), row_changes(&twice, &once));
    // 1 of one file is the 1.0 of another, and an empty cell is not the text of nothing else.
    let floats = rows(&[], &["a", "b"], &[b"a,b\n1.0,x\n2.5,\n"]);
    assert_eq!(row_changes(&rows(&[], &["a", "b"], &[b"a,b\n1,x\n7,\n"]), &floats).added, 1);
}

#[test]
fn what_is_no_such_table_is_an_error() {
    let mut rows = TableRows::new(&[], &["a".to_owned()]);
    assert!(matches!(rows.add(b"b\n1\n", "t.csv"), Err(Defect::ColumnMissing { .. })));
    assert!(rows.add(b"a\n1\n", "t.xlsx").is_err());
}

#[test]
fn columns_come_go_change_and_move() {
    let schema = |text: &str| -> Vec<ColumnRecord> {
        let column = |word: &str| {
            let (name, kind) = word.split_once(':').unwrap();
            ColumnRecord { name: name.to_owned(), kind: kind.to_owned(), nulls: 0 }
        };
        text.split_whitespace().map(column).collect()
    };
    let change = |column: &str, change| SchemaChange { column: column.to_owned(), change };
    let old = schema("id:integer amount:float age:integer country:text gone:integer");
    let new = schema("id:integer country:text amount:float age:float income:float");
    let expected = [
        change("gone", ColumnChange::Removed("integer".to_owned())),
        // One column that went forward, not two that went back.
        change("country", ColumnChange::Moved(4, 2)),
        change("age", ColumnChange::Retyped("integer".to_owned(), "float".to_owned())),
        change("income", ColumnChange::Added("float".to_owned())),
    ];
    assert_eq!(schema_changes(&old, &new), expected);
    assert_eq!(schema_changes(&old, &old), []);
    assert_eq!(schema_changes(&[], &[]), []);
    let turned: Vec<ColumnRecord> = old.iter().rev().cloned().collect();
    assert_eq!(schema_changes(&old, &turned).len(), old.len() - 1);
}

/// A profile of a column of dates, of one that is text of which little is known, and of a number whose deciles say nothing new.
fn profile(year: u32, nulls: u64, mean: f64) -> ProfileRecord {
    let dates: Vec<String> = (1..=11).map(|month| format!("{year}-{month:02}-01")).collect();
    let column = |name: &str, kind: &str, nulls: u64| serde_json::json!({ "name": name, "kind": kind, "nulls": nulls });
    let mut signup = column("signup", "date", nulls);
    signup["deciles"] = serde_json::json!({ "edges": dates, "counts": vec![100; 10], "exact": true });
    let mut spend = column("spend", "float", 0);
    spend["mean"] = mean.into();
    spend["sd"] = 2.0.into();
    let record = serde_json::json!({
        "format": "mlrun/profile/1", "data": "train", "sha256": "0".repeat(64), "rows": 1000,
        "columns": [signup, spend, column("free", "text", 0)],
    });
    serde_json::from_value(record).unwrap()
}

#[test]
fn what_moved_is_noteworthy_without_an_index() {
    let table = |a: &ProfileRecord, b: &ProfileRecord| TableDiff {
        schema: Vec::new(),
        rows: Err("nobody read them".to_owned()),
        drift: Ok(data_drift(a, b, &[])),
        moves: column_moves(a, b),
    };
    let noteworthy = |table: &TableDiff| -> Vec<String> {
        let columns = &table.drift.as_ref().unwrap().columns;
        columns.iter().filter(|column| table.is_noteworthy(column)).map(|column| column.name.clone()).collect()
    };
    let before = profile(2013, 0, 10.0);
    assert!(noteworthy(&table(&before, &before)).is_empty());
    // Half a standard deviation is 1; a twentieth of one is nothing to tell.
    let found = table(&before, &profile(2013, 0, 11.0));
    assert_eq!((noteworthy(&found), found.moves["spend"].mean), (vec!["spend".to_owned()], Some(0.5)));
    assert!(noteworthy(&table(&before, &profile(2013, 0, 10.1))).is_empty());
    assert_eq!(noteworthy(&table(&before, &profile(2013, 500, 10.0))), ["signup"]);
    let found = table(&before, &profile(2023, 0, 10.0));
    assert_eq!(noteworthy(&found), ["signup"]);
    let range = found.moves["signup"].range.clone().unwrap();
    assert_eq!((range[0].0.as_str(), range[1].1.as_str()), ("2013-01-01", "2023-11-01"));
    assert_eq!(found.moves["free"].mean, None);
    let item =
        mlrun::compare::Item { name: "train".to_owned(), change: mlrun::compare::Change::Changed, a: None, b: None };
    let diff = Diff { data: vec![item], tables: [("train".to_owned(), found)].into(), ..Diff::default() };
    let sections = mlrun::compare::Sections::default();
    let text = page(&DiffPage {
        a: "a",
        b: "b",
        diff: &diff,
        sections: &sections,
        identical: false,
        unread: &[],
        erased: &[],
    });
    let text = text.replace(['\u{200b}', '\\'], "");
    assert!(text.contains("| signup | – | 2013-01-01 to 2013-11-01 → 2023-01-01 to 2023-11-01 | 0 → 0 |"), "{text}");
}
