//! `certify --recheck`: how much of a certificate can be shown again, with what there is at hand.
//!
//! | level | shown again | from |
//! |---|---|---|
//! | 0 | what it is about, its policy's digest, its signatures, the event that issued it | itself, keys, the journal |
//! | 1 | its bounds from its statistics, its verdicts from its bounds | itself |
//! | 2 | every number, from evidence whose bytes still hash to what it names | the store |
//! | 3 | its verdict, by the policy as it is today | the store and the project |
//!
//! A file holding the statement or its envelope can be examined on a machine that has neither store nor project: there it ends
//! at level 1.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::certify::{judged, stored};
use super::export::newest;
use super::resolve::{self, Found};
use super::rules::{self, Policy};
use super::{VerbError, chain, records, signing};
use crate::certify::recheck::{Examination, examine, same};
use crate::certify::{STATISTICS, policy};
use crate::clock::Time;
use crate::digest::Digest;
use crate::format::FormatError;
use crate::format::certificate::{ResultRecord, StatementRecord, Verdict};
use crate::format::dsse::{Envelope, PAYLOAD_TYPE, pae};
use crate::format::event::EventBody;
use crate::format::signature::SignatureRecord;
use crate::id::{CertificateId, EventId};
use crate::name::ModelName;
use crate::progress::Progress;
use crate::registry::State;
use crate::repository::Repository;
use crate::signature::PublicKey;
use crate::store::Lock;

/// No certificate is longer: 256 MiB.
const LONGEST: u64 = 256 << 20;
/// Contradictions that are named; the rest is counted.
const NAMED: usize = 20;

/// What to examine.
#[derive(Debug, Clone, Default)]
pub struct RecheckOptions {
    /// A file, a certificate's id or a prefix of it, or a version whose newest certificate is meant.
    pub certificate: String,
    /// The folder that a file's name is relative to.
    pub folder: PathBuf,
    /// The time to see a version at.
    pub at: Option<String>,
    /// Public keys that must each have signed it.
    pub keys: Vec<PathBuf>,
}

/// A signature that a certificate bears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BorneSignature {
    /// What its maker called the key.
    pub keyid: String,
    /// Who vouches for it.
    pub standing: Standing,
}

/// What is known of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It was made with a key that was given.
    Trusted,
    /// It was made with the key recorded beside it; whose that is, nobody here can say.
    Sound,
    /// It could not be checked: its key is not here.
    Unchecked,
    /// It is not a signature of this certificate.
    Broken,
}

/// How far a level was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// All of it.
    Agrees {
        /// What was looked at, in words.
        what: String,
    },
    /// Something else came out.
    Differs {
        /// What, one by one.
        what: Vec<String>,
    },
    /// It could not be looked at.
    NotReached {
        /// Why.
        why: String,
    },
}

/// How it came out.
#[derive(Debug, Clone)]
pub struct RecheckReport {
    /// The certificate.
    pub certificate: CertificateId,
    /// What it says.
    pub statement: StatementRecord,
    /// The candidate as `fraud@v8`, where this store knows it.
    pub label: Option<String>,
    /// Where it was read from, if that is a file.
    pub file: Option<PathBuf>,
    /// When it was issued and until when it counts, where the journal says so.
    pub issued: Option<(Time, Time)>,
    /// What has changed since, that decides nothing here.
    pub remarks: Vec<String>,
    /// Its signatures.
    pub signatures: Vec<BorneSignature>,
    /// It, examined by itself.
    pub examination: Examination,
    /// Levels 0 to 3.
    pub levels: [Shown; 4],
    /// What the policy of today says.
    pub today: Option<Verdict>,
}

impl RecheckReport {
    /// The highest level up to which everything agrees.
    pub fn level(&self) -> Option<usize> {
        let agrees = |shown: &&Shown| matches!(shown, Shown::Agrees { .. });
        self.levels.iter().take_while(agrees).count().checked_sub(1)
    }

    /// Whether the certificate is not what it says it is.
    pub fn is_broken(&self) -> bool {
        self.levels[..3].iter().any(|shown| matches!(shown, Shown::Differs { .. }))
    }

