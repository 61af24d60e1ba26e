//! What a certificate, or one of its rules, says.

use serde::{Deserialize, Serialize};

/// What a certificate, or one of its rules, says. Worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Verdict {
    /// Shown to be not good enough.
    Fail,
    /// Not decided: evidence is missing, undefined or too little.
    Inconclusive,
    /// Failed, and excused by somebody who may.
    Waived,
    /// Good enough.
    Pass,
    /// Of a rule only: there is nothing to compare with.
    NotApplicable,
}

impl Verdict {
    /// Whether a promotion counts a certificate that says so. Of one that does not count, no day of expiry matters.
    pub const fn counts(self) -> bool {
        matches!(self, Self::Pass | Self::Waived)
    }

    /// In words, for a page that people read: a name with an underline in it is for programs.
    pub const fn words(self) -> &'static str {
        match self {
            Self::NotApplicable => "not applicable",
            other => other.name(),
        }
    }

    /// As printed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fail => "FAIL",
            Self::Inconclusive => "INCONCLUSIVE",
            Self::Waived => "WAIVED",
            Self::Pass => "PASS",
            Self::NotApplicable => "NOT_APPLICABLE",
        }
    }
}
