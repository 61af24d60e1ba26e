//! The life of a version: every event that is about it, oldest first.

use super::VerbError;
use super::log::LogEntry;
use crate::format::checkpoint::VersionRow;
use crate::format::event::{EventBody, SubjectRecord};
use crate::registry::{JournalError, State};
use crate::repository::Repository;

/// The events about a version, up to the newest one that the state knows.
pub(super) fn of(repository: &Repository, state: &State, row: &VersionRow) -> Result<Vec<LogEntry>, VerbError> {
    let registry = repository.registry();
    let (id, version) = (row.snapshot.to_string(), format!("\"{}\"", row.version));
    let mut found = registry.events_naming(&state.first_name, (row.seq, state.seq()), &[&id, &version])?;
    // Who takes an approval back names the approval alone.
    for withdrawn in state.approvals.iter().filter_map(|approval| approval.withdrawn) {
        let seq = withdrawn.event.seq;
        let file = registry.event(&state.first_name, seq)?;
        found.push((seq, file.ok_or_else(|| JournalError::missing(&state.first_name, seq))?));
    }
    let mut life: Vec<LogEntry> = found
        .into_iter()
        .map(|(seq, file)| LogEntry::new(Some(state), seq, file))
        .filter(|e| is_about(e, row))
        .collect();
    life.sort_by_key(|entry| entry.seq);
    life.dedup_by_key(|entry| entry.seq);
    Ok(life)
}

/// Every event of a model that can be read, oldest first.
pub(super) fn everything(repository: &Repository, state: &State) -> Result<Vec<LogEntry>, VerbError> {
    let registry = repository.registry();
    let mut entries = Vec::new();
    for seq in 1..=state.seq() {
        let file = registry.event(&state.first_name, seq)?;
        let file = file.ok_or_else(|| JournalError::missing(&state.first_name, seq))?;
        entries.push(LogEntry::new(Some(state), seq, file));
    }
    Ok(entries)
}

/// Whether something happened to a version: it was moved, judged, kept out, lost something or was found somewhere.
pub(super) fn is_about(entry: &LogEntry, row: &VersionRow) -> bool {
    let (id, this) = (row.snapshot, row.version);
    let Some(event) = &entry.event else { return false };
    match &event.body {
        EventBody::Snapshot { version, .. }
        | EventBody::Import { version, .. }
        | EventBody::Attach { version, .. }
        | EventBody::Waive { version, .. }
        | EventBody::Drop { version, .. }
        | EventBody::Retire { version, .. }
        | EventBody::Hook { version, .. }
        | EventBody::Approve { subject: SubjectRecord::Version { version, .. }, .. } => *version == this,
        EventBody::Certify { snapshot, .. }
        | EventBody::Sign { snapshot, .. }
        | EventBody::Block { snapshot, .. }
        | EventBody::Unblock { snapshot, .. } => *snapshot == id,
        EventBody::Promote { version, replaces, .. } | EventBody::Force { version, replaces, .. } => {
            *version == this || *replaces == Some(id)
        }
        EventBody::Rollback { version, replaces, blocks, unblocks, skipped, .. } => {
            let named = *version == this || *replaces == Some(id) || blocks.contains(&id) || unblocks.contains(&id);
            named || skipped.iter().any(|skipped| skipped.version == this)
        }
        EventBody::Purge { versions, .. } => versions.contains(&this),
        EventBody::Withdraw { .. } => entry.about == Some(this),
        EventBody::Observed { version, expected, .. } => *version == Some(this) || *expected == this,
        _ => false,
    }
}
