//! The profile record: what a table of training data holds, without its rows. What later checks of drift compare new data
//! with, years after the data is gone.
//!
//! It belongs to an [observation](super::observation), which names it: a later program may find out more, so it is no part of
//! a version's identity. Where the data is what it was, a version names the profile of the version before.
//!
//! ```json
//! {"columns":[{"categories":[{"count":3,"value":"lisbon"},{"count":2,"value":"oslo"}],"distinct":2,"kind":"text","name":"city","nulls":0},
//!   {"deciles":{"counts":[1,0,1,0,1,0,1,0,1,0],"edges":[1,1,2,2,3,3,4,4,5,5,5],"exact":true},"distinct":5,"kind":"integer",
//!    "mean":3,"name":"n","nulls":0,"sd":1.5811388300841898}],
//!  "data":"train","format":"mlrun/profile/1","logical":"…","rows":5,"sha256":"…"}
//! ```

use serde::{Deserialize, Serialize};

use super::scalar::Scalar;
use super::snapshot::RedactionRecord;
use crate::digest::Digest;
use crate::name::SetName;

/// Name and version of the record. 1: first form.
pub const FORMAT: &str = "mlrun/profile/1";

/// What a table of training data holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileRecord {
    /// [`FORMAT`].
    pub format: String,
    /// The name of the data, such as `train`.
    pub data: SetName,
    /// The digest of the data, as the snapshot has it.
    pub sha256: Digest,
    /// The digest of the rows, whatever their order, the files' format, compression and number; none where a column holds no
    /// single values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logical: Option<Digest>,
    /// Number of rows, headers not counted.
    pub rows: u64,
    /// Columns in the first file's order.
    pub columns: Vec<ColumnProfileRecord>,
    /// What was replaced by `<redacted:rule>` among the categories.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redactions: Vec<RedactionRecord>,
}

/// What a column holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnProfileRecord {
    /// Its name.
    pub name: String,
    /// Its type, as in a snapshot's schema.
    pub kind: String,
    /// That it holds lists, structs or bytes: nothing else is known of it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub opaque: bool,
    /// Missing cells.
    pub nulls: u64,
    /// Cells that are NaN. They are in no other figure.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub nan: u64,
    /// Cells that are infinite. They are in no other figure.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub infinite: u64,
    /// Of numbers, durations in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean: Option<f64>,
    /// The standard deviation of a sample (n − 1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sd: Option<f64>,
    /// Of numbers, dates and times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deciles: Option<DecilesRecord>,
    /// Distinct values; none where they were too many to count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distinct: Option<u64>,
    /// The most frequent values, the most frequent first. None of a column whose values are mostly distinct: they may be
    /// people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<CategoryRecord>,
}

impl ColumnProfileRecord {
    /// The least value.
    pub fn min(&self) -> Option<&Scalar> {
        self.deciles.as_ref()?.edges.first()
    }

    /// The greatest value.
    pub fn max(&self) -> Option<&Scalar> {
        self.deciles.as_ref()?.edges.last()
    }
}

/// Ten parts of a column's values in their order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecilesRecord {
    /// Eleven values: edge k is the least that at least k tenths of all do not exceed. Dates and times are text.
    pub edges: [Scalar; 11],
    /// Count k is of the values above edge k up to edge k + 1; those equal to edge 0 are in the first.
    pub counts: [u64; 10],
    /// Whether edges 1 to 9 are exact; those that are not may lie above the true ones, and the counts are true for them.
    pub exact: bool,
}

/// A value, and how many cells have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CategoryRecord {
    /// Its text.
    pub value: String,
    /// Cells.
    pub count: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
const fn is_false(truth: &bool) -> bool {
    !*truth
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}
