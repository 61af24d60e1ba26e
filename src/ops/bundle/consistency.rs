//! Whether the records of a bundle belong together: each to the id that another one names, and all of them to the journal.
//!
//! All of it can be made up anew by somebody who makes up everything, the journal included: what proves more is the snapshot's or the
//! certificate's id, or the head of the journal, known from elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::journal;
use super::journal::Journal;
use super::statements;
use crate::digest::Digest;
use crate::format::canonical;
use crate::format::certificate::{MEASUREMENT, StatementRecord};
use crate::format::checkpoint::VersionRow;
use crate::format::event::{self, EventBody, EventRef};
use crate::format::measurement::{self, MeasurementRecord};
use crate::format::observation::{self, ObservationRecord};
use crate::format::redacted::{self, RedactedRecord};
use crate::format::signature::SignatureRecord;
use crate::format::snapshot::{self, SnapshotRecord};
use crate::format::tree::{EntryKind, TreeRecord};
use crate::id::{CertificateId, FileId, SnapshotId, TreeId};
use crate::name::{ModelName, Version};
use crate::ops::{rules, signing};

/// What a bundle says it is. 1: first form. 2: the whole journal, pages to read, records that events name; no links.
pub(in crate::ops) const FORMAT: &str = "mlrun/bundle/2";
/// The list of digests; the first entry, so that a reader can check the others as they come.
pub(in crate::ops) const SUMS: &str = "SHA256SUMS";
/// What it is about; the second entry, so that a reader knows how much is to come.
pub(in crate::ops) const ABOUT: &str = "bundle.json";
/// Every event.
pub(in crate::ops) const JOURNAL: &str = "journal.jsonl";
/// The page.
pub(in crate::ops) const PAGE: &str = "index.html";
/// What is what.
pub(in crate::ops) const README: &str = "README.txt";
/// The difference to the version before.
pub(in crate::ops) const DIFF: &str = "diff.json";
/// Files whose names could not be kept apart from others everywhere, by digest.
pub(in crate::ops) const APART: &str = "apart/";

/// What a bundle is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::ops) struct About {
    /// [`FORMAT`].
    pub(in crate::ops) format: String,
    /// The version of the program that made it.
    pub(in crate::ops) tool: String,
    /// The history.
    pub(in crate::ops) repository: String,
    /// The model whose journal it is.
    pub(in crate::ops) model: ModelName,
    /// Its version.
    pub(in crate::ops) version: Version,
    /// The record.
    pub(in crate::ops) snapshot: SnapshotId,
    /// The newest certificate.
    pub(in crate::ops) certificate: Option<CertificateId>,
    /// The newest event of the journal.
    pub(in crate::ops) head: EventRef,
    /// Entries in all, but for the list of digests and this one.
    pub(in crate::ops) entries: u64,
    /// Their bytes.
    pub(in crate::ops) bytes: u64,
    /// What is not in it, and why.
    pub(in crate::ops) missing: Vec<(String, String)>,
}

/// What a list of entries is checked for.
pub(in crate::ops) type Entries = BTreeMap<String, Vec<u8>>;

/// Everything in it that is no file, read and found to belong together as far as [`Problems`] says nothing else.
#[derive(Debug)]
pub(in crate::ops) struct Records<'a> {
    pub(in crate::ops) about: &'a About,
    pub(in crate::ops) by_name: &'a Entries,
    pub(in crate::ops) journal: Journal,
    pub(in crate::ops) row: VersionRow,
    pub(in crate::ops) snapshot: SnapshotRecord,
    pub(in crate::ops) observation: ObservationRecord,
    pub(in crate::ops) statement: Option<StatementRecord>,
}

/// What is wrong; the first thousand.
#[derive(Debug, Default)]
pub(in crate::ops) struct Problems(Vec<String>);

impl Problems {
    /// Notes what is wrong.
    pub(in crate::ops) fn add(&mut self, problem: String) {
        if self.0.len() < 1000 && !self.0.contains(&problem) {
            self.0.push(problem);
        }
    }

