//! One frame in four formats and once behind gzip, written by Python (tables.py beside this): whatever evidence may be is the same rows in each of
//! them, and whatever it must not be is named by row.

use std::io::Write as _;

use mlrun::evidence::{Asked, Defect, JoinedRows, PredictionTable, TruthColumn, join, read_predictions_asked};
use mlrun::format::policy::Task;
use mlrun::format::snapshot::PredictionColumns;
use mlrun::name::SetName;
use polars::prelude::{
    Column, DataFrame, NamedFrom as _, ParquetCompression, ParquetWriter, Series, StatisticsOptions,
};

const FILES: [(&str, &[u8]); 5] = [
    ("table.csv", include_bytes!("fixtures/table.csv")),
    ("table.parquet", include_bytes!("fixtures/table.parquet")),
    ("table.jsonl", include_bytes!("fixtures/table.jsonl")),
    ("table.arrow", include_bytes!("fixtures/table.arrow")),
    ("table.csv.gz", include_bytes!("fixtures/table.csv.gz")),
];

/// `k`, `y`, `p`, but for what `change` says.
fn columns(change: impl Fn(&mut PredictionColumns)) -> PredictionColumns {
    let mut columns = PredictionColumns {
        key: vec!["k".to_owned()],
        label: "y".to_owned(),
        score: Some("p".to_owned()),
        ..Default::default()
    };
    change(&mut columns);
    columns
}

fn read(file: (&str, &[u8]), columns: &PredictionColumns, task: Task) -> Result<PredictionTable, Defect> {
    read_predictions_asked(file.1.to_vec(), file.0, columns, task, &Asked::default())
}

fn joined(task: Task, candidate: PredictionTable, baseline: Option<PredictionTable>) -> Result<JoinedRows, Defect> {
    join(&SetName::new("test").unwrap(), task, candidate, baseline)
}

/// A column of a configuration, changed to another one of the frame.
type Change = fn(&mut PredictionColumns);

/// What reading says of each of the files that has the column, its own name taken out.
fn refused(task: Task, change: Change) -> String {
    let columns = columns(change);
    let mut said = Vec::new();
    for file in FILES {
        match read(file, &columns, task) {
            // JSON has no word for NaN, CSV none for a list.
            Err(Defect::ColumnMissing { .. }) => {}
            Err(defect) => said.push(defect.to_string().replace(file.0, "T")),
            Ok(_) => panic!("{} was read", file.0),
        }
    }
    said.dedup();
    assert_eq!(said.len(), 1, "{said:?}");
    said.remove(0)
}

#[test]
fn keys_are_exact_and_match_whatever_their_type() {
    let keys = |file, change: Change| {
        joined(Task::Binary, read(file, &columns(change), Task::Binary).unwrap(), None).unwrap().keys
    };
    let first = keys(FILES[0], |_| {});
    assert_eq!(first.len(), 60, "as doubles, neighbours beyond 2^53 would be equal");
    for file in FILES {
        assert_eq!(keys(file, |_| {}), first, "{}", file.0);
        assert_eq!(keys(file, |c| c.key = vec!["k_text".to_owned()]), first, "{}", file.0);
        assert_eq!(keys(file, |c| c.key = vec!["k_natural".to_owned()]).len(), 60);
        assert_eq!(keys(file, |c| c.key = vec!["pair".to_owned(), "day".to_owned()]).len(), 60);
    }
    let half = |file| read(file, &columns(|c| c.key = vec!["pair".to_owned()]), Task::Binary).unwrap_err().to_string();
    assert_eq!(half(FILES[1]), "`table.parquet` has the key pair=0 in rows 1 and 2");
}

#[test]
fn labels_of_every_type_are_the_same_labels() {
    let digest = |file, label: &str| {
        let mut columns = columns(|_| {});
        columns.label = label.to_owned();
        if label == "y_bool" && file == FILES[2] {
            columns.positive = None;
        }
        joined(Task::Binary, read(file, &columns, Task::Binary).unwrap(), None).unwrap().digest
    };
    let first = digest(FILES[0], "y");
    for file in FILES {
        for label in ["y", "y_bool", "y_float", "y_decimal", "y_text", "y_category"] {
            assert_eq!(digest(file, label), first, "{} {label}", file.0);
        }
    }
}

