//! The policy file, as people write it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Against, Bound, Direction, HoldoutFile, IntervalMethod, Origin, Prove, Severity, Task};
use crate::name::{SetName, StageName};

/// A policy file, as written.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyFile {
    /// 1.
    pub schema: u32,
    /// For people.
    #[serde(default)]
    pub name: Option<String>,
    /// What kind of prediction is judged.
    pub task: Task,
    /// What to compare with.
    #[serde(default)]
    pub baseline: BaselineFile,
    /// How sure to be.
    #[serde(default)]
    pub stats: StatsFile,
    /// What evidence has to be like.
    #[serde(default)]
    pub evidence: EvidenceFile,
    /// How often an evaluation set may be used to choose.
    #[serde(default)]
    pub holdout: HoldoutFile,
    /// The rules.
    #[serde(default)]
    pub rule: Vec<RuleFile>,
}

/// `[baseline]`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaselineFile {
    /// The stage whose occupant is the baseline; `production` unless said.
    #[serde(default, rename = "ref")]
    pub stage: Option<StageName>,
}

/// `[evidence]`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceFile {
    /// The share of the larger set's rows that must be in both models' predictions; all of them unless said.
    #[serde(default)]
    pub min_coverage: Option<f64>,
}

/// `[stats]`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatsFile {
    /// One-sided confidence of each bound, 0.95 unless said.
    #[serde(default)]
    pub confidence: Option<f64>,
    /// Power the "rows needed" are computed for, 0.80 unless said.
    #[serde(default)]
    pub power: Option<f64>,
    /// Resamples of a bootstrap, 2,000 unless said.
    #[serde(default)]
    pub resamples: Option<u32>,
    /// Which intervals are resampled, those without a closed form unless said.
    #[serde(default)]
    pub method: IntervalMethod,
}

/// `[[rule]]`, as written.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleFile {
    /// Its name in reports.
    pub id: String,
    /// What is measured.
    pub metric: MetricFile,
    /// Which predictions set, where there are several.
    #[serde(default)]
    pub set: Option<SetName>,
    /// A score at or above it is positive.
    #[serde(default)]
    pub threshold: Option<f64>,
    /// Only rows whose column has one of these values.
    #[serde(default, rename = "where")]
    pub only: BTreeMap<String, Vec<ScalarFile>>,
    /// One verdict for each value of each of these columns.
    #[serde(default)]
    pub each: Vec<String>,
    /// Slices with fewer rows are pooled.
    #[serde(default)]
    pub min_rows: Option<u64>,
    /// The largest value less the smallest among the values of this column, instead of the value.
    #[serde(default)]
    pub gap: Option<String>,
    /// The worst value among the values of each of these columns, instead of the value.
    #[serde(default)]
    pub worst: Vec<String>,
    /// Compared with the best version that was ever in the stage.
    #[serde(default)]
    pub ratchet: bool,
    /// What it is compared with, if not the baseline.
    #[serde(default)]
    pub against: Option<Against>,
    /// Which side bears the burden of proof.
    #[serde(default)]
    pub prove: Option<Prove>,
    /// How much worse still counts as not worse.
    #[serde(default)]
    pub margin: Option<f64>,
    /// The same, as a share of the baseline's value.
    #[serde(default)]
    pub margin_rel: Option<f64>,
    /// How much better is asked for.
    #[serde(default)]
    pub gain: Option<f64>,
    /// A floor, or `"unset"`.
    #[serde(default)]
    pub min: Option<LimitFile>,
    /// A ceiling, or `"unset"`.
    #[serde(default)]
    pub max: Option<LimitFile>,
    /// Which bound a floor or ceiling is held against.
    #[serde(default)]
    pub on: Option<Bound>,
    /// For the worst slice: the smallest ratio to the value on all rows. For what was measured: to the baseline's.
    #[serde(default)]
    pub min_ratio: Option<f64>,
    /// For reported metrics: how much worse than the baseline's.
    #[serde(default)]
    pub max_drop: Option<f64>,
    /// For sample quantiles: the largest ratio to the baseline's.
    #[serde(default)]
    pub max_ratio: Option<f64>,
    /// Whose evidence it insists on.
    #[serde(default)]
    pub evidence: Option<Origin>,
    /// Whether it blocks.
    #[serde(default)]
    pub severity: Severity,
}

