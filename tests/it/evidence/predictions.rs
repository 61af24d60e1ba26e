//! One model's set: every defect there is, and which label is positive.

use mlrun::evidence::{Defect, join, read_predictions};
use mlrun::format::policy::Task;
use mlrun::format::scalar::Scalar;
use mlrun::name::SetName;

use super::{binary, columns, read};

fn shown<T: std::fmt::Debug>(result: Result<T, Defect>) -> String {
    result.unwrap_err().to_string()
}

/// Which of the rows, in the file's order, are positive.
fn positives(csv: &str, positive: Option<Scalar>) -> Result<usize, Defect> {
    let mut columns = columns(&[("p", "score")]);
    columns.positive = positive;
    let table = read(csv, &columns, Task::Binary)?;
    let rows = join(&SetName::new("test").unwrap(), Task::Binary, table, None)?;
    let mlrun::evidence::TruthColumn::Binary(labels) = rows.truth else { panic!("not binary") };
    Ok(labels.iter().filter(|&&positive| positive).count())
}

#[test]
fn a_table_that_cannot_be_read_says_why() {
    let columns = columns(&[("p", "score")]);
    let read = |path: &str, bytes: &[u8]| shown(read_predictions(bytes.to_vec(), path, &columns, Task::Binary, &[]));
    assert_eq!(
        read("p.xlsx", b"PK"),
        "`p.xlsx` cannot be read as a table: its name ends neither in .csv, .tsv, .jsonl, .ndjson, .parquet, .pq, .arrow, .feather nor .ipc"
    );
    assert_eq!(read("p.csv", b""), "`p.csv` cannot be read as a table: it is empty");
    assert_eq!(read("p.csv", b"k,y,p\n"), "`p.csv` has no rows");
    assert!(read("p.parquet", b"PAR1").starts_with("`p.parquet` cannot be read as a table: "));
    assert_eq!(read("p.csv", b"k,y\n1,2\n"), "`p.csv` has no column `p`; it has k, y");
    assert_eq!(
        read("p.csv", b"k,y,p\n1,2\n"),
        "`p.csv` cannot be read as a table: row 1 has 2 cells, the header has 3"
    );
}

#[test]
fn slice_columns_must_be_there() {
    let csv = "k,y,p\n1,0,0.5\n2,1,0.5\n";
    let columns = columns(&[("p", "score"), ("country", "slice")]);
    assert_eq!(shown(read(csv, &columns, Task::Binary)), "`p.csv` has no column `country`; it has k, y, p");
    let extra = ["device".to_owned()];
    let result = read_predictions(csv.into(), "p.csv", &super::columns(&[("p", "score")]), Task::Binary, &extra);
    assert_eq!(shown(result), "`p.csv` has no column `device`; it has k, y, p");
}

#[test]
fn keys_are_whole_and_distinct() {
    assert_eq!(shown(binary("k,y,p\n1,0,0\n,1,1\n")), "`p.csv` row 2: `k` is empty");
    assert_eq!(shown(binary("k,y,p\na,0,0\n\"\",1,1\n")), "`p.csv` row 2: `k` is empty");
    assert_eq!(shown(binary("k,y,p\n1.0,0,0\nnan,1,1\n")), "`p.csv` row 2: `k` is NaN");
    assert_eq!(shown(binary("k,y,p\n7,0,0\n8,1,1\n7,1,1\n8,1,1\n")), "`p.csv` has the key k=7 in rows 1 and 3");
    // As csv and parquet write them, 7 and 7.0 are one key.
    assert_eq!(shown(binary("k,y,p\n7,0,0\n7.0,1,1\n")), "`p.csv` has the key k=7 in rows 1 and 2");
    let mut none = columns(&[("p", "score")]);
    none.key.clear();
    assert_eq!(
        shown(read("k,y,p\n1,0,0\n", &none, Task::Binary)),
        "`p.csv` cannot be read as a table: no column is named as its key"
    );
}

#[test]
fn keys_of_several_columns_are_not_run_together() {
    let mut two = columns(&[("p", "score")]);
    two.key.push("l".to_owned());
    assert_eq!(read("k,l,y,p\nab,c,0,0\na,bc,1,1\n", &two, Task::Binary).unwrap().rows(), 2);
    let repeated = read("k,l,y,p\na,3,0,0\na,b,1,1\na,3,1,1\n", &two, Task::Binary);
    assert_eq!(shown(repeated), "`p.csv` has the key k=a, l=3 in rows 1 and 3");
}

