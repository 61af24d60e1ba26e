//! Which approvals count, and which are missing: for a version that is to hold a stage, and for rules that are to be in force.

use std::collections::{BTreeMap, BTreeSet};

use super::{SignatureFlaw, Signers};
use crate::digest::Digest;
use crate::format::certificate::{CertificateRecord, StatementRecord, Verdict};
use crate::format::checkpoint::{ApprovalRow, CertificateRow};
use crate::format::event::{ActorRecord, EventBody, RulesRecord, StageRulesRecord, SubjectRecord};
use crate::format::signoff::{APPROVAL, ApprovalRecord};
use crate::id::{CertificateId, SnapshotId};
use crate::name::StageName;
use crate::ops::{VerbError, signoffs};
use crate::registry::State;
use crate::registry::promote::{ApprovalFlaw, Obstacle, RejectedApproval};
use crate::registry::quorum::{Voice, quorum};
use crate::repository::Repository;
use crate::signature::sshsig::SshSignature;

/// How far approvals go.
#[derive(Debug, Clone, Default)]
pub(in crate::ops) struct Counted {
    /// Those that count.
    pub approvals: Vec<ApprovalRow>,
    /// Each role that lacks some.
    pub missing: Vec<Obstacle>,
}

/// An approval of a version, and what became of it.
#[derive(Debug, Clone)]
pub struct GivenApproval {
    /// As the journal tells.
    pub row: ApprovalRow,
    /// What was said; none: nothing, or it cannot be read any more.
    pub text: Option<String>,
    /// Why it does not count now; none: it does, for a stage that asks for it.
    pub flaw: Option<ApprovalFlaw>,
}

/// Counts the approvals of a version for a stage, by the rules in force or those that it would be promoted under.
pub(in crate::ops) fn of_version(
    repository: &Repository,
    state: &State,
    snapshot: SnapshotId,
    stage: &StageName,
    proposed: &RulesRecord,
) -> Result<Counted, VerbError> {
    let rules = signoffs::counting(state, stage, proposed);
    if rules.approvals.is_empty() {
        return Ok(Counted::default());
    }
    let signers = Signers::today(repository, (&state.model, stage), rules)?;
    let authors = authors(repository, state, snapshot)?;
    let scales = Scales { repository, state, stage, rules, signers, authors, after: 0 };
    let is_it =
        |row: &&ApprovalRow| matches!(row.subject, SubjectRecord::Version { snapshot: of, .. } if of == snapshot);
    scales.count(state.approvals.iter().filter(is_it))
}

/// Counts the approvals of rules, by those in force.
pub(in crate::ops) fn of_rules(
    repository: &Repository,
    state: &State,
    stage: &StageName,
    (in_force, new): (&StageRulesRecord, Digest),
) -> Result<Counted, VerbError> {
    if in_force.approvals.is_empty() {
        return Ok(Counted::default());
    }
    let signers = Signers::by_rules(repository, (&state.model, stage), in_force)?;
    let after = used_up_to(repository, state, stage, &SubjectRecord::Rules(new))?;
    let scales = Scales { repository, state, stage, rules: in_force, signers, authors: Vec::new(), after };
    scales.count(state.approvals.iter().filter(|row| row.subject == SubjectRecord::Rules(new)))
}

/// Every approval of a version, for any stage, the oldest first. One that cannot be judged any more does not count, and says why.
pub(in crate::ops) fn given(repository: &Repository, state: &State, snapshot: SnapshotId) -> Vec<GivenApproval> {
    let is_it =
        |row: &&ApprovalRow| matches!(row.subject, SubjectRecord::Version { snapshot: of, .. } if of == snapshot);
    let judged = |row: &ApprovalRow| -> Result<Option<ApprovalFlaw>, VerbError> {
        let rules = crate::ops::waive::rules_of(repository, state, &row.stage)?;
        let signers = Signers::today(repository, (&state.model, &row.stage), &rules)?;
        let authors = authors(repository, state, snapshot)?;
        Scales { repository, state, stage: &row.stage, rules: &rules, signers, authors, after: 0 }.flaw(row)
    };
    let rows = state.approvals.iter().filter(is_it);
    rows.map(|row| GivenApproval {
        row: row.clone(),
        text: statement(repository, row).and_then(|(_, statement)| statement.text),
        flaw: judged(row).unwrap_or_else(|error| Some(ApprovalFlaw::Signature { reason: crate::ops::chain(&error) })),
    })
    .collect()
}

