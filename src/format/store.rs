//! `format.json`: what a store is, so that any program can tell whether it may read it.
//!
//! ```json
//! {"cutter":{"average":524288,"large":4194304,…},"format":"mlrun/store/1","hash":"sha256+blake3","repository":"7c1e…"}
//! ```

use serde::{Deserialize, Serialize};

/// Name and version of the layout. 1: first form.
pub const FORMAT: &str = "mlrun/store/1";

/// A store's description.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreRecord {
    /// [`FORMAT`].
    pub format: String,
    /// The history kept here: a random UUID.
    pub repository: String,
    /// `sha256+blake3`: public identity and internal key.
    pub hash: String,
    /// How files are cut where nothing is known about them.
    pub cutter: CutterRecord,
    /// Who may read and write it; none: as the umask of whoever writes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<Access>,
}

/// For whom a store is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// The group that its folder belongs to, and nobody else.
    Group,
    /// Its owner alone.
    Private,
}

/// The parameters of the cutter: part of the format, because cutting otherwise would find nothing again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CutterRecord {
    /// `fastcdc-2020`, normalisation level 1.
    pub algorithm: String,
    /// Files up to this size are one block.
    pub whole: u32,
    /// Shortest, average and longest block in bytes.
    pub minimum: u32,
    /// See `minimum`.
    pub average: u32,
    /// See `minimum`.
    pub maximum: u32,
}
