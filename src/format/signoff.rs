//! What somebody signs off, as the bytes that are signed: stored whether they were signed or not.
//!
//! ```json
//! {"certificate":"…","format":"mlrun/approval/1","model":"fraud","repository":"…","role":"risk","snapshot":"…",
//!  "stage":"production","text":"read the report"}
//! {"certificate":"…","expires":"2026-06-30T23:59:59.999Z","format":"mlrun/waiver/1","model":"fraud","reason":"OPS-311",
//!  "repository":"…","rule":"p99","snapshot":"…"}
//! ```
//! An approval of other rules has `rules` in the place of `snapshot`. Who approves is not in it: the key says so, or the event does.
//! The signature beside it is stored as `ssh-keygen -Y sign` writes it, so that anybody can check both:
//!
//! ```text
//! mlrun show --raw STATEMENT | ssh-keygen -Y verify -f allowed_signers -I ana@example.org -n sign-off@mlrun-cli -s SIGNATURE
//! ```

use serde::{Deserialize, Serialize};

use super::event::SubjectRecord;
use super::{FormatError, canonical};
use crate::clock::Time;
use crate::digest::Digest;
use crate::id::{CertificateId, SnapshotId};
use crate::name::{ModelName, StageName};

/// What signatures are made for: nothing that was signed for git, or for mail, is a sign-off.
pub const NAMESPACE: &str = "sign-off@mlrun-cli";
/// Name and version of an approval's statement. 1: first form.
pub const APPROVAL: &str = "mlrun/approval/1";
/// Name and version of a waiver's statement. 1: first form.
pub const WAIVER: &str = "mlrun/waiver/1";

/// That somebody agrees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalRecord {
    /// [`APPROVAL`].
    pub format: String,
    /// The history it belongs to.
    pub repository: String,
    /// The model.
    pub model: ModelName,
    /// The version's record; or
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<SnapshotId>,
    /// the rules, by the SHA-256 of their canonical JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<Digest>,
    /// The certificate that is relied on.
    pub certificate: Option<CertificateId>,
    /// The stage.
    pub stage: StageName,
    /// The role it is given in.
    pub role: String,
    /// What there is to say.
    pub text: Option<String>,
}

impl ApprovalRecord {
    /// With what somebody agrees.
    pub fn of(mut self, subject: &SubjectRecord) -> Self {
        match subject {
            SubjectRecord::Version { snapshot, .. } => (self.snapshot, self.rules) = (Some(*snapshot), None),
            SubjectRecord::Rules(rules) => (self.snapshot, self.rules) = (None, Some(*rules)),
        }
        self
    }

    /// The bytes to sign and to store.
    pub fn encode(&self) -> Result<Vec<u8>, FormatError> {
        canonical::encode(APPROVAL, self)
    }

    /// Reads a statement.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let record: Self = canonical::decode(APPROVAL, bytes)?;
        if record.snapshot.is_some() == record.rules.is_some() {
            let reason = "it is about a version or about rules".to_owned();
            return Err(FormatError::Malformed { kind: APPROVAL, reason });
        }
        Ok(record)
    }
}

/// That somebody excuses a version from a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaiverStatement {
    /// [`WAIVER`].
    pub format: String,
    /// The certificate whose numbers are excused, and nothing worse. None: there was none yet that the rule does not pass in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<CertificateId>,
    /// The history it belongs to.
    pub repository: String,
    /// The model.
    pub model: ModelName,
    /// The version's record.
    pub snapshot: SnapshotId,
    /// The rule's name in the policy.
    pub rule: String,
    /// Why.
    pub reason: String,
    /// When it stops to count.
    pub expires: Time,
}

impl WaiverStatement {
    /// The bytes to sign and to store.
    pub fn encode(&self) -> Result<Vec<u8>, FormatError> {
        canonical::encode(WAIVER, self)
    }

    /// Reads a statement.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        canonical::decode(WAIVER, bytes)
    }
}