    fn note(&mut self, checked: Result<(), String>) {
        if let Err(problem) = checked {
            self.add(problem);
        }
    }

    /// All of it.
    pub(in crate::ops) fn into_vec(self) -> Vec<String> {
        self.0
    }
}

/// Whether a bundle can have an entry of this name.
pub(in crate::ops) fn is_known(name: &str) -> bool {
    const SINGLE: [&str; 14] = [
        SUMS,
        ABOUT,
        JOURNAL,
        PAGE,
        README,
        DIFF,
        "certificate.dsse.json",
        "certificate.json",
        "code.patch",
        "measurement.json",
        "observation.json",
        "policy.json",
        "policy.toml",
        "snapshot.json",
    ];
    let within = |folder: &str, ending: &str| {
        let inside = name.strip_prefix(folder).and_then(|rest| rest.strip_suffix(ending));
        inside.is_some_and(|stem| !stem.contains('/'))
    };
    SINGLE.contains(&name)
        || is_file(name)
        || within("events/", "")
        || within("records/", "")
        || within("ssh/", ".sig")
        || ["cases/", "profiles/", "signatures/", "trees/"].iter().any(|folder| within(folder, ".json"))
}

/// Whether an entry is a file of the version, not a record about it.
pub(in crate::ops) fn is_file(name: &str) -> bool {
    ["files/", "measured/", APART].iter().any(|folder| name.starts_with(folder))
}

/// The name of a record that an event names.
pub(in crate::ops) fn record_name(id: Digest, bytes: &[u8]) -> String {
    let ending = if bytes.starts_with(b"{") { "json" } else { "txt" };
    format!("records/{id}.{ending}")
}

impl<'a> Records<'a> {
    /// Reads what everything else is checked by.
    pub(in crate::ops) fn read(about: &'a About, by_name: &'a Entries) -> Result<Self, String> {
        let entry = |name: &str| by_name.get(name).ok_or_else(|| format!("`{name}` is missing"));
        let journal = Journal::fold(entry(JOURNAL)?, &about.model, about.version, about.snapshot)?;
        let state = &journal.state;
        let row = state.version(about.version).copied().filter(|row| row.snapshot == about.snapshot);
        let row = row.ok_or("no event in it made this version of this snapshot")?;
        let bytes = entry("snapshot.json")?;
        let id = about.snapshot.digest();
        let left = state.copy_of(id).unwrap_or(id);
        if Digest::of(bytes) != left {
            return Err("`snapshot.json` does not hash to the id in `bundle.json`".to_owned());
        }
        let snapshot = match left == id {
            true => canonical::decode(snapshot::FORMAT, bytes),
            false => RedactedRecord::decode(bytes, id).map(|copy| copy.record),
        };
        let snapshot = snapshot.map_err(|e| format!("`snapshot.json`: {e}"))?;
        let bytes = entry("observation.json")?;
        let id = row.observation.digest();
        let left = state.copy_of(id).unwrap_or(id);
        if Digest::of(bytes) != left {
            return Err("`observation.json` does not hash to what the event that made the version names".to_owned());
        }
        let observation = match left == id {
            true => canonical::decode(observation::FORMAT, bytes),
            false => canonical::decode::<RedactedRecord<ObservationRecord>>(redacted::FORMAT, bytes).map(|c| c.record),
        };
        let observation = observation.map_err(|e| format!("`observation.json`: {e}"))?;
        let statement = by_name.get("certificate.json").map(|bytes| StatementRecord::decode(bytes)).transpose();
        let statement = statement.map_err(|e| format!("`certificate.json`: {e}"))?;
        Ok(Self { about, by_name, journal, row, snapshot, observation, statement })
    }