#[test]
fn whatever_is_missing_or_undefined_is_named_by_row() {
    let binary = |change| refused(Task::Binary, change);
    assert_eq!(binary(|c| c.score = Some("p_nan".into())), "`T` row 6: `p_nan` is NaN");
    assert_eq!(binary(|c| c.score = Some("p_inf".into())), "`T` row 2: `p_inf` is -inf");
    assert_eq!(binary(|c| c.score = Some("p_null".into())), "`T` row 9: `p_null` is empty");
    assert_eq!(binary(|c| c.key = vec!["k_dup".into()]), "`T` has the key k_dup=9007199254740995 in rows 3 and 10");
    assert_eq!(binary(|c| c.key = vec!["k_null".into()]), "`T` row 5: `k_null` is empty");
    assert_eq!(binary(|c| c.label = "y_null".into()), "`T` row 7: `y_null` is empty");
    assert_eq!(binary(|c| c.label = "y_mixed".into()), "`T` has 3 labels; a binary task has two");
    assert_eq!(
        binary(|c| c.weight = Some("w_negative".into())),
        "`T` row 5: `w_negative` is `-0.5`, not a weight: 0 or more"
    );
    assert_eq!(binary(|c| c.weight = Some("w_nan".into())), "`T` row 5: `w_nan` is NaN");
    assert_eq!(binary(|c| c.weight = Some("w_null".into())), "`T` row 5: `w_null` is empty");
    assert_eq!(binary(|c| c.weight = Some("w_zero".into())), "`T`: every `w_zero` is 0, so that no row counts");
    assert_eq!(binary(|c| c.weight = Some("c".into())), "`T` row 1: `c` is `user 0`, not a number");
    assert_eq!(binary(|c| c.cluster = Some("c_null".into())), "`T` row 2: `c_null` is empty");
    let ranking = refused(Task::Ranking, |c| c.label = "relevance_negative".into());
    assert_eq!(ranking, "`T` row 11: `relevance_negative` is `-1`, not a relevance: 0 or more");
    let text = refused(Task::Text, |c| {
        c.label = "reference".into();
        c.prediction = Some("said_null".into());
    });
    assert_eq!(text, "`T` row 3: `said_null` is empty");
}

#[test]
fn text_among_numbers_is_shown_with_its_row() {
    assert_eq!(
        refused(Task::Binary, |c| c.score = Some("p_comma".into())),
        "`T` row 3: `p_comma` is `0,85`, not a number with a decimal point"
    );
    let word = |file| read(file, &columns(|c| c.score = Some("p_word".into())), Task::Binary).unwrap_err().to_string();
    assert_eq!(word(FILES[0]), "`table.csv` row 3: `p_word` is `high`, not a number");
    // A csv does not tell text from numbers; the others do.
    let stored = |file| read(file, &columns(|c| c.score = Some("k_text".into())), Task::Binary).map(drop);
    assert_eq!(stored(FILES[0]), Ok(()));
    for file in &FILES[1..4] {
        let said = stored(*file).unwrap_err().to_string().replace(file.0, "T");
        assert_eq!(said, "`T` row 1: `k_text` is `9007199254740993`, not a number: it is stored as text");
    }
}

#[test]
fn nested_columns_are_no_single_values() {
    for (column, word) in [("p_list", "list"), ("p_struct", "struct")] {
        for file in &FILES[1..4] {
            let mut columns = columns(|_| {});
            columns.score = Some(column.to_owned());
            let said = read(*file, &columns, Task::Binary).unwrap_err().to_string();
            let (path, kind) = (file.0, format!("column `{column}` is {word}, not single values"));
            assert_eq!(said, format!("`{path}` cannot be read as a table: {kind}"));
        }
    }
}

