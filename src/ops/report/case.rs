//! What is known of a version, from the store: the same as a bundle's page tells, without a bundle.

use std::collections::HashMap;

use super::super::log::LogEntry;
use super::super::told::{self, happening, subject_of, who};
use super::super::{VerbError, erasures, imported, resolve, show};
use super::teller::Teller;
use crate::digest::Digest;
use crate::format::certificate::StatementRecord;
use crate::format::checkpoint::{ApprovalRow, VersionRow, WaiverRow};
use crate::format::event::{EventBody, SubjectRecord};
use crate::format::observation::ObservationRecord;
use crate::format::snapshot::SnapshotRecord;
use crate::page::case::{Approval, Beside, Case, Certified, Happening, Stay, StoredFile, Waiver};
use crate::snapshot;

/// Files of a model that are listed one by one.
const MOST_FILES: usize = 1000;
/// Of a patch that is shown.
const MOST_PATCH: u64 = 4 << 20;

/// The records of a version, for the parts of a page that look into them.
pub(super) struct Parts {
    pub(super) case: Case,
    pub(super) record: SnapshotRecord,
    pub(super) observation: ObservationRecord,
    pub(super) dropped: Option<resolve::Dropped>,
    pub(super) erased: Vec<erasures::ErasedPart>,
}

/// Gathers it.
pub(super) fn case(teller: &Teller<'_>, row: &VersionRow, life: &[&LogEntry]) -> Result<Parts, VerbError> {
    let (repository, state) = (teller.repository, teller.state);
    let found = resolve::Found { state: state.clone(), row: *row };
    let erased = erasures::of_version(teller.now, row.version);
    let mut record = teller.record(row)?;
    show::say_erased_data(repository, &mut record, &erased)?;
    let observation = teller.observation(row)?;
    let dropped = resolve::dropped(repository, &found)?;
    let files = snapshot::files_of(repository.store(), record.model_files.tree)?;
    let tree = Some(row.model_tree);
    let origin = match imported::origin(repository, state, row)? {
        Some(origin) => vec![
            ("History", origin.repository.clone()),
            ("Version there", format!("{}@{}", origin.model, origin.version)),
            ("Its journal ended with", format!("{}:{}", origin.head.seq, origin.head.id)),
            ("Bundle", origin.bundle.to_string()),
        ],
        None => Vec::new(),
    };
    let events: Vec<Happening> =
        life.iter().filter_map(|entry| entry.event.as_ref().map(|event| happening(event, entry.id))).collect();
    let actors: HashMap<u64, String> =
        life.iter().filter_map(|entry| Some((entry.seq, who(&entry.event.as_ref()?.actor)))).collect();
    let mut stays: Vec<Stay> = state
        .stages
        .values()
        .flat_map(|stage| told::stays(stage, row.version, |seq| actors.get(&seq).cloned()))
        .collect();
    stays.sort_by_key(|stay| stay.event);
    let mut missing: Vec<(String, String)> =
        erased.iter().map(|part| (part.row.what.name().to_owned(), part.why())).collect();
    if let Some(dropped) = &dropped {
        let by = dropped.actor.as_ref().map_or_else(String::new, |actor| format!(" by {actor}"));
        missing.push(("its files".to_owned(), format!("dropped{by}: {}", dropped.reason)));
    }
    let patch = record.code.patch.filter(|id| dropped.is_none() && teller.now.erased_file(row.version, *id).is_none());
    let patch = patch.and_then(|id| repository.store().file(id, MOST_PATCH).ok());
    let certified = certified(teller, row)?;
    let newest = state.certificates.get(&row.snapshot).map(|known| known.certificate);
    let others = life.iter().filter_map(|entry| match &entry.event.as_ref()?.body {
        EventBody::Certify { snapshot, certificate, verdict, .. }
            if *snapshot == row.snapshot && Some(*certificate) != newest =>
        {
            Some((certificate.to_string(), entry.time()?, *verdict))
        }
        _ => None,
    });
    let blocks = state.blocks.iter().filter(|block| block.snapshot == row.snapshot || block.model_tree == tree);
    let case = Case {
        label: found.label(),
        repository: state.repository.clone(),
        snapshot: row.snapshot.to_string(),
        record: record.clone(),
        observation: observation.clone(),
        made: events.iter().find(|event| event.seq == row.seq).cloned().unwrap_or_default(),
        origin,
        stays,
        certificate: certified,
        others: others.collect(),
        approvals: state.approvals.iter().filter(|one| is_of(one, row)).map(approval).collect(),
        waivers: state.waivers_of(row.snapshot).map(waiver).collect(),
        blocks: blocks
            .map(|block| {
                let stage = block.stage.as_ref().map_or("every stage".to_owned(), ToString::to_string);
                (stage, block.reason.clone(), block.time)
            })
            .collect(),
        // A report tells them with what is inside.
        changes: None,
        kept: files.len(),
        files: files
            .into_iter()
            .filter_map(|file| {
                let sha256 = file.id?.to_string();
                Some(StoredFile { entry: None, path: file.path, sha256, size: file.size })
            })
            .take(MOST_FILES)
            .collect(),
        patch: patch.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
        events,
        head: super::life::head(state),
        missing,
        beside: Beside::Nothing,
    };
    Ok(Parts { case, record, observation, dropped, erased })
}

/// The statement of a certificate, by its id.
fn statement(teller: &Teller<'_>, id: Digest) -> Result<StatementRecord, VerbError> {
    let bytes = teller.repository.store().record(id)?;
    let unreadable = |source| VerbError::Record { kind: "certificate", id: id.to_string(), source };
    StatementRecord::decode(&bytes).map_err(unreadable)
}

fn certified(teller: &Teller<'_>, row: &VersionRow) -> Result<Option<Certified>, VerbError> {
    let state = teller.state;
    let Some(known) = state.certificates.get(&row.snapshot) else { return Ok(None) };
    let baseline = known.baseline.and_then(|id| state.version_of(id));
    Ok(Some(Certified {
        id: known.certificate.to_string(),
        statement: statement(teller, known.certificate.digest())?,
        baseline: baseline.map(|version| format!("{}@{}", state.model, version.version)),
        issued: known.issued,
        expires: known.expires,
        proposed: known.proposed,
        signatures: known.signatures.iter().map(|one| (one.record.to_string(), one.keyid.to_string())).collect(),
    }))
}

fn is_of(approval: &ApprovalRow, row: &VersionRow) -> bool {
    matches!(approval.subject, SubjectRecord::Version { snapshot, .. } if snapshot == row.snapshot)
}

fn approval(row: &ApprovalRow) -> Approval {
    Approval {
        event: row.event.seq,
        time: row.time,
        subject: subject_of(row.subject),
        stage: row.stage.to_string(),
        role: row.role.clone(),
        person: row.person.clone(),
        certificate: row.certificate.map(|id| id.to_string()),
        withdrawn: row.withdrawn.map(|at| at.time),
        statement: None,
        signature: row.signature.map(|id| (id.to_string(), None)),
    }
}

fn waiver(row: &WaiverRow) -> Waiver {
    Waiver {
        event: row.event.seq,
        rule: row.rule.clone(),
        reason: row.reason.clone(),
        expires: row.expires,
        who: row.email.clone().or_else(|| row.actor.clone()).unwrap_or_default(),
        is_signed: row.signature.is_some(),
    }
}
