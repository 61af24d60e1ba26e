//! Arrow files and streams as polars, pyarrow and pandas write them, and such that lie.

use std::fs;
use std::path::{Path, PathBuf};

use mlrun::table::{Profile, ProfileError, Scalar, Table, TableError, TableFormat, shape};
use proptest::prelude::*;

use super::profile::{FIXTURES, column, fixtures, goldens, of};

/// The same rows: views and offsets, plain, LZ4 and zstd, files and streams, dictionaries that are replaced and that grow.
const FRAMES: [&str; 6] =
    ["polars.arrow", "polars-zstd.arrow", "polars-lz4.arrows", "pyarrow.feather", "replaced.arrows", "delta.arrows"];

fn bytes(name: &str) -> Vec<u8> {
    fs::read(Path::new(FIXTURES).join(name)).unwrap()
}

fn of_bytes(bytes: &[u8]) -> Result<Profile, ProfileError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.arrow");
    fs::write(&path, bytes).unwrap();
    of(&[path], |_| ())
}

#[test]
fn every_way_to_write_a_frame_says_the_same() {
    let parquet = fixtures(&["frame.parquet"]).unwrap();
    for name in FRAMES {
        let found = fixtures(&[name]).unwrap();
        assert_eq!(found.digest.unwrap().to_string(), goldens().digest, "{name}");
        assert_eq!(found, parquet, "{name}");
    }
    // Two programs' files of one table, and a csv.
    let twice = fixtures(&["polars.arrow", "pyarrow.feather", "frame.parquet"]).unwrap();
    assert_eq!((twice.rows, twice.columns[0].distinct), (3 * parquet.rows, parquet.columns[0].distinct));
}

#[test]
fn types_are_those_of_parquet() {
    let found = fixtures(&["flat.arrow"]).unwrap();
    assert_eq!(found.digest.unwrap().to_string(), goldens().flat);
    assert_eq!(found, fixtures(&["flat.parquet"]).unwrap());
}

#[test]
fn shapes_and_cells_are_those_of_parquet() {
    let parquet = bytes("frame.parquet");
    let names = Table::header(&parquet, TableFormat::Parquet).unwrap();
    let wanted: Vec<&str> = names.iter().map(String::as_str).collect();
    let expected = Table::read(&parquet, TableFormat::Parquet, &wanted).unwrap();
    let expected_shape = shape(&Path::new(FIXTURES).join("frame.parquet"), TableFormat::Parquet).unwrap();
    for name in FRAMES {
        assert_eq!(shape(&Path::new(FIXTURES).join(name), TableFormat::Arrow).unwrap(), expected_shape, "{name}");
        assert_eq!(Table::header(&bytes(name), TableFormat::Arrow).unwrap(), names);
        let found = Table::read(&bytes(name), TableFormat::Arrow, &wanted).unwrap();
        for column in &wanted {
            let of = |table: &Table| table.column(column).unwrap().texts();
            assert_eq!(of(&found), of(&expected), "{name} {column}");
        }
    }
    let error = Table::read(&bytes("polars.arrow"), TableFormat::Arrow, &["no"]).unwrap_err();
    assert!(matches!(error, TableError::ColumnMissing { .. }), "{error}");
}

#[test]
fn what_is_no_single_value_is_named_and_passed_over() {
    let found = fixtures(&["nested.arrow"]).unwrap();
    let kinds: Vec<(&str, &str, bool)> =
        found.columns.iter().map(|c| (c.name.as_str(), c.kind.as_str(), c.profiled)).collect();
    assert_eq!(
        kinds,
        [
            ("list", "list", false),
            ("fixed", "list", false),
            ("struct", "struct", false),
            ("map", "list", false),
            ("dense", "union", false),
            ("ends", "run-end encoded", false),
            ("bytes", "binary", false),
            ("views", "text", true),
            ("half", "float16", false),
            ("interval", "interval", false),
            ("null", "empty", true),
            ("last", "text", true),
            ("number", "integer", true),
        ]
    );
    assert_eq!((found.digest, found.rows, column(&found, "null").nulls), (None, 9, 9));
    let texts = |name: &str| {
        let column = column(&found, name);
        (column.nulls, column.categories.iter().map(|c| (c.value.as_str(), c.count)).collect::<Vec<_>>())
    };
    assert_eq!(texts("views"), (3, vec![("a text that is longer than twelve bytes", 3), ("short", 3)]));
    assert_eq!(texts("last"), (3, vec![("end", 3), ("ÖS", 3)]));
    assert_eq!(column(&found, "number").max(), Some(&Scalar::Integer(8)));
    let error = Table::read(&bytes("nested.arrow"), TableFormat::Arrow, &["map"]).unwrap_err();
    assert!(matches!(error, TableError::Unsupported { kind, .. } if kind == "list"));
}

