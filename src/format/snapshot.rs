//! The snapshot record: what a version *is*. Its id is the SHA-256 of its canonical JSON.
//!
//! There is no time, host, person or tool version in it: the same content always has the same id.
//! What surrounded it is in the [observation](super::observation).
//!
//! ```json
//! {"code":{"commit":"…","dirty":false,"kind":"git","patch":null,"prefix":"","scope":[],"tree":"…","untracked":[]},
//!  "data":[{"files":1,"kind":"file","name":"train","path":"data/train.csv","rows":1797,"sha256":"…","size":1,"stored":"…"}],
//!  "environment":{"locks":[],"runtimes":[{"language":"python","packages":{"numpy":"2.4.6"},"version":"3.11.7"}],"variables":{}},
//!  "format":"mlrun/snapshot/1","metrics":{"accuracy":0.97},"model":"digits","model_files":{"bytes":9,"files":1,"tree":"…"},
//!  "notes":"first","params":{"model.c":1.5},"predictions":[],"results":null,"samples":[],"seeds":[]}
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::checksum::Checksum;
use super::scalar::Scalar;
use crate::digest::Digest;
use crate::id::{FileId, TreeId};
use crate::name::{ModelName, SetName};

/// Name and version of the record. 1: first form.
pub const FORMAT: &str = "mlrun/snapshot/1";

/// One version of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnapshotRecord {
    /// [`FORMAT`].
    pub format: String,
    /// The model this is a version of.
    pub model: ModelName,
    /// The model's own files.
    pub model_files: TreeRef,
    /// Parameters by dotted key, from files and flags.
    pub params: BTreeMap<String, Scalar>,
    /// The parameter files verbatim.
    pub params_files: Option<TreeRef>,
    /// Metrics by dotted key; NaN and text are recorded as such.
    pub metrics: BTreeMap<String, Scalar>,
    /// The metric files verbatim.
    pub metrics_files: Option<TreeRef>,
    /// Anything else worth keeping.
    pub results: Option<TreeRef>,
    /// Per-row results, sorted by name.
    pub predictions: Vec<PredictionsRecord>,
    /// Samples of a quantity such as latency, sorted by name.
    pub samples: Vec<SamplesRecord>,
    /// What other tools reported, sorted by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reports: Vec<ReportRecord>,
    /// Training data, sorted by name.
    pub data: Vec<DataRecord>,
    /// The code that trains and runs it.
    pub code: CodeRecord,
    /// Runtimes, lock files, variables.
    pub environment: EnvironmentRecord,
    /// Seeds, sorted by name, then source.
    pub seeds: Vec<SeedRecord>,
    /// The recorded training command, if one is known.
    pub argv: Option<Vec<String>>,
    /// The folder it ran in, relative to the project; none where that was the project's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// What the person wrote about it.
    pub notes: Option<String>,
    /// What was replaced by `<redacted:rule>` in text we generated.
    pub redactions: Vec<RedactionRecord>,
    /// Discovered parts that could not be captured.
    pub not_captured: Vec<NotCapturedRecord>,
}

impl SnapshotRecord {
    /// The predictions of an evaluation set.
    pub fn predictions_of(&self, set: &SetName) -> Option<&PredictionsRecord> {
        self.predictions.iter().find(|predictions| predictions.name == *set)
    }
}

/// A stored folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TreeRef {
    /// The root listing.
    pub tree: TreeId,
    /// Files below it.
    pub files: u64,
    /// Their sizes added up.
    pub bytes: u64,
}

/// A table of per-row results and how to read it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PredictionsRecord {
    /// The set's name, such as `test`.
    pub name: SetName,
    /// Where it was, relative to the project.
    pub path: String,
    /// Its bytes.
    pub file: FileId,
    /// Size in bytes.
    pub size: u64,
    /// Its columns.
    pub columns: PredictionColumns,
}

/// What the columns of a predictions table mean.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PredictionColumns {
    /// Columns that together identify a row.
    pub key: Vec<String>,
    /// The truth.
    pub label: String,
    /// The probability (or score) of the positive class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<String>,
    /// The predicted class or value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prediction: Option<String>,
    /// The probability of each class: class → column.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub scores: BTreeMap<String, String>,
    /// The label that counts as positive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub positive: Option<Scalar>,
    /// Columns whose values are slices.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slices: Vec<String>,
    /// Row weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<String>,
    /// Rows of one cluster are dependent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// Rows of one group are ranked against each other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
}

