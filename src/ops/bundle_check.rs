//! Checking a bundle without a store: every entry against `SHA256SUMS`, the records against their ids, the files against their trees.
//!
//! Nothing is unpacked. Whatever a hostile archive could do with paths, links, sizes or repeated names is refused.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use serde_json::Value;

use super::bundle_records::{Erased, FORMAT, Records, SUMS, attached};
pub use super::error::BundleError;
use crate::digest::Digest;
use crate::format::canonical;
use crate::format::measurement::{self, MeasurementRecord};
use crate::format::redacted::RedactedRecord;
use crate::format::snapshot::{self, SnapshotRecord};
use crate::format::tree::{EntryKind, TreeRecord, is_component};
use crate::id::TreeId;

/// More entries than this are no bundle.
const MAX_ENTRIES: usize = 2_000_000;
/// All records and lists of a bundle together.
const MAX_RECORD: u64 = 256 << 20;

/// What a sound bundle holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleCheck {
    /// The model.
    pub model: String,
    /// Its version, as the bundle says.
    pub version: String,
    /// The snapshot's id, which its record hashes to.
    pub snapshot: String,
    /// Entries hashed.
    pub entries: usize,
    /// Their bytes.
    pub bytes: u64,
}

/// Reads a bundle to its end.
pub fn verify_bundle(path: &Path) -> Result<BundleCheck, BundleError> {
    let unreadable = |source| BundleError::Read { path: path.to_path_buf(), source };
    let unsound = |reason: String| BundleError::Unsound { path: path.to_path_buf(), reason };
    let file = File::open(path).map_err(unreadable)?;
    let mut archive = tar::Archive::new(MultiGzDecoder::new(io::BufReader::new(file)));
    let mut sums: Option<BTreeMap<String, Digest>> = None;
    let mut seen = BTreeSet::new();
    let mut links = BTreeSet::new();
    let mut records: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut bytes = 0;
    let mut record_bytes: u64 = 0;
    for entry in archive.entries().map_err(unreadable)? {
        let mut entry = entry.map_err(unreadable)?;
        let name = entry_name(&entry).map_err(&unsound)?;
        if !seen.insert(name.clone()) {
            return Err(unsound(format!("`{name}` is in it twice")));
        }
        if seen.len() > MAX_ENTRIES {
            return Err(unsound(format!("it has more than {MAX_ENTRIES} entries")));
        }
        match entry.header().entry_type() {
            tar::EntryType::Regular => {}
            tar::EntryType::Symlink if name.starts_with("files/") => {
                links.insert(name);
                continue;
            }
            other => return Err(unsound(format!("`{name}` is of a kind ({other:?}) no bundle holds"))),
        }
        let is_record = !name.starts_with("files/") && !name.starts_with("measured/");
        if is_record {
            record_bytes += entry.size();
        }
        if is_record && record_bytes > MAX_RECORD {
            return Err(unsound(format!("`{name}` has {} bytes", entry.size())));
        }
        let (digest, size) = if is_record {
            let mut content = Vec::new();
            entry.by_ref().take(MAX_RECORD).read_to_end(&mut content).map_err(unreadable)?;
            let result = (Digest::of(&content), content.len() as u64);
            records.insert(name.clone(), content);
            result
        } else {
            Digest::of_reader(&mut entry).map_err(unreadable)?
        };
        bytes += size;
        match &sums {
            None if name == SUMS => {
                let content = records.remove(SUMS).unwrap_or_default();
                sums = Some(parse_sums(&content).map_err(&unsound)?);
            }
            None => return Err(unsound(format!("its first entry is `{name}`, not `{SUMS}`"))),
            Some(sums) if sums.get(&name) != Some(&digest) => {
                return Err(unsound(format!("`{name}` does not match `{SUMS}`")));
            }
            Some(_) => {}
        }
    }
    let sums = sums.ok_or_else(|| unsound("it is empty".to_owned()))?;
    if let Some(missing) = sums.keys().find(|name| !seen.contains(*name)) {
        return Err(unsound(format!("`{missing}` is missing")));
    }
    let about = about(&records, &sums, &links).map_err(&unsound)?;
    Ok(BundleCheck { entries: seen.len(), bytes, ..about })
}

fn entry_name<R: Read>(entry: &tar::Entry<'_, R>) -> Result<String, String> {
    let bytes = entry.path_bytes();
    let name = std::str::from_utf8(&bytes).map_err(|_| "a name in it is not UTF-8".to_owned())?;
    if name.len() > 4096 || !name.split('/').all(is_component) {
        return Err(format!("`{}` is not a name that could be unpacked safely", name.escape_debug()));
    }
    Ok(name.to_owned())
}

fn parse_sums(content: &[u8]) -> Result<BTreeMap<String, Digest>, String> {
    let text = std::str::from_utf8(content).map_err(|_| format!("`{SUMS}` is not UTF-8"))?;
    let mut sums = BTreeMap::new();
    for line in text.lines() {
        let (digest, name) = line.split_once("  ").ok_or_else(|| format!("`{SUMS}` has a line that is none"))?;
        let digest = digest.parse().map_err(|e| format!("`{SUMS}`: {e}"))?;
        if sums.insert(name.to_owned(), digest).is_some() {
            return Err(format!("`{SUMS}` names `{name}` twice"));
        }
    }
    Ok(sums)
}

