//! The journal of a model, and the checkpoint of its state.

use std::collections::BTreeMap;
use std::sync::Arc;

use mlrun::clock::{SystemClock, Time};
use mlrun::digest::Digest;
use mlrun::format::{canonical, checkpoint as record, event};
use mlrun::name::{ModelName, StageName};
use mlrun::registry::{Registry, State, at, event_path};
use mlrun::store::memory::Memory;
use serde_json::Value;

use crate::{with_blake3, without_blake3};

/// Events, a line of JSON for each, chained here as the journal wants them: whatever they say, both ways to the state agree.
pub fn journal(data: &[u8]) {
    let mut files = BTreeMap::new();
    let mut model = None;
    let mut repository = None;
    let mut prev = Value::Null;
    for (line, seq) in data.split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"{")).zip(1_u64..) {
        let Ok(Value::Object(mut event)) = serde_json::from_slice(line) else { return };
        event.insert("seq".to_owned(), seq.into());
        event.insert("prev".to_owned(), prev);
        let Some(Value::String(name)) = event.get("model") else { return };
        let Ok(name) = ModelName::new(name) else { return };
        // The first one says whose journal it is, and of which history.
        repository.get_or_insert(event.get("repository").and_then(Value::as_str).unwrap_or_default().to_owned());
        let mut line = canonical::encode("event", &event).expect("JSON is JSON");
        line.push(b'\n');
        let id = Digest::of(&line);
        line.extend(format!("{id}\n").into_bytes());
        prev = id.to_string().into();
        let model = model.get_or_insert(name);
        files.insert(event_path(model, seq), line);
        if seq == 200 {
            break;
        }
    }
    let Some(model) = model else { return };
    for bytes in files.values() {
        if let Ok(file) = event::decode(bytes)
            && let Ok(event) = file.event
        {
            assert_eq!(event::encode(&event).expect("what was read can be written"), (bytes.clone(), file.id));
        }
    }
    let memory = Arc::new(Memory::with_contents(files));
    let registry = Registry::new(memory, repository.unwrap_or_default(), Arc::new(SystemClock));
    let replayed = registry.replay(&model).map(|state| state.and_then(|state| state.to_checkpoint()));
    let loaded = registry.state(&model).map(|state| state.and_then(|state| state.to_checkpoint()));
    assert_eq!(replayed.is_ok(), loaded.is_ok());
    let Ok(replayed) = replayed else { return };
    assert_eq!(loaded.ok(), Some(replayed.clone()));
    let check = registry.check(&model).expect("memory can be read");
    assert_eq!(check.problem, None, "what can be used is sound");
    let Some(replayed) = replayed else { return };
    let bytes = record::encode(&replayed).expect("a state can be kept");
    assert_eq!(record::decode(bytes.clone()), Some(replayed.clone()));
    look_at(&State::from_checkpoint(replayed));
}

/// A checkpoint, with its checksum: what is read is written again, and a state can be made of it.
pub fn checkpoint(data: &[u8]) {
    let _ = record::decode(data.to_vec());
    let body = without_blake3(data);
    let body = body.strip_prefix(record::FORMAT.as_bytes()).unwrap_or(body);
    let bytes = with_blake3(&[record::FORMAT.as_bytes(), body].concat());
    let Some(found) = record::decode(bytes.clone()) else { return };
    let again = record::encode(&found).expect("what was read can be written");
    assert_eq!(record::decode(again), Some(found.clone()));
    look_at(&State::from_checkpoint(found));
}

/// Asks a state what verbs ask of it.
fn look_at(state: &State) {
    let production = StageName::new("production").expect("a name");
    let _ = (state.latest(), state.seq() + 1, state.occupant(&production), state.to_checkpoint());
    for row in &state.versions {
        let _ = (state.version(row.version), state.version_of(row.snapshot), state.ever_held(row.snapshot));
        let _ = (state.stages_of(row.snapshot), state.block(row.snapshot, Some(row.model_tree), &production));
    }
    for stage in state.stages.values() {
        // What verbs take for granted.
        let _: Vec<_> = stage.stack.iter().map(|index| &stage.timeline[*index as usize]).collect();
        for time in [i64::MIN, 0, 1_800_000_000_000, i64::MAX].into_iter().filter_map(Time::from_milliseconds) {
            let _ = at(stage, time);
        }
    }
}
