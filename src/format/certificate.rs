//! The certificate: an in-toto Statement v1 about one snapshot, stored bare as canonical JSON.
//!
//! There is no time, host or signature in it: identical inputs give the identical certificate, and its id is the
//! SHA-256 of its bytes. When it was issued and when it expires stands in the journal's event.
//!
//! ```json
//! {"_type":"https://in-toto.io/Statement/v1","predicate":{"baseline":{…},"candidate":"…","evidence":[…],"format":"mlrun/certificate/1",
//!  "policy":{…},"results":[…],"verdict":"PASS"},"predicateType":"urn:mlrun-cli:certificate:1",
//!  "subject":[{"digest":{"sha256":"…"},"name":"fraud"}]}
//! ```
//! Envelope: <https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md>.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::event::EventRef;
use super::policy::{Origin, PolicyRecord, Severity};
pub use super::verdict::Verdict;
use super::{FormatError, canonical};
use crate::clock::Time;
use crate::digest::Digest;
use crate::id::SnapshotId;
use crate::name::{ModelName, SetName, StageName, Version};

/// Name and version of the predicate. 1: first form.
pub const FORMAT: &str = "mlrun/certificate/1";
/// in-toto's own type.
pub const STATEMENT: &str = "https://in-toto.io/Statement/v1";
/// Ours.
pub const PREDICATE: &str = "urn:mlrun-cli:certificate:1";

/// The kind of evidence that is a [measurement](super::measurement).
pub const MEASUREMENT: &str = "measurement";

/// The statement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatementRecord {
    /// [`STATEMENT`].
    #[serde(rename = "_type")]
    pub statement: String,
    /// The snapshot.
    pub subject: Vec<SubjectRecord>,
    /// [`PREDICATE`].
    #[serde(rename = "predicateType")]
    pub predicate_type: String,
    /// The certificate itself.
    pub predicate: CertificateRecord,
}

/// A subject of a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubjectRecord {
    /// The model's name.
    pub name: String,
    /// `sha256` → the snapshot's id.
    pub digest: BTreeMap<String, Digest>,
}

/// What was judged, by what, and how it came out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateRecord {
    /// [`FORMAT`].
    pub format: String,
    /// The outcome.
    pub verdict: Verdict,
    /// The model.
    pub model: ModelName,
    /// The candidate.
    pub candidate: SnapshotId,
    /// What it was compared with.
    pub baseline: BaselineRecord,
    /// The resolved policy.
    pub policy: PolicyRecord,
    /// SHA-256 of the resolved policy's canonical JSON.
    pub policy_sha256: Digest,
    /// SHA-256 of the policy file as written.
    pub policy_file_sha256: Digest,
    /// Whether its bytes are stored under that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub policy_file_kept: bool,
    /// What was read.
    pub evidence: Vec<EvidenceRecord>,
    /// How the rows of both models were matched.
    pub joins: Vec<JoinRecord>,
    /// The digest of each set's joined rows: keys, labels and both models' predictions, whatever files they came in.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rows: BTreeMap<SetName, Digest>,
    /// How what was read is distributed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub distributions: Vec<DistributionRecord>,
    /// The tool and the numbers it computes.
    pub tool: ToolRecord,
    /// One entry for each rule, or for each slice of one.
    pub results: Vec<ResultRecord>,
    /// Things a reader should know that decide nothing.
    pub remarks: Vec<String>,
    /// How often each evaluation set has been used to choose.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holdout: Vec<HoldoutUseRecord>,
    /// The regression cases that were judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cases: Option<CasesJudgedRecord>,
    /// Evidence that was attached in the place of other evidence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replaced: Vec<ReplacedRecord>,
    /// Waivers that excuse a result.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waivers: Vec<WaiverRecord>,
}

/// The use of an evaluation set by this candidate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldoutUseRecord {
    /// The set.
    pub set: SetName,
    /// Of its keys and labels, whatever was predicted.
    pub sha256: Digest,
    /// The how many-th candidate this is that it judges. The same one again is no other use.
    #[serde(rename = "use")]
    pub ordinal: u64,
    /// How many it may judge.
    pub max_uses: u64,
}

/// The regression cases in force when a candidate was judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CasesJudgedRecord {
    /// How many.
    pub count: u64,
    /// SHA-256 of their canonical JSON, by number.
    pub sha256: Digest,
    /// The lists they were added by.
    pub lists: Vec<Digest>,
}

