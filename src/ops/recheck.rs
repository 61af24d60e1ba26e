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

mod rows;
mod signatures;
mod subject;

use std::path::PathBuf;

use self::rows::with_rows;
use self::signatures::borne;
use self::subject::{Issued, Subject, from_file, issued, never_issued, signatures, subject, unreadable};
use super::{VerbError, signing};
use crate::certify::recheck::{Examination, examine};
use crate::certify::wording::count;
use crate::certify::{STATISTICS, policy};
use crate::clock::Time;
use crate::format::certificate::{StatementRecord, Verdict};
use crate::format::event::EventBody;
use crate::id::CertificateId;
use crate::progress::Progress;
use crate::repository::Repository;
use crate::store::Lock;

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

    /// Whether what it says could not be derived again by this program.
    pub const fn is_open(&self) -> bool {
        matches!(self.levels[1], Shown::NotReached { .. })
    }

    /// Whether today's rules say something else.
    pub const fn is_outdated(&self) -> bool {
        matches!(self.levels[3], Shown::Differs { .. })
    }
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
    if let (Some(repository), None) = (repository, &issued) {
        wrong.extend(never_issued(repository, &subject)?);
    }
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
        with_rows(repository, &issued, &mut report, progress)?;
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

/// Level 1. Bounds of another program's statistics may follow by another rule; how verdicts follow from bounds never changed.
fn derived(statement: &StatementRecord, examination: &Examination) -> Shown {
    let contradictions = examination.contradictions();
    let made_with = statement.predicate.tool.statistics;
    if !contradictions.is_empty() && made_with != STATISTICS && examination.is_decided_by_bounds() {
        return not_reached(&other_statistics(made_with));
    }
    let results = examination.results.len();
    let unknown = examination.unknown().len();
    let all = count(results as u64, "result");
    let part = match unknown {
        0 => format!("{results} of {all}"),
        _ => format!("{} of {all}; the rest by the bounds on record", results - unknown),
    };
    agrees(part, contradictions)
}

fn other_statistics(made_with: u32) -> String {
    format!("it was computed with statistics {made_with}, this program computes {STATISTICS}")
}

/// The statement in a file, bare or in an envelope.
pub(super) fn statement_in(path: &std::path::Path) -> Result<StatementRecord, VerbError> {
    from_file(path).map(|subject| subject.statement)
}
