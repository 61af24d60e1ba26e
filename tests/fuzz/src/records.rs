//! Records in canonical JSON, the cache of known files, and the bundle that carries records.

use std::fmt::Debug;
use std::fs;

use flate2::{Compression, write::GzEncoder};
use mlrun::digest::Digest;
use mlrun::format::certificate::StatementRecord;
use mlrun::format::observation::{self, ObservationRecord};
use mlrun::format::policy::{self, PolicyRecord};
use mlrun::format::scalar::Scalar;
use mlrun::format::snapshot::{self, SnapshotRecord};
use mlrun::format::store::{self, StoreRecord};
use mlrun::format::tree::TreeRecord;
use mlrun::format::{FormatError, canonical, event, known as known_files};
use mlrun::ops::bundle::check::verify_bundle;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{folder, with_blake3, without_blake3};

/// A record of each kind: one that is read is written again as the same bytes.
pub fn records(data: &[u8]) {
    same(data, TreeRecord::decode(data), TreeRecord::encode);
    same(data, StatementRecord::decode(data), StatementRecord::encode);
    decoded::<SnapshotRecord>(snapshot::FORMAT, data);
    decoded::<ObservationRecord>(observation::FORMAT, data);
    decoded::<PolicyRecord>(policy::FORMAT, data);
    decoded::<StoreRecord>(store::FORMAT, data);
    let _ = event::decode(data);
    if let Ok(scalar) = serde_json::from_slice::<Scalar>(data) {
        let bytes = canonical::encode("scalar", &scalar).expect("a value can be written");
        let again: Scalar = serde_json::from_slice(&bytes).expect("what was written can be read");
        assert_eq!(again, scalar);
        assert_eq!(canonical::encode("scalar", &again).expect("a value can be written"), bytes);
    }
}

fn decoded<T: Serialize + DeserializeOwned + Debug>(format: &'static str, data: &[u8]) {
    same(data, canonical::decode::<T>(format, data), |record| canonical::encode(format, record));
}

fn same<T: Debug>(data: &[u8], decoded: Result<T, FormatError>, encode: impl Fn(&T) -> Result<Vec<u8>, FormatError>) {
    if let Ok(record) = decoded {
        assert_eq!(encode(&record).expect("what was read can be written"), data, "{record:?}");
    }
}

/// The list of known files, with its checksum.
pub fn known(data: &[u8]) {
    let _ = known_files::decode(data);
    let body = without_blake3(data);
    let body = body.strip_prefix(known_files::FORMAT.as_bytes()).unwrap_or(body);
    let bytes = with_blake3(&[known_files::FORMAT.as_bytes(), body].concat());
    let Some(found) = known_files::decode(&bytes) else { return };
    let again = known_files::encode(&found).expect("what was read can be written");
    assert_eq!(known_files::decode(&again), Some(found));
}

