//! Why nothing can be certified: the policy asks for what does not exist, so no certificate is written.

use crate::format::FormatError;
use crate::name::SetName;
use crate::nearest::{nearest, suggestion};

/// A rule that does not fit the evidence. Evidence that does not fit a rule is an inconclusive result instead.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CertifyError {
    /// The candidate has sets, but not this one.
    #[error("rule `{rule}`: there is no {kind} set `{set}`; there are {}{}", list(known), suggestion(nearest))]
    UnknownSet {
        /// The rule.
        rule: String,
        /// `predictions` or `samples`.
        kind: &'static str,
        /// What it asks for.
        set: SetName,
        /// Those there are.
        known: Vec<SetName>,
        /// Those like it, the likeliest first.
        nearest: Vec<String>,
    },
    /// The rule names no set and there are several.
    #[error("rule `{rule}` names no predictions set and there are several: {}", list(known))]
    SeveralSets {
        /// The rule.
        rule: String,
        /// Those there are.
        known: Vec<SetName>,
    },
    /// The set has no such column.
    #[error("rule `{rule}`: the set `{set}` has no column `{column}`{}", likely(column, known))]
    UnknownColumn {
        /// The rule.
        rule: String,
        /// The set.
        set: SetName,
        /// What the rule slices by.
        column: String,
        /// Columns there are.
        known: Vec<String>,
    },
    /// No row of the set has this value.
    #[error("rule `{rule}`: no row has `{column}` = `{value}`{}", suggestion(nearest))]
    UnknownValue {
        /// The rule.
        rule: String,
        /// The column.
        column: String,
        /// What the rule asks for.
        value: String,
        /// Values like it, the likeliest first.
        nearest: Vec<String>,
    },
    /// No row of the set has this key.
    #[error("rule `{rule}`: no row of `{set}` has the key `{key}`{}", suggestion(nearest))]
    UnknownKey {
        /// The rule.
        rule: String,
        /// The set.
        set: SetName,
        /// What the rule asks for, its cells separated by commas.
        key: String,
        /// Keys like it, the likeliest first.
        nearest: Vec<String>,
    },
    /// A metric of another program's policy.
    #[error("rule `{rule}`: unknown metric `{metric}`")]
    UnknownMetric {
        /// The rule.
        rule: String,
        /// What it asks for.
        metric: String,
    },
    /// Settings of another program's policy.
    #[error("rule `{rule}`: the settings of `{metric}` are not known")]
    UnknownParameters {
        /// The rule.
        rule: String,
        /// The metric.
        metric: String,
    },
    /// No label and no prediction is of this class.
    #[error("rule `{rule}`: there is no class `{class}`{}", suggestion(nearest))]
    UnknownClass {
        /// The rule.
        rule: String,
        /// What the rule asks for.
        class: String,
        /// Classes like it, the likeliest first.
        nearest: Vec<String>,
    },
    /// A demand that no policy file can express.
    #[error("rule `{rule}` asks `{demand}` of `{measure}`, which cannot be judged")]
    Unsuitable {
        /// The rule.
        rule: String,
        /// What is asked.
        demand: &'static str,
        /// Of what.
        measure: String,
    },
    /// The policy cannot be encoded.
    #[error(transparent)]
    Format(#[from] FormatError),
}

impl CertifyError {
    /// The rule it is about.
    pub fn rule(&self) -> Option<&str> {
        match self {
            Self::UnknownSet { rule, .. }
            | Self::SeveralSets { rule, .. }
            | Self::UnknownColumn { rule, .. }
            | Self::UnknownValue { rule, .. }
            | Self::UnknownKey { rule, .. }
            | Self::UnknownMetric { rule, .. }
            | Self::UnknownParameters { rule, .. }
            | Self::UnknownClass { rule, .. }
            | Self::Unsuitable { rule, .. } => Some(rule),
            Self::Format(_) => None,
        }
    }
}

fn list(sets: &[SetName]) -> String {
    let names: Vec<_> = sets.iter().map(SetName::as_str).collect();
    names.join(", ")
}

fn likely(word: &str, known: &[String]) -> String {
    suggestion(&nearest(word, known.iter().map(String::as_str)))
}
