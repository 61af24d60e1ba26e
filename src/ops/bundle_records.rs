//! Whether the records of a bundle belong together: each to the id that another one names, and every event to the list.
//!
//! All of it can be made up anew by somebody who makes up everything, `bundle.json` included: what proves more is the
//! snapshot's or the certificate's id, known from elsewhere.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde_json::Value;

use super::{policy_files, signing};
use crate::digest::Digest;
use crate::format::certificate::{MEASUREMENT, StatementRecord};
use crate::format::event::{self, ErasedRecord, EventBody, EventRecord};
use crate::format::observation::{self, ObservationRecord};
use crate::format::redacted::{self, RedactedRecord};
use crate::format::signature::SignatureRecord;
use crate::format::signoff::{APPROVAL, ApprovalRecord, NAMESPACE, WAIVER, WaiverStatement};
use crate::format::snapshot::SnapshotRecord;
use crate::format::{FormatError, canonical};
use crate::id::ProfileId;
use crate::signature::sshsig::SshSignature;

/// What a bundle says it is.
pub(super) const FORMAT: &str = "mlrun/bundle/1";
/// The list of digests; the first entry, so that a reader can check the others as they come.
pub(super) const SUMS: &str = "SHA256SUMS";

/// What the events of a bundle say was erased from its version. They are believed as far as [`Records::check`] holds.
#[derive(Default)]
pub(super) struct Erased {
    /// Files that need not be in it.
    pub(super) files: HashSet<Digest>,
    /// Records, and the newest copy that is left of each.
    copies: HashMap<Digest, Digest>,
}

impl Erased {
    /// From the events in it.
    pub(super) fn read(by_name: &BTreeMap<String, Vec<u8>>, version: &str) -> Self {
        let mut erased = Self::default();
        let events = by_name.iter().filter(|(name, _)| name.starts_with("events/"));
        for event in events.filter_map(|(_, bytes)| event::decode(bytes).ok()?.event.ok()) {
            match event.body {
                EventBody::Purge { versions, erased: what, .. }
                    if versions.iter().any(|v| v.to_string() == version) =>
                {
                    match what {
                        ErasedRecord::File(file) => drop(erased.files.insert(file.sha256.digest())),
                        ErasedRecord::Field(field) => {
                            erased.copies.extend(field.copies.iter().map(|copy| (copy.record, copy.copy)));
                        }
                    }
                }
                _ => {}
            }
        }
        erased
    }

    /// What a record hashes to whose id is `id`: that, or what its copy does.
    pub(super) fn left_of(&self, id: Digest) -> Digest {
        self.copies.get(&id).copied().unwrap_or(id)
    }
}

/// What the events of a bundle say was attached to its version: its path and digest.
pub(super) fn attached(by_name: &BTreeMap<String, Vec<u8>>, version: &str) -> Vec<(String, Digest)> {
    let events = by_name.iter().filter(|(name, _)| name.starts_with("events/"));
    let events = events.filter_map(|(_, bytes)| event::decode(bytes).ok()?.event.ok());
    let of_version = events.filter_map(|event| match event.body {
        EventBody::Attach { version: of, evidence, .. } if of.to_string() == version => {
            Some((evidence.path().to_owned(), evidence.file().digest()))
        }
        _ => None,
    });
    of_version.collect()
}

/// The entries of a bundle that are no files of the project.
pub(super) struct Records<'a> {
    pub(super) erased: &'a Erased,
    pub(super) by_name: &'a BTreeMap<String, Vec<u8>>,
    pub(super) about: &'a Value,
    pub(super) snapshot: &'a SnapshotRecord,
}

