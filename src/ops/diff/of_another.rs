//! Results that are those of another model, byte for byte: training broke off behind the model's file, or nobody predicted again.

use std::collections::{BTreeMap, HashSet};

use super::predictions::evidence_of;
use super::{Looked, Pair};
use crate::certify;
use crate::compare::Section;
use crate::format::snapshot::SnapshotRecord;
use crate::id::SnapshotId;
use crate::ops::VerbError;
use crate::ops::attached;
use crate::ops::snapshot::stale_evidence;
use crate::registry::State;
use crate::repository::Repository;

/// Versions that are looked at, nearest first.
const FAR_ENOUGH: usize = 100;

/// A result of a version that is another model's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ops) struct OfAnother {
    /// The set of predictions or samples; `metrics`; `reports.NAME`.
    pub set: String,
    /// The first that had it: `fraud@v4`.
    pub whose: String,
}

impl OfAnother {
    /// In the words of a certificate.
    pub(in crate::ops) fn words(&self) -> String {
        certify::of_another(&self.set, &self.whose)
    }
}

/// What `record` has that the versions from `parent` backwards had although their model is another, or else the `other`. What cannot
/// be read any more is `verify`'s to report.
pub(in crate::ops) fn of_another_model(
    repository: &Repository,
    record: &SnapshotRecord,
    (state, parent): (Option<&State>, Option<SnapshotId>),
    other: Option<(&str, &SnapshotRecord)>,
) -> Vec<OfAnother> {
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    let mut seen = HashSet::new();
    let mut next = parent;
    while let Some((state, id)) = state.zip(next.filter(|id| seen.len() < FAR_ENOUGH && seen.insert(*id))) {
        let Some(row) = state.version_of(id) else { break };
        if let Ok(before) = attached::judged(repository, state, row) {
            // The farthest is who it was made of.
            let label = format!("{}@{}", state.model, row.version);
            found.extend(stale_evidence(record, &before).into_iter().map(|set| (set, label.clone())));
        }
        next = row.parent;
    }
    if let Some((label, before)) = other {
        for set in stale_evidence(record, before) {
            found.entry(set).or_insert_with(|| label.to_owned());
        }
    }
    found.into_iter().map(|(set, whose)| OfAnother { set, whose }).collect()
}

/// The same of both sides, in words, as far as it is about sections that are compared.
pub(super) fn remarks(pair: &Pair<'_>) -> Result<Vec<String>, VerbError> {
    let has = |section| pair.sections.has(section);
    if ![Section::Metrics, Section::Predictions, Section::Results].into_iter().any(has) {
        return Ok(Vec::new());
    }
    let (a, b) = (evidence_of(pair, pair.a)?, evidence_of(pair, pair.b)?);
    let of = |looked: &Looked, record: &SnapshotRecord, other| -> Result<Vec<String>, VerbError> {
        let found = match &looked.found {
            Some(found) => of_another_model(pair.repository, record, (Some(&found.state), found.row.parent), other),
            None => {
                let state = pair.repository.registry().state(&looked.model)?;
                let latest = state.as_ref().and_then(State::latest).map(|row| row.snapshot);
                of_another_model(pair.repository, record, (state.as_ref(), latest), other)
            }
        };
        let is_shown = |one: &&OfAnother| {
            let named = |set: &crate::name::SetName| set.as_str() == one.set;
            one.set == "metrics" && has(Section::Metrics)
                || record.predictions.iter().any(|p| named(&p.name))
                    && (has(Section::Metrics) || has(Section::Predictions))
                || record.samples.iter().any(|s| named(&s.name)) && has(Section::Results)
        };
        Ok(found.iter().filter(is_shown).map(|one| format!("{}: {}", looked.side.name, one.words())).collect())
    };
    let mut said = of(pair.a, &a, None)?;
    said.extend(of(pair.b, &b, Some((pair.a.side.name.as_str(), &a)))?);
    Ok(said)
}
