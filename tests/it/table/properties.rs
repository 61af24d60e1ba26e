//! A frame is one table, whether it was written as csv or as parquet.

use std::io::Cursor;

use mlrun::table::TableFormat;
use polars::prelude::*;
use proptest::prelude::*;

use super::texts;

fn column<T: std::fmt::Debug>(cell: impl Strategy<Value = T>) -> impl Strategy<Value = Vec<Option<T>>> {
    proptest::collection::vec(proptest::option::weighted(0.9, cell), 20)
}

/// Text that is no number: what is one in csv, is one.
fn words() -> impl Strategy<Value = String> {
    "x[ -~\n\"',;é]{0,6}"
}

fn floats() -> impl Strategy<Value = f64> {
    prop_oneof![any::<f64>(), (-1000..1000_i32).prop_map(|n| f64::from(n) / 8.0), Just(-0.0), Just(f64::NAN)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn csv_and_parquet_of_a_frame_have_the_same_texts(
        integers in column(any::<i64>()),
        naturals in column(any::<u64>()),
        shorts in column(any::<i16>()),
        doubles in column(floats()),
        singles in column(any::<f32>().prop_filter("json has no such single", |f| f.is_finite())),
        booleans in column(any::<bool>()),
        words in column(words()),
        days in column(-700_000..2_900_000_i32),
    ) {
        let days = Int32Chunked::from_iter_options("days".into(), days.into_iter()).into_date().into_series();
        let mut frame = DataFrame::new_infer_height(vec![
            Column::new("integers".into(), integers),
            Column::new("naturals".into(), naturals),
            Column::new("shorts".into(), shorts),
            Column::new("doubles".into(), doubles),
            Column::new("singles".into(), singles),
            Column::new("booleans".into(), booleans),
            Column::new("words".into(), words),
            days.into_column(),
        ]).unwrap();
        let (mut csv, mut parquet) = (Cursor::new(Vec::new()), Cursor::new(Vec::new()));
        CsvWriter::new(&mut csv).finish(&mut frame).unwrap();
        ParquetWriter::new(&mut parquet).finish(&mut frame).unwrap();
        for name in frame.get_column_names() {
            let from_csv = texts(csv.get_ref(), TableFormat::Csv, name).unwrap();
            let from_parquet = texts(parquet.get_ref(), TableFormat::Parquet, name).unwrap();
            prop_assert_eq!(from_csv, from_parquet, "{}", name);
        }
    }
}
