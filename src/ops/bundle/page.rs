//! The pages of a bundle, made from what lies beside them and nothing else: whoever has the rest can make them again.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::consistency::{DIFF, Records, entry_of};
use super::journal;
use crate::digest::Digest;
use crate::format::checkpoint::StageRow;
use crate::format::event::{EventBody, EventRecord};
use crate::format::tree::{EntryKind, TreeRecord};
use crate::id::{EventId, TreeId};
use crate::ops::told;
use crate::ops::told::{happening, subject_of, who};
use crate::page::case::{self, Approval, Beside, Case, Certified, Changes, Stay, StoredFile, Waiver};

/// Files of a model that are listed one by one.
const MOST_FILES: usize = 1000;

/// What is read by people.
pub(super) struct Pages {
    pub(super) index: String,
    pub(super) readme: String,
}

/// What `diff.json` says.
#[derive(Deserialize)]
struct Difference {
    before: String,
    items: Vec<DifferentItem>,
}

#[derive(Deserialize)]
struct DifferentItem {
    part: String,
    name: String,
    change: String,
    a: Option<String>,
    b: Option<String>,
}

impl Pages {
    /// Of these records; `sums` has the files that lie beside them.
    pub(super) fn of(records: &Records<'_>, sums: &BTreeMap<String, Digest>) -> Self {
        Self { index: case::html(&case(records, sums)), readme: readme(records) }
    }
}

fn case(records: &Records<'_>, sums: &BTreeMap<String, Digest>) -> Case {
    let about = records.about;
    let state = &records.journal.state;
    let events: Vec<(EventRecord, EventId)> =
        records.journal.concerning.iter().filter_map(|seq| records.journal.event(*seq)).collect();
    let made = records.journal.event(records.row.seq);
    let origin = match made.as_ref().map(|(event, _)| &event.body) {
        Some(EventBody::Import { origin, .. }) => vec![
            ("History", origin.repository.clone()),
            ("Version there", format!("{}@{}", origin.model, origin.version)),
            ("Its journal ended with", format!("{}:{}", origin.head.seq, origin.head.id)),
            ("Bundle", origin.bundle.to_string()),
        ],
        _ => Vec::new(),
    };
    let mut stays: Vec<Stay> = state.stages.values().flat_map(|stage| stays_in(records, stage)).collect();
    stays.sort_by_key(|stay| stay.event);
    let certified = certified(records);
    let others = events.iter().filter_map(|(event, _)| match &event.body {
        EventBody::Certify { snapshot, certificate, verdict, .. }
            if *snapshot == about.snapshot && about.certificate != Some(*certificate) =>
        {
            Some((certificate.to_string(), event.time, *verdict))
        }
        _ => None,
    });
    let blocks = state.blocks.of(about.snapshot, Some(records.row.model_tree));
    let stage = |stage: Option<&crate::name::StageName>| stage.map_or("every stage".to_owned(), ToString::to_string);
    let patch = records.by_name.get("code.patch").map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    Case {
        label: label(records),
        repository: about.repository.clone(),
        snapshot: about.snapshot.to_string(),
        record: records.snapshot.clone(),
        observation: records.observation.clone(),
        made: made.as_ref().map(|(event, id)| happening(event, *id)).unwrap_or_default(),
        origin,
        stays,
        certificate: certified,
        others: others.collect(),
        approvals: approvals(records),
        waivers: waivers(records),
        blocks: blocks.map(|block| (stage(block.stage.as_ref()), block.reason.clone(), block.time)).collect(),
        changes: changes(records),
        files: model_files(records, sums),
        kept: sums.keys().filter(|name| super::consistency::is_file(name)).count(),
        patch,
        events: events.iter().map(|(event, id)| happening(event, *id)).collect(),
        head: (about.head.seq, about.head.id.to_string()),
        missing: about.missing.clone(),
        beside: Beside::Bundle,
    }
}

/// By the name the model has now.
fn label(records: &Records<'_>) -> String {
    format!("{}@{}", records.journal.state.model, records.about.version)
}

fn stays_in<'s>(records: &'s Records<'_>, stage: &'s StageRow) -> impl Iterator<Item = Stay> + 's {
    let moved = |seq| records.journal.event(seq).map(|(event, _)| who(&event.actor));
    told::stays(stage, records.about.version, moved).into_iter()
}

fn certified(records: &Records<'_>) -> Option<Certified> {
    let state = &records.journal.state;
    let row = state.certificates.get(&records.about.snapshot)?;
    let baseline = row.baseline.and_then(|id| state.version_of(id));
    Some(Certified {
        id: row.certificate.to_string(),
        statement: records.statement.clone()?,
        baseline: baseline.map(|version| format!("{}@{}", state.model, version.version)),
        issued: row.issued,
        expires: row.expires,
        proposed: row.proposed,
        signatures: row.signatures.iter().map(|one| (one.record.to_string(), one.keyid.to_string())).collect(),
    })
}