impl Records<'_> {
    /// The first thing that does not fit.
    pub(super) fn check(&self) -> Result<(), String> {
        self.check_names()?;
        if self.about["model"].as_str() != Some(self.snapshot.model.as_str()) {
            return Err("`bundle.json` names another model than `snapshot.json`".to_owned());
        }
        let patch = self.snapshot.code.patch.map(|id| id.digest()).filter(|id| !self.erased.files.contains(id));
        let patch = patch.map(|id| id.to_string());
        self.check_digest("code.patch", patch.as_deref(), "`snapshot.json`")?;
        self.check_certificate()?;
        self.check_events()
    }

    /// Everything in it is of a known kind, so that nothing rides along unread.
    fn check_names(&self) -> Result<(), String> {
        const SINGLE: [&str; 8] = [
            "bundle.json",
            "certificate.json",
            "code.patch",
            "measurement.json",
            "observation.json",
            "policy.json",
            "policy.toml",
            "snapshot.json",
        ];
        let known = |name: &str| {
            SINGLE.contains(&name)
                || name.starts_with("events/")
                || name.starts_with("cases/") && name.ends_with(".json")
                || name.starts_with("profiles/") && name.ends_with(".json")
                || name.starts_with("sign-offs/") && [".json", ".sig", ".signers"].iter().any(|end| name.ends_with(end))
                || name.starts_with("signatures/") && name.ends_with(".json")
                || name.starts_with("trees/") && name.ends_with(".json")
        };
        match self.by_name.keys().find(|name| !known(name)) {
            Some(name) => Err(format!("`{name}` is nothing a bundle holds")),
            None => Ok(()),
        }
    }

    /// The entry has the digest that is named; neither is there without the other.
    fn check_digest(&self, name: &str, named: Option<&str>, by: &str) -> Result<(), String> {
        match (self.by_name.get(name), named) {
            (None, None) => Ok(()),
            (None, Some(_)) => Err(format!("`{name}` is missing, which {by} names")),
            (Some(_), None) => Err(format!("`{name}` is in it, which {by} does not name")),
            (Some(bytes), Some(named)) if Digest::of(bytes).to_string() == named => Ok(()),
            (Some(_), Some(_)) => Err(format!("`{name}` does not hash to what {by} names")),
        }
    }

    /// Those that the observation names, no others.
    fn check_profiles(&self) -> Result<(), String> {
        let bytes = self.by_name.get("observation.json").map(Vec::as_slice).unwrap_or_default();
        let observation: ObservationRecord = canonical::decode(observation::FORMAT, bytes)
            .or_else(|error| match canonical::decode::<RedactedRecord<ObservationRecord>>(redacted::FORMAT, bytes) {
                Ok(copy) => Ok(copy.record),
                Err(_) => Err(error),
            })
            .map_err(|e| format!("`observation.json`: {e}"))?;
        let named: BTreeMap<String, ProfileId> =
            observation.profiles.values().filter_map(|p| Some((format!("profiles/{}.json", p.id?), p.id?))).collect();
        for (name, id) in &named {
            let digest = self.erased.left_of(id.digest()).to_string();
            self.check_digest(name, Some(&digest), "`observation.json`")?;
        }
        match self.by_name.keys().find(|name| name.starts_with("profiles/") && !named.contains_key(*name)) {
            Some(name) => self.check_digest(name, None, "`observation.json`"),
            None => Ok(()),
        }
    }

    fn check_certificate(&self) -> Result<(), String> {
        let named = self.about["certificate"].as_str();
        self.check_digest("certificate.json", named, "`bundle.json`")?;
        let Some(bytes) = self.by_name.get("certificate.json") else {
            self.check_digest("measurement.json", None, "a certificate")?;
            self.check_digest("policy.json", None, "a certificate")?;
            self.check_digest("policy.toml", None, "a certificate")?;
            return self.check_cases(&[]);
        };
        let statement = StatementRecord::decode(bytes).map_err(|e| format!("`certificate.json`: {e}"))?;
        let file = policy_files::named(&statement).map(|file| file.to_string());
        self.check_digest("policy.toml", file.as_deref(), "`certificate.json`")?;
        let certificate = statement.predicate;
        if Some(&*certificate.candidate.to_string()) != self.about["snapshot"].as_str() {
            return Err("`certificate.json` is about another snapshot".to_owned());
        }
        let measurement = certificate.evidence.iter().find(|known| known.kind == MEASUREMENT);
        let measurement = measurement.map(|known| known.sha256.to_string());
        self.check_digest("measurement.json", measurement.as_deref(), "`certificate.json`")?;
        let policy = certificate.policy_sha256.to_string();
        self.check_digest("policy.json", Some(&policy), "`certificate.json`")?;
        self.check_cases(&certificate.cases.map(|cases| cases.lists).unwrap_or_default())
    }

    /// Those that the certificate names, no others.
    fn check_cases(&self, lists: &[Digest]) -> Result<(), String> {
        let named: BTreeMap<String, String> =
            lists.iter().map(|list| (format!("cases/{list}.json"), list.to_string())).collect();
        for (name, digest) in &named {
            self.check_digest(name, Some(digest), "`certificate.json`")?;
        }
        match self.by_name.keys().find(|name| name.starts_with("cases/") && !named.contains_key(*name)) {
            Some(name) => self.check_digest(name, None, "`certificate.json`"),
            None => Ok(()),
        }
    }

    /// Those listed, no others; each with its digest, of this model, behind the one it names.
    fn check_events(&self) -> Result<(), String> {
        let listed = self.about["events"].as_object().ok_or("`bundle.json` lists no events")?;
        let here = self.by_name.keys().filter_map(|name| name.strip_prefix("events/"));
        if let Some(extra) = here.into_iter().find(|name| !listed.contains_key(*name)) {
            return Err(format!("`events/{extra}` is not listed in `bundle.json`"));
        }
        let mut events: Vec<EventRecord> = Vec::new();
        let mut last = None;
        for (file, id) in listed {
            let name = format!("events/{file}");
            let bytes = self.by_name.get(&name).ok_or_else(|| format!("`{name}` is missing"))?;
            let found = event::decode(bytes).map_err(|e| format!("`{name}`: {e}"))?;
            if id.as_str() != Some(&*found.id.to_string()) {
                return Err(format!("`{name}` is not the event that `bundle.json` lists"));
            }
            let event = found.event.map_err(|e| format!("`{name}`: {e}"))?;
            if event.model != self.snapshot.model || *file != event::file_name(event.seq) {
                return Err(format!("`{name}` is an event of another place or model"));
            }
            if let Some((seq, id)) = last
                && seq + 1 == event.seq
                && event.prev != Some(id)
            {
                return Err(format!("`{name}` does not continue the event before it"));
            }
            last = Some((event.seq, found.id));
            events.push(event);
        }
        self.check_life(&events)
    }

    /// The events tell of this version what `bundle.json` says of it.
    fn check_life(&self, events: &[EventRecord]) -> Result<(), String> {
        let text = |name: &str| self.about[name].as_str().unwrap_or_default();
        let made = events.iter().find_map(|event| match &event.body {
            EventBody::Snapshot { version, snapshot, observation, .. }
                if snapshot.to_string() == text("snapshot") && version.to_string() == text("version") =>
            {
                Some(self.erased.left_of(observation.digest()).to_string())
            }
            _ => None,
        });
        let made = made.ok_or("no event in it made this version of this snapshot")?;
        self.check_digest("observation.json", Some(&made), "the event that made the version")?;
        self.check_profiles()?;
        let begins = events.first().map(|event| &event.body);
        if !matches!(begins, Some(EventBody::Create { repository }) if repository == text("repository")) {
            return Err("its events do not begin as those of this repository".to_owned());
        }
        let issued = |wanted: &str| {
            let is_it = |event: &EventRecord| match &event.body {
                EventBody::Certify { certificate, .. } => certificate.to_string() == wanted,
                _ => false,
            };
            events.iter().any(is_it)
        };
        match self.about["certificate"].as_str() {
            Some(certificate) if !issued(certificate) => Err("no event in it issued `certificate.json`".to_owned()),
            certificate => {
                self.check_signatures(events, certificate.unwrap_or_default())?;
                self.check_signoffs(events)
            }
        }
    }

    /// What was signed off of the version: the statements and signatures that the events name, each statement saying what its event
    /// does, each signature one of its statement; and the lists of signers that rules name. No others.
    fn check_signoffs(&self, events: &[EventRecord]) -> Result<(), String> {
        let mut named = BTreeSet::new();
        let mut have = |name: String, id: Digest, must: bool| {
            let bytes = self.by_name.get(&name);
            if must || bytes.is_some() {
                self.check_digest(&name, Some(&id.to_string()), "an event")?;
            }
            named.insert(name);
            Ok::<_, String>(bytes.map(Vec::as_slice).unwrap_or_default())
        };
        for event in events {
            let (statement, signature) = match self.signoff(event)? {
                Some(signoff) => signoff,
                None => {
                    let rules = match &event.body {
                        EventBody::Promote { adopts, .. } => adopts.as_ref(),
                        EventBody::Adopt { rules, .. } => Some(rules),
                        _ => None,
                    };
                    if let Some(signers) = rules.and_then(|rules| rules.stage.signers) {
                        have(format!("sign-offs/{signers}.signers"), signers, false)?;
                    }
                    continue;
                }
            };
            let id = Digest::of(&statement);
            let stored = have(format!("sign-offs/{id}.json"), id, true)?;
            if let Some(signature) = signature {
                let name = format!("sign-offs/{signature}.sig");
                let read = SshSignature::read(have(name.clone(), signature, true)?);
                let good = read.and_then(|read| read.check(NAMESPACE, stored));
                good.map_err(|error| format!("`{name}`: {error}"))?;
            }
        }
        let signoffs = self.by_name.keys().filter(|name| name.starts_with("sign-offs/"));
        match signoffs.into_iter().find(|name| !named.contains(*name)) {
            Some(extra) => self.check_digest(extra, None, "an event"),
            None => Ok(()),
        }
    }

    /// The statement that an event of this version says was signed off, and its signature.
    fn signoff(&self, event: &EventRecord) -> Result<Option<(Vec<u8>, Option<Digest>)>, String> {
        let failed = |error: FormatError| error.to_string();
        let (repository, model) =
            (self.about["repository"].as_str().unwrap_or_default().to_owned(), event.model.clone());
        match &event.body {
            EventBody::Approve { subject, stage, role, certificate, statement, signature, .. } => {
                let name = format!("sign-offs/{statement}.json");
                let bytes =
                    self.by_name.get(&name).ok_or_else(|| format!("`{name}` is missing, which an event names"))?;
                let text = ApprovalRecord::decode(bytes).map_err(|error| format!("`{name}`: {error}"))?.text;
                let said = ApprovalRecord {
                    format: APPROVAL.to_owned(),
                    repository,
                    model,
                    snapshot: None,
                    rules: None,
                    certificate: *certificate,
                    stage: stage.clone(),
                    role: role.clone(),
                    text,
                };
                let said = said.of(subject).encode().map_err(failed)?;
                match Digest::of(&said) == *statement {
                    true => Ok(Some((said, *signature))),
                    false => Err(format!("`{name}` says something else than the event that names it")),
                }
            }
            EventBody::Waive { snapshot, rule, reason, expires, signature: Some(signature), .. } => {
                let (rule, reason, expires) = (rule.clone(), reason.clone(), *expires);
                let (format, snapshot) = (WAIVER.to_owned(), *snapshot);
                let said = WaiverStatement { format, repository, model, snapshot, rule, reason, expires };
                Ok(Some((said.encode().map_err(failed)?, Some(*signature))))
            }
            _ => Ok(None),
        }
    }

    /// Those that the events name, no others; each of this certificate, and made with the key it names.
    fn check_signatures(&self, events: &[EventRecord], signed: &str) -> Result<(), String> {
        let named: BTreeMap<String, Digest> = events
            .iter()
            .filter_map(|event| match &event.body {
                EventBody::Sign { certificate, signature, .. } if certificate.to_string() == signed => {
                    Some((format!("signatures/{signature}.json"), *signature))
                }
                _ => None,
            })
            .collect();
        if let Some(extra) =
            self.by_name.keys().find(|name| name.starts_with("signatures/") && !named.contains_key(*name))
        {
            return self.check_digest(extra, None, "an event");
        }
        let certificate = self.by_name.get("certificate.json").map(Vec::as_slice).unwrap_or_default();
        for (name, id) in &named {
            self.check_digest(name, Some(&id.to_string()), "an event")?;
            let bytes = self.by_name.get(name).map(Vec::as_slice).unwrap_or_default();
            let record = SignatureRecord::decode(bytes).map_err(|e| format!("`{name}`: {e}"))?;
            if !signing::holds(&record, certificate) {
                return Err(format!("`{name}` is not a signature of `certificate.json`"));
            }
        }
        Ok(())
    }
}