    /// Whether today's rules say something else.
    pub const fn is_outdated(&self) -> bool {
        matches!(self.levels[3], Shown::Differs { .. })
    }
}

/// A certificate, read.
struct Subject {
    id: CertificateId,
    bytes: Vec<u8>,
    statement: StatementRecord,
    file: Option<PathBuf>,
    /// Of an envelope.
    envelope: Option<Envelope>,
}

/// What the journal of a store says of a certificate.
struct Issued {
    state: State,
    body: EventBody,
    time: Time,
    event: EventId,
    signatures: Vec<Digest>,
}

/// Examines a certificate. Without a repository only a file can be.
pub fn recheck(
    repository: Option<&Repository>,
    options: &RecheckOptions,
    progress: &dyn Progress,
) -> Result<RecheckReport, VerbError> {
    let keys = options.keys.iter().map(|path| signing::public_key(path)).collect::<Result<Vec<_>, _>>()?;
    let _held = repository.map(|r| r.store().hold(Lock::Shared, progress)).transpose()?;
    let subject = subject(repository, options)?;
    let issued = match repository {
        Some(repository) => issued(repository, &subject)?,
        None => None,
    };
    let records = match (repository, &issued) {
        (Some(repository), Some(issued)) => signatures(repository, &issued.signatures)?,
        _ => Vec::new(),
    };
    let (signatures, unsigned) = borne(&subject, &records, &keys)?;
    let mut wrong = bindings(&subject.statement)?;
    wrong.extend(issued.as_ref().and_then(|issued| other_than_issued(&subject, issued)));
    wrong.extend(
        signatures
            .iter()
            .filter(|s| s.standing == Standing::Broken)
            .map(|s| format!("the signature by {} is not one of this certificate", short(&s.keyid))),
    );
    wrong.extend(unsigned);
    let trusted = signatures.iter().filter(|s| s.standing == Standing::Trusted).count();
    let journal = if issued.is_some() { ", the journal" } else { "" };
    let of_keys = if trusted > 0 { format!(", {trusted} signed by keys that were given") } else { String::new() };
    let bound = agrees(format!("subject, policy{journal}{of_keys}"), wrong);
    let examination = examine(&subject.statement.predicate);
    let derived = derived(&subject.statement, &examination);
    let mut report = RecheckReport {
        certificate: subject.id,
        label: None,
        file: subject.file.clone(),
        issued: None,
        remarks: Vec::new(),
        signatures,
        examination,
        levels: [bound, derived, not_reached("no store here has its rows"), not_reached("no store here has its rows")],
        today: None,
        statement: subject.statement,
    };
    if let (Some(repository), Some(issued)) = (repository, issued) {
        with_rows(repository, &issued, &mut report)?;
    }
    Ok(report)
}

fn not_reached(why: &str) -> Shown {
    Shown::NotReached { why: why.to_owned() }
}

fn agrees(what: String, mut wrong: Vec<String>) -> Shown {
    if wrong.is_empty() {
        return Shown::Agrees { what };
    }
    if wrong.len() > NAMED {
        let more = wrong.len() - NAMED;
        wrong.truncate(NAMED);
        wrong.push(format!("and {more} more"));
    }
    Shown::Differs { what: wrong }
}

/// The certificate that is meant.
fn subject(repository: Option<&Repository>, options: &RecheckOptions) -> Result<Subject, VerbError> {
    let path = options.folder.join(&options.certificate);
    if path.is_file() || repository.is_none() {
        return from_file(&path);
    }
    let Some(repository) = repository else { return from_file(&path) };
    let text = options.certificate.as_str();
    let mut found = Vec::new();
    if (4..=64).contains(&text.len()) && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        each_event(repository, &mut |_, event, _, _| {
            if let EventBody::Certify { certificate, .. } = event
                && certificate.to_string().starts_with(text)
                && !found.contains(certificate)
            {
                found.push(*certificate);
            }
        })?;
    }
    let id = match found.as_slice() {
        [only] => *only,
        [] => {
            let found = match resolve::revision(repository, text, options.at.as_deref()) {
                // Nothing but a file could be called that.
                Err(VerbError::Resolve(resolve::ResolveError::Form(_))) if text.contains(['/', '.']) => {
                    return from_file(&path);
                }
                found => found?,
            };
            newest(&found)?.certificate
        }
        several => {
            let candidates = several.iter().map(CertificateId::short).collect();
            return Err(resolve::ResolveError::AmbiguousId { prefix: text.to_owned(), candidates }.into());
        }
    };
    let bytes = repository.store().record(id.digest())?;
    let statement = StatementRecord::decode(&bytes).map_err(|source| unreadable(&id.to_string(), source))?;
    Ok(Subject { id, bytes, statement, file: None, envelope: None })
}

