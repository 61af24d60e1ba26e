//! What rules on training data, on the environment and on other tools' reports measure.

use serde::{Deserialize, Serialize};

use super::threshold::threshold_of;
use crate::format::scalar::Scalar;
use crate::name::SetName;

/// How far a column is from the baseline's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Drift {
    /// The population stability index, on the reference's deciles or categories.
    Psi,
    /// The Jensen-Shannon distance in base 2, on the same.
    Js,
    /// Cramér's V of the contingency table, on the same.
    Chi2,
    /// The same without its bias, which is large where rows are few and categories many.
    Chi2Corrected,
    /// The largest distance of the distribution functions: Kolmogorov-Smirnov.
    Ks,
    /// The area between them, in standard deviations of the reference: Wasserstein-1.
    Wasserstein,
}

impl Drift {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Psi, Self::Js, Self::Chi2, Self::Chi2Corrected, Self::Ks, Self::Wasserstein];

    /// As written in a policy.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Psi => "psi",
            Self::Js => "js",
            Self::Chi2 => "chi2",
            Self::Chi2Corrected => "chi2_corrected",
            Self::Ks => "ks",
            Self::Wasserstein => "wasserstein",
        }
    }

    /// Whether it needs numbers, not bins.
    pub const fn is_of_numbers(self) -> bool {
        matches!(self, Self::Ks | Self::Wasserstein)
    }
}

/// How far a model's answers are from the baseline's on the same rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shift {
    /// The population stability index, on the baseline's deciles or classes.
    Psi,
    /// The Jensen-Shannon distance in base 2, on the same.
    Js,
    /// The largest distance of the distribution functions.
    Ks,
    /// The area between them, in standard deviations of the baseline's.
    Wasserstein,
    /// The share of rows whose score moved by more than `by`, or whose class is another.
    Moved,
    /// The change of the share of rows at or above the threshold.
    PositiveRate,
}

impl Shift {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Psi, Self::Js, Self::Ks, Self::Wasserstein, Self::Moved, Self::PositiveRate];

    /// As written in a policy.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Psi => "psi",
            Self::Js => "js",
            Self::Ks => "ks",
            Self::Wasserstein => "wasserstein",
            Self::Moved => "moved",
            Self::PositiveRate => "positive_rate",
        }
    }
}

/// What of training data is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataCheck {
    /// The largest share of missing cells of a column.
    NullShare,
    /// Rows; with `last`, how far they are from what they were.
    Rows,
    /// Columns of the baseline that are missing or of another type.
    Schema,
    /// Limits of a column that are not kept.
    Range,
    /// Categories that are missing, or that are not allowed.
    Categories,
    /// Rows that repeat a key.
    Unique,
    /// Days between the newest value and the snapshot.
    Freshness,
}

impl DataCheck {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::NullShare, Self::Rows, Self::Schema, Self::Range, Self::Categories, Self::Unique, Self::Freshness];

    /// As written in a policy.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NullShare => "null_share",
            Self::Rows => "rows",
            Self::Schema => "schema",
            Self::Range => "range",
            Self::Categories => "categories",
            Self::Unique => "unique",
            Self::Freshness => "freshness",
        }
    }
}

/// What around a model is compared with the baseline's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Surrounding {
    /// Packages and their versions.
    Packages,
    /// Interpreters and their versions.
    Python,
    /// Processors and memory.
    Hardware,
    /// What goes into the model and what comes out.
    Signature,
}

impl Surrounding {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Packages, Self::Python, Self::Hardware, Self::Signature];

    /// As written in a policy.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Packages => "packages",
            Self::Python => "python",
            Self::Hardware => "hardware",
            Self::Signature => "signature",
        }
    }
}

/// Which checks of another tool's report are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reported {
    /// Those that failed.
    Failed,
    /// Those that failed and those it warns of.
    Warned,
}

impl Reported {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Failed, Self::Warned];

    /// As written in a policy.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Warned => "warned",
        }
    }
}

/// `{ drift = "psi", of = "train" }`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DriftRecord {
    /// How it is measured.
    pub drift: Drift,
    /// Which training data.
    pub of: SetName,
    /// Its columns; empty: all it is defined for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    /// What is measured is the share of columns that are further away than this; none: the distance of the furthest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub above: Option<f64>,
    /// Whether an estimate from deciles does where the rows are gone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub approximate: bool,
}

/// `{ shift = "moved" }`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShiftRecord {
    /// How it is measured.
    pub shift: Shift,
    /// The predictions set; none: the only one there is.
    pub set: Option<SetName>,
    /// A score at or above it is positive.
    pub threshold: f64,
    /// Whether the rule says 0.5 itself: any other threshold was written.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub threshold_written: bool,
    /// A score that moves by more has moved.
    pub by: f64,
}

impl ShiftRecord {
    /// The threshold that the rule says; none where it says nothing.
    pub fn threshold(&self) -> Option<f64> {
        threshold_of(self.threshold, self.threshold_written)
    }
}

/// `{ data = "null_share", of = "train", column = "age" }`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataCheckRecord {
    /// What is looked at.
    pub data: DataCheck,
    /// Which training data.
    pub of: SetName,
    /// Which columns; empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    /// Of a range: the least value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<Scalar>,
    /// Of a range: the greatest value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<Scalar>,
    /// Of categories: those that may be; empty: the baseline's must be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed: Vec<String>,
    /// Of rows: how many earlier tables they are compared with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<u32>,
}

/// `{ leakage = "test", of = "train" }`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeakageRecord {
    /// The predictions set, or the data, whose rows must not have been trained on.
    pub leakage: SetName,
    /// The training data.
    pub of: SetName,
    /// Columns that tell rows apart, in both; empty: the key of the predictions, or all columns of the data.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key: Vec<String>,
}

/// `{ environment = "packages" }`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SurroundingRecord {
    /// What is compared.
    pub environment: Surrounding,
    /// Of packages: only these; empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<String>,
}

/// `{ report = "quality" }`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportRuleRecord {
    /// Which report.
    pub report: SetName,
    /// What is counted.
    pub count: Reported,
    /// Checks that must be in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub require: Vec<String>,
}
