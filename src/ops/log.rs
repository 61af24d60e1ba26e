//! `log`: the journal, newest first.

use serde_json::Value;

use super::{UsageError, VerbError, resolve};
use crate::clock::Time;
use crate::format::checkpoint::ApprovalRow;
use crate::format::event::{EventBody, EventFile, EventRecord, KINDS, SubjectRecord};
use crate::id::{EventId, SnapshotId};
use crate::name::{ModelName, StageName, Version};
use crate::registry::{JournalError, State};
use crate::repository::Repository;

/// Which events.
#[derive(Debug, Clone, Default)]
pub struct LogOptions {
    /// The model; none: the only one.
    pub model: Option<ModelName>,
    /// Whether the journal of the store as a whole is meant, not a model's.
    pub whole_store: bool,
    /// Only this kind.
    pub kind: Option<String>,
    /// Only this stage.
    pub stage: Option<StageName>,
    /// Only actors whose name or address holds this.
    pub actor: Option<String>,
    /// Not before.
    pub since: Option<String>,
    /// Not after.
    pub until: Option<String>,
    /// Only events with a greater number.
    pub after: Option<u64>,
    /// At most this many.
    pub limit: Option<usize>,
}

/// The events.
#[derive(Debug, Clone)]
pub struct LogReport {
    /// Whose journal.
    pub model: ModelName,
    /// Newest first.
    pub events: Vec<LogEntry>,
    /// Whether older ones were left out because of the limit.
    pub more: bool,
}

/// One event.
#[derive(Debug, Clone)]
pub struct LogEntry {
    /// Its number.
    pub seq: u64,
    /// Its digest.
    pub id: EventId,
    /// As it stands in the file.
    pub raw: Value,
    /// As this program understands it, at the time that is taken for its own; none if it needs a newer one.
    pub event: Option<EventRecord>,
    /// The version it is about, where the event itself names only its record; of a rollback, the one that was fled.
    pub about: Option<Version>,
    /// The approval that was taken back.
    pub approval: Option<ApprovalRow>,
}

impl LogEntry {
    /// An event, with what the state knows of it.
    pub(super) fn new(state: Option<&State>, seq: u64, file: EventFile) -> Self {
        let mut event = file.event.ok();
        if let (Some(event), Some(state)) = (&mut event, state) {
            state.with_time(event);
        }
        let version_of = |snapshot: SnapshotId| state?.version_of(snapshot).map(|row| row.version);
        let body = event.as_ref().map(|event| &event.body);
        let approval = match body {
            Some(EventBody::Withdraw { approval, .. }) => state.and_then(|state| state.approval(*approval)).cloned(),
            _ => None,
        };
        let about = match body {
            Some(
                EventBody::Certify { snapshot, .. }
                | EventBody::Sign { snapshot, .. }
                | EventBody::Block { snapshot, .. }
                | EventBody::Unblock { snapshot, .. },
            ) => version_of(*snapshot),
            Some(EventBody::Rollback { replaces: Some(fled), .. }) => version_of(*fled),
            Some(EventBody::Approve { subject: SubjectRecord::Version { version, .. }, .. }) => Some(*version),
            _ => match approval.as_ref().map(|row| row.subject) {
                Some(SubjectRecord::Version { version, .. }) => Some(version),
                _ => None,
            },
        };
        Self { seq, id: file.id, raw: file.value, event, about, approval }
    }

    /// When it was; none if it does not say.
    pub fn time(&self) -> Option<Time> {
        self.event.as_ref().map(|event| event.time).or_else(|| recorded_time(&self.raw))
    }

    /// Another time that it was recorded with, which was disowned since.
    pub fn disowned_time(&self) -> Option<Time> {
        recorded_time(&self.raw).filter(|recorded| self.time() != Some(*recorded))
    }
}

fn recorded_time(event: &Value) -> Option<Time> {
    event.get("time").and_then(Value::as_str).and_then(|time| Time::parse_rfc3339(time).ok())
}

