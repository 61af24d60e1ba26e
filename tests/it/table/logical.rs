//! The logical digest: what it does not depend on, and that it depends on every cell.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use mlrun::digest::Digest;
use mlrun::progress::Silent;
use mlrun::table::{ProfileOptions, TableFormat, profile};
use polars::prelude::*;
use proptest::prelude::*;
use proptest::sample::Index;

pub(super) fn scratch() -> io::Result<File> {
    tempfile::tempfile()
}

/// Writes a parquet.
pub(super) fn saved(
    path: &Path,
    frame: &mut DataFrame,
    with: impl FnOnce(ParquetWriter<File>) -> ParquetWriter<File>,
) -> PathBuf {
    with(ParquetWriter::new(File::create(path).unwrap())).finish(frame).unwrap();
    path.to_owned()
}

fn digest_of(files: &[&Path], bytes: usize) -> Digest {
    let files: Vec<_> = files.iter().map(|path| (*path, TableFormat::of(path.to_str().unwrap()).unwrap())).collect();
    let mut options = ProfileOptions::new(&scratch);
    options.digest_bytes = bytes;
    profile(&files, &options, &Silent).unwrap().digest.unwrap()
}

/// As a parquet.
fn digest(frame: &DataFrame) -> Digest {
    let folder = tempfile::tempdir().unwrap();
    digest_of(&[&saved(&folder.path().join("t.parquet"), &mut frame.clone(), |writer| writer)], 1 << 20)
}

fn csv_digest(csv: &str) -> Digest {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    std::fs::write(&path, csv).unwrap();
    digest_of(&[&path], 1 << 20)
}

fn one(name: &str, series: Series) -> DataFrame {
    DataFrame::new_infer_height(vec![series.with_name(name.into()).into_column()]).unwrap()
}

fn cells<T: std::fmt::Debug>(cell: impl Strategy<Value = T>) -> impl Strategy<Value = Vec<Option<T>>> {
    proptest::collection::vec(proptest::option::weighted(0.8, cell), 12)
}

/// A frame whose kinds a csv has too, whatever rows are taken out of it: the first cell of each column is no null.
fn frames() -> impl Strategy<Value = DataFrame> {
    let floats = prop_oneof![any::<f64>(), (-9..9_i32).prop_map(|n| f64::from(n) / 2.0), Just(-0.0), Just(f64::NAN)];
    (
        cells(-3..3_i64),
        cells(any::<u64>()),
        cells(floats),
        cells(any::<bool>()),
        cells("x[ -~\n\"',;é]{0,3}|"),
        cells(-700_000..2_900_000_i32),
    )
        .prop_map(|(mut integers, mut naturals, mut doubles, mut booleans, mut words, mut days)| {
            (integers[0], naturals[0], doubles[0], booleans[0]) = (Some(1), Some(u64::MAX), Some(0.5), Some(true));
            (words[0], days[0]) = (Some("x".to_owned()), Some(0));
            let days = Int32Chunked::from_iter_options("day".into(), days.into_iter()).into_date().into_series();
            DataFrame::new_infer_height(vec![
                Column::new("n".into(), integers),
                Column::new("u".into(), naturals),
                Column::new("é".into(), doubles),
                Column::new("b".into(), booleans),
                Column::new("a word".into(), words),
                days.into_column(),
            ])
            .unwrap()
        })
}

/// Rows in another order.
fn taken(frame: &DataFrame, rows: &[usize]) -> DataFrame {
    let rows = IdxCa::from_vec("rows".into(), rows.iter().map(|row| *row as IdxSize).collect());
    frame.take(&rows).unwrap()
}

