//! `approve`: somebody agrees that a version holds a stage, or that other rules are in force.
//!
//! Without `signers` in the rules, who says so is who git says it is: nothing proves it.

mod asks;

use std::time::Duration;

pub use self::asks::Subject;
pub(super) use self::asks::{look, same};
pub use super::signoffs::ssh_keygen::PATIENCE;

use self::asks::{Again, Asks};
use super::signoffs;
use super::signoffs::ssh_keygen::SignWith;
use super::signoffs::{Signers, SignersError};
use super::{ApprovalError, Asked, MadeEvent, VerbError, check_text};
use crate::clock::Time;
use crate::digest::Digest;
use crate::format::allowed_signers::SignerFlaw;
use crate::format::checkpoint::ApprovalRow;
use crate::format::event::{ActorRecord, EventBody, SubjectRecord};
use crate::format::signoff::NAMESPACE;
use crate::id::CertificateId;
use crate::name::{ModelName, StageName};
use crate::progress::Progress;
use crate::registry::Decision;
use crate::repository::Repository;
use crate::signature::ssh::SshKey;
use crate::signature::sshsig::SshSignature;
use crate::store::Lock;

/// What to approve.
#[derive(Debug, Clone)]
pub struct ApproveOptions {
    /// With what somebody agrees.
    pub subject: Subject,
    /// For which stage; none: the only one, else `production`.
    pub stage: Option<StageName>,
    /// In which role; none: the only one that is asked for.
    pub role: Option<String>,
    /// What there is to say.
    pub text: Option<String>,
    /// Where the signature comes from.
    pub sign: SignWith,
    /// How long the program that signs may take.
    pub patience: Duration,
    /// Goes as far as the statement, which is to be signed elsewhere.
    pub statement_only: bool,
    /// Finds out, writes nothing.
    pub dry_run: bool,
}

/// How it came out.
#[derive(Debug, Clone)]
pub struct ApproveReport {
    /// The model.
    pub model: ModelName,
    /// What is approved.
    pub subject: SubjectRecord,
    /// The stage.
    pub stage: StageName,
    /// The role.
    pub role: String,
    /// Whose approval it is; none: whoever signs will say.
    pub person: Option<String>,
    /// The certificate that is relied on.
    pub certificate: Option<CertificateId>,
    /// The bytes to be signed.
    pub statement: String,
    /// Their SHA-256.
    pub sha256: Digest,
    /// The stored signature.
    pub signature: Option<Digest>,
    /// The fingerprint of the key it was made with.
    pub key: Option<String>,
    /// Whether that was said already.
    pub unchanged: bool,
    /// The event.
    pub event: Option<MadeEvent>,
    /// Whether nothing was written.
    pub dry_run: bool,
}

/// Approves. What a program says that signs is handed to `output`.
///
/// # Errors
///
/// An [`ApprovalError`] if it would not count, or another [`VerbError`].
pub fn approve(
    repository: &Repository,
    options: &ApproveOptions,
    progress: &dyn Progress,
    output: &mut dyn FnMut(&[u8]),
) -> Result<ApproveReport, VerbError> {
    check_text("the text", options.text.as_deref())?;
    let actor = Asked::begin(repository);
    let _held = repository.store().hold(Lock::Shared, progress)?;
    let asks = Asks::find(repository, &options.subject, options.stage.as_ref(), options.role.as_deref())?;
    check_certified(&asks)?;
    let statement = asks.statement(repository, options.text.clone());
    let unwritten = |source| VerbError::Record { kind: "approval", id: String::new(), source };
    let bytes = statement.encode().map_err(unwritten)?;
    let mut report = ApproveReport {
        model: asks.state.model.clone(),
        subject: asks.subject,
        stage: asks.stage.clone(),
        role: asks.role.clone(),
        person: None,
        certificate: asks.certificate,
        statement: String::from_utf8_lossy(&bytes).into_owned(),
        sha256: Digest::of(&bytes),
        signature: None,
        key: None,
        unchanged: false,
        event: None,
        dry_run: options.dry_run,
    };
    if options.statement_only {
        return Ok(report);
    }
    let actor = actor.answer();
    let signers = asks.signers(repository)?;
    let now = repository.registry().now_in(&asks.state);
    let mut signature = match &options.sign {
        SignWith::File(path) => Some(signoffs::ssh_keygen::read(path)?),
        _ => None,
    };
    let is_signing = options.sign.signs() && signature.is_none();
    if signature.is_none() {
        // Nobody is asked for a passphrase to say what they have said.
        let again = Again { text: options.text.is_some(), signed: is_signing, sha256: report.sha256 };
        if let Some(email) = actor.email.as_deref().filter(|email| asks.is_in_role(email))
            && let Some(row) = asks.said(repository, signers.as_ref(), email, again)?
        {
            report.tell(&row);
            return Ok(report);
        }
        if signers.is_some() && !is_signing {
            return Err(ApprovalError::Unsigned { stage: asks.stage }.into());
        }
        if !is_signing || options.dry_run {
            let person = asks.check_person(repository, &actor, actor.email.as_deref())?;
            report.person = Some(person);
        }
        if is_signing && !options.dry_run {
            let may_sign = |key: &SshKey| may_sign(&asks, &actor, signers.as_ref(), key, now);
            let with = signoffs::agent::for_git_key(repository, &options.sign, &may_sign);
            signature = Some(signoffs::ssh_keygen::sign(repository, &with, &bytes, options.patience, output)?);
        }
    }
    if let Some(signature) = &signature {
        signature.check(NAMESPACE, &bytes).map_err(|source| ApprovalError::Signature { source })?;
        report.key = Some(signature.key().fingerprint());
        report.signature = Some(Digest::of(signature.armoured().as_bytes()));
        let whose = whose(&asks, &actor, signers.as_ref(), signature, now)?;
        let person = asks.check_person(repository, &actor, whose.as_deref())?;
        let again = Again { text: options.text.is_some(), signed: true, sha256: report.sha256 };
        if let Some(row) = asks.said(repository, signers.as_ref(), &person, again)? {
            report.tell(&row);
            return Ok(report);
        }
        if signers.is_some() {
            asks.check_new(repository, &person, report.sha256)?;
            asks.check_key(repository, &person, signature)?;
        }
        report.person = Some(person);
    }
    if !options.dry_run {
        keep(repository, &asks, &actor, options, &mut report, (&bytes, signature.as_ref()))?;
    }
    Ok(report)
}