/// A column that would be two things at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SharedColumn<'a> {
    /// The column.
    pub column: &'a str,
    /// What it is known to be: `key` or `label`.
    pub known: &'static str,
    /// What the model is to have said in it, or how its rows are to count: `score`, `prediction`, `scores` or `weight`.
    pub said: &'static str,
}

/// What columns a table of predictions names, in roles of which some exclude each other.
#[derive(Debug, Clone, Copy)]
pub struct ColumnRoles<'a> {
    /// See [`PredictionColumns`], like everything below.
    pub key: &'a [String],
    /// The truth.
    pub label: &'a String,
    /// Score of the positive class.
    pub score: &'a Option<String>,
    /// Predicted class or value.
    pub prediction: &'a Option<String>,
    /// Class → column of its probability.
    pub scores: &'a BTreeMap<String, String>,
    /// Row weights.
    pub weight: &'a Option<String>,
}

impl<'a> ColumnRoles<'a> {
    /// The first column that is known, and said or weighed by, at once. A model whose score is the truth is always right.
    pub fn shared(&self) -> Option<SharedColumn<'a>> {
        let Self { key, label, score, prediction, scores, weight } = *self;
        let said = score.iter().map(|column| ("score", column));
        let said = said.chain(prediction.iter().map(|column| ("prediction", column)));
        let said = said.chain(scores.values().map(|column| ("scores", column)));
        let said = said.chain(weight.iter().map(|column| ("weight", column)));
        let mut known = std::iter::once(("label", label)).chain(key.iter().map(|column| ("key", column)));
        known.find_map(|(known, column)| {
            let (said, _) = said.clone().find(|(_, other)| *other == column)?;
            Some(SharedColumn { column, known, said })
        })
    }
}

impl PredictionColumns {
    /// The first column that has two roles of which one excludes the other.
    pub fn shared(&self) -> Option<SharedColumn<'_>> {
        let Self { key, label, score, prediction, scores, weight, .. } = self;
        ColumnRoles { key, label, score, prediction, scores, weight }.shared()
    }
}

/// Samples of one quantity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamplesRecord {
    /// The set's name, such as `latency`.
    pub name: SetName,
    /// Where it was, relative to the project.
    pub path: String,
    /// Its bytes.
    pub file: FileId,
    /// Size in bytes.
    pub size: u64,
    /// The column that holds the samples.
    pub column: String,
    /// Of samples that were attached, the hardware they were taken on; none: unknown. A version's own were taken where it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<String>,
}

/// What another tool reported, such as a validation of the data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportRecord {
    /// Its name, such as `quality`.
    pub name: SetName,
    /// Where it was, relative to the project.
    pub path: String,
    /// Its bytes.
    pub file: FileId,
    /// Size in bytes.
    pub size: u64,
}

/// One source of training data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataRecord {
    /// Its name, such as `train`.
    pub name: SetName,
    /// What kind of source it is.
    pub kind: DataKind,
    /// Where it was: relative to the project, or the last component of a path outside it, or a URI.
    pub path: String,
    /// A file's digest; a folder's is that of its byte-sorted `sha256sum` listing; none for a URI without a checksum.
    pub sha256: Option<Digest>,
    /// Bytes in all.
    pub size: u64,
    /// Files in all.
    pub files: u64,
    /// Rows of the table or tables, where it is one.
    pub rows: Option<u64>,
    /// Columns in order, where it is a table.
    pub schema: Option<Vec<ColumnRecord>>,
    /// The bytes, if they were kept.
    pub stored: Option<TreeId>,
    /// Why they were not kept.
    pub not_stored: Option<String>,
    /// What was declared of it: the checksum of a URI, what a `.dvc` file says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared: Option<DeclaredRecord>,
}

/// What somebody else says of a source of training data.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclaredRecord {
    /// The `.dvc` file, relative to the project; none where a URI was declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dvc: Option<String>,
    /// Its checksum, not one of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<Checksum>,
    /// Bytes in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Files in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<u64>,
}

