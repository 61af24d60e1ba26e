//! What is judged.

use std::collections::BTreeMap;

use super::facts::Facts;
use super::outcome::{inconclusive, not_applicable};
use super::waived::Waived;
use crate::digest::Digest;
use crate::evidence::{Defect, JoinedRows};
use crate::format::cases::NumberedCaseRecord;
use crate::format::certificate::{BaselineRecord, EvidenceRecord, ReplacedRecord, ResultRecord, WaiverRecord};
use crate::format::measurement::MeasurementRecord;
use crate::format::policy::{Check, PolicyRecord, RuleRecord};
use crate::format::scalar::Scalar;
use crate::id::SnapshotId;
use crate::name::{ModelName, SetName};

/// Samples of the candidate, and of the baseline where there is one.
pub type Samples = (Result<Vec<f64>, Defect>, Option<Result<Vec<f64>, Defect>>);

/// What is not as it should be, one by one; or why that is not known.
pub type Lacking = Result<Vec<String>, String>;

/// The candidate's rows joined with those of a version that once was in the stage.
#[derive(Debug, Clone)]
pub struct PastRows {
    /// `fraud@v3`.
    pub label: String,
    /// Its predictions in place of the baseline's; or why there are none.
    pub rows: Result<JoinedRows, String>,
}

/// A candidate, what it is compared with, the rules, and all evidence.
#[derive(Debug, Clone)]
pub struct Case<'a> {
    /// The rules.
    pub policy: &'a PolicyRecord,
    /// SHA-256 of the policy file as written.
    pub policy_file_sha256: Digest,
    /// Whether its bytes are stored, too.
    pub policy_file_kept: bool,
    /// The model.
    pub model: &'a ModelName,
    /// The candidate.
    pub candidate: SnapshotId,
    /// The baseline. Without a snapshot, comparisons are not applicable if it says why it is a first release, else inconclusive.
    pub baseline: BaselineRecord,
    /// Predictions of both models, joined; the candidate's alone where the baseline has none.
    pub sets: &'a BTreeMap<SetName, Result<JoinedRows, Defect>>,
    /// The candidate's rows joined with those of each version that was in the stage before the baseline, where a rule asks for it.
    pub past: &'a BTreeMap<SetName, Vec<PastRows>>,
    /// The predictions sets the candidate has.
    pub candidate_sets: &'a [SetName],
    /// The set that rules mean which name none: the only one, or the only one both models have.
    pub unnamed_set: Option<&'a SetName>,
    /// The sample sets the candidate has.
    pub candidate_samples: &'a [SetName],
    /// The samples that rules ask for.
    pub samples: &'a BTreeMap<SetName, Samples>,
    /// The numbers the trainers wrote down: the candidate's, and the baseline's where there is one.
    pub metrics: (&'a BTreeMap<String, Scalar>, Option<&'a BTreeMap<String, Scalar>>),
    /// What the candidate's provenance lacks, for each check that rules ask for.
    pub provenance: &'a BTreeMap<Check, Lacking>,
    /// Bytes of the candidate's model files, and of the baseline's where there is one; none: not known.
    pub model_bytes: (Option<u64>, Option<u64>),
    /// What was seen while this program ran the models; none: it did not run them.
    pub measurement: Option<&'a MeasurementRecord>,
    /// Sets that this program had predicted again: the fresh predictions as the candidate's, those recorded with it as the
    /// baseline's.
    pub parity: &'a BTreeMap<SetName, Result<JoinedRows, Defect>>,
    /// What is known besides: data, surroundings, reports.
    pub facts: &'a Facts,
    /// Every file that was read.
    pub evidence: Vec<EvidenceRecord>,
    /// Sets, or `metrics`, that are the parent's although the model is another: whatever rests on them is inconclusive.
    pub stale_evidence: Vec<String>,
    /// What the journal adds.
    pub history: &'a History,
    /// This program's version.
    pub tool_version: &'a str,
}

/// What the journal knows of a case before it is judged.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// The evaluation sets the candidate is judged on: the digest of each, and the how many-th candidate this is that it judges.
    pub uses: BTreeMap<SetName, (Digest, u64)>,
    /// The regression cases in force, by number.
    pub cases: Vec<NumberedCaseRecord>,
    /// The lists they were added by, in that order.
    pub case_lists: Vec<Digest>,
    /// The candidate's rows of the sets that they are of.
    pub case_rows: BTreeMap<SetName, CaseRows>,
    /// Evidence that was attached in the place of other evidence.
    pub replaced: Vec<ReplacedRecord>,
    /// Waivers that count, of each rule one.
    pub waivers: Vec<WaiverRecord>,
    /// What each of them was given for, by the number of its event; or why that is not known. None: whatever there is.
    pub waived: BTreeMap<u64, Result<Waived, String>>,
    /// The candidate as `fraud@v8`; none of a workspace.
    pub label: Option<String>,
    /// Why others do not, and what else is to be said.
    pub remarks: Vec<String>,
}

/// A candidate's rows of a set, without a baseline's.
#[derive(Debug, Clone)]
pub struct CaseRows {
    /// The rows.
    pub rows: Result<JoinedRows, Defect>,
    /// The label that counts as positive, as it was configured.
    pub positive: Option<Scalar>,
}

impl Case<'_> {
    /// Whether somebody declared that there is no baseline yet.
    pub(super) const fn is_first_release(&self) -> bool {
        self.baseline.snapshot.is_none() && self.baseline.first_release.is_some()
    }

    /// What becomes of a comparison where there is nothing to compare with. None: there is a baseline.
    pub(super) fn without_baseline(&self, result: &ResultRecord) -> Option<ResultRecord> {
        if self.baseline.snapshot.is_some() {
            return None;
        }
        if self.is_first_release() {
            return Some(not_applicable(result.clone()));
        }
        let reason = format!("stage `{}` is empty, and this was not declared a first release", self.baseline.stage);
        Some(inconclusive(result.clone(), reason))
    }

    /// What becomes of `result` before anything is measured: a comparison without a baseline, or evidence of another model.
    /// None: measure.
    pub(super) fn unfit(&self, rule: &RuleRecord, resting_on: &str, result: &ResultRecord) -> Option<ResultRecord> {
        if rule.is_comparison()
            && let Some(result) = self.without_baseline(result)
        {
            return Some(result);
        }
        let stale = self.stale_evidence.iter().any(|stale| stale == resting_on);
        stale.then(|| inconclusive(result.clone(), self.not_refreshed(resting_on)))
    }

    /// Why evidence says nothing of this model.
    pub(super) fn not_refreshed(&self, set: &str) -> String {
        if let Some((_, whose)) = self.facts.not_refreshed.iter().find(|(known, _)| known.as_str() == set) {
            return format!(
                "evidence not refreshed: of every row `{set}` says what that of {whose} says, although the model is another"
            );
        }
        let other = if set.starts_with("reports.") { "data" } else { "model" };
        of_another(&format!("`{set}`"), "the parent's", other)
    }
}

/// That something was made with what another version has: `what` is it, `whose` it is, `other` what it should have been made anew for.
pub fn of_another(what: &str, whose: &str, other: &str) -> String {
    format!("{what} is {whose}, byte for byte, although the {other} is another")
}
