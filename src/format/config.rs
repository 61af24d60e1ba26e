//! `mlrun.toml`: what a project is made of, as people write it. Unknown keys are errors.
//!
//! Paths are relative to the file. `mlrun.local.toml` beside it, not in git, overrides single keys for one machine.

mod models;

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::Visitor;
use toml::Spanned;
use toml::de::{DeTable, Deserializer};

pub use self::models::{ModelsFile, PrefixFile};
use super::checksum::Checksum;
use super::policy::ScalarFile;
use super::snapshot::{ColumnRoles, SharedColumn};
use crate::name::{SetName, StageName};

/// The file that marks a project and says what its models are.
pub const FILE: &str = "mlrun.toml";
/// The file beside `mlrun.toml` that overrides single keys on one machine: never captured.
pub const LOCAL: &str = "mlrun.local.toml";

/// The whole file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfigFile {
    /// 1.
    pub schema: u32,
    /// The history this project belongs to: a UUID.
    #[serde(default)]
    pub repository: Option<String>,
    /// `[model.NAME]` and `[model."PREFIX/*"]`.
    #[serde(default)]
    pub model: ModelsFile,
    /// `[code]`.
    #[serde(default)]
    pub code: CodeFile,
    /// `[environment]`.
    #[serde(default)]
    pub environment: EnvironmentFile,
    /// `[secrets]`.
    #[serde(default)]
    pub secrets: SecretsFile,
    /// `[store]`.
    #[serde(default)]
    pub store: StoreFile,
    /// `[stage.NAME]`.
    #[serde(default)]
    pub stage: BTreeMap<StageName, StageFile>,
    /// `[roles]`: role → addresses of its people.
    #[serde(default)]
    pub roles: BTreeMap<String, Vec<String>>,
}

impl ConfigFile {
    /// The configuration that a parsed document is.
    ///
    /// # Errors
    /// An unknown key, or a value of the wrong kind, and where it stands.
    pub fn of_table(table: Spanned<DeTable<'_>>) -> Result<Self, toml::de::Error> {
        Self::deserialize(Deserializer::from(table))
    }
}

/// `[model.NAME]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelFile {
    /// For people.
    #[serde(default)]
    pub description: Option<String>,
    /// Folders, files, globs; `PATH=NEW/` renames.
    #[serde(default)]
    pub files: Vec<String>,
    /// Parameter files.
    #[serde(default)]
    pub params: Vec<String>,
    /// Metric files.
    #[serde(default)]
    pub metrics: Vec<String>,
    /// Anything else worth keeping.
    #[serde(default)]
    pub results: Vec<String>,
    /// A file with notes.
    #[serde(default)]
    pub notes: Option<String>,
    /// Scope of the code; empty: the whole repository.
    #[serde(default)]
    pub code: Vec<String>,
    /// The policy file.
    #[serde(default)]
    pub policy: Option<String>,
    /// `[model.NAME.data.SOURCE]`.
    #[serde(default)]
    pub data: BTreeMap<SetName, DataFile>,
    /// `[model.NAME.predictions.SET]`.
    #[serde(default)]
    pub predictions: BTreeMap<SetName, PredictionsFile>,
    /// `[model.NAME.samples.SET]`.
    #[serde(default)]
    pub samples: BTreeMap<SetName, SamplesFile>,
    /// `[model.NAME.reports.REPORT]`.
    #[serde(default)]
    pub reports: BTreeMap<SetName, ReportFile>,
    /// `[model.NAME.evidence]`.
    #[serde(default)]
    pub evidence: Option<EvidenceFile>,
    /// `[model.NAME.keep]`.
    #[serde(default)]
    pub keep: Option<KeepFile>,
    /// `[model.NAME.stage.STAGE]`: overrides for this model.
    #[serde(default)]
    pub stage: BTreeMap<StageName, StageFile>,
    /// `[model.NAME.roles]`: who has a role for this model.
    #[serde(default)]
    pub roles: BTreeMap<String, Vec<String>>,
}

/// `[model.NAME.data.SOURCE]`: one of `path`, `uri`, `dvc`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataFile {
    /// A file, folder or glob.
    #[serde(default)]
    pub path: Option<String>,
    /// Recorded as declared.
    #[serde(default)]
    pub uri: Option<String>,
    /// A `.dvc` file.
    #[serde(default)]
    pub dvc: Option<String>,
    /// What the server of `uri` gives: `sha256:…`, `md5:…`, `etag:…`.
    #[serde(default)]
    pub checksum: Option<Checksum>,
    /// Whether the bytes are kept.
    #[serde(default)]
    pub store: DataStore,
    /// Columns that together identify a row, for comparing versions.
    #[serde(default)]
    pub key: Vec<String>,
}

/// Whether the bytes of training data are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DataStore {
    /// Up to 256 MiB for each source.
    #[default]
    Auto,
    /// Always.
    Copy,
    /// Never.
    Hash,
}

/// `[model.NAME.predictions.SET]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PredictionsFile {
    /// The table: csv or parquet.
    pub path: String,
    /// Columns that together identify a row.
    pub key: Vec<String>,
    /// The truth.
    pub label: String,
    /// Score of the positive class.
    #[serde(default)]
    pub score: Option<String>,
    /// Predicted class or value.
    #[serde(default)]
    pub prediction: Option<String>,
    /// Class → column of its probability.
    #[serde(default)]
    pub scores: BTreeMap<String, String>,
    /// The label that counts as positive.
    #[serde(default)]
    pub positive: Option<ScalarFile>,
    /// Columns whose values are slices.
    #[serde(default)]
    pub slices: Vec<String>,
    /// Row weights.
    #[serde(default)]
    pub weight: Option<String>,
    /// Rows of one cluster are dependent.
    #[serde(default)]
    pub cluster: Option<String>,
    /// Rows of one group are ranked against each other.
    #[serde(default)]
    pub group: Option<String>,
}

