//! Two models' sets: matched by key and by nothing else.

use std::collections::BTreeMap;

use mlrun::evidence::{Defect, JoinedRows, TruthColumn, join, join_covering, read_predictions};
use mlrun::format::policy::Task;
use mlrun::format::snapshot::PredictionColumns;
use mlrun::name::SetName;
use proptest::prelude::*;

use super::{binary, columns, read};

fn joined(
    task: Task,
    columns: &PredictionColumns,
    candidate: &str,
    baseline: Option<&str>,
) -> Result<JoinedRows, Defect> {
    let candidate = read(candidate, columns, task)?;
    let baseline = baseline.map(|csv| read(csv, columns, task)).transpose()?;
    join(&SetName::new("test").unwrap(), task, candidate, baseline)
}

fn joined_binary(candidate: &str, baseline: &str) -> Result<JoinedRows, Defect> {
    joined(Task::Binary, &columns(&[("p", "score")]), candidate, Some(baseline))
}

#[test]
fn keys_and_digest_are_those_python_computes() {
    // goldens.py beside this file.
    let rows = joined_binary("k,y,p\n1,0,0.25\nb,1,0.5\nc,1,1\n", "k,y,p\nc,1,-0.0\nb,1,0.125\n1,0,0.75\n").unwrap();
    assert_eq!(rows.keys, [7825183753730439440, 8728774249472945539, 11819662426607008679]);
    assert_eq!(rows.digest.to_string(), "d0af783550ae62a46b1a5302958ee33b1cd67c3d51d97757ac57cc7d5d5a66ee");
    assert_eq!((rows.only_candidate, rows.only_baseline), (0, 0));
}

/// What is left of two sets is what two sets of those rows are.
#[test]
fn rows_that_are_in_one_set_only_may_be_few() {
    let mut columns = columns(&[("c", "prediction")]);
    columns.weight = Some("w".to_owned());
    columns.cluster = Some("u".to_owned());
    columns.slices = vec!["s".to_owned()];
    let head = "k,y,c,w,u,s\n";
    let row =
        |k: usize, class: &str| format!("{k},{},{class},{},u{},s{}\n", ["cat", "dog"][k % 2], k + 1, k % 3, k % 4);
    let set = |rows: std::ops::Range<usize>, class: &str| {
        rows.rev().fold(head.to_owned(), |text, k| text + &row(k, if k % 5 == 0 { class } else { "cat" }))
    };
    let name = SetName::new("test").unwrap();
    let of = |ours: &str, theirs: &str, coverage: f64| {
        let read = |csv: &str| read(csv, &columns, Task::Multiclass).unwrap();
        join_covering(&name, Task::Multiclass, read(ours), Some(read(theirs)), coverage)
    };
    // Rows 0 to 19 and 2 to 17: the emu of row 0 is in no row of both.
    let (ours, theirs) = (set(0..20, "dog").replace("\n0,cat,dog", "\n0,emu,emu"), set(2..21, "dog"));
    let few = of(&ours, &theirs, 0.9).unwrap();
    assert_eq!((few.keys.len(), few.only_candidate, few.only_baseline), (18, 2, 1));
    let alone = of(&set(2..20, "dog"), &set(2..20, "dog"), 1.0).unwrap();
    assert_eq!((few.digest, &few.keys), (alone.digest, &alone.keys));
    assert_eq!(few.slices["s"].rows, alone.slices["s"].rows);
    let TruthColumn::Classes { names, .. } = &few.truth else { panic!("{:?}", few.truth) };
    assert_eq!(names, &["cat", "dog"]);
    assert_eq!(few.names.text(3), alone.names.text(3));
    // 18 of 20 are 0.9, and no more.
    for coverage in [0.901, 1.0, f64::NAN] {
        let refused = of(&ours, &theirs, coverage).unwrap_err();
        assert!(matches!(refused, Defect::Coverage { matched: 18, larger: 20, .. }), "{coverage}: {refused}");
    }
    // Nothing in common is never enough.
    assert!(of(&set(0..5, "dog"), &set(5..10, "dog"), 1e-300).is_err());
}

