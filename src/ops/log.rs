//! `log`: the journal, newest first.

use serde_json::Value;

use super::{UsageError, VerbError, refuse_backwards, resolve};
use crate::clock::{Moment, Time};
use crate::format::event::{EventBody, EventFile, EventRecord, KINDS};
use crate::id::EventId;
use crate::name::{ModelName, StageName, Version};
use crate::registry::JournalError;
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
    /// As this program understands it; none if it needs a newer one.
    pub event: Option<EventRecord>,
    /// The version that was certified, blocked or let in again, where the event itself names only its record.
    pub about: Option<Version>,
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
    let now = registry.now();
    let parse = |text: &Option<String>| text.as_deref().map(|t| Moment::parse(t, now)).transpose();
    let since = match parse(&options.since)? {
        Some(Moment::Day(start, _)) => Some(start),
        other => other.map(Moment::instant),
    };
    let until = parse(&options.until)?.map(Moment::instant);
    refuse_backwards(since, until)?;
    let mut seq = head(repository, &model)?;
    let state = registry.state(&model).unwrap_or_default();
    let mut report = LogReport { model: model.clone(), events: Vec::new(), more: false };
    while seq > options.after.unwrap_or(0) {
        let file = registry.event(&model, seq)?.ok_or_else(|| JournalError::missing(&model, seq))?;
        let time = file.value.get("time").and_then(Value::as_str).and_then(|t| Time::parse_rfc3339(t).ok());
        if since.is_some_and(|since| time.is_some_and(|t| t < since)) {
            break;
        }
        if until.is_none_or(|until| time.is_none_or(|t| t <= until)) && matches(&file, options) {
            if options.limit.is_some_and(|limit| report.events.len() >= limit) {
                report.more = true;
                break;
            }
            let event = file.event.ok();
            let about = match event.as_ref().map(|event| &event.body) {
                Some(
                    EventBody::Certify { snapshot, .. }
                    | EventBody::Sign { snapshot, .. }
                    | EventBody::Block { snapshot, .. }
                    | EventBody::Unblock { snapshot, .. }
                    | EventBody::Attach { snapshot, .. }
                    | EventBody::Waive { snapshot, .. },
                ) => state.as_ref().and_then(|state| state.version_of(*snapshot)).map(|row| row.version),
                _ => None,
            };
            report.events.push(LogEntry { seq, id: file.id, raw: file.value, event, about });
        }
        seq -= 1;
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

fn matches(file: &EventFile, options: &LogOptions) -> bool {
    let text = |name: &str| file.value.get(name).and_then(Value::as_str);
    let actor = |name: &str| file.value.get("actor").and_then(|a| a.get(name)).and_then(Value::as_str);
    let kind = options.kind.as_deref().is_none_or(|kind| text("kind") == Some(kind));
    let stage = options.stage.as_ref().is_none_or(|stage| text("stage") == Some(stage.as_str()));
    let by = options.actor.as_deref().is_none_or(|wanted| {
        let wanted = wanted.to_lowercase();
        [actor("name"), actor("email")].into_iter().flatten().any(|a| a.to_lowercase().contains(&wanted))
    });
    kind && stage && by
}