/// The frame with one cell another value, and whether the cell was null.
fn changed(frame: &DataFrame, row: usize, column: usize) -> DataFrame {
    let height = frame.height();
    let mut columns = frame.columns().to_vec();
    let old = columns[column].as_materialized_series().clone();
    let mask = |row: usize| BooleanChunked::from_iter_values("m".into(), (0..height).map(|at| at == row));
    let value = old.get(row).unwrap();
    let other: Series = match (old.dtype(), value.is_null()) {
        // A missing cell gets a value that tells itself from nothing: an empty text, false, 0.
        (DataType::String, true) => Series::new("o".into(), vec![""; height]),
        (DataType::Boolean, true) => Series::new("o".into(), vec![false; height]),
        (kind, true) => Series::new("o".into(), vec![0_i32; height]).cast(kind).unwrap(),
        (kind, false) => Series::full_null("o".into(), height, kind),
    };
    columns[column] = old.zip_with(&!&mask(row), &other).unwrap().with_name(old.name().clone()).into_column();
    DataFrame::new_infer_height(columns).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn storage_and_order_do_not_matter(
        frame in frames(),
        rows in Just((0..12_usize).collect::<Vec<_>>()).prop_shuffle(),
        columns in Just((0..6_usize).collect::<Vec<_>>()).prop_shuffle(),
        group in 1..13_usize,
        split in 0..13_usize,
    ) {
        let expected = digest(&frame);
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let mut other = taken(&frame, &rows);
        other = DataFrame::new_infer_height(columns.iter().map(|place| other.columns()[*place].clone()).collect()).unwrap();
        for compression in [ParquetCompression::Uncompressed, ParquetCompression::Snappy, ParquetCompression::Zstd(None)] {
            let file = saved(&path("c.parquet"), &mut other, |writer| {
                writer.with_compression(compression).with_row_group_size(Some(group)).with_data_page_size(Some(64))
            });
            prop_assert_eq!(digest_of(&[&file], 1 << 20), expected, "{:?}", compression);
            // Row digests on disk: runs of three.
            prop_assert_eq!(digest_of(&[&file], 96), expected);
        }
        CsvWriter::new(File::create(path("c.csv")).unwrap()).finish(&mut other).unwrap();
        prop_assert_eq!(digest_of(&[&path("c.csv")], 1 << 20), expected);
        CsvWriter::new(File::create(path("1.tsv")).unwrap()).with_separator(b'\t').finish(&mut other.slice(0, split)).unwrap();
        CsvWriter::new(File::create(path("2.csv")).unwrap()).finish(&mut other.slice(split as i64, 12)).unwrap();
        prop_assert_eq!(digest_of(&[&path("1.tsv"), &path("2.csv")], 1 << 20), expected);
        let parts = [
            saved(&path("1.parquet"), &mut other.slice(0, split), |writer| writer),
            saved(&path("2.parquet"), &mut other.slice(split as i64, 12), |writer| writer),
        ];
        prop_assert_eq!(digest_of(&[&parts[1], &parts[0]], 1 << 20), expected);
    }

    /// A cell that holds a value holds another one.
    #[test]
    fn another_value_is_another_table(frame in frames(), row in 0..12_usize, column in 0..6_usize) {
        let value = frame.columns()[column].get(row).unwrap().into_static();
        prop_assume!(!value.is_null());
        let other = match value {
            AnyValue::Int64(n) => AnyValue::Int64(n ^ 1),
            AnyValue::UInt64(n) => AnyValue::UInt64(n ^ 1),
            AnyValue::Float64(x) if x.is_nan() => AnyValue::Float64(0.0),
            // The next one there is, or the one before the last.
            AnyValue::Float64(x) => AnyValue::Float64(if x.is_finite() { x.next_up() } else { x.next_down().max(-1.0) }),
            AnyValue::Boolean(truth) => AnyValue::Boolean(!truth),
            AnyValue::Date(day) => AnyValue::Date(day + 1),
            text => AnyValue::StringOwned(format!("{} ", text.get_str().unwrap()).into()),
        };
        let old = frame.columns()[column].as_materialized_series().clone();
        let cells: Vec<AnyValue<'_>> = (0..12).map(|at| if at == row { other.clone() } else { old.get(at).unwrap() }).collect();
        let mut columns = frame.columns().to_vec();
        columns[column] =
            Series::from_any_values_and_dtype(old.name().clone(), &cells, old.dtype(), true).unwrap().into_column();
        let changed = DataFrame::new_infer_height(columns).unwrap();
        prop_assert_ne!(digest(&changed), digest(&frame), "{:?} {:?}", frame, changed);
    }

    #[test]
    fn every_cell_and_every_row_matters(frame in frames(), row in 1..12_usize, column in 0..6_usize, twice in any::<Index>()) {
        let before = digest(&frame);
        let other = changed(&frame, row, column);
        prop_assert_ne!(digest(&other), before, "{:?} {:?}", frame, other);
        let mut rows: Vec<usize> = (0..12).collect();
        rows.push(twice.index(12));
        prop_assert_ne!(digest(&taken(&frame, &rows)), before);
        prop_assert_ne!(digest(&frame.slice(0, 11)), before);
        let mut renamed = frame.clone();
        renamed.rename("n", "m".into()).unwrap();
        prop_assert_ne!(digest(&renamed), before);
        // The same cells under each other's names are other rows, unless they are equal.
        let mut swapped = frame.clone();
        swapped.rename("n", "x".into()).unwrap().rename("u", "n".into()).unwrap().rename("x", "u".into()).unwrap();
        prop_assert_ne!(digest(&swapped), before);
    }
}

