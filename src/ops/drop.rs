//! `drop`: a version's files are not needed any more. Its record, and why, stay; the space comes back with `gc`.

use super::resolve::{self, Found};
use super::{Asked, MadeEvent, VerbError, check_text};
use crate::format::event::EventBody;
use crate::id::SnapshotId;
use crate::name::{ModelName, StageName, Version};
use crate::registry::Decision;
use crate::repository::Repository;

/// What to drop.
#[derive(Debug, Clone, Default)]
pub struct DropOptions {
    /// The version.
    pub revision: String,
    /// The time to see the revision at.
    pub at: Option<String>,
    /// Why.
    pub reason: String,
    /// Finds out, writes nothing.
    pub dry_run: bool,
}

/// How it came out.
#[derive(Debug, Clone)]
pub struct DropReport {
    /// The model.
    pub model: ModelName,
    /// The version.
    pub version: Version,
    /// Its record.
    pub id: SnapshotId,
    /// A stage it holds or held, which is why it stays.
    pub held: Option<StageName>,
    /// Whether it was dropped already.
    pub unchanged: bool,
    /// The event.
    pub event: Option<MadeEvent>,
    /// Whether nothing was written.
    pub dry_run: bool,
}

/// Drops a version.
pub fn drop_version(repository: &Repository, options: &DropOptions) -> Result<DropReport, VerbError> {
    check_text("the reason", Some(&options.reason))?;
    let found = resolve::revision(repository, &options.revision, options.at.as_deref())?;
    let (model, version, id) = (found.state.model.clone(), found.row.version, found.snapshot());
    let mut report = DropReport {
        held: found.state.ever_held(id).cloned(),
        unchanged: resolve::dropped(repository, &found)?.is_some_and(|dropped| dropped.reason == options.reason),
        event: None,
        dry_run: options.dry_run,
        model,
        version,
        id,
    };
    if options.dry_run || report.held.is_some() {
        return Ok(report);
    }
    let actor = Asked::begin(repository).answer();
    let committed = repository.registry().commit::<_, VerbError>(&report.model, &actor, |state| {
        let held = state.ever_held(id).cloned();
        let row = state.version(version).copied();
        let dropped =
            row.map(|row| resolve::dropped(repository, &Found { state: state.clone(), row })).transpose()?.flatten();
        // Other words take the place of the earlier ones.
        let unchanged = dropped.is_some_and(|dropped| dropped.reason == options.reason);
        Ok(if held.is_some() || unchanged {
            Decision::Keep((held, unchanged))
        } else {
            let reason = options.reason.clone();
            Decision::Append(EventBody::Drop { version, snapshot: id, reason }, (None, false))
        })
    })?;
    (report.held, report.unchanged) = committed.outcome;
    report.event = committed.event.map(|(event, record)| MadeEvent { event, time: record.time });
    Ok(report)
}