/// Reads the journal.
pub fn log(repository: &Repository, options: &LogOptions) -> Result<LogReport, VerbError> {
    if let Some(kind) = options.kind.as_deref().filter(|kind| !KINDS.contains(kind)) {
        let reason = format!("`{kind}` is none of {}", KINDS.join(", "));
        return Err(UsageError::Option { option: "kind".to_owned(), reason }.into());
    }
    let model = match options.whole_store {
        true => ModelName::of_store(),
        false => resolve::model(repository, options.model.as_ref())?,
    };
    let registry = repository.registry();
    let (since, until) = resolve::span(repository, options.since.as_deref(), options.until.as_deref())?;
    let head = head(repository, &model)?;
    let state = registry.state(&model).unwrap_or_default();
    let journal = Journal { repository, model: &model, state: state.as_ref() };
    let last = match until {
        Some(until) => journal.last_until(until, head)?,
        None => head,
    };
    let after = options.after.unwrap_or(0);
    let kept = state.as_ref().zip(options.kind.as_deref()).and_then(|(state, kind)| of_kind(state, kind));
    let seqs: Box<dyn Iterator<Item = u64>> = match kept {
        Some(kept) => Box::new(kept.into_iter().rev().filter(|seq| *seq > after && *seq <= last)),
        None => Box::new((after.saturating_add(1)..=last).rev()),
    };
    let mut report = LogReport { model: model.clone(), events: Vec::new(), more: false };
    for seq in seqs {
        let entry = journal.entry(seq)?;
        if since.is_some_and(|since| entry.time().is_some_and(|time| time < since)) {
            break;
        }
        if !matches(&entry, options) {
            continue;
        }
        if options.limit.is_some_and(|limit| report.events.len() >= limit) {
            report.more = true;
            break;
        }
        report.events.push(entry);
    }
    // A stage that nothing happened in may be one that does not exist.
    if let (Some(stage), []) = (&options.stage, report.events.as_slice())
        && let Some(state) = &state
        && !model.is_store()
    {
        resolve::stage(repository, state, Some(stage))?;
    }
    Ok(report)
}

struct Journal<'a> {
    repository: &'a Repository,
    model: &'a ModelName,
    state: Option<&'a State>,
}

impl Journal<'_> {
    fn entry(&self, seq: u64) -> Result<LogEntry, VerbError> {
        let file = self.repository.registry().event(self.model, seq)?;
        let file = file.ok_or_else(|| JournalError::missing(self.model, seq))?;
        Ok(LogEntry::new(self.state, seq, file))
    }

    /// The newest event that is not later than `until`; times never run backward. 0: none.
    fn last_until(&self, until: Time, head: u64) -> Result<u64, VerbError> {
        let (mut before, mut behind) = (0, head + 1);
        while behind - before > 1 {
            let middle = before + (behind - before) / 2;
            if self.entry(middle)?.time().is_none_or(|time| time <= until) {
                before = middle;
            } else {
                behind = middle;
            }
        }
        Ok(before)
    }
}

/// The events of a kind, in order, where the state has all of them: then no other is read.
fn of_kind(state: &State, kind: &str) -> Option<Vec<u64>> {
    let rows = || state.stages.values().flat_map(|row| &row.timeline);
    let mut seqs: Vec<u64> = match kind {
        "create" => vec![1],
        "snapshot" | "import" => state.versions.iter().map(|row| row.seq).collect(),
        "attach" => state.attached.iter().map(|row| row.event.seq).collect(),
        "waive" => state.waivers.iter().map(|row| row.event.seq).collect(),
        "approve" => state.approvals.iter().map(|row| row.event.seq).collect(),
        "withdraw" => state.approvals.iter().filter_map(|row| Some(row.withdrawn?.event.seq)).collect(),
        "purge" => state.erased.iter().map(|row| row.event.seq).collect(),
        "promote" | "force" | "rollback" => rows().filter(|row| row.kind == kind).map(|row| row.event.seq).collect(),
        "retire" => rows().filter_map(|row| Some(row.retired.as_ref()?.event.seq)).collect(),
        _ => return None,
    };
    seqs.sort_unstable();
    Some(seqs)
}

/// The newest event's number. A journal only a newer program understands still has one.
fn head(repository: &Repository, model: &ModelName) -> Result<u64, VerbError> {
    let registry = repository.registry();
    match registry.state(model) {
        Ok(Some(state)) => Ok(state.seq()),
        // Nothing was collected yet.
        Ok(None) if model.is_store() => Ok(0),
        Ok(None) => resolve::state(repository, model).map(|s| s.seq()),
        Err(error) => {
            let newer = matches!(
                &error,
                crate::registry::JournalError::Format { source: crate::format::FormatError::Newer { .. }, .. }
            );
            if !newer {
                return Err(error.into());
            }
            let mut seq = 0;
            while registry.event(model, seq + 1)?.is_some() {
                seq += 1;
            }
            Ok(seq)
        }
    }
}

fn matches(entry: &LogEntry, options: &LogOptions) -> bool {
    let text = |name: &str| entry.raw.get(name).and_then(Value::as_str);
    let actor = |name: &str| entry.raw.get("actor").and_then(|a| a.get(name)).and_then(Value::as_str);
    let kind = options.kind.as_deref().is_none_or(|kind| text("kind") == Some(kind));
    let of_stage = |stage: &StageName| {
        // A block from every stage is one from this.
        let everywhere = matches!(text("kind"), Some("block" | "unblock")) && text("stage").is_none();
        everywhere || text("stage").or(entry.approval.as_ref().map(|row| row.stage.as_str())) == Some(stage.as_str())
    };
    let stage = options.stage.as_ref().is_none_or(of_stage);
    let by = options.actor.as_deref().is_none_or(|wanted| {
        let wanted = wanted.to_lowercase();
        [actor("name"), actor("email")].into_iter().flatten().any(|a| a.to_lowercase().contains(&wanted))
    });
    kind && stage && by
}
