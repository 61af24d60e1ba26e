//! What the certificate said that a version holds or held a stage on, and who had waived what of it.

use crate::format::certificate::{StatementRecord, Verdict, WaiverRecord};
use crate::format::checkpoint::{CertificateRow, OccupancyRow, WaiverRow};
use crate::registry::State;
use crate::repository::Repository;

/// Its verdict, and the waivers it counts. None: there is none, or it was replaced and cannot be read.
pub(super) fn said(
    repository: &Repository,
    state: &State,
    occupancy: &OccupancyRow,
    room: &mut u64,
) -> Option<(Verdict, Vec<WaiverRecord>)> {
    let id = occupancy.certificate?;
    if let Some(row) = state.certificate(occupancy.snapshot, id) {
        return Some((row.verdict, waivers(state, row)));
    }
    // Another one is in force since: the statement has to be read.
    *room = room.checked_sub(1)?;
    let bytes = repository.store().record(id.digest()).ok()?;
    let predicate = StatementRecord::decode(&bytes).ok()?.predicate;
    Some((predicate.verdict, predicate.waivers))
}

fn waivers(state: &State, row: &CertificateRow) -> Vec<WaiverRecord> {
    let given = row.waivers.iter().filter_map(|seq| state.waiver(*seq));
    let approver = |given: &WaiverRow| given.email.clone().or_else(|| given.actor.clone()).unwrap_or_default();
    given
        .map(|given| WaiverRecord {
            rule: given.rule.clone(),
            reason: given.reason.clone(),
            approver: approver(given),
            expires: given.expires,
            event: given.event,
            signature: given.signature,
        })
        .collect()
}
