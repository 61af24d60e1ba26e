//! What a profile says: plain values, as they are stored and shown.

use std::fmt;

use crate::digest::Digest;

/// What a table holds, without its rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// Number of rows, headers not counted.
    pub rows: u64,
    /// Columns in the first file's order.
    pub columns: Vec<ColumnProfile>,
    /// The logical digest; none if there are columns it is not defined for: see [`Self::undigested`].
    pub digest: Option<Digest>,
}

impl Profile {
    /// The columns that have neither statistics nor a place in a logical digest: lists, structs, bytes.
    pub fn undigested(&self) -> impl Iterator<Item = &ColumnProfile> {
        self.columns.iter().filter(|_| self.digest.is_none()).filter(|column| !column.profiled)
    }
}

/// What a column holds.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnProfile {
    /// Its name.
    pub name: String,
    /// The word a [shape](super::shape()) has for it, of the first file that has values of it.
    pub kind: String,
    /// False for lists, structs and bytes: nothing else is known of them.
    pub profiled: bool,
    /// Missing cells.
    pub nulls: u64,
    /// Cells that are NaN. They are values, and in no other figure.
    pub nan: u64,
    /// Cells that are infinite. They are values, and in no other figure.
    pub infinite: u64,
    /// Of numbers, durations in seconds.
    pub mean: Option<f64>,
    /// The standard deviation of a sample (n − 1), of two values or more; none if no double is so large.
    pub sd: Option<f64>,
    /// Of numbers, dates and times.
    pub deciles: Option<Deciles>,
    /// Distinct values; none if there are more than 65 536, or more text than is kept.
    pub distinct: Option<u64>,
    /// The most frequent values, the first of equally frequent ones by text. Empty where more than half of the values are
    /// distinct, where [`Self::distinct`] is not known, and for texts of more than 256 bytes.
    pub categories: Vec<Category>,
}

impl ColumnProfile {
    /// The least value.
    pub fn min(&self) -> Option<&Scalar> {
        self.deciles.as_ref().map(|deciles| &deciles.edges[0])
    }

    /// The greatest value.
    pub fn max(&self) -> Option<&Scalar> {
        self.deciles.as_ref().map(|deciles| &deciles.edges[10])
    }

    /// Of a column that is not profiled.
    pub(super) const fn unknown(name: String, kind: String) -> Self {
        Self {
            name,
            kind,
            profiled: false,
            nulls: 0,
            nan: 0,
            infinite: 0,
            mean: None,
            sd: None,
            deciles: None,
            distinct: None,
            categories: Vec::new(),
        }
    }
}

/// Ten parts of a column's values in their order, as equal as the values allow.
#[derive(Debug, Clone, PartialEq)]
pub struct Deciles {
    /// Edge k is the least value that at least k tenths of all do not exceed (numpy's `inverted_cdf`): a value of the column.
    /// Edge 0 is the least, edge 10 the greatest.
    pub edges: [Scalar; 11],
    /// Count k is of the values above edge k up to edge k + 1; those equal to edge 0 are in the first. Of edges that are the
    /// same the first has all values.
    pub counts: [u64; 10],
    /// False beyond [`ProfileOptions::exact_values`](super::ProfileOptions::exact_values): then edges 1 to 9 may lie above the true ones. Columns are cut into
    /// intervals of the same number of representable values, the smallest for which at most 65 536 are not empty; such an
    /// edge is the greatest value its interval could hold. The counts are exact for these edges.
    pub exact: bool,
}

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    /// A whole number.
    Integer(i128),
    /// A number, finite. Decimals, and whole numbers of which some files have more than i64 holds and others less than 0,
    /// are the nearest.
    Float(f64),
    /// A date or time, written as in [`Column::text`](super::Column::text).
    Text(String),
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value}"),
            Self::Text(value) => f.write_str(value),
        }
    }
}

/// A value, and how many cells have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Category {
    /// Its text.
    pub value: String,
    /// Cells.
    pub count: u64,
}