    /// Everything that does not fit.
    pub(in crate::ops) fn check(&self, problems: &mut Problems) {
        problems.note(self.check_about());
        self.check_events(problems);
        self.check_certificate(problems);
        self.check_named(problems);
        let profiles = self.observation.profiles.values().filter_map(|profile| profile.id.map(|id| id.digest()));
        self.check_folder("profiles/", profiles, "`observation.json`", problems);
        let patch = self.snapshot.code.patch.filter(|id| !self.is_erased(*id)).map(|id| id.digest());
        problems.note(self.check_digest("code.patch", patch, "`snapshot.json`"));
    }

    fn is_erased(&self, file: FileId) -> bool {
        self.journal.state.erased_file(self.about.version, file).is_some()
    }

    fn check_about(&self) -> Result<(), String> {
        let state = &self.journal.state;
        if state.repository != self.about.repository {
            return Err("its journal is not of the history that `bundle.json` names".to_owned());
        }
        if state.head != Some(self.about.head) {
            return Err("the journal does not end with the event that `bundle.json` names".to_owned());
        }
        let name = &self.snapshot.model;
        // A version that came from elsewhere keeps the name it had there, whatever it is called here.
        let made = self.journal.event(self.row.seq).map(|(event, _)| event.body);
        let imported = matches!(made, Some(EventBody::Import { .. }));
        if *name != self.about.model && !imported {
            return Err("`bundle.json` names another model than `snapshot.json`".to_owned());
        }
        let newest = state.certificates.get(&self.about.snapshot).map(|row| row.certificate);
        if newest != self.about.certificate {
            return Err("the certificate in `bundle.json` is not the one that the journal has".to_owned());
        }
        Ok(())
    }

    /// The entry has the digest that is named; neither is there without the other.
    fn check_digest(&self, name: &str, named: Option<Digest>, by: &str) -> Result<(), String> {
        match (self.by_name.get(name), named) {
            (None, None) => Ok(()),
            (None, Some(_)) => Err(format!("`{name}` is missing, which {by} names")),
            (Some(_), None) => Err(format!("`{name}` is in it, which {by} does not name")),
            (Some(bytes), Some(named)) if Digest::of(bytes) == named => Ok(()),
            (Some(_), Some(_)) => Err(format!("`{name}` does not hash to what {by} names")),
        }
    }

    /// The folder has the records that are named, and no others; their names say what they hash to, or what they were.
    fn check_folder(&self, folder: &str, named: impl Iterator<Item = Digest>, by: &str, problems: &mut Problems) {
        let mut open: BTreeSet<&String> = self.by_name.keys().filter(|name| name.starts_with(folder)).collect();
        for id in named {
            let name = format!("{folder}{id}.json");
            let left = self.journal.state.copy_of(id).unwrap_or(id);
            problems.note(self.check_digest(&name, Some(left), by));
            open.remove(&name);
        }
        open.iter().for_each(|name| problems.note(self.check_digest(name, None, by)));
    }

    /// Those that concern the version, each as it stands in the journal.
    fn check_events(&self, problems: &mut Problems) {
        let mut open: BTreeSet<&String> = self.by_name.keys().filter(|name| name.starts_with("events/")).collect();
        for seq in &self.journal.concerning {
            let name = format!("events/{}", event::file_name(*seq));
            let line = self.journal.line(*seq).unwrap_or_default();
            match self.by_name.get(&name) {
                None => problems.add(format!("`{name}` is missing, which concerns the version")),
                Some(bytes) if *bytes == journal::file(line) => {}
                Some(_) => problems.add(format!("`{name}` is not that event of the journal")),
            }
            open.remove(&name);
        }
        open.iter().for_each(|name| problems.add(format!("`{name}` does not concern the version")));
    }

