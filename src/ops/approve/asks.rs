//! What an approval is about: the version or the rules, for which stage, in which role, on which certificate; and who may give it.

use crate::digest::Digest;
use crate::format::checkpoint::ApprovalRow;
use crate::format::event::{ActorRecord, RulesRecord, StageRulesRecord, SubjectRecord};
use crate::format::signoff::{APPROVAL, ApprovalRecord};
use crate::id::{CertificateId, SnapshotId};
use crate::name::{ModelName, StageName};
use crate::ops::policy::{self, PolicyOptions};
use crate::ops::resolve::{self, Found};
use crate::ops::signoffs::approvals::Authorship;
use crate::ops::signoffs::{self, Signers};
use crate::ops::{ApprovalError, VerbError, rules, waive};
use crate::registry::State;
use crate::repository::Repository;
use crate::signature::sshsig::SshSignature;

/// The fewest digits of a digest that say which rules are meant.
const FEWEST_DIGITS: usize = 8;

/// With what somebody agrees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A version, by a revision, seen at a time.
    Version(String, Option<String>),
    /// The rules that the project states, by the first digits of their digest; of a model, or of the only one.
    Rules(String, Option<ModelName>),
}

/// What an approval is about, looked up.
pub(super) struct Asks {
    pub(super) state: State,
    pub(super) subject: SubjectRecord,
    pub(super) stage: StageName,
    /// The rules whose approvals count: of a version those it would be promoted under, of rules those in force.
    pub(super) rules: StageRulesRecord,
    pub(super) role: String,
    pub(super) certificate: Option<CertificateId>,
}

/// What it takes to have said the same.
#[derive(Debug, Clone, Copy)]
pub(super) struct Again {
    /// The same words.
    pub(super) text: bool,
    /// With a signature.
    pub(super) signed: bool,
    /// The statement.
    pub(super) sha256: Digest,
}

/// What is meant, as things are now.
pub(in crate::ops) fn look(
    repository: &Repository,
    subject: &Subject,
    stage: Option<&StageName>,
) -> Result<(State, SubjectRecord, StageName), VerbError> {
    match subject {
        Subject::Version(revision, at) => {
            let found = resolve::revision(repository, revision, at.as_deref())?;
            resolve::kept(repository, &found)?;
            let stage = resolve::stage(repository, &found.state, stage)?;
            let subject = SubjectRecord::Version { version: found.row.version, snapshot: found.snapshot() };
            Ok((found.state, subject, stage))
        }
        Subject::Rules(digits, model) => {
            let model = resolve::model(repository, model.as_ref())?;
            let state = resolve::state(repository, &model)?;
            let stage = resolve::stage(repository, &state, stage)?;
            let options = PolicyOptions { model: Some(model), stage: Some(stage.clone()), policy: None };
            let stated = policy::show(repository, &options)?.stated.map(|rules| rules.sha256);
            let is_meant = |sha256: &Digest| {
                digits.len() >= FEWEST_DIGITS && sha256.to_string().starts_with(&digits.to_lowercase())
            };
            match stated.filter(is_meant) {
                Some(sha256) => Ok((state, SubjectRecord::Rules(sha256), stage)),
                None => {
                    let asked = digits.chars().take(80).collect();
                    Err(ApprovalError::OtherRules { asked, stage, stated }.into())
                }
            }
        }
    }
}

/// The same content under another number is the same version.
pub(in crate::ops) fn same(a: SubjectRecord, b: SubjectRecord) -> bool {
    match (a, b) {
        (SubjectRecord::Version { snapshot: a, .. }, SubjectRecord::Version { snapshot: b, .. }) => a == b,
        (a, b) => a == b,
    }
}

impl Asks {
    pub(super) fn find(
        repository: &Repository,
        subject: &Subject,
        stage: Option<&StageName>,
        role: Option<&str>,
    ) -> Result<Self, VerbError> {
        let (state, subject, stage) = look(repository, subject, stage)?;
        Self::of(repository, &state, subject, stage, role)
    }

    pub(super) fn of(
        repository: &Repository,
        state: &State,
        subject: SubjectRecord,
        stage: StageName,
        role: Option<&str>,
    ) -> Result<Self, VerbError> {
        let rules = match subject {
            SubjectRecord::Version { version, snapshot } => {
                // Of the state that is decided by: it may have been dropped since it was looked up.
                if let Some(row) = state.version(version).filter(|row| row.dropped.is_some()) {
                    resolve::kept(repository, &Found { state: state.clone(), row: *row })?;
                }
                let policy = state.certificates.get(&snapshot).map(|row| row.policy);
                let proposed: RulesRecord = rules::proposed(repository, state, &stage, policy)?;
                signoffs::counting(state, &stage, &proposed).clone()
            }
            // Rules change by those in force, whatever the project states by now.
            SubjectRecord::Rules(_) => match state.stages.get(&stage).and_then(|row| row.rules.as_ref()) {
                Some(in_force) => in_force.stage.clone(),
                None => rules::stated(repository, &state.model, &stage)?,
            },
        };
        let known: Vec<String> = rules.approvals.keys().cloned().collect();
        let role = match (role, known.as_slice()) {
            (_, []) => return Err(ApprovalError::NoneAsked { model: state.model.clone(), stage }.into()),
            (Some(role), known) if !known.iter().any(|one| one == role) => {
                let (model, known) = (state.model.clone(), known.to_vec());
                return Err(ApprovalError::NoRole { model, stage, role: role.chars().take(80).collect(), known }.into());
            }
            (Some(role), _) => role.to_owned(),
            (None, [only]) => only.clone(),
            (None, _) => return Err(ApprovalError::WhichRole { stage, known }.into()),
        };
        let certificate = match subject {
            SubjectRecord::Version { snapshot, .. } => state.certificates.get(&snapshot).map(|row| row.certificate),
            SubjectRecord::Rules(_) => None,
        };
        Ok(Self { state: state.clone(), subject, stage, rules, role, certificate })
    }