impl PredictionsFile {
    /// The first column that has two roles of which one excludes the other.
    pub fn shared(&self) -> Option<SharedColumn<'_>> {
        let Self { key, label, score, prediction, scores, weight, .. } = self;
        ColumnRoles { key, label, score, prediction, scores, weight }.shared()
    }
}

/// `[model.NAME.samples.SET]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamplesFile {
    /// The table: csv or parquet.
    pub path: String,
    /// The column that holds the samples.
    pub column: String,
}

/// `[model.NAME.reports.REPORT]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportFile {
    /// What another tool wrote: json of Great Expectations, Soda or pandera.
    pub path: String,
}

/// `[model.NAME.evidence]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceFile {
    /// How certify runs a model itself.
    #[serde(default)]
    pub predict: Option<PredictFile>,
}

/// `[model.NAME.evidence.predict]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PredictFile {
    /// With `{model}`, `{input}`, `{output}` and perhaps `{timings}`.
    pub command: String,
    /// The held-out rows: a data source of the version, or the path of one; the source called as the set unless said.
    #[serde(default)]
    pub input: Option<String>,
    /// The predictions set it makes, with that set's columns; `test` unless said.
    #[serde(default)]
    pub set: Option<SetName>,
    /// Timed runs of each model; unless said, as many as it takes until the intervals of what is measured are narrow.
    #[serde(default)]
    pub runs: Option<u32>,
    /// Runs of each model before those, 1 unless said.
    #[serde(default)]
    pub warmup: Option<u32>,
    /// How long each run may take, `10m` unless said; a number is seconds.
    #[serde(default, deserialize_with = "duration")]
    pub timeout: Option<String>,
    /// Variables it gets.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
}

/// A length of time as text, or a number of seconds.
fn duration<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    struct Duration;
    impl Visitor<'_> for Duration {
        type Value = String;

        fn expecting(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
            text.write_str("a length of time such as `timeout = \"10m\"`, or a number of seconds")
        }

        fn visit_str<E>(self, text: &str) -> Result<String, E> {
            Ok(text.to_owned())
        }

        fn visit_i64<E: serde::de::Error>(self, seconds: i64) -> Result<String, E> {
            Ok(format!("{seconds}s"))
        }
    }
    from.deserialize_any(Duration).map(Some)
}

/// `[model.NAME.keep]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeepFile {
    /// The newest versions.
    #[serde(default)]
    pub last: Option<u32>,
    /// `METRIC:min|max:N`.
    #[serde(default)]
    pub best: Option<String>,
}

/// `[code]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeFile {
    /// Refuse a snapshot of uncommitted code.
    #[serde(default)]
    pub require_clean: bool,
    /// Larger untracked files are listed, not kept.
    #[serde(default)]
    pub untracked_limit: Option<String>,
}

/// `[environment]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvironmentFile {
    /// The interpreter or its environment's folder.
    #[serde(default)]
    pub python: Option<String>,
    /// Variables to record besides the built-in ones.
    #[serde(default)]
    pub variables: Vec<String>,
    /// The container image: `repository@sha256:…`.
    #[serde(default)]
    pub image: Option<String>,
}

/// `[secrets]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretsFile {
    /// `RULE` or `RULE:GLOB`.
    #[serde(default)]
    pub allow: Vec<String>,
}

/// `[store]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreFile {
    /// How long what was collected can be taken back, such as `14d`.
    #[serde(default)]
    pub trash: Option<String>,
}

/// `[stage.NAME]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageFile {
    /// It must have held one of these.
    #[serde(default)]
    pub from: Option<Vec<StageName>>,
    /// Whether a certificate is required.
    #[serde(default)]
    pub certificate: Option<CertificateNeed>,
    /// How long a certificate counts.
    #[serde(default)]
    pub valid_for: Option<String>,
    /// Roles that may waive.
    #[serde(default)]
    pub waivers: Option<Vec<String>>,
    /// Whether people may approve their own snapshots.
    #[serde(default)]
    pub self_approval: Option<bool>,
    /// Role → approvals needed.
    #[serde(default)]
    pub approvals: Option<BTreeMap<String, u32>>,
    /// An `allowed_signers` file.
    #[serde(default)]
    pub signers: Option<String>,
    /// Checks before a promotion.
    #[serde(default)]
    pub before: Option<Vec<String>>,
    /// Deployments after a move.
    #[serde(default)]
    pub after: Option<Vec<String>>,
    /// How long each of them may run, `10m` unless said.
    #[serde(default)]
    pub hook_timeout: Option<String>,
}

impl StageFile {
    /// What this says, and what `below` does where it says nothing.
    #[must_use]
    pub fn over(&self, below: &Self) -> Self {
        Self {
            from: self.from.clone().or_else(|| below.from.clone()),
            certificate: self.certificate.or(below.certificate),
            valid_for: self.valid_for.clone().or_else(|| below.valid_for.clone()),
            waivers: self.waivers.clone().or_else(|| below.waivers.clone()),
            self_approval: self.self_approval.or(below.self_approval),
            approvals: self.approvals.clone().or_else(|| below.approvals.clone()),
            signers: self.signers.clone().or_else(|| below.signers.clone()),
            before: self.before.clone().or_else(|| below.before.clone()),
            after: self.after.clone().or_else(|| below.after.clone()),
            hook_timeout: self.hook_timeout.clone().or_else(|| below.hook_timeout.clone()),
        }
    }
}

/// Whether a stage asks for a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CertificateNeed {
    /// Without one there is no promotion.
    Required,
    /// Anything may hold it.
    None,
}
