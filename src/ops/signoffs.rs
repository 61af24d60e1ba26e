//! Whether signatures on stored statements are good: by the signers that rules in force name, as of the time the event was written, and
//! still by those that the project names today. A key is revoked by taking its line out of the project's file.

pub(super) mod agent;
pub mod approvals;
pub(super) mod first_release;
pub(super) mod signers;
pub(super) mod ssh_keygen;

use self::approvals::Authorship;
use self::signers::SignersFile;
use super::{VerbError, rules};
use crate::clock::Time;
use crate::digest::Digest;
use crate::format::allowed_signers::SignerFlaw;
use crate::format::certificate::Verdict;
use crate::format::checkpoint::WaiverRow;
use crate::format::event::{EventBody, RulesRecord, StageRulesRecord, SubjectRecord};
use crate::format::signoff::{NAMESPACE, WAIVER, WaiverStatement};
use crate::id::{CertificateId, SnapshotId};
use crate::name::{ModelName, StageName};
use crate::registry::State;
use crate::registry::promote::{Obstacle, WaiverFlaw};
use crate::repository::Repository;
use crate::signature::ssh::SshKey;
use crate::signature::sshsig::SshSignature;
use crate::store::StoreError;

/// Stores a statement, and what it was signed with.
pub(super) fn store(
    repository: &Repository,
    statement: &[u8],
    signature: Option<&SshSignature>,
) -> Result<(), VerbError> {
    let mut writer = repository.store().writer();
    writer.put_record(statement)?;
    if let Some(signature) = signature {
        writer.put_record(signature.armoured().as_bytes())?;
    }
    writer.finish()?;
    Ok(())
}

/// Whose keys count for a stage.
#[derive(Debug, Clone)]
pub(super) struct Signers {
    by_rules: SignersFile,
    /// As the project names them today.
    today: Option<SignersFile>,
}

/// Why a signature does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SignatureFlaw {
    /// There is none.
    Missing,
    /// It is not good.
    Bad(String),
}

impl SignatureFlaw {
    pub(super) fn words(self) -> String {
        match self {
            Self::Missing => "it is not signed".to_owned(),
            Self::Bad(reason) => reason,
        }
    }
}

impl Signers {
    /// By the rules alone: how rules change that name a lost key is for those to say who are named in them.
    pub(super) fn by_rules(
        repository: &Repository,
        whose: (&ModelName, &StageName),
        rules: &StageRulesRecord,
    ) -> Result<Option<Self>, VerbError> {
        let file = rules.signers.map(|sha256| signers::of_rules(repository, whose, sha256)).transpose()?;
        Ok(file.map(|by_rules| Self { by_rules, today: None }))
    }

    /// By the rules, but for those that the project does not name any more.
    pub(super) fn today(
        repository: &Repository,
        whose: (&ModelName, &StageName),
        rules: &StageRulesRecord,
    ) -> Result<Option<Self>, VerbError> {
        let Some(signers) = Self::by_rules(repository, whose, rules)? else { return Ok(None) };
        let today = signers::stated(repository, whose.0, whose.1)?;
        let today = today.filter(|file| file.sha256 != signers.by_rules.sha256);
        Ok(Some(Self { today, ..signers }))
    }

    /// Whether a signature is good, by somebody who may.
    pub(super) fn allow(&self, person: &str, signature: &SshSignature, time: Time) -> Result<(), SignersError> {
        self.by_rules.allows(person, signature.key(), time).map_err(SignersError::Rules)?;
        self.today
            .as_ref()
            .map_or(Ok(()), |file| file.allows(person, signature.key(), time))
            .map_err(SignersError::Today)
    }

    /// Whether this person may sign with this key.
    pub(super) fn allow_key(&self, person: &str, key: &SshKey, time: Time) -> bool {
        let files = [Some(&self.by_rules), self.today.as_ref()];
        files.into_iter().flatten().all(|file| file.allows(person, key, time).is_ok())
    }

