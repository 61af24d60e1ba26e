//! Profiles: figures against numpy, pandas and exact fractions, and what they do not depend on.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use mlrun::progress::Silent;
use mlrun::table::{ColumnProfile, Profile, ProfileError, ProfileOptions, Scalar, TableError, TableFormat, profile};
use polars::prelude::*;
use proptest::prelude::*;

use super::logical::{saved, scratch};

pub(super) const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/table/fixtures/profile");

#[derive(serde::Deserialize)]
pub(super) struct Goldens {
    rows: u64,
    pub(super) digest: String,
    columns: BTreeMap<String, Golden>,
    pub(super) flat: String,
    sums: Vec<Sums>,
}

#[derive(serde::Deserialize)]
struct Sums {
    values: Vec<f64>,
    mean: f64,
    sd: Option<f64>,
}

#[derive(serde::Deserialize)]
struct Golden {
    nulls: u64,
    nan: u64,
    infinite: u64,
    distinct: u64,
    categories: Vec<(String, u64)>,
    edges: Option<Vec<serde_json::Value>>,
    counts: Option<Vec<u64>>,
    mean: Option<f64>,
    sd: Option<f64>,
}

pub(super) fn goldens() -> Goldens {
    serde_json::from_str(include_str!("fixtures/profile/goldens.json")).unwrap()
}

pub(super) fn fixtures(names: &[&str]) -> Result<Profile, ProfileError> {
    let paths: Vec<PathBuf> = names.iter().map(|name| Path::new(FIXTURES).join(name)).collect();
    of(&paths, |_| ())
}

pub(super) fn of(paths: &[PathBuf], change: impl FnOnce(&mut ProfileOptions<'_>)) -> Result<Profile, ProfileError> {
    let files: Vec<(&Path, TableFormat)> =
        paths.iter().map(|path| (path.as_path(), TableFormat::of(path.to_str().unwrap()).unwrap())).collect();
    let mut options = ProfileOptions::new(&scratch);
    change(&mut options);
    profile(&files, &options, &Silent)
}

fn of_csv(csv: &str) -> Result<Profile, ProfileError> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("t.csv"), csv).unwrap();
    of(&[folder.path().join("t.csv")], |_| ())
}

pub(super) fn column<'a>(profile: &'a Profile, name: &str) -> &'a ColumnProfile {
    profile.columns.iter().find(|column| column.name == name).unwrap()
}

fn categories(column: &ColumnProfile) -> Vec<(String, u64)> {
    column.categories.iter().map(|category| (category.value.clone(), category.count)).collect()
}

fn same(golden: &serde_json::Value, found: &Scalar) -> bool {
    match found {
        Scalar::Integer(value) => golden.as_i64().map(i128::from).or(golden.as_u64().map(i128::from)) == Some(*value),
        Scalar::Float(value) => golden.as_f64() == Some(*value),
        Scalar::Text(value) => golden.as_str() == Some(value),
    }
}

#[test]
fn figures_are_those_of_numpy_and_pandas() {
    let goldens = goldens();
    for file in ["frame.csv", "frame.parquet", "shuffled.parquet"] {
        let found = fixtures(&[file]).unwrap();
        assert_eq!((found.rows, found.columns.len()), (goldens.rows, goldens.columns.len()));
        assert_eq!(found.digest.unwrap().to_string(), goldens.digest, "{file}");
        for (name, golden) in &goldens.columns {
            let column = column(&found, name);
            let what = format!("{file} {name}");
            assert_eq!(
                (column.nulls, column.nan, column.infinite),
                (golden.nulls, golden.nan, golden.infinite),
                "{what}"
            );
            assert_eq!(column.distinct, Some(golden.distinct), "{what}");
            assert_eq!(categories(column), golden.categories, "{what}");
            assert_eq!(column.mean, golden.mean, "{what}");
            let close = match (column.sd, golden.sd) {
                (Some(found), Some(golden)) => (found - golden).abs() <= 2.0 * golden * f64::EPSILON,
                (found, golden) => found == golden,
            };
            assert!(close, "{what}: {:?} {:?}", column.sd, golden.sd);
            let deciles = column.deciles.as_ref();
            if (file, name.as_str()) == ("frame.csv", "day") {
                assert_eq!((column.kind.as_str(), deciles), ("text", None), "a csv has no dates");
                continue;
            }
            assert_eq!(deciles.map(|deciles| deciles.counts.to_vec()), golden.counts, "{what}");
            assert_eq!(deciles.is_some(), golden.edges.is_some(), "{what}");
            for (edge, golden) in deciles.iter().flat_map(|deciles| &deciles.edges).zip(golden.edges.iter().flatten()) {
                assert!(same(golden, edge), "{what}: {edge} {golden}");
            }
        }
    }
}