impl ApproveReport {
    /// That it was said already.
    fn tell(&mut self, row: &ApprovalRow) {
        self.unchanged = true;
        self.person = Some(row.person.clone());
        self.signature = row.signature;
    }
}

/// Stores the statement and the signature, and says so in the journal, unless what it is about has changed.
fn keep(
    repository: &Repository,
    asks: &Asks,
    actor: &ActorRecord,
    options: &ApproveOptions,
    report: &mut ApproveReport,
    (statement, signature): (&[u8], Option<&SshSignature>),
) -> Result<(), VerbError> {
    let Some(person) = report.person.clone() else { return Ok(()) };
    signoffs::store(repository, statement, signature)?;
    let body = EventBody::Approve {
        subject: asks.subject,
        stage: asks.stage.clone(),
        role: asks.role.clone(),
        person: person.clone(),
        certificate: asks.certificate,
        statement: report.sha256,
        signature: report.signature,
    };
    let committed = repository.registry().commit::<bool, VerbError>(&asks.state.model, actor, |state| {
        let asks = Asks::of(repository, state, asks.subject, asks.stage.clone(), Some(&asks.role))?;
        if asks.certificate != report.certificate {
            return Err(ApprovalError::Changed.into());
        }
        asks.check_person(repository, actor, Some(&person))?;
        let signers = asks.signers(repository)?;
        let again = Again { text: options.text.is_some(), signed: signature.is_some(), sha256: report.sha256 };
        let said = asks.said(repository, signers.as_ref(), &person, again)?;
        if said.is_none() && signers.is_some() {
            asks.check_new(repository, &person, report.sha256)?;
            signature.map_or(Ok(()), |signature| asks.check_key(repository, &person, signature))?;
        }
        Ok(if said.is_some() { Decision::Keep(true) } else { Decision::Append(body.clone(), false) })
    })?;
    report.unchanged = committed.outcome;
    report.event = committed.event.map(|(event, record)| MadeEvent { event, time: record.time });
    Ok(())
}

/// Nobody can agree with a version of which nothing was shown, where something must be.
fn check_certified(asks: &Asks) -> Result<(), VerbError> {
    let SubjectRecord::Version { version, snapshot } = asks.subject else { return Ok(()) };
    if !asks.rules.certificate {
        return Ok(());
    }
    let why = match asks.state.certificates.get(&snapshot) {
        None => "there is none".to_owned(),
        Some(row) if row.proposed => "the newest was made by other rules than those in force".to_owned(),
        Some(row) if !row.verdict.counts() => {
            format!("the newest says {}", row.verdict.name())
        }
        Some(_) => return Ok(()),
    };
    Err(ApprovalError::Uncertified { label: format!("{}@{version}", asks.state.model), why }.into())
}

/// Whether an approval that this key signs could count: of whoever asks, if that is known.
fn may_sign(asks: &Asks, actor: &ActorRecord, signers: Option<&Signers>, key: &SshKey, now: Time) -> bool {
    let Some(signers) = signers else { return true };
    let people = asks.rules.people.get(&asks.role).map(Vec::as_slice).unwrap_or_default();
    let asking = actor.email.as_ref().map(|email| email.to_lowercase());
    let mut may = people.iter().filter(|person| asking.as_ref().is_none_or(|asking| asking == *person));
    may.any(|person| signers.allow_key(person, key, now))
}

/// Who signed: whoever asks, if the key is theirs, else the only one with the role whose key it is.
fn whose(
    asks: &Asks,
    actor: &ActorRecord,
    signers: Option<&Signers>,
    signature: &SshSignature,
    now: Time,
) -> Result<Option<String>, VerbError> {
    let Some(signers) = signers else { return Ok(actor.email.clone()) };
    let people = asks.rules.people.get(&asks.role).map(Vec::as_slice).unwrap_or_default();
    let mut may: Vec<String> =
        people.iter().filter(|person| signers.allow(person, signature, now).is_ok()).cloned().collect();
    let fingerprint = signature.key().fingerprint();
    let email = actor.email.as_ref().map(|email| email.to_lowercase());
    match (email.filter(|email| may.contains(email)), may.len()) {
        (Some(email), _) => Ok(Some(email)),
        (None, 1) => Ok(may.pop()),
        (None, 0) => {
            let who = actor.email.as_ref().map(|email| email.to_lowercase());
            let flaw = who.as_deref().and_then(|who| signers.allow(who, signature, now).err());
            let source = flaw.map_or(SignerFlaw::Unknown, SignersError::flaw);
            let role = || format!("anybody in the role {}", asks.role);
            Err(ApprovalError::NotSigner { who: who.unwrap_or_else(role), fingerprint, source }.into())
        }
        (None, _) => Err(ApprovalError::WhichPerson { fingerprint, people: may }.into()),
    }
}