    /// Whether the stored signature of a statement is good, by this person.
    pub(super) fn check(
        &self,
        repository: &Repository,
        person: Option<&str>,
        statement: &[u8],
        signature: Option<Digest>,
        time: Time,
    ) -> Result<Option<SignatureFlaw>, VerbError> {
        let Some(signature) = signature else { return Ok(Some(SignatureFlaw::Missing)) };
        let bytes = match repository.store().record(signature) {
            Ok(bytes) => bytes,
            Err(error @ StoreError::Backend(_)) => return Err(error.into()),
            Err(error) => return Ok(Some(SignatureFlaw::Bad(super::chain(&error)))),
        };
        let good = SshSignature::read(&bytes).and_then(|read| read.check(NAMESPACE, statement).map(|()| read));
        let bad = match good {
            Err(error) => Some(super::chain(&error)),
            Ok(good) => match self.allow(person.unwrap_or_default(), &good, time) {
                Ok(()) => None,
                Err(flaw) => Some(format!("{}: {flaw}", good.key().fingerprint())),
            },
        };
        Ok(bad.map(SignatureFlaw::Bad))
    }
}

/// Which file does not allow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum SignersError {
    /// That of the rules.
    #[error(transparent)]
    Rules(SignerFlaw),
    /// That which the project names today.
    #[error("revoked: {0}")]
    Today(SignerFlaw),
}

impl SignersError {
    pub(super) const fn flaw(self) -> SignerFlaw {
        match self {
            Self::Rules(flaw) | Self::Today(flaw) => flaw,
        }
    }
}

/// The certificate that an event waives a rule of. Checkpoints do not hold it.
pub(super) fn given_for(repository: &Repository, state: &State, seq: u64) -> Result<Option<CertificateId>, VerbError> {
    Ok(match repository.registry().event(&state.model, seq)?.map(|file| file.event) {
        Some(Ok(event)) => match event.body {
            EventBody::Waive { certificate, .. } => certificate,
            _ => None,
        },
        _ => None,
    })
}

/// The statement of a waiver, as it was to be signed.
pub(super) fn waiver(repository: &Repository, state: &State, row: &WaiverRow) -> Result<Vec<u8>, VerbError> {
    let statement = WaiverStatement {
        format: WAIVER.to_owned(),
        certificate: given_for(repository, state, row.event.seq)?,
        repository: repository.store().repository().to_owned(),
        model: state.first_name.clone(),
        snapshot: row.snapshot,
        rule: row.rule.clone(),
        reason: row.reason.clone(),
        expires: row.expires,
    };
    let unwritten = |source| VerbError::Record { kind: "waiver", id: row.event.seq.to_string(), source };
    statement.encode().map_err(unwritten)
}

/// Why the word of somebody does not count who excuses a version, as far as that is their own: nobody excuses what they made.
pub(super) fn own_flaw(
    repository: &Repository,
    state: &State,
    snapshot: SnapshotId,
    (email, name): (Option<&str>, Option<&str>),
    rules: &StageRulesRecord,
) -> Result<Option<WaiverFlaw>, VerbError> {
    if rules.self_approval {
        return Ok(None);
    }
    let authors = approvals::authors(repository, state, snapshot)?;
    Ok(match approvals::authorship(&authors, email.unwrap_or_default(), name) {
        Authorship::Own => Some(WaiverFlaw::Own { known: true }),
        Authorship::Unknown => Some(WaiverFlaw::Own { known: false }),
        Authorship::Others => None,
    })
}

/// Why a waiver by somebody who may does not count for a stage; none: it does.
pub(super) fn waiver_flaw(
    repository: &Repository,
    state: &State,
    row: &WaiverRow,
    (rules, signers): (&StageRulesRecord, Option<&Signers>),
) -> Result<Option<WaiverFlaw>, VerbError> {
    let by = (row.email.as_deref(), row.actor.as_deref());
    if let Some(own) = own_flaw(repository, state, row.snapshot, by, rules)? {
        return Ok(Some(own));
    }
    let unsigned = |flaw: SignatureFlaw| WaiverFlaw::Unsigned { reason: flaw.words() };
    Ok(signers.map(|signers| signed_flaw(repository, state, row, signers)).transpose()?.flatten().map(unsigned))
}

