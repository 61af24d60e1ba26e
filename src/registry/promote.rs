//! What stands between a version and a stage. Every reason is found, not only the first.

use std::collections::BTreeMap;
use std::time::Duration;

use super::State;
use crate::clock::Time;
use crate::format::certificate::Verdict;
use crate::format::checkpoint::{CertificateRow, StageRow};
use crate::format::event::{EventRef, HookOutcome, RulesRecord, StageRulesRecord};
use crate::id::{CertificateId, SnapshotId};
use crate::name::{SetName, StageName, Version};

/// What is asked for.
#[derive(Debug, Clone)]
pub struct PromoteRequest<'a> {
    /// The stage to move.
    pub stage: &'a StageName,
    /// The candidate.
    pub snapshot: SnapshotId,
    /// The stage's rules as the project states them: in force only while the stage has none, or [`raised`].
    pub proposed: &'a RulesRecord,
    /// What the stage must hold, if the caller said so: `Some(None)` is "nothing".
    pub expected: Option<Option<SnapshotId>>,
    /// Now.
    pub now: Time,
}

/// One reason why a version may not hold a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Obstacle {
    /// It, or a version with the same model files, is blocked.
    Blocked {
        /// Why.
        reason: String,
        /// From this stage, or from all.
        stage: Option<StageName>,
    },
    /// It never held a stage it must come from, by the rules of that, or is kept out of it since.
    NotFrom {
        /// One of these.
        stages: Vec<StageName>,
    },
    /// It was never certified.
    NoCertificate,
    /// Its newest certificate says no.
    Verdict {
        /// Which certificate.
        certificate: CertificateId,
        /// What it says.
        verdict: Verdict,
    },
    /// Its newest certificate has expired.
    Expired {
        /// Which certificate.
        certificate: CertificateId,
        /// When.
        at: Time,
    },
    /// Its certificate counts a waiver that does not count for this stage.
    Waiver {
        /// Which certificate.
        certificate: CertificateId,
        /// The rule that was waived.
        rule: String,
        /// What is wrong with the waiver.
        flaw: WaiverFlaw,
    },
    /// It was certified under other rules than those in force.
    OtherRules {
        /// Which certificate.
        certificate: CertificateId,
    },
    /// It was compared with another baseline than the one that would be replaced now.
    Stale {
        /// Which certificate.
        certificate: CertificateId,
        /// The stage the baseline is taken from.
        stage: StageName,
        /// What it was compared with.
        certified: Option<Version>,
        /// What the stage holds now.
        now: Option<Version>,
    },
    /// It was compared with nothing although something was released before, and nobody who may has excused that.
    Uncompared {
        /// Which certificate.
        certificate: CertificateId,
        /// The stage its baseline would have been taken from.
        stage: StageName,
        /// What that held last; none: nothing ever.
        held: Option<Version>,
        /// Why the word of whoever declared it a first release does not do.
        flaw: WaiverFlaw,
    },
    /// What it was judged by is not all there is any more.
    Outdated {
        /// Which certificate.
        certificate: CertificateId,
        /// What came after it, in the order it did.
        since: Vec<Since>,
    },
    /// Files of its model were erased for good.
    Erased {
        /// Which.
        paths: Vec<String>,
        /// When, by whom and why.
        why: String,
    },
    /// Not enough people have approved it in a role.
    Approvals {
        /// The role.
        role: String,
        /// How many it takes.
        needed: u32,
        /// How many are missing.
        missing: u32,
        /// Who could: those with the role whose approval does not count already.
        people: Vec<String>,
        /// Approvals in that role that do not count.
        rejected: Vec<RejectedApproval>,
        /// Whether an approval must be signed.
        signed: bool,
    },
    /// Its record or its files are not whole.
    Damaged {
        /// What is wrong.
        reason: String,
    },
    /// The stage does not hold what the caller expects.
    Unexpected {
        /// What it holds.
        current: Option<Version>,
    },
    /// The checks in force are not those that could be asked: a promotion would rest on others than the rules name.
    OtherChecks {
        /// Files of the project that they are made of, and that are not what they were when the rules were put in force; none: other rules
        /// were put in force while the checks ran.
        files: Vec<String>,
    },
    /// A `before` hook did not agree.
    Hook {
        /// As configured, with secrets masked.
        command: String,
        /// Whether it said no, took too long or could not be started.
        outcome: HookOutcome,
        /// Its exit status.
        exit: Option<i32>,
        /// The end of what it said.
        said: Option<String>,
    },
    /// Its `before` hooks were not to run, or there was no checkout to run them in: what was not asked has not agreed.
    PassedOver {
        /// As configured, with secrets masked.
        commands: Vec<String>,
    },
}

