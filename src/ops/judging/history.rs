//! What the journal adds to a case that is judged: uses of its evaluation sets, regression cases, waivers.

use std::collections::BTreeMap;

use super::evidence::Gathered;
use super::replaced;
use crate::certify::{History, Waived};
use crate::clock::Time;
use crate::digest::Digest;
use crate::format::cases::NumberedCaseRecord;
use crate::format::certificate::{ReplacedRecord, Verdict, WaiverRecord};
use crate::format::checkpoint::{AttachedRow, WaiverRow};
use crate::format::event::{EventBody, StageRulesRecord, UsedSetRecord};
use crate::format::measurement::Role;
use crate::id::{CertificateId, SnapshotId};
use crate::name::{StageName, Version};
use crate::ops::VerbError;
use crate::ops::cases::list;
use crate::ops::signoffs::{self, Signers, given_for};
use crate::registry::State;
use crate::repository::Repository;

/// What was seen of a journal when a candidate was judged: a certificate counts only if that is still so when it is issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ops) struct Seen {
    uses: Vec<(UsedSetRecord, u64)>,
    /// Of each list the event that added it, and how many were removed since.
    cases: Vec<(u64, usize)>,
    waivers: Vec<u64>,
    attached: Vec<AttachedRow>,
}

impl Seen {
    /// Of `state`, as far as it is about a candidate, the versions whose evidence was read and the sets it was judged on.
    pub(in crate::ops) fn of(
        state: &State,
        candidate: SnapshotId,
        versions: &[Version],
        sets: &[UsedSetRecord],
        now: Time,
    ) -> Self {
        Self {
            uses: sets.iter().map(|used| (used.clone(), state.use_of(used, candidate))).collect(),
            cases: state.cases.iter().map(|row| (row.event.seq, row.removed.len())).collect(),
            waivers: state.waivers_in_force(candidate, now).iter().map(|row| row.event.seq).collect(),
            attached: versions.iter().flat_map(|version| state.attached_to(*version).cloned()).collect(),
        }
    }
}

/// The regression cases in force, and the lists they were added by.
pub(in crate::ops) fn cases_in_force(
    repository: &Repository,
    state: Option<&State>,
) -> Result<(Vec<NumberedCaseRecord>, Vec<Digest>), VerbError> {
    let Some(state) = state else { return Ok((Vec::new(), Vec::new())) };
    let mut all = Vec::new();
    let mut lists = Vec::new();
    for row in &state.cases {
        let before = all.len();
        all.extend(list::of_row(repository, row)?);
        if all.len() > before {
            lists.push(row.cases);
        }
    }
    Ok((all, lists))
}

/// The evaluation sets that were read, each by the digest of its keys and labels. Predictions of the candidate that were attached in
/// the place of those it had at first are another use.
pub(in crate::ops) fn used_sets(gathered: &Gathered, replaced: &[ReplacedRecord]) -> Vec<UsedSetRecord> {
    let read = gathered.sets.iter().filter_map(|(set, joined)| Some((set, joined.as_ref().ok()?)));
    let used = read.map(|(set, joined)| {
        let mut ours = replaced.iter().filter(|one| one.set == *set && one.role == Role::Candidate.name());
        let first = ours.next().map(|one| (one.before, one.now));
        let now = ours.next_back().map(|one| one.now).or(first.map(|(_, now)| now));
        let predictions = now.filter(|now| first.is_some_and(|(before, _)| before != *now));
        UsedSetRecord { set: set.clone(), sha256: joined.evaluation(), predictions }
    });
    used.collect()
}

/// What each waiver was given for, by the number of its event.
pub(in crate::ops) fn waived(
    repository: &Repository,
    state: &State,
    waivers: &[WaiverRecord],
) -> Result<BTreeMap<u64, Result<Waived, String>>, VerbError> {
    let mut all = BTreeMap::new();
    for waiver in waivers {
        let seq = waiver.event.seq;
        let Some(row) = state.waiver(seq) else { continue };
        let certificate = match given_for(repository, state, seq)? {
            None => first_that_counts(repository, state, row)?,
            given => given,
        };
        let Some(certificate) = certificate else { continue };
        match replaced::statement(repository, certificate) {
            Ok(statement) => {
                if let Some(waived) = Waived::of(&statement.predicate, &waiver.rule) {
                    all.insert(seq, Ok(waived));
                }
            }
            Err(error) => {
                all.insert(seq, Err(error.to_string()));
            }
        }
    }
    Ok(all)
}

