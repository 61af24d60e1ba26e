//! What is compared with nothing although something was released before is excused from every comparison that the rules in force ask for.
//! That takes somebody who may excuse one; where the rules name nobody, those who approve it; where they name nobody at all, `--force`.

use super::{Signers, waiver_flaw};
use crate::certify::FIRST_RELEASE;
use crate::format::certificate::Verdict;
use crate::format::event::{RulesRecord, StageRulesRecord};
use crate::id::SnapshotId;
use crate::name::StageName;
use crate::ops::{VerbError, rules};
use crate::registry::State;
use crate::registry::promote::{Obstacle, WaiverFlaw};
use crate::repository::Repository;

/// Why it does not do for a stage that somebody, with the address `by`, declared a version to be a first release; none: it does. A waiver
/// of [`FIRST_RELEASE`] by somebody else who may says as much, and is how it is signed.
pub(in crate::ops) fn flaw(
    repository: &Repository,
    state: &State,
    (snapshot, by): (SnapshotId, Option<&str>),
    (stage, rules): (&StageName, &StageRulesRecord),
) -> Result<Option<WaiverFlaw>, VerbError> {
    let not_allowed = || {
        let roles = rules.waivers.keys().cloned().collect();
        WaiverFlaw::NotAllowed { by: by.map(str::to_owned), roles }
    };
    if rules.waivers.is_empty() {
        // Whoever approves it relies on the certificate, which says so.
        return Ok(rules.approvals.is_empty().then(not_allowed));
    }
    let signers = Signers::today(repository, (&state.model, stage), rules)?;
    let now = repository.registry().now_in(state);
    let waivers = state.waivers_in_force(snapshot, now).into_iter();
    for row in waivers.filter(|row| row.rule == FIRST_RELEASE && rules.may_waive(row.email.as_deref())) {
        let Some(flaw) = waiver_flaw(repository, state, row, signers.as_ref())? else { return Ok(None) };
        return Ok(Some(WaiverFlaw::Unsigned { reason: flaw.words() }));
    }
    Ok(match (rules.may_waive(by), signers) {
        (true, None) => None,
        (true, Some(_)) => Some(WaiverFlaw::Unsigned { reason: "it is not signed".to_owned() }),
        (false, _) => Some(not_allowed()),
    })
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
    let is_meant = |verdict| rules.certificate && matches!(verdict, Verdict::Pass | Verdict::Waived);
    let row = state.certificates.get(&snapshot).filter(|row| row.baseline_event.is_none() && is_meant(row.verdict));
    let Some(row) = row else { return Ok(None) };
    let held = state.stages.get(&row.stage).and_then(|row| row.timeline.last()).map(|held| held.version);
    if held.is_none() && rules.waivers.is_empty() {
        return Ok(None);
    }
    let event = repository.registry().event(&state.model, row.event.seq)?.and_then(|file| file.event.ok());
    let by = event.and_then(|event| event.actor.email);
    let flaw = flaw(repository, state, (snapshot, by.as_deref()), (stage, rules))?;
    let (certificate, of) = (row.certificate, row.stage.clone());
    Ok(flaw.map(|flaw| Obstacle::Uncompared { certificate, stage: of, held, flaw }))
}