/// Something that a certificate was issued without.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Since {
    /// Regression cases were added.
    Cases {
        /// How many.
        count: u32,
        /// The event that did.
        event: EventRef,
    },
    /// Evidence was attached to the candidate or to its baseline.
    Attached {
        /// To which version.
        version: Version,
        /// The set.
        set: SetName,
        /// The event that did.
        event: EventRef,
    },
}

impl Since {
    /// The event.
    pub const fn event(&self) -> EventRef {
        match self {
            Self::Cases { event, .. } | Self::Attached { event, .. } => *event,
        }
    }
}

/// What came after a certificate and could change what it says. Cases that were removed meanwhile could not.
pub fn since(state: &State, row: &CertificateRow) -> Vec<Since> {
    let later = |event: EventRef| event.seq > row.event.seq;
    let judged = |version: Version| {
        let snapshot = state.version(version).map(|version| version.snapshot);
        snapshot.is_some_and(|snapshot| snapshot == row.snapshot || Some(snapshot) == row.baseline)
    };
    let cases = state.cases.iter().filter(|cases| later(cases.event) && cases.in_force().next().is_some());
    let cases = cases.map(|cases| Since::Cases { count: cases.count, event: cases.event });
    let attached = state.attached.iter().filter(|attached| later(attached.event) && judged(attached.version));
    let attached = attached.map(|attached| Since::Attached {
        version: attached.version,
        set: attached.set.clone(),
        event: attached.event,
    });
    let mut found: Vec<Since> = cases.chain(attached).collect();
    found.sort_by_key(|since| since.event().seq);
    found
}

/// What is wrong with a waiver that a certificate counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WaiverFlaw {
    /// Whoever gave it may not waive a rule for this stage.
    NotAllowed {
        /// Their address or name.
        by: Option<String>,
        /// The roles that may; none: nobody may.
        roles: Vec<String>,
    },
    /// It has expired.
    Expired {
        /// When.
        at: Time,
    },
    /// It is not signed, or its signature is not good.
    Unsigned {
        /// Why.
        reason: String,
    },
    /// Whoever gave it took the snapshot, or may have: who did is not known.
    Own {
        /// Whether that is known.
        known: bool,
    },
    /// A newer one of the same rule took its place, or it is in no event.
    Superseded,
}

/// An approval that does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedApproval {
    /// Whose.
    pub person: String,
    /// The event that gave it.
    pub event: EventRef,
    /// Why.
    pub flaw: ApprovalFlaw,
}

/// Why an approval does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ApprovalFlaw {
    /// Whoever gave it has not that role, by the rules that count.
    NotInRole,
    /// Whoever gave it took the snapshot.
    Own,
    /// Who took the snapshot is not known: it may have been whoever gave it.
    AuthorUnknown,
    /// It rests on a certificate that is not in force any more; none: on no certificate.
    Lapsed {
        /// Which.
        certificate: Option<CertificateId>,
    },
    /// It is not signed.
    Unsigned,
    /// Its signature is not good.
    Signature {
        /// Why.
        reason: String,
    },
    /// Other rules were put in force since it was given.
    Used,
    /// The same statement was withdrawn or used up before: who has the signature could hand it in again and again.
    Again,
    /// Whoever gave it fills another role.
    Elsewhere,
    /// It was signed with the key of somebody whose approval counts: one key is one person, whatever a list of signers says.
    SameKey {
        /// Theirs.
        of: String,
    },
    /// It was taken back.
    Withdrawn,
}

