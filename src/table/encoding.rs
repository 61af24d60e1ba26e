//! The bytes a cell has in a logical digest, one encoding for each value whatever file it was in.
//!
//! | cell | bytes |
//! |---|---|
//! | missing | `n` |
//! | whole number within i64 | `i`, 8 bytes |
//! | whole number from 2⁶³ on | `I`, 8 bytes |
//! | float | `f`, the 8 bytes of a double; −0 as 0, every NaN as `7ff8000000000000` |
//! | truth value | `b`, one byte, 0 or 1 |
//! | text, date, time | `s`, length in 8 bytes, UTF-8 |
//! | decimal, duration in seconds | `d`, length in 8 bytes, decimal digits without needless zeros |
//!
//! Numbers are little-endian. Every encoding tells where it ends, so a row, its cells one behind the other, has one reading.

use super::column::{Cells, Column};

/// Bytes of a missing cell.
const MISSING: u8 = b'n';

impl Column {
    /// Appends the encoding of a cell; behind the last row, that of a missing one.
    #[inline]
    pub(super) fn encode(&self, row: usize, out: &mut Vec<u8>) {
        let encoded = match self.cells() {
            Cells::Empty(_) => None,
            Cells::Integer(cells) => cells.get(row).map(|value| fixed(out, b'i', value.to_le_bytes())),
            Cells::Natural(cells) => cells.get(row).map(|value| match i64::try_from(value) {
                Ok(value) => fixed(out, b'i', value.to_le_bytes()),
                Err(_) => fixed(out, b'I', value.to_le_bytes()),
            }),
            Cells::Single(cells) => cells.get(row).map(|value| float(out, value.into())),
            Cells::Double(cells) => cells.get(row).map(|value| float(out, value)),
            Cells::Boolean(cells) => cells.get(row).map(|value| out.extend([b'b', u8::from(value)])),
            Cells::Text(cells) => cells.get(row).map(|value| {
                fixed(out, b's', (value.len() as u64).to_le_bytes());
                out.extend_from_slice(value.as_bytes());
            }),
            Cells::Date(_) | Cells::DateTime { .. } | Cells::Time(_) => self.written(row, b's', out),
            Cells::Decimal { .. } => self.written(row, b'd', out),
        };
        if encoded.is_none() {
            out.push(MISSING);
        }
    }

    /// A cell as its text, if it is not missing.
    fn written(&self, row: usize, tag: u8, out: &mut Vec<u8>) -> Option<()> {
        let mut text = String::with_capacity(40);
        self.write_text(row, &mut text).then(|| {
            fixed(out, tag, (text.len() as u64).to_le_bytes());
            out.extend_from_slice(text.as_bytes());
        })
    }
}

fn fixed(out: &mut Vec<u8>, tag: u8, bytes: [u8; 8]) {
    let mut cell = [tag; 9];
    cell[1..].copy_from_slice(&bytes);
    out.extend_from_slice(&cell);
}

fn float(out: &mut Vec<u8>, value: f64) {
    // Adding 0 makes -0 plain 0.
    let bits = if value.is_nan() { 0x7ff8 << 48 } else { (value + 0.0).to_bits() };
    fixed(out, b'f', bits.to_le_bytes());
}