/// The approvals by which a version holds, or held, a stage.
pub(in crate::ops) fn named(state: &State, seqs: &[u64]) -> Vec<ApprovalRow> {
    seqs.iter().filter_map(|seq| state.approval(*seq)).cloned().collect()
}

/// The event up to which approvals of something have been used. Rules that were in force, and are to be again, take new ones; a
/// version takes its own with it. Only what came after the first approval of them is read.
pub(in crate::ops) fn used_up_to(
    repository: &Repository,
    state: &State,
    stage: &StageName,
    subject: &SubjectRecord,
) -> Result<u64, VerbError> {
    let given = state.approvals.iter().filter(|row| row.subject == *subject && row.stage == *stage);
    let (SubjectRecord::Rules(_), Some(first)) = (subject, given.map(|row| row.event.seq).min()) else { return Ok(0) };
    for seq in (first + 1..=state.seq()).rev() {
        let event = repository.registry().event(&state.model, seq)?.and_then(|file| file.event.ok());
        let changed = match event.map(|event| event.body) {
            Some(EventBody::Adopt { stage: of, .. } | EventBody::Promote { stage: of, adopts: Some(_), .. }) => {
                of == *stage
            }
            _ => false,
        };
        if changed {
            return Ok(seq);
        }
    }
    Ok(0)
}

/// Whether somebody has made this very statement before, and it was withdrawn or has been used.
pub(in crate::ops) fn said_in_vain<'r>(
    mut approvals: impl Iterator<Item = &'r ApprovalRow>,
    person: &str,
    statement: Digest,
    used_up_to: u64,
) -> bool {
    approvals.any(|row| {
        row.statement == statement
            && row.person.eq_ignore_ascii_case(person)
            && (row.withdrawn.is_some() || row.event.seq <= used_up_to)
    })
}

/// Who took a snapshot, under any of its numbers; of an imported one whoever its bundle's journal says did, and who imported it.
pub(in crate::ops) fn authors(
    repository: &Repository,
    state: &State,
    snapshot: SnapshotId,
) -> Result<Vec<ActorRecord>, VerbError> {
    let mut authors = Vec::new();
    for row in state.versions.iter().filter(|row| row.snapshot == snapshot) {
        let event = repository.registry().event(&state.model, row.seq)?.and_then(|file| file.event.ok());
        let Some(event) = event else {
            authors.push(ActorRecord::default());
            continue;
        };
        authors.push(event.actor);
        match event.body {
            EventBody::Import { origin, .. } if origin.authors.is_empty() => authors.push(ActorRecord::default()),
            EventBody::Import { origin, .. } => authors.extend(origin.authors),
            _ => {}
        }
    }
    Ok(authors)
}

/// What somebody is to a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ops) enum Authorship {
    /// They took it.
    Own,
    /// Of somebody who took it nothing is known: it may have been them.
    Unknown,
    /// Others took it.
    Others,
}

/// Whether somebody is one of the authors: by address, and by name where an author has none. A job of a CI system is nobody.
pub(in crate::ops) fn authorship(authors: &[ActorRecord], email: &str, name: Option<&str>) -> Authorship {
    let is_own = |author: &ActorRecord| match &author.email {
        Some(address) => address.trim().eq_ignore_ascii_case(email.trim()),
        None => author.name.is_some() && author.name.as_deref() == name,
    };
    // Any shell may say that it is in CI; a system that names itself says more.
    let is_ci = |author: &ActorRecord| author.ci.as_ref().is_some_and(|ci| ci.provider != "unknown");
    let is_unknown = |author: &ActorRecord| author.email.is_none() && author.name.is_none() && !is_ci(author);
    match authors {
        authors if authors.iter().any(is_own) => Authorship::Own,
        authors if authors.iter().any(is_unknown) => Authorship::Unknown,
        _ => Authorship::Others,
    }
}

/// What approvals for one stage are judged by.
struct Scales<'a> {
    repository: &'a Repository,
    state: &'a State,
    stage: &'a StageName,
    rules: &'a StageRulesRecord,
    signers: Option<Signers>,
    authors: Vec<ActorRecord>,
    /// Approvals up to this event have been used.
    after: u64,
}