    fn check_certificate(&self, problems: &mut Problems) {
        let named = self.about.certificate.map(|id| id.digest());
        problems.note(self.check_digest("certificate.json", named, "the journal"));
        let by = "`certificate.json`";
        let predicate = self.statement.as_ref().map(|statement| &statement.predicate);
        if predicate.is_some_and(|predicate| predicate.candidate != self.about.snapshot) {
            problems.add("`certificate.json` is about another snapshot".to_owned());
        }
        let policy = predicate.map(|predicate| predicate.policy_sha256);
        problems.note(self.check_digest("policy.json", policy, by));
        let policy_file = self.statement.as_ref().and_then(rules::policy_files::named);
        problems.note(self.check_digest("policy.toml", policy_file, by));
        let evidence = predicate.map(|predicate| predicate.evidence.as_slice()).unwrap_or_default();
        let measurement = evidence.iter().find(|known| known.kind == MEASUREMENT).map(|known| known.sha256);
        problems.note(self.check_digest("measurement.json", measurement, by));
        let lists = predicate.and_then(|predicate| predicate.cases.as_ref()).map(|cases| cases.lists.as_slice());
        self.check_folder("cases/", lists.unwrap_or_default().iter().copied(), by, problems);
        self.check_signatures(problems);
    }

    /// Those that the events name, no others; each of this certificate, and made with the key it names.
    fn check_signatures(&self, problems: &mut Problems) {
        let certificate = self.by_name.get("certificate.json").map(Vec::as_slice).unwrap_or_default();
        let row = self.journal.state.certificates.get(&self.about.snapshot);
        let signed = row.map(|row| row.signatures.as_slice()).unwrap_or_default();
        self.check_folder("signatures/", signed.iter().map(|signature| signature.record), "an event", problems);
        let mut records = Vec::new();
        for (name, bytes) in self.by_name.iter().filter(|(name, _)| name.starts_with("signatures/")) {
            match SignatureRecord::decode(bytes) {
                Err(error) => problems.add(format!("`{name}`: {error}")),
                Ok(record) if !signing::holds(&record, certificate) => {
                    problems.add(format!("`{name}` is not a signature of `certificate.json`"));
                }
                Ok(_) => {}
            }
        }
        for signature in signed {
            let bytes = self.by_name.get(&format!("signatures/{}.json", signature.record));
            records.extend(bytes.and_then(|bytes| SignatureRecord::decode(bytes).ok()));
        }
        let envelope = envelope(certificate, &records);
        if self.by_name.get("certificate.dsse.json") != envelope.as_ref() {
            problems.add("`certificate.dsse.json` is not the certificate with its signatures".to_owned());
        }
    }

    /// Records that events name, and signatures as `ssh-keygen` takes them.
    fn check_named(&self, problems: &mut Problems) {
        let mut named = BTreeSet::new();
        let mut expected: BTreeMap<String, String> = BTreeMap::new();
        for seq in &self.journal.concerning {
            named.extend(journal::named(self.journal.line(*seq).unwrap_or_default()));
            let Some((event, _)) = self.journal.event(*seq) else { continue };
            let signed = match &event.body {
                EventBody::Approve { statement, signature, .. } => [Some(*statement), *signature],
                body => [journal::signature_of(body), None],
            };
            for id in signed.into_iter().flatten() {
                if self.record(id).is_none() && !self.is_missing(&id.to_string()) {
                    problems.add(format!("the record {id} is missing, which event {seq} names"));
                }
            }
            named.extend(statements::waiver(&event, &self.about.repository).map(|bytes| Digest::of(&bytes)));
            let record = |id: Digest| self.record(id).map(|(_, bytes)| bytes);
            if let Some(problem) = statements::problem(&event, &self.about.repository, record) {
                problems.add(problem);
            }
            let armoured = journal::signature_of(&event.body).and_then(|id| self.record(id));
            if let Some(text) = armoured.and_then(|(_, bytes)| journal::armoured(bytes)) {
                expected.insert(format!("ssh/{seq}.sig"), text);
            }
        }
        for (name, bytes) in self.by_name.iter().filter(|(name, _)| name.starts_with("records/")) {
            let id = Digest::of(bytes);
            if *name != record_name(id, bytes) {
                problems.add(format!("`{name}` does not hash to its name"));
            } else if !named.contains(&id) {
                problems.add(format!("`{name}` is in it, which no event names"));
            }
        }
        for (name, bytes) in self.by_name.iter().filter(|(name, _)| name.starts_with("ssh/")) {
            if expected.remove(name).is_none_or(|text| text.as_bytes() != bytes) {
                problems.add(format!("`{name}` is not the signature of that event"));
            }
        }
        expected.keys().for_each(|name| problems.add(format!("`{name}` is missing")));
    }