/// A bundle: the archive as it is, and one made of entries `NAME\nCONTENT` between bytes 0xFF, with digests and ids that fit.
pub fn bundle(data: &[u8]) {
    let path = folder().join("bundle.tar.gz");
    check(&path, &zipped(data));
    let mut entries: Vec<(String, Vec<u8>)> = Vec::new();
    for entry in data.split(|byte| *byte == 0xFF).take(64) {
        let (name, content) = entry.split_at(entry.iter().position(|byte| *byte == b'\n').unwrap_or(entry.len()));
        entries.push((String::from_utf8_lossy(name).into_owned(), content.get(1..).unwrap_or_default().to_vec()));
    }
    let id_in = |entries: &[(String, Vec<u8>)], name: &str| {
        let found = entries.iter().find(|(entry, _)| entry == name);
        found.map(|(_, content)| Digest::of(content).to_string())
    };
    let tree = entries.iter().find(|(name, _)| name.starts_with("trees/")).map(|(_, content)| Digest::of(content));
    for (name, content) in &mut entries {
        if name == "snapshot.json"
            && let Some(tree) = tree
            && let Ok(mut snapshot) = serde_json::from_slice::<Value>(content)
            && let Some(files) = snapshot["model_files"].as_object_mut()
        {
            files.insert("tree".to_owned(), json!(tree.to_string()));
            *content = canonical::encode("snapshot", &snapshot).expect("JSON is JSON");
        }
    }
    let mut about = json!({
        "bytes": 0, "certificate": null, "entries": 0, "format": "mlrun/bundle/2", "head": null, "missing": [],
        "model": "payments/fraud", "repository": "7c1e5c0a-0000-4000-8000-000000000001", "snapshot": null, "tool": mlrun::ops::TOOL,
        "version": "v1",
    });
    let (snapshot, observation) = (id_in(&entries, "snapshot.json"), id_in(&entries, "observation.json"));
    let mut journal = Vec::new();
    let mut head = None;
    for (name, content) in &mut entries {
        if name.starts_with("events/") {
            // Every event is the next one, whatever it says.
            let Ok(mut event) = serde_json::from_slice::<Value>(content) else { continue };
            let Some(fields) = event.as_object_mut() else { continue };
            let seq = head.as_ref().map_or(1, |(seq, _)| seq + 1);
            fields.insert("seq".to_owned(), json!(seq));
            fields.insert("prev".to_owned(), json!(head.as_ref().map(|(_, id)| id)));
            if fields.get("kind") == Some(&json!("snapshot")) {
                fields.insert("snapshot".to_owned(), json!(snapshot));
                fields.insert("observation".to_owned(), json!(observation));
            }
            *content = canonical::encode("event", &event).expect("JSON is JSON");
            content.push(b'\n');
            journal.extend_from_slice(content);
            let id = Digest::of(content).to_string();
            content.extend(format!("{id}\n").into_bytes());
            *name = format!("events/{seq:016}");
            head = Some((seq, id));
        } else if name.starts_with("trees/") {
            *name = format!("trees/{}.json", Digest::of(content));
        } else if name == "bundle.json"
            && let (Ok(Value::Object(said)), Value::Object(about)) = (serde_json::from_slice(content), &mut about)
        {
            about.extend(said);
        }
    }
    if !journal.is_empty() {
        entries.push(("journal.jsonl".to_owned(), journal));
    }
    entries.retain(|(name, _)| name != "bundle.json");
    if let Value::Object(about) = &mut about {
        about.insert("snapshot".to_owned(), json!(id_in(&entries, "snapshot.json")));
        about.insert("head".to_owned(), json!(head.map(|(seq, id)| json!({"id": id, "seq": seq}))));
        about.insert("entries".to_owned(), json!(entries.len()));
        about.insert("bytes".to_owned(), json!(entries.iter().map(|(_, content)| content.len()).sum::<usize>()));
    }
    entries.insert(0, ("bundle.json".to_owned(), about.to_string().into_bytes()));
    let sums: String = entries.iter().map(|(name, content)| format!("{}  {name}\n", Digest::of(content))).collect();
    let mut archive = tar::Builder::new(Vec::new());
    for (name, content) in std::iter::once(&("SHA256SUMS".to_owned(), sums.into_bytes())).chain(&entries) {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        // A name an honest archiver refuses is for the first form.
        if archive.append_data(&mut header, name, content.as_slice()).is_err() {
            return;
        }
    }
    check(&path, &zipped(&archive.into_inner().expect("memory can be written")));
}

fn check(path: &std::path::Path, bytes: &[u8]) {
    fs::write(path, bytes).expect("a temporary file can be written");
    let _ = verify_bundle(path);
}

fn zipped(tar: &[u8]) -> Vec<u8> {
    let mut zip = GzEncoder::new(Vec::new(), Compression::none());
    std::io::Write::write_all(&mut zip, tar).expect("memory can be written");
    zip.finish().expect("memory can be written")
}