/// Evidence of a set that was attached in the place of other evidence of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplacedRecord {
    /// `candidate` or `baseline`.
    pub role: String,
    /// The set.
    pub set: SetName,
    /// The file whose place was taken.
    pub before: Digest,
    /// The file that took it; the same one where it is read in another way since.
    pub now: Digest,
    /// The event that says so.
    pub event: EventRef,
}

/// A waiver that excuses a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaiverRecord {
    /// The rule.
    pub rule: String,
    /// Why.
    pub reason: String,
    /// Who said so: their address.
    pub approver: String,
    /// When it stops to count; the certificate counts no longer.
    pub expires: Time,
    /// The event that says so.
    pub event: EventRef,
    /// The signature on it; none: it is not signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<Digest>,
}

/// What the candidate was compared with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaselineRecord {
    /// The stage it was taken from.
    pub stage: StageName,
    /// Its occupant.
    pub snapshot: Option<SnapshotId>,
    /// The event that put it there.
    pub event: Option<EventRef>,
    /// Why there was none.
    pub first_release: Option<String>,
    /// What was retired from the stage, where that is why it is empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retired: Option<RetiredRecord>,
}

/// What a stage held before it was emptied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetiredRecord {
    /// The version's number.
    pub version: Version,
    /// The version.
    pub snapshot: SnapshotId,
    /// The event that emptied the stage.
    pub event: EventRef,
    /// Why.
    pub reason: String,
}

/// One file that was read as evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceRecord {
    /// `candidate` or `baseline`; `fraud@v3` of a version that once was in the stage.
    pub role: String,
    /// `predictions`, `samples`, `metrics`, `provenance`, `profile`, `data`, `environment` or `report`; `measurement`: what was
    /// seen while this program ran the models.
    pub kind: String,
    /// The set; none for metrics and provenance.
    pub set: Option<SetName>,
    /// Of its bytes; for metrics and the observation that holds the provenance, of their canonical JSON.
    pub sha256: Digest,
    /// Its rows, or the number of metrics, checks or runs.
    pub rows: u64,
    /// Whose it is; none: the trainer reported it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

/// How rows were matched on the key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JoinRecord {
    /// The set.
    pub set: SetName,
    /// Rows in both.
    pub matched: u64,
    /// Rows only the candidate has.
    pub only_candidate: u64,
    /// Rows only the baseline has.
    pub only_baseline: u64,
}

/// How one column of a set is distributed. Counts from 1 to 4 are left out, and one more with them, for the rest of `n` is the one that
/// is left: no small group is to be read off a certificate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DistributionRecord {
    /// The set.
    pub set: SetName,
    /// `candidate`, `baseline`, or `truth` of labels.
    pub role: String,
    /// `scores`, `values`, `classes`, `labels` or `samples`.
    pub of: String,
    /// Rows or samples.
    pub n: u64,
    /// Of scores and values: the candidate's deciles, ascending, without repetition, between which the bins lie.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edges: Vec<f64>,
    /// Of classes and labels: their names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<String>,
    /// Rows in each bin (from one edge, inclusive, to the next) or class.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counts: Vec<Option<u64>>,
    /// Of samples: share below, and value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quantiles: Vec<(f64, f64)>,
}

/// What computed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolRecord {
    /// `mlrun`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Raised whenever the same evidence would give other numbers.
    pub statistics: u32,
}

/// How one rule, or one slice of it, came out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResultRecord {
    /// The rule.
    pub rule: String,
    /// Whether it blocks.
    pub severity: Severity,
    /// The outcome.
    pub verdict: Verdict,
    /// What was measured, for people: `roc_auc`, `p99 of latency`.
    pub metric: String,
    /// The predictions set.
    pub set: Option<SetName>,
    /// `country=DE`; none: all rows.
    pub slice: Option<String>,
    /// Rows or samples judged.
    pub n: u64,
    /// The candidate's value.
    pub candidate: Option<f64>,
    /// The baseline's value.
    pub baseline: Option<f64>,
    /// Candidate minus baseline; for `max_ratio` the ratio.
    pub delta: Option<f64>,
    /// One-sided lower bound of `delta`, or of the candidate's value for a floor or ceiling.
    pub lower: Option<f64>,
    /// One-sided upper bound of the same.
    pub upper: Option<f64>,
    /// What it was held against.
    pub margin: Option<f64>,
    /// How the bounds were computed.
    pub method: Option<String>,
    /// Resamples, where there were any.
    pub resamples: Option<u32>,
    /// What every random number followed from, where there were any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<Digest>,
    /// Rows that would decide, where it is inconclusive for want of them; of samples, runs and lists of numbers so many of those.
    pub rows_needed: Option<u64>,
    /// Numbers from which the bounds follow without the rows.
    pub sufficient: BTreeMap<String, f64>,
    /// What a gap or a worst slice was put together from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<PartRecord>,
    /// Why it is not PASS.
    pub reason: Option<String>,
    /// What a waived result would be without the waiver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waived: Option<Verdict>,
}