#[test]
fn a_table_in_pieces_of_two_formats_is_one_table() {
    let whole = fixtures(&["shuffled.parquet"]).unwrap();
    // The second part has one row: alone, its `zip` would be a number.
    let mut parts = fixtures(&["part-3.csv", "part-2.csv", "part-1.tsv"]).unwrap();
    parts.columns.iter_mut().for_each(|column| {
        let kind = &self::column(&whole, &column.name).kind;
        // A csv has no dates, and says nothing of a column without cells.
        if !matches!(column.name.as_str(), "day" | "none") {
            assert_eq!(&column.kind, kind);
        }
    });
    parts.columns.retain(|column| !matches!(column.name.as_str(), "day" | "none"));
    let mut expected = whole.clone();
    expected.columns.retain(|column| !matches!(column.name.as_str(), "day" | "none"));
    assert_eq!(parts, expected);
}

#[test]
fn types_a_csv_does_not_have_are_digested_as_documented() {
    let found = fixtures(&["flat.parquet"]).unwrap();
    assert_eq!(found.digest.unwrap().to_string(), goldens().flat);
    let text = |name: &str| {
        let column = column(&found, name);
        format!("{} {}..{}", column.kind, column.min().unwrap(), column.max().unwrap())
    };
    assert_eq!(text("u64"), "integer 0..18446744073709551615");
    assert_eq!(text("date"), "date 0001-01-01..2024-02-29");
    assert_eq!(text("ms"), "datetime 1969-12-31T23:59:59..2024-01-31T12:30:00.5");
    assert_eq!(text("utc"), "datetime 2024-07-01T00:00:00Z..2024-07-01T00:00:00Z");
    assert_eq!(text("time"), "time 00:00:00.000001..12:30:00");
    assert_eq!(text("decimal"), "decimal[10,2] -0.05..99999999.99");
    assert_eq!(column(&found, "duration").max(), Some(&Scalar::Float(86400.005)));
}

#[test]
fn lists_are_named_not_digested() {
    let types = Path::new(FIXTURES).join("../types.parquet");
    let found = of(&[types], |_| ()).unwrap();
    let undigested: Vec<&str> = found.undigested().map(|column| column.kind.as_str()).collect();
    assert_eq!((found.digest, undigested), (None, vec!["list", "struct", "list"]));
    assert_eq!(column(&found, "i64").nulls, 6);
    let folder = tempfile::tempdir().unwrap();
    let bytes = Column::new("c".into(), [&b"x"[..], b"y"]);
    let mut frame = DataFrame::new_infer_height(vec![bytes]).unwrap();
    let found = of(&[saved(&folder.path().join("b.parquet"), &mut frame, |writer| writer)], |_| ()).unwrap();
    assert_eq!((found.rows, found.digest, found.columns[0].profiled), (2, None, false));
}