#[test]
fn weights_clusters_and_queries_are_hashed_behind_what_was_predicted() {
    // goldens.py beside this file.
    let mut columns = columns(&[("p", "score")]);
    columns.weight = Some("w".to_owned());
    columns.cluster = Some("c".to_owned());
    columns.group = Some("q".to_owned());
    let (candidate, baseline) = (
        "k,y,p,w,c,q\n1,0,0.25,0.5,u,q\nb,1,0.5,2,v,r\nc,1,1,1,u,q\n",
        "k,y,p,w,c,q\nb,1,0.125,2,v,r\nc,1,0,1,u,q\n1,0,0.75,0.5,u,q\n",
    );
    let rows = joined(Task::Binary, &columns, candidate, Some(baseline)).unwrap();
    assert_eq!(rows.weights.unwrap(), [0.5, 2.0, 1.0]);
    assert_eq!(rows.clusters.unwrap(), [15165948649455761530, 1470984290113211418, 15165948649455761530]);
    assert_eq!(rows.groups.unwrap(), [0, 1, 0]);
    assert_eq!(rows.digest.to_string(), "3d676558e4c27c5e5cda20c6622a5ce3792d6e125db39c9e93baf82ed81eee22");
}

#[test]
fn formats_of_one_frame_join_with_each_other() {
    let columns = PredictionColumns {
        key: vec!["row_id".to_owned(), "half".to_owned(), "f32".to_owned()],
        label: "y".to_owned(),
        score: Some("p".to_owned()),
        slices: vec!["country".to_owned(), "ok".to_owned()],
        ..Default::default()
    };
    let files: [(&str, &[u8]); 5] = [
        ("f.csv", include_bytes!("../table/fixtures/frame.csv")),
        ("f.CSV", include_bytes!("../table/fixtures/frame-awkward.csv")),
        ("f.tsv", include_bytes!("../table/fixtures/frame.tsv")),
        ("f.parquet", include_bytes!("../table/fixtures/frame-zstd.parquet")),
        ("f.pq", include_bytes!("../table/fixtures/frame-v2.parquet")),
    ];
    let set = SetName::new("test").unwrap();
    let tables =
        files.map(|(path, bytes)| read_predictions(bytes.to_vec(), path, &columns, Task::Binary, &[]).unwrap());
    let first = join(&set, Task::Binary, tables[0].clone(), Some(tables[0].clone())).unwrap();
    assert_eq!(first.slices["country"].values, ["DE", "FR", "ÖS"]);
    assert_eq!(first.slices["ok"].values, ["false", "true"]);
    for table in &tables {
        let other = join(&set, Task::Binary, table.clone(), Some(tables[0].clone())).unwrap();
        assert_eq!((other.digest, other.keys), (first.digest, first.keys.clone()));
        assert_eq!(other.slices["country"].rows, first.slices["country"].rows);
    }
}

#[test]
fn rows_in_one_set_only_are_a_defect() {
    let coverage = |a: &str, b: &str| match joined_binary(a, b) {
        Err(Defect::Coverage { matched, larger, .. }) => (matched, larger),
        other => panic!("{other:?}"),
    };
    assert_eq!(coverage("k,y,p\n1,0,0\n2,1,1\n", "k,y,p\n1,0,0\n2,1,1\n3,1,1\n"), (2, 3));
    assert_eq!(coverage("k,y,p\n1,0,0\n2,1,1\n3,1,1\n", "k,y,p\n3,1,1\n"), (1, 3));
    assert_eq!(coverage("k,y,p\n1,0,0\n2,1,1\n", "k,y,p\n3,0,0\n4,1,1\n"), (0, 2));
}

