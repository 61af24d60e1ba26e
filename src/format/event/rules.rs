//! The rules of a stage, as an event puts them in force.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::format::{FormatError, canonical};
use crate::name::StageName;

/// The rules of a stage that a change of files must not loosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RulesRecord {
    /// The resolved policy, by digest; none where no certificate is asked for.
    pub policy: Option<Digest>,
    /// The stage's own conditions.
    pub stage: StageRulesRecord,
}

/// What a stage asks of a version.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageRulesRecord {
    /// Whether a certificate is required.
    pub certificate: bool,
    /// It must have held one of these stages.
    pub from: Vec<StageName>,
    /// How long a certificate counts, in seconds.
    pub valid_for: u64,
    /// Who may waive a rule: role → addresses of its people. Nobody may where there is no role.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub waivers: BTreeMap<String, Vec<String>>,
    /// How many people of each role must approve.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub approvals: BTreeMap<String, u32>,
    /// Those people: role → addresses, of the roles in `approvals`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub people: BTreeMap<String, Vec<String>>,
    /// The stored `allowed_signers` file; with one, an approval that is not signed does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signers: Option<Digest>,
    /// Whether whoever took a snapshot may approve it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub self_approval: bool,
    /// Checks before a promotion.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<String>,
    /// The files of the project that those name and that are programs or scripts: path → SHA-256 of what they were.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub scripts: BTreeMap<String, Digest>,
}

impl RulesRecord {
    /// The SHA-256 of its canonical JSON: what people approve when rules change.
    ///
    /// # Errors
    ///
    /// A [`FormatError`] if it cannot be written.
    pub fn digest(&self) -> Result<Digest, FormatError> {
        Ok(Digest::of(&canonical::encode(super::FORMAT, self)?))
    }
}

impl StageRulesRecord {
    /// Whether the person with this address may waive a rule.
    pub fn may_waive(&self, email: Option<&str>) -> bool {
        let named = |people: &Vec<String>| people.iter().any(|one| email.is_some_and(|e| e.eq_ignore_ascii_case(one)));
        self.waivers.values().any(named)
    }
}
