//! Where a text stands in what people wrote for the record: in events, and in the records that those name. Erasing a field leaves them
//! alone: nothing in a journal can be changed, and what was signed or certified is what it was.

use std::collections::BTreeSet;

use super::{VerbError, imported, rules, signoffs};
use crate::digest::Digest;
use crate::format::pack::ObjectKind;
use crate::format::words;
use crate::name::ModelName;
use crate::registry::State;
use crate::repository::Repository;
use regex::bytes::Regex;

/// A place in which a text stands for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The model in whose journal it is, or is named.
    pub model: ModelName,
    /// `event 12 (block)`, `statement 3fa9c2d01b7e`.
    pub place: String,
}

/// Looks through a journal and what it names; what cannot be read is named apart.
pub(super) fn look(
    repository: &Repository,
    state: &State,
    pattern: &Regex,
    (found, unread): (&mut Vec<Recorded>, &mut Vec<String>),
) {
    let model = &state.model;
    let wanted = |text: &str| pattern.is_match(text.as_bytes());
    let mut add = |place: String| found.push(Recorded { model: model.clone(), place });
    for seq in 1..=state.seq() {
        match repository.registry().event(&state.first_name, seq) {
            Ok(Some(file)) => {
                let Ok(event) = file.event else {
                    unread.push(format!("event {seq} of {model}"));
                    continue;
                };
                if words::any_in_event(&event, &wanted) {
                    add(format!("event {seq} ({})", event.body.kind()));
                }
            }
            _ => unread.push(format!("event {seq} of {model}")),
        }
    }
    let Ok(records) = records(repository, state) else {
        unread.push(format!("what the journal of {model} names"));
        return;
    };
    for (id, kind) in records {
        // What is left of a record that was redacted is searched as a version's.
        match repository.store().record(id) {
            Ok(bytes) => {
                // A list of signers is lines of text.
                if words::any_in(&bytes, &wanted).unwrap_or_else(|| pattern.is_match(&bytes)) {
                    add(format!("{kind} {}", id.short()));
                }
            }
            Err(_) if state.copy_of(id).is_some() => {}
            Err(_) => unread.push(format!("{kind} {} of {model}", id.short())),
        }
    }
}

/// Every record with words in it that a journal names, but for those that describe versions.
fn records(repository: &Repository, state: &State) -> Result<BTreeSet<(Digest, &'static str)>, VerbError> {
    let mut all = BTreeSet::new();
    for row in state.certificate_rows() {
        all.extend([(row.certificate.digest(), "certificate"), (row.policy, "policy")]);
        all.extend(rules::policy_files::of(repository.store(), row)?.map(|file| (file, "policy file")));
    }
    all.extend(state.stages.values().filter_map(|row| Some((row.rules.as_ref()?.policy?, "policy"))));
    all.extend(state.cases.iter().map(|row| (row.cases, "list of cases")));
    // The statement of a waiver is made of its event, and need not be stored.
    let signoffs = signoffs::records(repository, state)?.into_iter().filter(|(_, kind, _)| *kind != "signature");
    for (id, kind, _) in signoffs {
        if repository.store().contains(ObjectKind::Record, id.as_bytes())? {
            all.insert((id, kind));
        }
    }
    for row in &state.versions {
        all.extend(imported::records(repository, state, row)?.into_iter().map(|id| (id, "record that came along")));
    }
    Ok(all)
}