    /// A record that an event names: the entry, and its bytes.
    pub(in crate::ops) fn record(&self, id: Digest) -> Option<(String, &[u8])> {
        let names = ["json", "txt"].map(|ending| format!("records/{id}.{ending}"));
        names.into_iter().find_map(|name| self.by_name.get(&name).map(|bytes| (name, bytes.as_slice())))
    }

    fn is_missing(&self, what: &str) -> bool {
        self.about.missing.iter().any(|(name, _)| name.contains(what))
    }

    /// The files that must be in it, by name: digest and size; those that were erased need not.
    pub(in crate::ops) fn files(&self, problems: &mut Problems) -> BTreeMap<String, Expected> {
        let listed = self.about.entries;
        let mut walk = Walk {
            records: self,
            found: BTreeMap::new(),
            trees: BTreeSet::new(),
            // Folders that are in each other twice and twice are many files of few bytes: more than are listed are not looked for.
            most_files: 2 * listed + 10_000,
            most_folders: 16 * listed + 100_000,
            problems,
        };
        let record = &self.snapshot;
        let prefix = &record.code.prefix;
        let below = if prefix.is_empty() || record.code.tree.is_none() { String::new() } else { format!("{prefix}/") };
        let optional = [&record.params_files, &record.metrics_files, &record.results];
        let trees = optional.into_iter().flatten().map(|t| t.tree).chain([record.model_files.tree]);
        for tree in trees.chain(record.data.iter().filter_map(|data| data.stored)) {
            walk.descend(tree, &below);
        }
        if let Some(tree) = record.code.tree {
            walk.descend(tree.tree, "");
        }
        let mut single = |path: &str, file: FileId, size: u64, is_own: bool| {
            walk.add(format!("{below}{path}"), file.digest(), size, is_own);
        };
        record.predictions.iter().for_each(|set| single(&set.path, set.file, set.size, true));
        record.samples.iter().for_each(|set| single(&set.path, set.file, set.size, true));
        record.reports.iter().for_each(|report| single(&report.path, report.file, report.size, true));
        for row in self.journal.state.attached_to(self.about.version) {
            if let Some((EventBody::Attach { evidence, .. }, _)) =
                self.journal.event(row.event.seq).map(|(event, id)| (event.body, id))
            {
                single(evidence.path(), evidence.file(), evidence.size(), false);
            }
        }
        let Walk { mut found, trees, problems, .. } = walk;
        for name in self.by_name.keys().filter(|name| name.starts_with("trees/") && !trees.contains(*name)) {
            problems.add(format!("`{name}` is in it, which the snapshot does not name"));
        }
        match self.measurement() {
            Err(problem) => problems.add(problem),
            Ok(measurement) => {
                let sides = measurement.into_iter().flat_map(|known| known.sides.into_values());
                for made in sides.filter_map(|side| side.predictions) {
                    let expected = Expected { digest: made.file.digest(), size: made.size, is_own: false };
                    found.insert(made.path, expected);
                }
            }
        }
        found
    }

    fn measurement(&self) -> Result<Option<MeasurementRecord>, String> {
        let Some(bytes) = self.by_name.get("measurement.json") else { return Ok(None) };
        canonical::decode(measurement::FORMAT, bytes).map(Some).map_err(|e| format!("`measurement.json`: {e}"))
    }