impl Obstacle {
    /// Its name: what programs read, and what is recorded where it was overruled.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Blocked { .. } => "blocked",
            Self::NotFrom { .. } => "not-from",
            Self::NoCertificate => "no-certificate",
            Self::Verdict { .. } => "verdict",
            Self::Expired { .. } => "expired",
            Self::Waiver { .. } => "waiver",
            Self::OtherRules { .. } => "other-rules",
            Self::Stale { .. } => "stale",
            Self::Uncompared { .. } => "compared-with-nothing",
            Self::Outdated { .. } => "outdated",
            Self::Erased { .. } => "erased",
            Self::Approvals { .. } => "approvals",
            Self::Damaged { .. } => "damaged",
            Self::Unexpected { .. } => "moved",
            Self::Hook { outcome: HookOutcome::TimedOut, .. } => "hook-timed-out",
            Self::Hook { outcome: HookOutcome::NotStarted, .. } => "hook-not-started",
            Self::Hook { .. } => "vetoed",
            Self::PassedOver { .. } => "checks-passed-over",
            Self::OtherChecks { .. } => "other-checks",
        }
    }

    /// Whether somebody may decide against it. Nobody can serve bytes that are not there or overwrite a move that they have not seen;
    /// and a block stands until it is lifted by name: a command that is repeated by a machine must not bring back what was fled.
    pub const fn can_be_overruled(&self) -> bool {
        !matches!(self, Self::Blocked { .. } | Self::Erased { .. } | Self::Damaged { .. } | Self::Unexpected { .. })
    }

    /// Whether trying again from the present state can help, as opposed to a plain no.
    pub const fn is_conflict(&self) -> bool {
        matches!(
            self,
            Self::Stale { .. }
                | Self::Outdated { .. }
                | Self::OtherRules { .. }
                | Self::OtherChecks { .. }
                | Self::Unexpected { .. }
        )
    }
}

/// Whether `stated` asks for a certificate where the rules in force ask for none. A project may always begin to gate; what
/// it cannot do is stop.
pub const fn raises(in_force: &RulesRecord, stated: &RulesRecord) -> bool {
    stated.stage.certificate && !in_force.stage.certificate
}

/// The rules of a stage that begins to ask for certificates: what is stated of them, and whatever else was asked for already. Nobody
/// gets past an approval or a check by asking for a certificate of their own making in its place.
pub fn raised(in_force: &RulesRecord, stated: &RulesRecord) -> RulesRecord {
    fn kept<T: Clone>(held: &[T], new: &[T]) -> Vec<T> {
        if held.is_empty() { new.to_vec() } else { held.to_vec() }
    }
    let (held, new) = (&in_force.stage, &stated.stage);
    // Who approves, and by which keys, belongs together.
    let approved = if held.approvals.is_empty() { new } else { held };
    let signers = held.signers.or(approved.signers);
    // Waivers that were to be signed are none that need not be.
    let stated_waivers = if signers == new.signers { new.waivers.clone() } else { BTreeMap::new() };
    // A check is its line and what that names.
    let checked = if held.before.is_empty() { new } else { held };
    let stage = StageRulesRecord {
        certificate: true,
        from: kept(&held.from, &new.from),
        valid_for: new.valid_for,
        waivers: if held.waivers.is_empty() { stated_waivers } else { held.waivers.clone() },
        approvals: approved.approvals.clone(),
        people: approved.people.clone(),
        signers,
        self_approval: approved.self_approval,
        before: checked.before.clone(),
        scripts: checked.scripts.clone(),
    };
    RulesRecord { policy: stated.policy, stage }
}

/// Whether what a certificate was issued against was nothing, and something was there since: that it is gone again makes no first release
/// of what was certified before.
fn was_held_since(state: &State, row: &CertificateRow) -> bool {
    let newest = state.stages.get(&row.stage).and_then(|stage| stage.timeline.last());
    let since = |event: EventRef| event.seq > row.event.seq;
    row.baseline_event.is_none()
        && newest.is_some_and(|o| since(o.event) || o.retired.as_ref().is_some_and(|retired| since(retired.event)))
}

