//! What is compared with nothing although something was released before is excused from every comparison that the rules in force ask for.
//! That takes somebody who may excuse one; where the rules name nobody, those who approve it; where they name nobody at all, `--force`.

use super::{Signers, own_flaw, waiver_flaw};
use crate::certify::FIRST_RELEASE;
use crate::format::certificate::Verdict;
use crate::format::checkpoint::WaiverRow;
use crate::format::event::{ActorRecord, RulesRecord, StageRulesRecord};
use crate::id::SnapshotId;
use crate::name::StageName;
use crate::ops::{VerbError, rules};
use crate::registry::State;
use crate::registry::promote::{Obstacle, WaiverFlaw};
use crate::repository::Repository;

/// Why it does not do for a stage that somebody, `by`, declared a version to be a first release; none: it does. A waiver
/// of [`FIRST_RELEASE`] by somebody else who may says as much, and is how it is signed.
pub(in crate::ops) fn flaw(
    repository: &Repository,
    state: &State,
    (snapshot, by): (SnapshotId, &ActorRecord),
    (stage, rules): (&StageName, &StageRulesRecord),
) -> Result<Option<WaiverFlaw>, VerbError> {
    let email = by.email.as_deref();
    let not_allowed = || {
        let (by, roles) = (by.email.clone().or_else(|| by.name.clone()), rules.waivers.keys().cloned().collect());
        WaiverFlaw::NotAllowed { by, roles }
    };
    if rules.waivers.is_empty() {
        // Whoever approves it relies on the certificate, which says so.
        return Ok(rules.approvals.is_empty().then(not_allowed));
    }
    let signers = Signers::today(repository, (&state.model, stage), rules)?;
    let now = repository.registry().now_in(state);
    let says_so = |row: &&WaiverRow| row.rule == FIRST_RELEASE && rules.may_waive(row.email.as_deref());
    if let Some(row) = state.waivers_in_force(snapshot, now).into_iter().find(says_so) {
        return waiver_flaw(repository, state, row, (rules, signers.as_ref()));
    }
    match (rules.may_waive(email), signers) {
        (true, None) => own_flaw(repository, state, snapshot, (email, by.name.as_deref()), rules),
        (true, Some(_)) => Ok(Some(WaiverFlaw::Unsigned { reason: "it is not signed".to_owned() })),
        (false, _) => Ok(Some(not_allowed())),
    }
}

/// What speaks against a version that its certificate compares with nothing. A stage that takes its first version asks nobody.
pub(in crate::ops) fn obstacle(
    repository: &Repository,
    state: &State,
    snapshot: SnapshotId,
    stage: &StageName,
    proposed: &RulesRecord,
) -> Result<Option<Obstacle>, VerbError> {
    let Some(rules) = rules::in_force(state, stage, proposed).map(|rules| &rules.stage) else { return Ok(None) };
    let is_meant = |verdict: Verdict| rules.certificate && verdict.counts();
    let row = state.certificates.get(&snapshot).filter(|row| row.baseline_event.is_none() && is_meant(row.verdict));
    let Some(row) = row else { return Ok(None) };
    let held = state.stages.get(&row.stage).and_then(|row| row.timeline.last()).map(|held| held.version);
    if held.is_none() && rules.waivers.is_empty() {
        return Ok(None);
    }
    let event = repository.registry().event(&state.model, row.event.seq)?.and_then(|file| file.event.ok());
    let by = event.map(|event| event.actor).unwrap_or_default();
    let flaw = flaw(repository, state, (snapshot, &by), (stage, rules))?;
    let (certificate, of) = (row.certificate, row.stage.clone());
    Ok(flaw.map(|flaw| Obstacle::Uncompared { certificate, stage: of, held, flaw }))
}
