//! What bytes are that are no text: said by name, because "row 0 is not UTF-8" helps nobody who saved a spreadsheet.

use super::error::TableError;

/// First bytes, and what begins with them.
const SIGNATURES: [(&[u8], &str); 9] = [
    // Longer ones first: UTF-32's mark begins with that of UTF-16.
    (b"\xff\xfe\0\0", "UTF-32"),
    (b"\0\0\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
    (b"\x1f\x8b", "compressed with gzip"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd"),
    (b"\xfd7zXZ\0", "compressed with xz"),
    (b"PAR1", "a parquet"),
    (b"PK\x03\x04", "a zip file, as spreadsheets are"),
];

/// Refuses bytes at the beginning of a file that are not those of text in UTF-8.
pub(super) fn refuse(bytes: &[u8]) -> Result<(), TableError> {
    let begins = |(signature, _): &&(&[u8], &str)| bytes.starts_with(signature);
    let found = SIGNATURES.iter().find(begins).map(|(_, found)| *found);
    match found.or_else(|| without_mark(bytes).then_some("UTF-16")) {
        Some(found) => Err(TableError::NotText { found }),
        None => Ok(()),
    }
}

/// Whether every second byte of the first four is 0, as where UTF-16 without its mark begins with letters.
fn without_mark(bytes: &[u8]) -> bool {
    let zeros = |bytes: &[u8; 4]| bytes.map(|byte| byte == 0);
    bytes
        .first_chunk()
        .is_some_and(|four| matches!(zeros(four), [true, false, true, false] | [false, true, false, true]))
}
