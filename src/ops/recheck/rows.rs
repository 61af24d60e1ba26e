//! Levels 2 and 3: the same candidate judged again, by the policy of then and by that of today.

use std::collections::BTreeMap;

use super::subject::Issued;
use super::{NAMED, RecheckReport, Shown, agrees, not_reached, other_statistics};
use crate::certify::STATISTICS;
use crate::certify::recheck::same;
use crate::certify::wording::count;
use crate::format::certificate::{CertificateRecord, EvidenceRecord, ResultRecord, StatementRecord, Verdict};
use crate::format::event::EventBody;
use crate::format::observation::ObservationRecord;
use crate::format::policy::{MeasureRecord, PolicyRecord, RuleRecord, Severity};
use crate::format::snapshot::SnapshotRecord;
use crate::name::SetName;
use crate::ops::certify::stored;
use crate::ops::judging::{self, ToJudge};
use crate::ops::resolve::{self, Found};
use crate::ops::rules::{self, Policy};
use crate::ops::{VerbError, attached, chain, records};
use crate::progress::Progress;
use crate::repository::Repository;

/// Levels 2 and 3.
pub(super) fn with_rows(
    repository: &Repository,
    issued: &Issued,
    report: &mut RecheckReport,
    progress: &dyn Progress,
) -> Result<(), VerbError> {
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
    if !*proposed && in_force.is_some_and(|row| row.certificate != report.certificate) {
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
        file: None,
        record: predicate.policy.clone(),
    };
    // Cases, waivers and attached evidence as they were then.
    let then = repository.registry().state_at(&state.model, issued.time)?;
    let then = Found { state: then.unwrap_or_else(|| state.clone()), row: found.row };
    report.levels[2] = match again(repository, &then, &report.statement, &recorded, progress) {
        Ok(again) => {
            let found = &again.statement.predicate;
            let gone = gone(&predicate, &again);
            let wrong = differences(&predicate, found, &gone);
            if gone.is_empty() || !wrong.is_empty() {
                let files = count(found.evidence.len() as u64, "file");
                agrees(format!("{files} of evidence, {}", count(found.results.len() as u64, "result")), wrong)
            } else {
                not_reached(&format!("{}; all else comes out again", why_gone(&predicate, found, &gone)))
            }
        }
        Err(error) => unreached(error)?,
    };
    let today = rules::policy(repository, &state.model, Some(state), None);
    report.levels[3] =
        match today.and_then(|policy| Ok((again(repository, &found, &report.statement, &policy, progress)?, policy))) {
            Ok((again, policy)) => {
                let found = &again.statement;
                let verdict = found.predicate.verdict;
                let gone = gone(&predicate, &again);
                report.today = Some(verdict);
                let same = policy.sha256 == predicate.policy_sha256;
                let rules = if same { "the policy is the same today" } else { "the policy has changed since" };
                let waived = predicate.verdict == Verdict::Waived && verdict < Verdict::Pass;
                if verdict == predicate.verdict || waived {
                    Shown::Agrees { what: format!("{rules}, and says {}", verdict.name()) }
                } else if !gone.is_empty() && without(&policy.record, found, &gone) >= predicate.verdict {
                    report.today = None;
                    not_reached(&format!("{rules}; {}", why_gone(&predicate, &found.predicate, &gone)))
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
    use crate::ops::error::MeasureError;
    use crate::store::StoreError;
    let gone = match &error {
        VerbError::Dropped { .. }
        | VerbError::Erased { .. }
        | VerbError::ErasedRecord { .. }
        | VerbError::NoPolicy { .. }
        | VerbError::Policy { .. }
        | VerbError::Certify(_)
        | VerbError::Unfit { .. }
        | VerbError::Store(StoreError::Missing { .. })
        | VerbError::Snapshot(crate::snapshot::SnapshotError::Store(StoreError::Missing { .. })) => true,
        VerbError::Measure(error) => matches!(**error, MeasureError::NotAgain { .. }),
        VerbError::Io { source, .. } => source.kind() == std::io::ErrorKind::NotFound,
        _ => false,
    };
    if gone { Ok(not_reached(&chain(&error))) } else { Err(error) }
}

/// A certificate made once more, and what the versions' records say of the data they were made with.
struct Again {
    statement: StatementRecord,
    records: Vec<(&'static str, SnapshotRecord, ObservationRecord)>,
}

impl Again {
    /// Whether this is the digest that the version itself has of it. Of a profile that was erased nothing is left to compare.
    fn is_of_version(&self, recorded: &EvidenceRecord) -> bool {
        let Some(set) = &recorded.set else { return false };
        let Some((_, record, observation)) = self.records.iter().find(|(role, ..)| *role == recorded.role) else {
            return false;
        };
        let digest = match recorded.kind.as_str() {
            "data" => record.data.iter().find(|data| data.name == *set).and_then(|data| data.sha256),
            "predictions" => record.predictions_of(set).map(|p| p.file.digest()),
            "profile" => match observation.profiles.get(set) {
                Some(named) => named.id.map_or(Some(recorded.sha256), |id| Some(id.digest())),
                None => None,
            },
            _ => None,
        };
        digest == Some(recorded.sha256)
    }
}

/// Evidence of training data that was read then and is nowhere now, though it is the version's. Rows that were to be looked
/// for in it are not read either.
fn gone<'a>(recorded: &'a CertificateRecord, again: &Again) -> Vec<&'a EvidenceRecord> {
    let found = &again.statement.predicate.evidence;
    let names = |a: &EvidenceRecord, b: &EvidenceRecord| a.role == b.role && a.kind == b.kind && a.set == b.set;
    let absent = recorded.evidence.iter().filter(|known| !found.iter().any(|now| names(known, now)));
    let gone: Vec<_> = absent.filter(|known| again.is_of_version(known)).collect();
    if gone.iter().any(|known| is_data(known)) { gone } else { Vec::new() }
}

fn is_data(evidence: &EvidenceRecord) -> bool {
    matches!(evidence.kind.as_str(), "data" | "profile")
}

/// Whether a rule looks at any of this data.
fn rests_on(policy: &PolicyRecord, rule: &str, gone: &[&EvidenceRecord]) -> bool {
    let is_gone = |set: &SetName| gone.iter().any(|known| is_data(known) && known.set.as_ref() == Some(set));
    policy.rules.iter().filter(|known| known.id == rule).any(|rule| match &rule.measure {
        MeasureRecord::Drift(record) => is_gone(&record.of),
        MeasureRecord::Data(record) => is_gone(&record.of),
        MeasureRecord::Leakage(record) => is_gone(&record.of) || is_gone(&record.leakage),
        _ => false,
    })
}

/// What the rules say that look at none of this data.
fn without(policy: &PolicyRecord, found: &StatementRecord, gone: &[&EvidenceRecord]) -> Verdict {
    let results = found.predicate.results.iter();
    let blocking = results.filter(|r| r.severity == Severity::Block && !rests_on(policy, &r.rule, gone));
    // What only a waiver excused then is as it was.
    blocking.map(|r| r.verdict).min().unwrap_or(Verdict::Pass)
}

/// What is gone, as the rules say it that look at it.
fn why_gone(recorded: &CertificateRecord, found: &CertificateRecord, gone: &[&EvidenceRecord]) -> String {
    let open = |result: &&ResultRecord| result.verdict == Verdict::Inconclusive;
    let results = found.results.iter().filter(open).filter(|r| rests_on(&recorded.policy, &r.rule, gone));
    let mut reasons: Vec<&str> = results.filter_map(|result| result.reason.as_deref()).collect();
    reasons.sort_unstable();
    reasons.dedup();
    reasons.truncate(NAMED);
    if reasons.is_empty() {
        return "training data that was read then is not here any more".to_owned();
    }
    reasons.join("; ")
}

/// Judges the same candidate against the same baseline once more.
fn again(
    repository: &Repository,
    found: &Found,
    statement: &StatementRecord,
    policy: &Policy,
    progress: &dyn Progress,
) -> Result<Again, VerbError> {
    resolve::kept(repository, found)?;
    let candidate = stored(repository, found)?;
    let baseline = &statement.predicate.baseline;
    let row = baseline.snapshot.and_then(|id| found.state.version_of(id));
    let record = row.map(|row| attached::judged(repository, &found.state, row)).transpose()?;
    let what = ToJudge {
        repository,
        state: Some(&found.state),
        model: &found.state.model,
        candidate: &candidate,
        baseline,
        against: row.map(|row| row.version).zip(record.as_ref()),
        policy,
        explain: false,
        runs: false,
    };
    let statement = judging::judge(&what, None, progress)?.statement;
    let mut records = Vec::new();
    if let Some((theirs, row)) = record.zip(row) {
        let observation = records::observation(repository, row.observation)?;
        records.push(("baseline", theirs, observation));
    }
    records.push(("candidate", candidate.record, candidate.observation));
    Ok(Again { statement, records })
}

/// What of a certificate does not come out again.
fn differences(recorded: &CertificateRecord, found: &CertificateRecord, gone: &[&EvidenceRecord]) -> Vec<String> {
    let mut wrong = Vec::new();
    if !recorded.evidence.iter().filter(|known| !gone.contains(known)).eq(&found.evidence) {
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
        // What cannot be looked at any more is undecided; of drift, deciles may tell something less exact.
        let is_drift = |rule: &&RuleRecord| rule.id == before.rule && matches!(rule.measure, MeasureRecord::Drift(_));
        let unread = (now.verdict == Verdict::Inconclusive || recorded.policy.rules.iter().any(|r| is_drift(&r)))
            && rests_on(&recorded.policy, &before.rule, gone);
        if unread && (&before.rule, &before.slice) == (&now.rule, &now.slice) {
            continue;
        }
        if (&before.rule, &before.slice) != (&now.rule, &now.slice) {
            wrong.push(format!("{} comes out where {} is recorded", name(now), name(before)));
        } else if before.verdict != now.verdict && !waived {
            let (now, then) = (now.verdict.name(), before.verdict.name());
            wrong.push(format!("{}: {now} comes out, {then} is recorded", name(before)));
        } else if before.n != now.n || pairs.into_iter().any(|(a, b)| !same(a, b)) {
            wrong.push(format!("{}: other numbers come out", name(before)));
        }
    }
    if wrong.is_empty() && gone.is_empty() && recorded.verdict != found.verdict && recorded.verdict != Verdict::Waived {
        wrong.push(format!("{} comes out, {} is recorded", found.verdict.name(), recorded.verdict.name()));
    }
    wrong
}

fn name(result: &ResultRecord) -> String {
    result.slice.as_ref().map_or_else(|| result.rule.clone(), |slice| format!("{} [{slice}]", result.rule))
}