#[test]
fn types_of_one_kind_may_differ_between_files() {
    let folder = tempfile::tempdir().unwrap();
    let files = |name: &str, a: Series, b: Series| {
        let save = |number: usize, series: Series| {
            let path = folder.path().join(format!("{name}{number}.parquet"));
            saved(&path, &mut DataFrame::new_infer_height(vec![series.into_column()]).unwrap(), |writer| writer)
        };
        of(&[save(1, a), save(2, b)], |_| ())
    };
    let range = |profile: Profile| {
        let column = &profile.columns[0];
        (column.min().unwrap().clone(), column.max().unwrap().clone(), column.mean.unwrap())
    };
    // Whole numbers that neither i64 nor u64 holds.
    let mixed = files("w", Series::new("c".into(), [u64::MAX]), Series::new("c".into(), [-1_i64]));
    assert_eq!(range(mixed.unwrap()), (Scalar::Float(-1.0), Scalar::Float(2_f64.powi(64)), 2_f64.powi(63)));
    let small = files("s", Series::new("c".into(), [300_i16]), Series::new("c".into(), [None, Some(-1_i64)]));
    assert_eq!(range(small.unwrap()), (Scalar::Integer(-1), Scalar::Integer(300), 149.5));
    let duration = |ticks: i64, unit| Series::new("c".into(), [ticks]).cast(&DataType::Duration(unit)).unwrap();
    let units = files("d", duration(1500, TimeUnit::Milliseconds), duration(2_500_000, TimeUnit::Microseconds));
    assert_eq!(range(units.unwrap()), (Scalar::Float(1.5), Scalar::Float(2.5), 2.0));
    let error = files("e", Series::new("c".into(), [1_i64]), Series::new("c".into(), [0.5])).unwrap_err();
    assert!(matches!(error, ProfileError::KindMismatch { .. }), "{error}");
}

#[test]
fn mean_and_deviation_are_those_of_fractions() {
    let goldens = goldens();
    assert!(goldens.sums.len() > 100);
    for Sums { values, mean, sd } in goldens.sums {
        let cells: Vec<String> = values.iter().map(|value| format!("{value:e}")).collect();
        let column = of_csv(&format!("c\n{}\n", cells.join("\n"))).unwrap().columns.remove(0);
        assert_eq!(column.mean, Some(mean), "{values:?}");
        let near = |(found, golden): (f64, f64)| (found - golden).abs() <= (2.0 * golden * f64::EPSILON).max(5e-324);
        assert!(column.sd.is_some() == sd.is_some(), "{values:?} {:?} {sd:?}", column.sd);
        assert!(column.sd.zip(sd).is_none_or(near), "{values:?} {:?} {sd:?}", column.sd);
    }
}

#[test]
fn sums_do_not_overflow_and_do_not_cancel() {
    let figures = |cells: &str| {
        let found = of_csv(&format!("c\n{cells}\n")).unwrap();
        (found.columns[0].mean.unwrap(), found.columns[0].sd.unwrap())
    };
    // By hand: the deviations are ±1, ±x, ±2⁶³.
    assert_eq!(figures("9007199254740993\n9007199254740991"), (9007199254740992.0, 2_f64.sqrt()));
    assert_eq!(figures("1.7e308\n1.7e308\n1.7e308"), (1.7e308, 0.0));
    assert_eq!(figures("1e308\n-1e308\n1e308\n-1e308").0, 0.0);
    assert_eq!(figures("5e-324\n1.5e-323"), (1e-323, 5e-324));
    let (mean, sd) = figures("9223372036854775807\n-9223372036854775808");
    assert_eq!((mean, sd), (-0.5, 2_f64.powi(63) * 2_f64.sqrt()));
    assert!(of_csv("c\n1.7e308\n-1.7e308\n").unwrap().columns[0].sd.is_none());
    // Small numbers beside large ones that cancel: exact sums, rounded once.
    assert_eq!(figures("1e17\n1\n-1e17\n1").0, 0.5);
}