#[test]
fn two_tables_must_agree_in_everything_they_share() {
    let base: Change = |c| {
        c.weight = Some("w".into());
        c.cluster = Some("c".into());
        c.group = Some("q".into());
        c.slices = vec!["s".into()];
    };
    let against = |file, change: Change| {
        let candidate = read(FILES[1], &columns(base), Task::Binary).unwrap();
        let mut other = columns(base);
        change(&mut other);
        joined(Task::Binary, candidate, Some(read(file, &other, Task::Binary).unwrap()))
    };
    for file in FILES {
        let same = against(file, |c| c.score = Some("p_other".into())).unwrap();
        assert_eq!((same.keys.len(), same.only_candidate, same.only_baseline), (60, 0, 0));
        let said = |change| against(file, change).unwrap_err().to_string();
        assert_eq!(
            said(|c| c.label = "y_other".into()),
            "2 rows have another label in the baseline's `test` than in the candidate's, the first with key k=9007199254740996"
        );
        assert_eq!(
            said(|c| c.key = vec!["k_half".into()]),
            "only 30 of 60 rows of `test` are in both models' predictions"
        );
        let other = |column: &str, row: u64| {
            let key = 9_007_199_254_740_992 + row;
            format!(
                "1 row has another `{column}` in the baseline's `test` than in the candidate's, the first with key k={key}"
            )
        };
        assert!(said(|c| c.weight = None).starts_with("only the candidate's `test` has a `weight`"));
        assert_eq!(said(|c| c.weight = Some("w_other".into())), other("w", 5));
        assert_eq!(said(|c| c.cluster = Some("c_other".into())), other("c", 2));
        assert_eq!(said(|c| c.group = Some("q_other".into())), other("q", 1));
    }
}

#[test]
fn weights_clusters_and_queries_are_those_of_both_or_of_none() {
    let with: Change = |c| {
        c.weight = Some("w".into());
        c.cluster = Some("c".into());
        c.group = Some("q".into());
    };
    let table = |file, change: Change| read(file, &columns(change), Task::Binary).unwrap();
    let both = joined(Task::Binary, table(FILES[1], with), Some(table(FILES[0], with))).unwrap();
    // Whoever names one alone would choose which rows count.
    let alone: [(Change, &str); 3] = [
        (|c| c.weight = Some("w".into()), "`weight` (`w`)"),
        (|c| c.cluster = Some("c".into()), "`cluster` (`c`)"),
        (|c| c.group = Some("q".into()), "`group` (`q`)"),
    ];
    for (change, what) in alone {
        let (one, none) = (table(FILES[2], change), table(FILES[0], |_| {}));
        for (whose, found) in [
            ("candidate", joined(Task::Binary, one.clone(), Some(none.clone()))),
            ("baseline", joined(Task::Binary, none, Some(one.clone()))),
        ] {
            let said = found.unwrap_err().to_string();
            assert!(said.starts_with(&format!("only the {whose}'s `test` has a {what}: name one for both")), "{said}");
        }
        // Without a baseline there is nobody to agree with.
        joined(Task::Binary, one, None).unwrap();
    }
    let weights = both.weights.clone().unwrap();
    assert_eq!(weights.iter().filter(|weight| **weight == 3.5).count(), 15);
    let mut clusters = both.clusters.clone().unwrap();
    clusters.sort_unstable();
    clusters.dedup();
    assert_eq!(clusters.len(), 20);
    let mut groups = both.groups.clone().unwrap();
    assert_eq!(groups[0], 0, "by first occurrence in the order of keys");
    groups.sort_unstable();
    assert!(groups.chunks(6).enumerate().all(|(number, rows)| rows == [number as u32; 6]), "{groups:?}");
    let without = joined(Task::Binary, table(FILES[0], |_| {}), Some(table(FILES[1], |_| {}))).unwrap();
    assert!(without.weights.is_none() && without.clusters.is_none() && without.groups.is_none());
    assert_ne!(without.digest, both.digest, "they are what is measured, too");
}

