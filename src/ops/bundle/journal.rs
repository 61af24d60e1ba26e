//! The journal of a bundle: every event of the model, one line each, and what follows from them.
//!
//! A line with its end is what an event's id is the SHA-256 of, so `sed -n 12p journal.jsonl | sha256sum` prints the id of event 12,
//! and `jq .prev` of the line behind it says the same.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::digest::Digest;
use crate::format::dsse;
use crate::format::event::{self, EventBody, EventRecord};
use crate::id::{EventId, SnapshotId};
use crate::name::{ModelName, Version};
use crate::registry::State;

/// What an armoured signature of SSH begins and ends with.
const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";

/// A journal, folded.
#[derive(Debug)]
pub(in crate::ops) struct Journal {
    lines: Vec<Vec<u8>>,
    /// What it says in all.
    pub(in crate::ops) state: State,
    /// The events that concern a version: that name it, that decided something about it or by its rules, and those they rest on.
    pub(super) concerning: BTreeSet<u64>,
}

impl Journal {
    /// Every line continues the ones before it. Of the events, those that concern this version are noted.
    pub(super) fn fold(
        bytes: &[u8],
        model: &ModelName,
        version: Version,
        snapshot: SnapshotId,
    ) -> Result<Self, String> {
        let state = State::before_creation(model.clone());
        let mut journal = Self { lines: Vec::new(), state, concerning: BTreeSet::new() };
        let id = snapshot.to_string();
        let mut leaning = Vec::new();
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            let found = event::decode(&file(line)).map_err(|e| journal.said_of_next(&e.to_string()))?;
            let event = found.event.map_err(|e| journal.said_of_next(&e.to_string()))?;
            let applied = journal.state.apply(&event, found.id);
            applied.map_err(|e| journal.said_of_next(&crate::ops::chain(&e)))?;
            journal.lines.push(line.to_vec());
            match &event.body {
                EventBody::Withdraw { approval, .. } => leaning.push((event.seq, *approval)),
                EventBody::Hook { of: Some(of), .. } => leaning.push((event.seq, *of)),
                _ => {}
            }
            let names_it = line.windows(id.len()).any(|part| part == id.as_bytes());
            if event.seq == 1 || names_it || is_about(&event.body, version) {
                journal.concerning.insert(event.seq);
                journal.concerning.extend(rests_on(&event.body));
            }
        }
        if journal.lines.is_empty() {
            return Err("the journal has no event".to_owned());
        }
        for (seq, on) in leaning {
            if journal.concerning.contains(&on) {
                journal.concerning.insert(seq);
            }
        }
        Ok(journal)
    }

    fn said_of_next(&self, error: &str) -> String {
        format!("line {} of the journal: {error}", self.lines.len() + 1)
    }

    /// The line of an event, with its end.
    pub(super) fn line(&self, seq: u64) -> Option<&[u8]> {
        self.lines.get(usize::try_from(seq.checked_sub(1)?).ok()?).map(Vec::as_slice)
    }

    /// An event.
    pub(in crate::ops) fn event(&self, seq: u64) -> Option<(EventRecord, EventId)> {
        let found = event::decode(&file(self.line(seq)?)).ok()?;
        Some((found.event.ok()?, found.id))
    }
}

/// An event as it lies in a store's journal: the line, and a line with its digest.
pub(super) fn file(line: &[u8]) -> Vec<u8> {
    [line, format!("{}\n", Digest::of(line)).as_bytes()].concat()
}

/// Whether an event that does not name a snapshot is about its version.
fn is_about(body: &EventBody, about: Version) -> bool {
    match body {
        EventBody::Purge { versions, .. } => versions.contains(&about),
        EventBody::Hook { version, .. } => *version == about,
        EventBody::Observed { version, expected, .. } => *version == Some(about) || *expected == about,
        // By these every version is judged, called or dated.
        EventBody::Case { .. }
        | EventBody::Adopt { .. }
        | EventBody::Promote { adopts: Some(_), .. }
        | EventBody::Rename { .. }
        | EventBody::Clock { .. } => true,
        _ => false,
    }
}

/// The events that an event counts on.
fn rests_on(body: &EventBody) -> &[u64] {
    match body {
        EventBody::Promote { approvals, .. }
        | EventBody::Force { approvals, .. }
        | EventBody::Adopt { approvals, .. } => approvals,
        EventBody::Certify { waivers, .. } => waivers,
        _ => &[],
    }
}

/// Every digest that stands in a line of JSON.
pub(super) fn named(line: &[u8]) -> BTreeSet<Digest> {
    let mut found = BTreeSet::new();
    if let Ok(value) = serde_json::from_slice(line) {
        each_text(&value, &mut |text| {
            if text.len() == 64 {
                found.extend(text.parse::<Digest>().ok());
            }
        });
    }
    found
}

fn each_text(value: &Value, see: &mut dyn FnMut(&str)) {
    match value {
        Value::String(text) => see(text),
        Value::Array(items) => items.iter().for_each(|item| each_text(item, see)),
        Value::Object(fields) => fields.values().for_each(|field| each_text(field, see)),
        _ => {}
    }
}

/// The record that holds an event's signature.
pub(super) fn signature_of(body: &EventBody) -> Option<Digest> {
    match body {
        EventBody::Approve { signature, .. } | EventBody::Waive { signature, .. } => *signature,
        _ => None,
    }
}

/// The armoured SSH signature in a record, as `ssh-keygen` takes it.
pub(super) fn armoured(record: &[u8]) -> Option<String> {
    let mut found = None;
    let mut see = |text: &str| {
        if let Some((_, rest)) = text.split_once(BEGIN)
            && let Some((body, _)) = rest.split_once(END)
            && found.is_none()
        {
            found = Some(format!("{BEGIN}{body}{END}\n"));
        }
    };
    match serde_json::from_slice::<Value>(record) {
        Ok(value) => each_text(&value, &mut see),
        Err(_) => see(std::str::from_utf8(record).ok()?),
    }
    found
}

/// What an armoured signature says it is for; none where that could not stand in a command line as it is.
pub(super) fn namespace(armoured: &str) -> Option<String> {
    let body: String = armoured.lines().filter(|line| !line.starts_with("-----")).collect();
    let bytes = dsse::decode_base64(&body)?;
    let mut rest = bytes.strip_prefix(b"SSHSIG")?.get(4..)?;
    let mut field = || -> Option<&[u8]> {
        let (length, behind) = rest.split_first_chunk::<4>()?;
        let (field, behind) = behind.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        rest = behind;
        Some(field)
    };
    field()?;
    let namespace = String::from_utf8(field()?.to_vec()).ok()?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "@._-".contains(c);
    (!namespace.is_empty() && !namespace.starts_with('-') && namespace.chars().all(is_plain)).then_some(namespace)
}
