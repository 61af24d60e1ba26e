//! What was found in a version's files, beside what was declared: part of its observation. A later program may find more, so
//! it is no part of a version's identity.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::scalar::Scalar;
use crate::digest::Digest;

/// What the files of a model say of themselves.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FoundRecord {
    /// The files of a known format, by path.
    pub files: Vec<FoundFileRecord>,
    /// How many files were not looked at, because there were too many.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub passed_over: u64,
}

/// What one file says of itself. Nothing of it was executed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FoundFileRecord {
    /// Its name in the version.
    pub path: String,
    /// The SHA-256 of its bytes.
    pub sha256: Option<Digest>,
    /// `sklearn-joblib`, `safetensors`, `xgboost-json` …
    pub format: String,
    /// The class of the outermost object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// The library that wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub library: Option<LibraryRecord>,
    /// Hyper-parameters, of estimators as `get_params` names them. What is no plain value is its class in `<>`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, Scalar>,
    /// What was found beside them: inherited settings, a search's best parameters, a booster's configuration.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub state: BTreeMap<String, Scalar>,
    /// Those of the parameters that make chance repeatable, and are given.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub seeds: BTreeMap<String, Scalar>,
    /// What loading it would import and is not known to be harmless.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub imports: Vec<ImportRecord>,
    /// How many imports there are, harmless ones included.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub imported: u64,
    /// What is odd, and what was not read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<String>,
    /// What is to be thought of loading it; none where nothing is imported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub danger: Option<DangerRecord>,
    /// Its tensors, counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tensors: Option<TensorsRecord>,
}

/// A library.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LibraryRecord {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// What is imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportRecord {
    /// The module, or `<computed>`.
    pub module: String,
    /// The name in it.
    pub name: String,
    /// What is to be thought of it.
    pub danger: DangerRecord,
}

/// What is to be thought of loading something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DangerRecord {
    /// Models are made of it.
    Known,
    /// Nobody here knows it.
    Unknown,
    /// It can run anything.
    Dangerous,
}

impl DangerRecord {
    /// As printed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Known => "known",
            Self::Unknown => "unknown",
            Self::Dangerous => "dangerous",
        }
    }
}

/// Tensors, counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TensorsRecord {
    /// How many.
    pub count: u64,
    /// Their elements together; none where a shape is not known.
    pub elements: Option<u64>,
    /// How many there are of each type, as the format calls it.
    pub dtypes: BTreeMap<String, u64>,
    /// The digest of all of them, by name: it is the same wherever in a file they lie.
    pub sha256: Digest,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}