#[test]
fn names_of_people_are_no_categories() {
    let mut csv = "person,town\n".to_owned();
    (0..100).for_each(|row| csv += &format!("p{},t{}\n", row * 9 / 10, row % 25));
    let found = of_csv(&csv).unwrap();
    assert_eq!((column(&found, "person").distinct, column(&found, "person").categories.len()), (Some(90), 0));
    assert_eq!((column(&found, "town").distinct, column(&found, "town").categories.len()), (Some(25), 20));
    assert_eq!(column(&found, "town").categories[0].count, 4);
    // Texts that are no names of anything.
    let long = "x".repeat(257);
    let found = of_csv(&format!("c\n{long}\n{long}\n")).unwrap();
    assert_eq!((column(&found, "c").distinct, column(&found, "c").categories.len()), (None, 0));
}

#[test]
fn what_the_beginning_of_a_csv_says_may_be_wrong() {
    let rows = 600_000;
    let mut csv = "a,b\n".to_owned();
    (0..rows).for_each(|row| csv += &format!("{},\n", row % 10));
    let integers = of_csv(&csv).unwrap();
    let kinds = |profile: &Profile| profile.columns.iter().map(|c| c.kind.clone()).collect::<Vec<_>>();
    assert_eq!(kinds(&integers), ["integer", "empty"]);
    assert_eq!(column(&integers, "a").deciles.as_ref().unwrap().counts, [60_000; 10]);
    csv += "0.5,x\n";
    let floats = of_csv(&csv).unwrap();
    assert_eq!((floats.rows, kinds(&floats)), (rows + 1, vec!["float".to_owned(), "text".to_owned()]));
    assert_eq!(column(&floats, "b").nulls, rows);
    assert_eq!(column(&floats, "a").mean, Some((4.5 * rows as f64 + 0.5) / (rows + 1) as f64));
    // What text was taken for whole numbers of any length, numbers, and text again.
    let digits = "123456789012345678901234567890\n".repeat(400_000);
    let found = of_csv(&format!("c\n{digits}1.5\nx\n{digits}")).unwrap();
    assert_eq!((found.rows, kinds(&found)), (800_002, vec!["text".to_owned()]));
    assert_eq!(column(&found, "c").categories[0].count, 800_000);
}

/// Numbers of all magnitudes; twice as many distinct ones as are counted.
fn spread(rows: u64) -> Vec<f64> {
    (0..rows).map(|row| ((row * 7919 % rows) as f64 / rows as f64 - 0.3).powi(3) * 1e4).collect()
}

#[test]
fn beyond_memory_edges_are_near_and_counts_exact() {
    let rows = 150_000;
    let values = spread(rows);
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, values: &[f64], group: usize| {
        let ints: Vec<i64> = values.iter().map(|value| (value * 1e3) as i64).collect();
        let frame = DataFrame::new_infer_height(vec![Column::new("f".into(), values), Column::new("i".into(), ints)]);
        saved(&folder.path().join(name), &mut frame.unwrap(), |writer| writer.with_row_group_size(Some(group)))
    };
    let exact = of(&[write("a.parquet", &values, 20_000)], |_| ()).unwrap();
    let coarse = |paths: &[PathBuf]| of(paths, |options| options.exact_values = 1000).unwrap();
    let near = coarse(&[folder.path().join("a.parquet")]);
    for name in ["f", "i"] {
        let (exact, near) =
            (column(&exact, name).deciles.clone().unwrap(), column(&near, name).deciles.clone().unwrap());
        assert!(exact.exact && !near.exact);
        assert_eq!((&exact.edges[0], &exact.edges[10]), (&near.edges[0], &near.edges[10]));
        if name == "f" {
            assert_eq!(exact.counts, [rows / 10; 10]);
        }
        let number = |scalar: &Scalar| scalar.to_string().parse::<f64>().unwrap();
        let counted = |edge: f64| match name {
            "f" => values.iter().filter(|value| **value <= edge).count() as u64,
            _ => values.iter().filter(|value| (**value * 1e3) as i64 as f64 <= edge).count() as u64,
        };
        let mut below = 0;
        for tenth in 1..=10 {
            let (true_edge, edge) = (number(&exact.edges[tenth]), number(&near.edges[tenth]));
            let width = if name == "f" { 0.01 * true_edge.abs() } else { 128.0 };
            assert!((0.0..=width).contains(&(edge - true_edge)), "{name} {true_edge} {edge}");
            below += near.counts[tenth - 1];
            assert_eq!(below, counted(edge), "{name} {tenth}");
        }
    }
    // The same, whatever the order, the batches and the files.
    let mut reversed = values;
    reversed.reverse();
    let (front, back) = reversed.split_at(70_001);
    let parts = [write("b.parquet", front, 1_234), write("c.parquet", back, 40_000)];
    assert_eq!(coarse(&parts), near);
    assert_eq!(of(&parts, |_| ()).unwrap(), exact);
    for threads in [1, 5] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert_eq!(pool.install(|| coarse(&parts)), near, "{threads}");
        assert_eq!(pool.install(|| of(&parts, |_| ()).unwrap()), exact, "{threads}");
    }
}

