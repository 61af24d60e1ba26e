//! `waive`: a rule that a version does not satisfy is excused for a while, by somebody who may. The next certificate says WAIVED.
//!
//! Without `signers` in the rules, who says so is who git says it is: nothing proves it.

use super::resolve::{self, Found};
use super::rules::{self, Policy};
use super::signoffs::ssh_keygen::SignWith;
use super::signoffs::{self, Signers};
use super::{ApprovalError, Asked, CertificationError, MadeEvent, VerbError, check_text, judging};
use crate::certify::{CASES, FIRST_RELEASE, HOLDOUT};
use crate::clock::{Moment, Time};
use crate::digest::Digest;
use crate::format::checkpoint::WaiverRow;
use crate::format::event::{ActorRecord, EventBody, StageRulesRecord};
use crate::format::policy::OnExhausted;
use crate::format::signoff::{NAMESPACE, WAIVER, WaiverStatement};
use crate::id::SnapshotId;
use crate::name::{ModelName, StageName, Version};
use crate::nearest::nearest;
use crate::progress::Progress;
use crate::registry::{Decision, State};
use crate::repository::Repository;
use crate::signature::ssh::SshKey;
use crate::store::Lock;

/// What to waive.
#[derive(Debug, Clone, Default)]
pub struct WaiveOptions {
    /// The version.
    pub revision: String,
    /// The time to see the revision at.
    pub at: Option<String>,
    /// The rule's name in the policy.
    pub rule: String,
    /// Why.
    pub reason: String,
    /// When it stops to count; a bare date is the end of that day in UTC.
    pub expires: String,
    /// Where the signature comes from.
    pub sign: SignWith,
    /// Goes as far as the statement, which is to be signed elsewhere.
    pub statement_only: bool,
    /// Finds out, writes nothing.
    pub dry_run: bool,
}

