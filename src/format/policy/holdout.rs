//! `[holdout]`: how often an evaluation set may be used to choose, and what that costs.

use serde::{Deserialize, Serialize};

/// Whether every use of a set is paid for in confidence.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Adaptive {
    /// Uses are counted and shown.
    #[default]
    None,
    /// Of H candidates each gets an H-th of the error that one may have.
    Bonferroni,
}

/// What becomes of a candidate that comes after the last use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnExhausted {
    /// It is judged, and the certificate says so.
    #[default]
    Warn,
    /// It fails.
    Fail,
}

/// `[holdout]`, as written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldoutFile {
    /// Candidates that a set may judge, 20 unless said.
    #[serde(default)]
    pub max_uses: Option<u64>,
    /// Whether uses are paid for.
    #[serde(default)]
    pub adaptive: Adaptive,
    /// What happens after the last one.
    #[serde(default)]
    pub on_exhausted: OnExhausted,
}

/// `[holdout]`, resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldoutRecord {
    /// Candidates that a set may judge.
    pub max_uses: u64,
    /// Whether uses are paid for.
    pub adaptive: Adaptive,
    /// What happens after the last one.
    pub on_exhausted: OnExhausted,
}

impl Default for HoldoutRecord {
    fn default() -> Self {
        Self { max_uses: 20, adaptive: Adaptive::None, on_exhausted: OnExhausted::Warn }
    }
}

impl HoldoutRecord {
    /// The one-sided confidence of each bound on an evaluation set, where it would be `confidence` on a fresh one.
    pub fn confidence(&self, confidence: f64) -> f64 {
        match self.adaptive {
            Adaptive::None => confidence,
            Adaptive::Bonferroni => 1.0 - (1.0 - confidence) / self.max_uses as f64,
        }
    }
}