/// What a source of training data is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DataKind {
    /// One file.
    File,
    /// A folder, or the files a glob names.
    Folder,
    /// Recorded as declared; nothing was read.
    Uri,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnRecord {
    /// Its name.
    pub name: String,
    /// Its type: `integer`, `float`, `text`, `boolean`, `date`, `datetime`, `empty`, or the table library's own word.
    pub kind: String,
    /// Missing cells.
    pub nulls: u64,
}

/// The code of the project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeRecord {
    /// Where it was taken from.
    pub kind: CodeKind,
    /// The commit checked out, 40 or 64 hex digits; none before the first one.
    pub commit: Option<String>,
    /// Whether the tree in scope differs from the commit.
    pub dirty: bool,
    /// The project's folder inside the repository, `""` at its root, `/`-separated.
    pub prefix: String,
    /// What was captured, relative to the project; empty: everything.
    pub scope: Vec<String>,
    /// The files in scope as they were, uncommitted work included.
    pub tree: Option<TreeRef>,
    /// `git diff --binary` against the commit, for reading.
    pub patch: Option<FileId>,
    /// Files git does not track that are in the tree, relative to the repository.
    pub untracked: Vec<String>,
    /// Files in scope that are not in the tree, and why.
    pub left_out: Vec<LeftOutRecord>,
    /// Notebooks in the tree by their sources, sorted by path.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notebooks: Vec<NotebookRecord>,
    /// Files in the tree that are pointers of git LFS, sorted by path: the bytes they stand for were not there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lfs: Vec<LfsRecord>,
}

/// A notebook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotebookRecord {
    /// Its path in the tree.
    pub path: String,
    /// Of its cells' types and sources alone: SHA-256 over the canonical JSON of `[{"cell_type":…,"source":…}]`.
    pub sha256: Digest,
    /// Whether its cells were run in another order than they stand in.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub out_of_order: bool,
}

/// A pointer of git LFS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LfsRecord {
    /// Its path in the tree.
    pub path: String,
    /// Of the bytes it stands for.
    pub sha256: Digest,
    /// How many there are.
    pub size: u64,
}

/// Where code was taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CodeKind {
    /// A git repository.
    Git,
    /// A folder without version control.
    Folder,
    /// Nothing could be captured; `not_captured` says why.
    None,
}

/// A file that was not captured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeftOutRecord {
    /// Which.
    pub path: String,
    /// Its size in bytes, where known.
    pub size: Option<u64>,
    /// Why.
    pub reason: String,
}

/// The software it was made with.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvironmentRecord {
    /// Interpreters and their packages.
    pub runtimes: Vec<RuntimeRecord>,
    /// Lock files by digest, sorted by path.
    pub locks: Vec<LockRecord>,
    /// Variables of the allow-list that were set, redacted.
    pub variables: BTreeMap<String, String>,
    /// The container image it was made in, as it was given: `repository@sha256:…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
}

/// An interpreter and its packages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuntimeRecord {
    /// `python`.
    pub language: String,
    /// `3.11.7`, where known.
    pub version: Option<String>,
    /// Normalised package name → version.
    pub packages: BTreeMap<String, String>,
    /// Packages that come from elsewhere than an index: name → origin, redacted.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub origins: BTreeMap<String, String>,
}

/// A lock file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockRecord {
    /// Relative to the project.
    pub path: String,
    /// Of its bytes.
    pub sha256: Digest,
}

/// A seed and where it was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedRecord {
    /// The parameter's dotted key, or the name it was given under.
    pub name: String,
    /// Its value.
    pub value: Scalar,
    /// Where it comes from.
    pub source: SeedSource,
}

/// Where a seed comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SeedSource {
    /// Found among the parameters.
    Parameters,
    /// Given by the person.
    Given,
    /// A variable such as `PYTHONHASHSEED`.
    Environment,
    /// Handed to the training command, as a variable of this name.
    Issued,
}

/// Text that was replaced before it was recorded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RedactionRecord {
    /// Which field.
    pub field: String,
    /// Which rule.
    pub rule: String,
    /// How often.
    pub count: u64,
}

/// A part that could not be captured.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotCapturedRecord {
    /// Which: `code`, `environment`, `data.train.schema`.
    pub part: String,
    /// Why.
    pub reason: String,
}