    pub(super) fn statement(&self, repository: &Repository, text: Option<String>) -> ApprovalRecord {
        let statement = ApprovalRecord {
            format: APPROVAL.to_owned(),
            repository: repository.store().repository().to_owned(),
            model: self.state.first_name.clone(),
            snapshot: None,
            rules: None,
            certificate: self.certificate,
            stage: self.stage.clone(),
            role: self.role.clone(),
            text,
        };
        statement.of(&self.subject)
    }

    /// Whose keys count.
    pub(super) fn signers(&self, repository: &Repository) -> Result<Option<Signers>, VerbError> {
        let whose = (&self.state.model, &self.stage);
        match self.subject {
            SubjectRecord::Version { .. } => Signers::today(repository, whose, &self.rules),
            SubjectRecord::Rules(_) => Signers::by_rules(repository, whose, &self.rules),
        }
    }

    pub(super) fn is_in_role(&self, email: &str) -> bool {
        self.rules.people.get(&self.role).is_some_and(|people| signoffs::approvals::has(people, email))
    }

    /// The person with this address as the roles name them, if their approval would count.
    pub(super) fn check_person(
        &self,
        repository: &Repository,
        actor: &ActorRecord,
        email: Option<&str>,
    ) -> Result<String, VerbError> {
        let Some(person) = email.filter(|email| self.is_in_role(email)).map(str::to_lowercase) else {
            return Err(ApprovalError::NotInRole {
                who: waive::who(email),
                role: self.role.clone(),
                stage: self.stage.clone(),
                unknown: email.is_none(),
            }
            .into());
        };
        if let SubjectRecord::Version { version, snapshot } = self.subject
            && !self.rules.self_approval
        {
            let (label, stage) = (format!("{}@{version}", self.state.model), self.stage.clone());
            match self.authorship(repository, snapshot, &person, actor)? {
                Authorship::Own => return Err(ApprovalError::Own { who: person, label, stage }.into()),
                Authorship::Unknown => return Err(ApprovalError::AuthorUnknown { label, stage }.into()),
                Authorship::Others => {}
            }
        }
        Ok(person)
    }

    fn authorship(
        &self,
        repository: &Repository,
        snapshot: SnapshotId,
        person: &str,
        actor: &ActorRecord,
    ) -> Result<Authorship, VerbError> {
        let authors = signoffs::approvals::authors(repository, &self.state, snapshot)?;
        // Whoever hands in a signature that somebody else made is not the one who approves.
        let is_theirs = actor.email.as_ref().is_some_and(|email| email.eq_ignore_ascii_case(person));
        Ok(signoffs::approvals::authorship(&authors, person, actor.name.as_deref().filter(|_| is_theirs)))
    }

    /// Refuses a signed statement that somebody has made in vain: whoever has its signature could hand it in once more.
    pub(super) fn check_new(&self, repository: &Repository, person: &str, sha256: Digest) -> Result<(), VerbError> {
        let used = signoffs::approvals::used_up_to(repository, &self.state, &self.stage, &self.subject)?;
        if signoffs::approvals::said_in_vain(self.state.approvals.iter(), person, sha256, used) {
            return Err(ApprovalError::Again { who: person.to_owned() }.into());
        }
        Ok(())
    }

    /// Refuses a key with which somebody else has approved the same: a list of signers may name several people for it, and it is one.
    pub(super) fn check_key(
        &self,
        repository: &Repository,
        person: &str,
        signature: &SshSignature,
    ) -> Result<(), VerbError> {
        let fingerprint = signature.key().fingerprint();
        let others = self.state.approvals.iter().filter(|row| {
            same(row.subject, self.subject)
                && row.stage == self.stage
                && row.certificate == self.certificate
                && row.withdrawn.is_none()
                && !row.person.eq_ignore_ascii_case(person)
        });
        for row in others {
            if signoffs::approvals::key_of(repository, row).as_ref() == Some(&fingerprint) {
                return Err(ApprovalError::SameKey { fingerprint, of: row.person.clone() }.into());
            }
        }
        Ok(())
    }

    /// The newest approval by somebody that says the same and still holds.
    pub(super) fn said(
        &self,
        repository: &Repository,
        signers: Option<&Signers>,
        person: &str,
        again: Again,
    ) -> Result<Option<ApprovalRow>, VerbError> {
        let is_it = |row: &&ApprovalRow| {
            same(row.subject, self.subject)
                && row.stage == self.stage
                && row.role == self.role
                && row.person.eq_ignore_ascii_case(person)
                && row.certificate == self.certificate
                && row.withdrawn.is_none()
                && (!again.text || row.statement == again.sha256)
                && (!again.signed || row.signature.is_some())
        };
        let used = signoffs::approvals::used_up_to(repository, &self.state, &self.stage, &self.subject)?;
        for row in self.state.approvals.iter().rev().filter(is_it).filter(|row| row.event.seq > used) {
            let flaw = match signers {
                None => None,
                Some(signers) => {
                    let statement = repository.store().record(row.statement)?;
                    signers.check(repository, Some(&row.person), &statement, row.signature, row.time)?
                }
            };
            if flaw.is_none() {
                return Ok(Some(row.clone()));
            }
        }
        Ok(None)
    }
}
