//! Stored formats: golden bytes that Python wrote (`goldens.py`), what is refused, RFC 8785, round trips.

mod canonical;
mod declared;
mod goldens;
mod properties;
mod refusals;
mod scalars;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use mlrun::format::cases::CasesRecord;
use mlrun::format::certificate::StatementRecord;
use mlrun::format::observation::ObservationRecord;
use mlrun::format::origin::KeptRecord;
use mlrun::format::policy::PolicyRecord;
use mlrun::format::profile::ProfileRecord;
use mlrun::format::redacted::RedactedRecord;
use mlrun::format::signature::SignatureRecord;
use mlrun::format::signoff::{ApprovalRecord, WaiverStatement};
use mlrun::format::snapshot::SnapshotRecord;
use mlrun::format::store::StoreRecord;
use mlrun::format::tree::TreeRecord;
use mlrun::format::{
    FormatError, canonical as json, checkpoint, event, observation, policy, profile, redacted, snapshot, store,
};

/// Where the golden files are.
pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/format/goldens")
}

/// One of them.
pub fn golden(name: &str) -> Vec<u8> {
    fs::read(folder().join(name)).unwrap()
}

/// File → SHA-256, from the list that `sha256sum -c` checks.
fn sums() -> BTreeMap<String, String> {
    let text = String::from_utf8(golden("SHA256SUMS")).unwrap();
    text.lines().map(|line| (line[66..].to_owned(), line[..64].to_owned())).collect()
}

/// The journal's golden events, in order.
pub(crate) fn event_files() -> Vec<Vec<u8>> {
    sums().into_keys().filter(|name| name.starts_with("event-")).map(|name| golden(&name)).collect()
}

/// Decodes one of the kinds that are canonical JSON, whichever it is, and encodes it again.
type Kind = (&'static str, &'static str, fn(&[u8]) -> Result<Vec<u8>, FormatError>);

/// Golden file, the text of its format, how it is read and written.
const JSON: [Kind; 19] = [
    ("tree.json", "mlrun/tree/1", |b| TreeRecord::decode(b)?.encode()),
    ("snapshot.json", "mlrun/snapshot/1", |b| again::<SnapshotRecord>(snapshot::FORMAT, b)),
    ("snapshot-small.json", "mlrun/snapshot/1", |b| again::<SnapshotRecord>(snapshot::FORMAT, b)),
    ("snapshot-exec.json", "mlrun/snapshot/1", |b| again::<SnapshotRecord>(snapshot::FORMAT, b)),
    ("observation-exec.json", "mlrun/observation/1", |b| again::<ObservationRecord>(observation::FORMAT, b)),
    ("redacted.json", "mlrun/redacted/1", |b| again::<RedactedRecord<SnapshotRecord>>(redacted::FORMAT, b)),
    ("observation.json", "mlrun/observation/1", |b| again::<ObservationRecord>(observation::FORMAT, b)),
    ("observation-profiles.json", "mlrun/observation/1", |b| again::<ObservationRecord>(observation::FORMAT, b)),
    ("profile.json", "mlrun/profile/1", |b| again::<ProfileRecord>(profile::FORMAT, b)),
    ("cases.json", "mlrun/cases/1", |b| CasesRecord::decode(b)?.encode()),
    ("policy.json", "mlrun/policy/1", |b| again::<PolicyRecord>(policy::FORMAT, b)),
    ("certificate.json", "mlrun/certificate/1", |b| StatementRecord::decode(b)?.encode()),
    ("origin.json", "mlrun/origin/1", |b| KeptRecord::decode(b)?.encode()),
    ("signature.json", "mlrun/signature/1", |b| SignatureRecord::decode(b)?.encode()),
    ("approval.json", "mlrun/approval/1", |b| ApprovalRecord::decode(b)?.encode()),
    ("approval-rules.json", "mlrun/approval/1", |b| ApprovalRecord::decode(b)?.encode()),
    ("waiver.json", "mlrun/waiver/1", |b| WaiverStatement::decode(b)?.encode()),
    ("waiver-certificate.json", "mlrun/waiver/1", |b| WaiverStatement::decode(b)?.encode()),
    ("format.json", "mlrun/store/1", |b| again::<StoreRecord>(store::FORMAT, b)),
];

fn again<T: serde::Serialize + serde::de::DeserializeOwned>(
    format: &'static str,
    bytes: &[u8],
) -> Result<Vec<u8>, FormatError> {
    let record: T = json::decode(format, bytes)?;
    json::encode(format, &record)
}

/// An event's two lines around other JSON.
fn event_of(line: &str) -> Vec<u8> {
    let line = format!("{line}\n");
    let sum = mlrun::digest::Digest::of(line.as_bytes());
    format!("{line}{sum}\n").into_bytes()
}

/// Reads an event and insists that it is understood.
fn understood(bytes: &[u8]) -> Result<event::EventRecord, FormatError> {
    event::decode(bytes)?.event
}

fn checkpoint_of(name: &str) -> checkpoint::CheckpointRecord {
    checkpoint::decode(golden(name)).unwrap()
}