/// The waivers in force that are for something else than `certificate`, by the numbers of their events.
pub(in crate::ops) fn given_for_others(
    repository: &Repository,
    state: &State,
    (candidate, now): (SnapshotId, Time),
    certificate: Option<CertificateId>,
) -> Result<Vec<u64>, VerbError> {
    let mut others = Vec::new();
    for row in state.waivers_in_force(candidate, now) {
        let seq = row.event.seq;
        if certificate.is_some() && given_for(repository, state, seq)? != certificate {
            others.push(seq);
        }
    }
    Ok(others)
}

/// What was waived before there was a certificate is what the first one by the rules in force says.
fn first_that_counts(
    repository: &Repository,
    state: &State,
    row: &WaiverRow,
) -> Result<Option<CertificateId>, VerbError> {
    for seq in row.event.seq + 1..=state.seq() {
        // What cannot be read counts nothing; `verify` says so.
        let Some(Ok(event)) = repository.registry().event(&state.model, seq)?.map(|file| file.event) else { continue };
        if let EventBody::Certify { snapshot, certificate, proposed: false, waivers, .. } = event.body
            && snapshot == row.snapshot
            && waivers.contains(&row.event.seq)
        {
            return Ok(Some(certificate));
        }
    }
    Ok(None)
}

/// The certificate that a waiver given now is about: the one in force, if the rule does not pass there. Where all of that is waived
/// already, what was excused is what it was excused for: to say so again is nothing new, and no way to a larger loss in small steps.
pub(in crate::ops) fn waived_in(
    repository: &Repository,
    state: &State,
    candidate: SnapshotId,
    rule: &str,
) -> Result<Option<CertificateId>, VerbError> {
    let Some(row) = state.certificates.get(&candidate).filter(|row| !row.proposed) else { return Ok(None) };
    let predicate = replaced::statement(repository, row.certificate)?.predicate;
    if Waived::of(&predicate, rule).is_none() {
        return Ok(None);
    }
    let mut results = predicate.results.iter().filter(|result| result.rule == rule);
    let by = predicate.waivers.iter().find(|waiver| waiver.rule == rule);
    let given = match by.filter(|_| results.all(|result| result.verdict >= Verdict::Waived)) {
        Some(waiver) => given_for(repository, state, waiver.event.seq)?,
        None => None,
    };
    Ok(given.or(Some(row.certificate)))
}

/// Everything the journal adds. Waivers count if whoever gave them may waive a rule for `stage` by its `rules`, and signed them where
/// those name signers.
pub(in crate::ops) fn history(
    repository: &Repository,
    state: Option<&State>,
    candidate: SnapshotId,
    sets: &[UsedSetRecord],
    (stage, rules): (&StageName, &StageRulesRecord),
    now: Time,
) -> Result<History, VerbError> {
    let use_of = |used: &UsedSetRecord| state.map_or(1, |state| state.use_of(used, candidate));
    let uses = sets.iter().map(|used| (used.set.clone(), (used.sha256, use_of(used)))).collect();
    let mut history = History { uses, ..History::default() };
    let Some(state) = state else { return Ok(history) };
    let signers = Signers::today(repository, (&state.model, stage), rules)?;
    for row in state.waivers_in_force(candidate, now) {
        let flaw = signoffs::waiver_flaw(repository, state, row, (rules, signers.as_ref()))?;
        if let Some(flaw) = flaw.filter(|_| rules.may_waive(row.email.as_deref())) {
            let by = row.email.as_deref().unwrap_or_default();
            let why = signoffs::words(&flaw);
            history.remarks.push(format!("the waiver of `{}` by {by} does not count: {why}", row.rule));
        } else if rules.may_waive(row.email.as_deref()) {
            history.waivers.push(WaiverRecord {
                rule: row.rule.clone(),
                reason: row.reason.clone(),
                approver: row.email.clone().unwrap_or_default(),
                expires: row.expires,
                event: row.event,
                signature: row.signature,
            });
        } else {
            let by = row.email.as_deref().or(row.actor.as_deref()).unwrap_or("somebody unknown");
            history.remarks.push(format!(
                "the waiver of `{}` by {by} does not count: {}",
                row.rule,
                nobody(stage, rules)
            ));
        }
    }
    Ok(history)
}

/// Who may waive a rule for a stage, where somebody may not.
pub(in crate::ops) fn nobody(stage: &StageName, rules: &StageRulesRecord) -> String {
    if rules.waivers.is_empty() {
        return format!("{stage} names no role in `waivers`, so nobody may");
    }
    let roles: Vec<&str> = rules.waivers.keys().map(String::as_str).collect();
    format!("for {stage} that takes the role {}", roles.join(" or "))
}
