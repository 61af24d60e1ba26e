//! Evidence that `attach` put in the place of other evidence: said of either side, and no ground to judge by where the other
//! evidence is what a version was certified with.

use std::collections::{BTreeMap, BTreeSet};

use crate::evidence::Defect;
use crate::format::certificate::{ReplacedRecord, StatementRecord};
use crate::format::checkpoint::{AttachedRow, OccupancyRow};
use crate::format::measurement::Role;
use crate::format::policy::Origin;
use crate::id::CertificateId;
use crate::name::{SetName, Version};
use crate::ops::{VerbError, attached};
use crate::registry::State;
use crate::repository::Repository;

/// Every time the evidence of a set of a version became other evidence, in order. What is attached once took nothing's place.
pub(super) fn of_version(
    repository: &Repository,
    state: &State,
    (role, version): (Role, Version),
) -> Result<Vec<ReplacedRecord>, VerbError> {
    let mut newest: BTreeMap<&SetName, &AttachedRow> = BTreeMap::new();
    let mut found = Vec::new();
    for row in state.attached_to(version) {
        let Some(before) = newest.insert(&row.set, row) else { continue };
        if !same(repository, state, before, row)? {
            found.push(ReplacedRecord {
                role: role.name().to_owned(),
                set: row.set.clone(),
                before: before.file.digest(),
                now: row.file.digest(),
                event: row.event,
            });
        }
    }
    Ok(found)
}

/// Whether both are the same file, read in the same way.
fn same(repository: &Repository, state: &State, one: &AttachedRow, other: &AttachedRow) -> Result<bool, VerbError> {
    if one.file != other.file {
        return Ok(false);
    }
    Ok(attached::event(repository, state, one)?.1 == attached::event(repository, state, other)?.1)
}

/// The sets of a version that held a stage which are not any more what the certificate that brought it there judged: whoever is
/// compared with it would be compared with something that nobody promoted.
pub(super) fn since_certified(
    repository: &Repository,
    state: &State,
    (role, held): (&str, &OccupancyRow),
) -> Result<BTreeMap<SetName, Defect>, VerbError> {
    let mut found = BTreeMap::new();
    let sets: BTreeSet<&SetName> = state.attached_to(held.version).map(|row| &row.set).collect();
    let Some(certificate) = held.certificate.filter(|_| !sets.is_empty()) else { return Ok(found) };
    let statement = statement(repository, certificate)?;
    let entered = state.stages.values().flat_map(|row| &row.timeline);
    let entered = entered.filter(|o| o.snapshot == held.snapshot && o.certificate == held.certificate);
    let entered = entered.map(|o| o.event.seq).min().unwrap_or(held.event.seq);
    for set in sets {
        let named = statement.predicate.evidence.iter().find(|file| {
            let kind = matches!(file.kind.as_str(), "predictions" | "samples");
            kind && file.role == Role::Candidate.name() && file.set.as_ref() == Some(set)
        });
        // What this program made then, it makes again.
        let Some(named) = named.filter(|file| file.origin != Some(Origin::Measured)) else { continue };
        let Some(now) = state.attached_set(held.version, set) else { continue };
        let then = state.attached_to(held.version).rev().find(|row| row.set == *set && row.event.seq < entered);
        let read_alike = then.map_or(Ok(true), |then| same(repository, state, then, now))?;
        if named.sha256 != now.file.digest() || !read_alike {
            let defect = Defect::Replaced {
                role: role.to_owned(),
                set: set.clone(),
                certified: named.sha256,
                now: now.file.digest(),
                event: now.event.seq,
            };
            found.insert(set.clone(), defect);
        }
    }
    Ok(found)
}

/// A certificate that the journal names.
pub(super) fn statement(repository: &Repository, id: CertificateId) -> Result<StatementRecord, VerbError> {
    let unreadable = |source| VerbError::Record { kind: "certificate", id: id.to_string(), source };
    StatementRecord::decode(&repository.store().record(id.digest())?).map_err(unreadable)
}