fn approvals(records: &Records<'_>) -> Vec<Approval> {
    let concerned =
        records.journal.state.approvals.iter().filter(|row| records.journal.concerning.contains(&row.event.seq));
    let approval = |row: &crate::format::checkpoint::ApprovalRow| {
        let armoured = format!("ssh/{}.sig", row.event.seq);
        let signature = match records.by_name.get(&armoured) {
            Some(text) => Some((armoured, journal::namespace(&String::from_utf8_lossy(text)))),
            None => row.signature.and_then(|id| records.record(id)).map(|(name, _)| (name, None)),
        };
        Approval {
            event: row.event.seq,
            time: row.time,
            subject: subject_of(row.subject),
            stage: row.stage.to_string(),
            role: row.role.clone(),
            person: row.person.clone(),
            certificate: row.certificate.map(|id| id.to_string()),
            withdrawn: row.withdrawn.map(|at| at.time),
            statement: records.record(row.statement).map(|(name, _)| name),
            signature,
        }
    };
    concerned.map(approval).collect()
}

fn waivers(records: &Records<'_>) -> Vec<Waiver> {
    let own = records.journal.state.waivers.iter().filter(|row| row.snapshot == records.about.snapshot);
    let waiver = |row: &crate::format::checkpoint::WaiverRow| Waiver {
        event: row.event.seq,
        rule: row.rule.clone(),
        reason: row.reason.clone(),
        expires: row.expires,
        who: row.email.clone().or_else(|| row.actor.clone()).unwrap_or_default(),
        is_signed: row.signature.is_some(),
    };
    own.map(waiver).collect()
}

fn changes(records: &Records<'_>) -> Option<Changes> {
    let difference: Difference = serde_json::from_slice(records.by_name.get(DIFF)?).ok()?;
    let items = difference.items.into_iter();
    let items = items.map(|i| [i.part, i.name, i.change, i.a.unwrap_or_default(), i.b.unwrap_or_default()]);
    Some(Changes { before: difference.before, items: items.collect() })
}

/// The first files of the model, as its folders list them.
fn model_files(records: &Records<'_>, sums: &BTreeMap<String, Digest>) -> Vec<StoredFile> {
    let code = &records.snapshot.code;
    let prefix =
        if code.tree.is_some() && !code.prefix.is_empty() { format!("{}/", code.prefix) } else { String::new() };
    let mut found = Vec::new();
    let mut open = vec![(records.snapshot.model_files.tree, String::new(), 0)];
    while let Some((tree, above, depth)) = open.pop() {
        let listing = records.by_name.get(&format!("trees/{tree}.json"));
        let Some(listing) = listing.and_then(|bytes| TreeRecord::decode(bytes).ok()) else { continue };
        for entry in listing.entries {
            let path = format!("{above}{}", entry.name);
            match (entry.kind, entry.id) {
                (EntryKind::Folder, Some(id)) if depth < 64 && open.len() < MOST_FILES => {
                    open.push((TreeId::new(id), format!("{path}/"), depth + 1));
                }
                (EntryKind::Folder, _) | (_, None) => {}
                (_, Some(id)) => found.push(StoredFile {
                    entry: entry_of(&format!("files/{prefix}{path}"), id, sums),
                    path,
                    sha256: id.to_string(),
                    size: entry.size,
                }),
            }
        }
        if found.len() > MOST_FILES {
            break;
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn readme(records: &Records<'_>) -> String {
    let about = records.about;
    format!(
        "{label}, snapshot {snapshot}\n\
         \n\
         index.html tells what this version is, where it was in use, and how to check all of it. It needs no network.\n\
         \n\
         SHA256SUMS            every file here:  sha256sum -c --quiet SHA256SUMS\n\
         bundle.json           what this is about, and what is not in it\n\
         snapshot.json         the version:      sha256sum snapshot.json  prints its id, unless something was erased from it\n\
         observation.json      machine, repository and times around it; profiles/ its data\n\
         certificate.json      the newest certificate, if there is one; policy.json and policy.toml its rules,\n\
         \x20                     measurement.json and measured/ what was seen while the models were run, cases/ regression cases\n\
         signatures/           signatures of the certificate; certificate.dsse.json holds it together with them\n\
         journal.jsonl         every event of the model: the SHA-256 of a line is the event's id, which the next one names\n\
         events/               those that concern this version, as they lie in the store\n\
         records/              what they name, by SHA-256: statements that were signed, other certificates, rules\n\
         ssh/                  signatures of such statements, as ssh-keygen takes them\n\
         diff.json             what changed since the version before\n\
         trees/                listings of folders, by SHA-256\n\
         files/                the files, where they lay in the project; in apart/ those whose names cannot be kept apart\n\
         code.patch            what was not committed\n\
         \n\
         mlrun bundle --verify FILE checks all of it at once; mlrun import FILE brings it into a store.\n",
        label = label(records),
        snapshot = about.snapshot,
    )
}
