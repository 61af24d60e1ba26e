//! Results that are those of another model, byte for byte: training broke off behind the model's file, or nobody predicted again.

use std::collections::BTreeMap;

use super::predictions::evidence_of;
use super::{Looked, Pair};
use crate::certify;
use crate::compare::Section;
use crate::format::checkpoint::VersionRow;
use crate::format::snapshot::SnapshotRecord;
use crate::name::Version;
use crate::ops::VerbError;
use crate::ops::attached;
use crate::ops::snapshot::shared_evidence;
use crate::registry::State;
use crate::repository::Repository;

/// Versions that are looked at, nearest first.
const FAR_ENOUGH: usize = 24;

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

/// Where a record stands in its model's life.
#[derive(Clone, Copy)]
pub(in crate::ops) struct Place<'a> {
    pub(in crate::ops) state: &'a State,
    /// None of the workspace, which comes behind the newest.
    pub(in crate::ops) row: Option<&'a VersionRow>,
}

impl Place<'_> {
    fn parent(&self) -> Option<&VersionRow> {
        self.row.map_or_else(|| self.state.latest(), |row| before(self.state, row))
    }

    /// Only who was there before can be who something was taken from.
    fn is_behind(&self, state: &State, other: &VersionRow) -> bool {
        match self.row {
            Some(row) if self.state.model == state.model => other.version < row.version,
            Some(row) => other.time < row.time,
            None => true,
        }
    }
}

/// What `record` has that versions before it had first, of another model: those from its parent backwards, and those from `other`
/// backwards, which it is held against. What cannot be read any more is `verify`'s to report.
pub(in crate::ops) fn of_another_model(
    repository: &Repository,
    record: &SnapshotRecord,
    place: Place<'_>,
    other: Option<(&State, &VersionRow)>,
) -> Vec<OfAnother> {
    let mut found =
        place.parent().map_or_else(BTreeMap::new, |parent| first_owners(repository, record, place.state, parent));
    if let Some((state, row)) = other.filter(|(state, row)| place.is_behind(state, row)) {
        // The parent's line knows better where it goes back farther.
        for (set, owner) in first_owners(repository, record, state, row) {
            let is_older = |known: &Owner| state.model == place.state.model && owner.version < known.version;
            if found.get(&set).is_none_or(is_older) {
                found.insert(set, owner);
            }
        }
    }
    let others = found.into_iter().filter(|(_, owner)| !owner.is_of_the_same);
    others.map(|(set, owner)| OfAnother { set, whose: owner.label }).collect()
}

/// Who goes back to a model has the record of then: the parent is the one that is older.
fn before<'s>(state: &'s State, row: &VersionRow) -> Option<&'s VersionRow> {
    row.parent.and_then(|id| state.versions.about(id).rev().find(|older| older.version < row.version))
}

/// Who had a result.
struct Owner {
    label: String,
    version: Version,
    is_of_the_same: bool,
}

/// Of each result that the version `from` has, too, the farthest version back that has it. A version that shares nothing with the one
/// before it costs one record.
fn first_owners(
    repository: &Repository,
    record: &SnapshotRecord,
    state: &State,
    from: &VersionRow,
) -> BTreeMap<String, Owner> {
    let mut owners: Option<BTreeMap<String, Owner>> = None;
    let line = std::iter::successors(Some(from), |row| before(state, row));
    for row in line.take(FAR_ENOUGH) {
        if let Ok(before) = attached::judged(repository, state, row) {
            let shared = shared_evidence(record, &before).into_iter().map(|(set, is_of_the_same)| {
                let label = format!("{}@{}", state.model, row.version);
                (set, Owner { label, version: row.version, is_of_the_same })
            });
            match &mut owners {
                Some(known) => shared.for_each(|(set, owner)| {
                    known.entry(set).and_modify(|known| *known = owner);
                }),
                None => owners = Some(shared.collect()),
            }
            if owners.as_ref().is_some_and(BTreeMap::is_empty) {
                break;
            }
        }
    }
    owners.unwrap_or_default()
}

/// The same of both sides, in words, as far as it is about sections that are compared.
pub(super) fn remarks(pair: &Pair<'_>) -> Result<Vec<String>, VerbError> {
    let has = |section| pair.sections.has(section);
    if ![Section::Metrics, Section::Predictions, Section::Results].into_iter().any(has) {
        return Ok(Vec::new());
    }
    let (a, b) = (evidence_of(pair, pair.a)?, evidence_of(pair, pair.b)?);
    let of = |looked: &Looked, record: &SnapshotRecord, other: &Looked| -> Result<Vec<String>, VerbError> {
        let own;
        let place = match &looked.found {
            Some(found) => Some(Place { state: &found.state, row: Some(&found.row) }),
            None => {
                own = pair.repository.registry().state(&looked.model)?;
                own.as_ref().map(|state| Place { state, row: None })
            }
        };
        let other = other.found.as_ref().map(|found| (&found.state, &found.row));
        let found = place.map_or_else(Vec::new, |place| of_another_model(pair.repository, record, place, other));
        let is_shown = |one: &&OfAnother| {
            let named = |set: &crate::name::SetName| set.as_str() == one.set;
            one.set == "metrics" && has(Section::Metrics)
                || record.predictions.iter().any(|p| named(&p.name))
                    && (has(Section::Metrics) || has(Section::Predictions))
                || record.samples.iter().any(|s| named(&s.name)) && has(Section::Results)
        };
        Ok(found.iter().filter(is_shown).map(|one| format!("{}: {}", looked.side.name, one.words())).collect())
    };
    let mut said = of(pair.a, &a, pair.b)?;
    said.extend(of(pair.b, &b, pair.a)?);
    Ok(said)
}