#[test]
fn a_file_that_was_cut_off_is_refused() {
    for name in ["polars.arrow", "pyarrow.feather", "flat.arrow"] {
        let whole = bytes(name);
        for end in (0..whole.len()).step_by(61) {
            assert!(of_bytes(&whole[..end]).is_err(), "{name}: {end} bytes");
            assert!(Table::header(&whole[..end], TableFormat::Arrow).is_err());
        }
    }
    for old in [&b"FEA1\0\0\0\0"[..], b"", b"ARROW1\0\0", b"ARROW1ARROW1ARROW1"] {
        assert!(of_bytes(old).is_err());
    }
}

/// A stream whose schema names one field, of a type and with a name of so many bytes, so many times.
fn one_field(times: u32, kind: u8, name: u32) -> Vec<u8> {
    // Source: `Schema.fbs` and `Message.fbs` of arrow. Each table stands behind the list of its fields' places.
    let words = |words: &[u16]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
    let mut said = 16_u32.to_le_bytes().to_vec();
    // The message: version 4, what it holds, and where that is.
    said.extend(words(&[10, 12, 4, 6, 8, 0]));
    said.extend([&12_i32.to_le_bytes()[..], &[4, 0, 1, 0]].concat());
    // To a schema at 36, whose vector of fields is at 44.
    said.extend(12_u32.to_le_bytes());
    said.extend(words(&[8, 8, 0, 4]));
    said.extend([8_i32.to_le_bytes(), 4_u32.to_le_bytes(), times.to_le_bytes()].concat());
    let field = 48 + 4 * times + 12;
    said.extend((0..times).flat_map(|number| (field - 48 - 4 * number).to_le_bytes()));
    // The field: its name and its type.
    said.extend(words(&[10, 12, 4, 0, 8, 0]));
    said.extend([12_u32.to_le_bytes(), 8_u32.to_le_bytes(), [kind, 0, 0, 0], name.to_le_bytes()].concat());
    said.resize(said.len() + name as usize, b'n');
    said.resize(said.len().next_multiple_of(8), 0);
    let length = u32::try_from(said.len()).unwrap();
    [&u32::MAX.to_le_bytes()[..], &length.to_le_bytes(), &said, &u32::MAX.to_le_bytes(), &[0; 4]].concat()
}

#[test]
fn a_field_that_is_named_often_is_not_copied_as_often() {
    let refused = |bytes: &[u8]| match Table::header(bytes, TableFormat::Arrow) {
        Err(TableError::TooLarge { what, found, limit }) => (what, found > limit),
        other => panic!("{other:?}"),
    };
    assert_eq!(Table::header(&one_field(1, 1, 3), TableFormat::Arrow).unwrap(), ["nnn"]);
    // 20 GiB of names in 1 MiB.
    assert_eq!(refused(&one_field(20_000, 1, 1 << 20)), ("bytes of names of columns", true));
    // More than there may be are not even looked at: there is no type 99.
    assert_eq!(refused(&one_field(100_001, 99, 1)), ("columns", true));
}

/// Every number of four and of eight bytes in what a file says of itself, one after the other, is as large as can be: nothing
/// is allocated by it. (The limit on memory is that of the fuzzer; here it is that the test ends.)
#[test]
fn no_number_is_believed() {
    for name in ["flat.arrow", "polars-zstd.arrow", "delta.arrows"] {
        let whole = bytes(name);
        // What messages say at the beginning, and the footer at the end.
        for at in (0..1600).chain(whole.len() - 900..whole.len() - 8).step_by(12) {
            for lie in [&[0xff, 0xff, 0xff, 0x7f][..], &[0, 0, 0, 0x40], &[0, 0, 0, 0, 0, 0, 0, 0x10]] {
                let mut lying = whole.clone();
                lying[at..at + lie.len()].copy_from_slice(lie);
                let _ = of_bytes(&lying);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_bytes_do_no_harm(
        which in 0..8_usize,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5),
    ) {
        let name = FRAMES.get(which).copied().unwrap_or(["flat.arrow", "nested.arrow"][which % 2]);
        let mut bytes = bytes(name);
        for (place, byte) in changes {
            *place.get_mut(&mut bytes) = byte;
        }
        let _ = of_bytes(&bytes);
        if let Ok(names) = Table::header(&bytes, TableFormat::Arrow) {
            for name in &names {
                if let Ok(table) = Table::read(&bytes, TableFormat::Arrow, &[name]) {
                    prop_assert_eq!(table.column(name).unwrap().texts().len(), table.rows());
                }
            }
        }
    }
}

#[test]
fn parts_of_a_batch_are_the_batch() {
    // One thread, and many: the same parts are read in another order.
    let paths: Vec<PathBuf> = FRAMES.iter().map(|name| Path::new(FIXTURES).join(name)).collect();
    let all = of(&paths, |_| ()).unwrap();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    assert_eq!(pool.install(|| of(&paths, |_| ()).unwrap()), all);
}