#[test]
fn files_that_are_not_one_table_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        fs::write(folder.path().join(name), text).unwrap();
        folder.path().join(name)
    };
    let one = file("1.csv", "a,b\n1,2\n");
    let both = |path: PathBuf| of(&[one.clone(), path], |_| ()).unwrap_err();
    for header in ["a", "a,c", "a,b,c"] {
        let error = both(file("2.csv", &format!("{header}\n")));
        assert!(
            matches!(&error, ProfileError::ColumnMissing { path, column } if path.ends_with("2.csv")
            && column == if header == "a,b,c" { "c" } else { "b" }),
            "{header}: {error}"
        );
    }
    let error = both(file("3.csv", "b,a\n1,2\n1\n"));
    let ProfileError::File { path, source } = error else { panic!("{error}") };
    assert!(
        path.ends_with("3.csv") && matches!(source, TableError::Ragged { row: 2, found: 1, expected: 2 }),
        "{source}"
    );
    let texts = Column::new("b".into(), ["x"]);
    let mut frame = DataFrame::new_infer_height(vec![Column::new("a".into(), [7_i64]), texts]).unwrap();
    let error = both(saved(&folder.path().join("4.parquet"), &mut frame, |writer| writer));
    let ProfileError::KindMismatch { column, expected, found, .. } = error else { panic!("{error}") };
    assert_eq!([column, expected, found], ["b", "text", "integer"]);
    assert!(matches!(both(folder.path().to_owned().join("none.csv")), ProfileError::File { .. }));
    let error = profile(&[(folder.path(), TableFormat::Csv)], &ProfileOptions::new(&scratch), &Silent).unwrap_err();
    assert!(matches!(error, ProfileError::File { .. }), "{error}");
}

#[test]
fn a_scratch_file_that_cannot_be_had_is_an_error() {
    let full = || Err(io::Error::from(io::ErrorKind::StorageFull));
    let mut options = ProfileOptions::new(&full);
    options.digest_bytes = 64;
    let frame = Path::new(FIXTURES).join("frame.csv");
    let error = profile(&[(&frame, TableFormat::Csv)], &options, &Silent).unwrap_err();
    assert!(matches!(error, ProfileError::Scratch(_)), "{error}");
}

#[test]
fn tables_without_rows_have_a_profile() {
    let found = of_csv("a,b\n").unwrap();
    assert_eq!((found.rows, found.columns.len()), (0, 2));
    assert!(found.digest.is_some() && column(&found, "a").deciles.is_none() && column(&found, "a").mean.is_none());
    assert!(column(&of_csv("a\n7\n").unwrap(), "a").sd.is_none());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_bytes_do_no_harm(
        which in 0..3_usize,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5),
    ) {
        let name = ["frame.parquet", "flat.parquet", "part-3.csv"][which];
        let mut bytes = fs::read(Path::new(FIXTURES).join(name)).unwrap();
        for (place, byte) in changes {
            *place.get_mut(&mut bytes) = byte;
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let _ = of(&[path], |_| ());
    }
}