/// The records: the snapshot is the one named, and the files are those its trees name.
fn about(
    records: &BTreeMap<String, Vec<u8>>,
    sums: &BTreeMap<String, Digest>,
    links: &BTreeSet<String>,
) -> Result<BundleCheck, String> {
    let record = |name: &str| records.get(name).ok_or_else(|| format!("`{name}` is missing"));
    let about: Value = serde_json::from_slice(record("bundle.json")?).map_err(|e| format!("`bundle.json`: {e}"))?;
    let text = |name: &str| about[name].as_str().unwrap_or_default().to_owned();
    canonical::check(FORMAT, &text("format")).map_err(|e| e.to_string())?;
    let bytes = record("snapshot.json")?;
    let id: Digest = text("snapshot").parse().map_err(|e| format!("`bundle.json`: {e}"))?;
    let erased = Erased::read(records, &text("version"));
    let left = erased.left_of(id);
    if Digest::of(bytes) != left {
        return Err("`snapshot.json` does not hash to the id in `bundle.json`".to_owned());
    }
    let snapshot: SnapshotRecord = if left == id {
        canonical::decode(snapshot::FORMAT, bytes).map_err(|e| e.to_string())?
    } else {
        RedactedRecord::decode(bytes, id).map_err(|e| e.to_string())?.record
    };
    Records { erased: &erased, by_name: records, about: &about, snapshot: &snapshot }.check()?;
    let mut expected = BTreeMap::new();
    let prefix = &snapshot.code.prefix;
    let below = if prefix.is_empty() || snapshot.code.tree.is_none() { String::new() } else { format!("{prefix}/") };
    let optional = [&snapshot.params_files, &snapshot.metrics_files, &snapshot.results];
    let trees = optional.into_iter().flatten().map(|t| t.tree).chain([snapshot.model_files.tree]);
    for tree in trees.chain(snapshot.data.iter().filter_map(|d| d.stored)) {
        walk(records, tree, &format!("files/{below}"), &mut expected, links, 0)?;
    }
    if let Some(tree) = snapshot.code.tree {
        walk(records, tree.tree, "files/", &mut expected, links, 0)?;
    }
    for set in &snapshot.predictions {
        expected.insert(format!("files/{below}{}", set.path), set.file.digest());
    }
    for set in &snapshot.samples {
        expected.insert(format!("files/{below}{}", set.path), set.file.digest());
    }
    for (path, digest) in attached(records, &text("version")) {
        expected.insert(format!("files/{below}{path}"), digest);
    }
    for report in &snapshot.reports {
        expected.insert(format!("files/{below}{}", report.path), report.file.digest());
    }
    for (name, digest) in &expected {
        if sums.get(name) != Some(digest) && (sums.contains_key(name) || !erased.files.contains(digest)) {
            return Err(format!("`{name}` is not the file the snapshot names"));
        }
    }
    check_measured(records, sums, &erased)?;
    if let Some(extra) = sums.keys().find(|name| name.starts_with("files/") && !expected.contains_key(*name)) {
        return Err(format!("`{extra}` is not in the snapshot"));
    }
    Ok(BundleCheck { model: text("model"), version: text("version"), snapshot: text("snapshot"), entries: 0, bytes: 0 })
}

/// The predictions are those that the measurement names, no others.
fn check_measured(
    records: &BTreeMap<String, Vec<u8>>,
    sums: &BTreeMap<String, Digest>,
    erased: &Erased,
) -> Result<(), String> {
    let measurement: Option<MeasurementRecord> = match records.get("measurement.json") {
        None => None,
        Some(bytes) => {
            Some(canonical::decode(measurement::FORMAT, bytes).map_err(|e| format!("`measurement.json`: {e}"))?)
        }
    };
    let sides = measurement.into_iter().flat_map(|known| known.sides.into_values());
    let made: BTreeMap<String, Digest> =
        sides.filter_map(|side| side.predictions).map(|made| (made.path, made.file.digest())).collect();
    for (name, digest) in &made {
        if sums.get(name) != Some(digest) && (sums.contains_key(name) || !erased.files.contains(digest)) {
            return Err(format!("`{name}` is not the file `measurement.json` names"));
        }
    }
    match sums.keys().find(|name| name.starts_with("measured/") && !made.contains_key(*name)) {
        Some(extra) => Err(format!("`{extra}` is in no measurement")),
        None => Ok(()),
    }
}

fn walk(
    records: &BTreeMap<String, Vec<u8>>,
    id: TreeId,
    above: &str,
    expected: &mut BTreeMap<String, Digest>,
    links: &BTreeSet<String>,
    depth: u32,
) -> Result<(), String> {
    let name = format!("trees/{id}.json");
    let bytes = records.get(&name).ok_or_else(|| format!("`{name}` is missing"))?;
    if Digest::of(bytes) != id.digest() || depth > 2048 {
        return Err(format!("`{name}` does not hash to its name"));
    }
    for entry in TreeRecord::decode(bytes).map_err(|e| format!("`{name}`: {e}"))?.entries {
        let path = format!("{above}{}", entry.name);
        match (entry.kind, entry.id) {
            (EntryKind::Folder, Some(id)) => {
                walk(records, TreeId::new(id), &format!("{path}/"), expected, links, depth + 1)?;
            }
            (EntryKind::Symlink, _) if links.contains(&path) => {}
            (_, Some(id)) => {
                expected.insert(path, id);
            }
            (_, None) => return Err(format!("`{path}` is missing")),
        }
    }
    Ok(())
}