/// The waivers of a certificate that do not count for a stage. One that names none rests on nothing.
fn flawed_waivers(state: &State, row: &CertificateRow, rules: &StageRulesRecord, now: Time) -> Vec<Obstacle> {
    let certificate = row.certificate;
    let obstacle = |rule: &str, flaw| Obstacle::Waiver { certificate, rule: rule.to_owned(), flaw };
    if row.waivers.is_empty() {
        return vec![obstacle("(none)", WaiverFlaw::Superseded)];
    }
    let mut found = Vec::new();
    for seq in &row.waivers {
        let Some(waiver) = state.waiver(*seq).filter(|waiver| waiver.snapshot == row.snapshot) else {
            found.push(obstacle("(unknown)", WaiverFlaw::Superseded));
            continue;
        };
        let newest = state.waivers_of(row.snapshot).rev().find(|other| other.rule == waiver.rule);
        if newest.is_some_and(|newest| newest.event != waiver.event) {
            found.push(obstacle(&waiver.rule, WaiverFlaw::Superseded));
        } else if waiver.expires <= now {
            found.push(obstacle(&waiver.rule, WaiverFlaw::Expired { at: waiver.expires }));
        }
        if !rules.may_waive(waiver.email.as_deref()) {
            let by = waiver.email.clone().or_else(|| waiver.actor.clone());
            let roles = rules.waivers.keys().cloned().collect();
            found.push(obstacle(&waiver.rule, WaiverFlaw::NotAllowed { by, roles }));
        }
    }
    found
}

/// When a certificate stops to count for a stage: it was given its time by the rules of the stage that it compares with, and a stage may
/// ask for a fresher one.
pub fn expires(row: &CertificateRow, rules: &StageRulesRecord) -> Time {
    row.expires.min(row.issued.after(Duration::from_secs(rules.valid_for)))
}

/// Whether a version has come through a stage that leads on: it was promoted there by the rules, and is not kept out since. A stay that was
/// forced shows nothing, nor does one that ended in flight; what was gone back to was there by an earlier move.
fn has_passed(state: &State, stage: &StageName, snapshot: SnapshotId) -> bool {
    let model_tree = state.version_of(snapshot).map(|version| version.model_tree);
    let promoted = |row: &StageRow| row.timeline.about(snapshot).any(|stay| stay.kind == "promote");
    state.stages.get(stage).is_some_and(promoted) && state.block(snapshot, model_tree, stage).is_none()
}

/// What would have to be true and is not. Empty: it may be promoted, on the certificate returned.
pub fn obstacles(state: &State, request: &PromoteRequest<'_>) -> (Vec<Obstacle>, Option<CertificateId>) {
    let mut found = Vec::new();
    let adopted = state.stages.get(request.stage).and_then(|row| row.rules.as_ref());
    let rules = adopted.filter(|rules| !raises(rules, request.proposed)).unwrap_or(request.proposed);
    let current = state.occupant(request.stage);
    if let Some(expected) = request.expected
        && expected != current.map(|o| o.snapshot)
    {
        found.push(Obstacle::Unexpected { current: current.map(|o| o.version) });
    }
    let model_tree = state.version_of(request.snapshot).map(|v| v.model_tree);
    if let Some(block) = state.block(request.snapshot, model_tree, request.stage) {
        found.push(Obstacle::Blocked { reason: block.reason.clone(), stage: block.stage.clone() });
    }
    let from = &rules.stage.from;
    if !from.is_empty() && !from.iter().any(|stage| has_passed(state, stage, request.snapshot)) {
        found.push(Obstacle::NotFrom { stages: from.clone() });
    }
    if !rules.stage.certificate {
        return (found, None);
    }
    let Some(row) = state.certificates.get(&request.snapshot) else {
        found.push(Obstacle::NoCertificate);
        return (found, None);
    };
    let certificate = row.certificate;
    if !row.verdict.counts() {
        found.push(Obstacle::Verdict { certificate, verdict: row.verdict });
    }
    if row.verdict == Verdict::Waived {
        found.extend(flawed_waivers(state, row, &rules.stage, request.now));
    }
    let at = expires(row, &rules.stage);
    if at <= request.now {
        found.push(Obstacle::Expired { certificate, at });
    }
    if row.proposed || rules.policy.is_some_and(|policy| policy != row.policy) {
        found.push(Obstacle::OtherRules { certificate });
    }
    let baseline: Option<EventRef> = state.occupant(&row.stage).map(|o| o.event);
    if baseline != row.baseline_event || was_held_since(state, row) {
        found.push(Obstacle::Stale {
            certificate,
            stage: row.stage.clone(),
            certified: row.baseline.and_then(|id| state.version_of(id)).map(|v| v.version),
            now: state.occupant(&row.stage).map(|o| o.version),
        });
    }
    let since = since(state, row);
    if !since.is_empty() {
        found.push(Obstacle::Outdated { certificate, since });
    }
    (found, Some(certificate))
}