#[test]
fn scores_are_finite_numbers() {
    assert_eq!(shown(binary("k,y,p\n1,0,0.5\n2,1,nan\n")), "`p.csv` row 2: `p` is NaN");
    assert_eq!(shown(binary("k,y,p\n1,0,inf\n2,1,0.5\n")), "`p.csv` row 1: `p` is inf");
    assert_eq!(shown(binary("k,y,p\n1,0,0.5\n2,1,\n")), "`p.csv` row 2: `p` is empty");
    assert_eq!(
        shown(binary("k,y,p\n1,0,0.5\n2,1,\"0,7\"\n")),
        "`p.csv` row 2: `p` is `0,7`, not a number with a decimal point"
    );
}

#[test]
fn labels_are_never_empty_nor_nan() {
    assert_eq!(shown(binary("k,y,p\n1,0,0.5\n2,,0.5\n")), "`p.csv` row 2: `y` is empty");
    assert_eq!(shown(binary("k,y,p\n1,0.0,0.5\n2,nan,0.5\n")), "`p.csv` row 2: `y` is NaN");
    let real = columns(&[("p", "prediction")]);
    assert_eq!(shown(read("k,y,p\n1,inf,0.5\n", &real, Task::Regression)), "`p.csv` row 1: `y` is inf");
    assert_eq!(shown(read("k,y,p\n1,x,0.5\n", &real, Task::Regression)), "`p.csv` row 1: `y` is `x`, not a number");
}

#[test]
fn the_positive_label_is_the_one_configured_or_one_or_true() {
    let csv = |labels: [&str; 3]| format!("k,y,p\n1,{},0\n2,{},0\n3,{},0\n", labels[0], labels[1], labels[2]);
    assert_eq!(positives(&csv(["0", "1", "1"]), None).unwrap(), 2);
    assert_eq!(positives(&csv(["0.0", "1.0", "1.0"]), None).unwrap(), 2);
    assert_eq!(positives(&csv(["True", "False", "True"]), None).unwrap(), 2);
    assert_eq!(positives(&csv(["0", "1", "1"]), Some(Scalar::Int(0))).unwrap(), 1);
    assert_eq!(positives(&csv(["0", "1", "1"]), Some(Scalar::Float(1.0))).unwrap(), 2);
    assert_eq!(positives(&csv(["0", "1", "1"]), Some(Scalar::Float(-0.0))).unwrap(), 1);
    assert_eq!(positives(&csv(["true", "false", "true"]), Some(Scalar::Bool(false))).unwrap(), 1);
    assert_eq!(positives(&csv(["ham", "spam", "ham"]), Some(Scalar::Text("spam".to_owned()))).unwrap(), 1);
    assert_eq!(
        shown(positives(&csv(["ham", "spam", "ham"]), None)),
        "`p.csv`: no row has the positive label `(none configured)`; the labels are ham, spam"
    );
    assert_eq!(
        shown(positives(&csv(["0", "0", "0"]), None)),
        "`p.csv`: no row has the positive label `1`; the labels are 0"
    );
    assert_eq!(
        shown(positives(&csv(["0", "1", "0"]), Some(Scalar::Int(2)))),
        "`p.csv`: no row has the positive label `2`; the labels are 0, 1"
    );
    assert_eq!(
        shown(positives(&csv(["0", "1", "2"]), Some(Scalar::Int(1)))),
        "`p.csv` has 3 labels; a binary task has two"
    );
}

#[test]
fn scores_taken_for_predicted_labels_are_noticed() {
    let columns = columns(&[("p", "prediction")]);
    let csv = "k,y,p\n1,0,0.25\n2,1,0.75\n3,1,0.5\n";
    assert_eq!(shown(read(csv, &columns, Task::Binary)), "`p.csv` has 5 labels; a binary task has two");
    assert!(read("k,y,p\n1,1,0\n2,1,1\n", &columns, Task::Binary).is_ok());
}

#[test]
fn long_values_are_cut_in_messages() {
    let long = "x".repeat(100);
    let message = shown(binary(&format!("k,y,p\n{long},0,0\n{long},1,1\n")));
    assert_eq!(message, format!("`p.csv` has the key k={} in rows 1 and 2", "x".repeat(40)));
    assert!(shown(binary(&format!("k,y,p\n1,0,0\n2,1,{long}\n"))).contains(&format!("`{}`", "x".repeat(40))));
}