/// One measurement of several that a result was put together from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartRecord {
    /// The value of the column, or `country=DE` where several columns are sliced by; none: all rows.
    pub slice: Option<String>,
    /// The metric, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<String>,
    /// Whose it is.
    pub of: PartOf,
    /// Rows.
    pub n: u64,
    /// The metric; of a difference, candidate minus baseline.
    pub value: f64,
    /// Of a difference: the candidate's value and the baseline's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub models: Option<(f64, f64)>,
    /// Its bounds, at each confidence it was measured at.
    pub bounds: Vec<BoundsRecord>,
    /// How the bounds were computed.
    pub method: String,
    /// Resamples, where there were any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resamples: Option<u32>,
    /// What every random number followed from, where there were any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<Digest>,
    /// Numbers from which the bounds follow without the rows.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sufficient: BTreeMap<String, f64>,
}

/// Whose a measurement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PartOf {
    /// The candidate's.
    Candidate,
    /// The baseline's.
    Baseline,
    /// That of the difference of the two.
    Difference,
}

/// One-sided bounds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BoundsRecord {
    /// Of each of the two.
    pub confidence: f64,
    /// The lower one.
    pub lower: f64,
    /// The upper one.
    pub upper: f64,
    /// Where the method has one above zero.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standard_error: Option<f64>,
}

impl ReplacedRecord {
    /// How, for people.
    pub fn how(&self) -> String {
        replacing(self.before, self.now, self.event.seq)
    }
}

/// What an event put in the place of what, for people.
pub fn replacing(before: Digest, now: Digest, event: u64) -> String {
    if before == now {
        return format!("event {event} attached {} again, to be read in another way", now.short());
    }
    format!("event {event} attached {} in the place of {}", now.short(), before.short())
}

impl StatementRecord {
    /// A statement about `certificate`'s candidate.
    pub fn new(certificate: CertificateRecord) -> Self {
        let digest = BTreeMap::from([("sha256".to_owned(), certificate.candidate.digest())]);
        Self {
            statement: STATEMENT.to_owned(),
            subject: vec![SubjectRecord { name: certificate.model.to_string(), digest }],
            predicate_type: PREDICATE.to_owned(),
            predicate: certificate,
        }
    }

    /// The bytes to store.
    pub fn encode(&self) -> Result<Vec<u8>, FormatError> {
        canonical::encode(FORMAT, self)
    }

    /// Reads a statement; a predicate newer than known is refused.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        #[derive(Deserialize)]
        struct Head {
            #[serde(rename = "predicateType")]
            predicate_type: String,
            predicate: Inner,
        }
        #[derive(Deserialize)]
        struct Inner {
            format: String,
        }
        let malformed = |reason: String| FormatError::Malformed { kind: FORMAT, reason };
        let head: Head = serde_json::from_slice(bytes).map_err(|e| malformed(e.to_string()))?;
        canonical::check(FORMAT, &head.predicate.format)?;
        if head.predicate_type != PREDICATE {
            return Err(FormatError::Kind { expected: PREDICATE, found: head.predicate_type });
        }
        let record: Self = serde_json::from_slice(bytes).map_err(|e| malformed(e.to_string()))?;
        let about_itself = record.subject.len() == 1
            && record.subject[0].digest.get("sha256") == Some(&record.predicate.candidate.digest());
        if !about_itself || record.statement != STATEMENT || record.encode()? != bytes {
            return Err(malformed("its subject is not its candidate, or it is not canonical".to_owned()));
        }
        Ok(record)
    }
}