#[test]
fn zeros_and_nans_have_one_form() {
    let payload = f64::from_bits(0x7ff8_0000_dead_beef);
    let negative = f64::from_bits(0xfff0_0000_0000_0001);
    let odd = digest(&one("c", Series::new("c".into(), [-0.0, payload, negative])));
    assert_eq!(odd, digest(&one("c", Series::new("c".into(), [0.0, f64::NAN, f64::NAN]))));
    assert_eq!(odd, csv_digest("c\nnan\n-0\n-NaN\n"));
    assert_ne!(odd, digest(&one("c", Series::new("c".into(), [0.0, f64::NAN, f64::INFINITY]))));
    assert_ne!(odd, digest(&one("c", Series::new("c".into(), [Some(0.0), Some(f64::NAN), None]))));
}

#[test]
fn numbers_with_leading_zeros_are_text() {
    let text = |cells: &[&str]| digest(&one("c", Series::new("c".into(), cells)));
    assert_eq!(csv_digest("c\n007\n8\n"), text(&["8", "007"]));
    assert_ne!(csv_digest("c\n007\n8\n"), csv_digest("c\n7\n8\n"));
    // Text that reads as numbers is one of the things that make csv and parquet differ.
    assert_ne!(csv_digest("c\n7\n8\n"), text(&["7", "8"]));
    assert_eq!(csv_digest("c\n7\n8\n"), digest(&one("c", Series::new("c".into(), [7_i8, 8]))));
}

#[test]
fn empty_is_not_missing() {
    let text = |cells: &[Option<&str>]| digest(&one("c", Series::new("c".into(), cells)));
    assert_eq!(csv_digest("c,d\nx,1\n,1\n\"\",1\n"), csv_digest("d,c\n1,\"\"\n1,\n1,x\n"));
    assert_ne!(csv_digest("c,d\nx,1\n,1\n"), csv_digest("c,d\nx,1\n\"\",1\n"));
    assert_ne!(text(&[Some("x"), None]), text(&[Some("x"), Some("")]));
    // Cells that run into each other.
    assert_ne!(csv_digest("a,b\nxy,z\n"), csv_digest("a,b\nx,yz\n"));
    assert_ne!(csv_digest("a,b\nx,\n"), csv_digest("a,b\n,x\n"));
    // A column that has no values has no type.
    assert_eq!(text(&[None, None]), digest(&one("c", Series::new("c".into(), [None::<f64>, None]))));
}

#[test]
fn widths_units_and_zones_do_not_matter_only_what_is_said() {
    let ints = Series::new("c".into(), [1_i64, 2, 100]);
    for kind in [DataType::Int8, DataType::Int16, DataType::UInt8, DataType::UInt32, DataType::UInt64] {
        assert_eq!(digest(&one("c", ints.cast(&kind).unwrap())), digest(&one("c", ints.clone())), "{kind}");
    }
    assert_ne!(digest(&one("c", ints.cast(&DataType::Float64).unwrap())), digest(&one("c", ints.clone())));
    let singles = Series::new("c".into(), [0.1_f32, 2.5]);
    assert_eq!(digest(&one("c", singles.cast(&DataType::Float64).unwrap())), digest(&one("c", singles.clone())));
    // Written to a csv a single has fewer digits than the double of the same value.
    assert_ne!(digest(&one("c", singles)), csv_digest("c\n0.1\n2.5\n"));

    let moments = |unit, zone| {
        let seconds =
            Series::new("c".into(), [1_700_000_000_500_i64, 0]).cast(&DataType::Datetime(TimeUnit::Milliseconds, None));
        digest(&one("c", seconds.unwrap().cast(&DataType::Datetime(unit, zone)).unwrap()))
    };
    let local = moments(TimeUnit::Milliseconds, None);
    assert_eq!(local, moments(TimeUnit::Nanoseconds, None));
    assert_eq!(local, csv_digest("c\n2023-11-14T22:13:20.5\n1970-01-01T00:00:00\n"));
    assert_ne!(local, csv_digest("c\n2023-11-14 22:13:20.500\n1970-01-01 00:00:00\n"));
}