/// A value in `where`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum ScalarFile {
    /// true, false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// Text.
    Text(String),
}

/// What a rule measures, as written.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(
    untagged,
    expecting = "a metric's name, { name = \"…\", parameters }, { mean = \"column\", better = \"…\" }, { ratio = [\"…\", \"…\"], better = \"…\" }, { reported = \"…\", better = \"higher\" }, { quantile = 0.99, of = \"latency\" }, { must_not_flip = [\"…\"] }, { check = \"…\" }, { measured = \"latency\" }, { parity = \"test\" }, { command = \"…\", better = \"higher\" }, { drift = \"psi\", of = \"train\" }, { shift = \"psi\" }, { data = \"schema\", of = \"train\" }, { leakage = \"test\", of = \"train\" }, { environment = \"packages\" } or { report = \"quality\" }"
)]
pub enum MetricFile {
    /// Computed from predictions.
    Named(String),
    /// A number that a program makes. Before those with a `name`, which it may have.
    Command(CommandFile),
    /// Computed from predictions, with parameters.
    With(WithFile),
    /// The mean of a column of numbers.
    Mean(MeanFile),
    /// The sum of a column over that of another.
    Ratio(RatioFile),
    /// A quantile of a column of numbers.
    ColumnQuantile(ColumnQuantileFile),
    /// A number the trainer wrote down.
    Reported(ReportedFile),
    /// A quantile of samples.
    Quantile(QuantileFile),
    /// What a version's provenance lacks.
    Check(CheckFile),
    /// What was seen of the model while it ran.
    Measured(MeasuredFile),
    /// Whether it predicts what was recorded.
    Parity(ParityFile),
    /// Rows that must not go from right to wrong.
    MustNotFlip(MustNotFlipFile),
    /// How far training data is from the baseline's.
    Drift(DriftFile),
    /// How far the answers are from the baseline's.
    Shift(ShiftFile),
    /// What training data is like.
    Data(DataCheckFile),
    /// Evaluation rows that were trained on.
    Leakage(LeakageFile),
    /// What else is different from the baseline's.
    Surrounding(SurroundingFile),
    /// What another tool says.
    Report(ReportRuleFile),
}

/// `{ name = "fbeta", beta = 2.0 }`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct WithFile {
    /// The metric's name.
    pub name: String,
    /// What is set about it; which keys there are depends on the metric.
    #[serde(flatten)]
    pub parameters: BTreeMap<String, ParameterFile>,
}

/// A parameter's value.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum ParameterFile {
    /// One value.
    One(ScalarFile),
    /// A list.
    Several(Vec<ScalarFile>),
}

/// `{ mean = "profit", better = "higher" }`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeanFile {
    /// The column.
    pub mean: String,
    /// Which way is better.
    pub better: Direction,
}

/// `{ ratio = ["cost", "visits"], better = "lower" }`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RatioFile {
    /// The column whose sum is divided, and the one it is divided by.
    pub ratio: [String; 2],
    /// Which way is better.
    pub better: Direction,
}

/// `{ quantile = 0.95, column = "abs_error", better = "lower" }`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnQuantileFile {
    /// Between 0 and 1.
    pub quantile: f64,
    /// The column.
    pub column: String,
    /// Which way is better.
    pub better: Direction,
}

/// `{ measured = "latency", quantile = 0.5 }`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeasuredFile {
    /// One of [`super::Quantity::ALL`].
    pub measured: String,
    /// Between 0 and 1; of latency only, 0.5 unless said.
    #[serde(default)]
    pub quantile: Option<f64>,
}

/// `{ parity = "test", tolerance = 1e-6 }`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParityFile {
    /// The predictions set.
    pub parity: SetName,
    /// How far two numbers may be apart, 1e-6 unless said.
    #[serde(default)]
    pub tolerance: Option<f64>,
}

/// `{ command = "python metric.py {predictions} {output}", better = "higher" }`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandFile {
    /// A line for the shell, with any of `{model}`, `{input}`, `{predictions}`, `{output}`.
    pub command: String,
    /// Which way is better.
    pub better: Direction,
    /// What it is called; its rule's id unless said.
    #[serde(default)]
    pub name: Option<String>,
    /// Seconds it may run, 600 unless said.
    #[serde(default)]
    pub timeout: Option<u64>,
}