fn unreadable(id: &str, source: FormatError) -> VerbError {
    VerbError::Record { kind: "certificate", id: id.to_owned(), source }
}

/// A file with a statement, or with one in an envelope.
fn from_file(path: &Path) -> Result<Subject, VerbError> {
    let failed = |source| VerbError::Io { action: "read the certificate", path: path.to_path_buf(), source };
    let mut file = std::fs::File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    std::io::Read::by_ref(&mut file).take(LONGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
    let name = path.display().to_string();
    if bytes.len() as u64 > LONGEST {
        let reason = format!("it has more than {LONGEST} bytes");
        return Err(unreadable(&name, FormatError::Malformed { kind: "certificate", reason }));
    }
    let envelope = if is_envelope(&bytes) {
        let envelope = Envelope::decode(&bytes).map_err(|source| unreadable(&name, source))?;
        if envelope.payload_type != PAYLOAD_TYPE {
            let found = envelope.payload_type.chars().take(80).collect();
            return Err(unreadable(&name, FormatError::Kind { expected: PAYLOAD_TYPE, found }));
        }
        Some(envelope)
    } else {
        // An editor or a download may have ended the line.
        while bytes.last().is_some_and(u8::is_ascii_whitespace) {
            bytes.pop();
        }
        None
    };
    let payload = envelope.as_ref().map_or(bytes.as_slice(), |envelope| &envelope.payload).to_vec();
    let statement = StatementRecord::decode(&payload).map_err(|source| unreadable(&name, source))?;
    let id = CertificateId::new(Digest::of(&payload));
    Ok(Subject { id, bytes: payload, statement, file: Some(path.to_path_buf()), envelope })
}

/// A statement has a `_type`, an envelope a `payloadType`.
fn is_envelope(bytes: &[u8]) -> bool {
    let key = b"\"payloadType\"";
    bytes.windows(key.len()).any(|window| window == key) && !bytes.starts_with(b"{\"_type\"")
}

/// Every event of every model that this program understands, oldest first.
fn each_event(
    repository: &Repository,
    look: &mut dyn FnMut(&ModelName, &EventBody, Time, EventId),
) -> Result<(), VerbError> {
    let registry = repository.registry();
    for model in registry.models()? {
        let Some(state) = registry.state(&model)? else { continue };
        for seq in 1..=state.seq() {
            let Some(file) = registry.event(&model, seq)? else { break };
            if let Ok(event) = &file.event {
                look(&model, &event.body, event.time, file.id);
            }
        }
    }
    Ok(())
}

/// The newest event that issued this certificate, and those that say it is signed.
fn issued(repository: &Repository, subject: &Subject) -> Result<Option<Issued>, VerbError> {
    let mut found: Option<(ModelName, EventBody, Time, EventId)> = None;
    let mut signatures = Vec::new();
    each_event(repository, &mut |model, body, time, id| match body {
        EventBody::Certify { certificate, .. } if *certificate == subject.id => {
            found = Some((model.clone(), body.clone(), time, id));
        }
        EventBody::Sign { certificate, signature, .. } if *certificate == subject.id => signatures.push(*signature),
        _ => {}
    })?;
    let Some((model, body, time, event)) = found else { return Ok(None) };
    let state = resolve::state(repository, &model)?;
    Ok(Some(Issued { state, body, time, event, signatures }))
}

fn signatures(repository: &Repository, ids: &[Digest]) -> Result<Vec<SignatureRecord>, VerbError> {
    let read = |id: &Digest| {
        let bytes = repository.store().record(*id)?;
        let unreadable = |source| VerbError::Record { kind: "signature", id: id.to_string(), source };
        SignatureRecord::decode(&bytes).map_err(unreadable)
    };
    ids.iter().map(read).collect()
}

/// The signatures that a certificate bears, in its envelope or beside it in the store; and which key that was given signed
/// nothing.
fn borne(
    subject: &Subject,
    records: &[SignatureRecord],
    keys: &[PublicKey],
) -> Result<(Vec<BorneSignature>, Vec<String>), VerbError> {
    let unreadable = |source| unreadable(&subject.id.to_string(), source);
    let message = pae(PAYLOAD_TYPE, &subject.bytes);
    let mut all: Vec<(String, Vec<u8>, Option<bool>)> = Vec::new();
    for record in records {
        let sound = signing::holds(record, &subject.bytes);
        all.push((record.keyid.to_string(), record.bytes().map_err(unreadable)?, Some(sound)));
    }
    for signature in subject.envelope.iter().flat_map(|envelope| &envelope.signatures) {
        let known = all.iter().any(|(keyid, bytes, _)| *keyid == signature.keyid && *bytes == signature.signature);
        if !known {
            // What this store knows of the key says whether the envelope was tampered with.
            let named = records.iter().find(|record| record.keyid.to_string() == signature.keyid);
            let key = named.and_then(|record| PublicKey::from_pem(&record.public_key).ok());
            let sound = key.map(|key| key.verifies(&message, &signature.signature));
            all.push((signature.keyid.clone(), signature.signature.clone(), sound));
        }
    }
    let ids: Vec<String> =
        keys.iter().map(|key| key.id().map_or_else(|_| String::new(), |id| id.to_string())).collect();
    let mut made = vec![false; keys.len()];
    let mut found = Vec::with_capacity(all.len());
    for (keyid, bytes, sound) in all {
        let signer = keys.iter().position(|key| key.verifies(&message, &bytes));
        let standing = match (signer, sound) {
            (Some(at), _) => {
                made[at] = true;
                Standing::Trusted
            }
            // It says that it is of a key that was given, and is not.
            (None, _) if ids.contains(&keyid) => Standing::Broken,
            (None, Some(true)) => Standing::Sound,
            (None, Some(false)) => Standing::Broken,
            (None, None) => Standing::Unchecked,
        };
        found.push(BorneSignature { keyid, standing });
    }
    let missing = ids.iter().zip(made).filter(|(_, made)| !made);
    let unsigned = missing.map(|(id, _)| format!("the key {} that was given did not sign it", short(id))).collect();
    Ok((found, unsigned))
}

fn short(keyid: &str) -> String {
    keyid.chars().filter(|c| !c.is_control()).take(12).collect()
}

/// What of its own parts does not belong together.
fn bindings(statement: &StatementRecord) -> Result<Vec<String>, VerbError> {
    let predicate = &statement.predicate;
    let encoded = |source| unreadable(&predicate.candidate.to_string(), source);
    let (_, digest) = policy::digest(&predicate.policy).map_err(encoded)?;
    let mut wrong = Vec::new();
    if digest != predicate.policy_sha256 {
        wrong.push("its policy does not hash to the digest it gives for it".to_owned());
    }
    if statement.subject.iter().any(|subject| subject.name != predicate.model.as_str()) {
        wrong.push("its subject has another name than its model".to_owned());
    }
    Ok(wrong)
}

/// What the journal says of it that it does not say itself.
fn other_than_issued(subject: &Subject, issued: &Issued) -> Option<String> {
    let predicate = &subject.statement.predicate;
    let EventBody::Certify { snapshot, verdict, stage, baseline, baseline_event, policy, first_release, .. } =
        &issued.body
    else {
        return None;
    };
    let pairs = [
        ("candidate", *snapshot == predicate.candidate),
        ("verdict", *verdict == predicate.verdict),
        ("stage", *stage == predicate.baseline.stage),
        ("baseline", *baseline == predicate.baseline.snapshot),
        ("baseline's event", *baseline_event == predicate.baseline.event),
        ("policy", *policy == predicate.policy_sha256),
        ("first release", *first_release == predicate.baseline.first_release),
    ];
    let differs = pairs.into_iter().find(|(_, same)| !same);
    differs.map(|(what, _)| format!("event {} issued it with another {what}", issued.event.short()))
}

/// Level 1. Numbers of another program's statistics may follow by another rule.
fn derived(statement: &StatementRecord, examination: &Examination) -> Shown {
    let contradictions = examination.contradictions();
    let made_with = statement.predicate.tool.statistics;
    if !contradictions.is_empty() && made_with != STATISTICS {
        return not_reached(&other_statistics(made_with));
    }
    let results = examination.results.len();
    let unknown = examination.unknown().len();
    let part = match unknown {
        0 => format!("{results} of {results} results"),
        _ => format!("{} of {results} results; the rest by the bounds on record", results - unknown),
    };
    agrees(part, contradictions)
}

fn other_statistics(made_with: u32) -> String {
    format!("it was computed with statistics {made_with}, this program computes {STATISTICS}")
}

/// Levels 2 and 3.
fn with_rows(repository: &Repository, issued: &Issued, report: &mut RecheckReport) -> Result<(), VerbError> {
    let EventBody::Certify { expires, proposed, .. } = &issued.body else { return Ok(()) };
    let predicate = report.statement.predicate.clone();
    let state = &issued.state;
    report.issued = Some((issued.time, *expires));
    let now = repository.registry().now_in(state);
    if *expires <= now {
        report.remarks.push(format!("it expired on {}", expires.for_people()));
    }
    if *proposed {
        report.remarks.push("it was made under other rules than those in force, and never promotes".to_owned());
    }
    let stage = &predicate.baseline.stage;
    if state.occupant(stage).map(|o| o.event) != predicate.baseline.event {
        let holder = state.occupant(stage).map_or_else(|| "is empty".to_owned(), |o| format!("holds {}", o.version));
        report.remarks.push(format!("stage `{stage}` has moved since: it {holder} now"));
    }
    let in_force = state.certificates.get(&predicate.candidate);
    if in_force.is_some_and(|row| row.certificate != report.certificate) {
        report.remarks.push("a newer certificate of this version is in force".to_owned());
    }
    let Some(row) = state.version_of(predicate.candidate) else { return Ok(()) };
    let found = Found { state: state.clone(), row: *row };
    report.label = Some(found.label());
    if predicate.tool.statistics != STATISTICS {
        let why = other_statistics(predicate.tool.statistics);
        (report.levels[2], report.levels[3]) = (not_reached(&why), not_reached(&why));
        return Ok(());
    }
    let recorded = Policy {
        path: None,
        lines: BTreeMap::new(),
        bytes: Vec::new(),
        sha256: predicate.policy_sha256,
        file_sha256: predicate.policy_file_sha256,
        record: predicate.policy.clone(),
    };
    report.levels[2] = match again(repository, &found, &report.statement, &recorded) {
        Ok(found) => agrees(
            format!("{} files of evidence, {} results", found.predicate.evidence.len(), found.predicate.results.len()),
            differences(&predicate, &found.predicate),
        ),
        Err(error) => unreached(error)?,
    };
    let today = rules::policy(repository, &state.model, Some(state), None);
    report.levels[3] =
        match today.and_then(|policy| Ok((again(repository, &found, &report.statement, &policy)?, policy))) {
            Ok((found, policy)) => {
                let verdict = found.predicate.verdict;
                report.today = Some(verdict);
                let same = policy.sha256 == predicate.policy_sha256;
                let rules = if same { "the policy is the same today" } else { "the policy has changed since" };
                let waived = predicate.verdict == Verdict::Waived && verdict < Verdict::Pass;
                if verdict == predicate.verdict || waived {
                    Shown::Agrees { what: format!("{rules}, and says {}", verdict.name()) }
                } else {
                    let (now, then) = (verdict.name(), predicate.verdict.name());
                    let mut what = vec![format!("{rules}; it says {now} today, {then} is recorded")];
                    what.extend(found.predicate.results.iter().filter_map(not_passed).take(NAMED));
                    Shown::Differs { what }
                }
            }
            Err(error) => unreached(error)?,
        };
    Ok(())
}

fn not_passed(result: &ResultRecord) -> Option<String> {
    let failed = matches!(result.verdict, Verdict::Fail | Verdict::Inconclusive);
    failed.then(|| format!("{}: {}", name(result), result.reason.as_deref().unwrap_or(result.verdict.name())))
}

/// What is not there any more keeps a level from being reached; what is there and damaged does not pass for that.
fn unreached(error: VerbError) -> Result<Shown, VerbError> {
    use crate::store::StoreError;
    let gone = match &error {
        VerbError::Dropped { .. }
        | VerbError::Erased { .. }
        | VerbError::ErasedRecord { .. }
        | VerbError::NoPolicy { .. }
        | VerbError::Policy { .. }
        | VerbError::Certify(_)
        | VerbError::NotEnforced { .. }
        | VerbError::Store(StoreError::Missing { .. })
        | VerbError::Snapshot(crate::snapshot::SnapshotError::Store(StoreError::Missing { .. })) => true,
        VerbError::Io { source, .. } => source.kind() == std::io::ErrorKind::NotFound,
        _ => false,
    };
    if gone { Ok(not_reached(&chain(&error))) } else { Err(error) }
}

/// Judges the same candidate against the same baseline once more.
fn again(
    repository: &Repository,
    found: &Found,
    statement: &StatementRecord,
    policy: &Policy,
) -> Result<StatementRecord, VerbError> {
    resolve::kept(repository, found)?;
    let candidate = stored(repository, found)?;
    let baseline = &statement.predicate.baseline;
    let record = baseline.snapshot.map(|id| records::snapshot(repository, id)).transpose()?;
    let row = baseline.snapshot.and_then(|id| found.state.version_of(id));
    let against = row.map(|row| row.version).zip(record.as_ref());
    judged(repository, Some(&found.state), &found.state.model, &candidate, (baseline, against), policy)
}

/// What of a certificate does not come out again.
fn differences(
    recorded: &crate::format::certificate::CertificateRecord,
    found: &crate::format::certificate::CertificateRecord,
) -> Vec<String> {
    let mut wrong = Vec::new();
    if recorded.evidence != found.evidence {
        wrong.push("it names other evidence than the version has".to_owned());
    }
    if recorded.rows != found.rows {
        wrong.push("the rows that were joined are others".to_owned());
    }
    if recorded.joins != found.joins {
        wrong.push("other rows match than it says".to_owned());
    }
    if recorded.results.len() != found.results.len() {
        wrong.push(format!("{} results come out, {} are recorded", found.results.len(), recorded.results.len()));
    }
    for (before, now) in recorded.results.iter().zip(&found.results) {
        let numbers = |r: &ResultRecord| [r.candidate, r.baseline, r.delta, r.lower, r.upper, r.margin];
        let pairs = numbers(before).into_iter().zip(numbers(now));
        let waived = before.verdict == Verdict::Waived && now.verdict < Verdict::Pass;
        if (&before.rule, &before.slice) != (&now.rule, &now.slice) {
            wrong.push(format!("{} comes out where {} is recorded", name(now), name(before)));
        } else if before.verdict != now.verdict && !waived {
            let (now, then) = (now.verdict.name(), before.verdict.name());
            wrong.push(format!("{}: {now} comes out, {then} is recorded", name(before)));
        } else if before.n != now.n || pairs.into_iter().any(|(a, b)| !same(a, b)) {
            wrong.push(format!("{}: other numbers come out", name(before)));
        }
    }
    if wrong.is_empty() && recorded.verdict != found.verdict && recorded.verdict != Verdict::Waived {
        wrong.push(format!("{} comes out, {} is recorded", found.verdict.name(), recorded.verdict.name()));
    }
    wrong
}

fn name(result: &ResultRecord) -> String {
    result.slice.as_ref().map_or_else(|| result.rule.clone(), |slice| format!("{} [{slice}]", result.rule))
}