#[test]
fn models_that_were_told_different_truths_are_not_compared() {
    let disagree = |task, candidate: &str, baseline: &str| match joined(
        task,
        &columns(&[("p", "prediction")]),
        candidate,
        Some(baseline),
    ) {
        Err(Defect::LabelsDisagree { rows, key, .. }) => (rows, key),
        other => panic!("{other:?}"),
    };
    let (candidate, baseline) = ("k,y,p\n9,0,0\n8,1,1\n7,1,1\n6,1,1\n", "k,y,p\n9,0,0\n6,0,1\n7,1,1\n8,0,1\n");
    for task in [Task::Binary, Task::Multiclass, Task::Regression] {
        assert_eq!(disagree(task, candidate, baseline), (2, "k=8".to_owned()));
    }
    assert_eq!(
        disagree(Task::Regression, "k,y,p\n1,0.3,0\n", "k,y,p\n1,0.30000000000000004,0\n"),
        (1, "k=1".to_owned())
    );
    // What is positive is compared, not how it is spelled.
    assert!(joined_binary("k,y,p\n1,0,0\n2,1,1\n", "k,y,p\n1,False,0\n2,True,1\n").is_ok());
}

#[test]
fn predicted_labels_of_a_binary_task_are_positive_or_not() {
    let columns = columns(&[("p", "prediction")]);
    let rows = joined(Task::Binary, &columns, "k,y,p\n1,True,False\n2,False,False\n3,True,True\n", None).unwrap();
    let TruthColumn::Binary(truth) = &rows.truth else { panic!("not binary") };
    let mut both: Vec<_> = truth.iter().zip(rows.candidate.classes.as_ref().unwrap()).collect();
    both.sort();
    assert_eq!(both, [(&false, &0), (&true, &0), (&true, &1)]);
    assert!(rows.baseline.is_none() && rows.candidate.scores.is_none());
}

#[test]
fn a_binary_task_takes_the_score_of_its_positive_class() {
    let mut columns = columns(&[("a", "0"), ("b", "1")]);
    columns.positive = Some(mlrun::format::scalar::Scalar::Int(1));
    let rows = joined(Task::Binary, &columns, "k,y,a,b\n1,1,0.25,0.75\n", None).unwrap();
    assert_eq!(rows.candidate.scores, Some(vec![0.75]));
}

#[test]
fn classes_are_numbered_over_both_models() {
    let columns = columns(&[("p", "prediction")]);
    let rows =
        joined(Task::Multiclass, &columns, "k,y,p\n1,10,2\n2,9,cat\n", Some("k,y,p\n2,9,-1\n1,10,10\n")).unwrap();
    let TruthColumn::Classes { labels, names } = &rows.truth else { panic!("not classes") };
    assert_eq!(names, &["-1", "2", "9", "10", "cat"]);
    let baseline = rows.baseline.unwrap().classes.unwrap();
    let mut triples: Vec<_> =
        (0..2).map(|row| (labels[row], rows.candidate.classes.as_ref().unwrap()[row], baseline[row])).collect();
    triples.sort();
    assert_eq!(triples, [(2, 4, 0), (3, 1, 3)]);
}

#[test]
fn probabilities_need_a_column_for_every_label() {
    let csv = "k,y,pa,pb\n1,a,0.75,0.25\n2,b,0.5,0.5\n";
    let both = columns(&[("pa", "a"), ("pb", "b")]);
    let rows = joined(Task::Multiclass, &both, csv, None).unwrap();
    assert_eq!(rows.candidate.probabilities.map(|columns| columns.len()), Some(2));
    let one = columns(&[("pa", "a")]);
    assert!(joined(Task::Multiclass, &one, csv, None).unwrap().candidate.probabilities.is_none());
    // A class no row is of, known to one model only.
    let three = columns(&[("pa", "a"), ("pb", "b"), ("pa", "c")]);
    let set = SetName::new("test").unwrap();
    let (candidate, baseline) =
        (read(csv, &both, Task::Multiclass).unwrap(), read(csv, &three, Task::Multiclass).unwrap());
    let rows = join(&set, Task::Multiclass, candidate, Some(baseline)).unwrap();
    assert_eq!(rows.candidate.probabilities.unwrap()[2], [0.0, 0.0]);
    assert_eq!(rows.baseline.unwrap().probabilities.unwrap().len(), 3);
}