#[test]
fn a_ranking_has_relevance_scores_and_queries() {
    let columns = columns(|c| {
        c.label = "relevance".into();
        c.group = Some("q".into());
    });
    let all: Vec<_> = FILES
        .iter()
        .map(|file| joined(Task::Ranking, read(*file, &columns, Task::Ranking).unwrap(), None).unwrap())
        .collect();
    let TruthColumn::Relevance(relevance) = &all[0].truth else { panic!("no relevance") };
    let mut counts = [0; 4];
    relevance.iter().for_each(|value| counts[*value as usize] += 1);
    assert_eq!(counts, [15; 4]);
    assert_eq!(all[0].groups.as_ref().unwrap().iter().max(), Some(&9));
    assert!(all[0].candidate.scores.is_some() && all[0].candidate.values.is_none());
    assert!(all.iter().all(|rows| rows.digest == all[0].digest));
}

#[test]
fn answers_in_words_are_kept_to_the_letter() {
    let columns = columns(|c| {
        c.label = "reference".into();
        c.score = None;
        c.prediction = Some("said".into());
    });
    for file in FILES {
        let rows = joined(Task::Text, read(file, &columns, Task::Text).unwrap(), None).unwrap();
        let TruthColumn::Texts(references) = &rows.truth else { panic!("no texts") };
        let said = rows.candidate.texts.as_ref().unwrap();
        let mut differ: Vec<_> =
            references.iter().zip(said).filter(|(a, b)| a != b).map(|(a, b)| (a.as_str(), b.as_str())).collect();
        differ.sort_unstable();
        let expected = [("answer 1", "say \"no\",\nor\r\n\"yes\""), ("answer 2", ""), ("answer 3", "日本")];
        assert_eq!(differ, expected, "{}", file.0);
    }
}

#[test]
fn columns_of_numbers_are_read_where_a_rule_asks() {
    let numbers = ["n".to_owned(), "p".to_owned()];
    let ask = |file: (&str, &[u8]), numbers: &[String], if_there| {
        let asked = Asked { numbers, if_there, ..Asked::default() };
        read_predictions_asked(file.1.to_vec(), file.0, &columns(|_| {}), Task::Binary, &asked)
    };
    let mut digests = Vec::new();
    for file in FILES {
        let (candidate, baseline) = (ask(file, &numbers, false).unwrap(), ask(FILES[0], &numbers[..1], true).unwrap());
        let rows = joined(Task::Binary, candidate, Some(baseline)).unwrap();
        let n = &rows.columns["n"];
        assert_eq!(n.candidate.iter().sum::<f64>(), 1.5 * 59.0 * 30.0);
        assert_eq!(n.baseline.as_ref(), Some(&n.candidate));
        assert_eq!(Some(&rows.columns["p"].candidate), rows.candidate.scores.as_ref());
        assert!(rows.columns["p"].baseline.is_none(), "nobody asked for the baseline's");
        digests.push(rows.digest);
    }
    let plain =
        joined(Task::Binary, ask(FILES[0], &[], false).unwrap(), Some(ask(FILES[0], &[], false).unwrap())).unwrap();
    assert!(digests.iter().all(|digest| *digest == plain.digest), "asking for more columns must not draw again");
    let missing = ["cost".to_owned()];
    let said = ask(FILES[1], &missing, false).unwrap_err();
    assert!(matches!(&said, Defect::ColumnMissing { column, .. } if column == "cost"), "{said}");
    let without = ask(FILES[1], &missing, true).unwrap();
    assert!(joined(Task::Binary, ask(FILES[1], &[], false).unwrap(), Some(without)).unwrap().columns.is_empty());
    // A cell that is no number is known of its column, and of no other.
    let empty = ["n_null".to_owned(), "n".to_owned()];
    let [ours, theirs] = [false, true].map(|if_there| ask(FILES[1], &empty, if_there).unwrap());
    let rows = joined(Task::Binary, ours, Some(theirs)).unwrap();
    assert_eq!(rows.columns.keys().collect::<Vec<_>>(), ["n"]);
    for unfit in &rows.unfit {
        assert_eq!(unfit["n_null"].to_string(), "`table.parquet` row 4: `n_null` is empty");
    }
    assert_eq!(rows.digest, plain.digest);
}

