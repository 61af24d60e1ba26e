//! An event as a file: a line of canonical JSON, and a line with its digest.

use serde_json::Value;

use super::{EventRecord, FORMAT, KINDS, MAX_EVENT};
use crate::digest::Digest;
use crate::format::{FormatError, canonical};
use crate::id::EventId;

/// An event file, read: its digest, its JSON, and the event if this program understands it.
#[derive(Debug, Clone)]
pub struct EventFile {
    /// The SHA-256 of its line.
    pub id: EventId,
    /// The line, parsed.
    pub value: Value,
    /// The event, or what a newer program would be needed for.
    pub event: Result<EventRecord, FormatError>,
}

/// The last event whose file has a name: 16 digits.
pub const MAX_SEQ: u64 = 9_999_999_999_999_999;

/// The name of an event's file.
pub fn file_name(seq: u64) -> String {
    format!("{seq:016}")
}

/// The file of an event, and the event's id.
pub fn encode(event: &EventRecord) -> Result<(Vec<u8>, EventId), FormatError> {
    let mut line = canonical::encode(FORMAT, event)?;
    if line.len() + 128 > MAX_EVENT {
        let reason = format!("it has {} bytes; {MAX_EVENT} are the most", line.len());
        return Err(FormatError::Malformed { kind: FORMAT, reason });
    }
    line.push(b'\n');
    let id = Digest::of(&line);
    line.extend_from_slice(id.to_string().as_bytes());
    line.push(b'\n');
    Ok((line, EventId::new(id)))
}

const KIND: &str = "journal event";

fn malformed(reason: &str) -> FormatError {
    FormatError::Malformed { kind: KIND, reason: reason.to_owned() }
}

/// The digest of an event file, and its first line: its two lines must agree.
pub fn digest(bytes: &[u8]) -> Result<(EventId, &[u8]), FormatError> {
    let end = bytes.iter().position(|b| *b == b'\n').ok_or_else(|| malformed("it is not two lines"))?;
    let (line, rest) = bytes.split_at(end + 1);
    let id = Digest::of(line);
    if rest != format!("{id}\n").as_bytes() {
        return Err(FormatError::Checksum { kind: KIND });
    }
    Ok((EventId::new(id), &line[..end]))
}

/// Reads an event file. Whether it continues a chain is the journal's business.
pub fn decode(bytes: &[u8]) -> Result<EventFile, FormatError> {
    let (id, json) = digest(bytes)?;
    let value: Value = serde_json::from_slice(json).map_err(|e| malformed(&e.to_string()))?;
    let event = understand(&value, json);
    match event {
        Err(FormatError::Newer { .. }) | Ok(_) => Ok(EventFile { id, value, event }),
        Err(other) => Err(other),
    }
}

fn understand(value: &Value, json: &[u8]) -> Result<EventRecord, FormatError> {
    let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
    canonical::check(FORMAT, text("format"))?;
    if !KINDS.contains(&text("kind")) {
        return Err(FormatError::Newer { kind: format!("event `{}`", text("kind")), found: 2, known: 1 });
    }
    canonical::decode(FORMAT, json)
}
