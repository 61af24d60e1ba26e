//! What is judged, and what has to be read for it.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::Facts;
use super::outcome::{inconclusive, not_applicable};
use crate::digest::Digest;
use crate::evidence::{Defect, JoinedRows};
use crate::format::certificate::{BaselineRecord, EvidenceRecord, ResultRecord};
use crate::format::policy::{Check, MeasureRecord, PolicyRecord, RuleRecord};
use crate::format::scalar::Scalar;
use crate::id::SnapshotId;
use crate::name::{ModelName, SetName};

/// Samples of the candidate, and of the baseline where there is one.
pub type Samples = (Result<Vec<f64>, Defect>, Option<Result<Vec<f64>, Defect>>);

/// What is not as it should be, one by one; or why that is not known.
pub type Lacking = Result<Vec<String>, String>;

/// A candidate, what it is compared with, the rules, and all evidence.
#[derive(Debug, Clone)]
pub struct Case<'a> {
    /// The rules.
    pub policy: &'a PolicyRecord,
    /// SHA-256 of the policy file as written.
    pub policy_file_sha256: Digest,
    /// The model.
    pub model: &'a ModelName,
    /// The candidate.
    pub candidate: SnapshotId,
    /// The baseline. Without a snapshot, comparisons are not applicable if it says why it is a first release, else inconclusive.
    pub baseline: BaselineRecord,
    /// Predictions of both models, joined; the candidate's alone where the baseline has none.
    pub sets: &'a BTreeMap<SetName, Result<JoinedRows, Defect>>,
    /// The predictions sets the candidate has.
    pub candidate_sets: &'a [SetName],
    /// The sample sets the candidate has.
    pub candidate_samples: &'a [SetName],
    /// The samples that rules ask for.
    pub samples: &'a BTreeMap<SetName, Samples>,
    /// The numbers the trainers wrote down: the candidate's, and the baseline's where there is one.
    pub metrics: (&'a BTreeMap<String, Scalar>, Option<&'a BTreeMap<String, Scalar>>),
    /// What the candidate's provenance lacks, for each check that rules ask for.
    pub provenance: &'a BTreeMap<Check, Lacking>,
    /// What is known besides: data, surroundings, reports.
    pub facts: &'a Facts,
    /// Every file that was read.
    pub evidence: Vec<EvidenceRecord>,
    /// Sets, or `metrics`, that are the parent's although the model is another: whatever rests on them is inconclusive.
    pub stale_evidence: Vec<String>,
    /// This program's version.
    pub tool_version: &'a str,
}

/// What the rules of a policy rest on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Needs {
    /// Predictions sets, and the columns rules slice them by; none: the only set there is.
    pub predictions: BTreeMap<Option<SetName>, BTreeSet<String>>,
    /// Sets of samples.
    pub samples: BTreeSet<SetName>,
    /// Whether a rule asks for a number the trainer wrote down.
    pub metrics: bool,
    /// Checks of the candidate's provenance.
    pub provenance: BTreeSet<Check>,
    /// What else is measured: data, surroundings, reports.
    pub facts: Vec<MeasureRecord>,
}

/// What has to be read to judge by `policy`.
pub fn needs(policy: &PolicyRecord) -> Needs {
    let mut needs = Needs::default();
    for rule in &policy.rules {
        match &rule.measure {
            MeasureRecord::Metric { set, only, each, .. } => {
                needs.predictions.entry(set.clone()).or_default().extend(only.keys().chain(each).cloned());
            }
            MeasureRecord::Reported { .. } => needs.metrics = true,
            MeasureRecord::Quantile { of, .. } => {
                needs.samples.insert(of.clone());
            }
            MeasureRecord::Provenance { check } => {
                needs.provenance.insert(*check);
            }
            MeasureRecord::Shift(shift) => {
                needs.predictions.entry(shift.set.clone()).or_default();
            }
            other => needs.facts.push(other.clone()),
        }
    }
    needs
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
        if rule.demand.is_comparison()
            && let Some(result) = self.without_baseline(result)
        {
            return Some(result);
        }
        self.stale_evidence.iter().any(|stale| stale == resting_on).then(|| {
            let other = if resting_on.starts_with("reports.") { "data" } else { "model" };
            let reason = format!("`{resting_on}` is the parent's, byte for byte, although the {other} is another");
            inconclusive(result.clone(), reason)
        })
    }
}