#[test]
fn a_table_like_another_shares_its_keys_and_changes_nothing() {
    let base = columns(|c| c.slices = vec!["s".into()]);
    let candidate = read(FILES[1], &base, Task::Binary).unwrap();
    let other = columns(|c| {
        c.slices = vec!["s".into()];
        c.score = Some("p_other".into());
    });
    for file in FILES {
        let asked = Asked { like: Some(&candidate), ..Asked::default() };
        let like = read_predictions_asked(file.1.to_vec(), file.0, &other, Task::Binary, &asked).unwrap();
        let alone = read(file, &other, Task::Binary).unwrap();
        let (a, b) =
            (joined(Task::Binary, candidate.clone(), Some(like)), joined(Task::Binary, candidate.clone(), Some(alone)));
        let (a, b) = (a.unwrap(), b.unwrap());
        assert_eq!((a.digest, &a.keys, a.names.text(7)), (b.digest, &b.keys, b.names.text(7)));
        assert_eq!(a.baseline.unwrap().scores, b.baseline.unwrap().scores);
    }
}

/// Members one after another are one file (RFC 1952, 2.2), here of 257 MiB in a quarter of a megabyte.
#[test]
fn what_expands_to_more_than_a_table_has_is_refused() {
    let member = |rows: &[u8]| {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packed.write_all(rows).unwrap();
        packed.finish().unwrap()
    };
    let header = member(b"k,y,p\n1,0,0.5\n2,1,0.5\n");
    let said = |bytes: Vec<u8>| {
        read(("t.csv.gz", &bytes), &columns(|_| {}), Task::Binary).map(|_| ()).map_err(|e| e.to_string())
    };
    assert_eq!(said([header.clone(), member(b"3,0,0.25\n")].concat()), Ok(()));
    let early = header[..header.len() - 12].to_vec();
    assert_eq!(said(early), Err("`t.csv.gz` cannot be read as a table: its gzip ends early".to_owned()));
    let bomb = [header, member(&[b'\n'; 1 << 20]).repeat(257)].concat();
    assert!(bomb.len() < 1 << 19);
    let more = "268435457 unpacked bytes are more than the 268435456 that are read";
    assert_eq!(said(bomb), Err(format!("`t.csv.gz` cannot be read as a table: {more}")));
}

#[test]
fn bytes_that_are_no_text_are_called_what_they_are() {
    let csv = FILES[0].1;
    let text = std::str::from_utf8(csv).unwrap();
    let utf16 = |little: bool, mark: bool| -> Vec<u8> {
        let units = mark.then_some(0xfeff_u16).into_iter().chain(text.encode_utf16());
        units.flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
    };
    let said = |path: &str, bytes: Vec<u8>| {
        let defect = read((path, &bytes), &columns(|_| {}), Task::Binary).unwrap_err().to_string();
        defect.strip_prefix(&format!("`{path}` cannot be read as a table: ")).unwrap().to_owned()
    };
    for (little, mark) in [(true, true), (false, true)] {
        assert_eq!(said("t.csv", utf16(little, mark)), "it is UTF-16, not text in UTF-8");
        assert_eq!(said("t.jsonl", utf16(little, mark)), "it is UTF-16, not text in UTF-8");
    }
    let plain = "k,y,p\n1,0,0.5\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(said("t.csv", plain), "it is UTF-16, not text in UTF-8");
    let gzip = [b"\x1f\x8b\x08\0".as_slice(), csv].concat();
    assert_eq!(said("t.csv", gzip.clone()), "it is compressed with gzip, not text in UTF-8");
    assert!(said("t.csv.gz", gzip.clone()).starts_with("its gzip is damaged: "));
    assert_eq!(said("t.parquet.gz", gzip), "it is compressed; unpack it");
    assert_eq!(said("t.csv", b"PK\x03\x04...".to_vec()), "it is a zip file, as spreadsheets are, not text in UTF-8");
    let latin = text.replace("öst", "OST").into_bytes().into_iter().collect::<Vec<_>>();
    let mut latin = String::from_utf8(latin).unwrap().replace("日本", "nihon").into_bytes();
    let at = latin.windows(3).position(|bytes| bytes == b"OST").unwrap();
    latin[at] = 0xd6;
    assert_eq!(said("t.csv", latin), "row 3 is not UTF-8");
}