impl Scales<'_> {
    fn count<'r>(&self, rows: impl Iterator<Item = &'r ApprovalRow>) -> Result<Counted, VerbError> {
        let rows = rows.filter(|row| row.stage == *self.stage && row.withdrawn.is_none());
        let (mut good, mut rejected) = (Vec::new(), Vec::new());
        for row in rows {
            match self.flaw(row)? {
                None => good.push(row),
                Some(flaw) => rejected.push((row, flaw)),
            }
        }
        let mut owners: BTreeMap<String, &str> = BTreeMap::new();
        good.retain(|row: &&ApprovalRow| {
            let Some(key) = key_of(self.repository, row).filter(|_| self.signers.is_some()) else { return true };
            let of = *owners.entry(key).or_insert(&row.person);
            let is_theirs = of.eq_ignore_ascii_case(&row.person);
            if !is_theirs {
                rejected.push((*row, ApprovalFlaw::SameKey { of: of.to_owned() }));
            }
            is_theirs
        });
        let voice =
            |row: &&ApprovalRow| Voice { seq: row.event.seq, role: row.role.clone(), person: row.person.clone() };
        let quorum = quorum(&self.rules.approvals, &good.iter().map(voice).collect::<Vec<_>>());
        let (counted, left): (Vec<_>, Vec<_>) =
            good.into_iter().partition(|row| quorum.counted.contains(&row.event.seq));
        let busy: BTreeSet<String> = counted.iter().map(|row| row.person.to_lowercase()).collect();
        rejected.extend(left.into_iter().map(|row| (row, ApprovalFlaw::Elsewhere)));
        let missing = quorum.missing.into_iter().map(|(role, missing)| {
            let may = |person: &&String| {
                !busy.contains(&person.to_lowercase()) && self.authorship(person, None) == Authorship::Others
            };
            let people = self.rules.people.get(&role).into_iter().flatten().filter(may).cloned().collect();
            // Who fills the role by another approval needs no word about this one.
            let fills = |person: &str| counted.iter().any(|row| row.role == role && row.person == person);
            let of_role = rejected.iter().filter(|(row, _)| row.role == role && !fills(&row.person));
            let of_role = of_role.map(|(row, flaw)| RejectedApproval {
                person: row.person.clone(),
                event: row.event,
                flaw: flaw.clone(),
            });
            let needed = self.rules.approvals.get(&role).copied().unwrap_or_default();
            let (rejected, signed) = (of_role.collect(), self.signers.is_some());
            Obstacle::Approvals { role, needed, missing, people, rejected, signed }
        });
        let missing = missing.collect();
        Ok(Counted { approvals: counted.into_iter().cloned().collect(), missing })
    }

    /// Why an approval does not count by itself.
    fn flaw(&self, row: &ApprovalRow) -> Result<Option<ApprovalFlaw>, VerbError> {
        if row.withdrawn.is_some() {
            return Ok(Some(ApprovalFlaw::Withdrawn));
        }
        if row.event.seq <= self.after {
            return Ok(Some(ApprovalFlaw::Used));
        }
        let has_role = self.rules.people.get(&row.role).is_some_and(|people| has(people, &row.person));
        if !has_role || !self.rules.approvals.contains_key(&row.role) {
            return Ok(Some(ApprovalFlaw::NotInRole));
        }
        if let SubjectRecord::Version { snapshot, .. } = row.subject {
            let event = self.repository.registry().event(&self.state.model, row.event.seq)?;
            // Whoever handed in a signature that somebody else made is not the one who approved.
            let is_theirs =
                |actor: &ActorRecord| actor.email.as_ref().is_some_and(|email| email.eq_ignore_ascii_case(&row.person));
            let actor = event.and_then(|file| file.event.ok()).map(|event| event.actor).filter(is_theirs);
            let name = actor.and_then(|actor| actor.name);
            match self.authorship(&row.person, name.as_deref()) {
                Authorship::Own => return Ok(Some(ApprovalFlaw::Own)),
                Authorship::Unknown => return Ok(Some(ApprovalFlaw::AuthorUnknown)),
                Authorship::Others => {}
            }
            let newest = self.state.certificates.get(&snapshot);
            if self.rules.certificate && !self.holds(row.certificate, newest) {
                return Ok(Some(ApprovalFlaw::Lapsed { certificate: row.certificate }));
            }
        }
        let Some(signers) = &self.signers else { return Ok(None) };
        let before = self.state.approvals.iter().filter(|older| older.event.seq < row.event.seq);
        if said_in_vain(before, &row.person, row.statement, self.after) {
            return Ok(Some(ApprovalFlaw::Again));
        }
        let Some((bytes, _)) = statement(self.repository, row).filter(|(_, statement)| self.is_of(statement, row))
        else {
            let reason = "its statement is not there, or says something else than the event".to_owned();
            return Ok(Some(ApprovalFlaw::Signature { reason }));
        };
        let flaw = signers.check(self.repository, Some(&row.person), &bytes, row.signature, row.time)?;
        if flaw.is_none() && !self.rules.self_approval && self.is_of_author(signers, row) {
            return Ok(Some(ApprovalFlaw::Own));
        }
        Ok(flaw.map(|flaw| match flaw {
            SignatureFlaw::Missing => ApprovalFlaw::Unsigned,
            SignatureFlaw::Bad(reason) => ApprovalFlaw::Signature { reason },
        }))
    }

    /// Whether the key is an author's, too: one key is one person, whatever a list of signers says.
    fn is_of_author(&self, signers: &Signers, row: &ApprovalRow) -> bool {
        let bytes = row.signature.and_then(|signature| self.repository.store().record(signature).ok());
        let Some(signature) = bytes.and_then(|bytes| SshSignature::read(&bytes).ok()) else { return false };
        let addresses = self.authors.iter().filter_map(|author| author.email.as_deref());
        let others = addresses.filter(|address| !address.eq_ignore_ascii_case(&row.person));
        others.into_iter().any(|address| signers.allow(address, &signature, row.time).is_ok())
    }

    fn authorship(&self, person: &str, name: Option<&str>) -> Authorship {
        if self.rules.self_approval { Authorship::Others } else { authorship(&self.authors, person, name) }
    }

    /// Whether the certificate that was relied on is in force, or was followed by one that says PASS by the same rules.
    fn holds(&self, relied_on: Option<CertificateId>, newest: Option<&CertificateRow>) -> bool {
        let Some((relied_on, newest)) = relied_on.zip(newest) else { return false };
        relied_on == newest.certificate
            || newest.verdict == Verdict::Pass && !newest.proposed && self.says_as_much(relied_on, newest)
    }

    /// Whether what was relied on was judged by the same rules, and was compared with nothing where the newest is: whoever relied on a
    /// comparison, or on that nothing had ever been released, has not excused that there is none.
    fn says_as_much(&self, relied_on: CertificateId, newest: &CertificateRow) -> bool {
        let Some(before) = self.predicate(relied_on).filter(|before| before.policy_sha256 == newest.policy) else {
            return false;
        };
        let same = |now: CertificateRecord| {
            before.baseline.snapshot.is_none() && before.baseline.retired == now.baseline.retired
        };
        newest.baseline_event.is_some() || self.predicate(newest.certificate).is_some_and(same)
    }

    fn predicate(&self, certificate: CertificateId) -> Option<CertificateRecord> {
        let bytes = self.repository.store().record(certificate.digest()).ok()?;
        Some(StatementRecord::decode(&bytes).ok()?.predicate)
    }

    /// Whether a statement says what the event does.
    fn is_of(&self, statement: &ApprovalRecord, row: &ApprovalRow) -> bool {
        let said = ApprovalRecord {
            format: APPROVAL.to_owned(),
            repository: self.repository.store().repository().to_owned(),
            model: self.state.first_name.clone(),
            snapshot: None,
            rules: None,
            certificate: row.certificate,
            stage: row.stage.clone(),
            role: row.role.clone(),
            text: statement.text.clone(),
        };
        *statement == said.of(&row.subject)
    }
}

/// The fingerprint of the key that an approval was signed with.
pub(in crate::ops) fn key_of(repository: &Repository, row: &ApprovalRow) -> Option<String> {
    let bytes = repository.store().record(row.signature?).ok()?;
    SshSignature::read(&bytes).ok().map(|signature| signature.key().fingerprint())
}

/// The bytes that were signed, and what they say.
fn statement(repository: &Repository, row: &ApprovalRow) -> Option<(Vec<u8>, ApprovalRecord)> {
    let bytes = repository.store().record(row.statement).ok()?;
    let statement = ApprovalRecord::decode(&bytes).ok()?;
    Some((bytes, statement))
}

/// Whether a person is one of these.
pub(in crate::ops) fn has(people: &[String], person: &str) -> bool {
    people.iter().any(|one| one.eq_ignore_ascii_case(person))
}