/// How it came out.
#[derive(Debug, Clone)]
pub struct WaiveReport {
    /// The model.
    pub model: ModelName,
    /// The version.
    pub version: Version,
    /// Its record.
    pub id: SnapshotId,
    /// The rule.
    pub rule: String,
    /// Why.
    pub reason: String,
    /// Who waives it: their address.
    pub approver: String,
    /// When it stops to count.
    pub expires: Time,
    /// The stage whose rules say who may.
    pub stage: StageName,
    /// The bytes to be signed.
    pub statement: String,
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

/// Waives. What a program says that signs is handed to `output`.
pub fn waive(
    repository: &Repository,
    options: &WaiveOptions,
    progress: &dyn Progress,
    output: &mut dyn FnMut(&[u8]),
) -> Result<WaiveReport, VerbError> {
    check_text("the reason", Some(&options.reason))?;
    let actor = Asked::begin(repository).answer();
    let _held = repository.store().hold(Lock::Shared, progress)?;
    let found = resolve::revision(repository, &options.revision, options.at.as_deref())?;
    resolve::kept(repository, &found)?;
    let state = &found.state;
    let policy = rules::policy(repository, &state.model, Some(state), None)?;
    let stage = resolve::stage(repository, state, Some(&policy.record.baseline))?;
    known_rule(state, &policy, &stage, &options.rule)?;
    let now = repository.registry().now_in(state);
    let expires = Moment::parse(&options.expires, now)?.instant();
    if expires <= now {
        return Err(CertificationError::Past { expires, now }.into());
    }
    let rules = rules_of(repository, state, &stage)?;
    let approver = may_waive(&stage, &rules, actor.email.as_deref())?;
    refuse_own(repository, &found, &actor, (&stage, &rules))?;
    let signers = Signers::today(repository, (&state.model, &stage), &rules)?;
    // Somebody excuses what there is to be seen now, and nothing that comes to be worse.
    let certificate = judging::history::waived_in(repository, state, found.snapshot(), &options.rule)?;
    let statement = WaiverStatement {
        format: WAIVER.to_owned(),
        certificate,
        repository: repository.store().repository().to_owned(),
        model: state.first_name.clone(),
        snapshot: found.snapshot(),
        rule: options.rule.clone(),
        reason: options.reason.clone(),
        expires,
    };
    let unwritten = |source| VerbError::Record { kind: "waiver", id: String::new(), source };
    let bytes = statement.encode().map_err(unwritten)?;
    let mut report = WaiveReport {
        model: state.model.clone(),
        version: found.row.version,
        id: found.snapshot(),
        rule: options.rule.clone(),
        reason: options.reason.clone(),
        approver,
        expires,
        stage,
        statement: String::from_utf8_lossy(&bytes).into_owned(),
        signature: None,
        key: None,
        unchanged: false,
        event: None,
        dry_run: options.dry_run,
    };
    if options.statement_only {
        return Ok(report);
    }
    let others = judging::history::given_for_others(repository, state, (report.id, now), certificate)?;
    let signs = options.sign.signs();
    if let Some(said) = said(repository, state, (&report, &others), (now, &rules, signers.as_ref(), signs))? {
        (report.unchanged, report.signature) = (true, said);
        return Ok(report);
    }
    if signers.is_some() && !options.sign.signs() {
        return Err(ApprovalError::Unsigned { stage: report.stage }.into());
    }
    let signature = match &options.sign {
        SignWith::Nothing => None,
        SignWith::File(path) => Some(signoffs::ssh_keygen::read(path)?),
        _ if options.dry_run => None,
        with => {
            let who = report.approver.to_lowercase();
            let may_sign = |key: &SshKey| signers.as_ref().is_none_or(|signers| signers.allow_key(&who, key, now));
            let with = signoffs::agent::for_git_key(repository, with, &may_sign);
            Some(signoffs::ssh_keygen::sign(repository, &with, &bytes, signoffs::ssh_keygen::PATIENCE, output)?)
        }
    };
    if let Some(signature) = &signature {
        signature.check(NAMESPACE, &bytes).map_err(|source| ApprovalError::Signature { source })?;
        let who = report.approver.to_lowercase();
        let allowed = signers.as_ref().map_or(Ok(()), |signers| signers.allow(&who, signature, now));
        if let Err(source) = allowed {
            let fingerprint = signature.key().fingerprint();
            return Err(ApprovalError::NotSigner { who, fingerprint, source: source.flaw() }.into());
        }
        report.key = Some(signature.key().fingerprint());
        report.signature = Some(Digest::of(signature.armoured().as_bytes()));
    }
    if signers.is_some()
        && signoffs::was_replaced(state, (report.id, &report.rule), (&report.reason, expires), u64::MAX)
    {
        return Err(ApprovalError::Replaced { rule: report.rule }.into());
    }
    if options.dry_run {
        return Ok(report);
    }
    if signature.is_some() {
        signoffs::store(repository, &bytes, signature.as_ref())?;
    }
    let body = EventBody::Waive {
        version: report.version,
        snapshot: report.id,
        rule: report.rule.clone(),
        reason: report.reason.clone(),
        expires,
        signature: report.signature,
        certificate,
    };
    let committed = repository.registry().commit::<bool, VerbError>(&report.model, &actor, |state| {
        // In the state that is decided by, other rules may be in force.
        let rules = rules_of(repository, state, &report.stage)?;
        may_waive(&report.stage, &rules, actor.email.as_deref())?;
        let signers = Signers::today(repository, (&state.model, &report.stage), &rules)?;
        let how = (repository.registry().now_in(state), &rules, signers.as_ref(), signature.is_some());
        let unchanged = said(repository, state, (&report, &others), how)?.is_some();
        Ok(if unchanged { Decision::Keep(true) } else { Decision::Append(body.clone(), false) })
    })?;
    report.unchanged = committed.outcome;
    report.event = committed.event.map(|(event, record)| MadeEvent { event, time: record.time });
    Ok(report)
}

/// The rules that count for a stage now: what `promote` goes by.
pub(super) fn rules_of(
    repository: &Repository,
    state: &State,
    stage: &StageName,
) -> Result<StageRulesRecord, VerbError> {
    let proposed = rules::proposed(repository, state, stage, None)?;
    Ok(signoffs::counting(state, stage, &proposed).clone())
}

/// A rule of the policy, or one of those that no file names.
fn known_rule(state: &State, policy: &Policy, stage: &StageName, rule: &str) -> Result<(), VerbError> {
    let mut known: Vec<String> = policy.record.rules.iter().map(|rule| rule.id.clone()).collect();
    if state.cases_in_force() > 0 {
        known.push(CASES.to_owned());
    }
    if policy.record.holdout.unwrap_or_default().on_exhausted == OnExhausted::Fail {
        known.push(HOLDOUT.to_owned());
    }
    if state.occupant(stage).is_none() {
        known.push(FIRST_RELEASE.to_owned());
    }
    if known.iter().any(|id| id == rule) {
        return Ok(());
    }
    let nearest = nearest(rule, known.iter().map(String::as_str));
    Err(CertificationError::NoRule { rule: rule.chars().take(80).collect(), known, nearest }.into())
}

/// Whoever asks, for messages.
pub(super) fn who(email: Option<&str>) -> String {
    email.map_or_else(|| "somebody without an address".to_owned(), str::to_owned)
}

/// The address of whoever asks, if they may.
fn may_waive(stage: &StageName, rules: &StageRulesRecord, email: Option<&str>) -> Result<String, VerbError> {
    match email {
        Some(email) if rules.may_waive(Some(email)) => Ok(email.to_owned()),
        _ => Err(CertificationError::MayNotWaive {
            who: who(email),
            stage: stage.clone(),
            why: judging::history::nobody(stage, rules),
            unknown: email.is_none(),
        }
        .into()),
    }
}

/// Nobody excuses what they made.
fn refuse_own(
    repository: &Repository,
    found: &Found,
    actor: &ActorRecord,
    (stage, rules): (&StageName, &StageRulesRecord),
) -> Result<(), VerbError> {
    let by = (actor.email.as_deref(), actor.name.as_deref());
    match signoffs::own_flaw(repository, &found.state, found.snapshot(), by, rules)? {
        None => Ok(()),
        Some(flaw) => {
            let (who, why) = (who(actor.email.as_deref()), signoffs::words(&flaw));
            Err(CertificationError::WaivesOwn { who, label: found.label(), stage: stage.clone(), why }.into())
        }
    }
}

/// The signature, if it has one, of the newest waiver of the rule, where that says the same and counts; `others` are
/// for other certificates.
fn said(
    repository: &Repository,
    state: &State,
    (report, others): (&WaiveReport, &[u64]),
    (now, rules, signers, signed): (Time, &StageRulesRecord, Option<&Signers>, bool),
) -> Result<Option<Option<Digest>>, VerbError> {
    let same = |row: &&&WaiverRow| {
        row.rule == report.rule
            && row.reason == report.reason
            && row.expires == report.expires
            && !others.contains(&row.event.seq)
            && row.email.as_deref() == Some(&report.approver)
            && (!signed || row.signature.is_some())
    };
    let in_force = state.waivers_in_force(report.id, now);
    let Some(row) = in_force.iter().find(same) else { return Ok(None) };
    let flaw = signoffs::waiver_flaw(repository, state, row, (rules, signers))?;
    Ok(flaw.is_none().then_some(row.signature))
}