#[test]
fn line_ends_a_byte_order_mark_and_quotes_change_nothing() {
    let text = "k,y,p,s\n1,0,0.25,a\n2,1,0.5,\"b\n,\"\"c\"\"\"\n3,1,0.75,d\n";
    let digest = |csv: &str| {
        let rows = read(("t.csv", csv.as_bytes()), &columns(|c| c.slices = vec!["s".into()]), Task::Binary).unwrap();
        let rows = joined(Task::Binary, rows, None).unwrap();
        (rows.digest, rows.slices["s"].values.clone())
    };
    let (first, slices) = digest(text);
    assert_eq!(slices, ["a", "b\n,\"c\"", "d"]);
    assert_eq!(digest(&format!("\u{feff}{text}")), (first, slices.clone()));
    // Within quotes a line end is part of the text.
    assert_eq!(digest(&text.replace('\n', "\r\n").replace("b\r\n", "b\n")), (first, slices.clone()));
    assert_eq!(digest(text.trim_end()), (first, slices));
}

/// Of a hundred columns, those nobody asked for may be damaged: their pages are not looked at.
#[test]
fn of_a_wide_parquet_only_the_asked_columns_are_read() {
    const ROWS: usize = 500;
    let number = |scale: f64| (0..ROWS).map(|row| row as f64 * scale).collect::<Vec<_>>();
    let mut columns: Vec<Column> = vec![
        Series::new("k".into(), (0..ROWS as i64).collect::<Vec<_>>()).into(),
        Series::new("y".into(), (0..ROWS as i64).map(|row| row % 2).collect::<Vec<_>>()).into(),
        Series::new("p".into(), number(0.001)).into(),
        Series::new("s".into(), (0..ROWS).map(|row| ["a", "b"][row % 2]).collect::<Vec<_>>()).into(),
    ];
    for wide in 0..96 {
        let cells: Vec<String> = (0..ROWS).map(|row| format!("unasked {row}")).collect();
        columns.insert(wide % 5, Series::new(format!("w{wide}").into(), cells).into());
    }
    let mut bytes = Vec::new();
    let writer = ParquetWriter::new(&mut bytes).with_compression(ParquetCompression::Uncompressed);
    let writer = writer.with_statistics(StatisticsOptions::empty());
    writer.finish(&mut DataFrame::new(ROWS, columns).unwrap()).unwrap();
    let mut damaged = bytes.clone();
    let mut at = 0;
    while let Some(found) = damaged[at..].windows(7).position(|seven| seven == b"unasked") {
        at += found;
        damaged[at..at + 7].fill(0xff);
    }
    assert!(at > bytes.len() / 2);
    let with = columns_of_wide("p");
    let digest = |bytes: &[u8]| {
        joined(Task::Binary, read(("t.parquet", bytes), &with, Task::Binary).unwrap(), None).unwrap().digest
    };
    assert_eq!(digest(&damaged), digest(&bytes));
    let touched = columns_of_wide("w3");
    assert!(matches!(read(("t.parquet", &damaged), &touched, Task::Binary), Err(Defect::Unreadable { .. })));
    assert!(matches!(read(("t.parquet", &bytes), &touched, Task::Binary), Err(Defect::Cell { row: 1, .. })));
}

fn columns_of_wide(score: &str) -> PredictionColumns {
    let mut columns = columns(|c| c.slices = vec!["s".into()]);
    columns.score = Some(score.to_owned());
    columns
}