    /// The files against the digests that were found; none of another kind. A file that was erased from the version may be gone.
    pub(in crate::ops) fn check_files(
        &self,
        files: &BTreeMap<String, Expected>,
        sums: &BTreeMap<String, Digest>,
        problems: &mut Problems,
    ) {
        let mut used = BTreeSet::new();
        let erased = self.journal.state.erased.iter().filter_map(|row| Some(row.file()?.sha256.digest()));
        let erased: BTreeSet<Digest> = erased.collect();
        for (name, expected) in files {
            let place = entry_of(name, expected.digest, sums);
            match place {
                Some(place) => drop(used.insert(place)),
                None if erased.contains(&expected.digest) && !sums.contains_key(name) => {}
                None => {
                    let by = if name.starts_with("measured/") { "`measurement.json`" } else { "the snapshot" };
                    problems.add(format!("`{name}` is not the file {by} names"));
                }
            }
        }
        for name in sums.keys().filter(|name| is_file(name) && !used.contains(*name) && !files.contains_key(*name)) {
            problems.add(format!("`{name}` is not in the snapshot"));
        }
    }
}

/// A file that a bundle must have.
#[derive(Debug, Clone, Copy)]
pub(in crate::ops) struct Expected {
    pub(in crate::ops) digest: Digest,
    pub(in crate::ops) size: u64,
    /// Whether the snapshot itself names it: it is part of the version, whoever holds it.
    pub(in crate::ops) is_own: bool,
}

/// The entry that holds a file: at its own place, or by its digest.
pub(in crate::ops) fn entry_of(name: &str, digest: Digest, sums: &BTreeMap<String, Digest>) -> Option<String> {
    [name.to_owned(), format!("{APART}{digest}")].into_iter().find(|place| sums.get(place) == Some(&digest))
}

/// The certificate in its envelope; none where nobody signed it.
pub(in crate::ops) fn envelope(certificate: &[u8], records: &[SignatureRecord]) -> Option<Vec<u8>> {
    if records.is_empty() {
        return None;
    }
    crate::format::signature::envelope(certificate, records).and_then(|envelope| envelope.encode()).ok()
}

/// Down the folders of a snapshot.
struct Walk<'w, 'a> {
    records: &'w Records<'a>,
    found: BTreeMap<String, Expected>,
    trees: BTreeSet<String>,
    most_files: u64,
    most_folders: u64,
    problems: &'w mut Problems,
}

impl Walk<'_, '_> {
    fn descend(&mut self, root: TreeId, above: &str) {
        let mut open = vec![(root, above.to_owned(), 0)];
        while let Some((id, above, depth)) = open.pop() {
            if self.most_folders == 0 || self.found.len() as u64 > self.most_files {
                self.problems.add("its folders hold more than is listed".to_owned());
                return;
            }
            self.most_folders -= 1;
            let name = format!("trees/{id}.json");
            let Some(bytes) = self.records.by_name.get(&name) else {
                self.problems.add(format!("`{name}` is missing"));
                continue;
            };
            if Digest::of(bytes) != id.digest() || depth > 2048 || above.len() > 4096 {
                self.problems.add(format!("`{name}` does not hash to its name"));
                continue;
            }
            self.trees.insert(name.clone());
            let tree = match TreeRecord::decode(bytes) {
                Ok(tree) => tree,
                Err(error) => {
                    self.problems.add(format!("`{name}`: {error}"));
                    continue;
                }
            };
            for entry in tree.entries {
                let path = format!("{above}{}", entry.name);
                match (entry.kind, entry.id) {
                    (EntryKind::Folder, Some(id)) => open.push((TreeId::new(id), format!("{path}/"), depth + 1)),
                    (_, Some(id)) => self.add(path, id, entry.size, true),
                    // A link's target stands in its folder's listing.
                    (_, None) => {}
                }
            }
        }
    }

    fn add(&mut self, path: String, digest: Digest, size: u64, is_own: bool) {
        let name = format!("files/{path}");
        match self.found.get_mut(&name) {
            Some(known) if known.digest != digest => {
                self.problems.add(format!("the snapshot names two files `{path}`"));
            }
            Some(known) => known.is_own |= is_own,
            None => drop(self.found.insert(name, Expected { digest, size, is_own })),
        }
    }
}