#[test]
fn slices_must_agree_and_empty_cells_are_none() {
    let columns = columns(&[("p", "score"), ("s", "slice")]);
    let candidate = "k,y,p,s\n1,0,0,b\n2,1,1,\n3,1,1,\"\"\n4,1,1,a\n";
    let rows = joined(Task::Binary, &columns, candidate, Some(candidate)).unwrap();
    let slice = &rows.slices["s"];
    assert_eq!(slice.values, ["(none)", "a", "b"]);
    let mut counts = [0; 3];
    slice.rows.iter().for_each(|&value| counts[value as usize] += 1);
    assert_eq!(counts, [2, 1, 1]);
    // Whoever sorts rows into slices anew could sort a failure out of sight.
    let baseline = "k,y,p,s\n1,0,0,b\n2,1,1,\n3,1,1,\"\"\n4,1,1,b\n";
    let found = joined(Task::Binary, &columns, candidate, Some(baseline));
    assert!(matches!(found, Err(Defect::SlicesDisagree { rows: 1, .. })), "{found:?}");
}

#[test]
fn a_table_read_for_another_task_is_not_joined() {
    let table = binary("k,y,p\n1,0,0\n2,1,1\n").unwrap();
    let other = read("k,y,p\n1,0,0\n2,1,1\n", &columns(&[("p", "score")]), Task::Regression).unwrap();
    let set = SetName::new("test").unwrap();
    for (task, candidate, baseline) in
        [(Task::Regression, &table, &table), (Task::Binary, &table, &other), (Task::Multiclass, &other, &other)]
    {
        let defect = join(&set, task, candidate.clone(), Some(baseline.clone())).unwrap_err();
        assert_eq!(defect.to_string(), "`p.csv` cannot be read as a table: it was read for another task");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rows_are_those_of_a_map_by_key_in_any_order(
        rows in proptest::collection::btree_map("[a-z]{1,3}|[0-9]{1,4}", (0..100_u8, 0..100_u8, 0..100_u8), 1..40),
        order in any::<u64>(),
    ) {
        let csv = |column: fn(&(u8, u8, u8)) -> u8, shuffle: u64| {
            let mut lines: Vec<_> = rows.iter().map(|(key, row)| format!("\"{key}\",{},{}\n", row.0, column(row))).collect();
            lines.sort_by_key(|line| blake3::hash(format!("{shuffle}{line}").as_bytes()).to_hex());
            format!("k,y,p\n{}", lines.concat())
        };
        // `01` and `1` would be one key in a column of numbers.
        let keys: BTreeMap<_, _> = rows.keys().map(|key| (key.trim_start_matches('0'), ())).collect();
        prop_assume!(keys.len() == rows.len());
        let columns = columns(&[("p", "prediction")]);
        let a = joined(Task::Regression, &columns, &csv(|row| row.1, order), Some(&csv(|row| row.2, !order))).unwrap();
        let b = joined(Task::Regression, &columns, &csv(|row| row.1, 1), Some(&csv(|row| row.2, 2))).unwrap();
        prop_assert_eq!((a.digest, &a.keys), (b.digest, &b.keys));
        prop_assert!(a.keys.is_sorted_by(|a, b| a < b));
        let TruthColumn::Real(truth) = &a.truth else { panic!("not real") };
        let (candidate, baseline) = (a.candidate.values.unwrap(), a.baseline.unwrap().values.unwrap());
        let mut found: Vec<_> = (0..rows.len()).map(|row| (truth[row] as u8, candidate[row] as u8, baseline[row] as u8)).collect();
        let mut expected: Vec<_> = rows.values().copied().collect();
        found.sort();
        expected.sort();
        prop_assert_eq!(found, expected);
    }
}
