//! What a candidate's provenance lacks, for the rules that ask.

use std::collections::{BTreeMap, BTreeSet};

use crate::certify::Lacking;
use crate::digest::Digest;
use crate::format::canonical;
use crate::format::certificate::EvidenceRecord;
use crate::format::found::{DangerRecord, FoundFileRecord, FoundRecord};
use crate::format::observation::ObservationRecord;
use crate::format::policy::Check;
use crate::format::snapshot::{CodeKind, SnapshotRecord};
use crate::ops::declared::contradictions;

/// Each of `checks` on a version and what was seen around it.
pub(super) fn lacking(
    checks: &BTreeSet<Check>,
    record: &SnapshotRecord,
    observation: &ObservationRecord,
) -> BTreeMap<Check, Lacking> {
    checks.iter().map(|check| (*check, of(*check, record, observation))).collect()
}

/// What the checks rest on, as evidence; `checks` of them.
pub(super) fn evidence(observation: &ObservationRecord, checks: usize) -> EvidenceRecord {
    let bytes = canonical::encode("observation", observation);
    EvidenceRecord {
        role: "candidate".to_owned(),
        kind: "provenance".to_owned(),
        set: None,
        sha256: bytes.map_or_else(|_| Digest::of(b""), |bytes| Digest::of(&bytes)),
        rows: checks as u64,
        origin: None,
    }
}

fn of(check: Check, record: &SnapshotRecord, observation: &ObservationRecord) -> Lacking {
    let found = || observation.found.as_ref().ok_or_else(|| "nobody looked into the model's files".to_owned());
    match check {
        Check::Contradictions => contradicted(record, found()?),
        Check::DangerousImports => imports(found()?, DangerRecord::Dangerous),
        Check::UnknownImports => imports(found()?, DangerRecord::Unknown),
        Check::UncommittedCode => uncommitted(record),
        Check::UnpushedCommit => match (&record.code.commit, observation.commit_on_remote) {
            (None, _) => Err("there is no commit".to_owned()),
            (Some(_), None) => Err("git did not say which branches contain the commit".to_owned()),
            (Some(_), Some(true)) => Ok(Vec::new()),
            (Some(commit), Some(false)) => Ok(vec![format!("no remote-tracking branch contains {commit}")]),
        },
        Check::MissingSeed => {
            let inside = observation.found.iter().flat_map(|found| &found.files).any(|file| !file.seeds.is_empty());
            Ok(if inside || !record.seeds.is_empty() { Vec::new() } else { vec!["no seed was found".to_owned()] })
        }
        Check::MissingNotes => {
            let has_notes = record.notes.as_ref().is_some_and(|notes| !notes.trim().is_empty());
            Ok(if has_notes { Vec::new() } else { vec!["there are no notes".to_owned()] })
        }
        Check::NotCaptured => {
            let parts = record.not_captured.iter().map(|part| format!("{}: {}", part.part, part.reason));
            let locks = observation.lock_checks.iter().filter_map(|check| Some((&check.lock, check.unread.as_ref()?)));
            Ok(parts.chain(locks.map(|(lock, reason)| format!("{lock}: {reason}"))).collect())
        }
    }
}

fn contradicted(record: &SnapshotRecord, found: &FoundRecord) -> Lacking {
    if record.params.is_empty() {
        return Err("no parameters were declared".to_owned());
    }
    whole(found)?;
    if found.files.iter().all(|file| file.params.is_empty()) {
        return Err("none of the model's files says its parameters".to_owned());
    }
    let all = contradictions(record, found);
    Ok(all.iter().map(|c| format!("{} is {} in {}, declared {}", c.found, c.says, c.path, c.value)).collect())
}

/// What was passed over may hold anything.
fn whole(found: &FoundRecord) -> Result<(), String> {
    match found.passed_over {
        0 => Ok(()),
        files => Err(format!("{files} of the model's files were not looked into")),
    }
}

fn imports(found: &FoundRecord, from: DangerRecord) -> Lacking {
    whole(found)?;
    let bad = |file: &&FoundFileRecord| file.danger.is_some_and(|danger| danger >= from);
    let mut all = Vec::new();
    for file in found.files.iter().filter(bad) {
        let before = all.len();
        let worse = file.imports.iter().filter(|import| import.danger >= from);
        all.extend(worse.map(|import| format!("{} imports {}.{}", file.path, import.module, import.name)));
        if all.len() == before {
            all.extend(file.findings.iter().map(|finding| format!("{}: {finding}", file.path)));
        }
    }
    // Of what could not be read the worst is not known.
    let unread = |file: &&FoundFileRecord| {
        from == DangerRecord::Dangerous && file.danger == Some(DangerRecord::Unknown) && !file.findings.is_empty()
    };
    match found.files.iter().find(unread) {
        Some(file) if all.is_empty() => Err(format!("{}: {}", file.path, file.findings.join("; "))),
        _ => Ok(all),
    }
}

fn uncommitted(record: &SnapshotRecord) -> Lacking {
    match record.code.kind {
        CodeKind::Git if !record.code.dirty => Ok(Vec::new()),
        CodeKind::Git if record.code.untracked.is_empty() => Ok(vec!["the code differs from its commit".to_owned()]),
        CodeKind::Git => {
            let untracked = record.code.untracked.iter().map(|path| format!("{path} is in no commit"));
            Ok(std::iter::once("the code differs from its commit".to_owned()).chain(untracked).collect())
        }
        CodeKind::Folder => Ok(vec!["the code is in no repository".to_owned()]),
        CodeKind::None => Err("no code was captured".to_owned()),
    }
}