/// In words, what [`waiver_flaw`] says.
pub(super) fn words(flaw: &WaiverFlaw) -> String {
    match flaw {
        WaiverFlaw::Unsigned { reason } => reason.clone(),
        WaiverFlaw::Own { known: true } => "they took the snapshot, and nobody excuses their own".to_owned(),
        WaiverFlaw::Own { known: false } => {
            "who took the snapshot is not known, and nobody excuses their own".to_owned()
        }
        WaiverFlaw::NotAllowed { .. } | WaiverFlaw::Expired { .. } | WaiverFlaw::Superseded => {
            "it counts no more".to_owned()
        }
    }
}

/// Why a waiver's signature does not count.
fn signed_flaw(
    repository: &Repository,
    state: &State,
    row: &WaiverRow,
    signers: &Signers,
) -> Result<Option<SignatureFlaw>, VerbError> {
    if was_replaced(state, (row.snapshot, &row.rule), (&row.reason, row.expires), row.event.seq) {
        let reason = "the same statement was signed before, and another took its place".to_owned();
        return Ok(Some(SignatureFlaw::Bad(reason)));
    }
    let email = row.email.as_ref().map(|email| email.to_lowercase());
    signers.check(repository, email.as_deref(), &waiver(repository, state, row)?, row.signature, row.time)
}

/// Whether a waiver, before some event, said the same and was replaced: whoever has its signature could hand it in once more.
pub(super) fn was_replaced(
    state: &State,
    (snapshot, rule): (SnapshotId, &str),
    (reason, expires): (&str, Time),
    before: u64,
) -> bool {
    let says_so = |other: &&WaiverRow| other.reason == reason && other.expires == expires;
    let of_rule = state.waivers_of(snapshot).filter(|other| other.rule == rule && other.event.seq < before);
    of_rule.skip_while(|other| !says_so(other)).any(|other| !says_so(&other))
}

/// The waivers of a version's certificate that do not count for a stage, although whoever gave them may waive: not signed, or their own.
pub(super) fn uncounted_waivers(
    repository: &Repository,
    state: &State,
    snapshot: SnapshotId,
    stage: &StageName,
    rules: &StageRulesRecord,
) -> Result<Vec<Obstacle>, VerbError> {
    let row = state.certificates.get(&snapshot).filter(|row| rules.certificate && row.verdict == Verdict::Waived);
    let Some(row) = row else { return Ok(Vec::new()) };
    let signers = Signers::today(repository, (&state.model, stage), rules)?;
    let mut found = Vec::new();
    let given = row.waivers.iter().filter_map(|seq| state.waiver(*seq));
    for waiver in given.filter(|waiver| rules.may_waive(waiver.email.as_deref())) {
        if let Some(flaw) = waiver_flaw(repository, state, waiver, (rules, signers.as_ref()))? {
            let (certificate, rule) = (row.certificate, waiver.rule.clone());
            found.push(Obstacle::Waiver { certificate, rule, flaw });
        }
    }
    Ok(found)
}

/// A record that a sign-off rests on: what it is, and the version that it is about.
pub(super) type Rested = (Digest, &'static str, Option<SnapshotId>);

/// Every record that sign-offs of a model rest on.
pub(super) fn records(repository: &Repository, state: &State) -> Result<Vec<Rested>, VerbError> {
    let mut found = Vec::new();
    for row in &state.approvals {
        let about = match row.subject {
            SubjectRecord::Version { snapshot, .. } => Some(snapshot),
            SubjectRecord::Rules(_) => None,
        };
        found.push((row.statement, "statement", about));
        found.extend(row.signature.map(|signature| (signature, "signature", about)));
    }
    for row in &state.waivers {
        if let Some(signature) = row.signature {
            found.push((Digest::of(&waiver(repository, state, row)?), "statement", Some(row.snapshot)));
            found.push((signature, "signature", Some(row.snapshot)));
        }
    }
    let rules = state.stages.values().filter_map(|row| row.rules.as_ref()?.stage.signers);
    found.extend(rules.map(|signers| (signers, "list of signers", None)));
    Ok(found)
}

/// The rules that count for a stage: those in force, else those that the project states.
pub(super) fn counting<'s>(state: &'s State, stage: &StageName, proposed: &'s RulesRecord) -> &'s StageRulesRecord {
    &rules::in_force(state, stage, proposed).unwrap_or(proposed).stage
}