/// `{ reported = "valid.auc", better = "higher" }`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportedFile {
    /// The metric's dotted key.
    pub reported: String,
    /// Which way is better.
    pub better: Direction,
}

/// `{ quantile = 0.99, of = "latency" }`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuantileFile {
    /// Between 0 and 1.
    pub quantile: f64,
    /// The set of samples.
    pub of: SetName,
}

/// `{ check = "contradictions" }`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckFile {
    /// Its name: one of [`super::Check::ALL`].
    pub check: String,
}

/// `{ must_not_flip = ["17", "23"] }`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MustNotFlipFile {
    /// The rows' keys, or a table of them.
    pub must_not_flip: KeysFile,
    /// Of answers in words: `exact`, `contains`, `numeric`.
    #[serde(default, rename = "match")]
    pub answers: Option<String>,
}

/// Keys of rows.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged, expecting = "a list of keys, or the path of a table of them")]
pub enum KeysFile {
    /// A table beside the policy, whose columns are the key's, in their order.
    Table(String),
    /// One by one.
    Listed(Vec<KeyFile>),
}

/// One row's key.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged, expecting = "a key, or a list of its parts")]
pub enum KeyFile {
    /// Of one column.
    One(ScalarFile),
    /// Of several columns.
    Several(Vec<ScalarFile>),
}

/// `{ drift = "psi", of = "train", columns = ["age"], above = 0.1, approximate = true }`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DriftFile {
    /// One of [`super::Drift::ALL`].
    pub drift: String,
    /// Which training data.
    pub of: SetName,
    /// Which columns.
    #[serde(default)]
    pub columns: Vec<String>,
    /// The distance that counts a column among those that drifted.
    #[serde(default)]
    pub above: Option<f64>,
    /// Whether an estimate does.
    #[serde(default)]
    pub approximate: bool,
}

/// `{ shift = "moved", by = 0.1 }`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShiftFile {
    /// One of [`super::Shift::ALL`].
    pub shift: String,
    /// What a score moves at most to have stayed; 0.1 unless said.
    #[serde(default)]
    pub by: Option<f64>,
}

/// `{ data = "range", of = "train", column = "age", low = 0, high = 120 }`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataCheckFile {
    /// One of [`super::DataCheck::ALL`].
    pub data: String,
    /// Which training data.
    pub of: SetName,
    /// Which column.
    #[serde(default)]
    pub column: Option<String>,
    /// The columns of a key.
    #[serde(default)]
    pub key: Vec<String>,
    /// The least value.
    #[serde(default)]
    pub low: Option<ScalarFile>,
    /// The greatest value.
    #[serde(default)]
    pub high: Option<ScalarFile>,
    /// The categories that may be.
    #[serde(default)]
    pub allowed: Vec<ScalarFile>,
    /// How many earlier tables rows are compared with.
    #[serde(default)]
    pub last: Option<u32>,
}

/// `{ leakage = "test", of = "train", key = ["row_id"] }`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeakageFile {
    /// The predictions set, or the data.
    pub leakage: SetName,
    /// The training data.
    pub of: SetName,
    /// Columns that tell rows apart.
    #[serde(default)]
    pub key: Vec<String>,
}

/// `{ environment = "packages", only = ["numpy"] }`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SurroundingFile {
    /// One of [`super::Surrounding::ALL`].
    pub environment: String,
    /// Only these packages.
    #[serde(default)]
    pub only: Vec<String>,
}

/// `{ report = "quality", count = "failed", require = ["row_count > 0"] }`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportRuleFile {
    /// Which report.
    pub report: SetName,
    /// One of [`super::Reported::ALL`]; `failed` unless said.
    #[serde(default)]
    pub count: Option<String>,
    /// Checks that must be in it.
    #[serde(default)]
    pub require: Vec<String>,
}

/// A number, or `"unset"`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged, expecting = "a number or \"unset\"")]
pub enum LimitFile {
    /// A limit.
    Number(f64),
    /// A limit nobody has decided yet; only `"unset"`.
    Word(String),
}
