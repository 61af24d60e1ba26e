//! Bytes that are no table, or lie about themselves: errors, never a panic, never an abort.

use std::io::Write as _;

use mlrun::table::{Table, TableFormat, shape};
use proptest::prelude::*;

const PARQUETS: [&[u8]; 3] = [
    include_bytes!("fixtures/types.parquet"),
    include_bytes!("fixtures/types-bare.parquet"),
    include_bytes!("fixtures/frame-v2.parquet"),
];

/// Reads all that can be read of it, by every way there is; whether any way was refused.
fn refused(bytes: &[u8], format: TableFormat, columns: &[String]) -> bool {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let mut refused = Table::header(bytes, format).is_err() | shape(file.path(), format).is_err();
    for name in columns {
        match Table::read(bytes, format, &[name]) {
            Ok(table) => {
                let column = table.column(name).unwrap();
                assert_eq!(column.texts().len(), table.rows());
                let _ = (column.codes(), column.numbers());
            }
            Err(_) => refused = true,
        }
    }
    refused
}

#[test]
fn a_truncated_parquet_is_refused() {
    for whole in PARQUETS {
        let columns = Table::header(whole, TableFormat::Parquet).unwrap();
        for end in (0..whole.len()).step_by(97) {
            assert!(refused(&whole[..end], TableFormat::Parquet, &columns), "{end} bytes");
            // The footer in its place, and what it points to missing.
            assert!(refused(&whole[whole.len() - end..], TableFormat::Parquet, &columns), "the last {end} bytes");
        }
    }
}

#[test]
fn a_truncated_csv_is_a_shorter_table_or_refused() {
    let whole = include_bytes!("fixtures/frame-awkward.csv");
    let columns = Table::header(whole, TableFormat::Csv).unwrap();
    for end in 0..whole.len() {
        for name in &columns {
            if let Ok(table) = Table::read(&whole[..end], TableFormat::Csv, &[name]) {
                assert!(table.rows() <= 60);
            }
        }
    }
}

#[test]
fn a_page_that_claims_a_negative_number_of_values_does_not_abort() {
    // What polars does with -1 is allocate 2^61 bytes.
    let whole = PARQUETS[1];
    let columns = Table::header(whole, TableFormat::Parquet).unwrap();
    // In a data page header: field 5 a struct, in it field 1 an i32 of 16 values; a zigzag 33 is -17.
    let place = whole.windows(3).position(|bytes| bytes == [0x2c, 0x15, 0x20]).unwrap();
    let mut lying = whole.to_vec();
    lying[place + 2] = 0x21;
    assert!(refused(&lying, TableFormat::Parquet, &columns));
}

#[test]
fn a_footer_that_claims_any_number_of_columns_does_not_abort() {
    // A FileMetaData whose row groups (4) are one, whose columns (1) are a list of 2³¹-1 structs, as a list and as what a
    // reader that does not ask for the kind takes for one: the bytes of a text.
    let list = [0xfc, 0xff, 0xff, 0xff, 0xff, 0x07];
    let as_list = [&[0x49, 0x1c, 0x19][..], &list].concat();
    let as_text = [&[0x49, 0x1c, 0x18][..], &list].concat();
    let groups = [&[0x49][..], &list].concat();
    for footer in [as_list, as_text, groups] {
        let length = u32::try_from(footer.len()).unwrap().to_le_bytes();
        let file = [b"PAR1", &footer[..], &length, b"PAR1"].concat();
        assert!(refused(&file, TableFormat::Parquet, &["c".to_owned()]));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_bytes_do_no_harm(
        which in 0..PARQUETS.len(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5),
    ) {
        let mut bytes = PARQUETS[which].to_vec();
        let columns = Table::header(&bytes, TableFormat::Parquet).unwrap();
        for (place, byte) in changes {
            *place.get_mut(&mut bytes) = byte;
        }
        refused(&bytes, TableFormat::Parquet, &columns);
    }

    #[test]
    fn random_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400), frame in any::<bool>()) {
        let name = ["c".to_owned()];
        let framed = if frame { [b"PAR1", bytes.as_slice(), b"PAR1"].concat() } else { bytes.clone() };
        prop_assert!(refused(&framed, TableFormat::Parquet, &name));
        // A csv of such bytes may be a table, though hardly with this column.
        let _ = refused(&bytes, TableFormat::Csv, &name);
    }

    #[test]
    fn csv_of_awkward_characters_is_read_or_refused(csv in "c,d\n([0-9ax\",\r\n .é]{0,40})") {
        if let Ok(table) = Table::read(csv.as_bytes(), TableFormat::Csv, &["c", "d"]) {
            prop_assert_eq!(table.column("c").unwrap().len(), table.column("d").unwrap().len());
        }
    }
}
